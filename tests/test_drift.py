"""The diff of two OpenAPI documents: every rule in both directions, the report, the sources, and what always holds.

A row of a table says what the step from one to the other means, and what the step back means; a change is written as
`level rule place`.
"""

import copy
import io
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.documents import document_of
from typed_api.drift import RULES, Change, DocumentError, Drift, Level, compare, load_document
from typed_api.openapi import OpenAPIVersion

Json = dict[str, Any]


def document(paths: Json | None = None, **parts: Any) -> Json:
    return {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths or {}, **parts}


def content(schema: object, media_type: str = "application/json") -> Json:
    return {"content": {media_type: {"schema": schema}}}


def operation(path: str = "/a", method: str = "get", **parts: Any) -> Json:
    return document({path: {method: {"responses": {"200": {"description": "OK"}}, **parts}}})


def requesting(schema: object, openapi: str = "3.1.0", /, **schemas: object) -> Json:
    found = operation(method="post", requestBody=content(schema))
    return {**found, "openapi": openapi, "components": {"schemas": schemas}}


def responding(schema: object, openapi: str = "3.1.0", /, **schemas: object) -> Json:
    found = operation(responses={"200": {"description": "OK", **content(schema)}})
    return {**found, "openapi": openapi, "components": {"schemas": schemas}}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def lines(old: Json, new: Json) -> list[str]:
    return [f"{change.level.value} {change.rule} {change.where}" for change in compare(old, new).changes]


def obj(required: Sequence[str] = (), /, **properties: object) -> Json:
    found: Json = {"type": "object", "properties": properties}
    return {**found, "required": list(required)} if required else found


def text(**keywords: object) -> Json:
    return {"type": "string", **keywords}


def integer(**keywords: object) -> Json:
    return {"type": "integer", **keywords}


def number(**keywords: object) -> Json:
    return {"type": "number", **keywords}


def array(**keywords: object) -> Json:
    return {"type": "array", **keywords}


def any_of(*schemas: object) -> Json:
    return {"anyOf": list(schemas)}


NULL: Json = {"type": "null"}
EXTENSION: Json = {"x-a": 1}


class Row(NamedTuple):
    """Two schemas, and what the step between them means; places are below the body."""

    old: object
    new: object
    request: str = ""
    response: str = ""
    request_back: str = ""
    response_back: str = ""


def widens(old: object, new: object, wider: str, narrower: str, *, response: str = "risky", place: str = "") -> Row:
    return Row(
        old,
        new,
        f"safe {wider} {place}".strip(),
        f"{response} {wider} {place}".strip(),
        f"breaking {narrower} {place}".strip(),
        f"safe {narrower} {place}".strip(),
    )


def everywhere(old: object, new: object, change: str, back: str | None = None) -> Row:
    back = change if back is None else back
    return Row(old, new, change, change, back, back)


def reworded(old: object, new: object) -> Row:
    return everywhere(old, new, "safe schema-reworded")


def nothing(old: object, new: object) -> Row:
    return Row(old, new)


