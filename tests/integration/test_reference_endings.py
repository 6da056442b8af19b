"""The reference behaviour of how a handler ends: redirects, a second answer, late writes, exceptions, results.

`tests/reference_rows.py` has the list of rows and says which are mirrored. Where the bytes on the wire are the point,
`typed-api start` is asked over a socket; elsewhere the test client is.
"""

from collections.abc import Iterator

import pytest

from tests.one_route import FAILED, answer_of, app_of, ask, failure, logged, module, told, write_project
from tests.serving import Served, parse, request, serve
from typed_api.testing import TestClient

TEXT = "text/plain; charset=utf-8"
PROBLEM = "application/problem+json"
MISUSE = (
    "Invalid redirect arguments. Please use a single argument URL, e.g. res.redirect('/destination') or use a status "
    "code and URL, e.g. res.redirect(307, '/destination')."
)
FAILED_HEADERS = [("content-length", "107"), ("content-type", PROBLEM)]

ROUTES = {
    "redirect": module("return res.redirect('/login')"),
    "redirect_beyond_ascii": module("return res.redirect('/café and 😀')"),
    "twice": module("res.send('one')\nreturn res.send('two')"),
    "late_throw": module("res.send('ok')\nraise ValueError('boom')"),
    "latin": module("return res.set_header('X-Name', 'café').send('x')"),
    "split": module("return res.set_header('X-Name', 'a\\r\\nX-Evil: 1').send('x')"),
    "cookies": module(
        "return res.append_header('Set-Cookie', 'a=1').append_header('Set-Cookie', 'b=2').set_cookie('c', '3').end()"
    ),
    "throw": module("res.set_header('X-A', '1').set_cookie('a', '1')\nraise ValueError('a secret')"),
    "takes_json": module("return res.json(req.body)", name="post"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = write_project(tmp_path_factory.mktemp("endings"), ROUTES)
    with serve(folder, folder / "log") as served:
        yield served


def refusal(caplog: pytest.LogCaptureFixture, sentence: str) -> bool:
    """Tell whether exactly this ValueError was logged for the handler."""
    return logged(caplog) == [failure(f"ValueError: {sentence!r}")]


def second(call: str, status_code: int = 200) -> str:
    """Give the log line about a call after the answer."""
    return (
        f"The first answer stands: {call} was called after get of pages/api/x.py had answered with status "
        f"{status_code}. A handler answers once: return after the first answer."
    )


# --- res.redirect -----------------------------------------------------------------------------------------------------


def test_a_redirect_is_307_with_its_url_as_body(server: Served) -> None:
    """Row 56 (deviates): `redirect('/login')` is a 307 with Location, and the URL as a body typed as text."""
    headers = [("content-length", "6"), ("content-type", TEXT), ("location", "/login")]
    assert answer_of(parse(server.exchange(request("GET", "/api/redirect")))) == (307, headers, b"/login")


@pytest.mark.parametrize("status_code", [301, 302, 303, 307, 308])
def test_a_redirect_may_name_its_status(status_code: int) -> None:
    """Row 57: 301, 302, 303, 307 and 308 go out with Location and the URL as body, and no Refresh."""
    response = ask(f"return res.redirect({status_code}, '/login')")
    headers = [("content-length", "6"), ("content-type", TEXT), ("location", "/login")]
    assert (response.status_code, told(response.headers.multi_items()), response.text) == (
        status_code,
        headers,
        "/login",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        "307",
        "None",
        "",
        "None, '/x'",
        "{}",
        "True, '/x'",
        "302, ['/x']",
        "302, None",
        "307.0, '/x'",
        "'301', '/x'",
        "'/x', 301",
    ],
)
def test_other_arguments_of_redirect_are_refused(arguments: str, caplog: pytest.LogCaptureFixture) -> None:
    """Rows 58, 59 (deviate): what is no URL, or status and URL, is refused by the known sentence; a 500 problem."""
    response = ask(f"return res.redirect({arguments})")
    assert (response.status_code, told(response.headers.multi_items()), response.json()) == (
        500,
        FAILED_HEADERS,
        FAILED,
    )
    assert refusal(caplog, MISUSE)


@pytest.mark.parametrize("status_code", ["200", "204", "300", "304", "305", "400", "999", "1000", "float('nan')"])
def test_a_redirect_takes_no_other_status(status_code: str, caplog: pytest.LogCaptureFixture) -> None:
    """Row 60 (deviates): a status that is no redirect is refused, and the 500 has no Location."""
    response = ask(f"return res.redirect({status_code}, '/x')")
    assert (response.status_code, told(response.headers.multi_items())) == (500, FAILED_HEADERS)
    assert refusal(caplog, MISUSE)


def test_a_redirect_needs_a_url(caplog: pytest.LogCaptureFixture) -> None:
    """Row 61 (deviates): an empty URL is refused."""
    response = ask("return res.redirect('')")
    assert (response.status_code, told(response.headers.multi_items())) == (500, FAILED_HEADERS)
    assert refusal(caplog, "A redirect needs a URL, not ''. Use '/' for the root.")


def test_a_redirect_sets_its_own_status() -> None:
    """Row 62: `status(201).redirect('/x')` is a 307."""
    response = ask("return res.status(201).redirect('/x')", declared="str")
    assert (response.status_code, response.headers["location"]) == (307, "/x")


def test_a_location_is_ascii(server: Served) -> None:
    """Rows 63, 64 (deviate): non-ASCII and spaces in a URL are percent-encoded, in Location and in the body."""
    location = "/caf%C3%A9%20and%20%F0%9F%98%80"
    headers = [("content-length", str(len(location))), ("content-type", TEXT), ("location", location)]
    answer = parse(server.exchange(request("GET", "/api/redirect_beyond_ascii")))
    assert answer_of(answer) == (307, headers, location.encode())


@pytest.mark.parametrize("breaks", ["\\n", "\\r\\n", "\\r\\nX-Evil: 1", "\\t", "\\x00"])
def test_a_line_break_in_a_url_is_a_500(breaks: str, caplog: pytest.LogCaptureFixture) -> None:
    """Row 65 (deviates): a control character in a URL is refused by `redirect` itself; no header is injected."""
    response = ask(f"return res.redirect('/a{breaks}b')")
    assert (response.status_code, told(response.headers.multi_items())) == (500, FAILED_HEADERS)
    mend = "cannot stand in a URL. Take it out, or percent-encode it."
    assert [mend in line for line in logged(caplog)] == [True]


@pytest.mark.parametrize(
    "url", ["https://example.com/a?b=c#d", "http://localhost:3000", "login", "../x", "?q=1", "#top", "/a?b=//c"]
)
def test_a_url_that_can_be_read_in_one_way_passes(url: str) -> None:
    """Row 66: absolute http URLs and relative ones go out unchanged."""
    response = ask(f"return res.redirect({url!r})")
    assert (response.status_code, response.headers["location"]) == (307, url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("//evil.com", "a browser takes it for another host"),
        ("/\\evil.com", "a browser takes it for another host"),
        ("https:evil.com", "a browser takes it for another host"),
        ("https://good.com@evil.com/", "the host is what follows the"),
        ("javascript:alert(1)", "the scheme 'javascript' is not http or https"),
    ],
)
def test_a_url_that_may_lead_elsewhere_is_refused(url: str, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    """Row 66 (deviates): `//host`, other schemes and what browsers read as another host are refused."""
    response = ask(f"return res.redirect({url!r})")
    assert (response.status_code, told(response.headers.multi_items())) == (500, FAILED_HEADERS)
    assert [reason in line for line in logged(caplog)] == [True]


def test_a_redirect_returns_the_proof_of_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    """Row 67 (deviates): `redirect` returns `Sent`, as every ending method does, and not the response."""
    ask("raise RuntimeError(repr(res.redirect('/x')))")
    assert logged(caplog) == [failure("RuntimeError: 'Sent'")]


# --- A second answer, late writes, headers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calls", "call", "body"),
    [
        ("res.send('one')\nreturn res.send('two')", "send()", "one"),
        ("res.json(1)\nreturn res.json(2)", "json()", "1"),
        ("res.json(1)\nreturn res.end()", "end()", "1"),
        ("res.end()\nreturn res.end()", "end()", ""),
        ("res.send(iter([b'a']))\nreturn res.send(b'b')", "send()", "a"),
    ],
)
def test_a_second_answer_raises(calls: str, call: str, body: str, caplog: pytest.LogCaptureFixture) -> None:
    """Row 68 (deviates): a second `send`, `json` or `end` raises `ResponseAlreadySent`; the first answer goes out."""
    response = ask(calls, declared="bytes" if "b'" in calls else "Any")
    assert (response.status_code, response.text) == (200, body)
    assert logged(caplog) == [second(call)]


