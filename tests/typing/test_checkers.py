"""What mypy (`--strict`) and pyright (strict) say of the cases in `cases/`, without any plugin.

A case is a comment that states a rule, and code that keeps or breaks it. `# E[arg-type]` marks a line that both refuse,
with mypy's error code; `# E[arg-type]: mypy` one that mypy alone refuses, `# E: pyright` one that only pyright refuses.
Every other line must pass.
"""

import ast
import dataclasses
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

HERE: Final = Path(__file__).parent
CASES: Final = sorted(path.name for path in (HERE / "cases").glob("*.py"))
CHECKERS: Final = ["mypy", "pyright"]

_MARKER: Final = re.compile(r"# E(?:\[(?P<codes>[a-z, -]+)\])?(?:: (?P<checker>mypy|pyright))?$")


@dataclasses.dataclass(frozen=True)
class Complaint:
    """One error of a checker."""

    line: int
    code: str
    text: str


@dataclasses.dataclass(frozen=True)
class Marker:
    """What the end of a line says about it."""

    codes: frozenset[str]
    checkers: frozenset[str]


Report: TypeAlias = Mapping[str, Sequence[Complaint]]
"""The errors of one checker, by the name of the case file."""


# The checkers


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=HERE, capture_output=True, text=True, encoding="utf-8", check=False
    )
    # 0 finds nothing, 1 finds errors; anything else found nothing because it could not look.
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def run_mypy() -> Report:
    # No cache: a run must not depend on an earlier one.
    output = run("mypy", "--config-file=mypy.ini", f"--cache-dir={os.devnull}", "--output=json", "cases")
    report: dict[str, list[Complaint]] = {}
    for line in output.splitlines():
        found: dict[str, Any] = json.loads(line)
        if found["severity"] == "error":
            text = found["message"] + (f"\n{found['hint']}" if found["hint"] else "")
            complaint = Complaint(found["line"], found["code"], text)
            report.setdefault(Path(found["file"]).name, []).append(complaint)
    return report


def run_pyright() -> Report:
    output = run("pyright", "--project=pyrightconfig.json", f"--pythonpath={sys.executable}", "--outputjson")
    report: dict[str, list[Complaint]] = {}
    for found in json.loads(output)["generalDiagnostics"]:
        if found["severity"] == "error":
            complaint = Complaint(found["range"]["start"]["line"] + 1, found.get("rule", "syntax"), found["message"])
            report.setdefault(Path(found["file"]).name, []).append(complaint)
    return report


@pytest.fixture(scope="module")
def reports() -> Mapping[str, Report]:
    """By checker, what it says of all the cases: one run of each, side by side."""
    with ThreadPoolExecutor() as pool:
        mypy, pyright = pool.submit(run_mypy), pool.submit(run_pyright)
        return {"mypy": mypy.result(), "pyright": pyright.result()}


# The cases


def read_lines(case_file: str) -> list[str]:
    return (HERE / "cases" / case_file).read_text("utf-8").splitlines()


def parse_marker(line: str) -> Marker | None:
    """Read the marker at the end of a line.

    Args:
        line: A line of a case file.

    Returns:
        The marker, or None for a line that must pass.

    Raises:
        ValueError: If what looks like a marker is none.
    """
    start = line.rfind("# E")
    if start < 0 or line[start + 3 : start + 4].isalpha():
        return None
    match = _MARKER.fullmatch(line, start)
    codes = re.split(", ?", match["codes"]) if match and match["codes"] else []
    if match is None or bool(codes) == (match["checker"] == "pyright"):
        raise ValueError(
            f"{line[start:]!r} is no marker. Write '# E[arg-type]', '# E[arg-type]: mypy' or '# E: pyright'."
        )
    return Marker(frozenset(codes), frozenset([match["checker"]] if match["checker"] else CHECKERS))


def read_markers(case_file: str) -> dict[int, Marker]:
    parsed = {number: parse_marker(line) for number, line in enumerate(read_lines(case_file), 1)}
    return {number: marker for number, marker in parsed.items() if marker is not None}


def find_line(case_file: str, rule: str, code: str) -> int:
    """Find a line of a case.

    Args:
        case_file: The file of the case.
        rule: Its rule.
        code: The line without its indentation and marker.

    Returns:
        The number of the first such line below the rule.
    """
    lines = read_lines(case_file)
    start = lines.index(f"# {rule}")
    found = (number for number, line in enumerate(lines[start:], start + 1) if line.split("  # E")[0].strip() == code)
    return next(found)


def show(case_file: str, numbers: Sequence[int]) -> list[str]:
    lines = read_lines(case_file)
    return [f"{number}: {lines[number - 1].strip()}" for number in sorted(set(numbers))]


# What they say


@pytest.mark.parametrize("case_file", CASES)
@pytest.mark.parametrize("checker", CHECKERS)
def test_checker_refuses_the_marked_lines_and_no_others(
    reports: Mapping[str, Report], checker: str, case_file: str
) -> None:
    complaints = reports[checker].get(case_file, [])
    marked = [number for number, marker in read_markers(case_file).items() if checker in marker.checkers]
    surprises = [f"{found.line}: {found.text} [{found.code}]" for found in complaints if found.line not in marked]
    assert show(case_file, [found.line for found in complaints]) == show(case_file, marked), "\n".join(surprises)


