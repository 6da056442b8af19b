"""Tests of reading a body: its framing, its limits, its content type, and forms."""

import io
import tempfile
from collections.abc import Awaitable, Sequence
from typing import get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from tests.direct import DISCONNECT, piece
from typed_api import ApiError
from typed_api._types import FormMarker, Message, Receive
from typed_api.body import (
    ClientDisconnected,
    Form,
    UploadFile,
    check_framing,
    check_json_type,
    decode_undeclared,
    has_body,
    iter_body,
    read_body,
    read_form,
)

URLENCODED = {b"content-type": b"application/x-www-form-urlencoded"}
MULTIPART = {b"content-type": b"multipart/form-data; boundary=x"}


def receiving(*messages: Message) -> Receive:
    """Make a `receive` that fails when it is asked for more than it has."""
    left = list(messages)

    async def receive() -> Message:
        return left.pop(0)

    return receive


async def refusal(work: Awaitable[object]) -> tuple[int, str | None]:
    with pytest.raises(ApiError) as caught:
        await work
    return caught.value.status_code, caught.value.detail


# --- Framing ----------------------------------------------------------------------------------------------------------


def test_two_lengths_are_refused_and_the_connection_closed() -> None:
    with pytest.raises(ApiError) as caught:
        check_framing({b"content-length": b"5", b"transfer-encoding": b"chunked"})
    error = caught.value
    assert (error.status_code, error.detail, error.headers) == (
        400,
        "Content-Length and Transfer-Encoding exclude each other.",
        {"connection": "close"},
    )


@pytest.mark.parametrize("fields", [{}, {b"content-length": b"5"}, {b"transfer-encoding": b"chunked"}])
def test_one_length_or_none_is_fine(fields: dict[bytes, bytes]) -> None:
    check_framing(fields)


@pytest.mark.parametrize(
    ("fields", "http_version", "expected"),
    [
        ({}, "1.1", False),
        ({}, "1.0", False),
        ({b"content-length": b"0"}, "1.1", False),
        ({b"content-length": b"00"}, "1.1", False),
        ({b"content-length": b"10"}, "1.1", True),
        ({b"transfer-encoding": b"chunked"}, "1.1", True),
        ({}, "2", True),
        ({}, "3", True),
        ({b"content-length": b"0"}, "2", False),
        ({b"content-length": b"7"}, "2", True),
    ],
)
def test_body_is_announced_in_http_1_and_possible_in_later_versions(
    fields: dict[bytes, bytes], http_version: str, expected: bool
) -> None:
    assert has_body(fields, http_version) is expected


# --- Reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "messages",
    [
        [piece(b"abcd")],
        [piece(b"ab", more=True), piece(b"cd")],
        [piece(b"", more=True), piece(b"abcd", more=True), piece(b"")],
        [{"type": "http.request", "body": b"abcd"}],
        [{"type": "http.request", "more_body": True}, {"type": "http.request", "body": b"abcd"}],
    ],
    ids=["one", "two", "empty ones", "no more_body", "no body"],
)
async def test_body_is_its_pieces_in_order(messages: list[Message]) -> None:
    assert await read_body(receiving(*messages), {}, 4, "4") == b"abcd"


@pytest.mark.parametrize("messages", [[DISCONNECT], [piece(b"ab", more=True), DISCONNECT]])
async def test_client_that_leaves_ends_the_reading(messages: list[Message]) -> None:
    with pytest.raises(ClientDisconnected):
        await read_body(receiving(*messages), {}, 10, "10")


@pytest.mark.parametrize("length", [b"5", b"1000000", b"9" * 5000])
async def test_announced_length_over_the_limit_is_refused_unread(length: bytes) -> None:
    reading = read_body(receiving(), {b"content-length": length}, 4, "4b")
    assert await refusal(reading) == (413, "Body exceeded 4b limit")


