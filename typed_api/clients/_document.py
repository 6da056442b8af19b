"""An OpenAPI document as a client sees it.

Owns the reading of a document into operations and types that know nothing of JSON Schema. A client's types describe
what goes over the wire: a date is text, and a number without bounds is a number.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, TypeGuard, cast
from urllib.parse import unquote

from typed_api.errors import ConfigError

# --- types ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No value at all: a schema that nothing satisfies."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text, a number, a truth value or null."""

    kind: Literal["string", "integer", "number", "boolean", "null"]
    format: str | None = None
    """The format: `date-time`, `uuid`, `binary`, … None when there is none."""


@dataclass(frozen=True, slots=True)
class Constant:
    """One value, from `const` or `enum`."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Array:
    """A list of items of one type."""

    items: "Type"


@dataclass(frozen=True, slots=True)
class Tuple:
    """A list with a type per place, and perhaps one for what follows."""

    items: tuple["Type", ...]
    rest: "Type | None" = None


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an object."""

    name: str
    """As on the wire; it may be no identifier of any language."""
    type: "Type"
    required: bool
    description: str = ""
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Object:
    """An object with named properties, and perhaps others."""

    properties: tuple[Property, ...]
    others: "Type | None" = None
    """The type of properties that are not named; None when there are none."""


@dataclass(frozen=True, slots=True)
class Union:
    """One of several types, each named once."""

    members: tuple["Type", ...]


