"""The docs page in a real browser: what it shows, what it sends, and that it talks to its own server alone."""

import contextlib
import json
import threading
from collections.abc import Generator
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.browser import Browser, Page, PageRequest, launch
from tests.projects import wait_until
from typed_api._types import ASGIApp, Receive, Scope, Send
from typed_api.testing import create_app

pytestmark = pytest.mark.needs("chromium", "chromium")

USER = """
    from pydantic import BaseModel
    from typed_api import ApiRequest, ApiResponse, NotFound, Ok, Problem, Sent

    class Params(BaseModel):
        id: int

    class User(BaseModel):
        \"\"\"Somebody, *known*.\"\"\"
        id: int
        name: str
        friend: "User | None" = None

    class NewUser(BaseModel):
        name: str

    def get(req: ApiRequest[None, Params], res: ApiResponse[Ok[User] | NotFound[Problem]]) -> Sent:
        \"\"\"Find a user.

        By **number**: `7` is there.
        \"\"\"
        if req.query.id != 7:
            return res.status(404).json(Problem(detail=f"There is no user {req.query.id}."))
        return res.json(User(id=7, name="Ada"))

    def put(req: ApiRequest[NewUser, Params], res: ApiResponse[Ok[User]]) -> Sent:
        return res.json(User(id=req.query.id, name=req.body.name))
"""
# One pixel.
PICTURE = """
    import base64
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    PIXEL = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )

    def get(req: ApiRequest[None], res: ApiResponse[Ok[bytes]]) -> Sent:
        res.set_header("Content-Type", "image/png")
        return res.send(PIXEL)
"""
FILES = {"api/users/_id_.py": USER, "api/picture.py": PICTURE}
OPERATIONS = ["GET /api/picture", "GET /api/users/{id}", "PUT /api/users/{id}"]

GET_USER = "#operations-users-get_api_users_by_id"
PUT_USER = "#operations-users-put_api_users_by_id"
GET_PICTURE = "#operations-default-get_api_picture"

HOSTILE_TITLE = "</title></script><script>document.title = 'taken'</script>\"' onload=x {title} & <!--"
HOSTILE = """
    from typed_api import ApiRequest, ApiResponse, Ok, Sent

    def get(req: ApiRequest[None], res: ApiResponse[Ok[str]]) -> Sent:
        \"\"\"Answer </script><script>document.title = 'taken'</script>.

        ![picture](http://elsewhere.invalid/picture.png)

        <img src="/missing" onerror="document.title = 'taken'"> <iframe src="http://elsewhere.invalid/frame"></iframe>

        <style>@import "http://elsewhere.invalid/style.css";</style>

        <a id="danger" href="javascript:document.title = 'taken'">link</a> <form action="/"><input></form>
        \"\"\"
        return res.send("")
"""
BACKGROUND = "getComputedStyle(document.documentElement).backgroundColor"
LOGIN = {
    "type": "oauth2",
    "flows": {
        "authorizationCode": {
            "authorizationUrl": "https://elsewhere.invalid/authorize",
            "tokenUrl": "https://elsewhere.invalid/token",
            "scopes": {},
        }
    },
}


