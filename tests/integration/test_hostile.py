"""What a stranger may send, and what must come back: paths, queries, headers, bodies, uploads and answers.

Every case that has a `target` runs against `typed-api start` over a raw socket, once on each HTTP parser of uvicorn's.
Its fixture also sees to what holds after all of them: the answer came in time, none was a 5xx that the client caused,
the process still answers, no temporary file is left, and the log has neither a raw control character, nor a line that
the client wrote, nor a traceback for a client's mistake.
"""

import gzip
import json
import re
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from pydantic import create_model
from pydantic_core import CoreSchema, core_schema
from starlette.middleware import Middleware
from starlette.testclient import TestClient as PlainTestClient

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
from typed_api._types import ASGIApp, Receive, Scope, Send
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
        (
            "%D9%A3",
            (["query", "x"], "Input should be a valid number, unable to parse string as a number", "float_parsing"),
        ),
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


@pytest.mark.parametrize(
    "path", ["/api%2Fhello", "/api/%68ello", "/%61pi/hello", "/api/users%2F1", "/api/names/a%2Fb/c"]
)
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
    [
        "//api/hello",
        "/api//hello",
        "/api/./hello",
        "//",
        "///",
        "//evil.example/",
        "/api/files//",
        "/api/files//a",
        "//api/hello/",
    ],
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


@pytest.mark.parametrize(
    "path", ["/api/hello", "/api/users/1", "/api/files/a/b", "/api/streamed", "/api/dated", "/api/cookie"]
)
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
    [
        ("yes", True),
        ("on", True),
        ("1", True),
        ("TRUE", True),
        ("t", True),
        ("no", False),
        ("off", False),
        ("0", False),
    ],
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
        ["Host: good/?x"],
        ["Host: a@b"],
        ["Host: "],
        ["Host: /api/names/a"],
        ["Host: localhost:99999999"],
        [],
        ["Host: a", "Host: b"],
        ["Host: a", "X-Forwarded-Host: b", "X-Original-URL: /api/names/a", "X-HTTP-Method-Override: DELETE"],
    ],
)
def test_host_decides_nothing(target: Target, lines: list[str]) -> None:
    """B8: a Host that is none, missing or twice is a 400 (h11) or not looked at: it never changes the route."""
    head = "\r\n".join(["GET /api/hello/ HTTP/1.1", "Connection: close", *lines, "", ""])
    answer = parse(target.send(head.encode()))
    if lines in ([], ["Host: a", "Host: b"]) and target.parser == "h11":
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
    """B11: a declared header that comes 300,000 times (h11 stops at 64 KB) is read within the time budget."""
    lines = 7_000 if target.parser == "h11" else 300_000
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
@pytest.mark.parametrize("encoding", ["gzip", "identity, gzip", "br"])
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


# --- C. JSON bodies ---------------------------------------------------------------------------------------------------

DEEP: Final = 100_000


@pytest.mark.parametrize("data", [request("POST", "/api/items", headers={"Content-Type": JSON}, body=b"")])
@pytest.mark.parametrize("length", ["0", "00", None])
def test_empty_body_is_malformed(target: Target, data: bytes, length: str | None) -> None:
    """C1: an empty declared body, with `Content-Length: 0` or without, is a 400."""
    line = b"" if length is None else b"Content-Length: " + length.encode() + b"\r\n"
    raw = target.send(data.replace(b"Content-Length: 0\r\n", line))
    assert shown(parse(raw)) == (400, INVALID_JSON)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEP,
        b'{"name":' * DEEP,
        b'{"more":' + b"[" * DEEP,
        b'{"name": "a", "more": ' + b"[" * 250 + b"]" * 250 + b"}",
    ],
)
@pytest.mark.parametrize("path", ["/api/items", "/api/echo"])
def test_deep_json_is_malformed(target: Target, path: str, body: bytes) -> None:
    """C2: 100,000 `[` are a 400, and no recursion error."""
    assert shown(target.post(path, body)) == (400, INVALID_JSON)


@pytest.mark.parametrize("digits", [5_000, 1_000_000])
@pytest.mark.parametrize("path", ["/api/items", "/api/echo"])
@pytest.mark.parametrize("key", ["count", "price", "more"])
def test_long_number_is_malformed(target: Target, path: str, key: str, digits: int) -> None:
    """C4: an integer of 5,000 or 1,000,000 digits is a 400."""
    body = f'{{"name": "a", "{key}": {"9" * digits}}}'.encode()
    assert shown(target.post(path, body)) == (400, INVALID_JSON)


def test_long_number_in_text_is_refused(target: Target) -> None:
    """C4: an integer of 5,000 digits in a query is a 422."""
    message = "Unable to parse input string as an integer, exceeded maximum size"
    body = invalid("The query does", (["query", "page"], message, "int_parsing_size"))
    assert shown(target.ask("GET", "/api/users/1?page=" + "9" * 5_000)) == (422, body)


NON_FINITE: Final = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"]


@pytest.mark.parametrize("number", NON_FINITE)
def test_non_finite_number_does_not_fit(target: Target, number: str) -> None:
    """C5: `NaN`, `Infinity` and `1e999` for a declared float are a 422."""
    error = (["body", "price"], "Input should be a finite number", "finite_number")
    answer = target.post("/api/items", f'{{"name": "a", "price": {number}}}'.encode())
    assert shown(answer) == (422, invalid("The request body does", error))


@pytest.mark.parametrize("number", NON_FINITE)
def test_non_finite_number_is_malformed(target: Target, number: str) -> None:
    """C5: in a body of no declared type they are a 400."""
    assert shown(target.post("/api/echo", f'{{"a": [{number}]}}'.encode())) == (400, INVALID_JSON)


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "\xff"}',
        b'{"name": "\xed\xa0\x80"}',
        '{"name": "a"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"name": "a"}',
        b'{"name": "\\ud800"}',
        b'{"name": "a", "\\udfff": 1}',
        b'{"name": "a\0"}',
    ],
)
@pytest.mark.parametrize("path", ["/api/items", "/api/echo"])
def test_json_is_plain_utf8(target: Target, path: str, body: bytes) -> None:
    """C7: invalid UTF-8, UTF-16, a byte order mark and a lone surrogate are a 400."""
    assert shown(target.post(path, body)) == (400, INVALID_JSON)


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "a"}x',
        b'{"name": "a"}{"name": "a"}',
        b'{"name": "a",}',
        b'{"name": "a"/*b*/}',
        b'{"name": "a"} // b',
        b"{'name': 'a'}",
        b'{name: "a"}',
        b'{"name": "a", "count": 01}',
        b'{"name": "a", "count": +1}',
        b'{"name": "a", "count": 0x1}',
        b'{"name": "a"',
        b" ",
    ],
)
@pytest.mark.parametrize("path", ["/api/items", "/api/echo"])
def test_json_is_strict(target: Target, path: str, body: bytes) -> None:
    """C8: trailing garbage, a trailing comma and comments are a 400."""
    assert shown(target.post(path, body)) == (400, INVALID_JSON)


