"""The examples of the reference's page on API routes, each written with our names and tried by name.

Reference:
    Next.js, API routes: https://nextjs.org/docs/pages/building-your-application/routing/api-routes
"""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from typed_api.testing import TestClient, create_app

MESSAGE_AS_JSON = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent
    from typing_extensions import TypedDict

    class Greeting(TypedDict):
        message: str

    def handler(req: ApiRequest, res: ApiResponse[Ok[Greeting]]) -> Sent:
        message = "Hello from Typed API!"
        return res.status(200).json({"message": message})
"""

RESPONSE_DATA = """
    from pydantic import BaseModel
    from typed_api import ApiRequest, ApiResponse, Sent

    class ResponseData(BaseModel):
        message: str

    def handler(req: ApiRequest, res: ApiResponse[ResponseData]) -> Sent:
        return res.status(200).json(ResponseData(message="Hello from Typed API!"))
"""

BY_METHOD = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    def handler(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
        if req.method == "POST":
            return res.status(200).send("posted")
        return res.status(200).send("anything else")
"""

ASYNC_OPERATION = """
    from typed_api import ApiRequest, ApiResponse, InternalServerError, Ok, Sent
    from typing_extensions import TypedDict

    from ._operation import run

    class Outcome(TypedDict):
        result: list[int]

    class Failure(TypedDict):
        error: str

    async def get(req: ApiRequest, res: ApiResponse[Ok[Outcome] | InternalServerError[Failure]]) -> Sent:
        try:
            result = await run()
        except OSError:
            return res.status(500).json({"error": "failed to load data"})
        return res.status(200).json({"result": result})
"""

OPERATION_THAT_WORKS = """
    import anyio.lowlevel

    async def run() -> list[int]:
        await anyio.lowlevel.checkpoint()
        return [3, 1, 4]
"""

OPERATION_THAT_FAILS = """
    import anyio.lowlevel

    async def run() -> list[int]:
        await anyio.lowlevel.checkpoint()
        raise OSError("the disk is on fire")
"""

SEND_TEXT = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
        return res.status(200).send("Grüße")
"""

SEND_OBJECT = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent
    from typing_extensions import TypedDict

    class Outcome(TypedDict):
        result: list[int]

    def get(req: ApiRequest, res: ApiResponse[Ok[Outcome]]) -> Sent:
        return res.status(200).send({"result": [3, 1, 4]})
"""

