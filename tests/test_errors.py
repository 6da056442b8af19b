"""What the errors say, and what they keep."""

import copy
import pickle
from http import HTTPStatus
from typing import Any

import pytest

from typed_api.errors import ApiError, ConfigError, ResponseAlreadySent, ResponseValidationError, StartupError


def test_api_error_keeps_its_parts() -> None:
    errors = [{"loc": ["body"], "msg": "m", "type": "t"}]
    error = ApiError(409, "The name is taken.", {"Retry-After": "30"}, errors=errors)
    assert (error.status_code, error.detail, error.headers, error.errors) == (
        409,
        "The name is taken.",
        {"Retry-After": "30"},
        errors,
    )


def test_api_error_needs_its_status_alone() -> None:
    error = ApiError(404)
    assert (error.status_code, error.detail, error.headers, error.errors) == (404, None, {}, ())


@pytest.mark.parametrize("status_code", [400, 418, 499, 500, 599, HTTPStatus.CONFLICT])
def test_api_error_takes_an_error_status(status_code: int) -> None:
    assert ApiError(status_code).status_code == status_code


@pytest.mark.parametrize("status_code", [200, 302, 399, 600, 0, -404, True, 404.0, "404", None, HTTPStatus.OK])
def test_api_error_refuses_any_other_status(status_code: Any) -> None:
    with pytest.raises(ValueError) as caught:
        ApiError(status_code)
    assert str(caught.value) == f"ApiError takes an error status from 400 to 599, not {status_code!r}."


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ApiError(404, "No such user."), "404: No such user."),
        (ApiError(404), "404"),
        (ApiError(HTTPStatus.GONE), "410"),
        (ApiError(HTTPStatus.GONE, "It is gone."), "410: It is gone."),
    ],
)
def test_api_error_reads_as_status_and_detail(error: ApiError, text: str) -> None:
    assert str(error) == text


@pytest.mark.parametrize("duplicate", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy])
def test_api_error_survives_the_way_between_processes(duplicate: Any) -> None:
    error = duplicate(ApiError(429, "Slow down.", {"Retry-After": "1"}, errors=[{"msg": "m"}]))
    assert (type(error), error.status_code, error.detail, error.headers, error.errors) == (
        ApiError,
        429,
        "Slow down.",
        {"Retry-After": "1"},
        [{"msg": "m"}],
    )


def test_startup_error_names_its_one_problem() -> None:
    error = StartupError(["'a.py' is wrong."])
    assert str(error) == "1 problem keeps the routes from being served:\n- 'a.py' is wrong."


def test_startup_error_lists_every_problem_with_its_lines_indented() -> None:
    error = StartupError(["'a.py' cannot be imported:\nTraceback\n  File", "'b.py' is wrong."])
    assert error.problems == ("'a.py' cannot be imported:\nTraceback\n  File", "'b.py' is wrong.")
    assert str(error) == (
        "2 problems keep the routes from being served:\n"
        "- 'a.py' cannot be imported:\n"
        "  Traceback\n"
        "    File\n"
        "- 'b.py' is wrong."
    )


def test_startup_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(StartupError(["one", "two"])))
    assert (type(error), error.problems) == (StartupError, ("one", "two"))


def test_response_validation_error_keeps_its_errors() -> None:
    error = ResponseValidationError("The body does not fit.", [{"loc": ["id"], "msg": "m", "type": "t"}])
    assert (str(error), error.errors) == ("The body does not fit.", [{"loc": ["id"], "msg": "m", "type": "t"}])


def test_response_validation_error_has_no_errors_unless_given() -> None:
    assert ResponseValidationError("The body does not fit.").errors == ()


@pytest.mark.parametrize(
    ("error", "base"),
    [(ConfigError, ValueError), (ResponseValidationError, ValueError), (ResponseAlreadySent, RuntimeError)],
)
def test_mistake_is_of_the_kind_that_python_has_for_it(error: type[Exception], base: type[Exception]) -> None:
    assert error.__bases__ == (base,)
