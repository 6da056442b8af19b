"""The table of statuses, and the markers that name one in a response type."""

from http import HTTPStatus
from typing import Any

import pytest

import typed_api
from typed_api.problem import Problem
from typed_api.status import (
    BODYLESS_STATUSES,
    MARKERS,
    REASON_PHRASES,
    REDIRECT_STATUSES,
    ClientError,
    Code,
    NoContent,
    NotFound,
    NotModified,
    Ok,
    ServerError,
    Status,
    Success,
    is_final_status,
    reason_phrase,
)

NAMES = {
    200: "Ok",
    201: "Created",
    202: "Accepted",
    204: "NoContent",
    205: "ResetContent",
    206: "PartialContent",
    304: "NotModified",
    400: "BadRequest",
    401: "Unauthorized",
    402: "PaymentRequired",
    403: "Forbidden",
    404: "NotFound",
    406: "NotAcceptable",
    408: "RequestTimeout",
    409: "Conflict",
    410: "Gone",
    411: "LengthRequired",
    412: "PreconditionFailed",
    413: "ContentTooLarge",
    415: "UnsupportedMediaType",
    418: "ImATeapot",
    422: "UnprocessableContent",
    423: "Locked",
    424: "FailedDependency",
    428: "PreconditionRequired",
    429: "TooManyRequests",
    451: "UnavailableForLegalReasons",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}


def test_markers_are_those_of_the_contract() -> None:
    assert {code: marker.__name__ for code, marker in MARKERS.items()} == NAMES


@pytest.mark.parametrize("name", [*NAMES.values(), "Success", "ClientError", "ServerError", "Code"])
def test_marker_is_exported(name: str) -> None:
    assert name in typed_api.__all__
    assert getattr(typed_api, name).__module__ == "typed_api.status"


@pytest.mark.parametrize(("code", "marker"), MARKERS.items())
def test_marker_is_named_after_its_phrase(code: int, marker: type[Status[Any]]) -> None:
    letters = "".join(letter for letter in reason_phrase(code) if letter.isalpha())
    assert marker.__name__.lower() == letters.lower()


@pytest.mark.parametrize(("code", "marker"), MARKERS.items())
def test_marker_says_its_status_in_its_docstring(code: int, marker: type[Status[Any]]) -> None:
    assert (marker.__doc__ or "").startswith(f"{code} {reason_phrase(code)}")


@pytest.mark.parametrize(("code", "marker"), MARKERS.items())
def test_marker_is_below_the_group_of_its_status(code: int, marker: type[Status[Any]]) -> None:
    groups: dict[int, type[Status[Any]]] = {2: Success, 3: Status, 4: ClientError, 5: ServerError}
    assert marker.__mro__[1] is groups[code // 100]
    assert code in marker.codes


@pytest.mark.parametrize(
    ("group", "codes"), [(Status, range(200, 600)), (Success, range(200, 300)), (ClientError, range(400, 500))]
)
def test_group_stands_for_its_statuses(group: type[Status[Any]], codes: range) -> None:
    assert (group.codes, group.status_code) == (codes, None)


def test_server_error_stands_for_every_5xx() -> None:
    assert (ServerError.codes, ServerError.status_code) == (range(500, 600), None)


@pytest.mark.parametrize("marker", [marker for code, marker in MARKERS.items() if code in BODYLESS_STATUSES])
def test_marker_of_a_status_without_content_takes_no_body(marker: Any) -> None:
    with pytest.raises(TypeError):
        marker[int]


@pytest.mark.parametrize("marker", [Ok[int], NotFound[Problem], NoContent, NotModified, Success[int]])
def test_marker_is_never_made(marker: Any) -> None:
    name = marker.__name__
    with pytest.raises(TypeError) as caught:
        marker()
    assert str(caught.value) == (
        f"{name} stands in a type, as in ApiResponse[{name}[...]]; send the body with res.status(...).json(...)."
    )


def test_code_is_never_made() -> None:
    with pytest.raises(TypeError) as caught:
        Code()
    assert str(caught.value) == (
        "Code stands in a type, as in ApiResponse[Code[...]]; send the body with res.status(...).json(...)."
    )


def test_statuses_without_content_are_204_205_and_304() -> None:
    assert set(BODYLESS_STATUSES) == {204, 205, 304}


def test_redirect_statuses_are_five() -> None:
    assert set(REDIRECT_STATUSES) == {301, 302, 303, 307, 308}


@pytest.mark.parametrize(
    ("code", "phrase"),
    [
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (416, "Range Not Satisfiable"),
        (418, "I'm a Teapot"),
        (422, "Unprocessable Content"),
        (302, "Found"),
    ],
)
def test_phrase_is_that_of_rfc_9110(code: int, phrase: str) -> None:
    """`http.HTTPStatus` says other words for some of these on some releases of Python."""
    assert reason_phrase(code) == phrase


@pytest.mark.parametrize("status", [status for status in HTTPStatus if status >= 200])
def test_table_has_every_final_status_of_the_standard_library(status: HTTPStatus) -> None:
    assert status in REASON_PHRASES or status == 510  # "Not Extended" is obsolete.


@pytest.mark.parametrize(
    ("code", "phrase"),
    [(299, "Success"), (399, "Redirection"), (499, "Client Error"), (599, "Server Error"), (999, "Unknown")],
)
def test_unregistered_status_has_the_name_of_its_class(code: int, phrase: str) -> None:
    assert reason_phrase(code) == phrase


@pytest.mark.parametrize("value", [200, 299, 404, 599, HTTPStatus.IM_A_TEAPOT])
def test_status_from_200_to_599_is_final(value: object) -> None:
    assert is_final_status(value) is True


@pytest.mark.parametrize("value", [199, 100, 600, 0, -200, True, 200.0, "200", None, HTTPStatus.CONTINUE])
def test_any_other_value_is_no_final_status(value: object) -> None:
    assert is_final_status(value) is False
