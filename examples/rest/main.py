"""The app. `app = "main:app"` in `pyproject.toml` tells `typed-api` of it."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from typed_api import TypedAPI

from store import UserStore


@asynccontextmanager
async def lifespan(app: TypedAPI) -> AsyncGenerator[list[UserStore]]:
    store = UserStore(Path(os.environ.get("USERS_FILE", "users.sqlite3")))
    store.create_schema()
    # Handlers find it by its class: req.state[UserStore].
    yield [store]


app = TypedAPI("pages", title="Users", version="1.0.0", lifespan=lifespan)
