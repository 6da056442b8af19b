"""The request that a handler reads: `ApiRequest[Body, Query, Headers]`.

Owns the read-only face of a request and the typed state that travels with it. Values are worked out on first use; what
is declared has been validated before the handler runs.
"""

import os
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, Literal, TypeAlias, cast, final
from urllib.parse import quote

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from starlette.datastructures import Headers
from typing_extensions import TypeVar

from typed_api import wire
from typed_api._types import Address, App, Message, Receive, Scope
from typed_api.body import iter_body

__all__ = ["ApiRequest", "Method", "Query", "RequestSpec", "State", "merge_query", "undecoded_path"]

Method: TypeAlias = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

T = TypeVar("T")


@final
class Query(Mapping[str, "str | list[str]"]):
    """The query of a request with the path parameters merged over it; read-only.

    A value is a `str`; a parameter that came several times, and a catch-all, is a `list[str]`.
    """

    __slots__ = ("_values",)

    _values: Mapping[str, str | list[str]]

    def __init__(self, values: Mapping[str, str | list[str]]) -> None:
        """Wrap the values.

        Args:
            values: By name; not copied.
        """
        self._values = values

    def __getitem__(self, name: str) -> str | list[str]:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Query({dict(self._values)!r})"

    # Any: pydantic's own signature.
    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let a handler answer with the query itself."""
        return core_schema.no_info_before_validator_function(dict, handler(dict[str, str | list[str]]))


class _AbstractClass(Generic[T]):
    """Nothing is one of these, and nothing has to be: mypy refuses an abstract class for `type[T]` (python/mypy#4717).

    For `type[T] | _AbstractClass[T]` it takes any class, so `req.state[Mailer]` may name an interface.
    """


class State:
    """Objects by their class: `req.state[Mailer]` is the `Mailer` of this app or request.

    An object is found under its own class and under every class it inherits from or implements, so that a fake stands
    in for the real thing. The nearest layer wins: what a guard set for this request, then what a test put in place,
    then what the lifespan yielded.
    """

    __slots__ = ("_found", "_objects", "_parent")

    _objects: dict[type[Any], object]
    _found: dict[type[Any], object]
    _parent: "State | None"

    def __init__(self, objects: Iterable[object] = (), parent: "State | None" = None) -> None:
        """Make a layer.

        Args:
            objects: Instances, each put under its own class.
            parent: Where to look for what this layer lacks.
        """
        self._objects = {}
        self._found = {}
        self._parent = parent
        for item in objects:
            self.put(item)

    def put(self, item: object) -> None:
        """Add an instance under its own class.

        Args:
            item: The instance.

        Raises:
            TypeError: If it is a class, or a plain value that no class of its own tells apart.
        """
        if isinstance(item, (type, str, bytes, int, float, list, tuple, set, dict)) or item is None:
            raise TypeError(
                f"State holds instances found by their class, and {item!r} has no class of its own. Wrap it in one, "
                "for example a dataclass."
            )
        self._objects[type(item)] = item
        self._found.clear()

    def replace(self, objects: Iterable[object]) -> None:
        """Forget what this layer has, and put other instances in its place.

        Args:
            objects: Instances, each put under its own class.
        """
        self._objects.clear()
        self._found.clear()
        for item in objects:
            self.put(item)

    def __getitem__(self, cls: type[T] | _AbstractClass[T]) -> T:
        """Look an instance up.

        Args:
            cls: Its class, or a base of it.

        Raises:
            LookupError: If there is none, or several fit a base class equally well.
        """
        cls = cast("type[T]", cls)
        layer: State | None = self
        while layer is not None:
            found = layer._lookup(cls)
            if found is not None:
                return cast("T", found)
            layer = layer._parent
        raise LookupError(
            f"There is no {cls.__module__}.{cls.__qualname__} in the state. Yield an instance from the lifespan, set "
            "it in a guard, or give it to TestClient(app, state=[...])."
        )

    def __setitem__(self, cls: type[T] | _AbstractClass[T], value: T) -> None:
        """Put an instance under a class.

        Args:
            cls: The class it is looked up by.
            value: An instance of it.
        """
        self._objects[cast("type[T]", cls)] = value
        self._found.clear()

    def __contains__(self, cls: type[Any]) -> bool:
        try:
            self[cls]
        except LookupError:
            return False
        return True

    def _lookup(self, cls: type[Any]) -> object | None:
        objects = self._objects
        if not objects:
            return None
        exact = objects.get(cls)
        if exact is not None:
            return exact
        found = self._found.get(cls)
        if found is None:
            # By identity: one object under two classes is one object.
            try:
                fits = list({id(item): item for item in objects.values() if isinstance(item, cls)}.values())
            except TypeError:  # A protocol that nothing can be asked for while running.
                raise LookupError(
                    f"{cls.__module__}.{cls.__qualname__} is a protocol without @runtime_checkable, so no object can "
                    "be found by it. Decorate it, or put an object under it: state[Protocol] = object."
                ) from None
            if len(fits) > 1:
                names = ", ".join(sorted(type(item).__name__ for item in fits))
                raise LookupError(
                    f"Several objects of the state are a {cls.__qualname__}: {names}. Ask for one of them."
                )
            if not fits:
                return None
            found = self._found[cls] = fits[0]
        return found


class RequestSpec:
    """What every request of one handler shares.

    Attributes:
        app: The app that answers.
        state: The app's layer of the state.
        method: The method that the handler is told, when it is not the request's own; None tells the true one.
        body_refusal: Why `req.body` cannot be read here; None when an unread body is None.
        read_refusal: Why `req.read()` and `req.stream()` cannot be used here; None when they can.
        limit_bytes: The bound of `req.read()` and `req.stream()`; None when there is none.
        limit_text: That bound as it was configured.
        path_names: What a query string may not fill, as the path may leave it out: the name of an optional catch-all.
    """

    __slots__ = ("app", "body_refusal", "limit_bytes", "limit_text", "method", "path_names", "read_refusal", "state")

    def __init__(
        self,
        app: App,
        state: State,
        *,
        method: Method | None = None,
        body_refusal: str | None = None,
        read_refusal: str | None = None,
        limit_bytes: int | None = None,
        limit_text: str = "",
        path_names: Sequence[str] = (),
    ) -> None:
        """Keep the facts of a handler."""
        self.app: App = app
        self.state: State = state
        self.method: Method | None = method
        self.body_refusal: str | None = body_refusal
        self.read_refusal: str | None = read_refusal
        self.limit_bytes: int | None = limit_bytes
        self.limit_text: str = limit_text
        self.path_names: Sequence[str] = path_names


BodyT_co = TypeVar("BodyT_co", covariant=True, default=object)
QueryT_co = TypeVar("QueryT_co", covariant=True, default=Query)
HeadersT_co = TypeVar("HeadersT_co", covariant=True, default=Headers)


@final
class ApiRequest(Generic[BodyT_co, QueryT_co, HeadersT_co]):
    """A request, typed by what the handler declares of it.

    `ApiRequest[NewUser]` has a validated body, `ApiRequest[None, Search]` no body and a validated query,
    `ApiRequest[None, Query, Tracing]` validated headers; bare `ApiRequest` takes whatever comes.
    """

    __slots__ = ("_body", "_cookies", "_headers", "_params", "_query", "_receive", "_scope", "_spec", "_state")

    _spec: RequestSpec
    _scope: Scope
    _receive: Receive
    _params: Mapping[str, str | list[str]]
    # Any: a slot cannot be of a covariant type.
    _body: Any
    _query: Any
    _headers: Any
    _cookies: dict[str, str]
    _state: State

    def __init__(
        self, spec: RequestSpec, scope: Scope, receive: Receive, params: Mapping[str, str | list[str]]
    ) -> None:
        """Make the request of one ASGI connection.

        Args:
            spec: What every request of the handler shares.
            scope: The ASGI scope.
            receive: ASGI's receive.
            params: The path parameters.
        """
        self._spec = spec
        self._scope = scope
        self._receive = receive
        self._params = params

    @property
    def method(self) -> Method:
        """The HTTP method, in upper case."""
        return self._spec.method or cast("Method", self._scope["method"])

    @property
    def url(self) -> str:
        """Path and query as the client sent them, percent escapes still in; below the app's mount point."""
        query: bytes = self._scope.get("query_string", b"")
        path = undecoded_path(self._scope)
        return f"{path}?{query.decode('latin-1')}" if query else path

    @property
    def path(self) -> str:
        """The path, percent-decoded, below the app's mount point."""
        return _below(self._scope["path"], self._scope.get("root_path", ""))

    @property
    def headers(self) -> HeadersT_co:
        """The header fields: a case-insensitive mapping, or the declared model."""
        try:
            return cast("HeadersT_co", self._headers)
        except AttributeError:
            self._headers = Headers(raw=self._scope["headers"])
            return cast("HeadersT_co", self._headers)

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies by name, percent-decoded; of two with one name the first."""
        try:
            return self._cookies
        except AttributeError:
            lines = [value for name, value in self._scope["headers"] if name == b"cookie"]
            self._cookies = wire.parse_cookies(b"; ".join(lines).decode("latin-1"))
            return self._cookies

    @property
    def client(self) -> Address | None:
        """The peer's address, as the server tells it; None on a Unix socket."""
        peer = self._scope.get("client")
        return None if peer is None else Address(peer[0], peer[1])

    @property
    def app(self) -> App:
        """The app that answers."""
        return self._spec.app

    @property
    def scope(self) -> Scope:
        """The ASGI scope."""
        return self._scope

    @property
    def env(self) -> Mapping[str, str]:
        """The environment of the process."""
        return os.environ

    @property
    def state(self) -> State:
        """Objects by their class: `req.state[Mailer]`."""
        try:
            return self._state
        except AttributeError:
            self._state = State(parent=self._spec.state)
            return self._state

    @property
    def params(self) -> Query:
        """The path parameters alone, percent-decoded."""
        return Query(self._params)

    @property
    def query(self) -> QueryT_co:
        """The query with the path parameters merged over it: a mapping, or the declared model."""
        try:
            return cast("QueryT_co", self._query)
        except AttributeError:
            text: bytes = self._scope.get("query_string", b"")
            self._query = Query(merge_query(text, self._params, self._spec.path_names) if text else self._params)
            return cast("QueryT_co", self._query)

    @property
    def body(self) -> BodyT_co:
        """The body: of the declared type, or decoded by its content type.

        Raises:
            RuntimeError: If there is none to read: in a guard, or in a GET request of a handler that declares one.
        """
        try:
            return cast("BodyT_co", self._body)
        except AttributeError:
            refusal = self._spec.body_refusal
        if refusal is not None:
            raise RuntimeError(refusal)
        return cast("BodyT_co", None)

    async def read(self) -> bytes:
        """Read the whole body as bytes, with `parse_body=False`.

        Returns:
            The bytes; none when the body has been read already.

        Raises:
            ApiError: 413 over a `body_limit` that was set for this route.
            ClientDisconnected: If the client goes away first.
            RuntimeError: If the body is parsed before the handler runs.
        """
        return b"".join([piece async for piece in self.stream()])

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Read the body piece by piece, with `parse_body=False`.

        Yields:
            The pieces as they come, none of them empty.

        Raises:
            ApiError: 413 over a `body_limit` that was set for this route.
            ClientDisconnected: If the client goes away first.
            RuntimeError: If the body is parsed before the handler runs.
        """
        spec = self._spec
        if spec.read_refusal is not None:
            raise RuntimeError(spec.read_refusal)
        receive = self._receive

        async def watched() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                # Past the end of the body a server's receive waits for the client to leave: another read would hang,
                # also after a loop that was left with the last piece in hand.
                self._receive = _receive_nothing
            return message

        async for piece in iter_body(watched, spec.limit_bytes, spec.limit_text):
            yield piece


async def _receive_nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def merge_query(
    text: bytes, params: Mapping[str, str | list[str]], path_names: Sequence[str]
) -> Mapping[str, str | list[str]]:
    """Read a query string and merge the path parameters over it.

    Args:
        text: The query without its "?".
        params: The path parameters; they win.
        path_names: Names that are the path's even where it has no value for them: a query string never fills one.
    """
    values = wire.parse_query(text)
    for name in path_names:
        values.pop(name, None)
    values.update(params)
    return values


def undecoded_path(scope: Scope) -> str:
    """Give the path of a scope below its mount point, percent escapes still in.

    Args:
        scope: An ASGI HTTP scope; `raw_path` is optional there.

    Returns:
        Text that starts with "/".
    """
    raw: bytes | None = scope.get("raw_path")
    path = quote(scope["path"], safe="/:@!$&'()*+,;=~-._") if raw is None else raw.partition(b"?")[0].decode("latin-1")
    return _below(path, quote(scope.get("root_path", ""), safe="/:@!$&'()*+,;=~-._"))


def _below(path: str, root: str) -> str:
    """Take a mount point away; one that is not there, to the end of a segment, is left alone."""
    if not root or not (path == root or path.startswith(root if root.endswith("/") else f"{root}/")):
        return path
    return path[len(root.rstrip("/")) :] or "/"
