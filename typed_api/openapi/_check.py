"""What is wrong with a document, told at start.

Owns the cheap questions: they are asked whenever an app starts, so a schema is generated only where something in a type
may have none.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel

from typed_api import schema
from typed_api.contract import BODYLESS_METHODS, BodyKind, Endpoint, Handler, body_parts
from typed_api.openapi._document import Info
from typed_api.openapi._operations import documented_handlers, is_class_of
from typed_api.openapi._schemas import Mode, Schemas, is_writable, walk
from typed_api.schema import SchemaError

__all__ = ["check_endpoints"]

_PLAIN: Final[frozenset[object]] = frozenset(
    {bool, bytes, float, int, str, type(None), None, Any, date, datetime, time, timedelta, Decimal, UUID, dict, list}
)
_CONTAINERS: Final[frozenset[object]] = frozenset({dict, frozenset, list, set, tuple, Union, UnionType})
_HARMLESS: Final = ("annotated_types", "pydantic.types", "pydantic._internal._fields")
"""The modules of what may be annotated on a field and never takes its JSON schema away."""

# Nodes that have no JSON schema of their own; most types with one bring another schema, so that they are only suspect.
_SUSPECTS: Final = frozenset(
    {"arguments", "arguments-v3", "call", "callable", "function-plain", "is-instance", "is-subclass", "invalid"}
)
_KEYS: Final = frozenset(
    {
        "arguments_schema",
        "choices",
        "computed_fields",
        "definitions",
        "extras_schema",
        "fields",
        "items_schema",
        "json_schema",
        "keys_schema",
        "lax_schema",
        "return_schema",
        "schema",
        "serialization",
        "steps",
        "strict_schema",
        "values_schema",
    }
)


_SCHEME_TYPES: Final = ("apiKey", "http", "mutualTLS", "oauth2", "openIdConnect")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")


def check_endpoints(endpoints: Sequence[Endpoint], info: Info) -> list[str]:
    """Find what keeps an app from having a document.

    Args:
        endpoints: The routes.
        info: What the app says of itself.

    Returns:
        One sentence per problem: a type without a JSON schema, an operation id given twice, a requirement that names
        no security scheme. Routes with `include_in_schema=False` are not looked at.
    """
    return [*_check_types(endpoints), *_check_ids(endpoints), *_check_security(endpoints, info)]


def _check_types(endpoints: Sequence[Endpoint]) -> Iterator[str]:
    suspects = _Suspects()
    told: set[tuple[str, str]] = set()
    for endpoint in endpoints:
        for handler in documented_handlers(endpoint):
            for type_, mode in _types_of(handler):
                if suspects.has(type_):
                    problem = suspects.problem(type_, mode)
                    if problem is not None and (handler.where, problem) not in told:
                        told.add((handler.where, problem))
                        yield f"{endpoint.file!r}: {handler.name!r} cannot be documented: {problem}"


def _types_of(handler: Handler) -> Iterator[tuple[Any, Mode]]:
    request, response = handler.request, handler.response
    if request.kind in (BodyKind.JSON, BodyKind.FORM) and handler.method not in BODYLESS_METHODS:
        yield request.body, "validation"
    for declared in (request.query, request.headers):
        if declared is not None:
            yield declared, "validation"
    for body in (*response.exact.values(), *(body for _, body in response.groups), *response.bare):
        if is_class_of(body, BaseModel):
            yield body, "serialization"
        elif body is not None:
            parts = body_parts(body)
            for part in (*parts.json, *parts.event, *parts.line):
                yield part, "serialization"


class _Suspects:
    """Tells which types may have no JSON schema, and which of them have none."""

    def __init__(self) -> None:
        self._known: dict[object, bool] = dict.fromkeys(_PLAIN, False)
        self._problems: dict[tuple[int, Mode], tuple[object, str | None]] = {}

    def problem(self, type_: object, mode: Mode) -> str | None:
        """Generate the schema of a type, and say what is wrong with it."""
        key = (id(type_), mode)
        if key not in self._problems:
            problem: str | None = None
            try:
                Schemas().raw(type_, mode)
            except SchemaError as error:
                problem = str(error)
            # The type is kept, so that its id stays its own.
            self._problems[key] = (type_, problem)
        return self._problems[key][1]

    def has(self, type_: Any) -> bool:
        """Look at a type as a reader would: by its annotations, where they say all."""
        try:
            known = self._known.get(type_)
        except TypeError:  # Metadata in `Annotated` may be unhashable.
            return self._look(type_)
        if known is None:
            self._known[type_] = False  # One that leads back to itself is judged by the rest of it.
            known = self._known[type_] = self._look(type_)
        return known

    def _look(self, type_: Any) -> bool:
        if isinstance(type_, type):
            if issubclass(type_, BaseModel) and type_.__pydantic_complete__ and _is_ordinary(type_):
                return self._look_at_fields(type_) and self._look_inside(type_)
            if issubclass(type_, Enum) and "__get_pydantic_core_schema__" not in dir(type_):
                return False
            return self._look_inside(type_)
        origin, args = get_origin(type_), get_args(type_)
        if origin is Literal:
            return False
        if origin is Annotated and all(map(_is_harmless, args[1:])):
            return self.has(args[0])
        if origin in _CONTAINERS:
            return any(self.has(arg) for arg in args if arg is not Ellipsis)
        return self._look_inside(type_)

    def _look_at_fields(self, model: type[BaseModel]) -> bool:
        known = self._known
        for model_field in model.__pydantic_fields__.values():
            if _is_suspect_extra(model_field.json_schema_extra):
                return True
            if model_field.metadata and not all(map(_is_harmless, model_field.metadata)):
                return True
            annotation = model_field.annotation
            try:
                if known[annotation]:
                    return True
            except (KeyError, TypeError):
                if self.has(annotation):
                    return True
        return False

    def _look_inside(self, type_: Any) -> bool:
        """Look through the schema that pydantic has made."""
        try:
            core = schema.core_schema_of(type_)
        except SchemaError:
            return True
        return any(_is_suspect(node) for node in walk(core, _KEYS))


def _is_suspect(node: Mapping[str, Any]) -> bool:
    if node["type"] in _SUSPECTS:
        return True
    metadata: Mapping[str, Any] = node.get("metadata") or {}
    if _is_suspect_extra(metadata.get("pydantic_js_extra")) or metadata.get("pydantic_js_annotation_functions"):
        return True
    cls = node.get("cls")
    if not isinstance(cls, type):
        return bool(metadata.get("pydantic_js_functions"))
    config: Any = getattr(cls, "__pydantic_config__", None) or {}
    if _is_suspect_extra(config.get("json_schema_extra")):
        return True
    if is_dataclass(cls) or issubclass(cls, Enum):
        return hasattr(cls, "__get_pydantic_json_schema__")
    if not issubclass(cls, BaseModel):
        return False
    # What is added to the root of a root model stands in the field alone, in some releases of pydantic.
    root = cls.__pydantic_fields__["root"] if node.get("root_model") else None
    return not _has_own_schema(cls) or (root is not None and _is_suspect_extra(root.json_schema_extra))


def _is_suspect_extra(extra: object) -> bool:
    """Tell whether what is added to a schema may be no JSON."""
    return extra is not None and (callable(extra) or not is_writable(extra))


def _is_ordinary(model: type[BaseModel]) -> bool:
    """Tell whether the annotations of a model's fields say all that matters."""
    decorators = model.__pydantic_decorators__
    return (
        _has_own_schema(model)
        and not decorators.field_validators
        and not decorators.model_validators
        and not decorators.validators
        and not decorators.root_validators
        and not decorators.computed_fields
        and not decorators.field_serializers
        and not decorators.model_serializers
        and model.model_config.get("extra") != "allow"
    )


