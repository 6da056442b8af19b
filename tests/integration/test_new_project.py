"""A new project does what its README, its CI file and its Dockerfile say, with nothing installed for it.

The programs are those beside the interpreter that runs the tests.
"""

import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.projects import clean_environ, running
from tests.serving import free_port, serve
from typed_api.scaffold import create_project

# What a service does not have when it runs: tools, and extras that it does not ask for.
DEVELOPMENT = [
    "dotenv",
    "httpx2",
    "jsonschema_rs",
    "mypy",
    "pytest",
    "python_multipart",
    "ruff",
    "schemathesis",
    "watchfiles",
]


def environ(home: Path) -> dict[str, str]:
    """Give the environment of a terminal with the project's environment activated, and of nobody in particular."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    # HOME: somebody's .curlrc must not change what is printed; a proxy must not get between.
    return clean_environ(
        {"PATH": programs, "HOME": str(home), "CURL_HOME": str(home), "NO_PROXY": "*", "no_proxy": "*"}
    )


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in a project."""
    return subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environ(folder.parent),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def make_project(parent: Path) -> Path:
    create_project("shop", parent)
    # Found from the project's folder upwards. The seed makes two runs of these tests alike.
    (parent / "schemathesis.toml").write_text("seed = 1\n", encoding="utf-8")
    return parent / "shop"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new project, which nothing changes but the caches of tools."""
    return make_project(tmp_path_factory.mktemp("new"))


def text_of(project: Path, name: str) -> str:
    return (project / name).read_text(encoding="utf-8")


# --- checked as its CI file says --------------------------------------------------------------------------------------

CHECKS = {
    "ruff format --check": "12 files already formatted",
    "ruff check": "All checks passed!",
    "mypy .": "Success: no issues found in 11 source files",
    "typed-api check": "4 routes, 4 checked",
    "typed-api openapi --check openapi.json": "openapi.json is current.",
    "pytest": "9 passed",
}


def test_ci_file_runs_the_commands_that_are_run_here(project: Path) -> None:
    commands = re.findall(r"^ +- run: (.+)$", text_of(project, ".github/workflows/ci.yml"), re.MULTILINE)
    assert commands == ["python -m pip install --upgrade pip", "pip install . --group dev", *CHECKS]


@pytest.mark.parametrize("command", CHECKS)
def test_new_project_passes(command: str, project: Path) -> None:
    done = run(command, project)
    said = done.stdout + done.stderr
    assert (done.returncode, CHECKS[command] in said) == (0, True), said


@pytest.mark.parametrize("command", ["ruff format --isolated --check", "ruff check --isolated"])
def test_new_project_passes_with_the_settings_that_ruff_has_of_itself(command: str, project: Path) -> None:
    done = run(command, project)
    assert done.returncode == 0, done.stdout + done.stderr


def test_new_project_is_right_to_pyright_at_its_strictest(project: Path) -> None:
    done = run(f"pyright --warnings --pythonpath '{sys.executable}'", project)
    assert tomllib.loads(text_of(project, "pyproject.toml"))["tool"]["pyright"] == {"typeCheckingMode": "strict"}
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "0 errors, 0 warnings, 0 informations"), done.stdout


def test_contract_test_finds_an_input_that_a_handler_fails_at(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    route = project / "pages/api/notes/_id_.py"
    text = route.read_text(encoding="utf-8")
    assert text.count("if note is None:") == 1
    route.write_text(text.replace("if note is None:", "if note is None and req.query.id:"), encoding="utf-8")

    done = run("pytest -q tests/test_contract.py", project)

    assert (done.returncode, done.stdout.splitlines()[-1].partition(" in ")[0]) == (1, "1 failed, 4 passed"), (
        done.stdout
    )
    assert "curl -X GET http://testserver/api/notes/0\n" in done.stdout


def test_type_checker_finds_a_status_that_is_not_declared(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    route = project / "pages/api/notes/_id_.py"
    text = route.read_text(encoding="utf-8")
    assert text.count("res.status(404)") == 1
    route.write_text(text.replace("res.status(404)", "res.status(410)"), encoding="utf-8")

    # By the settings of the project, from which the plugin comes.
    done = run("mypy .", project)

    assert re.findall(r"error: (.+)", done.stdout) == [
        'Status 410 is not declared by "ApiResponse[Ok[Note] | NotFound[Problem]]" (declared: 200, 404); add '
        "Gone[...] to it  [typed-api-status]"
    ], done.stdout


def test_routes_of_a_new_project_are_listed(project: Path) -> None:
    assert run("typed-api routes", project).stdout.splitlines() == [
        "/api/health      GET, HEAD, OPTIONS        pages/api/health.py",
        "/api/hello       GET, HEAD, OPTIONS        pages/api/hello.py",
        "/api/notes       GET, HEAD, OPTIONS, POST  pages/api/notes/index.py",
        "/api/notes/{id}  GET, HEAD, OPTIONS        pages/api/notes/_id_.py",
    ]


# --- as its README says -----------------------------------------------------------------------------------------------


def commands_of_the_readme(project: Path) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", text_of(project, "README.md"), re.DOTALL | re.MULTILINE)
    return [line.partition("    #")[0].strip() for block in blocks for line in block.splitlines()]


def test_readme_gives_the_commands_that_are_tested_here(project: Path) -> None:
    assert commands_of_the_readme(project) == [
        "python -m venv .venv && . .venv/bin/activate",
        "python -m pip install --upgrade pip",
        "pip install . --group dev",
        "typed-api dev",
        "mypy .",
        "typed-api check",
        "pytest",
        "typed-api openapi -o openapi.json",
        'docker run --rm --publish 8000:8000 "$(docker build --quiet .)"',
    ]


def test_readme_names_the_files_that_there_are(project: Path) -> None:
    named = re.findall(r"^\| `(.+?)` \|", text_of(project, "README.md"), re.MULTILINE)
    written = {path.relative_to(project).as_posix() for path in project.rglob("*.py") if path.name != "__init__.py"}
    assert sorted(named) == sorted(written | {"openapi.json"})


def test_document_that_is_written_is_the_one_that_is_there(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    before = (project / "openapi.json").read_bytes()

    done = run("typed-api openapi -o openapi.json", project)

    assert (done.returncode, (project / "openapi.json").read_bytes()) == (0, before), done.stderr


@pytest.mark.needs("curl", "curl")
def test_commands_of_the_readme_print_what_it_shows(project: Path, tmp_path: Path) -> None:
    text = text_of(project, "README.md")
    (block,) = re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    steps = [step.partition("\n") for step in re.split(r"^\$ ", block, flags=re.MULTILINE) if step]
    shown = [(command, output.strip()) for command, _, output in steps]
    assert len(shown) == text.count("curl ") > 0

    with serve(project, tmp_path / "log", command="dev") as served:
        address = f"127.0.0.1:{served.port}"
        printed = [
            (command, run(command.replace("127.0.0.1:8000", address), project).stdout.strip()) for command, _ in shown
        ]
        (docs,) = re.findall(r"<http://127\.0\.0\.1:8000(/.+?)>", text)
        kind = run(f"curl -s -o page -w '%{{http_code}} %{{content_type}}' http://{address}{docs}", tmp_path).stdout

    assert printed == shown
    assert kind == "200 text/html; charset=utf-8"


# --- as its Dockerfile says -------------------------------------------------------------------------------------------


def instructions(project: Path) -> list[tuple[str, str]]:
    """Read a Dockerfile: its instructions, each with what follows it."""
    lines = [line for line in text_of(project, "Dockerfile").splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def program(project: Path, instruction: str) -> list[str]:
    """Give the command of a `CMD` or a `HEALTHCHECK`, which no shell reads."""
    (found,) = [rest for word, rest in instructions(project) if word == instruction]
    words: list[str] = json.loads(found[found.index("[") :])
    return words


def copy_what_goes_into_the_image(project: Path, image: Path) -> None:
    """Copy the files of `COPY . .`, by the patterns of `.dockerignore` that are used."""
    patterns = [line for line in text_of(project, ".dockerignore").splitlines() if not line.startswith("#")]
    for path in project.rglob("*"):
        inside = path.relative_to(project)
        left_out = any(
            fnmatch.fnmatchcase(part, pattern.removeprefix("**/"))
            for pattern in patterns
            for part in (inside.parts if pattern.startswith("**/") else inside.parts[:1])
        )
        if path.is_file() and not left_out:
            (image / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, image / inside)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory of the image, made from a project that somebody has worked in."""
    folder = tmp_path_factory.mktemp("image")
    project = make_project(folder)
    leavings = [
        ".env",
        ".git/HEAD",
        ".venv/bin/python",
        ".mypy_cache/x",
        "__pycache__/x.pyc",
        "pages/__pycache__/x.pyc",
    ]
    for name in leavings:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("SECRET=1\n", encoding="utf-8")
    copy_what_goes_into_the_image(project, folder / "app")
    # Imported by Python at its start: what was not installed into the image is missing.
    (folder / "site").mkdir()
    hide = f"import sys\nsys.modules.update(dict.fromkeys({DEVELOPMENT}))\n"
    (folder / "site/sitecustomize.py").write_text(hide, encoding="utf-8")
    return folder / "app"


