"""The command `new`."""

from pathlib import Path

import click

__all__ = ["new"]


@click.command()
@click.argument("name")
def new(name: str) -> None:
    """Start a project in the folder NAME.

    It runs, type-checks and passes its tests as it is: routes, a committed OpenAPI document, CI and a Dockerfile.
    """
    from typed_api.scaffold import ScaffoldError, create_project

    try:
        files = create_project(name, Path())
    except ScaffoldError as error:
        raise click.UsageError(str(error)) from None
    for file in files:
        click.echo(f"{name}/{file.as_posix()}")
    click.echo(f"\nNext: cd {name}, then what its README.md says.", err=True)
