"""Requests: what `ApiRequest[Body, Query, Headers]` gives a handler, all of it read-only."""

import uuid
from collections.abc import Mapping
from typing import assert_type

from pydantic import BaseModel
from service import ById, Clock, Mailer, NewUser, Point, Row, Search, SmtpMailer, Tracing, User, WallClock
from starlette.datastructures import Headers

from typed_api import ApiRequest, ApiResponse, Created, Form, Method, NoContent, Ok, Query, Sent, UploadFile


class Avatar(BaseModel):
    """A form with a file."""

    owner: int
    picture: UploadFile


# A request of no declared types has an object for a body, and the untyped query and headers.
def read_defaults(req: ApiRequest) -> None:
    assert_type(req, ApiRequest[object, Query, Headers])
    assert_type(req.body, object)
    assert_type(req.query, Query)
    assert_type(req.headers, Headers)


# An undeclared body has to be looked at before it is used.
def read_undeclared_body(req: ApiRequest) -> None:
    print(req.body.name)  # E[attr-defined]
    if isinstance(req.body, bytes):
        assert_type(req.body.decode(), str)


# A declared body is of its type.
def post_user(req: ApiRequest[NewUser], res: ApiResponse[Created[User]]) -> Sent:
    assert_type(req.body, NewUser)
    print(req.body.nmae)  # E[attr-defined]
    print(req.body.name + 1)  # E[operator]
    return res.status(201).json(User(id=1, name=req.body.name))


# Rows, lists, unions and dataclasses are bodies as well.
def post_others(rows: ApiRequest[list[Row]], point: ApiRequest[Point], either: ApiRequest[NewUser | Point]) -> None:
    assert_type(rows.body[0]["name"], str)
    assert_type(point.body.x, int)
    print(rows.body[0]["nick"])  # E[typeddict-item]
    print(either.body.name)  # E[union-attr]
    if isinstance(either.body, NewUser):
        assert_type(either.body.name, str)


# Raw bytes are declared as bytes.
def post_bytes(req: ApiRequest[bytes]) -> None:
    assert_type(req.body, bytes)


# A handler that declares None has no body.
def get_without_body(req: ApiRequest[None]) -> None:
    assert_type(req.body, None)
    print(req.body.name)  # E[attr-defined]


# A form is, to a checker, its model.
async def post_form(req: ApiRequest[Form[Avatar]], res: ApiResponse[NoContent]) -> Sent:
    assert_type(req.body, Avatar)
    assert_type(req.body.picture.filename, str | None)
    assert_type(await req.body.picture.read(), bytes)
    print(req.body.photo)  # E[attr-defined]
    return res.status(204).end()


# The untyped query gives a string or a list of strings.
def read_query(req: ApiRequest) -> None:
    assert_type(req.query["id"], str | list[str])
    assert_type(req.query.get("page"), str | list[str] | None)
    assert_type(req.query.get("page", "1"), str | list[str])
    assert_type("page" in req.query, bool)
    assert_type(list(req.query), list[str])
    page = req.query.get("page")
    print(int(page))  # E[arg-type]
    if isinstance(page, str):
        assert_type(int(page), int)


# A query model gives typed fields, and no items.
def read_query_model(req: ApiRequest[None, Search]) -> None:
    assert_type(req.query.page, int)
    assert_type(req.query.text, str)
    print(req.query.size)  # E[attr-defined]
    print(req.query["page"])  # E[index]


# A query TypedDict gives typed items, and no others.
def read_query_row(req: ApiRequest[None, ById]) -> None:
    assert_type(req.query["id"], int)
    assert_type(req.query.get("verbose"), bool | None)
    print(req.query["ident"])  # E[typeddict-item]


# The untyped headers are a mapping of strings, whatever the case of a name.
def read_headers(req: ApiRequest) -> None:
    assert_type(req.headers["x-request-id"], str)
    assert_type(req.headers.get("X-Request-Id"), str | None)


# A headers model gives typed fields.
def read_headers_model(req: ApiRequest[None, Query, Tracing]) -> None:
    assert_type(req.headers.x_request_id, uuid.UUID)
    print(req.headers.x_trace)  # E[attr-defined]
    print(req.headers["x-request-id"])  # E[index]


# What comes with every request is typed.
def read_the_rest(req: ApiRequest) -> None:
    assert_type(req.method, Method)
    assert_type(req.url, str)
    assert_type(req.path, str)
    assert_type(req.params, Query)
    assert_type(req.cookies, Mapping[str, str])
    assert_type(req.env.get("HOME"), str | None)
    assert_type(req.app.title, str)
    if req.client is not None:
        assert_type(req.client.port, int)


