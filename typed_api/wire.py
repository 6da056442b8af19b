"""What stands on the wire: queries, cookies, media types, charsets, header lines, redirect targets, entity tags.

Owns the step between the text of HTTP and plain values, in both directions. Pure: nothing here knows ASGI or pydantic.
Reading never fails on a stranger's text unless the docstring says so, and takes time in proportion to its length;
writing refuses what cannot stand in a header, because a bad line splits a response or sends a browser elsewhere.
"""

import codecs
import datetime
import email.utils
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias, get_args
from urllib.parse import quote, unquote, unquote_to_bytes

__all__ = [
    "ContentType",
    "SameSite",
    "TooManyPairs",
    "UnknownCharset",
    "decode_text",
    "etag_matches",
    "group_pairs",
    "header_name",
    "header_value",
    "is_browser",
    "parse_content_type",
    "parse_cookies",
    "parse_pairs",
    "parse_query",
    "redirect_location",
    "set_cookie_header",
]

SameSite: TypeAlias = Literal["lax", "strict", "none"]
"""When a browser sends a cookie along with a request that another site caused."""

# RFC 9110 §5.6.2. Every pattern below is a run of one character class, or of alternatives that differ in their first
# character, and possessive where it repeats a group: none of them can backtrack over a stranger's text.
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_QUOTED_STRING: Final = re.compile(r'"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+)"')
_QUOTED_PAIR: Final = re.compile(r"\\(.)")
_OWS: Final = re.compile(r"[ \t]*")


