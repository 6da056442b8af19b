"""The readers and writers that `typed_api.schema` makes from declared types."""

import dataclasses
import enum
import functools
import json
import math
import re
import time
import typing
import warnings
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, Required, TypeVar, Union
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
    FiniteFloat,
    HttpUrl,
    Json,
    JsonValue,
    PlainSerializer,
    PlainValidator,
    PrivateAttr,
    RootModel,
    SecretStr,
    SerializeAsAny,
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
from typing_extensions import ReadOnly, TypeAliasType, TypedDict

from typed_api import schema
from typed_api.body import UploadFile
from typed_api.errors import ApiError, ResponseValidationError
from typed_api.schema import (
    SchemaError,
    TextField,
    Where,
    check_type,
    holds_upload,
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


def spelled(value: object) -> str:
    """Name a value in a test's id, without its address: both processes that run tests must call the test the same."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


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


def untouched(value: Any) -> Any:
    return value


class Nothing:
    """A class that pydantic knows nothing about."""


# --- check_type -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "declared",
    [User, Tree, Box[int], Pet, Point, Segment, Movie, Pair, list[User], int, str, bytes, Any, None, dict[str, Any]],
    ids=spelled,
)
def test_type_with_a_schema_passes(declared: Any) -> None:
    check_type(declared)


def test_start_compiles_nothing_for_a_complete_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start stays cheap with a thousand routes of one model each."""

    def refuse(type_: object) -> None:
        raise AssertionError(f"an adapter was built for {type_!r}")

    monkeypatch.setattr(schema, "_adapter", refuse)
    check_type(User)
    json_validator.__wrapped__(User)  # type: ignore[attr-defined]
    text_validator.__wrapped__(User, "query")  # type: ignore[attr-defined]


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
        "'list[dict[str, Nothing]]' cannot be read or written as JSON: 'Nothing' has no schema. Use a pydantic model, "
        "a dataclass, a TypedDict or a type that JSON knows."
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


@dataclasses.dataclass
class Chained:
    following: "Chained | None"
    items: list["Chained"]
    extra: Nothing


def test_recursion_does_not_hide_the_class_without_schema() -> None:
    assert "'Nothing' has no schema (at 'Chained.extra')" in unusable(Chained)


@dataclasses.dataclass
class DoublyWrong:
    item: Nothing
    other: "Missing"  # type: ignore[name-defined]  # noqa: F821


def test_undefined_name_does_not_hide_the_class_without_schema() -> None:
    assert unusable(list[DoublyWrong]) == (
        "'list[DoublyWrong]' cannot be read or written as JSON: 'DoublyWrong' has no schema. Use a pydantic "
        "model, a dataclass, a TypedDict or a type that JSON knows."
    )


class Dangling:
    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> core_schema.CoreSchema:
        return core_schema.definition_reference_schema("nowhere")


def test_reference_into_nowhere_is_refused() -> None:
    assert unusable(Dangling) == "'Dangling' names a type that is not defined. Define it at module level."


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
        "'int | str' cannot be read or written as JSON. The core schema type 'int' is not a valid discriminated "
        "union variant."
    )


class Raises:
    """A type whose schema is made by code that fails."""

    error: Exception = ValueError("nope\nand more")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        raise cls.error


class RaisesKeyError(Raises):
    error = KeyError("nope")


class HoldsOneThatRaises(TypedDict):
    good: int
    bad: RaisesKeyError


@pytest.mark.parametrize(
    ("declared", "name", "raised"),
    [
        (Raises, "Raises", "ValueError: nope"),
        (list[Raises], "list[Raises]", "ValueError: nope"),
        (HoldsOneThatRaises, "HoldsOneThatRaises", "KeyError: 'nope'"),
    ],
)
def test_type_that_raises_while_its_schema_is_made_is_refused(declared: Any, name: str, raised: str) -> None:
    assert unusable(declared) == f"'{name}' cannot be read or written as JSON. Making its schema raised {raised}"


class Opaque:
    """A type that pydantic knows nothing of."""


class HoldsOneWithoutASchema(TypedDict):
    note: NotRequired[ReadOnly[str]]
    bad: Required[Opaque]


class KeepsOneThatRaises(BaseModel):
    model_config = ConfigDict(defer_build=True)
    _private: Raises = PrivateAttr()
    bad: Opaque


@pytest.mark.parametrize("declared", [HoldsOneWithoutASchema, KeepsOneThatRaises])
def test_field_without_a_schema_is_found_behind_others(declared: type) -> None:
    assert unusable(declared) == (
        f"'{declared.__name__}' cannot be read or written as JSON: 'Opaque' has no schema (at "
        f"'{declared.__name__}.bad'). Use a pydantic model, a dataclass, a TypedDict or a type that JSON knows."
    )


def test_base_of_all_models_is_refused() -> None:
    assert unusable(BaseModel) == "'BaseModel' has no fields. Declare a class of your own that derives from it."


class Picture(BaseModel):
    id: int
    file: UploadFile | None = None


class Album(BaseModel):
    pictures: list[Picture]
    parent: "Album | None" = None


@dataclasses.dataclass
class Attachment:
    file: UploadFile


class Attachments(TypedDict):
    files: list[UploadFile]


OneFile = TypeAliasType("OneFile", UploadFile)
SomeFiles = TypeAliasType("SomeFiles", Union[list[UploadFile], None])


@pytest.mark.parametrize(
    "declared",
    [
        UploadFile,
        list[UploadFile],
        Picture | None,
        Album,
        Attachment,
        Attachments,
        Box[UploadFile],
        Annotated[Album, "x"],
        OneFile,
        dict[str, SomeFiles],
    ],
    ids=spelled,
)
def test_uploaded_file_is_found_wherever_it_stands(declared: Any) -> None:
    assert holds_upload(declared)


@pytest.mark.parametrize(
    "declared",
    [User, Tree, Box[int], Pet, Point, Segment, Movie, Pair, list[User], str, Any, None, dict[str, Any], Deferred],
    ids=spelled,
)
def test_type_without_an_uploaded_file_holds_none(declared: Any) -> None:
    assert not holds_upload(declared)


def test_unhashable_metadata_is_no_obstacle() -> None:
    declared = Annotated[int, {"unit": ["m"]}]
    check_type(declared)
    assert read(declared, "3") == 3


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
    ids=spelled,
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
    """A hostile body of 1 MB with up to three million errors takes milliseconds, not the seconds of all its errors."""
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


