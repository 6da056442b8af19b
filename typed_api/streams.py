"""Bodies that are sent piece by piece: event streams, JSON lines, files, raw bytes.

Owns the classes a handler answers with, their framing, and the sending. A source is iterated in one task, from its
first item to its last, and is closed whatever ends it: its end, its error, or a client that goes away. How an item
becomes bytes is the caller's: an encoder made from the declared type is handed in, so nothing here knows pydantic.
"""

import asyncio
import contextlib
import enum
import inspect
import math
import mimetypes
import os
import re
import threading
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)
from types import MappingProxyType, TracebackType
from typing import Any, ClassVar, Final, Generic, Self, TypeAlias, TypeVar, cast, final, overload

import anyio
import anyio.lowlevel
import anyio.to_thread
from typing_extensions import override

from typed_api._types import Message, Receive, Send, StreamedBody
from typed_api.wire import header_value, parse_content_type

__all__ = [
    "EventStream",
    "File",
    "JsonLines",
    "ServerEvent",
    "byte_chunks",
    "encode_event",
    "encode_text",
    "event_chunks",
    "iterate",
    "json_line_chunks",
    "send_stream",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Encode: TypeAlias = Callable[[Any], bytes]
"""Checks an item against the declared type and writes it. Any: that type differs by handler."""


class _Nothing(enum.Enum):
    """Stands for an argument that was left out, where None is a value like any other."""

    NOTHING = enum.auto()


_NOTHING: Final = _Nothing.NOTHING


# --- What a handler answers with --------------------------------------------------------------------------------------


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _has_items(source: object) -> bool:
    if isinstance(source, str | bytes | bytearray | Mapping):
        # Iterable, but by accident: into characters, numbers or keys.
        return False
    return isinstance(source, AsyncIterable | Iterable)


def _check_source(source: object, owner: str) -> None:
    if _has_items(source):
        return
    if inspect.isfunction(source) or inspect.ismethod(source):
        name = source.__name__
        raise TypeError(f"{owner} takes what the function {name!r} gives, not the function. Call it: {name}().")
    if inspect.iscoroutine(source):
        # Closed, or Python would warn that it was never awaited, besides.
        source.close()
        raise TypeError(f"{owner} takes an iterable, not a coroutine. Await it, or let its function yield.")
    raise TypeError(f"{owner} takes an iterable or async iterable of its items, not {type(source).__name__!r}.")


def _check_retry(retry_ms: object) -> None:
    if retry_ms is not None and (isinstance(retry_ms, bool) or not isinstance(retry_ms, int) or retry_ms < 0):
        raise ValueError(f"retry_ms cannot be {retry_ms!r}. Give whole milliseconds, 0 or more, or None.")


def _check_keep_alive(seconds: float | None) -> None:
    if seconds is not None and not 0 < seconds < math.inf:
        raise ValueError(f"keep_alive_seconds cannot be {seconds!r}. Give seconds above 0, or None for no keep-alive.")


def _check_line(field: str, value: object, forbidden: str) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"The {field} of an event is text, not {value!r}. Convert it, for example with str().")
    for character in forbidden:
        if character in value:
            raise ValueError(f"The {field} of an event cannot hold {character!r}, as {value!r} does. Take it out.")


