"""What a handler may do with its response, without an app around it."""

import datetime
import io
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from typed_api._types import SENT
from typed_api.errors import ResponseAlreadySent, ResponseValidationError
from typed_api.problem import Problem
from typed_api.response import (
    JSON_TYPE,
    PROBLEM_TYPE,
    REDIRECT_MISUSE,
    ApiResponse,
    BodyPlan,
    BodyPlans,
    ResponseSpec,
)
from typed_api.schema import response_codec, spell
from typed_api.streams import EventStream, File, JsonLines

NAME = "get of pages/api/x.py"


class User(BaseModel):
    name: str


def plan(declared: Any = Any, *, content_type: bytes = JSON_TYPE, **more: Any) -> BodyPlan:
    """Make the plan of a status with this JSON body."""
    codec = response_codec(declared)
    made = BodyPlan()
    made.validate, made.to_json, made.refusal = codec.validate, codec.to_json, codec.refusal
    made.content_type = content_type
    made.may_be_problem = more.get("may_be_problem", False)
    made.event, made.line = more.get("event"), more.get("line")
    made.takes_bytes, made.takes_file = more.get("takes_bytes", False), more.get("takes_file", False)
    made.declared = spell(declared)
    return made


def respond(made: BodyPlan | None = None, *, secure_cookies: bool = True) -> ApiResponse[Any]:
    """Make a response whose every status has this plan, or any JSON body."""
    plans = BodyPlans(lambda status_code: made or plan())
    return ApiResponse(ResponseSpec(plans, NAME, secure_cookies=secure_cookies, debug=False))


def lines(res: ApiResponse[Any]) -> list[tuple[str, str]]:
    """Give the header lines as they were set."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in res.headers.raw]  # type: ignore[attr-defined]


# --- status() ---------------------------------------------------------------------------------------------------------


def test_status_is_200_unless_set() -> None:
    assert respond().status_code == 200


def test_status_gives_the_response_itself() -> None:
    """Row 1: `status()` is chainable."""
    res = respond()
    assert res.status(201) is res
    assert res.status_code == 201


def test_last_status_wins() -> None:
    """Row 1: of several calls the last one counts."""
    res = respond()
    res.status(201).status(404).status(202)  # type: ignore[attr-defined]
    assert res.status_code == 202


@pytest.mark.parametrize("code", [200, 299, 304, 418, 599])
def test_final_status_is_taken(code: int) -> None:
    """Row 5: an unregistered status is taken too."""
    res = respond()
    res.status(code)
    assert res.status_code == code


@pytest.mark.parametrize("code", [HTTPStatus.CREATED, HTTPStatus.IM_A_TEAPOT])
def test_member_of_http_status_is_as_good_as_its_number(code: HTTPStatus) -> None:
    res = respond()
    res.status(code)
    assert (res.status_code, type(res.status_code)) == (code.value, int)


@pytest.mark.parametrize(
    "code", [100, 103, 199, 600, 999, 1000, 0, -1, True, 200.0, 200.7, "201", "abc", None, HTTPStatus.CONTINUE]
)
def test_any_other_status_is_refused_at_once(code: Any) -> None:
    """Rows 2 to 4 and 7: what is no final status is not coerced, and does not wait for the answer to fail."""
    res = respond()
    with pytest.raises(ValueError) as caught:
        res.status(code)
    assert str(caught.value) == f"{code!r} is not a status that a response can end with. Use a number from 200 to 599."
    assert res.status_code == 200


# --- json() -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ({"a": [1, None, True]}, b'{"a":[1,null,true]}'),
        ("text", b'"text"'),
        ("", b'""'),
        (None, b"null"),
        (0, b"0"),
        (1.5, b"1.5"),
        (True, b"true"),
        (User(name="é"), '{"name":"é"}'.encode()),
        (datetime.date(2024, 2, 29), b'"2024-02-29"'),
    ],
)
def test_json_writes_one_compact_document(body: object, data: bytes) -> None:
    """Rows 33, 34, 36 and 40: text is quoted, None is null, non-ASCII stays as it is."""
    res = respond()
    assert res.json(body) is SENT
    assert (res._body, res.get_header("content-type"), res.sent) == (data, "application/json; charset=utf-8", True)


def test_json_is_checked_against_the_declared_type() -> None:
    res = respond(plan(User))
    with pytest.raises(ResponseValidationError) as caught:
        res.json({"name": 5})
    assert [error["loc"] for error in caught.value.errors] == [["name"]]
    assert (res.sent, lines(res)) == (False, [])


def test_json_after_one_that_was_refused_answers() -> None:
    res = respond(plan(User))
    with pytest.raises(ResponseValidationError):
        res.json({})
    assert res.json({"name": "ann"}) is SENT
    assert res._body == b'{"name":"ann"}'


@pytest.mark.parametrize(
    "media_type",
    ["application/vnd.api+json", "application/json", "Application/JSON; charset=utf-8", "application/ld+json; v=1"],
)
def test_json_keeps_a_json_media_type(media_type: str) -> None:
    """Row 16: a JSON media type of the handler's own is kept."""
    res = respond()
    res.set_header("Content-Type", media_type)
    res.json({})
    assert res.get_header("content-type") == media_type


