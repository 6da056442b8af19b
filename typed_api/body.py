"""Request bodies: from the pieces that ASGI hands over to a value.

Owns the reading (with its limits) and the decoding by content type. What a declared type demands is a validator that
the caller brings along.
"""

import re
from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any, Final, TypeAlias, cast

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema
from starlette.datastructures import Headers
from starlette.datastructures import UploadFile as StarletteUploadFile
from typing_extensions import TypeVar

from typed_api import wire
from typed_api._types import FormMarker, Receive
from typed_api.errors import ApiError
from typed_api.schema import parse_json

__all__ = [
    "ClientDisconnected",
    "Form",
    "UploadFile",
    "check_framing",
    "check_json_type",
    "decode_undeclared",
    "has_body",
    "iter_body",
    "read_body",
    "read_form",
]

Fields: TypeAlias = Mapping[bytes, bytes]
"""Request header fields by lower-case name; of several lines the last."""

MAX_FORM_FIELDS: Final = 1000
"""Fields, and files, of one form."""
MAX_PART_BYTES: Final = 1024 * 1024
"""A text field of a multipart form; files are bounded by the body limit alone."""
_MAX_BOUNDARY: Final = 70  # RFC 2046 §5.1.1.
_BOUNDARY: Final = re.compile(r"[ !#-\[\]-~]+")
"""More than RFC 2046 allows, less than could break out of a quoted string."""
_MAX_PART_PARAMS: Final = 100


class ClientDisconnected(Exception):
    """The client went away before its body was complete; nobody is left to answer."""


ModelT = TypeVar("ModelT")
Form: TypeAlias = Annotated[ModelT, FormMarker()]
"""A body that comes as a form: `ApiRequest[Form[Signup]]` takes urlencoded and multipart instead of JSON."""


class UploadFile(StarletteUploadFile):
    """A file of a multipart form, as a field of the form's model.

    `await file.read(size)`, `seek`, `write` and `close` work in a thread once the file is on disk; `filename`,
    `content_type`, `size` (bytes) and `headers` are what the client said. It is closed when the answer is out.
    """

    # Any: pydantic's own signature.
    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Accept an uploaded file as it is."""
        return core_schema.is_instance_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe a file as OpenAPI does: binary text."""
        return {"type": "string", "format": "binary"}


def check_framing(fields: Fields) -> None:
    """Refuse a request whose length could be read in two ways.

    Args:
        fields: The request's header fields.

    Raises:
        ApiError: 400 with `Connection: close`, so that nothing left over is taken for a request.

    Reference:
        RFC 9112 §6.1, request smuggling.
    """
    if b"transfer-encoding" in fields and b"content-length" in fields:
        raise ApiError(400, "Content-Length and Transfer-Encoding exclude each other.", {"connection": "close"})


def has_body(fields: Fields, http_version: str) -> bool:
    """Tell whether a request has, or may have, a body.

    Args:
        fields: The request's header fields.
        http_version: As ASGI has it. HTTP/1 announces every body (RFC 9112 §6.3); from HTTP/2 on the frames alone say
            whether there is one (RFC 9113 §8.1.1), so that without a length it has to be read to know.
    """
    length = fields.get(b"content-length")
    if length is None:
        return b"transfer-encoding" in fields or not http_version.startswith("1")
    return length.strip(b"0") != b""


def _too_large(limit_text: str) -> ApiError:
    return ApiError(413, f"Body exceeded {limit_text} limit")


def _announced(fields: Fields, limit_bytes: int, limit_text: str) -> None:
    length = fields.get(b"content-length")
    # The server has checked that it is a number.
    if length is not None and length.isdigit() and (len(length) > 18 or int(length) > limit_bytes):
        raise _too_large(limit_text)


def _decoded_only(fields: Fields) -> None:
    encoding = fields.get(b"content-encoding")
    if encoding is not None and encoding.strip().lower() not in (b"", b"identity"):
        # Inflating is how a kilobyte becomes a gigabyte; nobody asked for it.
        raise ApiError(415, "A compressed body is not taken. Send it without Content-Encoding.")


