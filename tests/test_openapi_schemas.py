"""The schemas of the document: what they say of the wire, and what they are called."""

import json
import re
from typing import Any, Final

import pytest

from tests.documents import answer_schema, app_of, body_schema, document_of, schemas_of
from typed_api.openapi import Info, build_document
from typed_api.testing import TestClient

INT: Final = {"type": "integer"}
TEXT: Final = {"type": "string"}


def both(types: str, declared: str = "M") -> dict[str, Any]:
    """Give the named schemas where a type is taken and answered."""
    return schemas_of(
        {"api/x.py": f"{types}\ndef post(req: ApiRequest[{declared}], res: ApiResponse[Ok[{declared}]]): ..."}
    )


def test_model_is_described_by_its_fields() -> None:
    types = '''
    class M(BaseModel):
        """A thing.

        Of sorts.
        """

        id: int
        name: str = Field("x", max_length=10, description="What it is called.", examples=["y"])
        old: bool = Field(False, deprecated=True)
    '''
    assert answer_schema(types) == {
        "description": "A thing.\n\nOf sorts.",
        "type": "object",
        "properties": {
            "id": INT,
            "name": {
                "type": "string",
                "maxLength": 10,
                "description": "What it is called.",
                "examples": ["y"],
                "default": "x",
            },
            "old": {"type": "boolean", "deprecated": True, "default": False},
        },
        "required": ["id"],
    }


def test_title_that_a_user_gave_is_kept() -> None:
    types = "class M(BaseModel):\n    model_config = ConfigDict(title='Thing')\n    a: int = Field(title='An a')\n"
    assert answer_schema(types) == {
        "title": "Thing",
        "type": "object",
        "properties": {"a": {"type": "integer", "title": "An a"}},
        "required": ["a"],
    }


def test_defaults_alone_make_no_second_schema() -> None:
    assert both("class M(BaseModel):\n    a: int = 1\n") == {
        "M": {"type": "object", "properties": {"a": {"type": "integer", "default": 1}}}
    }


def test_computed_field_makes_an_input_of_its_own() -> None:
    types = """
class M(BaseModel):
    a: int
    @computed_field
    @property
    def b(self) -> int:
        return 1
"""
    assert both(types) == {
        "M": {"type": "object", "properties": {"a": INT, "b": {**INT, "readOnly": True}}, "required": ["a", "b"]},
        "MInput": {"type": "object", "properties": {"a": INT}, "required": ["a"]},
    }


def test_other_aliases_make_an_input_of_their_own() -> None:
    types = "class M(BaseModel):\n    a: int = Field(validation_alias='in', serialization_alias='out')\n"
    assert both(types) == {
        "M": {"type": "object", "properties": {"out": INT}, "required": ["out"]},
        "MInput": {"type": "object", "properties": {"in": INT}, "required": ["in"]},
    }


def test_serializer_makes_an_input_of_its_own() -> None:
    types = "class M(BaseModel):\n    a: Annotated[int, PlainSerializer(str, return_type=str)]\n"
    schemas = both(types)
    assert (schemas["M"]["properties"], schemas["MInput"]["properties"]) == ({"a": TEXT}, {"a": INT})


def test_required_defaults_that_a_model_asks_for_are_kept() -> None:
    types = """
class M(BaseModel):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
    a: int = 1
"""
    schemas = both(types)
    assert (schemas["M"].get("required"), schemas["MInput"].get("required")) == (["a"], None)


def test_model_around_one_with_two_schemas_has_two() -> None:
    types = """
class Inner(BaseModel):
    a: Annotated[int, PlainSerializer(str, return_type=str)]

class M(BaseModel):
    inner: Inner
"""
    schemas = both(types)
    assert sorted(schemas) == ["Inner", "InnerInput", "M", "MInput"]
    assert schemas["M"]["properties"] == {"inner": {"$ref": "#/components/schemas/Inner"}}
    assert schemas["MInput"]["properties"] == {"inner": {"$ref": "#/components/schemas/InnerInput"}}


