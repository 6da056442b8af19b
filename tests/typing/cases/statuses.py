"""Statuses: which ones `res.status(...)` takes, and the body that each then takes."""

from typing import Final, Literal, Never, assert_type

from service import Admin, NewUser, OutOfStock, Row, User

from typed_api import (
    Accepted,
    ApiRequest,
    ApiResponse,
    BadGateway,
    BadRequest,
    ClientError,
    Code,
    Conflict,
    Created,
    EmptyReply,
    Forbidden,
    NoContent,
    NotFound,
    NotModified,
    Ok,
    Problem,
    Reply,
    ResetContent,
    Sent,
    ServerError,
    ServiceUnavailable,
    Success,
    TooManyRequests,
    Unauthorized,
)


# Each declared status takes the body declared for it.
def get_user(req: ApiRequest, res: ApiResponse[Ok[User] | NotFound[Problem]]) -> Sent:
    if "id" not in req.query:
        return res.status(404).json(Problem(title="No such user"))
    return res.status(200).json(User(id=1, name="Ann"))


# The body of one status is refused for another.
def swap_bodies(res: ApiResponse[Ok[User] | NotFound[Problem]]) -> None:
    res.status(404).json(User(id=1, name="Ann"))  # E[arg-type]
    res.status(200).json(Problem(title="No such user"))  # E[arg-type]


# A status that is not declared is refused.
def answer_undeclared_status(res: ApiResponse[Ok[User] | NotFound[Problem]]) -> None:
    res.status(418)  # E[call-overload]
    res.status(409).json(Problem(title="Taken"))  # E[call-overload]


# With one declared status, too, any other is refused.
def answer_other_than_the_only_status(res: ApiResponse[Ok[User]]) -> None:
    res.status(404)  # E[arg-type]


# A number that is no HTTP status, or no number, is no status.
def answer_impossible_status(res: ApiResponse[Ok[User] | NotFound[Problem]]) -> None:
    res.status(999)  # E[call-overload]
    res.status("200")  # E[call-overload]


# A number that is only known while running is no declared status.
def answer_computed_status(res: ApiResponse[Ok[User] | NotFound[Problem]], code: int) -> None:
    res.status(code)  # E[call-overload]


# A constant is as good as the number itself.
def answer_constant_status(res: ApiResponse[Ok[User] | NotFound[Problem]]) -> Sent:
    missing: Final = 404
    return res.status(missing).json(Problem())


# A choice between declared statuses takes what all of them take.
def answer_either_status(res: ApiResponse[NotFound[Problem] | Forbidden[Problem] | Ok[User]], hide: bool) -> Sent:
    return res.status(404 if hide else 403).json(Problem())


# A status that is narrowed takes the body it is narrowed to.
def answer_narrowed_status(res: ApiResponse[Ok[User] | NotFound[Problem]], code: Literal[200, 404]) -> Sent:
    if code == 404:
        return res.status(code).json(Problem())
    return res.status(code).json(User(id=1, name="Ann"))


# A reply may be kept, and answered with later.
def keep_reply(res: ApiResponse[Ok[User] | NotFound[Problem]]) -> Sent:
    reply = res.status(404)
    reply.set_header("x-reason", "gone")
    reply.json(User(id=1, name="Ann"))  # E[arg-type]
    return reply.json(Problem())


# A choice with an undeclared status is refused.
def answer_either_undeclared_status(res: ApiResponse[Ok[User] | NotFound[Problem]], code: Literal[403, 404]) -> None:
    res.status(code).json(Problem())  # E[arg-type]


# `json()` and `send()` without `status()` answer 200.
def answer_without_status(res: ApiResponse[Created[User]]) -> None:
    res.json(User(id=1, name="Ann"))  # E[arg-type]
    res.send(User(id=1, name="Ann"))  # E[arg-type]
    res.status(201).json(User(id=1, name="Ann"))


# `end()` without `status()` answers 200 too.
def end_without_status(res: ApiResponse[Created[User] | NotFound[Problem]]) -> None:
    res.end()  # E[misc]


# A declared status may be answered without its body, as to a HEAD request.
def end_with_status(res: ApiResponse[Ok[User] | NotFound[Problem]], found: bool) -> Sent:
    if not found:
        return res.status(404).end()
    return res.end()


# 204, 205 and 304 have no body to give, so there is `end()` alone.
def delete_user(res: ApiResponse[NoContent | ResetContent | NotModified]) -> None:
    assert_type(res.status(204), EmptyReply)
    res.status(204).end()
    res.status(205).end()
    res.status(304).end()
    res.status(204).json(None)  # E[attr-defined]
    res.status(205).send("gone")  # E[attr-defined]
    res.json(None)  # E[arg-type]
    res.end()  # E[misc]


# What a status takes is told by the type of its reply.
def reveal_replies(res: ApiResponse[Ok[User] | Created[list[User]] | Accepted[Row | None] | NotFound[Problem]]) -> None:
    assert_type(res.status(200), Reply[User])
    assert_type(res.status(201), Reply[list[User]])
    assert_type(res.status(202), Reply[Row | None])
    assert_type(res.status(404).json(Problem()), Sent)


