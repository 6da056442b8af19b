"""What one handler promises.

Owns the reading of a route module's handlers (signature, declared types, configuration) into one description. Dispatch,
the document and the clients read this description and no other; whatever is wrong with it is found here, at start.
"""

import ast
import enum
import importlib.util
import inspect
import sys
import types
import typing
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar, Union, cast, get_args, get_origin

import typing_extensions

from typed_api import schema
from typed_api._types import FormMarker, Sent, StreamedBody
from typed_api.config import METHODS, UNSET, ResolvedConfig, RouteConfig, resolve
from typed_api.errors import ConfigError
from typed_api.pattern import Pattern
from typed_api.request import ApiRequest, Method, Query
from typed_api.response import ApiResponse
from typed_api.status import Code, Status, is_final_status
from typed_api.streams import EventStream, File, JsonLines

__all__ = [
    "BODYLESS_METHODS",
    "BodyKind",
    "BodyParts",
    "ContractError",
    "Endpoint",
    "Handler",
    "RequestTypes",
    "ResponseTypes",
    "body_parts",
    "describe",
]

# Any: a handler's parameters are typed by its own declarations, which differ by handler.
HandlerFunction: TypeAlias = Callable[[Any, Any], object]

BODYLESS_METHODS: Final[frozenset[Method]] = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods whose requests carry no body that a handler could declare (RFC 9110 §9.3)."""

_SIGNATURE: Final = "(req: ApiRequest, res: ApiResponse[...])"

_ITERABLES: Final = (AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator)


class ContractError(Exception):
    """A module's handlers cannot be served; every reason is listed.

    Attributes:
        problems: One sentence per problem.
    """

    problems: tuple[str, ...]

    def __init__(self, problems: Sequence[str]) -> None:
        """Make the error.

        Args:
            problems: One sentence per problem.
        """
        super().__init__(*problems)
        self.problems = tuple(problems)


class BodyKind(enum.Enum):
    """How the body of a request is taken."""

    UNDECLARED = "undeclared"
    """Decoded by its content type."""
    NONE = "none"
    """Not read at all."""
    RAW = "raw"
    """The bytes, under any content type."""
    FORM = "form"
    """A urlencoded or multipart form, validated."""
    JSON = "json"
    """A JSON document, validated."""
    UNREAD = "unread"
    """Left to the handler (`parse_body=False`)."""


@dataclass(frozen=True, slots=True)
class RequestTypes:
    """What a handler declares of its request."""

    kind: BodyKind
    """How the body is taken."""
    body: object
    """The declared type of a JSON or form body, without its form marker."""
    query: object | None
    """The declared type of the query; None for the plain mapping."""
    headers: object | None
    """The declared type of the header fields; None for the plain mapping."""


@dataclass(frozen=True, slots=True)
class BodyParts:
    """The body type of one status, taken apart by how it is sent."""

    json: tuple[object, ...]
    """The types that are one JSON document (or text); empty when there is none."""
    event: tuple[object, ...]
    """The types of the events of event streams, if any is declared."""
    line: tuple[object, ...]
    """The types of the lines of JSON lines, if they are declared."""
    takes_bytes: bool
    """Whether bytes, or an iterator of bytes, are declared."""
    takes_file: bool
    """Whether a file is declared."""

    @property
    def json_type(self) -> object:
        """The JSON types as one type."""
        return Union[self.json]

    @property
    def event_type(self) -> object:
        """The types of events as one type."""
        return Union[self.event]

    @property
    def line_type(self) -> object:
        """The types of lines as one type."""
        return Union[self.line]


@dataclass(frozen=True, slots=True)
class ResponseTypes:
    """What a handler may answer."""

    exact: Mapping[int, object]
    """Body types by status, from the exact markers."""
    groups: tuple[tuple[range, object], ...]
    """Body types by range of statuses, the narrowest range first."""
    bare: tuple[object, ...]
    """Body types of any status, when no marker is used."""
    text: str
    """The declaration as a person writes it, for messages."""

    @property
    def declared(self) -> str:
        """The declared statuses in words: `200, 404, 5xx`."""
        names = [str(code) for code in sorted(self.exact)]
        names += ["any" if len(codes) > 100 else f"{codes.start // 100}xx" for codes, _ in self.groups]
        return ", ".join(names) or ("any" if self.bare else "none")

    def body_of(self, status_code: int) -> tuple[object, ...]:
        """Find the body type of a status; an exact marker beats its group.

        Args:
            status_code: A final status.

        Returns:
            A tuple of the one type, or an empty one when the status is not declared.
        """
        if status_code in self.exact:
            return (self.exact[status_code],)
        for codes, body in self.groups:
            if status_code in codes:
                return (body,)
        return (Union[self.bare],) if self.bare else ()


@dataclass(frozen=True, slots=True)
class Handler:
    """One function that answers one method of a route."""

    method: Method
    """The method that this description is of."""
    name: str
    """The name in the module: `handler`, `get`, …"""
    where: str
    """Name and file, for logs: `get of pages/api/users/_id_.py`."""
    pattern: Pattern
    """The route."""
    function: HandlerFunction
    """The module's attribute: what is called."""
    is_async: bool
    """Whether calling it gives a coroutine, so that it runs on the event loop."""
    request: RequestTypes
    response: ResponseTypes
    config: ResolvedConfig
    limits_reading: bool
    """Whether a body limit was set on purpose, so that it bounds `req.read()` too."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route with its handlers."""

    file: str
    """The file, from the root folder's name on: `pages/api/users/_id_.py`."""
    module: str
    """The module's name."""
    pattern: Pattern
    handlers: Mapping[Method, Handler]
    """The handler of each method that the module defines."""

    @property
    def methods(self) -> tuple[str, ...]:
        """Every method that is answered, sorted: those defined, OPTIONS, and HEAD where there is GET."""
        names: set[str] = {*self.handlers, "OPTIONS"}
        if "GET" in names:
            names.add("HEAD")
        return tuple(sorted(names))


