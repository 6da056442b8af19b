"""How much work a request is, counted instead of timed.

What is counted: the calls that the interpreter makes, and the look-ups in the dicts of the matcher. Neither depends on
the machine, and neither may depend on how many routes there are.
"""

import gc
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final

import pytest

from tests.direct import make_scope
from typed_api import TypedAPI
from typed_api._types import Message
from typed_api.adapter import Adapter, Services, compile_handler
from typed_api.contract import Handler
from typed_api.matching import Matcher
from typed_api.pattern import Pattern, parse_path
from typed_api.testing import TestClient, create_app

FEW: Final = ("api/users/me.py", "api/users/_id_/index.py", "api/files/_path__.py", "api/docs/_path___.py")

# Beside the few at every level, so that a search that goes through what stands side by side would show.
MANY: Final = (
    *(f"api/users/name{number}.py" for number in range(1_000)),
    *(f"api/thing{number}/_id_.py" for number in range(1_000)),
    *(f"api/users/_id_/part{number}.py" for number in range(1_000)),
    *(f"tree{number}/_path__.py" for number in range(1_000)),
    *(f"api/files/fixed{number}/_name_.py" for number in range(996)),
    *FEW,
)

PATHS: Final = (
    "/api/users/me",
    "/api/users/42",
    "/api/files/a",
    "/api/files/a/b/c",
    "/api/docs",
    "/api/docs/a/b",
    "/",
    "/nope",
    "/api/nope/x",
    "/api/users/42/nope",
    "/api/users/42/",
    "/api//users",
)


def patterns_of(files: Sequence[str]) -> list[Pattern]:
    return [pattern for file in files if (pattern := parse_path(file)) is not None]


