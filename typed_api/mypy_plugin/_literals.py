"""Bodies that are written out: a dict display in the place of a model.

mypy alone refuses every dict for a model. Here its keys and values are held against the fields, as the server does.
"""

import difflib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

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
    OpExpr,
    SetComprehension,
    SetExpr,
    StarExpr,
    StrExpr,
    TupleExpr,
    TypeInfo,
    Var,
)
from mypy.subtypes import is_same_type, is_subtype
from mypy.typeops import false_only, true_only
from mypy.types import (
    AnyType,
    CallableType,
    Instance,
    ProperType,
    TupleType,
    Type,
    TypedDictType,
    TypeList,
    UnboundType,
    UninhabitedType,
    UnionType,
    get_proper_type,
)

from typed_api.mypy_plugin._declared import (
    BASE_MODEL,
    REPLY,
    RESPONSE,
    Declared,
    instance_of,
    is_dataclass,
    is_model,
    literal_strings,
    spelled,
    union_items,
)
from typed_api.mypy_plugin._sources import ModelFacts, Sources

__all__ = ["Field", "Literals", "Problem", "fields_of_typed_dict", "root_of", "takes_dict"]

_ROOT_MODEL = "pydantic.root_model.RootModel"

_Trust: TypeAlias = Callable[[], bool]
"""Whether a value must have the declared type; asked only before something would be reported."""


class Field(NamedTuple):
    """One field that a class takes."""

    type: Type | None
    """None when it is not known."""
    is_required: bool


class Problem(NamedTuple):
    """One thing that does not fit."""

    message: str
    where: Context


_Check: TypeAlias = Callable[[], list[Problem]]