@dataclass(frozen=True, slots=True)
class Both:
    """All of several types at once (`allOf`)."""

    members: tuple["Type", ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A type of `Document.types`, by its name there; it may refer to itself."""

    name: str


Type: TypeAlias = Anything | Nothing | Scalar | Constant | Array | Tuple | Object | Union | Both | Named

# --- operations -------------------------------------------------------------------------------------------------------

Status: TypeAlias = int | Literal["1XX", "2XX", "3XX", "4XX", "5XX", "default"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the path, the query or the header fields."""

    name: str
    """As on the wire."""
    where: Literal["path", "query", "header"]
    type: Type
    required: bool
    segments: bool = False
    """Whether a path parameter is a list of segments, joined by `/` (`x-typed-api-segments`)."""
    description: str = ""
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """A body, by its media type."""

    media_type: str
    """Lower case, without parameters: `application/json`."""
    type: Type
    item: Type | None = None
    """The type of one item of a stream (`text/event-stream`, `application/jsonl`), when it is known.

    Of an event it is what its `data` holds as JSON; None leaves the data as the text that it is.
    """

    @property
    def is_json(self) -> bool:
        """Whether the body is one JSON document."""
        return self.media_type == "application/json" or self.media_type.endswith("+json")

    @property
    def is_event_stream(self) -> bool:
        """Whether the body is a stream of server-sent events."""
        return self.media_type == "text/event-stream"

    @property
    def is_json_lines(self) -> bool:
        """Whether the body is a stream of JSON documents, one a line."""
        return self.media_type in JSON_LINES


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request."""

    contents: tuple[Content, ...]
    """The ways it may be sent, in the document's order; the first is the preferred one."""
    required: bool
    description: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What may come back under one status."""

    status: Status
    contents: tuple[Content, ...]
    """Empty: no body."""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    id: str
    """The operationId; made of method and path where the document has none, and unique."""
    method: str
    """Upper case."""
    path: str
    """The template: `/api/users/{id}`."""
    parameters: tuple[Parameter, ...]
    body: Body | None
    answers: tuple[Answer, ...]
    """Exact statuses in order, then groups, then `default`."""
    summary: str = ""
    description: str = ""
    deprecated: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamedType:
    """A type with a name of its own."""

    name: str
    """As in the document's components; it may be no identifier of any language."""
    type: Type
    description: str = ""
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """Everything that a client needs to know."""

    title: str
    version: str
    operations: tuple[Operation, ...]
    """In the document's order."""
    types: Mapping[str, NamedType] = field(default_factory=dict[str, NamedType])
    """By name, in the document's order: those that some operation uses, at any depth."""
    servers: tuple[str, ...] = ()


METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
"""The methods that a path may have, as the document writes them; `query` since OpenAPI 3.2."""

JSON_LINES: Final = ("application/jsonl", "application/x-ndjson", "application/jsonlines", "application/x-jsonlines")
"""The media types that JSON lines go by."""

# --- reading ----------------------------------------------------------------------------------------------------------


class DocumentError(ConfigError):
    """The document is none that a client can be made from; the sentence names the place and the mend.

    Attributes:
        place: Where, as a JSON pointer: `#/paths/~1users/get`.
    """

    place: str

    def __init__(self, place: str, problem: str) -> None:
        """Make the error.

        Args:
            place: Where, as a JSON pointer.
            problem: What is wrong and how to mend it, as the rest of a sentence that starts with the place.
        """
        super().__init__(f"{place!r} {problem}")
        self.place = place


def read_document(document: Mapping[str, object]) -> Document:
    """Read an OpenAPI 3.1 or 3.2 document as a client sees it.

    Cookie parameters are left out, since cookies belong to the HTTP client's own jar, and so are header parameters
    called `Accept`, `Content-Type` and `Authorization`, which OpenAPI ignores.

    Args:
        document: The document, as parsed from JSON.

    Returns:
        Operations in the document's order, and the types that they use.

    Raises:
        DocumentError: If the document is malformed, refers to another one, or uses what has no counterpart in a client.
    """
    if not _is_mapping(document):
        raise DocumentError("#", f"should be an object, not {_kind(document)}.")
    version = document.get("openapi")
    if not isinstance(version, str) or re.match(r"3\.[12]\.\d", version) is None:
        raise DocumentError(
            "#/openapi", f"is {version!r}. Clients are made from OpenAPI 3.1 and 3.2; convert the document first."
        )
    try:
        return _Reader(document).read()
    except RecursionError:
        raise DocumentError(
            "#", "nests its schemas too deeply. Move the inner ones to '#/components/schemas'."
        ) from None


_JSONMapping: TypeAlias = Mapping[str, object]


def _is_mapping(value: object) -> TypeGuard[_JSONMapping]:
    return isinstance(value, Mapping)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, str | bool):
        return "text" if isinstance(value, str) else "a truth value"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if _is_list(value) else "an object" if _is_mapping(value) else f"a Python {type(value).__name__}"


def _mapping(value: object, place: str) -> _JSONMapping:
    if _is_mapping(value):
        return value
    raise DocumentError(place, f"should be an object, not {_kind(value)}.")


def _list(value: object, place: str) -> Sequence[object]:
    if _is_list(value):
        return value
    raise DocumentError(place, f"should be a list, not {_kind(value)}.")


def _text(value: object) -> str:
    # Descriptions decide nothing: a malformed one is none.
    return value if isinstance(value, str) else ""


def _step(place: str, *names: str) -> str:
    return "/".join([place, *(name.replace("~", "~0").replace("/", "~1") for name in names)])


