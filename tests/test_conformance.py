"""Answers are held against the document: what is compared, and what is said of an answer that does not hold."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from typed_api._types import Message
from typed_api.conformance import CheckedSend, Conformance, DocumentMismatch

USER: Mapping[str, Any] = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}},
    "required": ["id"],
}
DOCUMENT: Mapping[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/users/{id}": {
            "get": {
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}}},
                    "204": {"description": "Nothing"},
                    "4XX": {"content": {"application/problem+json": {"schema": {"required": ["title"]}}}},
                    "404": {"content": {"text/plain": {"schema": {"type": "string"}}}},
                    "default": {"$ref": "#/components/responses/Error"},
                }
            }
        }
    },
    "components": {
        "schemas": {"User": USER},
        "responses": {"Error": {"content": {"application/problem+json": {"schema": {"required": ["status"]}}}}},
    },
}
MEND = (
    "Clients are made from the document. Declare the type that is sent, or, where a serializer makes the JSON, give it "
    "a return annotation that says what it makes."
)


def check(status: int, body: object, media_type: str = "application/json", path: str = "/users/{id}") -> str | None:
    """Say what is wrong with an answer, or None."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        Conformance(DOCUMENT).check(path, "GET", status, media_type, data)
    except DocumentMismatch as error:
        return str(error)
    return None


def told(status: int, *errors: str) -> str:
    first = f"GET /users/{{id}} answers {status} with a body that is not what the document promises:"
    return "\n".join([first, *(f"- {error}" for error in errors), MEND])


def test_answer_as_documented_holds() -> None:
    assert check(200, {"id": 1, "tags": ["a"]}) is None


def test_places_that_differ_are_named() -> None:
    assert check(200, {"id": "1", "tags": ["a", 2]}) == told(
        200, 'body.id: "1" is not of type "integer"', 'body.tags[1]: 2 is not of type "string"'
    )


def test_missing_property_is_named_at_the_body() -> None:
    assert check(200, {}) == told(200, 'body: "id" is a required property')


def test_at_most_ten_places_are_named() -> None:
    message = check(200, {"id": 1, "tags": [*range(50)]})
    assert message == told(200, *(f'body.tags[{index}]: {index} is not of type "string"' for index in range(10)))


def test_bytes_that_are_no_json_are_told() -> None:
    assert check(200, b"{") == (
        "GET /users/{id} answers 200 with a body that is sent as application/json and is no JSON: Expecting property "
        "name enclosed in double quotes: line 1 column 2 (char 1)."
    )


@pytest.mark.parametrize("media_type", ["application/json", "application/vnd.api+json"])
def test_json_type_of_a_vendor_stands_for_the_declared_one(media_type: str) -> None:
    assert check(200, {"id": "1"}, media_type) == told(200, 'body.id: "1" is not of type "integer"')


@pytest.mark.parametrize(
    ("status", "required"),
    [(400, '"title" is a required property'), (500, '"status" is a required property')],
)
def test_group_and_default_hold_where_the_status_is_not_named(status: int, required: str) -> None:
    assert check(status, {}, "application/problem+json") == told(status, f"body: {required}")


@pytest.mark.parametrize(
    ("status", "media_type", "path"),
    [
        # The default speaks of problems alone: an error of the user's own making is none of them.
        (500, "application/json", "/users/{id}"),
        # An exception handler answers in its own way where a problem is documented.
        (400, "application/json", "/users/{id}"),
        # A guard may raise what the status is not declared with.
        (200, "application/problem+json", "/users/{id}"),
        # The status has text alone.
        (404, "application/json", "/users/{id}"),
        # It has no body at all.
        (204, "application/json", "/users/{id}"),
        (200, "application/json", "/left/out"),
    ],
)
def test_what_the_document_does_not_have_is_not_compared(status: int, media_type: str, path: str) -> None:
    assert check(status, {}, media_type, path) is None


def documented(schema: Mapping[str, Any]) -> Conformance:
    responses = {"200": {"content": {"application/json": {"schema": schema}}}}
    return Conformance({"paths": {"/x": {"get": {"responses": responses}}}})


def test_schema_that_cannot_be_used_is_told_once_and_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    conformance = documented({"type": "no such type"})
    with caplog.at_level(logging.WARNING, "typed_api"):
        for _ in range(2):
            conformance.check("/x", "GET", 200, "application/json", b"1")
    (record,) = caplog.records
    assert record.getMessage().startswith("Answers of GET /x are not held against the document: ")


def test_patterns_are_left_to_pydantic_which_reads_them_otherwise() -> None:
    names = {"type": "object", "properties": {"pattern": {"type": "string", "pattern": r"^\w+$"}}}
    conformance = documented(names)
    conformance.check("/x", "GET", 200, "application/json", '{"pattern": "José"}'.encode())
    with pytest.raises(DocumentMismatch):
        conformance.check("/x", "GET", 200, "application/json", b'{"pattern": 1}')


def test_constant_that_looks_like_a_pattern_is_kept() -> None:
    conformance = documented({"const": {"pattern": "a"}})
    conformance.check("/x", "GET", 200, "application/json", b'{"pattern": "a"}')


def test_number_that_json_does_not_have_is_no_json() -> None:
    assert check(200, b'{"id": NaN}') == (
        "GET /users/{id} answers 200 with a body that is sent as application/json and is no JSON: NaN is none of its "
        "numbers."
    )


# --- Sending ----------------------------------------------------------------------------------------------------------


async def send(*messages: Message) -> list[Message]:
    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    checked = CheckedSend(Conformance(DOCUMENT), "/users/{id}", "GET", keep)
    for message in messages:
        await checked(message)
    return sent


async def test_head_of_a_stream_leaves_before_its_first_piece() -> None:
    head = start(b"text/event-stream")
    assert await send(head) == [head]


def start(content_type: bytes, *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": 200, "headers": [(b"content-type", content_type), *headers]}


WRONG: Message = {"type": "http.response.body", "body": b"{}"}


async def test_nothing_of_a_wrong_answer_leaves() -> None:
    with pytest.raises(DocumentMismatch):
        await send(start(b"application/json; charset=utf-8"), WRONG)


@pytest.mark.parametrize(
    "messages",
    [
        [start(b"application/json"), {"type": "http.response.body", "body": b'{"id":1}'}],
        [start(b"text/plain"), WRONG],
        [start(b"application/json", (b"content-encoding", b"gzip")), WRONG],
        # A stream.
        [start(b"application/json"), {**WRONG, "more_body": True}, WRONG],
        # The answer to HEAD.
        [start(b"application/json"), {"type": "http.response.body", "body": b""}],
        [start(b"application/json"), {"type": "http.response.pathsend", "path": "/x"}],
    ],
)
async def test_what_is_not_compared_passes_as_it_is(messages: list[Message]) -> None:
    assert await send(*messages) == messages
