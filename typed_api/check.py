"""What `typed-api check` does: start-up's verdict and mypy's on every route, and the proof that none was passed over.

Owns the findings, their codes and how they are printed. The routes are imported in this process; mypy runs in another
(`typed_api.check_worker`), as the project configures it, with the plugin put in where it is missing.
"""

import ast
import contextlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from typed_api.app import TypedAPI
from typed_api.committed import find_staleness
from typed_api.config import Settings
from typed_api.contract import Endpoint
from typed_api.discovery import HANDLER_NAMES, _Folder, _parse_file, _Scanner, import_report, resolve_package
from typed_api.errors import ConfigError, StartupError
from typed_api.openapi import serialize
from typed_api.pattern import PatternError

__all__ = [
    "DOCUMENT_CODE",
    "DOCUMENT_FILE",
    "MYPY_CODE",
    "MYPY_VERSIONS",
    "STARTUP_CODE",
    "UNCHECKED_CODE",
    "Finding",
    "Report",
    "check_project",
]

STARTUP_CODE: Final = "typed-api-startup"
"""The code of what keeps the routes from being served."""
UNCHECKED_CODE: Final = "typed-api-unchecked"
"""The code of a route file that mypy does not look at, or says nothing about."""
MYPY_CODE: Final = "typed-api-mypy"
"""The code of what is wrong with mypy itself: it is missing, of another release, without the plugin, or it failed."""
DOCUMENT_CODE: Final = "typed-api-openapi"
"""The code of a committed OpenAPI document that is not current."""
DOCUMENT_FILE: Final = "openapi.json"
"""Where a committed document is looked for, unless the settings say otherwise."""

MYPY_VERSIONS: Final = ((1, 18, 1), (2, 5))
"""The releases of mypy that the plugin is tested with: from the first, before the second; as in the extra `check`."""