@pytest.mark.parametrize("value", ["true", '"1"', "1.5", "null", "[1]", "1e400"])
def test_int_is_an_int(target: Target, value: str) -> None:
    """C9: `true` or `"1"` for an int in a JSON body is a 422."""
    answer = target.post("/api/items", f'{{"name": "a", "count": {value}}}'.encode())
    assert (answer.status, [error["loc"] for error in document(answer)["errors"]]) == (422, [["body", "count"]])


@pytest.mark.parametrize("value", ["true", '"1"', "1.0"])
def test_coercion_takes_pydantics_lax_rules(target: Target, value: str) -> None:
    """C9: with `coerce=True` they are 1, as in pydantic's lax mode."""
    assert shown(target.post("/api/coerced", f'{{"count": {value}}}'.encode())) == (200, {"count": 1})


TOO_LARGE: Final = problem(413, "Content Too Large", "Body exceeded 1mb limit")


def test_announced_body_over_the_limit_is_refused(target: Target) -> None:
    """C11: a body over the limit with an honest length is a 413, and the next request on the connection is answered."""
    large = request("POST", "/api/items", headers={"Content-Type": JSON}, body=b" " * (MB + 1))
    first, second = answers(target.send(keeping_alive(large) + request("GET", "/api/hello")))
    assert (shown(first), second.status) == ((413, TOO_LARGE), 200)


def test_chunked_body_over_the_limit_is_refused(target: Target) -> None:
    """C11: a body over the limit without a length is a 413, and the next request on the connection is answered."""
    headers = {"Content-Type": JSON, "Transfer-Encoding": "chunked"}
    chunks = (b"10000\r\n" + b" " * 0x10000 + b"\r\n") * 40 + b"0\r\n\r\n"
    large = request("POST", "/api/items", headers=headers, body=chunks)
    first, second = answers(target.send(keeping_alive(large) + request("GET", "/api/hello")))
    assert (shown(first), second.status) == ((413, TOO_LARGE), 200)


def test_body_longer_than_announced_is_cut(target: Target) -> None:
    """C11: of a body with a length that lies, only as much is read; what follows is no request."""
    headers = {"Content-Type": JSON, "Content-Length": "13"}
    data = keeping_alive(request("POST", "/api/items", headers=headers)) + b'{"name": "a"}' + b" " * (2 * MB)
    raw = target.send(data)
    # httptools has read on before the first request is answered, and refuses both.
    assert raw == b"" or [answer.status for answer in answers(raw)] in ([201, 400], [400])


@pytest.mark.parametrize("length", ["9" * 18, "9" * 30, "-1", "+5", "5 5", "0x5", "5.0", "\u0665", ""])
def test_odd_length_is_refused(target: Target, length: str) -> None:
    """C11: a length beyond all bounds is a 413 or the server's 400, one that is no number a 400."""
    data = b"POST /api/items HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n"
    answer = parse(target.send(data + b"Content-Length: " + length.encode() + b"\r\n\r\n"))
    assert answer.status in ((413, 400) if length.isdecimal() and length.isascii() else (400,))


@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/api/items", JSON, b'{"name":'),
        ("/api/echo", JSON, b"["),
        ("/api/form", MULTIPART, TITLE),
        ("/api/form", URLENCODED, b"title="),
    ],
)
@pytest.mark.parametrize("chunks", [False, True])
def test_client_may_leave_amid_its_body(
    target: Target, path: str, content_type: str, body: bytes, chunks: bool
) -> None:
    """C14: a client that leaves amid its body is no error, and nothing is logged."""
    framing = {"Transfer-Encoding": "chunked"} if chunks else {"Content-Length": "5000"}
    data = b"%x\r\n%s\r\n" % (len(body), body) if chunks else body
    with socket.create_connection(("127.0.0.1", target.served.port), timeout=SECONDS) as connection:
        connection.sendall(request("POST", path, headers={"Content-Type": content_type, **framing}) + data)
    target.ask("GET", "/api/hello")
    assert [line for line in target.log().splitlines() if "/api/hello" not in line] == []


def test_handler_is_told_that_the_client_has_left(target: Target) -> None:
    """C14: a handler that reads the body itself is stopped by `ClientDisconnected`."""
    headers = {"Content-Length": "5000"}
    before = len(document(target.ask("GET", "/api/stream")))
    with socket.create_connection(("127.0.0.1", target.served.port), timeout=SECONDS) as connection:
        connection.sendall(request("POST", "/api/stream", headers=headers) + b"some")
    seen: list[str] = []

    def has_ended() -> bool:
        seen[:] = document(target.ask("GET", "/api/stream"))[before:]
        return len(seen) == 2

    wait_until(has_ended, lambda: f"The handler goes on: {seen}")
    assert seen == ["began", "ClientDisconnected"]


async def test_middleware_is_not_blamed_for_a_client_that_left(caplog: pytest.LogCaptureFixture) -> None:
    """C14: below middleware a client that leaves amid its body is no error either, and nothing is sent."""

    class Copying:
        """Hands a copy of the scope on, as much middleware does."""

        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await self.app(dict(scope), receive, send)

    app = create_app({"api/echo.py": TREE["pages/api/echo.py"]}, middleware=[Middleware(Copying)])
    scope = make_scope("POST", "/api/echo", {"content-type": JSON, "content-length": "9"})
    result = await direct_exchange(app, scope, [piece(b"[", more=True), DISCONNECT])
    assert (result.sent, caplog.records) == ([], [])


