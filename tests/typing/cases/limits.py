"""Limits: where types alone go wrong, and what to write instead. Each limit that is mended leaves this file."""

import http
from collections.abc import Iterator
from typing import Literal, Never

from service import ById, Mailer, Plain, Row, User, find_user

from typed_api import (
    ApiRequest,
    ApiResponse,
    ClientError,
    Code,
    EventStream,
    File,
    NotFound,
    Ok,
    Problem,
    Sent,
)


def list_users() -> Iterator[User]:
    yield User(id=1, name="Ann")


# Two markers of one status: to mypy no body fits, to pyright the first one counts. Write `Ok[User | Row]`.
def declare_twice(res: ApiResponse[Ok[User] | Ok[Row]]) -> None:
    res.json(User(id=1, name="Ann"))  # E[arg-type]: mypy
    res.json({"id": 1, "name": "Ann"})  # E[arg-type]


# An exact status whose body differs from that of its group: to mypy no body fits it.
def differ_from_group(res: ApiResponse[NotFound[Row] | ClientError[Problem]]) -> None:
    res.status(404).json({"id": 1, "name": "Ann"})  # E[arg-type]: mypy
    res.status(404).json(Problem())  # E[arg-type]
    res.status(409).json(Problem())


# Two codes without a marker in one union: mypy finds neither, pyright the first.
def declare_two_codes(res: ApiResponse[Code[Literal[425], Row] | Code[Literal[507], Problem]]) -> None:
    res.status(425).json({"id": 1, "name": "Ann"})  # E[arg-type]: mypy
    res.status(507).json(Problem())  # E[arg-type]


# A group knows the registered statuses alone. Declare others with `Code`.
def answer_unregistered(res: ApiResponse[Ok[User] | ClientError[Problem]]) -> None:
    res.status(499).json(Problem())  # E[call-overload]


# A member of `HTTPStatus` is no literal number. Write the number.
def answer_http_status(res: ApiResponse[Ok[User] | NotFound[Problem]], bare: ApiResponse[User]) -> None:
    bare.status(http.HTTPStatus.OK).json(User(id=1, name="Ann"))
    res.status(http.HTTPStatus.OK).json(User(id=1, name="Ann"))  # E[call-overload]


# A response of a bare type does not go to a helper that names a status. Name the statuses.
def call_helper(res: ApiResponse[Problem]) -> Sent:
    return answer_missing(res)  # E[arg-type]


# The helper of the case before.
def answer_missing(res: ApiResponse[NotFound[Problem]]) -> Sent:
    return res.status(404).json(Problem())


# A streamed body has no JSON, yet `json()` takes it; the running server refuses.
def send_stream_as_json(
    stream: ApiResponse[Ok[EventStream[User]]], file: ApiResponse[Ok[File]], raw: ApiResponse[Ok[bytes]]
) -> None:
    stream.json(EventStream(list_users()))
    file.status(200).json(File("a.txt"))
    raw.json(b"data")


# Only the running server refuses `ApiResponse[Never]` to end without a redirect.
def end_without_redirect(res: ApiResponse[Never]) -> None:
    res.end()
    res.status(404).end()


# The values of a mapping are not looked into: `Plain` is found at start.
def declare_plain_values(res: ApiResponse[Ok[dict[str, Plain]]]) -> None:
    res.json({"a": Plain()})


# Bare types beside markers are found at start.
def mix_bare_and_markers(res: ApiResponse[User | NotFound[Problem]]) -> None:
    res.status(404).json(Problem())


# Two answers in a row are no error of types.
def answer_twice(req: ApiRequest[None, ById], res: ApiResponse[Ok[User] | NotFound[Problem]]) -> None:
    user = find_user(req.query["id"])
    if user is None:
        res.status(404).json(Problem())
    res.json(user or User(id=1, name="Ann"))


# No answer is no error of types either, in a handler annotated `-> None`. Write `-> Sent`.
def answer_never(req: ApiRequest[None, ById], res: ApiResponse[Ok[User]]) -> None:
    print(req.query["id"], res.status_code)


# An object of another class may be put into the state; reading it back then finds nothing.
def put_wrong_object(req: ApiRequest) -> None:
    req.state[Mailer] = User(id=1, name="Ann")
    req.state[User] = find_user(1)