def describe(
    module: types.ModuleType,
    file: str,
    pattern: Pattern,
    configs: Sequence[RouteConfig],
    *,
    coerce: bool = False,
) -> tuple[Endpoint, tuple[str, ...]]:
    """Read the handlers of a route module.

    Args:
        module: The imported module.
        file: Its file, for messages.
        pattern: Its route.
        configs: The configurations that apply, the outermost folder's first, the module's own last.
        coerce: The app's default for `coerce`.

    Returns:
        The description, and warnings to log.

    Raises:
        ContractError: With everything that is wrong.
    """
    problems: list[str] = []
    warnings: list[str] = []
    handlers: dict[Method, Handler] = {}
    for name, methods in _defined(module, configs, file, problems):
        handlers.update(_describe_function(module, name, methods, file, pattern, configs, coerce, problems, warnings))
    if problems:
        raise ContractError(problems)
    return Endpoint(file, module.__name__, pattern, handlers), tuple(warnings)


def _defined(
    module: types.ModuleType, configs: Sequence[RouteConfig], file: str, problems: list[str]
) -> list[tuple[str, tuple[Method, ...]]]:
    # Not hasattr: a `__getattr__` of the module answers for names that it does not define, or raises.
    defined = vars(module)
    names = [method.lower() for method in METHODS if method.lower() in defined]
    # The folders' settings are for whatever is below them, the module's own for what it defines.
    own = defined.get("config")
    if "handler" in defined:
        for name in names:
            problems.append(
                f"{file!r}: {name!r} is never called: 'handler' already handles every method. Keep one of the two."
            )
        try:
            chosen = resolve(configs, "GET").methods
        except ConfigError as error:
            problems.append(f"{file!r}: {error}")
            return []
        methods = METHODS if chosen is None else tuple(cast("tuple[Method, ...]", chosen))
        for method in _configured(own):
            if method not in methods:
                problems.append(
                    f"{file!r}: RouteConfig({method.lower()}=...) sets nothing, since methods=... leaves {method} out. "
                    "Add it there, or leave the setting out."
                )
        return [("handler", methods)]
    if isinstance(own, RouteConfig) and own.methods is not UNSET and own.methods is not None:
        problems.append(
            f"{file!r}: RouteConfig(methods=...) is about 'handler' alone, which the module does not have. Leave the "
            "setting out: a method function serves the method of its name."
        )
    for method in _configured(own):
        if method.lower() not in names:
            problems.append(
                f"{file!r}: RouteConfig({method.lower()}=...) sets nothing, since the module has no function "
                f"{method.lower()!r}. Define it, or leave the setting out."
            )
    return [(name, (cast("Method", name.upper()),)) for name in names]


