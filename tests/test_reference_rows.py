"""The list of reference rows is whole, every row that applies has a test, and the README tells the same differences."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.reference_rows import README_ROWS, ROWS, TOO_FINE_FOR_README, Proof, find_proofs, read_claim

TESTS = Path(__file__).parent
VERDICT = re.compile(r"mirrored|(?:deviates|not applicable): \S.*[^.\s]")


@pytest.fixture(scope="module")
def proofs() -> list[Proof]:
    return list(find_proofs(TESTS))


def unproven(rows: Iterable[int], proofs: Iterable[Proof]) -> list[int]:
    """Give the rows that no test claims."""
    return sorted(set(rows) - {row for proof in proofs for row in proof.rows})


def test_the_list_has_every_row() -> None:
    assert list(ROWS) == list(range(1, 172))


def test_every_row_has_a_fact_and_a_verdict() -> None:
    bad = {n: row for n, row in ROWS.items() if not row.fact.endswith(".") or VERDICT.fullmatch(row.verdict) is None}
    assert bad == {}


def test_every_row_that_applies_has_a_test(proofs: list[Proof]) -> None:
    assert unproven((n for n, row in ROWS.items() if row.is_mirrored or row.deviates), proofs) == []


def test_every_row_that_a_test_names_is_in_the_list(proofs: list[Proof]) -> None:
    assert [proof for proof in proofs if not set(proof.rows) <= set(ROWS)] == []


def test_every_deviation_has_a_test_that_says_so(proofs: list[Proof]) -> None:
    honest = [proof for proof in proofs if proof.says_deviates]
    assert unproven((n for n, row in ROWS.items() if row.deviates), honest) == []


def test_no_test_says_that_a_mirrored_row_deviates(proofs: list[Proof]) -> None:
    mirrored = {number for number, row in ROWS.items() if row.is_mirrored}
    assert [proof for proof in proofs if proof.says_deviates and mirrored & set(proof.rows)] == []


def test_readme_tells_the_same_differences() -> None:
    readme = (TESTS.parent / "README.md").read_text(encoding="utf-8")
    _, _, section = readme.partition("## From Next.js: what is different\n")
    lines = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    assert [line[2:].partition(" | ")[0] for line in lines[2:]] == list(README_ROWS)


def test_every_deviation_is_in_the_readme_or_too_fine_for_it() -> None:
    told = {row for rows in README_ROWS.values() for row in rows}
    assert told & TOO_FINE_FOR_README == set()
    assert sorted(told | TOO_FINE_FOR_README) == [number for number, row in ROWS.items() if row.deviates]


@pytest.mark.parametrize(
    ("docstring", "claim"),
    [
        ("Row 7: a fact.", ((7,), False)),
        ("Row 7 (deviates): a fact.", ((7,), True)),
        ("Rows 7, 9: a fact.", ((7, 9), False)),
        ("Rows 7, 9–11 and 13 (deviate): a fact.", ((7, 9, 10, 11, 13), True)),
        ("Rows 7 to 9, and 11: a fact.", ((7, 8, 9, 11), False)),
        ("Row 7, on purpose other than there: a fact.", ((7,), True)),
        ("Rows 7 and 8 are left on purpose: a fact.", ((7, 8), True)),
        ("Row 7 and hostile input E3: a fact.", ((7,), False)),
        ("Row 7: it deviates nowhere.", ((7,), False)),
        ("\n    Row 7: a fact.\n", ((7,), False)),
        ("A fact (row 7).", None),
        ("See Row 7: a fact.", None),
        ("Row 7\nand so on: a fact.", None),
        ("Rows of a table: none.", None),
        ("", None),
    ],
)
def test_a_docstring_claims_the_rows_it_begins_with(docstring: str, claim: tuple[tuple[int, ...], bool] | None) -> None:
    assert read_claim(docstring) == claim


def test_only_test_functions_claim_rows(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper" / "test_b.py").write_text(
        '"""Row 1: a module."""\n'
        "class TestGroup:\n"
        '    """Row 2: a class."""\n'
        "    def test_method(self):\n"
        '        """Row 3: a method that is a test."""\n'
        'def helper():\n    """Row 4: no test."""\n'
        'async def test_async():\n    """Rows 5, 6 (deviate): a test."""\n'
        'def test_silent():\n    "A fact."\n'
    )
    assert sorted(find_proofs(folder), key=lambda proof: proof.test) == [
        Proof("tests/deeper/test_b.py::test_async", (5, 6), True),
        Proof("tests/deeper/test_b.py::test_method", (3,), False),
    ]


def test_a_row_without_a_test_is_found() -> None:
    assert unproven([1, 2, 3], [Proof("tests/test_a.py::test_one", (1, 3), False)]) == [2]
