"""What every Python client has in common: answers, streams, and the way of a request.

Owns the run time of the generated clients, whose text begins with this module's, from its imports on, and of
`typed_api.typed_client`, which imports it. So it needs httpx2 and the standard library alone.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from types import TracebackType
from typing import IO, ClassVar, Final, Generic, Literal, Self, TypeAlias, TypeVar, cast
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx2

# --- answers ----------------------------------------------------------------------------------------------------------

_BodyT_co = TypeVar("_BodyT_co", covariant=True)
_ItemT_co = TypeVar("_ItemT_co", covariant=True)
_AnswerT = TypeVar("_AnswerT")
_AsyncAnswerT = TypeVar("_AsyncAnswerT")


@dataclass(frozen=True, match_args=False)
class Answer(Generic[_BodyT_co]):
    """What came back: a status, and the body that is declared for it."""

    status: int
    """The status; comparing it with a number tells a type checker which body there is."""
    body: _BodyT_co
    """The body as it went over the wire: JSON parsed, text, bytes, a stream, or None where there is none."""
    response: httpx2.Response
    """The response itself; its content has been read, unless the body is a stream."""

    __match_args__: ClassVar[tuple[Literal["body"]]] = ("body",)

    @property
    def headers(self) -> httpx2.Headers:
        """The header fields; names are compared without regard to case."""
        return self.response.headers


@dataclass(frozen=True, match_args=False)
class Success(Answer[_BodyT_co]):
    """An answer with a status of 200 to 299."""

    status: _SuccessStatus


@dataclass(frozen=True, match_args=False)
class Redirection(Answer[_BodyT_co]):
    """An answer with a status of 300 to 399; redirects are not followed."""

    status: _RedirectionStatus


@dataclass(frozen=True, match_args=False)
class ClientError(Answer[_BodyT_co]):
    """An answer with a status of 400 to 499."""

    status: _ClientErrorStatus


@dataclass(frozen=True, match_args=False)
class ServerError(Answer[_BodyT_co]):
    """An answer with a status of 500 to 599."""

    status: _ServerErrorStatus


@dataclass(frozen=True)
class Event(Generic[_ItemT_co]):
    """One event of an event stream."""

    data: _ItemT_co
    event: str = "message"
    """The type of the event."""
    id: str = ""
    """The id of the last event that had one; empty before there was any."""
    retry: int | None = None
    """The milliseconds to wait before connecting again, if this event says so."""


class Stream(Generic[_ItemT_co]):
    """The items of a stream, as they arrive: `with answer.body as items: for item in items: ...`.

    The end of the block ends the request, and so does the end of the stream.
    """

    def __init__(self, response: httpx2.Response, items: Iterator[_ItemT_co]) -> None:
        self._response: httpx2.Response = response
        self._items: Iterator[_ItemT_co] = items

    def __iter__(self) -> Iterator[_ItemT_co]:
        return self

    def __next__(self) -> _ItemT_co:
        try:
            return next(self._items)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the request; nothing more is read."""
        self._response.close()


