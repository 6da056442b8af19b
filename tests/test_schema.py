"""The readers and writers that `typed_api.schema` makes from declared types."""

import dataclasses
import enum
import functools
import json
import math
import time
import typing
import warnings
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar, Union
from uuid import UUID

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    Base64Bytes,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    Json,
    JsonValue,
    PlainSerializer,
    PlainValidator,
    PrivateAttr,
    RootModel,
    SecretStr,
    SerializeAsAny,
    TypeAdapter,
    ValidationInfo,
    WrapValidator,
    computed_field,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.dataclasses import dataclass as pydantic_dataclass
from pydantic_core import SchemaSerializer, SchemaValidator, core_schema
from typing_extensions import NotRequired, TypedDict

from typed_api import schema
from typed_api.errors import ApiError, ResponseValidationError
from typed_api.schema import (
    SchemaError,
    TextField,
    Where,
    check_type,
    json_validator,
    parse_json,
    response_codec,
    text_fields,
    text_validator,
)

T = TypeVar("T")
INF = math.inf
ID = "12345678-1234-5678-1234-567812345678"

Errors = list[dict[str, object]]
Refusal = tuple[int, str | None, Errors]


def refusal(call: Callable[[], object]) -> Refusal:
    """Call something that must refuse a request, and give status, detail and errors."""
    with pytest.raises(ApiError) as caught:
        call()
    return caught.value.status_code, caught.value.detail, [dict(error) for error in caught.value.errors]


def read(declared: Any, raw: str | bytes, *, coerce: bool = False) -> Any:
    return json_validator(declared, coerce=coerce)(raw if isinstance(raw, bytes) else raw.encode())


def problems(call: Callable[[], object]) -> list[tuple[object, object]]:
    """Call something that must be refused with 422, and give the place and type of each error."""
    status_code, _, errors = refusal(call)
    assert status_code == 422
    return [(error["loc"], error["type"]) for error in errors]


def read_text(declared: Any, values: Mapping[str, object], where: Where = "query") -> Any:
    return text_validator(declared, where)(values)


def misfit(declared: Any, body: object, *, recheck: bool = False) -> tuple[str, Errors]:
    """Encode a body that must not fit, and give the sentence and the errors."""
    with pytest.raises(ResponseValidationError) as caught:
        response_codec(declared, recheck=recheck).encode(body)
    return str(caught.value), [dict(error) for error in caught.value.errors]


def encode(declared: Any, body: object, *, recheck: bool = False) -> bytes:
    return response_codec(declared, recheck=recheck).encode(body)


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Mixed(enum.Enum):
    ONE = 1
    HALF = 0.5
    TEXT = "x"


class Address(BaseModel):
    city: str
    zip_code: str = ""


class User(BaseModel):
    id: int
    name: str
    address: Address | None = None
    tags: list[str] = []


class Place(BaseModel):
    lat: float
    notes: dict[str, float] = {}


class Tree(BaseModel):
    value: float
    children: list["Tree"] = []


class Box(BaseModel, Generic[T]):
    item: T


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    weight: float


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.0


@pydantic_dataclass
class Segment:
    start: Point
    length: float


class Movie(TypedDict):
    title: str
    score: NotRequired[float]


class Pair(NamedTuple):
    left: int
    right: float = 0.0


class Camel(BaseModel):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)
    first_name: str = Field(alias="firstName")


class Loose(BaseModel):
    model_config = ConfigDict(extra="allow")
    id: int


class Nothing:
    """A class that pydantic knows nothing about."""


# --- check_type -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "declared",
    [User, Tree, Box[int], Pet, Point, Segment, Movie, Pair, list[User], int, str, bytes, Any, None, dict[str, Any]],
    ids=repr,
)
def test_type_with_a_schema_passes(declared: Any) -> None:
    check_type(declared)


def test_complete_model_costs_no_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(type_: object) -> None:
        raise AssertionError(f"an adapter was built for {type_!r}")

    monkeypatch.setattr(schema, "_adapter", refuse)
    check_type(User)


def unusable(declared: Any) -> str:
    with pytest.raises(SchemaError) as caught:
        check_type(declared)
    assert caught.value.declared is declared
    return str(caught.value)


def test_object_as_the_whole_type_is_refused() -> None:
    assert unusable(object) == (
        "'object' says nothing about the JSON. Declare a model, or 'Any' to let every JSON value through."
    )


def test_class_without_schema_is_named() -> None:
    assert unusable(Nothing) == (
        "'Nothing' cannot be read or written as JSON. Use a pydantic model, a dataclass, a TypedDict or a type that "
        "JSON knows."
    )


def test_inner_class_without_schema_is_named() -> None:
    declared = list[dict[str, Nothing]]
    assert unusable(declared) == (
        f"'{declared!r}' cannot be read or written as JSON: 'Nothing' has no schema. Use a pydantic model, a "
        "dataclass, a TypedDict or a type that JSON knows."
    )


@dataclasses.dataclass
class Order:
    id: int
    extras: list[Nothing]


def test_field_without_schema_is_named_with_its_path() -> None:
    assert unusable(Order) == (
        "'Order' cannot be read or written as JSON: 'Nothing' has no schema (at 'Order.extras'). Use a pydantic "
        "model, a dataclass, a TypedDict or a type that JSON knows."
    )


class Unfinished(BaseModel):
    friend: "Missing"  # type: ignore[name-defined]  # noqa: F821