SEND_BYTES = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    def get(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
        return res.status(200).send(bytes([0, 255, 10]))
"""

FORM_AS_JSON = """
    from typed_api import ApiRequest, ApiResponse, InternalServerError, Sent
    from typing_extensions import TypedDict

    from ._desk import Message, deliver

    class Failure(TypedDict):
        error: str

    async def post(req: ApiRequest[Message], res: ApiResponse[InternalServerError[Failure]]) -> Sent:
        try:
            await deliver(req.body)
        except OSError:
            return res.status(500).send({"error": "failed to fetch data"})
        return res.redirect(307, "/")
"""

# The same, filled in by a browser's form.
FORM_OF_A_BROWSER = FORM_AS_JSON.replace("ApiRequest[Message]", "ApiRequest[Form[Message]]").replace(
    "ApiResponse, Internal", "ApiResponse, Form, Internal"
)

DESK_THAT_DELIVERS = """
    import anyio.lowlevel
    from pydantic import BaseModel

    class Message(BaseModel):
        name: str
        message: str

    DELIVERED: list[Message] = []

    async def deliver(message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        DELIVERED.append(message)
"""

DESK_THAT_FAILS = DESK_THAT_DELIVERS.replace("DELIVERED.append(message)", 'raise OSError("nobody is there")')

DELIVERED = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    from ._desk import DELIVERED, Message

    def get(req: ApiRequest[None], res: ApiResponse[Ok[list[Message]]]) -> Sent:
        return res.status(200).json(DELIVERED)
"""

REDIRECT = """
    from typing import Never

    from typed_api import ApiRequest, ApiResponse, Sent

    def handler(req: ApiRequest, res: ApiResponse[Never]) -> Sent:
        return res.redirect("/login")
"""

REDIRECT_WITH_STATUS = """
    from typing import Never

    from typed_api import ApiRequest, ApiResponse, Sent

    def handler(req: ApiRequest, res: ApiResponse[Never]) -> Sent:
        return res.redirect(303, "/login")
"""

POST_BY_ID = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
        return res.status(200).send(f"Post: {req.query['pid']}")
"""

POST_BY_SLUG = """
    from pydantic import BaseModel
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    class Params(BaseModel):
        slug: list[str] = []

    def get(req: ApiRequest[None, Params], res: ApiResponse[Ok[str]]) -> Sent:
        return res.status(200).send(f"Post: {', '.join(req.query.slug)}")
"""

EVENTS = """
    from collections.abc import AsyncIterator

    from typed_api import ApiRequest, ApiResponse, EventStream, Ok, Sent

    async def count() -> AsyncIterator[int]:
        for number in range(3):
            yield number

    def get(req: ApiRequest, res: ApiResponse[Ok[EventStream[int]]]) -> Sent:
        return res.status(200).send(EventStream(count()))
"""

TREES = {
    "message as json": {"api/hello.py": MESSAGE_AS_JSON},
    "response data": {"api/hello.py": RESPONSE_DATA},
    "by method": {"api/hello.py": BY_METHOD},
    "async operation that works": {"api/data.py": ASYNC_OPERATION, "api/_operation.py": OPERATION_THAT_WORKS},
    "async operation that fails": {"api/data.py": ASYNC_OPERATION, "api/_operation.py": OPERATION_THAT_FAILS},
    "send": {"api/text.py": SEND_TEXT, "api/object.py": SEND_OBJECT, "api/data.py": SEND_BYTES},
    "form that is delivered": {
        "api/json.py": FORM_AS_JSON,
        "api/form.py": FORM_OF_A_BROWSER,
        "api/delivered.py": DELIVERED,
        "api/_desk.py": DESK_THAT_DELIVERS,
    },
    "form that is not delivered": {
        "api/json.py": FORM_AS_JSON,
        "api/form.py": FORM_OF_A_BROWSER,
        "api/_desk.py": DESK_THAT_FAILS,
    },
    "redirect": {"api/plain.py": REDIRECT, "api/with_status.py": REDIRECT_WITH_STATUS},
    "dynamic": {"api/post/_pid_.py": POST_BY_ID},
    "catch-all": {"api/post/_slug__.py": POST_BY_SLUG},
    "optional catch-all": {"api/post/_slug___.py": POST_BY_SLUG},
    "events": {"api/count.py": EVENTS},
}


def client_of(name: str) -> TestClient:
    return TestClient(create_app(TREES[name]), follow_redirects=False)


def test_handler_answers_a_message_as_json() -> None:
    response = client_of("message as json").get("/api/hello")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.content == b'{"message":"Hello from Typed API!"}'


def test_typed_response_data_is_answered() -> None:
    response = client_of("response data").get("/api/hello")
    assert (response.status_code, response.json()) == (200, {"message": "Hello from Typed API!"})


def test_handler_tells_methods_apart() -> None:
    client = client_of("by method")
    assert [client.request(method, "/api/hello").text for method in ("POST", "GET", "DELETE")] == [
        "posted",
        "anything else",
        "anything else",
    ]


def test_async_operation_that_works_is_answered() -> None:
    response = client_of("async operation that works").get("/api/data")
    assert (response.status_code, response.json()) == (200, {"result": [3, 1, 4]})


def test_async_operation_that_fails_is_the_500_of_the_handler() -> None:
    response = client_of("async operation that fails").get("/api/data")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json() == {"error": "failed to load data"}


@pytest.mark.parametrize(
    ("path", "content_type", "content"),
    [
        ("/api/text", "text/plain; charset=utf-8", "Grüße".encode()),
        ("/api/object", "application/json; charset=utf-8", b'{"result":[3,1,4]}'),
        ("/api/data", "application/octet-stream", bytes([0, 255, 10])),
    ],
)
def test_kind_of_the_body_decides_how_it_is_sent(path: str, content_type: str, content: bytes) -> None:
    response = client_of("send").get(path)
    assert (response.status_code, response.headers["content-type"], response.content) == (200, content_type, content)
    assert response.headers["content-length"] == str(len(content))


MESSAGE = {"name": "Ada", "message": "Grüße"}


def test_form_sent_as_json_redirects_home() -> None:
    client = client_of("form that is delivered")
    response = client.post("/api/json", json=MESSAGE)
    assert (response.status_code, response.headers["location"]) == (307, "/")
    assert client.get("/api/delivered").json() == [MESSAGE]


def test_form_of_a_browser_redirects_home() -> None:
    client = client_of("form that is delivered")
    response = client.post("/api/form", data=MESSAGE)
    assert (response.status_code, response.headers["location"]) == (307, "/")
    assert client.get("/api/delivered").json() == [MESSAGE]


def test_form_that_cannot_be_delivered_is_the_500_of_the_handler() -> None:
    client = client_of("form that is not delivered")
    for response in (client.post("/api/json", json=MESSAGE), client.post("/api/form", data=MESSAGE)):
        assert response.status_code == 500
        assert "location" not in response.headers
        assert response.json() == {"error": "failed to fetch data"}


def test_redirect_without_a_status_is_307() -> None:
    response = client_of("redirect").get("/api/plain")
    assert (response.status_code, response.headers["location"], response.text) == (307, "/login", "/login")


def test_redirect_with_a_status_has_that_status() -> None:
    response = client_of("redirect").get("/api/with_status")
    assert (response.status_code, response.headers["location"], response.text) == (303, "/login", "/login")


def test_dynamic_route_reads_its_segment() -> None:
    response = client_of("dynamic").get("/api/post/abc")
    assert (response.status_code, response.text) == (200, "Post: abc")


@pytest.mark.parametrize(
    ("tree", "path", "answer"),
    [
        ("catch-all", "/api/post/a", (200, "Post: a")),
        ("catch-all", "/api/post/a/b/c", (200, "Post: a, b, c")),
        ("optional catch-all", "/api/post", (200, "Post: ")),
        ("optional catch-all", "/api/post/a/b/c", (200, "Post: a, b, c")),
    ],
)
def test_catch_all_route_reads_its_segments(tree: str, path: str, answer: tuple[int, str]) -> None:
    response = client_of(tree).get(path)
    assert (response.status_code, response.text) == answer


def test_catch_all_route_needs_a_segment() -> None:
    assert client_of("catch-all").get("/api/post").status_code == 404


def test_events_are_streamed() -> None:
    response = client_of("events").get("/api/count")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream")
    assert response.text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"


@pytest.mark.parametrize(
    "checker", [["mypy", "--strict"], ["pyright", "--pythonpath", sys.executable]], ids=["mypy", "pyright"]
)
def test_type_checker_accepts_every_example(checker: list[str], tmp_path: Path) -> None:
    for name, files in TREES.items():
        package = tmp_path / re.sub(r"\W", "_", name)
        for file, source in files.items():
            path = package / "pages" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(source), encoding="utf-8")
        for folder in (package, *(folder for folder in package.rglob("*") if folder.is_dir())):
            (folder / "__init__.py").touch()
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", *checker, "."], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
