"""Which route a path finds, and with which parameters."""

import random
from collections.abc import Iterator
from urllib.parse import unquote

import pytest

from typed_api.matching import MAX_SEGMENTS, Matcher, PathDecodeError
from typed_api.pattern import Pattern, Segment, SegmentKind, find_conflicts, parse_path

Params = dict[str, str | list[str]]


def _pattern(file: str) -> Pattern:
    pattern = parse_path(file)
    assert pattern is not None, file
    return pattern


def _matcher(*files: str) -> Matcher[str]:
    return Matcher((_pattern(file), file) for file in files)


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/api", "api/index.py"),
        ("/api/a", "api/a/index.py"),
        ("/api/index", "api/_post_/index.py"),
        ("/api/a/index", None),
    ],
)
def test_an_index_is_its_folder_and_no_segment(path: str, file: str | None) -> None:
    """Row 132: `index` names the folder's URL; `/api/index` falls to a parameter if there is one."""
    found = _matcher("api/index.py", "api/a/index.py", "api/_post_/index.py").match(path)
    assert (None if found is None else found[0]) == file


BLOG = (
    "api/_post_/comments.py",
    "api/_post_/_comment_.py",
    "api/_post_/index.py",
    "api/blog/index.py",
    "api/blog/x/y.py",
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/api/post-1", ("api/_post_/index.py", {"post": "post-1"})),
        ("/api/post-1/comments", ("api/_post_/comments.py", {"post": "post-1"})),
        ("/api/post-1/comment-1", ("api/_post_/_comment_.py", {"post": "post-1", "comment": "comment-1"})),
        ("/api/blog", ("api/blog/index.py", {})),
        ("/api/blog/543", ("api/_post_/_comment_.py", {"post": "blog", "comment": "543"})),
        ("/api/blog/x", ("api/_post_/_comment_.py", {"post": "blog", "comment": "x"})),
        ("/api/blog/x/y", ("api/blog/x/y.py", {})),
        ("/api/blog/543/comment", None),
        ("/api", None),
        ("/", None),
    ],
)
def test_static_beats_dynamic_from_the_left_and_a_branch_that_leads_nowhere_is_left_again(
    path: str, found: tuple[str, Params] | None
) -> None:
    """Row 135: `/api/blog/543` reaches `[post]/[comment]` when `blog/` has no match for it."""
    assert _matcher(*BLOG).match(path) == found


def test_precedence_does_not_depend_on_the_order_of_the_routes() -> None:
    """Row 135: precedence is by kind of segment, from the left."""
    files = [*BLOG, "api/_post_/_rest__.py", "_path___.py"]
    paths = ["/api/blog/543", "/api/p/comments", "/api/p/c", "/api/p/c/d", "/api/p", "/x", "/"]
    forwards = _matcher(*files)
    backwards = _matcher(*reversed(files))
    assert [forwards.match(path) for path in paths] == [backwards.match(path) for path in paths]


SAMPLE = (
    ("index.py", "/"),
    ("apples/_ab_/_cd_/ef.py", "/apples/1/2/ef"),
    ("blog/abc/index.py", "/blog/abc"),
    ("blog/abc/post.py", "/blog/abc/post"),
    ("blog/abc/_id_.py", "/blog/abc/1"),
    ("blog/_id_/index.py", "/blog/1"),
    ("blog/_id_/comments/_cid_.py", "/blog/1/comments/2"),
    ("foo/_d_/bar/baz/_f_.py", "/foo/1/bar/baz/2"),
    ("p/_rest__.py", "/p/1/2/3"),
    ("p1/_incl___.py", "/p1"),
    ("p2/_id_/index.py", "/p2/1"),
    ("p2/_id_/abc.py", "/p2/1/abc"),
    ("p2/_rest__.py", "/p2/1/2"),
    ("p3/_id_/index.py", "/p3/1"),
    ("p3/_id_/abc.py", "/p3/1/abc"),
    ("p3/_rest___.py", "/p3/1/2"),
    ("posts/index.py", "/posts"),
    ("posts/_id_.py", "/posts/1"),
    ("_root_slug_.py", "/x"),
    ("_rest__.py", "/x/y"),
)