def count_calls(work: Callable[[], object]) -> int:
    """Count the calls of Python and of C functions while something works."""
    count = 0

    def note(frame: FrameType, event: str, detail: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before, is_collecting = sys.getprofile(), gc.isenabled()
    # What a collection finalises is no work of ours.
    gc.disable()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
        if is_collecting:
            gc.enable()
    return count


class CountingDict(dict[str, object]):
    """A dict that counts how often it is asked, together with others."""

    def __init__(self, source: object, asked: list[str]) -> None:
        super().__init__(source)  # type: ignore[call-overload]
        self.asked = asked

    def get(self, key: str, default: object = None) -> object:
        self.asked.append(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> object:
        self.asked.append(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.append(str(key))
        return super().__contains__(key)


def watch_lookups(matcher: Matcher[str]) -> list[str]:
    """Put counting dicts in a matcher; gives the list that they write down what they are asked for in."""
    asked: list[str] = []
    matcher._static = CountingDict(matcher._static, asked)  # type: ignore[assignment]
    nodes = [matcher._root]
    while nodes:
        node = nodes.pop()
        nodes.extend(node.static.values())
        nodes.extend(child for child in (node.dynamic, node.rest) if child is not None)
        node.static = CountingDict(node.static, asked)  # type: ignore[assignment]
    return asked


def matcher_of(files: Sequence[str]) -> Matcher[str]:
    return Matcher((pattern, pattern.template) for pattern in patterns_of(files))


def test_there_are_five_thousand_routes() -> None:
    assert (len(set(MANY)), len(patterns_of(MANY)), set(FEW) <= set(MANY)) == (5_000, 5_000, True)


@pytest.mark.parametrize("path", PATHS)
def test_matching_among_5000_routes_makes_as_many_calls_as_among_4(path: str) -> None:
    few, many = matcher_of(FEW), matcher_of(MANY)
    assert many.match(path) == few.match(path)
    assert count_calls(lambda: many.match(path)) == count_calls(lambda: few.match(path))


@pytest.mark.parametrize("path", PATHS)
def test_matching_among_5000_routes_looks_up_what_it_does_among_4(path: str) -> None:
    few, many = matcher_of(FEW), matcher_of(MANY)
    asked_of_few, asked_of_many = watch_lookups(few), watch_lookups(many)
    few.match(path)
    many.match(path)
    assert asked_of_many == asked_of_few
    # The whole path once, each segment of it once.
    assert 1 <= len(asked_of_many) <= 1 + path.count("/")


def test_a_fixed_path_is_one_look_up() -> None:
    matcher = matcher_of(MANY)
    asked = watch_lookups(matcher)
    assert matcher.match("/api/users/name999") == ("/api/users/name999", {})
    assert asked == ["/api/users/name999"]


def test_the_count_of_calls_shows_a_search_through_all_routes() -> None:
    """What the tests above rely on: trying one route after the other is seen in the count."""
    templates = [pattern.template for pattern in patterns_of(MANY)]
    assert count_calls(lambda: [template for template in templates if template.startswith("/nope")]) >= 5_000


# --- The whole app ----------------------------------------------------------------------------------------------------

HANDLERS: Final = """
    from typed_api import ApiRequest, ApiResponse, Ok, Query, Sent

    async def get(req: ApiRequest[None], res: ApiResponse[Ok[Query]]) -> Sent:
        return res.status(200).json(req.query)
"""


def app_of(files: Sequence[str]) -> TypedAPI:
    """Make an app of routes that share one handler."""
    sources = {file: f"from {'.' * (file.count('/') + 1)}_handlers import get\n" for file in files}
    return create_app({"_handlers.py": HANDLERS, **sources})


def serve_by_hand(served: TypedAPI, method: str, target: str) -> list[Message]:
    """Call an app that has nothing to wait for, without an event loop."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    work = served(make_scope(method, target), receive, send)
    with pytest.raises(StopIteration):
        work.send(None)
    return sent


@pytest.fixture(scope="module")
def apps() -> tuple[TypedAPI, TypedAPI]:
    """One app of 4 routes, and one that has 800 more."""
    return app_of(FEW), app_of([*MANY[0:200], *MANY[1_000:1_200], *MANY[2_000:2_200], *MANY[3_000:3_200], *FEW])


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/api/users/me", 200),
        ("GET", "/api/users/42?a=1", 200),
        ("HEAD", "/api/users/42", 200),
        ("GET", "/api/files/a/b%20c", 200),
        ("GET", "/api/docs", 200),
        ("OPTIONS", "/api/users/42", 204),
        ("GET", "/api/users/42/", 308),
        ("GET", "/api/users/%ff", 400),
        ("GET", "/api/nope/x", 404),
        ("POST", "/api/users/42", 405),
    ],
)
def test_a_request_is_as_many_calls_with_800_more_routes(
    apps: tuple[TypedAPI, TypedAPI], method: str, target: str, status: int
) -> None:
    few, many = apps
    answers = [serve_by_hand(served, method, target) for served in apps]
    assert [answer[0]["status"] for answer in answers] == [status, status]
    assert answers[0] == answers[1]
    # Compiled by now: what is left is what every request costs.
    assert count_calls(lambda: serve_by_hand(many, method, target)) == count_calls(
        lambda: serve_by_hand(few, method, target)
    )


METHODS: Final = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    async def get(req: ApiRequest[None], res: ApiResponse[Ok[str]]) -> Sent:
        return res.status(200).json("got")

    async def put(req: ApiRequest[None], res: ApiResponse[Ok[str]]) -> Sent:
        return res.status(200).json("put")

    async def delete(req: ApiRequest[None], res: ApiResponse[Ok[str]]) -> Sent:
        return res.status(200).json("deleted")
"""


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect which handlers are compiled."""
    names: list[str] = []

    def noting(handler: Handler, services: Services, *, is_head: bool = False) -> Adapter:
        names.append(f"{handler.where}{' for HEAD' if is_head else ''}")
        return compile_handler(handler, services, is_head=is_head)

    monkeypatch.setattr("typed_api.app.compile_handler", noting)
    return names


def test_a_start_compiles_no_handler(compiled: list[str]) -> None:
    create_app({"api/a.py": METHODS, "api/b.py": METHODS})
    assert compiled == []


def test_the_first_request_compiles_the_method_that_it_asks_for(compiled: list[str]) -> None:
    client = TestClient(create_app({"api/a.py": METHODS, "api/b.py": METHODS}))
    assert client.get("/api/a").json() == "got"
    assert compiled == ["get of pages/api/a.py"]
    assert client.delete("/api/b").json() == "deleted"
    assert compiled == ["get of pages/api/a.py", "delete of pages/api/b.py"]


def test_a_method_is_compiled_once(compiled: list[str]) -> None:
    client = TestClient(create_app({"api/a.py": METHODS}))
    for _ in range(3):
        assert (client.get("/api/a").text, client.head("/api/a").text) == ('"got"', "")
    assert compiled == ["get of pages/api/a.py", "get of pages/api/a.py for HEAD"]


def test_what_no_handler_answers_compiles_none(compiled: list[str]) -> None:
    client = TestClient(create_app({"api/a.py": METHODS}), follow_redirects=False)
    answers = [
        client.request(method, path).status_code
        for method, path in (("OPTIONS", "/api/a"), ("POST", "/api/a"), ("GET", "/api/b"), ("GET", "/api/a/"))
    ]
    assert (answers, compiled) == ([204, 405, 404, 308], [])
