"""One handler: its signature, what it declares, and whether its body keeps the promise to answer."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from mypy.errorcodes import ErrorCode
from mypy.nodes import Context, FuncDef
from mypy.options import Options
from mypy.server.trigger import make_wildcard_trigger
from mypy.types import (
    AnyType,
    CallableType,
    Instance,
    NoneType,
    ProperType,
    TupleType,
    Type,
    TypedDictType,
    TypeOfAny,
    TypeVarType,
    UninhabitedType,
    get_proper_type,
)

from typed_api.config import RouteConfig, resolve
from typed_api.errors import ConfigError
from typed_api.mypy_plugin import _codes
from typed_api.mypy_plugin._declared import (
    HEADERS,
    QUERY_MAPPING,
    REQUEST,
    RESPONSE,
    Declared,
    declares_body,
    instance_of,
    is_omitted,
    is_sent,
    spelled,
    union_items,
)
from typed_api.mypy_plugin._flow import Flow
from typed_api.mypy_plugin._json import Writability, fields_of_class
from typed_api.mypy_plugin._literals import Literals, takes_dict
from typed_api.mypy_plugin._sources import Sources
from typed_api.mypy_plugin._trees import body_of, words_of
from typed_api.pattern import Pattern, SegmentKind

__all__ = ["HandlerCheck"]

SIGNATURE: Final = "(req: ApiRequest, res: ApiResponse[...])"
_BODYLESS: Final = frozenset({"get", "head", "options"})
_AWAITABLES: Final = frozenset({"typing.Coroutine", "typing.Awaitable"})

Fail: TypeAlias = Callable[[str, Context, ErrorCode], None]


class HandlerCheck:
    """The check of one handler, when mypy has checked its body."""

    # Any: the checker of mypy is no part of its plugin interface.
    def __init__(
        self, chk: Any, function: FuncDef, pattern: Pattern, config: RouteConfig | None, sources: Sources
    ) -> None:
        """Prepare.

        Args:
            chk: mypy's checker.
            function: The handler.
            pattern: The route of its file.
            config: The literal settings of its module, if there are any.
            sources: Says what mypy's types do not keep.
        """
        self._chk: Any = chk
        self._options: Options = chk.options
        self._function: FuncDef = function
        self._name: str = function.name
        self._pattern: Pattern = pattern
        self._config: RouteConfig | None = config
        self._sources: Sources = sources
        self._is_fine: bool = True

    def run(self, *, at_end: bool) -> None:
        """Report what is wrong.

        Args:
            at_end: Whether the end of the body is reached, as mypy sees it. It asks once for all other ways out, and
                once more for this one.
        """
        function = self._function
        declared = get_proper_type(function.type) if function.type is not None else None
        body = body_of(function)
        if not isinstance(declared, CallableType) or body is None:
            return
        if not at_end and not self._check_signature(declared):
            return
        res = next(
            (
                argument.variable.name
                for argument, type_ in zip(function.arguments, declared.arg_types, strict=True)
                if instance_of(type_, RESPONSE) is not None
            ),
            None,
        )
        if res is None or function.is_generator:
            return
        flow = Flow(self._chk, body, res)
        if at_end:
            # Of a handler that returns Sent, mypy itself says that a return is missing.
            if flow.may_end_unsent and flow.answers and not self._must_return(declared):
                self._fail(f'Handler "{self._name}" may finish without sending a response', function, _codes.FLOW)
            return
        for node in flow.again:
            self._fail("Response already sent: a handler may send only once", node, _codes.FLOW)
        if flow.answers == 0 and (flow.early or flow.may_end_unsent):
            self._fail(f'Handler "{self._name}" never sends a response', function, _codes.FLOW)
            return
        for node in flow.early:
            self._fail(f'Handler "{self._name}" returns here without sending a response', node, _codes.FLOW)

    def _fail(self, message: str, where: Context, code: ErrorCode) -> None:
        self._is_fine = False
        self._chk.fail(message, where, code=code)

    def _must_return(self, declared: CallableType) -> bool:
        result = get_proper_type(declared.ret_type)
        if isinstance(result, Instance) and result.type.fullname == "typing.Coroutine" and result.args:
            result = get_proper_type(result.args[-1])
        return is_sent(result)

    # The signature

    def _check_signature(self, declared: CallableType) -> bool:
        """Check all but the flow; gives whether the body can be followed."""
        function, name = self._function, self._name
        if function.is_generator or function.is_async_generator:
            self._fail(
                f'Handler "{name}" must not yield; answer with res.send(iterator) to stream', function, _codes.SIGNATURE
            )
            return False
        count = len(declared.arg_types)
        is_plain = count == 2 and all(kind.is_positional() for kind in declared.arg_kinds)
        # A decorator may hand the function more.
        if not is_plain and not (function.is_decorated and count > 2):
            counted = f", not {count}" if count != 2 else ""
            self._fail(
                f'Handler "{name}" must take exactly two positional parameters {SIGNATURE}{counted}',
                function,
                _codes.SIGNATURE,
            )
            return False
        first_two = [get_proper_type(type_) for type_ in declared.arg_types[:2]]
        if any(_is_unannotated(type_) for type_ in first_two):
            self._fail(f'Handler "{name}" must be annotated: def {name}{SIGNATURE} -> None', function, _codes.SIGNATURE)
            return False
        for index, (fullname, short) in enumerate(((REQUEST, "ApiRequest"), (RESPONSE, "ApiResponse"))):
            given = first_two[index]
            # A type variable, or what mypy could not find, is not known.
            if isinstance(given, (AnyType, TypeVarType)):
                continue
            if instance_of(given, fullname) is None:
                self._fail(
                    f'Parameter "{declared.arg_names[index]}" of handler "{name}" must be {short}, '
                    f"not {spelled(given, self._options)}",
                    function.arguments[index],
                    _codes.SIGNATURE,
                )
                return False
        returns_nothing = self._check_result(declared)
        request, response = instance_of(first_two[0], REQUEST), instance_of(first_two[1], RESPONSE)
        if request is not None:
            self._check_request(request)
        if response is not None:
            self._check_response(response)
        return returns_nothing

    def _check_result(self, declared: CallableType) -> bool:
        result = get_proper_type(declared.ret_type)
        if self._function.is_coroutine and isinstance(result, Instance) and result.args:
            result = get_proper_type(result.args[-1])
        for item in union_items(result):
            if not _returns_nothing(item):
                self._fail(
                    f'Handler "{self._name}" must return None, not {spelled(item, self._options)}; '
                    "send the body with res.json(...)",
                    self._function,
                    _codes.SIGNATURE,
                )
                return False
        return True

    # The request

    def _check_request(self, request: Instance) -> None:
        name, where = self._name, self._function.arguments[0]
        body, query, headers = request.args
        if declares_body(body):
            if name in _BODYLESS:
                # The body alone, as start-up says it: the types of queries and headers are not at fault.
                shown = spelled(Instance(request.type, [body]), self._options)
                self._fail(f'A {name.upper()} request has no body: "{name}" cannot take {shown}', where, _codes.METHOD)
            elif self._leaves_body_unread():
                self._fail(
                    f'Handler "{name}" declares a body, but parse_body=False leaves it unread. Take a bare ApiRequest '
                    "and read it with req.read() or req.stream(), or drop parse_body=False",
                    where,
                    _codes.SIGNATURE,
                )
            else:
                self._check_written(body, 0, f'The body of handler "{name}"')
        self._check_query(get_proper_type(query))
        if _is_fieldless(get_proper_type(headers), HEADERS):
            self._refuse_fields("headers", headers)

    def _leaves_body_unread(self) -> bool:
        if self._config is None:
            return False
        method = "POST" if self._name == "handler" else self._name.upper()
        try:
            return not resolve([self._config], method).parse_body
        except ConfigError:
            return False

    def _refuse_fields(self, what: str, declared: Type) -> None:
        self._fail(
            f'The {what} of handler "{self._name}" cannot be used: {spelled(declared, self._options)} has no named '
            "fields, so queries, headers and forms cannot be read into it. Use a pydantic model, a dataclass or a "
            "TypedDict",
            self._function.arguments[0],
            _codes.QUERY,
        )

    def _check_query(self, query: ProperType) -> None:
        if _is_fieldless(query, QUERY_MAPPING):
            self._refuse_fields("query", query)
            return
        fields = self._query_fields(query)
        if fields is None:
            return
        where = self._function.arguments[0]
        for param, kind in self._pattern.params.items():
            if param not in fields:
                self._fail(
                    f'Path parameter "{param}" of route "{self._pattern.template}" is missing from '
                    f"{spelled(query, self._options)}",
                    where,
                    _codes.QUERY,
                )
                continue
            declared = fields[param]
            if kind is not SegmentKind.DYNAMIC and declared is not None and all(map(_is_scalar, union_items(declared))):
                self._fail(
                    f'Path parameter "{param}" of route "{self._pattern.template}" is "list[str]", '
                    f"not {spelled(declared, self._options)}",
                    where,
                    _codes.QUERY,
                )

    def _query_fields(self, query: ProperType) -> Mapping[str, Type | None] | None:
        if isinstance(query, TypedDictType):
            self._depend_on(query.fallback)
            return query.items
        if not isinstance(query, Instance) or not takes_dict(query):
            return None
        self._depend_on(query)
        found = Literals(self._chk, self._sources).fields_of(query)
        if found is None or found[1] or not self._sources.facts(query.type, self._chk.modules).knows_names:
            return None
        attributes = {field: type_ for _, field, type_ in fields_of_class(query)}
        return {name: attributes.get(name) if field.type is None else field.type for name, field in found[0].items()}

    # The response

    def _check_response(self, response: Instance) -> None:
        name, where = self._name, self._function.arguments[1]
        if is_omitted(response.args[0]):
            self._fail(
                f'Handler "{name}" must say what it answers: ApiResponse[Ok[...]], or ApiResponse[Never] for redirects '
                "alone",
                where,
                _codes.SIGNATURE,
            )
            return
        declared = Declared(response, self._options)
        for problem in declared.problems:
            self._fail(problem, where, _codes.STATUS)
        for item in union_items(response.args[0]):
            if not self._check_written(item, 1, "Response type"):
                return

    def _check_written(self, declared: Type, index: int, owner: str) -> bool:
        function = self._function
        written = function.unanalyzed_type
        annotation = written.arg_types[index] if isinstance(written, CallableType) else None
        writability = Writability(self._sources, self._chk.modules, words_of(annotation))
        bad = writability.find(declared, top=index == 1)
        for info in writability.met:
            self._depend_on_class(info.fullname)
        if bad is None:
            return True
        options = self._options
        at = f' (field "{bad.field}" of "{bad.owner}")' if bad.owner else ""
        if owner == "Response type":
            owner = f"Response type {spelled(declared, options)}"
            verb = "serialized to"
        else:
            verb = "read from"
        self._fail(
            f"{owner} cannot be {verb} JSON: {spelled(bad.part, options)}{at} is not a pydantic model, dataclass, "
            "TypedDict or JSON value",
            function.arguments[index],
            _codes.SERIALIZE,
        )
        return False

    # mypy's daemon checks a handler again when a class that it was held against changes.

    def _depend_on(self, item: Instance) -> None:
        self._depend_on_class(item.type.fullname)

    def _depend_on_class(self, fullname: str) -> None:
        dependents = self._chk.tree.plugin_deps.setdefault(make_wildcard_trigger(fullname), set())
        dependents.add(self._function.fullname)


def _is_unannotated(declared: ProperType) -> bool:
    return isinstance(declared, AnyType) and declared.type_of_any == TypeOfAny.unannotated


def _returns_nothing(item: ProperType) -> bool:
    if isinstance(item, (NoneType, AnyType, UninhabitedType, TypeVarType)):
        return True
    if isinstance(item, Instance) and item.type.fullname in _AWAITABLES and item.args:
        return all(map(_returns_nothing, union_items(item.args[-1])))
    return is_sent(item)


def _is_fieldless(declared: ProperType, default: str) -> bool:
    """Tell whether a query or headers are declared as what has no named fields."""
    if isinstance(declared, TupleType):
        return declared.partial_fallback.type.fullname == "builtins.tuple"
    if not isinstance(declared, Instance) or takes_dict(declared):
        return False
    return declared.type.fullname not in (default, "builtins.object")


def _is_scalar(item: ProperType) -> bool:
    return isinstance(item, Instance) and item.type.fullname in (
        "builtins.str",
        "builtins.int",
        "builtins.float",
        "builtins.bool",
    )