def _configured(config: object) -> list[Method]:
    """List the methods that a module's own configuration has something to say about."""
    if not isinstance(config, RouteConfig):
        return []
    return [method for method in METHODS if getattr(config, method.lower()) is not UNSET]


class _Problem(Exception):
    """One sentence about a handler."""


class _Findings:
    """What is wrong with one handler, each sentence once; as a context, what the block inside it finds."""

    __slots__ = ("sentences",)

    sentences: list[str]

    def __init__(self) -> None:
        self.sentences = []

    def add(self, sentence: str) -> None:
        """Note a sentence."""
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: types.TracebackType | None
    ) -> bool:
        if not isinstance(error, (_Problem, ConfigError)):
            return False
        self.add(str(error))
        return True


def _describe_function(
    module: types.ModuleType,
    name: str,
    methods: tuple[Method, ...],
    file: str,
    pattern: Pattern,
    configs: Sequence[RouteConfig],
    coerce: bool,
    problems: list[str],
    warnings: list[str],
) -> dict[Method, Handler]:
    function = vars(module)[name]
    wrong_shape = _check_function(function, name)
    if wrong_shape is not None:
        problems.append(f"{file!r}: {wrong_shape}{_whence(function, name, module)}")
        return {}
    inner = inspect.unwrap(function)
    is_async = inspect.iscoroutinefunction(function)
    if is_async and inner is not function and not inspect.iscoroutinefunction(inner):
        warnings.append(
            f"{file!r}: {name!r} is a plain function wrapped in an async one, so it runs on the event loop and blocks "
            "every other request while it works. Make it async, or let the decorator keep plain functions plain."
        )
    found = _Findings()
    configs_by_method: dict[Method, ResolvedConfig] = {}
    request: dict[Method, RequestTypes] = {}
    response: ResponseTypes | None = None
    try:
        with found:
            configs_by_method = {method: resolve(configs, method, coerce=coerce) for method in methods}
        with found:
            request_hint, response_hint = _read_annotations(function, inner, name, module, found)
            # The kind of body is one per function, except that parse_body may differ by method.
            for method, config in configs_by_method.items():
                if request_hint is not None:
                    request[method] = _read_request(request_hint, name, method, pattern, config, found)
            if response_hint is not None:
                response = _read_response(response_hint, name, found)
    except RecursionError:
        found.add(f"A type of handler {name!r} is made of itself without end. Put a list, a dict or a model between.")
    if found.sentences or response is None:
        problems.extend(f"{file!r}: {sentence}" for sentence in found.sentences)
        return {}
    where = f"{name} of {file}"
    return {
        method: Handler(
            method=method,
            name=name,
            where=where,
            pattern=pattern,
            function=function,
            is_async=is_async,
            request=request[method],
            response=response,
            config=config,
            limits_reading=any(_sets_body_limit(entry, method) for entry in configs),
        )
        for method, config in configs_by_method.items()
    }


def _sets_body_limit(config: RouteConfig, method: Method) -> bool:
    own = getattr(config, method.lower())
    return config.body_limit is not UNSET or (isinstance(own, RouteConfig) and own.body_limit is not UNSET)


