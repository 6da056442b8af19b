"""What a handler promises, read from its module; and all that can be wrong with it."""

import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Annotated, Any, Literal, Union

import pytest
from pydantic import BaseModel, Field
from starlette.datastructures import Headers
from typing_extensions import TypeAliasType

from typed_api import (
    ApiRequest,
    ApiResponse,
    Code,
    EventStream,
    File,
    Form,
    JsonLines,
    NoContent,
    NotFound,
    Ok,
    Problem,
    Query,
    RouteConfig,
    StartupError,
)
from typed_api.contract import (
    BodyKind,
    BodyParts,
    ContractError,
    Endpoint,
    Handler,
    RequestTypes,
    ResponseTypes,
    body_parts,
    describe,
)
from typed_api.pattern import Pattern, Segment, SegmentKind
from typed_api.schema import spell
from typed_api.testing import TestClient, create_app

FILE = "pages/api/x.py"
SIGNATURE = "(req: ApiRequest, res: ApiResponse[...])"
BY_ID = Pattern((Segment(SegmentKind.STATIC, "api"), Segment(SegmentKind.DYNAMIC, "id")))

PRELUDE = """
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from http import HTTPStatus
from typing import Annotated, Any, Generic, Literal, Never, NoReturn, Optional, TypeAlias, TypeVar, Union

from pydantic import BaseModel, Field
from starlette.datastructures import Headers
from typing_extensions import TypeAliasType, TypedDict

from typed_api import *

T = TypeVar("T")

class User(BaseModel):
    name: str

class Tea(BaseModel):
    kind: str
"""
FUTURE = "from __future__ import annotations\n"


class User(BaseModel):
    name: str


class Params(BaseModel):
    id: int


def read(
    source: str, *configs: RouteConfig, pattern: Pattern = BY_ID, future: bool = False, coerce: bool = False
) -> tuple[Endpoint, tuple[str, ...]]:
    """Describe a module of this source text: the endpoint, and the warnings."""
    module = ModuleType("contract_case")
    # Models look up what their annotations name in their module.
    sys.modules[module.__name__] = module
    try:
        code = compile((FUTURE if future else "") + PRELUDE + source, "<contract_case>", "exec", dont_inherit=True)
        exec(code, vars(module))
        return describe(module, FILE, pattern, configs, coerce=coerce)
    finally:
        del sys.modules[module.__name__]


def read_get(source: str, *configs: RouteConfig, future: bool = False) -> Handler:
    endpoint, warnings = read(source, *configs, future=future)
    assert (warnings, list(endpoint.handlers)) == ((), ["GET"])
    return endpoint.handlers["GET"]


def answers(source: str, *, future: bool = False) -> tuple[dict[int, str], dict[str, str], list[str]]:
    """Say what the only method function of a module answers: exact statuses, groups and bare types, spelled."""
    response = read_get(source, future=future).response
    exact = {code: spell(body) for code, body in response.exact.items()}
    groups = {f"{codes.start}-{codes.stop - 1}": spell(body) for codes, body in response.groups}
    return exact, groups, [spell(body) for body in response.bare]


def problems(source: str, *configs: RouteConfig, pattern: Pattern = BY_ID, future: bool = False) -> list[str]:
    """Give what is wrong with a module, without the file that each sentence begins with."""
    with pytest.raises(ContractError) as caught:
        read(source, *configs, pattern=pattern, future=future)
    start = f"{FILE!r}: "
    assert [problem[: len(start)] for problem in caught.value.problems] == [start] * len(caught.value.problems)
    return [problem[len(start) :] for problem in caught.value.problems]


def answering(declared: str) -> str:
    return f"def get(req: ApiRequest, res: ApiResponse[{declared}]) -> None: ...\n"


# --- What a module defines --------------------------------------------------------------------------------------------


def test_method_function_serves_its_method() -> None:
    endpoint, warnings = read("def patch(req: ApiRequest, res: ApiResponse[Ok[User]]) -> None: ...")
    assert warnings == ()
    assert (endpoint.file, endpoint.module, endpoint.pattern) == (FILE, "contract_case", BY_ID)
    assert list(endpoint.handlers) == ["PATCH"]
    handler = endpoint.handlers["PATCH"]
    assert (handler.method, handler.name, handler.where, handler.pattern, handler.is_async, handler.limits_reading) == (
        "PATCH",
        "patch",
        "patch of pages/api/x.py",
        BY_ID,
        False,
        False,
    )
    assert handler.request == RequestTypes(BodyKind.UNDECLARED, object, None, None)
    assert handler.function.__qualname__ == "patch"


def test_handler_serves_seven_methods() -> None:
    endpoint, _ = read("async def handler(req: ApiRequest, res: ApiResponse[Ok[User]]) -> None: ...")
    assert list(endpoint.handlers) == ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    assert {(handler.name, handler.is_async) for handler in endpoint.handlers.values()} == {("handler", True)}
    assert endpoint.methods == ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def test_handler_serves_the_methods_of_its_config() -> None:
    endpoint, _ = read(
        "async def handler(req: ApiRequest, res: ApiResponse[Ok[User]]) -> None: ...",
        RouteConfig(methods=["POST", "GET"]),
    )
    assert list(endpoint.handlers) == ["GET", "POST"]
    assert endpoint.methods == ("GET", "HEAD", "OPTIONS", "POST")


def test_nearest_list_of_methods_wins() -> None:
    endpoint, _ = read(
        "async def handler(req: ApiRequest, res: ApiResponse[Ok[User]]) -> None: ...",
        RouteConfig(methods=["POST", "GET"]),
        RouteConfig(methods=["PUT"]),
    )
    assert list(endpoint.handlers) == ["PUT"]


def test_methods_of_a_config_are_no_matter_of_method_functions() -> None:
    endpoint, _ = read(answering("Ok[User]"), RouteConfig(methods=["POST"]))
    assert list(endpoint.handlers) == ["GET"]


def test_methods_of_a_module_without_handler_are_refused() -> None:
    source = "config = RouteConfig(methods=['GET'])\n" + answering("Ok[User]")
    assert problems(source) == [
        "RouteConfig(methods=...) is about 'handler' alone, which the module does not have. Leave the setting out: a "
        "method function serves the method of its name."
    ]


def test_settings_of_a_method_that_the_module_lacks_are_refused() -> None:
    source = "config = RouteConfig(get=RouteConfig(etag=False), patch=RouteConfig(), head=RouteConfig())\n"
    assert problems(source + answering("Ok[User]")) == [
        "RouteConfig(head=...) sets nothing, since the module has no function 'head'. Define it, or leave the "
        "setting out.",
        "RouteConfig(patch=...) sets nothing, since the module has no function 'patch'. Define it, or leave the "
        "setting out.",
    ]


def test_settings_of_a_method_that_handler_leaves_out_are_refused() -> None:
    source = "config = RouteConfig(methods=['PUT'], put=RouteConfig(), patch=RouteConfig())\nhandler = get\ndel get"
    assert problems(answering("Ok[User]") + source, RouteConfig(methods=["PUT"])) == [
        "RouteConfig(patch=...) sets nothing, since methods=... leaves PATCH out. Add it there, or leave the setting "
        "out."
    ]


def test_settings_of_a_folder_may_be_about_methods_that_a_module_lacks() -> None:
    folder = RouteConfig(methods=["POST"], patch=RouteConfig(etag=False))
    endpoint, _ = read("config = RouteConfig(etag=True)\n" + answering("Ok[User]"), folder, RouteConfig(etag=True))
    assert list(endpoint.handlers) == ["GET"]


def test_names_that_a_module_makes_up_when_asked_are_no_handlers() -> None:
    """A `__getattr__` of a module may answer for any name, or raise what it likes."""
    source = "def __getattr__(name):\n    raise RuntimeError(name)\n" + answering("Ok[User]")
    assert answers(source) == ({200: "User"}, {}, [])


def test_answered_methods_are_sorted_and_know_head_where_there_is_get() -> None:
    source = "".join(
        f"def {name}(req: ApiRequest, res: ApiResponse[Ok[User]]) -> None: ...\n" for name in ("put", "get", "delete")
    )
    endpoint, _ = read(source)
    assert endpoint.methods == ("DELETE", "GET", "HEAD", "OPTIONS", "PUT")


def test_answered_methods_lack_head_without_get() -> None:
    endpoint, _ = read("def post(req: ApiRequest, res: ApiResponse[Ok[User]]) -> None: ...")
    assert endpoint.methods == ("OPTIONS", "POST")


def test_handler_beside_method_functions_is_refused_once_for_each() -> None:
    source = answering("Ok[User]") + "post = handler = get\n"
    assert problems(source) == [
        "'get' is never called: 'handler' already handles every method. Keep one of the two.",
        "'post' is never called: 'handler' already handles every method. Keep one of the two.",
    ]


