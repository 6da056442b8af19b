"""When and how a body is read: raw bytes, limits, methods without a body, guards, and reading by hand."""

import pytest

from tests.direct import DISCONNECT, Exchange, call, exchange, make_scope, piece, problem
from typed_api import TypedAPI
from typed_api.testing import create_app

GUARDED = """
    from typed_api import ApiRequest, ApiResponse, RouteConfig
    from ._models import Item

    class Seen:
        def __init__(self, text: str) -> None:
            self.text = text

    def touch(req: ApiRequest[object, object]) -> None:
        try:
            seen = repr(req.body)
        except RuntimeError as error:
            seen = str(error)
        req.state[Seen] = Seen(seen)

    config = RouteConfig(before=touch, put=RouteConfig(parse_body=False))

    def post(req: ApiRequest[Item], res: ApiResponse[str]) -> None:
        res.send(req.state[Seen].text)

    def put(req: ApiRequest, res: ApiResponse[str]) -> None:
        res.send(req.state[Seen].text)

    def get(req: ApiRequest[None], res: ApiResponse[str]) -> None:
        res.send(req.state[Seen].text)

    def delete(req: ApiRequest[None], res: ApiResponse[str]) -> None:
        res.send(repr(req.body))
"""

TREE = {
    "api/_models.py": """
        from pydantic import BaseModel

        class Item(BaseModel):
            name: str
            price: int
    """,
    "api/items.py": """
        from typed_api import ApiRequest, ApiResponse
        from ._models import Item

        def post(req: ApiRequest[Item], res: ApiResponse[Item]) -> None:
            res.json(req.body)
    """,
    "api/small.py": """
        from typed_api import ApiRequest, ApiResponse, RouteConfig
        from ._models import Item

        config = RouteConfig(body_limit=30)

        def post(req: ApiRequest[Item], res: ApiResponse[Item]) -> None:
            res.json(req.body)
    """,
    "api/raw.py": """
        from typed_api import ApiRequest, ApiResponse, RouteConfig

        config = RouteConfig(body_limit=10)

        def post(req: ApiRequest[bytes], res: ApiResponse[str]) -> None:
            res.send(repr(req.body))
    """,
    "api/any_method.py": """
        from typed_api import ApiRequest, ApiResponse
        from ._models import Item

        def handler(req: ApiRequest[Item], res: ApiResponse[str]) -> None:
            try:
                res.send(repr(req.body))
            except RuntimeError as error:
                res.send(str(error))
    """,
    "api/deletes.py": """
        from typed_api import ApiRequest, ApiResponse
        from ._models import Item

        def delete(req: ApiRequest[Item], res: ApiResponse[str]) -> None:
            res.send(repr(req.body))
    """,
    "api/open_deletes.py": """
        from typed_api import ApiRequest, ApiResponse

        def delete(req: ApiRequest, res: ApiResponse[str]) -> None:
            res.send(repr(req.body))
    """,
    "api/nothing.py": """
        from typed_api import ApiRequest, ApiResponse

        def post(req: ApiRequest[None], res: ApiResponse[str]) -> None:
            res.send(repr(req.body))
    """,
    "api/guarded.py": GUARDED,
    "api/again.py": """
        from typed_api import ApiRequest, ApiResponse
        from ._models import Item

        async def post(req: ApiRequest[Item], res: ApiResponse[str]) -> None:
            try:
                await req.read()
            except RuntimeError as error:
                res.send(str(error))
    """,
    "api/streamed.py": """
        from typed_api import ApiRequest, ApiResponse, RouteConfig

        config = RouteConfig(parse_body=False, body_limit=10)

        async def post(req: ApiRequest, res: ApiResponse[list[str]]) -> None:
            pieces = [piece.decode() async for piece in req.stream()]
            res.json([*pieces, repr(await req.read())])

        async def put(req: ApiRequest, res: ApiResponse[list[str]]) -> None:
            res.json([repr(await req.read()), repr(await req.read())])
    """,
}

JSON = "application/json"
GOOD = b'{"name": "Tea", "price": 3}'
NOT_JSON_TYPE = problem(
    415, "Unsupported Media Type", "This route takes JSON. Send it with Content-Type: application/json."
)
INVALID_JSON = problem(400, "Bad Request", "Invalid JSON")


@pytest.fixture(scope="module")
def app() -> TypedAPI:
    return create_app(TREE)


async def post(app: TypedAPI, target: str, body: bytes, content_type: str | None = JSON) -> Exchange:
    headers = {} if content_type is None else {"content-type": content_type}
    return await call(app, "POST", target, headers=headers, body=body)


