"""Requests on the wire, to a real server with either of its parsers: framing, limits, connections that live on.

A docstring that opens with rows names those of the reference; "(deviates)" marks where this package differs on purpose.
"""

import json
import socket
import textwrap
from collections.abc import Iterator

import pytest

from tests.direct import problem
from tests.serving import Answer, Served, parse, request, serve

TREE = {
    "echo.py": """
        from typed_api import ApiRequest, ApiResponse

        def handler(req: ApiRequest, res: ApiResponse[str]) -> None:
            res.send(repr(req.body))
    """,
    "small.py": """
        from typed_api import ApiRequest, ApiResponse, RouteConfig

        config = RouteConfig(body_limit="1kb")

        def post(req: ApiRequest, res: ApiResponse[str]) -> None:
            res.send(repr(req.body))
    """,
    "declared.py": """
        from pydantic import BaseModel
        from typed_api import ApiRequest, ApiResponse, RouteConfig

        config = RouteConfig(body_limit="1kb")

        class Item(BaseModel):
            price: int

        def post(req: ApiRequest[Item], res: ApiResponse[Item]) -> None:
            res.json(req.body)
    """,
    "form.py": """
        from pydantic import BaseModel
        from typed_api import ApiRequest, ApiResponse, Form, RouteConfig, UploadFile

        config = RouteConfig(body_limit="1kb")

        class Upload(BaseModel):
            file: UploadFile

        async def post(req: ApiRequest[Form[Upload]], res: ApiResponse[str]) -> None:
            res.send((await req.body.file.read()).decode())
    """,
    "stream.py": """
        from typed_api import ApiRequest, ApiResponse, RouteConfig

        config = RouteConfig(parse_body=False)

        async def post(req: ApiRequest, res: ApiResponse[str]) -> None:
            size = sum([len(piece) async for piece in req.stream()])
            res.send(f"{size} and {len(await req.read())}")
    """,
    "ignoring.py": """
        from typed_api import ApiRequest, ApiResponse

        def post(req: ApiRequest[None], res: ApiResponse[str]) -> None:
            res.send("unread")
    """,
    "seen.py": """
        from typed_api import ApiRequest, ApiResponse

        def get(req: ApiRequest, res: ApiResponse[list[str]]) -> None:
            res.json([req.url, req.path, req.client.host if req.client else "", *req.cookies.values()])
    """,
}


