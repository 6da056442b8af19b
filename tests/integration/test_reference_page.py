"""The examples of the reference's page on API routes, each written with our names and tried by name.

Reference:
    Next.js, API routes: https://nextjs.org/docs/pages/building-your-application/routing/api-routes
"""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from typed_api.testing import TestClient, create_app

MESSAGE_AS_JSON = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent
    from typing_extensions import TypedDict

    class Greeting(TypedDict):
        message: str

    def handler(req: ApiRequest, res: ApiResponse[Ok[Greeting]]) -> Sent:
        message = "Hello from Typed API!"
        return res.status(200).json({"message": message})
"""

RESPONSE_DATA = """
    from pydantic import BaseModel
    from typed_api import ApiRequest, ApiResponse, Sent

    class ResponseData(BaseModel):
        message: str

    def handler(req: ApiRequest, res: ApiResponse[ResponseData]) -> Sent:
        return res.status(200).json(ResponseData(message="Hello from Typed API!"))
"""

BY_METHOD = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    def handler(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
        if req.method == "POST":
            return res.status(200).send("posted")
        return res.status(200).send("anything else")
"""

ASYNC_OPERATION = """
    from typed_api import ApiRequest, ApiResponse, InternalServerError, Ok, Sent
    from typing_extensions import TypedDict

    from .operation import run

    class Outcome(TypedDict):
        result: list[int]

    class Failure(TypedDict):
        error: str

    async def get(req: ApiRequest, res: ApiResponse[Ok[Outcome] | InternalServerError[Failure]]) -> Sent:
        try:
            result = await run()
        except OSError:
            return res.status(500).json({"error": "failed to load data"})
        return res.status(200).json({"result": result})
"""

OPERATION_THAT_WORKS = """
    import anyio.lowlevel

    async def run() -> list[int]:
        await anyio.lowlevel.checkpoint()
        return [3, 1, 4]
"""

OPERATION_THAT_FAILS = """
    import anyio.lowlevel

    async def run() -> list[int]:
        await anyio.lowlevel.checkpoint()
        raise OSError("the disk is on fire")
"""

SEND_TEXT = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
        return res.status(200).send("Grüße")
"""

SEND_OBJECT = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent
    from typing_extensions import TypedDict

    class Outcome(TypedDict):
        result: list[int]

    def get(req: ApiRequest, res: ApiResponse[Ok[Outcome]]) -> Sent:
        return res.status(200).send({"result": [3, 1, 4]})
"""

SEND_BYTES = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    def get(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
        return res.status(200).send(bytes([0, 255, 10]))
"""

FORM_AS_JSON = """
    from typed_api import ApiRequest, ApiResponse, InternalServerError, Sent
    from typing_extensions import TypedDict

    from .desk import Message, deliver

    class Failure(TypedDict):
        error: str

    async def post(req: ApiRequest[Message], res: ApiResponse[InternalServerError[Failure]]) -> Sent:
        try:
            await deliver(req.body)
        except OSError:
            return res.status(500).send({"error": "failed to fetch data"})
        return res.redirect(307, "/")
"""

# The same, filled in by a browser's form.
FORM_OF_A_BROWSER = FORM_AS_JSON.replace("ApiRequest[Message]", "ApiRequest[Form[Message]]").replace(
    "ApiResponse, Internal", "ApiResponse, Form, Internal"
)

DESK_THAT_DELIVERS = """
    import anyio.lowlevel
    from pydantic import BaseModel

    class Message(BaseModel):
        name: str
        message: str

    DELIVERED: list[Message] = []

    async def deliver(message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        DELIVERED.append(message)
"""

DESK_THAT_FAILS = DESK_THAT_DELIVERS.replace("DELIVERED.append(message)", 'raise OSError("nobody is there")')

DELIVERED = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    from . import desk

    def get(req: ApiRequest[None], res: ApiResponse[Ok[list[desk.Message]]]) -> Sent:
        return res.status(200).json(desk.DELIVERED)
"""

REDIRECT = """
    from typing import Never

    from typed_api import ApiRequest, ApiResponse, Sent

    def handler(req: ApiRequest, res: ApiResponse[Never]) -> Sent:
        return res.redirect("/login")
"""

REDIRECT_WITH_STATUS = """
    from typing import Never

    from typed_api import ApiRequest, ApiResponse, Sent

    def handler(req: ApiRequest, res: ApiResponse[Never]) -> Sent:
        return res.redirect(303, "/login")
"""

POST_BY_ID = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
        return res.status(200).send(f"Post: {req.query['pid']}")
"""

POST_BY_SLUG = """
    from pydantic import BaseModel
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    class Params(BaseModel):
        slug: list[str] = []

    def get(req: ApiRequest[None, Params], res: ApiResponse[Ok[str]]) -> Sent:
        return res.status(200).send(f"Post: {', '.join(req.query.slug)}")
"""

EVENTS = """
    from collections.abc import AsyncIterator

    from typed_api import ApiRequest, ApiResponse, EventStream, Ok, Sent

    async def count() -> AsyncIterator[int]:
        for number in range(3):
            yield number

    def get(req: ApiRequest, res: ApiResponse[Ok[EventStream[int]]]) -> Sent:
        return res.status(200).send(EventStream(count()))
"""

TREES = {
    "message_as_json": {"api/hello.py": MESSAGE_AS_JSON},
    "response_data": {"api/hello.py": RESPONSE_DATA},
    "by_method": {"api/hello.py": BY_METHOD},
    "operation_that_works": {"api/_lib/data.py": ASYNC_OPERATION, "api/_lib/operation.py": OPERATION_THAT_WORKS},
}


def client_of(files: dict[str, str]) -> TestClient:
    return TestClient(create_app(files))
