"""The development server: every edit is served, and the last good app while an edit does not import.

Owns the listening socket and the processes that serve it. Each version of the project is loaded in a process of its
own, which takes over the socket only once its app is up; until then the one before goes on answering.
"""

import logging
import logging.config
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Final

import uvicorn
from typing_extensions import override
from uvicorn.config import LOGGING_CONFIG

from typed_api._types import ASGIApp
from typed_api.app import failure_app
from typed_api.errors import ConfigError, StartupError

__all__ = ["serve"]

_GRACE_SECONDS: Final = 2
_TICK_MS: Final = 100
_SUFFIXES: Final = (".py", ".toml")

logger = logging.getLogger("typed_api")


def serve(host: str, port: int, build: Callable[[], ASGIApp], *, reload: bool) -> int:
    """Serve the project in the working directory until told to stop.

    Args:
        host: Where to listen.
        port: The port; 0 takes a free one.
        build: Makes the app; a function of a module, since each version of the project calls it in its own process.
        reload: Whether edits are served.

    Returns:
        The exit status of the command.
    """
    logging.config.dictConfig(LOGGING_CONFIG)
    try:
        listener = _listen(host, port)
    except OSError as error:
        print(f"Port {port} of {host} cannot be used: {error.strerror}. Choose another with --port.", file=sys.stderr)
        return 1
    shown = f"[{host}]" if ":" in host else host
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    print(f"Serving http://{shown}:{listener.getsockname()[1]} (Ctrl+C stops)", file=sys.stderr, flush=True)
    shift = _Shift(listener, build)
    try:
        for changed in _ticks(stop, reload=reload):
            if changed:
                print("Reloading", file=sys.stderr, flush=True)
            shift.tick(changed=changed)
    finally:
        shift.end()
        listener.close()
    return 0


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener


def _ticks(stop: threading.Event, *, reload: bool) -> Iterator[bool]:
    """Yield at once and then regularly: True after an edit."""
    yield False
    if reload:
        try:
            from watchfiles import DefaultFilter, watch
        except ModuleNotFoundError:
            logger.warning(
                "Edits are not served: that needs the 'watchfiles' package. Install it with: "
                "pip install 'typed-api-toolkit[dev]'."
            )
        else:

            class Sources(DefaultFilter):
                """What a project is made of, so that its data files do not restart it."""

                @override
                def __call__(self, change: Any, path: str) -> bool:  # Any: an enum of watchfiles.
                    wanted = path.endswith(_SUFFIXES) or os.path.basename(path).startswith(".env")
                    return wanted and super().__call__(change, path)

            for changes in watch(
                Path.cwd(),
                watch_filter=Sources(),
                stop_event=stop,
                rust_timeout=_TICK_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
                debounce=200,
            ):
                yield bool(changes)
            return
    while not stop.wait(_TICK_MS / 1000):
        yield False


class _Worker:
    """One process with one version of the project."""

    def __init__(self, listener: socket.socket, build: Callable[[], ASGIApp], *, stands_in: bool) -> None:
        context = multiprocessing.get_context("spawn")
        self.reports: Connection
        self.reports, sender = context.Pipe(duplex=False)
        self.process: SpawnProcess = context.Process(
            # Not a daemon: those may have no children, and the project may want some.
            target=_work,
            args=(listener, build, sender, stands_in),
            name="typed-api dev",
        )
        self.started: float = time.monotonic()
        self.process.start()
        sender.close()

    def report(self) -> str | None:
        """Give what the process has said: "ready", why it failed, or None while it is loading."""
        if self.reports.poll():
            try:
                said: str = self.reports.recv()
            except EOFError:
                self.process.join()
                return f"The process that loads the app ended with status {self.process.exitcode}."
            return said
        return None

    def stop(self) -> None:
        """Let it finish what it is doing, for a short while."""
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(_GRACE_SECONDS + 1)
            if self.process.is_alive():  # An import that never ends takes no hint.
                self.process.kill()
                self.process.join()
        self.reports.close()


class _Shift:
    """Who serves now, and who is about to."""

    def __init__(self, listener: socket.socket, build: Callable[[], ASGIApp]) -> None:
        self._listener: socket.socket = listener
        self._build: Callable[[], ASGIApp] = build
        self._serving: _Worker | None = None
        self._has_good: bool = False
        self._next: _Worker | None = _Worker(listener, build, stands_in=True)

    def tick(self, *, changed: bool) -> None:
        """Look at the processes, and start one for an edit."""
        if changed:
            if self._next is not None:
                self._next.stop()
            self._next = _Worker(self._listener, self._build, stands_in=not self._has_good)
        if self._next is None:
            return
        said = self._next.report()
        if said is None:
            return
        is_good = said == "ready"
        if is_good:
            print(f"Ready in {time.monotonic() - self._next.started:.1f} s", file=sys.stderr, flush=True)
        else:
            print(said, file=sys.stderr, flush=True)
        if is_good or not self._has_good:
            # A process that failed stands in with a page that says why, until there is a good one.
            if self._serving is not None:
                self._serving.stop()
            self._serving = self._next
            self._has_good = self._has_good or is_good
        else:
            print("The last good version goes on.", file=sys.stderr, flush=True)
            self._next.stop()
        self._next = None

    def end(self) -> None:
        """Stop every process."""
        for worker in (self._next, self._serving):
            if worker is not None:
                worker.stop()


class _Server(uvicorn.Server):
    """Says when it is up."""

    def __init__(self, config: uvicorn.Config, sender: Connection, word: str) -> None:
        super().__init__(config)
        self._sender: Connection = sender
        self._word: str = word

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._sender.send(self._word)


def _work(listener: socket.socket, build: Callable[[], ASGIApp], sender: Connection, stands_in: bool) -> None:
    """Load the project and serve it; the body of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the whole group; the parent says when to stop.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    word = "ready"
    app: ASGIApp
    try:
        app = build()
    except (StartupError, ConfigError) as error:
        word = str(error)
    except Exception:  # The project's own `app` module may raise anything.
        word = traceback.format_exc()
    if word != "ready":
        if not stands_in:
            sender.send(word)
            return
        app = failure_app(word)
    config = uvicorn.Config(app, timeout_graceful_shutdown=_GRACE_SECONDS, log_level="info")
    try:
        _Server(config, sender, word).run(sockets=[listener])
    except SystemExit as error:
        if error.code:
            sender.send("The lifespan failed; what it raised stands above.")
        raise


def _end_with_parent() -> None:
    """Go when the parent is gone, even one that was killed: nobody else would stop this process."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