class HoldsUnfinished(BaseModel):
    inner: list[Unfinished]


@dataclasses.dataclass
class UnfinishedPoint:
    x: "Missing"  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize("declared", [Unfinished, HoldsUnfinished, UnfinishedPoint])
def test_undefined_forward_reference_is_named(declared: type) -> None:
    assert unusable(declared) == (
        f"'{declared.__name__}' names 'Missing', which is not defined. Define it at module level, or import it "
        "outside of 'if TYPE_CHECKING:'."
    )


def test_undefined_forward_reference_inside_of_a_list_is_named() -> None:
    declared = list[Unfinished]
    assert "names 'Missing', which is not defined." in unusable(declared)


def test_names_of_the_schema_module_do_not_fill_forward_references() -> None:
    class Sneaky(BaseModel):
        field: "ResponseCodec"  # type: ignore[name-defined]  # noqa: F821

    assert "names 'ResponseCodec', which is not defined." in unusable(Sneaky)


class Early(BaseModel):
    later: "Late"


class Late(BaseModel):
    id: int


def test_forward_reference_to_a_later_class_is_completed() -> None:
    check_type(Early)
    assert Early.__pydantic_complete__


class Deferred(BaseModel):
    model_config = ConfigDict(defer_build=True)
    id: int


def test_deferred_model_is_built() -> None:
    check_type(Deferred)
    assert read(Deferred, '{"id": 1}') == Deferred(id=1)
    assert encode(Deferred, {"id": 1}) == b'{"id":1}'


def test_other_problems_of_pydantic_are_passed_on() -> None:
    declared = Annotated[int | str, Field(discriminator="kind")]
    assert unusable(declared) == (
        f"'{declared!r}' cannot be read or written as JSON. The core schema type 'int' is not a valid discriminated "
        "union variant."
    )


def test_unhashable_metadata_is_no_obstacle() -> None:
    declared = Annotated[int, {"unit": ["m"]}]
    check_type(declared)
    assert read(declared, "3") == 3


def test_thousand_complete_models_are_checked_in_milliseconds() -> None:
    """Start stays cheap with a thousand routes of one model each."""
    started = time.process_time()
    for _ in range(1000):
        check_type(User)
        json_validator(User)
        text_validator(User, "query")
    assert time.process_time() - started < 0.1


