"""Routing beside the reference, row by row: precedence, parameters, 404, slashes, and trees that cannot be served.

A docstring names its rows and says the fact of this package; "(deviates)" marks where it differs on purpose. Where
bytes matter a real server is asked over a socket, on each of uvicorn's HTTP parsers.
"""

import inspect
import json
import socket
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.direct import call, problem
from tests.one_route import answer_of
from tests.serving import ANSWER_SECONDS, Answer, Served, parse, request, serve
from typed_api import StartupError, TypedAPI
from typed_api.cli import main
from typed_api.testing import TestClient, create_app

# Answers with its own file and the query that it sees.
ROUTE: Final = """
    from typed_api import ApiRequest, ApiResponse, Ok, Query, Sent

    async def handler(req: ApiRequest[None], res: ApiResponse[Ok[tuple[str, Query]]]) -> Sent:
        return res.status(200).json((__name__.rpartition("pages.")[2].replace(".", "/") + ".py", req.query))
"""
GET_ALONE: Final = ROUTE.replace("def handler", "def get")


def with_segment(text: str) -> str:
    """Write a route whose URL text is not its file's name."""
    return ROUTE.replace("Query, Sent", "Query, RouteConfig, Sent") + f"    config = RouteConfig(segment={text!r})\n"


TREE: Final = {
    "api/index.py": ROUTE,
    "api/echo.py": ROUTE,
    "api/only_get.py": GET_ALONE,
    "api/data.py": with_segment("data.json"),
    "api/_post_/index.py": ROUTE,
    "api/_post_/comments.py": ROUTE,
    "api/_post_/_comment_.py": ROUTE,
    "api/blog/index.py": ROUTE,
    "api/catch/_path__.py": ROUTE,
    "api/opt/_path___.py": ROUTE,
}

NO_ROUTE: Final = problem(404, "Not Found", "No route matches this path.")


@dataclass
class Site:
    """A real server over `TREE`, and which parser reads its requests."""

    parser: str
    served: Served

    def ask(self, method: str, target: str, **headers: str) -> Answer:
        return parse(self.served.exchange(request(method, target, headers=headers)))


@pytest.fixture(scope="module", params=["h11", "httptools"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp(f"routing_{request.param}")
    for name, source in TREE.items():
        file = folder / "pages" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source), encoding="utf-8")
    for package in {file.parent for file in folder.rglob("*.py")} | {folder / "pages"}:
        (package / "__init__.py").touch()
    with serve(folder, folder / "log", "--http", request.param) as served:
        yield Site(request.param, served)


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(TREE))


def found(client: TestClient, path: str) -> object:
    """Give the file that answers and its query, or the status of a refusal."""
    response = client.get(path)
    return response.json() if response.status_code == 200 else response.status_code


def found_raw(answer: Answer) -> object:
    """Do the same for an answer from the wire."""
    return json.loads(answer.body) if answer.status == 200 else answer.status


def problems_of(*files: str) -> list[str]:
    """Give what start-up says of a tree that cannot be served."""
    with pytest.raises(StartupError) as caught:
        create_app(dict.fromkeys(files, ROUTE))
    return list(caught.value.problems)


def client_of(*files: str) -> TestClient:
    return TestClient(create_app(dict.fromkeys(files, ROUTE)))


# --- What a file is called, and where it answers ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api", ["api/index.py", {}]),
        ("/api/a", ["api/a/index.py", {}]),
        ("/api/a/index", 404),
        ("/api/index", ["api/_post_.py", {"post": "index"}]),
    ],
)
def test_an_index_is_the_url_of_its_folder_and_no_segment(path: str, answer: object) -> None:
    """Row 132: `index` names the URL of its folder; `/api/index` falls to a parameter if there is one."""
    assert found(client_of("api/index.py", "api/a/index.py", "api/_post_.py"), path) == answer


def test_index_is_no_url_where_no_parameter_takes_it() -> None:
    """Row 132: without a parameter to fall to, `/api/index` is 404."""
    assert found(client_of("api/index.py"), "/api/index") == 404


