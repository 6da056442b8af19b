"""The mypy plugin: what a route module promises is checked where it is written.

Owns the hooks into mypy: `plugins = typed_api.mypy_plugin`. The rules of names, statuses and settings are those of
`pattern`, `status` and `config`; what is added here is reading mypy's trees and types. A fault inside a hook becomes
silence, and one line under `--show-traceback`: mypy goes on without it.
"""

# mypy.types first: mypy's modules import each other in a ring that only opens here.
import mypy.types  # noqa: F401, I001  # pyright: ignore[reportUnusedImport]

import difflib
import functools
import gc
import hashlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from mypy.errorcodes import ErrorCode
from mypy.nodes import (
    CallExpr,
    ComparisonExpr,
    Context,
    FuncDef,
    MemberExpr,
    MypyFile,
    NameExpr,
    StrExpr,
    TryStmt,
    WithStmt,
)
from mypy.options import Options
from mypy.plugin import (
    AnalyzeTypeContext,
    AttributeContext,
    FunctionContext,
    MethodContext,
    MethodSigContext,
    Plugin,
    ReportConfigContext,
)
from mypy.subtypes import is_subtype
from mypy.types import (
    AnyType,
    CallableType,
    FunctionLike,
    Instance,
    LiteralType,
    NoneType,
    Type,
    TypeOfAny,
    TypeVarType,
    UninhabitedType,
    UnionType,
    get_proper_type,
)

import typed_api
from typed_api.config import load_settings
from typed_api.errors import ConfigError
from typed_api.mypy_plugin import _codes
from typed_api.mypy_plugin._declared import (
    QUERY_MAPPING,
    REPLY,
    REQUEST,
    RESPONSE,
    Declared,
    declares_body,
    expression_codes,
    instance_of,
    literal_strings,
    marker_of,
    spelled,
    union_items,
)
from typed_api.mypy_plugin._handlers import HandlerCheck
from typed_api.mypy_plugin._literals import Literals
from typed_api.mypy_plugin._routes import (
    HANDLER_NAMES,
    ROUTE_CONFIG,
    Route,
    call_problems,
    check_module,
    literal_config,
    read_route,
    relative_to,
)
from typed_api.mypy_plugin._sources import Sources
from typed_api.mypy_plugin._trees import (
    END_METHOD,
    aliases_of_functions,
    body_of,
    has_mark,
    is_branch,
    is_dropped,
    is_mark,
    mark_handler,
    mark_module,
    mentions,
    top_level_functions,
    walk,
)
from typed_api.pattern import PatternError, SegmentKind, check_word_separator
from typed_api.status import BODYLESS_STATUSES, REDIRECT_STATUSES, is_final_status

__all__ = ["TypedApiPlugin", "__version__", "plugin"]

# mypy forgets its cache when this changes, or this one file; `_digest` covers the others.
__version__: Final[str] = typed_api.__version__

T = TypeVar("T")

_REQUEST_BODY: Final = f"{REQUEST}.body"
_BODYLESS_METHODS: Final = frozenset({"GET", "HEAD"})
_KEY_ERRORS: Final = frozenset({"KeyError", "LookupError", "Exception", "BaseException"})