def _shown(value: object) -> str:
    """Quote a value for an error sentence; a long text only by its beginning."""
    return f"{value[:80]!r}…" if isinstance(value, str) and len(value) > 80 else repr(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_token(value: object) -> bool:
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _is_whole_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# --- Queries and urlencoded forms -------------------------------------------------------------------------------------


class TooManyPairs(ValueError):
    """A urlencoded text has more pairs than its reader allows.

    Attributes:
        max_pairs: How many are allowed.
    """

    max_pairs: int

    def __init__(self, max_pairs: int) -> None:
        """Make the error.

        Args:
            max_pairs: How many are allowed.
        """
        super().__init__(f"More than {max_pairs} name and value pairs. Send fewer.")
        self.max_pairs = max_pairs


def parse_pairs(data: bytes, max_pairs: int | None) -> list[tuple[str, str]]:
    """Split `application/x-www-form-urlencoded` text into its pairs, in order.

    "+" and "%20" are a space, a malformed escape stands for itself, and bytes that are no UTF-8 become U+FFFD.

    Args:
        data: The text, as it came.
        max_pairs: How many pairs are allowed, counted by their separators, so that empty ones count too; None for any
            number.

    Returns:
        One (name, value) for each non-empty piece; a piece without "=" has the value "".

    Raises:
        TooManyPairs: If there are more, before anything is split.

    Reference:
        WHATWG URL §5.1, application/x-www-form-urlencoded parsing.
    """
    if not data:
        return []
    if max_pairs is not None and data.count(b"&") >= max_pairs:
        raise TooManyPairs(max_pairs)
    pairs: list[tuple[str, str]] = []
    if b"%" not in data and b"+" not in data:
        # Decoding before splitting is safe: a decoder never takes "&" or "=" for the rest of a broken sequence.
        for text in data.decode("utf-8", "replace").split("&"):
            if text:
                name, _, value = text.partition("=")
                pairs.append((name, value))
        return pairs
    for piece in data.replace(b"+", b" ").split(b"&"):
        if piece:
            raw_name, _, raw_value = piece.partition(b"=")
            pairs.append((_decode_escapes(raw_name), _decode_escapes(raw_value)))
    return pairs


def parse_query(text: bytes | str) -> dict[str, str | list[str]]:
    """Read a query string.

    Args:
        text: The query without its "?".

    Returns:
        By name, in the order of first appearance: the value, or a list of the values where the name is repeated.

    Reference:
        WHATWG URL §6.2, URLSearchParams.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return group_pairs(parse_pairs(data, None))


def group_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Gather pairs by their name.

    Args:
        pairs: Names and values, in order.

    Returns:
        By name, in the order of first appearance: the value, or a list of the values where the name is repeated.
    """
    grouped: dict[str, str | list[str]] = {}
    for name, value in pairs:
        known = grouped.get(name)
        if known is None:
            grouped[name] = value
        elif isinstance(known, str):
            grouped[name] = [known, value]
        else:
            known.append(value)
    return grouped


def _decode_escapes(raw: bytes) -> str:
    # On bytes, not on text: an escape and a raw byte may be two halves of one character.
    return (unquote_to_bytes(raw) if b"%" in raw else raw).decode("utf-8", "replace")


# --- Cookies ----------------------------------------------------------------------------------------------------------

_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def parse_cookies(header: str) -> dict[str, str]:
    """Read a `Cookie` header.

    The first of several cookies of one name wins: browsers put the one with the longest path first. A piece without
    "=" is skipped, outer quotes are dropped, and escapes are decoded; a value with a broken escape, or with one that is
    no UTF-8, stays as it is.

    Args:
        header: The header's value; several headers joined by "; ".
    """
    cookies: dict[str, str] = {}
    for piece in header.split(";"):
        name, equals, value = piece.partition("=")
        name = name.strip(" \t")
        if not equals or name in cookies:
            continue
        value = value.strip(" \t")
        if len(value) >= 2 and value[0] == value[-1] == '"':
            value = value[1:-1]
        cookies[name] = _decode_cookie(value) if "%" in value else value
    return cookies


def _decode_cookie(value: str) -> str:
    if _BROKEN_ESCAPE.search(value):
        return value
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        return value


# --- Media types ------------------------------------------------------------------------------------------------------


class ContentType(NamedTuple):
    """A parsed `Content-Type`."""

    media_type: str
    """Type and subtype, lower-cased: "text/html"."""

    params: Mapping[str, str]
    """The parameters by their lower-cased name; the first of one name wins."""

    @property
    def charset(self) -> str | None:
        """The `charset` parameter as it was written, or None."""
        return self.params.get("charset")

    @property
    def is_json(self) -> bool:
        """Whether the content is one JSON document: `application/json` or any `+json`; `text/json` is text."""
        return self.media_type == "application/json" or self.media_type.endswith("+json")


_NO_PARAMS: Final[Mapping[str, str]] = MappingProxyType({})


def parse_content_type(value: bytes | str) -> ContentType | None:
    """Read a `Content-Type` header.

    Stricter than RFC 9110 in one point: an empty parameter, as in `application/json;`, makes the whole unreadable.

    Args:
        value: The header's value.

    Returns:
        The media type and its parameters, or None when it cannot be read.

    Reference:
        RFC 9110 §8.3.1, media type, and §5.6.6, parameters.
    """
    text = (value.decode("latin-1") if isinstance(value, bytes) else value).strip(" \t")
    main = _TOKEN.match(text)
    if main is None or not text.startswith("/", main.end()):
        return None
    sub = _TOKEN.match(text, main.end() + 1)
    if sub is None:
        return None
    media_type = text[: sub.end()].lower()
    end = sub.end()
    if end == len(text):
        return ContentType(media_type, _NO_PARAMS)
    params: dict[str, str] = {}
    while end < len(text):
        end = _skip_ows(text, end)
        if not text.startswith(";", end):
            return None
        name = _TOKEN.match(text, _skip_ows(text, end + 1))
        if name is None:
            return None
        end = _skip_ows(text, name.end())
        if not text.startswith("=", end):
            return None
        end = _skip_ows(text, end + 1)
        token = _TOKEN.match(text, end)
        if token is not None:
            end = token.end()
            param = token[0]
        else:
            quoted = _QUOTED_STRING.match(text, end)
            if quoted is None:
                return None
            end = quoted.end()
            param = _QUOTED_PAIR.sub(r"\1", quoted[1])
        params.setdefault(name[0].lower(), param)
    return ContentType(media_type, params)


def _skip_ows(text: str, position: int) -> int:
    spaces = _OWS.match(text, position)
    return position if spaces is None else spaces.end()


_Q_VALUE: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def is_browser(accept: str) -> bool:
    """Tell whether an `Accept` header names `text/html` itself, as every browser's does and no program's by default.

    Args:
        accept: The header's value. A wildcard does not count, nor does a weight of zero.
    """
    for media_range in accept.split(","):
        name, *params = media_range.split(";")
        if name.strip(" \t").lower() == "text/html" and not any(_is_zero_weight(param) for param in params):
            return True
    return False


def _is_zero_weight(param: str) -> bool:
    name, _, weight = param.partition("=")
    if name.strip(" \t").lower() != "q":
        return False
    weight = weight.strip(" \t")
    return _Q_VALUE.fullmatch(weight) is not None and float(weight) == 0


# --- Charsets ---------------------------------------------------------------------------------------------------------


class UnknownCharset(ValueError):
    """A text is said to be in a charset that is not read here.

    Attributes:
        charset: The name that was given.
    """

    charset: str

    def __init__(self, charset: str) -> None:
        """Make the error.

        Args:
            charset: The name that was given.
        """
        super().__init__(f"The charset {_shown(charset)} is not known. Send the text as utf-8.")
        self.charset = charset


# An allow-list, not `codecs.lookup`: among Python's codecs are `punycode`, which takes seconds for a megabyte, and
# `idna`, `unicode_escape`, `utf-7` and others that no client has a reason to name.
_MULTI_BYTE_CODECS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "utf-8": "utf-8",
        "utf8": "utf-8",
        "ascii": "ascii",
        "us-ascii": "ascii",
        "latin1": "latin-1",
        "latin-1": "latin-1",
        "iso-8859-1": "latin-1",
        "iso8859-1": "latin-1",
        "utf-16": "utf-16-le",
        "utf16": "utf-16-le",
        "utf-16le": "utf-16-le",
        "utf16le": "utf-16-le",
        "ucs2": "utf-16-le",
        "ucs-2": "utf-16-le",
        "utf-16be": "utf-16-be",
        "utf16be": "utf-16-be",
        "shift_jis": "shift_jis",
        "shift-jis": "shift_jis",
        "sjis": "shift_jis",
        "gbk": "gbk",
        "gb2312": "gbk",
        "gb18030": "gb18030",
        "big5": "big5",
        "euc-jp": "euc_jp",
        "euc-kr": "euc_kr",
    }
)


