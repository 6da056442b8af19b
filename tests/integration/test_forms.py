"""Forms: `Form[Model]` from urlencoded and multipart bodies, and the life of the files in them."""

import os
import tempfile
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.direct import DISCONNECT, Exchange, call, exchange, make_scope, piece, problem
from typed_api import TypedAPI, UploadFile
from typed_api._types import Message, Scope
from typed_api.testing import TestClient, create_app

TREE = {
    "api/_models.py": """
        import datetime
        from dataclasses import dataclass

        from pydantic import BaseModel
        from typing_extensions import TypedDict
        from typed_api import UploadFile

        class Signup(BaseModel):
            name: str
            age: int | None = None
            agreed: bool = False
            born: datetime.date | None = None
            tags: list[str] = []
            codes: list[int] = []

        class Upload(BaseModel):
            title: str = ""
            photo: UploadFile | None = None
            photos: list[UploadFile] = []

        class Required(BaseModel):
            photo: UploadFile

        @dataclass
        class Point:
            x: int

        class Row(TypedDict):
            x: int
            y: list[int]
    """,
    "api/signup.py": """
        from typed_api import ApiRequest, ApiResponse, Form
        from ._models import Signup

        def handler(req: ApiRequest[Form[Signup]], res: ApiResponse[str]) -> None:
            try:
                res.send(repr(req.body.model_dump(exclude_unset=True)))
            except RuntimeError as error:
                res.send(str(error))
    """,
    "api/point.py": """
        from typed_api import ApiRequest, ApiResponse, Form
        from ._models import Point

        def post(req: ApiRequest[Form[Point]], res: ApiResponse[str]) -> None:
            res.send(repr(req.body))
    """,
    "api/row.py": """
        from typed_api import ApiRequest, ApiResponse, Form
        from ._models import Row

        def post(req: ApiRequest[Form[Row]], res: ApiResponse[str]) -> None:
            res.send(repr(req.body))
    """,
    "api/upload.py": """
        from typed_api import ApiRequest, ApiResponse, Form, RouteConfig
        from ._models import Upload

        config = RouteConfig(body_limit="4mb")

        async def post(req: ApiRequest[Form[Upload]], res: ApiResponse[list[str | int | None]]) -> None:
            photo, photos = req.body.photo, req.body.photos
            files = [*([photo] if photo else []), *photos]
            seen: list[str | int | None] = [req.body.title]
            for file in files:
                seen += [file.filename, file.content_type, file.size, (await file.read(10)).decode()]
            res.json(seen)

        def put(req: ApiRequest[Form[Upload]], res: ApiResponse[list[str]]) -> None:
            res.json([file.file.read().decode() for file in req.body.photos])
    """,
    "api/required.py": """
        from typed_api import ApiRequest, ApiResponse, Form
        from ._models import Required

        def post(req: ApiRequest[Form[Required]], res: ApiResponse[str]) -> None:
            res.send(str(req.body.photo.filename))
    """,
    "api/life.py": """
        import anyio
        from typed_api import ApiRequest, ApiResponse, Form, RouteConfig, UploadFile
        from ._models import Upload

        config = RouteConfig(body_limit="4mb")

        async def look(notes: list[object], file: UploadFile) -> None:
            notes += [file.file.closed, (await file.read(3)).decode()]

        def post(req: ApiRequest[Form[Upload]], res: ApiResponse[str]) -> None:
            notes, file = req.scope["notes"], req.body.photos[0]
            notes += [file, file.file.closed]
            res.after(look, notes, file)
            res.send("ok")

        def put(req: ApiRequest[Form[Upload]], res: ApiResponse[str]) -> None:
            raise RuntimeError("The handler fails.")

        async def patch(req: ApiRequest[Form[Upload]], res: ApiResponse[str]) -> None:
            req.scope["started"].set()
            await anyio.sleep_forever()
    """,
}

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
NO_FORM = problem(
    415,
    "Unsupported Media Type",
    "This route takes a form: application/x-www-form-urlencoded or multipart/form-data.",
)


@pytest.fixture(scope="module")
def app() -> TypedAPI:
    return create_app(TREE)