# --- JSON bodies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "raw", "value"),
    [
        (User, '{"id": 1, "name": "a", "address": {"city": "b"}}', User(id=1, name="a", address=Address(city="b"))),
        (Tree, '{"value": 1, "children": [{"value": 2}]}', Tree(value=1, children=[Tree(value=2)])),
        (Box[float], '{"item": 1.5}', Box[float](item=1.5)),
        (Box[User], '{"item": {"id": 1, "name": "a"}}', Box[User](item=User(id=1, name="a"))),
        (Pet, '{"kind": "dog", "weight": 2}', Dog(weight=2)),
        (list[Pet], '[{"kind": "cat", "lives": 9}]', [Cat(lives=9)]),
        (RootModel[list[float]], "[1]", RootModel[list[float]]([1])),
        (Point, '{"x": 1, "y": 2}', Point(1, 2.0)),
        (Segment, '{"start": {"x": 1}, "length": 2}', Segment(Point(1), 2.0)),
        (Movie, '{"title": "a", "score": 1}', {"title": "a", "score": 1.0}),
        (Pair, "[1, 2]", Pair(1, 2.0)),
        (Camel, '{"firstName": "a"}', Camel(firstName="a")),
        (Loose, '{"id": 1, "more": [1.5]}', Loose.model_validate({"id": 1, "more": [1.5]})),
        (int | str, '"1"', "1"),
        (Annotated[int, Field(gt=3)], "4", 4),
        (Any, '{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        (JsonValue, '{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        (dict, '{"a": 1.5}', {"a": 1.5}),
        (list, "[1.5]", [1.5]),
        (set[int], "[1, 1]", {1}),
        (date, '"2020-01-02"', date(2020, 1, 2)),
        (UUID, f'"{ID}"', UUID(ID)),
        (Color, '"red"', Color.RED),
        (Level, "1", Level.LOW),
        (Decimal, '"1.50"', Decimal("1.50")),
        (Decimal, "1.50", Decimal("1.50")),
        (int, "123456789012345678901234567890", 123456789012345678901234567890),
    ],
    ids=repr,
)
def test_declared_body_is_read(declared: Any, raw: str, value: object) -> None:
    assert read(declared, raw) == value
    assert read(declared, raw, coerce=True) == value


@pytest.mark.parametrize(
    ("declared", "raw", "error_type"),
    [
        (int, '"1"', "int_type"),
        (int, "true", "int_type"),
        (int, "1.0", "int_type"),
        (bool, "1", "bool_type"),
        (bool, '"true"', "bool_type"),
        (float, '"1.5"', "float_type"),
        (str, "1", "string_type"),
        (datetime, "1", "datetime_type"),
        (Level, '"1"', "enum"),
    ],
)
def test_strict_body_refuses_another_json_type(declared: Any, raw: str, error_type: str) -> None:
    """C9: `true` and `"1"` are no int in a JSON body."""
    assert problems(lambda: read(declared, raw)) == [(["body"], error_type)]


@pytest.mark.parametrize(
    ("declared", "raw", "value"),
    [(int, '"1"', 1), (int, "true", 1), (bool, '"yes"', True), (float, '"1.5"', 1.5), (Level, '"1"', Level.LOW)],
)
def test_coerced_body_takes_another_json_type(declared: Any, raw: str, value: object) -> None:
    """C9: with `coerce=True` the lax rules hold."""
    assert read(declared, raw, coerce=True) == value


class Exacting(BaseModel):
    model_config = ConfigDict(strict=True)
    id: int


def test_coerce_leaves_a_strict_model_strict() -> None:
    assert problems(lambda: read(Exacting, '{"id": "1"}', coerce=True)) == [(["body", "id"], "int_type")]


def test_errors_are_listed_without_input() -> None:
    assert refusal(lambda: read(User, '{"id": "secret", "address": {}}')) == (
        422,
        "The request body does not fit: 3 errors.",
        [
            {"loc": ["body", "id"], "msg": "Input should be a valid integer", "type": "int_type"},
            {"loc": ["body", "name"], "msg": "Field required", "type": "missing"},
            {"loc": ["body", "address", "city"], "msg": "Field required", "type": "missing"},
        ],
    )


def test_one_error_is_counted_in_the_singular() -> None:
    assert refusal(lambda: read(int, '"1"'))[1] == "The request body does not fit: 1 error."


def test_unknown_tag_is_not_repeated() -> None:
    tag = "x" * 5000
    assert refusal(lambda: read(Pet, json.dumps({"kind": tag})))[2] == [
        {
            "loc": ["body"],
            "msg": "Input tag does not match any of the expected tags: 'cat', 'dog'",
            "type": "union_tag_invalid",
        }
    ]


def test_long_keys_are_cut_in_the_place_of_an_error() -> None:
    key = "k" * 5000
    errors = refusal(lambda: read(dict[str, int], json.dumps({key: "x"})))[2]
    assert errors[0]["loc"] == ["body", "k" * 99 + "…"]


def test_long_messages_are_cut() -> None:
    def refuse(value: str) -> str:
        raise ValueError("m" * 5000)

    errors = refusal(lambda: read(Annotated[str, AfterValidator(refuse)], '"a"'))[2]
    assert errors[0]["msg"] == "Value error, " + "m" * 486 + "…"


def test_at_most_a_hundred_errors_are_listed() -> None:
    _, detail, errors = refusal(lambda: read(list[int], json.dumps(["x"] * 340)))
    assert detail == "The request body does not fit: 340 errors, the first 100 are listed."
    assert [error["loc"] for error in errors] == [["body", index] for index in range(100)]


def test_errors_of_a_long_body_end_with_its_first_bad_item() -> None:
    body = {"id": 1, "name": 2, "tags": ["a"] * 5000 + [1, 2]}
    assert problems(lambda: read(User, json.dumps(body))) == [
        (["body", "name"], "string_type"),
        (["body", "tags", 5000], "string_type"),
    ]


class Wide(BaseModel):
    a: int
    b: int
    c: int
    d: int
    e: int
    f: int
    g: int
    h: int


class Forbidding(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: int = 0


@pytest.mark.parametrize(
    ("declared", "raw"),
    [
        (list[Wide], b"[" + b",".join([b"{}"] * 340_000) + b"]"),
        (tuple[Wide, ...], b"[" + b",".join([b"{}"] * 340_000) + b"]"),
        (set[int], b"[" + b",".join([b'""'] * 340_000) + b"]"),
        (dict[str, Wide], b"{" + b",".join([b'"":{}'] * 170_000) + b"}"),
        (list[list[int]], b"[" + b",".join([b'[""]'] * 200_000) + b"]"),
        (Forbidding, b"{" + b",".join(b'"%x":1' % index for index in range(100_000)) + b"}"),
    ],
    ids=["list", "tuple", "set", "dict", "lists", "extra"],
)
def test_megabyte_of_errors_is_refused_quickly(declared: Any, raw: bytes) -> None:
    """A hostile body of 1 MB, with up to three million errors, takes milliseconds, not the seconds of all its errors."""
    validate = json_validator(declared)
    started = time.process_time()
    status_code, _, errors = refusal(lambda: validate(raw))
    assert time.process_time() - started < 0.5
    assert (status_code, len(errors) <= 100) == (422, True)


def test_too_many_errors_are_summed_up() -> None:
    raw = json.dumps({f"{index:x}": 1 for index in range(2000)})
    assert refusal(lambda: read(Forbidding, raw)) == (
        422,
        "The request body does not fit: 2000 errors.",
        [{"loc": ["body"], "msg": "2000 errors are too many to list", "type": "too_many_errors"}],
    )


def test_short_body_with_too_many_errors_shows_the_first() -> None:
    raw = b"[" + b",".join([b"{}"] * 200) + b"]"
    status_code, detail, errors = refusal(lambda: read(list[Wide], raw))
    assert (status_code, detail) == (422, "The request body does not fit: 8 errors.")
    assert [error["loc"] for error in errors] == [["body", 0, name] for name in "abcdefgh"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"\n",
        b"{",
        b"-",
        b"[1,]",
        b"1 2",
        b"/**/1",
        b"[1] // x",
        b"{'a': 1}",
        b"nul",
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b'"\\ud800"',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 5_000,
        b"1" * 1_000_000,
    ],
    ids=lambda raw: repr(raw[:8]),
)
@pytest.mark.parametrize("parse", [parse_json, json_validator(Any), json_validator(User), json_validator(list[float])])
def test_malformed_document_is_400_at_once(raw: bytes, parse: Callable[[bytes], object]) -> None:
    """C1, C2, C4, C7, C8 and rows 91, 93, 94: no JSON, whatever is declared, is 400 within milliseconds."""
    started = time.process_time()
    assert refusal(lambda: parse(raw)) == (400, "Invalid JSON", [])
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 400 + ".0"])
@pytest.mark.parametrize("document", ["{}", "[{}]", '{{"a": [0, {{"b": {}}}]}}'])
def test_undeclared_non_finite_float_is_400(number: str, document: str) -> None:
    """C5: NaN, Infinity and 1e999 are 400 in an undeclared body, also nested."""
    raw = document.format(number).encode()
    assert refusal(lambda: parse_json(raw)) == (400, "Invalid JSON", [])


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'"s"', "s"),
        (b"5", 5),
        (b"null", None),
        (b"false", False),
        (b"0", 0),
        (b'""', ""),
        (b"[]", []),
        (b' {"a": 1.5} ', {"a": 1.5}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"__proto__": 1}', {"__proto__": 1}),
        (b"1" + b"0" * 4000, 10**4000),
        (b"1e2", 100.0),
        ('"\\ud83d\\ude00 \u20ac"'.encode(), "\U0001f600 \u20ac"),
    ],
)
def test_undeclared_document_is_parsed(raw: bytes, value: object) -> None:
    """Rows 89, 92, 94: any JSON value is taken, the last of duplicate keys wins, and integers stay exact."""
    parsed = parse_json(raw)
    assert (parsed, type(parsed)) == (value, type(value))


