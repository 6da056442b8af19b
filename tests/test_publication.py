"""What an app publishes: where the document and the docs are, and that answers are held against the document."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import anyio
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.testclient import TestClient as PlainClient

from typed_api import TypedAPI
from typed_api import publication as publication_module
from typed_api.errors import ApiError, StartupError
from typed_api.testing import TestClient, create_app

HELLO = """
from typed_api import ApiRequest, ApiResponse, Ok, Sent

def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.send("hello")
"""


def client_of(files: dict[str, str] | None = None, **options: Any) -> TestClient:
    return TestClient(create_app(files or {"api/hello.py": HELLO}, **options), follow_redirects=False)


def statuses(client: TestClient, *paths: str) -> list[int]:
    return [client.get(path).status_code for path in paths]


def problems(files: dict[str, str], **options: Any) -> Sequence[str]:
    with pytest.raises(StartupError) as caught:
        create_app(files, **options)
    return caught.value.problems


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count how often a document is built."""
    built: list[int] = []
    build: Callable[..., dict[str, object]] = vars(publication_module)["build_document"]

    def count(*args: Any, **options: Any) -> dict[str, object]:
        built.append(1)
        return build(*args, **options)

    monkeypatch.setattr(publication_module, "build_document", count)
    return built


# --- Where it is ------------------------------------------------------------------------------------------------------


def test_document_and_docs_are_there_unless_told_otherwise() -> None:
    client = client_of(title="Users", version="2.0")
    assert client.get("/openapi.json").json()["info"] == {"title": "Users", "version": "2.0"}
    assert "Users" in client.get("/docs").text


def test_description_of_the_app_is_in_the_document() -> None:
    info = client_of(title="Users", version="2.0", description="All *users*.").get("/openapi.json").json()["info"]
    assert info == {"title": "Users", "version": "2.0", "description": "All *users*."}


def test_document_and_docs_can_be_moved() -> None:
    client = client_of(docs_url="/internal/api-docs", openapi_url="/internal/schema.json")
    moved = "/internal/api-docs", "/internal/schema.json"
    assert statuses(client, *moved, "/docs", "/openapi.json") == [200, 200, 404, 404]
    assert 'data-openapi-url="../internal/schema.json"' in client.get("/internal/api-docs").text


def test_docs_can_be_switched_off_alone() -> None:
    assert statuses(client_of(docs_url=None), "/docs", "/docs/assets/docs.js", "/openapi.json") == [404, 404, 200]


def test_without_a_document_there_are_no_docs() -> None:
    assert statuses(client_of(openapi_url=None), "/docs", "/openapi.json") == [404, 404]


def test_docs_can_be_the_root() -> None:
    client = client_of(docs_url="/")
    assert statuses(client, "/", "/openapi.json", "/api/hello") == [200, 200, 200]


def test_asset_named_by_the_page_is_served() -> None:
    client = client_of()
    page = client.get("/docs").text
    script = page.partition('<script src="./')[2].partition('"')[0]
    answer = client.get(f"/{script}")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_methods_that_read_are_answered_and_others_refused(path: str) -> None:
    client = client_of()
    allow = "GET, HEAD, OPTIONS"
    whole, head = client.get(path), client.head(path)
    assert (head.status_code, head.content, head.headers) == (200, b"", whole.headers)
    options = client.options(path)
    assert (options.status_code, options.headers["allow"], options.content) == (204, allow, b"")
    refused = client.post(path, json={})
    assert (refused.status_code, refused.headers["allow"], refused.headers["content-type"]) == (
        405,
        allow,
        "application/problem+json",
    )


def test_slash_at_the_end_of_the_docs_leads_to_the_docs() -> None:
    answer = client_of().get("/docs/")
    assert (answer.status_code, answer.headers["location"]) == (308, "/docs")


def test_route_at_the_path_of_the_docs_is_refused() -> None:
    assert problems({"docs.py": HELLO, "api/hello.py": HELLO}) == (
        "'pages/docs.py' serves '/docs', and so does docs_url. Give docs_url another path, or None for none.",
    )


def test_route_at_the_path_of_the_docs_is_served_where_there_are_none() -> None:
    assert client_of({"docs.py": HELLO}, docs_url=None).get("/docs").text == "hello"


def test_mount_over_the_docs_is_refused() -> None:
    assert problems({"api/hello.py": HELLO}, mounts={"/docs": Starlette()}) == (
        "The mount '/docs' hides docs_url '/docs'. Give docs_url another path, or None for none.",
    )


