"""One module: is it a route, does it have handlers, and can its settings be used?

The sentences about settings and file names are those of `typed_api.config` and `typed_api.pattern`: the plugin builds
the same `RouteConfig` from what is literal, and start-up refuses the same module with the same words.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias, cast

from mypy.errorcodes import ErrorCode
from mypy.nodes import (
    AssignmentStmt,
    CallExpr,
    Decorator,
    DictExpr,
    Expression,
    FuncDef,
    IfStmt,
    Import,
    ImportFrom,
    IntExpr,
    ListExpr,
    MemberExpr,
    MypyFile,
    NameExpr,
    RefExpr,
    SetExpr,
    Statement,
    StrExpr,
    SymbolNode,
    TupleExpr,
    TypeInfo,
    UnaryExpr,
    Var,
)
from mypy.nodes import (
    TypeAlias as AliasNode,
)
from mypy.options import Options
from mypy.types import CallableType, Instance, Type, get_proper_type

from typed_api.config import METHODS, RouteConfig
from typed_api.errors import ConfigError
from typed_api.mypy_plugin import _codes
from typed_api.mypy_plugin._declared import instance_of, spelled
from typed_api.mypy_plugin._handlers import SIGNATURE
from typed_api.mypy_plugin._trees import top_level_functions, words_of
from typed_api.pattern import (
    INDEX,
    Pattern,
    PatternError,
    Segment,
    SegmentKind,
    find_conflicts,
    is_test_name,
    parse_name,
    parse_path,
    static_segment,
)

__all__ = [
    "HANDLER_NAMES",
    "ROUTE_CONFIG",
    "Route",
    "call_problems",
    "check_module",
    "literal_config",
    "read_route",
    "relative_to",
]

HANDLER_NAMES: Final = ("handler", "get", "post", "put", "patch", "delete", "head", "options")
ROUTE_CONFIG: Final = "typed_api.config.RouteConfig"
_METHOD_NAMES: Final = frozenset(method.lower() for method in METHODS)

Report: TypeAlias = Callable[[int, str, ErrorCode], None]
"""Tells of a line what is wrong with it."""


class Route:
    """What the path of a file says.

    Attributes:
        relative: The path below the root folder, with `/` between its parts.
        pattern: The route; None for what is none.
        problem: Why the path can be no route; None when it can, or is private.
    """

    def __init__(self, relative: str, pattern: Pattern | None, problem: str | None) -> None:
        """Keep the facts."""
        self.relative: str = relative
        self.pattern: Pattern | None = pattern
        self.problem: str | None = problem

    @property
    def stem(self) -> str:
        """The name of the file without `.py`."""
        return self.relative.rpartition("/")[2].removesuffix(".py")


def read_route(relative: str, word_separator: str | None) -> Route:
    """Read the path of a file below the root folder."""
    try:
        pattern = parse_path(relative, word_separator=word_separator)
    except PatternError as error:
        return Route(relative, None, str(error))
    problems = [] if pattern is None else find_conflicts([(relative, pattern)])
    return Route(relative, pattern, problems[0] if problems else None)


def check_module(file: MypyFile, route: Route, options: Options, report: Report) -> None:
    """Report what is wrong with a module of the routes, beside the insides of its handlers."""
    handlers = {name: file.names[name].node for name in HANDLER_NAMES if name in file.names}
    if route.problem is not None:
        report(1, route.problem, _codes.ROUTE)
    if route.pattern is None:
        if route.problem is None:
            _check_no_route(file, route, handlers, report)
        return
    is_page = "render" in file.names and not route.relative.startswith("api/")
    if handlers and is_page:
        report(
            1,
            f"{route.relative!r} has both a handler and 'render', so that it would be an API route and a page. Move "
            "one of them to another file",
            _codes.ROUTE,
        )
    elif not handlers and not is_page:
        report(
            1,
            f'Route module for "{route.pattern.template}" defines no handler: expected "handler" or one of '
            f"{', '.join(HANDLER_NAMES[1:])}",
            _codes.ROUTE,
        )
    for name, node in handlers.items():
        if name != "handler" and "handler" in handlers:
            report(
                _line_of(file, name, node),
                f'"{name}" is never called: "handler" already handles every method',
                _codes.ROUTE,
            )
        _check_attribute(file, name, node, options, report)
    _check_config(file, route, report)
    _check_type_checking(file, report)


def _check_no_route(file: MypyFile, route: Route, handlers: Mapping[str, SymbolNode | None], report: Report) -> None:
    own = [name for name, node in handlers.items() if isinstance(node, (FuncDef, Decorator)) and _is_own(file, node)]
    if not own or any(part.startswith("_") and part != "__init__.py" for part in route.relative.split("/")[:-1]):
        return
    shown = " and ".join(map(repr, own))
    line = _line_of(file, own[0], handlers[own[0]])
    if route.stem == "__init__":
        report(
            line,
            f"'{route.relative}' has {shown}, but an '__init__.py' is no route. Move it to "
            f"'{route.relative.removesuffix('__init__.py')}index.py'",
            _codes.ROUTE,
        )
    elif is_test_name(route.stem) and all(_takes_two(handlers[name]) for name in own):
        report(
            line,
            f"'{route.relative}' has {shown}, but files named 'test_*.py', '*_test.py' or 'conftest.py' are never "
            f'routes. Rename the file (config = RouteConfig(segment="{route.stem}") keeps the URL), or the function',
            _codes.ROUTE,
        )


def _takes_two(node: SymbolNode | None) -> bool:
    function = node.func if isinstance(node, Decorator) else node
    return isinstance(function, FuncDef) and len(function.arguments) == 2


def _is_own(file: MypyFile, node: SymbolNode | None) -> bool:
    return node is not None and node.fullname.rpartition(".")[0] == file.fullname


def _line_of(file: MypyFile, name: str, node: SymbolNode | None) -> int:
    """Find where a module defines or imports a name."""
    if isinstance(node, (FuncDef, Decorator, TypeInfo, Var)) and _is_own(file, node) and node.line > 0:
        return node.func.line if isinstance(node, Decorator) else node.line
    for statement in file.defs:
        if isinstance(statement, ImportFrom) and any((alias or real) == name for real, alias in statement.names):
            return statement.line
    return 1


def _check_attribute(file: MypyFile, name: str, node: SymbolNode | None, options: Options, report: Report) -> None:
    """Check what a handler's name stands for: a function, decorated or imported or made, that takes two arguments."""
    line = _line_of(file, name, node)
    if isinstance(node, (TypeInfo, AliasNode)):
        report(line, f'Handler "{name}" must be a function {SIGNATURE}, not a class', _codes.SIGNATURE)
    elif isinstance(node, FuncDef):
        if node.type is None:
            report(line, f'Handler "{name}" must be annotated: def {name}{SIGNATURE} -> None', _codes.SIGNATURE)
        elif not _is_own(file, node) and not _accepts_two(node.type):
            report(
                line,
                f'Handler "{name}" must take exactly two positional parameters {SIGNATURE}, not {len(node.arguments)}',
                _codes.SIGNATURE,
            )
    elif isinstance(node, Decorator):
        if node.func.type is None:
            report(line, f'Handler "{name}" must be annotated: def {name}{SIGNATURE} -> None', _codes.SIGNATURE)
        elif not _accepts_two(node.var.type):
            report(
                line,
                f'Handler "{name}" is decorated by something that cannot be called with {SIGNATURE}',
                _codes.SIGNATURE,
            )
    elif isinstance(node, Var) and node.type is not None:
        made = get_proper_type(node.type)
        if isinstance(made, Instance) and not made.type.is_protocol and not made.type.fallback_to_any:
            report(
                line,
                f'Handler "{name}" must be a function {SIGNATURE}, not {spelled(made, options)}; write "def" around it '
                "and call it there",
                _codes.SIGNATURE,
            )
        elif not _accepts_two(made):
            report(
                line,
                f'Handler "{name}" must take exactly two positional parameters {SIGNATURE}',
                _codes.SIGNATURE,
            )


