"""The document as a client sees it: operations, types, and what is refused."""

from collections.abc import Mapping
from typing import cast

import pytest

from typed_api.clients._document import (
    Answer,
    Anything,
    Array,
    Body,
    Both,
    Constant,
    Content,
    Document,
    DocumentError,
    Named,
    NamedType,
    Nothing,
    Object,
    Operation,
    Parameter,
    Property,
    Scalar,
    Tuple,
    Type,
    Union,
    read_document,
)
from typed_api.errors import ConfigError

STRING = Scalar("string")
INTEGER = Scalar("integer")
NULL = Scalar("null")
TEXT: dict[str, object] = {"type": "string"}


def document(paths: object, components: object = None, **more: object) -> dict[str, object]:
    info = {"title": "Test", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components or {}, **more}


def answering(schema: object, media_type: str = "application/json") -> dict[str, object]:
    return {"responses": {"200": {"description": "", "content": {media_type: {"schema": schema}}}}}


def read(schema: object, **schemas: object) -> Document:
    return read_document(document({"/": {"get": answering(schema)}}, {"schemas": schemas}))


def type_of(schema: object, **schemas: object) -> Type:
    return read(schema, **schemas).operations[0].answers[0].contents[0].type


def operation(value: Mapping[str, object], path: str = "/", components: object = None) -> Operation:
    return read_document(document({path: {"post": {"responses": {}, **value}}}, components)).operations[0]


def refusal(value: object) -> str:
    with pytest.raises(DocumentError) as caught:
        read_document(cast(Mapping[str, object], value))
    assert str(caught.value).startswith(repr(caught.value.place))
    return str(caught.value)


# --- types ---


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (True, Anything()),
        ({}, Anything()),
        ({"description": "anything"}, Anything()),
        ({"minLength": 2}, Anything()),
        (False, Nothing()),
        ({"not": {}}, Nothing()),
        ({"type": "string", "format": "uuid"}, Scalar("string", "uuid")),
        ({"type": "integer", "format": "int64"}, Scalar("integer", "int64")),
        ({"type": "number"}, Scalar("number")),
        ({"type": "boolean"}, Scalar("boolean")),
        ({"type": "null"}, NULL),
        ({"type": ["string", "null"]}, Union((STRING, NULL))),
        ({"type": ["string"]}, STRING),
        ({"type": "string", "contentMediaType": "application/octet-stream"}, Scalar("string", "binary")),
        ({"type": "string", "contentMediaType": "image/png", "contentEncoding": "base64"}, STRING),
        ({"type": "string", "contentMediaType": "application/json", "contentSchema": {}}, STRING),
    ],
)
def test_scalar_is_read(schema: object, expected: Type) -> None:
    assert type_of(schema) == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"const": "a"}, "Constant(value='a')"),
        ({"const": None}, "Constant(value=None)"),
        (
            {"enum": ["a", 1, True, None, "a"]},
            "Union(members=(Constant(value='a'), Constant(value=1), Constant(value=True), Constant(value=None)))",
        ),
        ({"type": "string", "enum": ["a", 1, None]}, "Constant(value='a')"),
        (
            {"type": ["integer", "null"], "enum": [1, 2.5, None, True]},
            "Union(members=(Constant(value=1), Constant(value=None)))",
        ),
        ({"enum": []}, "Nothing()"),
    ],
)
def test_constants_are_read(schema: object, expected: str) -> None:
    # By what they look like, since True equals 1.
    assert repr(type_of(schema)) == expected


