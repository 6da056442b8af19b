"""The commands `dev` and `start`.

Owns how a production server begins and ends, and what of uvicorn's options is passed on.
"""

import asyncio
import contextlib
import copy
import errno
import inspect
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final

import click
import uvicorn
from click.core import ParameterSource
from typing_extensions import override
from uvicorn.config import LOGGING_CONFIG
from uvicorn.main import main as uvicorn_command
from uvicorn.supervisors import Multiprocess

from typed_api.app import TypedAPI
from typed_api.cli._project import (
    Abort,
    build_for_development,
    build_or_abort,
    enter,
    read_settings,
    settle_or_refuse,
)
from typed_api.config import Settings
from typed_api.dev import bind, bind_refusal, serve
from typed_api.errors import ConfigError, StartupError

__all__ = ["dev", "start"]

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8000
DEFAULT_GRACE_SECONDS: Final = 30
"""How long `start` waits for requests in flight when it is told to stop."""

_LAST_SECONDS: Final = 2.0
"""How long what still runs after the grace has to end by itself."""
_STARTUP_FAILURE: Final = 3
"""The status by which uvicorn knows a worker that would fail again."""

# Reloading is the business of `dev`, the app that of the project's settings.
_OWN_OPTIONS: Final = frozenset(
    {
        "app",
        "app_dir",
        "factory",
        "reload",
        "reload_dirs",
        "reload_includes",
        "reload_excludes",
        "reload_delay",
        "version",
    }
)

_FILES: Final = frozenset({"env_file", "log_config", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "uds"})

logger: logging.Logger = logging.getLogger("typed_api")


# --- dev --------------------------------------------------------------------------------------------------------------


def _log_config(level: str = "info") -> dict[str, Any]:
    # uvicorn sets up its own loggers alone; without this ours would print bare sentences.
    config = copy.deepcopy(LOGGING_CONFIG)
    config["loggers"]["typed_api"] = {"handlers": ["default"], "level": level.upper(), "propagate": False}
    # stdout is for what a program reads; uvicorn would write a line per request there.
    config["handlers"]["access"]["stream"] = "ext://sys.stderr"
    return config


@click.command()
@click.argument("path", default=".")
@click.option("--host", default=None, help=f"Where to listen.  [default: {DEFAULT_HOST}]")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help=f"  [default: {DEFAULT_PORT}]")
@click.option("--reload/--no-reload", default=True, help="Serve every edit; on unless switched off.")
def dev(path: str, host: str | None, port: int | None, reload: bool) -> None:
    """Serve the project in PATH for development.

    Edits are served at once, and the last good app while an edit does not import. Errors are shown with their
    tracebacks.
    """
    enter(path)
    os.environ["TYPED_API_ENV"] = "development"
    # Not put into the environment, and not told: each version of the app reads and tells it anew.
    try:
        settings, _, _ = read_settings()
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    log_config = _log_config()
    # That each process starts and ends is told in other words.
    log_config["loggers"]["uvicorn.error"]["level"] = "WARNING"
    sys.exit(
        serve(
            host or settings.host or DEFAULT_HOST,
            port if port is not None else settings.port if settings.port is not None else DEFAULT_PORT,
            build_for_development,
            folders=_source_folders(settings),
            log_config=log_config,
            reload=reload,
        )
    )


def _source_folders(settings: Settings) -> list[Path]:
    here = Path.cwd()
    pages = Path(os.path.realpath(settings.pages))
    return [here] if pages.is_relative_to(here) or not pages.is_dir() else [here, pages]


# --- start ------------------------------------------------------------------------------------------------------------


class _Config(uvicorn.Config):
    """How a process that serves begins and ends."""

    failed: Event | None = None
    """Set by a worker that cannot start, for the process that started it; None where there is only one process."""

    @override
    def load(self) -> None:
        try:
            super().load()
        except (StartupError, ConfigError) as error:
            click.echo(str(error), err=True)
            self._give_up()
            sys.exit(_STARTUP_FAILURE)
        make: Callable[[uvicorn.Config], Any] = self.lifespan_class

        def make_watched(config: uvicorn.Config) -> Any:
            lifespan = make(config)
            startup, shutdown = lifespan.startup, lifespan.shutdown

            async def watched_startup() -> None:
                await startup()
                if lifespan.should_exit:
                    self._give_up()

            async def watched_shutdown() -> None:
                await shutdown()
                if any(task.cancelling() for task in asyncio.all_tasks()):
                    _end_soon()

            lifespan.startup, lifespan.shutdown = watched_startup, watched_shutdown
            return lifespan

        self.lifespan_class = make_watched

    def _give_up(self) -> None:
        if self.failed is not None:
            self.failed.set()
            if os.name != "nt":
                # Some releases of uvicorn would start such a worker again and again.
                os.kill(os.getppid(), signal.SIGTERM)