def _single_byte_codecs() -> Mapping[str, str]:
    known = {"koi8-r": "koi8_r", "koi8-u": "koi8_u"}
    for number in (*range(2, 12), *range(13, 17)):
        known[f"iso-8859-{number}"] = known[f"iso8859-{number}"] = f"iso8859_{number}"
    for number in range(1250, 1259):
        known[f"windows-{number}"] = known[f"cp{number}"] = f"cp{number}"
    return MappingProxyType(known)


_SINGLE_BYTE_CODECS: Final[Mapping[str, str]] = _single_byte_codecs()
_single_byte_tables: Final[dict[str, str]] = {}

_BYTE_ORDER_MARKS: Final[Mapping[str, bytes]] = MappingProxyType(
    {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
)


def decode_text(data: bytes, charset: str | None) -> str:
    """Decode text of a charset that the sender names.

    A byte order mark is dropped, and tells the byte order of `utf-16`, which is little-endian without one.

    Args:
        data: The bytes of the text.
        charset: Its charset in any case, or None for utf-8. The Unicode ones, ASCII, ISO-8859-1 to -16, windows-1250
            to -1258, KOI8-R and -U, and the usual ones of East Asia are known.

    Returns:
        The text, with U+FFFD where the bytes mean nothing in that charset.

    Raises:
        UnknownCharset: If the charset is none of them.
    """
    name = "utf-8" if charset is None else charset.strip(" \t").lower()
    codec = _MULTI_BYTE_CODECS.get(name)
    if codec is not None:
        if name in ("utf-16", "utf16") and data.startswith(codecs.BOM_UTF16_BE):
            codec = "utf-16-be"
        mark = _BYTE_ORDER_MARKS.get(codec)
        return (data if mark is None else data.removeprefix(mark)).decode(codec, "replace")
    codec = _SINGLE_BYTE_CODECS.get(name)
    if codec is None:
        raise UnknownCharset(name if charset is None else charset)
    table = _single_byte_tables.get(codec)
    if table is None:
        # Bytes without a meaning are U+FFFD in the table already. Through Python's error handler they would cost a
        # call each, which lets a megabyte of them hold the event loop for a sixth of a second.
        table = "".join(bytes((byte,)).decode(codec, "replace") for byte in range(256))
        _single_byte_tables[codec] = table
    # A text is a mapping by index here, as in the standard library's own `encodings`; pyright's stubs do not know it.
    return codecs.charmap_decode(data, "strict", table)[0]  # pyright: ignore[reportArgumentType]


# --- Header lines -----------------------------------------------------------------------------------------------------

_HEADER_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_LATIN_1: Final = re.compile(r"[^\x00-\xff]")


def header_name(name: str) -> bytes:
    """Check a header's name and encode it, lower-cased, as ASGI wants it.

    Args:
        name: The name in any case.

    Raises:
        ValueError: If it is no token.

    Reference:
        RFC 9110 §5.1, field names.
    """
    if not _is_token(name):
        raise ValueError(
            f"{_shown(name)} cannot be the name of a header. Use letters, digits and hyphens, "
            "for example 'x-request-id'."
        )
    return name.lower().encode("ascii")


def header_value(name: str, value: str) -> bytes:
    """Check a header's value and encode it, without the spaces round it.

    Args:
        name: The header's name, for the error sentence.
        value: The value. Latin-1 beyond ASCII is sent as it is (RFC 9110 calls it obs-text).

    Raises:
        ValueError: If it has a character that cannot stand in a header: a line break, a NUL or another control
            character except the tab, or one beyond Latin-1.

    Reference:
        RFC 9110 §5.5, field values.
    """
    if not _is_text(value):
        raise ValueError(f"Header {name!r} cannot hold {value!r}: it is no string. Convert it, for example with str().")
    trimmed = value.strip(" \t")
    bad = _HEADER_CONTROL.search(trimmed)
    if bad is not None:
        raise ValueError(
            f"Header {name!r} cannot hold {_shown(value)}: {bad[0]!r} is a control character. "
            "Take it out, or percent-encode the value with urllib.parse.quote."
        )
    bad = _NOT_LATIN_1.search(trimmed)
    if bad is not None:
        raise ValueError(
            f"Header {name!r} cannot hold {_shown(value)}: {bad[0]!r} is not Latin-1. "
            "Percent-encode the value with urllib.parse.quote."
        )
    return trimmed.encode("latin-1")


# --- Redirects --------------------------------------------------------------------------------------------------------

# What RFC 3986 lets stand in a URL, and "%": escapes are kept as they are, which also makes encoding idempotent.
_URL_SAFE: Final = ":/?#[]@!$&'()*+,;=%"
_ANY_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_AUTHORITY: Final = re.compile(r"[^/?#]*")
_HOST_AND_PORT: Final = re.compile(r"(?:[A-Za-z0-9._~\-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")


def redirect_location(url: str) -> str:
    r"""Check and encode the target of a redirect.

    Passes a path with one leading slash, a relative reference (`login`, `?q=1`, `#f`, `../x`) and a full
    `http://host/…` or `https://host/…`. Spaces, backslashes, non-ASCII and whatever else cannot stand in a URL are
    percent-encoded; existing escapes are kept, so that encoding twice changes nothing.

    Refused is what a browser may take for another place than the program that wrote it: other schemes, `//host`,
    `/\host`, `https:host`, a name before the host (`https://good@evil/`), a host that is not plain ASCII; and control
    characters, which browsers drop or which split the response.

    Args:
        url: The target.

    Returns:
        The value of `Location`, ASCII only.

    Raises:
        ValueError: If the target is refused.

    Reference:
        RFC 3986; WHATWG URL §4.4, where browsers read backslashes as slashes and drop tabs and line breaks.
    """
    if not url:
        raise ValueError("A redirect needs a URL, not ''. Use '/' for the root.")
    bad = _ANY_CONTROL.search(url) or _SURROGATE.search(url)
    if bad is not None:
        raise _bad_redirect(url, f"{bad[0]!r} cannot stand in a URL", "Take it out, or percent-encode it")
    if url[0] == " ":
        raise _bad_redirect(url, "a browser ignores the leading space", "Strip the URL")
    if url[0] in "/\\" and url[1:2] in ("/", "\\"):
        raise _bad_redirect(
            url, "a browser takes it for another host", "Use a path with one leading slash, or 'https://host/…'"
        )
    scheme = _SCHEME.match(url)
    if scheme is not None:
        _check_absolute(url, scheme)
    return quote(url, safe=_URL_SAFE)


def _check_absolute(url: str, scheme: re.Match[str]) -> None:
    if scheme[1].lower() not in ("http", "https"):
        raise _bad_redirect(
            url, f"the scheme {_shown(scheme[1])} is not http or https", "For a relative path write './' before it"
        )
    if not url.startswith("//", scheme.end()):
        raise _bad_redirect(url, "a browser takes it for another host", "Write two slashes: 'https://host/…'")
    authority = _AUTHORITY.match(url, scheme.end() + 2)
    host = "" if authority is None else authority[0]
    if "@" in host:
        raise _bad_redirect(url, "the host is what follows the '@'", "Leave out the name before it")
    if _HOST_AND_PORT.fullmatch(host) is None:
        raise _bad_redirect(
            url, f"{_shown(host)} is no plain host", "Write the host in ASCII ('xn--…' for a name that is not)"
        )


def _bad_redirect(url: str, reason: str, mend: str) -> ValueError:
    return ValueError(f"Cannot redirect to {_shown(url)}: {reason}. {mend}.")


# --- Set-Cookie -------------------------------------------------------------------------------------------------------

_NOT_COOKIE_OCTET: Final = re.compile(r"[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]")
_NOT_COOKIE_PATH: Final = re.compile(r"[^\x20-\x3a\x3c-\x7e]")
_COOKIE_DOMAIN: Final = re.compile(r"\.?[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]+)*+")
_COOKIE_LIMIT_BYTES: Final = 4096


def set_cookie_header(
    name: str,
    value: str,
    *,
    max_age: int | None,
    expires: datetime.datetime | None,
    path: str | None,
    domain: str | None,
    secure: bool,
    httponly: bool,
    samesite: SameSite | None,
) -> bytes:
    """Write the value of a `Set-Cookie` header.

    Nothing has a default here: which attributes a cookie gets unasked is the response's policy.

    Args:
        name: A token; case-sensitive.
        value: Printable ASCII without spaces, quotes, commas, semicolons and backslashes.
        max_age: Seconds to live; zero or less removes the cookie.
        expires: When it ends, with a time zone; `max_age` beats it.
        path: Where it is sent, starting with "/".
        domain: The host it is sent to, with its subdomains; None for this host alone.
        secure: Whether only over https.
        httponly: Whether hidden from scripts.
        samesite: Whether sent along from other sites; None leaves the choice to the browser.

    Raises:
        ValueError: If a part cannot stand in the header, or if browsers would drop the cookie: too long, or against
            the rules of `SameSite=None`, `__Host-` and `__Secure-`.

    Reference:
        RFC 6265 §4.1; its revision, draft-ietf-httpbis-rfc6265bis §4.1.3, for the prefixes.
    """
    if not _is_token(name):
        raise ValueError(
            f"{_shown(name)} cannot be the name of a cookie. Use letters, digits, hyphens and underscores, "
            "for example 'session_id'."
        )
    _check_cookie_value(name, value)
    if len(name) + len(value) > _COOKIE_LIMIT_BYTES:
        raise ValueError(
            f"Cookie {_shown(name)} has {len(name) + len(value)} bytes of name and value, but browsers drop one of "
            f"more than {_COOKIE_LIMIT_BYTES}. Keep the data on the server and a key to it in the cookie."
        )
    _check_cookie_flags(name, path=path, domain=domain, secure=secure, samesite=samesite)
    parts = [f"{name}={value}"]
    if max_age is not None:
        if not _is_whole_number(max_age):
            raise ValueError(f"Cookie {name!r} cannot have the max_age {max_age!r}. Give whole seconds.")
        parts.append(f"Max-Age={max_age}")
    if domain is not None:
        if _COOKIE_DOMAIN.fullmatch(domain) is None:
            raise ValueError(
                f"Cookie {name!r} cannot have the domain {_shown(domain)}. Give a host name, for example 'example.com'."
            )
        parts.append(f"Domain={domain}")
    if path is not None:
        if not path.startswith("/") or _NOT_COOKIE_PATH.search(path) is not None:
            raise ValueError(
                f"Cookie {name!r} cannot have the path {_shown(path)}. Start it with '/' and percent-encode "
                "semicolons, control characters and non-ASCII."
            )
        parts.append(f"Path={path}")
    if expires is not None:
        parts.append(f"Expires={_format_expires(name, expires)}")
    if httponly:
        parts.append("HttpOnly")
    if secure:
        parts.append("Secure")
    if samesite is not None:
        parts.append(f"SameSite={samesite.capitalize()}")
    return "; ".join(parts).encode("ascii")


def _check_cookie_value(name: str, value: str) -> None:
    if not _is_text(value):
        raise ValueError(f"Cookie {name!r} cannot hold {value!r}: it is no string. Convert it, for example with str().")
    bad = _NOT_COOKIE_OCTET.search(value)
    if bad is not None:
        raise ValueError(
            f"Cookie {name!r} cannot hold {_shown(value)}: {bad[0]!r} is not allowed in a cookie. "
            "Percent-encode it with urllib.parse.quote; req.cookies decodes it."
        )


def _check_cookie_flags(
    name: str, *, path: str | None, domain: str | None, secure: bool, samesite: SameSite | None
) -> None:
    if samesite is not None and samesite not in get_args(SameSite):
        raise ValueError(f"Cookie {name!r} cannot have samesite={samesite!r}. Use 'lax', 'strict' or 'none'.")
    if samesite == "none" and not secure:
        raise ValueError(f"Cookie {name!r} has samesite='none' without secure=True. Browsers drop it: set secure=True.")
    # Browsers compare the prefixes without regard to case, so that '__host-' does not slip past the rule.
    prefix = name.lower()
    if prefix.startswith("__secure-") and not secure:
        raise ValueError(f"Cookie {name!r} needs secure=True: its name starts with '__Secure-'.")
    if prefix.startswith("__host-") and not (secure and path == "/" and domain is None):
        raise ValueError(
            f"Cookie {name!r} needs secure=True, path='/' and no domain: its name starts with '__Host-'. "
            f"It has secure={secure!r}, path={path!r} and domain={domain!r}."
        )


def _format_expires(name: str, expires: datetime.datetime) -> str:
    if expires.utcoffset() is None:
        raise ValueError(
            f"Cookie {name!r} cannot have expires={expires!r}: it has no time zone. "
            "Give one, for example datetime.now(UTC)."
        )
    try:
        return email.utils.format_datetime(expires.astimezone(datetime.UTC), usegmt=True)
    except OverflowError:
        raise ValueError(
            f"Cookie {name!r} cannot have expires={expires!r}: UTC has no such year. Use max_age."
        ) from None


# --- Conditional requests ---------------------------------------------------------------------------------------------

# The tag must end its piece of the list: `"a"b` is no tag followed by something, it is no tag.
_ENTITY_TAG: Final = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*+")[ \t]*+(?:,|\Z)')
_TAG_SEPARATORS: Final = re.compile(r"[ \t,]*")


def etag_matches(if_none_match: str, etag: str) -> bool:
    """Tell whether `If-None-Match` names the current entity tag, so that 304 is the answer.

    Tags are compared weakly: `W/"a"` and `"a"` are the same. Whatever is no quoted tag is skipped.

    Args:
        if_none_match: The request header's value; several headers joined by ", ".
        etag: The tag of the current representation, quoted.

    Reference:
        RFC 9110 §13.1.2, If-None-Match, and §8.8.3.2, comparison.
    """
    if if_none_match.strip(" \t") == "*":
        return True
    wanted = etag.removeprefix("W/")
    position = 0
    while position < len(if_none_match):
        separators = _TAG_SEPARATORS.match(if_none_match, position)
        position = position if separators is None else separators.end()
        tag = _ENTITY_TAG.match(if_none_match, position)
        if tag is not None:
            if tag[1] == wanted:
                return True
            position = tag.end()
        else:
            comma = if_none_match.find(",", position)
            if comma < 0:
                return False
            position = comma + 1
    return False
