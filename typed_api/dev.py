"""The development server: every edit is served, and the last good app while an edit does not import.

Owns the listening socket and the processes that serve it. Each version of the project is loaded in a process of its
own, which takes connections from the socket only once its app is up; until then the one before goes on answering.
"""

import asyncio
import contextlib
import functools
import importlib.util
import logging
import logging.config
import multiprocessing
import os
import queue
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from typing_extensions import override

from typed_api._types import ASGIApp, Message, Receive, Scope, Send
from typed_api.app import failure_app
from typed_api.errors import ConfigError, StartupError

if TYPE_CHECKING:
    from watchfiles import Change

__all__ = ["bind", "bind_refusal", "serve"]

_GRACE_SECONDS: Final = 2
_LINGER_SECONDS: Final = 0.2
"""How long a process that is replaced answers on connections that it has taken already."""
_CLOSE_SECONDS: Final = 1
"""How long the next process waits for the one before to take no more connections."""
_TICK_SECONDS: Final = 0.05
_BACKLOG: Final = 2048
_SUFFIXES: Final = (".py", ".toml")

# What a process and the one that started it say to each other; all else is why one failed.
_READY: Final = "ready"
_GO: Final = "go"
_CLOSED: Final = "closed"

logger: logging.Logger = logging.getLogger("typed_api")


def serve(
    host: str,
    port: int,
    build: Callable[[], ASGIApp],
    *,
    folders: Sequence[Path],
    log_config: Mapping[str, Any],
    reload: bool,
) -> int:
    """Serve the project in the working directory until told to stop.

    Args:
        host: Where to listen.
        port: The port; 0 takes a free one.
        build: Makes the app; a function of a module, since each version of the project calls it in its own process.
        folders: Where the project's sources are.
        log_config: How every process logs, as for `logging.config.dictConfig`.
        reload: Whether edits are served.

    Returns:
        The exit status of the command.
    """
    logging.config.dictConfig(dict(log_config))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = bind(family, socket.SOCK_STREAM, 0, (host, port))
        # From now on connections wait for the first version to be loaded.
        listener.listen(_BACKLOG)
    except OSError as error:
        print(bind_refusal(host, port, error), file=sys.stderr)
        return 1
    shown = f"[{host}]" if ":" in host else host
    stop = threading.Event()

    def on_signal(*_: object) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    _say(f"Serving http://{shown}:{listener.getsockname()[1]} (Ctrl+C stops)")
    edits: queue.SimpleQueue[frozenset[str]] = queue.SimpleQueue()
    watcher = threading.Thread(target=_watch, args=(folders, stop, edits.put), name="typed-api edits", daemon=True)
    # Before the first version is loaded, so that no edit is missed.
    if reload:
        watcher.start()
    shift = _Shift(functools.partial(_Worker, listener, log_config), build)
    try:
        while not stop.is_set():
            shift.tick(_take_edits(edits))
    finally:
        shift.end()
        listener.close()
        if reload:
            watcher.join()
    return 0


def bind(family: int, kind: int, protocol: int, address: Any) -> socket.socket:  # Any: by the family.
    """Take an address.

    Raises:
        OSError: If it cannot be had.
    """
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # Elsewhere this would share the port with another server.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def bind_refusal(host: str, port: int, error: OSError) -> str:
    """Say that an address cannot be had."""
    return f"Port {port} of {host} cannot be used: {error.strerror}. Choose another with --port."


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _take_edits(edits: "queue.SimpleQueue[frozenset[str]]") -> frozenset[str]:
    """Wait for a short while, and give what was edited."""
    edited: frozenset[str] = frozenset()
    with contextlib.suppress(queue.Empty):
        edited = edits.get(timeout=_TICK_SECONDS)
        while True:
            edited |= edits.get_nowait()
    return edited