def test_a_file_beside_a_folder_of_its_name_is_refused() -> None:
    """Row 133 (deviates): `x.py` beside `x/index.py` keeps the app from starting; neither hides the other silently."""
    assert problems_of("api/x.py", "api/x/index.py") == [
        "'pages/api/x.py' stands beside the folder 'pages/api/x/', which hides it from imports and type checkers. "
        "Remove it, or 'pages/api/x/index.py'."
    ]


def test_one_extension_alone_makes_a_route() -> None:
    """Row 133 (deviates): `.py` is the one extension, so that `y.py` is served whatever stands beside it."""
    app = create_app({"api/y.py": ROUTE, "api/y.pyi": "x: int\n", "api/y.txt": "", "api/z.pyi": "x: int\n"})
    assert [(endpoint.file, endpoint.pattern.template) for endpoint in app.endpoints] == [("pages/api/y.py", "/api/y")]


def test_a_leading_underscore_alone_makes_a_file_private() -> None:
    """Row 134 (deviates): `_private.py` is no route."""
    client = client_of("api/_private.py", "api/public.py")
    assert [found(client, path) for path in ("/api/_private", "/api/private")] == [404, 404]


def test_a_file_name_with_a_dot_is_refused_with_the_mend() -> None:
    """Row 134 (deviates): `dot.name.py`, which no import can name, keeps the app from starting."""
    assert problems_of("api/dot.name.py") == [
        "'pages/api/dot.name.py' is no Python identifier, so that no import can name it. Rename it, for example to "
        "'dot_name.py', and serve '/dot.name' by config = RouteConfig(segment=\"dot.name\") in it."
    ]


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/data.json", ["api/data.py", {}]),
        ("/api/data", ["api/_post_/index.py", {"post": "data"}]),
        ("/api/echo.json", ["api/_post_/index.py", {"post": "echo.json"}]),
    ],
)
def test_an_extension_in_a_url_is_never_stripped(client: TestClient, path: str, answer: object) -> None:
    """Row 134: `segment="data.json"` serves `/api/data.json` alone; `.json` in a URL is part of its segment."""
    assert found(client, path) == answer


def test_a_file_whose_name_begins_like_the_folder_is_a_route_of_its_own() -> None:
    """Row 149: `/api-conflict` beside `/api` is another route, and no API route."""
    app = create_app({"api/index.py": ROUTE, "api_conflict.py": ROUTE}, word_separator="-")
    client = TestClient(app)
    assert [found(client, path) for path in ("/api", "/api-conflict", "/api_conflict", "/api/-conflict")] == [
        ["api/index.py", {}],
        ["api_conflict.py", {}],
        404,
        404,
    ]


# --- Precedence -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/post-1", ["api/_post_/index.py", {"post": "post-1"}]),
        ("/api/post-1/comments", ["api/_post_/comments.py", {"post": "post-1"}]),
        ("/api/post-1/comment-1", ["api/_post_/_comment_.py", {"post": "post-1", "comment": "comment-1"}]),
        ("/api/blog", ["api/blog/index.py", {}]),
        ("/api/blog/543", ["api/_post_/_comment_.py", {"post": "blog", "comment": "543"}]),
        ("/api/blog/comments", ["api/_post_/comments.py", {"post": "blog"}]),
        ("/api/catch/comments", ["api/catch/_path__.py", {"path": ["comments"]}]),
        ("/api/post-1/comment-1/more", 404),
    ],
)
def test_static_beats_one_segment_beats_catch_all_from_the_left(client: TestClient, path: str, answer: object) -> None:
    """Row 135: precedence goes segment by segment from the left; a branch that leads nowhere is left again."""
    assert found(client, path) == answer