def test_every_function_of_a_module_is_reported() -> None:
    source = """
def get(req, res): ...
class post: ...
def put(req: ApiRequest, res: ApiResponse) -> None: ...
def patch(req: ApiRequest, res: ApiResponse[Ok[User]]) -> None: ...
"""
    assert problems(source) == [
        f"Handler 'get' must be annotated: def get{SIGNATURE} -> None.",
        f"Handler 'post' must be a function {SIGNATURE}, not a class.",
        "Handler 'put' must say what it answers: ApiResponse[Ok[...]], or ApiResponse[Never] for redirects alone.",
    ]


def test_everything_wrong_with_one_function_is_reported() -> None:
    source = """
class Plain: ...
class Search(BaseModel): ...
def post(
    req: ApiRequest[Plain, Search, Plain], res: ApiResponse[Ok[Plain] | Ok[User] | NotFound[Plain]]
) -> User: ...
"""
    no_schema = (
        "cannot be used: 'Plain' cannot be read or written as JSON. Use a pydantic model, a dataclass, a TypedDict or "
        "a type that JSON knows."
    )
    assert problems(source) == [
        "Handler 'post' must return None, not 'User'; send the body with res.json(...).",
        f"The body of handler 'post' {no_schema}",
        "Path parameter 'id' of route '/api/{id}' is missing from 'Search', the query of handler 'post'. Add a field "
        "of that name.",
        f"The headers of handler 'post' {no_schema}",
        "Status 200 is declared twice; write one marker with a union, such as Ok[A | B].",
        f"The body of status 200 of handler 'post' {no_schema}",
        f"The body of status 404 of handler 'post' {no_schema}",
    ]


def test_every_annotation_of_a_function_is_reported() -> None:
    source = "def get(req: ApiRequest[None, First], res: ApiResponse[Ok[Second]]) -> Third: ..."
    assert problems(source, future=True) == [
        f"Handler 'get' is annotated with {name!r}, which is not defined. Import or define it."
        for name in ("First", "Second", "Third")
    ]


def test_every_path_parameter_that_a_query_lacks_is_reported() -> None:
    pattern = Pattern((Segment(SegmentKind.DYNAMIC, "team"), Segment(SegmentKind.DYNAMIC, "id")))
    source = "class Search(BaseModel): ...\n" + taking("ApiRequest[None, Search]", "get")
    assert problems(source, pattern=pattern) == [
        f"Path parameter {param!r} of route '/{{team}}/{{id}}' is missing from 'Search', the query of handler 'get'. "
        "Add a field of that name."
        for param in ("team", "id")
    ]


def test_a_problem_of_seven_methods_is_told_once() -> None:
    source = "class Plain: ...\n" + taking("ApiRequest[None, Plain]", "handler")
    assert problems(source) == [
        "The query of handler 'handler' cannot be used: 'Plain' cannot be read or written as JSON. "
        "Use a pydantic model, a dataclass, a TypedDict or a type that JSON knows."
    ]


def test_imported_function_is_a_handler() -> None:
    other = ModuleType("contract_other")
    exec(PRELUDE + "class Local(BaseModel): ...\n" + answering("Ok[Local]"), vars(other))
    sys.modules[other.__name__] = other
    try:
        assert answers("from contract_other import get") == ({200: "Local"}, {}, [])
    finally:
        del sys.modules[other.__name__]


def test_imported_function_is_read_with_the_names_of_its_own_module() -> None:
    """Text annotations mean what they mean where the function was written."""
    other = ModuleType("contract_other")
    exec(PRELUDE + "class Local(BaseModel): ...\n" + answering('"Ok[Local]"'), vars(other))
    sys.modules[other.__name__] = other
    try:
        assert answers("from contract_other import get") == ({200: "Local"}, {}, [])
    finally:
        del sys.modules[other.__name__]


# --- What is no handler -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("class get: ...", f"Handler 'get' must be a function {SIGNATURE}, not a class."),
        (
            "get = functools.partial(print)",
            f"Handler 'get' must be a function {SIGNATURE}, not 'partial'. Write `def` around it and call it there.",
        ),
        (
            "class Answer:\n    def __call__(self, req, res): ...\nget = Answer()",
            f"Handler 'get' must be a function {SIGNATURE}, not 'Answer'. Write `def` around it and call it there.",
        ),
        (
            "class Answer:\n    def get(self, req, res): ...\nget = Answer().get",
            f"Handler 'get' must be a function {SIGNATURE}, not 'method'. Write `def` around it and call it there.",
        ),
        (
            "get = len",
            f"Handler 'get' must be a function {SIGNATURE}, not 'builtin_function_or_method'. "
            "Write `def` around it and call it there.",
        ),
        (
            "get = 5",
            f"Handler 'get' must be a function {SIGNATURE}, not 'int'. Write `def` around it and call it there.",
        ),
        (
            "def get(req: ApiRequest, res: ApiResponse[Ok[User]]) -> Iterator[bytes]:\n    yield b''",
            "Handler 'get' must not yield. Answer with res.send(iterator) to stream.",
        ),
        (
            "async def get(req: ApiRequest, res: ApiResponse[Ok[User]]) -> AsyncIterator[bytes]:\n    yield b''",
            "Handler 'get' must not yield. Answer with res.send(iterator) to stream.",
        ),
        (
            "def get() -> None: ...",
            f"Handler 'get' must take exactly two positional parameters {SIGNATURE}, not 0.",
        ),
        (
            "def get(req: ApiRequest) -> None: ...",
            f"Handler 'get' must take exactly two positional parameters {SIGNATURE}, not 1.",
        ),
        (
            "def get(req: ApiRequest, res: ApiResponse[Ok[User]], more: int = 0) -> None: ...",
            f"Handler 'get' must take exactly two positional parameters {SIGNATURE}, not 3.",
        ),
        (
            "def get(req: ApiRequest, *, res: ApiResponse[Ok[User]]) -> None: ...",
            f"Handler 'get' must take exactly two positional parameters {SIGNATURE}.",
        ),
        (
            "def get(*args: ApiRequest, **kwargs: ApiResponse[Ok[User]]) -> None: ...",
            f"Handler 'get' must take exactly two positional parameters {SIGNATURE}.",
        ),
        (
            "def get(req, res): ...",
            f"Handler 'get' must be annotated: def get{SIGNATURE} -> None.",
        ),
        (
            "def get(req: ApiRequest, res) -> None: ...",
            f"Handler 'get' must be annotated: def get{SIGNATURE} -> None.",
        ),
        (
            "def get(req: ApiRequest, res: ApiRequest) -> None: ...",
            "Parameter 'res' of handler 'get' must be ApiResponse, not 'ApiRequest'.",
        ),
        (
            "def get(req: Any, res: ApiResponse[Ok[User]]) -> None: ...",
            "Parameter 'req' of handler 'get' must be ApiRequest, not 'Any'.",
        ),
        (
            "def get(req: ApiRequest | None, res: ApiResponse[Ok[User]]) -> None: ...",
            "Parameter 'req' of handler 'get' must be ApiRequest, not 'ApiRequest | None'.",
        ),
        (
            "def get(req: ApiRequest, res: ApiResponse[Missing]) -> None: ...",
            "Handler 'get' is annotated with 'Missing', which is not defined. Import or define it.",
        ),
        (
            "def get(req: ApiRequest, res: ApiResponse[Ok[User.absent]]) -> None: ...",
            "The annotations of handler 'get' cannot be read: AttributeError: absent",
        ),
        (
            "def get(req: ApiRequest, res: ApiResponse[NoContent[None]]) -> None: ...",
            "The annotations of handler 'get' cannot be read: TypeError: "
            "<class 'typed_api.status.NoContent'> is not a generic class",
        ),
    ],
)
def test_function_that_cannot_answer_is_refused(source: str, sentence: str) -> None:
    # Text annotations, so that those that cannot be read reach the reader.
    assert problems(source, future=True) == [sentence]


def test_parameters_in_the_wrong_order_are_refused() -> None:
    assert problems("def get(res: ApiResponse[Ok[User]], req: ApiRequest) -> None: ...") == [
        "Parameter 'res' of handler 'get' must be ApiRequest, not 'ApiResponse[Ok[User]]'. Swap the two parameters.",
        "Parameter 'req' of handler 'get' must be ApiResponse, not 'ApiRequest'. Swap the two parameters.",
    ]


