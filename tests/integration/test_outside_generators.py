"""The document feeds the generators that others use: openapi-typescript, and openapi-python-client."""

import compileall
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.clients.typescript_app import PAGES
from tests.projects import run as typed_api
from tests.projects import write_files

EXAMPLES: Final = sorted((Path(__file__).parents[2] / "examples").glob("*/openapi.json"))


UNKNOWN: Final = {"GET /api/lines", "POST /api/bytes"}
"""What openapi-python-client cannot make: it knows no JSON lines, and no answer of any media type."""


def run(command: Sequence[str | Path], folder: Path) -> str:
    ended = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The documents of the examples, and of an app that has every kind of body and answer."""
    folder = tmp_path_factory.mktemp("documents")
    for file in EXAMPLES:
        (folder / f"{file.parent.name}.json").write_bytes(file.read_bytes())
    project = write_files(tmp_path_factory.mktemp("project"), PAGES)
    written = typed_api("openapi", "-o", folder / "every.json", folder=project)
    assert written.returncode == 0, written.stderr
    return sorted(folder.iterdir())


@pytest.mark.needs("openapi-typescript", "npm")
@pytest.mark.needs("tsc", "node-typescript")
def test_openapi_typescript_makes_types_that_compile(documents: list[Path], tmp_path: Path) -> None:
    for document in documents:
        run(["openapi-typescript", document, "-o", f"{document.stem}.d.ts"], tmp_path)
    made = sorted(tmp_path.glob("*.d.ts"))
    assert [file.name.partition(".")[0] for file in made] == [document.stem for document in documents]
    run(["tsc", "--strict", "--noEmit", *made], tmp_path)


def test_openapi_python_client_makes_a_client_of_all_that_it_knows(documents: list[Path], tmp_path: Path) -> None:
    warned: set[str] = set()
    for document in documents:
        output = tmp_path / document.stem
        said = run(
            [
                *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"),
                *("--path", document, "--output-path", output),
            ],
            tmp_path,
        )
        warned.update(re.findall(r"(?m)^WARNING parsing (\S+ \S+) within", said))
        assert compileall.compile_dir(output, quiet=2)
        # One module per operation.
        operations = [
            operation["operationId"]
            for path in json.loads(document.read_bytes())["paths"].values()
            for operation in path.values()
        ]
        modules = {file.stem for file in (output / "api").rglob("*.py") if file.stem != "__init__"}
        assert {re.sub(r"\W", "_", name) for name in operations} == modules
    assert warned == UNKNOWN
