"""From a tree of bracket names to one that Python can import: `[id].py` becomes `_id_.py`.

Owns the plan (what would be renamed, added and said) and carrying it out, whole or not at all. What a name means is
`pattern`'s business; what cannot be a route by another name is left to start-up to tell.
"""

import keyword
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from typed_api.pattern import (
    _BRACKETS,
    _FOREIGN_PARAMETER,
    PatternError,
    Segment,
    SegmentKind,
    _segment_advice,
    check_word_separator,
    from_brackets,
    is_test_name,
    parse_name,
    static_segment,
)

__all__ = ["RenameError", "RenamePlan", "Step", "plan_rename"]

_INIT: Final = "__init__.py"


class RenameError(Exception):
    """A plan could not be carried out; the sentence says why, and what has been done."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, as the tree is when its turn comes: what is inside a folder comes before the folder itself."""

    old: str | None
    """The path before, or None when an empty file is added."""
    new: str
    """The path after."""


@dataclass(slots=True)
class RenamePlan:
    """What it takes to make a tree importable."""

    root: Path
    steps: list[Step] = field(default_factory=list[Step])
    """What to do, in this order."""
    changes: list[tuple[str | None, str]] = field(default_factory=list[tuple[str | None, str]])
    """The same for a reader: where each thing is now, from the root folder's name on, and where it will be."""
    notes: list[str] = field(default_factory=list[str])
    """What else changes with a name, a sentence each."""
    conflicts: list[str] = field(default_factory=list[str])
    """What stands in the way, a sentence each; with any, nothing may be done."""

    def __str__(self) -> str:
        lines = [f"{new} (new, empty)" if old is None else f"{old} -> {new}" for old, new in self.changes]
        if self.notes:
            lines += ["", *(f"- {note}" for note in self.notes)]
        return "\n".join(lines)

    @property
    def summary(self) -> str:
        """What was done, once it is."""
        added = sum(step.old is None for step in self.steps)
        parts = [f"{len(self.steps) - added} renamed"] if len(self.steps) > added else []
        return ", ".join([*parts, f"{added} {_INIT} added"] if added else parts) + "."

    def apply(self) -> None:
        """Do everything, or, when something fails, undo what was done.

        Raises:
            RenameError: If a step failed, or there are conflicts.
        """
        if self.conflicts:
            raise RenameError("\n".join(["Nothing was changed.", *self.conflicts]))
        done: list[Step] = []
        for step in self.steps:
            try:
                _do(step)
            except OSError as error:
                what = f"{self._words(step)} failed: {error.strerror or error}."
                left = _undo(done)
                if not left:
                    raise RenameError(f"Nothing was changed: {what}") from error
                lines = "\n".join(f"- {self._words(step)}" for step in left)
                raise RenameError(f"{what} This was done before, and could not be undone:\n{lines}") from error
            done.append(step)

    def _words(self, step: Step) -> str:
        new = self._shown(step.new)
        return f"adding {new!r}" if step.old is None else f"renaming {self._shown(step.old)!r} to {new!r}"

    def _shown(self, path: str) -> str:
        return Path(path).relative_to(self.root.parent).as_posix()


def _do(step: Step) -> None:
    if step.old is None:
        with open(step.new, "x", encoding="utf-8"):
            return
    # A rename would replace it without a word on most systems.
    if os.path.lexists(step.new):
        raise FileExistsError(0, "it exists already")
    os.rename(step.old, step.new)


def _undo(done: list[Step]) -> list[Step]:
    """Take back what was done, the last first, and give what could not be."""
    while done:
        step = done[-1]
        try:
            if step.old is None:
                os.unlink(step.new)
            else:
                os.rename(step.new, step.old)
        except OSError:
            # What came before it is named by paths that hold only once this one is back.
            break
        done.pop()
    return done


