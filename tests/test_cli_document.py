"""The commands on the document: what they print, write and refuse, and how they exit."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.projects import route, working_in, write_files
from typed_api import cli

SERVED = {"pages/api/a.py": route("a")}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A project that is the working directory."""
    with working_in(tmp_path):
        yield write_files(tmp_path, SERVED)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments, prog_name="typed-api")


def ended(result: Result) -> tuple[int, str, str]:
    *_, last = result.stderr.splitlines() or [""]
    return result.exit_code, result.stdout, last


# --- openapi ----------------------------------------------------------------------------------------------------------


def test_document_is_printed(folder: Path) -> None:
    result = call("openapi")
    assert (result.exit_code, [*json.loads(result.stdout)["paths"]], result.stderr) == (0, ["/api/a"], "")


def test_document_is_written_as_it_is_printed(folder: Path) -> None:
    assert ended(call("openapi", "-o", "doc.json")) == (0, "", "")
    assert (folder / "doc.json").read_text("utf-8") == call("openapi").stdout
    assert sorted(os.listdir(folder)) == ["doc.json", "pages"]


def test_document_of_another_folder_is_written_where_the_command_is_typed(folder: Path) -> None:
    write_files(folder, {"inner/pages/api/b.py": route("b")})
    assert ended(call("openapi", "inner", "-o", "doc.json")) == (0, "", "")
    os.chdir(folder)
    assert [*json.loads((folder / "doc.json").read_text("utf-8"))["paths"]] == ["/api/b"]


@pytest.mark.parametrize(("version", "written"), [("3.1", "3.1"), ("3.2", "3.2")])
def test_version_of_the_specification_can_be_asked_for(folder: Path, version: str, written: str) -> None:
    assert json.loads(call("openapi", "--openapi", version).stdout)["openapi"].startswith(written)


def test_what_modules_print_is_no_part_of_the_document(folder: Path) -> None:
    write_files(folder, {"pages/api/b.py": "print('loud')\n" + route("b")})
    result = call("openapi")
    assert ([*json.loads(result.stdout)["paths"]], result.stderr) == (["/api/a", "/api/b"], "loud\n")


def test_current_document_passes(folder: Path) -> None:
    call("openapi", "-o", "doc.json")
    assert ended(call("openapi", "--check", "doc.json")) == (0, "", "doc.json is current.")


def test_stale_document_fails_with_the_difference(folder: Path) -> None:
    call("openapi", "-o", "doc.json")
    stale = (folder / "doc.json").read_text("utf-8").replace("get_api_a", "get_api_z")
    (folder / "doc.json").write_text(stale, "utf-8")
    code, diff, last = ended(call("openapi", "--check", "doc.json"))
    changes = [line for line in diff.splitlines() if line[0] in "+-"]
    assert (code, changes, last) == (
        1,
        [
            "--- doc.json",
            "+++ the routes",
            '-        "operationId": "get_api_z",',
            '+        "operationId": "get_api_a",',
        ],
        "'doc.json' is not what the routes promise now. Write it anew with: typed-api openapi -o doc.json",
    )


def test_file_to_check_is_that_of_the_folder_where_the_command_is_typed(folder: Path) -> None:
    call("openapi", "-o", "doc.json")
    write_files(folder, {"inner/pages/api/a.py": route("a")})
    assert ended(call("openapi", "inner", "--check", "doc.json")) == (0, "", "doc.json is current.")


def test_checking_and_writing_do_not_go_together(folder: Path) -> None:
    assert ended(call("openapi", "-o", "a.json", "--check", "a.json")) == (
        2,
        "",
        "Error: --check writes nothing, so it does not go with -o. Leave one of them out.",
    )


def test_file_that_cannot_be_written_is_told(folder: Path) -> None:
    assert ended(call("openapi", "-o", "none/doc.json")) == (
        1,
        "",
        f"'{folder / 'none/doc.json'}' cannot be written: No such file or directory.",
    )