def test_constant_list_and_object_are_tuple_and_object_of_constants() -> None:
    assert type_of({"const": {"a": [1, "x"]}}) == Object(
        (Property("a", Tuple((Constant(1), Constant("x"))), required=True),)
    )


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "array"}, Array(Anything())),
        ({"type": "array", "items": TEXT}, Array(STRING)),
        ({"items": TEXT}, Array(STRING)),
        ({"type": "array", "items": False}, Tuple(())),
        ({"type": "array", "prefixItems": [TEXT, True]}, Tuple((STRING, Anything()))),
        ({"type": "array", "prefixItems": [TEXT], "items": False}, Tuple((STRING,))),
        ({"type": "array", "prefixItems": [TEXT], "items": {"type": "integer"}}, Tuple((STRING,), INTEGER)),
        ({"type": "array", "prefixItems": [TEXT], "items": True, "maxItems": 1}, Tuple((STRING,))),
    ],
)
def test_list_is_read(schema: object, expected: Type) -> None:
    assert type_of(schema) == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "object"}, Object((), Anything())),
        ({"type": "object", "additionalProperties": False}, Object(())),
        ({"type": "object", "properties": {}}, Object(())),
        ({"type": "object", "additionalProperties": TEXT}, Object((), STRING)),
        ({"properties": {"a": TEXT}}, Object((Property("a", STRING, required=False),))),
        (
            {"type": "object", "properties": {"a": TEXT}, "required": ["a"]},
            Object((Property("a", STRING, required=True),)),
        ),
        (
            {"type": "object", "properties": {"a": {**TEXT, "description": "A.", "deprecated": True}}},
            Object((Property("a", STRING, required=False, description="A.", deprecated=True),)),
        ),
        ({"type": "object", "required": ["a"]}, Object((Property("a", Anything(), required=True),))),
        (
            {"type": "object", "required": ["a"], "additionalProperties": TEXT},
            Object((Property("a", STRING, required=True),), STRING),
        ),
        (
            {"type": "object", "patternProperties": {"^a": TEXT}, "additionalProperties": {"type": "integer"}},
            Object((), Union((STRING, INTEGER))),
        ),
        ({"type": "object", "patternProperties": {"^a": TEXT}, "additionalProperties": False}, Object((), STRING)),
        ({"type": "object", "unevaluatedProperties": TEXT}, Object((), STRING)),
    ],
)
def test_object_is_read(schema: object, expected: Type) -> None:
    assert type_of(schema) == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"anyOf": [TEXT, {"type": "null"}]}, Union((STRING, NULL))),
        ({"oneOf": [TEXT, {"anyOf": [{"type": "integer"}, TEXT]}]}, Union((STRING, INTEGER))),
        ({"anyOf": [TEXT, {}]}, Anything()),
        ({"anyOf": [TEXT, False]}, STRING),
        ({"allOf": [TEXT]}, STRING),
        ({"allOf": [TEXT, {}]}, STRING),
        ({"allOf": [TEXT, False]}, Nothing()),
        ({"type": "string", "anyOf": [{"minLength": 2}, {"pattern": "x"}]}, STRING),
        ({"type": "object", "oneOf": [{"type": "object"}]}, Object((), Anything())),
        (
            {"type": "object", "properties": {"a": TEXT}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
            Both(
                (
                    Object((Property("a", STRING, required=False),)),
                    Union(
                        (
                            Object((Property("a", Anything(), required=True),)),
                            Object((Property("b", Anything(), required=True),)),
                        )
                    ),
                )
            ),
        ),
    ],
)
def test_combination_is_read(schema: object, expected: Type) -> None:
    assert type_of(schema) == expected


# --- named types ---


def test_component_is_a_named_type_with_its_description() -> None:
    schema = {"type": "string", "description": "A name.", "deprecated": True}
    found = read({"$ref": "#/components/schemas/Name"}, Name=schema)
    assert found.operations[0].answers[0].contents[0].type == Named("Name")
    assert found.types == {"Name": NamedType("Name", STRING, "A name.", deprecated=True)}


def test_named_types_are_those_in_use_in_the_documents_order() -> None:
    found = read({"$ref": "#/components/schemas/C"}, A=TEXT, B=TEXT, C={"items": {"$ref": "#/components/schemas/A"}})
    assert list(found.types) == ["A", "C"]


def test_description_beside_a_reference_is_no_second_type() -> None:
    assert type_of({"$ref": "#/components/schemas/A", "description": "x", "default": 1}, A=TEXT) == Named("A")


def test_properties_beside_a_reference_hold_as_well() -> None:
    schema = {"$ref": "#/components/schemas/A", "properties": {"b": TEXT}}
    assert type_of(schema, A={"type": "object"}) == Both((Object((Property("b", STRING, required=False),)), Named("A")))


