"""Changing and walking mypy's trees.

mypy has no hook for a function or a module. So each gets one more statement, the end mark, whose call mypy checks last
of all, and the plugin hears of the call. The mark is a method of a string literal: it needs no name to be looked up, is
typed by mypy alone, and nobody else calls it.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final, cast

from mypy.nodes import (
    Block,
    CallExpr,
    Context,
    Decorator,
    EllipsisExpr,
    Expression,
    ExpressionStmt,
    ForStmt,
    FuncDef,
    IfStmt,
    MatchStmt,
    MemberExpr,
    MypyFile,
    NameExpr,
    Node,
    Statement,
    StrExpr,
    TryStmt,
    WhileStmt,
    WithStmt,
)
from mypy.patterns import AsPattern
from mypy.types import Type, TypeList, UnboundType, UnionType

__all__ = [
    "END_METHOD",
    "body_of",
    "has_mark",
    "is_mark",
    "mark_handler",
    "mark_module",
    "mentions",
    "top_level_functions",
    "words_of",
]

END_METHOD: Final = "__getnewargs__"
_MARK: Final = "end of a typed_api route"


def _mark(line: int) -> ExpressionStmt:
    text = StrExpr(_MARK)
    callee = MemberExpr(text, END_METHOD)
    call = CallExpr(callee, [], [], [])
    statement = ExpressionStmt(call)
    for node in (text, callee, call, statement):
        node.set_line(line, 0)
    return statement


def is_mark(node: Context) -> bool:
    """Tell whether a node is the call, or the statement, that this module adds."""
    if isinstance(node, ExpressionStmt):
        node = node.expr
    return (
        isinstance(node, CallExpr)
        and isinstance(node.callee, MemberExpr)
        and isinstance(node.callee.expr, StrExpr)
        and node.callee.expr.value == _MARK
    )


def has_mark(file: MypyFile) -> bool:
    """Tell whether a module has its end mark."""
    return bool(file.defs) and is_mark(file.defs[-1])


def is_dropped(file: MypyFile) -> bool:
    """Tell whether mypy dropped the code of a module, as it does where `# type: ignore` stands above all of it.

    Such a module has no statements, as an empty one, and its parsers do not agree on leaving the comment.
    """
    if file.defs:
        return False
    try:
        with open(file.path, encoding="utf-8", errors="replace") as source:
            return any(line.strip() and not line.lstrip().startswith("#") for line in source)
    except OSError:
        return False


def mark_module(file: MypyFile) -> None:
    """Give a module its end mark."""
    if not has_mark(file):
        file.defs.append(_mark(1))


def top_level_functions(file: MypyFile) -> Iterator[FuncDef]:
    """Yield the functions of a module, decorated ones too."""
    for statement in file.defs:
        if isinstance(statement, FuncDef):
            yield statement
        elif isinstance(statement, Decorator):
            yield statement.func


def body_of(function: FuncDef) -> Block | None:
    """Give the body that a marked function was written with; None for one without the mark."""
    body = function.body.body
    wrapper = body[0] if len(body) == 1 else None
    if not isinstance(wrapper, TryStmt) or wrapper.finally_body is None or len(wrapper.finally_body.body) != 1:
        return None
    return wrapper.body if is_mark(wrapper.finally_body.body[0]) else None


def mark_handler(function: FuncDef, *, close_matches: bool) -> None:
    """Put the body of a handler into a `try` whose `finally` is the end mark.

    mypy checks a `finally` for all the ways out of the body, and once more when the end of the body is reached.

    Args:
        function: The handler; one that has its mark stays as it is.
        close_matches: Whether a `match` may get a last case. It would hide what mypy's own check of exhaustive matches
            reports.
    """
    if body_of(function) is not None:
        return
    for statement in function.body.body:
        _close_branches(statement, close_matches)
    body = Block(list(function.body.body))
    ending = Block([_mark(function.line)])
    wrapper = TryStmt(body, [], [], [], None, ending)
    for node in (body, ending, wrapper):
        node.set_line(function.line, 0)
    function.body.body[:] = [wrapper]


def _close_branches(node: Statement | None, close_matches: bool) -> None:
    """Give each `if` an `else`, and each `match` a last case, that hold `...`.

    mypy types that `...` only where it can be reached, so whether the branches above cover everything is then known.
    Its check of unreachable code passes over an `...`.
    """
    if isinstance(node, IfStmt):
        if node.else_body is None:
            node.else_body = _ellipsis(node)
        for block in (*node.body, node.else_body):
            _close_branches(block, close_matches)
    elif isinstance(node, MatchStmt):
        for block in node.bodies:
            _close_branches(block, close_matches)
        last = node.patterns[-1]
        is_closed = isinstance(last, AsPattern) and last.pattern is None and node.guards[-1] is None
        if close_matches and not is_closed:
            wildcard = AsPattern(None, None)
            wildcard.set_line(node)
            node.patterns.append(wildcard)
            node.guards.append(None)
            node.bodies.append(_ellipsis(node))
    elif isinstance(node, Block):
        for statement in node.body:
            _close_branches(statement, close_matches)
    elif isinstance(node, (WhileStmt, ForStmt)):
        _close_branches(node.body, close_matches)
        _close_branches(node.else_body, close_matches)
    elif isinstance(node, WithStmt):
        _close_branches(node.body, close_matches)
    elif isinstance(node, TryStmt):
        for part in (node.body, *node.handlers, node.else_body, node.finally_body):
            _close_branches(part, close_matches)


def _ellipsis(near: Context) -> Block:
    expression = EllipsisExpr()
    statement = ExpressionStmt(expression)
    block = Block([statement])
    for node in (expression, statement, block):
        node.set_line(near)
    return block


# The attributes below which nodes hold further nodes. mypy's own traversers are compiled, and cannot be subclassed by
# a plugin (https://github.com/python/mypy/issues/19456).
_CHILDREN: Final = (
    "arguments",
    "args",
    "base",
    "begin_index",
    "bodies",
    "body",
    "callee",
    "cond",
    "condlists",
    "decorators",
    "defs",
    "else_body",
    "else_expr",
    "end_index",
    "expr",
    "exprs",
    "finally_body",
    "from_expr",
    "func",
    "generator",
    "guards",
    "handlers",
    "if_expr",
    "index",
    "indices",
    "initializer",
    "items",
    "key",
    "left",
    "left_expr",
    "lvalue",
    "lvalues",
    "msg",
    "operands",
    "right",
    "rvalue",
    "sequences",
    "stride",
    "subject",
    "target",
    "types",
    "value",
)


def _nested(child: object) -> Iterator[Node]:
    if isinstance(child, Node):
        yield child
    elif isinstance(child, (list, tuple)):
        for item in cast("Sequence[object]", child):
            yield from _nested(item)


_CHILDREN_BY_KIND: Final[dict[type[Node], tuple[str, ...]]] = {}


def _children_of(kind: type[Node]) -> tuple[str, ...]:
    names = _CHILDREN_BY_KIND.get(kind)
    if names is None:
        names = _CHILDREN_BY_KIND[kind] = tuple(name for name in _CHILDREN if hasattr(kind, name))
    return names


def _expressions(node: Node) -> Iterator[NameExpr]:
    waiting: list[Node] = [node]
    while waiting:
        found = waiting.pop()
        if isinstance(found, NameExpr):
            yield found
        for name in _children_of(type(found)):
            waiting.extend(_nested(getattr(found, name, None)))


def mentions(node: Expression | Statement, names: Collection[str]) -> bool:
    """Tell whether a node, or anything below it, uses one of some names."""
    return any(found.name in names for found in _expressions(node))


def words_of(annotation: Type | None) -> set[str]:
    """Collect the names in an annotation as it was written, without their modules."""
    words: set[str] = set()
    waiting: list[Type] = [] if annotation is None else [annotation]
    while waiting:
        found = waiting.pop()
        if isinstance(found, UnboundType):
            words.update(found.name.split("."))
            waiting.extend(found.args)
        elif isinstance(found, (UnionType, TypeList)):
            waiting.extend(found.items)
    return words
