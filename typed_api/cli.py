"""The command line: `typed-api dev`, `start` and `routes`.

Owns the order of settings (options, environment, `.env` files, `pyproject.toml`) and the words that a person in a
terminal reads. Exit status 0 is fine, 1 is findings, 2 is misuse.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource
from uvicorn.config import LOGGING_CONFIG
from uvicorn.importer import ImportFromStringError, import_from_string
from uvicorn.main import main as uvicorn_command

from typed_api import __version__
from typed_api._types import ASGIApp
from typed_api.app import TypedAPI
from typed_api.config import Settings, environment, load_settings
from typed_api.errors import ConfigError, StartupError

__all__ = ["build_app", "main"]

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8000
DEFAULT_GRACE_SECONDS: Final = 30
"""How long `start` waits for requests in flight when it is told to stop."""

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


class _Abort(click.ClickException):
    """What keeps a command from its work, told without a traceback."""

    exit_code = 1

    def show(self, file: Any = None) -> None:  # Any: click's own signature.
        click.echo(self.message, err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="typed-api")
def main() -> None:
    """Serve typed route modules."""


def _enter_project(path: str) -> Settings:
    """Make a project's folder the working directory and read its settings."""
    folder = Path(path)
    if not folder.is_dir():
        raise click.UsageError(f"{path!r} is not a folder. Give the folder that has pages/ in it.")
    os.chdir(folder)
    _load_env_files()
    try:
        settings = load_settings(Path(), os.environ)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    for warning in settings.warnings:
        click.echo(warning, err=True)
    return settings


def _load_env_files() -> None:
    """Add what `.env` files say to the environment; what is set there already stays.

    The order is that of Next.js: `.env.production.local`, `.env.local`, `.env.production`, `.env`, the first wins.
    """
    try:
        mode = environment(os.environ)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    files = [
        file for name in (f".env.{mode}.local", ".env.local", f".env.{mode}", ".env") if (file := Path(name)).is_file()
    ]
    if not files:
        return
    try:
        from dotenv import dotenv_values
    except ModuleNotFoundError:
        click.echo(
            f"{files[0]} is not read: that needs the 'python-dotenv' package. Install it with: "
            "pip install 'typed-api-toolkit[dev]'.",
            err=True,
        )
        return
    for file in files:
        for name, value in dotenv_values(file).items():
            if value is not None:
                os.environ.setdefault(name, value)


def build_app() -> ASGIApp:
    """Make the app of the project in the working directory.

    Returns:
        The object that the setting `app` names, or a `TypedAPI` over the folder that `pages` names.

    Raises:
        StartupError: If the routes cannot be served, or `app` names nothing.
        ConfigError: If a setting cannot be used.
    """
    settings = load_settings(Path(), os.environ)
    if settings.app is not None:
        folder = str(Path.cwd())
        if folder not in sys.path:
            sys.path.insert(0, folder)
        try:
            app: ASGIApp = import_from_string(settings.app)
        except ImportFromStringError as error:
            raise StartupError([f"The setting app = {settings.app!r} cannot be used: {error}"]) from None
        if not callable(app):
            raise StartupError([f"The setting app = {settings.app!r} names {type(app).__name__!r}, not an ASGI app."])
        return app
    names = ("title", "version", "debug", "coerce", "recheck_responses", "word_separator")
    options = {name: value for name in names if (value := getattr(settings, name)) is not None}
    return TypedAPI(settings.pages, **options)


def _build_or_abort() -> ASGIApp:
    try:
        return build_app()
    except (StartupError, ConfigError) as error:
        raise _Abort(str(error)) from None


def _log_own_lines() -> None:
    # uvicorn sets up its own loggers alone; without this ours would print bare sentences.
    LOGGING_CONFIG["loggers"]["typed_api"] = {"handlers": ["default"], "level": "INFO", "propagate": False}


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
    # Imported here: `start` and `routes` need no watching.
    from typed_api.dev import serve

    os.environ["TYPED_API_ENV"] = "development"
    settings = _enter_project(path)
    _log_own_lines()
    sys.exit(
        serve(
            host or settings.host or DEFAULT_HOST,
            port if port is not None else settings.port if settings.port is not None else DEFAULT_PORT,
            build_app,
            reload=reload,
        )
    )


def _start(**options: Any) -> None:  # Any: uvicorn's options are of many types.
    context = click.get_current_context()
    settings = _enter_project(options.pop("path"))
    given = {name for name in options if context.get_parameter_source(name) not in (ParameterSource.DEFAULT, None)}
    defaults = {
        "host": settings.host or DEFAULT_HOST,
        "port": DEFAULT_PORT if settings.port is None else settings.port,
        "workers": settings.workers,
        "timeout_graceful_shutdown": DEFAULT_GRACE_SECONDS,
    }
    options.update({name: value for name, value in defaults.items() if name not in given})
    # Found out before a server starts: a worker that cannot import would be started again and again.
    _build_or_abort()
    _log_own_lines()
    # uvicorn raises the signal again once it has drained; that is the end we want, and not a failure.
    signal.signal(signal.SIGTERM, lambda *_: None)
    run: Callable[..., None] | None = uvicorn_command.callback
    if run is None:
        raise RuntimeError("This version of uvicorn has no command to start.")
    run(app="typed_api.cli:build_app", factory=True, **options, **_unused_options())


def _unused_options() -> dict[str, object]:
    defaults: dict[str, object] = {}
    for param in uvicorn_command.params:
        if param.name in _OWN_OPTIONS and param.name not in ("app", "factory", "version"):
            defaults[str(param.name)] = [] if param.multiple else param.get_default(click.Context(uvicorn_command))
    return defaults


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


@main.command()
@click.argument("path", default=".")
@click.option("--json", "as_json", is_flag=True, help="Print for a program to read.")
def routes(path: str, as_json: bool) -> None:
    """List the routes of the project in PATH."""
    settings = _enter_project(path)
    app = _build_or_abort()
    if not isinstance(app, TypedAPI):
        raise click.UsageError(f"The setting app = {settings.app!r} is a {type(app).__name__}, not a TypedAPI.")
    rows = [
        {"path": endpoint.pattern.template, "methods": list(endpoint.methods), "file": endpoint.file}
        for endpoint in sorted(app.endpoints, key=lambda endpoint: endpoint.pattern.template)
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    width = max((len(str(row["path"])) for row in rows), default=0)
    methods_width = max((len(", ".join(row["methods"])) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['path']:<{width}}  {', '.join(row['methods']):<{methods_width}}  {row['file']}")
