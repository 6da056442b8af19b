"""The reference's own test suites for API routes, case by case: one tree with its fixtures, in our words.

A docstring names its case (T1 to T55 of the suite `api-support`) or its suite, and says the fact of this package;
"(deviates)" marks where it differs on purpose. Cases that mean nothing here are in `NOT_PORTED`, with the reason.
"""

import random
import re
import sys
from typing import Final

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount

from tests.direct import problem
from typed_api import StartupError
from typed_api._types import ASGIApp, Message, Receive, Scope, Send
from typed_api.matching import Matcher
from typed_api.pattern import PatternError, find_conflicts, parse_path
from typed_api.response import REDIRECT_MISUSE
from typed_api.testing import TestClient, create_app

NOT_PORTED: Final = {
    49: "It looks for the route in the bundles of the browser; nothing is compiled for a browser here.",
    55: "It exports the site to static files; there is no such export (row 163).",
}
"""Cases without a counterpart, by number, each with the reason."""

ECHO_QUERY: Final = """
    from typed_api import ApiRequest, ApiResponse, Ok, Query, Sent

    def handler(req: ApiRequest, res: ApiResponse[Ok[Query]]) -> Sent:
        return res.status(200).json(req.query)
"""

ECHO_BODY: Final = """
    from typing import cast

    from pydantic import JsonValue
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    def handler(req: ApiRequest, res: ApiResponse[Ok[JsonValue]]) -> Sent:
        return res.status(200).json(cast("JsonValue", req.body))
"""