def test_the_first_answer_is_whole_on_the_wire(server: Served) -> None:
    """Row 68 (deviates): of two answers only bytes of the first are sent."""
    headers = [("content-length", "3"), ("content-type", TEXT), ("etag", "<tag>")]
    assert answer_of(parse(server.exchange(request("GET", "/api/twice")))) == (200, headers, b"one")


def test_a_second_answer_can_be_caught() -> None:
    """Row 68 (deviates): the handler is told of its second answer by an exception of its own class."""
    response = ask(
        """
        res.send("one")
        try:
            return res.send("two")
        except ResponseAlreadySent:
            return None
        """,
        before="from typed_api import ResponseAlreadySent",
    )
    assert (response.status_code, response.text) == (200, "one")


@pytest.mark.parametrize(
    ("late", "call"),
    [
        ("set_header('X-A', '1')", "set_header()"),
        ("append_header('X-A', '1')", "append_header()"),
        ("remove_header('ETag')", "remove_header()"),
        ("set_cookie('a', '1')", "set_cookie()"),
        ("delete_cookie('a')", "set_cookie()"),
        ("status(404)", "status()"),
    ],
)
def test_a_change_after_the_answer_raises(late: str, call: str, caplog: pytest.LogCaptureFixture) -> None:
    """Row 69 (deviates): headers, cookies and status cannot be set after the answer; the answer stands as it was."""
    response = ask(f"res.send('x')\nres.{late}")
    assert (response.status_code, told(response.headers.multi_items()), response.text) == (
        200,
        [("content-length", "1"), ("content-type", TEXT), ("etag", "<tag>")],
        "x",
    )
    assert logged(caplog) == [second(call)]