# What a client's module has under the names of handlers.
CLIENT = """
def get(url, *, timeout=None): ...
def put(url, body): ...
def patch(url: str, body: bytes) -> None: ...
class delete: ...
"""


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("get", f"Handler 'get' must take exactly two positional parameters {SIGNATURE}."),
        ("put", f"Handler 'put' must be annotated: def put{SIGNATURE} -> None."),
        ("delete", f"Handler 'delete' must be a function {SIGNATURE}, not a class."),
    ],
)
def test_function_of_another_module_is_said_to_be_imported(name: str, sentence: str) -> None:
    other = ModuleType("contract_client")
    exec(CLIENT, vars(other))
    sys.modules[other.__name__] = other
    try:
        assert problems(f"from contract_client import {name}") == [
            f"{sentence} It was imported from 'contract_client': if it is no handler, import it under another name."
        ]
    finally:
        del sys.modules[other.__name__]


def test_annotated_function_of_another_module_is_said_to_be_imported() -> None:
    other = ModuleType("contract_client")
    exec(CLIENT, vars(other))
    sys.modules[other.__name__] = other
    whence = " It was imported from 'contract_client': if it is no handler, import it under another name."
    try:
        assert problems("from contract_client import patch") == [
            f"Parameter 'url' of handler 'patch' must be ApiRequest, not 'str'.{whence}",
            f"Parameter 'body' of handler 'patch' must be ApiResponse, not 'bytes'.{whence}",
        ]
    finally:
        del sys.modules[other.__name__]


def test_annotation_that_is_no_expression_is_refused() -> None:
    assert problems("def get(req: ApiRequest, res: 'ApiResponse[Ok[]]') -> None: ...") == [
        "The annotations of handler 'get' cannot be read: SyntaxError: "
        "Forward reference must be an expression -- got 'ApiResponse[Ok[]]'"
    ]


def test_parameters_may_be_positional_only() -> None:
    source = "def get(request: ApiRequest, response: ApiResponse[Ok[User]], /) -> None: ..."
    assert answers(source) == ({200: "User"}, {}, [])


@pytest.mark.parametrize(
    "result",
    [
        "None",
        "Sent",
        "Sent | None",
        "Optional[Sent]",
        "NoReturn",
        "Never",
        "Any",
        "T",
        "Awaitable[None]",
        "Coroutine[Any, Any, Sent]",
    ],
)
@pytest.mark.parametrize("future", [False, True])
def test_handler_may_return_nothing_or_the_proof_of_an_answer(result: str, future: bool) -> None:
    source = f"def get(req: ApiRequest, res: ApiResponse[Ok[User]]) -> {result}: ..."
    assert answers(source, future=future) == ({200: "User"}, {}, [])


def test_result_need_not_be_annotated() -> None:
    assert answers("def get(req: ApiRequest, res: ApiResponse[Ok[User]]): ...") == ({200: "User"}, {}, [])


@pytest.mark.parametrize(
    ("result", "spelled"),
    [
        ("User", "User"),
        ("Sent | User", "Sent | User"),
        ("dict[str, int]", "dict[str, int]"),
        ("Awaitable[User]", "Awaitable[User]"),
        ("Coroutine[Any, Any, list[User]]", "Coroutine[Any, Any, list[User]]"),
        ("Iterator[bytes]", "Iterator[bytes]"),
        ("ApiResponse[Ok[User]]", "ApiResponse[Ok[User]]"),
    ],
)
def test_handler_that_returns_its_body_is_refused(result: str, spelled: str) -> None:
    assert problems(f"async def get(req: ApiRequest, res: ApiResponse[Ok[User]]) -> {result}: ...") == [
        f"Handler 'get' must return None, not {spelled!r}; send the body with res.json(...)."
    ]


# --- Names in annotations ---------------------------------------------------------------------------------------------


def startup_problems(source: str) -> tuple[str, ...]:
    with pytest.raises(StartupError) as caught:
        create_app({"api/x.py": source})
    return caught.value.problems


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
@pytest.mark.parametrize("imported", ["from decimal import Decimal as Price", "import decimal as Price"])
def test_name_for_type_checkers_alone_is_refused_with_its_reason(test: str, imported: str) -> None:
    source = f"""
        from __future__ import annotations
        import typing
        from typing import TYPE_CHECKING
        from typed_api import ApiRequest, ApiResponse, Ok
        if {test}:
            {imported}
        def get(req: ApiRequest, res: ApiResponse[Ok[Price]]) -> None: ...
    """
    assert startup_problems(source) == (
        "'pages/api/x.py': Handler 'get' is annotated with 'Price', which is imported only under TYPE_CHECKING. The "
        "server reads the annotation too: import it at run time.",
    )


def test_name_that_nobody_imports_is_called_undefined_in_a_module_with_type_checking() -> None:
    source = """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        from typed_api import ApiRequest, ApiResponse, Ok
        if TYPE_CHECKING:
            from decimal import Decimal
        if True:
            from fractions import Fraction as Share
        def get(req: ApiRequest, res: ApiResponse[Ok[Price]]) -> None: ...
    """
    assert startup_problems(source) == (
        "'pages/api/x.py': Handler 'get' is annotated with 'Price', which is not defined. Import or define it.",
    )


def test_name_under_another_condition_is_called_undefined() -> None:
    source = """
        from __future__ import annotations
        from typed_api import ApiRequest, ApiResponse, Ok
        if len("") == 1:
            from decimal import Decimal
        def get(req: ApiRequest, res: ApiResponse[Ok[Decimal]]) -> None: ...
    """
    assert startup_problems(source) == (
        "'pages/api/x.py': Handler 'get' is annotated with 'Decimal', which is not defined. Import or define it.",
    )


def test_return_annotation_for_type_checkers_alone_is_refused_too() -> None:
    source = """
        from typing import TYPE_CHECKING
        from typed_api import ApiRequest, ApiResponse, Ok
        if TYPE_CHECKING:
            from typed_api import Sent
        def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> "Sent": ...
    """
    assert startup_problems(source) == (
        "'pages/api/x.py': Handler 'get' is annotated with 'Sent', which is imported only under TYPE_CHECKING. The "
        "server reads the annotation too: import it at run time.",
    )


def test_name_for_type_checkers_alone_is_found_in_the_module_that_a_handler_is_imported_from() -> None:
    shared = """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        from typed_api import ApiRequest, ApiResponse, Ok
        if TYPE_CHECKING:
            from decimal import Decimal
        def get(req: ApiRequest, res: ApiResponse[Ok[Decimal]]) -> None: ...
    """
    with pytest.raises(StartupError) as caught:
        create_app({"api/_shared.py": shared, "api/x.py": "from ._shared import get"})
    (problem,) = caught.value.problems
    assert re.sub(r"'[\w.]*\.pages", "'pages", problem) == (
        "'pages/api/x.py': Handler 'get' is annotated with 'Decimal', which is imported only under TYPE_CHECKING in "
        "'pages.api._shared'. The server reads the annotation too: import it at run time."
    )


def test_annotation_of_a_later_parameter_of_a_decorated_function_may_be_unreadable() -> None:
    """A decorator may hand the inner function more; it declares nothing, so it is not even read."""
    source = """
def with_user(function):
    @functools.wraps(function)
    async def wrapper(req, res):
        return await function(req, res, "ann")
    return wrapper

@with_user
async def get(req: ApiRequest, res: ApiResponse[Ok[User]], user: Unknown) -> None: ...
"""
    assert answers(source, future=True) == ({200: "User"}, {}, [])


def test_closure_of_a_factory_gives_the_names_of_text_annotations() -> None:
    source = """
def make(model):
    def get(req: ApiRequest, res: "ApiResponse[Ok[model]]") -> None:
        res.json(model(name="ann"))
    return get

get = make(User)
"""
    assert answers(source) == ({200: "User"}, {}, [])


def test_class_of_a_factory_is_found_where_the_handler_uses_it() -> None:
    source = """
def make():
    class Local(BaseModel):
        name: str
    def get(req: ApiRequest, res: ApiResponse[Ok[Local]]) -> None:
        res.json(Local(name="ann"))
    return get

get = make()
"""
    assert answers(source, future=True) == ({200: "Local"}, {}, [])


def test_name_of_a_factory_that_the_handler_does_not_use_is_undefined_as_text() -> None:
    source = """
def make():
    class Local(BaseModel):
        name: str
    def get(req: ApiRequest, res: ApiResponse[Ok[Local]]) -> None: ...
    return get

get = make()
"""
    assert problems(source, future=True) == [
        "Handler 'get' is annotated with 'Local', which is not defined. Import or define it."
    ]


def test_name_that_a_factory_has_not_assigned_yet_is_undefined() -> None:
    source = """
def make():
    def get(req: ApiRequest, res: "ApiResponse[Ok[Later]]") -> None:
        Later
    return get
    Later = User

get = make()
"""
    assert problems(source) == ["Handler 'get' is annotated with 'Later', which is not defined. Import or define it."]


OPEN = (
    "has the type variable {!r}, which stands for no class when the server runs, so that nothing would be checked. "
    "Write the class itself, or, in a function that makes handlers, the name of its argument that holds the class."
)