SAMPLE: Final = {
    "/": "index.py",
    "/apples/1/2/ef": "apples/_ab_/_cd_/ef.py",
    "/blog/abc": "blog/abc/index.py",
    "/blog/abc/post": "blog/abc/post.py",
    "/blog/abc/1": "blog/abc/_id_.py",
    "/blog/1": "blog/_id_/index.py",
    "/blog/1/comments/2": "blog/_id_/comments/_cid_.py",
    "/foo/1/bar/baz/2": "foo/_d_/bar/baz/_f_.py",
    "/p/1/2/3": "p/_rest__.py",
    "/p1": "p1/_incl___.py",
    "/p1/1/2": "p1/_incl___.py",
    "/p2/1": "p2/_id_/index.py",
    "/p2/1/abc": "p2/_id_/abc.py",
    "/p2/1/2": "p2/_rest__.py",
    "/p3/1": "p3/_id_/index.py",
    "/p3/1/abc": "p3/_id_/abc.py",
    "/p3/1/2": "p3/_rest___.py",
    "/posts": "posts/index.py",
    "/posts/1": "posts/_id_.py",
    "/x": "_root_slug_.py",
    "/x/y": "_rest__.py",
}


def test_every_route_of_a_mixed_tree_answers_what_is_its_own() -> None:
    """Row 136: in a tree with all kinds of segments each route is reached, the most specific one first."""
    client = client_of(*set(SAMPLE.values()))
    assert {path: client.get(path).json()[0] for path in SAMPLE} == SAMPLE


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/catch/a", ["api/catch/_path__.py", {"path": ["a"]}]),
        ("/api/catch/a/b", ["api/catch/_path__.py", {"path": ["a", "b"]}]),
        ("/api/catch", ["api/_post_/index.py", {"post": "catch"}]),
    ],
)
def test_a_catch_all_is_a_list_of_one_segment_or_more(client: TestClient, path: str, answer: object) -> None:
    """Row 137: a catch-all needs a segment, and is always a list."""
    assert found(client, path) == answer


@pytest.mark.parametrize(("path", "query"), [("/api/opt", {}), ("/api/opt/a", {"path": ["a"]})])
def test_an_optional_catch_all_is_absent_at_its_root(client: TestClient, path: str, query: object) -> None:
    """Row 138: an optional catch-all answers for no segments too, and its name is then no key of the query."""
    assert found(client, path) == ["api/opt/_path___.py", query]


def test_a_segment_named_index_is_a_value_like_any_other(client: TestClient) -> None:
    """Row 138 (deviates): `/api/opt/index` gives `["index"]`, where the reference takes it for `/api/opt`."""
    assert found(client, "/api/opt/index") == ["api/opt/_path___.py", {"path": ["index"]}]


# --- Escapes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("a%2Fb", "a/b"),
        ("..%2f..%2fetc", "../../etc"),
        ("%5C", "\\"),
        ("a\\b", "a\\b"),
        ("%0A", "\n"),
        ("%0D%0AX-Evil:%201", "\r\nX-Evil: 1"),
        ("a+b", "a+b"),
        ("a+b%2Bc%20d", "a+b+c d"),
        ("a%20b", "a b"),
        ("caf%C3%A9", "café"),
        ("%252F", "%2F"),
        ("a%3Fb%23c", "a?b#c"),
    ],
)
def test_a_parameter_is_decoded_once_and_within_its_segment(site: Site, sent: str, value: str) -> None:
    """Row 139: each segment is decoded by itself and once, so `a%2Fb` is one parameter; `+` stays `+`."""
    answers = [found_raw(site.ask("GET", f"/api/{sent}")), found_raw(site.ask("GET", f"/api/catch/x/{sent}"))]
    assert answers == [
        ["api/_post_/index.py", {"post": value}],
        ["api/catch/_path__.py", {"path": ["x", value]}],
    ]


@pytest.mark.parametrize("target", ["/api/%00", "/api/a%00b", "/api/catch/a/%00"])
def test_a_nul_in_a_parameter_is_400(site: Site, target: str) -> None:
    """Row 139 (deviates): `%00` in a parameter is 400, as problem+json."""
    answer = site.ask("GET", target)
    assert (answer.status, answer.header("content-type"), json.loads(answer.body)) == (
        400,
        "application/problem+json",
        problem(400, "Bad Request", f"The path segment {target.rpartition('/')[2]!r} holds a NUL character."),
    )