@pytest.mark.parametrize(("file", "path"), SAMPLE)
def test_every_route_of_a_mixed_tree_is_reached(file: str, path: str) -> None:
    """Row 136: the sample of the order in which routes are tried."""
    found = _matcher(*(route for route, _ in SAMPLE)).match(path)
    assert (None if found is None else found[0]) == file


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/catch", None),
        ("/catch/a", ("catch/_path__.py", {"path": ["a"]})),
        ("/catch/a/b", ("catch/_path__.py", {"path": ["a", "b"]})),
        ("/opt", ("opt/_path___.py", {})),
        ("/opt/a", ("opt/_path___.py", {"path": ["a"]})),
        ("/opt/index", ("opt/_path___.py", {"path": ["index"]})),
        ("/teams/7/opt", ("teams/_id_/opt/_path___.py", {"id": "7"})),
        ("/teams/7/opt/a/b", ("teams/_id_/opt/_path___.py", {"id": "7", "path": ["a", "b"]})),
    ],
)
def test_a_catch_all_is_a_list_and_an_optional_one_is_absent_at_its_root(
    path: str, found: tuple[str, Params] | None
) -> None:
    """Rows 137 and 138: a catch-all needs a segment; an optional one has no key where there is none."""
    assert _matcher("catch/_path__.py", "opt/_path___.py", "teams/_id_/opt/_path___.py").match(path) == found


def test_an_optional_catch_all_of_the_root_answers_everything() -> None:
    matcher = _matcher("_path___.py")
    assert [matcher.match("/"), matcher.match("/a/b")] == [
        ("_path___.py", {}),
        ("_path___.py", {"path": ["a", "b"]}),
    ]


def test_a_catch_all_further_up_takes_what_a_deeper_branch_does_not() -> None:
    matcher = _matcher("_all__.py", "a/_x_/b/_y_/c.py", "a/_rest__.py")
    assert [matcher.match(path) for path in ("/a/1/b/2/c", "/a/1/b/2/d", "/b/1", "/a")] == [
        ("a/_x_/b/_y_/c.py", {"x": "1", "y": "2"}),
        ("a/_rest__.py", {"rest": ["1", "b", "2", "d"]}),
        ("_all__.py", {"all": ["b", "1"]}),
        ("_all__.py", {"all": ["a"]}),
    ]


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("a%2Fb", "a/b"),
        ("a%2fb", "a/b"),
        ("%5C", "\\"),
        ("%0A", "\n"),
        ("a+b", "a+b"),
        ("caf%C3%A9", "café"),
        ("%F0%9F%98%80", "😀"),
        ("%25zz", "%zz"),
        ("%252e%252e", "%2e%2e"),
        ("..%2f..%2fetc", "../../etc"),
        ("...", "..."),
        (".well-known", ".well-known"),
        ("a%20b%20", "a b "),
        ("_x_", "_x_"),
    ],
)
def test_a_parameter_is_decoded_once_within_its_segment(sent: str, value: str) -> None:
    """Row 139: `a%2Fb` is one parameter `a/b`; `+` stays `+`."""
    matcher = _matcher("one/_id_.py", "many/_path__.py")
    assert [matcher.match(f"/one/{sent}"), matcher.match(f"/many/x/{sent}")] == [
        ("one/_id_.py", {"id": value}),
        ("many/_path__.py", {"path": ["x", value]}),
    ]


@pytest.mark.parametrize(
    "sent",
    ["%", "a%", "%2", "%zz", "%E0%A4%A", "%ff", "%C3", "%ED%A0%80", "%C0%AF", "% 41", "%+1", "%-1", "%٣٤", "a%41%g0"],
)
def test_a_parameter_that_is_no_percent_encoded_utf_8_is_a_decode_error(sent: str) -> None:
    """Row 140: a malformed escape or broken UTF-8 in a path parameter is a 400."""
    matcher = _matcher("one/_id_.py", "many/_path__.py")
    for path in (f"/one/{sent}", f"/many/x/{sent}"):
        with pytest.raises(PathDecodeError) as caught:
            matcher.match(path)
        assert str(caught.value) == f"The path segment {sent!r} is no percent-encoded UTF-8."


def test_a_nul_in_a_parameter_is_a_decode_error() -> None:
    """Hostile input A10: `%00` in a path is a 400."""
    with pytest.raises(PathDecodeError) as caught:
        _matcher("_id_.py").match("/a%00b")
    assert str(caught.value) == "The path segment 'a%00b' holds a NUL character."


