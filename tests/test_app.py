"""The app: its life, its dispatch, and what stands around both."""

import gc
import itertools
import logging
import os
import sys
import textwrap
import weakref
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.direct import Exchange, call, exchange, make_scope, piece, problem
from typed_api import ApiError, ApiRequest, ApiResponse, ConfigError, Middleware, Ok, Sent, StartupError, TypedAPI
from typed_api._types import ASGIApp, Message, Receive, Scope, Send
from typed_api.adapter import compile_handler
from typed_api.app import failure_app
from typed_api.discovery import RouteModule
from typed_api.pattern import Pattern, Segment, SegmentKind
from typed_api.testing import TestClient, create_app

FAILED = problem(500, "Internal Server Error", "The server failed to answer.")
NO_ROUTE = problem(404, "Not Found", "No route matches this path.")

HELLO = """
from typed_api import ApiError, ApiRequest, ApiResponse, NotFound, Ok, RouteConfig, Sent

async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.send("hello")
"""
WHERE = """
from typed_api import ApiRequest, ApiResponse, Ok, Sent

async def get(req: ApiRequest, res: ApiResponse[Ok[list[str]]]) -> Sent:
    return res.json([req.path, req.url, req.scope.get("root_path", "")])
"""
RAISES = """
from starlette.exceptions import HTTPException
from typed_api import ApiError, ApiRequest, ApiResponse, Ok, Sent

class Teapot(ApiError):
    pass

async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    res.set_header("x-abandoned", "1")
    raise {}
"""


def client(app: ASGIApp, **options: Any) -> TestClient:
    return TestClient(app, follow_redirects=False, **options)


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "typed_api"]


def told(answer: httpx2.Response | Exchange) -> tuple[int, Any]:
    """Give the status and the JSON of an answer."""
    if isinstance(answer, Exchange):
        return answer.status, answer.json
    return answer.status_code, answer.json()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Give a function that writes files below the working directory; what they import is forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)

    def write(files: dict[str, str]) -> Path:
        for name, source in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(source), encoding="utf-8")
        return tmp_path

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


# --- The life of an app -----------------------------------------------------------------------------------------------


class Mailer:
    """What an app may hold."""

    name: str = "real"


class FakeMailer(Mailer):
    name: str = "fake"


class OtherMailer(Mailer):
    name: str = "other"


MAILING = f"""
import sys
from typed_api import ApiRequest, ApiResponse, Ok, Sent

Mailer = sys.modules[{__name__!r}].Mailer

async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.send(req.state[Mailer].name)
"""


def lifespan_of(yielded: Any, log: list[str] | None = None) -> Callable[[TypedAPI], Any]:
    @asynccontextmanager
    async def lifespan(app: TypedAPI) -> AsyncGenerator[Any, None]:
        if log is not None:
            log.append(f"start {app.title}")
        yield yielded
        if log is not None:
            log.append(f"stop {app.title}")

    return lifespan


async def live(app: ASGIApp) -> tuple[list[Message], BaseException | None]:
    """Start and stop an app as a server does; give what it said, and what it raised."""
    sent: list[Message] = []
    received: list[str] = []

    async def receive() -> Message:
        received.append("lifespan.shutdown" if received else "lifespan.startup")
        return {"type": received[-1]}

    async def send(message: Message) -> None:
        # Complete is only what the server has asked for.
        if message["type"].endswith(".complete"):
            assert received[-1:] == [message["type"].removesuffix(".complete")]
        sent.append(message)

    try:
        await app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
    except BaseException as error:
        return sent, error
    return sent, None


@pytest.mark.parametrize("lifespan", [None, lifespan_of(None), lifespan_of([]), lifespan_of(iter([Mailer()]))])
@pytest.mark.parametrize("middleware", [[], [Middleware(CORSMiddleware)]])
async def test_app_starts_and_stops(lifespan: Any, middleware: list[Middleware]) -> None:
    app = create_app({"api/index.py": HELLO}, lifespan=lifespan, middleware=middleware)
    assert await live(app) == ([{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}], None)


def test_lifespan_runs_around_the_requests() -> None:
    log: list[str] = []
    app = create_app({"api/index.py": HELLO}, lifespan=lifespan_of(None, log), title="Users")
    with client(app) as session:
        assert log == ["start Users"]
        assert session.get("/api").text == "hello"
        assert log == ["start Users"]
    assert log == ["start Users", "stop Users"]


def test_lifespan_gets_the_app_itself() -> None:
    seen: list[TypedAPI] = []

    @asynccontextmanager
    async def lifespan(app: TypedAPI) -> AsyncGenerator[None, None]:
        seen.append(app)
        yield

    app = create_app({"api/index.py": HELLO}, lifespan=lifespan, middleware=[Middleware(CORSMiddleware)])
    with client(app):
        assert seen == [app]


@pytest.mark.parametrize(
    ("yielded", "name"), [({"mailer": Mailer()}, "dict"), ("mailer", "str"), (b"m", "bytes"), (Mailer(), "Mailer")]
)
async def test_lifespan_that_yields_no_list_keeps_the_app_from_starting(yielded: object, name: str) -> None:
    (message,), error = await live(create_app({"api/index.py": HELLO}, lifespan=lifespan_of(yielded)))
    sentence = (
        f"The lifespan yielded {name!r}. Yield a list of instances, found by their class: yield [engine, mailer], then "
        "req.state[Engine]."
    )
    assert (type(error), str(error)) == (TypeError, sentence)
    assert message["type"] == "lifespan.startup.failed"
    assert message["message"].endswith(f"TypeError: {sentence}\n")


async def test_lifespan_that_yields_a_plain_value_keeps_the_app_from_starting() -> None:
    (message,), error = await live(create_app({"api/index.py": HELLO}, lifespan=lifespan_of([5])))
    assert str(error) == (
        "State holds instances found by their class, and 5 has no class of its own. Wrap it in one, for example a "
        "dataclass."
    )
    assert message["type"] == "lifespan.startup.failed"


async def test_lifespan_that_fails_to_start_tells_the_server_why() -> None:
    @asynccontextmanager
    async def lifespan(app: TypedAPI) -> AsyncGenerator[None, None]:
        raise KeyError("no database")
        yield

    (message,), error = await live(create_app({"api/index.py": HELLO}, lifespan=lifespan))
    assert isinstance(error, KeyError)
    assert message["type"] == "lifespan.startup.failed"
    assert message["message"].startswith("Traceback (most recent call last):\n")
    assert message["message"].endswith("KeyError: 'no database'\n")


async def test_lifespan_that_fails_to_stop_tells_the_server_why() -> None:
    @asynccontextmanager
    async def lifespan(app: TypedAPI) -> AsyncGenerator[None, None]:
        yield
        raise KeyError("no goodbye")

    (started, stopped), error = await live(create_app({"api/index.py": HELLO}, lifespan=lifespan))
    assert isinstance(error, KeyError)
    assert started == {"type": "lifespan.startup.complete"}
    assert stopped["type"] == "lifespan.shutdown.failed"
    assert stopped["message"].endswith("KeyError: 'no goodbye'\n")


@pytest.mark.parametrize("middleware", [[], [Middleware(CORSMiddleware)]])
@pytest.mark.parametrize(
    ("given", "yielded", "tested", "name"),
    [
        ([Mailer()], None, [], "real"),
        ([], [Mailer()], [], "real"),
        ([], [FakeMailer()], [], "fake"),
        ([Mailer()], None, [FakeMailer()], "fake"),
        ([], [Mailer()], [FakeMailer()], "fake"),
        ([FakeMailer()], [Mailer()], [], "real"),
        ([FakeMailer()], [Mailer()], [OtherMailer()], "other"),
    ],
)
def test_state_is_found_by_class_and_the_nearest_wins(
    given: list[object], yielded: list[object] | None, tested: list[object], name: str, middleware: list[Middleware]
) -> None:
    """What a test gives beats what the lifespan yields, which beats what was given; a subclass stands in."""
    app = create_app({"api/index.py": MAILING}, state=given, lifespan=lifespan_of(yielded), middleware=middleware)
    with client(app, state=tested) as session:
        assert session.get("/api").text == name


def test_state_without_a_lifespan_needs_no_start() -> None:
    assert client(create_app({"api/index.py": MAILING}, state=[Mailer()])).get("/api").text == "real"


def test_missing_state_is_a_500_whose_log_names_the_class(caplog: pytest.LogCaptureFixture) -> None:
    assert told(client(create_app({"api/index.py": MAILING})).get("/api")) == (500, FAILED)
    sentence = (
        f"There is no {__name__}.Mailer in the state. Yield an instance from the lifespan, set it in a guard, or give "
        "it to TestClient(app, state=[...])."
    )
    assert logged(caplog) == [f"GET '/api' failed in get of pages/api/index.py: LookupError: {sentence!r}"]


def test_ambiguous_state_is_a_500_whose_log_names_the_candidates(caplog: pytest.LogCaptureFixture) -> None:
    app = create_app({"api/index.py": MAILING}, state=[FakeMailer(), OtherMailer()])
    assert told(client(app).get("/api")) == (500, FAILED)
    sentence = "Several objects of the state are a Mailer: FakeMailer, OtherMailer. Ask for one of them."
    assert logged(caplog) == [f"GET '/api' failed in get of pages/api/index.py: LookupError: {sentence!r}"]


def test_state_of_a_test_leaves_the_app_as_it_was() -> None:
    app = create_app({"api/index.py": MAILING}, state=[Mailer()])
    assert client(app, state=[FakeMailer()]).get("/api").text == "fake"
    assert client(app).get("/api").text == "real"


