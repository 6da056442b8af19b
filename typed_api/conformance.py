"""Answers held against the published document, in development and in tests.

Owns the check that the bytes of a JSON answer are what the document promises for its route, method and status: that
serialisers, computed fields and JSON made by hand do not drift from it. It knows the document and the wire, and nothing
of handlers.
"""

import importlib.util
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from typed_api._types import Message, Send
from typed_api.wire import parse_content_type

__all__ = ["CheckedSend", "Conformance", "DocumentMismatch", "is_available"]

logger: logging.Logger = logging.getLogger("typed_api")

_MOST_ERRORS: Final = 10

# Any: the values of a document are JSON of any shape.
Document = Mapping[str, Any]


class DocumentMismatch(RuntimeError):
    """An answer that was about to leave is not what the document promises; the message names the places."""


def is_available() -> bool:
    """Say whether the package that validates is installed."""
    return importlib.util.find_spec("jsonschema_rs") is not None


class Conformance:
    """Holds the JSON answers of an app against its document, which is made when the first answer is."""

    def __init__(self, document: Callable[[], Document]) -> None:
        """Remember where the document comes from.

        Args:
            document: Makes the document, or gives the one that was made; OpenAPI 3.1 or 3.2.
        """
        self._make_document: Callable[[], Document] = document
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
            value: object = json.loads(body)
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

        document = self._make_document()
        schema = _find_schema(document, path, method.lower(), status, media_type)
        if schema is None:
            return None
        try:
            # References are looked for in the schema that is checked against: it takes the components in.
            return Draft202012Validator(
                {**schema, "components": document.get("components", {})}, validate_formats=False
            )
        except Exception as error:
            # A pattern that pydantic knows and JSON Schema does not, for example: nothing that an answer could mend.
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
    if content is None and name != "default" and media_type != "application/problem+json":
        # A vendor's own JSON type stands for the declared one. A problem may come from anywhere, a guard say, and is
        # documented by the default.
        content = next((value for key, value in contents.items() if _is_json(key)), None)
    return None if content is None else cast("Document | None", content.get("schema"))


def _resolve(document: Document, value: Document) -> Document:
    reference = value.get("$ref")
    if not isinstance(reference, str):
        return value
    for name in reference.removeprefix("#/").split("/"):
        document = document[name.replace("~1", "/").replace("~0", "~")]
    return document


def _spell_place(path: Sequence[str | int]) -> str:
    """Write a place in a document as Python would: `body.users[2].name`."""
    return "body" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def _is_json(media_type: str) -> bool:
    parsed = parse_content_type(media_type)
    return parsed is not None and parsed.is_json


class CheckedSend:
    """ASGI's send, which lets an answer of JSON go only once it has been compared.

    An answer that does not hold raises `DocumentMismatch` out of the call that would have sent it; nothing of it has
    left then.
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
        self._send: Send = send
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        """Send a message, or keep it until there is enough to judge by."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            self._judge(start, message)
            await self._send(start)
        await self._send(message)

    def _judge(self, start: Message, message: Message) -> None:
        # What comes in several pieces is a stream: it has begun before it is known.
        body: bytes = message.get("body", b"")
        if message["type"] != "http.response.body" or not body or message.get("more_body", False):
            return
        fields = dict(start["headers"])
        content_type = parse_content_type(fields.get(b"content-type", b""))
        if content_type is not None and content_type.is_json and b"content-encoding" not in fields:
            self._conformance.check(self._path, self._method, start["status"], content_type.media_type, body)
