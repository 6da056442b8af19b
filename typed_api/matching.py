"""Finding the route of a request path: one dict for the fixed paths, one trie for the rest.

Built once, read by every request. Knows paths and patterns, not ASGI; nothing is normalised, collapsed or resolved.
"""

from collections.abc import Iterable
from typing import Final, Generic, TypeVar

from typed_api.pattern import Pattern, SegmentKind

__all__ = ["MAX_SEGMENTS", "Matcher", "PathDecodeError"]

T = TypeVar("T")

MAX_SEGMENTS: Final = 1000
"""A path with more segments matches no route, whatever catch-alls there are."""

_BYTE_BY_HEX: Final = {
    high + low: int(high + low, 16) for high in "0123456789abcdefABCDEF" for low in "0123456789abcdefABCDEF"
}


class PathDecodeError(ValueError):
    """A path parameter holds a malformed percent escape, bytes that are no UTF-8, or a NUL: a 400."""


class _Leaf(Generic[T]):
    """A route, and where in the split path its parameters stand."""

    __slots__ = ("rest", "singles", "value")

    def __init__(self, value: T, pattern: Pattern, *, empty: bool = False) -> None:
        # Positions count from 1: splitting "/a/b" at the slashes gives an empty string first.
        self.value: T = value
        self.singles: tuple[tuple[str, int], ...] = tuple(
            (segment.text, at)
            for at, segment in enumerate(pattern.segments, start=1)
            if segment.kind is SegmentKind.DYNAMIC
        )
        last = pattern.segments[-1] if pattern.segments else None
        self.rest: tuple[str, int] | None = None
        if last is not None and not empty and last.kind in _CATCH_ALLS:
            self.rest = (last.text, len(pattern.segments))


class _Node(Generic[T]):
    """A point in the trie; `rest` is the catch-all, a node without children."""

    __slots__ = ("dynamic", "leaf", "rest", "static")

    def __init__(self, leaf: _Leaf[T] | None = None) -> None:
        self.static: dict[str, _Node[T]] = {}
        self.dynamic: _Node[T] | None = None
        self.rest: _Node[T] | None = None
        self.leaf: _Leaf[T] | None = leaf


