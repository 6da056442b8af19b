"""Users in an SQLite file.

Every call opens a connection of its own, which takes a tenth of a millisecond: a connection belongs to the thread that
made it, and handlers that are plain functions run in many threads.
"""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from models import NewUser, User, UserChanges

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- AUTOINCREMENT: the id of a deleted user is never given to another
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    nickname TEXT
)
"""


class EmailTaken(Exception):
    """Another user has this email address."""


class UserStore:
    """All users, kept in a file."""

    def __init__(self, file: Path) -> None:
        self.file: Path = file

    def create_schema(self) -> None:
        """Make the table, unless the file has it."""
        with self._connect() as connection:
            connection.execute(SCHEMA)

    def read_page(self, *, after: int, limit: int) -> list[User]:
        """Give the first users above an id."""
        with self._connect() as connection:
            rows = connection.execute("SELECT * FROM users WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
            return [User.model_validate(dict(row)) for row in rows]

    def read(self, user_id: int) -> User | None:
        """Give one user, or None if there is none of that id."""
        with self._connect() as connection:
            return _read(connection, user_id)

    def create(self, new: NewUser) -> User:
        """Add a user, or raise EmailTaken."""
        with self._connect() as connection:
            cursor = connection.execute(
                "INSERT INTO users (name, email, nickname) VALUES (:name, :email, :nickname)", new.model_dump()
            )
            return User.model_validate({**new.model_dump(), "id": cursor.lastrowid})

    def replace(self, user_id: int, new: NewUser) -> User | None:
        """Set every field of a user, or raise EmailTaken."""
        with self._connect() as connection:
            connection.execute(
                "UPDATE users SET name = :name, email = :email, nickname = :nickname WHERE id = :id",
                {**new.model_dump(), "id": user_id},
            )
            return _read(connection, user_id)

    def change(self, user_id: int, changes: UserChanges) -> User | None:
        """Set the fields that were sent, or raise EmailTaken."""
        values = dict(changes)
        with self._connect() as connection:
            if values:
                # The names are those of the model's fields, never the client's own words.
                assignments = ", ".join(f"{name} = :{name}" for name in values)
                connection.execute(f"UPDATE users SET {assignments} WHERE id = :id", {**values, "id": user_id})
            return _read(connection, user_id)

    def delete(self, user_id: int) -> bool:
        """Remove a user; False if there is none of that id."""
        with self._connect() as connection:
            return connection.execute("DELETE FROM users WHERE id = ?", (user_id,)).rowcount == 1

    @contextmanager
    def _connect(self) -> Generator[sqlite3.Connection]:
        """Open the file for one transaction: kept if the block ends well, undone if it raises."""
        connection = sqlite3.connect(self.file)
        connection.row_factory = sqlite3.Row
        try:
            with connection:
                yield connection
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorname == "SQLITE_CONSTRAINT_UNIQUE":
                raise EmailTaken from error
            raise
        finally:
            connection.close()


def _read(connection: sqlite3.Connection, user_id: int) -> User | None:
    row = connection.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()
    return None if row is None else User.model_validate(dict(row))
