"""What Next.js API routes do, row by row, whether typed_api does the same, and which tests prove it.

Owns the list of rows and the way a test claims one: the docstring of a test function that begins with `Row 7:`,
`Rows 7, 9–11:` or `Rows 7 and 9 (deviate):` proves those rows. The facts are those of Next.js 16 in production, in our
words; what a row's tests say is what typed_api does. Rows about revalidation and previews come after these.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["README_ROWS", "ROWS", "TOO_FINE_FOR_README", "Proof", "Row", "find_proofs", "read_claim"]


@dataclass(frozen=True, slots=True)
class Row:
    """One fact about the reference."""

    fact: str
    """What Next.js does."""
    verdict: str
    """`mirrored`, `deviates: …` with what we do instead and why, or `not applicable: …` with the reason."""

    @property
    def is_mirrored(self) -> bool:
        """Whether we do the same."""
        return self.verdict == "mirrored"

    @property
    def deviates(self) -> bool:
        """Whether we do something else on purpose."""
        return self.verdict.startswith("deviates: ")


def _same(fact: str) -> Row:
    return Row(fact, "mirrored")


def _other(fact: str, instead: str) -> Row:
    return Row(fact, f"deviates: {instead}")


def _none(fact: str, reason: str) -> Row:
    return Row(fact, f"not applicable: {reason}")


_RESPONSES: Final[Mapping[int, Row]] = {
    # res.status
    1: _same("`res.status(201)` sets the status and gives the response back; the last call wins."),
    2: _other("`res.status('201')` is 201.", "a status is an integer; anything else is refused at once"),
    3: _other("`res.status(200.7)` is 200.", "a status is an integer; anything else is refused at once"),
    4: _other(
        "`res.status(1000)` passes, and sending fails later with a 500 that keeps headers of the answer.",
        "refused by `res.status` at once, and the 500 has nothing of the answer",
    ),
    5: _other(
        "`res.status(999)` and `res.status(299)` are sent, without a reason phrase.",
        "299 is sent, 999 refused: HTTP ends with 200 to 599",
    ),
    6: _same("The reason phrase of 418 is `I'm a Teapot`."),
    7: _other(
        "`res.status(103).send('x')` sends an interim response with a length and no body.",
        "refused at once: an interim status is no answer",
    ),
    8: _other("`res.status()` after the answer does nothing.", "raises `ResponseAlreadySent`; the answer stands"),
    9: _same("`res.status(404).end()` and `.send()` are a 404 with no body, no content type and no entity tag."),
    10: _other("`res.status(205).send('abc')` sends the body.", "the body is dropped: 205 has none by RFC 9110"),
    # res.send
    11: _other(
        "Text goes out with an entity tag and its length, and without a content type.",
        "it is `text/plain; charset=utf-8`, lest a browser guess",
    ),
    12: _same("Empty text has an entity tag and the length 0."),
    13: _same("The length of text is counted in bytes of UTF-8."),
    14: _same("Text keeps a content type that was set before."),
    15: _same("An object or array is sent as compact JSON with its content type, length and an entity tag."),
    16: _other(
        "A JSON body overwrites `application/vnd.api+json` that was set before.",
        "a JSON media type of the handler's own is kept",
    ),
    17: _same("A number is sent as JSON."),
    18: _other("NaN and Infinity are sent as `null`.", "refused: a number must not turn into nothing"),
    19: _same("A bool is sent as JSON."),
    20: _same("Nothing is sent as an empty body with no entity tag, and no content type but one that was set."),
    21: _same("Bytes are `application/octet-stream` unless a content type was set, with length and entity tag."),
    22: _same("No bytes are an octet stream of length 0 with an entity tag."),
    23: _none("A Uint8Array is sent as a JSON object of numbers.", "every bytes-like object of Python is bytes"),
    24: _other(
        "A Date is sent as ISO text in JSON, an Error or Map as `{}`.",
        "a date is ISO text as pydantic writes it (`00Z`, not `00.000Z`); an exception is refused",
    ),
    25: _same("A stream is an octet stream unless a content type was set, chunked, without entity tag or 304."),
    26: _other(
        "A stream that fails midway leaves the connection open, and the client waits.",
        "the connection is cut, so that the client knows",
    ),
    27: _other("A circular object is a 500, and the log says why.", "the same 500, as problem+json"),
    28: _other("A bigint or symbol is a 500.", "Python has one kind of int, and any size of it is a JSON number"),
    29: _other(
        "A function is a 500 that keeps the entity tag of an empty text.",
        "what has no JSON is a 500 with nothing of the answer",
    ),
    30: _other("An ETag that was set before is overwritten.", "it is kept, and compared with If-None-Match"),
    31: _same("A Cache-Control of the handler is kept, on the 304 too."),
    # res.json
    32: _same("`res.json` sends the JSON text with its content type, length and an entity tag."),
    33: _same("`res.json` of text is the quoted text."),
    34: _same("`res.json` of null is `null`."),
    35: _other(
        "`res.json()` without a body is an empty document of type JSON.",
        "an error: nothing is no JSON",
    ),
    36: _other("`res.json` of '', 0 and a bool is its JSON, of NaN `null`.", "the same, but NaN is refused"),
    37: _other(
        "Undefined, functions and NaN inside an array become `null`.",
        "None is null; functions and NaN are refused",
    ),
    38: _other(
        "Keys with undefined are dropped, a Date is ISO text, Map, Set, RegExp and Error are `{}`.",
        "None stays as null, a date is ISO text, a set an array and a pattern its text, as pydantic writes them",
    ),
    39: _other(
        "`toJSON()` says how an object is written; a Buffer is an object of numbers.",
        "pydantic's serializers say it; bytes inside a document are text",
    ),
    40: _other(
        "Non-ASCII, U+2028 and `<>&/` are left raw; half of a surrogate pair is escaped.",
        "the same, but half of a surrogate pair is refused: UTF-8 cannot hold it",
    ),
    41: _other(
        "A circular object given to `res.json` is a 500 that keeps the JSON content type.",
        "a 500 as problem+json with nothing of the answer",
    ),
    42: _other(
        "A bigint inside an object is a 500.", "Python has one kind of int, and any size of it is a JSON number"
    ),
    # 204, 304, HEAD, methods
    43: _same("A body given to 204 is dropped with its type, length and encoding; development warns of it."),
    44: _other(
        "`res.status(204).send()` keeps a content type that was set before.",
        "204 has no content type, whatever it was sent with",
    ),
    45: _same("304 has no body and no headers of one, with `json` and with `send()`."),
    46: _same("HEAD has status and headers of GET without the body, also for redirects, exceptions and 304."),
    47: _other(
        "Every method reaches the handler; there is no 405 and no automatic OPTIONS.",
        "`handler` gets the seven usual methods; functions per method, 405 with Allow, OPTIONS and HEAD are built in",
    ),
    48: _none("A page answers a method other than GET and HEAD with 405.", "pages are not served yet"),
    # Entity tags and conditional requests
    49: _other(
        "If-None-Match that is equal, weak, in a list or `*` is a 304 with the tag and without a body.",
        "the same, for GET and HEAD with 200",
    ),
    50: _same("An unequal or unquoted If-None-Match is a 200."),
    51: _same("`Cache-Control: no-cache` in the request beats a match; `max-age=0` and `Pragma` do not."),
    52: _other(
        "If-Modified-Since without Last-Modified is a 200, even beside a matching If-None-Match.",
        "If-None-Match decides alone where it is given (RFC 9110 §13.1.3)",
    ),
    53: _other(
        "A match is a 304 for POST and for 201, 404 or 500 too.",
        "304 is for GET and HEAD with 200 (RFC 9110 §13.2.2)",
    ),
    54: _same("Nothing, `res.end` and streams are never conditional."),
    55: _none(
        "`generateEtags: false` in next.config does nothing for API routes.",
        "there is no next.config; `RouteConfig(etag=False)` leaves the tag off",
    ),
}

_ENDINGS: Final[Mapping[int, Row]] = {
    # res.redirect
    56: _other(
        "`res.redirect('/login')` is a 307 with Location and the URL as its body, without a content type.",
        "the same, with the body typed as text like any other",
    ),
    57: _same("`res.redirect` takes 301, 302, 303 and 308 before the URL."),
    58: _other(
        "Other arguments of `res.redirect` throw a sentence that says how to call it: a 500.",
        "the same sentence; the 500 is problem+json",
    ),
    59: _other(
        "`res.redirect('301', '/x')` redirects to `301`, and `res.redirect('/x', 301)` to `/x`.",
        "refused like any other wrong arguments",
    ),
    60: _other(
        "`res.redirect(200, '/x')` is a 200 with Location; 1000 is a 500 that keeps Location.",
        "301, 302, 303, 307 and 308 only; the rest is refused at once, and the 500 has no Location",
    ),
    61: _other("`res.redirect('')` is a 307 with an empty Location.", "refused at once"),
    62: _same("`res.status(201).redirect('/x')` is a 307."),
    63: _other("A URL with characters above U+00FF is a 500.", "percent-encoded"),
    64: _other("Latin-1 characters and spaces in a URL are sent raw.", "percent-encoded"),
    65: _other(
        "A line break in a URL is a 500, and no header is injected.",
        "the same, refused by `res.redirect` itself with a sentence of its own",
    ),
    66: _other(
        "`//host`, `javascript:` and every other URL pass unchanged.",
        "absolute http URLs and relative ones do; what a browser may take for another place is refused",
    ),
    67: _other("`res.redirect` returns the response.", "it returns `Sent`, the proof that the handler answered"),
    # A second answer, late writes, headers
    68: _other(
        "The first of two answers goes out, and the second is ignored in silence.",
        "the second raises `ResponseAlreadySent`; the first stands",
    ),
    69: _other("Headers and status set after the answer are ignored in silence.", "they raise; the answer stands"),
    70: _other(
        "A redirect after an answer is logged as an error, and the first answer goes out.",
        "it raises `ResponseAlreadySent`; the first stands",
    ),
    71: _none("`res.write('abc')` before `res.send('def')` sends both.", "a body in pieces is an iterator (row 25)"),
    72: _none(
        "`res.writeHead(202, {…})` before `res.send` is kept.", "there is no second way to set status and headers"
    ),
    73: _other(
        "An exception after `res.send` is logged, and the answer stands.",
        "a 500: an answer leaves when the handler has returned",
    ),
    74: _none(
        "An exception after `res.write('part')` appends `Internal Server Error` to the body.",
        "there is no `res.write`; a stream that fails is cut off (row 26)",
    ),
    75: _same("A line break or a character above U+00FF in a header, or a name that is no token, is a 500."),
    76: _same("Several Set-Cookie headers are a line each."),
    # Exceptions and results
    77: _other(
        "An exception is a 500 with the text `Internal Server Error` and the headers set before; "
        "development shows an HTML page.",
        "a 500 as problem+json with none of those headers; development shows a page to browsers alone",
    ),
    78: _same("A status on an exception is ignored: 500."),
    79: _other(
        "A body that cannot be read is answered with a status and words, which are reason phrase and body.",
        "the words are the `detail` of a problem; ASGI has no reason phrase",
    ),
    80: _other(
        "The class of such errors is private, and thrown by a handler it is a 500.",
        "`ApiError` is public and answered as what it says",
    ),
    81: _none("`onRequestError` of the instrumentation is called.", "there are no instrumentation files"),
    82: _same("A value returned after the answer is ignored; development warns of it."),
    83: _other("A value returned instead of an answer leaves the request hanging.", "500, and a log line"),
    84: _other("A `Response` returned leaves the request hanging.", "500, and a log line"),
    85: _other("A handler without an answer leaves the request hanging.", "500, and a log line that names it"),
    86: _other(
        "An answer may be sent from a timer, after the handler has returned.",
        "500: an answer is given before the handler returns",
    ),
    87: _none(
        "A module without a default export is a 500 for each request.",
        "Python has no default export; a route module without a handler is an error at start",
    ),
    88: _none("A CommonJS module works.", "Python has one kind of module"),
}

_BODIES: Final[Mapping[int, Row]] = {
    89: _same("`application/json`, in any case and with any parameters, and `application/ld+json` are parsed."),
    90: _same("An empty JSON body is `{}`, for GET too."),
    91: _same("A JSON body of white space is a 400 `Invalid JSON`."),
    92: _same("Any JSON value is taken, not only objects."),
    93: _other(
        "Malformed JSON is a 400 with `Invalid JSON` as reason phrase and body; the handler is not called.",
        "the same status and words, as problem+json",
    ),
    94: _other(
        "The last of duplicate keys wins; a byte order mark is dropped, broken UTF-8 replaced, 1e400 is Infinity.",
        "the last key wins; a byte order mark, broken UTF-8 and infinite numbers are 400; integers stay exact",
    ),
    95: _other("`+json` types other than ld+json are strings, not parsed.", "every `+json` is parsed"),
    96: _other(
        "A urlencoded form is flat, repeated keys are arrays, and keys after the 1,000th are dropped.",
        "the same, but more than 1,000 is a 413",
    ),
    97: _other(
        "Any other content type, and none, gives a string, with what cannot be decoded replaced.",
        "text and XML are strings, the rest is bytes",
    ),
    98: _other("An empty body of such a type is `''`.", "`''` for text, no bytes for the rest, None without a type"),
    99: _other(
        "A multipart form is a string of no use.",
        "undeclared it is its bytes, and `Form[Model]` reads it",
    ),
    100: _same("A content type that cannot be read counts as text, without an error."),
    101: _other(
        "Text is decoded by its charset, of which a library knows many, base64 and hex among them.",
        "an allow-list of charsets for text",
    ),
    102: _other("An unknown charset is a 400 `Invalid body`.", "the same status and words, as problem+json"),
    103: _other(
        "A compressed body is not inflated, so that JSON is a 400.",
        "415 under any content type: inflating is left to a proxy",
    ),
    104: _same("A body in chunks is taken."),
    105: _same("A client that goes away amid its body reads no answer."),
    106: _other(
        "A body over the limit is a 413 `Body exceeded 1mb limit`, with the limit as configured.",
        "the same status and words, as problem+json",
    ),
    107: _same("A body of exactly the limit, by default 1,048,576 bytes, is taken."),
    # config
    108: _same("With the parser off there is no `req.body`, no limit, and malformed JSON is the handler's business."),
    109: _same("The parser is on, with 1mb, unless it is switched off."),
    110: _same("A limit may be a size such as `500kb`, which is 512,000 bytes."),
    111: _other(
        "A limit may be a number of bytes, told as `Body exceeded 10 limit`.",
        "the same status and words, as problem+json",
    ),
    112: _other("A limit of 0 is the default.", "an error at start"),
    113: _other("A limit that is no size is no limit.", "an error at start"),
    114: _other(
        "Units are binary and of any case, decimals are floored, and what follows a number is ignored.",
        "the same, but a unit that is not known is an error at start",
    ),
    115: _same("An answer of 4 MiB or more, or of the limit that is set, is sent and logged as too large."),
    116: _none(
        "`externalResolver` silences the warning about a handler that sends nothing.",
        "such a handler is a 500 (row 85)",
    ),
    117: _none("`maxDuration` and `regions` are read by the platform.", "they are settings of one hosting platform"),
    118: _none("`runtime: 'edge'` changes the handler's signature.", "there is one runtime"),
    119: _none("The TypeScript type of `config` refuses `bodyParser: true`.", "`RouteConfig` is typed as it works"),
    # req.query and req.url
    120: _same("A query that is missing, empty or separators alone is `{}`."),
    121: _same("One value is a string, several are an array in their order."),
    122: _same("`a` and `a=` are an empty value, `=v` has an empty name, further equals signs are the value's."),
    123: _same("`+` is a space, `;` no separator, a broken escape stays, broken UTF-8 is replaced; never a 400."),
    124: _same("`a[]`, `a[b]` and `a.b` are flat names."),
    125: _same("1,502 names are all kept."),
    126: _same("A path parameter beats a query parameter of its name."),
    127: _same("The array of a catch-all beats a query parameter of its name."),
    128: _other(
        "At the root of an optional catch-all a query parameter takes its name.",
        "never: a query cannot fill a path parameter",
    ),
    129: _other(
        "`constructor`, `__proto__` and names that begin with `nxtP` are garbled or dropped.",
        "they are names like any other",
    ),
    130: _other("`req.query`, `cookies` and `body` can be assigned.", "read-only"),
    131: _other("`req.url` is path and query, serialised again.", "path and query as they were sent"),
}

_ROUTING: Final[Mapping[int, Row]] = {
    132: _same("`index` names the folder's own URL; `/api/index` falls to a parameter if there is one."),
    133: _other(
        "A module beside a folder of its name is built, and the folder's index is served.",
        "an error at start that names both",
    ),
    134: _other(
        "`_private.js`, `dot.name.js` and `data.json.js` are ordinary routes.",
        "a leading underscore is private; a dotted segment is given by `RouteConfig(segment=…)`",
    ),
    135: _same("Static beats one segment beats catch-all beats optional catch-all, segment by segment from the left."),
    136: _same("Routes are tried in that order, siblings by name."),
    137: _same("A catch-all needs one segment and is always an array."),
    138: _other(
        "An optional catch-all has no key at its root, and `/api/opt/index` counts as the root.",
        "the same, but `index` in a URL is a value like any other",
    ),
    139: _other(
        "A path parameter is percent-decoded segment by segment; `%2F`, `%00` and `%0A` are accepted, `+` stays.",
        "the same, but `%00` is a 400",
    ),
    140: _other(
        "A malformed escape in a path parameter is a 400 with an HTML page.",
        "the same status, as problem+json",
    ),
    141: _same("Static segments are compared undecoded and by case."),
    142: _other(
        "A name that is bracketed in part, such as `[a]x.js`, is a literal route.",
        "every bracket name is an error at start that says the new name",
    ),
    143: _other("An unknown API path is a 404 with an HTML page.", "a 404 as problem+json"),
    144: _same("A trailing slash is a 308 to the path without it, for any method, query kept."),
    145: _none("`trailingSlash: true` turns that round.", "there is no such setting"),
    146: _other("`//` and a backslash in the path are a 308 to the collapsed path.", "404: nothing is collapsed"),
    147: _other("`.` and `..` segments are resolved before routing.", "404: nothing is resolved"),
    148: _other(
        "Bytes beyond ASCII in the request line, a bad length and unknown methods are 400; over 16 KB of head is 431.",
        "the same 400 of the server's; an unknown method it lets pass is a 405, a URL over 64 KB a 414",
    ),
    149: _same("A route beside `/api` whose name begins with `api` is independent of it."),
    # Conflicts
    150: _same("Two one-segment names in one folder do not build."),
    151: _same("One name twice in a path does not build."),
    152: _other(
        "Two names in a path that differ by non-word characters alone do not build.",
        "a name with such a character is no identifier and is refused; two identifiers that differ are two",
    ),
    153: _same("Anything below a catch-all does not build."),
    154: _same("`[[a]]` does not build."),
    155: _same("A catch-all beside an optional catch-all does not build."),
    156: _same("Nor does an optional catch-all found before the catch-all."),
    157: _same("An optional catch-all beside a route for its root does not build."),
    158: _same("`[.a]` and other misplaced periods do not build."),
    159: _same("`[[...id]` and other unbalanced brackets do not build."),
    160: _same("`[…id]`, with one character for the three dots, does not build."),
    161: _same("One segment beside a catch-all is allowed, under any names."),
    162: _same("One path that two modules serve, one in each router, does not build."),
    163: _none("A static export drops API routes with a warning.", "there is no static export"),
}

_COOKIES: Final[Mapping[int, Row]] = {
    164: _same("Without a Cookie header there are no cookies; a trailing semicolon adds none."),
    165: _same("The first of two cookies of one name wins; names differ by case."),
    166: _same("Quotes round a whole value are dropped, others stay."),
    167: _same("Values are percent-decoded; one that cannot be stays as it is."),
    168: _same("A piece without `=` is skipped; names and values may be empty; `,` and `+` are literal."),
    169: _same("Two Cookie headers count as one."),
    170: _other(
        "Raw UTF-8 is seen as Latin-1, and `__proto__` is dropped.",
        "the same, but `__proto__` is a name like any other",
    ),
    171: _other("There is no helper that writes a cookie.", "`res.set_cookie` and `res.delete_cookie`"),
}

ROWS: Final[Mapping[int, Row]] = {**_RESPONSES, **_ENDINGS, **_BODIES, **_ROUTING, **_COOKIES}
"""Every row by its number."""

README_ROWS: Final[Mapping[str, tuple[int, ...]]] = {
    "`[id].js`, `[...path].js`, `[[...path]].js`": (142,),
    "`_private.js` is a route": (134,),
    "any method reaches the handler": (47,),
    "nothing sent: the request hangs": (83, 84, 85, 86),
    "a second answer is ignored": (8, 68, 69, 70),
    "an exception after an answer: the answer stands": (73,),
    "a 500 keeps headers set before": (4, 27, 29, 41, 58, 60, 77),
    "`res.status(1000)` fails later, `redirect(200, …)` passes": (2, 3, 4, 5, 7, 59, 60, 61),
    "NaN and Infinity become `null`": (18, 36, 37),
    "redirects to `//host` or `javascript:` pass; non-ASCII is sent raw": (63, 64, 65, 66),
    "304 for any method and status; an own `ETag` or JSON media type is overwritten": (16, 30, 49, 52, 53),
    "text has no content type": (11, 56),
    "invalid UTF-8 in JSON is replaced, `+json` is a string": (94, 95),
    "a bad `sizeLimit` means none": (112, 113, 114),
    "form keys over 1,000 are dropped": (96,),
    "a 404 on an API path is an HTML page; `//` and `..` are resolved": (140, 143, 146, 147),
    "`req.query` and others can be assigned": (130,),
    "`ApiError` is private": (80,),
    "no cookie helper": (171,),
    "`res.json()` without a body is an empty document": (35,),
    "a stream that fails leaves the connection open": (26,),
    "`res.redirect` returns `res`": (67,),
    "an unknown content type gives a string": (97, 98, 99),
    "a compressed body is read as it is": (103,),
    "any charset that has a name": (101,),
    "`undefined`, `Map`, `toJSON()`, bigint, half a surrogate pair": (24, 28, 38, 39, 40, 42),
    "`x.js` beside `x/index.js` is built": (133,),
    "a query fills in for an optional catch-all": (128, 129),
    "custom reason phrases (`400 Invalid JSON`)": (79, 93, 102, 106, 111),
}
"""The rows behind each line of README.md's table of differences, by what stands in its first column."""

