"""What goes over the wire. Every route imports its types from here."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, with_config
from typing_extensions import TypedDict

Id = Annotated[int, Field(ge=1, lt=2**63)]
"""What SQLite can store: without the bound, a larger number in a URL would be an error of the database."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"\S")]
"""The pattern tells clients what stripping leaves to the length: a name is not all space."""
Email = Annotated[str, StringConstraints(pattern=r"^[!-?A-~]+@[!-?A-~]+$", max_length=254)]


class NewUser(BaseModel):
    """What a client sends to create a user, or to replace one."""

    # A misspelt field is told, rather than ignored.
    model_config = ConfigDict(extra="forbid")

    name: Name
    email: Email
    nickname: Name | None = None


# A TypedDict, since its fields can be left out without being null.
@with_config(ConfigDict(extra="forbid"))
class UserChanges(TypedDict, total=False):
    """What a client sends to change a user: a field that it leaves out stays as it is."""

    name: Name
    email: Email
    nickname: Name | None
    """The only one that may be null: it takes the nickname away."""


class User(BaseModel):
    """A user as stored."""

    id: Id
    name: Name
    email: Email
    nickname: Name | None


class UserList(BaseModel):
    """Some of the users, by id."""

    users: list[User]
    next: Id | None
    """Where the next page starts: its `?after=`. None on the last page."""


class UserPath(BaseModel):
    """The path parameter of `/api/users/{id}`."""

    id: Id


class Page(BaseModel):
    """The query of `/api/users`."""

    after: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Only users with a higher id: the `next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
