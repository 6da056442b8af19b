"""Answers held against the published document, in development and in tests.

Owns the check that the bytes of a JSON answer are what the document promises for its route, method and status: that
serialisers, computed fields and JSON made by hand do not drift from it. It knows the document and the wire, and nothing
of handlers.
"""

import importlib.util
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from typed_api._types import Message, Send
from typed_api.wire import parse_content_type

__all__ = ["CheckedSend", "Conformance", "DocumentMismatch", "is_available"]

logger: logging.Logger = logging.getLogger("typed_api")

_MOST_ERRORS: Final = 10
_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"
_DATA: Final = frozenset({"const", "default", "enum", "example", "examples"})
"""Keywords below which there is data, and no schema."""

# Any: the values of a document are JSON of any shape.
Document = Mapping[str, Any]


class DocumentMismatch(RuntimeError):
    """An answer that was about to leave is not what the document promises; the message names the places."""


def is_available() -> bool:
    """Say whether the package that validates is installed."""
    return importlib.util.find_spec("jsonschema_rs") is not None


class Conformance:
    """Holds the JSON answers of an app against its document."""

    def __init__(self, document: Document) -> None:
        """Keep the document.

        Args:
            document: OpenAPI 3.1 or 3.2.
        """
        self._document: Document = document
        self._components: Any = _without_patterns(document.get("components", {}))
        # Any: jsonschema-rs types its validators by draft. None: there is nothing to check.
        self._validators: dict[tuple[str, str, str, str], Any] = {}

    def check(self, path: str, method: str, status: int, media_type: str, body: bytes) -> None:
        """Compare an answer with the document.

        What the document does not have is not compared: a route that is left out of it, a media type that is none of
        those of the status.

        Args:
            path: A path of the document, such as `/api/users/{id}`.
            method: The method of the request.
            status: The status of the answer.
            media_type: Its media type, in lower case and without parameters; a JSON one.
            body: All of its bytes.

        Raises:
            DocumentMismatch: If the bytes are no JSON, or not what the document says.
        """
        key = path, method, str(status), media_type
        if key not in self._validators:
            self._validators[key] = self._make_validator(*key)
        validator = self._validators[key]
        if validator is None:
            return
        where = f"{method} {path} answers {status} with a body that"
        try:
            value: object = json.loads(body, parse_constant=_refuse_constant)
        except ValueError as error:
            raise DocumentMismatch(f"{where} is sent as {media_type} and is no JSON: {error}.") from None
        errors: list[str] = []
        for found in validator.iter_errors(value):
            errors.append(f"- {_spell_place(found.instance_path)}: {found.message}")
            if len(errors) == _MOST_ERRORS:
                break
        if errors:
            raise DocumentMismatch(
                "\n".join(
                    [
                        f"{where} is not what the document promises:",
                        *errors,
                        "Clients are made from the document. Declare the type that is sent, or, where a serializer "
                        "makes the JSON, give it a return annotation that says what it makes.",
                    ]
                )
            )

    def _make_validator(self, path: str, method: str, status: str, media_type: str) -> Any:
        from jsonschema_rs import Draft202012Validator

        schema = _find_schema(self._document, path, method.lower(), status, media_type)
        if schema is None:
            return None
        try:
            # References are looked for in the schema that is checked against: it takes the components in.
            return Draft202012Validator(
                {**_without_patterns(schema), "components": self._components}, validate_formats=False
            )
        except Exception as error:  # A schema of the user's own making: nothing that an answer could mend.
            logger.warning("Answers of %s %s are not held against the document: %s", method, path, error)
            return None


def _find_schema(document: Document, path: str, method: str, status: str, media_type: str) -> Document | None:
    operations: Document = document.get("paths", {}).get(path, {})
    responses: Document = operations.get(method, {}).get("responses", {})
    for name in (status, f"{status[0]}XX", "default"):
        if name in responses:
            break
    else:
        return None
    contents: Document = _resolve(document, responses[name]).get("content", {})
    content = contents.get(media_type)
    if content is None and name != "default" and media_type not in (_JSON, _PROBLEM):
        # A vendor's own JSON type stands for the declared one. Plain JSON in the place of a problem does not: that is
        # the answer of an exception handler, of which the document cannot know. Nor does a problem, which may come from
        # anywhere, a guard say, and is documented by the default.
        content = next((value for key, value in contents.items() if key != _PROBLEM and _is_json(key)), None)
    return None if content is None else cast("Document | None", content.get("schema"))


def _resolve(document: Document, value: Document) -> Document:
    reference = value.get("$ref")
    if not isinstance(reference, str):
        return value
    for name in reference.removeprefix("#/").split("/"):
        document = document[name.replace("~1", "/").replace("~0", "~")]
    return document


def _without_patterns(schema: Any) -> Any:
    """Copy a schema without the patterns of text: pydantic has seen to them, and other engines read some otherwise.

    A word character is a letter of any language to the one, and one of 26 to the other.
    """
    if isinstance(schema, list):
        return [_without_patterns(item) for item in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value if key in _DATA else _without_patterns(value)
        for key, value in cast("dict[str, Any]", schema).items()
        if not (key == "pattern" and isinstance(value, str))
    }


def _refuse_constant(constant: str) -> object:
    raise ValueError(f"{constant} is none of its numbers")


def _spell_place(path: Sequence[str | int]) -> str:
    """Write a place in a document as Python would: `body.users[2].name`."""
    return "body" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def _is_json(media_type: str) -> bool:
    parsed = parse_content_type(media_type)
    return parsed is not None and parsed.is_json


class CheckedSend:
    """ASGI's send, which lets an answer of JSON go only once it has been compared.

    An answer that does not hold raises `DocumentMismatch` out of the call that would have sent it; nothing of it has
    left then. Any other answer passes as it comes.

    Attributes:
        unchecked: What it sends by, for an answer of which the document knows nothing.
    """

    def __init__(self, conformance: Conformance, path: str, method: str, send: Send) -> None:
        """Watch one answer.

        Args:
            conformance: What compares.
            path: The route's path in the document.
            method: The method of the request.
            send: ASGI's send.
        """
        self._conformance: Conformance = conformance
        self._path: str = path
        self._method: str = method
        self.unchecked: Send = send
        self._start: Message | None = None
        self._media_type: str = ""

    async def __call__(self, message: Message) -> None:
        """Send a message, or keep it until there is enough to judge by."""
        if message["type"] == "http.response.start":
            fields = dict(message["headers"])
            content_type = parse_content_type(fields.get(b"content-type", b""))
            if content_type is not None and content_type.is_json and b"content-encoding" not in fields:
                self._start, self._media_type = message, content_type.media_type
                return
        start, self._start = self._start, None
        if start is not None:
            body: bytes = message.get("body", b"")
            # What comes in several pieces is a stream: it has begun before it is known.
            if message["type"] == "http.response.body" and body and not message.get("more_body", False):
                self._conformance.check(self._path, self._method, start["status"], self._media_type, body)
            await self.unchecked(start)
        await self.unchecked(message)
