"""One handler as one operation: parameters, body, answers.

Owns what a method of a route becomes in the document. Everything is read from the `Handler` that dispatch uses too; the
source of a handler only completes what its types leave open.
"""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, cast, get_args, get_origin
from urllib.parse import unquote

from pydantic import BaseModel

from typed_api import schema
from typed_api.contract import BODYLESS_METHODS, BodyKind, BodyParts, Endpoint, Handler, body_parts
from typed_api.openapi._schemas import Json, Schemas, without_null
from typed_api.openapi._sources import Answer, Answers, Sources, mentions
from typed_api.pattern import Pattern, SegmentKind
from typed_api.problem import Problem
from typed_api.status import BODYLESS_STATUSES, reason_phrase
from typed_api.streams import EventStream, File, JsonLines
from typed_api.wire import parse_content_type

__all__ = ["OpenAPIVersion", "Operations", "documented_handlers", "is_class_of", "paths_of", "tags_of"]

OpenAPIVersion = Literal["3.1", "3.2"]
"""A version of the OpenAPI Specification."""

_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"
_TEXT: Final = "text/plain"
_BYTES: Final = "application/octet-stream"
_ANY_TYPE: Final = "*/*"
_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"

_VERSION: Final = re.compile(r"v[0-9]+([._][0-9]+)*")

_HANDLER_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""What a `handler` is documented for unless its configuration names its methods."""

_ERRORS: Final[Mapping[str, tuple[str, str]]] = {
    "400": ("BadRequest", "The path or the body is malformed."),
    "413": ("ContentTooLarge", "The body is larger than the route takes."),
    "415": ("UnsupportedMediaType", "The body is of a media type that the route does not take."),
    "422": ("UnprocessableContent", "The query, the headers or the body do not fit; `errors` says where."),
    "default": ("Error", "Any other error."),
}
"""The framework's own answers: the name of the shared one, and its description."""

_ERROR_RANGES: Final = frozenset({"4XX", "5XX", "500"})
"""Statuses that a handler may declare and that are answered in any case: by `ApiError`, or after an exception."""

_BINARY: Final[Mapping[str, object]] = {"type": "string", "contentMediaType": _BYTES}


@dataclass(frozen=True, slots=True)
class DocumentedPath:
    """One path of a route: an optional catch-all has two."""

    template: str
    pattern: Pattern
    params: Mapping[str, str]
    """What the path's parameters are called in the template, by their own name."""
    is_second: bool
    """Whether it is the longer one of an optional catch-all."""


def paths_of(pattern: Pattern) -> list[DocumentedPath]:
    """List the paths of a route, as OpenAPI writes them."""
    names = {name: name for name in pattern.params}
    whole = DocumentedPath(pattern.template, pattern, names, False)
    last = pattern.segments[-1] if pattern.segments else None
    if last is None or last.kind is not SegmentKind.OPTIONAL_CATCH_ALL:
        return [whole]
    folder = Pattern(pattern.segments[:-1])
    shorter = {name: name for name in folder.params}
    return [
        DocumentedPath(folder.template, folder, shorter, False),
        DocumentedPath(pattern.template, pattern, names, True),
    ]


def documented_handlers(endpoint: Endpoint) -> list[Handler]:
    """List the handlers of a route that the document has, in the order of the methods."""
    return [
        handler
        for method, handler in endpoint.handlers.items()
        if handler.config.include_in_schema
        and (handler.name != "handler" or handler.config.methods is not None or method in _HANDLER_METHODS)
    ]


def tags_of(endpoint: Endpoint, handler: Handler) -> tuple[str, ...]:
    """Give the tags of an operation: those configured, else the first folder below `api` that is no parameter.

    A folder that only says a version (`v1`) is stepped over where there is another one inside it.
    """
    if handler.config.tags is not None:
        return tuple(dict.fromkeys(handler.config.tags))
    # The root folder comes first and the file last; each folder between them is one segment.
    folders = endpoint.pattern.segments[: max(endpoint.file.count("/") - 1, 0)]
    names = [unquote(folder.text) for folder in folders if folder.kind is SegmentKind.STATIC]
    if names[:1] == ["api"]:
        del names[0]
    telling = [name for name in names if _VERSION.fullmatch(name) is None] or names
    return tuple(telling[:1])


