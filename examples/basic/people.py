"""The people that the routes tell of. What routes share is an ordinary module, beside `pages/` or anywhere else."""

from typing import Final

from pydantic import BaseModel


class Person(BaseModel):
    """Someone worth asking for."""

    id: int
    name: str
    known_for: str


PEOPLE: Final = (
    Person(id=1, name="Ada Lovelace", known_for="the first program"),
    Person(id=2, name="Grace Hopper", known_for="the first linker"),
    Person(id=3, name="Radia Perlman", known_for="the spanning tree protocol"),
)


def find_person(person_id: int) -> Person | None:
    """Give the person of that id, if there is one."""
    return next((person for person in PEOPLE if person.id == person_id), None)
