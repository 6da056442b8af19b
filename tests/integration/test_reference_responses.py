"""The reference behaviour of answers: `res.status`, `send`, `json`, statuses without content, methods, entity tags.

`tests/reference_rows.py` has the list of rows and says which are mirrored. Where the bytes on the wire are the point,
`typed-api start` is asked over a socket; elsewhere the test client is.
"""

from collections.abc import Iterator

import pytest

from tests.direct import call as call_directly
from tests.one_route import FAILED, answer_of, app_of, ask, failure, logged, module, told, write_project
from tests.serving import Served, parse, request, serve
from typed_api.testing import TestClient

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
PROBLEM = "application/problem+json"

ROUTES = {
    "teapot": module("return res.status(418).end()"),
    "odd": module("return res.status(299).end()"),
    "missing_end": module("return res.status(404).end()"),
    "missing_send": module("return res.status(404).send()"),
    "reset": module("return res.status(205).send('abc')"),
    "text": module("return res.send('hello')"),
    "no_text": module("return res.send('')"),
    "text_beyond_ascii": module("return res.send('héllo 😀')"),
    "json": module("return res.json({'a': 1})"),
    "nothing": module("return res.send(None)"),
    "bytes": module("return res.send(b'hello')", declared="Ok[bytes]"),
    "no_bytes": module("return res.send(b'')", declared="Ok[bytes]"),
    "stream": module("return res.send(iter([b'ab', b'c']))", declared="Ok[bytes]"),
    "broken": module(
        """
        def source():
            yield b"part"
            raise ValueError("boom")

        return res.send(source())
        """,
        declared="Ok[bytes]",
    ),
    "redirect": module("return res.redirect('/login')"),
    "throw": module("raise ValueError('boom')"),
}
# Every kind of body, each with the type that it is declared by.
BODIES = {
    "json": ("Any", "json({'a': 1})"),
    "text": ("Any", "send('x')"),
    "bytes": ("bytes", "send(b'x')"),
    "stream": ("bytes", "send(iter([b'x']))"),
    "events": ("EventStream[int]", "send(EventStream([1]))"),
    "lines": ("JsonLines[int]", "send(JsonLines([1]))"),
    "file": ("File", "send(File(__file__))"),
}
ROUTES.update(
    {
        f"{kind}_{status_code}": module(f"return res.status({status_code}).{ending}", declared=declared)
        for kind, (declared, ending) in BODIES.items()
        for status_code in (204, 304)
    }
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = write_project(tmp_path_factory.mktemp("responses"), ROUTES)
    with serve(folder, folder / "log") as served:
        yield served


# --- res.status -------------------------------------------------------------------------------------------------------


def test_status_gives_the_response_back() -> None:
    """Row 1: `res.status(201)` is the same response, so that calls chain."""
    response = ask("return res.send(res.status(201) is res)")
    assert (response.status_code, response.json()) == (201, True)


def test_the_last_status_wins() -> None:
    """Row 1: of several calls of `res.status` the last one counts."""
    assert ask("res.status(404)\nreturn res.status(201).send('x')").status_code == 201


@pytest.mark.parametrize("code", ["'201'", "200.7"])
def test_a_status_is_not_made_of_something_else(code: str, caplog: pytest.LogCaptureFixture) -> None:
    """Rows 2, 3 (deviate): text and fractions are no status; `res.status` refuses them at once."""
    assert ask(f"return res.status({code}).send('x')").json() == FAILED
    sentence = f"{code} is not a status that a response can end with. Use a number from 200 to 599."
    assert logged(caplog) == [failure(f"ValueError: {sentence!r}")]


@pytest.mark.parametrize("code", ["1000", "99", "'abc'", "None"])
def test_a_refused_status_leaves_nothing_of_its_answer(code: str) -> None:
    """Row 4 (deviates): `res.status` refuses what is no status, and the 500 is whole: nothing of the answer is left."""
    response = ask(f"res.set_header('X-A', '1')\nreturn res.status({code}).send('x')")
    assert (response.status_code, told(response.headers.multi_items()), response.json()) == (
        500,
        [("content-length", str(len(response.content))), ("content-type", PROBLEM)],
        FAILED,
    )


@pytest.mark.parametrize("code", [999, 600, 199, 100, 103])
def test_a_status_beyond_the_final_ones_is_refused(code: int) -> None:
    """Rows 5, 7 (deviate): a response ends with 200 to 599; neither 999 nor an interim status such as 103 is one."""
    assert ask(f"return res.status({code}).send('x')").json() == FAILED


def test_a_final_status_without_a_name_is_sent(server: Served) -> None:
    """Row 5: 299, which has no name, goes out as it is; its reason phrase is empty."""
    answer = parse(server.exchange(request("GET", "/api/odd")))
    assert (answer.status, answer.reason) == (299, "")


def test_418_is_a_teapot(server: Served) -> None:
    """Row 6: the reason phrase of 418 is `I'm a Teapot`."""
    answer = parse(server.exchange(request("GET", "/api/teapot")))
    assert (answer.status, answer.reason) == (418, "I'm a Teapot")


def test_a_status_set_after_the_answer_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Row 8 (deviates): `res.status` after the answer raises; the answer that was given stands."""
    response = ask("res.send('x')\nres.status(404)")
    assert (response.status_code, response.text) == (200, "x")
    assert logged(caplog) == [
        "The first answer stands: status() was called after get of pages/api/x.py had answered with status 200. A "
        "handler answers once: return after the first answer."
    ]


@pytest.mark.parametrize("route", ["missing_end", "missing_send"])
def test_a_status_may_go_out_alone(route: str, server: Served) -> None:
    """Row 9: `status(404).end()` and `.send()` are a 404 with no body, no content type and no entity tag."""
    assert answer_of(parse(server.exchange(request("GET", f"/api/{route}")))) == (404, [("content-length", "0")], b"")


def test_205_has_no_body(server: Served) -> None:
    """Row 10 (deviates): a body given to 205 is dropped (RFC 9110 §15.3.6: it has no content)."""
    assert answer_of(parse(server.exchange(request("GET", "/api/reset")))) == (205, [("content-length", "0")], b"")


# --- res.send ---------------------------------------------------------------------------------------------------------


def test_text_has_type_length_and_tag(server: Served) -> None:
    """Row 11 (deviates): text goes out with its length, an entity tag and `text/plain; charset=utf-8`."""
    headers = [("content-length", "5"), ("content-type", TEXT), ("etag", "<tag>")]
    assert answer_of(parse(server.exchange(request("GET", "/api/text")))) == (200, headers, b"hello")


def test_empty_text_is_a_body_of_length_0(server: Served) -> None:
    """Row 12: empty text has the length 0 and an entity tag of its own."""
    headers = [("content-length", "0"), ("content-type", TEXT), ("etag", "<tag>")]
    assert answer_of(parse(server.exchange(request("GET", "/api/no_text")))) == (200, headers, b"")


def test_length_counts_utf_8_bytes(server: Served) -> None:
    """Row 13: the length of `héllo 😀` is that of its 11 bytes in UTF-8."""
    answer = parse(server.exchange(request("GET", "/api/text_beyond_ascii")))
    assert (answer.header("content-length"), answer.body) == ("11", "héllo 😀".encode())


def test_text_keeps_a_content_type_that_was_set() -> None:
    """Row 14: text is `text/html` when that was set before."""
    assert (
        ask("res.set_header('Content-Type', 'text/html')\nreturn res.send('x')").headers["content-type"] == "text/html"
    )


@pytest.mark.parametrize(
    ("body", "sent"),
    [("{'a': 1, 'b': [True, None]}", b'{"a":1,"b":[true,null]}'), ("[1, {'a': 2}]", b'[1,{"a":2}]'), ("[]", b"[]")],
)
def test_objects_and_arrays_are_sent_as_compact_json(body: str, sent: bytes) -> None:
    """Row 15: `send` of an object or array is JSON without spaces, with its length and an entity tag."""
    response = ask(f"return res.send({body})")
    headers = [("content-length", str(len(sent))), ("content-type", JSON), ("etag", "<tag>")]
    assert (told(response.headers.multi_items()), response.content) == (headers, sent)


@pytest.mark.parametrize("call", ["send", "json"])
def test_a_json_type_of_ones_own_is_kept(call: str) -> None:
    """Row 16 (deviates): `application/vnd.api+json` that was set before stays."""
    response = ask(f"res.set_header('Content-Type', 'application/vnd.api+json')\nreturn res.{call}({{'a': 1}})")
    assert response.headers["content-type"] == "application/vnd.api+json"


@pytest.mark.parametrize("call", ["send", "json"])
def test_a_type_that_is_no_json_gives_way_to_json(call: str) -> None:
    """Row 16 (deviates): only a JSON media type is kept; `text/html` on a JSON body is replaced."""
    response = ask(f"res.set_header('Content-Type', 'text/html')\nreturn res.{call}({{'a': 1}})")
    assert response.headers["content-type"] == JSON


@pytest.mark.parametrize("body", ["42", "0", "1.5", "True", "False"])
def test_numbers_and_bools_are_sent_as_json(body: str) -> None:
    """Rows 17, 19: `send` of a number or bool is its JSON, as application/json."""
    response = ask(f"return res.send({body})")
    assert (response.headers["content-type"], response.text) == (JSON, body.lower())


@pytest.mark.parametrize("call", ["send", "json"])
@pytest.mark.parametrize(
    ("body", "place"), [("float('nan')", ""), ("float('inf')", ""), ("[1, -float('inf')]", " at '1'")]
)
def test_a_float_that_json_cannot_hold_is_refused(
    call: str, body: str, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Rows 18, 36, 37 (deviate): NaN and Infinity are refused, not turned into null, inside a document too."""
    assert ask(f"return res.{call}({body})").json() == FAILED
    sentence = f"The body does not fit 'Any': 1 error{place}: JSON cannot hold NaN or an infinite number."
    assert logged(caplog) == [failure(f"ResponseValidationError: {sentence!r}")]


@pytest.mark.parametrize("argument", ["None", ""])
def test_nothing_is_sent_as_nothing(argument: str) -> None:
    """Row 20: `send(None)` and `send()` are an empty body with neither content type nor entity tag."""
    response = ask(f"return res.send({argument})")
    assert (response.status_code, told(response.headers.multi_items()), response.content) == (
        200,
        [("content-length", "0")],
        b"",
    )


def test_nothing_keeps_a_content_type_that_was_set() -> None:
    """Row 20: a content type set before `send(None)` stays."""
    response = ask("res.set_header('Content-Type', 'text/html')\nreturn res.send(None)")
    assert told(response.headers.multi_items()) == [("content-length", "0"), ("content-type", "text/html")]


@pytest.mark.parametrize(("route", "body"), [("bytes", b"hello"), ("no_bytes", b"")])
def test_bytes_are_an_octet_stream(route: str, body: bytes, server: Served) -> None:
    """Rows 21, 22: bytes, also none, go out as application/octet-stream with their length and an entity tag."""
    headers = [("content-length", str(len(body))), ("content-type", BYTES), ("etag", "<tag>")]
    assert answer_of(parse(server.exchange(request("GET", f"/api/{route}")))) == (200, headers, body)


@pytest.mark.parametrize("body", ["b'x'", "bytearray(b'x')", "memoryview(b'x')", "iter([b'x'])"])
def test_bytes_keep_a_content_type_that_was_set(body: str) -> None:
    """Rows 21, 25: bytes of any class, and streams, are `image/png` when that was set before."""
    response = ask(f"res.set_header('Content-Type', 'image/png')\nreturn res.send({body})", declared="Ok[bytes]")
    assert (response.headers["content-type"], response.content) == ("image/png", b"x")


def test_a_date_is_sent_as_iso_text() -> None:
    """Row 24 (deviates): a date is ISO 8601 text in JSON, without the milliseconds that JavaScript adds."""
    response = ask("return res.send(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC))")
    assert (response.headers["content-type"], response.text) == (JSON, '"1970-01-01T00:00:00Z"')


@pytest.mark.parametrize("body", ["ValueError('x')", "object()", "len"])
@pytest.mark.parametrize("call", ["send", "json"])
def test_what_has_no_json_is_refused(call: str, body: str) -> None:
    """Rows 24, 29, 37 (deviate): an exception, an object, a function is no JSON: a 500 with nothing of the answer."""
    response = ask(f"res.set_header('X-A', '1')\nreturn res.{call}([{body}])")
    assert (response.status_code, told(response.headers.multi_items()), response.json()) == (
        500,
        [("content-length", str(len(response.content))), ("content-type", PROBLEM)],
        FAILED,
    )


def test_a_stream_is_chunked(server: Served) -> None:
    """Row 25: a stream is an octet stream in chunks, with neither length nor entity tag; If-None-Match is ignored."""
    answer = parse(server.exchange(request("GET", "/api/stream", headers={"If-None-Match": "*"})))
    assert answer_of(answer) == (200, [("content-type", BYTES), ("transfer-encoding", "chunked")], b"abc")


def test_a_stream_that_fails_is_cut_off(server: Served) -> None:
    """Row 26 (deviates): a stream that raises midway ends the connection at once, without the last chunk."""
    raw = server.exchange(request("GET", "/api/broken"))
    assert raw.partition(b"\r\n\r\n")[2] == b"4\r\npart\r\n"


@pytest.mark.parametrize("call", ["send", "json"])
def test_a_body_that_contains_itself_is_refused(call: str, caplog: pytest.LogCaptureFixture) -> None:
    """Rows 27, 41 (deviate): a circular body is a 500 as problem+json, without a header of the answer."""
    response = ask(f"a = []\na.append(a)\nres.set_header('X-A', '1')\nreturn res.{call}(a)")
    assert (response.status_code, told(response.headers.multi_items()), response.json()) == (
        500,
        [("content-length", str(len(response.content))), ("content-type", PROBLEM)],
        FAILED,
    )
    assert "Circular reference detected" in logged(caplog)[0]


@pytest.mark.parametrize("call", ["send", "json"])
def test_an_int_of_any_size_is_written_in_full(call: str) -> None:
    """Rows 28, 42 (deviate): Python has no second kind of int; 2 to the 70th is a JSON number like any other."""
    assert ask(f"return res.{call}([2**70])").content == b"[1180591620717411303424]"


def test_an_entity_tag_of_ones_own_is_kept() -> None:
    """Row 30 (deviates): an ETag set by the handler goes out as it is, and is what If-None-Match is compared with."""
    client = TestClient(app_of("return res.set_header('ETag', '\"v1\"').send('x')"))
    assert client.get("/api/x").headers["etag"] == '"v1"'
    assert client.get("/api/x", headers={"If-None-Match": '"v1"'}).status_code == 304


def test_cache_control_goes_out_with_304_too() -> None:
    """Row 31: a Cache-Control of the handler is on the 200 and on the 304."""
    client = TestClient(app_of("return res.set_header('Cache-Control', 'max-age=60').send('x')"))
    answers = [client.get("/api/x"), client.get("/api/x", headers={"If-None-Match": "*"})]
    assert [(a.status_code, a.headers["cache-control"]) for a in answers] == [(200, "max-age=60"), (304, "max-age=60")]


# --- res.json ---------------------------------------------------------------------------------------------------------


def test_json_has_type_length_and_tag(server: Served) -> None:
    """Row 32: `json` goes out as application/json in UTF-8, with its length and an entity tag."""
    headers = [("content-length", "7"), ("content-type", JSON), ("etag", "<tag>")]
    assert answer_of(parse(server.exchange(request("GET", "/api/json")))) == (200, headers, b'{"a":1}')


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ("'Hello world!'", b'"Hello world!"'),
        ("None", b"null"),
        ("''", b'""'),
        ("0", b"0"),
        ("True", b"true"),
        ("False", b"false"),
    ],
)
def test_any_json_value_is_a_document(body: str, sent: bytes) -> None:
    """Rows 33, 34, 36: `json` of text is quoted, of None is null, of a number or bool is its JSON."""
    response = ask(f"return res.json({body})")
    headers = [("content-length", str(len(sent))), ("content-type", JSON), ("etag", "<tag>")]
    assert (told(response.headers.multi_items()), response.content) == (headers, sent)