AnyJson = Json[Any]


class HoldsJson(BaseModel):
    text: Json[Any]
    bare: Json[list[float]] = []


class Explicit(BaseModel):
    ratio: float = Field(allow_inf_nan=True)


def custom(make: Callable[[], core_schema.CoreSchema]) -> Any:
    """Make a class whose schema is the user's own."""

    def get(cls: type, source: object, handler: object) -> core_schema.CoreSchema:
        return make()

    return type("Custom", (), {"__get_pydantic_core_schema__": classmethod(get)})


BareDict = custom(core_schema.dict_schema)
BareList = custom(core_schema.list_schema)
BareSet = custom(core_schema.set_schema)
BareJson = custom(core_schema.json_schema)


class LooseTree(BaseModel):
    model_config = ConfigDict(extra="allow")
    children: list["LooseTree"] = []


Nest = TypeAliasType("Nest", Annotated[list[Union["Nest", float]], BeforeValidator(untouched)])  # type: ignore[misc]
Trees = TypeAliasType("Trees", Annotated[Tree, BeforeValidator(untouched)])


class HoldsNests(BaseModel):
    nest: Nest = []
    other: Nest = []
    tree: Trees | None = None
    trees: list[Trees] = []


class Knot(BaseModel):
    value: float = 0.0
    ties: list["Knot"] | dict[str, Union["Knot", float]] = []

    @model_validator(mode="before")
    @classmethod
    def before(cls, data: Any) -> Any:
        return data

    @model_validator(mode="wrap")
    @classmethod
    def wrap(cls, data: Any, handler: Callable[[Any], Any]) -> Any:
        return handler(data)

    @model_validator(mode="after")
    def after(self) -> "Knot":
        return self


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
    (Knot, '{{"value": {}}}'),
    (HoldsNests, '{{"nest": [[[{}]]]}}'),
    (HoldsNests, '{{"trees": [{{"value": {}}}]}}'),
    (Knot, '{{"ties": [{{"ties": {{"a": {{"value": {}}}}}}}]}}'),
    (list[Knot], '[{{"ties": {{"a": {}}}}}]'),
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
    (BareDict, '{{"a": [{}]}}'),
    (BareList, "[{}]"),
    (BareSet, "[{}]"),
    (LooseTree, '{{"children": [{{"more": {}}}]}}'),
]


@pytest.mark.parametrize("coerce", [False, True])
@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
@pytest.mark.parametrize(("declared", "document"), [*NON_FINITE_CASES, *ANY_CASES], ids=spelled)
def test_declared_non_finite_float_is_422(declared: Any, document: str, number: str, coerce: bool) -> None:
    """C5: NaN, Infinity and 1e999 are 422 in a declared body, wherever they stand."""
    found = problems(lambda: read(declared, document.format(number), coerce=coerce))
    assert "finite_number" in [error_type for _, error_type in found]


@pytest.mark.parametrize(("declared", "document"), [*NON_FINITE_CASES, *ANY_CASES], ids=spelled)
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


def test_untyped_json_inside_of_a_string_is_finite_too() -> None:
    assert problems(lambda: read(BareJson, '"[NaN]"')) == [(["body"], "finite_number")]


class Twig(BaseModel):
    value: float = 0.0
    ties: list["Twig"] | dict[str, Union["Twig", float]] = []


def test_member_of_a_union_that_refers_elsewhere_is_named_by_its_kind() -> None:
    assert problems(lambda: read(Twig, '{"ties": {"a": "x"}}')) == [
        (["body", "ties", "list[Twig]"], "list_type"),
        (["body", "ties", "dict", "a", "Twig"], "model_type"),
        (["body", "ties", "dict", "a", "float"], "float_type"),
    ]


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


SHARED: list[Any] = [Place, Tree, Loose, Segment, HoldsConfigured, Tricky, Camel, Knot, LooseTree]


@pytest.mark.parametrize("declared", SHARED)
def test_schema_of_the_type_is_never_changed(declared: Any) -> None:
    before = frozen(declared.__pydantic_core_schema__)
    validator, serializer = declared.__pydantic_validator__, declared.__pydantic_serializer__
    for coerce in (False, True):
        with pytest.raises(ApiError):
            read(declared, "[]", coerce=coerce)
    with pytest.raises(ApiError):
        read_text(declared, dict.fromkeys(["children", "id", "lat", "start", "ties", "type"], "x"))
    for recheck in (False, True):
        response_codec(declared, recheck=recheck)
    assert frozen(declared.__pydantic_core_schema__) == before
    assert declared.__pydantic_validator__ is validator
    assert declared.__pydantic_serializer__ is serializer


# --- Strict JSON below functions that see raw input -------------------------------------------------------------------


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


@pytest.mark.parametrize(("declared", "raw", "value"), FRAGILE, ids=spelled)
def test_before_validator_does_not_spoil_strict_json(declared: Any, raw: str, value: object) -> None:
    """Dates, sets, decimals come from JSON as ever, though such a function hands Python objects to a strict schema."""
    assert read(Annotated[declared, BeforeValidator(untouched)], raw) == value
    assert read(list[Annotated[declared, BeforeValidator(untouched)]], f"[{raw}]") == [value]


@pytest.mark.parametrize(("declared", "raw", "value"), FRAGILE, ids=spelled)
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
    ids=spelled,
)
def test_text_is_read_into_a_declared_type(declared: Any, values: dict[str, object], value: object) -> None:
    assert read_text(declared, values) == value


def test_any_mapping_will_do() -> None:
    assert read_text(Search, MappingProxyType({"q": "a"})) == Search(q="a")
    assert read_text(SearchDict, MappingProxyType({"q": "a"})) == {"q": "a"}


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
    assert problems(lambda: read_text(one_field(AnyJson), {"value": "[NaN]"})) == [
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
        (Literal[1, 2], ["1", "2"], "literal_error"),
        (Mixed, "2", "enum"),
    ],
)
def test_other_text_does_not_meet_them(declared: Any, text: object, error_type: str) -> None:
    found = problems(lambda: read_text(one_field(declared), {"value": text}))
    assert found == [(["query", "value"], error_type)]


@pytest.mark.parametrize(
    "declared",
    [int | None, float | None, bool | None, date | None, Decimal | None, UUID | None, Literal[1] | None, Level | None,
     int | float | None, Union[Annotated[int, Field(gt=1)], None], Annotated[int | None, AfterValidator(untouched)]],
    ids=spelled,
)  # fmt: skip
def test_empty_text_is_none_for_what_takes_no_text(declared: Any) -> None:
    assert read_text(one_field(declared), {"value": ""}).value is None
    assert read_text(one_field(declared, default=3), {"value": ""}).value is None


