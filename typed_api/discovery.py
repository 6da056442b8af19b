"""From a folder of Python modules to routes: walking, importing, and telling all that is wrong at once.

Owns what a tree of files may look like and how its modules come to be imported. What a handler may look like is not
known here: `discover` takes a function that checks one module.
"""

import ast
import importlib
import importlib.util
import keyword
import logging
import os
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Final

from typed_api.config import METHODS, UNSET, RouteConfig
from typed_api.errors import ConfigError, StartupError
from typed_api.pattern import (
    INDEX,
    Pattern,
    PatternError,
    Segment,
    SegmentKind,
    check_word_separator,
    find_conflicts,
    is_test_name,
    parse_name,
    static_segment,
)

__all__ = ["HANDLER_NAMES", "RouteModule", "discover", "import_report", "resolve_package"]

logger: logging.Logger = logging.getLogger("typed_api")

HANDLER_NAMES: Final = ("handler", "get", "post", "put", "patch", "delete", "head", "options")
"""The module attributes that make a module a route."""

_SLOW_IMPORT_SECONDS: Final = 10.0
_OWN_FRAMES: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
_IMPORTLIB_FRAMES: Final = ("<frozen importlib", importlib.__file__)


@dataclass(frozen=True, slots=True)
class RouteModule:
    """A module that serves a route."""

    file: Path
    relative: str
    """The file, relative to the root folder, with `/` between its parts: `api/users/_id_.py`."""
    shown: str
    """How messages call the file: `relative` below the root folder's name, `pages/api/users/_id_.py`."""
    name: str
    """The module's name: `pages.api.users._id_`."""
    module: ModuleType
    pattern: Pattern
    configs: tuple[RouteConfig, ...]
    """The `config` of each folder that has one, the outermost first, then the module's own."""


def discover(
    pages: str | os.PathLike[str],
    *,
    base: Path,
    word_separator: str | None = None,
    check: Callable[[RouteModule], Iterable[str]] | None = None,
) -> list[RouteModule]:
    """Import every module below a root folder and find out what it serves.

    Modules are imported by Python's ordinary import system, in the order of their names, so that nothing depends on
    the order in which a file system lists them.

    Args:
        pages: The root: a folder, relative to `base`, or a package, as for `resolve_package`.
        base: The folder that relative paths start from.
        word_separator: What stands in the URL for an underscore inside a static name.
        check: Says what is wrong with one route, a sentence a problem; its answers join the report.

    Returns:
        The routes, sorted by file.

    Raises:
        StartupError: If anything keeps the tree from being served; it lists all problems, not the first.
    """
    try:
        check_word_separator(word_separator)
    except PatternError as error:
        raise StartupError([str(error)]) from None
    package, folder = resolve_package(pages, base)
    # The folder may be younger than what Python remembers of it.
    importlib.invalidate_caches()
    scanner = _Scanner(folder, word_separator)
    root = scanner.scan()
    with _ImportWatch() as watch:
        reader = _Reader(folder, watch)
        reader.read_folder(root, package, Pattern(), (), importable=True)
    routes = sorted(reader.routes, key=lambda route: route.relative)
    problems = scanner.problems + reader.problems
    if check is not None:
        for route in routes:
            problems.extend(check(route))
    problems.extend(find_conflicts([(route.shown, route.pattern) for route in routes]))
    if problems:
        raise StartupError(problems)
    return routes


