"""`typed-api check` as a process, with the mypy that is installed: what it finds, and that no route is passed over."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.projects import clean_environ, route, write_files

# A cold mypy on a busy machine.
WAIT_SECONDS = 240.0

HEAD = "from typed_api import ApiRequest, ApiResponse, Ok, RouteConfig, Sent\n"
WRONG = (
    HEAD
    + """

async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.status(404).send("no")
"""
)
MYPY_INI = "[mypy]\nplugins = typed_api.mypy_plugin\n"
PYPROJECT = '[tool.mypy]\nplugins = ["typed_api.mypy_plugin"]\n'


@dataclass(frozen=True)
class Answer:
    """What the command said."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    @property
    def places(self) -> list[tuple[str, str]]:
        """The file and the code of every finding."""
        return [(finding["file"], finding["code"]) for finding in self.json["findings"]]

    @property
    def unchecked(self) -> dict[str, str]:
        """What is said of each file that was not checked."""
        found = [finding for finding in self.json["findings"] if finding["code"] == "typed-api-unchecked"]
        return {finding["file"]: finding["message"] for finding in found}


class Checker:
    """Runs the command on projects that share one cache of mypy."""

    def __init__(self, cache: Path) -> None:
        self._cache: Path = cache

    def __call__(self, folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Answer:
        done = subprocess.run(
            [sys.executable, "-m", "typed_api", "check", *arguments],
            cwd=folder,
            env=clean_environ({"MYPY_CACHE_DIR": str(self._cache), **(environ or {})}),
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Checker:
    return Checker(tmp_path_factory.mktemp("cache"))


# --- a clean project, below src/ --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_files(
        tmp_path_factory.mktemp("clean"),
        {
            "src/pages/api/a.py": "print('Imported.')\n" + route("a"),
            "src/pages/api/_id_.py": route("id"),
            "src/pages/api/_private.py": "",
            "pyproject.toml": PYPROJECT + 'mypy_path = "src"\n\n[tool.typed_api]\npages = "src/pages"\n',
            # What stands beside a project must not pass for mypy itself.
            "mypy.py": "raise RuntimeError('This is not mypy.')\n",
        },
    )
    (folder / "src/__init__.py").unlink()
    return folder


def test_a_clean_project_exits_0_and_proves_every_route(clean: Path, check: Checker) -> None:
    answer = check(clean)
    assert (answer.status, answer.stdout) == (0, "2 routes, 2 checked\n")


def test_what_modules_print_is_kept_from_stdout(clean: Path, check: Checker) -> None:
    answer = check(clean, "--json")
    assert (answer.json, answer.stderr) == ({"routes": 2, "checked": 2, "findings": []}, "Imported.\n")


def test_the_project_may_be_elsewhere(clean: Path, check: Checker) -> None:
    answer = check(clean.parent, clean.name)
    assert (answer.status, answer.stdout) == (0, "2 routes, 2 checked\n")


# --- a project with mistakes, and no configuration of mypy ------------------------------------------------------------


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    segment = 'config = RouteConfig(segment="wrong")\n'
    folder = write_files(
        tmp_path_factory.mktemp("wrong"),
        {
            "pages/api/wrong.py": WRONG,
            "pages/api/same.py": HEAD + segment + route("same"),
            "pages/api/bare.py": "async def get(req, res):\n    res.send('x')\n",
            "pages/api/lonely/index.py": route("lonely"),
        },
    )
    (folder / "pages/api/lonely/__init__.py").unlink()
    return folder


@pytest.fixture(scope="module")
def wrong_cold(wrong: Path, check: Checker) -> Answer:
    return check(wrong, "--json")


def test_findings_of_start_up_and_mypy_stand_together(wrong_cold: Answer) -> None:
    assert (wrong_cold.status, wrong_cold.json) == (
        1,
        {
            "routes": 4,
            "checked": 4,
            "findings": [
                {
                    "file": "mypy.ini",
                    "line": None,
                    "column": None,
                    "code": "typed-api-mypy",
                    "message": "Unless typed-api starts it, mypy runs without the plugin here, and knows nothing of "
                    "routes. Write:\n[mypy]\nplugins = typed_api.mypy_plugin",
                },
                {
                    "file": "pages/api/bare.py",
                    "line": 1,
                    "column": 0,
                    "code": "typed-api-signature",
                    "message": 'Handler "get" must be annotated: def get(req: ApiRequest, res: ApiResponse[...]) -> '
                    "None",
                },
                {
                    "file": "pages/api/lonely",
                    "line": None,
                    "column": None,
                    "code": "typed-api-startup",
                    "message": "'pages/api/lonely/' has no '__init__.py'. Add an empty one: every folder of routes is "
                    "a package, so that imports and type checkers agree on the names of the modules in it.",
                },
                {
                    "file": "pages/api/same.py",
                    "line": None,
                    "column": None,
                    "code": "typed-api-startup",
                    "message": "'pages/api/same.py' and 'pages/api/wrong.py' both serve '/api/wrong'. Remove one, or "
                    "give it another name or segment.",
                },
                {
                    "file": "pages/api/wrong.py",
                    "line": 5,
                    "column": 11,
                    "code": "typed-api-status",
                    "message": 'Status 404 is not declared by "ApiResponse[Ok[str]]" (declared: 200); '
                    "add NotFound[...] to it",
                },
            ],
        },
    )


def test_a_second_run_says_the_same(wrong: Path, check: Checker, wrong_cold: Answer) -> None:
    assert check(wrong, "--json") == wrong_cold


def test_a_person_reads_a_finding_a_line(wrong: Path, check: Checker) -> None:
    (wrong / "mypy.ini").write_text(MYPY_INI, "utf-8")
    answer = check(wrong)
    (wrong / "mypy.ini").unlink()
    lines = answer.stdout.splitlines()
    assert lines[-2:] == [
        'pages/api/wrong.py:5: error: Status 404 is not declared by "ApiResponse[Ok[str]]" (declared: 200); '
        "add NotFound[...] to it  [typed-api-status]",
        "4 routes, 4 checked, 4 findings",
    ]


# --- a configuration that keeps mypy quiet ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory, check: Checker) -> Answer:
    """A project whose every mistake plain mypy passes over."""
    folder = write_files(
        tmp_path_factory.mktemp("quiet"),
        {
            "pages/api/fine.py": route("fine"),
            "pages/api/excluded.py": WRONG,
            "pages/api/ignored.py": WRONG,
            "pages/api/muted.py": WRONG,
            "pages/api/comment.py": "# mypy: ignore-errors\n" + WRONG,
            "pages/api/codes.py": "# mypy: disable-error-code=typed-api-status\n" + WRONG,
            "pages/api/whole.py": "# type: ignore\n" + WRONG,
            ".mypy.ini": MYPY_INI
            + "exclude = excluded\n"
            + "[mypy-pages.api.ignored]\nignore_errors = True\n"
            + "[mypy-pages.api.muted]\ndisable_error_code = typed-api-status\n",
        },
    )
    return check(folder, "--json")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "excluded",
            "mypy passes this file over: exclude has 'excluded' in .mypy.ini. Take the pattern out, or narrow it.",
        ),
        (
            "ignored",
            "mypy keeps what it finds in this file to itself: ignore_errors is set by [mypy-pages.api.ignored] in "
            ".mypy.ini. Take it out there.",
        ),
        (
            "comment",
            "mypy keeps what it finds in this file to itself: the comment '# mypy: ignore-errors' says so. Take it "
            "out.",
        ),
        (
            "codes",
            "mypy does not tell 'typed-api-status' in this file: the comment '# mypy: disable-error-code' says so. "
            "Take it out.",
        ),
        (
            "whole",
            "mypy keeps what it finds in this file to itself: '# type: ignore' stands above all code. Take the comment "
            "out, or put it, with a code, on the lines that need it.",
        ),
    ],
)
def test_a_route_that_mypy_is_quiet_about_is_a_finding(name: str, message: str, quiet: Answer) -> None:
    assert quiet.unchecked[f"pages/api/{name}.py"] == message