@pytest.mark.parametrize("declared", [str | None, Literal["", "a"] | None, int | str | None], ids=spelled)
def test_empty_text_stays_text_for_what_takes_text(declared: Any) -> None:
    assert read_text(one_field(declared), {"value": ""}).value == ""


Amount = TypeAliasType("Amount", Annotated[FiniteFloat, Field(gt=0)])
Amounts = TypeAliasType("Amounts", list[Decimal])


class Repeated(BaseModel):
    low: Amount | None = 1.0
    high: Amount | None = 2.0
    some: Amounts = []
    more: Amounts = []


def test_aliases_of_types_used_twice_are_followed() -> None:
    value = read_text(Repeated, {"low": "", "high": "3", "some": "1.5", "more": ["2"]})
    assert value == Repeated(low=None, high=3.0, some=[Decimal("1.5")], more=[Decimal(2)])


def test_empty_text_reaches_a_function_that_may_want_it() -> None:
    declared = Union[Annotated[int, BeforeValidator(lambda text: text or 7)], None]
    assert read_text(one_field(declared), {"value": ""}).value == 7


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
    ids=spelled,
)
def test_single_value_becomes_a_list_of_one(declared: Any, value: object) -> None:
    for model in (one_field(declared), one_field(declared, default=None), one_field(declared, alias="value")):
        assert text_fields(model)["value"].is_list
        assert read_text(model, {"value": "1"}).value == value
        assert read_text(model, {"value": ["1"]}).value == value


@pytest.mark.parametrize(
    "declared", [int, str, int | list[int], Any, dict[str, int], Json[list[int]], Path, None], ids=spelled
)
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


class AnyOverlapping(BaseModel):
    ids: list[int] = []
    raw: Any = Field(None, validation_alias="ids")


def test_list_is_kept_for_a_later_reader_of_anything() -> None:
    assert read_text(AnyOverlapping, {"ids": "7"}) == AnyOverlapping.model_construct(ids=[7], raw=["7"])


def test_query_errors_bear_the_name_of_the_field() -> None:
    assert problems(lambda: read_text(Aliased, {}, "query")) == [(["query", "request_id"], "missing")]


def test_header_errors_bear_the_name_of_the_header() -> None:
    """`x_request_id` reads the header `x-request-id`, so that is what the client is told; an alias stays as it is."""
    found = problems(lambda: read_text(Aliased, {"X-Token": ["a", "b"]}, "header"))
    assert found == [(["header", "request-id"], "missing"), (["header", "X-Token"], "string_type")]


class Tokens(BaseModel):
    token: str = ""
    key: str = ""

    @model_validator(mode="after")
    def one_of_both(self) -> "Tokens":
        raise ValueError("give one")


def test_error_of_all_headers_together_has_no_name() -> None:
    assert refusal(lambda: read_text(Tokens, {}, "header"))[2] == [
        {"loc": ["header"], "msg": "Value error, give one", "type": "value_error"}
    ]


@pytest.mark.parametrize(
    ("declared", "spelled"),
    [
        (int, "int"),
        (list[int], "list[int]"),
        (RootModel[list[int]], "RootModel[list[int]]"),
        (Pet, "Cat | Dog"),
        (dict[str, str], "dict[str, str]"),
    ],
)
def test_type_without_fields_cannot_be_read_from_text(declared: Any, spelled: str) -> None:
    with pytest.raises(SchemaError) as caught:
        text_fields(declared)
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


# --- Responses: what is written ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "body", "data"),
    [
        (User, User(id=1, name="a"), b'{"id":1,"name":"a","address":null,"tags":[]}'),
        (User, {"id": "1", "name": "a", "more": 1}, b'{"id":1,"name":"a","address":null,"tags":[]}'),
        (list[User], [], b"[]"),
        (Tree, Tree(value=1, children=[Tree(value=2)]), b'{"value":1.0,"children":[{"value":2.0,"children":[]}]}'),
        (Box[Place], Box[Place](item=Place(lat=1)), b'{"item":{"lat":1.0,"notes":{}}}'),
        (Pet, Cat(lives=9), b'{"kind":"cat","lives":9}'),
        (RootModel[list[int]], RootModel[list[int]]([1]), b"[1]"),
        (Point, Point(1), b'{"x":1,"y":0.0}'),
        (Segment, Segment(Point(1), 2.0), b'{"start":{"x":1,"y":0.0},"length":2.0}'),
        (Movie, {"title": "a", "more": 1}, b'{"title":"a"}'),
        (Pair, Pair(1, 2.0), b"[1,2.0]"),
        (Loose, Loose.model_validate({"id": 1, "more": None}), b'{"id":1,"more":null}'),
        (User | None, None, b"null"),
        (str, "é\u2028</x>", '"é\u2028</x>"'.encode()),
        (bytes, b"a", b'"a"'),
        (int, 10**30, b"1" + b"0" * 30),
        (float, 1.5, b"1.5"),
        (Any, {"a": [1, None, Cat(lives=1)]}, b'{"a":[1,null,{"kind":"cat","lives":1}]}'),
        (dict[str, object], {"a": date(2020, 1, 2), "b": None}, b'{"a":"2020-01-02","b":null}'),
        (Sequence[float], [1.0], b"[1.0]"),
        (None, None, b"null"),
    ],
    ids=spelled,
)
@pytest.mark.parametrize("recheck", [False, True])
def test_body_is_written(declared: Any, body: object, data: bytes, recheck: bool) -> None:
    codec = response_codec(declared, recheck=recheck)
    assert codec.encode(body) == data
    assert codec.to_json(codec.validate(body)) == data


class Account(User):
    password_hash: str = "secret"


class LooseAccount(Account):
    model_config = ConfigDict(extra="allow")


class HoldsUsers(BaseModel):
    user: User
    users: list[User] = []
    by_name: dict[str, User] = {}


@dataclasses.dataclass
class SecretPoint(Point):
    secret: str = "secret"


