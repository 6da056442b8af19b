"""Tests of the text on the wire: queries, cookies, media types, charsets, header lines, redirects, cookies to set."""

import codecs
import datetime
import time
from collections.abc import Callable
from typing import Any

import pytest

from typed_api.wire import (
    ContentType,
    TooManyPairs,
    UnknownCharset,
    decode_text,
    etag_matches,
    group_pairs,
    header_name,
    header_value,
    is_browser,
    parse_content_type,
    parse_cookies,
    parse_pairs,
    parse_query,
    redirect_location,
    set_cookie_header,
)

MEGABYTE = 1 << 20


def sentence(call: Callable[[], object]) -> str:
    """Call something that must raise ValueError, and give its sentence."""
    with pytest.raises(ValueError) as caught:
        call()
    return str(caught.value)


# --- Queries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [b"", b"&", b"&&&"])
def test_query_without_pairs_is_empty(text: bytes) -> None:
    """Row 120: an empty query, and one of separators alone, has no keys."""
    assert parse_query(text) == {}


def test_repeated_name_gives_a_list_in_order() -> None:
    """Row 121: one value is a string, several are a list in the order they came in."""
    assert parse_query(b"a=1&b=2&a=3&a=2") == {"a": ["1", "3", "2"], "b": "2"}


def test_names_keep_the_order_of_their_first_value() -> None:
    assert list(parse_query(b"b=1&a=2&b=3")) == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        (b"a", {"a": ""}),
        (b"a=", {"a": ""}),
        (b"=v", {"": "v"}),
        (b"=", {"": ""}),
        (b"a=b=c", {"a": "b=c"}),
    ],
)
def test_first_equals_sign_ends_the_name(text: bytes, query: dict[str, str]) -> None:
    """Row 122: `a` and `a=` are an empty value, `=v` has an empty name, further equals signs belong to the value."""
    assert parse_query(text) == query


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"a+b", "a b"),
        (b"a%20b", "a b"),
        (b"a%2Bb", "a+b"),
        (b"a%2bb", "a+b"),
        (b"a;b", "a;b"),
        (b"a%26b%3Dc", "a&b=c"),
        (b"%", "%"),
        (b"%z", "%z"),
        (b"%zz", "%zz"),
        (b"100%+%41", "100% A"),
        (b"%ff", "\ufffd"),
        (b"%C3%A9", "é"),
        (b"%c3\xa9", "é"),
        (b"%00", "\0"),
        (b"\xc3\xa9", "é"),
        (b"\xff", "\ufffd"),
        (b"%F0%9F%98%80", "😀"),
        (b"%EF%BB%BF", "\ufeff"),
    ],
)
def test_query_value_is_decoded_as_a_browser_does(text: bytes, value: str) -> None:
    """Row 123: "+" is a space, ";" separates nothing, a broken escape stays, bytes that are no UTF-8 become U+FFFD."""
    assert parse_query(b"q=" + text) == {"q": value}


def test_names_are_decoded_like_values() -> None:
    assert parse_query(b"a%20b=1&a+b=2&%zz=3") == {"a b": ["1", "2"], "%zz": "3"}


@pytest.mark.parametrize("name", ["a[]", "a[b]", "a.b", "constructor", "__proto__", "__class__"])
def test_no_name_is_special(name: str) -> None:
    """Rows 124 and 129: brackets and dots are part of a flat name; names of Python or JavaScript are ordinary."""
    assert parse_query(f"{name}=1&{name}=2") == {name: ["1", "2"]}


def test_query_keeps_all_of_many_names() -> None:
    """Row 125: a query may have any number of names."""
    assert len(parse_query("&".join(f"k{n}={n}" for n in range(1502)))) == 1502


def test_broken_sequence_does_not_swallow_the_separator() -> None:
    assert parse_query(b"a=\xe2\x82&b=\xf0\x9f&c=1") == {"a": "\ufffd", "b": "\ufffd", "c": "1"}


def test_text_and_bytes_give_the_same_query() -> None:
    assert parse_query("q=é%20+😀") == parse_query("q=é%20+😀".encode()) == {"q": "é  😀"}


