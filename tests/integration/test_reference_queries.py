"""Queries, the URL and cookies, beside the reference row by row.

A docstring names its rows and says the fact of this package; "(deviates)" marks where it differs on purpose.
"""

from urllib.parse import quote

import pytest

from tests.direct import call
from typed_api import TypedAPI
from typed_api.testing import create_app

TREE = {
    "api/query.py": """
        from typed_api import ApiRequest, ApiResponse

        def get(req: ApiRequest, res: ApiResponse[dict[str, str | list[str]]]) -> None:
            res.json(dict(req.query))
    """,
    "api/one/_post_.py": """
        from typed_api import ApiRequest, ApiResponse

        def get(req: ApiRequest, res: ApiResponse[dict[str, str | list[str]]]) -> None:
            res.json(dict(req.query))
    """,
    "api/many/_slug__.py": """
        from typed_api import ApiRequest, ApiResponse

        def get(req: ApiRequest, res: ApiResponse[dict[str, str | list[str]]]) -> None:
            res.json(dict(req.query))
    """,
    "api/maybe/_slug___.py": """
        from pydantic import BaseModel
        from typed_api import ApiRequest, ApiResponse

        class Slug(BaseModel):
            slug: list[str] = []

        def get(req: ApiRequest, res: ApiResponse[dict[str, str | list[str]]]) -> None:
            res.json(dict(req.query))

        def post(req: ApiRequest[None, Slug], res: ApiResponse[Slug]) -> None:
            res.json(req.query)
    """,
    "api/written.py": """
        from typed_api import ApiRequest, ApiResponse

        def get(req: ApiRequest, res: ApiResponse[list[str]]) -> None:
            refused: list[str] = []
            for name in ("query", "cookies", "body", "url", "headers", "method"):
                try:
                    setattr(req, name, None)
                except AttributeError:
                    refused.append(name)
            res.json(refused)
    """,
    "api/url.py": """
        from typed_api import ApiRequest, ApiResponse

        def get(req: ApiRequest, res: ApiResponse[str]) -> None:
            res.send(req.url)
    """,
    "api/cookies.py": """
        from typed_api import ApiRequest, ApiResponse

        def get(req: ApiRequest, res: ApiResponse[dict[str, str]]) -> None:
            res.json(dict(req.cookies))

        def post(req: ApiRequest, res: ApiResponse[None]) -> None:
            res.set_cookie("theme", "dark", max_age=60)
            res.end()
    """,
}


@pytest.fixture(scope="module")
def app() -> TypedAPI:
    return create_app(TREE)


# --- Queries ----------------------------------------------------------------------------------------------------------


async def query(app: TypedAPI, target: str | bytes) -> object:
    answer = await call(app, "GET", target)
    assert answer.status == 200
    return answer.json


@pytest.mark.parametrize("text", ["", "?", "?&", "?&&"])
async def test_no_query_is_empty(app: TypedAPI, text: str) -> None:
    """Row 120: no query, or one of separators alone, is {}."""
    assert await query(app, f"/api/query{text}") == {}


async def test_repeated_parameter_is_a_list(app: TypedAPI) -> None:
    """Row 121: one value is a string, several are a list in their order."""
    assert await query(app, "/api/query?a=1&b=2&a=3") == {"a": ["1", "3"], "b": "2"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("a", {"a": ""}), ("a=", {"a": ""}), ("=v", {"": "v"}), ("a=b=c", {"a": "b=c"})],
)
async def test_equals_sign_may_be_missing_or_repeated(app: TypedAPI, text: str, value: object) -> None:
    """Row 122: the first "=" ends the name; both sides may be empty."""
    assert await query(app, f"/api/query?{text}") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"a=x+y", "x y"),
        (b"a=x%20y", "x y"),
        (b"a=%2B", "+"),
        (b"a=1;b=2", "1;b=2"),
        (b"a=%", "%"),
        (b"a=%zz", "%zz"),
        (b"a=%ff", "\ufffd"),
        (b"a=%00", "\x00"),
        (b"a=%C3%A9", "é"),
        (b"a=\xc3\xa9", "é"),
    ],
)
async def test_query_is_decoded_as_a_browser_does(app: TypedAPI, text: bytes, value: str) -> None:
    """Row 123: "+" is a space, ";" separates nothing, a broken escape stays, and no query is 400."""
    assert await query(app, b"/api/query?" + text) == {"a": value}


async def test_brackets_and_dots_in_names_mean_nothing(app: TypedAPI) -> None:
    """Row 124: names are flat: `a[]`, `a[b]` and `a.b` are names like any other."""
    assert await query(app, "/api/query?a[]=1&a[]=2&a[b]=3&a.b=4") == {"a[]": ["1", "2"], "a[b]": "3", "a.b": "4"}


async def test_many_parameters_are_all_kept(app: TypedAPI) -> None:
    """Row 125: 1,502 names are all there."""
    names = [f"k{number}" for number in range(1502)]
    assert await query(app, "/api/query?" + "&".join(f"{name}=1" for name in names)) == dict.fromkeys(names, "1")


