"""The plugin says the same however mypy is run: cold, warm, in parallel, in its daemon, from anywhere."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import pytest
from mypy.version import __version__ as mypy_version

from tests.static.project import MODELS, all_sources, parse, write_project

Report: TypeAlias = Sequence[tuple[str, int, str, str]]

VERSION: Final = tuple(int(part) for part in mypy_version.split("+")[0].split(".")[:2])
has_workers = pytest.mark.skipif(VERSION < (2, 4), reason="workers of this mypy do not tell of modules without types")
has_two_parsers = pytest.mark.skipif(VERSION < (2, 4), reason="this mypy has one parser")


def run(folder: Path, *command: str, inside: str = ".") -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder / inside,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    # 2 is a crash or misuse; a plugin that fails says so on stderr.
    if done.returncode not in (0, 1) or done.stderr:
        raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def report(output: str, prefix: str = "") -> Report:
    return sorted({(os.path.normpath(prefix + file), *rest) for file, *rest in parse(output)})  # type: ignore[misc]


def check(folder: Path, *options: str, cache: str, target: Sequence[str] = (".",)) -> Report:
    return report(
        run(folder, "mypy", "--config-file=mypy.ini", "--show-traceback", f"--cache-dir={cache}", *options, *target)
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modes")
    write_project(folder, all_sources())
    return folder


@pytest.fixture(scope="module")
def cold(project: Path) -> Report:
    return check(project, cache=".cold")


def test_something_is_found(cold: Report) -> None:
    assert len(cold) > 150


def test_warm_run_finds_the_same(project: Path, cold: Report) -> None:
    assert check(project, cache=".cold") == cold


@has_workers
def test_two_workers_find_the_same(project: Path, cold: Report) -> None:
    # Two findings have no type near them; a worker reports them by another way, which mypy has since 2.4.
    assert check(project, "--num-workers=2", cache=".workers") == cold
    assert check(project, "--num-workers=2", cache=".workers") == cold


@has_two_parsers
def test_the_other_parser_finds_the_same(project: Path, cold: Report) -> None:
    assert check(project, "--no-native-parser", cache=".parser") == cold


def test_no_cache_finds_the_same(project: Path, cold: Report) -> None:
    assert check(project, "--no-incremental", cache=os.devnull) == cold


def test_cache_in_a_database_finds_the_same(project: Path, cold: Report) -> None:
    assert check(project, "--sqlite-cache", cache=".sqlite") == cold
    assert check(project, "--sqlite-cache", cache=".sqlite") == cold


def test_looking_for_unreachable_code_finds_the_same(project: Path, cold: Report) -> None:
    assert check(project, "--warn-unreachable", cache=".unreachable") == cold


def test_nothing_is_unreachable_where_every_match_must_be_exhaustive(project: Path) -> None:
    found = check(project, "--warn-unreachable", "--enable-error-code=exhaustive-match", cache=".exhaustive")
    assert "unreachable" not in {code for _, _, code, _ in found}


@pytest.mark.parametrize("target", [["pages"], ["-p", "pages"]], ids=" ".join)
def test_naming_the_routes_finds_the_same(project: Path, cold: Report, target: Sequence[str]) -> None:
    assert check(project, cache=".cold", target=target) == cold


def test_another_working_directory_finds_the_same(project: Path, cold: Report) -> None:
    output = run(project, "mypy", "--config-file=../mypy.ini", "--cache-dir=../.below", "../pages", inside="pages")
    assert report(output, "pages/") == cold


# The daemon

ROUTE: Final = "pages/api/users/_id_.py"
BASE: Final[Mapping[str, str]] = {
    "models.py": MODELS,
    "helpers.py": "from typing import NoReturn\ndef stop() -> NoReturn:\n    raise SystemExit\n",
    ROUTE: (
        "from typed_api import ApiRequest, ApiResponse, NotFound, Ok\n"
        "from helpers import stop\nfrom models import Trouble, User, find\n"
        "def get(req: ApiRequest, res: ApiResponse[Ok[User] | NotFound[Trouble]]) -> None:\n"
        '    user = find(req.query["id"])\n'
        "    if user is None:\n        stop()\n    res.json(user)\n"
    ),
    "pages/api/literal.py": (
        "from typed_api import ApiRequest, ApiResponse, Created, Sent\nfrom models import User\n"
        "def post(req: ApiRequest, res: ApiResponse[Created[User]]) -> Sent:\n"
        '    return res.status(201).json({"id": 1, "name": "a"})\n'
    ),
    "pages/api/search.py": (
        "from typed_api import ApiRequest, ApiResponse, Ok, Sent\n"
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n"
        '    return res.status(418).json("tea")\n'
    ),
    "pages/api/bare.py": "def get(req, res):\n    res.json(1)\n",
    "pages/api/empty.py": "",
}
EDITS: Final[Mapping[str, tuple[str, str, str]]] = {
    "a route answers twice": (ROUTE, "        stop()\n", '        res.status(404).json(Trouble(title="x"))\n'),
    "a helper returns": ("helpers.py", "NoReturn:\n    raise SystemExit", "None:\n    pass"),
    "a model needs a field more": ("models.py", "    nick: str | None = None\n", "    nick: str | None\n"),
    "a route is mended": ("pages/api/search.py", "418", "200"),
    "a model gets a field": ("models.py", "class NewUser(BaseModel):", "class NewUser(BaseModel):\n    age: int"),
    "a handler appears": ("pages/api/empty.py", "", "def get(req, res):\n    res.json(1)\n"),
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Sequence[str]]]:
    folder = tmp_path_factory.mktemp("daemon")
    write_project(folder, BASE)
    command = ["mypy.dmypy", f"--status-file={folder / 'dmypy.json'}"]
    try:
        yield folder, command
    finally:
        subprocess.run([sys.executable, "-m", *command, "stop"], cwd=folder, capture_output=True, check=False)


def test_daemon_finds_the_same_after_every_edit(daemon: tuple[Path, Sequence[str]]) -> None:
    folder, command = daemon
    for edit, (name, before, after) in {"none": (ROUTE, "", ""), **EDITS}.items():
        file = folder / name
        source = file.read_text("utf-8")
        assert before in source, edit
        file.write_text(source.replace(before, after, 1), "utf-8")
        said = run(folder, *command, "run", "--", "--config-file=mypy.ini", "--cache-dir=.daemon", ".")
        assert report(said) == check(folder, cache=".fresh"), edit
