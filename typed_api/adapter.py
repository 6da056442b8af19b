"""The coroutine that serves one method of one route.

Owns the way of a request from ASGI to the handler and of its answer back: an `Adapter` is compiled from a `Handler`
description, with every decision that can be made before the first request already made. Nothing leaves before the
handler has returned.
"""

import asyncio
import functools
import inspect
import logging
import os
import re
import stat
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import Any, Final, TypeAlias, cast

import anyio
import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from typed_api import schema, wire
from typed_api._types import SENT, App, Message, Receive, Scope, Send
from typed_api.body import (
    ClientDisconnected,
    UploadFile,
    check_framing,
    check_json_type,
    decode_undeclared,
    has_body,
    read_body,
    read_form,
)
from typed_api.config import format_size
from typed_api.contract import BODYLESS_METHODS, BodyKind, Handler, body_parts
from typed_api.errors import ApiError, ResponseAlreadySent, ResponseValidationError
from typed_api.pattern import SegmentKind
from typed_api.problem import Problem
from typed_api.request import ApiRequest, RequestSpec, State, merge_query
from typed_api.response import (
    BYTES_TYPE,
    JSON_TYPE,
    PROBLEM_TYPE,
    AfterWork,
    ApiResponse,
    BodyPlan,
    BodyPlans,
    ResponseSpec,
)
from typed_api.status import BODYLESS_STATUSES
from typed_api.streams import (
    EventStream,
    File,
    JsonLines,
    byte_chunks,
    encode_text,
    event_chunks,
    json_line_chunks,
    send_stream,
)

__all__ = ["Adapter", "Fail", "Params", "Services", "WatchedSend", "compile_handler", "etag_of"]

logger: logging.Logger = logging.getLogger("typed_api")

Params: TypeAlias = Mapping[str, str | list[str]]
Adapter: TypeAlias = Callable[[Scope, Receive, Send, Params], Awaitable[None]]
Fail: TypeAlias = Callable[[Scope, Receive, Send, Exception, str], Awaitable[None]]
"""Answers for an exception that a handler (named last) let escape."""

# Any: a request and a response of whatever types the handler declares.
AnyRequest: TypeAlias = ApiRequest[Any, Any, Any]
AnyResponse: TypeAlias = ApiResponse[Any]
Call: TypeAlias = Callable[[Any, Any], Awaitable[object]]
ReadBody: TypeAlias = Callable[[AnyRequest, Mapping[bytes, bytes]], Awaitable[None]]

_FILES: Final = "typed_api.files"
_RANGE: Final = re.compile(rb"bytes=[ \t]*(?:[0-9]{0,18}-[0-9]{0,18}[ \t]*,?[ \t]*)+", re.IGNORECASE)
_CONTENT_TYPE: Final = b"content-type"
_CONTENT_LENGTH: Final = b"content-length"


@dataclass(frozen=True, slots=True)
class Services:
    """What an app gives to its adapters."""

    app: App
    state: State
    """The app's layer of the state."""
    debug: bool
    """Whether the app runs in development."""
    recheck: bool
    """Whether instances in responses are checked again, unless a route says otherwise."""
    raises: bool
    """Whether an error in the middle of a stream leaves the app as it is: for development and tests."""
    fail: Fail


def etag_of(body: bytes) -> bytes:
    """Make the entity tag of a body: strong, the same on every worker, 96 bits.

    Args:
        body: The bytes of a 200 answer.
    """
    return b'"%s"' % blake2b(body, digest_size=12).hexdigest().encode("ascii")


