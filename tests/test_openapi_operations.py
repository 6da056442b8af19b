"""What one handler becomes in the document: its parameters, its body, its answers."""

from typing import Any, Final

import pytest

from tests.documents import (
    OWN,
    PROBLEM,
    app_of,
    document_of,
    operation_of,
    parameters_of,
    responses_of,
    schemas_of,
    statuses_of,
)
from typed_api.openapi import Info, build_document
from typed_api.testing import TestClient

USER: Final = """
class User(BaseModel):
    id: int

class Gone1(BaseModel):
    why: str
"""
USER_JSON: Final[dict[str, Any]] = {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}}
TEXT: Final[dict[str, Any]] = {"text/plain": {"schema": {"type": "string"}}}
JSON_TEXT: Final[dict[str, Any]] = {"application/json": {"schema": {"type": "string"}}}
BINARY: Final[dict[str, Any]] = {"type": "string", "contentMediaType": "application/octet-stream"}
UPLOADED: Final[dict[str, Any]] = {**BINARY, "format": "binary"}
LOCATION: Final[dict[str, Any]] = {
    "Location": {"required": True, "schema": {"type": "string", "format": "uri-reference"}}
}


def test_markers_become_responses_by_status() -> None:
    assert responses_of("Ok[User] | NotFound[Gone1]", "...", before=USER) == {
        "200": {"description": "OK", "content": USER_JSON},
        "404": {
            "description": "Not Found",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Gone1"}}},
        },
        "default": OWN["default"],
    }


def test_group_is_documented_as_a_range() -> None:
    assert responses_of("Ok[User] | Success[Gone1]", "...", before=USER)["2XX"] == {
        "description": "Success",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Gone1"}}},
    }


@pytest.mark.parametrize("marker", ["ClientError", "ServerError", "InternalServerError"])
def test_errors_that_come_in_any_case_are_among_the_declared(marker: str) -> None:
    # `ApiError` is raised anywhere without being declared, and an exception is a 500 of the framework's.
    responses = responses_of(f"Ok[int] | {marker}[Gone1]", "...", before=USER)
    (status,) = set(responses) - {"200", "default"}
    assert responses[status]["content"] == (
        {"application/json": {"schema": {"$ref": "#/components/schemas/Gone1"}}} | PROBLEM
    )


def test_exact_status_stands_before_its_group() -> None:
    assert statuses_of("Success[User] | ServerError[User] | Created[User] | BadGateway[User]", "...", before=USER) == [
        "201",
        "2XX",
        "502",
        "5XX",
        "default",
    ]


def test_code_with_several_literals_is_several_responses() -> None:
    responses = responses_of("Code[Literal[418, 425], User]", "...", before=USER)
    assert responses == {
        "418": {"description": "I'm a Teapot", "content": USER_JSON},
        "425": {"description": "Too Early", "content": USER_JSON},
        "default": OWN["default"],
    }


@pytest.mark.parametrize(
    ("declared", "status", "phrase"),
    [
        ("NoContent", "204", "No Content"),
        ("ResetContent", "205", "Reset Content"),
        ("NotModified", "304", "Not Modified"),
    ],
)
def test_status_without_content_has_none(declared: str, status: str, phrase: str) -> None:
    assert responses_of(declared, "...")[status] == {"description": phrase}


def test_code_of_a_bodyless_status_has_no_content() -> None:
    assert responses_of("Code[Literal[204], None]", "...")["204"] == {"description": "No Content"}


def test_unregistered_status_is_described_by_its_class() -> None:
    assert responses_of("Code[Literal[499], User]", "...", before=USER)["499"]["description"] == "Client Error"


def test_union_of_bodies_is_any_of_them() -> None:
    assert responses_of("Ok[User | Gone1]", "...", before=USER)["200"]["content"] == {
        "application/json": {
            "schema": {"anyOf": [{"$ref": "#/components/schemas/User"}, {"$ref": "#/components/schemas/Gone1"}]}
        }
    }


def test_problem_is_answered_as_problem_json() -> None:
    assert responses_of("NotFound[Problem]", "...")["404"] == {"description": "Not Found", "content": PROBLEM}


def test_subclass_of_problem_is_answered_as_problem_json() -> None:
    before = "class OutOfCredit(Problem):\n    balance: int\n"
    assert responses_of("PaymentRequired[OutOfCredit]", "...", before=before)["402"]["content"] == {
        "application/problem+json": {
            "schema": {
                "anyOf": [{"$ref": "#/components/schemas/OutOfCredit"}, {"$ref": "#/components/schemas/Problem"}]
            }
        }
    }