class Literals:
    """Holds displays against declared types."""

    # Any: the checker of mypy is no part of its plugin interface.
    def __init__(self, chk: Any, sources: Sources) -> None:
        """Prepare for the body of one call."""
        self._chk: Any = chk
        self._sources: Sources = sources

    def concerns(self, node: Expression, declared: Type) -> bool:
        """Tell whether a dict display stands where a model or dataclass is declared, at any depth."""
        branches = _branches(node)
        if branches:
            return any(self.concerns(branch, declared) for branch in branches)
        items = list(union_items(declared))
        if isinstance(node, DictExpr):
            return self._concerns_dict(node, declared, items)
        elements = _elements(node)
        if elements is None:
            return False
        # mypy refuses every list for a root model, and every dict.
        if any((inner := root_of(item)) is not None and _has_elements(inner, _count(node)) for item in items):
            return True
        fixed = _fixed_tuple(items, elements) if isinstance(node, TupleExpr) else None
        if fixed is not None:
            return any(self.concerns(item, type_) for item, type_ in zip(elements, fixed, strict=True))
        element = _element(node, items)
        return element is not None and any(
            self.concerns(item.expr, declared) if isinstance(item, StarExpr) else self.concerns(item, element)
            for item in elements
        )

    def _concerns_dict(self, node: DictExpr, declared: Type, items: Sequence[ProperType]) -> bool:
        if any(isinstance(item, Instance) and takes_dict(item) for item in items):
            return True
        for item in items:
            if isinstance(item, TypedDictType):
                for key, value in _pairs(node):
                    known = item.items.get(key.value) if isinstance(key, StrExpr) else None
                    if known is not None and self.concerns(value, known):
                        return True
        element = _argument(items, 2)
        return element is not None and any(
            self.concerns(value, declared if key is None else element) for key, value in _pairs(node)
        )

    def check(self, node: Expression, declared: Type) -> list[Problem]:
        """Find what does not fit; mypy itself tells what is wrong inside of an expression."""
        trust = functools.cache(self._is_annotation_plain)
        problems = self._check(node, declared, "Body item", trust)
        if len(problems) > 1 and isinstance(node, DictExpr):
            other = self._status_of(node, declared, trust)
            if other is not None:
                code, body = other
                options = self._chk.options
                message = f"Body is {spelled(body, options)} of status {code}, not {spelled(declared, options)}"
                return [Problem(message, node)]
        return problems

    def _check(self, node: Expression, declared: Type, what: str, trust: _Trust) -> list[Problem]:
        if not self.concerns(node, declared):
            return self._check_value(node, declared, what, trust)
        if isinstance(node, (ConditionalExpr, OpExpr)):
            return self._check_branches(node, declared, what, trust)
        items = list(union_items(declared))
        if isinstance(node, DictExpr):
            return self._check_dict(node, declared, items, trust)
        checks: list[_Check] = [
            functools.partial(self._check_root, node, item, inner, trust)
            for item in items
            if isinstance(item, Instance) and (inner := root_of(item)) is not None
            if _has_elements(inner, _count(node))
        ]
        if not checks or _holds(items, _count(node)):
            checks.insert(0, functools.partial(self._check_elements, node, declared, items, trust))
        return self._best_of(checks)

    def _check_branches(
        self, node: ConditionalExpr | OpExpr, declared: Type, what: str, trust: _Trust
    ) -> list[Problem]:
        chk = self._chk
        if isinstance(node, ConditionalExpr):
            chk.get_expression_type(node.cond)
            if_true, if_false = chk.find_isinstance_check(node.cond)
            return [
                *self._in_branch(if_true, lambda: self._check(node.if_expr, declared, what, trust)),
                *self._in_branch(if_false, lambda: self._check(node.else_expr, declared, what, trust)),
            ]
        is_or = node.op == "or"
        if self.concerns(node.left, declared):
            found = self._check(node.left, declared, what, trust)
            chk.get_expression_type(node.left)
        else:
            left = chk.get_expression_type(node.left)
            rest = (true_only if is_or else false_only)(left)
            fits = isinstance(rest, UninhabitedType) or _fits(rest, declared)
            found = [] if fits else self._mismatch(what, declared, rest, node.left, trust)
        if_true, if_false = chk.find_isinstance_check(node.left)
        right = if_false if is_or else if_true
        return [*found, *self._in_branch(right, lambda: self._check(node.right, declared, what, trust))]

    def _in_branch(self, narrowed: Mapping[Expression, Type] | None, check: _Check) -> list[Problem]:
        """Check where an expression is known to be true, or false, as mypy does."""
        with self._chk.binder.frame_context(can_skip=True, fall_through=0):
            # Older releases give None for what is never reached, newer ones a type without values.
            if narrowed is None or any(
                isinstance(get_proper_type(type_), UninhabitedType) for type_ in narrowed.values()
            ):
                return []
            self._chk.push_type_map(narrowed)
            return check()

    def _check_dict(self, node: DictExpr, declared: Type, items: Sequence[ProperType], trust: _Trust) -> list[Problem]:
        if any(isinstance(item, AnyType) or instance_of(item, "builtins.object") is not None for item in items):
            return []
        checks: list[_Check] = []
        for item in items:
            if isinstance(item, Instance) and takes_dict(item):
                checks.append(functools.partial(self._check_model, node, item, trust))
            elif isinstance(item, TypedDictType):
                checks.append(functools.partial(self._check_typed_dict, node, item, trust))
        element = _argument(items, 2)
        if checks:
            # What is no model takes no dict, except a dict, which takes this one as it is.
            return [] if element is not None else self._best_of(checks)
        if element is None:
            return []
        found: list[Problem] = []
        for key, value in _pairs(node):
            if key is not None:
                found += self._check(value, element, "Body item", trust)
            elif self.concerns(value, declared):
                found += self._check(value, declared, "Body item", trust)
            else:
                found += self._check_inside(value, "typing.Mapping", element, trust)
        return found

    def _check_elements(
        self, node: Expression, declared: Type, items: Sequence[ProperType], trust: _Trust
    ) -> list[Problem]:
        if isinstance(node, (ListComprehension, SetComprehension, GeneratorExpr, DictionaryComprehension)):
            return self._check_comprehension(node, items, trust)
        elements = _elements(node) or []
        fixed = _fixed_tuple(items, elements) if isinstance(node, TupleExpr) else None
        element = _element(node, items)
        if fixed is not None:
            pairs = list(zip(elements, fixed, strict=True))
        else:
            pairs = [] if element is None else [(item, element) for item in elements]
        found: list[Problem] = []
        for item, type_ in pairs:
            if not isinstance(item, StarExpr):
                found += self._check(item, type_, "Body item", trust)
            elif self.concerns(item.expr, declared):
                found += self._check(item.expr, declared, "Body item", trust)
            else:
                found += self._check_inside(item.expr, "typing.Iterable", type_, trust)
        return found

    def _check_comprehension(
        self,
        node: ListComprehension | SetComprehension | GeneratorExpr | DictionaryComprehension,
        items: Sequence[ProperType],
        trust: _Trust,
    ) -> list[Problem]:
        scope = node.generator if isinstance(node, (ListComprehension, SetComprehension)) else node
        value = scope.value if isinstance(scope, DictionaryComprehension) else scope.left_expr
        element = _argument(items, _count(node))
        if element is None:
            return []
        # As mypy does: the `for` and `if` of a comprehension give its names their types.
        with self._chk.binder.frame_context(can_skip=True, fall_through=0):
            self._chk.expr_checker.check_for_comp(scope)
            return self._check(value, element, "Body item", trust)

    def _best_of(self, checks: Sequence[_Check]) -> list[Problem]:
        """Hold a display against each of several types; the one that fits, or else fits best, counts."""
        if len(checks) == 1:
            return checks[0]()
        best: list[Problem] | None = None
        for check in checks:
            # What mypy reports inside of a value depends on the type; only the chosen one's reports count.
            with self._chk.msg.filter_errors(save_filtered_errors=True) as watched:
                found = check()
            if not found and not watched.has_new_errors():
                return []
            if found and (best is None or len(found) < len(best)):
                best = found
        return best or []

    def _check_root(self, node: Expression, model: Instance, inner: Type, trust: _Trust) -> list[Problem]:
        def trusts() -> bool:
            if not trust():
                return False
            facts = self._facts(model.type)
            return facts.knows_types and self._is_plain(model.type, facts, "root", is_written=False)

        return self._check(node, inner, "Body item", functools.cache(trusts))

    def _check_model(self, node: DictExpr, model: Instance, trust: _Trust) -> list[Problem]:
        inner = root_of(model)
        if inner is not None:
            return self._check_root(node, model, inner, trust)
        fields = self.fields_of(model)
        return [] if fields is None else self._check_fields(node, model.type, *fields, trust)

    def _check_typed_dict(self, node: DictExpr, declared: TypedDictType, trust: _Trust) -> list[Problem]:
        return self._check_fields(node, declared.fallback.type, fields_of_typed_dict(declared), False, trust)

    def _check_fields(
        self, node: DictExpr, info: TypeInfo, fields: Mapping[str, Field], takes_extra: bool, trust: _Trust
    ) -> list[Problem]:
        given = self._values(node)
        if given is None:
            return []
        facts = functools.cache(lambda: self._facts(info))
        problems: list[Problem] = []
        wrong = self._check_types(given, fields, info, facts, trust)
        is_missing = any(field.is_required and key not in given for key, field in fields.items())
        is_doubtful = is_missing or any(key not in fields for key in given)
        corrected = _corrected(fields, facts()) if is_doubtful and trust() else None
        if corrected is not None:
            missing = [key for key, field in corrected.items() if field.is_required and key not in given]
            if missing:
                listed = ", ".join(f'"{key}"' for key in missing)
                problems.append(Problem(f'Body is missing {listed} of "{info.name}"', node))
            if not takes_extra and not facts().takes_extra:
                problems += [
                    Problem(f'"{info.name}" has no field "{key}"{_hint(key, corrected)}', value)
                    for key, value in given.items()
                    if key not in corrected
                ]
            renamed = {key: field for key, field in corrected.items() if key not in fields}
            wrong += self._check_types(given, renamed, info, facts, trust)
        return problems + wrong

    def _check_types(
        self,
        given: Mapping[str, Expression],
        fields: Mapping[str, Field],
        info: TypeInfo,
        facts: Callable[[], ModelFacts],
        trust: _Trust,
    ) -> list[Problem]:
        wrong: list[Problem] = []
        for key, value in given.items():
            declared = fields[key].type if key in fields else None
            if declared is not None:
                trusts = functools.partial(self._trusts_field, info, facts, key, trust)
                wrong += self._check(value, declared, f'Field "{key}" of "{info.name}"', functools.cache(trusts))
        return wrong

    def _trusts_field(self, info: TypeInfo, facts: Callable[[], ModelFacts], key: str, trust: _Trust) -> bool:
        return trust() and facts().knows_types and self._is_plain(info, facts(), key, is_written=True)

    def _facts(self, info: TypeInfo) -> ModelFacts:
        return self._sources.facts(info, self._chk.modules)

    def _is_plain(self, info: TypeInfo, facts: ModelFacts, key: str, *, is_written: bool) -> bool:
        """Tell whether the annotation of a field, if one must be, or its class hides nothing that converts values."""
        modules = self._chk.modules
        field = facts.field_of(key)
        if field is None:
            return not is_written and self._sources.are_bases_plain(info, modules)
        return self._sources.is_plain(field, modules) and self._sources.are_bases_plain(info, modules)

    # Values

    def _check_value(self, node: Expression, declared: Type, what: str, trust: _Trust) -> list[Problem]:
        chk = self._chk
        with chk.msg.filter_errors(save_filtered_errors=True) as watched:
            given = chk.get_expression_type(node, declared)
        if watched.has_new_errors():
            # The declared type may be what is wrong here. What is wrong without it, mypy finds as it checks the call.
            if not trust():
                return []
            given = chk.get_expression_type(node, declared)
        if any(isinstance(item, TypedDictType) for item in union_items(declared)) and isinstance(node, DictExpr):
            return []  # mypy has told what it misses.
        return [] if _fits(given, declared) else self._mismatch(what, declared, given, node, trust)

    def _check_inside(self, node: Expression, container: str, declared: Type, trust: _Trust) -> list[Problem]:
        """Check what a star takes out of something."""
        taken: Type = self._chk.get_expression_type(node)
        given = get_proper_type(taken)
        if isinstance(given, TupleType):
            given = self._chk.named_generic_type(container, [UnionType.make_union(list(given.items))])
        if not isinstance(given, Instance):
            return []
        base = next((base for base in given.type.mro if base.fullname == container), None)
        if base is None:
            return []
        inside = map_instance_to_supertype(given, base).args[-1]
        return [] if _fits(inside, declared) else self._mismatch("Body item", declared, inside, node, trust)

    def _mismatch(self, what: str, declared: Type, given: Type, where: Context, trust: _Trust) -> list[Problem]:
        if not trust():
            return []
        options = self._chk.options
        return [Problem(f"{what} is {spelled(declared, options)}, not {spelled(given, options)}", where)]

    def _values(self, node: DictExpr) -> Mapping[str, Expression] | None:
        """Give the values by key, the last where one comes twice; None when the keys are not known."""
        values: dict[str, Expression] = {}
        for key, value in _pairs(node):
            if key is None:
                return None  # `**other`: its keys are not known.
            found = [key.value] if isinstance(key, StrExpr) else literal_strings(self._chk.get_expression_type(key))
            if found is None or len(found) != 1:
                return None
            values[found[0]] = value
        return values

    # Fields

    def fields_of(self, model: Instance) -> tuple[Mapping[str, Field], bool] | None:
        """Give the fields that a model or dataclass takes, by key.

        Names and requiredness come from the constructor, where mypy has put aliases, defaults and inheritance.

        Returns:
            The fields, and whether more keys are taken; None when they are not known.
        """
        node: FuncDef | None = None
        for base in model.type.mro:
            symbol = base.names.get("__init__")
            if symbol is None:
                continue
            if base.fullname in (BASE_MODEL, "builtins.object"):
                break
            # One that is written by hand tells nothing of the fields, and the server calls that of a model.
            if not symbol.plugin_generated or not isinstance(symbol.node, FuncDef):
                return None
            node = node or symbol.node
        declared = get_proper_type(node.type) if node is not None and node.type is not None else None
        if node is None or not isinstance(declared, CallableType):
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

    def corrected(self, info: TypeInfo, fields: Mapping[str, Field]) -> Mapping[str, Field] | None:
        """Give the fields as the sources of a class have them: keys, and types only where they are plain to see.

        Args:
            info: The class.
            fields: Its fields as mypy has them.

        Returns:
            The fields; None when the keys are not known.
        """
        facts = self._facts(info)
        corrected = _corrected(fields, facts)
        if corrected is None:
            return None
        return {
            key: field
            if facts.knows_types and self._is_plain(info, facts, key, is_written=True)
            else Field(None, field.is_required)
            for key, field in corrected.items()
        }

    def _attribute(self, model: Instance, name: str) -> Type | None:
        symbol = model.type.get(name)
        if symbol is None or not isinstance(symbol.node, Var) or symbol.node.type is None:
            return None
        return expand_type_by_instance(symbol.node.type, map_instance_to_supertype(model, symbol.node.info))

    # The function around

    def _responses(self) -> Iterator[tuple[FuncDef, int, Instance]]:
        """Yield the parameters around that are responses or replies: where the declared types are written."""
        for function in reversed(self._chk.scope.stack):
            declared = get_proper_type(function.type) if isinstance(function, FuncDef) and function.type else None
            if isinstance(declared, CallableType):
                for index, type_ in enumerate(declared.arg_types):
                    own = instance_of(type_, RESPONSE) or instance_of(type_, REPLY)
                    if own is not None:
                        yield function, index, own

    def _is_annotation_plain(self) -> bool:
        """Tell whether nothing in the annotation of the response converts values: mypy keeps no trace of it."""
        module = self._chk.tree.fullname
        for function, index, _ in self._responses():
            written = function.unanalyzed_type
            if not isinstance(written, CallableType):
                return False
            for name in _names_in(written.arg_types[index]):
                if not self._sources.is_name_plain(name, module, self._chk.modules):
                    return False
        return True

    def _status_of(self, node: DictExpr, declared: Type, trust: _Trust) -> tuple[int, Type] | None:
        """Find another status whose body a display is."""
        given = self._values(node)
        if not given:
            return None
        for _, _, own in self._responses():
            for code, body in Declared(own, self._chk.options).exact.items() if own.type.fullname == RESPONSE else ():
                model = get_proper_type(body)
                if not isinstance(model, Instance) or not takes_dict(model) or is_same_type(model, declared):
                    continue
                fields = self.fields_of(model)
                if fields is None or not given.keys() <= fields[0].keys():
                    continue
                with self._chk.msg.filter_errors(save_filtered_errors=True) as watched:
                    found = self._check_model(node, model, trust)
                if not found and not watched.has_new_errors():
                    return code, body
        return None