def test_missing_fields_do_not_multiply_a_body(target: Target) -> None:
    """C9: 50 fields missing from a body of 1 MB do not cost 50 copies of it, which were 2.3 GB."""
    target.post("/api/wide", b"{}")
    before = target.start_peak_memory_mb()
    target.post("/api/wide", b'{"z": [' + b",".join([b"{}"] * 340_000) + b"]}")
    assert target.peak_memory_mb() - before < 400


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        ("/api/lists", b"[" + b",".join([b"1"] * 500_000) + b"]", "The request body does not fit: 1 error."),
        ("/api/lists", b"[" + b",".join([b"{}"] * 340_000) + b"]", "The request body does not fit: 2 errors."),
        ("/api/lists", b"[" + b",".join([b"{}"] * 2_700) + b"]", "The request body does not fit: 2 errors."),
        (
            "/api/lists",
            b"[" + b",".join([b"{}"] * 200) + b"]",
            "The request body does not fit: 400 errors, the first 100 are listed.",
        ),
        ("/api/wide", b'{"z": [' + b",".join([b"{}"] * 340_000) + b"]}", "The request body does not fit: 50 errors."),
    ],
)
def test_many_errors_are_cut_short(target: Target, path: str, body: bytes, detail: str) -> None:
    """C9: a body of 1 MB that is wrong 500,000 times is a 422 within the time budget, with at most 100 errors."""
    answer = target.post(path, body)
    assert (answer.status, document(answer)["detail"]) == (422, detail)
    assert (len(document(answer)["errors"]) <= 100, len(answer.body) < 20_000) == (True, True)


def test_looking_for_errors_first_refuses_nothing_else() -> None:
    """C9: a body of many values that fits is taken, whichever way errors are looked for."""
    fields: dict[str, Any] = {f"field_{number}": (int, ...) for number in range(50)}
    row_type: Any = create_model("Row", **fields)
    decode = json_validator(list[row_type])
    rows = [{f"field_{number}": number for number in range(50)}] * 250
    assert [row.model_dump() for row in decode(json.dumps(rows).encode())] == rows
    with pytest.raises(ApiError) as caught:
        decode(json.dumps([*rows, {**rows[0], "field_7": "7"}]).encode())
    assert list(caught.value.errors) == [
        {"loc": ["body", 250, "field_7"], "msg": "Input should be a valid integer", "type": "int_type"}
    ]


class Colour:
    """A type that Python code makes itself, and JSON from a string."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        from_text = core_schema.no_info_after_validator_function(cls, core_schema.str_schema())
        return core_schema.json_or_python_schema(from_text, core_schema.is_instance_schema(cls))


def test_looking_for_errors_first_takes_what_json_alone_makes() -> None:
    """C9: also where a type has another rule for Python objects than for JSON."""
    fields: dict[str, Any] = {f"field_{number}": (Colour, ...) for number in range(50)}
    row_type: Any = create_model("Row", **fields)
    rows = json_validator(list[row_type])(json.dumps([dict.fromkeys(fields, "red")] * 250).encode())
    assert {row.field_7.name for row in rows} == {"red"}


# --- D. Forms and uploads ---------------------------------------------------------------------------------------------


def bad_form(detail: str) -> tuple[int, object]:
    return 400, problem(400, "Bad Request", detail)


def large_form(detail: str) -> tuple[int, object]:
    return 413, problem(413, "Content Too Large", detail)


MALFORMED: Final = bad_form("Invalid multipart data.")
CUT_OFF: Final = bad_form("The multipart form is cut off: its closing boundary is missing.")
NO_BOUNDARY: Final = bad_form("A multipart form needs a boundary of 1 to 70 characters.")


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (multipart(*[TITLE] * 1001), large_form("Too many fields. Maximum number of fields is 1000.")),
        (
            multipart(*[part(f"f{number}", b"") for number in range(1001)]),
            large_form("Too many fields. Maximum number of fields is 1000."),
        ),
        (
            multipart(TITLE, *[part("file", b"x", filename="f")] * 1001),
            large_form("Too many files. Maximum number of files is 1000."),
        ),
        (multipart(part("title", b"x" * (MB + 1))), large_form("Part exceeded maximum size of 1024KB.")),
        (multipart(TITLE, part("file", b"x" * 9 * MB, filename="f")), large_form("Body exceeded 8mb limit")),
    ],
    ids=["fields", "names", "files", "part", "body"],
)
def test_form_has_bounds(target: Target, body: bytes, refusal: tuple[int, object]) -> None:
    """D1: 1,001 fields, 1,001 files, a text over 1 MB, and a form over the limit are a 413."""
    assert shown(target.post("/api/form", body, MULTIPART)) == refusal


@pytest.mark.parametrize("path", ["/api/form", "/api/echo"])
@pytest.mark.parametrize(
    "body", [b"a=1&" * 5_000, b"&" * 1_000, b"&".join(b"f%d=1" % number for number in range(1_001))]
)
def test_urlencoded_form_has_bounds(target: Target, path: str, body: bytes) -> None:
    """D2: a urlencoded form of 5,000 fields is a 413, empty ones counted."""
    refusal = large_form("The form has more than 1000 fields.")
    assert shown(target.post(path, body, URLENCODED)) == refusal


@pytest.mark.parametrize(
    ("content_type", "refusal"),
    [
        ("multipart/form-data", NO_BOUNDARY),
        ('multipart/form-data; boundary=""', NO_BOUNDARY),
        ("multipart/form-data; boundary=" + "B" * 5_000, NO_BOUNDARY),
        ('multipart/form-data; boundary="B\\""', NO_BOUNDARY),
        ("multipart/form-data; boundary*=utf-8''B", NO_BOUNDARY),
        # Of two boundaries the first counts, as everywhere in typed_api; the form's own parser would take the last.
        ("multipart/form-data; boundary=A; boundary=B", MALFORMED),
        ("multipart/form-data; boundary=A", MALFORMED),
        ('multipart/form-data; boundary="B "', MALFORMED),
    ],
)
def test_boundary_is_checked(target: Target, content_type: str, refusal: tuple[int, object]) -> None:
    """D3: no boundary, one of 5,000 characters, and one that is not the form's are a 400."""
    assert shown(target.post("/api/form", multipart(TITLE), content_type)) == refusal


@pytest.mark.parametrize(
    "body",
    [
        b"",
        TITLE,
        TITLE + b"--B",
        TITLE + b"--B-",
        multipart(TITLE, part("file", b"x" * 2 * MB, filename="f"), end=b""),
    ],
    ids=["empty", "no end", "no dashes", "one dash", "file"],
)
def test_unclosed_form_is_refused(target: Target, body: bytes) -> None:
    """D3: a boundary that is never closed is a 400."""
    assert shown(target.post("/api/form", body, MULTIPART)) == CUT_OFF