def test_subclass_of_problem_under_a_success_is_alone() -> None:
    before = "class Note(Problem):\n    balance: int\n"
    assert responses_of("Ok[Note]", "...", before=before)["200"]["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Note"}}
    }


def test_error_that_is_no_problem_is_documented_as_declared() -> None:
    content = responses_of("Conflict[User]", "...", before=USER)["409"]["content"]
    assert content == USER_JSON


def test_problem_among_other_bodies_keeps_its_media_type() -> None:
    assert responses_of("NotFound[User | Problem]", "...", before=USER)["404"]["content"] == USER_JSON | PROBLEM


def test_bytes_are_an_octet_stream() -> None:
    assert responses_of("Ok[bytes]", "...")["200"]["content"] == {"application/octet-stream": {"schema": BINARY}}


@pytest.mark.parametrize(("declared", "body"), [("bytes", "b'[]'"), ("str", "'[]'")])
@pytest.mark.parametrize("media_type", ["application/json", "application/vnd.x+json"])
def test_of_raw_json_nothing_is_known(declared: str, body: str, media_type: str) -> None:
    send = f"return res.set_header('content-type', '{media_type}').status(200).send({body})"
    assert responses_of(f"Ok[{declared}]", send)["200"]["content"] == {media_type: {"schema": {}}}


def test_text_in_json_stays_a_string() -> None:
    assert responses_of("Ok[str]", "return res.json('a')")["200"]["content"] == JSON_TEXT


def test_bytes_are_of_the_media_type_that_is_set() -> None:
    send = "return res.set_header('content-type', 'text/csv; charset=utf-8').send(b'a,b')"
    assert responses_of("Ok[bytes]", send)["200"]["content"] == {
        "text/csv": {"schema": {"type": "string", "contentMediaType": "text/csv"}}
    }


def test_file_is_of_any_media_type() -> None:
    assert responses_of("Ok[File]", "...")["200"]["content"] == {"*/*": {"schema": BINARY}}


PDF: Final[dict[str, Any]] = {"application/pdf": {"schema": {"type": "string", "contentMediaType": "application/pdf"}}}


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ("return res.send(File('a', media_type='application/pdf'))", PDF),
        ("return res.set_header('content-type', 'application/pdf').send(File('a', media_type='text/csv'))", PDF),
        ("return res.send(File('a', media_type='application/json'))", {"application/json": {"schema": {}}}),
        ("return res.send(File('a.pdf'))", {"*/*": {"schema": BINARY}}),
        ("return res.send(File('a', media_type=req.query['type']))", {"*/*": {"schema": BINARY}}),
        ("file = File('a', media_type='application/pdf')\nreturn res.send(file)", {"*/*": {"schema": BINARY}}),
        (
            "if req.query:\n    return res.send(File('a', media_type='application/pdf'))\nreturn res.send(File('b'))",
            {**PDF, "*/*": {"schema": BINARY}},
        ),
    ],
)
def test_file_is_of_the_media_type_in_the_source(body: str, content: dict[str, Any]) -> None:
    assert responses_of("Ok[File]", body)["200"]["content"] == content


EVENT_ITEM: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/User"},
        },
        "event": {"type": "string"},
        "id": {"type": "string"},
        "retry": {"type": "integer", "minimum": 0},
    },
}


def test_event_stream_says_of_what() -> None:
    assert responses_of("Ok[EventStream[User]]", "...", before=USER)["200"]["content"] == {
        "text/event-stream": {"x-typed-api-item-schema": EVENT_ITEM}
    }


def test_event_stream_has_an_item_schema_in_3_2() -> None:
    responses = responses_of("Ok[EventStream[User]]", "...", before=USER, openapi="3.2")
    assert responses["200"]["content"] == {"text/event-stream": {"itemSchema": EVENT_ITEM}}


def test_events_of_text_are_text() -> None:
    content = responses_of("Ok[EventStream[str]]", "...", openapi="3.2")["200"]["content"]
    assert content["text/event-stream"]["itemSchema"]["properties"]["data"] == {"type": "string"}


def test_json_lines_are_text_that_says_of_what() -> None:
    assert responses_of("Ok[JsonLines[User]]", "...", before=USER)["200"]["content"] == {
        "application/jsonl": {
            "schema": {"type": "string"},
            "x-typed-api-item-schema": {"$ref": "#/components/schemas/User"},
        }
    }