def _check_function(function: object, name: str) -> str | None:
    if isinstance(function, type):
        return f"Handler {name!r} must be a function {_SIGNATURE}, not a class."
    if not isinstance(function, types.FunctionType):
        return (
            f"Handler {name!r} must be a function {_SIGNATURE}, not {type(function).__name__!r}. "
            "Write `def` around it and call it there."
        )
    inner = inspect.unwrap(function)
    if any(inspect.isasyncgenfunction(part) or inspect.isgeneratorfunction(part) for part in (function, inner)):
        return f"Handler {name!r} must not yield. Answer with res.send(iterator) to stream."
    if inner is function:
        parameters = list(inspect.signature(function).parameters.values())
        plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        if len(parameters) != 2 or any(parameter.kind not in plain for parameter in parameters):
            return (
                f"Handler {name!r} must take exactly two positional parameters {_SIGNATURE}, not {len(parameters)}."
                if len(parameters) != 2
                else f"Handler {name!r} must take exactly two positional parameters {_SIGNATURE}."
            )
        return None
    try:
        inspect.signature(function, follow_wrapped=False).bind(None, None)
    except TypeError:
        return f"Handler {name!r} is decorated by something that cannot be called with {_SIGNATURE}."
    return None


def _whence(function: object, name: str, module: types.ModuleType) -> str:
    """Say, in a sentence to append, where something comes from that is no handler although it has the name of one."""
    if isinstance(function, types.FunctionType) and not hasattr(function, "__wrapped__"):
        made = function.__name__
        if made != name and "<locals>" in function.__qualname__:
            return (
                f" It is called {made!r}: if a decorator made it, put @functools.wraps(...) on {made!r}, so that what "
                "the handler declares is found."
            )
    if isinstance(function, (types.FunctionType, type)) and function.__module__ != module.__name__:
        return f" It was imported from {function.__module__!r}: if it is no handler, import it under another name."
    return ""


def _undefined(subject: str, error: NameError, owner: str | None, module: types.ModuleType | None = None) -> _Problem:
    """Make the problem of a name that nothing has.

    Args:
        subject: The beginning of the sentence, up to the name.
        error: What was raised.
        owner: The name of the module that uses the name.
        module: The module that the problem is told of.
    """
    missing = error.name or str(error)
    source = sys.modules.get(owner or "", module)
    if source is None or missing not in _type_checking_names(source):
        return _Problem(f"{subject} {missing!r}, which is not defined. Import or define it.")
    inside = "" if source is module else f" in {owner!r}"
    return _Problem(
        f"{subject} {missing!r}, which is imported only under TYPE_CHECKING{inside}. The server reads the annotation "
        "too: import it at run time."
    )


def _read_annotations(
    function: object, inner: object, name: str, module: types.ModuleType, found: _Findings
) -> tuple[object | None, object | None]:
    """Read the types of the two parameters; None for one that has a problem."""
    if not isinstance(inner, types.FunctionType):
        raise _Problem(f"Handler {name!r} wraps {type(inner).__name__!r}, which has no annotations to read.")
    parameters = list(inspect.signature(inner, follow_wrapped=False).parameters)[:2]
    # FORWARDREF: since Python 3.14 reading one annotation would otherwise evaluate all of them.
    raw = typing_extensions.get_annotations(inner, format=typing_extensions.Format.FORWARDREF)
    if len(parameters) < 2 or any(parameter not in raw for parameter in parameters):
        raise _Problem(
            f"Handler {name!r} must be annotated: def {name}{_SIGNATURE} -> None.{_whence(function, name, module)}"
        )
    wanted = {parameter: raw[parameter] for parameter in parameters}
    if "return" in raw:
        wanted["return"] = raw["return"]
    cells = zip(inner.__code__.co_freevars, inner.__closure__ or (), strict=False)
    local: dict[str, object] = {}
    for variable, cell in cells:
        try:
            local[variable] = cell.cell_contents
        except ValueError:  # Not filled yet: the factory has not assigned it.
            continue
    # Type parameters (PEP 695) are in scope of the annotations, not of the module.
    local.update({item.__name__: item for item in getattr(inner, "__type_params__", ())})
    hints: dict[str, object] = {}
    for parameter, annotation in wanted.items():
        with found:
            hints[parameter] = _evaluate(annotation, inner, local, name, module)
    read: list[object | None] = []
    for parameter, expected in zip(parameters, (ApiRequest, ApiResponse), strict=True):
        read.append(None)
        if parameter in hints:
            with found:
                hint = _plain(hints[parameter])
                if _class_of(hint) is not expected:
                    classes = [_class_of(hints.get(given)) for given in parameters]
                    swap = " Swap the two parameters." if classes == [ApiResponse, ApiRequest] else ""
                    raise _Problem(
                        f"Parameter {parameter!r} of handler {name!r} must be {expected.__name__}, not "
                        f"{schema.spell(hint)!r}.{swap}{_whence(function, name, module)}"
                    )
                for variable in _type_variables(hint):
                    found.add(
                        f"Parameter {parameter!r} of handler {name!r} has the type variable {variable!r}, which stands "
                        "for no class when the server runs, so that nothing would be checked. Write the class itself, "
                        "or, in a function that makes handlers, the name of its argument that holds the class."
                    )
                read[-1] = hint
    with found:
        if "return" in hints and not _returns_nothing(hints["return"]):
            raise _Problem(
                f"Handler {name!r} must return None, not {schema.spell(hints['return'])!r}; send the body with "
                "res.json(...)."
            )
    return read[0], read[1]


