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
    "swapped parameters": Golden(
        "swapped",
        "def get(res: ApiResponse[Ok[str]], req: ApiRequest) -> Sent:  #!\n    return res.send('x')",
        "signature",
        'Parameter "res" of handler "get" must be ApiRequest, not "ApiResponse[Ok[str]]". Swap the two parameters',
    ),
    "Any for a parameter": Golden(
        "any",
        "def get(req: Any, res: Any) -> None:  #!\n    res.send('x')",
        "signature",
        'Parameter "req" of handler "get" must be ApiRequest, not "Any"',
    ),
    "imported": Golden(
        "imported",
        "from textwrap import indent as get  #!",
        "signature",
        'Handler "get" must take exactly two positional parameters (req: ApiRequest, res: ApiResponse[...]), not 3. It '
        "was imported from 'textwrap': if it is no handler, import it under another name",
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
    "object that cannot be called": Golden(
        "options",
        "options = {'x': 1}  #!",
        "signature",
        'Handler "options" must be a function (req: ApiRequest, res: ApiResponse[...]), not "dict[str, int]"; if it is '
        "no handler, give it another name",
    ),
    "method": Golden(
        "a_method",
        "class Users:\n    def get(self, req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n"
        "        return res.send('x')\nget = Users().get  #!",
        "signature",
        'Handler "get" must be a function (req: ApiRequest, res: ApiResponse[...]), not "method". Write `def` around '
        "it and call it there",
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
        "patch, delete, head, options; if it is no route, call it '_empty.py'",
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
    "module for settings": Golden(
        "module_config",
        "import textwrap as config  #!\n"
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')",
        "route",
        "'pages/api/module_config.py' imports the module 'textwrap' as 'config', which is the name of the route's "
        "settings. Import it under another name",
    ),
    "settings under another name": Golden(
        "stray",
        "SETTINGS = RouteConfig()  #!\n"
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')",
        "route",
        "'pages/api/stray.py' has a RouteConfig under the name 'SETTINGS', and only 'config' is read. Rename it",
    ),
    "settings of no function": Golden(
        "no_post",
        "config = RouteConfig(post=RouteConfig())  #!\n"
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')",
        "route",
        "RouteConfig(post=...) sets nothing, since the module has no function 'post'. Define it, or leave the setting "
        "out",
    ),
    "methods of no handler": Golden(
        "no_methods",
        "config = RouteConfig(methods=['GET'])  #!\n"
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')",
        "route",
        "RouteConfig(methods=...) is about 'handler' alone, which the module does not have. Leave the setting out: a "
        "method function serves the method of its name",
    ),
    "settings of a method that is left out": Golden(
        "left_out",
        "config = RouteConfig(methods=['GET'], put=RouteConfig())  #!\n"
        "def handler(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')",
        "route",
        "RouteConfig(put=...) sets nothing, since methods=... leaves PUT out. Add it there, or leave the setting out",
    ),
    "function for settings": Golden(
        "function_config",
        "def config() -> None: ...  #!\n"
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.send('x')",
        "route",
        "'api/function_config.py' sets config to a function, which is no RouteConfig. Write config = RouteConfig(...), "
        "or use another name",
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
        "(declared: 200, 404, 5xx); add ImATeapot[...] to it",
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
        'json() sends status 200, which "ApiResponse[Created[User]]" does not declare (declared: 201); write '
        "res.status(201).json(...), or add Ok[...] to it",
    ),
    "send without status": Golden(
        "send",
        "def get(req: ApiRequest, res: ApiResponse[Created[str]]) -> Sent:\n    return res.send('x')  #!",
        "status",
        'send() sends status 200, which "ApiResponse[Created[str]]" does not declare (declared: 201); write '
        "res.status(201).send(...), or add Ok[...] to it",
    ),
    "status that is not literal": Golden(
        "not_literal",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.status(int('200')).json('x')  #!",
        "status",
        "Status code must be a literal, or of a Literal type (declared: 200); annotate it: status: Literal[200] = ...",
    ),
    "status of a variable": Golden(
        "variable",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str] | Created[str]]) -> Sent:\n"
        "    code = 201 if req.path else 200\n    return res.status(code).json('x')  #!",
        "status",
        "Status code must be a literal, or of a Literal type (declared: 200, 201); annotate it: "
        "code: Literal[200, 201] = ...",
    ),
    "redirect status that is not literal": Golden(
        "redirect_variable",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.redirect(int('303'), '/')  #!",
        "status",
        "Status code must be a literal, or of a Literal type; annotate it: status: Literal[303, 307] = ...",
    ),
    "status without a marker": Golden(
        "no_marker",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:\n    return res.status(299).json('x')  #!",
        "status",
        'Status 299 is not declared by "ApiResponse[Ok[str]]" (declared: 200); add Code[Literal[299], ...] to it',
    ),
    "flag for a status": Golden(
        "flag",
        "def get(req: ApiRequest, res: ApiResponse[str]) -> Sent:\n    return res.status(True).json('x')  #!",
        "status",
        "True is not a valid HTTP status code for a response",
    ),
    "body where there is none": Golden(
        "body_of_204",
        "def get(req: ApiRequest, res: ApiResponse[NoContent]) -> Sent:\n    return res.status(204).json({})  #!",
        "status",
        "204 has no body; use .end()",
    ),
    "json without status or body": Golden(
        "json_204",
        "def get(req: ApiRequest, res: ApiResponse[NoContent]) -> Sent:\n    return res.json('x')  #!",
        "status",
        'json() sends status 200, which "ApiResponse[NoContent]" does not declare (declared: 204); add Ok[...] to it',
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
    "body of another status": Golden(
        "another_status",
        "def get(req: ApiRequest, res: ApiResponse[Ok[User] | NotFound[Page]]) -> Sent:\n"
        "    return res.status(404).json({'id': 1, 'name': 'a'})  #!",
        "body",
        'Body is "User" of status 200, not "Page"',
    ),
    "items taken out of a list": Golden(
        "starred",
        "def get(req: ApiRequest, res: ApiResponse[Ok[list[User]]]) -> Sent:\n"
        "    return res.json([*[Page()], {'id': 1, 'name': 'a'}, *(pages := [Page()])])  #!",
        "body",
        'Body item is "User", not "Page"',
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
    "parameter that may be absent": Golden(
        "docs/_path___",
        "def get(req: ApiRequest, res: ApiResponse[Ok[list[str]]]) -> Sent:\n"
        "    return res.json(req.query['path'])  #!",
        "query",
        'Path parameter "path" of route "/api/docs/{path}" may be absent; read it with .get("path")',
    ),
    "parameter that the query lacks": Golden(
        "lines/_id_",
        "def get(req: ApiRequest[None, Page], res: ApiResponse[Ok[str]]) -> Sent:  #!\n    return res.send('x')",
        "query",
        'Path parameter "id" of route "/api/lines/{id}" is missing from "Page", the query of handler "get". Add a '
        "field of that name",
    ),
    "parameter that the query always wants": Golden(
        "shelves/_id___",
        "class Shelf(BaseModel):\n    id: list[str]\n"
        "def get(req: ApiRequest[None, Shelf], res: ApiResponse[Ok[str]]) -> Sent:  #!\n    return res.send('x')",
        "query",
        'Path parameter "id" of route "/api/shelves/{id}" may be absent, which "Shelf" does not allow. Give the field '
        "a default",
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
        'Handler "get" never sends a response; call res.json(...), or another method that answers',
    ),
    "may not answer": Golden(
        "perhaps",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:  #!\n    if req.path:\n        res.send('x')",
        "flow",
        'Handler "get" may finish without sending a response; answer on every path, or raise',
    ),
    "returns early": Golden(
        "early",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:\n"
        "    if req.path:\n        return  #!\n    res.send('x')",
        "flow",
        'Handler "get" returns here without sending a response; answer first, or raise',
    ),
    "answers again": Golden(
        "again",
        "def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> None:\n    res.send('x')\n    res.send('y')  #!",
        "flow",
        'Response already sent: a handler may send only once; "return" after the first answer, or use "else"',
    ),
    # Methods
    "body of a GET request": Golden(
        "get_body",
        "def get(req: ApiRequest[User], res: ApiResponse[Ok[str]]) -> Sent:  #!\n    return res.send('x')",
        "method",
        'A GET request has no body: "get" cannot take "ApiRequest[User]"',
    ),
    "body of an OPTIONS request": Golden(
        "options_body",
        "def options(req: ApiRequest[User], res: ApiResponse[Ok[str]]) -> Sent:  #!\n    return res.send('x')",
        "method",
        'An OPTIONS request has no body: "options" cannot take "ApiRequest[User]"',
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
