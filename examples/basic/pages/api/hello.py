from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, Ok, Sent


class Greeting(BaseModel):
    message: str


async def get(req: ApiRequest, res: ApiResponse[Ok[Greeting]]) -> Sent:
    """Say hello."""
    return res.status(200).json(Greeting(message="Hello from Typed API!"))