@pytest.mark.parametrize("sent", ["%E0%A4%A", "%ff", "%", "a%", "%2", "%zz", "%C0%AF", "%ED%A0%80"])
@pytest.mark.parametrize("place", ["/api/", "/api/catch/a/"])
def test_a_malformed_escape_in_a_parameter_is_400(site: Site, place: str, sent: str) -> None:
    """Row 140 (deviates): a parameter that is no percent-encoded UTF-8 is 400 Bad Request, as problem+json."""
    answer = site.ask("GET", place + sent)
    assert (answer.status, answer.header("content-type"), json.loads(answer.body)) == (
        400,
        "application/problem+json",
        problem(400, "Bad Request", f"The path segment {sent!r} is no percent-encoded UTF-8."),
    )


def test_a_malformed_escape_is_400_to_head_too_without_a_body(site: Site) -> None:
    """Row 140: HEAD with a malformed escape has the status and the length of GET, and no body."""
    get, head = site.ask("GET", "/api/%ff"), site.ask("HEAD", "/api/%ff")
    assert answer_of(head) == (400, answer_of(get)[1], b"")
    assert get.header("content-length") == str(len(get.body))


@pytest.mark.parametrize("path", ["/api/%65cho", "/api/ech%6f", "/api/ECHO"])
def test_static_text_compares_undecoded_and_by_case(site: Site, path: str) -> None:
    """Row 141: `/api/%65cho` and `/api/ECHO` are not `echo` but the parameter."""
    value = path.removeprefix("/api/").replace("%65", "e").replace("%6f", "o")
    assert found_raw(site.ask("GET", path)) == ["api/_post_/index.py", {"post": value}]


@pytest.mark.parametrize("path", ["/API/echo", "/%61pi/echo"])
def test_another_spelling_of_a_folder_is_404(site: Site, path: str) -> None:
    """Row 141: `/API/echo` is 404, and so is `/%61pi/echo`."""
    assert site.ask("GET", path).status == 404


# --- No route ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/json", "image/png"])
def test_an_unknown_path_is_a_problem_document_whatever_is_accepted(site: Site, accept: str) -> None:
    """Row 143 (deviates): an unknown path is 404 as problem+json, never HTML, under any `Accept`."""
    answer = site.ask("GET", "/api/a/b/c", Accept=accept)
    assert answer_of(answer) == (
        404,
        [("content-length", str(len(answer.body))), ("content-type", "application/problem+json")],
        json.dumps(NO_ROUTE, separators=(",", ":")).encode(),
    )


def test_an_unknown_path_is_404_to_head_without_a_body(site: Site) -> None:
    """Row 143: HEAD of an unknown path has the headers of GET, and no body."""
    get, head = site.ask("GET", "/api/a/b/c"), site.ask("HEAD", "/api/a/b/c")
    assert answer_of(head) == (404, answer_of(get)[1], b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_an_unknown_path_is_404_for_every_method(site: Site, method: str) -> None:
    """Row 143: an unknown path is 404 whatever the method, without `Allow`."""
    answer = site.ask(method, "/api/a/b/c")
    assert (answer.status, answer.header("allow"), json.loads(answer.body)) == (404, None, NO_ROUTE)


def test_an_unknown_path_is_404_before_the_body_has_come(site: Site) -> None:
    """Row 143: the body of a request for an unknown path is not read first."""
    head = b"POST /api/a/b/c HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.served.port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(head)
        raw = connection.recv(65536)
    assert parse(raw).status == 404


# --- Slashes, dots and what else is no path ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/api/", "/api"),
        ("/api/echo/", "/api/echo"),
        ("/api/post-1/", "/api/post-1"),
        ("/api/catch/a/b/", "/api/catch/a/b"),
        ("/api/opt/", "/api/opt"),
        ("/api/a%2Fb/", "/api/a%2Fb"),
        ("/api/%0D%0AX-Evil:1/", "/api/%0D%0AX-Evil:1"),
        ("/api/a\\b/", "/api/a%5Cb"),
        ("/api/echo/?", "/api/echo"),
        ("/api/echo/?a=1&b=2&a=3", "/api/echo?a=1&b=2&a=3"),
        ("/api/echo/?a&&b=%20x+y&c=%zz", "/api/echo?a&&b=%20x+y&c=%zz"),
        ("/api/echo/?next=//evil.example/", "/api/echo?next=//evil.example/"),
        ("/api/echo/?x=%0d%0aSet-Cookie:%20a=b", "/api/echo?x=%0d%0aSet-Cookie:%20a=b"),
        ('/api/echo/?q="x"', "/api/echo?q=%22x%22"),
    ],
)
def test_a_trailing_slash_is_redirected_to_the_path_without_it(site: Site, target: str, location: str) -> None:
    """Row 144: a slash after a route is 308 to the bare path, escapes and query kept, the target as its body."""
    assert answer_of(site.ask("GET", target)) == (
        308,
        [
            ("content-length", str(len(location))),
            ("content-type", "text/plain; charset=utf-8"),
            ("location", location),
            ("refresh", f"0;url={location}"),
        ],
        location.encode(),
    )


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/api/echo", "/api/only_get"])
def test_a_trailing_slash_is_redirected_for_every_method(site: Site, path: str, method: str) -> None:
    """Row 144: the slash is redirected whatever the method, also one that the route does not answer."""
    answer = site.ask(method, f"{path}/")
    assert (answer.status, answer.header("location"), answer.body) == (308, path, path.encode())