def test_image_has_the_service_and_nothing_else(image: Path) -> None:
    assert sorted(path.relative_to(image).as_posix() for path in image.rglob("*") if path.is_file()) == [
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
    ]


def test_image_installs_what_the_service_needs_before_the_code_is_there(project: Path) -> None:
    steps = [(word, rest) for word, rest in instructions(project) if word in {"COPY", "RUN", "USER"}]
    assert steps == [
        ("COPY", "pyproject.toml ."),
        ("RUN", "pip install --no-cache-dir ."),
        ("COPY", ". ."),
        ("USER", "10001"),
    ]
    settings = tomllib.loads(text_of(project, "pyproject.toml"))
    # Without a group and without code: the dependencies alone.
    assert [re.split("[<>=]", needed)[0] for needed in settings["project"]["dependencies"]] == [
        "typed-api-toolkit[fast]"
    ]
    assert settings["tool"]["hatch"]["build"]["targets"]["wheel"] == {"bypass-selection": True}


def test_image_has_a_python_that_the_project_allows(project: Path) -> None:
    (base,) = [rest for word, rest in instructions(project) if word == "FROM"]
    version = re.fullmatch(r"python:3\.(\d+)-slim", base)
    in_ci = re.search(r'python-version: "3\.(\d+)"', text_of(project, ".github/workflows/ci.yml"))
    lowest = re.fullmatch(
        r">=3\.(\d+)", tomllib.loads(text_of(project, "pyproject.toml"))["project"]["requires-python"]
    )
    assert version is not None
    assert in_ci is not None
    assert lowest is not None
    assert int(lowest[1]) <= int(version[1]) == int(in_ci[1])


