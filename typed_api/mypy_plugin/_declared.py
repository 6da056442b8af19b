"""Reading mypy's types as the contract reads annotations: statuses, bodies, literals.

The rules of statuses are those of `typed_api.status`; nothing here reports.
"""

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final

from mypy.maptype import map_instance_to_supertype
from mypy.messages import format_type
from mypy.nodes import ConditionalExpr, Expression, NameExpr, RefExpr, TypeInfo, Var
from mypy.options import Options
from mypy.types import (
    AnyType,
    Instance,
    LiteralType,
    NoneType,
    ProperType,
    Type,
    TypeOfAny,
    TypeVarType,
    UninhabitedType,
    UnionType,
    get_proper_type,
)

from typed_api import status
from typed_api.status import is_final_status

__all__ = [
    "BASE_MODEL",
    "HEADERS",
    "QUERY_MAPPING",
    "REPLY",
    "REQUEST",
    "RESPONSE",
    "SENT",
    "Declared",
    "declares_body",
    "expression_codes",
    "instance_of",
    "is_any_written",
    "is_dataclass",
    "is_model",
    "is_omitted",
    "is_sent",
    "literal_ints",
    "literal_strings",
    "marker_of",
    "spelled",
    "union_items",
]

REQUEST: Final = "typed_api.request.ApiRequest"
RESPONSE: Final = "typed_api.response.ApiResponse"
REPLY: Final = "typed_api.response.Reply"
QUERY_MAPPING: Final = "typed_api.request.Query"
HEADERS: Final = "starlette.datastructures.Headers"
SENT: Final = "typed_api._types.Sent"
BASE_MODEL: Final = "pydantic.main.BaseModel"

_STATUS_MODULE: Final = f"{status.__name__}."
_EXACT: Final = {marker.__name__: code for code, marker in status.MARKERS.items()}
_GROUPS: Final = {
    marker.__name__: marker.codes for marker in (status.Status, status.Success, status.ClientError, status.ServerError)
}
_AWAITABLES: Final = frozenset({"typing.Awaitable", "typing.Coroutine"})
# Constants that are typed `int`, and say in their name which; FastAPI hands out the same ones.
_NAMED_STATUS: Final = re.compile(r"starlette\.status\.HTTP_(\d{3})_\w+")


