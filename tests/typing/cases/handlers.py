"""Handlers and their helpers: `-> Sent` and `-> None`, contravariance, aliases, decorators, final classes."""

import functools
from collections.abc import Awaitable, Callable
from typing import Concatenate, Generic, Literal, Never, NoReturn, ParamSpec, TypeAlias, TypeVar

from pydantic import BaseModel
from service import OutOfStock, Page, Row, User, find_user, load_user
from typing_extensions import TypeAliasType

from typed_api import (
    ApiError,
    ApiRequest,
    ApiResponse,
    ClientError,
    Code,
    Created,
    EventStream,
    File,
    Forbidden,
    JsonLines,
    NotFound,
    Ok,
    Problem,
    Query,
    Sent,
    ServerEvent,
)

P = ParamSpec("P")
ModelT = TypeVar("ModelT", bound=BaseModel)
ReqT = TypeVar("ReqT", bound=ApiRequest[object, object, object])
ResT = TypeVar("ResT", bound=ApiResponse[Never])

Answer = ApiResponse[Ok[User] | NotFound[Problem]]
TypedAnswer: TypeAlias = ApiResponse[Ok[User] | NotFound[Problem]]
LazyAnswer = TypeAliasType("LazyAnswer", ApiResponse[Ok[User] | NotFound[Problem]])
Refusals: TypeAlias = NotFound[Problem] | Forbidden[Problem]
Found: TypeAlias = ApiResponse[Ok[ModelT] | NotFound[Problem]]


def stop() -> NoReturn:
    raise ApiError(400, "Stop.")


# A handler annotated `-> Sent` answers on every path, or raises.
def get_user(req: ApiRequest, res: Answer) -> Sent:
    user = find_user(req.query["id"])
    if user is None:
        return res.status(404).json(Problem())
    if user.nick == "stop":
        stop()
    if user.nick == "wait":
        raise ApiError(503, "Wait.")
    return res.json(user)


# A path without an answer is refused.
def forget_one_path(req: ApiRequest, res: Answer) -> Sent:  # E[return]
    if "id" in req.query:
        return res.json(User(id=1, name="Ann"))


# So is a loop that may not be entered.
def forget_in_loop(users: list[User], res: Answer) -> Sent:  # E[return]
    for user in users:
        return res.json(user)


# An exception that is swallowed leaves a path without an answer.
def forget_in_except(req: ApiRequest, res: Answer) -> Sent:  # E[return]
    try:
        return res.json(User(id=int(str(req.query["id"])), name="Ann"))
    except ValueError:
        print("no number")


# A bare `return` is no answer.
def return_nothing(req: ApiRequest, res: Answer) -> Sent:
    if "id" not in req.query:
        return  # E[return-value]
    return res.json(User(id=1, name="Ann"))


# The body is sent, not returned.
def return_body(req: ApiRequest, res: Answer) -> Sent:
    return User(id=1, name="Ann")  # E[return-value]


# A reply is no answer yet.
def return_reply(res: Answer) -> Sent:
    return res.status(404)  # E[return-value]


# Async handlers are held to the same.
async def get_user_async(req: ApiRequest, res: Answer) -> Sent:
    user = await load_user(req.query["id"])
    return res.status(404).json(Problem()) if user is None else res.json(user)


# An async handler that forgets a path is refused too.
async def forget_async(req: ApiRequest, res: Answer) -> Sent:  # E[return]
    user = await load_user(req.query["id"])
    if user is not None:
        return res.json(user)


# A handler annotated `-> None` answers and returns nothing.
def get_user_plainly(req: ApiRequest, res: Answer) -> None:
    user = find_user(req.query["id"])
    if user is None:
        res.status(404).json(Problem())
        return
    res.json(user)


# It cannot return the answer.
def return_answer(res: Answer) -> None:
    return res.json(User(id=1, name="Ann"))  # E[return-value]


# A helper takes a response that may be answered with what it sends.
def not_found(res: ApiResponse[NotFound[Problem]]) -> Sent:
    return res.status(404).json(Problem(title="Not here"))


# A helper can send no more than it declares itself.
def overstep(res: ApiResponse[NotFound[Problem]]) -> Sent:
    return res.status(403).json(Problem())  # E[arg-type]


# A helper of two statuses needs both.
def refuse(res: ApiResponse[Refusals], hidden: bool) -> Sent:
    return res.status(404 if hidden else 403).json(Problem())


# Whoever declares what a helper sends, or more, may call it.
def call_helpers(
    exact: Answer,
    more: ApiResponse[Ok[User] | NotFound[Problem] | Forbidden[Problem]],
    group: ApiResponse[Ok[User] | ClientError[Problem]],
    wider: ApiResponse[Ok[User] | NotFound[Problem | Row]],
) -> None:
    not_found(exact)
    not_found(more)
    not_found(group)
    not_found(wider)
    refuse(more, True)
    refuse(group, False)


# Whoever declares less may not.
def call_helpers_wrongly(
    none: ApiResponse[Ok[User]],
    other: ApiResponse[Ok[User] | NotFound[Row]],
    narrower: ApiResponse[Ok[User] | NotFound[OutOfStock]],
    half: Answer,
) -> None:
    not_found(none)  # E[arg-type]
    not_found(other)  # E[arg-type]
    not_found(narrower)  # E[arg-type]
    refuse(half, True)  # E[arg-type]