def test_a_code_that_is_switched_off_for_a_module_is_told_where_mypy_obeys(quiet: Answer) -> None:
    found = [finding for finding in quiet.json["findings"] if finding["file"] == "pages/api/muted.py"]
    # Until 1.19, mypy knew no codes of plugins there: it reports the mistake.
    assert [(finding["code"], finding["message"]) for finding in found] in (
        [
            (
                "typed-api-status",
                'Status 404 is not declared by "ApiResponse[Ok[str]]" (declared: 200); add NotFound[...] to it',
            )
        ],
        [
            (
                "typed-api-unchecked",
                "mypy does not tell 'typed-api-status' in this file: disable_error_code is set by "
                "[mypy-pages.api.muted] in .mypy.ini. Take it out there.",
            )
        ],
    )


def test_only_what_was_heard_counts_as_checked(quiet: Answer) -> None:
    assert (quiet.status, quiet.json["routes"]) == (1, 7)
    assert quiet.json["checked"] == 7 - len(quiet.unchecked)


# --- an app of its own, and files that do not reach the routes --------------------------------------------------------


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(
        tmp_path_factory.mktemp("apart"),
        {
            "routes/a.py": WRONG,
            "main.py": "from typed_api import TypedAPI\n\napp = TypedAPI('routes')\n",
            "pyproject.toml": '[tool.typed_api]\napp = "main:app"\n',
            "setup.cfg": MYPY_INI,
        },
    )