@pytest.mark.parametrize(
    "messages",
    [
        [piece(b"abcde")],
        [piece(b"abcde", more=True)],
        [piece(b"abcd", more=True), piece(b"e", more=True)],
        [piece(b"", more=True), piece(b"abcde", more=True)],
    ],
    ids=["at once", "first of more", "later", "after an empty one"],
)
async def test_body_that_grows_over_the_limit_is_refused(messages: list[Message]) -> None:
    reading = read_body(receiving(*messages), {b"content-length": b"4"}, 4, "4b")
    assert await refusal(reading) == (413, "Body exceeded 4b limit")


async def test_pieces_come_one_by_one_and_none_is_empty() -> None:
    receive = receiving(piece(b"", more=True), piece(b"ab", more=True), piece(b"cd", more=True), piece(b""))
    assert [chunk async for chunk in iter_body(receive, None, "")] == [b"ab", b"cd"]


async def test_pieces_before_the_limit_are_seen() -> None:
    seen: list[bytes] = []

    async def read() -> None:
        async for chunk in iter_body(receiving(piece(b"ab", more=True), piece(b"cd")), 3, "3"):
            seen.append(chunk)

    assert (await refusal(read()), seen) == ((413, "Body exceeded 3 limit"), [b"ab"])


async def test_client_that_leaves_ends_the_stream() -> None:
    chunks = iter_body(receiving(piece(b"ab", more=True), DISCONNECT), None, "")
    assert await anext(chunks) == b"ab"
    with pytest.raises(ClientDisconnected):
        await anext(chunks)


# --- Content types ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/json",
        b"Application/JSON",
        b"application/json; charset=utf-8",
        b"application/json; charset=UTF8",
        b"application/json; charset=us-ascii",
        b"application/json; indent=4",
        b"application/vnd.api+json",
    ],
)
def test_json_type_is_any_json_in_utf_8(content_type: bytes) -> None:
    check_json_type({b"content-type": content_type})


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({}, "This route takes JSON. Send it with Content-Type: application/json."),
        ({b"content-type": b""}, "This route takes JSON. Send it with Content-Type: application/json."),
        ({b"content-type": b"text/plain"}, "This route takes JSON. Send it with Content-Type: application/json."),
        ({b"content-type": b"text/json"}, "This route takes JSON. Send it with Content-Type: application/json."),
        (
            {b"content-type": b"application/json;"},
            "This route takes JSON. Send it with Content-Type: application/json.",
        ),
        (
            {b"content-type": b"application/jsonp"},
            "This route takes JSON. Send it with Content-Type: application/json.",
        ),
        (URLENCODED, "This route takes JSON. Send it with Content-Type: application/json."),
        ({b"content-type": b"application/json; charset=utf-16"}, "JSON is sent as UTF-8. Leave the charset out."),
        ({b"content-type": b"application/json; charset=latin1"}, "JSON is sent as UTF-8. Leave the charset out."),
        (
            {b"content-type": b"application/json", b"content-encoding": b"gzip"},
            "A compressed body is not taken. Send it without Content-Encoding.",
        ),
    ],
)
def test_other_types_are_refused_for_json(fields: dict[bytes, bytes], detail: str) -> None:
    with pytest.raises(ApiError) as caught:
        check_json_type(fields)
    assert (caught.value.status_code, caught.value.detail) == (415, detail)


def test_nothing_at_all_cannot_be_compressed() -> None:
    assert decode_undeclared({b"content-type": b"application/json", b"content-encoding": b"gzip"}, b"") == {}


# --- Forms ------------------------------------------------------------------------------------------------------------


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    more = "" if filename is None else f'; filename="{filename}"'
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"


async def form(
    body: bytes | Sequence[bytes], fields: dict[bytes, bytes] | None = None, limit: int = 1 << 30
) -> tuple[dict[str, object], list[UploadFile]]:
    pieces = [body] if isinstance(body, bytes) else body
    messages = [*(piece(data, more=True) for data in pieces), piece(b"")]
    return await read_form(receiving(*messages), MULTIPART if fields is None else fields, limit, str(limit))


async def test_urlencoded_form_is_read() -> None:
    assert await form(b"a=1&b=x+y&a=2", URLENCODED) == ({"a": ["1", "2"], "b": "x y"}, [])


