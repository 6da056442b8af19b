"""The README is true: its programs run and type-check, and answer what it says they answer."""

import dataclasses
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from typed_api.config import Settings
from typed_api.status import MARKERS
from typed_api.testing import TestClient, create_app

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8") if README.exists() else ""
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def program_with(words: str) -> str:
    found = [program for program in PROGRAMS if words in program]
    assert len(found) == 1, f"{len(found)} programs of the README have {words!r}"
    return str(found[0])


def test_smallest_program_answers_what_stands_beside_it() -> None:
    client = TestClient(create_app({"api/hello.py": program_with("class Hello(BaseModel)")}))

    shown = re.search(r"\$ curl http://127\.0\.0\.1:8000(\S+)\n(.+)\n", TEXT)

    assert shown is not None
    answer = client.get(shown[1])
    assert (answer.status_code, answer.text) == (200, shown[2])


def test_user_route_answers_200_404_and_422_as_told() -> None:
    client = TestClient(create_app({"api/users/_id_.py": program_with("class Params(BaseModel)")}))

    assert '`{"id":1,"name":"Ada"}`' in TEXT
    assert client.get("/api/users/1").text == '{"id":1,"name":"Ada"}'
    assert client.get("/api/users/2").status_code == 404
    assert client.get("/api/users/2").json() == {"type": "about:blank", "detail": "There is no user 2."}
    assert [error["loc"] for error in client.get("/api/users/x").json()["errors"]] == [["query", "id"]]


def test_guard_of_a_folder_refuses_and_hands_the_caller_on() -> None:
    guard = program_with("def signed_in")
    route = """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent
        from . import Caller

        def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
            return res.send(req.state[Caller].name)
    """
    client = TestClient(create_app({"api/secret/__init__.py": guard, "api/secret/name.py": route}))

    assert client.get("/api/secret/name").status_code == 401
    assert client.get("/api/secret/name").headers["www-authenticate"] == "Bearer"
    assert client.get("/api/secret/name", headers={"Authorization": "Bearer secret"}).text == "ada"


def test_form_takes_an_upload() -> None:
    client = TestClient(create_app({"api/signup.py": program_with("class Signup(BaseModel)")}))

    answer = client.post("/api/signup", data={"name": "Ada"}, files={"photo": ("a.png", b"x" * 2_000_000)})

    assert (answer.status_code, answer.text) == (201, "Ada sent 2000000 bytes")


def test_stream_sends_its_events() -> None:
    client = TestClient(create_app({"api/count.py": program_with("async def count()")}))

    assert client.get("/api/count").text == "id: 0\ndata: 0\n\nid: 1\ndata: 1\n\nid: 2\ndata: 2\n\n"


def test_test_program_runs() -> None:
    exec(compile(program_with("create_app("), "README.md", "exec"), {})


def test_composed_app_serves_its_routes_its_mount_and_its_state_below_a_prefix(tmp_path: Path) -> None:
    route = """
from main import Mailer
from typed_api import ApiRequest, ApiResponse, Ok, Sent

def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.send(req.state[Mailer].sender)
"""
    visit = """
from main import site
from typed_api.testing import TestClient

with TestClient(site, headers={"Origin": "https://example.com"}) as client:
    sender, style = client.get("/v1/api/sender"), client.get("/v1/static/style.css")
print([sender.text, sender.headers["access-control-allow-origin"], style.text])
"""
    files = {
        "main.py": program_with("lifespan_context()"),
        "pages/__init__.py": "",
        "pages/api/__init__.py": "",
        "pages/api/sender.py": route,
        "static/style.css": "body{}",
    }
    for name, source in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source, encoding="utf-8")

    command = [sys.executable, "-c", visit]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)

    assert (done.stdout, done.stderr) == ("['ada@example.com', 'https://example.com', 'body{}']\n", "")