def test_type_variable_of_a_factory_is_refused() -> None:
    source = """
def make(model: type[T]):
    def post(req: ApiRequest[T], res: ApiResponse[Ok[list[T]]]) -> None: ...
    return post

post = make(User)
"""
    assert problems(source) == [
        f"Parameter 'req' of handler 'post' {OPEN.format('T')}",
        f"Parameter 'res' of handler 'post' {OPEN.format('T')}",
    ]


@pytest.mark.parametrize(
    "declared",
    [
        "Ok[T]",
        "Ok[Annotated[T, 'x']] | NotFound[Problem]",
        "Ok[Box[S]]",
        "Ok[list[Box[S]]]",
        "Answer",
        "Ok[Pair]",
        "Pair[T]",
        "EventStream[S]",
    ],
)
def test_type_variable_inside_an_answer_is_refused(declared: str) -> None:
    source = """
S = TypeVar("S")
class Box(BaseModel, Generic[T]):
    value: T
Answer = Ok[T] | NotFound[Problem]
Pair = TypeAliasType("Pair", list[T], type_params=(T,))
"""
    variable = "S" if "[S]" in declared else "T"
    assert problems(source + answering(declared)) == [f"Parameter 'res' of handler 'get' {OPEN.format(variable)}"]


@pytest.mark.parametrize("declared", ["Ok[Box[int]]", "Answer[User]", "Ok[Pair[User]]", "Ok[Literal['T']]"])
def test_type_variable_that_is_given_a_type_is_no_problem(declared: str) -> None:
    source = """
class Box(BaseModel, Generic[T]):
    value: T
Answer = Ok[T] | NotFound[Problem]
Pair = TypeAliasType("Pair", list[T], type_params=(T,))
"""
    assert read_get(source + answering(declared)).response.declared in ("200", "200, 404")


def test_class_that_a_factory_is_given_may_be_annotated() -> None:
    source = """
def make(model: type[BaseModel]):
    def get(req: ApiRequest, res: ApiResponse[Ok[model]]) -> None: ...
    return get

get = make(User)
"""
    assert answers(source) == ({200: "User"}, {}, [])


def test_module_without_source_text_is_read_all_the_same() -> None:
    assert problems("def get(req: ApiRequest, res: 'ApiResponse[Ok[Unheard]]') -> None: ...") == [
        "Handler 'get' is annotated with 'Unheard', which is not defined. Import or define it."
    ]


# --- Decorators -------------------------------------------------------------------------------------------------------

WRAPPER = """
def decorate(function):
    @functools.wraps(function)
    {kind}def wrapper({parameters}):
        return {call}
    return wrapper

@decorate
{inner}def get(req: ApiRequest, res: ApiResponse[Ok[User] | NotFound[Problem]]{more}) -> None: ...
"""


def wrapped(*, kind: str = "", parameters: str = "req, res", call: str = "", inner: str = "", more: str = "") -> str:
    call = call or ("await function(req, res)" if kind and inner else "function(req, res)")
    return WRAPPER.format(kind=kind, parameters=parameters, call=call, inner=inner, more=more)


@pytest.mark.parametrize(
    ("source", "is_async"),
    [
        (wrapped(), False),
        (wrapped(kind="async ", inner="async "), True),
        (wrapped(inner="async "), False),
        (wrapped(parameters="*args", call="function(*args)"), False),
        (wrapped(parameters="*args, **kwargs", call="function(*args, **kwargs)"), False),
        (wrapped(parameters="req, *rest", call="function(req, *rest)"), False),
        (wrapped(parameters="req, res, trace=None"), False),
        (wrapped(call="function(req, res, 5)", more=", user: int"), False),
        (wrapped(call="function(req, res, user=5)", more=", *, user: int"), False),
    ],
)
def test_decorated_function_declares_what_the_innermost_one_says(source: str, is_async: bool) -> None:
    handler = read_get(source)
    assert handler.response.text == "ApiResponse[Ok[User] | NotFound[Problem]]"
    assert (handler.function.__code__.co_name, handler.is_async) == ("wrapper", is_async)


def test_decorators_upon_decorators_are_looked_through() -> None:
    source = wrapped().replace("@decorate\n", "@decorate\n@decorate\n")
    assert answers(source) == ({200: "User", 404: "Problem"}, {}, [])


def test_annotations_of_a_wrapper_count_for_nothing() -> None:
    source = wrapped(parameters="req: Unknown, res: Unknown")
    assert answers(source, future=True) == ({200: "User", 404: "Problem"}, {}, [])


def test_async_wrapper_round_a_plain_function_is_warned_of() -> None:
    endpoint, warnings = read(wrapped(kind="async "))
    assert endpoint.handlers["GET"].is_async
    assert warnings == (
        "'pages/api/x.py': 'get' is a plain function wrapped in an async one, so it runs on the event loop and blocks "
        "every other request while it works. Make it async, or let the decorator keep plain functions plain.",
    )


@pytest.mark.parametrize("parameters", ["req", "req, res, user", "*, req, res", ""])
def test_wrapper_that_takes_no_request_and_response_is_refused(parameters: str) -> None:
    assert problems(wrapped(parameters=parameters)) == [
        f"Handler 'get' is decorated by something that cannot be called with {SIGNATURE}."
    ]


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ("req, res", f"Handler 'get' must be annotated: def get{SIGNATURE} -> None."),
        ("*args, **kwargs", f"Handler 'get' must take exactly two positional parameters {SIGNATURE}."),
        ("*args", f"Handler 'get' must take exactly two positional parameters {SIGNATURE}, not 1."),
    ],
)
def test_decorator_without_wraps_hides_what_the_function_declares(parameters: str, sentence: str) -> None:
    source = wrapped(parameters=parameters).replace("    @functools.wraps(function)\n", "")
    assert problems(source) == [
        f"{sentence} It is called 'wrapper': if a decorator made it, put @functools.wraps(...) on 'wrapper', so that "
        "what the handler declares is found."
    ]


def test_wrapped_object_without_annotations_is_refused() -> None:
    source = """
class Answer:
    def __call__(self, req, res): ...

def get(req, res): ...
get.__wrapped__ = Answer()
"""
    assert problems(source) == ["Handler 'get' wraps 'Answer', which has no annotations to read."]


def test_decorated_function_without_annotations_is_refused() -> None:
    source = wrapped().replace("req: ApiRequest, res: ApiResponse[Ok[User] | NotFound[Problem]]", "req, res")
    assert problems(source) == [f"Handler 'get' must be annotated: def get{SIGNATURE} -> None."]


def test_decorated_function_with_too_few_parameters_is_refused() -> None:
    source = wrapped().replace(", res: ApiResponse[Ok[User] | NotFound[Problem]]", "")
    assert problems(source) == [f"Handler 'get' must be annotated: def get{SIGNATURE} -> None."]


@pytest.mark.parametrize("inner", ["", "async "])
def test_decorated_generator_is_refused(inner: str) -> None:
    source = wrapped(inner=inner).replace(" -> None: ...", ":\n    yield b''")
    assert problems(source) == ["Handler 'get' must not yield. Answer with res.send(iterator) to stream."]


@pytest.mark.parametrize("kind", ["", "async "])
def test_wrapper_that_yields_is_refused(kind: str) -> None:
    source = wrapped(kind=kind).replace("return function(req, res)", "yield function(req, res)")
    assert problems(source) == ["Handler 'get' must not yield. Answer with res.send(iterator) to stream."]


