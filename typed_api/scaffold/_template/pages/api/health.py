from typed_api import ApiRequest, ApiResponse, NoContent, Sent


async def get(req: ApiRequest[None], res: ApiResponse[NoContent]) -> Sent:
    """Say that the service is up."""
    return res.status(204).end()