def test_recursive_type_refers_to_itself() -> None:
    tree = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}}
    found = read({"$ref": "#/components/schemas/Tree"}, Tree=tree)
    assert found.types["Tree"].type == Object((Property("kids", Array(Named("Tree")), required=False),))


def test_reference_is_a_pointer_with_its_escapes() -> None:
    assert type_of({"$ref": "#/components/schemas/a~1b%20~0c"}, **{"a/b ~c": TEXT}) == Named("a/b ~c")


def test_reference_into_a_component_is_named_after_both() -> None:
    owner = {"type": "object", "properties": {"inner": TEXT}}
    found = read({"$ref": "#/components/schemas/Owner/properties/inner"}, Owner=owner, Owner_inner={})
    assert {name: named.type for name, named in found.types.items()} == {"Owner_inner_2": STRING}


def test_definitions_inside_a_schema_are_found_from_the_document_and_from_the_schema() -> None:
    owner = {"$defs": {"Inner": TEXT}, "type": "array", "items": {"$ref": "#/$defs/Inner"}}
    schema = {"anyOf": [{"$ref": "#/components/schemas/Owner"}, {"$ref": "#/components/schemas/Owner/$defs/Inner"}]}
    found = read(schema, Owner=owner)
    assert {name: named.type for name, named in found.types.items()} == {
        "Owner": Array(Named("Inner")),
        "Inner": STRING,
    }


def test_schema_may_refer_to_its_own_root() -> None:
    found = read({"$ref": "#/components/schemas/Node"}, Node={"type": "array", "items": {"$ref": "#"}})
    assert found.types["Node"].type == Array(Named("Node"))


# --- operations ---


def test_operation_is_read_whole() -> None:
    value = {
        "operationId": "make",
        "summary": "Make one.",
        "description": "Then another.",
        "deprecated": True,
        "tags": ["a", "b"],
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
        "requestBody": {"description": "It.", "required": True, "content": {"application/json": {"schema": TEXT}}},
        "responses": {"201": {"description": "Made."}},
    }
    assert operation(value, "/things/{id}") == Operation(
        id="make",
        method="POST",
        path="/things/{id}",
        parameters=(Parameter("id", "path", INTEGER, required=True),),
        body=Body((Content("application/json", STRING),), required=True, description="It."),
        answers=(Answer(201, (), "Made."),),
        summary="Make one.",
        description="Then another.",
        deprecated=True,
        tags=("a", "b"),
    )


def test_missing_operation_ids_are_made_of_method_and_path_and_are_unique() -> None:
    parameters = [{"name": "id", "in": "path", "required": True, "schema": TEXT}]
    paths = {
        "/api/users/{id}": {"parameters": parameters, "get": {}, "put": {"operationId": "get_api_users_by_id"}},
        "/api/users/by_id": {"get": {}},
        "/": {"get": {}},
    }
    found = read_document(document(paths)).operations
    assert [one.id for one in found] == ["get_api_users_by_id_2", "get_api_users_by_id", "get_api_users_by_id_3", "get"]


def test_operations_keep_the_documents_order() -> None:
    found = read_document(document({"/b": {"post": {}, "get": {}}, "/a": {"get": {}}, "x-more": 1})).operations
    assert [(one.method, one.path) for one in found] == [("POST", "/b"), ("GET", "/b"), ("GET", "/a")]


def test_further_methods_of_openapi_3_2_are_operations() -> None:
    found = read_document(document({"/": {"query": {}, "additionalOperations": {"PURGE": {}}}})).operations
    assert [(one.id, one.method) for one in found] == [("query", "QUERY"), ("purge", "PURGE")]


def test_parameter_of_an_operation_stands_for_that_of_its_path() -> None:
    def listed(schema: object) -> list[object]:
        return [{"name": "a", "in": "query", "schema": schema}]

    paths = {"/": {"parameters": listed(TEXT), "get": {"parameters": listed({"type": "integer"})}}}
    assert read_document(document(paths)).operations[0].parameters == (
        Parameter("a", "query", INTEGER, required=False),
    )


