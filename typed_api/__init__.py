"""Next.js-style API routes for Python, proven by the type checker.

A route is a module with `handler(req: ApiRequest, res: ApiResponse[...])`, or with functions named after HTTP methods.
This module owns the public names and nothing else. A name is imported when it is first asked for, so that the mypy
plugin, which lives in this package, does not load the server with every run of mypy.
"""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
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

_NAMES_BY_HOME: Final[Mapping[str, tuple[str, ...]]] = {
    "starlette.middleware": ("Middleware",),
    "typed_api._types": ("Sent",),
    "typed_api.app": ("TypedAPI",),
    "typed_api.body": ("ClientDisconnected", "Form", "UploadFile"),
    "typed_api.config": ("RouteConfig",),
    "typed_api.errors": ("ApiError", "ConfigError", "ResponseAlreadySent", "ResponseValidationError", "StartupError"),
    "typed_api.problem": ("Problem", "ProblemError"),
    "typed_api.request": ("ApiRequest", "Method", "Query", "State"),
    "typed_api.response": ("ApiResponse", "EmptyReply", "Reply"),
    "typed_api.status": (
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
        "RequestTimeout",
        "ResetContent",
        "ServerError",
        "ServiceUnavailable",
        "Success",
        "TooManyRequests",
        "Unauthorized",
        "UnavailableForLegalReasons",
        "UnprocessableContent",
        "UnsupportedMediaType",
    ),
    "typed_api.streams": ("EventStream", "File", "JsonLines", "ServerEvent"),
}
_HOMES: Final = {name: home for home, names in _NAMES_BY_HOME.items() for name in names}


# Not for a checker, which would let any name pass for one of ours.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(home), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
