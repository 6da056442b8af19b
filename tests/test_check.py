"""What `typed-api check` makes of start-up's problems and of mypy's answer, without mypy: that is a script here."""

import importlib.metadata
import json
import os
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.projects import route, working_in, write_files
from typed_api import TypedAPI, check, check_worker, cli
from typed_api.check import DOCUMENT_CODE, MYPY_CODE, STARTUP_CODE, UNCHECKED_CODE, Finding, Report, check_project
from typed_api.config import Settings

ROOT = Path(__file__).parent.parent
# The worker as it is; tests that put another in its place run that one.
WORKER = vars(check)["_WORKER"]

ANSWER: Mapping[str, Any] = {
    "config_file": "mypy.ini",
    "options": {"files": [], "packages": [], "modules": [], "plugins": ["typed_api.mypy_plugin"]},
    "plugin_added": False,
    "messages": [],
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty project that is the working directory; what a check changes in this process is undone."""
    with working_in(tmp_path):
        yield tmp_path


Answers = Callable[..., None]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Let mypy answer what a test says: a route is checked unless it has a reason, and none is if `routes` is None."""
    standing_in: dict[str, object] = {"answer": ANSWER, "reasons": {}, "judges": True}

    def run(command: Sequence[str], *, input: str, **options: Any) -> subprocess.CompletedProcess[str]:
        if command[-1] != str(WORKER):
            return subprocess.run(command, input=input, **options)
        files = json.loads(input)["routes"] if standing_in["judges"] else []
        reasons = cast("Mapping[str, object]", standing_in["reasons"])
        said = {**cast("Mapping[str, object]", standing_in["answer"]), "routes": {f: reasons.get(f) for f in files}}
        return subprocess.CompletedProcess(command, 0, json.dumps(said), "")

    def answer(*, routes: Mapping[str, object] | None = MappingProxyType({}), **changes: Any) -> None:
        standing_in["answer"] = {**ANSWER, **changes}
        standing_in["reasons"] = {str(Path.cwd() / file): reason for file, reason in (routes or {}).items()}
        standing_in["judges"] = routes is not None
        monkeypatch.setattr(check, "subprocess", SimpleNamespace(run=run))

    answer()
    return answer


def run(make: Callable[[], object] = TypedAPI, **settings: Any) -> Report:
    return check_project(Settings(**settings), make)


def only(report: Report) -> Finding:
    assert len(report.findings) == 1, report.findings
    (finding,) = report.findings
    return finding


def call(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(cli.main, arguments, prog_name="typed-api", input=answer)


def without_echo(stdout: str) -> str:
    """Take the answer to a question away, which the runner of older releases of click writes to stdout."""
    return re.sub(r"(?m)^ .?\n?", "", stdout)


def last_line(result: Result) -> tuple[int, str, str]:
    *_, last = result.stderr.splitlines() or [""]
    # The same runner keeps the answer, and with it the end of the line, from stderr.
    return result.exit_code, without_echo(result.stdout), last.removeprefix("Do this? [y/N]:")


# --- the report -------------------------------------------------------------------------------------------------------


def test_a_clean_project_is_counted(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/a.py": route("a"), "pages/api/b.py": route("b"), "pages/api/_c.py": ""})
    assert run() == Report(routes=2, checked=2, findings=())


def test_a_committed_document_must_be_current(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/a.py": route("a")})
    call("openapi", "-o", "openapi.json")
    assert run().findings == ()
    write_files(folder, {"pages/api/b.py": route("b")})
    line = (folder / "openapi.json").read_text("utf-8").splitlines().index('  "components": {') - 1
    assert only(run()) == Finding(
        "openapi.json",
        line,
        None,
        DOCUMENT_CODE,
        "'openapi.json' is not what the routes promise now. Write it anew with: typed-api openapi -o openapi.json",
    )


def test_a_document_that_the_settings_name_must_be_there(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/a.py": route("a")})
    assert only(run(openapi_file="docs/api.json")) == Finding(
        "docs/api.json",
        None,
        None,
        DOCUMENT_CODE,
        "There is no 'docs/api.json'. Write it with: typed-api openapi -o docs/api.json",
    )


def test_a_project_without_routes_is_clean(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/__init__.py": ""})
    assert run() == Report(routes=0, checked=0, findings=())


@pytest.mark.parametrize(
    ("report", "text"),
    [
        (Report(14, 14, ()), "14 routes, 14 checked"),
        (Report(1, 1, ()), "1 route, 1 checked"),
        (
            Report(2, 2, (Finding("a.py", 3, 4, "misc", "No."),)),
            "a.py:3: error: No.  [misc]\n2 routes, 2 checked, 1 finding",
        ),
        (
            Report(
                0, 0, (Finding("a", None, None, "x", "No."), Finding("b", None, None, "y", "Write:\n[mypy]\nb = 1"))
            ),
            "a: error: No.  [x]\nb: error: Write:  [y]\n    [mypy]\n    b = 1\n0 routes, 0 checked, 2 findings",
        ),
        (
            Report(3, 0, tuple(Finding(f"{name}.py", None, None, UNCHECKED_CODE, "Why.") for name in "abc")),
            "a.py (and 2 more): error: Why.  [typed-api-unchecked]\n3 routes, 0 checked, 3 findings",
        ),
    ],
)
def test_report_reads(report: Report, text: str) -> None:
    assert report.to_text() == text


def test_report_for_a_program_has_every_finding_in_full() -> None:
    report = Report(2, 1, (Finding("a.py", 3, 4, "misc", "No."), Finding("b.py", None, None, UNCHECKED_CODE, "Why.")))
    assert json.loads(report.to_json()) == {
        "routes": 2,
        "checked": 1,
        "findings": [
            {"file": "a.py", "line": 3, "column": 4, "code": "misc", "message": "No."},
            {"file": "b.py", "line": None, "column": None, "code": "typed-api-unchecked", "message": "Why."},
        ],
    }


def test_findings_are_sorted_by_place(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/a.py": route("a"), "pages/api/b.py": route("b")})
    error = {"column": 0, "message": "No", "hint": None, "code": "misc", "severity": "error"}
    places = [("pages/api/b.py", 1), ("pages/api/a.py", 10), ("pages/api/a.py", 9)]
    answers(messages=[{**error, "file": file, "line": line} for file, line in places])
    assert [(finding.file, finding.line) for finding in run().findings] == places[::-1]


# --- start-up ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "finding"),
    [
        (
            {"pages/api/a.py": ""},
            Finding(
                "pages/api/a.py",
                None,
                None,
                STARTUP_CODE,
                "'pages/api/a.py' has no handler. Define 'handler', or some of get, post, put, patch, delete, head, "
                "options; if it is no route, call it '_a.py'.",
            ),
        ),
        (
            {"pages/api/a.py": "async def get(req, res): ...\n"},
            Finding(
                "pages/api/a.py",
                None,
                None,
                STARTUP_CODE,
                "Handler 'get' must be annotated: def get(req: ApiRequest, res: ApiResponse[...]) -> None.",
            ),
        ),
        (
            {"pages/api/a.py": "from typed_api import RouteConfig\n\nconfig = RouteConfig(body_limit='3 apples')\n"},
            Finding(
                "pages/api/a.py",
                3,
                None,
                STARTUP_CODE,
                "Size limit '3 apples' has no known unit. Use b, kb, mb or gb, for example '1mb'.",
            ),
        ),
        (
            {"pages/api/[id].py": route("id")},
            Finding(
                "pages/api/[id].py",
                None,
                None,
                STARTUP_CODE,
                "'pages/api/[id].py' has brackets in its name, which no Python import can spell. Rename it to "
                "'_id_.py'; 'typed-api check --rename-brackets' renames a whole tree.",
            ),
        ),
        (
            {"pages/api/a.py": route("a"), "pages/api/a/index.py": route("a")},
            Finding(
                "pages/api/a.py",
                None,
                None,
                STARTUP_CODE,
                "'pages/api/a.py' stands beside the folder 'pages/api/a/', which hides it from imports and type "
                "checkers. Remove it, or 'pages/api/a/index.py'.",
            ),
        ),
    ],
)
def test_what_start_up_refuses_is_a_finding(
    files: Mapping[str, str], finding: Finding, folder: Path, answers: Answers
) -> None:
    write_files(folder, files)
    assert run().findings == (finding,)


def test_a_folder_without_init_is_named(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/x/a.py": route("a")})
    (folder / "pages/api/x/__init__.py").unlink()
    assert run() == Report(
        1,
        1,
        (
            Finding(
                "pages/api/x",
                None,
                None,
                STARTUP_CODE,
                "'pages/api/x/' has no '__init__.py'. Add an empty one: every folder of routes is a package, so that "
                "imports and type checkers agree on the names of the modules in it.",
            ),
        ),
    )


def test_two_modules_for_one_url_are_one_finding(folder: Path, answers: Answers) -> None:
    config = 'from typed_api import RouteConfig\nconfig = RouteConfig(segment="a")\n'
    write_files(folder, {"pages/api/a.py": route("a"), "pages/api/b.py": config + route("b")})
    assert only(run()) == Finding(
        "pages/api/a.py",
        None,
        None,
        STARTUP_CODE,
        "'pages/api/a.py' and 'pages/api/b.py' both serve '/api/a'. Remove one, or give it another name or segment.",
    )


def test_an_import_that_fails_is_placed_on_the_line_of_the_route(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/a.py": "import json\n\njson.loads('')\n"})
    finding = only(run())
    assert (finding.file, finding.line, finding.message.splitlines()[0]) == (
        "pages/api/a.py",
        3,
        "'pages/api/a.py' cannot be imported:",
    )


def test_what_mypy_has_said_too_is_said_once(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/a.py": "async def get(req, res): ...\n"})
    said = 'Handler "get" must be annotated: def get(req: ApiRequest, res: ApiResponse[...]) -> None'
    message = {"file": "pages/api/a.py", "line": 1, "column": 0, "message": said, "hint": None, "severity": "error"}
    answers(messages=[{**message, "code": "typed-api-signature"}])
    assert only(run()) == Finding("pages/api/a.py", 1, 0, "typed-api-signature", said)


def test_routes_are_counted_though_the_app_cannot_start(folder: Path, answers: Answers) -> None:
    page = "def render(props: object) -> str: ...\n"
    names = {"pages/api/a.py": "", "pages/api/b.py": route("b"), "pages/blog.py": page, "pages/x-y.py": route("x")}
    write_files(folder, {**names, "pages/api/test_a.py": "", "pages/api/_b.py": ""})
    report = run()
    assert (report.routes, report.checked) == (2, 2)


def test_a_page_is_no_route(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/blog.py": "def render(props: object) -> str: ...\n", "pages/api/a.py": route("a")})
    assert run() == Report(1, 1, ())


def test_routes_of_an_app_inside_another_are_checked(folder: Path, answers: Answers) -> None:
    write_files(folder, {"one/a.py": route("a"), "two/b.py": route("b"), "two/c.py": route("c")})
    report = run(lambda: Starlette(routes=[Mount("/1", TypedAPI("one")), Mount("/2", TypedAPI("two"))]))
    assert report == Report(3, 3, ())


def test_an_app_that_fails_before_its_routes_leaves_them_checked(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/a.py": "", "main.py": "def f():\n    raise OSError('no')\n\n\nf()\n"})
    os.environ["TYPED_API_APP"] = "main:app"
    report = run(cli.build_app, app="main:app")
    assert [(finding.file, finding.line, finding.message.splitlines()[0]) for finding in report.findings] == [
        ("main.py", 2, "'main' cannot be imported:"),
        (
            "pages/api/a.py",
            None,
            "'pages/api/a.py' has no handler. Define 'handler', or some of get, post, put, patch, delete, head, "
            "options; if it is no route, call it '_a.py'.",
        ),
    ]
    assert (report.routes, report.checked) == (1, 1)


def test_an_app_that_raises_anything_is_a_finding(folder: Path, answers: Answers) -> None:
    def fail() -> object:
        raise ZeroDivisionError("no")

    write_files(folder, {"pages/api/a.py": route("a")})
    finding = only(run(fail))
    assert (finding.code, finding.message.splitlines()[-1]) == (STARTUP_CODE, "ZeroDivisionError: no")


def test_a_root_that_is_not_there_is_a_finding(folder: Path, answers: Answers) -> None:
    message = f"There is no folder '{folder / 'pages'}' and no package 'pages'. Create one, or name another."
    assert run() == Report(0, 0, (Finding("pages", None, None, STARTUP_CODE, message),))


def test_the_app_is_left_as_it_was(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/a.py": ""})
    before = TypedAPI._discover
    run()
    assert TypedAPI._discover is before


# --- mypy -------------------------------------------------------------------------------------------------------------


def test_errors_of_mypy_are_findings_and_notes_are_not(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/a.py": route("a")})
    message = {"file": "pages/api/a.py", "line": 4, "column": 2, "hint": None, "code": "misc"}
    answers(
        messages=[
            {**message, "message": "No", "hint": "Because\nof that", "severity": "error"},
            {**message, "message": "Revealed", "severity": "note"},
            {**message, "file": str(folder / "models.py"), "message": "Absolute", "severity": "error"},
            {**message, "file": None, "line": None, "column": None, "code": None, "message": "x", "severity": "error"},
        ]
    )
    assert run().findings == (
        Finding("models.py", 4, 2, "misc", "Absolute"),
        Finding("mypy", None, None, MYPY_CODE, "x"),
        Finding("pages/api/a.py", 4, 2, "misc", "No\nBecause\nof that"),
    )


def test_a_run_that_stopped_at_an_error_checks_nothing(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/a.py": route("a")})
    message = {"file": "a.py", "line": 1, "column": 0, "message": "Bad", "hint": None, "code": "syntax"}
    answers(routes=None, messages=[{**message, "severity": "error"}])
    assert run() == Report(1, 0, (Finding("a.py", 1, 0, "syntax", "Bad"),))


def test_a_mypy_that_ends_early_is_a_finding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(
        folder, {"pages/api/a.py": route("a"), "gone.py": "import sys\nprint('Why', file=sys.stderr)\nsys.exit(2)"}
    )
    monkeypatch.setattr(check, "_WORKER", folder / "gone.py")
    message = "mypy ended with status 2, and checked nothing:\nWhy"
    assert run() == Report(1, 0, (Finding("mypy", None, None, MYPY_CODE, message),))


def test_what_mypy_says_besides_is_passed_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = dict(ANSWER, routes={str(folder / "pages/api/a.py"): None})
    script = f"import json, sys\nprint('A setting is odd.', file=sys.stderr)\nprint(json.dumps({answer!r}))\n"
    write_files(folder, {"pages/api/a.py": route("a"), "says.py": script})
    monkeypatch.setattr(check, "_WORKER", folder / "says.py")
    assert run() == Report(1, 1, (), "A setting is odd.\n")


def test_a_missing_mypy_is_a_finding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    write_files(folder, {"pages/api/a.py": route("a")})
    monkeypatch.setattr(importlib.metadata, "version", refuse)
    message = (
        "mypy is not installed, so that no handler was checked. Install it with: pip install "
        "'typed-api-toolkit[check]'."
    )
    assert run() == Report(1, 0, (Finding("mypy", None, None, MYPY_CODE, message),))


@pytest.mark.parametrize("version", ["1.18.0", "1.9", "2.5.0", "2.5.0+dev.5f0", "3.0"])
def test_another_mypy_is_a_finding_and_still_run(
    version: str, folder: Path, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {"pages/api/a.py": route("a")})
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
    message = (
        f"mypy {version} is none of the releases that typed_api knows: 1.18.1 or later, before 2.5. Install one of "
        "them with: pip install 'typed-api-toolkit[check]'."
    )
    assert run() == Report(1, 1, (Finding("mypy", None, None, MYPY_CODE, message),))


@pytest.mark.parametrize("version", ["1.18.1", "1.19", "2.0.0", "2.4.1", "2.4.99"])
def test_a_known_mypy_is_no_finding(
    version: str, folder: Path, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(folder, {"pages/api/a.py": route("a")})
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
    assert run() == Report(1, 1, ())


def test_the_known_releases_are_those_of_the_extra() -> None:
    low, high = (".".join(map(str, version)) for version in check.MYPY_VERSIONS)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert extras["check"] == [f"mypy>={low},<{high}"]


# --- advice -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config_file", "plugins", "file", "lines"),
    [
        (None, [], "mypy.ini", "[mypy]\nplugins = typed_api.mypy_plugin"),
        (".mypy.ini", ["pydantic.mypy"], ".mypy.ini", "[mypy]\nplugins = pydantic.mypy, typed_api.mypy_plugin"),
        ("setup.cfg", [], "setup.cfg", "[mypy]\nplugins = typed_api.mypy_plugin"),
        (
            "pyproject.toml",
            ["pydantic.mypy"],
            "pyproject.toml",
            '[tool.mypy]\nplugins = ["pydantic.mypy", "typed_api.mypy_plugin"]',
        ),
    ],
)
def test_a_missing_plugin_is_a_finding_with_the_lines_to_write(
    config_file: str | None, plugins: list[str], file: str, lines: str, folder: Path, answers: Answers
) -> None:
    write_files(folder, {"pages/api/a.py": route("a")})
    answers(config_file=config_file, plugin_added=True, options={**ANSWER["options"], "plugins": plugins})
    message = (
        f"Unless typed-api starts it, mypy runs without the plugin here, and knows nothing of routes. Write:\n{lines}"
    )
    assert run() == Report(1, 1, (Finding(file, None, None, MYPY_CODE, message),))


def test_a_project_with_a_pyproject_is_told_to_configure_mypy_there(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/a.py": route("a"), "pyproject.toml": ""})
    answers(config_file=None, plugin_added=True)
    assert only(run()).file == "pyproject.toml"


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        (
            {"reason": "exclude", "pattern": "^pages/"},
            "mypy passes this file over: exclude has '^pages/' in mypy.ini. Take the pattern out, or narrow it.",
        ),
        (
            {"reason": "gitignore"},
            "mypy passes this file over: .gitignore names it, and exclude_gitignore is set in mypy.ini. Take it out of "
            "one of the two.",
        ),
        (
            {"reason": "targets"},
            "mypy passes this file over. Name the folder of the routes in mypy.ini:\n[mypy]\nfiles = src, pages",
        ),
        (
            {"reason": "silent"},
            "mypy keeps what it finds in this file to itself, because it only follows an import into it and "
            "follow_imports is 'silent'. Name the folder of the routes in mypy.ini:\n[mypy]\nfiles = src, pages",
        ),
        (
            {"reason": "ignore_errors", "inline": True, "sections": []},
            "mypy keeps what it finds in this file to itself: the comment '# mypy: ignore-errors' says so. Take it "
            "out.",
        ),
        (
            {"reason": "ignore_errors", "inline": False, "sections": []},
            "mypy keeps what it finds in this file to itself: ignore_errors is set by [mypy] in mypy.ini. Take it out "
            "there.",
        ),
        (
            {"reason": "ignore_errors", "inline": False, "sections": ["pages.*", "pages.api.a"]},
            "mypy keeps what it finds in this file to itself: ignore_errors is set by [mypy-pages.*] and "
            "[mypy-pages.api.a] in mypy.ini. Take it out there.",
        ),
        (
            {"reason": "codes", "codes": ["typed-api-flow", "typed-api-status"], "inline": False, "sections": []},
            "mypy does not tell 'typed-api-flow' and 'typed-api-status' in this file: disable_error_code is set by "
            "[mypy] in mypy.ini. Take it out there.",
        ),
        (
            {"reason": "codes", "codes": ["typed-api"], "inline": True, "sections": []},
            "mypy does not tell 'typed-api' in this file: the comment '# mypy: disable-error-code' says so. Take it "
            "out.",
        ),
        (
            {"reason": "type-ignore"},
            "mypy keeps what it finds in this file to itself: '# type: ignore' stands above all code. Take the comment "
            "out, or put it, with a code, on the lines that need it.",
        ),
        (
            {"reason": "package"},
            "mypy does not find typed_api, so that every handler is untyped. Install typed_api where mypy looks for "
            "packages (python_executable in mypy.ini), and let it follow the import.",
        ),
        (
            {"reason": "root", "root": None},
            "The plugin looks for routes nowhere, and so does not know that this file is one. Say where they are in "
            'pyproject.toml:\n[tool.typed_api]\npages = "pages"',
        ),
        (
            {"reason": "root", "root": "/srv/pages"},
            "The plugin looks for routes in '/srv/pages', and so does not know that this file is one. Say where they "
            'are in pyproject.toml:\n[tool.typed_api]\npages = "pages"',
        ),
        (
            {"reason": "unseen"},
            "mypy passes this file over, though nothing in its configuration says so. See what it finds with: mypy -v "
            "pages/api/a.py",
        ),
    ],
)
def test_a_route_that_was_not_checked_is_a_finding_with_the_mend(
    reason: Mapping[str, object], message: str, folder: Path, answers: Answers
) -> None:
    write_files(folder, {"pages/api/a.py": route("a"), "pages/api/b.py": route("b")})
    answers(routes={"pages/api/a.py": reason}, options={**ANSWER["options"], "files": ["src"]})
    assert run() == Report(2, 1, (Finding("pages/api/a.py", None, None, UNCHECKED_CODE, message),))


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ({"packages": ["app"]}, '[tool.mypy]\npackages = ["app", "pages"]'),
        ({"modules": ["main"]}, '[tool.mypy]\npackages = ["pages"]'),
        ({"files": ["main.py"]}, '[tool.mypy]\nfiles = ["main.py", "pages"]'),
    ],
)
def test_what_mypy_does_not_reach_is_mended_in_the_words_of_the_project(
    options: Mapping[str, list[str]], lines: str, folder: Path, answers: Answers
) -> None:
    write_files(folder, {"pages/api/a.py": route("a")})
    answers(
        routes={"pages/api/a.py": {"reason": "targets"}},
        config_file="pyproject.toml",
        options={**ANSWER["options"], **options},
    )
    message = f"mypy passes this file over. Name the folder of the routes in pyproject.toml:\n{lines}"
    assert only(run()).message == message


def test_a_plugin_that_takes_its_settings_from_further_up_is_mended_there(folder: Path, answers: Answers) -> None:
    write_files(folder, {"backend/pages/api/a.py": route("a"), "pyproject.toml": "[tool.mypy]\n"})
    os.chdir(folder / "backend")
    reason = {"reason": "root", "root": str(folder / "pages")}
    answers(routes={"pages/api/a.py": reason}, config_file="../pyproject.toml")
    assert only(run()).message == (
        f"The plugin looks for routes in '{folder}/pages', and so does not know that this file is one. Say where they "
        f'are in {folder}/pyproject.toml:\n[tool.typed_api]\npages = "backend/pages"'
    )


def test_an_override_of_a_pyproject_is_named_by_its_modules(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/a.py": route("a")})
    reason = {"reason": "ignore_errors", "inline": False, "sections": ["pages.*"]}
    answers(routes={"pages/api/a.py": reason}, config_file="pyproject.toml")
    assert only(run()).message == (
        "mypy keeps what it finds in this file to itself: ignore_errors is set by [[tool.mypy.overrides]] for "
        "'pages.*' in pyproject.toml. Take it out there."
    )


def test_what_start_up_refuses_is_not_called_unchecked_as_well(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/a.py": ""})
    answers(routes={"pages/api/a.py": {"reason": "unseen"}})
    report = run()
    assert ([finding.code for finding in report.findings], report.checked) == ([STARTUP_CODE], 0)


# --- reading what mypy has --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "ignored"),
    [
        (b"# type: ignore\nimport a\n", True),
        (b"# A licence.\n\n#type:ignore  # because\nimport a\n", True),
        (b"import a  # type: ignore\n", False),
        (b"import a\n# type: ignore\n", False),
        (b'"""Words."""\n# type: ignore\n', False),
        (b"# type: ignore[misc]\nimport a\n", False),
        (b"# type: ignored\n", False),
        (b"", False),
        (b"'", False),
        (b"# coding: latin-1\n# \xe9\n# type: ignore\n", True),
        (b"\xff", False),
    ],
)
def test_a_comment_above_all_code_ignores_the_file(source: bytes, ignored: bool) -> None:
    assert check_worker._ignores_all(source) is ignored


@pytest.mark.parametrize(
    ("entry", "is_ours"),
    [
        ("typed_api.mypy_plugin", True),
        ("typed_api.mypy_plugin:plugin", True),
        ("vendor/typed_api/mypy_plugin.py", True),
        ("vendor/typed_api/mypy_plugin/__init__.py:plugin", True),
        ("pydantic.mypy", False),
        ("typed_api.mypy_plugins", False),
        ("untyped_api/mypy_plugin.py", False),
    ],
)
def test_plugin_is_recognised_in_every_spelling(entry: str, is_ours: bool) -> None:
    assert check_worker._is_plugin(entry) is is_ours


# --- the command ------------------------------------------------------------------------------------------------------


def test_findings_are_told_by_the_status(folder: Path, answers: Answers) -> None:
    write_files(folder, {"pages/api/a.py": route("a")})
    assert (call("check").exit_code, call("check").stdout) == (0, "1 route, 1 checked\n")
    answers(routes={"pages/api/a.py": {"reason": "unseen"}})
    assert call("check").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--yes"], "--yes answers what --rename-brackets asks. Give it with --rename-brackets."),
        (["--json", "--rename-brackets"], "--rename-brackets and --json do not go together. Leave one of them out."),
        (["nowhere"], "'nowhere' is not a folder. Give the folder that has pages/ in it."),
        (
            ["--rename-brackets"],
            "The root folder of the routes, 'pages', is no folder here. Name it in pyproject.toml: [tool.typed_api] "
            'pages = "..."',
        ),
    ],
)
def test_misuse_is_refused(arguments: list[str], sentence: str, folder: Path) -> None:
    assert last_line(call("check", *arguments)) == (2, "", f"Error: {sentence}")


def test_a_bad_setting_is_misuse(folder: Path) -> None:
    write_files(folder, {"pages/api/[id].py": route("a"), "pyproject.toml": '[tool.typed_api]\nword_separator = "_"\n'})
    sentence = "Error: word_separator '_' cannot separate words in a URL. Use '-', '.' or '~', or leave it out."
    assert last_line(call("check", "--rename-brackets")) == (2, "", sentence)


PLAN = """\
pages/__init__.py (new, empty)
pages/[id].py -> pages/_id_.py
"""


def test_renaming_shows_the_plan_and_asks(folder: Path) -> None:
    (folder / "pages").mkdir()
    (folder / "pages/[id].py").touch()
    result = call("check", "--rename-brackets", answer="y\n")
    assert (result.exit_code, without_echo(result.stdout)) == (0, PLAN + "1 renamed, 1 __init__.py added.\n")
    assert sorted(os.listdir(folder / "pages")) == ["__init__.py", "_id_.py"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("n\n", "Nothing was changed."),
        ("\n", "Nothing was changed."),
        ("", "Nothing was changed: there was no answer. --yes goes without one."),
    ],
)
def test_renaming_without_a_yes_changes_nothing(answer: str, sentence: str, folder: Path) -> None:
    (folder / "pages").mkdir()
    (folder / "pages/[id].py").touch()
    assert last_line(call("check", "--rename-brackets", answer=answer)) == (1, PLAN, sentence)
    assert os.listdir(folder / "pages") == ["[id].py"]


def test_renaming_with_yes_does_not_ask(folder: Path) -> None:
    (folder / "routes").mkdir()
    (folder / "routes/[id].py").touch()
    (folder / "pyproject.toml").write_text('[tool.typed_api]\npages = "routes"\n', "utf-8")
    result = call("check", "--rename-brackets", "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert sorted(os.listdir(folder / "routes")) == ["__init__.py", "_id_.py"]


def test_renaming_finds_a_package_by_its_dotted_name(folder: Path) -> None:
    write_files(folder, {"my/pages/[id].py": "", "pyproject.toml": '[tool.typed_api]\npages = "my.pages"\n'})
    assert call("check", "--rename-brackets", "--yes").exit_code == 0
    assert sorted(os.listdir(folder / "my/pages")) == ["__init__.py", "_id_.py"]


def test_renaming_lists_what_stands_in_the_way(folder: Path) -> None:
    write_files(folder, {"pages/[id].py": "", "pages/_id_.py": "", "pages/[class].py": ""})
    result = call("check", "--rename-brackets", "--yes")
    assert (result.exit_code, result.stdout, result.stderr) == (
        1,
        "",
        "Nothing was changed, because of this:\n"
        "- 'pages/[class].py' has brackets in its name, which no Python import can spell, and 'typed-api check "
        "--rename-brackets' knows no new name for it. Write a parameter as '_name_.py' (one segment), '_name__.py' "
        "(one or more) or '_name___.py' (zero or more): an identifier with nothing beside it.\n"
        "- 'pages/[id].py' would become 'pages/_id_.py', which is there already. Rename one of the two, or remove "
        "it.\n",
    )
    assert sorted(os.listdir(folder / "pages")) == ["[class].py", "[id].py", "__init__.py", "_id_.py"]


def test_renaming_a_good_tree_says_that_there_is_nothing_to_do(folder: Path) -> None:
    write_files(folder, {"pages/_id_.py": ""})
    result = call("check", "--rename-brackets")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Nothing to rename in 'pages'.\n", "")