@dataclass(slots=True)
class _Reply:
    """An answer under construction: what may be sent with one status."""

    description: str
    media: dict[str, list[tuple[str, Json]]] = field(default_factory=dict[str, list[tuple[str, Json]]])
    """By media type its schemas, each with the keyword it stands under."""
    is_redirect: bool = False

    def add(self, media_type: str, described: Json | None, keyword: str = "schema") -> None:
        """Allow a body of this media type."""
        schemas = self.media.setdefault(media_type, [])
        if described is not None and (keyword, described) not in schemas:
            schemas.append((keyword, described))

    def merge(self, other: "_Reply") -> None:
        """Allow whatever another answer allows."""
        self.is_redirect = self.is_redirect or other.is_redirect
        for media_type, schemas in other.media.items():
            self.media.setdefault(media_type, [])
            for keyword, described in schemas:
                self.add(media_type, described, keyword)


class Operations:
    """Makes the operations of one document."""

    def __init__(self, openapi: OpenAPIVersion) -> None:
        """Begin with none."""
        self.schemas: Schemas = Schemas()
        self._has_items: bool = openapi != "3.1"
        self._sources: Sources = Sources()
        self._used: set[str] = set()

    def shared_responses(self) -> Json:
        """Give the answers that several operations refer to, sorted by name."""
        shared: Json = {}
        for status in sorted(self._used, key=lambda status: _ERRORS[status][0]):
            name, description = _ERRORS[status]
            shared[name] = {"description": description, "content": {_PROBLEM: {"schema": self._problem()}}}
        return shared

    def _problem(self) -> Json:
        return self.schemas.later(self.schemas.raw(Problem, "serialization"))

    def build(self, endpoint: Endpoint, path: DocumentedPath, handler: Handler, operation_id: str) -> Json:
        """Describe what one method of one path does.

        Args:
            endpoint: The route.
            path: The path of the route that is described.
            handler: The handler of the method.
            operation_id: The operation's id.

        Raises:
            SchemaError: If a declared type has no JSON schema.
        """
        operation: Json = {}
        tags = tags_of(endpoint, handler)
        if tags:
            operation["tags"] = list(tags)
        summary, description = _docstring(handler)
        if summary:
            operation["summary"] = summary
        if description:
            operation["description"] = description
        operation["operationId"] = operation_id
        parameters = [*self._path_and_query(handler, path), *self._headers(handler)]
        if parameters:
            operation["parameters"] = parameters
        body = self._request_body(handler)
        if body is not None:
            operation["requestBody"] = body
        operation["responses"] = self._responses(handler, path)
        if handler.config.deprecated:
            operation["deprecated"] = True
        if handler.config.security is not None:
            operation["security"] = [
                {name: list(scopes) for name, scopes in requirement.items()} for requirement in handler.config.security
            ]
        return operation

    # --- Requests -----------------------------------------------------------------------------------------------------

    def _path_and_query(self, handler: Handler, path: DocumentedPath) -> list[Json]:
        query = handler.request.query
        fields: Mapping[str, schema.TextField] = {} if query is None else schema.text_fields(query)
        properties: Mapping[str, Any] = {} if query is None else self._properties(query)
        parameters: list[Json] = []
        for name, kind in path.pattern.params.items():
            parameter: Json = {"name": path.params[name], "in": "path", "required": True}
            if kind is not SegmentKind.DYNAMIC:
                parameter["schema"] = {"type": "string"}
                parameter["x-typed-api-segments"] = True
            elif name in fields:
                described = without_null(properties.get(_property_of(properties, fields, fields[name].name), {}))
                described.pop("default", None)
                self._fill_parameter(parameter, described)
            else:
                parameter["schema"] = {"type": "string"}
            parameters.append(parameter)
        # A query string never fills what the path fills, by none of its names.
        filled = {fields[name].name for name in handler.pattern.params if name in fields}
        for name, text_field in _one_name_each(fields).items():
            if text_field.name not in filled:
                parameters.append(self._parameter(name, "query", text_field, properties, fields))
        return parameters

    def _headers(self, handler: Handler) -> list[Json]:
        headers = handler.request.headers
        if headers is None:
            return []
        fields = schema.text_fields(headers)
        properties = self._properties(headers)
        parameters: dict[str, Json] = {}
        for name, text_field in _one_name_each(fields).items():
            wire_name = name if text_field.has_alias else name.replace("_", "-")
            # Names of header fields have no case, and a document may name each only once.
            key = wire_name.lower()
            if key not in parameters:
                parameters[key] = self._parameter(wire_name, "header", text_field, properties, fields)
        return list(parameters.values())

    def _properties(self, type_: object) -> dict[str, Any]:
        raw = self.schemas.resolve(self.schemas.raw(type_, "validation"))
        properties: dict[str, Any] = raw.get("properties", {})
        return properties

    def _parameter(
        self,
        name: str,
        where: str,
        text_field: schema.TextField,
        properties: Mapping[str, Any],
        fields: Mapping[str, schema.TextField],
    ) -> Json:
        parameter: Json = {"name": name, "in": where}
        if text_field.required:
            parameter["required"] = True
        key = _property_of(properties, fields, text_field.name)
        described = without_null(properties.get(key, {}))
        if text_field.is_list and self.schemas.resolve(described).get("type") != "array":
            described = cast("dict[str, Any]", {"type": "array", "items": {}})  # One of its values is picked out.
        if text_field.is_list and text_field.required:
            described = _never_empty(described)
        self._fill_parameter(parameter, described)
        if where == "query" and text_field.is_list:
            parameter["style"], parameter["explode"] = "form", True
        if where == "query" and text_field.blank_is_none:
            parameter["allowEmptyValue"] = True
        return parameter

    def _fill_parameter(self, parameter: Json, described: dict[str, Any]) -> None:
        description = described.pop("description", None)
        if description is not None:
            parameter["description"] = description
        if described.pop("deprecated", False):
            parameter["deprecated"] = True
        parameter["schema"] = self.schemas.later(described)

    def _request_body(self, handler: Handler) -> Json | None:
        kind = handler.request.kind
        if handler.method in BODYLESS_METHODS or kind is BodyKind.NONE:
            return None
        match kind:
            case BodyKind.JSON | BodyKind.FORM:
                raw = self.schemas.raw(handler.request.body, "validation")
                if kind is BodyKind.JSON:
                    media_types = [_JSON]
                else:
                    raw = self._form(raw, handler.request.body)
                    media_types = [_MULTIPART] if schema.holds_upload(handler.request.body) else [_FORM, _MULTIPART]
                content: Json = {media_type: {"schema": self.schemas.later(raw)} for media_type in media_types}
                # A `handler` that takes DELETE does without the body that its other methods need.
                is_required = not (handler.name == "handler" and handler.method == "DELETE")
                return {"content": content, "required": True} if is_required else {"content": content}
            case BodyKind.UNDECLARED:
                return {"content": {_JSON: {"schema": {}}, _ANY_TYPE: {}}}
            case _:
                return {"content": {_BYTES: {"schema": dict(_BINARY)}, _ANY_TYPE: {}}}

    def _form(self, raw: dict[str, Any], type_: object) -> dict[str, Any]:
        """Describe a form: as the model is, save for null and for an empty list, neither of which can be sent."""
        whole = self.schemas.resolve(raw)
        properties: dict[str, Any] = whole.get("properties", {})
        texts = {name: without_null(described) for name, described in properties.items()}
        fields = schema.text_fields(type_)
        for name in texts.keys() & fields.keys():
            if fields[name].is_list and fields[name].required:
                texts[name] = _never_empty(texts[name])
        if texts == properties:
            return raw
        described = {**whole, "properties": texts}
        if described.get("title") == getattr(type_, "__name__", None):
            del described["title"]
        return described

    # --- Responses ----------------------------------------------------------------------------------------------------

    def _responses(self, handler: Handler, path: DocumentedPath) -> Json:
        replies = self._declared(handler)
        responses: Json = {}
        if handler.method == "HEAD":
            # No answer to HEAD has content (RFC 9110 §9.3.2).
            described = {status: _ERRORS[status][1] for status in _own_errors(handler, path)}
            described.update((status, reply.description) for status, reply in replies.items())
            return {status: {"description": described[status]} for status in sorted(described, key=_status_order)}
        for status in _own_errors(handler, path):
            name, _ = _ERRORS[status]
            declared = replies.get(status)
            if declared is None and status != "default":
                # An exact status hides its group, and what is said of all others.
                declared = replies.get(f"{status[0]}XX") or replies.get("default")
            if declared is None:
                self._used.add(status)
                responses[status] = {"$ref": f"#/components/responses/{name}"}
                continue
            both = _Reply(declared.description if status in replies else _ERRORS[status][1])
            both.merge(declared)
            both.add(_PROBLEM, self._problem_raw())
            replies[status] = both
        for status, reply in replies.items():
            # `ApiError` may be raised with any status, and is of the media type of a declared problem.
            is_error = status.isdigit() and int(status) >= 400
            if status in _ERROR_RANGES or (is_error and _PROBLEM in reply.media):
                reply.add(_PROBLEM, self._problem_raw())
            responses[status] = self._response(reply)
        return {status: responses[status] for status in sorted(responses, key=_status_order)}

    def _problem_raw(self) -> Json:
        return self.schemas.raw(Problem, "serialization")

    def _response(self, reply: _Reply) -> Json:
        response: Json = {"description": reply.description}
        if reply.is_redirect:
            response["headers"] = {
                "Location": {"required": True, "schema": {"type": "string", "format": "uri-reference"}}
            }
        content: Json = {}
        for media_type, schemas in reply.media.items():
            by_keyword: dict[str, list[Json]] = {}
            for keyword, described in schemas:
                by_keyword.setdefault(keyword, []).append(described)
            content[media_type] = {
                keyword: self.schemas.later(self.schemas.raw_union(described))
                for keyword, described in by_keyword.items()
            }
        if content:
            response["content"] = content
        return response

    def _declared(self, handler: Handler) -> dict[str, _Reply]:
        """Describe the answers that the handler gives, by status."""
        types = handler.response
        bare = [body_parts(types.body_of(200)[0])] if types.bare else []
        exact = [(code, _parts(body)) for code, body in types.exact.items()]
        groups = [(codes, _parts(body)) for codes, body in types.groups]
        answers = self._answers(handler, [*bare, *(parts for _, parts in exact), *(parts for _, parts in groups)])
        replies: dict[str, _Reply] = {}
        for parts in bare:
            self._add_bare(parts, answers, replies)
        for code, parts in exact:
            calls = [answer for answer in answers.found if answer.status == code and answer.call != "redirect"]
            replies[str(code)] = self._reply(str(code), parts, calls if answers.is_complete else None, code)
        for codes, parts in groups:
            calls = [answer for answer in answers.found if answer.status in codes and answer.call != "redirect"]
            key = "default" if len(codes) > 100 else f"{codes.start // 100}XX"
            replies[key] = self._reply(key, parts, calls if answers.is_complete else None, None)
        self._add_redirects(handler, answers, replies)
        return replies

    def _answers(self, handler: Handler, bodies: Iterable[BodyParts]) -> Answers:
        """Read the source of a handler, if there is anything in it that its types do not say."""
        if handler.response.bare or mentions(handler.function, "redirect", "set_header", "append_header"):
            return self._sources.answers(handler.function)
        return self._sources.answers(handler.function) if any(map(_is_open, bodies)) else Answers()

    def _add_bare(self, parts: BodyParts, answers: Answers, replies: dict[str, _Reply]) -> None:
        sent = [answer for answer in answers.found if answer.call != "redirect" and answer.status is not None]
        by_status: dict[int, list[Answer]] = {}
        for answer in sent:
            by_status.setdefault(cast("int", answer.status), []).append(answer)
        if not answers.is_complete:
            by_status.setdefault(200, [])
        for code, calls in by_status.items():
            key = str(code)
            if answers.is_complete:
                replies[key] = self._reply(key, _narrowed(parts, calls), calls, code)
            else:
                replies[key] = self._reply(key, parts, None, code)
        if not answers.is_complete:
            # Any status may have it: what is not listed falls to `default`.
            replies["default"] = self._reply("default", parts, None, None)

    def _add_redirects(self, handler: Handler, answers: Answers, replies: dict[str, _Reply]) -> None:
        keys = [
            "3XX" if answer.status is None else str(answer.status)
            for answer in answers.found
            if answer.call == "redirect"
        ]
        types = handler.response
        if not keys and not answers.is_complete and not (types.exact or types.groups or types.bare):
            keys = ["3XX"]  # Nothing but redirects is declared.
        for key in keys:
            reply = replies.setdefault(key, _Reply(_phrase(key)))
            reply.is_redirect = True
            reply.add(_TEXT, {"type": "string"})

    def _reply(self, key: str, parts: BodyParts, calls: Sequence[Answer] | None, code: int | None) -> _Reply:
        """Describe the answer of one status.

        Args:
            key: The status as the document writes it.
            parts: The body types.
            calls: How the source sends it; None where that is not known. None at all means that it is only declared.
            code: The status, if it is one.
        """
        reply = _Reply(_phrase(key))
        if code in BODYLESS_STATUSES:
            return reply
        if calls is not None and not calls:
            calls = None
        self._add_json(reply, parts, calls)
        if parts.takes_bytes:
            for media_type in _set_types(calls, _BYTES):
                reply.add(media_type, _raw_bytes(media_type))
        if parts.takes_file:
            for media_type in _file_types(calls):
                reply.add(media_type, _raw_bytes(media_type))
        if parts.event:
            self._add_items(reply, EventStream.media_type, self._event(parts))
        if parts.line:
            lines = self.schemas.raw_union([self.schemas.raw(line, "serialization") for line in parts.line])
            self._add_items(reply, JsonLines.media_type, lines)
        return reply

    def _add_json(self, reply: _Reply, parts: BodyParts, calls: Sequence[Answer] | None) -> None:
        sends_json = calls is None or any(answer.call == "json" for answer in calls)
        sends = calls is None or any(answer.call == "send" for answer in calls)
        if not sends_json and not sends:
            return
        for part in parts.json:
            raw = self.schemas.raw(part, "serialization")
            if part is None or part is type(None):
                if sends_json:
                    reply.add(_JSON, raw)
                continue
            if is_class_of(part, Problem):
                reply.add(_PROBLEM, raw)
                continue
            text = _textness(part)
            if sends and text is not False:
                for media_type in _set_types(_of(calls, "send"), _TEXT):
                    # Text that is sent as JSON is a whole document, not a string in one.
                    described: Json = {} if _is_json(media_type) else raw if text else {"type": "string"}
                    reply.add(media_type, described)
            if sends_json or text is not True:
                for media_type in _set_types(_of(calls, "json", "send"), _JSON):
                    reply.add(media_type, raw)

    def _event(self, parts: BodyParts) -> dict[str, Any]:
        """Describe one event of a stream, as a client has it once it is parsed."""
        if parts.event_type is str:
            data: dict[str, Any] = {"type": "string"}
        else:
            raws = [self.schemas.raw(event, "serialization") for event in parts.event]
            data = {"type": "string", "contentMediaType": _JSON, "contentSchema": self.schemas.raw_union(raws)}
        return {
            "type": "object",
            "properties": {
                "data": data,
                "event": {"type": "string"},
                "id": {"type": "string"},
                "retry": {"type": "integer", "minimum": 0},
            },
        }

    def _add_items(self, reply: _Reply, media_type: str, item: dict[str, Any]) -> None:
        if self._has_items:
            reply.add(media_type, item, "itemSchema")
        else:
            # Of events there is no schema: tools hold it against each event, not against the text of the whole.
            if media_type != EventStream.media_type:
                reply.add(media_type, {"type": "string"})
            # OpenAPI 3.1 has no word for it.
            reply.add(media_type, item, "x-typed-api-item-schema")


