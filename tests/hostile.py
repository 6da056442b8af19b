"""A tree of routes to attack over raw sockets, and what must hold after every attack.

Each route repeats what it understood of its request, or does one thing with its answer that a stranger might bend.
"""

import contextlib
import json
import os
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.projects import wait_until
from tests.serving import Answer, Served, exchange, parse, request, serve

SECONDS: Final = 20.0
"""The time budget of a case: a hundred times what a quiet machine takes, and far less than what a hang takes."""
SECRET: Final = "sesame-c0ffee"
"""A value of the server's environment that no answer may hold."""
FORGED: Final = "FORGED: "
"""What a line of the log begins with when a line break of the client's got into it."""

TREE: Final[Mapping[str, str]] = {
    "pages/api/hello.py": """
from typed_api import ApiRequest, ApiResponse

async def get(req: ApiRequest[None], res: ApiResponse[dict[str, str]]) -> None:
    res.json({"hello": "world"})
""",
    "pages/api/users/_id_.py": """
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse

class Params(BaseModel):
    id: int
    page: int = 1
    on: bool | None = None
    sure: bool = False
    tags: list[str] = []

async def get(req: ApiRequest[None, Params], res: ApiResponse[Params]) -> None:
    res.json(req.query)
""",
    "pages/api/numbers/_x_.py": """
from decimal import Decimal
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse

class Params(BaseModel):
    x: float
    price: Decimal = Decimal(0)

async def get(req: ApiRequest[None, Params], res: ApiResponse[Params]) -> None:
    res.json(req.query)
""",
    "pages/api/names/_name_.py": """
from typed_api import ApiRequest, ApiResponse

async def get(req: ApiRequest[None], res: ApiResponse[dict[str, object]]) -> None:
    res.json(dict(req.query))
""",
    "pages/api/files/_path__.py": """
from typed_api import ApiRequest, ApiResponse

async def get(req: ApiRequest[None], res: ApiResponse[dict[str, object]]) -> None:
    res.json(dict(req.query))
""",
    "pages/api/seen.py": """
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse

class Seen(BaseModel):
    client: str
    scheme: str
    cookies: dict[str, str]
    query: dict[str, str | list[str]]

async def get(req: ApiRequest[None], res: ApiResponse[Seen]) -> None:
    client = "" if req.client is None else req.client.host
    res.json(Seen(client=client, scheme=req.scope["scheme"], cookies=dict(req.cookies), query=dict(req.query)))
""",
    "pages/api/traced.py": """
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, Query

class Trace(BaseModel):
    x_tag: list[str] = []
    x_note: str = ""

async def get(req: ApiRequest[None, Query, Trace], res: ApiResponse[list[int]]) -> None:
    res.json([len(req.headers.x_tag), len(req.headers.x_note)])
""",
    "pages/api/items.py": """
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, Created

class Item(BaseModel):
    name: str
    price: float = 0
    count: int = 0

async def post(req: ApiRequest[Item], res: ApiResponse[Created[Item]]) -> None:
    res.status(201).json(req.body)
""",
    "pages/api/coerced.py": """
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, RouteConfig

config = RouteConfig(coerce=True)

class Item(BaseModel):
    count: int

async def post(req: ApiRequest[Item], res: ApiResponse[Item]) -> None:
    res.json(req.body)
""",
    "pages/api/lists.py": """
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse

class Item(BaseModel):
    name: str
    price: float

async def post(req: ApiRequest[list[Item]], res: ApiResponse[int]) -> None:
    res.json(len(req.body))
""",
    "pages/api/wide.py": """
from pydantic import create_model
from typed_api import ApiRequest, ApiResponse

Wide = create_model("Wide", **{f"field_{number}": (int, ...) for number in range(50)})

async def post(req: ApiRequest[Wide], res: ApiResponse[None]) -> None:
    res.end()
""",
    "pages/api/echo.py": """
from typing import Any
from typed_api import ApiRequest, ApiResponse

async def post(req: ApiRequest, res: ApiResponse[Any]) -> None:
    body = req.body
    res.json({"type": type(body).__name__, "body": len(body) if isinstance(body, bytes) else body})
""",
    "pages/api/form.py": """
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse, Form, RouteConfig, UploadFile

config = RouteConfig(body_limit="8mb")

class Upload(BaseModel):
    title: str
    note: str | None = None
    file: UploadFile | None = None

async def post(req: ApiRequest[Form[Upload]], res: ApiResponse[dict[str, object]]) -> None:
    if req.body.title == "fail":
        raise ValueError("The handler fails.")
    file = req.body.file
    res.json({"title": req.body.title, "size": file and file.size, "filename": file and file.filename})
""",
    "pages/api/stream.py": """
from typed_api import ApiRequest, ApiResponse, RouteConfig

config = RouteConfig(parse_body=False)
ended: list[str] = []

async def post(req: ApiRequest, res: ApiResponse[str]) -> None:
    try:
        async for piece in req.stream():
            ended.append("began")
    except BaseException as error:
        ended.append(type(error).__name__)
        raise
    res.json("all")

async def get(req: ApiRequest[None], res: ApiResponse[list[str]]) -> None:
    res.json(ended)
""",
    "pages/api/set_header.py": """
from typed_api import ApiError, ApiRequest, ApiResponse
from starlette.exceptions import HTTPException

async def get(req: ApiRequest[None], res: ApiResponse[str]) -> None:
    value = str(req.query["value"])
    if req.query.get("by") == "ApiError":
        raise ApiError(403, "no", headers={"X-Bent": value})
    if req.query.get("by") == "HTTPException":
        raise HTTPException(302, headers={"X-Bent": value})
    if req.query.get("by") == "cookie":
        res.set_cookie("bent", value)
    else:
        res.set_header("X-Bent", value)
    res.json("set")
""",
    "pages/api/go.py": """
from typing import Never
from typed_api import ApiRequest, ApiResponse

async def get(req: ApiRequest[None], res: ApiResponse[Never]) -> None:
    res.redirect(str(req.query["to"]))
""",
    "pages/api/cookie.py": """
from typed_api import ApiRequest, ApiResponse, NoContent

async def get(req: ApiRequest[None], res: ApiResponse[NoContent]) -> None:
    res.set_cookie("session", "1").status(204).end()
""",
    "pages/api/empty/_status_.py": """
from pydantic import BaseModel
from typed_api import ApiRequest, ApiResponse

class Params(BaseModel):
    status: int

async def get(req: ApiRequest[None, Params], res: ApiResponse[str]) -> None:
    res.status(req.query.status).json("a body that must not be sent")
""",
    "pages/api/streamed.py": """
from typed_api import ApiRequest, ApiResponse

async def get(req: ApiRequest[None], res: ApiResponse[bytes]) -> None:
    res.send(iter([b"piece", b"piece"]))
""",
    "pages/api/dated.py": """
from typed_api import ApiRequest, ApiResponse

async def get(req: ApiRequest[None], res: ApiResponse[str]) -> None:
    res.set_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT").json("dated")
""",
    "pages/api/fail.py": """
from typed_api import ApiRequest, ApiResponse

async def get(req: ApiRequest[None], res: ApiResponse[str]) -> None:
    raise ValueError(f"No {req.query.get('what')} and no {req.headers.get('x-what')}.")
""",
}


