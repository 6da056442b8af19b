"""The alternatives of two schemas: which one became which.

Owns the pairing: by name, by the value that tells them apart, by what they say, and then by how alike they are.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

from typed_api.drift._report import listed
from typed_api.drift._shapes import Member, Shape, canonical, differ, type_of
from typed_api.drift._source import as_list, as_mapping

__all__ = [
    "covers",
    "holds",
    "is_scalar",
    "is_untyped",
    "kinds",
    "label",
    "mapped",
    "match",
    "meet",
    "shape_kinds",
    "spread",
    "takes_any_text",
    "takes_empty_text",
    "takes_one_item",
]

# What a parameter writes as one text.
_SCALARS: Final = frozenset({"string", "number", "integer", "boolean"})


def kinds(types: frozenset[str] | None) -> str:
    """Name JSON types for a message."""
    return "any type" if types is None else " or ".join(sorted(types)) or "nothing"


def is_untyped(shape: Shape) -> bool:
    """Tell whether values of every type get through."""
    return any(member.types is None for member in shape.members)


def shape_kinds(shape: Shape) -> str:
    """Name what gets through, for a message."""
    names = [label(member) for member in shape.members] + (["null"] if shape.is_nullable else [])
    return " or ".join(names) or "nothing"


def _wide(types: frozenset[str] | None) -> frozenset[str]:
    every = frozenset({"string", "number", "integer", "boolean", "object", "array"})
    return every if types is None else types | {"integer"} if "number" in types else types


def holds(wide: frozenset[str] | None, narrow: frozenset[str] | None) -> bool:
    """Tell whether some types include others; a number may be an integer."""
    return _wide(wide) >= _wide(narrow)


def meet(one: frozenset[str] | None, other: frozenset[str] | None) -> bool:
    """Tell whether some types have a value in common with others."""
    return bool(_wide(one) & _wide(other))


def covers(wide: Member, narrow: Member) -> bool:
    """Tell whether an alternative certainly lets through all that another does."""
    return wide.values is None and not wide.keywords and holds(wide.types, narrow.types)


def is_scalar(member: Member) -> bool:
    """Tell whether every value is written as one text in a parameter."""
    return member.types is not None and member.types <= _SCALARS


def takes_any_text(member: Member) -> bool:
    """Tell whether a parameter lets every text through that has a character."""
    known = {"minLength": (0, 1)}
    return member.types == frozenset({"string"}) and member.values is None and _has_only(member, known)


def takes_one_item(member: Member) -> bool:
    """Tell whether a list of any one item that fits is let through."""
    known = {"items": None, "minItems": (0, 1), "uniqueItems": (True, False)}
    return member.types == frozenset({"array"}) and member.values is None and _has_only(member, known)


def takes_empty_text(member: Member) -> bool:
    """Tell whether a text without a character may be let through."""
    if member.types is not None and "string" not in member.types:
        return False
    if member.values is not None:
        return "" in member.values
    return "format" not in member.keywords and member.keywords.get("minLength", 0) == 0


def _has_only(member: Member, known: Mapping[str, Sequence[object] | None]) -> bool:
    """Tell whether an alternative has no keywords but these, and those only with these values; None is any."""
    for key, value in member.keywords.items():
        values = known.get(key, ())
        if not key.startswith("x-") and values is not None and value not in values:
            return False
    return True


def spread(members: Iterable[Member]) -> list[Member]:
    """Make an alternative of each type, so that a list of types and `anyOf` are compared alike."""
    return [one for member in members for one in _spread_one(member)]


def _spread_one(member: Member) -> Iterator[Member]:
    if member.types is None or len(member.types) == 1:
        yield member
        return
    for type_ in sorted(member.types):
        values = member.values
        if values is not None:
            values = tuple(value for value in values if holds(frozenset({type_}), frozenset({type_of(value)})))
        if values is None or values:
            yield Member(frozenset({type_}), values, member.keywords, member.annotations, None)


def label(member: Member) -> str:
    """Name an alternative, for a message or a place."""
    if member.name is not None:
        return member.name
    title = member.annotations.get("title")
    if member.values is not None:
        return listed(member.values)
    kind = kinds(member.types)
    if isinstance(title, str):
        return f"{title} ({kind})"
    detail = member.keywords.get("format")
    if isinstance(detail, str):
        return f"{kind} ({detail})"
    items = as_mapping(member.keywords.get("items"))
    if items is not None:
        reference = items.get("$ref")
        of = reference.rpartition("/")[2] if isinstance(reference, str) else items.get("type")
        return f"{kind} of {of}" if isinstance(of, str) else kind
    return kind


def mapped(mapping: Mapping[str, object], value: str) -> str | None:
    """Name the alternative that a discriminator's value stands for."""
    target = mapping.get(value)
    return target.rpartition("/")[2] if isinstance(target, str) else None