async def iter_body(receive: Receive, limit_bytes: int | None, limit_text: str) -> AsyncGenerator[bytes, None]:
    """Read a body piece by piece.

    Args:
        receive: ASGI's receive.
        limit_bytes: Where to stop; None means nowhere.
        limit_text: The limit as it was configured, for the message.

    Yields:
        The pieces as they come, none of them empty.

    Raises:
        ApiError: 413 over the limit.
        ClientDisconnected: If the client goes away first.
    """
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnected
        piece: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(piece)
        if limit_bytes is not None and size > limit_bytes:
            raise _too_large(limit_text)
        if piece:
            yield piece


async def read_body(receive: Receive, fields: Fields, limit_bytes: int, limit_text: str) -> bytes:
    """Read a whole body.

    Args:
        receive: ASGI's receive.
        fields: The request's header fields; an announced length over the limit is refused before reading.
        limit_bytes: The most it may have.
        limit_text: The limit as it was configured, for the message.

    Returns:
        The bytes.

    Raises:
        ApiError: 413 over the limit.
        ClientDisconnected: If the client goes away first.
    """
    _announced(fields, limit_bytes, limit_text)
    message = await receive()
    if message["type"] != "http.request":
        raise ClientDisconnected
    body: bytes = message.get("body", b"")
    if len(body) > limit_bytes:
        raise _too_large(limit_text)
    if not message.get("more_body", False):
        return body
    pieces = [body]
    async for piece in iter_body(receive, limit_bytes - len(body), limit_text):
        pieces.append(piece)
    return b"".join(pieces)


def check_json_type(fields: Fields) -> None:
    """Demand a JSON content type, as a declared body does.

    Args:
        fields: The request's header fields.

    Raises:
        ApiError: 415 for a missing or other type, a charset that is not UTF-8 (RFC 8259 §8.1), or a compressed body.
    """
    value = fields.get(b"content-type")
    if value != b"application/json":
        content_type = None if value is None else wire.parse_content_type(value)
        if content_type is None or not content_type.is_json:
            raise ApiError(415, "This route takes JSON. Send it with Content-Type: application/json.")
        if (content_type.charset or "utf-8").lower() not in ("utf-8", "utf8", "us-ascii", "ascii"):
            raise ApiError(415, "JSON is sent as UTF-8. Leave the charset out.")
    if b"content-encoding" in fields:
        _decoded_only(fields)


def decode_undeclared(fields: Fields, body: bytes) -> object:
    """Decode a body of no declared type, by its content type.

    Args:
        fields: The request's header fields.
        body: The bytes, perhaps none.

    Returns:
        For JSON (`+json` too) the document, `{}` when empty; for a urlencoded form its fields as `str` or `list[str]`;
        for `text/*`, XML and a content type that cannot be read a `str`; for anything else the bytes; None for an
        empty body without a content type.

    Raises:
        ApiError: 400 for malformed JSON or an unknown charset, 413 for a form of over 1,000 fields, 415 for a
            compressed body.
    """
    value = fields.get(b"content-type")
    if body:
        _decoded_only(fields)
    if value is None:
        return body or None
    content_type = wire.parse_content_type(value)
    if content_type is None:
        return body.decode("utf-8", "replace")
    if content_type.is_json:
        if not body:
            return {}
        charset = (content_type.charset or "utf-8").lower()
        return parse_json(body if charset in ("utf-8", "utf8") else _text(body, charset).encode())
    if content_type.media_type == "application/x-www-form-urlencoded":
        # A charset is about the raw bytes; what is percent-encoded is UTF-8 under any.
        text = body if content_type.charset is None else _text(body, content_type.charset).encode()
        return wire.group_pairs(_form_pairs(text))
    media_type = content_type.media_type
    if media_type.startswith("text/") or media_type == "application/xml" or media_type.endswith("+xml"):
        return _text(body, content_type.charset)
    return body


def _text(body: bytes, charset: str | None) -> str:
    try:
        return wire.decode_text(body, charset)
    except wire.UnknownCharset:
        raise ApiError(400, "Invalid body") from None