def test_query_of_lone_surrogates_is_read() -> None:
    assert parse_query("q=\ud800") == {"q": "\ufffd\ufffd\ufffd"}


# --- Pairs of a form --------------------------------------------------------------------------------------------------


def test_pairs_come_in_order_with_repeats() -> None:
    assert parse_pairs(b"b=1&a=2&&b=3", None) == [("b", "1"), ("a", "2"), ("b", "3")]


def test_pairs_up_to_the_limit_are_read() -> None:
    """Row 96: a form may have 1,000 keys."""
    assert len(parse_pairs(b"a=1" + b"&a=1" * 999, 1000)) == 1000


def test_one_pair_over_the_limit_is_refused() -> None:
    """Row 96: a form of more than 1,000 keys is refused, not cut."""
    with pytest.raises(TooManyPairs) as caught:
        parse_pairs(b"a=1" + b"&a=1" * 1000, 1000)
    assert (str(caught.value), caught.value.max_pairs) == ("More than 1000 name and value pairs. Send fewer.", 1000)


def test_too_many_pairs_are_refused_before_one_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typed_api.wire.unquote_to_bytes", None)
    with pytest.raises(TooManyPairs):
        parse_pairs(b"a=%41&" * 2000, 1000)


def test_empty_form_has_no_pairs_whatever_the_limit() -> None:
    assert parse_pairs(b"", 0) == []


def test_grouping_gives_a_list_only_for_repeats() -> None:
    assert group_pairs([("a", "1"), ("b", "2"), ("a", "")]) == {"a": ["1", ""], "b": "2"}


# --- Cookies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("", {}),
        ("session=cool;", {"session": "cool"}),
        (";;", {}),
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ("a=1;b=2", {"a": "1", "b": "2"}),
    ],
)
def test_cookies_are_separated_by_semicolons(header: str, cookies: dict[str, str]) -> None:
    """Row 164: no header and a trailing semicolon are fine."""
    assert parse_cookies(header) == cookies


def test_first_cookie_of_a_name_wins() -> None:
    """Row 165: the first of two cookies wins, and names differ by case."""
    assert parse_cookies("a=1; a=2; A=3") == {"a": "1", "A": "3"}


@pytest.mark.parametrize(
    ("text", "value"),
    [('"q v"', "q v"), ('x"y"', 'x"y"'), ('"', '"'), ('""', ""), ('"x', '"x'), ('""x""', '"x"')],
)
def test_only_a_pair_of_outer_quotes_is_dropped(text: str, value: str) -> None:
    """Row 166: `"q v"` loses its quotes, quotes inside stay."""
    assert parse_cookies(f"a={text}") == {"a": value}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("%20x%2Fy", " x/y"),
        ('"%22"', '"'),
        ("%C3%A9", "é"),
        ("%ff", "%ff"),
        ("%41%ff", "%41%ff"),
        ("%zz", "%zz"),
        ("%41%", "%41%"),
        ("%4", "%4"),
        ("%00", "\0"),
    ],
)
def test_cookie_is_percent_decoded_wholly_or_not_at_all(text: str, value: str) -> None:
    """Row 167: a value is percent-decoded; where that fails it is the raw text."""
    assert parse_cookies(f"a={text}") == {"a": value}


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("abc", {}),
        ("abc; a=1", {"a": "1"}),
        ("a=", {"a": ""}),
        ("=v", {"": "v"}),
        ("a=b=c", {"a": "b=c"}),
        ("  a  =  1  ;\tb\t=\t2\t", {"a": "1", "b": "2"}),
        ("a=1,b+c", {"a": "1,b+c"}),
        ('a={"b":1}', {"a": '{"b":1}'}),
    ],
)
def test_odd_cookies_are_read_or_skipped(header: str, cookies: dict[str, str]) -> None:
    """Row 168: a piece without "=" is skipped, `=v` has an empty name, spaces are dropped, the rest is literal."""
    assert parse_cookies(header) == cookies


def test_raw_utf_8_in_a_cookie_is_seen_as_latin_1() -> None:
    """Row 170: bytes beyond ASCII are Latin-1, as everywhere in a header."""
    assert parse_cookies("a=é".encode().decode("latin-1")) == {"a": "Ã©"}


