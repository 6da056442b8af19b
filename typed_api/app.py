"""The app: an ASGI 3 callable over a tree of routes.

Owns the life of an app (discovery, lifespan, state), the dispatch of a request to the adapter of its route, mounts and
middleware, and what a client sees of an exception.
"""

import contextlib
import copy
import html
import inspect
import logging
import os
import re
import textwrap
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, TypeAlias, cast
from urllib.parse import quote, unquote

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from typed_api import wire
from typed_api._collector import collector_paused
from typed_api._types import ASGIApp, Message, Receive, Scope, Send
from typed_api.adapter import Adapter, Fail, Params, Services, WatchedSend, compile_handler
from typed_api.body import ClientDisconnected, check_framing
from typed_api.config import environment
from typed_api.conformance import CheckedSend, DocumentMismatch
from typed_api.contract import ContractError, Endpoint, Handler, describe
from typed_api.discovery import RouteModule, discover
from typed_api.errors import ApiError, ResponseValidationError, StartupError
from typed_api.matching import Matcher, PathDecodeError
from typed_api.openapi import Info, OpenAPIVersion
from typed_api.pattern import Pattern, PatternError, check_word_separator
from typed_api.problem import problem_json
from typed_api.publication import Publication
from typed_api.request import State, undecoded_path
from typed_api.response import PROBLEM_TYPE, TEXT_TYPE

__all__ = ["ExceptionHandler", "Lifespan", "TypedAPI", "failure_app"]

logger: logging.Logger = logging.getLogger("typed_api")

_LOG_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def _write_traceback(record: logging.LogRecord) -> bool:
    r"""Indent a traceback, and escape its control characters.

    The text of an exception may quote a request: `\nINFO: ...` in it must not pass for a line of the log.
    """
    if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
        text = "".join(traceback.format_exception(record.exc_info[1])).rstrip("\n")
        record.exc_text = textwrap.indent(_LOG_CONTROL.sub(lambda found: repr(found[0])[1:-1], text), "  ")
    return True


logger.addFilter(_write_traceback)

Lifespan: TypeAlias = Callable[["TypedAPI"], AbstractAsyncContextManager[Iterable[object] | None]]
"""An async context manager function: what it yields is the app's state, found by class."""

# Any: as with Starlette, a handler takes the exception it is registered for, and no checker relates the two.
ExceptionHandler: TypeAlias = Callable[[Any, Any], Any]
"""`(starlette.requests.Request, exception) -> starlette.responses.Response`, sync or async."""

MAX_URL_BYTES: Final = 65_536
"""The longest path, and the longest query string, that is looked at."""
MAX_QUERY_PAIRS: Final = 10_000
"""The most parameters of one query string."""
_MAX_KEPT_BYTES: Final = 1024 * 1024
"""How much of a body is kept for exception handlers, which get none of a longer one."""


class _Mount(NamedTuple):
    """An app below a prefix, which has no slash at its end: that of the root is empty."""

    prefix: str
    app: ASGIApp

    def has(self, path: str) -> bool:
        """Tell whether an undecoded path is the mount's; the root, which is the rest, claims none."""
        if not self.prefix:
            return False
        if "%" not in path:
            return _is_below(path, self.prefix)
        # Decoded a segment at a time: an escaped slash must never make another path.
        segments = self.prefix.split("/")
        return [unquote(segment) for segment in path.split("/", len(segments))[: len(segments)]] == segments


class _Replay:
    """ASGI's receive, which can tell an exception handler again what was read of a body.

    Past the end of a body a server's receive waits for the client to leave, and a handler that wants to log the body
    would wait with it.
    """

    __slots__ = ("_is_over", "_is_replayed", "_pieces", "_receive", "_size")

    def __init__(self, receive: Receive) -> None:
        self._receive: Receive = receive
        self._pieces: list[bytes] = []
        self._size: int = 0
        self._is_over: bool = False
        self._is_replayed: bool = False

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and self._size <= _MAX_KEPT_BYTES:
            piece: bytes = message.get("body", b"")
            self._size += len(piece)
            self._pieces.append(piece)
            if self._size > _MAX_KEPT_BYTES:
                self.end(keep=False)
            elif not message.get("more_body", False):
                self.end()
        return message

    def end(self, *, keep: bool = True) -> None:
        """Let the body be over, whatever the client still sends of it."""
        self._is_over = True
        if not keep:
            self._pieces.clear()

    async def replay(self) -> Message:
        """Receive the body from its beginning."""
        if not self._is_replayed:
            self._is_replayed = True
            if self._pieces or self._is_over:
                return {"type": "http.request", "body": b"".join(self._pieces), "more_body": not self._is_over}
        return await self._receive()