def _form_pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return wire.parse_pairs(body, MAX_FORM_FIELDS)
    except wire.TooManyPairs:
        raise ApiError(413, f"The form has more than {MAX_FORM_FIELDS} fields.") from None


async def read_form(
    receive: Receive, fields: Fields, limit_bytes: int, limit_text: str
) -> tuple[dict[str, object], list[UploadFile]]:
    """Read a urlencoded or multipart form.

    Args:
        receive: ASGI's receive.
        fields: The request's header fields.
        limit_bytes: The most the whole form may have, files too.
        limit_text: The limit as it was configured, for the message.

    Returns:
        The fields by name (a value, or a list where it came several times) and the files, which the caller closes.

    Raises:
        ApiError: 400 for a malformed form, 413 for one that is too large, 415 for any other content type.
        ClientDisconnected: If the client goes away first.
    """
    content_type = wire.parse_content_type(fields.get(b"content-type", b""))
    media_type = None if content_type is None else content_type.media_type
    if content_type is None or media_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise ApiError(415, "This route takes a form: application/x-www-form-urlencoded or multipart/form-data.")
    if (content_type.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        raise ApiError(415, "A form is sent as UTF-8. Leave the charset out.")
    _decoded_only(fields)
    if media_type == "application/x-www-form-urlencoded":
        body = await read_body(receive, fields, limit_bytes, limit_text)
        return dict(wire.group_pairs(_form_pairs(body))), []
    _announced(fields, limit_bytes, limit_text)
    boundary = content_type.params.get("boundary", "")
    if len(boundary) > _MAX_BOUNDARY or _BOUNDARY.fullmatch(boundary) is None:
        raise ApiError(400, f"A multipart form needs a boundary of 1 to {_MAX_BOUNDARY} characters.")
    return await _read_multipart(boundary, iter_body(receive, limit_bytes, limit_text))


async def _read_multipart(
    boundary: str, pieces: AsyncGenerator[bytes, None]
) -> tuple[dict[str, object], list[UploadFile]]:
    # Imported late: python-multipart is the extra `forms`, and only form routes need it.
    from python_multipart.exceptions import FormParserError
    from starlette.formparsers import MultiPartException, MultiPartParser

    class Parser(MultiPartParser):
        """Notices a form that was cut off."""

        complete: bool = False

        def on_end(self) -> None:
            self.complete = True

        def on_header_end(self) -> None:
            # The parser goes through the whole value for each of them.
            if self._current_partial_header_value.count(b";") > _MAX_PART_PARAMS:
                raise MultiPartException("A part has a header with too many parameters.")
            super().on_header_end()

    async def whole() -> AsyncGenerator[bytes, None]:
        async for piece in pieces:
            yield piece
        if not parser.complete:
            # While it still parses, the parser closes the files that it has, also one whose part has no end.
            raise ApiError(400, "The multipart form is cut off: its closing boundary is missing.")

    parser = Parser(
        # Not the client's own words: the parser has rules of its own for them, such as the last of two charsets.
        Headers(raw=[(b"content-type", b'multipart/form-data; boundary="%s"' % boundary.encode("ascii"))]),
        whole(),
        max_files=MAX_FORM_FIELDS,
        max_fields=MAX_FORM_FIELDS,
        max_part_size=MAX_PART_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        status_code = 413 if "maximum" in error.message.lower() else 400
        raise ApiError(status_code, error.message) from None
    except FormParserError:  # Starlette catches it itself since 1.7.
        raise ApiError(400, "Invalid multipart data.") from None
    values: dict[str, object] = {}
    files: list[UploadFile] = []
    for name, value in form.multi_items():
        item: object = value
        if isinstance(value, StarletteUploadFile):
            file = UploadFile(file=value.file, size=value.size, filename=value.filename, headers=value.headers)
            files.append(file)
            if not file.filename and not file.size:
                continue  # What a browser sends for a file input that was left empty.
            item = file
        if name not in values:
            values[name] = item
        elif isinstance(known := values[name], list):
            cast("list[object]", known).append(item)
        else:
            values[name] = [known, item]
    return values, files