def test_json_needs_a_body(caplog: pytest.LogCaptureFixture) -> None:
    """Row 35 (deviates): `json()` without a body is an error, never an empty document."""
    assert ask("return res.json()").json() == FAILED
    sentence = "ApiResponse.json() missing 1 required positional argument: 'body'"
    assert logged(caplog) == [failure(f"TypeError: {sentence!r}")]


def test_values_of_python_are_written_by_pydantic() -> None:
    """Row 38 (deviates): keys with None stay, a date is ISO text, a set is an array, a pattern its text."""
    response = ask(
        """
        moment = datetime.datetime(2024, 2, 29, 12, 0, 0, 500000, tzinfo=datetime.UTC)
        return res.json({"none": None, "date": moment, "set": {1}, "pattern": re.compile("a+")})
        """
    )
    assert response.content == b'{"none":null,"date":"2024-02-29T12:00:00.500000Z","set":[1],"pattern":"a+"}'


def test_a_model_says_how_it_is_written() -> None:
    """Row 39 (deviates): pydantic's serializers take the place of `toJSON`."""
    response = ask(
        "return res.json(Point(x=1, y=2))",
        declared="Ok[Point]",
        before="""
            class Point(BaseModel):
                x: int
                y: int

                @model_serializer
                def write(self) -> str:
                    return f"{self.x}/{self.y}"
        """,
    )
    assert response.content == b'"1/2"'