TOO_FINE_FOR_README: Final[frozenset[int]] = frozenset({10, 44, 131, 138, 139, 148, 152, 170})
"""Deviating rows that README.md leaves to this list."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A test that claims rows."""

    test: str
    """`tests/test_x.py::test_name`."""
    rows: tuple[int, ...]
    says_deviates: bool
    """Whether the docstring says that the fact deviates from the reference."""


_NUMBERS: Final = r"\d+(?:(?: to |–|-)\d+)?"
_CLAIM: Final = re.compile(rf"Rows? (?P<numbers>{_NUMBERS}(?:(?:, and |, | and ){_NUMBERS})*)(?P<remark>[^:\n]*):")


def read_claim(docstring: str) -> tuple[tuple[int, ...], bool] | None:
    """Read which rows a docstring claims.

    Args:
        docstring: As it stands in the source, or cleaned.

    Returns:
        The rows, and whether they are said to deviate; None for a docstring that claims none.
    """
    claim = _CLAIM.match(docstring.lstrip())
    if claim is None:
        return None
    rows: list[int] = []
    for piece in re.finditer(_NUMBERS, claim["numbers"]):
        first, *last = (int(number) for number in re.findall(r"\d+", piece[0]))
        rows.extend(range(first, (last[0] if last else first) + 1))
    return tuple(rows), "deviate" in claim["remark"] or "on purpose" in claim["remark"]


def find_proofs(folder: Path) -> Iterator[Proof]:
    """Find the tests below a folder that claim rows.

    Args:
        folder: Where to look for `*.py`; test functions are those whose name begins with `test_`.

    Yields:
        One proof per test, by file and line.
    """
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test_"):
                continue
            claim = read_claim(ast.get_docstring(node) or "")
            if claim is not None:
                yield Proof(f"{file.relative_to(folder.parent).as_posix()}::{node.name}", *claim)