def _accepts_two(declared: Type | None) -> bool:
    """Tell whether a callable takes two positional arguments; what is not known does."""
    proper = None if declared is None else get_proper_type(declared)
    if not isinstance(proper, CallableType) or proper.is_type_obj():
        return True
    needed = sum(kind.is_required() for kind in proper.arg_kinds)
    named_only = any(kind.is_named() and kind.is_required() for kind in proper.arg_kinds)
    places = sum(kind.is_positional() for kind in proper.arg_kinds)
    return not named_only and needed <= 2 and (places >= 2 or any(kind.is_star() for kind in proper.arg_kinds))


# Settings


class _NotLiteral(Exception):
    """An expression has a value that is not known before it runs."""


def _evaluate(node: Expression) -> object:
    if isinstance(node, (StrExpr, IntExpr)):
        return node.value
    if isinstance(node, UnaryExpr) and node.op == "-" and isinstance(node.expr, IntExpr):
        return -node.expr.value
    if isinstance(node, (ListExpr, TupleExpr, SetExpr)):
        return [_evaluate(item) for item in node.items]
    if isinstance(node, DictExpr):
        return {_evaluate(key): _evaluate(value) for key, value in node.items if key is not None}
    if isinstance(node, CallExpr) and _is_config(node):
        return _build(node)
    if isinstance(node, NameExpr):
        if node.fullname in ("builtins.True", "builtins.False"):
            return node.fullname == "builtins.True"
        if node.fullname == "builtins.None":
            return None
    if isinstance(node, RefExpr) and isinstance(node.node, Var) and node.node.final_value is not None:
        return node.node.final_value
    raise _NotLiteral


# The constructor checks each value: what it is given comes from the user's text.
_make_config = cast("Callable[..., RouteConfig]", RouteConfig)


def _is_config(node: Expression) -> bool:
    return isinstance(node, CallExpr) and isinstance(node.callee, RefExpr) and node.callee.fullname == ROUTE_CONFIG