def part(name: str, value: bytes, filename: str | None = None, content_type: str | None = None) -> bytes:
    lines = f'--x\r\nContent-Disposition: form-data; name="{name}"'
    lines += "" if filename is None else f'; filename="{filename}"'
    lines += "" if content_type is None else f"\r\nContent-Type: {content_type}"
    return f"{lines}\r\n\r\n".encode() + value + b"\r\n"


def multipart(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--x--\r\n"


async def send(
    app: TypedAPI, target: str, body: bytes, content_type: str | None = MULTIPART, method: str = "POST"
) -> Exchange:
    headers = {} if content_type is None else {"content-type": content_type}
    return await call(app, method, target, headers=headers, body=body)


def unfit(*errors: tuple[list[str | int], str, str]) -> dict[str, object]:
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    listed = [{"loc": ["form", *loc], "msg": message, "type": kind} for loc, message, kind in errors]
    return problem(422, "Unprocessable Content", f"The form does not fit: {count}.", errors=listed)


# --- Fields -----------------------------------------------------------------------------------------------------------


async def test_urlencoded_form_is_read_by_lax_rules(app: TypedAPI) -> None:
    """A form is text: `3` is an int and `on` is true."""
    answer = await send(app, "/api/signup", b"name=Ada+L&age=36&agreed=on&born=1815-12-10", URLENCODED)
    assert (answer.status, answer.text) == (
        200,
        "{'name': 'Ada L', 'age': 36, 'agreed': True, 'born': datetime.date(1815, 12, 10)}",
    )


async def test_multipart_form_is_read_by_lax_rules(app: TypedAPI) -> None:
    body = multipart(part("name", "Ada é".encode()), part("age", b"36"), part("agreed", b"false"))
    assert (await send(app, "/api/signup", body)).text == "{'name': 'Ada é', 'age': 36, 'agreed': False}"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"name=a&tags=x&codes=1&codes=2", URLENCODED),
        (multipart(part("name", b"a"), part("tags", b"x"), part("codes", b"1"), part("codes", b"2")), MULTIPART),
    ],
)
async def test_list_field_takes_one_value_or_several(app: TypedAPI, body: bytes, content_type: str) -> None:
    answer = await send(app, "/api/signup", body, content_type)
    assert answer.text == "{'name': 'a', 'tags': ['x'], 'codes': [1, 2]}"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"name=a&name=b", URLENCODED), (multipart(part("name", b"a"), part("name", b"b")), MULTIPART)],
)
async def test_repeated_field_of_one_value_is_refused(app: TypedAPI, body: bytes, content_type: str) -> None:
    answer = await send(app, "/api/signup", body, content_type)
    assert (answer.status, answer.json) == (
        422,
        unfit((["name"], "Input should be a valid string", "string_type")),
    )


async def test_every_error_of_a_form_is_named(app: TypedAPI) -> None:
    answer = await send(app, "/api/signup", b"age=old&codes=1&codes=x", URLENCODED)
    assert (answer.status, answer.json) == (
        422,
        unfit(
            (["name"], "Field required", "missing"),
            (["age"], "Input should be a valid integer, unable to parse string as an integer", "int_parsing"),
            (["codes", 1], "Input should be a valid integer, unable to parse string as an integer", "int_parsing"),
        ),
    )


async def test_input_left_blank_is_none_for_what_is_no_text(app: TypedAPI) -> None:
    assert (await send(app, "/api/signup", b"name=&age=&born=", URLENCODED)).text == (
        "{'name': '', 'age': None, 'born': None}"
    )


@pytest.mark.parametrize(("target", "text"), [("/api/point", "Point(x=1)"), ("/api/row", "{'x': 1, 'y': [2]}")])
async def test_form_may_be_a_dataclass_or_a_typed_dict(app: TypedAPI, target: str, text: str) -> None:
    assert (await send(app, target, b"x=1&y=2", URLENCODED)).text == text


@pytest.mark.parametrize("content_type", [None, "application/json", "text/plain", "multipart/mixed; boundary=x"])
async def test_form_route_takes_forms_alone(app: TypedAPI, content_type: str | None) -> None:
    answer = await send(app, "/api/signup", b'{"name": "a"}', content_type)
    assert (answer.status, answer.json) == (415, NO_FORM)