class TypedApiPlugin(Plugin):
    """The hooks of one run of mypy.

    Attributes:
        root: The folder of the routes, absolute; None when the project's settings cannot be read.
    """

    def __init__(self, options: Options) -> None:
        """Read the project's settings.

        Args:
            options: mypy's.
        """
        super().__init__(options)
        self.root: str | None = None
        self._separator: str | None = None
        self._sources: Sources = Sources()
        self._routes: dict[str, Route | None] = {}
        # Any: mypy's semantic analyzer is no part of its plugin interface.
        self._analyzer: Any = None
        self._entered: MypyFile | None = None
        # The binder of the function that is being checked, and the number of its frames at the first end mark.
        self._checked: tuple[Any, int] = (None, 0)
        # mypy asks for a hook at every call of every method: made once.
        self._signature_hooks: Mapping[str, Callable[[MethodSigContext], FunctionLike]] = {
            f"{RESPONSE}.status": _status_signature,
            f"{RESPONSE}.redirect": _redirect_signature,
            f"{RESPONSE}.json": self._body_signature,
            f"{RESPONSE}.send": self._body_signature,
            f"{REPLY}.json": self._reply_signature,
            f"{REPLY}.send": self._reply_signature,
        }
        self._method_hooks: Mapping[str, Callable[[MethodContext], Type]] = {
            f"{RESPONSE}.status": _check_status,
            f"{RESPONSE}.redirect": _check_redirect,
            f"{RESPONSE}.json": _check_body,
            f"{RESPONSE}.send": _check_body,
            f"{QUERY_MAPPING}.__getitem__": self._check_query_item,
            f"builtins.str.{END_METHOD}": self._end,
        }
        self._quietly(self._read_settings, None)

    # A plugin that raises ends the run of mypy with an internal error.

    def _quietly(self, act: Callable[[], T], default: T) -> T:
        try:
            return act()
        except Exception:
            if self.options.show_traceback:
                *_, last = traceback.format_exc().strip().splitlines()
                where = traceback.extract_tb(sys.exc_info()[2])[-1]
                place = f"{os.path.basename(where.filename)}:{where.lineno}"
                print(f"typed_api.mypy_plugin: a check failed at {place} and is left out: {last}", file=sys.stderr)
            return default

    def _read_settings(self) -> None:
        config_file = self.options.config_file
        start = Path(config_file).resolve().parent if config_file else Path.cwd()
        folder = next((place for place in (start, *start.parents) if (place / "pyproject.toml").is_file()), start)
        try:
            settings = load_settings(folder, {})
            check_word_separator(settings.word_separator)
        except (ConfigError, PatternError) as error:
            print(f"pyproject.toml: error: {error}", file=sys.stderr)
            return
        for warning in settings.warnings:
            print(warning, file=sys.stderr)
        root = self._find_root(folder, settings.pages)
        if root is None:
            is_name = all(part.isidentifier() for part in settings.pages.split("."))
            print(
                f"pyproject.toml: error: There is no folder '{folder / settings.pages}' and no package "
                f"{settings.pages!r}. Create one, or name another."
                if is_name
                else f"pyproject.toml: error: The root folder of the routes, '{folder / settings.pages}', does not "
                "exist. Create it, or name another.",
                file=sys.stderr,
            )
            # It may be made while mypy's daemon runs.
            root = folder / settings.pages.replace(".", os.sep)
        self.root, self._separator = os.path.abspath(root), settings.word_separator

    def _find_root(self, folder: Path, pages: str) -> Path | None:
        """Find the root folder as the server does: a folder, or a package that can be imported."""
        if (folder / pages).is_dir():
            return folder / pages
        names = pages.split(".")
        if not all(name.isidentifier() for name in names):
            return None
        variables = (os.environ.get(name, "") for name in ("MYPYPATH", "PYTHONPATH"))
        paths = [path for variable in variables for path in variable.split(os.pathsep) if path]
        bases = [folder, *map(Path, self.options.mypy_path), *map(Path, paths), folder / "src"]
        found = next((place for base in bases if (place := base.joinpath(*names)).is_dir()), None)
        return _find_installed(names) if found is None else found

    def report_config_data(self, ctx: ReportConfigContext) -> list[str | None]:
        """Say what the findings in a file depend on beside it: these modules, and what the file serves."""
        return [_digest(), self._relative(ctx.path), self._separator]

    def _relative(self, path: str) -> str | None:
        return None if self.root is None else relative_to(self.root, path)

    def route_of(self, path: str) -> Route | None:
        """Say what a file is in the project's routes.

        Args:
            path: As mypy has it.

        Returns:
            None when the file is not below the root folder.
        """
        if path not in self._routes:
            relative = self._relative(path)
            if relative is None or self.root is None:
                self._routes[path] = None
            else:
                self._routes[path] = read_route(relative, self._separator, os.path.basename(self.root))
        return self._routes[path]

    # Marking. In one process every file passes `get_additional_deps`; the workers of `mypy -n` hear of a file when the
    # first of its types is analyzed.

    def get_additional_deps(self, file: MypyFile) -> list[tuple[int, str, int]]:
        """Mark a file that has been parsed; mypy asks what more it depends on, and that is nothing."""
        self._quietly(lambda: self._mark(file), None)
        return []

    def get_type_analyze_hook(self, fullname: str) -> Callable[[AnalyzeTypeContext], Type] | None:
        """Mark the file whose types are being analyzed."""
        if self._analyzer is None:
            return self._learn_analyzer
        file = self._analyzer.cur_mod_node
        if file is not self._entered:
            self._entered = file
            self._quietly(lambda: self._mark(file), None)
        return None

    def _learn_analyzer(self, ctx: AnalyzeTypeContext) -> Type:
        # Not asked again for this type: what is kept is no None.
        self._analyzer = getattr(ctx.api, "api", _NoAnalyzer)
        if not hasattr(self._analyzer, "cur_mod_node"):
            self._analyzer = _NoAnalyzer
        return ctx.api.analyze_type(ctx.type)

    def _mark(self, file: MypyFile) -> None:
        route = self.route_of(file.path) if file.path else None
        if route is None or has_mark(file) or is_dropped(file):
            return
        if route.pattern is not None:
            close_matches = not any(code.code == "exhaustive-match" for code in self.options.enabled_error_codes)
            aliases = aliases_of_functions(file)
            for function in top_level_functions(file):
                if _names_of(function, aliases):
                    mark_handler(function, close_matches=close_matches)
        mark_module(file)

    def _end(self, ctx: MethodContext) -> Type:
        """Check a handler or a module, when mypy has come to its end mark."""
        node = ctx.context
        if is_branch(node) or is_mark(node):
            # Any: mypy's checker is no part of its plugin interface.
            chk: Any = ctx.api
            if is_mark(node):
                self._check_at_mark(chk)
            # mypy asks in vain where it looks for unreachable code: a call that never returns is none of it.
            if chk.binder.is_unreachable():
                return UninhabitedType()
        return ctx.default_return_type

    def _check_at_mark(self, chk: Any) -> None:
        route = self.route_of(chk.path)
        function = chk.scope.current_function()
        if route is None or chk.current_node_deferred:
            return
        if function is None:
            check_module(chk.tree, route, chk.options, functools.partial(_fail_at, chk))
        elif isinstance(function, FuncDef) and route.pattern is not None:
            names = _names_of(function, aliases_of_functions(chk.tree))
            if names:
                check = HandlerCheck(chk, function, names, route.pattern, literal_config(chk.tree), self._sources)
                check.run(at_end=self._is_end_reached(chk.binder))

    def _is_end_reached(self, binder: Any) -> bool:
        """Tell why mypy checks the `finally` around a body: for all the ways out of it, or because its end is reached.

        The first comes first, inside of one frame more of mypy's binder, of which each check of a function has its own.
        """
        known, depth = self._checked
        frames = len(binder.frames)
        is_end = known is binder and frames < depth
        self._checked = (binder, depth if is_end else frames)
        return is_end

    def get_additional_indirect_deps(self, file: MypyFile) -> set[str]:
        """Check a module that could not be marked: a worker of `mypy -n`, and no type in all of the file.

        mypy 2.4 and later ask this at the end of each module: what more does it depend on? Nothing.
        """
        self._quietly(lambda: self._check_unmarked(file), None)
        return set()

    def _check_unmarked(self, file: MypyFile) -> None:
        route = self.route_of(file.path) if file.path else None
        if route is None or has_mark(file) or is_dropped(file):
            return
        problems: list[tuple[int, str, ErrorCode]] = []

        def report(line: int, message: str, code: ErrorCode) -> None:
            problems.append((line, message, code))

        check_module(file, route, self.options, report)
        # Looked for only now: it takes long to find.
        errors = _find_errors(self._modules) if problems else None
        if errors is None:
            return
        errors.set_file(file.path, file.fullname, self.options)
        for line, message, code in problems:
            errors.report(line, 0, message, code=code)

    # Calls and attributes

    def get_method_signature_hook(self, fullname: str) -> Callable[[MethodSigContext], FunctionLike] | None:
        """Widen what mypy would refuse with a worse message than ours."""
        hook = self._signature_hooks.get(fullname)
        if hook is None:
            return None
        return lambda ctx: self._quietly(lambda: hook(ctx), _default_signature(ctx))

    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        """Check statuses, queries, and what ends with an end mark."""
        hook = self._method_hooks.get(fullname)
        if hook is None:
            return None
        return lambda ctx: self._quietly(lambda: hook(ctx), ctx.default_return_type)

    def get_attribute_hook(self, fullname: str) -> Callable[[AttributeContext], Type] | None:
        """Check that a body is read where there is one."""
        if fullname != _REQUEST_BODY:
            return None
        return lambda ctx: self._quietly(lambda: _check_body_is_there(ctx), ctx.default_attr_type)

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """Check the settings of a route or folder."""
        if fullname != ROUTE_CONFIG:
            return None
        return lambda ctx: self._quietly(lambda: _check_config_call(ctx), ctx.default_return_type)

    def _body_signature(self, ctx: MethodSigContext) -> FunctionLike:
        own = instance_of(ctx.type, RESPONSE)
        if own is None:
            return ctx.default_signature
        declared = Declared(own, ctx.api.options)
        body = declared.body_of(200)
        # What 200 does not declare has its own error, in `_check_body`.
        return _opened(ctx.default_signature) if body is None or declared.is_opaque else self._for_literal(ctx, body)

    def _reply_signature(self, ctx: MethodSigContext) -> FunctionLike:
        own = instance_of(ctx.type, REPLY)
        return ctx.default_signature if own is None or not own.args else self._for_literal(ctx, own.args[0])

    def _for_literal(self, ctx: MethodSigContext, body: Type) -> FunctionLike:
        if not ctx.args or len(ctx.args[0]) != 1:
            return ctx.default_signature
        literals = Literals(ctx.api, self._sources)
        node = ctx.args[0][0]
        if not literals.concerns(node, body):
            return ctx.default_signature
        for problem in literals.check(node, body):
            ctx.api.fail(problem.message, problem.where, code=_codes.BODY)
        return _opened(ctx.default_signature)

    def _check_query_item(self, ctx: MethodContext) -> Type:
        # Any: mypy's checker is no part of its plugin interface.
        chk: Any = ctx.api
        route = self.route_of(chk.path)
        names = literal_strings(ctx.arg_types[0][0]) if ctx.arg_types and ctx.arg_types[0] else None
        if route is None or route.pattern is None or names is None:
            return ctx.default_return_type
        text = ctx.api.named_generic_type("builtins.str", [])
        found: list[Type] = []
        for name in names:
            kind = route.pattern.params.get(name)
            if kind is SegmentKind.OPTIONAL_CATCH_ALL and not _is_guarded(ctx, name):
                ctx.api.fail(
                    f'Path parameter "{name}" of route "{route.pattern.template}" may be absent; read it with '
                    f'.get("{name}")',
                    ctx.context,
                    code=_codes.QUERY,
                )
                return AnyType(TypeOfAny.from_error)
            if kind is None:
                if _is_guarded(ctx, name):
                    return ctx.default_return_type
                near = difflib.get_close_matches(name, route.pattern.params, n=1)
                hint = f'did you mean "{near[0]}"?' if near else f'a search parameter is read with .get("{name}")'
                ctx.api.fail(
                    f'Route "{route.pattern.template}" has no path parameter "{name}"; {hint}',
                    ctx.context,
                    code=_codes.QUERY,
                )
                return AnyType(TypeOfAny.from_error)
            is_one = kind is SegmentKind.DYNAMIC
            found.append(text if is_one else ctx.api.named_generic_type("builtins.list", [text]))
        return UnionType.make_union(found)


