"""Grammar of route file names: `users/_id_.py` <-> `/users/{id}`, and what may not stand side by side.

Pure text: nothing here touches the disk, ASGI, pydantic or the configuration, so that every reader of a tree of routes
(server, command line, mypy plugin) shares one grammar.
"""

import enum
import json
import keyword
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

__all__ = [
    "INDEX",
    "Pattern",
    "PatternError",
    "Segment",
    "SegmentKind",
    "check_word_separator",
    "find_conflicts",
    "from_brackets",
    "is_test_name",
    "parse_name",
    "parse_path",
    "static_segment",
]


class PatternError(ValueError):
    """A name cannot be a route; the sentence says which name and what to call it instead."""


class SegmentKind(enum.Enum):
    """What one part of a URL path is, from the most to the least specific."""

    STATIC = "static"
    DYNAMIC = "dynamic"
    CATCH_ALL = "catch-all"
    OPTIONAL_CATCH_ALL = "optional catch-all"


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a URL path."""

    kind: SegmentKind
    text: str
    """Static: the URL text, percent-encoded, as it is compared with the undecoded request path. Else the parameter."""


INDEX: Final = Segment(SegmentKind.STATIC, "")
"""What a file named `index` stands for: the URL of its folder, so no segment of its own."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """The URL paths that one route answers."""

    segments: tuple[Segment, ...] = ()

    @property
    def template(self) -> str:
        """The path as OpenAPI writes it: `/api/users/{id}`; a catch-all is `{path}` too; the root is `/`."""
        return "/" + "/".join(
            segment.text if segment.kind is SegmentKind.STATIC else f"{{{segment.text}}}" for segment in self.segments
        )

    @property
    def params(self) -> Mapping[str, SegmentKind]:
        """The path parameters from left to right, each with its kind."""
        return {segment.text: segment.kind for segment in self.segments if segment.kind is not SegmentKind.STATIC}

    @property
    def is_static(self) -> bool:
        """Whether the pattern is one fixed path, without parameters."""
        return all(segment.kind is SegmentKind.STATIC for segment in self.segments)

    def join(self, segment: Segment) -> "Pattern":
        """Make the pattern that has one segment more; `INDEX` adds none."""
        return self if segment == INDEX else Pattern((*self.segments, segment))


_NEVER_ROUTES: Final = frozenset({"__init__", "__main__", "__pycache__"})
_KIND_BY_TRAILING: Final = {1: SegmentKind.DYNAMIC, 2: SegmentKind.CATCH_ALL, 3: SegmentKind.OPTIONAL_CATCH_ALL}
_TRAILING_BY_KIND: Final = {kind: "_" * count for count, kind in _KIND_BY_TRAILING.items()}
_BRACKETS: Final = re.compile(r"(\[\[?)(\.\.\.|…)?([^\[\].…]+)(\]\]?)")
# What other routers write for a parameter: {id}, <id>, $id, :id.
_FOREIGN_PARAMETER: Final = re.compile(r"\{(\w+)\}|<(\w+)>|\$(\w+)|:(\w+)")
# RFC 3986 §3.3: what a segment may hold as it is, besides the unreserved characters that quote() never touches.
_SEGMENT_SAFE: Final = "!$&'()*+,;=:@"


def is_test_name(stem: str) -> bool:
    """Say whether a file of this name belongs to a test runner, and so is never a route."""
    return stem == "conftest" or stem.startswith("test_") or stem.endswith("_test")


def parse_name(
    stem: str, *, is_folder: bool = False, word_separator: str | None = None, shown: str | None = None
) -> Segment | None:
    """Read the name of a file or folder.

    Args:
        stem: The name without `.py`.
        is_folder: Whether it is a folder: `index`, `test_x` and `conftest` are then ordinary names.
        word_separator: What stands in the URL for an underscore inside a static name, for example `-`.
        shown: How an error calls the file, for example `pages/api/a-b.py`; its name unless given.

    Returns:
        The segment; `INDEX` for a file named `index`; None for what is never a route: private names (`_helpers`),
        test files, `__init__`, `__main__`, `__pycache__` and dotfiles.

    Raises:
        PatternError: If the name can be neither a route nor private; the sentence says the mend.
    """
    check_word_separator(word_separator)
    suffix = "/" if is_folder else ".py"
    if shown is None:
        shown = stem + suffix
    if stem in _NEVER_ROUTES or stem.startswith("."):
        return None
    if "[" in stem or "]" in stem:
        raise PatternError(_bracket_sentence(stem, suffix, shown))
    if not is_folder:
        if is_test_name(stem):
            return None
        if stem == "index":
            return INDEX
    if stem.startswith("_"):
        return _parse_underscored(stem, suffix, shown)
    if not stem.isidentifier():
        raise PatternError(_identifier_sentence(stem, suffix, shown, word_separator))
    if keyword.iskeyword(stem):
        raise PatternError(
            f"{shown!r} is named by the Python keyword {stem!r}, so that no import can name it. Rename it, for example "
            f"to '{stem}_{suffix}', and serve '/{stem}' by {_segment_advice(stem, is_folder)}."
        )
    text = stem
    if word_separator is not None:
        inner = stem.rstrip("_")
        text = inner.replace("_", word_separator) + stem[len(inner) :]
    # NFC is what clients send; some file systems hand names out decomposed.
    return Segment(SegmentKind.STATIC, _encode(unicodedata.normalize("NFC", text)))


def parse_path(relative: str, *, word_separator: str | None = None) -> Pattern | None:
    """Read the path of a file, relative to the root folder of the routes: `api/users/_id_.py`.

    Names alone count: a `segment` that a module or folder configures is not known here. It replaces static text only,
    so the parameters are always right.

    Args:
        relative: The path with `/` between its parts.
        word_separator: As for `parse_name`.

    Returns:
        The pattern, or None when the file or a folder above it is private or no Python file.

    Raises:
        PatternError: If a part is no possible name.
    """
    *folders, file = relative.split("/")
    if not file.endswith(".py"):
        return None
    pattern = Pattern()
    for depth, folder in enumerate(folders, start=1):
        shown = "/".join(folders[:depth]) + "/"
        segment = parse_name(folder, is_folder=True, word_separator=word_separator, shown=shown)
        if segment is None:
            return None
        pattern = pattern.join(segment)
    segment = parse_name(file.removesuffix(".py"), word_separator=word_separator, shown=relative)
    return None if segment is None else pattern.join(segment)


def static_segment(text: str) -> Segment:
    """Make the segment that `RouteConfig(segment=...)` asks for.

    Args:
        text: The text as a person reads it, unencoded: `feed.xml`, `.well-known`, `données`.

    Returns:
        A static segment; what a URL cannot hold is percent-encoded, a `%` too.

    Raises:
        PatternError: If no path segment can be this text.
    """
    if not text:
        raise PatternError("segment '' is empty. Give the text of one path segment, for example 'feed.xml'.")
    if text in {".", ".."}:
        raise PatternError(f"segment {text!r} is removed from URLs by clients. Give another text.")
    bad = next((char for char in text if char in "/\\?#" or unicodedata.category(char) in {"Cc", "Cs"}), None)
    if bad is not None:
        raise PatternError(
            f"segment {text!r} holds {bad!r}, which one path segment cannot. Leave it out, or use folders for a longer "
            "path."
        )
    return Segment(SegmentKind.STATIC, _encode(text))


def check_word_separator(word_separator: str | None) -> None:
    """Refuse a `word_separator` that is not one of `-`, `.` and `~`.

    These are the characters that are no part of an identifier and that every URL holds unencoded (RFC 3986 §2.3).

    Raises:
        PatternError: If it is anything else; None is fine and means no separator.
    """
    if word_separator is not None and word_separator not in {"-", ".", "~"}:
        raise PatternError(
            f"word_separator {word_separator!r} cannot separate words in a URL. Use '-', '.' or '~', or leave it out."
        )


def from_brackets(stem: str) -> str | None:
    """Translate a bracket name: `[id]` is `_id_`, `[...path]` is `_path__`, `[[...path]]` is `_path___`.

    Returns:
        The new name without `.py`, or None when there is no counterpart (`[a]x`, `[[a]]`, `[class]`).
    """
    found = _BRACKETS.fullmatch(stem)
    if found is None:
        return None
    opening, dots, inner, closing = found.groups()
    if len(opening) != len(closing) or (len(opening) == 2 and dots is None):
        return None
    name = re.sub(r"\W", "_", inner).strip("_")
    if not name.isidentifier() or keyword.iskeyword(name):
        return None
    return f"_{name}" + "_" * (1 if dots is None else 1 + len(opening))


def _parse_underscored(stem: str, suffix: str, shown: str) -> Segment | None:
    name = stem.strip("_")
    trailing = len(stem) - len(stem.rstrip("_"))
    if not name:
        if stem == "_":
            return None
        raise PatternError(
            f"{shown!r} is made of underscores alone. A parameter is written '_id_{suffix}', a private name "
            f"'_helpers{suffix}'."
        )
    good = name if name.isidentifier() and not keyword.iskeyword(name) else "id"
    if stem.startswith("__"):
        private = f", or '_{good}{suffix}' for a private one" if not trailing else ""
        raise PatternError(
            f"{shown!r} begins with two underscores: Python keeps such names for itself. Write '_{good}_{suffix}' for "
            f"one segment, '_{good}__{suffix}' for one or more, '_{good}___{suffix}' for zero or more{private}."
        )
    if not trailing:
        return None
    if trailing not in _KIND_BY_TRAILING:
        raise PatternError(
            f"{shown!r} ends with {trailing} underscores. Write '_{good}_{suffix}' for one segment, "
            f"'_{good}__{suffix}' for one or more, '_{good}___{suffix}' for zero or more."
        )
    if keyword.iskeyword(name):
        raise PatternError(
            f"{shown!r} names its parameter {name!r}, which is a Python keyword. Rename it, for example to "
            f"'_{name}_name{'_' * trailing}{suffix}'."
        )
    if not name.isidentifier():
        raise PatternError(
            f"{shown!r} names its parameter {name!r}, which is no Python identifier. Rename it, for example to "
            f"'_id{'_' * trailing}{suffix}'."
        )
    # As Python reads identifiers, so that the parameter and a model's field of that name are equal.
    return Segment(_KIND_BY_TRAILING[trailing], unicodedata.normalize("NFKC", name))


def _bracket_sentence(stem: str, suffix: str, shown: str) -> str:
    new = from_brackets(stem)
    if new is not None:
        return (
            f"{shown!r} has brackets in its name, which no Python import can spell. Rename it to '{new}{suffix}'; "
            "'typed-api check --rename-brackets' renames a whole tree."
        )
    return (
        f"{shown!r} has brackets in its name, which no Python import can spell, and 'typed-api check "
        f"--rename-brackets' knows no new name for it. Write a parameter as '_name_{suffix}' (one segment), "
        f"'_name__{suffix}' (one or more) or '_name___{suffix}' (zero or more): an identifier with nothing beside it."
    )


def _identifier_sentence(stem: str, suffix: str, shown: str, word_separator: str | None) -> str:
    foreign = _FOREIGN_PARAMETER.fullmatch(stem)
    if foreign is not None:
        name = next(group for group in foreign.groups() if group is not None).strip("_")
        if name.isidentifier() and not keyword.iskeyword(name):
            return f"{shown!r} is no Python identifier. A parameter is written with underscores: '_{name}_{suffix}'."
    new = re.sub(r"\W+", "_", stem).strip("_")
    if not new.isidentifier() or keyword.iskeyword(new):
        new = f"route_{new}".rstrip("_")
    advice = _segment_advice(stem, suffix == "/")
    if word_separator is None and re.fullmatch(r"[^\W_]+(-[^\W_]+)+", stem) is not None and "-" not in new:
        advice += ', or by word_separator="-" for all names of the app'
    return (
        f"{shown!r} is no Python identifier, so that no import can name it. Rename it, for example to '{new}{suffix}', "
        f"and serve '/{stem}' by {advice}."
    )


def _segment_advice(text: str, is_folder: bool) -> str:
    place = "its '__init__.py'" if is_folder else "it"
    return f"config = RouteConfig(segment={json.dumps(text, ensure_ascii=False)}) in {place}"


def _encode(text: str) -> str:
    return quote(text, safe=_SEGMENT_SAFE)


class _Level:
    """What is known to follow one prefix of URLs, each with the first file that brought it."""

    __slots__ = ("catch_all", "dynamic", "end", "static")

    def __init__(self) -> None:
        self.static: dict[str, _Level] = {}
        # One level per name: below two names for one segment nothing is compared, the names are the error.
        self.dynamic: dict[str, tuple[str, _Level]] = {}
        self.catch_all: tuple[str, Segment] | None = None
        self.end: str | None = None


def find_conflicts(entries: Sequence[tuple[str, Pattern]]) -> list[str]:
    """Find what the patterns of a tree of routes may not have together.

    Takes time in proportion to the number of segments.

    Args:
        entries: For each route how an error calls its file, and its pattern.

    Returns:
        One sentence per conflict, in the order of the entries, naming the files and the mend.
    """
    problems: list[str] = []
    root = _Level()
    for shown, pattern in entries:
        segments = pattern.segments
        early = next((s for s in segments[:-1] if _is_catch_all(s.kind)), None)
        if early is not None:
            problems.append(
                f"{shown!r} is below the catch-all '{_stem(early)}', which takes the rest of the URL and so must come "
                f"last. Rename the folder to '_{early.text}_' for one segment, or move the file out of it."
            )
            continue
        problems.extend(_repeated_names(shown, pattern))
        _place(root, shown, pattern, problems)
    return problems


def _place(level: _Level, shown: str, pattern: Pattern, problems: list[str]) -> None:
    for depth, segment in enumerate(pattern.segments):
        if segment.kind is SegmentKind.STATIC:
            below = level.static.get(segment.text)
            if below is None:
                below = level.static[segment.text] = _Level()
            level = below
        elif segment.kind is SegmentKind.DYNAMIC:
            known = level.dynamic.get(segment.text)
            if known is None:
                if level.dynamic:
                    name, (other, _) = next(iter(level.dynamic.items()))
                    prefix = _prefix(pattern.segments[:depth])
                    problems.append(
                        f"{other!r} and {shown!r} name one segment differently: '{prefix}/{{{name}}}' and "
                        f"'{prefix}/{{{segment.text}}}'. Rename one: a folder has one dynamic name."
                    )
                known = level.dynamic[segment.text] = (shown, _Level())
            level = known[1]
        else:
            _place_catch_all(level, shown, pattern, problems)
            return
    if level.end is not None:
        problems.append(
            f"{level.end!r} and {shown!r} both serve '{pattern.template}'. Remove one, or give it another name or "
            "segment."
        )
        return
    level.end = shown
    if level.catch_all is not None and level.catch_all[1].kind is SegmentKind.OPTIONAL_CATCH_ALL:
        problems.append(_optional_sentence(shown, *level.catch_all, pattern.segments))


def _place_catch_all(level: _Level, shown: str, pattern: Pattern, problems: list[str]) -> None:
    segment = pattern.segments[-1]
    above = pattern.segments[:-1]
    if level.catch_all is not None:
        other, known = level.catch_all
        why = "" if known.kind is segment.kind else ": the optional one matches all that the other does"
        problems.append(f"{other!r} and {shown!r} are both catch-alls of '{_prefix(above) or '/'}'. Keep one{why}.")
        return
    level.catch_all = (shown, segment)
    if level.end is not None and segment.kind is SegmentKind.OPTIONAL_CATCH_ALL:
        problems.append(_optional_sentence(level.end, shown, segment, above))


def _optional_sentence(end: str, shown: str, segment: Segment, above: Iterable[Segment]) -> str:
    return (
        f"{end!r} and {shown!r} both serve '{_prefix(above) or '/'}'. Remove the first, or rename the second to "
        f"'_{segment.text}__', which needs one segment or more."
    )


def _repeated_names(shown: str, pattern: Pattern) -> list[str]:
    seen: set[str] = set()
    repeated: dict[str, None] = {}
    for segment in pattern.segments:
        if segment.kind is not SegmentKind.STATIC:
            if segment.text in seen:
                repeated[segment.text] = None
            seen.add(segment.text)
    return [
        f"{shown!r} has the parameter {name!r} more than once in '{pattern.template}'. Rename one of the two."
        for name in repeated
    ]


def _is_catch_all(kind: SegmentKind) -> bool:
    return kind is SegmentKind.CATCH_ALL or kind is SegmentKind.OPTIONAL_CATCH_ALL


def _stem(segment: Segment) -> str:
    return f"_{segment.text}{_TRAILING_BY_KIND[segment.kind]}"


def _prefix(segments: Iterable[Segment]) -> str:
    """The path above, without a slash at its end: empty for the root."""
    return Pattern(tuple(segments)).template.rstrip("/")
