"""What a stranger may send, and what must come back: paths, queries, headers, bodies, uploads and answers.

Every case that has a `target` runs against `typed-api start` over a raw socket, once on each HTTP parser of uvicorn's.
Its fixture also sees to what holds after all of them: the answer came in time, none was a 5xx that the client caused,
the process still answers, no temporary file is left, and the log has neither a raw control character, nor a line that
the client wrote, nor a traceback for a client's mistake.
"""

import asyncio
import gzip
import json
import logging
import re
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from pydantic import create_model
from starlette.middleware import Middleware

from tests.direct import DISCONNECT, call, make_scope, piece, problem
from tests.direct import exchange as direct_exchange
from tests.hostile import (
    FORGED,
    SECONDS,
    SECRET,
    TREE,
    Target,
    answers,
    attacked,
    document,
    keeping_alive,
    multipart,
    part,
)
from tests.projects import wait_until
from tests.serving import Answer, parse, request
from typed_api import ApiError
from typed_api._types import ASGIApp, Message, Receive, Scope, Send
from typed_api.schema import json_validator
from typed_api.testing import TestClient, create_app

MB: Final = 1024 * 1024
NO_ROUTE: Final = problem(404, "Not Found", "No route matches this path.")
INVALID_JSON: Final = problem(400, "Bad Request", "Invalid JSON")
TOO_LONG: Final = problem(414, "URI Too Long", "The URL is too long.")
FAILED: Final = problem(500, "Internal Server Error", "The server failed to answer.")
FRAMING: Final = problem(400, "Bad Request", "Content-Length and Transfer-Encoding exclude each other.")
JSON: Final = "application/json"
MULTIPART: Final = "multipart/form-data; boundary=B"
URLENCODED: Final = "application/x-www-form-urlencoded"
TITLE: Final = part("title", b"t")
EMPTY_UPLOAD: Final = {"title": "t", "size": None, "filename": None}
SMUGGLED: Final = request("GET", "/api/seen?smuggled=1")


@pytest.fixture(scope="module", params=["h11", "httptools"])
def attacked_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    if request.param == "httptools":
        pytest.importorskip("httptools")
    with attacked(tmp_path_factory.mktemp("hostile"), request.param) as target:
        yield target


@pytest.fixture
def target(attacked_server: Target) -> Iterator[Target]:
    attacked_server.start()
    yield attacked_server
    attacked_server.check()


def shown(answer: Answer) -> tuple[int, object]:
    """Give the status and the JSON of an answer."""
    return answer.status, document(answer)


def invalid(subject: str, *errors: tuple[Sequence[str | int], str, str]) -> dict[str, object]:
    """Make the body of a 422."""
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    listed = [{"loc": list(loc), "msg": message, "type": kind} for loc, message, kind in errors]
    return problem(422, "Unprocessable Content", f"{subject} not fit: {count}.", errors=listed)


# --- A. Request line and path -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", ["%D9%A3", "%EF%BC%91", "%E0%A5%A7"])
def test_digits_of_other_scripts_are_no_int(target: Target, digits: str) -> None:
    """A3: an int parameter in arabic-indic, full-width or devanagari digits is a 422."""
    error = (["query", "id"], "Input should be a valid integer, unable to parse string as an integer", "int_parsing")
    assert shown(target.ask("GET", f"/api/users/{digits}")) == (422, invalid("The query does", error))


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("%D9%A3", (["query", "x"], "Input should be a valid number, unable to parse string as a number", "float_parsing")),
        ("1?price=%EF%BC%91", (["query", "price"], "Input should be a valid decimal", "decimal_parsing")),
        ("nan", (["query", "x"], "Input should be a finite number", "finite_number")),
        ("1e999", (["query", "x"], "Input should be a finite number", "finite_number")),
    ],
)
def test_other_numbers_are_ascii_and_finite(
    target: Target, path: str, error: tuple[Sequence[str | int], str, str]
) -> None:
    """A3: floats and decimals in other digits, and numbers that are not finite, are a 422 too."""
    assert shown(target.ask("GET", f"/api/numbers/{path}")) == (422, invalid("The query does", error))


