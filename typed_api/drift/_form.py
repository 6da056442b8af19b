"""Where a document has something else than the standard asks for.

Owns the outer form of OpenAPI 3, as a table: which parts are objects, lists or schemas. It is looked at only to name
the place of what the comparison came upon; what the comparison does not need may be written in any way.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

from typed_api.drift._source import ITEM_EXTENSION, as_list, as_mapping

__all__ = ["Wanted", "misfit"]

Wanted: TypeAlias = Literal["object", "list", "schema"]

# What a part is: one of the names below, with "[]" a list of them, with "{}" an object of them.
_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_DESCRIBED: Final = {"schema": "schema", "content": "{}media type"}
_SCHEMAS: Final = (
    "items",
    "additionalProperties",
    "propertyNames",
    "contentSchema",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "unevaluatedProperties",
    "unevaluatedItems",
)
_FORM: Final[Mapping[str, Mapping[str, str]]] = {
    "document": {"paths": "{}path item", "webhooks": "{}path item", "components": "components", "security": "[]object"},
    "path item": {
        **dict.fromkeys(_METHODS, "operation"),
        "additionalOperations": "{}operation",
        "parameters": "[]parameter",
    },
    "operation": {
        "parameters": "[]parameter",
        "requestBody": "body",
        "responses": "{}response",
        "security": "[]object",
    },
    "parameter": _DESCRIBED,
    "body": {"content": "{}media type"},
    "response": {"content": "{}media type", "headers": "{}parameter"},
    "media type": {"schema": "schema", "itemSchema": "schema", ITEM_EXTENSION: "schema"},
    "components": {
        "schemas": "{}schema",
        "responses": "{}response",
        "parameters": "{}parameter",
        "requestBodies": "{}body",
        "headers": "{}parameter",
        "securitySchemes": "{}object",
        "pathItems": "{}path item",
    },
    "schema": {
        **dict.fromkeys(_SCHEMAS, "schema"),
        **dict.fromkeys(("properties", "patternProperties", "dependentSchemas", "$defs", "definitions"), "{}schema"),
        **dict.fromkeys(("anyOf", "oneOf", "allOf", "prefixItems"), "[]schema"),
    },
    "object": {},
}


def misfit(root: Mapping[str, object], value: object, wanted: Wanted) -> str | None:
    """Find a value where the standard asks for something of another form.

    Args:
        root: The document.
        value: What was found.
        wanted: What should have been there instead.

    Returns:
        The first place that has it, as a JSON pointer (RFC 6901); None when it is in none that is known.
    """
    # By identity: an object in many places is looked at once, and an object inside itself comes to an end.
    seen: set[tuple[int, str]] = set()
    queue: deque[tuple[object, str, str]] = deque([(root, "document", "")])
    while queue:
        part, form, pointer = queue.popleft()
        if not _fits(part, form):
            if type(part) is type(value) and part == value and wanted == _wanted(form):
                return pointer
        elif (id(part), form) not in seen:
            seen.add((id(part), form))
            queue.extend(_inner(part, form, pointer))
    return None


def _wanted(form: str) -> Wanted:
    return "schema" if form == "schema" else "list" if form.startswith("[]") else "object"


def _fits(part: object, form: str) -> bool:
    if form.startswith("[]"):
        return as_list(part) is not None
    return as_mapping(part) is not None or (form == "schema" and isinstance(part, bool))


def _inner(part: object, form: str, pointer: str) -> Iterator[tuple[object, str, str]]:
    for index, item in enumerate(as_list(part) or ()):
        yield item, form.removeprefix("[]"), f"{pointer}/{index}"
    for key, item in (as_mapping(part) or {}).items():
        step = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        if form.startswith("{}"):
            if not (key.startswith("x-") and form != "{}schema"):
                yield item, form.removeprefix("{}"), step
        elif key in _FORM[form]:
            yield item, _FORM[form][key], step