class Declared:
    """What `ApiResponse[T]` declares, read from mypy's type of T.

    Attributes:
        exact: Body types by status, from the exact markers.
        groups: Body types by range of statuses, the narrowest first.
        bare: Body types of any status.
        is_opaque: Whether a part is not known, such as a type variable: then nothing can be said.
        problems: What the declaration itself gets wrong, a sentence each.
    """

    def __init__(self, response: Instance, options: Options) -> None:
        """Read the one argument of an `ApiResponse`."""
        self.exact: dict[int, Type] = {}
        self.groups: list[tuple[range, Type]] = []
        self.bare: list[Type] = []
        self.is_opaque: bool = False
        self.problems: list[str] = []
        self._options: Options = options
        for item in union_items(response.args[0]):
            self._add(item)
        self.groups.sort(key=lambda entry: len(entry[0]))
        if self.bare and (self.exact or self.groups):
            mend = " | ".join(format_type(item, options).strip('"') for item in self.bare)
            self.problems.append(
                f"{format_type(response, options)} mixes status markers with a bare type; write Ok[{mend}]"
            )

    def _add(self, item: ProperType) -> None:
        if isinstance(item, (AnyType, TypeVarType)):
            self.is_opaque = True
        elif isinstance(item, UninhabitedType):
            return
        elif isinstance(item, Instance) and (marker := _marker(item)) is not None:
            self._add_marker(marker)
        else:
            self.bare.append(item)

    def _add_marker(self, item: Instance) -> None:
        name = item.type.name
        body: Type = item.args[-1] if item.args else NoneType()
        if is_omitted(body):
            self.problems.append(f"{name} needs its body: {name}[...]")
        if name == "Code":
            codes = literal_ints(item.args[0])
            if codes is None:
                self.is_opaque = True
                self.problems.append("Code needs a literal status and a body: Code[Literal[425], TooEarly]")
            for code in codes or ():
                self._add_exact(code, body)
        elif name in _EXACT:
            self._add_exact(_EXACT[name], body)
        elif any(codes == _GROUPS[name] for codes, _ in self.groups):
            self.problems.append(f"{name} is declared twice; write one {name}[A | B]")
        else:
            self.groups.append((_GROUPS[name], body))

    def _add_exact(self, code: int, body: Type) -> None:
        if not is_final_status(code):
            self.problems.append(f"{code} is not a status that a response can end with; use 200 to 599")
        elif code in self.exact:
            self.problems.append(f"Status {code} is declared twice; write one marker with a union, such as Ok[A | B]")
        self.exact[code] = body

    @property
    def is_bare(self) -> bool:
        """Whether any status may be answered."""
        return bool(self.bare) and not self.exact and not self.groups

    def body_of(self, code: int) -> Type | None:
        """Find the body type of a status; None when the status is not declared."""
        if code in self.exact:
            return self.exact[code]
        for codes, body in self.groups:
            if code in codes:
                return body
        return UnionType.make_union(list(self.bare)) if self.bare else None

    @property
    def bodies(self) -> Sequence[Type]:
        """Every body type, whatever its status."""
        return [*self.exact.values(), *(body for _, body in self.groups), *self.bare]

    @property
    def words(self) -> str:
        """The declared statuses in words: `200, 404, 5xx`."""
        names = [str(code) for code in sorted(self.exact)]
        names += ["any" if len(codes) > 100 else f"{codes.start // 100}xx" for codes, _ in self.groups]
        return ", ".join(names) or "none"

    def annotation(self, node: Expression) -> str:
        """Write how the variable of a status that is not literal is to be annotated: with what is declared.

        Args:
            node: The argument that the status is.
        """
        name = node.name if isinstance(node, NameExpr) else "status"
        codes = sorted(self.exact) or sorted(group.start for group, _ in self.groups) or [200]
        return f"{name}: Literal[{', '.join(map(str, codes))}] = ..."


def marker_of(code: int) -> str:
    """Write the marker that declares a status."""
    marker = status.MARKERS.get(code)
    if marker is None:
        return f"Code[Literal[{code}], ...]"
    return marker.__name__ if code in status.BODYLESS_STATUSES else f"{marker.__name__}[...]"


def _marker(item: Instance) -> Instance | None:
    for base in item.type.mro:
        if base.fullname.startswith(_STATUS_MODULE):
            return map_instance_to_supertype(item, base)
    return None


def union_items(declared: Type) -> Iterator[ProperType]:
    """Yield the members of a union, through aliases and nested unions; any other type is its own only member."""
    proper = get_proper_type(declared)
    if isinstance(proper, UnionType):
        for item in proper.items:
            yield from union_items(item)
    else:
        yield proper


def _literal(item: ProperType) -> LiteralType | None:
    literal = item.last_known_value if isinstance(item, Instance) else item
    return literal if isinstance(literal, LiteralType) else None


def literal_ints(declared: Type) -> list[int] | None:
    """Give the numbers that a type stands for: literals, unions of them, members of `http.HTTPStatus` and its like.

    Returns:
        The numbers, or None when some part is no such literal.
    """
    codes: list[int] = []
    for item in union_items(declared):
        literal = _literal(item)
        if literal is None or isinstance(literal.value, bool):
            return None
        code = literal.value if isinstance(literal.value, int) else _member_value(literal)
        if code is None:
            return None
        codes.append(code)
    return codes