@final
class ServerEvent(Generic[T_co]):
    """One event of an `EventStream`, where it has more than data.

    Attributes:
        data: What the event carries, of the stream's type; an event without any is not dispatched by browsers, but its
            id and retry count all the same.
        event: The type of the event, that `addEventListener` names; None is "message".
        id: Sent back by a browser that reconnects, as `Last-Event-ID`; "" forgets an earlier one.
        retry_ms: How long a browser waits before it reconnects.
        comment: Text that browsers ignore.
    """

    __slots__ = ("comment", "data", "event", "id", "retry_ms")

    data: T_co | _Nothing
    event: str | None
    id: str | None
    retry_ms: int | None
    comment: str | None

    def __init__(
        self,
        data: T_co | _Nothing = _NOTHING,
        *,
        event: str | None = None,
        id: str | None = None,
        retry_ms: int | None = None,
        comment: str | None = None,
    ) -> None:
        """Make the event.

        Args:
            data: What it carries; left out, the event has none.
            event: Its type, on one line.
            id: Its id, on one line and without NUL.
            retry_ms: Milliseconds, 0 or more.
            comment: Text of any number of lines.

        Raises:
            TypeError: If `event`, `id` or `comment` is no text.
            ValueError: If one of them has a character it cannot hold, or `retry_ms` is no count of milliseconds.

        Reference:
            WHATWG HTML §9.2, Server-sent events.
        """
        _check_line("event", event, "\r\n")
        # A browser ignores an id with NUL in it: reconnecting would silently start from an older one.
        _check_line("id", id, "\r\n\0")
        _check_line("comment", comment, "")
        _check_retry(retry_ms)
        self.data = data
        self.event = event
        self.id = id
        self.retry_ms = retry_ms
        self.comment = comment


@final
class EventStream(StreamedBody, Generic[T_co]):
    """Server-sent events: `return res.send(EventStream(ticks()))`, declared as `Ok[EventStream[Tick]]`.

    Attributes:
        source: Gives the data of the events, or `ServerEvent` where an event has more.
        keep_alive_seconds: After so long without an event a comment is sent, so that no proxy takes the connection for
            dead; None sends none.
        retry_ms: How long a browser waits before it reconnects; None leaves it to the browser.
    """

    __slots__ = ("keep_alive_seconds", "retry_ms", "source")

    media_type: ClassVar[str] = "text/event-stream"
    """UTF-8 by definition, so there is no charset to name."""

    headers: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            # A compressing or buffering proxy would hold events back until it has enough of them.
            "cache-control": "no-store, no-transform",
            "x-accel-buffering": "no",
        }
    )
    """What an event stream needs to arrive event by event; a handler's own headers beat it."""

    source: AsyncIterable[T_co | ServerEvent[T_co]] | Iterable[T_co | ServerEvent[T_co]]
    keep_alive_seconds: float | None
    retry_ms: int | None

    @overload
    def __init__(
        self,
        source: AsyncIterable[T_co | ServerEvent[T_co]] | Iterable[T_co | ServerEvent[T_co]],
        *,
        keep_alive_seconds: float | None = 15.0,
        retry_ms: int | None = None,
    ) -> None: ...

    # For mypy, which finds no `T_co` for the union where a source gives `ServerEvent[Tick]` and nothing else, and then
    # comes here. The other order would be the usual one, but puts this signature into the errors of all other sources.
    @overload
    def __init__(  # type: ignore[overload-cannot-match]  # pyright: ignore[reportOverlappingOverload]
        self,
        source: AsyncIterable[ServerEvent[T_co]] | Iterable[ServerEvent[T_co]],
        *,
        keep_alive_seconds: float | None = 15.0,
        retry_ms: int | None = None,
    ) -> None: ...

    def __init__(
        self,
        source: AsyncIterable[T_co | ServerEvent[T_co]] | Iterable[T_co | ServerEvent[T_co]],
        *,
        keep_alive_seconds: float | None = 15.0,
        retry_ms: int | None = None,
    ) -> None:
        """Describe the stream; nothing runs before the handler has returned.

        Args:
            source: An iterable or async iterable, as a rule a generator. A synchronous one runs in a worker thread. It
                opens what it needs inside itself, since it runs after the handler; its `finally` blocks run when the
                client goes away.
            keep_alive_seconds: Seconds above 0, or None.
            retry_ms: Milliseconds, 0 or more, or None.

        Raises:
            TypeError: If `source` is no such iterable.
            ValueError: If a time is out of range.
        """
        _check_source(source, "EventStream")
        _check_keep_alive(keep_alive_seconds)
        _check_retry(retry_ms)
        self.source = source
        self.keep_alive_seconds = keep_alive_seconds
        self.retry_ms = retry_ms