# --- Aliases ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("definitions", "declared", "expected"),
    [
        ("Answer = Ok[User]", "Answer", ({200: "User"}, {}, [])),
        ("Answer: TypeAlias = Ok[User] | NoContent", "Answer", ({200: "User", 204: "None"}, {}, [])),
        ("Answer: TypeAlias = 'Ok[User] | NoContent'", "Answer", ({200: "User", 204: "None"}, {}, [])),
        ("Answer = TypeAliasType('Answer', Ok[User] | NoContent)", "Answer", ({200: "User", 204: "None"}, {}, [])),
        ("Person = TypeAliasType('Person', User)", "Ok[Person]", ({200: "Person"}, {}, [])),
        ("Person = TypeAliasType('Person', User)", "Person", ({}, {}, ["User"])),
        ("Answer = Ok[T] | NotFound[Problem]", "Answer[User]", ({200: "User", 404: "Problem"}, {}, [])),
        (
            "Answer = TypeAliasType('Answer', Ok[T] | NotFound[Problem], type_params=(T,))",
            "Answer[User]",
            ({200: "User", 404: "Problem"}, {}, []),
        ),
        (
            "Missing = TypeAliasType('Missing', NotFound[Problem])\n"
            "Answer = TypeAliasType('Answer', Ok[T] | Missing, type_params=(T,))\n"
            "Whole: TypeAlias = Answer[User] | Created[User]",
            "Whole",
            ({200: "User", 404: "Problem", 201: "User"}, {}, []),
        ),
        (
            "Statuses = TypeAliasType('Statuses', Literal[425, 426])",
            "Code[Statuses, Tea]",
            ({425: "Tea", 426: "Tea"}, {}, []),
        ),
        ("Nothing = TypeAliasType('Nothing', Never)", "Nothing", ({}, {}, [])),
        ("Answer = Optional[Ok[User]]\nAnswer = Annotated[Ok[User], 'x']", "Answer", ({200: "User"}, {}, [])),
        ("Answer = Union[Ok[User], NotFound[Problem]]", "Answer", ({200: "User", 404: "Problem"}, {}, [])),
        ("Bodies = TypeAliasType('Bodies', User | Tea)", "Bodies", ({}, {}, ["User", "Tea"])),
        (
            "S = TypeVar('S')\nSwapped = TypeAliasType('Swapped', dict[S, T], type_params=(T, S))",
            "Swapped[User, str]",
            ({}, {}, ["dict[str, User]"]),
        ),
        ("Same = TypeAliasType('Same', T, type_params=(T,))", "Same[Ok[User]]", ({200: "User"}, {}, [])),
        *(
            [
                ("type Answer = Ok[User] | NoContent", "Answer", ({200: "User", 204: "None"}, {}, [])),
                ("type Person = User", "Ok[Person]", ({200: "Person"}, {}, [])),
                ("type Person = User", "Person", ({}, {}, ["User"])),
                ("type Answer[A] = Ok[A] | NotFound[Problem]", "Answer[User]", ({200: "User", 404: "Problem"}, {}, [])),
                (
                    "type Missing = NotFound[Problem] | Gone[Problem]\ntype Lists[A] = Ok[list[A]] | Missing",
                    "Lists[User]",
                    ({200: "list[User]", 404: "Problem", 410: "Problem"}, {}, []),
                ),
                ("type Swapped[A, B] = dict[B, A]", "Swapped[User, str]", ({}, {}, ["dict[str, User]"])),
                ("type Statuses = Literal[425, 426]", "Code[Statuses, Tea]", ({425: "Tea", 426: "Tea"}, {}, [])),
                ("type Tree = dict[str, Tree] | int", "Ok[Tree]", ({200: "Tree"}, {}, [])),
            ]
            if sys.version_info >= (3, 12)
            else []
        ),
    ],
)
@pytest.mark.parametrize("future", [False, True])
def test_alias_means_what_it_stands_for(
    definitions: str, declared: str, expected: tuple[dict[int, str], dict[str, str], list[str]], future: bool
) -> None:
    assert answers(f"{definitions}\n{answering(declared)}", future=future) == expected


@pytest.mark.parametrize(
    ("definitions", "parameters"),
    [
        ("Res = ApiResponse[Ok[User]]", "req: ApiRequest, res: Res"),
        ("Res: TypeAlias = 'ApiResponse[Ok[User]]'", "req: ApiRequest, res: Res"),
        ("Res = TypeAliasType('Res', ApiResponse[Ok[User]])", "req: ApiRequest, res: Res"),
        ("Res = ApiResponse[Ok[T]]", "req: ApiRequest, res: Res[User]"),
        ("Res = TypeAliasType('Res', ApiResponse[Ok[T]], type_params=(T,))", "req: ApiRequest, res: Res[User]"),
        (
            "Req = TypeAliasType('Req', ApiRequest)\nRes = TypeAliasType('Res', ApiResponse[Ok[User]])\n"
            "Res2 = TypeAliasType('Res2', Res)",
            "req: Req, res: Res2",
        ),
        *(
            [
                ("type Req = ApiRequest\ntype Res = ApiResponse[Ok[User]]", "req: Req, res: Res"),
                ("type Res[A] = ApiResponse[Ok[A]]", "req: ApiRequest, res: Res[User]"),
            ]
            if sys.version_info >= (3, 12)
            else []
        ),
        ("", "req: Annotated[ApiRequest, 'x'], res: Annotated[ApiResponse[Ok[User]], 'y']"),
    ],
)
@pytest.mark.parametrize("future", [False, True])
def test_alias_of_a_whole_parameter_means_what_it_stands_for(definitions: str, parameters: str, future: bool) -> None:
    source = f"{definitions}\ndef get({parameters}) -> None: ..."
    assert answers(source, future=future) == ({200: "User"}, {}, [])


@pytest.mark.parametrize(
    ("definition", "sentence"),
    [
        (
            "Answer = TypeAliasType('Answer', Ok[T], type_params=(T,))",
            f"Parameter 'res' of handler 'get' {OPEN.format('T')}",
        ),
        *(
            [
                ("type Answer[A] = Ok[A]", f"Parameter 'res' of handler 'get' {OPEN.format('A')}"),
                (
                    "type Answer = Ok[Unheard]",
                    "The alias 'Answer' names 'Unheard', which is not defined. Import or define it.",
                ),
                ("type Answer = Ok[1 / 0]", "The alias 'Answer' cannot be read: ZeroDivisionError: division by zero"),
                (
                    "type Answer = Answer",
                    "A type of handler 'get' is made of itself without end. Put a list, a dict or a model between.",
                ),
                (
                    "type One = Answer\ntype Answer = One",
                    "A type of handler 'get' is made of itself without end. Put a list, a dict or a model between.",
                ),
                (
                    "type Answer = Answer | int",
                    "A type of handler 'get' is made of itself without end. Put a list, a dict or a model between.",
                ),
            ]
            if sys.version_info >= (3, 12)
            else []
        ),
    ],
)
def test_alias_that_stands_for_no_type_is_refused(definition: str, sentence: str) -> None:
    assert problems(f"{definition}\n{answering('Answer')}") == [sentence]


def test_alias_keeps_the_constraints_that_it_names() -> None:
    source = "Age = TypeAliasType('Age', Annotated[int, 'at least 0'])\n" + answering("Ok[Age]")
    assert body_parts(read_get(source).response.exact[200]).json == (Annotated[int, "at least 0"],)


def test_alias_of_a_result_means_what_it_stands_for() -> None:
    source = """
Done = TypeAliasType("Done", Sent | None)
def get(req: ApiRequest, res: ApiResponse[Ok[User]]) -> Done: ...
"""
    assert answers(source) == ({200: "User"}, {}, [])