@pytest.mark.parametrize("media_type", ["text/html", "text/json", "application/xml", "nonsense", ""])
def test_json_overwrites_any_other_media_type(media_type: str) -> None:
    """Row 32: `json()` sets the media type."""
    res = respond()
    res.set_header("content-type", media_type)
    res.json({})
    assert lines(res) == [("content-type", "application/json; charset=utf-8")]


def test_json_of_a_plan_for_problems_is_a_problem() -> None:
    res = respond(plan(Problem, content_type=PROBLEM_TYPE))
    res.json(Problem())
    assert res.get_header("content-type") == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(Problem(), "application/problem+json"), (User(name="ann"), "application/json; charset=utf-8")],
)
def test_problem_among_other_bodies_has_its_own_media_type(body: object, media_type: str) -> None:
    res = respond(plan(Problem | User, may_be_problem=True))
    res.json(body)
    assert res.get_header("content-type") == media_type


def test_problem_keeps_a_json_media_type_that_was_set() -> None:
    res = respond(plan(Problem | User, may_be_problem=True))
    res.set_header("content-type", "application/vnd.api+json")
    res.json(Problem())
    assert res.get_header("content-type") == "application/vnd.api+json"


# --- send() -----------------------------------------------------------------------------------------------------------


def test_send_of_text_is_text() -> None:
    """Rows 11 and 13: text goes out as UTF-8, unquoted."""
    res = respond()
    assert res.send("héllo") is SENT
    assert (res._body, lines(res)) == ("héllo".encode(), [("content-type", "text/plain; charset=utf-8")])


def test_send_of_empty_text_is_an_answer() -> None:
    """Row 12: "" is a body of no bytes."""
    res = respond()
    res.send("")
    assert (res._body, res.sent, res.get_header("content-type")) == (b"", True, "text/plain; charset=utf-8")


@pytest.mark.parametrize("body", [b"\x00\xff", bytearray(b"\x00\xff"), memoryview(b"\x00\xff")])
def test_send_of_bytes_is_binary(body: object) -> None:
    """Rows 21 and 23: bytes of every kind go out as they are."""
    res = respond(plan(takes_bytes=True))
    assert res.send(body) is SENT
    assert (res._body, lines(res)) == (b"\x00\xff", [("content-type", "application/octet-stream")])


@pytest.mark.parametrize("body", ["<p>", b"<p>", iter([b"<p>"])])
def test_send_keeps_the_media_type_that_was_set(body: object) -> None:
    """Row 14: a content type of the handler's own is kept."""
    res = respond(plan(takes_bytes=True))
    res.set_header("content-type", "text/html")
    res.send(body)
    assert lines(res) == [("content-type", "text/html")]