def test_json_lines_have_an_item_schema_in_3_2() -> None:
    responses = responses_of("Ok[JsonLines[User]]", "...", before=USER, openapi="3.2")
    assert responses["200"]["content"] == {"application/jsonl": {"itemSchema": {"$ref": "#/components/schemas/User"}}}


def test_model_of_a_stream_is_among_the_schemas() -> None:
    text = USER + "\ndef get(req: ApiRequest[None], res: ApiResponse[Ok[JsonLines[User]]]): ..."
    assert list(schemas_of({"api/x.py": text})) == ["User"]


# --- Text -------------------------------------------------------------------------------------------------------------


def test_text_that_is_sent_is_plain() -> None:
    assert responses_of("Ok[str]", "return res.send('x')")["200"]["content"] == TEXT


def test_text_that_is_sent_as_json_is_json() -> None:
    assert responses_of("Ok[str]", "return res.json('x')")["200"]["content"] == JSON_TEXT


def test_text_of_which_nothing_is_known_is_both() -> None:
    assert responses_of("Ok[str]", "return helper(res)", before="def helper(res): ...")["200"]["content"] == (
        TEXT | JSON_TEXT
    )


def test_text_among_models_is_plain_where_it_is_sent() -> None:
    content = responses_of("Ok[User | str]", "return res.send(req.body)", before=USER)["200"]["content"]
    assert content == USER_JSON | TEXT


def test_text_with_rules_keeps_them() -> None:
    content = responses_of("Ok[Annotated[str, Field(max_length=3)]]", "return res.send('x')")["200"]["content"]
    assert content == {"text/plain": {"schema": {"type": "string", "maxLength": 3}}}


def test_text_is_found_below_its_new_names() -> None:
    before = "Name = typing.NewType('Name', str)\nclass Color(enum.StrEnum):\n    RED = 'red'\n"
    content = responses_of("Ok[Name | Color | Literal['a']]", "return res.send(req.body)", before=before)["200"]
    assert list(content["content"]) == ["text/plain"]


def test_media_type_that_is_set_stands_for_the_usual_one() -> None:
    body = "res.set_header('Content-Type', 'text/csv; charset=utf-8')\nreturn res.send('a,b')"
    assert responses_of("Ok[str]", body)["200"]["content"] == {"text/csv": {"schema": {"type": "string"}}}


def test_vendor_media_type_stands_for_json() -> None:
    body = "return res.set_header('content-type', 'application/vnd.api+json').json(User(id=1))"
    assert responses_of("Ok[User]", body, before=USER)["200"]["content"] == {
        "application/vnd.api+json": {"schema": {"$ref": "#/components/schemas/User"}}
    }


def test_media_type_that_is_computed_is_any() -> None:
    body = "res.set_header('content-type', req.headers['accept'])\nreturn res.send('a,b')"
    assert responses_of("Ok[str]", body)["200"]["content"] == {"*/*": {"schema": {"type": "string"}}}


def test_nothing_that_is_ended_has_no_content() -> None:
    assert responses_of("Ok[None]", "return res.end()")["200"] == {"description": "OK"}


def test_nothing_that_is_sent_has_no_content() -> None:
    assert responses_of("Ok[None]", "return res.send(None)")["200"] == {"description": "OK"}


def test_nothing_as_json_is_null() -> None:
    assert responses_of("Ok[None]", "return res.json(None)")["200"]["content"] == {
        "application/json": {"schema": {"type": "null"}}
    }


# --- Redirects --------------------------------------------------------------------------------------------------------


def test_redirect_is_307_with_its_location() -> None:
    assert responses_of("Never", "return res.redirect('/x')") == {
        "307": {"description": "Temporary Redirect", "headers": LOCATION, "content": TEXT},
        "default": OWN["default"],
    }


def test_redirect_has_the_literal_status() -> None:
    assert statuses_of("Ok[int]", "return res.redirect(303, '/x')") == ["200", "303", "default"]


def test_redirects_of_which_nothing_is_known_are_a_range() -> None:
    assert responses_of("Never", "return helper(res)", before="def helper(res): ...")["3XX"] == {
        "description": "Redirection",
        "headers": LOCATION,
        "content": TEXT,
    }


def test_redirect_of_a_computed_status_is_a_range() -> None:
    assert statuses_of("Ok[int]", "return res.redirect(req.query['to'], '/x')") == ["200", "3XX", "default"]


# --- The framework's own errors ---------------------------------------------------------------------------------------


