"""A client in the process of the app whose answers are typed by route, for tests.

Owns what `typed_api_client` does while running. What a type checker knows of it comes from the stubs that
`typed-api client stubs` makes of a project; names of arguments and classes of answers are the same in both, since both
are made from the app's document by the same rules.
"""

import difflib
import functools
import types
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self, cast

from typed_api.app import TypedAPI
from typed_api.clients import _python_runtime as runtime
from typed_api.clients._document import Operation, read_document
from typed_api.clients._python_runtime import (
    Answer,
    ApiClientError,
    ApiRequestError,
    AsyncRawBody,
    AsyncStream,
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
    SyncCaller,
    UndeclaredStatusError,
)
from typed_api.clients._python_types import (
    GROUPS,
    AnswerClass,
    Argument,
    arguments,
    body_kind,
    declared_answers,
    status_name,
)
from typed_api.status import REASON_PHRASES
from typed_api.testing import TestClient

__all__ = [
    "Answer",
    "ApiClientError",
    "ApiRequestError",
    "AsyncRawBody",
    "AsyncStream",
    "Auth",
    "ClientError",
    "Event",
    "File",
    "InProcessClient",
    "InvalidAnswerError",
    "RawBody",
    "Redirection",
    "ServerError",
    "Stream",
    "Success",
    "TypedClient",
    "UndeclaredStatusError",
    "answer_class",
]

_STATUSES: Final[Mapping[str, int]] = {status_name(status): status for status in REASON_PHRASES}


# Any: an answer of one status may have any body, and only a stub knows which.
@functools.cache
def answer_class(name: str) -> type[Answer[Any]]:
    """Give the class of the answers of one status, by its name.

    Args:
        name: The name, such as `NotFound`, or `Status499` for a status without a phrase.

    Raises:
        AttributeError: If no status is called so.
    """
    status = _STATUSES.get(name)
    if status is None and name.startswith("Status") and name[6:].isdecimal() and 200 <= int(name[6:]) <= 599:
        status = int(name[6:])
    if status is None or status_name(status) != name:
        raise AttributeError(
            f"There is no class of answers called {name!r}. Types of bodies are there for type checkers alone: import "
            "them where typing.TYPE_CHECKING is true."
        )
    base = _group(GROUPS[f"{status // 100}XX"])

    def fill(namespace: dict[str, object]) -> None:
        namespace["__doc__"] = f"An answer with the status {status}."
        namespace["__module__"] = "typed_api_client"

    made: type[Answer[Any]] = types.new_class(name, (base[runtime._BodyT_co],), exec_body=fill)  # type: ignore[index]
    return made


def _group(name: str) -> type[Answer[Any]]:
    groups: dict[str, type[Answer[Any]]] = {
        "Success": Success,
        "Redirection": Redirection,
        "ClientError": ClientError,
        "ServerError": ServerError,
    }
    return groups[name]


def _class_of(declared: AnswerClass) -> type[Answer[object]]:
    if len(declared.statuses) == 1:
        return answer_class(declared.name)
    # Which statuses of a group are meant is the business of the type checker.
    return _group(declared.base if declared.statuses else declared.name)


class _Route:
    """One operation, and how its arguments are called."""

    def __init__(self, operation: Operation) -> None:
        self.arguments: dict[str, Argument] = {argument.name: argument for argument in arguments(operation)}
        contents = () if operation.body is None else operation.body.contents
        self.takes_body: bool = bool(contents)
        self.needs_body: bool = operation.body is not None and operation.body.required
        self.operation: runtime._Operation[Answer[Any], Answer[Any]] = runtime._Operation(
            operation.method,
            operation.path,
            {answer.key: (_class_of(answer.answer_class), answer.kinds) for answer in declared_answers(operation)},
            {content.media_type: body_kind(content) for content in contents},
            tuple(parameter.name for parameter in operation.parameters if parameter.segments),
        )