def _docstring(handler: Handler) -> tuple[str, str]:
    text = inspect.cleandoc(handler.function.__doc__ or "")
    summary, _, rest = text.partition("\n")
    return summary.strip(), rest.strip()


def _never_empty(described: dict[str, Any]) -> dict[str, Any]:
    """Ask for an item of a list that has to come: without one its key is missing."""
    if described.get("type") != "array" or described.get("minItems", 0) > 0:
        return described
    return {**described, "minItems": 1}


def _one_name_each(fields: Mapping[str, schema.TextField]) -> dict[str, schema.TextField]:
    """Leave one name to each field, the alias where there is a choice: a client needs no more than one."""
    chosen: dict[str, str] = {}
    for name, text_field in fields.items():
        if text_field.name not in chosen or (text_field.has_alias and not fields[chosen[text_field.name]].has_alias):
            chosen[text_field.name] = name
    kept = set(chosen.values())
    return {name: text_field for name, text_field in fields.items() if name in kept}


def _property_of(properties: Mapping[str, Any], fields: Mapping[str, schema.TextField], field_name: str) -> str:
    """Find the property that pydantic's schema has for a field: under one of its names."""
    names = [name for name, text_field in fields.items() if text_field.name == field_name]
    return next((name for name in names if name in properties), field_name)


