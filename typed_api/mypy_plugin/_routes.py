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
    Import,
    ImportFrom,
    IntExpr,
    LambdaExpr,
    ListExpr,
    MemberExpr,
    MypyFile,
    NameExpr,
    OverloadedFuncDef,
    RefExpr,
    SetExpr,
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
from typed_api.mypy_plugin._handlers import SIGNATURE, parameter_problem, result_problem
from typed_api.mypy_plugin._trees import aliases_of_functions, hidden_names, top_level_functions, words_of
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
_METHOD_NAMES: Final = tuple(method.lower() for method in METHODS)
_DEFINITIONS: Final = (FuncDef, Decorator, OverloadedFuncDef, TypeInfo, Var)
_MAY_BE_FUNCTIONS: Final = frozenset({"builtins.function", "builtins.object", "types.FunctionType"})

Report: TypeAlias = Callable[[int, str, ErrorCode], None]
"""Tells of a line what is wrong with it."""


class Route:
    """What the path of a file says.

    Attributes:
        relative: The path below the root folder, with `/` between its parts.
        pattern: The route; None for what is none.
        problem: Why the path can be no route; None when it can, or is private.
        shown: How start-up calls the file: `relative` below the root folder's name.
    """

    def __init__(self, relative: str, pattern: Pattern | None, problem: str | None, root: str) -> None:
        """Keep the facts; `root` is the name of the root folder."""
        self.relative: str = relative
        self.shown: str = f"{root}/{relative}"
        self.pattern: Pattern | None = pattern
        self.problem: str | None = problem

    @property
    def stem(self) -> str:
        """The name of the file without `.py`."""
        return self.relative.rpartition("/")[2].removesuffix(".py")


def read_route(relative: str, word_separator: str | None, root: str) -> Route:
    """Read the path of a file below the root folder, whose name is `root`."""
    try:
        pattern = parse_path(relative, word_separator=word_separator)
    except PatternError as error:
        return Route(relative, None, str(error), root)
    problems = [] if pattern is None else find_conflicts([(relative, pattern)])
    return Route(relative, pattern, problems[0] if problems else None, root)


def check_module(file: MypyFile, route: Route, options: Options, report: Report) -> None:
    """Report what is wrong with a module of the routes, beside the insides of its handlers."""
    hidden = hidden_names(file)
    handlers = {name: file.names[name].node for name in HANDLER_NAMES if name in file.names and name not in hidden}
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
            f"{', '.join(HANDLER_NAMES[1:])}; if it is no route, call it '_{route.stem.strip('_')}.py'",
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
    _check_config(file, route, hidden, report)
    _check_arguments(file, handlers, report)
    _check_type_checking(file, hidden, report)


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
    if isinstance(node, _DEFINITIONS) and _is_own(file, node) and node.line > 0:
        return node.func.line if isinstance(node, Decorator) else node.line
    for statement in (*file.imports, *file.defs):
        if isinstance(statement, ImportFrom):
            names = [alias or real for real, alias in statement.names]
        elif isinstance(statement, Import):
            names = [alias or real for real, alias in statement.ids]
        elif isinstance(statement, AssignmentStmt):
            names = [target.name for target in statement.lvalues if isinstance(target, NameExpr)]
        else:
            continue
        if name in names:
            return statement.line
    return 1


def _check_attribute(file: MypyFile, name: str, node: SymbolNode | None, options: Options, report: Report) -> None:
    """Check what a handler's name stands for: a function, decorated or imported or made, that takes two arguments."""
    line = _line_of(file, name, node)
    problem = _attribute_problem(file, name, node, options)
    if problem is not None:
        report(line, problem, _codes.SIGNATURE)


def _attribute_problem(file: MypyFile, name: str, node: SymbolNode | None, options: Options) -> str | None:
    whence = _whence(file, node)
    unannotated = f'Handler "{name}" must be annotated: def {name}{SIGNATURE} -> None'
    if isinstance(node, (TypeInfo, AliasNode)):
        return f'Handler "{name}" must be a function {SIGNATURE}, not a class{whence}'
    if isinstance(node, FuncDef):
        if node.type is None:
            return unannotated + whence
        # The insides of a module's own function are looked at where its body is.
        problem = None if _is_own(file, node) else _function_problem(name, node, options)
        return None if problem is None else problem + whence
    if isinstance(node, Decorator):
        if node.func.type is None:
            return unannotated
        if (made := _object_made(node.var.type)) is not None:
            return _no_function(name, made, options)
        if not _accepts_two(node.var.type):
            return f'Handler "{name}" is decorated by something that cannot be called with {SIGNATURE}'
    elif isinstance(node, Var):
        return _variable_problem(file, name, node, options, unannotated)
    return None


