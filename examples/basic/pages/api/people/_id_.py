from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, NotFound, Ok, Problem, Sent

from people import Person, find_person


class Params(BaseModel):
    id: int


async def get(req: ApiRequest[None, Params], res: ApiResponse[Ok[Person] | NotFound[Problem]]) -> Sent:
    """Show one person."""
    person = find_person(req.query.id)
    if person is None:
        return res.status(404).json(
            Problem(title="Not Found", status=404, detail=f"There is no person {req.query.id}.")
        )
    return res.status(200).json(person)