SCHEMAS: Mapping[str, Row] = {
    # --- types ---
    "integer to number": widens(integer(), number(), "type-widened", "type-narrowed", response="breaking"),
    "text to anything": widens(text(), {}, "type-widened", "type-narrowed", response="breaking"),
    "text to true": widens(text(), True, "type-widened", "type-narrowed", response="breaking"),
    "nothing to text": widens(False, text(), "type-widened", "type-narrowed", response="breaking"),
    "null to text or null": widens(
        NULL, {"type": ["string", "null"]}, "type-widened", "type-narrowed", response="breaking"
    ),
    "null to text": everywhere(NULL, text(), "breaking type-changed"),
    "false to null": widens(False, NULL, "type-widened", "type-narrowed", response="breaking"),
    "text to integer": everywhere(text(), integer(), "breaking type-changed"),
    "types that have one in common": everywhere(
        {"type": ["string", "boolean"]}, {"type": ["boolean", "array"]}, "breaking type-changed"
    ),
    "text to list of types": widens(
        text(), {"type": ["string", "integer"]}, "type-widened", "type-narrowed", response="breaking"
    ),
    "object to list": everywhere(obj(a=text()), array(items=text()), "breaking type-changed"),
    # --- null ---
    "null in a list of types": widens(
        text(), {"type": ["string", "null"]}, "null-added", "null-removed", response="breaking"
    ),
    "null in anyOf": widens(text(), any_of(text(), NULL), "null-added", "null-removed", response="breaking"),
    "null in an enum": widens(
        {"enum": ["a"]}, {"enum": ["a", None]}, "null-added", "null-removed", response="breaking"
    ),
    "null in oneOf": widens(text(), {"oneOf": [NULL, text()]}, "null-added", "null-removed", response="breaking"),
    "null in a property": widens(
        obj(a=text()), obj(a=any_of(text(), NULL)), "null-added", "null-removed", response="breaking", place=".a"
    ),
    "null written in two ways": reworded({"type": ["string", "null"]}, any_of(text(), NULL)),
    "null that an enum rules out": reworded({"type": ["string", "null"], "enum": ["a"]}, text(enum=["a"])),
    # --- values ---
    "value added": widens({"enum": ["a"]}, {"enum": ["a", "b"]}, "enum-value-added", "enum-value-removed"),
    "constant to enum": widens({"const": 1}, {"enum": [1, 2]}, "enum-value-added", "enum-value-removed"),
    "constraint that another one has": reworded(text(maxLength=3), text(maxLength=3, anyOf=[{"maxLength": 77}])),
    "values in another order": nothing({"enum": ["a", "b"]}, {"enum": ["b", "a"]}),
    "values replaced": everywhere({"enum": ["a"]}, {"enum": ["b", "c"]}, "breaking enum-replaced"),
    "constant replaced": everywhere(text(const="a"), text(const="b"), "breaking enum-replaced"),
    "constant or one value": reworded({"const": "a"}, text(enum=["a"])),
    "one and true are two values": everywhere({"const": 1}, {"const": True}, "breaking type-changed"),
    "one is 1.0": nothing({"const": 1}, {"const": 1.0}),
    "values free": widens(text(enum=["a"]), text(), "values-unrestricted", "values-restricted"),
    # --- formats and patterns ---
    "format removed": widens(text(format="date"), text(), "format-removed", "format-added", response="breaking"),
    "format changed": everywhere(text(format="date"), text(format="uuid"), "breaking format-changed"),
    "format with more room": widens(
        integer(format="int32"), integer(format="int64"), "format-widened", "format-narrowed", response="breaking"
    ),
    "format that is only a look": everywhere(text(), text(format="password"), "safe documentation-changed"),
    "pattern removed": widens(text(pattern="a"), text(), "pattern-removed", "pattern-added"),
    "pattern changed": everywhere(text(pattern="a"), text(pattern="b"), "risky pattern-changed"),
    # --- numbers ---
    "minimum lower": widens(integer(minimum=2), integer(minimum=1), "range-loosened", "range-tightened"),
    "minimum removed": widens(integer(minimum=2), integer(), "range-loosened", "range-tightened"),
    "maximum higher": widens(number(maximum=1.5), number(maximum=2), "range-loosened", "range-tightened"),
    "exclusive minimum lower": widens(
        number(exclusiveMinimum=1), number(exclusiveMinimum=0), "range-loosened", "range-tightened"
    ),
    "exclusive maximum removed": widens(number(exclusiveMaximum=1), number(), "range-loosened", "range-tightened"),
    "exclusive to inclusive": widens(
        number(exclusiveMinimum=1), number(minimum=1), "range-loosened", "range-tightened"
    ),
    "exclusive of an integer": everywhere(integer(exclusiveMinimum=0), integer(minimum=1), "safe schema-reworded"),
    "minimum below the one that counts": everywhere(
        number(minimum=0, exclusiveMinimum=5), number(minimum=1, exclusiveMinimum=5), "safe schema-reworded"
    ),
    "minimum that is no number": everywhere(integer(minimum="a"), integer(), "risky schema-changed"),
    "minimum that no float can hold": everywhere(
        number(minimum=json.loads("-1e999")), number(minimum=0), "risky schema-changed"
    ),
    "multiple of less": widens(
        number(multipleOf=0.3), number(multipleOf=0.1), "multiple-loosened", "multiple-tightened"
    ),
    "multiple removed": widens(integer(multipleOf=2), integer(), "multiple-loosened", "multiple-tightened"),
    "multiple of something else": everywhere(integer(multipleOf=2), integer(multipleOf=3), "breaking multiple-changed"),
    "multiple of nothing": everywhere(integer(multipleOf=0), integer(multipleOf=2), "risky schema-changed"),
    # --- texts ---
    "maxLength that is no number": everywhere(text(maxLength="a"), text(), "risky schema-changed"),
    "maxLength higher": widens(text(maxLength=1), text(maxLength=2), "length-loosened", "length-tightened"),
    "maxLength removed": widens(text(maxLength=1), text(), "length-loosened", "length-tightened"),
    "minLength lower": widens(text(minLength=2), text(minLength=1), "length-loosened", "length-tightened"),
    "minLength 0": everywhere(text(minLength=0), text(), "safe schema-reworded"),
    "content encoding": everywhere(
        text(contentEncoding="base64"), text(contentEncoding="base64url"), "breaking content-encoding-changed"
    ),
    "content media type": everywhere(text(contentMediaType="image/png"), text(), "risky content-media-type-changed"),
    "content schema": widens(
        text(contentSchema=integer()),
        text(contentSchema=number()),
        "type-widened",
        "type-narrowed",
        response="breaking",
        place="(content)",
    ),
    "content schema removed": widens(
        text(contentSchema=integer()),
        text(),
        "type-widened",
        "type-narrowed",
        response="breaking",
        place="(content)",
    ),
    "content schema that lets everything through": reworded(text(contentSchema={}), text()),
    # --- arrays ---
    "maxItems higher": widens(array(maxItems=1), array(maxItems=2), "item-count-loosened", "item-count-tightened"),
    "minItems removed": widens(array(minItems=1), array(), "item-count-loosened", "item-count-tightened"),
    "items may be equal": widens(array(uniqueItems=True), array(), "unique-items-removed", "unique-items-added"),
    "uniqueItems false": everywhere(array(uniqueItems=False), array(), "safe schema-reworded"),
    "items wider": widens(
        array(items=integer()),
        array(items=number()),
        "type-widened",
        "type-narrowed",
        response="breaking",
        place="[]",
    ),
    "items removed": widens(
        array(items=integer()), array(), "type-widened", "type-narrowed", response="breaking", place="[]"
    ),
    "items that let everything through": everywhere(array(items={}), array(), "safe schema-reworded"),
    "a place of a tuple": widens(
        array(prefixItems=[text(), integer()]),
        array(prefixItems=[text(), number()]),
        "type-widened",
        "type-narrowed",
        response="breaking",
        place="[1]",
    ),
    "a tuple's place removed": widens(
        array(prefixItems=[text(), integer()]),
        array(prefixItems=[text()]),
        "type-widened",
        "type-narrowed",
        response="breaking",
        place="[1]",
    )._replace(
        request="safe schema-reworded \nsafe type-widened [1]",
        response="breaking type-widened [1]\nsafe schema-reworded",
        request_back="breaking type-narrowed [1]\nsafe schema-reworded",
        response_back="safe schema-reworded \nsafe type-narrowed [1]",
    ),
    "list to tuple": Row(
        array(items=text()),
        array(prefixItems=[text()], items=integer()),
        "breaking type-changed []",
        "breaking type-changed []",
        "breaking type-changed []",
        "breaking type-changed []",
    ),
    # --- objects ---
    "required property added": Row(
        obj(a=text()),
        obj(["b"], a=text(), b=text()),
        "breaking required-property-added .b",
        "safe required-property-added .b",
        "risky property-removed .b",
        "breaking property-removed .b",
    ),
    "optional property added": Row(
        obj(),
        obj(b=text()),
        "safe optional-property-added .b",
        "safe optional-property-added .b",
        "risky property-removed .b",
        "risky optional-property-removed .b",
    ),
    "property removed where others are refused": Row(
        {**obj(a=text()), "additionalProperties": False},
        {**obj(), "additionalProperties": False},
        "breaking property-no-longer-accepted .a",
        "risky optional-property-removed .a",
        "safe optional-property-added .a",
        "safe optional-property-added .a",
    ),
    "property that the others' schema takes over": Row(
        {**obj(a=text()), "additionalProperties": integer()},
        {**obj(), "additionalProperties": integer()},
        "breaking type-changed .a\nrisky property-removed .a",
        "breaking type-changed .a\nrisky optional-property-removed .a",
        "breaking type-changed .a\nsafe optional-property-added .a",
        "breaking type-changed .a\nsafe optional-property-added .a",
    ),
    "property with a name that needs quotes": Row(
        obj(),
        obj(**{"a b": text()}),
        'safe optional-property-added ["a b"]',
        'safe optional-property-added ["a b"]',
        'risky property-removed ["a b"]',
        'risky optional-property-removed ["a b"]',
    ),
    "property optional": Row(
        obj(["a"], a=text()),
        obj(a=text()),
        "safe property-became-optional .a",
        "breaking property-became-optional .a",
        "breaking property-became-required .a",
        "safe property-became-required .a",
    ),
    "property optional with a default": Row(
        obj(["a"], a=text()),
        obj(a=text(default="x")),
        "safe default-added .a\nsafe property-became-optional-with-default .a",
        "risky property-became-optional-with-default .a\nsafe default-added .a",
        "breaking property-became-required .a\nrisky default-removed .a",
        "safe default-removed .a\nsafe property-became-required .a",
    ),
    "required name that is not listed": Row(
        {"type": "object"},
        {"type": "object", "required": ["a"]},
        "breaking required-property-added .a",
        "safe required-property-added .a",
        "risky property-removed .a",
        "breaking property-removed .a",
    ),
    "required in another order": nothing(obj(["a", "b"], a=text(), b=text()), obj(["b", "a"], b=text(), a=text())),
    "nested property": widens(
        obj(a=array(items=obj(b=integer()))),
        obj(a=array(items=obj(b=number()))),
        "type-widened",
        "type-narrowed",
        response="breaking",
        place=".a[].b",
    ),
    "other properties possible": widens(
        {"type": "object", "additionalProperties": False},
        {"type": "object"},
        "additional-properties-opened",
        "additional-properties-closed",
    ),
    "other properties of any type": widens(
        {"type": "object", "additionalProperties": integer()},
        {"type": "object", "additionalProperties": True},
        "additional-properties-unrestricted",
        "additional-properties-restricted",
        response="breaking",
    ),
    "other properties of a type possible": widens(
        {"type": "object", "additionalProperties": False},
        {"type": "object", "additionalProperties": integer()},
        "additional-properties-opened",
        "additional-properties-closed",
    ),
    "other properties of a wider type": widens(
        {"type": "object", "additionalProperties": integer()},
        {"type": "object", "additionalProperties": number()},
        "type-widened",
        "type-narrowed",
        response="breaking",
        place="{}",
    ),
    "other properties said to be possible": everywhere(
        {"type": "object"}, {"type": "object", "additionalProperties": True}, "safe schema-reworded"
    ),
    "names free": widens(
        {"type": "object", "propertyNames": text(maxLength=1)},
        {"type": "object"},
        "property-names-unrestricted",
        "property-names-restricted",
    ),
    "names longer": widens(
        {"type": "object", "propertyNames": text(maxLength=1)},
        {"type": "object", "propertyNames": text(maxLength=2)},
        "length-loosened",
        "length-tightened",
        place="{name}",
    ),
    "properties by pattern": widens(
        {"type": "object", "patternProperties": {"^x": integer()}},
        {"type": "object", "patternProperties": {"^x": number()}},
        "type-widened",
        "type-narrowed",
        response="breaking",
        place="{^x}",
    ),
    "pattern of properties added": everywhere(
        {"type": "object"}, {"type": "object", "patternProperties": {"^x": integer()}}, "risky schema-changed"
    ),
    "more properties": widens(
        {"type": "object", "maxProperties": 1},
        {"type": "object", "maxProperties": 2},
        "property-count-loosened",
        "property-count-tightened",
    ),
    "fewer properties": widens(
        {"type": "object", "minProperties": 1},
        {"type": "object"},
        "property-count-loosened",
        "property-count-tightened",
    ),
    "properties that are no object": everywhere(
        {"type": "object", "properties": []}, {"type": "object"}, "risky schema-changed"
    ),
    "list against an object in a union": nothing(any_of(obj(a=text()), array()), any_of(array(), obj(a=text()))),
    # --- readOnly and writeOnly ---
    "readOnly property": Row(
        obj(["a"], a=text()),
        obj(["a"], a=text(readOnly=True)),
        "risky property-removed .a\nrisky read-only-added .a",
        "safe read-only-added .a",
        "breaking required-property-added .a\nsafe read-only-removed .a",
        "safe read-only-removed .a",
    ),
    "writeOnly property": Row(
        obj(["a"], a=text()),
        obj(["a"], a=text(writeOnly=True)),
        "safe write-only-added .a",
        "breaking property-removed .a\nrisky write-only-added .a",
        "safe write-only-removed .a",
        "safe required-property-added .a\nsafe write-only-removed .a",
    ),
    "type of a readOnly property": Row(
        obj(a=integer(readOnly=True)),
        obj(a=number(readOnly=True)),
        "safe unsent-changed .a",
        "breaking type-widened .a",
        "safe unsent-changed .a",
        "safe type-narrowed .a",
    ),
    "readOnly property added": Row(
        obj(),
        obj(["a"], a=text(readOnly=True)),
        "safe unsent-changed .a",
        "safe required-property-added .a",
        "safe unsent-changed .a",
        "breaking property-removed .a",
    ),
    "readOnly false": everywhere(text(readOnly=False), text(), "safe schema-reworded"),
    # --- unions ---
    "alternative added": widens(
        any_of(text(), integer()),
        any_of(text(), integer(), {"type": "boolean"}),
        "union-member-added",
        "union-member-removed",
        response="breaking",
    ),
    "alternative beside a single type": widens(
        text(), any_of(text(), integer()), "union-member-added", "union-member-removed", response="breaking"
    ),
    "alternatives in another order": nothing(any_of(text(), integer()), any_of(integer(), text())),
    "alternatives or a list of types": reworded(any_of(text(), integer()), {"type": ["integer", "string"]}),
    "alternatives in alternatives": reworded(any_of(text(), any_of(integer(), NULL)), any_of(NULL, text(), integer())),
    "inside an alternative": widens(
        any_of(text(maxLength=1), integer()),
        any_of(integer(), text(maxLength=2)),
        "length-loosened",
        "length-tightened",
        place="<string>",
    ),
    "alternative wider": widens(
        any_of(text(), integer()),
        any_of(text(), number()),
        "type-widened",
        "type-narrowed",
        response="breaking",
        place="<number>",
    )._replace(request_back="breaking type-narrowed <integer>", response_back="safe type-narrowed <integer>"),
    "alternative that another one holds": everywhere(any_of(number(), integer()), number(), "safe schema-reworded"),
    "alternative told apart by a constant": Row(
        any_of(obj(["k"], k=text(const="a"), x=integer()), obj(["k"], k=text(const="b"))),
        any_of(obj(["k"], k=text(const="b")), obj(["k"], k=text(const="a"), x=number())),
        "safe type-widened <object>.x",
        "breaking type-widened <object>.x",
        "breaking type-narrowed <object>.x",
        "safe type-narrowed <object>.x",
    ),
    "alternative with another constant": Row(
        any_of(obj(["k"], k=text(const="a")), text()),
        any_of(obj(["k"], k=text(const="b")), text()),
        "breaking union-member-removed\nsafe union-member-added",
        "breaking union-member-added\nsafe union-member-removed",
        "breaking union-member-removed\nsafe union-member-added",
        "breaking union-member-added\nsafe union-member-removed",
    ),
    "lists of two kinds": widens(
        any_of(array(items=text()), array(items=integer())),
        array(items=integer()),
        "union-member-removed",
        "union-member-added",
    )._replace(
        request="breaking union-member-removed",
        response="safe union-member-removed",
        request_back="safe union-member-added",
        response_back="breaking union-member-added",
    ),
    "anyOf to oneOf": everywhere(any_of(text(), integer()), {"oneOf": [text(), integer()]}, "risky union-kind-changed"),
    "type that all alternatives have": everywhere(
        any_of(text(maxLength=1), text(pattern="a")),
        {**any_of(text(maxLength=1), text(pattern="a")), "type": "string"},
        "safe schema-reworded",
    ),
    "nullable object or component": reworded(
        {"type": ["object", "null"], "properties": {"a": text()}}, any_of(obj(a=text()), NULL)
    ),
    "anyOf of one": reworded(any_of(text()), text()),
    "constraint beside alternatives": widens(
        {**any_of(text(), NULL), "maxLength": 1},
        {**any_of(text(), NULL), "maxLength": 2},
        "length-loosened",
        "length-tightened",
    ),
    "allOf of one": reworded({"allOf": [text(maxLength=1)]}, text(maxLength=1)),
    "allOf put together": reworded({"allOf": [obj(["a"], a=text()), obj(b=text())]}, obj(["a"], a=text(), b=text())),
    "the stricter of allOf": reworded(
        {"allOf": [integer(minimum=1, maximum=9), integer(minimum=2, maximum=5)]}, integer(minimum=2, maximum=5)
    ),
    "types that allOf shares": reworded({"allOf": [number(), {"type": ["integer", "string"]}]}, integer()),
    "values that allOf shares": reworded({"allOf": [{"enum": [1, 2]}, {"enum": [2, 3]}]}, {"enum": [2]}),
    "a property twice in allOf": everywhere(
        {"allOf": [obj(a=text()), obj(a={"maxLength": 1})]},
        obj(a=text(maxLength=1)),
        "safe schema-reworded \nsafe schema-reworded .a",
    ),
    "allOf with false": reworded({"allOf": [text(), False]}, False),
    "a second pattern in allOf": everywhere(
        {"allOf": [text(pattern="a"), {"pattern": "b"}]}, text(pattern="a"), "risky schema-changed"
    ),
    "inside what allOf cannot put together": everywhere(
        {"allOf": [text(pattern="a"), {"pattern": "b"}]},
        {"allOf": [text(pattern="a"), {"pattern": "c"}]},
        "risky schema-changed (allOf 0)",
    ),
    # --- conditions ---
    "not added": everywhere(text(), text(**{"not": {"const": "a"}}), "risky schema-changed"),
    "inside not": everywhere(
        text(**{"not": {"const": "a"}}), text(**{"not": {"const": "b"}}), "risky schema-changed (not)"
    ),
    "wider inside not": everywhere(text(**{"not": integer()}), text(**{"not": number()}), "risky schema-changed (not)"),
    "text inside not": everywhere(
        text(**{"not": text()}), text(**{"not": text(title="x")}), "safe documentation-changed (not)"
    ),
    "then": everywhere(
        {"type": "object", "if": obj(), "then": obj(["a"])},
        {"type": "object", "if": obj(), "then": obj(["b"])},
        "risky schema-changed (then).a\nrisky schema-changed (then).b",
    ),
    "contains": everywhere(array(contains=text()), array(contains=integer()), "risky schema-changed (contains)"),
    "minContains": everywhere(
        array(contains=text(), minContains=1), array(contains=text(), minContains=2), "risky schema-changed"
    ),
    "dependent schemas": everywhere(
        {"type": "object", "dependentSchemas": {"a": obj(b=text())}},
        {"type": "object", "dependentSchemas": {"a": obj(b=integer())}},
        "risky schema-changed {a}.b",
    ),
    "keyword that nobody knows": everywhere(text(), text(surprise=1), "risky schema-changed"),
    "nullable means nothing in 3.1": everywhere(text(), text(nullable=True), "risky schema-changed"),
    # --- texts for readers ---
    "title and description": everywhere(
        text(title="a"), text(title="b", description="c"), "safe documentation-changed"
    ),
    "examples": everywhere(text(examples=["a"]), text(examples=["b"]), "safe documentation-changed"),
    "extension": everywhere(text(), text(**{"x-order": 1}), "safe extension-changed"),
    "default changed": Row(
        text(default="a"),
        text(default="b"),
        "risky default-changed",
        "safe default-changed",
        "risky default-changed",
        "safe default-changed",
    ),
    "default added": Row(
        text(),
        text(default=None),
        "safe default-added",
        "safe default-added",
        "risky default-removed",
        "safe default-removed",
    ),
    "deprecated": everywhere(text(), text(deprecated=True), "safe deprecated-added", "safe deprecated-removed"),
}