@pytest.mark.parametrize("body", [{"a": 1}, [1], 1, 0, True, False, User(name="ann")])
def test_send_of_any_other_value_is_json(body: object) -> None:
    """Rows 15, 17 and 19: an object, a list, a number or a bool goes out as JSON."""
    res, reference = respond(), respond()
    assert res.send(body) is SENT
    reference.json(body)
    assert (res._body, lines(res)) == (reference._body, [("content-type", "application/json; charset=utf-8")])


def test_send_of_nothing_is_an_empty_answer() -> None:
    """Row 20: None and no argument are an empty body without a content type."""
    res, reference = respond(), respond()
    assert (res.send(None), reference.send()) == (SENT, SENT)
    assert (res._body, lines(res)) == (reference._body, lines(reference)) == (b"", [])


async def chunks() -> AsyncIterator[bytes]:
    yield b"a"


@pytest.mark.parametrize("source", [lambda: iter([b"a"]), chunks, lambda: io.BytesIO(b"a"), lambda: map(bytes, [b"a"])])
def test_send_of_an_iterator_is_a_stream_of_bytes(source: Callable[[], object]) -> None:
    """Row 25: a stream is binary unless a content type was set."""
    res = respond(plan(takes_bytes=True))
    body = source()
    assert res.send(body) is SENT
    assert (res._stream, res._body, lines(res)) == (body, None, [("content-type", "application/octet-stream")])
    assert res.sent


@pytest.mark.parametrize(
    ("made", "body"),
    [
        (plan(event=bytes), EventStream([1])),
        (plan(line=bytes), JsonLines([1])),
        (plan(takes_file=True), File("x.txt")),
    ],
)
def test_send_of_a_streamed_body_is_kept_for_later(made: BodyPlan, body: object) -> None:
    res = respond(made)
    assert res.send(body) is SENT
    assert (res._stream, res._body, res.sent, lines(res)) == (body, None, True, [])


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"a", "bytes"),
        (bytearray(b"a"), "bytearray"),
        (iter([b"a"]), "list_iterator"),
        (EventStream([1]), "EventStream"),
        (JsonLines([1]), "JsonLines"),
        (File("x.txt"), "File"),
    ],
)
def test_send_refuses_what_is_not_declared(body: object, kind: str) -> None:
    res = respond(plan(User))
    with pytest.raises(ResponseValidationError) as caught:
        res.status(201).send(body)
    assert str(caught.value) == f"The body of status 201 is declared as User, but {NAME} sends {kind!r}."
    assert (res.sent, lines(res)) == (False, [])


@pytest.mark.parametrize(
    ("made", "body", "kind"),
    [
        (plan(event=bytes), JsonLines([1]), "JsonLines"),
        (plan(line=bytes), File("x.txt"), "File"),
        (plan(takes_file=True), EventStream([1]), "EventStream"),
    ],
)
def test_send_refuses_a_streamed_body_of_another_kind(made: BodyPlan, body: object, kind: str) -> None:
    res = respond(made)
    with pytest.raises(ResponseValidationError) as caught:
        res.send(body)
    assert str(caught.value) == f"The body of status 200 is declared as Any, but {NAME} sends {kind!r}."


def test_send_refuses_text_that_does_not_fit() -> None:
    res = respond(plan(User))
    with pytest.raises(ResponseValidationError) as caught:
        res.send("ann")
    assert [error["loc"] for error in caught.value.errors] == [[]]
    assert (res.sent, lines(res)) == (False, [])


def test_send_refuses_text_that_is_only_read_as_the_declared_type() -> None:
    """Text "5" makes an int by pydantic's rules, but then it is no text any more."""
    res = respond(plan(int))
    with pytest.raises(ResponseValidationError) as caught:
        res.send("5")
    assert str(caught.value) == f"The body of status 200 is declared as int, but {NAME} sends 'str'."
    assert res.sent is False


