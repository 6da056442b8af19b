"""The examples over HTTP, as their READMEs say: every route, every status, every command that is shown."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from tests.serving import serve

EXAMPLES = Path(__file__).parents[2] / "examples"
BASIC = EXAMPLES / "basic"
REST = EXAMPLES / "rest"

PEOPLE = [
    {"id": 1, "name": "Ada Lovelace", "known_for": "the first program"},
    {"id": 2, "name": "Grace Hopper", "known_for": "the first linker"},
    {"id": 3, "name": "Radia Perlman", "known_for": "the spanning tree protocol"},
]
ADA = {"name": "Ada", "email": "ada@example.com", "nickname": "Countess"}
GRACE = {"name": "Grace", "email": "grace@example.com", "nickname": None}
TAKING_BODIES = [("POST", "/api/users"), ("PUT", "/api/users/1"), ("PATCH", "/api/users/1")]
IMPOSSIBLE_IDS = ["0", "-1", str(2**63), "ada", "1.5"]


def problem(status: int, title: str, detail: str) -> dict[str, object]:
    return {"type": "about:blank", "title": title, "status": status, "detail": detail}


def is_problem(response: httpx2.Response) -> bool:
    return response.headers["content-type"] == "application/problem+json"


def locations(response: httpx2.Response) -> list[tuple[list[str | int], str]]:
    """Give the place and the kind of each validation error."""
    return [(error["loc"], error["type"]) for error in response.json()["errors"]]


def connect(port: int) -> httpx2.Client:
    # trust_env: a proxy of the machine must not get between.
    return httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False)


@pytest.fixture(scope="module")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    with serve(BASIC, tmp_path_factory.mktemp("basic") / "log") as served, connect(served.port) as client:
        yield client


@pytest.fixture(scope="module")
def users_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rest") / "users.sqlite3"


@pytest.fixture(scope="module")
def rest_server(users_file: Path) -> Iterator[httpx2.Client]:
    environ = {"USERS_FILE": str(users_file)}
    with serve(REST, users_file.with_name("log"), environ=environ) as served, connect(served.port) as client:
        yield client


@pytest.fixture
def rest(rest_server: httpx2.Client, users_file: Path) -> httpx2.Client:
    """A client of a server without users; the first that is created gets the id 1."""
    with closing(sqlite3.connect(users_file)) as connection, connection:
        connection.execute("DELETE FROM users")
        connection.execute("DELETE FROM sqlite_sequence")
    return rest_server


# --- basic ------------------------------------------------------------------------------------------------------------


def test_hello_answers_the_message(basic: httpx2.Client) -> None:
    response = basic.get("/api/hello")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json() == {"message": "Hello from Typed API!"}


def test_people_are_listed_by_the_index_of_their_folder(basic: httpx2.Client) -> None:
    response = basic.get("/api/people")
    assert (response.status_code, response.json()) == (200, PEOPLE)


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: str(person["name"]))
def test_person_is_shown(basic: httpx2.Client, person: Mapping[str, object]) -> None:
    response = basic.get(f"/api/people/{person['id']}")
    assert (response.status_code, response.json()) == (200, person)


def test_unknown_person_is_404(basic: httpx2.Client) -> None:
    response = basic.get("/api/people/4")
    assert (response.status_code, is_problem(response)) == (404, True)
    assert response.json() == problem(404, "Not Found", "There is no person 4.")


def test_person_id_that_is_no_number_is_422(basic: httpx2.Client) -> None:
    response = basic.get("/api/people/ada")
    assert (response.status_code, is_problem(response)) == (422, True)
    assert locations(response) == [(["query", "id"], "int_parsing")]


def test_query_string_does_not_replace_the_id_of_the_path(basic: httpx2.Client) -> None:
    assert basic.get("/api/people/2?id=1").json() == PEOPLE[1]


@pytest.mark.parametrize("path", ["/api/hello", "/api/people", "/api/people/1"])
def test_basic_route_refuses_post(basic: httpx2.Client, path: str) -> None:
    response = basic.post(path)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert response.json() == problem(405, "Method Not Allowed", "This route answers GET, HEAD, OPTIONS.")


@pytest.mark.parametrize("path", ["/api/hello", "/api/people", "/api/people/1"])
def test_basic_route_tells_its_methods(basic: httpx2.Client, path: str) -> None:
    response = basic.options(path)
    assert (response.status_code, response.headers["allow"], response.content) == (204, "GET, HEAD, OPTIONS", b"")


@pytest.mark.parametrize("path", ["/api/hello", "/api/people", "/api/people/1"])
def test_head_of_a_basic_route_is_get_without_the_body(basic: httpx2.Client, path: str) -> None:
    def fields(response: httpx2.Response) -> dict[str, str]:
        return {name: value for name, value in response.headers.items() if name != "date"}

    head, get = basic.head(path), basic.get(path)
    assert (head.status_code, fields(head), head.content) == (200, fields(get), b"")


def test_module_beside_the_routes_is_no_route(basic: httpx2.Client) -> None:
    response = basic.get("/people")
    assert response.status_code == 404
    assert response.json() == problem(404, "Not Found", "No route matches this path.")


# --- rest -------------------------------------------------------------------------------------------------------------


def test_created_user_is_201_with_its_location(rest: httpx2.Client) -> None:
    response = rest.post("/api/users", json=ADA)
    assert (response.status_code, response.headers["location"]) == (201, "/api/users/1")
    assert response.json() == {"id": 1, **ADA}


def test_location_of_a_created_user_shows_it(rest: httpx2.Client) -> None:
    location = rest.post("/api/users", json=ADA).headers["location"]
    response = rest.get(location)
    assert (response.status_code, response.json()) == (200, {"id": 1, **ADA})


def test_no_users_are_an_empty_page(rest: httpx2.Client) -> None:
    response = rest.get("/api/users")
    assert (response.status_code, response.json()) == (200, {"users": [], "next": None})


def test_pages_of_users_follow_each_other_to_the_end(rest: httpx2.Client) -> None:
    users = [rest.post("/api/users", json={**GRACE, "email": f"{n}@example.com"}).json() for n in range(5)]
    pages: list[dict[str, object]] = []
    after: object = 0
    while after is not None:
        page = rest.get("/api/users", params={"limit": "2", "after": str(after)}).json()
        pages.append(page)
        after = page["next"]
    assert pages == [
        {"users": users[:2], "next": 2},
        {"users": users[2:4], "next": 4},
        {"users": users[4:], "next": None},
    ]


def test_page_that_is_exactly_full_has_no_next(rest: httpx2.Client) -> None:
    users = [rest.post("/api/users", json=user).json() for user in (ADA, GRACE)]
    assert rest.get("/api/users?limit=2").json() == {"users": users, "next": None}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("limit=0", (["query", "limit"], "greater_than_equal")),
        ("limit=101", (["query", "limit"], "less_than_equal")),
        ("limit=many", (["query", "limit"], "int_parsing")),
        ("after=-1", (["query", "after"], "greater_than_equal")),
        (f"after={2**63}", (["query", "after"], "less_than")),
    ],
)
def test_page_out_of_bounds_is_422(rest: httpx2.Client, query: str, error: tuple[list[str], str]) -> None:
    response = rest.get(f"/api/users?{query}")
    assert (response.status_code, is_problem(response)) == (422, True)
    assert locations(response) == [error]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [(["body", "name"], "missing"), (["body", "email"], "missing")]),
        ({**ADA, "name": " "}, [(["body", "name"], "string_too_short")]),
        ({**ADA, "email": "ada"}, [(["body", "email"], "string_pattern_mismatch")]),
        ({**ADA, "name": 1}, [(["body", "name"], "string_type")]),
        ({**ADA, "mail": "ada@example.com"}, [(["body", "mail"], "extra_forbidden")]),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/api/users"), ("PUT", "/api/users/1")])
def test_user_that_does_not_fit_is_422(
    rest: httpx2.Client, method: str, path: str, body: object, errors: list[tuple[list[str], str]]
) -> None:
    response = rest.request(method, path, json=body)
    assert (response.status_code, is_problem(response)) == (422, True)
    assert locations(response) == errors


@pytest.mark.parametrize(("method", "path"), TAKING_BODIES)
def test_body_that_is_no_json_is_400(rest: httpx2.Client, method: str, path: str) -> None:
    response = rest.request(method, path, content=b'{"name": ', headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert response.json() == problem(400, "Bad Request", "Invalid JSON")


@pytest.mark.parametrize(("method", "path"), TAKING_BODIES)
def test_body_of_another_media_type_is_415(rest: httpx2.Client, method: str, path: str) -> None:
    response = rest.request(method, path, content=b"{}", headers={"content-type": "text/plain"})
    assert (response.status_code, is_problem(response)) == (415, True)


def test_body_over_one_megabyte_is_413(rest: httpx2.Client) -> None:
    response = rest.post("/api/users", json={**ADA, "name": "a" * 2**20})
    assert response.status_code == 413
    assert response.json() == problem(413, "Content Too Large", "Body exceeded 1mb limit")


def test_refused_user_is_not_stored(rest: httpx2.Client) -> None:
    rest.post("/api/users", json={**ADA, "email": "ada"})
    assert rest.get("/api/users").json() == {"users": [], "next": None}


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.Com"])
def test_email_of_another_user_is_409(rest: httpx2.Client, email: str) -> None:
    rest.post("/api/users", json=ADA)
    rest.post("/api/users", json=GRACE)
    expected = problem(409, "Conflict", f"Another user has the email {email!r}.")
    taken = {**GRACE, "email": email}
    for response in (
        rest.post("/api/users", json=taken),
        rest.put("/api/users/2", json=taken),
        rest.patch("/api/users/2", json={"email": email}),
    ):
        assert (response.status_code, response.json()) == (409, expected)
    assert rest.get("/api/users/2").json() == {"id": 2, **GRACE}


def test_put_replaces_every_field(rest: httpx2.Client) -> None:
    rest.post("/api/users", json=ADA)
    response = rest.put("/api/users/1", json={"name": "Ada King", "email": "ada@example.org"})
    expected = {"id": 1, "name": "Ada King", "email": "ada@example.org", "nickname": None}
    assert (response.status_code, response.json()) == (200, expected)
    assert rest.get("/api/users/1").json() == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Augusta Ada"},
        {"email": "ada@example.org"},
        {"nickname": "Lady"},
        {"nickname": None},
        {"email": "Ada@example.com"},
        {"name": "Augusta Ada", "nickname": None},
        {},
    ],
    ids=str,
)
def test_patch_changes_what_it_names_and_nothing_else(rest: httpx2.Client, changes: Mapping[str, object]) -> None:
    rest.post("/api/users", json=ADA)
    response = rest.patch("/api/users/1", json=changes)
    expected = {"id": 1, **ADA, **changes}
    assert (response.status_code, response.json()) == (200, expected)
    assert rest.get("/api/users/1").json() == expected


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": None}, (["body", "name"], "string_type")),
        ({"email": None}, (["body", "email"], "string_type")),
        ({"name": ""}, (["body", "name"], "string_too_short")),
        ({"id": 2}, (["body", "id"], "extra_forbidden")),
    ],
)
def test_patch_that_does_not_fit_is_422_and_changes_nothing(
    rest: httpx2.Client, changes: object, error: tuple[list[str], str]
) -> None:
    rest.post("/api/users", json=ADA)
    response = rest.patch("/api/users/1", json=changes)
    assert (response.status_code, locations(response)) == (422, [error])
    assert rest.get("/api/users/1").json() == {"id": 1, **ADA}


def test_deleted_user_is_gone(rest: httpx2.Client) -> None:
    rest.post("/api/users", json=ADA)
    response = rest.delete("/api/users/1")
    assert (response.status_code, response.content) == (204, b"")
    assert rest.get("/api/users/1").status_code == 404


def test_id_of_a_deleted_user_is_not_given_again(rest: httpx2.Client) -> None:
    rest.post("/api/users", json=ADA)
    rest.delete("/api/users/1")
    assert rest.post("/api/users", json=ADA).json() == {"id": 2, **ADA}


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PUT", ADA), ("PATCH", {}), ("DELETE", None)])
def test_unknown_user_is_404(rest: httpx2.Client, method: str, body: object) -> None:
    response = rest.request(method, "/api/users/7", json=body)
    assert (response.status_code, is_problem(response)) == (404, True)
    assert response.json() == problem(404, "Not Found", "There is no user 7.")


@pytest.mark.parametrize("user_id", IMPOSSIBLE_IDS)
@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PUT", ADA), ("PATCH", {}), ("DELETE", None)])
def test_impossible_id_is_422(rest: httpx2.Client, method: str, body: object, user_id: str) -> None:
    response = rest.request(method, f"/api/users/{user_id}", json=body)
    assert (response.status_code, [loc for loc, _ in locations(response)]) == (422, [["query", "id"]])


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/api/users", "GET, HEAD, OPTIONS, POST"),
        ("PATCH", "/api/users", "GET, HEAD, OPTIONS, POST"),
        ("DELETE", "/api/users", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/api/users/1", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
    ],
)
def test_method_that_a_user_route_lacks_is_405(rest: httpx2.Client, method: str, path: str, allow: str) -> None:
    response = rest.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allow)
    assert response.json() == problem(405, "Method Not Allowed", f"This route answers {allow}.")


def test_users_created_at_the_same_time_are_all_kept(rest: httpx2.Client) -> None:
    def create(number: int) -> int:
        return rest.post("/api/users", json={**GRACE, "email": f"{number}@example.com"}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(create, range(24))) == [201] * 24
    assert [user["id"] for user in rest.get("/api/users?limit=100").json()["users"]] == list(range(1, 25))


def test_one_of_several_that_want_an_email_at_the_same_time_gets_it(rest: httpx2.Client) -> None:
    def create(_: int) -> int:
        return rest.post("/api/users", json=ADA).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create, range(8))) == [201, *[409] * 7]


def test_users_survive_a_restart(tmp_path: Path) -> None:
    environ = {"USERS_FILE": str(tmp_path / "users.sqlite3")}
    with serve(REST, tmp_path / "first.log", environ=environ) as served, connect(served.port) as client:
        created = client.post("/api/users", json=ADA)
    assert (created.status_code, served.process.returncode) == (201, 0)
    with serve(REST, tmp_path / "second.log", environ=environ) as served, connect(served.port) as client:
        response = client.get("/api/users")
    assert (response.status_code, response.json()) == (200, {"users": [{"id": 1, **ADA}], "next": None})


def test_workers_share_the_users(tmp_path: Path) -> None:
    environ = {"USERS_FILE": str(tmp_path / "users.sqlite3")}
    with serve(REST, tmp_path / "log", "--workers", "2", environ=environ) as served:
        with connect(served.port) as client:
            created = client.post("/api/users", json=ADA).json()
        answers: list[object] = []
        for _ in range(8):
            # A connection of its own, so that either worker may take it.
            with connect(served.port) as client:
                answers.append(client.get("/api/users/1").json())
    assert answers == [created] * 8


def test_tests_of_rest_pass() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=REST,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


# --- both -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("example", "routes"),
    [
        (
            BASIC,
            [
                "/api/hello        GET, HEAD, OPTIONS  pages/api/hello.py",
                "/api/people       GET, HEAD, OPTIONS  pages/api/people/index.py",
                "/api/people/{id}  GET, HEAD, OPTIONS  pages/api/people/_id_.py",
            ],
        ),
        (
            REST,
            [
                "/api/users       GET, HEAD, OPTIONS, POST                pages/api/users/index.py",
                "/api/users/{id}  DELETE, GET, HEAD, OPTIONS, PATCH, PUT  pages/api/users/_id_.py",
            ],
        ),
    ],
    ids=["basic", "rest"],
)
def test_example_has_the_routes_that_are_tested_here(example: Path, routes: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "typed_api", "routes", str(example)], capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == routes


def read_console(file: Path) -> list[tuple[str, str]]:
    """Take the commands of a README, each with the output that is shown below it."""
    text = file.read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    steps = [step for block in blocks for step in re.split(r"^\$ ", block, flags=re.MULTILINE) if step]
    # A command outside of a block, or a page without any, would be a command that is not run.
    assert len(steps) == text.count("curl ") > 0
    return [(command, output.strip()) for command, _, output in (step.partition("\n") for step in steps)]


@pytest.mark.needs("curl", "curl")
@pytest.mark.parametrize("example", [BASIC, REST], ids=["basic", "rest"])
def test_commands_of_the_readme_print_what_it_shows(example: Path, tmp_path: Path) -> None:
    shown = read_console(example / "README.md")
    # HOME: somebody's .curlrc must not change what is printed.
    environ = {**os.environ, "HOME": str(tmp_path), "CURL_HOME": str(tmp_path), "NO_PROXY": "*", "no_proxy": "*"}
    printed: list[tuple[str, str]] = []
    users_file = {"USERS_FILE": str(tmp_path / "users.sqlite3")}
    with serve(example, tmp_path / "log", command="dev", environ=users_file) as served:
        for command, _ in shown:
            run = subprocess.run(
                ["sh", "-c", command.replace("127.0.0.1:8000", f"127.0.0.1:{served.port}")],
                capture_output=True,
                text=True,
                check=True,
                env=environ,
            )
            printed.append((command, run.stdout.strip()))

    def without_dates(steps: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(command, re.sub(r"(?m)^date: .*$", "date: (now)", output)) for command, output in steps]

    assert without_dates(printed) == without_dates(shown)


MISTAKES = {
    "wrong_body.py": ("json(person)", 'json("a person")'),
    "wrong_status.py": ("res.status(404)", "res.status(410)"),
    "forgotten_return.py": ("return res.status(200)", "res.status(200)"),
}


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_type_checker_finds_the_mistakes_that_the_readme_invites_to(checker: str, tmp_path: Path) -> None:
    project = tmp_path / "basic"
    shutil.copytree(BASIC, project, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    right = (project / "pages/api/people/_id_.py").read_text(encoding="utf-8")
    for name, (old, new) in MISTAKES.items():
        assert right.count(old) == 1
        (project / "pages/api/people" / name).write_text(right.replace(old, new), encoding="utf-8")
    command = {"mypy": ["mypy", "."], "pyright": ["pyright", "--pythonpath", sys.executable]}[checker]
    run = subprocess.run([sys.executable, "-m", *command], cwd=project, capture_output=True, text=True, check=False)
    assert set(re.findall(r"(\w+\.py):\d+(?::\d+ -)? ?:? error", run.stdout)) == set(MISTAKES), run.stdout + run.stderr


@pytest.mark.parametrize("example", [BASIC, REST], ids=["basic", "rest"])
def test_mypy_says_of_the_wrong_line_what_the_readme_tells(example: Path, tmp_path: Path) -> None:
    told = re.search(
        r"A wrong line: `(.+?)` in\s+`(.+?)`\s+made\s+`(.+?)`, and mypy says\n\n```text\n(.+?)\n```",
        (example / "README.md").read_text(encoding="utf-8"),
    )
    assert told is not None
    old, name, new, sentence = told.groups()
    project = tmp_path / example.name
    shutil.copytree(example, project, ignore=shutil.ignore_patterns("__pycache__", ".*", "*.sqlite3"))
    source = (project / name).read_text(encoding="utf-8")
    assert source.count(old) == 1
    (project / name).write_text(source.replace(old, new), encoding="utf-8")
    run = subprocess.run([sys.executable, "-m", "mypy", "."], cwd=project, capture_output=True, text=True, check=False)
    assert re.findall(r"error: (.+)", run.stdout) == [sentence], run.stdout + run.stderr


@pytest.mark.parametrize(
    "example", sorted(path for path in EXAMPLES.iterdir() if path.is_dir()), ids=lambda path: path.name
)
def test_committed_document_of_an_example_is_current(example: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "typed_api", "openapi", "--check", "openapi.json"],
        cwd=example,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "openapi.json is current.\n")