def takes_dict(item: Instance) -> bool:
    """Tell whether the server makes an instance from a dict."""
    return is_model(item.type) or is_dataclass(item.type)


def fields_of_typed_dict(declared: TypedDictType) -> Mapping[str, Field]:
    """Give the fields of a TypedDict, by key."""
    return {key: Field(type_, key in declared.required_keys) for key, type_ in declared.items.items()}


def root_of(item: ProperType) -> Type | None:
    """Give what a root model is made of; None for what is no root model."""
    if not isinstance(item, Instance) or item.type.module_name == "builtins":
        return None
    root = next((base for base in item.type.mro if base.fullname == _ROOT_MODEL), None)
    return None if root is None else map_instance_to_supertype(item, root).args[0]


def _corrected(fields: Mapping[str, Field], facts: ModelFacts) -> Mapping[str, Field] | None:
    """Put aliases and defaults that only the sources have into the fields that mypy has; None when one is not known."""
    if not facts.knows_names:
        return None
    corrected: dict[str, Field] = {}
    for key, field in fields.items():
        source = facts.field_of(key)
        if source is None:
            return None
        corrected[source.alias or key] = Field(field.type, field.is_required and source.is_required)
    return corrected


def _fits(given: Type, declared: Type) -> bool:
    """Tell whether a value inside of a display fits; the server takes what a root model is made of for the model."""
    return is_subtype(given, declared) or is_subtype(given, _without_roots(declared))