def test_handler_without_input_has_no_errors_of_its_own_but_the_default() -> None:
    assert statuses_of("Ok[int]", "...") == ["200", "default"]


@pytest.mark.parametrize(
    ("model", "statuses"),
    [
        ("class Q(BaseModel): pass\n", ["204", "default"]),
        ("class Q(BaseModel, extra='forbid'): pass\n", ["204", "422", "default"]),
        ("class Q(BaseModel):\n    a: str = ''\n", ["204", "422", "default"]),
        (
            "class Q(BaseModel):\n    @pydantic.model_validator(mode='before')\n    @classmethod\n"
            "    def check(cls, data: Any) -> Any: raise ValueError\n",
            ["204", "422", "default"],
        ),
        ("class Q(BaseModel):\n    def model_post_init(self, _: Any) -> None: ...\n", ["204", "422", "default"]),
    ],
)
def test_query_that_asks_for_nothing_is_never_refused(model: str, statuses: list[str]) -> None:
    assert statuses_of("NoContent", "...", before=model, request="ApiRequest[None, Q]") == statuses


def test_json_body_brings_its_errors() -> None:
    responses = responses_of("NoContent", "...", name="post", request="ApiRequest[int]")
    assert responses == {"204": {"description": "No Content"}, **OWN}


def test_form_brings_its_errors() -> None:
    responses = responses_of("NoContent", "...", before=USER, name="post", request="ApiRequest[Form[User]]")
    assert responses == {"204": {"description": "No Content"}, **OWN}


def test_raw_body_can_only_be_too_large() -> None:
    assert statuses_of("NoContent", "...", name="post", request="ApiRequest[bytes]") == ["204", "413", "default"]


def test_undeclared_body_is_not_validated() -> None:
    # 415: a compressed body is refused whatever is declared.
    assert statuses_of("NoContent", "...", name="post", request="ApiRequest") == [
        "204",
        "400",
        "413",
        "415",
        "default",
    ]


def test_unread_body_has_no_limit() -> None:
    before = "config = RouteConfig(parse_body=False)"
    assert statuses_of("NoContent", "...", before=before, name="post", request="ApiRequest") == ["204", "default"]


def test_unread_body_with_a_limit_can_be_too_large() -> None:
    before = "config = RouteConfig(parse_body=False, body_limit='1kb')"
    assert statuses_of("NoContent", "...", before=before, name="post", request="ApiRequest") == [
        "204",
        "413",
        "default",
    ]


def test_typed_query_can_fail_to_fit() -> None:
    before = "class Q(BaseModel):\n    page: int = 1\n"
    assert statuses_of("NoContent", "...", before=before, request="ApiRequest[None, Q]") == ["204", "422", "default"]


def test_typed_headers_can_fail_to_fit() -> None:
    before = "class H(BaseModel):\n    x_id: int\n"
    assert statuses_of("NoContent", "...", before=before, request="ApiRequest[None, Query, H]") == [
        "204",
        "422",
        "default",
    ]


def test_path_parameter_can_be_malformed() -> None:
    text = "def get(req: ApiRequest[None], res: ApiResponse[NoContent]): ..."
    assert list(operation_of(text, file="api/_id_.py")["responses"]) == ["204", "400", "default"]


def test_get_lists_no_errors_of_a_body() -> None:
    assert statuses_of("NoContent", "...", request="ApiRequest") == ["204", "default"]


def test_status_that_the_user_declares_has_both_bodies() -> None:
    declared = "Ok[int] | UnprocessableContent[Gone1]"
    responses = responses_of(declared, "...", before=USER, name="post", request="ApiRequest[User]")
    assert responses["422"] == {
        "description": "Unprocessable Content",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Gone1"}}} | PROBLEM,
    }


def test_declared_problem_is_not_said_twice() -> None:
    declared = "Ok[int] | BadRequest[Problem]"
    responses = responses_of(declared, "...", name="post", request="ApiRequest[int]")
    assert responses["400"] == {"description": "Bad Request", "content": PROBLEM}


def test_two_problems_of_a_status_are_any_of_them() -> None:
    before = "class Mine(Problem):\n    field: str\n"
    declared = "Ok[int] | UnprocessableContent[Mine]"
    responses = responses_of(declared, "...", before=before, name="post", request="ApiRequest[int]")
    assert responses["422"]["content"] == {
        "application/problem+json": {
            "schema": {"anyOf": [{"$ref": "#/components/schemas/Mine"}, {"$ref": "#/components/schemas/Problem"}]}
        }
    }


