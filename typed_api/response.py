"""The response of a handler: `ApiResponse[T]`, mirroring the response helpers of Next.js.

Owns what a handler may do with its answer: choosing a status, checking a body against the type declared for that
status, headers and cookies, redirects, streams, and work for afterwards. Nothing is sent here; the answer is kept
until the handler has returned, and `adapter` sends it.
"""

import datetime
from collections.abc import AsyncIterable, Callable, Iterator, Mapping
from typing import Any, Final, Generic, Literal, ParamSpec, Protocol, Self, TypeAlias, cast, final, overload

from starlette.datastructures import Headers
from typing_extensions import TypeVar

from typed_api import wire
from typed_api._types import SENT, Json, Sendable, Sent, StreamedBody
from typed_api.errors import ResponseAlreadySent, ResponseValidationError
from typed_api.problem import Problem
from typed_api.status import (
    REDIRECT_STATUSES,
    Accepted,
    BadGateway,
    BadRequest,
    ClientError,
    Code,
    Conflict,
    ContentTooLarge,
    Created,
    FailedDependency,
    Forbidden,
    GatewayTimeout,
    Gone,
    ImATeapot,
    InternalServerError,
    LengthRequired,
    Locked,
    NoContent,
    NotAcceptable,
    NotFound,
    NotModified,
    Ok,
    PartialContent,
    PaymentRequired,
    PreconditionFailed,
    PreconditionRequired,
    RedirectCode,
    RequestTimeout,
    ResetContent,
    ServerError,
    ServiceUnavailable,
    Status,
    Success,
    TooManyRequests,
    Unauthorized,
    UnavailableForLegalReasons,
    UnprocessableContent,
    UnsupportedMediaType,
    is_final_status,
)
from typed_api.streams import EventStream, File, JsonLines

__all__ = ["ApiResponse", "BodyPlan", "BodyPlans", "EmptyReply", "Reply", "ResponseHead", "ResponseSpec"]

P = ParamSpec("P")
# Any: what `ApiResponse[Any]` may be answered with.
BodyT = TypeVar("BodyT", bound=Sendable, default=Any)
BareT = TypeVar("BareT", bound=Sendable)
CodeT = TypeVar("CodeT", bound=int)
BodyT_contra = TypeVar("BodyT_contra", contravariant=True, bound=Sendable)
# Any: a marker of whatever body.
ResponseT_contra = TypeVar("ResponseT_contra", contravariant=True, bound=Status[Any] | Sendable)

# Iterator, not Iterable: a list of bytes is data like any other, and no stream.
RawBody: TypeAlias = bytes | bytearray | memoryview | Iterator[bytes] | AsyncIterable[bytes]
AfterWork: TypeAlias = tuple[Callable[..., object], tuple[object, ...], dict[str, object]]

JSON_TYPE: Final = b"application/json; charset=utf-8"
PROBLEM_TYPE: Final = b"application/problem+json"
TEXT_TYPE: Final = b"text/plain; charset=utf-8"
BYTES_TYPE: Final = b"application/octet-stream"

REDIRECT_MISUSE: Final = (
    "Invalid redirect arguments. Please use a single argument URL, e.g. res.redirect('/destination') or use a status "
    "code and URL, e.g. res.redirect(307, '/destination')."
)
# The framing of a message is the server's: a second opinion in a header is how responses get split.
_FRAMING_HEADERS: Final = frozenset({b"content-length", b"transfer-encoding"})


class BodyPlan:
    """How the body of one status is checked and written; compiled once, from the declared type.

    Attributes:
        validate: Checks a JSON body against the declared type.
        to_json: Writes a checked body.
        refusal: Makes the error to raise from the `ValueError` or `UserWarning` of those two.
        content_type: The media type of a JSON body.
        may_be_problem: Whether some bodies are `Problem`s, which bear a media type of their own.
        event: Writes the data of one event; None when no event stream is declared.
        line: Writes one line; None when no JSON lines are declared.
        takes_bytes: Whether raw bytes are declared.
        takes_file: Whether a file is declared.
        declared: The declared type, for messages.
    """

    __slots__ = (
        "content_type",
        "declared",
        "event",
        "line",
        "may_be_problem",
        "refusal",
        "takes_bytes",
        "takes_file",
        "to_json",
        "validate",
    )

    # Any: bodies are of the declared type, which differs by status and handler.
    validate: Callable[[Any], Any]
    to_json: Callable[[Any], bytes]
    refusal: Callable[[Exception], ResponseValidationError]
    content_type: bytes
    may_be_problem: bool
    event: Callable[[Any], bytes] | None
    line: Callable[[Any], bytes] | None
    takes_bytes: bool
    takes_file: bool
    declared: str


