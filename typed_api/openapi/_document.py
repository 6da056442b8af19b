"""The document: its paths, its operations' ids, its bytes.

Owns the order of everything and the names of operations.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, NamedTuple

from pydantic_core import to_json

from typed_api._collector import collector_paused
from typed_api.config import METHODS
from typed_api.contract import Endpoint, Handler
from typed_api.openapi._operations import (
    DocumentedPath,
    OpenAPIVersion,
    Operations,
    documented_handlers,
    paths_of,
    tags_of,
)
from typed_api.pattern import SegmentKind

__all__ = ["Info", "Place", "build_document", "document_paths", "operation_ids", "places", "serialize"]

_VERSIONS: Final[Mapping[OpenAPIVersion, str]] = {"3.1": "3.1.0", "3.2": "3.2.0"}
_NO_WORD: Final = re.compile(r"[^A-Za-z0-9]+")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def _no_schemes() -> Mapping[str, Mapping[str, object]]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What an app says of itself in the document."""

    title: str
    version: str
    description: str = ""
    security_schemes: Mapping[str, Mapping[str, object]] = field(default_factory=_no_schemes)
    """Security scheme objects by name, such as `{"bearer": {"type": "http", "scheme": "bearer"}}`."""
    security: Sequence[Mapping[str, Sequence[str]]] = ()
    """The requirements of every operation that says nothing itself; one of them is enough."""


class Place(NamedTuple):
    """One operation of the document: a method of a path."""

    path: DocumentedPath
    endpoint: Endpoint
    handler: Handler


def places(endpoints: Iterable[Endpoint]) -> list[Place]:
    """List the operations of a document in its order: by path, then by method."""
    found = [
        Place(path, endpoint, handler)
        for endpoint in endpoints
        if (handlers := documented_handlers(endpoint))
        for path in paths_of(endpoint.pattern)
        for handler in handlers
    ]
    order = {method: index for index, method in enumerate(METHODS)}
    kinds = list(SegmentKind)

    def rank(place: Place) -> tuple[str, list[int], int]:
        specificity = [kinds.index(segment.kind) for segment in place.path.pattern.segments]
        return place.path.template, specificity, order[place.handler.method]

    found.sort(key=rank)
    return list(_distinct(found))


def _distinct(found: Iterable[Place]) -> Iterable[Place]:
    """Give two routes that OpenAPI would write alike, `_id_.py` beside `_id__.py`, two templates."""
    owners: dict[str, Endpoint] = {}
    for place in found:
        path, endpoint = place.path, place.endpoint
        while owners.setdefault(path.template, endpoint) is not endpoint:
            # The name of a path parameter is nowhere on the wire.
            name = list(path.pattern.params)[-1]
            told = f"{path.params[name]}_"
            template = f"{path.template.rpartition('/')[0]}/{{{told}}}"
            path = DocumentedPath(template, path.pattern, {**path.params, name: told}, path.is_second)
        yield Place(path, endpoint, place.handler)


def document_paths(endpoints: Sequence[Endpoint]) -> dict[str, str]:
    """Say under which path the document has each route.

    Args:
        endpoints: All routes of the app.

    Returns:
        The template by the route's file; the longer one for an optional catch-all. Routes that are left out of the
        document are left out here.
    """
    return {place.endpoint.file: place.path.template for place in places(endpoints)}


def operation_ids(found: Sequence[Place]) -> list[str]:
    """Name each operation; no name comes twice."""
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for index, place in enumerate(found):
        given = place.handler.config.operation_id
        if given is not None:
            wanted = f"{given}_{_words_of(place.path)[-1]}" if place.path.is_second else given
            ids[index] = _unique(wanted, place, taken)
    # Where words are the same, `by_id` belongs to a parameter rather than to a folder of that name.
    rest = [index for index in range(len(found)) if index not in ids]
    rest.sort(key=lambda index: -len(found[index].path.pattern.params))
    for index in rest:
        place = found[index]
        words = "_".join(_words_of(place.path)) or "root"
        ids[index] = _unique(f"{place.handler.method.lower()}_{words}", place, taken)
    return [ids[index] for index in range(len(found))]


def _words_of(path: DocumentedPath) -> list[str]:
    return [
        _NO_WORD.sub("_", segment.text).strip("_") or "_"
        if segment.kind is SegmentKind.STATIC
        else f"by_{path.params[segment.text]}"
        for segment in path.pattern.segments
    ]


def _unique(wanted: str, place: Place, taken: set[str]) -> str:
    name, salt = wanted, f"{place.handler.method} {place.path.template}"
    while name in taken:
        # From the path and not a count: it stays when another route comes or goes.
        name = f"{wanted}_{blake2b(salt.encode('utf-8', 'surrogatepass'), digest_size=3).hexdigest()}"
        salt += "+"
    taken.add(name)
    return name


def build_document(
    endpoints: Sequence[Endpoint], info: Info, *, openapi: OpenAPIVersion = "3.1", servers: Sequence[str] = ()
) -> dict[str, object]:
    """Build the document of an app.

    Args:
        endpoints: The routes, in any order.
        info: What the app says of itself.
        openapi: The version of the specification.
        servers: The URLs under which the app is served; none means the place that the document comes from.

    Returns:
        The document, ready for `serialize`; the same for the same routes, down to the order of its keys.

    Raises:
        SchemaError: If a declared type has no JSON schema; `check_endpoints` finds it before.
    """
    with collector_paused():
        return _build(endpoints, info, openapi, servers)


def _build(
    endpoints: Sequence[Endpoint], info: Info, openapi: OpenAPIVersion, servers: Sequence[str]
) -> dict[str, object]:
    operations = Operations(openapi)
    found = places(endpoints)
    paths: dict[str, dict[str, object]] = {}
    tags: set[str] = set()
    for place, operation_id in zip(found, operation_ids(found), strict=True):
        tags.update(tags_of(place.endpoint, place.handler))
        paths.setdefault(place.path.template, {})[place.handler.method.lower()] = operations.build(
            place.endpoint, place.path, place.handler, operation_id
        )
    described: dict[str, object] = {"title": info.title, "version": info.version}
    if info.description:
        described["description"] = info.description
    document: dict[str, object] = {"openapi": _VERSIONS[openapi], "info": described}
    if servers:
        document["servers"] = [{"url": url} for url in servers]
    if info.security:
        document["security"] = [
            {name: list(scopes) for name, scopes in requirement.items()} for requirement in info.security
        ]
    if tags:
        document["tags"] = [{"name": tag} for tag in sorted(tags)]
    document["paths"] = paths
    components: dict[str, object] = {}
    responses = operations.shared_responses()
    schemas = operations.schemas.finish()
    if schemas:
        components["schemas"] = schemas
    if responses:
        components["responses"] = responses
    if info.security_schemes:
        schemes = info.security_schemes
        components["securitySchemes"] = {name: dict(schemes[name]) for name in sorted(schemes)}
    if components:
        document["components"] = components
    return document


def serialize(document: Mapping[str, object]) -> bytes:
    """Write a document as JSON for people and programs alike.

    Args:
        document: What `build_document` gives.

    Returns:
        UTF-8 with an indentation of two spaces and a newline at the end. Characters stand as they are, except lone
        surrogates, which UTF-8 cannot hold and which are escaped.
    """
    try:
        return to_json(document, indent=2) + b"\n"
    except ValueError:
        text = json.dumps(document, indent=2, ensure_ascii=False)
        return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode() + b"\n"
