"""Tests of bodies that are sent piece by piece, against hand-written `receive` and `send`."""

import asyncio
import contextlib
import io
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest

from typed_api._types import Message
from typed_api.streams import (
    EventStream,
    File,
    JsonLines,
    ServerEvent,
    byte_chunks,
    encode_event,
    encode_text,
    event_chunks,
    iterate,
    json_line_chunks,
    send_stream,
)

START: Message = {"type": "http.response.start", "status": 200, "headers": []}
END: Message = {"type": "http.response.body", "body": b"", "more_body": False}
KEEP_ALIVE = b":\n\n"


def body(chunk: bytes) -> Message:
    return {"type": "http.response.body", "body": chunk, "more_body": True}


def to_json(item: object) -> bytes:
    return json.dumps(item, separators=(",", ":")).encode()


class Client:
    """The other end of one response: keeps what is sent, and goes away when told to."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.gone: anyio.Event = anyio.Event()
        self.on_send: Callable[[Message], None] = lambda message: None

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        self.on_send(message)

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    def leave_at(self, chunk: bytes) -> None:
        """Go away as soon as a chunk has come."""
        self.on_send = lambda message: self.gone.set() if message.get("body") == chunk else None


class Log(list[str]):
    """What a source did, in order."""


async def sleep_forever() -> None:
    await anyio.Event().wait()


async def collect(chunks: AsyncIterator[bytes]) -> list[bytes]:
    return [chunk async for chunk in chunks]


# --- Descriptions -----------------------------------------------------------------------------------------------------


def test_event_stream_keeps_its_settings() -> None:
    source = [1]
    stream = EventStream(source, keep_alive_seconds=1, retry_ms=2)
    assert (stream.source, stream.keep_alive_seconds, stream.retry_ms) == (source, 1, 2)


def test_keep_alive_is_15_seconds_unless_set() -> None:
    assert EventStream([1]).keep_alive_seconds == 15.0


def test_media_types_are_those_of_their_formats() -> None:
    assert (EventStream.media_type, JsonLines.media_type) == ("text/event-stream", "application/jsonl")


def test_event_stream_asks_proxies_not_to_hold_it_back() -> None:
    assert dict(EventStream.headers) == {"cache-control": "no-store, no-transform", "x-accel-buffering": "no"}


@pytest.mark.parametrize("source", ["text", b"bytes", bytearray(b"x"), {"a": 1}, 5, None])
@pytest.mark.parametrize("kind", [EventStream, JsonLines])
def test_source_without_items_is_refused(kind: Callable[[Any], object], source: object) -> None:
    with pytest.raises(TypeError) as caught:
        kind(source)
    assert str(caught.value) == (
        f"{kind.__name__} takes an iterable or async iterable of its items, not {type(source).__name__!r}."
    )


def test_generator_function_that_was_not_called_is_refused() -> None:
    async def ticks() -> AsyncIterator[int]:
        yield 1

    source: Any = ticks
    with pytest.raises(TypeError) as caught:
        EventStream(source)
    assert str(caught.value) == "EventStream takes what the function 'ticks' gives, not the function. Call it: ticks()."


def test_coroutine_as_source_is_refused() -> None:
    async def rows() -> list[int]:
        return [1]

    source: Any = rows()
    with pytest.raises(TypeError) as caught:
        JsonLines(source)
    assert str(caught.value) == "JsonLines takes an iterable, not a coroutine. Await it, or let its function yield."


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_keep_alive_out_of_range_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError) as caught:
        EventStream([1], keep_alive_seconds=seconds)
    assert str(caught.value) == (
        f"keep_alive_seconds cannot be {seconds!r}. Give seconds above 0, or None for no keep-alive."
    )


@pytest.mark.parametrize("retry_ms", [-1, 1.5, True, "1"])
def test_retry_out_of_range_is_refused(retry_ms: Any) -> None:
    texts = []
    for make in (lambda: EventStream([1], retry_ms=retry_ms), lambda: ServerEvent(1, retry_ms=retry_ms)):
        with pytest.raises(ValueError) as caught:
            make()
        texts.append(str(caught.value))
    assert texts == [f"retry_ms cannot be {retry_ms!r}. Give whole milliseconds, 0 or more, or None."] * 2


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"event": "a\nb"}, r"The event of an event cannot hold '\n', as 'a\nb' does. Take it out."),
        ({"event": "a\r"}, r"The event of an event cannot hold '\r', as 'a\r' does. Take it out."),
        ({"id": "a\n"}, r"The id of an event cannot hold '\n', as 'a\n' does. Take it out."),
        ({"id": "\r"}, r"The id of an event cannot hold '\r', as '\r' does. Take it out."),
        ({"id": "a\0b"}, r"The id of an event cannot hold '\x00', as 'a\x00b' does. Take it out."),
    ],
)
def test_event_field_that_would_break_its_line_is_refused(fields: dict[str, str], text: str) -> None:
    with pytest.raises(ValueError) as caught:
        ServerEvent(1, **fields)  # type: ignore[arg-type]
    assert str(caught.value) == text


@pytest.mark.parametrize("field", ["event", "id", "comment"])
def test_event_field_that_is_no_text_is_refused(field: str) -> None:
    fields: dict[str, Any] = {field: 7}
    with pytest.raises(TypeError) as caught:
        ServerEvent(1, **fields)
    assert str(caught.value) == f"The {field} of an event is text, not 7. Convert it, for example with str()."


# --- Files ------------------------------------------------------------------------------------------------------------


def test_file_keeps_what_it_is_given() -> None:
    file = File(Path("a/b.bin"), filename="c.csv", media_type="text/csv; charset=latin1", inline=True)
    assert (file.path, file.filename, file.media_type, file.inline) == (
        str(Path("a/b.bin")),
        "c.csv",
        "text/csv; charset=latin1",
        True,
    )


@pytest.mark.parametrize(
    ("path", "filename", "media_type"),
    [
        ("a/b.pdf", None, "application/pdf"),
        ("a/b.pdf", "c.png", "image/png"),
        ("a/b", None, "application/octet-stream"),
        ("a/b.csv.gz", None, "application/gzip"),
        ("a/b.txt.Z", None, "application/octet-stream"),
        ("a/b", "data:text/html,x", "application/octet-stream"),
        ("a/b", "data:image/svg+xml\r\nx:y,.png", "image/png"),
    ],
)
def test_media_type_of_a_file_is_guessed_from_its_name(path: str, filename: str | None, media_type: str) -> None:
    assert File(path, filename=filename).media_type == media_type


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"path": b"a"}, TypeError, "File takes a path of text, not b'a'. Decode it with os.fsdecode."),
        ({"path": "a", "filename": 5}, TypeError, "File takes a filename of text, not 5."),
        (
            {"path": "a", "filename": "\udcff"},
            ValueError,
            r"The filename '\udcff' cannot be sent: it is no valid Unicode. Give another one.",
        ),
        (
            {"path": "a", "media_type": "csv"},
            ValueError,
            "'csv' is no media type. Write it as 'text/csv' or 'text/csv; charset=utf-8'.",
        ),
        (
            {"path": "a", "media_type": "text/csv\r\nx: y"},
            ValueError,
            r"Header 'content-type' cannot hold 'text/csv\r\nx: y': '\r' is a control character. "
            "Take it out, or percent-encode the value with urllib.parse.quote.",
        ),
    ],
)
def test_file_that_cannot_be_sent_is_refused(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        File(**arguments)
    assert str(caught.value) == text


# --- Framing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "lines"),
    [
        ({"n": 1}, b'data: {"n":1}\n\n'),
        (None, b"data: null\n\n"),
        (ServerEvent({"n": 1}), b'data: {"n":1}\n\n'),
        (ServerEvent(None), b"data: null\n\n"),
        (ServerEvent(1, event="tick"), b"event: tick\ndata: 1\n\n"),
        (ServerEvent(1, id="7"), b"id: 7\ndata: 1\n\n"),
        (ServerEvent(1, id=""), b"id: \ndata: 1\n\n"),
        (ServerEvent(1, retry_ms=0), b"retry: 0\ndata: 1\n\n"),
        (ServerEvent(comment="hello"), b": hello\n\n"),
        (ServerEvent(comment="a\r\nb\rc\nd"), b": a\n: b\n: c\n: d\n\n"),
        (ServerEvent(id="7"), b"id: 7\n\n"),
        (
            ServerEvent("é", event="ü", id="ö", retry_ms=5, comment="ä"),
            ': ä\nevent: ü\nid: ö\nretry: 5\ndata: "\\u00e9"\n\n'.encode(),
        ),
    ],
)
def test_event_is_framed(item: object, lines: bytes) -> None:
    assert encode_event(item, to_json) == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a", b"data: a\n\n"),
        ("", b"data: \n\n"),
        (" a", b"data:  a\n\n"),
        ("a\nb", b"data: a\ndata: b\n\n"),
        ("a\rb", b"data: a\ndata: b\n\n"),
        ("a\r\nb", b"data: a\ndata: b\n\n"),
        ("a\n\r\n\rb", b"data: a\ndata: \ndata: \ndata: b\n\n"),
        ("a\n", b"data: a\ndata: \n\n"),
        ("\r", b"data: \ndata: \n\n"),
        ("a\n\nevent: x", b"data: a\ndata: \ndata: event: x\n\n"),
        ("a\u2028b\x0bc\x85d", "data: a\u2028b\x0bc\x85d\n\n".encode()),
    ],
)
def test_data_is_split_at_all_three_line_breaks(text: str, lines: bytes) -> None:
    """Line feed, carriage return and both together end a line of an event stream, and nothing else does."""
    assert encode_event(text, encode_text) == lines


def test_text_encoder_refuses_what_is_no_text() -> None:
    with pytest.raises(TypeError) as caught:
        encode_text(5)
    assert str(caught.value) == "An EventStream[str] yields str, not 'int'."


async def test_events_are_one_chunk_each() -> None:
    chunks = await collect(event_chunks(EventStream([1, ServerEvent(2, id="x")]), to_json))
    assert chunks == [b"data: 1\n\n", b"id: x\ndata: 2\n\n"]


async def test_retry_of_the_stream_comes_first() -> None:
    chunks = await collect(event_chunks(EventStream([1], retry_ms=500), to_json))
    assert chunks == [b"retry: 500\n\n", b"data: 1\n\n"]


async def test_json_lines_end_in_a_line_break() -> None:
    assert await collect(json_line_chunks(JsonLines([{"a": 1}, None]), to_json)) == [b'{"a":1}\n', b"null\n"]


async def test_byte_chunks_are_copies_of_what_is_bytes_like() -> None:
    buffer = bytearray(b"ab")

    def source() -> Iterator[object]:
        yield b"x"
        yield buffer
        buffer[0] = 0
        yield memoryview(b"cd")

    chunks = await collect(byte_chunks(source()))
    assert [(type(chunk), chunk) for chunk in chunks] == [(bytes, b"x"), (bytes, b"ab"), (bytes, b"cd")]


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ("a", "A streamed body yields bytes, not 'str'. Encode it: item.encode('utf-8')."),
        (7, "A streamed body yields bytes, not 'int'. Convert it to bytes."),
    ],
)
async def test_chunk_that_is_no_bytes_is_refused(item: object, text: str) -> None:
    with pytest.raises(TypeError) as caught:
        await collect(byte_chunks([item]))
    assert str(caught.value) == text


# --- Iterating --------------------------------------------------------------------------------------------------------


async def test_synchronous_source_runs_in_a_worker_thread() -> None:
    threads: list[bool] = []

    def source() -> Iterator[int]:
        try:
            threads.append(threading.current_thread() is threading.main_thread())
            yield 1
        finally:
            threads.append(threading.current_thread() is threading.main_thread())

    async with contextlib.aclosing(iterate(source())) as items:
        assert await anext(items) == 1
    assert threads == [False, False]


async def test_list_is_iterated_without_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anyio.to_thread.run_sync", None)
    assert [item async for item in iterate([1, 2])] == [1, 2]


async def test_iterable_object_is_iterated_to_its_end() -> None:
    assert [item async for item in iterate(range(3))] == [0, 1, 2]


async def test_open_file_is_closed_in_the_end() -> None:
    file = io.BytesIO(b"a\nb\n")
    assert ([item async for item in iterate(file)], file.closed) == ([b"a\n", b"b\n"], True)


async def test_async_source_is_closed_when_the_consumer_stops() -> None:
    log = Log()

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await anyio.lowlevel.checkpoint()
            log.append("closed")

    async with contextlib.aclosing(iterate(source())) as items:
        async for item in items:
            log.append(str(item))
            break
    assert log == ["1", "closed"]


async def test_async_source_without_aclose_is_iterated() -> None:
    class Source:
        def __init__(self) -> None:
            self.left = 2

        def __aiter__(self) -> "Source":
            return self

        async def __anext__(self) -> int:
            if self.left == 0:
                raise StopAsyncIteration
            self.left -= 1
            return self.left

    assert [item async for item in iterate(Source())] == [1, 0]


async def test_source_is_closed_in_full_when_its_consumer_is_cancelled() -> None:
    log = Log()

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await anyio.lowlevel.checkpoint()
            log.append("closed")

    with anyio.CancelScope() as scope:
        async with contextlib.aclosing(iterate(source())) as items:
            async for _ in items:
                scope.cancel()
                await anyio.lowlevel.checkpoint()
    assert (log, scope.cancelled_caught) == (["closed"], True)


async def test_synchronous_source_is_closed_when_its_consumer_is_cancelled() -> None:
    log = Log()

    def source() -> Iterator[int]:
        try:
            yield 1
        finally:
            log.append("closed")

    with anyio.CancelScope() as scope:
        async with contextlib.aclosing(iterate(source())) as items:
            async for _ in items:
                scope.cancel()
                await anyio.lowlevel.checkpoint()
    assert (log, scope.cancelled_caught) == (["closed"], True)


async def test_synchronous_source_is_not_closed_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelling a task leaves its thread inside the iterator, which can be closed only afterwards."""
    log = Log()
    entered, closing, release = threading.Event(), threading.Event(), threading.Event()
    run_sync = anyio.to_thread.run_sync

    class Source:
        def __iter__(self) -> Iterator[int]:
            return self

        def __next__(self) -> int:
            entered.set()
            release.wait(60)
            log.append("item made")
            return 1

        def close(self) -> None:
            log.append("closed")

    async def run_noticed(call: Callable[[], object]) -> object:
        def run() -> object:
            if entered.is_set():
                closing.set()
            return call()

        return await run_sync(run)

    monkeypatch.setattr("anyio.to_thread.run_sync", run_noticed)

    async def consume() -> None:
        async with contextlib.aclosing(iterate(Source())) as items:
            async for _ in items:
                log.append("item taken")

    task = asyncio.create_task(consume())
    await run_sync(entered.wait, 60)
    task.cancel()
    await run_sync(closing.wait, 60)
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["item made", "closed"]