@contextlib.contextmanager
def serve(app: ASGIApp) -> Generator[str]:
    """Serve an app on a free port of the loopback interface, and give the URL of its root."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive(), "The server does not start.")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with launch() as browser:
        yield browser


@pytest.fixture(scope="module")
def site() -> Generator[str]:
    """An app with its docs at the usual place, as the URL of its root."""
    schemes = {"token": {"type": "http", "scheme": "bearer"}, "login": LOGIN}
    app = create_app(FILES, title="People", security_schemes=schemes, security=[{"token": []}, {"login": []}])
    with serve(app) as url:
        yield url


def list_operations(page: Page) -> Any:
    page.wait_for("document.querySelector('.opblock')")
    return page.evaluate(
        """[...document.querySelectorAll(".opblock")].map((block) =>
            block.querySelector(".opblock-summary-method").innerText + " "
            + block.querySelector(".opblock-summary-path").dataset.path)"""
    )


def open_operation(page: Page, operation: str) -> None:
    page.click(f"{operation} .opblock-summary-control")
    # Swagger UI has looked its references up once it shows the example of a problem; before, it cannot send.
    page.wait_for(f"document.querySelector('{operation}').innerText.includes('about:blank')")


def execute(page: Page, operation: str) -> None:
    page.click(f"{operation} .execute")
    page.wait_for(f"document.querySelector('{operation} .live-responses-table .response')")


def read_answer(page: Page, operation: str) -> tuple[str, Any]:
    row = f"{operation} .live-responses-table .response"
    return page.text(f"{row} .response-col_status"), json.loads(page.text(f"{row} .highlight-code code"))


def send_get(page: Page) -> None:
    open_operation(page, GET_USER)
    page.type(f"{GET_USER} input[placeholder=id]", "7")
    execute(page, GET_USER)


@pytest.fixture(scope="module")
def used(browser: Browser, site: str) -> Page:
    """The page after its operations were sent, its models shown, its filter used, a token given and a log-in tried."""
    page = browser.open(f"{site}/docs")
    send_get(page)
    open_operation(page, PUT_USER)
    page.type(f"{PUT_USER} input[placeholder=id]", "8")
    page.type(f"{PUT_USER} textarea", '{"name": "Grace"}')
    execute(page, PUT_USER)
    open_operation(page, GET_PICTURE)
    execute(page, GET_PICTURE)
    page.wait_for(f"document.querySelector('{GET_PICTURE} .live-responses-table img')?.naturalWidth")
    page.click(".models .json-schema-2020-12-accordion")
    page.type(".operation-filter-input", "users")
    page.wait_for(f"!document.querySelector('{GET_PICTURE}')")
    page.type(".operation-filter-input", "")
    page.wait_for(f"document.querySelector('{GET_PICTURE}')")
    page.click(".btn.authorize")
    page.type(".modal-ux #auth-bearer-value", "secret")
    page.click(".modal-ux .auth-container:has(#auth-bearer-value) .btn.authorize")
    page.wait_for("document.querySelector('.modal-ux [aria-label=\"Remove authorization\"]')")
    page.type(".modal-ux #client_id_authorizationCode", "me")
    page.click(".modal-ux .btn.authorize")
    page.wait_for("document.querySelector('.modal-ux .errors')")
    page.settle()
    return page


# What it shows and sends


def test_docs_show_every_operation_of_the_document(used: Page) -> None:
    assert sorted(list_operations(used)) == OPERATIONS


def test_operation_is_sent_and_its_answer_shown(used: Page) -> None:
    assert read_answer(used, GET_USER) == ("200", {"id": 7, "name": "Ada", "friend": None})


def test_body_is_sent_as_it_was_written(used: Page) -> None:
    assert read_answer(used, PUT_USER) == ("200", {"id": 8, "name": "Grace", "friend": None})


def test_picture_is_shown_as_a_picture(used: Page) -> None:
    picture = f"document.querySelector('{GET_PICTURE} .live-responses-table img')"
    assert used.evaluate(f"[{picture}.naturalWidth, {picture}.naturalHeight]") == [1, 1]


def test_title_of_the_page_names_the_api(used: Page) -> None:
    assert used.evaluate("document.title") == "People - API documentation"


# What it leaves alone


def test_page_asks_for_nothing_but_its_files_the_document_and_what_is_sent(site: str, used: Page) -> None:
    asked = {(request.method, request.url.removeprefix(site), request.status) for request in used.requests}
    assets = {entry for entry in asked if entry[1].startswith("/docs/assets/")}
    assert asked - assets == {
        ("GET", "/docs", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/api/users/7", 200),
        ("PUT", "/api/users/8", 200),
        ("GET", "/api/picture", 200),
    }


def test_every_asset_is_there(used: Page) -> None:
    found = sorted(
        (request.url.rpartition("/")[2].partition(".")[0], request.status)
        for request in {request.url: request for request in used.requests}.values()
        if "/assets/" in request.url
    )
    assert found == [
        ("docs", 200),
        ("docs", 200),
        ("favicon-32x32", 200),
        ("swagger-ui", 200),
        ("swagger-ui-bundle", 200),
    ]


def test_security_policy_is_not_violated(used: Page) -> None:
    assert used.violations == []


def test_console_stays_empty(used: Page) -> None:
    assert used.complaints == []


def test_log_in_elsewhere_is_declined_in_words(browser: Browser, used: Page) -> None:
    said = used.text(".modal-ux .errors")
    opened = [window for window in browser.windows if "elsewhere" in window]
    assert ("oauth2RedirectUrl configuration is not passed" in said, opened) == (True, [])


def test_token_is_not_kept_in_the_browser(used: Page) -> None:
    assert used.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


# Where it is


def unseen_prefix(app: ASGIApp, prefix: str) -> ASGIApp:
    """Put an app behind a proxy that takes a prefix away and says nothing of it."""

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["path"].startswith(prefix)
        path = scope["path"].removeprefix(prefix)
        await app({**scope, "path": path, "raw_path": path.encode("ascii")}, receive, send)

    return proxy


def test_docs_work_mounted_in_another_app(browser: Browser) -> None:
    app = Starlette(routes=[Mount("/v1", create_app(FILES))])
    with serve(app) as url:
        page = browser.open(f"{url}/v1/docs/")
        send_get(page)
        page.settle()
        assert page.requests[-1] == PageRequest("GET", f"{url}/v1/api/users/7", 200)


def test_docs_work_behind_a_prefix_that_the_app_knows_nothing_of(browser: Browser) -> None:
    with serve(unseen_prefix(create_app(FILES, docs_url="/internal/docs"), "/outer/v1")) as url:
        page = browser.open(f"{url}/outer/v1/internal/docs")
        send_get(page)
        page.settle()
        assert page.requests[-1] == PageRequest("GET", f"{url}/outer/v1/api/users/7", 200)


def test_docs_work_at_the_root(browser: Browser) -> None:
    app = create_app(FILES, docs_url="/", openapi_url="/internal/openapi.json")
    with serve(app) as url:
        page = browser.open(f"{url}/")
        send_get(page)
        page.settle()
        assert page.requests[-1] == PageRequest("GET", f"{url}/api/users/7", 200)


# What its texts may do


@pytest.fixture(scope="module")
def attacked(browser: Browser) -> Generator[Page]:
    """The page, on a dark system, of an app whose texts want to be more than texts."""
    with serve(create_app({"api/hostile.py": HOSTILE}, title=HOSTILE_TITLE)) as url:
        page = browser.open(f"{url}/docs", color_scheme="dark")
        open_operation(page, "#operations-default-get_api_hostile")
        page.wait_for("document.querySelector('#operations-default-get_api_hostile .opblock-description')")
        page.settle()
        yield page


def test_texts_run_no_script(attacked: Page) -> None:
    assert attacked.evaluate("document.title") == f"{HOSTILE_TITLE} - API documentation"


def test_texts_cannot_make_the_browser_ask_another_server(attacked: Page) -> None:
    asked = [request for request in attacked.requests if "elsewhere" in request.url]
    assert asked == [PageRequest("GET", "http://elsewhere.invalid/picture.png", None, "csp")]


def test_texts_bring_neither_frames_nor_forms_nor_styles(attacked: Page) -> None:
    assert (
        attacked.evaluate("document.querySelectorAll('.renderedMarkdown :is(iframe, form, style, script)').length") == 0
    )


# How it looks


def test_page_follows_the_system_into_the_dark(used: Page) -> None:
    used.set_color_scheme("dark")
    used.wait_for("document.documentElement.classList.contains('dark-mode')")
    used.set_color_scheme("light")
    used.wait_for("document.documentElement.className === ''")
    assert used.evaluate(BACKGROUND) == "rgb(250, 250, 250)"


def test_page_of_a_dark_system_is_dark(attacked: Page) -> None:
    assert attacked.evaluate(f"[{BACKGROUND}, document.documentElement.className]") == ["rgb(28, 32, 34)", "dark-mode"]
