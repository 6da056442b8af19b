"""The types that several floors share: what a body may be, ASGI's own types, and the proof of an answer.

Owns no behaviour. `Json` bounds every response type, so that a checker refuses one that cannot be serialised.
"""

import dataclasses
import datetime
import decimal
import enum
import ipaddress
import pathlib
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar, Final, NamedTuple, Protocol, TypeAlias, Union, final

from pydantic import AnyUrl, BaseModel

__all__ = [
    "SENT",
    "ASGIApp",
    "Address",
    "App",
    "FormMarker",
    "Json",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "Sendable",
    "Sent",
    "StreamedBody",
]

# Any: the values of an ASGI scope or message differ by key, and no checker follows ASGI's unions.
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class _Dataclass(Protocol):
    # Any: `dataclasses.Field` is generic over a type that differs by field.
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


class _PydanticType(Protocol):
    # Any: pydantic's own signature.
    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any, /) -> Any: ...


class FormMarker:
    """What tells `Form[Model]` from `Model` at run time."""

    __slots__ = ()


class StreamedBody:
    """The base of bodies that are not one JSON document: event streams, JSON lines, files."""

    __slots__ = ()


# Union[...], not |: the alias is recursive by name.
Json: TypeAlias = Union[
    bool,
    int,
    float,
    str,
    BaseModel,
    _Dataclass,
    enum.Enum,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    uuid.UUID,
    decimal.Decimal,
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    pathlib.PurePath,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
    AnyUrl,
    _PydanticType,
    Mapping[Any, object],  # Any: the key of a Mapping is invariant, and pydantic writes ints and UUIDs as keys too.
    Sequence["Json"],
    AbstractSet["Json"],
    None,
]
"""What a checker accepts as a JSON body."""

Sendable: TypeAlias = Union[Json, bytes, StreamedBody]
"""What a response type may name: JSON, bytes, or a streamed body."""


class Address(NamedTuple):
    """The peer of a connection."""

    host: str
    port: int


class App(Protocol):
    """What a handler may know of its app, as `req.app`."""

    title: str
    version: str
    debug: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""


@final
class Sent:
    """The proof that a handler answered: what `res.json(...)` and the other ending methods return.

    A handler annotated `-> Sent` is shown by any type checker to answer on every path.
    """

    __slots__ = ()

    def __init__(self) -> None:
        """Refuse to be made.

        Raises:
            TypeError: Always; only an answer is a proof of one.
        """
        raise TypeError(
            "Sent comes from answering: return res.json(...), res.send(...), res.redirect(...) or res.end()."
        )

    def __repr__(self) -> str:
        return "Sent"


SENT: Final[Sent] = object.__new__(Sent)
"""The one instance."""