@pytest.mark.parametrize(("first", "status_code", "body"), [("redirect('/x')", 307, "/x"), ("send('x')", 200, "x")])
def test_a_redirect_after_the_answer_raises(
    first: str, status_code: int, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Row 70 (deviates): a redirect after an answer raises `ResponseAlreadySent`; the first answer goes out."""
    response = ask(f"res.{first}\nreturn res.redirect('/y')")
    assert (response.status_code, response.text) == (status_code, body)
    assert logged(caplog) == [second("redirect()", status_code)]


def test_an_exception_after_the_answer_is_a_500(server: Served) -> None:
    """Row 73 (deviates): an answer leaves when the handler has returned, so what it raises before is a 500."""
    answer = parse(server.exchange(request("GET", "/api/late_throw")))
    assert (answer.status, told(answer.headers)) == (500, FAILED_HEADERS)


@pytest.mark.parametrize("value", ["a\\nb", "a\\r\\nX-Evil: 1", "a\\x00b"])
def test_a_control_character_in_a_header_is_refused(value: str, caplog: pytest.LogCaptureFixture) -> None:
    """Row 75: a line break or other control character in a header is a 500, whose log names the header."""
    assert ask(f"return res.set_header('X-Name', '{value}').send('x')").json() == FAILED
    assert logged(caplog)[0].startswith(failure("ValueError: \"Header 'X-Name' cannot hold "))


def test_no_header_is_injected(server: Served) -> None:
    """Row 75: a header with a line break never reaches the wire."""
    assert answer_of(parse(server.exchange(request("GET", "/api/split"))))[:2] == (500, FAILED_HEADERS)


def test_a_header_beyond_latin_1_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    """Row 75: a character above U+00FF in a header is a 500."""
    assert ask("return res.set_header('X-Name', '😀').send('x')").json() == FAILED
    assert refusal(
        caplog,
        "Header 'X-Name' cannot hold '😀': '😀' is not Latin-1. Percent-encode the value with urllib.parse.quote.",
    )


def test_the_name_of_a_header_is_a_token(caplog: pytest.LogCaptureFixture) -> None:
    """Row 75: a header's name that is no token is a 500."""
    assert ask("return res.set_header('bad name', '1').send('x')").json() == FAILED
    assert refusal(
        caplog,
        "'bad name' cannot be the name of a header. Use letters, digits and hyphens, for example 'x-request-id'.",
    )


def test_a_header_may_be_latin_1(server: Served) -> None:
    """Row 75: `é` in a header goes out as its byte in Latin-1."""
    assert b"\r\nx-name: caf\xe9\r\n" in server.exchange(request("GET", "/api/latin"))


def test_every_cookie_has_a_line_of_its_own(server: Served) -> None:
    """Row 76: several Set-Cookie headers, appended or made by `set_cookie`, are a line each."""
    answer = parse(server.exchange(request("GET", "/api/cookies")))
    assert [value for name, value in answer.headers if name == "set-cookie"] == [
        "a=1",
        "b=2",
        "c=3; Path=/; HttpOnly; Secure; SameSite=Lax",
    ]


# --- Exceptions and results -------------------------------------------------------------------------------------------


def test_an_exception_is_a_500_that_tells_nothing(server: Served) -> None:
    """Row 77 (deviates): an exception is a 500 as problem+json, without the message, headers and cookies set before."""
    answer = parse(server.exchange(request("GET", "/api/throw")))
    assert (answer.status, told(answer.headers)) == (500, FAILED_HEADERS)
    assert b"secret" not in answer.body
    assert "GET '/api/throw' failed in get of pages/api/throw.py: ValueError: 'a secret'" in server.log_text()


@pytest.mark.parametrize("sync", [True, False])
def test_an_exception_is_logged(sync: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Row 77 (deviates): what `def` and `async def` raise is logged with the handler's name and answered alike."""
    assert ask("raise LookupError('no key')", sync=sync).json() == FAILED
    assert logged(caplog) == [failure("LookupError: 'no key'")]


def test_development_shows_the_exception_to_a_browser() -> None:
    """Row 77 (deviates): in development a browser gets the message, escaped, on an HTML page."""
    response = ask("raise ValueError('<boom>')", debug=True, headers={"Accept": "text/html"})
    assert (response.status_code, response.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "<h1>ValueError: &lt;boom&gt;</h1>" in response.text


def test_development_shows_the_exception_to_a_program() -> None:
    """Row 77 (deviates): in development a program gets the message and the traceback as problem+json."""
    response = ask("raise ValueError('boom')", debug=True)
    problem = response.json()
    assert problem.pop("traceback")[-1] == "ValueError: boom"
    assert (response.headers["content-type"], problem) == (PROBLEM, {**FAILED, "detail": "ValueError: boom"})


def test_the_status_on_an_exception_counts_for_nothing() -> None:
    """Row 78: an exception with a `status_code` of its own is a 500 like any other."""
    response = ask("error = ValueError('tea')\nerror.status_code = error.statusCode = 418\nraise error")
    assert (response.status_code, response.json()) == (500, FAILED)


def test_the_words_of_a_refused_body_are_the_detail_of_a_problem(server: Served) -> None:
    """Row 79 (deviates): a body that cannot be parsed has the known status and words, the words as `detail`."""
    sent = request("POST", "/api/takes_json", headers={"Content-Type": "application/json"}, body=b"{")
    answer = parse(server.exchange(sent))
    assert (answer.status, answer.reason, answer.body) == (
        400,
        "Bad Request",
        b'{"type":"about:blank","title":"Bad Request","status":400,"detail":"Invalid JSON"}',
    )


def test_an_api_error_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    """Row 80 (deviates): `ApiError` is public; raised by a handler it is that status, with its detail and headers."""
    response = ask("res.set_header('X-A', '1')\nraise ApiError(418, 'No coffee.', {'Retry-After': '30'})")
    body = {"type": "about:blank", "title": "I'm a Teapot", "status": 418, "detail": "No coffee."}
    headers = [("content-length", str(len(response.content))), ("content-type", PROBLEM), ("retry-after", "30")]
    assert (response.status_code, told(response.headers.multi_items()), response.json()) == (418, headers, body)
    assert logged(caplog) == []


@pytest.mark.parametrize(
    ("debug", "warnings"),
    [(True, ["API handler should not return a value, received dict from get of pages/api/x.py."]), (False, [])],
)
def test_a_value_returned_after_the_answer_is_ignored(
    debug: bool, warnings: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Row 82: a value returned besides an answer is ignored; in development the log warns of it."""
    response = ask("res.send('ok')\nreturn {'a': 1}", debug=debug)
    assert (response.status_code, response.text) == (200, "ok")
    assert logged(caplog) == warnings


@pytest.mark.parametrize(
    ("value", "named"), [("{'a': 1}", "dict"), ("'text'", "str"), ("PlainTextResponse('x')", "PlainTextResponse")]
)
def test_a_value_instead_of_an_answer_is_a_500(value: str, named: str, caplog: pytest.LogCaptureFixture) -> None:
    """Rows 83, 84 (deviate): a handler that returns a value, or a response object, and sends nothing is a 500."""
    assert ask(f"return {value}").json() == FAILED
    sentence = f"get of pages/api/x.py returned {named!r} instead of sending it. Send the body with res.json(...)."
    assert logged(caplog) == [failure(f"_Unanswered: {sentence!r}")]


@pytest.mark.parametrize("body", ["pass", "res.status(201).set_header('X-A', '1')"])
def test_no_answer_is_a_500_and_never_a_hang(body: str, caplog: pytest.LogCaptureFixture) -> None:
    """Row 85 (deviates): a handler that ends without an answer is a 500, and the log names it."""
    response = ask(body)
    assert (response.status_code, told(response.headers.multi_items()), response.json()) == (
        500,
        FAILED_HEADERS,
        FAILED,
    )
    sentence = (
        "get of pages/api/x.py finished without sending a response to GET '/api/x'. End every path with "
        "res.json(...), res.send(...), res.redirect(...) or res.end()."
    )
    assert logged(caplog) == [failure(f"_Unanswered: {sentence!r}")]


def test_an_answer_after_the_handler_has_returned_comes_too_late() -> None:
    """Row 86 (deviates): what is sent from a timer later is not waited for: the request is a 500 by then."""
    client = TestClient(app_of("asyncio.get_running_loop().call_soon(res.send, 'late')"))
    assert client.get("/api/x").json() == FAILED