def compile_handler(handler: Handler, services: Services, *, is_head: bool = False) -> Adapter:
    """Compile a description into the coroutine that serves it.

    Args:
        handler: What the handler promises.
        services: What the app gives.
        is_head: Whether this serves HEAD by a handler for GET.

    Returns:
        A coroutine function of scope, receive, send and path parameters.
    """
    config = handler.config
    response_spec = ResponseSpec(
        BodyPlans(_plan_maker(handler, services)),
        handler.where,
        secure_cookies=not services.debug,
        debug=services.debug,
    )
    request_spec, guard_spec = _request_specs(handler, services, is_head=is_head)
    call = _caller(handler)
    guards = tuple(_guard_caller(guard, threaded=config.threaded) for guard in config.before)
    read_query = _query_reader(handler)
    read_headers = _headers_reader(handler)
    read_request_body = _body_reader(handler)
    tags = config.etag and handler.method in ("GET", "HEAD")
    hides_body = is_head or handler.method == "HEAD"
    reads_body = handler.request.kind is BodyKind.UNREAD
    raises = services.raises
    fail = services.fail
    where = handler.where
    limit = sys.maxsize if config.response_limit_bytes is None else config.response_limit_bytes
    new_request = cast("Callable[[type[AnyRequest]], AnyRequest]", ApiRequest.__new__)
    new_response = cast("Callable[[type[AnyResponse]], AnyResponse]", ApiResponse.__new__)

    async def adapter(scope: Scope, receive: Receive, send: Send, params: Params) -> None:
        res: AnyResponse | None = None
        fields: dict[bytes, bytes] = dict(scope["headers"])
        try:
            if b"transfer-encoding" in fields:
                check_framing(fields)
            # Slots are filled here and not in `__init__`: a call per object is a tenth of the whole request path.
            req = new_request(ApiRequest)
            req._spec = request_spec
            req._scope = scope
            req._receive = receive
            req._params = params
            if guards:
                req._spec = guard_spec
                for guard in guards:
                    if await guard(req) is not None:
                        # `return False` would read as a refusal and let the request through.
                        raise TypeError(f"A guard of {where} returned a value. It refuses by raising ApiError.")
                req._spec = request_spec
            if read_query is not None:
                req._query = read_query(scope["query_string"], params)
            if read_headers is not None:
                req._headers = read_headers(scope["headers"])
            if read_request_body is not None:
                await read_request_body(req, fields)
            res = new_response(ApiResponse)
            res._spec = response_spec
            res._status = 200
            res._type = res._body = res._stream = res._headers = res._after = None
            res._tagged = False
            outcome = await call(req, res)
            if outcome is not SENT and outcome is not None:
                await _settle(outcome, res, where, debug=services.debug)
            body = res._body
            if body is None and res._stream is None:
                raise _Unanswered(
                    f"{where} finished without sending a response to {scope['method']} {scope['path']!r}. "
                    "End every path with res.json(...), res.send(...), res.redirect(...) or res.end()."
                )
        except ResponseAlreadySent as error:
            if res is None or not res.sent:
                await fail(scope, receive, send, error, where)
                return
            logger.error("The first answer stands: %s", error)
            body = res._body
        except Exception as error:
            if not isinstance(error, ClientDisconnected):
                await fail(scope, receive, send, error, where)
                # What was to follow the answer follows a refusal too, but not a failure.
                if res is not None and res._after is not None and _is_refusal(error):
                    await _run_after(res._after, where)
            return
        except (SystemExit, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and _is_being_cancelled():
                raise
            # Raised inside the handler and meant for nobody outside: it would end the server or break the connection.
            failure = RuntimeError(f"{where} raised {type(error).__name__}.")
            failure.__cause__ = error
            await fail(scope, receive, send, failure, where)
            return

        if body is None:
            if not await _answer_stream(
                res,
                scope,
                receive,
                send,
                fail,
                where,
                limit,
                hides_body=hides_body,
                reads_body=reads_body,
                raises=raises,
            ):
                return
        else:
            status_code = res._status
            if len(body) >= limit:
                _warn_size(scope, limit)
            if res._headers is None and status_code not in BODYLESS_STATUSES and res._type is not None:
                headers = [(_CONTENT_TYPE, res._type), (_CONTENT_LENGTH, b"%d" % len(body))]
                if tags and status_code == 200 and res._tagged:
                    tag = etag_of(body)
                    headers.append((b"etag", tag))
                    if b"if-none-match" in fields and _is_fresh(tag, None, scope):
                        status_code, body = 304, b""
                        del headers[1]
            else:
                status_code, headers, body = _head(res, body, scope, tags=tags)
            await send({"type": "http.response.start", "status": status_code, "headers": headers})
            await send({"type": "http.response.body", "body": b"" if hides_body else body})
        if res._after is not None:
            await _run_after(res._after, where)

    return _with_files(adapter) if handler.request.kind is BodyKind.FORM else adapter


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, (ApiError, HTTPException)) and error.status_code < 500