def test_no_cookie_name_is_special() -> None:
    assert parse_cookies("__proto__=1; __class__=2") == {"__proto__": "1", "__class__": "2"}


# --- Media types ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "content_type"),
    [
        ("application/json", ("application/json", {})),
        ("Application/JSON", ("application/json", {})),
        (" text/plain ", ("text/plain", {})),
        ("text/plain;charset=utf-8", ("text/plain", {"charset": "utf-8"})),
        ("text/plain; Charset=UTF-8", ("text/plain", {"charset": "UTF-8"})),
        ('text/plain \t; \tcharset="utf-8" ', ("text/plain", {"charset": "utf-8"})),
        ("text/plain; a = b", ("text/plain", {"a": "b"})),
        ('multipart/form-data; boundary="a;b=\\"c\\\\"', ("multipart/form-data", {"boundary": 'a;b="c\\'})),
        ('text/plain; a=""', ("text/plain", {"a": ""})),
        ("text/plain; a=1; A=2; b=3", ("text/plain", {"a": "1", "b": "3"})),
        ('text/plain; a="\xe9"', ("text/plain", {"a": "é"})),
        ("a!#$%&'*+-.^_`|~9/z", ("a!#$%&'*+-.^_`|~9/z", {})),
    ],
)
def test_content_type_is_read(value: str, content_type: tuple[str, dict[str, str]]) -> None:
    assert parse_content_type(value) == parse_content_type(value.encode("latin-1")) == content_type


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        ";",
        "/",
        "not a type",
        "application",
        "application/",
        "/json",
        "application/json;",
        "application/json; charset",
        "application/json; charset=",
        "application/json; =utf-8",
        "application/json;; charset=utf-8",
        "application/json, text/plain",
        "application/json charset=utf-8",
        "application /json",
        "application/json/x",
        'text/plain; a="',
        'text/plain; a="b\\',
        'text/plain; a="b"c',
        'text/plain; a="\n"',
        'text/plain; a="\x7f"',
        "text/plain; a=é",
        "text/plaîn",
        "text/plain\n",
    ],
)
def test_unreadable_content_type_is_none(value: str) -> None:
    """Row 100: an empty parameter, a parameter without value, a list or no type at all makes the header unreadable."""
    assert parse_content_type(value) is None


@pytest.mark.parametrize(
    ("media_type", "is_json"),
    [
        ("application/json", True),
        ("application/ld+json", True),
        ("application/vnd.api+json", True),
        ("image/x+json", True),
        ("text/json", False),
        ("application/jsonl", False),
        ("application/json-seq", False),
        ("text/plain", False),
    ],
)
def test_json_is_application_json_and_the_json_suffix(media_type: str, is_json: bool) -> None:
    """Row 95, on purpose other than there: `+json` is JSON; `text/json` is text."""
    assert ContentType(media_type, {}).is_json is is_json


def test_charset_is_none_unless_given() -> None:
    assert [ContentType("text/plain", params).charset for params in ({}, {"charset": "UTF-8"})] == [None, "UTF-8"]


@pytest.mark.parametrize(
    ("accept", "browser"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("application/json, Text/HTML ; q=0.1", True),
        ("text/html;level=1", True),
        ("*/*", False),
        ("text/*", False),
        ("", False),
        ("application/json", False),
        ("text/html;q=0", False),
        ("text/html; q = 0.000", False),
        ("text/html;q=0, */*", False),
        ("text/htmlx", False),
    ],
)
def test_browser_is_who_names_html(accept: str, browser: bool) -> None:
    assert is_browser(accept) is browser


