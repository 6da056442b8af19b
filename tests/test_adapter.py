"""The way of one request through the coroutine that serves it, and of its answer back."""

import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from tests.direct import DISCONNECT, Exchange, call, exchange, make_scope, piece, problem
from typed_api import TypedAPI
from typed_api._types import Message
from typed_api.adapter import etag_of
from typed_api.testing import TestClient, create_app

WHERE = "get of pages/api/x.py"
FAILED = problem(500, "Internal Server Error", "The server failed to answer.")

PRELUDE = """
import asyncio
import functools
import io
import threading
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Literal, Never

import anyio
import anyio.lowlevel
from pydantic import BaseModel, ConfigDict, Field, computed_field
from typed_api import *

log = []

class User(BaseModel):
    id: int
    name: str = "ann"

class Missing(BaseModel):
    error: str
"""


def make(source: str, **options: Any) -> TypedAPI:
    """Make an app of one module, served at `/api/x`."""
    return create_app({"api/x.py": PRELUDE + source}, **options)


def handling(declared: str, *lines: str, kind: str = "async ", name: str = "get", **options: Any) -> TypedAPI:
    """Make an app of one handler with these lines."""
    head = f"{kind}def {name}(req: ApiRequest, res: ApiResponse[{declared}]):\n"
    return make(head + "".join(f"    {line}\n" for line in lines), **options)


def ask(app: TypedAPI, method: str = "GET", **arguments: Any) -> httpx2.Response:
    return TestClient(app, follow_redirects=False).request(method, "/api/x", **arguments)


def log_of(app: TypedAPI) -> list[Any]:
    """Give the list `log` of the app's module."""
    log: list[Any] = vars(sys.modules[app.endpoints[0].module])["log"]
    return log


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "typed_api"]


BROKEN = "_StreamBroke('The stream of get of pages/api/x.py broke off.')"


def logged_error(caplog: pytest.LogCaptureFixture) -> BaseException | None:
    info = caplog.records[-1].exc_info
    return info[1] if info else None


def failure(sentence: str, method: str = "GET") -> str:
    """Give the line of the log for an exception in the handler; `sentence` has its type and the repr of its text."""
    return f"{method} '/api/x' failed in {WHERE}: {sentence}"


def failed(answer: Exchange) -> bool:
    """Whether an answer is the 500 that says nothing, and has no header but its own."""
    return (answer.status, answer.json, answer.headers) == (
        500,
        FAILED,
        [("content-type", "application/problem+json"), ("content-length", str(len(answer.body)))],
    )


async def talk(app: TypedAPI, *, leave_after: bytes | None = None) -> tuple[list[Message], BaseException | None]:
    """Ask as a client that stays, or that leaves when a chunk has come; give what was sent, and what was raised."""
    sent: list[Message] = []
    gone = anyio.Event()
    is_first = True

    async def receive() -> Message:
        nonlocal is_first
        if is_first:
            is_first = False
            return piece(b"")
        await gone.wait()
        return DISCONNECT

    async def send(message: Message) -> None:
        sent.append(message)
        if leave_after is not None and message.get("body") == leave_after:
            gone.set()

    try:
        with anyio.fail_after(10):
            await app(make_scope("GET", "/api/x"), receive, send)
    except Exception as error:
        return sent, error
    return sent, None


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "report.csv"
    file.write_bytes(b"0123456789")
    os.utime(file, (1_577_836_800, 1_577_836_800))  # 2020-01-01T00:00:00Z
    return file


# --- How a handler is called ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "config", "on_loop"),
    [
        ("async ", "", True),
        ("async ", "threaded=True", True),
        ("", "", False),
        ("", "threaded=False", True),
        ("", "get=RouteConfig(threaded=False)", True),
        ("", "post=RouteConfig(threaded=False)", False),
    ],
)
async def test_plain_function_runs_in_a_thread_unless_told_otherwise(kind: str, config: str, on_loop: bool) -> None:
    app = make(
        f"config = RouteConfig({config})\n"
        f"{kind}def get(req: ApiRequest, res: ApiResponse[Ok[int]]) -> Sent:\n"
        "    return res.json(threading.get_ident())\n"
        "post = get\n"
    )
    answer = await call(app, "GET", "/api/x")
    assert (answer.json == threading.get_ident()) is on_loop


@pytest.mark.parametrize("config", ["", "config = RouteConfig(threaded=False)"])
async def test_awaitable_of_a_plain_function_is_awaited_on_the_loop(config: str) -> None:
    app = make(f"""
{config}
async def answer(res: ApiResponse[Ok[int]]) -> Sent:
    await anyio.lowlevel.checkpoint()
    return res.json(threading.get_ident())

def get(req: ApiRequest, res: ApiResponse[Ok[int]]) -> Awaitable[Sent]:
    return answer(res)
""")
    answer = await call(app, "GET", "/api/x")
    assert answer.json == threading.get_ident()


def test_wrapper_hands_the_inner_function_more() -> None:
    app = make("""
def with_user(function):
    @functools.wraps(function)
    async def wrapper(req, res):
        return await function(req, res, User(id=7))
    return wrapper

@with_user
async def get(req: ApiRequest, res: ApiResponse[Ok[User]], user: User) -> Sent:
    return res.json(user)
""")
    assert ask(app).json() == {"id": 7, "name": "ann"}