def resolve_package(pages: str | os.PathLike[str], base: Path) -> tuple[str, Path]:
    """Find the root folder of the routes and the name that its modules are imported by.

    A folder's module names start at its outermost folder with an `__init__.py`. The folder above that one is put on
    `sys.path` when the package cannot be imported already.

    Args:
        pages: An existing folder, relative to `base`, or the dotted name of a package.
        base: The folder that relative paths start from.

    Returns:
        The package's dotted name and its folder.

    Raises:
        StartupError: If there is neither such a folder nor such a package, if the name cannot be imported, or if a
            different package of that name is imported already.
    """
    if isinstance(pages, str) and not pages:
        raise StartupError(["The root folder of the routes is ''. Give a folder such as 'pages', or a package's name."])
    # Not resolve(): a path that goes through links is shown as the user wrote it.
    folder = Path(os.path.abspath(base / pages))
    if folder.is_dir():
        return _claim_folder(folder)
    if folder.exists():
        raise StartupError([f"The root of the routes, '{folder}', is a file. Name the folder that holds the routes."])
    if isinstance(pages, str) and all(map(_is_module_name, pages.split("."))):
        found = _find_package(pages)
        if found is not None:
            return pages, found
        folder_of_name = Path(os.path.abspath(base / pages.replace(".", "/")))
        if folder_of_name.is_dir():
            return _claim_folder(folder_of_name)
        raise StartupError([f"There is no folder '{folder}' and no package {pages!r}. Create one, or name another."])
    raise StartupError([f"The root folder of the routes, '{folder}', does not exist. Create it, or name another."])


def _is_module_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _claim_folder(folder: Path) -> tuple[str, Path]:
    """Make a folder importable, and say by which name."""
    top = folder
    while top.parent != top and (top.parent / "__init__.py").is_file():
        top = top.parent
    names = folder.relative_to(top.parent).parts
    for name in names:
        if not _is_module_name(name):
            raise StartupError(
                [f"The folder '{folder}' cannot be a package: {name!r} is no name that Python can import. Rename it."]
            )
    present = sys.modules.get(names[0])
    if present is not None:
        places = [*getattr(present, "__path__", ())]
        if not _has_folder(places, top):
            where = places[0] if places else getattr(present, "__file__", None) or "Python itself"
            raise StartupError(
                [
                    f"The folder '{top}' cannot be imported as {names[0]!r}: a different module of that name, from "
                    f"'{where}', is imported already. Rename the folder."
                ]
            )
    elif not _is_found(names[0], top):
        sys.path.insert(0, str(top.parent))
        importlib.invalidate_caches()
        if not _is_found(names[0], top):
            sys.path.remove(str(top.parent))
            mend = "Rename the folder." if (top / "__init__.py").is_file() else "Add an empty '__init__.py' to it."
            raise StartupError(
                [f"The folder '{top}' cannot be imported as {names[0]!r}: Python finds another module first. {mend}"]
            )
    return ".".join(names), folder


