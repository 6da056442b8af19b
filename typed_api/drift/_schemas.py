"""Two schemas side by side: what differs, at which place, under which rule.

Owns the comparison of schemas in one direction. Each pair of schemas is compared once and remembered, without what is
inside of its parts; a walk from a body or a parameter then collects the findings and goes on to the parts. A pair that
a walk meets again is not followed again: recursive models come to an end, and within one body a change of a model is
reported at the first place, from the outside in, at which the model stands.
"""

import enum
import json
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import Final, NamedTuple

from typed_api.drift._alternatives import (
    covers,
    holds,
    is_scalar,
    is_untyped,
    kinds,
    label,
    mapped,
    match,
    meet,
    shape_kinds,
    spread,
    takes_any_text,
    takes_empty_text,
    takes_one_item,
)
from typed_api.drift._report import Change, listed, printable, shown
from typed_api.drift._rules import RULES, Level, Verdict
from typed_api.drift._shapes import (
    ANNOTATIONS,
    ANYTHING,
    DOCUMENTATION,
    Document,
    Member,
    Schema,
    Shape,
    canonical,
    differ,
    is_number,
)
from typed_api.drift._source import as_list, as_mapping

__all__ = ["Comparison", "View"]

_TURNED_ROUND: Final = Verdict(Level.RISKY, "whether clients are affected cannot be told from the documents")
_OPENINGS: Final = frozenset({"a", "alternatives", "an", "any", "it", "no", "null", "only", "the", "what"})
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_$][\w$-]*", re.ASCII)
# An integer of so many bits, a number of so much precision: the first fits into the second.
_ROOMS: Final = frozenset({("int32", "int64"), ("float", "double")})
# Only how an input field looks.
_LOOKS: Final = frozenset({"password"})
# A schema below one of these excludes, or holds under conditions: what its changes mean depends on the rest.
_CONDITIONAL: Final = ("not", "if", "then", "else", "contains", "unevaluatedProperties", "unevaluatedItems")
_KNOWN: Final = frozenset(_CONDITIONAL) | {
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
    "items",
    "prefixItems",
    "minProperties",
    "maxProperties",
    "properties",
    "required",
    "additionalProperties",
    "propertyNames",
    "patternProperties",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
}
# Says nothing by itself.
_SILENT: Final = frozenset({"$defs", "definitions", "$id", "$schema", "$anchor"})


class View(enum.Enum):
    """From where a schema is looked at."""

    REQUEST = "request"
    TEXT = "text"
    """A request in which every value is written as a text: a parameter."""
    RESPONSE = "response"
    UNSENT = "unsent"
    """Below a property that is never sent in this direction: nothing matters."""
    UNCLEAR = "unclear"
    """Below `not` and the like: what a change means cannot be told."""

    @property
    def opposite(self) -> "View":
        """The other direction, for what the server sends to its clients by itself."""
        return {View.REQUEST: View.RESPONSE, View.RESPONSE: View.REQUEST}.get(self, self)


class _Finding(NamedTuple):
    place: str
    rule: str
    fact: str


class _Path(NamedTuple):
    outer: "_Path | None"
    place: str

    def __str__(self) -> str:
        places: list[str] = []
        path: _Path | None = self
        while path is not None:
            places.append(path.place)
            path = path.outer
        return "".join(reversed(places))


@dataclass(slots=True, eq=False)
class _Pair:
    """What differs between two schemas, apart from what differs in their parts."""

    # Kept, so that their identities, which the pair is found by, are not given to others.
    old: Schema
    new: Schema
    view: View
    findings: list[_Finding] = field(default_factory=list[_Finding])
    parts: list[tuple[str, "_Pair"]] = field(default_factory=list[tuple[str, "_Pair"]])
    """The pairs inside, each with its place."""
    names: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """The components that stand for the same alternative."""
    is_read: bool = False
    is_silent: bool = False
    """Whether it is known that nothing differs here, nor in any part."""


def _sentence(fact: str) -> str:
    """Begin with a capital, unless the first word is one of the documents'."""
    text = printable(fact)
    return text[:1].upper() + text[1:] if text.partition(" ")[0] in _OPENINGS else text