async def test_form_is_read_before_the_handler_of_any_method_with_a_body(app: TypedAPI) -> None:
    answers = [await send(app, "/api/signup", b"name=a", URLENCODED, m) for m in ("POST", "PUT", "PATCH", "DELETE")]
    assert [answer.text for answer in answers] == ["{'name': 'a'}"] * 4


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_handler_of_a_form_may_be_asked_without_one(app: TypedAPI, method: str) -> None:
    answer = await call(app, method, "/api/signup")
    assert (answer.status, answer.text) == (200, f"A {method} request has no body.")


async def test_urlencoded_form_of_too_many_fields_is_refused(app: TypedAPI) -> None:
    answer = await send(app, "/api/signup", b"name=a" + b"&tags=x" * 1000, URLENCODED)
    assert (answer.status, answer.json) == (
        413,
        problem(413, "Content Too Large", "The form has more than 1000 fields."),
    )


async def test_form_that_is_cut_off_is_400(app: TypedAPI) -> None:
    answer = await send(app, "/api/signup", part("name", b"a"))
    assert (answer.status, answer.json) == (
        400,
        problem(400, "Bad Request", "The multipart form is cut off: its closing boundary is missing."),
    )


# --- Files ------------------------------------------------------------------------------------------------------------


async def test_file_comes_with_name_type_size_and_content(app: TypedAPI) -> None:
    body = multipart(part("title", b"T"), part("photo", b"\xc3\xa9!", "é.png", "image/png"))
    assert (await send(app, "/api/upload", body)).json == ["T", "é.png", "image/png", 3, "é!"]


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_list_of_files_takes_any_number(app: TypedAPI, count: int) -> None:
    body = multipart(*(part("photos", b"%d" % number, f"{number}.txt") for number in range(count)))
    answer = await send(app, "/api/upload", body, method="PUT")
    assert (answer.status, answer.json) == (200, [str(number) for number in range(count)])


async def test_file_may_be_larger_than_what_is_kept_in_memory(app: TypedAPI) -> None:
    body = multipart(part("photo", b"abc" * 1_000_000, "a.bin"))
    assert (await send(app, "/api/upload", body)).json == ["", "a.bin", None, 3_000_000, "abcabcabca"]


async def test_limit_counts_the_files(app: TypedAPI) -> None:
    body = multipart(part("photo", b"x" * 2_100_000, "a"), part("photos", b"x" * 2_100_000, "b"))
    answer = await send(app, "/api/upload", body)
    assert (answer.status, answer.json) == (413, problem(413, "Content Too Large", "Body exceeded 4mb limit"))


EMPTY_INPUT = part("photo", b"", "", "application/octet-stream")


async def test_file_input_left_empty_is_absent(app: TypedAPI) -> None:
    """A browser sends an empty file without a name for a file input that nobody filled."""
    body = multipart(part("title", b"T"), EMPTY_INPUT, part("photos", b"", "", "application/octet-stream"))
    assert (await send(app, "/api/upload", body)).json == ["T"]


async def test_file_input_left_empty_is_missing_where_a_file_is_required(app: TypedAPI) -> None:
    answer = await send(app, "/api/required", multipart(EMPTY_INPUT))
    assert (answer.status, answer.json) == (422, unfit((["photo"], "Field required", "missing")))


async def test_empty_file_with_a_name_is_a_file(app: TypedAPI) -> None:
    answer = await send(app, "/api/required", multipart(part("photo", b"", "empty.txt")))
    assert (answer.status, answer.text) == (200, "empty.txt")


@pytest.mark.parametrize(
    "parts",
    [
        [part("photo", b"text")],
        [part("photo", b"text"), part("photo", b"1", "a.png")],
        [part("photo", b"1", "a.png"), part("photo", b"2", "b.png")],
    ],
    ids=["text", "text and file", "two files"],
)
async def test_what_is_not_one_file_is_refused_for_a_file(app: TypedAPI, parts: list[bytes]) -> None:
    answer = await send(app, "/api/required", multipart(*parts))
    assert (answer.status, answer.json) == (
        422,
        unfit((["photo"], "Input should be an instance of UploadFile", "is_instance_of")),
    )


async def test_text_beside_files_in_a_list_is_refused(app: TypedAPI) -> None:
    answer = await send(app, "/api/upload", multipart(part("photos", b"1", "a.png"), part("photos", b"text")))
    assert (answer.status, answer.json) == (
        422,
        unfit((["photos", 1], "Input should be an instance of UploadFile", "is_instance_of")),
    )


