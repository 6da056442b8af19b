"""The command line as processes: what is served where, how it refuses to start, how it ends."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.projects import WAIT_SECONDS, clean_environ, route, run, running, wait_until, write_files
from tests.serving import free_port, parse, request

SLOW = """\
import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from typed_api import ApiRequest, ApiResponse, Ok, Sent

GATE = Path(os.environ["GATE"])


async def opened() -> None:
    while not GATE.exists():
        await asyncio.sleep(0.01)


async def pieces() -> AsyncIterator[bytes]:
    yield b"begun,"
    await opened()
    yield b"ended"


def note() -> None:
    GATE.with_name("after").touch()


async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    GATE.with_name("entered").touch()
    await opened()
    return res.send("done")


async def post(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
    return res.send(pieces())


async def put(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    async def later() -> None:
        GATE.with_name("working").touch()
        await opened()

    res.after(later)
    res.after(note)
    return res.send("accepted")
"""

STUCK = """\
import asyncio
import os
import time
from pathlib import Path

from typed_api import ApiRequest, ApiResponse, Sent

ENTERED = Path(os.environ["ENTERED"])


async def get(req: ApiRequest, res: ApiResponse[str]) -> Sent:
    (ENTERED / req.method).touch()
    await asyncio.sleep(600)
    return res.send("never")


def post(req: ApiRequest, res: ApiResponse[str]) -> Sent:
    (ENTERED / req.method).touch()
    time.sleep(600)
    return res.send("never")


async def put(req: ApiRequest, res: ApiResponse[str]) -> Sent:
    (ENTERED / req.method).touch()
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            pass
"""

BROKEN: Mapping[str, str] = {
    "pages/api/empty.py": "",
    "pages/api/raises.py": "def fail():\n    raise RuntimeError('at import')\nfail()\n",
}
REPORT = """\
2 problems keep the routes from being served:
- 'pages/api/empty.py' has no handler. Define 'handler', or some of get, post, put, patch, delete, head, options; if \
it is no route, call it '_empty.py'.
- 'pages/api/raises.py' cannot be imported:
  Traceback (most recent call last):
    File "{folder}/pages/api/raises.py", line 3, in <module>
      fail()
    File "{folder}/pages/api/raises.py", line 2, in fail
      raise RuntimeError('at import')
  RuntimeError: at import
"""


def connect(port: int, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)
    connection.sendall(data)
    return connection


def read_all(connection: socket.socket) -> bytes:
    with connection:
        pieces: list[bytes] = []
        while piece := connection.recv(65536):
            pieces.append(piece)
        return b"".join(pieces)


# --- who is called, and where it listens ------------------------------------------------------------------------------


def test_the_module_and_the_script_are_one_command() -> None:
    script = Path(sys.executable).with_name("typed-api")
    by_script = subprocess.run(
        [script, "--version"], env=clean_environ(), capture_output=True, text=True, timeout=WAIT_SECONDS, check=True
    )
    by_module = run("--version")
    assert (by_module.returncode, by_module.stdout, by_module.stderr) == (0, by_script.stdout, "")
    assert by_module.stdout.startswith("typed-api, version ")


def test_routes_are_printed_alike_by_every_run(tmp_path: Path) -> None:
    files = {f"pages/api/{name}.py": route(name, name="handler") for name in ("b", "_id_", "a", "index")}
    project = write_files(tmp_path, files)
    first, second = (run("routes", project, "--json", environ={"PYTHONHASHSEED": seed}) for seed in ("1", "2"))
    assert (first.returncode, first.stderr, first.stdout) == (0, "", second.stdout)
    assert first.stdout.count('"file"') == 4


@pytest.mark.parametrize("place", ["option", "environment", "env file", "project file"])
def test_start_listens_where_it_is_told(place: str, tmp_path: Path) -> None:
    port = free_port()
    project = write_files(tmp_path / "project", {"pages/api/index.py": route("here")})
    arguments: list[str] = []
    environ: dict[str, str] = {}
    if place == "option":
        arguments = ["--host", "0.0.0.0", "--port", str(port)]
    elif place == "environment":
        environ = {"HOST": "0.0.0.0", "PORT": str(port)}
    elif place == "env file":
        write_files(project, {".env": f"HOST=0.0.0.0\nPORT={port}\n"})
    else:
        write_files(project, {"pyproject.toml": f"[tool.typed_api]\nhost = '0.0.0.0'\nport = {port}\n"})
    command: list[str | Path] = ["start", *arguments]
    with running(tmp_path / "log", *command, port=port, folder=project, environ=environ) as server:
        assert server.get().body == b"here"
        server.wait_for_log(rf"Uvicorn running on http://0\.0\.0\.0:{port} ")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_variables_of_env_files_reach_the_handlers(workers: str, tmp_path: Path) -> None:
    module = route("x").replace("'x'", 'req.env["ADDED"] + req.env["GIVEN"]')
    project = write_files(
        tmp_path / "project", {"pages/api/index.py": module, ".env": "ADDED=from a file,\nGIVEN=no\n"}
    )
    environ = {"GIVEN": "from outside", "WEB_CONCURRENCY": workers}
    arguments: list[str | Path] = ["start", project, "--port", "{port}"]
    with running(tmp_path / "log", *arguments, environ=environ) as server:
        assert server.get().body == b"from a file,from outside"
        assert ("Started parent process" in server.log_text()) == (workers == "2")


def test_start_serves_an_app_that_mounts_ours(tmp_path: Path) -> None:
    main = (
        "from starlette.applications import Starlette\nfrom starlette.routing import Mount\n"
        "from typed_api import TypedAPI\napp = Starlette(routes=[Mount('/inner', TypedAPI('pages'))])\n"
    )
    settings = "[tool.typed_api]\napp = 'main:app'\n"
    project = write_files(
        tmp_path / "project",
        {"pages/api/index.py": route("mounted"), "main.py": main, "pyproject.toml": settings},
    )
    with running(tmp_path / "log", "start", project, "--port", "{port}") as server:
        assert (server.get("/inner/api").body, server.get("/api").status) == (b"mounted", 404)


def test_start_serves_below_a_root_path(tmp_path: Path) -> None:
    module = route("x").replace("'x'", 'req.path + " " + str(req.scope["root_path"])')
    project = write_files(tmp_path / "project", {"pages/api/index.py": module})
    arguments: list[str | Path] = ["start", project, "--port", "{port}", "--root-path", "/base"]
    with running(tmp_path / "log", *arguments) as server:
        assert server.get("/api").body == b"/api /base"


def test_start_serves_on_a_unix_socket_and_removes_it(tmp_path: Path) -> None:
    project = write_files(tmp_path / "project", {"pages/api/index.py": route("local")})
    place = tmp_path / "s"
    with running(tmp_path / "log", "start", project, "--uds", place, until=r"running on unix socket") as server:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(WAIT_SECONDS)
            connection.connect(str(place))
            connection.sendall(request("GET", "/api"))
            assert parse(read_all(connection)).body == b"local"
        server.process.terminate()
        assert (server.wait_for_exit(), place.exists()) == (0, False)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_start_never_shows_a_traceback(accept: str, tmp_path: Path) -> None:
    module = route("x").replace("'x'", '{}["secret"]')
    project = write_files(tmp_path / "project", {"pages/api/index.py": module})
    with running(tmp_path / "log", "start", project, "--port", "{port}") as server:
        answer = server.get(headers={"Accept": accept})
        assert (answer.status, answer.header("content-type"), answer.body) == (
            500,
            "application/problem+json",
            b'{"type":"about:blank","title":"Internal Server Error","status":500,'
            b'"detail":"The server failed to answer."}',
        )
        assert server.log_text().count("KeyError: 'secret'") >= 1


# --- what keeps it from starting --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["start"], ["start", "--workers", "2"], ["routes"], ["routes", "--json"]])
def test_all_that_is_wrong_with_the_routes_is_told_once(command: list[str], tmp_path: Path) -> None:
    project = write_files(tmp_path / "project", BROKEN)
    ended = run(*command, project, *(["--port", str(free_port())] if "start" in command else []))
    # Pythons differ in what they underline of a traceback.
    lines = [line for line in ended.stderr.splitlines(keepends=True) if line.strip(" ^~\n")]
    assert (ended.returncode, ended.stdout, "".join(lines)) == (1, "", REPORT.format(folder=project))


@pytest.mark.parametrize("command", [["start"], ["start", "--workers", "2"], ["dev"]])
def test_a_port_that_is_taken_is_told_before_the_app_starts(command: list[str], tmp_path: Path) -> None:
    module = "from pathlib import Path\nPath('imported').touch()\n" + route("x")
    project = write_files(tmp_path / "project", {"pages/api/index.py": module})
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = run(*command, project, "--port", str(port))
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        1,
        "",
        f"Port {port} of 127.0.0.1 cannot be used: Address already in use. Choose another with --port.\n",
    )
    assert not (project / "imported").exists()


LIFESPAN = """\
import contextlib
import os
from typed_api import TypedAPI

@contextlib.asynccontextmanager
async def lifespan(app):
    raise RuntimeError("no database")
    yield

app = TypedAPI("pages", lifespan=lifespan)
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_lifespan_that_fails_keeps_it_from_starting(workers: str, tmp_path: Path) -> None:
    project = write_files(tmp_path / "project", {"pages/api/index.py": route("x"), "main.py": LIFESPAN})
    arguments: list[str | Path] = ["start", project, "--port", str(free_port()), "--workers", workers]
    # How long uvicorn takes to find out that a worker is gone.
    arguments += ["--timeout-worker-healthcheck", "1"]
    ended = run(*arguments, environ={"TYPED_API_APP": "main:app"})
    assert ended.returncode == 1
    assert 1 <= ended.stderr.count("RuntimeError: no database") <= int(workers)


def test_what_fails_in_a_worker_alone_ends_the_command(tmp_path: Path) -> None:
    module = "import multiprocessing\nif multiprocessing.parent_process():\n    raise OSError('only here')\n" + route(
        "x"
    )
    project = write_files(tmp_path / "project", {"pages/api/index.py": module})
    arguments: list[str | Path] = ["start", project, "--port", str(free_port()), "--workers", "2"]
    ended = run(*arguments, "--timeout-worker-healthcheck", "1")
    assert ended.returncode == 1
    assert 1 <= ended.stderr.count("1 problem keeps the routes from being served:") <= 2
    assert "typed_api/cli/" not in ended.stderr


# --- how it ends ------------------------------------------------------------------------------------------------------

HANDLER_BEFORE = """\
import os
import signal

def save_and_go(number, frame):
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)

signal.signal(signal.SIGTERM, save_and_go)
"""
"""What a program does that must not miss its end, such as one that measures coverage."""


@pytest.mark.parametrize(
    ("workers", "number"),
    [("1", signal.SIGTERM), ("1", signal.SIGINT), ("2", signal.SIGTERM)],
    ids=["one, SIGTERM", "one, SIGINT", "two, SIGTERM"],
)
def test_what_is_in_flight_ends_before_the_server_does(workers: str, number: signal.Signals, tmp_path: Path) -> None:
    project = write_files(tmp_path / "project", {"pages/api/slow.py": SLOW, "site/sitecustomize.py": HANDLER_BEFORE})
    gate = tmp_path / "gate"
    environ = {"GATE": str(gate), "PYTHONPATH": str(project / "site")}
    arguments: list[str | Path] = ["start", project, "--port", "{port}", "--workers", workers]
    with running(tmp_path / "log", *arguments, environ=environ) as server:
        stream = connect(server.port, request("POST", "/api/slow"))
        begun = b""
        while b"begun," not in begun:
            begun += stream.recv(65536)
        whole = connect(server.port, request("GET", "/api/slow"))
        worked = connect(server.port, request("PUT", "/api/slow"))
        wait_until(lambda: (tmp_path / "entered").exists() and (tmp_path / "working").exists(), "They did not begin.")
        server.process.send_signal(number)
        server.wait_for_log(r"Shutting down|Waiting for child process")
        gate.touch()
        assert parse(read_all(whole)).body == b"done"
        assert parse(begun + read_all(stream)).body == b"begun,ended"
        assert parse(read_all(worked)).body == b"accepted"
        assert (server.wait_for_exit(), (tmp_path / "after").exists()) == (0, True)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_does_not_end_is_left_after_the_grace(workers: str, tmp_path: Path) -> None:
    project = write_files(tmp_path / "project", {"pages/api/stuck.py": STUCK})
    arguments: list[str | Path] = [
        "start",
        project,
        "--port",
        "{port}",
        "--workers",
        workers,
        "--timeout-graceful-shutdown",
        "1",
    ]
    with (
        running(tmp_path / "log", *arguments, environ={"ENTERED": str(tmp_path)}) as server,
        contextlib.ExitStack() as stack,
    ):
        for method in ("GET", "POST", "PUT"):
            stack.enter_context(connect(server.port, request(method, "/api/stuck")))
            wait_until((tmp_path / method).exists, "The handler did not begin.")
        told = time.monotonic()
        server.process.terminate()
        status = server.wait_for_exit()
        seconds = time.monotonic() - told
    assert (status, 1 <= seconds < 15) == (0, True), seconds


def test_a_server_that_is_told_to_stop_while_it_starts_stops(tmp_path: Path) -> None:
    main = (
        "import asyncio, contextlib, os\nfrom pathlib import Path\nfrom typed_api import TypedAPI\n"
        "@contextlib.asynccontextmanager\nasync def lifespan(app):\n"
        "    print('starting', flush=True)\n"
        "    while not Path(os.environ['GATE']).exists():\n        await asyncio.sleep(0.01)\n"
        "    yield\n"
        "app = TypedAPI('pages', lifespan=lifespan)\n"
    )
    project = write_files(tmp_path / "project", {"pages/api/index.py": route("x"), "main.py": main})
    gate = tmp_path / "gate"
    environ = {"TYPED_API_APP": "main:app", "GATE": str(gate)}
    with running(tmp_path / "log", "start", project, "--port", "{port}", environ=environ, until="starting") as server:
        server.process.terminate()
        gate.touch()
        assert server.wait_for_exit() == 0