def _evaluate(
    annotation: object, inner: types.FunctionType, local: dict[str, object], name: str, module: types.ModuleType
) -> object:
    try:
        return typing.get_type_hints(
            types.SimpleNamespace(__annotations__={"hint": annotation}),
            globalns=inner.__globals__,
            localns=local,
            include_extras=True,
        )["hint"]
    except NameError as error:
        raise _undefined(f"Handler {name!r} is annotated with", error, inner.__module__, module) from None
    except Exception as error:  # An annotation is the user's code, and may raise anything.
        raise _Problem(f"The annotations of handler {name!r} cannot be read: {type(error).__name__}: {error}") from None


def _class_of(hint: object) -> object:
    hint = _plain(hint)
    return get_origin(hint) or hint


def _type_variables(hint: object) -> Iterator[str]:
    """Find the names of what a declaration leaves open."""
    if isinstance(hint, TypeVar):
        yield hint.__name__
    elif schema.is_alias(hint):
        yield from (item.__name__ for item in hint.__type_params__)
    else:
        args = get_args(hint)
        if get_origin(hint) is Annotated:
            args = args[:1]
        elif not args:
            # A model with its parameters filled in is a class like any other.
            args = getattr(hint, "__pydantic_generic_metadata__", {}).get("args", ())
        for arg in args:
            yield from _type_variables(arg)


def _returns_nothing(hint: object) -> bool:
    hint = _plain(hint)
    if hint in (None, type(None), Sent, Any, typing.NoReturn, typing.Never, typing_extensions.Never):
        return True
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return all(_returns_nothing(arg) for arg in args)
    if origin is Awaitable or origin is Coroutine:
        return _returns_nothing(args[-1])
    return isinstance(hint, TypeVar)


def _value_of(hint: object) -> object:
    """Take one alias away from the top of a type; a type that is no alias is given as it is."""
    alias = hint if schema.is_alias(hint) else get_origin(hint)
    if not schema.is_alias(alias):
        return hint
    try:
        value: Any = alias.__value__
    except NameError as error:  # What a `type` statement says is run when it is first asked for.
        raise _undefined(f"The alias {alias.__name__!r} names", error, alias.__module__) from None
    except Exception as error:
        raise _Problem(f"The alias {alias.__name__!r} cannot be read: {type(error).__name__}: {error}") from None
    given: dict[object, object] = dict(zip(alias.__type_params__, get_args(hint), strict=False))
    if isinstance(value, TypeVar):
        return given.get(value, value)
    # In the order in which the value names them, which need not be that of the alias.
    parameters: tuple[object, ...] = getattr(value, "__parameters__", ())
    return value[tuple(given.get(item, item) for item in parameters)] if given and parameters else value


def _unaliased(hint: object) -> object:
    """Take all aliases away from the top of a type."""
    seen: list[object] = []
    while schema.is_alias(hint) or schema.is_alias(get_origin(hint)):
        if any(hint is known for known in seen):
            raise RecursionError  # Of `type A = B` and `type B = A`.
        seen.append(hint)
        hint = _value_of(hint)
    return hint