def _names_of(function: FuncDef, aliases: Mapping[str, Sequence[str]]) -> list[str]:
    """Give the names of handlers that a function has: its own, and those it is assigned to."""
    return [name for name in (function.name, *aliases.get(function.name, ())) if name in HANDLER_NAMES]


def _default_signature(ctx: MethodSigContext) -> FunctionLike:
    return ctx.default_signature


class _NoAnalyzer:
    """Stands for mypy's semantic analyzer where that keeps its file elsewhere: no file is entered."""

    cur_mod_node: None = None


def _is_guarded(ctx: MethodContext, name: str) -> bool:
    """Tell whether a function asks first for what may not be there, or is ready for a KeyError."""
    # Any: mypy's checker is no part of its plugin interface.
    chk: Any = ctx.api
    function = chk.scope.top_level_function()
    for node in () if function is None else walk(function):
        if isinstance(node, ComparisonExpr) and any(operator in ("in", "not in") for operator in node.operators):
            if any(isinstance(operand, StrExpr) and operand.value == name for operand in node.operands):
                return True
        elif isinstance(node, TryStmt):
            is_ready = any(kind is None or mentions(kind, _KEY_ERRORS) for kind in node.types)
            if is_ready and any(found is ctx.context for found in walk(node.body)):
                return True
        elif isinstance(node, WithStmt):
            is_ready = any(mentions(manager, _KEY_ERRORS) for manager in node.expr)
            if is_ready and any(found is ctx.context for found in walk(node.body)):
                return True
    return False