def test_model_that_is_taken_alone_has_the_plain_name() -> None:
    types = """
class M(BaseModel):
    a: Annotated[int, PlainSerializer(str, return_type=str)]

def post(req: ApiRequest[M], res: ApiResponse[NoContent]): ...
"""
    assert list(schemas_of({"api/x.py": types})) == ["M"]


def test_input_gives_way_to_a_model_of_its_name() -> None:
    types = """
class M(BaseModel):
    a: Annotated[int, PlainSerializer(str, return_type=str)]

class MInput(BaseModel):
    b: int

class Both(BaseModel):
    m: M
    i: MInput
"""
    schemas = both(types, "Both")
    qualified = [name for name in schemas if name.endswith("pages.api.x.MInput")]
    assert schemas["MInput"]["properties"] == {"b": INT}
    assert schemas["BothInput"]["properties"]["m"] == {"$ref": f"#/components/schemas/{qualified[0]}"}


MODEL: Final = "class M(BaseModel):\n    {field}\n\ndef get(req: ApiRequest[None], res: ApiResponse[Ok[M]]): ..."


def short(name: str) -> str:
    """Leave the package of the test's tree out of a qualified name."""
    return name.partition(".pages.")[2] or name


def test_two_models_of_one_name_go_by_their_modules() -> None:
    schemas = schemas_of({"api/a.py": MODEL.format(field="a: int"), "api/b.py": MODEL.format(field="b: int")})
    assert {short(name): list(schema["properties"]) for name, schema in schemas.items()} == {
        "api.a.M": ["a"],
        "api.b.M": ["b"],
    }


def test_two_models_of_one_name_in_a_module_go_by_what_they_stand_in() -> None:
    text = """
    class Outer:
        class M(BaseModel):
            a: int

    class M(BaseModel):
        b: int

    def get(req: ApiRequest[None], res: ApiResponse[Ok[M | Outer.M]]): ...
    """
    assert {short(name) for name in schemas_of({"api/x.py": text})} == {"api.x.M", "api.x.Outer.M"}


def test_models_that_even_their_modules_do_not_tell_apart_are_counted() -> None:
    text = """
    def make(kind):
        class M(BaseModel):
            a: kind
        return M

    A, B = make(int), make(str)
    def get(req: ApiRequest[None], res: ApiResponse[Ok[A] | Created[B]]): ...
    """
    schemas = schemas_of({"api/x.py": text})
    assert {short(name): schema["properties"] for name, schema in schemas.items()} == {
        "api.x.make.M": {"a": INT},
        "api.x.make.M.2": {"a": TEXT},
    }


def test_model_named_as_the_errors_goes_by_its_module() -> None:
    text = """
    class Problem(BaseModel):
        a: int

    def get(req: ApiRequest[None], res: ApiResponse[Ok[Problem]]): ...
    """
    document = document_of({"api/x.py": text})
    names = document["components"]["schemas"]
    assert [short(name) for name in sorted(names)] == ["Problem", "ProblemError", "api.x.Problem"]
    assert "title" in names["Problem"]["properties"]


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        ("Page[User]", "PageOfUser"),
        ("Page[list[int]]", "PageOfListOfInt"),
        ("Either[int, User]", "EitherOfIntAndUser"),
        ("Page[Page[User]]", "PageOfPageOfUser"),
        ("Box[User]", "BoxOfUser"),
    ],
)
def test_generic_has_a_readable_name(declared: str, name: str) -> None:
    text = f"""
T = TypeVar("T")
U = TypeVar("U")

class User(BaseModel):
    id: int

class Page(BaseModel, Generic[T]):
    items: list[T]

class Either(BaseModel, Generic[T, U]):
    a: T
    b: U

@dataclasses.dataclass
class Box(Generic[T]):
    item: T

def get(req: ApiRequest[None], res: ApiResponse[Ok[{declared}]]): ...
"""
    document = document_of({"api/x.py": text})
    content = document["paths"]["/api/x"]["get"]["responses"]["200"]["content"]
    assert content == {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def test_recursive_model_refers_to_itself() -> None:
    types = "class M(BaseModel):\n    below: list['M']\n"
    assert answer_schema(types) == {
        "type": "object",
        "properties": {"below": {"type": "array", "items": {"$ref": "#/components/schemas/M"}}},
        "required": ["below"],
    }


def test_models_that_need_each_other_refer_to_each_other() -> None:
    types = """
class A(BaseModel):
    b: "B | None" = None

class B(BaseModel):
    a: A

A.model_rebuild()
def get(req: ApiRequest[None], res: ApiResponse[Ok[A]]): ...
"""
    schemas = schemas_of({"api/x.py": types})
    assert schemas["B"]["properties"] == {"a": {"$ref": "#/components/schemas/A"}}
    assert schemas["A"]["properties"]["b"]["anyOf"][0] == {"$ref": "#/components/schemas/B"}


UNION: Final = """
class Cat(BaseModel):
    kind: Literal["cat"]

class Dog(BaseModel):
    kind: Literal["dog"]
    bark: Annotated[int, PlainSerializer(str, return_type=str)]

class M(BaseModel):
    pet: Annotated[Cat | Dog, Discriminator("kind")]
"""


def test_discriminator_maps_to_the_named_schemas() -> None:
    assert both(UNION)["M"]["properties"]["pet"] == {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"cat": "#/components/schemas/Cat", "dog": "#/components/schemas/Dog"},
        },
    }


