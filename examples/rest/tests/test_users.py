"""The routes, called in this process: no server, and a store in a folder of its own."""

from pathlib import Path

import pytest
from typed_api.testing import TestClient

from main import app
from store import UserStore

ADA = {"name": "Ada", "email": "ada@example.com"}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    store = UserStore(tmp_path / "users.sqlite3")
    store.create_schema()
    # In place of the store that the lifespan would yield.
    return TestClient(app, state=[store])


def test_created_user_can_be_read(client: TestClient) -> None:
    created = client.post("/api/users", json=ADA)
    assert created.status_code == 201
    assert created.headers["location"] == "/api/users/1"
    assert created.json() == {"id": 1, "name": "Ada", "email": "ada@example.com", "nickname": None}
    assert client.get(created.headers["location"]).json() == created.json()


def test_patch_leaves_what_it_does_not_name(client: TestClient) -> None:
    client.post("/api/users", json=ADA | {"nickname": "Countess"})
    changed = client.patch("/api/users/1", json={"name": "Augusta Ada"})
    assert changed.status_code == 200
    assert changed.json() == {"id": 1, "name": "Augusta Ada", "email": "ada@example.com", "nickname": "Countess"}


def test_email_belongs_to_one_user(client: TestClient) -> None:
    client.post("/api/users", json=ADA)
    refused = client.post("/api/users", json={"name": "Another Ada", "email": "ADA@example.com"})
    assert refused.status_code == 409
    assert refused.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "Another user has the email 'ADA@example.com'.",
    }


def test_deleted_user_is_gone(client: TestClient) -> None:
    client.post("/api/users", json=ADA)
    assert client.delete("/api/users/1").status_code == 204
    assert client.get("/api/users/1").status_code == 404