async def test_fields_of_a_multipart_form_are_text_and_repeated_ones_a_list() -> None:
    body = part("a", b"1") + part("b", "é".encode()) + part("a", b"2") + part("a", b"3") + b"--x--"
    assert await form(body) == ({"a": ["1", "2", "3"], "b": "é"}, [])


@pytest.mark.parametrize("size", [1, 7, 50])
async def test_multipart_form_may_come_in_any_pieces(size: int) -> None:
    body = part("a", b"1\r\n--y") + part("f", b"\x00\r\n\xff", "f.bin") + b"--x--\r\n"
    values, (file,) = await form([body[at : at + size] for at in range(0, len(body), size)])
    assert (values, file.filename, await file.read()) == ({"a": "1\r\n--y", "f": file}, "f.bin", b"\x00\r\n\xff")
    await file.close()


async def test_file_bears_what_the_client_said_of_it() -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    _, (file,) = await form(head + b"123\r\n--x--")
    assert (type(file), file.filename, file.content_type, file.size) == (UploadFile, "a.png", "image/png", 3)
    await file.close()


async def test_file_input_that_was_left_empty_is_absent() -> None:
    values, files = await form(part("f", b"", "") + part("g", b"", "empty.txt") + b"--x--")
    for file in files:
        await file.close()
    assert (list(values), [file.filename for file in files]) == (["g"], ["", "empty.txt"])


@pytest.mark.parametrize(
    "content_type", [None, b"application/json", b"text/plain", b"multipart/mixed; boundary=x", b""]
)
async def test_what_is_no_form_is_refused(content_type: bytes | None) -> None:
    fields = {} if content_type is None else {b"content-type": content_type}
    assert await refusal(form(b"", fields)) == (
        415,
        "This route takes a form: application/x-www-form-urlencoded or multipart/form-data.",
    )


@pytest.mark.parametrize("fields", [URLENCODED, MULTIPART])
async def test_form_is_utf_8_and_not_compressed(fields: dict[bytes, bytes]) -> None:
    content_type = fields[b"content-type"]
    assert await refusal(form(b"", {b"content-type": content_type + b"; charset=latin1"})) == (
        415,
        "A form is sent as UTF-8. Leave the charset out.",
    )
    assert await refusal(form(b"", {b"content-type": content_type, b"content-encoding": b"gzip"})) == (
        415,
        "A compressed body is not taken. Send it without Content-Encoding.",
    )


@pytest.mark.parametrize(
    "content_type",
    [b"multipart/form-data", b'multipart/form-data; boundary=""', b"multipart/form-data; boundary=" + b"x" * 71],
    ids=["none", "empty", "71 characters"],
)
async def test_boundary_that_cannot_be_is_refused(content_type: bytes) -> None:
    assert await refusal(form(b"", {b"content-type": content_type})) == (
        400,
        "A multipart form needs a boundary of 1 to 70 characters.",
    )


async def test_boundary_of_70_characters_is_taken() -> None:
    boundary = b"x" * 70
    fields = {b"content-type": b"multipart/form-data; boundary=" + boundary}
    body = part("a", b"1").replace(b"--x", b"--" + boundary) + b"--" + boundary + b"--"
    assert await form(body, fields) == ({"a": "1"}, [])


@pytest.mark.parametrize(
    "body",
    [b"", b"--x\r\n", part("a", b"1"), part("a", b"1") + b"--x-", part("f", b"1", "f")],
    ids=["nothing", "boundary", "part", "half a boundary", "file"],
)
async def test_form_that_is_cut_off_is_refused(body: bytes) -> None:
    assert await refusal(form(body)) == (
        400,
        "The multipart form is cut off: its closing boundary is missing.",
    )


@pytest.mark.parametrize(
    "body",
    [
        b"junk",
        b"--y--",
        b"--x\r\nbad name: 1\r\n\r\n1\r\n--x--",
        b"--x\r\n" + b"a: b\r\n" * 20_000 + b"\r\n1\r\n--x--",
        b"--x\r\n" + b"a" * 100_000 + b": b\r\n\r\n1\r\n--x--",
    ],
    ids=["no boundary", "another boundary", "bad header", "20,000 headers", "long header"],
)
async def test_malformed_multipart_form_is_refused(body: bytes) -> None:
    assert await refusal(form(body)) == (400, "Invalid multipart data.")


