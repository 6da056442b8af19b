from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, NotFound, Ok, Problem, Sent

from notes import Note, Notes


class Params(BaseModel):
    id: int


async def get(
    req: ApiRequest[None, Params], res: ApiResponse[Ok[Note] | NotFound[Problem]]
) -> Sent:
    """Show one note."""
    note = req.state[Notes].find(req.query.id)
    if note is None:
        return res.status(404).json(
            Problem(
                title="Not Found",
                status=404,
                detail=f"There is no note {req.query.id}.",
            )
        )
    return res.status(200).json(note)