class Comparison:
    """Compares the schemas of two documents, and keeps the changes."""

    old: Document
    new: Document
    changes: set[Change]
    names: set[tuple[str, str]]
    """The components that stand for the same thing, by their old and new names."""

    def __init__(self, old: Document, new: Document) -> None:
        """Start with no change."""
        self.old = old
        self.new = new
        self.changes = set()
        self.names = set()
        self._pairs: dict[tuple[int, int, View], _Pair] = {}

    def add(self, view: View | None, where: str, rule: str, fact: str) -> None:
        """Note a change.

        Args:
            view: The direction; None for what is outside of requests and responses.
            where: The operation and the place in it.
            rule: The name of the rule.
            fact: What was and what is, as the first half of a sentence.
        """
        if RULES[rule].levels != (Level.SAFE,):
            rule = {View.UNSENT: "unsent-changed", View.UNCLEAR: "schema-changed"}.get(view or View.REQUEST, rule)
        verdict = self._verdict(rule, view)
        self.changes.add(Change(verdict.level, rule, printable(where), f"{_sentence(fact)}: {verdict.reason}."))

    def _verdict(self, rule: str, view: View | None) -> Verdict:
        known = RULES[rule]
        directions = {View.REQUEST: known.request, View.TEXT: known.request, View.RESPONSE: known.response}
        direction = directions.get(view or View.UNSENT)
        # What servers send to clients by themselves turns the directions round.
        return direction or known.elsewhere or _TURNED_ROUND

    def schemas(self, old: object, new: object, view: View, where: str) -> None:
        """Compare two schemas and everything in them.

        Args:
            old: The schema of the old document.
            new: The schema of the new document.
            view: The direction.
            where: What the places in them are below.
        """
        seen: set[_Pair] = set()
        has_read = False
        queue = deque([(self.pair(old, new, view), _Path(None, where))])
        while queue:
            pair, path = queue.popleft()
            if pair.is_silent or pair in seen:
                continue
            seen.add(pair)
            if not pair.is_read:
                has_read = pair.is_read = True
                _Reader(self, pair).read()
                self.names.update(pair.names)
            for finding in pair.findings:
                self.add(pair.view, f"{path}{finding.place}", finding.rule, finding.fact)
            queue.extend((part, _Path(path, place)) for place, part in pair.parts if not part.is_silent)
        if has_read:
            _silence(seen)

    def takes_empty_text(self, new: object) -> bool:
        """Tell whether a schema of the new document may let a text without a character through, or a list of it."""
        members = self.new.shape(self.new.schema(new)).members
        lists = [member.keywords.get("items", ANYTHING) for member in members if takes_one_item(member)]
        inner = [member for items in lists for member in self.new.shape(self.new.schema(items)).members]
        return any(map(takes_empty_text, (*members, *inner)))

    def pair(self, old: object, new: object, view: View) -> _Pair:
        """Bring two schemas together: the same pair for the same schemas."""
        old_name, old_schema = self.old.target(self.old.schema(old))
        new_name, new_schema = self.new.target(self.new.schema(new))
        if old_name is not None and new_name is not None:
            self.names.add((old_name, new_name))
        key = (id(old_schema), id(new_schema), view)
        known = self._pairs.get(key)
        if known is None:
            known = self._pairs[key] = _Pair(old_schema, new_schema, view)
        return known


def _silence(pairs: Iterable[_Pair]) -> None:
    """Mark the pairs from which no finding can be reached, and forget the ways to them.

    Most of a document stays as it is: without this, each of a thousand operations would walk through all its models.
    """
    outer: dict[_Pair, list[_Pair]] = {}
    for pair in pairs:
        for _, part in pair.parts:
            outer.setdefault(part, []).append(pair)
    loud = {pair for pair in pairs if pair.findings}
    stack = list(loud)
    while stack:
        for pair in outer.get(stack.pop(), ()):
            if pair not in loud:
                loud.add(pair)
                stack.append(pair)
    for pair in pairs:
        pair.is_silent = pair not in loud
    for pair in loud:
        pair.parts = [(place, part) for place, part in pair.parts if not part.is_silent]