def test_boundary_with_endless_padding_is_refused(target: Target) -> None:
    """D3: white space behind a boundary is that of a form cut off, or, to older parsers, of a part too large."""
    answer = target.post("/api/form", TITLE + b"--B" + b" " * 3 * MB, MULTIPART)
    assert shown(answer) == CUT_OFF or answer.status == 413


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=B; charset=utf-8; charset=punycode",
        "multipart/form-data; boundary=B; charset=utf-8; charset=zip",
        "multipart/form-data; boundary=B; charset*=utf-8''punycode",
        "multipart/form-data; boundary=B; charset*0=puny; charset*1=code",
    ],
)
def test_a_second_charset_is_not_believed(target: Target, content_type: str) -> None:
    """D3: a form is UTF-8, whatever else its parser could make of the header: `punycode` takes seconds, or fails."""
    answer = target.post("/api/form", multipart(TITLE, part("note", b"a" * 100_000)), content_type)
    assert shown(answer) == (200, EMPTY_UPLOAD)


@pytest.mark.parametrize("charset", ["punycode", "utf-16", "latin-1", "unicode_escape"])
def test_form_is_utf8(target: Target, charset: str) -> None:
    """D3: a form in another charset is a 415."""
    answer = target.post("/api/form", multipart(TITLE), f"{MULTIPART}; charset={charset}")
    detail = "A form is sent as UTF-8. Leave the charset out."
    assert shown(answer) == (415, problem(415, "Unsupported Media Type", detail))


PARAMS: Final = bad_form("A part has a header with too many parameters.")
NO_NAME: Final = bad_form('The Content-Disposition header field "name" must be provided.')


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (multipart(TITLE, part("note", b"1", headers=b"X: y\r\n" * 20_000)), MALFORMED),
        (multipart(TITLE, part("note", b"1", headers=b"X: " + b"y" * 3 * MB + b"\r\n")), MALFORMED),
        (multipart(TITLE, part("x" * 3 * MB, b"1")), MALFORMED),
        (multipart(TITLE, *[part(";" * 3_900, b"1")] * 900), PARAMS),
        (multipart(TITLE, *[part('\\";' * 1_300, b"1")] * 900), PARAMS),
        (multipart(TITLE, b"--B\r\nX: y\r\n\r\nvalue\r\n"), NO_NAME),
        (multipart(TITLE, b"--B\r\nContent-Disposition: form-data\r\n\r\nvalue\r\n"), NO_NAME),
        (b"x" * 3 * MB + multipart(TITLE), MALFORMED),
        (b"-" * 3 * MB + multipart(TITLE), MALFORMED),
        (b"\r\n--" * MB + multipart(TITLE), MALFORMED),
        (b"\xef\xbb\xbf" + multipart(TITLE), MALFORMED),
        (multipart(TITLE).replace(b"\r\n", b"\n"), MALFORMED),
        (b"\r\n" * MB + multipart(TITLE), (200, EMPTY_UPLOAD)),
        (multipart(TITLE, end=b"--B--\r\n" + b"x" * 3 * MB), (200, EMPTY_UPLOAD)),
        (multipart(TITLE, end=b"--B--\r\n" + b"\r\n--B" * MB), (200, EMPTY_UPLOAD)),
    ],
    ids=[
        "headers", "header", "name", "parameters", "quotes", "no disposition", "no name", "preamble", "dashes",
        "almost", "mark", "line feeds", "blank", "epilogue", "boundaries",
    ],
)  # fmt: skip
def test_odd_parts_are_bounded(target: Target, body: bytes, expected: tuple[int, object]) -> None:
    """D4: 20,000 headers in a part, 3 MB before and after the parts and the like are read or a 400, in linear time."""
    assert shown(target.post("/api/form", body, MULTIPART)) == expected


@pytest.mark.parametrize("filler", [b"\r\n--", b"\r", b"\r\n--B-", b"\r\n--B\r", b"-"])
def test_almost_boundaries_are_content(target: Target, filler: bytes) -> None:
    """D4: a file that consists of almost-boundaries is read within the time budget."""
    value = filler * (3 * MB // len(filler))
    answer = target.post("/api/form", multipart(TITLE, part("file", value, filename="f")), MULTIPART)
    assert shown(answer) == (200, {"title": "t", "size": len(value), "filename": "f"})


@pytest.mark.parametrize(
    ("filename", "shown_as"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        (f"a\x00\x1b[31m{FORGED}", f"a\x00\x1b[31m{FORGED}"),
        ("\u202etxt.exe", "\u202etxt.exe"),
    ],
)
def test_filename_is_what_the_client_said(target: Target, filename: str, shown_as: str) -> None:
    """D4: a filename is data: it names no file of the server's, and is not logged."""
    answer = target.post("/api/form", multipart(TITLE, part("file", b"x", filename=filename)), MULTIPART)
    assert shown(answer) == (200, {"title": "t", "size": 1, "filename": shown_as})


TEXT: Final = (["form", "title"], "Input should be a valid string", "string_type")


@pytest.mark.parametrize(
    ("parts", "loc"),
    [
        ([TITLE, part("file", b"text"), part("file", b"x", filename="f")], "file"),
        ([TITLE, part("file", b"x", filename="f"), part("file", b"text")], "file"),
        ([TITLE, part("file", b"x", filename="f"), part("file", b"x", filename="f")], "file"),
        ([TITLE, part("file", b"text")], "file"),
        ([part("title", b"x", filename="f")], "title"),
        ([TITLE, TITLE], "title"),
        ([part("note", b"x" * 2 * MB, filename="f"), TITLE], "note"),
    ],
)
def test_file_and_text_are_no_substitutes(target: Target, parts: list[bytes], loc: str) -> None:
    """D8: the same field as a file and as text, or one for the other, is a 422."""
    answer = target.post("/api/form", multipart(*parts), MULTIPART)
    assert (answer.status, [error["loc"] for error in document(answer)["errors"]]) == (422, [["form", loc]])


BIG_FILE: Final = part("file", b"x" * 2 * MB, filename="f")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (multipart(TITLE, BIG_FILE), 200),
        (multipart(BIG_FILE), 422),
        (multipart(part("title", b"fail"), BIG_FILE), 500),
        (multipart(TITLE, BIG_FILE, b"--B\r\nno header\r\n"), 400),
        (multipart(TITLE, BIG_FILE, end=b""), 400),
        (multipart(TITLE, BIG_FILE, part("note", b"x" * (MB + 1))), 413),
    ],
    ids=["answered", "refused", "failed", "malformed", "cut off", "too large"],
)
def test_no_temporary_file_is_left(target: Target, body: bytes, status: int) -> None:
    """D10: the temporary file of an upload is gone after the answer, after any error too."""
    target.fails = status == 500
    assert target.post("/api/form", body, MULTIPART).status == status
    wait_until(lambda: not target.temporary_files(), "The upload has left a temporary file.")


