"""What a handler reads off its request in a whole app: where it is, who asks, and the state it shares."""

import contextlib
import logging
from collections.abc import AsyncGenerator
from string import Template

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from tests.direct import DISCONNECT, call, exchange, make_scope, piece, problem
from typed_api import TypedAPI
from typed_api._types import ASGIApp, Receive, Scope, Send
from typed_api.testing import TestClient, create_app


def face_source(expression: str, declared: str = "ApiRequest") -> str:
    return f"""
        from typed_api import ApiRequest, ApiResponse

        def get(req: {declared}, res: ApiResponse[str]) -> None:
            res.send(repr({expression}))
    """


TREE = {
    "api/where/_id_.py": face_source("(req.method, req.url, req.path, dict(req.params), dict(req.query))"),
    "api/headers.py": face_source("(req.headers['x-TAG'], req.headers.getlist('x-tag'), req.headers.get('x-other'))"),
    "api/cookies.py": face_source("dict(req.cookies)"),
    "api/client.py": face_source("req.client"),
    "api/env.py": face_source("req.env['TYPED_API_EXAMPLE']"),
    "api/app.py": face_source("(req.app.title, req.app.version, req.app.debug, id(req.app))"),
    "api/scope.py": face_source("(req.scope['type'], req.scope['method'], req.scope['raw_path'])"),
    "api/told.py": """
        from typed_api import ApiRequest, ApiResponse, RouteConfig

        config = RouteConfig(methods=["GET"])

        def handler(req: ApiRequest, res: ApiResponse[str]) -> None:
            res.set_header("x-method", req.method)
            res.send("x")
    """,
    "api/asked.py": """
        from typed_api import ApiRequest, ApiResponse

        def get(req: ApiRequest, res: ApiResponse[str]) -> None:
            res.set_header("x-method", req.method)
            res.send("x")
    """,
    # Classes of the standard library stand in for a pool of connections and a user: tests can make them too.
    "api/engine.py": """
        from string import Template
        from typed_api import ApiRequest, ApiResponse

        def get(req: ApiRequest, res: ApiResponse[str]) -> None:
            res.send(req.state[Template].template)
    """,
    "api/guarded.py": """
        from string import Template
        from types import SimpleNamespace
        from typed_api import ApiError, ApiRequest, ApiResponse, RouteConfig

        async def identify(req: ApiRequest[object, object]) -> None:
            if "user" not in req.cookies:
                raise ApiError(401, "Who is there?", {"WWW-Authenticate": "Bearer"})
            req.state[SimpleNamespace] = SimpleNamespace(name=req.cookies["user"] + req.state[Template].template)

        def get(req: ApiRequest, res: ApiResponse[str]) -> None:
            res.send(req.state[SimpleNamespace].name)

        config = RouteConfig(before=identify)
    """,
}


@pytest.fixture(scope="module")
def app() -> TypedAPI:
    return create_app(TREE, title="Shop", version="2.0")


async def text_of(app: ASGIApp, target: str, headers: list[tuple[str, str]] | None = None) -> str:
    answer = await call(app, "GET", target, headers=headers or [])
    assert answer.status == 200
    return answer.text


# --- Where ------------------------------------------------------------------------------------------------------------


async def test_request_says_where_it_is(app: TypedAPI) -> None:
    assert await text_of(app, "/api/where/a%2Fb?q=%20&id=x") == repr(
        ("GET", "/api/where/a%2Fb?q=%20&id=x", "/api/where/a/b", {"id": "a/b"}, {"q": " ", "id": "a/b"})
    )


async def test_url_and_path_are_those_below_a_mount(app: TypedAPI) -> None:
    outer = Starlette(routes=[Mount("/v1", app)])
    assert await text_of(outer, "/v1/api/where/7?q=1") == repr(
        ("GET", "/api/where/7?q=1", "/api/where/7", {"id": "7"}, {"q": "1", "id": "7"})
    )


@pytest.mark.parametrize(("target", "method"), [("/api/asked", "HEAD"), ("/api/told", "GET")])
async def test_head_is_told_to_get_alone(app: TypedAPI, target: str, method: str) -> None:
    """`get` may ask for the true method; a `handler` of GET that knows no HEAD must not take it for something else."""
    answer = await call(app, "HEAD", target)
    assert (answer.status, answer.header("x-method"), answer.body) == (200, method, b"")


async def test_scope_is_the_servers(app: TypedAPI) -> None:
    assert await text_of(app, "/api/scope") == repr(("http", "GET", b"/api/scope"))


# --- Who --------------------------------------------------------------------------------------------------------------