def _plain(hint: object) -> object:
    """Take aliases and annotations away from the top of a type."""
    while True:
        hint = _unaliased(hint)
        if get_origin(hint) is not Annotated or _is_form(hint):
            return hint
        hint = get_args(hint)[0]


def _is_form(hint: object) -> bool:
    return get_origin(hint) is Annotated and any(isinstance(extra, FormMarker) for extra in get_args(hint)[1:])


def _members(hint: object) -> Iterator[object]:
    """Take a union apart, through aliases."""
    plain = _plain(hint)
    if plain is not hint and _names_itself(plain):
        yield hint
    elif get_origin(plain) in (Union, types.UnionType):
        members = [member for arg in get_args(plain) for member in _members(arg)]
        # What is annotated on a union of models, such as its discriminator, is lost when it is taken apart.
        if _is_annotated(hint) and not any(_is_sent_otherwise(member) for member in members):
            yield hint
        else:
            yield from members
    else:
        # A body keeps its Annotated constraints; only markers and unions are looked through.
        yield plain if _is_sent_otherwise(plain) else _unaliased(hint)


def _is_sent_otherwise(member: object) -> bool:
    """Tell a marker, a stream, a file or bytes from the types of JSON documents."""
    origin = get_origin(member) or member
    return isinstance(origin, type) and issubclass(origin, (Status, StreamedBody, bytes))


def _is_annotated(hint: object) -> bool:
    while schema.is_alias(hint):
        hint = _value_of(hint)
    return get_origin(hint) is Annotated or schema.is_alias(get_origin(hint))


def _names_itself(hint: object) -> bool:
    """Tell whether a type has a name in quotes: an alias that means itself, such as pydantic's `JsonValue`.

    Only the alias knows what the name stands for, so it is kept whole.
    """
    if isinstance(hint, (str, typing.ForwardRef)):
        return True
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return False
    return any(_names_itself(arg) for arg in (args[:1] if origin is Annotated else args))


def _read_request(
    hint: object, name: str, method: Method, pattern: Pattern, config: ResolvedConfig, found: _Findings
) -> RequestTypes:
    args = get_args(hint)
    body = args[0] if args else object
    query = args[1] if len(args) > 1 else Query
    headers = args[2] if len(args) > 2 else None
    query_type = headers_type = None
    kind = BodyKind.JSON
    with found:
        kind, body = _read_body(body, config)
        if kind in (BodyKind.JSON, BodyKind.FORM, BodyKind.RAW):
            _check_request_body(kind, body, name, method, config)
    with found:
        if _plain(query) is not Query:
            query_type = query
            _check_query(query, name, pattern, found)
    with found:
        if headers is not None and not _is_plain_headers(_plain(headers)):
            headers_type = headers
            _check_fields(headers, f"The headers of handler {name!r}")
    return RequestTypes(kind, body, query_type, headers_type)


def _read_body(body: object, config: ResolvedConfig) -> tuple[BodyKind, object]:
    plain = _plain(body)
    if plain in (object, Any):
        return BodyKind.UNDECLARED if config.parse_body else BodyKind.UNREAD, body
    if plain in (None, type(None)):
        return BodyKind.NONE, body
    if plain is bytes:
        return BodyKind.RAW, body
    if _is_form(plain):
        return BodyKind.FORM, get_args(plain)[0]
    return BodyKind.JSON, body


