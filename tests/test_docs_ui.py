"""The docs page and its assets as they are sent, and the files that were vendored for them."""

import gzip
import hashlib
import importlib.util
import io
import json
import sys
import tarfile
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from tests.direct import Exchange, call, exchange, make_scope
from typed_api.docs_ui import Content, DocsUI
from typed_api.errors import ApiError, ConfigError

ROOT = Path(__file__).parent.parent
ASSETS = ROOT / "typed_api" / "docs_ui" / "assets"
VENDORED = ASSETS / "swagger-ui"

HOSTILE = "</title></script><script>alert(1)</script>\"' onload=x {title} {0} & <!-- \x00"


class Reader(HTMLParser):
    """Takes a page apart: its elements with their attributes, and the text inside of each kind."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._open.remove(tag)

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open[-1]] = self.texts.get(self._open[-1], "") + data

    def links(self) -> list[str]:
        """Give every URL in the page, each once."""
        names = ("src", "href", "data-openapi-url", "data-root-url")
        found = [attributes.get(name) for _, attributes in self.elements for name in names]
        return list(dict.fromkeys(url for url in found if url is not None))

    def one(self, tag: str, **wanted: str) -> dict[str, str | None]:
        """Give the attributes of the one element that has those that are wanted."""
        (found,) = (
            attributes for name, attributes in self.elements if name == tag and wanted.items() <= attributes.items()
        )
        return found


def make_docs(title: str = "People", docs_url: str = "/docs", openapi_url: str = "/openapi.json") -> DocsUI:
    return DocsUI(title=title, docs_url=docs_url, openapi_url=openapi_url)


async def read_page(docs: DocsUI, path: str = "/docs") -> Reader:
    return Reader((await call(docs, "GET", path)).text)


async def asset_path(docs: DocsUI, stem: str, ending: str = "js") -> str:
    (found,) = (
        urljoin("/docs", link)
        for link in (await read_page(docs)).links()
        if link.startswith(f"./docs/assets/{stem}.") and link.endswith(f".{ending}")
    )
    return found


def headers_of(answer: Exchange) -> dict[str, str]:
    assert len(answer.headers) == len(dict(answer.headers))
    return dict(answer.headers)


# The page


async def test_page_is_sent_with_its_policy() -> None:
    answer = await call(make_docs(), "GET", "/docs")
    etag = hashlib.sha256(answer.body).hexdigest()[:16]
    assert (answer.status, headers_of(answer)) == (
        200,
        {
            "content-type": "text/html; charset=utf-8",
            "content-length": str(len(answer.body)),
            "content-security-policy": (
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
                "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
            "cache-control": "no-cache",
            "etag": f'"{etag}"',
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
        },
    )


async def test_title_is_text_whatever_it_holds() -> None:
    page = await read_page(make_docs(title=HOSTILE))
    assert (page.texts["title"], page.texts.get("script")) == (f"{HOSTILE} - API documentation", None)


async def test_title_that_is_no_unicode_is_sent_all_the_same() -> None:
    page = await read_page(make_docs(title="A\udc80"))
    assert page.texts["title"] == "A? - API documentation"


async def test_paths_are_text_whatever_they_hold() -> None:
    page = await read_page(make_docs(openapi_url="/\"'<b>&amp;.json"))
    assert page.one("main")["data-openapi-url"] == "./%22'%3Cb%3E&amp;.json"


async def test_page_has_neither_inline_scripts_nor_inline_styles() -> None:
    page = await read_page(make_docs())
    inline = [
        (tag, name)
        for tag, attributes in page.elements
        for name in attributes
        if name == "style" or name.startswith("on")
    ]
    scripts = [attributes for tag, attributes in page.elements if tag == "script" and "src" not in attributes]
    styles = [tag for tag, _ in page.elements if tag == "style"]
    assert (inline, scripts, styles, page.texts.get("script")) == ([], [], [], None)


async def test_every_url_of_the_page_is_relative() -> None:
    assert [link for link in (await read_page(make_docs())).links() if not link.startswith("./")] == []


async def test_page_tells_its_language_and_fits_small_screens() -> None:
    page = await read_page(make_docs())
    assert (page.one("html"), page.one("meta", name="viewport")) == (
        {"lang": "en"},
        {"name": "viewport", "content": "width=device-width, initial-scale=1"},
    )


async def test_page_without_javascript_leads_to_the_document() -> None:
    page = await read_page(make_docs())
    assert ("This page needs JavaScript." in page.texts["p"], page.one("a")) == (True, {"href": "./openapi.json"})


@pytest.mark.parametrize(
    ("docs_url", "path", "assets"),
    [
        ("/docs", "/docs", "/docs/assets/"),
        ("/docs", "/docs/", "/docs/assets/"),
        ("/docs/", "/docs", "/docs/assets/"),
        ("/internal/docs", "/internal/docs", "/internal/docs/assets/"),
        ("/internal/docs", "/internal/docs/", "/internal/docs/assets/"),
        ("/internal/docs", "/%69nternal/docs", "/internal/docs/assets/"),
        ("/", "/", "/assets/"),
        ("/a:b", "/a:b", "/a:b/assets/"),
        ("/документы", "/%D0%B4%D0%BE%D0%BA%D1%83%D0%BC%D0%B5%D0%BD%D1%82%D1%8B", None),
    ],
)
async def test_urls_of_the_page_lead_to_what_they_mean(docs_url: str, path: str, assets: str | None) -> None:
    docs = make_docs(docs_url=docs_url, openapi_url="/schema/openapi.json")
    assets = f"{path}/assets/" if assets is None else assets
    base = f"https://testserver/outer{path}"
    links = [
        urlsplit(urljoin(base, link)).path.removeprefix("/outer") for link in (await read_page(docs, path)).links()
    ]
    files = [link.removeprefix(assets).partition(".")[0] for link in links if link.startswith(assets)]
    assert (files, [link for link in links if not link.startswith(assets)]) == (
        ["favicon-32x32", "swagger-ui", "docs", "swagger-ui-bundle", "docs"],
        ["/schema/openapi.json", "/"],
    )
    assert [(await call(docs, "HEAD", link)).status for link in links if link.startswith(assets)] == [200] * 5


async def test_mount_point_is_no_part_of_the_path() -> None:
    scope = {**make_scope("GET", "/v1/docs"), "root_path": "/v1"}
    assert (await exchange(make_docs(), scope)).body == (await call(make_docs(), "GET", "/docs")).body


async def test_page_is_the_same_twice() -> None:
    docs = make_docs()
    first, second = await call(docs, "GET", "/docs"), await call(docs, "GET", "/docs")
    assert (first.headers, first.body) == (second.headers, second.body)


# Conditions and methods


async def test_page_that_has_not_changed_is_not_sent_again() -> None:
    docs = make_docs()
    etag = str((await call(docs, "GET", "/docs")).header("etag"))
    answer = await call(docs, "GET", "/docs", headers={"If-None-Match": f'"other", {etag}'})
    assert (answer.status, answer.body, answer.header("etag"), answer.header("content-length")) == (
        304,
        b"",
        etag,
        None,
    )


async def test_etag_of_the_compressed_form_is_its_own() -> None:
    docs = make_docs()
    path = await asset_path(docs, "docs")
    plain, compressed = (
        await call(docs, "GET", path),
        await call(docs, "GET", path, headers={"Accept-Encoding": "gzip"}),
    )
    assert compressed.header("etag") == str(plain.header("etag")).removesuffix('"') + '-gzip"'
    answer = await call(docs, "GET", path, headers={"If-None-Match": str(compressed.header("etag"))})
    assert answer.status == 200


@pytest.mark.parametrize("path", ["/docs", "asset"])
async def test_head_is_get_without_the_body(path: str) -> None:
    docs = make_docs()
    path = await asset_path(docs, "swagger-ui-bundle") if path == "asset" else path
    headers = {"Accept-Encoding": "gzip"}
    got, head = await call(docs, "GET", path, headers=headers), await call(docs, "HEAD", path, headers=headers)
    assert (head.status, head.headers, head.body) == (got.status, got.headers, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get"])
@pytest.mark.parametrize("path", ["/docs", "/docs/assets/docs.js"])
async def test_other_methods_are_refused(method: str, path: str) -> None:
    with pytest.raises(ApiError) as caught:
        await call(make_docs(), method, path)
    error = caught.value
    assert (error.status_code, error.detail, error.headers) == (
        405,
        "This route answers GET, HEAD.",
        {"allow": "GET, HEAD"},
    )


# Assets


async def test_asset_is_kept_for_ever_under_a_name_made_of_its_content() -> None:
    docs = make_docs()
    content = (ASSETS / "docs.js").read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    path = await asset_path(docs, "docs")
    answer = await call(docs, "GET", path)
    assert (path, answer.body, headers_of(answer)) == (
        f"/docs/assets/docs.{digest}.js",
        content,
        {
            "content-type": "text/javascript; charset=utf-8",
            "content-length": str(len(content)),
            "cache-control": "public, max-age=31536000, immutable",
            "etag": f'"{digest}"',
            "vary": "Accept-Encoding",
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
        },
    )


@pytest.mark.parametrize(
    ("stem", "ending", "media_type", "varies"),
    [
        ("swagger-ui-bundle", "js", "text/javascript; charset=utf-8", "Accept-Encoding"),
        ("swagger-ui", "css", "text/css; charset=utf-8", "Accept-Encoding"),
        ("docs", "css", "text/css; charset=utf-8", "Accept-Encoding"),
        ("favicon-32x32", "png", "image/png", None),
    ],
)
async def test_asset_has_its_media_type(stem: str, ending: str, media_type: str, varies: str | None) -> None:
    docs = make_docs()
    answer = await call(docs, "GET", await asset_path(docs, stem, ending))
    assert (answer.header("content-type"), answer.header("vary")) == (media_type, varies)


async def test_asset_is_sent_compressed_to_whoever_takes_it_so() -> None:
    docs = make_docs()
    path = await asset_path(docs, "swagger-ui-bundle")
    answer = await call(docs, "GET", path, headers={"Accept-Encoding": "br, gzip"})
    assert (answer.header("content-encoding"), answer.header("content-length"), answer.header("vary")) == (
        "gzip",
        str(len(answer.body)),
        "Accept-Encoding",
    )
    assert gzip.decompress(answer.body) == (VENDORED / "swagger-ui-bundle.js").read_bytes()


async def test_compressed_assets_are_below_half_a_megabyte() -> None:
    docs = make_docs()
    links = [urljoin("/docs", link) for link in (await read_page(docs)).links() if "/assets/" in link]
    answers = [await call(docs, "GET", link, headers={"Accept-Encoding": "gzip"}) for link in links]
    assert sum(len(answer.body) for answer in answers) < 500_000


@pytest.mark.parametrize(
    ("accept_encoding", "encoding"),
    [
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("deflate, gzip;q=0.5, br", "gzip"),
        ("gzip ; q=0.001", "gzip"),
        ("*", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000", None),
        ("gzip; Q=0", None),
        ("*, gzip;q=0", None),
        ("*;q=0", None),
        ("identity", None),
        ("br", None),
        ("", None),
        (",;,gzipped", None),
    ],
)
async def test_compression_is_what_the_client_asks_for(accept_encoding: str, encoding: str | None) -> None:
    docs = make_docs()
    path = await asset_path(docs, "docs")
    answer = await call(docs, "GET", path, headers={"Accept-Encoding": accept_encoding})
    assert answer.header("content-encoding") == encoding


async def test_what_a_client_takes_may_stand_in_two_lines() -> None:
    docs = make_docs()
    path = await asset_path(docs, "docs")
    answer = await call(docs, "GET", path, headers=[("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")])
    assert answer.header("content-encoding") == "gzip"


async def test_client_that_says_nothing_gets_the_file_as_it_is() -> None:
    docs = make_docs()
    assert (await call(docs, "GET", await asset_path(docs, "docs"))).header("content-encoding") is None


@pytest.mark.parametrize(
    "path",
    [
        "/docs/assets/docs.js",
        "/docs/assets/docs.0123456789abcdef.js",
        "/docs/assets/",
        "/docs/assets",
        "/docs/assets/LICENSE",
        "/docs/assets/swagger-ui/LICENSE",
        "/docs/assets/../__init__.py",
        "/docs/assets/..%2F__init__.py",
        "/docs//",
        "/docs/other",
        "/doc",
        "/docs%2Fassets",
        "/",
    ],
)
async def test_anything_else_is_not_found(path: str) -> None:
    with pytest.raises(ApiError) as caught:
        await call(make_docs(), "GET", path)
    assert (caught.value.status_code, caught.value.detail) == (404, "The docs have no such file.")


def test_content_is_compressed_once() -> None:
    content = Content.of(b"text/plain", b"a" * 1000, is_compressible=True)
    assert content.compressed() is content.compressed()


# Settings


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"docs_url": "docs"}, "docs_url 'docs' is no path. Give one that starts with '/', for example '/docs'."),
        ({"docs_url": ""}, "docs_url '' is no path. Give one that starts with '/', for example '/docs'."),
        ({"docs_url": 7}, "docs_url 7 is no path. Give one that starts with '/', for example '/docs'."),
        (
            {"openapi_url": "https://example.com/openapi.json"},
            "openapi_url 'https://example.com/openapi.json' is no path. Give one that starts with '/', for example "
            "'/docs'.",
        ),
        ({"docs_url": "//host"}, "docs_url '//host' has '//', which the path of a page cannot have. Take it out."),
        ({"docs_url": "/a?b"}, "docs_url '/a?b' has '?', which the path of a page cannot have. Take it out."),
        ({"docs_url": "/a#b"}, "docs_url '/a#b' has '#', which the path of a page cannot have. Take it out."),
        ({"docs_url": "/a b"}, "docs_url '/a b' has ' ', which the path of a page cannot have. Take it out."),
        ({"docs_url": "/a\\b"}, "docs_url '/a\\\\b' has '\\\\', which the path of a page cannot have. Take it out."),
        ({"docs_url": "/a%20b"}, "docs_url '/a%20b' has '%', which the path of a page cannot have. Take it out."),
        ({"docs_url": "/../a"}, "docs_url '/../a' has '/../', which the path of a page cannot have. Take it out."),
        ({"docs_url": "/a/."}, "docs_url '/a/.' has '/.', which the path of a page cannot have. Take it out."),
        (
            {"docs_url": "/\udc80"},
            "docs_url '/\\udc80' has '\\udc80', which the path of a page cannot have. Take it out.",
        ),
        (
            {"docs_url": "/api/", "openapi_url": "/api"},
            "docs_url '/api/' and openapi_url '/api' are one path, or the document is among the page's assets. Move "
            "one of them.",
        ),
        (
            {"openapi_url": "/docs/assets/openapi.json"},
            "docs_url '/docs' and openapi_url '/docs/assets/openapi.json' are one path, or the document is among the "
            "page's assets. Move one of them.",
        ),
    ],
)
def test_path_that_cannot_be_one_is_refused(settings: Mapping[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_docs(**settings)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("openapi_url", ["/docs/openapi.json", "/docs.json", "/docsassets", "/"])
async def test_document_may_be_beside_the_page(openapi_url: str) -> None:
    page = await read_page(make_docs(openapi_url=openapi_url))
    assert urljoin("/docs", page.one("main")["data-openapi-url"]) == openapi_url


# Vendored files


@pytest.fixture(scope="module")
def vendoring() -> ModuleType:
    """`scripts/vendor-swagger-ui` as a module."""
    loader = SourceFileLoader("vendor_swagger_ui", str(ROOT / "scripts" / "vendor-swagger-ui"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)
        loader.exec_module(module)
    return module


def test_vendored_files_are_those_of_the_release(vendoring: ModuleType) -> None:
    manifest = json.loads((VENDORED / "manifest.json").read_text("ascii"))
    hashes = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDORED.iterdir()
        if path.name != "manifest.json"
    }
    assert manifest == {
        "package": vendoring.PACKAGE,
        "version": vendoring.VERSION,
        "integrity": vendoring.INTEGRITY,
        "sha256": hashes,
    }


def test_licence_and_notice_stand_beside_the_vendored_files() -> None:
    licence = (VENDORED / "LICENSE").read_text("utf-8")
    notice = (VENDORED / "NOTICE").read_text("utf-8")
    assert ("Apache License" in licence.splitlines()[1], notice.splitlines()[0]) == (True, "swagger-ui")


Pack = Callable[[Mapping[str, bytes]], Path]


@pytest.fixture
def pack(vendoring: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pack:
    """Makes a package of files, and pins the script to it."""

    def make(files: Mapping[str, bytes]) -> Path:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(f"package/{name}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        path = tmp_path / "package.tgz"
        path.write_bytes(buffer.getvalue())
        monkeypatch.setattr(vendoring, "INTEGRITY", vendoring.integrity_of(path.read_bytes()))
        return path

    return make


def contents_of(vendoring: ModuleType) -> dict[str, bytes]:
    """Make what a package holds: more than is needed."""
    return {name: f"This is {name}.".encode() for name in (*vendoring.FILES, "more.js")}


def test_vendoring_takes_what_is_needed_and_nothing_else(vendoring: ModuleType, pack: Pack, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "stray.js").touch()
    package = pack(contents_of(vendoring))
    assert vendoring.main([str(package), "--target", str(target)]) == 0
    contents = {path.name: path.read_bytes() for path in target.iterdir() if path.name != "manifest.json"}
    assert contents == {name: f"This is {name}.".encode() for name in vendoring.FILES}


def test_vendoring_again_changes_nothing(
    vendoring: ModuleType, pack: Pack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(pack(contents_of(vendoring))), "--target", str(tmp_path / "target")]
    vendoring.main(arguments)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "target").iterdir()}
    capsys.readouterr()
    assert vendoring.main(arguments) == 0
    assert capsys.readouterr().out == f"swagger-ui-dist {vendoring.VERSION}: nothing to change\n"
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "target").iterdir()} == before


def test_vendoring_names_what_differs_when_it_only_compares(
    vendoring: ModuleType, pack: Pack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "target"
    arguments = [str(pack(contents_of(vendoring))), "--target", str(target)]
    vendoring.main(arguments)
    (target / "NOTICE").write_text("other")
    (target / "LICENSE").unlink()
    capsys.readouterr()
    assert vendoring.main([*arguments, "--check"]) == 1
    assert capsys.readouterr().out == f"swagger-ui-dist {vendoring.VERSION}: LICENSE, NOTICE differ\n"
    assert (target / "NOTICE").read_text() == "other"


def test_package_with_another_integrity_is_refused(
    vendoring: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "package.tgz"
    package.write_bytes(b"")
    assert vendoring.main([str(package), "--target", str(tmp_path / "target")]) == 2
    assert capsys.readouterr().err == (
        "The package has the integrity 'sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdB"
        f"eoGlODJ6+SfaPg==', and swagger-ui-dist {vendoring.VERSION} is pinned to '{vendoring.INTEGRITY}'. "
        "Nothing was changed.\n"
    )
    assert not (tmp_path / "target").exists()


def test_package_that_lacks_a_file_is_refused(
    vendoring: ModuleType, pack: Pack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = contents_of(vendoring)
    del files["NOTICE"]
    assert vendoring.main([str(pack(files)), "--target", str(tmp_path / "target")]) == 2
    assert capsys.readouterr().err == (
        f"swagger-ui-dist {vendoring.VERSION} has no file 'NOTICE'. Nothing was changed.\n"
    )
    assert not (tmp_path / "target").exists()


def test_missing_npm_is_named(
    vendoring: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert vendoring.main(["--target", str(tmp_path / "target")]) == 2
    assert capsys.readouterr().err == "'npm' is not on the PATH. Install Node.js, or name a package file.\n"