def _literal_arguments(node: CallExpr) -> Iterator[tuple[str, object, Expression]]:
    for name, argument in zip(node.arg_names, node.args, strict=True):
        # A guard is a function, which no literal is.
        if name is None or name == "before":
            continue
        try:
            yield name, _evaluate(argument), argument
        except (_NotLiteral, ConfigError, TypeError):
            continue


def _build(node: CallExpr) -> RouteConfig:
    """Make the settings of a call from its literal arguments.

    Raises:
        ConfigError: If one of them cannot be used.
    """
    found = {name: value for name, value, _ in _literal_arguments(node)}
    return _make_config(**found)


def call_problems(node: CallExpr) -> Iterator[tuple[str, Expression]]:
    """Yield what cannot be used in a call of RouteConfig, with the argument that has it.

    What mypy refuses by its type it reports itself.
    """
    for name, value, argument in _literal_arguments(node):
        if not _has_type(name, value):
            continue
        try:
            _make_config(**{name: value})
            if name == "segment" and isinstance(value, str):
                static_segment(value)
        except (ConfigError, PatternError) as error:
            yield str(error), argument
        except TypeError:
            continue


def _has_type(name: str, value: object) -> bool:
    """Tell whether mypy accepts the type of a value, so that its error would not come twice."""
    if name in ("body_limit", "response_limit"):
        return isinstance(value, (int, str))
    if name in ("segment", "operation_id"):
        return isinstance(value, str)
    if name in ("methods", "tags"):
        return isinstance(value, str) or (
            isinstance(value, list) and all(isinstance(item, str) for item in cast("list[object]", value))
        )
    return isinstance(value, RouteConfig)


def _config_call(file: MypyFile) -> CallExpr | None:
    for statement in file.defs:
        if isinstance(statement, AssignmentStmt) and isinstance(statement.rvalue, CallExpr):
            names = [target.name for target in statement.lvalues if isinstance(target, NameExpr)]
            if "config" in names and _is_config(statement.rvalue):
                return statement.rvalue
    return None


def literal_config(file: MypyFile) -> RouteConfig | None:
    """Make the settings of a module from what is literal in them; None when it has none that can be read."""
    call = _config_call(file)
    try:
        return None if call is None else _build(call)
    except (ConfigError, TypeError):
        return None


def _check_config(file: MypyFile, route: Route, report: Report) -> None:
    symbol = file.names.get("config")
    if symbol is None:
        return
    node = symbol.node
    if isinstance(node, Var) and _is_own(file, node) and node.type is not None:
        made = get_proper_type(node.type)
        if isinstance(made, Instance) and instance_of(made, ROUTE_CONFIG) is None and not made.type.fallback_to_any:
            report(
                _line_of(file, "config", node),
                f"'{route.relative}' sets config to {made.type.name!r}, which is no RouteConfig. Write config = "
                "RouteConfig(...), or use another name",
                _codes.ROUTE,
            )
    call = _config_call(file)
    if call is None:
        return
    for name, value, argument in _literal_arguments(call):
        if name == "segment" and isinstance(value, str):
            own = parse_name(route.stem)
            if own is not None and (why := _segment_refusal(own)) is not None:
                report(argument.line, f"'{route.relative}' sets segment={value!r}, but {why}", _codes.ROUTE)


def _segment_refusal(own: Segment) -> str | None:
    if own == INDEX:
        return "an index has no segment of its own. Set it in the folder's '__init__.py'"
    if own.kind is not SegmentKind.STATIC:
        return f"the name says that its segment is the parameter {own.text!r}. Leave one of the two out"
    return None


# Names that only a checker knows


def _check_type_checking(file: MypyFile, report: Report) -> None:
    hidden = {name for statement in file.defs for name in _hidden_names(statement)}
    if not hidden:
        return
    for function in top_level_functions(file):
        written = function.unanalyzed_type
        if function.name not in HANDLER_NAMES or not isinstance(written, CallableType):
            continue
        used = [name for type_ in written.arg_types[:2] for name in words_of(type_) if name in hidden]
        if used:
            report(
                function.line,
                f'Handler "{function.name}" is annotated with "{min(used)}", which is imported only under '
                "TYPE_CHECKING. The server reads the annotation too: import it at run time",
                _codes.SIGNATURE,
            )


def _hidden_names(statement: Statement) -> Iterator[str]:
    if not isinstance(statement, IfStmt) or not _is_type_checking(statement.expr[0]):
        return
    for inner in statement.body[0].body:
        if isinstance(inner, ImportFrom):
            yield from (alias or real for real, alias in inner.names)
        elif isinstance(inner, Import):
            yield from ((alias or real).partition(".")[0] for real, alias in inner.ids)


def _is_type_checking(node: Expression) -> bool:
    return isinstance(node, (NameExpr, MemberExpr)) and node.name == "TYPE_CHECKING"


def relative_to(root: str, path: str) -> str | None:
    """Give a path below a root folder with `/` between its parts; None when it is elsewhere."""
    absolute = os.path.abspath(path)
    prefix = root + os.sep
    return absolute[len(prefix) :].replace(os.sep, "/") if absolute.startswith(prefix) else None