def _find_installed(names: Sequence[str]) -> Path | None:
    """Find the folder of a package below one that is installed, without importing anything."""
    try:
        spec = importlib.util.find_spec(names[0])
    except (ImportError, ValueError):
        return None
    places = () if spec is None else spec.submodule_search_locations or ()
    return next((place for base in places if (place := Path(base).joinpath(*names[1:])).is_dir()), None)


def _fail_at(chk: Any, line: int, message: str, code: ErrorCode) -> None:
    chk.fail(message, Context(line, 0), code=code)


def _opened(signature: CallableType) -> CallableType:
    """Let a signature take anything: what it is given has been checked."""
    return _with_types(signature, [AnyType(TypeOfAny.special_form) for _ in signature.arg_types])


def _with_types(signature: CallableType, types: list[Type]) -> CallableType:
    return signature.copy_modified(arg_types=types)  # pyright: ignore[reportUnknownMemberType]


def _status_signature(ctx: MethodSigContext) -> FunctionLike:
    return _with_types(ctx.default_signature, [ctx.api.named_generic_type("builtins.int", [])])


def _redirect_signature(ctx: MethodSigContext) -> FunctionLike:
    signature = ctx.default_signature
    if len(signature.arg_types) != 2:
        return signature
    return _with_types(signature, [ctx.api.named_generic_type("builtins.int", []), signature.arg_types[1]])


