"""One run of mypy over a project, and what it did with each route file; `typed_api.check` starts it as a process.

Owns all that touches mypy's insides outside the plugin. It is run as a file, not as a module, and imports nothing of
typed_api: mypy then finds its plugins as it does for the user, and a file `types.py` in the project hides nothing.

mypy's own reports would not do: they say which files were read, but not whether errors in them would be heard, and most
of them switch the cache off. The build that mypy hands out has both, for modules from the cache too.
"""

import fnmatch
import io
import json
import os
import re
import sys
import tokenize
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

__all__ = ["main"]

# Any: what is read here are objects of mypy, whose attributes differ between releases.
_Mypy: TypeAlias = Any

PLUGIN: Final = "typed_api.mypy_plugin"
PARENT_CODE: Final = "typed-api"
# What would change the form of the answers; nothing here makes the user's own cache stale.
_ARGUMENTS: Final = ("--output=json", "--no-pretty", "--hide-error-context", "--no-color-output", "--no-error-summary")
# As `mypy` does: deep expressions are no crash.
_RECURSION_LIMIT: Final = 1 << 14


def main() -> None:
    """Read the question from stdin and write the answer to stdout, both as JSON.

    The question has `roots`, the folders of the routes, and `routes`, their files, all absolute. The answer:

    - `config_file` (None: none was found), `options` (`files`, `packages`, `modules` and `plugins` as they
      are configured), `plugin_added`: whether the plugin had to be put in;
    - `messages`: mypy's errors and notes;
    - `routes`: by file what keeps it from being checked, `{"reason": ..., ...}`, or None when nothing does; empty when
      mypy stopped at an error, and checked nothing.
    """
    question: Mapping[str, Any] = json.loads(sys.stdin.read())
    # Plugins may print: that is no part of the answer.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answer:
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        json.dump(_run(question["roots"], question["routes"]), answer)


def _run(roots: Sequence[str], routes: Sequence[str]) -> dict[str, object]:
    from mypy.build import build
    from mypy.errors import CompileError
    from mypy.find_sources import create_source_list
    from mypy.fscache import FileSystemCache
    from mypy.main import process_options

    sys.setrecursionlimit(_RECURSION_LIMIT)
    cache = FileSystemCache()
    read: tuple[_Mypy, _Mypy] = process_options(
        [*_ARGUMENTS], stdout=sys.stderr, stderr=sys.stderr, require_targets=False, fscache=cache
    )
    sources, options = read
    if getattr(options, "num_workers", 0):
        # As `mypy` does: only this parser can work in parallel.
        options.native_parser = True
    has_targets = bool(sources)
    if not has_targets:
        # All of it may be excluded: that is told route by route.
        sources = create_source_list([_relative(root) for root in roots], options, cache, allow_empty_dir=True)
    configured = {name: [*(getattr(options, name, None) or ())] for name in ("files", "packages", "modules", "plugins")}
    plugin_added = not any(map(_is_plugin, options.plugins))
    if plugin_added:
        options.plugins = [*options.plugins, PLUGIN]
    config_file = options.config_file
    if config_file is None:
        # mypy loads plugins only on behalf of a file; one that is not there will do.
        options.config_file = "mypy.ini"
    found: dict[str, object] = {}
    messages: list[str] = []
    judge = _Judge(options, cache, roots, has_targets=has_targets)
    if not sources:
        # mypy would wonder what there is to do.
        found = judge.judge_all(routes)
    else:
        try:
            result = build(sources=sources, options=options, fscache=cache, stdout=sys.stderr, stderr=sys.stderr)
            messages = result.errors
        except CompileError as error:
            messages = error.messages
        else:
            judge.read_build(result)
            found = judge.judge_all(routes)
            # Some releases write the last of a database when it is closed.
            close = getattr(result.manager.metastore, "close", None)
            if close is not None:
                close()
    return {
        "config_file": config_file,
        "options": configured,
        "plugin_added": plugin_added,
        "messages": [_read_message(message) for message in messages],
        "routes": found,
    }


def _is_plugin(entry: str) -> bool:
    place = entry.replace(os.sep, "/")
    return re.search(rf"^{re.escape(PLUGIN)}($|:)|(^|/)typed_api/mypy_plugin(/__init__)?\.py($|:)", place) is not None


def _read_message(message: str) -> Mapping[str, object]:
    try:
        read: Mapping[str, object] = json.loads(message)
    except ValueError:
        # What stops mypy before there is a file to speak of is plain text.
        place = {"file": None, "line": None, "column": None}
        return {**place, "message": message, "hint": None, "code": None, "severity": "error"}
    return read


def _relative(path: str) -> str:
    """Name a file as a user would: mypy's answers then do so too."""
    here = os.getcwd()
    return path.removeprefix(here + os.sep) if path != here else os.curdir