# --- What an app is made of -------------------------------------------------------------------------------------------


def test_app_knows_what_it_serves() -> None:
    app = create_app(
        {"api/users/_id_.py": HELLO, "api/index.py": HELLO, "status.py": HELLO}, title="Users", version="2.0"
    )
    assert (app.title, app.version, app.debug) == ("Users", "2.0", False)
    assert [(endpoint.file, endpoint.pattern.template, endpoint.methods) for endpoint in app.endpoints] == [
        ("pages/api/index.py", "/api", ("GET", "HEAD", "OPTIONS")),
        ("pages/api/users/_id_.py", "/api/users/{id}", ("GET", "HEAD", "OPTIONS")),
        ("pages/status.py", "/status", ("GET", "HEAD", "OPTIONS")),
    ]
    assert repr(app) == "<TypedAPI 'Users': 3 routes>"


def test_handlers_see_the_app() -> None:
    source = HELLO.replace('res.send("hello")', "res.send(repr(req.app))")
    for middleware in [[], [Middleware(CORSMiddleware)]]:
        app = create_app({"api/index.py": source}, title="Mine", middleware=middleware)
        assert client(app).get("/api").text == "<TypedAPI 'Mine': 1 routes>"


@pytest.mark.parametrize("pages", ["shop_site", "./shop_site", Path("shop_site"), Path.cwd])
def test_routes_are_found_in_a_folder(folder: Callable[..., Path], pages: Any) -> None:
    root = folder({"shop_site/__init__.py": "", "shop_site/api/__init__.py": "", "shop_site/api/index.py": HELLO})
    app = TypedAPI(root / "shop_site" if callable(pages) else pages)
    assert [endpoint.module for endpoint in app.endpoints] == ["shop_site.api.index"]
    assert client(app).get("/api").text == "hello"


