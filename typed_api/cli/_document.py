"""The commands on the document: `openapi`, `diff` and `client`."""

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import click

from typed_api.cli._project import Abort, build_to_look_at
from typed_api.errors import ConfigError
from typed_api.openapi import OpenAPIVersion, serialize

__all__ = ["client", "diff", "openapi"]

_VERSIONS: Final = ("3.1", "3.2")


def _write(output: Path | None, data: bytes) -> None:
    """Write what a command makes, to a file or to stdout."""
    if output is None:
        click.echo(data, nl=False)
        return
    # Its place is taken at once: what reads the file never sees half of it.
    half = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        half.write_bytes(data)
        half.replace(output)
    except OSError as error:
        with contextlib.suppress(OSError):
            half.unlink()
        raise Abort(f"'{output}' cannot be written: {error.strerror}.") from None


@click.command()
@click.argument("path", default=".")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file to write; stdout unless given.")
@click.option("--check", "committed", type=click.Path(path_type=Path), help="Compare FILE, and write nothing.")
@click.option("--openapi", "version", type=click.Choice(_VERSIONS), help="The version of the specification.")
def openapi(path: str, output: Path | None, committed: Path | None, version: OpenAPIVersion | None) -> None:
    """Write the OpenAPI document of the project in PATH.

    With --check it exits 1, and shows the difference, when the committed FILE is not what would be written.
    """
    from typed_api.committed import find_staleness

    if output is not None and committed is not None:
        raise click.UsageError("--check writes nothing, so it does not go with -o. Leave one of them out.")
    here = Path.cwd()
    app = build_to_look_at(path)
    if committed is None:
        _write(None if output is None else here / output, serialize(app.openapi(version or "3.1")))
        return
    # Files of the command line are those of the folder where it was typed, and are named as they were.
    os.chdir(here)
    stale = find_staleness(committed, lambda wanted: serialize(app.openapi(wanted)), version=version)
    if stale is not None:
        if stale.diff:
            click.echo(stale.diff)
        raise Abort(stale.message)
    click.echo(f"{committed} is current.", err=True)


@click.command()
@click.argument("old")
@click.argument("new")
@click.option(
    "--fail-on",
    type=click.Choice(["breaking", "risky"]),
    default="breaking",
    show_default=True,
    help="From what on to exit 1.",
)
@click.option("--json", "as_json", is_flag=True, help="Print for a program to read.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print for a comment on a pull request.")
def diff(old: str, new: str, fail_on: Literal["breaking", "risky"], as_json: bool, as_markdown: bool) -> None:
    """Say what changes for clients between the documents OLD and NEW.

    Each is a file, or git:REV:PATH for a file as it was in a revision: git:main:openapi.json.
    """
    from typed_api.drift import DocumentError, compare, load_document

    if as_json and as_markdown:
        raise click.UsageError("--json and --markdown do not go together. Leave one of them out.")
    try:
        drift = compare(load_document(old, cwd=Path.cwd()), load_document(new, cwd=Path.cwd()))
    except DocumentError as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        click.echo(json.dumps(drift.to_json(), indent=2))
    else:
        click.echo(drift.to_markdown() if as_markdown else drift.to_text())
    sys.exit(1 if drift.breaking or (fail_on == "risky" and drift.risky) else 0)


@click.command()
@click.argument("language", type=click.Choice(["typescript", "python", "stubs"]))
@click.argument("path", default=".")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file to write; stdout unless given.")
@click.option("--document", help="Make it from a document, a file or git:REV:PATH, and not from PATH.")
def client(language: str, path: str, output: Path | None, document: str | None) -> None:
    """Write a client of the project in PATH: for TypeScript, for Python, or the stubs for its own tests.

    It is one file, typed by what each route takes and answers under each status. The stubs go to
    stubs/typed_api_client.pyi unless -o says otherwise: they type `from typed_api_client import TypedClient`.
    """
    here = Path.cwd()
    if language == "stubs" and output is None:
        output = Path("stubs/typed_api_client.pyi")
        (here / output).parent.mkdir(exist_ok=True)
    source: Mapping[str, object]
    if document is None:
        source = build_to_look_at(path).openapi()
    else:
        from typed_api.drift import DocumentError, load_document

        try:
            source = load_document(document, cwd=here)
        except DocumentError as error:
            raise click.UsageError(str(error)) from None
    try:
        text = _generate(language, source)
    except ConfigError as error:
        raise Abort(str(error)) from None
    _write(None if output is None else here / output, text.encode())


def _generate(language: str, document: Mapping[str, object]) -> str:
    if language == "typescript":
        from typed_api.clients import typescript

        return typescript.generate(document)
    if language == "python":
        from typed_api.clients import python

        return python.generate(document)
    from typed_api.clients import stubs

    return stubs.generate(document)