class AsyncStream(Generic[_ItemT_co]):
    """The items of a stream, as they arrive: `async with answer.body as items: async for item in items: ...`.

    The end of the block ends the request, and so does the end of the stream.
    """

    def __init__(self, response: httpx2.Response, items: AsyncIterator[_ItemT_co]) -> None:
        self._response: httpx2.Response = response
        self._items: AsyncIterator[_ItemT_co] = items

    def __aiter__(self) -> AsyncIterator[_ItemT_co]:
        return self

    async def __anext__(self) -> _ItemT_co:
        try:
            return await anext(self._items)
        except BaseException:
            await self.aclose()
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the request; nothing more is read."""
        await self._response.aclose()


# --- errors -----------------------------------------------------------------------------------------------------------


class ApiClientError(Exception):
    """What all errors of this client are; what goes wrong on the network is an `httpx2.HTTPError`."""


class ApiRequestError(ApiClientError, ValueError):
    """A request that cannot be sent as it is; nothing has been sent."""


class UndeclaredStatusError(ApiClientError):
    """An answer with a status that is not declared for the operation.

    Attributes:
        status: The status.
        body: The body, as bytes.
        response: The response.
    """

    def __init__(self, operation: str, response: httpx2.Response, body: bytes) -> None:
        super().__init__(
            f"{operation} answered with the status {response.status_code}, which the document does not declare: "
            f"{_shorten(body)}"
        )
        self.status: int = response.status_code
        self.body: bytes = body
        self.response: httpx2.Response = response


class InvalidAnswerError(ApiClientError):
    """An answer whose body is not what is declared: another media type, or JSON that is none.

    Attributes:
        status: The status.
        body: The body, as bytes; of a stream, the item.
        response: The response.
    """

    def __init__(self, message: str, response: httpx2.Response, body: bytes) -> None:
        super().__init__(message)
        self.status: int = response.status_code
        self.body: bytes = body
        self.response: httpx2.Response = response


def _shorten(body: bytes) -> str:
    return repr(body if len(body) <= 200 else body[:200] + b"...")


# --- requests ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class File:
    """A file in a form: `File(b"...", "photo.png")`."""

    content: bytes | IO[bytes]
    """The bytes, or a file that is open for reading them."""
    filename: str = "file"
    content_type: str | None = None
    """The media type; None leaves it to the file name."""


RawBody: TypeAlias = bytes | Iterable[bytes]
"""A body that is sent as it is."""
AsyncRawBody: TypeAlias = bytes | AsyncIterable[bytes]
"""A body that is sent as it is."""
Auth: TypeAlias = httpx2.Auth | tuple[str, str]
"""How requests are authenticated: user and password, or any scheme of httpx2."""
_Kind: TypeAlias = Literal["json", "text", "bytes", "events", "text_events", "lines"]
_BodyKind: TypeAlias = Literal["json", "text", "bytes", "form", "multipart"]
_Values: TypeAlias = Mapping[str, object]

_NOTHING: Final = object()
"""No body, as None may be one: JSON has `null`."""
_NO_BODY: Final = (204, 205, 304)
_STREAMS: Final = ("events", "text_events", "lines")


@dataclass(frozen=True)
class _Operation(Generic[_AnswerT, _AsyncAnswerT]):
    """One method of one path, with the types of its answers."""

    method: str
    path: str
    answers: Mapping[int | str, tuple[type[Answer[object]], Mapping[str, _Kind]]]
    """By status or group: the class of the answer, and how its body is read, by media type."""
    bodies: Mapping[str, _BodyKind]
    """How a body is written, by media type; the first is the preferred one."""
    segments: tuple[str, ...] = ()
    """The path parameters that are lists of segments."""

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def accept(self) -> str:
        media_types = (media_type for _, kinds in self.answers.values() for media_type in kinds)
        return ", ".join(dict.fromkeys(media_types))

    @property
    def is_streaming(self) -> bool:
        return any(kind in _STREAMS for _, kinds in self.answers.values() for kind in kinds.values())

    def find(self, response: httpx2.Response) -> tuple[type[Answer[object]], Mapping[str, _Kind]] | None:
        """Find what is declared for a status; None when nothing is."""
        status = response.status_code
        if status in self.answers:
            return self.answers[status]
        found = self.answers.get(f"{status // 100}XX")
        # A group that has a body does not stand for a status that has none.
        return None if found is None or (found[1] and status in _NO_BODY and self.method != "HEAD") else found

    def kind(self, response: httpx2.Response) -> _Kind | None:
        """Say how a body is read; None when there is none, or when it is not as declared."""
        found = self.find(response)
        if found is None or self.method == "HEAD" or response.status_code in _NO_BODY:
            return None
        media_type = _media_type(response)
        for name in (media_type, media_type.partition("/")[0] + "/*", "*/*"):
            if name in found[1]:
                return found[1][name]
        return None

    def read(self, response: httpx2.Response, content: bytes) -> Answer[object]:
        """Read an answer that is there as a whole."""
        found = self.find(response)
        status = response.status_code
        if found is None:
            raise UndeclaredStatusError(self.name, response, content)
        answer, kinds = found
        if not kinds or self.method == "HEAD" or status in _NO_BODY:
            return answer(status, None, response)
        kind = self.kind(response)
        if kind is None:
            raise InvalidAnswerError(
                f"{self.name} answered with the status {status} and the media type {_media_type(response)!r}; the "
                f"document declares {', '.join(kinds)}.",
                response,
                content,
            )
        if kind == "json":
            return answer(status, _parse_json(self.name, response, content), response)
        return answer(status, response.text if kind == "text" else content, response)

    def items(self, response: httpx2.Response) -> Iterator[object]:
        """Read the items of a stream, each when it is there."""
        kind = self.kind(response)
        if kind == "lines":
            yield from self._lines(response)
            return
        for event in httpx2.EventSource(response):
            if kind == "text_events":
                yield Event(event.data, event.event, event.id, event.retry)
            elif event.data:  # Else it has an id or a waiting time alone.
                data = _parse_json(self.name, response, event.data.encode())
                yield Event(data, event.event, event.id, event.retry)

    async def async_items(self, response: httpx2.Response) -> AsyncIterator[object]:
        """Read the items of a stream, each when it is there."""
        kind = self.kind(response)
        if kind == "lines":
            async for item in self._async_lines(response):
                yield item
            return
        async for event in httpx2.EventSource(response):
            if kind == "text_events":
                yield Event(event.data, event.event, event.id, event.retry)
            elif event.data:
                data = _parse_json(self.name, response, event.data.encode())
                yield Event(data, event.event, event.id, event.retry)

    # Split at the line feed alone: inside of a JSON text there may be what `str.splitlines` splits at.

    def _lines(self, response: httpx2.Response) -> Iterator[object]:
        rest = b""
        for piece in response.iter_bytes():
            *lines, rest = (rest + piece).split(b"\n")
            yield from self._parse_lines(response, lines)
        yield from self._parse_lines(response, [rest])

    async def _async_lines(self, response: httpx2.Response) -> AsyncIterator[object]:
        rest = b""
        async for piece in response.aiter_bytes():
            *lines, rest = (rest + piece).split(b"\n")
            for item in self._parse_lines(response, lines):
                yield item
        for item in self._parse_lines(response, [rest]):
            yield item

    def _parse_lines(self, response: httpx2.Response, lines: Sequence[bytes]) -> Iterator[object]:
        for line in lines:
            if line.strip():
                yield _parse_json(self.name, response, line)


def _media_type(response: httpx2.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON.")


def _parse_json(operation: str, response: httpx2.Response, content: bytes) -> object:
    try:
        value: object = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidAnswerError(
            f"{operation} answered with the status {response.status_code} and what is no JSON ({error}): "
            f"{_shorten(content)}",
            response,
            content,
        ) from error
    return value


def _to_text(value: object, what: str) -> str:
    if isinstance(value, Enum):
        value = cast(object, value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float | Decimal | UUID):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    raise ApiRequestError(f"{what} is {value!r}, which is no text, number, truth value, date or UUID.")


def _to_items(value: object) -> Sequence[object]:
    """Give the values that stand for a parameter: those of a list one by one, none for None."""
    if isinstance(value, list | tuple):
        return [item for item in cast(Sequence[object], value) if item is not None]
    return [] if value is None else [value]


def _quote(text: str, what: str, safe: str = "") -> str:
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:
        raise ApiRequestError(f"{what} has half a character: {text!r}.") from None


def _fill_path(operation: _Operation[_AnswerT, _AsyncAnswerT], values: _Values) -> str:
    # Every other piece is the name of a parameter.
    pieces = re.split(r"\{([^{}]*)\}", operation.path)
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            pieces[index] = _quote(piece, "The path", safe="/!$&'()*+,;=:@~%")
            continue
        what = f"The path parameter {piece!r} of {operation.path}"
        value = values[piece]
        # None is no value here, and is told of as such.
        texts = [_to_text(item, what) for item in ([value] if value is None else _to_items(value))]
        if not texts or "" in texts:
            raise ApiRequestError(f"{what} is empty, which would be another path.")
        joint = "/" if piece in operation.segments else ","
        pieces[index] = joint.join(_quote(text, what) for text in texts)
    path = "".join(pieces)
    # However they are encoded, these are resolved on the way.
    for segment in path.split("/"):
        if segment in (".", ".."):
            raise ApiRequestError(f"{segment!r} in the path {operation.path} would be another path.")
    return path


def _add_fields(values: _Values) -> Iterator[tuple[str, object]]:
    """Give each value with its name, the items of a list one by one, and nothing for None."""
    for name, value in values.items():
        for item in _to_items(value):
            yield name, item


def _write_fields(values: _Values, what: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in _add_fields(values):
        if isinstance(value, Mapping):
            # The fields of an object are fields of their own, as OpenAPI's `style: form` has it.
            found += _write_fields(cast(_Values, value), what)
        else:
            found.append((name, _to_text(value, f"{what} {name!r}")))
    return found


def _encode_fields(values: _Values, what: str) -> str:
    try:
        return urlencode(_write_fields(values, what))
    except UnicodeEncodeError as error:
        raise ApiRequestError(f"{what} has half a character: {error.object!r}.") from None


def _write_header(name: str, value: object) -> tuple[bytes, bytes]:
    what = f"The header field {name!r}"
    text = ", ".join(_to_text(item, what) for item in _to_items(value))
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]", text):
        raise ApiRequestError(f"{what} cannot be sent with the value {text!r}.")
    return name.encode("latin-1"), text.encode("latin-1")


def _write_json(operation: str, body: object) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ApiRequestError(f"The body of {operation} cannot be written as JSON: {error}.") from error


_Part: TypeAlias = tuple[str | None, IO[bytes] | bytes | str, str | None]


def _write_parts(operation: str, body: _Values) -> list[tuple[str, _Part]]:
    found: list[tuple[str, _Part]] = []
    for name, value in _add_fields(body):
        if isinstance(value, File):
            found.append((name, (value.filename, value.content, value.content_type)))
        elif isinstance(value, Mapping):
            found.append((name, (None, _write_json(operation, cast(_Values, value)), "application/json")))
        else:
            found.append((name, (None, _to_text(value, f"The field {name!r}"), None)))
    return found


# --- clients ----------------------------------------------------------------------------------------------------------


class Caller:
    """What the two clients have in common: everything but the sending."""

    _default_url: ClassVar[str] = ""
    """What stands before every path where nothing else is said."""

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str] | None,
        auth: Auth | None,
        timeout: float | httpx2.Timeout | None,
    ) -> None:
        self._base_url: str = base_url.rstrip("/")
        self._headers: dict[str, str] = dict(headers or {})
        self._auth: Auth | None = auth
        self._timeout: float | httpx2.Timeout | None = timeout

    def with_options(
        self,
        *,
        headers: Mapping[str, str] | None = None,
        auth: Auth | None = None,
        timeout: float | httpx2.Timeout | None = None,
    ) -> Self:
        """Make a client on the same connections: `api.with_options(timeout=60).some_operation()`.

        Args:
            headers: Further header fields; they stand for those of this client.
            auth: How its requests are authenticated; None leaves it as it is.
            timeout: Seconds, or one for each phase; None leaves it as it is.

        Returns:
            The new client. It need not be closed.
        """
        twin = copy.copy(self)
        twin._headers = {**self._headers, **(headers or {})}
        twin._auth = self._auth if auth is None else auth
        twin._timeout = self._timeout if timeout is None else timeout
        twin._disown()
        return twin

    def _disown(self) -> None:
        """Leave the closing of the connections to another."""

    def _build(
        self,
        build_request: Callable[..., httpx2.Request],
        default_timeout: httpx2.Timeout,
        operation: _Operation[_AnswerT, _AsyncAnswerT],
        path: _Values,
        query: _Values,
        headers: _Values,
        body: object,
        content_type: str,
    ) -> httpx2.Request:
        url = self._base_url + _fill_path(operation, path)
        text = _encode_fields(query, "The query parameter")
        own = {name.lower() for name in self._headers}
        fields = [_write_header(name, value) for name, value in headers.items() if value is not None]
        fields += [_write_header(name, value) for name, value in self._headers.items()]
        if operation.accept and "accept" not in own:
            fields.append((b"accept", operation.accept.encode()))
        timeout = self._timeout
        if timeout is None:
            timeout = default_timeout
            if operation.is_streaming:
                # The next item of a stream may be long in coming.
                timeout = httpx2.Timeout(connect=timeout.connect, read=None, write=timeout.write, pool=timeout.pool)
        content: object = None
        parts: list[tuple[str, _Part]] | None = None
        if body is not _NOTHING:
            media_type = content_type or next(iter(operation.bodies), "")
            kind = operation.bodies.get(media_type)
            if kind is None and "*/*" in operation.bodies:
                kind = operation.bodies["*/*"]
            if kind is None:
                taken = ", ".join(operation.bodies) or "none"
                raise ApiRequestError(f"{operation.name} takes no body of the media type {media_type!r}, but {taken}.")
            if kind == "json":
                content = _write_json(operation.name, body)
            elif kind == "form":
                content = _encode_fields(cast(_Values, body), "The field").encode()
            elif kind == "multipart":
                parts = _write_parts(operation.name, cast(_Values, body))
            elif kind == "text":
                content, media_type = _to_text(body, "The body").encode(), f"{media_type}; charset=utf-8"
            else:
                content = body.encode() if isinstance(body, str) else body
            if parts == []:
                # httpx2 writes no form without fields.
                content, media_type = b"--0--\r\n", "multipart/form-data; boundary=0"
            if not parts and "content-type" not in own:
                media_type = "application/octet-stream" if "*" in media_type else media_type
                fields.append((b"content-type", media_type.encode("latin-1")))
        return build_request(
            operation.method,
            f"{url}?{text}" if text else url,
            headers=fields,
            content=content,
            files=parts or None,
            timeout=timeout,
        )


class SyncCaller(Caller):
    """Sends requests and waits for the answers."""

    def __init__(
        self,
        base_url: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        auth: Auth | None = None,
        timeout: float | httpx2.Timeout | None = None,
        transport: httpx2.BaseTransport | None = None,
        http: httpx2.Client | None = None,
    ) -> None:
        """Make a client.

        Args:
            base_url: What stands before every path: `https://example.com/v1`. Empty leaves it to `http` or, without
                one, to the document.
            headers: Sent with every request.
            auth: How requests are authenticated.
            timeout: Seconds, or one for each phase; None means the usual five seconds, or what `http` has, and for
                a stream no limit between two items. `httpx2.Timeout(None)` is none at all.
            transport: What requests go through.
            http: The client of httpx2 to send with, which stays open; it brings a transport of its own.
        """
        if http is not None and transport is not None:
            raise ValueError("'http' brings a transport of its own. Give one of 'http' and 'transport'.")
        super().__init__(base_url or (self._default_url if http is None else ""), headers, auth, timeout)
        self._owns_http: bool = http is None
        self._http: httpx2.Client = httpx2.Client(transport=transport) if http is None else http

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless they belong to another client."""
        if self._owns_http:
            self._http.close()

    def _disown(self) -> None:
        self._owns_http = False

    def _call(
        self,
        operation: _Operation[_AnswerT, _AsyncAnswerT],
        path: _Values,
        query: _Values,
        headers: _Values,
        body: object = _NOTHING,
        content_type: str = "",
    ) -> _AnswerT:
        http = self._http
        request = self._build(http.build_request, http.timeout, operation, path, query, headers, body, content_type)
        auth = httpx2.USE_CLIENT_DEFAULT if self._auth is None else self._auth
        response = http.send(request, stream=True, auth=auth, follow_redirects=False)
        try:
            found = operation.find(response)
            if found is not None and operation.kind(response) in _STREAMS:
                stream = Stream(response, operation.items(response))
                return cast(_AnswerT, found[0](response.status_code, stream, response))
            content = response.read()
        except BaseException:
            response.close()
            raise
        return cast(_AnswerT, operation.read(response, content))


