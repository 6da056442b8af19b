"""The one shape that every error has on the wire."""

import json
from http import HTTPStatus

import pytest
from pydantic import ValidationError

from typed_api.errors import ApiError
from typed_api.problem import Problem, ProblemError, problem_json


def test_error_becomes_a_problem_without_what_it_lacks() -> None:
    assert problem_json(ApiError(404)) == b'{"type":"about:blank","title":"Not Found","status":404}'


def test_error_becomes_a_problem_with_its_detail() -> None:
    assert json.loads(problem_json(ApiError(409, "The name is taken."))) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "The name is taken.",
    }


def test_empty_detail_is_kept() -> None:
    assert json.loads(problem_json(ApiError(409, ""))) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "",
    }


def test_error_becomes_a_problem_with_its_errors() -> None:
    errors = [{"loc": ["body", "items", 0], "msg": "Field required", "type": "missing"}]
    assert json.loads(problem_json(ApiError(422, "No.", errors=errors))) == {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "No.",
        "errors": errors,
    }


def test_headers_of_an_error_stay_out_of_its_body() -> None:
    assert problem_json(ApiError(429, headers={"Retry-After": "1"})) == (
        b'{"type":"about:blank","title":"Too Many Requests","status":429}'
    )


def test_member_of_http_status_is_written_as_its_number() -> None:
    assert problem_json(ApiError(HTTPStatus.GONE)) == b'{"type":"about:blank","title":"Gone","status":410}'


def test_unregistered_status_has_a_title() -> None:
    assert problem_json(ApiError(499)) == b'{"type":"about:blank","title":"Client Error","status":499}'


def test_extra_members_come_last() -> None:
    assert problem_json(ApiError(500, "No."), {"traceback": ["a"]}) == (
        b'{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"No.","traceback":["a"]}'
    )


def test_problem_leaves_out_what_is_not_given() -> None:
    """RFC 9457 has members absent, not null."""
    assert Problem().model_dump_json() == '{"type":"about:blank"}'


def test_problem_writes_all_that_is_given() -> None:
    problem = Problem(
        type="https://example.com/taken",
        title="Taken",
        status=409,
        detail="d",
        instance="/api/users/1",
        errors=[ProblemError(loc=["body", 0], msg="m", type="t")],
    )
    assert json.loads(problem.model_dump_json()) == {
        "type": "https://example.com/taken",
        "title": "Taken",
        "status": 409,
        "detail": "d",
        "instance": "/api/users/1",
        "errors": [{"loc": ["body", 0], "msg": "m", "type": "t"}],
    }


def test_problem_reads_what_the_framework_answers() -> None:
    error = ApiError(422, "No.", errors=[{"loc": ["query", "id"], "msg": "m", "type": "t"}])
    assert Problem.model_validate_json(problem_json(error)) == Problem(
        title="Unprocessable Content",
        status=422,
        detail="No.",
        errors=[ProblemError(loc=["query", "id"], msg="m", type="t")],
    )


def test_subclass_of_problem_adds_members() -> None:
    class OutOfCredit(Problem):
        balance: int

    assert OutOfCredit(type="https://example.com/credit", balance=30).model_dump_json() == (
        '{"type":"https://example.com/credit","balance":30}'
    )


def test_problem_refuses_a_status_that_is_no_number() -> None:
    with pytest.raises(ValidationError):
        Problem.model_validate({"status": "not found"})


def test_error_with_half_a_character_in_it_can_be_written() -> None:
    """A file name that is no UTF-8 comes as a lone surrogate, which JSON cannot hold."""
    error = ApiError(400, "No file 'caf\udce9'.", errors=[{"loc": ["body"], "msg": "ü", "type": "t"}])
    assert (
        problem_json(error)
        == (
            '{"type":"about:blank","title":"Bad Request","status":400,"detail":"No file \'caf?\'.",'
            '"errors":[{"loc":["body"],"msg":"ü","type":"t"}]}'
        ).encode()
    )