@dataclass(slots=True)
class _Reader:
    """Compares one pair of schemas."""

    comparison: Comparison
    pair: _Pair

    @property
    def old(self) -> Document:
        return self.comparison.old

    @property
    def new(self) -> Document:
        return self.comparison.new

    @property
    def view(self) -> View:
        return self.pair.view

    def read(self) -> None:
        old, new = self.old.shape(self.pair.old), self.new.shape(self.pair.new)
        one, other = self._is_outermost(old, self.pair.old), self._is_outermost(new, self.pair.new)
        # `User` that became `User | None`: what is said about the former is compared with the alternative.
        is_wrapped, was_wrapped = one and _wraps(new) and not other, other and _wraps(old) and not one
        self._annotations({} if is_wrapped else old.annotations, {} if was_wrapped else new.annotations, "")
        self._null(old, new)
        if len(old.members) == len(new.members) == 1:
            self._members(old.members[0], new.members[0], "")
        elif not old.members or not new.members:
            self._emptiness(old, new)
        else:
            self._unions(old, new)
        # Nothing is dropped without a word, even where it makes no difference; the dialects of 3.0 and 3.1 differ in
        # their words alone.
        is_one_dialect = self.old.is_old_dialect == self.new.is_old_dialect
        if not self.pair.findings and is_one_dialect and _outline(self.pair.old) != _outline(self.pair.new):
            self._add("schema-reworded", "the schema is written otherwise")

    def _is_pair(self, old: Schema, new: Schema) -> bool:
        return old is self.pair.old and new is self.pair.new

    @staticmethod
    def _is_outermost(shape: Shape, schema: Schema) -> bool:
        return len(shape.members) == 1 and shape.members[0].source is schema

    def _add(self, rule: str, fact: str, place: str = "") -> None:
        self.pair.findings.append(_Finding(place, rule, fact))

    def _follow(self, place: str, old: object, new: object, view: View | None = None) -> None:
        self.pair.parts.append((place, self.comparison.pair(old, new, view or self.view)))

    # --- the whole ---

    def _annotations(self, old: Mapping[str, object], new: Mapping[str, object], place: str) -> None:
        texts = sorted(key for key in DOCUMENTATION if differ(old, new, key))
        if texts:
            self._add("documentation-changed", f"{' and '.join(texts)} changed", place)
        if differ(old, new, "default"):
            before, after = shown(old.get("default")), shown(new.get("default"))
            if "default" not in old:
                self._add("default-added", f"the default {after} was added", place)
            elif "default" not in new:
                self._add("default-removed", f"the default {before} was removed", place)
            else:
                self._add("default-changed", f"the default was {before} and is {after}", place)
        for key, rule in (("deprecated", "deprecated"), ("readOnly", "read-only"), ("writeOnly", "write-only")):
            before_flag, after_flag = old.get(key) is True, new.get(key) is True
            if before_flag != after_flag:
                suffix, verb = ("added", "is") if after_flag else ("removed", "is no longer")
                self._add(f"{rule}-{suffix}", f"the value {verb} {key}", place)
            elif differ(old, new, key):
                self._add("schema-reworded", f"{key} is written otherwise", place)

    def _null(self, old: Shape, new: Shape) -> None:
        # What lets every type through says so when its type changes.
        if old.is_nullable == new.is_nullable or is_untyped(old) or is_untyped(new):
            return
        if not old.members and not new.members:
            before, after = ("null", "nothing") if old.is_nullable else ("nothing", "null")
            rule = "type-narrowed" if old.is_nullable else "type-widened"
            self._add(rule, f"the type was {before} and is {after}")
        elif not old.members or not new.members:
            return
        elif new.is_nullable:
            self._add("null-added", "null became possible")
        else:
            self._add("null-removed", "null is no longer possible")

    def _emptiness(self, old: Shape, new: Shape) -> None:
        if not old.members and not new.members:
            return
        before, after = shape_kinds(old), shape_kinds(new)
        is_wider = not old.members and (not old.is_nullable or new.is_nullable)
        is_narrower = not new.members and (not new.is_nullable or old.is_nullable)
        rule = "type-widened" if is_wider else "type-narrowed" if is_narrower else "type-changed"
        self._add(rule, f"the type was {before} and is {after}")

    def _unions(self, old: Shape, new: Shape) -> None:
        old_members, new_members = spread(old.members), spread(new.members)
        matches, gone, come = match(old_members, new_members, old.discriminator, new.discriminator)
        for one, other in matches:
            self._members(one, other, f"<{label(other)}>")
        for one in gone:
            if any(covers(wide, one) for wide in new_members):
                self._add("schema-reworded", f"the alternative {label(one)} is part of another one")
            elif self.view is View.TEXT and is_scalar(one) and any(map(takes_any_text, new_members)):
                self._add("parameter-takes-text", f"the alternative {label(one)} is taken as any text")
            else:
                self._add("union-member-removed", f"the alternative {label(one)} was removed")
        for other in come:
            if any(covers(wide, other) for wide in old_members):
                self._add("schema-reworded", f"the alternative {label(other)} was part of another one")
            else:
                self._add("union-member-added", f"the alternative {label(other)} was added")
        if old.union and new.union and old.union != new.union:
            self._add("union-kind-changed", f"alternatives were written as {old.union} and are as {new.union}")
        if old.union and new.union:
            explained = {member.name for member in (*gone, *come)}
            self._discriminator(old.discriminator or {}, new.discriminator or {}, explained)

    def _discriminator(self, old: Mapping[str, object], new: Mapping[str, object], explained: set[str | None]) -> None:
        if canonical(old) == canonical(new):
            return
        before, after = old.get("propertyName"), new.get("propertyName")
        if before != after:
            told = [f"the property {shown(name)}" if name is not None else "nothing" for name in (before, after)]
            self._add("discriminator-changed", f"alternatives were told apart by {told[0]} and are by {told[1]}")
            return
        old_mapping, new_mapping = as_mapping(old.get("mapping")) or {}, as_mapping(new.get("mapping")) or {}
        for value in sorted({**old_mapping, **new_mapping}):
            one, other = mapped(old_mapping, value), mapped(new_mapping, value)
            if one == other or one in explained or other in explained:
                continue
            if value not in old_mapping:
                self._add("discriminator-value-added", f"{shown(value)} names the alternative {other}")
            elif value not in new_mapping:
                self._add("discriminator-value-removed", f"{shown(value)} no longer names the alternative {one}")
            elif (one, other) not in self.pair.names:
                self._add("discriminator-changed", f"{shown(value)} named the alternative {one} and names {other}")
        rest = [
            key for key in sorted({**old, **new}) if key not in ("propertyName", "mapping") and differ(old, new, key)
        ]
        if rest:
            self._add("discriminator-changed", f"{' and '.join(rest)} of the discriminator changed")

    # --- one alternative ---

    def _members(self, old: Member, new: Member, place: str) -> None:
        if old.name is not None and new.name is not None:
            self.pair.names.append((old.name, new.name))
        if old.source is not None and new.source is not None and not self._is_pair(old.source, new.source):
            # A component that is one of several alternatives is compared as itself, so that it is compared once.
            self._follow(place, old.source, new.source)
            return
        self._annotations(old.annotations, new.annotations, place)
        is_same_type = old.types == new.types
        if not is_same_type and self.view is View.TEXT and is_scalar(old):
            fact = f"the type was {kinds(old.types)} and is {kinds(new.types)}"
            if takes_any_text(new):
                self._add("parameter-takes-text", fact, place)
                return
            if takes_one_item(new):
                self._add("parameter-takes-list", fact, place)
                self._follow(f"{place}[]", _schema_of(old), new.keywords.get("items", ANYTHING))
                return
        if not is_same_type:
            fact = f"the type was {kinds(old.types)} and is {kinds(new.types)}"
            is_wider, is_narrower = holds(new.types, old.types), holds(old.types, new.types)
            if not is_wider and not is_narrower:
                self._add("type-changed", fact, place)
                if not meet(old.types, new.types):
                    return
            else:
                self._add("type-widened" if is_wider else "type-narrowed", fact, place)
        self._values(old.values, new.values, place, is_same_type=is_same_type)
        one, other = old.keywords, new.keywords
        is_integer = old.types == new.types == frozenset({"integer"})
        self._range(one, other, place, is_integer=is_integer)
        self._multiple(one, other, place)
        self._pattern_and_format(one, other, place)
        self._counts(one, other, place)
        self._items(one, other, place)
        self._objects(one, other, place)
        self._contents(one, other, place)
        self._rest(one, other, place)

    def _values(
        self, old: tuple[object, ...] | None, new: tuple[object, ...] | None, place: str, *, is_same_type: bool
    ) -> None:
        if old is None or new is None:
            if old is None and new is not None and is_same_type:
                self._add("values-restricted", f"any value was possible and only {listed(new)} is", place)
            elif old is not None and is_same_type:
                self._add("values-unrestricted", f"only {listed(old)} was possible and any value is", place)
            return
        before = {canonical(value): value for value in old}
        after = {canonical(value): value for value in new}
        gone = [value for key, value in before.items() if key not in after]
        come = [value for key, value in after.items() if key not in before]
        if gone and len(gone) == len(before):
            self._add("enum-replaced", f"the values were {listed(gone)} and are {listed(come)}", place)
            return
        if gone:
            self._add("enum-value-removed", f"{listed(gone)} is no longer a value", place)
        if come:
            self._add("enum-value-added", f"{listed(come)} became a value", place)

    def _range(self, old: Mapping[str, object], new: Mapping[str, object], place: str, *, is_integer: bool) -> None:
        for name, sign in (("minimum", 1), ("maximum", -1)):
            keys = (name, "exclusive" + name.capitalize())
            if not any(differ(old, new, key) for key in keys):
                continue
            if any(key in side and not is_number(side[key]) for key in keys for side in (old, new)):
                self._add("schema-changed", f"{name} changed", place)
                continue
            before, after = (_bound(side, name, sign, is_integer=is_integer) for side in (old, new))
            fact = f"the {name} was {_bound_text(old, name)} and is {_bound_text(new, name)}"
            if before == after:
                self._add("schema-reworded", fact, place)
            elif after is not None and (before is None or after > before):
                self._add("range-tightened", fact, place)
            else:
                self._add("range-loosened", fact, place)

    def _multiple(self, old: Mapping[str, object], new: Mapping[str, object], place: str) -> None:
        key = "multipleOf"
        if not differ(old, new, key):
            return
        before, after = old.get(key), new.get(key)
        fact = f"multipleOf was {_or_none(old, key)} and is {_or_none(new, key)}"
        if key not in old:
            self._add("multiple-tightened", fact, place)
        elif key not in new:
            self._add("multiple-loosened", fact, place)
        elif is_number(before) and is_number(after) and before > 0 and after > 0:
            # As they are written: 0.3 is a multiple of 0.1, though not as a binary fraction.
            ratio = Fraction(str(after)) / Fraction(str(before))
            if ratio.denominator == 1:
                self._add("multiple-tightened", fact, place)
            else:
                self._add("multiple-loosened" if ratio.numerator == 1 else "multiple-changed", fact, place)
        else:
            self._add("schema-changed", fact, place)

    def _pattern_and_format(self, old: Mapping[str, object], new: Mapping[str, object], place: str) -> None:
        if differ(old, new, "pattern"):
            rule = "added" if "pattern" not in old else "removed" if "pattern" not in new else "changed"
            fact = f"the pattern was {_or_none(old, 'pattern')} and is {_or_none(new, 'pattern')}"
            self._add(f"pattern-{rule}", fact, place)
        if not differ(old, new, "format"):
            return
        before, after = old.get("format"), new.get("format")
        fact = f"the format was {_or_none(old, 'format')} and is {_or_none(new, 'format')}"
        if {str(value) for value in (before, after) if value is not None} <= _LOOKS:
            self._add("documentation-changed", fact, place)
        elif before is None or after is None:
            self._add("format-added" if before is None else "format-removed", fact, place)
        elif (before, after) in _ROOMS:
            self._add("format-widened", fact, place)
        else:
            self._add("format-narrowed" if (after, before) in _ROOMS else "format-changed", fact, place)

    def _counts(self, old: Mapping[str, object], new: Mapping[str, object], place: str) -> None:
        for what, rule in (("Length", "length"), ("Items", "item-count"), ("Properties", "property-count")):
            for end, sign in (("min", 1), ("max", -1)):
                key = end + what
                if not differ(old, new, key):
                    continue
                fact = f"{key} was {_or_none(old, key)} and is {_or_none(new, key)}"
                free = 0 if end == "min" else None
                before, after = old.get(key, free), new.get(key, free)
                if any(value is not None and not is_number(value) for value in (before, after)):
                    self._add("schema-changed", fact, place)
                elif before == after:
                    self._add("schema-reworded", fact, place)
                elif before is None or (is_number(after) and is_number(before) and sign * after > sign * before):
                    self._add(f"{rule}-tightened", fact, place)
                else:
                    self._add(f"{rule}-loosened", fact, place)

    def _items(self, old: Mapping[str, object], new: Mapping[str, object], place: str) -> None:
        key = "uniqueItems"
        if differ(old, new, key):
            before, after = old.get(key) is True, new.get(key) is True
            fact = f"uniqueItems was {_or_none(old, key)} and is {_or_none(new, key)}"
            if before == after:
                self._add("schema-reworded", fact, place)
            else:
                self._add("unique-items-added" if after else "unique-items-removed", fact, place)
        old_first, new_first = as_list(old.get("prefixItems")) or (), as_list(new.get("prefixItems")) or ()
        old_rest, new_rest = old.get("items", ANYTHING), new.get("items", ANYTHING)
        for index in range(max(len(old_first), len(new_first))):
            one = old_first[index] if index < len(old_first) else old_rest
            other = new_first[index] if index < len(new_first) else new_rest
            self._follow(f"{place}[{index}]", one, other)
        if len(old_first) != len(new_first) and old_rest is ANYTHING and new_rest is ANYTHING:
            self._add("schema-reworded", f"prefixItems had {len(old_first)} and has {len(new_first)} schemas", place)
        if "items" in old or "items" in new:
            self._follow(f"{place}[]", old_rest, new_rest)
            if ("items" in old) != ("items" in new) and _is_free(old_rest) and _is_free(new_rest):
                self._add("schema-reworded", "items let everything through before and after", place)

    def _objects(self, old: Mapping[str, object], new: Mapping[str, object], place: str) -> None:
        self._properties(old, new, place)
        self._additional(old, new, place)
        if "propertyNames" in old and "propertyNames" in new:
            self._follow(f"{place}{{name}}", old["propertyNames"], new["propertyNames"])
        elif "propertyNames" in new:
            self._add("property-names-restricted", "propertyNames was added", place)
        elif "propertyNames" in old:
            self._add("property-names-unrestricted", "propertyNames was removed", place)
        for key in ("patternProperties", "dependentSchemas"):
            before, after = as_mapping(old.get(key)) or {}, as_mapping(new.get(key)) or {}
            for name in sorted({**before, **after}):
                if name in before and name in after:
                    view = self.view if key == "patternProperties" else _unclear(self.view)
                    self._follow(f"{place}{{{name}}}", before[name], after[name], view)
                else:
                    verb = "added" if name in after else "removed"
                    self._add("schema-changed", f"{key} {shown(name)} was {verb}", place)

    def _properties(self, old: Mapping[str, object], new: Mapping[str, object], place: str) -> None:
        before, after = as_mapping(old.get("properties")) or {}, as_mapping(new.get("properties")) or {}
        old_required, new_required = (
            {str(name) for name in as_list(side.get("required")) or ()} for side in (old, new)
        )
        for name in sorted({*before, *after, *old_required, *new_required}):
            in_old, in_new = name in before or name in old_required, name in after or name in new_required
            one = before[name] if name in before else _unlisted(old)
            other = after[name] if name in after else _unlisted(new)
            inside = f"{place}{_step(name)}"
            label = f"the property {shown(name)}"
            was_hidden = in_old and self._is_hidden(self.old, one)
            is_hidden = in_new and self._is_hidden(self.new, other)
            was_required, is_required = name in old_required, name in new_required
            if (not in_old or was_hidden) and (not in_new or is_hidden):
                # Never sent in this direction, before and after.
                if in_old and in_new:
                    self._follow(inside, one, other, View.UNSENT)
                if in_old != in_new or was_required != is_required:
                    self._add("unsent-changed", f"{label} changed", inside)
            elif not in_old or (was_hidden and not is_hidden):
                rule = "required-property-added" if is_required else "optional-property-added"
                self._add(rule, f"{label} was added", inside)
                if in_old or (not _is_free(one) and one is not False):
                    self._follow(inside, one, other)
            elif not in_new or (is_hidden and not was_hidden):
                self._removed_property(label, new, inside, was_required=was_required, is_hidden=is_hidden)
                if in_new or (not _is_free(other) and other is not False):
                    self._follow(inside, one, other)
            else:
                if was_required and not is_required:
                    has_default = "default" in self.new.shape(self.new.schema(other)).annotations
                    rule = "property-became-optional" + ("-with-default" if has_default else "")
                    self._add(rule, f"{label} was required and is optional", inside)
                elif is_required and not was_required:
                    self._add("property-became-required", f"{label} was optional and is required", inside)
                self._follow(inside, one, other)

    def _removed_property(
        self, label: str, new: Mapping[str, object], inside: str, *, was_required: bool, is_hidden: bool
    ) -> None:
        fact = f"{label} was removed"
        if self.view is View.RESPONSE:
            self._add("property-removed" if was_required else "optional-property-removed", fact, inside)
        elif new.get("additionalProperties") is False and not is_hidden:
            self._add("property-no-longer-accepted", fact, inside)
        else:
            self._add("property-removed", fact, inside)

    def _is_hidden(self, document: Document, schema: object) -> bool:
        flag = {View.REQUEST: "readOnly", View.TEXT: "readOnly", View.RESPONSE: "writeOnly"}.get(self.view)
        return flag is not None and document.shape(document.schema(schema)).annotations.get(flag) is True

    def _additional(self, old: Mapping[str, object], new: Mapping[str, object], place: str) -> None:
        key = "additionalProperties"
        before, after = old.get(key, ANYTHING), new.get(key, ANYTHING)
        was_free, is_free = _is_free(before), _is_free(after)
        fact = f"additionalProperties was {_or_none(old, key)} and is {_or_none(new, key)}"
        if (was_free and is_free) or (before is False and after is False):
            if differ(old, new, key):
                self._add("schema-reworded", fact, place)
        elif after is False:
            self._add("additional-properties-closed", fact, place)
        elif before is False:
            self._add("additional-properties-opened", fact, place)
        elif was_free:
            self._add("additional-properties-restricted", fact, place)
        elif is_free:
            self._add("additional-properties-unrestricted", fact, place)
        else:
            self._follow(f"{place}{{}}", before, after)

    def _contents(self, old: Mapping[str, object], new: Mapping[str, object], place: str) -> None:
        for key, rule in (
            ("contentEncoding", "content-encoding-changed"),
            ("contentMediaType", "content-media-type-changed"),
        ):
            if differ(old, new, key):
                self._add(rule, f"{key} was {_or_none(old, key)} and is {_or_none(new, key)}", place)
        key = "contentSchema"
        if key in old or key in new:
            before, after = old.get(key, ANYTHING), new.get(key, ANYTHING)
            self._follow(f"{place}(content)", before, after)
            if (key in old) != (key in new) and _is_free(before) and _is_free(after):
                self._add("schema-reworded", "the content let everything through before and after", place)

    def _rest(self, old: Mapping[str, object], new: Mapping[str, object], place: str) -> None:
        for key in _CONDITIONAL:
            if key in old and key in new:
                self._follow(f"{place}({key})", old[key], new[key], _unclear(self.view))
            elif key in old or key in new:
                self._add("schema-changed", f"{key} was {'added' if key in new else 'removed'}", place)
        for key in sorted({**old, **new}):
            if key in _KNOWN or key == "dependentSchemas":
                self._malformed(old, new, key, place)
            elif key == "allOf":
                self._together(as_list(old.get(key)) or (), as_list(new.get(key)) or (), place)
            elif differ(old, new, key):
                fact = f"{key} was {_or_none(old, key)} and is {_or_none(new, key)}"
                rule = "extension-changed" if key.startswith("x-") else "schema-changed"
                self._add("schema-reworded" if key in _SILENT else rule, fact, place)

    def _malformed(self, old: Mapping[str, object], new: Mapping[str, object], key: str, place: str) -> None:
        """Report a keyword that is no object or array where it has to be one, which the comparison skips."""
        wanted = {
            "properties": as_mapping,
            "patternProperties": as_mapping,
            "dependentSchemas": as_mapping,
            "prefixItems": as_list,
            "required": as_list,
        }.get(key)
        if wanted is not None:
            for side in (old, new):
                if key in side and wanted(side[key]) is None and differ(old, new, key):
                    self._add("schema-changed", f"{key} was {_or_none(old, key)} and is {_or_none(new, key)}", place)

    def _together(self, old: Sequence[object], new: Sequence[object], place: str) -> None:
        """Compare what else has to hold at the same time, which could not be put together with the rest."""
        for index in range(max(len(old), len(new))):
            if index < len(old) and index < len(new):
                self._follow(f"{place}(allOf {index})", old[index], new[index], _unclear(self.view))
            else:
                verb = "added" if index < len(new) else "removed"
                self._add("schema-changed", f"a part of allOf was {verb}", place)