def test_own_error_within_a_declared_group_has_both_bodies() -> None:
    responses = responses_of("ClientError[Gone1]", "...", before=USER, name="post", request="ApiRequest[User]")
    assert responses["413"]["content"] == (
        {"application/json": {"schema": {"$ref": "#/components/schemas/Gone1"}}} | PROBLEM
    )


def test_shared_errors_are_only_those_that_are_used() -> None:
    document = document_of({"api/x.py": "def get(req: ApiRequest[None], res: ApiResponse[NoContent]): ..."})
    assert document["components"]["responses"] == {"Error": {"description": "Any other error.", "content": PROBLEM}}


def test_problem_is_described_as_it_is_sent() -> None:
    problem = document_of({"api/x.py": "def get(req: ApiRequest[None], res: ApiResponse[NoContent]): ..."})
    schema = problem["components"]["schemas"]["Problem"]
    # Members that are not there are left out, never null (RFC 9457 §3.1).
    assert schema["properties"] == {
        "type": {"type": "string", "default": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemError"}},
    }
    assert "required" not in schema


# --- Request bodies ---------------------------------------------------------------------------------------------------


def body_of(request: str, *, before: str = "", name: str = "post", method: str | None = None) -> Any:
    """Give the request body of a handler."""
    text = f"{before}\ndef {name}(req: {request}, res: ApiResponse[NoContent]): ..."
    return operation_of(text, method=method or name).get("requestBody")


def test_json_body_is_required() -> None:
    assert body_of("ApiRequest[User]", before=USER) == {"content": USER_JSON, "required": True}


def test_body_with_none_is_required_too() -> None:
    # `null` is a body; none at all has no content type and is refused with 415.
    assert body_of("ApiRequest[int | None]") == {
        "content": {"application/json": {"schema": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}},
        "required": True,
    }


def test_form_is_urlencoded_or_multipart() -> None:
    schema = {"schema": {"$ref": "#/components/schemas/User"}}
    assert body_of("ApiRequest[Form[User]]", before=USER) == {
        "content": {"application/x-www-form-urlencoded": schema, "multipart/form-data": schema},
        "required": True,
    }


def test_form_is_never_null() -> None:
    types = "class F(BaseModel):\n    a: int | None = None\n    b: str\n"
    schema = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["b"]}
    assert body_of("ApiRequest[Form[F]]", before=types)["content"] == {
        "application/x-www-form-urlencoded": {"schema": schema},
        "multipart/form-data": {"schema": schema},
    }


def test_file_that_may_be_left_out_is_a_file() -> None:
    types = "class F(BaseModel):\n    file: UploadFile | None = None\n"
    assert body_of("ApiRequest[Form[F]]", before=types)["content"] == {
        "multipart/form-data": {"schema": {"type": "object", "properties": {"file": UPLOADED}}}
    }


@pytest.mark.parametrize(
    ("declared", "described"),
    [
        ("list[int]", {"type": "array", "items": {"type": "integer"}, "minItems": 1}),
        ("set[int] | None", {"type": "array", "items": {"type": "integer"}, "minItems": 1}),
        (
            "Annotated[list[int], Field(min_length=2)]",
            {"type": "array", "items": {"type": "integer"}, "minItems": 2},
        ),
    ],
)
def test_list_that_has_to_come_is_never_empty(declared: str, described: dict[str, Any]) -> None:
    types = f"class F(BaseModel):\n    a: {declared}\n"
    document = document_of(
        {"api/x.py": f"{types}\ndef post(req: ApiRequest[Form[F], F], res: ApiResponse[NoContent]): ..."}
    )
    operation = document["paths"]["/api/x"]["post"]
    body = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    body = document["components"]["schemas"]["F"] if "$ref" in body else body
    [parameter] = operation["parameters"]
    assert [parameter["schema"], body["properties"]["a"]] == [described, described]


def test_files_that_have_to_come_are_one_at_least() -> None:
    types = "class F(BaseModel):\n    files: list[UploadFile]\n"
    assert body_of("ApiRequest[Form[F]]", before=types)["content"] == {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"files": {"type": "array", "items": UPLOADED, "minItems": 1}},
                "required": ["files"],
            }
        }
    }


def test_list_that_may_be_left_out_may_be_empty() -> None:
    types = "class Q(BaseModel):\n    a: list[int] = []\n"
    [parameter] = parameters_of(types, "ApiRequest[None, Q]")
    assert parameter["schema"] == {"type": "array", "items": {"type": "integer"}, "default": []}


