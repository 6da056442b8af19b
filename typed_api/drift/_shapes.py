"""What a schema lets through, without the many ways to write it.

Owns the reading of one document's schemas: references are followed, `allOf` is put together, and what may be null, or
one of several alternatives, is the same whether it is written as a list of types, as `anyOf`, or as OpenAPI 3.0 does.
Nothing here recurses, so that no nesting is too deep.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeGuard

from typed_api.drift._form import Wanted, misfit
from typed_api.drift._report import printable, shown
from typed_api.drift._source import DocumentError, as_list, as_mapping, resolve, split_reference

__all__ = [
    "ANNOTATIONS",
    "ANYTHING",
    "DOCUMENTATION",
    "Document",
    "Member",
    "Schema",
    "Shape",
    "canonical",
    "differ",
    "is_number",
    "type_of",
]

Schema: TypeAlias = Mapping[str, object] | bool

ANYTHING: Final[Schema] = True
DOCUMENTATION: Final = frozenset({"title", "description", "examples", "example", "externalDocs", "xml", "$comment"})
"""Keywords for readers alone."""
ANNOTATIONS: Final = DOCUMENTATION | {"default", "deprecated", "readOnly", "writeOnly"}
"""Keywords that say nothing about which values are possible."""
_UNIONS: Final = ("oneOf", "anyOf")
# Of two constraints of the same kind the stricter one counts.
_HIGHER_IS_STRICTER: Final = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_LOWER_IS_STRICTER: Final = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})


@dataclass(frozen=True, slots=True)
class Member:
    """One alternative of a schema; null is none."""

    types: frozenset[str] | None
    """The JSON types that are possible; None for all."""
    values: tuple[object, ...] | None
    """The values of `enum` or `const`; None when they are not listed."""
    keywords: Mapping[str, object]
    """Every other constraint."""
    annotations: Mapping[str, object]
    """What is said about this alternative alone; empty for a schema without alternatives."""
    name: str | None
    """The component it is, when it is nothing but a reference."""
    source: Schema | None = None
    """The schema that says all this and no more; None where several were put together."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a schema lets through."""

    members: tuple[Member, ...]
    is_nullable: bool
    annotations: Mapping[str, object]
    union: str = ""
    """`anyOf` or `oneOf`, as its alternatives are written; empty when it has one at most, null apart."""
    discriminator: Mapping[str, object] | None = None


@dataclass(slots=True)
class _Conjunction:
    """Every keyword that holds for a value, from a schema and what it refers to."""

    keywords: dict[str, object]
    name: str | None
    is_possible: bool = True
    source: Schema | None = None


def canonical(value: object) -> str:
    """Write a JSON value so that equal values, and no others, are equal texts."""
    return json.dumps(_with_integers(value), sort_keys=True)


def _with_integers(value: object) -> object:
    # 1.0 and 1 are one number in JSON; True and 1 are not one value.
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    mapping = as_mapping(value)
    if mapping is not None:
        return {str(key): _with_integers(item) for key, item in mapping.items()}
    items = as_list(value)
    return value if items is None else [_with_integers(item) for item in items]


def is_number(value: object) -> TypeGuard[int | float]:
    """Tell whether a JSON value is a number that can be compared; 1e999 is read as infinite."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def differ(old: Mapping[str, object], new: Mapping[str, object], key: str) -> bool:
    """Tell whether a keyword is there in one only, or says something else."""
    if key not in old and key not in new:
        return False
    return (key in old) != (key in new) or (old[key] is not new[key] and canonical(old[key]) != canonical(new[key]))


def type_of(value: object) -> str:
    """Name the JSON Schema type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "integer" if isinstance(value, int) or value.is_integer() else "number"
    if isinstance(value, str):
        return "string"
    return "array" if as_list(value) is not None else "object"