def test_last_of_duplicate_keys_wins_in_a_declared_body() -> None:
    """Row 94: of duplicate keys the last wins."""
    assert read(Address, '{"city": "a", "city": "b"}') == Address(city="b")


@pydantic_dataclass(config=ConfigDict(extra="allow"))
class LooseDataclass:
    id: int


class LooseMovie(TypedDict):
    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]
    title: str


class OwnInit(BaseModel):
    ratio: float

    def __init__(self, **data: Any) -> None:
        super().__init__(**data)


class HoldsJson(BaseModel):
    text: Json[Any]
    bare: Json[list[float]] = []


class Explicit(BaseModel):
    ratio: float = Field(allow_inf_nan=True)


NON_FINITE_CASES: list[tuple[Any, str]] = [
    (float, "{}"),
    (Place, '{{"lat": {}}}'),
    (Place, '{{"lat": 1, "notes": {{"a": {}}}}}'),
    (Tree, '{{"value": 1, "children": [{{"value": {}}}]}}'),
    (Box[float], '{{"item": {}}}'),
    (Box[Any], '{{"item": {}}}'),
    (Pet, '{{"kind": "dog", "weight": {}}}'),
    (list[Place], '[{{"lat": {}}}]'),
    (RootModel[list[float]], "[{}]"),
    (Point, '{{"x": 1, "y": {}}}'),
    (Segment, '{{"start": {{"x": 1, "y": {}}}, "length": 1}}'),
    (Movie, '{{"title": "a", "score": {}}}'),
    (Pair, "[1, {}]"),
    (Sequence[float], "[{}]"),
    (float | None, "{}"),
    (Annotated[float, Field(gt=-5)], "{}"),
    (Explicit, '{{"ratio": {}}}'),
    (OwnInit, '{{"ratio": {}}}'),
    (list[OwnInit], '[{{"ratio": {}}}]'),
    (Annotated[float, BeforeValidator(lambda value: value)], "{}"),
    (Annotated[Any, PlainValidator(lambda value: value)], '{{"a": [{}]}}'),
    (Annotated[float, WrapValidator(lambda value, handler: value)], "{}"),
]
ANY_CASES: list[tuple[Any, str]] = [
    (Any, "{}"),
    (object, '{{"a": [{}]}}'),
    (dict, '{{"a": {{"b": {}}}}}'),
    (list, "[[{}]]"),
    (dict[str, Any], '{{"a": {}}}'),
    (dict[str, dict[str, object]], '{{"a": {{"b": {}}}}}'),
    (JsonValue, '{{"a": [{}]}}'),
    (Loose, '{{"id": 1, "more": [{}]}}'),
    (list[Loose], '[{{"id": 1, "more": [{}]}}]'),
    (LooseDataclass, '{{"id": 1, "more": {}}}'),
    (LooseMovie, '{{"title": "a", "more": {}}}'),
    (int | Any, "{}"),
]


@pytest.mark.parametrize("coerce", [False, True])
@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
@pytest.mark.parametrize(("declared", "document"), [*NON_FINITE_CASES, *ANY_CASES], ids=repr)
def test_declared_non_finite_float_is_422(declared: Any, document: str, number: str, coerce: bool) -> None:
    """C5: NaN, Infinity and 1e999 are 422 in a declared body, wherever they stand."""
    found = problems(lambda: read(declared, document.format(number), coerce=coerce))
    assert "finite_number" in [error_type for _, error_type in found]


@pytest.mark.parametrize(("declared", "document"), [*NON_FINITE_CASES, *ANY_CASES], ids=repr)
def test_finite_float_stays_welcome_there(declared: Any, document: str) -> None:
    read(declared, document.format("1.5"))
    read(declared, document.format("1.5"), coerce=True)


