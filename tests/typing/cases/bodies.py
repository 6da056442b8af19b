"""Bodies: what `json()` and `send()` take for a declared type, and which types can be declared at all."""

import asyncio
import collections
import datetime
import decimal
import ipaddress
import pathlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NewType, assert_type

from pydantic import AnyUrl, EmailStr, HttpUrl, PositiveInt
from service import (
    Admin,
    Box,
    Color,
    Invoice,
    NewUser,
    ObjectId,
    Order,
    Page,
    Pair,
    Plain,
    Point,
    Row,
    Team,
    User,
    Users,
    Weight,
    find_user,
    load_user,
)

from typed_api import Accepted, ApiRequest, ApiResponse, Created, NotFound, Ok, Problem, Query, Reply, Sent

UserId = NewType("UserId", int)


# A model goes out, and so does a subclass of it.
def get_user(res: ApiResponse[Ok[User]], admin: Admin) -> None:
    res.json(User(id=1, name="Ann"))
    res.json(admin)
    res.status(200).send(admin)
    res.json(NewUser(name="Ann"))  # E[arg-type]
    res.json("Ann")  # E[arg-type]
    res.json(None)  # E[arg-type]


# The class is no instance.
def get_class(res: ApiResponse[Ok[User]]) -> None:
    res.json(User)  # E[arg-type]


# What may be missing has to be looked at first.
async def find(req: ApiRequest, res: ApiResponse[Ok[User] | NotFound[Problem]]) -> Sent:
    user = await load_user(req.query["id"])
    res.status(200).json(user)  # E[arg-type]
    if user is None:
        return res.status(404).json(Problem(title="No such user"))
    return res.status(200).json(user)


# A coroutine is not what it will give.
async def forget_to_await(req: ApiRequest, res: ApiResponse[Ok[User | None]]) -> None:
    res.json(load_user(req.query["id"]))  # E[arg-type]
    res.json(await load_user(req.query["id"]))


# What is gathered goes out as a list, or as a tuple of its types.
async def gather(res: ApiResponse[Ok[list[User | None]] | Created[tuple[User | None, Row]]]) -> Sent:
    async def load_row() -> Row:
        return {"id": 1, "name": "Ann"}

    if res.sent:
        return res.status(201).json(await asyncio.gather(load_user(1), load_row()))
    return res.json(await asyncio.gather(*(load_user(key) for key in range(3))))


# Either branch of a choice has to fit.
def choose(res: ApiResponse[Ok[list[User] | None] | NotFound[Problem]], users: list[User], empty: bool) -> None:
    res.json(None if empty else users)
    res.status(200).json(users or None)
    res.status(404).json(Problem() if empty else users)  # E[arg-type]


# A nullable body may be None, and then `send()` needs no argument.
def get_nullable(res: ApiResponse[Ok[User | None]]) -> None:
    res.json(find_user(1))
    res.json(None)
    res.send(find_user(1))
    res.send()
    res.status(200).send()
    res.status(200).json(find_user(1))


# A null body is None and nothing else.
def get_null(res: ApiResponse[Ok[None]]) -> None:
    res.json(None)
    res.send()
    res.status(200).json(None)
    res.status(200).send()
    res.end()
    res.json(0)  # E[arg-type]
    res.send("")  # E[call-overload]


# Where a body is declared, `send()` wants one.
def send_nothing(res: ApiResponse[Ok[User]]) -> None:
    res.send()  # E[call-arg]
    res.status(200).send()  # E[call-arg]
    res.status(200).json()  # E[call-arg]


# Text goes out as text and as JSON.
def get_text(res: ApiResponse[Ok[str]], name: str) -> None:
    res.send(f"Hello {name}")
    res.json(name)
    res.status(200).send(name)
    res.send(1)  # E[arg-type]
    res.send(b"Hello")  # E[arg-type]
    res.json(None)  # E[arg-type]