class BodyPlans(dict[int, BodyPlan]):
    """The plans of a handler by status, each made when its status is first answered."""

    __slots__ = ("_make",)

    _make: Callable[[int], BodyPlan]

    def __init__(self, make: Callable[[int], BodyPlan]) -> None:
        """Keep the maker.

        Args:
            make: Gives the plan of a final status; raises ResponseValidationError for one that is not declared.
        """
        super().__init__()
        self._make = make

    def __missing__(self, status_code: int) -> BodyPlan:
        plan = self._make(status_code)
        self[status_code] = plan
        return plan


class ResponseSpec:
    """What every response of one handler shares.

    Attributes:
        plans: The plan of each declared status.
        name: The handler, for logs: `get of pages/api/users/_id_.py`.
        secure_cookies: Whether cookies are `Secure` unless said otherwise.
        debug: Whether the app runs in development.
    """

    __slots__ = ("debug", "name", "plans", "secure_cookies")

    def __init__(self, plans: BodyPlans, name: str, *, secure_cookies: bool, debug: bool) -> None:
        """Keep the facts of a handler."""
        self.plans: BodyPlans = plans
        self.name: str = name
        self.secure_cookies: bool = secure_cookies
        self.debug: bool = debug


class ResponseHead(Protocol):
    """Status and headers of an answer: the face shared by a response and its replies."""

    @property
    def status_code(self) -> int:
        """The status that will be sent."""
        ...

    @property
    def sent(self) -> bool:
        """Whether the handler has answered."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers set so far, case-insensitive and read-only."""
        ...

    def set_header(self, name: str, value: str) -> Self:
        """Set a header, in place of any of that name.

        Args:
            name: A field name (an RFC 9110 token), in any case.
            value: Latin-1 text without control characters; white space around it is dropped.

        Raises:
            ValueError: If the name or value cannot be sent, or the header frames the message (`Content-Length`).
            ResponseAlreadySent: If the handler has answered.
        """
        ...

    def append_header(self, name: str, value: str) -> Self:
        """Add a header line beside those of that name.

        Args:
            name: A field name.
            value: As for `set_header`.

        Raises:
            ValueError: As for `set_header`.
            ResponseAlreadySent: If the handler has answered.
        """
        ...

    def get_header(self, name: str) -> str | None:
        """Read a header back.

        Args:
            name: A field name, in any case.

        Returns:
            Its value, several lines joined by ", " (RFC 9110 §5.3), or None.
        """
        ...

    def has_header(self, name: str) -> bool:
        """Tell whether a header is set.

        Args:
            name: A field name, in any case.
        """
        ...

    def remove_header(self, name: str) -> Self:
        """Take a header away; one that is not set is no error.

        Args:
            name: A field name, in any case.

        Raises:
            ResponseAlreadySent: If the handler has answered.
        """
        ...

    def set_cookie(
        self,
        name: str,
        value: str,
        *,
        max_age: int | None = None,
        expires: datetime.datetime | None = None,
        path: str = "/",
        domain: str | None = None,
        secure: bool | None = None,
        httponly: bool = True,
        samesite: wire.SameSite | None = "lax",
    ) -> Self:
        """Set a cookie with safe defaults.

        Args:
            name: A token; `__Host-` and `__Secure-` names must keep their rules.
            value: Cookie octets; percent-encode anything else, `req.cookies` decodes it.
            max_age: Seconds to live; None lives as long as the browser's session.
            expires: When it ends, with a time zone.
            path: Where it is sent.
            domain: None keeps it to this host.
            secure: Only over https; None means yes, except in development.
            httponly: Hidden from scripts.
            samesite: `"lax"`, `"strict"`, `"none"`, or None to leave the attribute out.

        Raises:
            ValueError: If a part cannot be sent or the parts contradict each other.
            ResponseAlreadySent: If the handler has answered.

        Reference:
            RFC 6265 §4.1; cookie name prefixes: RFC 6265bis §4.1.3.
        """
        ...

    def delete_cookie(
        self,
        name: str,
        *,
        path: str = "/",
        domain: str | None = None,
        secure: bool | None = None,
        httponly: bool = True,
        samesite: wire.SameSite | None = "lax",
    ) -> Self:
        """Tell the browser to forget a cookie; path and domain must be those it was set with.

        Args:
            name: The cookie.
            path: As it was set.
            domain: As it was set.
            secure: As it was set.
            httponly: As it was set.
            samesite: As it was set.

        Raises:
            ValueError: As for `set_cookie`.
            ResponseAlreadySent: If the handler has answered.
        """
        ...

    def after(self, fn: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Run something once the answer is out.

        The work runs in the order it was given, after the last byte of a stream. A plain `def` runs in a thread. It
        does not run when the handler ends in a 500; what it raises is logged. A server that shuts down waits for it
        within its grace time.

        Args:
            fn: A function or coroutine function.
            *args: Its arguments.
            **kwargs: Its keyword arguments.
        """
        ...

    def end(self) -> Sent:
        """Answer with no body.

        Raises:
            ResponseAlreadySent: If the handler has answered.
            ResponseValidationError: If the handler does not declare the status.
        """
        ...


class EmptyReply(ResponseHead, Protocol):
    """What `res.status(204)` returns: a status without a body. At run time it is the response itself."""


class Reply(ResponseHead, Protocol[BodyT_contra]):
    """What `res.status(code)` returns: the response, with the body that its status takes.

    At run time it is the response itself.
    """

    def json(self, body: BodyT_contra) -> Sent:
        """Answer with a JSON body.

        See `ApiResponse.json`.

        Args:
            body: An object of the type declared for the status, or data that makes one.
        """
        ...

    @overload
    def send(self: "Reply[bytes]", body: RawBody) -> Sent: ...
    @overload
    def send(self, body: BodyT_contra) -> Sent: ...
    @overload
    def send(self: "Reply[None]", body: None = None) -> Sent: ...


@final
class ApiResponse(Generic[ResponseT_contra]):
    """The answer of a handler, typed by what it may be.

    `ApiResponse[Ok[User] | NotFound[Problem]]` may be answered with a `User` and 200 or a `Problem` and 404;
    `ApiResponse[User]` with a `User` and any status; `ApiResponse[Never]` with a redirect alone.
    """

    __slots__ = ("_after", "_body", "_headers", "_spec", "_status", "_stream", "_tagged", "_type")

    _spec: ResponseSpec
    _status: int
    _type: bytes | None
    _body: bytes | None
    _stream: object
    _tagged: bool
    _headers: list[tuple[bytes, bytes]] | None
    _after: list[AfterWork] | None

    def __init__(self, spec: ResponseSpec) -> None:
        """Make the response of one request.

        Args:
            spec: What every response of the handler shares.
        """
        self._spec = spec
        self._status = 200
        self._type = None
        self._body = None
        self._stream = None
        self._tagged = False
        self._headers = None
        self._after = None

    # One overload per named status: contravariance lets `ApiResponse[Ok[User] | NotFound[Problem]]` bind just the
    # overloads of 200 and 404, so that a checker without the plugin refuses any other.
    @overload
    def status(self: "ApiResponse[Ok[BodyT]]", code: Literal[200]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[Created[BodyT]]", code: Literal[201]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[Accepted[BodyT]]", code: Literal[202]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[NoContent]", code: Literal[204]) -> EmptyReply: ...
    @overload
    def status(self: "ApiResponse[ResetContent]", code: Literal[205]) -> EmptyReply: ...
    @overload
    def status(self: "ApiResponse[PartialContent[BodyT]]", code: Literal[206]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[NotModified]", code: Literal[304]) -> EmptyReply: ...
    @overload
    def status(self: "ApiResponse[BadRequest[BodyT]]", code: Literal[400]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[Unauthorized[BodyT]]", code: Literal[401]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[PaymentRequired[BodyT]]", code: Literal[402]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[Forbidden[BodyT]]", code: Literal[403]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[NotFound[BodyT]]", code: Literal[404]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[NotAcceptable[BodyT]]", code: Literal[406]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[RequestTimeout[BodyT]]", code: Literal[408]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[Conflict[BodyT]]", code: Literal[409]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[Gone[BodyT]]", code: Literal[410]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[LengthRequired[BodyT]]", code: Literal[411]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[PreconditionFailed[BodyT]]", code: Literal[412]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[ContentTooLarge[BodyT]]", code: Literal[413]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[UnsupportedMediaType[BodyT]]", code: Literal[415]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[ImATeapot[BodyT]]", code: Literal[418]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[UnprocessableContent[BodyT]]", code: Literal[422]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[Locked[BodyT]]", code: Literal[423]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[FailedDependency[BodyT]]", code: Literal[424]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[PreconditionRequired[BodyT]]", code: Literal[428]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[TooManyRequests[BodyT]]", code: Literal[429]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[UnavailableForLegalReasons[BodyT]]", code: Literal[451]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[InternalServerError[BodyT]]", code: Literal[500]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[BadGateway[BodyT]]", code: Literal[502]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[ServiceUnavailable[BodyT]]", code: Literal[503]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[GatewayTimeout[BodyT]]", code: Literal[504]) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[Code[CodeT, BodyT]]", code: CodeT) -> Reply[BodyT]: ...
    # What a group holds beside the statuses that have a marker. After `Code`, since an exact status beats its group.
    @overload
    def status(self: "ApiResponse[Success[BodyT]]", code: Literal[203, 207, 208, 226]) -> Reply[BodyT]: ...
    @overload
    def status(
        self: "ApiResponse[ClientError[BodyT]]", code: Literal[405, 407, 414, 416, 417, 421, 425, 426, 431]
    ) -> Reply[BodyT]: ...
    @overload
    def status(
        self: "ApiResponse[ServerError[BodyT]]", code: Literal[501, 505, 506, 507, 508, 511]
    ) -> Reply[BodyT]: ...
    @overload
    def status(self: "ApiResponse[BareT]", code: int) -> Reply[BareT]: ...
    def status(self, code: int) -> Any:
        """Choose the status of the answer.

        Args:
            code: A final status, 200 to 599, that the handler declares. The last call wins.

        Returns:
            This response, with the body that the status takes.

        Raises:
            ValueError: If `code` is no final status.
            ResponseAlreadySent: If the handler has answered.
        """
        if self._body is not None or self._stream is not None:
            raise self._already("status()")
        if type(code) is not int or not 200 <= code <= 599:
            if not is_final_status(code):
                raise ValueError(
                    f"{code!r} is not a status that a response can end with. Use a number from 200 to 599."
                )
            code = int(code)  # A member of http.HTTPStatus.
        self._status = code
        return self

    @overload
    def json(self: "ApiResponse[Ok[BodyT]]", body: BodyT) -> Sent: ...
    @overload
    def json(self: "ApiResponse[BareT]", body: BareT) -> Sent: ...
    def json(self, body: object) -> Sent:
        """Answer with a JSON body.

        The body is checked against the type declared for the status (200 unless set) and written as that type, so a
        subclass shows no more than its declared base. A pydantic instance is trusted to be what its constructor
        checked; a dict or a row is checked in full. `application/json; charset=utf-8` unless a JSON media type was
        set.

        Args:
            body: An object of the declared type, or data that makes one.

        Returns:
            The proof of an answer.

        Raises:
            ResponseValidationError: If the body does not fit, or the status is not declared. Nothing has been sent.
            ResponseAlreadySent: If the handler has answered.
        """
        if self._body is not None or self._stream is not None:
            raise self._already("json()")
        plan = self._spec.plans[self._status]
        try:
            value = plan.validate(body)
            data = plan.to_json(value)
        except (ValueError, UserWarning) as error:
            raise plan.refusal(error) from error
        if plan.may_be_problem and isinstance(value, Problem):
            self._set_json_type(PROBLEM_TYPE)
        elif self._type is None:
            self._type = plan.content_type
        else:
            self._set_json_type(plan.content_type)
        self._tagged = True
        self._body = data
        return SENT

    # No union in a `self`: mypy would report the declaration beside the call (python/mypy "Invalid self argument").
    @overload
    def send(self: "ApiResponse[Ok[bytes]]", body: RawBody) -> Sent: ...
    @overload
    def send(self: "ApiResponse[bytes]", body: RawBody) -> Sent: ...
    @overload
    def send(self: "ApiResponse[Ok[BodyT]]", body: BodyT) -> Sent: ...
    @overload
    def send(self: "ApiResponse[BareT]", body: BareT) -> Sent: ...
    @overload
    def send(self: "ApiResponse[Ok[None]]", body: None = None) -> Sent: ...
    @overload
    def send(self: "ApiResponse[None]", body: None = None) -> Sent: ...
    def send(self, body: object = None) -> Sent:
        """Answer with a body whose kind decides how it is sent.

        Args:
            body: `str` goes out as text, `bytes` and (async) iterators of bytes as they are, `EventStream`,
                `JsonLines` and `File` as what they say, None as nothing, and anything else as JSON. A media type
                that was set is kept.

        Returns:
            The proof of an answer.

        Raises:
            ResponseValidationError: If the body does not fit, or the status is not declared. Nothing has been sent.
            ResponseAlreadySent: If the handler has answered.
        """
        if self._body is not None or self._stream is not None:
            raise self._already("send()")
        if body is None:
            return cast("ApiResponse[None]", self).end()
        if isinstance(body, str):
            self._send_text(body)
        elif isinstance(body, (bytes, bytearray, memoryview)):
            self._require("takes_bytes", cast("object", body))
            self._type = self._type or BYTES_TYPE
            self._tagged = True
            self._body = bytes(cast("bytes", body))
        elif isinstance(body, StreamedBody):
            self._send_streamed(body)
        elif hasattr(body, "__aiter__") or hasattr(body, "__next__"):
            self._require("takes_bytes", body)
            self._type = self._type or BYTES_TYPE
            self._stream = body
        else:
            return cast("ApiResponse[Json]", self).json(cast("Json", body))
        return SENT

    @overload
    def redirect(self, url: str, /) -> Sent: ...
    @overload
    def redirect(self, status: RedirectCode, url: str, /) -> Sent: ...
    def redirect(self, status: object = None, url: object = None, /) -> Sent:
        """Send the client elsewhere.

        `res.redirect("/login")` answers 307; `res.redirect(303, "/done")` the status given.

        Args:
            status: 301, 302, 303, 307 or 308; left out, 307.
            url: Where to: a path, or an absolute http or https URL. Non-ASCII characters and spaces are
                percent-encoded.

        Returns:
            The proof of an answer.

        Raises:
            ValueError: If the arguments are not these, or a browser could read the URL as another place.
            ResponseAlreadySent: If the handler has answered.
        """
        if self._body is not None or self._stream is not None:
            raise self._already("redirect()")
        code, target = (307, status) if url is None else (status, url)
        # `in` alone would take 307.0 for 307; a member of http.HTTPStatus is as good as its number.
        if not isinstance(code, int) or code not in REDIRECT_STATUSES or not isinstance(target, str):
            raise ValueError(REDIRECT_MISUSE)
        location = wire.redirect_location(target)
        self.set_header("location", location)
        self._status = int(code)
        self._type = TEXT_TYPE
        self._body = location.encode("ascii")
        return SENT

    # Without an overload that 200 or a bare type binds there is no `end()`. The first is bound by nothing but a marker
    # of every status: mypy needs one that comes near, or it would take the last for any response.
    @overload
    def end(self: "ApiResponse[Status[Any]]") -> Sent: ...
    @overload
    def end(self: "ApiResponse[Ok[BodyT]]") -> Sent: ...
    @overload
    def end(self: "ApiResponse[BareT]") -> Sent: ...
    def end(self) -> Sent:
        """Answer with no body.

        Returns:
            The proof of an answer.

        Raises:
            ResponseAlreadySent: If the handler has answered.
            ResponseValidationError: If the handler does not declare the status.
        """
        if self._body is not None or self._stream is not None:
            raise self._already("end()")
        self._spec.plans[self._status]  # Refuses a status that is not declared.
        self._body = b""
        return SENT

    @property
    def status_code(self) -> int:
        """The status that will be sent."""
        return self._status

    @property
    def sent(self) -> bool:
        """Whether the handler has answered."""
        return self._body is not None or self._stream is not None

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers set so far, case-insensitive and read-only."""
        return Headers(raw=list(self._lines()))

    def set_header(self, name: str, value: str) -> Self:
        """Set a header, in place of any of that name.

        Args:
            name: A field name (an RFC 9110 token), in any case.
            value: Latin-1 text without control characters; white space around it is dropped.

        Returns:
            This response.

        Raises:
            ValueError: If the name or value cannot be sent, or the header frames the message (`Content-Length`).
            ResponseAlreadySent: If the handler has answered.
        """
        key, data = self._checked(name, value, "set_header()")
        if key == b"content-type":
            self._type = data
            return self
        if self._headers is None:
            self._headers = []
        else:
            self._headers = [line for line in self._headers if line[0] != key]
        self._headers.append((key, data))
        return self

    def append_header(self, name: str, value: str) -> Self:
        """Add a header line beside those of that name.

        Args:
            name: A field name.
            value: As for `set_header`.

        Returns:
            This response.

        Raises:
            ValueError: As for `set_header`.
            ResponseAlreadySent: If the handler has answered.
        """
        key, data = self._checked(name, value, "append_header()")
        if key == b"content-type":
            # A message has one media type (RFC 9110 §8.3); two lines would be read differently by different clients.
            self._type = data
            return self
        if self._headers is None:
            self._headers = []
        self._headers.append((key, data))
        return self

    def get_header(self, name: str) -> str | None:
        """Read a header back.

        Args:
            name: A field name, in any case.

        Returns:
            Its value, several lines joined by ", " (RFC 9110 §5.3), or None.
        """
        key = name.lower().encode("latin-1", "replace")
        values = [data.decode("latin-1") for line, data in self._lines() if line == key]
        return ", ".join(values) if values else None

    def has_header(self, name: str) -> bool:
        """Tell whether a header is set.

        Args:
            name: A field name, in any case.

        Returns:
            True if at least one line of that name is set.
        """
        return self.get_header(name) is not None

    def remove_header(self, name: str) -> Self:
        """Take a header away; one that is not set is no error.

        Args:
            name: A field name, in any case.

        Returns:
            This response.

        Raises:
            ResponseAlreadySent: If the handler has answered.
        """
        if self.sent:
            raise self._already("remove_header()")
        key = name.lower().encode("latin-1", "replace")
        if key == b"content-type":
            self._type = None
        elif self._headers is not None:
            self._headers = [line for line in self._headers if line[0] != key]
        return self

    def set_cookie(
        self,
        name: str,
        value: str,
        *,
        max_age: int | None = None,
        expires: datetime.datetime | None = None,
        path: str = "/",
        domain: str | None = None,
        secure: bool | None = None,
        httponly: bool = True,
        samesite: wire.SameSite | None = "lax",
    ) -> Self:
        """Set a cookie with safe defaults.

        Args:
            name: A token; `__Host-` and `__Secure-` names must keep their rules.
            value: Cookie octets; percent-encode anything else, `req.cookies` decodes it.
            max_age: Seconds to live; None lives as long as the browser's session.
            expires: When it ends, with a time zone.
            path: Where it is sent.
            domain: None keeps it to this host.
            secure: Only over https; None means yes, except in development.
            httponly: Hidden from scripts.
            samesite: `"lax"`, `"strict"`, `"none"`, or None to leave the attribute out.

        Returns:
            This response.

        Raises:
            ValueError: If a part cannot be sent or the parts contradict each other.
            ResponseAlreadySent: If the handler has answered.

        Reference:
            RFC 6265 §4.1; cookie name prefixes: RFC 6265bis §4.1.3.
        """
        if self.sent:
            raise self._already("set_cookie()")
        line = wire.set_cookie_header(
            name,
            value,
            max_age=max_age,
            expires=expires,
            path=path,
            domain=domain,
            secure=self._spec.secure_cookies if secure is None else secure,
            httponly=httponly,
            samesite=samesite,
        )
        if self._headers is None:
            self._headers = []
        self._headers.append((b"set-cookie", line))
        return self

    def delete_cookie(
        self,
        name: str,
        *,
        path: str = "/",
        domain: str | None = None,
        secure: bool | None = None,
        httponly: bool = True,
        samesite: wire.SameSite | None = "lax",
    ) -> Self:
        """Tell the browser to forget a cookie; path and domain must be those it was set with.

        Args:
            name: The cookie.
            path: As it was set.
            domain: As it was set.
            secure: As it was set.
            httponly: As it was set.
            samesite: As it was set.

        Returns:
            This response.

        Raises:
            ValueError: As for `set_cookie`.
            ResponseAlreadySent: If the handler has answered.
        """
        return self.set_cookie(
            name,
            "",
            max_age=0,
            expires=datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC),
            path=path,
            domain=domain,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
        )

    def after(self, fn: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Run something once the answer is out.

        The work runs in the order it was given, after the last byte of a stream. A plain `def` runs in a thread. It
        does not run when the handler ends in a 500; what it raises is logged. A server that shuts down waits for it
        within its grace time.

        Args:
            fn: A function or coroutine function.
            *args: Its arguments.
            **kwargs: Its keyword arguments.
        """
        if self._after is None:
            self._after = []
        self._after.append((fn, args, kwargs))

    def _send_text(self, body: str) -> None:
        plan = self._spec.plans[self._status]
        try:
            value = plan.validate(body)
            data = value.encode("utf-8") if isinstance(value, str) else None
        except (ValueError, UserWarning) as error:
            raise plan.refusal(error) from error
        if data is None:
            raise self._misfit(body, plan)
        self._type = self._type or TEXT_TYPE
        self._tagged = True
        self._body = data

    def _send_streamed(self, body: StreamedBody) -> None:
        plan = self._spec.plans[self._status]
        fits = (
            (plan.event is not None and isinstance(body, EventStream))
            or (plan.line is not None and isinstance(body, JsonLines))
            or (plan.takes_file and isinstance(body, File))
        )
        if not fits:
            raise self._misfit(cast("object", body), plan)
        self._stream = body

    def _require(self, ability: str, body: object) -> None:
        plan = self._spec.plans[self._status]
        if not getattr(plan, ability):
            raise self._misfit(body, plan)

    def _misfit(self, body: object, plan: BodyPlan) -> ResponseValidationError:
        return ResponseValidationError(
            f"The body of status {self._status} is declared as {plan.declared}, but {self._spec.name} sends "
            f"{type(body).__name__!r}."
        )

    def _already(self, call: str) -> ResponseAlreadySent:
        return ResponseAlreadySent(
            f"{call} was called after {self._spec.name} had answered with status {self._status}. A handler answers "
            "once: return after the first answer."
        )

    def _checked(self, name: str, value: str, call: str) -> tuple[bytes, bytes]:
        if self.sent:
            raise self._already(call)
        key = wire.header_name(name)
        if key in _FRAMING_HEADERS:
            raise ValueError(f"Header {name!r} is computed from the body and cannot be set. Leave it out.")
        return key, wire.header_value(name, value)

    def _set_json_type(self, content_type: bytes) -> None:
        current = None if self._type is None else wire.parse_content_type(self._type)
        if current is None or not current.is_json:
            self._type = content_type

    def _lines(self) -> Iterator[tuple[bytes, bytes]]:
        if self._type is not None:
            yield b"content-type", self._type
        if self._headers is not None:
            yield from self._headers