# --- Charsets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        (None, b"\xc3\xa9\xff", "é\ufffd"),
        ("utf-8", b"\xc3\xa9", "é"),
        (" UTF8 ", b"\xc3\xa9", "é"),
        ("utf-8", b"\xef\xbb\xbfa", "a"),
        ("latin1", b"\xe9\x80", "é\x80"),
        ("iso-8859-1", b"\xe9", "é"),
        ("ascii", b"a\xe9", "a\ufffd"),
        ("us-ascii", b"a\xe9", "a\ufffd"),
        ("utf-16", "é".encode("utf-16-le"), "é"),
        ("utf-16", b"\xff\xfe\xe9\x00", "é"),
        ("utf-16", b"\xfe\xff\x00\xe9", "é"),
        ("utf-16le", b"\xff\xfe\xe9\x00", "é"),
        ("utf-16be", b"\x00\xe9", "é"),
        ("utf-16le", b"\xe9\x00\xe9", "é\ufffd"),
        ("utf-16le", b"\x00\xd8a\x00", "\ufffda"),
        ("ucs2", b"\xe9\x00", "é"),
        ("shift_jis", b"\x82\xa0", "あ"),
        ("gbk", b"\xb0\xa1", "啊"),
        ("gb18030", b"\xb0\xa1", "啊"),
        ("big5", b"\xa4\x40", "一"),
        ("euc-jp", b"\xa4\xa2", "あ"),
        ("euc-jp", b"\xff", "\ufffd"),
        ("euc-kr", b"\xb0\xa1", "가"),
        ("koi8-r", b"\xc1", "а"),
        ("iso-8859-2", b"\xb1", "ą"),
        ("iso-8859-15", b"\xa4", "€"),
        ("iso-8859-16", b"\xa4", "€"),
        ("iso-8859-3", b"a\xa5", "a\ufffd"),
        ("windows-1252", b"\x80\x81", "€\ufffd"),
        ("Windows-1251", b"\xe9", "й"),
        ("cp1258", b"\xfe", "₫"),
    ],
)
def test_text_is_decoded_by_its_charset(charset: str | None, data: bytes, text: str) -> None:
    """Row 101: the usual charsets are known in any case; what a charset has no character for becomes U+FFFD."""
    assert decode_text(data, charset) == text


@pytest.mark.parametrize(
    "charset",
    [
        "bogus",
        "",
        "base64",
        "hex",
        "punycode",
        "idna",
        "unicode_escape",
        "utf-7",
        "rot13",
        "zlib",
        "iso-8859-12",
        "cp037",
    ],
)
def test_other_charset_is_refused(charset: str) -> None:
    """Row 102: an unknown charset is an error, and so is a codec of Python that is no charset of texts."""
    with pytest.raises(UnknownCharset) as caught:
        decode_text(b"YQ==", charset)
    assert (str(caught.value), caught.value.charset) == (
        f"The charset {charset!r} is not known. Send the text as utf-8.",
        charset,
    )


@pytest.mark.parametrize("charset", ["iso-8859-3", "windows-1252", "windows-1255"])
def test_meaningless_bytes_do_not_cost_a_call_each(charset: str) -> None:
    """A megabyte of them would hold the event loop for a sixth of a second in Python's handler for such errors."""
    decode_text(b"", charset)

    def fail(error: UnicodeError) -> tuple[str, int]:
        raise error

    codecs.register_error("replace", fail)
    try:
        text = decode_text(bytes(range(256)), charset)
    finally:
        codecs.register_error("replace", codecs.replace_errors)
    assert len(text) == 256


# --- Header lines -----------------------------------------------------------------------------------------------------


def test_header_name_is_lower_cased() -> None:
    assert header_name("X-Request-Id") == b"x-request-id"


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\n", "a\n", "é", "a\0", "(a)", '"a"'])
def test_header_name_that_is_no_token_is_refused(name: str) -> None:
    """Row 75: a header's name is a token."""
    assert sentence(lambda: header_name(name)) == (
        f"{name!r} cannot be the name of a header. Use letters, digits and hyphens, for example 'x-request-id'."
    )


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("a", b"a"),
        ("", b""),
        ("  a b\t", b"a b"),
        ("a\tb", b"a\tb"),
        ("café", b"caf\xe9"),
        ("Ã\x83", b"\xc3\x83"),
    ],
)
def test_header_value_is_trimmed_latin_1(value: str, line: bytes) -> None:
    assert header_value("x-a", value) == line


@pytest.mark.parametrize("bad", ["\n", "\r", "\0", "\x01", "\x0b", "\x1f", "\x7f"])
@pytest.mark.parametrize("template", ["a{}b", "{}", "a{}"])
def test_control_character_in_a_header_is_refused(template: str, bad: str) -> None:
    """Row 75: a line break in a value is an error, not a second header."""
    value = template.format(bad)
    assert sentence(lambda: header_value("x-a", value)) == (
        f"Header 'x-a' cannot hold {value!r}: {bad!r} is a control character. "
        "Take it out, or percent-encode the value with urllib.parse.quote."
    )


