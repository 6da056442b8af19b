"""HTTP statuses: reason phrases, and the markers that name a status in a handler's response type.

Owns the table of final statuses and the classes of `ApiResponse[Ok[User] | NotFound[Problem]]`. A marker says "this
status, with this body" to a type checker and to the server alike; it is never instantiated. Pure: the mypy plugin
reads this module too.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Literal, final

from typing_extensions import TypeVar

if TYPE_CHECKING:
    from typed_api._types import Sendable

__all__ = [
    "BODYLESS_STATUSES",
    "MARKERS",
    "REASON_PHRASES",
    "REDIRECT_STATUSES",
    "Accepted",
    "BadGateway",
    "BadRequest",
    "ClientError",
    "Code",
    "Conflict",
    "ContentTooLarge",
    "Created",
    "FailedDependency",
    "Forbidden",
    "GatewayTimeout",
    "Gone",
    "ImATeapot",
    "InternalServerError",
    "LengthRequired",
    "Locked",
    "NoContent",
    "NotAcceptable",
    "NotFound",
    "NotModified",
    "Ok",
    "PartialContent",
    "PaymentRequired",
    "PreconditionFailed",
    "PreconditionRequired",
    "RedirectCode",
    "RequestTimeout",
    "ResetContent",
    "ServerError",
    "ServiceUnavailable",
    "Status",
    "Success",
    "TooManyRequests",
    "Unauthorized",
    "UnavailableForLegalReasons",
    "UnprocessableContent",
    "UnsupportedMediaType",
    "is_final_status",
    "reason_phrase",
]

# Our own table: `http.HTTPStatus` says "Request Entity Too Large" on one Python and "Content Too Large" on the next,
# and the phrase is part of every published error.
REASON_PHRASES: Final[Mapping[int, str]] = MappingProxyType(
    {
        200: "OK",
        201: "Created",
        202: "Accepted",
        203: "Non-Authoritative Information",
        204: "No Content",
        205: "Reset Content",
        206: "Partial Content",
        207: "Multi-Status",
        208: "Already Reported",
        226: "IM Used",
        300: "Multiple Choices",
        301: "Moved Permanently",
        302: "Found",
        303: "See Other",
        304: "Not Modified",
        305: "Use Proxy",
        307: "Temporary Redirect",
        308: "Permanent Redirect",
        400: "Bad Request",
        401: "Unauthorized",
        402: "Payment Required",
        403: "Forbidden",
        404: "Not Found",
        405: "Method Not Allowed",
        406: "Not Acceptable",
        407: "Proxy Authentication Required",
        408: "Request Timeout",
        409: "Conflict",
        410: "Gone",
        411: "Length Required",
        412: "Precondition Failed",
        413: "Content Too Large",
        414: "URI Too Long",
        415: "Unsupported Media Type",
        416: "Range Not Satisfiable",
        417: "Expectation Failed",
        418: "I'm a Teapot",
        421: "Misdirected Request",
        422: "Unprocessable Content",
        423: "Locked",
        424: "Failed Dependency",
        425: "Too Early",
        426: "Upgrade Required",
        428: "Precondition Required",
        429: "Too Many Requests",
        431: "Request Header Fields Too Large",
        451: "Unavailable For Legal Reasons",
        500: "Internal Server Error",
        501: "Not Implemented",
        502: "Bad Gateway",
        503: "Service Unavailable",
        504: "Gateway Timeout",
        505: "HTTP Version Not Supported",
        506: "Variant Also Negotiates",
        507: "Insufficient Storage",
        508: "Loop Detected",
        511: "Network Authentication Required",
    }
)
"""Reason phrases of RFC 9110 and the IANA registry, by final status."""

BODYLESS_STATUSES: Final[frozenset[int]] = frozenset({204, 205, 304})
"""Statuses that carry no content (RFC 9110 §15.3.5, §15.3.6, §15.4.5)."""

RedirectCode = Literal[301, 302, 303, 307, 308]
REDIRECT_STATUSES: Final[frozenset[int]] = frozenset({301, 302, 303, 307, 308})
"""The statuses that `res.redirect` takes."""


def reason_phrase(status_code: int) -> str:
    """Look up the phrase of a status.

    Args:
        status_code: Any final status.

    Returns:
        The registered phrase, or the name of its class ("Client Error") for an unregistered status.
    """
    phrase = REASON_PHRASES.get(status_code)
    if phrase is not None:
        return phrase
    return {2: "Success", 3: "Redirection", 4: "Client Error", 5: "Server Error"}.get(status_code // 100, "Unknown")


def is_final_status(status_code: object) -> bool:
    """Tell whether a value is a status that a response may end with.

    1xx statuses are interim (RFC 9110 §15.2) and 6xx and above are not HTTP.

    Args:
        status_code: Anything; a bool is no status.

    Returns:
        True for an int from 200 to 599.
    """
    return type(status_code) is not bool and isinstance(status_code, int) and 200 <= status_code <= 599


# In quotes: `Sendable` is made of pydantic's classes, and the mypy plugin loads this module without pydantic.
BodyT_co = TypeVar("BodyT_co", covariant=True, bound="Sendable")
CodeT_co = TypeVar("CodeT_co", covariant=True, bound=int)


class Status(Generic[BodyT_co]):
    """Any status, with this body.

    Attributes:
        codes: The statuses that the marker stands for.
        status_code: The one status of an exact marker; None for a group.
    """

    codes: ClassVar[range] = range(200, 600)
    status_code: ClassVar[int | None] = None

    def __init__(self) -> None:
        """Refuse to be made: a marker only stands in an annotation.

        Raises:
            TypeError: Always.
        """
        raise TypeError(
            f"{type(self).__name__} stands in a type, as in ApiResponse[{type(self).__name__}[...]]; "
            "send the body with res.status(...).json(...)."
        )


class Success(Status[BodyT_co]):
    """Every 2xx status, with this body."""

    codes: ClassVar[range] = range(200, 300)


class ClientError(Status[BodyT_co]):
    """Every 4xx status, with this body."""

    codes: ClassVar[range] = range(400, 500)


class ServerError(Status[BodyT_co]):
    """Every 5xx status, with this body."""

    codes: ClassVar[range] = range(500, 600)


class Ok(Success[BodyT_co]):
    """200 OK."""

    status_code: ClassVar[int | None] = 200


class Created(Success[BodyT_co]):
    """201 Created."""

    status_code: ClassVar[int | None] = 201


class Accepted(Success[BodyT_co]):
    """202 Accepted."""

    status_code: ClassVar[int | None] = 202


class NoContent(Success[None]):
    """204 No Content: answer with `res.status(204).end()`."""

    status_code: ClassVar[int | None] = 204


class ResetContent(Success[None]):
    """205 Reset Content: answer with `res.status(205).end()`."""

    status_code: ClassVar[int | None] = 205


class PartialContent(Success[BodyT_co]):
    """206 Partial Content."""

    status_code: ClassVar[int | None] = 206


class NotModified(Status[None]):
    """304 Not Modified: answer with `res.status(304).end()`."""

    codes: ClassVar[range] = range(300, 400)
    status_code: ClassVar[int | None] = 304


class BadRequest(ClientError[BodyT_co]):
    """400 Bad Request."""

    status_code: ClassVar[int | None] = 400


class Unauthorized(ClientError[BodyT_co]):
    """401 Unauthorized."""

    status_code: ClassVar[int | None] = 401


class PaymentRequired(ClientError[BodyT_co]):
    """402 Payment Required."""

    status_code: ClassVar[int | None] = 402


class Forbidden(ClientError[BodyT_co]):
    """403 Forbidden."""

    status_code: ClassVar[int | None] = 403


class NotFound(ClientError[BodyT_co]):
    """404 Not Found."""

    status_code: ClassVar[int | None] = 404


class NotAcceptable(ClientError[BodyT_co]):
    """406 Not Acceptable."""

    status_code: ClassVar[int | None] = 406


class RequestTimeout(ClientError[BodyT_co]):
    """408 Request Timeout."""

    status_code: ClassVar[int | None] = 408


class Conflict(ClientError[BodyT_co]):
    """409 Conflict."""

    status_code: ClassVar[int | None] = 409


class Gone(ClientError[BodyT_co]):
    """410 Gone."""

    status_code: ClassVar[int | None] = 410


class LengthRequired(ClientError[BodyT_co]):
    """411 Length Required."""

    status_code: ClassVar[int | None] = 411


class PreconditionFailed(ClientError[BodyT_co]):
    """412 Precondition Failed."""

    status_code: ClassVar[int | None] = 412


class ContentTooLarge(ClientError[BodyT_co]):
    """413 Content Too Large."""

    status_code: ClassVar[int | None] = 413


class UnsupportedMediaType(ClientError[BodyT_co]):
    """415 Unsupported Media Type."""

    status_code: ClassVar[int | None] = 415


class ImATeapot(ClientError[BodyT_co]):
    """418 I'm a Teapot."""

    status_code: ClassVar[int | None] = 418


