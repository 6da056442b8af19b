"""The command line: `typed-api dev`, `start`, `routes` and `check`.

Owns the order of settings (options, environment, `.env` files, `pyproject.toml`), how a production server ends, and
the words that a person in a terminal reads. Exit status 0 is fine, 1 is findings, 2 is misuse.
"""

import asyncio
import contextlib
import copy
import errno
import importlib
import inspect
import json
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
from typing import Any, Final, cast

import click
import uvicorn
from click.core import ParameterSource
from typing_extensions import override
from uvicorn.config import LOGGING_CONFIG
from uvicorn.main import main as uvicorn_command
from uvicorn.supervisors import Multiprocess

from typed_api import __version__
from typed_api._types import ASGIApp
from typed_api.app import TypedAPI
from typed_api.config import Settings, environment, load_settings
from typed_api.dev import bind, bind_refusal, serve
from typed_api.discovery import import_report
from typed_api.errors import ConfigError, StartupError

__all__ = ["build_app", "main"]

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


class _Abort(click.ClickException):
    """What keeps a command from its work, told without a traceback."""

    exit_code = 1

    @override
    def show(self, file: Any = None) -> None:  # Any: click's own signature.
        click.echo(self.message, err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="typed-api")
def main() -> None:
    """Serve typed route modules."""


# --- settings ---------------------------------------------------------------------------------------------------------


def _enter(path: str) -> None:
    """Make a project's folder the working directory."""
    try:
        os.chdir(path)
    except (FileNotFoundError, NotADirectoryError):
        raise click.UsageError(f"{path!r} is not a folder. Give the folder that has pages/ in it.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise click.UsageError(f"{path!r} cannot be entered: {reason}.") from None


def _settle(extra_file: str | None = None) -> Settings:
    """Read the settings of the project in the working directory, and complete the environment from its `.env` files.

    Args:
        extra_file: An environment file of the user's choice, which beats those of the project.

    Raises:
        ConfigError: If a setting cannot be used.
    """
    settings, added, notes = _read_settings(extra_file)
    for note in notes:
        click.echo(note, err=True)
    os.environ.update(added)
    return settings


def _settle_or_refuse(extra_file: str | None = None) -> Settings:
    try:
        return _settle(extra_file)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None


def _read_settings(extra_file: str | None = None) -> tuple[Settings, dict[str, str], list[str]]:
    """Give the settings, the variables that `.env` files add to the environment, and what the user should be told."""
    notes: list[str] = []
    # TYPED_API_PORT beats PORT, but not from a file: what the environment says comes before all files.
    settled = {*os.environ, *(f"TYPED_API_{name}" for name in ("HOST", "PORT") if os.environ.get(name))}
    found = {name: value for name, value in _read_env_files(extra_file, notes.append).items() if name not in settled}
    added = {name: value for name, (value, _) in found.items()}
    try:
        settings = load_settings(Path(), {**os.environ, **added})
    except ConfigError as error:
        # The sentence begins with the variable, if it is about one.
        sentence = str(error)
        _, file = found.get(sentence.partition("=")[0].strip(), ("", None))
        raise ConfigError(sentence if file is None else f"{file}: {sentence}") from None
    notes.extend(settings.warnings)
    return settings, added, notes


def _read_env_files(extra_file: str | None, tell: Callable[[str], None]) -> dict[str, tuple[str, Path]]:
    """Read the variables of `.env` files, each with the file that it comes from.

    The order is that of Next.js: `.env.production.local`, `.env.local`, `.env.production`, `.env`, the first wins.
    """
    mode = environment(os.environ)
    names = (f".env.{mode}.local", ".env.local", f".env.{mode}", ".env")
    files = [file for name in names if (file := Path(name)).is_file()]
    if extra_file is not None:
        files.insert(0, Path(extra_file))
    if not files:
        return {}
    try:
        from dotenv import dotenv_values
    except ModuleNotFoundError:
        sentence = (
            f"{files[0]} is not read: that needs the 'python-dotenv' package. Install it with: "
            "pip install 'typed-api-toolkit[dev]'."
        )
        if extra_file is not None:
            raise ConfigError(sentence) from None
        tell(sentence)
        return {}
    variables: dict[str, tuple[str, Path]] = {}
    for file in files:
        try:
            found = dotenv_values(file)
        except UnicodeDecodeError as error:
            raise ConfigError(f"{file} is no UTF-8 text (at byte {error.start}).") from None
        except OSError as error:
            raise ConfigError(f"{file} cannot be read: {error.strerror}.") from None
        if found.pop("TYPED_API_ENV", None) is not None:
            tell(
                f"{file}: TYPED_API_ENV is not taken from here, since it decides which files are read. Set it in the "
                "environment."
            )
        for name, value in found.items():
            if value is not None:
                variables.setdefault(name, (value, file))
    return variables


# --- the app ----------------------------------------------------------------------------------------------------------


def build_app() -> ASGIApp:
    """Make the app of the project in the working directory.

    Returns:
        The object that the setting `app` names, or a `TypedAPI` over the folder that `pages` names.

    Raises:
        StartupError: If the routes cannot be served, or `app` names nothing.
        ConfigError: If a setting cannot be used.
    """
    return _make_app(load_settings(Path(), os.environ))


def _build_for_development() -> ASGIApp:
    """Make the app with the `.env` files as they are now."""
    return _make_app(_settle())


def _make_app(settings: Settings) -> ASGIApp:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    if settings.app is not None:
        return _import_app(settings.app)
    names = ("title", "version", "debug", "coerce", "recheck_responses", "word_separator")
    options = {name: value for name in names if (value := getattr(settings, name)) is not None}
    return TypedAPI(settings.pages, **options)


def _import_app(place: str) -> ASGIApp:
    setting = f"The setting app = {place!r}"
    module_name, _, path = place.partition(":")
    names = [*module_name.split("."), *path.split(".")]
    if not all(name.isidentifier() for name in names):
        raise StartupError([f"{setting} names no object. Write it as 'module:name', for example 'main:app'."])
    importlib.invalidate_caches()
    try:
        found: Any = importlib.import_module(module_name)
    except StartupError:
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}."):
            raise StartupError(
                [f"{setting} names no module: there is no {error.name!r} in '{Path.cwd()}', nor installed."]
            ) from None
        raise StartupError([import_report(module_name, error)]) from None
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise StartupError([f"{setting} names nothing: {module_name!r} has no {path!r}."]) from None
    if not callable(found):
        raise StartupError([f"{setting} names an object of type {type(found).__name__!r}, which is no ASGI app."])
    try:
        inspect.signature(found).bind(None, None, None)
    except TypeError:
        raise StartupError(
            [
                f"{setting} names something that cannot be called with (scope, receive, send), so it is no ASGI app. "
                "Where it is a function that makes one, call it in the module and name what it returns."
            ]
        ) from None
    except ValueError:  # Written in C: it says nothing of its parameters.
        return cast("ASGIApp", found)
    return cast("ASGIApp", found)