# --- redirect() -------------------------------------------------------------------------------------------------------


def test_redirect_is_307_unless_told_otherwise() -> None:
    """Row 56: 307, and the URL as the body."""
    res = respond()
    assert res.redirect("/login") is SENT
    assert (res.status_code, res._body) == (307, b"/login")
    assert lines(res) == [("content-type", "text/plain; charset=utf-8"), ("location", "/login")]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308, HTTPStatus.SEE_OTHER])
def test_redirect_has_the_status_it_is_given(code: Any) -> None:
    """Row 57: a status and a URL."""
    res = respond()
    res.redirect(code, "/login")
    assert (res.status_code, type(res.status_code), res.get_header("location")) == (int(code), int, "/login")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (None,),
        (307,),
        ({},),
        (None, "/x"),
        (True, "/x"),
        ("301", "/x"),
        ("/x", 301),
        (307.0, "/x"),
        (200, "/x"),
        (204, "/x"),
        (304, "/x"),
        (300, "/x"),
        (999, "/x"),
        (302, None),
        (302, b"/x"),
        (b"/x",),
    ],
)
def test_redirect_refuses_other_arguments(arguments: tuple[Any, ...]) -> None:
    """Rows 58 to 60: anything but a URL, or a redirect status and a URL, is one error."""
    res = respond()
    with pytest.raises(ValueError) as caught:
        res.redirect(*arguments)
    assert str(caught.value) == (
        "Invalid redirect arguments. Please use a single argument URL, e.g. res.redirect('/destination') or use a "
        "status code and URL, e.g. res.redirect(307, '/destination')."
    )
    assert str(caught.value) == REDIRECT_MISUSE
    assert (res.sent, res.status_code, lines(res)) == (False, 200, [])


@pytest.mark.parametrize("url", ["", "//evil", "/\\evil", "https:evil", "javascript:alert(1)", "/a\r\nb"])
def test_redirect_that_leads_elsewhere_leaves_the_response_as_it_was(url: str) -> None:
    """Rows 61, 65 and 66: refused, and nothing of it stays behind."""
    res = respond()
    with pytest.raises(ValueError):
        res.redirect(303, url)
    assert (res.sent, res.status_code, lines(res)) == (False, 200, [])


def test_redirect_is_percent_encoded() -> None:
    """Rows 63 and 64: what is not ASCII is encoded, in the header and in the body."""
    res = respond()
    res.redirect("/café?q=ü b")
    assert (res.get_header("location"), res._body) == ("/caf%C3%A9?q=%C3%BC%20b", b"/caf%C3%A9?q=%C3%BC%20b")


def test_redirect_beats_a_status_location_and_content_type_set_before() -> None:
    """Row 62: the redirect's own status wins."""
    res = respond()
    res.status(201)
    res.set_header("Location", "/old").set_header("content-type", "text/html").set_header("X-A", "1")
    res.redirect("/new")
    assert res.status_code == 307
    assert lines(res) == [("content-type", "text/plain; charset=utf-8"), ("x-a", "1"), ("location", "/new")]


def test_redirect_needs_no_declared_status() -> None:
    def refuse(status_code: int) -> BodyPlan:
        raise ResponseValidationError("not declared")

    res: ApiResponse[Any] = ApiResponse(ResponseSpec(BodyPlans(refuse), NAME, secure_cookies=True, debug=False))
    assert res.redirect("/login") is SENT


# --- end() ------------------------------------------------------------------------------------------------------------


def test_end_answers_without_a_body() -> None:
    """Row 9: `status(404).end()` is an empty answer."""
    res = respond()
    assert res.status(404).end() is SENT
    assert (res._body, res.sent, res.status_code, lines(res)) == (b"", True, 404, [])