def _check_request_body(kind: BodyKind, body: object, name: str, method: Method, config: ResolvedConfig) -> None:
    if name != "handler" and method in BODYLESS_METHODS:
        # As a type checker sees it: without the marker of a form.
        declared = f"ApiRequest[{schema.spell(body)}]"
        article = "An" if method == "OPTIONS" else "A"
        raise _Problem(f"{article} {method} request has no body: {name!r} cannot take {declared!r}.")
    if kind is BodyKind.FORM and importlib.util.find_spec("python_multipart") is None:
        raise _Problem(
            f"Handler {name!r} takes a form, which needs the 'python-multipart' package. Install it with: "
            "pip install 'typed-api-toolkit[forms]'."
        )
    if not config.parse_body:
        raise _Problem(
            f"Handler {name!r} declares a body, but parse_body=False leaves it unread. Take a bare ApiRequest and read "
            "it with req.read() or req.stream(), or drop parse_body=False."
        )
    if kind is BodyKind.FORM:
        _check_fields(body, f"The body of handler {name!r}", takes_files=True)
    elif kind is BodyKind.JSON:
        _check_lone(body, name)
        form = f"Form[{schema.spell(body)}]" if isinstance(body, type) else "a Form[...] of a model with the file"
        _check_type(body, f"The body of handler {name!r}", f"Take {form}.")


def _check_lone(body: object, name: str) -> None:
    """Make sure that nothing in the type of a JSON body asks for another way of reading."""
    for form in _forms_in(body, []):
        raise _Problem(
            f"Handler {name!r} takes {schema.spell(body)!r}, but a form cannot be a part of another type. Take "
            f"{schema.spell(form)} alone; fields with defaults may be left out."
        )
    if any(member is bytes for member in _members(body)):
        raise _Problem(
            f"Handler {name!r} takes {schema.spell(body)!r}, but raw bytes cannot be one of several types. Take bytes "
            "alone, which are b'' where there is no body."
        )


def _forms_in(hint: object, seen: list[object]) -> Iterator[object]:
    if _is_form(hint):
        yield hint
    elif hint not in seen:  # An alias may come back to itself.
        seen.append(hint)
        value = _value_of(hint)
        args = get_args(hint) if value is hint else (value,)
        for arg in args[:1] if get_origin(hint) is Annotated else args:
            yield from _forms_in(arg, seen)


def _is_plain_headers(hint: object) -> bool:
    from starlette.datastructures import Headers

    return hint is Headers or hint is object or hint is Any


def _check_query(query: object, name: str, pattern: Pattern, found: _Findings) -> None:
    fields = _check_fields(query, f"The query of handler {name!r}")
    for param in pattern.params:
        if param not in fields:
            found.add(
                f"Path parameter {param!r} of route {pattern.template!r} is missing from {schema.spell(query)!r}, the "
                f"query of handler {name!r}. Add a field of that name."
            )


def _check_type(hint: object, owner: str, mend: str, *, takes_files: bool = False) -> None:
    """Make sure that a type can be used; `mend` is what to do about an uploaded file where there can be none."""
    try:
        schema.check_type(hint)
        is_misplaced = not takes_files and schema.holds_upload(hint)
    except schema.SchemaError as error:
        raise _Problem(f"{owner} cannot be used: {error}") from None
    if is_misplaced:
        raise _Problem(
            f"{owner} cannot be used: '{schema.spell(hint)}' holds an UploadFile, which comes with forms alone. {mend}"
        )


def _check_fields(hint: object, owner: str, *, takes_files: bool = False) -> Mapping[str, schema.TextField]:
    _check_type(hint, owner, "Take it in the body, as Form[...].", takes_files=takes_files)
    try:
        return schema.text_fields(hint)
    except schema.SchemaError as error:
        raise _Problem(f"{owner} cannot be used: {error}") from None


def _read_response(hint: object, name: str, found: _Findings) -> ResponseTypes:
    args = get_args(hint)
    if not args:
        raise _Problem(
            f"Handler {name!r} must say what it answers: ApiResponse[Ok[...]], or ApiResponse[Never] for redirects "
            "alone."
        )
    text = f"ApiResponse[{schema.spell(args[0])}]"
    if _plain(args[0]) in (typing.Never, typing.NoReturn, typing_extensions.Never):
        return ResponseTypes({}, (), (), text)
    exact: dict[int, object] = {}
    groups: dict[range, object] = {}
    bare: list[object] = []
    for member in _members(args[0]):
        with found:
            _read_member(member, exact, groups, bare, text)
    if bare and (exact or groups):
        wrapped = " | ".join(schema.spell(member) for member in bare)
        raise _Problem(f"{text} mixes status markers with a bare type. Write Ok[{wrapped}].")
    for owner, body in [
        *((str(code), body) for code, body in exact.items()),
        *((f"{r.start // 100}xx", b) for r, b in groups.items()),
        *(("any", b) for b in bare),
    ]:
        with found:
            _check_body(body, f"The body of status {owner} of handler {name!r}", found)
    return ResponseTypes(exact, tuple(sorted(groups.items(), key=lambda item: len(item[0]))), tuple(bare), text)


