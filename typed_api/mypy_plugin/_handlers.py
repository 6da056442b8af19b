"""One handler: its signature, what it declares, and whether its body keeps the promise to answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    UnionType,
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
    is_any_written,
    is_omitted,
    is_sent,
    spelled,
    union_items,
)
from typed_api.mypy_plugin._flow import Flow
from typed_api.mypy_plugin._json import Writability, fields_of_class
from typed_api.mypy_plugin._literals import Field, Literals, fields_of_typed_dict, root_of, takes_dict
from typed_api.mypy_plugin._sources import Sources
from typed_api.mypy_plugin._trees import body_of, words_of
from typed_api.pattern import Pattern, SegmentKind

__all__ = ["HandlerCheck", "parameter_problem", "result_problem"]

SIGNATURE: Final = "(req: ApiRequest, res: ApiResponse[...])"
_BODYLESS: Final = frozenset({"get", "head", "options"})
_AWAITABLES: Final = frozenset({"typing.Coroutine", "typing.Awaitable"})

Fail: TypeAlias = Callable[[str, Context, ErrorCode], None]


class HandlerCheck:
    """The check of one handler, when mypy has checked its body."""

    # Any: the checker of mypy is no part of its plugin interface.
    def __init__(
        self,
        chk: Any,
        function: FuncDef,
        names: Sequence[str],
        pattern: Pattern,
        config: RouteConfig | None,
        sources: Sources,
    ) -> None:
        """Prepare.

        Args:
            chk: mypy's checker.
            function: The handler.
            names: What the module calls it; several when it is assigned to further names.
            pattern: The route of its file.
            config: The literal settings of its module, if there are any.
            sources: Says what mypy's types do not keep.
        """
        self._chk: Any = chk
        self._options: Options = chk.options
        self._function: FuncDef = function
        self._names: Sequence[str] = names
        self._name: str = names[0]
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
            if flow.may_end_unsent and (flow.answers or flow.escapes) and not self._must_return(declared):
                self._fail(
                    f'Handler "{self._name}" may finish without sending a response; answer on every path, or raise',
                    function,
                    _codes.FLOW,
                )
            return
        for node in flow.again:
            self._fail(
                'Response already sent: a handler may send only once; "return" after the first answer, or use "else"',
                node,
                _codes.FLOW,
            )
        if flow.answers == 0 and not flow.escapes and (flow.early or flow.may_end_unsent):
            self._fail(
                f'Handler "{self._name}" never sends a response; call res.json(...), or another method that answers',
                function,
                _codes.FLOW,
            )
            return
        for node in flow.early:
            self._fail(
                f'Handler "{self._name}" returns here without sending a response; answer first, or raise',
                node,
                _codes.FLOW,
            )

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
        # A decorator may hand on something of its own, so that an Any there says nothing.
        problem = parameter_problem(name, declared, self._options, allow_any=function.is_decorated)
        if problem is not None:
            message, index = problem
            self._fail(message, function.arguments[index], _codes.SIGNATURE)
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
        problem = result_problem(self._name, result, self._options)
        if problem is not None:
            self._fail(problem, self._function, _codes.SIGNATURE)
        return problem is None

    # The request

    def _check_request(self, request: Instance) -> None:
        name, where = self._name, self._function.arguments[0]
        body, query, headers = request.args
        if declares_body(body):
            bodyless = self._bodyless_use()
            if bodyless is not None:
                user, method = bodyless
                # The body alone, as start-up says it: the types of queries and headers are not at fault.
                shown = spelled(Instance(request.type, [body]), self._options)
                article = "An" if method == "OPTIONS" else "A"
                self._fail(
                    f'{article} {method} request has no body: "{user}" cannot take {shown}', where, _codes.METHOD
                )
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

    def _bodyless_use(self) -> tuple[str, str] | None:
        """Find a name of the handler whose requests have no body, with their method; None when they may have one."""
        for name in self._names:
            if name in _BODYLESS:
                return name, name.upper()
        if self._name != "handler" or self._config is None:
            return None
        methods = self._config.methods
        if not isinstance(methods, tuple):
            return None
        return ("handler", min(methods)) if all(method.lower() in _BODYLESS for method in methods) else None

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
        if _is_fieldless(query, QUERY_MAPPING) or root_of(query) is not None:
            self._refuse_fields("query", query)
            return
        if isinstance(query, TypedDictType):
            info = query.fallback.type
            self._depend_on(query.fallback)
            fields: Mapping[str, Field] | None = fields_of_typed_dict(query)
        elif isinstance(query, Instance) and takes_dict(query):
            info = query.type
            self._depend_on(query)
            fields = self._query_fields(query)
        else:
            return
        if fields is None or not any(self._query_problems(query, fields)):
            return
        # The sources may know of an alias, a default or a validator.
        corrected = Literals(self._chk, self._sources).corrected(info, fields)
        if corrected is not None:
            for message in self._query_problems(query, corrected):
                self._fail(message, self._function.arguments[0], _codes.QUERY)

    def _query_problems(self, query: ProperType, fields: Mapping[str, Field]) -> Iterator[str]:
        template, options = self._pattern.template, self._options
        for param, kind in self._pattern.params.items():
            field = fields.get(param)
            if field is None:
                yield (
                    f'Path parameter "{param}" of route "{template}" is missing from {spelled(query, options)}, the '
                    f'query of handler "{self._name}". Add a field of that name'
                )
                continue
            if kind is SegmentKind.DYNAMIC:
                continue
            if field.type is not None and all(map(_is_scalar, union_items(field.type))):
                yield (
                    f'Path parameter "{param}" of route "{template}" is "list[str]", not {spelled(field.type, options)}'
                )
            elif kind is SegmentKind.OPTIONAL_CATCH_ALL and field.is_required:
                yield (
                    f'Path parameter "{param}" of route "{template}" may be absent, which {spelled(query, options)} '
                    "does not allow. Give the field a default"
                )

    def _query_fields(self, query: Instance) -> Mapping[str, Field] | None:
        """Give the fields of a model or dataclass; None when any may be taken."""
        found = Literals(self._chk, self._sources).fields_of(query)
        if found is None or found[1]:
            return None
        attributes = {field: type_ for _, field, type_ in fields_of_class(query)}
        return {
            name: Field(attributes.get(name), field.is_required) if field.type is None else field
            for name, field in found[0].items()
        }

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


def parameter_problem(
    name: str, declared: CallableType, options: Options, *, allow_any: bool = False
) -> tuple[str, int] | None:
    """Say what is wrong with the types of a handler's two parameters, and with which; None when they may be right.

    Args:
        name: The handler.
        declared: The type of the function.
        options: mypy's.
        allow_any: Whether a written `Any` may be right.
    """
    given = [get_proper_type(type_) for type_ in declared.arg_types[:2]]
    for index, (fullname, short) in enumerate(((REQUEST, "ApiRequest"), (RESPONSE, "ApiResponse"))):
        # A type variable, or what mypy could not find, is not known.
        if isinstance(given[index], TypeVarType) or (
            isinstance(given[index], AnyType) and (allow_any or not is_any_written(given[index]))
        ):
            continue
        if instance_of(given[index], fullname) is None:
            is_swapped = instance_of(given[0], RESPONSE) is not None and instance_of(given[1], REQUEST) is not None
            mend = ". Swap the two parameters" if is_swapped else ""
            return (
                f'Parameter "{declared.arg_names[index]}" of handler "{name}" must be {short}, '
                f"not {spelled(given[index], options)}{mend}",
                index,
            )
    return None


def result_problem(name: str, result: Type, options: Options) -> str | None:
    """Say what is wrong with the result of a handler, which is that of its coroutine when it is async."""
    for item in union_items(result):
        if not _returns_nothing(item):
            return f'Handler "{name}" must return None, not {spelled(item, options)}; send the body with res.json(...)'
    return None


def _is_unannotated(declared: ProperType) -> bool:
    return isinstance(declared, AnyType) and declared.type_of_any == TypeOfAny.unannotated


def _returns_nothing(item: ProperType) -> bool:
    if isinstance(item, (NoneType, AnyType, UninhabitedType, TypeVarType)):
        return True
    if isinstance(item, Instance) and item.type.fullname in _AWAITABLES and item.args:
        return all(map(_returns_nothing, union_items(item.args[-1])))
    return is_sent(item)


def _is_fieldless(declared: ProperType, default: str) -> bool:
    """Tell whether a query or headers are declared as what has no named fields: None and unions too."""
    if isinstance(declared, (TupleType, NoneType)):
        return True
    if isinstance(declared, UnionType):
        return all(isinstance(item, (Instance, TypedDictType, NoneType)) for item in union_items(declared))
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
