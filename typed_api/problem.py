"""Error bodies: `Problem`, the one shape that every error of the framework has on the wire.

Owns the model and how an `ApiError` becomes it. What may be shown to a client is decided where the error is made.
"""

import json
from collections.abc import Mapping

from pydantic import BaseModel, Field
from pydantic_core import to_json

from typed_api.errors import ApiError
from typed_api.status import reason_phrase

__all__ = ["Problem", "ProblemError", "problem_json"]


def _is_absent(value: object) -> bool:
    # RFC 9457 has members absent, not null.
    return value is None


class ProblemError(BaseModel):
    """One validation error: where, and what is wrong there."""

    loc: list[str | int]
    """The way to the value, for example `["body", "items", 0, "price"]`."""
    msg: str
    """What is wrong, in a sentence."""
    type: str
    """Pydantic's name for the error, for example `"int_type"`."""


class Problem(BaseModel):
    """A problem detail, sent as `application/problem+json` (RFC 9457 §3.1); a subclass may add members."""

    type: str = "about:blank"
    """A URI that names the kind of problem; "about:blank" says no more than the status does."""
    title: str | None = Field(default=None, exclude_if=_is_absent)
    """The kind of problem in words: for "about:blank" the reason phrase of the status."""
    status: int | None = Field(default=None, exclude_if=_is_absent)
    """The HTTP status."""
    detail: str | None = Field(default=None, exclude_if=_is_absent)
    """What went wrong this time."""
    instance: str | None = Field(default=None, exclude_if=_is_absent)
    """A URI of this occurrence."""
    errors: list[ProblemError] | None = Field(default=None, exclude_if=_is_absent)
    """Validation errors."""


def problem_json(error: ApiError, extra: Mapping[str, object] | None = None) -> bytes:
    """Write an error as problem+json.

    Args:
        error: The error; its `detail` and `errors` are shown.
        extra: Further members, for development alone.

    Returns:
        The body of an `application/problem+json` answer.
    """
    members: dict[str, object] = {
        "type": "about:blank",
        "title": reason_phrase(error.status_code),
        "status": error.status_code,
    }
    if error.detail is not None:
        members["detail"] = error.detail
    if error.errors:
        members["errors"] = list(error.errors)
    members.update(extra or {})
    try:
        return to_json(members)
    except ValueError:
        # A lone surrogate, as in a file name that is no UTF-8: the answer must not fail on what it tells of.
        return json.dumps(members, ensure_ascii=False, separators=(",", ":"), default=repr).encode("utf-8", "replace")