def test_catch_all_leaves_the_docs_alone() -> None:
    client = client_of({"_path__.py": HELLO})
    assert client.get("/openapi.json").headers["content-type"] == "application/json"
    assert client.get("/other").text == "hello"


@pytest.mark.parametrize("option", [{"docs_url": "docs"}, {"openapi_url": "openapi.json"}, {"docs_url": "/a?b"}])
def test_url_that_is_no_path_is_a_problem_beside_others(option: dict[str, str]) -> None:
    found = problems({"api/hello.py": "def get(req, res): ...\n"}, **option)
    assert [f"{name} {url!r}" for name, url in option.items()] == [found[0].partition(" is no")[0].partition(" has")[0]]
    assert len(found) == 2


# --- The document that is served --------------------------------------------------------------------------------------


def test_document_that_is_served_is_the_one_that_is_given() -> None:
    app = create_app({"api/hello.py": HELLO})
    assert TestClient(app).get("/openapi.json").json() == app.openapi()
    assert app.openapi("3.2")["openapi"] == "3.2.0"


def test_document_has_a_tag_and_is_not_sent_twice() -> None:
    client = client_of()
    first = client.get("/openapi.json")
    second = client.get("/openapi.json", headers={"if-none-match": first.headers["etag"]})
    assert (second.status_code, second.content) == (304, b"")
    assert first.headers["cache-control"] == "no-cache"


async def test_document_is_built_once_for_all_that_ask_at_once(built: list[int]) -> None:
    answers: list[int] = []
    transport = httpx2.ASGITransport(create_app({"api/hello.py": HELLO}))
    async with (
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
        anyio.create_task_group() as all_,
    ):

        async def ask() -> None:
            answers.append((await client.get("/openapi.json")).status_code)

        for _ in range(8):
            all_.start_soon(ask)
    assert (answers, built) == ([200] * 8, [1])


def test_document_names_the_mount_point_as_its_server() -> None:
    app = create_app({"api/hello.py": HELLO})
    outer = TestClient(Starlette(routes=[Mount("/v1", app), Mount("/v2", app)]))
    assert [outer.get(f"{prefix}/openapi.json").json()["servers"] for prefix in ("/v1", "/v2")] == [
        [{"url": "/v1"}],
        [{"url": "/v2"}],
    ]
    assert "servers" not in TestClient(app).get("/openapi.json").json()


def test_docs_of_a_mounted_app_lead_below_its_mount_point() -> None:
    outer = TestClient(Starlette(routes=[Mount("/v1", create_app({"api/hello.py": HELLO}))]))
    page = outer.get("/v1/docs").text
    script = page.partition('<script src="./')[2].partition('"')[0]
    assert outer.get(f"/v1/{script}").status_code == 200


def test_documents_of_many_mount_points_are_not_all_kept() -> None:
    app = create_app({"api/hello.py": HELLO})
    for number in range(50):
        assert TestClient(app, root_path=f"/{number}").get(f"/{number}/openapi.json").status_code == 200
    assert len(app._publication._contents) <= 16


def test_type_without_a_schema_is_a_problem_of_start_up() -> None:
    source = """
from collections.abc import Callable
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, Ok

class Job(BaseModel):
    run: Callable[[], int]

def post(req: ApiRequest[Job], res: ApiResponse[Ok[str]]) -> None: ...
"""
    (problem,) = problems({"api/jobs.py": source})
    assert "'pages/api/jobs.py'" in problem
    assert "Job" in problem


def test_problems_of_the_document_are_told_beside_those_of_the_routes() -> None:
    named = HELLO + "\nfrom typed_api import RouteConfig\nconfig = RouteConfig(security=[{'nobody': []}])\n"
    found = problems({"api/a.py": named, "api/b.py": "def get(req, res): ...\n"})
    assert [("nobody" in problem, "'pages/api/b.py'" in problem) for problem in found] == [(False, True), (True, False)]


# --- Answers against the document -------------------------------------------------------------------------------------

DRIFTING = """
from typing import Annotated
from pydantic import BaseModel, WithJsonSchema
from typed_api import ApiRequest, ApiResponse, Ok, RouteConfig, Sent

class User(BaseModel):
    # Says less than what it takes.
    name: Annotated[str, WithJsonSchema({"type": "string", "enum": ["good"]})]

def get(req: ApiRequest, res: ApiResponse[Ok[User]]) -> Sent:
    res.after(print, "after")
    return res.json(User(name=str(req.query.get("name", "good"))))
"""