UPLOAD: Final = """
class Upload(BaseModel):
    title: str
    file: UploadFile
    more: list[UploadFile] = []
"""


def test_form_with_files_is_multipart_alone() -> None:
    assert body_of("ApiRequest[Form[Upload]]", before=UPLOAD) == {
        "content": {"multipart/form-data": {"schema": {"$ref": "#/components/schemas/Upload"}}},
        "required": True,
    }


def test_files_are_binary() -> None:
    text = UPLOAD + "\ndef post(req: ApiRequest[Form[Upload]], res: ApiResponse[NoContent]): ..."
    assert schemas_of({"api/x.py": text})["Upload"] == {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "file": UPLOADED,
            "more": {"type": "array", "items": UPLOADED, "default": []},
        },
        "required": ["title", "file"],
    }


def test_raw_body_is_of_any_media_type_and_optional() -> None:
    assert body_of("ApiRequest[bytes]") == {"content": {"application/octet-stream": {"schema": BINARY}, "*/*": {}}}


def test_undeclared_body_is_any_json_or_else_and_optional() -> None:
    assert body_of("ApiRequest") == {"content": {"application/json": {"schema": {}}, "*/*": {}}}


def test_unread_body_is_of_any_media_type() -> None:
    assert body_of("ApiRequest", before="config = RouteConfig(parse_body=False)") == {
        "content": {"application/octet-stream": {"schema": BINARY}, "*/*": {}}
    }


def test_no_body_is_said_where_none_is_taken() -> None:
    assert body_of("ApiRequest[None]") is None


def test_get_has_no_body() -> None:
    assert body_of("ApiRequest", name="get") is None


def test_delete_may_have_a_body() -> None:
    assert body_of("ApiRequest[User]", before=USER, name="delete") == {"content": USER_JSON, "required": True}


def test_delete_of_a_handler_does_without_the_body() -> None:
    assert body_of("ApiRequest[User]", before=USER, name="handler", method="delete") == {"content": USER_JSON}


def test_get_of_a_handler_has_no_body() -> None:
    assert body_of("ApiRequest[User]", before=USER, name="handler", method="get") is None


# --- Parameters -------------------------------------------------------------------------------------------------------


def test_path_parameter_is_text_unless_typed() -> None:
    assert parameters_of("", "ApiRequest[None]", file="api/_id_.py") == [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    ]


def test_path_parameter_has_the_type_of_the_query_field() -> None:
    types = "class Q(BaseModel):\n    id: int = Field(gt=0, description='Of the user.', deprecated=True)\n"
    assert parameters_of(types, "ApiRequest[None, Q]", file="api/_id_.py") == [
        {
            "name": "id",
            "in": "path",
            "required": True,
            "description": "Of the user.",
            "deprecated": True,
            "schema": {"type": "integer", "exclusiveMinimum": 0},
        }
    ]


def test_catch_all_says_that_it_has_segments() -> None:
    types = "class Q(BaseModel):\n    path: list[str]\n"
    assert parameters_of(types, "ApiRequest[None, Q]", file="api/_path__.py") == [
        {
            "name": "path",
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
            "x-typed-api-segments": True,
        }
    ]


def test_query_fields_are_parameters() -> None:
    types = """
    class Q(BaseModel):
        page: int = Field(1, ge=1, description="Which.", examples=[2])
        q: str
        old: str = Field("", deprecated=True)
    """
    assert parameters_of(types, "ApiRequest[None, Q]") == [
        {
            "name": "page",
            "in": "query",
            "description": "Which.",
            "schema": {"type": "integer", "minimum": 1, "default": 1, "examples": [2]},
        },
        {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}},
        {"name": "old", "in": "query", "deprecated": True, "schema": {"type": "string", "default": ""}},
    ]


def test_parameter_in_a_url_is_never_null() -> None:
    types = "class Q(BaseModel):\n    page: int | None = None\n"
    assert parameters_of(types, "ApiRequest[None, Q]") == [
        {"name": "page", "in": "query", "schema": {"type": "integer"}, "allowEmptyValue": True}
    ]


def test_text_in_a_url_that_may_be_none_is_never_blank_for_it() -> None:
    types = "class Q(BaseModel):\n    name: str | None = None\n"
    assert parameters_of(types, "ApiRequest[None, Q]") == [
        {"name": "name", "in": "query", "schema": {"type": "string"}}
    ]


