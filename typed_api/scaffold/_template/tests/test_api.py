"""The routes, called in this process, each test with notes of its own."""

import pytest
from typed_api.testing import TestClient

from main import app
from notes import Notes


@pytest.fixture
def client() -> TestClient:
    # In place of the notes that the lifespan would yield.
    return TestClient(app, state=[Notes()])


def test_hello_answers_the_message(client: TestClient) -> None:
    answer = client.get("/api/hello")
    assert answer.status_code == 200
    assert answer.json() == {"message": "Hello from Typed API!"}


def test_written_note_can_be_read(client: TestClient) -> None:
    written = client.post("/api/notes", json={"text": "Water the plants."})
    assert written.status_code == 201
    assert written.headers["location"] == "/api/notes/1"
    assert written.json() == {"id": 1, "text": "Water the plants."}
    assert client.get("/api/notes/1").json() == written.json()
    assert client.get("/api/notes").json() == [written.json()]


def test_unknown_note_is_not_found(client: TestClient) -> None:
    answer = client.get("/api/notes/7")
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no note 7.",
    }


def test_empty_note_is_refused(client: TestClient) -> None:
    answer = client.post("/api/notes", json={"text": ""})
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [["body", "text"]]
    assert client.get("/api/notes").json() == []
