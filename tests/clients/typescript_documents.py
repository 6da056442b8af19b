"""Documents that TypeScript clients are made from in tests: one for a live app, one that is as hostile as can be."""

from collections.abc import Mapping


def ref(name: str, kind: str = "schemas") -> dict[str, object]:
    return {"$ref": f"#/components/{kind}/{name}"}


def json_content(schema: object, media_type: str = "application/json") -> dict[str, object]:
    return {"content": {media_type: {"schema": schema}}}


def answer(schema: object, media_type: str = "application/json") -> dict[str, object]:
    return {"description": "", **json_content(schema, media_type)}


def document(paths: Mapping[str, object], **components: object) -> dict[str, object]:
    return {
        "openapi": "3.2.0",
        "info": {"title": "Test", "version": "1"},
        "paths": dict(paths),
        "components": components,
    }


def parameter(name: str, where: str, schema: object, *, required: bool = False, **more: object) -> dict[str, object]:
    return {"name": name, "in": where, "required": required or where == "path", "schema": schema, **more}


def event_item(schema: object) -> dict[str, object]:
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
    properties = {
        "data": data,
        "event": {"type": "string"},
        "id": {"type": "string"},
        "retry": {"type": "integer", "minimum": 0},
    }
    return {"type": "object", "properties": properties}


PROBLEM: dict[str, object] = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": ["string", "null"]},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["type", "title", "status"],
}

DEFAULT: dict[str, dict[str, object]] = {"default": ref("Problem", "responses")}


def answers(own: Mapping[str, object]) -> dict[str, object]:
    """Give the responses of an operation, which has the common error besides its own."""
    return {**own, **DEFAULT}


USER: dict[str, object] = {
    "type": "object",
    "description": "Somebody.",
    "properties": {
        "id": {"type": "integer", "description": "Its number."},
        "name": {"type": "string"},
        "role": {"enum": ["admin", "guest"]},
        "boss": {"anyOf": [ref("User"), {"type": "null"}]},
    },
    "required": ["id", "name", "role"],
}

SEEN: dict[str, object] = {
    "type": "object",
    "properties": {
        "tags": {"type": "array", "items": {"type": "string"}},
        "active": {"type": "boolean"},
        "since": {"type": "string", "format": "date-time"},
        "limit": {"type": ["integer", "null"]},
        "trace": {"type": ["string", "null"]},
        "authorization": {"type": ["string", "null"]},
    },
    "required": ["tags", "active", "since", "limit", "trace", "authorization"],
}

FILE: dict[str, object] = {"type": "string", "contentMediaType": "application/octet-stream"}

TEXT: dict[str, object] = {"type": "string"}