def test_discriminator_of_an_input_maps_to_inputs() -> None:
    assert both(UNION)["MInput"]["properties"]["pet"]["discriminator"]["mapping"] == {
        "cat": "#/components/schemas/Cat",
        "dog": "#/components/schemas/DogInput",
    }


def test_discriminated_body_keeps_its_discriminator() -> None:
    schema = body_schema(UNION, "Annotated[Cat | Dog, Discriminator('kind')]")
    assert schema["discriminator"]["propertyName"] == "kind"


def test_enum_is_a_named_schema() -> None:
    types = """
class Color(enum.Enum):
    \"\"\"What a wall has.\"\"\"

    RED = "red"
    BLUE = "blue"

class M(BaseModel):
    color: Color
"""
    assert both(types)["Color"] == {"description": "What a wall has.", "enum": ["red", "blue"], "type": "string"}


@pytest.mark.parametrize(
    ("field", "described"),
    [
        (
            "a: Annotated[int, Field(ge=1, lt=5, multiple_of=2)]",
            {**INT, "minimum": 1, "exclusiveMaximum": 5, "multipleOf": 2},
        ),
        ("a: Annotated[str, Field(min_length=1, pattern='^a')]", {**TEXT, "minLength": 1, "pattern": "^a"}),
        ("a: Annotated[list[int], Field(max_length=3)]", {"type": "array", "items": INT, "maxItems": 3}),
        # What holds a value twice is taken as well.
        ("a: set[int]", {"type": "array", "items": INT}),
        ("a: dict[str, int]", {"type": "object", "additionalProperties": INT}),
        ("a: Literal['x', 1]", {"enum": ["x", 1]}),
        ("a: Literal['x']", {"const": "x", "type": "string"}),
        ("a: datetime.datetime", {**TEXT, "format": "date-time"}),
        # As it is written: years and days, which no format of durations allows.
        ("a: datetime.timedelta", TEXT),
        ("a: uuid.UUID", {**TEXT, "format": "uuid"}),
        ("a: tuple[int, str]", {"type": "array", "prefixItems": [INT, TEXT], "minItems": 2, "maxItems": 2}),
        ("a: Any", {}),
        ("a: object", {}),
        ("a: int | None", {"anyOf": [INT, {"type": "null"}]}),
        ("a: bytes", TEXT),
    ],
)
def test_field_is_described(field: str, described: dict[str, Any]) -> None:
    assert answer_schema(f"class M(BaseModel):\n    {field}\n")["properties"] == {"a": described}


def test_keys_that_are_no_text_are_written_as_text() -> None:
    types = "class K(enum.Enum):\n    A = 1\n\nclass M(BaseModel):\n    a: dict[K, int]\n"
    assert answer_schema(types)["properties"]["a"] == {"type": "object", "additionalProperties": INT}


def test_keys_that_are_text_keep_their_rules() -> None:
    types = "class K(enum.Enum):\n    A = 'a'\n\nclass M(BaseModel):\n    a: dict[K, int]\n"
    assert answer_schema(types)["properties"]["a"]["propertyNames"] == {"$ref": "#/components/schemas/K"}


