from typed_api import ApiRequest, ApiResponse, Ok, Sent

from people import PEOPLE, Person


async def get(req: ApiRequest, res: ApiResponse[Ok[list[Person]]]) -> Sent:
    """List everyone."""
    return res.status(200).json(list(PEOPLE))