def expected(changes: str, where: str) -> list[str]:
    """Write the expectation of a row for a place: `breaking type-widened .a`, each on a line."""
    found: list[str] = []
    for line in filter(None, changes.split("\n")):
        level, rule, *place = line.strip().split(" ", 2)
        found.append(f"{level} {rule} {where}{place[0] if place else ''}")
    return found


@pytest.mark.parametrize("name", SCHEMAS)
def test_change_of_a_request_is(name: str) -> None:
    row = SCHEMAS[name]
    assert lines(requesting(row.old), requesting(row.new)) == expected(row.request, "POST /a body")


@pytest.mark.parametrize("name", SCHEMAS)
def test_change_of_a_response_is(name: str) -> None:
    row = SCHEMAS[name]
    assert lines(responding(row.old), responding(row.new)) == expected(row.response, "GET /a response 200 body")


@pytest.mark.parametrize("name", SCHEMAS)
def test_change_back_of_a_request_is(name: str) -> None:
    row = SCHEMAS[name]
    assert lines(requesting(row.new), requesting(row.old)) == expected(row.request_back, "POST /a body")


@pytest.mark.parametrize("name", SCHEMAS)
def test_change_back_of_a_response_is(name: str) -> None:
    row = SCHEMAS[name]
    assert lines(responding(row.new), responding(row.old)) == expected(row.response_back, "GET /a response 200 body")


@pytest.mark.parametrize("name", SCHEMAS)
def test_same_schema_written_twice_has_not_changed(name: str) -> None:
    schema = SCHEMAS[name].new
    assert lines(responding(schema), responding(copy.deepcopy(schema))) == []


# --- components -------------------------------------------------------------------------------------------------------

NODE: Json = obj(["value"], value=integer(), next=any_of(ref("Node"), NULL))


def test_recursive_model_is_reported_once_in_a_body() -> None:
    wider = obj(["value"], value=number(), next=any_of(ref("Node"), NULL))
    assert lines(responding(ref("Node"), Node=NODE), responding(ref("Node"), Node=wider)) == [
        "breaking type-widened GET /a response 200 body.value"
    ]


def test_models_that_refer_to_each_other_come_to_an_end() -> None:
    def pair(inner: Json) -> Json:
        return responding(ref("A"), A=obj(b=ref("B")), B=obj(a=ref("A"), x=inner))

    assert lines(pair(integer()), pair(number())) == ["breaking type-widened GET /a response 200 body.b.x"]


def test_change_behind_a_recursive_model_is_seen_from_every_operation() -> None:
    def two(inner: Json) -> Json:
        responses = {
            name: {"get": {"responses": {"200": {"description": "", **content(ref(name[1:]))}}}}
            for name in ("/A", "/B")
        }
        return document(responses, components={"schemas": {"A": obj(b=ref("B"), x=inner), "B": obj(a=ref("A"))}})

    assert lines(two(integer()), two(number())) == [
        "breaking type-widened GET /A response 200 body.x",
        "breaking type-widened GET /B response 200 body.a.x",
    ]


def test_model_that_became_nullable_is_not_reported_twice() -> None:
    old = responding(obj(a=ref("Node")), Node=NODE)
    new = responding(obj(a=any_of(ref("Node"), NULL)), Node={**NODE, "title": "N"})
    assert lines(old, new) == [
        "breaking null-added GET /a response 200 body.a",
        "safe documentation-changed GET /a response 200 body.a",
    ]


def test_component_that_is_an_alternative_of_itself_adds_nothing() -> None:
    loop = any_of(ref("Loop"), text())
    assert lines(responding(ref("Loop"), Loop=loop), responding(ref("Loop"), Loop=any_of(text()))) == [
        "safe schema-reworded GET /a response 200 body"
    ]


def test_component_that_refers_to_itself_alone_lets_everything_through() -> None:
    assert lines(responding(ref("A"), A=ref("A")), responding(ref("A"), A={})) == [
        "safe schema-reworded GET /a response 200 body"
    ]


def test_intersection_of_models_that_meet_each_other_comes_to_an_end() -> None:
    def crossed(inner: Json) -> Json:
        return responding(
            {"allOf": [ref("C"), ref("D")]},
            C=obj(x=ref("D"), y=inner),
            D=obj(x=ref("C")),
        )

    # The two stand for one another one level down: what differs is met again at every level, and told once for each
    # pair of schemas.
    assert lines(crossed(integer()), crossed(number())) == [
        "breaking type-widened GET /a response 200 body.y",
    ]


def test_renamed_component_is_risky_once() -> None:
    old = document(
        {path: {"get": {"responses": {"200": {"description": "", **content(ref("User"))}}}} for path in ("/a", "/b")},
        components={"schemas": {"User": obj(a=text())}},
    )
    new = json.loads(json.dumps(old).replace("User", "Person"))
    assert compare(old, new).changes == (
        Change(
            Level.RISKY,
            "schema-renamed",
            "components.schemas.User",
            "What was the schema 'User' is the schema 'Person': nothing changes on the wire, but generated clients use "
            "the name.",
        ),
    )


def test_renamed_alternative_is_recognised_by_its_tag() -> None:
    def pets(cat: str) -> Json:
        mapping = {"cat": f"#/components/schemas/{cat}", "dog": "#/components/schemas/Dog"}
        union = {
            "oneOf": [ref(cat), ref("Dog")],
            "discriminator": {"propertyName": "kind", "mapping": mapping},
        }
        schemas = {cat: obj(["kind"], kind=text()), "Dog": obj(["kind"], kind=text())}
        return responding(union, **schemas)

    assert lines(pets("Cat"), pets("Feline")) == ["risky schema-renamed components.schemas.Cat"]


def discriminated(values: Mapping[str, str], name: str = "kind", **more: object) -> Json:
    mapping = {value: f"#/components/schemas/{schema}" for value, schema in values.items()}
    return {
        "oneOf": [ref(schema) for schema in sorted(set(values.values()))],
        "discriminator": {"propertyName": name, "mapping": mapping, **more},
    }


PETS: Json = {
    "Cat": obj(["kind"], kind=text(enum=["cat", "lion"]), paws=integer()),
    "Dog": obj(["kind"], kind=text(enum=["dog", "wolf"]), barks=number()),
}


@pytest.mark.parametrize(
    ("old", "new", "request_", "response", "request_back", "response_back"),
    [
        pytest.param(
            discriminated({"cat": "Cat", "dog": "Dog"}),
            discriminated({"cat": "Cat", "dog": "Dog", "wolf": "Dog"}),
            ["safe discriminator-value-added"],
            ["risky discriminator-value-added"],
            ["breaking discriminator-value-removed"],
            ["safe discriminator-value-removed"],
            id="value",
        ),
        pytest.param(
            discriminated({"cat": "Cat", "dog": "Dog", "x": "Dog"}),
            discriminated({"cat": "Cat", "dog": "Dog", "x": "Cat"}),
            *[["risky discriminator-changed"]] * 4,
            id="value of another alternative",
        ),
        pytest.param(
            discriminated({"cat": "Cat", "dog": "Dog"}),
            discriminated({"cat": "Cat", "dog": "Dog"}, "type"),
            *[["risky discriminator-changed"]] * 4,
            id="property",
        ),
        pytest.param(
            discriminated({"cat": "Cat", "dog": "Dog"}),
            discriminated({"cat": "Cat", "dog": "Dog"}, defaultMapping="Cat"),
            *[["risky discriminator-changed"]] * 4,
            id="default",
        ),
    ],
)
def test_change_of_a_discriminator_is(
    old: Json, new: Json, request_: list[str], response: list[str], request_back: list[str], response_back: list[str]
) -> None:
    def rules(found: list[str]) -> list[str]:
        return [" ".join(line.split(" ")[:2]) for line in found]

    assert [
        rules(lines(requesting(old, **PETS), requesting(new, **PETS))),
        rules(lines(responding(old, **PETS), responding(new, **PETS))),
        rules(lines(requesting(new, **PETS), requesting(old, **PETS))),
        rules(lines(responding(new, **PETS), responding(old, **PETS))),
    ] == [request_, response, request_back, response_back]


# --- operations -------------------------------------------------------------------------------------------------------


class Step(NamedTuple):
    """Two documents, and what the step from one to the other means, and the step back."""

    old: Json
    new: Json
    forth: str
    back: str


def parameter(name: str = "q", place: str = "query", **parts: object) -> Json:
    return {"name": name, "in": place, "schema": text(), **parts}


def parameters(*found: Json, path: str = "/a") -> Json:
    return operation(path, parameters=list(found))


def body(**parts: object) -> Json:
    return operation(method="post", requestBody={**content(text()), **parts})


def responses(**found: object) -> Json:
    named = {name.removeprefix("s"): {"description": "", **parts} for name, parts in found.items()}  # type: ignore[dict-item]
    return operation(responses=named)


def headers(**found: object) -> Json:
    return responses(s200={"headers": found})


def secured(*ways: Json, schemes: Json | None = None, everywhere: bool = False) -> Json:
    known = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}, "oauth": {"type": "oauth2", "flows": {}}}
    own: Json = {} if everywhere else {"security": list(ways)}
    found = {**operation(**own), "components": {"securitySchemes": known if schemes is None else schemes}}
    return {**found, "security": list(ways)} if everywhere else found