def _without_roots(declared: Type) -> Type:
    roots = [inner for item in union_items(declared) if (inner := root_of(item)) is not None]
    return UnionType.make_union([declared, *map(_without_roots, roots)]) if roots else declared


def _count(node: Expression) -> int:
    """Give how many type arguments a container of such a display has."""
    return 2 if isinstance(node, DictionaryComprehension) else 1


def _holds(items: Sequence[ProperType], count: int) -> bool:
    return _argument(items, count) is not None or (count == 1 and any(isinstance(item, TupleType) for item in items))


def _has_elements(root: Type, count: int) -> bool:
    items = list(union_items(root))
    return _holds(items, count) or any(
        (inner := root_of(item)) is not None and _has_elements(inner, count) for item in items
    )


def _argument(items: Sequence[ProperType], count: int) -> Type | None:
    """Give the element type of the containers with so many type arguments."""
    found = [
        item.args[-1]
        for item in items
        if isinstance(item, Instance) and len(item.args) == count and not takes_dict(item)
    ]
    return UnionType.make_union(found) if found else None


def _element(node: Expression, items: Sequence[ProperType]) -> Type | None:
    """Give what the elements of a display may be."""
    if isinstance(node, TupleExpr) and any(isinstance(element, StarExpr) for element in node.items):
        # How many a star brings is not known, and so neither whose place an element has.
        given = [type_ for item in items if isinstance(item, TupleType) for type_ in item.items]
        if given:
            return UnionType.make_union([*given, *([known] if (known := _argument(items, 1)) is not None else [])])
    return _argument(items, _count(node))