def test_bytes_inside_json_are_text() -> None:
    """Row 39 (deviates): bytes inside a document are its text in UTF-8, not an object of numbers."""
    assert ask("return res.json({'a': 'é'.encode()})").content == '{"a":"é"}'.encode()


def test_json_leaves_characters_raw() -> None:
    """Row 40: non-ASCII, U+2028 and `<>&/` stand raw in UTF-8."""
    assert ask(r"return res.json('é😀\u2028<>&/')").content == '"é😀\u2028<>&/"'.encode()


def test_a_lone_surrogate_is_refused() -> None:
    """Row 40 (deviates): half of a surrogate pair is no text that UTF-8 can hold: a 500, where there it is escaped."""
    assert ask(r"return res.json('\ud800')").json() == FAILED


# --- Statuses without content, HEAD, methods --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("status_code", [204, 304])
def test_204_and_304_have_no_content(status_code: int, kind: str, server: Served) -> None:
    """Rows 43, 45: a body given to 204 or 304 is dropped, with its type, length and encoding; streams and files too."""
    raw = server.exchange(request("GET", f"/api/{kind}_{status_code}"))
    assert answer_of(parse(raw)) == (status_code, [], b"")


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("status_code", [204, 304])
def test_development_warns_of_a_dropped_body(status_code: int, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Rows 43, 45: in development the log says that the body of 204 or 304 was ignored, and names the path."""
    declared, call = BODIES[kind]
    ask(f"return res.status({status_code}).{call}", declared=declared, debug=True)
    assert logged(caplog) == [
        f"A body was attempted to be set with a {status_code} statusCode for '/api/x', this is invalid and the body "
        "was ignored."
    ]


def test_304_without_a_body_is_nothing_to_warn_of(caplog: pytest.LogCaptureFixture) -> None:
    """Row 45: `status(304).send()` is a 304 with headers of the handler and none of content, and no warning."""
    response = ask("return res.status(304).set_header('ETag', '\"v1\"').send()", debug=True)
    assert (response.status_code, response.headers.multi_items()) == (304, [("etag", '"v1"')])
    assert logged(caplog) == []


def test_204_drops_a_content_type_that_was_set() -> None:
    """Row 44 (deviates): 204 has no content type, whether `send` was given a body or not."""
    response = ask("res.set_header('Content-Type', 'text/plain')\nreturn res.status(204).send()")
    assert (response.status_code, response.headers.multi_items()) == (204, [])


@pytest.mark.parametrize(
    ("route", "status_code"), [("json", 200), ("text", 200), ("redirect", 307), ("throw", 500), ("missing_end", 404)]
)
def test_head_is_get_without_the_body(route: str, status_code: int, server: Served) -> None:
    """Row 46: HEAD has status and headers of GET and no body: for JSON, text, a redirect, an exception."""
    get, head = (parse(server.exchange(request(method, f"/api/{route}"))) for method in ("GET", "HEAD"))
    assert answer_of(head) == (status_code, told(get.headers), b"")


@pytest.mark.parametrize("body", ["return res.json(1)", "return res.redirect('/x')", "raise ValueError('boom')"])
async def test_head_does_without_the_body_before_any_server(body: str) -> None:
    """Row 46: the app itself sends no bytes for HEAD; it does not leave that to the server."""
    assert (await call_directly(app_of(body), "HEAD", "/api/x")).body == b""


def test_head_is_conditional() -> None:
    """Row 46: HEAD with a matching If-None-Match is a 304."""
    response = ask("return res.json(1)", method="HEAD", headers={"If-None-Match": "*"})
    assert response.status_code == 304


@pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
def test_handler_is_called_for_the_seven_methods(method: str) -> None:
    """Row 47 (deviates): `handler` is called for the seven usual methods, OPTIONS among them."""
    response = ask("return res.set_header('X-Method', req.method).end()", name="handler", method=method)
    assert (response.status_code, response.headers["x-method"]) == (200, method)


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "FOO"])
def test_any_other_method_is_405(method: str) -> None:
    """Row 47 (deviates): what `handler` is not called for is a 405 that says what there is."""
    response = ask("return res.end()", name="handler", method=method)
    allowed = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
    assert (response.status_code, response.headers["allow"], response.json()) == (
        405,
        allowed,
        {
            "type": "about:blank",
            "title": "Method Not Allowed",
            "status": 405,
            "detail": f"This route answers {allowed}.",
        },
    )


def test_options_is_answered_from_the_functions_of_the_module() -> None:
    """Row 47 (deviates): with a function per method, OPTIONS is a 204 that lists them, HEAD among them for `get`."""
    response = ask("return res.end()", method="OPTIONS")
    assert (response.status_code, response.headers.multi_items()) == (204, [("allow", "GET, HEAD, OPTIONS")])


# --- Entity tags and conditional requests -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["{tag}", "W/{tag}", '"a", {tag}', 'W/"a" ,W/{tag}', "*"])
@pytest.mark.parametrize("call", ["send('x')", "json({'a': 1})", "send(b'x')"])
def test_a_copy_that_is_fresh_is_not_sent_again(call: str, shape: str) -> None:
    """Row 49: GET with a matching tag, weak, in a list or `*`, is a 304 with the tag and content type."""
    client = TestClient(app_of(f"return res.{call}", declared="bytes" if "b'" in call else "Any"))
    full = client.get("/api/x")
    response = client.get("/api/x", headers={"If-None-Match": shape.format(tag=full.headers["etag"])})
    kept = [(name, value) for name, value in full.headers.multi_items() if name != "content-length"]
    assert (response.status_code, response.headers.multi_items(), response.content) == (304, kept, b"")


@pytest.mark.parametrize("shape", ['"other"', "{bare}", "", '"a", "b"', "{bare}*"])
def test_another_tag_and_one_without_quotes_are_no_match(shape: str) -> None:
    """Row 50: If-None-Match that is unequal or unquoted leaves the answer whole."""
    client = TestClient(app_of("return res.json({'a': 1})"))
    bare = client.get("/api/x").headers["etag"].strip('"')
    response = client.get("/api/x", headers={"If-None-Match": shape.format(bare=bare)})
    assert (response.status_code, response.content) == (200, b'{"a":1}')


@pytest.mark.parametrize(
    ("header", "value", "status_code"),
    [("Cache-Control", "no-cache", 200), ("Cache-Control", "max-age=0", 304), ("Pragma", "no-cache", 304)],
)
def test_no_cache_in_the_request_asks_for_the_whole_answer(header: str, value: str, status_code: int) -> None:
    """Row 51: `Cache-Control: no-cache` beats a matching tag; `max-age=0` and `Pragma` do not."""
    response = ask("return res.send('x')", headers={"If-None-Match": "*", header: value})
    assert response.status_code == status_code


OLD, NEW = "Sat, 01 Jan 2000 00:00:00 GMT", "Sun, 01 Jan 2023 00:00:00 GMT"


@pytest.mark.parametrize(
    ("modified", "headers", "status_code"),
    [
        (None, {"If-Modified-Since": NEW}, 200),
        (None, {"If-Modified-Since": NEW, "If-None-Match": "*"}, 304),
        (OLD, {"If-Modified-Since": NEW}, 304),
        (NEW, {"If-Modified-Since": OLD}, 200),
        (NEW, {"If-Modified-Since": OLD, "If-None-Match": "*"}, 304),
        (OLD, {"If-Modified-Since": NEW, "If-None-Match": '"other"'}, 200),
    ],
)
def test_if_none_match_beats_if_modified_since(modified: str | None, headers: dict[str, str], status_code: int) -> None:
    """Row 52 (deviates): If-None-Match decides alone; without it the date of Last-Modified, where that was set."""
    line = f"res.set_header('Last-Modified', {modified!r})\n" if modified else ""
    assert ask(line + "return res.send('x')", headers=headers).status_code == status_code


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_never_304(method: str) -> None:
    """Rows 49, 53 (deviate): a method other than GET and HEAD has no entity tag and no 304."""
    response = ask("return res.send('x')", name=method.lower(), headers={"If-None-Match": "*"})
    assert (response.status_code, "etag" in response.headers, response.text) == (200, False, "x")


@pytest.mark.parametrize("status_code", [201, 206, 404, 500])
def test_other_statuses_are_never_304(status_code: int) -> None:
    """Rows 49, 53 (deviate): a status other than 200 has no entity tag and no 304."""
    response = ask(f"return res.status({status_code}).send('x')", headers={"If-None-Match": "*"})
    assert (response.status_code, "etag" in response.headers, response.text) == (status_code, False, "x")


@pytest.mark.parametrize("call", ["send(None)", "end()", "send(iter([b'x']))"])
def test_nothing_and_streams_are_never_304(call: str) -> None:
    """Row 54: `send(None)`, `end()` and streams have no entity tag and no 304."""
    response = ask(f"return res.{call}", declared="bytes", headers={"If-None-Match": "*"})
    assert (response.status_code, "etag" in response.headers) == (200, False)


@pytest.mark.parametrize(("setting", "has_tag"), [("True", True), ("False", False)])
def test_entity_tags_can_be_switched_off(setting: str, has_tag: bool) -> None:
    """`RouteConfig(etag=False)` leaves the entity tag off, where a setting of the reference does nothing."""
    response = ask("return res.send('x')", before=f"config = RouteConfig(etag={setting})")
    assert ("etag" in response.headers) is has_tag
