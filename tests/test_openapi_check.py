"""What keeps an app from having a document, told at start."""

import sys
import types
from collections.abc import Iterable
from typing import Any, Final

import pytest

from tests.documents import SHARED_SCHEMAS, source
from typed_api.config import RouteConfig
from typed_api.contract import Endpoint, describe
from typed_api.errors import ConfigError
from typed_api.openapi import Info, build_document, check_endpoints
from typed_api.pattern import parse_path
from typed_api.schema import SchemaError

INFO: Final = Info(title="T", version="1")
MEND: Final = (
    " Give it one with Annotated[..., WithJsonSchema(...)], or leave the route out of the document with "
    "RouteConfig(include_in_schema=False)."
)


def endpoint_of(text: str, *, file: str = "api/x.py") -> Endpoint:
    """Describe a module that no app has looked at."""
    module = types.ModuleType(f"checked_{file.removesuffix('.py').replace('/', '_')}")
    sys.modules[module.__name__] = module
    try:
        exec(compile(source(text), file, "exec", dont_inherit=True), vars(module))
        pattern = parse_path(file)
        assert pattern is not None
        config = vars(module).get("config")
        configs = [config] if isinstance(config, RouteConfig) else []
        return describe(module, f"pages/{file}", pattern, configs)[0]
    finally:
        del sys.modules[module.__name__]


def problems_of(text: str, *, info: Info = INFO) -> list[str]:
    """Say what is wrong with a module."""
    return check_endpoints([endpoint_of(text)], info)


FOREIGN: Final = """
class Foreign:
    pass

class M(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    a: Foreign
"""


def test_field_without_a_schema_is_told() -> None:
    text = FOREIGN + "\ndef get(req: ApiRequest[None], res: ApiResponse[Ok[M]]): ..."
    assert problems_of(text) == [
        "'pages/api/x.py': 'get' cannot be documented: 'M' has no JSON schema at 'M.a': Cannot generate a JsonSchema "
        "for core_schema.IsInstanceSchema (<class 'checked_api_x.Foreign'>)." + MEND
    ]


@pytest.mark.parametrize(
    ("types_", "request_", "response"),
    [
        (FOREIGN, "ApiRequest[M]", "NoContent"),
        (FOREIGN, "ApiRequest[Form[M]]", "NoContent"),
        (FOREIGN, "ApiRequest[list[M]]", "NoContent"),
        (FOREIGN, "ApiRequest[None, M]", "NoContent"),
        (FOREIGN, "ApiRequest[None, Query, M]", "NoContent"),
        (FOREIGN, "ApiRequest[None]", "Ok[list[M]]"),
        (FOREIGN, "ApiRequest[None]", "Ok[int | dict[str, M]]"),
        (FOREIGN, "ApiRequest[None]", "ClientError[M]"),
        (FOREIGN, "ApiRequest[None]", "M"),
        (FOREIGN, "ApiRequest[None]", "Ok[JsonLines[M]]"),
        (FOREIGN, "ApiRequest[None]", "Ok[EventStream[M]]"),
        (FOREIGN + "class N(BaseModel):\n    m: M\n", "ApiRequest[N]", "NoContent"),
        (FOREIGN + "@dataclasses.dataclass\nclass N:\n    m: M\n", "ApiRequest[N]", "NoContent"),
        (FOREIGN + "class N(TypedDict):\n    m: M\n", "ApiRequest[N]", "NoContent"),
        (FOREIGN + "class N(BaseModel):\n    m: M\n    n: 'N | None' = None\n", "ApiRequest[N]", "NoContent"),
        ("class M(BaseModel):\n    a: typing.Callable[[], int]\n", "ApiRequest[M]", "NoContent"),
    ],
)
def test_type_without_a_schema_is_found(types_: str, request_: str, response: str) -> None:
    assert len(problems_of(f"{types_}\ndef post(req: {request_}, res: ApiResponse[{response}]): ...")) == 1


