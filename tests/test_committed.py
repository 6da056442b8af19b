"""A committed document is current, or what differs is shown."""

from pathlib import Path

import pytest

from typed_api.committed import Stale, find_staleness, version_of
from typed_api.openapi import OpenAPIVersion

LINES = [f'  "key{number}": {number},' for number in range(400)]


def write(*lines: str, version: str = "3.1.0") -> bytes:
    return "\n".join(["{", f'  "openapi": "{version}",', *lines, '  "end": 1', "}", ""]).encode()


def compare(folder: Path, committed: bytes, current: bytes) -> Stale | None:
    file = folder / "openapi.json"
    file.write_bytes(committed)
    return find_staleness(file, lambda version: current)


def mend(folder: Path, reason: str = "is not what the routes promise now") -> str:
    file = folder / "openapi.json"
    return f"'{file}' {reason}. Write it anew with: typed-api openapi -o {file}"


def test_same_bytes_are_current(tmp_path: Path) -> None:
    assert compare(tmp_path, write(*LINES), write(*LINES)) is None


def test_difference_is_shown_with_the_lines_of_the_file(tmp_path: Path) -> None:
    changed = [*LINES]
    changed[200] = '  "other": 0,'
    stale = compare(tmp_path, write(*LINES), write(*changed))
    file = tmp_path / "openapi.json"
    assert stale == Stale(
        mend(tmp_path),
        203,
        f"--- {file}\n+++ the routes\n@@ -200,7 +200,7 @@\n"
        '   "key197": 197,\n   "key198": 198,\n   "key199": 199,\n-  "key200": 200,\n+  "other": 0,\n'
        '   "key201": 201,\n   "key202": 202,\n   "key203": 203,',
    )


@pytest.mark.parametrize(
    ("count", "shown", "end"),
    [
        # The names, the place, two lines before and two after, and 300 that differ.
        (150, 200, "(107 more lines)"),
        # Compared no longer: the names, the place, half of each.
        (3000, 203, "(3000 lines of the file and 3000 of the routes differ)"),
    ],
)
def test_long_difference_is_cut(tmp_path: Path, count: int, shown: int, end: str) -> None:
    old = [f'  "old{number}": {number},' for number in range(count)]
    new = [f'  "new{number}": {number},' for number in range(count)]
    stale = compare(tmp_path, write(*old), write(*new))
    assert stale is not None
    *lines, last = stale.diff.splitlines()
    assert (len(lines), last) == (shown, end)


def test_line_that_was_added_at_the_end_is_the_one_that_differs(tmp_path: Path) -> None:
    stale = compare(tmp_path, b"[\n]\n", b"[\n]\n\n")
    assert stale is not None
    assert (stale.line, stale.diff.splitlines()[2:]) == (3, ["@@ -1,2 +1,3 @@", " [", " ]", "+"])


def test_same_document_in_another_form_is_told(tmp_path: Path) -> None:
    stale = compare(tmp_path, b'{"a": 1, "b": "%s"}' % (b"x" * 1000), b'{\n  "a": 1,\n  "b": "%s"\n}\n' % (b"x" * 1000))
    assert stale is not None
    assert stale.message == mend(tmp_path, "says what the routes promise, written in another way")
    assert max(map(len, stale.diff.splitlines())) == 301


def test_line_ends_of_another_system_are_named(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    assert compare(tmp_path, write(*LINES).replace(b"\n", b"\r\n"), write(*LINES)) == Stale(
        f"'{file}' differs in its line ends alone, which are CRLF. Keep git from changing them: write 'openapi.json "
        f"-text' into .gitattributes, then typed-api openapi -o {file}",
        1,
    )


@pytest.mark.parametrize(
    ("committed", "reason"),
    [
        (b"", "is no JSON (Expecting value: line 1 column 1 (char 0))"),
        (b"{\n<<<<<<< main\n", "is no JSON (it has the marks of a merge that was not finished)"),
        (b"[" * 100_000, "is no JSON (it is nested too deeply)"),
        (b'{"a": "\xff"}', "is no JSON (at byte 7 it is no UTF-8)"),
    ],
)
def test_file_that_is_no_json_is_told(tmp_path: Path, committed: bytes, reason: str) -> None:
    assert compare(tmp_path, committed, write()) == Stale(mend(tmp_path, reason))


def test_missing_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    assert find_staleness(file, lambda version: b"") == Stale(
        f"There is no '{file}'. Write it with: typed-api openapi -o {file}"
    )


def test_folder_is_told(tmp_path: Path) -> None:
    assert find_staleness(tmp_path, lambda version: b"") == Stale(f"'{tmp_path}' cannot be read: Is a directory.")


@pytest.mark.parametrize(("written", "wanted"), [("3.1.0", "3.1"), ("3.1.1", "3.1"), ("3.2.0", "3.2"), ("3.9", "3.1")])
def test_file_is_compared_in_its_own_version(tmp_path: Path, written: str, wanted: OpenAPIVersion) -> None:
    file = tmp_path / "openapi.json"
    file.write_bytes(write(version=written))
    asked: list[OpenAPIVersion] = []

    def make(version: OpenAPIVersion) -> bytes:
        asked.append(version)
        return b""

    stale = find_staleness(file, make)
    assert stale is not None
    assert (asked, stale.message.endswith(" --openapi 3.2")) == ([wanted], wanted == "3.2")


def test_version_that_is_asked_for_beats_the_one_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    file.write_bytes(write(version="3.1.0"))
    assert find_staleness(file, lambda version: write(version=f"{version}.0"), version="3.2") is not None


@pytest.mark.parametrize("document", [b"[]", b"1", b"{", b'{"openapi": 3.2}'])
def test_version_of_what_does_not_say_is_the_older_one(document: bytes) -> None:
    assert version_of(document) == ("3.2" if b"3.2" in document else "3.1")
