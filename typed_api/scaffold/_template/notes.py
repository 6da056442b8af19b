"""Notes: their types on the wire, and where they are kept."""

from pydantic import BaseModel, ConfigDict, Field


class NewNote(BaseModel):
    """What a client sends to write a note."""

    # A misspelt field is told, rather than ignored.
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=1000, examples=["Water the plants."])


class Note(BaseModel):
    """A note as kept."""

    id: int
    text: str


class Notes:
    """All notes, in memory: they are gone when the process ends, and each has its own.

    A database takes this place. What the routes need of it are these three methods.
    """

    def __init__(self) -> None:
        self._by_id: dict[int, Note] = {}

    def list_all(self) -> list[Note]:
        return list(self._by_id.values())

    def find(self, note_id: int) -> Note | None:
        return self._by_id.get(note_id)

    def add(self, new: NewNote) -> Note:
        note = Note(id=len(self._by_id) + 1, text=new.text)
        self._by_id[note.id] = note
        return note