def test_project_that_cannot_start_has_no_document(folder: Path) -> None:
    write_files(folder, {"pages/api/b.py": "def get(): ...\n"})
    code, printed, _ = ended(call("openapi", "-o", "doc.json"))
    assert (code, printed, os.listdir(folder)) == (1, "", ["pages"])


# --- diff -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def two(folder: Path) -> Path:
    """A project with `old.json` and, a route less, `new.json`."""
    write_files(folder, {"pages/api/b.py": route("b")})
    call("openapi", "-o", "old.json")
    (folder / "pages/api/b.py").unlink()
    call("openapi", "-o", "new.json")
    return folder


def test_breaking_change_exits_1(two: Path) -> None:
    code, text, _ = ended(call("diff", "old.json", "new.json"))
    assert (code, text.splitlines()[0], "GET /api/b" in text) == (1, "Breaking (1)", True)


def test_safe_change_exits_0(two: Path) -> None:
    assert call("diff", "new.json", "old.json").exit_code == 0


def test_difference_is_json_for_a_program(two: Path) -> None:
    read = json.loads(call("diff", "old.json", "new.json", "--json").stdout)
    assert [[change["where"] for change in read[level]] for level in ("breaking", "risky", "safe")] == [
        ["GET /api/b"],
        [],
        [],
    ]


def test_difference_is_markdown_for_a_comment(two: Path) -> None:
    assert "`GET /api/b`" in call("diff", "old.json", "new.json", "--markdown").stdout


@pytest.mark.parametrize(("option", "code"), [([], 0), (["--fail-on", "risky"], 1), (["--fail-on", "breaking"], 0)])
def test_risky_change_exits_1_where_it_is_to_fail(two: Path, option: list[str], code: int) -> None:
    renamed = (two / "old.json").read_text("utf-8").replace("get_api_b", "get_b")
    (two / "renamed.json").write_text(renamed, "utf-8")
    assert call("diff", "old.json", "renamed.json", *option).exit_code == code


def test_document_of_a_revision_is_compared(two: Path) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    for command in (["init", "-q"], ["add", "old.json"], [*identity, "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=two, check=True)
    assert call("diff", "git:HEAD:old.json", "new.json").exit_code == 1
    assert call("diff", "git:HEAD:old.json", "old.json").exit_code == 0


@pytest.mark.parametrize("place", ["none.json", "pages", "git:HEAD:none.json", "git:--help:none.json"])
def test_document_that_is_not_to_be_had_is_misuse(two: Path, place: str) -> None:
    code, printed, last = ended(call("diff", "old.json", place))
    assert (code, printed, last.startswith("Error: "), place.rpartition(":")[2] in last) == (2, "", True, True)


def test_two_ways_to_print_do_not_go_together(two: Path) -> None:
    assert ended(call("diff", "old.json", "new.json", "--json", "--markdown")) == (
        2,
        "",
        "Error: --json and --markdown do not go together. Leave one of them out.",
    )


# --- client -----------------------------------------------------------------------------------------------------------


def test_stubs_are_written_where_checkers_look_for_them(folder: Path) -> None:
    assert ended(call("client", "stubs")) == (0, "", "")
    assert "/api/a" in (folder / "stubs/typed_api_client.pyi").read_text("utf-8")


@pytest.mark.parametrize("language", ["typescript", "python"])
def test_client_is_the_same_from_the_routes_and_from_their_document(folder: Path, language: str) -> None:
    call("openapi", "-o", "doc.json")
    written = call("client", language, "-o", "client.txt")
    assert (written.exit_code, written.output) == (0, "")
    text = (folder / "client.txt").read_text("utf-8")
    assert (text, "/api/a" in text) == (call("client", language, "--document", "doc.json").stdout, True)


def test_document_that_no_client_can_be_made_of_is_told(folder: Path) -> None:
    (folder / "doc.json").write_text('{"openapi": "2.0"}', "utf-8")
    code, printed, last = ended(call("client", "python", "--document", "doc.json"))
    assert (code, printed, "doc.json" in last) == (2, "", True)
