"""What the mypy plugin says of each case of `cases.txt`, and of nothing else."""

import contextlib
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import pytest
from mypy import api

from tests.static.project import CASES, Case, Finding, all_sources, expected, parse, write_project

PLUGINS: Final = {
    "typed_api alone": "typed_api.mypy_plugin",
    "before pydantic": "typed_api.mypy_plugin, pydantic.mypy",
    "after pydantic": "pydantic.mypy, typed_api.mypy_plugin",
}

Report: TypeAlias = Mapping[str, Sequence[Finding]]


def run_mypy(folder: Path, *arguments: str) -> str:
    """Run mypy in this process, in a project."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        # mypy collects what it says itself; a plugin that fails writes to the process's own stderr.
        with contextlib.redirect_stderr(io.StringIO()) as said:
            output, errors, code = api.run(["--config-file", "mypy.ini", "--show-traceback", *arguments])
    finally:
        os.chdir(before)
    errors += said.getvalue()
    # 2 is a crash or misuse.
    if code == 2 or errors:
        raise RuntimeError(f"mypy ended with {code}:\n{output}{errors}")
    return output


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Report]:
    """By set of plugins, the errors of every file: one run of mypy each."""
    reports: dict[str, Report] = {}
    folder = tmp_path_factory.mktemp("cases")
    for name, plugins in PLUGINS.items():
        write_project(folder, all_sources(), plugins=plugins)
        report: dict[str, list[Finding]] = {}
        for file, line, code, _ in parse(run_mypy(folder, ".")):
            report.setdefault(file, []).append((line, code))
        reports[name] = report
    return reports


@pytest.mark.parametrize("plugins", PLUGINS)
@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_findings_are_exactly_the_marked_ones(case: Case, plugins: str, reports: Mapping[str, Report]) -> None:
    found = list(reports[plugins].get(case.file, []))
    if any(code == "typed-api-serialize" for _, code in found):
        # The bounds of the markers refuse some of these types by themselves.
        found = [finding for finding in found if finding[1] != "type-var"]
    assert sorted(found) == expected(case.source), case.title


@pytest.mark.parametrize("plugins", PLUGINS)
def test_no_error_is_outside_of_the_cases(plugins: str, reports: Mapping[str, Report]) -> None:
    assert set(reports[plugins]) <= {case.file for case in CASES}


def test_ids_are_unique() -> None:
    ids = [case.id.lower() for case in CASES]
    assert sorted(set(ids)) == sorted(ids)


def test_every_case_has_a_title_of_its_own() -> None:
    titles = [case.title for case in CASES]
    assert [title for title in titles if titles.count(title) > 1] == []


def test_about_half_of_the_cases_are_clean() -> None:
    clean = sum(not expected(case.source) for case in CASES)
    assert 0.35 <= clean / len(CASES) <= 0.6


def test_clean_cases_are_called_clean() -> None:
    misnamed = [case.id for case in CASES if case.title.startswith("clean: ") == bool(expected(case.source))]
    assert misnamed == []