def _whence(file: MypyFile, node: SymbolNode | None) -> str:
    """Say, in a sentence to append, where something comes from that is no handler although it has the name of one."""
    module = "" if node is None else node.fullname.rpartition(".")[0]
    if not module or module == file.fullname:
        return ""
    return f". It was imported from '{module}': if it is no handler, import it under another name"


def _function_problem(name: str, node: FuncDef, options: Options) -> str | None:
    """Say why a function of another module is no handler."""
    declared = get_proper_type(node.type) if node.type is not None else None
    if not isinstance(declared, CallableType):
        return None
    count = len(declared.arg_types)
    if count != 2 or not all(kind.is_positional() for kind in declared.arg_kinds):
        counted = f", not {count}" if count != 2 else ""
        return f'Handler "{name}" must take exactly two positional parameters {SIGNATURE}{counted}'
    problem = parameter_problem(name, declared, options)
    if problem is not None:
        return problem[0]
    result = get_proper_type(declared.ret_type)
    if node.is_coroutine and isinstance(result, Instance) and result.args:
        result = get_proper_type(result.args[-1])
    return result_problem(name, result, options)


def _variable_problem(file: MypyFile, name: str, node: Var, options: Options, unannotated: str) -> str | None:
    value = _value_of(file, name) if _is_own(file, node) else None
    if isinstance(value, LambdaExpr):
        return unannotated
    if isinstance(value, NameExpr) and isinstance(value.node, FuncDef) and _is_own(file, value.node):
        return unannotated if value.node.type is None else None
    if node.type is None:
        return None
    made = get_proper_type(node.type)
    if (instance := _object_made(made)) is not None:
        return _no_function(name, instance, options)
    if isinstance(made, CallableType) and getattr(made, "is_bound", False) and isinstance(value, MemberExpr):
        mend = "Write `def` around it and call it there"
        return f'Handler "{name}" must be a function {SIGNATURE}, not "method". {mend}'
    if not _accepts_two(made):
        return f'Handler "{name}" must take exactly two positional parameters {SIGNATURE}'
    return None


def _value_of(file: MypyFile, name: str) -> Expression | None:
    """Find what a module assigns to a name."""
    for statement in file.defs:
        if isinstance(statement, AssignmentStmt):
            names = [target.name for target in statement.lvalues if isinstance(target, NameExpr)]
            if name in names:
                return statement.rvalue
    return None


def _object_made(declared: Type | None) -> Instance | None:
    """Give the type of what is an object and no function, whatever it can be called with; None when it may be one."""
    proper = None if declared is None else get_proper_type(declared)
    if not isinstance(proper, Instance) or proper.type.is_protocol or proper.type.fallback_to_any:
        return None
    # Stubs have private classes for what are functions really, such as what functools.wraps gives.
    is_private = proper.type.name.startswith("_") and proper.type.fullname != "functools._lru_cache_wrapper"
    return None if is_private or proper.type.fullname in _MAY_BE_FUNCTIONS else proper


def _no_function(name: str, made: Instance, options: Options) -> str:
    mend = 'write "def" around it and call it there'
    if not made.type.has_readable_member("__call__"):
        mend = "if it is no handler, give it another name"
    return f'Handler "{name}" must be a function {SIGNATURE}, not {spelled(made, options)}; {mend}'


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