@dataclass
class Target:
    """A server under attack."""

    served: Served
    parser: str
    """The HTTP parser of uvicorn's that it runs on."""
    temporary: Path
    """Its temporary folder."""
    fails: bool = False
    """Whether a handler is meant to fail in this case, which is what errors in the log and a 500 are for."""
    _log_at: int = field(default=0, repr=False)

    def send(self, data: bytes) -> bytes:
        """Send bytes on a connection of their own and read all that comes back, within the time budget."""
        raw = exchange(self.served.port, data, seconds=SECONDS)
        for answer in answers(raw):
            if answer.status >= 500 and not self.fails:
                raise AssertionError(f"A client caused a {answer.status}: {raw!r}")
        return raw

    def ask(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send one request and take its answer apart."""
        return parse(self.send(request(method, target, headers=headers, body=body)))

    def post(self, target: str, body: bytes, content_type: str | None = "application/json") -> Answer:
        """Send a body of a stated length."""
        return self.ask("POST", target, headers={"Content-Type": content_type} if content_type else None, body=body)

    def log(self) -> str:
        """Give what was logged since the case began."""
        return self.served.log_text()[self._log_at :]

    def start(self) -> None:
        """Begin a case."""
        self.fails = False
        self._log_at = len(self.served.log_text())

    def check(self) -> None:
        """Make sure that the case left no trace."""
        answer = parse(exchange(self.served.port, request("GET", "/api/hello"), seconds=SECONDS))
        if (answer.status, answer.body) != (200, b'{"hello":"world"}'):
            raise AssertionError(f"The server answers no more: {answer}")
        wait_until(lambda: not self.temporary_files(), f"Temporary files are left in {self.temporary}.")
        log = self.log()
        if found := re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]", log):
            raise AssertionError(f"The log has a raw {found[0]!r}: {log}")
        if re.search(f"^{FORGED}", log, re.MULTILINE):
            raise AssertionError(f"A client has written a line of the log: {log}")
        if not self.fails and ("ERROR" in log or "Traceback" in log):
            raise AssertionError(f"A client's mistake was logged as one of the server's: {log}")

    def temporary_files(self) -> list[str]:
        """List what is in the temporary folder, and what of it is open: a file on disk has no name there on Linux."""
        found = [path.name for path in self.temporary.iterdir()]
        descriptors = Path(f"/proc/{self.served.process.pid}/fd")
        if descriptors.is_dir():
            for link in descriptors.iterdir():
                with contextlib.suppress(FileNotFoundError):  # Closed since it was listed.
                    name = os.readlink(link)
                    if name.startswith(str(self.temporary)):
                        found.append(name)
        return found

    def start_peak_memory_mb(self) -> int:
        """Forget what the server has needed so far, and give what it uses now."""
        Path(f"/proc/{self.served.process.pid}/clear_refs").write_text("5", encoding="ascii")
        return self.peak_memory_mb()

    def peak_memory_mb(self) -> int:
        """Give the most memory that the server has used at once."""
        status = Path(f"/proc/{self.served.process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        return 0 if found is None else int(found[1]) // 1024


@contextlib.contextmanager
def attacked(folder: Path, parser: str) -> Generator[Target]:
    """Serve the tree in production, as a stranger finds it."""
    temporary = folder / "temporary"
    temporary.mkdir()
    for name, source in TREE.items():
        file = folder / "project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
        for package in file.relative_to(folder / "project").parents:
            if package != Path():
                (folder / "project" / package / "__init__.py").touch()
    environ = {"TMPDIR": str(temporary), "HOSTILE_SECRET": SECRET}
    # Nobody is trusted to speak for another: by default uvicorn believes the proxy headers of this machine.
    options = ("--http", parser, "--forwarded-allow-ips", "192.0.2.1")
    with serve(folder / "project", folder / "log", *options, environ=environ) as served:
        yield Target(served, parser, temporary)


def answers(raw: bytes, *, bodiless: Sequence[int] = (204, 304)) -> list[Answer]:
    """Take several answers on one connection apart."""
    found: list[Answer] = []
    while raw.startswith(b"HTTP/1.1 "):
        head, blank, rest = raw.partition(b"\r\n\r\n")
        first = parse(head + blank)
        if first.header("transfer-encoding") == "chunked":
            end = rest.find(b"0\r\n\r\n")
            size = end + 5 if end >= 0 else 0
        else:
            size = 0 if first.status in bodiless else int(first.header("content-length") or "0")
        found.append(parse(head + blank + rest[:size]))
        raw = rest[size:]
    return found


def document(answer: Answer) -> Any:
    """Read the JSON of an answer."""
    return json.loads(answer.body)


def part(name: str, value: bytes, *, filename: str | None = None, headers: bytes = b"") -> bytes:
    """Write one part of a multipart form with the boundary `B`."""
    file = "" if filename is None else f'; filename="{filename}"'
    head = f'--B\r\nContent-Disposition: form-data; name="{name}"{file}\r\n'.encode()
    return head + headers + b"\r\n" + value + b"\r\n"


def multipart(*parts: bytes, end: bytes = b"--B--\r\n") -> bytes:
    """Put the parts of a form together."""
    return b"".join(parts) + end


def keeping_alive(data: bytes) -> bytes:
    """Let a request keep its connection open for the next one."""
    return data.replace(b"Connection: close\r\n", b"", 1)