def test_no_temporary_file_is_left_by_a_client_that_leaves(target: Target) -> None:
    """D10: nor after a client that leaves amid its upload."""
    headers = {"Content-Type": MULTIPART, "Content-Length": str(6 * MB)}
    with socket.create_connection(("127.0.0.1", target.served.port), timeout=SECONDS) as connection:
        connection.sendall(request("POST", "/api/form", headers=headers) + TITLE + BIG_FILE)
        wait_until(lambda: bool(target.temporary_files()), "The upload has made no temporary file.")
    wait_until(lambda: not target.temporary_files(), "The upload has left a temporary file.")
    assert [line for line in target.log().splitlines() if "/api/form" in line] == []


def test_uploads_that_fail_leave_no_descriptor(target: Target) -> None:
    """D10: ten uploads that are cut off leave as many open descriptors as there were."""
    descriptors = Path(f"/proc/{target.served.process.pid}/fd")
    before = len(list(descriptors.iterdir()))
    for _ in range(10):
        assert shown(target.post("/api/form", multipart(TITLE, BIG_FILE, end=b""), MULTIPART)) == CUT_OFF
    wait_until(lambda: len(list(descriptors.iterdir())) <= before, "Descriptors are left open.")


# --- Two requests on one connection -----------------------------------------------------------------------------------

AMBIGUOUS: Final = (
    b"Host: a\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)


@pytest.mark.parametrize(
    "line",
    [
        b"POST /api/items",
        b"POST /api/echo",
        b"POST /api/form",
        b"POST /api/stream",
        b"GET /api/hello",
        b"HEAD /api/hello",
        b"GET /api/users/x",
        b"POST /nowhere",
        b"PUT /api/items",
        b"FOO /api/items",
        b"OPTIONS /api/items",
        b"GET /api/hello/",
        b"GET /api/names/%zz",
        b"GET /api/hello?" + b"&" * 10_000,
    ],
    ids=lambda line: line[:20].decode(),
)
def test_two_lengths_serve_no_second_request(target: Target, line: bytes) -> None:
    """H1: `Content-Length` with `Transfer-Encoding` is a 400 whatever is asked, and the connection is closed."""
    raw = target.send(line + b" HTTP/1.1\r\n" + AMBIGUOUS + SMUGGLED)
    assert (parse(raw).status, raw.count(b"HTTP/1.1 "), parse(raw).header("connection")) == (400, 1, "close")


async def ask_ambiguously(app: ASGIApp, path: str) -> tuple[int, str | None]:
    lines = {"content-length": "4", "transfer-encoding": "chunked"}
    result = await direct_exchange(app, make_scope("GET", path, lines), [])
    return result.status, result.header("connection")


async def test_two_lengths_reach_no_mount_and_no_middleware() -> None:
    """H1: nor do mounted apps, middleware and exception handlers see such a request."""

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("This app is not to be called.")

    class Answering:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        __call__ = staticmethod(never)

    async def handle(request: object, error: Exception) -> Any:
        raise AssertionError("This handler is not to be called.")

    files = {"api/hello.py": TREE["pages/api/hello.py"]}
    plain = create_app(files, mounts={"/static": never, "/": never}, exception_handlers={400: handle, 404: handle})
    wrapped = create_app(files, middleware=[Middleware(Answering)])
    paths = ["/api/hello", "/api/hello/", "/static/a", "/nowhere"]
    assert [await ask_ambiguously(plain, path) for path in paths] == [(400, "close")] * 4
    assert await ask_ambiguously(wrapped, "/api/hello") == (400, "close")


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 0\r\nContent-Length: 5\r\n",
        b"Content-Length: 5, 0\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: chunked, chunked\r\n",
        b"Content-Length : 5\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: chunked\r\nX: \0\r\n",
    ],
)
def test_odd_framing_is_refused(target: Target, head: bytes) -> None:
    """H1: two lengths, an unknown transfer coding and a space before the colon are a 400; nothing more is answered."""
    raw = target.send(b"POST /api/echo HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n0\r\n\r\n" + SMUGGLED)
    assert (parse(raw).status, raw.count(b"HTTP/1.1 "), b"smuggled" in raw) == (400, 1, False)


@pytest.mark.parametrize(
    "chunks",
    [
        b"2\nhi\n0\n\n",
        b"2;a=b\nhi\r\n0\r\n\r\n",
        b"-2\r\nhi\r\n0\r\n\r\n",
        b"2\r\nhixx\r\n0\r\n\r\n",
        b"0x2\r\nhi\r\n0\r\n\r\n",
    ],
)
def test_odd_chunks_are_refused(target: Target, chunks: bytes) -> None:
    """H1: chunks with bare line feeds, signs or a wrong size end the connection."""
    raw = target.send(b"POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + SMUGGLED)
    assert (parse(raw).status, raw.count(b"HTTP/1.1 "), b"smuggled" in raw) == (400, 1, False)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/api/items", 415),
        ("POST", "/nowhere", 404),
        ("PUT", "/api/items", 405),
        ("POST", "/api/hello/", 308),
        ("POST", "/api/names/%zz", 400),
        ("GET", "/api/hello", 200),
        ("OPTIONS", "/api/hello", 204),
    ],
)
def test_body_that_nobody_reads_is_no_request(target: Target, method: str, path: str, status: int) -> None:
    """H1: the unread body of a refused request is not answered; the two requests after it are."""
    unread = keeping_alive(request(method, path, body=request("GET", "/api/seen?inner=1")))
    following = keeping_alive(request("GET", "/api/seen?next=1")) + request("GET", "/api/seen?next=2")
    found = answers(target.send(unread + following))
    assert [answer.status for answer in found] == [status, 200, 200]
    assert [document(answer)["query"] for answer in found[1:]] == [{"next": "1"}, {"next": "2"}]


