"""What the source of a handler says of its answers, and when it says nothing."""

import sys
import textwrap
import types
from pathlib import Path
from typing import Any, Final

import pytest

from tests.documents import OWN, PROBLEM, app_of, document_of, responses_of, statuses_of
from typed_api.openapi import Info, build_document
from typed_api.openapi._sources import Answer, Answers, Sources

USER: Final = """
class User(BaseModel):
    id: int
"""
USER_JSON: Final[dict[str, Any]] = {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}}
UNKNOWN: Final = ["200", "default"]


def test_bare_type_has_the_literal_statuses() -> None:
    body = """
    if req.method == "PUT":
        return res.status(201).json(User(id=1))
    return res.status(202).json(User(id=1))
    """
    assert statuses_of("User", body, before=USER) == ["201", "202", "default"]


def test_bare_type_is_200_unless_set() -> None:
    assert responses_of("User", "return res.json(User(id=1))", before=USER) == {
        "200": {"description": "OK", "content": USER_JSON},
        "default": OWN["default"],
    }


def test_bare_union_keeps_the_class_that_a_status_is_sent_with() -> None:
    body = """
    if req.method == "PUT":
        return res.status(404).json(Problem(detail="no"))
    return res.json(User(id=1))
    """
    assert responses_of("User | Problem", body, before=USER) == {
        "200": {"description": "OK", "content": USER_JSON},
        "404": {"description": "Not Found", "content": PROBLEM},
        "default": OWN["default"],
    }


def test_bare_union_keeps_all_where_the_class_is_not_seen() -> None:
    body = "user = find()\nreturn res.json(user)"
    before = USER + "\ndef find(): ..."
    assert responses_of("User | Problem", body, before=before)["200"]["content"] == USER_JSON | PROBLEM


def test_bare_type_of_which_nothing_is_known_may_come_with_any_status() -> None:
    responses = responses_of("User", "return helper(res)", before=USER + "\ndef helper(res): ...")
    assert responses == {
        "200": {"description": "OK", "content": USER_JSON},
        "default": {"description": "Any other answer.", "content": USER_JSON | PROBLEM},
    }


def test_known_statuses_stand_beside_the_unknown() -> None:
    body = "if req.method == 'PUT':\n    return res.status(201).json(User(id=1))\nreturn helper(res)"
    assert statuses_of("User", body, before=USER + "\ndef helper(res): ...") == ["200", "201", "default"]


@pytest.mark.parametrize(
    ("code", "statuses"),
    [
        ("return res.status(CREATED).json(1)", ["201", "default"]),
        ("return res.status(MARKED).json(1)", ["202", "default"]),
        ("return res.status(http.HTTPStatus.CONFLICT).json(1)", ["409", "default"]),
        ("return res.status(code=201).json(1)", ["201", "default"]),
        ("return res.status(201 if req.query else 202).json(1)", ["201", "202", "default"]),
        ("res.status(201)\nreturn res.json(1)", ["201", "default"]),
        ("res.status(201)\nres.status(202)\nreturn res.json(1)", ["202", "default"]),
        ("if req.query:\n    res.status(201)\nreturn res.json(1)", ["200", "201", "default"]),
        (
            "if req.query:\n    res.status(201)\nelse:\n    res.status(202)\nreturn res.json(1)",
            ["201", "202", "default"],
        ),
        ("return res.status(201).set_header('x', 'y').set_cookie('a', 'b').json(1)", ["201", "default"]),
        ("answer = res.status(201)\nreturn answer.json(1)", ["201", "default"]),
        ("other = res\nreturn other.status(201).json(1)", ["201", "default"]),
        (
            "for _ in req.query:\n    return res.status(404).json(1)\nreturn res.status(201).json(1)",
            ["201", "404", "default"],
        ),
        ("while True:\n    return res.status(201).json(1)", ["201", "default"]),
        (
            "while True:\n    if req.query:\n        res.status(202)\n        break\nreturn res.json(1)",
            ["202", "default"],
        ),
        ("for _ in req.query:\n    res.status(202)\nreturn res.json(1)", ["200", "202", "default"]),
        ("try:\n    res.status(201)\nexcept KeyError:\n    pass\nreturn res.json(1)", ["200", "201", "default"]),
        (
            "try:\n    return res.status(201).json(1)\nexcept KeyError:\n    return res.status(404).json(1)",
            ["201", "404", "default"],
        ),
        ("try:\n    pass\nfinally:\n    res.status(201)\nreturn res.json(1)", ["201", "default"]),
        ("with open('x'):\n    return res.status(201).json(1)", ["201", "default"]),
        (
            "match req:\n case 1:\n  return res.status(201).json(1)\n case _:\n  return res.status(202).json(1)",
            ["201", "202", "default"],
        ),
        ("return res.status(201).json(1) if req.query else res.status(202).json(1)", ["201", "202", "default"]),
        ("return req.query and res.status(201).json(1) or res.status(202).json(1)", ["201", "202", "default"]),
        ("raise ApiError(409, 'no')", ["default"]),
        ("def inner():\n    return 1\nreturn res.status(201).json(inner())", ["201", "default"]),
        ("for _ in req.query:\n    continue\nelse:\n    res.status(202)\nreturn res.json(1)", ["202", "default"]),
        ("status: int = res.status_code\nreturn res.status(201).json(status)", ["201", "default"]),
        ("return print(res.status(201).json(1))", ["201", "default"]),
        ("return res.status(401.5).json(1)", ["200", "default"]),
        ("return res.status(http.HTTPStatus(req.query)).json(1)", ["200", "default"]),
        ("return res.status(typing.Any).json(1)", ["200", "default"]),
        ("return res.status(204).end()", ["204", "default"]),
        ("if res.sent:\n    res.after(print)\nreturn res.status(201).json(1)", ["201", "default"]),
        ("print(res.get_header('x'))\nreturn res.status(201).json(1)", ["201", "default"]),
    ],
)
def test_statuses_are_followed(code: str, statuses: list[str]) -> None:
    before = "CREATED: Final = 201\nMARKED: Final[int] = 202\n"
    assert statuses_of("int", code, before=before) == statuses