def test_header_value_beyond_latin_1_is_refused() -> None:
    """Row 75: only Latin-1 can stand in a header."""
    assert sentence(lambda: header_value("x-a", "é😀")) == (
        "Header 'x-a' cannot hold 'é😀': '😀' is not Latin-1. Percent-encode the value with urllib.parse.quote."
    )


def test_header_value_that_is_no_text_is_refused() -> None:
    value: Any = 5
    assert sentence(lambda: header_value("x-a", value)) == (
        "Header 'x-a' cannot hold 5: it is no string. Convert it, for example with str()."
    )


# --- Redirects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/login",
        "login",
        "?q=1",
        "#f",
        "../x",
        "./a:b",
        "/a:b",
        "/x//y",
        "/?next=//x",
        "/a[]=1;b,c!$&'()*+@~",
        "http://host",
        "https://host/",
        "HTTPS://Host.Example:8443/x?y#z",
        "https://host?q=//x",
        "https://[::1]:8000/",
        "https://a_b.example/",
        "https://host/@user",
        "https://host/?a=b@c",
        "/x%20y%2F%zz%",
    ],
)
def test_plain_target_passes_as_it_is(url: str) -> None:
    """Row 66: paths, relative references and full http URLs are redirected to."""
    assert redirect_location(url) == url


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("/é😀", "/%C3%A9%F0%9F%98%80"),
        ("/café?q=ü#ß", "/caf%C3%A9?q=%C3%BC#%C3%9F"),
        ("/a b", "/a%20b"),
        ("/a ", "/a%20"),
        ("/a%20b c%", "/a%20b%20c%"),
        ("/a\\b", "/a%5Cb"),
        ("\\evil", "%5Cevil"),
        ("https://host/\\evil", "https://host/%5Cevil"),
        ("https://host/é", "https://host/%C3%A9"),
        ('/<script>"^`{|}', "/%3Cscript%3E%22%5E%60%7B%7C%7D"),
        ("\u3000//x", "%E3%80%80//x"),
    ],
)
def test_what_cannot_stand_in_a_url_is_percent_encoded(url: str, location: str) -> None:
    """Rows 63 and 64, on purpose other than there: non-ASCII and spaces are encoded, escapes are kept."""
    assert redirect_location(url) == location
    assert redirect_location(location) == location


ANOTHER_HOST = "a browser takes it for another host. Use a path with one leading slash, or 'https://host/…'."
NO_SLASHES = "a browser takes it for another host. Write two slashes: 'https://host/…'."
NO_HOST = "{!r} is no plain host. Write the host in ASCII ('xn--…' for a name that is not)."
USER_INFO = "the host is what follows the '@'. Leave out the name before it."
SCHEME = "the scheme {!r} is not http or https. For a relative path write './' before it."
SPACE = "a browser ignores the leading space. Strip the URL."


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("//evil", ANOTHER_HOST),
        ("///evil", ANOTHER_HOST),
        ("/\\evil", ANOTHER_HOST),
        ("\\\\evil", ANOTHER_HOST),
        ("\\/evil", ANOTHER_HOST),
        ("https:evil", NO_SLASHES),
        ("https:/evil", NO_SLASHES),
        ("https:\\\\evil", NO_SLASHES),
        ("https:", NO_SLASHES),
        ("https:///evil", NO_HOST.format("")),
        ("https://", NO_HOST.format("")),
        ("https://?x", NO_HOST.format("")),
        ("https://:80/", NO_HOST.format(":80")),
        ("https://\\evil", NO_HOST.format("\\evil")),
        ("https://good\\.evil/", NO_HOST.format("good\\.evil")),
        ("https://a b/", NO_HOST.format("a b")),
        ("https://a%2eb/", NO_HOST.format("a%2eb")),
        ("https://bücher.example/", NO_HOST.format("bücher.example")),
        ("https://good@evil/", USER_INFO),
        ("https://good:1@evil", USER_INFO),
        ("https://good\\@evil/", USER_INFO),
        ("javascript:alert(1)", SCHEME.format("javascript")),
        ("JavaScript://x", SCHEME.format("JavaScript")),
        ("data:text/html,x", SCHEME.format("data")),
        ("mailto:a@b", SCHEME.format("mailto")),
        ("a+b-c.d:x", SCHEME.format("a+b-c.d")),
        (" //evil", SPACE),
        (" /x", SPACE),
    ],
)
def test_target_that_a_browser_could_read_otherwise_is_refused(url: str, reason: str) -> None:
    """Hostile input E2: other schemes and forms that browsers take for another host are refused."""
    assert sentence(lambda: redirect_location(url)) == f"Cannot redirect to {url!r}: {reason}"


