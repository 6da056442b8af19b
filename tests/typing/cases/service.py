"""What the cases send and read: the models, rows and objects of an ordinary service. It holds no case itself."""

import abc
import dataclasses
import datetime
import decimal
import enum
import uuid
from typing import Any, Generic, Literal, NamedTuple, NotRequired, Protocol, TypedDict

from pydantic import BaseModel, GetCoreSchemaHandler, RootModel
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypeVar

from typed_api import Problem

T = TypeVar("T")


class User(BaseModel):
    id: int
    name: str
    nick: str | None = None


class Admin(User):
    level: int = 0


class NewUser(BaseModel):
    name: str


class Team(BaseModel):
    id: uuid.UUID
    owner: User
    members: list[User]


class Page(BaseModel, Generic[T]):
    items: list[T]
    total: int


class Users(RootModel[list[User]]):
    """A list with a name of its own in the document."""


class OutOfStock(Problem):
    left: int = 0


class Invoice(BaseModel):
    number: str
    total: decimal.Decimal
    due: datetime.date


class Tick(BaseModel):
    price: float


class Row(TypedDict):
    id: int
    name: str


class Order(TypedDict):
    state: Literal["open", "paid"]
    lines: list[Row]
    note: NotRequired[str]


@dataclasses.dataclass
class Point:
    x: int
    y: int


@dataclasses.dataclass(frozen=True, slots=True)
class Box(Generic[T]):
    item: T


class Pair(NamedTuple):
    left: int
    right: str


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Weight(enum.IntEnum):
    LIGHT = 1
    HEAVY = 2


class Plain:
    """A class that nothing can serialise."""

    x: int = 0


class ObjectId:
    """A class that tells pydantic how it is written."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls, serialization=core_schema.to_string_ser_schema())


class Search(BaseModel):
    text: str
    page: int = 1


class ById(TypedDict):
    id: int
    verbose: NotRequired[bool]


class Tracing(BaseModel):
    x_request_id: uuid.UUID


class Mailer(abc.ABC):
    @abc.abstractmethod
    def mail(self, to: str, text: str) -> None:
        """Send a mail."""


class SmtpMailer(Mailer):
    def __init__(self, host: str) -> None:
        self.host: str = host

    def mail(self, to: str, text: str) -> None:
        """Send a mail over SMTP."""


class Clock(Protocol):
    def now(self) -> float:
        """Tell the seconds."""
        ...


class WallClock:
    def now(self) -> float:
        return 0.0


def find_user(key: object) -> User | None:
    return User(id=1, name="Ann") if key else None


async def load_user(key: object) -> User | None:
    return find_user(key)