# Numbers widen from int to float, and never the other way.
def get_numbers(res: ApiResponse[Ok[int] | Created[float] | Accepted[bool]]) -> None:
    res.json(3)
    res.json(True)
    res.status(201).json(3)
    res.status(202).json(True)
    res.json(3.5)  # E[arg-type]
    res.status(202).json(1)  # E[arg-type]
    res.status(201).json("3.5")  # E[arg-type]


# A literal type takes its own values alone.
def get_state(res: ApiResponse[Ok[Literal["open", "paid"]]], state: str) -> None:
    res.json("open")
    res.status(200).json("paid")
    res.json("lost")  # E[arg-type]
    res.json(state)  # E[arg-type]


# A list display of models fits a list of models, subclasses within.
def get_users(res: ApiResponse[Ok[list[User]]], users: list[User], admins: list[Admin]) -> None:
    res.json(users)
    res.json([])
    res.json([User(id=1, name="Ann"), Admin(id=2, name="Bob")])
    res.json([user for user in users if user.nick])
    res.status(200).json([*users, *admins])
    res.status(200).json([admin for admin in admins if admin.level])


# A wrong item of a list is refused, and so is what is no list.
def get_wrong_users(res: ApiResponse[Ok[list[User]]], users: tuple[User, ...]) -> None:
    res.json([Problem()])  # E[list-item]
    res.status(200).json([User(id=1, name="Ann"), None])  # E[list-item]
    res.json(users)  # E[arg-type]
    res.json({"users": users})  # E[arg-type]


# A list is not a list of another class: declare `Sequence` to answer with one of subclasses.
def get_admins(res: ApiResponse[Ok[list[User]] | Created[Sequence[User]]], admins: list[Admin]) -> None:
    res.json(admins)  # E[arg-type]
    res.status(201).json(admins)
    res.status(201).json(tuple(admins))
    res.status(201).json([Problem()])  # E[list-item]


# A mapping by name fits `dict[str, User]`.
def get_users_by_name(res: ApiResponse[Ok[dict[str, User]]], users: list[User]) -> None:
    res.json({user.name: user for user in users})
    res.status(200).json({"ann": User(id=1, name="Ann"), "root": Admin(id=0, name="root")})
    res.json({"ann": Problem()})  # E[dict-item]
    res.json({1: User(id=1, name="Ann")})  # E[dict-item]


# A free-form object takes values of every type.
def get_anything(res: ApiResponse[Ok[dict[str, object]] | Created[dict[str, Any]]], row: dict[str, int | str]) -> None:
    res.json({"id": 1, "tags": ["new"], "owner": None})
    res.status(201).json({"id": 1, "tags": ["new"]})
    res.status(201).json(row)
    res.json(row)  # E[arg-type]


# A mapping takes rows as they are.
def get_mapping(res: ApiResponse[Ok[Mapping[str, object]]], row: Row) -> None:
    res.json(row)
    res.json({})
    res.status(200).json({"id": 1, "owner": row})


# The query can be echoed.
def echo_query(
    req: ApiRequest, res: ApiResponse[Ok[Mapping[str, str | list[str]]] | Created[Query] | Accepted[dict[str, str]]]
) -> None:
    res.json(req.query)
    res.status(200).json({"q": "ann", "tag": ["a", "b"]})
    res.status(201).json(req.query)
    res.status(202).json(req.query)  # E[arg-type]


# A dict display fits a TypedDict when every required key is there, with a value that fits, and no other.
def get_row(res: ApiResponse[Ok[Row]]) -> None:
    res.json({"id": 1, "name": "Ann"})
    res.json(Row(id=1, name="Ann"))
    res.status(200).json({"id": 1, "name": "Ann"})
    res.json({"id": 1})  # E[typeddict-item]
    res.json({"id": "1", "name": "Ann"})  # E[typeddict-item]
    res.status(200).json({"id": 1, "name": "Ann", "nick": "A"})  # E[typeddict-unknown-key]