@pytest.mark.parametrize(
    "line", [b"GET /api/hello\x01 HTTP/1.1", b"GET /api/hello HTTP/1.x", b"GET\t/api/hello HTTP/1.1", b"\0"]
)
def test_nothing_follows_a_malformed_request(target: Target, line: bytes) -> None:
    """H1: after a request line that cannot be read, two more requests on the connection are not answered."""
    raw = target.send(line + b"\r\nHost: a\r\n\r\n" + keeping_alive(SMUGGLED) + SMUGGLED)
    assert (parse(raw).status, raw.count(b"HTTP/1.1 ")) == (400, 1)


async def test_websockets_are_declined_whatever_their_path() -> None:
    """A11: a websocket is closed, also where the path or the query of an HTTP request would be refused."""
    app = create_app({"api/[name].py".replace("[name]", "_name_"): TREE["pages/api/names/_name_.py"]})
    closed = {"type": "websocket.close", "code": 1000, "reason": ""}
    for path in ("/api/a", "/api/%zz", "/api/%00", "/" + "a" * 70_000, "/api/a/"):
        scope = make_scope("GET", path)
        del scope["method"]
        result = await direct_exchange(app, {**scope, "type": "websocket"}, [{"type": "websocket.connect"}])
        assert result.sent == [closed]


# --- E. Responses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [f"a\r\n{FORGED}b", f"a\n{FORGED}b", f"a\r{FORGED}b", "a\0b", "a\x1b[31mb", "a\x7fb", "a€b"]
)
@pytest.mark.parametrize("by", ["handler", "ApiError", "HTTPException", "cookie"])
def test_header_that_cannot_be_sent_is_a_clean_500(target: Target, by: str, value: str) -> None:
    """E1: a header with CR LF, LF, NUL or non-Latin-1 is a 500 problem and a log that names it."""
    target.fails = True
    raw = target.send(request("GET", f"/api/set_header?by={by}&value={quote(value)}"))
    answer = parse(raw)
    assert (*shown(answer), answer.header("x-bent"), answer.header("set-cookie")) == (500, FAILED, None, None)
    name = "Cookie 'bent'" if by == "cookie" else "Header 'X-Bent'"
    assert (f"{name} cannot hold {value!r}" in target.log().replace("\\\\", "\\"), b"FORGED" in raw) == (True, False)


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example",
        "///evil.example",
        "\\\\evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\tscript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "https:evil.example",
        "https:/evil.example",
        "https:\\\\evil.example",
        "https://good.example@evil.example/",
        "https://evil.example\\@good.example/",
        "https://ev\u0131l.example/",
        "https://evil.example:x/",
        "https://",
        "https:///evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\x00//evil.example",
        f"/a\r\n{FORGED}x",
        "/a\r\nSet-Cookie: a=b",
        "/a\x85b",
        "",
    ],
)  # fmt: skip
def test_redirect_elsewhere_is_refused(target: Target, to: str) -> None:
    """E2, E3: `//evil`, `/\\evil`, `javascript:…`, `https:evil`, control characters: a 500 and a log, no Location."""
    target.fails = True
    raw = target.send(request("GET", f"/api/go?to={quote(to)}"))
    answer = parse(raw)
    assert (*shown(answer), answer.header("location"), b"evil" in raw) == (500, FAILED, None, False)
    sentence = "A redirect needs a URL, not ''." if not to else f"Cannot redirect to {to!r}"
    assert sentence in target.log().replace("\\\\", "\\")


@pytest.mark.parametrize(
    ("to", "location"),
    [
        ("https://good.example/a?b#c", "https://good.example/a?b#c"),
        ("http://good.example:8080", "http://good.example:8080"),
        ("/a", "/a"),
        ("a", "a"),
        ("./a:b", "./a:b"),
        ("?a=//b", "?a=//b"),
        ("/a b", "/a%20b"),
        ("/é/%2F", "/%C3%A9/%2F"),
        ("/a\\b", "/a%5Cb"),
        ('/"<>`{}|^', "/%22%3C%3E%60%7B%7D%7C%5E"),
    ],
)
def test_redirect_is_encoded(target: Target, to: str, location: str) -> None:
    """E2, E3: `https://host/…`, rooted and relative paths pass; spaces and non-ASCII are encoded."""
    answer = target.ask("GET", f"/api/go?to={quote(to)}")
    assert (answer.status, answer.header("location"), answer.body) == (307, location, location.encode())


COOKIE: Final = {"api/cookie.py": TREE["pages/api/cookie.py"]}


def test_cookie_is_safe_by_default(target: Target) -> None:
    """E5: a cookie is HttpOnly, SameSite=Lax and, in production, Secure."""
    cookie = target.ask("GET", "/api/cookie").header("set-cookie")
    assert cookie == "session=1; Path=/; HttpOnly; Secure; SameSite=Lax"


def test_cookie_works_without_https_in_development() -> None:
    """E5: in development it is not Secure."""
    client = TestClient(create_app(COOKIE, debug=True))
    assert client.get("/api/cookie").headers["set-cookie"] == "session=1; Path=/; HttpOnly; SameSite=Lax"


@pytest.mark.parametrize("name", ["__Host-id", "__host-id", "__HOST-id"])
@pytest.mark.parametrize("more", ["secure=False", 'path="/api"', 'domain="example.com"'])
def test_host_cookie_keeps_its_rules(caplog: pytest.LogCaptureFixture, name: str, more: str) -> None:
    """E5: a `__Host-` cookie, in any case, that is not Secure, has a domain or another path, is a 500 and a log."""
    source = COOKIE["api/cookie.py"].replace('"session", "1"', f'"{name}", "1", {more}')
    answer = TestClient(create_app({"api/cookie.py": source})).get("/api/cookie")
    assert (answer.status_code, answer.headers.get("set-cookie")) == (500, None)
    assert f"Cookie '{name}' needs secure=True, path='/' and no domain" in caplog.records[0].getMessage().replace(
        "\\'", "'"
    )


