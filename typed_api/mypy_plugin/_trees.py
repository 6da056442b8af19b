"""Changing and walking mypy's trees.

mypy has no hook for a function or a module. So each gets one more statement, the end mark, whose call mypy checks last
of all, and the plugin hears of the call. The mark is a method of a string literal: it needs no name to be looked up, is
typed by mypy alone, and nobody else calls it. A mark of another text stands in branches that nobody wrote.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, cast

from mypy.nodes import (
    AssignmentStmt,
    Block,
    CallExpr,
    ClassDef,
    Context,
    Decorator,
    Expression,
    ExpressionStmt,
    ForStmt,
    FuncDef,
    IfStmt,
    Import,
    ImportAll,
    ImportFrom,
    MatchStmt,
    MemberExpr,
    MypyFile,
    NameExpr,
    Node,
    OverloadedFuncDef,
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
    "aliases_of_functions",
    "body_of",
    "has_mark",
    "hidden_names",
    "is_branch",
    "is_mark",
    "mark_handler",
    "mark_module",
    "mentions",
    "top_level_functions",
    "walk",
    "words_of",
]

END_METHOD: Final = "__getnewargs__"
_END: Final = "end of a typed_api route"
_BRANCH: Final = "branch of a typed_api route"


def _mark(text: str, line: int, column: int = 0) -> ExpressionStmt:
    value = StrExpr(text)
    callee = MemberExpr(value, END_METHOD)
    call = CallExpr(callee, [], [], [])
    statement = ExpressionStmt(call)
    for node in (value, callee, call, statement):
        node.set_line(line, column)
    return statement


def _is_mark_of(node: Context, text: str) -> bool:
    if isinstance(node, ExpressionStmt):
        node = node.expr
    return (
        isinstance(node, CallExpr)
        and isinstance(node.callee, MemberExpr)
        and isinstance(node.callee.expr, StrExpr)
        and node.callee.expr.value == text
    )


def is_mark(node: Context) -> bool:
    """Tell whether a node is an end mark: its call, or its statement."""
    return _is_mark_of(node, _END)


def is_branch(node: Context) -> bool:
    """Tell whether a node is the mark of a branch that nobody wrote: its call, or its statement."""
    return _is_mark_of(node, _BRANCH)


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
        file.defs.append(_mark(_END, 1))


def top_level_functions(file: MypyFile) -> Iterator[FuncDef]:
    """Yield the functions that a module defines when it is run: decorated, overloaded, or under a condition too."""
    for statement in _run_statements(file.defs):
        if isinstance(statement, OverloadedFuncDef):
            # What runs is the implementation, and all of what another definition under a condition may be.
            for item in (*statement.items, *(() if statement.impl is None else (statement.impl,))):
                function = item.func if isinstance(item, Decorator) else item
                if isinstance(function, FuncDef) and not _is_overload(item):
                    yield function
        elif isinstance(statement, FuncDef):
            yield statement
        elif isinstance(statement, Decorator):
            yield statement.func


def _is_overload(item: Node) -> bool:
    return isinstance(item, Decorator) and any(
        isinstance(found, (NameExpr, MemberExpr)) and found.name == "overload" for found in item.original_decorators
    )


def _run_statements(statements: Sequence[Statement]) -> Iterator[Statement]:
    """Yield the statements of a module that run when it is imported, also those under a condition."""
    for statement in statements:
        yield statement
        for block in _blocks_of(statement):
            yield from _run_statements(block.body)


def _blocks_of(statement: Statement) -> Iterator[Block]:
    if isinstance(statement, IfStmt):
        for condition, block in zip(statement.expr, statement.body, strict=True):
            if not _is_type_checking(condition):
                yield block
        if statement.else_body is not None:
            yield statement.else_body
    elif isinstance(statement, TryStmt):
        yield from (statement.body, *statement.handlers)
        yield from (block for block in (statement.else_body, statement.finally_body) if block is not None)
    elif isinstance(statement, WithStmt):
        yield statement.body


def aliases_of_functions(file: MypyFile) -> Mapping[str, Sequence[str]]:
    """Give the further names of what a module defines: `get = post = answer` says `{"answer": ["get", "post"]}`."""
    found: dict[str, list[str]] = {}
    for statement in file.defs:
        if isinstance(statement, AssignmentStmt) and isinstance(statement.rvalue, NameExpr):
            names = [target.name for target in statement.lvalues if isinstance(target, NameExpr)]
            found.setdefault(statement.rvalue.name, []).extend(names)
    return found


# Names that only a checker knows


def hidden_names(file: MypyFile) -> set[str]:
    """Collect the names that a module has under `if TYPE_CHECKING:` alone."""
    hidden: set[str] = set()
    for statement in file.defs:
        if isinstance(statement, IfStmt) and _is_type_checking(statement.expr[0]):
            hidden.update(_bound_names(statement.body[0].body))
    if not hidden:
        return hidden
    stars = [statement for statement in _run_statements(file.defs) if isinstance(statement, ImportAll)]
    hidden = hidden.difference(_bound_names(file.defs))
    return {name for name in hidden if not any(_may_bring(star, name, file) for star in stars)}


def _may_bring(star: ImportAll, name: str, file: MypyFile) -> bool:
    """Tell whether `from module import *` may bring a name too: one of that module, or of one below it."""
    node = file.names[name].node if name in file.names else None
    if star.relative or node is None:
        return True
    return node.fullname.startswith(f"{star.id}.") and node.fullname.endswith(f".{name}")


def _bound_names(statements: Sequence[Statement]) -> Iterator[str]:
    for statement in _run_statements(statements):
        if isinstance(statement, ImportFrom):
            yield from (alias or real for real, alias in statement.names)
        elif isinstance(statement, Import):
            yield from ((alias or real).partition(".")[0] for real, alias in statement.ids)
        elif isinstance(statement, (FuncDef, Decorator, OverloadedFuncDef, ClassDef)):
            yield statement.name
        elif isinstance(statement, AssignmentStmt):
            yield from (target.name for target in statement.lvalues if isinstance(target, NameExpr))


def _is_type_checking(node: Expression) -> bool:
    return isinstance(node, (NameExpr, MemberExpr)) and node.name == "TYPE_CHECKING"


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
    ending = Block([_mark(_END, function.line)])
    wrapper = TryStmt(body, [], [], [], None, ending)
    for node in (body, ending, wrapper):
        node.set_line(function.line, 0)
    function.body.body[:] = [wrapper]


def _close_branches(node: Statement | None, close_matches: bool) -> None:
    """Give each `if` an `else`, and each `match` a last case, that hold a mark.

    mypy types the mark only where it can be reached, so whether the branches above cover everything is then known. Its
    check of unreachable code passes over calls that never return, which the plugin says of a mark out of reach.
    """
    if isinstance(node, IfStmt):
        if node.else_body is None:
            node.else_body = _branch(node)
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
            node.bodies.append(_branch(node))
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


def _branch(near: Context) -> Block:
    block = Block([_mark(_BRANCH, near.line, near.column)])
    block.set_line(near)
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


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all below it."""
    waiting: list[Node] = [node]
    while waiting:
        found = waiting.pop()
        yield found
        for name in _children_of(type(found)):
            waiting.extend(_nested(getattr(found, name, None)))


def mentions(node: Node, names: Collection[str]) -> bool:
    """Tell whether a node, or anything below it, uses one of some names."""
    return any(isinstance(found, NameExpr) and found.name in names for found in walk(node))


def words_of(annotation: Type | None) -> set[str]:
    """Collect the names in an annotation as it was written, without their modules."""
    words: set[str] = set()
    waiting: list[Type] = [] if annotation is None else [annotation]
    while waiting:
        found = waiting.pop()
        if isinstance(found, UnboundType):
            *_, name = parts = found.name.split(".")
            words.update(parts)
            # The values of a Literal, and what Annotated adds, are no names of types.
            if name != "Literal":
                waiting.extend(found.args[:1] if name == "Annotated" else found.args)
        elif isinstance(found, (UnionType, TypeList)):
            waiting.extend(found.items)
    return words
