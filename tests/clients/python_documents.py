"""A document whose every name and text is hostile to Python."""

from typing import Final

_JSON: Final = "application/json"

HOSTILE_TEXT: Final = 'Ends """ early, \\ and \u202e turns; a\nline\n# mypy: ignore-errors\n# type: ignore\nends with "'
TRAILING_BACKSLASH: Final = "A path: C:\\"

TYPE_NAMES: Final = [
    "list",
    "str",
    "None",
    "class",
    "match",
    "type",
    "Client",
    "AsyncClient",
    "TypedClient",
    "Answer",
    "Ok",
    "NotFound",
    "File",
    "Literal",
    "TypedDict",
    "NotRequired",
    "__init__",
    "_private",
    "a-b",
    "a b",
    "a_b",
    "a_b_",
    "日本",
    "ﬁ",
    "fi",
    'qu"ote',
    "it's",
    "new\nline",
    '"""',
    "back\\",
    "1st",
    "",
    "self",
    "ValueError",
    "GetItAnswer",
    "cast",
    "json",
    "httpx2",
    "object",
    "Self",
    "\U0001f600",
]
"""Names of types, each of them an object with one property of its own name."""

PROPERTY_NAMES: Final = [
    "class",
    "None",
    "self",
    "__dunder",
    "__init__",
    "_one",
    "list",
    "str",
    "int",
    "keys",
    "items",
    "get",
    "a-b",
    "a b",
    "",
    "日本",
    "ﬁ",
    'q"',
    "'",
    "\\",
    "\n",
    "{x}",
    "Ok",
    "NotRequired",
    "match",
    "\U0001f600",
    "\ud800",
]

OPERATION_IDS: Final = [
    "list",
    "str",
    "object",
    "class",
    "match",
    "type",
    "self",
    "close",
    "aclose",
    "with_options",
    "__call__",
    "_call",
    "_build",
    "get-it",
    "get it",
    "get_it",
    "getIt",
    "Client",
    "Ok",
    "overload",
    "deprecated",
    "property",
    "日本",
    '"""',
    "Tree",
    "1",
    "Sequence",
    "GetItAnswer",
]

PARAMETERS: Final = [
    ("path", "id"),
    ("query", "id"),
    ("header", "id"),
    ("query", "id_query"),
    ("query", "class"),
    ("query", "self"),
    ("query", "body"),
    ("query", "content_type"),
    ("query", "list"),
    ("query", "str"),
    ("query", "a-b"),
    ("query", "a_b"),
    ("query", "__x"),
    ("query", "_op_list"),
    ("query", "日本"),
    ("query", 'q"'),
    ("query", ""),
    ("query", "cast"),
    ("header", "X-Trace-Id"),
]


def _ref(name: str) -> dict[str, object]:
    return {"$ref": "#/components/schemas/" + name.replace("~", "~0").replace("/", "~1").replace("%", "%25")}


def _answers(schema: object) -> dict[str, object]:
    return {
        "200": {"description": "Fine", "content": {_JSON: {"schema": schema}}},
        "default": {"description": "Not", "content": {"application/problem+json": {"schema": _ref("Problem")}}},
    }


def _schemas() -> dict[str, object]:
    named: dict[str, object] = {
        name: {
            "type": "object",
            "properties": {name: {"type": "integer"}, "other": _ref(TYPE_NAMES[index - 1])},
            "required": [name],
            "description": HOSTILE_TEXT if index % 2 else TRAILING_BACKSLASH,
        }
        for index, name in enumerate(TYPE_NAMES)
    }
    return {
        **named,
        "Problem": {"type": "object", "properties": {"detail": {"type": "string"}}},
        "Hostile": {
            "type": "object",
            "properties": {
                name: {"type": "string", "description": HOSTILE_TEXT, "deprecated": True} for name in PROPERTY_NAMES
            },
            "required": PROPERTY_NAMES[::2],
        },
        "Plain": {
            "type": "object",
            "properties": {
                "id": {"type": "integer", "description": TRAILING_BACKSLASH},
                "born": {"type": "string", "format": "date"},
                "inner": {"type": "object", "properties": {"deep": {"type": "array", "items": {"type": "number"}}}},
                "pair": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False},
                "kind": {"enum": ["it's", 'a"b', "\\", "plain"]},
                "number": {"enum": [1, True, None, -1]},
                "ratio": {"const": 1.5},
                "anything": {},
            },
            "required": ["id"],
            "description": HOSTILE_TEXT,
        },
        "Tree": {
            "type": "object",
            "properties": {"value": {"type": "integer"}, "children": {"type": "array", "items": _ref("Tree")}},
            "required": ["value", "children"],
        },
        "Value": {
            "anyOf": [
                {"type": "string"},
                {"type": "null"},
                {"type": "array", "items": _ref("Value")},
                {"type": "object", "additionalProperties": _ref("Value")},
            ]
        },
        "Empty": {"type": "object", "properties": {}, "additionalProperties": False},
        "Open": {"type": "object"},
        "Colour": {
            "type": "string",
            "enum": [f"colour-{number}" for number in range(350)],
            "description": HOSTILE_TEXT,
        },
        "Cat": {
            "type": "object",
            "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}},
            "required": ["kind", "lives"],
        },
        "Dog": {
            "type": "object",
            "properties": {"kind": {"const": "dog"}, "barks": {"type": "boolean"}},
            "required": ["kind", "barks"],
        },
        "Pet": {"oneOf": [_ref("Cat"), _ref("Dog")]},
        "Owned": {
            "allOf": [
                _ref("Pet"),
                {"type": "object", "properties": {"owner": {"type": "string"}}, "required": ["owner"]},
            ]
        },
        "Nested": {
            "allOf": [
                _ref("Tree"),
                {"type": "object", "properties": {"name": {"type": "string"}, "up": _ref("Nested")}},
            ]
        },
        "Upload": {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "file": {"type": "string", "contentMediaType": "application/octet-stream"},
            },
            "required": ["title", "file"],
        },
    }


