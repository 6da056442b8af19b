"""The names of the package, which are imported when they are first asked for."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import typed_api

SOURCE: Final = ast.parse(Path(typed_api.__file__).read_text("utf-8"))


def imported_for_checkers() -> dict[str, str]:
    """Give the names below `if TYPE_CHECKING:`, each with its module."""
    (block,) = [node for node in SOURCE.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {
        alias.name: str(node.module) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_table_of_homes_is_what_checkers_see() -> None:
    assert imported_for_checkers() == typed_api._HOMES  # type: ignore[attr-defined, unused-ignore]


def test_every_name_of_the_table_is_public() -> None:
    assert sorted([*imported_for_checkers(), "__version__"]) == sorted(typed_api.__all__)


@pytest.mark.parametrize("name", typed_api.__all__)
def test_name_can_be_had(name: str) -> None:
    assert getattr(typed_api, name) is not None
    assert name in dir(typed_api)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(typed_api, "Okay")  # noqa: B009
    assert str(caught.value) == "module 'typed_api' has no attribute 'Okay'"


def test_star_import_brings_every_name() -> None:
    assert run("from typed_api import *; print(Ok[int], TypedAPI.__name__)") == "typed_api.status.Ok[int] TypedAPI"


HEAVY: Final = "[name for name in ('pydantic', 'pydantic_core', 'starlette', 'anyio') if name in sys.modules]"


@pytest.mark.parametrize(
    "module",
    ["typed_api", "typed_api.status", "typed_api.pattern", "typed_api.config", "typed_api.mypy_plugin"],
)
def test_module_loads_neither_pydantic_nor_starlette(module: str) -> None:
    assert run(f"import sys, {module}; print({HEAVY})") == "[]"
