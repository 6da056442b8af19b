"""The client for tests, and apps from source text."""

import gc
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from typed_api import ConfigError, StartupError, TypedAPI
from typed_api.testing import TestClient, create_app

HELLO = """
from typed_api import ApiRequest, ApiResponse, Ok, Sent

async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.send("hello")
"""
TELLING = """
from typed_api import ApiRequest, ApiResponse, Ok, Sent

async def get(req: ApiRequest, res: ApiResponse[Ok[list[str | None]]]) -> Sent:
    res.set_cookie("seen", "yes")
    return res.json([req.scope["scheme"], req.headers.get("x-a"), req.cookies.get("seen")])
"""
BREAKING = """
from typed_api import ApiRequest, ApiResponse, Ok, Sent

def chunks():
    yield b"a"
    raise KeyError("broken")

async def get(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
    return res.send(chunks())
"""


def root_of(app: TypedAPI) -> Path:
    """Give the temporary folder that the app's package is in."""
    file = sys.modules[app.endpoints[0].module].__file__
    assert file is not None
    parts = Path(file).parts
    package = next(index for index, part in enumerate(parts) if part.startswith("typed_api_tree_"))
    return Path(*parts[:package])


def modules_of(package: str) -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] == package]


def leftovers() -> tuple[list[str], list[str], list[str]]:
    """Give what apps from source text have left behind: modules, entries of the import path, folders."""
    gc.collect()
    return (
        sorted(name for name in sys.modules if name.startswith("typed_api_tree_")),
        sorted(entry for entry in sys.path if "typed_api_" in entry),
        sorted(folder.name for folder in Path(tempfile.gettempdir()).iterdir()),
    )


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the folders of these tests apart from those of others."""
    gc.collect()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


# --- The client -------------------------------------------------------------------------------------------------------


def test_client_speaks_https_so_that_secure_cookies_come_back() -> None:
    client = TestClient(create_app({"api/index.py": TELLING}))
    assert client.get("/api").json() == ["https", None, None]
    assert client.get("/api").json() == ["https", None, "yes"]


def test_client_speaks_what_its_base_url_says() -> None:
    client = TestClient(create_app({"api/index.py": TELLING}), base_url="http://plain.example")
    assert client.get("/api").json() == ["http", None, None]
    # A `Secure` cookie is not for plain http.
    assert client.get("/api").json() == ["http", None, None]


def test_client_sends_its_headers_and_cookies_with_every_request() -> None:
    client = TestClient(create_app({"api/index.py": TELLING}), headers={"X-A": "1"}, cookies={"seen": "before"})
    assert client.get("/api").json() == ["https", "1", "before"]


@pytest.mark.parametrize(("follow", "status_code"), [({}, 200), ({"follow_redirects": False}, 308)])
def test_client_follows_redirects_unless_told(follow: dict[str, Any], status_code: int) -> None:
    client = TestClient(create_app({"api/index.py": HELLO}), **follow)
    assert client.get("/api/").status_code == status_code


def test_exception_of_a_handler_is_the_500_that_a_client_would_see() -> None:
    client = TestClient(create_app({"api/index.py": HELLO.replace('return res.send("hello")', "raise KeyError")}))
    assert client.get("/api").status_code == 500


def test_exception_of_a_stream_is_raised() -> None:
    client = TestClient(create_app({"api/index.py": BREAKING}))
    with pytest.raises(KeyError, match="broken"):
        client.get("/api")


def test_exception_of_a_stream_is_kept_on_request() -> None:
    client = TestClient(create_app({"api/index.py": BREAKING}), raise_server_exceptions=False)
    # What came before the break is kept by newer releases of the client alone.
    assert client.get("/api").content in (b"a", b"")


def test_lifespan_runs_inside_of_a_with_block_alone() -> None:
    log: list[str] = []

    @asynccontextmanager
    async def lifespan(app: TypedAPI) -> AsyncGenerator[None, None]:
        log.append("start")
        yield
        log.append("stop")

    app = create_app({"api/index.py": HELLO}, lifespan=lifespan)
    client = TestClient(app)
    assert (client.get("/api").text, log) == ("hello", [])
    with client:
        assert (client.get("/api").text, log) == ("hello", ["start"])
    assert log == ["start", "stop"]


def test_lifespan_that_fails_is_raised() -> None:
    @asynccontextmanager
    async def lifespan(app: TypedAPI) -> AsyncGenerator[None, None]:
        raise KeyError("no database")
        yield

    with pytest.raises(KeyError, match="no database"), TestClient(create_app({"x.py": HELLO}, lifespan=lifespan)):
        pytest.fail("The app has started.")


def test_client_takes_any_asgi_app() -> None:
    inner = create_app({"api/index.py": HELLO})
    app = Starlette(routes=[Route("/own", lambda request: PlainTextResponse("own")), Mount("/v1", inner)])
    client = TestClient(app)
    assert (client.get("/own").text, client.get("/v1/api").text) == ("own", "hello")


def test_state_for_another_app_is_refused() -> None:
    with pytest.raises(TypeError) as caught:
        TestClient(Starlette(), state=[Path()])
    assert str(caught.value) == "TestClient(state=...) needs a TypedAPI, not 'Starlette'."


def test_state_that_has_no_class_of_its_own_is_refused() -> None:
    with pytest.raises(TypeError) as caught:
        TestClient(create_app({"api/index.py": HELLO}), state=["mailer"])
    assert str(caught.value) == (
        "State holds instances found by their class, and 'mailer' has no class of its own. Wrap it in one, for example "
        "a dataclass."
    )


def test_client_is_no_test() -> None:
    """Pytest collects classes that are called `Test...` unless they say otherwise."""
    assert TestClient.__test__ is False


# --- Apps from source text --------------------------------------------------------------------------------------------


def test_files_become_routes() -> None:
    app = create_app({"api/hello.py": HELLO, "api/users/_id_.py": HELLO, "status.py": HELLO})
    assert [endpoint.pattern.template for endpoint in app.endpoints] == ["/api/hello", "/api/users/{id}", "/status"]


def test_source_may_be_indented() -> None:
    app = create_app(
        {
            "api/hello.py": """
                from typed_api import ApiRequest, ApiResponse, Ok, Sent

                async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
                    text = '''a
                  b'''
                    return res.send(text)
            """
        }
    )
    assert TestClient(app).get("/api/hello").text == "a\n  b"


def test_source_may_be_of_any_alphabet() -> None:
    app = create_app({"api/hello.py": HELLO.replace("hello", "grüß dich ☃")})
    assert TestClient(app).get("/api/hello").text == "grüß dich ☃"


def test_modules_may_import_their_neighbours() -> None:
    app = create_app(
        {
            "_shared.py": "WORD = 'shared'",
            "api/__init__.py": "from typed_api import RouteConfig\nconfig = RouteConfig(segment='v1')",
            "api/hello.py": HELLO.replace('"hello"', "WORD") + "\nfrom .._shared import WORD\n",
        }
    )
    assert TestClient(app).get("/v1/hello").text == "shared"


def test_options_are_those_of_the_app() -> None:
    app = create_app({"api/order_items.py": HELLO}, title="Orders", word_separator="-", debug=True)
    assert (app.title, app.debug, app.endpoints[0].pattern.template) == ("Orders", True, "/api/order-items")


def test_app_may_have_no_routes() -> None:
    assert create_app({}).endpoints == ()


def test_apps_share_no_modules() -> None:
    first = create_app({"api/hello.py": HELLO})
    second = create_app({"api/hello.py": HELLO.replace("hello", "servus")})
    assert first.endpoints[0].module != second.endpoints[0].module
    assert [TestClient(app).get("/api/hello").text for app in (first, second)] == ["hello", "servus"]


def test_app_leaves_nothing_behind() -> None:
    before = leftovers()
    app = create_app({"api/hello.py": HELLO, "api/_helpers.py": ""})
    root, package = root_of(app), app.endpoints[0].module.partition(".")[0]
    assert (root.is_dir(), len(modules_of(package)), str(root) in sys.path) == (True, 4, True)
    del app
    gc.collect()
    assert (root.exists(), modules_of(package), str(root) in sys.path) == (False, [], False)
    assert leftovers() == before


def test_an_import_under_way_misses_nothing_when_an_app_goes() -> None:
    app = create_app({"api/hello.py": HELLO})
    search = [*sys.path]
    entries = iter(sys.path)
    seen = [next(entries)]
    del app
    gc.collect()
    assert ([*seen, *entries], len(sys.path)) == (search, len(search) - 1)


def test_files_of_an_app_stay_as_long_as_a_client_has_it() -> None:
    client = TestClient(create_app({"api/hello.py": HELLO + "\nimport inspect\n"}))
    gc.collect()
    assert client.get("/api/hello").text == "hello"
    assert len(leftovers()[2]) == 1


@pytest.mark.parametrize(
    ("files", "options", "error"),
    [
        ({"api/a.py": HELLO, "api/b.py": "import nonsense_that_is_not_there"}, {}, StartupError),
        ({"api/a.py": HELLO, "api/b.py": ""}, {}, StartupError),
        ({"api/a.py": HELLO}, {"mounts": {"x": None}}, StartupError),
        ({"api/a.py": HELLO}, {"nonsense": 1}, TypeError),
        ({"api/a.py": "raise KeyboardInterrupt"}, {}, KeyboardInterrupt),
        ({"api/a.py": HELLO, "../b.py": HELLO}, {}, ValueError),
    ],
)
def test_app_that_cannot_be_made_leaves_nothing_behind(
    files: dict[str, str], options: dict[str, Any], error: type[BaseException]
) -> None:
    before = leftovers()
    with pytest.raises(error):
        create_app(files, **options)
    assert leftovers() == before


def test_unknown_environment_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TYPED_API_ENV", "nonsense")
    before = leftovers()
    with pytest.raises(ConfigError):
        create_app({"api/a.py": HELLO})
    assert leftovers() == before


@pytest.mark.parametrize("name", ["../x.py", "api/../../x.py", "/x.py", "/tmp/x.py"])
def test_path_that_leads_out_of_the_root_is_refused(name: str) -> None:
    with pytest.raises(ValueError) as caught:
        create_app({name: HELLO})
    assert str(caught.value) == (f"{name!r} leads out of the root folder. Give paths below it, such as 'api/hello.py'.")


def test_path_may_take_a_turn_inside_of_the_root() -> None:
    app = create_app({"api/../hello.py": HELLO})
    assert [endpoint.pattern.template for endpoint in app.endpoints] == ["/hello"]


def test_app_that_is_held_to_the_end_is_removed_at_exit(tmp_path: Path) -> None:
    program = f"""
import tempfile
tempfile.tempdir = {str(tmp_path)!r}
from typed_api.testing import create_app
app = create_app({{"api/hello.py": {HELLO!r}}})
import os
print(len(os.listdir(tempfile.tempdir)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr, list(tmp_path.iterdir())) == ("1\n", "", [])
