"""What mypy, pyright and ruff say of a Python client whose document is hostile, and of calls of it, right and wrong."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.clients.python_checkers import Findings, read_marks, run, run_both
from tests.clients.python_documents import OPERATION_IDS, PROPERTY_NAMES, hostile
from tests.clients.python_service import load
from typed_api.clients.python import generate

USAGE = Path(__file__).parent / "clients" / "python_usage.txt"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checked")
    (folder / "client.py").write_text(generate(hostile()), encoding="utf-8")
    (folder / "usage.py").write_text(USAGE.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def findings(folder: Path) -> Mapping[str, Findings]:
    return run_both(folder, ["client.py", "usage.py"])


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_client_is_clean(findings: Mapping[str, Findings], checker: str) -> None:
    assert {place: codes for place, codes in findings[checker].items() if place[0] == "client.py"} == {}


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_wrong_calls_and_no_others_are_refused(findings: Mapping[str, Findings], folder: Path, checker: str) -> None:
    found = {place: codes for place, codes in findings[checker].items() if place[0] == "usage.py"}
    assert found == read_marks(folder / "usage.py", checker)


def test_ruff_finds_nothing_by_default(folder: Path) -> None:
    assert run("ruff", "check", "--isolated", "--no-cache", "client.py", folder=folder) == "All checks passed!\n"


def test_hostile_client_is_imported(tmp_path: Path) -> None:
    client = load(hostile(), tmp_path)
    named = sorted(set(PROPERTY_NAMES) - {""})
    assert sorted(client.Hostile.__annotations__) == named
    assert len([name for name in vars(client.Client) if not name.startswith("_")]) == len(hostile_operations())


def hostile_operations() -> list[str]:
    paths = hostile()["paths"]
    assert isinstance(paths, dict)
    return [f"{method} {path}" for path, item in paths.items() for method in item]


WRITTEN = {
    "any value": ({}, "object"),
    "nothing": (False, "Never"),
    "a number that may be missing": ({"type": ["number", "null"]}, "float | None"),
    "null comes last": ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, "int | None"),
    "one text": ({"const": "a"}, 'Literal["a"]'),
    "1 is not true": ({"enum": [1, True]}, "Literal[1, True]"),
    "a fraction": ({"const": 0.5}, "float"),
    "words and others": ({"anyOf": [{"enum": ["a", "b"]}, {"type": "integer"}]}, 'Literal["a", "b"] | int'),
    "places of a list": ({"prefixItems": [{"type": "integer"}, {"type": "null"}], "items": False}, "list[int | None]"),
    "an empty list": ({"type": "array", "items": False}, "list[Never]"),
    "values by name": ({"type": "object", "additionalProperties": {"type": "integer"}}, "dict[str, int]"),
    "the same type twice": ({"allOf": [{"type": "string"}, {"type": "string", "format": "uuid"}]}, "str"),
    "an integer that is a number": ({"allOf": [{"type": "number"}, {"type": "integer"}]}, "int"),
    "a number that is one": ({"allOf": [{"type": "integer"}, {"const": 3}]}, "Literal[3]"),
    "an object that is text": ({"allOf": [{"type": "object", "properties": {"a": {}}}, {"type": "string"}]}, "Never"),
    "lists of both": (
        {
            "allOf": [
                {"type": "array", "items": {"type": "number"}},
                {"type": "array", "items": {"type": "integer"}},
            ]
        },
        "list[int]",
    ),
    "a choice narrowed": (
        {"allOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "integer"}]},
        "int",
    ),
    "text with a quote": ({"const": "it's"}, "PostABody"),
    "an object": ({"type": "object", "properties": {"a": {}}}, "PostABody"),
}


@pytest.mark.parametrize(("schema", "written"), WRITTEN.values(), ids=WRITTEN.keys())
def test_schema_is_written_as_a_type(schema: object, written: str) -> None:
    content = {"application/json": {"schema": schema}}
    body = {"required": True, "content": content}
    text = generate({"openapi": "3.1.0", "paths": {"/a": {"post": {"requestBody": body, "responses": {}}}}})
    assert f"    def post_a(self, *, body: {written}) -> PostAAnswer:\n" in text


def test_no_operation_is_lost_to_another_of_its_name(tmp_path: Path) -> None:
    text = generate(hostile())
    assert [text.count(f"    def {name}(") for name in ("get_it", "get_it_", "get_it_2")] == [1, 1, 1]
    assert len(set(OPERATION_IDS)) == len(OPERATION_IDS)