@final
class JsonLines(StreamedBody, Generic[T_co]):
    r"""JSON documents, one a line: `return res.send(JsonLines(rows()))`, declared as `Ok[JsonLines[Row]]`.

    Attributes:
        source: Gives the documents.
    """

    __slots__ = ("source",)

    # Neither name is registered with IANA. This one is what jsonlines.org proposes and what the OpenAPI Initiative's
    # registry of sequential media types lists first, ahead of `application/x-ndjson`, whose "x-" RFC 6648 advises
    # against.
    media_type: ClassVar[str] = "application/jsonl"
    """The media type of JSON Lines; UTF-8 by definition."""

    source: AsyncIterable[T_co] | Iterable[T_co]

    def __init__(self, source: AsyncIterable[T_co] | Iterable[T_co]) -> None:
        """Describe the stream; nothing runs before the handler has returned.

        Args:
            source: An iterable or async iterable, as a rule a generator. A synchronous one runs in a worker thread.

        Raises:
            TypeError: If `source` is no such iterable.
        """
        _check_source(source, "JsonLines")
        self.source = source


_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")

# What a file is when its name also says how it is packed: `mimetypes` calls `rows.csv.gz` text, but its bytes are not.
_PACKED_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "br": "application/octet-stream",
        "bzip2": "application/x-bzip2",
        "gzip": "application/gzip",
        "xz": "application/x-xz",
    }
)


@final
class File(StreamedBody):
    """A file on disk: `return res.send(File(path))`, declared as `Ok[File]`. Ranges and conditions are answered.

    Attributes:
        path: Where it is.
        filename: The name that a browser saves it under; None leaves that to the browser.
        media_type: Its media type.
        inline: Whether a browser shows a file with a `filename` rather than saving it.
    """

    __slots__ = ("filename", "inline", "media_type", "path")

    path: str
    filename: str | None
    media_type: str
    inline: bool

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        filename: str | None = None,
        media_type: str | None = None,
        inline: bool = False,
    ) -> None:
        """Describe the file; it is opened after the handler has returned.

        Args:
            path: Where it is. It is taken as it is: keep a client's text out of it, or check that it stays in a folder.
            filename: The name to save it under.
            media_type: Its media type; None guesses it from `filename`, else from `path`.
            inline: Show it, rather than save it.

        Raises:
            TypeError: If `path` or `filename` is no text.
            ValueError: If `media_type` is none, or `filename` cannot be sent.
        """
        if media_type is not None and parse_content_type(header_value("content-type", media_type)) is None:
            raise ValueError(f"{media_type!r} is no media type. Write it as 'text/csv' or 'text/csv; charset=utf-8'.")
        self.path = _checked_path(path)
        self.filename = _checked_filename(filename)
        self.media_type = _guess_media_type(filename or self.path) if media_type is None else media_type
        self.inline = inline


def _checked_path(path: str | os.PathLike[str]) -> str:
    text = path if isinstance(path, str) else os.fspath(path)
    if not _is_text(text):
        raise TypeError(f"File takes a path of text, not {path!r}. Decode it with os.fsdecode.")
    return text


def _checked_filename(filename: object) -> str | None:
    if filename is not None and not isinstance(filename, str):
        raise TypeError(f"File takes a filename of text, not {filename!r}.")
    if filename is not None and _SURROGATE.search(filename) is not None:
        raise ValueError(f"The filename {filename!r} cannot be sent: it is no valid Unicode. Give another one.")
    return filename


def _guess_media_type(name: str) -> str:
    # "./", because `mimetypes` takes URLs: a file that is called "data:text/html,…" would choose its own type.
    media_type, packing = mimetypes.guess_type("./" + name)
    if packing is not None:
        return _PACKED_TYPES.get(packing, "application/octet-stream")
    return media_type or "application/octet-stream"


# --- Iterating a source -----------------------------------------------------------------------------------------------