@pytest.mark.parametrize(
    "types_",
    [
        "class M(BaseModel):\n    a: Annotated[typing.Callable[[], int], WithJsonSchema({'type': 'integer'})]\n",
        "class M(BaseModel):\n    a: Annotated[int, pydantic.PlainValidator(int, json_schema_input_type=int)]\n",
        "class M(BaseModel):\n    a: int\n    b: 'M | None' = None\n",
        "M = Annotated[int, pydantic.PlainValidator(int)]\n",
        "class M(BaseModel):\n    a: dict[str, list[tuple[int, ...]]] | Literal['x']\n",
        "class M(BaseModel):\n    a: int\n    @pydantic.field_validator('a')\n    def b(cls, value): return value\n",
        "class Color(enum.Enum):\n    RED = 1\n\n@dataclasses.dataclass\nclass M:\n    a: Color\n",
        "class M(BaseModel):\n    a: pydantic.AnyUrl\n",
    ],
)
def test_type_with_a_schema_is_fine(types_: str) -> None:
    text = f"{types_}\ndef post(req: ApiRequest[M], res: ApiResponse[NoContent]): ..."
    assert problems_of(text) == []


def test_upload_has_a_schema() -> None:
    text = (
        "class M(BaseModel):\n    a: UploadFile\n\ndef post(req: ApiRequest[Form[M]], res: ApiResponse[NoContent]): ..."
    )
    assert problems_of(text) == []


def test_schema_that_raises_is_told() -> None:
    text = """
class M(BaseModel):
    a: int

    @classmethod
    def __get_pydantic_json_schema__(cls, core, handler):
        raise ValueError("no luck")

def get(req: ApiRequest[None], res: ApiResponse[Ok[M]]): ...
"""
    assert problems_of(text) == [
        "'pages/api/x.py': 'get' cannot be documented: 'M' has no JSON schema: making it raised ValueError: no luck."
        + MEND
    ]


def test_route_that_is_left_out_needs_no_schema() -> None:
    text = FOREIGN + (
        "config = RouteConfig(include_in_schema=False)\ndef get(req: ApiRequest[None], res: ApiResponse[Ok[M]]): ..."
    )
    assert problems_of(text) == []


def test_type_is_told_once_for_a_handler_of_many_methods() -> None:
    assert len(problems_of(FOREIGN + "\ndef handler(req: ApiRequest[None], res: ApiResponse[Ok[M]]): ...")) == 1


def test_type_is_told_for_each_file() -> None:
    text = FOREIGN + "\ndef get(req: ApiRequest[None], res: ApiResponse[Ok[M]]): ..."
    endpoints = [endpoint_of(text, file="api/x.py"), endpoint_of(text, file="api/y.py")]
    assert [problem.partition(":")[0] for problem in check_endpoints(endpoints, INFO)] == [
        "'pages/api/x.py'",
        "'pages/api/y.py'",
    ]


def test_document_of_a_type_without_a_schema_is_an_error() -> None:
    endpoint = endpoint_of(FOREIGN + "\ndef get(req: ApiRequest[None], res: ApiResponse[Ok[M]]): ...")
    with pytest.raises(SchemaError, match=r"^'M' has no JSON schema at 'M\.a': Cannot generate a JsonSchema"):
        build_document([endpoint], INFO)


# --- Operation ids ----------------------------------------------------------------------------------------------------

GET: Final = "def get(req: ApiRequest[None], res: ApiResponse[NoContent]): ...\n"
ID: Final = "config = RouteConfig(operation_id='run')\n"
ID_MEND: Final = (
    " Each operation needs its own: give it in the module, and for one method of several as "
    "RouteConfig(get=RouteConfig(operation_id=...))."
)


def test_id_that_two_routes_give_is_told() -> None:
    endpoints = [endpoint_of(ID + GET, file="api/x.py"), endpoint_of(ID + GET, file="api/y.py")]
    assert check_endpoints(endpoints, INFO) == [
        "The operation_id 'run' is given to GET of 'pages/api/x.py' and GET of 'pages/api/y.py'." + ID_MEND
    ]