def test_an_escape_is_decoded_only_in_a_parameter_of_the_route_that_was_found() -> None:
    matcher = _matcher("users/_id_.py")
    assert [matcher.match(path) for path in ("/%zz", "/%zz/1", "/users/1/%zz")] == [None, None, None]


@pytest.mark.parametrize("path", ["/api/%65cho", "/api/ECHO", "/api/ech%6F"])
def test_static_text_compares_undecoded_and_by_case(path: str) -> None:
    """Row 141: `/api/%65cho` is not `echo` but the parameter, with the value `echo`."""
    found = _matcher("api/echo.py", "api/_post_.py").match(path)
    assert found == ("api/_post_.py", {"post": unquote(path.removeprefix("/api/"))})


def test_static_text_in_another_case_is_no_route() -> None:
    """Row 141: `/API/echo` is not `/api/echo`."""
    assert _matcher("api/echo.py", "api/_post_.py").match("/API/echo") is None


def test_a_segment_outside_ascii_is_matched_as_clients_encode_it() -> None:
    assert _matcher("données.py").match("/donn%C3%A9es") == ("données.py", {})


@pytest.mark.parametrize(
    "path",
    [
        "",
        "*",
        "users",
        "users/1",
        "//",
        "//users",
        "/users//1",
        "/users/",
        "/users/1/",
        "/a//",
        "/a/b/",
        "//a",
        "/users/1//",
    ],
)
def test_an_empty_segment_matches_nothing(path: str) -> None:
    """Hostile input A12: `//users` and `/users//1` are 404; nothing is collapsed."""
    assert _matcher("users/index.py", "users/_id_.py", "a/_rest__.py", "_all___.py").match(path) is None


@pytest.mark.parametrize("dots", [".", "..", "%2e", "%2E%2e", ".%2e", "%2e."])
@pytest.mark.parametrize("path", ["/users/{}", "/files/{}", "/files/a/{}/b", "/files/{}/etc/passwd", "/{}"])
def test_a_dot_segment_is_no_parameter(path: str, dots: str) -> None:
    """Hostile inputs A6 and A7: `/../etc/passwd`, encoded or not, is a 404; nothing is resolved."""
    assert _matcher("users/_id_.py", "files/_path__.py", "_all__.py").match(path.format(dots)) is None


def test_a_path_of_too_many_segments_matches_nothing() -> None:
    """Hostile input A16: a path of 2,000 segments is a 404."""
    matcher = _matcher("_all__.py")
    longest = "/a" * MAX_SEGMENTS
    assert matcher.match(longest) == ("_all__.py", {"all": ["a"] * 1000})
    assert matcher.match(longest + "/a") is None


def test_what_one_request_does_to_its_parameters_is_not_seen_by_the_next() -> None:
    matcher = _matcher("a.py", "_id_.py")
    for path, params in (("/a", {}), ("/7", {"id": "7"})):
        first = matcher.match(path)
        assert first is not None
        first[1]["id"] = "changed"
        second = matcher.match(path)
        assert second is not None
        assert second[1] == params