LIVE = document(
    {
        "/api/users": {
            "get": {
                "operationId": "list_users",
                "summary": "List users.",
                "parameters": [
                    parameter("tag", "query", {"type": "array", "items": TEXT}, required=True),
                    parameter("active", "query", {"type": "boolean"}, required=True),
                    parameter("since", "query", {"type": "string", "format": "date-time"}, required=True),
                    parameter("limit", "query", {"type": ["integer", "null"]}),
                    parameter("X-Trace", "header", TEXT),
                ],
                "responses": answers({"200": answer(ref("Seen"))}),
            },
            "post": {
                "requestBody": {"required": True, **json_content(ref("NewUser"))},
                "responses": answers({"201": answer(ref("User")), "422": ref("Problem", "responses")}),
            },
        },
        "/api/users/{id}": {
            "parameters": [parameter("id", "path", {"type": "integer"})],
            "get": {"responses": answers({"200": answer(ref("User")), "404": answer(ref("NoSuchUser"))})},
            "delete": {"responses": answers({"204": {"description": ""}})},
        },
        "/api/login": {
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/x-www-form-urlencoded": {"schema": ref("Login")},
                        "multipart/form-data": {"schema": ref("Login")},
                    },
                },
                "responses": answers({"200": answer(ref("Login"))}),
            }
        },
        "/api/photo": {
            "post": {
                "requestBody": {"required": True, **json_content(ref("Upload"), "multipart/form-data")},
                "responses": answers({"201": answer(TEXT, "text/plain")}),
            }
        },
        "/api/files/{path}": {
            "get": {
                "parameters": [parameter("path", "path", TEXT, **{"x-typed-api-segments": True})],
                "responses": answers({"200": answer({"type": "array", "items": TEXT})}),
            }
        },
        "/api/names/{name}": {
            "get": {
                "parameters": [parameter("name", "path", TEXT)],
                "responses": answers({"200": answer(TEXT, "text/plain")}),
            }
        },
        "/api/events": {
            "get": {
                "responses": {
                    "200": {
                        "description": "",
                        "content": {"text/event-stream": {"itemSchema": event_item(ref("Tick"))}},
                    },
                    **DEFAULT,
                }
            }
        },
        "/api/lines": {
            "get": {
                "responses": {
                    "200": {"description": "", "content": {"application/jsonl": {"itemSchema": ref("Tick")}}},
                    **DEFAULT,
                }
            }
        },
        "/api/old": {
            "get": {
                "responses": answers({"307": {"description": ""}}),
            }
        },
        "/api/bytes": {
            "get": {"responses": answers({"200": {"description": "", "content": {"application/octet-stream": {}}}})},
            "post": {
                "requestBody": {"required": True, "content": {"*/*": {}}},
                "responses": answers({"200": answer(TEXT, "text/plain")}),
            },
        },
        "/api/refused": {"get": {"responses": answers({"200": answer(TEXT)})}},
        "/api/broken": {"get": {"responses": {"200": answer(TEXT)}}},
        "/api/nowhere": {"get": {"responses": {"200": answer(TEXT)}}},
        "/api/both": {
            "get": {
                "parameters": [parameter("as", "query", {"enum": ["text", "json"]})],
                "responses": answers(
                    {
                        "200": {
                            "description": "",
                            "content": {"text/plain": {"schema": TEXT}, "application/json": {"schema": ref("Tick")}},
                        },
                        "4XX": answer(ref("NoSuchUser")),
                    }
                ),
            },
            "head": {"responses": answers({"200": answer(TEXT, "text/plain")})},
        },
    },
    responses={"Problem": answer(ref("Problem"), "application/problem+json")},
    schemas={
        "User": USER,
        "NewUser": {
            "type": "object",
            "properties": {"name": TEXT, "role": {"enum": ["admin", "guest"], "default": "guest"}},
            "required": ["name"],
            "additionalProperties": False,
        },
        "NoSuchUser": {"type": "object", "properties": {"error": TEXT}, "required": ["error"]},
        "Problem": PROBLEM,
        "Seen": SEEN,
        "Login": {
            "type": "object",
            "properties": {"name": TEXT, "again": {"type": "array", "items": {"type": "integer"}}},
            "required": ["name"],
        },
        "Upload": {
            "type": "object",
            "properties": {
                "title": TEXT,
                "photo": FILE,
                "more": {"type": "array", "items": FILE},
                "taken": {"type": "string", "format": "date-time"},
            },
            "required": ["title", "photo"],
        },
        "Tick": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    },
)

EVIL_TEXT = (
    "*/ alert(1) /* <b>\"'`${x}\\\n@deprecated is no tag here\n@ts-ignore\n"
    "\u2028after\u2029after\x00\u202eright\n\n */\n"
)

EVIL_NAMES = (
    "__proto__",
    "constructor",
    "",
    "a b",
    'quo"te',
    "apo'strophe",
    "back\\slash",
    "new\nline",
    "\u2028",
    "\U0001f600",
    "*/",
    "`${x}`",
    "1st",
    "ünïcödé",
    "class",
    "\ud800",
)

EVIL_TYPES = (
    "Response",
    "Record",
    "Promise",
    "Array",
    "ApiClient",
    "createClient",
    "Operations",
    "OkAnswer",
    "AnswerStream",
    "HttpStatus",
    "ParameterValue",
    "Blob",
    "Headers",
    "string",
    "any",
    "class",
    "interface",
    "undefined",
    "a.b",
    "a-b",
    "a_b",
    "a_b_2",
    "1",
    "__proto__",
    "constructor",
    "METHODS",
    "ANSWERS_1",
    "Page[User]",
    "Z̈",
    "*/",
)

_RECURSIVE: dict[str, object] = {
    "Json": {
        "anyOf": [
            {"type": ["string", "number", "boolean", "null"]},
            {"type": "array", "items": ref("Json")},
            {"type": "object", "additionalProperties": ref("Json")},
        ]
    },
    "Pair": {"type": "array", "prefixItems": [{"type": "integer"}], "items": ref("Pair")},
    "Tree": {
        "allOf": [ref("Leaf"), {"type": "object", "properties": {"kids": {"type": "array", "items": ref("Tree")}}}]
    },
    "Leaf": {
        "type": "object",
        "properties": {"value": ref("Json"), "owner": {"oneOf": [ref("Tree"), {"type": "null"}]}},
    },
    "Book": {
        "type": "object",
        "additionalProperties": ref("Book"),
        "properties": {"name": TEXT, "n": {"type": "integer"}},
    },
    "Alias": ref("Other"),
    "Other": {"type": "array", "items": ref("Alias")},
}