def test_a_trailing_slash_is_redirected_to_head_without_a_body(site: Site) -> None:
    """Row 144: HEAD of a path with a slash has the headers of GET, and no body."""
    get, head = site.ask("GET", "/api/echo/?a=1"), site.ask("HEAD", "/api/echo/?a=1")
    assert answer_of(head) == (308, answer_of(get)[1], b"")


@pytest.mark.parametrize(
    ("target", "status"), [("/api/%ff", 400), ("/api/a/b/c", 404), ("/api/echo/", 308), ("/api/echo", 200)]
)
async def test_the_app_itself_sends_no_body_to_head(target: str, status: int) -> None:
    """Rows 140, 143, 144: HEAD has the status and headers of GET and no body, also under a server that hides none."""
    app = create_app(TREE)
    get, head = await call(app, "GET", target), await call(app, "HEAD", target)
    assert (head.status, head.headers, head.body) == (status, get.headers, b"")
    assert get.header("content-length") == str(len(get.body))


@pytest.mark.parametrize(
    "lines",
    [
        "Host: evil.example",
        "Host: evil.example:99999",
        "Host: 127.0.0.1\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nForwarded: host=evil.example",
    ],
)
def test_a_redirect_for_a_slash_never_carries_the_host(site: Site, lines: str) -> None:
    """Row 144: the `Location` for a trailing slash is a path alone, whatever the request says of its host."""
    data = f"GET /api/echo/?a=1 HTTP/1.1\r\n{lines}\r\nConnection: close\r\n\r\n".encode()
    raw = site.served.exchange(data)
    assert parse(raw).header("location") == "/api/echo?a=1"
    assert b"evil" not in raw


@pytest.mark.parametrize(
    "target",
    ["/", "//", "/api//", "/api/echo//", "/api/a/b/c/", "//evil.example/", "//api/", "//evil.example/api/echo/"],
)
def test_a_slash_after_what_is_no_route_is_404(site: Site, target: str) -> None:
    """Row 144: a path that is no route without its slash either is 404, so that no `Location` starts with `//`."""
    answer = site.ask("GET", target)
    assert (answer.status, answer.header("location"), json.loads(answer.body)) == (404, None, NO_ROUTE)