def _is_being_cancelled() -> bool:
    """Tell whether this very task is told to stop, and not only something that it waited for."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # Another event loop than asyncio's.
        return True
    return task is None or task.cancelling() > 0


class _StreamBroke(RuntimeError):
    """A stream failed after its first byte: raised to the server, which cuts the connection."""


class _Unanswered(RuntimeError):
    """The handler returned without an answer."""


async def _settle(outcome: object, res: AnyResponse, where: str, *, debug: bool) -> None:
    if inspect.isawaitable(outcome):
        outcome = await outcome
        if outcome is SENT or outcome is None:
            return
    if not res.sent:
        raise _Unanswered(
            f"{where} returned {type(outcome).__name__!r} instead of sending it. Send the body with res.json(...)."
        )
    if debug:
        logger.warning("API handler should not return a value, received %s from %s.", type(outcome).__name__, where)


def _caller(handler: Handler) -> Call:
    function = handler.function
    if handler.is_async:
        return cast("Call", function)
    if not handler.config.threaded:

        async def inline(req: object, res: object) -> object:
            return function(req, res)

        return inline

    async def threaded(req: object, res: object) -> object:
        return await anyio.to_thread.run_sync(function, req, res)

    return threaded


def _guard_caller(guard: Callable[[Any], object], *, threaded: bool) -> Callable[[AnyRequest], Awaitable[object]]:
    if inspect.iscoroutinefunction(guard) or inspect.iscoroutinefunction(type(guard).__call__):
        return cast("Callable[[AnyRequest], Awaitable[object]]", guard)

    async def call(req: AnyRequest) -> object:
        outcome = await anyio.to_thread.run_sync(guard, req) if threaded else guard(req)
        return await outcome if inspect.isawaitable(outcome) else outcome

    return call


def _request_specs(handler: Handler, services: Services, *, is_head: bool) -> tuple[RequestSpec, RequestSpec]:
    config = handler.config
    kind = handler.request.kind
    unread = kind is BodyKind.UNREAD
    bounded = handler.limits_reading or not unread
    make = functools.partial(
        RequestSpec,
        services.app,
        services.state,
        # A `handler` that knows GET and not HEAD would take HEAD for whatever its `else` does.
        method="GET" if is_head and handler.name == "handler" else None,
        limit_bytes=config.limit_bytes if bounded else None,
        limit_text=config.body_limit_text,
        path_names=[name for name, kind in handler.pattern.params.items() if kind is SegmentKind.OPTIONAL_CATCH_ALL],
    )
    parsed = (
        None
        if unread
        else "The body is parsed before the handler runs. Use req.body, or RouteConfig(parse_body=False)."
    )
    declared = kind in (BodyKind.JSON, BodyKind.FORM, BodyKind.RAW)
    return (
        make(read_refusal=parsed, body_refusal=f"A {handler.method} request has no body." if declared else None),
        make(
            read_refusal=parsed,
            body_refusal="The body is read after the guards have run. Refuse by what comes before it.",
        ),
    )


def _query_reader(handler: Handler) -> Callable[[bytes, Params], object] | None:
    query = handler.request.query
    if query is None:
        return None
    validate = schema.text_validator(query, "query")
    # By none of its names: `?ID=8` must not stand in for the path's `id` in AliasChoices("ID", "id").
    fields = schema.text_fields(query)
    filled = {fields[param].name for param in handler.pattern.params}
    path_names = [name for name, field in fields.items() if field.name in filled]

    def read_query(text: bytes, params: Params) -> object:
        return validate(merge_query(text, params, path_names) if text else params)

    return read_query


def _headers_reader(handler: Handler) -> Callable[[Sequence[tuple[bytes, bytes]]], object] | None:
    headers = handler.request.headers
    if headers is None:
        return None
    validate = schema.text_validator(headers, "header")
    fields = schema.text_fields(headers)
    lists = frozenset(name for name, field in fields.items() if field.is_list)
    names = {
        (name if field.has_alias else name.replace("_", "-")).lower().encode("latin-1"): name
        for name, field in fields.items()
    }

    def read_headers(lines: Sequence[tuple[bytes, bytes]]) -> object:
        found: dict[str, list[str]] = {}
        for line, data in lines:
            name = names.get(line)
            if name is not None:
                # Appended, and joined once: a client may send the same field a hundred thousand times.
                found.setdefault(name, []).append(data.decode("latin-1"))
        # Several lines of one field are one list-valued field (RFC 9110 §5.3).
        return validate({name: values if name in lists else ", ".join(values) for name, values in found.items()})

    return read_headers


def _body_reader(handler: Handler) -> ReadBody | None:
    kind = handler.request.kind
    config = handler.config
    limit_bytes, limit_text = config.limit_bytes, config.body_limit_text
    bodyless = handler.method in BODYLESS_METHODS
    if kind in (BodyKind.NONE, BodyKind.UNREAD) or (bodyless and kind is not BodyKind.UNDECLARED):
        return None
    if kind is BodyKind.UNDECLARED:

        async def read_undeclared(req: AnyRequest, fields: Mapping[bytes, bytes]) -> None:
            expected = has_body(fields, req._scope.get("http_version", "1.1"))
            body = await read_body(req._receive, fields, limit_bytes, limit_text) if expected else b""
            req._body = decode_undeclared(fields, body)

        return read_undeclared
    if kind is BodyKind.RAW:

        async def read_raw(req: AnyRequest, fields: Mapping[bytes, bytes]) -> None:
            expected = has_body(fields, req._scope.get("http_version", "1.1"))
            req._body = await read_body(req._receive, fields, limit_bytes, limit_text) if expected else b""

        return read_raw
    # One `handler` serves POST with a body and DELETE without one; a `delete` that declares a body wants it.
    optional = handler.name == "handler" and handler.method == "DELETE"

    def is_left_out(req: AnyRequest, fields: Mapping[bytes, bytes]) -> bool:
        if not has_body(fields, req._scope.get("http_version", "1.1")):
            return True
        # From HTTP/2 on a body need not have a length; what has no type either is none.
        return not fields.keys() & {b"content-length", b"transfer-encoding", b"content-type"}

    if kind is BodyKind.FORM:
        validate_form = schema.text_validator(handler.request.body, "form")

        async def read_form_body(req: AnyRequest, fields: Mapping[bytes, bytes]) -> None:
            if optional and is_left_out(req, fields):
                return
            values, files = await read_form(req._receive, fields, limit_bytes, limit_text)
            req._scope[_FILES].extend(files)
            req._body = validate_form(values)

        return read_form_body
    validate = schema.json_validator(handler.request.body, coerce=config.coerce)

    async def read_json(req: AnyRequest, fields: Mapping[bytes, bytes]) -> None:
        if optional and is_left_out(req, fields):
            return
        check_json_type(fields)
        req._body = validate(await read_body(req._receive, fields, limit_bytes, limit_text))

    return read_json


def _with_files(adapter: Adapter) -> Adapter:
    async def with_files(scope: Scope, receive: Receive, send: Send, params: Params) -> None:
        files: list[UploadFile] = []
        scope[_FILES] = files
        try:
            await adapter(scope, receive, send, params)
        finally:
            # Shielded: a request that is cancelled must not leave its files behind.
            with anyio.CancelScope(shield=True):
                for file in files:
                    await file.close()

    return with_files


def _plan_maker(handler: Handler, services: Services) -> Callable[[int], BodyPlan]:
    recheck = services.recheck if handler.config.recheck_responses is None else handler.config.recheck_responses

    def make(status_code: int) -> BodyPlan:
        declared = handler.response.body_of(status_code)
        if not declared:
            raise ResponseValidationError(
                f"Status {status_code} is not declared by {handler.response.text} of {handler.where} "
                f"(declared: {handler.response.declared})."
            )
        return _make_plan(declared[0], recheck=recheck)

    return make


def _make_plan(declared: object, *, recheck: bool) -> BodyPlan:
    parts = body_parts(declared)
    plan = BodyPlan()
    plan.declared = schema.spell(declared)
    plan.takes_bytes, plan.takes_file = parts.takes_bytes, parts.takes_file
    plan.event = None
    if parts.event:
        # Text is the data of an event as it stands; anything else is written as JSON.
        is_text = parts.event_type is str
        plan.event = encode_text if is_text else schema.response_codec(parts.event_type, recheck=recheck).encode
    plan.line = schema.response_codec(parts.line_type, recheck=recheck).encode if parts.line else None
    plan.content_type = JSON_TYPE
    plan.may_be_problem = False
    if not parts.json:

        def refuse(body: object) -> object:
            raise ValueError

        def refusal(error: Exception) -> ResponseValidationError:
            return ResponseValidationError(
                f"The body is declared as {plan.declared}, which is neither JSON nor text. Give that to res.send(...)."
            )

        plan.validate, plan.to_json, plan.refusal = refuse, bytes, refusal
        return plan
    codec = schema.response_codec(parts.json_type, recheck=recheck)
    plan.validate, plan.to_json, plan.refusal = codec.validate, codec.to_json, codec.refusal
    classes = [part for part in parts.json if isinstance(part, type)]
    if len(parts.json) == 1 and classes and issubclass(classes[0], Problem):
        plan.content_type = PROBLEM_TYPE
    else:
        plan.may_be_problem = any(issubclass(part, Problem) for part in classes)
    return plan


def _head(res: AnyResponse, body: bytes, scope: Scope, *, tags: bool) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Work out status, headers and body where the plain case does not hold."""
    status_code = res._status
    own = res._headers or []
    if status_code in BODYLESS_STATUSES:
        return status_code, _bodyless_headers(res, scope, was_given_body=bool(body)), b""
    headers = [] if res._type is None else [(_CONTENT_TYPE, res._type)]
    if status_code == 200 and res._tagged and scope["method"] in ("GET", "HEAD"):
        known = dict(own)
        tag = known.get(b"etag")
        if tag is None and tags:
            tag = etag_of(body)
            headers.append((b"etag", tag))
        if _is_fresh(tag, known.get(b"last-modified"), scope):
            return 304, [*headers, *own], b""
    return status_code, [*headers, (_CONTENT_LENGTH, b"%d" % len(body)), *own], body