@pytest.mark.parametrize(
    ("path", "name"), [("a%2Fb", "a/b"), ("%2f", "/"), ("a%2F..%2F..%2Fhello", "a/../../hello"), ("a%5Cb", "a\\b")]
)
def test_encoded_slash_stays_inside_a_parameter(target: Target, path: str, name: str) -> None:
    """A5: `%2F` in a one-segment parameter is one decoded value."""
    assert shown(target.ask("GET", f"/api/names/{path}")) == (200, {"name": name})


@pytest.mark.parametrize("path", ["/api%2Fhello", "/api/%68ello", "/%61pi/hello", "/api/users%2F1", "/api/names/a%2Fb/c"])
def test_encoded_path_is_no_other_route(target: Target, path: str) -> None:
    """A5: an escaped slash or letter never makes another route of a path: 404."""
    assert shown(target.ask("GET", path)) == (404, NO_ROUTE)


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("..%2f..%2fetc%2fpasswd", ["../../etc/passwd"]),
        ("a/..%5c..%5cetc", ["a", "..\\..\\etc"]),
        ("%252e%252e/x", ["%2e%2e", "x"]),
        (".../x", ["...", "x"]),
    ],
)
def test_catch_all_gets_literal_segments(target: Target, path: str, segments: list[str]) -> None:
    """A6: encoded dots and slashes on a catch-all are literal segments, decoded once and never resolved."""
    assert shown(target.ask("GET", f"/api/files/{path}")) == (200, {"path": segments})


@pytest.mark.parametrize("path", ["%2e%2e/x", "x/%2e%2e", ".%2e/x", "%2e/x", "../x", "x/..", "./x"])
def test_catch_all_takes_no_dot_segment(target: Target, path: str) -> None:
    """A6: a segment that is `.` or `..`, encoded or not, matches nothing."""
    assert shown(target.ask("GET", f"/api/files/{path}")) == (404, NO_ROUTE)


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/api/../api/hello", "/api/hello/..", "/..", "/."])
def test_dot_segments_are_not_resolved(target: Target, path: str) -> None:
    """A7: a raw `/../../etc/passwd` is a 404."""
    assert shown(target.ask("GET", path)) == (404, NO_ROUTE)


@pytest.mark.parametrize("path", ["names/a%00b", "files/a/%00", "users/%00"])
def test_nul_in_a_parameter_is_refused(target: Target, path: str) -> None:
    """A10: `%00` in what becomes a parameter is a 400."""
    shown_segment = path.rpartition("/")[2]
    detail = f"The path segment {shown_segment!r} holds a NUL character."
    assert shown(target.ask("GET", f"/api/{path}")) == (400, problem(400, "Bad Request", detail))


@pytest.mark.parametrize("path", ["/api/hello%00", "/api/names/%00/", "/%00"])
def test_nul_elsewhere_matches_nothing(target: Target, path: str) -> None:
    """A10: `%00` outside of a parameter is a 404."""
    assert shown(target.ask("GET", path)) == (404, NO_ROUTE)


@pytest.mark.parametrize("segment", ["%zz", "abc%", "%", "%f", "%ff", "%c0%af", "%ed%a0%80", "%u0041"])
def test_malformed_escape_is_refused(target: Target, segment: str) -> None:
    """A11: `%zz`, a trailing `%`, and bytes that are no UTF-8 (overlong forms and surrogates too) are a 400."""
    detail = f"The path segment {segment!r} is no percent-encoded UTF-8."
    assert shown(target.ask("GET", f"/api/names/{segment}")) == (400, problem(400, "Bad Request", detail))