def test_id_of_a_handler_with_many_methods_is_told() -> None:
    text = ID + "def handler(req: ApiRequest[None], res: ApiResponse[NoContent]): ...\n"
    file = "'pages/api/x.py'"
    assert problems_of(text) == [
        f"The operation_id 'run' is given to GET of {file}, POST of {file}, PUT of {file}, PATCH of {file} and DELETE "
        f"of {file}." + ID_MEND
    ]


def test_id_of_a_handler_with_one_method_is_fine() -> None:
    text = (
        "config = RouteConfig(operation_id='run', methods=['POST'])\n"
        "def handler(req: ApiRequest[None], res: ApiResponse[NoContent]): ...\n"
    )
    assert problems_of(text) == []


def test_id_of_an_optional_catch_all_is_fine() -> None:
    assert check_endpoints([endpoint_of(ID + GET, file="api/_path___.py")], INFO) == []


def test_id_of_a_route_that_is_left_out_is_free() -> None:
    hidden = "config = RouteConfig(operation_id='run', include_in_schema=False)\n" + GET
    endpoints = [endpoint_of(ID + GET, file="api/x.py"), endpoint_of(hidden, file="api/y.py")]
    assert check_endpoints(endpoints, INFO) == []


# --- Security ---------------------------------------------------------------------------------------------------------

SCHEMES: Final = {"bearer": {"type": "http", "scheme": "bearer"}, "key": {"type": "apiKey", "in": "query", "name": "k"}}


def test_requirement_of_a_route_that_names_no_scheme_is_told() -> None:
    text = "config = RouteConfig(security=[{'token': []}])\n" + GET
    assert problems_of(text, info=Info(title="T", version="1", security_schemes=SCHEMES)) == [
        "'pages/api/x.py': security names the scheme 'token', which is not defined. Name it in security_schemes={...} "
        "of the app, or use one that is there ('bearer', 'key')."
    ]


def test_requirement_of_the_app_that_names_no_scheme_is_told() -> None:
    info = Info(title="T", version="1", security=[{"token": []}])
    assert problems_of(GET, info=info) == [
        "The app's security names the scheme 'token', which is not defined. Name it in security_schemes={...} of the "
        "app, or use one that is there (none)."
    ]


def test_requirement_that_names_a_scheme_is_fine() -> None:
    text = "config = RouteConfig(security=[{'key': [], 'bearer': []}])\n" + GET
    assert problems_of(text, info=Info(title="T", version="1", security_schemes=SCHEMES)) == []


def test_scheme_of_an_unknown_type_is_told() -> None:
    info = Info(title="T", version="1", security_schemes={"key": {"type": "bearer"}})
    assert check_endpoints([], info) == [
        "The security scheme 'key' has the type 'bearer', which OpenAPI does not know. Use 'apiKey', 'http', "
        "'mutualTLS', 'oauth2' or 'openIdConnect'."
    ]


def test_scheme_with_an_illegal_name_is_told() -> None:
    info = Info(title="T", version="1", security_schemes={"my key": SCHEMES["key"]})
    assert check_endpoints([], info) == [
        "The security scheme 'my key' has a name that OpenAPI does not allow. Use letters, digits, '.', '_' and '-'."
    ]


