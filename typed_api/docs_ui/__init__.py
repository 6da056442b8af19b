"""The docs page: Swagger UI over the OpenAPI document, from the files beside this module and from nowhere else.

Owns the page, its security policy and its assets. Every URL in the page is relative to the page, so that it works below
any mount point and behind any proxy that takes a prefix away. The policy lets the browser talk to this server alone.

`assets/swagger-ui` is vendored as it was released, by `scripts/vendor-swagger-ui`; the licence stands beside it.
"""

import functools
import gzip
import hashlib
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

import anyio.to_thread

from typed_api import wire
from typed_api._types import Receive, Scope, Send
from typed_api.errors import ApiError, ConfigError
from typed_api.request import undecoded_path

__all__ = ["Content", "DocsUI", "check_path", "send_content"]

_SCRIPTS: Final = ("swagger-ui/swagger-ui-bundle.js", "docs.js")
_STYLES: Final = ("swagger-ui/swagger-ui.css", "docs.css")
_ICON: Final = "swagger-ui/favicon-32x32.png"

_MEDIA_TYPES: Final = {
    "js": b"text/javascript; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "png": b"image/png",
}

_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        # Without 'unsafe-inline': Swagger UI sets its inline styles by script, property by property, which needs none.
        "style-src 'self'",
        # data: the icons in Swagger UI's style sheet; blob: an image that "Execute" was answered with.
        "img-src 'self' data: blob:",
        # Sound that "Execute" was answered with.
        "media-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)

_COMMON_HEADERS: Final = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} - API documentation</title>
{links}
</head>
<body>
<noscript>
<p>This page needs JavaScript. What it shows is in the <a href="{openapi_url}">OpenAPI document</a>.</p>
</noscript>
<main id="swagger-ui" data-openapi-url="{openapi_url}" data-root-url="{root_url}"></main>
</body>
</html>
"""

# What a browser would not send as it is written: it drops or turns these, or takes them for the end of the path. An
# escape is a second way to write a path; the settings have one.
_UNFIT_FOR_PATH: Final = re.compile(r"[\x00-\x20\x7f\\?#%\ud800-\udfff]|//|/\.{1,2}(?:/|\Z)")


@dataclass(slots=True)
class Content:
    """Something to send, in the two forms that a client may take."""

    media_type: bytes
    body: bytes
    digest: str
    """What the entity tag is made of: the same on every worker."""
    is_compressible: bool
    _compressed: bytes | None = field(default=None, init=False, repr=False)

    @classmethod
    def of(cls, media_type: bytes, body: bytes, *, is_compressible: bool = False) -> "Content":
        """Make the content of a body."""
        return cls(media_type, body, hashlib.sha256(body).hexdigest()[:16], is_compressible)

    def compressed(self) -> bytes:
        """Give the body compressed by gzip; the first time takes some milliseconds a megabyte, so use a thread."""
        # Made at first use, so that the wheel holds each file once. A higher level takes longer and saves 0.3 %.
        if self._compressed is None:
            self._compressed = gzip.compress(self.body, 6, mtime=0)
        return self._compressed


class DocsUI:
    """The docs page and its assets, as an ASGI app that the app around it dispatches to."""

    def __init__(self, *, title: str, docs_url: str, openapi_url: str) -> None:
        """Make the page.

        Args:
            title: The title of the API; any text.
            docs_url: The path of the page below the app's mount point, such as "/docs". With and without a slash at
                its end it is the same page.
            openapi_url: The path of the OpenAPI document below the app's mount point.

        Raises:
            ConfigError: If one of the paths cannot be the path of a URL, or both are one.
        """
        check_path("docs_url", docs_url)
        check_path("openapi_url", openapi_url)
        self._title: str = title
        self._base: str = docs_url.rstrip("/")
        self._openapi_url: str = openapi_url
        self._segments: list[str] = self._base.split("/")
        self._pages: dict[bool, Content] = {}
        rest = self._rest(quote(openapi_url))
        if rest is not None and (rest in ([], [""]) or rest[0] == "assets"):
            raise ConfigError(
                f"docs_url {docs_url!r} and openapi_url {openapi_url!r} are one path, or the document is among the "
                "page's assets. Move one of them."
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; the body of the request is not read.

        Raises:
            ApiError: 405 for a method that is neither GET nor HEAD, 404 for anything but the page and its assets.
        """
        method: str = scope["method"]
        if method not in ("GET", "HEAD"):
            raise ApiError(405, "This route answers GET, HEAD.", {"allow": "GET, HEAD"})
        rest = self._rest(undecoded_path(scope))
        if rest in ([], [""]):
            content = await self._page(is_folder=rest == [""])
            headers = [(b"cache-control", b"no-cache"), (b"content-security-policy", _POLICY.encode("ascii"))]
        else:
            found = None
            if rest is not None and rest[0] == "assets" and len(rest) == 2:
                found = (await anyio.to_thread.run_sync(_load_assets)).contents.get(rest[1])
            if found is None:
                raise ApiError(404, "The docs have no such file.")
            content = found
            headers = [(b"cache-control", b"public, max-age=31536000, immutable")]
        await send_content(content, headers, scope, send)

    def _rest(self, path: str) -> list[str] | None:
        """Give the segments of a path below the page, or None when it is not below it."""
        # Decoded a segment at a time: an escaped slash must never make another path.
        segments = [unquote(segment) for segment in path.split("/")]
        count = len(self._segments)
        return segments[count:] if segments[:count] == self._segments else None

    async def _page(self, *, is_folder: bool) -> Content:
        """Make the page, once for each form of its path: with a slash at the end relative URLs start deeper."""
        page = self._pages.get(is_folder)
        if page is None:
            names = (await anyio.to_thread.run_sync(_load_assets)).names
            # The page may be the folder "/", or a file in it.
            up = "../" * (len(self._segments) - (1 if is_folder else 2)) or "./"
            page = self._pages[is_folder] = _render(self._title, up, self._base, self._openapi_url, names)
        return page