def _bodyless_headers(res: AnyResponse, scope: Scope, *, was_given_body: bool) -> list[tuple[bytes, bytes]]:
    if was_given_body and res._spec.debug:
        logger.warning(
            "A body was attempted to be set with a %d statusCode for %r, this is invalid and the body was ignored.",
            res._status,
            scope["path"],
        )
    own = res._headers or []
    # 205 says that it has no content, 204 and 304 have it in their definition (RFC 9110 §8.6).
    return [(_CONTENT_LENGTH, b"0"), *own] if res._status == 205 else list(own)


def _is_fresh(tag: bytes | None, modified: bytes | None, scope: Scope) -> bool:
    """Tell whether the client's copy is good (RFC 9110 §13.2.2): If-None-Match decides alone where it is given."""
    fields: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        # Lines of one field are one list (RFC 9110 §5.3).
        fields[name] = b"%s, %s" % (fields[name], value) if name in fields else value
    if b"no-cache" in fields.get(b"cache-control", b"").lower():
        return False
    asked = fields.get(b"if-none-match")
    if asked is not None:
        return tag is not None and wire.etag_matches(asked.decode("latin-1"), tag.decode("latin-1"))
    since = fields.get(b"if-modified-since")
    if since is None or modified is None:
        return False
    try:
        return parsedate_to_datetime(modified.decode("latin-1")) <= parsedate_to_datetime(since.decode("latin-1"))
    except (TypeError, ValueError, OverflowError):  # A date that cannot be read is no condition (RFC 9110 §13.1.3).
        return False


