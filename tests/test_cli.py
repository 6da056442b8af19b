"""The command line in this process: which setting wins, what is refused, what is printed."""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from uvicorn.main import main as uvicorn_command

from tests.projects import route, working_in, write_files
from typed_api import TypedAPI, __version__, cli
from typed_api.cli import _serve
from typed_api.testing import TestClient

PROJECT: Mapping[str, str] = {"pages/api/index.py": route("index")}
OWN_OF_UVICORN = [
    "app",
    "app_dir",
    "factory",
    "reload",
    "reload_delay",
    "reload_dirs",
    "reload_excludes",
    "reload_includes",
    "version",
]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty project that is the working directory; what a command changes in this process is undone."""
    with working_in(tmp_path):
        yield tmp_path


@pytest.fixture
def started(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Run `start` up to the server, and give the options that the server would have."""
    write_files(folder, PROJECT)
    seen: dict[str, Any] = {}

    def record(*app: str, **options: Any) -> None:
        seen.update(options)
        raise SystemExit(0)

    # Whether a port of this machine is free is no matter here.
    monkeypatch.setattr(_serve, "_refuse_taken_port", lambda host, port: None)
    monkeypatch.setattr(_serve, "_Config", record)

    def start(*arguments: str) -> dict[str, Any]:
        seen.clear()
        result = call("start", *arguments)
        assert (result.exit_code, result.stderr) == (0, "")
        return dict(seen)

    return start