SECRETIVE: Final = """
from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeVar
from pydantic import BaseModel, ConfigDict, Field, RootModel, computed_field
from typing_extensions import TypedDict
from typed_api import ApiRequest, ApiResponse, EventStream, JsonLines, Ok, Problem

T = TypeVar("T")

class User(BaseModel):
    name: str

class FullUser(User):
    password: str = "hunter2"

    @computed_field
    @property
    def token(self) -> str:
        return "hunter2"

class LooseUser(User):
    model_config = ConfigDict(extra="allow")

class Bot(BaseModel):
    kind: str = "bot"

class FullBot(Bot):
    password: str = "hunter2"

class Team(BaseModel):
    lead: User
    users: list[User] = []
    by_name: dict[str, User] = {}
    maybe: User | None = None
    either: User | Bot | None = None
    pair: tuple[User, ...] = ()

class Page(BaseModel, Generic[T]):
    items: list[T]

class Users(RootModel[list[User]]):
    pass

@dataclass
class Point:
    x: int

@dataclass
class FullPoint(Point):
    password: str = "hunter2"

@dataclass
class Line:
    start: Point
    points: list[Point]

class Row(TypedDict):
    name: str

class FullProblem(Problem):
    password: str = "hunter2"

class Cat(BaseModel):
    kind: Literal["cat"] = "cat"

class FullCat(Cat):
    password: str = "hunter2"

class Dog(BaseModel):
    kind: Literal["dog"] = "dog"

Pet = Annotated[Cat | Dog, Field(discriminator="kind")]
user = FullUser(name="a")

def get(req: ApiRequest, res: ApiResponse[Ok[DECLARED]]) -> None:
    res.send(BODY)
"""


@pytest.mark.parametrize("rechecked", [True, False])
@pytest.mark.parametrize(
    ("declared", "body"),
    [
        ("User", "user"),
        ("User", '{"name": "a", "password": "hunter2"}'),
        ("User", 'LooseUser(name="a", password="hunter2")'),
        ("list[User]", "[user]"),
        ("list[User]", '[LooseUser(name="a", password="hunter2")]'),
        ("dict[str, User]", '{"a": user}'),
        ("User | None", "user"),
        ("User | Bot", "user"),
        ("User | Bot", "FullBot()"),
        ("list[User | Bot]", "[user, FullBot()]"),
        ("tuple[User, ...]", "(user,)"),
        ("Team", 'Team(lead=user, users=[user], by_name={"a": user}, maybe=user, either=FullBot(), pair=(user,))'),
        ("Team", 'Team.model_construct(lead=user, users=[user], by_name={"a": user}, either=user, pair=(user,))'),
        ("Team", '{"lead": user, "users": [user]}'),
        ("Page[User]", "Page[User](items=[user])"),
        ("Page[User]", "Page[FullUser](items=[user])"),
        ("Users", "Users([user])"),
        ("Point", "FullPoint(1)"),
        ("list[Point]", "[FullPoint(1)]"),
        ("Line", "Line(FullPoint(1), [FullPoint(2)])"),
        ("Row", '{"name": "a", "password": "hunter2"}'),
        ("Problem", 'FullProblem(title="a", status=200)'),
        ("User | Problem", 'FullProblem(title="a", status=200)'),
        ("Pet", "FullCat()"),
        ("list[Pet]", "[FullCat()]"),
        ("JsonLines[User]", "JsonLines([user])"),
        ("EventStream[User]", "EventStream([user])"),
        ("EventStream[list[User | Bot]]", "EventStream([[user, FullBot()]])"),
    ],
)
def test_subclass_shows_no_more_than_its_base(declared: str, body: str, rechecked: bool) -> None:
    """E6: a subclass with a password, answered for its declared base, also nested or in a list, does not show it."""
    source = SECRETIVE.replace("DECLARED", declared).replace("BODY", body)
    app = create_app({"api/secret.py": source}, recheck_responses=rechecked)
    client = TestClient(app) if rechecked else plain_client(app)
    answer = client.get("/api/secret")
    assert (answer.status_code, "hunter2" in answer.text, answer.text != "") == (200, False, True)


def plain_client(app: ASGIApp) -> PlainTestClient:
    """Make a client that changes nothing about the app, and raises what leaves it."""
    return PlainTestClient(app, base_url="https://testserver", follow_redirects=False)


def one_route(body: str, *, declared: str = "str") -> dict[str, str]:
    """Write a tree of one handler."""
    imports = "from typing import Any\nfrom typed_api import ApiError, ApiRequest, ApiResponse, Sent\n\n"
    return {
        "api/one.py": f"{imports}async def get(req: ApiRequest, res: ApiResponse[{declared}]) -> Any:\n    {body}\n"
    }


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('res.json("first"); res.json("second")', '"first"'),
        ('res.send(iter([b"a", b"b"])); res.json("second")', "ab"),
        ('res.redirect("/a"); res.end()', "/a"),
        ('res.json("first"); res.set_header("x-late", "1")', '"first"'),
        ('res.json("first"); res.set_cookie("late", "1")', '"first"'),
    ],
)
def test_first_answer_stands(caplog: pytest.LogCaptureFixture, body: str, text: str) -> None:
    """E8: a second answer, or a header after one, raises in the handler; the first stands, and the log says so."""
    answer = plain_client(create_app(one_route(body, declared="str | bytes"))).get("/api/one")
    assert (answer.status_code, answer.text) == (307 if text == "/a" else 200, text)
    assert ("x-late" in answer.headers, "set-cookie" in answer.headers) == (False, False)
    (record,) = caplog.records
    assert record.getMessage().startswith("The first answer stands: ")
    assert "get of pages/api/one.py" in record.getMessage()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return", "finished without sending a response to GET '/api/one'"),
        ('return {"a": 1}', "returned 'dict' instead of sending it"),
        ('return res.set_header("x-late", "1")', "returned 'ApiResponse' instead of sending it"),
        ('res.set_header("x-late", "1"); res.json("first"); raise ValueError("late")', "ValueError: 'late'"),
        ("res.json(1)", "The body does not fit"),
        ('res.json("\\ud800")', "The body does not fit"),
        ('raise RecursionError("deep")', "RecursionError"),
        ('raise ExceptionGroup("many", [ValueError("a")])', "ExceptionGroup"),
        ("raise StopAsyncIteration", "StopAsyncIteration"),
    ],
)
def test_no_answer_is_one_500(caplog: pytest.LogCaptureFixture, body: str, sentence: str) -> None:
    """E8: nothing sent, a value returned, an exception after an answer: one 500, and the log names the handler."""
    answer = plain_client(create_app(one_route(body))).get("/api/one")
    assert (answer.status_code, answer.json(), "x-late" in answer.headers) == (500, FAILED, False)
    (record,) = caplog.records
    assert ("get of pages/api/one.py" in record.getMessage(), sentence in record.getMessage()) == (True, True)