def test_a_payload_may_be_none() -> None:
    matcher = Matcher([(_pattern("a.py"), None), (_pattern("_id_.py"), None)])
    assert [matcher.match("/a"), matcher.match("/7")] == [(None, {}), (None, {"id": "7"})]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["a.py", "a/index.py"], "Two routes are '/a'."),
        (["_a_.py", "_b_.py"], "Two routes are '/{b}'."),
        (["_a__.py", "_b__.py"], "Two routes are the catch-all '/{b}'."),
        (["a/_b___.py", "a.py"], "Two routes are '/a'."),
        (["_a_/_b___.py", "_a_/index.py"], "Two routes are '/{a}'."),
        (["_a__/b.py"], "The catch-all of '/{a}/b' is not its last segment."),
    ],
)
def test_routes_that_cannot_be_told_apart_are_refused(files: list[str], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        _matcher(*files)
    assert str(caught.value) == message


def test_a_tree_that_branches_everywhere_is_searched_without_repeating_itself() -> None:
    """Twelve levels of `a` beside a parameter: a search that tried branches twice would not come back."""

    def combine(depth: int) -> Iterator[tuple[Segment, ...]]:
        if depth == 0:
            yield ()
            return
        for rest in combine(depth - 1):
            yield (Segment(SegmentKind.STATIC, "a"), *rest)
            yield (Segment(SegmentKind.DYNAMIC, f"p{depth}"), *rest)

    end = Segment(SegmentKind.STATIC, "end")
    patterns = [Pattern((*segments, end)) for segments in combine(10)]
    counter = _CountingDict()
    matcher = Matcher((pattern, index) for index, pattern in enumerate(patterns))
    # Each node of the trie is asked for its static child at most once; the trie has fewer than 2,048 above the ends.
    _count_lookups(matcher, counter)
    assert matcher.match("/a" * 10 + "/other") is None
    assert counter.lookups <= 2**11


class _CountingDict:
    def __init__(self) -> None:
        self.lookups: int = 0


def _count_lookups(matcher: Matcher[int], counter: _CountingDict) -> None:
    class Counted(dict[str, object]):
        def get(self, key: str, default: object = None) -> object:
            counter.lookups += 1
            return super().get(key, default)

    stack = [matcher._root]
    while stack:
        node = stack.pop()
        stack.extend(node.static.values())
        stack.extend(child for child in (node.dynamic, node.rest) if child is not None)
        node.static = Counted(node.static)  # type: ignore[assignment]


_RANK = {kind: rank for rank, kind in enumerate(SegmentKind)}


def _match_slowly(pattern: Pattern, parts: list[str]) -> Params | None:
    """Match one pattern, by the definition of each kind of segment."""
    params: Params = {}
    for at, segment in enumerate(pattern.segments):
        if segment.kind is SegmentKind.CATCH_ALL or segment.kind is SegmentKind.OPTIONAL_CATCH_ALL:
            rest = [unquote(part) for part in parts[at:]]
            if rest:
                params[segment.text] = rest
            elif segment.kind is SegmentKind.CATCH_ALL:
                return None
            return None if {".", ".."}.intersection(rest) else params
        if at >= len(parts):
            return None
        if segment.kind is SegmentKind.STATIC:
            if parts[at] != segment.text:
                return None
        else:
            value = unquote(parts[at])
            if value in {".", ".."}:
                return None
            params[segment.text] = value
    return params if len(parts) == len(pattern.segments) else None


def _find_slowly(patterns: list[Pattern], path: str) -> tuple[Pattern, Params] | None:
    """Try every pattern, the most specific first: segment by segment from the left."""
    parts = path.split("/")[1:] if path != "/" else []
    if "" in parts:
        return None
    for pattern in sorted(patterns, key=lambda p: [_RANK[segment.kind] for segment in p.segments]):
        params = _match_slowly(pattern, parts)
        if params is not None:
            return pattern, params
    return None


def _make_tree(rng: random.Random) -> list[Pattern]:
    """Make a random tree of routes without conflicts, over few words, so that much of it overlaps."""
    patterns: list[Pattern] = []
    for _ in range(rng.randint(1, 25)):
        segments = [
            Segment(SegmentKind.STATIC, rng.choice("abc"))
            if rng.random() < 0.6
            else Segment(SegmentKind.DYNAMIC, f"p{at}")
            for at in range(rng.randint(0, 4))
        ]
        if rng.random() < 0.3:
            kind = rng.choice((SegmentKind.CATCH_ALL, SegmentKind.OPTIONAL_CATCH_ALL))
            segments.append(Segment(kind, "rest"))
        candidate = Pattern(tuple(segments))
        entries = [(str(at), pattern) for at, pattern in enumerate([*patterns, candidate])]
        if not find_conflicts(entries):
            patterns.append(candidate)
    return patterns


@pytest.mark.parametrize("seed", range(300))
def test_random_trees_match_as_trying_every_pattern_in_order_does(seed: int) -> None:
    rng = random.Random(seed)
    patterns = _make_tree(rng)
    matcher = Matcher((pattern, pattern) for pattern in patterns)
    words = ["a", "b", "c", "x", "%61", "a%2Fb", ".", "..", "%2e", "", "A"]
    weights = [8, 8, 8, 4, 1, 1, 0.3, 0.3, 0.3, 0.3, 1]
    for _ in range(60):
        path = "/" + "/".join(rng.choices(words, weights, k=rng.randint(0, 6)))
        assert matcher.match(path) == _find_slowly(patterns, path), path