def _warn_size(scope: Scope, limit: int) -> None:
    logger.warning(
        "API response for %r exceeds %s. API Routes are meant to respond quickly.", scope["path"], format_size(limit)
    )


class WatchedSend:
    """ASGI's send, which remembers whether anything went through it: what has begun cannot become another answer.

    Attributes:
        started: Whether a message was sent.
    """

    __slots__ = ("_send", "started")

    def __init__(self, send: Send) -> None:
        """Watch a `send`."""
        self._send: Send = send
        self.started: bool = False

    async def __call__(self, message: Message) -> None:
        """Send a message."""
        self.started = True
        await self._send(message)


async def _answer_stream(
    res: AnyResponse,
    scope: Scope,
    receive: Receive,
    send: Send,
    fail: Fail,
    where: str,
    limit: int,
    *,
    hides_body: bool,
    reads_body: bool,
    raises: bool,
) -> bool:
    """Send an answer that comes piece by piece; False when it failed before its first byte."""
    watched = WatchedSend(send)
    try:
        if res._status in BODYLESS_STATUSES:
            # Bytes after such a head would be read as the next answer of the connection.
            await _close_unstarted(getattr(res._stream, "source", res._stream))
            headers = _bodyless_headers(res, scope, was_given_body=True)
            await watched({"type": "http.response.start", "status": res._status, "headers": headers})
            await watched({"type": "http.response.body", "body": b""})
        elif isinstance(res._stream, File):
            await _send_file(res, res._stream, scope, receive, watched)
        else:
            # A source that reads the request's body itself needs every message: nobody else may watch for the end.
            watcher = None if reads_body else receive
            await _send_pieces(res, scope, watcher, watched, limit, hides_body=hides_body)
    except Exception as error:
        if watched.started:
            # The server cuts the connection: a clean end would pass half an answer off as a whole one.
            if raises:
                raise
            # The server also logs what it is given, as it is, and the error may quote the client: our log escapes it.
            logger.error("The stream of %s broke off.", where, exc_info=error)
            raise _StreamBroke(f"The stream of {where} broke off.") from None
        await fail(scope, receive, send, error, where)
        return False
    return True


