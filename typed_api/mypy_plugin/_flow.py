"""Does a handler answer, and only once? An abstract run of its body over {unsent, sent, unknown}.

Sound where mypy types what happens: calls typed `Sent` answer, calls typed `Never` end the path, code that mypy never
typed is not reached. Where the response goes out of sight (a container, an untyped call, a closure) the state is
unknown, and nothing is said.
"""

import enum
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from mypy.nodes import (
    AssertStmt,
    AssignmentExpr,
    AssignmentStmt,
    AwaitExpr,
    Block,
    BreakStmt,
    CallExpr,
    ClassDef,
    ComparisonExpr,
    ConditionalExpr,
    Context,
    ContinueStmt,
    Decorator,
    DelStmt,
    DictExpr,
    DictionaryComprehension,
    Expression,
    ExpressionStmt,
    ForStmt,
    FuncDef,
    GeneratorExpr,
    IfStmt,
    IndexExpr,
    IntExpr,
    ListComprehension,
    ListExpr,
    MatchStmt,
    MemberExpr,
    NameExpr,
    OperatorAssignmentStmt,
    OpExpr,
    OverloadedFuncDef,
    RaiseStmt,
    ReturnStmt,
    SetComprehension,
    SetExpr,
    Statement,
    StrExpr,
    TempNode,
    TryStmt,
    TupleExpr,
    UnaryExpr,
    Var,
    WhileStmt,
    WithStmt,
)
from mypy.types import AnyType, CallableType, Instance, LiteralType, Type, UninhabitedType, get_proper_type

from typed_api.mypy_plugin._declared import is_sent
from typed_api.mypy_plugin._trees import is_branch, mentions

__all__ = ["Flow", "State"]


class State(enum.Enum):
    """What may hold at a point of the body."""

    UNSENT = enum.auto()
    SENT = enum.auto()
    UNKNOWN = enum.auto()


States: TypeAlias = frozenset[State]
"""What may hold at a point, by different ways to it; empty where no way leads."""

_NOWHERE: Final[States] = frozenset()
_UNKNOWN: Final[States] = frozenset({State.UNKNOWN})

# What takes a response to show it, or to ask about it, does not answer.
_HARMLESS: Final = frozenset(
    f"builtins.{name}" for name in ("bool", "hasattr", "id", "isinstance", "print", "repr", "str", "type")
)