# Rows nest, and keys that may be left out may be.
def get_orders(res: ApiResponse[Ok[list[Order]]], rows: list[Row]) -> None:
    res.json([{"state": "open", "lines": rows}])
    res.status(200).json([{"state": "paid", "lines": [{"id": row["id"], "name": "x"} for row in rows], "note": "ok"}])
    res.json([{"state": "lost", "lines": []}])  # E[typeddict-item]
    res.json([{"state": "open", "lines": [{"id": 1}]}])  # E[typeddict-item]


# A dict is no model: say `User(...)`.
def get_dict_as_model(res: ApiResponse[Ok[User]], row: Row) -> None:
    res.json({"id": 1, "name": "Ann"})  # E[arg-type]
    res.json(row)  # E[arg-type]
    res.json(User(**row))


# Dataclasses and named tuples go out as models do.
def get_point(res: ApiResponse[Ok[Point] | Created[Box[User]] | Accepted[Pair]]) -> None:
    res.json(Point(1, 2))
    res.status(201).json(Box(User(id=1, name="Ann")))
    res.status(202).json(Pair(1, "one"))
    res.json(Pair(1, "one"))  # E[arg-type]
    res.status(201).json(Box(Problem()))  # E[arg-type]
    res.status(202).json((1, "one"))  # E[arg-type]


# A tuple has its length and its types by place.
def get_tuple(res: ApiResponse[Ok[tuple[int, str]] | Created[tuple[int, ...]]]) -> None:
    res.json((1, "one"))
    res.status(201).json((1, 2, 3))
    res.status(201).json(())
    res.json((1, 2))  # E[arg-type]
    res.json((1,))  # E[arg-type]
    res.json([1, "one"])  # E[arg-type]


# A generic model keeps its type argument.
def get_page(res: ApiResponse[Ok[Page[User]]], users: list[User]) -> None:
    res.json(Page(items=users, total=len(users)))
    res.json(Page[User](items=[], total=0))
    res.status(200).json(Page(items=[], total=0))
    res.json(Page[Row](items=[], total=0))  # E[arg-type]
    assert_type(res.status(200), Reply[Page[User]])


# A page of something else is refused as a page of wrong items.
def get_wrong_page(res: ApiResponse[Ok[Page[User]]], rows: list[Row]) -> None:
    res.status(200).json(Page(items=rows, total=len(rows)))  # E[arg-type]


# A root model is not what it wraps.
def get_root_model(res: ApiResponse[Ok[Users]], users: list[User]) -> None:
    res.json(Users(users))
    res.json(users)  # E[arg-type]


# Nested models are told by their own constructors.
def get_team(res: ApiResponse[Ok[Team]], owner: User) -> None:
    res.json(Team(id=uuid.uuid4(), owner=owner, members=[owner]))
    res.json(Team(id=uuid.uuid4(), owner=owner))  # E[call-arg]
    res.json(Team(id=uuid.uuid4(), owner=owner, members=[Problem()]))  # E[list-item]


# Enum members go out by value, and a value is no member.
def get_color(res: ApiResponse[Ok[Color] | Created[Weight] | Accepted[dict[Color, int]]]) -> None:
    res.json(Color.RED)
    res.status(201).json(Weight.HEAVY)
    res.status(202).json({Color.BLUE: 1})
    res.json("red")  # E[arg-type]
    res.status(201).json(2)  # E[arg-type]


# Times, dates and durations are bodies.
def get_times(res: ApiResponse[Ok[datetime.datetime] | Created[datetime.date] | Accepted[datetime.timedelta]]) -> None:
    res.json(datetime.datetime.now(datetime.UTC))
    res.status(201).json(datetime.date(2026, 2, 28))
    res.status(202).json(datetime.timedelta(minutes=5))
    res.json("2026-02-28T00:00:00Z")  # E[arg-type]
    res.json(datetime.date(2026, 2, 28))  # E[arg-type]