def plan_rename(root: Path, *, word_separator: str | None = None) -> RenamePlan:
    """Find out what it takes to make a tree of routes importable; nothing is changed.

    Args:
        root: The root folder of the routes, an existing one.
        word_separator: As for `parse_name`; a name that it serves at the old URL needs no note.

    Returns:
        The plan; one without steps and conflicts means that there is nothing to do.

    Raises:
        PatternError: If `word_separator` is none.
    """
    root = Path(os.path.abspath(root))
    check_word_separator(word_separator)
    plan = RenamePlan(root)
    _Planner(plan, word_separator).plan_folder(_Place(str(root), root.name, root.name))
    # By place: the order in which they are done starts at the bottom.
    plan.changes.sort(key=lambda change: (change[1], change[0] or ""))
    return plan


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder."""

    path: str
    shown: str
    """As it is now, from the root folder's name on."""
    new_shown: str
    """As it will be."""


@dataclass(slots=True)
class _Entry:
    """A file or folder that has to do with routes, and the name it gets."""

    stem: str
    suffix: str
    """`.py` for a file, nothing for a folder."""
    new_stem: str

    @property
    def name(self) -> str:
        return self.stem + self.suffix

    @property
    def new_name(self) -> str:
        return self.new_stem + self.suffix


class _Planner:
    def __init__(self, plan: RenamePlan, word_separator: str | None) -> None:
        self._plan: RenamePlan = plan
        self._word_separator: str | None = word_separator

    def plan_folder(self, place: _Place) -> bool:
        """Plan all that is in a folder, and say whether there is a route in it or below."""
        try:
            with os.scandir(place.path) as listing:
                items = sorted(listing, key=lambda item: item.name)
        except OSError as error:
            self._plan.conflicts.append(f"'{place.shown}/' cannot be read: {error.strerror}.")
            return False
        present = {item.name for item in items}
        has_routes = False
        folders: list[_Entry] = []
        files: list[_Entry] = []
        for item in items:
            # Not the targets of links: they are renamed where they are, or are no part of the tree.
            if item.is_dir():
                has_routes |= self._read_folder(item, place, folders)
            elif item.name.endswith(".py"):
                entry = self._read(item.name.removesuffix(".py"), ".py", place)
                if isinstance(entry, str):
                    self._plan.conflicts.append(entry)
                elif entry is not None:
                    files.append(entry)
                    has_routes = True
        if has_routes and _INIT not in present:
            self._add(None, os.path.join(place.path, _INIT), None, f"{place.new_shown}/{_INIT}")
        by_name = {folder.new_stem: folder for folder in folders}
        for file in files:
            folder = by_name.get(file.new_stem)
            if folder is not None:
                self._move_into(file, folder, place)
                files = [other for other in files if other is not file]
        for entries in (files, folders):
            self._rename(entries, present, place)
        return has_routes

    def _read_folder(self, item: "os.DirEntry[str]", place: _Place, folders: list[_Entry]) -> bool:
        """Plan a folder below, add it to those of this one if it matters, and say whether there is a route in it."""
        entry = self._read(item.name, "", place)
        if entry is None:
            return False
        new_name = item.name if isinstance(entry, str) else entry.new_name
        if item.is_symlink():
            has_routes = any(name.endswith(".py") for _, _, names in os.walk(item.path) for name in names)
        else:
            below = _Place(item.path, f"{place.shown}/{item.name}", f"{place.new_shown}/{new_name}")
            has_routes = self.plan_folder(below)
        if not has_routes and not os.path.exists(os.path.join(item.path, _INIT)):
            # Templates and the like: nobody imports them.
            return False
        if isinstance(entry, str):
            self._plan.conflicts.append(entry)
        else:
            folders.append(entry)
        return has_routes

    def _read(self, stem: str, suffix: str, place: _Place) -> _Entry | str | None:
        """Give a file or folder with the name that it gets; None for no route, a sentence when there is no name."""
        is_folder = not suffix
        if not is_folder and is_test_name(stem):
            return None
        shown = f"{place.shown}/{stem}{suffix or '/'}"
        try:
            segment = parse_name(stem, is_folder=is_folder, word_separator=self._word_separator, shown=shown)
            return None if segment is None else _Entry(stem, suffix, stem)
        except PatternError as error:
            sentence = str(error)
        new_stem = _new_stem(stem, is_folder=is_folder)
        if new_stem is None:
            if stem.startswith("_") and not _has_brackets(stem):
                # A mistake in a name of ours, which start-up explains; it is imported all the same.
                return _Entry(stem, suffix, stem)
            return sentence
        return _Entry(stem, suffix, new_stem)

    def _rename(self, entries: Sequence[_Entry], present: set[str], place: _Place) -> None:
        first_by_name: dict[str, _Entry] = {}
        for entry in entries:
            shown, new_shown = f"{place.shown}/{entry.name}", f"{place.new_shown}/{entry.new_name}"
            new_path = os.path.join(place.path, entry.new_name)
            if entry.new_name == entry.name:
                continue
            first = first_by_name.setdefault(entry.new_name, entry)
            if first is not entry:
                self._plan.conflicts.append(
                    f"'{place.shown}/{first.name}' and {shown!r} would both become {new_shown!r}. Rename one of them."
                )
            elif entry.new_name in present or os.path.lexists(new_path):
                self._plan.conflicts.append(_taken(shown, new_shown))
            else:
                self._add(os.path.join(place.path, entry.name), new_path, shown, new_shown)
                self._note(entry, new_shown)

    def _move_into(self, file: _Entry, folder: _Entry, place: _Place) -> None:
        """Move a file into the folder of its name, where it serves the same URL: Python would hide it beside that."""
        shown, new_shown = f"{place.shown}/{file.name}", f"{place.new_shown}/{folder.new_name}/index.py"
        new_path = os.path.join(place.path, folder.name, "index.py")
        if os.path.lexists(new_path):
            self._plan.conflicts.append(_taken(shown, new_shown))
            return
        self._add(os.path.join(place.path, file.name), new_path, shown, new_shown)
        self._plan.notes.append(
            f"{new_shown!r} is one folder deeper than {shown!r} was: its relative imports need one dot more, and "
            "imports of it one '.index' more."
        )

    def _note(self, entry: _Entry, new_shown: str) -> None:
        is_folder = not entry.suffix
        segment = parse_name(entry.new_stem, is_folder=is_folder, word_separator=self._word_separator)
        if segment is None:
            return
        if segment.kind is not SegmentKind.STATIC:
            old = _old_parameter(entry.stem)
            if old != segment.text:
                self._plan.notes.append(
                    f"{new_shown!r}: the parameter {old!r} is called {segment.text!r} now, as in "
                    f'req.query["{segment.text}"].'
                )
            return
        if not _serves(segment, entry.stem):
            self._plan.notes.append(
                f"{new_shown!r}: its part of the URL is {segment.text!r} now, not {entry.stem!r}. To keep that one, "
                f"write {_segment_advice(entry.stem, is_folder)}."
            )

    def _add(self, old: str | None, new: str, shown: str | None, new_shown: str) -> None:
        self._plan.steps.append(Step(old, new))
        self._plan.changes.append((shown, new_shown))