@pytest.mark.parametrize("data", [b"/api/names/\xc3\xa9", b"/api/names/a\x01", b"/api/hello?q=\xff", b"/api/\x7f"])
def test_raw_bytes_in_the_request_line_are_refused(target: Target, data: bytes) -> None:
    """A11: bytes that cannot stand in a request line are the server's 400."""
    raw = target.send(b"GET " + data + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert (parse(raw).status, raw.count(b"HTTP/1.1 ")) == (400, 1)


@pytest.mark.parametrize(
    "path",
    ["//api/hello", "/api//hello", "/api/./hello", "//", "///", "//evil.example/", "/api/files//", "/api/files//a", "//api/hello/"],
)
def test_empty_segments_are_not_collapsed(target: Target, path: str) -> None:
    """A12: `//users`, `/users//1` and `/users/./1` are a 404, and never a redirect."""
    answer = target.ask("GET", path)
    assert (*shown(answer), answer.header("location")) == (404, NO_ROUTE, None)


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/api/hello/?x=1&y=%0d%0a", "/api/hello?x=1&y=%0d%0a"),
        ("/api/names/\\evil.example/", "/api/names/%5Cevil.example"),
        ("/api/names/%5Cevil.example/", "/api/names/%5Cevil.example"),
        ("/api/names/@evil.example/", "/api/names/@evil.example"),
        ("/api/files/evil.example:80/", "/api/files/evil.example:80"),
    ],
)
def test_slash_redirect_is_relative(target: Target, path: str, location: str) -> None:
    """A14: a trailing slash is a relative 308; its Location never carries the Host."""
    raw = target.send(f"GET {path} HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n".encode())
    answer = parse(raw)
    assert (answer.status, answer.header("location"), b"attacker" in raw) == (308, location, False)


@pytest.mark.parametrize("url", ["http://attacker.example/api/hello/", "http://attacker.example//api/hello/"])
def test_host_of_an_absolute_target_is_not_repeated(target: Target, url: str) -> None:
    """A14: nor the host of a request target in absolute form."""
    assert b"attacker" not in target.send(request("GET", url))


@pytest.mark.parametrize("url", ["/api/names/" + "a" * 70_000, "/api/hello?" + "a" * 70_000])
def test_long_url_is_refused(target: Target, url: str) -> None:
    """A16: a URL of 70 KB is a 414; httptools, whose URLs end at 64 KB, refuses it before the app is asked."""
    answer = target.ask("GET", url)
    if target.parser == "h11":
        assert shown(answer) == (414, TOO_LONG)
    else:
        assert (answer.status, answer.body) == (400, b"Invalid HTTP request received.")


async def test_longest_url_is_looked_at() -> None:
    """A16: 64 KiB of path, and of query, are the bound: one byte more is a 414."""
    app = create_app({"api/[name].py".replace("[name]", "_name_"): TREE["pages/api/names/_name_.py"]})
    name = "a" * (65_536 - len("/api/"))
    fits = await call(app, "GET", f"/api/{name}?" + "b" * 65_536)
    path = await call(app, "GET", f"/api/{name}a")
    query = await call(app, "GET", "/api/a?" + "b" * 65_537)
    assert (fits.status, fits.json) == (200, {"name": name, "b" * 65_536: ""})
    assert [(one.status, one.json) for one in (path, query)] == [(414, TOO_LONG)] * 2


@pytest.mark.parametrize(("segments", "status"), [(998, 200), (999, 404), (2_000, 404), (30_000, 404)])
def test_segments_are_bounded(target: Target, segments: int, status: int) -> None:
    """A16: a path of more than 1,000 segments matches nothing, not even a catch-all."""
    assert target.ask("GET", "/api/files" + "/a" * segments).status == status


@pytest.mark.parametrize("method", ["get", "FOO", "TRACE", "CONNECT", "__class__", "_compile", "PRI", "POST", "QUERY"])
def test_other_methods_are_refused(target: Target, method: str) -> None:
    """A18: any other method is a 405 with Allow, or the server's 400; no attribute is looked up by it."""
    answer = target.ask(method, "/api/hello")
    if answer.status != 400:
        detail = "This route answers GET, HEAD, OPTIONS."
        assert shown(answer) == (405, problem(405, "Method Not Allowed", detail))
        assert answer.header("allow") == "GET, HEAD, OPTIONS"
    assert target.parser == "httptools" or answer.status == 405


