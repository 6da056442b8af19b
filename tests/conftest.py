"""What all tests share: the event loop they run on, and the mark for tests that need a program of the system.

`@pytest.mark.needs("redis-server", "redis-server")` names a program and the Debian package that has it. Where the
program is missing the test is skipped and the run ends with a line that says so; with `TYPED_API_REQUIRE_ALL=1`, as
in `.ci/run`, it fails.
"""

import os
import shutil
from collections.abc import Generator
from typing import cast

import pytest

pytest_plugins = ("pytester",)

_missing = pytest.StashKey[dict[str, set[tuple[str, str]]]]()
"""By test, the programs it lacks, each with its Debian package."""
_LACKS = "lacks"
"""The property of a report that names a program and its package: it comes from the process that ran the test."""


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio alone: uvicorn serves on nothing else."""
    return "asyncio"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs(program, debian_package): a program that the test starts, and the Debian package that has it"
    )
    config.stash[_missing] = {}
    config.pluginmanager.register(_Collector(config.stash[_missing]))


def pytest_runtest_setup(item: pytest.Item) -> None:
    lacking = {_read_needs(mark) for mark in item.iter_markers("needs")}
    lacking = {(program, package) for program, package in lacking if shutil.which(program) is None}
    if not lacking:
        return
    programs, packages = _name(lacking)
    reason = f"needs {', '.join(programs)} (apt-get install {' '.join(packages)})"
    if os.environ.get("TYPED_API_REQUIRE_ALL") == "1":
        pytest.fail(f"TYPED_API_REQUIRE_ALL is 1, and this test {reason}.", pytrace=False)
    item.user_properties.extend((_LACKS, program_and_package) for program_and_package in sorted(lacking))
    pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # What a test prints and logs may be no Unicode, and the report goes from process to process as UTF-8.
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report


class _Collector:
    """Keeps what the reports of tests say that they lack."""

    def __init__(self, missing: dict[str, set[tuple[str, str]]]) -> None:
        self._missing: dict[str, set[tuple[str, str]]] = missing

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # The report of the teardown has the properties of the test too.
        values = [value for name, value in report.user_properties if name == _LACKS]
        lacking = {(program, package) for program, package in cast("list[tuple[str, str]]", values)}
        if lacking:
            self._missing[report.nodeid] = lacking


# Last, so that the line comes after pytest's own closing line, where it is seen.
@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    missing = config.stash.get(_missing, {})
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not missing or reporter is None:
        return
    programs, packages = _name(set().union(*missing.values()))
    count = f"{len(missing)} test needs" if len(missing) == 1 else f"{len(missing)} tests need"
    reporter.write_line(f"NOT RUN: {count} {', '.join(programs)} (apt-get install {' '.join(packages)})")


def _read_needs(mark: pytest.Mark) -> tuple[str, str]:
    program, package = mark.args
    return str(program), str(package)


def _name(lacking: set[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return sorted({program for program, _ in lacking}), sorted({package for _, package in lacking})
