"""The changes that were found, and their three forms: JSON for programs, text for terminals, Markdown for comments."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from typed_api.drift._rules import Level

__all__ = ["Change", "Drift", "build_drift", "listed", "printable", "shown"]

# A comment on GitHub holds 65,536 characters, one on GitLab more.
_COMMENT_CHARACTERS: Final = 60_000
_SHOWN_CHARACTERS: Final = 80
_LISTED_PLACES: Final = 20
_ORDER: Final = {level: number for number, level in enumerate(Level)}
_HEADINGS: Final = {Level.BREAKING: "Breaking", Level.RISKY: "Risky", Level.SAFE: "Safe"}
# Markdown's own characters; what is left of HTML is written as entities.
_MARKDOWN: Final = str.maketrans(
    {
        **{character: "\\" + character for character in "\\`*_[]|~$"},
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        # An empty comment keeps a forge from telling a person, or linking an issue, that a name happens to spell.
        "@": "@<!-- -->",
        "#": "#<!-- -->",
    }
)


def printable(text: str) -> str:
    """Write what a terminal would act on, or could not show, as escapes."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def shown(value: object) -> str:
    """Write a JSON value for a message: short, and printable."""
    text = printable(json.dumps(value, ensure_ascii=False, sort_keys=True))
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def listed(values: Iterable[object]) -> str:
    """Write JSON values for a message: the first ones, and how many more there are."""
    texts = [shown(value) for value in values]
    return ", ".join(texts if len(texts) <= 10 else [*texts[:10], f"and {len(texts) - 10} more"])


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    level: Level
    rule: str
    """The name of its rule in `RULES`."""
    where: str
    """The operation and the place inside it: `GET /api/users/{id} response 200 body.name`."""
    message: str
    """One sentence: what was, what is, and why it matters."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Every difference of two documents, sorted by level, place and rule."""

    changes: tuple[Change, ...]

    @property
    def breaking(self) -> tuple[Change, ...]:
        """The changes that break a client."""
        return self._of(Level.BREAKING)

    @property
    def risky(self) -> tuple[Change, ...]:
        """The changes that may break a client."""
        return self._of(Level.RISKY)

    @property
    def safe(self) -> tuple[Change, ...]:
        """The changes that break no client."""
        return self._of(Level.SAFE)

    def to_json(self) -> dict[str, list[dict[str, str]]]:
        """Give the changes by level, each with `rule`, `where` and `message`."""
        return {
            level.value: [
                {"rule": change.rule, "where": change.where, "message": change.message} for change in self._of(level)
            ]
            for level in Level
        }

    def to_text(self) -> str:
        """Write the changes for a terminal: what happened once, and below it every place where it did."""
        if not self.changes:
            return "No change."
        blocks: list[str] = []
        for level in Level:
            changes = self._of(level)
            if changes:
                lines = [f"{_HEADINGS[level]} ({len(changes)})"]
                for rule, message, places in _by_message(changes):
                    lines += [f"  {message} [{rule}]", *(f"    {place}" for place in places)]
                blocks.append("\n".join(lines))
        return "\n\n".join([*blocks, self._summary()])

    def to_markdown(self) -> str:
        """Write the changes for a comment on a pull request.

        What comes from the documents is escaped, so that it can neither format, link nor mention. Of many places the
        first are listed, and what would be too long for a comment is left out with a word.
        """
        if not self.changes:
            return "**API: no change.**\n"
        text = f"**API: {self._summary()}**\n"
        for level in Level:
            changes = self._of(level)
            if not changes:
                continue
            heading = f"{_HEADINGS[level]} ({len(changes)})"
            folded = level is Level.SAFE
            start, end = (f"\n<details><summary>{heading}</summary>\n\n", "\n</details>\n") if folded else ("", "")
            text += start or f"\n### {heading}\n\n"
            text += _list_in_markdown(changes, _COMMENT_CHARACTERS - len(text))
            text += end
        return text

    def _of(self, level: Level) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.level is level)

    def _summary(self) -> str:
        return ", ".join(f"{len(self._of(level))} {level.value}" for level in Level) + "."


def build_drift(changes: Iterable[Change]) -> Drift:
    """Sort changes, each once."""
    return Drift(
        tuple(
            sorted(set(changes), key=lambda change: (_ORDER[change.level], change.where, change.rule, change.message))
        )
    )


def _by_message(changes: Sequence[Change]) -> Iterator[tuple[str, str, list[str]]]:
    """Bring together what happened in several places, in the order of the first place of each."""
    first: dict[tuple[str, str], int] = {}
    for number, change in enumerate(changes):
        first.setdefault((change.rule, change.message), number)
    ordered = sorted(changes, key=lambda change: first[change.rule, change.message])
    for (rule, message), group in groupby(ordered, key=lambda change: (change.rule, change.message)):
        yield rule, message, [change.where for change in group]


def _list_in_markdown(changes: Sequence[Change], limit_characters: int) -> str:
    text = ""
    left: Mapping[str, int] = {}
    for rule, message, places in _by_message(changes):
        item = f"- {_escape(message)} (`{rule}`)\n"
        item += "".join(f"  - {_code(place)}\n" for place in places[:_LISTED_PLACES])
        if len(places) > _LISTED_PLACES:
            item += f"  - … and {len(places) - _LISTED_PLACES} more places\n"
        if len(text) + len(item) > limit_characters:
            left = {**left, rule: left.get(rule, 0) + len(places)}
            continue
        text += item
    if left:
        named = ", ".join(f"`{rule}` {count}" for rule, count in sorted(left.items()))
        text += f"- Too many to list here: {named}\n"
    return text


def _escape(text: str) -> str:
    return text.translate(_MARKDOWN).replace("://", ":<!-- -->//").replace("www.", "www<!-- -->.")


def _code(text: str) -> str:
    """Write a code span: fenced by more backticks than the text has in a row."""
    longest = max((len(run) for run in "".join(c if c == "`" else " " for c in text).split()), default=0)
    fence = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"