def scheme(name: str = "key", **parts: object) -> Json:
    return secured(schemes={name: {"type": "apiKey", "in": "header", "name": "X-Key", **parts}})


ITEMS = "x-typed-api-item-schema"


def streaming(described: Json, /, **schemas: object) -> Json:
    return {
        **responses(s200={"content": {"application/jsonl": described}}),
        **({"components": {"schemas": schemas}} if schemas else {}),
    }


def event(data: object) -> Json:
    return obj(data=text(contentMediaType="application/json", contentSchema=data), id=text())


WEBHOOK: Json = {"post": {"requestBody": content(obj(["a"], a=integer())), "responses": {"200": {"description": ""}}}}

STEPS: Mapping[str, Step] = {
    "operation": Step(document(), operation(), "safe operation-added GET /a", "breaking operation-removed GET /a"),
    "method": Step(
        operation(),
        document({"/a": {**operation()["paths"]["/a"], "put": operation()["paths"]["/a"]["get"]}}),
        "safe operation-added PUT /a",
        "breaking operation-removed PUT /a",
    ),
    "method of 3.2": Step(
        operation(),
        document({"/a": {**operation()["paths"]["/a"], "additionalOperations": {"LINK": {"responses": {}}}}}),
        "safe operation-added LINK /a",
        "breaking operation-removed LINK /a",
    ),
    "name of a path parameter": Step(
        parameters(parameter("id", "path", required=True), path="/a/{id}"),
        parameters(parameter("key", "path", required=True), path="/a/{key}"),
        "risky path-parameter-renamed GET /a/{key}",
        "risky path-parameter-renamed GET /a/{id}",
    ),
    "name and type of a path parameter": Step(
        parameters(parameter("id", "path", required=True), path="/a/{id}"),
        parameters(parameter("key", "path", required=True, schema=integer()), path="/a/{key}"),
        "breaking type-changed GET /a/{key} path.key\nrisky path-parameter-renamed GET /a/{key}",
        "risky path-parameter-renamed GET /a/{id}\nrisky parameter-takes-text GET /a/{id} path.id",
    ),
    "path": Step(
        operation("/a"),
        operation("/b"),
        "breaking operation-removed GET /a\nsafe operation-added GET /b",
        "breaking operation-removed GET /b\nsafe operation-added GET /a",
    ),
    "operationId": Step(
        operation(operationId="a"),
        operation(operationId="b"),
        "risky operation-id-changed GET /a",
        "risky operation-id-changed GET /a",
    ),
    "deprecated": Step(
        operation(), operation(deprecated=True), "safe deprecated-added GET /a", "safe deprecated-removed GET /a"
    ),
    "summary and tags": Step(
        operation(),
        operation(summary="s", tags=["t"], description="d"),
        "safe documentation-changed GET /a",
        "safe documentation-changed GET /a",
    ),
    "extension": Step(
        operation(), operation(**EXTENSION), "safe extension-changed GET /a", "safe extension-changed GET /a"
    ),
    "callbacks": Step(
        operation(), operation(callbacks={"c": {}}), "risky operation-changed GET /a", "risky operation-changed GET /a"
    ),
    "servers of an operation": Step(
        operation(), operation(servers=[{"url": "/v2"}]), "risky servers-changed GET /a", "risky servers-changed GET /a"
    ),
    "servers": Step(
        document(),
        document(servers=[{"url": "/v2"}]),
        "risky servers-changed document",
        "risky servers-changed document",
    ),
    "description of a server": Step(
        document(servers=[{"url": "/v2"}]),
        document(servers=[{"url": "/v2", "description": "x"}]),
        "safe documentation-changed document",
        "safe documentation-changed document",
    ),
    # --- parameters ---
    "optional parameter": Step(
        parameters(),
        parameters(parameter()),
        "safe optional-parameter-added GET /a query.q",
        "risky parameter-removed GET /a query.q",
    ),
    "required parameter": Step(
        parameters(),
        parameters(parameter(required=True)),
        "breaking required-parameter-added GET /a query.q",
        "risky parameter-removed GET /a query.q",
    ),
    "parameter of the path item": Step(
        document({"/a": {"get": {"responses": {}}}}),
        document({"/a": {"get": {"responses": {}}, "parameters": [parameter()]}}),
        "safe optional-parameter-added GET /a query.q",
        "risky parameter-removed GET /a query.q",
    ),
    "parameter becomes required": Step(
        parameters(parameter()),
        parameters(parameter(required=True)),
        "breaking parameter-became-required GET /a query.q",
        "safe parameter-became-optional GET /a query.q",
    ),
    "place of a parameter": Step(
        parameters(parameter("q", "query")),
        parameters(parameter("q", "header")),
        "breaking parameter-moved GET /a header.q",
        "breaking parameter-moved GET /a query.q",
    ),
    "header parameter in capitals": Step(
        parameters(parameter("X-Id", "header")), parameters(parameter("x-id", "header")), "", ""
    ),
    "type of a parameter": Step(
        parameters(parameter(schema=integer())),
        parameters(parameter(schema=number())),
        "safe type-widened GET /a query.q",
        "breaking type-narrowed GET /a query.q",
    ),
    "parameter by reference": Step(
        {**parameters({"$ref": "#/components/parameters/Q"}), "components": {"parameters": {"Q": parameter()}}},
        parameters(parameter()),
        "safe components-changed components.parameters",
        "safe components-changed components.parameters",
    ),
    "style of a parameter": Step(
        parameters(parameter()),
        parameters(parameter(style="pipeDelimited")),
        "breaking parameter-style-changed GET /a query.q",
        "breaking parameter-style-changed GET /a query.q",
    ),
    "style that is the default": Step(
        parameters(parameter()), parameters(parameter(style="form", explode=True)), "", ""
    ),
    "content of a parameter": Step(
        parameters({"name": "q", "in": "query", **content(integer())}),
        parameters({"name": "q", "in": "query", **content(number())}),
        "safe type-widened GET /a query.q",
        "breaking type-narrowed GET /a query.q",
    ),
    "part of a parameter that no rule knows": Step(
        parameters(parameter()),
        parameters(parameter(allowReserved=True)),
        "risky parameter-changed GET /a query.q",
        "risky parameter-changed GET /a query.q",
    ),
    "text parameter that may be empty": Step(
        parameters(parameter()),
        parameters(parameter(allowEmptyValue=True)),
        "safe parameter-may-be-empty GET /a query.q",
        "risky empty-parameter-is-text GET /a query.q",
    ),
    "integer parameter that may be empty": Step(
        parameters(parameter(schema=integer())),
        parameters(parameter(schema=integer(), allowEmptyValue=True)),
        "safe parameter-may-be-empty GET /a query.q",
        "breaking parameter-must-not-be-empty GET /a query.q",
    ),
    "text with a character that may be empty": Step(
        parameters(parameter(schema=text(minLength=1))),
        parameters(parameter(schema=text(minLength=1), allowEmptyValue=True)),
        "safe parameter-may-be-empty GET /a query.q",
        "breaking parameter-must-not-be-empty GET /a query.q",
    ),
    **{
        f"list of {of['type']} that may be empty": Step(
            parameters(parameter(schema=array(items=of))),
            parameters(parameter(schema=array(items=of), allowEmptyValue=True)),
            "safe parameter-may-be-empty GET /a query.q",
            f"{back} GET /a query.q",
        )
        for of, back in (
            (text(), "risky empty-parameter-is-text"),
            (integer(), "breaking parameter-must-not-be-empty"),
        )
    },
    "listed text that may be empty": Step(
        parameters(parameter(schema=text(enum=["a"]))),
        parameters(parameter(schema=text(enum=["a"]), allowEmptyValue=True)),
        "safe parameter-may-be-empty GET /a query.q",
        "breaking parameter-must-not-be-empty GET /a query.q",
    ),
    "parameter that may not be empty, as is the default": Step(
        parameters(parameter()), parameters(parameter(allowEmptyValue=False)), "", ""
    ),
    **{
        f"{of['type']} in the {place} becomes text": Step(
            parameters(parameter("q", place, schema=of, required=True), path="/a/{q}"),
            parameters(parameter("q", place, required=True), path="/a/{q}"),
            f"risky parameter-takes-text GET /a/{{q}} {place}.q",
            f"breaking type-changed GET /a/{{q}} {place}.q",
        )
        for place in ("path", "query", "header", "cookie")
        for of in (integer(minimum=1), number(), {"type": "boolean"})
    },
    "date becomes text": Step(
        parameters(parameter(schema=text(format="date"))),
        parameters(parameter()),
        "safe format-removed GET /a query.q",
        "breaking format-added GET /a query.q",
    ),
    "integer becomes text with a character": Step(
        parameters(parameter(schema=integer())),
        parameters(parameter(schema=text(minLength=1))),
        "risky parameter-takes-text GET /a query.q",
        "breaking type-changed GET /a query.q",
    ),
    "integer becomes text of two characters": Step(
        parameters(parameter(schema=integer())),
        parameters(parameter(schema=text(minLength=2))),
        "breaking type-changed GET /a query.q",
        "breaking type-changed GET /a query.q",
    ),
    "integer becomes a date": Step(
        parameters(parameter(schema=integer())),
        parameters(parameter(schema=text(format="date"))),
        "breaking type-changed GET /a query.q",
        "breaking type-changed GET /a query.q",
    ),
    "integer becomes a listed text": Step(
        parameters(parameter(schema=integer())),
        parameters(parameter(schema=text(enum=["a"]))),
        "breaking type-changed GET /a query.q",
        "breaking type-changed GET /a query.q",
    ),
    "integer or truth value becomes text": Step(
        parameters(parameter(schema=any_of(integer(), {"type": "boolean"}))),
        parameters(parameter()),
        "risky parameter-takes-text GET /a query.q\n" * 2 + "safe union-member-added GET /a query.q",
        "breaking union-member-removed GET /a query.q\n" + "safe union-member-added GET /a query.q\n" * 2,
    ),
    "parameter becomes a list": Step(
        parameters(parameter(schema=integer(minimum=1))),
        parameters(parameter(schema=array(items=integer(minimum=1)))),
        "risky parameter-takes-list GET /a query.q",
        "breaking type-changed GET /a query.q",
    ),
    "listed parameter becomes a list of fewer values": Step(
        parameters(parameter(schema=text(enum=["a", "b"]))),
        parameters(parameter(schema=array(items=text(enum=["a"]), minItems=1))),
        "breaking enum-value-removed GET /a query.q[]\nrisky parameter-takes-list GET /a query.q",
        "breaking type-changed GET /a query.q",
    ),
    "parameter becomes a list of texts": Step(
        parameters(parameter("q", "header", schema=integer())),
        parameters(parameter("q", "header", schema=array(items=text()))),
        "risky parameter-takes-list GET /a header.q\nrisky parameter-takes-text GET /a header.q[]",
        "breaking type-changed GET /a header.q",
    ),
    "parameter becomes a list of two": Step(
        parameters(parameter(schema=integer())),
        parameters(parameter(schema=array(items=integer(), minItems=2))),
        "breaking type-changed GET /a query.q",
        "breaking type-changed GET /a query.q",
    ),
    "items of a list become texts": Step(
        parameters(parameter(schema=array(items=integer()))),
        parameters(parameter(schema=array(items=text()))),
        "risky parameter-takes-text GET /a query.q[]",
        "breaking type-changed GET /a query.q[]",
    ),
    "JSON in a parameter is no text": Step(
        parameters({"name": "q", "in": "query", **content(integer())}),
        parameters({"name": "q", "in": "query", **content(text())}),
        "breaking type-changed GET /a query.q",
        "breaking type-changed GET /a query.q",
    ),
    "response header is read as what it was": Step(
        headers(a={"schema": integer()}),
        headers(a={"schema": text()}),
        "breaking type-changed GET /a response 200 header.a",
        "breaking type-changed GET /a response 200 header.a",
    ),
    "deprecated parameter": Step(
        parameters(parameter()),
        parameters(parameter(deprecated=True, description="old")),
        "safe deprecated-added GET /a query.q\nsafe documentation-changed GET /a query.q",
        "safe deprecated-removed GET /a query.q\nsafe documentation-changed GET /a query.q",
    ),
    "catch-all": Step(
        parameters(parameter("p", "path", required=True), path="/a/{p}"),
        parameters(parameter("p", "path", required=True, **{"x-typed-api-segments": True}), path="/a/{p}"),
        "safe path-segments-widened GET /a/{p} path.p",
        "breaking path-segments-narrowed GET /a/{p} path.p",
    ),
    # --- bodies ---
    "required body": Step(
        operation(method="post"),
        body(required=True),
        "breaking required-body-added POST /a body",
        "risky body-removed POST /a body",
    ),
    "optional body": Step(
        operation(method="post"),
        body(),
        "safe optional-body-added POST /a body",
        "risky body-removed POST /a body",
    ),
    "body becomes required": Step(
        body(),
        body(required=True),
        "breaking body-became-required POST /a body",
        "safe body-became-optional POST /a body",
    ),
    "description of a body": Step(
        body(),
        body(description="x"),
        "safe documentation-changed POST /a body",
        "safe documentation-changed POST /a body",
    ),
    "media type of a request": Step(
        body(),
        body(content={**content(text())["content"], "text/plain": {"schema": text()}}),
        "safe media-type-added POST /a body",
        "breaking media-type-removed POST /a body",
    ),
    "schema of one of two media types": Step(
        body(content={"application/json": {"schema": integer()}, "text/plain": {}}),
        body(content={"application/json": {"schema": number()}, "text/plain": {}}),
        "safe type-widened POST /a body application/json",
        "breaking type-narrowed POST /a body application/json",
    ),
    "parameters of a media type": Step(
        body(**content(text(), "text/plain")), body(**content(text(), "Text/Plain; charset=utf-8")), "", ""
    ),
    "range of media types": Step(
        body(**content(integer(), "image/png")),
        body(**content(number(), "image/*")),
        "safe media-type-added POST /a body\nsafe type-widened POST /a body",
        "breaking media-type-removed POST /a body\nbreaking type-narrowed POST /a body",
    ),
    "encoding of a form": Step(
        body(content={"multipart/form-data": {"schema": obj(a=text())}}),
        body(content={"multipart/form-data": {"schema": obj(a=text()), "encoding": {"a": {"contentType": "x/y"}}}}),
        "risky media-type-changed POST /a body",
        "risky media-type-changed POST /a body",
    ),
    "items of a stream": Step(
        responses(s200={"content": {"text/event-stream": {"itemSchema": integer()}}}),
        responses(s200={"content": {"text/event-stream": {"itemSchema": number()}}}),
        "breaking type-widened GET /a response 200 body[item]",
        "safe type-narrowed GET /a response 200 body[item]",
    ),
    "items of a stream in 3.1": Step(
        streaming({ITEMS: integer()}),
        streaming({ITEMS: number()}),
        "breaking type-widened GET /a response 200 body[item]",
        "safe type-narrowed GET /a response 200 body[item]",
    ),
    "items of a stream, in 3.1 and 3.2": Step(
        streaming({"schema": text(), ITEMS: integer()}),
        streaming({"itemSchema": number()}),
        "breaking type-widened GET /a response 200 body[item]",
        "safe type-narrowed GET /a response 200 body[item]",
    ),
    "items of a stream, written in two ways": Step(
        streaming({ITEMS: integer()}), streaming({"itemSchema": integer()}), "", ""
    ),
    "items of JSON lines, written in two ways": Step(
        streaming({"schema": text(), ITEMS: integer()}), streaming({"itemSchema": integer()}), "", ""
    ),
    "text of a stream, beside its items": Step(
        streaming({"schema": text(), ITEMS: integer()}),
        streaming({"schema": text(maxLength=3), ITEMS: integer()}),
        "safe length-tightened GET /a response 200 body",
        "risky length-loosened GET /a response 200 body",
    ),
    "text of a stream that 3.2 does not say": Step(
        streaming({"schema": text(maxLength=3), ITEMS: integer()}),
        streaming({"itemSchema": integer()}),
        "breaking type-widened GET /a response 200 body\nrisky length-loosened GET /a response 200 body",
        "safe length-tightened GET /a response 200 body\nsafe type-narrowed GET /a response 200 body",
    ),
    "items of a stream beside the words of 3.2": Step(
        streaming({"itemSchema": integer(), ITEMS: integer()}),
        streaming({"itemSchema": integer(), ITEMS: number()}),
        "safe extension-changed GET /a response 200 body",
        "safe extension-changed GET /a response 200 body",
    ),
    "model of the items of a stream": Step(
        streaming({ITEMS: ref("A")}, A=obj(a=integer())),
        streaming({ITEMS: ref("A")}, A=obj(a=text())),
        "breaking type-changed GET /a response 200 body[item].a",
        "breaking type-changed GET /a response 200 body[item].a",
    ),
    "data of an event": Step(
        streaming({ITEMS: event(integer())}),
        streaming({ITEMS: event(number())}),
        "breaking type-widened GET /a response 200 body[item].data(content)",
        "safe type-narrowed GET /a response 200 body[item].data(content)",
    ),
    "data of an event that is no JSON": Step(
        streaming({ITEMS: event(integer())}),
        streaming({ITEMS: obj(data=text(), id=text())}),
        "breaking type-widened GET /a response 200 body[item].data(content)\n"
        "risky content-media-type-changed GET /a response 200 body[item].data",
        "risky content-media-type-changed GET /a response 200 body[item].data\n"
        "safe type-narrowed GET /a response 200 body[item].data(content)",
    ),
    # --- responses ---
    "success beside another": Step(
        responses(s200={}),
        responses(s200={}, s201={}),
        "risky success-status-added GET /a response 201",
        "risky success-status-removed GET /a response 201",
    ),
    "another success": Step(
        responses(s200={}),
        responses(s201={}),
        "breaking success-status-replaced GET /a response 200\nrisky success-status-added GET /a response 201",
        "breaking success-status-replaced GET /a response 201\nrisky success-status-added GET /a response 200",
    ),
    "redirect": Step(
        responses(s200={}),
        responses(s200={}, s307={}),
        "risky success-status-added GET /a response 307",
        "risky success-status-removed GET /a response 307",
    ),
    "error": Step(
        responses(s200={}),
        responses(s200={}, s404={}),
        "safe error-status-added GET /a response 404",
        "safe error-status-removed GET /a response 404",
    ),
    "default": Step(
        responses(s200={}),
        responses(s200={}, default={}),
        "safe default-response-added GET /a response default",
        "risky default-response-removed GET /a response default",
    ),
    "error beside a default": Step(
        responses(default=content(text())),
        responses(default=content(text()), s404=content(integer())),
        "safe error-status-added GET /a response 404",
        "safe error-status-removed GET /a response 404",
    ),
    "group to status": Step(
        responses(s4XX=content(number())),
        responses(s404=content(integer()), s409=content(text())),
        "breaking type-changed GET /a response 409 body\n"
        "safe type-narrowed GET /a response 404 body\n"
        "safe error-status-removed GET /a response 4XX",
        "breaking type-widened GET /a response 404 body\n"
        "breaking type-changed GET /a response 409 body\n"
        "safe error-status-added GET /a response 4XX",
    ),
    "group of errors": Step(
        responses(s200={}),
        responses(s200={}, s4XX={}),
        "safe error-status-added GET /a response 4XX",
        "safe error-status-removed GET /a response 4XX",
    ),
    "group in small letters": Step(responses(s4xx={}), responses(s4XX={}), "", ""),
    "media type of a response": Step(
        responses(s200=content(text(), "text/plain")),
        responses(s200={"content": {"text/plain": {"schema": text()}, "application/json": {"schema": text()}}}),
        "risky media-type-added GET /a response 200 body",
        "breaking media-type-removed GET /a response 200 body",
    ),
    "body of a response": Step(
        responses(s200={}),
        responses(s200=content(text())),
        "risky response-body-added GET /a response 200 body",
        "breaking body-removed GET /a response 200 body",
    ),
    "description of a response": Step(
        responses(s200={}),
        responses(s200={"description": "x"}),
        "safe documentation-changed GET /a response 200",
        "safe documentation-changed GET /a response 200",
    ),
    "links": Step(
        responses(s200={}),
        responses(s200={"links": {"self": {}}}),
        "risky response-changed GET /a response 200",
        "risky response-changed GET /a response 200",
    ),
    "optional header": Step(
        headers(),
        headers(ETag={"schema": text()}),
        "safe header-added GET /a response 200 header.etag",
        "risky optional-header-removed GET /a response 200 header.etag",
    ),
    "required header": Step(
        headers(),
        headers(ETag={"schema": text(), "required": True}),
        "safe header-added GET /a response 200 header.etag",
        "breaking required-header-removed GET /a response 200 header.etag",
    ),
    "header that can be missing": Step(
        headers(ETag={"schema": text(), "required": True}),
        headers(etag={"schema": text()}),
        "breaking header-became-optional GET /a response 200 header.etag",
        "safe header-became-required GET /a response 200 header.etag",
    ),
    "type of a header": Step(
        headers(Age={"schema": integer()}),
        headers(Age={"schema": number()}),
        "breaking type-widened GET /a response 200 header.age",
        "safe type-narrowed GET /a response 200 header.age",
    ),
    "content of a header": Step(
        headers(Age={"schema": integer()}),
        headers(Age=content(integer())),
        "risky response-changed GET /a response 200 header.age",
        "risky response-changed GET /a response 200 header.age",
    ),
    # --- security ---
    "credentials": Step(
        secured(), secured({"key": []}), "breaking security-added GET /a", "safe security-removed GET /a"
    ),
    "credentials for everything": Step(
        secured(),
        secured({"key": []}, everywhere=True),
        "breaking security-added GET /a",
        "safe security-removed GET /a",
    ),
    "credentials that need not be sent": Step(
        secured({"key": []}),
        secured({"key": []}, {}),
        "safe security-removed GET /a",
        "breaking security-added GET /a",
    ),
    "credentials that are looked at": Step(
        secured({}),
        secured({}, {"key": []}),
        "safe security-alternative-added GET /a",
        "risky optional-security-removed GET /a",
    ),
    "another way": Step(
        secured({"key": []}),
        secured({"key": []}, {"oauth": []}),
        "safe security-alternative-added GET /a",
        "breaking security-alternative-removed GET /a",
    ),
    "two at once": Step(
        secured({"key": []}),
        secured({"key": [], "oauth": []}),
        "breaking security-alternative-removed GET /a\nsafe security-alternative-added GET /a",
        "safe security-alternative-added GET /a",
    ),
    "scope": Step(
        secured({"oauth": ["read"]}),
        secured({"oauth": ["read", "write"]}),
        "breaking security-scope-added GET /a",
        "safe security-scope-removed GET /a",
    ),
    "scheme": Step(
        secured(schemes={}),
        scheme(),
        "safe security-scheme-added components.securitySchemes.key",
        "risky security-scheme-removed components.securitySchemes.key",
    ),
    "place of a scheme": Step(
        scheme(),
        scheme(**{"in": "query"}),
        "breaking security-scheme-changed components.securitySchemes.key",
        "breaking security-scheme-changed components.securitySchemes.key",
    ),
    "address of a scheme": Step(
        secured(schemes={"o": {"type": "openIdConnect", "openIdConnectUrl": "/a"}}),
        secured(schemes={"o": {"type": "openIdConnect", "openIdConnectUrl": "/b"}}),
        "risky security-scheme-details-changed components.securitySchemes.o",
        "risky security-scheme-details-changed components.securitySchemes.o",
    ),
    "scheme in capitals": Step(
        secured(schemes={"b": {"type": "http", "scheme": "bearer"}}),
        secured(schemes={"b": {"type": "http", "scheme": "Bearer"}}),
        "",
        "",
    ),
    "name of a scheme": Step(
        secured({"a": []}, schemes={"a": {"type": "http", "scheme": "bearer"}}),
        secured({"b": []}, schemes={"b": {"type": "http", "scheme": "bearer", "description": "x"}}),
        "risky security-scheme-renamed components.securitySchemes.a\n"
        "safe documentation-changed components.securitySchemes.a",
        "risky security-scheme-renamed components.securitySchemes.b\n"
        "safe documentation-changed components.securitySchemes.b",
    ),
    # --- the document ---
    "version of OpenAPI": Step(
        document(),
        document(openapi="3.2.0"),
        "safe openapi-version-changed document",
        "safe openapi-version-changed document",
    ),
    "title": Step(
        document(),
        document(info={"title": "Other", "version": "2"}),
        "safe documentation-changed document",
        "safe documentation-changed document",
    ),
    "dialect": Step(
        document(),
        document(jsonSchemaDialect="x"),
        "risky document-changed document",
        "risky document-changed document",
    ),
    "extension of the document": Step(
        document(), document(**EXTENSION), "safe extension-changed document", "safe extension-changed document"
    ),
    "named schema": Step(
        document(components={"schemas": {}}),
        document(components={"schemas": {"A": text()}}),
        "safe schema-added components.schemas.A",
        "risky schema-removed components.schemas.A",
    ),
    "schema that nothing uses": Step(
        document(components={"schemas": {"A": text()}}),
        document(components={"schemas": {"A": integer()}}),
        "safe unused-schema-changed components.schemas.A",
        "safe unused-schema-changed components.schemas.A",
    ),
    "webhook": Step(
        document(),
        document(webhooks={"paid": WEBHOOK}),
        "safe operation-added webhook paid POST",
        "breaking operation-removed webhook paid POST",
    ),
    "body of a webhook, which clients read": Step(
        document(webhooks={"paid": WEBHOOK}),
        document(webhooks={"paid": json.loads(json.dumps(WEBHOOK).replace("integer", "number"))}),
        "breaking type-widened webhook paid POST body.a",
        "safe type-narrowed webhook paid POST body.a",
    ),
    "answer to a webhook, which clients send": Step(
        document(webhooks={"paid": {"post": responses(s200=content(integer()))["paths"]["/a"]["get"]}}),
        document(webhooks={"paid": {"post": responses(s200=content(number()))["paths"]["/a"]["get"]}}),
        "safe type-widened webhook paid POST response 200 body",
        "breaking type-narrowed webhook paid POST response 200 body",
    ),
    "parameter of a webhook": Step(
        document(webhooks={"paid": {"post": {"responses": {}}}}),
        document(webhooks={"paid": {"post": {"responses": {}, "parameters": [parameter(required=True)]}}}),
        "risky required-parameter-added webhook paid POST query.q",
        "risky parameter-removed webhook paid POST query.q",
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_step_forth_is(name: str) -> None:
    step = STEPS[name]
    assert lines(step.old, step.new) == list(filter(None, step.forth.split("\n")))


@pytest.mark.parametrize("name", STEPS)
def test_step_back_is(name: str) -> None:
    step = STEPS[name]
    assert lines(step.new, step.old) == list(filter(None, step.back.split("\n")))


@pytest.mark.parametrize("name", STEPS)
def test_same_document_written_twice_has_not_changed(name: str) -> None:
    assert lines(STEPS[name].new, copy.deepcopy(STEPS[name].new)) == []


# --- documents of apps ------------------------------------------------------------------------------------------------

STREAMS = """
class Item(BaseModel):
    a: {a}

def {name}(req: ApiRequest[None], res: ApiResponse[Ok[{answer}]]):
    ...
"""


def app_document(answer: str, openapi: OpenAPIVersion = "3.1", a: str = "int") -> Json:
    return document_of({"api/x.py": STREAMS.format(answer=answer, a=a, name="get")}, openapi=openapi)


@pytest.mark.parametrize(
    "answer", ["EventStream[Item]", "EventStream[str]", "JsonLines[Item]", "JsonLines[int | None]"]
)
def test_app_that_is_written_as_3_1_and_as_3_2_is_the_same(answer: str) -> None:
    old, new = app_document(answer), app_document(answer, "3.2")
    assert lines(old, new) == ["safe openapi-version-changed document"]
    assert lines(new, old) == ["safe openapi-version-changed document"]


@pytest.mark.parametrize(
    ("old_version", "new_version"), [("3.1", "3.1"), ("3.1", "3.2"), ("3.2", "3.1"), ("3.2", "3.2")]
)
@pytest.mark.parametrize(("answer", "inside"), [("EventStream[Item]", ".data(content)"), ("JsonLines[Item]", "")])
def test_changed_item_of_a_stream_is_breaking(
    answer: str, inside: str, old_version: OpenAPIVersion, new_version: OpenAPIVersion
) -> None:
    drift = compare(app_document(answer, old_version), app_document(answer, new_version, "str"))
    assert [(change.rule, change.where) for change in drift.breaking] == [
        ("type-changed", f"GET /api/x response 200 body[item]{inside}.a")
    ]
    assert "unused-schema-changed" not in {change.rule for change in drift.changes}


@pytest.mark.parametrize("openapi", ["3.1", "3.2"])
def test_events_that_are_text_now_are_breaking(openapi: OpenAPIVersion) -> None:
    place = "GET /api/x response 200 body[item].data"
    assert lines(app_document("EventStream[int]", openapi), app_document("EventStream[str]", openapi)) == [
        f"breaking type-widened {place}(content)",
        f"risky content-media-type-changed {place}",
    ]


def test_optional_query_parameter_that_was_a_number_is_safe_to_leave_empty() -> None:
    def querying(q: str) -> Json:
        handler = (
            f"class Q(BaseModel):\n    q: {q}\n\ndef get(req: ApiRequest[None, Q], res: ApiResponse[Ok[int]]):\n    ..."
        )
        return document_of({"api/x.py": handler})

    old, new = querying("int = 1"), querying("int | None = None")
    assert lines(old, new) == [
        "risky default-removed GET /api/x query.q",
        "safe parameter-may-be-empty GET /api/x query.q",
    ]
    assert lines(new, old) == [
        "breaking parameter-must-not-be-empty GET /api/x query.q",
        "safe default-added GET /api/x query.q",
    ]


def test_broken_reference_of_the_items_of_a_stream_is_refused() -> None:
    assert refused(compare, streaming({ITEMS: ref("A")}), document()) == (
        "The old document refers to '#/components/schemas/A', which is not there. Add it, or mend the reference."
    )


# --- OpenAPI 3.0 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (text(nullable=True), {"type": ["string", "null"]}),
        ({**any_of(text(), integer()), "nullable": True}, any_of(text(), integer(), NULL)),
        (number(minimum=1, exclusiveMinimum=True), number(exclusiveMinimum=1)),
        (number(maximum=1, exclusiveMaximum=True), number(exclusiveMaximum=1)),
        (number(minimum=1, exclusiveMinimum=False), number(minimum=1)),
        (text(nullable=False), text()),
        ({"allOf": [ref("A")], "nullable": True}, any_of(ref("A"), NULL)),
    ],
)
def test_dialect_of_3_0_means_the_same(old: Json, new: Json) -> None:
    schema = obj(a=text())
    assert lines(responding(old, "3.0.3", A=schema), responding(new, A=schema)) == [
        "safe openapi-version-changed document"
    ]