async def iterate(source: AsyncIterable[T] | Iterable[T]) -> AsyncGenerator[T, None]:
    """Iterate a source on the event loop, and close it in the end.

    Async iterables are iterated as they are, lists and tuples too, since they never block; any other iterable in worker
    threads, one item at a time. Whatever ends the iteration, the source's iterator is closed (`aclose`, or `close` in a
    worker thread), shielded from cancellation. Close this generator in the task that iterates it, with
    `contextlib.aclosing`.

    Args:
        source: What to iterate.

    Yields:
        Its items.
    """
    # The shield has to be a scope from before the first item: one opened only for closing would cross the scopes that
    # the source holds open, for example a task group around its `yield`, and anyio refuses that.
    with anyio.CancelScope() as scope:
        if isinstance(source, AsyncIterable):
            items = aiter(source)
            try:
                async for item in items:
                    yield item
            finally:
                scope.shield = True
                aclose = getattr(items, "aclose", None)
                if aclose is not None:
                    try:
                        await aclose()
                    except* GeneratorExit:
                        # How a generator is closed; a task group round its `yield` makes a group of it and raises that.
                        pass
        elif isinstance(source, list | tuple):
            for item in cast("Iterable[T]", source):
                yield item
        else:
            thread_items = _ThreadItems(source)
            try:
                async for item in thread_items:
                    yield item
            finally:
                scope.shield = True
                await thread_items.aclose()


class _ThreadItems(AsyncIterator[T]):
    """The items of a synchronous iterable, each asked for in a worker thread."""

    def __init__(self, source: Iterable[T]) -> None:
        self._source: Iterable[T] = source
        self._items: Iterator[T] | None = None
        self._closed: bool = False
        # A cancelled task goes on while its thread is still inside the iterator, which cannot be closed just then.
        self._turn: threading.Lock = threading.Lock()

    @override
    async def __anext__(self) -> T:
        item = await anyio.to_thread.run_sync(self._next)
        if item is _NOTHING:
            raise StopAsyncIteration
        return item

    async def aclose(self) -> None:
        await anyio.to_thread.run_sync(self._close)

    def _next(self) -> T | _Nothing:
        with self._turn:
            if self._closed:
                return _NOTHING
            if self._items is None:
                self._items = iter(self._source)
            # With a default: a StopIteration cannot leave a thread through a future.
            return next(self._items, _NOTHING)

    def _close(self) -> None:
        with self._turn:
            self._closed = True
            close = getattr(self._items, "close", None)
            if close is not None:
                close()


# --- Chunks -----------------------------------------------------------------------------------------------------------


def encode_text(item: object) -> bytes:
    """Encode the data of an `EventStream[str]`, which is sent as it is and not as a JSON string.

    Args:
        item: What the source gave.

    Raises:
        TypeError: If it is no text.
    """
    if not isinstance(item, str):
        raise TypeError(f"An EventStream[str] yields str, not {type(item).__name__!r}.")
    return item.encode("utf-8")


def encode_event(item: object, encode: Encode) -> bytes:
    r"""Write one event of an event stream.

    Args:
        item: Its data, or a `ServerEvent`.
        encode: Checks and writes data.

    Returns:
        The lines of the event and the empty line that ends it. Line breaks in the data (`\r\n`, `\r` and `\n` alike)
        arrive as `\n`.

    Reference:
        WHATWG HTML §9.2.5, Parsing an event stream, and §9.2.6, Interpreting an event stream.
    """
    if not isinstance(item, ServerEvent):
        return _field(b"data", encode(item)) + b"\n"
    event = cast("ServerEvent[object]", item)
    lines: list[bytes] = []
    if event.comment is not None:
        lines.append(_field(b"", event.comment.encode("utf-8")))
    if event.event is not None:
        lines.append(_field(b"event", event.event.encode("utf-8")))
    if event.id is not None:
        lines.append(_field(b"id", event.id.encode("utf-8")))
    if event.retry_ms is not None:
        lines.append(_field(b"retry", b"%d" % event.retry_ms))
    if event.data is not _NOTHING:
        lines.append(_field(b"data", encode(event.data)))
    lines.append(b"\n")
    return b"".join(lines)


