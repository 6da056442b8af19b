"""Queries and headers that a handler declares: how text becomes values, and what is refused."""

import pytest

from tests.direct import Exchange, call, problem
from typed_api import StartupError, TypedAPI
from typed_api.testing import create_app


def query_source(fields: str) -> str:
    return f"""
        import datetime
        import enum
        from typing import Literal
        from pydantic import BaseModel, ConfigDict, Field, AliasChoices
        from typed_api import ApiRequest, ApiResponse

        class Colour(enum.Enum):
            RED = "red"

        class Level(enum.IntEnum):
            HIGH = 2

        class Query(BaseModel):
            {fields}

        def get(req: ApiRequest[None, Query], res: ApiResponse[str]) -> None:
            res.send(repr(req.query.model_dump(exclude_unset=True)))
    """


def headers_source(fields: str) -> str:
    return f"""
        import datetime
        from pydantic import BaseModel, Field
        from typed_api import ApiRequest, ApiResponse, Query

        class Sent(BaseModel):
            {fields}

        def get(req: ApiRequest[None, Query, Sent], res: ApiResponse[str]) -> None:
            res.send(repr(req.headers.model_dump(exclude_unset=True)))
    """


TREE = {
    "api/search.py": query_source(
        "text: str = ''; page: int = 1; ratio: float = 0; exact: bool = False; tags: list[str] = []; "
        "ids: list[int] = []; day: datetime.date | None = None; level: Level | None = None; "
        "colour: Colour | None = None; order: Literal['up', 'down'] = 'up'; size: Literal[1, 2] = 1; "
        "limit: int | None = None"
    ),
    "api/strict_model.py": query_source("model_config = ConfigDict(strict=True, extra='forbid'); page: int = 1"),
    "api/aliased.py": query_source("size: int = Field(alias='page[size]')"),
    "api/items/_id_.py": query_source("id: int; tags: list[str] = []"),
    "api/choices/_id_.py": query_source("id: int = Field(validation_alias=AliasChoices('ID', 'id'))"),
    "api/by_name/_id_.py": query_source(
        "model_config = ConfigDict(validate_by_name=True, validate_by_alias=True); id: int = Field(alias='ident')"
    ),
    "api/many/_path__.py": query_source("path: list[str]; page: int = 1"),
    "api/dataclass/_id_.py": """
        from dataclasses import dataclass
        from typed_api import ApiRequest, ApiResponse

        @dataclass
        class Query:
            id: int
            page: int = 1

        def get(req: ApiRequest[None, Query], res: ApiResponse[str]) -> None:
            res.send(repr(req.query))
    """,
    "api/row/_id_.py": """
        from typing_extensions import NotRequired, TypedDict
        from typed_api import ApiRequest, ApiResponse

        class Query(TypedDict):
            id: int
            page: NotRequired[int]

        def get(req: ApiRequest[None, Query], res: ApiResponse[str]) -> None:
            res.send(repr(req.query))
    """,
    "api/headers/traced.py": headers_source("x_request_id: str; depth: int = 0"),
    "api/headers/aliased.py": headers_source("tag: str = Field(default='', alias='X_Tag')"),
    "api/headers/listed.py": headers_source("x_tag: list[int] = []; accept: str = ''"),
    "api/headers/conditional.py": headers_source("if_match: str | None = None; day: datetime.date | None = None"),
    "api/headers/row.py": """
        from dataclasses import dataclass
        from typed_api import ApiRequest, ApiResponse, Query

        @dataclass
        class Sent:
            x_request_id: str = "none"

        def get(req: ApiRequest[None, Query, Sent], res: ApiResponse[str]) -> None:
            res.send(repr(req.headers))
    """,
    "api/headers/guarded.py": """
        from pydantic import BaseModel
        from typed_api import ApiRequest, ApiResponse, RouteConfig

        class Seen:
            def __init__(self, text: str) -> None:
                self.text = text

        class Search(BaseModel):
            page: int

        class Sent(BaseModel):
            x_depth: int

        def look(req: ApiRequest[object, object]) -> None:
            req.state[Seen] = Seen(repr((req.query, req.headers["x-depth"])))

        config = RouteConfig(before=look)

        def get(req: ApiRequest[None, Search, Sent], res: ApiResponse[str]) -> None:
            res.send(repr((req.state[Seen].text, req.query.page, req.headers.x_depth)))
    """,
}


@pytest.fixture(scope="module")
def app() -> TypedAPI:
    return create_app(TREE)


async def get(app: TypedAPI, target: str, *headers: tuple[str, str]) -> Exchange:
    return await call(app, "GET", target, headers=headers)


def unfit(subject: str, *errors: tuple[list[str | int], str, str]) -> dict[str, object]:
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    listed = [{"loc": loc, "msg": message, "type": kind} for loc, message, kind in errors]
    return problem(422, "Unprocessable Content", f"{subject} not fit: {count}.", errors=listed)