@pytest.mark.parametrize("text", ['"nan"', '"inf"', '"Infinity"'])
def test_coerced_text_is_no_way_round(text: str) -> None:
    assert problems(lambda: read(Place, f'{{"lat": {text}}}', coerce=True)) == [(["body", "lat"], "finite_number")]


@pytest.mark.parametrize("inner", ["NaN", "[1e999]"])
def test_json_inside_of_a_string_is_finite_too(inner: str) -> None:
    raw = json.dumps({"text": inner})
    assert problems(lambda: read(HoldsJson, raw)) == [(["body", "text"], "finite_number")]


def test_malformed_json_inside_of_a_string_is_422() -> None:
    assert problems(lambda: read(HoldsJson, '{"text": "{"}')) == [(["body", "text"], "json_invalid")]


def test_ignored_key_may_hold_anything() -> None:
    assert read(Address, '{"city": "a", "more": NaN}') == Address(city="a")


def test_member_of_a_union_keeps_its_name_in_errors() -> None:
    declared = list[int] | dict[str, Any]
    assert problems(lambda: read(declared, '{"a": NaN}')) == [
        (["body", "list[int]"], "list_type"),
        (["body", "dict[str,any]", "a"], "finite_number"),
    ]


class Configured(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True, extra="forbid")
    name: str
    ratio: float


class HoldsConfigured(BaseModel):
    inner: Configured
    ratio: float


def test_config_of_a_nested_model_survives_rewriting() -> None:
    assert read(HoldsConfigured, '{"inner": {"name": " a ", "ratio": 1}, "ratio": 1}').inner.name == "a"
    assert problems(lambda: read(HoldsConfigured, '{"inner": {"name": "a", "ratio": 1, "b": 1}, "ratio": 1}')) == [
        (["body", "inner", "b"], "extra_forbidden")
    ]


class Tricky(BaseModel):
    type: float = 0.0
    default: dict[str, object] = {"type": "float", "schema": {"type": "any"}}


def test_defaults_that_look_like_schemas_are_left_alone() -> None:
    value = read(Tricky, "{}")
    assert value.default == {"type": "float", "schema": {"type": "any"}}
    assert problems(lambda: read(Tricky, '{"type": NaN}')) == [(["body", "type"], "finite_number")]


def frozen(value: Any) -> Any:
    """Make a copy of a core schema that shares nothing with it but functions and classes."""
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(frozen(item) for item in value)
    return value


@pytest.mark.parametrize("declared", [Place, Tree, Loose, Segment, HoldsConfigured, Tricky, Camel])
def test_schema_of_the_type_is_never_changed(declared: Any) -> None:
    before = frozen(declared.__pydantic_core_schema__)
    validator, serializer = declared.__pydantic_validator__, declared.__pydantic_serializer__
    for coerce in (False, True):
        with pytest.raises(ApiError):
            read(declared, "[]", coerce=coerce)
    with pytest.raises(ApiError):
        read_text(declared, {"start": "x"} if declared is Segment else {"lat": "x", "type": "x"})
    for recheck in (False, True):
        response_codec(declared, recheck=recheck)
    assert frozen(declared.__pydantic_core_schema__) == before
    assert declared.__pydantic_validator__ is validator
    assert declared.__pydantic_serializer__ is serializer


# --- Strict JSON below functions that see raw input -------------------------------------------------------------------


def untouched(value: Any) -> Any:
    return value


FRAGILE: list[tuple[Any, str, object]] = [
    (date, '"2020-01-02"', date(2020, 1, 2)),
    (datetime, '"2020-01-02T03:04:05"', datetime(2020, 1, 2, 3, 4, 5)),
    (clock_time, '"10:00"', clock_time(10)),
    (timedelta, '"P1D"', timedelta(days=1)),
    (UUID, f'"{ID}"', UUID(ID)),
    (Color, '"red"', Color.RED),
    (Level, "1", Level.LOW),
    (Decimal, '"1.5"', Decimal("1.5")),
    (Decimal, "1.5", Decimal("1.5")),
    (complex, '"1j"', 1j),
    (bytes, '"a"', b"a"),
    (Base64Bytes, '"YQ=="', b"a"),
    (set[date], '["2020-01-02"]', {date(2020, 1, 2)}),
    (frozenset[int], "[1]", frozenset({1})),
    (tuple[int, ...], "[1]", (1,)),
    (tuple[int, date], '[1, "2020-01-02"]', (1, date(2020, 1, 2))),
    (deque[int], "[1]", deque([1])),
    (Sequence[date], '["2020-01-02"]', [date(2020, 1, 2)]),
    (dict[int, int], '{"1": 2}', {1: 2}),
    (dict[date, date], '{"2020-01-02": "2020-01-02"}', {date(2020, 1, 2): date(2020, 1, 2)}),
    (OrderedDict[str, int], '{"a": 1}', OrderedDict(a=1)),
    (defaultdict[str, int], '{"a": 1}', {"a": 1}),
    (Counter[str], '{"a": 1}', Counter(a=1)),
    (Path, '"a"', Path("a")),
    (HttpUrl, '"http://a.b/"', HttpUrl("http://a.b/")),
    (User, '{"id": 1, "name": "a"}', User(id=1, name="a")),
    (Point, '{"x": 1}', Point(1)),
    (Movie, '{"title": "a"}', {"title": "a"}),
    (Pair, "[1]", Pair(1)),
    (date | int, '"2020-01-02"', date(2020, 1, 2)),
    (date | None, "null", None),
    (Pet, '{"kind": "cat", "lives": 1}', Cat(lives=1)),
    (Literal["a"], '"a"', "a"),
]