def _field(name: bytes, value: bytes) -> bytes:
    # Always a space after the colon: the parser drops one, so that a value's own leading space survives.
    head = name + b": "
    if b"\n" in value or b"\r" in value:
        value = value.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\n" + head)
    return head + value + b"\n"


async def event_chunks(stream: EventStream[Any], encode: Encode) -> AsyncGenerator[bytes, None]:
    """Turn an event stream into chunks, one an event.

    Its keep-alive is not among them: `send_stream` sends it, as it knows when nothing was sent.

    Args:
        stream: The stream.
        encode: Checks and writes the data of an event.

    Yields:
        The bytes of an event.
    """
    if stream.retry_ms is not None:
        yield _field(b"retry", b"%d" % stream.retry_ms) + b"\n"
    async with contextlib.aclosing(iterate(stream.source)) as items:
        async for item in items:
            yield encode_event(item, encode)


async def json_line_chunks(lines: JsonLines[Any], encode: Encode) -> AsyncGenerator[bytes, None]:
    """Turn JSON lines into chunks, one a line.

    Args:
        lines: The lines.
        encode: Checks a document and writes it on one line.

    Yields:
        The bytes of a line, with its line break.
    """
    async with contextlib.aclosing(iterate(lines.source)) as items:
        async for item in items:
            yield encode(item) + b"\n"


async def byte_chunks(source: AsyncIterable[object] | Iterable[object]) -> AsyncGenerator[bytes, None]:
    """Turn an iterable of bytes into chunks.

    Args:
        source: Gives bytes, bytearrays or memoryviews.

    Yields:
        The bytes of an item.

    Raises:
        TypeError: If an item is none of them.
    """
    async with contextlib.aclosing(iterate(source)) as items:
        async for item in items:
            yield _checked_chunk(item)


def _checked_chunk(item: object) -> bytes:
    if isinstance(item, bytes):
        return item
    if isinstance(item, bytearray):
        # A copy: the source may fill its buffer anew before the server has written this one.
        return bytes(item)
    if isinstance(item, memoryview):
        return item.tobytes()
    mend = "Encode it: item.encode('utf-8')." if isinstance(item, str) else "Convert it to bytes."
    raise TypeError(f"A streamed body yields bytes, not {type(item).__name__!r}. {mend}")


# --- Sending ----------------------------------------------------------------------------------------------------------

# A comment without text, and the end of an event that is none: every reader of event streams ignores it.
_KEEP_ALIVE: Final = b":\n\n"


async def send_stream(
    send: Send,
    receive: Receive | None,
    start_message: Message,
    chunks: AsyncGenerator[bytes, None],
    *,
    keep_alive_seconds: float | None = None,
) -> bool:
    """Send a response piece by piece.

    The chunks are produced in the calling task, one at a time and no faster than the server takes them. When the client
    goes away (`receive` says so, or `send` raises OSError) their producer is cancelled and closed. On asyncio it is
    cancelled once, as a task is, and not again at each await, so that what its `finally` blocks await is done.

    Args:
        send: ASGI's send.
        receive: ASGI's receive, to learn that the client has gone; what is left of the request's body is dropped. None
            where the source still reads that body.
        start_message: The `http.response.start` message.
        chunks: The body; closed in the end, whatever happens.
        keep_alive_seconds: Send a comment after so long without a chunk: for event streams only.

    Returns:
        Whether all was sent; False means that the client has gone.

    Raises:
        Exception: What the source raises, as it is. The response is then unfinished, and the server cuts the connection
            so that the client can tell.
    """
    delivery = _Delivery(send)
    async with anyio.create_task_group() as helpers:
        with delivery:
            try:
                async with contextlib.aclosing(chunks):
                    if await delivery.send(start_message):
                        if receive is not None:
                            helpers.start_soon(delivery.watch, receive)
                        if keep_alive_seconds is not None:
                            helpers.start_soon(delivery.keep_alive, keep_alive_seconds)
                        await delivery.send_body(chunks)
            except Exception as error:
                # Kept until the group is left, which would wrap it in an ExceptionGroup.
                delivery.error = delivery.error or error
        helpers.cancel_scope.cancel()
    if delivery.error is not None:
        raise delivery.error
    return delivery.complete


