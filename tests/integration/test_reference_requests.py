"""Bodies by content type and their limits, beside the reference row by row.

A docstring names its rows and says the fact of this package; "(deviates)" marks where it differs on purpose.
"""

import logging
from collections.abc import Mapping

import pytest

from tests.direct import DISCONNECT, call, exchange, make_scope, piece, problem
from typed_api import StartupError, TypedAPI
from typed_api.testing import create_app

TREE = {
    "api/echo.py": """
        from typed_api import ApiRequest, ApiResponse

        def handler(req: ApiRequest, res: ApiResponse[str]) -> None:
            res.send(repr(req.body))
    """,
    "api/unparsed.py": """
        from typed_api import ApiRequest, ApiResponse, RouteConfig

        config = RouteConfig(parse_body=False)

        async def post(req: ApiRequest, res: ApiResponse[str]) -> None:
            res.send(repr((req.body, await req.read())))

        def put(req: ApiRequest, res: ApiResponse[str]) -> None:
            res.send(repr(req.body))
    """,
    "api/kilobytes.py": """
        from typed_api import ApiRequest, ApiResponse, RouteConfig

        config = RouteConfig(body_limit="500kb")

        def post(req: ApiRequest, res: ApiResponse[int]) -> None:
            assert isinstance(req.body, bytes)
            res.json(len(req.body))
    """,
    "api/ten.py": """
        from typed_api import ApiRequest, ApiResponse, RouteConfig

        config = RouteConfig(body_limit=10)

        def handler(req: ApiRequest, res: ApiResponse[str]) -> None:
            res.send(repr(req.body))
    """,
    "api/fraction.py": """
        from typed_api import ApiRequest, ApiResponse, RouteConfig

        config = RouteConfig(body_limit="0.01 KB")

        def post(req: ApiRequest, res: ApiResponse[str]) -> None:
            res.send(repr(req.body))
    """,
    "api/size.py": """
        from typed_api import ApiRequest, ApiResponse, RouteConfig

        config = RouteConfig(post=RouteConfig(response_limit=10), put=RouteConfig(response_limit=None))

        def answer(req: ApiRequest, res: ApiResponse[str]) -> None:
            assert isinstance(req.body, str)
            res.send("x" * int(req.body))

        get = post = put = patch = answer
    """,
}

INVALID_JSON = problem(400, "Bad Request", "Invalid JSON")


@pytest.fixture(scope="module")
def app() -> TypedAPI:
    return create_app(TREE)


async def echo(app: TypedAPI, content_type: str | bytes | None, body: bytes | None) -> object:
    """Give the `repr` of the body that the handler sees, or the problem that the client gets."""
    answer = await call(app, "POST", "/api/echo", headers=typed(content_type), body=body)
    return answer.text if answer.status == 200 else answer.json


def typed(content_type: str | bytes | None) -> Mapping[str, str | bytes]:
    return {} if content_type is None else {"content-type": content_type}


# --- Bodies by content type -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "APPLICATION/Json", 'application/json; charset="UTF-8"; x=y', "application/ld+json"],
)
async def test_json_of_any_case_and_with_any_parameters_is_parsed(app: TypedAPI, content_type: str) -> None:
    """Row 89: application/json, in any case and with any parameters, and application/ld+json are parsed."""
    assert await echo(app, content_type, b'{"a": [1, "\xc3\xa9"]}') == repr({"a": [1, "é"]})


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_empty_json_is_an_empty_object(app: TypedAPI, method: str) -> None:
    """Row 90: a JSON content type without a body gives {}, for GET too."""
    answer = await call(app, method, "/api/echo", headers=typed("application/json"))
    assert (answer.status, answer.text) == (200, "{}")


async def test_json_in_a_get_request_is_parsed(app: TypedAPI) -> None:
    """Rows 89, 90: an undeclared body is parsed for every method, GET too."""
    answer = await call(app, "GET", "/api/echo", headers=typed("application/json"), body=b"[1]")
    assert (answer.status, answer.text) == (200, "[1]")


@pytest.mark.parametrize("body", [b" ", b"\n", b"\t\r\n "])
async def test_json_of_nothing_but_space_is_malformed(app: TypedAPI, body: bytes) -> None:
    """Row 91: a JSON body of white space alone is 400 "Invalid JSON"."""
    assert await echo(app, "application/json", body) == INVALID_JSON