@pytest.mark.parametrize(
    "code",
    [
        "return helper(res)",
        "return helper([res])",
        "return res.status(req.query['code']).json(1)",
        "code = 201\nreturn res.status(code).json(1)",
        "return res.status(variable).json(1)",
        "def inner():\n    return res.status(201).json(1)\nreturn inner()",
        "return (lambda: res.status(201).json(1))()",
        "return [r.json(1) for r in [res]][0]",
        "answer = res.json\nreturn answer(1)",
        "return getattr(res, 'json')(1)",
        "res = helper(req)\nreturn res.json(1)",
        "return res.json(*req.query)",
        "holder = {'res': res}\nreturn res.status(200).json(1)",
        "class Inner:\n    held = res\nreturn res.json(1)",
        "res.unknown()\nreturn res.json(1)",
        "return res.json(**req.query)",
    ],
)
def test_what_cannot_be_followed_is_unknown(code: str) -> None:
    assert statuses_of("int", code, before="variable = 201\ndef helper(res): ...\n") == UNKNOWN


def test_media_type_that_is_taken_back_is_the_usual_one() -> None:
    body = "res.set_header('content-type', 'text/html')\nres.remove_header('content-type')\nreturn res.send('x')"
    assert list(responses_of("Ok[str]", body)["200"]["content"]) == ["text/plain"]


def test_other_header_leaves_the_media_type() -> None:
    body = "return res.set_header('x-kind', 'text/html').send('x')"
    assert list(responses_of("Ok[str]", body)["200"]["content"]) == ["text/plain"]


def test_header_of_a_computed_name_may_be_the_media_type() -> None:
    body = "return res.set_header(str(req.path), 'text/html').send('x')"
    assert list(responses_of("Ok[str]", body)["200"]["content"]) == ["*/*"]


def test_unknown_is_never_narrowed() -> None:
    before = "def helper(res): ...\n"
    body = "helper(res)\nreturn res.status(404).json(Problem())"
    assert responses_of("int | Problem", body, before=before)["404"]["content"] == (
        {"application/json": {"schema": {"type": "integer"}}} | PROBLEM
    )


def test_innermost_function_is_read() -> None:
    text = """
    def logged(function):
        @functools.wraps(function)
        def inner(req, res):
            res.status(500)
            return function(req, res)
        return inner

    @logged
    def get(req: ApiRequest[None], res: ApiResponse[int]):
        return res.status(201).json(1)
    """
    document = document_of({"api/x.py": text})
    assert list(document["paths"]["/api/x"]["get"]["responses"]) == ["201", "default"]


def test_function_that_another_makes_is_read() -> None:
    text = """
    def make(value):
        def get(req: ApiRequest[None], res: ApiResponse[int]):
            return res.status(201).json(value)
        return get

    get = make(3)
    """
    document = document_of({"api/x.py": text})
    assert list(document["paths"]["/api/x"]["get"]["responses"]) == ["201", "default"]


def test_handler_from_another_module_is_read_there() -> None:
    files = {
        "api/_shared.py": "def get(req: ApiRequest[None], res: ApiResponse[int]): return res.status(201).json(1)\n",
        "api/x.py": "from ._shared import get\n",
    }
    document = document_of(files)
    assert list(document["paths"]["/api/x"]["get"]["responses"]) == ["201", "default"]