def _end_soon() -> None:
    """End the process though something in it goes on: the grace is over, and nothing can interrupt a thread."""

    def leave() -> None:
        logger.error("Ended before all handlers and threads had.")
        sys.stdout.flush()
        os._exit(0)

    timer = threading.Timer(_LAST_SECONDS, leave)
    timer.daemon = True
    timer.start()


def _run(config: _Config) -> int:
    try:
        return _run_workers(config) if config.workers > 1 else _run_alone(config)
    finally:
        if config.uds is not None:
            Path(config.uds).unlink(missing_ok=True)


def _run_alone(config: _Config) -> int:
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    # Once it has drained, uvicorn raises the signal again for whoever listened before: that is not to be an end by
    # signal. Before it listens itself, a signal must not be lost either.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        server.run()
    except SystemExit:
        # So says uvicorn, where it does not only stop, that it could not start; it has logged why.
        return 1
    if any(not thread.daemon and thread is not threading.main_thread() for thread in threading.enumerate()):
        _end_soon()
    return 0 if server.started else 1


def _run_workers(config: _Config) -> int:
    config.failed = multiprocessing.get_context("spawn").Event()
    options: dict[str, Any] = {"sockets": [config.bind_socket()]}
    if "target" in inspect.signature(Multiprocess).parameters:  # uvicorn below 0.51
        options["target"] = uvicorn.Server(config).run
    Multiprocess(config, **options).run()
    return 1 if config.failed.is_set() else 0


def _refuse_taken_port(host: str, port: int) -> None:
    """Say so before the app starts; what else is wrong with an address, uvicorn finds out."""
    with contextlib.suppress(socket.gaierror):
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            try:
                bind(family, kind, protocol, address).close()
            except OSError as error:
                if error.errno in (errno.EADDRINUSE, errno.EACCES):
                    raise Abort(bind_refusal(host, port, error)) from None


def _start(**options: Any) -> None:  # Any: uvicorn's options are of many types.
    context = click.get_current_context()
    given = {name for name in options if context.get_parameter_source(name) not in (ParameterSource.DEFAULT, None)}
    path = options.pop("path")
    if "path" in given:
        # Files of the command line are those of the folder where it was typed.
        for name in _FILES & given:
            options[name] = os.path.abspath(options[name])
    enter(path)
    settings = settle_or_refuse(options.pop("env_file"))
    defaults = {
        "host": settings.host or DEFAULT_HOST,
        "port": DEFAULT_PORT if settings.port is None else settings.port,
        # Not None: uvicorn would look for WEB_CONCURRENCY itself, and stumble over an empty one.
        "workers": settings.workers or 1,
        "timeout_graceful_shutdown": DEFAULT_GRACE_SECONDS,
        "log_config": _log_config(options["log_level"] or "info"),
    }
    options.update({name: value for name, value in defaults.items() if name not in given})
    options["headers"] = [_split_header(header) for header in options["headers"]]
    if not 0 <= options["port"] <= 65535:
        raise click.BadParameter(f"{options['port']} is not in the range 0<=x<=65535.", param_hint="'--port'")
    if options["uds"] is None and options["fd"] is None:
        _refuse_taken_port(options["host"], options["port"])
    config = _Config("typed_api.cli:build_app", factory=True, **options)
    # In workers too: one that cannot import would be found out only once it has been started.
    app = build_or_abort()
    if isinstance(app, TypedAPI) and app.debug:
        click.echo("Clients are shown tracebacks: debug is on, which is for development.", err=True)
    if config.workers == 1:
        config.app = lambda: app
    sys.exit(_run(config))


def _split_header(header: str) -> tuple[str, str]:
    name, colon, value = header.partition(":")
    if not colon:
        raise click.BadParameter(f"{header!r} has no colon. Write it as 'Name: value'.", param_hint="'--header'")
    return name, value


start: click.Command = click.Command(
    "start",
    callback=_start,
    params=[
        click.Argument(["path"], default="."),
        *(param for param in uvicorn_command.params if param.name not in _OWN_OPTIONS),
    ],
    help=(
        "Serve the project in PATH for production.\n\nTakes uvicorn's options. On SIGTERM it finishes what is in "
        f"flight within --timeout-graceful-shutdown ({DEFAULT_GRACE_SECONDS} s unless given) and exits 0."
    ),
)