def test_model_that_forbids_more_says_so() -> None:
    types = "class M(BaseModel):\n    model_config = ConfigDict(extra='forbid')\n    a: int\n"
    assert answer_schema(types)["additionalProperties"] is False


def test_model_that_takes_more_says_so() -> None:
    types = "class M(BaseModel):\n    model_config = ConfigDict(extra='allow')\n    a: int\n"
    assert answer_schema(types)["additionalProperties"] is True


def test_dataclass_is_a_named_schema() -> None:
    types = "@dataclasses.dataclass\nclass M:\n    a: int\n    b: str = 'x'\n"
    assert both(types) == {
        "M": {"type": "object", "properties": {"a": INT, "b": {**TEXT, "default": "x"}}, "required": ["a"]}
    }


def test_typed_dict_is_a_named_schema() -> None:
    types = "class M(TypedDict):\n    a: int\n    b: NotRequired[str]\n"
    assert both(types) == {"M": {"type": "object", "properties": {"a": INT, "b": TEXT}, "required": ["a"]}}


def test_named_tuple_is_an_array() -> None:
    types = "class P(NamedTuple):\n    x: int\n    y: str\n\nclass M(BaseModel):\n    p: P\n"
    assert answer_schema(types)["properties"]["p"] == {"$ref": "#/components/schemas/P"}
    assert both(types)["P"] == {
        "type": "array",
        "prefixItems": [INT, TEXT],
        "minItems": 2,
        "maxItems": 2,
    }


def test_root_model_is_what_it_holds() -> None:
    assert answer_schema("class M(RootModel[list[int]]): ...") == {"type": "array", "items": INT}


def test_alias_with_a_name_is_a_named_schema() -> None:
    types = "Tree = TypeAliasType('Tree', 'dict[str, Tree]')\nclass M(BaseModel):\n    tree: Tree\n"
    assert both(types)["Tree"] == {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Tree"}}


def test_extra_of_a_model_is_kept() -> None:
    types = """
class M(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"a": 1}], "x-kind": "thing"})
    a: int = Field(json_schema_extra={"x-unit": "kg"})
"""
    schema = answer_schema(types)
    assert (schema["examples"], schema["x-kind"], schema["properties"]["a"]["x-unit"]) == ([{"a": 1}], "thing", "kg")


def test_models_are_not_changed_by_being_described() -> None:
    text = """
    EXTRA = {"properties": {"b": {"$ref": "#/nowhere"}}}

    class M(BaseModel):
        model_config = ConfigDict(json_schema_extra=EXTRA)
        a: int

    def get(req: ApiRequest[None], res: ApiResponse[Ok[M]]):
        res.json(M(a=EXTRA == {"properties": {"b": {"$ref": "#/nowhere"}}}))
    """
    app = app_of({"api/x.py": text})
    build_document(app.endpoints, Info(title="", version=""))
    assert TestClient(app).get("/api/x").json() == {"a": 1}


def test_reference_that_leads_nowhere_is_left_out() -> None:
    types = "class M(BaseModel):\n    a: Annotated[int, WithJsonSchema({'$ref': '#/components/schemas/Nobody'})]\n"
    assert answer_schema(types)["properties"] == {"a": {}}


def test_reference_in_an_example_is_data() -> None:
    types = "class M(BaseModel):\n    a: dict[str, str] = Field(examples=[{'$ref': '#/nowhere'}])\n"
    assert answer_schema(types)["properties"]["a"]["examples"] == [{"$ref": "#/nowhere"}]


@pytest.mark.parametrize("name", ["default", "enum", "$ref", "properties", "examples", "a~1b", "{id}", "type"])
def test_property_of_any_name_is_described(name: str) -> None:
    types = f"class Inner(BaseModel):\n    b: int\n\nclass M(BaseModel):\n    a: Inner = Field(alias={name!r})\n"
    assert answer_schema(types)["properties"] == {name: {"$ref": "#/components/schemas/Inner"}}


def test_default_that_json_cannot_hold_is_left_out() -> None:
    types = "class M(BaseModel):\n    a: float = float('inf')\n    b: Any = object()\n"
    assert answer_schema(types)["properties"] == {"a": {"type": "number"}, "b": {}}


def test_example_is_written_as_it_would_be_sent() -> None:
    types = """
class M(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"at": datetime.date(2024, 1, 2)}]})
    at: datetime.date
"""
    assert answer_schema(types)["examples"] == [{"at": "2024-01-02"}]


# --- The wire ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "field", "value", "sent", "described"),
    [
        ("ser_json_bytes='utf8'", "bytes", "b'\\xc3\\xa9'", "é", TEXT),
        ("ser_json_bytes='base64'", "bytes", "b'\\xff\\xfe'", "__4=", {**TEXT, "contentEncoding": "base64url"}),
        ("ser_json_bytes='hex'", "bytes", "b'\\xff'", "ff", {**TEXT, "contentEncoding": "base16"}),
        (
            "ser_json_timedelta='float'",
            "datetime.timedelta",
            "datetime.timedelta(seconds=1.5)",
            1.5,
            {"type": "number"},
        ),
        ("", "datetime.timedelta", "datetime.timedelta(seconds=90)", "PT1M30S", TEXT),
        ("", "decimal.Decimal", "decimal.Decimal('1.10')", "1.10", None),
        ("", "float", "1.0", 1.0, {"type": "number"}),
        ("use_enum_values=True", "Literal[1]", "1", 1, {"const": 1, "type": "integer"}),
    ],
)
def test_value_is_described_as_it_is_sent(
    config: str, field: str, value: str, sent: object, described: dict[str, Any] | None
) -> None:
    types = f"""
class M(BaseModel):
    model_config = ConfigDict({config})
    a: {field}

def get(req: ApiRequest[None], res: ApiResponse[Ok[M]]):
    return res.json(M(a={value}))
"""
    app = app_of({"api/x.py": types})
    document: Any = build_document(app.endpoints, Info(title="", version=""))
    schema = document["components"]["schemas"]["M"]["properties"]["a"]
    assert TestClient(app).get("/api/x").json() == {"a": sent}
    assert schema == described if described is not None else schema["type"] == "string"