def test_routes_are_found_in_a_package(folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(
        {
            "code/shop/__init__.py": "",
            "code/shop/web/__init__.py": "",
            "code/shop/web/pages/__init__.py": "",
            "code/shop/web/pages/hello.py": HELLO,
        }
    )
    monkeypatch.syspath_prepend(root / "code")
    app = TypedAPI("shop.web.pages")
    assert [(endpoint.module, endpoint.file) for endpoint in app.endpoints] == [
        ("shop.web.pages.hello", "pages/hello.py")
    ]
    assert client(app).get("/hello").text == "hello"


def test_folder_is_pages_unless_named(folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder({"pages/__init__.py": "", "pages/hello.py": HELLO})
    monkeypatch.delitem(sys.modules, "pages", raising=False)
    assert [endpoint.file for endpoint in TypedAPI().endpoints] == ["pages/hello.py"]


def test_other_package_of_the_same_name_is_a_start_up_error(folder: Callable[..., Path]) -> None:
    root = folder({"a/shop_site/__init__.py": "", "a/shop_site/hello.py": HELLO, "b/shop_site/__init__.py": ""})
    TypedAPI("a/shop_site")
    with pytest.raises(StartupError) as caught:
        TypedAPI("b/shop_site")
    assert caught.value.problems == (
        f"The folder '{root}/b/shop_site' cannot be imported as 'shop_site': a different module of that name, from "
        f"'{root}/a/shop_site', is imported already. Rename the folder.",
    )


def test_folder_that_does_not_exist_is_a_start_up_error(folder: Callable[..., Path]) -> None:
    root = folder({})
    with pytest.raises(StartupError) as caught:
        TypedAPI("routes")
    assert caught.value.problems == (
        f"There is no folder '{root}/routes' and no package 'routes'. Create one, or name another.",
    )


def test_problems_of_files_and_of_handlers_are_told_at_once() -> None:
    with pytest.raises(StartupError) as caught:
        create_app(
            {
                "api/empty.py": "",
                "api/loose.py": "def get(req, res): ...",
                "api/users/_id_.py": HELLO,
                "api/users/_name_.py": HELLO,
                "api/bad.py": "import typed_api.nonsense",
                "static/x.py": HELLO,
            },
            mounts={"/static": PlainTextResponse("x")},
        )
    import_report, no_handler, not_annotated, hidden, two_names = caught.value.problems
    assert import_report.startswith("'pages/api/bad.py' cannot be imported:\n")
    assert import_report.endswith("ModuleNotFoundError: No module named 'typed_api.nonsense'")
    assert no_handler.startswith("'pages/api/empty.py' has no handler.")
    assert not_annotated == (
        "'pages/api/loose.py': Handler 'get' must be annotated: "
        "def get(req: ApiRequest, res: ApiResponse[...]) -> None."
    )
    assert hidden == "The mount '/static' hides 'pages/static/x.py', which serves '/static/x'. Move one of them."
    assert "'pages/api/users/_id_.py'" in two_names
    assert "'pages/api/users/_name_.py'" in two_names
    assert str(caught.value).startswith("5 problems keep the routes from being served:\n- ")


def test_several_problems_of_one_module_are_all_told() -> None:
    with pytest.raises(StartupError) as caught:
        create_app({"api/x.py": "def get(req, res): ...\nclass post: ..."})
    assert caught.value.problems == (
        "'pages/api/x.py': Handler 'get' must be annotated: def get(req: ApiRequest, res: ApiResponse[...]) -> None.",
        "'pages/api/x.py': Handler 'post' must be a function (req: ApiRequest, res: ApiResponse[...]), not a class.",
    )


def test_doubtful_handler_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    create_app(
        {
            "api/x.py": """
                import functools
                from typed_api import ApiRequest, ApiResponse, Ok

                def slowly(function):
                    @functools.wraps(function)
                    async def wrapper(req, res):
                        return function(req, res)
                    return wrapper

                @slowly
                def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None: ...
            """
        }
    )
    assert logged(caplog) == [
        "'pages/api/x.py': 'get' is a plain function wrapped in an async one, so it runs on the event loop and blocks "
        "every other request while it works. Make it async, or let the decorator keep plain functions plain."
    ]


def test_word_separator_stands_for_underscores() -> None:
    app = create_app({"api/order_items.py": HELLO}, word_separator="-")
    session = client(app)
    assert (session.get("/api/order-items").text, session.get("/api/order_items").status_code) == ("hello", 404)


def test_word_separator_that_cannot_be_is_a_start_up_error() -> None:
    with pytest.raises(StartupError):
        create_app({"api/order_items.py": HELLO}, word_separator="/")


@pytest.mark.parametrize(
    ("variable", "debug", "expected"),
    [
        (None, None, False),
        ("", None, False),
        ("production", None, False),
        ("development", None, True),
        ("development", False, False),
        ("production", True, True),
        ("nonsense", False, False),
    ],
)
def test_development_follows_the_environment_unless_told(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, debug: bool | None, expected: bool
) -> None:
    if variable is None:
        monkeypatch.delenv("TYPED_API_ENV", raising=False)
    else:
        monkeypatch.setenv("TYPED_API_ENV", variable)
    assert create_app({"api/index.py": HELLO}, debug=debug).debug is expected


def test_unknown_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TYPED_API_ENV", "staging")
    with pytest.raises(ConfigError) as caught:
        create_app({"api/index.py": HELLO})
    assert str(caught.value) == ("TYPED_API_ENV='staging' is no known environment. Use 'development' or 'production'.")


async def test_settings_of_folders_hold_below_them() -> None:
    """The nearest setting wins, guards add up, the outermost first."""

    def config(name: str, api: str, limit: int) -> str:
        return f"""
from typed_api import ApiRequest, RouteConfig
from {api}_log import log

def guard(req: ApiRequest[object, object]) -> None:
    log.append({name!r})

config = RouteConfig(before=guard, body_limit={limit})
"""

    telling = HELLO.replace("def get", "def post").replace('res.send("hello")', "res.send(' '.join(log))")
    app = create_app(
        {
            "api/_log.py": "log: list[str] = []",
            "api/__init__.py": config("api", ".", 1),
            "api/users/__init__.py": config("users", "..", 2),
            "api/users/own.py": config("own", "..", 3) + telling,
            "api/users/plain.py": HELLO.replace("def get", "def post"),
        }
    )
    assert (await call(app, "POST", "/api/users/own", body=b"123")).text == "api users own"
    assert (await call(app, "POST", "/api/users/plain", body=b"12")).status == 200
    assert told(await call(app, "POST", "/api/users/plain", body=b"123")) == (
        413,
        problem(413, "Content Too Large", "Body exceeded 2 limit"),
    )


@pytest.mark.parametrize(("coerce", "status_code"), [(False, 422), (True, 200)])
def test_lax_rules_of_json_are_the_app_s_choice(coerce: bool, status_code: int) -> None:
    source = """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent
        async def post(req: ApiRequest[list[int]], res: ApiResponse[Ok[list[int]]]) -> Sent:
            return res.json(req.body)
    """
    app = create_app({"api/index.py": source}, coerce=coerce)
    assert client(app).post("/api", json=["1"]).status_code == status_code


def test_app_that_nobody_holds_is_collected() -> None:
    app = create_app({"api/index.py": HELLO})
    assert client(app).get("/api").text == "hello"
    gone = weakref.ref(app)
    del app
    gc.collect()
    assert gone() is None


def test_collector_is_paused_while_the_routes_are_built() -> None:
    source = HELLO.replace('"hello"', "str(WAS_ON)") + "\nimport gc\nWAS_ON = gc.isenabled()\n"
    assert client(create_app({"api/index.py": source})).get("/api").text == "False"


@pytest.mark.parametrize("was_on", [True, False])
def test_collector_is_left_as_it_was(was_on: bool) -> None:
    """Building pauses the garbage collector, also when it fails."""
    (gc.enable if was_on else gc.disable)()
    try:
        create_app({"api/index.py": HELLO})
        assert gc.isenabled() is was_on
        with pytest.raises(StartupError):
            create_app({"api/index.py": ""})
        assert gc.isenabled() is was_on
    finally:
        gc.enable()


# --- Five thousand routes ---------------------------------------------------------------------------------------------


async def _get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.send(req.url)


async def test_route_is_compiled_when_it_is_first_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 5,000 routes only those cost something that are used, each once for each method."""
    module = ModuleType("many_routes")
    vars(module).update(get=_get)
    api = Segment(SegmentKind.STATIC, "api")
    routes = [
        RouteModule(
            file=Path(f"pages/api/{number}.py"),
            relative=f"api/{number}.py",
            shown=f"pages/api/{number}.py",
            name=module.__name__,
            module=module,
            pattern=Pattern((api, Segment(SegmentKind.STATIC, f"r{number}"), *last)),
            configs=(),
        )
        for number in range(2500)
        for last in ((), (Segment(SegmentKind.DYNAMIC, "id"),))
    ]

    def discover(*arguments: Any, check: Callable[[RouteModule], Iterable[str]], **more: Any) -> list[RouteModule]:
        assert list(itertools.chain.from_iterable(map(check, routes))) == []
        return routes

    compiled: Counter[tuple[str, bool]] = Counter()

    def counted(handler: Any, services: Any, *, is_head: bool = False) -> Any:
        compiled[handler.pattern.template, is_head] += 1
        return compile_handler(handler, services, is_head=is_head)

    monkeypatch.setattr("typed_api.app.discover", discover)
    monkeypatch.setattr("typed_api.app.compile_handler", counted)
    app = TypedAPI("anywhere")
    assert (len(app.endpoints), compiled) == (5000, Counter())
    for _ in range(2):
        for path in ["/api/r7", "/api/r2499/x", "/api/r2499/y"]:
            assert (await call(app, "GET", path)).text == path
        assert (await call(app, "OPTIONS", "/api/r8")).header("allow") == "GET, HEAD, OPTIONS"
        assert (await call(app, "PURGE", "/api/r8")).status == 405
        assert (await call(app, "GET", "/api/r2500")).status == 404
        await call(app, "HEAD", "/api/r7")
    assert compiled == {("/api/r7", False): 1, ("/api/r7", True): 1, ("/api/r2499/{id}", False): 1}


# --- Dispatch ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/users", "/api/users/1/2", "/API", "//api", "/api//", "/api/."])
async def test_path_without_a_route_is_a_404(path: str) -> None:
    app = create_app({"api/index.py": HELLO, "api/users/_id_.py": HELLO})
    answer = await call(app, "GET", path)
    assert told(answer) == (404, NO_ROUTE)
    assert answer.headers == [
        ("content-type", "application/problem+json"),
        ("content-length", str(len(answer.body))),
    ]


@pytest.mark.parametrize("method", ["POST", "DELETE", "TRACE", "PROPFIND", "get", "CONNECT"])
async def test_method_that_is_not_defined_is_a_405(method: str) -> None:
    """Row 47: method functions bring a 405 with `Allow` for every other method, in upper case and of any name."""
    app = create_app({"api/index.py": HELLO})
    answer = await call(app, method, "/api")
    assert told(answer) == (405, problem(405, "Method Not Allowed", "This route answers GET, HEAD, OPTIONS."))
    assert answer.headers == [
        ("content-type", "application/problem+json"),
        ("allow", "GET, HEAD, OPTIONS"),
        ("content-length", str(len(answer.body))),
    ]


@pytest.mark.parametrize(
    ("name", "allow"),
    [
        ("get", "GET, HEAD, OPTIONS"),
        ("post", "OPTIONS, POST"),
        ("head", "HEAD, OPTIONS"),
        ("delete", "DELETE, OPTIONS"),
    ],
)
async def test_options_tell_the_methods_of_a_route(name: str, allow: str) -> None:
    app = create_app({"api/index.py": HELLO.replace("def get", f"def {name}")})
    answer = await call(app, "OPTIONS", "/api")
    assert (answer.status, answer.headers, answer.body) == (204, [("allow", allow)], b"")


async def test_options_of_a_handler_are_its_own_affair() -> None:
    app = create_app({"api/index.py": HELLO.replace("def get", "def handler")})
    answer = await call(app, "OPTIONS", "/api")
    assert (answer.status, answer.text, answer.header("allow")) == (200, "hello", None)


async def test_options_function_answers_itself() -> None:
    app = create_app({"api/index.py": HELLO.replace("def get", "def options")})
    assert (await call(app, "OPTIONS", "/api")).text == "hello"


async def test_options_of_a_path_without_a_route_are_a_404() -> None:
    assert told(await call(create_app({"api/index.py": HELLO}), "OPTIONS", "/nothing")) == (404, NO_ROUTE)


@pytest.mark.parametrize(
    ("source", "status"),
    [(HELLO, 200), (HELLO.replace("def get", "def handler"), 200), (HELLO.replace("def get", "def post"), 405)],
)
async def test_head_has_the_head_of_get(source: str, status: int) -> None:
    app = create_app({"api/index.py": source})
    get, head = await call(app, "GET", "/api"), await call(app, "HEAD", "/api")
    assert (head.status, head.headers, head.body) == (status, get.headers, b"")


async def test_head_of_a_path_without_a_route_has_the_head_of_the_404() -> None:
    app = create_app({"api/index.py": HELLO})
    get, head = await call(app, "GET", "/nothing"), await call(app, "HEAD", "/nothing")
    assert (head.status, head.headers, head.body) == (404, get.headers, b"")


@pytest.mark.parametrize(
    ("path", "segment", "why"),
    [
        ("/api/%zz", "%zz", "is no percent-encoded UTF-8"),
        ("/api/%ff", "%ff", "is no percent-encoded UTF-8"),
        ("/api/a%00b", "a%00b", "holds a NUL character"),
    ],
)
async def test_path_that_cannot_be_decoded_is_a_400(path: str, segment: str, why: str) -> None:
    """Rows 139 and 140: a broken escape, bytes that are no UTF-8, a NUL."""
    answer = await call(create_app({"api/_id_.py": HELLO}), "GET", path)
    assert told(answer) == (400, problem(400, "Bad Request", f"The path segment {segment!r} {why}."))


# Named, because the texts themselves would be the names of the tests.
LONG = ["path", "query", "pairs"]


@pytest.mark.parametrize("target", ["/" + "a" * 65_536, "/api?" + "a" * 65_537, "/api?" + "&" * 10_000], ids=LONG)
async def test_url_that_is_too_long_is_a_414(target: str) -> None:
    app = create_app({"api/index.py": HELLO})
    assert told(await call(app, "GET", target)) == (414, problem(414, "URI Too Long", "The URL is too long."))


@pytest.mark.parametrize("target", ["/" + "a" * 65_535, "/api?" + "a" * 65_536, "/api?" + "&" * 9_999], ids=LONG)
async def test_url_that_is_just_short_enough_is_served(target: str) -> None:
    app = create_app({"api/index.py": HELLO, "_any_.py": HELLO})
    assert (await call(app, "GET", target)).status == 200


async def test_escaped_slash_is_no_slash() -> None:
    source = HELLO.replace('res.send("hello")', 'res.json(req.query["id"])')
    app = create_app({"api/_id_.py": source, "api/a/b.py": HELLO})
    assert (await call(app, "GET", "/api/a%2Fb")).json == "a/b"


@pytest.mark.parametrize(
    ("path", "parameter"), [("/api/7", "7"), ("/api/a b", "a b"), ("/api/ü", "ü"), ("/api/100%", "100%")]
)
async def test_server_may_leave_the_undecoded_path_out(path: str, parameter: str) -> None:
    """ASGI: `raw_path` is optional; the path is then all there is."""
    source = HELLO.replace('res.send("hello")', 'res.json(req.query["id"])')
    scope = {**make_scope("GET", "/"), "path": path}
    del scope["raw_path"]
    answer = await exchange(create_app({"api/_id_.py": source}), scope, [piece(b"")])
    assert answer.json == parameter


@pytest.mark.parametrize("left_out", ["root_path", "http_version", "client"])
async def test_server_may_leave_out_what_asgi_calls_optional(left_out: str) -> None:
    scope = make_scope("GET", "/api")
    del scope[left_out]
    answer = await exchange(create_app({"api/index.py": HELLO}), scope, [piece(b"")])
    assert answer.text == "hello"


@pytest.mark.parametrize("middleware", [[], [Middleware(CORSMiddleware)]])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api"),
        ("POST", "/api"),
        ("OPTIONS", "/api"),
        ("POST", "/api/"),
        ("POST", "/nothing"),
        ("POST", "/static/x"),
        ("POST", "/raises"),
    ],
)
async def test_request_of_two_lengths_is_refused_everywhere_and_its_connection_closed(
    method: str, path: str, middleware: list[Middleware]
) -> None:
    """RFC 9112 §6.1: what is left over would be read as a second request."""
    app = create_app(
        {"api/index.py": HELLO, "raises.py": RAISES.format("KeyError()").replace("def get", "def post")},
        middleware=middleware,
        mounts={"/static": spot("mounted")},
        exception_handlers={Exception: lambda request, error: PlainTextResponse("x"), 404: not_found, 405: not_found},
    )
    answer = await call(app, method, path, headers={"content-length": "3"}, chunks=[b"abc"])
    assert told(answer) == (
        400,
        problem(400, "Bad Request", "Content-Length and Transfer-Encoding exclude each other."),
    )
    assert (answer.header("connection"), answer.received) == ("close", 0)


def not_found(request: Request, error: Exception) -> Response:
    return PlainTextResponse("x")


WEBSOCKET: Scope = {"type": "websocket", "path": "/api", "raw_path": b"/api", "query_string": b"", "headers": []}


@pytest.mark.parametrize(
    "path", ["/api", "/nothing", "/api/%zz", "/" + "a" * 65_536], ids=["route", "no route", "broken escape", "long"]
)
@pytest.mark.parametrize("middleware", [[], [Middleware(CORSMiddleware)]])
async def test_websocket_is_closed(path: str, middleware: list[Middleware]) -> None:
    app = create_app({"api/index.py": HELLO, "api/_id_.py": HELLO}, middleware=middleware)
    answer = await exchange(app, {**WEBSOCKET, "path": path, "raw_path": path.encode()})
    assert answer.sent == [{"type": "websocket.close", "code": 1000, "reason": ""}]


# --- The slash at the end ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_slash_at_the_end_is_redirected(method: str) -> None:
    app = create_app({"api/users/index.py": HELLO})
    answer = await call(app, method, "/api/users/")
    assert (answer.status, answer.text, answer.header("location")) == (308, "/api/users", "/api/users")


async def test_redirect_of_head_has_no_body() -> None:
    answer = await call(create_app({"api/index.py": HELLO}), "HEAD", "/api/")
    assert (answer.status, answer.body, answer.header("location"), answer.header("content-length")) == (
        308,
        b"",
        "/api",
        "4",
    )


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/api/7/?a=1&b=%20x", "/api/7?a=1&b=%20x"),
        ("/api/a%2Fb/", "/api/a%2Fb"),
        ("/api/%C3%BC/", "/api/%C3%BC"),
        (b"/api/7/?q=\xc3\xbc", "/api/7?q=%C3%BC"),
        (b'/api/7/?q=a\\b"c', "/api/7?q=a%5Cb%22c"),
    ],
)
async def test_redirect_keeps_the_query_and_the_escapes(target: str | bytes, location: str) -> None:
    answer = await call(create_app({"api/_id_.py": HELLO}), "GET", target)
    assert (answer.status, answer.header("location"), answer.text) == (308, location, location)


@pytest.mark.parametrize("path", ["/nothing/", "/api//", "//", "/api/7//", "/api/%zz/"])
async def test_only_one_slash_behind_a_route_is_redirected(path: str) -> None:
    app = create_app({"api/index.py": HELLO, "api/_id_.py": HELLO})
    assert told(await call(app, "GET", path)) == (404, NO_ROUTE)


async def test_redirect_does_not_look_at_the_host() -> None:
    """The host is the client's word, and must not decide where it is sent."""
    answer = await call(create_app({"api/index.py": HELLO}), "GET", "/api/", headers={"host": "evil.example"})
    assert answer.header("location") == "/api"


# --- Middleware -------------------------------------------------------------------------------------------------------


class Tracing:
    """Notes that it was passed through, on the way in and on the way out."""

    def __init__(self, app: ASGIApp, name: str, *, log: list[str]) -> None:
        self.app: ASGIApp = app
        self.name: str = name
        self.log: list[str] = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.log.append(f"in {self.name}")
        await self.app(scope, receive, send)
        self.log.append(f"out {self.name}")


class Acting:
    """Does what a function of the app and of ASGI's three arguments does."""

    def __init__(self, app: ASGIApp, act: Callable[..., Any]) -> None:
        self.app: ASGIApp = app
        self.act: Callable[..., Any] = act

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.act(self.app, scope, receive, send)


def acting(act: Callable[..., Any], **options: Any) -> TypedAPI:
    return create_app({"api/index.py": HELLO}, middleware=[Middleware(Acting, act)], **options)


def test_first_middleware_is_the_outermost() -> None:
    log: list[str] = []
    app = create_app(
        {"api/index.py": HELLO}, middleware=[Middleware(Tracing, "a", log=log), Middleware(Tracing, "b", log=log)]
    )
    assert client(app).get("/api").text == "hello"
    assert log == ["in a", "in b", "out b", "out a"]


@pytest.mark.parametrize("path", ["/api", "/nothing", "/api/", "/static/x"])
async def test_middleware_is_made_once_and_sees_every_request(path: str) -> None:
    log: list[str] = []
    app = create_app(
        {"api/index.py": HELLO},
        middleware=[Middleware(Tracing, "a", log=log)],
        mounts={"/static": PlainTextResponse("mounted")},
    )
    await call(app, "GET", path)
    assert log == ["in a", "out a"]


def test_middleware_sees_the_app_in_the_scope() -> None:
    seen: list[object] = []

    async def look(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["app"])
        await app(scope, receive, send)

    app = acting(look)
    client(app).get("/api")
    assert seen == [app]


def test_middleware_may_change_the_answer() -> None:
    async def stamp(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-stamp", b"1")]
            await send(message)

        await app(scope, receive, stamped)

    session = client(acting(stamp))
    assert [session.get(path).headers["x-stamp"] for path in ("/api", "/nothing", "/api/")] == ["1", "1", "1"]


def test_middleware_may_answer_itself() -> None:
    async def refuse(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("no", 403)(scope, receive, send)

    answer = client(acting(refuse)).get("/api")
    assert (answer.status_code, answer.text) == (403, "no")


async def fail_first(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    raise KeyError("x")


async def refuse_first(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    raise ApiError(401, "Who are you?", {"www-authenticate": "Bearer"})


async def never_call(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    pass


async def call_twice(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)
    await app(scope, receive, send)


async def fail_late(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)
    raise KeyError("late")


async def test_middleware_that_fails_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    assert told(await call(acting(fail_first), "GET", "/api")) == (500, FAILED)
    assert logged(caplog) == ["GET '/api' failed in the middleware: KeyError: \"'x'\""]


async def test_middleware_may_refuse_like_a_handler() -> None:
    answer = await call(acting(refuse_first), "GET", "/api")
    assert told(answer) == (401, problem(401, "Unauthorized", "Who are you?"))
    assert answer.header("www-authenticate") == "Bearer"


async def test_exception_of_the_middleware_is_handled_like_any_other() -> None:
    def teapot(request: Request, error: KeyError) -> Response:
        return PlainTextResponse("tea", 418)

    answer = await call(acting(fail_first, exception_handlers={KeyError: teapot}), "GET", "/api")
    assert (answer.status, answer.text) == (418, "tea")


async def test_middleware_that_does_nothing_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    assert told(await call(acting(never_call), "GET", "/api")) == (500, FAILED)
    assert logged(caplog) == [
        "GET '/api' failed in the middleware: RuntimeError: 'The middleware neither answered nor called the app.'"
    ]


async def test_middleware_that_only_reads_is_a_500_too() -> None:
    async def read(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

    assert told(await call(acting(read), "GET", "/api")) == (500, FAILED)


async def test_middleware_that_calls_the_app_twice_is_stopped() -> None:
    """The first answer is out whole; nothing of the second is sent."""
    sent: list[Message] = []

    async def receive() -> Message:
        return piece(b"")

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(RuntimeError) as caught:
        await acting(call_twice)(make_scope("GET", "/api"), receive, send)
    assert str(caught.value) == "The middleware started a second response. Call the app at most once."
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


async def test_middleware_that_fails_after_the_answer_leaves_it_alone() -> None:
    with pytest.raises(KeyError):
        await call(acting(fail_late), "GET", "/api")


async def test_middleware_sees_the_client_leave_without_a_500(caplog: pytest.LogCaptureFixture) -> None:
    async def pass_on(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    source = HELLO.replace("def get", "def post")
    app = create_app({"api/index.py": source}, middleware=[Middleware(Acting, pass_on)])
    scope = make_scope("POST", "/api", {"content-length": "5"})
    answer = await exchange(app, scope, [piece(b"a", more=True), {"type": "http.disconnect"}])
    assert (answer.sent, logged(caplog)) == ([], [])


def cors_app(source: str = HELLO) -> TypedAPI:
    return create_app(
        {"api/index.py": source},
        middleware=[Middleware(CORSMiddleware, allow_origins=["https://a.example"], allow_methods=["GET", "PUT"])],
        exception_handlers={LookupError: lambda request, error: PlainTextResponse("found nothing", 410)},
    )


@pytest.mark.parametrize(
    ("app", "method", "path", "status"),
    [
        (cors_app(), "GET", "/api", 200),
        (cors_app(), "POST", "/api", 405),
        (cors_app(), "GET", "/nothing", 404),
        (cors_app(), "GET", "/api/", 308),
        (cors_app(RAISES.format("ApiError(409)")), "GET", "/api", 409),
        (cors_app(RAISES.format("RuntimeError()")), "GET", "/api", 500),
        (cors_app(RAISES.format("KeyError()")), "GET", "/api", 410),
    ],
)
async def test_origin_may_read_every_answer(app: TypedAPI, method: str, path: str, status: int) -> None:
    """An error without the header would be hidden from the script that caused it."""
    answer = await call(app, method, path, headers={"origin": "https://a.example"})
    assert (answer.status, answer.header("access-control-allow-origin")) == (status, "https://a.example")


async def test_preflight_is_answered_by_the_middleware() -> None:
    answer = await call(
        cors_app(),
        "OPTIONS",
        "/api",
        headers={"origin": "https://a.example", "access-control-request-method": "PUT"},
    )
    assert (answer.status, answer.header("access-control-allow-methods")) == (200, "GET, PUT")


# --- Mounts -----------------------------------------------------------------------------------------------------------


async def tell_where(request: Request) -> Response:
    scope = request.scope
    return JSONResponse([scope["path"], scope["root_path"], scope.get("app_root_path"), request.url.path])


def spot(name: str) -> ASGIApp:
    """Make an app that says its name and where it believes to be."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse([name, scope["root_path"], scope["path"]])(scope, receive, send)

    return app


async def test_mount_is_served_below_its_prefix() -> None:
    app = create_app({"api/index.py": HELLO}, mounts={"/other": Starlette(routes=[Route("/where/{x}", tell_where)])})
    assert (await call(app, "GET", "/other/where/1")).json == ["/other/where/1", "/other", "", "/other/where/1"]
    assert (await call(app, "GET", "/other/nothing")).text == "Not Found"
    assert (await call(app, "GET", "/api")).text == "hello"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a", ["short", "/a", "/a"]),
        ("/a/", ["short", "/a", "/a/"]),
        ("/a/x", ["short", "/a", "/a/x"]),
        ("/a/b", ["long", "/a/b", "/a/b"]),
        ("/a/b/c", ["long", "/a/b", "/a/b/c"]),
        ("/a/bc", ["short", "/a", "/a/bc"]),
        ("/ab", ["root", "", "/ab"]),
        ("/nothing/", ["root", "", "/nothing/"]),
        ("/", ["root", "", "/"]),
    ],
)
async def test_longest_prefix_wins_and_the_root_is_the_rest(path: str, expected: list[str]) -> None:
    app = create_app({"api/index.py": HELLO}, mounts={"/": spot("root"), "/a": spot("short"), "/a/b/": spot("long")})
    assert (await call(app, "GET", path)).json == expected


async def test_routes_come_before_a_mount_at_the_root() -> None:
    app = create_app({"api/index.py": HELLO}, mounts={"/": spot("root")})
    assert (await call(app, "GET", "/api")).text == "hello"
    assert (await call(app, "GET", "/api/")).status == 308
    assert (await call(app, "POST", "/api")).status == 405


async def test_mount_gets_websockets() -> None:
    seen: list[tuple[str, str]] = []

    async def chat(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope["root_path"], scope["path"]))

    app = create_app({"api/index.py": HELLO}, mounts={"/chat": chat})
    await exchange(app, {**WEBSOCKET, "path": "/chat/1", "raw_path": b"/chat/1"})
    assert seen == [("/chat", "/chat/1")]
    root = create_app({"api/index.py": HELLO}, mounts={"/": chat})
    await exchange(root, WEBSOCKET)
    assert seen[1:] == [("", "/api")]


async def test_mount_sees_the_app_that_it_is_in() -> None:
    seen: list[object] = []

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["app"])
        await PlainTextResponse("")(scope, receive, send)

    app = create_app({"api/index.py": HELLO}, mounts={"/look": look})
    await call(app, "GET", "/look")
    assert seen == [app]


async def test_app_may_be_mounted_in_another() -> None:
    inner = create_app({"api/_id_.py": WHERE, "index.py": WHERE})
    app = create_app({"api/index.py": HELLO}, mounts={"/v1": inner})
    assert (await call(app, "GET", "/v1/api/a%2Fb?q=1")).json == ["/api/a/b", "/api/a%2Fb?q=1", "/v1"]
    assert (await call(app, "GET", "/v1")).json == ["/", "/", "/v1"]
    assert (await call(app, "GET", "/v1/api/7/")).header("location") == "/v1/api/7"


def test_files_of_a_folder_may_be_mounted(tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text("body{}")
    app = create_app({"api/index.py": HELLO}, mounts={"/static": StaticFiles(directory=tmp_path)})
    answer = client(app).get("/static/style.css")
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (
        200,
        "body{}",
        "text/css; charset=utf-8",
    )


@pytest.mark.parametrize("middleware", [[], [Middleware(CORSMiddleware)]])
def test_file_that_is_not_there_is_a_404(tmp_path: Path, middleware: list[Middleware]) -> None:
    """`StaticFiles` raises, and leaves the answer to the app around it."""
    app = create_app(
        {"api/index.py": HELLO}, mounts={"/static": StaticFiles(directory=tmp_path)}, middleware=middleware
    )
    assert told(client(app).get("/static/style.css")) == (404, problem(404, "Not Found", "Not Found"))


async def test_exception_of_a_mount_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise KeyError("x")

    app = create_app({"api/index.py": HELLO}, mounts={"/broken": broken})
    assert told(await call(app, "GET", "/broken")) == (500, FAILED)
    assert logged(caplog) == ["GET '/broken' failed in the mount '/broken': KeyError: \"'x'\""]


async def test_exception_of_a_mount_at_the_root_names_it(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise KeyError("x")

    app = create_app({"api/index.py": HELLO}, mounts={"/": broken})
    assert told(await call(app, "GET", "/nothing")) == (500, FAILED)
    assert logged(caplog) == ["GET '/nothing' failed in the mount '/': KeyError: \"'x'\""]
    with pytest.raises(KeyError):
        await exchange(app, WEBSOCKET)


async def test_exception_of_a_mount_after_its_answer_is_the_server_s() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("half")(scope, receive, send)
        raise KeyError("x")

    app = create_app({"api/index.py": HELLO}, mounts={"/broken": broken})
    with pytest.raises(KeyError):
        await call(app, "GET", "/broken")


@pytest.mark.parametrize(
    ("mounts", "problems"),
    [
        ({"static": spot("a")}, ["The mount 'static' must start with '/'."]),
        ({"": spot("a")}, ["The mount '' must start with '/'."]),
        ({"/static": "folder"}, ["The mount '/static' must be an ASGI app, not 'str'."]),
        (
            {"static": None, "/a": spot("a")},
            ["The mount 'static' must start with '/'.", "The mount 'static' must be an ASGI app, not 'NoneType'."],
        ),
        (
            {"/api": spot("a")},
            [
                "The mount '/api' hides 'pages/api/index.py', which serves '/api'. Move one of them.",
                "The mount '/api' hides 'pages/api/users/_id_.py', which serves '/api/users/{id}'. Move one of them.",
            ],
        ),
        (
            {"/api/users/": spot("a")},
            [
                "The mount '/api/users' hides 'pages/api/users/_id_.py', which serves '/api/users/{id}'. Move one of "
                "them."
            ],
        ),
    ],
)
def test_mount_that_cannot_be_is_a_start_up_error(mounts: Any, problems: list[str]) -> None:
    with pytest.raises(StartupError) as caught:
        create_app({"api/index.py": HELLO, "api/users/_id_.py": HELLO}, mounts=mounts)
    assert list(caught.value.problems) == problems


async def test_mount_may_take_a_part_of_a_dynamic_route() -> None:
    app = create_app({"_page_.py": HELLO}, mounts={"/static": spot("a")})
    assert (await call(app, "GET", "/static")).json == ["a", "/static", "/static"]
    assert (await call(app, "GET", "/other")).text == "hello"


# --- Below a prefix ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outside", "prefix"),
    [
        (lambda app: Starlette(routes=[Mount("/v1", app)]), "/v1"),
        (lambda app: Starlette(routes=[Mount("/a", Starlette(routes=[Mount("/b c", app)]))]), "/a/b c"),
        (lambda app: Starlette(routes=[Mount("/ü", app)]), "/ü"),
    ],
)
def test_app_may_be_mounted_under_starlette(outside: Callable[[ASGIApp], ASGIApp], prefix: str) -> None:
    app = create_app({"index.py": WHERE, "api/index.py": WHERE, "api/_id_.py": WHERE})
    session = client(outside(app))
    assert session.get(f"{prefix}/api").json() == ["/api", "/api", prefix]
    assert session.get(f"{prefix}/api/a%2Fb?q=%20").json() == ["/api/a/b", "/api/a%2Fb?q=%20", prefix]
    assert session.get(f"{prefix}/").json() == ["/", "/", prefix]
    assert told(session.get(f"{prefix}/nothing")) == (404, NO_ROUTE)


def test_redirect_of_a_slash_keeps_the_prefix() -> None:
    app = create_app({"api/users/index.py": HELLO})
    session = client(Starlette(routes=[Mount("/a", Starlette(routes=[Mount("/ü b", app)]))]))
    answer = session.get("/a/ü b/api/users/?x=1")
    assert (answer.status_code, answer.headers["location"]) == (308, "/a/%C3%BC%20b/api/users?x=1")
    assert session.get(answer.headers["location"]).text == "hello"


@pytest.mark.parametrize("raw_path", [b"/v1/api", b"/api"])
async def test_proxy_may_strip_the_prefix_or_not(raw_path: bytes) -> None:
    """Servers differ: with a root path some give the whole path, others what is left of it."""
    path = raw_path.decode()
    scope = {**make_scope("GET", path), "root_path": "/v1"}
    answer = await exchange(create_app({"api/index.py": WHERE}), scope, [piece(b"")])
    assert answer.json == ["/api", "/api", "/v1"]


def test_state_of_an_app_under_starlette_is_what_was_given() -> None:
    app = create_app({"api/index.py": MAILING}, state=[Mailer()])
    assert client(Starlette(routes=[Mount("/v1", app)])).get("/v1/api").text == "real"


# --- Exceptions -------------------------------------------------------------------------------------------------------


def raising(what: str, **options: Any) -> TypedAPI:
    return create_app({"api/index.py": RAISES.format(what)}, **options)


@pytest.mark.parametrize(
    ("what", "status", "detail", "headers"),
    [
        ("ApiError(409, 'Taken.')", 409, "Taken.", {}),
        ("ApiError(429, 'Slow.', {'Retry-After': '30'})", 429, "Slow.", {"retry-after": "30"}),
        ("Teapot(418, 'Tea.')", 418, "Tea.", {}),
        ("HTTPException(403, 'No.', {'X-A': '1'})", 403, "No.", {"x-a": "1"}),
        ("HTTPException(404)", 404, "Not Found", {}),
        ("HTTPException(503, 'Later.')", 503, "Later.", {}),
        ("ApiError(409, 'x', {'Content-Length': '1', 'Content-Type': 'a/b'})", 409, "x", {}),
    ],
)
async def test_refusal_is_a_problem(
    what: str, status: int, detail: str, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    answer = await call(raising(what), "GET", "/api")
    assert (answer.status, answer.json["status"], answer.json["detail"]) == (status, status, detail)
    assert dict(answer.headers) == {
        "content-type": "application/problem+json",
        "content-length": str(len(answer.body)),
        **headers,
    }
    assert logged(caplog) == []


@pytest.mark.parametrize("what", ["ApiError(404)", "HTTPException(404, '')"])
async def test_refusal_without_a_detail_has_none(what: str) -> None:
    answer = await call(raising(what), "GET", "/api")
    assert told(answer) == (404, {"type": "about:blank", "title": "Not Found", "status": 404})


@pytest.mark.parametrize(
    ("what", "status", "headers"),
    [
        ("HTTPException(303, headers={'location': '/login'})", 303, {"location": "/login", "content-length": "0"}),
        ("HTTPException(204, 'x')", 204, {}),
        ("HTTPException(304, headers={'etag': '\"a\"'})", 304, {"etag": '"a"'}),
    ],
)
async def test_exception_that_is_no_error_is_answered_without_a_body(
    what: str, status: int, headers: dict[str, str]
) -> None:
    """Starlette's `HTTPException` may bear any status."""
    answer = await call(raising(what), "GET", "/api")
    assert (answer.status, dict(answer.headers), answer.body) == (status, headers, b"")


@pytest.mark.parametrize(
    "what",
    [
        "ApiError(409, 'x', {'x-a': 'a\\nb'})",
        "HTTPException(409, 'x', {'x a': '1'})",
        "HTTPException(307, headers={'x': '\\n'})",
    ],
)
async def test_refusal_whose_headers_cannot_be_sent_is_a_500(what: str, caplog: pytest.LogCaptureFixture) -> None:
    assert told(await call(raising(what), "GET", "/api")) == (500, FAILED)
    assert len(logged(caplog)) == 1


async def test_exception_handler_of_the_nearest_class_answers() -> None:
    def handlers(*classes: type[Exception]) -> dict[Any, Any]:
        return {cls: lambda request, error, cls=cls: PlainTextResponse(cls.__name__) for cls in classes}

    async def name(what: str, *classes: type[Exception]) -> str:
        return (await call(raising(what, exception_handlers=handlers(*classes)), "GET", "/api")).text

    assert await name("KeyError()", LookupError, KeyError, Exception) == "KeyError"
    assert await name("KeyError()", LookupError, Exception) == "LookupError"
    assert await name("KeyError()", ValueError, Exception) == "Exception"
    assert await name("Teapot(418)", ApiError, Exception) == "ApiError"
    assert await name("HTTPException(418)", HTTPException, Exception) == "HTTPException"


@pytest.mark.parametrize("is_async", [True, False])
async def test_exception_handler_gets_request_and_exception(is_async: bool) -> None:
    def tell(request: Request, error: KeyError) -> Response:
        return JSONResponse([request.method, request.url.path, request.app.title, str(error)], 418)

    async def tell_async(request: Request, error: KeyError) -> Response:
        return tell(request, error)

    app = raising("KeyError(5)", exception_handlers={KeyError: tell_async if is_async else tell}, title="Mine")
    answer = await call(app, "GET", "/api")
    assert (answer.status, answer.json, answer.header("x-abandoned")) == (418, ["GET", "/api", "Mine", "5"], None)


async def test_exception_handler_may_be_an_object() -> None:
    class Teapot:
        async def __call__(self, request: Request, error: KeyError) -> Response:
            return PlainTextResponse("tea", 418)

    answer = await call(raising("KeyError()", exception_handlers={KeyError: Teapot()}), "GET", "/api")
    assert (answer.status, answer.text) == (418, "tea")


@pytest.mark.parametrize(
    ("handled", "what", "path", "expected"),
    [
        (404, "KeyError()", "/nothing", "404"),
        (404, "ApiError(404)", "/api", "404"),
        (404, "HTTPException(404)", "/api", "404"),
        (409, "ApiError(404)", "/api", None),
        (500, "KeyError()", "/api", "500"),
        (500, "ApiError(500)", "/api", "500"),
        (Exception, "KeyError()", "/api", "500"),
        (Exception, "ApiError(500)", "/api", "500"),
        (Exception, "ApiError(404)", "/api", None),
        (Exception, "KeyError()", "/nothing", None),
        (405, "KeyError()", "/post", "405"),
    ],
)
async def test_exception_handler_of_a_status_answers(handled: Any, what: str, path: str, expected: str | None) -> None:
    def answer(request: Request, error: Exception) -> Response:
        return PlainTextResponse(str(getattr(error, "status_code", 500)), 299)

    app = create_app(
        {"api/index.py": RAISES.format(what), "post.py": HELLO.replace("def get", "def post")},
        exception_handlers={handled: answer},
    )
    result = await call(app, "GET", path)
    assert (result.text if result.status == 299 else None) == expected


async def test_handler_of_500_beats_that_of_every_exception() -> None:
    app = raising(
        "KeyError()",
        exception_handlers={
            Exception: lambda request, error: PlainTextResponse("class"),
            500: lambda request, error: PlainTextResponse("status"),
        },
    )
    assert (await call(app, "GET", "/api")).text == "status"


async def test_exception_handler_that_fails_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    def broken(request: Request, error: Exception) -> Response:
        raise ValueError("broken")

    answer = await call(raising("KeyError()", exception_handlers={KeyError: broken}), "GET", "/api")
    assert told(answer) == (500, FAILED)
    assert logged(caplog) == ["GET '/api' failed in the exception handler for KeyError: ValueError: 'broken'"]


async def test_exception_handler_may_refuse() -> None:
    def refuse(request: Request, error: Exception) -> Response:
        raise ApiError(404, "No such thing.")

    answer = await call(raising("KeyError()", exception_handlers={KeyError: refuse}), "GET", "/api")
    assert told(answer) == (404, problem(404, "Not Found", "No such thing."))


@pytest.mark.parametrize(
    ("what", "status", "body"),
    [("KeyError('x')", 500, FAILED), ("ApiError(409, 'T.')", 409, problem(409, "Conflict", "T."))],
)
async def test_exception_handler_that_raises_again_leaves_it_to_us(
    what: str, status: int, body: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    async def again(request: Request, error: Exception) -> Response:
        raise error

    app = raising(what, exception_handlers={KeyError: again, ApiError: again})
    assert told(await call(app, "GET", "/api")) == (status, body)
    assert logged(caplog) == (
        ["GET '/api' failed in get of pages/api/index.py: KeyError: \"'x'\""] if status == 500 else []
    )


async def test_exception_handler_that_returns_no_response_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    app = raising("KeyError()", exception_handlers={KeyError: lambda request, error: {"error": "x"}})
    assert told(await call(app, "GET", "/api")) == (500, FAILED)
    sentence = "The exception handler for KeyError returned 'dict'. Return a starlette Response."
    assert logged(caplog) == [f"GET '/api' failed in the exception handler for KeyError: TypeError: {sentence!r}"]


async def test_exception_handler_whose_answer_breaks_off_is_not_answered_again() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"a"
        raise ValueError("broken")

    sent: list[Message] = []

    async def receive() -> Message:
        return piece(b"")

    async def send(message: Message) -> None:
        sent.append(message)

    app = raising("KeyError()", exception_handlers={KeyError: lambda request, error: StreamingResponse(chunks())})
    with pytest.raises(ValueError, match="broken"):
        await app({**make_scope("GET", "/api"), "asgi": {"version": "3.0", "spec_version": "2.4"}}, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


async def test_text_of_an_exception_cannot_forge_the_log(caplog: pytest.LogCaptureFixture) -> None:
    await call(raising("RuntimeError('a\\nINFO: all is well')"), "GET", "/api")
    assert logged(caplog) == ["GET '/api' failed in get of pages/api/index.py: RuntimeError: 'a\\nINFO: all is well'"]
    assert "\nINFO: all is well" not in caplog.text


async def test_exception_whose_text_fails_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    source = """
        from typed_api import ApiRequest, ApiResponse, Ok

        class Mute(Exception):
            def __str__(self):
                raise ValueError("no text")

        async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:
            raise Mute
    """
    for debug in (False, True):
        assert (await call(create_app({"api/index.py": source}, debug=debug), "GET", "/api")).status == 500
    assert logged(caplog) == ["GET '/api' failed in get of pages/api/index.py: Mute: '(its text cannot be read)'"] * 2


# --- Development ------------------------------------------------------------------------------------------------------

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_program_gets_the_traceback_in_development() -> None:
    answer = await call(raising("KeyError('<b>')", debug=True), "GET", "/api", headers={"accept": "*/*"})
    body = answer.json
    traceback = body.pop("traceback")
    assert (answer.status, answer.header("content-type")) == (500, "application/problem+json")
    assert body == problem(500, "Internal Server Error", "KeyError: '<b>'")
    assert (traceback[0], traceback[-1]) == ("Traceback (most recent call last):", "KeyError: '<b>'")


async def test_program_gets_the_errors_of_a_body_that_does_not_fit_in_development() -> None:
    app = create_app({"api/index.py": HELLO.replace("send", "json").replace("Ok[str]", "Ok[int]")}, debug=True)
    body = (await call(app, "GET", "/api")).json
    assert body["errors"] == [
        {
            "loc": [],
            "msg": "Input should be a valid integer, unable to parse string as an integer",
            "type": "int_parsing",
        }
    ]


async def test_browser_gets_an_escaped_page_in_development() -> None:
    app = create_app({"api/_id_.py": RAISES.format("KeyError('<script>alert(1)</script>')")}, debug=True)
    answer = await call(app, "GET", "/api/<img onerror=x>", headers=BROWSER)
    assert (answer.status, answer.header("content-type")) == (500, "text/html; charset=utf-8")
    assert answer.header("content-security-policy") == "default-src 'none'; style-src 'unsafe-inline'"
    assert answer.header("content-length") == str(len(answer.body))
    assert "<script" not in answer.text
    assert "<img" not in answer.text
    assert "<h1>KeyError: &#x27;&lt;script&gt;alert(1)&lt;/script&gt;&#x27;</h1>" in answer.text
    assert "<p>GET /api/&lt;img onerror=x&gt;</p>" in answer.text
    assert "Traceback (most recent call last):" in answer.text


async def test_head_of_the_page_has_no_body() -> None:
    answer = await call(raising("KeyError()", debug=True), "HEAD", "/api", headers=BROWSER)
    assert (answer.status, answer.body, answer.header("content-length") == "0") == (500, b"", False)


@pytest.mark.parametrize("headers", [BROWSER, {"accept": "application/json"}, {"x-debug": "1"}])
async def test_production_tells_nothing(headers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "in the environment")
    answer = await call(raising("KeyError(__import__('os').environ['SECRET'])"), "GET", "/api", headers=headers)
    assert told(answer) == (500, FAILED)
    assert answer.headers == [
        ("content-type", "application/problem+json"),
        ("content-length", str(len(answer.body))),
    ]


@pytest.mark.parametrize("debug", [True, False])
async def test_refusals_are_the_same_in_development(debug: bool) -> None:
    answer = await call(raising("ApiError(409, 'T.')", debug=debug), "GET", "/api", headers=BROWSER)
    assert told(answer) == (409, problem(409, "Conflict", "T."))


# --- Instead of an app that cannot start ------------------------------------------------------------------------------


async def test_failure_is_shown_on_every_path() -> None:
    app = failure_app("1 problem keeps <the> routes\n- from being served")
    answer = await call(app, "POST", "/anything")
    assert told(answer) == (
        500,
        problem(
            500,
            "Internal Server Error",
            "The app cannot start",
            traceback=["1 problem keeps <the> routes", "- from being served"],
        ),
    )
    page = await call(app, "GET", "/anything", headers=BROWSER)
    assert "<pre>1 problem keeps &lt;the&gt; routes\n- from being served</pre>" in page.text


async def test_failure_starts_stops_and_closes_websockets() -> None:
    app = failure_app("x")
    assert await live(app) == ([{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}], None)
    answer = await exchange(app, WEBSOCKET)
    assert answer.sent == [{"type": "websocket.close", "code": 1011, "reason": ""}]


def test_app_logs_nothing_of_what_is_fine(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "typed_api")
    session = client(create_app({"api/index.py": HELLO}))
    for path in ("/api", "/nothing", "/api/"):
        session.get(path)
    assert logged(caplog) == []


def test_environment_of_a_request_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TYPED_API_TEST_VALUE", "7")
    source = HELLO.replace('"hello"', 'req.env["TYPED_API_TEST_VALUE"]')
    assert client(create_app({"api/index.py": source})).get("/api").text == os.environ["TYPED_API_TEST_VALUE"]


# --- What a handler of exceptions is given ----------------------------------------------------------------------------

TAKES = """
from pydantic import BaseModel
from typed_api import ApiError, ApiRequest, ApiResponse, Ok, RouteConfig, Sent

class Item(BaseModel):
    size: int

config = RouteConfig(body_limit="2mb")

async def post(req: ApiRequest[Item], res: ApiResponse[Ok[str]]) -> Sent:
    return res.send("made")
"""
STREAMS = """
from typed_api import ApiError, ApiRequest, ApiResponse, Ok, RouteConfig, Sent

config = RouteConfig(parse_body=False)

async def post(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    async for piece in req.stream():
        if b"!" in piece:
            break
    raise ApiError(409)
"""
JSON_TYPE = {"content-type": "application/json"}


async def echo_body(request: Request, error: ApiError) -> Response:
    return Response(await request.body(), error.status_code)


@pytest.mark.parametrize("middleware", [[], [Middleware(Tracing, "a", log=[])]])
@pytest.mark.parametrize("chunks", [[b'{"size":"x"}'], [b'{"si', b'ze":"x"}']])
async def test_exception_handler_may_read_the_body_that_was_read_before(
    chunks: list[bytes], middleware: list[Middleware]
) -> None:
    """Past the end of a body a server's receive waits for the client to leave: the handler would hang."""
    app = create_app({"api/index.py": TAKES}, exception_handlers={ApiError: echo_body}, middleware=middleware)
    answer = await call(app, "POST", "/api", headers=JSON_TYPE, chunks=chunks)
    assert (answer.status, answer.body, answer.received) == (422, b'{"size":"x"}', len(chunks) + 1)


async def test_exception_handler_may_read_a_body_that_nobody_has_read() -> None:
    source = TAKES.replace('body_limit="2mb"', "before=refuse").replace(
        "config =", "def refuse(req: ApiRequest[object, object]) -> None:\n    raise ApiError(401)\n\nconfig ="
    )
    app = create_app({"api/index.py": source}, exception_handlers={401: echo_body})
    answer = await call(app, "POST", "/api", headers=JSON_TYPE, chunks=[b"abc", b"def"])
    assert (answer.status, answer.body) == (401, b"abcdef")


async def test_exception_handler_reads_on_behind_what_was_read() -> None:
    app = create_app({"api/index.py": STREAMS}, exception_handlers={409: echo_body})
    answer = await call(app, "POST", "/api", chunks=[b"abc", b"d!f", b"ghi"])
    assert (answer.status, answer.body) == (409, b"abcd!fghi")


async def test_exception_handler_gets_no_more_of_a_body_that_is_too_long() -> None:
    app = create_app({"api/index.py": TAKES.replace("2mb", "4b")}, exception_handlers={413: echo_body})
    answer = await call(app, "POST", "/api", headers=JSON_TYPE, chunks=[b"abc", b"def", b"ghi"])
    assert (answer.status, answer.body, answer.received) == (413, b"abcdef", 2)


async def test_exception_handler_gets_none_of_a_body_that_is_longer_than_is_kept() -> None:
    """A megabyte is kept for it: what a handler streams away must not pile up in memory."""
    app = create_app({"api/index.py": TAKES}, exception_handlers={ApiError: echo_body})
    for size, kept in [(1024 * 1024, 1024 * 1024), (1024 * 1024 + 1, 0)]:
        answer = await call(app, "POST", "/api", headers=JSON_TYPE, chunks=[b"x" * (size - 9), b"x" * 9])
        assert (answer.status, len(answer.body)) == (400, kept)


async def test_exception_handler_of_the_middleware_may_read_the_body() -> None:
    async def read_and_fail(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        raise ApiError(403)

    app = acting(read_and_fail, exception_handlers={403: echo_body})
    answer = await call(app, "POST", "/api", body=b"abc")
    assert (answer.status, answer.body, answer.received) == (403, b"abc", 1)


@pytest.mark.parametrize("handled", [500, Exception])
async def test_unexpected_exception_is_logged_though_a_handler_answers(
    handled: Any, caplog: pytest.LogCaptureFixture
) -> None:
    handler: Any = lambda request, error: PlainTextResponse("sorry", 500)  # noqa: E731
    answer = await call(raising("KeyError('x')", exception_handlers={handled: handler}), "GET", "/api")
    assert answer.text == "sorry"
    assert logged(caplog) == ["GET '/api' failed in get of pages/api/index.py: KeyError: \"'x'\""]
    (record,) = [record for record in caplog.records if record.name == "typed_api"]
    assert record.exc_info is not None
    assert record.exc_info[0] is KeyError


@pytest.mark.parametrize(
    ("what", "handled"),
    [
        ("KeyError('x')", KeyError),
        ("ApiError(500)", Exception),
        ("ApiError(500)", 500),
        ("HTTPException(500)", Exception),
    ],
)
async def test_exception_that_is_expected_is_not_logged(
    what: str, handled: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app = raising(what, exception_handlers={handled: lambda request, error: PlainTextResponse("sorry")})
    assert (await call(app, "GET", "/api")).text == "sorry"
    assert logged(caplog) == []


async def test_exception_that_the_handler_of_all_raises_again_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def again(request: Request, error: Exception) -> Response:
        raise error

    assert told(await call(raising("KeyError('x')", exception_handlers={Exception: again}), "GET", "/api")) == (
        500,
        FAILED,
    )
    assert logged(caplog) == ["GET '/api' failed in get of pages/api/index.py: KeyError: \"'x'\""]


@pytest.mark.parametrize(
    ("what", "cls"),
    [("HTTPException(404)", HTTPException), ("ApiError(404)", ApiError), ("ApiError(500)", ApiError)],
)
async def test_handler_of_a_status_beats_that_of_a_class(what: str, cls: type[Exception]) -> None:
    """As with Starlette."""
    handlers: Any = {
        cls: lambda request, error: PlainTextResponse("class"),
        404: lambda request, error: PlainTextResponse("404"),
        500: lambda request, error: PlainTextResponse("500"),
    }
    assert (await call(raising(what, exception_handlers=handlers), "GET", "/api")).text in what


async def test_handler_of_a_class_beats_that_of_500_for_what_bears_no_status() -> None:
    handlers: Any = {
        500: lambda request, error: PlainTextResponse("500"),
        LookupError: lambda request, error: PlainTextResponse("class"),
    }
    assert (await call(raising("KeyError()", exception_handlers=handlers), "GET", "/api")).text == "class"


# --- An app in another, and apps in it --------------------------------------------------------------------------------


@pytest.mark.parametrize("middleware", [[], [Middleware(CORSMiddleware)]])
def test_lifespan_of_a_mounted_app_runs_in_that_of_the_outer(middleware: list[Middleware]) -> None:
    log: list[str] = []
    api = create_app(
        {"api/index.py": MAILING},
        title="inner",
        lifespan=lifespan_of([Mailer()], log),
        middleware=middleware,
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None, None]:
        async with api.lifespan_context():
            yield

    with client(Starlette(routes=[Mount("/v1", api)], lifespan=lifespan)) as session:
        assert session.get("/v1/api").text == "real"
        assert log == ["start inner"]
    assert log == ["start inner", "stop inner"]


async def test_context_of_an_app_without_a_lifespan_does_nothing() -> None:
    app = create_app({"api/index.py": MAILING}, state=[Mailer()])
    async with app.lifespan_context():
        assert (await call(app, "GET", "/api")).text == "real"
    assert (await call(app, "GET", "/api")).text == "real"


async def test_context_raises_what_the_lifespan_raises() -> None:
    app = create_app({"api/index.py": HELLO}, lifespan=lifespan_of([5]))
    with pytest.raises(TypeError, match="5 has no class of its own"):
        async with app.lifespan_context():
            raise AssertionError("The lifespan began.")


@pytest.mark.parametrize("middleware", [[], [Middleware(CORSMiddleware)]])
def test_state_that_the_lifespan_yielded_ends_with_it(
    middleware: list[Middleware], caplog: pytest.LogCaptureFixture
) -> None:
    """A closed engine must not be found afterwards; what was given is found again."""
    lifespan = lifespan_of([OtherMailer()])
    for given, after in (([], 500), ([Mailer()], "real")):
        app = create_app({"api/index.py": MAILING}, lifespan=lifespan, state=given, middleware=middleware)
        session = client(app)
        with session:
            assert session.get("/api").status_code == 200
        answer = session.get("/api")
        assert (answer.text if answer.status_code == 200 else answer.status_code) == after


def test_state_of_a_lifespan_that_failed_is_forgotten() -> None:
    app = create_app({"api/index.py": MAILING}, lifespan=lifespan_of([Mailer(), 5]))
    session = client(app)
    with pytest.raises(TypeError, match="5 has no class of its own"), session:
        raise AssertionError("The lifespan began.")
    assert session.get("/api").status_code == 500


async def test_middleware_sees_the_lifespan() -> None:
    seen: list[tuple[str, object]] = []

    async def look(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched(message: Message) -> None:
            seen.append((message["type"], scope["app"]))
            await send(message)

        await app(scope, receive, watched)

    log: list[str] = []
    app = acting(look, lifespan=lifespan_of(None, log))
    sent, error = await live(app)
    assert ([message["type"] for message in sent], error) == (
        ["lifespan.startup.complete", "lifespan.shutdown.complete"],
        None,
    )
    assert seen == [("lifespan.startup.complete", app), ("lifespan.shutdown.complete", app)]
    assert log == ["start API", "stop API"]


async def test_middleware_that_withholds_the_lifespan_keeps_the_app_from_starting() -> None:
    log: list[str] = []
    assert await live(acting(never_call, lifespan=lifespan_of(None, log))) == (
        [
            {
                "type": "lifespan.startup.failed",
                "message": (
                    "The middleware did not pass the lifespan on. Let it call the app for every type of scope."
                ),
            }
        ],
        None,
    )
    assert log == []


async def test_middleware_that_fails_on_the_lifespan_keeps_the_app_from_starting() -> None:
    (message,), error = await live(acting(fail_first, lifespan=lifespan_of(None)))
    assert isinstance(error, KeyError)
    assert message["type"] == "lifespan.startup.failed"
    assert message["message"].endswith("KeyError: 'x'\n")


@pytest.mark.parametrize("act", [never_call, fail_first])
async def test_lifespan_that_there_is_not_may_be_withheld(act: Any) -> None:
    """A server takes that for an app that knows of no lifespan."""
    sent, _ = await live(acting(act))
    assert sent == []


async def test_failure_of_the_lifespan_is_told_once_through_the_middleware() -> None:
    app = create_app({"api/index.py": HELLO}, lifespan=lifespan_of([5]), middleware=[Middleware(CORSMiddleware)])
    sent, error = await live(app)
    assert ([message["type"] for message in sent], type(error)) == (["lifespan.startup.failed"], TypeError)


@pytest.mark.parametrize(
    ("prefix", "target"),
    [
        ("/my files", "/my%20files"),
        ("/données", "/donn%C3%A9es"),
        ("/données", "/donn%c3%a9es"),
        ("/a/b c", "/a/b%20c"),
        ("/static", "/%73tatic"),
        ("/50%", "/50%25"),
        ("/static", "/static"),
    ],
)
def test_mount_whose_prefix_needs_escapes_is_served(prefix: str, target: str, tmp_path: Path) -> None:
    (tmp_path / "a b.txt").write_text("A")
    app = create_app({"api/index.py": HELLO}, mounts={prefix: StaticFiles(directory=tmp_path)})
    assert client(app).get(f"{target}/a%20b.txt").text == "A"


@pytest.mark.parametrize("target", ["/a%2Fb", "/a%2Fb/c", "/a%20b", "/%zz/b"])
async def test_escaped_slash_does_not_lead_into_a_mount(target: str) -> None:
    app = create_app({"_x_/_y_.py": HELLO}, mounts={"/a/b": spot("mounted")})
    assert "mounted" not in (await call(app, "GET", target)).text


async def test_app_mounted_below_a_prefix_with_escapes_knows_its_path() -> None:
    app = create_app({"api/index.py": HELLO}, mounts={"/ü b": create_app({"api/_id_.py": WHERE})})
    answer = await call(app, "GET", "/%C3%BC%20b/api/a%2Fb?q=1")
    assert answer.json == ["/api/a/b", "/api/a%2Fb?q=1", "/ü b"]


# --- All that is wrong, at once ---------------------------------------------------------------------------------------


async def plain_generator(app: TypedAPI) -> AsyncGenerator[None, None]:
    yield


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        (
            {"middleware": [CORSMiddleware]},
            ["The middleware CORSMiddleware must be wrapped: Middleware(CORSMiddleware, allow_origins=[...])."],
        ),
        (
            {"middleware": [(CORSMiddleware, {})]},
            [
                f"The middleware ({CORSMiddleware!r}, {{}}) must be wrapped: "
                "Middleware(CORSMiddleware, allow_origins=[...])."
            ],
        ),
        ({"lifespan": "x"}, ["The lifespan must be an async context manager function of the app, not 'x'."]),
        (
            {"lifespan": plain_generator},
            ["The lifespan 'plain_generator' must be decorated with contextlib.asynccontextmanager."],
        ),
        (
            {"exception_handlers": {"404": not_found}},
            [
                "The exception handler for '404' is never called. Give a status, such as 404, or a class of "
                "exceptions, such as KeyError."
            ],
        ),
        (
            {"exception_handlers": {True: not_found, 1000: not_found, KeyboardInterrupt: not_found}},
            [
                f"The exception handler for {key!r} is never called. Give a status, such as 404, or a class of "
                "exceptions, such as KeyError."
                for key in (True, 1000, KeyboardInterrupt)
            ],
        ),
        (
            {"exception_handlers": {404: 1}},
            ["The exception handler for 404 must be a function of a request and the exception, not 1."],
        ),
        ({"mounts": {5: spot("a")}}, ["The mount 5 must start with '/'."]),
        (
            {"word_separator": "!"},
            [
                "word_separator '!' cannot separate words in a URL. Use '-', '.' or '~', or leave it out.",
            ],
        ),
    ],
)
def test_option_that_cannot_be_is_told_beside_a_broken_route(options: Any, problems: list[str]) -> None:
    with pytest.raises(StartupError) as caught:
        create_app({"api/empty.py": ""}, **options)
    assert list(caught.value.problems[:-1]) == problems
    assert caught.value.problems[-1].startswith("'pages/api/empty.py' has no handler.")


@pytest.mark.parametrize("options", [{"middleware": [CORSMiddleware]}, {"exception_handlers": {"404": not_found}}])
def test_option_that_cannot_be_is_a_start_up_error_of_fine_routes(options: Any) -> None:
    with pytest.raises(StartupError) as caught:
        create_app({"api/index.py": HELLO}, **options)
    assert len(caught.value.problems) == 1


def test_options_that_cannot_be_are_told_beside_a_folder_that_does_not_exist(folder: Callable[..., Path]) -> None:
    root = folder({})
    with pytest.raises(StartupError) as caught:
        TypedAPI("routes", mounts={"static": spot("a")}, word_separator="!")
    assert caught.value.problems == (
        "The mount 'static' must start with '/'.",
        "word_separator '!' cannot separate words in a URL. Use '-', '.' or '~', or leave it out.",
        f"There is no folder '{root}/routes' and no package 'routes'. Create one, or name another.",
    )