class _Delivery:
    """One response on its way: who may send, whether the client is still there, and how to stop the producer.

    Entered, it can interrupt the task that entered it, and swallows that interruption.
    """

    complete: bool
    error: Exception | None

    def __init__(self, send: Send) -> None:
        self.complete = False
        self.error = None
        self._send: Send = send
        self._turn: anyio.Lock = anyio.Lock(fast_acquire=True)
        self._sent_at: float = 0.0
        self._client_left: bool = False
        self._task: asyncio.Task[Any] | None = None
        self._cancels_before: int = 0
        self._scope: anyio.CancelScope | None = None
        self._cancel: Callable[[], object] | None = None
        self._interrupted: bool = False

    def __enter__(self) -> Self:
        if anyio.get_cancelled_exc_class() is asyncio.CancelledError:
            self._task = asyncio.current_task()
        if self._task is not None:
            self._cancels_before = self._task.cancelling()
            self._cancel = self._task.cancel
        else:
            # Trio knows no cancellation but that of a scope, which strikes at every await until the scope is left.
            self._scope = anyio.CancelScope()
            self._scope.__enter__()
            self._cancel = self._scope.cancel
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self._cancel = None
        if self._scope is not None:
            return bool(self._scope.__exit__(kind, error, traceback))
        if self._task is None or not self._interrupted:
            return False
        # As `asyncio.timeout` does: when somebody else has cancelled the task too, it stays cancelled.
        return self._task.uncancel() <= self._cancels_before and isinstance(error, asyncio.CancelledError)

    async def send(self, message: Message) -> bool:
        """Send a message, unless the client has gone; say whether it was sent."""
        async with self._turn:
            return await self._send_now(message)

    async def send_body(self, chunks: AsyncIterable[bytes]) -> None:
        """Send the chunks and the end of the body, as long as the client is there."""
        try:
            async for chunk in chunks:
                # Some servers would frame an empty chunk as the end of the body.
                if chunk and not await self.send({"type": "http.response.body", "body": chunk, "more_body": True}):
                    return
                # A source and a `send` that never wait would keep the loop from ever hearing that the client has gone.
                await anyio.lowlevel.checkpoint()
            self.complete = await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            # From here on the source is being closed, which is not to be interrupted.
            self._cancel = None

    async def watch(self, receive: Receive) -> None:
        """Wait for the client to go away."""
        with self._interrupting():
            while (await receive())["type"] != "http.disconnect":
                # A `receive` that never waits must not hold the loop.
                await anyio.lowlevel.checkpoint()

    async def keep_alive(self, seconds: float) -> None:
        """Send a comment whenever nothing was sent for a while."""
        with self._interrupting():
            while not self._client_left:
                await anyio.sleep_until(self._sent_at + seconds)
                async with self._turn:
                    # Asked again: a chunk may have gone out, or waited for a slow client, which is no silence.
                    if anyio.current_time() >= self._sent_at + seconds:
                        await self._send_now({"type": "http.response.body", "body": _KEEP_ALIVE, "more_body": True})

    async def _send_now(self, message: Message) -> bool:
        if self._client_left:
            return False
        try:
            await self._send(message)
        except OSError:
            self._client_left = True
            return False
        self._sent_at = anyio.current_time()
        return True

    @contextlib.contextmanager
    def _interrupting(self) -> Generator[None, None, None]:
        """Interrupt the producer when the block ends, unless the block is cancelled; keep an error for it to raise."""
        try:
            yield
        except OSError:
            pass
        except Exception as error:
            self.error = self.error or error
        self._client_left = True
        cancel, self._cancel = self._cancel, None
        if cancel is not None:
            self._interrupted = True
            cancel()