@pytest.mark.parametrize(
    ("body", "value"),
    [(b'"s"', "s"), (b"5", 5), (b"null", None), (b"false", False), (b"0", 0), (b'""', ""), (b"[1, 2]", [1, 2])],
)
async def test_json_needs_not_be_an_object(app: TypedAPI, body: bytes, value: object) -> None:
    """Row 92: any JSON value is accepted as it is."""
    assert await echo(app, "application/json", body) == repr(value)


@pytest.mark.parametrize("body", [b'{"a":', b'{"a": 1,}', b"NaN", b"[Infinity]", b"{'a': 1}", b"[1] x", b"// c\n1"])
async def test_malformed_json_is_refused(app: TypedAPI, body: bytes) -> None:
    """Row 93 (deviates): malformed JSON is 400 with the reference's words, as problem+json."""
    answer = await call(app, "POST", "/api/echo", headers=typed("application/json"), body=body)
    assert (answer.status, answer.header("content-type"), answer.json) == (
        400,
        "application/problem+json",
        INVALID_JSON,
    )


async def test_refusal_of_a_head_request_has_no_body(app: TypedAPI) -> None:
    """Row 93: to HEAD, the 400 for malformed JSON has no body, and the length that GET's has."""
    head = await call(app, "HEAD", "/api/echo", headers=typed("application/json"), body=b"{")
    get = await call(app, "GET", "/api/echo", headers=typed("application/json"), body=b"{")
    assert (head.status, head.body, head.headers) == (400, b"", get.headers)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"__proto__": 1}', {"__proto__": 1}),
        (b"12345678901234567890123", 12345678901234567890123),
        (b"1.10", 1.1),
    ],
)
async def test_json_is_read_exactly(app: TypedAPI, body: bytes, value: object) -> None:
    """Row 94 (deviates): of duplicate keys the last wins, no key is special, and large integers stay exact."""
    assert await echo(app, "application/json", body) == repr(value)


@pytest.mark.parametrize(
    "body",
    [b"\xef\xbb\xbf1", b'"\xff"', b"1e400", b"-1e400", b"[1e999]", '"é"'.encode("utf-16")],
    ids=["mark", "no utf-8", "infinite", "minus infinite", "inside", "utf-16"],
)
async def test_json_of_other_bytes_or_infinite_numbers_is_malformed(app: TypedAPI, body: bytes) -> None:
    """Row 94 (deviates): a byte order mark, bytes that are no UTF-8 and infinite numbers are 400."""
    assert await echo(app, "application/json", body) == INVALID_JSON


@pytest.mark.parametrize(
    "content_type", ["application/vnd.api+json", "application/problem+json", "application/merge-patch+json"]
)
async def test_json_suffix_is_parsed(app: TypedAPI, content_type: str) -> None:
    """Row 95 (deviates): every +json type is parsed."""
    assert await echo(app, content_type, b'{"a": 1}') == repr({"a": 1})


async def test_text_json_is_text(app: TypedAPI) -> None:
    """Row 95: text/json is a string, not parsed."""
    assert await echo(app, "text/json", b'{"a": 1}') == repr('{"a": 1}')


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"a=1&b=2&a=3", {"a": ["1", "3"], "b": "2"}),
        (b"b=", {"b": ""}),
        (b"abc", {"abc": ""}),
        (b"a=x+y%20z%2B", {"a": "x y z+"}),
        (b"a=%zz&b=%", {"a": "%zz", "b": "%"}),
        (b"a=%ff&b=\xff", {"a": "\ufffd", "b": "\ufffd"}),
        (b"a[b]=1", {"a[b]": "1"}),
        (b"__proto__=1", {"__proto__": "1"}),
        (b"", {}),
    ],
)
async def test_form_is_decoded(app: TypedAPI, body: bytes, value: object) -> None:
    """Row 96: a urlencoded form gives a dict of flat keys; repeated ones a list, broken escapes stay."""
    assert await echo(app, "Application/X-WWW-Form-Urlencoded", body) == repr(value)


async def test_charset_of_a_form_is_about_its_raw_bytes(app: TypedAPI) -> None:
    """Row 96: under charset=iso-8859-1 raw bytes are Latin-1, while escapes are UTF-8 still."""
    value = await echo(app, "application/x-www-form-urlencoded; charset=iso-8859-1", b"a=\xe9&b=%E9&c=%C3%A9")
    assert value == repr({"a": "é", "b": "\ufffd", "c": "é"})