# --- the rules --------------------------------------------------------------------------------------------------------


def test_every_rule_is_in_a_table() -> None:
    rows = [change for row in SCHEMAS.values() for change in row[2:]]
    steps = [change for step in STEPS.values() for change in step[2:]]
    seen = {line.split(" ")[1] for change in (*rows, *steps) for line in change.split("\n") if line}
    told_apart = {"discriminator-value-added", "discriminator-value-removed", "discriminator-changed"}
    assert seen | told_apart | {"schema-renamed"} == set(RULES)


@pytest.mark.parametrize("name", RULES)
def test_rule_says_what_and_why_in_sentences(name: str) -> None:
    rule = RULES[name]
    reasons = [verdict.reason for verdict in (rule.request, rule.response, rule.elsewhere) if verdict is not None]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name) is not None
    assert rule.summary.endswith(".")
    assert reasons
    assert not [reason for reason in reasons if reason.endswith(".")]


def test_levels_of_a_rule_begin_with_the_worst() -> None:
    assert [RULES["property-removed"].levels, RULES["type-changed"].levels, RULES["format-removed"].levels] == [
        (Level.BREAKING, Level.RISKY),
        (Level.BREAKING,),
        (Level.BREAKING, Level.SAFE),
    ]


# --- the report -------------------------------------------------------------------------------------------------------