@pytest.fixture(scope="module", params=["h11", "httptools"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    project = tmp_path_factory.mktemp("project")
    api = project / "pages" / "api"
    api.mkdir(parents=True)
    for folder in (api.parent, api):
        (folder / "__init__.py").touch()
    for name, source in TREE.items():
        (api / name).write_text(textwrap.dedent(source), encoding="utf-8")
    with serve(project, project / "log", "--http", request.param) as server:
        yield server


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def post(target: str, content_type: str, body: bytes, *, chunks: bool = False) -> bytes:
    headers = {"Content-Type": content_type}
    if chunks:
        headers["Transfer-Encoding"] = "chunked"
        half = len(body) // 2
        body = chunked(body[:half], body[half:])
    return request("POST", target, headers=headers, body=body)


def first_of_two(data: bytes) -> bytes:
    """Let a request keep its connection open for the next one."""
    return data.replace(b"Connection: close\r\n", b"")


def split(raw: bytes) -> list[Answer]:
    """Take several answers of stated lengths apart."""
    answers: list[Answer] = []
    while raw:
        head, _, rest = raw.partition(b"\r\n\r\n")
        length = int(parse(head + b"\r\n\r\n").header("content-length") or "0")
        answers.append(parse(head + b"\r\n\r\n" + rest[:length]))
        raw = rest[length:]
    return answers


EXCEEDED = problem(413, "Content Too Large", "Body exceeded 1kb limit")
LONG_FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + b"a" * 1100 + b"\r\n--x--\r\n"
JSON = "application/json"
MULTIPART = "multipart/form-data; boundary=x"


@pytest.mark.parametrize("size", [1, 3, 100])
def test_chunked_body_is_put_together(served: Served, size: int) -> None:
    """Row 104: a body in chunks of any size is parsed as a whole."""
    body = b'{"a": [1, 2, 3]}'
    data = chunked(*(body[at : at + size] for at in range(0, len(body), size)))
    headers = {"Content-Type": JSON, "Transfer-Encoding": "chunked"}
    answer = parse(served.exchange(request("POST", "/api/echo", headers=headers, body=data)))
    assert (answer.status, answer.body) == (200, b"{'a': [1, 2, 3]}")


def test_client_that_asks_first_is_told_to_go_on(served: Served) -> None:
    """Row 104: to `Expect: 100-continue` the answer is 100, and once the body is there the real one."""
    headers = {"Content-Type": JSON, "Content-Length": "3", "Expect": "100-continue"}
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(request("POST", "/api/echo", headers=headers))
        interim = b""
        while not interim.endswith(b"\r\n\r\n"):
            interim += connection.recv(1)
        connection.sendall(b"[1]")
        raw = b""
        while piece := connection.recv(65536):
            raw += piece
    answer = parse(raw)
    assert (interim.split(b" ")[1], answer.status, answer.body) == (b"100", 200, b"[1]")


@pytest.mark.parametrize("chunks", [False, True])
@pytest.mark.parametrize(
    ("target", "content_type", "body"),
    [
        ("/api/small", JSON, b'"' + b"a" * 1100 + b'"'),
        ("/api/small", "text/plain", b"a" * 1025),
        ("/api/small", "application/octet-stream", b"a" * 1025),
        ("/api/small", "application/x-www-form-urlencoded", b"a=" + b"b" * 1100),
        ("/api/declared", JSON, b'{"price": 1}' + b" " * 1100),
        ("/api/form", MULTIPART, LONG_FORM),
        ("/api/form", "application/x-www-form-urlencoded", b"file=" + b"b" * 1100),
    ],
)
def test_body_over_the_limit_is_refused(
    served: Served, target: str, content_type: str, body: bytes, chunks: bool
) -> None:
    """Row 106 (deviates): over the limit is 413 under any content type, with or without a length, as problem+json."""
    answer = parse(served.exchange(post(target, content_type, body, chunks=chunks)))
    assert (answer.status, answer.header("content-type"), json.loads(answer.body)) == (
        413,
        "application/problem+json",
        EXCEEDED,
    )


@pytest.mark.parametrize("chunks", [False, True])
def test_connection_lives_on_after_a_body_over_the_limit(served: Served, chunks: bool) -> None:
    """Row 106: after a 413 the rest of the body is drained and the next request on the connection is answered."""
    refused = first_of_two(post("/api/small", "text/plain", b"a" * 200_000, chunks=chunks))
    answers = split(served.exchange(refused + request("GET", "/api/seen")))
    assert [answer.status for answer in answers] == [413, 200]


def test_body_of_exactly_the_limit_is_taken(served: Served) -> None:
    """Row 107: 1,024 bytes are within 1kb."""
    answer = parse(served.exchange(post("/api/small", "text/plain", b"a" * 1024, chunks=True)))
    assert (answer.status, len(answer.body)) == (200, 1024 + len("''"))


def test_connection_lives_on_after_malformed_json(served: Served) -> None:
    """Row 93: after a 400 for malformed JSON the next request on the connection is answered."""
    refused = first_of_two(post("/api/echo", JSON, b"{"))
    answers = split(served.exchange(refused + post("/api/echo", JSON, b"[1]")))
    assert [(answer.status, answer.body) for answer in answers[1:]] == [(200, b"[1]")]
    assert (answers[0].status, json.loads(answers[0].body)) == (400, problem(400, "Bad Request", "Invalid JSON"))


def test_body_that_nobody_reads_is_drained(served: Served) -> None:
    unread = first_of_two(post("/api/ignoring", "text/plain", b"GET /api/seen HTTP/1.1\r\n\r\n" * 5000))
    answers = split(served.exchange(unread + request("GET", "/api/seen")))
    assert [answer.status for answer in answers] == [200, 200]


def test_long_body_is_streamed(served: Served) -> None:
    """Row 108: with parse_body=False a body has no limit of its own, and reads as empty the second time."""
    answer = parse(served.exchange(post("/api/stream", JSON, b"a" * 3_000_000, chunks=True)))
    assert (answer.status, answer.body) == (200, b"3000000 and 0")


def test_upload_in_chunks_is_read(served: Served) -> None:
    body = LONG_FORM.replace(b"a" * 1100, b"abc")
    answer = parse(served.exchange(post("/api/form", MULTIPART, body, chunks=True)))
    assert (answer.status, answer.body) == (200, b"abc")


def test_two_lengths_serve_no_second_request(served: Served) -> None:
    """Were the length believed, what follows the last chunk would be a request of its own, smuggled in."""
    smuggled = b"GET /api/seen HTTP/1.1\r\nHost: a\r\n\r\n"
    data = b"0\r\n\r\n" + smuggled
    headers = {"Content-Type": JSON, "Content-Length": str(len(data)), "Transfer-Encoding": "chunked"}
    raw = served.exchange(first_of_two(request("POST", "/api/echo", headers=headers)) + data)
    assert (parse(raw).status, raw.count(b"HTTP/1.1 ")) == (400, 1)


@pytest.mark.parametrize("target", ["/api/echo", "/api/declared", "/api/form", "/api/stream"])
def test_client_that_leaves_amid_its_body_leaves_no_trace(served: Served, target: str) -> None:
    """Row 105: a client that goes away amid its body is no error of the server, and the next one is answered."""
    before = len(served.log_text())
    content_type = MULTIPART if target == "/api/form" else JSON
    headers = {"Content-Type": content_type, "Content-Length": "500"}
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(request("POST", target, headers=headers) + LONG_FORM[:100])
    answer = parse(served.exchange(request("GET", "/api/seen")))
    lines = [line for line in served.log_text()[before:].splitlines() if "GET /api/seen" not in line]
    assert (answer.status, lines) == (200, [])


def test_url_is_what_stood_in_the_request_line(served: Served) -> None:
    """Row 131 (deviates): `req.url` is path and query as they were sent, not serialised again."""
    answer = parse(served.exchange(request("GET", "/api/seen?b=2&a&b=%31&%zz=;")))
    assert json.loads(answer.body) == ["/api/seen?b=2&a&b=%31&%zz=;", "/api/seen", "127.0.0.1"]


def test_cookies_of_several_lines_are_read(served: Served) -> None:
    """Rows 165, 169, 170: two Cookie lines are joined, the first of a name wins, raw UTF-8 is seen as Latin-1."""
    data = request("GET", "/api/seen", headers={"Cookie": "a=1; b=\xc3\xa9"})
    data = data.replace(b"\r\n\r\n", b"\r\nCookie: a=2; c=3\r\n\r\n")
    answer = parse(served.exchange(data))
    assert json.loads(answer.body)[3:] == ["1", "Ã©", "3"]