def _or_none(side: Mapping[str, object], key: str) -> str:
    return shown(side[key]) if key in side else "not there"


def _unclear(view: View) -> View:
    return view if view is View.UNSENT else View.UNCLEAR


def _is_free(schema: object) -> bool:
    """Tell whether a schema lets everything through, and says so at first sight."""
    mapping = as_mapping(schema)
    return schema is True or (mapping is not None and mapping.keys() <= ANNOTATIONS)


def _unlisted(keywords: Mapping[str, object]) -> object:
    """Give the schema of a property that is not listed."""
    return keywords.get("additionalProperties", ANYTHING)


def _step(name: str) -> str:
    return f".{name}" if _PLAIN_NAME.fullmatch(name) else f"[{json.dumps(name, ensure_ascii=False)}]"


def _bound(side: Mapping[str, object], name: str, sign: int, *, is_integer: bool) -> tuple[Fraction, bool] | None:
    """Give the bound that counts, as something that is greater the stricter it is."""
    bounds: list[tuple[Fraction, bool]] = []
    for key, is_exclusive in ((name, False), ("exclusive" + name.capitalize(), True)):
        value = side.get(key)
        if not is_number(value):
            continue
        limit = sign * Fraction(str(value))
        if is_integer:
            # The next integer that is inside.
            inside = floor(limit) + 1 if is_exclusive else ceil(limit)
            bounds.append((Fraction(inside), False))
        else:
            bounds.append((limit, is_exclusive))
    return max(bounds, default=None)