OLD = operation(
    "/users/{id}",
    operationId="read",
    parameters=[parameter("id", "path", required=True)],
    responses={"200": {"description": "", **content(obj(["name"], name=text(), age=integer(maximum=3)))}},
)
NEW = operation(
    "/users/{id}",
    operationId="get",
    parameters=[parameter("id", "path", required=True), parameter("deep")],
    responses={"200": {"description": "", **content(obj(["first"], first=text(), age=integer(maximum=4)))}},
)


def test_message_names_old_and_new_and_says_why() -> None:
    assert compare(OLD, NEW).changes == (
        Change(
            Level.BREAKING,
            "property-removed",
            "GET /users/{id} response 200 body.name",
            'The property "name" was removed: clients that read it find none.',
        ),
        Change(
            Level.RISKY,
            "operation-id-changed",
            "GET /users/{id}",
            'The operationId was "read" and is "get": nothing changes on the wire, but generated clients name calls by '
            "it.",
        ),
        Change(
            Level.RISKY,
            "range-loosened",
            "GET /users/{id} response 200 body.age",
            "The maximum was 3 and is 4: clients may get what the old document ruled out.",
        ),
        Change(
            Level.SAFE,
            "optional-parameter-added",
            "GET /users/{id} query.deep",
            "An optional parameter was added: what clients send so far is still accepted.",
        ),
        Change(
            Level.SAFE,
            "required-property-added",
            "GET /users/{id} response 200 body.first",
            'The property "first" was added: clients need not read it.',
        ),
    )