@pytest.mark.parametrize("path", ["/api/hello", "/api/users/1", "/api/files/a/b", "/api/streamed", "/api/dated", "/api/cookie"])
def test_head_is_get_without_a_body(target: Target, path: str) -> None:
    """A20: HEAD gives the headers of GET and no body."""
    ignored = ("date", "transfer-encoding")  # Of a stream the server chooses how it frames the body that is not there.
    head, get = target.ask("HEAD", path), target.ask("GET", path)
    assert head.body == b""
    assert (head.status, [line for line in head.headers if line[0] not in ignored]) == (
        get.status,
        [line for line in get.headers if line[0] not in ignored],
    )


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/api/hello", "GET, HEAD, OPTIONS"),
        ("/api/users/x", "GET, HEAD, OPTIONS"),
        ("/api/items", "OPTIONS, POST"),
        ("/api/stream", "GET, HEAD, OPTIONS, POST"),
    ],
)
def test_options_lists_the_methods(target: Target, path: str, allow: str) -> None:
    """A20: OPTIONS lists the methods of the route."""
    answer = target.ask("OPTIONS", path)
    assert (answer.status, answer.header("allow"), answer.body) == (204, allow, b"")


# --- B. Query, headers, host, proxy -----------------------------------------------------------------------------------


def test_repeated_scalar_is_refused(target: Target) -> None:
    """B2: `?page=1&page=2` for an int is a 422, never a list in a scalar."""
    error = (["query", "page"], "Input should be a valid integer", "int_type")
    assert shown(target.ask("GET", "/api/users/1?page=1&page=2")) == (422, invalid("The query does", error))


def test_query_cannot_fill_a_path_parameter(target: Target) -> None:
    """B2: a query parameter of the name of a path parameter is not seen, however often it comes."""
    answer = target.ask("GET", "/api/users/1?id=2&id=3&%69d=4")
    assert shown(answer) == (200, {"id": 1, "page": 1, "on": None, "sure": False, "tags": []})


@pytest.mark.parametrize("query", ["a&" * 20_000, "&" * 10_000, "a=&" * 10_000])
def test_too_many_parameters_are_refused(target: Target, query: str) -> None:
    """B4: 10,000 pairs of a query are a 414, empty ones counted."""
    assert shown(target.ask("GET", f"/api/users/1?{query}")) == (414, TOO_LONG)


def test_many_parameters_are_read(target: Target) -> None:
    """B4: 9,999 pairs are read, within the time budget."""
    answer = target.ask("GET", "/api/users/1?" + "&".join(["tags=1"] * 9_000))
    assert (answer.status, len(document(answer)["tags"])) == (200, 9_000)


def test_query_of_a_megabyte_is_refused(target: Target) -> None:
    """B4: a query of 1 MB is refused, by the server or with a 414."""
    raw = target.send(request("GET", "/api/hello?" + "a" * MB))
    # The server may cut the connection while the request is still being sent, and its answer with it.
    assert raw == b"" or parse(raw).status in (400, 414, 431)


@pytest.mark.parametrize(
    ("text", "value"),
    [("yes", True), ("on", True), ("1", True), ("TRUE", True), ("t", True), ("no", False), ("off", False), ("0", False)],
)
def test_bool_has_pydantics_spellings(target: Target, text: str, value: bool) -> None:
    """B6: `yes`, `on`, `1`, `TRUE` are true, as pydantic documents it."""
    assert document(target.ask("GET", f"/api/users/1?sure={text}"))["sure"] is value