def _fixed_tuple(items: Sequence[ProperType], elements: Sequence[Expression]) -> list[Type] | None:
    if any(isinstance(element, StarExpr) for element in elements):
        return None
    for item in items:
        if isinstance(item, TupleType) and len(item.items) == len(elements):
            return item.items
    return None


def _branches(node: Expression) -> tuple[Expression, Expression] | None:
    """Give the two expressions of which a node is one or the other."""
    if isinstance(node, ConditionalExpr):
        return node.if_expr, node.else_expr
    if isinstance(node, OpExpr) and node.op in ("and", "or"):
        return node.left, node.right
    return None


def _elements(node: Expression) -> list[Expression] | None:
    if isinstance(node, (ListExpr, SetExpr, TupleExpr)):
        return node.items
    if isinstance(node, (ListComprehension, SetComprehension)):
        return [node.generator.left_expr]
    if isinstance(node, DictionaryComprehension):
        return [node.value]
    return [node.left_expr] if isinstance(node, GeneratorExpr) else None


def _pairs(node: DictExpr) -> Iterator[tuple[Expression | None, Expression]]:
    """Yield keys and values; a display after `**` is part of the one around it."""
    for key, value in node.items:
        if key is None and isinstance(value, DictExpr):
            yield from _pairs(value)
        else:
            yield key, value


def _names_in(annotation: Type) -> Iterator[str]:
    """Yield the names in an annotation as it was written."""
    if isinstance(annotation, UnboundType):
        yield annotation.name
        if annotation.name.rpartition(".")[2] != "Literal":
            for argument in annotation.args:
                yield from _names_in(argument)
    elif isinstance(annotation, (UnionType, TypeList)):
        for item in annotation.items:
            yield from _names_in(item)


def _hint(key: str, names: Mapping[str, Field]) -> str:
    near = difflib.get_close_matches(key, names, n=1)
    return f'; did you mean "{near[0]}"?' if near else ""
