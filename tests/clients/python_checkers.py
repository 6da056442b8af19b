"""Runs mypy and pyright over files, and reads from the files what they must say."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeAlias

Findings: TypeAlias = dict[tuple[str, int], set[str]]
"""By file name and line, the codes of what is wrong there."""

_MARK: Final = {"mypy": re.compile(r"# E\[([a-z, -]+)\]"), "pyright": re.compile(r" P\[([A-Za-z, ]+)\]")}


def run(*command: str, folder: Path, environ: Mapping[str, str] | None = None) -> str:
    """Run a program of this environment to its end."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    # 0 finds nothing, 1 finds errors; anything else found nothing because it could not look.
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def run_mypy(folder: Path, files: Sequence[str], mypy_path: Sequence[Path]) -> Findings:
    """Run `mypy --strict`."""
    (folder / "mypy.ini").write_text(f"[mypy]\nstrict = true\nmypy_path = {':'.join(map(str, mypy_path))}\n", "utf-8")
    output = run("mypy", f"--cache-dir={os.devnull}", "--output=json", *files, folder=folder)
    found: Findings = {}
    for line in filter(None, output.splitlines()):
        entry: dict[str, Any] = json.loads(line)
        if entry["severity"] == "error":
            found.setdefault((Path(entry["file"]).name, entry["line"]), set()).add(entry["code"])
    return found


def run_pyright(folder: Path, files: Sequence[str], stub_path: str, extra_paths: Sequence[Path]) -> Findings:
    """Run pyright in its strict mode."""
    settings = {
        "typeCheckingMode": "strict",
        "stubPath": stub_path,
        "extraPaths": [str(path) for path in extra_paths],
        "include": list(files),
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    output = run("pyright", "--project=.", f"--pythonpath={sys.executable}", "--outputjson", folder=folder)
    found: Findings = {}
    for entry in json.loads(output)["generalDiagnostics"]:
        if entry["severity"] == "error":
            place = (Path(entry["file"]).name, entry["range"]["start"]["line"] + 1)
            found.setdefault(place, set()).add(entry.get("rule", "syntax"))
    # What it does not know after an error is no error of its own.
    return {
        place: {code for code in codes if not code.startswith("reportUnknown")} or codes
        for place, codes in found.items()
    }


def run_both(
    folder: Path, files: Sequence[str], *, stub_path: str = "stubs", paths: Sequence[Path] = ()
) -> dict[str, Findings]:
    """Run both, side by side; stubs come before the paths that modules are looked for in."""
    with ThreadPoolExecutor() as pool:
        mypy = pool.submit(run_mypy, folder, files, [folder / stub_path, *paths])
        pyright = pool.submit(run_pyright, folder, files, stub_path, paths)
        return {"mypy": mypy.result(), "pyright": pyright.result()}


def read_marks(file: Path, checker: str) -> Findings:
    """Read what a checker must say of a file."""
    found: Findings = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        mark = _MARK[checker].search(line)
        if mark is not None and not line.startswith("`"):
            found[file.name, number] = set(mark[1].split(", "))
    return found