class UnprocessableContent(ClientError[BodyT_co]):
    """422 Unprocessable Content."""

    status_code: ClassVar[int | None] = 422


class Locked(ClientError[BodyT_co]):
    """423 Locked."""

    status_code: ClassVar[int | None] = 423


class FailedDependency(ClientError[BodyT_co]):
    """424 Failed Dependency."""

    status_code: ClassVar[int | None] = 424


class PreconditionRequired(ClientError[BodyT_co]):
    """428 Precondition Required."""

    status_code: ClassVar[int | None] = 428


class TooManyRequests(ClientError[BodyT_co]):
    """429 Too Many Requests."""

    status_code: ClassVar[int | None] = 429


class UnavailableForLegalReasons(ClientError[BodyT_co]):
    """451 Unavailable For Legal Reasons."""

    status_code: ClassVar[int | None] = 451


class InternalServerError(ServerError[BodyT_co]):
    """500 Internal Server Error."""

    status_code: ClassVar[int | None] = 500


class BadGateway(ServerError[BodyT_co]):
    """502 Bad Gateway."""

    status_code: ClassVar[int | None] = 502


class ServiceUnavailable(ServerError[BodyT_co]):
    """503 Service Unavailable."""

    status_code: ClassVar[int | None] = 503


class GatewayTimeout(ServerError[BodyT_co]):
    """504 Gateway Timeout."""

    status_code: ClassVar[int | None] = 504


@final
class Code(Status[BodyT_co], Generic[CodeT_co, BodyT_co]):
    """A status without a marker of its own: `Code[Literal[425], TooEarly]`."""


_NAMED: Final[tuple[type[Status[Any]], ...]] = (
    Ok,
    Created,
    Accepted,
    NoContent,
    ResetContent,
    PartialContent,
    NotModified,
    BadRequest,
    Unauthorized,
    PaymentRequired,
    Forbidden,
    NotFound,
    NotAcceptable,
    RequestTimeout,
    Conflict,
    Gone,
    LengthRequired,
    PreconditionFailed,
    ContentTooLarge,
    UnsupportedMediaType,
    ImATeapot,
    UnprocessableContent,
    Locked,
    FailedDependency,
    PreconditionRequired,
    TooManyRequests,
    UnavailableForLegalReasons,
    InternalServerError,
    BadGateway,
    ServiceUnavailable,
    GatewayTimeout,
)

# Any: markers differ in their body.
MARKERS: Final[Mapping[int, type[Status[Any]]]] = MappingProxyType(
    {marker.status_code: marker for marker in _NAMED if marker.status_code is not None}
)
"""The marker of each status that has one."""