def test_exception_without_a_text_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    """E8: an exception whose own text raises is a 500 as well, in both modes."""
    source = (
        one_route("raise Mute")["api/one.py"]
        + "\nclass Mute(Exception):\n    def __str__(self) -> str:\n        raise ValueError\n"
    )
    app = create_app({"api/one.py": source})
    dev = create_app({"api/one.py": source}, debug=True)
    assert [plain_client(one).get("/api/one").status_code for one in (app, dev)] == [500, 500]
    assert caplog.records[0].getMessage().endswith("Mute: '(its text cannot be read)'")


@pytest.mark.parametrize("detail", ['"a\\udcffb"', '"a\\ud800b"'])
def test_lone_surrogate_in_an_error_is_replaced(detail: str) -> None:
    """E8: what tells of a file name that is no UTF-8 is sent with a question mark, not as a failure of its own."""
    answer = plain_client(create_app(one_route(f"raise ApiError(404, {detail})"))).get("/api/one")
    assert (answer.status_code, answer.json()) == (404, problem(404, "Not Found", "a?b"))


@pytest.mark.parametrize("status", [600, 42, 0, -1])
def test_exception_with_an_impossible_status_is_a_500(status: int) -> None:
    """E8: an `HTTPException` with a status that does not exist is a 500."""
    source = (
        "from starlette.exceptions import HTTPException\n"
        + one_route(f"raise HTTPException({status}, 'x')")["api/one.py"]
    )
    answer = plain_client(create_app({"api/one.py": source})).get("/api/one")
    assert (answer.status_code, answer.json()) == (500, FAILED)


@pytest.mark.parametrize("status", [204, 205, 304])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_status_without_a_body_has_none(target: Target, method: str, status: int) -> None:
    """E9: 204 and 304 with a body send no byte of it, and the connection goes on with the next answer."""
    raw = target.send(keeping_alive(request(method, f"/api/empty/{status}")) + request("GET", "/api/hello"))
    first, second = answers(raw)
    assert (first.status, first.body, second.status) == (status, b"", 200)
    assert b"a body that must not be sent" not in raw


@pytest.mark.parametrize(
    "path", ["/api/hello", "/api/streamed", "/api/fail", "/nowhere", "/api/users/x", "/api/hello/", "/api/items"]
)
def test_head_has_no_body(target: Target, path: str) -> None:
    """E9: HEAD with a body, of any answer, sends no byte of it."""
    target.fails = path == "/api/fail"
    head, _, body = target.send(request("HEAD", path)).partition(b"\r\n\r\n")
    assert (head.startswith(b"HTTP/1.1 "), body) == (True, b"")


@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/json"])
def test_production_tells_nothing_of_an_exception(target: Target, accept: str) -> None:
    """E11: a 500 in production has no traceback, no path, nothing of the environment or of the exception's text."""
    target.fails = True
    headers = {"Accept": accept, "X-Debug": "1", "Cookie": "debug=1; TYPED_API_ENV=development", "X-What": SECRET}
    raw = target.send(request("GET", "/api/fail?what=sesame&debug=1", headers=headers))
    assert shown(parse(raw)) == (500, FAILED)
    told = [word for word in (SECRET, "sesame", "Traceback", "ValueError", ".py", "File") if word.encode() in raw]
    assert told == []


def test_exception_cannot_forge_a_line_of_the_log(target: Target) -> None:
    """E11: a client's line breaks and escapes in the text of an exception stay inside of its lines in the log."""
    target.fails = True
    target.ask(
        "GET", f"/api/fail?what={quote(f'a{chr(10)}{FORGED}b{chr(13)}{FORGED}c{chr(27)}[31m{chr(0x85)}{chr(0x2028)}')}"
    )
    log = target.log()
    assert f"'No a\\n{FORGED}b\\r{FORGED}c\\x1b[31m\\x85\\u2028 and no None.'" in log
    assert f"\n  ValueError: No a\n  {FORGED}b\\r{FORGED}c\\x1b[31m\\x85\\u2028 and no None.\n" in log


def test_path_cannot_forge_a_line_of_the_log(target: Target) -> None:
    """E11: nor can a path."""
    target.ask("GET", f"/api/names/%0a{quote(FORGED)}%0d%1b[31m/x")
    assert "/api/names/%0AFORGED%3A%20%0D%1B%5B31m/x" in target.log()


BENT: Final = {
    "api/bent/_name_.py": """
from typed_api import ApiRequest, ApiResponse

async def get(req: ApiRequest, res: ApiResponse[str]) -> None:
    raise ValueError(f"{req.query['name']} {req.query.get('q')} {req.headers.get('x-bent')} \\ud800 </title></pre>")
"""
}
SCRIPT: Final = "<script>alert(1)</script>"
BROWSER: Final = {"Accept": "text/html,application/xhtml+xml", "X-Bent": "<img src=x onerror=alert(2)>"}


def test_error_page_is_escaped() -> None:
    """E13: the error page of development shows a script in path, header and exception as text, and has a CSP."""
    app = create_app(BENT, debug=True)
    answer = plain_client(app).get(f"/api/bent/{quote(SCRIPT, safe='')}?q={quote(SCRIPT)}", headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    tags = re.findall(r"<([a-z0-9]+)", answer.text)
    assert tags == ["html", "head", "meta", "title", "style", "body", "p", "h1", "pre", "p"]
    assert (re.findall(r"<(?:script|img)", answer.text), answer.text.count("&lt;script&gt;alert(1)")) == ([], 7)


def test_error_document_of_development_is_json() -> None:
    """E13: a program gets the same as JSON, also where the text of the exception is no Unicode."""
    answer = plain_client(create_app(BENT, debug=True)).get("/api/bent/a")
    document = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert document["detail"] == "ValueError: a None None ? </title></pre>"
    assert document["traceback"][0] == "Traceback (most recent call last):"


@pytest.mark.parametrize("more", [{}, {"X-Debug": "1"}, {"Cookie": "debug=1"}, {"X-Typed-Api-Env": "development"}])
def test_error_page_is_never_shown_in_production(more: dict[str, str]) -> None:
    """E13: in production there is no such page, whatever headers and cookies ask for it."""
    client = plain_client(create_app(BENT, debug=False))
    answer = client.get("/api/bent/a?debug=1", headers={**BROWSER, **more})
    assert (answer.status_code, answer.headers["content-type"], answer.json()) == (
        500,
        "application/problem+json",
        FAILED,
    )
