"""The typed client for tests: what it does while running, and what its stubs tell mypy and pyright."""

import sys
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.clients.python_checkers import Findings, read_marks, run, run_both
from tests.clients.python_documents import hostile
from tests.clients.python_service import ROUTES, document_of, load_module
from typed_api.app import TypedAPI
from typed_api.clients._python_types import status_name
from typed_api.clients.stubs import generate
from typed_api.status import MARKERS
from typed_api.testing import create_app
from typed_api.typed_client import (
    ApiRequestError,
    ClientError,
    Event,
    File,
    Redirection,
    Success,
    TypedClient,
    answer_class,
)

HERE = Path(__file__).parent / "clients"
PACKAGE = Path(__file__).parent.parent
"""The folder that has the module which the stubs stand for."""


@pytest.fixture(scope="module")
def app() -> TypedAPI:
    return create_app(ROUTES, title="Everything")


@pytest.fixture
def client(app: TypedAPI) -> Iterator[TypedClient]:
    with TypedClient(app) as client:
        yield client


# While running


def test_path_and_query_and_header_fields_are_given_by_name(client: TypedClient) -> None:
    answer = client.get("/api/users/{id}", id=7, tags=["a", "b"], flag=False, x_trace="t")
    assert (answer.status, answer.body) == (
        200,
        {"id": 7, "name": "Ada", "tags": ["a", "b"], "flag": False, "since": None, "trace": "t"},
    )


def test_class_of_an_answer_says_its_status(client: TypedClient) -> None:
    answer = client.get("/api/users/{id}", id=0)
    assert isinstance(answer, answer_class("NotFound"))
    assert isinstance(answer, ClientError)
    assert repr(answer).startswith("NotFound(status=404, body={")


def test_status_without_a_class_of_its_own_has_that_of_its_group(client: TypedClient) -> None:
    answer = client.post("/api/gone")
    assert (type(answer), answer.status) == (ClientError, 409)


def test_every_method_is_sent(client: TypedClient) -> None:
    answers = [
        client.post("/api/users", body={"name": "Ada"}),
        client.put("/api/raw", body=b"abc"),
        client.delete("/api/gone"),
        client.head("/api/gone"),
    ]
    assert [(answer.status, answer.body) for answer in answers] == [
        (201, {"name": "Ada", "admin": False}),
        (200, b"cba"),
        (204, None),
        (204, None),
    ]


def test_files_are_sent(client: TypedClient) -> None:
    answer = client.post("/api/upload", body={"title": "T", "photo": File(b"123", "a.png")})
    assert answer.body == {"title": "T", "names": ["a.png"], "sizes": [3]}


def test_way_of_a_body_is_chosen(client: TypedClient) -> None:
    body = {"name": "Ada", "age": 1, "news": True, "tags": []}
    answer = client.post("/api/signup", body=body, content_type="multipart/form-data")
    assert (answer.status, answer.body) == (200, body)


def test_streams_are_read(client: TypedClient) -> None:
    with client.get("/api/events").body as events:
        assert next(events) == Event(0, "tick", "0")
    assert list(client.get("/api/lines").body) == [{"text": "one"}, {"text": "two\u2028and a half"}]


def test_redirect_is_an_answer(client: TypedClient) -> None:
    answer = client.get("/api/away")
    assert isinstance(answer, Redirection)
    assert answer.headers["location"] == "/api/names/there"


def test_wrong_request_is_sent_and_answered(client: TypedClient) -> None:
    answer = client.get("/api/users/{id}", id="x")
    assert (answer.status, answer.body["errors"][0]["loc"]) == (422, ["query", "id"])


def test_lifespan_runs_in_the_block_and_twins_leave_it_alone() -> None:
    app = create_app(
        {
            "api/who.py": """
            from pathlib import PurePosixPath
            from typed_api import ApiRequest, ApiResponse, Ok, Sent

            def get(req: ApiRequest[None], res: ApiResponse[Ok[str]]) -> Sent:
                return res.send(str(req.state[PurePosixPath]))
            """
        },
        lifespan=lifespan_of_ada,
    )
    with TypedClient(app) as client:
        with client.with_options(headers={"a": "b"}) as twin:
            assert twin.get("/api/who").body == "Ada"
        assert client.get("/api/who").body == "Ada"
    assert TypedClient(app, state=[PurePosixPath("Eve")]).get("/api/who").body == "Eve"