class Matcher(Generic[T]):
    """Find the payload of the most specific pattern that a path fits.

    The time for a path grows with its length. It grows with the number of routes only where a tree offers static and
    dynamic names side by side on several levels: then every branch that fits is tried once, at worst.
    """

    __slots__ = ("_root", "_static")

    def __init__(self, routes: Iterable[tuple[Pattern, T]]) -> None:
        """Build the matcher.

        Args:
            routes: Patterns and what each stands for, in any order: precedence does not depend on it.

        Raises:
            ValueError: If two patterns match exactly the same paths, or a catch-all is not the last segment.
        """
        # Boxed in a tuple: a payload may be None.
        self._static: dict[str, tuple[T]] = {}
        self._root: _Node[T] = _Node()
        roots_of_optionals: list[tuple[Pattern, T]] = []
        for pattern, value in routes:
            if any(segment.kind in _CATCH_ALLS for segment in pattern.segments[:-1]):
                raise ValueError(f"The catch-all of '{pattern.template}' is not its last segment.")
            if pattern.is_static:
                if pattern.template in self._static:
                    raise ValueError(f"Two routes are '{pattern.template}'.")
                self._static[pattern.template] = (value,)
                continue
            last = pattern.segments[-1].kind
            node = self._descend(pattern)
            if last not in _CATCH_ALLS:
                if node.leaf is not None:
                    raise ValueError(f"Two routes are '{pattern.template}'.")
                node.leaf = _Leaf(value, pattern)
                continue
            if node.rest is not None:
                raise ValueError(f"Two routes are the catch-all '{pattern.template}'.")
            node.rest = _Node(_Leaf(value, pattern))
            if last is SegmentKind.OPTIONAL_CATCH_ALL:
                roots_of_optionals.append((pattern, value))
        for pattern, value in roots_of_optionals:
            self._add_root_of_optional(pattern, value)

    def match(self, path: str) -> tuple[T, dict[str, str | list[str]]] | None:
        """Find the route of a path.

        Segment by segment from the left, a static one beats a dynamic one, which beats a catch-all, which beats an
        optional catch-all; a branch that leads nowhere is left again. Static text compares undecoded and by case.

        Args:
            path: The request path as it was sent, percent escapes still in, without the query string.

        Returns:
            The payload and its parameters in a dict of the caller's own: `{"id": "7"}`, for a catch-all
            `{"path": ["a", "b"]}`, for an optional catch-all at its root `{}`. None when no route fits: also when a
            segment is empty, or when a parameter would be `.` or `..`, encoded or not.

        Raises:
            PathDecodeError: If a segment that becomes a parameter of the route found cannot be decoded.

        Reference:
            Next.js, dynamic routes: https://nextjs.org/docs/pages/building-your-application/routing/dynamic-routes
        """
        fixed = self._static.get(path)
        if fixed is not None:
            return fixed[0], {}
        parts = path.split("/")
        count = len(parts)
        if parts[0] or count > MAX_SEGMENTS + 1:
            return None
        # No static segment is one of these, so that no pattern could fit.
        if "/." in path and ("." in parts or ".." in parts):
            return None

        node = self._root
        at = 1
        # What else would fit further up, the most specific last. A node of the trie comes up at most once in a search.
        pending: list[tuple[_Node[T], int]] | None = None
        while True:
            if at < count:
                text = parts[at]
                if not text:
                    # An empty segment is in the way of every branch.
                    return None
                at += 1
                child = node.static.get(text)
                dynamic = node.dynamic
                rest = node.rest
                if child is None:
                    child, dynamic = dynamic, None
                if child is not None:
                    if rest is not None:
                        if pending is None:
                            pending = []
                        pending.append((rest, count))
                    if dynamic is not None:
                        if pending is None:
                            pending = []
                        pending.append((dynamic, at))
                    node = child
                    continue
                if rest is not None:
                    node = rest
                    at = count
                    continue
            elif node.leaf is not None:
                leaf = node.leaf
                break
            if not pending:
                return None
            node, at = pending.pop()

        params: dict[str, str | list[str]] = {}
        is_encoded = "%" in path
        for name, position in leaf.singles:
            text = parts[position]
            if is_encoded and "%" in text:
                text = _decode(text)
                if text in _DOTS:
                    return None
            params[name] = text
        if leaf.rest is not None:
            name, position = leaf.rest
            texts = parts[position:]
            if "" in texts:
                return None
            if is_encoded:
                texts = [_decode(text) if "%" in text else text for text in texts]
                if "." in texts or ".." in texts:
                    return None
            params[name] = texts
        return leaf.value, params

    def _descend(self, pattern: Pattern) -> _Node[T]:
        """Walk to the node above a closing catch-all, or to the end; make what is missing."""
        node = self._root
        for segment in pattern.segments:
            if segment.kind is SegmentKind.STATIC:
                child = node.static.get(segment.text)
                if child is None:
                    child = node.static[segment.text] = _Node()
                node = child
            elif segment.kind is SegmentKind.DYNAMIC:
                if node.dynamic is None:
                    node.dynamic = _Node()
                node = node.dynamic
        return node

    def _add_root_of_optional(self, pattern: Pattern, value: T) -> None:
        """Let an optional catch-all answer for no segments too."""
        above = Pattern(pattern.segments[:-1])
        if above.is_static:
            taken = above.template in self._static
            self._static.setdefault(above.template, (value,))
        else:
            node = self._descend(above)
            taken = node.leaf is not None
            node.leaf = node.leaf or _Leaf(value, pattern, empty=True)
        if taken:
            raise ValueError(f"Two routes are '{above.template}'.")


_CATCH_ALLS: Final = frozenset({SegmentKind.CATCH_ALL, SegmentKind.OPTIONAL_CATCH_ALL})
_DOTS: Final = frozenset({".", ".."})


def _decode(text: str) -> str:
    """Decode one segment; `urllib.parse.unquote` would let malformed escapes and broken UTF-8 pass."""
    head, *pieces = text.split("%")
    try:
        decoded = bytearray(head, "utf-8")
        for piece in pieces:
            decoded.append(_BYTE_BY_HEX[piece[:2]])
            decoded += piece[2:].encode()
        if 0 in decoded:
            raise PathDecodeError(f"The path segment {text!r} holds a NUL character.")
        return decoded.decode()
    except (KeyError, UnicodeError):
        raise PathDecodeError(f"The path segment {text!r} is no percent-encoded UTF-8.") from None