@pytest.mark.parametrize("recheck", [False, True])
@pytest.mark.parametrize(
    ("declared", "body"),
    [
        (User, Account(id=1, name="a")),
        (User, LooseAccount.model_validate({"id": 1, "name": "a", "key": "secret"})),
        (User | Address, Account(id=1, name="a")),
        (list[User], [Account(id=1, name="a")]),
        (dict[str, User], {"a": Account(id=1, name="a")}),
        (HoldsUsers, HoldsUsers(user=Account(id=1, name="a"), users=[Account(id=1, name="a")])),
        (HoldsUsers, {"user": Account(id=1, name="a"), "by_name": {"a": Account(id=1, name="a")}}),
        (Box[User], Box[User](item=Account(id=1, name="a"))),
        (Point, SecretPoint(1)),
    ],
    ids=spelled,
)
def test_subclass_leaks_no_field(declared: Any, body: object, recheck: bool) -> None:
    """E6: a field of a subclass stays off the wire, at the top, nested and in lists."""
    assert b"secret" not in encode(declared, body, recheck=recheck)


class HoldsAnyUser(BaseModel):
    user: SerializeAsAny[User]


def test_field_that_asks_for_its_own_class_gets_it() -> None:
    data = encode(HoldsAnyUser, HoldsAnyUser(user=Account(id=1, name="a")))
    assert json.loads(data)["user"]["password_hash"] == "secret"


class SerializedName(BaseModel):
    first_name: str = Field(serialization_alias="firstName")


class HoldsAlias(BaseModel):
    inner: list[SerializedName]


class ComputedName(BaseModel):
    @computed_field(alias="fullName")  # type: ignore[prop-decorator]
    @property
    def full_name(self) -> str:
        return "a b"


class AliasedDict(TypedDict):
    first_name: Annotated[str, Field(serialization_alias="firstName")]


@pytest.mark.parametrize(
    ("declared", "body", "data"),
    [
        (Camel, Camel(firstName="a"), b'{"firstName":"a"}'),
        (SerializedName, {"first_name": "a"}, b'{"firstName":"a"}'),
        (HoldsAlias, {"inner": [{"first_name": "a"}]}, b'{"inner":[{"firstName":"a"}]}'),
        (list[Camel], [Camel(firstName="a")], b'[{"firstName":"a"}]'),
        (ComputedName, ComputedName(), b'{"fullName":"a b"}'),
        (AliasedDict, {"first_name": "a"}, b'{"firstName":"a"}'),
        (Any, [Camel(firstName="a")], b'[{"firstName":"a"}]'),
        (Box[Any], Box[Any](item=Camel(firstName="a")), b'{"item":{"firstName":"a"}}'),
    ],
    ids=spelled,
)
@pytest.mark.parametrize("recheck", [False, True])
def test_names_on_the_wire_are_aliases(declared: Any, body: object, data: bytes, recheck: bool) -> None:
    assert encode(declared, body, recheck=recheck) == data


@pytest.mark.parametrize(
    ("declared", "body", "sentence", "errors"),
    [
        (
            User,
            {"id": "x", "name": "a"},
            "The body does not fit 'User': 1 error at 'id': Input should be a valid integer, unable to parse string as "
            "an integer.",
            [
                {
                    "loc": ["id"],
                    "msg": "Input should be a valid integer, unable to parse string as an integer",
                    "type": "int_parsing",
                }
            ],
        ),
        (
            list[User],
            [User(id=1, name="a"), {}],
            "The body does not fit 'list[User]': 2 errors, the first at '1.id': Field required.",
            [
                {"loc": [1, "id"], "msg": "Field required", "type": "missing"},
                {"loc": [1, "name"], "msg": "Field required", "type": "missing"},
            ],
        ),
        (
            User,
            Address(city="a"),
            "The body does not fit 'User': 1 error: Input should be a valid dictionary or instance of User.",
            [{"loc": [], "msg": "Input should be a valid dictionary or instance of User", "type": "model_type"}],
        ),
    ],
)
def test_body_that_does_not_fit_is_refused(declared: Any, body: object, sentence: str, errors: Errors) -> None:
    found, listed = misfit(declared, body)
    assert (found.replace(f"{__name__}.", "tests.test_schema."), listed) == (sentence, errors)


def test_at_most_a_hundred_misfits_are_listed() -> None:
    sentence, errors = misfit(list[int], ["x"] * 500)
    assert sentence.startswith("The body does not fit 'list[int]': 500 errors, the first at '0': ")
    assert [error["loc"] for error in errors] == [[index] for index in range(100)]


class Holder(BaseModel):
    value: Any


class Failing(BaseModel):
    @computed_field  # type: ignore[prop-decorator]
    @property
    def value(self) -> int:
        raise RuntimeError("out of order")


def test_value_that_cannot_be_written_is_refused() -> None:
    message = "Unable to serialize unknown type: <class 'object'>"
    assert misfit(Holder, Holder(value=object())) == (
        f"The body does not fit 'Holder': 1 error: {message}.",
        [{"loc": [], "msg": message, "type": "serialization_error"}],
    )


def test_failing_computed_field_is_refused_with_its_cause() -> None:
    sentence, _ = misfit(Failing, Failing())
    assert (
        sentence == "The body does not fit 'Failing': 1 error: Error serializing to JSON: RuntimeError: out of order."
    )


CIRCULAR: list[object] = []
CIRCULAR.append(CIRCULAR)


@pytest.mark.parametrize("value", [CIRCULAR, "\ud800", b"\xff"], ids=["circular", "surrogate", "bytes"])
@pytest.mark.parametrize("declared", [Any, Holder])
def test_what_json_cannot_hold_is_refused(declared: Any, value: object) -> None:
    """Row 41: a circular body is refused, and so is text or bytes that is no UTF-8."""
    misfit(declared, value if declared is Any else Holder(value=value))


def changed(instance: Any, **values: object) -> Any:
    """Change fields behind pydantic's back."""
    instance.__dict__.update(values)
    return instance


def test_field_of_a_wrong_type_is_refused_where_warnings_are_errors() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sentence, errors = misfit(User, changed(User(id=1, name="a"), id="x"))
    assert sentence.startswith("The body does not fit 'User': 1 error: Pydantic serializer warnings:")
    assert [error["type"] for error in errors] == ["serialization_error"]


def test_field_of_a_wrong_type_is_sent_with_a_warning_in_production() -> None:
    with pytest.warns(UserWarning, match="Expected `int`"):
        assert encode(Address | User, changed(User(id=1, name="a"), id="x")).startswith(b'{"id":"x"')