def drifting(**options: Any) -> TypedAPI:
    return create_app({"api/user.py": DRIFTING}, **options)


def test_answer_that_is_not_as_documented_is_a_500_that_names_the_place(capsys: pytest.CaptureFixture[str]) -> None:
    client = TestClient(drifting(debug=True))
    assert client.get("/api/user").json() == {"name": "good"}
    answer = client.get("/api/user?name=bad")
    assert (answer.status_code, answer.json()["detail"].splitlines()[:2]) == (
        500,
        [
            "GET /api/user answers 200 with a body that is not what the document promises:",
            '- body.name: "bad" is not one of "good"',
        ],
    )


def test_what_was_to_follow_a_mismatch_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    client = TestClient(drifting())
    assert client.get("/api/user?name=bad").status_code == 500
    assert capsys.readouterr().out == ""
    assert client.get("/api/user").status_code == 200
    assert capsys.readouterr().out == "after\n"


def test_mismatch_names_the_place_also_in_a_test_of_the_production_app() -> None:
    answer = TestClient(drifting(debug=False)).get("/api/user?name=bad")
    assert answer.json()["detail"].splitlines()[1] == '- body.name: "bad" is not one of "good"'


def test_answer_of_an_exception_handler_is_not_compared() -> None:
    source = """
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, Conflict, Ok, Sent

class Taken(BaseModel):
    name: str

def post(req: ApiRequest[Taken], res: ApiResponse[Ok[Taken] | Conflict[Taken]]) -> Sent:
    raise KeyError("name")
"""

    def answer(request: object, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": []}, 422 if isinstance(error, ApiError) else 409)

    client = TestClient(create_app({"api/x.py": source}, exception_handlers={422: answer, KeyError: answer}))
    assert [client.post("/api/x", json=body).status_code for body in ({}, {"name": "a"})] == [422, 409]


def test_document_is_built_once_for_all_checks(built: list[int]) -> None:
    app = create_app({"api/hello.py": HELLO, "api/user.py": DRIFTING})
    for path in ("/api/hello", "/api/user", "/api/user?name=bad"):
        for _ in range(2):
            TestClient(app).get(path)
    assert built == [1]


def test_nothing_is_compared_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publication_module, "is_available", lambda: False)
    assert TestClient(drifting()).get("/api/user?name=bad").status_code == 200


@pytest.mark.parametrize(
    ("options", "status"),
    [({"debug": True}, 500), ({"debug": False}, 200), ({"debug": True, "recheck_responses": False}, 200)],
)
def test_answers_are_held_against_the_document_in_development_alone(options: dict[str, bool], status: int) -> None:
    # Starlette's own client takes the app as a server would.
    assert PlainClient(drifting(**options)).get("/api/user?name=bad").status_code == status


def test_route_can_be_left_out_of_the_check() -> None:
    source = DRIFTING + "\nconfig = RouteConfig(recheck_responses=False)\n"
    answer = TestClient(create_app({"api/user.py": source})).get("/api/user?name=bad")
    assert (answer.status_code, answer.json()) == (200, {"name": "bad"})


def test_route_that_is_not_documented_is_not_held_against_it() -> None:
    source = DRIFTING + "\nconfig = RouteConfig(include_in_schema=False)\n"
    assert TestClient(create_app({"api/user.py": source})).get("/api/user?name=bad").status_code == 200


@pytest.mark.parametrize("path", ["/api/files", "/api/files/a/b"])
def test_both_forms_of_an_optional_catch_all_are_checked(path: str) -> None:
    client = TestClient(create_app({"api/files/_path___.py": DRIFTING}))
    assert client.get(f"{path}?name=bad").status_code == 500


def test_errors_of_the_framework_hold() -> None:
    body = """
from pydantic import BaseModel
from typed_api import ApiError, ApiRequest, ApiResponse, Ok, Sent

class User(BaseModel):
    name: str

def post(req: ApiRequest[User], res: ApiResponse[Ok[User]]) -> Sent:
    raise ApiError(418, "A teapot", {"x-tea": "green"})
"""
    client = TestClient(create_app({"api/user.py": body}, debug=True))
    answers = [
        client.post("/api/user", content=b"{", headers={"content-type": "application/json"}),
        client.post("/api/user", content=b"{}", headers={"content-type": "text/plain"}),
        client.post("/api/user", json={}),
        client.post("/api/user", json={"name": "x" * 2_000_000}),
        client.post("/api/user", json={"name": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [400, 415, 422, 413, 418]
    assert all("DocumentMismatch" not in json.dumps(answer.json()) for answer in answers)
