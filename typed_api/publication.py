"""What an app publishes of itself: its document, the docs page over it, and answers held against it.

Owns when the document is made (once, when it is first asked for) and where it is served. What stands in it is
`openapi`'s business, and the page `docs_ui`'s.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import anyio.to_thread

from typed_api._types import ASGIApp, Receive, Scope, Send
from typed_api.conformance import CheckedSend, Conformance, is_available
from typed_api.contract import Endpoint
from typed_api.docs_ui import Content, DocsUI, check_path, send_content
from typed_api.errors import ConfigError
from typed_api.openapi import Info, OpenAPIVersion, build_document, check_endpoints, document_paths, serialize
from typed_api.pattern import Pattern, Segment, SegmentKind, static_segment

__all__ = ["Publication"]

_MOST_MOUNT_POINTS: Final = 16
"""For how many values of `root_path` the document is kept: a server or an outer app gives it, and has few."""


class Publication:
    """The document of an app, and what is served of it.

    Attributes:
        problems: What is wrong with the settings, one sentence each.
        routes: The paths that are served, each with its app, which answers GET and HEAD.
        settings: The same paths as templates, each with the name of its setting.
    """

    problems: list[str]
    routes: list[tuple[Pattern, ASGIApp]]
    settings: dict[str, str]

    def __init__(self, info: Info, *, docs_url: str | None, openapi_url: str | None) -> None:
        """Settle where everything is served.

        Args:
            info: What the app says of itself.
            docs_url: The path of the page; None is no page.
            openapi_url: The path of the document; None is neither document nor page.
        """
        self.problems = []
        self.routes = []
        self.settings = {}
        self._info: Info = info
        self._endpoints: Sequence[Endpoint] = ()
        self._contents: dict[str, Content] = {}
        # One request builds what all others wait for.
        self._lock: threading.Lock = threading.Lock()
        # None until it is known whether there is one; False where nothing can be compared.
        self._conformance: Conformance | Literal[False] | None = None
        self._paths: Mapping[str, str] = {}
        if openapi_url is None:
            return
        try:
            check_path("openapi_url", openapi_url)
            self._add("openapi_url", openapi_url, self._serve_document)
            if docs_url is not None:
                docs = DocsUI(title=info.title, docs_url=docs_url, openapi_url=openapi_url)
                self._add("docs_url", docs_url, docs)
                self._add("docs_url", docs_url.rstrip("/") + "/assets", docs, Segment(SegmentKind.DYNAMIC, "file"))
        except ConfigError as error:
            self.problems.append(str(error))

    def _add(self, setting: str, path: str, app: ASGIApp, *rest: Segment) -> None:
        segments = [static_segment(text) for text in path.split("/") if text]
        pattern = Pattern((*segments, *rest))
        self.routes.append((pattern, app))
        self.settings[pattern.template] = setting

    def publish(self, endpoints: Sequence[Endpoint]) -> list[str]:
        """Take the routes.

        Args:
            endpoints: All of the app.

        Returns:
            What keeps them from being documented, one sentence each.
        """
        self._endpoints = endpoints
        problems = check_endpoints(endpoints, self._info)
        for endpoint in endpoints:
            setting = self.settings.get(endpoint.pattern.template)
            if setting is not None:
                problems.append(
                    f"{endpoint.file!r} serves {endpoint.pattern.template!r}, and so does {setting}. Give {setting} "
                    "another path, or None for none."
                )
        return problems

    def document(self, openapi: OpenAPIVersion = "3.1", *, root_path: str = "") -> dict[str, object]:
        """Build the document anew.

        Args:
            openapi: The version of the specification.
            root_path: The mount point of the app.

        Returns:
            The document, of nobody else.
        """
        return build_document(self._endpoints, self._info, openapi=openapi, servers=[root_path] if root_path else [])

    async def _serve_document(self, scope: Scope, receive: Receive, send: Send) -> None:
        root_path: str = scope.get("root_path", "")
        content = self._contents.get(root_path)
        if content is None:
            content = await anyio.to_thread.run_sync(self._make_content, root_path)
        await send_content(content, [(b"cache-control", b"no-cache")], scope, send)

    def _make_content(self, root_path: str) -> Content:
        with self._lock:
            content = self._contents.get(root_path)
            if content is None:
                if len(self._contents) >= _MOST_MOUNT_POINTS:
                    self._contents.clear()
                body = serialize(self.document(root_path=root_path))
                content = self._contents[root_path] = Content.of(b"application/json", body, is_compressible=True)
            return content

    async def checked(self, endpoint: Endpoint, method: str, send: Send) -> Send:
        """Hold an answer against the document while it is sent.

        Args:
            endpoint: The route.
            method: The method of the request.
            send: ASGI's send.

        Returns:
            A `send` that raises `DocumentMismatch`, or the one that was given where nothing can be compared.
        """
        conformance = self._conformance
        if conformance is None:
            conformance = await anyio.to_thread.run_sync(self._make_conformance)
        path = self._paths.get(endpoint.file)
        return CheckedSend(conformance, path, method, send) if conformance and path is not None else send

    def _make_conformance(self) -> Conformance | Literal[False]:
        with self._lock:
            if self._conformance is None:
                if is_available():
                    self._paths = document_paths(self._endpoints)
                    self._conformance = Conformance(self.document())
                else:
                    self._conformance = False
            return self._conformance
