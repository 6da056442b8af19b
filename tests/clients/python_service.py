"""A service that has everything a client meets, and clients that are made of documents."""

import importlib.util
import itertools
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from typed_api.clients.python import generate
from typed_api.testing import create_app

_numbers: Final = itertools.count(1)

ROUTES: Final[Mapping[str, str]] = {
    "api/users/_id_.py": '''
from datetime import date
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, NotFound, Ok, Problem, Sent


class User(BaseModel):
    id: int
    name: str
    tags: list[str]
    flag: bool | None
    since: date | None
    trace: str


class Query(BaseModel):
    id: int
    tags: list[str] = []
    flag: bool | None = None
    since: date | None = None


class Headers(BaseModel):
    x_trace: str = "none"


async def get(
    req: ApiRequest[None, Query, Headers], res: ApiResponse[Ok[User] | NotFound[Problem]]
) -> Sent:
    """Find a user."""
    query = req.query
    if query.id == 0:
        return res.status(404).json(Problem(detail="There is no user 0."))
    user = User(
        id=query.id, name="Ada", tags=query.tags, flag=query.flag, since=query.since, trace=req.headers.x_trace
    )
    return res.status(200).json(user)
''',
    "api/users/index.py": """
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, Created, Sent


class NewUser(BaseModel):
    name: str
    admin: bool = False


async def post(req: ApiRequest[NewUser], res: ApiResponse[Created[NewUser]]) -> Sent:
    return res.status(201).json(req.body)
""",
    "api/signup.py": """
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, Form, Ok, Sent


class Signup(BaseModel):
    name: str
    age: int
    news: bool
    tags: list[str] = []


async def post(req: ApiRequest[Form[Signup]], res: ApiResponse[Ok[Signup]]) -> Sent:
    return res.status(200).json(req.body)
""",
    "api/upload.py": """
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, Form, Ok, Sent, UploadFile


class Upload(BaseModel):
    title: str
    photo: UploadFile
    more: list[UploadFile] = []


class Stored(BaseModel):
    title: str
    names: list[str]
    sizes: list[int]


async def post(req: ApiRequest[Form[Upload]], res: ApiResponse[Ok[Stored]]) -> Sent:
    files = [req.body.photo, *req.body.more]
    sizes = [len(await file.read()) for file in files]
    return res.status(200).json(Stored(title=req.body.title, names=[f"{f.filename}" for f in files], sizes=sizes))
""",
    "api/files/_path__.py": """
from typed_api import ApiRequest, ApiResponse, Ok, Sent


async def get(req: ApiRequest[None], res: ApiResponse[Ok[list[str]]]) -> Sent:
    return res.status(200).json(req.query["path"])
""",
    "api/names/_name_.py": """
from typed_api import ApiRequest, ApiResponse, Ok, Sent


async def get(req: ApiRequest[None], res: ApiResponse[Ok[str]]) -> Sent:
    return res.status(200).send(req.query["name"])
""",
    "api/events.py": """
from collections.abc import AsyncIterator
from typed_api import ApiRequest, ApiResponse, EventStream, Ok, Sent, ServerEvent


async def count() -> AsyncIterator[ServerEvent[int]]:
    for number in range(3):
        yield ServerEvent(number, event="tick", id=str(number))


async def get(req: ApiRequest[None], res: ApiResponse[Ok[EventStream[int]]]) -> Sent:
    return res.send(EventStream(count()))
""",
    "api/lines.py": """
from collections.abc import AsyncIterator
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, JsonLines, Ok, Sent


class Row(BaseModel):
    text: str


async def rows() -> AsyncIterator[Row]:
    yield Row(text="one")
    yield Row(text="two\\u2028and a half")


async def get(req: ApiRequest[None], res: ApiResponse[Ok[JsonLines[Row]]]) -> Sent:
    return res.send(JsonLines(rows()))
""",
    "api/raw.py": """
from typed_api import ApiRequest, ApiResponse, Ok, Sent


async def put(req: ApiRequest[bytes], res: ApiResponse[Ok[bytes]]) -> Sent:
    return res.status(200).send(req.body[::-1])
""",
    "api/away.py": """
from typing import Never
from typed_api import ApiRequest, ApiResponse, Sent


async def get(req: ApiRequest[None], res: ApiResponse[Never]) -> Sent:
    return res.redirect(303, "/api/names/there")
""",
    "api/gone.py": """
from typed_api import ApiError, ApiRequest, ApiResponse, NoContent, Sent


async def delete(req: ApiRequest[None], res: ApiResponse[NoContent]) -> Sent:
    return res.status(204).end()


async def post(req: ApiRequest[None], res: ApiResponse[NoContent]) -> Sent:
    raise ApiError(409, "It is gone already.")


async def head(req: ApiRequest[None], res: ApiResponse[NoContent]) -> Sent:
    return res.status(204).end()
""",
}


def document_of(routes: Mapping[str, str] = ROUTES) -> dict[str, object]:
    """Give the document of routes."""
    return create_app(routes, title="Everything").openapi()


def load(document: Mapping[str, object], folder: Path) -> Any:
    """Make a client, and import it."""
    name = f"generated_client_{next(_numbers)}"
    file = folder / f"{name}.py"
    file.write_text(generate(document), encoding="utf-8")
    return load_module(name, file)


def load_module(name: str, file: Path) -> ModuleType:
    """Import a file as a module."""
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    # Where dataclasses look for the module of a class.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