def _check_status(ctx: MethodContext) -> Type:
    """Find the reply of a status; after an error of ours one that takes anything, so that no other follows."""
    own = instance_of(ctx.type, RESPONSE)
    if own is None or not ctx.args or not ctx.args[0]:
        return ctx.default_return_type
    declared = Declared(own, ctx.api.options)
    given = ctx.arg_types[0][0]
    anything = _reply(ctx, AnyType(TypeOfAny.special_form))
    if declared.is_opaque or isinstance(get_proper_type(given), AnyType):
        return anything
    node = ctx.args[0][0]
    codes = expression_codes(ctx.api, node, given)
    if codes is None:
        if (flag := _shown_flag(given)) is not None:
            _fail_status(ctx, f"{flag} is not a valid HTTP status code for a response")
            return anything
        if declared.is_bare:
            return _reply(ctx, UnionType.make_union(declared.bare))
        # What is no number at all mypy refuses itself.
        if _is_number(ctx, given):
            _fail_status(
                ctx,
                f"Status code must be a literal, or of a Literal type (declared: {declared.words}); annotate it: "
                f"{declared.annotation(node)}",
            )
        return anything
    replies: list[Type] = []
    for code in dict.fromkeys(codes):
        body = declared.body_of(code)
        if not is_final_status(code):
            _fail_status(ctx, f"{code} is not a valid HTTP status code for a response")
        elif body is None:
            shown = spelled(own, ctx.api.options)
            _fail_status(
                ctx,
                f"Status {code} is not declared by {shown} (declared: {declared.words}); add {marker_of(code)} to it",
            )
        elif code in BODYLESS_STATUSES and _is_given_body(ctx, may_be_none=_may_be_none(declared, code, body)):
            _fail_status(ctx, f"{code} has no body; use .end()")
        else:
            is_empty = code in BODYLESS_STATUSES and isinstance(get_proper_type(body), NoneType)
            empty = is_empty and code in declared.exact
            replies.append(ctx.api.named_generic_type("typed_api.EmptyReply", []) if empty else _reply(ctx, body))
            continue
        return anything
    return UnionType.make_union(replies) if replies else anything