def _own_errors(handler: Handler, path: DocumentedPath) -> list[str]:
    """List the statuses with which the framework itself may answer."""
    request = handler.request
    kind = request.kind
    takes_body = handler.method not in BODYLESS_METHODS
    reads = takes_body and kind in (BodyKind.JSON, BodyKind.FORM, BodyKind.RAW, BodyKind.UNDECLARED)
    decodes = reads and kind is not BodyKind.RAW
    validates = takes_body and kind in (BodyKind.JSON, BodyKind.FORM)
    statuses: list[str] = []
    if decodes or path.pattern.params:
        statuses.append("400")
    if reads or (takes_body and kind is BodyKind.UNREAD and handler.limits_reading):
        statuses.append("413")
    if decodes:
        statuses.append("415")
    if validates or any(map(_may_not_fit, (request.query, request.headers))):
        statuses.append("422")
    return [*statuses, "default"]


def _may_not_fit(declared: Any) -> bool:
    """Tell whether there is a query or are headers that do not fit: a model that asks for nothing takes all of them."""
    if declared is None:
        return False
    core: Any = schema.core_schema_of(declared)
    fields: Any = core.get("schema", {})
    asks_for_nothing = (
        core["type"] == "model"
        and fields["type"] == "model-fields"
        and not fields["fields"]
        and core["config"].get("extra_fields_behavior", "ignore") == "ignore"
        and not core.get("custom_init")
        and "post_init" not in core
    )
    return not asks_for_nothing


