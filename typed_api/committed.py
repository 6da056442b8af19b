"""A committed OpenAPI document held against what the routes promise now.

Owns what counts as current (the same bytes) and how a difference is shown to a person.
"""

import difflib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from typed_api.openapi import OpenAPIVersion

__all__ = ["Stale", "find_staleness", "version_of"]

_MOST_LINES: Final = 200
"""How many lines of a difference are shown."""
_LONGEST_LINE: Final = 300
"""How many characters of a line are shown: a file may be written in one."""
_MOST_COMPARED: Final = 4000
"""How many lines are compared line by line; that takes time by their square where nothing is alike."""


@dataclass(frozen=True, slots=True)
class Stale:
    """Why a committed document is not current."""

    message: str
    """One sentence, and the mend."""
    line: int | None = None
    """The first line that differs, from 1."""
    diff: str = ""
    """What differs, as a unified diff from the file to the routes; empty where there is nothing to compare."""


def find_staleness(
    file: Path, make: Callable[[OpenAPIVersion], bytes], *, version: OpenAPIVersion | None = None
) -> Stale | None:
    """Compare a committed document with the present one, byte by byte.

    Args:
        file: The committed document.
        make: Makes the present one, in a version of the specification.
        version: That version; None is the one that the file is of.

    Returns:
        None when it is current.
    """
    name = str(file)
    command = f"typed-api openapi -o {name}"
    try:
        committed = file.read_bytes()
    except FileNotFoundError:
        return Stale(f"There is no {name!r}. Write it with: {command}")
    except OSError as error:
        return Stale(f"{name!r} cannot be read: {error.strerror}.")
    if version is None:
        version = version_of(committed)
    if version == "3.2":
        command += " --openapi 3.2"
    current = make(version)
    if committed == current:
        return None
    if committed.replace(b"\r\n", b"\n") == current:
        return Stale(
            f"{name!r} differs in its line ends alone, which are CRLF. Keep git from changing them: write "
            f"'{file.name} -text' into .gitattributes, then {command}",
            1,
        )
    try:
        is_same = json.loads(committed) == json.loads(current)
    except (ValueError, RecursionError) as error:
        return Stale(f"{name!r} is no JSON ({_reason(error, committed)}). Write it anew with: {command}")
    line, diff = _compare(committed, current, name)
    what = "says what the routes promise, written in another way" if is_same else "is not what the routes promise now"
    return Stale(f"{name!r} {what}. Write it anew with: {command}", line, diff)


def version_of(document: bytes) -> OpenAPIVersion:
    """Say which version of the specification a document is of; 3.1 where that cannot be told."""
    try:
        read: object = json.loads(document)
    except (ValueError, RecursionError):
        return "3.1"
    version = cast("dict[str, object]", read).get("openapi") if isinstance(read, dict) else None
    return "3.2" if str(version).startswith("3.2") else "3.1"


def _reason(error: ValueError | RecursionError, document: bytes) -> str:
    if re.search(rb"(?m)^(<{7}|>{7}) ", document):
        return "it has the marks of a merge that was not finished"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return f"at byte {error.start} it is no UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _compare(committed: bytes, current: bytes, name: str) -> tuple[int, str]:
    old = committed.decode("utf-8", "backslashreplace").splitlines()
    new = current.decode("utf-8", "backslashreplace").splitlines()
    head = _shared(old, new)
    tail = _shared(old[head:][::-1], new[head:][::-1])
    removed, added = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(removed) + len(added) > _MOST_COMPARED:
        lines = [f"--- {name}", "+++ the routes", f"@@ -{head + 1} +{head + 1} @@"]
        lines += [f"-{line}" for line in removed[: _MOST_LINES // 2]]
        lines += [f"+{line}" for line in added[: _MOST_LINES // 2]]
        lines.append(f"({len(removed)} lines of the file and {len(added)} of the routes differ)")
    else:
        # Only what differs, with the lines around it that a diff shows.
        start, end = max(head - 3, 0), max(tail - 3, 0)
        old, new = old[start : len(old) - end], new[start : len(new) - end]
        lines = [_shifted(line, start) for line in difflib.unified_diff(old, new, name, "the routes", lineterm="")]
        if len(lines) > _MOST_LINES:
            lines = [*lines[:_MOST_LINES], f"({len(lines) - _MOST_LINES} more lines)"]
    return head + 1, "\n".join(line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + "…" for line in lines)


def _shifted(line: str, start: int) -> str:
    """Let the line numbers of a diff count from the beginning of the file, not from what was compared of it."""
    if not line.startswith("@@ "):
        return line
    return re.sub(r"[-+]\d+", lambda found: f"{found[0][0]}{int(found[0][1:]) + start}", line)


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """Count the lines that two texts begin with alike."""
    return next((index for index, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