@pytest.mark.parametrize(
    ("encoding", "field", "described"),
    [
        ("utf8", "Field(min_length=3, max_length=9)", {"minLength": 1, "maxLength": 9}),
        ("base64", "Field(min_length=3, max_length=9)", {"minLength": 4, "maxLength": 12}),
        ("hex", "Field(min_length=3, max_length=9)", {"minLength": 6, "maxLength": 18}),
    ],
)
def test_length_of_bytes_is_that_of_their_text(encoding: str, field: str, described: dict[str, int]) -> None:
    types = f"""
class M(BaseModel):
    model_config = ConfigDict(ser_json_bytes={encoding!r})
    a: Annotated[bytes, {field}]
"""
    found = answer_schema(types)["properties"]["a"]
    assert {key: found[key] for key in ("minLength", "maxLength")} == described


def test_infinity_that_is_sent_as_text_is_described() -> None:
    types = "class M(BaseModel):\n    model_config = ConfigDict(ser_json_inf_nan='strings')\n    a: float\n"
    assert answer_schema(types)["properties"]["a"] == {
        "anyOf": [{"type": "number"}, {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}]
    }


def test_serializer_that_says_nothing_of_its_result_may_give_anything() -> None:
    types = """
class M(BaseModel):
    a: int

    @field_serializer("a")
    def write(self, value):
        return [value]
"""
    assert answer_schema(types)["properties"] == {"a": {}}


def test_serializer_with_a_result_is_described_by_it() -> None:
    types = """
class M(BaseModel):
    a: int

    @field_serializer("a")
    def write(self, value) -> list[int]:
        return [value]
"""
    assert answer_schema(types)["properties"] == {"a": {"type": "array", "items": INT}}


def test_field_that_is_left_out_when_it_is_none_is_never_null() -> None:
    types = "class M(BaseModel):\n    a: int | None = Field(None, exclude_if=lambda value: value is None)\n"
    assert answer_schema(types) == {"type": "object", "properties": {"a": INT}}


