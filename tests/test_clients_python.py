"""The Python client, called: against a server, in the process of an app, and against answers that are made up."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.clients.python_service import ROUTES, document_of, load
from tests.projects import write_files
from tests.serving import serve
from typed_api.clients.python import generate
from typed_api.errors import ConfigError
from typed_api.testing import create_app


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load(document_of(), tmp_path_factory.mktemp("client"))


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = write_files(tmp_path_factory.mktemp("service"), {f"pages/{name}": text for name, text in ROUTES.items()})
    with serve(folder, folder / "log.txt") as served:
        yield f"http://127.0.0.1:{served.port}"


@pytest.fixture
def api(generated: Any, base_url: str) -> Iterator[Any]:
    with generated.Client(base_url) as client:
        yield client


# JSON, and the union by status


def test_json_answer_is_the_object_on_the_wire(api: Any, generated: Any) -> None:
    answer = api.get_api_users_by_id(id=7)
    assert type(answer) is generated.Ok
    assert (answer.status, answer.body) == (
        200,
        {"id": 7, "name": "Ada", "tags": [], "flag": None, "since": None, "trace": "none"},
    )


def test_another_status_has_a_class_of_its_own(api: Any, generated: Any) -> None:
    answer = api.get_api_users_by_id(id=0)
    assert type(answer) is generated.NotFound
    assert isinstance(answer, generated.ClientError)
    assert answer.body["detail"] == "There is no user 0."


def test_status_and_body_are_matched(api: Any, generated: Any) -> None:
    match api.get_api_users_by_id(id=0):
        case generated.NotFound({"detail": detail}):
            assert detail == "There is no user 0."
        case other:
            pytest.fail(f"{other!r} is no 404.")


def test_default_is_an_answer_of_its_group(api: Any, generated: Any) -> None:
    answer = api.post_api_gone()
    assert isinstance(answer, generated.ClientError)
    assert (answer.status, answer.body["detail"]) == (409, "It is gone already.")


def test_header_fields_and_response_are_there(api: Any) -> None:
    answer = api.get_api_users_by_id(id=7)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.response.status_code == 200


def test_json_body_is_sent(api: Any) -> None:
    answer = api.post_api_users(body={"name": "Grüße \U0001f600"})
    assert (answer.status, answer.body) == (201, {"name": "Grüße \U0001f600", "admin": False})


# Parameters


def test_query_and_header_parameters_arrive(api: Any) -> None:
    answer = api.get_api_users_by_id(id=7, tags=["a b", "&c"], flag=True, since=date(2024, 2, 29), x_trace="t1")
    assert answer.body == {
        "id": 7,
        "name": "Ada",
        "tags": ["a b", "&c"],
        "flag": True,
        "since": "2024-02-29",
        "trace": "t1",
    }


def test_none_is_left_out(api: Any) -> None:
    answer = api.get_api_users_by_id(id=7, tags=None, flag=None, x_trace=None)
    assert (answer.body["tags"], answer.body["flag"], answer.body["trace"]) == ([], None, "none")


@pytest.mark.parametrize("name", ["a/b", "a b", "?x=1#y", "%2F", "é", "日本", "...", "~", "a+b", ";=,"])
def test_path_value_arrives_as_it_is(api: Any, name: str) -> None:
    assert api.get_api_names_by_name(name=name).body == name


def test_segments_of_a_catch_all_arrive_apart(api: Any) -> None:
    assert api.get_api_files_by_path(path=["a", "b c", "%", "x"]).body == ["a", "b c", "%", "x"]


@pytest.mark.parametrize("name", [".", ".."])
def test_path_value_that_is_resolved_on_the_way_is_refused(api: Any, generated: Any, name: str) -> None:
    with pytest.raises(generated.ApiRequestError) as caught:
        api.get_api_names_by_name(name=name)
    assert str(caught.value) == f"{name!r} in the path /api/names/{{name}} would be another path."


def test_empty_path_value_is_refused(api: Any, generated: Any) -> None:
    with pytest.raises(generated.ApiRequestError) as caught:
        api.get_api_names_by_name(name="")
    assert str(caught.value) == (
        "The path parameter 'name' of /api/names/{name} is empty, which would be another path."
    )


def test_catch_all_without_segments_is_refused(api: Any, generated: Any) -> None:
    with pytest.raises(generated.ApiRequestError) as caught:
        api.get_api_files_by_path(path=[])
    assert str(caught.value) == (
        "The path parameter 'path' of /api/files/{path} is empty, which would be another path."
    )


def test_path_value_that_is_none_is_refused(api: Any, generated: Any) -> None:
    with pytest.raises(generated.ApiRequestError) as caught:
        api.get_api_names_by_name(name=None)
    assert str(caught.value) == (
        "The path parameter 'name' of /api/names/{name} is None, which is no text, number, truth value, date or UUID."
    )


def test_header_value_with_a_line_break_is_refused(api: Any, generated: Any) -> None:
    with pytest.raises(generated.ApiRequestError) as caught:
        api.get_api_users_by_id(id=1, x_trace="a\r\nb: c")
    assert str(caught.value) == "The header field 'x-trace' cannot be sent with the value 'a\\r\\nb: c'."


# Bodies


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_form_is_sent_either_way(api: Any, content_type: str) -> None:
    body = {"name": "Ada & Co=", "age": 36, "news": True, "tags": ["a", "b"]}
    answer = api.post_api_signup(body=body, content_type=content_type)
    assert (answer.status, answer.body) == (200, body)


def test_files_are_sent_with_their_names(api: Any, generated: Any, tmp_path: Path) -> None:
    (tmp_path / "third.txt").write_bytes(b"12345")
    with (tmp_path / "third.txt").open("rb") as third:
        answer = api.post_api_upload(
            body={
                "title": "T",
                "photo": generated.File(b"123", "a.png", "image/png"),
                "more": [generated.File(b""), generated.File(third, "third.txt")],
            }
        )
    assert (answer.status, answer.body) == (
        200,
        {"title": "T", "names": ["a.png", "file", "third.txt"], "sizes": [3, 0, 5]},
    )


def test_form_without_fields_is_a_form(api: Any) -> None:
    answer = api.post_api_signup(body={}, content_type="multipart/form-data")
    assert (answer.status, [error["loc"] for error in answer.body["errors"]]) == (
        422,
        [["form", "name"], ["form", "age"], ["form", "news"]],
    )


@pytest.mark.parametrize("body", [b"abc", [b"a", b"bc"]])
def test_bytes_and_pieces_of_bytes_are_sent_as_they_are(api: Any, body: Any) -> None:
    answer = api.put_api_raw(body=body)
    assert (answer.status, answer.body) == (200, b"cba")


def test_body_that_is_no_json_is_refused(api: Any, generated: Any) -> None:
    with pytest.raises(generated.ApiRequestError) as caught:
        api.post_api_users(body={"name": float("nan")})
    assert str(caught.value).startswith("The body of POST /api/users cannot be written as JSON: ")


# Other answers


def test_text_is_text(api: Any) -> None:
    assert api.get_api_names_by_name(name="x").body == "x"


def test_204_has_no_body(api: Any, generated: Any) -> None:
    answer = api.delete_api_gone()
    assert (type(answer), answer.body) == (generated.NoContent, None)


def test_redirect_is_an_answer(api: Any) -> None:
    answer = api.get_api_away()
    assert (answer.status, answer.headers["location"]) == (303, "/api/names/there")


def test_events_are_read_one_by_one(api: Any, generated: Any) -> None:
    answer = api.get_api_events()
    with answer.body as events:
        first = next(events)
        assert first == generated.Event(data=0, event="tick", id="0", retry=None)
        assert [event.data for event in events] == [1, 2]
    assert answer.response.is_closed


def test_leaving_the_block_of_a_stream_ends_the_request(api: Any) -> None:
    answer = api.get_api_events()
    with answer.body as events:
        next(events)
    assert answer.response.is_closed


def test_json_lines_are_split_at_line_feeds_alone(api: Any) -> None:
    with api.get_api_lines().body as rows:
        assert list(rows) == [{"text": "one"}, {"text": "two\u2028and a half"}]


# The asynchronous client


async def test_async_client_awaits_answers(generated: Any, base_url: str) -> None:
    async with generated.AsyncClient(base_url) as api:
        found = await api.get_api_users_by_id(id=7, tags=["a"])
        form = await api.post_api_signup(body={"name": "Ada", "age": 1, "news": False, "tags": []})
        upload = await api.post_api_upload(body={"title": "T", "photo": generated.File(b"123", "a.png")})
    assert (found.body["tags"], form.status, upload.body) == (
        ["a"],
        200,
        {"title": "T", "names": ["a.png"], "sizes": [3]},
    )


async def test_async_streams_are_read_one_by_one(generated: Any, base_url: str) -> None:
    async with generated.AsyncClient(base_url) as api:
        answer = await api.get_api_events()
        async with answer.body as events:
            assert [event.data async for event in events] == [0, 1, 2]
        async with (await api.get_api_lines()).body as rows:
            assert [row async for row in rows] == [{"text": "one"}, {"text": "two\u2028and a half"}]
    assert answer.response.is_closed


async def test_async_client_sends_pieces_as_they_come(generated: Any, base_url: str) -> None:
    async def pieces() -> Any:
        yield b"a"
        yield b"bc"

    async with generated.AsyncClient(base_url) as api:
        assert (await api.put_api_raw(body=pieces())).body == b"cba"


# Answers that are made up


def respond(generated: Any, response: httpx2.Response, **options: Any) -> Any:
    return generated.Client("http://a.test/v1", transport=httpx2.MockTransport(lambda request: response), **options)


def record(generated: Any, **options: Any) -> tuple[Any, list[httpx2.Request]]:
    requests: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(204)

    return generated.Client("http://a.test/v1", transport=httpx2.MockTransport(handle), **options), requests


def test_undeclared_status_is_an_error_with_status_and_body(tmp_path: Path) -> None:
    document = {"openapi": "3.1.0", "paths": {"/a": {"get": {"operationId": "a", "responses": {"204": {}}}}}}
    generated = load(document, tmp_path)
    with pytest.raises(generated.UndeclaredStatusError) as caught:
        respond(generated, httpx2.Response(418, content=b"short and stout")).a()
    assert (caught.value.status, caught.value.body) == (418, b"short and stout")
    assert str(caught.value) == (
        "GET /a answered with the status 418, which the document does not declare: b'short and stout'"
    )
    assert caught.value.response.is_closed


def test_json_that_is_none_is_an_error_with_status_and_body(generated: Any) -> None:
    response = httpx2.Response(200, headers={"content-type": "application/json"}, content=b'{"id": ')
    with pytest.raises(generated.InvalidAnswerError) as caught:
        respond(generated, response).get_api_users_by_id(id=1)
    assert (caught.value.status, caught.value.body) == (200, b'{"id": ')
    assert str(caught.value) == (
        "GET /api/users/{id} answered with the status 200 and what is no JSON (Expecting value: line 1 column 8 "
        "(char 7)): b'{\"id\": '"
    )


def test_nan_is_no_json(generated: Any) -> None:
    response = httpx2.Response(200, headers={"content-type": "application/json"}, content=b"NaN")
    with pytest.raises(generated.InvalidAnswerError) as caught:
        respond(generated, response).get_api_users_by_id(id=1)
    assert str(caught.value) == (
        "GET /api/users/{id} answered with the status 200 and what is no JSON (NaN is no JSON.): b'NaN'"
    )


def test_another_media_type_is_an_error(generated: Any) -> None:
    response = httpx2.Response(502, headers={"content-type": "text/html; charset=utf-8"}, content=b"<h1>Bad</h1>")
    with pytest.raises(generated.InvalidAnswerError) as caught:
        respond(generated, response).get_api_users_by_id(id=1)
    assert (caught.value.status, caught.value.body) == (502, b"<h1>Bad</h1>")
    assert str(caught.value) == (
        "GET /api/users/{id} answered with the status 502 and the media type 'text/html'; the document declares "
        "application/problem+json."
    )


def test_item_of_a_stream_that_is_no_json_is_an_error_and_ends_the_request(generated: Any) -> None:
    response = httpx2.Response(200, headers={"content-type": "application/jsonl"}, content=b'{"text":"a"}\n{')
    answer = respond(generated, response).get_api_lines()
    rows = answer.body
    assert next(rows) == {"text": "a"}
    with pytest.raises(generated.InvalidAnswerError) as caught:
        next(rows)
    assert caught.value.body == b"{"
    assert answer.response.is_closed


def test_unknown_fields_are_kept(generated: Any) -> None:
    response = httpx2.Response(200, json={"id": 1, "more": [None]})
    assert respond(generated, response).get_api_users_by_id(id=1).body == {"id": 1, "more": [None]}


def test_no_body_status_does_not_stand_for_an_answer_with_a_body(generated: Any) -> None:
    with pytest.raises(generated.UndeclaredStatusError):
        respond(generated, httpx2.Response(304)).get_api_users_by_id(id=1)


# What is sent


def test_base_url_with_a_path_comes_before_the_path(generated: Any) -> None:
    api, requests = record(generated)
    api.delete_api_gone()
    assert str(requests[0].url) == "http://a.test/v1/api/gone"


def test_accept_names_what_is_declared(generated: Any) -> None:
    api, requests = record(generated)
    api.delete_api_gone()
    assert requests[0].headers["accept"] == "application/problem+json"


def test_options_of_a_twin_stand_for_those_of_the_client(generated: Any) -> None:
    api, requests = record(generated, headers={"A": "1", "B": "1"}, auth=("ada", "x"))
    with api.with_options(headers={"B": "2"}, timeout=7) as twin:
        twin.delete_api_gone()
    api.delete_api_gone()
    seen = [(request.headers["a"], request.headers["b"], request.extensions["timeout"]["read"]) for request in requests]
    assert seen == [("1", "2", 7), ("1", "1", 5.0)]
    assert [request.headers["authorization"] for request in requests] == ["Basic YWRhOng="] * 2


def test_stream_has_no_limit_between_two_items(generated: Any) -> None:
    requests: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=b"")

    with generated.Client("http://a.test", transport=httpx2.MockTransport(handle)) as api:
        assert list(api.get_api_events().body) == []
    assert requests[0].extensions["timeout"] == {"connect": 5.0, "read": None, "write": 5.0, "pool": 5.0}


def test_client_of_httpx2_stays_open(generated: Any) -> None:
    with httpx2.Client(
        base_url="http://b.test", transport=httpx2.MockTransport(lambda request: httpx2.Response(204))
    ) as http:
        with generated.Client(http=http) as api:
            answer = api.delete_api_gone()
        assert not http.is_closed
    assert str(answer.response.url) == "http://b.test/api/gone"


def test_client_and_transport_are_not_given_both(generated: Any) -> None:
    with httpx2.Client() as http, pytest.raises(ValueError, match="transport") as caught:
        generated.Client(http=http, transport=httpx2.HTTPTransport())
    assert str(caught.value) == "'http' brings a transport of its own. Give one of 'http' and 'transport'."


async def test_async_client_calls_an_app_in_this_process(generated: Any) -> None:
    transport = httpx2.ASGITransport(create_app(ROUTES))
    async with generated.AsyncClient("http://a.test", transport=transport) as api:
        answer = await api.get_api_users_by_id(id=7)
        assert (answer.status, answer.body["name"]) == (200, "Ada")


def test_server_of_the_document_is_the_usual_place(tmp_path: Path) -> None:
    document = {
        "openapi": "3.1.0",
        "servers": [{"url": "https://{host}/"}, {"url": "https://c.test/v2/"}],
        "paths": {"/a": {"get": {"operationId": "a", "responses": {"204": {}}}}},
    }
    generated = load(document, tmp_path)
    api = generated.Client(transport=httpx2.MockTransport(lambda request: httpx2.Response(204)))
    assert str(api.a().response.url) == "https://c.test/v2/a"


# The text


def test_text_is_the_same_for_the_same_document() -> None:
    assert generate(document_of()) == generate(document_of())


def test_chain_of_types_may_be_longer_than_the_stack_is_deep(tmp_path: Path) -> None:
    schemas = {
        f"T{index}": {"type": "object", "properties": {"next": {"$ref": f"#/components/schemas/T{index + 1}"}}}
        for index in range(1200)
    }
    content = {"multipart/form-data": {"schema": {"$ref": "#/components/schemas/T0"}}}
    document = {
        "openapi": "3.1.0",
        "paths": {"/a": {"post": {"operationId": "a", "requestBody": {"content": content}, "responses": {}}}},
        "components": {"schemas": {**schemas, "T1200": {"type": "string", "format": "binary"}}},
    }
    assert load(document, tmp_path).T1199Form.__annotations__.keys() == {"next"}


def test_document_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        generate({"swagger": "2.0"})
    assert str(caught.value) == (
        "'#/openapi' is None. Clients are made from OpenAPI 3.1 and 3.2; convert the document first."
    )
