"""The commands that look at the routes of a project: `routes` and `check`."""

import contextlib
import json
import sys
from pathlib import Path

import click

from typed_api.cli._project import Abort, build_app, build_to_look_at, enter, settle_or_refuse
from typed_api.config import Settings

__all__ = ["check", "routes"]


# --- routes -----------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("path", default=".")
@click.option("--json", "as_json", is_flag=True, help="Print for a program to read.")
def routes(path: str, as_json: bool) -> None:
    """List the routes of the project in PATH."""
    app = build_to_look_at(path)
    rows = [
        {"path": endpoint.pattern.template, "methods": list(endpoint.methods), "file": endpoint.file}
        for endpoint in sorted(app.endpoints, key=lambda endpoint: (endpoint.pattern.template, endpoint.file))
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    width = max((len(str(row["path"])) for row in rows), default=0)
    methods_width = max((len(", ".join(row["methods"])) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['path']:<{width}}  {', '.join(row['methods']):<{methods_width}}  {row['file']}")


# --- check ------------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("path", default=".")
@click.option("--json", "as_json", is_flag=True, help="Print for a program to read.")
@click.option("--rename-brackets", is_flag=True, help="Rename [id].py and its like to _id_.py, and do nothing else.")
@click.option("--yes", is_flag=True, help="With --rename-brackets: do not ask.")
def check(path: str, as_json: bool, rename_brackets: bool, yes: bool) -> None:
    """Prove the routes of the project in PATH.

    Imports every route, runs mypy with the plugin, and makes sure that mypy has looked at each route file.
    """
    from typed_api.check import check_project

    if rename_brackets and as_json:
        raise click.UsageError("--rename-brackets and --json do not go together. Leave one of them out.")
    if yes and not rename_brackets:
        raise click.UsageError("--yes answers what --rename-brackets asks. Give it with --rename-brackets.")
    enter(path)
    settings = settle_or_refuse()
    if rename_brackets:
        _rename_brackets(settings, ask=not yes)
        return
    # What modules print while they are imported is not what was asked for.
    with contextlib.redirect_stdout(sys.stderr):
        report = check_project(settings, build_app)
    if report.notes:
        click.echo(report.notes, err=True, nl=False)
    click.echo(report.to_json() if as_json else report.to_text())
    sys.exit(1 if report.findings else 0)


def _rename_brackets(settings: Settings, *, ask: bool) -> None:
    from typed_api.pattern import PatternError
    from typed_api.rename import RenameError, plan_rename

    root = Path(settings.pages)
    if not root.is_dir() and settings.pages.replace(".", "").isidentifier():
        root = Path(*settings.pages.split("."))
    if not root.is_dir():
        raise click.UsageError(
            f"The root folder of the routes, {settings.pages!r}, is no folder here. Name it in pyproject.toml: "
            '[tool.typed_api] pages = "..."'
        )
    try:
        plan = plan_rename(root, word_separator=settings.word_separator)
    except PatternError as error:
        raise click.UsageError(str(error)) from None
    if plan.conflicts:
        raise Abort("\n- ".join(["Nothing was changed, because of this:", *plan.conflicts]))
    if not plan.steps:
        click.echo(f"Nothing to rename in '{settings.pages}'.")
        return
    click.echo(str(plan))
    if ask:
        try:
            agreed = click.confirm("\nDo this?", err=True)
        except click.Abort:
            raise Abort("\nNothing was changed: there was no answer. --yes goes without one.") from None
        if not agreed:
            raise Abort("Nothing was changed.")
    try:
        plan.apply()
    except RenameError as error:
        raise Abort(str(error)) from None
    click.echo(plan.summary)