def _tags(member: Member, discriminator: Mapping[str, object] | None) -> frozenset[str]:
    """Give the values that name an alternative: of the discriminator's mapping, and of properties with one value."""
    tags: set[str] = set()
    if discriminator is not None and member.name is not None:
        mapping = as_mapping(discriminator.get("mapping")) or {}
        tags.update(f"{value}" for value in mapping if mapped(mapping, value) == member.name)
    for name, schema in (as_mapping(member.keywords.get("properties")) or {}).items():
        keywords = as_mapping(schema) or {}
        values = as_list(keywords.get("enum")) or []
        if "const" in keywords or len(values) == 1:
            tags.add(f"{name}={canonical(keywords['const'] if 'const' in keywords else values[0])}")
    return frozenset(tags)


def _plain(member: Member) -> str:
    return canonical(
        [sorted(member.types or ["any"]), member.values, {k: v for k, v in member.keywords.items() if k != "allOf"}]
    )


def _likeness(old: Member, new: Member) -> Fraction:
    """Say how alike two alternatives of one type are, from 0 to 1."""
    one, other = as_mapping(old.keywords.get("properties")), as_mapping(new.keywords.get("properties"))
    if one is not None and other is not None and (one or other):
        return Fraction(len(one.keys() & other.keys()), len(one.keys() | other.keys()))
    if old.values is not None and new.values is not None:
        before, after = ({canonical(value) for value in side} for side in (old.values, new.values))
        return Fraction(len(before & after), len(before | after) or 1)
    keys = old.keywords.keys() | new.keywords.keys()
    same = sum(not differ(old.keywords, new.keywords, key) for key in keys)
    return Fraction(1 + same, 1 + len(keys))


def match(
    old: Sequence[Member],
    new: Sequence[Member],
    old_discriminator: Mapping[str, object] | None,
    new_discriminator: Mapping[str, object] | None,
) -> tuple[list[tuple[Member, Member]], list[Member], list[Member]]:
    """Pair the alternatives of two schemas: by name, by tag, by what they say, and then by likeness."""
    left, right = dict(enumerate(old)), dict(enumerate(new))
    matches: list[tuple[int, int]] = []

    def pair_by(old_keys: Mapping[int, object], new_keys: Mapping[int, object]) -> None:
        places: dict[object, deque[int]] = {}
        for index in sorted(right):
            places.setdefault(new_keys.get(index), deque()).append(index)
        for index in sorted(left):
            key = old_keys.get(index)
            if key is not None and places.get(key):
                other = places[key].popleft()
                matches.append((index, other))
                del left[index], right[other]

    pair_by({i: m.name for i, m in left.items()}, {i: m.name for i, m in right.items()})
    pair_by(
        {i: _tags(m, old_discriminator) or None for i, m in left.items()},
        {i: _tags(m, new_discriminator) or None for i, m in right.items()},
    )
    if left and right:
        pair_by({i: _plain(m) for i, m in left.items()}, {i: _plain(m) for i, m in right.items()})
    # What is tagged otherwise is something else, however alike it is.
    candidates: list[tuple[bool, Fraction, int, int]] = []
    for i, one in left.items():
        for j, other in right.items():
            if meet(one.types, other.types):
                likeness = _likeness(one, other)
                is_only = len(left) == len(right) == 1
                tags = (_tags(one, old_discriminator), _tags(other, new_discriminator))
                is_other = all(tags) and not tags[0] & tags[1]
                if not is_other and (likeness >= Fraction(1, 2) or (is_only and likeness > 0)):
                    candidates.append((one.types != other.types, -likeness, i, j))
    # The same pairs, whichever document is the old one.
    for _, _, i, j in sorted(candidates, key=lambda c: (c[0], c[1], c[2] + c[3], abs(c[2] - c[3]), c[2])):
        if i in left and j in right:
            matches.append((i, j))
            del left[i], right[j]
    return (
        [(old[i], new[j]) for i, j in sorted(matches)],
        [left[i] for i in sorted(left)],
        [right[j] for j in sorted(right)],
    )