def test_keys_that_the_readme_names_are_those_of_the_project_file() -> None:
    told = re.search(r"^`\[tool\.typed_api\]` in .*?has the keys (.*?)\. ", TEXT, re.MULTILINE | re.DOTALL)

    assert told is not None
    # How many processes there are is told by the environment alone, and warnings are what a reading comes to.
    known = {field.name for field in dataclasses.fields(Settings)} - {"workers", "warnings"}
    assert set(re.findall(r"`([a-z_]+)`", told[1])) == known


def test_mypy_says_of_the_wrong_handler_what_stands_beside_it(tmp_path: Path) -> None:
    found = re.search(r"```ini\n(.*?)```.*?```py\n(.*?)```\n\n```text\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    config, source, told = found.groups()
    folder = tmp_path / "pages" / "api" / "users"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent, folder.parent.parent):
        (package / "__init__.py").touch()
    (folder / "_id_.py").write_text(source, encoding="utf-8")
    (tmp_path / "mypy.ini").write_text(config, encoding="utf-8")

    command = [sys.executable, "-m", "mypy", "--strict", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)

    assert done.stdout == told


@pytest.mark.parametrize("status_code", [409, 500])
def test_undeclared_status_is_refused_by_mypy_as_told(status_code: int, tmp_path: Path) -> None:
    assert "`res.status(409)`" in TEXT
    source = program_with("class Params(BaseModel)").replace("res.status(404)", f"res.status({status_code})")

    report = _mypy(tmp_path, {"users.py": source})

    assert 'No overload variant of "status" of "ApiResponse" matches argument type "int"  [call-overload]' in report


def test_wrong_body_for_a_status_is_refused_by_mypy_as_told(tmp_path: Path) -> None:
    assert "`res.status(404).json(user)`" in TEXT
    source = program_with("class Params(BaseModel)")
    source = source.replace("res.status(200).json(user)", "res.status(404).json(user)")

    report = _mypy(tmp_path, {"users.py": source})

    assert 'Argument 1 to "json" of "Reply" has incompatible type "User"; expected "Problem"  [arg-type]' in report


def test_every_program_is_clean_under_strict_mypy(tmp_path: Path) -> None:
    report = _mypy(tmp_path, {f"program_{number}.py": program for number, program in enumerate(PROGRAMS)})

    assert report == f"Success: no issues found in {len(PROGRAMS)} source files\n"


def test_every_file_of_the_route_table_is_served_where_it_says() -> None:
    rows = re.findall(r"^\| `pages/(api/\S+\.py)` \| (.+?) \|", TEXT, re.MULTILINE)
    source = """
        from typed_api import ApiRequest, ApiResponse, Ok, Sent

        def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
            return res.send(__name__)
    """
    helper = "VALUE = 1"
    tree = {file: helper if "_helpers" in file else source for file, _ in rows}
    app = create_app(tree)
    served = {endpoint.file.removeprefix("pages/"): endpoint.pattern.template for endpoint in app.endpoints}

    told = {file: route.strip("`") for file, route in rows if route.startswith("`/")}

    assert len(told) == 5
    assert {file: served[file] for file in told} == told
    assert "api/_helpers.py" not in served
    client = TestClient(app)
    assert client.get("/api/files/a/b").status_code == 200
    assert client.get("/api/files").status_code == 404
    assert client.get("/api/docs").status_code == 200


def test_readme_names_no_extra_that_does_not_exist() -> None:
    project = tomllib.loads((README.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    extras = re.findall(r"^\| `([a-z]+)` \| ", TEXT, re.MULTILINE)

    assert extras == sorted(project["optional-dependencies"])


def test_markers_that_the_readme_names_exist() -> None:
    names = {marker.__name__ for marker in MARKERS.values()}

    assert {"Ok", "Created", "NoContent", "NotFound"} <= names


def test_json_shown_in_the_readme_is_json() -> None:
    shown = re.findall(r"^(\{.*\})$", TEXT, re.MULTILINE)

    assert [json.loads(text) for text in shown] == [{"message": "Hello from Typed API!"}]


def _mypy(folder: Path, files: dict[str, str]) -> str:
    for name, source in files.items():
        (folder / name).write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(folder / "cache"), *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout + done.stderr