async def test_part_without_a_name_is_refused() -> None:
    assert await refusal(form(b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--")) == (
        400,
        'The Content-Disposition header field "name" must be provided.',
    )


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (part("a", b"") * 1001, "Too many fields. Maximum number of fields is 1000."),
        (part("a", b"1", "f") * 1001, "Too many files. Maximum number of files is 1000."),
        (part("a", b"x" * 1_048_577), "Part exceeded maximum size of 1024KB."),
    ],
    ids=["fields", "files", "field"],
)
async def test_multipart_form_of_too_much_is_refused(body: bytes, detail: str) -> None:
    assert await refusal(form(body + b"--x--")) == (413, detail)


async def test_multipart_form_of_a_thousand_fields_and_a_megabyte_each_is_taken() -> None:
    values, _ = await form(part("a", b"") * 999 + part("b", b"x" * 1_048_576) + b"--x--")
    assert values == {"a": [""] * 999, "b": "x" * 1_048_576}


@pytest.mark.parametrize("fields", [URLENCODED, MULTIPART])
async def test_limit_of_a_form_counts_the_whole(fields: dict[bytes, bytes]) -> None:
    body = part("f", b"1", "f") + b"--x--"
    fits = await form(body, fields, limit=len(body))
    for file in fits[1]:
        await file.close()
    detail = f"Body exceeded {len(body) - 1} limit"
    assert await refusal(form(body, fields, limit=len(body) - 1)) == (413, detail)
    announced = {**fields, b"content-length": str(len(body)).encode()}
    unread = read_form(receiving(), announced, len(body) - 1, str(len(body) - 1))
    assert await refusal(unread) == (413, detail)


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> list[tempfile.SpooledTemporaryFile[bytes]]:
    """The temporary files that parsers of forms open."""
    opened: list[tempfile.SpooledTemporaryFile[bytes]] = []

    class Recorded(tempfile.SpooledTemporaryFile[bytes]):
        def __init__(self, max_size: int) -> None:
            super().__init__(max_size=max_size)
            opened.append(self)

    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", Recorded)
    return opened


START = [part("e", b"1", "e"), part("f", b"x" * 2_000_000, "f")]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (piece(part("g", b"x" * 2_000_000, "g"), more=True), ApiError),
        (piece(b"--x\r\n: 1\r\n\r\n", more=True), ApiError),
        (piece(b"--x\r\n\r\n\r\n", more=True), ApiError),
        (piece(b""), ApiError),
        (DISCONNECT, ClientDisconnected),
    ],
    ids=["too large", "malformed", "no name", "cut off", "gone"],
)
async def test_files_of_a_form_that_fails_are_closed(
    temporary: list[tempfile.SpooledTemporaryFile[bytes]], last: Message, expected: type[Exception]
) -> None:
    receive = receiving(*(piece(data, more=True) for data in START), last)
    with pytest.raises(expected):
        await read_form(receive, MULTIPART, 3_000_000, "3mb")
    assert [file.closed for file in temporary[:2]] == [True, True]
    assert all(file.closed for file in temporary)


# --- Declaring --------------------------------------------------------------------------------------------------------


class Photo(BaseModel):
    name: str
    file: UploadFile


def test_form_is_its_model_with_a_mark() -> None:
    model, mark = get_args(Form[Photo])
    assert (model, type(mark)) == (Photo, FormMarker)


def test_uploaded_file_is_taken_as_it_is() -> None:
    file = UploadFile(io.BytesIO())
    assert Photo(name="a", file=file).file is file


@pytest.mark.parametrize("value", ["text", b"bytes", None])
def test_what_is_no_uploaded_file_is_refused(value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Photo.model_validate({"name": "a", "file": value})
    assert [(error["loc"], error["type"]) for error in caught.value.errors()] == [(("file",), "is_instance_of")]


def test_uploaded_file_is_binary_text_in_json_schema() -> None:
    assert TypeAdapter(UploadFile).json_schema() == {"type": "string", "format": "binary"}