async def test_form_of_a_thousand_fields_is_taken(app: TypedAPI) -> None:
    """Row 96: a form may have 1,000 fields."""
    body = "&".join(f"k{number}=" for number in range(1000)).encode()
    assert await echo(app, "application/x-www-form-urlencoded", body) == repr({f"k{n}": "" for n in range(1000)})


async def test_form_of_more_fields_is_refused(app: TypedAPI) -> None:
    """Row 96 (deviates): a form of 1,001 fields is 413, where the reference drops the rest."""
    body = "&".join(f"k{number}=" for number in range(1001)).encode()
    assert await echo(app, "application/x-www-form-urlencoded", body) == problem(
        413, "Content Too Large", "The form has more than 1000 fields."
    )


@pytest.mark.parametrize(
    "content_type", ["text/plain", "text/csv; charset=utf-8", "application/xml", "application/atom+xml"]
)
async def test_text_and_xml_are_strings(app: TypedAPI, content_type: str) -> None:
    """Row 97: text and XML are strings; bytes that are no UTF-8 become U+FFFD."""
    assert await echo(app, content_type, b"\xc3\xa9\xff") == repr("é\ufffd")


@pytest.mark.parametrize("content_type", ["application/octet-stream", "image/png", "application/pdf", None])
async def test_other_bodies_are_bytes(app: TypedAPI, content_type: str | None) -> None:
    """Row 97 (deviates): any other content type, and none, gives the bytes, not a lossy string."""
    assert await echo(app, content_type, b"\xc3\xa9\xff") == repr(b"\xc3\xa9\xff")


@pytest.mark.parametrize(
    ("content_type", "value"),
    [("text/plain", ""), ("application/xml", ""), ("application/octet-stream", b""), (None, None)],
)
async def test_empty_body_is_of_the_type_of_a_full_one(app: TypedAPI, content_type: str | None, value: object) -> None:
    """Row 98 (deviates): an empty body is "" for text, b"" for bytes, None without a content type."""
    assert await echo(app, content_type, b"") == repr(value)


async def test_multipart_undeclared_is_bytes(app: TypedAPI) -> None:
    """Row 99 (deviates): undeclared, a multipart form gives its bytes; `Form[Model]` reads it."""
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'
    assert await echo(app, "multipart/form-data; boundary=x", body) == repr(body)


@pytest.mark.parametrize(
    "content_type",
    ["application/json;", "application/json; charset", "not a type", ";", "application/json, text/plain", "", b"\xff"],
)
async def test_unreadable_content_type_is_text(app: TypedAPI, content_type: str | bytes) -> None:
    """Row 100: under a content type that cannot be parsed the body is a string."""
    assert await echo(app, content_type, b'{"a": 1}') == repr('{"a": 1}')


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("utf-8", b"\xc3\xa9", "é"),
        ("utf8", b"\xc3\xa9", "é"),
        ('"UTF-8"', b"\xc3\xa9", "é"),
        ("latin1", b"\xe9", "é"),
        ("iso-8859-1", b"\xe9", "é"),
        ("ascii", b"a\xe9", "a\ufffd"),
        ("us-ascii", b"a\xe9", "a\ufffd"),
        ("utf-16", b"\xff\xfee\x00", "e"),
        ("utf-16le", b"e\x00", "e"),
        ("ucs2", b"e\x00", "e"),
        ("shift_jis", b"\x82\xa0", "あ"),
        ("gbk", b"\xc4\xe3", "你"),
        ("windows-1252", b"\x80", "€"),
    ],
)
async def test_charset_decides_how_text_is_decoded(app: TypedAPI, charset: str, body: bytes, text: str) -> None:
    """Row 101: text is decoded by its charset; what means nothing in it is U+FFFD."""
    assert await echo(app, f"text/plain; charset={charset}", body) == repr(text)


async def test_charset_of_json_is_heeded(app: TypedAPI) -> None:
    """Row 101: an undeclared JSON body is decoded by its charset before it is parsed."""
    assert await echo(app, "application/json; charset=iso-8859-1", b'"\xe9"') == repr("é")


@pytest.mark.parametrize("charset", ["base64", "hex", "punycode", "utf-7", "idna", "rot13"])
async def test_codec_that_is_no_charset_is_refused(app: TypedAPI, charset: str) -> None:
    """Row 101 (deviates): charsets come from an allow-list, so base64, hex or punycode is 400."""
    assert await echo(app, f"text/plain; charset={charset}", b"aGk=") == problem(400, "Bad Request", "Invalid body")