# --- What is answered -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("Ok[User]", ({200: "User"}, {}, [])),
        ("Ok[User | None]", ({200: "User | None"}, {}, [])),
        ("Ok[User] | NoContent | NotModified", ({200: "User", 204: "None", 304: "None"}, {}, [])),
        ("Code[Literal[418], Tea]", ({418: "Tea"}, {}, [])),
        ("Code[Literal[425, 426], Tea]", ({425: "Tea", 426: "Tea"}, {}, [])),
        ("Code[Literal[HTTPStatus.LOOP_DETECTED], Tea]", ({508: "Tea"}, {}, [])),
        ("ClientError[Problem]", ({}, {"400-499": "Problem"}, [])),
        (
            "ServerError[Problem] | Success[User] | NotFound[Tea]",
            ({404: "Tea"}, {"500-599": "Problem", "200-299": "User"}, []),
        ),
        ("User", ({}, {}, ["User"])),
        ("User | Tea | list[User]", ({}, {}, ["User", "Tea", "list[User]"])),
        ("None", ({}, {}, ["None"])),
        ("bytes | File", ({}, {}, ["bytes", "File"])),
        ("Any", ({}, {}, ["Any"])),
        ("Never", ({}, {}, [])),
        ("NoReturn", ({}, {}, [])),
        ("Ok[EventStream[User]]", ({200: "EventStream[User]"}, {}, [])),
        ("Ok[JsonLines[User]]", ({200: "JsonLines[User]"}, {}, [])),
        ("Ok[dict[str, object]]", ({200: "dict[str, object]"}, {}, [])),
    ],
)
def test_markers_and_bare_types_are_told_apart(
    declared: str, expected: tuple[dict[int, str], dict[str, str], list[str]]
) -> None:
    assert answers(answering(declared)) == expected


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        (
            "Ok[User] | Tea",
            "ApiResponse[Ok[User] | Tea] mixes status markers with a bare type. Write Ok[Tea].",
        ),
        (
            "Tea | list[User] | ClientError[Problem]",
            "ApiResponse[Tea | list[User] | ClientError[Problem]] mixes status markers with a bare type. "
            "Write Ok[Tea | list[User]].",
        ),
        (
            "Ok[User] | None",
            "ApiResponse[Ok[User] | None] mixes status markers with a bare type. Write Ok[None].",
        ),
        (
            "Ok[User] | Ok[Tea]",
            "Status 200 is declared twice; write one marker with a union, such as Ok[A | B].",
        ),
        (
            "ImATeapot[Tea] | Code[Literal[418], Tea]",
            "Status 418 is declared twice; write one marker with a union, such as Ok[A | B].",
        ),
        (
            "Code[Literal[425], Tea] | Code[Literal[426, 425], User]",
            "Status 425 is declared twice; write one marker with a union, such as Ok[A | B].",
        ),
        (
            "ClientError[User] | ClientError[Tea]",
            "ClientError is declared twice in ApiResponse[ClientError[User] | ClientError[Tea]]; "
            "write one ClientError[A | B].",
        ),
        ("Ok", "Ok in ApiResponse[Ok] needs its body: Ok[...]."),
        (
            "NoContent | ClientError",
            "ClientError in ApiResponse[NoContent | ClientError] needs its body: ClientError[...].",
        ),
        (
            "Code",
            "Code in ApiResponse[Code] needs a literal status and a body: Code[Literal[425], TooEarly].",
        ),
        (
            "Code[int, Tea]",
            "Code in ApiResponse[Code[int, Tea]] needs a literal status and a body: Code[Literal[425], TooEarly].",
        ),
        (
            "Code[Literal[99], Tea]",
            "99 in ApiResponse[Code[Literal[99], Tea]] is not a status that a response can end with. Use 200 to 599.",
        ),
        (
            "Code[Literal[425, 600], Tea]",
            "600 in ApiResponse[Code[Literal[425, 600], Tea]] is not a status that a response can end with. "
            "Use 200 to 599.",
        ),
        (
            "Code[Literal['404'], Tea]",
            "'404' in ApiResponse[Code[Literal['404'], Tea]] is not a status that a response can end with. "
            "Use 200 to 599.",
        ),
        (
            "Code[Literal[True], Tea]",
            "True in ApiResponse[Code[Literal[True], Tea]] is not a status that a response can end with. "
            "Use 200 to 599.",
        ),
        (
            "Ok[object]",
            "The body of status 200 of handler 'get' cannot be used: 'object' says nothing about the JSON. "
            "Declare a model, or 'Any' to let every JSON value through.",
        ),
        (
            "object",
            "The body of status any of handler 'get' cannot be used: 'object' says nothing about the JSON. "
            "Declare a model, or 'Any' to let every JSON value through.",
        ),
        (
            "ClientError[object]",
            "The body of status 4xx of handler 'get' cannot be used: 'object' says nothing about the JSON. "
            "Declare a model, or 'Any' to let every JSON value through.",
        ),
        (
            "Ok[JsonLines]",
            "The body of status 200 of handler 'get' cannot be used: 'object' says nothing about the JSON. "
            "Declare a model, or 'Any' to let every JSON value through.",
        ),
        (
            "Ok[Plain]",
            "The body of status 200 of handler 'get' cannot be used: 'Plain' cannot be read or written as JSON. "
            "Use a pydantic model, a dataclass, a TypedDict or a type that JSON knows.",
        ),
        *(
            (
                f"Ok[{iterable}[bytes]]",
                f"The body of status 200 of handler 'get' cannot be used: '{iterable}[bytes]' is a way to give bytes. "
                "Write bytes, such as Ok[bytes]; res.send(...) takes an iterator of bytes for it.",
            )
            for iterable in ("Iterator", "AsyncIterator")
        ),
        (
            "Ok[list[UploadFile]]",
            "The body of status 200 of handler 'get' cannot be used: 'list[UploadFile]' holds an UploadFile, which "
            "comes with forms alone. Answer with bytes or a File.",
        ),
        (
            "Ok[BaseModel]",
            "The body of status 200 of handler 'get' cannot be used: 'BaseModel' has no fields. Declare a class of "
            "your own that derives from it.",
        ),
        (
            "NotFound[list[Plain]]",
            "The body of status 404 of handler 'get' cannot be used: 'list[Plain]' cannot be read or "
            "written as JSON: 'Plain' has no schema. "
            "Use a pydantic model, a dataclass, a TypedDict or a type that JSON knows.",
        ),
        (
            "Ok[EventStream[Plain]]",
            "The body of status 200 of handler 'get' cannot be used: 'Plain' cannot be read or written as JSON. "
            "Use a pydantic model, a dataclass, a TypedDict or a type that JSON knows.",
        ),
        (
            "Ok[JsonLines[Plain]]",
            "The body of status 200 of handler 'get' cannot be used: 'Plain' cannot be read or written as JSON. "
            "Use a pydantic model, a dataclass, a TypedDict or a type that JSON knows.",
        ),
    ],
)
def test_answer_that_cannot_be_given_is_refused(declared: str, sentence: str) -> None:
    assert problems(f"class Plain: ...\n{answering(declared)}") == [sentence]


SELF_NAMED = """
Json = TypeAliasType("Json", "list[Json] | dict[str, Json] | int | str")
Tree = TypeAliasType("Tree", Union[Annotated[dict[str, "Tree"], 'x'], Literal["Leaf"]])
"""


@pytest.mark.parametrize("declared", ["Json", "Ok[Json]", "Tree | int", "Ok[Tree]"])
def test_alias_that_means_itself_is_kept_whole(declared: str) -> None:
    """Only the alias knows what the name in quotes stands for."""
    exact, groups, bare = answers(f"{SELF_NAMED}\n{answering(declared)}")
    assert ([*exact.values(), *bare], groups) == (declared.removeprefix("Ok[").rstrip("]").split(" | "), {})


@pytest.mark.parametrize(
    ("declared", "bare"),
    [
        ("Annotated[User | Tea, 'x']", 1),
        ("Pair", 1),
        ("Pair | int", 2),
        ("Annotated[User | bytes, 'x']", 2),
        ("Annotated[User | File, 'x']", 2),
        ("Either[User, Tea]", 1),
        ("Either[User, bytes]", 2),
        ("User | Tea", 2),
    ],
)
def test_what_is_annotated_on_a_union_of_models_is_kept(declared: str, bare: int) -> None:
    """A discriminator is lost when its union is taken apart; what is sent otherwise must be found all the same."""
    source = """
S = TypeVar("S")
Pair = TypeAliasType("Pair", Annotated[User | Tea, 'x'])
Either = TypeAliasType("Either", Union[S, T], type_params=(S, T))
"""
    assert len(answers(source + answering(declared))[2]) == bare


@pytest.mark.parametrize("literal", ["Literal['Leaf']", "Annotated[int, 'Leaf']"])
def test_text_in_a_literal_or_in_metadata_is_no_name(literal: str) -> None:
    source = f"Leaf = TypeAliasType('Leaf', Union[{literal}, float])\n{answering('Leaf')}"
    assert answers(source)[2] == [literal if "Literal" in literal else "int", "float"]


def test_answer_of_undefined_parts_is_refused() -> None:
    source = """
class Half(BaseModel):
    other: "Unheard"
""" + answering("Ok[Half]")
    assert problems(source) == [
        "The body of status 200 of handler 'get' cannot be used: 'Half' names 'Unheard', which is not defined. Define "
        "it at module level, or import it outside of 'if TYPE_CHECKING:'."
    ]


def test_response_without_a_type_is_refused() -> None:
    assert problems("def get(req: ApiRequest, res: ApiResponse) -> None: ...") == [
        "Handler 'get' must say what it answers: ApiResponse[Ok[...]], or ApiResponse[Never] for redirects alone."
    ]


def response_types(
    exact: dict[int, object] | None = None, *groups: tuple[range, object], bare: tuple[object, ...] = ()
) -> ResponseTypes:
    return ResponseTypes(exact or {}, groups, bare, "ApiResponse[...]")


@pytest.mark.parametrize(("status_code", "body"), [(404, (str,)), (400, (Problem,)), (200, ()), (500, ())])
def test_exact_status_beats_its_group(status_code: int, body: tuple[object, ...]) -> None:
    assert response_types({404: str}, (range(400, 500), Problem)).body_of(status_code) == body


@pytest.mark.parametrize("declared", ["Status[Tea] | ClientError[Problem]", "ClientError[Problem] | Status[Tea]"])
def test_narrower_group_beats_the_wider_one_in_any_order(declared: str) -> None:
    source = f"from typed_api.status import Status\n{answering(declared)}"
    response = read_get(source).response
    assert [spell(response.body_of(code)[0]) for code in (404, 500, 200)] == ["Problem", "Tea", "Tea"]
    assert response.declared == "4xx, any"


def test_bare_types_are_the_body_of_every_status() -> None:
    types = response_types(bare=(int, str))
    assert types.body_of(200) == types.body_of(599) == (Union[int, str],)