def test_a_redirect_for_a_slash_names_the_mount_point() -> None:
    """Row 144: mounted below a prefix, the app redirects to the path with that prefix."""
    outer = Starlette(routes=[Mount("/v1", create_app({"api/echo.py": ROUTE}))])
    response = TestClient(outer).get("/v1/api/echo/?a=1", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (308, "/v1/api/echo?a=1")


@pytest.mark.parametrize("path", ["/api/echo", "/api/data.json"])
def test_the_path_without_a_slash_is_the_only_one(site: Site, path: str) -> None:
    """Row 145: no setting turns slashes the other way round; a last segment with a dot is no exception."""
    bare, slashed = site.ask("GET", path), site.ask("GET", f"{path}/")
    assert (bare.status, slashed.status, slashed.header("location")) == (200, 308, path)
    assert [name for name in inspect.signature(TypedAPI).parameters if "slash" in name] == []


@pytest.mark.parametrize(
    "target", ["//api/echo", "/api//echo", "/api//echo?a=1", "/api/catch//a", "/api/catch/a//b", "/api\\echo", "/\\api"]
)
def test_doubled_slashes_and_backslashes_are_404(site: Site, target: str) -> None:
    """Row 146 (deviates): `//` and `\\` in a path are not collapsed and not redirected: no route has them, so 404."""
    answer = site.ask("GET", target)
    assert (answer.status, answer.header("location"), json.loads(answer.body)) == (404, None, NO_ROUTE)


@pytest.mark.parametrize("dots", [".", "..", "%2e", "%2E%2e", ".%2e", "%2e."])
@pytest.mark.parametrize(
    "target", ["/{}/api/echo", "/api/{}/echo", "/api/{}", "/api/x/{}/echo", "/api/catch/{}", "/api/catch/a/{}/b/"]
)
def test_dot_segments_are_404(site: Site, target: str, dots: str) -> None:
    """Row 147 (deviates): `.` and `..`, escaped or not, are neither resolved nor values of a parameter, so 404."""
    answer = site.ask("GET", target.format(dots))
    assert (answer.status, answer.header("location"), json.loads(answer.body)) == (404, None, NO_ROUTE)


@pytest.mark.parametrize("dots", ["...", ".well-known", "a..b", "..a"])
def test_dots_within_a_segment_are_text(site: Site, dots: str) -> None:
    """Row 147: a segment that merely has dots in it is a value."""
    assert found_raw(site.ask("GET", f"/api/{dots}")) == ["api/_post_/index.py", {"post": dots}]


@pytest.mark.parametrize(
    "data",
    [
        b"GET /api/caf\xc3\xa9 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /api/echo?a=\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"POST /api/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1x\r\n\r\n",
        b"POST /api/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: +5\r\n\r\nhello",
    ],
)
def test_a_malformed_request_is_400_by_the_server(site: Site, data: bytes) -> None:
    """Row 148: bytes outside ASCII in the request line and a bad Content-Length are the server's own 400."""
    answer = parse(site.served.exchange(data))
    assert (answer.status, answer.body) == (400, b"Invalid HTTP request received.")


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND"])
def test_a_method_outside_the_seven_is_405(site: Site, method: str) -> None:
    """Row 148 (deviates): a method that the parser knows and the route does not is 405 with the sorted `Allow`."""
    answer = site.ask(method, "/api/only_get")
    assert (answer.status, answer.header("allow"), json.loads(answer.body)) == (
        405,
        "GET, HEAD, OPTIONS",
        problem(405, "Method Not Allowed", "This route answers GET, HEAD, OPTIONS."),
    )


@pytest.mark.parametrize("method", ["FOO", "get", "__class__"])
def test_a_method_that_is_none_never_reaches_a_handler(site: Site, method: str) -> None:
    """Row 148 (deviates): an unknown method is 400 by httptools, and 405 with `Allow` where h11 lets it pass."""
    answer = site.ask(method, "/api/echo")
    assert (answer.status, answer.header("allow")) == {
        "h11": (405, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
        "httptools": (400, None),
    }[site.parser]


@pytest.mark.parametrize("target", ["/api/{}", "/api/echo?a={}"])
def test_a_url_of_more_than_64_kilobytes_is_refused(site: Site, target: str) -> None:
    """Row 148 (deviates): a path or query of over 65,536 bytes is 414, or the server's own 400; 20,000 are served."""
    assert site.ask("GET", target.format("a" * 20_000)).status == 200
    assert site.ask("GET", target.format("a" * 65_600)).status in {400, 414}


# --- Trees that cannot be served --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["[a]x", "p-[b]", "[]"])
def test_a_bracket_name_that_is_no_parameter_is_refused(name: str) -> None:
    """Row 142 (deviates): `[a]x.py`, `p-[b].py` and `[].py` are no routes, and keep the app from starting."""
    assert problems_of(f"api/{name}.py") == [
        f"'pages/api/{name}.py' has brackets in its name, which no Python import can spell, and 'typed-api check "
        "--rename-brackets' knows no new name for it. Write a parameter as '_name_.py' (one segment), '_name__.py' "
        "(one or more) or '_name___.py' (zero or more): an identifier with nothing beside it."
    ]


@pytest.mark.parametrize(("old", "new"), [("[id]", "_id_"), ("[...path]", "_path__"), ("[[...path]]", "_path___")])
def test_a_bracket_name_that_is_a_parameter_is_refused_with_its_new_name(old: str, new: str) -> None:
    """Row 142 (deviates): a wholly bracketed name is refused too, and start-up says what to call it."""
    assert problems_of(f"api/{old}.py") == [
        f"'pages/api/{old}.py' has brackets in its name, which no Python import can spell. Rename it to '{new}.py'; "
        "'typed-api check --rename-brackets' renames a whole tree."
    ]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            ["api/_a_.py", "api/_b_.py"],
            "'pages/api/_a_.py' and 'pages/api/_b_.py' name one segment differently: '/api/{a}' and '/api/{b}'. "
            "Rename one: a folder has one dynamic name.",
        ),
        (
            ["api/_a_/x.py", "api/_b_/y.py"],
            "'pages/api/_a_/x.py' and 'pages/api/_b_/y.py' name one segment differently: '/api/{a}' and '/api/{b}'. "
            "Rename one: a folder has one dynamic name.",
        ),
    ],
)
def test_two_names_for_one_segment_are_refused(files: Sequence[str], problem: str) -> None:
    """Row 150: a folder has one dynamic name, for files and folders together."""
    assert problems_of(*files) == [problem]


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (
            "api/_a_/_a_.py",
            "'pages/api/_a_/_a_.py' has the parameter 'a' more than once in '/api/{a}/{a}'. Rename one of the two.",
        ),
        (
            "api/_id_/_id__.py",
            "'pages/api/_id_/_id__.py' has the parameter 'id' more than once in '/api/{id}/{id}'. Rename one of the "
            "two.",
        ),
    ],
)
def test_one_name_twice_in_a_path_is_refused(file: str, problem: str) -> None:
    """Row 151: a path has a parameter once, also where the second is a catch-all."""
    assert problems_of(file) == [problem]