@pytest.fixture
def developed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Run `dev` up to the server, and give what it is served with."""
    write_files(folder, PROJECT)
    seen: dict[str, Any] = {}

    def record(host: str, port: int, build: object, *, folders: list[Path], log_config: object, reload: bool) -> int:
        seen.update(host=host, port=port, folders=folders, reload=reload, env=os.environ["TYPED_API_ENV"])
        return 0

    monkeypatch.setattr(_serve, "serve", record)

    def dev(*arguments: str) -> dict[str, Any]:
        result = call("dev", *arguments)
        assert (result.exit_code, result.stderr) == (0, "")
        return dict(seen)

    return dev


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments, prog_name="typed-api")


def refusal(result: Result) -> tuple[int, str, str]:
    """Give the status, what is on stdout, and the line that says what is wrong; above it stands how to call."""
    *_, last = result.stderr.splitlines() or [""]
    return result.exit_code, result.stdout, last


def names(options: Mapping[str, Any], *wanted: str) -> dict[str, Any]:
    return {name: options[name] for name in wanted}


# --- the whole --------------------------------------------------------------------------------------------------------


def test_the_version_is_that_of_the_package() -> None:
    result = call("--version")
    assert (result.exit_code, result.stdout) == (0, f"typed-api, version {__version__}\n")


def test_a_command_nobody_knows_is_misuse() -> None:
    assert refusal(call("serve")) == (2, "", "Error: No such command 'serve'.")


@pytest.mark.parametrize("command", ["dev", "start", "routes"])
def test_an_option_nobody_knows_is_misuse(command: str) -> None:
    status, output, sentence = refusal(call(command, "--nonsense"))
    # The words are click's, and not those of every release.
    assert (status, output, "--nonsense" in sentence) == (2, "", True)


@pytest.mark.parametrize("command", ["dev", "start", "routes"])
@pytest.mark.parametrize("path", ["nowhere", "file.txt", "file.txt/below"])
def test_a_path_that_is_no_folder_is_misuse(command: str, path: str, folder: Path) -> None:
    write_files(folder, {"file.txt": ""})
    sentence = f"Error: {path!r} is not a folder. Give the folder that has pages/ in it."
    assert refusal(call(command, path)) == (2, "", sentence)


def test_a_path_that_no_system_can_hold_is_misuse(folder: Path) -> None:
    status, output, sentence = refusal(call("routes", "a\0b"))
    # The reason is in Python's words, and not those of every release.
    assert (status, output, sentence.startswith("Error: 'a\\x00b' cannot be entered: ")) == (2, "", True)


# --- which setting wins -----------------------------------------------------------------------------------------------


def test_start_listens_on_the_loopback_interface_with_one_process(started: Callable[..., dict[str, Any]]) -> None:
    assert names(started(), "host", "port", "workers", "timeout_graceful_shutdown") == {
        "host": "127.0.0.1",
        "port": 8000,
        "workers": 1,
        "timeout_graceful_shutdown": 30,
    }


def test_dev_listens_on_the_loopback_interface_and_reloads(
    developed: Callable[..., dict[str, Any]], folder: Path
) -> None:
    assert developed() == {
        "host": "127.0.0.1",
        "port": 8000,
        "folders": [folder],
        "reload": True,
        "env": "development",
    }


def test_dev_does_not_reload_where_it_is_told_so(developed: Callable[..., dict[str, Any]]) -> None:
    assert developed("--no-reload")["reload"] is False


LAYERS = [
    ("[tool.typed_api]\nhost = 'a.toml'\nport = 1\n", "HOST=b.env\nPORT=2\n", {"HOST": "c", "PORT": "3"}, True),
    ("[tool.typed_api]\nhost = 'a.toml'\nport = 1\n", "HOST=b.env\nPORT=2\n", {"HOST": "c", "PORT": "3"}, False),
    ("[tool.typed_api]\nhost = 'a.toml'\nport = 1\n", "HOST=b.env\nPORT=2\n", {}, False),
    ("[tool.typed_api]\nhost = 'a.toml'\nport = 1\n", "", {}, False),
]
WINNERS = [("d", 4), ("c", 3), ("b.env", 2), ("a.toml", 1)]


@pytest.mark.parametrize(("layers", "winner"), [*zip(LAYERS, WINNERS, strict=True)])
@pytest.mark.parametrize("command", ["started", "developed"])
def test_options_beat_the_environment_which_beats_env_files_which_beat_the_project_file(
    command: str,
    layers: tuple[str, str, Mapping[str, str], bool],
    winner: tuple[str, int],
    folder: Path,
    request: pytest.FixtureRequest,
) -> None:
    project_file, env_file, environ, has_options = layers
    write_files(folder, {"pyproject.toml": project_file, ".env": env_file})
    os.environ.update(environ)
    call_command = request.getfixturevalue(command)
    options = call_command(*(("--host", "d", "--port", "4") if has_options else ()))
    assert (options["host"], options["port"]) == winner


def test_environment_beats_files_whichever_of_the_two_names_it_uses(
    folder: Path, started: Callable[..., dict[str, Any]]
) -> None:
    write_files(folder, {".env": "TYPED_API_HOST=file\nTYPED_API_PORT=1\n"})
    os.environ.update({"HOST": "environment", "PORT": "2"})
    assert names(started(), "host", "port") == {"host": "environment", "port": 2}


def test_our_own_variables_beat_the_general_ones(started: Callable[..., dict[str, Any]]) -> None:
    os.environ.update({"HOST": "a", "PORT": "1", "TYPED_API_HOST": "b", "TYPED_API_PORT": "2"})
    assert names(started(), "host", "port") == {"host": "b", "port": 2}


@pytest.mark.parametrize(
    ("files", "winner"),
    [
        ((".env.production.local", ".env.local", ".env.production", ".env"), ".env.production.local"),
        ((".env.local", ".env.production", ".env"), ".env.local"),
        ((".env.production", ".env"), ".env.production"),
        ((".env", ".env.development", ".env.development.local"), ".env"),
    ],
)
def test_the_nearest_env_file_wins(
    files: tuple[str, ...], winner: str, folder: Path, started: Callable[..., dict[str, Any]]
) -> None:
    write_files(folder, {file: f"HOST={file}\n" for file in files})
    assert started()["host"] == winner


def test_dev_reads_the_env_files_of_development(folder: Path, developed: Callable[..., dict[str, Any]]) -> None:
    write_files(folder, {".env.production.local": "HOST=production\n", ".env.development": "HOST=development\n"})
    assert developed()["host"] == "development"


def test_an_env_file_of_the_command_line_beats_those_of_the_project(
    folder: Path, started: Callable[..., dict[str, Any]]
) -> None:
    write_files(folder, {".env": "HOST=project\nPORT=1\n", "other.env": "HOST=other\n"})
    assert names(started("--env-file", "other.env"), "host", "port") == {"host": "other", "port": 1}


def test_env_files_complete_the_environment_of_the_app(folder: Path, started: Callable[..., dict[str, Any]]) -> None:
    write_files(folder, {".env": "GIVEN=file\nADDED=file\nEMPTY=\nBARE\n"})
    os.environ["GIVEN"] = "environment"
    started()
    assert {name: os.environ.get(name) for name in ("GIVEN", "ADDED", "EMPTY", "BARE")} == {
        "GIVEN": "environment",
        "ADDED": "file",
        "EMPTY": "",
        "BARE": None,
    }


def test_dev_leaves_env_files_to_each_version_of_the_app(
    folder: Path, developed: Callable[..., dict[str, Any]]
) -> None:
    write_files(folder, {".env": "ADDED=file\n"})
    developed()
    assert "ADDED" not in os.environ


@pytest.mark.parametrize(
    ("arguments", "variable", "workers"),
    [((), None, 1), ((), "", 1), ((), "3", 3), (("--workers", "2"), "3", 2), (("--workers", "1"), "3", 1)],
)
def test_the_number_of_processes_is_that_of_the_option_then_of_web_concurrency(
    arguments: tuple[str, ...], variable: str | None, workers: int, started: Callable[..., dict[str, Any]]
) -> None:
    if variable is not None:
        os.environ["WEB_CONCURRENCY"] = variable
    assert started(*arguments)["workers"] == workers


def test_start_has_every_option_of_uvicorn_that_is_not_the_projects(folder: Path) -> None:
    ours = {str(param.name) for param in cli.main.commands["start"].params}
    uvicorns = {str(param.name) for param in uvicorn_command.params}
    assert sorted(uvicorns - ours) == OWN_OF_UVICORN
    assert sorted(ours - uvicorns) == ["path"]


def test_options_of_uvicorn_reach_the_server(started: Callable[..., dict[str, Any]]) -> None:
    arguments = [
        *("--http", "h11", "--loop", "asyncio", "--timeout-keep-alive", "7", "--limit-concurrency", "9"),
        *("--timeout-graceful-shutdown", "11", "--root-path", "/base", "--no-access-log", "--log-level", "warning"),
        *("--header", "x-one: 1", "--header", "x-two:2"),
    ]
    options = started(*arguments)
    wanted = {
        "http": "h11",
        "loop": "asyncio",
        "timeout_keep_alive": 7,
        "limit_concurrency": 9,
        "timeout_graceful_shutdown": 11,
        "root_path": "/base",
        "access_log": False,
        "log_level": "warning",
        "headers": [("x-one", " 1"), ("x-two", "2")],
    }
    assert names(options, *wanted) == wanted


def test_our_log_lines_follow_the_log_level(started: Callable[..., dict[str, Any]]) -> None:
    levels = [
        started(*option)["log_config"]["loggers"]["typed_api"]["level"] for option in [(), ("--log-level", "error")]
    ]
    assert levels == ["INFO", "ERROR"]


def test_a_log_configuration_of_the_users_own_is_kept(folder: Path, started: Callable[..., dict[str, Any]]) -> None:
    write_files(folder, {"log.json": "{}"})
    assert started("--log-config", "log.json")["log_config"] == "log.json"


def test_files_of_the_command_line_are_those_of_the_folder_where_it_was_typed(
    folder: Path, started: Callable[..., dict[str, Any]]
) -> None:
    write_files(folder, {"project/pages/api/index.py": route("x"), "log.json": "{}", "my.env": "HOST=mine\n"})
    options = started("project", "--log-config", "log.json", "--uds", "app.sock", "--env-file", "my.env")
    assert names(options, "log_config", "uds", "host", "ssl_keyfile") == {
        "log_config": str(folder / "log.json"),
        "uds": str(folder / "app.sock"),
        "host": "mine",
        "ssl_keyfile": None,
    }


def test_dev_also_watches_pages_that_are_elsewhere(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, developed: Callable[..., dict[str, Any]]
) -> None:
    elsewhere = write_files(tmp_path_factory.mktemp("elsewhere"), {"pages/api/index.py": route("x")})
    write_files(folder, {"pyproject.toml": f"[tool.typed_api]\npages = '{elsewhere}/pages'\n"})
    assert developed()["folders"] == [folder, elsewhere / "pages"]


# --- what is refused, and what is only told ---------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["dev", "start", "routes"])
@pytest.mark.parametrize(
    ("files", "environ", "sentence"),
    [
        (
            {"pyproject.toml": "[tool.typed_api]\nport = '80'\n"},
            {},
            "pyproject.toml: [tool.typed_api] port = '80' cannot be used. Use a whole number from 0 to 65535.",
        ),
        (
            {"pyproject.toml": "[tool.typed_api]\ndebug = 'yes'\n"},
            {},
            "pyproject.toml: [tool.typed_api] debug = 'yes' cannot be used. Use true or false.",
        ),
        (
            {"pyproject.toml": "[tool.typed_api\n"},
            {},
            "pyproject.toml is not valid TOML: Expected ']' at the end of a table declaration (at line 1, column 16).",
        ),
        ({}, {"PORT": "http"}, "PORT = 'http' cannot be used. Use a whole number from 0 to 65535."),
        (
            {".env": "PORT=http\n"},
            {},
            ".env: PORT = 'http' cannot be used. Use a whole number from 0 to 65535.",
        ),
        (
            {".env": "TYPED_API_COERCE=maybe\n", ".env.local": "OTHER=1\n"},
            {},
            ".env: TYPED_API_COERCE='maybe' cannot be used. Use 1 or 0, true or false.",
        ),
        (
            {".env": "PORT=1\n"},
            {"PORT": "http"},
            "PORT = 'http' cannot be used. Use a whole number from 0 to 65535.",
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_misuse_that_names_file_key_and_value(
    command: str, files: Mapping[str, str], environ: Mapping[str, str], sentence: str, folder: Path
) -> None:
    write_files(folder, {**PROJECT, **files})
    os.environ.update(environ)
    assert refusal(call(command)) == (2, "", f"Error: {sentence}")


@pytest.mark.parametrize("command", ["start", "routes"])
def test_an_environment_nobody_knows_is_misuse(command: str, folder: Path) -> None:
    write_files(folder, PROJECT)
    os.environ["TYPED_API_ENV"] = "staging"
    assert refusal(call(command)) == (
        2,
        "",
        "Error: TYPED_API_ENV='staging' is no known environment. Use 'development' or 'production'.",
    )


def test_an_env_file_that_is_no_text_is_misuse(folder: Path) -> None:
    write_files(folder, PROJECT)
    (folder / ".env").write_bytes(b"NAME=caf\xe9\n")
    assert refusal(call("routes")) == (2, "", "Error: .env is no UTF-8 text (at byte 8).")


def test_an_env_file_that_cannot_be_read_is_misuse(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: Path) -> None:
        raise PermissionError(13, "Permission denied", str(file))

    write_files(folder, {**PROJECT, ".env": "HOST=a\n"})
    monkeypatch.setattr("dotenv.dotenv_values", refuse)
    assert refusal(call("routes")) == (2, "", "Error: .env cannot be read: Permission denied.")


def test_a_folder_called_like_an_env_file_is_none(folder: Path) -> None:
    write_files(folder, {**PROJECT, ".env/bin/activate": ""})
    result = call("routes", "--json")
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(("port", "shown"), [("65536", "65536"), ("-1", "-1")])
def test_a_port_out_of_range_is_misuse(port: str, shown: str, folder: Path) -> None:
    write_files(folder, PROJECT)
    sentence = f"{shown} is not in the range 0<=x<=65535."
    assert refusal(call("start", "--port", port)) == (2, "", f"Error: Invalid value for '--port': {sentence}")
    assert refusal(call("dev", "--port", port)) == (2, "", f"Error: Invalid value for '--port': {sentence}")


def test_a_host_that_cannot_be_found_is_left_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def find_nothing(host: str, *args: object, **options: object) -> None:
        asked.append(host)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", find_nothing)
    _serve._refuse_taken_port("nowhere.invalid", 80)
    assert asked == ["nowhere.invalid"]


def test_a_header_without_a_colon_is_misuse(folder: Path) -> None:
    write_files(folder, PROJECT)
    assert refusal(call("start", "--header", "x-one")) == (
        2,
        "",
        "Error: Invalid value for '--header': 'x-one' has no colon. Write it as 'Name: value'.",
    )


def test_an_unknown_key_is_told_once_and_the_command_goes_on(folder: Path) -> None:
    write_files(folder, {**PROJECT, "pyproject.toml": "[tool.typed_api]\npage = 'routes'\n"})
    result = call("routes")
    assert (result.exit_code, result.stdout, result.stderr) == (
        0,
        "/api  GET, HEAD, OPTIONS  pages/api/index.py\n",
        "pyproject.toml: [tool.typed_api] has an unknown key 'page'. Did you mean 'pages'?\n",
    )


def test_env_files_without_python_dotenv_are_told_once_and_the_command_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {**PROJECT, ".env": "HOST=a\n", ".env.local": "HOST=b\n"})
    monkeypatch.setitem(sys.modules, "dotenv", None)
    result = call("routes")
    assert (result.exit_code, result.stdout, result.stderr) == (
        0,
        "/api  GET, HEAD, OPTIONS  pages/api/index.py\n",
        ".env.local is not read: that needs the 'python-dotenv' package. Install it with: "
        "pip install 'typed-api-toolkit[dev]'.\n",
    )


def test_an_env_file_of_the_command_line_without_python_dotenv_is_misuse(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {**PROJECT, "my.env": "HOST=a\n"})
    monkeypatch.setitem(sys.modules, "dotenv", None)
    assert refusal(call("start", "--env-file", "my.env")) == (
        2,
        "",
        "Error: my.env is not read: that needs the 'python-dotenv' package. Install it with: "
        "pip install 'typed-api-toolkit[dev]'.",
    )


def test_a_project_without_env_files_needs_no_python_dotenv(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(folder, PROJECT)
    monkeypatch.setitem(sys.modules, "dotenv", None)
    assert call("routes").stderr == ""


def test_the_environment_is_not_taken_from_a_file(folder: Path) -> None:
    write_files(folder, {**PROJECT, ".env": "TYPED_API_ENV=development\n"})
    result = call("routes")
    assert (result.exit_code, result.stderr, os.environ.get("TYPED_API_ENV")) == (
        0,
        ".env: TYPED_API_ENV is not taken from here, since it decides which files are read. Set it in the "
        "environment.\n",
        None,
    )


def test_start_tells_that_debug_is_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(folder, PROJECT)
    os.environ["TYPED_API_DEBUG"] = "1"
    monkeypatch.setattr(_serve, "_refuse_taken_port", lambda host, port: None)
    monkeypatch.setattr(_serve, "_Config", lambda app, **options: type("Config", (), options))
    monkeypatch.setattr(_serve, "_run", lambda config: 0)
    result = call("start")
    assert (result.exit_code, result.stderr) == (
        0,
        "Clients are shown tracebacks: debug is on, which is for development.\n",
    )


# --- the app ----------------------------------------------------------------------------------------------------------


def test_settings_of_the_project_are_those_of_the_app(folder: Path) -> None:
    settings = "pages = 'handlers'\ntitle = 'T'\nversion = '9'\nword_separator = '-'\ndebug = true\n"
    write_files(
        folder,
        {"pyproject.toml": f"[tool.typed_api]\n{settings}", "handlers/order_items.py": route("x")},
    )
    app = cli.build_app()
    assert isinstance(app, TypedAPI)
    assert (app.title, app.version, app.debug) == ("T", "9", True)
    assert [endpoint.pattern.template for endpoint in app.endpoints] == ["/order-items"]


def test_settings_of_the_document_are_those_of_the_app(folder: Path) -> None:
    settings = "description = 'D'\ndocs_url = false\nopenapi_url = '/doc.json'\n"
    write_files(folder, {"pyproject.toml": f"[tool.typed_api]\n{settings}", "pages/api/a.py": route("a")})
    app = cli.build_app()
    assert isinstance(app, TypedAPI)
    assert app.description == "D"
    client = TestClient(app)
    assert [client.get(path).status_code for path in ("/docs", "/openapi.json", "/doc.json")] == [404, 404, 200]


@pytest.mark.parametrize("pages", ["src/app/pages", "./src/app/pages/", "src/app/pages/api/.."])
def test_pages_may_be_anywhere_in_the_project(pages: str, folder: Path) -> None:
    module = "import helpers_of_the_project\n" + route("x")
    write_files(
        folder,
        {
            "pyproject.toml": f"[tool.typed_api]\npages = '{pages}'\n",
            "src/app/pages/api/users/index.py": module,
            "helpers_of_the_project.py": "",
        },
    )
    (folder / "src/__init__.py").unlink()
    result = call("routes")
    assert (result.exit_code, result.stdout) == (
        0,
        "/api/users  GET, HEAD, OPTIONS  pages/api/users/index.py\n",
    )


APP = (
    "from typed_api import TypedAPI\napp = TypedAPI('pages')\nclass Of:\n    inner = app\nnumber = 5\n"
    "def make(): return app\n"
)


@pytest.mark.parametrize("place", ["main_of_project:app", "main_of_project:Of.inner", "package_of_project.asgi:app"])
def test_an_app_object_is_found_by_its_name(place: str, folder: Path) -> None:
    write_files(folder, {**PROJECT, "main_of_project.py": APP, "package_of_project/asgi.py": APP})
    os.environ["TYPED_API_APP"] = place
    result = call("routes")
    assert (result.exit_code, result.stdout) == (0, "/api  GET, HEAD, OPTIONS  pages/api/index.py\n")


@pytest.mark.parametrize("command", ["start", "routes"])
@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("main_of_project", "names no object. Write it as 'module:name', for example 'main:app'."),
        ("main_of_project:", "names no object. Write it as 'module:name', for example 'main:app'."),
        (":app", "names no object. Write it as 'module:name', for example 'main:app'."),
        ("main-app.py:app", "names no object. Write it as 'module:name', for example 'main:app'."),
        ("nowhere:app", "names no module: there is no 'nowhere' in '{folder}', nor installed."),
        ("nowhere.asgi:app", "names no module: there is no 'nowhere' in '{folder}', nor installed."),
        (
            "package_of_project.wsgi:app",
            "names no module: there is no 'package_of_project.wsgi' in '{folder}', nor installed.",
        ),
        ("main_of_project:application", "names nothing: 'main_of_project' has no 'application'."),
        ("main_of_project:Of.outer", "names nothing: 'main_of_project' has no 'Of.outer'."),
        ("main_of_project:number", "names an object of type 'int', which is no ASGI app."),
        (
            "main_of_project:make",
            "names something that cannot be called with (scope, receive, send), so it is no ASGI app. Where it is a "
            "function that makes one, call it in the module and name what it returns.",
        ),
    ],
)
def test_an_app_that_is_not_there_is_told_in_one_sentence(
    command: str, place: str, problem: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {**PROJECT, "main_of_project.py": APP, "package_of_project/asgi.py": APP})
    os.environ["TYPED_API_APP"] = place
    monkeypatch.setattr(_serve, "_refuse_taken_port", lambda host, port: None)
    monkeypatch.setattr(_serve, "_Config", lambda app, **options: None)
    result = call(command)
    assert (result.exit_code, result.stdout, result.stderr) == (
        1,
        "",
        "1 problem keeps the routes from being served:\n"
        f"- The setting app = {place!r} {problem.format(folder=folder)}\n",
    )


@pytest.mark.parametrize(
    ("source", "last", "what"),
    [
        ("1 / 0\n", "ZeroDivisionError: division by zero", "cannot be imported"),
        (
            "import not_installed_anywhere\n",
            "ModuleNotFoundError: No module named 'not_installed_anywhere'",
            "cannot be imported",
        ),
        ("raise SystemExit(7)\n", "SystemExit: 7", "ends the program while it is imported"),
    ],
)
def test_an_app_module_that_raises_is_told_with_its_own_traceback(
    source: str, last: str, what: str, folder: Path
) -> None:
    write_files(folder, {**PROJECT, "main_of_project.py": source})
    os.environ["TYPED_API_APP"] = "main_of_project:app"
    result = call("routes")
    lines = [line for line in result.stderr.splitlines() if "^" not in line]  # Pythons differ in what they underline.
    assert (result.exit_code, lines) == (
        1,
        [
            "1 problem keeps the routes from being served:",
            f"- 'main_of_project' {what}:",
            "  Traceback (most recent call last):",
            f'    File "{folder}/main_of_project.py", line 1, in <module>',
            f"      {source.strip()}",
            f"  {last}",
        ],
    )


def test_routes_that_cannot_be_served_are_told_alike_with_an_app_object(folder: Path) -> None:
    write_files(folder, {"pages/api/empty.py": "", "main_of_project.py": APP})
    without = call("routes")
    os.environ["TYPED_API_APP"] = "main_of_project:app"
    result = call("routes")
    assert (result.exit_code, result.stderr) == (1, without.stderr)
    assert result.stderr.startswith(
        "1 problem keeps the routes from being served:\n- 'pages/api/empty.py' has no handler."
    )


@pytest.mark.parametrize("command", ["start", "routes"])
def test_a_missing_folder_of_routes_is_told(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_serve, "_refuse_taken_port", lambda host, port: None)
    monkeypatch.setattr(_serve, "_Config", lambda app, **options: None)
    result = call(command)
    assert (result.exit_code, result.stdout, result.stderr) == (
        1,
        "",
        "1 problem keeps the routes from being served:\n"
        f"- There is no folder '{folder}/pages' and no package 'pages'. Create one, or name another.\n",
    )


# --- routes -----------------------------------------------------------------------------------------------------------

MANY: Mapping[str, str] = {
    "pages/api/zebra.py": route("z", name="post"),
    "pages/api/_id_.py": route("i"),
    "pages/api/files/_path__.py": "print('imported')\n" + route("f"),
    "pages/api/index.py": route("r", name="handler"),
}
TABLE = """\
/api               DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT  pages/api/index.py
/api/files/{path}  GET, HEAD, OPTIONS                            pages/api/files/_path__.py
/api/zebra         OPTIONS, POST                                 pages/api/zebra.py
/api/{id}          GET, HEAD, OPTIONS                            pages/api/_id_.py
"""


def test_routes_are_a_table_sorted_by_path(folder: Path) -> None:
    write_files(folder, MANY)
    result = call("routes")
    assert (result.exit_code, result.stdout) == (0, TABLE)


def test_routes_for_a_program_are_a_json_list(folder: Path) -> None:
    write_files(folder, MANY)
    result = call("routes", "--json")
    assert json.loads(result.stdout) == [
        {
            "path": "/api",
            "methods": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
            "file": "pages/api/index.py",
        },
        {"path": "/api/files/{path}", "methods": ["GET", "HEAD", "OPTIONS"], "file": "pages/api/files/_path__.py"},
        {"path": "/api/zebra", "methods": ["OPTIONS", "POST"], "file": "pages/api/zebra.py"},
        {"path": "/api/{id}", "methods": ["GET", "HEAD", "OPTIONS"], "file": "pages/api/_id_.py"},
    ]


def test_what_modules_print_does_not_get_between(folder: Path) -> None:
    write_files(folder, MANY)
    result = call("routes", "--json")
    assert (result.stdout[0], result.stderr) == ("[", "imported\n")


def test_a_project_without_routes_has_an_empty_list(folder: Path) -> None:
    write_files(folder, {"pages/__init__.py": ""})
    assert call("routes", "--json").stdout == "[]\n"
    assert call("routes").stdout == ""


def test_routes_of_an_app_that_is_not_ours_cannot_be_listed(folder: Path) -> None:
    write_files(
        folder,
        {**PROJECT, "main_of_project.py": "from starlette.applications import Starlette\napp = Starlette()\n"},
    )
    os.environ["TYPED_API_APP"] = "main_of_project:app"
    assert refusal(call("routes")) == (
        2,
        "",
        "Error: The setting app = 'main_of_project:app' is a Starlette, not a TypedAPI.",
    )


# --- new --------------------------------------------------------------------------------------------------------------


def test_new_project_is_listed_and_can_be_served(folder: Path) -> None:
    result = call("new", "my-users")
    assert (result.exit_code, result.stderr) == (0, "\nNext: cd my-users, then what its README.md says.\n")
    assert "my-users/pages/api/hello.py" in result.stdout.splitlines()
    os.chdir("my-users")
    assert isinstance(cli.build_app(), TypedAPI)


def test_new_project_overwrites_nothing(folder: Path) -> None:
    write_files(folder, {"mine/notes.txt": "mine"})
    code, printed, last = refusal(call("new", "mine"))
    assert (code, printed, "mine" in last, os.listdir("mine")) == (2, "", True, ["notes.txt"])
