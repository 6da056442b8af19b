"""How many of the wrong lines in `cases.txt` each type checker finds, and how many right ones it refuses.

Writes `docs/checkers.md`; `--check` exits with 1 when the page says anything else than what was just counted. Only mypy
is run with the plugin, and once without; the others know nothing but the types. `scripts/checker-scores` runs this in
the environment it needs: pyrefly and ty are taken from `.venv-checkers`.
"""

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.static.project import CASES, REPOSITORY, all_sources, expected, parse, write_project

__all__ = ["CHECKERS", "PAGE", "Checker", "Score", "count", "read", "render"]

PAGE: Final = REPOSITORY / "docs" / "checkers.md"
# Every checker reads the cases as this Python, whichever runs it.
PYTHON: Final = "3.11"

GROUPS: Final = {
    "typed-api-signature": "signatures of handlers",
    "typed-api-route": "what a route file defines",
    "typed-api-method": "what a method can have",
    "typed-api-status": "statuses",
    "typed-api-body": "dicts for models",
    "typed-api-serialize": "types that JSON cannot hold",
    "typed-api-query": "path parameters and queries",
    "typed-api-flow": "answers on every path, once",
}
# The types of typed_api are enough, or nothing of typed_api is involved.
PURE: Final = "what the plugin leaves to mypy"

Line: TypeAlias = tuple[str, int]
"""A file of the project and a line of it."""


@dataclasses.dataclass(frozen=True)
class Score:
    """What one checker makes of the cases."""

    release: str
    """The checker's."""
    found: Mapping[str, int]
    """Wrong lines with an error, by group."""
    missed: Mapping[str, int]
    """Wrong lines without an error, by the title of the case; only of groups in which the checker finds something."""
    alarms: Mapping[str, int]
    """Right lines with an error, by the title of the case."""


@dataclasses.dataclass(frozen=True)
class Checker:
    """A type checker as it is run here."""

    release: Callable[[], str]
    run: Callable[[Path], Iterable[Line]]
    """Gives the lines with errors of a project that `write_project` wrote."""


# The cases


def _is_judged(source: str) -> bool:
    # A comment that silences an error of the plugin means nothing to a checker without it.
    return "# type: ignore[typed-api" not in source


def _wrong_lines() -> Mapping[Line, str]:
    """Give the group of each wrong line.

    A line with an error that the plugin leaves to mypy is in the group of those, whatever else is wrong with it.
    """
    wrong: dict[Line, str] = {}
    for case in CASES:
        if _is_judged(case.source):
            for line, code in expected(case.source):
                group = GROUPS.get(code, PURE)
                wrong[case.file, line] = PURE if wrong.get((case.file, line)) == PURE else group
    return wrong


WRONG: Final = _wrong_lines()
TOTALS: Final = Counter(WRONG.values())
TITLES: Final = {case.file: case.title.removeprefix("clean: ") for case in CASES if _is_judged(case.source)}


def count(release: str, errors: Iterable[Line]) -> Score:
    """Compare the lines with errors to the wrong ones."""
    lines = {line for line in errors if line[0] in TITLES}
    found = Counter(WRONG[line] for line in lines if line in WRONG)
    return Score(
        release,
        found={group: found[group] for group in TOTALS},
        missed=Counter(TITLES[line[0]] for line, group in WRONG.items() if line not in lines and found[group]),
        alarms=Counter(TITLES[line[0]] for line in lines if line not in WRONG),
    )


# The checkers


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    # 0 finds nothing, 1 finds errors; anything else found nothing because it could not look.
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _run_mypy(folder: Path, plugins: str) -> Iterable[Line]:
    write_project(folder, all_sources(), plugins=plugins)
    options = ["--config-file=mypy.ini", f"--python-version={PYTHON}", "--cache-dir=/dev/null"]
    output = _run(folder, sys.executable, "-m", "mypy", *options, ".")
    return [(file, line) for file, line, _, _ in parse(output)]