@pytest.mark.parametrize("bad", ["\r\n", "\n", "\t", "\0", "\x0b", "\x1f", "\x7f", "\x85", "\ud800"])
@pytest.mark.parametrize("template", ["/a{}b", "{}/a", "/a{}", "java{}script:x", "/{}/evil"])
def test_control_character_in_a_target_is_refused(template: str, bad: str) -> None:
    """Row 65 and hostile input E3: line breaks, tabs and other controls never reach the header."""
    url = template.format(bad)
    assert sentence(lambda: redirect_location(url)) == (
        f"Cannot redirect to {url!r}: {bad[0]!r} cannot stand in a URL. Take it out, or percent-encode it."
    )


def test_empty_target_is_refused() -> None:
    """Row 61, on purpose other than there: an empty URL is an error."""
    assert sentence(lambda: redirect_location("")) == "A redirect needs a URL, not ''. Use '/' for the root."


def test_long_target_is_cut_in_the_sentence() -> None:
    assert sentence(lambda: redirect_location("//" + "x" * 1000)) == (
        f"Cannot redirect to {'//' + 'x' * 78!r}…: a browser takes it for another host. "
        "Use a path with one leading slash, or 'https://host/…'."
    )


# --- Set-Cookie -------------------------------------------------------------------------------------------------------

PLAIN: dict[str, Any] = {
    "max_age": None,
    "expires": None,
    "path": None,
    "domain": None,
    "secure": False,
    "httponly": False,
    "samesite": None,
}


def set_cookie(name: Any = "a", value: Any = "b", **attributes: Any) -> bytes:
    return set_cookie_header(name, value, **{**PLAIN, **attributes})


def test_cookie_without_attributes_is_name_and_value() -> None:
    assert set_cookie("session", "x%20y") == b"session=x%20y"


def test_cookie_with_all_attributes_lists_them() -> None:
    assert (
        set_cookie(
            max_age=60,
            expires=datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
            path="/docs",
            domain="example.com",
            secure=True,
            httponly=True,
            samesite="lax",
        )
        == b"a=b; Max-Age=60; Domain=example.com; Path=/docs; Expires=Wed, 02 Jan 2030 03:04:05 GMT; "
        b"HttpOnly; Secure; SameSite=Lax"
    )


@pytest.mark.parametrize(
    ("attributes", "line"),
    [
        ({"max_age": 0}, b"a=b; Max-Age=0"),
        ({"max_age": -1}, b"a=b; Max-Age=-1"),
        ({"samesite": "strict"}, b"a=b; SameSite=Strict"),
        ({"samesite": "none", "secure": True}, b"a=b; Secure; SameSite=None"),
        ({"path": "/"}, b"a=b; Path=/"),
        ({"domain": ".a-b.example"}, b"a=b; Domain=.a-b.example"),
    ],
)
def test_cookie_attribute_is_written(attributes: dict[str, Any], line: bytes) -> None:
    assert set_cookie(**attributes) == line