def _find_package(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        # One of its own parents is missing, or is no package; a module that a parent imports is another matter.
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            return None
        raise StartupError([import_report(name, error)]) from error
    except ValueError:
        # A module without a spec: what runs as __main__, or was made by hand.
        return None
    except (Exception, SystemExit) as error:
        raise StartupError([import_report(name, error)]) from error
    if spec is None:
        return None
    places = [place for place in spec.submodule_search_locations or () if os.path.isdir(place)]
    if not places:
        raise StartupError([f"{name!r} is no package with a folder on disk, but {spec.origin!r}. Name its folder."])
    return Path(places[0])


def _is_found(name: str, folder: Path) -> bool:
    spec: ModuleSpec | None = importlib.util.find_spec(name)
    return spec is not None and _has_folder(spec.submodule_search_locations or (), folder)


def _has_folder(places: Iterable[str], folder: Path) -> bool:
    real = os.path.realpath(folder)
    return any(os.path.realpath(place) == real for place in places)


@dataclass(slots=True)
class _File:
    """A file that is a route by its name."""

    path: str
    shown: str
    stem: str
    segment: Segment | PatternError


@dataclass(slots=True)
class _Folder:
    """A folder that is not private, and what matters in it, by name."""

    path: str
    shown: str
    name: str
    segment: Segment | PatternError | None
    """None for the root, which is no part of a URL."""
    has_init: bool = False
    has_routes: bool = False
    """Whether it has a file that is a route by its name, or a folder below it has."""
    is_relevant: bool = False
    """Whether it has such a file or an `__init__.py`, or a folder below it has."""
    files: list[_File] = field(default_factory=list[_File])
    folders: "list[_Folder]" = field(default_factory=list["_Folder"])
    tests: list[_File] = field(default_factory=list[_File])
    """Files that belong to a test runner."""


class _Scanner:
    """Reads names, and nothing else, into a tree."""

    def __init__(self, folder: Path, word_separator: str | None) -> None:
        self.problems: list[str] = []
        self._folder: Path = folder
        self._real_root: str = os.path.realpath(folder)
        self._word_separator: str | None = word_separator

    def scan(self) -> _Folder:
        root = _Folder(str(self._folder), self._folder.name, self._folder.name, None)
        self._fill(root, (root.path,))
        return root

    def _fill(self, folder: _Folder, above: tuple[str, ...]) -> None:
        try:
            with os.scandir(folder.path) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self.problems.append(f"'{folder.shown}/' cannot be read: {error.strerror}.")
            return
        for entry in entries:
            if entry.is_dir():
                self._add_folder(folder, entry, above)
            elif entry.name == "__init__.py":
                folder.has_init = folder.is_relevant = True
            elif entry.name.endswith(".py"):
                self._add_file(folder, entry, above)

    def _add_folder(self, folder: _Folder, entry: "os.DirEntry[str]", above: tuple[str, ...]) -> None:
        shown = f"{folder.shown}/{entry.name}"
        segment = self._parse(entry.name, f"{shown}/", is_folder=True)
        if segment is None or not self._stays(entry, shown, above):
            return
        below = _Folder(entry.path, shown, entry.name, segment)
        self._fill(below, (*above, entry.path))
        folder.folders.append(below)
        folder.has_routes |= below.has_routes
        folder.is_relevant |= below.is_relevant

    def _add_file(self, folder: _Folder, entry: "os.DirEntry[str]", above: tuple[str, ...]) -> None:
        shown = f"{folder.shown}/{entry.name}"
        stem = entry.name.removesuffix(".py")
        if is_test_name(stem) and not stem.startswith(("_", ".")):
            folder.tests.append(_File(entry.path, shown, stem, INDEX))
            return
        segment = self._parse(stem, shown, is_folder=False)
        if segment is None or not self._stays(entry, shown, above):
            return
        folder.files.append(_File(entry.path, shown, stem, segment))
        folder.has_routes = folder.is_relevant = True

    def _parse(self, stem: str, shown: str, *, is_folder: bool) -> Segment | PatternError | None:
        try:
            return parse_name(stem, is_folder=is_folder, word_separator=self._word_separator, shown=shown)
        except PatternError as error:
            # Told later, and only of what would be imported.
            return error

    def _stays(self, entry: "os.DirEntry[str]", shown: str, above: tuple[str, ...]) -> bool:
        """Say whether an entry is below the root folder really, and tell when it is not."""
        if not entry.is_symlink():
            return True
        real = os.path.realpath(entry.path)
        if not os.path.exists(real):
            where = "leads nowhere"
        elif real in map(os.path.realpath, above):
            where = "leads back to a folder that it is in"
        elif not real.startswith(self._real_root + os.sep):
            where = "leads out of the root folder of the routes"
        else:
            return True
        logger.warning("%r is a link that %s (to %r). It is ignored.", shown, where, real)
        return False


class _Reader:
    """Imports what was scanned, and collects routes and problems."""

    def __init__(self, root: Path, watch: "_ImportWatch") -> None:
        self.routes: list[RouteModule] = []
        self.problems: list[str] = []
        self._root: Path = root
        self._watch: _ImportWatch = watch
        self._failures: dict[tuple[object, ...], str] = {}
        """By error and place, the first file that could not be imported for it."""

    def read_folder(
        self, folder: _Folder, name: str, pattern: Pattern, configs: tuple[RouteConfig, ...], *, importable: bool
    ) -> None:
        """Read a folder and all below it; what is not importable is looked at for its names alone."""
        for test in folder.tests:
            self._check_test(test)
        if not folder.is_relevant:
            importable = False
        elif isinstance(folder.segment, PatternError):
            self.problems.append(str(folder.segment))
            importable = False
        if folder.has_routes and not folder.has_init:
            self.problems.append(
                f"'{folder.shown}/' has no '__init__.py'. Add an empty one: every folder of routes is a package, so "
                "that imports and type checkers agree on the names of the modules in it."
            )
        if importable:
            shown = f"{folder.shown}/__init__.py"
            module = self._import(name, shown, os.path.join(folder.path, "__init__.py"))
            if module is None:
                importable = False
            else:
                self._check_init(folder, module, shown)
                config = self._read_config(module, shown)
                segment = folder.segment if isinstance(folder.segment, Segment) else None
                segment = self._apply_segment(segment, config, shown)
                pattern = pattern if segment is None else pattern.join(segment)
                configs = configs if config is None else (*configs, config)
        hidden = {file.stem: file for file in folder.files if not isinstance(file.segment, PatternError)}
        for below in folder.folders:
            file = hidden.get(below.name)
            is_hiding = file is not None and _has_python(below.path)
            if file is not None and is_hiding:
                self._tell_hidden(file, below)
                folder.files.remove(file)
            # Beside a file, a folder without an `__init__.py` is not what Python finds under the name.
            self.read_folder(
                below,
                f"{name}.{below.name}",
                pattern,
                configs,
                importable=importable and (below.has_init or not is_hiding),
            )
        for file in folder.files:
            if isinstance(file.segment, PatternError):
                self.problems.append(str(file.segment))
            elif importable:
                self._read_file(file, file.segment, f"{name}.{file.stem}", pattern, configs)

    def _read_file(
        self, file: _File, segment: Segment, name: str, above: Pattern, configs: tuple[RouteConfig, ...]
    ) -> None:
        module = self._import(name, file.shown, file.path)
        if module is None:
            return
        config = self._read_config(module, file.shown)
        segment = self._apply_segment(segment, config, file.shown) or segment
        relative = Path(file.path).relative_to(self._root).as_posix()
        is_page = "render" in vars(module) and not relative.startswith("api/")
        has_handler = any(attribute in vars(module) for attribute in HANDLER_NAMES)
        if has_handler and is_page:
            self.problems.append(
                f"{file.shown!r} has both a handler and 'render', so that it would be an API route and a page. Move "
                "one of them to another file."
            )
        elif has_handler:
            own = () if config is None else (config,)
            self.routes.append(
                RouteModule(
                    file=Path(file.path),
                    relative=relative,
                    shown=file.shown,
                    name=name,
                    module=module,
                    pattern=above.join(segment),
                    configs=configs + own,
                )
            )
        elif not is_page:
            self._tell_no_handler(file, module)

    def _import(self, name: str, shown: str, path: str) -> ModuleType | None:
        try:
            self._watch.start(shown)
            return importlib.import_module(name)
        except ConfigError as error:
            self.problems.append(f"{_place_of(error, shown, path)}: {error}")
        except (Exception, SystemExit) as error:
            reason = _reason(error)
            first = self._failures.setdefault(reason, shown)
            if first == shown:
                self.problems.append(import_report(shown, error))
            else:
                self.problems.append(f"{shown!r} cannot be imported for the same reason as {first!r}.")
        finally:
            self._watch.stop()
        return None

    def _read_config(self, module: ModuleType, shown: str) -> RouteConfig | None:
        config = vars(module).get("config", UNSET)
        if config is UNSET:
            stray = [name for name, value in vars(module).items() if isinstance(value, RouteConfig)]
            if stray:
                # Under another name its guards would let everybody through, without a word.
                self.problems.append(
                    f"{shown!r} has a RouteConfig under the name {stray[0]!r}, and only 'config' is read. Rename it."
                )
            return None
        if isinstance(config, RouteConfig):
            return config
        if isinstance(config, ModuleType):
            # Python sets a submodule on its package, under its own name.
            if config.__name__ != f"{module.__name__}.config":
                self.problems.append(
                    f"{shown!r} imports the module {config.__name__!r} as 'config', which is the name of the route's "
                    "settings. Import it under another name."
                )
            return None
        self.problems.append(
            f"{shown!r} sets config to {config!r}, which is no RouteConfig. Write config = RouteConfig(...), or use "
            "another name."
        )
        return None

    def _apply_segment(self, segment: Segment | None, config: RouteConfig | None, shown: str) -> Segment | None:
        text = None if config is None or config.segment is UNSET else config.segment
        if text is None:
            return segment
        if segment is None:
            why = "the root folder is no part of a URL. Leave it out"
        elif segment == INDEX:
            why = "an index has no segment of its own. Set it in the folder's '__init__.py'"
        elif segment.kind is not SegmentKind.STATIC:
            why = f"the name says that its segment is the parameter {segment.text!r}. Leave one of the two out"
        else:
            try:
                return static_segment(text)
            except PatternError as error:
                self.problems.append(f"{shown!r}: {error}")
                return segment
        self.problems.append(f"{shown!r} sets segment={text!r}, but {why}.")
        return segment

    def _check_init(self, folder: _Folder, module: ModuleType, shown: str) -> None:
        handlers = [name for name in HANDLER_NAMES if callable(vars(module).get(name))]
        if handlers:
            self.problems.append(
                f"{shown!r} has {_join(handlers)}, but an '__init__.py' is no route. Move it to "
                f"'{folder.shown}/index.py'."
            )
        has_submodule = any(file.stem == "config" for file in folder.files) or any(
            below.name == "config" for below in folder.folders
        )
        if has_submodule and folder.has_init and _binds_config(os.path.join(folder.path, "__init__.py")):
            self.problems.append(
                f"{shown!r} sets 'config', but the folder has a module 'config' too, and Python puts the module in the "
                'place of the settings. Rename the module; config = RouteConfig(segment="config") in it keeps its URL.'
            )

    def _check_test(self, test: _File) -> None:
        handlers = _find_handlers(test.path)
        if handlers:
            self.problems.append(
                f"{test.shown!r} has {_join(handlers)}, but files named 'test_*.py', '*_test.py' or 'conftest.py' are "
                f'never routes. Rename the file (config = RouteConfig(segment="{test.stem}") keeps the URL), or the '
                "function."
            )

    def _tell_hidden(self, file: _File, folder: _Folder) -> None:
        if os.path.exists(os.path.join(folder.path, "index.py")):
            mend = f"Remove it, or '{folder.shown}/index.py'"
        else:
            mend = f"Move it to '{folder.shown}/index.py'"
        self.problems.append(
            f"{file.shown!r} stands beside the folder '{folder.shown}/', which hides it from imports and type "
            f"checkers. {mend}."
        )

    def _tell_no_handler(self, file: _File, module: ModuleType) -> None:
        hints = ""
        upper = [name for name in vars(module) if name in METHODS]
        if upper:
            hints += f" Method functions are in lower case: {upper[0].lower()!r}, not {upper[0]!r}."
        if "default" in vars(module):
            hints += " What Next.js exports as 'default' is 'handler' here."
        private = f"_{file.stem.strip('_')}.py"
        self.problems.append(
            f"{file.shown!r} has no handler. Define 'handler', or some of {', '.join(HANDLER_NAMES[1:])}; if it is no "
            f"route, call it {private!r}.{hints}"
        )


class _ImportWatch:
    """Tells of a module whose import takes long: one that never ends cannot be interrupted, only named."""

    def __init__(self) -> None:
        self._current: tuple[str, float] | None = None
        self._done: threading.Event = threading.Event()
        # A daemon: a program that gives up on an endless import must be able to end.
        self._thread: threading.Thread = threading.Thread(target=self._run, name="typed_api-imports", daemon=True)

    def __enter__(self) -> "_ImportWatch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def start(self, shown: str) -> None:
        """Note what is being imported from now on."""
        self._current = (shown, time.monotonic())

    def stop(self) -> None:
        """Note that nothing is being imported."""
        self._current = None

    def _run(self) -> None:
        wait_seconds = _SLOW_IMPORT_SECONDS
        told: tuple[str, float] | None = None
        while not self._done.wait(wait_seconds):
            current = self._current
            wait_seconds = _SLOW_IMPORT_SECONDS
            if current is None or current is told:
                continue
            left_seconds = current[1] + _SLOW_IMPORT_SECONDS - time.monotonic()
            if left_seconds > 0:
                wait_seconds = left_seconds
                continue
            told = current
            logger.warning(
                "%r is still being imported after %g seconds. Serving waits for it.", current[0], _SLOW_IMPORT_SECONDS
            )


def import_report(shown: str, error: BaseException) -> str:
    """Say that a module cannot be imported, with its own traceback: no frame of Python's import system or of ours.

    Args:
        shown: The file, or the module's name.
        error: What the import raised.

    Returns:
        A short report of several lines.
    """
    report = traceback.TracebackException.from_exception(error)
    _trim(report)
    # A syntax error in the module itself has no frame but ours.
    lines = report.format() if report.stack else report.format_exception_only()
    what = "ends the program while it is imported" if isinstance(error, SystemExit) else "cannot be imported"
    return f"{shown!r} {what}:\n{''.join(lines).rstrip()}"


def _trim(report: traceback.TracebackException) -> None:
    """Leave out what every import has: the frames of Python's import system, and ours."""
    report.stack = traceback.StackSummary.from_list([frame for frame in report.stack if _is_foreign(frame)])
    for inner in (report.__cause__, report.__context__, *(report.exceptions or ())):
        if inner is not None:
            _trim(inner)


def _is_foreign(frame: traceback.FrameSummary) -> bool:
    return not frame.filename.startswith((_OWN_FRAMES, *_IMPORTLIB_FRAMES))


def _reason(error: BaseException) -> tuple[object, ...]:
    text = "".join(traceback.format_exception_only(error))
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_foreign(frame)]
    return (text, frames[-1].filename, frames[-1].lineno) if frames else (text,)