class _Judge:
    """Says of each route file whether mypy looked at it, with the plugin, and would have told what it found."""

    def __init__(self, options: _Mypy, cache: _Mypy, roots: Sequence[str], *, has_targets: bool) -> None:
        self._options: _Mypy = options
        self._cache: _Mypy = cache
        self._roots: Sequence[str] = roots
        self._has_targets: bool = has_targets
        self._states: dict[str, _Mypy] = {}
        self._has_package: bool = False
        self._plugin: _Mypy = None

    def read_build(self, result: _Mypy) -> None:
        """Take in what mypy has looked at."""
        for state in result.graph.values():
            if state.path is not None:
                self._states[os.path.abspath(state.path)] = state
        self._has_package = "typed_api" in result.graph
        plugins: Sequence[_Mypy] = getattr(result.manager.plugin, "_plugins", ())
        self._plugin = next((plugin for plugin in plugins if type(plugin).__name__ == "TypedApiPlugin"), None)

    def judge_all(self, routes: Sequence[str]) -> dict[str, object]:
        return {route: self._judge(route) for route in routes}

    def _judge(self, route: str) -> dict[str, object] | None:
        state = self._find_state(route)
        if state is None:
            return self._why_unseen(route)
        if state.ignore_all:
            return {"reason": "silent"}
        deaf = self._why_deaf(state)
        if deaf is not None:
            return deaf
        if not self._has_package:
            return {"reason": "package"}
        found = None if self._plugin is None else self._plugin.route_of(state.path)
        if found is None or found.pattern is None:
            return {"reason": "root", "root": getattr(self._plugin, "root", None)}
        return None

    def _find_state(self, route: str) -> _Mypy:
        if route in self._states:
            return self._states[route]
        # The root may be reached through a link here, and directly there.
        for root in self._roots:
            real = os.path.join(os.path.realpath(root), os.path.relpath(route, root))
            if real in self._states:
                return self._states[real]
        return None

    def _why_unseen(self, route: str) -> dict[str, object]:
        for path in self._parts(route):
            for pattern in _strings(self._options.exclude):
                if re.search(pattern, path):
                    return {"reason": "exclude", "pattern": pattern}
        if getattr(self._options, "exclude_gitignore", False):
            from mypy.modulefinder import matches_gitignore

            for path in self._parts(route):
                if matches_gitignore(os.path.abspath(path), self._cache, False):
                    return {"reason": "gitignore"}
        return {"reason": "targets" if self._has_targets else "unseen"}

    def _parts(self, route: str) -> list[str]:
        """Give the file and the folders above it as mypy compares them with `exclude`, the outermost first."""
        relative = os.path.relpath(route).replace(os.sep, "/")
        names = relative.split("/")
        return [*("/".join(names[:depth]) + "/" for depth in range(1, len(names))), relative]

    def _why_deaf(self, state: _Mypy) -> dict[str, object] | None:
        from mypy.config_parser import parse_mypy_comments
        from mypy.util import get_mypy_comments

        with open(state.path, "rb") as file:
            source = file.read()
        if _ignores_all(source):
            return {"reason": "type-ignore"}
        # A module from the cache has not been read, so neither have its comments.
        comments = get_mypy_comments(source.decode("utf-8", errors="replace"))
        changes: Mapping[str, _Mypy] = parse_mypy_comments(comments, state.options)[0] if comments else {}
        inline = changes.get("ignore_errors")
        if inline or (inline is None and state.options.ignore_errors):
            sections = [] if inline else self._sections(state.id, "ignore_errors")
            return {"reason": "ignore_errors", "inline": bool(inline), "sections": sections}
        silenced = _own_codes(_strings(changes.get("disable_error_code")))
        if silenced:
            return {"reason": "codes", "codes": silenced, "inline": True, "sections": []}
        heard = {code.code for code in state.options.enabled_error_codes}
        names = {code.code for code in state.options.disabled_error_codes} - heard
        silenced = _own_codes(names - set(_strings(changes.get("enable_error_code"))))
        if silenced:
            sections = self._sections(state.id, "disable_error_code")
            return {"reason": "codes", "codes": silenced, "inline": False, "sections": sections}
        return None

    def _sections(self, module: str, key: str) -> list[str]:
        """Name the sections of the configuration that are about a module and set a key; none: it is set for all."""
        return [
            pattern
            for pattern, values in self._options.per_module_options.items()
            if values.get(key) and (fnmatch.fnmatchcase(module, pattern) or pattern == f"{module}.*")
        ]


def _strings(values: object) -> list[str]:
    # `exclude` and its like were one string in some releases.
    return [values] if isinstance(values, str) else [str(value) for value in values or ()]  # type: ignore[attr-defined]


def _own_codes(names: "set[str] | list[str]") -> list[str]:
    return sorted(name for name in names if name == PARENT_CODE or name.startswith(f"{PARENT_CODE}-"))


def _ignores_all(source: bytes) -> bool:
    """Say whether a comment `# type: ignore` stands above all code, which makes mypy ignore the whole file."""
    try:
        for token in tokenize.tokenize(io.BytesIO(source).readline):
            if token.type == tokenize.COMMENT and re.match(r"#\s*type:\s*ignore\s*($|#)", token.string):
                return True
            if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING):
                return False
    except (tokenize.TokenError, SyntaxError):
        # mypy says so itself.
        return False
    return False


if __name__ == "__main__":
    main()