def test_expiry_is_written_in_gmt() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2))
    assert set_cookie(expires=datetime.datetime(1970, 1, 1, 2, tzinfo=zone)) == (
        b"a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    )


def test_expiry_without_time_zone_is_refused() -> None:
    assert sentence(lambda: set_cookie(expires=datetime.datetime(2030, 1, 1))) == (
        "Cookie 'a' cannot have expires=datetime.datetime(2030, 1, 1, 0, 0): it has no time zone. "
        "Give one, for example datetime.now(UTC)."
    )


def test_expiry_out_of_range_in_gmt_is_refused() -> None:
    expires = datetime.datetime.max.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=-12)))
    assert sentence(lambda: set_cookie(expires=expires)) == (
        f"Cookie 'a' cannot have expires={expires!r}: UTC has no such year. Use max_age."
    )


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a;b", "a\n", "é", "a,b", '"a"', 5])
def test_cookie_name_that_is_no_token_is_refused(name: object) -> None:
    assert sentence(lambda: set_cookie(name)) == (
        f"{name!r} cannot be the name of a cookie. Use letters, digits, hyphens and underscores, "
        "for example 'session_id'."
    )


@pytest.mark.parametrize("bad", [" ", '"', ",", ";", "\\", "\n", "\r", "\0", "\t", "\x7f", "é", "😀"])
def test_cookie_value_of_other_characters_is_refused(bad: str) -> None:
    assert sentence(lambda: set_cookie(value=f"a{bad}b")) == (
        f"Cookie 'a' cannot hold {f'a{bad}b'!r}: {bad!r} is not allowed in a cookie. "
        "Percent-encode it with urllib.parse.quote; req.cookies decodes it."
    )


def test_cookie_value_that_is_no_text_is_refused() -> None:
    assert sentence(lambda: set_cookie(value=5)) == (
        "Cookie 'a' cannot hold 5: it is no string. Convert it, for example with str()."
    )


def test_cookie_of_4096_bytes_is_written() -> None:
    assert set_cookie("a", "x" * 4095) == b"a=" + b"x" * 4095


def test_longer_cookie_is_refused() -> None:
    assert sentence(lambda: set_cookie("a", "x" * 4096)) == (
        "Cookie 'a' has 4097 bytes of name and value, but browsers drop one of more than 4096. "
        "Keep the data on the server and a key to it in the cookie."
    )


@pytest.mark.parametrize("path", ["", "docs", "/a;b", "/a\n", "/é", "/\x7f"])
def test_bad_cookie_path_is_refused(path: str) -> None:
    assert sentence(lambda: set_cookie(path=path)) == (
        f"Cookie 'a' cannot have the path {path!r}. Start it with '/' and percent-encode semicolons, "
        "control characters and non-ASCII."
    )


@pytest.mark.parametrize("domain", ["", ".", "a..b", "a b", "a;b", "a\n", "é.example", "a.", "a/b", "a:1"])
def test_bad_cookie_domain_is_refused(domain: str) -> None:
    assert sentence(lambda: set_cookie(domain=domain)) == (
        f"Cookie 'a' cannot have the domain {domain!r}. Give a host name, for example 'example.com'."
    )


@pytest.mark.parametrize("max_age", ["60", 1.5, True])
def test_max_age_that_is_no_count_of_seconds_is_refused(max_age: object) -> None:
    assert sentence(lambda: set_cookie(max_age=max_age)) == (
        f"Cookie 'a' cannot have the max_age {max_age!r}. Give whole seconds."
    )


@pytest.mark.parametrize("samesite", ["Lax", "", "no", True])
def test_unknown_samesite_is_refused(samesite: object) -> None:
    assert sentence(lambda: set_cookie(samesite=samesite)) == (
        f"Cookie 'a' cannot have samesite={samesite!r}. Use 'lax', 'strict' or 'none'."
    )


def test_samesite_none_needs_secure() -> None:
    assert sentence(lambda: set_cookie(samesite="none")) == (
        "Cookie 'a' has samesite='none' without secure=True. Browsers drop it: set secure=True."
    )


@pytest.mark.parametrize("name", ["__Secure-a", "__secure-a"])
def test_secure_prefix_needs_secure(name: str) -> None:
    assert set_cookie(name, secure=True) == f"{name}=b; Secure".encode()
    assert sentence(lambda: set_cookie(name)) == (
        f"Cookie {name!r} needs secure=True: its name starts with '__Secure-'."
    )


def test_host_prefix_with_its_attributes_is_written() -> None:
    assert set_cookie("__Host-a", secure=True, path="/") == b"__Host-a=b; Path=/; Secure"