@pytest.mark.parametrize("text", ["post=x&val=1", "val=1&post=x&post=y", "%70ost=x&val=1"])
async def test_path_parameter_beats_the_query(app: TypedAPI, text: str) -> None:
    """Row 126: a path parameter beats query parameters of its name; the others are merged."""
    assert await query(app, f"/api/one/post-1?{text}") == {"post": "post-1", "val": "1"}


async def test_catch_all_beats_the_query(app: TypedAPI) -> None:
    """Row 127: the list of a catch-all beats query parameters of its name."""
    assert await query(app, "/api/many/a/b?slug=1&slug=2") == {"slug": ["a", "b"]}


async def test_query_does_not_fill_an_optional_catch_all(app: TypedAPI) -> None:
    """Row 128 (deviates): at the root of an optional catch-all its name is absent, whatever the query says."""
    assert await query(app, "/api/maybe?slug=q&other=1") == {"other": "1"}


async def test_query_does_not_fill_an_optional_catch_all_that_is_declared(app: TypedAPI) -> None:
    """Row 128 (deviates): a declared query gets nothing from the query string for an optional catch-all either."""
    root = await call(app, "POST", "/api/maybe?slug=q&slug=r")
    below = await call(app, "POST", "/api/maybe/a?slug=q")
    assert (root.json, below.json) == ({"slug": []}, {"slug": ["a"]})


async def test_no_parameter_name_is_special(app: TypedAPI) -> None:
    """Row 129 (deviates): `constructor`, `__proto__` and names that start with `nxtP` are names like any other."""
    assert await query(app, "/api/query?constructor=1&__proto__=2&nxtPid=3") == {
        "constructor": "1",
        "__proto__": "2",
        "nxtPid": "3",
    }


async def test_request_is_read_only(app: TypedAPI) -> None:
    """Row 130 (deviates): what a request says cannot be assigned to."""
    answer = await call(app, "GET", "/api/written")
    assert answer.json == ["query", "cookies", "body", "url", "headers", "method"]


@pytest.mark.parametrize("target", ["/api/url", "/api/url?b=2&a&b=%31&="])
async def test_url_is_what_the_client_sent(app: TypedAPI, target: str) -> None:
    """Row 131 (deviates): `req.url` is path and query as they were sent, not serialised again."""
    answer = await call(app, "GET", target)
    assert (answer.status, answer.text) == (200, target)


# --- Cookies ----------------------------------------------------------------------------------------------------------


async def cookies(app: TypedAPI, *lines: str | bytes) -> object:
    answer = await call(app, "GET", "/api/cookies", headers=[("cookie", line) for line in lines])
    assert answer.status == 200
    return answer.json


async def test_cookies_are_read_by_name(app: TypedAPI) -> None:
    """Row 164: without a Cookie header there are none; a trailing semicolon adds nothing."""
    assert (await cookies(app), await cookies(app, "nextjs=cool;")) == ({}, {"nextjs": "cool"})


async def test_first_cookie_of_a_name_wins(app: TypedAPI) -> None:
    """Row 165: of two cookies of one name the first counts; names are case-sensitive."""
    assert await cookies(app, "a=1; a=2; A=3") == {"a": "1", "A": "3"}


async def test_outer_quotes_of_a_cookie_are_dropped(app: TypedAPI) -> None:
    """Row 166: quotes round the whole value are dropped, quotes inside stay."""
    assert await cookies(app, 'a="q v"; b=x"y"') == {"a": "q v", "b": 'x"y"'}


async def test_cookie_is_percent_decoded(app: TypedAPI) -> None:
    """Row 167: escapes are decoded; a value that cannot be decoded stays as it is."""
    assert await cookies(app, "a=%20x%2Fy; b=%zz; c=%ff") == {"a": " x/y", "b": "%zz", "c": "%ff"}


async def test_odd_cookies_are_read_or_skipped(app: TypedAPI) -> None:
    """Row 168: without "=" a piece is skipped; name or value may be empty; "," and "+" are plain; JSON is a string."""
    line = 'abc; a=; =v;  b = x=y ; c=1,2+3; d={"e":[1]}'
    assert await cookies(app, line) == {"a": "", "": "v", "b": "x=y", "c": "1,2+3", "d": '{"e":[1]}'}


async def test_several_cookie_headers_are_one(app: TypedAPI) -> None:
    """Row 169: two Cookie headers count as one, the first line first."""
    assert await cookies(app, "a=1; b=2", "b=3; c=4") == {"a": "1", "b": "2", "c": "4"}


async def test_raw_utf_8_in_a_cookie_is_seen_as_latin_1(app: TypedAPI) -> None:
    """Row 170: raw UTF-8 bytes are seen as Latin-1; percent-encoded they are the text."""
    assert await cookies(app, "a=é".encode(), f"b={quote('é')}") == {"a": "Ã©", "b": "é"}


async def test_no_cookie_name_is_special(app: TypedAPI) -> None:
    """Row 170 (deviates): `__proto__` is a name like any other."""
    assert await cookies(app, "__proto__=1") == {"__proto__": "1"}


async def test_cookies_are_written_by_a_helper(app: TypedAPI) -> None:
    """Row 171 (deviates): `res.set_cookie` writes a cookie for all paths, for http alone, sent to this site alone."""
    answer = await call(app, "POST", "/api/cookies")
    assert answer.header("set-cookie") == "theme=dark; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax"
