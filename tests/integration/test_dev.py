"""The development server as processes: what it shows of an error, how it follows edits, how it ends."""

import contextlib
import json
import os
import re
import signal
import socket
import threading
from collections.abc import Generator, Mapping
from pathlib import Path

import httpx2
import pytest

from tests.projects import WAIT_SECONDS, Running, route, running, wait_until, write_files

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
READY = r"Ready in \d+\.\d s"


@contextlib.contextmanager
def developing(
    project: Path, files: Mapping[str, str], *, environ: Mapping[str, str] | None = None
) -> Generator[Running]:
    """Run `typed-api dev` on a project of these files; it takes connections at once, and answers once it is loaded."""
    write_files(project, files)
    with running(project.with_name("log"), "dev", project, "--port", "{port}", environ=environ) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    # The name of its parent is one that file watchers leave out: what is above a project is no part of it.
    return tmp_path / ".venv" / "project"


def is_group_alive(server: Running) -> bool:
    """Say whether any process is left of those that the command has started."""
    try:
        os.killpg(server.process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def lifespan(body: str) -> str:
    """Write the module of an app object whose lifespan does something before it yields."""
    return (
        "import contextlib\nfrom typed_api import TypedAPI\n\n\n"
        "@contextlib.asynccontextmanager\nasync def lifespan(app):\n"
        f"    {body}\n    yield\n\n\n"
        "app = TypedAPI('pages', lifespan=lifespan)\n"
    )


# --- what is served ---------------------------------------------------------------------------------------------------


def test_dev_serves_the_working_directory_with_the_pages_that_its_settings_name(project: Path, tmp_path: Path) -> None:
    settings = "[tool.typed_api]\npages = 'src/app/pages'\nport = 1\n"
    files = {"pyproject.toml": settings, "src/app/pages/api/index.py": route("here"), "src/app/pages/api/env.py": ENV}
    write_files(project, files)
    with running(tmp_path / "log", "dev", "--port", "{port}", folder=project) as server:
        assert server.get("/api").body == b"here"
        assert server.get("/api/env").body == b"development, unset"
        server.wait_for_log(rf"Serving http://127\.0\.0\.1:{server.port} \(Ctrl\+C stops\)\n{READY}\n")
        write_files(project, {"src/app/pages/api/index.py": route("edited")})
        server.wait_for_answer("/api", 200, b"edited")


ENV = route("x").replace("'x'", "f\"{req.env['TYPED_API_ENV']}, {req.env.get('ADDED', 'unset')}\"")


def test_dev_on_port_0_tells_the_port_that_it_took(project: Path, tmp_path: Path) -> None:
    write_files(project, {"pages/api/index.py": route("here")})
    with running(tmp_path / "log", "dev", project, "--port", "0", until=READY) as server:
        found = re.search(r"Serving http://127\.0\.0\.1:(\d+) ", server.log_text())
        assert found is not None
        server.port = int(found[1])
        assert server.get().body == b"here"


RAISING = route("x").replace("'x'", "{}['<script>alert(1)</script>']")


def test_dev_shows_a_browser_an_escaped_page_with_the_traceback(project: Path) -> None:
    with developing(project, {"pages/api/index.py": RAISING}) as server:
        answer = server.get("/api?<b>", headers=BROWSER)
    page = answer.body.decode()
    assert (answer.status, answer.header("content-type")) == (500, "text/html; charset=utf-8")
    assert "KeyError: &#x27;&lt;script&gt;alert(1)&lt;/script&gt;&#x27;" in page
    assert f"File &quot;{project}/pages/api/index.py&quot;, line 5, in get" in page
    assert "<script" not in page
    assert "<b>" not in page


def test_dev_shows_a_program_a_problem_with_the_traceback(project: Path) -> None:
    with developing(project, {"pages/api/index.py": RAISING}) as server:
        answer = server.get("/api", headers={"Accept": "*/*"})
    problem = json.loads(answer.body)
    trace = problem.pop("traceback")
    assert (answer.status, answer.header("content-type"), problem) == (
        500,
        "application/problem+json",
        {
            "type": "about:blank",
            "title": "Internal Server Error",
            "status": 500,
            "detail": "KeyError: '<script>alert(1)</script>'",
        },
    )
    assert (trace[0], trace[-1]) == ("Traceback (most recent call last):", "KeyError: '<script>alert(1)</script>'")


def test_what_the_settings_should_not_have_is_told_once(project: Path) -> None:
    settings = "[tool.typed_api]\npage = 'routes'\n"
    with developing(project, {"pyproject.toml": settings, "pages/api/index.py": route("here")}) as server:
        assert server.get().body == b"here"
        assert server.log_text().count("unknown key 'page'") == 1


# --- edits ------------------------------------------------------------------------------------------------------------


def test_an_edit_of_a_module_is_served_and_data_files_are_none(project: Path) -> None:
    with developing(project, {"pages/api/index.py": route("one"), "helpers.py": ""}) as server:
        assert server.get().body == b"one"
        write_files(project, {"data.txt": "", "users.sqlite3": "", "node_modules/x.py": "", "pages/notes.md": ""})
        write_files(project, {"helpers.py": "TEXT = 'two'\n"})
        write_files(project, {"pages/api/index.py": "from helpers import TEXT\n" + route("x").replace("'x'", "TEXT")})
        server.wait_for_answer("/api", 200, b"two")
        assert 1 <= server.log_text().count("Reloading") <= 2
        write_files(project, {"helpers.py": "TEXT = 'three'\n"})
        server.wait_for_answer("/api", 200, b"three")


def test_an_edit_of_the_same_length_in_the_same_second_is_served(project: Path) -> None:
    with developing(project, {"pages/api/index.py": route("one")}) as server:
        assert server.get().body == b"one"
        module = project / "pages/api/index.py"
        before = module.stat()
        module.write_text(route("two"), encoding="utf-8")
        os.utime(module, ns=(before.st_atime_ns, before.st_mtime_ns))
        server.wait_for_answer("/api", 200, b"two")


def test_an_edit_of_the_project_file_is_served(project: Path) -> None:
    settings = "[tool.typed_api]\npages = '{}'\n"
    files = {"pyproject.toml": settings.format("pages"), "pages/api/index.py": route("old")}
    with developing(project, {**files, "handlers/api/index.py": route("new")}) as server:
        assert server.get().body == b"old"
        write_files(project, {"pyproject.toml": settings.format("handlers")})
        server.wait_for_answer("/api", 200, b"new")
        write_files(project, {"pyproject.toml": "[tool.typed_api]\ndebug = 5\n"})
        server.wait_for_log(
            r"pyproject\.toml: \[tool\.typed_api\] debug = 5 cannot be used\. Use true or false\.\n"
            r"The last good version goes on\.\n"
        )
        assert server.get().body == b"new"


def test_an_edit_of_an_env_file_is_served_also_when_a_variable_goes(project: Path) -> None:
    with developing(project, {"pages/api/index.py": ENV}) as server:
        assert server.get().body == b"development, unset"
        write_files(project, {".env": "ADDED=one\n"})
        server.wait_for_answer("/api", 200, b"development, one")
        write_files(project, {".env.local": "ADDED=two\n"})
        server.wait_for_answer("/api", 200, b"development, two")
        (project / ".env.local").unlink()
        server.wait_for_answer("/api", 200, b"development, one")
        write_files(project, {".env": "OTHER=1\n"})
        server.wait_for_answer("/api", 200, b"development, unset")


def test_files_and_folders_that_come_and_go_are_followed(project: Path) -> None:
    with developing(project, {"pages/api/index.py": route("here")}) as server:
        assert server.get("/api/new").status == 404
        write_files(project, {"pages/api/new.py": route("added")})
        server.wait_for_answer("/api/new", 200, b"added")
        (project / "pages/api/new.py").unlink()
        server.wait_for_answer("/api/new", 404)
        write_files(project, {"pages/api/users/index.py": route("users")})
        server.wait_for_answer("/api/users", 200, b"users")
        (project / "pages/api/users").rename(project / "pages/api/people")
        # Whoever has seen the new version once does not see the old one again.
        server.wait_for_answer("/api/people", 200, b"users")
        assert server.get("/api/users").status == 404


# --- edits that cannot be served --------------------------------------------------------------------------------------


def test_a_broken_edit_is_told_and_the_last_good_version_goes_on_until_it_is_mended(project: Path) -> None:
    with developing(project, {"pages/api/index.py": route("good")}) as server:
        assert server.get().body == b"good"
        write_files(project, {"pages/api/index.py": "import nowhere_to_be_found\n"})
        server.wait_for_log(
            r"Reloading\n1 problem keeps the routes from being served:\n- 'pages/api/index\.py' cannot be imported:\n"
            r"  Traceback \(most recent call last\):\n"
            rf'    File "{re.escape(str(project))}/pages/api/index\.py", line 1, in <module>\n'
            r"      import nowhere_to_be_found\n"
            r"  ModuleNotFoundError: No module named 'nowhere_to_be_found'\nThe last good version goes on\.\n"
        )
        assert server.get().body == b"good"
        write_files(project, {"pages/api/index.py": "syntax error(\n"})
        server.wait_for_log("The last good version goes on", count=2)
        assert server.get().body == b"good"
        write_files(project, {"pages/api/index.py": route("mended")})
        server.wait_for_answer("/api", 200, b"mended")


def test_a_project_that_is_broken_from_the_start_shows_why_until_it_is_mended(project: Path) -> None:
    module = "raise RuntimeError('<script>alert(1)</script>')\n"
    with developing(project, {"pages/api/index.py": module}) as server:
        answer = server.get("/anything", headers=BROWSER)
        page = answer.body.decode()
        assert (answer.status, answer.header("content-type")) == (500, "text/html; charset=utf-8")
        assert "&#x27;pages/api/index.py&#x27; cannot be imported:" in page
        assert "RuntimeError: &lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script" not in page
        problem = json.loads(server.get("/api").body)
        assert problem["detail"] == "The app cannot start"
        assert problem["traceback"][0] == "1 problem keeps the routes from being served:"
        assert server.log_text().count("RuntimeError: <script>") == 1
        server.wait_for_log("Every request is answered with this until it is mended.")
        write_files(project, {"pages/api/index.py": ""})
        wait_until(lambda: b"has no handler" in server.get().body, server.log_text)
        write_files(project, {"pages/api/index.py": route("mended")})
        server.wait_for_answer("/api", 200, b"mended")


def test_an_import_that_never_ends_leaves_the_last_good_version_and_the_next_edit_recovers(project: Path) -> None:
    with developing(project, {"pages/api/index.py": route("good")}) as server:
        assert server.get().body == b"good"
        hanging = f"open({str(project / 'hangs')!r}, 'w').close()\nwhile True:\n    pass\n"
        write_files(project, {"pages/api/index.py": hanging})
        wait_until((project / "hangs").exists, server.log_text)
        assert server.get().body == b"good"
        write_files(project, {"pages/api/index.py": route("mended")})
        server.wait_for_answer("/api", 200, b"mended")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise RuntimeError('no database')", r"The lifespan failed:\n(.*\n)+RuntimeError: no database\n"),
        ("import os; os._exit(7)", r"The process that loads the app ended with status 7\.\n"),
    ],
    ids=["raises", "ends the process"],
)
def test_a_lifespan_that_fails_is_told_and_the_last_good_version_goes_on(project: Path, body: str, told: str) -> None:
    files = {"pages/api/index.py": route("good"), "main.py": lifespan("pass")}
    with developing(project, files, environ={"TYPED_API_APP": "main:app"}) as server:
        assert server.get().body == b"good"
        write_files(project, {"main.py": lifespan(body)})
        server.wait_for_log(told + r"The last good version goes on\.\n")
        assert server.get().body == b"good"


