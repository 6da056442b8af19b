"""The app. `app = "main:app"` in `pyproject.toml` tells `typed-api` of it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from typed_api import TypedAPI

from notes import Notes


@asynccontextmanager
async def lifespan(app: TypedAPI) -> AsyncGenerator[list[Notes]]:
    # What is yielded lives from start to stop. Handlers find it by its class:
    # req.state[Notes].
    yield [Notes()]


app = TypedAPI("pages", title="my-api", version="0.1.0", lifespan=lifespan)
