"""What a handler sends, as its own source says: the literal statuses, and by which call.

Owns the only look at source text. It follows the response through one function and nowhere else; where the response
goes anywhere that cannot be followed, it says so, and the document keeps to what the types say.
"""

import __future__

import ast
import http
import inspect
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias, cast

from typed_api.status import is_final_status
from typed_api.streams import File

__all__ = ["Answer", "Answers", "Call", "Sources", "mentions"]

Call: TypeAlias = Literal["json", "send", "redirect", "end"]
"""The method that ends the answer; `send()` of nothing is an `end`."""

_CALLS: Final[dict[str, Call]] = {"json": "json", "send": "send", "redirect": "redirect", "end": "end"}
_SETTERS: Final = frozenset({"set_header", "append_header"})
# Methods of the response that change neither status nor media type, and give the response itself.
_CHAINED: Final = frozenset({"set_cookie", "delete_cookie", "set_draft_mode", "set_preview_data", "clear_preview_data"})
_READ: Final = frozenset(
    {"status_code", "sent", "headers", "get_header", "has_header", "after", "revalidate", "unstable_revalidate"}
)

_SEEN_MOST: Final = 64
"""States of one place in a function; past them, it is too tangled to be followed."""


class Answer(NamedTuple):
    """One way in which a handler answers."""

    status: int | None
    """None where it is computed."""
    call: Call
    media_type: str | None
    """What was set as the content type; None where nothing was."""
    is_plain: bool
    """Whether the media type is what this says, and not something computed."""
    body: type | None
    """The class of the body, where it is made in the call itself."""
    file_type: str | None = None
    """The media type that a file made in the call is given; None where it is not written there as text."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What is known of the answers of one handler."""

    found: tuple[Answer, ...] = ()
    """In the order of the source."""
    is_complete: bool = False
    """Whether there are no others."""


class _State(NamedTuple):
    status: int | None
    media_type: str | None
    is_plain: bool


_START: Final = _State(200, None, True)
_UNKNOWN: Final = Answers()