class Flow:
    """One run over a body.

    Attributes:
        answers: How many answers were met.
        escapes: Whether the response goes where it may be answered with out of sight.
        again: Where an answer may come after an answer.
        early: The `return`s that no answer comes before.
        at_end: What holds where the body ends without a `return`.
    """

    # Any: the checker of mypy is no part of its plugin interface.
    def __init__(self, chk: Any, body: Block, res: str) -> None:
        """Run.

        Args:
            chk: mypy's checker, which has typed the body.
            body: The body.
            res: The name of the response.
        """
        self._chk: Any = chk
        # The names through which an answer may be given: the response, and functions that use it.
        self._carriers: set[str] = {res}
        self._res: str = res
        self._breaks: list[list[States]] = []
        self._continues: list[list[States]] = []
        self._trails: list[list[States]] = []
        # By `try` whose `finally` may answer, the `return`s inside of it.
        self._returns: list[list[tuple[ReturnStmt, States]]] = []
        self.answers: int = 0
        self.escapes: bool = False
        self.again: list[Context] = []
        self.early: list[Context] = []
        self.at_end: States = self._block(body, frozenset({State.UNSENT}))

    @property
    def may_end_unsent(self) -> bool:
        """Whether the end of the body is reached without an answer."""
        return State.UNSENT in self.at_end and State.UNKNOWN not in self.at_end

    # Statements

    def _block(self, block: Block, states: States) -> States:
        for statement in block.body:
            if not states:
                return _NOWHERE
            for trail in self._trails:
                trail.append(states)
            states = self._statement(statement, states)
        return states

    def _statement(self, node: Statement, states: States) -> States:
        for kinds, follow in self._STATEMENTS:
            if isinstance(node, kinds):
                return follow(self, node, states)
        return states

    def _return(self, node: ReturnStmt, states: States) -> States:
        if node.expr is not None:
            states = self._expression(node.expr, states, awaited=True)
            if states and is_sent(self._chk.lookup_type_or_none(node.expr), awaited=True):
                return _NOWHERE
        self._leave(node, states)
        return _NOWHERE

    def _leave(self, node: ReturnStmt, states: States) -> None:
        if State.UNSENT not in states or State.UNKNOWN in states:
            return
        if self._returns:
            self._returns[-1].append((node, states))
        else:
            self.early.append(node)

    def _raise(self, node: RaiseStmt, states: States) -> States:
        self._all((node.expr, node.from_expr), states)
        return _NOWHERE

    def _jump(self, node: BreakStmt | ContinueStmt, states: States) -> States:
        loops = self._breaks if isinstance(node, BreakStmt) else self._continues
        if loops:
            loops[-1].append(states)
        return _NOWHERE

    def _if(self, node: IfStmt, states: States) -> States:
        out = _NOWHERE
        for condition, block in zip(node.expr, node.body, strict=True):
            held, states = self._condition(condition, states)
            if self._is_reached(block):
                out |= self._block(block, held)
        if node.else_body is None:
            return out | states
        return out | self._block(node.else_body, states) if self._is_reached(node.else_body) else out

    def _loop(self, node: WhileStmt | ForStmt, states: States) -> States:
        if isinstance(node, ForStmt):
            states = self._expression(node.expr, states)
        is_endless = isinstance(node, WhileStmt) and _is_true(node.expr)
        while True:
            self._breaks.append([])
            self._continues.append([])
            inside, done = (states, states) if isinstance(node, ForStmt) else self._condition(node.expr, states)
            after = self._block(node.body, inside) if self._is_reached(node.body) else _NOWHERE
            breaks, continues = self._breaks.pop(), self._continues.pop()
            again = states.union(after, *continues)
            if again == states:
                break
            states = again
        out = _NOWHERE if is_endless else done
        if node.else_body is not None and out and self._is_reached(node.else_body):
            out = self._block(node.else_body, out)
        return out.union(*breaks)

    def _try(self, node: TryStmt, states: States) -> States:
        ending = node.finally_body
        if ending is None:
            return self._try_body(node, states)
        may_answer = mentions(ending, self._carriers)
        if may_answer:
            self._returns.append([])
        after = self._try_body(node, states)
        for statement, left in self._returns.pop() if may_answer else ():
            self._leave(statement, self._block(ending, left))
        if not after:
            self._block(ending, _UNKNOWN)
            return _NOWHERE
        return self._block(ending, after)

    def _try_body(self, node: TryStmt, states: States) -> States:
        self._trails.append([])
        after = self._block(node.body, states)
        at_handlers = _doubt(states, self._trails.pop())
        if node.else_body is not None and after:
            after = self._block(node.else_body, after)
        for handler in node.handlers:
            if self._is_reached(handler):
                after |= self._block(handler, at_handlers)
        return after

    def _with(self, node: WithStmt, states: States) -> States:
        states = self._all(node.expr, states)
        self._trails.append([])
        after = self._block(node.body, states)
        within = _doubt(states, self._trails.pop())
        if any(self._swallows(expression, is_async=node.is_async) for expression in node.expr):
            after |= within
        return after

    def _match(self, node: MatchStmt, states: States) -> States:
        states = self._expression(node.subject, states)
        out = _NOWHERE
        for guard, block in zip(node.guards, node.bodies, strict=True):
            if self._is_reached(block):
                out |= self._block(block, states if guard is None else self._condition(guard, states)[0])
        return out

    def _assign(self, node: AssignmentStmt, states: States) -> States:
        return self._all((node.rvalue, *node.lvalues), states)

    def _operator_assign(self, node: OperatorAssignmentStmt, states: States) -> States:
        return self._all((node.rvalue, node.lvalue), states)

    def _single(self, node: ExpressionStmt | DelStmt, states: States) -> States:
        # A method that is named and not called does nothing.
        return states if self._is_method_of_res(node.expr) else self._expression(node.expr, states)

    def _assert(self, node: AssertStmt, states: States) -> States:
        return _NOWHERE if _is_false(node.expr) else self._condition(node.expr, states)[0]

    def _nested(self, node: FuncDef | Decorator | OverloadedFuncDef | ClassDef, states: States) -> States:
        if not mentions(node, self._carriers):
            return states
        self._carriers.add(node.name)
        # One that returns `Sent` answers where it is called; of any other nothing is known.
        return states if isinstance(node, FuncDef) and _returns_sent(node) else self._escape(states)

    def _escape(self, states: States) -> States:
        self.escapes = True
        return states | _UNKNOWN

    # ...: each follower takes the kinds of statement beside it.
    _STATEMENTS: Final[Sequence[tuple[tuple[type[Statement], ...], Callable[..., States]]]] = (
        ((ExpressionStmt, DelStmt), _single),
        ((AssignmentStmt,), _assign),
        ((ReturnStmt,), _return),
        ((IfStmt,), _if),
        ((TryStmt,), _try),
        ((RaiseStmt,), _raise),
        ((AssertStmt,), _assert),
        ((WithStmt,), _with),
        ((WhileStmt, ForStmt), _loop),
        ((MatchStmt,), _match),
        ((BreakStmt, ContinueStmt), _jump),
        ((OperatorAssignmentStmt,), _operator_assign),
        ((FuncDef, Decorator, OverloadedFuncDef, ClassDef), _nested),
        ((Block,), _block),
    )

    def _swallows(self, expression: Expression, *, is_async: bool) -> bool:
        """Tell whether a context manager may swallow exceptions: by the typing spec its exit is typed `bool` then."""
        declared: Type | None = self._chk.lookup_type_or_none(expression)
        proper = None if declared is None else get_proper_type(declared)
        symbol = proper.type.get("__aexit__" if is_async else "__exit__") if isinstance(proper, Instance) else None
        node = symbol.node if symbol is not None else None
        if isinstance(node, Decorator):
            node = node.func
        exit_type = get_proper_type(node.type) if isinstance(node, (FuncDef, Var)) and node.type is not None else None
        if not isinstance(exit_type, CallableType):
            return False
        result = get_proper_type(exit_type.ret_type)
        if is_async and isinstance(result, Instance) and result.args:
            result = get_proper_type(result.args[-1])
        if isinstance(result, LiteralType):
            return result.value is True
        return isinstance(result, Instance) and result.type.fullname == "builtins.bool"

    def _is_reached(self, block: Block) -> bool:
        """Tell whether mypy went into a block: it types nothing in one that cannot be reached."""
        if block.is_unreachable:
            return False
        for statement in block.body:
            if is_branch(statement) and isinstance(statement, ExpressionStmt):
                # Where mypy looks for unreachable code it types this too, and is told that it never returns.
                declared: Type | None = self._chk.lookup_type_or_none(statement.expr)
                return declared is not None and not isinstance(get_proper_type(declared), UninhabitedType)
            expression = _first_expression(statement)
            if expression is not None:
                return self._chk.lookup_type_or_none(expression) is not None
            if isinstance(statement, (ReturnStmt, RaiseStmt, BreakStmt, ContinueStmt, TryStmt)):
                return True
        return True

    # Expressions

    def _all(self, nodes: Sequence[Expression | None], states: States) -> States:
        for node in nodes:
            if node is not None and states:
                states = self._expression(node, states)
        return states

    def _expression(self, node: Expression, states: States, *, awaited: bool = False) -> States:
        """Follow an expression; `awaited` says that something to be awaited will be."""
        if not states:
            return _NOWHERE
        if isinstance(node, CallExpr):
            return self._call(node, states, awaited)
        if isinstance(node, AwaitExpr):
            return self._await(node, states)
        if isinstance(node, NameExpr):
            return self._escape(states) if node.name in self._carriers else states
        if isinstance(node, MemberExpr):
            if self._is_res(node.expr):
                return self._escape(states) if self._is_method_of_res(node) else states
            return self._expression(node.expr, states)
        if isinstance(node, ConditionalExpr):
            held, failed = self._condition(node.cond, states)
            return self._expression(node.if_expr, held, awaited=awaited) | self._expression(
                node.else_expr, failed, awaited=awaited
            )
        if isinstance(node, OpExpr) and node.op in ("and", "or"):
            held, failed = self._condition(node, states)
            return held | failed
        if isinstance(node, (ListComprehension, SetComprehension)):
            return self._comprehension(node.generator, (node.generator.left_expr,), states)
        if isinstance(node, DictionaryComprehension):
            return self._comprehension(node, (node.key, node.value), states)
        children = _plain_children(node)
        if children is not None:
            return self._all(children, states)
        return self._escape(states) if mentions(node, self._carriers) else states

    def _condition(self, node: Expression, states: States) -> tuple[States, States]:
        """Follow a condition; gives what holds when it is true, and when it is false."""
        if isinstance(node, UnaryExpr) and node.op == "not":
            held, failed = self._condition(node.expr, states)
            return failed, held
        if isinstance(node, OpExpr) and node.op in ("and", "or"):
            held, failed = self._condition(node.left, states)
            if self._chk.lookup_type_or_none(node.right) is None:
                return held, failed
            right_held, right_failed = self._condition(node.right, held if node.op == "and" else failed)
            if node.op == "and":
                return right_held, failed | right_failed
            return held | right_held, right_failed
        if isinstance(node, MemberExpr) and node.name == "sent" and self._is_res(node.expr):
            # An answer out of sight is in sight where it is asked for; that there is none need not ever be so.
            held = frozenset({State.SENT}) if states - {State.UNSENT} else _NOWHERE
            return held, states - {State.SENT}
        states = self._expression(node, states)
        return states, states

    def _comprehension(
        self, node: GeneratorExpr | DictionaryComprehension, results: Sequence[Expression | None], states: States
    ) -> States:
        states = self._all(node.sequences, states)
        conditions = [condition for conditions in node.condlists for condition in conditions]
        while True:
            again = states | self._all([*conditions, *results], states)
            if again == states:
                return states
            states = again

    def _is_method_of_res(self, node: Expression) -> bool:
        """Tell whether a node is `res.name`, not called on the spot, that may be called elsewhere."""
        if not isinstance(node, MemberExpr) or not self._is_res(node.expr):
            return False
        declared: Type | None = self._chk.lookup_type_or_none(node)
        return declared is None or not isinstance(get_proper_type(declared), (Instance, UninhabitedType))

    def _await(self, node: AwaitExpr, states: States) -> States:
        before = self.answers
        states = self._expression(node.expr, states, awaited=True)
        declared: Type | None = self._chk.lookup_type_or_none(node)
        if declared is not None and isinstance(get_proper_type(declared), UninhabitedType):
            return _NOWHERE
        return self._answer(node, states) if is_sent(declared) and self.answers == before else states

    def _call(self, node: CallExpr, states: States, awaited: bool) -> States:
        if node.analyzed is not None:
            # A cast, reveal_type and their like: no call at all.
            return self._escape(states) if mentions(node, self._carriers) else states
        callee = node.callee
        is_harmless = _is_harmless(callee)
        if isinstance(callee, MemberExpr):
            states = self._expression(callee.expr, states) if not self._is_res(callee.expr) else states
        elif not isinstance(callee, NameExpr):
            states = self._expression(callee, states)
        escapes = False
        for argument in node.args:
            if isinstance(argument, NameExpr) and argument.name in self._carriers:
                escapes = not is_harmless
            else:
                states = self._expression(argument, states)
        declared: Type | None = self._chk.lookup_type_or_none(node)
        if declared is None:
            return _NOWHERE  # mypy did not come here.
        proper = get_proper_type(declared)
        if is_sent(proper):
            return self._answer(node, states)
        if isinstance(proper, UninhabitedType):
            return _NOWHERE
        # What has an error of its own gives Any: mypy has told of it already.
        uses = escapes or (isinstance(callee, NameExpr) and callee.name in self._carriers)
        if uses or (isinstance(proper, AnyType) and _root(node) in self._carriers):
            return states if awaited and is_sent(proper, awaited=True) else self._escape(states)
        return states

    def _is_res(self, node: Expression) -> bool:
        return isinstance(node, NameExpr) and node.name == self._res

    def _answer(self, node: Expression, states: States) -> States:
        if not states:
            return _NOWHERE
        self.answers += 1
        if State.SENT in states and State.UNKNOWN not in states and node not in self.again:
            self.again.append(node)
        return frozenset({State.SENT})


