"""Bodies that are written out: a dict display in the place of a model.

mypy alone refuses every dict for a model. Here its keys and values are held against the fields, as the server does.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mypy.expandtype import expand_type_by_instance
from mypy.maptype import map_instance_to_supertype
from mypy.nodes import (
    ConditionalExpr,
    Context,
    DictExpr,
    DictionaryComprehension,
    Expression,
    FuncDef,
    GeneratorExpr,
    ListComprehension,
    ListExpr,
    SetComprehension,
    SetExpr,
    StrExpr,
    TupleExpr,
    Var,
)
from mypy.subtypes import is_subtype
from mypy.types import (
    AnyType,
    CallableType,
    Instance,
    ProperType,
    TupleType,
    Type,
    TypedDictType,
    get_proper_type,
)

from typed_api.mypy_plugin._declared import (
    BASE_MODEL,
    is_dataclass,
    is_model,
    literal_strings,
    spelled,
    union_items,
)
from typed_api.mypy_plugin._sources import ModelFacts, Sources

__all__ = ["Field", "Literals", "Problem"]

_ROOT_MODEL = "pydantic.root_model.RootModel"


class Field(NamedTuple):
    """One field that a class takes."""

    type: Type | None
    """None when it is not known."""
    is_required: bool


class Problem(NamedTuple):
    """One thing that does not fit."""

    message: str
    where: Context


class Literals:
    """Holds displays against declared types."""

    # Any: the checker of mypy is no part of its plugin interface.
    def __init__(self, chk: Any, sources: Sources) -> None:
        """Prepare for the body of one call."""
        self._chk: Any = chk
        self._sources: Sources = sources

    def concerns(self, node: Expression, declared: Type) -> bool:
        """Tell whether a dict display stands where a model or dataclass is declared, at any depth."""
        items = list(union_items(declared))
        if isinstance(node, ConditionalExpr):
            return self.concerns(node.if_expr, declared) or self.concerns(node.else_expr, declared)
        if isinstance(node, DictExpr):
            if any(isinstance(item, TypedDictType) for item in items):
                return False
            if any(isinstance(item, Instance) and takes_dict(item) for item in items):
                return True
            value = _argument(items, 2)
            return value is not None and any(self.concerns(item, value) for _, item in node.items)
        if isinstance(node, DictionaryComprehension):
            value = _argument(items, 2)
            return value is not None and self.concerns(node.value, value)
        elements = _elements(node)
        if elements is None:
            return False
        if isinstance(node, TupleExpr):
            fixed = _fixed_tuple(items, len(elements))
            if fixed is not None:
                return any(self.concerns(item, type_) for item, type_ in zip(elements, fixed, strict=True))
        element = _argument(items, 1)
        return element is not None and any(self.concerns(item, element) for item in elements)

    def check(self, node: Expression, declared: Type) -> list[Problem]:
        """Find what does not fit; mypy itself tells what is wrong inside of an expression."""
        if not self.concerns(node, declared):
            return self._check_value(node, declared, "Body item")
        items = list(union_items(declared))
        if isinstance(node, ConditionalExpr):
            self._chk.get_expression_type(node.cond)
            return self.check(node.if_expr, declared) + self.check(node.else_expr, declared)
        if isinstance(node, DictExpr):
            models = [item for item in items if isinstance(item, Instance) and takes_dict(item)]
            if models:
                # What is no model takes no dict, except a dict, which takes this one as it is.
                return [] if _argument(items, 2) is not None else self._check_any_of(node, models)
            value = _argument(items, 2)
            return [] if value is None else [found for _, item in node.items for found in self.check(item, value)]
        if isinstance(node, (ListComprehension, SetComprehension, GeneratorExpr, DictionaryComprehension)):
            return self._check_comprehension(node, items)
        elements = _elements(node) or []
        fixed = _fixed_tuple(items, len(elements)) if isinstance(node, TupleExpr) else None
        if fixed is not None:
            pairs = list(zip(elements, fixed, strict=True))
        else:
            element = _argument(items, 1)
            pairs = [] if element is None else [(item, element) for item in elements]
        return [found for item, type_ in pairs for found in self.check(item, type_)]

    def _check_comprehension(
        self,
        node: ListComprehension | SetComprehension | GeneratorExpr | DictionaryComprehension,
        items: Sequence[ProperType],
    ) -> list[Problem]:
        scope = node.generator if isinstance(node, (ListComprehension, SetComprehension)) else node
        if isinstance(scope, DictionaryComprehension):
            element, value = _argument(items, 2), scope.value
        else:
            element, value = _argument(items, 1), scope.left_expr
        if element is None:
            return []
        # As mypy does: the `for` and `if` of a comprehension give its names their types.
        with self._chk.binder.frame_context(can_skip=True, fall_through=0):
            self._chk.expr_checker.check_for_comp(scope)
            return self.check(value, element)

    def _check_any_of(self, node: DictExpr, models: Sequence[Instance]) -> list[Problem]:
        """Hold a display against each of several models; the one that fits, or else fits best, counts."""
        if len(models) == 1:
            return self._check_fields(node, models[0])
        best: list[Problem] | None = None
        for model in models:
            # What mypy reports inside of a value depends on the model; only the chosen one's reports count.
            with self._chk.msg.filter_errors():
                found = self._check_fields(node, model)
            if not found:
                return []
            if best is None or len(found) < len(best):
                best = found
        return best or []

    def _check_fields(self, node: DictExpr, model: Instance) -> list[Problem]:
        root = next((base for base in model.type.mro if base.fullname == _ROOT_MODEL), None)
        if root is not None:
            inner = map_instance_to_supertype(model, root).args[0]
            return (
                self.check(node, inner) if self.concerns(node, inner) else self._check_value(node, inner, "Body item")
            )
        keys = self._keys(node)
        fields = self.fields_of(model)
        if keys is None or fields is None:
            return []
        names, takes_extra = fields
        name = model.type.name
        problems: list[Problem] = []
        wrong: list[Problem] = []
        missing = [field for field, (_, is_required) in names.items() if is_required and field not in keys]
        if missing:
            listed = ", ".join(f'"{field}"' for field in missing)
            problems.append(Problem(f'Body is missing {listed} of "{name}"', node))
        unknown: list[Problem] = []
        for (_, value), key in zip(node.items, keys, strict=True):
            if key not in names:
                unknown.append(Problem(f'"{name}" has no field "{key}"{_hint(key, names)}', value))
            elif (declared := names[key].type) is not None:
                if self.concerns(value, declared):
                    # Whatever a validator of this model makes of the value, it would be no dict of another.
                    wrong.extend(self.check(value, declared))
                else:
                    wrong.extend(self._check_value(value, declared, f'Field "{key}" of "{name}"'))
        if not (problems or unknown or wrong):
            return []
        facts = self._facts(model)
        if takes_extra or facts.takes_extra:
            unknown = []
        return [
            *(problems + unknown if facts.knows_names else []),
            *(wrong if facts.knows_types else []),
        ]

    def _facts(self, model: Instance) -> ModelFacts:
        if is_model(model.type):
            return self._sources.facts(model.type, self._chk.modules)
        return ModelFacts([])

    def _check_value(self, node: Expression, declared: Type, what: str) -> list[Problem]:
        given = self._chk.get_expression_type(node, declared)
        if any(isinstance(item, TypedDictType) for item in union_items(declared)) and isinstance(node, DictExpr):
            return []  # mypy has told what it misses.
        if is_subtype(given, declared):
            return []
        options = self._chk.options
        return [Problem(f"{what} is {spelled(declared, options)}, not {spelled(given, options)}", node)]

    def _keys(self, node: DictExpr) -> list[str] | None:
        keys: list[str] = []
        for key, _ in node.items:
            if key is None:
                return None  # `**other`: its keys are not known.
            found = [key.value] if isinstance(key, StrExpr) else literal_strings(self._chk.get_expression_type(key))
            if found is None or len(found) != 1:
                return None
            keys.append(found[0])
        return keys

    def fields_of(self, model: Instance) -> tuple[Mapping[str, Field], bool] | None:
        """Give the fields that a model or dataclass takes, by key.

        Names and requiredness come from the constructor, where mypy has put aliases, defaults and inheritance.

        Returns:
            The fields, and whether more keys are taken; None when they are not known.
        """
        symbol = model.type.get("__init__")
        node = symbol.node if symbol is not None else None
        if not isinstance(node, FuncDef) or node.info.fullname in (BASE_MODEL, "builtins.object"):
            return None
        declared = get_proper_type(node.type) if node.type is not None else None
        if not isinstance(declared, CallableType):
            return None
        at = map_instance_to_supertype(model, node.info)
        fields: dict[str, Field] = {}
        takes_extra = False
        for name, kind, type_ in list(zip(declared.arg_names, declared.arg_kinds, declared.arg_types, strict=True))[1:]:
            if kind.is_star():
                # pydantic.mypy gives every model a `**kwargs`; whether they are kept, the settings say.
                takes_extra = not is_model(model.type)
            elif name is None:
                return None
            else:
                known = self._attribute(model, name) if isinstance(get_proper_type(type_), AnyType) else type_
                fields[name] = Field(
                    None if known is None else expand_type_by_instance(known, at) if known is type_ else known,
                    kind.is_required(),
                )
        return fields, takes_extra

    def _attribute(self, model: Instance, name: str) -> Type | None:
        symbol = model.type.get(name)
        if symbol is None or not isinstance(symbol.node, Var) or symbol.node.type is None:
            return None
        return expand_type_by_instance(symbol.node.type, map_instance_to_supertype(model, symbol.node.info))


def takes_dict(item: Instance) -> bool:
    """Tell whether the server makes an instance from a dict."""
    return is_model(item.type) or is_dataclass(item.type)


def _argument(items: Sequence[ProperType], count: int) -> Type | None:
    """Give the element type of a container with so many type arguments."""
    for item in items:
        if isinstance(item, Instance) and len(item.args) == count and not takes_dict(item):
            return item.args[-1]
    return None


def _fixed_tuple(items: Sequence[ProperType], length: int) -> list[Type] | None:
    for item in items:
        if isinstance(item, TupleType) and len(item.items) == length:
            return item.items
    return None


def _elements(node: Expression) -> list[Expression] | None:
    if isinstance(node, (ListExpr, SetExpr, TupleExpr)):
        return node.items
    if isinstance(node, (ListComprehension, SetComprehension)):
        return [node.generator.left_expr]
    return [node.left_expr] if isinstance(node, GeneratorExpr) else None


def _hint(key: str, names: Mapping[str, Field]) -> str:
    near = difflib.get_close_matches(key, names, n=1)
    return f'; did you mean "{near[0]}"?' if near else ""