def _fail_status(ctx: MethodContext, message: str) -> None:
    ctx.api.fail(message, ctx.context, code=_codes.STATUS)


def _shown_flag(given: Type) -> str | None:
    """Write what is given as a status when it is True or False, which Python takes for a number."""
    proper = get_proper_type(given)
    literal = proper.last_known_value if isinstance(proper, Instance) else proper
    if isinstance(literal, LiteralType) and isinstance(literal.value, bool):
        return str(literal.value)
    return "bool" if instance_of(proper, "builtins.bool") is not None else None


def _is_number(ctx: MethodContext, given: Type) -> bool:
    return is_subtype(given, ctx.api.named_generic_type("builtins.int", []))


def _may_be_none(declared: Declared, code: int, body: Type) -> bool:
    return code not in declared.exact and any(isinstance(item, NoneType) for item in union_items(body))


def _is_given_body(ctx: MethodContext, *, may_be_none: bool) -> bool:
    """Tell whether a reply is given a body on the spot, as in `res.status(204).json(user)`.

    The call around another is not known to mypy's hooks, so it is looked for.
    """
    # Any: mypy's checker is no part of its plugin interface.
    chk: Any = ctx.api
    function = chk.scope.top_level_function()
    for node in () if function is None else walk(function):
        callee = node.callee if isinstance(node, CallExpr) else None
        if not isinstance(callee, MemberExpr) or callee.expr is not ctx.context or callee.name not in ("json", "send"):
            continue
        given = node.args if isinstance(node, CallExpr) else []
        is_none = all(isinstance(item, NameExpr) and item.fullname == "builtins.None" for item in given)
        return not (may_be_none and is_none)
    return False


def _reply(ctx: MethodContext, body: Type) -> Type:
    return ctx.api.named_generic_type("typed_api.Reply", [body])


def _check_redirect(ctx: MethodContext) -> Type:
    if len(ctx.args) < 2 or not ctx.args[0] or not ctx.args[1]:
        return ctx.default_return_type
    given = ctx.arg_types[0][0]
    if isinstance(get_proper_type(given), AnyType):
        return ctx.default_return_type
    node = ctx.args[0][0]
    codes = expression_codes(ctx.api, node, given)
    if codes is None and _is_number(ctx, given):
        name = node.name if isinstance(node, NameExpr) else "status"
        _fail_status(
            ctx, f"Status code must be a literal, or of a Literal type; annotate it: {name}: Literal[303, 307] = ..."
        )
    for code in codes or ():
        if code not in REDIRECT_STATUSES:
            _fail_status(ctx, f"{code} is not a redirect status (use 301, 302, 303, 307 or 308)")
    return ctx.default_return_type