@pytest.mark.parametrize("media_type", ["text/plain", "application/json", "application/x-www-form-urlencoded"])
async def test_unknown_charset_is_refused(app: TypedAPI, media_type: str) -> None:
    """Row 102 (deviates): an unknown charset is 400 with the reference's words, as problem+json."""
    assert await echo(app, f"{media_type}; charset=bogus", b"1") == problem(400, "Bad Request", "Invalid body")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/octet-stream", None])
@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
async def test_compressed_body_is_refused(app: TypedAPI, content_type: str | None, encoding: str) -> None:
    """Row 103 (deviates): a body with a Content-Encoding is 415 under any content type."""
    headers = {**typed(content_type), "content-encoding": encoding}
    answer = await call(app, "POST", "/api/echo", headers=headers, body=b"\x1f\x8b")
    assert (answer.status, answer.json) == (
        415,
        problem(415, "Unsupported Media Type", "A compressed body is not taken. Send it without Content-Encoding."),
    )


async def test_identity_is_no_compression(app: TypedAPI) -> None:
    """Row 103: Content-Encoding: identity says that nothing was done to the body."""
    headers = {"content-type": "application/json", "content-encoding": "Identity"}
    answer = await call(app, "POST", "/api/echo", headers=headers, body=b"1")
    assert (answer.status, answer.text) == (200, "1")


async def test_chunked_body_is_put_together(app: TypedAPI) -> None:
    """Row 104: a body in chunks is parsed as a whole."""
    answer = await call(app, "POST", "/api/echo", headers=typed("application/json"), chunks=[b"[1,", b"", b" 2]"])
    assert (answer.status, answer.text) == (200, "[1, 2]")


async def test_client_that_leaves_is_not_answered(app: TypedAPI, caplog: pytest.LogCaptureFixture) -> None:
    """Row 105: a client that goes away amid its body gets no answer, and the log says nothing."""
    headers = {"content-type": "application/json", "content-length": "9"}
    result = await exchange(app, make_scope("POST", "/api/echo", headers), [piece(b"[1,", more=True), DISCONNECT])
    assert (result.sent, caplog.records) == ([], [])


# --- Limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/x-www-form-urlencoded", "text/plain", "application/octet-stream", None],
)
@pytest.mark.parametrize("is_chunked", [False, True])
async def test_body_over_the_limit_is_refused(app: TypedAPI, content_type: str | None, is_chunked: bool) -> None:
    """Rows 106, 111 (deviates): one byte over the limit is 413 with the limit as configured, as problem+json."""
    body = b"1234567890a"
    if is_chunked:
        answer = await call(app, "POST", "/api/ten", headers=typed(content_type), chunks=[body[:6], body[6:]])
    else:
        answer = await call(app, "POST", "/api/ten", headers=typed(content_type), body=body)
    assert (answer.status, answer.header("content-type"), answer.json) == (
        413,
        "application/problem+json",
        problem(413, "Content Too Large", "Body exceeded 10 limit"),
    )


async def test_announced_length_over_the_limit_is_refused_before_reading(app: TypedAPI) -> None:
    """Row 106: a Content-Length over the limit is 413 without a byte being read."""
    answer = await exchange(app, make_scope("POST", "/api/ten", {"content-length": "11"}))
    assert (answer.status, answer.received) == (413, 0)


async def test_endless_body_is_read_no_further_than_the_limit(app: TypedAPI) -> None:
    """Row 106: a chunked body is read up to the piece that goes over the limit, and no further."""
    scope = make_scope("POST", "/api/ten", {"transfer-encoding": "chunked"})
    answer = await exchange(app, scope, [piece(b"123456", more=True)] * 5)
    assert (answer.status, answer.received) == (413, 2)


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_body_of_exactly_the_limit_is_taken(app: TypedAPI, is_chunked: bool) -> None:
    """Row 107: the limit itself is within the limit."""
    chunks = [b"12345", b"67890"] if is_chunked else None
    answer = await call(app, "POST", "/api/ten", body=None if is_chunked else b"1234567890", chunks=chunks)
    assert (answer.status, answer.text) == (200, repr(b"1234567890"))


async def test_limit_is_a_megabyte_unless_set(app: TypedAPI) -> None:
    """Rows 107, 109: by default 1,048,576 bytes are taken, and one more is "Body exceeded 1mb limit"."""
    fits = await call(app, "POST", "/api/echo", headers=typed("text/plain"), body=b"x" * 1_048_576)
    exceeds = await call(app, "POST", "/api/echo", headers=typed("text/plain"), body=b"x" * 1_048_577)
    assert (fits.status, len(fits.body)) == (200, 1_048_576 + len("''"))
    assert (exceeds.status, exceeds.json) == (413, problem(413, "Content Too Large", "Body exceeded 1mb limit"))