def _place_of(error: BaseException, shown: str, path: str) -> str:
    # Generated code has no file: the constructor of a dataclass is in "<string>".
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if _is_foreign(frame) and not frame.filename.startswith("<")
    ]
    if not frames:
        return repr(shown)
    file = frames[-1].filename
    is_own = os.path.realpath(file) == os.path.realpath(path)
    return f"{shown if is_own else file!r}, line {frames[-1].lineno}"


def _has_python(folder: str) -> bool:
    return any(name.endswith(".py") for _, _, names in os.walk(folder) for name in names)


def _find_handlers(path: str) -> list[str]:
    """Find functions that look like handlers without running the file: test files are not ours to import."""
    return [
        statement.name
        for statement in _parse_file(path)
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef))
        and statement.name in HANDLER_NAMES
        and len(statement.args.posonlyargs) + len(statement.args.args) == 2
    ]


def _binds_config(path: str) -> bool:
    for statement in _parse_file(path):
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        elif isinstance(statement, ast.ImportFrom) and statement.module is not None:
            # Not `from . import config`: that is the module itself.
            targets = [ast.Name(alias.asname or alias.name) for alias in statement.names]
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id == "config" for target in targets):
            return True
    return False


def _parse_file(path: str) -> list[ast.stmt]:
    try:
        with open(path, "rb") as file, warnings.catch_warnings():
            # A doubtful escape in somebody's test is no business of the server's.
            warnings.simplefilter("ignore")
            return ast.parse(file.read()).body
    except (OSError, SyntaxError, ValueError, RecursionError):
        return []


def _join(names: Sequence[str]) -> str:
    return " and ".join(repr(name) for name in names)