def _check_body(ctx: MethodContext) -> Type:
    """Check that a body given without a status may be one of 200."""
    own = instance_of(ctx.type, RESPONSE)
    if own is None:
        return ctx.default_return_type
    declared = Declared(own, ctx.api.options)
    if declared.is_opaque or declared.body_of(200) is not None:
        return ctx.default_return_type
    callee = ctx.context.callee if isinstance(ctx.context, CallExpr) else None
    name = callee.name if isinstance(callee, MemberExpr) else "json"
    others = [code for code in sorted(declared.exact) if code not in BODYLESS_STATUSES]
    mend = f"write res.status({others[0]}).{name}(...), or add Ok[...] to it" if others else "add Ok[...] to it"
    _fail_status(
        ctx,
        f"{name}() sends status 200, which {spelled(own, ctx.api.options)} does not declare "
        f"(declared: {declared.words}); {mend}",
    )
    return ctx.default_return_type


def _check_body_is_there(ctx: AttributeContext) -> Type:
    """Refuse `req.body` in a branch of `handler` where the method is known to have none."""
    own = instance_of(ctx.type, REQUEST)
    if own is None or not own.args or not isinstance(ctx.context, MemberExpr) or not declares_body(own.args[0]):
        return ctx.default_attr_type
    # Any: mypy's checker is no part of its plugin interface.
    chk: Any = ctx.api
    function = chk.scope.current_function()
    if not isinstance(function, FuncDef) or function.name != "handler" or body_of(function) is None:
        return ctx.default_attr_type
    method = MemberExpr(ctx.context.expr, "method")
    method.set_line(ctx.context)
    methods = literal_strings(chk.get_expression_type(method))
    if methods and _BODYLESS_METHODS.issuperset(methods):
        ctx.api.fail(f"A {methods[0]} request has no body", ctx.context, code=_codes.METHOD)
    return ctx.default_attr_type


def _check_config_call(ctx: FunctionContext) -> Type:
    call = ctx.context
    if not isinstance(call, CallExpr):
        return ctx.default_return_type
    for message, where in call_problems(call):
        ctx.api.fail(message, where, code=_codes.ROUTE)
    for name, argument in zip(call.arg_names, call.args, strict=True):
        if name == "before":
            for guard in getattr(argument, "items", [argument]):
                _check_guard(ctx, guard)
    return ctx.default_return_type


def _check_guard(ctx: FunctionContext, guard: Any) -> None:
    """Check that a guard takes a request; mypy itself checks the number of its parameters and its result."""
    declared = get_proper_type(ctx.api.get_expression_type(guard))
    if not isinstance(declared, CallableType) or declared.is_type_obj() or not declared.arg_types:
        return
    taken = get_proper_type(declared.arg_types[0])
    if isinstance(taken, (AnyType, TypeVarType)) or instance_of(taken, REQUEST) is not None:
        return
    anything = AnyType(TypeOfAny.special_form)
    request = ctx.api.named_generic_type("typed_api.ApiRequest", [anything, anything, anything])
    if is_subtype(request, taken):
        return
    ctx.api.fail(
        f'Guard "{declared.name or "guard"}" must take ApiRequest[object, object], '
        f"not {spelled(taken, ctx.api.options)}",
        guard,
        code=_codes.SIGNATURE,
    )


# Any: what collects mypy's errors is no part of its plugin interface.
def _find_errors(modules: object) -> Any:
    """Find mypy's collector of errors; None when this mypy keeps it elsewhere.

    Only a checker hands it out, and a module without a single type never meets one. It belongs to the manager of the
    build, which is among those that hold the table of modules.
    """
    # The workers of `mypy -n` freeze what they begin with.
    gc.unfreeze()
    for holder in gc.get_referrers(modules):
        if type(holder).__name__ == "BuildManager":
            return getattr(holder, "errors", None)
    return None


@functools.cache
def _digest() -> str:
    """Sum up the modules that findings depend on."""
    here = Path(__file__).parent
    names = ("_types", "config", "errors", "pattern", "request", "response", "status")
    files = [*sorted(here.glob("*.py")), *(here.parent / f"{name}.py" for name in names)]
    total = hashlib.blake2b(digest_size=8)
    for file in files:
        if file.is_file():
            total.update(file.read_bytes())
    return total.hexdigest()


def plugin(version: str) -> type[Plugin]:
    """Give mypy the plugin.

    Args:
        version: mypy's; every one of the supported range gets the same plugin.
    """
    return TypedApiPlugin