def _parameter(where: str, name: str) -> dict[str, object]:
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "schema": {"type": "array", "items": {"type": "string"}} if name == "list" else {"type": "integer"},
        "description": HOSTILE_TEXT,
    }


def hostile() -> dict[str, object]:
    """Give the document."""
    plain_answers = _answers(_ref("Plain"))
    plain_answers["404"] = {"content": {_JSON: {"schema": _ref("Tree")}}}
    plain_answers["4XX"] = {"content": {"text/plain": {"schema": {"type": "string"}}}}
    paths: dict[str, object] = {}
    for index, identity in enumerate(OPERATION_IDS):
        paths[f"/named/{index}"] = {
            "get": {
                "operationId": identity,
                "summary": HOSTILE_TEXT if index % 2 else TRAILING_BACKSLASH,
                "parameters": [
                    {"name": "list", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}}
                ],
                "responses": _answers(_ref(TYPE_NAMES[index])),
            }
        }
    for index, name in enumerate(TYPE_NAMES):
        paths[f"/types/{index}"] = {
            "post": {
                "requestBody": {"required": True, "content": {_JSON: {"schema": _ref(name)}}},
                "responses": _answers(_ref(name)),
            }
        }
    paths["/parameters/{id}"] = {
        "get": {
            "operationId": "parameters",
            "parameters": [_parameter(where, name) for where, name in PARAMETERS],
            "responses": _answers(_ref("Hostile")),
        }
    }
    paths["/plain/{id}"] = {
        "get": {
            "operationId": "get_plain",
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
                {"name": "since", "in": "query", "schema": {"type": "string", "format": "date"}},
                {"name": "colour", "in": "query", "schema": _ref("Colour")},
            ],
            "responses": plain_answers,
        },
        "put": {
            "operationId": "put_plain",
            "deprecated": True,
            "description": HOSTILE_TEXT,
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "requestBody": {"required": True, "content": {_JSON: {"schema": _ref("Plain")}}},
            "responses": {"204": {"description": "Done"}},
        },
        "head": {
            "operationId": "head_plain",
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "responses": _answers(_ref("Plain")),
        },
    }
    paths["/shapes"] = {
        "post": {
            "operationId": "shapes",
            "requestBody": {
                "required": True,
                "content": {
                    _JSON: {
                        "schema": {
                            "type": "object",
                            "properties": {
                                name.lower(): _ref(name)
                                for name in ["Value", "Empty", "Open", "Colour", "Pet", "Owned", "Nested"]
                            },
                        }
                    }
                },
            },
            "responses": _answers({"anyOf": [_ref("Owned"), {"type": "null"}]}),
        }
    }
    paths["/choices"] = {
        "post": {
            "operationId": "choices",
            "requestBody": {
                "content": {
                    _JSON: {"schema": _ref("Tree")},
                    "multipart/form-data": {"schema": _ref("Upload")},
                    "text/plain": {"schema": {"type": "string"}},
                    "*/*": {},
                }
            },
            "responses": {"2XX": {"content": {_JSON: {"schema": _ref("Tree")}, "image/png": {}}}},
        }
    }
    paths["/events"] = {
        "get": {
            "operationId": "events",
            "responses": {
                "200": {
                    "content": {
                        "text/event-stream": {
                            "itemSchema": {
                                "type": "object",
                                "properties": {
                                    "data": {"type": "string", "contentMediaType": _JSON, "contentSchema": _ref("Tree")}
                                },
                            }
                        }
                    }
                }
            },
        }
    }
    paths["/never"] = {"get": {"operationId": "never", "responses": {}}}
    return {
        "openapi": "3.2.0",
        "info": {"title": 'A """ hostile\nAPI \\', "version": "1"},
        "paths": paths,
        "components": {"schemas": _schemas()},
    }