TREE: Final = {
    # Outside api/: what the reference has as pages.
    "index.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
            res.set_header("Content-Type", "text/html; charset=utf-8")
            return res.status(200).send("<h1>API - support</h1>")
    """,
    "user.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
            res.set_header("Content-Type", "text/html; charset=utf-8")
            return res.status(200).send("<h1>User</h1>")
    """,
    "api_conflict.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
            return res.status(200).send("Not an API route")
    """,
    "api/index.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def handler(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
            return res.status(200).send("Index should work")
    """,
    "api/_post_/index.py": ECHO_QUERY,
    "api/_post_/_comment_.py": ECHO_QUERY,
    "api/_post_/comments.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent
        from typing_extensions import TypedDict

        class Comment(TypedDict):
            message: str

        def handler(req: ApiRequest, res: ApiResponse[Ok[list[Comment]]]) -> Sent:
            return res.status(200).json([{"message": "Prioritize a non-dynamic api page"}])
    """,
    "api/auth/_nextauth__.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def handler(req: ApiRequest, res: ApiResponse[Ok[dict[str, str]]]) -> Sent:
            return res.status(200).json({"from": "auth"})
    """,
    "api/blog/index.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent
        from typing_extensions import TypedDict

        class Post(TypedDict):
            title: str

        def get(req: ApiRequest, res: ApiResponse[Ok[list[Post]]]) -> Sent:
            return res.status(200).json([{"title": "Cool Post!"}])

        def post(req: ApiRequest[object, Post], res: ApiResponse[Ok[list[Post]]]) -> Sent:
            return res.status(200).json([{"title": req.query["title"]}])
    """,
    "api/blog/_post_/comment/_id_.py": ECHO_QUERY,
    "api/query.py": ECHO_QUERY,
    "api/cookies.py": """
        from collections.abc import Mapping

        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def handler(req: ApiRequest, res: ApiResponse[Ok[Mapping[str, str]]]) -> Sent:
            return res.status(200).json(req.cookies)
    """,
    "api/status_204.py": """
        from typed_api import ApiRequest, ApiResponse, Sent

        def handler(req: ApiRequest, res: ApiResponse[dict[str, bool]]) -> Sent:
            if "invalid" in req.query:
                return res.status(204).json({"hello": True})
            return res.status(204).end()
    """,
    "api/error.py": """
        from typed_api import ApiRequest, ApiResponse, InternalServerError, Sent

        def handler(req: ApiRequest, res: ApiResponse[InternalServerError[dict[str, str]]]) -> Sent:
            return res.status(500).json({"error": "Server error!"})
    """,
    "api/user_error.py": """
        from typing import Never

        from typed_api import ApiRequest, ApiResponse, Sent

        def handler(req: ApiRequest, res: ApiResponse[Never]) -> Sent:
            raise RuntimeError("User error")
    """,
    "api/user_error_async.py": """
        from typing import Never

        import anyio.lowlevel
        from typed_api import ApiRequest, ApiResponse, Sent

        async def handler(req: ApiRequest, res: ApiResponse[Never]) -> Sent:
            await anyio.lowlevel.checkpoint()
            raise RuntimeError("User error")
    """,
    "api/parse.py": ECHO_BODY,
    "api/big_parse.py": ECHO_BODY.replace("Ok, Sent", "Ok, RouteConfig, Sent")
    + """
    config = RouteConfig(body_limit="5mb")
""",
    "api/no_parsing.py": """
        from pydantic import JsonValue, TypeAdapter
        from typed_api import ApiRequest, ApiResponse, Ok, RouteConfig, Sent

        config = RouteConfig(parse_body=False)

        async def post(req: ApiRequest, res: ApiResponse[Ok[JsonValue]]) -> Sent:
            pieces = [piece async for piece in req.stream()]
            return res.status(200).json(TypeAdapter(JsonValue).validate_json(b"".join(pieces)))
    """,
    "api/parsing.py": """
        from typed_api import ApiRequest, ApiResponse, BadRequest, Ok, RouteConfig, Sent

        config = RouteConfig(parse_body=True)

        def post(req: ApiRequest, res: ApiResponse[Ok[dict[str, str]] | BadRequest[None]]) -> Sent:
            if req.body != [{"title": "Nextjs"}]:
                return res.status(400).send()
            return res.status(200).json({"message": "Parsed body"})
    """,
    "api/bool.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def handler(req: ApiRequest, res: ApiResponse[Ok[bool]]) -> Sent:
            return res.status(200).json(True)
    """,
    "api/json_undefined.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def get(req: ApiRequest, res: ApiResponse[Ok[None]]) -> Sent:
            return res.status(200).json()  # type: ignore[call-arg]

        def put(req: ApiRequest, res: ApiResponse[Ok[None]]) -> Sent:
            return res.status(200).send()
    """,
    "api/json_string.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def handler(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
            return res.status(200).json("Hello world!")
    """,
    "api/json_null.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def handler(req: ApiRequest, res: ApiResponse[Ok[None]]) -> Sent:
            return res.status(200).json(None)
    """,
    "api/redirect_error.py": """
        from typing import Never

        from typed_api import ApiRequest, ApiResponse, Sent

        def handler(req: ApiRequest, res: ApiResponse[Never]) -> Sent:
            return res.redirect(307)  # type: ignore[call-overload, no-any-return]
    """,
    "api/redirect_null.py": """
        from typing import Never

        from typed_api import ApiRequest, ApiResponse, Sent

        def handler(req: ApiRequest, res: ApiResponse[Never]) -> Sent:
            return res.redirect(None, "/login")  # type: ignore[call-overload, no-any-return]
    """,
    "api/redirect_307.py": """
        from typing import Never

        from typed_api import ApiRequest, ApiResponse, Sent

        def handler(req: ApiRequest, res: ApiResponse[Never]) -> Sent:
            return res.redirect("/login")
    """,
    "api/redirect_301.py": """
        from typing import Never

        from typed_api import ApiRequest, ApiResponse, Sent

        def handler(req: ApiRequest, res: ApiResponse[Never]) -> Sent:
            return res.redirect(301, "/login")
    """,
    "login.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
            return res.status(200).send("Log in here")
    """,
    "api/child_process.py": """
        import subprocess
        import sys

        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
            child = subprocess.run([sys.executable, "-S", "-c", "print('hi', end='')"], capture_output=True, text=True)
            return res.status(200).send(child.stdout)
    """,
    "api/nullable_payload.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def handler(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
            return res.status(200).send(iter([b""]))
    """,
    "api/large_response.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def handler(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
            return res.status(200).send("." * 4_194_304)
    """,
    "api/large_chunked_response.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def handler(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
            return res.status(200).send(iter([b"." * 65_536] * 64 + [b"."]))
    """,
    "api/large_response_with_config.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, RouteConfig, Sent

        config = RouteConfig(response_limit=None)

        def handler(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
            return res.status(200).send("." * 4_194_304)
    """,
    "api/large_response_with_config_size.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, RouteConfig, Sent

        config = RouteConfig(response_limit="5mb")

        def handler(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
            return res.status(200).send("." * 6_291_456)
    """,
    "api/no_end.py": """
        from typing import Never

        from typed_api import ApiRequest, ApiResponse, RouteConfig

        config = RouteConfig(segment="test-no-end")

        def handler(req: ApiRequest, res: ApiResponse[Never]) -> None:
            pass
    """,
    # Calls the app that serves it, and hands on what comes piece by piece.
    "api/_relay.py": """
        from collections.abc import AsyncIterator

        import httpx2
        from typed_api import ApiRequest

        async def relay(req: ApiRequest[object, object], path: str) -> AsyncIterator[bytes]:
            transport = httpx2.ASGITransport(app=req.app)
            async with (
                httpx2.AsyncClient(transport=transport, base_url="https://self") as client,
                client.stream("GET", path) as answer,
            ):
                async for piece in answer.aiter_bytes():
                    yield piece
    """,
    "api/proxy_self.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        from ._relay import relay

        async def handler(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
            body = b"".join([piece async for piece in relay(req, "/user")])
            return res.status(200).send(body)
    """,
    "api/piped.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        from ._relay import relay

        async def handler(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
            return res.status(200).send(relay(req, "/api/blog"))
    """,
    "api/external_resolver_false_positive.py": """
        import asyncio

        from typed_api import ApiRequest, ApiResponse, Ok

        async def handler(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:
            asyncio.get_running_loop().call_soon(res.send, "hello world")
    """,
    "api/external_resolver.py": """
        import asyncio

        from typed_api import ApiRequest, ApiResponse, Ok

        async def handler(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:
            loop = asyncio.get_running_loop()
            sent = loop.create_future()

            def answer() -> None:
                res.send("hello world")
                sent.set_result(None)

            loop.call_soon(answer)
            await sent
    """,
    # The suites api-catch-all and api-resolver-query-writeable.
    "api/users/index.py": ECHO_QUERY,
    "api/users/_slug__.py": ECHO_QUERY,
    "api/writeable.py": """
        from collections.abc import Mapping

        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def get(req: ApiRequest, res: ApiResponse[Ok[Mapping[str, object]]]) -> Sent:
            return res.status(200).json({"query": {**req.query, "changed": "yes"}})

        def put(req: ApiRequest, res: ApiResponse[Ok[Mapping[str, object]]]) -> Sent:
            req.query["changed"] = "yes"  # type: ignore[index]
            return res.status(200).json({"query": req.query})

        def patch(req: ApiRequest, res: ApiResponse[Ok[Mapping[str, object]]]) -> Sent:
            req.query = {"changed": "yes"}  # type: ignore[assignment, misc]
            return res.status(200).json({"query": req.query})
    """,
}

FAILED: Final = problem(500, "Internal Server Error", "The server failed to answer.")
JSON_TYPE: Final = "application/json; charset=utf-8"


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(TREE, word_separator="-"), follow_redirects=False)


@pytest.fixture(scope="module")
def dev_client() -> TestClient:
    return TestClient(create_app(TREE, word_separator="-", debug=True), follow_redirects=False)


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Give level and text of what the package has logged."""
    return [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "typed_api"]


# --- api-support ------------------------------------------------------------------------------------------------------


def test_json_at_the_end_of_a_url_is_kept(client: TestClient) -> None:
    """Case T1: `.json` is not stripped from the URL of an API route."""
    assert client.get("/api/hello.json").json() == {"post": "hello.json"}


def test_a_handler_may_call_its_own_app(client: TestClient) -> None:
    """Case T2: a route that asks `req.app` for another path and answers with that works; there is no build manifest."""
    response = client.get("/api/proxy-self")
    assert (response.status_code, response.text) == (200, "<h1>User</h1>")


def test_a_catch_all_below_a_static_folder_answers(client: TestClient) -> None:
    """Case T3: `auth/_nextauth__.py` answers `/api/auth/signin`, before the parameters beside `auth/`."""
    response = client.get("/api/auth/signin")
    assert (response.status_code, response.json()) == (200, {"from": "auth"})


@pytest.mark.parametrize("query", ["", "?invalid=1"])
def test_204_has_neither_body_nor_content_headers(client: TestClient, query: str) -> None:
    """Case T4: 204 goes out without body, type, length or coding, also when a body was given."""
    response = client.get(f"/api/status-204{query}")
    assert (response.status_code, dict(response.headers), response.content) == (204, {}, b"")


@pytest.mark.parametrize(
    ("query", "log"),
    [
        ("", []),
        (
            "?invalid=1",
            [
                (
                    "WARNING",
                    "A body was attempted to be set with a 204 statusCode for '/api/status-204', this is invalid and "
                    "the body was ignored.",
                )
            ],
        ),
    ],
)
def test_a_body_for_204_is_a_warning_in_development(
    dev_client: TestClient, caplog: pytest.LogCaptureFixture, query: str, log: list[tuple[str, str]]
) -> None:
    """Case T4: in development a body given to 204 is a warning in the log."""
    assert dev_client.get(f"/api/status-204{query}").status_code == 204
    assert logged(caplog) == log


def test_the_root_of_the_tree_answers_beside_the_api(client: TestClient) -> None:
    """Case T5: `index.py` of the root folder answers `/`, with the HTML that it sends."""
    response = client.get("/")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert response.text == "<h1>API - support</h1>"


def test_an_undefined_path_is_404(client: TestClient) -> None:
    """Case T6: a path below `/api` that is no route is 404."""
    response = client.get("/api/not/unexisting/page/really")
    assert (response.status_code, response.json()) == (404, problem(404, "Not Found", "No route matches this path."))


def test_a_path_that_begins_like_the_api_is_no_api_route(client: TestClient) -> None:
    """Case T7: `/api-conflict` is a path of its own, not taken for one below `/api`."""
    response = client.get("/api-conflict")
    assert (response.status_code, response.text) == (200, "Not an API route")


CORS: Final = [
    Middleware(CORSMiddleware, allow_origins=["https://example.com"], allow_methods=["GET", "POST", "OPTIONS"])
]
CORS_TREE: Final = {
    "api/cors.py": """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
            return res.status(200).send("Hello from anywhere")

        def post(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
            return res.status(200).send("Hello from anywhere")
    """
}


def test_a_preflight_is_answered_by_cors_middleware() -> None:
    """Case T8 (deviates): a preflight is answered by Starlette's CORSMiddleware, with its 200 and its spaces."""
    client = TestClient(create_app(CORS_TREE, middleware=CORS))
    headers = {"origin": "https://example.com", "access-control-request-method": "POST"}
    response = client.options("/api/cors", headers=headers)
    assert (response.status_code, response.text) == (200, "OK")
    assert response.headers["access-control-allow-methods"] == "GET, POST, OPTIONS"
    assert response.headers["access-control-allow-origin"] == "https://example.com"


def test_options_that_are_no_preflight_go_on_to_the_route() -> None:
    """Case T8: OPTIONS with an Origin alone is the route's 204, with `Allow` and the middleware's headers."""
    client = TestClient(create_app(CORS_TREE, middleware=CORS))
    response = client.options("/api/cors", headers={"origin": "https://example.com"})
    assert (response.status_code, dict(response.headers)) == (
        204,
        {
            "allow": "GET, HEAD, OPTIONS, POST",
            "access-control-allow-origin": "https://example.com",
            "vary": "Origin",
        },
    )


def test_a_preflight_for_another_origin_is_refused_by_cors_middleware() -> None:
    """Case T8: a preflight from another origin, or for another method, is 400 and names no allowed origin."""
    client = TestClient(create_app(CORS_TREE, middleware=CORS))
    for origin, method in (("https://evil.example", "POST"), ("https://example.com", "DELETE")):
        headers = {"origin": origin, "access-control-request-method": method}
        assert client.options("/api/cors", headers=headers).status_code == 400
    response = client.get("/api/cors", headers={"origin": "https://evil.example"})
    assert (response.status_code, "access-control-allow-origin" in response.headers) == (200, False)


def test_the_index_of_the_api_answers(client: TestClient) -> None:
    """Case T9: `api/index.py` answers `/api`."""
    response = client.get("/api")
    assert (response.status_code, response.text) == (200, "Index should work")


def test_an_error_of_the_handlers_own_is_sent_as_it_is(client: TestClient) -> None:
    """Case T10: a 500 that the handler answers itself keeps its body."""
    response = client.get("/api/error")
    assert (response.status_code, response.headers["content-type"], response.json()) == (
        500,
        JSON_TYPE,
        {"error": "Server error!"},
    )


@pytest.mark.parametrize("path", ["/api/user-error", "/api/user-error-async"])
def test_an_exception_is_a_bare_500_in_production(client: TestClient, path: str) -> None:
    """Cases T11, T12 (deviates): what a handler raises, sync or async, is a 500 as problem+json that tells nothing."""
    response = client.get(path)
    assert (response.status_code, response.headers["content-type"], response.json()) == (
        500,
        "application/problem+json",
        FAILED,
    )


@pytest.mark.parametrize("path", ["/api/user-error", "/api/user-error-async"])
def test_an_exception_is_shown_in_development(dev_client: TestClient, path: str) -> None:
    """Cases T11, T12: in development the 500 shows the error, to a program and to a browser."""
    response = dev_client.get(path)
    assert (response.status_code, response.json()["detail"]) == (500, "RuntimeError: User error")
    page = dev_client.get(path, headers={"accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "<h1>RuntimeError: User error</h1>" in page.text


def test_a_json_body_is_parsed(client: TestClient) -> None:
    """Case T13: a JSON body is parsed, its content type may have a charset."""
    headers = {"content-type": "application/json; charset=utf-8"}
    response = client.post("/api/parse", content=b'[{"title":"Nextjs"}]', headers=headers)
    assert (response.status_code, response.content) == (200, b'[{"title":"Nextjs"}]')


def test_an_empty_json_body_is_an_empty_object(client: TestClient) -> None:
    """Case T14: a JSON content type with no body gives {}."""
    response = client.post("/api/parse", headers={"content-type": "application/json; charset=utf-8"})
    assert (response.status_code, response.content) == (200, b"{}")


def test_a_boolean_is_json(client: TestClient) -> None:
    """Case T15: `json(True)` is `true`, with the JSON content type."""
    response = client.get("/api/bool")
    assert (response.status_code, response.headers["content-type"], response.content) == (200, JSON_TYPE, b"true")


def test_json_without_a_body_is_an_error(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    """Case T16 (deviates): `json()` without a body is a TypeError, so a 500, where the reference answers no JSON."""
    response = client.get("/api/json-undefined")
    assert (response.status_code, response.json()) == (500, FAILED)
    ((level, text),) = logged(caplog)
    assert level == "ERROR"
    assert text.startswith("GET '/api/json-undefined' failed in get of pages/api/json_undefined.py: TypeError: ")


def test_send_without_a_body_is_an_empty_answer(client: TestClient) -> None:
    """Case T16: an empty answer is `send()`: 200 without a type and without a byte."""
    response = client.put("/api/json-undefined")
    assert (response.status_code, dict(response.headers), response.content) == (200, {"content-length": "0"}, b"")


def test_a_string_is_json_with_its_quotes(client: TestClient) -> None:
    """Case T17: `json("Hello world!")` has the quotes of JSON."""
    response = client.get("/api/json-string")
    assert (response.status_code, response.headers["content-type"], response.text) == (
        200,
        JSON_TYPE,
        '"Hello world!"',
    )


def test_none_is_the_json_null(client: TestClient) -> None:
    """Case T18: `json(None)` is `null`, with the JSON content type."""
    response = client.get("/api/json-null")
    assert (response.status_code, response.headers["content-type"], response.content) == (200, JSON_TYPE, b"null")


def test_malformed_json_is_400(client: TestClient) -> None:
    """Case T19 (deviates): malformed JSON is 400 with the words "Invalid JSON", as problem+json."""
    headers = {"content-type": "application/json; charset=utf-8"}
    response = client.post("/api/parse", content=b'{"message":Invalid"}', headers=headers)
    assert (response.status_code, response.headers["content-type"], response.json()) == (
        400,
        "application/problem+json",
        problem(400, "Bad Request", "Invalid JSON"),
    )


def test_a_body_over_one_megabyte_is_413(client: TestClient) -> None:
    """Case T20 (deviates): a body over the default limit is 413 "Body exceeded 1mb limit", as problem+json."""
    response = client.post("/api/parse", json=[{"title": "." * 1_048_576}])
    assert (response.status_code, response.headers["content-type"], response.json()) == (
        413,
        "application/problem+json",
        problem(413, "Content Too Large", "Body exceeded 1mb limit"),
    )


def test_a_route_may_take_more_than_one_megabyte(client: TestClient) -> None:
    """Case T21: with `body_limit="5mb"` the same body is parsed."""
    body = [{"title": "." * 1_048_576}]
    response = client.post("/api/big-parse", json=body)
    assert (response.status_code, response.json()) == (200, body)


def test_an_entity_tag_that_comes_back_is_304(client: TestClient) -> None:
    """Case T22: an answer has an ETag, and a request that brings it as If-None-Match is 304 without a body."""
    first = client.get("/api/blog")
    second = client.get("/api/blog", headers={"if-none-match": first.headers["etag"]})
    assert (second.status_code, second.content, second.headers["etag"]) == (304, b"", first.headers["etag"])
    assert client.get("/api/blog", headers={"if-none-match": '"other"'}).status_code == 200


def test_a_form_is_parsed_whatever_the_case_of_its_type(client: TestClient) -> None:
    """Case T23: a urlencoded body is parsed, its content type being compared without regard to case."""
    response = client.post(
        "/api/parse",
        content=b"title=Nextjs&description=The%20React%20Framework%20for%20Production",
        headers={"content-type": "application/x-www-Form-urlencoded"},
    )
    assert (response.status_code, response.json()) == (
        200,
        {"title": "Nextjs", "description": "The React Framework for Production"},
    )


def test_a_handler_may_read_the_body_itself(client: TestClient) -> None:
    """Case T24: with `parse_body=False` the handler reads the stream and parses it."""
    response = client.post("/api/no-parsing", json=[{"title": "Nextjs"}])
    assert (response.status_code, response.json()) == (200, [{"title": "Nextjs"}])


def test_parsing_may_be_asked_for(client: TestClient) -> None:
    """Case T25: `parse_body=True` says what is so anyway: the body is parsed."""
    response = client.post("/api/parsing", json=[{"title": "Nextjs"}])
    assert (response.status_code, response.json()) == (200, {"message": "Parsed body"})


@pytest.mark.parametrize("name", ["redirect_error", "redirect_null"])
def test_a_redirect_to_nowhere_is_told_in_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Cases T26, T27: `redirect(307)` and `redirect(None, "/login")` are 500, and the log says how it is written."""
    path = f"/api/{name.replace('_', '-')}"
    response = client.get(path)
    assert (response.status_code, response.json(), "location" in response.headers) == (500, FAILED, False)
    assert logged(caplog) == [
        ("ERROR", f"GET {path!r} failed in handler of pages/api/{name}.py: ValueError: {REDIRECT_MISUSE!r}")
    ]


def test_the_sentence_for_a_redirect_to_nowhere_is_that_of_the_reference() -> None:
    """Cases T26, T27: the sentence of a misused redirect is the reference's own."""
    assert REDIRECT_MISUSE == (
        "Invalid redirect arguments. Please use a single argument URL, e.g. res.redirect('/destination') or use a "
        "status code and URL, e.g. res.redirect(307, '/destination')."
    )


def test_a_redirect_is_307(client: TestClient) -> None:
    """Case T28: a redirect without a status is 307, its body is the URL."""
    response = client.get("/api/redirect-307")
    assert (response.status_code, response.headers["location"], response.text) == (307, "/login", "/login")


def test_a_redirect_can_be_followed(client: TestClient) -> None:
    """Case T29: a client that follows the redirect ends at its URL."""
    response = client.get("/api/redirect-307", follow_redirects=True)
    assert (response.status_code, response.url.path, response.text) == (200, "/login", "Log in here")


def test_a_redirect_may_be_301(client: TestClient) -> None:
    """Case T30: a redirect with a status has that status."""
    response = client.get("/api/redirect-301")
    assert (response.status_code, response.headers["location"], response.text) == (301, "/login", "/login")


def test_no_query_is_an_empty_object(client: TestClient) -> None:
    """Case T31: without a query string `req.query` is empty."""
    assert client.get("/api/query").json() == {}


def test_a_repeated_parameter_is_a_list(client: TestClient) -> None:
    """Case T32: a parameter that comes twice is a list, one that comes once a string."""
    assert client.get("/api/query?a=1&b=2&a=3").json() == {"a": ["1", "3"], "b": "2"}


def test_no_cookies_are_an_empty_object(client: TestClient) -> None:
    """Case T33: without a Cookie header `req.cookies` is empty."""
    assert client.get("/api/cookies").json() == {}


def test_cookies_are_read_by_name(client: TestClient) -> None:
    """Case T34: `Cookie: nextjs=cool;` is one cookie."""
    assert client.get("/api/cookies", headers={"cookie": "nextjs=cool;"}).json() == {"nextjs": "cool"}


def test_post_to_a_page_is_405(client: TestClient) -> None:
    """Case T35 (deviates): a module with `get` alone answers POST with 405 and `Allow`, as the suite had it in 2019."""
    response = client.post("/user")
    assert (response.status_code, response.headers["allow"], response.json()) == (
        405,
        "GET, HEAD, OPTIONS",
        problem(405, "Method Not Allowed", "This route answers GET, HEAD, OPTIONS."),
    )


def test_post_to_a_route_sees_the_query(client: TestClient) -> None:
    """Case T36: POST without a body is answered, from the query."""
    response = client.post("/api/blog?title=Nextjs")
    assert (response.status_code, response.json()) == (200, [{"title": "Nextjs"}])


def test_a_dynamic_route_has_its_segment_in_the_query(client: TestClient) -> None:
    """Case T37: `_post_/index.py` has `post` in its query."""
    assert client.get("/api/post-1").json() == {"post": "post-1"}


def test_a_path_parameter_and_the_query_string_are_merged(client: TestClient) -> None:
    """Cases T38, T39: the query string and the path parameter are one query, also where `post` is in both."""
    assert client.get("/api/post-1?val=1").json() == {"val": "1", "post": "post-1"}
    assert client.get("/api/post-1?val=1&post=other").json() == {"val": "1", "post": "post-1"}


def test_a_static_route_beats_a_dynamic_one(client: TestClient) -> None:
    """Case T40: `/api/post-1/comments` is `_post_/comments.py` and not `_post_/_comment_.py`."""
    assert client.get("/api/post-1/comments").json() == [{"message": "Prioritize a non-dynamic api page"}]


def test_a_nested_dynamic_route_has_both_segments(client: TestClient) -> None:
    """Case T41: `_post_/_comment_.py` has both parameters in its query."""
    assert client.get("/api/post-1/comment-1").json() == {"post": "post-1", "comment": "comment-1"}


def test_a_dynamic_route_needs_all_of_its_segments(client: TestClient) -> None:
    """Case T42: `/api/blog/543/comment`, which lacks the id of `blog/_post_/comment/_id_.py`, is 404."""
    assert client.get("/api/blog/543/comment").status_code == 404


def test_static_and_dynamic_segments_may_alternate(client: TestClient) -> None:
    """Case T43: `blog/_post_/comment/_id_.py` has both parameters in its query."""
    assert client.get("/api/blog/post-1/comment/1").json() == {"post": "post-1", "id": "1"}


def test_a_handler_may_wait_for_a_child_process(client: TestClient) -> None:
    """Case T44: a plain `def` may run a program and answer with what it prints."""
    response = client.get("/api/child-process")
    assert (response.status_code, response.text) == (200, "hi")


def test_a_stream_of_nothing_is_an_empty_answer(client: TestClient) -> None:
    """Case T45: an answer made of one empty piece is 200 without a byte."""
    response = client.get("/api/nullable-payload")
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    ("path", "size", "log"),
    [
        ("/api/large-response", 4_194_304, "4MB"),
        ("/api/large-chunked-response", 4_194_305, "4MB"),
    ],
)
def test_an_answer_of_four_megabytes_is_a_warning(
    client: TestClient, caplog: pytest.LogCaptureFixture, path: str, size: int, log: str
) -> None:
    """Case T46: an answer of 4 MiB, whole or in pieces, is sent in full, and the log warns of it once."""
    response = client.get(path)
    assert (response.status_code, len(response.content)) == (200, size)
    assert logged(caplog) == [
        ("WARNING", f"API response for {path!r} exceeds {log}. API Routes are meant to respond quickly.")
    ]


def test_the_warning_for_large_answers_can_be_switched_off(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Case T47: with `response_limit=None` no size is a warning."""
    response = client.get("/api/large-response-with-config")
    assert (response.status_code, len(response.content), logged(caplog)) == (200, 4_194_304, [])


def test_the_warning_for_large_answers_has_a_size_of_its_own(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Case T48: with `response_limit="5mb"` the warning names 5MB."""
    path = "/api/large-response-with-config-size"
    response = client.get(path)
    assert (response.status_code, len(response.content)) == (200, 6_291_456)
    assert logged(caplog) == [
        ("WARNING", f"API response for {path!r} exceeds 5MB. API Routes are meant to respond quickly.")
    ]


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/api/test-no-end", "no_end"),
        ("/api/external-resolver-false-positive", "external_resolver_false_positive"),
    ],
)
def test_a_handler_that_ends_without_an_answer_is_500(
    client: TestClient, caplog: pytest.LogCaptureFixture, path: str, file: str
) -> None:
    """Cases T50, T52 (deviates): no answer when the handler returns is a 500 and a log, never a hang; later is late."""
    response = client.get(path)
    assert (response.status_code, response.json()) == (500, FAILED)
    where = f"handler of pages/api/{file}.py"
    sentence = (
        f"{where} finished without sending a response to GET {path!r}. End every path with res.json(...), "
        "res.send(...), res.redirect(...) or res.end()."
    )
    assert logged(caplog) == [("ERROR", f"GET {path!r} failed in {where}: _Unanswered: {sentence!r}")]


def test_an_answer_that_is_piped_is_an_answer(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    """Case T51: a handler that pipes another response answers with it, and nothing is logged."""
    response = client.get("/api/piped")
    assert (response.status_code, response.content, logged(caplog)) == (200, b'[{"title":"Cool Post!"}]', [])


def test_a_handler_may_wait_for_what_answers(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    """Case T53 (deviates): no flag is needed: a handler that awaits its callback answers, and nothing is logged."""
    response = client.get("/api/external-resolver")
    assert (response.status_code, response.text, logged(caplog)) == (200, "hello world", [])


def test_routes_are_known_before_the_first_request(client: TestClient) -> None:
    """Case T54: what is served is listed with its files, dynamic routes and those outside `api/` too."""
    app = create_app({file: TREE[file] for file in ("api/_post_/index.py", "api_conflict.py")}, word_separator="-")
    assert [(endpoint.pattern.template, endpoint.file) for endpoint in app.endpoints] == [
        ("/api/{post}", "pages/api/_post_/index.py"),
        ("/api-conflict", "pages/api_conflict.py"),
    ]
    assert client.get("/api/nextjs").json() == {"post": "nextjs"}


# --- Neighbouring suites ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "query"),
    [("/api/users/1", {"slug": ["1"]}), ("/api/users", {}), ("/api/users/1/2", {"slug": ["1", "2"]})],
)
def test_an_index_beats_the_catch_all_beside_it(client: TestClient, path: str, query: object) -> None:
    """Suite api-catch-all: `users/index.py` answers `/api/users`, and `users/_slug__.py` all below it."""
    response = client.get(path)
    assert (response.status_code, response.json()) == (200, query)


def test_a_slash_is_no_empty_segment_of_a_catch_all(client: TestClient) -> None:
    """Suite api-catch-all: `/api/users/` is 308 to `/api/users`, with that text, and ends there."""
    response = client.get("/api/users/")
    assert (response.status_code, response.headers["location"], response.text) == (308, "/api/users", "/api/users")
    followed = client.get("/api/users/", follow_redirects=True)
    assert (followed.status_code, followed.url.path, followed.json()) == (200, "/api/users", {})


def test_a_body_below_a_mount_is_parsed() -> None:
    """Suite api-body-parser: a JSON body is parsed in an app that an outer app mounts."""
    outer = Starlette(routes=[Mount("/outer", create_app({"api/parse.py": ECHO_BODY}))])
    response = TestClient(outer).post("/outer/api/parse", json=[{"title": "Nextjs"}])
    assert (response.status_code, response.json()) == (200, [{"title": "Nextjs"}])


class ReadsFirst:
    """Middleware that reads the whole body before the app runs, and hands it on as one message."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        more = scope["type"] == "http"
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        messages: list[Message] = [{"type": "http.request", "body": body.upper(), "more_body": False}]

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self.app(scope, replay, send)


def test_a_body_that_was_read_before_is_taken_as_it_is_handed_on() -> None:
    """Suite api-body-parser (deviates): what outer code has read comes as a message, not as a parsed `req.body`."""
    app = create_app({"api/parse.py": ECHO_BODY}, middleware=[Middleware(ReadsFirst)])
    response = TestClient(app).post("/api/parse", json=[{"title": "Nextjs"}])
    assert (response.status_code, response.json()) == (200, [{"TITLE": "NEXTJS"}])


def test_a_content_type_that_cannot_be_parsed_is_no_error(client: TestClient) -> None:
    """Suite api-body-parser: under `application/json;`, which is malformed, the body is its text, and 200."""
    headers = {"content-type": "application/json;"}
    response = client.post("/api/parse", content=b'[{"title":"Nextjs"}]', headers=headers)
    assert (response.status_code, response.json()) == (200, '[{"title":"Nextjs"}]')


def test_a_query_with_more_in_it_is_a_new_mapping(client: TestClient) -> None:
    """Suite api-resolver-query-writeable (deviates): a handler that adds to the query makes a mapping of its own."""
    assert client.get("/api/writeable?hello=yes").json() == {"query": {"hello": "yes", "changed": "yes"}}


@pytest.mark.parametrize(
    ("method", "name", "error"),
    [
        ("PUT", "put", "TypeError: \"'Query' object does not support item assignment\""),
        ("PATCH", "patch", "AttributeError: "),
    ],
)
def test_the_query_is_read_only(
    client: TestClient, caplog: pytest.LogCaptureFixture, method: str, name: str, error: str
) -> None:
    """Suite api-resolver-query-writeable (deviates): writing to `req.query`, or in its place, raises."""
    response = client.request(method, "/api/writeable?hello=yes")
    assert (response.status_code, response.json()) == (500, FAILED)
    ((level, text),) = logged(caplog)
    assert level == "ERROR"
    assert text.startswith(f"{method} '/api/writeable' failed in {name} of pages/api/writeable.py: {error}")


def matcher_of(files: list[str]) -> Matcher[str]:
    patterns = [(file, parse_path(file)) for file in files]
    return Matcher((pattern, file) for file, pattern in patterns if pattern is not None)


SORTED: Final = {
    "/": "index.py",
    "/posts": "posts/index.py",
    "/posts/1": "posts/_id_.py",
    "/blog/abc/post": "blog/abc/post.py",
    "/blog/abc/1": "blog/abc/_id_.py",
    "/blog/1/comments/2": "blog/_id_/comments/_cid_.py",
    "/p2/1/abc": "p2/_id_/abc.py",
    "/p2/1": "p2/_id_/index.py",
    "/p2/1/2": "p2/_rest__.py",
    "/p3": "p3/_rest___.py",
    "/x": "_root_slug_.py",
    "/x/y": "_rest__.py",
}
"""Paths with the file that each must reach, in every order of the files."""


@pytest.mark.parametrize("seed", range(5))
def test_precedence_does_not_hang_on_the_order_of_the_routes(seed: int) -> None:
    """Suite page-route-sorter: a path reaches the same route in whatever order the routes are given."""
    files = list(SORTED.values())
    random.Random(seed).shuffle(files)
    matcher = matcher_of(files)
    matches = {path: matcher.match(path) for path in SORTED}
    assert {path: match and match[0] for path, match in matches.items()} == SORTED


def test_a_folder_of_a_route_is_no_route_itself() -> None:
    """Suite page-route-sorter: no route is added for the folders on the way to one."""
    matcher = matcher_of(["blog/_id_/comments/_cid_.py", "posts.py"])
    paths = ["/", "/blog", "/blog/1", "/blog/1/comments", "/blog/1/comments/2", "/posts"]
    assert [path for path in paths if matcher.match(path) is not None] == ["/blog/1/comments/2", "/posts"]


@pytest.mark.parametrize(
    "files",
    [
        ["_id_/index.py", "_slug_/index.py"],
        ["blog/_id_/a.py", "blog/_slug_/b.py"],
        ["blog/_id_/_id_.py"],
        ["blog/_id_/comments/_id_.py"],
        ["_id_/_id__.py"],
        ["blog/_a__/abc.py"],
        ["_a__/_b__.py"],
        ["_a___/b.py"],
        ["_one__.py", "_one___.py"],
        ["_one___.py", "_two__.py"],
        ["sub/index.py", "sub/_all___.py"],
        ["index.py", "_all___.py"],
    ],
)
def test_routes_that_contradict_each_other_are_one_problem(files: list[str]) -> None:
    """Suite page-route-sorter: two names for one segment, one name twice, a catch-all amid a path or twice: refused."""
    entries = [(file, pattern) for file in files if (pattern := parse_path(file)) is not None]
    assert (len(entries), len(find_conflicts(entries))) == (len(files), 1)


@pytest.mark.parametrize(
    "files",
    [
        ["_x_.py", "_y__.py"],
        ["_x_.py", "_x__.py"],
        ["_x_.py", "_x___.py"],
        ["sub.py", "sub/_all__.py"],
        ["_helloworld_/_hello_world_.py"],
        ["a/_id_.py", "b/_slug_.py"],
    ],
)
def test_routes_that_go_together_are_no_problem(files: list[str]) -> None:
    """Suite page-route-sorter: one segment beside a catch-all, and names in different folders, go together."""
    entries = [(file, pattern) for file in files if (pattern := parse_path(file)) is not None]
    assert (len(entries), find_conflicts(entries)) == (len(files), [])


@pytest.mark.parametrize(
    "name",
    ["[a]", "[...a]", "[[...a]]", "[[a]]", "[.a]", "[..a]", "[....a]", "[…a]", "[a", "a]", "[[...a]", "[...a]]", "[]"],
)
def test_no_name_with_brackets_is_a_route(name: str) -> None:
    """Suite page-route-sorter (deviates): whatever is in the brackets, a name with brackets is refused."""
    with pytest.raises(PatternError):
        parse_path(f"{name}.py")
    with pytest.raises(StartupError):
        create_app({f"api/{name}.py": ECHO_QUERY})


# --- Nothing is forgotten ---------------------------------------------------------------------------------------------


def docstrings() -> list[str]:
    module = sys.modules[__name__]
    return [test.__doc__ or "" for name, test in vars(module).items() if name.startswith("test_")]


_HEAD: Final = re.compile(r"(?:Cases? (T\d+(?:, T\d+)*)|Suite [a-z-]+)(?: \(deviates\))?: \S.*[.]")


def test_every_case_is_ported_or_has_a_reason_not_to_be() -> None:
    """Suite api-support: the 55 cases are each tested here or listed with the reason, and none is both."""
    heads = [_HEAD.fullmatch(text) for text in docstrings()]
    cases = {int(case) for head in heads if head and head[1] for case in re.findall(r"\d+", head[1])}
    assert [text for text, head in zip(docstrings(), heads, strict=True) if head is None] == []
    assert sorted([*cases, *NOT_PORTED]) == list(range(1, 56))
