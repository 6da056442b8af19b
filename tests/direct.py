"""Apps called as a server calls them: `receive` messages by hand, `send` messages collected.

A test client tidies paths, queries and headers before they reach the app; here they arrive byte for byte.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from typed_api._types import ASGIApp, Message, Scope

Headers = Sequence[tuple[str, str | bytes]] | Mapping[str, str | bytes]

DISCONNECT: Message = {"type": "http.disconnect"}


def piece(data: bytes, *, more: bool = False) -> Message:
    """Make the message of a piece of a body."""
    return {"type": "http.request", "body": data, "more_body": more}


@dataclass
class Exchange:
    """What went to and fro in one call."""

    sent: list[Message] = field(default_factory=list)
    received: int = 0
    """How often the app asked for a message."""

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.sent[0]["headers"]]

    def header(self, name: str) -> str | None:
        """Give the value of the first line of that name (lower case)."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def make_scope(
    method: str, target: str | bytes, headers: Headers = (), *, http_version: str = "1.1", **more: object
) -> Scope:
    """Make the scope of a request; the target is taken byte for byte."""
    raw = target.encode("latin-1") if isinstance(target, str) else target
    path, _, query = raw.partition(b"?")
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": http_version,
        "method": method,
        "scheme": "https",
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [
            (name.lower().encode("ascii"), value if isinstance(value, bytes) else value.encode("latin-1"))
            for name, value in pairs
        ],
        "client": ("192.0.2.1", 50000),
        "server": ("testserver", 443),
        **more,
    }


async def exchange(app: ASGIApp, scope: Scope, messages: Sequence[Message] = ()) -> Exchange:
    """Call the app once.

    Asking for more messages than there are fails: a server would let the app wait for ever.
    """
    result = Exchange()
    left = list(messages)

    async def receive() -> Message:
        result.received += 1
        if not left:
            raise AssertionError("The app asked for a message after the last one.")
        return left.pop(0)

    async def send(message: Message) -> None:
        result.sent.append(message)

    await app(scope, receive, send)
    return result


async def call(
    app: ASGIApp,
    method: str,
    target: str | bytes,
    *,
    headers: Headers = (),
    body: bytes | None = None,
    chunks: Sequence[bytes] | None = None,
) -> Exchange:
    """Send a request: without a body, with one of a stated length, or with one in chunks and without a length."""
    lines = list(headers.items() if isinstance(headers, Mapping) else headers)
    messages = [piece(body or b"")]
    if chunks is not None:
        lines.append(("transfer-encoding", "chunked"))
        messages = [*(piece(chunk, more=True) for chunk in chunks), piece(b"")]
    elif body is not None:
        lines.append(("content-length", str(len(body))))
    return await exchange(app, make_scope(method, target, lines), messages)


def problem(status: int, title: str, detail: str, **more: object) -> dict[str, object]:
    """Make the body of an error answer."""
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