def test_input_that_ignores_its_alias_goes_by_its_name() -> None:
    types = """
class M(BaseModel):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=False)
    a: int = Field(alias="b")
"""
    assert list(body_schema(types)["properties"]) == ["a"]


HOSTILE: Final = [
    "<script>alert(1)</script>",
    "*/ }{",
    "$ref",
    "a/b~1c~0d",
    "💥",
    "#/components/schemas/M",
    "A[B, C]",
    "a.b:1",
    'say "no"',
    "",
    " ",
    "Bürger",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_name_of_any_class_is_legal(name: str) -> None:
    text = f"""
    M = pydantic.create_model("M", a=(int, ...), __doc__={name!r})
    M.__name__ = M.__qualname__ = {name!r}
    del M.__pydantic_core_schema__
    M.model_rebuild(force=True)
    def get(req: ApiRequest[None], res: ApiResponse[Ok[M]]): ...
    """
    names = list(schemas_of({"api/x.py": text}))
    assert len(names) == 1
    assert re.fullmatch(r"[A-Za-z0-9._-]+", names[0])


def test_accents_are_taken_off_a_name() -> None:
    text = "class Bürger(BaseModel):\n    a: int\n\ndef get(req: ApiRequest[None], res: ApiResponse[Ok[Bürger]]): ..."
    assert list(schemas_of({"api/x.py": text})) == ["Burger"]


def test_names_that_become_alike_stay_apart() -> None:
    text = """
    class Bürger(BaseModel):
        a: int

    class Burger(BaseModel):
        b: int

    def get(req: ApiRequest[None], res: ApiResponse[Ok[Bürger] | Created[Burger]]): ...
    """
    schemas = schemas_of({"api/x.py": text})
    assert sorted(json.dumps(list(schema["properties"])) for schema in schemas.values()) == ['["a"]', '["b"]']


def test_field_that_is_picked_out_of_another_is_no_property() -> None:
    types = "class M(BaseModel):\n    a: int\n    b: int = Field(validation_alias=AliasPath('inner', 'b'))\n"
    assert body_schema(types) == {"type": "object", "properties": {"a": INT}, "required": ["a"]}


def test_field_that_a_dataclass_does_not_take_is_no_property_of_its_input() -> None:
    types = "@dataclasses.dataclass\nclass M:\n    a: int\n    b: int = dataclasses.field(default=1, init=False)\n"
    schemas = both(types)
    assert (list(schemas["M"]["properties"]), list(schemas["MInput"]["properties"])) == (["a", "b"], ["a"])


@pytest.mark.parametrize("text", ["<b>&", "*/", "{}", '"', "$ref", "💥\u2028", "~1", "\x00"])
def test_text_about_a_model_is_kept(text: str) -> None:
    types = (
        f"class M(BaseModel):\n    a: int = Field(description={text!r}, examples=[{text!r}])\n\nM.__doc__ = {text!r}\n"
    )
    types += "del M.__pydantic_core_schema__\nM.model_rebuild(force=True)\n"
    schema = answer_schema(types)
    assert (schema["description"], schema["properties"]["a"]["description"]) == (text, text)
    assert schema["properties"]["a"]["examples"] == [text]


def test_generics_of_two_models_of_one_name_go_by_the_modules_of_those() -> None:
    shared = "T = TypeVar('T')\n\nclass Page(BaseModel, Generic[T]):\n    items: list[T]\n"
    route = """
from ._shared import Page

class M(BaseModel):
    a: int

def get(req: ApiRequest[None], res: ApiResponse[Ok[Page[M]]]): ...
"""
    schemas = schemas_of({"api/_shared.py": shared, "api/a.py": route, "api/b.py": route})
    names = {tuple(part.partition(".pages.")[2] for part in name.split("Of")) for name in schemas}
    assert names == {
        ("api.a.M",),
        ("api.b.M",),
        ("api._shared.Page", "api.a.M"),
        ("api._shared.Page", "api.b.M"),
    }


def test_field_whose_leaving_out_cannot_be_told_may_be_null() -> None:
    types = "class M(BaseModel):\n    a: int | None = Field(None, exclude_if=lambda value: value > 3)\n"
    assert answer_schema(types)["properties"]["a"]["anyOf"] == [INT, {"type": "null"}]


def test_extra_that_is_no_json_becomes_json() -> None:
    types = """
class M(BaseModel):
    model_config = ConfigDict(json_schema_extra={
        "x-tuple": (1, 2), "x-set": {"b", "a"}, "x-keys": {1: "one"}, "x-nan": [float("nan"), 1.5],
    })
    a: int
"""
    schema = answer_schema(types)
    assert {key: value for key, value in schema.items() if key.startswith("x-")} == {
        "x-tuple": [1, 2],
        "x-set": ["a", "b"],
        "x-keys": {"1": "one"},
        "x-nan": [1.5],
    }


def test_reference_to_another_document_is_kept() -> None:
    text = """
    class M(BaseModel):
        a: Annotated[int, WithJsonSchema({"$ref": "https://example.org/a.json"})]

    def get(req: ApiRequest[None], res: ApiResponse[Ok[M]]): ...
    """
    document: Any = build_document(app_of({"api/x.py": text}).endpoints, Info(title="", version=""))
    schema = document["components"]["schemas"]["M"]
    assert schema["properties"] == {"a": {"$ref": "https://example.org/a.json"}}


def test_infinity_that_is_sent_as_null_is_described() -> None:
    types = "class M(BaseModel):\n    model_config = ConfigDict(ser_json_inf_nan='null')\n    a: float\n"
    assert answer_schema(types)["properties"]["a"] == {"anyOf": [{"type": "number"}, {"type": "null"}]}


def test_whole_unions_with_discriminators_of_no_models_are_described() -> None:
    types = """
class A(TypedDict):
    kind: Literal["a"]

class B(TypedDict):
    kind: Literal["b"]

M = Annotated[Annotated[A, Tag("a")] | Annotated[B, Tag("b")], Discriminator(lambda value: value["kind"])]
"""
    assert answer_schema(types) == {"oneOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]}


def test_what_a_request_may_hold_is_described_as_it_is_read() -> None:
    types = """
    class M(BaseModel):
        price: decimal.Decimal
        wait: datetime.timedelta
        tags: frozenset[str]
        note: str | pydantic.json_schema.SkipJsonSchema[None] = None
    """
    properties = body_schema(types)["properties"]
    number = properties["price"]["anyOf"][1].pop("pattern")
    assert properties == {
        "price": {"anyOf": [{"type": "number"}, TEXT]},
        "wait": {**TEXT, "format": "duration"},
        "tags": {"type": "array", "items": TEXT},
        "note": TEXT,
    }
    read = [text for text in ("1", "-1.50", ".5", "1e-7", "", "x", "1.2.3", "--1") if re.search(number, text)]
    assert read == ["1", "-1.50", ".5", "1e-7"]


# --- Enums and literals -----------------------------------------------------------------------------------------------


COLOR: Final = """
class C(enum.StrEnum):
    RED = "red"
    ROUGE = "red"
    BLUE = "blue"
"""


def test_alias_of_a_member_is_no_other_value() -> None:
    assert answer_schema(COLOR, "Ok[C]") == {"type": "string", "enum": ["red", "blue"]}


@pytest.mark.parametrize(
    ("declared", "described"),
    [
        ("Literal[C.RED, C.ROUGE, 'red', 'blue']", {"type": "string", "enum": ["red", "blue"]}),
        ("Literal[C.RED, 'red']", {"type": "string", "const": "red"}),
        ("Literal[1, True]", {"enum": [1, True]}),
    ],
)
def test_literal_has_each_value_once(declared: str, described: dict[str, Any]) -> None:
    schema = answer_schema(f"{COLOR}\nclass M(BaseModel):\n    a: {declared}\n")["properties"]["a"]
    assert json.dumps(schema, sort_keys=True) == json.dumps(described, sort_keys=True)


def test_members_of_a_flag_combine() -> None:
    types = """
class P(enum.IntFlag):
    R = 1
    W = 2

class M(BaseModel):
    p: P = P.R | P.W
"""
    schemas = both(types)
    assert (schemas["P"], schemas["M"]["properties"]["p"]["default"]) == (INT, 3)
