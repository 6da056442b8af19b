"""The project in the working directory: its settings and its app.

Owns the order of settings (options, environment, `.env` files, `pyproject.toml`) and the making of the app that they
describe.
"""

import contextlib
import importlib
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import click
from typing_extensions import override

from typed_api._types import ASGIApp
from typed_api.app import TypedAPI
from typed_api.config import Settings, environment, load_settings
from typed_api.discovery import import_report
from typed_api.errors import ConfigError, StartupError

__all__ = [
    "Abort",
    "build_app",
    "build_for_development",
    "build_or_abort",
    "build_to_look_at",
    "enter",
    "read_settings",
    "settle",
    "settle_or_refuse",
]


class Abort(click.ClickException):
    """What keeps a command from its work, told without a traceback."""

    exit_code = 1

    @override
    def show(self, file: Any = None) -> None:  # Any: click's own signature.
        click.echo(self.message, err=True)


# --- settings ---------------------------------------------------------------------------------------------------------


def enter(path: str) -> None:
    """Make a project's folder the working directory."""
    try:
        os.chdir(path)
    except (FileNotFoundError, NotADirectoryError):
        raise click.UsageError(f"{path!r} is not a folder. Give the folder that has pages/ in it.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise click.UsageError(f"{path!r} cannot be entered: {reason}.") from None


def settle(extra_file: str | None = None) -> Settings:
    """Read the settings of the project in the working directory, and complete the environment from its `.env` files.

    Args:
        extra_file: An environment file of the user's choice, which beats those of the project.

    Raises:
        ConfigError: If a setting cannot be used.
    """
    settings, added, notes = read_settings(extra_file)
    for note in notes:
        click.echo(note, err=True)
    os.environ.update(added)
    return settings


def settle_or_refuse(extra_file: str | None = None) -> Settings:
    try:
        return settle(extra_file)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None


def read_settings(extra_file: str | None = None) -> tuple[Settings, dict[str, str], list[str]]:
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


def build_for_development() -> ASGIApp:
    """Make the app with the `.env` files as they are now."""
    return _make_app(settle())


def _make_app(settings: Settings) -> ASGIApp:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    if settings.app is not None:
        return _import_app(settings.app)
    names = (
        "title",
        "version",
        "description",
        "debug",
        "coerce",
        "recheck_responses",
        "word_separator",
        "docs_url",
        "openapi_url",
    )
    options = {name: value for name in names if (value := getattr(settings, name)) is not None}
    for name in ("docs_url", "openapi_url"):
        if options.get(name) is False:
            options[name] = None
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


def build_or_abort() -> ASGIApp:
    try:
        return build_app()
    except (StartupError, ConfigError) as error:
        raise Abort(str(error)) from None


def build_to_look_at(path: str) -> TypedAPI:
    """Make the app of the project in a folder, which is the working directory then, for a command that serves nothing.

    Args:
        path: The folder.

    Returns:
        The app; whoever only wraps one in middleware has none to look at, and is refused.
    """
    enter(path)
    settings = settle_or_refuse()
    # What modules print while they are imported is not what was asked for.
    with contextlib.redirect_stdout(sys.stderr):
        app = build_or_abort()
    if not isinstance(app, TypedAPI):
        raise click.UsageError(f"The setting app = {settings.app!r} is a {type(app).__name__}, not a TypedAPI.")
    return app