def test_refusal_serves_whoever_calls_the_two_halves() -> None:
    codec = response_codec(User)
    with pytest.raises(ValueError, match="validation error") as caught:
        codec.to_json(codec.validate({}))
    assert str(codec.refusal(caught.value)) == (
        "The body does not fit 'User': 2 errors, the first at 'id': Field required."
    )


# --- Responses: non-finite floats -------------------------------------------------------------------------------------


class Strings(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="strings")
    ratio: float
    anything: Any = None


class HoldsStrings(BaseModel):
    inner: Strings
    ratio: float = 1.0


class Nullable(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="null")
    ratio: float


class Constants(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="constants")
    ratio: float


AnyDecimal = Annotated[Decimal, Field(allow_inf_nan=True)]


class Half(enum.Enum):
    HALF = 0.5
    NOT = INF


class Untyped(BaseModel):
    @model_serializer
    def dump(self):  # type: ignore[no-untyped-def]
        return {"ratio": INF}


class Untracked(BaseModel):
    value: int

    @field_serializer("value")
    def dump(self, value):  # type: ignore[no-untyped-def]
        return INF


class TypedSerializer(BaseModel):
    value: Annotated[int, PlainSerializer(lambda value: INF, return_type=float)]


class ComputedRatio(BaseModel):
    @computed_field  # type: ignore[prop-decorator]
    @property
    def ratio(self) -> float:
        return INF


class HoldsDict(BaseModel):
    movie: Movie


@pytest.mark.parametrize("recheck", [False, True])
@pytest.mark.parametrize(
    ("declared", "body", "path"),
    [
        (float, INF, []),
        (float, math.nan, []),
        (float | None, -INF, []),
        (Place, Place(lat=INF), ["lat"]),
        (Place, {"lat": 1, "notes": {"a": INF}}, ["notes", "a"]),
        (Tree, Tree(value=1, children=[Tree(value=INF)]), ["children", 0, "value"]),
        (Box[float], Box[float](item=INF), ["item"]),
        (list[Place], [Place(lat=1), Place(lat=INF)], [1, "lat"]),
        (Pet, Dog(weight=INF), ["weight"]),
        (RootModel[list[float]], RootModel[list[float]]([INF]), [0]),
        (Point, Point(1, INF), ["y"]),
        (Segment, Segment(Point(1, INF), 1.0), ["start", "y"]),
        (Movie, {"title": "a", "score": INF}, ["score"]),
        (HoldsDict, {"movie": {"title": "a", "score": INF}}, ["movie", "score"]),
        (Pair, Pair(1, INF), [1]),
        (Sequence[float], [INF], [0]),
        (Any, [INF], [0]),
        (dict, {"a": {"b": INF}}, ["a", "b"]),
        (list, [INF], [0]),
        (dict[str, Any], {"a": Place(lat=INF)}, ["a", "lat"]),
        (dict[str, Any], {"z": None, "a": Point(1, INF)}, ["a", "y"]),
        (Holder, Holder(value={"a": [None, Tree(value=INF)]}), ["value", "a", 1, "value"]),
        (Loose, Loose.model_validate({"id": 1, "more": [INF]}), ["more", 0]),
        (JsonValue, {"a": INF}, ["a"]),
        (Constants, Constants(ratio=INF), ["ratio"]),
        (HoldsStrings, HoldsStrings(inner=Strings(ratio=1), ratio=INF), ["ratio"]),
        (Half, Half.NOT, []),
        (Untyped, Untyped(), ["ratio"]),
        (Untracked, Untracked(value=1), ["value"]),
        (TypedSerializer, TypedSerializer(value=1), ["value"]),
        (ComputedRatio, ComputedRatio(), ["ratio"]),
        (HoldsAnyUser, HoldsAnyUser(user=changed(Account(id=1, name="a"), tags=[])), None),
    ],
    ids=spelled,
)
def test_non_finite_float_is_refused_not_nulled(
    declared: Any, body: object, path: list[str | int] | None, recheck: bool
) -> None:
    """Rows 18, 36 and 37 are left on purpose: NaN and Infinity are refused, never turned into null."""
    if path is None:
        encode(declared, body, recheck=recheck)
        return
    at = f" at '{'.'.join(map(str, path))}'" if path else ""
    sentence, errors = misfit(declared, body, recheck=recheck)
    assert sentence.endswith(f": 1 error{at}: JSON cannot hold NaN or an infinite number.")
    assert errors == [{"loc": path, "msg": "JSON cannot hold NaN or an infinite number", "type": "finite_number"}]


