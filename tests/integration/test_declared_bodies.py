"""Bodies that a handler declares: what is taken, what is refused with which status, and when nothing is read."""

from collections.abc import Mapping

import pytest

from tests.direct import Exchange, call, exchange, make_scope, problem
from typed_api import TypedAPI
from typed_api.testing import create_app

MODELS = """
    import datetime
    import decimal
    import enum
    import uuid
    from dataclasses import dataclass

    from pydantic import BaseModel
    from typing_extensions import TypedDict

    class Colour(enum.Enum):
        RED = "red"

    class Size(enum.IntEnum):
        SMALL = 1

    class Item(BaseModel):
        name: str
        price: int

    class Rich(BaseModel):
        day: datetime.date | None = None
        moment: datetime.datetime | None = None
        time: datetime.time | None = None
        span: datetime.timedelta | None = None
        id: uuid.UUID | None = None
        colour: Colour | None = None
        size: Size | None = None
        amount: decimal.Decimal | None = None
        ratio: float | None = None
        flag: bool | None = None
        count: int | None = None

    @dataclass
    class Point:
        x: int

    class Row(TypedDict):
        x: int
"""

ITEM = """
    from typed_api import ApiRequest, ApiResponse{imports}
    from .{dots}_models import Item

    {config}

    def post(req: ApiRequest[Item], res: ApiResponse[Item]) -> None:
        res.json(req.body)

    def put(req: ApiRequest[Item], res: ApiResponse[Item]) -> None:
        res.json(req.body)
"""


def item_source(config: str = "", depth: int = 0) -> str:
    return ITEM.format(imports=", RouteConfig" if config else "", config=config, dots="." * depth)


def echo_source(declared: str, config: str = "", shown: str = "req.body") -> str:
    return f"""
        from typing import Any
        from typed_api import ApiRequest, ApiResponse, RouteConfig
        from ._models import Item, Point, Rich, Row

        config = RouteConfig({config})

        def post(req: ApiRequest[{declared}], res: ApiResponse[str]) -> None:
            res.send(repr({shown}))
    """


GIVEN = "req.body.model_dump(exclude_unset=True)"

TREE = {
    "api/_models.py": MODELS,
    "api/items.py": item_source(),
    "api/lax.py": item_source("config = RouteConfig(coerce=True)"),
    "api/lax_put.py": item_source("config = RouteConfig(put=RouteConfig(coerce=True))"),
    "api/folder/__init__.py": "from typed_api import RouteConfig\nconfig = RouteConfig(coerce=True)\n",
    "api/folder/items.py": item_source(depth=1),
    "api/folder/strict.py": item_source("config = RouteConfig(coerce=False)", depth=1),
    "api/rich.py": echo_source("Rich", shown=GIVEN),
    "api/lax_rich.py": echo_source("Rich", "coerce=True", shown=GIVEN),
    "api/list_of.py": echo_source("list[int]"),
    "api/mapping.py": echo_source("dict[str, int]"),
    "api/number.py": echo_source("int"),
    "api/choice.py": echo_source("Item | None"),
    "api/record.py": echo_source("Point"),
    "api/row.py": echo_source("Row"),
    "api/anything.py": echo_source("Any"),
}

JSON = "application/json"
GOOD = b'{"name": "Tea", "price": 3}'
NOT_JSON_TYPE = problem(
    415, "Unsupported Media Type", "This route takes JSON. Send it with Content-Type: application/json."
)
NOT_UTF_8 = problem(415, "Unsupported Media Type", "JSON is sent as UTF-8. Leave the charset out.")
INVALID_JSON = problem(400, "Bad Request", "Invalid JSON")


@pytest.fixture(scope="module")
def app() -> TypedAPI:
    return create_app(TREE)


@pytest.fixture(scope="module")
def lax_app() -> TypedAPI:
    return create_app({"api/_models.py": MODELS, "api/items.py": item_source()}, coerce=True)


async def post(app: TypedAPI, target: str, body: bytes, content_type: str | None = JSON) -> Exchange:
    headers = {} if content_type is None else {"content-type": content_type}
    return await call(app, "POST", target, headers=headers, body=body)


def unfit(*errors: tuple[list[str | int], str, str]) -> dict[str, object]:
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    listed = [{"loc": ["body", *loc], "msg": message, "type": kind} for loc, message, kind in errors]
    return problem(422, "Unprocessable Content", f"The request body does not fit: {count}.", errors=listed)