@asynccontextmanager
async def lifespan_of_ada(app: TypedAPI) -> AsyncGenerator[list[object]]:
    yield [PurePosixPath("Ada")]


# What is refused


def test_unknown_path_names_the_nearest(client: TypedClient) -> None:
    with pytest.raises(ApiRequestError) as caught:
        client.get("/api/user/{id}", id=1)
    assert str(caught.value) == (
        "There is no GET '/api/user/{id}' among the routes. Give the path as the document has it, such as "
        "'/api/users/{id}', and its parameters by name. Did you mean '/api/users/{id}'?"
    )


def test_unknown_argument_is_refused(client: TypedClient) -> None:
    with pytest.raises(ApiRequestError) as caught:
        client.post("/api/users", bdy={})
    assert str(caught.value) == "POST /api/users takes no 'bdy', but 'body'."


def test_body_where_none_is_taken_is_refused(client: TypedClient) -> None:
    with pytest.raises(ApiRequestError) as caught:
        client.get("/api/events", body={})
    assert str(caught.value) == "GET /api/events takes no 'body', but nothing."


def test_missing_path_parameter_is_refused(client: TypedClient) -> None:
    with pytest.raises(ApiRequestError) as caught:
        client.get("/api/users/{id}")
    assert str(caught.value) == "GET /api/users/{id} needs 'id'."


def test_name_that_is_no_status_is_no_attribute() -> None:
    with pytest.raises(AttributeError) as caught:
        answer_class("User")
    assert str(caught.value) == (
        "There is no class of answers called 'User'. Types of bodies are there for type checkers alone: import them "
        "where typing.TYPE_CHECKING is true."
    )


@pytest.mark.parametrize("name", ["Status404", "Status199", "Status600", "Status"])
def test_status_has_one_name(name: str) -> None:
    with pytest.raises(AttributeError):
        answer_class(name)


def test_status_without_a_phrase_has_a_class(client: TypedClient) -> None:
    assert answer_class("Status299").__mro__[1] is Success


def test_classes_are_called_as_the_markers_of_handlers_are() -> None:
    assert {code: status_name(code) for code in MARKERS} == {code: marker.__name__ for code, marker in MARKERS.items()}


# The stubs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    for name, document in (("stubs", document_of()), ("hostile", hostile())):
        (folder / name).mkdir()
        # Here its errors count.
        text = generate(document).replace("# mypy: ignore-errors\n", "", name == "hostile")
        (folder / name / "typed_api_client.pyi").write_text(text, encoding="utf-8")
    usage = (HERE / "stubs_usage.txt").read_text(encoding="utf-8")
    (folder / "usage.py").write_text(usage, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def findings(folder: Path) -> Mapping[str, Findings]:
    return run_both(folder, ["usage.py", "stubs/typed_api_client.pyi"], paths=[PACKAGE])


@pytest.fixture(scope="module")
def hostile_findings(folder: Path) -> Mapping[str, Findings]:
    return run_both(folder, ["hostile/typed_api_client.pyi"], stub_path="hostile", paths=[PACKAGE])


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_wrong_calls_and_no_others_are_refused(findings: Mapping[str, Findings], folder: Path, checker: str) -> None:
    assert findings[checker] == read_marks(folder / "usage.py", checker)


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_stubs_of_a_hostile_document_are_clean(hostile_findings: Mapping[str, Findings], checker: str) -> None:
    assert hostile_findings[checker] == {}


def test_ruff_finds_nothing_by_default(folder: Path) -> None:
    output = run("ruff", "check", "--isolated", "--no-cache", "stubs", "hostile", folder=folder)
    assert output == "All checks passed!\n"


def test_mypy_is_kept_from_comparing_overloads() -> None:
    assert generate(document_of()).startswith("# mypy: ignore-errors\n")


def test_text_is_the_same_for_the_same_document() -> None:
    assert generate(document_of()) == generate(document_of())


def test_module_of_the_stubs_has_what_they_name(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = load_module("typed_api_client", PACKAGE / "typed_api_client" / "__init__.py")
    monkeypatch.delitem(sys.modules, "typed_api_client")
    assert (module.TypedClient, module.NotFound) == (TypedClient, answer_class("NotFound"))
    with pytest.raises(AttributeError):
        module.User  # noqa: B018