# --- Raw bytes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [None, JSON, "text/plain; charset=bogus", "multipart/form-data", "application/x-www-form-urlencoded", "junk"],
)
async def test_declared_bytes_are_the_body_under_any_type(app: TypedAPI, content_type: str | None) -> None:
    assert (await post(app, "/api/raw", b"{\xff", content_type)).text == repr(b"{\xff")


async def test_declared_bytes_of_no_body_are_empty(app: TypedAPI) -> None:
    answer = await call(app, "POST", "/api/raw")
    assert (answer.text, answer.received) == (repr(b""), 0)


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_declared_bytes_over_the_limit_are_refused(app: TypedAPI, is_chunked: bool) -> None:
    body = b"x" * 11
    answer = await call(
        app, "POST", "/api/raw", body=None if is_chunked else body, chunks=[body] if is_chunked else None
    )
    assert (answer.status, answer.json) == (413, problem(413, "Content Too Large", "Body exceeded 10 limit"))


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_declared_json_over_the_limit_is_refused(app: TypedAPI, is_chunked: bool) -> None:
    headers = {"content-type": JSON}
    fits = await call(app, "POST", "/api/small", headers=headers, body=GOOD + b" " * (30 - len(GOOD)))
    body = GOOD + b" " * (31 - len(GOOD))
    exceeds = await call(
        app,
        "POST",
        "/api/small",
        headers=headers,
        body=None if is_chunked else body,
        chunks=[body[:20], body[20:]] if is_chunked else None,
    )
    assert (fits.status, exceeds.status, exceeds.json) == (
        200,
        413,
        problem(413, "Content Too Large", "Body exceeded 30 limit"),
    )


# --- When a body is read ----------------------------------------------------------------------------------------------


async def test_handler_without_a_body_reads_none(app: TypedAPI) -> None:
    """A body that comes all the same is not even looked at: no 415, no 400, no limit."""
    scope = make_scope("POST", "/api/nothing", {"content-type": "junk", "content-length": "99999999"})
    answer = await exchange(app, scope)
    assert (answer.status, answer.text, answer.received) == (200, "None", 0)


