"""Replies: headers, cookies and work for afterwards, which keep the type of what they are chained to."""

import datetime
import functools
from collections.abc import Mapping
from typing import assert_type

from service import SmtpMailer, User

from typed_api import ApiResponse, EmptyReply, NoContent, NotFound, Ok, Problem, Reply, Sent


# Work for afterwards.
async def audit(user_id: int, *, reason: str = "") -> None:
    print(user_id, reason)


# More work for afterwards.
def count(user: User, *names: str) -> int:
    return len(names) + user.id


# Headers and cookies chain, and the body is still that of the status.
def chain_on_reply(res: ApiResponse[Ok[User] | NotFound[Problem]], user: User) -> None:
    reply = res.status(200).set_header("x-total", "1").append_header("vary", "accept").set_cookie("sid", "1")
    assert_type(reply, Reply[User])
    reply.remove_header("vary").delete_cookie("old").json(user)
    res.status(404).set_header("x-total", "0").json(user)  # E[arg-type]


# They chain on the response too, in any order.
def chain_on_response(res: ApiResponse[Ok[User] | NotFound[Problem]], user: User) -> None:
    assert_type(res.set_header("x-total", "1"), ApiResponse[Ok[User] | NotFound[Problem]])
    res.set_header("x-total", "1").set_cookie("sid", "1").status(200).json(user)
    res.set_header("x-total", "1").json(user)
    res.set_cookie("sid", "1").redirect(303, "/")
    res.set_header("x-total", "1").status(409)  # E[call-overload]
    res.set_cookie("sid", "1").json(Problem())  # E[arg-type]


# They chain on a reply without a body.
def chain_on_empty_reply(res: ApiResponse[NoContent]) -> None:
    assert_type(res.status(204).set_header("x-gone", "1"), EmptyReply)
    res.status(204).set_header("x-gone", "1").delete_cookie("sid").end()
    res.status(204).set_header("x-gone", "1").json(None)  # E[attr-defined]


# A header is a string.
def set_wrong_header(res: ApiResponse[Ok[User]]) -> None:
    res.set_header("x-total", 1)  # E[arg-type]
    res.status(200).set_header("x-total", 1)  # E[arg-type]
    res.append_header("vary", ["accept"])  # E[arg-type]
    res.set_header("x-total")  # E[call-arg]


# A cookie has typed options.
def set_cookies(res: ApiResponse[NoContent], end: datetime.datetime) -> None:
    res.set_cookie("sid", "1", max_age=60, expires=end, path="/app", secure=True, httponly=False, samesite="strict")
    res.set_cookie("sid", "1", samesite=None)
    res.set_cookie("sid", "1", samesite="Lax")  # E[arg-type]
    res.set_cookie("sid", "1", max_age="60")  # E[arg-type]
    res.set_cookie("sid", "1", http_only=True)  # E[call-arg]
    res.status(204).set_cookie("sid", 1)  # E[arg-type]


# What has been set can be read.
def read_back(res: ApiResponse[Ok[User] | NoContent]) -> None:
    assert_type(res.get_header("x-total"), str | None)
    assert_type(res.has_header("x-total"), bool)
    assert_type(res.headers, Mapping[str, str])
    assert_type(res.status_code, int)
    assert_type(res.sent, bool)
    assert_type(res.status(200).status_code, int)
    assert_type(res.status(204).headers["x-total"], str)


# What has been set is not set by assignment.
def assign(res: ApiResponse[Ok[User] | NoContent]) -> None:
    res.status_code = 404  # E[misc]
    res.sent = True  # E[misc]
    res.headers["x-total"] = "1"  # E[index]
    res.status(200).status_code = 404  # E[misc]


# Every ending method proves that the handler answered.
def reveal_sent(res: ApiResponse[Ok[User | None]], user: User) -> None:
    assert_type(res.json(user), Sent)
    assert_type(res.send(user), Sent)
    assert_type(res.redirect("/"), Sent)
    assert_type(res.end(), Sent)
    assert_type(res.status(200).json(user), Sent)
    assert_type(res.status(200).send(user), Sent)
    assert_type(res.status(200).end(), Sent)


# An answer is the end of the chain.
def chain_after_answer(res: ApiResponse[Ok[User]], user: User) -> None:
    res.json(user).set_header("x-late", "1")  # E[attr-defined]


# Work for afterwards takes the arguments of its function.
def do_afterwards(res: ApiResponse[NoContent], user: User, mailer: SmtpMailer) -> None:
    res.after(audit, 1)
    res.after(audit, 1, reason="asked to")
    res.after(count, user, "a", "b")
    res.after(mailer.mail, "ann@example.com", text="gone")
    res.after(print, "done", end="")
    res.after(functools.partial(audit, 1))
    res.after(lambda: None)
    res.status(204).after(audit, user_id=1)


# It takes no others.
def do_wrong_things_afterwards(res: ApiResponse[NoContent | Ok[User]], user: User) -> None:
    res.after(audit)  # E[call-arg]
    res.after(audit, "1")  # E[arg-type]
    res.after(audit, 1, cause="asked to")  # E[call-arg]
    res.after(count, 1)  # E[arg-type]
    res.after(count, user, 2)  # E[arg-type]
    res.status(204).after(audit, None)  # E[arg-type]
    res.status(200).after(count)  # E[call-arg]


# It is handed over, not called.
def call_instead(res: ApiResponse[NoContent], user: User) -> None:
    res.after(count(user))  # E[arg-type]
    res.after(audit(1))  # E[arg-type]
