"""Parts of the development server that no test can bring about from outside."""

import importlib.util
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.projects import write_files
from typed_api import dev


@pytest.fixture
def watchfiles(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Stand in for the package where the system watches no more folders: give the options of each call."""
    calls: list[dict[str, Any]] = []

    def watch(*folders: Path, **options: Any) -> Iterator[set[tuple[str, str]]]:
        calls.append({"folders": folders, **options})
        if not options["force_polling"]:
            raise OSError("OS file watch limit reached.")
        yield {("modified", "/project/a.py"), ("added", "/project/b.py")}

    module = ModuleType("watchfiles")
    vars(module).update(
        watch=watch, Change=type("Change", (), {"added": "added"}), DefaultFilter=lambda: lambda *_: True
    )
    monkeypatch.setitem(sys.modules, "watchfiles", module)
    return calls


def test_where_the_system_watches_no_more_folders_edits_are_looked_for(
    watchfiles: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    edits: list[frozenset[str]] = []
    stop = threading.Event()
    dev._watch([Path("/project")], stop, edits.append)
    assert edits == [frozenset({"/project/a.py", "/project/b.py"})]
    assert [(call["folders"], call["force_polling"]) for call in watchfiles] == [
        ((Path("/project"),), None),
        ((Path("/project"),), True),
    ]
    assert caplog.messages == [
        "Edits are found by looking again and again, which is slower: OS file watch limit reached."
    ]


@pytest.mark.parametrize(
    ("change", "name", "is_source"),
    [
        ("modified", "pages/api/index.py", True),
        ("deleted", "pages/api/index.py", True),
        ("added", "pyproject.toml", True),
        ("modified", ".env", True),
        ("modified", ".env.local", True),
        ("added", "package", True),
        ("modified", "package", False),
        ("added", "data", False),
        ("added", "data.d", False),
        ("modified", "notes.md", False),
        ("modified", "users.sqlite3-journal", False),
        ("modified", ".environment/settings.json", False),
    ],
)
def test_a_project_is_made_of_modules_and_settings(
    change: str, name: str, is_source: bool, watchfiles: list[dict[str, Any]], tmp_path: Path
) -> None:
    write_files(tmp_path, {"package/module.py": "", "data/file.txt": "", "data.d/module.py": ""})
    dev._watch([tmp_path], threading.Event(), lambda _: None)
    assert watchfiles[-1]["watch_filter"](change, str(tmp_path / name)) is is_source


def test_bytecode_of_edited_modules_is_forgotten_and_no_other(tmp_path: Path) -> None:
    write_files(tmp_path, {"edited.py": "", "other.py": "", "edited.txt": ""})
    cached = {name: Path(importlib.util.cache_from_source(str(tmp_path / name))) for name in ("edited.py", "other.py")}
    for path in cached.values():
        path.parent.mkdir(exist_ok=True)
        path.touch()
    dev._forget_bytecode([str(tmp_path / name) for name in ("edited.py", "edited.txt", "missing.py")])
    assert {name: os.path.exists(path) for name, path in cached.items()} == {"edited.py": False, "other.py": True}
