"""The plugin as mypy loads it: its settings, its codes, its cache, its faults."""

import contextlib
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest
from mypy import api
from mypy.options import Options

import typed_api
from tests.static.project import parse, write_project
from typed_api import mypy_plugin
from typed_api.mypy_plugin import _handlers

SILENT: Final = (
    "from typed_api import ApiRequest, ApiResponse, Ok\n"
    "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:\n"
    "    print(req.path)\n"
)
UNDECLARED: Final = (
    "from typed_api import ApiRequest, ApiResponse, Ok, Sent\n"
    "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n"
    '    return res.status(201).json("x")\n'
)
FILES: Final = {"pages/api/silent.py": SILENT, "pages/api/undeclared.py": UNDECLARED}
BOTH: Final = [("pages/api/silent.py", "typed-api-flow"), ("pages/api/undeclared.py", "typed-api-status")]


def run(folder: Path, *options: str) -> tuple[list[tuple[str, str]], str]:
    """Run mypy in this process; gives file and code of each error, and what came on stderr."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        # mypy collects what it says itself; the plugin writes to the process's own stderr.
        with contextlib.redirect_stderr(io.StringIO()) as said:
            output, errors, code = api.run(["--config-file=mypy.ini", "--cache-dir=.cache", *options, "."])
    finally:
        os.chdir(before)
    assert code != 2, output + errors
    return sorted((file, code) for file, _, code, _ in parse(output)), errors + said.getvalue()


def add_settings(folder: Path, lines: str) -> None:
    file = folder / "mypy.ini"
    file.write_text(file.read_text("utf-8") + lines, "utf-8")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose cache knows pydantic and the rest already."""
    folder = tmp_path_factory.mktemp("plugin")
    write_project(folder, FILES)
    assert run(folder) == (BOTH, "")
    return folder


@pytest.fixture
def project(cache: Path) -> Path:
    """That project, as it was written."""
    write_project(cache, FILES)
    (cache / "pyproject.toml").write_text("", "utf-8")
    return cache


def test_plugin_has_the_version_of_the_package() -> None:
    assert mypy_plugin.__version__ == typed_api.__version__


@pytest.mark.parametrize("source", [SILENT, '"""Only a text."""\n', "import sys\n"])
def test_file_that_mypy_is_told_to_ignore_is_not_accused(project: Path, source: str) -> None:
    write_project(project, {"pages/api/silent.py": "# type: ignore\n" + source, "pages/api/undeclared.py": UNDECLARED})
    assert run(project) == (BOTH[1:], "")


@pytest.mark.parametrize("source", ["", "# Nothing yet.\n\n"])
def test_empty_file_has_no_handler(project: Path, source: str) -> None:
    write_project(project, {"pages/api/silent.py": source, "pages/api/undeclared.py": UNDECLARED})
    assert run(project) == ([("pages/api/silent.py", "typed-api-route"), *BOTH[1:]], "")


@pytest.mark.parametrize(
    ("disabled", "left"),
    [("typed-api-flow", BOTH[1:]), ("typed-api-status", BOTH[:1]), ("typed-api", [])],
)
def test_code_can_be_disabled(project: Path, disabled: str, left: Sequence[tuple[str, str]]) -> None:
    add_settings(project, f"disable_error_code = {disabled}\n")
    assert run(project) == (left, "")


def test_code_can_be_disabled_for_a_module(project: Path) -> None:
    add_settings(project, "[mypy-pages.api.silent]\ndisable_error_code = typed-api-flow\n")
    assert run(project) == (BOTH[1:], "")


def test_unknown_setting_is_told_of(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.typed_api]\npage = "pages"\n', "utf-8")
    found, errors = run(project)
    assert found == BOTH
    assert errors == (
        f"{project / 'pyproject.toml'}: [tool.typed_api] has an unknown key 'page'. Did you mean 'pages'?\n"
    )


def test_setting_that_cannot_be_used_is_told_of(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.typed_api]\npages = 3\n", "utf-8")
    found, errors = run(project)
    assert found == BOTH[1:]
    assert errors == (
        f"pyproject.toml: error: {project / 'pyproject.toml'}: [tool.typed_api] pages = 3 cannot be used. "
        "Use a string in quotes.\n"
    )


def test_changed_root_is_noticed_by_a_warm_run(project: Path) -> None:
    assert run(project) == (BOTH, "")
    (project / "pyproject.toml").write_text('[tool.typed_api]\npages = "routes"\n', "utf-8")
    (project / "routes").mkdir()
    assert run(project) == (BOTH[1:], "")
    (project / "routes").rmdir()
    (project / "pyproject.toml").write_text("", "utf-8")
    assert run(project) == (BOTH, "")


@pytest.mark.parametrize(
    ("pages", "sentence"),
    [
        ("routes", "There is no folder '{place}' and no package 'routes'. Create one, or name another."),
        ("web-routes", "The root folder of the routes, '{place}', does not exist. Create it, or name another."),
    ],
)
def test_root_that_is_not_there_is_told_of(project: Path, pages: str, sentence: str) -> None:
    (project / "pyproject.toml").write_text(f'[tool.typed_api]\npages = "{pages}"\n', "utf-8")
    said = sentence.format(place=project / pages)
    assert run(project) == (BOTH[1:], f"pyproject.toml: error: {said}\n")


@pytest.mark.parametrize("way", ["src", "mypy_path", "MYPYPATH", "PYTHONPATH"])
def test_root_is_found_as_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    base = tmp_path / ("src" if way == "src" else "lib")
    (base / "shop" / "pages").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.typed_api]\npages = "shop.pages"\n', "utf-8")
    options = Options()
    options.config_file = str(tmp_path / "mypy.ini")
    if way == "mypy_path":
        options.mypy_path = [str(base)]
    elif way != "src":
        monkeypatch.setenv(way, str(base))
    assert mypy_plugin.TypedApiPlugin(options).root == str(base / "shop" / "pages")


def test_root_is_found_as_an_installed_package(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.typed_api]\npages = "typed_api.cli"\n', "utf-8")
    options = Options()
    options.config_file = str(tmp_path / "mypy.ini")
    assert mypy_plugin.TypedApiPlugin(options).root == str(Path(typed_api.__file__).parent / "cli")


def test_fault_of_the_plugin_is_silence(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, *, at_end: bool) -> None:
        raise LookupError("no such thing")

    monkeypatch.setattr(_handlers.HandlerCheck, "run", fail)
    assert run(project, "--no-incremental") == (BOTH[1:], "")


def test_fault_of_the_plugin_is_shown_on_demand(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, *, at_end: bool) -> None:
        raise LookupError("no such thing")

    monkeypatch.setattr(_handlers.HandlerCheck, "run", fail)
    found, errors = run(project, "--no-incremental", "--show-traceback")
    assert found == BOTH[1:]
    lines = set(errors.splitlines())
    (line,) = lines
    assert line.startswith("typed_api.mypy_plugin: a check failed at test_plugin.py:")
    assert line.endswith(" and is left out: LookupError: no such thing")


@pytest.mark.parametrize(
    "hook",
    [
        "get_type_analyze_hook",
        "get_method_hook",
        "get_method_signature_hook",
        "get_attribute_hook",
        "get_function_hook",
    ],
)
def test_foreign_names_have_no_hook(hook: str) -> None:
    made = mypy_plugin.TypedApiPlugin(Options())
    made._analyzer = mypy_plugin._NoAnalyzer
    ask: Callable[[str], object] = getattr(made, hook)
    assert ask("builtins.str.upper") is None