_PLUGIN: Final = "typed_api.mypy_plugin"
_INSTALL: Final = "pip install 'typed-api-toolkit[check]'"
_WORKER: Final = Path(__file__).with_name("check_worker.py")
_QUOTED: Final = re.compile(r"'([^'\n]+)'|\"([^\"\n]+)\"")
_LAST_LINES: Final = 8
"""How much of what mypy said when it failed is told."""
_FRAME: Final = re.compile(r'^ *File "(.+)", line (\d+)', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend."""

    file: str
    """The file or folder, relative to the working directory when it is below it."""
    line: int | None
    column: int | None
    """From 0, as in mypy's own JSON output."""
    code: str
    """mypy's error code, or one of this module."""
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        first, *more = self.message.split("\n")
        return "\n    ".join([f"{place}: error: {first}  [{self.code}]", *more])


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and in how many routes it was looked for."""

    routes: int
    """How many route files there are."""
    checked: int
    """How many of them mypy has looked at with the plugin, in a way that what is wrong in them would be here."""
    findings: tuple[Finding, ...]
    """Sorted by place."""
    notes: str = ""
    """What mypy said besides: warnings about its configuration, output of plugins."""

    def to_json(self) -> str:
        """Write the report for a program: `{"routes": N, "checked": N, "findings": [{"file", "line", ...}, ...]}`."""
        findings = [asdict(finding) for finding in self.findings]
        return json.dumps({"routes": self.routes, "checked": self.checked, "findings": findings}, indent=2)

    def to_text(self) -> str:
        """Write the report for a person, a finding a line; files that are passed over for one reason share one."""
        lines: list[str] = []
        unchecked: dict[str, list[str]] = {}
        for finding in self.findings:
            if finding.code == UNCHECKED_CODE:
                unchecked.setdefault(finding.message, []).append(finding.file)
            else:
                lines.append(str(finding))
        for message, files in unchecked.items():
            more = f" (and {len(files) - 1} more)" if len(files) > 1 else ""
            lines.append(str(Finding(files[0] + more, None, None, UNCHECKED_CODE, message)))
        summary = f"{_count(self.routes, 'route')}, {self.checked} checked"
        if self.findings:
            summary += f", {_count(len(self.findings), 'finding')}"
        return "\n".join([*lines, summary])


def check_project(settings: Settings, make_app: Callable[[], object]) -> Report:
    """Check the project in the working directory.

    Args:
        settings: Those of the project.
        make_app: Makes its app; every tree of routes that a `TypedAPI` reads meanwhile is checked.

    Returns:
        The report. A project that cannot be started, and a mypy that is missing, are findings too.
    """
    trees, problems, app = _start(settings, make_app)
    files = sorted({file for tree in trees for file in tree.files})
    refused = [_startup_finding(problem, trees, settings) for problem in problems]
    judged = _check_types(trees, files) if files else _Judged()
    findings = [finding for finding in refused if not _is_told(finding, judged.findings)]
    findings += judged.findings
    if isinstance(app, TypedAPI):
        findings += _check_document(settings, app)
    # What start-up refuses says already what to do.
    known = {os.path.abspath(finding.file) for finding in refused}
    findings += [finding for finding in judged.unchecked if os.path.abspath(finding.file) not in known]
    findings.sort(key=lambda finding: (finding.file, finding.line or 0, finding.column or 0, finding.code))
    return Report(len(files), judged.checked, tuple(dict.fromkeys(findings)), judged.notes)


# --- start-up ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tree:
    """One folder of routes."""

    package: str
    root: Path
    files: tuple[str, ...]
    """The route files, absolute."""


def _start(settings: Settings, make_app: Callable[[], object]) -> tuple[list[_Tree], list[str], object]:
    """Import everything, and say which folders of routes there are and what is wrong with them; None is no app."""
    problems: list[str] = []
    trees: dict[Path, _Tree] = {}

    def note(pages: str | os.PathLike[str], word_separator: str | None, served: Sequence[Endpoint] | None) -> None:
        # Where there is no such folder, start-up has just said so.
        with contextlib.suppress(StartupError):
            package, root = resolve_package(pages, Path.cwd())
            if served is None:
                files = _route_files(root, word_separator)
            else:
                files = [str(root.parent / endpoint.file) for endpoint in served]
            trees[root] = _Tree(package, root, tuple(files))

    def make(make: Callable[[], object]) -> object:
        try:
            return make()
        except StartupError as error:
            problems.extend(error.problems)
        except ConfigError as error:
            problems.append(str(error))
        except Exception as error:  # Whatever an app does when it is made: the rest is checked all the same.
            problems.append(import_report(settings.app or settings.pages, error))
        return None

    with _watched(note):
        app = make(make_app)
        if not trees and os.path.isdir(settings.pages):
            # The app did not come as far as its routes.
            make(lambda: TypedAPI(settings.pages, word_separator=settings.word_separator))
    return [*trees.values()], list(dict.fromkeys(problems)), app


def _check_document(settings: Settings, app: TypedAPI) -> list[Finding]:
    """Compare the committed document, if there is one, with the routes."""
    if settings.openapi_file is None and not os.path.exists(DOCUMENT_FILE):
        return []
    file = Path(settings.openapi_file or DOCUMENT_FILE)
    stale = find_staleness(file, lambda version: serialize(app.openapi(version)))
    return [] if stale is None else [Finding(_shown(str(file)), stale.line, None, DOCUMENT_CODE, stale.message)]


@contextlib.contextmanager
def _watched(
    note: Callable[[str | os.PathLike[str], str | None, Sequence[Endpoint] | None], None],
) -> Generator[None]:
    """Hear of every tree of routes that an app reads, also when it fails, or when the app is deep inside another."""
    read = TypedAPI._discover

    def watch(self: TypedAPI, pages: str | os.PathLike[str], word_separator: str | None) -> tuple[Endpoint, ...]:
        try:
            served = read(self, pages, word_separator)
        except BaseException:
            note(pages, word_separator, None)
            raise
        note(pages, word_separator, served)
        return served

    setattr(TypedAPI, "_discover", watch)  # noqa: B010  (a type checker would not have it assigned)
    try:
        yield
    finally:
        setattr(TypedAPI, "_discover", read)  # noqa: B010


def _route_files(root: Path, word_separator: str | None) -> list[str]:
    """Find the route files of a tree that cannot be served, by their names; a page is none."""
    found: list[str] = []

    def walk(folder: _Folder) -> None:
        if not isinstance(folder.segment, PatternError):
            for file in folder.files:
                if not isinstance(file.segment, PatternError) and not _is_page(root, file.path):
                    found.append(file.path)
            for below in folder.folders:
                walk(below)

    try:
        walk(_Scanner(root, word_separator).scan())
    except PatternError:
        # The separator is what is wrong; start-up has said so.
        return []
    return found


def _is_page(root: Path, path: str) -> bool:
    if Path(path).relative_to(root).parts[0] == "api":
        return False
    names: set[str] = set()
    for statement in _parse_file(path):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(statement.name)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            names.update(alias.asname or alias.name for alias in statement.names)
        elif isinstance(statement, ast.Assign):
            names.update(target.id for target in statement.targets if isinstance(target, ast.Name))
    return "render" in names and names.isdisjoint(HANDLER_NAMES)


def _startup_finding(problem: str, trees: Sequence[_Tree], settings: Settings) -> Finding:
    """Find the place that a sentence of start-up is about."""
    first, _, rest = problem.partition("\n")
    bases = [tree.root.parent for tree in trees] or [Path.cwd()]
    for found in _QUOTED.finditer(first):
        name = found[1] or found[2]
        place = next((str(base / name) for base in bases if os.path.lexists(base / name)), None)
        # A word in quotes may happen to be a file's name; one that is meant says so by its form.
        if place is None or ("/" not in name and not name.endswith(".py")):
            continue
        line = re.match(r", line (\d+)", first[found.end() :])
        lines = [int(line[1])] if line else [int(number) for path, number in _FRAME.findall(rest) if path == place]
        # The place is said already.
        message = re.sub(rf"^{re.escape(found[0])}(, line \d+)?: ", "", problem)
        return Finding(_shown(place), lines[-1] if lines else None, None, STARTUP_CODE, message)
    frames: list[tuple[str, str]] = _FRAME.findall(rest)
    own = [frame for frame in frames if Path(frame[0]).is_relative_to(Path.cwd())]
    if frames:
        path, number = (own or frames)[-1]
        return Finding(_shown(path), int(number), None, STARTUP_CODE, problem)
    is_set = "pyproject.toml" if os.path.exists("pyproject.toml") else settings.pages
    return Finding(is_set, None, None, STARTUP_CODE, problem)


def _is_told(finding: Finding, others: Sequence[Finding]) -> bool:
    """Say whether mypy has told the same of the same file, where it knows the line."""
    return any(
        other.file == finding.file and other.code.startswith("typed-api-") and _key(other) in _key(finding)
        for other in others
    )


def _key(finding: Finding) -> str:
    return finding.message.replace('"', "'").rstrip(".")


# --- mypy -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Judged:
    """What mypy said."""

    checked: int = 0
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[Finding, ...] = ()
    notes: str = ""


def _check_types(trees: Sequence[_Tree], files: Sequence[str]) -> _Judged:
    low, high = (".".join(map(str, version)) for version in MYPY_VERSIONS)
    try:
        version = importlib.metadata.version("mypy")
    except importlib.metadata.PackageNotFoundError:
        message = f"mypy is not installed, so that no handler was checked. Install it with: {_INSTALL}."
        return _Judged(findings=(_mypy_finding(message),))
    findings: list[Finding] = []
    if not _is_supported(version):
        findings.append(
            _mypy_finding(
                f"mypy {version} is none of the releases that typed_api knows: {low} or later, before {high}. "
                f"Install one of them with: {_INSTALL}."
            )
        )
    question = {"roots": [str(tree.root) for tree in trees], "routes": files}
    # -P: the project's own files must not hide those of Python.
    done = subprocess.run(
        [sys.executable, "-P", str(_WORKER)],
        input=json.dumps(question),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    try:
        answer: Mapping[str, Any] = json.loads(done.stdout)
    except ValueError:
        said = "\n".join(done.stderr.strip().splitlines()[-_LAST_LINES:])
        findings.append(_mypy_finding(f"mypy ended with status {done.returncode}, and checked nothing:\n{said}"))
        return _Judged(findings=tuple(findings))
    advice = _Advice(answer, trees)
    if answer["plugin_added"]:
        findings.append(advice.add_plugin())
    findings.extend(_read_messages(answer["messages"]))
    reasons: Mapping[str, Mapping[str, Any] | None] = answer["routes"]
    unchecked = [
        Finding(_shown(file), reason.get("line"), None, UNCHECKED_CODE, advice.mend(file, reason))
        for file, reason in reasons.items()
        if reason is not None
    ]
    return _Judged(len(reasons) - len(unchecked), tuple(findings), tuple(unchecked), done.stderr)


def _is_supported(version: str) -> bool:
    low, high = MYPY_VERSIONS
    return low <= tuple(map(int, re.findall(r"\d+", version)[:3])) < high


def _mypy_finding(message: str) -> Finding:
    return Finding("mypy", None, None, MYPY_CODE, message)


def _read_messages(messages: Sequence[Mapping[str, Any]]) -> list[Finding]:
    return [
        Finding(
            "mypy" if message["file"] is None else _shown(message["file"]),
            message["line"],
            message["column"],
            message["code"] or MYPY_CODE,
            message["message"] + (f"\n{message['hint']}" if message["hint"] else ""),
        )
        for message in messages
        if message["severity"] == "error"
    ]


class _Advice:
    """Says what to write where, so that mypy looks at every route with the plugin."""

    def __init__(self, answer: Mapping[str, Any], trees: Sequence[_Tree]) -> None:
        self._trees: Sequence[_Tree] = trees
        self._options: Mapping[str, list[str]] = answer["options"]
        self._config_file: str | None = answer["config_file"]
        config_file = self._config_file
        if config_file is None:
            config_file = "pyproject.toml" if os.path.exists("pyproject.toml") else "mypy.ini"
        self._file: str = _shown(config_file)
        self._is_toml: bool = config_file.endswith(".toml")

    def add_plugin(self) -> Finding:
        return Finding(
            self._file,
            None,
            None,
            MYPY_CODE,
            "Unless typed-api starts it, mypy runs without the plugin here, and knows nothing of routes. Write:"
            + self._lines("plugins", [*self._options["plugins"], _PLUGIN]),
        )

    def mend(self, file: str, reason: Mapping[str, Any]) -> str:
        """Word why a route was not checked, and what to do; the same words for the same reason."""
        why: str = reason["reason"]
        if why == "exclude":
            return (
                f"mypy passes this file over: exclude has {reason['pattern']!r} in {self._file}. Take the pattern out, "
                "or narrow it."
            )
        if why == "gitignore":
            return (
                f"mypy passes this file over: .gitignore names it, and exclude_gitignore is set in {self._file}. Take "
                "it out of one of the two."
            )
        if why == "targets":
            return f"mypy passes this file over. Name the folder of the routes in {self._file}:{self._reach(file)}"
        if why == "silent":
            return (
                f"mypy keeps what it finds in this file to itself, because it only follows an import into it and "
                f"follow_imports is 'silent'. Name the folder of the routes in {self._file}:{self._reach(file)}"
            )
        if why == "ignore_errors":
            return f"mypy keeps what it finds in this file to itself: {self._source('ignore_errors', reason)}"
        if why == "codes":
            return (
                f"mypy does not tell {_join(reason['codes'])} in this file: "
                f"{self._source('disable_error_code', reason)}"
            )
        if why == "type-ignore":
            return (
                "mypy keeps what it finds in this file to itself: '# type: ignore' stands above all code. Take the "
                "comment out, or put it, with a code, on the lines that need it."
            )
        if why == "package":
            return (
                "mypy does not find typed_api, so that every handler is untyped. Install typed_api where mypy looks "
                f"for packages (python_executable in {self._file}), and let it follow the import."
            )
        if why == "root":
            where = "nowhere" if reason["root"] is None else f"in {_shown(reason['root'])!r}"
            root, folder = self._tree(file).root, self._settings_folder()
            pages = root.relative_to(folder).as_posix() if root.is_relative_to(folder) else str(root)
            return (
                f"The plugin looks for routes {where}, and so does not know that this file is one. Say where they are "
                f'in {_shown(str(folder / "pyproject.toml"))}:\n[tool.typed_api]\npages = "{pages}"'
            )
        return (
            "mypy passes this file over, though nothing in its configuration says so. See what it finds with: mypy -v "
            + _shown(file)
        )

    def _settings_folder(self) -> Path:
        """Find the folder that the plugin takes its settings from: mypy's configuration leads to it."""
        start = Path.cwd() if self._config_file is None else Path(self._config_file).resolve().parent
        return next((place for place in (start, *start.parents) if (place / "pyproject.toml").is_file()), start)

    def _source(self, key: str, reason: Mapping[str, Any]) -> str:
        """Say where a setting is, and to take it out."""
        if reason["inline"]:
            name = key.replace("_", "-")
            return f"the comment '# mypy: {name}' says so. Take it out."
        if not reason["sections"]:
            section = "[tool.mypy]" if self._is_toml else "[mypy]"
        elif self._is_toml:
            section = f"[[tool.mypy.overrides]] for {_join(reason['sections'])}"
        else:
            section = _and([f"[mypy-{pattern}]" for pattern in reason["sections"]])
        return f"{key} is set by {section} in {self._file}. Take it out there."

    def _reach(self, file: str) -> str:
        tree = self._tree(file)
        if self._options["files"] or not (self._options["packages"] or self._options["modules"]):
            return self._lines("files", [*self._options["files"], _shown(str(tree.root))])
        return self._lines("packages", [*self._options["packages"], tree.package])

    def _lines(self, key: str, values: Sequence[str]) -> str:
        if self._is_toml:
            return f"\n[tool.mypy]\n{key} = [{', '.join(json.dumps(value) for value in values)}]"
        return f"\n[mypy]\n{key} = {', '.join(values)}"

    def _tree(self, file: str) -> _Tree:
        return next(tree for tree in self._trees if file in tree.files)


def _shown(path: str) -> str:
    """Name a file from the working directory on, if it is below it."""
    place, here = Path(path), Path.cwd()
    return place.relative_to(here).as_posix() if place.is_relative_to(here) else place.as_posix()


def _join(names: Sequence[str]) -> str:
    return _and([repr(name) for name in names])


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