class InProcessClient(SyncCaller):
    """Calls an app in this process; what `TypedClient` does, whatever the routes are.

    With `with TypedClient(app) as client:` the lifespan of the app runs.
    """

    def __init__(
        self,
        app: TypedAPI,
        *,
        state: Sequence[object] = (),
        base_url: str = "https://testserver",
        root_path: str = "",
        raise_server_exceptions: bool = True,
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
        auth: Auth | None = None,
    ) -> None:
        """Make a client.

        Args:
            app: The app.
            state: Instances that replace those of the app's state, found by their class or a base of it.
            base_url: What the app is told that it is served at.
            root_path: The mount point that the app is told.
            raise_server_exceptions: Whether an exception that leaves the app is raised here.
            headers: Sent with every request.
            cookies: Sent with every request.
            auth: How requests are authenticated.
        """
        self._client: TestClient = TestClient(
            app,
            state=state,
            base_url=base_url,
            root_path=root_path,
            raise_server_exceptions=raise_server_exceptions,
            follow_redirects=False,
            cookies=cookies,
        )
        super().__init__(headers=headers, auth=auth, http=self._client)
        self._is_twin: bool = False
        document = read_document(app.openapi())
        self._routes: dict[tuple[str, str], Operation | _Route] = {
            (operation.method, operation.path): operation for operation in document.operations
        }

    @property
    def http(self) -> TestClient:
        """The client beneath, for requests that are on no route, or wrong on purpose."""
        return self._client

    def __enter__(self) -> Self:
        if not self._is_twin:
            self._client.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._is_twin:
            self._client.__exit__(kind, error, traceback)

    def close(self) -> None:
        """Close the client beneath."""
        if not self._is_twin:
            self._client.close()

    def _disown(self) -> None:
        self._is_twin = True

    # Any: see `answer_class`.
    def _request(self, method: str, path: str, given: Mapping[str, object]) -> Answer[Any]:
        route = self._find(method, path)
        values: dict[str, dict[str, object]] = {"path": {}, "query": {}, "header": {}}
        for name, value in given.items():
            argument = route.arguments.get(name)
            if argument is not None:
                values[argument.parameter.where][argument.parameter.name] = value
            elif not (route.takes_body and name in ("body", "content_type")):
                known = [*route.arguments, *(["body"] if route.takes_body else [])]
                raise ApiRequestError(
                    f"{method} {path} takes no {name!r}, but {', '.join(map(repr, known)) or 'nothing'}."
                )
        for name, argument in route.arguments.items():
            if argument.parameter.where == "path" and name not in given:
                raise ApiRequestError(f"{method} {path} needs {name!r}.")
        body = given.get("body", runtime._NOTHING)
        if body is None and not route.needs_body:
            body = runtime._NOTHING
        content_type = cast(str, given.get("content_type", ""))
        return self._call(route.operation, values["path"], values["query"], values["header"], body, content_type)

    def _find(self, method: str, path: str) -> _Route:
        route = self._routes.get((method, path))
        if route is None:
            paths = [known for verb, known in self._routes if verb == method]
            close = difflib.get_close_matches(path, paths, 1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ApiRequestError(
                f"There is no {method} {path!r} among the routes. Give the path as the document has it, such as "
                f"'/api/users/{{id}}', and its parameters by name.{hint}"
            )
        if isinstance(route, Operation):
            route = self._routes[method, path] = _Route(route)
        return route


class TypedClient(InProcessClient):
    """Calls an app in this process: `client.get("/api/users/{id}", id=1)`.

    The arguments are those of the path, the query and the header fields, all by name, then `body`, and `content_type`
    where a body may be given in several ways. Without the stubs of a project a body is anything to a type checker.
    """

    def get(self, path: str, /, **arguments: object) -> Answer[Any]:
        """Send GET; the path is the one that the document has."""
        return self._request("GET", path, arguments)

    def head(self, path: str, /, **arguments: object) -> Answer[Any]:
        """Send HEAD; the path is the one that the document has."""
        return self._request("HEAD", path, arguments)

    def post(self, path: str, /, **arguments: object) -> Answer[Any]:
        """Send POST; the path is the one that the document has."""
        return self._request("POST", path, arguments)

    def put(self, path: str, /, **arguments: object) -> Answer[Any]:
        """Send PUT; the path is the one that the document has."""
        return self._request("PUT", path, arguments)

    def patch(self, path: str, /, **arguments: object) -> Answer[Any]:
        """Send PATCH; the path is the one that the document has."""
        return self._request("PATCH", path, arguments)

    def delete(self, path: str, /, **arguments: object) -> Answer[Any]:
        """Send DELETE; the path is the one that the document has."""
        return self._request("DELETE", path, arguments)

    def options(self, path: str, /, **arguments: object) -> Answer[Any]:
        """Send OPTIONS; the path is the one that the document has."""
        return self._request("OPTIONS", path, arguments)