def _doubt(before: States, trail: Sequence[States]) -> States:
    """Say what may hold where an exception leads: an answer inside may or may not have been given by then."""
    between = before.union(*trail)
    return (between - {State.SENT}) | _UNKNOWN if State.SENT in between and State.SENT not in before else between


def _returns_sent(node: FuncDef) -> bool:
    declared = get_proper_type(node.type) if node.type is not None else None
    return isinstance(declared, CallableType) and is_sent(declared.ret_type, awaited=True)


def _root(node: Expression) -> str | None:
    while isinstance(node, (CallExpr, MemberExpr)):
        node = node.callee if isinstance(node, CallExpr) else node.expr
    return node.name if isinstance(node, NameExpr) else None


def _is_harmless(callee: Expression) -> bool:
    """Tell whether a call only shows what it is given: a few of Python's functions, and what f-strings are made of."""
    if isinstance(callee, NameExpr):
        return callee.fullname in _HARMLESS
    return isinstance(callee, MemberExpr) and isinstance(callee.expr, StrExpr) and callee.name in ("format", "join")


def _is_false(node: Expression) -> bool:
    return (isinstance(node, NameExpr) and node.fullname == "builtins.False") or (
        isinstance(node, IntExpr) and node.value == 0
    )


def _is_true(node: Expression) -> bool:
    return (isinstance(node, NameExpr) and node.fullname == "builtins.True") or (
        isinstance(node, IntExpr) and node.value != 0
    )