def test_a_parameter_name_is_an_identifier() -> None:
    """Row 152 (deviates): a name with a hyphen, `_hello-world_.py`, is no identifier and is refused as such."""
    assert problems_of("api/_helloworld_/_hello-world_.py") == [
        "'pages/api/_helloworld_/_hello-world_.py' names its parameter 'hello-world', which is no Python identifier. "
        "Rename it, for example to '_id_.py'."
    ]


def test_parameter_names_that_differ_by_an_underscore_are_two() -> None:
    """Row 152 (deviates): identifiers are compared as they are, so `helloworld` and `hello_world` go together."""
    assert found(client_of("api/_helloworld_/_hello_world_.py"), "/api/a/b") == [
        "api/_helloworld_/_hello_world_.py",
        {"helloworld": "a", "hello_world": "b"},
    ]


@pytest.mark.parametrize("file", ["api/_a__/b.py", "api/_a__/_b__.py"])
def test_a_catch_all_that_is_not_last_is_refused(file: str) -> None:
    """Row 153: a catch-all must be the last part of the URL."""
    assert problems_of(file) == [
        f"'pages/{file}' is below the catch-all '_a__', which takes the rest of the URL and so must come last. Rename "
        "the folder to '_a_' for one segment, or move the file out of it."
    ]


def test_an_optional_single_segment_is_refused() -> None:
    """Row 154: there is no optional parameter of one segment; `[[a]].py` is refused, and so has no new name."""
    assert problems_of("api/[[a]].py") == [
        "'pages/api/[[a]].py' has brackets in its name, which no Python import can spell, and 'typed-api check "
        "--rename-brackets' knows no new name for it. Write a parameter as '_name_.py' (one segment), '_name__.py' "
        "(one or more) or '_name___.py' (zero or more): an identifier with nothing beside it."
    ]