def _taken(shown: str, new_shown: str) -> str:
    return f"{shown!r} would become {new_shown!r}, which is there already. Rename one of the two, or remove it."


def _serves(segment: Segment, text: str) -> bool:
    try:
        return segment == static_segment(text)
    except PatternError:
        # No URL has such a segment.
        return True


def _new_stem(stem: str, *, is_folder: bool) -> str | None:
    """Translate a name that cannot be imported; None when there is no good name."""
    if _has_brackets(stem):
        return from_brackets(stem)
    if stem.startswith("_"):
        return None
    foreign = _old_foreign(stem)
    if foreign is not None:
        return f"_{foreign}_"
    if keyword.iskeyword(stem):
        return f"{stem}_"
    new = re.sub(r"\W+", "_", stem).strip("_")
    is_special = not is_folder and (new == "index" or is_test_name(new))
    if is_special or not new.isidentifier() or keyword.iskeyword(new):
        new = f"route_{new}".rstrip("_")
    return new


def _has_brackets(stem: str) -> bool:
    return "[" in stem or "]" in stem


def _old_foreign(stem: str) -> str | None:
    """Give the parameter that other routers would see in a name: `id` for `{id}`, `$id`, `:id`."""
    found = _FOREIGN_PARAMETER.fullmatch(stem)
    if found is None:
        return None
    name = next(group for group in found.groups() if group is not None).strip("_")
    return name if name.isidentifier() and not keyword.iskeyword(name) else None


def _old_parameter(stem: str) -> str:
    found = _BRACKETS.fullmatch(stem)
    return found[3] if found is not None else _old_foreign(stem) or stem