def test_text_at_the_margin_inside_a_function_does_not_end_it() -> None:
    text = (
        'def get(req: ApiRequest[None], res: ApiResponse[int]):\n    text = """\nat the margin\n"""\n'
        "    return res.status(201).json(len(text))\n"
    )
    app = app_of({"api/x.py": text})
    answers = Sources().answers(app.endpoints[0].handlers["GET"].function)
    assert [answer.status for answer in answers.found] == [201]


def test_async_handler_is_read() -> None:
    text = "async def get(req: ApiRequest[None], res: ApiResponse[int]):\n    return res.status(201).json(1)\n"
    document = document_of({"api/x.py": text})
    assert list(document["paths"]["/api/x"]["get"]["responses"]) == ["201", "default"]


def test_function_that_has_run_is_still_known_by_its_code() -> None:
    text = "def get(req, res):\n    return res.status(201).json(1)\n"
    app = app_of({"api/x.py": text.replace("req, res", "req: ApiRequest[None], res: ApiResponse[int]")})
    function = app.endpoints[0].handlers["GET"].function

    class Response:
        def status(self, code: int) -> "Response":
            return self

        def json(self, body: int) -> int:
            return body

    for _ in range(100):  # The interpreter rewrites code that runs often.
        function(None, Response())
    assert Sources().answers(function).is_complete


def test_file_that_has_changed_since_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "changing.py"
    file.write_text("def get(req, res):\n    return res.status(201).json(1)\n", encoding="utf-8")
    function = _function_of(file)
    file.write_text("def get(req, res):\n    return res.status(202).json(1)\n", encoding="utf-8")
    assert Sources().answers(function) == Answers()


def test_file_that_has_grown_above_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "changing.py"
    text = "def get(req, res):\n    return res.status(201).json(1)\n"
    file.write_text(text, encoding="utf-8")
    function = _function_of(file)
    file.write_text("\n" + text, encoding="utf-8")
    assert Sources().answers(function) == Answers()


@pytest.mark.parametrize("text", ["", "def get(req, res:\n", "\0", "def get(req, res):\n    x = 1\n"])
def test_file_that_is_no_longer_python_is_not_read(tmp_path: Path, text: str) -> None:
    file = tmp_path / "changing.py"
    file.write_text("def get(req, res):\n    return res.status(201).json(1)\n", encoding="utf-8")
    function = _function_of(file)
    file.write_text(text, encoding="utf-8")
    assert Sources().answers(function) == Answers()


def test_function_without_a_file_is_unknown() -> None:
    scope: dict[str, Any] = {}
    exec("def get(req, res):\n    return res.status(201).json(1)\n", scope)
    assert Sources().answers(scope["get"]) == Answers()


def _function_of(file: Path) -> Any:
    module = types.ModuleType("changing")
    exec(compile(file.read_text(encoding="utf-8"), file, "exec", dont_inherit=True), vars(module))
    return module.get


def test_answers_come_in_the_order_of_the_source(tmp_path: Path) -> None:
    file = tmp_path / "plain.py"
    file.write_text(
        textwrap.dedent("""
        def get(req, res):
            if req:
                return res.redirect(303, "/x")
            if not req:
                return res.status(201).send("x")
            return res.end()
        """),
        encoding="utf-8",
    )
    assert Sources().answers(_function_of(file)) == Answers(
        (
            Answer(303, "redirect", None, True, None),
            Answer(201, "send", None, True, None),
            Answer(200, "end", None, True, None),
        ),
        True,
    )


def test_tangle_of_statuses_is_unknown(tmp_path: Path) -> None:
    file = tmp_path / "tangled.py"
    lines = [f"    if req.x{code}:\n        res.status({code})\n" for code in range(200, 300)]
    file.write_text("def get(req, res):\n" + "".join(lines) + "    return res.json(1)\n", encoding="utf-8")
    assert not Sources().answers(_function_of(file)).is_complete


def test_deep_source_is_unknown_rather_than_an_error(tmp_path: Path) -> None:
    file = tmp_path / "deep.py"
    chain = "".join(".set_header('a', 'b')" for _ in range(sys.getrecursionlimit() // 4))
    file.write_text(f"def get(req, res):\n    return res{chain}.status(201).json(1)\n", encoding="utf-8")
    found = Sources().answers(_function_of(file))
    assert found == Answers() or [answer.status for answer in found.found] == [201]


def test_document_is_built_where_the_source_is_gone() -> None:
    app = app_of(
        {"api/x.py": "def get(req: ApiRequest[None], res: ApiResponse[int]):\n    return res.status(201).json(1)"}
    )
    Path(app.endpoints[0].handlers["GET"].function.__code__.co_filename).unlink()
    document: Any = build_document(app.endpoints, Info(title="", version=""))
    assert list(document["paths"]["/api/x"]["get"]["responses"]) == UNKNOWN


def test_call_that_only_raises_is_no_answer() -> None:
    responses = responses_of("User", "res.redirect()  # type: ignore", before=USER)
    assert [status for status in responses if status != "default"] == []
