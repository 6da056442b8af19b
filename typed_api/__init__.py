"""Next.js-style API routes for Python, proven by the type checker.

A route is a module with `handler(req: ApiRequest, res: ApiResponse[...])`, or with functions named after HTTP methods.
This module owns the public names and nothing else.
"""

from starlette.middleware import Middleware

from typed_api._types import Sent
from typed_api.app import TypedAPI
from typed_api.body import ClientDisconnected, Form, UploadFile
from typed_api.config import RouteConfig
from typed_api.errors import ApiError, ConfigError, ResponseAlreadySent, ResponseValidationError, StartupError
from typed_api.problem import Problem, ProblemError
from typed_api.request import ApiRequest, Method, Query, State
from typed_api.response import ApiResponse, EmptyReply, Reply
from typed_api.status import (
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
    RequestTimeout,
    ResetContent,
    ServerError,
    ServiceUnavailable,
    Success,
    TooManyRequests,
    Unauthorized,
    UnavailableForLegalReasons,
    UnprocessableContent,
    UnsupportedMediaType,
)
from typed_api.streams import EventStream, File, JsonLines, ServerEvent

__version__ = "0.1.0"

__all__ = [
    "Accepted",
    "ApiError",
    "ApiRequest",
    "ApiResponse",
    "BadGateway",
    "BadRequest",
    "ClientDisconnected",
    "ClientError",
    "Code",
    "ConfigError",
    "Conflict",
    "ContentTooLarge",
    "Created",
    "EmptyReply",
    "EventStream",
    "FailedDependency",
    "File",
    "Forbidden",
    "Form",
    "GatewayTimeout",
    "Gone",
    "ImATeapot",
    "InternalServerError",
    "JsonLines",
    "LengthRequired",
    "Locked",
    "Method",
    "Middleware",
    "NoContent",
    "NotAcceptable",
    "NotFound",
    "NotModified",
    "Ok",
    "PartialContent",
    "PaymentRequired",
    "PreconditionFailed",
    "PreconditionRequired",
    "Problem",
    "ProblemError",
    "Query",
    "Reply",
    "RequestTimeout",
    "ResetContent",
    "ResponseAlreadySent",
    "ResponseValidationError",
    "RouteConfig",
    "Sent",
    "ServerError",
    "ServerEvent",
    "ServiceUnavailable",
    "StartupError",
    "State",
    "Success",
    "TooManyRequests",
    "TypedAPI",
    "Unauthorized",
    "UnavailableForLegalReasons",
    "UnprocessableContent",
    "UnsupportedMediaType",
    "UploadFile",
    "__version__",
]
