from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, Ok, Sent


class Hello(BaseModel):
    message: str


async def get(req: ApiRequest[None], res: ApiResponse[Ok[Hello]]) -> Sent:
    """Say hello."""
    return res.status(200).json(Hello(message="Hello from Typed API!"))