def test_end_keeps_what_was_set() -> None:
    res = respond()
    res.set_header("content-type", "text/html").set_header("x-a", "1").end()
    assert lines(res) == [("content-type", "text/html"), ("x-a", "1")]


# --- A second answer --------------------------------------------------------------------------------------------------

ENDINGS: dict[str, Callable[[ApiResponse[Any]], object]] = {
    "json()": lambda res: res.json({}),
    "send()": lambda res: res.send("x"),
    "redirect()": lambda res: res.redirect("/x"),
    "end()": lambda res: res.end(),
}
CHANGES: dict[str, Callable[[ApiResponse[Any]], object]] = {
    "status()": lambda res: res.status(201),
    "set_header()": lambda res: res.set_header("x-a", "1"),
    "append_header()": lambda res: res.append_header("x-a", "1"),
    "remove_header()": lambda res: res.remove_header("x-a"),
    "set_cookie()": lambda res: res.set_cookie("a", "1"),
}


@pytest.mark.parametrize("first", [*ENDINGS.values(), lambda res: res.send(iter([b"a"]))])
@pytest.mark.parametrize(("call", "second"), [*ENDINGS.items(), *CHANGES.items()])
def test_answer_cannot_be_given_twice_or_changed(
    first: Callable[[ApiResponse[Any]], object], call: str, second: Callable[[ApiResponse[Any]], object]
) -> None:
    """Rows 68 to 70: what comes after the answer raises, and changes nothing."""
    res = respond(plan(takes_bytes=True))
    first(res)
    before = (res.status_code, res._body, res._stream, lines(res))
    with pytest.raises(ResponseAlreadySent) as caught:
        second(res)
    assert str(caught.value) == (
        f"{call} was called after {NAME} had answered with status {res.status_code}. A handler answers once: return "
        "after the first answer."
    )
    assert (res.status_code, res._body, res._stream, lines(res)) == before


def test_deleted_cookie_after_the_answer_is_refused() -> None:
    res = respond()
    res.end()
    with pytest.raises(ResponseAlreadySent):
        res.delete_cookie("a")


def test_response_can_be_read_after_the_answer() -> None:
    res = respond()
    assert res.sent is False
    res.set_header("x-a", "1").end()
    assert (res.sent, res.status_code, res.get_header("x-a"), res.has_header("x-a"), dict(res.headers)) == (
        True,
        200,
        "1",
        True,
        {"x-a": "1"},
    )


def test_work_may_be_added_after_the_answer() -> None:
    res = respond()
    res.end()
    res.after(print, "a", sep="")
    assert res._after == [(print, ("a",), {"sep": ""})]


# --- Headers ----------------------------------------------------------------------------------------------------------


def test_set_header_replaces_every_line_of_the_name() -> None:
    res = respond()
    res.append_header("X-A", "1").append_header("x-a", "2").set_header("x-b", "3")
    assert res.set_header("x-A", "4") is res
    assert lines(res) == [("x-b", "3"), ("x-a", "4")]


def test_append_header_adds_a_line() -> None:
    """Row 76: each appended value is a line of its own."""
    res = respond()
    assert res.append_header("Link", "</a>").append_header("link", "</b>") is res
    assert lines(res) == [("link", "</a>"), ("link", "</b>")]


def test_several_lines_are_read_as_one_value() -> None:
    res = respond()
    res.append_header("Vary", "accept").append_header("Vary", "cookie")
    assert res.get_header("VARY") == "accept, cookie"


def test_header_that_is_not_set_is_none() -> None:
    res = respond()
    assert (res.get_header("x-a"), res.has_header("x-a"), dict(res.headers)) == (None, False, {})


def test_header_is_known_in_any_case() -> None:
    res = respond()
    res.set_header("X-Request-Id", "7")
    assert (res.has_header("x-REQUEST-id"), res.headers["X-request-ID"]) == (True, "7")


def test_unsendable_name_is_just_not_set() -> None:
    res = respond()
    assert (res.has_header("näme☃"), res.get_header("näme☃")) == (False, None)
    assert res.remove_header("näme☃") is res