class _Methods(dict[str, Adapter]):
    """The adapters of one route by method; each is compiled when its method is first asked for."""

    __slots__ = ("_app", "_endpoint")

    def __init__(self, app: "TypedAPI", endpoint: Endpoint) -> None:
        super().__init__()
        self._app: TypedAPI = app
        self._endpoint: Endpoint = endpoint

    def __missing__(self, method: str) -> Adapter:
        handlers = cast("Mapping[str, Handler]", self._endpoint.handlers)
        is_head = method == "HEAD" and "HEAD" not in handlers
        handler = handlers.get("GET" if is_head else method)
        if handler is not None:
            try:
                adapter = compile_handler(handler, self._app._services, is_head=is_head)
                if self._app._checks_document and handler.config.recheck_responses is not False:
                    adapter = self._checked(adapter, handler)
            except Exception as error:  # A type that pydantic refuses only now: this route fails, and says so.
                return self._failing(error, handler.where)
        elif method == "OPTIONS":
            adapter = self._tell_methods
        else:
            return self._refuse  # Anything may stand in a request line: what is no method of the route is not kept.
        self[method] = adapter
        return adapter

    def _checked(self, adapter: Adapter, handler: Handler) -> Adapter:
        """Hold the answers of an adapter against the document."""
        app, endpoint = self._app, self._endpoint

        async def checked(scope: Scope, receive: Receive, send: Send, params: Params) -> None:
            checking = await app._publication.checked(endpoint, handler.method, send)
            try:
                await adapter(scope, receive, checking, params)
            except DocumentMismatch as error:
                # Past the check and past exception handlers: this is no answer of the route. It names the places also
                # where exceptions are not shown, since the check runs for developers alone.
                _log_failure(scope, error, handler.where)
                await app._answer_error(scope, send, ApiError(500, str(error)), handler.where)

        return checked

    def _failing(self, error: Exception, where: str) -> Adapter:
        async def fail(scope: Scope, receive: Receive, send: Send, params: Params) -> None:
            await self._app._fail(scope, receive, send, error, where)

        return fail

    async def _tell_methods(self, scope: Scope, receive: Receive, send: Send, params: Params) -> None:
        if await self._app._refuses_framing(scope, receive, send):
            return
        await _send_whole(send, 204, [(b"allow", ", ".join(self._endpoint.methods).encode("ascii"))], b"")

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, params: Params) -> None:
        allow = ", ".join(self._endpoint.methods)
        error = ApiError(405, f"This route answers {allow}.", {"allow": allow})
        await self._app._fail(scope, receive, send, error, self._endpoint.file)


class _Service(dict[str, Adapter]):
    """What an app serves of its own at a path."""

    __slots__ = ("_app", "_fail")

    def __init__(self, app: ASGIApp, fail: Fail) -> None:
        super().__init__()
        self._app: ASGIApp = app
        self._fail: Fail = fail

    def __missing__(self, method: str) -> Adapter:
        return self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send, params: Params) -> None:
        allow = "GET, HEAD, OPTIONS"
        try:
            check_framing(dict(scope["headers"]))
            if scope["method"] in ("GET", "HEAD"):
                await self._app(scope, receive, send)
            elif scope["method"] == "OPTIONS":
                await _send_whole(send, 204, [(b"allow", allow.encode("ascii"))], b"")
            else:
                raise ApiError(405, f"This route answers {allow}.", {"allow": allow})
        except Exception as error:
            await self._fail(scope, receive, send, error, "the document")


