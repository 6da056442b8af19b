from typed_api import ApiRequest, ApiResponse, Created, Ok, Sent

from notes import NewNote, Note, Notes


async def get(req: ApiRequest[None], res: ApiResponse[Ok[list[Note]]]) -> Sent:
    """List all notes."""
    return res.status(200).json(req.state[Notes].list_all())


async def post(req: ApiRequest[NewNote], res: ApiResponse[Created[Note]]) -> Sent:
    """Write a note."""
    note = req.state[Notes].add(req.body)
    return res.status(201).set_header("Location", f"/api/notes/{note.id}").json(note)