def test_remove_header_takes_every_line_away() -> None:
    res = respond()
    res.append_header("x-a", "1").append_header("x-a", "2").set_header("x-b", "3")
    assert res.remove_header("X-A") is res
    assert lines(res) == [("x-b", "3")]


def test_header_that_is_not_set_may_be_removed() -> None:
    res = respond()
    assert res.remove_header("x-a").remove_header("content-type") is res
    assert lines(res) == []


def test_removed_content_type_is_none() -> None:
    res = respond()
    res.set_header("content-type", "text/html").remove_header("Content-Type")
    assert lines(res) == []


@pytest.mark.parametrize("call", ["set_header", "append_header"])
def test_response_has_one_content_type(call: str) -> None:
    """Two lines would be read differently by different clients (RFC 9110 §8.3)."""
    res = respond()
    res.set_header("content-type", "text/html")
    assert getattr(res, call)("Content-Type", "text/csv") is res
    assert lines(res) == [("content-type", "text/csv")]


@pytest.mark.parametrize("call", ["set_header", "append_header"])
@pytest.mark.parametrize("name", ["Content-Length", "content-length", "Transfer-Encoding"])
def test_header_that_frames_the_message_is_refused(call: str, name: str) -> None:
    res = respond()
    with pytest.raises(ValueError) as caught:
        getattr(res, call)(name, "5")
    assert str(caught.value) == f"Header {name!r} is computed from the body and cannot be set. Leave it out."
    assert lines(res) == []


@pytest.mark.parametrize("call", ["set_header", "append_header"])
@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "bad name",
            "1",
            "'bad name' cannot be the name of a header. Use letters, digits and hyphens, for example 'x-request-id'.",
        ),
        (
            "X-A",
            "a\r\nb: c",
            "Header 'X-A' cannot hold 'a\\r\\nb: c': '\\r' is a control character. Take it out, or percent-encode the "
            "value with urllib.parse.quote.",
        ),
        (
            "content-type",
            "text/☃",
            "Header 'content-type' cannot hold 'text/☃': '☃' is not Latin-1. Percent-encode the value with "
            "urllib.parse.quote.",
        ),
        ("X-A", 5, "Header 'X-A' cannot hold 5: it is no string. Convert it, for example with str()."),
    ],
)
def test_header_that_cannot_be_sent_is_refused_when_set(call: str, name: str, value: Any, sentence: str) -> None:
    """Row 75: a line break, a character beyond Latin-1 or a bad name raises at once."""
    res = respond()
    with pytest.raises(ValueError) as caught:
        getattr(res, call)(name, value)
    assert str(caught.value) == sentence
    assert lines(res) == []


def test_header_value_is_trimmed() -> None:
    res = respond()
    res.set_header("x-a", "  1\t")
    assert res.get_header("x-a") == "1"


def test_headers_are_a_copy() -> None:
    res = respond()
    before = res.headers
    res.set_header("x-a", "1")
    assert (dict(before), dict(res.headers)) == ({}, {"x-a": "1"})


# --- Cookies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secure_cookies", "line"),
    [
        (True, "a=1; Path=/; HttpOnly; Secure; SameSite=Lax"),
        (False, "a=1; Path=/; HttpOnly; SameSite=Lax"),
    ],
)
def test_cookie_is_safe_unless_told_otherwise(secure_cookies: bool, line: str) -> None:
    """Over plain http, as in development, a browser would drop a `Secure` cookie."""
    res = respond(secure_cookies=secure_cookies)
    assert res.set_cookie("a", "1") is res
    assert lines(res) == [("set-cookie", line)]


