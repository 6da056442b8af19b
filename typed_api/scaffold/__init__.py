"""A new project: the files below `_template/`, under a name of the user's.

Owns which files a project begins with, what a project may be called, and writing it whole or not at all. The template
is a project itself, called `my-api`, that runs where it is; the name is all that changes.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

__all__ = ["ScaffoldError", "create_project"]

_TEMPLATE: Final = files(__name__) / "_template"
# A list, and not what is found in the folder: installers put compiled modules beside the sources, tools their caches.
_FILES: Final = (
    ".dockerignore",
    ".gitattributes",
    ".github/workflows/ci.yml",
    ".gitignore",
    "Dockerfile",
    "README.md",
    "main.py",
    "notes.py",
    "openapi.json",
    "pages/__init__.py",
    "pages/api/__init__.py",
    "pages/api/health.py",
    "pages/api/hello.py",
    "pages/api/notes/__init__.py",
    "pages/api/notes/_id_.py",
    "pages/api/notes/index.py",
    "pyproject.toml",
    "tests/test_api.py",
    "tests/test_contract.py",
)
_TEMPLATE_NAME: Final = "my-api"

# What a distribution may be called (https://packaging.python.org/en/latest/specifications/name-normalization/). It
# needs no escape in TOML, JSON, Python and Markdown, where it is put as it is.
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]+")
# Devices to Windows, with any ending: a colleague there could not clone the project.
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_REQUIRED: Final = re.compile(r"[A-Za-z0-9._-]+")


class ScaffoldError(Exception):
    """A project could not be made, and nothing of it is left; the sentence says why, and what to do."""


def create_project(name: str, parent: Path) -> list[Path]:
    """Make a project in a folder of its name.

    Args:
        name: What the folder, the distribution and the API are called.
        parent: The folder that the project's folder is made in, an existing one. The project's folder may exist, when
            nothing is in it but `.git`.

    Returns:
        The files that were written, relative to the project's folder, sorted.

    Raises:
        ScaffoldError: If the name cannot be used, something is in the folder, or a file cannot be written. What was
            written before is removed.
    """
    _check_name(name)
    project = parent / name
    _check_room(project)
    made: list[Path] = []
    try:
        for file in _FILES:
            _write(project / file, _content(file, name), made)
    except BaseException as error:
        _remove(made)
        if not isinstance(error, OSError):
            raise
        place = error.filename or project
        raise ScaffoldError(
            f"'{place}' cannot be written: {error.strerror}. Nothing was made. Mend that, or choose another folder."
        ) from error
    return sorted(map(Path, _FILES))


def _check_name(name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise ScaffoldError(
            f"{name!r} cannot be the name of a project. Use ASCII letters, digits, '-', '_' and '.', with a letter or "
            f"a digit at both ends, for example {_mended(name)!r}."
        )
    if _DEVICE.fullmatch(name) is not None:
        raise ScaffoldError(f"{name!r} is a device to Windows. Choose another name, for example {name + '-api'!r}.")
    if _normalize(name) in _needed():
        raise ScaffoldError(
            f"{name!r} is a distribution that the project itself needs. Choose another name, for example "
            f"{name + '-api'!r}."
        )


def _mended(name: str) -> str:
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    return _UNFIT.sub("-", last).strip("._-") or _TEMPLATE_NAME


def _normalize(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _needed() -> set[str]:
    """Give the distributions that a project is made with; installed under such a name, it would replace one."""
    # Any: what is in a TOML file; in this one, what this module reads.
    project: dict[str, Any] = tomllib.loads((_TEMPLATE / "pyproject.toml").read_text(encoding="utf-8"))
    try:
        own = requires("typed-api-toolkit") or ()
    except PackageNotFoundError:  # It is run from its source.
        own = ()
    listed: Iterable[str] = (
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *own,
    )
    return {_normalize(found[0]) for requirement in listed if (found := _REQUIRED.match(requirement))}


def _check_room(project: Path) -> None:
    if not project.parent.is_dir():
        raise ScaffoldError(f"'{project.parent}' is not a folder. Make it first, or choose another.")
    try:
        present = sorted(item.name for item in project.iterdir())
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise ScaffoldError(f"'{project}' is there, and no folder. Choose another name, or remove it.") from None
    except OSError as error:
        raise ScaffoldError(f"'{project}' cannot be read: {error.strerror}. Choose another name.") from error
    # `.git`: a repository may be there before what it is for.
    if others := [item for item in present if item != ".git"]:
        raise ScaffoldError(f"'{project}' is not empty: it has {others[0]!r}. Choose another name, or empty it.")


def _content(file: str, name: str) -> bytes:
    return (_TEMPLATE / file).read_bytes().replace(_TEMPLATE_NAME.encode(), name.encode())


def _write(path: Path, content: bytes, made: list[Path]) -> None:
    """Write a file that is not there yet, and note what was made for it, in this order."""
    for folder in _missing_folders(path):
        folder.mkdir()
        made.append(folder)
    with path.open("xb") as file:
        made.append(path)
        file.write(content)


def _missing_folders(path: Path) -> Iterator[Path]:
    return reversed([folder for folder in path.parents if not folder.is_dir()])


def _remove(made: list[Path]) -> None:
    for path in reversed(made):
        try:
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
        except OSError:
            # Somebody else put a file into a folder, or the disk takes no change any more. The first error is told.
            continue