@pytest.mark.parametrize(("declared", "raw", "value"), FRAGILE, ids=repr)
def test_before_validator_does_not_spoil_strict_json(declared: Any, raw: str, value: object) -> None:
    """Dates, sets, decimals come from JSON as ever, though such a function hands Python objects to a strict schema."""
    assert read(Annotated[declared, BeforeValidator(untouched)], raw) == value
    assert read(list[Annotated[declared, BeforeValidator(untouched)]], f"[{raw}]") == [value]


@pytest.mark.parametrize(("declared", "raw", "value"), FRAGILE, ids=repr)
def test_wrap_validator_does_not_spoil_strict_json(declared: Any, raw: str, value: object) -> None:
    assert read(Annotated[declared, WrapValidator(lambda raw_value, handler: handler(raw_value))], raw) == value


class Booking(BaseModel):
    day: date
    rooms: set[int]
    price: Decimal
    guests: int
    note: str = ""
    paid: bool = False

    @model_validator(mode="before")
    @classmethod
    def shape(cls, data: object) -> object:
        return data


class HoldsBookings(BaseModel):
    first: Booking
    second: Booking | None = None
    since: date


BOOKING = '{"day": "2020-01-02", "rooms": [1], "price": "1.5", "guests": 2}'


def test_model_with_a_before_validator_takes_dates_and_sets() -> None:
    booking = Booking(day=date(2020, 1, 2), rooms={1}, price=Decimal("1.5"), guests=2)
    assert read(Booking, BOOKING) == booking
    raw = f'{{"first": {BOOKING}, "second": {BOOKING}, "since": "2020-01-02"}}'
    assert read(HoldsBookings, raw) == HoldsBookings(first=booking, second=booking, since=date(2020, 1, 2))


@pytest.mark.parametrize(
    ("key", "value", "error_type"),
    [
        ("guests", '"2"', "int_type"),
        ("guests", "true", "int_type"),
        ("paid", "1", "bool_type"),
        ("note", "1", "string_type"),
        ("day", "1", "date_type"),
        ("rooms", '["1"]', "int_type"),
        ("price", "true", "decimal_type"),
    ],
)
def test_model_with_a_before_validator_stays_strict(key: str, value: str, error_type: str) -> None:
    raw = json.dumps({**json.loads(BOOKING), key: json.loads(value)})
    assert [kind for _, kind in problems(lambda: read(Booking, raw))] == [error_type]
    nested = f'{{"first": {raw}, "since": "2020-01-02"}}'
    assert [kind for _, kind in problems(lambda: read(HoldsBookings, nested))] == [error_type]


def test_strictness_outside_of_the_function_stays() -> None:
    raw = f'{{"first": {BOOKING}, "since": 1}}'
    assert problems(lambda: read(HoldsBookings, raw)) == [(["body", "since"], "date_type")]


# --- Text -------------------------------------------------------------------------------------------------------------


class Search(BaseModel):
    q: str
    page: int = 1
    tags: list[str] = []


@dataclasses.dataclass
class SearchPoint:
    x: int
    tags: list[int] = dataclasses.field(default_factory=list)
    made: int = dataclasses.field(init=False, default=3)


class SearchDict(TypedDict):
    q: str
    tags: NotRequired[list[int]]


class PartialDict(TypedDict, total=False):
    q: str
    page: int


@pytest.mark.parametrize(
    ("declared", "values", "value"),
    [
        (Search, {"q": "a", "page": "2", "tags": ["x", "y"]}, Search(q="a", page=2, tags=["x", "y"])),
        (Search, {"q": "a", "tags": "x"}, Search(q="a", tags=["x"])),
        (SearchPoint, {"x": "1", "tags": "2"}, SearchPoint(1, [2])),
        (SearchDict, {"q": "a", "tags": "2"}, {"q": "a", "tags": [2]}),
        (SearchDict, {"q": "a"}, {"q": "a"}),
        (PartialDict, {}, {}),
        (PartialDict, {"page": "2"}, {"page": 2}),
        (Box[int], {"item": "1"}, Box[int](item=1)),
        (Exacting, {"id": "1"}, Exacting(id=1)),
    ],
    ids=repr,
)
def test_text_is_read_into_a_declared_type(declared: Any, values: dict[str, object], value: object) -> None:
    assert read_text(declared, values) == value


def test_mapping_of_text_is_not_changed() -> None:
    values = {"q": "a", "tags": "x"}
    read_text(Search, values)
    assert values == {"q": "a", "tags": "x"}


@pytest.mark.parametrize(
    ("where", "detail"),
    [
        ("query", "The query does not fit: 2 errors."),
        ("header", "The headers do not fit: 2 errors."),
        ("form", "The form does not fit: 2 errors."),
    ],
)
def test_place_of_a_text_error_begins_with_where_it_came_from(where: Where, detail: str) -> None:
    assert refusal(lambda: read_text(Search, {"page": "x"}, where)) == (
        422,
        detail,
        [
            {"loc": [where, "q"], "msg": "Field required", "type": "missing"},
            {
                "loc": [where, "page"],
                "msg": "Input should be a valid integer, unable to parse string as an integer",
                "type": "int_parsing",
            },
        ],
    )