def _bound_text(side: Mapping[str, object], name: str) -> str:
    exclusive = "exclusive" + name.capitalize()
    texts = [shown(side[name])] if name in side else []
    if exclusive in side:
        texts.append(f"{shown(side[exclusive])} (exclusive)")
    return " and ".join(texts) or "not there"


def _outline(schema: Schema) -> list[str]:
    """Say which keywords a schema is written with, alternatives and all, apart from what they hold."""
    lines: list[str] = []
    stack: list[object] = [schema]
    while stack:
        one = as_mapping(stack.pop()) or {}
        types = as_list(one.get("type")) or [one.get("type")]
        # What items and content let through is compared as their own schemas, wherever it is written.
        keys = sorted(one.keys() - {"items", "prefixItems", "contentSchema"})
        lines.append(" ".join([*keys, "-", *sorted(map(str, types))]))
        for key in ("anyOf", "oneOf", "allOf"):
            stack.extend(as_list(one.get(key)) or ())
    return sorted(lines)


def _schema_of(member: Member) -> Schema:
    """Write an alternative as a schema of its own, without what is said about it."""
    schema: dict[str, object] = {"type": sorted(member.types or ()), **member.keywords}
    return schema if member.values is None else {**schema, "enum": member.values}


def _wraps(shape: Shape) -> bool:
    return len(shape.members) == 1 and shape.members[0].source is not None
