"""Projects on disk for tests of the command line, and the command run on them in a process of its own."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.serving import Answer, exchange, free_port, parse, request

WAIT_SECONDS = 30.0
"""How long anything may take before a test gives up; far more than it takes."""


def route(answer: str, *, name: str = "get") -> str:
    """Write a route module that answers a text."""
    return (
        "from typed_api import ApiRequest, ApiResponse, Sent\n\n\n"
        f"async def {name}(req: ApiRequest, res: ApiResponse[str]) -> Sent:\n"
        f"    return res.send({answer!r})\n"
    )


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder; every folder of modules becomes a package."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for package in path.relative_to(folder).parents:
            if name.endswith(".py") and package != Path():
                (folder / package / "__init__.py").touch()
    return folder


def clean_environ(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the environment of a command: this one without what changes how it acts, and with what is given."""
    own = ("HOST", "PORT", "WEB_CONCURRENCY", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in own and not name.startswith("TYPED_API_")}
    return {**kept, "PYTHONUNBUFFERED": "1", **(environ or {})}


@contextlib.contextmanager
def working_in(folder: Path) -> Generator[Path]:
    """Make a folder the working directory, with the environment of a command; what is done in this process is undone.

    Modules that were imported from below the folder are forgotten.
    """
    environ, modules, search, here = dict(os.environ), set(sys.modules), list(sys.path), Path.cwd()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(clean_environ())
    try:
        yield folder
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(environ)
        sys.path[:] = search
        # All at once: a package without `__init__.py` asks its parent where it is.
        gone = [name for name in sys.modules.keys() - modules if _is_below(sys.modules[name], folder)]
        for name in gone:
            del sys.modules[name]


def _is_below(module: object, folder: Path) -> bool:
    places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", ())]
    return any(place.startswith(str(folder)) for place in places)


def run(
    *arguments: str | Path, folder: Path | None = None, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `typed-api` to its end; `folder` is where."""
    return subprocess.run(
        [sys.executable, "-m", "typed_api", *map(str, arguments)],
        cwd=folder,
        env=clean_environ(environ),
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )


def wait_until(is_so: Callable[[], bool], what: str | Callable[[], str]) -> None:
    """Ask again and again, until the answer is yes; otherwise fail with what was waited for."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(what if isinstance(what, str) else what())
        time.sleep(0.01)


@dataclass
class Running:
    """A command that serves."""

    port: int
    process: subprocess.Popen[str]
    log: Path

    def log_text(self) -> str:
        """Give what it has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def is_up(self, until: str | None) -> bool:
        """Say whether it has printed a text, or, without one, takes connections."""
        if until is not None:
            return re.search(until, self.log_text()) is not None
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def wait_for_log(self, pattern: str, *, count: int = 1) -> None:
        """Wait until its log has a text, so many times."""
        wait_until(
            lambda: len(re.findall(pattern, self.log_text())) >= count,
            lambda: f"{pattern!r} is not there {count} times:\n{self.log_text()}",
        )

    def get(self, path: str = "/api", *, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask once, on a connection of its own."""
        return parse(exchange(self.port, request("GET", path, headers=headers), seconds=WAIT_SECONDS))

    def wait_for_answer(self, path: str, status: int, body: bytes | None = None) -> Answer:
        """Ask until the answer is the one that is waited for."""
        last = self.get(path)

        def is_there() -> bool:
            nonlocal last
            last = self.get(path)
            return last.status == status and (body is None or last.body == body)

        wait_until(is_there, lambda: f"{path} answers {last.status} {last.body!r}:\n{self.log_text()}")
        return last

    def wait_for_exit(self) -> int:
        """Wait until it has ended, and give its status."""
        try:
            return self.process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"The server goes on:\n{self.log_text()}") from None


@contextlib.contextmanager
def running(
    log: Path,
    *arguments: str | Path,
    port: int | None = None,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    until: str | None = None,
) -> Generator[Running]:
    """Run a command that serves, as the leader of its own process group.

    `{port}` in an argument is a port that was free, the one that `Running` has; `port` names one that the project sets.
    It is up once that port takes connections, or once it has printed `until`.
    """
    port = free_port() if port is None else port
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "typed_api", *(str(argument).format(port=port) for argument in arguments)],
            cwd=folder,
            env=clean_environ(environ),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    server = Running(port, process, log)
    try:
        wait_until(lambda: process.poll() is not None or server.is_up(until), server.log_text)
        if process.poll() is not None:
            raise AssertionError(f"The command ended with {process.returncode}:\n{server.log_text()}")
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
        # What a failed test leaves behind is no burden to the next.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