def test_a_lifespan_that_fails_from_the_start_is_shown_until_it_is_mended(project: Path) -> None:
    files = {"pages/api/index.py": route("good"), "main.py": lifespan("raise RuntimeError('no <database>')")}
    with developing(project, files, environ={"TYPED_API_APP": "main:app"}) as server:
        answer = server.get(headers=BROWSER)
        assert (answer.status, b"RuntimeError: no &lt;database&gt;" in answer.body) == (500, True)
        assert server.log_text().count("RuntimeError: no <database>") == 1
        write_files(project, {"main.py": lifespan("pass")})
        server.wait_for_answer("/api", 200, b"good")


def test_a_process_that_ends_while_it_serves_is_started_again(project: Path) -> None:
    module = "import os\n" + route("x").replace("return", "os._exit(3)\n    return")
    with developing(project, {"pages/api/end.py": module, "pages/api/index.py": route("here")}) as server:
        with contextlib.suppress(ConnectionResetError), socket.create_connection(("127.0.0.1", server.port)) as asked:
            asked.settimeout(WAIT_SECONDS)
            asked.sendall(b"GET /api/end HTTP/1.1\r\nHost: x\r\n\r\n")
            assert asked.recv(1) == b""
        assert server.get().body == b"here"
        server.wait_for_log(r"The process that served ended with status 3\. Starting again\n" + READY)