def _steps(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


_KINDS: Final[tuple[Literal["string", "integer", "number", "boolean", "null"], ...]] = (
    "string",
    "integer",
    "number",
    "boolean",
    "null",
)
_OBJECT_WORDS: Final = ("properties", "additionalProperties", "patternProperties", "required")
_ARRAY_WORDS: Final = ("items", "prefixItems")
_IGNORED_HEADERS: Final = ("accept", "content-type", "authorization")


class _Reader:
    """Reads one document; types that are referred to are named, and read once."""

    def __init__(self, document: _JSONMapping) -> None:
        self._document = document
        self._names: dict[str, str] = {}
        """By pointer, the name of a type that something refers to."""
        self._waiting: list[tuple[str, str]] = []
        """Pointers of named types that are still to be read, each with the schema that they are part of."""
        schemas = self._look_up(["components", "schemas"])
        self._components: tuple[str, ...] = tuple(schemas) if _is_mapping(schemas) else ()
        self._taken: set[str] = set(self._components)

    def read(self) -> Document:
        info = _mapping(self._document.get("info", {}), "#/info")
        operations = tuple(self._read_paths())
        types = self._read_named()
        order = [name for name in self._components if name in types]
        order += [name for name in types if name not in set(order)]
        self._check_grounded(types)
        servers = _list(self._document.get("servers", []), "#/servers")
        return Document(
            title=_text(info.get("title")),
            version=_text(info.get("version")),
            operations=operations,
            types={name: types[name] for name in order},
            servers=tuple(_text(server.get("url")) for server in servers if _is_mapping(server)),
        )

    # --- references ---

    def _look_up(self, steps: Sequence[str], start: object = None) -> object:
        """Follow the steps of a pointer; None where they lead nowhere."""
        value: object = self._document if start is None else start
        for step in steps:
            if _is_mapping(value):
                value = value.get(step)
            elif _is_list(value) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            else:
                return None
        return value

    def _follow(self, value: object, place: str) -> tuple[_JSONMapping, str]:
        """Give the object that a reference stands for, at last, and where it is."""
        seen: set[str] = set()
        found = _mapping(value, place)
        while "$ref" in found:
            reference = found["$ref"]
            if place in seen:
                raise DocumentError(place, f"refers to itself by {reference!r}.")
            seen.add(place)
            target = self._target(reference, place, place)
            found, place = _mapping(self._look_up(_steps(target)), target), target
        return found, place

    def _target(self, reference: object, place: str, root: str) -> str:
        """Give the pointer that a reference means, seen from the document."""
        if not isinstance(reference, str):
            raise DocumentError(place, f"has a '$ref' that is {_kind(reference)}; it should be text.")
        if not reference.startswith("#"):
            raise DocumentError(place, f"refers to {reference!r}, outside the document. Bundle it into one file first.")
        if reference not in ("", "#") and not reference.startswith("#/"):
            raise DocumentError(
                place, f"refers to {reference!r}, an anchor. Write the path, such as '#/components/schemas/Name'."
            )
        # A reference is a URI; the pointer is its fragment, percent-encoded.
        steps = _steps(unquote(reference[1:]))
        # A schema with an `$id` is a document of its own, and so is one that was made as such and then put in here.
        resource = self._look_up(_steps(root[1:]))
        own = _is_mapping(resource) and "$id" in resource
        pointers = [_step("#", *steps), _step("#", *_steps(root[1:]), *steps)]
        for pointer in reversed(pointers) if own or not steps else pointers:
            if self._look_up(_steps(pointer[1:])) is not None:
                return pointer
        raise DocumentError(place, f"refers to {reference!r}, which is not in the document.")

    def _name(self, pointer: str, root: str) -> Named:
        if pointer not in self._names:
            steps = _steps(pointer[1:])
            if steps[:2] == ["components", "schemas"] and len(steps) == 3:
                name = steps[2]
            else:
                owner = steps[2] if steps[:2] == ["components", "schemas"] else ""
                inside = len(steps) > 1 and steps[-2] in ("$defs", "definitions")
                stem = f"{owner}_{steps[-1]}" if owner and not inside else (steps[-1] if steps else "Schema")
                name = _unique(stem, self._taken.__contains__)
            self._taken.add(name)
            self._names[pointer] = name
            if steps[:2] == ["components", "schemas"]:
                root = _step("#", *steps[:3])
            elif not pointer.startswith(f"{root}/"):
                root = pointer
            self._waiting.append((pointer, root))
        return Named(self._names[pointer])

    def _read_named(self) -> dict[str, NamedType]:
        types: dict[str, NamedType] = {}
        while self._waiting:
            pointer, root = self._waiting.pop(0)
            schema = self._look_up(_steps(pointer[1:]))
            details: _JSONMapping = schema if _is_mapping(schema) else {}
            name = self._names[pointer]
            types[name] = NamedType(
                name,
                self._read_schema(schema, pointer, root),
                _text(details.get("description")),
                details.get("deprecated") is True,
            )
        return types

    def _check_grounded(self, types: Mapping[str, NamedType]) -> None:
        """Refuse a type that is nothing but itself, or a choice of itself and others."""
        pointers = {name: pointer for pointer, name in self._names.items()}
        done: set[str] = set()
        for start in types:
            # Depth first, with the way to where we are: a chain of aliases may be longer than the stack is deep.
            way: dict[str, Iterator[str]] = {start: _bare_names(types[start].type)}
            while way:
                name, rest = next(reversed(way.items()))
                following = next(rest, None)
                if following is None:
                    done.add(name)
                    del way[name]
                elif following in way:
                    raise DocumentError(pointers[following], "is defined by itself alone. Give it a type of its own.")
                elif following not in done:
                    way[following] = _bare_names(types[following].type)

    # --- operations ---

    def _read_paths(self) -> Iterator[Operation]:
        found: list[tuple[str, str, _JSONMapping, str, list[tuple[object, str]]]] = []
        ids: dict[str, str] = {}
        for path, value in _mapping(self._document.get("paths", {}), "#/paths").items():
            if path.startswith("x-"):
                continue
            if not path.startswith("/"):
                raise DocumentError(_step("#/paths", path), "should start with '/'.")
            item, place = self._follow(value, _step("#/paths", path))
            shared = self._read_list(item, "parameters", place)
            more = _mapping(item.get("additionalOperations", {}), _step(place, "additionalOperations"))
            methods = [(word, item, _step(place, word)) for word in METHODS if word in item]
            methods += [(word, more, _step(place, "additionalOperations", word)) for word in more]
            for word, holder, where in sorted(methods, key=lambda entry: _position(item, entry[0])):
                if holder is more and word.lower() in METHODS:
                    raise DocumentError(where, f"belongs to the path itself, as {word.lower()!r}.")
                if re.fullmatch(r"[A-Za-z]+", word) is None:
                    raise DocumentError(where, f"is a method {word!r}, but a method has letters alone.")
                operation = _mapping(holder[word], where)
                found.append((path, word.upper(), operation, where, shared))
                identity = operation.get("operationId")
                if isinstance(identity, str) and identity:
                    if identity in ids:
                        raise DocumentError(
                            where, f"has the operationId {identity!r} of {ids[identity]!r}. Give each one of its own."
                        )
                    ids[identity] = where
        taken = set(ids)
        for path, method, operation, where, shared in found:
            identity = operation.get("operationId")
            if not isinstance(identity, str) or not identity:
                identity = _unique(_operation_id(method, path), taken.__contains__)
                taken.add(identity)
            yield self._read_operation(identity, method, path, operation, where, shared)

    def _read_list(self, holder: _JSONMapping, name: str, place: str) -> list[tuple[object, str]]:
        where = _step(place, name)
        return [(value, _step(where, str(index))) for index, value in enumerate(_list(holder.get(name, []), where))]

    def _read_operation(
        self,
        identity: str,
        method: str,
        path: str,
        operation: _JSONMapping,
        place: str,
        shared: list[tuple[object, str]],
    ) -> Operation:
        body = None
        if operation.get("requestBody") is not None:
            body = self._read_body(operation["requestBody"], _step(place, "requestBody"))
        tags = _list(operation.get("tags", []), _step(place, "tags"))
        return Operation(
            id=identity,
            method=method,
            path=path,
            parameters=self._read_parameters([*shared, *self._read_list(operation, "parameters", place)], path, place),
            body=body,
            answers=self._read_answers(operation.get("responses", {}), _step(place, "responses")),
            summary=_text(operation.get("summary")),
            description=_text(operation.get("description")),
            deprecated=operation.get("deprecated") is True,
            tags=tuple(tag for tag in tags if isinstance(tag, str)),
        )

    def _read_parameters(self, values: list[tuple[object, str]], path: str, place: str) -> tuple[Parameter, ...]:
        # An operation's own parameter stands for one of its path of the same name and place.
        found: dict[tuple[str, str], Parameter] = {}
        for value, where in values:
            parameter, where = self._follow(value, where)
            name = parameter.get("name")
            if not isinstance(name, str):
                raise DocumentError(where, "has no 'name'.")
            location = parameter.get("in")
            if location == "cookie" or (location == "header" and name.lower() in _IGNORED_HEADERS):
                continue
            if location not in ("path", "query", "header"):
                raise DocumentError(
                    where, f"is in {location!r}. A client sends 'path', 'query' and 'header' parameters."
                )
            key = name.lower() if location == "header" else name
            found[location, key] = self._read_parameter(parameter, name, location, where)
        names = re.findall(r"\{([^{}]*)\}", path)
        for name in names:
            if ("path", name) not in found:
                raise DocumentError(place, f"does not list {name!r} of its path among its parameters.")
        for location, name in found:
            if location == "path" and name not in names:
                raise DocumentError(place, f"lists the path parameter {name!r}, but its path {path!r} has none.")
        return tuple(found.values())

    def _read_parameter(
        self, parameter: _JSONMapping, name: str, where: Literal["path", "query", "header"], place: str
    ) -> Parameter:
        if "content" in parameter:
            raise DocumentError(
                place, f"writes {name!r} by a media type ('content'). A client writes plain values; give it a 'schema'."
            )
        schema = parameter.get("schema", True)
        type_ = self._read_schema(schema, _step(place, "schema"), _step(place, "schema"))
        style = parameter.get("style", "form" if where == "query" else "simple")
        usual = "form" if where == "query" else "simple"
        explode = parameter.get("explode", style == "form")
        if style != usual:
            raise DocumentError(place, f"has the style {style!r}. A client writes {usual!r} in the {where}.")
        if where == "query" and explode is not True and self._is_list_schema(schema, place):
            raise DocumentError(
                place, f"joins the values of {name!r} ('explode: false'). A client repeats the name, as is the default."
            )
        details: _JSONMapping = schema if _is_mapping(schema) else {}
        return Parameter(
            name=name,
            where=where,
            type=type_,
            required=where == "path" or parameter.get("required") is True,
            segments=where == "path" and parameter.get("x-typed-api-segments") is True,
            description=_text(parameter.get("description")) or _text(details.get("description")),
            deprecated=parameter.get("deprecated") is True,
        )

    def _is_list_schema(self, schema: object, place: str) -> bool:
        if _is_mapping(schema) and "$ref" in schema:
            schema = self._follow(schema, place)[0]
        return not _is_mapping(schema) or schema.get("type") not in _KINDS

    def _read_body(self, value: object, place: str) -> Body | None:
        body, place = self._follow(value, place)
        contents = self._read_contents(body, place)
        if not contents:
            return None
        return Body(contents, body.get("required") is True, _text(body.get("description")))

    def _read_answers(self, value: object, place: str) -> tuple[Answer, ...]:
        found: dict[Status, Answer] = {}
        for key, response in _mapping(value, place).items():
            if str(key).startswith("x-"):
                continue
            status = _status(str(key))
            where = _step(place, str(key))
            if status is None:
                raise DocumentError(where, "is no status: write 100 to 599, a group such as '4XX', or 'default'.")
            answer, where = self._follow(response, where)
            found[status] = Answer(status, self._read_contents(answer, where), _text(answer.get("description")))
        # Exact statuses come before groups as the number that they are, `default` comes last.
        return tuple(found[status] for status in sorted(found, key=lambda status: (type(status) is str, str(status))))

    def _read_contents(self, holder: _JSONMapping, place: str) -> tuple[Content, ...]:
        found: dict[str, Content] = {}
        where = _step(place, "content")
        for key, value in _mapping(holder.get("content", {}), where).items():
            media_type = key.partition(";")[0].strip().lower()
            if re.fullmatch(r"[^\s/]+/[^\s/]+", media_type) is None:
                raise DocumentError(_step(where, key), f"is no media type: {key!r}.")
            content = self._read_content(media_type, *self._follow(value, _step(where, key)))
            other = found.get(media_type)
            if other is not None:
                # They differ in parameters alone, by which neither side chooses.
                content = Content(media_type, _union([other.type, content.type]), other.item or content.item)
            found[media_type] = content
        return tuple(found.values())

    def _read_content(self, media_type: str, value: _JSONMapping, place: str) -> Content:
        where = _step(place, "schema")
        type_ = self._read_schema(value["schema"], where, where) if "schema" in value else Anything()
        content = Content(media_type, type_)
        item: Type | None = None
        if content.is_event_stream or content.is_json_lines:
            word = next((word for word in ("itemSchema", "x-typed-api-item-schema", "schema") if word in value), None)
            if word is not None:
                item = self._read_item(content, value[word], _step(place, word))
        if not content.is_json and isinstance(type_, Anything) and not _is_form(media_type):
            # What no schema says, the media type does: text is text, and the rest is bytes.
            type_ = Scalar("string") if media_type.startswith("text/") else Scalar("string", "binary")
        return Content(media_type, type_, item)

    def _read_item(self, content: Content, schema: object, place: str) -> Type | None:
        """Read what one item of a stream is; before OpenAPI 3.2 a document says it by an extension or as the whole."""
        root = place
        if _is_mapping(schema) and set(schema) <= {"$ref", "description"}:
            followed = self._target(schema["$ref"], place, root) if "$ref" in schema else place
            target = self._look_up(_steps(followed[1:]))
        else:
            target = schema
        shape: _JSONMapping = target if _is_mapping(target) else {}
        if place.endswith("/schema"):
            if shape.get("type") == "array" and "items" in shape:
                return self._read_schema(shape["items"], _step(place, "items"), root)
            if shape.get("type") == "string" and "contentSchema" not in shape:
                return None
        if content.is_event_stream:
            properties = shape.get("properties")
            if _is_mapping(properties) and set(properties) <= {"data", "event", "id", "retry", "comment"}:
                data = properties.get("data")
                where = _step(place, "properties", "data")
                if _is_mapping(data):
                    if "contentSchema" in data:
                        return self._read_schema(data["contentSchema"], _step(where, "contentSchema"), root)
                    if data.get("contentMediaType") == "application/json":
                        return Anything()
                    if data.get("type") != "string" or "$ref" in data:
                        return self._read_schema(data, where, root)
                return None
        return self._read_schema(schema, place, root)

    # --- schemas ---

    def _read_schema(self, schema: object, place: str, root: str) -> Type:
        if schema is True:
            return Anything()
        if schema is False:
            return Nothing()
        found = _mapping(schema, place)
        for word in ("$dynamicRef", "$recursiveRef"):
            if word in found:
                raise DocumentError(place, f"uses {word!r}, which depends on who refers to it. Use '$ref'.")
        parts: list[Type] = []
        if "$ref" in found:
            pointer = self._target(found["$ref"], place, root)
            parts.append(self._name(pointer, root))
        for index, member in enumerate(_list(found.get("allOf", []), _step(place, "allOf"))):
            parts.append(self._read_schema(member, _step(place, "allOf", str(index)), root))
        for word in ("anyOf", "oneOf"):
            members = _list(found.get(word, []), _step(place, word))
            if members:
                read = [
                    self._read_schema(member, _step(place, word, str(index)), root)
                    for index, member in enumerate(members)
                ]
                parts.append(_union(read))
        if found.get("not") is True or found.get("not") == {}:
            parts.append(Nothing())
        parts = [part for part in parts if not isinstance(part, Anything)]
        own = self._read_own(found, place, root)
        # A bare `type: object` beside a choice of objects repeats what they say themselves.
        if not (parts and self._is_bare(found)):
            parts.insert(0, own)
        return _both(parts)

    def _is_bare(self, schema: _JSONMapping) -> bool:
        telling = {*_OBJECT_WORDS, *_ARRAY_WORDS, "enum", "const"} - {"required"}
        return "required" not in schema and not telling & schema.keys()

    def _read_own(self, schema: _JSONMapping, place: str, root: str) -> Type:
        """Read what a schema says beside references and choices."""
        words = schema.get("type")
        kinds = [words] if isinstance(words, str) else list(_list([] if words is None else words, _step(place, "type")))
        for kind in kinds:
            if kind not in (*_KINDS, "object", "array"):
                raise DocumentError(_step(place, "type"), f"is {kind!r}, which is no type of JSON.")
        if "const" in schema:
            return _constant(schema["const"])
        if "enum" in schema:
            values = _list(schema["enum"], _step(place, "enum"))
            return _union([_constant(value) for value in values if not kinds or _fits(value, kinds)])
        if not kinds:
            kinds = ["object"] if any(word in schema for word in _OBJECT_WORDS) else kinds
            kinds = ["array"] if not kinds and any(word in schema for word in _ARRAY_WORDS) else kinds
        if not kinds:
            return Anything()
        return _union([self._read_kind(str(kind), schema, place, root) for kind in kinds])

    def _read_kind(self, kind: str, schema: _JSONMapping, place: str, root: str) -> Type:
        if kind == "object":
            return self._read_object(schema, place, root)
        if kind == "array":
            return self._read_array(schema, place, root)
        format_ = schema.get("format")
        if kind == "string":
            media_type = schema.get("contentMediaType")
            # OpenAPI 3.1 writes a file so, and 3.0 wrote it as `format: binary`.
            if isinstance(media_type, str) and "contentEncoding" not in schema and "contentSchema" not in schema:
                is_text = media_type.startswith("text/") or media_type.partition(";")[0].endswith("json")
                format_ = format_ if is_text else "binary"
        return Scalar(next(word for word in _KINDS if word == kind), format_ if isinstance(format_, str) else None)

    def _read_array(self, schema: _JSONMapping, place: str, root: str) -> Type:
        rest = schema.get("items", True)
        prefix = _list(schema.get("prefixItems", []), _step(place, "prefixItems"))
        if not prefix:
            items = self._read_schema(rest, _step(place, "items"), root)
            return Tuple(()) if isinstance(items, Nothing) else Array(items)
        places = tuple(
            self._read_schema(item, _step(place, "prefixItems", str(index)), root) for index, item in enumerate(prefix)
        )
        longest = schema.get("maxItems")
        # Where nothing is said of more items there may be some, but who lists these means these.
        if rest is False or "items" not in schema or (isinstance(longest, int | float) and longest <= len(places)):
            return Tuple(places)
        return Tuple(places, self._read_schema(rest, _step(place, "items"), root))

    def _read_object(self, schema: _JSONMapping, place: str, root: str) -> Object:
        where = _step(place, "properties")
        properties: dict[str, Property] = {}
        listed = _list(schema.get("required", []), _step(place, "required"))
        required = [name for name in listed if isinstance(name, str)]
        for name, value in _mapping(schema.get("properties", {}), where).items():
            details: _JSONMapping = value if _is_mapping(value) else {}
            properties[name] = Property(
                name,
                self._read_schema(value, _step(where, name), root),
                name in required,
                _text(details.get("description")),
                details.get("deprecated") is True,
            )
        others = self._read_others(schema, place, root)
        for name in required:
            if name not in properties:
                properties[name] = Property(name, others or Anything(), required=True)
        if others is None and not properties and "additionalProperties" not in schema and "properties" not in schema:
            others = Anything()
        return Object(tuple(properties.values()), others)

    def _read_others(self, schema: _JSONMapping, place: str, root: str) -> Type | None:
        found: list[Type] = []
        where = _step(place, "patternProperties")
        for pattern, value in _mapping(schema.get("patternProperties", {}), where).items():
            found.append(self._read_schema(value, _step(where, pattern), root))
        # Where nothing is said of others they may be there, but a client has no use for them.
        for word in ("additionalProperties", "unevaluatedProperties"):
            if word in schema:
                found.append(self._read_schema(schema[word], _step(place, word), root))
                break
        union = _union(found)
        return None if isinstance(union, Nothing) else union


def _is_form(media_type: str) -> bool:
    return media_type in ("application/x-www-form-urlencoded", "multipart/form-data")


def _position(item: _JSONMapping, word: str) -> int:
    return next((index for index, key in enumerate(item) if key == word), len(item))


def _operation_id(method: str, path: str) -> str:
    """Make an id as typed_api itself does: `get_api_users_by_id`."""
    words = [
        "by_" + segment.strip("{}") if segment.startswith("{") and segment.endswith("}") else segment
        for segment in path.split("/")
        if segment
    ]
    return re.sub(r"\W+", "_", "_".join([method.lower(), *words]), flags=re.ASCII).rstrip("_")


def _unique(stem: str, is_taken: Callable[[str], bool]) -> str:
    name, number = stem, 1
    while is_taken(name):
        number += 1
        name = f"{stem}_{number}"
    return name


def _status(key: str) -> Status | None:
    if key == "default":
        return "default"
    if re.fullmatch(r"[1-5][0-9]{2}", key):
        return int(key)
    for group in ("1XX", "2XX", "3XX", "4XX", "5XX"):
        if key.upper() == group:
            return cast(Status, group)
    return None


def _fits(value: object, kinds: Sequence[object]) -> bool:
    if isinstance(value, bool):
        return "boolean" in kinds
    if isinstance(value, int | float):
        return "number" in kinds or ("integer" in kinds and float(value).is_integer())
    if value is None:
        return "null" in kinds
    if isinstance(value, str):
        return "string" in kinds
    return ("array" if _is_list(value) else "object") in kinds


def _constant(value: object) -> Type:
    if _is_mapping(value):
        return Object(tuple(Property(name, _constant(item), required=True) for name, item in value.items()))
    if _is_list(value):
        return Tuple(tuple(_constant(item) for item in value))
    if isinstance(value, str | int | float | bool) or value is None:
        return Constant(value)
    return Anything()


def _union(members: Sequence[Type]) -> Type:
    # By what they look like: `Constant(1)` equals `Constant(True)` to Python.
    found: dict[str, Type] = {}
    for member in members:
        for part in member.members if isinstance(member, Union) else (member,):
            if isinstance(part, Anything):
                return part
            if not isinstance(part, Nothing):
                found.setdefault(repr(part), part)
    if len(found) <= 1:
        return next(iter(found.values()), Nothing())
    return Union(tuple(found.values()))


def _both(parts: Sequence[Type]) -> Type:
    found: dict[str, Type] = {}
    for member in parts:
        for part in member.members if isinstance(member, Both) else (member,):
            if isinstance(part, Nothing):
                return part
            if not isinstance(part, Anything):
                found.setdefault(repr(part), part)
    if len(found) <= 1:
        return next(iter(found.values()), Anything())
    return Both(tuple(found.values()))


def _bare_names(type_: Type) -> Iterator[str]:
    """Give the named types that a type is, rather than holds."""
    if isinstance(type_, Named):
        yield type_.name
    elif isinstance(type_, Union | Both):
        for member in type_.members:
            yield from _bare_names(member)