# Where two bodies are declared for one status, either goes, and nothing else.
def answer_either_body(res: ApiResponse[Ok[User | Row] | BadRequest[Problem | OutOfStock]]) -> None:
    res.json(User(id=1, name="Ann"))
    res.json({"id": 1, "name": "Ann"})
    res.status(400).json(OutOfStock(left=3))
    res.status(200).json(NewUser(name="Ann"))  # E[arg-type]


# A bare type may be answered with any status, also one that is only known while running.
def answer_bare_type(res: ApiResponse[User], code: int) -> None:
    res.json(User(id=1, name="Ann"))
    res.status(202).json(User(id=1, name="Ann"))
    res.status(code).json(Admin(id=1, name="Ann"))
    res.status(code).end()
    assert_type(res.status(404), Reply[User])


# Any other body than the bare type is refused under every status.
def answer_other_than_bare_type(res: ApiResponse[User], code: int) -> None:
    res.json(Problem())  # E[arg-type]
    res.status(404).json(Problem())  # E[arg-type]
    res.status(code).json(Problem())  # E[arg-type]


# A union of bare types takes each of them under every status.
def answer_bare_union(res: ApiResponse[User | Problem]) -> None:
    res.json(User(id=1, name="Ann"))
    res.status(404).json(Problem())
    res.status(200).json(3)  # E[arg-type]


# A group takes every status of its hundred that has a name.
def answer_groups(res: ApiResponse[Success[User] | ClientError[Problem] | ServerError[Row]]) -> None:
    res.json(User(id=1, name="Ann"))
    res.status(201).json(User(id=1, name="Ann"))
    res.status(207).json(User(id=1, name="Ann"))
    res.status(404).json(Problem())
    res.status(405).json(Problem())
    res.status(503).json({"id": 1, "name": "queue"})
    res.status(507).json({"id": 1, "name": "disk"})
    assert_type(res.status(409), Reply[Problem])


# A group takes no status outside its hundred, and no other body.
def answer_outside_group(res: ApiResponse[Ok[User] | ClientError[Problem]]) -> None:
    res.status(500).json(Problem())  # E[call-overload]
    res.status(201).json(User(id=1, name="Ann"))  # E[call-overload]
    res.status(409).json(User(id=1, name="Ann"))  # E[arg-type]
    res.status(431).json(User(id=1, name="Ann"))  # E[arg-type]


# An exact status and its group may be declared side by side.
def answer_exact_and_group(res: ApiResponse[Ok[User] | NotFound[Problem] | ClientError[Problem]]) -> None:
    res.status(404).json(Problem())
    res.status(422).json(Problem())
    res.status(404).json(User(id=1, name="Ann"))  # E[arg-type]


# A status without a marker is declared by its number.
def answer_code(res: ApiResponse[Ok[User] | Code[Literal[425], Row] | ClientError[Problem]]) -> None:
    res.status(425).json({"id": 1, "name": "retry"})
    res.status(426).json(Problem())
    assert_type(res.status(425), Reply[Row])
    res.status(425).json(User(id=1, name="Ann"))  # E[arg-type]


# A number that is not declared is refused beside one that is.
def answer_other_code(res: ApiResponse[Ok[User] | Code[Literal[425], Row]]) -> None:
    res.status(426).json({"id": 1, "name": "retry"})  # E[call-overload]


# Many statuses of one handler keep their bodies apart.
def post_order(
    res: ApiResponse[
        Created[Row]
        | Unauthorized[Problem]
        | Forbidden[Problem]
        | Conflict[OutOfStock]
        | TooManyRequests[Problem]
        | BadGateway[str]
        | ServiceUnavailable[None]
    ],
) -> None:
    res.status(201).json({"id": 1, "name": "order"})
    res.status(401).json(Problem())
    res.status(409).json(OutOfStock(left=0))
    res.status(429).set_header("retry-after", "1").json(Problem())
    res.status(502).send("The bank is away.")
    res.status(503).send()
    res.status(409).json(Problem())  # E[arg-type]
    res.status(502).send(None)  # E[arg-type]


# `ApiResponse[Never]` redirects, and answers with nothing else.
def go_home(res: ApiResponse[Never], moved: bool) -> Sent:
    res.status(200).json(Problem())  # E[arg-type]
    res.json(None)  # E[arg-type]
    res.send("home")  # E[arg-type]
    if moved:
        return res.redirect(308, "/home")
    return res.redirect("/home")


# A redirect takes the five redirecting statuses and a URL.
def redirect_somewhere(res: ApiResponse[Ok[User]], code: int, known: Literal[302, 303]) -> None:
    res.redirect(303, "/done")
    res.redirect(known, "/done")
    res.redirect(200, "/done")  # E[call-overload]
    res.redirect(304, "/done")  # E[call-overload]
    res.redirect(code, "/done")  # E[call-overload]
    res.redirect("/done", 303)  # E[call-overload]
    res.redirect(303)  # E[call-overload]


# A response says what may be answered: it needs its type argument.
def answer_nothing_in_particular(res: ApiResponse) -> None: ...  # E[type-arg]
