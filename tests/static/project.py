"""The table of static cases, and one project made of all of them.

`cases.txt` says for each case the route file and the errors that mypy must report in it, by line: `# E: code, code` at
the end of the line, `# E1: code` anywhere for line 1, and nothing for a line that must pass. Every case has a folder of
its own below `pages/api`, so that one run of mypy checks them all.
"""

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

__all__ = ["CASES", "REPOSITORY", "Case", "Finding", "expected", "parse", "write_project"]

HERE: Final = Path(__file__).parent
REPOSITORY: Final = HERE.parent.parent

Finding: TypeAlias = tuple[int, str]
"""A line and the code of an error on it."""

_LINE: Final = re.compile(r"(?P<file>[^:]+\.py):(?P<line>\d+): error: (?P<text>.*?)  \[(?P<code>[\w-]+)\]")
_MARK: Final = re.compile(r"# (?P<kind>E1?): (?P<codes>[\w, -]+)$")


@dataclasses.dataclass(frozen=True)
class Case:
    """One route file."""

    id: str
    route: str
    title: str
    source: str

    @property
    def file(self) -> str:
        """Its path below the project."""
        return f"pages/api/{self.id.lower()}/{self.route}.py"


def _read() -> tuple[str, Sequence[Case]]:
    text = (HERE / "cases.txt").read_text("utf-8")
    parts = re.split(r"^=== (.+)\n", text, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    prelude = sections["prelude"].strip() + "\n"
    cases = [
        Case(found["id"], found["route"], found["title"], prelude + found["body"])
        for found in re.finditer(
            r"^### (?P<id>\S+) (?P<route>\S+) \| (?P<title>.*)\n(?P<body>(?:(?!### ).*\n)*)",
            sections["cases"],
            flags=re.MULTILINE,
        )
    ]
    return sections["models.py"], cases


MODELS, CASES = _read()


def expected(source: str) -> list[Finding]:
    """Read the marks of a source, in the order of its lines."""
    found: list[Finding] = []
    for number, line in enumerate(source.splitlines(), 1):
        mark = _MARK.search(line)
        if mark is not None:
            at = 1 if mark["kind"] == "E1" else number
            found.extend((at, code.strip()) for code in mark["codes"].split(","))
    return sorted(found)


def write_project(folder: Path, sources: Mapping[str, str], *, plugins: str = "typed_api.mypy_plugin") -> None:
    """Write a project that mypy checks strictly.

    Args:
        folder: Where to.
        sources: Files by their path; packages get their `__init__.py`.
        plugins: mypy's plugins.
    """
    for name, source in sources.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, "utf-8")
    for place, _, _ in os.walk(folder / "pages"):
        init = Path(place, "__init__.py")
        if not init.exists():
            init.touch()
    # The plugin knows the project by the nearest `pyproject.toml`.
    (folder / "pyproject.toml").touch()
    (folder / "mypy.ini").write_text(
        "[mypy]\n"
        "strict = true\n"
        "explicit_package_bases = true\n"
        f"mypy_path = $MYPY_CONFIG_FILE_DIR:{REPOSITORY}\n"
        f"plugins = {plugins}\n"
        "hide_error_codes = false\n"
        "pretty = false\n",
        "utf-8",
    )


def all_sources() -> dict[str, str]:
    """Give the files of the project that holds every case."""
    return {"models.py": MODELS, **{case.file: case.source for case in CASES}}


def parse(output: str) -> Iterator[tuple[str, int, str, str]]:
    """Yield file, line, code and text of each error in what mypy printed."""
    for line in output.splitlines():
        found = _LINE.fullmatch(line)
        if found is not None:
            yield found["file"].replace(os.sep, "/"), int(found["line"]), found["code"], found["text"]
