"""The errors of typed_api: what a client is told, and what a developer is told.

Owns one tree: `ApiError` for answers, `StartupError` for a tree of routes that cannot be served, and the two mistakes
that a handler can make with its response. Pure: nothing here knows ASGI or pydantic.
"""

from collections.abc import Mapping, Sequence

__all__ = [
    "ApiError",
    "ConfigError",
    "ResponseAlreadySent",
    "ResponseValidationError",
    "StartupError",
]


class ApiError(Exception):
    """Refuse a request: raised anywhere below the app, answered as `application/problem+json`.

    Attributes:
        status_code: HTTP status of the answer, 400 to 599.
        detail: One sentence for the client; safe to show.
        headers: Extra response headers, for example `{"Retry-After": "30"}`.
        errors: For validation errors, one mapping per error with the keys `loc`, `msg` and `type`.

    Reference:
        RFC 9457, Problem Details for HTTP APIs.
    """

    status_code: int
    detail: str | None
    headers: Mapping[str, str]
    errors: Sequence[Mapping[str, object]]

    def __init__(
        self,
        status_code: int,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        errors: Sequence[Mapping[str, object]] = (),
    ) -> None:
        """Make the error.

        Args:
            status_code: An error status, 400 to 599.
            detail: What went wrong, for the client; None leaves it out.
            headers: Extra response headers.
            errors: Validation errors, each with `loc`, `msg` and `type`.

        Raises:
            ValueError: If `status_code` is not an error status.
        """
        if isinstance(status_code, bool) or not isinstance(status_code, int) or not 400 <= status_code <= 599:
            raise ValueError(f"ApiError takes an error status from 400 to 599, not {status_code!r}.")
        super().__init__(status_code, detail)
        self.status_code = status_code
        self.detail = detail
        self.headers = {} if headers is None else headers
        self.errors = errors

    def __str__(self) -> str:
        return f"{self.status_code}: {self.detail}" if self.detail else str(self.status_code)


class ConfigError(ValueError):
    """A setting has a value that cannot be used; the sentence names the value and the mend."""


class StartupError(Exception):
    """The routes cannot be served as they are.

    Every problem that was found is listed, not only the first.

    Attributes:
        problems: One sentence (or a short report) per problem.
    """

    problems: tuple[str, ...]

    def __init__(self, problems: Sequence[str]) -> None:
        """Make the error.

        Args:
            problems: One sentence or short report per problem, at least one.
        """
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        subject = "1 problem keeps" if count == 1 else f"{count} problems keep"
        head = f"{subject} the routes from being served:"
        return "\n".join([head, *("- " + problem.replace("\n", "\n  ") for problem in self.problems)])


class ResponseAlreadySent(RuntimeError):
    """The handler answered a second time, or changed its answer after giving it."""


class ResponseValidationError(ValueError):
    """The body does not fit what the handler declares for this status; nothing has been sent.

    Attributes:
        errors: One mapping per error with the keys `loc`, `msg` and `type`.
    """

    errors: Sequence[Mapping[str, object]]

    def __init__(self, message: str, errors: Sequence[Mapping[str, object]] = ()) -> None:
        """Make the error.

        Args:
            message: The sentence for the log.
            errors: What did not fit, each with `loc`, `msg` and `type`.
        """
        super().__init__(message)
        self.errors = errors