def _first_expression(node: Statement) -> Expression | None:
    """Give an expression that mypy types as soon as it comes to a statement; None for what it types otherwise."""
    if isinstance(node, (ExpressionStmt, ReturnStmt, RaiseStmt, AssertStmt, WhileStmt, ForStmt)):
        return node.expr
    if isinstance(node, (IfStmt, WithStmt)):
        return node.expr[0]
    if isinstance(node, MatchStmt):
        return node.subject
    if isinstance(node, AssignmentStmt) and not node.is_alias_def:
        # A tuple is typed part by part; TypeVar("T") and its like are no calls.
        is_special = isinstance(node.rvalue, (TempNode, TupleExpr, ListExpr)) or (
            isinstance(node.rvalue, CallExpr) and node.rvalue.analyzed is not None
        )
        return None if is_special else node.rvalue
    return None


def _plain_children(node: Expression) -> list[Expression | None] | None:
    """Give the parts that are evaluated in turn; None for what is not taken apart."""
    if isinstance(node, OpExpr):
        return [node.left, node.right]
    if isinstance(node, UnaryExpr):
        return [node.expr]
    if isinstance(node, ComparisonExpr):
        return list(node.operands)
    if isinstance(node, AssignmentExpr):
        return [node.value]
    if isinstance(node, IndexExpr):
        return [node.base, node.index]
    if isinstance(node, (ListExpr, TupleExpr, SetExpr)):
        return list(node.items)
    if isinstance(node, DictExpr):
        return [part for item in node.items for part in item]
    return None