# So are ids, amounts, addresses, paths and URLs.
def get_values(
    res: ApiResponse[Ok[uuid.UUID] | Created[decimal.Decimal] | Accepted[HttpUrl] | NotFound[ipaddress.IPv4Address]],
    other: ApiResponse[Ok[AnyUrl] | Created[pathlib.Path] | Accepted[ipaddress.IPv6Network] | NotFound[datetime.time]],
) -> None:
    res.json(uuid.uuid4())
    res.status(201).json(decimal.Decimal("9.99"))
    res.status(202).json(HttpUrl("https://example.com/"))
    res.status(404).json(ipaddress.IPv4Address("127.0.0.1"))
    other.json(HttpUrl("https://example.com/"))
    other.status(201).json(pathlib.Path("a.txt"))
    other.status(202).json(ipaddress.IPv6Network("fe80::/10"))
    other.status(404).json(datetime.time(12))
    res.json(str(uuid.uuid4()))  # E[arg-type]
    res.status(201).json(9.99)  # E[arg-type]


# Constrained types are the types they constrain.
def get_constrained(res: ApiResponse[Ok[PositiveInt] | Created[EmailStr] | Accepted[Annotated[str, "a name"]]]) -> None:
    res.json(1)
    res.status(201).json("ann@example.com")
    res.status(202).json("Ann")
    res.status(202).json(1)  # E[arg-type]


# A new type is not the type it is made from.
def get_new_type(res: ApiResponse[Ok[UserId]]) -> None:
    res.json(UserId(1))
    res.json(1)  # E[arg-type]


# Sets, frozen sets and deques are bodies.
def get_collections(
    res: ApiResponse[Ok[set[int]] | Created[frozenset[str]] | Accepted[collections.deque[User]]],
    other: ApiResponse[Ok[collections.defaultdict[str, int]] | Created[collections.Counter[str]]],
) -> None:
    res.json({1, 2})
    res.status(201).json(frozenset({"a"}))
    res.status(202).json(collections.deque([User(id=1, name="Ann")]))
    other.json(collections.defaultdict(int))
    other.status(201).json(collections.Counter("aab"))
    res.json({"a"})  # E[arg-type]


# Keys of a mapping may be what JSON writes as text.
def get_by_id(res: ApiResponse[Ok[dict[uuid.UUID, Invoice]]], invoices: dict[uuid.UUID, Invoice]) -> None:
    res.json(invoices)
    res.json({invoice.number: invoice for invoice in invoices.values()})  # E[misc]


# A class that brings its own pydantic schema is a body.
def get_object_id(res: ApiResponse[Ok[ObjectId] | Created[list[ObjectId]]]) -> None:
    res.json(ObjectId())
    res.status(201).json([ObjectId()])
    res.json("507f1f77")  # E[arg-type]


# A declared `Any` is not checked; its status still is.
def get_any(res: ApiResponse[Ok[Any]]) -> None:
    res.json(object())
    res.status(200).json(1)
    res.status(404)  # E[arg-type]


# A response of `Any` takes everything, unchecked.
def get_whatever(res: ApiResponse[Any]) -> None:
    res.json(object())
    res.status(404).json(1)


# A plain class cannot be declared, nor a list or set of it.
def get_plain(
    one: ApiResponse[Ok[Plain]],  # E[type-var]
    many: ApiResponse[Ok[list[Plain]]],  # E[type-var]
    some: ApiResponse[Ok[set[Plain]]],  # E[type-var]
    bare: ApiResponse[Plain],  # E[type-var]
) -> None:
    print(one, many, some, bare)


# Neither can what is no data at all.
def get_no_data(
    anything: ApiResponse[object],  # E[type-var]
    function: ApiResponse[Ok[Callable[[], int]]],  # E[type-var]
    number: ApiResponse[Ok[complex]],  # E[type-var]
    marker: ApiResponse[Ok[NotFound[User]]],  # E[type-var]
) -> None:
    print(anything, function, number, marker)