@pytest.mark.parametrize("secure_cookies", [True, False])
@pytest.mark.parametrize(("secure", "line"), [(True, "a=1; Path=/; Secure"), (False, "a=1; Path=/")])
def test_flags_of_a_cookie_can_be_chosen(secure_cookies: bool, secure: bool, line: str) -> None:
    res = respond(secure_cookies=secure_cookies)
    res.set_cookie("a", "1", secure=secure, httponly=False, samesite=None)
    assert lines(res) == [("set-cookie", line)]


def test_cookie_has_every_attribute_it_is_given() -> None:
    res = respond()
    res.set_cookie(
        "a",
        "1",
        max_age=60,
        expires=datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
        path="/x",
        domain="example.com",
        samesite="strict",
    )
    assert lines(res) == [
        (
            "set-cookie",
            "a=1; Max-Age=60; Domain=example.com; Path=/x; Expires=Wed, 02 Jan 2030 03:04:05 GMT; HttpOnly; Secure; "
            "SameSite=Strict",
        )
    ]


def test_cookies_are_lines_of_their_own() -> None:
    """Row 76: one header line a cookie."""
    res = respond()
    res.set_header("x-a", "1").set_cookie("a", "1").set_cookie("b", "2").set_cookie("a", "3")
    assert [value.partition(";")[0] for name, value in lines(res) if name == "set-cookie"] == ["a=1", "b=2", "a=3"]


def test_first_header_may_be_a_cookie() -> None:
    res = respond()
    res.set_cookie("a", "1").append_header("x-a", "1")
    assert [name for name, _ in lines(res)] == ["set-cookie", "x-a"]


def test_deleted_cookie_has_expired() -> None:
    res = respond()
    assert res.delete_cookie("a", path="/x", domain="example.com") is res
    assert lines(res) == [
        (
            "set-cookie",
            "a=; Max-Age=0; Domain=example.com; Path=/x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; "
            "SameSite=Lax",
        )
    ]


@pytest.mark.parametrize(("secure_cookies", "flag"), [(True, " Secure;"), (False, "")])
def test_deleted_cookie_has_the_flags_it_was_set_with(secure_cookies: bool, flag: str) -> None:
    res = respond(secure_cookies=secure_cookies)
    res.delete_cookie("a", httponly=False)
    assert lines(res) == [
        ("set-cookie", f"a=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT;{flag} SameSite=Lax")
    ]


def test_host_cookie_is_set_with_the_defaults() -> None:
    res = respond()
    res.set_cookie("__Host-id", "1")
    assert lines(res) == [("set-cookie", "__Host-id=1; Path=/; HttpOnly; Secure; SameSite=Lax")]


@pytest.mark.parametrize(
    ("arguments", "has"),
    [
        ({"path": "/x"}, "secure=True, path='/x' and domain=None"),
        ({"domain": "example.com"}, "secure=True, path='/' and domain='example.com'"),
        ({"secure": False}, "secure=False, path='/' and domain=None"),
    ],
)
def test_host_cookie_against_its_rules_is_refused(arguments: dict[str, Any], has: str) -> None:
    res = respond()
    with pytest.raises(ValueError) as caught:
        res.set_cookie("__Host-id", "1", **arguments)
    assert str(caught.value) == (
        f"Cookie '__Host-id' needs secure=True, path='/' and no domain: its name starts with '__Host-'. It has {has}."
    )
    assert lines(res) == []


@pytest.mark.parametrize("arguments", [("bad name", "1"), ("a", "1; b"), ("a", "é"), ("", "1")])
def test_cookie_that_cannot_be_sent_is_refused(arguments: tuple[str, str]) -> None:
    res = respond()
    with pytest.raises(ValueError):
        res.set_cookie(*arguments)
    assert lines(res) == []


# --- Afterwards -------------------------------------------------------------------------------------------------------


def test_work_is_kept_in_order(tmp_path: Path) -> None:
    res = respond()
    res.after(tmp_path.mkdir)
    res.after(print, 1, 2, sep="-")
    assert res._after == [(tmp_path.mkdir, (), {}), (print, (1, 2), {"sep": "-"})]