async def test_error_of_a_synchronous_source_is_raised_as_it_is() -> None:
    failure = LookupError("gone")

    def source() -> Iterator[int]:
        yield 1
        raise failure

    with pytest.raises(LookupError) as caught:
        [item async for item in iterate(source())]
    assert caught.value is failure


# --- Sending ----------------------------------------------------------------------------------------------------------


async def test_stream_is_start_chunks_and_end() -> None:
    client = Client()
    complete = await send_stream(client.send, client.receive, START, byte_chunks([b"a", b"b"]))
    assert (complete, client.sent) == (True, [START, body(b"a"), body(b"b"), END])


async def test_empty_chunk_is_not_sent() -> None:
    client = Client()
    await send_stream(client.send, client.receive, START, byte_chunks([b"", b"a", b""]))
    assert client.sent == [START, body(b"a"), END]


async def test_next_chunk_waits_until_the_server_has_taken_the_last() -> None:
    log = Log()

    async def source() -> AsyncIterator[bytes]:
        for chunk in (b"a", b"b"):
            log.append(f"made {chunk!r}")
            yield chunk

    async def send(message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        log.append(f"sent {message.get('body')!r}")

    await send_stream(send, Client().receive, START, byte_chunks(source()))
    assert log == ["sent None", "made b'a'", "sent b'a'", "made b'b'", "sent b'b'", "sent b''"]


async def test_source_runs_in_the_calling_task() -> None:
    tasks = [asyncio.current_task()]

    async def source() -> AsyncIterator[bytes]:
        try:
            tasks.append(asyncio.current_task())
            yield b"a"
            tasks.append(asyncio.current_task())
            yield b"b"
        finally:
            tasks.append(asyncio.current_task())

    client = Client()
    client.leave_at(b"b")
    await send_stream(client.send, client.receive, START, byte_chunks(source()), keep_alive_seconds=15)
    assert tasks == [tasks[0]] * 4


async def test_source_that_waits_is_closed_when_the_client_leaves() -> None:
    log = Log()

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await sleep_forever()
            yield b"never"
        finally:
            log.append("closed")

    client = Client()
    client.leave_at(b"a")
    complete = await send_stream(client.send, client.receive, START, byte_chunks(source()))
    assert (complete, client.sent, log) == (False, [START, body(b"a")], ["closed"])


async def test_what_a_waiting_source_awaits_in_its_finally_is_done() -> None:
    log = Log()

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await sleep_forever()
        finally:
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            log.append("closed")

    client = Client()
    client.leave_at(b"a")
    await send_stream(client.send, client.receive, START, byte_chunks(source()))
    assert log == ["closed"]


async def test_source_is_closed_when_the_client_leaves_while_a_chunk_is_sent() -> None:
    log = Log()

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
        finally:
            await anyio.lowlevel.checkpoint()
            log.append("closed")

    client = Client()

    async def send(message: Message) -> None:
        if "body" in message:
            client.gone.set()
            await sleep_forever()

    complete = await send_stream(send, client.receive, START, byte_chunks(source()))
    assert (complete, log) == (False, ["closed"])


async def test_synchronous_source_is_closed_when_the_client_leaves() -> None:
    log = Log()

    def source() -> Iterator[bytes]:
        try:
            while True:
                yield b"a"
        finally:
            log.append("closed")

    client = Client()
    client.leave_at(b"a")
    complete = await send_stream(client.send, client.receive, START, byte_chunks(source()))
    assert (complete, log) == (False, ["closed"])


@pytest.mark.parametrize("chunk", [b"a", b"b"])
async def test_source_with_a_task_group_of_anyio_round_its_yields_is_closed(chunk: bytes) -> None:
    log = Log()

    async def tick() -> None:
        try:
            await sleep_forever()
        finally:
            log.append("tick ended")

    async def source() -> AsyncIterator[bytes]:
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(tick)
                await anyio.lowlevel.checkpoint()
                yield b"a"
                yield b"b"
                await sleep_forever()
        finally:
            log.append("closed")

    client = Client()
    client.leave_at(chunk)
    complete = await send_stream(client.send, client.receive, START, byte_chunks(source()))
    assert (complete, log) == (False, ["tick ended", "closed"])


@pytest.mark.parametrize("chunk", [b"a", b"b"])
async def test_source_with_a_task_group_of_asyncio_round_its_yields_is_closed(chunk: bytes) -> None:
    log = Log()

    async def tick() -> None:
        try:
            await sleep_forever()
        finally:
            log.append("tick ended")

    async def source() -> AsyncIterator[bytes]:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(tick())
                await anyio.lowlevel.checkpoint()
                yield b"a"
                yield b"b"
                await sleep_forever()
        finally:
            log.append("closed")

    client = Client()
    client.leave_at(chunk)
    complete = await send_stream(client.send, client.receive, START, byte_chunks(source()))
    assert (complete, log) == (False, ["tick ended", "closed"])


async def test_leaving_client_does_not_leave_the_task_cancelled() -> None:
    client = Client()
    client.leave_at(b"a")

    async def source() -> AsyncIterator[bytes]:
        yield b"a"
        await sleep_forever()

    await send_stream(client.send, client.receive, START, byte_chunks(source()))
    await anyio.lowlevel.checkpoint()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_source_that_never_waits_is_stopped_when_the_client_leaves() -> None:
    async def source() -> AsyncIterator[bytes]:
        while True:
            yield b"a"

    client = Client()
    client.leave_at(b"a")
    with anyio.fail_after(60):
        assert await send_stream(client.send, client.receive, START, byte_chunks(source())) is False


async def test_source_that_swallows_its_cancellation_is_stopped_at_its_next_item() -> None:
    log = Log()

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            try:
                await sleep_forever()
            except asyncio.CancelledError:
                log.append("cancelled")
            yield b"b"
            log.append("went on")
        finally:
            log.append("closed")

    client = Client()
    client.leave_at(b"a")
    complete = await send_stream(client.send, client.receive, START, byte_chunks(source()))
    assert (complete, client.sent, log) == (False, [START, body(b"a")], ["cancelled", "closed"])


async def test_rest_of_the_request_is_dropped_while_waiting_for_the_client_to_leave() -> None:
    client = Client()
    messages: list[Message] = [
        {"type": "http.request", "body": b"x", "more_body": True},
        {"type": "http.request", "body": b"", "more_body": False},
    ]

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def source() -> AsyncIterator[bytes]:
        yield b"a"
        await sleep_forever()

    assert await send_stream(client.send, receive, START, byte_chunks(source())) is False
    assert messages == []


async def test_receive_that_never_waits_does_not_hold_the_stream() -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    client = Client()
    with anyio.fail_after(60):
        assert await send_stream(client.send, receive, START, byte_chunks([b"a", b"b"])) is True


async def test_without_receive_the_stream_is_sent_to_its_end() -> None:
    client = Client()
    complete = await send_stream(client.send, None, START, byte_chunks([b"a"]))
    assert (complete, client.sent) == (True, [START, body(b"a"), END])


@pytest.mark.parametrize(("failing", "sent"), [(0, 1), (1, 2), (3, 4)])
async def test_oserror_from_send_means_that_the_client_has_gone(failing: int, sent: int) -> None:
    """An ASGI server may raise OSError from `send` once the client has gone: at the start, a chunk or the end."""
    client = Client()

    def fail(message: Message) -> None:
        if len(client.sent) == failing + 1:
            raise ConnectionResetError

    client.on_send = fail
    complete = await send_stream(client.send, client.receive, START, byte_chunks([b"a", b"b"]))
    assert (complete, len(client.sent)) == (False, sent)


async def test_source_is_closed_in_full_after_an_oserror_from_send() -> None:
    """The news of the client's leaving may come by `receive` too, while the source is being closed."""
    log = Log()
    client = Client()

    def fail(message: Message) -> None:
        if "body" in message:
            client.gone.set()
            raise BrokenPipeError

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
        finally:
            await client.gone.wait()
            for _ in range(5):
                await anyio.lowlevel.checkpoint()
            log.append("closed")

    client.on_send = fail
    assert await send_stream(client.send, client.receive, START, byte_chunks(source())) is False
    assert log == ["closed"]


async def test_oserror_from_the_source_is_an_error() -> None:
    def source() -> Iterator[bytes]:
        yield b"a"
        raise FileNotFoundError("rows.csv")

    client = Client()
    with pytest.raises(FileNotFoundError, match=r"rows\.csv"):
        await send_stream(client.send, client.receive, START, byte_chunks(source()))
    assert client.sent == [START, body(b"a")]


@pytest.mark.parametrize("keep_alive_seconds", [None, 60.0])
async def test_error_after_two_chunks_leaves_the_response_unfinished(keep_alive_seconds: float | None) -> None:
    failure = LookupError("gone")
    log = Log()

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            yield b"b"
            raise failure
        finally:
            log.append("closed")

    client = Client()
    with pytest.raises(LookupError) as caught:
        await send_stream(
            client.send, client.receive, START, byte_chunks(source()), keep_alive_seconds=keep_alive_seconds
        )
    assert caught.value is failure
    assert (client.sent, log) == ([START, body(b"a"), body(b"b")], ["closed"])


async def test_exception_group_of_the_source_is_raised_as_it_is() -> None:
    failure = ExceptionGroup("both", [LookupError()])

    async def source() -> AsyncIterator[bytes]:
        yield b"a"
        raise failure

    client = Client()
    with pytest.raises(ExceptionGroup) as caught:
        await send_stream(client.send, client.receive, START, byte_chunks(source()))
    assert caught.value is failure


async def test_item_that_cannot_be_encoded_closes_the_source() -> None:
    log = Log()

    async def source() -> AsyncIterator[object]:
        try:
            yield 1
            yield object()
        finally:
            log.append("closed")

    client = Client()
    with pytest.raises(TypeError):
        await send_stream(client.send, client.receive, START, event_chunks(EventStream(source()), to_json))
    assert (client.sent, log) == ([START, body(b"data: 1\n\n")], ["closed"])


async def test_error_of_receive_is_raised_and_closes_the_source() -> None:
    log = Log()

    async def receive() -> Message:
        raise RuntimeError("no more")

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await sleep_forever()
        finally:
            log.append("closed")

    with pytest.raises(RuntimeError, match="no more"):
        await send_stream(Client().send, receive, START, byte_chunks(source()))
    assert log == ["closed"]


async def test_chunks_are_closed_when_not_even_the_start_can_be_sent() -> None:
    async def send(message: Message) -> None:
        raise RuntimeError("no start")

    chunks = byte_chunks([b"a"])
    with pytest.raises(RuntimeError, match="no start"):
        await send_stream(send, Client().receive, START, chunks)
    assert await collect(chunks) == []


async def test_cancelled_task_closes_the_source_and_stays_cancelled() -> None:
    log = Log()
    client = Client()
    waiting = anyio.Event()

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            waiting.set()
            await sleep_forever()
        finally:
            await anyio.lowlevel.checkpoint()
            log.append("closed")

    task = asyncio.create_task(send_stream(client.send, client.receive, START, byte_chunks(source())))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["closed"]


async def test_task_that_is_cancelled_while_the_client_leaves_stays_cancelled() -> None:
    client = Client()
    waiting = anyio.Event()

    async def source() -> AsyncIterator[bytes]:
        waiting.set()
        await sleep_forever()
        yield b"a"

    task = asyncio.create_task(send_stream(client.send, client.receive, START, byte_chunks(source())))
    await waiting.wait()
    client.gone.set()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancelled_scope_closes_the_source_in_full() -> None:
    log = Log()
    client = Client()

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
        finally:
            await anyio.lowlevel.checkpoint()
            log.append("closed")

    with anyio.CancelScope() as scope:
        client.on_send = lambda message: scope.cancel() if "body" in message else None
        await send_stream(client.send, client.receive, START, byte_chunks(source()))
    assert (log, scope.cancelled_caught, client.sent) == (["closed"], True, [START, body(b"a")])


# --- Keep-alive -------------------------------------------------------------------------------------------------------


class Clock:
    """The time of the keep-alive, which passes when told to."""

    def __init__(self, client: Client) -> None:
        self.now: float = 100.0
        self.moved: anyio.Event = anyio.Event()
        self.kept_alive: anyio.Event = anyio.Event()
        client.on_send = self.notice

    def current_time(self) -> float:
        return self.now

    async def sleep_until(self, deadline: float) -> None:
        await anyio.lowlevel.checkpoint()
        while self.now < deadline:
            await self.moved.wait()

    def notice(self, message: Message) -> None:
        if message.get("body") == KEEP_ALIVE:
            self.kept_alive.set()

    def move(self, seconds: float) -> None:
        self.now += seconds
        self.moved.set()
        self.moved = anyio.Event()
        self.kept_alive = anyio.Event()

    async def pass_silently(self, seconds: float) -> None:
        """Let time pass, and whoever has waited for it act."""
        self.move(seconds)
        for _ in range(10):
            await anyio.lowlevel.checkpoint()

    async def pass_until_kept_alive(self, seconds: float) -> None:
        self.move(seconds)
        with anyio.fail_after(60):
            await self.kept_alive.wait()


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def clock(client: Client, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(client)
    monkeypatch.setattr("anyio.current_time", clock.current_time)
    monkeypatch.setattr("anyio.sleep_until", clock.sleep_until)
    return clock


async def send_events(client: Client, source: AsyncIterator[Any] | Iterator[Any]) -> bool:
    stream = EventStream(source)
    chunks = event_chunks(stream, to_json)
    seconds = stream.keep_alive_seconds
    return await send_stream(client.send, client.receive, START, chunks, keep_alive_seconds=seconds)


async def test_silent_source_is_kept_alive_without_losing_an_event(client: Client, clock: Clock) -> None:
    async def source() -> AsyncIterator[int]:
        for n in (1, 2):
            await clock.pass_until_kept_alive(15)
            await clock.pass_until_kept_alive(15)
            yield n

    assert await send_events(client, source()) is True
    silence = body(KEEP_ALIVE)
    assert client.sent == [START, silence, silence, body(b"data: 1\n\n"), silence, silence, body(b"data: 2\n\n"), END]


async def test_shorter_silence_is_left_alone(client: Client, clock: Clock) -> None:
    async def source() -> AsyncIterator[int]:
        await clock.pass_silently(14.9)
        yield 1

    await send_events(client, source())
    assert client.sent == [START, body(b"data: 1\n\n"), END]


async def test_event_starts_the_time_of_the_keep_alive_anew(client: Client, clock: Clock) -> None:
    async def source() -> AsyncIterator[int]:
        for n in (1, 2, 3):
            await clock.pass_silently(10)
            yield n

    await send_events(client, source())
    assert client.sent == [START, *(body(b"data: %d\n\n" % n) for n in (1, 2, 3)), END]


async def test_chunk_that_waits_for_a_slow_client_is_no_silence(client: Client, clock: Clock) -> None:
    async def send(message: Message) -> None:
        await clock.pass_silently(20)
        client.sent.append(message)

    chunks = event_chunks(EventStream([1, 2]), to_json)
    await send_stream(send, client.receive, START, chunks, keep_alive_seconds=15)
    assert client.sent == [START, body(b"data: 1\n\n"), body(b"data: 2\n\n"), END]


async def test_without_keep_alive_a_silence_may_last(client: Client, clock: Clock) -> None:
    async def source() -> AsyncIterator[bytes]:
        await clock.pass_silently(1000)
        yield b"a"

    await send_stream(client.send, client.receive, START, byte_chunks(source()))
    assert client.sent == [START, body(b"a"), END]


async def test_keep_alive_does_not_cancel_the_waiting_source(client: Client, clock: Clock) -> None:
    log = Log()

    async def source() -> AsyncIterator[int]:
        try:
            await clock.pass_until_kept_alive(15)
        except asyncio.CancelledError:
            log.append("cancelled")
            raise
        yield 1

    assert await send_events(client, source()) is True
    assert log == []


async def test_silent_synchronous_source_is_kept_alive(client: Client, clock: Clock) -> None:
    def source() -> Iterator[int]:
        anyio.from_thread.run(clock.pass_until_kept_alive, 15)
        yield 1

    await send_events(client, source())
    assert client.sent == [START, body(KEEP_ALIVE), body(b"data: 1\n\n"), END]


async def test_event_waits_for_a_keep_alive_that_is_being_sent(client: Client, clock: Clock) -> None:
    """ASGI's `send` is not called while another call of it has not returned."""
    log = Log()

    async def send(message: Message) -> None:
        log.append(f"{message.get('body')!r}")
        if message.get("body") == KEEP_ALIVE:
            clock.kept_alive.set()
        for _ in range(10):
            await anyio.lowlevel.checkpoint()
        log.append("sent")

    async def source() -> AsyncIterator[int]:
        await clock.pass_until_kept_alive(15)
        yield 1

    chunks = event_chunks(EventStream(source()), to_json)
    await send_stream(send, client.receive, START, chunks, keep_alive_seconds=15)
    assert log == ["None", "sent", repr(KEEP_ALIVE), "sent", repr(b"data: 1\n\n"), "sent", "b''", "sent"]


async def test_oserror_from_a_keep_alive_closes_the_source(client: Client, clock: Clock) -> None:
    log = Log()

    def fail(message: Message) -> None:
        if message.get("body") == KEEP_ALIVE:
            raise BrokenPipeError

    async def source() -> AsyncIterator[int]:
        try:
            clock.move(15)
            await sleep_forever()
            yield 1
        finally:
            await anyio.lowlevel.checkpoint()
            log.append("closed")

    client.on_send = fail
    complete = await send_events(client, source())
    assert (complete, client.sent, log) == (False, [START, body(KEEP_ALIVE)], ["closed"])


async def test_error_from_a_keep_alive_is_raised(client: Client, clock: Clock) -> None:
    def fail(message: Message) -> None:
        if message.get("body") == KEEP_ALIVE:
            raise RuntimeError("broken server")

    async def source() -> AsyncIterator[int]:
        clock.move(15)
        await sleep_forever()
        yield 1

    client.on_send = fail
    with pytest.raises(RuntimeError, match="broken server"):
        await send_events(client, source())