async def _send_pieces(
    res: AnyResponse, scope: Scope, receive: Receive | None, send: Send, limit: int, *, hides_body: bool
) -> None:
    stream = res._stream
    plan = res._spec.plans[res._status]
    chunks: AsyncGenerator[bytes, None]
    defaults: list[tuple[bytes, bytes]] = []
    keep_alive_seconds: float | None = None
    if isinstance(stream, EventStream):
        events = cast("EventStream[Any]", res._stream)
        chunks = event_chunks(events, cast("Callable[[Any], bytes]", plan.event))
        content_type = EventStream.media_type.encode("ascii")
        defaults = [(name.encode("ascii"), value.encode("ascii")) for name, value in EventStream.headers.items()]
        keep_alive_seconds = events.keep_alive_seconds
    elif isinstance(stream, JsonLines):
        lines = cast("JsonLines[Any]", res._stream)
        chunks = json_line_chunks(lines, cast("Callable[[Any], bytes]", plan.line))
        content_type = JsonLines.media_type.encode("ascii")
    else:
        chunks = _watch_size(byte_chunks(cast("AsyncIterator[bytes]", stream)), scope, limit)
        content_type = BYTES_TYPE
    own = res._headers or []
    known = dict(own)
    headers = [
        (_CONTENT_TYPE, res._type or content_type),
        *(line for line in defaults if line[0] not in known),
        *own,
    ]
    start = {"type": "http.response.start", "status": res._status, "headers": headers}
    if hides_body:
        await chunks.aclose()
        await _close_unstarted(getattr(res._stream, "source", res._stream))
        await send(start)
        await send({"type": "http.response.body", "body": b""})
        return
    await send_stream(send, receive, start, chunks, keep_alive_seconds=keep_alive_seconds)