def test_repeated_scalar_is_422() -> None:
    """B2: `?page=1&page=2` for an int is 422, never the first, the last or a list."""
    assert problems(lambda: read_text(Search, {"q": "a", "page": ["1", "2"]})) == [(["query", "page"], "int_type")]
    assert problems(lambda: read_text(Search, {"q": ["a", "b"]})) == [(["query", "q"], "string_type")]


def one_field(declared: Any, **field: Any) -> Any:
    """Make a model with the one field `value`."""
    return type("One", (BaseModel,), {"__annotations__": {"value": declared}, "value": Field(**field)})


@pytest.mark.parametrize("text", ["on", "yes", "1", "TRUE", "true", "t", "y"])
def test_bool_takes_the_words_of_pydantic(text: str) -> None:
    """B6: a bool is met by pydantic's documented words."""
    assert read_text(one_field(bool), {"value": text}).value is True


@pytest.mark.parametrize("text", ["", " ", "2", "maybe"])
def test_other_text_is_no_bool(text: str) -> None:
    """B6: an empty value is not true."""
    assert problems(lambda: read_text(one_field(bool), {"value": text})) == [(["query", "value"], "bool_parsing")]


@pytest.mark.parametrize("text", ["٣", "３", "1٣"])
@pytest.mark.parametrize("declared", [int, float, Decimal])
def test_digits_of_other_scripts_are_refused(declared: type, text: str) -> None:
    """A3: a number in arabic-indic or full-width digits is no number."""
    found = problems(lambda: read_text(one_field(declared), {"value": text}))
    assert found == [(["query", "value"], f"{declared.__name__.lower()}_parsing")]


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "-Infinity", "1e999"])
@pytest.mark.parametrize("declared", [float, list[float], float | None, Annotated[float, Field(allow_inf_nan=True)]])
def test_non_finite_text_is_422(declared: Any, text: str) -> None:
    found = problems(lambda: read_text(one_field(declared), {"value": text}))
    assert [kind for _, kind in found] == ["finite_number"]


def test_non_finite_json_in_text_is_422() -> None:
    assert problems(lambda: read_text(one_field(Json[Any]), {"value": "[NaN]"})) == [
        (["query", "value"], "finite_number")
    ]


@pytest.mark.parametrize(
    ("declared", "text", "value"),
    [
        (Literal[1, 2], "2", 2),
        (Literal[1, 2] | None, "2", 2),
        (Literal["1", 1], "1", "1"),
        (Literal[True], "yes", True),
        (Literal[False, "auto"], "OFF", False),
        (Literal[False, "auto"], "auto", "auto"),
        (Level, "1", Level.LOW),
        (Mixed, "1", Mixed.ONE),
        (Mixed, "0.5", Mixed.HALF),
        (Mixed, "x", Mixed.TEXT),
        (Color, "red", Color.RED),
    ],
)
def test_text_meets_literals_and_enums_of_numbers(declared: Any, text: str, value: object) -> None:
    read_value = read_text(one_field(declared), {"value": text}).value
    assert (read_value, type(read_value)) == (value, type(value))
    assert read_text(one_field(list[declared]), {"value": text}).value == [value]


@pytest.mark.parametrize(
    ("declared", "text", "error_type"),
    [
        (Literal[1, 2], "3", "literal_error"),
        (Literal[1, 2], "01", "literal_error"),
        (Literal[1], "true", "literal_error"),
        (Literal[True], "", "literal_error"),
        (Mixed, "2", "enum"),
    ],
)
def test_other_text_does_not_meet_them(declared: Any, text: str, error_type: str) -> None:
    found = problems(lambda: read_text(one_field(declared), {"value": text}))
    assert found == [(["query", "value"], error_type)]


@pytest.mark.parametrize(
    "declared",
    [int | None, float | None, bool | None, date | None, Decimal | None, UUID | None, Literal[1] | None, Level | None,
     int | float | None, Annotated[int, Field(gt=1)] | None, Annotated[int | None, AfterValidator(untouched)]],
    ids=repr,
)  # fmt: skip
def test_empty_text_is_none_for_what_takes_no_text(declared: Any) -> None:
    assert read_text(one_field(declared), {"value": ""}).value is None
    assert read_text(one_field(declared, default=3), {"value": ""}).value is None


@pytest.mark.parametrize("declared", [str | None, Literal["", "a"] | None, int | str | None], ids=repr)
def test_empty_text_stays_text_for_what_takes_text(declared: Any) -> None:
    assert read_text(one_field(declared), {"value": ""}).value == ""


def test_empty_text_is_no_number() -> None:
    assert problems(lambda: read_text(one_field(int), {"value": ""})) == [(["query", "value"], "int_parsing")]