def test_a_plugin_that_looks_elsewhere_proves_nothing(apart: Path, check: Checker) -> None:
    answer = check(apart, "--json")
    assert (answer.status, answer.json["checked"]) == (1, 0)
    assert answer.unchecked == {
        "routes/a.py": "The plugin looks for routes in 'pages', and so does not know that this file is one. Say where "
        'they are in pyproject.toml:\n[tool.typed_api]\npages = "routes"'
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            "files = main.py\n",
            "mypy passes this file over. Name the folder of the routes in setup.cfg:\n[mypy]\nfiles = main.py, routes",
        ),
        (
            "modules = main\n",
            "mypy passes this file over. Name the folder of the routes in setup.cfg:\n[mypy]\npackages = routes",
        ),
        (
            "files = uses.py\n[mypy-routes.*]\nfollow_imports = silent\n",
            "mypy keeps what it finds in this file to itself, because it only follows an import into it and "
            "follow_imports is 'silent'. Name the folder of the routes in setup.cfg:\n[mypy]\nfiles = uses.py, routes",
        ),
        (
            "files = uses.py\n[mypy-routes.*]\nfollow_imports = skip\n",
            "mypy passes this file over. Name the folder of the routes in setup.cfg:\n[mypy]\nfiles = uses.py, routes",
        ),
        (
            "exclude = ^routes/\n",
            "mypy passes this file over: exclude has '^routes/' in setup.cfg. Take the pattern out, or narrow it.",
        ),
    ],
)
def test_a_route_that_mypy_does_not_reach_is_a_finding(
    settings: str, message: str, apart: Path, check: Checker
) -> None:
    write_files(apart, {"setup.cfg": MYPY_INI + settings, "uses.py": "import routes.a\n"})
    answer = check(apart, "--json")
    assert (answer.status, answer.json) == (
        1,
        {
            "routes": 1,
            "checked": 0,
            "findings": [
                {
                    "file": "routes/a.py",
                    "line": None,
                    "column": None,
                    "code": "typed-api-unchecked",
                    "message": message,
                }
            ],
        },
    )


def test_what_the_finding_says_to_write_mends_it(apart: Path, check: Checker) -> None:
    write_files(
        apart,
        {
            "setup.cfg": MYPY_INI + "files = main.py, routes\n",
            "pyproject.toml": '[tool.typed_api]\napp = "main:app"\npages = "routes"\n',
        },
    )
    answer = check(apart)
    assert (answer.status, answer.stdout) == (
        1,
        'routes/a.py:5: error: Status 404 is not declared by "ApiResponse[Ok[str]]" (declared: 200); '
        "add NotFound[...] to it  [typed-api-status]\n"
        "1 route, 1 checked, 1 finding\n",
    )


# --- mypy in trouble --------------------------------------------------------------------------------------------------


def test_a_mypy_that_refuses_its_configuration_is_a_finding(tmp_path: Path, check: Checker) -> None:
    write_files(tmp_path, {"pages/api/a.py": route("a"), "mypy.ini": MYPY_INI + "files = nowhere\n"})
    answer = check(tmp_path, "--json")
    assert (answer.status, answer.places, answer.json["checked"]) == (1, [("mypy", "typed-api-mypy")], 0)


def test_a_route_that_does_not_parse_stops_mypy(tmp_path: Path, check: Checker) -> None:
    write_files(tmp_path, {"pages/api/a.py": "def get(:\n", "pages/api/b.py": WRONG, "mypy.ini": MYPY_INI})
    answer = check(tmp_path, "--json")
    # How many errors one mistake makes is up to the parser; older releases of mypy give such an error no place.
    places = {*answer.places} - {("pages/api/a.py", "syntax"), ("mypy", "typed-api-mypy")}
    assert (answer.status, places, answer.json["checked"]) == (1, {("pages/api/a.py", "typed-api-startup")}, 0)
    assert len({*answer.places}) == 2


# --- renaming ---------------------------------------------------------------------------------------------------------


def test_a_tree_of_bracket_names_is_checked_once_it_is_renamed(tmp_path: Path, check: Checker) -> None:
    for name in ("api/[team]/[id].py", "api/my-page.py"):
        file = tmp_path / "pages" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(route("x"), "utf-8")
    (tmp_path / "mypy.ini").write_text(MYPY_INI, "utf-8")
    renamed = check(tmp_path, "--rename-brackets", "--yes")
    assert (renamed.status, renamed.stdout.splitlines()[-1]) == (0, "3 renamed, 3 __init__.py added.")
    assert sorted(os.listdir(tmp_path / "pages/api")) == ["__init__.py", "_team_", "my_page.py"]
    assert check(tmp_path).stdout == "2 routes, 2 checked\n"