async def test_undeclared_body_is_not_waited_for_where_none_is_announced(app: TypedAPI) -> None:
    answer = await call(app, "DELETE", "/api/open_deletes")
    assert (answer.text, answer.received) == ("None", 0)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_handler_with_a_body_reads_none_for_a_method_that_has_none(app: TypedAPI, method: str) -> None:
    scope = make_scope(method, "/api/any_method", {"content-type": "junk", "content-length": "5"})
    answer = await exchange(app, scope)
    expected = f"A {method} request has no body."
    assert (answer.status, answer.text, answer.header("content-length"), answer.received) == (
        200,
        "" if method == "HEAD" else expected,
        str(len(expected)),
        0,
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_handler_with_a_body_reads_it_for_the_other_methods(app: TypedAPI, method: str) -> None:
    answer = await call(app, method, "/api/any_method", headers={"content-type": JSON}, body=GOOD)
    assert (answer.status, answer.text) == (200, "Item(name='Tea', price=3)")


@pytest.mark.parametrize("headers", [{}, {"content-length": "0"}, {"content-length": "0", "content-type": JSON}])
async def test_handler_may_be_asked_to_delete_without_a_body(app: TypedAPI, headers: dict[str, str]) -> None:
    answer = await exchange(app, make_scope("DELETE", "/api/any_method", headers))
    assert (answer.status, answer.text) == (200, "A DELETE request has no body.")


async def test_handler_may_be_asked_to_delete_without_a_body_over_http_2(app: TypedAPI) -> None:
    answer = await exchange(app, make_scope("DELETE", "/api/any_method", http_version="2"), [piece(b"")])
    assert (answer.status, answer.text) == (200, "A DELETE request has no body.")


@pytest.mark.parametrize("body", [b"{", b""])
async def test_body_of_a_delete_is_checked_where_there_is_one(app: TypedAPI, body: bytes) -> None:
    answer = await call(app, "DELETE", "/api/any_method", headers={"content-type": JSON}, chunks=[body])
    assert (answer.status, answer.json) == (400, INVALID_JSON)


async def test_delete_that_declares_a_body_takes_it(app: TypedAPI) -> None:
    answer = await call(app, "DELETE", "/api/deletes", headers={"content-type": JSON}, body=GOOD)
    assert (answer.status, answer.text) == (200, "Item(name='Tea', price=3)")


async def test_delete_that_declares_a_body_wants_it(app: TypedAPI) -> None:
    bare = await call(app, "DELETE", "/api/deletes")
    empty = await call(app, "DELETE", "/api/deletes", headers={"content-type": JSON})
    assert [(bare.status, bare.json), (empty.status, empty.json)] == [(415, NOT_JSON_TYPE), (400, INVALID_JSON)]


async def test_undeclared_body_of_a_delete_is_read(app: TypedAPI) -> None:
    answer = await call(app, "DELETE", "/api/open_deletes", headers={"content-type": JSON}, body=b"[1]")
    assert (answer.status, answer.text) == (200, "[1]")


@pytest.mark.parametrize("target", ["/api/items", "/api/any_method"])
async def test_declared_body_of_a_post_is_wanted(app: TypedAPI, target: str) -> None:
    answer = await call(app, "POST", target)
    assert (answer.status, answer.json) == (415, NOT_JSON_TYPE)


@pytest.mark.parametrize(
    ("target", "method", "text"), [("/api/open_deletes", "DELETE", "[1]"), ("/api/raw", "POST", repr(b"[1]"))]
)
async def test_body_without_a_length_is_read_over_http_2(app: TypedAPI, target: str, method: str, text: str) -> None:
    """HTTP/2 has no chunked encoding, and a Content-Length only as a courtesy."""
    scope = make_scope(method, target, {"content-type": JSON}, http_version="2")
    answer = await exchange(app, scope, [piece(b"[1", more=True), piece(b"]")])
    assert (answer.status, answer.text) == (200, text)


@pytest.mark.parametrize("target", ["/api/items", "/api/raw"])
async def test_client_that_leaves_is_neither_answered_nor_logged(
    app: TypedAPI, caplog: pytest.LogCaptureFixture, target: str
) -> None:
    scope = make_scope("POST", target, {"content-type": JSON, "transfer-encoding": "chunked"})
    answer = await exchange(app, scope, [piece(b"{", more=True), DISCONNECT])
    assert (answer.sent, caplog.records) == ([], [])


async def test_two_lengths_are_refused_and_the_connection_closed(app: TypedAPI) -> None:
    headers = {"content-type": JSON, "content-length": "5", "transfer-encoding": "chunked"}
    answer = await exchange(app, make_scope("POST", "/api/items", headers), [piece(GOOD)])
    assert (answer.status, answer.received, answer.header("connection"), answer.json) == (
        400,
        0,
        "close",
        problem(400, "Bad Request", "Content-Length and Transfer-Encoding exclude each other."),
    )


# --- Guards, and reading by hand --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
async def test_guard_cannot_see_the_body(app: TypedAPI, method: str) -> None:
    """Whatever the handler does with it: a guard runs before the body is read."""
    answer = await call(app, method, "/api/guarded", headers={"content-type": JSON}, body=GOOD)
    assert (answer.status, answer.text) == (
        200,
        "The body is read after the guards have run. Refuse by what comes before it.",
    )


async def test_body_that_no_guard_may_see_is_none_for_a_handler_without_one(app: TypedAPI) -> None:
    answer = await call(app, "DELETE", "/api/guarded")
    assert (answer.status, answer.text) == (200, "None")


async def test_parsed_body_cannot_be_read_by_hand(app: TypedAPI) -> None:
    answer = await post(app, "/api/again", GOOD)
    assert (answer.status, answer.text) == (
        200,
        "The body is parsed before the handler runs. Use req.body, or RouteConfig(parse_body=False).",
    )


async def test_body_can_be_streamed_once(app: TypedAPI) -> None:
    answer = await call(app, "POST", "/api/streamed", chunks=[b"ab", b"", b"cd"])
    assert (answer.status, answer.json) == (200, ["ab", "cd", repr(b"")])


async def test_body_can_be_read_once(app: TypedAPI) -> None:
    answer = await call(app, "PUT", "/api/streamed", chunks=[b"ab", b"", b"cd"])
    assert (answer.status, answer.json) == (200, [repr(b"abcd"), repr(b"")])


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_limit_that_is_set_bounds_reading_by_hand(app: TypedAPI, method: str) -> None:
    answer = await call(app, method, "/api/streamed", chunks=[b"123456", b"78901"])
    assert (answer.status, answer.json) == (413, problem(413, "Content Too Large", "Body exceeded 10 limit"))


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_client_that_leaves_a_reading_handler_is_neither_answered_nor_logged(
    app: TypedAPI, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    scope = make_scope(method, "/api/streamed", {"transfer-encoding": "chunked"})
    answer = await exchange(app, scope, [piece(b"ab", more=True), DISCONNECT])
    assert (answer.sent, caplog.records) == ([], [])