@pytest.mark.parametrize("name", ["__Host-a", "__HOST-a"])
@pytest.mark.parametrize(
    ("secure", "path", "domain"),
    [(False, "/", None), (True, "/x", None), (True, None, None), (True, "/", "example.com")],
)
def test_host_prefix_needs_its_attributes(name: str, secure: bool, path: str | None, domain: str | None) -> None:
    """Hostile input E5: the rules of `__Host-` are kept, in any case of its letters."""
    assert sentence(lambda: set_cookie(name, secure=secure, path=path, domain=domain)) == (
        f"Cookie {name!r} needs secure=True, path='/' and no domain: its name starts with '__Host-'. "
        f"It has secure={secure!r}, path={path!r} and domain={domain!r}."
    )


# --- Conditional requests ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "if_none_match",
    ['"a"', 'W/"a"', '"b", "a"', '"b","a","c"', '"b" , W/"a"', "*", " * ", ' ,, "a" ,', 'b, "a"', '"x y", "a"'],
)
def test_if_none_match_names_the_tag(if_none_match: str) -> None:
    """Row 49: the tag itself, its weak form, one in a list, and `*`."""
    assert etag_matches(if_none_match, '"a"') is True


@pytest.mark.parametrize("if_none_match", ["", '"b"', "a", "W/a", '"a', 'a"', '"A"', 'w/"a"', '"a"b', '"a""a"', "*a"])
def test_if_none_match_names_another_tag(if_none_match: str) -> None:
    """Row 50: another tag or an unquoted one does not match."""
    assert etag_matches(if_none_match, '"a"') is False


def test_weak_tag_of_our_own_matches_its_strong_form() -> None:
    assert etag_matches('"a"', 'W/"a"') is True


def test_comma_inside_a_tag_separates_nothing() -> None:
    assert [etag_matches('"a,b"', tag) for tag in ('"a,b"', '"a"', '"b"')] == [True, False, False]


def test_unquoted_tag_of_our_own_matches_only_the_star() -> None:
    assert [etag_matches(header, "a") for header in ("a", '"a"', "*")] == [False, False, True]


# --- Hostile length ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda: parse_query(b"&" * MEGABYTE),
        lambda: parse_query(b"%" * MEGABYTE),
        lambda: parse_query(b"a=%41&" * (MEGABYTE // 6)),
        lambda: parse_cookies("a=1;" * (MEGABYTE // 4)),
        lambda: parse_cookies(" " * MEGABYTE),
        lambda: parse_cookies('a="' * (MEGABYTE // 3)),
        lambda: parse_content_type("a/b;" + " " * MEGABYTE),
        lambda: parse_content_type('a/b;a="' + '\\"' * (MEGABYTE // 2)),
        lambda: parse_content_type("a/b" + ' ;\ta="b"' * (MEGABYTE // 8)),
        lambda: is_browser("text/html;q=0," * (MEGABYTE // 14)),
        lambda: etag_matches('"' * MEGABYTE, '"x"'),
        lambda: etag_matches('"a" ' * (MEGABYTE // 4), '"x"'),
        lambda: etag_matches('"a"' + " " * MEGABYTE, '"x"'),
        lambda: etag_matches(("a" + " " * 100 + ",") * (MEGABYTE // 102), '"x"'),
        lambda: decode_text(b"\xff" * MEGABYTE, "iso-8859-3"),
        lambda: decode_text(b"\x81" * MEGABYTE, "windows-1252"),
        lambda: decode_text(b"\x81" * MEGABYTE, "shift_jis"),
        lambda: redirect_location("/" + "é" * MEGABYTE),
        lambda: sentence(lambda: redirect_location("https://" + "a." * MEGABYTE + "@")),
        lambda: sentence(lambda: set_cookie(domain="a." * MEGABYTE)),
        lambda: sentence(lambda: set_cookie(value="a" * MEGABYTE + " ")),
        lambda: sentence(lambda: header_value("x-a", " " * MEGABYTE + "\n")),
    ],
)
def test_megabyte_takes_linear_time(call: Callable[[], object]) -> None:
    """Hostile input B4: long text costs in proportion to its length; quadratic work would take minutes."""
    before = time.process_time()
    call()
    assert time.process_time() - before < 5