@pytest.mark.parametrize(
    ("security", "sentence"),
    [
        ("bearer", "RouteConfig(security='bearer') is no list of requirements."),
        ({"bearer": []}, "RouteConfig(security={'bearer': []}) is no list of requirements."),
        (["bearer"], "RouteConfig(security=...) has 'bearer', which is no requirement."),
        ([{1: []}], "RouteConfig(security=...) has 1, which is no name of a scheme."),
    ],
)
def test_security_that_is_no_list_of_requirements_is_refused(security: Any, sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        RouteConfig(security=security)
    assert str(error.value) == f'{sentence} Use for example security=[{{"bearer": []}}].'


def test_scopes_that_are_no_list_are_refused() -> None:
    scopes: Any = "read"
    with pytest.raises(ConfigError, match=r"is no list of strings"):
        RouteConfig(security=[{"bearer": scopes}])


def _names(document: Any) -> Iterable[str]:
    return set(document["components"]["schemas"]) - SHARED_SCHEMAS


def test_checking_leaves_nothing_in_the_document() -> None:
    text = "class M(BaseModel):\n    a: Annotated[int, WithJsonSchema({})]\n\n" + GET
    endpoint = endpoint_of(text)
    check_endpoints([endpoint], INFO)
    assert _names(build_document([endpoint], INFO)) == set()


GIVEN: Final = "'pages/api/x.py': 'get' cannot be documented: 'M' has a json_schema_extra at 'M"
NOT_JSON: Final = "which JSON cannot hold. Write it there as it stands in JSON."


@pytest.mark.parametrize(
    ("model", "at", "value"),
    [
        (
            "a: int = Field(json_schema_extra={'examples': [object()]})",
            ".a",
            "<object object>, a value of type 'object'",
        ),
        (
            "a: int = Field(json_schema_extra={'x': {'y': datetime.datetime.now}})",
            ".a",
            "<built-in method now of type object>, a value of type 'builtin_function_or_method'",
        ),
        ("a: int = Field(json_schema_extra={'x': (b'\\xff',)})", ".a", "b'\\xff', a value of type 'bytes'"),
        (
            "model_config = ConfigDict(json_schema_extra={'examples': [object()]})",
            "",
            "<object object>, a value of type 'object'",
        ),
        (
            "a: list[Annotated[int, Field(json_schema_extra={'x': object()})]]",
            ".a",
            "<object object>, a value of type 'object'",
        ),
    ],
)
def test_extra_that_json_cannot_hold_is_told(model: str, at: str, value: str) -> None:
    text = f"class M(BaseModel):\n    {model}\ndef get(req: ApiRequest[None], res: ApiResponse[Ok[M]]): ..."
    assert problems_of(text) == [f"{GIVEN}{at}' with {value}, {NOT_JSON}"]


@pytest.mark.parametrize(
    "declared",
    [
        "@dataclasses.dataclass\nclass M:\n    __pydantic_config__ = EXTRA\n    a: int\n",
        "class M(TypedDict):\n    a: int\nM.__pydantic_config__ = EXTRA\n",
        "class M(RootModel[int]):\n    model_config = EXTRA\n",
        "class M(RootModel[int]):\n    root: int = Field(json_schema_extra=EXTRA['json_schema_extra'])\n",
    ],
)
def test_extra_of_any_class_is_looked_at(declared: str) -> None:
    text = "EXTRA = ConfigDict(json_schema_extra={'examples': [object()]})\n" + declared
    text += "\ndef get(req: ApiRequest[None], res: ApiResponse[Ok[list[M]]]): ..."
    assert len(problems_of(text)) == 1


def test_extra_that_becomes_json_is_no_problem() -> None:
    text = """
    class M(BaseModel):
        model_config = ConfigDict(json_schema_extra={"x": {"a"}, "examples": [{"at": datetime.date(2024, 1, 2)}]})
        a: float = Field(json_schema_extra={"x-nan": float("nan"), "y": (uuid.UUID(int=0), b"a")})

    def get(req: ApiRequest[None], res: ApiResponse[Ok[M]]): ...
    """
    assert problems_of(text) == []


def test_field_deep_inside_is_named() -> None:
    text = """
    import pydantic_core

    class Own:
        @classmethod
        def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
            return pydantic_core.core_schema.no_info_plain_validator_function(lambda value: cls())

    class Inner(BaseModel):
        items: list[Own]

    class M(BaseModel):
        inner: dict[str, Inner]

    def post(req: ApiRequest[M], res: ApiResponse[NoContent]): ...
    """
    [problem] = problems_of(text)
    assert problem.startswith(
        "'pages/api/x.py': 'post' cannot be documented: 'M' has no JSON schema at 'M.inner.items': "
    )
    assert " at 0x" not in problem