def test_word_null_is_not_none() -> None:
    assert problems(lambda: read_text(one_field(int | None), {"value": "null"})) == [
        (["query", "value"], "int_parsing")
    ]


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (list[int], [1]),
        (set[int], {1}),
        (frozenset[int], frozenset({1})),
        (tuple[int, ...], (1,)),
        (Sequence[int], [1]),
        (deque[int], deque([1])),
        (list[int] | None, [1]),
        (list[int] | set[int], [1]),
        (Annotated[list[int], Field(max_length=2)], [1]),
        (Annotated[list[int], AfterValidator(untouched)], [1]),
        (Annotated[list[int], BeforeValidator(untouched)], [1]),
        (RootModel[list[int]], RootModel[list[int]]([1])),
        (list, ["1"]),
    ],
    ids=repr,
)
def test_single_value_becomes_a_list_of_one(declared: Any, value: object) -> None:
    for model in (one_field(declared), one_field(declared, default=None), one_field(declared, alias="value")):
        assert text_fields(model)["value"].is_list
        assert read_text(model, {"value": "1"}).value == value
        assert read_text(model, {"value": ["1"]}).value == value


@pytest.mark.parametrize("declared", [int, str, int | list[int], Any, dict[str, int], Json[list[int]]], ids=repr)
def test_other_fields_take_no_list(declared: Any) -> None:
    assert not text_fields(one_field(declared))["value"].is_list


def test_mixed_union_takes_one_value_or_several() -> None:
    model = one_field(int | list[int])
    assert read_text(model, {"value": "1"}).value == 1
    assert read_text(model, {"value": ["1", "2"]}).value == [1, 2]


class Upload:
    """Stands for an uploaded file."""


def test_form_values_that_are_no_text_are_handed_on() -> None:
    upload = Upload()

    class Form(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        file: Upload
        files: list[Upload]

    form = read_text(Form, {"file": upload, "files": upload}, "form")
    assert (form.file, form.files) == (upload, [upload])


def test_field_given_as_text_and_as_file_is_422() -> None:
    """D8: the same field as a file and as text does not fit."""
    found = problems(lambda: read_text(Search, {"q": ["a", Upload()]}, "form"))
    assert found == [(["form", "q"], "string_type")]


class Aliased(BaseModel):
    request_id: str
    token: str = Field("", alias="X-Token")
    ids: list[int] = Field([], validation_alias=AliasChoices("id", "ids"))
    first: int = Field(0, validation_alias=AliasPath("pair", 0))
    maybe: int | None = None


def test_names_in_the_request_are_listed() -> None:
    assert text_fields(Aliased) == {
        "request_id": TextField("request_id", has_alias=False, is_list=False, required=True, blank_is_none=False),
        "X-Token": TextField("token", has_alias=True, is_list=False, required=False, blank_is_none=False),
        "id": TextField("ids", has_alias=True, is_list=True, required=False, blank_is_none=False),
        "ids": TextField("ids", has_alias=True, is_list=True, required=False, blank_is_none=False),
        "pair": TextField("first", has_alias=True, is_list=True, required=False, blank_is_none=False),
        "maybe": TextField("maybe", has_alias=False, is_list=False, required=False, blank_is_none=True),
    }


def test_aliases_are_read() -> None:
    values = {"request_id": "a", "X-Token": "b", "id": "1", "pair": "2"}
    assert read_text(Aliased, values) == Aliased.model_validate({**values, "id": [1], "pair": [2]})


class ByBoth(BaseModel):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)
    page: int = Field(alias="p")


class ByName(BaseModel):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=False)
    page: int = Field(alias="p")


@pytest.mark.parametrize(
    ("declared", "required"),
    [
        (ByBoth, {"page": True, "p": True}),
        (ByName, {"page": True}),
        (SearchPoint, {"x": True, "tags": False}),
        (SearchDict, {"q": True, "tags": False}),
        (PartialDict, {"q": False, "page": False}),
        (Booking, {"day": True, "rooms": True, "price": True, "guests": True, "note": False, "paid": False}),
        (Tree, {"value": True, "children": False}),
    ],
)
def test_required_names_are_told(declared: Any, required: dict[str, bool]) -> None:
    assert {name: field.required for name, field in text_fields(declared).items()} == required


class Overlapping(BaseModel):
    ids: list[int] = []
    first: int = Field(0, validation_alias=AliasPath("ids", 0))


def test_name_read_twice_is_a_list_when_one_reader_needs_it() -> None:
    assert text_fields(Overlapping)["ids"].is_list
    assert read_text(Overlapping, {"ids": "7"}) == Overlapping.model_construct(ids=[7], first=7)


def test_header_errors_bear_the_name_of_the_header() -> None:
    """`x_request_id` reads the header `x-request-id`, so that is what the client is told; an alias stays as it is."""
    found = problems(lambda: read_text(Aliased, {"X-Token": ["a", "b"]}, "header"))
    assert found == [(["header", "request-id"], "missing"), (["header", "X-Token"], "string_type")]


@pytest.mark.parametrize("declared", [int, list[int], RootModel[list[int]], Pet, dict[str, str]], ids=repr)
def test_type_without_fields_cannot_be_read_from_text(declared: Any) -> None:
    with pytest.raises(SchemaError) as caught:
        text_fields(declared)
    spelled = declared.__name__ if declared in (int, RootModel[list[int]]) else repr(declared)
    assert str(caught.value) == (
        f"'{spelled}' has no named fields, so queries, headers and forms cannot be read into it. Use a pydantic model, "
        "a dataclass or a TypedDict."
    )


def test_many_bad_list_items_are_refused_quickly() -> None:
    """B4: 20,000 query pairs are refused in linear time."""
    started = time.process_time()
    found = problems(lambda: read_text(one_field(list[int]), {"value": ["x"] * 20_000}))
    assert time.process_time() - started < 0.2
    assert found == [(["query", "value", 0], "int_parsing")]