@pytest.mark.parametrize("query", ["sure=", "sure", "sure=2", "sure=%EF%BC%91", "sure=yes&sure=yes", "sure=yes%00"])
def test_bool_has_no_other_spelling(target: Target, query: str) -> None:
    """B6: empty is not true, nor is anything else: 422."""
    answer = target.ask("GET", f"/api/users/1?{query}")
    assert (answer.status, document(answer)["errors"][0]["loc"]) == (422, ["query", "sure"])


def test_empty_text_is_none_for_an_optional_bool(target: Target) -> None:
    """B6: for `bool | None` empty text is None."""
    assert document(target.ask("GET", "/api/users/1?on="))["on"] is None


@pytest.mark.parametrize(
    "lines",
    [
        "Host: good/?x",
        "Host: a@b",
        "Host: ",
        "Host: /api/names/a",
        "Host: localhost:99999999",
        "",
        "Host: a\r\nHost: b",
        "Host: a\r\nX-Forwarded-Host: b\r\nX-Original-URL: /api/names/a\r\nX-HTTP-Method-Override: DELETE",
    ],
)
def test_host_decides_nothing(target: Target, lines: str) -> None:
    """B8: a Host that is none, missing or twice is a 400 (h11) or not looked at: it never changes the route."""
    raw = target.send(f"GET /api/hello/ HTTP/1.1\r\n{lines}{'\r\n' if lines else ''}Connection: close\r\n\r\n".encode())
    answer = parse(raw)
    if lines in ("", "Host: a\r\nHost: b") and target.parser == "h11":
        assert answer.status == 400
    else:
        assert (answer.status, answer.header("location")) == (308, "/api/hello")


def test_proxy_headers_of_an_untrusted_peer_are_ignored(target: Target) -> None:
    """B9: `X-Forwarded-For`, `-Proto` and `-Host` of a peer that is not trusted change nothing."""
    headers = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=203.0.113.9;proto=https",
        "X-Real-IP": "203.0.113.9",
    }
    answer = target.ask("GET", "/api/seen", headers=headers)
    assert shown(answer) == (200, {"client": "127.0.0.1", "scheme": "http", "cookies": {}, "query": {}})


def test_a_thousand_headers_are_taken(target: Target) -> None:
    """B11: 1,000 headers are taken within the time budget."""
    assert target.ask("GET", "/api/hello", headers={f"X-{number}": "1" for number in range(1000)}).status == 200


def test_long_header_is_taken_or_refused(target: Target) -> None:
    """B11: one header of 100 KB is taken, or refused by the server."""
    assert target.ask("GET", "/api/hello", headers={"X-Long": "a" * 100_000}).status in (200, 400, 431)


def test_header_that_comes_many_times_is_read_in_linear_time(target: Target) -> None:
    """B11: a declared header that comes 100,000 times (h11 stops at 64 KB) is read within the time budget."""
    lines = 7_000 if target.parser == "h11" else 100_000
    data = b"GET /api/traced HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    tags = target.send(data + b"X-Tag:\r\n" * lines + b"\r\n")
    notes = target.send(data + b"X-Note:\r\n" * lines + b"\r\n")
    assert [document(parse(raw)) for raw in (tags, notes)] == [[lines, 0], [0, len(", ") * (lines - 1)]]


@pytest.mark.parametrize(
    ("content_type", "detail"),
    [
        (None, "This route takes JSON. Send it with Content-Type: application/json."),
        ("text/plain", "This route takes JSON. Send it with Content-Type: application/json."),
        ("text/plain; x=application/json", "This route takes JSON. Send it with Content-Type: application/json."),
        ("application/x-www-form-urlencoded", "This route takes JSON. Send it with Content-Type: application/json."),
        ("application/json;", "This route takes JSON. Send it with Content-Type: application/json."),
        ("application/jsonp", "This route takes JSON. Send it with Content-Type: application/json."),
        ("text/json", "This route takes JSON. Send it with Content-Type: application/json."),
        ("application/json; charset=utf-16", "JSON is sent as UTF-8. Leave the charset out."),
        ("application/json; charset=punycode", "JSON is sent as UTF-8. Leave the charset out."),
    ],
)
def test_declared_body_wants_json(target: Target, content_type: str | None, detail: str) -> None:
    """B13: a declared body without a content type, as text, or in UTF-16, is a 415."""
    answer = target.post("/api/items", b'{"name": "a"}', content_type)
    assert shown(answer) == (415, problem(415, "Unsupported Media Type", detail))