def test_changes_are_found_by_level() -> None:
    drift = compare(OLD, NEW)
    assert (drift.breaking, drift.risky, drift.safe) == (drift.changes[:1], drift.changes[1:3], drift.changes[3:])


def test_json_lists_every_change_by_level() -> None:
    drift = compare(OLD, NEW)
    assert drift.to_json() == {
        level: [{"rule": change.rule, "where": change.where, "message": change.message} for change in changes]
        for level, changes in (("breaking", drift.breaking), ("risky", drift.risky), ("safe", drift.safe))
    }


def test_text_tells_a_change_once_with_its_places() -> None:
    def two(schema: Json) -> Json:
        found = {"get": {"responses": {"200": {"description": "", **content(schema)}}}}
        return document({"/a": found, "/b": found})

    assert compare(two(text()), two(integer())).to_text() == (
        "Breaking (2)\n"
        "  The type was string and is integer: clients may get what they cannot read. [type-changed]\n"
        "    GET /a response 200 body\n"
        "    GET /b response 200 body\n"
        "\n"
        "2 breaking, 0 risky, 0 safe."
    )


def test_no_change_is_said_in_every_form() -> None:
    drift = compare(OLD, OLD)
    assert (drift.to_text(), drift.to_markdown(), drift.to_json()) == (
        "No change.",
        "**API: no change.**\n",
        {"breaking": [], "risky": [], "safe": []},
    )


def test_markdown_is_a_comment() -> None:
    assert compare(OLD, NEW).to_markdown() == (
        "**API: 1 breaking, 2 risky, 2 safe.**\n"
        "\n"
        "### Breaking (1)\n"
        "\n"
        '- The property "name" was removed: clients that read it find none. (`property-removed`)\n'
        "  - `GET /users/{id} response 200 body.name`\n"
        "\n"
        "### Risky (2)\n"
        "\n"
        '- The operationId was "read" and is "get": nothing changes on the wire, but generated clients name calls by '
        "it. (`operation-id-changed`)\n"
        "  - `GET /users/{id}`\n"
        "- The maximum was 3 and is 4: clients may get what the old document ruled out. (`range-loosened`)\n"
        "  - `GET /users/{id} response 200 body.age`\n"
        "\n"
        "<details><summary>Safe (2)</summary>\n"
        "\n"
        "- An optional parameter was added: what clients send so far is still accepted. "
        "(`optional-parameter-added`)\n"
        "  - `GET /users/{id} query.deep`\n"
        '- The property "first" was added: clients need not read it. (`required-property-added`)\n'
        "  - `GET /users/{id} response 200 body.first`\n"
        "\n"
        "</details>\n"
    )


def test_markdown_escapes_what_comes_from_the_documents() -> None:
    name = "<b>`*_[x](http://y)|@someone #1"
    markdown = compare(responding(obj([name], **{name: text()})), responding(obj())).to_markdown()
    assert markdown.split("\n")[4:6] == [
        '- The property "&lt;b&gt;\\`\\*\\_\\[x\\](http:<!-- -->//y)\\|@<!-- -->someone #<!-- -->1" was removed: '
        "clients that read it find none. (`property-removed`)",
        '  - ``GET /a response 200 body["<b>`*_[x](http://y)|@someone #1"]``',
    ]


def test_markdown_lists_the_first_of_many_places() -> None:
    old = document({f"/{number:02}": operation()["paths"]["/a"] for number in range(25)})
    listed = compare(old, document()).to_markdown().split("\n")
    assert listed[4:] == [
        "- The operation was removed: clients that call it get an error. (`operation-removed`)",
        *(f"  - `GET /{number:02}`" for number in range(20)),
        "  - … and 5 more places",
        "",
    ]


def test_markdown_leaves_out_what_no_comment_holds() -> None:
    old = document({"/a": {"get": {"operationId": "x", "responses": {}}}})
    properties = {f"p{number}" * 20: text() for number in range(2000)}
    markdown = compare(
        {**responding(obj(**properties)), "openapi": "3.1.0"}, {**responding(obj()), "servers": old["paths"].get("s")}
    ).to_markdown()
    assert len(markdown) < 65_536
    assert re.search(r"^- Too many to list here: `optional-property-removed` \d+$", markdown, re.MULTILINE) is not None


def test_what_a_terminal_would_act_on_is_escaped() -> None:
    drift = compare(document({"/\x1b[31m": operation()["paths"]["/a"]}), document())
    assert [change.where for change in drift.changes] == ["GET /\\x1b[31m"]


def test_long_values_are_cut() -> None:
    drift = compare(responding(text(pattern="a" * 200)), responding(text()))
    assert drift.changes[0].message == (
        f'The pattern was "{"a" * 78}… and is not there: clients may get what the old document ruled out.'
    )


def test_changes_are_in_the_same_order_whatever_the_order_of_the_documents() -> None:
    def reverse(value: Any) -> Any:
        return {key: reverse(value[key]) for key in reversed(value)} if isinstance(value, dict) else value

    assert compare(reverse(OLD), reverse(NEW)) == compare(OLD, NEW)


# --- documents --------------------------------------------------------------------------------------------------------


def refused(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(DocumentError) as caught:
        call(*arguments, **named)
    return str(caught.value)


def test_file_is_read_below_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(OLD), encoding="utf-8-sig")
    assert load_document("a.json", cwd=tmp_path) == OLD


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(OLD).encode())))
    assert load_document("-", cwd=tmp_path) == OLD


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (b"", "'a.json' is not JSON: Expecting value at line 1, column 1."),
        (b"{\n 1}", "'a.json' is not JSON: Expecting property name enclosed in double quotes at line 2, column 2."),
        (b"\xff", "'a.json' is not UTF-8 (byte 0). Write the document as JSON in UTF-8."),
        (b"NaN", "'a.json' is not JSON: NaN is no JSON number."),
        (b"[" * 100_000, "'a.json' is nested too deeply to be read."),
        (b"[]", "'a.json' is no OpenAPI document: it holds an array, not an object."),
        (b"null", "'a.json' is no OpenAPI document: it holds null, not an object."),
        (b"true", "'a.json' is no OpenAPI document: it holds a truth value, not an object."),
        (b"1", "'a.json' is no OpenAPI document: it holds a number, not an object."),
        (b'""', "'a.json' is no OpenAPI document: it holds a text, not an object."),
        (b"{}", "'a.json' is no OpenAPI document: it has no 'openapi' with the version, such as \"3.1.0\"."),
        (b'{"swagger": "2.0"}', "'a.json' is a Swagger 2.0 document. Convert it to OpenAPI 3 first."),
        (b'{"openapi": "4.0"}', "'a.json' has the OpenAPI version '4.0'. Documents of OpenAPI 3 can be compared."),
        (b'{"openapi": 3.1}', "'a.json' has the OpenAPI version 3.1. Documents of OpenAPI 3 can be compared."),
        (
            b'{"openapi": "3.1.0", "paths": {"/": {"$ref": "#/components/pathItems/A"}}}',
            "'a.json' refers to '#/components/pathItems/A', which is not there. Add it, or mend the reference.",
        ),
        (
            b'{"openapi": "3.1.0", "paths": {"/": {"$ref": "b.json#/A"}}}',
            "'a.json' refers to 'b.json#/A', which is outside of it. Bundle it into one document first.",
        ),
        (
            b'{"openapi": "3.1.0", "components": {"schemas": {"A": {"$ref": "#A"}}}}',
            "'a.json' refers to '#A' by an anchor. Write it as a path, '#/components/\u2026'.",
        ),
    ],
)
def test_file_that_is_no_openapi_document_is_refused(written: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(written)
    assert refused(load_document, "a.json", cwd=tmp_path) == sentence


def test_yaml_is_refused_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("openapi: 3.1.0\n", encoding="utf-8")
    assert refused(load_document, "a.yaml", cwd=tmp_path) == (
        "'a.yaml' is not JSON: Expecting value at line 1, column 1. YAML is not read: convert it first."
    )


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refused(load_document, "a.json", cwd=tmp_path) == (
        f"There is no file 'a.json' in '{tmp_path}'. Name a JSON file, or one in a revision: 'git:main:openapi.json'."
    )


def test_folder_is_refused(tmp_path: Path) -> None:
    assert refused(load_document, ".", cwd=tmp_path) == "'.' is a folder. Name the JSON file in it."


def test_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    assert refused(load_document, "a\0", cwd=tmp_path) == "'a\\x00' cannot be read: embedded null byte."


def test_references_in_data_are_none(tmp_path: Path) -> None:
    schema = obj(a={"type": "object", "default": {"$ref": "#/x"}, "examples": [{"$ref": "y"}]}, default=text())
    assert compare(responding(schema), responding(schema)) == Drift(())


def test_reference_below_a_property_called_default_is_one() -> None:
    assert refused(compare, document(), responding(obj(default=ref("A")))) == (
        "The new document refers to '#/components/schemas/A', which is not there. Add it, or mend the reference."
    )


def test_references_may_be_escaped() -> None:
    old = responding({"$ref": "#/components/schemas/a~1b%20c"}, **{"a/b c": integer()})
    new = responding({"$ref": "#/components/schemas/a~1b%20c"}, **{"a/b c": number()})
    assert lines(old, new) == ["breaking type-widened GET /a response 200 body"]


def test_references_may_count_items_of_a_list() -> None:
    schema = {"$ref": "#/components/schemas/A/anyOf/1"}
    old, new = (responding(schema, A=any_of(text(), found)) for found in (integer(), number()))
    assert lines(old, new) == ["breaking type-widened GET /a response 200 body"]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (document({"/a": 1}), "The old document has 1 at '/paths/~1a' where an object should be."),
        (document({"/~": "x"}), "The old document has \"x\" at '/paths/~1~0' where an object should be."),
        (document(components=5), "The old document has 5 at '/components' where an object should be."),
        (
            operation(parameters={}),
            "The old document has {} at '/paths/~1a/get/parameters' where a list of parameters should be.",
        ),
        (
            operation(parameters=[parameter(), 1]),
            "The old document has 1 at '/paths/~1a/get/parameters/1' where a parameter should be.",
        ),
        (
            operation(security=[1]),
            "The old document has 1 at '/paths/~1a/get/security/0' where a security requirement should be.",
        ),
        (
            {**responses(s200={"$ref": "#/components/responses/A"}), "components": {"responses": {"A": 5}}},
            "The old document has 5 at '/components/responses/A' where an object should be.",
        ),
        (
            {**responses(s200={"$ref": "#/x-a"}), "x-a": 5},
            "The old document has 5 where an object should be.",
        ),
        (
            headers(a=5),
            "The old document has 5 at '/paths/~1a/get/responses/200/headers/a' where an object should be.",
        ),
        (
            responding(1),
            "The old document has 1 at '/paths/~1a/get/responses/200/content/application~1json/schema' where a schema, "
            "an object or a truth value, should be.",
        ),
        (
            responding(any_of(text(maxLength=1), 1)),
            "The old document has 1 at '/paths/~1a/get/responses/200/content/application~1json/schema/anyOf/1' where a "
            "schema, an object or a truth value, should be.",
        ),
        (
            responding(ref("A"), A=obj(a=None)),
            "The old document has null at '/components/schemas/A/properties/a' where a schema, an object or a truth "
            "value, should be.",
        ),
    ],
)
def test_document_of_another_form_is_refused(broken: Json, sentence: str) -> None:
    assert refused(compare, broken, responding({})) == sentence


