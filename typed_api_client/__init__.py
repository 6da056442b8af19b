"""The client for tests, typed by the routes of a project: `from typed_api_client import TypedClient`.

A module of its own, so that the stubs which `typed-api client stubs` makes can stand for it. What it does is in
`typed_api.typed_client`.
"""

from typing import Any

from typed_api.typed_client import (
    Answer,
    ApiClientError,
    ApiRequestError,
    Auth,
    ClientError,
    Event,
    File,
    InvalidAnswerError,
    RawBody,
    Redirection,
    ServerError,
    Stream,
    Success,
    TypedClient,
    UndeclaredStatusError,
    answer_class,
)

__all__ = [
    "Answer",
    "ApiClientError",
    "ApiRequestError",
    "Auth",
    "ClientError",
    "Event",
    "File",
    "InvalidAnswerError",
    "RawBody",
    "Redirection",
    "ServerError",
    "Stream",
    "Success",
    "TypedClient",
    "UndeclaredStatusError",
]


# Any: the class of a status has any body.
def __getattr__(name: str) -> type[Answer[Any]]:
    """Give the class of the answers of one status: `from typed_api_client import NotFound`."""
    return answer_class(name)