def test_repeated_query_field_is_exploded() -> None:
    types = "class Q(BaseModel):\n    tag: list[str] = []\n"
    assert parameters_of(types, "ApiRequest[None, Q]") == [
        {
            "name": "tag",
            "in": "query",
            "schema": {"type": "array", "items": {"type": "string"}, "default": []},
            "style": "form",
            "explode": True,
        }
    ]


def test_query_field_goes_by_its_alias() -> None:
    types = "class Q(BaseModel):\n    page_size: int = Field(alias='pageSize')\n"
    assert [p["name"] for p in parameters_of(types, "ApiRequest[None, Q]")] == ["pageSize"]


def test_query_field_with_several_aliases_goes_by_the_first() -> None:
    types = "class Q(BaseModel):\n    q: str = Field(validation_alias=AliasChoices('query', 'search'))\n"
    assert parameters_of(types, "ApiRequest[None, Q]") == [
        {"name": "query", "in": "query", "required": True, "schema": {"type": "string"}}
    ]


def test_query_field_that_ignores_its_alias_goes_by_its_name() -> None:
    types = """
    class Q(BaseModel):
        model_config = ConfigDict(validate_by_name=True, validate_by_alias=False)
        q: str = Field(alias='query')
    """
    assert parameters_of(types, "ApiRequest[None, Q]") == [
        {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}
    ]


def test_typed_dict_as_query_is_parameters() -> None:
    types = "class Q(TypedDict):\n    q: str\n    page: NotRequired[int]\n"
    assert parameters_of(types, "ApiRequest[None, Q]") == [
        {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}},
        {"name": "page", "in": "query", "schema": {"type": "integer"}},
    ]


def test_dataclass_as_query_is_parameters() -> None:
    types = "@dataclasses.dataclass\nclass Q:\n    q: str\n    page: int = 1\n"
    assert parameters_of(types, "ApiRequest[None, Q]") == [
        {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}},
        {"name": "page", "in": "query", "schema": {"type": "integer", "default": 1}},
    ]


def test_untyped_query_lists_the_path_alone() -> None:
    assert [p["name"] for p in parameters_of("", "ApiRequest[None]", file="api/_a_/_b_.py")] == ["a", "b"]


def test_path_parameters_come_in_the_order_of_the_path() -> None:
    types = "class Q(BaseModel):\n    page: int = 1\n    b: int\n    a: int\n"
    parameters = parameters_of(types, "ApiRequest[None, Q]", file="api/_a_/_b_.py")
    assert [(p["in"], p["name"]) for p in parameters] == [("path", "a"), ("path", "b"), ("query", "page")]


def test_alias_of_a_path_parameter_is_no_query_parameter() -> None:
    types = "class Q(BaseModel):\n    id: int = Field(validation_alias=AliasChoices('ID', 'id'))\n"
    assert parameters_of(types, "ApiRequest[None, Q]", file="api/_id_.py") == [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    ]


def test_enum_in_a_query_is_a_named_schema() -> None:
    types = "class Order(enum.Enum):\n    UP = 'up'\n\nclass Q(BaseModel):\n    order: Order\n"
    assert parameters_of(types, "ApiRequest[None, Q]") == [
        {"name": "order", "in": "query", "required": True, "schema": {"$ref": "#/components/schemas/Order"}}
    ]


def test_model_of_a_query_is_no_schema_of_its_own() -> None:
    text = """
    class Q(BaseModel):
        page: int = 1

    def get(req: ApiRequest[None, Q], res: ApiResponse[NoContent]): ...
    """
    assert schemas_of({"api/x.py": text}) == {}


def test_headers_are_written_with_dashes() -> None:
    types = "class H(BaseModel):\n    x_request_id: uuid.UUID\n    accept_language: str = 'en'\n"
    assert parameters_of(types, "ApiRequest[None, Query, H]") == [
        {"name": "x-request-id", "in": "header", "required": True, "schema": {"type": "string", "format": "uuid"}},
        {"name": "accept-language", "in": "header", "schema": {"type": "string", "default": "en"}},
    ]


def test_alias_of_a_header_is_kept_as_it_is() -> None:
    types = "class H(BaseModel):\n    trace: str = Field(alias='X_Trace')\n"
    assert [p["name"] for p in parameters_of(types, "ApiRequest[None, Query, H]")] == ["X_Trace"]


# --- What is said of an operation -------------------------------------------------------------------------------------