def test_catch_all_is_a_list_of_segments() -> None:
    listed = [{"name": "path", "in": "path", "required": True, "schema": TEXT, "x-typed-api-segments": True}]
    assert operation({"parameters": listed}, "/{path}").parameters == (
        Parameter("path", "path", STRING, required=True, segments=True),
    )


def test_cookies_and_the_header_fields_that_openapi_ignores_are_left_out() -> None:
    listed = [
        {"name": "session", "in": "cookie", "schema": TEXT},
        {"name": "Accept", "in": "header", "schema": TEXT},
        {"name": "content-type", "in": "header", "schema": TEXT},
        {"name": "Authorization", "in": "header", "schema": TEXT},
        {"name": "X-A", "in": "header", "schema": TEXT},
    ]
    assert operation({"parameters": listed}).parameters == (Parameter("X-A", "header", STRING, required=False),)


def test_shared_parameters_bodies_and_answers_are_followed() -> None:
    components = {
        "parameters": {"A": {"name": "a", "in": "query", "schema": TEXT}, "B": {"$ref": "#/components/parameters/A"}},
        "requestBodies": {"Body": {"content": {"text/plain": {}}}},
        "responses": {"Done": {"description": "Done."}},
    }
    value = {
        "parameters": [{"$ref": "#/components/parameters/B"}],
        "requestBody": {"$ref": "#/components/requestBodies/Body"},
        "responses": {"200": {"$ref": "#/components/responses/Done"}},
    }
    found = operation(value, components=components)
    assert (found.parameters, found.body, found.answers) == (
        (Parameter("a", "query", STRING, required=False),),
        Body((Content("text/plain", STRING),), required=False),
        (Answer(200, (), "Done."),),
    )


def test_path_item_is_followed() -> None:
    components = {"pathItems": {"Item": {"get": {"operationId": "it"}}}}
    found = read_document(document({"/": {"$ref": "#/components/pathItems/Item"}}, components)).operations
    assert [one.id for one in found] == ["it"]


def test_answers_are_exact_statuses_then_groups_then_default() -> None:
    found = operation({"responses": {code: {} for code in ("default", "5xx", "404", "4XX", "200", "x-note")}}).answers
    assert [answer.status for answer in found] == [200, 404, "4XX", "5XX", "default"]


@pytest.mark.parametrize(
    ("media_type", "value", "expected"),
    [
        ("Application/JSON; charset=utf-8", {}, Content("application/json", Anything())),
        ("text/plain", {}, Content("text/plain", STRING)),
        ("application/octet-stream", {}, Content("application/octet-stream", Scalar("string", "binary"))),
        ("multipart/form-data", {}, Content("multipart/form-data", Anything())),
        ("text/event-stream", {}, Content("text/event-stream", STRING)),
        ("application/jsonl", {"itemSchema": TEXT}, Content("application/jsonl", Scalar("string", "binary"), STRING)),
        (
            "application/jsonl",
            {"schema": {"type": "array", "items": TEXT}},
            Content("application/jsonl", Array(STRING), STRING),
        ),
        (
            "application/jsonl",
            {"schema": TEXT, "x-typed-api-item-schema": {"type": "integer"}},
            Content("application/jsonl", STRING, INTEGER),
        ),
        ("text/event-stream", {"schema": TEXT}, Content("text/event-stream", STRING)),
        ("text/event-stream", {"schema": {"type": "integer"}}, Content("text/event-stream", INTEGER, INTEGER)),
    ],
)
def test_content_is_read(media_type: str, value: object, expected: Content) -> None:
    found = operation({"responses": {"200": {"content": {media_type: value}}}}).answers[0].contents
    assert found == (expected,)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"type": "string"}, None),
        ({"type": "string", "contentMediaType": "application/json"}, Anything()),
        ({"type": "string", "contentMediaType": "application/json", "contentSchema": {"type": "integer"}}, INTEGER),
        ({"type": "integer"}, INTEGER),
    ],
)
def test_item_of_an_event_stream_is_what_its_data_holds(data: object, expected: Type | None) -> None:
    item = {"type": "object", "properties": {"data": data, "event": TEXT, "id": TEXT}}
    value = {"responses": {"200": {"content": {"text/event-stream": {"itemSchema": item}}}}}
    assert operation(value).answers[0].contents == (Content("text/event-stream", STRING, expected),)


