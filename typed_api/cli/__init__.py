"""The command line: `typed-api new`, `dev`, `start`, `routes`, `check`, `openapi`, `diff` and `client`.

Owns the commands and the words that a person in a terminal reads. Exit status 0 is fine, 1 is findings, 2 is misuse.
"""

import click

from typed_api import __version__
from typed_api.cli._document import client, diff, openapi
from typed_api.cli._new import new
from typed_api.cli._project import build_app
from typed_api.cli._routes import check, routes
from typed_api.cli._serve import dev, start

__all__ = ["build_app", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="typed-api")
def main() -> None:
    """Serve typed route modules."""


for _command in (new, dev, start, routes, check, openapi, diff, client):
    main.add_command(_command)
