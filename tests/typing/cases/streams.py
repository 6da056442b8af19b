"""Streams: bytes and iterators of bytes, event streams, JSON lines and files."""

import pathlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import BinaryIO, assert_type

from service import Admin, Row, Tick, User

from typed_api import (
    ApiRequest,
    ApiResponse,
    EventStream,
    File,
    JsonLines,
    NotFound,
    Ok,
    Problem,
    Sent,
    ServerEvent,
)


def read_chunks() -> Iterator[bytes]:
    yield b"chunk"


async def load_chunks() -> AsyncIterator[bytes]:
    yield b"chunk"


def list_ticks() -> Iterator[Tick]:
    yield Tick(price=1.0)


async def watch_ticks() -> AsyncIterator[Tick]:
    yield Tick(price=1.0)


async def watch_named_ticks() -> AsyncGenerator[ServerEvent[Tick], None]:
    yield ServerEvent(Tick(price=1.0), event="tick", id="1")


async def watch_both() -> AsyncIterator[Tick | ServerEvent[Tick]]:
    yield Tick(price=1.0)
    yield ServerEvent(Tick(price=2.0), id="2")
    yield ServerEvent(comment="still here")


def list_rows() -> Iterator[Row]:
    yield {"id": 1, "name": "Ann"}


async def load_users() -> AsyncIterator[User]:
    yield User(id=1, name="Ann")


# Declared bytes are sent as bytes, or piece by piece from an iterator or async iterator.
def get_bytes(res: ApiResponse[Ok[bytes]], upload: BinaryIO) -> None:
    res.send(b"data")
    res.send(bytearray(b"data"))
    res.send(memoryview(b"data"))
    res.send(read_chunks())
    res.send(load_chunks())
    res.send(upload)
    res.status(200).send(b"data")
    res.status(200).send(read_chunks())
    res.status(200).send(load_chunks())


# Text, models and iterators of other things are no bytes.
def get_wrong_bytes(res: ApiResponse[Ok[bytes]]) -> None:
    res.send("data")  # E[call-overload]
    res.send(User(id=1, name="Ann"))  # E[call-overload]
    res.send(list_rows())  # E[arg-type]
    res.send()  # E[call-overload]
    res.status(200).send("data")  # E[call-overload]
    res.status(200).send(load_users())  # E[arg-type]


# A list of bytes is no stream.
def get_list_of_bytes(res: ApiResponse[Ok[bytes]]) -> None:
    res.send([b"a", b"b"])  # E[call-overload]
    res.status(200).send([b"a", b"b"])  # E[call-overload]


# Where no bytes are declared, none are sent.
def get_undeclared_bytes(res: ApiResponse[Ok[User] | NotFound[bytes]]) -> None:
    res.status(404).send(read_chunks())
    res.send(b"data")  # E[arg-type]
    res.send(read_chunks())  # E[arg-type]
    res.status(200).send(read_chunks())  # E[arg-type]


# Bytes may stand beside another body.
def get_bytes_or_user(res: ApiResponse[Ok[bytes | User]], raw: bool) -> Sent:
    if raw:
        return res.status(200).send(load_chunks())
    return res.send(User(id=1, name="Ann"))


# A bare type of bytes streams under every status.
def get_bare_bytes(res: ApiResponse[bytes]) -> None:
    res.send(read_chunks())
    res.status(206).send(load_chunks())
    res.status(206).send("data")  # E[call-overload]


# The body of a request can be passed on as it comes.
def echo_body(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
    return res.send(req.stream())


# An event stream takes data, events, or both, from any iterable.
def get_ticks(res: ApiResponse[Ok[EventStream[Tick]]]) -> None:
    res.send(EventStream(watch_ticks()))
    res.send(EventStream(list_ticks(), keep_alive_seconds=None))
    res.send(EventStream(watch_named_ticks(), retry_ms=500))
    res.send(EventStream(watch_both()))
    res.send(EventStream([Tick(price=1.0)]))
    res.status(200).send(EventStream(watch_ticks()))
    res.status(200).send(EventStream(watch_named_ticks()))
    res.status(200).send(EventStream(watch_both()))


# An event stream tells what it carries.
def reveal_streams() -> None:
    assert_type(EventStream(watch_ticks()), EventStream[Tick])
    assert_type(EventStream(watch_named_ticks()), EventStream[Tick])
    assert_type(EventStream(watch_both()), EventStream[Tick])
    assert_type(JsonLines(load_users()), JsonLines[User])


# Events of another type are refused, and so is a generator that is not wrapped.
def get_wrong_ticks(res: ApiResponse[Ok[EventStream[Tick]]]) -> None:
    res.send(EventStream(load_users()))  # E[arg-type]
    res.status(200).send(EventStream(load_users()))  # E[arg-type]
    res.send(watch_ticks())  # E[arg-type]
    res.send(EventStream(watch_ticks))  # E[call-overload]
    res.send(JsonLines(watch_ticks()))  # E[arg-type]


# JSON lines take items of the declared type, subclasses within.
def get_lines(res: ApiResponse[Ok[JsonLines[User]] | NotFound[Problem]], admins: AsyncIterator[Admin]) -> None:
    res.send(JsonLines(load_users()))
    res.send(JsonLines(admins))
    res.status(200).send(JsonLines([User(id=1, name="Ann")]))
    res.status(404).json(Problem())


# Lines of another type are refused.
def get_wrong_lines(res: ApiResponse[Ok[JsonLines[User]] | NotFound[Problem]]) -> None:
    res.send(JsonLines(watch_ticks()))  # E[arg-type]
    res.status(200).send(JsonLines(list_rows()))  # E[arg-type]
    res.status(404).send(JsonLines(load_users()))  # E[arg-type]


# Rows stream as models do.
def get_row_lines(res: ApiResponse[Ok[JsonLines[Row]]]) -> Sent:
    return res.send(JsonLines(list_rows()))


# A file is sent as a `File`, not by its name.
def get_file(res: ApiResponse[Ok[File] | NotFound[Problem]], path: pathlib.Path) -> None:
    res.send(File(path, filename="report.pdf", media_type="application/pdf"))
    res.status(200).send(File("report.pdf"))
    res.send(path)  # E[arg-type]
    res.status(200).send("report.pdf")  # E[arg-type]
    res.status(404).send(File(path))  # E[arg-type]


# One route may answer with JSON or with a stream.
def get_json_or_stream(res: ApiResponse[Ok[list[Tick] | EventStream[Tick]]], live: bool) -> Sent:
    if live:
        return res.send(EventStream(watch_ticks()))
    return res.status(200).json(list(list_ticks()))