def test_body_of_no_content_is_none() -> None:
    response = read_get(answering("Ok[User] | NoContent")).response
    assert response.body_of(204) == (None,)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ("NotFound[Problem] | Ok[User] | ServerError[Problem]", "200, 404, 5xx"),
        ("User", "any"),
        ("Never", "none"),
        ("Success[User]", "2xx"),
    ],
)
def test_declared_statuses_are_told_in_words(declared: str, words: str) -> None:
    assert read_get(answering(declared)).response.declared == words


# --- What is taken ----------------------------------------------------------------------------------------------------


def taking(declared: str, name: str = "post") -> str:
    return f"def {name}(req: {declared}, res: ApiResponse[Ok[User]]) -> None: ...\n"


def read_request(source: str, *configs: RouteConfig) -> RequestTypes:
    endpoint, _ = read(source, *configs)
    return endpoint.handlers["POST"].request


@pytest.mark.parametrize(
    ("declared", "kind", "body"),
    [
        ("ApiRequest", BodyKind.UNDECLARED, "object"),
        ("ApiRequest[object]", BodyKind.UNDECLARED, "object"),
        ("ApiRequest[Any]", BodyKind.UNDECLARED, "Any"),
        ("ApiRequest[None]", BodyKind.NONE, "None"),
        ("ApiRequest[bytes]", BodyKind.RAW, "bytes"),
        ("ApiRequest[User]", BodyKind.JSON, "User"),
        ("ApiRequest[User | Tea]", BodyKind.JSON, "User | Tea"),
        ("ApiRequest[User | None]", BodyKind.JSON, "User | None"),
        ("ApiRequest[list[int]]", BodyKind.JSON, "list[int]"),
        ("ApiRequest[Annotated[int, Field(gt=0)]]", BodyKind.JSON, "int"),
        ("ApiRequest[Form[User]]", BodyKind.FORM, "User"),
    ],
)
def test_body_is_taken_by_its_declared_type(declared: str, kind: BodyKind, body: str) -> None:
    request = read_request(taking(declared))
    assert (request.kind, spell(request.body), request.query, request.headers) == (kind, body, None, None)


@pytest.mark.parametrize(
    "statement", ["Body = TypeAliasType('Body', {})", *(["type Body = {}"] if sys.version_info >= (3, 12) else [])]
)
@pytest.mark.parametrize(
    ("alias", "kind"),
    [("User", BodyKind.JSON), ("bytes", BodyKind.RAW), ("None", BodyKind.NONE), ("Form[User]", BodyKind.FORM)],
)
def test_alias_of_a_body_is_taken_as_what_it_stands_for(alias: str, kind: BodyKind, statement: str) -> None:
    source = f"{statement.format(alias)}\n{taking('ApiRequest[Body]')}"
    assert read_request(source).kind is kind


@pytest.mark.parametrize("query", ["Query", "Annotated[Query, 'x']"])
@pytest.mark.parametrize("headers", ["Headers", "object", "Any"])
def test_plain_query_and_headers_are_no_declarations(query: str, headers: str) -> None:
    request = read_request(taking(f"ApiRequest[None, {query}, {headers}]"))
    assert (request.query, request.headers) == (None, None)


def test_query_and_headers_are_read() -> None:
    source = """
class Search(BaseModel):
    id: int
class Trace(TypedDict):
    x_request_id: str
"""
    request = read_request(source + taking("ApiRequest[None, Search, Trace]"))
    assert (spell(request.query), spell(request.headers)) == ("Search", "Trace")


@pytest.mark.parametrize("name", ["get", "head", "options"])
@pytest.mark.parametrize(
    ("declared", "spelled"),
    [
        ("ApiRequest[User]", "ApiRequest[User]"),
        ("ApiRequest[bytes]", "ApiRequest[bytes]"),
        ("ApiRequest[Form[User]]", "ApiRequest[User]"),
        ("ApiRequest[bytes, Search]", "ApiRequest[bytes]"),
    ],
)
def test_body_of_a_method_without_one_is_refused(name: str, declared: str, spelled: str) -> None:
    search = "class Search(BaseModel):\n    id: int\n"
    assert problems(search + taking(declared, name)) == [
        f"{'An' if name == 'options' else 'A'} {name.upper()} request has no body: {name!r} cannot take {spelled!r}."
    ]


def test_delete_may_take_a_body() -> None:
    endpoint, _ = read(taking("ApiRequest[User]", "delete"))
    assert endpoint.handlers["DELETE"].request.kind is BodyKind.JSON


def test_handler_may_declare_a_body_and_serve_get() -> None:
    endpoint, _ = read(taking("ApiRequest[User]", "handler"))
    assert {handler.request.kind for handler in endpoint.handlers.values()} == {BodyKind.JSON}


def test_unparsed_body_is_left_to_the_handler() -> None:
    assert read_request(taking("ApiRequest"), RouteConfig(parse_body=False)).kind is BodyKind.UNREAD


def test_body_that_is_not_taken_may_be_left_unparsed() -> None:
    assert read_request(taking("ApiRequest[None]"), RouteConfig(parse_body=False)).kind is BodyKind.NONE


@pytest.mark.parametrize("declared", ["User", "bytes", "Form[User]"])
def test_declared_body_that_is_not_parsed_is_refused(declared: str) -> None:
    assert problems(taking(f"ApiRequest[{declared}]"), RouteConfig(parse_body=False)) == [
        "Handler 'post' declares a body, but parse_body=False leaves it unread. Take a bare ApiRequest and read it "
        "with req.read() or req.stream(), or drop parse_body=False."
    ]


def test_parsing_differs_by_method() -> None:
    endpoint, _ = read(taking("ApiRequest", "handler"), RouteConfig(put=RouteConfig(parse_body=False)))
    kinds = {method: handler.request.kind for method, handler in endpoint.handlers.items()}
    assert (kinds["PUT"], kinds["POST"]) == (BodyKind.UNREAD, BodyKind.UNDECLARED)


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        (
            "ApiRequest[Plain]",
            "The body of handler 'post' cannot be used: 'Plain' cannot be read or written as JSON. "
            "Use a pydantic model, a dataclass, a TypedDict or a type that JSON knows.",
        ),
        (
            "ApiRequest[Form[Plain]]",
            "The body of handler 'post' cannot be used: 'Plain' cannot be read or written as JSON. "
            "Use a pydantic model, a dataclass, a TypedDict or a type that JSON knows.",
        ),
        (
            "ApiRequest[None, Plain]",
            "The query of handler 'post' cannot be used: 'Plain' cannot be read or written as JSON. "
            "Use a pydantic model, a dataclass, a TypedDict or a type that JSON knows.",
        ),
        (
            "ApiRequest[None, Query, Plain]",
            "The headers of handler 'post' cannot be used: 'Plain' cannot be read or written as JSON. "
            "Use a pydantic model, a dataclass, a TypedDict or a type that JSON knows.",
        ),
        (
            "ApiRequest[Form[int]]",
            "The body of handler 'post' cannot be used: 'int' has no named fields, so queries, headers and forms "
            "cannot be read into it. Use a pydantic model, a dataclass or a TypedDict.",
        ),
        (
            "ApiRequest[None, int]",
            "The query of handler 'post' cannot be used: 'int' has no named fields, so queries, headers and forms "
            "cannot be read into it. Use a pydantic model, a dataclass or a TypedDict.",
        ),
        (
            "ApiRequest[None, Query, int]",
            "The headers of handler 'post' cannot be used: 'int' has no named fields, so queries, headers and forms "
            "cannot be read into it. Use a pydantic model, a dataclass or a TypedDict.",
        ),
    ],
)
def test_request_that_cannot_be_read_is_refused(declared: str, sentence: str) -> None:
    assert problems(f"class Plain: ...\n{taking(declared)}") == [sentence]


@pytest.mark.parametrize(
    ("declared", "spelled", "form"),
    [
        ("Form[User] | None", "Form[User] | None", "Form[User]"),
        ("User | Form[Tea]", "User | Form[Tea]", "Form[Tea]"),
        ("list[Form[User]]", "list[Form[User]]", "Form[User]"),
        ("Maybe", "Maybe", "Form[User]"),
        ("Annotated[Form[User] | None, 'x']", "Form[User] | None", "Form[User]"),
    ],
)
def test_form_inside_another_type_is_refused(declared: str, spelled: str, form: str) -> None:
    source = "Maybe = TypeAliasType('Maybe', Union[Form[User], None])\n" + taking(f"ApiRequest[{declared}]")
    assert problems(source) == [
        f"Handler 'post' takes '{spelled}', but a form cannot be a part of another type. Take {form} alone; fields "
        "with defaults may be left out."
    ]