def _status_order(status: str) -> tuple[bool, str]:
    # 'X' comes after the digits, so that an exact status stands before its group.
    return status == "default", status


def _phrase(key: str) -> str:
    if key == "default":
        return "Any other answer."
    return reason_phrase(int(key)) if key.isdigit() else reason_phrase(int(key[0]) * 100 + 99)


def _of(calls: Sequence[Answer] | None, *names: str) -> Sequence[Answer] | None:
    return None if calls is None else [answer for answer in calls if answer.call in names]


def _set_types(calls: Sequence[Answer] | None, default: str) -> list[str]:
    """List the media types that answers go out with: what the source sets, else the usual one."""
    if calls is None:
        return [default]
    usual = [answer.media_type or default if answer.is_plain else _ANY_TYPE for answer in calls]
    return list(dict.fromkeys(usual)) or [default]


def _file_types(calls: Sequence[Answer] | None) -> list[str]:
    """List the media types of files: what the source sets, or gives to `File`; else it is guessed from the name."""
    sent = [answer for answer in calls or () if answer.call == "send" and answer.body in (None, File)]
    types = [answer.media_type or answer.file_type or _ANY_TYPE if answer.is_plain else _ANY_TYPE for answer in sent]
    return list(dict.fromkeys(types)) or [_ANY_TYPE]