_EVERYTHING: dict[str, object] = {
    "type": "object",
    "properties": {
        "anything": {},
        "yes": True,
        "never": False,
        "const": {"const": {"a": [1, "x", None, True]}},
        "words": {"enum": ["a", 'b"', "\u2028", 1, 1.5, -2, None, True, 12345678901234567890]},
        "filtered": {"type": "string", "enum": ["a", None, 1]},
        "big": {"type": "integer", "format": "int64"},
        "tuple": {"type": "array", "prefixItems": [TEXT, {"type": "integer"}], "maxItems": 2, "minItems": 2},
        "rest": {"type": "array", "prefixItems": [TEXT], "items": {"type": ["integer", "null"]}},
        "nothing_in_it": {"type": "array", "items": False},
        "unions": {"type": "array", "items": {"type": ["string", "integer", "null"]}},
        "patterns": {"type": "object", "patternProperties": {"^x-": TEXT, "^n-": {"type": "number"}}},
        "open": {"type": "object", "properties": {"a": TEXT}, "additionalProperties": True},
        "closed": {"type": "object", "additionalProperties": False},
        "both": {"allOf": [ref("a.b"), {"type": "object", "properties": {}}, {"type": "object", "required": ["zz"]}]},
        "one": {"type": "object", "oneOf": [ref("a-b"), ref("a_b")]},
        "inner": {"$ref": "#/components/schemas/Holder/$defs/Inner"},
        "tail": {"$ref": "#/components/schemas/Holder/properties/sp%20ace~1x"},
        "text": {"type": "string", "format": "binary"},
        "old": {"type": "string", "deprecated": True, "description": EVIL_TEXT},
    },
    "required": ["anything", "const", "tuple"],
}

_NAMED: dict[str, object] = {
    name: {"type": "object", "properties": {"x": TEXT}, "required": ["x"]} for name in EVIL_TYPES
}

HOSTILE = {
    **document(
        {
            '/evil/"*/{a b}/`$/{__proto__}': {
                "get": {
                    "summary": EVIL_TEXT,
                    "description": EVIL_TEXT,
                    "deprecated": True,
                    "parameters": [
                        parameter("a b", "path", {"type": "string"}, description=EVIL_TEXT, deprecated=True),
                        parameter("__proto__", "path", {"type": "integer"}),
                        *(parameter(name, "query", {}) for name in EVIL_NAMES),
                        parameter("ok", "query", {"type": "object", "properties": {"a": TEXT}}),
                        parameter(
                            "when", "query", {"type": "array", "items": {"type": "string", "format": "date-time"}}
                        ),
                        parameter('X-Evil"*/', "header", {"type": ["array", "null"], "items": {"type": "number"}}),
                        parameter("session", "cookie", TEXT),
                    ],
                    "responses": {"200": answer(ref("Evil")), "404": answer(ref("Everything")), "5XX": answer({})},
                },
            },
            "/all": {
                "get": {"responses": {"2XX": answer({"anyOf": [ref(name) for name in _RECURSIVE]})}},
                "put": {
                    "requestBody": json_content({"anyOf": [ref("Everything"), {"type": "null"}]}),
                    "responses": {
                        "200": answer({"type": "array", "items": {"type": "string"}}),
                        "default": {"description": ""},
                    },
                },
                "query": {"responses": {"default": answer(TEXT, "text/plain")}},
                "additionalOperations": {"PURGE": {"responses": {"204": answer(TEXT)}}},
                "post": {
                    "requestBody": {
                        "content": {
                            "application/json; charset=utf-8": {"schema": {"type": "integer"}},
                            "text/plain": {"schema": {"enum": ["a", "b"]}},
                            "image/*": {},
                            "multipart/form-data": {"schema": True},
                            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
                        }
                    },
                    "responses": {"304": {"description": ""}, "303": {"description": ""}, "205": answer(TEXT)},
                },
                "patch": {},
                "trace": {"responses": {}},
            },
            "/types": {
                "get": {
                    "responses": {
                        "200": answer(
                            {
                                "type": "array",
                                "items": {"oneOf": [ref(name.replace("/", "~1")) for name in EVIL_TYPES]},
                            }
                        )
                    }
                }
            },
        },
        schemas={
            **_NAMED,
            **_RECURSIVE,
            "Everything": _EVERYTHING,
            "Evil": {
                "type": "object",
                "description": EVIL_TEXT,
                "deprecated": True,
                "properties": {name: {"type": "string", "description": EVIL_TEXT} for name in EVIL_NAMES},
                "required": list(EVIL_NAMES),
            },
            "Holder": {
                "$defs": {"Inner": {"type": "integer", "description": "*/"}},
                "type": "object",
                "properties": {"sp ace/x": {"type": "object", "properties": {"i": {"$ref": "#/$defs/Inner"}}}},
            },
        },
    ),
    "info": {"title": EVIL_TEXT, "version": "*/"},
    "servers": [{"url": 'https://{host}/"'}, {"url": 'https://example.com/"*/`${x}`\u2028'}],
}