def _member_value(literal: LiteralType) -> int | None:
    """Give the number that a member of an enumeration of numbers is."""
    info = literal.fallback.type
    if not isinstance(literal.value, str) or not info.is_enum:
        return None
    if info.fullname == "http.HTTPStatus":
        known = HTTPStatus.__members__.get(literal.value)
        return None if known is None else int(known)
    # One with a way of its own to its values may give others.
    if not info.has_base("builtins.int") or any(
        "__new__" in base.names for base in info.mro if base.is_enum and base.module_name != "enum"
    ):
        return None
    symbol = info.names.get(literal.value)
    if symbol is None or not isinstance(symbol.node, Var) or symbol.node.type is None:
        return None
    found = _literal(get_proper_type(symbol.node.type))
    return found.value if found is not None and isinstance(found.value, int) else None


def literal_strings(declared: Type) -> list[str] | None:
    """Give the strings that a type stands for; None when some part is no string literal."""
    found: list[str] = []
    for item in union_items(declared):
        literal = _literal(item)
        if literal is None or literal.fallback.type.fullname != "builtins.str" or not isinstance(literal.value, str):
            return None
        found.append(literal.value)
    return found


# Any: the checker of mypy is no part of its plugin interface.
def expression_codes(chk: Any, expression: Expression, declared: Type) -> list[int] | None:
    """Give the statuses that an argument may be; a ternary of literals is literal too.

    Returns:
        The statuses, or None when they are not known.
    """
    codes = literal_ints(declared)
    if codes is None and isinstance(expression, RefExpr):
        named = _NAMED_STATUS.fullmatch(expression.fullname)
        return None if named is None else [int(named[1])]
    if codes is not None or not isinstance(expression, ConditionalExpr):
        return codes
    both: list[int] = []
    for branch in (expression.if_expr, expression.else_expr):
        found = expression_codes(chk, branch, chk.get_expression_type(branch))
        if found is None:
            return None
        both.extend(found)
    return both


def is_omitted(declared: Type) -> bool:
    """Tell whether a type argument was left out, as in a bare `ApiResponse`."""
    proper = get_proper_type(declared)
    return isinstance(proper, AnyType) and proper.type_of_any == TypeOfAny.from_omitted_generics


def is_any_written(declared: Type) -> bool:
    """Tell whether a type is an `Any` that somebody wrote; one that mypy fell back to says nothing."""
    proper = get_proper_type(declared)
    return isinstance(proper, AnyType) and proper.type_of_any == TypeOfAny.explicit


def instance_of(declared: Type | None, fullname: str) -> Instance | None:
    """Give the type as an instance of one class; None when it is anything else."""
    proper = None if declared is None else get_proper_type(declared)
    return proper if isinstance(proper, Instance) and proper.type.fullname == fullname else None


def is_sent(declared: Type | None, *, awaited: bool = False) -> bool:
    """Tell whether a type proves an answer.

    Args:
        declared: The type.
        awaited: Whether something to be awaited counts as what it gives.
    """
    proper = None if declared is None else get_proper_type(declared)
    if not isinstance(proper, Instance):
        return False
    if proper.type.fullname == SENT:
        return True
    return awaited and proper.type.fullname in _AWAITABLES and bool(proper.args) and is_sent(proper.args[-1])


def declares_body(body: Type) -> bool:
    """Tell whether the first argument of an `ApiRequest` asks for a body."""
    proper = get_proper_type(body)
    if isinstance(proper, (NoneType, AnyType, TypeVarType, UninhabitedType)):
        return False
    return not (isinstance(proper, Instance) and proper.type.fullname == "builtins.object")


def is_model(info: TypeInfo) -> bool:
    """Tell whether a class is a pydantic model."""
    return any(base.fullname == BASE_MODEL for base in info.mro)


def is_dataclass(info: TypeInfo) -> bool:
    """Tell whether a class is a dataclass, of the standard library or pydantic's; a model is none."""
    return not is_model(info) and any(
        "dataclass" in base.metadata or "dataclass_tag" in base.metadata for base in info.mro
    )


def spelled(declared: Type, options: Options) -> str:
    """Write a type as mypy does in its messages, in quotes."""
    return format_type(declared, options)
