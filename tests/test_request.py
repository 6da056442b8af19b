"""Tests of the request's face, of the query mapping and of the state."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import pytest
from pydantic import TypeAdapter

from tests.direct import DISCONNECT, make_scope, piece
from typed_api import ApiError, ApiRequest, Query
from typed_api._types import Address, Message, Receive, Scope, Send
from typed_api.body import ClientDisconnected
from typed_api.request import RequestSpec, State, merge_query, undecoded_path

# --- The query mapping ------------------------------------------------------------------------------------------------

VALUES: dict[str, str | list[str]] = {"id": "7", "tag": ["a", "b"]}


def test_query_is_a_mapping_of_its_values() -> None:
    query = Query(VALUES)
    assert (query == VALUES, dict(query), list(query), len(query)) == (True, VALUES, ["id", "tag"], 2)


def test_query_finds_by_name() -> None:
    query = Query(VALUES)
    assert (query["id"], query["tag"], query.get("x"), query.get("x", "y"), "id" in query, "x" in query) == (
        "7",
        ["a", "b"],
        None,
        "y",
        True,
        False,
    )


def test_name_that_is_missing_is_a_key_error() -> None:
    with pytest.raises(KeyError) as caught:
        Query({})["id"]
    assert caught.value.args == ("id",)


def test_query_cannot_be_written() -> None:
    query: Any = Query({})
    with pytest.raises(TypeError):
        query["id"] = "1"


def test_query_shows_its_values() -> None:
    assert repr(Query(VALUES)) == "Query({'id': '7', 'tag': ['a', 'b']})"


def test_query_can_be_answered_with() -> None:
    adapter = TypeAdapter(Query)
    assert adapter.dump_json(adapter.validate_python(Query(VALUES))) == b'{"id":"7","tag":["a","b"]}'


@pytest.mark.parametrize(
    ("text", "params", "path_names", "merged"),
    [
        (b"a=1&b=2", {}, [], {"a": "1", "b": "2"}),
        (b"id=8&a=1", {"id": "7"}, [], {"id": "7", "a": "1"}),
        (b"path=x&path=y", {"path": ["a"]}, ["path"], {"path": ["a"]}),
        (b"path=x&a=1", {}, ["path"], {"a": "1"}),
        (b"ID=8", {"id": "7"}, ["ID", "id"], {"id": "7"}),
    ],
)
def test_path_parameters_are_merged_over_the_query(
    text: bytes, params: dict[str, str | list[str]], path_names: list[str], merged: Mapping[str, object]
) -> None:
    assert merge_query(text, params, path_names) == merged


def test_merging_leaves_the_path_parameters_alone() -> None:
    params: dict[str, str | list[str]] = {"id": "7"}
    merge_query(b"a=1", params, ())
    assert params == {"id": "7"}


# --- The state --------------------------------------------------------------------------------------------------------


class Mailer:
    pass


class SmtpMailer(Mailer):
    pass


class TestMailer(SmtpMailer):
    __test__ = False


class OtherMailer(Mailer):
    pass


class Store(ABC):
    @abstractmethod
    def load(self) -> str: ...


class FileStore(Store):
    def load(self) -> str:
        return "file"


@runtime_checkable
class Loads(Protocol):
    def load(self) -> str: ...


class Empty:
    """An object that counts as false."""

    def __bool__(self) -> bool:
        return False


def test_object_is_found_by_its_class() -> None:
    mailer = Mailer()
    assert State([Empty(), mailer])[Mailer] is mailer


def test_object_is_found_by_a_base_class() -> None:
    mailer = TestMailer()
    assert State([mailer])[Mailer] is mailer


def test_object_is_found_by_what_it_implements() -> None:
    store = FileStore()
    state = State([store, Mailer()])
    assert (state[Store], state[Loads]) == (store, store)


def test_own_class_beats_a_derived_one() -> None:
    plain, derived = Mailer(), SmtpMailer()
    assert State([derived, plain])[Mailer] is plain


def test_object_that_counts_as_false_is_an_object() -> None:
    class Derived(Empty):
        pass

    empty = Empty()
    state = State([Derived(), empty])
    assert (state[Empty] is empty, Empty in state) == (True, True)


def test_later_object_of_a_class_replaces_the_earlier() -> None:
    first, second = Mailer(), Mailer()
    assert State([first, second])[Mailer] is second


def test_nearest_layer_wins_even_by_a_base_class() -> None:
    real, fake = Mailer(), TestMailer()
    assert State([fake], parent=State([real]))[Mailer] is fake


def test_what_a_layer_lacks_is_looked_for_further_out() -> None:
    mailer = Mailer()
    assert State([Empty()], parent=State(parent=State([mailer])))[Mailer] is mailer


def test_layer_leaves_its_parent_alone() -> None:
    parent = State()
    State(parent=parent)[Mailer] = Mailer()
    assert Mailer not in parent


def test_several_that_fit_a_base_class_are_refused() -> None:
    with pytest.raises(LookupError) as caught:
        State([SmtpMailer(), OtherMailer()])[Mailer]
    assert caught.value.args == (
        "Several objects of the state are a Mailer: OtherMailer, SmtpMailer. Ask for one of them.",
    )


def test_one_object_under_two_classes_is_no_choice() -> None:
    state, mailer = State(), TestMailer()
    state[SmtpMailer] = mailer
    state[TestMailer] = mailer
    assert state[Mailer] is mailer


def test_object_that_comes_later_is_found_though_a_lookup_failed_before() -> None:
    state = State()
    before = Mailer in state
    state.put(TestMailer())
    assert (before, Mailer in state) == (False, True)


def test_object_that_replaces_another_is_found_by_the_base_class_too() -> None:
    first, second, third = TestMailer(), TestMailer(), TestMailer()
    state = State([first])
    found = [state[Mailer]]
    state.put(second)
    found.append(state[Mailer])
    state[TestMailer] = third
    assert [*found, state[Mailer]] == [first, second, third]


def test_object_can_be_set_under_a_class_of_choice() -> None:
    state, mailer = State(), TestMailer()
    state[Mailer] = mailer
    assert (state[Mailer] is mailer, TestMailer in state) == (True, True)


def test_missing_object_is_named_with_the_mend() -> None:
    with pytest.raises(LookupError) as caught:
        State([Empty()])[Mailer]
    assert caught.value.args == (
        f"There is no {__name__}.Mailer in the state. Yield an instance from the lifespan, set it in a guard, or give "
        "it to TestClient(app, state=[...]).",
    )


@pytest.mark.parametrize("value", [Mailer, "text", b"bytes", 1, 1.5, True, None, [1], (1,), {1}, {"a": 1}])
def test_plain_value_and_class_are_refused(value: object) -> None:
    with pytest.raises(TypeError) as caught:
        State([value])
    assert caught.value.args == (
        f"State holds instances found by their class, and {value!r} has no class of its own. Wrap it in one, for "
        "example a dataclass.",
    )


# --- The request ------------------------------------------------------------------------------------------------------


class App:
    title: str = "API"
    version: str = "1.0"
    debug: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError


async def nothing() -> Message:
    raise AssertionError("Nothing is to be received.")


def make(
    target: str = "/",
    headers: list[tuple[str, str]] | None = None,
    *,
    params: Mapping[str, str | list[str]] | None = None,
    receive: Receive = nothing,
    state: State | None = None,
    scope: Mapping[str, Any] | None = None,  # Any: the values of a scope differ by key.
    **spec: Any,  # Any: what RequestSpec takes.
) -> ApiRequest:
    made = make_scope("POST", target, headers or [], **(scope or {}))
    return ApiRequest(RequestSpec(App(), state or State(), **spec), made, receive, params or {})


def receiving(*messages: Message) -> Receive:
    left = list(messages)

    async def receive() -> Message:
        return left.pop(0)

    return receive


def test_method_is_that_of_the_scope_unless_the_handler_is_told_another() -> None:
    assert (make().method, make(method="GET").method) == ("POST", "GET")


@pytest.mark.parametrize(
    ("target", "url", "path"),
    [
        ("/", "/", "/"),
        ("/a?", "/a", "/a"),
        ("/a%2Fb/%C3%A9?q=%zz&r", "/a%2Fb/%C3%A9?q=%zz&r", "/a/b/é"),
    ],
)
def test_url_is_undecoded_and_path_is_decoded(target: str, url: str, path: str) -> None:
    req = make(target)
    assert (req.url, req.path) == (url, path)


@pytest.mark.parametrize(
    ("target", "root", "url", "path"),
    [
        ("/v1/users?a=1", "/v1", "/users?a=1", "/users"),
        ("/v1", "/v1", "/", "/"),
        ("/%C3%A9/a", "/é", "/a", "/a"),
        ("/other", "/v1", "/other", "/other"),
    ],
)
def test_url_and_path_are_below_the_mount_point(target: str, root: str, url: str, path: str) -> None:
    req = make(target, scope={"root_path": root})
    assert (req.url, req.path) == (url, path)


def test_path_is_encoded_where_the_server_gives_no_raw_one() -> None:
    scope = make_scope("GET", "/a%20b/%C3%A9")
    del scope["raw_path"]
    assert undecoded_path(scope) == "/a%20b/%C3%A9"


def test_query_of_a_raw_path_is_no_part_of_the_path() -> None:
    scope = {**make_scope("GET", "/a"), "raw_path": b"/a?b=1"}
    assert undecoded_path(scope) == "/a"


def test_headers_are_found_in_any_case() -> None:
    req = make(headers=[("X-Tag", "a"), ("x-tag", "b"), ("Accept", "é")])
    assert (req.headers["X-TAG"], req.headers["accept"], "x-other" in req.headers) == ("a", "é", False)


def test_values_are_worked_out_once() -> None:
    req = make("/?a=1", [("cookie", "a=1")])
    assert (req.query is req.query, req.headers is req.headers, req.cookies is req.cookies, req.state is req.state) == (
        True,
        True,
        True,
        True,
    )


def test_client_is_the_peer_or_none() -> None:
    assert (make().client, make(scope={"client": None}).client) == (Address("192.0.2.1", 50000), None)


def test_client_has_a_host_and_a_port() -> None:
    client = make(scope={"client": ["::1", 1]}).client
    assert client is not None
    assert (client.host, client.port) == ("::1", 1)


def test_environment_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TYPED_API_EXAMPLE", "1")
    assert (make().env is os.environ, make().env["TYPED_API_EXAMPLE"]) == (True, "1")


def test_scope_and_app_are_those_that_were_given() -> None:
    app, scope = App(), make_scope("GET", "/")
    req: ApiRequest = ApiRequest(RequestSpec(app, State()), scope, nothing, {})
    assert (req.app is app, req.scope is scope) == (True, True)


def test_params_are_those_of_the_path_alone() -> None:
    req = make("/?id=8&a=1", params={"id": "7"})
    assert (dict(req.params), dict(req.query)) == ({"id": "7"}, {"id": "7", "a": "1"})


def test_query_does_not_fill_a_name_of_the_path() -> None:
    assert make("/?path=x&a=1", path_names=["path"]).query == {"a": "1"}


def test_state_of_a_request_lies_over_that_of_the_app() -> None:
    shared, own = Mailer(), TestMailer()
    layer = State([shared])
    first, second = make(state=layer), make(state=layer)
    first.state[Mailer] = own
    assert (first.state[Mailer] is own, second.state[Mailer] is shared, layer[Mailer] is shared) == (True, True, True)


# --- The body ---------------------------------------------------------------------------------------------------------


def test_unread_body_is_none() -> None:
    assert make().body is None


def test_body_that_cannot_be_read_here_raises() -> None:
    with pytest.raises(RuntimeError) as caught:
        _ = make(body_refusal="Not here.").body
    assert caught.value.args == ("Not here.",)


async def test_body_is_read_whole_and_then_is_empty() -> None:
    req = make(receive=receiving(piece(b"ab", more=True), piece(b""), piece(b"never")))
    assert [await req.read(), await req.read()] == [b"ab", b""]


async def test_body_is_streamed_in_pieces_and_then_is_empty() -> None:
    req = make(receive=receiving(piece(b"ab", more=True), piece(b"", more=True), piece(b"cd")))
    assert [[chunk async for chunk in req.stream()] for _ in range(2)] == [[b"ab", b"cd"], []]


async def test_reading_goes_on_where_a_stream_was_left() -> None:
    req = make(receive=receiving(piece(b"ab", more=True), piece(b"cd", more=True), piece(b"ef")))
    stream = req.stream()
    first = await anext(stream)
    await stream.aclose()
    assert [first, await req.read()] == [b"ab", b"cdef"]


async def read(req: ApiRequest) -> object:
    return await req.read()


async def stream(req: ApiRequest) -> object:
    return [chunk async for chunk in req.stream()]


both = pytest.mark.parametrize("use", [read, stream])


@both
async def test_parsed_body_cannot_be_read_again(use: Callable[[ApiRequest], Any]) -> None:
    with pytest.raises(RuntimeError) as caught:
        await use(make(read_refusal="It is parsed."))
    assert caught.value.args == ("It is parsed.",)


@both
async def test_limit_that_was_set_bounds_the_reading(use: Callable[[ApiRequest], Any]) -> None:
    receive = receiving(piece(b"ab", more=True), piece(b"c"))
    with pytest.raises(ApiError) as caught:
        await use(make(receive=receive, limit_bytes=2, limit_text="2b"))
    assert (caught.value.status_code, caught.value.detail) == (413, "Body exceeded 2b limit")


@both
async def test_client_that_leaves_ends_the_reading(use: Callable[[ApiRequest], Any]) -> None:
    with pytest.raises(ClientDisconnected):
        await use(make(receive=receiving(piece(b"ab", more=True), DISCONNECT)))


async def test_reading_ends_also_after_a_loop_that_was_left_with_the_last_piece() -> None:
    """Past the end of a body a server's receive waits for the client to leave."""
    req = make(receive=receiving(piece(b"all")))
    async for chunk in req.stream():
        assert chunk == b"all"
        break
    assert await req.read() == b""


class Plain(Protocol):
    def load(self) -> str: ...


def test_protocol_that_cannot_be_asked_for_is_told_with_the_mend() -> None:
    with pytest.raises(LookupError) as caught:
        State([FileStore()])[Plain]
    assert str(caught.value) == (
        f"{Plain.__module__}.Plain is a protocol without @runtime_checkable, so no object can be found by it. Decorate "
        "it, or put an object under it: state[Protocol] = object."
    )


@pytest.mark.parametrize(
    ("path", "root", "below"),
    [
        ("/api/x", "/api", "/x"),
        ("/api", "/api", "/"),
        ("/apix", "/api", "/apix"),
        ("/x", "/api", "/x"),
        ("/api/x", "/api/", "/x"),
        ("/api/x", "", "/api/x"),
    ],
)
def test_mount_point_is_taken_away_at_the_end_of_a_segment(path: str, root: str, below: str) -> None:
    assert undecoded_path(make_scope("GET", path, root_path=root)) == below
    assert make(path, scope={"root_path": root}).path == below
