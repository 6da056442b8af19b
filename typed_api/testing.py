"""Testing an app: a client over the whole stack, and apps from trees of source text.

Owns `TestClient` (Starlette's, with responses re-checked and state replaced) and `create_app`.
"""

import importlib
import itertools
import shutil
import sys
import tempfile
import textwrap
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from starlette.testclient import TestClient as StarletteTestClient

from typed_api._types import ASGIApp
from typed_api.app import TypedAPI

__all__ = ["TestClient", "create_app"]

_numbers: Final = itertools.count(1)


class TestClient(StarletteTestClient):
    """A client that calls the app in this process, as `httpx2` would over https.

    Instances in responses are re-checked, so that a field that was set to a wrong value is found in a test and not by
    a client. With `with TestClient(app) as client:` the lifespan runs.
    """

    __test__ = False  # Not a test class, whatever its name says to pytest.

    def __init__(
        self,
        app: ASGIApp,
        *,
        state: Sequence[object] = (),
        base_url: str = "https://testserver",
        root_path: str = "",
        client: tuple[str, int] = ("testclient", 50000),
        backend: Literal["asyncio", "trio"] = "asyncio",
        backend_options: Mapping[str, object] | None = None,
        raise_server_exceptions: bool = True,
        follow_redirects: bool = True,
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
    ) -> None:
        """Make a client.

        Args:
            app: The app, or any ASGI app that has one inside.
            state: Instances that replace those of the app's state, found by their class or a base of it:
                `TestClient(app, state=[FakeMailer()])`.
            base_url: What relative URLs are joined to; https, so that `Secure` cookies come back.
            root_path: The mount point that the app is told.
            client: The address that `req.client` gives.
            backend: The event loop: "asyncio", or "trio" where it is installed.
            backend_options: What anyio takes for it.
            raise_server_exceptions: Whether an exception that leaves the app is raised here. One in a handler is
                answered with a 500 and does not leave it; one in a stream that has begun does.
            follow_redirects: Whether redirects are followed, as with Starlette's client.
            headers: Sent with every request.
            cookies: Sent with every request.

        Raises:
            TypeError: If `state` is given for another app than a TypedAPI.
        """
        if isinstance(app, TypedAPI):
            app = app._variant(recheck=True, state=state)
        elif state:
            raise TypeError(f"TestClient(state=...) needs a TypedAPI, not {type(app).__name__!r}.")
        super().__init__(
            app,
            base_url=base_url,
            root_path=root_path,
            client=client,
            backend=backend,
            backend_options=dict(backend_options or {}),
            raise_server_exceptions=raise_server_exceptions,
            follow_redirects=follow_redirects,
            headers=dict(headers) if headers else None,
            cookies=dict(cookies) if cookies else None,
        )


# Any: the options are those of TypedAPI.
def create_app(files: Mapping[str, str], **options: Any) -> TypedAPI:
    """Make an app from source text, as a package of its own.

    Args:
        files: Source text by path below the root folder, such as `{"api/hello.py": "..."}`; it may be indented.
            Missing `__init__.py` files are added.
        **options: What `TypedAPI` takes.

    Returns:
        The app. Its files and modules are removed when it is no longer used, or at the latest at exit.

    Raises:
        StartupError: If the routes cannot be served.
        ValueError: If a path leads out of the root folder.
    """
    parent = Path(tempfile.mkdtemp(prefix="typed_api_"))
    package = f"typed_api_tree_{next(_numbers)}_{parent.name.rpartition('_')[2]}"
    root = parent / package / "pages"
    try:
        _write_tree(files, root)
        (parent / package / "__init__.py").touch()
        importlib.invalidate_caches()
        app = TypedAPI(root, **options)
    except BaseException:
        _remove(parent, package)
        raise
    weakref.finalize(app, _remove, parent, package)
    return app


def _write_tree(files: Mapping[str, str], root: Path) -> None:
    for name, source in files.items():
        file = (root / name).resolve()
        if not file.is_relative_to(root.resolve()):
            raise ValueError(f"{name!r} leads out of the root folder. Give paths below it, such as 'api/hello.py'.")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source), encoding="utf-8")
    root.mkdir(parents=True, exist_ok=True)
    for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
        (folder / "__init__.py").touch()


def _remove(parent: Path, package: str) -> None:
    # A copy first: another thread may be importing.
    for name in [name for name in [*sys.modules] if name == package or name.startswith(package + ".")]:
        sys.modules.pop(name, None)
    # Another list, not the same one shortened: the garbage collector may call this in the middle of an import, whose
    # loop over `sys.path` would step over an entry and miss the module that is there.
    sys.path = [entry for entry in sys.path if entry != str(parent)]
    shutil.rmtree(parent, ignore_errors=True)