@pytest.mark.parametrize(
    ("declared", "spelled"),
    [("bytes | None", "bytes | None"), ("User | bytes", "User | bytes"), ("Maybe", "Maybe")],
)
def test_bytes_beside_another_type_are_refused(declared: str, spelled: str) -> None:
    source = "Maybe = TypeAliasType('Maybe', Union[bytes, None])\n" + taking(f"ApiRequest[{declared}]")
    assert problems(source) == [
        f"Handler 'post' takes '{spelled}', but raw bytes cannot be one of several types. Take bytes alone, which are "
        "b'' where there is no body."
    ]


def test_bytes_inside_a_json_document_are_text() -> None:
    assert read_request(taking("ApiRequest[dict[str, bytes | None]]")).kind is BodyKind.JSON


@pytest.mark.parametrize(
    ("declared", "owner", "spelled", "mend"),
    [
        ("ApiRequest[Picture]", "body", "Picture", "Take Form[Picture]."),
        ("ApiRequest[list[Album]]", "body", "list[Album]", "Take a Form[...] of a model with the file."),
        ("ApiRequest[None, Picture]", "query", "Picture", "Take it in the body, as Form[...]."),
        ("ApiRequest[None, Query, Picture]", "headers", "Picture", "Take it in the body, as Form[...]."),
    ],
)
def test_uploaded_file_outside_of_a_form_is_refused(declared: str, owner: str, spelled: str, mend: str) -> None:
    source = """
class Picture(BaseModel):
    id: int
    file: UploadFile | None
class Album(BaseModel):
    pictures: list[Picture]
"""
    assert problems(source + taking(declared)) == [
        f"The {owner} of handler 'post' cannot be used: '{spelled}' holds an UploadFile, which comes with forms alone. "
        f"{mend}"
    ]


def test_uploaded_file_may_be_in_a_form() -> None:
    source = "class Picture(BaseModel):\n    file: UploadFile\n" + taking("ApiRequest[Form[Picture]]")
    assert read_request(source).kind is BodyKind.FORM


def test_body_that_is_no_model_of_its_own_is_refused() -> None:
    sentence = "cannot be used: 'BaseModel' has no fields. Declare a class of your own that derives from it."
    assert problems(taking("ApiRequest[BaseModel, BaseModel]")) == [
        f"The body of handler 'post' {sentence}",
        f"The query of handler 'post' {sentence}",
    ]


def test_query_that_lacks_a_path_parameter_is_refused() -> None:
    source = "class Search(BaseModel):\n    text: str\n" + taking("ApiRequest[None, Search]")
    assert problems(source) == [
        "Path parameter 'id' of route '/api/{id}' is missing from 'Search', the query of handler 'post'. Add a field "
        "of that name."
    ]


def test_query_may_read_a_path_parameter_by_alias() -> None:
    source = "class Search(BaseModel):\n    number: int = Field(alias='id')\n" + taking("ApiRequest[None, Search]")
    assert spell(read_request(source).query) == "Search"


def test_form_without_the_package_that_reads_forms_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typed_api.contract.importlib.util.find_spec", lambda name: None)
    assert problems(taking("ApiRequest[Form[User]]")) == [
        "Handler 'post' takes a form, which needs the 'python-multipart' package. Install it with: "
        "pip install 'typed-api-toolkit[forms]'."
    ]


# --- Configuration ----------------------------------------------------------------------------------------------------


def test_settings_of_folders_module_and_method_are_merged() -> None:
    def outer(req: object) -> None: ...
    def inner(req: object) -> None: ...
    def own(req: object) -> None: ...

    endpoint, _ = read(
        taking("ApiRequest", "post") + taking("ApiRequest", "put"),
        RouteConfig(before=outer, body_limit="2mb", etag=False, coerce=True),
        RouteConfig(before=[inner], body_limit="3kb", post=RouteConfig(before=own, threaded=False)),
    )
    post, put = endpoint.handlers["POST"].config, endpoint.handlers["PUT"].config
    assert (post.before, post.limit_bytes, post.etag, post.coerce, post.threaded) == (
        (outer, inner, own),
        3072,
        False,
        True,
        False,
    )
    assert (put.before, put.limit_bytes, put.etag, put.coerce, put.threaded) == (
        (outer, inner),
        3072,
        False,
        True,
        True,
    )


@pytest.mark.parametrize("coerce", [True, False])
def test_rules_of_json_are_those_of_the_app_unless_set(coerce: bool) -> None:
    endpoint, _ = read(taking("ApiRequest[User]"), coerce=coerce)
    assert endpoint.handlers["POST"].config.coerce is coerce


@pytest.mark.parametrize(
    ("configs", "expected"),
    [
        ((), {"POST": False, "PUT": False}),
        ((RouteConfig(etag=False),), {"POST": False, "PUT": False}),
        ((RouteConfig(body_limit="1mb"),), {"POST": True, "PUT": True}),
        ((RouteConfig(), RouteConfig(put=RouteConfig(body_limit=5))), {"POST": False, "PUT": True}),
        ((RouteConfig(put=RouteConfig(etag=False)),), {"POST": False, "PUT": False}),
    ],
)
def test_limit_bounds_raw_reading_only_where_it_was_set(
    configs: tuple[RouteConfig, ...], expected: dict[str, bool]
) -> None:
    endpoint, _ = read(taking("ApiRequest", "post") + taking("ApiRequest", "put"), *configs)
    assert {method: handler.limits_reading for method, handler in endpoint.handlers.items()} == expected


# --- Taking a body apart ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (User, BodyParts((User,), (), (), False, False)),
        (User | None, BodyParts((User, type(None)), (), (), False, False)),
        (bytes, BodyParts((), (), (), True, False)),
        (File, BodyParts((), (), (), False, True)),
        (EventStream[User], BodyParts((), (User,), (), False, False)),
        (EventStream, BodyParts((), (str,), (), False, False)),
        (JsonLines[int], BodyParts((), (), (int,), False, False)),
        (JsonLines, BodyParts((), (), (object,), False, False)),
        (User | bytes | File | EventStream[int], BodyParts((User,), (int,), (), True, True)),
        (None, BodyParts((None,), (), (), False, False)),
    ],
)
def test_body_is_taken_apart_by_how_it_is_sent(body: object, parts: BodyParts) -> None:
    assert body_parts(body) == parts


def test_json_parts_are_one_type() -> None:
    assert body_parts(Union[int, str, bytes]).json_type == Union[int, str]


Line = TypeAliasType("Line", str)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (EventStream[User] | EventStream[int], User | int),
        (EventStream | EventStream[str], str),
        (EventStream[Line], str),
    ],
)
def test_events_of_several_streams_are_one_type(declared: object, expected: object) -> None:
    assert body_parts(declared).event_type == expected


def test_lines_of_several_streams_are_one_type() -> None:
    assert body_parts(JsonLines[User] | JsonLines[int]).line_type == User | int


@pytest.mark.parametrize(
    ("stream", "body"),
    [("EventStream", b'data: {"kind":"green"}\n\n'), ("JsonLines", b'{"kind":"green"}\n')],
)
def test_item_of_the_second_stream_of_a_union_is_sent(stream: str, body: bytes) -> None:
    declared = f"Ok[{stream}[User] | {stream}[Tea]]"
    source = f"""
def get(req: ApiRequest, res: ApiResponse[{declared}]) -> Sent:
    return res.send({stream}([Tea(kind="green")]))
"""
    with TestClient(create_app({"api/x.py": PRELUDE + source})) as client:
        assert client.get("/api/x").content == body


# --- Spelling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (None, "None"),
        (type(None), "None"),
        (int, "int"),
        (User, "User"),
        (Any, "Any"),
        (list[User], "list[User]"),
        (dict[str, list[int]], "dict[str, list[int]]"),
        (tuple[int, ...], "tuple[int, ...]"),
        (Union[int, None], "int | None"),
        (int | str | None, "int | str | None"),
        (Literal[418, "x"], "Literal[418, 'x']"),
        (Annotated[int, Field(gt=0)], "int"),
        (Form[User], "Form[User]"),
        (Ok[User] | NotFound[Problem] | NoContent, "Ok[User] | NotFound[Problem] | NoContent"),
        (Code[Literal[425], User], "Code[Literal[425], User]"),
        (ApiRequest, "ApiRequest"),
        (ApiRequest[User], "ApiRequest[User]"),
        (ApiRequest[None, Params], "ApiRequest[None, Params]"),
        (ApiRequest[None, Query, User], "ApiRequest[None, Query, User]"),
        (ApiRequest[None, Query, Headers], "ApiRequest[None]"),
        (ApiRequest[Query], "ApiRequest[Query]"),
        (ApiResponse[Ok[User]], "ApiResponse[Ok[User]]"),
        (Callable[..., int], "Callable[..., int]"),
        ("text", "text"),
    ],
)
def test_type_is_spelled_as_a_person_writes_it(hint: object, text: str) -> None:
    assert spell(hint) == text
