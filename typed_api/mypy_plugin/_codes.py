"""The error codes of the plugin, all below the parent `typed-api`."""

from typing import Final

from mypy.errorcodes import ErrorCode

__all__ = ["BODY", "FLOW", "METHOD", "PARENT", "QUERY", "ROUTE", "SERIALIZE", "SIGNATURE", "STATUS"]

PARENT: Final[ErrorCode] = ErrorCode("typed-api", "A route breaks its contract", "typed_api")


def _code(name: str, description: str) -> ErrorCode:
    return ErrorCode(f"typed-api-{name}", description, "typed_api", sub_code_of=PARENT)


SIGNATURE: Final[ErrorCode] = _code("signature", "A handler's signature is not (req, res) -> None")
ROUTE: Final[ErrorCode] = _code("route", "A route module cannot be served")
STATUS: Final[ErrorCode] = _code("status", "A status is not declared, or is none")
BODY: Final[ErrorCode] = _code("body", "A literal does not fit the body's model")
SERIALIZE: Final[ErrorCode] = _code("serialize", "A type cannot be written as JSON")
QUERY: Final[ErrorCode] = _code("query", "A query does not fit the parameters of the route")
FLOW: Final[ErrorCode] = _code("flow", "A handler does not answer exactly once")
METHOD: Final[ErrorCode] = _code("method", "A request of this method has no body")