@pytest.mark.parametrize(
    "files", [("api/_s__.py", "api/_s___.py"), ("api/_a___.py", "api/_b__.py"), ("api/_s__.py", "api/_t___.py")]
)
def test_a_catch_all_beside_an_optional_one_is_refused(files: tuple[str, str]) -> None:
    """Rows 155–156: a folder has one catch-all, optional or not, whichever comes first and under any names."""
    assert problems_of(*files) == [
        f"'pages/{files[0]}' and 'pages/{files[1]}' are both catch-alls of '/api'. Keep one: the optional one matches "
        "all that the other does."
    ]


def test_an_optional_catch_all_beside_an_index_is_refused() -> None:
    """Row 157: `x/index.py` and `x/_s___.py` would both serve `/api/x`."""
    assert problems_of("api/x/index.py", "api/x/_s___.py") == [
        "'pages/api/x/index.py' and 'pages/api/x/_s___.py' both serve '/api/x'. Remove the first, or rename the "
        "second to '_s__', which needs one segment or more."
    ]


def test_a_file_beside_the_folder_of_an_optional_catch_all_is_refused() -> None:
    """Row 157: `x.py` beside `x/_s___.py` is refused, as any file beside a folder of its name."""
    assert problems_of("api/x.py", "api/x/_s___.py") == [
        "'pages/api/x.py' stands beside the folder 'pages/api/x/', which hides it from imports and type checkers. "
        "Move it to 'pages/api/x/index.py'."
    ]


@pytest.mark.parametrize("name", ["[.a]", "[..id]", "[....id]", "[[...id]", "[...id]]", "[[[...id]]]"])
def test_brackets_and_dots_that_do_not_add_up_are_refused(name: str) -> None:
    """Rows 158–159: a bracket name with stray dots or brackets is refused, and no new name is made up for it."""
    assert problems_of(f"api/{name}.py") == [
        f"'pages/api/{name}.py' has brackets in its name, which no Python import can spell, and 'typed-api check "
        "--rename-brackets' knows no new name for it. Write a parameter as '_name_.py' (one segment), '_name__.py' "
        "(one or more) or '_name___.py' (zero or more): an identifier with nothing beside it."
    ]


def test_three_dots_in_one_character_are_understood() -> None:
    """Row 160: `[…id].py`, with one character for three dots, is refused with the name that was meant."""
    assert problems_of("api/[…id].py") == [
        "'pages/api/[…id].py' has brackets in its name, which no Python import can spell. Rename it to '_id__.py'; "
        "'typed-api check --rename-brackets' renames a whole tree."
    ]


@pytest.mark.parametrize("other", ["_x__.py", "_y__.py", "_y___.py"])
def test_one_segment_and_a_catch_all_go_together(other: str) -> None:
    """Row 161: a one-segment name beside a catch-all is fine, under one name or two."""
    name = other.strip("_").partition("_")[0]
    client = client_of("api/_x_.py", f"api/{other}")
    assert [found(client, path) for path in ("/api/a", "/api/a/b")] == [
        ["api/_x_.py", {"x": "a"}],
        [f"api/{other}", {name: ["a", "b"]}],
    ]


def test_two_modules_for_one_url_are_refused() -> None:
    """Row 162: two modules made equal by `segment` would serve one path, so neither is."""
    files = {"api/x.py": ROUTE, "api/y.py": with_segment("x")}
    with pytest.raises(StartupError) as caught:
        create_app(files)
    assert caught.value.problems == (
        "'pages/api/x.py' and 'pages/api/y.py' both serve '/api/x'. Remove one, or give it another name or segment.",
    )


def test_there_is_no_static_export() -> None:
    """Row 163: nothing exports an app to files, so no API route is ever dropped by that."""
    result = CliRunner().invoke(main, ["export"])
    assert (result.exit_code, "No such command 'export'." in result.output) == (2, True)


def test_all_that_is_wrong_is_told_at_once() -> None:
    """Rows 150–157: one start tells of every conflict in the tree, not of the first."""
    problems = problems_of(
        "api/_a_.py", "api/_b_.py", "api/c/_d__/e.py", "api/f/_g__.py", "api/f/_h___.py", "api/i/_j_/_j_.py"
    )
    assert [sentence.partition(".py'")[0] for sentence in problems] == [
        "'pages/api/_a_",
        "'pages/api/c/_d__/e",
        "'pages/api/f/_g__",
        "'pages/api/i/_j_/_j_",
    ]
