#!/usr/bin/env python3
"""Print pip constraints that hold every dependency of pyproject.toml, extras included, at its lowest release.

    python scripts/floors.py > floors.txt
    python -m pip install -e '.[test]' -c floors.txt

`.ci/run` tests in an environment made so: a floor that nobody runs is a guess.
"""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

__all__ = ["find_floors"]

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*>=\s*(?P<floor>[^,;\s]+)[^;]*(?P<marker>;.*)?")


def find_floors(pyproject: dict[str, Any]) -> list[str]:
    """Turn the requirements of a project into constraints on their lowest releases.

    Args:
        pyproject: The parsed `pyproject.toml`.

    Returns:
        One line per requirement, sorted: `"click==8.2.1"`, with its marker if it has one.

    Raises:
        ValueError: If a requirement does not begin with a floor, or two disagree about one.
    """
    project = pyproject["project"]
    requirements: list[str] = [*project["dependencies"]]
    for extra in project.get("optional-dependencies", {}).values():
        requirements.extend(extra)
    floors: dict[str, str] = {}
    for requirement in requirements:
        match = _REQUIREMENT.fullmatch(requirement)
        if match is None:
            raise ValueError(f"{requirement!r} has no floor. Write the lowest release that works first: 'name>=1.2'.")
        line = f"{match['name']}=={match['floor']}{match['marker'] or ''}"
        if floors.setdefault(match["name"], line) != line:
            raise ValueError(f"{floors[match['name']]!r} and {line!r} are two floors of one package. Keep one.")
    return sorted(floors.values())


if __name__ == "__main__":
    try:
        text = Path(__file__).parent.parent.joinpath("pyproject.toml").read_text("utf-8")
        print(*find_floors(tomllib.loads(text)), sep="\n")
    except ValueError as error:
        sys.exit(str(error))