async def _close_unstarted(stream: object) -> None:
    # A generator that never ran has nothing to clean up, but an async one that is dropped warns when it is collected.
    close = getattr(stream, "aclose", None) or getattr(stream, "close", None)
    if close is not None:
        outcome = close()
        if inspect.isawaitable(outcome):
            await outcome


async def _watch_size(chunks: AsyncGenerator[bytes, None], scope: Scope, limit: int) -> AsyncGenerator[bytes, None]:
    size = 0
    try:
        async for chunk in chunks:
            before, size = size, size + len(chunk)
            if before < limit <= size:
                _warn_size(scope, limit)
            yield chunk
    finally:
        await chunks.aclose()


async def _send_file(res: AnyResponse, file: File, scope: Scope, receive: Receive, send: Send) -> None:
    facts = await anyio.to_thread.run_sync(os.stat, file.path)
    if not stat.S_ISREG(facts.st_mode):
        raise RuntimeError(f"{os.fspath(file.path)!r} is not a file that can be sent.")
    content_type = res._type.decode("latin-1") if res._type is not None else file.media_type
    response = FileResponse(
        file.path,
        status_code=res._status,
        media_type=content_type,
        filename=file.filename,
        stat_result=facts,
        content_disposition_type="inline" if file.inline else "attachment",
    )
    own = res._headers or []
    known = dict(own)
    response.raw_headers = [line for line in response.raw_headers if line[0] not in known] + own
    sent = dict(response.raw_headers)
    if (
        res._status == 200
        and scope["method"] in ("GET", "HEAD")
        and _is_fresh(sent.get(b"etag"), sent.get(b"last-modified"), scope)
    ):
        headers = [line for line in response.raw_headers if line[0] not in (_CONTENT_LENGTH, b"accept-ranges")]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return

    async def refuse_range(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 416:
            told = dict(message["headers"]).get(b"content-range", b"bytes */*").decode("latin-1")
            raise ApiError(416, "The file has no bytes in this range.", {"content-range": told})
        await send(message)

    await response(_with_usable_range(scope, res._status), receive, refuse_range)


def _with_usable_range(scope: Scope, status_code: int) -> Scope:
    """Take a Range away that is none of ours: of another method or status, or malformed (RFC 9110 §14.2)."""
    lines = [value for name, value in scope["headers"] if name == b"range"]
    if not lines or (
        status_code == 200 and scope["method"] == "GET" and len(lines) == 1 and _RANGE.fullmatch(lines[0]) is not None
    ):
        return scope
    return {**scope, "headers": [line for line in scope["headers"] if line[0] not in (b"range", b"if-range")]}


async def _run_after(work: list[AfterWork], where: str) -> None:
    for function, args, kwargs in work:
        try:
            if inspect.iscoroutinefunction(function):
                await function(*args, **kwargs)
            else:
                outcome = await anyio.to_thread.run_sync(functools.partial(function, *args, **kwargs))
                if inspect.isawaitable(outcome):
                    await outcome
        except Exception:  # The answer is out: whatever this raises can only be told to the log.
            logger.exception("Work after the answer of %s failed.", where)