def _watch(folders: Sequence[Path], stop: threading.Event, put: Callable[[frozenset[str]], None]) -> None:
    """Put the sources that are edited, until told to stop."""
    try:
        from watchfiles import Change, DefaultFilter, watch
    except ModuleNotFoundError:
        logger.warning(
            "Edits are not served: that needs the 'watchfiles' package. Install it with: "
            "pip install 'typed-api-toolkit[dev]'."
        )
        return
    usual = DefaultFilter()

    def is_source(change: "Change", path: str) -> bool:
        """Say whether the project is made of it, so that data files do not restart it."""
        # Below the project's folder alone: that may well stand below one called `.tox`, say.
        root = next((folder for folder in map(str, folders) if path.startswith(folder + os.sep)), "")
        name = os.path.basename(path)
        # Of a folder that was renamed nothing else is told.
        is_folder = change is Change.added and "." not in name and _has_modules(path)
        return (path.endswith(_SUFFIXES) or name.startswith(".env") or is_folder) and usual(
            change, path.removeprefix(root)
        )

    def follow(*, polling: bool | None) -> None:
        for changes in watch(
            *folders,
            watch_filter=is_source,
            stop_event=stop,
            # Never: at each of its time-outs watchfiles forgets what may have changed that moment.
            rust_timeout=0,
            debounce=200,
            force_polling=polling,
        ):
            put(frozenset(path for _, path in changes))

    try:
        follow(polling=None)
    except OSError as error:  # The system limits how many folders are watched.
        logger.warning("Edits are found by looking again and again, which is slower: %s", error)
        follow(polling=True)


def _has_modules(folder: str) -> bool:
    return any(name.endswith(".py") for _, _, names in os.walk(folder) for name in names)