def test_media_types_that_differ_in_parameters_are_one() -> None:
    content = {"application/json": {"schema": TEXT}, "application/json; v=2": {"schema": {"type": "integer"}}}
    assert operation({"responses": {"200": {"content": content}}}).answers[0].contents == (
        Content("application/json", Union((STRING, INTEGER))),
    )


def test_servers_and_title_are_read() -> None:
    found = read_document(document({}, servers=[{"url": "https://example.com"}]))
    assert found == Document("Test", "1", (), {}, ("https://example.com",))


# --- refusals ---


def test_refusal_is_an_error_of_the_configuration() -> None:
    assert issubclass(DocumentError, ConfigError)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], "'#' should be an object, not a list."),
        (
            {"openapi": "3.0.3"},
            "'#/openapi' is '3.0.3'. Clients are made from OpenAPI 3.1 and 3.2; convert the document first.",
        ),
        (document([]), "'#/paths' should be an object, not a list."),
        (document({"users": {}}), "'#/paths/users' should start with '/'."),
        (document({"/": {"get": None}}), "'#/paths/~1/get' should be an object, not null."),
        (
            document({"/": {"get": {"operationId": "a"}, "put": {"operationId": "a"}}}),
            "'#/paths/~1/put' has the operationId 'a' of '#/paths/~1/get'. Give each one of its own.",
        ),
        (
            document({"/{id}": {"get": {}}}),
            "'#/paths/~1{id}/get' does not list 'id' of its path among its parameters.",
        ),
        (
            document({"/": {"get": {"parameters": [{"name": "id", "in": "path"}]}}}),
            "'#/paths/~1/get' lists the path parameter 'id', but its path '/' has none.",
        ),
        (
            document({"/": {"get": {"parameters": [{"name": "q", "in": "querystring"}]}}}),
            "'#/paths/~1/get/parameters/0' is in 'querystring'. "
            "A client sends 'path', 'query' and 'header' parameters.",
        ),
        (
            document({"/": {"get": {"parameters": [{"name": "q", "in": "query", "style": "deepObject"}]}}}),
            "'#/paths/~1/get/parameters/0' has the style 'deepObject'. A client writes 'form' in the query.",
        ),
        (
            document({"/": {"get": {"parameters": [{"name": "q", "in": "query", "explode": False}]}}}),
            "'#/paths/~1/get/parameters/0' joins the values of 'q' ('explode: false'). "
            "A client repeats the name, as is the default.",
        ),
        (
            document({"/": {"get": {"parameters": [{"name": "q", "in": "query", "content": {}}]}}}),
            "'#/paths/~1/get/parameters/0' writes 'q' by a media type ('content'). "
            "A client writes plain values; give it a 'schema'.",
        ),
        (
            document({"/": {"get": {"responses": {"2": {}}}}}),
            "'#/paths/~1/get/responses/2' is no status: write 100 to 599, a group such as '4XX', or 'default'.",
        ),
        (
            document({"/": {"get": {"responses": {"200": {"content": {"json": {}}}}}}}),
            "'#/paths/~1/get/responses/200/content/json' is no media type: 'json'.",
        ),
        (
            document({"/": {"additionalOperations": {"M-SEARCH": {}}}}),
            "'#/paths/~1/additionalOperations/M-SEARCH' is a method 'M-SEARCH', but a method has letters alone.",
        ),
        (
            document({"/": {"additionalOperations": {"GET": {}}}}),
            "'#/paths/~1/additionalOperations/GET' belongs to the path itself, as 'get'.",
        ),
    ],
)
def test_document_is_refused(value: object, expected: str) -> None:
    assert refusal(value) == expected


