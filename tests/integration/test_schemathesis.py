"""Served over HTTP, the examples and a new project do what their documents say, to schemathesis' default checks.

All of its phases run: the examples of the document, the bounds of every type, random input, and sequences of calls.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.projects import clean_environ
from tests.serving import Served, serve
from typed_api.scaffold import create_project

EXAMPLES = Path(__file__).parents[2] / "examples"

SEED = 1
MAX_EXAMPLES = 30
"""Inputs of each operation, beside those of the bounds."""
OPERATIONS = {"basic": 3, "rest": 6}
NEW_OPERATIONS = 5


def judge(served: Served, folder: Path) -> dict[str, object]:
    """Run schemathesis against a server, and give its verdict."""
    report = folder / "report.json"
    options = [
        f"--seed={SEED}",
        f"--max-examples={MAX_EXAMPLES}",
        # What another run has found must not change this one.
        "--generation-database=none",
        f"--report-json-path={report}",
        "--no-color",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{served.port}/openapi.json", *options],
        # Whatever it writes, and whatever settings it looks for.
        cwd=folder,
        env=clean_environ({"NO_PROXY": "*", "no_proxy": "*"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    # Shown by pytest, when the test fails.
    print(done.stdout, done.stderr)
    # Any: what schemathesis writes, of which this is what is read.
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return {
        "exit code": done.returncode,
        "failures": [(failure["title"], failure["operations"]) for failure in found["failures"]],
        "errors": found["errors"],
        "operations": found["operations"]["tested"],
        "phases": {name: phase["status"] for name, phase in found["phases"].items()},
    }


def clean(operations: int, *, has_examples: bool) -> dict[str, object]:
    """Say what the verdict on a server without faults is."""
    return {
        "exit code": 0,
        "failures": [],
        "errors": [],
        "operations": operations,
        "phases": {
            "examples": "success" if has_examples else "skip",
            "coverage": "success",
            "fuzzing": "success",
            "stateful": "success",
        },
    }


def test_every_example_is_judged() -> None:
    # Whatever else lies there, a folder with settings is a project.
    assert sorted(file.parent.name for file in EXAMPLES.glob("*/pyproject.toml")) == sorted(OPERATIONS)


@pytest.mark.parametrize("example", OPERATIONS)
def test_example_is_as_its_document_says(example: str, tmp_path: Path) -> None:
    environ = {"USERS_FILE": str(tmp_path / "users.sqlite3")}
    with serve(EXAMPLES / example, tmp_path / "log", environ=environ) as served:
        verdict = judge(served, tmp_path)

    assert verdict == clean(OPERATIONS[example], has_examples=False)


def test_new_project_is_as_its_document_says(tmp_path: Path) -> None:
    create_project("shop", tmp_path)
    with serve(tmp_path / "shop", tmp_path / "log") as served:
        verdict = judge(served, tmp_path)

    assert verdict == clean(NEW_OPERATIONS, has_examples=True)


def test_input_that_the_document_allows_and_a_handler_fails_at_is_found(tmp_path: Path) -> None:
    create_project("shop", tmp_path)
    route = tmp_path / "shop/pages/api/notes/index.py"
    text = route.read_text(encoding="utf-8")
    assert text.count("    note = req.state") == 1
    # 1000 is the longest that the document allows.
    fault = "    if len(req.body.text) == 1000:\n        raise RuntimeError\n"
    route.write_text(text.replace("    note = req.state", f"{fault}    note = req.state"), encoding="utf-8")

    with serve(tmp_path / "shop", tmp_path / "log") as served:
        verdict = judge(served, tmp_path)

    assert (verdict["exit code"], verdict["failures"]) == (1, [("Server error", ["POST /api/notes"])])