@pytest.mark.parametrize("content_type", ["application/vnd.x+json", 'APPLICATION/JSON ; Charset="UTF-8"'])
def test_declared_body_takes_any_json_type(target: Target, content_type: str) -> None:
    """B13: `application/vnd.x+json` is JSON."""
    answer = target.post("/api/items", b'{"name": "a"}', content_type)
    assert shown(answer) == (201, {"name": "a", "price": 0.0, "count": 0})


@pytest.mark.parametrize("content_type", [JSON, "text/plain", URLENCODED, MULTIPART])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-gzip", "identity, gzip", "br", "zstd"])
@pytest.mark.parametrize("path", ["/api/items", "/api/echo", "/api/form"])
def test_compressed_body_is_refused(target: Target, path: str, encoding: str, content_type: str) -> None:
    """B14: a gzip bomb is a 415: nothing is ever inflated."""
    headers = {"Content-Type": content_type, "Content-Encoding": encoding}
    answer = target.ask("POST", path, headers=headers, body=gzip.compress(b"0" * 10 * MB, 1))
    assert (answer.status, answer.header("content-type")) == (415, "application/problem+json")


def test_bad_gzip_is_refused(target: Target) -> None:
    """B14: a body that only says that it is gzip is a 415 as well."""
    headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
    detail = "A compressed body is not taken. Send it without Content-Encoding."
    answer = target.ask("POST", "/api/items", headers=headers, body=b"no gzip")
    assert shown(answer) == (415, problem(415, "Unsupported Media Type", detail))


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ('a="x y"; b="', {"a": "x y", "b": '"'}),
        ("=x", {"": "x"}),
        (";;; ;a", {}),
        ("a=1; a=2", {"a": "1"}),
        ("a=%zz; b=%ff; c=%00", {"a": "%zz", "b": "%ff", "c": "\0"}),
        ("%5F%5FHost-id=1; __Host-id=2", {"%5F%5FHost-id": "1", "__Host-id": "2"}),
        ("__host-id=1; __Host-id=2", {"__host-id": "1", "__Host-id": "2"}),
        ("a=" + "b" * 8192, {"a": "b" * 8192}),
        ("a=\xe9", {"a": "\xe9"}),
        (";" * 30_000, {}),
        ("a=" + '\\"' * 15_000, {"a": '\\"' * 15_000}),
        ("$Version=1; a=1, b=2", {"$Version": "1", "a": "1, b=2"}),
    ],
)
def test_odd_cookies_are_parsed_or_skipped(target: Target, header: str, cookies: dict[str, str]) -> None:
    """B16: quotes, `=x`, `;;`, 8 KB and double names are parsed or skipped; no name is decoded into a `__Host-` one."""
    assert document(target.ask("GET", "/api/seen", headers={"Cookie": header}))["cookies"] == cookies


@pytest.mark.parametrize("month", ["Jan", "Foo"])
@pytest.mark.parametrize("year", ["99999999999999999999", "-1", "0", "99999"])
@pytest.mark.parametrize("zone", ["GMT", "+99999999999999999", "-0000", ""])
def test_odd_date_is_no_condition(target: Target, month: str, year: str, zone: str) -> None:
    """B16: an `If-Modified-Since` that is no date, or one beyond all calendars, is as none."""
    header = {"If-Modified-Since": f"Mon, 01 {month} {year} 00:00:00 {zone}"}
    answer = target.ask("GET", "/api/dated", headers=header)
    assert (answer.status, answer.body) == (200, b'"dated"')