NO_INT = "Input should be a valid integer, unable to parse string as an integer"


# --- Queries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", "{}"),
        ("text=a+b&page=2", "{'text': 'a b', 'page': 2}"),
        ("ratio=1.5", "{'ratio': 1.5}"),
        ("day=2024-02-29", "{'day': datetime.date(2024, 2, 29)}"),
        ("colour=red", "{'colour': <Colour.RED: 'red'>}"),
        ("level=2", "{'level': <Level.HIGH: 2>}"),
        ("order=down", "{'order': 'down'}"),
        ("size=2", "{'size': 2}"),
        ("limit=", "{'limit': None}"),
        ("text=", "{'text': ''}"),
        ("other=1", "{}"),
    ],
)
async def test_query_is_read_by_lax_rules(app: TypedAPI, text: str, value: str) -> None:
    answer = await get(app, f"/api/search?{text}")
    assert (answer.status, answer.text) == (200, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("on", True), ("yes", True), ("1", True), ("TRUE", True), ("off", False), ("no", False), ("0", False)],
)
async def test_bool_of_a_query_is_a_word(app: TypedAPI, text: str, value: bool) -> None:
    assert (await get(app, f"/api/search?exact={text}")).text == repr({"exact": value})


@pytest.mark.parametrize(
    ("text", "loc", "kind"),
    [
        ("page=x", "page", "int_parsing"),
        ("page=", "page", "int_parsing"),
        ("page=1.5", "page", "int_parsing"),
        ("page=%D9%A3", "page", "int_parsing"),
        ("page=%EF%BC%93", "page", "int_parsing"),
        ("exact=", "exact", "bool_parsing"),
        ("exact=maybe", "exact", "bool_parsing"),
        ("ratio=nan", "ratio", "finite_number"),
        ("ratio=1e999", "ratio", "finite_number"),
        ("order=left", "order", "literal_error"),
        ("colour=blue", "colour", "enum"),
        ("page=1&page=2", "page", "int_type"),
        ("text=a&text=b", "text", "string_type"),
    ],
)
async def test_value_of_a_query_that_does_not_fit_is_422(app: TypedAPI, text: str, loc: str, kind: str) -> None:
    answer = await get(app, f"/api/search?{text}")
    assert (answer.status, [(error["loc"], error["type"]) for error in answer.json["errors"]]) == (
        422,
        [(["query", loc], kind)],
    )


async def test_refusal_of_a_query_names_every_error(app: TypedAPI) -> None:
    answer = await get(app, "/api/search?page=hunter2&ids=1&ids=x")
    assert (answer.status, answer.header("content-type"), answer.json) == (
        422,
        "application/problem+json",
        unfit(
            "The query does", (["query", "page"], NO_INT, "int_parsing"), (["query", "ids", 1], NO_INT, "int_parsing")
        ),
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("tags=a", {"tags": ["a"]}),
        ("tags=a&tags=b&tags=a", {"tags": ["a", "b", "a"]}),
        ("tags=", {"tags": [""]}),
        ("tags=a,b", {"tags": ["a,b"]}),
        ("ids=1", {"ids": [1]}),
    ],
)
async def test_list_of_a_query_takes_one_value_or_several(app: TypedAPI, text: str, value: object) -> None:
    assert (await get(app, f"/api/search?{text}")).text == repr(value)


async def test_model_that_is_strict_about_json_is_lax_about_a_query(app: TypedAPI) -> None:
    """Text has no types that a model could be strict about; what it forbids stays forbidden."""
    fits, extra = await get(app, "/api/strict_model?page=2"), await get(app, "/api/strict_model?other=1")
    assert (fits.text, extra.status, extra.json) == (
        "{'page': 2}",
        422,
        unfit("The query does", (["query", "other"], "Extra inputs are not permitted", "extra_forbidden")),
    )


async def test_query_is_read_by_alias(app: TypedAPI) -> None:
    fits, missing = await get(app, "/api/aliased?page[size]=3"), await get(app, "/api/aliased?size=3")
    assert (fits.text, missing.status, missing.json) == (
        "{'size': 3}",
        422,
        unfit("The query does", (["query", "page[size]"], "Field required", "missing")),
    )


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("/api/dataclass/7?page=2", "Query(id=7, page=2)"),
        ("/api/dataclass/7", "Query(id=7, page=1)"),
        ("/api/row/7?page=2", "{'id': 7, 'page': 2}"),
        ("/api/row/7", "{'id': 7}"),
    ],
)
async def test_query_may_be_a_dataclass_or_a_typed_dict(app: TypedAPI, target: str, text: str) -> None:
    assert (await get(app, target)).text == text


# --- Path parameters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "?id=8", "?id=8&id=9", "?%69d=8"])
async def test_path_beats_the_query_string(app: TypedAPI, text: str) -> None:
    answer = await get(app, f"/api/items/7{text}")
    assert (answer.status, answer.text) == (200, "{'id': 7}")