def _check_config(file: MypyFile, route: Route, hidden: set[str], report: Report) -> None:
    symbol = file.names.get("config")
    if symbol is None or "config" in hidden:
        _check_stray_config(file, route, hidden, report)
        return
    node = symbol.node
    line = _line_of(file, "config", node)
    if isinstance(node, MypyFile):
        # Python sets a submodule on its package, under its own name.
        if node.fullname != f"{file.fullname}.config":
            report(
                line,
                f"'{route.shown}' imports the module '{node.fullname}' as 'config', which is the name of the route's "
                "settings. Import it under another name",
                _codes.ROUTE,
            )
        return
    made = _kind_of_config(node)
    if made is not None:
        report(
            line,
            f"'{route.relative}' sets config to {made}, which is no RouteConfig. Write config = RouteConfig(...), or "
            "use another name",
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


def _kind_of_config(node: SymbolNode | None) -> str | None:
    """Write what `config` is when it is no RouteConfig; None when it is one, or not known."""
    if isinstance(node, (FuncDef, Decorator, OverloadedFuncDef)):
        return None if isinstance(node, Decorator) and not isinstance(node.var.type, CallableType) else "a function"
    if isinstance(node, (TypeInfo, AliasNode)):
        return "a class"
    if not isinstance(node, Var) or node.type is None:
        return None
    made = get_proper_type(node.type)
    if isinstance(made, CallableType):
        return "a class" if made.is_type_obj() else "a function"
    if not isinstance(made, Instance) or made.type.fullname == "builtins.object":
        return None
    return None if made.type.fallback_to_any or made.type.has_base(ROUTE_CONFIG) else repr(made.type.name)


def _check_stray_config(file: MypyFile, route: Route, hidden: set[str], report: Report) -> None:
    for name, symbol in file.names.items():
        node = symbol.node
        if isinstance(node, Var) and name not in hidden and instance_of(node.type, ROUTE_CONFIG) is not None:
            # Under another name its guards would let everybody through, without a word.
            report(
                _line_of(file, name, node),
                f"'{route.shown}' has a RouteConfig under the name '{name}', and only 'config' is read. Rename it",
                _codes.ROUTE,
            )
            return


def _check_arguments(file: MypyFile, handlers: Mapping[str, SymbolNode | None], report: Report) -> None:
    """Check that the settings of a module are about what it has."""
    call = _config_call(file)
    if call is None or not handlers:
        return
    given = dict(zip(call.arg_names, call.args, strict=True))
    found = {name: value for name, value, _ in _literal_arguments(call)}
    chosen = found.get("methods")
    methods = {str(item).upper() for item in cast("list[object]", chosen)} if isinstance(chosen, list) else None
    if "handler" in handlers:
        for name in _METHOD_NAMES:
            if name in given and methods and name.upper() not in methods:
                report(
                    given[name].line,
                    f"RouteConfig({name}=...) sets nothing, since methods=... leaves {name.upper()} out. Add it there, "
                    "or leave the setting out",
                    _codes.ROUTE,
                )
        return
    if methods:
        report(
            given["methods"].line,
            "RouteConfig(methods=...) is about 'handler' alone, which the module does not have. Leave the setting out: "
            "a method function serves the method of its name",
            _codes.ROUTE,
        )
    for name in _METHOD_NAMES:
        if name in given and name not in handlers and isinstance(given[name], CallExpr):
            report(
                given[name].line,
                f"RouteConfig({name}=...) sets nothing, since the module has no function '{name}'. Define it, or leave "
                "the setting out",
                _codes.ROUTE,
            )


def _segment_refusal(own: Segment) -> str | None:
    if own == INDEX:
        return "an index has no segment of its own. Set it in the folder's '__init__.py'"
    if own.kind is not SegmentKind.STATIC:
        return f"the name says that its segment is the parameter {own.text!r}. Leave one of the two out"
    return None


def _check_type_checking(file: MypyFile, hidden: set[str], report: Report) -> None:
    """Check that the server can read the annotations of the handlers."""
    if not hidden:
        return
    aliases = aliases_of_functions(file)
    for function in top_level_functions(file):
        written = function.unanalyzed_type
        names = [name for name in (function.name, *aliases.get(function.name, ())) if name in HANDLER_NAMES]
        if not names or not isinstance(written, CallableType):
            continue
        used = [name for type_ in written.arg_types[:2] for name in words_of(type_) if name in hidden]
        if used:
            report(
                function.line,
                f'Handler "{names[0]}" is annotated with "{min(used)}", which is imported only under '
                "TYPE_CHECKING. The server reads the annotation too: import it at run time",
                _codes.SIGNATURE,
            )


def relative_to(root: str, path: str) -> str | None:
    """Give a path below a root folder with `/` between its parts; None when it is elsewhere."""
    absolute = os.path.abspath(path)
    prefix = root + os.sep
    return absolute[len(prefix) :].replace(os.sep, "/") if absolute.startswith(prefix) else None