class _Worker:
    """One process with one version of the project."""

    def __init__(
        self,
        listener: socket.socket,
        log_config: Mapping[str, Any],
        build: Callable[[], ASGIApp],
        *,
        stands_in: bool = False,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.stands_in: bool = stands_in
        """Whether it serves nothing but the report of one that failed."""
        self._pipe: Connection
        self._pipe, other_end = context.Pipe()
        self._is_told: bool = False
        self.process: SpawnProcess = context.Process(
            # Not a daemon: those may have no children, and the project may want some.
            target=_work,
            args=(listener, log_config, build, other_end),
            name="typed-api dev",
        )
        self.started: float = time.monotonic()
        self.process.start()
        other_end.close()

    def report(self, *, wait_seconds: float = 0) -> str | None:
        """Give what the process has said: `_READY`, `_CLOSED`, why it failed, or None while it says nothing."""
        # In this order: what it said before it ended is there to be read then.
        ended = self.process.exitcode is not None
        if self._pipe.poll(wait_seconds):
            try:
                said: str = self._pipe.recv()
                return said
            except (EOFError, OSError):
                self.process.join(_GRACE_SECONDS)
                ended = True
        return f"The process that loads the app ended with status {self.process.exitcode}." if ended else None

    def go(self) -> None:
        """Let one that is ready take connections."""
        with contextlib.suppress(OSError):
            self._pipe.send(_GO)

    def close(self) -> None:
        """Let it take no more connections; it ends when it has answered on those that it has."""
        self._tell()
        self.report(wait_seconds=_CLOSE_SECONDS)

    def stop(self) -> None:
        """Let it finish what it is doing, for a short while."""
        self._tell()
        self._pipe.close()
        self.process.join(_GRACE_SECONDS + 1)
        if self.process.is_alive():  # An import that never ends takes no hint.
            self.process.kill()
            self.process.join()

    def _tell(self) -> None:
        # Once: the second signal would end a process that is about to end by itself.
        if not self._is_told:
            self._is_told = True
            self.process.terminate()


class _Shift:
    """Who serves now, and who is about to."""

    def __init__(self, hire: Callable[..., _Worker], build: Callable[[], ASGIApp]) -> None:
        self._hire: Callable[..., _Worker] = hire
        self._build: Callable[[], ASGIApp] = build
        self._serving: _Worker | None = None
        self._next: _Worker | None = hire(build)

    def tick(self, edited: Collection[str]) -> None:
        """Look at the processes, and start one for an edit."""
        # Before an edit is looked at: it may replace what is loading, but not what is good.
        self._hear()
        is_lost = self._serving is not None and self._serving.process.exitcode is not None
        if self._serving is not None and is_lost:
            _say(f"The process that served ended with status {self._serving.process.exitcode}. Starting again")
            self._serving.stop()
            self._serving = None
        elif edited:
            _say("Reloading")
        if edited or (is_lost and self._next is None):
            if self._next is not None:
                self._next.stop()
            _forget_bytecode(edited)
            self._next = self._hire(self._build)

    def _hear(self) -> None:
        said = None if self._next is None else self._next.report()
        if self._next is None or said is None:
            return
        worker, self._next = self._next, None
        if said == _READY:
            self._hand_over(worker)
        else:
            self._give_up(worker, said)

    def _hand_over(self, worker: _Worker) -> None:
        seconds = time.monotonic() - worker.started
        before, self._serving = self._serving, worker
        if before is not None:
            # Who has seen the new version once is not to see the old one again.
            before.close()
        if not worker.stands_in:
            _say(f"Ready in {seconds:.1f} s")
        worker.go()
        if before is not None:
            before.stop()

    def _give_up(self, worker: _Worker, report: str) -> None:
        _say(report)
        worker.stop()
        if self._serving is not None and not self._serving.stands_in:
            _say("The last good version goes on.")
        elif not worker.stands_in:
            _say("Every request is answered with this until it is mended.")
            self._next = self._hire(functools.partial(failure_app, report), stands_in=True)

    def end(self) -> None:
        """Stop every process."""
        workers = [worker for worker in (self._next, self._serving) if worker is not None]
        for worker in workers:
            worker.close()
        for worker in workers:
            worker.stop()


def _forget_bytecode(sources: Iterable[str]) -> None:
    # Python takes it for current when a source has the same length and was written in the same second.
    for source in sources:
        if source.endswith(".py"):
            with contextlib.suppress(OSError, NotImplementedError):
                os.unlink(importlib.util.cache_from_source(source))


class _Server(uvicorn.Server):
    """Leaves nobody without an answer when the next version takes over."""

    def __init__(self, config: uvicorn.Config, tell: Callable[[str], None]) -> None:
        super().__init__(config)
        self._tell: Callable[[str], None] = tell

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn closes connections that have sent nothing yet. Those that were taken already get the time to, while
        # new ones are the next process's.
        for server in self.servers:
            server.close()
        self._tell(_CLOSED)
        state = self.server_state
        state.default_headers = [*state.default_headers, (b"connection", b"close")]
        await asyncio.sleep(_LINGER_SECONDS)
        await super().shutdown(sockets)


class _Life:
    """An app whose lifespan reports: that it is up, before connections are taken, or why it failed."""

    def __init__(self, app: ASGIApp, pipe: Connection) -> None:
        self.failure: str = ""
        self._app: ASGIApp = app
        self._pipe: Connection = pipe
        self._is_settled: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def hear(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                self._is_settled = True
                self.failure = message.get("message", "")
                # Not logged too: who decides what is served then tells it.
                message = {**message, "message": ""}
            elif message["type"] == "lifespan.startup.complete":
                await self._take_turn()
            await send(message)

        try:
            await self._app(scope, receive, hear)
        finally:
            if not self._is_settled:  # An app without a lifespan, which is served all the same.
                await self._take_turn()

    async def _take_turn(self) -> None:
        self._is_settled = True
        self._pipe.send(_READY)
        with contextlib.suppress(EOFError, OSError):  # Nobody there any more: this process is told to end then.
            await asyncio.to_thread(self._pipe.recv)


def _work(
    listener: socket.socket, log_config: Mapping[str, Any], build: Callable[[], ASGIApp], pipe: Connection
) -> None:
    """Load the project and serve it; the body of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the whole group; the parent says when to stop.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.config.dictConfig(dict(log_config))

    def tell(what: str) -> None:
        with contextlib.suppress(OSError):  # Nobody listens any more.
            pipe.send(what)

    try:
        life = _Life(build(), pipe)
    except (StartupError, ConfigError) as error:
        tell(str(error))
        return
    except (Exception, SystemExit):
        tell(traceback.format_exc())
        return
    config = uvicorn.Config(
        life, interface="asgi3", timeout_graceful_shutdown=_GRACE_SECONDS, log_config=dict(log_config)
    )
    server = _Server(config, tell)
    # uvicorn ends the process when a lifespan fails.
    with contextlib.suppress(SystemExit):
        server.run(sockets=[listener])
    if not server.started:
        tell(f"The lifespan failed:\n{life.failure}".rstrip())


def _end_with_parent() -> None:
    """Go when the parent is gone, even one that was killed: nobody else would stop this process."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE_SECONDS + 1)
        os._exit(1)