# A helper that only redirects takes any response.
def log_in(res: ApiResponse[Never]) -> Sent:
    return res.set_cookie("next", "1").redirect(303, "/login")


# Any response may be handed to a helper for any route.
def call_log_in(one: Answer, bare: ApiResponse[User], group: ApiResponse[ClientError[Problem]]) -> None:
    log_in(one)
    log_in(bare)
    log_in(group)
    log_in(one.status(404))  # E[arg-type]


# A response is not widened to more statuses or to another body.
def widen(res: ApiResponse[Ok[User]]) -> None:
    wider: Answer = res  # E[assignment]
    other: ApiResponse[Ok[Row]] = res  # E[assignment]
    bare: ApiResponse[User] = res  # E[assignment]
    print(wider, other, bare)


# An alias means what it stands for, however it is made.
def use_aliases(plain: Answer, typed: TypedAnswer, lazy: LazyAnswer, joined: ApiResponse[Ok[User] | Refusals]) -> None:
    plain.status(404).json(Problem())
    typed.status(404).json(Problem())
    lazy.status(404).json(Problem())
    joined.status(403).json(Problem())
    plain.status(403)  # E[call-overload]
    typed.status(403)  # E[call-overload]
    lazy.status(403)  # E[call-overload]
    joined.status(401)  # E[call-overload]


# A generic alias is filled in.
def use_generic_alias(res: Found[User]) -> Sent:
    res.json(Problem())  # E[arg-type]
    res.status(401)  # E[call-overload]
    return res.status(200).json(User(id=1, name="Ann"))


# A generic helper sends what it is given.
def answer_found(res: Found[ModelT], found: ModelT | None) -> Sent:
    if found is None:
        return res.status(404).json(Problem())
    return res.json(found)


# A generic helper can send nothing else.
def answer_something_else(res: ApiResponse[Ok[ModelT]], found: ModelT) -> Sent:
    print(found)
    return res.json(User(id=1, name="Ann"))  # E[arg-type]


# A generic helper is called with a response that fits.
def call_generic_helper(res: Answer, user: User | None) -> Sent:
    answer_found(res, Problem())  # E[misc]
    return answer_found(res, user)


# A generic helper may wrap what it sends.
def answer_page(res: ApiResponse[Ok[Page[ModelT]]], items: list[ModelT]) -> Sent:
    return res.status(200).json(Page(items=items, total=len(items)))


# A generic class answers with what it holds.
class Repository(Generic[ModelT]):
    def __init__(self, items: list[ModelT]) -> None:
        self.items: list[ModelT] = items

    def answer(self, res: ApiResponse[Ok[list[ModelT]] | NotFound[Problem]]) -> Sent:
        if not self.items:
            return res.status(404).json(Problem())
        res.status(200).json([Problem()])  # E[list-item]
        return res.json(self.items)


# A decorator that hands the handler more keeps the types of request and response.
def with_user(fn: Callable[[ReqT, ResT, User], Sent]) -> Callable[[ReqT, ResT], Sent]:
    @functools.wraps(fn)
    def wrapper(req: ReqT, res: ResT) -> Sent:
        return fn(req, res, req.state[User])

    return wrapper


# A decorator that only looks on keeps the whole signature.
def timed(fn: Callable[P, Awaitable[Sent]]) -> Callable[P, Awaitable[Sent]]:
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> Sent:
        return await fn(*args, **kwargs)

    return wrapper


# A decorator may read the request and pass the rest on.
def logged(fn: Callable[Concatenate[ReqT, P], Sent]) -> Callable[Concatenate[ReqT, P], Sent]:
    def wrapper(req: ReqT, /, *args: P.args, **kwargs: P.kwargs) -> Sent:
        print(req.method, req.path)
        return fn(req, *args, **kwargs)

    return wrapper


# A decorated handler is checked inside as any other.
@logged
@with_user
def post_signed_in(req: ApiRequest[Row], res: ApiResponse[Created[User] | Forbidden[Problem]], user: User) -> Sent:
    res.status(403).json(user)  # E[arg-type]
    return res.status(201).json(User(id=req.body["id"], name=user.name))


# A decorator is not put on a function it does not fit.
@timed  # E[arg-type]
def get_untimed(req: ApiRequest, res: Answer) -> Sent:
    return res.json(User(id=1, name="Ann"))


# A factory makes handlers of one type.
def make_handler(name: str) -> Callable[[ApiRequest, ApiResponse[Ok[str]]], Sent]:
    def get(req: ApiRequest, res: ApiResponse[Ok[str]]) -> Sent:
        return res.send(f"{name} {req.path}")

    return get


# A subclass of these classes would escape the checks of a response, so there can be none.
def subclass() -> None:
    class MyRequest(ApiRequest): ...  # E[misc]

    class MyResponse(ApiResponse[Ok[User]]): ...  # E[misc]

    class MyQuery(Query): ...  # E[misc]

    class MySent(Sent): ...  # E[misc]

    class MyCode(Code[Literal[425], User]): ...  # E[misc]

    class MyEvents(EventStream[User]): ...  # E[misc]

    class MyEvent(ServerEvent[User]): ...  # E[misc]

    class MyLines(JsonLines[User]): ...  # E[misc]

    class MyFile(File): ...  # E[misc]