def test_docstring_is_summary_and_description() -> None:
    text = '''
    def get(req: ApiRequest[None], res: ApiResponse[NoContent]):
        """List the users.

        Sorted by name.
          Indented.
        """
    '''
    operation = operation_of(text)
    assert (operation["summary"], operation["description"]) == ("List the users.", "Sorted by name.\n  Indented.")


def test_operation_without_docstring_has_no_summary() -> None:
    operation = operation_of("def get(req: ApiRequest[None], res: ApiResponse[NoContent]): ...")
    assert list(operation) == ["operationId", "responses"]


def test_decorated_handler_keeps_its_docstring() -> None:
    text = '''
    def logged(function):
        @functools.wraps(function)
        def inner(req, res):
            return function(req, res)
        return inner

    @logged
    def get(req: ApiRequest[None], res: ApiResponse[NoContent]):
        """Say it."""
    '''
    assert operation_of(text)["summary"] == "Say it."


def test_deprecated_operation_says_so() -> None:
    text = "config = RouteConfig(deprecated=True)\ndef get(req: ApiRequest[None], res: ApiResponse[NoContent]): ..."
    assert operation_of(text)["deprecated"] is True


# --- The wire ---------------------------------------------------------------------------------------------------------


def answered(text: str, **options: Any) -> tuple[dict[str, Any], str, bytes]:
    """Ask a route, and give the content that is documented for the status, the media type and the body that came."""
    app = app_of({"api/x.py": text}, **options)
    response = TestClient(app).get("/api/x")
    document: Any = build_document(app.endpoints, Info(title="", version=""))
    content = document["paths"]["/api/x"]["get"]["responses"][str(response.status_code)]["content"]
    return content, response.headers["content-type"].partition(";")[0], response.content


@pytest.mark.parametrize(
    ("declared", "answer"),
    [
        ("Ok[str]", "res.send('x')"),
        ("Ok[str]", "res.json('x')"),
        ("Ok[int]", "res.send(1)"),
        ("str", "res.send('x')"),
        ("Ok[bytes]", "res.send(b'x')"),
        ("Ok[JsonLines[int]]", "res.send(JsonLines([1]))"),
        ("Ok[EventStream[int]]", "res.send(EventStream([1]))"),
        ("NotFound[Problem]", "res.status(404).json(Problem(detail='x'))"),
        ("int | Problem", "res.status(404).json(Problem(detail='x'))"),
        ("Ok[str]", "res.set_header('content-type', 'text/html').send('x')"),
    ],
)
def test_media_type_is_the_one_that_is_sent(declared: str, answer: str) -> None:
    text = f"def get(req: ApiRequest[None], res: ApiResponse[{declared}]):\n    return {answer}\n"
    content, media_type, _ = answered(text)
    assert list(content) == [media_type]


def test_any_body_may_be_text_too() -> None:
    assert responses_of("Ok[Any]", "return helper(res)", before="def helper(res): ...")["200"]["content"] == (
        TEXT | {"application/json": {"schema": {}}}
    )


def test_head_has_no_content() -> None:
    text = USER + "\ndef head(req: ApiRequest[None], res: ApiResponse[Ok[User] | NotFound[Problem]]): ..."
    assert operation_of(text, file="api/_id_.py", method="head")["responses"] == {
        "200": {"description": "OK"},
        "400": {"description": "The path or the body is malformed."},
        "404": {"description": "Not Found"},
        "default": {"description": "Any other error."},
    }


def test_header_that_two_fields_read_is_named_once() -> None:
    types = "class H(BaseModel):\n    x_id: str\n    other: int = Field(1, alias='X-Id')\n"
    assert [p["name"] for p in parameters_of(types, "ApiRequest[None, Query, H]")] == ["x-id"]


def test_query_field_that_is_picked_out_of_a_list_is_a_list() -> None:
    types = "class Q(BaseModel):\n    first: int = Field(validation_alias=AliasPath('ids', 0))\n"
    assert parameters_of(types, "ApiRequest[None, Q]") == [
        {
            "name": "ids",
            "in": "query",
            "required": True,
            "schema": {"type": "array", "items": {}, "minItems": 1},
            "style": "form",
            "explode": True,
        }
    ]


def test_function_is_read_once_for_all_methods() -> None:
    text = "def handler(req: ApiRequest[None], res: ApiResponse[int]): return res.status(201).json(1)"
    methods = document_of({"api/x.py": text})["paths"]["/api/x"]
    statuses = [list(operation["responses"]) for operation in methods.values()]
    assert statuses == [["201", "default"]] * 5