# --- 415, 400, 422 ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type", [JSON, "Application/JSON; charset=UTF-8", "application/vnd.api+json", "application/json; v=2"]
)
async def test_json_of_the_declared_shape_is_taken(app: TypedAPI, content_type: str) -> None:
    answer = await post(app, "/api/items", GOOD, content_type)
    assert (answer.status, answer.json) == (200, {"name": "Tea", "price": 3})


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (None, NOT_JSON_TYPE),
        ("text/plain", NOT_JSON_TYPE),
        ("text/json", NOT_JSON_TYPE),
        ("application/x-www-form-urlencoded", NOT_JSON_TYPE),
        ("multipart/form-data; boundary=x", NOT_JSON_TYPE),
        ("application/json;", NOT_JSON_TYPE),
        ("", NOT_JSON_TYPE),
        ("application/json; charset=utf-16", NOT_UTF_8),
        ("application/json; charset=bogus", NOT_UTF_8),
    ],
)
async def test_declared_body_needs_a_json_type(
    app: TypedAPI, content_type: str | None, expected: Mapping[str, object]
) -> None:
    """A form on another site can send text and forms without asking, but no JSON type: it must be there."""
    answer = await post(app, "/api/items", GOOD, content_type)
    assert (answer.status, answer.json) == (415, expected)


async def test_compressed_declared_body_is_refused(app: TypedAPI) -> None:
    headers = {"content-type": JSON, "content-encoding": "gzip"}
    answer = await call(app, "POST", "/api/items", headers=headers, body=GOOD)
    assert (answer.status, answer.json) == (
        415,
        problem(415, "Unsupported Media Type", "A compressed body is not taken. Send it without Content-Encoding."),
    )


async def test_wrong_type_is_refused_before_the_body_is_read(app: TypedAPI) -> None:
    scope = make_scope("POST", "/api/items", {"content-type": "text/plain", "content-length": "5"})
    answer = await exchange(app, scope)
    assert (answer.status, answer.received) == (415, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        GOOD + b"x",
        b'{"name": "Tea", "price": 3,}',
        b"\xef\xbb\xbf" + GOOD,
        b'{"name": "\xff", "price": 3}',
        GOOD.decode().encode("utf-16"),
        b"[" * 100_000,
        b'{"name": "\\ud800", "price": 3}',
    ],
    ids=["empty", "space", "open", "tail", "comma", "mark", "no utf-8", "utf-16", "deep", "surrogate"],
)
async def test_malformed_declared_body_is_400(app: TypedAPI, body: bytes) -> None:
    answer = await post(app, "/api/items", body)
    assert (answer.status, answer.json) == (400, INVALID_JSON)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (b'{"name": "Tea"}', [(["price"], "Field required", "missing")]),
        (
            b'{"name": 1, "price": "3"}',
            [
                (["name"], "Input should be a valid string", "string_type"),
                (["price"], "Input should be a valid integer", "int_type"),
            ],
        ),
        (
            b"[]",
            [([], "Input should be an object", "model_type")],
        ),
        (b"null", [([], "Input should be an object", "model_type")]),
    ],
)
async def test_declared_body_of_another_shape_is_422(
    app: TypedAPI, body: bytes, errors: list[tuple[list[str | int], str, str]]
) -> None:
    answer = await post(app, "/api/items", body)
    assert (answer.status, answer.header("content-type"), answer.json) == (
        422,
        "application/problem+json",
        unfit(*errors),
    )


async def test_what_was_sent_is_not_repeated_in_the_refusal(app: TypedAPI) -> None:
    answer = await post(app, "/api/items", b'{"name": "Tea", "price": "hunter2"}')
    assert (answer.status, "hunter2" in answer.text) == (422, False)


async def test_at_most_a_hundred_errors_are_listed(app: TypedAPI) -> None:
    answer = await post(app, "/api/list_of", b"[" + b",".join([b'"a"'] * 101) + b"]")
    assert (answer.status, answer.json["detail"], len(answer.json["errors"])) == (
        422,
        "The request body does not fit: 101 errors, the first 100 are listed.",
        100,
    )


async def test_last_of_duplicate_keys_wins(app: TypedAPI) -> None:
    answer = await post(app, "/api/items", b'{"name": "Tea", "price": 1, "price": 2}')
    assert answer.json == {"name": "Tea", "price": 2}


@pytest.mark.parametrize(
    ("target", "body", "value"),
    [
        ("/api/list_of", b"[1, 2]", [1, 2]),
        ("/api/mapping", b'{"a": 1}', {"a": 1}),
        ("/api/number", b"7", 7),
        ("/api/choice", b"null", None),
        ("/api/row", b'{"x": 1}', {"x": 1}),
    ],
)
async def test_any_type_can_be_declared(app: TypedAPI, target: str, body: bytes, value: object) -> None:
    assert (await post(app, target, body)).text == repr(value)