@pytest.mark.parametrize("kind", ["async ", ""])
def test_handler_that_does_not_answer_is_a_500_with_a_log_that_names_it(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Row 85: no answer is a 500, never a request that hangs."""
    app = handling("Ok[User]", "pass", kind=kind)
    assert (ask(app).status_code, ask(app).json()) == (500, FAILED)
    assert (
        logged(caplog)
        == [
            failure(
                "_Unanswered: \"get of pages/api/x.py finished without sending a response to GET '/api/x'. End every "
                'path with res.json(...), res.send(...), res.redirect(...) or res.end()."'
            )
        ]
        * 2
    )


@pytest.mark.parametrize(
    ("kind", "line"),
    [("async ", "return {'id': 1}"), ("", "return {'id': 1}"), ("", "return asyncio.sleep(0, {'id': 1})")],
)
def test_returned_body_is_not_sent_and_the_log_says_so(kind: str, line: str, caplog: pytest.LogCaptureFixture) -> None:
    app = handling("Ok[User]", line, kind=kind)
    answer = ask(app)
    assert (answer.status_code, answer.json()) == (500, FAILED)
    assert logged(caplog) == [
        failure(
            "_Unanswered: \"get of pages/api/x.py returned 'dict' instead of sending it. Send the body with "
            'res.json(...)."'
        )
    ]


@pytest.mark.parametrize(
    ("debug", "warnings"),
    [(False, []), (True, ["API handler should not return a value, received dict from get of pages/api/x.py."])],
)
def test_value_returned_after_an_answer_is_told_in_development(
    debug: bool, warnings: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    app = handling("Ok[User]", "res.json(User(id=1))", "return {'id': 2}", debug=debug)
    assert ask(app).json() == {"id": 1, "name": "ann"}
    assert logged(caplog) == warnings


@pytest.mark.parametrize("result", ["return res.send('a')", "res.send('a')"])
def test_awaitable_that_answers_returns_no_value(result: str, caplog: pytest.LogCaptureFixture) -> None:
    app = make(
        f"""
async def answer(res: ApiResponse[Ok[str]]) -> Sent | None:
    {result}

def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Awaitable[Sent | None]:
    return answer(res)
""",
        debug=True,
    )
    assert ask(app).text == "a"
    assert logged(caplog) == []


def test_awaitable_that_does_not_answer_is_a_handler_that_does_not(caplog: pytest.LogCaptureFixture) -> None:
    ask(handling("Ok[str]", "return asyncio.sleep(0)", kind=""))
    assert "finished without sending a response" in logged(caplog)[0]


@pytest.mark.parametrize("kind", ["async ", ""])
@pytest.mark.parametrize("config", ["config = RouteConfig(threaded=False)", ""])
def test_stop_iteration_is_a_500_like_any_other_exception(kind: str, config: str) -> None:
    """Python refuses to let a StopIteration out of a coroutine or a future; that must not end in a hang."""
    app = make(f"{config}\n{kind}def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:\n    next(iter([]))\n")
    assert ask(app).json() == FAILED


def test_exception_of_a_handler_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    app = handling("Ok[User]", "raise KeyError('secret')")
    answer = ask(app)
    assert (answer.status_code, answer.json()) == (500, FAILED)
    assert logged(caplog) == [failure("KeyError: \"'secret'\"")]
    assert "raise KeyError('secret')" in (caplog.records[0].exc_text or "")


def test_type_that_cannot_be_compiled_fails_its_own_route(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*arguments: object, **more: object) -> object:
        raise TypeError("no schema")

    app = make("async def post(req: ApiRequest[User], res: ApiResponse[Ok[User]]) -> Sent: return res.json(req.body)")
    monkeypatch.setattr("typed_api.schema.json_validator", refuse)
    client = TestClient(app)
    assert client.post("/api/x", json={"id": 1}).json() == FAILED
    assert logged(caplog) == ["POST '/api/x' failed in post of pages/api/x.py: TypeError: 'no schema'"]
    monkeypatch.undo()
    assert client.post("/api/x", json={"id": 1}).json() == {"id": 1, "name": "ann"}


# --- What is answered -------------------------------------------------------------------------------------------------


def test_body_is_written_with_its_length_and_tag() -> None:
    answer = ask(handling("Ok[User]", "return res.json(User(id=1))"))
    assert (answer.status_code, answer.content) == (200, b'{"id":1,"name":"ann"}')
    assert dict(answer.headers) == {
        "content-type": "application/json; charset=utf-8",
        "content-length": "21",
        "etag": etag_of(answer.content).decode(),
    }


@pytest.mark.parametrize(
    "line",
    [
        "return res.json({'id': 1, 'name': 'ann'})",
        "return res.send({'id': 1, 'name': 'ann'})",
        "return res.status(200).json({'id': 1})",
        "return res.status(HTTPStatus.OK).json({'id': 1})",
        "return res.json(User(id=1))",
    ],
)
def test_data_that_makes_the_declared_type_is_written_as_it(line: str) -> None:
    assert ask(handling("Ok[User]", line)).content == b'{"id":1,"name":"ann"}'


@pytest.mark.parametrize(
    ("declared", "line", "text"),
    [
        ("Ok[User]", "Admin(id=1, password='p')", '{"id":1,"name":"ann"}'),
        ("Ok[list[User]]", "[Admin(id=1, password='p')]", '[{"id":1,"name":"ann"}]'),
        ("Ok[Team]", "Team(lead=Admin(id=1, password='p'))", '{"lead":{"id":1,"name":"ann"}}'),
        ("Ok[dict[str, User]]", "{'a': Admin(id=1, password='p')}", '{"a":{"id":1,"name":"ann"}}'),
        ("User", "Admin(id=1, password='p')", '{"id":1,"name":"ann"}'),
        ("Ok[User | None]", "Admin(id=1, password='p')", '{"id":1,"name":"ann"}'),
        ("Ok[User]", "{'id': 1, 'password': 'p'}", '{"id":1,"name":"ann"}'),
    ],
)
async def test_subclass_never_shows_more_than_its_declared_base(declared: str, line: str, text: str) -> None:
    app = make(f"""
class Admin(User):
    password: str

class Team(BaseModel):
    lead: User

async def get(req: ApiRequest, res: ApiResponse[{declared}]) -> Sent:
    return res.json({line})
""")
    # As in production, and as in tests, where instances are checked again.
    assert ((await call(app, "GET", "/api/x")).text, ask(app).text) == (text, text)


def test_fields_bear_their_aliases_on_the_wire() -> None:
    app = make("""
class Item(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    item_id: int = Field(alias="itemId")
    shelf: str = Field(default="a", serialization_alias="shelfName")

    @computed_field(alias="isFirst")
    @property
    def is_first(self) -> bool:
        return self.item_id == 1

async def get(req: ApiRequest, res: ApiResponse[Ok[list[Item]]]) -> Sent:
    return res.json([Item(item_id=1), Item(itemId=2)])
""")
    assert ask(app).json() == [
        {"itemId": 1, "shelfName": "a", "isFirst": True},
        {"itemId": 2, "shelfName": "a", "isFirst": False},
    ]


@pytest.mark.parametrize(
    ("declared", "line", "status_code", "body"),
    [
        ("Ok[User] | NotFound[Missing]", "res.status(404).json(Missing(error='e'))", 404, b'{"error":"e"}'),
        ("Code[Literal[418], Missing]", "res.status(418).json({'error': 'e'})", 418, b'{"error":"e"}'),
        ("Ok[User] | ClientError[Missing]", "res.status(409).json({'error': 'e'})", 409, b'{"error":"e"}'),
        ("ClientError[Missing] | NotFound[int]", "res.status(404).json(5)", 404, b"5"),
        ("User", "res.status(503).json(User(id=1))", 503, b'{"id":1,"name":"ann"}'),
        ("User | Missing", "res.status(400).json(Missing(error='e'))", 400, b'{"error":"e"}'),
        ("Any", "res.status(299).json([1, {'a': None}])", 299, b'[1,{"a":null}]'),
        ("NoContent", "res.status(204).end()", 204, b""),
        ("Ok[None]", "res.end()", 200, b""),
        ("Ok[None]", "res.send()", 200, b""),
        ("Ok[None]", "res.json(None)", 200, b"null"),
        ("Ok[str]", "res.json('a')", 200, b'"a"'),
        ("Ok[str]", "res.send('a')", 200, b"a"),
        ("Ok[Literal['a', 'b']]", "res.send('a')", 200, b"a"),
        ("Ok[bytes | User]", "res.send(b'a')", 200, b"a"),
        ("Ok[bytes | User]", "res.send(User(id=1))", 200, b'{"id":1,"name":"ann"}'),
    ],
)
def test_declared_status_is_answered_with_its_body(declared: str, line: str, status_code: int, body: bytes) -> None:
    answer = ask(handling(declared, f"return {line}"))
    assert (answer.status_code, answer.content) == (status_code, body)


@pytest.mark.parametrize(
    ("declared", "line", "declared_statuses"),
    [
        ("Ok[User]", "res.status(418).json(User(id=1))", "200"),
        ("Ok[User]", "res.status(418).send(User(id=1))", "200"),
        ("Ok[User]", "res.status(418).send('a')", "200"),
        ("Ok[User]", "res.status(418).send(b'a')", "200"),
        ("Ok[User]", "res.status(418).send(iter([b'a']))", "200"),
        ("Ok[User]", "res.status(418).send(File('a'))", "200"),
        ("Ok[User]", "res.status(418).end()", "200"),
        ("NotFound[Missing] | ServerError[Missing]", "res.status(418).end()", "404, 5xx"),
        ("Never", "res.status(418).end()", "none"),
    ],
)
def test_undeclared_status_is_refused_when_the_body_is_given(
    declared: str, line: str, declared_statuses: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(handling(declared, f"return {line}"))
    assert (answer.status_code, answer.json()) == (500, FAILED)
    assert logged(caplog) == [
        failure(
            f"ResponseValidationError: 'Status 418 is not declared by ApiResponse[{declared}] of {WHERE} "
            f"(declared: {declared_statuses}).'"
        )
    ]


def test_status_may_be_undeclared_until_the_body_is_given() -> None:
    app = handling("Ok[User]", "res.status(418)", "return res.status(200).json(User(id=1))")
    assert ask(app).status_code == 200


@pytest.mark.parametrize("declared", ["Never", "Ok[User]", "User", "NoContent"])
@pytest.mark.parametrize(
    ("line", "status_code"), [("res.redirect('/b')", 307), ("res.redirect(HTTPStatus.SEE_OTHER, '/b')", 303)]
)
def test_redirect_is_declared_by_none_and_allowed_to_all(declared: str, line: str, status_code: int) -> None:
    answer = ask(handling(declared, f"return {line}"))
    assert (answer.status_code, answer.content, dict(answer.headers)) == (
        status_code,
        b"/b",
        {"content-type": "text/plain; charset=utf-8", "content-length": "2", "location": "/b"},
    )


@pytest.mark.parametrize(
    ("declared", "line", "sentence"),
    [
        (
            "Ok[User]",
            "res.json({'name': 'secret'})",
            "The body does not fit 'User': 1 error at 'id': Field required.",
        ),
        (
            "Ok[list[Team]]",
            "res.send([{'lead': {'id': 1}}, {'lead': {'id': 'secret', 'name': 5}}])",
            "The body does not fit 'list[Team]': 2 errors, the first at '1.lead.id': Input should be a valid "
            "integer, unable to parse string as an integer.",
        ),
        (
            "Ok[User]",
            "res.json(Team(lead=User(id=1)))",
            "The body does not fit 'User': 1 error: Input should be a valid dictionary or instance of User.",
        ),
    ],
)
def test_body_that_does_not_fit_is_logged_with_its_fields_and_told_to_nobody(
    declared: str, line: str, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = make(f"""
class Team(BaseModel):
    lead: User

async def get(req: ApiRequest, res: ApiResponse[{declared}]) -> Sent:
    res.set_header("x-a", "1")
    return {line}
""")
    answer = ask(app)
    assert (answer.status_code, answer.json(), answer.headers.get("x-a")) == (500, FAILED, None)
    told = sentence.replace("{module}", app.endpoints[0].module)
    assert logged(caplog) == [failure(f"ResponseValidationError: {told!r}")]


def test_refused_body_may_be_answered_otherwise() -> None:
    """The error comes from `json()` itself, before anything is sent."""
    app = handling(
        "Ok[User] | InternalServerError[Missing]",
        "try:",
        "    return res.json({'id': 'x'})",
        "except ResponseValidationError as error:",
        "    return res.status(500).json(Missing(error=str(error.errors[0]['loc'])))",
    )
    answer = ask(app)
    assert (answer.status_code, answer.json()) == (500, {"error": "['id']"})


@pytest.mark.parametrize("declared", ["Ok[float]", "Ok[dict[str, Any]]", "Ok[list[float]]"])
@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_number_that_json_cannot_hold_is_refused(declared: str, number: str) -> None:
    """Rows 18, 36 and 37: a non-finite float is no null."""
    body = {"Ok[float]": "{}", "Ok[dict[str, Any]]": "{{'a': {}}}", "Ok[list[float]]": "[{}]"}[declared]
    app = handling(declared, f"return res.json({body.format(f'float({number!r})')})")
    assert (ask(app).status_code, ask(app).json()) == (500, FAILED)


@pytest.mark.parametrize(
    ("declared", "line", "media_type"),
    [
        ("NotFound[Problem]", "res.status(404).json(Problem(title='t'))", "application/problem+json"),
        ("NotFound[Problem]", "res.status(404).json({'title': 't'})", "application/problem+json"),
        ("NotFound[Problem]", "res.status(404).send(Problem(title='t'))", "application/problem+json"),
        ("NotFound[Credit]", "res.status(404).json(Credit(balance=1))", "application/problem+json"),
        ("NotFound[Problem | User]", "res.status(404).json(Problem(title='t'))", "application/problem+json"),
        ("NotFound[Problem | User]", "res.status(404).json(User(id=1))", "application/json; charset=utf-8"),
        ("NotFound[Problem | None]", "res.status(404).json(None)", "application/json; charset=utf-8"),
        ("Problem", "res.status(404).json(Problem(title='t'))", "application/problem+json"),
        ("NotFound[list[Problem]]", "res.status(404).json([Problem()])", "application/json; charset=utf-8"),
    ],
)
def test_problem_bears_its_media_type(declared: str, line: str, media_type: str) -> None:
    app = make(f"""
class Credit(Problem):
    balance: int

async def get(req: ApiRequest, res: ApiResponse[{declared}]) -> Sent:
    return {line}
""")
    answer = ask(app)
    assert (answer.status_code, answer.headers["content-type"]) == (404, media_type)


@pytest.mark.parametrize("line", ["res.json(b'a')", "res.send('a')", "res.json({'a': 1})"])
def test_json_where_bytes_are_declared_is_refused(line: str, caplog: pytest.LogCaptureFixture) -> None:
    assert ask(handling("Ok[bytes]", f"return {line}")).status_code == 500
    assert logged(caplog) == [
        failure(
            "ResponseValidationError: 'The body is declared as bytes, which is neither JSON nor text. Give that to "
            "res.send(...).'"
        )
    ]


def test_headers_and_cookies_go_out_with_the_answer() -> None:
    app = handling(
        "Ok[User]",
        "res.set_header('X-A', '1').append_header('x-a', '2').set_cookie('c', '3').set_cookie('d', '4')",
        "return res.json(User(id=1))",
    )
    assert ask(app).headers.multi_items() == [
        ("content-type", "application/json; charset=utf-8"),
        ("etag", etag_of(b'{"id":1,"name":"ann"}').decode()),
        ("content-length", "21"),
        ("x-a", "1"),
        ("x-a", "2"),
        ("set-cookie", "c=3; Path=/; HttpOnly; Secure; SameSite=Lax"),
        ("set-cookie", "d=4; Path=/; HttpOnly; Secure; SameSite=Lax"),
    ]


def test_cookies_of_development_come_back_over_plain_http() -> None:
    app = handling("Ok[str]", "res.set_cookie('c', '3')", "return res.send('a')", debug=True)
    assert ask(app).headers["set-cookie"] == "c=3; Path=/; HttpOnly; SameSite=Lax"


# --- Checking instances again -----------------------------------------------------------------------------------------

MUTATED = """
{config}
async def get(req: ApiRequest, res: ApiResponse[Ok[User]]) -> Sent:
    user = User(id=1)
    user.id = "x"
    return res.json(user)
"""


@pytest.mark.parametrize(
    ("options", "config", "status_code"),
    [
        ({}, "", 200),
        ({"recheck_responses": True}, "", 500),
        ({"recheck_responses": False, "debug": True}, "", 200),
        ({"debug": True}, "", 500),
        ({}, "config = RouteConfig(recheck_responses=True)", 500),
        ({}, "config = RouteConfig(get=RouteConfig(recheck_responses=True))", 500),
        ({"recheck_responses": True}, "config = RouteConfig(recheck_responses=False)", 200),
        ({"recheck_responses": True}, "config = RouteConfig(recheck_responses=None)", 500),
    ],
)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
async def test_instance_is_checked_again_where_told(options: dict[str, Any], config: str, status_code: int) -> None:
    answer = await call(make(MUTATED.format(config=config), **options), "GET", "/api/x")
    assert answer.status == status_code


@pytest.mark.parametrize("options", [{}, {"recheck_responses": False}])
def test_test_client_checks_instances_again(options: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    assert ask(make(MUTATED.format(config=""), **options)).json() == FAILED
    sentence = "The body does not fit 'User': 1 error at 'id': Input should be a valid integer."
    assert logged(caplog) == [failure(f"ResponseValidationError: {sentence!r}")]


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
def test_route_that_is_not_rechecked_is_not_by_the_test_client_either() -> None:
    assert ask(make(MUTATED.format(config="config = RouteConfig(recheck_responses=False)"))).status_code == 200


# --- More than one answer, and none after all -------------------------------------------------------------------------


def test_first_of_two_answers_stands(caplog: pytest.LogCaptureFixture) -> None:
    """Row 68: the second answer raises; if nobody catches that, the first goes out, and the log says so."""
    app = handling("Ok[User]", "res.set_header('x-a', '1').json(User(id=1))", "return res.json(User(id=2))")
    answer = ask(app)
    assert (answer.status_code, answer.json(), answer.headers["x-a"]) == (200, {"id": 1, "name": "ann"}, "1")
    assert logged(caplog) == [
        "The first answer stands: json() was called after get of pages/api/x.py had answered with status 200. A "
        "handler answers once: return after the first answer."
    ]


def test_stream_that_was_answered_first_stands(caplog: pytest.LogCaptureFixture) -> None:
    app = handling("Ok[bytes]", "res.send(iter([b'a', b'b']))", "return res.send(b'c')")
    assert ask(app).content == b"ab"
    assert [line[:25] for line in logged(caplog)] == ["The first answer stands: "]


def test_second_answer_may_be_caught(caplog: pytest.LogCaptureFixture) -> None:
    app = handling(
        "Ok[str]",
        "res.send('a')",
        "try:",
        "    res.status(201)",
        "except ResponseAlreadySent:",
        "    pass",
    )
    assert ask(app).text == "a"
    assert logged(caplog) == []


def test_response_already_sent_without_an_answer_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    app = handling("Ok[str]", "raise ResponseAlreadySent('of another request')")
    assert ask(app).json() == FAILED
    assert logged(caplog) == [failure("ResponseAlreadySent: 'of another request'")]


def test_response_already_sent_in_a_guard_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    app = make("""
def guard(req: ApiRequest) -> None:
    raise ResponseAlreadySent("of another request")

config = RouteConfig(before=guard)

async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.send("a")
""")
    assert ask(app).json() == FAILED
    assert logged(caplog) == [failure("ResponseAlreadySent: 'of another request'")]


@pytest.mark.parametrize(
    "line",
    ["res.json({'id': 1})", "res.send(b'a')", "res.send(iter([b'a']))", "res.redirect('/b')", "res.status(201).end()"],
)
async def test_exception_after_an_answer_is_a_500_without_its_headers(line: str) -> None:
    """Rows 29 and 73: an answer leaves when the handler has returned; a commit that fails is no 201."""
    app = handling(
        "Ok[User | bytes] | Created[None]",
        "res.set_header('x-a', '1').set_cookie('c', '2')",
        line,
        "raise RuntimeError('the commit failed')",
    )
    assert failed(await call(app, "GET", "/api/x"))


async def test_api_error_after_an_answer_is_answered_without_its_headers() -> None:
    app = handling(
        "Ok[User]",
        "res.set_header('x-a', '1').set_cookie('c', '2').json(User(id=1))",
        "raise ApiError(409, 'No.', {'x-b': '3'})",
    )
    answer = await call(app, "GET", "/api/x")
    assert (answer.status, answer.json) == (409, problem(409, "Conflict", "No."))
    assert [name for name, _ in answer.headers] == ["content-type", "x-b", "content-length"]


def test_answer_leaves_when_the_handler_has_returned() -> None:
    app = make("""
from contextlib import asynccontextmanager

@asynccontextmanager
async def transaction():
    yield
    log.append("committed")

async def get(req: ApiRequest, res: ApiResponse[Ok[User]]) -> Sent:
    async with transaction():
        return res.json(User(id=1))
""")
    sent: list[object] = log_of(app)

    async def send(message: Message) -> None:
        sent.append(message["type"])

    async def receive() -> Message:
        return piece(b"")

    async def run() -> None:
        await app(make_scope("GET", "/api/x"), receive, send)

    anyio.run(run)
    assert sent == ["committed", "http.response.start", "http.response.body"]


# --- Work for afterwards ----------------------------------------------------------------------------------------------

WORK = """
def sync_work(name: str, *, more: str = "") -> None:
    log.append((name + more, threading.get_ident()))

async def async_work(name: str) -> None:
    await anyio.lowlevel.checkpoint()
    log.append((name, threading.get_ident()))

def broken_work() -> None:
    raise KeyError("broken")
"""


async def test_work_runs_in_order_once_the_answer_is_out() -> None:
    app = make(
        WORK
        + """
async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    res.after(sync_work, "first", more="!")
    res.after(async_work, "second")
    res.after(functools.partial(sync_work, "third"))
    res.after(functools.partial(async_work, "fourth"))
    res.after(lambda: async_work("fifth"))
    return res.send("a")
"""
    )
    log = log_of(app)

    async def send(message: Message) -> None:
        log.append((message["type"], None))

    async def receive() -> Message:
        return piece(b"")

    await app(make_scope("GET", "/api/x"), receive, send)
    assert [name for name, _ in log] == [
        "http.response.start",
        "http.response.body",
        "first!",
        "second",
        "third",
        "fourth",
        "fifth",
    ]
    # A plain function runs in a thread, so that it blocks nobody.
    here = threading.get_ident()
    assert [thread == here for _, thread in log[2:]] == [False, True, False, True, True]


async def test_work_runs_after_the_last_byte_of_a_stream() -> None:
    app = make(
        WORK
        + """
def chunks() -> Iterator[bytes]:
    yield b"a"
    log.append(("end of the source", None))

async def get(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
    res.after(sync_work, "work")
    return res.send(chunks())
"""
    )
    sent, error = await talk(app)
    assert (error, [message.get("body") for message in sent]) == (None, [None, b"a", b""])
    assert [name for name, _ in log_of(app)] == ["end of the source", "work"]


def test_work_that_fails_is_logged_and_the_rest_runs(caplog: pytest.LogCaptureFixture) -> None:
    app = make(
        WORK
        + """
async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    res.after(broken_work)
    res.after(sync_work, "second")
    return res.send("a")
"""
    )
    assert ask(app).text == "a"
    assert [name for name, _ in log_of(app)] == ["second"]
    assert logged(caplog) == ["Work after the answer of get of pages/api/x.py failed."]
    assert "KeyError: 'broken'" in (caplog.records[0].exc_text or "")


@pytest.mark.parametrize("line", ["raise KeyError('x')", "pass", "raise ApiError(503)", "res.send(File('/missing'))"])
def test_work_does_not_run_when_the_handler_has_failed(line: str) -> None:
    app = make(
        WORK
        + f"""
async def get(req: ApiRequest, res: ApiResponse[Ok[File]]) -> None:
    res.after(sync_work, "work")
    {line}
"""
    )
    assert ask(app).status_code in (500, 503)
    assert log_of(app) == []


def test_work_runs_though_a_second_answer_was_tried() -> None:
    app = make(
        WORK
        + """
async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:
    res.after(sync_work, "work")
    res.send("a")
    res.send("b")
"""
    )
    assert ask(app).text == "a"
    assert [name for name, _ in log_of(app)] == ["work"]


# --- Conditions -------------------------------------------------------------------------------------------------------

TAG = etag_of(b"a").decode()


def test_tag_is_strong_and_of_the_bytes_alone() -> None:
    assert etag_of(b"a") == b'"1ba3c523e770f3313cc91ab1"'
    assert etag_of(b"a") != etag_of(b"b")


@pytest.mark.parametrize("prelude", ["", "res.set_header('x-a', '1')"])
@pytest.mark.parametrize("asked", [TAG, f"W/{TAG}", f'"other", {TAG}', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_known_body_is_not_sent_again(prelude: str, asked: str, method: str) -> None:
    """Rows 46 and 49: equal, weak, in a list, or any: 304 without a body, with the tag and the content type."""
    app = handling("Ok[str]", prelude, "return res.send('a')")
    answer = await call(app, method, "/api/x", headers={"if-none-match": asked})
    headers = dict(answer.headers)
    headers.pop("x-a", None)
    assert (answer.status, answer.body, headers) == (
        304,
        b"",
        {"content-type": "text/plain; charset=utf-8", "etag": TAG},
    )


@pytest.mark.parametrize("prelude", ["", "res.set_header('x-a', '1')"])
@pytest.mark.parametrize(
    "headers",
    [
        {"if-none-match": '"other"'},
        {"if-none-match": TAG.strip('"')},
        {"if-none-match": TAG, "cache-control": "no-cache"},
        {"if-modified-since": "Wed, 01 Jan 2031 00:00:00 GMT"},
    ],
)
def test_unknown_body_is_sent(prelude: str, headers: dict[str, str]) -> None:
    """Rows 50 to 52: another tag, an unquoted one, `no-cache`, or a date where the answer has none."""
    answer = ask(handling("Ok[str]", prelude, "return res.send('a')"), headers=headers)
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (200, b"a", TAG)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("post", "res.send('a')"),
        ("get", "res.status(404).send('a')"),
        ("get", "res.status(201).send('a')"),
        ("get", "res.end()"),
        ("get", "res.send(None)"),
        ("get", "res.set_header('content-type', 'text/html').end()"),
        ("get", "res.send(iter([b'a']))"),
        ("get", "res.redirect('/b')"),
    ],
)
@pytest.mark.parametrize("prelude", ["", "res.set_header('x-a', '1')"])
def test_only_a_body_with_200_to_get_or_head_has_a_tag(name: str, line: str, prelude: str) -> None:
    """Rows 53 and 54: other methods, other statuses, no body and streams are never conditional."""
    app = handling("str | bytes | None", prelude, f"return {line}", name=name)
    answer = ask(app, name.upper(), headers={"if-none-match": "*"})
    assert (answer.status_code == 304, "etag" in answer.headers) == (False, False)


@pytest.mark.parametrize("line", ["res.send('a')", "res.set_header('x-a', '1').send('a')"])
def test_tags_can_be_left_out(line: str) -> None:
    app = make(f"""
config = RouteConfig(etag=False)
async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return {line}
""")
    answer = ask(app, headers={"if-none-match": "*"})
    assert (answer.status_code, "etag" in answer.headers) == (200, False)


def test_own_tag_is_no_condition_of_another_method() -> None:
    """Row 53: a POST has done its work, so that 304 would be a lie."""
    app = handling("Ok[str]", "return res.set_header('etag', '\"mine\"').send('a')", name="post")
    answer = ask(app, "POST", headers={"if-none-match": '"mine"'})
    assert (answer.status_code, answer.text, answer.headers["etag"]) == (200, "a", '"mine"')


@pytest.mark.parametrize("config", ["", "config = RouteConfig(etag=False)"])
@pytest.mark.parametrize(("asked", "status_code"), [('"mine"', 304), (TAG, 200)])
def test_own_tag_is_kept_and_compared(config: str, asked: str, status_code: int) -> None:
    """Row 30: a tag of the handler's own is not overwritten."""
    app = make(f"""
{config}
async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.set_header("ETag", '"mine"').send("a")
""")
    answer = ask(app, headers={"if-none-match": asked})
    assert (answer.status_code, answer.headers.get_list("etag")) == (status_code, ['"mine"'])


DATED = ("res.set_header('last-modified', 'Wed, 01 Jan 2020 00:00:00 GMT')", "return res.send('a')")


@pytest.mark.parametrize(
    ("headers", "status_code"),
    [
        ({"if-modified-since": "Wed, 01 Jan 2020 00:00:00 GMT"}, 304),
        ({"if-modified-since": "Thu, 02 Jan 2020 00:00:00 GMT"}, 304),
        ({"if-modified-since": "Tue, 31 Dec 2019 23:59:59 GMT"}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-modified-since": "Wed, 01 Jan 2020 00:00:00 -0000"}, 200),
        ({"if-modified-since": "Wed, 01 Jan 2020 00:00:00 GMT", "cache-control": "no-cache"}, 200),
        ({"if-modified-since": "Wed, 01 Jan 2020 00:00:00 GMT", "if-none-match": '"other"'}, 200),
        ({"if-modified-since": "Tue, 31 Dec 2019 23:59:59 GMT", "if-none-match": TAG}, 304),
    ],
)
def test_date_decides_only_where_no_tag_is_asked_for(headers: dict[str, str], status_code: int) -> None:
    """RFC 9110 §13.1.3: `If-None-Match` beats `If-Modified-Since`; a date that cannot be read is no condition."""
    assert ask(handling("Ok[str]", *DATED), headers=headers).status_code == status_code


def test_condition_keeps_the_headers_of_the_handler() -> None:
    """Row 31: `Cache-Control` goes out with the 304 too."""
    app = handling("Ok[str]", "res.set_header('cache-control', 'max-age=60')", "return res.send('a')")
    assert ask(app, headers={"if-none-match": "*"}).headers["cache-control"] == "max-age=60"


# --- Answers without content, and HEAD --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [204, 304])
@pytest.mark.parametrize(
    "line", ["json({'id': 1})", "send('a')", "send(b'a')", "end()", "send(iter([b'a']))", "send(File(__file__))"]
)
def test_status_without_content_has_none(code: int, line: str) -> None:
    """Rows 43 and 45: no body, no content type and no length, whatever was given."""
    app = handling("Any | bytes | File | str", "res.set_header('x-a', '1')", f"return res.status({code}).{line}")
    answer = ask(app)
    assert (answer.status_code, answer.content, dict(answer.headers)) == (code, b"", {"x-a": "1"})


@pytest.mark.parametrize("line", ["json({'id': 1})", "end()", "send(iter([b'a']))"])
def test_reset_content_says_that_it_is_empty(line: str) -> None:
    """Row 10: 205 carries no body, and says so (RFC 9110 §15.3.6)."""
    answer = ask(handling("Any | bytes", f"return res.status(205).{line}"))
    assert (answer.status_code, answer.content, dict(answer.headers)) == (205, b"", {"content-length": "0"})


@pytest.mark.parametrize(
    ("debug", "line", "warnings"),
    [
        (True, "json({'id': 1})", 1),
        (True, "send(iter([b'a']))", 1),
        (True, "end()", 0),
        (False, "json({'id': 1})", 0),
    ],
)
def test_body_of_a_status_without_content_is_told_in_development(
    debug: bool, line: str, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Row 43: the log says that the body was ignored."""
    ask(handling("Any | bytes", f"return res.status(204).{line}", debug=debug))
    assert (
        logged(caplog)
        == [
            "A body was attempted to be set with a 204 statusCode for '/api/x', this is invalid and the body was "
            "ignored."
        ]
        * warnings
    )


async def test_source_of_a_stream_without_content_is_closed_unread() -> None:
    app = make("""
class Source:
    def __aiter__(self): return self
    async def __anext__(self):
        log.append("read")
        raise StopAsyncIteration
    async def aclose(self): log.append("closed")

async def get(req: ApiRequest, res: ApiResponse[JsonLines[int]]) -> Sent:
    return res.status(204).send(JsonLines(Source()))
""")
    answer = await call(app, "GET", "/api/x")
    assert [message["type"] for message in answer.sent] == ["http.response.start", "http.response.body"]
    assert (answer.status, answer.body, log_of(app)) == (204, b"", ["closed"])


@pytest.mark.parametrize(
    "line", ["json({'id': 1})", "send('héllo')", "send(b'a')", "redirect('/b')", "status(404).json(1)", "end()"]
)
async def test_head_has_the_headers_of_get_and_no_body(line: str) -> None:
    """Row 46: status and headers of GET, its length and tag too."""
    app = handling("Any | bytes | str", f"return res.{line}")
    get, head = await call(app, "GET", "/api/x"), await call(app, "HEAD", "/api/x")
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")


@pytest.mark.parametrize("line", ["raise KeyError('x')", "raise ApiError(409, 'No.')", "pass"])
async def test_head_of_an_error_has_no_body(line: str) -> None:
    """Row 46: HEAD on an exception has the head of the error alone."""
    app = handling("Ok[str]", line)
    get, head = await call(app, "GET", "/api/x"), await call(app, "HEAD", "/api/x")
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")


async def test_head_function_is_called_where_there_is_one() -> None:
    app = make("""
async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.send("get")

async def head(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.set_header("x-method", req.method).send("from head")
""")
    answer = await call(app, "HEAD", "/api/x")
    assert (answer.body, answer.header("content-length"), answer.header("x-method")) == (b"", "9", "HEAD")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("config = RouteConfig(methods=['GET'])\nasync def handler", "GET"),
        ("async def handler", "HEAD"),
        ("async def get", "HEAD"),
    ],
)
async def test_handler_that_does_not_know_head_is_told_get(source: str, told: str) -> None:
    """A `handler` for GET alone would take HEAD for whatever its `else` does; `get` knows what it is called for."""
    app = make(f"""
{source}(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.set_header("x-method", req.method).send("a")
""")
    answer = await call(app, "HEAD", "/api/x")
    assert (answer.status, answer.header("x-method"), answer.body) == (200, told, b"")


STREAMS = {
    "bytes": ("Ok[bytes]", "source()"),
    "events": ("Ok[EventStream[str]]", "EventStream(source())"),
    "lines": ("Ok[JsonLines[str]]", "JsonLines(source())"),
}


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("is_async", [True, False])
async def test_head_does_not_run_a_stream(kind: str, is_async: bool) -> None:
    declared, body = STREAMS[kind]
    app = make(f"""
{"async " if is_async else ""}def source():
    log.append("started")
    yield b"a"

async def get(req: ApiRequest, res: ApiResponse[{declared}]) -> Sent:
    return res.set_header("x-a", "1").send({body})
""")
    answer = await call(app, "HEAD", "/api/x")
    assert [message["type"] for message in answer.sent] == ["http.response.start", "http.response.body"]
    assert (answer.status, answer.body, answer.header("x-a"), log_of(app)) == (200, b"", "1", [])


@pytest.mark.parametrize("declared", ["Ok[bytes]", "Ok[JsonLines[str]]"])
async def test_head_closes_what_it_does_not_read(declared: str, report: Path) -> None:
    body = "file" if declared == "Ok[bytes]" else "JsonLines(file)"
    app = make(f"""
async def get(req: ApiRequest, res: ApiResponse[{declared}]) -> Sent:
    file = open({str(report)!r}, "rb")
    log.append(file)
    return res.send({body})
""")
    await call(app, "HEAD", "/api/x")
    assert log_of(app)[0].closed is True


# --- Streams ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "def source():\n    yield b'a'\n    yield b'b'",
        "async def source():\n    yield b'a'\n    await anyio.lowlevel.checkpoint()\n    yield b'b'",
        "def source():\n    return io.BytesIO(b'a\\nb')",
        "def source():\n    return iter([b'a', b'', b'b'])",
    ],
)
def test_bytes_are_streamed(source: str) -> None:
    """Row 25: binary, without a length and without a tag."""
    app = make(f"{source}\nasync def get(req: ApiRequest, res: ApiResponse[Ok[bytes]]): return res.send(source())")
    answer = ask(app)
    assert (answer.status_code, answer.content.replace(b"\n", b"")) == (200, b"ab")
    assert dict(answer.headers) == {"content-type": "application/octet-stream"}


def test_stream_keeps_status_headers_and_content_type() -> None:
    app = handling(
        "Code[Literal[203], bytes]",
        "res.set_header('content-type', 'text/csv').set_header('x-a', '1').set_cookie('c', '1')",
        "return res.status(203).send(iter([b'a,b']))",
    )
    answer = ask(app)
    assert (answer.status_code, answer.text, answer.headers["content-type"], answer.headers["x-a"]) == (
        203,
        "a,b",
        "text/csv",
        "1",
    )
    assert answer.headers["set-cookie"].startswith("c=1;")


def test_event_stream_is_written_by_its_declared_type() -> None:
    app = make("""
class Admin(User):
    password: str

async def ticks():
    yield User(id=1)
    yield Admin(id=2, password="p")
    yield ServerEvent({"id": 3}, id="7", event="last")

async def get(req: ApiRequest, res: ApiResponse[Ok[EventStream[User]]]) -> Sent:
    return res.send(EventStream(ticks(), retry_ms=500))
""")
    answer = ask(app)
    assert answer.text == (
        "retry: 500\n\n"
        'data: {"id":1,"name":"ann"}\n\n'
        'data: {"id":2,"name":"ann"}\n\n'
        'event: last\nid: 7\ndata: {"id":3,"name":"ann"}\n\n'
    )
    assert dict(answer.headers) == {
        "content-type": "text/event-stream",
        "cache-control": "no-store, no-transform",
        "x-accel-buffering": "no",
    }


@pytest.mark.parametrize("declared", ["EventStream[str]", "EventStream"])
def test_text_of_an_event_is_sent_as_it_stands(declared: str) -> None:
    app = handling(f"Ok[{declared}]", "return res.send(EventStream(['a \"b\"', 'c\\nd']))")
    assert ask(app).text == 'data: a "b"\n\ndata: c\ndata: d\n\n'


def test_headers_of_the_handler_beat_those_of_an_event_stream() -> None:
    app = handling(
        "Ok[EventStream[str]]",
        "res.set_header('cache-control', 'no-cache')",
        "return res.send(EventStream(['a']))",
    )
    assert ask(app).headers.get_list("cache-control") == ["no-cache"]


def test_json_lines_are_written_by_their_declared_type() -> None:
    app = handling("Ok[JsonLines[User]]", "return res.send(JsonLines([User(id=1), {'id': 2, 'name': 'a\\nb'}]))")
    answer = ask(app)
    assert answer.text == '{"id":1,"name":"ann"}\n{"id":2,"name":"a\\nb"}\n'
    assert dict(answer.headers) == {"content-type": "application/jsonl"}


@pytest.mark.parametrize(
    "source", ["def source():\n    {}\n    yield b'a'", "async def source():\n    {}\n    yield b'a'"]
)
async def test_source_that_fails_before_its_first_chunk_breaks_the_answer_off(
    source: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Row 26: the head may be out already, so the server cuts the connection; no clean end is sent."""
    app = make(
        source.format("raise KeyError('x')")
        + "\nasync def get(req: ApiRequest, res: ApiResponse[Ok[bytes]]): return res.send(source())"
    )
    sent, error = await talk(app)
    assert repr(error) == BROKEN
    assert [message["type"] for message in sent] == ["http.response.start"]
    assert logged(caplog) == ["The stream of get of pages/api/x.py broke off."]
    assert isinstance(logged_error(caplog), KeyError)


@pytest.mark.parametrize("kind", STREAMS)
async def test_source_that_fails_midway_breaks_the_answer_off(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """A clean end would pass half an answer off as a whole one."""
    declared, body = STREAMS[kind]
    item = "b'a'" if kind == "bytes" else "'a'"
    app = make(
        WORK
        + f"""
async def source():
    yield {item}
    raise KeyError("x")

async def get(req: ApiRequest, res: ApiResponse[{declared}]) -> Sent:
    res.after(sync_work, "work")
    return res.send({body})
"""
    )
    sent, error = await talk(app)
    assert repr(error) == BROKEN
    assert isinstance(logged_error(caplog), KeyError)
    assert [message.get("more_body") for message in sent] == [None, True]
    assert logged(caplog) == ["The stream of get of pages/api/x.py broke off."]
    assert log_of(app) == []


@pytest.mark.parametrize(
    ("declared", "body", "item"),
    [
        ("Ok[EventStream[User]]", "EventStream(source())", "{'id': 'x'}"),
        ("Ok[JsonLines[User]]", "JsonLines(source())", "{'id': 'x'}"),
        ("Ok[EventStream[str]]", "EventStream(source())", "5"),
        ("Ok[bytes]", "source()", "'text'"),
    ],
)
async def test_item_that_does_not_fit_breaks_the_stream_off(
    declared: str, body: str, item: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = make(f"""
async def source():
    yield {item}

async def get(req: ApiRequest, res: ApiResponse[{declared}]) -> Sent:
    return res.send({body})
""")
    sent, error = await talk(app)
    assert repr(error) == BROKEN
    assert isinstance(logged_error(caplog), ValueError | TypeError)
    assert [message["type"] for message in sent] == ["http.response.start"]


@pytest.mark.parametrize("kind", STREAMS)
async def test_client_that_leaves_cancels_the_source_and_closes_it(kind: str) -> None:
    declared, body = STREAMS[kind]
    item, chunk = {
        "bytes": ("b'a'", b"a"),
        "events": ("'a'", b"data: a\n\n"),
        "lines": ("'a'", b'"a"\n'),
    }[kind]
    app = make(f"""
async def source():
    try:
        yield {item}
        await anyio.Event().wait()
    finally:
        await anyio.lowlevel.checkpoint()
        log.append("closed")

async def get(req: ApiRequest, res: ApiResponse[{declared}]) -> Sent:
    return res.send({body})
""")
    sent, error = await talk(app, leave_after=chunk)
    assert (error, [message.get("body") for message in sent], log_of(app)) == (None, [None, chunk], ["closed"])


async def test_source_that_reads_the_body_gets_all_of_it() -> None:
    """With `parse_body=False` a stream may be made from the request; nobody else may take its messages."""
    app = make("""
config = RouteConfig(parse_body=False)

async def post(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
    async def shout():
        async for piece in req.stream():
            yield piece.upper()
    return res.send(shout())
""")
    answer = await call(app, "POST", "/api/x", chunks=[b"ab", b"cd"])
    assert answer.body == b"ABCD"


def test_plain_source_runs_in_a_thread() -> None:
    app = make("""
def source():
    log.append(threading.get_ident())
    yield b"a"

async def get(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
    log.append(threading.get_ident())
    return res.send(source())
""")
    assert ask(app).content == b"a"
    loop, source = log_of(app)
    assert loop != source


# --- Files ------------------------------------------------------------------------------------------------------------


def sending(file: Path, more: str = "", *lines: str, status: str = "", **options: Any) -> TypedAPI:
    return handling("File", *lines, f"return res{status}.send(File({str(file)!r}{more}))", **options)


def test_file_is_sent_with_what_is_known_of_it(report: Path) -> None:
    answer = ask(sending(report))
    tag = answer.headers["etag"]
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert dict(answer.headers) == {
        "content-type": "text/csv; charset=utf-8",
        "content-length": "10",
        "accept-ranges": "bytes",
        "last-modified": "Wed, 01 Jan 2020 00:00:00 GMT",
        "etag": tag,
    }


@pytest.mark.parametrize(
    ("more", "disposition"),
    [
        (", filename='Q1.csv'", 'attachment; filename="Q1.csv"'),
        (", filename='Q1.csv', inline=True", 'inline; filename="Q1.csv"'),
        (", filename='Übersicht.csv'", "attachment; filename*=utf-8''%C3%9Cbersicht.csv"),
    ],
)
def test_file_may_be_saved_under_a_name(report: Path, more: str, disposition: str) -> None:
    assert ask(sending(report, more)).headers["content-disposition"] == disposition


@pytest.mark.parametrize(
    ("more", "line", "media_type"),
    [
        (", media_type='text/plain; charset=latin-1'", "pass", "text/plain; charset=latin-1"),
        ("", "res.set_header('content-type', 'application/x-report')", "application/x-report"),
    ],
)
def test_media_type_of_a_file_can_be_set(report: Path, more: str, line: str, media_type: str) -> None:
    assert ask(sending(report, more, line)).headers.get_list("content-type") == [media_type]


def test_headers_of_the_handler_beat_those_of_the_file(report: Path) -> None:
    app = sending(
        report,
        "",
        "res.set_header('ETag', '\"mine\"').set_header('Last-Modified', 'Thu, 02 Jan 2020 00:00:00 GMT')",
        "res.set_cookie('a', '1').set_cookie('b', '2')",
    )
    answer = ask(app)
    assert answer.headers.get_list("etag") == ['"mine"']
    assert answer.headers.get_list("last-modified") == ["Thu, 02 Jan 2020 00:00:00 GMT"]
    assert len(answer.headers.get_list("set-cookie")) == 2


@pytest.mark.parametrize(
    ("ranges", "status_code", "content", "content_range"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-", 206, b"89", "bytes 8-9/10"),
        ("bytes=20-", 416, None, "bytes */10"),
    ],
)
def test_range_of_a_file_is_sent(
    report: Path, ranges: str, status_code: int, content: bytes | None, content_range: str
) -> None:
    answer = ask(sending(report), headers={"range": ranges})
    assert (answer.status_code, answer.headers["content-range"]) == (status_code, content_range)
    assert content is None or answer.content == content


@pytest.mark.parametrize("status", [".status(404)", ".status(201)"])
def test_range_of_another_answer_than_200_is_ignored(report: Path, status: str) -> None:
    """RFC 9110 §14.2: a range applies where the answer without it would be 200."""
    answer = ask(sending(report, status=status), headers={"range": "bytes=2-4"})
    assert (answer.status_code, answer.content) == (int(status[8:11]), b"0123456789")


@pytest.mark.parametrize(
    ("headers", "status_code"),
    [
        ({"if-none-match": "{tag}"}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"other"'}, 200),
        ({"if-modified-since": "Wed, 01 Jan 2020 00:00:00 GMT"}, 304),
        ({"if-modified-since": "Tue, 31 Dec 2019 23:59:59 GMT"}, 200),
        ({"if-modified-since": "Wed, 01 Jan 2020 00:00:00 GMT", "if-none-match": '"other"'}, 200),
        ({"if-none-match": "*", "cache-control": "no-cache"}, 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_known_file_is_not_sent_again(report: Path, headers: dict[str, str], status_code: int, method: str) -> None:
    app = sending(report, "", "res.set_header('x-a', '1')")
    tag = ask(app).headers["etag"]
    answer = ask(app, method, headers={name: value.format(tag=tag) for name, value in headers.items()})
    assert (answer.status_code, answer.headers["etag"], answer.headers["x-a"]) == (status_code, tag, "1")
    assert ("content-length" in answer.headers) is (status_code == 200)
    assert answer.content == (b"0123456789" if (status_code, method) == (200, "GET") else b"")


async def test_known_file_is_an_answer_without_a_body(report: Path) -> None:
    answer = await call(sending(report), "GET", "/api/x", headers={"if-none-match": "*"})
    assert [message["type"] for message in answer.sent] == ["http.response.start", "http.response.body"]
    assert (answer.status, answer.body) == (304, b"")


@pytest.mark.parametrize(
    ("name", "status"), [("post", ""), ("get", ".status(404)")], ids=["another method", "another status"]
)
def test_conditions_hold_for_200_answers_to_get_and_head(report: Path, name: str, status: str) -> None:
    app = sending(report, status=status, name=name)
    assert ask(app, name.upper(), headers={"if-none-match": "*"}).content == b"0123456789"


async def test_head_of_a_file_has_its_length(report: Path) -> None:
    answer = await call(sending(report), "HEAD", "/api/x")
    assert (answer.status, answer.header("content-length"), answer.body) == (200, "10", b"")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing.csv", "FileNotFoundError: "),
        ("", "RuntimeError: "),
        ("nul\0byte", "ValueError: "),
    ],
)
async def test_file_that_cannot_be_sent_is_a_500(
    tmp_path: Path, name: str, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = sending(tmp_path / name, "", "res.set_header('x-a', '1')")
    assert failed(await call(app, "GET", "/api/x"))
    (line,) = logged(caplog)
    assert line.startswith(failure(sentence))


def test_folder_is_no_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert ask(sending(tmp_path)).status_code == 500
    sentence = f"'{tmp_path}' is not a file that can be sent."
    assert logged(caplog) == [failure(f"RuntimeError: {sentence!r}")]


# --- Large answers ----------------------------------------------------------------------------------------------------


def test_large_answer_is_warned_of_from_4mb_on(caplog: pytest.LogCaptureFixture) -> None:
    app = handling("Ok[bytes]", "return res.send(b'x' * (4 * 1024 * 1024 - (req.query.get('less') == '1')))")
    TestClient(app).get("/api/x?less=1")
    assert logged(caplog) == []
    assert TestClient(app).get("/api/x").status_code == 200
    assert logged(caplog) == ["API response for '/api/x' exceeds 4MB. API Routes are meant to respond quickly."]


@pytest.mark.parametrize(
    ("limit", "warnings"),
    [
        ("5", ["API response for '/api/x' exceeds 5B. API Routes are meant to respond quickly."]),
        ("'1.5kb'", []),
        ("None", []),
    ],
)
@pytest.mark.parametrize("body", ["b'x' * 7", "iter([b'xx', b'xx', b'xx', b'xx'])"])
def test_limit_of_an_answer_can_be_set(
    limit: str, warnings: list[str], body: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = make(f"""
config = RouteConfig(response_limit={limit})
async def get(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
    return res.send({body})
""")
    assert ask(app).status_code == 200
    assert logged(caplog) == warnings


# --- Guards -----------------------------------------------------------------------------------------------------------

GUARDS = """
@dataclass
class Session:
    name: str

def sync_guard(req: ApiRequest[object, object]) -> None:
    log.append(("sync", threading.get_ident()))

async def async_guard(req: ApiRequest[object, object]) -> None:
    log.append(("async", threading.get_ident()))
    req.state[Session] = Session("ann")

class Guard:
    async def __call__(self, req: ApiRequest[object, object]) -> None:
        log.append(("object", threading.get_ident()))

def awaitable_guard(req: ApiRequest[object, object]) -> Awaitable[None]:
    return async_guard(req)
"""


async def test_guards_run_in_order_before_the_handler() -> None:
    app = make(
        GUARDS
        + """
config = RouteConfig(before=[sync_guard, async_guard, Guard(), awaitable_guard, functools.partial(async_guard)])

async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    log.append(("handler", None))
    return res.json(req.state[Session].name)
"""
    )
    answer = await call(app, "GET", "/api/x")
    assert answer.json == "ann"
    log = log_of(app)
    assert [name for name, _ in log] == ["sync", "async", "object", "async", "async", "handler"]
    here = threading.get_ident()
    assert [thread == here for _, thread in log[:-1]] == [False, True, True, True, True]


@pytest.mark.parametrize("kind", ["", "async "])
async def test_guard_refuses_before_anything_of_the_request_is_read(kind: str) -> None:
    app = make(f"""
{kind}def guard(req: ApiRequest[object, object]) -> None:
    raise ApiError(401, "Who are you?", {{"www-authenticate": "Bearer"}})

class Search(BaseModel):
    text: str

config = RouteConfig(before=guard)

async def post(req: ApiRequest[User, Search], res: ApiResponse[Ok[str]]) -> Sent:
    return res.send("a")
""")
    answer = await call(app, "POST", "/api/x", headers={"content-type": "application/json"}, body=b"{")
    assert (answer.status, answer.json) == (401, problem(401, "Unauthorized", "Who are you?"))
    assert (answer.header("www-authenticate"), answer.received) == ("Bearer", 0)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("req.body", "The body is read after the guards have run. Refuse by what comes before it."),
        (
            "await req.read()",
            "The body is parsed before the handler runs. Use req.body, or RouteConfig(parse_body=False).",
        ),
    ],
)
async def test_guard_cannot_touch_the_body(line: str, sentence: str, caplog: pytest.LogCaptureFixture) -> None:
    app = make(f"""
async def guard(req: ApiRequest[object, object]) -> None:
    {line}

config = RouteConfig(before=guard)

async def post(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.send("a")
""")
    assert (await call(app, "POST", "/api/x", body=b"a")).status == 500
    assert logged(caplog) == [f"POST '/api/x' failed in post of pages/api/x.py: RuntimeError: {sentence!r}"]


async def test_guards_run_for_the_head_of_get_too() -> None:
    app = make(
        GUARDS
        + """
config = RouteConfig(get=RouteConfig(before=sync_guard))

async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.send("a")

async def post(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.send("a")
"""
    )
    await call(app, "HEAD", "/api/x")
    assert [name for name, _ in log_of(app)] == ["sync"]
    await call(app, "POST", "/api/x")
    assert len(log_of(app)) == 1


# --- Clients that leave -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "async def post(req: ApiRequest[User], res: ApiResponse[Ok[str]]) -> None: log.append(1)",
        "async def post(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None: log.append(1)",
        "async def post(req: ApiRequest[bytes], res: ApiResponse[Ok[str]]) -> None: log.append(1)",
        "config = RouteConfig(parse_body=False)\n"
        "async def post(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:\n    await req.read()\n    log.append(1)",
    ],
)
async def test_client_that_leaves_in_the_middle_of_its_body_is_not_answered(
    source: str, caplog: pytest.LogCaptureFixture
) -> None:
    scope = make_scope("POST", "/api/x", {"content-type": "application/json", "content-length": "9"})
    app = make(source)
    answer = await exchange(app, scope, [piece(b'{"id', more=True), DISCONNECT])
    assert (answer.sent, logged(caplog), log_of(app)) == ([], [], [])


async def test_request_of_two_lengths_is_refused_and_its_connection_closed() -> None:
    """RFC 9112 §6.1: what is left over would be read as a second request."""
    app = handling("Ok[str]", "return res.send('a')", name="post")
    answer = await call(app, "POST", "/api/x", headers={"content-length": "3"}, chunks=[b"abc"])
    assert (answer.status, answer.json, answer.header("connection")) == (
        400,
        problem(400, "Bad Request", "Content-Length and Transfer-Encoding exclude each other."),
        "close",
    )


# --- Forms ------------------------------------------------------------------------------------------------------------

FORM = """
class Upload(BaseModel):
    title: str
    file: UploadFile

async def keep(file: UploadFile) -> None:
    log.append(("after", file.file.closed))

async def post(req: ApiRequest[Form[Upload]], res: ApiResponse[Ok[str]]) -> None:
    log.append(req.body.file)
    res.after(keep, req.body.file)
    {line}
"""
MULTIPART = (
    b"--x\r\nContent-Disposition: form-data; name=title\r\n\r\nT\r\n"
    b"--x\r\nContent-Disposition: form-data; name=file; filename=a.txt\r\n\r\ncontent\r\n--x--\r\n"
)


@pytest.mark.parametrize(
    ("line", "status_code", "after"),
    [
        ("res.send((await req.body.file.read()).decode())", 200, [("after", False)]),
        ("raise KeyError('x')", 500, []),
    ],
)
async def test_uploaded_file_is_closed_after_the_work_that_follows(
    line: str, status_code: int, after: list[object]
) -> None:
    app = make(FORM.format(line=line))
    answer = await call(
        app, "POST", "/api/x", headers={"content-type": "multipart/form-data; boundary=x"}, body=MULTIPART
    )
    file, *rest = log_of(app)
    assert (answer.status, rest, file.file.closed) == (status_code, after, True)


async def test_uploaded_file_is_closed_when_the_request_is_cancelled() -> None:
    app = make(FORM.format(line="await anyio.Event().wait()"))
    log = log_of(app)
    scope = make_scope(
        "POST",
        "/api/x",
        {"content-type": "multipart/form-data; boundary=x", "content-length": str(len(MULTIPART))},
    )

    async def receive() -> Message:
        return piece(MULTIPART)

    async def send(message: Message) -> None:
        raise AssertionError(message)

    async with anyio.create_task_group() as group:
        group.start_soon(app, scope, receive, send)
        with anyio.fail_after(10):
            while not log:
                await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert log[0].file.closed is True


def test_answer_that_is_fine_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "typed_api")
    ask(handling("Ok[str]", "return res.send('a')"))
    assert logged(caplog) == []


# --- refusals, ranges and what a handler must not do to the server ---------------------------------------------------


def test_work_runs_after_a_refusal() -> None:
    """A refusal is an answer: an attempt can be noted, and the caller still told no."""
    app = make(
        WORK
        + """
async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:
    res.after(sync_work, "noted")
    raise ApiError(403, "No.")
"""
    )
    assert ask(app).json() == problem(403, "Forbidden", "No.")
    assert [name for name, _ in log_of(app)] == ["noted"]


def test_error_in_a_stream_is_itself_in_development() -> None:
    app = handling(
        "Ok[bytes]", "def source():", "    yield b'a'", "    raise KeyError('x')", "return res.send(source())"
    )
    with pytest.raises(KeyError):
        TestClient(app).get("/api/x")


@pytest.mark.parametrize("kind", ["", "async "])
def test_handler_that_exits_fails_alone(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    app = handling("Ok[str]", "raise SystemExit(3)", kind=kind)
    assert (ask(app).status_code, ask(app).json()) == (500, FAILED)
    assert "raised SystemExit." in caplog.text


def test_task_of_the_handler_that_was_cancelled_is_a_failure() -> None:
    app = handling("Ok[str]", "task = asyncio.create_task(asyncio.sleep(9))", "task.cancel()", "await task")
    assert ask(app).json() == FAILED


@pytest.mark.parametrize(
    ("given", "status_code", "body"),
    [
        ("bytes=1-2", 206, "bc"),
        ("bytes=-2", 206, "ef"),
        ("bytes=x", 200, "abcdef"),
        ("items=0-1", 200, "abcdef"),
        ("bytes=", 200, "abcdef"),
    ],
)
def test_range_that_is_none_is_ignored(given: str, status_code: int, body: str, tmp_path: Path) -> None:
    """RFC 9110 §14.2: a malformed Range, or one of another unit, is as if it were not there."""
    (tmp_path / "f").write_text("abcdef")
    app = handling("Ok[File]", f"return res.send(File({str(tmp_path / 'f')!r}))")
    answer = ask(app, headers={"range": given})
    assert (answer.status_code, answer.text) == (status_code, body)


def test_range_beyond_the_file_is_a_problem_that_tells_the_size(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("abcdef")
    app = handling("Ok[File]", f"return res.send(File({str(tmp_path / 'f')!r}))")
    answer = ask(app, headers={"range": "bytes=99-"})
    assert answer.json() == problem(416, "Range Not Satisfiable", "The file has no bytes in this range.")
    assert answer.headers["content-range"].endswith("/6")


@pytest.mark.parametrize(("method", "status"), [("POST", "200"), ("GET", "404")])
def test_range_is_for_a_get_that_succeeds(method: str, status: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("abcdef")
    lines = [f"return res.status({status}).send(File({str(tmp_path / 'f')!r}))"]
    app = handling("Ok[File] | NotFound[File]", *lines, name=method.lower())
    answer = ask(app, method, headers={"range": "bytes=1-2"})
    assert (answer.status_code, answer.text) == (int(status), "abcdef")


def test_several_lines_of_if_none_match_are_one_list() -> None:
    app = handling("Ok[str]", "return res.send('a')")
    tag = ask(app).headers["etag"]
    lines = [("if-none-match", tag), ("if-none-match", '"other"')]
    assert TestClient(app).get("/api/x", headers=lines).status_code == 304


def test_no_cache_is_read_in_any_case() -> None:
    app = handling("Ok[str]", "return res.send('a')")
    headers = {"if-none-match": "*", "cache-control": "No-Cache"}
    assert ask(app, headers=headers).status_code == 200


@pytest.mark.parametrize("kind", ["", "async "])
def test_guard_that_returns_a_value_lets_nobody_through(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    app = make(f"""
{kind}def guard(req): return False

async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.send("secret")

config = RouteConfig(before=guard)
""")
    assert ask(app).json() == FAILED
    assert "It refuses by raising ApiError." in caplog.text


def test_guard_of_a_route_that_is_not_threaded_runs_on_the_loop() -> None:
    app = make("""
def guard(req): log.append(threading.get_ident())

async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    log.append(threading.get_ident())
    return res.send("a")

config = RouteConfig(before=guard, threaded=False)
""")
    assert ask(app).text == "a"
    assert len(set(log_of(app))) == 1