def _has_own_schema(model: type[BaseModel]) -> bool:
    """Tell whether a model leaves its schemas to pydantic."""
    ours: Any = model
    base: Any = BaseModel
    return (
        ours.__get_pydantic_json_schema__.__func__ is base.__get_pydantic_json_schema__.__func__
        and ours.__get_pydantic_core_schema__.__func__ is base.__get_pydantic_core_schema__.__func__
        and not _is_suspect_extra(model.model_config.get("json_schema_extra"))
    )


def _is_harmless(metadata: object) -> bool:
    return type(metadata).__module__ in _HARMLESS


def _check_ids(endpoints: Sequence[Endpoint]) -> Iterator[str]:
    owners: dict[str, list[Handler]] = {}
    for endpoint in endpoints:
        for handler in documented_handlers(endpoint):
            if handler.config.operation_id is not None:
                owners.setdefault(handler.config.operation_id, []).append(handler)
    for operation_id, handlers in owners.items():
        if len(handlers) > 1:
            users = [f"{handler.method} of {handler.where.partition(' of ')[2]!r}" for handler in handlers]
            listed = (
                f"{', '.join(users[:-1])} and {users[-1]}"
                if len(users) <= 5
                else (f"{', '.join(users[:4])} and {len(users) - 4} more")
            )
            yield (
                f"The operation_id {operation_id!r} is given to {listed}. Each operation needs its own: give it in the "
                "module, and for one method of several as RouteConfig(get=RouteConfig(operation_id=...))."
            )


def _check_security(endpoints: Sequence[Endpoint], info: Info) -> Iterator[str]:
    known = ", ".join(map(repr, sorted(info.security_schemes))) or "none"
    mend = f"Name it in security_schemes={{...}} of the app, or use one that is there ({known})."
    for name, scheme in info.security_schemes.items():
        if _NAME.fullmatch(name) is None:
            yield (
                f"The security scheme {name!r} has a name that OpenAPI does not allow. Use letters, digits, '.', '_' "
                "and '-'."
            )
        if scheme.get("type") not in _SCHEME_TYPES:
            yield (
                f"The security scheme {name!r} has the type {scheme.get('type')!r}, which OpenAPI does not know. Use "
                f"{', '.join(map(repr, _SCHEME_TYPES[:-1]))} or {_SCHEME_TYPES[-1]!r}."
            )
    for requirement in info.security:
        for name in requirement:
            if name not in info.security_schemes:
                yield f"The app's security names the scheme {name!r}, which is not defined. {mend}"
    told: set[tuple[str, str]] = set()
    for endpoint in endpoints:
        for handler in documented_handlers(endpoint):
            for requirement in handler.config.security or ():
                for name in requirement:
                    if name not in info.security_schemes and (endpoint.file, name) not in told:
                        told.add((endpoint.file, name))
                        yield f"{endpoint.file!r}: security names the scheme {name!r}, which is not defined. {mend}"