# --- what is not there ------------------------------------------------------------------------------------------------


def test_without_watchfiles_and_python_dotenv_it_serves_and_tells(project: Path) -> None:
    missing = "raise ModuleNotFoundError(f'No module named {__name__!r}', name=__name__)\n"
    files = {
        "pages/api/index.py": ENV,
        ".env": "ADDED=one\n",
        "shadows/watchfiles.py": missing,
        "shadows/dotenv.py": missing,
    }
    with developing(project, files, environ={"PYTHONPATH": str(project / "shadows")}) as server:
        assert server.get().body == b"development, unset"
        log = server.log_text()
    install = "Install it with: pip install 'typed-api-toolkit[dev]'."
    assert log.count(f".env is not read: that needs the 'python-dotenv' package. {install}\n") == 1
    assert log.count(f"Edits are not served: that needs the 'watchfiles' package. {install}\n") == 1


# --- how it hands over, and how it ends -------------------------------------------------------------------------------


@pytest.mark.parametrize("keeps_alive", [False, True], ids=["new connections", "one connection"])
def test_no_request_fails_while_edits_are_served(project: Path, keeps_alive: bool) -> None:
    answers: list[str] = []
    failures: list[str] = []
    stop = threading.Event()

    def ask(port: int) -> None:
        headers = {} if keeps_alive else {"Connection": "close"}
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=WAIT_SECONDS) as client:
            while not stop.is_set():
                try:
                    response = client.get("/api", headers=headers)
                    answers.append(response.text)
                except httpx2.HTTPError as error:
                    failures.append(repr(error))

    with developing(project, {"pages/api/index.py": route("0")}) as server:
        assert server.get().body == b"0"
        asking = threading.Thread(target=ask, args=[server.port])
        asking.start()
        try:
            for number in range(1, 5):
                write_files(project, {"pages/api/index.py": route(str(number))})
                wait_until(lambda number=number: answers[-1:] == [str(number)], server.log_text)  # type: ignore[misc]
        finally:
            stop.set()
            asking.join()
    assert failures == []
    assert sorted(set(answers)) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_and_all_its_processes(project: Path, number: signal.Signals) -> None:
    with developing(project, {"pages/api/index.py": route("here")}) as server:
        assert server.get().body == b"here"
        server.wait_for_log(READY)
        server.process.send_signal(number)
        assert server.wait_for_exit() == 0
        wait_until(lambda: not is_group_alive(server), "Processes are left.")
        assert "Traceback" not in server.log_text()


def test_ctrl_c_in_a_terminal_ends_it_quietly(project: Path) -> None:
    with developing(project, {"pages/api/index.py": route("here")}) as server:
        assert server.get().body == b"here"
        server.wait_for_log(READY)
        os.killpg(server.process.pid, signal.SIGINT)  # A terminal tells the whole group.
        assert server.wait_for_exit() == 0
        assert "Traceback" not in server.log_text()


def test_a_signal_ends_it_while_an_import_hangs(project: Path) -> None:
    hanging = "print('hanging', flush=True)\nwhile True:\n    pass\n"
    with developing(project, {"pages/api/index.py": hanging}) as server:
        server.wait_for_log("hanging")
        server.process.terminate()
        assert server.wait_for_exit() == 0
        wait_until(lambda: not is_group_alive(server), "Processes are left.")


def test_its_processes_end_when_it_is_killed(project: Path) -> None:
    with developing(project, {"pages/api/index.py": route("here")}) as server:
        assert server.get().body == b"here"
        server.process.kill()
        server.process.wait()
        wait_until(lambda: not is_group_alive(server), "Processes are left.")
