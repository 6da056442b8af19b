"""The numbers of `docs/checkers.md`, of the checkers that the environment of the tests has.

Those of pyrefly and ty are compared by `scripts/checker-scores --check`.
"""

from collections.abc import Mapping
from importlib import metadata

import pytest

from tests.static.scores import CHECKERS, GROUPS, PAGE, PURE, TOTALS, WRONG, Score, count, measure, read, render


@pytest.fixture(scope="module")
def scores() -> Mapping[str, Score]:
    return read(PAGE.read_text("utf-8"))


def test_page_has_every_checker(scores: Mapping[str, Score]) -> None:
    assert list(scores) == list(CHECKERS)


def test_page_is_what_its_numbers_make(scores: Mapping[str, Score]) -> None:
    assert render(scores) == PAGE.read_text("utf-8")


@pytest.mark.parametrize("name", ["mypy with the plugin", "pyright"])
def test_numbers_of_the_page_are_counted(name: str, scores: Mapping[str, Score]) -> None:
    release = CHECKERS[name].release()
    if name != "pyright" and release != scores[name].release:
        pytest.skip(f"the page is about mypy {scores[name].release}, and this is {metadata.version('mypy')}")
    assert measure(name) == scores[name]


def test_plugin_finds_all_and_refuses_nothing_right(scores: Mapping[str, Score]) -> None:
    with_plugin = scores["mypy with the plugin"]
    assert (with_plugin.found, with_plugin.missed, with_plugin.alarms) == (TOTALS, {}, {})


def test_every_group_has_wrong_lines() -> None:
    assert set(TOTALS) == {PURE, *GROUPS.values()}


def test_every_wrong_line_without_an_error_is_missed() -> None:
    (first, *_), group = list(WRONG), GROUPS["typed-api-flow"]
    flow = [line for line in WRONG if WRONG[line] == group]
    score = count("1", [flow[0], (first[0], 1_000)])
    assert score.found == {**dict.fromkeys(TOTALS, 0), group: 1}
    assert sum(score.missed.values()) == len(flow) - 1
    assert sum(score.alarms.values()) == 1