def _is_json(media_type: str) -> bool:
    parsed = parse_content_type(media_type)
    return parsed is not None and parsed.is_json


def _raw_bytes(media_type: str) -> Json:
    """Describe bytes that are sent as they stand; of JSON among them nothing is known."""
    if _is_json(media_type):
        return {}
    return {"type": "string", "contentMediaType": _BYTES if media_type == _ANY_TYPE else media_type}


def _textness(declared: object) -> bool | None:
    """Tell whether the values of a type are text, which `send` sends as it stands; None if it cannot be told."""
    type_: Any = declared
    while True:
        if get_origin(type_) is Annotated:
            type_ = get_args(type_)[0]
        elif hasattr(type_, "__supertype__"):
            type_ = type_.__supertype__
        else:
            break
    if get_origin(type_) is Literal:
        return _agreed(isinstance(value, str) for value in get_args(type_))
    if type_ is Any or type_ is object or schema.is_alias(type_) or schema.is_alias(get_origin(type_)):
        return None
    if get_origin(type_) in (Union, UnionType):
        return _agreed(_textness(member) for member in get_args(type_))
    return isinstance(type_, type) and issubclass(type_, str)


def _agreed(answers: Iterable[bool | None]) -> bool | None:
    distinct = set(answers)
    return distinct.pop() if len(distinct) == 1 else None


def _is_open(parts: BodyParts) -> bool:
    """Tell whether how a body is sent depends on the call: text, a file, and nothing."""
    return parts.takes_file or any(
        part is None or part is type(None) or _textness(part) is not False for part in parts.json
    )


def _parts(body: object) -> BodyParts:
    # A model is what most bodies are, and is found without taking it apart.
    return BodyParts((body,), (), (), False, False) if is_class_of(body, BaseModel) else body_parts(body)


def is_class_of(type_: object, base: type) -> bool:
    """Tell whether a type is a class that derives from another."""
    return isinstance(type_, type) and issubclass(type_, base)


def _narrowed(parts: BodyParts, calls: Sequence[Answer]) -> BodyParts:
    """Keep the body types of a bare declaration that are sent with a status, where each call says which it is."""
    bodies = [answer.body for answer in calls if answer.call in ("json", "send")]
    classes = [part for part in parts.json if isinstance(part, type)]
    if not bodies or any(body not in classes for body in bodies):
        return parts
    return BodyParts(tuple(part for part in parts.json if part in bodies), (), (), False, False)
