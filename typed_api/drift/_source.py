"""The documents to compare: where they come from, and that they are OpenAPI 3.

Owns `load_document` and `check_document`. A document that passes has the outer form that the comparison relies on, and
every `$ref` in it leads somewhere inside it.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, cast
from urllib.parse import unquote

__all__ = [
    "ITEM_EXTENSION",
    "DocumentError",
    "as_list",
    "as_mapping",
    "check_document",
    "load_document",
    "resolve",
    "split_reference",
]

ITEM_EXTENSION: Final = "x-typed-api-item-schema"
"""What describes the items of a stream before OpenAPI 3.2, which says `itemSchema`."""


_VERSION: Final = re.compile(r"3\.\d+(\.\d+)?(-.*)?", re.ASCII)
_GIT: Final = "git:"
# Data of the API, in which "$ref" is a name like any other.
_DATA_KEYS: Final = frozenset({"example", "examples", "default", "const", "enum", "value", "dataValue"})
# Below these, names are the API's own: a property may be called "example", and every "default" of responses is one.
_NAMING_KEYS: Final = frozenset(
    {
        "properties",
        "patternProperties",
        "$defs",
        "definitions",
        "dependentSchemas",
        "schemas",
        "responses",
        "headers",
        "content",
        "encoding",
        "requestBodies",
        "securitySchemes",
        "pathItems",
        "paths",
        "webhooks",
        "callbacks",
        "links",
    }
)


class DocumentError(ValueError):
    """A document cannot be read, or is no OpenAPI document; the sentence names it and the mend."""


def as_mapping(value: object) -> Mapping[str, object] | None:
    """Give a JSON object as one, and None for anything else."""
    # Asking whether something is a mapping takes ten times as long as asking whether it is a dict.
    return cast(Mapping[str, object], value) if isinstance(value, (dict, Mapping)) else None


def as_list(value: object) -> Sequence[object] | None:
    """Give a JSON array as one, and None for anything else."""
    return cast(Sequence[object], value) if isinstance(value, (list, tuple)) else None


def load_document(source: str, *, cwd: Path) -> Mapping[str, object]:
    """Read an OpenAPI document.

    Args:
        source: A JSON file; `-` for standard input; or `git:REV:path`, the file as it is in a revision, such as
            `git:main:openapi.json`. Paths are relative to `cwd`.
        cwd: The folder in which the command was given.

    Raises:
        DocumentError: If there is no such file or revision, or it holds no OpenAPI 3 document in JSON.
    """
    content = _read(source, cwd)
    name = "Standard input" if source == "-" else repr(source)
    try:
        document: object = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"{name} is not UTF-8 (byte {error.start}). Write the document as JSON in UTF-8."
        ) from error
    except json.JSONDecodeError as error:
        hint = " YAML is not read: convert it first." if source.endswith((".yaml", ".yml")) else ""
        raise DocumentError(
            f"{name} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.{hint}"
        ) from error
    except RecursionError as error:
        raise DocumentError(f"{name} is nested too deeply to be read.") from error
    except ValueError as error:  # A number with thousands of digits, or no number at all.
        raise DocumentError(f"{name} is not JSON: {error}") from error
    return check_document(document, name)


def _refuse_constant(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON number.")


def _read(source: str, cwd: Path) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    if source.startswith(_GIT):
        return _read_from_git(source, cwd)
    try:
        return (cwd / source).read_bytes()
    except FileNotFoundError as error:
        raise DocumentError(
            f"There is no file {source!r} in '{cwd}'. Name a JSON file, or one in a revision: 'git:main:openapi.json'."
        ) from error
    except IsADirectoryError as error:
        raise DocumentError(f"{source!r} is a folder. Name the JSON file in it.") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DocumentError(f"{source!r} cannot be read: {reason}.") from error


def _read_from_git(source: str, cwd: Path) -> bytes:
    revision, colon, path = source.removeprefix(_GIT).partition(":")
    if not colon or not revision or not path:
        raise DocumentError(
            f"{source!r} names no file in a revision. Write 'git:REV:path', such as 'git:main:openapi.json'."
        )
    # Git would take it for an option.
    if revision.startswith("-"):
        raise DocumentError(f"{source!r} names the revision {revision!r}. No revision begins with '-'.")
    inside = _run_git(["rev-parse", "--git-dir"], source, cwd)
    if inside.returncode != 0:
        raise DocumentError(
            f"{source!r} cannot be read: '{cwd}' is in no git repository that git will use{_said(inside)}"
        )
    if _run_git(["rev-parse", "--verify", "--quiet", revision + "^{tree}"], source, cwd).returncode != 0:
        raise DocumentError(
            f"{source!r} names the revision {revision!r}, which this repository does not have. "
            "Name a branch, tag or commit; a shallow clone may have to fetch it first."
        )
    relative = os.path.relpath(path, cwd) if os.path.isabs(path) else path
    # Not `git show`, which may start the program that the repository's attributes name for the file.
    shown = _run_git(["cat-file", "blob", f"{revision}:./{Path(relative).as_posix()}"], source, cwd)
    if shown.returncode != 0:
        raise DocumentError(
            f"{source!r} names the file {path!r}, which is not in the revision {revision!r}. "
            f"Paths are relative to '{cwd}'."
        )
    return shown.stdout


def _run_git(arguments: Sequence[str], source: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    if not cwd.is_dir():
        raise DocumentError(f"{source!r} cannot be read: there is no folder '{cwd}'.")
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            # A clone that lacks the file would ask for a password.
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        )
    except FileNotFoundError as error:
        raise DocumentError(f"{source!r} needs git, which is not installed. Install it, or name a file.") from error
    except (OSError, ValueError) as error:
        raise DocumentError(f"{source!r} cannot be read: {error}.") from error


def _said(result: subprocess.CompletedProcess[bytes]) -> str:
    lines = result.stderr.decode("utf-8", "replace").split("\n")
    first = lines[0].strip().removeprefix("fatal: ").rstrip(".")
    return f" ({first})." if first else "."


def check_document(document: object, name: str) -> Mapping[str, object]:
    """Make sure that a value is an OpenAPI 3 document whose references lead somewhere.

    Args:
        document: What was read.
        name: What to call it, at the start of a sentence.

    Raises:
        DocumentError: If it is none.
    """
    root = as_mapping(document)
    if root is None:
        raise DocumentError(f"{name} is no OpenAPI document: it holds {_kind(document)}, not an object.")
    version = root.get("openapi")
    if "swagger" in root and version is None:
        raise DocumentError(f"{name} is a Swagger {root['swagger']} document. Convert it to OpenAPI 3 first.")
    if version is None:
        raise DocumentError(f"{name} is no OpenAPI document: it has no 'openapi' with the version, such as \"3.1.0\".")
    if not isinstance(version, str) or _VERSION.fullmatch(version) is None:
        raise DocumentError(f"{name} has the OpenAPI version {version!r}. Documents of OpenAPI 3 can be compared.")
    _check_references(root, name)
    return root


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, (int, float)):
        return "a number"
    return "a text" if isinstance(value, str) else "an array" if as_list(value) is not None else "an object"


def _check_references(root: Mapping[str, object], name: str) -> None:
    # By identity: one object in many places is looked at once, and an object inside itself comes to an end.
    seen: set[tuple[int, bool]] = set()
    checked: set[str] = set()
    stack: list[tuple[object, bool]] = [(root, False)]
    while stack:
        value, is_names = stack.pop()
        mapping = as_mapping(value)
        inner: Sequence[tuple[object, bool]]
        if mapping is None:
            inner = [(item, False) for item in as_list(value) or ()]
        elif (id(value), is_names) in seen:
            continue
        elif is_names:
            inner = [(item, False) for item in mapping.values()]
        else:
            reference = mapping.get("$ref")
            if isinstance(reference, str) and reference not in checked:
                checked.add(reference)
                resolve(root, reference, name)
            inner = [
                (item, key in _NAMING_KEYS)
                for key, item in mapping.items()
                if key not in _DATA_KEYS and (key == ITEM_EXTENSION or not key.startswith("x-"))
            ]
        seen.add((id(value), is_names))
        stack.extend(inner)


def split_reference(reference: str) -> list[str]:
    """Give the keys that a reference inside a document goes by."""
    return [part.replace("~1", "/").replace("~0", "~") for part in unquote(reference[1:]).split("/")[1:]]


def resolve(root: Mapping[str, object], reference: str, name: str) -> object:
    """Follow a reference inside a document.

    Args:
        root: The document.
        reference: `#/components/schemas/User`.
        name: What to call the document, at the start of a sentence.

    Raises:
        DocumentError: If it leads out of the document, or nowhere.
    """
    if not reference.startswith("#"):
        raise DocumentError(
            f"{name} refers to {reference!r}, which is outside of it. Bundle it into one document first."
        )
    value: object = root
    for key in split_reference(reference):
        mapping, items = as_mapping(value), as_list(value)
        if mapping is not None and key in mapping:
            value = mapping[key]
        elif items is not None and key.isascii() and key.isdigit() and len(key) < 10 and int(key) < len(items):
            value = items[int(key)]
        else:
            raise DocumentError(f"{name} refers to {reference!r}, which is not there. Add it, or mend the reference.")
    if reference != "#" and not reference.startswith("#/"):
        raise DocumentError(f"{name} refers to {reference!r} by an anchor. Write it as a path, '#/components/…'.")
    return value