def test_place_of_another_form_is_the_one_that_is_read() -> None:
    broken = {**responding(ref("A"), A=obj(a=None)), "webhooks": None, "x-a": {"paths": None}}
    assert refused(compare, responding({}), broken) == (
        "The new document has null at '/components/schemas/A/properties/a' where a schema, an object or a truth value, "
        "should be."
    )


def test_place_of_another_form_is_found_behind_an_object_inside_itself() -> None:
    inner = obj()
    inner["properties"]["b"] = inner
    inner["properties"]["c"] = 7
    assert refused(compare, responding(inner), responding(obj(b=obj(b=obj()), c=obj()))) == (
        "The old document has 7 at '/paths/~1a/get/responses/200/content/application~1json/schema/properties/c' where "
        "a schema, an object or a truth value, should be."
    )


@pytest.mark.parametrize("wrong", ["git:", "git:main", "git::a.json", "git:main:"])
def test_revision_without_a_file_is_refused(wrong: str, tmp_path: Path) -> None:
    assert refused(load_document, wrong, cwd=tmp_path) == (
        f"{wrong!r} names no file in a revision. Write 'git:REV:path', such as 'git:main:openapi.json'."
    )


def test_revision_that_git_would_take_for_an_option_is_refused(tmp_path: Path) -> None:
    assert refused(load_document, "git:--output=x:a.json", cwd=tmp_path) == (
        "'git:--output=x:a.json' names the revision '--output=x'. No revision begins with '-'."
    )


def test_missing_git_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused(load_document, "git:main:a.json", cwd=tmp_path) == (
        "'git:main:a.json' needs git, which is not installed. Install it, or name a file."
    )


def test_folder_that_is_not_there_is_no_missing_git(tmp_path: Path) -> None:
    assert refused(load_document, "git:main:a.json", cwd=tmp_path / "x") == (
        f"'git:main:a.json' cannot be read: there is no folder '{tmp_path / 'x'}'."
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository with a document in `api/a.json` at the tag `v1`, and another one in the working tree."""
    folder = tmp_path / "api"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(OLD), encoding="utf-8")
    own = ["git", "-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"], ["tag", "v1"]):
        subprocess.run([*own, *command], cwd=tmp_path, check=True, capture_output=True)
    (folder / "a.json").write_text(json.dumps(NEW), encoding="utf-8")
    return folder


@pytest.mark.needs("git", "git")
def test_file_of_a_revision_is_read(repository: Path) -> None:
    assert load_document("git:v1:a.json", cwd=repository) == OLD


@pytest.mark.needs("git", "git")
def test_file_of_a_revision_is_found_from_the_folder_above(repository: Path) -> None:
    assert load_document("git:HEAD:api/a.json", cwd=repository.parent) == OLD


@pytest.mark.needs("git", "git")
def test_file_of_a_revision_may_be_named_with_its_whole_path(repository: Path) -> None:
    assert load_document(f"git:HEAD:{repository / 'a.json'}", cwd=repository.parent) == OLD


@pytest.mark.needs("git", "git")
def test_revision_that_is_not_there_is_refused(repository: Path) -> None:
    assert refused(load_document, "git:v2:a.json", cwd=repository) == (
        "'git:v2:a.json' names the revision 'v2', which this repository does not have. Name a branch, tag or commit; a "
        "shallow clone may have to fetch it first."
    )


@pytest.mark.needs("git", "git")
def test_file_that_a_revision_does_not_have_is_refused(repository: Path) -> None:
    assert refused(load_document, "git:v1:b.json", cwd=repository) == (
        f"'git:v1:b.json' names the file 'b.json', which is not in the revision 'v1'. Paths are relative to "
        f"'{repository}'."
    )


@pytest.mark.needs("git", "git")
def test_folder_without_a_repository_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    message = refused(load_document, "git:v1:b.json", cwd=tmp_path)
    assert message.startswith(f"'git:v1:b.json' cannot be read: '{tmp_path}' is in no git repository that git will use")


# --- size -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [lambda s: any_of(s, NULL), lambda s: obj(a=s), lambda s: {"allOf": [s]}])
def test_deep_nesting_is_compared(wrap: Any) -> None:
    old, new = text(), integer()
    for _ in range(3000):
        old, new = wrap(old), wrap(new)
    assert [change.rule for change in compare(responding(old), responding(new)).changes] == ["type-changed"]


def test_values_that_are_nested_too_deeply_are_refused() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    assert refused(compare, responding(text(default=value)), responding(text(default=1))) == (
        "The documents have values that are nested too deeply to be compared."
    )


def test_many_ways_to_one_model_are_walked_once() -> None:
    """Thirty models, each twice in the one before: a billion ways to the last."""

    def chain(last: Json) -> Json:
        names = [f"M{number}" for number in range(30)]
        models = {name: obj(a=ref(inner), b=ref(inner)) for name, inner in pairwise(names)}
        return responding(ref("M0"), **{**models, "M29": last})

    assert lines(chain(text()), chain(integer())) == [f"breaking type-changed GET /a response 200 body{'.a' * 29}"]


# --- what always holds ------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "c"])
LEAVES = st.one_of(
    st.builds(text, maxLength=st.integers(3, 9), pattern=st.sampled_from(["x", "y"])),
    st.builds(integer, minimum=st.integers(0, 9), exclusiveMaximum=st.integers(10, 19)),
    st.builds(number, multipleOf=st.sampled_from([0.5, 2, 3])),
    st.builds(text, format=st.sampled_from(["date", "uuid"])),
    st.just({"type": "boolean"}),
    st.builds(lambda values: {"enum": values}, st.lists(st.sampled_from(["p", "q", 1]), min_size=1, unique=True)),
    st.builds(lambda value: {"const": value}, st.sampled_from(["p", 1, True])),
    st.builds(ref, st.sampled_from(["A", "B"])),
)


def objects(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.builds(
        lambda properties, required: obj([name for name in required if name in properties], **properties),
        st.dictionaries(NAMES, inner, min_size=1),
        st.lists(NAMES, unique=True),
    )


SCHEMA = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        objects(inner),
        st.builds(lambda items: array(items=items), inner),
        st.builds(lambda items: array(prefixItems=items), st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda one: any_of(one, NULL), inner),
        st.builds(any_of, inner, inner),
        st.builds(lambda one: {"type": "object", "additionalProperties": one}, inner),
    ),
    max_leaves=6,
)
MODELS = st.fixed_dictionaries({"A": objects(SCHEMA), "B": objects(SCHEMA)})
KEYWORDS = st.sampled_from(
    [
        ("type", "string"),
        ("type", "integer"),
        ("type", ["string", "integer"]),
        ("type", "object"),
        ("enum", ["p", "z"]),
        ("const", "z"),
        ("format", "date-time"),
        ("pattern", "z"),
        ("minLength", 2),
        ("maxLength", 2),
        ("minimum", -1),
        ("exclusiveMinimum", 1),
        ("maximum", 99),
        ("exclusiveMaximum", 1),
        ("multipleOf", 7),
        ("minItems", 1),
        ("maxItems", 1),
        ("uniqueItems", True),
        ("items", False),
        ("prefixItems", [False]),
        ("minProperties", 1),
        ("maxProperties", 1),
        ("additionalProperties", False),
        ("additionalProperties", True),
        ("propertyNames", {"maxLength": 1}),
        ("patternProperties", {"^x": False}),
        ("properties", {"z": True}),
        ("required", ["z"]),
        ("anyOf", [{"maxLength": 77}]),
        ("oneOf", [{"maxLength": 77}, {"type": "null"}]),
        ("allOf", [{"maxLength": 1}]),
        ("not", {"const": 5}),
        ("title", "Z"),
        ("description", "Z"),
        ("default", "z"),
        ("examples", ["z"]),
        ("deprecated", True),
        ("readOnly", True),
        ("writeOnly", True),
        ("contentEncoding", "base64"),
        ("contentMediaType", "text/html"),
        ("x-z", 1),
        ("zzz", 1),
    ]
)
ALWAYS = settings(
    deadline=None, database=None, derandomize=True, max_examples=200, suppress_health_check=[HealthCheck.too_slow]
)


def schemas_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the ways to every schema in a schema."""
    found = [path]
    for key, item in value.items():
        if key == "properties":
            for name, inner in item.items():
                found += schemas_in(inner, (*path, key, name))
        elif key in ("items", "additionalProperties"):
            found += schemas_in(item, (*path, key))
        elif key in ("anyOf", "prefixItems"):
            for index, inner in enumerate(item):
                found += schemas_in(inner, (*path, key, index))
    return found


def changed(schema: Json, path: tuple[Any, ...], key: str, value: object) -> Json:
    found = copy.deepcopy(schema)
    at: Any = found
    for step in path:
        at = at[step]
    # A value that is ruled out by another keyword changes nothing.
    assume(at != NULL and not (key == "type" and ("enum" in at or "const" in at)))
    assume(not (key in ("enum", "const") and ("const" in at or "enum" in at)) or (key in at and at[key] != value))
    assume(key not in at or at[key] != value)
    at[key] = value
    return found


@ALWAYS
@given(schema=SCHEMA, models=MODELS)
def test_equal_documents_have_no_change(schema: Json, models: Json) -> None:
    for make in (requesting, responding):
        assert compare(make(schema, **models), make(copy.deepcopy(schema), **copy.deepcopy(models))) == Drift(())


@ALWAYS
@given(schema=SCHEMA, models=MODELS, keyword=KEYWORDS, data=st.data())
def test_changed_keyword_is_never_dropped(schema: Json, models: Json, keyword: tuple[str, Any], data: Any) -> None:
    path = data.draw(st.sampled_from(schemas_in(schema)))
    new = changed(schema, path, *keyword)
    for make in (requesting, responding):
        assert compare(make(schema, **models), make(new, **models)).changes


@ALWAYS
@given(schema=SCHEMA, models=MODELS, keyword=KEYWORDS, data=st.data())
def test_keyword_that_is_removed_is_never_dropped(
    schema: Json, models: Json, keyword: tuple[str, Any], data: Any
) -> None:
    path = data.draw(st.sampled_from(schemas_in(schema)))
    new = changed(schema, path, *keyword)
    for make in (requesting, responding):
        assert compare(make(new, **models), make(schema, **models)).changes


OPPOSITES = [
    ("added", "removed"),
    ("widened", "narrowed"),
    ("loosened", "tightened"),
    ("became-optional", "became-required"),
    ("unrestricted", "restricted"),
    ("opened", "closed"),
]


def turned(rule: str) -> str:
    """Name the rule of the way back."""
    for one, other in OPPOSITES:
        if one in rule:
            return rule.replace(one, other)
        if other in rule:
            return rule.replace(other, one)
    return rule


def kind(rule: str) -> str:
    """Name what happened without how much it matters."""
    if rule in ("required-property-added", "optional-property-added"):
        return "property-added"
    if rule in ("optional-property-removed", "property-no-longer-accepted"):
        return "property-removed"
    return rule.removesuffix("-with-default")


@ALWAYS
@given(old=SCHEMA, new=SCHEMA, models=MODELS)
def test_way_back_mirrors_the_way_forth(old: Json, new: Json, models: Json) -> None:
    for make in (requesting, responding):
        one, other = make(old, **models), make(new, **models)
        forth = {turned(kind(change.rule)) for change in compare(one, other).changes}
        back = {kind(change.rule) for change in compare(other, one).changes}
        assert forth == back