def _read_member(
    member: object, exact: dict[int, object], groups: dict[range, object], bare: list[object], text: str
) -> None:
    origin = get_origin(member) or member
    if not (isinstance(origin, type) and issubclass(origin, Status)):
        bare.append(member)
        return
    marker = cast("type[Status[Any]]", get_origin(member) or member)
    if marker is Code:
        _read_code(member, exact, text)
    elif marker.status_code is not None:
        _add_exact(exact, marker.status_code, _marker_body(member, marker, text))
    elif marker.codes in groups:
        raise _Problem(f"{marker.__name__} is declared twice in {text}; write one {marker.__name__}[A | B].")
    else:
        groups[marker.codes] = _marker_body(member, marker, text)


def _marker_body(member: object, origin: type[Status[Any]], text: str) -> object:
    args = get_args(member)
    if args:
        return args[-1]
    if getattr(origin, "__parameters__", ()):
        raise _Problem(f"{origin.__name__} in {text} needs its body: {origin.__name__}[...].")
    return None  # NoContent and its like have none.


def _read_code(member: object, exact: dict[int, object], text: str) -> None:
    args = get_args(member)
    codes = _plain(args[0]) if len(args) == 2 else None
    if get_origin(codes) is not Literal:
        raise _Problem(f"Code in {text} needs a literal status and a body: Code[Literal[425], TooEarly].")
    for code in get_args(codes):
        if not is_final_status(code):
            raise _Problem(f"{code!r} in {text} is not a status that a response can end with. Use 200 to 599.")
        _add_exact(exact, int(code), args[1])


def _add_exact(exact: dict[int, object], code: int, body: object) -> None:
    if code in exact:
        raise _Problem(f"Status {code} is declared twice; write one marker with a union, such as Ok[A | B].")
    exact[code] = body


def body_parts(body: object) -> BodyParts:
    """Take the body type of a status apart by how it is sent.

    Args:
        body: A declared body type, perhaps a union.
    """
    json: list[object] = []
    event: list[object] = []
    line: list[object] = []
    takes_bytes = takes_file = False
    for member in _members(body):
        origin = get_origin(member) or member
        if origin is EventStream:
            # Text is sent as it stands, also under another name.
            event.extend(str if _unaliased(arg) is str else arg for arg in get_args(member) or (str,))
        elif origin is JsonLines:
            line.extend(get_args(member) or (object,))
        elif origin is File:
            takes_file = True
        elif origin is bytes:
            takes_bytes = True
        else:
            json.append(member)
    return BodyParts(tuple(json), tuple(event), tuple(line), takes_bytes, takes_file)


def _check_body(body: object, owner: str, found: _Findings) -> None:
    parts = body_parts(body)
    for item in parts.json:
        if get_origin(item) in _ITERABLES and get_args(item)[:1] == (bytes,):
            raise _Problem(
                f"{owner} cannot be used: '{schema.spell(item)}' is a way to give bytes. Write bytes, such as "
                "Ok[bytes]; res.send(...) takes an iterator of bytes for it."
            )
    for item in (*((parts.json_type,) if parts.json else ()), *parts.event, *parts.line):
        with found:
            _check_type(item, owner, "Answer with bytes or a File.")


def _type_checking_names(module: types.ModuleType) -> set[str]:
    """Find the names that a module imports under `if TYPE_CHECKING:`; for an error message alone."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, SyntaxError, TypeError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for child in ast.walk(node):
                if isinstance(child, (ast.Import, ast.ImportFrom)):
                    names.update((alias.asname or alias.name).partition(".")[0] for alias in child.names)
    return names