async def test_headers_are_found_in_any_case_and_keep_their_lines(app: TypedAPI) -> None:
    assert await text_of(app, "/api/headers", [("X-Tag", "a"), ("x-tag", "b")]) == repr(("a", ["a", "b"], None))


async def test_cookies_are_found_by_name(app: TypedAPI) -> None:
    assert await text_of(app, "/api/cookies", [("cookie", "a=1; b=%20")]) == repr({"a": "1", "b": " "})


async def test_client_is_the_peer_and_not_what_a_header_says(app: TypedAPI) -> None:
    """What a stranger writes into X-Forwarded-For is not believed."""
    assert await text_of(app, "/api/client", [("x-forwarded-for", "203.0.113.9")]) == (
        "Address(host='192.0.2.1', port=50000)"
    )


def test_cookies_that_an_answer_sets_come_back_through_the_test_client() -> None:
    source = """
        from typed_api import ApiRequest, ApiResponse

        def post(req: ApiRequest, res: ApiResponse[None]) -> None:
            res.set_cookie("theme", "dark")
            res.end()

        def get(req: ApiRequest, res: ApiResponse[dict[str, str]]) -> None:
            res.json(dict(req.cookies))
    """
    client = TestClient(create_app({"api/theme.py": source}))
    client.post("/api/theme")
    assert client.get("/api/theme").json() == {"theme": "dark"}


# --- App, environment, state ------------------------------------------------------------------------------------------


async def test_environment_is_that_of_the_process(app: TypedAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TYPED_API_EXAMPLE", "1")
    assert await text_of(app, "/api/env") == repr("1")


async def test_app_is_the_one_that_was_made(app: TypedAPI) -> None:
    assert await text_of(app, "/api/app") == repr(("Shop", "2.0", False, id(app)))


def test_app_is_the_one_that_was_made_in_the_test_client_too(app: TypedAPI) -> None:
    assert TestClient(app).get("/api/app").text == repr(("Shop", "2.0", False, id(app)))


async def test_missing_state_is_a_500_whose_log_names_the_class(
    app: TypedAPI, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "typed_api"):
        answer = await call(app, "GET", "/api/engine")
    assert (answer.status, answer.json) == (
        500,
        problem(500, "Internal Server Error", "The server failed to answer."),
    )
    (record,) = caplog.records
    assert record.getMessage() == (
        "GET '/api/engine' failed in get of pages/api/engine.py: LookupError: 'There is no string.Template in the "
        "state. Yield an instance from the lifespan, set it in a guard, or give it to TestClient(app, state=[...]).'"
    )


@contextlib.asynccontextmanager
async def lifespan(app: TypedAPI) -> AsyncGenerator[list[object], None]:
    yield [Template("lived")]


def test_state_that_the_lifespan_yields_replaces_what_was_given() -> None:
    app = create_app(TREE, state=[Template("given")], lifespan=lifespan)
    outside = TestClient(app).get("/api/engine").text
    with TestClient(app) as client:
        assert (outside, client.get("/api/engine").text) == ("given", "lived")


def test_state_of_a_test_replaces_that_of_the_lifespan() -> None:
    class Fake(Template):
        pass

    app = create_app(TREE, lifespan=lifespan)
    with TestClient(app, state=[Fake("faked")]) as faked, TestClient(app) as plain:
        assert (faked.get("/api/engine").text, plain.get("/api/engine").text) == ("faked", "lived")


def test_what_a_guard_sets_is_that_of_one_request() -> None:
    client = TestClient(create_app(TREE, state=[Template("!")]))
    texts = [client.get("/api/guarded", headers={"cookie": f"user={name}"}).text for name in ("ada", "bob")]
    refused = client.get("/api/guarded")
    assert (texts, refused.status_code, refused.headers["www-authenticate"], refused.json()) == (
        ["ada!", "bob!"],
        401,
        "Bearer",
        problem(401, "Unauthorized", "Who is there?"),
    )


# --- Middleware -------------------------------------------------------------------------------------------------------


class Copying:
    """A middleware as many are: it hands on a scope of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(dict(scope), receive, send)


async def test_client_that_leaves_below_a_middleware_is_neither_answered_nor_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = """
        from typed_api import ApiRequest, ApiResponse

        def post(req: ApiRequest, res: ApiResponse[str]) -> None:
            res.send(repr(req.body))
    """
    app = create_app({"api/echo.py": source}, middleware=[Middleware(Copying)])
    scope = make_scope("POST", "/api/echo", {"transfer-encoding": "chunked"})
    answer = await exchange(app, scope, [piece(b"{", more=True), DISCONNECT])
    assert (answer.sent, caplog.records) == ([], [])