# The stream and the whole body are bytes.
async def read_raw(req: ApiRequest) -> None:
    assert_type(await req.read(), bytes)
    async for chunk in req.stream():
        assert_type(chunk, bytes)


# A method of another protocol can be ruled out.
def compare_method(req: ApiRequest) -> None:
    if req.method == "TRACE":  # E[comparison-overlap]
        print("never")


# No part of a request can be assigned to.
def assign(req: ApiRequest[NewUser], body: NewUser) -> None:
    req.body = body  # E[misc]
    req.query = Query({})  # E[misc]
    req.headers = Headers()  # E[misc]
    req.method = "GET"  # E[misc]
    req.cookies = {}  # E[misc]


# Nor can the mappings of a request.
def assign_items(req: ApiRequest) -> None:
    req.query["page"] = "1"  # E[index]
    req.params["id"] = "1"  # E[index]
    req.cookies["sid"] = "1"  # E[index]
    req.env["HOME"] = "/"  # E[index]
    req.headers["host"] = "x"  # E[index]


# The state gives an instance of the class that is asked for.
def use_state(req: ApiRequest) -> None:
    assert_type(req.state[User], User)
    assert_type(req.state[SmtpMailer], SmtpMailer)
    assert_type(req.state[Point].x, int)
    req.state[SmtpMailer].mail(User(id=1, name="Ann"), "hello")  # E[arg-type]
    print(req.state["mailer"])  # E[index]


# An interface is asked for as any class is: an abstract class, or a protocol.
def use_interfaces(req: ApiRequest) -> None:
    assert_type(req.state[Mailer], Mailer)
    assert_type(req.state[Clock], Clock)
    req.state[Mailer].mail("ann@example.com", "hello")
    req.state[Mailer].send("ann@example.com")  # E[attr-defined]


# A guard sets what a handler reads.
def fill_state(req: ApiRequest[object, object]) -> None:
    req.state[User] = User(id=1, name="Ann")
    req.state[SmtpMailer] = SmtpMailer("localhost")
    req.state[Mailer] = SmtpMailer("localhost")
    req.state[Clock] = WallClock()
    if User in req.state:
        req.state.put(User(id=2, name="Bob"))


# A function is no class.
def ask_for_function(req: ApiRequest) -> None:
    print(req.state[fill_state])  # E[index]


# A request of narrower types goes where wider ones are taken.
def pass_on(
    bare: ApiRequest,
    typed: ApiRequest[NewUser, Search],
    traced: ApiRequest[User, Search, Tracing],
    raw: ApiRequest[bytes],
) -> None:
    fill_state(bare)
    fill_state(typed)
    fill_state(raw)
    log_any_request(traced)
    log_any_request(typed)
    read_trace(traced)


# It does not go where narrower ones are taken.
def pass_on_wrongly(
    bare: ApiRequest, typed: ApiRequest[NewUser, Search], traced: ApiRequest[User, Search, Tracing]
) -> None:
    read_undeclared_body(typed)  # E[arg-type]
    read_query_model(bare)  # E[arg-type]
    read_query_model(typed)  # E[arg-type]
    read_trace(typed)  # E[arg-type]
    fill_state(traced)  # E[arg-type]


# A helper for every request takes three objects, since headers can be declared too.
def log_any_request(req: ApiRequest[object, object, object]) -> None:
    print(req.method, req.path)


# A helper may ask for one part alone.
def read_trace(req: ApiRequest[object, object, Tracing]) -> uuid.UUID:
    return req.headers.x_request_id


# The methods of a request branch exhaustively.
def handler(req: ApiRequest, res: ApiResponse[Ok[Row] | NoContent]) -> Sent:
    match req.method:
        case "GET" | "HEAD":
            return res.json({"id": 1, "name": "Ann"})
        case "POST" | "PUT" | "PATCH":
            return res.json({"id": 2, "name": "Bob"})
        case "DELETE" | "OPTIONS":
            return res.status(204).end()


# Forgetting one of the methods leaves a way without an answer.
def forgetful_handler(req: ApiRequest, res: ApiResponse[Ok[Row]]) -> Sent:  # E[return]
    if req.method in ("GET", "HEAD", "POST"):
        return res.json({"id": 1, "name": "Ann"})
    if req.method == "DELETE":
        return res.json({"id": 2, "name": "Bob"})