@pytest.mark.parametrize(
    ("target", "text"),
    [("/api/choices/7?ID=8", "{'id': 7}"), ("/api/by_name/7?ident=8", "{'id': 7}")],
)
async def test_query_string_fills_no_path_parameter_by_another_name(app: TypedAPI, target: str, text: str) -> None:
    """Whoever checked the path has checked what the handler uses, whatever aliases the field has."""
    assert (await get(app, target)).text == text


@pytest.mark.parametrize("segment", ["x", "7.5", "%D9%A7"])
async def test_path_parameter_that_does_not_fit_is_422(app: TypedAPI, segment: str) -> None:
    answer = await get(app, f"/api/items/{segment}?id=7")
    assert (answer.status, answer.json) == (
        422,
        unfit("The query does", (["query", "id"], NO_INT, "int_parsing")),
    )


async def test_catch_all_is_a_list_beside_the_query(app: TypedAPI) -> None:
    answer = await get(app, "/api/many/a/b?path=c&page=2")
    assert answer.text == "{'path': ['a', 'b'], 'page': 2}"


def test_query_that_leaves_a_path_parameter_out_keeps_the_app_from_starting() -> None:
    with pytest.raises(StartupError) as caught:
        create_app({"api/users/_id_.py": query_source("page: int = 1")})
    assert caught.value.problems == (
        "'pages/api/users/_id_.py': Path parameter 'id' of route '/api/users/{id}' is missing from 'Query', the query "
        "of handler 'get'. Add a field of that name.",
    )


# --- Headers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x-request-id", "X-Request-ID"])
async def test_field_reads_the_header_with_hyphens(app: TypedAPI, name: str) -> None:
    answer = await get(app, "/api/headers/traced", (name, "abc"), ("depth", "3"), ("other", "1"))
    assert (answer.status, answer.text) == (200, "{'x_request_id': 'abc', 'depth': 3}")


async def test_header_with_underscores_is_another_header(app: TypedAPI) -> None:
    """A proxy that strips `x-request-id` may well let `x_request_id` through."""
    answer = await get(app, "/api/headers/traced", ("x_request_id", "forged"))
    assert (answer.status, answer.json) == (
        422,
        unfit("The headers do", (["header", "x-request-id"], "Field required", "missing")),
    )


async def test_header_that_does_not_fit_is_422(app: TypedAPI) -> None:
    answer = await get(app, "/api/headers/traced", ("x-request-id", "abc"), ("depth", "deep"))
    assert (answer.status, answer.json) == (
        422,
        unfit("The headers do", (["header", "depth"], NO_INT, "int_parsing")),
    )


@pytest.mark.parametrize(("name", "text"), [("x_tag", "{'tag': 'a'}"), ("X_TAG", "{'tag': 'a'}"), ("x-tag", "{}")])
async def test_alias_of_a_header_is_its_name_as_it_stands(app: TypedAPI, name: str, text: str) -> None:
    assert (await get(app, "/api/headers/aliased", (name, "a"))).text == text


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([], "{}"),
        (["1"], "{'x_tag': [1]}"),
        (["1", "2"], "{'x_tag': [1, 2]}"),
    ],
)
async def test_list_of_a_header_has_its_lines(app: TypedAPI, lines: list[str], text: str) -> None:
    assert (await get(app, "/api/headers/listed", *(("x-tag", line) for line in lines))).text == text


async def test_lines_of_one_header_are_joined_for_one_value(app: TypedAPI) -> None:
    """Several lines mean the same as one line with commas (RFC 9110 §5.3)."""
    answer = await get(app, "/api/headers/listed", ("accept", "a/b"), ("accept", "c/d"))
    assert answer.text == "{'accept': 'a/b, c/d'}"


async def test_header_is_latin_1(app: TypedAPI) -> None:
    assert (await get(app, "/api/headers/traced", ("x-request-id", "é"))).text == "{'x_request_id': 'é'}"


async def test_optional_header_may_be_missing(app: TypedAPI) -> None:
    target = "/api/headers/conditional"
    none, some = await get(app, target), await get(app, target, ("if-match", ""))
    assert (none.text, some.text) == ("{}", "{'if_match': ''}")


@pytest.mark.parametrize(("lines", "text"), [([], "none"), (["abc"], "abc")])
async def test_headers_may_be_a_dataclass(app: TypedAPI, lines: list[str], text: str) -> None:
    answer = await get(app, "/api/headers/row", *(("x-request-id", line) for line in lines))
    assert answer.text == f"Sent(x_request_id='{text}')"


async def test_guard_sees_query_and_headers_as_they_came(app: TypedAPI) -> None:
    """A guard runs before anything is validated, and serves routes of any declaration."""
    answer = await get(app, "/api/headers/guarded?page=1", ("x-depth", "2"))
    assert answer.text == repr(("(Query({'page': '1'}), '2')", 1, 2))
