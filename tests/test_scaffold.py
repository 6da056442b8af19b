"""A new project as files: what is in it, what it may be called, and that nothing half-made stays."""

import json
import os
import re
import shutil
import stat
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import typed_api
from typed_api import scaffold
from typed_api.scaffold import ScaffoldError, create_project

TEMPLATE = Path(scaffold.__file__).with_name("_template")

FILES = [
    ".dockerignore",
    ".gitattributes",
    ".github/workflows/ci.yml",
    ".gitignore",
    "Dockerfile",
    "README.md",
    "main.py",
    "notes.py",
    "openapi.json",
    "pages/__init__.py",
    "pages/api/__init__.py",
    "pages/api/health.py",
    "pages/api/hello.py",
    "pages/api/notes/__init__.py",
    "pages/api/notes/_id_.py",
    "pages/api/notes/index.py",
    "pyproject.toml",
    "tests/test_api.py",
    "tests/test_contract.py",
]
CACHES = {"__pycache__", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache"}


def files_below(folder: Path) -> list[str]:
    """List the files that are no tool's leavings."""
    found = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return sorted(path.as_posix() for path in found if CACHES.isdisjoint(path.parts))


def refusal(name: str, parent: Path) -> str:
    with pytest.raises(ScaffoldError) as caught:
        create_project(name, parent)
    return str(caught.value)


# --- what is made -----------------------------------------------------------------------------------------------------


def test_files_of_a_project_are_told_sorted_and_are_all_there_is(tmp_path: Path) -> None:
    told = create_project("shop", tmp_path)

    assert told == sorted(map(Path, FILES))
    assert files_below(tmp_path / "shop") == sorted(FILES)
    assert os.listdir(tmp_path) == ["shop"]


def test_every_file_of_the_template_goes_into_a_project() -> None:
    assert files_below(TEMPLATE) == sorted(FILES)


def test_project_is_the_template_but_for_the_name(tmp_path: Path) -> None:
    create_project("my-api", tmp_path)

    made = {name: (tmp_path / "my-api" / name).read_bytes() for name in FILES}
    assert made == {name: (TEMPLATE / name).read_bytes() for name in FILES}


def test_name_stands_in_four_files(tmp_path: Path) -> None:
    create_project("shop", tmp_path)

    project = tmp_path / "shop"
    changed = {name for name in FILES if (project / name).read_bytes() != (TEMPLATE / name).read_bytes()}
    assert changed == {"README.md", "main.py", "openapi.json", "pyproject.toml"}
    assert not [name for name in FILES if b"my-api" in (project / name).read_bytes()]


@pytest.mark.parametrize("name", ["shop", "a", "7", "Shop_2.0", "order-items", "con-nection", "x" * 200])
def test_name_is_that_of_the_distribution_the_api_and_the_page(name: str, tmp_path: Path) -> None:
    create_project(name, tmp_path)

    project = tmp_path / name
    settings = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    document = json.loads((project / "openapi.json").read_bytes())
    title = re.findall(r'title="(.+?)"', (project / "main.py").read_text(encoding="utf-8"))
    heading = (project / "README.md").read_text(encoding="utf-8").partition("\n")[0]
    assert [settings["project"]["name"], document["info"]["title"], *title, heading] == [name] * 3 + [f"# {name}"]


def test_project_asks_for_the_typed_api_that_made_it(tmp_path: Path) -> None:
    create_project("shop", tmp_path)

    settings = tomllib.loads((tmp_path / "shop/pyproject.toml").read_text(encoding="utf-8"))
    (own,) = map(Requirement, settings["project"]["dependencies"])
    assert own.name == "typed-api-toolkit"
    major, minor = map(int, typed_api.__version__.split(".")[:2])
    assert str(own.specifier) == f"<{major}.{minor + 1},>={major}.{minor}"


def test_text_of_a_project_ends_its_lines_alike(tmp_path: Path) -> None:
    create_project("shop", tmp_path)

    texts = {name: (tmp_path / "shop" / name).read_bytes() for name in FILES}
    assert not [name for name, text in texts.items() if text and (b"\r" in text or not text.endswith(b"\n"))]


def test_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()

    create_project("shop", tmp_path)

    assert files_below(tmp_path / "shop") == sorted(FILES)


def test_new_repository_is_filled(tmp_path: Path) -> None:
    (tmp_path / "shop/.git").mkdir(parents=True)
    (tmp_path / "shop/.git/HEAD").write_text("ref: refs/heads/main\n")

    create_project("shop", tmp_path)

    assert files_below(tmp_path / "shop") == sorted([".git/HEAD", *FILES])


def test_files_have_the_permissions_of_the_users_own(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        create_project("shop", tmp_path)
    finally:
        os.umask(old)

    project = tmp_path / "shop"
    folders = {path for name in FILES for path in (project / name).parents if path.is_relative_to(project)}
    assert {stat.S_IMODE((project / name).stat().st_mode) for name in FILES} == {0o640}
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o750}


def test_tools_leavings_in_the_template_stay_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = tmp_path / "template"
    shutil.copytree(TEMPLATE, template)
    (template / "pages/__pycache__").mkdir(exist_ok=True)
    (template / "pages/__pycache__/hello.cpython-311.pyc").touch()
    monkeypatch.setattr(scaffold, "_TEMPLATE", template)

    create_project("shop", tmp_path)

    assert not (tmp_path / "shop/pages/__pycache__").exists()


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("", "my-api"),
        (".", "my-api"),
        ("..", "my-api"),
        ("-shop", "shop"),
        ("_shop_", "shop"),
        ("my shop", "my-shop"),
        ("shop\n", "shop"),
        ("shop\0", "shop"),
        ("café", "caf"),
        ('a"b', "a-b"),
        ("services/shop", "shop"),
        ("services/shop/", "shop"),
        ("..\\shop", "shop"),
        ("/", "my-api"),
    ],
)
def test_name_that_no_distribution_can_have_is_refused_with_one_that_can(
    name: str, better: str, tmp_path: Path
) -> None:
    assert refusal(name, tmp_path) == (
        f"{name!r} cannot be the name of a project. Use ASCII letters, digits, '-', '_' and '.', with a letter or a "
        f"digit at both ends, for example {better!r}."
    )
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["con", "NUL", "aux.d", "com1"])
def test_name_of_a_windows_device_is_refused(name: str, tmp_path: Path) -> None:
    assert refusal(name, tmp_path) == (
        f"{name!r} is a device to Windows. Choose another name, for example '{name}-api'."
    )
    assert os.listdir(tmp_path) == []