async def test_unparsed_body_is_left_to_the_handler(app: TypedAPI) -> None:
    """Row 108: with parse_body=False `req.body` is None, malformed JSON is the handler's business, and none is read."""
    headers = {"content-type": "application/json", "content-length": "1"}
    read = await exchange(app, make_scope("POST", "/api/unparsed", headers), [piece(b"{")])
    left = await exchange(app, make_scope("PUT", "/api/unparsed", headers), [piece(b"{")])
    assert (read.text, left.text, left.received) == (repr((None, b"{")), repr(None), 0)


async def test_unparsed_body_has_no_limit_of_its_own(app: TypedAPI) -> None:
    """Row 108: with parse_body=False and no limit set, a body of any size is read."""
    answer = await call(app, "POST", "/api/unparsed", body=b"x" * 2_000_000)
    assert (answer.status, len(answer.body)) == (200, 2_000_000 + len("(None, b'')"))


async def test_limit_of_kilobytes_is_binary(app: TypedAPI) -> None:
    """Row 110: "500kb" takes 512,000 bytes, and one more is "Body exceeded 500kb limit"."""
    fits = await call(app, "POST", "/api/kilobytes", body=b"x" * 512_000)
    exceeds = await call(app, "POST", "/api/kilobytes", body=b"x" * 512_001)
    assert (fits.status, fits.json) == (200, 512_000)
    assert (exceeds.status, exceeds.json) == (413, problem(413, "Content Too Large", "Body exceeded 500kb limit"))


async def test_limit_may_have_a_fraction_and_a_space(app: TypedAPI) -> None:
    """Row 114: "0.01 KB" is 10 bytes, what is left of a byte being cut off, and told as it was written."""
    fits = await call(app, "POST", "/api/fraction", body=b"x" * 10)
    exceeds = await call(app, "POST", "/api/fraction", body=b"x" * 11)
    assert (fits.status, exceeds.status) == (200, 413)
    assert exceeds.json == problem(413, "Content Too Large", "Body exceeded 0.01 KB limit")


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        (0, "Size limit 0 is less than one byte. Use a number of bytes, or a string such as '1mb'."),
        ("abc", "Size limit 'abc' is no size. Use a number of bytes, or a string such as '1mb'."),
        ("5m", "Size limit '5m' has no known unit. Use b, kb, mb or gb, for example '1mb'."),
        ("1kib", "Size limit '1kib' has no known unit. Use b, kb, mb or gb, for example '1mb'."),
    ],
)
def test_limit_that_is_no_size_keeps_the_app_from_starting(limit: object, sentence: str) -> None:
    """Rows 112–114 (deviates): a limit of zero, or one that is no size, is refused at start."""
    source = f"""
        from typed_api import ApiRequest, ApiResponse, RouteConfig

        config = RouteConfig(body_limit={limit!r})

        def get(req: ApiRequest, res: ApiResponse[None]) -> None:
            res.end()
    """
    with pytest.raises(StartupError) as caught:
        create_app({"api/hello.py": source})
    assert caught.value.problems == (f"'pages/api/hello.py', line 4: {sentence}",)


@pytest.mark.parametrize(
    ("method", "size", "warnings"),
    [
        ("PATCH", 4_194_303, []),
        (
            "PATCH",
            4_194_304,
            ["API response for '/api/size' exceeds 4MB. API Routes are meant to respond quickly."],
        ),
        ("POST", 9, []),
        ("POST", 10, ["API response for '/api/size' exceeds 10B. API Routes are meant to respond quickly."]),
        ("PUT", 5_000_000, []),
    ],
)
async def test_large_answer_is_logged_and_sent_in_full(
    app: TypedAPI, caplog: pytest.LogCaptureFixture, method: str, size: int, warnings: list[str]
) -> None:
    """Row 115: an answer of the response limit (4 MiB by default) or more is a warning, and sent; None is no limit."""
    with caplog.at_level(logging.WARNING, "typed_api"):
        answer = await call(app, method, "/api/size", headers=typed("text/plain"), body=str(size).encode())
    assert (answer.status, len(answer.body), [record.getMessage() for record in caplog.records]) == (
        200,
        size,
        warnings,
    )