async def test_file_is_refused_for_text(app: TypedAPI) -> None:
    answer = await send(app, "/api/signup", multipart(part("name", b"1", "a.png")))
    assert (answer.status, answer.json) == (422, unfit((["name"], "Input should be a valid string", "string_type")))


async def test_urlencoded_text_is_no_file(app: TypedAPI) -> None:
    answer = await send(app, "/api/required", b"photo=a.png", URLENCODED)
    assert (answer.status, answer.json) == (
        422,
        unfit((["photo"], "Input should be an instance of UploadFile", "is_instance_of")),
    )


def test_form_of_a_client_library_is_read(app: TypedAPI) -> None:
    answer = TestClient(app).post(
        "/api/upload",
        data={"title": "T"},
        files=[("photos", ("a.txt", b"1", "text/plain")), ("photos", ("b.txt", b"2", "text/csv"))],
    )
    assert answer.json() == ["T", "a.txt", "text/plain", 1, "1", "b.txt", "text/csv", 1, "2"]


# --- The life of files ------------------------------------------------------------------------------------------------

PHOTO = part("photos", b"abc" * 500_000, "a.bin")


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tempfile.SpooledTemporaryFile[bytes]]:
    """The temporary files that forms open, in a folder of their own."""
    opened: list[tempfile.SpooledTemporaryFile[bytes]] = []

    class Recorded(tempfile.SpooledTemporaryFile[bytes]):
        def __init__(self, max_size: int) -> None:
            super().__init__(max_size=max_size, dir=str(tmp_path))
            opened.append(self)

    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", Recorded)
    return opened


def scope_of(method: str, **more: Any) -> Scope:  # Any: the values of a scope differ by key.
    return make_scope(method, "/api/life", {"content-type": MULTIPART, "transfer-encoding": "chunked"}, **more)


async def test_files_are_open_for_work_after_the_answer_and_closed_then(app: TypedAPI) -> None:
    notes: list[object] = []
    answer = await exchange(app, scope_of("POST", notes=notes), [piece(multipart(PHOTO))])
    file = notes.pop(0)
    assert isinstance(file, UploadFile)
    assert (answer.status, notes, file.file.closed) == (200, [False, False, "abc"], True)


@pytest.mark.parametrize(
    ("method", "messages", "status"),
    [
        ("POST", [piece(multipart(PHOTO))], 200),
        ("PUT", [piece(multipart(PHOTO))], 500),
        ("POST", [piece(multipart(PHOTO, part("photo", b"text")))], 422),
        ("POST", [piece(multipart(PHOTO, EMPTY_INPUT))], 200),
        ("POST", [piece(PHOTO)], 400),
        ("POST", [piece(PHOTO + b"--x\r\n\r\n\r\n")], 400),
        ("POST", [piece(PHOTO, more=True)] * 3, 413),
        ("POST", [piece(PHOTO[:-100])], 400),
    ],
    ids=["answered", "handler fails", "unfit", "empty input", "cut off", "nameless", "too large", "cut off in a file"],
)
async def test_no_file_outlives_its_request(
    app: TypedAPI,
    temporary: list[tempfile.SpooledTemporaryFile[bytes]],
    tmp_path: Path,
    method: str,
    messages: list[Message],
    status: int,
) -> None:
    answer = await exchange(app, scope_of(method, notes=[]), messages)
    assert (answer.status, bool(temporary), all(file.closed for file in temporary), os.listdir(tmp_path)) == (
        status,
        True,
        True,
        [],
    )


async def test_no_file_outlives_a_client_that_leaves(
    app: TypedAPI, temporary: list[tempfile.SpooledTemporaryFile[bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    answer = await exchange(app, scope_of("POST"), [piece(PHOTO[:-100], more=True), DISCONNECT])
    assert (answer.sent, caplog.records, [file.closed for file in temporary]) == ([], [], [True])


async def test_no_file_outlives_a_request_that_is_cancelled(
    app: TypedAPI, temporary: list[tempfile.SpooledTemporaryFile[bytes]]
) -> None:
    started = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(exchange, app, scope_of("PATCH", started=started), [piece(multipart(PHOTO))])
        await started.wait()
        assert [file.closed for file in temporary] == [False]
        tasks.cancel_scope.cancel()
    assert [file.closed for file in temporary] == [True]
