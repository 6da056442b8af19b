"""OpenAPI documents for tests: made from route modules given as source, and held against the specification."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

from openapi_spec_validator import OpenAPIV31SpecValidator, OpenAPIV32SpecValidator

from typed_api import TypedAPI
from typed_api.openapi import Info, OpenAPIVersion, build_document
from typed_api.testing import create_app

IMPORTS: Final = """\
import dataclasses
import datetime
import decimal
import enum
import functools
import http
import typing
import uuid
from typing import Annotated, Any, Final, Generic, Literal, NamedTuple, Never, TypeVar

import pydantic
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag
from pydantic import PlainSerializer, WithJsonSchema, computed_field, field_serializer
from typing_extensions import NotRequired, TypeAliasType, TypedDict

from typed_api import *
from typed_api import RouteConfig, UploadFile
"""
"""What the modules of these tests import."""

INFO: Final = Info(title="Tests", version="1.0")

PROBLEM: Final[dict[str, Any]] = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
"""The content of an error of the framework."""
OWN: Final[dict[str, dict[str, str]]] = {
    "400": {"$ref": "#/components/responses/BadRequest"},
    "413": {"$ref": "#/components/responses/ContentTooLarge"},
    "415": {"$ref": "#/components/responses/UnsupportedMediaType"},
    "422": {"$ref": "#/components/responses/UnprocessableContent"},
    "default": {"$ref": "#/components/responses/Error"},
}
"""The errors of the framework, by status."""
SHARED_SCHEMAS: Final = frozenset({"Problem", "ProblemError"})
"""The schemas that every document has."""


def source(text: str) -> str:
    """Write a module with the imports of these tests."""
    return IMPORTS + "\n\n" + textwrap.dedent(text)


def app_of(files: Mapping[str, str], **options: Any) -> TypedAPI:
    """Make an app of route modules, each with the imports of these tests."""
    return create_app({name: source(text) for name, text in files.items()}, **options)


def document_of(
    files: Mapping[str, str],
    *,
    info: Info = INFO,
    openapi: OpenAPIVersion = "3.1",
    servers: Sequence[str] = (),
    **options: Any,
) -> dict[str, Any]:
    """Build the document of route modules, and hold it against the specification."""
    document: dict[str, Any] = build_document(
        app_of(files, **options).endpoints, info, openapi=openapi, servers=servers
    )
    validator = OpenAPIV31SpecValidator if openapi == "3.1" else OpenAPIV32SpecValidator
    assert [error.message for error in validator(document).iter_errors()] == []
    return document


def operation_of(text: str, *, file: str = "api/x.py", method: str = "get", **options: Any) -> dict[str, Any]:
    """Build a document of one module, and give one operation of its first path."""
    document = document_of({file: text}, **options)
    path: dict[str, Any] = next(iter(document["paths"].values()))
    operation: dict[str, Any] = path[method]
    return operation


def responses_of(
    declared: str, body: str, *, before: str = "", name: str = "get", request: str = "ApiRequest[None]", **options: Any
) -> dict[str, Any]:
    """Give the responses of a handler that declares one thing and does another."""
    text = f"{textwrap.dedent(before)}\ndef {name}(req: {request}, res: ApiResponse[{declared}]):\n"
    text += textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n"
    responses: dict[str, Any] = operation_of(text, method=name, **options)["responses"]
    return responses


def statuses_of(declared: str, body: str, **options: Any) -> list[str]:
    """Give the statuses that such a handler is documented with."""
    return list(responses_of(declared, body, **options))


def schemas_of(files: Mapping[str, str], **options: Any) -> dict[str, Any]:
    """Give the named schemas of a document, without those that every document has."""
    schemas: dict[str, Any] = document_of(files, **options)["components"]["schemas"]
    return {name: schema for name, schema in schemas.items() if name not in SHARED_SCHEMAS}


def answer_schema(types: str, declared: str = "Ok[M]", **options: Any) -> Any:
    """Give what is said of a type that is answered as JSON; a reference is followed once."""
    text = f"{textwrap.dedent(types)}\ndef get(req: ApiRequest[None], res: ApiResponse[{declared}]): ...\n"
    return _schema_in(text, "get", lambda operation: operation["responses"]["200"]["content"], **options)


def body_schema(types: str, declared: str = "M", **options: Any) -> Any:
    """Give what is said of a type that is taken as a JSON body; a reference is followed once."""
    text = f"{textwrap.dedent(types)}\ndef post(req: ApiRequest[{declared}], res: ApiResponse[NoContent]): ...\n"
    return _schema_in(text, "post", lambda operation: operation["requestBody"]["content"], **options)


def _schema_in(text: str, method: str, find: Any, **options: Any) -> Any:
    document = document_of({"api/x.py": text}, **options)
    schema = next(iter(find(document["paths"]["/api/x"][method]).values()))["schema"]
    if set(schema) == {"$ref"}:
        schema = document["components"]["schemas"][schema["$ref"].removeprefix("#/components/schemas/")]
    return schema


def parameters_of(types: str, request: str, *, file: str = "api/x.py", **options: Any) -> list[dict[str, Any]]:
    """Give the parameters of a handler."""
    text = f"{textwrap.dedent(types)}\ndef get(req: {request}, res: ApiResponse[NoContent]): ...\n"
    parameters: list[dict[str, Any]] = operation_of(text, file=file, **options).get("parameters", [])
    return parameters