def _render(title: str, up: str, base: str, openapi_url: str, names: Mapping[str, str]) -> Content:
    def locate(path: str) -> str:
        return html.escape(up + quote(path.lstrip("/"), safe="/:@!$&'()*+,;=~-._"))

    def locate_asset(file: str) -> str:
        return locate(f"{base}/assets/{names[file]}")

    text = _PAGE.format(
        title=html.escape(title),
        openapi_url=locate(openapi_url),
        root_url=html.escape(up),
        links="\n".join(
            [
                f'<link rel="icon" type="image/png" sizes="32x32" href="{locate_asset(_ICON)}">',
                *(f'<link rel="stylesheet" href="{locate_asset(style)}">' for style in _STYLES),
                *(f'<script src="{locate_asset(script)}" defer></script>' for script in _SCRIPTS),
            ]
        ),
    )
    # A title from a badly decoded file may hold what UTF-8 has no bytes for.
    return Content.of(b"text/html; charset=utf-8", text.encode("utf-8", "replace"))


class _Assets(NamedTuple):
    """The files that are served, under names that change with their content."""

    names: Mapping[str, str]
    """Names by file."""
    contents: Mapping[str, Content]
    """Contents by name."""


@functools.cache
def _load_assets() -> _Assets:
    """Read the files: at first use, since most processes never show the page."""
    folder = files(__name__).joinpath("assets")
    names: dict[str, str] = {}
    contents: dict[str, Content] = {}
    for file in (*_SCRIPTS, *_STYLES, _ICON):
        stem, _, ending = file.rpartition("/")[2].rpartition(".")
        content = Content.of(_MEDIA_TYPES[ending], folder.joinpath(file).read_bytes(), is_compressible=ending != "png")
        names[file] = f"{stem}.{content.digest}.{ending}"
        contents[names[file]] = content
    return _Assets(names, contents)


async def send_content(content: Content, headers: Iterable[tuple[bytes, bytes]], scope: Scope, send: Send) -> None:
    """Answer GET or HEAD with a content, compressed and conditional as the client would have it.

    Args:
        content: What to send.
        headers: Sent beside those of the content.
        scope: The request.
        send: ASGI's send.
    """
    tag = content.digest
    lines = [*headers, *_COMMON_HEADERS]
    is_compressed = False
    if content.is_compressible:
        lines.append((b"vary", b"Accept-Encoding"))
        is_compressed = _takes_gzip(_header(scope, b"accept-encoding") or "")
        if is_compressed:
            tag += "-gzip"
    etag = f'"{tag}"'
    lines.append((b"etag", etag.encode("ascii")))
    if_none_match = _header(scope, b"if-none-match")
    if if_none_match is not None and wire.etag_matches(if_none_match, etag):
        await send({"type": "http.response.start", "status": 304, "headers": lines})
        await send({"type": "http.response.body", "body": b""})
        return
    body = content.body
    if is_compressed:
        body = await anyio.to_thread.run_sync(content.compressed)
        lines.append((b"content-encoding", b"gzip"))
    lines += [(b"content-type", content.media_type), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": lines})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _header(scope: Scope, name: bytes) -> str | None:
    values = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return ", ".join(values) if values else None


def _takes_gzip(accept_encoding: str) -> bool:
    """Tell whether a client takes gzip; one that says nothing of it may not.

    Reference:
        RFC 9110 §12.5.3, Accept-Encoding.
    """
    weights: dict[str, bool] = {}
    for piece in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in piece.split(";"))
        weights[coding] = not any(re.fullmatch(r"q\s*=\s*0(?:\.0*)?", parameter) for parameter in parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


def check_path(name: str, value: object) -> None:
    """Make sure that a setting is a path that a URL can have.

    Args:
        name: The setting.
        value: What it is set to.

    Raises:
        ConfigError: If it is not.
    """
    if not isinstance(value, str) or not value.startswith("/"):
        raise ConfigError(f"{name} {value!r} is no path. Give one that starts with '/', for example '/docs'.")
    unfit = _UNFIT_FOR_PATH.search(value)
    if unfit is not None:
        raise ConfigError(f"{name} {value!r} has {unfit[0]!r}, which the path of a page cannot have. Take it out.")