async def test_dataclass_can_be_declared(app: TypedAPI) -> None:
    assert (await post(app, "/api/record", b'{"x": 1}')).text == "Point(x=1)"


async def test_any_as_a_body_is_an_undeclared_one(app: TypedAPI) -> None:
    assert (await post(app, "/api/anything", b"a", "text/plain")).text == "'a'"


# --- Strict and lax ---------------------------------------------------------------------------------------------------

TEXTS = b"""{"day": "2024-02-29", "moment": "2024-02-29T12:00:00Z", "time": "12:30", "span": "PT1H",
    "id": "12345678-1234-5678-1234-567812345678", "colour": "red", "amount": "1.10", "ratio": 2}"""


async def test_dates_uuids_enums_and_decimals_come_from_strings(app: TypedAPI) -> None:
    answer = await post(app, "/api/rich", TEXTS)
    assert answer.text == (
        "{'day': datetime.date(2024, 2, 29), 'moment': datetime.datetime(2024, 2, 29, 12, 0, tzinfo=TzInfo(0)), "
        "'time': datetime.time(12, 30), 'span': datetime.timedelta(seconds=3600), "
        "'id': UUID('12345678-1234-5678-1234-567812345678'), 'colour': <Colour.RED: 'red'>, "
        "'amount': Decimal('1.10'), 'ratio': 2.0}"
    )


@pytest.mark.parametrize(
    ("body", "loc", "kind"),
    [
        (b'{"count": "1"}', "count", "int_type"),
        (b'{"count": true}', "count", "int_type"),
        (b'{"count": 1.5}', "count", "int_type"),
        (b'{"count": 1.0}', "count", "int_type"),
        (b'{"flag": "true"}', "flag", "bool_type"),
        (b'{"flag": 1}', "flag", "bool_type"),
        (b'{"ratio": "1.5"}', "ratio", "float_type"),
        (b'{"day": 0}', "day", "date_type"),
        (b'{"moment": 0}', "moment", "datetime_type"),
        (b'{"colour": "blue"}', "colour", "enum"),
        (b'{"id": "x"}', "id", "uuid_parsing"),
        (b'{"amount": "x"}', "amount", "decimal_parsing"),
    ],
)
async def test_json_types_are_not_turned_into_others(app: TypedAPI, body: bytes, loc: str, kind: str) -> None:
    answer = await post(app, "/api/rich", body)
    assert (answer.status, [(error["loc"], error["type"]) for error in answer.json["errors"]]) == (
        422,
        [(["body", loc], kind)],
    )


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"count": "1"}', "{'count': 1}"),
        (b'{"count": true}', "{'count': 1}"),
        (b'{"count": 1.0}', "{'count': 1}"),
        (b'{"flag": "yes"}', "{'flag': True}"),
        (b'{"ratio": "1.5"}', "{'ratio': 1.5}"),
        (b'{"day": 0}', "{'day': datetime.date(1970, 1, 1)}"),
        (b'{"size": "1"}', "{'size': <Size.SMALL: 1>}"),
    ],
)
async def test_lax_rules_turn_them(app: TypedAPI, body: bytes, value: str) -> None:
    answer = await post(app, "/api/lax_rich", body)
    assert (answer.status, answer.text) == (200, value)


LAX = b'{"name": "Tea", "price": "3"}'


@pytest.mark.parametrize(
    ("target", "method", "status"),
    [
        ("/api/items", "POST", 422),
        ("/api/lax", "POST", 200),
        ("/api/lax", "PUT", 200),
        ("/api/lax_put", "POST", 422),
        ("/api/lax_put", "PUT", 200),
        ("/api/folder/items", "POST", 200),
        ("/api/folder/strict", "POST", 422),
    ],
)
async def test_lax_rules_are_set_for_route_method_or_folder(
    app: TypedAPI, target: str, method: str, status: int
) -> None:
    answer = await call(app, method, target, headers={"content-type": JSON}, body=LAX)
    assert answer.status == status


async def test_lax_rules_are_set_for_the_app(lax_app: TypedAPI) -> None:
    answer = await post(lax_app, "/api/items", LAX)
    assert (answer.status, answer.json) == (200, {"name": "Tea", "price": 3})


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
@pytest.mark.parametrize("target", ["/api/rich", "/api/lax_rich"])
async def test_float_that_is_not_finite_is_422(app: TypedAPI, target: str, number: bytes) -> None:
    answer = await post(app, target, b'{"ratio": ' + number + b"}")
    assert (answer.status, answer.json) == (
        422,
        unfit((["ratio"], "Input should be a finite number", "finite_number")),
    )