# One that the project's own file names, with another spelling, one of the tools, one that typed_api needs.
@pytest.mark.parametrize("name", ["typed-api-toolkit", "Typed_API.toolkit", "pytest", "hatchling", "pydantic"])
def test_name_of_what_the_project_needs_is_refused(name: str, tmp_path: Path) -> None:
    assert refusal(name, tmp_path) == (
        f"{name!r} is a distribution that the project itself needs. Choose another name, for example '{name}-api'."
    )
    assert os.listdir(tmp_path) == []


def test_name_of_a_tool_is_refused_where_typed_api_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def requires(name: str) -> list[str]:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(scaffold, "requires", requires)

    assert refusal("ruff", tmp_path).startswith("'ruff' is a distribution that the project itself needs.")


def test_folder_with_something_in_it_is_left_as_it_is(tmp_path: Path) -> None:
    project = tmp_path / "shop"
    (project / ".git").mkdir(parents=True)
    (project / "main.py").write_text("print('mine')\n")

    assert refusal("shop", tmp_path) == (
        f"'{project}' is not empty: it has 'main.py'. Choose another name, or empty it."
    )
    assert {path.name for path in project.iterdir()} == {".git", "main.py"}
    assert (project / "main.py").read_text() == "print('mine')\n"


def test_file_of_that_name_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("mine")

    assert refusal("shop", tmp_path) == (
        f"'{tmp_path / 'shop'}' is there, and no folder. Choose another name, or remove it."
    )
    assert (tmp_path / "shop").read_text() == "mine"


def test_link_that_leads_nowhere_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shop").symlink_to(tmp_path / "elsewhere")

    assert refusal("shop", tmp_path) == (
        f"'{tmp_path / 'shop'}' cannot be written: File exists. Nothing was made. Mend that, or choose another folder."
    )
    assert os.listdir(tmp_path) == ["shop"]


def test_folder_to_put_it_in_has_to_be_there(tmp_path: Path) -> None:
    parent = tmp_path / "services"

    assert refusal("shop", parent) == f"'{parent}' is not a folder. Make it first, or choose another."
    assert os.listdir(tmp_path) == []


def test_name_too_long_for_the_disk_is_told(tmp_path: Path) -> None:
    name = "x" * 300

    assert refusal(name, tmp_path) == (f"'{tmp_path / name}' cannot be read: File name too long. Choose another name.")


# --- nothing half-made stays ------------------------------------------------------------------------------------------


def fail_at(monkeypatch: pytest.MonkeyPatch, file: str, error: BaseException) -> None:
    """Let writing fail at one file, after those before it."""
    write = scaffold._write

    def write_or_fail(path: Path, content: bytes, made: list[Path]) -> None:
        if path.as_posix().endswith(file):
            raise error
        write(path, content, made)

    monkeypatch.setattr(scaffold, "_write", write_or_fail)


def test_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = str(tmp_path / "shop/pages/api/hello.py")
    fail_at(monkeypatch, "pages/api/hello.py", OSError(28, "No space left on device", place))

    assert refusal("shop", tmp_path) == (
        f"'{place}' cannot be written: No space left on device. Nothing was made. Mend that, or choose another folder."
    )
    assert os.listdir(tmp_path) == []


def test_failure_in_an_existing_folder_leaves_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop/.git").mkdir(parents=True)
    fail_at(monkeypatch, "pages/api/hello.py", OSError(28, "No space left on device"))

    # An error that names no file names the folder.
    assert refusal("shop", tmp_path).startswith(f"'{tmp_path / 'shop'}' cannot be written: No space left on device.")
    assert os.listdir(tmp_path / "shop") == [".git"]


def test_interruption_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_at(monkeypatch, "tests/test_api.py", KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        create_project("shop", tmp_path)
    assert os.listdir(tmp_path) == []


def test_file_that_somebody_else_wrote_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = scaffold._write

    def write_after_somebody_else(path: Path, content: bytes, made: list[Path]) -> None:
        if path.name == "hello.py":
            path.write_text("theirs")
        write(path, content, made)

    monkeypatch.setattr(scaffold, "_write", write_after_somebody_else)

    theirs = tmp_path / "shop/pages/api/hello.py"
    assert refusal("shop", tmp_path).startswith(f"'{theirs}' cannot be written: File exists.")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [theirs]
    assert theirs.read_text() == "theirs"
