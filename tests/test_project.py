"""What holds for the project as a whole: one version, a licence, modules that introduce themselves, clean texts."""

import ast
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import typed_api

ROOT = Path(__file__).parent.parent
CONFTEST = Path(__file__).with_name("conftest.py")
TEMPLATE = ROOT / "typed_api/scaffold/_template"
"""What a new project begins with: files of the user, and no modules of the package."""
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "typed_api").rglob("*.py")
    if not path.is_relative_to(TEMPLATE)
)
PUBLIC_MODULES = [path for path in MODULES if not Path(path).stem.startswith("_") or Path(path).stem == "__init__"]
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and path.name != "_env")


def read(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def read_pyproject() -> dict[str, Any]:
    return tomllib.loads(read("pyproject.toml"))


# One version


def test_installed_package_bears_the_version_of_the_source() -> None:
    assert version("typed-api-toolkit") == typed_api.__version__


def test_changelog_opens_with_the_version_of_the_source() -> None:
    headings = re.findall(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == typed_api.__version__


def test_pyproject_leaves_the_version_to_the_source() -> None:
    project = read_pyproject()["project"]
    assert ("version" in project, project["dynamic"]) == (False, ["version"])


# Licence and papers


def test_licence_is_mit() -> None:
    opening = read("LICENSE").splitlines()[:3]
    assert opening == ["MIT License", "", "Copyright (c) 2026 the typed_api authors"]
    # The other two are those of the docs page's vendored files.
    assert read_pyproject()["project"]["license"] == "MIT AND Apache-2.0 AND BSD-3-Clause"


@pytest.mark.parametrize("name", ["CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "stubs/README.md"])
def test_paper_opens_with_a_heading(name: str) -> None:
    assert re.match(r"# \S", read(name))


# Modules


@pytest.mark.parametrize("module", MODULES)
def test_module_opens_with_a_docstring(module: str) -> None:
    assert (ast.get_docstring(ast.parse(read(module))) or "").strip() != ""


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_public_module_lists_its_names(module: str) -> None:
    targets = [
        target.id
        for node in ast.parse(read(module)).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    ]
    assert targets.count("__all__") == 1


# Scripts


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_is_executable(script: str) -> None:
    assert os.access(ROOT / "scripts" / script, os.X_OK)


@pytest.fixture
def find_floors() -> Callable[[dict[str, Any]], list[str]]:
    found: Callable[[dict[str, Any]], list[str]] = runpy.run_path(str(ROOT / "scripts" / "floors.py"))["find_floors"]
    return found


def test_floors_are_the_lowest_releases_with_their_markers(
    find_floors: Callable[[dict[str, Any]], list[str]],
) -> None:
    project = {
        "dependencies": ["starlette >= 1.6, <2", "pydantic[email]>=2.13"],
        "optional-dependencies": {
            "fast": ["uvloop>=0.21; sys_platform != 'win32'"],
            "more": ["pydantic>=2.13,<3"],
        },
    }
    assert find_floors({"project": project}) == [
        "pydantic==2.13",
        "starlette==1.6",
        "uvloop==0.21; sys_platform != 'win32'",
    ]


def test_dependency_without_floor_is_refused(find_floors: Callable[[dict[str, Any]], list[str]]) -> None:
    with pytest.raises(ValueError) as caught:
        find_floors({"project": {"dependencies": ["click<9"]}})
    assert str(caught.value) == "'click<9' has no floor. Write the lowest release that works first: 'name>=1.2'."


def test_two_floors_of_one_package_are_refused(find_floors: Callable[[dict[str, Any]], list[str]]) -> None:
    with pytest.raises(ValueError) as caught:
        find_floors({"project": {"dependencies": ["click>=8.1", "click>=8.2"]}})
    assert str(caught.value) == "'click==8.1' and 'click==8.2' are two floors of one package. Keep one."


def test_every_dependency_has_a_floor(find_floors: Callable[[dict[str, Any]], list[str]]) -> None:
    project = read_pyproject()["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    wanted = {*project["dependencies"]}.union(*extras.values())
    assert len(find_floors({"project": project})) == len(wanted)


# Tests that need a program


NEEDY = """
    import pytest

    @pytest.mark.needs("no-such-browser", "browser-package")
    def test_page(): pass

    @pytest.mark.needs("no-such-server", "server-package")
    @pytest.mark.needs("no-such-browser", "browser-package")
    def test_page_and_server(): pass

    @pytest.mark.needs("python-that-is-here", "python3")
    def test_present(): pass
"""


@pytest.fixture
def needy(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with three tests: two that lack programs, one that has what it needs."""
    monkeypatch.delenv("TYPED_API_REQUIRE_ALL", raising=False)
    programs = pytester.mkdir("programs")
    (programs / "python-that-is-here").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(programs))
    pytester.makeconftest(CONFTEST.read_text("utf-8"))
    pytester.makepyfile(NEEDY)
    return pytester


def test_missing_programs_skip_and_are_named_in_the_last_line(needy: pytest.Pytester) -> None:
    result = needy.runpytest()
    result.assert_outcomes(passed=1, skipped=2)
    assert result.outlines[-1] == (
        "NOT RUN: 2 tests need no-such-browser, no-such-server (apt-get install browser-package server-package)"
    )


def test_one_test_that_lacks_a_program_is_counted_in_the_singular(needy: pytest.Pytester) -> None:
    result = needy.runpytest("-k", "test_page and not server")
    assert result.outlines[-1] == "NOT RUN: 1 test needs no-such-browser (apt-get install browser-package)"


def test_nothing_is_said_when_nothing_is_missing(needy: pytest.Pytester) -> None:
    result = needy.runpytest("-k", "test_present")
    assert [line for line in result.outlines if "NOT RUN" in line] == []


def test_missing_program_fails_when_all_is_required(needy: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TYPED_API_REQUIRE_ALL", "1")
    result = needy.runpytest("-k", "test_page and not server")
    # pytest counts a failure before the test itself as an error.
    result.assert_outcomes(errors=1)
    assert (
        "TYPED_API_REQUIRE_ALL is 1, and this test needs no-such-browser (apt-get install browser-package)."
        in result.outlines
    )


# Clean texts


def list_tracked_files() -> list[str]:
    """List what git tracks, or skip the test where there is no git or no checkout, as in an unpacked archive."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip(f"git lists no files: {listed.stderr.strip()}")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def find_machine_words(text: str, root: str, home: str) -> list[str]:
    """Find what a text gives away of the machine it was written on.

    Args:
        text: The text to search.
        root: The folder of the checkout.
        home: The home directory.

    Returns:
        Paths into somebody's home or the checkout, and names of package registries, each as it stands in the text.
    """
    # In parts, or this very file would be the first to be found.
    hosts = [("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("deb", "debian", "org")]
    patterns = [
        *(re.escape(".".join(host)) for host in hosts),
        r"(?<![\w.\]])/(?:home|Users)/\w+/\w+",
        r"\b[A-Z]:\\Users\\\w+",
        # The home of root is an ordinary URL path too; only what lies hidden in it is surely a path of a machine.
        rf"{re.escape(home)}/\.\w+",
    ]
    if root.count("/") > 1:
        patterns.append(rf"{re.escape(root)}\b")
    return [match[0] for match in re.finditer("|".join(patterns), text)]


def test_tracked_files_tell_nothing_of_a_machine() -> None:
    found = {
        name: words
        for name in list_tracked_files()
        if (words := find_machine_words((ROOT / name).read_text("utf-8", "ignore"), str(ROOT), str(Path.home())))
    }
    assert found == {}


@pytest.mark.parametrize(
    "word",
    ["/home/" + "ann/src", "/Users/" + "ann/src", "C:\\Users\\" + "ann", "/srv/me/" + ".cache", "/data/" + "checkout"],
)
def test_path_of_a_machine_is_found(word: str) -> None:
    assert find_machine_words(f"see {word}", root="/data/checkout", home="/srv/me") == [word]


def test_name_of_a_registry_is_found() -> None:
    host = ".".join(("npmjs", "org"))
    assert find_machine_words(f"from registry.{host}/left", root="/data/checkout", home="/srv/me") == [host]


def test_url_path_is_no_path_of_a_machine() -> None:
    home = "/" + "root"
    text = f'client.get("{home}/api/home/7") or client.get("/home/7") at "/app"'
    assert find_machine_words(text, root="/app", home=home) == []