class TypedAPI:
    """An ASGI app that serves the route modules below a folder.

    Attributes:
        title: The title of the document.
        version: The version of the document.
        description: What the document says of the whole, in Markdown.
        debug: Whether the app runs in development: error pages with tracebacks, responses re-checked, cookies also
            over plain http.
        endpoints: What is served, one entry per route file, sorted by file.
    """

    title: str
    version: str
    description: str
    debug: bool
    endpoints: tuple[Endpoint, ...]

    def __init__(
        self,
        pages: str | os.PathLike[str] = "pages",
        *,
        title: str = "API",
        version: str = "0.1.0",
        description: str = "",
        middleware: Sequence[Middleware] = (),
        lifespan: Lifespan | None = None,
        mounts: Mapping[str, ASGIApp] | None = None,
        exception_handlers: Mapping[int | type[Exception], ExceptionHandler] | None = None,
        state: Iterable[object] = (),
        debug: bool | None = None,
        recheck_responses: bool | None = None,
        coerce: bool = False,
        word_separator: str | None = None,
        security_schemes: Mapping[str, Mapping[str, object]] | None = None,
        security: Sequence[Mapping[str, Sequence[str]]] = (),
        docs_url: str | None = "/docs",
        openapi_url: str | None = "/openapi.json",
    ) -> None:
        """Find the routes and make the app.

        Args:
            pages: The root folder, relative to the working directory, or a package (`"myapp.pages"`).
            title: The title of the document.
            version: The version of the document.
            description: What the document says of the whole, in Markdown.
            middleware: Pure ASGI middleware, the outermost first, each wrapped in `starlette.middleware.Middleware`.
            lifespan: An async context manager function of the app; it runs from start to stop, and the instances it
                yields are found by class: `yield [engine, mailer]`, then `req.state[Mailer]`.
            mounts: ASGI apps by path prefix, such as `{"/static": StaticFiles(directory="static")}`.
            exception_handlers: What to answer for an exception class or an error status, as with Starlette.
            state: Instances that need no lifespan.
            debug: None follows the environment variable TYPED_API_ENV, which is "production" unless set.
            recheck_responses: Whether model instances are validated again when they are answered, and JSON answers
                held against the document (where the package `jsonschema-rs` is installed); None means in development.
            coerce: Whether JSON bodies are validated by pydantic's lax rules (`"1"` is an int).
            word_separator: What stands in the URL for an underscore inside a static name, such as "-".
            security_schemes: OpenAPI's security scheme objects by name, such as
                `{"bearer": {"type": "http", "scheme": "bearer"}}`. They are documented, and not enforced: that is what
                guards are for.
            security: The requirements of every operation that has none of its own, one of which is enough:
                `[{"bearer": []}]`.
            docs_url: The path of the docs page; None is no page.
            openapi_url: The path of the OpenAPI document; None is neither document nor page.

        Raises:
            StartupError: If the routes cannot be served; it lists everything that is wrong.
            ConfigError: If TYPED_API_ENV has an unknown value.
        """
        self.title = title
        self.version = version
        self.description = description
        self.debug = environment(os.environ) == "development" if debug is None else debug
        self._middleware: tuple[Middleware, ...] = tuple(middleware)
        self._lifespan: Lifespan | None = lifespan
        # The longest first, so that "/static/admin" is found before "/static".
        self._mounts: tuple[_Mount, ...] = tuple(
            sorted(_find_mounts(mounts or {}), key=lambda mount: len(mount.prefix), reverse=True)
        )
        self._exception_handlers: dict[int | type[Exception], ExceptionHandler] = dict(exception_handlers or {})
        self._recheck: bool = self.debug if recheck_responses is None else recheck_responses
        self._coerce: bool = coerce
        self._given_state: tuple[object, ...] = tuple(state)
        self._test_state: tuple[object, ...] = ()
        self._is_under_test: bool = False
        self._owner: TypedAPI = self
        info = Info(
            title=title,
            version=version,
            description=description,
            security_schemes=security_schemes or {},
            security=security,
        )
        self._publication: Publication = Publication(info, docs_url=docs_url, openapi_url=openapi_url)
        problems = [
            *self._publication.problems,
            *_check_middleware(self._middleware),
            *_check_lifespan(lifespan),
            *_check_mounts(mounts or {}),
            *self._find_hidden(),
            *_check_exception_handlers(self._exception_handlers),
        ]
        try:
            check_word_separator(word_separator)
        except PatternError as error:
            problems.append(str(error))
            word_separator = None
        with collector_paused():
            try:
                self.endpoints = self._discover(pages, word_separator)
            except StartupError as error:
                if not problems:
                    raise
                raise StartupError([*problems, *error.problems]) from error.__cause__
            if problems:
                raise StartupError(problems)
            self._build()

    def __repr__(self) -> str:
        return f"<TypedAPI {self.title!r}: {len(self.endpoints)} routes>"

    def _discover(self, pages: str | os.PathLike[str], word_separator: str | None) -> tuple[Endpoint, ...]:
        endpoints: list[Endpoint] = []

        def check(route: RouteModule) -> Sequence[str]:
            try:
                endpoint, warnings = describe(
                    route.module, route.shown, route.pattern, route.configs, coerce=self._coerce
                )
            except ContractError as error:
                return error.problems
            endpoints.append(endpoint)
            for warning in warnings:
                logger.warning("%s", warning)
            template = endpoint.pattern.template
            return [
                f"The mount {prefix!r} hides {endpoint.file!r}, which serves {template!r}. Move one of them."
                for prefix, _ in self._mounts
                if prefix and _is_below(template, prefix)
            ]

        problems: list[str] = []
        try:
            discover(pages, base=Path.cwd(), word_separator=word_separator, check=check)
        except StartupError as error:
            problems.extend(error.problems)
            cause = error.__cause__
        else:
            cause = None
        problems += self._publication.publish(endpoints)
        if problems:
            raise StartupError(problems) from cause
        return tuple(endpoints)

    def _find_hidden(self) -> list[str]:
        """Find what a mount would keep from being served of the app's own."""
        hidden = {
            setting: f"The mount {mount.prefix!r} hides {setting} {template!r}. Give {setting} another path, or None "
            "for none."
            for mount in self._mounts
            # Backwards: the page comes before its assets, and is who is told of.
            for template, setting in reversed(self._publication.settings.items())
            if mount.prefix and _is_below(template, mount.prefix)
        }
        return [*hidden.values()]

    def _build(self) -> None:
        # Two layers: what the lifespan yields replaces what was given, and a test replaces both.
        self._state: State = State(self._given_state)
        layer = State(self._test_state, self._state) if self._test_state else self._state
        self._services: Services = Services(
            app=self._owner,
            state=layer,
            debug=self.debug,
            recheck=self._recheck,
            raises=self.debug or self._is_under_test,
            fail=self._fail,
        )
        self._checks_document: bool = self._recheck and (self.debug or self._is_under_test)
        routes: list[tuple[Pattern, Mapping[str, Adapter]]] = [
            (endpoint.pattern, _Methods(self, endpoint)) for endpoint in self.endpoints
        ]
        routes += [(pattern, _Service(app, self._fail)) for pattern, app in self._publication.routes]
        self._match: Callable[[str], tuple[Mapping[str, Adapter], Params] | None] = Matcher(routes).match
        self._stack: ASGIApp | None = None
        if self._middleware:
            # The middleware wraps a twin without middleware: dispatch then stands in `__call__` itself, and an app
            # without middleware saves a coroutine per request.
            stack: ASGIApp = copy.copy(self)
            for entry in reversed(self._middleware):
                stack = entry.cls(stack, *entry.args, **entry.kwargs)
            self._stack = stack

    def openapi(self, version: OpenAPIVersion = "3.1") -> dict[str, object]:
        """Build the OpenAPI document of the routes, as it is served at `openapi_url`.

        Args:
            version: The version of the specification.

        Returns:
            The document, a new one for each call.
        """
        return self._publication.document(version)

    def _variant(self, *, recheck: bool, state: Sequence[object]) -> Self:
        """Make a twin for tests, with its own state and adapters; handlers still see this app as `req.app`."""
        twin = copy.copy(self)
        twin._recheck = recheck
        twin._test_state = tuple(state)
        twin._is_under_test = True
        twin._build()
        return twin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection.

        Args:
            scope: The ASGI scope of an HTTP request, a websocket or the lifespan.
            receive: ASGI's receive.
            send: ASGI's send.
        """
        if self._stack is not None or scope["type"] == "lifespan":
            await self._serve_outside(scope, receive, send)
            return
        if self._exception_handlers and scope["type"] == "http":
            receive = _Replay(receive)
        raw = scope.get("raw_path")
        path: str = scope["path"]
        if raw is None or b"%" in raw or scope.get("root_path"):
            # Routes are compared undecoded: an escaped slash must never make another route of a path.
            path = undecoded_path(scope)
        text = scope.get("query_string")
        if len(path) > MAX_URL_BYTES or (text and (len(text) > MAX_URL_BYTES or text.count(b"&") >= MAX_QUERY_PAIRS)):
            await self._fail(scope, receive, send, ApiError(414, "The URL is too long."), "dispatch")
            return
        if self._mounts and await self._serve_mount(path, scope, receive, send):
            return
        try:
            found = self._match(path)
        except PathDecodeError as error:
            await self._fail(scope, receive, send, ApiError(400, str(error)), "dispatch")
            return
        if found is None or scope["type"] != "http":
            await self._unmatched(path, scope, receive, send)
            return
        methods, params = found
        await methods[scope["method"]](scope, receive, send, params)

    async def _serve_outside(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._stack is None:
            await self._live(receive, send)
            return
        scope["app"] = self._owner
        if scope["type"] == "http":
            await self._through_middleware(self._stack, scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live_inside(self._stack, scope, receive, send)
        else:
            await self._stack(scope, receive, send)

    async def _serve_mount(self, path: str, scope: Scope, receive: Receive, send: Send) -> bool:
        for mount in self._mounts:
            if mount.has(path):
                if scope["type"] != "http" or not await self._refuses_framing(scope, receive, send):
                    await self._forward(mount.prefix, mount.app, scope, receive, send)
                return True
        return False

    async def _refuses_framing(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Refuse a request whose length could be read in two ways; adapters and `_fail` see to it themselves."""
        try:
            check_framing(dict(scope["headers"]))
        except ApiError as error:
            await self._fail(scope, receive, send, error, "dispatch")
            return True
        return False

    async def _forward(self, prefix: str, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        root = scope.get("root_path", "")
        child = {
            **scope,
            "root_path": root + prefix,
            "app_root_path": scope.get("app_root_path", root),
            "app": self._owner,
        }
        if scope["type"] != "http":
            await app(child, receive, send)
            return
        watched = WatchedSend(send)
        try:
            await app(child, receive, watched)
        except Exception as error:  # `StaticFiles` raises its 404 and leaves the answer to the app around it.
            if watched.started:
                raise
            await self._fail(scope, receive, send, error, f"the mount {prefix or '/'!r}")

    async def _unmatched(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        root_mount = next((app for prefix, app in self._mounts if not prefix), None)
        if scope["type"] != "http":
            if root_mount is not None:
                await self._forward("", root_mount, scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1000, "reason": ""})
            return
        if await self._refuses_framing(scope, receive, send):
            return
        bare = path[:-1]
        if len(path) > 1 and path.endswith("/") and not bare.endswith("/"):
            with contextlib.suppress(PathDecodeError):
                if self._match(bare) is not None:
                    await self._redirect_slash(bare, scope, send)
                    return
        if root_mount is not None:
            await self._forward("", root_mount, scope, receive, send)
            return
        await self._fail(scope, receive, send, ApiError(404, "No route matches this path."), "dispatch")

    async def _redirect_slash(self, bare: str, scope: Scope, send: Send) -> None:
        # A path alone: the Host of a request is the client's word, and must not decide where the client is sent.
        target = quote(scope.get("root_path", "") + bare, safe="/%:@!$&'()*+,;=~-._")
        if scope.get("query_string"):
            target += "?" + quote(scope["query_string"], safe="/?%:@!$&'()*+,;=~-._[]{}|^`<>")
        body = target.encode("ascii")
        # Refresh: what an old browser that does not know 308 goes by.
        headers = [(b"content-type", TEXT_TYPE), (b"location", body), (b"refresh", b"0;url=" + body)]
        await _send_whole(send, 308, headers, b"" if scope["method"] == "HEAD" else body, length=len(body))

    async def _through_middleware(self, stack: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        if await self._refuses_framing(scope, receive, send):
            return
        if self._exception_handlers:
            receive = _Replay(receive)
        gone = False

        async def heard() -> Message:
            nonlocal gone
            message = await receive()
            gone = gone or message["type"] == "http.disconnect"
            return message

        watched = WatchedSend(send)

        async def send_once(message: Message) -> None:
            if watched.started and message["type"] == "http.response.start":
                raise RuntimeError("The middleware started a second response. Call the app at most once.")
            await watched(message)

        try:
            await stack(scope, heard, send_once)
        except Exception as error:
            if watched.started:
                raise
            await self._fail(scope, receive, send, error, "the middleware")
            return
        # A client that left before its body was complete is answered by nobody.
        if not watched.started and not gone:
            silence = RuntimeError("The middleware neither answered nor called the app.")
            await self._fail(scope, receive, send, silence, "the middleware")

    @contextlib.asynccontextmanager
    async def lifespan_context(self) -> AsyncGenerator[None, None]:
        """Run the lifespan, for an app that is mounted in another: servers start and stop the outermost one alone.

        In the lifespan of the outer app, `async with api.lifespan_context(): yield`. What the lifespan yields is in
        the state until the context is left.

        Raises:
            TypeError: If the lifespan yields anything but instances found by their class.
        """
        if self._lifespan is None:
            yield
            return
        try:
            async with self._lifespan(self._owner) as yielded:
                self._take_state(yielded)
                yield
        finally:
            # A closed engine must not be found afterwards.
            self._state.replace(self._given_state)

    async def _live_inside(self, stack: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the lifespan through the middleware; the twin at the bottom of it answers."""
        watched = WatchedSend(send)
        try:
            await stack(scope, receive, watched)
        except Exception as error:
            # Without a lifespan that is nobody's loss: a server takes it for an app that knows of none.
            if not watched.started and self._lifespan is not None:
                text = "".join(traceback.format_exception(error))
                await send({"type": "lifespan.startup.failed", "message": text})
            raise
        if not watched.started and self._lifespan is not None:
            text = "The middleware did not pass the lifespan on. Let it call the app for every type of scope."
            await send({"type": "lifespan.startup.failed", "message": text})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        started = False
        try:
            async with self.lifespan_context():
                await send({"type": "lifespan.startup.complete"})
                started = True
                await receive()
        except BaseException as error:
            # The server prints what it is told here, and nothing else says why the app did not start.
            text = "".join(traceback.format_exception(error))
            await send({"type": f"lifespan.{'shutdown' if started else 'startup'}.failed", "message": text})
            raise
        await send({"type": "lifespan.shutdown.complete"})

    def _take_state(self, yielded: object) -> None:
        if yielded is None:
            return
        kind = type(yielded).__name__
        if isinstance(yielded, (Mapping, str, bytes)) or not isinstance(yielded, Iterable):
            raise TypeError(
                f"The lifespan yielded {kind!r}. Yield a list of instances, found by their class: "
                "yield [engine, mailer], then req.state[Engine]."
            )
        for item in cast("Iterable[object]", yielded):
            self._state.put(item)

    async def _fail(self, scope: Scope, receive: Receive, send: Send, error: Exception, where: str) -> None:
        """Answer for an exception; nothing has been sent yet."""
        if isinstance(error, ClientDisconnected):
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000, "reason": ""})
            return
        try:
            check_framing(dict(scope["headers"]))
        except ApiError as refusal:
            # Whatever else is wrong, and past exception handlers, whose answers would leave the connection open.
            await self._answer_error(scope, send, refusal, where)
            return
        handler = self._find_exception_handler(error)
        is_logged = False
        if handler is None and _status_of(error) == 500:
            handler = self._exception_handlers.get(500) or self._exception_handlers.get(Exception)
            # Whoever answers for everything does not expect this; whoever names a class does.
            if handler is not None and not isinstance(error, (ApiError, HTTPException)):
                _log_failure(scope, error, where)
                is_logged = True
        if handler is not None:
            # The document knows nothing of what the user's handler answers.
            watched = WatchedSend(send.unchecked if isinstance(send, CheckedSend) else send)
            try:
                await self._handle(handler, error, scope, receive, watched)
            except Exception as second:
                if watched.started:
                    raise
                if second is error:  # Raised again: the handler leaves it to us.
                    await self._answer_error(scope, send, error, where, is_logged=is_logged)
                    return
                await self._answer_error(scope, send, second, f"the exception handler for {type(error).__name__}")
            return
        await self._answer_error(scope, send, error, where)

    def _find_exception_handler(self, error: Exception) -> ExceptionHandler | None:
        """Find the handler that was made for an exception: by its status, as Starlette does, then by its class."""
        handlers = self._exception_handlers
        if isinstance(error, (ApiError, HTTPException)) and error.status_code in handlers:
            return handlers[error.status_code]
        for cls in type(error).__mro__:
            if cls is Exception:
                break
            if cls in handlers:
                return handlers[cls]
        return None

    async def _handle(
        self, handler: ExceptionHandler, error: Exception, scope: Scope, receive: Receive, send: Send
    ) -> None:
        from starlette.requests import Request

        scope.setdefault("app", self._owner)
        replayed = receive
        if isinstance(receive, _Replay):
            replayed = receive.replay
            if _status_of(error) == 413:  # What is too long for the route is too long for the handler.
                receive.end()
        request = Request(scope, replayed, send)
        if inspect.iscoroutinefunction(handler):
            response: object = await cast("Callable[..., Awaitable[object]]", handler)(request, error)
        else:
            response = await anyio.to_thread.run_sync(handler, request, error)
            if inspect.isawaitable(response):  # An object whose `__call__` is async, or a function that hands one on.
                response = await response
        if not callable(response):
            raise TypeError(
                f"The exception handler for {type(error).__name__} returned {type(response).__name__!r}. Return a "
                "starlette Response."
            )
        await cast("ASGIApp", response)(scope, receive, send)

    async def _answer_error(
        self, scope: Scope, send: Send, error: Exception, where: str, *, is_logged: bool = False
    ) -> None:
        if isinstance(error, HTTPException):
            try:
                if 200 <= error.status_code < 400:
                    headers = _encode_headers(error.headers or {})
                    await _send_whole(send, error.status_code, headers, b"")
                    return
                answer = ApiError(error.status_code, error.detail or None, error.headers)
            except ValueError as bad:  # Its headers, or its status, cannot be sent.
                await self._answer_error(scope, send, bad, where)
                return
        elif isinstance(error, ApiError):
            answer = error
        else:
            if not is_logged:
                _log_failure(scope, error, where)
            answer = ApiError(500, "The server failed to answer.")
            if self.debug:
                text = "".join(traceback.format_exception(error))
                errors = {"errors": list(error.errors)} if isinstance(error, ResponseValidationError) else {}
                await _send_debug(scope, send, f"{type(error).__name__}: {_text_of(error)}", text, errors)
                return
        try:
            headers = _encode_headers(answer.headers)
        except ValueError:
            logger.exception("The headers of %r cannot be sent.", answer)
            answer, headers = ApiError(500, "The server failed to answer."), []
        body = problem_json(answer)
        lines = [(b"content-type", PROBLEM_TYPE), *headers]
        await _send_whole(send, answer.status_code, lines, b"" if scope["method"] == "HEAD" else body, length=len(body))


def failure_app(report: str) -> ASGIApp:
    """Make an app that answers every request with why the real one cannot start; for development alone.

    Args:
        report: What keeps it from starting.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "http":
            await _send_debug(scope, send, "The app cannot start", report, {})
        else:
            await send({"type": "websocket.close", "code": 1011, "reason": ""})

    return app


async def _send_debug(scope: Scope, send: Send, sentence: str, text: str, extra: Mapping[str, object]) -> None:
    """Answer with a 500 that shows everything: a page to a browser, problem+json to a program."""
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    headers: list[tuple[bytes, bytes]] = []
    if wire.is_browser(accept.decode("latin-1")):
        page = _DEBUG_PAGE.format(
            title=html.escape(f"{scope['method']} {scope['path']}"),
            sentence=html.escape(sentence),
            traceback=html.escape(text),
        )
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
        ]
        body = page.encode("utf-8", "replace")
    else:
        headers = [(b"content-type", PROBLEM_TYPE)]
        body = problem_json(ApiError(500, sentence), {"traceback": text.splitlines(), **extra})
    await _send_whole(send, 500, headers, b"" if scope["method"] == "HEAD" else body, length=len(body))


def _status_of(error: Exception) -> int:
    return error.status_code if isinstance(error, (ApiError, HTTPException)) else 500


def _log_failure(scope: Scope, error: Exception, where: str) -> None:
    # repr: the sentence may quote the client, and a raw newline would forge a line of the log.
    sentence = f"{type(error).__name__}: {_text_of(error)!r}"
    logger.error("%s %r failed in %s: %s", scope.get("method"), scope.get("path"), where, sentence, exc_info=error)


def _text_of(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # The text of an exception is code of its own.
        return "(its text cannot be read)"


async def _send_whole(
    send: Send, status_code: int, headers: list[tuple[bytes, bytes]], body: bytes, *, length: int | None = None
) -> None:
    if status_code not in (204, 304):
        headers = [*headers, (b"content-length", b"%d" % (len(body) if length is None else length))]
    await send({"type": "http.response.start", "status": status_code, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _encode_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [
        (wire.header_name(name), wire.header_value(name, value))
        for name, value in headers.items()
        if name.lower() not in ("content-length", "content-type")
    ]


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")


def _find_mounts(mounts: Mapping[str, ASGIApp]) -> list[_Mount]:
    found = {prefix.rstrip("/"): app for prefix, app in mounts.items() if _is_prefix(prefix)}
    return [_Mount(prefix, app) for prefix, app in found.items()]


def _is_prefix(prefix: object) -> bool:
    return isinstance(prefix, str) and prefix.startswith("/")


# What follows takes `object`: a caller without a type checker gives anything.


def _check_mounts(mounts: Mapping[Any, object]) -> list[str]:
    problems: list[str] = []
    for prefix, app in mounts.items():
        if not _is_prefix(prefix):
            problems.append(f"The mount {prefix!r} must start with '/'.")
        if not callable(app):
            problems.append(f"The mount {prefix!r} must be an ASGI app, not {type(app).__name__!r}.")
    return problems


def _check_middleware(entries: Iterable[object]) -> list[str]:
    return [
        f"The middleware {getattr(entry, '__name__', repr(entry))} must be wrapped: "
        "Middleware(CORSMiddleware, allow_origins=[...])."
        for entry in entries
        if not isinstance(entry, Middleware)
    ]


def _check_lifespan(lifespan: object) -> list[str]:
    if lifespan is not None and not callable(lifespan):
        return [f"The lifespan must be an async context manager function of the app, not {lifespan!r}."]
    if inspect.isasyncgenfunction(lifespan):
        return [f"The lifespan {lifespan.__name__!r} must be decorated with contextlib.asynccontextmanager."]
    return []


def _check_exception_handlers(handlers: Mapping[Any, object]) -> list[str]:
    problems: list[str] = []
    for key, handler in handlers.items():
        is_status = isinstance(key, int) and not isinstance(key, bool) and 100 <= key <= 599
        if not is_status and not (isinstance(key, type) and issubclass(key, Exception)):
            problems.append(
                f"The exception handler for {key!r} is never called. Give a status, such as 404, or a class of "
                "exceptions, such as KeyError."
            )
        if not callable(handler):
            problems.append(
                f"The exception handler for {key!r} must be a function of a request and the exception, not {handler!r}."
            )
    return problems


_DEBUG_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{sentence}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}}
h1{{font-size:1.3rem}}pre{{background:#f4f4f4;padding:1rem;overflow:auto;font-size:.85rem}}</style></head>
<body><p>{title}</p><h1>{sentence}</h1><pre>{traceback}</pre>
<p>This page is shown in development only.</p></body></html>
"""
