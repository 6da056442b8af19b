"""The app behind the document `LIVE`: its routes, by file name."""

from collections.abc import Mapping
from typing import Final

PAGES: Final[Mapping[str, str]] = {
    "pages/api/_models.py": """
from typing import Literal

from pydantic import BaseModel


class User(BaseModel):
    id: int
    name: str
    role: Literal["admin", "guest"] = "guest"
    boss: "User | None" = None


class NoSuchUser(BaseModel):
    error: str


class Tick(BaseModel):
    n: int
""",
    "pages/api/users/_id_.py": """
from pages.api._models import NoSuchUser, User
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, NoContent, NotFound, Ok, Sent


class Params(BaseModel):
    id: int


async def get(req: ApiRequest[None, Params], res: ApiResponse[Ok[User] | NotFound[NoSuchUser]]) -> Sent:
    if req.query.id != 1:
        return res.status(404).json(NoSuchUser(error=f"no user {req.query.id}"))
    return res.json(User(id=1, name="Ada"))


async def delete(req: ApiRequest[None, Params], res: ApiResponse[NoContent]) -> Sent:
    return res.status(204).end()
""",
    "pages/api/users/index.py": """
from datetime import datetime
from typing import Literal

from pages.api._models import User
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, Created, Ok, Sent


class Search(BaseModel):
    tag: list[str]
    active: bool
    since: datetime
    limit: int | None = None


class Tracing(BaseModel):
    x_trace: str | None = None
    authorization: str | None = None


class Seen(BaseModel):
    tags: list[str]
    active: bool
    since: datetime
    limit: int | None
    trace: str | None
    authorization: str | None


class NewUser(BaseModel):
    name: str
    role: Literal["admin", "guest"] = "guest"


async def get(req: ApiRequest[None, Search, Tracing], res: ApiResponse[Ok[Seen]]) -> Sent:
    query, headers = req.query, req.headers
    return res.json(
        Seen(
            tags=query.tag,
            active=query.active,
            since=query.since,
            limit=query.limit,
            trace=headers.x_trace,
            authorization=headers.authorization,
        )
    )


async def post(req: ApiRequest[NewUser], res: ApiResponse[Created[User]]) -> Sent:
    return res.status(201).json(User(id=2, name=req.body.name, role=req.body.role))
""",
    "pages/api/login.py": """
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, Form, Ok, Sent


class Login(BaseModel):
    name: str
    again: list[int] = []


async def post(req: ApiRequest[Form[Login]], res: ApiResponse[Ok[Login]]) -> Sent:
    return res.json(req.body)
""",
    "pages/api/photo.py": """
from datetime import datetime

from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, Created, Form, Sent, UploadFile


class Upload(BaseModel):
    title: str
    photo: UploadFile
    more: list[UploadFile] = []
    taken: datetime | None = None


async def post(req: ApiRequest[Form[Upload]], res: ApiResponse[Created[str]]) -> Sent:
    body = req.body
    files = [(file.filename, (await file.read()).hex()) for file in (body.photo, *body.more)]
    return res.status(201).send(f"{body.title} {files} {body.taken}")
""",
    "pages/api/files/_path__.py": """
from typed_api import ApiRequest, ApiResponse, Ok, Sent


async def get(req: ApiRequest, res: ApiResponse[Ok[list[str]]]) -> Sent:
    return res.json(list(req.query["path"]))
""",
    "pages/api/names/_name_.py": """
from typed_api import ApiRequest, ApiResponse, Ok, Sent


async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.send(str(req.query["name"]))
""",
    "pages/api/events.py": """
from collections.abc import AsyncIterator

from pages.api._models import Tick
from typed_api import ApiRequest, ApiResponse, EventStream, Ok, Sent, ServerEvent


async def ticks() -> AsyncIterator[Tick | ServerEvent[Tick]]:
    yield Tick(n=1)
    yield ServerEvent(Tick(n=2), event="tick", id="b", retry_ms=100)


async def get(req: ApiRequest, res: ApiResponse[Ok[EventStream[Tick]]]) -> Sent:
    return res.send(EventStream(ticks()))
""",
    "pages/api/lines.py": """
from pages.api._models import Tick
from typed_api import ApiRequest, ApiResponse, JsonLines, Ok, Sent


async def get(req: ApiRequest, res: ApiResponse[Ok[JsonLines[Tick]]]) -> Sent:
    return res.send(JsonLines(Tick(n=n) for n in range(3)))
""",
    "pages/api/old.py": """
from typing import Never

from typed_api import ApiRequest, ApiResponse, Sent


async def get(req: ApiRequest, res: ApiResponse[Never]) -> Sent:
    return res.redirect("/api/users/1")
""",
    "pages/api/bytes.py": """
from typed_api import ApiRequest, ApiResponse, Ok, Sent


async def get(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
    return res.send(bytes([0, 127, 255]))


async def post(req: ApiRequest[bytes], res: ApiResponse[Ok[str]]) -> Sent:
    return res.send(f"{req.headers['content-type']} {req.body.hex()}")
""",
    "pages/api/refused.py": """
from typed_api import ApiError, ApiRequest, ApiResponse, Ok, Sent


async def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    raise ApiError(418, "No coffee.")
""",
    "pages/api/broken.py": """
from typed_api import ApiRequest, ApiResponse, Ok, Sent


async def get(req: ApiRequest, res: ApiResponse[Ok[bytes]]) -> Sent:
    res.set_header("Content-Type", "application/json")
    return res.send(b"{oops")
""",
    "pages/api/both.py": """
from pages.api._models import Tick
from typed_api import ApiRequest, ApiResponse, Ok, Sent


async def get(req: ApiRequest, res: ApiResponse[Ok[str | Tick]]) -> Sent:
    if req.query["as"] == "json":
        return res.json(Tick(n=1))
    return res.send("plain ü")


async def head(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
    return res.send("plain")
""",
}