class AsyncCaller(Caller):
    """Sends requests and awaits the answers."""

    def __init__(
        self,
        base_url: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        auth: Auth | None = None,
        timeout: float | httpx2.Timeout | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        """Make a client.

        Args:
            base_url: What stands before every path: `https://example.com/v1`. Empty leaves it to `http` or, without
                one, to the document.
            headers: Sent with every request.
            auth: How requests are authenticated.
            timeout: Seconds, or one for each phase; None means the usual five seconds, or what `http` has, and for
                a stream no limit between two items. `httpx2.Timeout(None)` is none at all.
            transport: What requests go through.
            http: The client of httpx2 to send with, which stays open; it brings a transport of its own.
        """
        if http is not None and transport is not None:
            raise ValueError("'http' brings a transport of its own. Give one of 'http' and 'transport'.")
        super().__init__(base_url or (self._default_url if http is None else ""), headers, auth, timeout)
        self._owns_http: bool = http is None
        self._http: httpx2.AsyncClient = httpx2.AsyncClient(transport=transport) if http is None else http

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections, unless they belong to another client."""
        if self._owns_http:
            await self._http.aclose()

    def _disown(self) -> None:
        self._owns_http = False

    async def _call(
        self,
        operation: _Operation[_AnswerT, _AsyncAnswerT],
        path: _Values,
        query: _Values,
        headers: _Values,
        body: object = _NOTHING,
        content_type: str = "",
    ) -> _AsyncAnswerT:
        http = self._http
        request = self._build(http.build_request, http.timeout, operation, path, query, headers, body, content_type)
        auth = httpx2.USE_CLIENT_DEFAULT if self._auth is None else self._auth
        response = await http.send(request, stream=True, auth=auth, follow_redirects=False)
        try:
            found = operation.find(response)
            if found is not None and operation.kind(response) in _STREAMS:
                stream = AsyncStream(response, operation.async_items(response))
                return cast(_AsyncAnswerT, found[0](response.status_code, stream, response))
            content = await response.aread()
        except BaseException:
            await response.aclose()
            raise
        return cast(_AsyncAnswerT, operation.read(response, content))


# --- statuses ---------------------------------------------------------------------------------------------------------

# fmt: off
_SuccessStatus: TypeAlias = Literal[
    200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211, 212, 213, 214, 215, 216, 217, 218, 219,
    220, 221, 222, 223, 224, 225, 226, 227, 228, 229, 230, 231, 232, 233, 234, 235, 236, 237, 238, 239,
    240, 241, 242, 243, 244, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255, 256, 257, 258, 259,
    260, 261, 262, 263, 264, 265, 266, 267, 268, 269, 270, 271, 272, 273, 274, 275, 276, 277, 278, 279,
    280, 281, 282, 283, 284, 285, 286, 287, 288, 289, 290, 291, 292, 293, 294, 295, 296, 297, 298, 299,
]
_RedirectionStatus: TypeAlias = Literal[
    300, 301, 302, 303, 304, 305, 306, 307, 308, 309, 310, 311, 312, 313, 314, 315, 316, 317, 318, 319,
    320, 321, 322, 323, 324, 325, 326, 327, 328, 329, 330, 331, 332, 333, 334, 335, 336, 337, 338, 339,
    340, 341, 342, 343, 344, 345, 346, 347, 348, 349, 350, 351, 352, 353, 354, 355, 356, 357, 358, 359,
    360, 361, 362, 363, 364, 365, 366, 367, 368, 369, 370, 371, 372, 373, 374, 375, 376, 377, 378, 379,
    380, 381, 382, 383, 384, 385, 386, 387, 388, 389, 390, 391, 392, 393, 394, 395, 396, 397, 398, 399,
]
_ClientErrorStatus: TypeAlias = Literal[
    400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 419,
    420, 421, 422, 423, 424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434, 435, 436, 437, 438, 439,
    440, 441, 442, 443, 444, 445, 446, 447, 448, 449, 450, 451, 452, 453, 454, 455, 456, 457, 458, 459,
    460, 461, 462, 463, 464, 465, 466, 467, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477, 478, 479,
    480, 481, 482, 483, 484, 485, 486, 487, 488, 489, 490, 491, 492, 493, 494, 495, 496, 497, 498, 499,
]
_ServerErrorStatus: TypeAlias = Literal[
    500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 511, 512, 513, 514, 515, 516, 517, 518, 519,
    520, 521, 522, 523, 524, 525, 526, 527, 528, 529, 530, 531, 532, 533, 534, 535, 536, 537, 538, 539,
    540, 541, 542, 543, 544, 545, 546, 547, 548, 549, 550, 551, 552, 553, 554, 555, 556, 557, 558, 559,
    560, 561, 562, 563, 564, 565, 566, 567, 568, 569, 570, 571, 572, 573, 574, 575, 576, 577, 578, 579,
    580, 581, 582, 583, 584, 585, 586, 587, 588, 589, 590, 591, 592, 593, 594, 595, 596, 597, 598, 599,
]
# fmt: on
