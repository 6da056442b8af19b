"""What the mypy plugin costs: a generated project, checked with and without it, cold and warm.

    python benchmarks/mypy_cost.py [--routes 300] [--pairs 7]

Each pair is one run without the plugin and one with it, right after each other, so that what else the machine does
falls on both. The medians are compared. The bounds: cold at most 1.15 times as long, warm
at most 60 ms longer. Exits with 1 beyond them.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parent.parent
COLD_RATIO: Final = 1.15
WARM_SECONDS: Final = 0.060

MODELS: Final = """\
from pydantic import BaseModel


class Item{n}(BaseModel):
    id: int
    name: str
    note: str | None = None


class New{n}(BaseModel):
    name: str
    tags: list[str] = []


class Missing{n}(BaseModel):
    detail: str


def find(key: object) -> Item{n} | None:
    return Item{n}(id=1, name=str(key)) if key else None
"""

ROUTE: Final = '''\
from models.m{m} import Item{m}, Missing{m}, New{m}, find
from typed_api import ApiRequest, ApiResponse, BadRequest, Created, NoContent, NotFound, Ok, Sent


async def get(req: ApiRequest, res: ApiResponse[Ok[Item{m}] | NotFound[Missing{m}]]) -> Sent:
    """Read one."""
    item = find(req.query["id"])
    if item is None:
        return res.status(404).json(Missing{m}(detail="none"))
    return res.status(200).json(item)


async def put(req: ApiRequest[New{m}], res: ApiResponse[Created[Item{m}] | BadRequest[Missing{m}]]) -> None:
    """Write one."""
    body = req.body
    for tag in body.tags:
        if not tag:
            res.status(400).json(Missing{m}(detail="tag"))
            return
    try:
        number = int(body.name)
    except ValueError:
        res.status(400).json(Missing{m}(detail="name"))
    else:
        match number:
            case 0:
                res.status(400).json(Missing{m}(detail="zero"))
            case _:
                res.status(201).json(Item{m}(id=number, name=body.name))


def delete(req: ApiRequest, res: ApiResponse[NoContent | NotFound[Missing{m}]]) -> Sent:
    """Remove one."""
    if find(req.query["id"]) is None:
        return res.status(404).json(Missing{m}(detail="none"))
    return res.status(204).end()
'''


def generate(folder: Path, routes: int) -> None:
    """Write the project: a model module for every five routes, three handlers a route."""
    (folder / "models").mkdir()
    (folder / "models" / "__init__.py").touch()
    for number in range(max(routes // 5, 1)):
        (folder / "models" / f"m{number}.py").write_text(MODELS.format(n=number), "utf-8")
    for parent in ("pages", "pages/api"):
        (folder / parent).mkdir()
        (folder / parent / "__init__.py").touch()
    for number in range(routes):
        place = folder / "pages" / "api" / f"r{number}"
        place.mkdir()
        (place / "__init__.py").touch()
        (place / "_id_.py").write_text(ROUTE.format(m=number % max(routes // 5, 1)), "utf-8")
    (folder / "pyproject.toml").touch()
    common = f"[mypy]\nstrict = true\nexplicit_package_bases = true\nmypy_path = {REPOSITORY}:{folder}\n"
    (folder / "without.ini").write_text(common, "utf-8")
    (folder / "with.ini").write_text(f"{common}plugins = typed_api.mypy_plugin\n", "utf-8")


def run(folder: Path, kind: str) -> float:
    """Run mypy once; gives the seconds that it took."""
    command = [
        sys.executable,
        "-m",
        "mypy",
        f"--config-file={kind}.ini",
        f"--cache-dir=.cache-{kind}",
        "models",
        "pages",
    ]
    # An installed package has its bytecode beside it, whatever this environment says of writing some.
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    # Nothing is wrong with the project either way: printing errors would take its time too.
    if done.returncode:
        raise SystemExit(f"mypy ended with {done.returncode}:\n{done.stdout[:2000]}{done.stderr}")
    return seconds


def measure(folder: Path, pairs: int, *, cold: bool) -> tuple[list[float], list[float]]:
    """Time pairs of runs; gives the seconds without and with the plugin."""
    times: dict[str, list[float]] = {"without": [], "with": []}
    for kind in times:
        run(folder, kind)  # Once for nothing: it writes the bytecode, and a cache that warm runs read.
    for number in range(pairs):
        # The order changes from pair to pair: the second of two runs finds the files of mypy in memory.
        for kind in ("without", "with") if number % 2 else ("with", "without"):
            if cold:
                shutil.rmtree(folder / f".cache-{kind}", ignore_errors=True)
            times[kind].append(run(folder, kind))
    return times["without"], times["with"]


def show(name: str, without: Sequence[float], with_plugin: Sequence[float]) -> tuple[float, float]:
    """Print one line; gives how often as long, and how many seconds longer."""
    base, own = statistics.median(without), statistics.median(with_plugin)
    more = f"{own / base:.3f} times, {(own - base) * 1000:+.0f} ms"
    print(
        f"{name}: {base:.3f} s without, {own:.3f} s with the plugin: {more}"
        f" (fastest {min(without):.3f} s and {min(with_plugin):.3f} s)"
    )
    return own / base, own - base


def main() -> int:
    """Generate, measure, judge."""
    parser = argparse.ArgumentParser(description="Time mypy with and without the plugin.")
    parser.add_argument("--routes", type=int, default=300, help="route modules, of three handlers each")
    parser.add_argument("--pairs", type=int, default=7, help="pairs of runs; the medians are compared")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mypy-cost-") as name:
        folder = Path(name)
        generate(folder, arguments.routes)
        print(f"{arguments.routes} routes, {arguments.pairs} pairs of runs")
        cold_ratio, _ = show("cold", *measure(folder, arguments.pairs, cold=True))
        _, warm_seconds = show("warm", *measure(folder, arguments.pairs, cold=False))
    is_fine = cold_ratio <= COLD_RATIO and warm_seconds <= WARM_SECONDS
    print(f"bounds: {COLD_RATIO} times cold, {WARM_SECONDS * 1000:+.0f} ms warm: {'kept' if is_fine else 'broken'}")
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