@pytest.mark.parametrize("case_file", CASES)
def test_mypy_gives_the_marked_codes(reports: Mapping[str, Report], case_file: str) -> None:
    codes: dict[int, set[str]] = {}
    for found in reports["mypy"].get(case_file, []):
        codes.setdefault(found.line, set()).add(found.code)
    assert codes == {
        number: set(marker.codes) for number, marker in read_markers(case_file).items() if "mypy" in marker.checkers
    }


def test_checkers_look_at_the_cases_alone(reports: Mapping[str, Report]) -> None:
    assert {checker: set(report) - set(CASES) for checker, report in reports.items()} == {
        "mypy": set(),
        "pyright": set(),
    }


MESSAGES: Final[list[tuple[str, str, str, str, str]]] = [
    (
        "mypy",
        "statuses.py",
        "A status that is not declared is refused.",
        "res.status(418)",
        'No overload variant of "status" of "ApiResponse" matches argument type "int"\n'
        "Possible overload variants:\n"
        "    def status(self, code: Literal[200]) -> Reply[User]\n"
        "    def status(self, code: Literal[404]) -> Reply[Problem]",
    ),
    (
        "mypy",
        "statuses.py",
        "With one declared status, too, any other is refused.",
        "res.status(404)",
        'Argument 1 to "status" of "ApiResponse" has incompatible type "Literal[404]"; expected "Literal[200]"',
    ),
    (
        "mypy",
        "statuses.py",
        "The body of one status is refused for another.",
        'res.status(404).json(User(id=1, name="Ann"))',
        'Argument 1 to "json" of "Reply" has incompatible type "User"; expected "Problem"',
    ),
    (
        "pyright",
        "statuses.py",
        "The body of one status is refused for another.",
        'res.status(404).json(User(id=1, name="Ann"))',
        'Argument of type "User" cannot be assigned to parameter "body" of type "Problem" in function "json"\n'
        '  "User" is not assignable to "Problem"',
    ),
    (
        "mypy",
        "statuses.py",
        "204, 205 and 304 have no body to give, so there is `end()` alone.",
        "res.status(204).json(None)",
        '"EmptyReply" has no attribute "json"',
    ),
    (
        "mypy",
        "bodies.py",
        "A plain class cannot be declared, nor a list or set of it.",
        "one: ApiResponse[Ok[Plain]],",
        'Type argument "Plain" of "Ok" must be a subtype of "Json | bytes | StreamedBody"',
    ),
    (
        "mypy",
        "handlers.py",
        "A path without an answer is refused.",
        "def forget_one_path(req: ApiRequest, res: Answer) -> Sent:",
        "Missing return statement",
    ),
    (
        "pyright",
        "handlers.py",
        "A path without an answer is refused.",
        "def forget_one_path(req: ApiRequest, res: Answer) -> Sent:",
        'Function with declared return type "Sent" must return value on all code paths\n'
        '  "None" is not assignable to "Sent"',
    ),
    (
        "mypy",
        "handlers.py",
        "Whoever declares less may not.",
        "not_found(none)",
        'Argument 1 to "not_found" has incompatible type "ApiResponse[Ok[User]]"; '
        'expected "ApiResponse[NotFound[Problem]]"',
    ),
]


@pytest.mark.parametrize(
    ("checker", "case_file", "rule", "code", "text"),
    [pytest.param(*message, id=f"{message[0]}: {message[2]}") for message in MESSAGES],
)
def test_checker_says_what_is_wrong(
    reports: Mapping[str, Report], checker: str, case_file: str, rule: str, code: str, text: str
) -> None:
    line = find_line(case_file, rule, code)
    assert [found.text.replace("\xa0", " ") for found in reports[checker][case_file] if found.line == line] == [text]


# The table itself


@pytest.mark.parametrize("case_file", sorted({*CASES} - {"service.py"}))
def test_every_case_opens_with_its_rule(case_file: str) -> None:
    lines = read_lines(case_file)
    functions = [
        node
        for node in ast.parse("\n".join(lines)).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.args.args
    ]
    first_lines = [min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) for node in functions]
    assert [lines[number - 1] for number in first_lines if not re.fullmatch(r"# .*\.", lines[number - 2])] == []


def test_marker_names_codes_and_checkers() -> None:
    assert [
        parse_marker(line)
        for line in ["x(1)", "x(1)  # Each", "x(1)  # E[misc]", "x(1)  # E[index, misc]: mypy", "x(1)  # E: pyright"]
    ] == [
        None,
        None,
        Marker(frozenset({"misc"}), frozenset({"mypy", "pyright"})),
        Marker(frozenset({"index", "misc"}), frozenset({"mypy"})),
        Marker(frozenset(), frozenset({"pyright"})),
    ]


@pytest.mark.parametrize("marker", ["# E", "# E: mypy", "# E[misc]: pyright", "# E[misc] here", "# E[]"])
def test_malformed_marker_is_refused(marker: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_marker(f"x(1)  {marker}")
    expected = f"{marker!r} is no marker. Write '# E[arg-type]', '# E[arg-type]: mypy' or '# E: pyright'."
    assert str(caught.value) == expected