def is_well(image: Path, port: int) -> bool:
    """Run the `HEALTHCHECK` of the image, as Docker does: inside it, with its variables."""
    python, *arguments = program(image.parent / "shop", "HEALTHCHECK")
    assert python == "python"
    done = subprocess.run(
        [sys.executable, *arguments],
        env=clean_environ({"PORT": str(port), "NO_PROXY": "*", "no_proxy": "*"}),
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.returncode == 0


def test_container_serves_is_well_and_ends_when_it_is_told_to(image: Path, tmp_path: Path) -> None:
    command, *arguments = program(image.parent / "shop", "CMD")
    (variables,) = [rest for word, rest in instructions(image.parent / "shop") if word == "ENV" and "PORT" in rest]
    assert (command, arguments, variables) == ("typed-api", ["start", "--host", "0.0.0.0"], "PORT=8000")

    port = free_port()
    variables_here = {"PORT": str(port), "PYTHONPATH": str(image.parent / "site")}
    with running(tmp_path / "log", *arguments, port=port, folder=image, environ=variables_here) as container:
        answer = container.get("/api/hello")
        well = is_well(image, port)
        container.process.send_signal(signal.SIGTERM)
        ended_with = container.wait_for_exit()

    assert (answer.status, answer.body) == (200, b'{"message":"Hello from Typed API!"}')
    assert (well, ended_with, is_well(image, port)) == (True, 0, False)