@dataclass(slots=True)
class Document:
    """The schemas of one document, read as they are asked for."""

    root: Mapping[str, object]
    name: str
    """What to call it, at the start of a sentence."""
    is_old_dialect: bool = field(init=False)
    """Whether it is written in the words of OpenAPI 3.0: `nullable`, and bounds that are exclusive by a flag."""
    _shapes: dict[int, tuple[Schema, Shape]] = field(init=False, default_factory=dict[int, tuple[Schema, Shape]])
    # A schema that holds for a value together with others, by the identities of all of them: made once, so that
    # schemas that put each other together come to an end.
    _meetings: dict[tuple[int, ...], Schema] = field(default_factory=dict[tuple[int, ...], Schema])
    _parts: dict[int, tuple[Schema, ...]] = field(default_factory=dict[int, tuple[Schema, ...]])
    _targets: dict[str, object] = field(default_factory=dict[str, object])

    def __post_init__(self) -> None:
        self.is_old_dialect = str(self.root.get("openapi")).startswith("3.0")

    def resolve(self, reference: str) -> object:
        """Follow a reference; once for each."""
        if reference not in self._targets:
            self._targets[reference] = resolve(self.root, reference, self.name)
        return self._targets[reference]

    @property
    def used_names(self) -> frozenset[str]:
        """The named schemas that references have been followed to, or into."""
        parts = [split_reference(reference) for reference in self._targets]
        return frozenset(part[2] for part in parts if part[:2] == ["components", "schemas"] and len(part) > 2)

    def schema(self, value: object) -> Schema:
        """Take a value as a schema.

        Raises:
            DocumentError: If it is none.
        """
        if isinstance(value, bool):
            return value
        mapping = as_mapping(value)
        if mapping is None:
            raise self.misfit(value, "schema", "a schema, an object or a truth value,")
        return mapping

    def misfit(self, value: object, wanted: Wanted, what: str) -> DocumentError:
        """Make the error for a value in a place where something else should be, which it names."""
        pointer = misfit(self.root, value, wanted)
        place = "" if pointer is None else f" at '{printable(pointer)}'"
        return DocumentError(f"{self.name} has {shown(value)}{place} where {what} should be.")

    def target(self, schema: Schema) -> tuple[str | None, Schema]:
        """Follow a schema that is nothing but a reference, and give the first component's name with the end."""
        name: str | None = None
        seen: set[int] = set()
        while not isinstance(schema, bool) and len(schema) == 1 and id(schema) not in seen:
            reference = schema.get("$ref")
            if not isinstance(reference, str):
                break
            seen.add(id(schema))
            name = name or _component(reference)
            schema = self.schema(self.resolve(reference))
        return name, schema

    def shape(self, schema: Schema) -> Shape:
        """Work out what a schema lets through."""
        known = self._shapes.get(id(schema))
        if known is None:
            known = self._shapes[id(schema)] = (schema, self._shape(schema))
        return known[1]

    def _shape(self, schema: Schema) -> Shape:
        outer = self._conjunction([schema])
        outer.source = schema
        annotations = {key: value for key, value in outer.keywords.items() if key in ANNOTATIONS}
        unions: set[str] = set()
        discriminator: Mapping[str, object] | None = None
        members: list[Member] = []
        is_nullable = False
        # A union that has itself as an alternative gains nothing by it.
        seen = {id(schema)}
        stack = [outer]
        while stack:
            one = stack.pop()
            if not one.is_possible:
                continue
            kind = next((kind for kind in _UNIONS if as_list(one.keywords.get(kind)) is not None), None)
            if kind is None:
                member, has_null = self._member(one, is_alternative=one is not outer)
                is_nullable = is_nullable or has_null
                if member is not None:
                    members.append(member)
                continue
            # What is said about alternatives among other alternatives is said about each of them.
            apart = (ANNOTATIONS if one is outer else frozenset[str]()) | {kind, "discriminator"}
            shared = {key: value for key, value in one.keywords.items() if key not in apart}
            is_nullable_union = shared.pop("nullable", None) is True and self.is_old_dialect
            is_nullable = is_nullable or is_nullable_union
            discriminator = discriminator or as_mapping(one.keywords.get("discriminator"))
            alternatives = as_list(one.keywords[kind]) or ()
            if sum(alternative != {"type": "null"} for alternative in alternatives) > 1:
                unions.add(kind)
            for alternative in reversed(alternatives):
                taken = self.schema(alternative)
                end = self.target(taken)[1]
                if end is not taken:
                    if id(end) in seen:
                        continue
                    seen.add(id(end))
                inner = self._conjunction([taken, shared] if shared else [taken])
                inner.source = end if end is not taken and not shared else None
                stack.append(inner)
        return Shape(tuple(members), is_nullable, annotations, " and ".join(sorted(unions)), discriminator)

    def _conjunction(self, schemas: Sequence[Schema]) -> _Conjunction:
        """Put together what holds at once: the outer first, whose texts count."""
        parts: list[Mapping[str, object]] = []
        name: str | None = None
        referred = 0
        seen: set[int] = set()
        stack = list(reversed(schemas))
        while stack:
            schema = stack.pop()
            if isinstance(schema, bool):
                if not schema:
                    return _Conjunction({}, None, is_possible=False)
                continue
            if id(schema) in seen:
                continue
            seen.add(id(schema))
            own = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
            if own:
                parts.append(own)
            inner = as_list(schema.get("allOf"))
            if inner is not None:
                stack.extend(self.schema(item) for item in reversed(inner))
            elif "allOf" in schema:
                parts.append({"allOf": schema["allOf"]})
            reference = schema.get("$ref")
            if isinstance(reference, str):
                name = name or _component(reference)
                stack.append(self.schema(self.resolve(reference)))
        keywords: dict[str, object] = {}
        for part in parts:
            self._join(keywords, part)
        constraining = sum(1 for part in parts if not part.keys() <= ANNOTATIONS)
        referred = 1 if name is not None else 0
        return _Conjunction(keywords, name if constraining <= referred else None)

    def _join(self, keywords: dict[str, object], part: Mapping[str, object]) -> None:
        rest: dict[str, object] = {}
        for key, value in part.items():
            mine = keywords.get(key)
            if key not in keywords:
                keywords[key] = value
            elif key in ANNOTATIONS or mine is value or mine == value:
                continue
            elif key in _HIGHER_IS_STRICTER | _LOWER_IS_STRICTER and is_number(mine) and is_number(value):
                keywords[key] = max(mine, value) if key in _HIGHER_IS_STRICTER else min(mine, value)
            elif key == "properties" and (both := _both_mappings(mine, value)) is not None:
                keywords[key] = {
                    name: self._meeting(*(side[name] for side in both if name in side))
                    for name in {**both[0], **both[1]}
                }
            elif key == "required" and (lists := _both_lists(mine, value)) is not None:
                keywords[key] = [*lists[0], *(name for name in lists[1] if name not in lists[0])]
            elif key == "type":
                keywords[key] = sorted(_common_types(_types(mine), _types(value)))
            elif key == "enum" and (lists := _both_lists(mine, value)) is not None:
                kept = {canonical(item) for item in lists[1]}
                keywords[key] = [item for item in lists[0] if canonical(item) in kept]
            elif key == "items":
                keywords[key] = self._meeting(mine, value)
            else:
                rest[key] = value
        if rest:
            keywords["allOf"] = [*(as_list(keywords.get("allOf")) or ()), rest]

    def _meeting(self, *values: object) -> Schema:
        """Make the schema that lets through what several do, always the same one for the same ones."""
        parts: dict[int, Schema] = {}
        for value in values:
            schema = self.schema(value)
            for part in self._parts.get(id(schema), (self.target(schema)[1],)):
                parts[id(part)] = part
        if len(parts) == 1:
            return self.schema(values[0])
        key = tuple(sorted(parts))
        known = self._meetings.get(key)
        if known is None:
            known = self._meetings[key] = {"allOf": list(parts.values())}
            self._parts[id(known)] = tuple(parts.values())
        return known

    def _member(self, one: _Conjunction, *, is_alternative: bool) -> tuple[Member | None, bool]:
        keywords = {key: value for key, value in one.keywords.items() if key not in ANNOTATIONS}
        annotations = (
            {key: value for key, value in one.keywords.items() if key in ANNOTATIONS} if is_alternative else {}
        )
        types = _types(keywords.pop("type")) if "type" in keywords else None
        has_null = types is None or "null" in types
        values: Sequence[object] | None = None
        if as_list(keywords.get("enum")) is not None:
            values = as_list(keywords.pop("enum"))
        if "const" in keywords:
            constant = keywords.pop("const")
            kept = {canonical(item) for item in values or ()}
            values = [constant] if values is None or canonical(constant) in kept else []
        if values is not None:
            has_null = has_null and any(value is None for value in values)
            values = [value for value in values if value is not None]
            if types is None:
                types = frozenset(type_of(value) for value in values)
        if self.is_old_dialect:
            has_null = keywords.pop("nullable", None) is True or (has_null and types is None)
            for exclusive, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
                flag = keywords.get(exclusive)
                if isinstance(flag, bool):
                    del keywords[exclusive]
                    if flag and plain in keywords:
                        keywords[exclusive] = keywords.pop(plain)
        if types is not None:
            types -= {"null"}
            if "number" in types:
                types -= {"integer"}
        if (types is not None and not types) or (values is not None and not values):
            return None, has_null
        # A schema that may be null by itself is more than its alternative.
        source = None if has_null else one.source
        return Member(
            types, None if values is None else tuple(values), keywords, annotations, one.name, source
        ), has_null


def _component(reference: str) -> str | None:
    """Give the name of the schema that a reference leads to, when it leads to a named one."""
    parts = split_reference(reference)
    return parts[2] if parts[:2] == ["components", "schemas"] and len(parts) == 3 else None


def _types(value: object) -> frozenset[str]:
    items = as_list(value)
    return frozenset(str(item) for item in items) if items is not None else frozenset({str(value)})


def _common_types(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    common = one & other
    # An integer is a number.
    if (
        "integer" in one | other
        and "number" in one | other
        and {"integer", "number"} & one
        and {"integer", "number"} & other
    ):
        common = (common | {"integer"}) if "number" not in common else common
    return common


def _both_mappings(one: object, other: object) -> tuple[Mapping[str, object], Mapping[str, object]] | None:
    first, second = as_mapping(one), as_mapping(other)
    return None if first is None or second is None else (first, second)


def _both_lists(one: object, other: object) -> tuple[Sequence[object], Sequence[object]] | None:
    first, second = as_list(one), as_list(other)
    return None if first is None or second is None else (first, second)