def _run_pyright(folder: Path) -> Iterable[Line]:
    write_project(folder, all_sources())
    settings = {"include": ["models.py", "pages"], "extraPaths": [str(REPOSITORY)], "pythonVersion": PYTHON}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    output = _run(folder, sys.executable, "-m", "pyright", f"--pythonpath={sys.executable}", "--outputjson")
    found: list[dict[str, Any]] = json.loads(output)["generalDiagnostics"]
    # On some systems the temporary folder is a link, and pyright tells the file it leads to.
    return [
        (Path(error["file"]).resolve().relative_to(folder.resolve()).as_posix(), error["range"]["start"]["line"] + 1)
        for error in found
        if error["severity"] == "error"
    ]


def _program(name: str) -> str:
    return str(REPOSITORY / ".venv-checkers" / "bin" / name)


def _run_pyrefly(folder: Path) -> Iterable[Line]:
    write_project(folder, all_sources())
    (folder / "pyrefly.toml").write_text(
        'project-includes = ["models.py", "pages"]\n'
        f"search-path = {json.dumps(['.', str(REPOSITORY)])}\n"
        f'python-version = "{PYTHON}"\n'
        f"python-interpreter-path = {json.dumps(sys.executable)}\n",
        "utf-8",
    )
    found: list[dict[str, Any]] = json.loads(_run(folder, _program("pyrefly"), "check", "--output-format=json"))[
        "errors"
    ]
    return [(Path(error["path"]).as_posix(), error["line"]) for error in found if error["severity"] == "error"]


def _run_ty(folder: Path) -> Iterable[Line]:
    write_project(folder, all_sources())
    (folder / "ty.toml").write_text(
        "[environment]\n"
        'root = ["."]\n'
        f"extra-paths = {json.dumps([str(REPOSITORY)])}\n"
        f"python = {json.dumps(sys.prefix)}\n"
        f'python-version = "{PYTHON}"\n',
        "utf-8",
    )
    found: list[dict[str, Any]] = json.loads(_run(folder, _program("ty"), "check", "--output-format=gitlab"))
    return [
        (Path(error["location"]["path"]).as_posix(), error["location"]["positions"]["begin"]["line"])
        for error in found
        # "minor" is a warning, which does not make ty fail.
        if error["severity"] in ("major", "critical", "blocker")
    ]


def _mypy_release() -> str:
    # Of a supported series always the newest is installed; the page shall not be stale with each of them.
    return ".".join(metadata.version("mypy").split(".")[:2])


def _release_of(name: str) -> str:
    return _run(REPOSITORY, _program(name), "--version").split()[1]


CHECKERS: Final[Mapping[str, Checker]] = {
    "mypy with the plugin": Checker(_mypy_release, lambda folder: _run_mypy(folder, "typed_api.mypy_plugin")),
    "mypy": Checker(_mypy_release, lambda folder: _run_mypy(folder, "")),
    "pyright": Checker(lambda: metadata.version("pyright"), _run_pyright),
    "pyrefly": Checker(lambda: _release_of("pyrefly"), _run_pyrefly),
    "ty": Checker(lambda: _release_of("ty"), _run_ty),
}


# The page

_RULES: Final = "wrong lines"
_MISSED: Final = "missed"
_ALARMS: Final = "refused without reason"
_RELEASE: Final = "release"
_ALL: Final = "**all**"
_SUM: Final = "**right lines refused**"

_TEXT: Final = """\
# What each type checker finds

Written by `scripts/checker-scores`. Do not edit: `scripts/checker-scores --check` compares.

The mypy plugin is what proves a route. Other checkers see the types of typed_api and nothing more: they find a good
part of the wrong bodies and statuses, and they cannot know of files, paths through a handler, or dicts that become
models. This page says how far each gets, on {cases} small route files with {wrong} wrong lines, the same that the tests
of the plugin use. These cases were made along with the plugin, so its own full score shows that it does what it is
meant to do, not how it fares on code nobody thought of.

A wrong line counts as found when the checker reports any error on it. mypy runs with `strict = true`, the others with
the settings they come with; all read the code as Python {python}. Warnings do not count. The first group is what the
plugin leaves to mypy, which therefore has all of it.

{scores}

Without the plugin a dict for a model is always refused. So all wrong ones are found, and most of the right lines that
are refused are right dicts: write the model itself, `User(id=1, name="a")`, if a checker other than mypy has to agree.
Likewise `req.query["id"]` and `req.params["id"]` are `str | list[str]` without the plugin, since only the name of the
file tells which.

## Missed

Of the groups of which a checker finds nothing at all, the table above says enough. Of the others, these lines pass; a
number is a count of lines.

{missed}

## Refused without reason

Right lines on which the checker reports an error, counted likewise.

{alarms}
"""


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    heads = list(heads)
    body = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in body)


