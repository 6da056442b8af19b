"""One route for a test: the body of its handler is given as source, and asked as a client would."""

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.serving import Answer
from typed_api import TypedAPI
from typed_api.testing import TestClient, create_app

IMPORTS: Final = """\
import asyncio
import datetime
import re
from typing import Any

from pydantic import BaseModel, model_serializer
from starlette.responses import PlainTextResponse
from typed_api import ApiError, ApiRequest, ApiResponse, EventStream, File, JsonLines, Ok, RouteConfig

"""
FAILED: Final[dict[str, object]] = {
    "type": "about:blank",
    "title": "Internal Server Error",
    "status": 500,
    "detail": "The server failed to answer.",
}
"""What a client is told of an exception, in production."""


def module(body: str, *, declared: str = "Any", name: str = "get", sync: bool = False, before: str = "") -> str:
    """Write a route module whose one handler has this body; `before` stands above it."""
    head = f"{'' if sync else 'async '}def {name}(req: ApiRequest, res: ApiResponse[{declared}]):\n"
    return IMPORTS + textwrap.dedent(before) + "\n\n" + head + textwrap.indent(textwrap.dedent(body).strip(), "    ")


def app_of(
    body: str,
    *,
    declared: str = "Any",
    name: str = "get",
    sync: bool = False,
    before: str = "",
    debug: bool = False,
) -> TypedAPI:
    """Make an app that serves such a module at `/api/x`."""
    source = module(body, declared=declared, name=name, sync=sync, before=before)
    return create_app({"api/x.py": source}, debug=debug)


def ask(
    body: str,
    *,
    declared: str = "Any",
    name: str = "get",
    sync: bool = False,
    before: str = "",
    debug: bool = False,
    method: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx2.Response:
    """Serve such a module and ask it once, by the method of its handler unless another is given."""
    app = app_of(body, declared=declared, name=name, sync=sync, before=before, debug=debug)
    client = TestClient(app, follow_redirects=False)
    return client.request(method or ("GET" if name == "handler" else name.upper()), "/api/x", headers=headers)


def write_project(folder: Path, routes: Mapping[str, str]) -> Path:
    """Write modules as `pages/api/<name>.py` below a folder, ready for `typed-api start`."""
    api = folder / "pages" / "api"
    api.mkdir(parents=True)
    for package in (api.parent, api):
        (package / "__init__.py").touch()
    for name, source in routes.items():
        (api / f"{name}.py").write_text(source, encoding="utf-8")
    return folder


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Give what the package has logged."""
    return [record.getMessage() for record in caplog.records if record.name == "typed_api"]


def failure(sentence: str) -> str:
    """Give the log line of an exception in a handler made here; `sentence` is its type and the `repr` of its text."""
    return f"GET '/api/x' failed in get of pages/api/x.py: {sentence}"


def told(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Sort what the app says in headers: without what the server adds, every strong entity tag as `<tag>`."""
    own: list[tuple[str, str]] = []
    for name, value in headers:
        if name in ("date", "server", "connection"):
            continue
        is_strong = name == "etag" and len(value) > 2 and value[0] == value[-1] == '"' and '"' not in value[1:-1]
        own.append((name, "<tag>" if is_strong else value))
    return sorted(own)


def answer_of(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    """Give status, headers and body of an answer from the wire."""
    return answer.status, told(answer.headers), answer.body