def _build_or_abort() -> ASGIApp:
    try:
        return build_app()
    except (StartupError, ConfigError) as error:
        raise _Abort(str(error)) from None


# --- dev --------------------------------------------------------------------------------------------------------------


def _log_config(level: str = "info") -> dict[str, Any]:
    # uvicorn sets up its own loggers alone; without this ours would print bare sentences.
    config = copy.deepcopy(LOGGING_CONFIG)
    config["loggers"]["typed_api"] = {"handlers": ["default"], "level": level.upper(), "propagate": False}
    # stdout is for what a program reads; uvicorn would write a line per request there.
    config["handlers"]["access"]["stream"] = "ext://sys.stderr"
    return config


@main.command()
@click.argument("path", default=".")
@click.option("--host", default=None, help=f"Where to listen.  [default: {DEFAULT_HOST}]")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help=f"  [default: {DEFAULT_PORT}]")
@click.option("--reload/--no-reload", default=True, help="Serve every edit; on unless switched off.")
def dev(path: str, host: str | None, port: int | None, reload: bool) -> None:
    """Serve the project in PATH for development.

    Edits are served at once, and the last good app while an edit does not import. Errors are shown with their
    tracebacks.
    """
    _enter(path)
    os.environ["TYPED_API_ENV"] = "development"
    # Not put into the environment, and not told: each version of the app reads and tells it anew.
    try:
        settings, _, _ = _read_settings()
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    log_config = _log_config()
    # That each process starts and ends is told in other words.
    log_config["loggers"]["uvicorn.error"]["level"] = "WARNING"
    sys.exit(
        serve(
            host or settings.host or DEFAULT_HOST,
            port if port is not None else settings.port if settings.port is not None else DEFAULT_PORT,
            _build_for_development,
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
                    raise _Abort(bind_refusal(host, port, error)) from None


def _start(**options: Any) -> None:  # Any: uvicorn's options are of many types.
    context = click.get_current_context()
    given = {name for name in options if context.get_parameter_source(name) not in (ParameterSource.DEFAULT, None)}
    path = options.pop("path")
    if "path" in given:
        # Files of the command line are those of the folder where it was typed.
        for name in _FILES & given:
            options[name] = os.path.abspath(options[name])
    _enter(path)
    settings = _settle_or_refuse(options.pop("env_file"))
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
    app = _build_or_abort()
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


main.add_command(
    click.Command(
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
)


# --- routes -----------------------------------------------------------------------------------------------------------


@main.command()
@click.argument("path", default=".")
@click.option("--json", "as_json", is_flag=True, help="Print for a program to read.")
def routes(path: str, as_json: bool) -> None:
    """List the routes of the project in PATH."""
    _enter(path)
    settings = _settle_or_refuse()
    # What modules print while they are imported is not what was asked for.
    with contextlib.redirect_stdout(sys.stderr):
        app = _build_or_abort()
    if not isinstance(app, TypedAPI):
        raise click.UsageError(f"The setting app = {settings.app!r} is a {type(app).__name__}, not a TypedAPI.")
    rows = [
        {"path": endpoint.pattern.template, "methods": list(endpoint.methods), "file": endpoint.file}
        for endpoint in sorted(app.endpoints, key=lambda endpoint: (endpoint.pattern.template, endpoint.file))
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    width = max((len(str(row["path"])) for row in rows), default=0)
    methods_width = max((len(", ".join(row["methods"])) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['path']:<{width}}  {', '.join(row['methods']):<{methods_width}}  {row['file']}")


# --- check ------------------------------------------------------------------------------------------------------------


@main.command()
@click.argument("path", default=".")
@click.option("--json", "as_json", is_flag=True, help="Print for a program to read.")
@click.option("--rename-brackets", is_flag=True, help="Rename [id].py and its like to _id_.py, and do nothing else.")
@click.option("--yes", is_flag=True, help="With --rename-brackets: do not ask.")
def check(path: str, as_json: bool, rename_brackets: bool, yes: bool) -> None:
    """Prove the routes of the project in PATH.

    Imports every route, runs mypy with the plugin, and makes sure that mypy has looked at each route file.
    """
    from typed_api.check import check_project

    if rename_brackets and as_json:
        raise click.UsageError("--rename-brackets and --json do not go together. Leave one of them out.")
    if yes and not rename_brackets:
        raise click.UsageError("--yes answers what --rename-brackets asks. Give it with --rename-brackets.")
    _enter(path)
    settings = _settle_or_refuse()
    if rename_brackets:
        _rename_brackets(settings, ask=not yes)
        return
    # What modules print while they are imported is not what was asked for.
    with contextlib.redirect_stdout(sys.stderr):
        report = check_project(settings, build_app)
    if report.notes:
        click.echo(report.notes, err=True, nl=False)
    click.echo(report.to_json() if as_json else report.to_text())
    sys.exit(1 if report.findings else 0)


def _rename_brackets(settings: Settings, *, ask: bool) -> None:
    from typed_api.pattern import PatternError
    from typed_api.rename import RenameError, plan_rename

    root = Path(settings.pages)
    if not root.is_dir() and settings.pages.replace(".", "").isidentifier():
        root = Path(*settings.pages.split("."))
    if not root.is_dir():
        raise click.UsageError(
            f"The root folder of the routes, {settings.pages!r}, is no folder here. Name it in pyproject.toml: "
            '[tool.typed_api] pages = "..."'
        )
    try:
        plan = plan_rename(root, word_separator=settings.word_separator)
    except PatternError as error:
        raise click.UsageError(str(error)) from None
    if plan.conflicts:
        raise _Abort("\n- ".join(["Nothing was changed, because of this:", *plan.conflicts]))
    if not plan.steps:
        click.echo(f"Nothing to rename in '{settings.pages}'.")
        return
    click.echo(str(plan))
    if ask:
        try:
            agreed = click.confirm("\nDo this?", err=True)
        except click.Abort:
            raise _Abort("\nNothing was changed: there was no answer. --yes goes without one.") from None
        if not agreed:
            raise _Abort("Nothing was changed.")
    try:
        plan.apply()
    except RenameError as error:
        raise _Abort(str(error)) from None
    click.echo(plan.summary)