def _by_title(head: str, counts: Mapping[str, Mapping[str, int]]) -> str:
    # In the order of the cases, which keeps what belongs together.
    titles = [title for title in TITLES.values() if any(title in of for of in counts.values())]
    return _table(
        [head, *counts],
        [[title.replace("|", "\\|"), *(of.get(title, "") for of in counts.values())] for title in titles],
    )


def render(scores: Mapping[str, Score]) -> str:
    """Write the page."""
    rows: list[list[object]] = [[_RELEASE, "", *(score.release for score in scores.values())]]
    for group in [PURE, *GROUPS.values()]:
        rows.append([group, TOTALS[group], *(score.found[group] for score in scores.values())])
    rows.append([_ALL, len(WRONG), *(sum(score.found.values()) for score in scores.values())])
    rows.append([_SUM, "", *(sum(score.alarms.values()) for score in scores.values())])
    return _TEXT.format(
        cases=len(TITLES),
        wrong=len(WRONG),
        python=PYTHON,
        scores=_table([_RULES, "in total", *scores], rows),
        missed=_by_title(_MISSED, {name: score.missed for name, score in scores.items()}),
        alarms=_by_title(_ALARMS, {name: score.alarms for name, score in scores.items()}),
    )


def read(page: str) -> Mapping[str, Score]:
    """Read the scores from a page: the reverse of `render`.

    Raises:
        ValueError: If a row of sums is not the sum of its column.
    """
    tables: dict[str, dict[str, dict[str, str]]] = {}
    heads: list[str] = []
    for line in page.splitlines():
        if not line.startswith("| "):
            heads = []
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in line.removesuffix("|").split(" | ")]
        cells[0] = cells[0].removeprefix("| ")
        if not heads:
            heads = cells
            tables[heads[0]] = {name: {} for name in heads[1:]}
        elif cells[0] != "---":
            for name, cell in zip(heads[1:], cells[1:], strict=True):
                tables[heads[0]][name][cells[0]] = cell
    scores: dict[str, Score] = {}
    for name, column in tables[_RULES].items():
        if name == "in total":
            continue
        found = {group: int(column[group]) for group in TOTALS}
        missed, alarms = (
            {title: int(cell) for title, cell in tables[table][name].items() if cell} for table in (_MISSED, _ALARMS)
        )
        if (int(column[_ALL]), int(column[_SUM])) != (sum(found.values()), sum(alarms.values())):
            raise ValueError(f"The sums of the column {name!r} are wrong. Run scripts/checker-scores.")
        scores[name] = Score(column[_RELEASE], found, missed, alarms)
    return scores


def measure(name: str) -> Score:
    """Run a checker over the cases."""
    checker = CHECKERS[name]
    with tempfile.TemporaryDirectory() as folder:
        return count(checker.release(), checker.run(Path(folder)))


def main() -> int:
    parser = argparse.ArgumentParser(description="Count what each type checker finds, and write docs/checkers.md.")
    parser.add_argument("--check", action="store_true", help="exit with 1 when the page is stale, and write nothing")
    check: bool = parser.parse_args().check
    with ThreadPoolExecutor(2) as pool:
        page = render(dict(zip(CHECKERS, pool.map(measure, CHECKERS), strict=True)))
    if not check:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page, "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != page:
        print(f"{PAGE.relative_to(REPOSITORY)} is stale. Run scripts/checker-scores and look at what changed.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