@pytest.mark.parametrize(
    ("declared", "body", "data"),
    [
        (Holder, Holder(value='NaN "Infinity" \\'), b'{"value":"NaN \\"Infinity\\" \\\\"}'),
        (Holder, Holder(value=["\\", "NaN"]), b'{"value":["\\\\","NaN"]}'),
        (dict[str, Any], {"NaN": None}, b'{"NaN":null}'),
        (tuple[AnyDecimal, float], (Decimal("NaN"), 1.0), b'["NaN",1.0]'),
        (Strings, Strings(ratio=INF), b'{"ratio":"Infinity","anything":null}'),
        (Strings, Strings(ratio=1, anything=INF), b'{"ratio":1.0,"anything":"Infinity"}'),
        (
            HoldsStrings,
            HoldsStrings(inner=Strings(ratio=INF)),
            b'{"inner":{"ratio":"Infinity","anything":null},"ratio":1.0}',
        ),
        (Any, [Strings(ratio=INF)], b'[{"ratio":"Infinity","anything":null}]'),
        (Nullable, Nullable(ratio=INF), b'{"ratio":null}'),
    ],
    ids=spelled,
)
def test_what_only_looks_non_finite_is_written(declared: Any, body: object, data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert encode(declared, body) == data


def test_deep_non_finite_float_is_refused_without_its_place() -> None:
    value: object = INF
    for _ in range(220):
        value = [value]
    assert misfit(list, value)[1] == [
        {"loc": [], "msg": "JSON cannot hold NaN or an infinite number", "type": "finite_number"}
    ]


def test_deep_text_that_says_nan_is_written() -> None:
    value: object = "NaN"
    for _ in range(220):
        value = [value]
    assert encode(list, value) == b"[" * 220 + b'"NaN"' + b"]" * 220


class BytesDict(TypedDict):
    data: bytes


class Settings(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64", ser_json_timedelta="float")
    inner: BytesDict = {"data": b"\xff"}
    ratio: float = 1.0
    data: bytes = b"\xff"
    anything: Any = b"\xff"
    took: timedelta = timedelta(seconds=1)


class RecursiveSettings(Settings):
    children: list["RecursiveSettings"] = []


@pytest.mark.parametrize("declared", [Settings, RecursiveSettings])
def test_other_settings_of_a_model_survive_rewriting(declared: type[Settings]) -> None:
    assert json.loads(encode(declared, declared())) == json.loads(declared().model_dump_json())
    assert json.loads(encode(declared, declared()))["anything"] == "_w=="


# --- Responses: what a trusted instance may hide ----------------------------------------------------------------------


class Member(BaseModel):
    name: str
    age: int = Field(default=1, ge=0)
    address: Address = Address(city="a")
    friends: list[Address] = []
    since: int = 0
    until: int = 1

    @model_validator(mode="after")
    def in_order(self) -> "Member":
        if self.since > self.until:
            raise ValueError("since is after until")
        return self


class Team(BaseModel):
    lead: Member


class TypedExtra(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]  # pyright: ignore[reportIncompatibleVariableOverride]


def extended(**extra: object) -> TypedExtra:
    body = TypedExtra.model_validate({"more": 1})
    typing.cast("dict[str, object]", body.__pydantic_extra__).update(extra)
    return body


def keep_auto(value: Any, handler: Callable[[Any], Any]) -> Any:
    return value if value == "auto" else handler(value or "none")


class Automatic(BaseModel):
    name: Annotated[str, WrapValidator(keep_auto)] = "a"
    size: Annotated[int, WrapValidator(keep_auto), PlainSerializer(untouched)] = 1


def member(**values: object) -> Member:
    body: Member = changed(Member(name="a"), **values)
    return body


SENT, CAUGHT = "sent", "caught"


@pytest.mark.parametrize(
    ("declared", "make", "production", "rechecked"),
    [
        (Member, lambda: {"name": 1}, CAUGHT, CAUGHT),
        (Member, lambda: Address(city="a"), CAUGHT, CAUGHT),
        (list[Member], lambda: [member(), Address(city="a")], CAUGHT, CAUGHT),
        (Member, lambda: member(name=1), SENT, CAUGHT),
        (Member, lambda: member(age="1"), SENT, CAUGHT),
        (Member, lambda: member(address=changed(Address(city="a"), city=1)), SENT, CAUGHT),
        (Member, lambda: member(address={"city": "a"}), SENT, SENT),
        (Member, lambda: member(address={"town": "a"}), SENT, CAUGHT),
        (Member, lambda: member(friends=[Address(city="a"), changed(Address(city="a"), city=1)]), SENT, CAUGHT),
        (Member, lambda: member(friends=[Address(city="a"), 1]), SENT, CAUGHT),
        (Member, lambda: member(name=None), SENT, CAUGHT),
        (Member, lambda: member(age=-5), SENT, CAUGHT),
        (Member, lambda: Member.model_construct(name="a"), SENT, SENT),
        (Member, lambda: Member.model_construct(age=1), SENT, CAUGHT),
        (Member, lambda: member(since=2), CAUGHT, CAUGHT),
        (Team, lambda: Team(lead=member()), SENT, SENT),
        (Team, lambda: changed(Team(lead=member()), lead=member(since=2)), SENT, CAUGHT),
        (list[Member], lambda: [member(age=-5)], SENT, CAUGHT),
        (dict[str, Member], lambda: {"a": member(age=-5)}, SENT, CAUGHT),
        (Member | None, lambda: member(age=-5), SENT, CAUGHT),
        (Box[Member], lambda: Box[Member](item=member(age=-5)), SENT, CAUGHT),
        (Box[int], lambda: changed(Box[int](item=1), item="x"), SENT, CAUGHT),
        (RootModel[list[int]], lambda: changed(RootModel[list[int]]([1]), root=["x"]), SENT, CAUGHT),
        (Pet, lambda: changed(Cat(lives=1), lives="x"), SENT, CAUGHT),
        (Tree, lambda: Tree(value=1, children=[changed(Tree(value=1), value="x")]), SENT, CAUGHT),
        (HoldsNests, lambda: changed(HoldsNests(), nest=[["x"]]), SENT, CAUGHT),
        (Automatic, lambda: changed(Automatic(), name=None), SENT, CAUGHT),
        (HoldsNests, lambda: HoldsNests(tree=changed(Tree(value=1), value="x")), SENT, CAUGHT),
        (Knot, lambda: Knot(ties=[changed(Knot(), value="x")]), SENT, CAUGHT),
        (Knot, lambda: changed(Knot(), ties={"a": changed(Knot(), value="x")}), SENT, CAUGHT),
        (LooseTree, lambda: LooseTree(children=[changed(LooseTree(), children=1)]), SENT, CAUGHT),
        (Point, lambda: changed(Point(1), x="x"), SENT, CAUGHT),
        (Segment, lambda: changed(Segment(Point(1), 1.0), length=None), SENT, CAUGHT),
        (Camel, lambda: changed(Camel(firstName="a"), first_name=None), SENT, CAUGHT),
        (Loose, lambda: changed(Loose(id=1), id="x"), SENT, CAUGHT),
        (TypedExtra, lambda: extended(), SENT, SENT),
        (TypedExtra, lambda: extended(more="x"), SENT, CAUGHT),
        (OwnInit, lambda: changed(OwnInit(ratio=1), ratio="x"), SENT, CAUGHT),
    ],
)
def test_what_production_and_recheck_catch(
    declared: Any, make: Callable[[], object], production: str, rechecked: str
) -> None:
    """The promise by kind of mistake: an instance is trusted in production, and checked deeply where recheck is on."""
    results: list[str] = []
    for recheck in (False, True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                encode(declared, make(), recheck=recheck)
                results.append(SENT)
            except ResponseValidationError:
                results.append(CAUGHT)
    assert results == [production, rechecked]


def test_recheck_names_the_field() -> None:
    body = Team(lead=member(friends=[Address(city="a"), changed(Address(city="a"), city=None)]))
    assert misfit(Team, body, recheck=True) == (
        "The body does not fit 'Team': 1 error at 'lead.friends.1.city': Input should be a valid string.",
        [
            {
                "loc": ["lead", "friends", 1, "city"],
                "msg": "Input should be a valid string",
                "type": "string_type",
            }
        ],
    )


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    id: int = Field(alias="ID")
    _secret: int = PrivateAttr(default=1)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def double(self) -> int:
        return self.id * 2

    @functools.cached_property
    def triple(self) -> int:
        return self.id * 3


class Hashed(BaseModel):
    password: str
    tags: list[str]
    score: int

    @field_validator("password")
    @classmethod
    def hash(cls, value: str) -> str:
        return f"hash({value})"

    @field_validator("tags", mode="before")
    @classmethod
    def split(cls, value: Any) -> Any:
        return value.split(",")

    @field_validator("score", mode="wrap")
    @classmethod
    def parse(cls, value: Any, handler: Callable[[Any], int], info: ValidationInfo) -> int:
        return handler(value.removeprefix("score:"))


class Shaped(BaseModel):
    x: int
    y: int

    @model_validator(mode="before")
    @classmethod
    def unpack(cls, data: Any) -> Any:
        return {"x": data["point"][0], "y": data["point"][1]}


class Shortcut(BaseModel):
    id: int

    @model_validator(mode="wrap")
    @classmethod
    def short(cls, data: Any, handler: Callable[[Any], Any]) -> Any:
        return data if isinstance(data, cls) else handler(data)


class Hex:
    """A class of the user's own, stored in place of the text that it was read from."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def parse_hex(text: str) -> Hex:
    return Hex(text.lower())


def plain_hex(value: Any) -> Hex:
    return Hex(value + "")


HexText = Annotated[str, AfterValidator(parse_hex), PlainSerializer(str, return_type=str)]
HexPlain = Annotated[Any, PlainValidator(plain_hex), PlainSerializer(str, return_type=str)]


class Foreign(BaseModel):
    after: HexText
    plain: HexPlain
    data: Base64Bytes
    parsed: Json[list[int]]
    url: HttpUrl
    secret: SecretStr
    path: Path


class EnumValues(BaseModel):
    model_config = ConfigDict(use_enum_values=True, strict=True)
    color: Color
    mixed: Mixed


@pydantic_dataclass
class WithInitVar:
    id: int
    extra: dataclasses.InitVar[int]
    computed: int = dataclasses.field(init=False, default=0)

    def __post_init__(self, extra: int) -> None:
        self.computed = self.id + extra


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    id: int
    made: int = dataclasses.field(init=False, default=3)


class AliasedCat(BaseModel):
    kind: Literal["cat"] = Field(default="cat", alias="type")


class AliasedDog(BaseModel):
    kind: Literal["dog"] = Field(default="dog", alias="type")


class NeedsPosition(BaseModel):
    id: int

    def __init__(self, number: int) -> None:
        super().__init__(id=number)


class Initialised(BaseModel):
    id: int
    _double: int = PrivateAttr(default=0)

    def model_post_init(self, context: Any, /) -> None:
        self._double = self.id * 2

    @model_validator(mode="after")
    def doubled(self) -> "Initialised":
        if self._double != self.id * 2:
            raise ValueError("not doubled")
        return self


class Text(str):
    __slots__ = ()


def with_cache(instance: Frozen) -> Frozen:
    assert instance.triple == 3
    return instance


@pytest.mark.parametrize(
    ("declared", "body"),
    [
        (Frozen, with_cache(Frozen(ID=1))),
        (Camel, Camel(firstName="a")),
        (Loose, Loose.model_validate({"id": 1, "more": {"a": 1}})),
        (Box[Box[int]], Box[Box[int]](item=Box[int](item=1))),
        (RootModel[dict[str, Tree]], RootModel[dict[str, Tree]]({"a": Tree(value=1)})),
        (list[Pet], [Cat(lives=1), Dog(weight=1)]),
        (Annotated[AliasedCat | AliasedDog, Field(discriminator="kind")], AliasedDog.model_validate({})),
        (Tree, Tree(value=1, children=[Tree(value=1)])),
        (Knot, Knot(ties={"a": Knot(ties=[Knot()])})),
        (HoldsNests, HoldsNests(nest=[[1.0], 2.0], other=[[]], tree=Tree(value=1), trees=[Tree(value=2)])),
        (LooseTree, LooseTree.model_validate({"children": [{"more": 1}]})),
        (Hashed, Hashed.model_validate({"password": "a", "tags": "a,b", "score": "score:1"})),
        (Automatic, Automatic.model_validate({"size": "auto"})),
        (Shaped, Shaped.model_validate({"point": [1, 2]})),
        (Shortcut, Shortcut(id=1)),
        (
            Foreign,
            Foreign.model_validate(
                {
                    "after": "A",
                    "plain": "B",
                    "data": b"YQ==",
                    "parsed": "[1]",
                    "url": "http://a.b",
                    "secret": "s",
                    "path": "a",
                }
            ),
        ),
        (EnumValues, EnumValues(color=Color.RED, mixed=Mixed.ONE)),
        (WithInitVar, WithInitVar(1, 2)),
        (Slotted, Slotted(1)),
        (NeedsPosition, NeedsPosition(1)),
        (Initialised, Initialised(id=1)),
        (Address, changed(Address(city="a"), city=Text("b"))),
        (Point, Point(1, 2)),
        (Settings, Settings()),
        (Pair, Pair(1)),
        (set[Level], {Level.LOW}),
    ],
    ids=spelled,
)
def test_recheck_raises_no_false_alarm(declared: Any, body: object) -> None:
    assert encode(declared, body, recheck=True) == encode(declared, body)


def test_recheck_writes_what_was_given_not_what_validators_make_of_it() -> None:
    body = Hashed.model_validate({"password": "a", "tags": "a,b", "score": "score:1"})
    assert encode(Hashed, body, recheck=True) == b'{"password":"hash(a)","tags":["a","b"],"score":1}'
    assert body.password == "hash(a)"


def test_recheck_sees_past_a_validator_that_lets_instances_through() -> None:
    assert misfit(Shortcut, changed(Shortcut(id=1), id="x"), recheck=True)[1][0]["loc"] == ["id"]


@pytest.mark.parametrize(("field", "value"), [("tags", "a,b"), ("score", "score:1"), ("password", 5)])
def test_recheck_takes_no_raw_input_for_a_stored_value(field: str, value: object) -> None:
    body = Hashed.model_validate({"password": "a", "tags": "a", "score": "score:1"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        errors = misfit(Hashed, changed(body, **{field: value}), recheck=True)[1]
    assert [error["loc"] for error in errors] == [[field]]


def test_recheck_leaves_the_instance_alone() -> None:
    friend = Address(city="b")
    body = member(friends=[friend])
    encode(Member, body, recheck=True)
    assert body.friends[0] is friend


# --- What is not rewritten is pydantic's own --------------------------------------------------------------------------


class Plain(BaseModel):
    color: Color = Color.RED
    level: Level = Level.LOW
    text: Annotated[int, PlainSerializer(str, return_type=str)] = 1
    parsed: Json[int] = 1
    path: Path = Path("a")
    seen: Sequence[date] = []
    by_id: dict[UUID, Decimal] = {}
    pair: tuple[int, str] | None = None


@pytest.mark.parametrize("declared", [User, HoldsUsers, Cat, Address, Plain])
def test_plain_type_is_written_by_pydantics_own_validator_and_serializer(declared: type[BaseModel]) -> None:
    codec = response_codec(declared)
    assert codec.validate == declared.__pydantic_validator__.validate_python
    assert codec.to_json == declared.__pydantic_serializer__.to_json


def test_type_with_floats_is_checked_by_pydantics_own_validator() -> None:
    assert response_codec(Place).validate == Place.__pydantic_validator__.validate_python


def used_validators(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Collect the validators that are compiled from rewritten schemas."""
    compiled: list[object] = []
    original = schema._compiled

    def compile_and_note(node: dict[str, Any]) -> SchemaValidator:
        compiled.append(node)
        return original(node)

    monkeypatch.setattr(schema, "_compiled", compile_and_note)
    return compiled


class HalfShaped(BaseModel):
    day: date
    code: int

    @field_validator("code", mode="before")
    @classmethod
    def strip(cls, value: Any) -> Any:
        return value


@pytest.mark.parametrize("declared", [User, HoldsUsers, Address, Box[int], list[User], HalfShaped])
def test_body_without_floats_is_read_by_pydantics_own_validator(declared: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = used_validators(monkeypatch)
    make = json_validator.__wrapped__  # type: ignore[attr-defined]
    for coerce in (False, True):
        with pytest.raises(ApiError):
            make(declared, coerce=coerce)(b"5")
    assert compiled == []


class TextChoices(BaseModel):
    kind: Literal["a", "b"]
    color: Color = Color.RED
    level: Level = Level.LOW


@pytest.mark.parametrize("declared", [Search, SearchDict, Aliased, TextChoices])
def test_query_without_floats_is_read_by_pydantics_own_validator(
    declared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = used_validators(monkeypatch)
    make = text_validator.__wrapped__  # type: ignore[attr-defined]
    with pytest.raises(ApiError):
        make(declared, "query")({})
    assert compiled == []


def test_validators_and_codecs_are_made_once() -> None:
    assert json_validator(User) is json_validator(User)
    assert json_validator(User, coerce=True) is not json_validator(User)
    assert text_validator(Search, "query") is text_validator(Search, "query")
    assert response_codec(list[User]) is response_codec(list[User])
    assert response_codec(User, recheck=True) is not response_codec(User)


def test_types_that_are_equal_but_spelled_differently_are_kept_apart() -> None:
    assert (int | str) == (str | int)
    assert json_validator(int | str) is not json_validator(str | int)


def test_nested_models_bring_no_prebuilt_validator() -> None:
    """`_use_prebuilt` is a private argument of pydantic-core's; without it nested models would not be rewritten."""
    inner: Any = {**Place.__pydantic_core_schema__, "revalidate_instances": "always"}
    bad = changed(Place(lat=1), lat="x")
    listed: Any = core_schema.list_schema(inner)
    assert SchemaValidator(listed).validate_python([bad]) == [bad]
    with pytest.raises(ValueError, match="lat"):
        SchemaValidator(listed, _use_prebuilt=False).validate_python([bad])


def test_serializer_takes_the_private_argument_too() -> None:
    original: Any = Place.__pydantic_core_schema__
    inner: Any = {**original, "config": {**original["config"], "ser_json_inf_nan": "constants"}}
    listed: Any = core_schema.list_schema(inner)
    assert SchemaSerializer(listed).to_json([Place(lat=INF)]) == b'[{"lat":null,"notes":{}}]'
    assert SchemaSerializer(listed, None, False).to_json([Place(lat=INF)]) == b'[{"lat":Infinity,"notes":{}}]'


def keys_with_nodes() -> set[str]:
    """Read the keys under which pydantic-core's own definitions put further nodes."""
    found: set[str] = set()
    for name, definition in vars(core_schema).items():
        if isinstance(definition, type) and name.endswith(("Schema", "Field", "Parameter")):
            for key, annotation in getattr(definition, "__annotations__", {}).items():
                text = annotation.__forward_arg__ if isinstance(annotation, typing.ForwardRef) else str(annotation)
                if any(word in text for word in ("CoreSchema", "SerSchema", "Field", "ComputedField", "Parameter")):
                    found.add(key)
    return found


def test_every_key_under_which_pydantic_keeps_schemas_is_walked() -> None:
    known = schema._SERIALIZATION_KEYS | {"json_schema_input_schema"}
    assert keys_with_nodes() - known == {"cls", "config", "field_name"} & keys_with_nodes()
    assert keys_with_nodes() | {"fields"} >= schema._SERIALIZATION_KEYS


class Moments(BaseModel):
    day: date | None = None
    at: datetime | None = None
    days: list[date] = []


@pytest.mark.parametrize("number", ["0", "0.5", "-1", "+5", "5.", ".5", "1.5e2", "20260101"])
@pytest.mark.parametrize(("key", "error_type"), [("day", "date_parsing"), ("at", "datetime_parsing")])
@pytest.mark.parametrize("where", ["query", "header", "form"])
def test_number_in_text_is_no_date(key: str, number: str, error_type: str, where: Where) -> None:
    assert problems(lambda: read_text(Moments, {key: number}, where)) == [([where, key], error_type)]


def test_number_among_dates_is_told() -> None:
    with pytest.raises(ApiError) as caught:
        read_text(Moments, {"days": ["2026-01-01", "0"]})
    assert caught.value.errors == [
        {
            "loc": ["query", "days", 1],
            "msg": "Input should be a valid date in the format YYYY-MM-DD, a number is not taken for a timestamp",
            "type": "date_parsing",
        }
    ]


def test_dates_in_text_are_read() -> None:
    values = {"day": "2026-01-02", "at": "2026-01-02T03:04:05Z", "days": "2026-01-02T00:00:00"}
    assert read_text(Moments, values) == Moments(
        day=date(2026, 1, 2), at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), days=[date(2026, 1, 2)]
    )