SCHEMA = "#/paths/~1/get/responses/200/content/application~1json/schema"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (1, f"'{SCHEMA}' should be an object, not a number."),
        ({"type": "text"}, f"'{SCHEMA}/type' is 'text', which is no type of JSON."),
        (
            {"$ref": "#/components/schemas/No"},
            f"'{SCHEMA}' refers to '#/components/schemas/No', which is not in the document.",
        ),
        (
            {"$ref": "other.json#/A"},
            f"'{SCHEMA}' refers to 'other.json#/A', outside the document. Bundle it into one file first.",
        ),
        (
            {"$ref": "#Name"},
            f"'{SCHEMA}' refers to '#Name', an anchor. Write the path, such as '#/components/schemas/Name'.",
        ),
        ({"$ref": 1}, f"'{SCHEMA}' has a '$ref' that is a number; it should be text."),
        ({"$dynamicRef": "#a"}, f"'{SCHEMA}' uses '$dynamicRef', which depends on who refers to it. Use '$ref'."),
        ({"items": {"anyOf": {}}}, f"'{SCHEMA}/items/anyOf' should be a list, not an object."),
    ],
)
def test_schema_is_refused(schema: object, expected: str) -> None:
    assert refusal(document({"/": {"get": answering(schema)}})) == expected


@pytest.mark.parametrize(
    "schemas",
    [
        {"A": {"$ref": "#/components/schemas/A"}},
        {
            "A": {"anyOf": [{"$ref": "#/components/schemas/B"}, TEXT]},
            "B": {"allOf": [{"$ref": "#/components/schemas/A"}]},
        },
    ],
)
def test_type_that_is_nothing_but_itself_is_refused(schemas: object) -> None:
    paths = {"/": {"get": answering({"$ref": "#/components/schemas/A"})}}
    assert refusal(document(paths, {"schemas": schemas})) == (
        "'#/components/schemas/A' is defined by itself alone. Give it a type of its own."
    )


def test_parameter_that_refers_to_itself_is_refused() -> None:
    components = {"parameters": {"A": {"$ref": "#/components/parameters/A"}}}
    paths = {"/": {"get": {"parameters": [{"$ref": "#/components/parameters/A"}]}}}
    assert refusal(document(paths, components)) == (
        "'#/components/parameters/A' refers to itself by '#/components/parameters/A'."
    )


def test_schema_that_is_nested_too_deeply_is_refused() -> None:
    schema: dict[str, object] = {}
    for _ in range(5000):
        schema = {"type": "array", "items": schema}
    assert refusal(document({"/": {"get": answering(schema)}})) == (
        "'#' nests its schemas too deeply. Move the inner ones to '#/components/schemas'."
    )


def test_long_chain_of_aliases_is_read() -> None:
    schemas: dict[str, object] = {f"A{n}": {"$ref": f"#/components/schemas/A{n + 1}"} for n in range(3000)}
    found = read({"$ref": "#/components/schemas/A0"}, **schemas, A3000=TEXT)
    assert found.types["A3000"] == NamedType("A3000", STRING)


def test_reference_to_a_schema_inside_an_operation_is_named_after_its_last_step() -> None:
    first = "#/paths/~1/get/responses/200/content/application~1json/schema"
    paths = {"/": {"get": answering(TEXT)}, "/again": {"get": answering({"$ref": first})}}
    found = read_document(document(paths))
    assert found.operations[1].answers[0].contents[0].type == Named("schema")
    assert found.types == {"schema": NamedType("schema", STRING)}


def test_values_of_a_query_may_be_joined_where_there_is_but_one() -> None:
    listed = [{"name": "q", "in": "query", "explode": False, "schema": {"$ref": "#/components/schemas/Q"}}]
    assert operation({"parameters": listed}, components={"schemas": {"Q": TEXT}}).parameters == (
        Parameter("q", "query", Named("Q"), required=False),
    )


def test_body_without_a_media_type_is_none() -> None:
    assert operation({"requestBody": {"content": {}}}).body is None


def test_parameter_without_a_name_is_refused() -> None:
    assert refusal(document({"/": {"get": {"parameters": [{"in": "query"}]}}})) == (
        "'#/paths/~1/get/parameters/0' has no 'name'."
    )


def test_enumeration_of_lists_and_objects_keeps_those_of_its_type() -> None:
    assert type_of({"type": ["array", "boolean"], "enum": [[1], {"a": 1}, True, 1]}) == Union(
        (Tuple((Constant(1),)), Constant(True))
    )