_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class Sources:
    """Reads the sources of handlers; each file is read once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lines: dict[str, list[bytes]] = {}
        self._trees: dict[str, tuple[ast.Module, types.CodeType] | None] = {}
        self._known: dict[types.FunctionType, Answers] = {}

    def answers(self, function: Callable[..., object]) -> Answers:
        """Find out how a handler answers.

        Args:
            function: The handler; of a decorated one the innermost function is read.

        Returns:
            What its source says; nothing where there is no source, or another than the one that runs.
        """
        inner = inspect.unwrap(function)
        if not isinstance(inner, types.FunctionType):
            return _UNKNOWN
        if inner not in self._known:
            self._known[inner] = self._follow(inner)
        return self._known[inner]

    def _follow(self, inner: types.FunctionType) -> Answers:
        code = inner.__code__
        node = self._find_alone(code) or self._find(code)
        if node is None:
            return _UNKNOWN
        parameters = [*node.args.posonlyargs, *node.args.args]
        if len(parameters) < 2:
            return _UNKNOWN
        try:
            reader = _Reader(parameters[1].arg, inner, node)
            reader.read()
        except RecursionError:
            return _UNKNOWN
        return Answers(tuple(dict.fromkeys(reader.found)), reader.is_complete)

    def _find_alone(self, code: types.CodeType) -> _Function | None:
        """Parse the lines of one function of a module, which takes a third of the time that the file takes."""
        if code.co_freevars or code.co_name != code.co_qualname:
            return None
        first, lines = code.co_firstlineno, self._read(code.co_filename)
        last = _end_of_block(lines, first)
        # Blank lines before it: a code object knows where it stands.
        source = b"\n" * (first - 1) + b"".join(lines[first - 1 : last])
        try:
            tree = ast.parse(source, code.co_filename)
            made: object = compile(tree, code.co_filename, "exec", code.co_flags & _FUTURE, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None  # It ends further below than its code does, or has changed.
        return _same_function(tree, made, code) if isinstance(made, types.CodeType) else None

    def _find(self, code: types.CodeType) -> _Function | None:
        parsed = self._parse(code.co_filename)
        return None if parsed is None else _same_function(*parsed, code)

    def _parse(self, file: str) -> tuple[ast.Module, types.CodeType] | None:
        if file not in self._trees:
            try:
                tree = ast.parse(b"".join(self._read(file)), file)
                self._trees[file] = (tree, compile(tree, file, "exec", dont_inherit=True))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self._trees[file] = None
        return self._trees[file]

    def _read(self, file: str) -> list[bytes]:
        if file not in self._lines:
            try:
                self._lines[file] = Path(file).read_bytes().splitlines(keepends=True)
            except (OSError, ValueError):  # Made by `exec`, or inside of a zip file.
                self._lines[file] = []
        return self._lines[file]


_FUTURE: Final = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
"""The flags that a `from __future__` sets; each has a bit of its own."""

_CONTINUED: Final = (b" ", b"\t", b"\f", b"\r", b"\n", b"#", b")", b"]", b"}")
"""How a line begins that starts no new statement of a module."""


def _end_of_block(lines: Sequence[bytes], first: int) -> int:
    """Find the last line of a function of a module, which has its decorators or its `def` on the line `first`."""
    number = first
    while number <= len(lines) and not lines[number - 1].startswith((b"def ", b"async ")):
        number += 1
    number += 1
    while number <= len(lines) and lines[number - 1].startswith(_CONTINUED):
        number += 1
    return number - 1


def _same_function(tree: ast.Module, compiled: types.CodeType, code: types.CodeType) -> _Function | None:
    """Find the function that a code object is made of.

    The file may have changed since it was imported: only source that compiles to this very code is its source.
    """
    if not any(found == code for found in _codes(compiled, code.co_name)):
        return None
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == code.co_name:
            first = min((decorator.lineno for decorator in node.decorator_list), default=node.lineno)
            if first == code.co_firstlineno:
                return node
    return None


def mentions(function: Callable[..., object], *names: str) -> bool:
    """Tell whether a handler, or a function inside it, uses one of these as a name or attribute."""
    inner = inspect.unwrap(function)
    return isinstance(inner, types.FunctionType) and _mentions(inner.__code__, names)


def _mentions(code: types.CodeType, names: Sequence[str]) -> bool:
    return any(name in code.co_names for name in names) or any(_mentions(inner, names) for inner in _inner_codes(code))


def _inner_codes(code: types.CodeType) -> Iterator[types.CodeType]:
    return (constant for constant in code.co_consts if isinstance(constant, types.CodeType))


def _codes(code: types.CodeType, name: str) -> Iterator[types.CodeType]:
    for inner in _inner_codes(code):
        if inner.co_name == name:
            yield inner
        yield from _codes(inner, name)


@dataclass
class _Loop:
    """Where the states go that leave a loop early."""

    broken: list[_State] = field(default_factory=list["_State"])
    continued: list[_State] = field(default_factory=list["_State"])


class _Reader:
    """Follows the response through one function.

    A state is what the response has by then; several ways to a place give several states. Too many states, or a use of
    the response that is not understood, make the result incomplete, never wrong.
    """

    def __init__(self, name: str, function: types.FunctionType, node: _Function) -> None:
        self.found: list[Answer] = []
        self.is_complete: bool = True
        self._node: _Function = node
        self._names: set[str] = {name}
        self._users: set[ast.AST] = set()
        """Every node that has one of the names in it."""
        self._find_users(node)
        self._function: types.FunctionType = function
        self._locals: frozenset[str] = frozenset((*function.__code__.co_varnames, *function.__code__.co_cellvars))
        self._loops: list[_Loop] = []

    def read(self) -> None:
        self._block(self._node.body, [_START])

    def _find_users(self, node: ast.AST) -> bool:
        found = isinstance(node, ast.Name) and node.id in self._names
        # ast.iter_child_nodes takes three times as long, and most of the nodes are `Load()`.
        for name in node._fields:
            value: object = getattr(node, name, None)
            if type(value) is list:
                for item in cast("list[object]", value):
                    if isinstance(item, ast.AST):
                        found |= self._find_users(item)
            elif isinstance(value, ast.AST) and value._fields:
                found |= self._find_users(value)
        if found:
            self._users.add(node)
        return found

    # Statements: each takes the states before it and gives those after it, none if nothing comes after it.

    def _block(self, body: Iterable[ast.stmt], states: list[_State]) -> list[_State]:
        for statement in body:
            if not states:
                break
            states = _distinct(self._statement(statement, states))
            if len(states) > _SEEN_MOST:
                self.is_complete = False
                states = [_State(None, None, False)]
        return states

    def _statement(self, node: ast.stmt, states: list[_State]) -> list[_State]:
        match node:
            case ast.Return(value=value):
                self._maybe(value, states)
                return []
            case ast.Raise():
                self._expressions(node, states)
                return []
            case ast.If(test=test, body=body, orelse=orelse):
                states = self._expression(test, states)
                return self._block(body, states) + self._block(orelse, states)
            case ast.Match(subject=subject, cases=cases):
                states = self._expression(subject, states)
                after = list(states)
                for case in cases:
                    inner = states if case.guard is None else self._expression(case.guard, states)
                    after += self._block(case.body, inner)
                return after
            case ast.For() | ast.AsyncFor() | ast.While():
                return self._loop(node, states)
            case ast.Break():
                self._loops[-1].broken += states
                return []
            case ast.Continue():
                self._loops[-1].continued += states
                return []
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    states = self._expression(item.context_expr, states)
                # A context manager may swallow an exception, and go on from wherever it came.
                return self._block(body, states) + self._partial(body, states)
            case ast.Try() | ast.TryStar():
                return self._try(node, states)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                if self._uses(node):
                    self.is_complete = False
                return states
            case ast.Assign(targets=targets, value=value):
                return self._assign(targets, value, states)
            case ast.AnnAssign(target=target, value=value):
                return states if value is None else self._assign([target], value, states)
            case _:
                return self._expressions(node, states)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, states: list[_State]) -> list[_State]:
        states = self._expression(node.test if isinstance(node, ast.While) else node.iter, states)
        seen = _distinct(states)
        loop = _Loop()
        self._loops.append(loop)
        for _ in range(len(_CALLS)):
            again = _distinct([*seen, *self._block(node.body, seen), *loop.continued])
            if again == seen:
                break
            seen = again
        else:
            self.is_complete = False
        self._loops.pop()
        endless = isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)
        return (self._block(node.orelse, [] if endless else seen)) + loop.broken

    def _try(self, node: ast.Try | ast.TryStar, states: list[_State]) -> list[_State]:
        after = self._block(node.orelse, self._block(node.body, states))
        thrown = _distinct(self._partial(node.body, states))
        for handler in node.handlers:
            after = after + self._block(handler.body, thrown)
        if node.finalbody:
            if after:
                return self._block(node.finalbody, _distinct(after))
            self._block(node.finalbody, thrown)
        return after

    def _partial(self, body: Sequence[ast.stmt], states: list[_State]) -> list[_State]:
        """Give the states that an exception inside a block may leave behind."""
        marks = list(states)
        if not self._uses(*body):
            return marks
        quiet = _Reader("", self._function, self._node)
        quiet._names, quiet._users = set(self._names), set(self._users)
        quiet._loops = [_Loop()]
        for statement in body:
            if not states:
                break
            states = _distinct(quiet._statement(statement, states))
            marks += states
        return marks

    def _assign(self, targets: Sequence[ast.expr], value: ast.expr, states: list[_State]) -> list[_State]:
        if self._is_response(value) and all(isinstance(target, ast.Name) for target in targets):
            states = self._owner(value, states)
            # Every method that does not end the answer gives the response itself.
            self._names.update(target.id for target in targets if isinstance(target, ast.Name))
            self._find_users(self._node)
            return states
        for target in targets:
            for name in ast.walk(target):
                if isinstance(name, ast.Name) and name.id in self._names:
                    self.is_complete = False  # From here on the name is something else.
                    self._names.discard(name.id)
        return self._expression(value, states)

    # Expressions.

    def _maybe(self, node: ast.expr | None, states: list[_State]) -> list[_State]:
        return states if node is None else self._expression(node, states)

    def _expressions(self, node: ast.AST, states: list[_State]) -> list[_State]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                states = self._expression(child, states)
        return states

    def _expression(self, node: ast.expr, states: list[_State]) -> list[_State]:
        if not self._uses(node):
            return states
        match node:
            case ast.Await(value=value):
                return self._expression(value, states)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                states = self._expression(test, states)
                return _distinct(self._expression(body, states) + self._expression(orelse, states))
            case ast.BoolOp(values=values):
                after = states = self._expression(values[0], states)
                for value in values[1:]:
                    states = self._expression(value, states)
                    after = _distinct([*after, *states])
                return after
            case ast.Call(func=ast.Attribute(value=owner, attr=attribute)) if self._is_response(owner):
                return self._call(node, attribute, self._owner(owner, states))
            case ast.Attribute(value=owner, attr=attribute) if self._is_response(owner) and attribute in _READ:
                return self._owner(owner, states)
            case ast.Name():
                # Named alone: given to something, put somewhere. In a chain it is the owner, which does not come here.
                self.is_complete = False
                return states
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self.is_complete = False
                return states
            case ast.Call():
                return self._expressions_of_call(node, states)
            case _:
                return self._expressions(node, states)

    def _expressions_of_call(self, node: ast.Call, states: list[_State]) -> list[_State]:
        states = self._expression(node.func, states)
        for value in (*node.args, *(keyword.value for keyword in node.keywords)):
            states = self._expression(value, states)
        return states

    def _owner(self, node: ast.expr, states: list[_State]) -> list[_State]:
        return states if isinstance(node, ast.Name) else self._expression(node, states)

    def _is_response(self, node: ast.expr) -> bool:
        """Tell whether an expression is the response, or a chain of calls that gives it."""
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr not in _CHAINED | _SETTERS and node.func.attr not in ("status", "remove_header"):
                return False
            node = node.func.value
        return isinstance(node, ast.Name) and node.id in self._names

    def _call(self, node: ast.Call, attribute: str, states: list[_State]) -> list[_State]:
        for value in (*node.args, *(keyword.value for keyword in node.keywords)):
            states = self._expression(value, states)
        if attribute in _CALLS:
            self._answer(node, _CALLS[attribute], states)
            return states
        if attribute == "status":
            codes = self._codes(node.args[0]) if len(node.args) == 1 and not node.keywords else None
            if len(node.keywords) == 1 and node.keywords[0].arg == "code" and not node.args:
                codes = self._codes(node.keywords[0].value)
            return _distinct([state._replace(status=code) for state in states for code in codes or (None,)])
        if attribute in _SETTERS or attribute == "remove_header":
            name = _literal_text(node.args[0]) if node.args else None
            if name is None:
                return _distinct([state._replace(is_plain=False) for state in states])
            if name.lower() == "content-type":
                if attribute == "remove_header":
                    return _distinct([state._replace(media_type=None, is_plain=True) for state in states])
                text = _literal_text(node.args[1]) if len(node.args) > 1 else None
                media_type = None if text is None else _media_type(text)
                return _distinct(
                    [state._replace(media_type=media_type, is_plain=media_type is not None) for state in states]
                )
            return states
        if attribute not in _READ | _CHAINED:
            self.is_complete = False
        return states

    def _answer(self, node: ast.Call, call: Call, states: list[_State]) -> None:
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        if any(isinstance(argument, ast.Starred) for argument in arguments) or any(
            keyword.arg is None for keyword in node.keywords
        ):
            self.is_complete = False
            return
        if call == "redirect":
            if not arguments:  # It raises.
                return
            codes = (307,) if len(arguments) == 1 else self._codes(arguments[0]) or (None,)
            self.found += [Answer(code, call, None, True, None) for code in codes]
            return
        is_nothing = not arguments or (isinstance(arguments[0], ast.Constant) and arguments[0].value is None)
        if call == "send" and is_nothing:
            call = "end"
        body = None if not arguments else self._made_class(arguments[0])
        file_type = _given_media_type(arguments[0]) if body is File else None
        for state in states:
            if state.status is None:
                self.is_complete = False
            self.found.append(Answer(state.status, call, state.media_type, state.is_plain, body, file_type))

    def _codes(self, node: ast.expr) -> tuple[int, ...] | None:
        """Find the statuses that an expression may be; None if it is computed."""
        if isinstance(node, ast.IfExp):
            first, second = self._codes(node.body), self._codes(node.orelse)
            return None if first is None or second is None else tuple(dict.fromkeys((*first, *second)))
        value: object = None
        if isinstance(node, ast.Constant):
            value = node.value
        elif isinstance(node, ast.Name):
            value = self._constant(node.id)
        elif isinstance(node, ast.Attribute):
            value = self._attribute(node)
        return (int(cast("int", value)),) if is_final_status(value) else None

    def _constant(self, name: str) -> object:
        """Look up a constant of the module: `Final`, or written as one."""
        if name in self._locals:
            return None
        scope = self._function.__globals__
        annotation = str(scope.get("__annotations__", {}).get(name, ""))
        return scope.get(name) if "Final" in annotation or name.isupper() else None

    def _attribute(self, node: ast.Attribute) -> object:
        parts = [node.attr]
        owner = node.value
        while isinstance(owner, ast.Attribute):
            parts.append(owner.attr)
            owner = owner.value
        if not isinstance(owner, ast.Name) or owner.id in self._locals:
            return None
        value: object = self._function.__globals__.get(owner.id)
        for part in reversed(parts):
            if not isinstance(value, (types.ModuleType, type)):
                return None
            value = getattr(value, part, None)
        return value if isinstance(value, http.HTTPStatus) else None

    def _made_class(self, node: ast.expr) -> type | None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in self._locals:
            made: object = self._function.__globals__.get(node.func.id)
            return made if isinstance(made, type) else None
        return None

    def _uses(self, *nodes: ast.AST) -> bool:
        return any(node in self._users for node in nodes)


def _media_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def _given_media_type(node: ast.expr) -> str | None:
    """Find the media type that is given to a `File(...)`."""
    keywords = node.keywords if isinstance(node, ast.Call) else []
    texts = [_literal_text(keyword.value) for keyword in keywords if keyword.arg == "media_type"]
    return None if not texts or texts[0] is None else _media_type(texts[0])


def _literal_text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _distinct(states: Iterable[_State]) -> list[_State]:
    return list(dict.fromkeys(states))
