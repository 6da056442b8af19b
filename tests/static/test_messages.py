"""The words of the mypy plugin: each of its messages once, whole."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import pytest

from tests.static.project import parse, write_project
from tests.static.test_cases import run_mypy

PRELUDE: Final = """\
import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Literal
from pydantic import BaseModel
from typed_api import *
if TYPE_CHECKING:
    from decimal import Decimal
class User(BaseModel):
    id: int
    name: str
class Plain: ...
class Page(BaseModel):
    page: int = 1
@dataclasses.dataclass
class Car:
    engine: Plain
"""


class Golden(NamedTuple):
    """A route, and what the plugin says of the line that is marked with `#!`."""

    route: str
    body: str
    code: str
    text: str


GOLDEN: Final = {
    # Signatures
    "unannotated": Golden(
        "unannotated",
        "def get(req, res):  #!\n    res.send('x')",
        "signature",
        'Handler "get" must be annotated: def get(req: ApiRequest, res: ApiResponse[...]) -> None',
    ),
    "number of parameters": Golden(
        "number",
        "def get(req: ApiRequest) -> None: ...  #!",
        "signature",
        'Handler "get" must take exactly two positional parameters (req: ApiRequest, res: ApiResponse[...]), not 1',
    ),
    "kind of parameters": Golden(
        "kind",
        "def get(*, req: ApiRequest, res: ApiResponse[Ok[str]]) -> None: ...  #!",
        "signature",
        'Handler "get" must take exactly two positional parameters (req: ApiRequest, res: ApiResponse[...])',
    ),
    "type of a parameter": Golden(
        "type",
        "def get(req: ApiResponse[Ok[str]], res: ApiResponse[Ok[str]]) -> None:  #!\n    res.send('x')",
        "signature",
        'Parameter "req" of handler "get" must be ApiRequest, not "ApiResponse[Ok[str]]"',
    ),
    "result": Golden(
        "result",
        "def get(req: ApiRequest, res: ApiResponse[Ok[User]]) -> User:  #!\n    return User(id=1, name='a')",
        "signature",
        'Handler "get" must return None, not "User"; send the body with res.json(...)',
    ),
    "generator": Golden(
        "generator",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Iterator[str]:  #!\n    yield 'x'",
        "signature",
        'Handler "get" must not yield; answer with res.send(iterator) to stream',
    ),
    "bare response": Golden(
        "bare_response",
        "def get(req: ApiRequest, res: ApiResponse) -> None:  #!\n    res.redirect('/')",
        "signature",
        'Handler "get" must say what it answers: ApiResponse[Ok[...]], or ApiResponse[Never] for redirects alone',
    ),
    "class": Golden(
        "a_class",
        "class get:  #!\n    x: int = 0",
        "signature",
        'Handler "get" must be a function (req: ApiRequest, res: ApiResponse[...]), not a class',
    ),
    "object": Golden(
        "an_object",
        "get = partial(print, 'x')  #!",
        "signature",
        'Handler "get" must be a function (req: ApiRequest, res: ApiResponse[...]), not "partial[None]"; '
        'write "def" around it and call it there',
    ),
    "factory": Golden(
        "a_factory",
        "def make() -> Callable[[int], None]: ...\nget = make()  #!",
        "signature",
        'Handler "get" must take exactly two positional parameters (req: ApiRequest, res: ApiResponse[...])',
    ),
    "decorator": Golden(
        "a_decorator",
        "def one(fn: object) -> Callable[[int], None]:\n    return print\n"
        "@one\ndef get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:  #!\n    return res.send('x')",
        "signature",
        'Handler "get" is decorated by something that cannot be called with (req: ApiRequest, res: ApiResponse[...])',
    ),
    "type checking": Golden(
        "type_checking",
        "def get(req: ApiRequest, res: 'ApiResponse[Ok[Decimal]]') -> Sent:  #!\n    return res.redirect('/')",
        "signature",
        'Handler "get" is annotated with "Decimal", which is imported only under TYPE_CHECKING. The server reads the '
        "annotation too: import it at run time",
    ),
    "unread body": Golden(
        "unread",
        "config = RouteConfig(parse_body=False)\n"
        "def post(req: ApiRequest[User], res: ApiResponse[Ok[str]]) -> Sent:  #!\n    return res.send('x')",
        "signature",
        'Handler "post" declares a body, but parse_body=False leaves it unread. Take a bare ApiRequest and read it '
        "with req.read() or req.stream(), or drop parse_body=False",
    ),
    "guard": Golden(
        "guard",
        "def check(n: int) -> None: ...\nconfig = RouteConfig(before=check)  #!\n"
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')",
        "signature",
        'Guard "check" must take ApiRequest[object, object], not "int"',
    ),
    # Modules
    "no handler": Golden(
        "teams/_team_/empty",
        "",
        "route",
        'Route module for "/api/teams/{team}/empty" defines no handler: expected "handler" or one of get, post, put, '
        "patch, delete, head, options",
    ),
    "handler beside a method": Golden(
        "both",
        "def handler(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')\n"
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:  #!\n    return res.send('x')",
        "route",
        '"get" is never called: "handler" already handles every method',
    ),
    "package": Golden(
        "package/__init__",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:  #!\n    return res.send('x')",
        "route",
        "'api/package/__init__.py' has 'get', but an '__init__.py' is no route. Move it to 'api/package/index.py'",
    ),
    "test file": Golden(
        "speed_test",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:  #!\n    return res.send('x')",
        "route",
        "'api/speed_test.py' has 'get', but files named 'test_*.py', '*_test.py' or 'conftest.py' are never routes. "
        'Rename the file (config = RouteConfig(segment="speed_test") keeps the URL), or the function',
    ),
    "file name": Golden(
        "_id____",
        "",
        "route",
        "'api/_id____.py' ends with 4 underscores. Write '_id_.py' for one segment, '_id__.py' for one or more, "
        "'_id___.py' for zero or more.",
    ),
    "one parameter twice": Golden(
        "_a_/_a_",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')",
        "route",
        "'api/_a_/_a_.py' has the parameter 'a' more than once in '/api/{a}/{a}'. Rename one of the two.",
    ),
    "size": Golden(
        "size",
        "config = RouteConfig(body_limit='3 apples')  #!\n"
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')",
        "route",
        "Size limit '3 apples' has no known unit. Use b, kb, mb or gb, for example '1mb'.",
    ),
    "method name": Golden(
        "method_name",
        "config = RouteConfig(methods=['FETCH'])  #!\n"
        "def handler(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')",
        "route",
        "RouteConfig(methods=...) has 'FETCH', which is no method that a route serves. Use some of GET, HEAD, POST, "
        "PUT, PATCH, DELETE, OPTIONS.",
    ),
    "segment": Golden(
        "segment",
        "config = RouteConfig(segment='a/b')  #!\n"
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')",
        "route",
        "segment 'a/b' holds '/', which one path segment cannot. Leave it out, or use folders for a longer path.",
    ),
    "segment of an index": Golden(
        "folder/index",
        "config = RouteConfig(segment='x')  #!\n"
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')",
        "route",
        "'api/folder/index.py' sets segment='x', but an index has no segment of its own. Set it in the folder's "
        "'__init__.py'",
    ),
    "segment of a parameter": Golden(
        "folder/_p_",
        "config = RouteConfig(segment='x')  #!\n"
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')",
        "route",
        "'api/folder/_p_.py' sets segment='x', but the name says that its segment is the parameter 'p'. Leave one of "
        "the two out",
    ),
    "settings that are none": Golden(
        "no_settings",
        "config = 'x'  #!\ndef get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')",
        "route",
        "'api/no_settings.py' sets config to 'str', which is no RouteConfig. Write config = RouteConfig(...), or use "
        "another name",
    ),
    # Statuses
    "undeclared status": Golden(
        "undeclared",
        "def get(req: ApiRequest, res: ApiResponse[Ok[User] | NotFound[Problem] | ServerError[str]]) -> Sent:\n"
        "    return res.status(418).json('tea')  #!",
        "status",
        'Status 418 is not declared by "ApiResponse[Ok[User] | NotFound[Problem] | ServerError[str]]" '
        "(declared: 200, 404, 5xx)",
    ),
    "impossible status": Golden(
        "impossible",
        "def get(req: ApiRequest, res: ApiResponse[User]) -> Sent:\n"
        "    return res.status(999).json(User(id=1, name='a'))  #!",
        "status",
        "999 is not a valid HTTP status code for a response",
    ),
    "redirect status": Golden(
        "redirect",
        "def get(req: ApiRequest, res: ApiResponse[User]) -> Sent:\n    return res.redirect(200, '/')  #!",
        "status",
        "200 is not a redirect status (use 301, 302, 303, 307 or 308)",
    ),
    "json without status": Golden(
        "json",
        "def get(req: ApiRequest, res: ApiResponse[Created[User]]) -> Sent:\n"
        "    return res.json(User(id=1, name='a'))  #!",
        "status",
        'json() sends status 200, which "ApiResponse[Created[User]]" does not declare (declared: 201)',
    ),
    "send without status": Golden(
        "send",
        "def get(req: ApiRequest, res: ApiResponse[Created[str]]) -> Sent:\n    return res.send('x')  #!",
        "status",
        'send() sends status 200, which "ApiResponse[Created[str]]" does not declare (declared: 201)',
    ),
    "status that is not literal": Golden(
        "not_literal",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.status(int('200')).json('x')  #!",
        "status",
        "Status code must be a literal, or of a Literal type",
    ),
    "status twice": Golden(
        "twice",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str] | Ok[User]]) -> Sent:  #!\n    return res.redirect('/')",
        "status",
        "Status 200 is declared twice; write one marker with a union, such as Ok[A | B]",
    ),
    "group twice": Golden(
        "group_twice",
        "def get(req: ApiRequest, res: ApiResponse[Success[str] | Success[User]]) -> Sent:  #!\n"
        "    return res.redirect('/')",
        "status",
        "Success is declared twice; write one Success[A | B]",
    ),
    "markers beside bare types": Golden(
        "mixed",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str] | User]) -> Sent:  #!\n    return res.redirect('/')",
        "status",
        '"ApiResponse[Ok[str] | User]" mixes status markers with a bare type; write Ok[User]',
    ),
    "marker without a body": Golden(
        "no_body",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str] | NotFound]) -> Sent:  #!\n    return res.redirect('/')",
        "status",
        "NotFound needs its body: NotFound[...]",
    ),
    "code that is not literal": Golden(
        "code_int",
        "def get(req: ApiRequest, res: ApiResponse[Code[int, str]]) -> Sent:  #!\n    return res.redirect('/')",
        "status",
        "Code needs a literal status and a body: Code[Literal[425], TooEarly]",
    ),
    "code that is no final status": Golden(
        "code_100",
        "def get(req: ApiRequest, res: ApiResponse[Code[Literal[100], str]]) -> Sent:  #!\n"
        "    return res.redirect('/')",
        "status",
        "100 is not a status that a response can end with; use 200 to 599",
    ),
    # Bodies
    "missing field": Golden(
        "missing",
        "def get(req: ApiRequest, res: ApiResponse[Ok[User]]) -> Sent:\n    return res.json({})  #!",
        "body",
        'Body is missing "id", "name" of "User"',
    ),
    "field of another type": Golden(
        "mistyped",
        "def get(req: ApiRequest, res: ApiResponse[Ok[User]]) -> Sent:\n"
        "    return res.json({'id': 'x', 'name': 'a'})  #!",
        "body",
        'Field "id" of "User" is "int", not "str"',
    ),
    "unknown field": Golden(
        "unknown",
        "def get(req: ApiRequest, res: ApiResponse[Ok[Page]]) -> Sent:\n    return res.json({'pagge': 1})  #!",
        "body",
        '"Page" has no field "pagge"; did you mean "page"?',
    ),
    "item of another type": Golden(
        "item",
        "def get(req: ApiRequest, res: ApiResponse[Ok[list[User]]]) -> Sent:\n"
        "    return res.json([{'id': 1, 'name': 'a'}, 3])  #!",
        "body",
        'Body item is "User", not "int"',
    ),
    # What JSON cannot hold
    "plain class": Golden(
        "plain",
        "def get(req: ApiRequest, res: ApiResponse[Ok[list[Plain]]]) -> Sent:  #!\n    return res.redirect('/')",
        "serialize",
        'Response type "Ok[list[Plain]]" cannot be serialized to JSON: "Plain" is not a pydantic model, dataclass, '
        "TypedDict or JSON value",
    ),
    "plain field": Golden(
        "plain_field",
        "def get(req: ApiRequest, res: ApiResponse[Ok[Car]]) -> Sent:  #!\n    return res.redirect('/')",
        "serialize",
        'Response type "Ok[Car]" cannot be serialized to JSON: "Plain" (field "engine" of "Car") is not a pydantic '
        "model, dataclass, TypedDict or JSON value",
    ),
    "body that JSON cannot hold": Golden(
        "plain_body",
        "def post(req: ApiRequest[Plain], res: ApiResponse[Ok[str]]) -> Sent:  #!\n    return res.send('x')",
        "serialize",
        'The body of handler "post" cannot be read from JSON: "Plain" is not a pydantic model, dataclass, TypedDict or '
        "JSON value",
    ),
    # Queries
    "unknown parameter": Golden(
        "users/_id_",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send(req.query['idd'])  #!",
        "query",
        'Route "/api/users/{id}" has no path parameter "idd"; did you mean "id"?',
    ),
    "search parameter": Golden(
        "posts/_id_",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send(req.query['page'])  #!",
        "query",
        'Route "/api/posts/{id}" has no path parameter "page"; a search parameter is read with .get("page")',
    ),
    "parameter that the query lacks": Golden(
        "lines/_id_",
        "def get(req: ApiRequest[None, Page], res: ApiResponse[Ok[str]]) -> Sent:  #!\n    return res.send('x')",
        "query",
        'Path parameter "id" of route "/api/lines/{id}" is missing from "Page"',
    ),
    "catch-all that is no list": Golden(
        "books/_page__",
        "def get(req: ApiRequest[None, Page], res: ApiResponse[Ok[str]]) -> Sent:  #!\n    return res.send('x')",
        "query",
        'Path parameter "page" of route "/api/books/{page}" is "list[str]", not "int"',
    ),
    "query without fields": Golden(
        "no_fields",
        "def get(req: ApiRequest[None, int], res: ApiResponse[Ok[str]]) -> Sent:  #!\n    return res.send('x')",
        "query",
        'The query of handler "get" cannot be used: "int" has no named fields, so queries, headers and forms cannot be '
        "read into it. Use a pydantic model, a dataclass or a TypedDict",
    ),
    # Flow
    "never answers": Golden(
        "never",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:  #!\n    print('x')",
        "flow",
        'Handler "get" never sends a response',
    ),
    "may not answer": Golden(
        "perhaps",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:  #!\n    if req.path:\n        res.send('x')",
        "flow",
        'Handler "get" may finish without sending a response',
    ),
    "returns early": Golden(
        "early",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:\n"
        "    if req.path:\n        return  #!\n    res.send('x')",
        "flow",
        'Handler "get" returns here without sending a response',
    ),
    "answers again": Golden(
        "again",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:\n    res.send('x')\n    res.send('y')  #!",
        "flow",
        "Response already sent: a handler may send only once",
    ),
    # Methods
    "body of a GET request": Golden(
        "get_body",
        "def get(req: ApiRequest[User], res: ApiResponse[Ok[str]]) -> Sent:  #!\n    return res.send('x')",
        "method",
        'A GET request has no body: "get" cannot take "ApiRequest[User]"',
    ),
    "body read in a GET request": Golden(
        "get_branch",
        "def handler(req: ApiRequest[User], res: ApiResponse[Ok[str]]) -> Sent:\n"
        "    if req.method == 'GET':\n        return res.send(req.body.name)  #!\n    return res.send('x')",
        "method",
        "A GET request has no body",
    ),
}


def source_of(golden: Golden) -> str:
    return PRELUDE + golden.body + "\n"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[tuple[int, str, str]]]:
    """What mypy says of each route, by file; not strict, since that adds words of its own."""
    folder = tmp_path_factory.mktemp("messages")
    write_project(folder, {f"pages/api/{golden.route}.py": source_of(golden) for golden in GOLDEN.values()})
    file = folder / "mypy.ini"
    file.write_text(file.read_text("utf-8").replace("strict = true", "strict = false"), "utf-8")
    report: dict[str, list[tuple[int, str, str]]] = {}
    for name, line, code, text in parse(run_mypy(folder, ".")):
        report.setdefault(name, []).append((line, code, text))
    return report


@pytest.mark.parametrize("name", GOLDEN)
def test_message_is_worded_so(name: str, found: Mapping[str, list[tuple[int, str, str]]]) -> None:
    golden = GOLDEN[name]
    lines = source_of(golden).splitlines()
    line = next((number for number, text in enumerate(lines, 1) if text.endswith("#!")), 1)
    said = [item for item in found.get(f"pages/api/{golden.route}.py", []) if item[1].startswith("typed-api")]
    assert said == [(line, f"typed-api-{golden.code}", golden.text)]


def test_every_route_of_the_table_is_its_own() -> None:
    routes = [golden.route for golden in GOLDEN.values()]
    assert sorted(set(routes)) == sorted(routes)


def test_nothing_is_said_of_other_files(found: Mapping[str, list[tuple[int, str, str]]]) -> None:
    assert set(found) <= {f"pages/api/{golden.route}.py" for golden in GOLDEN.values()}
