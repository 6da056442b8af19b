"""From a declared type to the functions that read requests and write responses: everything done with pydantic schemas.

Owns three kinds of compiled functions, each cached by its type and built when it is first used: `json_validator` for
request bodies, `text_validator` for queries, headers and forms, and `response_codec` for answers; and `check_type`, the
cheap question asked at start. A type that needs nothing special keeps the very validator and serializer that pydantic
made for it. Where the contract asks for more (finite floats, text for numbers, deep re-checks), a copy of its core
schema is rewritten and compiled; the type itself is never changed.
"""

import math
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from enum import Enum
from functools import lru_cache, wraps
from typing import (
    Annotated,
    Any,
    Concatenate,
    Final,
    Literal,
    NotRequired,
    ParamSpec,
    Required,
    TypeAlias,
    TypeGuard,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import pydantic_core
from pydantic import BaseModel, EncodedBytes, EncodedStr, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation, PydanticUserError
from pydantic_core import CoreSchema, PydanticKnownError, SchemaSerializer, SchemaValidator, from_json
from starlette.datastructures import UploadFile
from typing_extensions import ReadOnly, TypeAliasType, is_typeddict

from typed_api._types import FormMarker
from typed_api.errors import ApiError, ResponseValidationError

__all__ = [
    "JsonDecoder",
    "ResponseCodec",
    "SchemaError",
    "TextDecoder",
    "TextField",
    "Where",
    "check_type",
    "core_schema_of",
    "holds_upload",
    "is_alias",
    "json_validator",
    "parse_json",
    "response_codec",
    "spell",
    "text_fields",
    "text_validator",
]

Where: TypeAlias = Literal["body", "query", "header", "form"]
"""The part of a request that a value comes from; the first element of every `loc`."""

JsonDecoder: TypeAlias = Callable[[bytes], Any]
"""JSON bytes to a value of the declared type; raises `ApiError` (400 malformed, 422 wrong shape)."""

TextDecoder: TypeAlias = Callable[[Mapping[str, object]], Any]
"""A mapping of text to a value of the declared type; raises `ApiError` (422)."""

P = ParamSpec("P")
R = TypeVar("R")

_Node: TypeAlias = dict[str, Any]
_Visit: TypeAlias = Callable[[_Node], _Node]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Before Python 3.14 the class of `type` statements is not the one that typing_extensions has for older Pythons.
_ALIASES: Final[tuple[type, ...]] = (TypeAliasType, getattr(typing, "TypeAliasType", TypeAliasType))
_CACHED_TYPES: Final = 4096
_LISTED_ERRORS: Final = 100
# Listing an error costs a few microseconds, and a body of 1 MB can make a million of them.
_MANY_ERRORS: Final = 1000
# `[{},{},…]` costs its sender three bytes an item and the server an error per required field: 1 MB took 5 s and 1.3 GB.
# Longer bodies therefore stop at the first bad item of a list or mapping; shorter ones report every error.
_THOROUGH_BYTES: Final = 8192
# Every error of JSON mode keeps a copy of its input: 50 fields missing from 1 MB of `{"z":[{},{},…]}` took 3 s, 2.3 GB.
# Where the values in a body times the fields of its type are more than this, another way looks for errors first.
_COSTLY: Final = 500_000


class SchemaError(TypeError):
    """A declared type cannot be read or written as JSON.

    Attributes:
        declared: The type that was declared.
    """

    declared: object

    def __init__(self, declared: object, problem: str) -> None:
        """Make the error.

        Args:
            declared: The type that was declared.
            problem: Full sentences: what is wrong with it, and the mend.
        """
        super().__init__(problem)
        self.declared = declared


# --- The declared type -----------------------------------------------------------------------------------------------


def _cached_by_type(make: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """Cache by the type and its spelling: `int | str` equals `str | int`, yet tries its members in another order."""

    @lru_cache(maxsize=_CACHED_TYPES)
    def cached(type_: Any, spelling: str, *args: Any, **kwargs: Any) -> R:
        return make(type_, *args, **kwargs)

    find: Callable[..., R] = cached

    @wraps(make)
    def call(type_: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            hash(type_)
        except TypeError:  # Metadata in `Annotated` may be unhashable.
            return make(type_, *args, **kwargs)
        return find(type_, repr(type_), *args, **kwargs)

    return call


def check_type(type_: Any) -> None:
    """Make sure that a type can be read and written as JSON; cheap for a model that pydantic has completed.

    Args:
        type_: What a handler declares for a body, a query or an answer.

    Raises:
        SchemaError: If the type, or one inside it, has no schema, names something undefined, or is `object` or
            `BaseModel`.
    """
    if type_ is object:
        raise SchemaError(
            type_, "'object' says nothing about the JSON. Declare a model, or 'Any' to let every JSON value through."
        )
    if _is_model(type_) and type_.__pydantic_complete__:
        return
    _adapter(type_)


def core_schema_of(type_: Any) -> CoreSchema:
    """Give pydantic's core schema of a type; for a model that pydantic has completed nothing is built.

    Args:
        type_: A type that `check_type` has let through.

    Raises:
        SchemaError: If the type has no schema.
    """
    if _is_model(type_) and type_.__pydantic_complete__:
        return type_.__pydantic_core_schema__
    return _adapter(type_).core_schema


@_cached_by_type
def _adapter(type_: Any) -> TypeAdapter[Any]:
    if type_ is BaseModel:
        raise SchemaError(type_, "'BaseModel' has no fields. Declare a class of your own that derives from it.")
    try:
        if _is_model(type_):
            # Depth 0: forward references mean what they mean in the module of the model, not in this one.
            type_.model_rebuild(_parent_namespace_depth=0)
        adapter: TypeAdapter[Any] = TypeAdapter(type_)
        if not adapter.pydantic_complete:
            adapter.rebuild(_parent_namespace_depth=0)
    except PydanticUndefinedAnnotation as error:
        raise SchemaError(
            type_,
            f"'{spell(type_)}' names '{error.name}', which is not defined. Define it at module level, or import it "
            "outside of 'if TYPE_CHECKING:'.",
        ) from error
    except PydanticSchemaGenerationError as error:
        path, culprit = _without_schema(type_, spell(type_), []) or (spell(type_), type_)
        inside = "" if culprit is type_ else f": '{spell(culprit)}' has no schema"
        at = "" if path == spell(type_) else f" (at '{path}')"
        raise SchemaError(
            type_,
            f"'{spell(type_)}' cannot be read or written as JSON{inside}{at}. "
            "Use a pydantic model, a dataclass, a TypedDict or a type that JSON knows.",
        ) from error
    except (PydanticUserError, pydantic_core.SchemaError, TypeError) as error:
        first_line = str(error).partition("\n")[0]
        raise SchemaError(type_, f"'{spell(type_)}' cannot be read or written as JSON. {first_line}") from error
    except Exception as error:  # Types may make their schemas themselves, with code that raises anything.
        raise SchemaError(
            type_,
            f"'{spell(type_)}' cannot be read or written as JSON. Making its schema raised {type(error).__name__}: "
            f"{str(error).partition(chr(10))[0]}",
        ) from error
    if not adapter.pydantic_complete:
        raise SchemaError(type_, f"'{spell(type_)}' names a type that is not defined. Define it at module level.")
    return adapter


def is_alias(hint: object) -> TypeGuard[TypeAliasType]:
    """Tell whether a type is an alias that has a name at run time: a `type` statement, or `TypeAliasType(...)`."""
    return isinstance(hint, _ALIASES)


def _is_model(type_: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(type_, type) and issubclass(type_, BaseModel)


@_cached_by_type
def holds_upload(type_: Any) -> bool:
    """Tell whether a type has an uploaded file in it, which only a form can bring.

    Args:
        type_: A type that `check_type` has let through.
    """
    return _holds_upload(type_, {bool, bytes, float, int, str, type(None)})


def _holds_upload(type_: Any, seen: set[type]) -> bool:
    if isinstance(type_, type):
        if type_ in seen:
            return False
        seen.add(type_)
        if _is_model(type_) and type_.__pydantic_complete__:
            # Much faster than to search its schema, and most bodies are models.
            return any(_holds_upload(field.annotation, seen) for field in type_.__pydantic_fields__.values())
        if not _has_fields(type_):
            return issubclass(type_, UploadFile)
    elif not is_alias(get_origin(type_) or type_):
        return any(_holds_upload(arg, seen) for arg in get_args(type_))
    return any(
        node["type"] == "is-instance" and isinstance(node["cls"], type) and issubclass(node["cls"], UploadFile)
        for _, node in _nodes(_schema_of(_adapter(type_)))
    )


def _has_fields(type_: Any) -> bool:
    return is_dataclass(type_) or is_typeddict(type_) or hasattr(type_, "_fields") or _is_model(type_)


def _schema_of(adapter: TypeAdapter[Any]) -> _Node:
    return cast(_Node, adapter.core_schema)


def spell(hint: object) -> str:
    """Write a type as a person does: `Ok[User] | NotFound[Problem]`.

    Args:
        hint: A type, as annotations have it at run time.
    """
    if isinstance(hint, str):  # A name in quotes, inside a container.
        return hint
    if hint is None or hint is type(None):
        return "None"
    origin: Any = get_origin(hint)
    args: tuple[Any, ...] = get_args(hint)
    if origin in (Union, types.UnionType):
        return " | ".join(spell(arg) for arg in args)
    if origin is Annotated:
        inner = spell(args[0])
        return f"Form[{inner}]" if any(isinstance(extra, FormMarker) for extra in args[1:]) else inner
    if origin is Literal:
        return f"Literal[{', '.join(repr(arg) for arg in args)}]"
    name = getattr(origin or hint, "__name__", None) or str(origin or hint)
    if name == "ApiRequest":
        # The defaults of the later parameters are not what was written.
        shown: list[Any] = list(args)
        while len(shown) > 1 and getattr(shown[-1], "__name__", "") in ("Headers", "Query"):
            shown.pop()
        args = tuple(shown)
    if args and origin is not None:
        return f"{name}[{', '.join('...' if arg is Ellipsis else spell(arg) for arg in args)}]"
    return str(name)


def _without_schema(type_: Any, path: str, seen: list[Any]) -> tuple[str, Any] | None:
    """Find the innermost type that keeps `type_` from having a schema, and the way to it."""
    seen.append(type_)
    inner: list[tuple[str, Any]] = [(path, part) for part in get_args(type_)]
    if _has_fields(type_) and isinstance(type_, type):
        try:
            hints = get_type_hints(type_, include_extras=True)
        except Exception:  # Another field names something undefined, or its text cannot be evaluated.
            return path, type_
        inner += [(f"{path}.{name}", _unqualified(hint)) for name, hint in hints.items()]
    is_recursive = False
    for part_path, part in inner:
        if any(part is known for known in seen):
            is_recursive = True
            continue
        try:
            TypeAdapter(part)
        except PydanticSchemaGenerationError:
            found = _without_schema(part, part_path, seen)
            if found is not None:
                return found
        except Exception:  # Another fault than the one that is looked for.
            continue
    # One that fails only because it leads back to where the search came from is not to blame.
    return None if is_recursive else (path, type_)


def _unqualified(hint: Any) -> Any:
    """Take away what is said about a field of a TypedDict, and has no schema by itself."""
    while get_origin(hint) in (Required, NotRequired, ReadOnly):
        hint = get_args(hint)[0]
    return hint


# --- Walking and rewriting core schemas ------------------------------------------------------------------------------

# The keys of a core schema node under which other nodes stand. All others hold values of the user's own (defaults,
# functions, classes), which must be neither entered nor copied.
_VALIDATION_KEYS: Final = _words(
    "arguments_schema choices definitions extras_keys_schema extras_schema fields items_schema "
    "json_schema keys_schema lax_schema python_schema schema steps strict_schema values_schema "
    "var_args_schema var_kwargs_schema"
)
_SERIALIZATION_KEYS: Final = _VALIDATION_KEYS | {"computed_fields", "return_schema", "serialization"}

_LISTS: Final = _words("deque frozenset list set tuple")
_MAPPINGS: Final = _words("counter dict frozendict ordered-dict")


def _is_dict(value: object) -> TypeGuard[dict[Any, Any]]:
    return isinstance(value, dict)


def _is_sequence(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, (list, tuple))


def _is_node(value: object) -> TypeGuard[_Node]:
    # A mapping of fields or of choices may have an entry "type" too, but with a node under it.
    return _is_dict(value) and isinstance(value.get("type"), str)


def _children(node: _Node, keys: frozenset[str]) -> Iterator[tuple[str, _Node]]:
    for key in keys & node.keys():
        stack: list[Any] = [node[key]]
        while stack:
            value = stack.pop()
            if _is_node(value):
                yield key, value
            elif _is_dict(value):
                stack.extend(value.values())
            elif _is_sequence(value):
                stack.extend(value)


def _nodes(node: _Node, keys: frozenset[str] = _VALIDATION_KEYS, key: str = "") -> Iterator[tuple[str, _Node]]:
    """Yield a node and all below it, each with the key that it stands under."""
    yield key, node
    for child_key, child in _children(node, keys):
        yield from _nodes(child, keys, child_key)


def _mapped(value: Any, visit: _Visit) -> Any:
    """Rebuild what stands under a key from visited nodes; the same object when nothing changed."""
    if _is_node(value):
        return visit(value)
    if _is_dict(value):
        entries = {key: _mapped(entry, visit) for key, entry in value.items()}
        return entries if any(entries[key] is not value[key] for key in value) else value
    if _is_sequence(value):
        items = type(value)(_mapped(item, visit) for item in value)
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def _with_children(node: _Node, visit: _Visit, keys: frozenset[str] = _VALIDATION_KEYS) -> _Node:
    """Copy a node with its children visited; the same object when nothing changed."""
    changed: _Node = {}
    for key in keys & node.keys():
        new = _mapped(node[key], visit)
        if new is not node[key]:
            changed[key] = new
    if "choices" in changed and _is_sequence(node["choices"]):
        changed["choices"] = [
            (new, _title(old)) if _is_node(old) and new is not old else new
            for new, old in zip(changed["choices"], node["choices"], strict=True)
        ]
    return {**node, **changed} if changed else node


def _title(node: _Node) -> str:
    """Find what errors call a member of a union; rewritten, it would bear the names of our functions."""
    try:
        return SchemaValidator(cast(Any, node)).title
    except pydantic_core.SchemaError:  # It refers to definitions elsewhere.
        return str(node["type"])


def _wrapped(kind: str, node: _Node, function: Callable[..., Any]) -> _Node:
    """Put a validator function of this kind around a node; the reference by which others find it moves outwards."""
    inner = {key: value for key, value in node.items() if key != "ref"}
    wrapper: _Node = {"type": kind, "function": {"type": "no-info", "function": function}, "schema": inner}
    return {**wrapper, "ref": node["ref"]} if "ref" in node else wrapper


def _function(node: _Node) -> Any:
    """The Python function of a validator or serializer node."""
    function: Any = node["function"]
    return function["function"] if _is_dict(function) else function


def _is_pydantics_own(node: _Node) -> bool:
    return str(getattr(_function(node), "__module__", "")).startswith("pydantic.")


def _compiled(schema: _Node) -> SchemaValidator:
    # Without the private argument the nested models would bring their prebuilt, unrewritten validators.
    return SchemaValidator(cast(Any, schema), _use_prebuilt=False)


def _failing_fast(node: _Node) -> _Node:
    """Stop at the first bad item of each list and mapping."""
    new = _with_children(node, _failing_fast)
    return {**new, "fail_fast": True} if node["type"] in _LISTS | _MAPPINGS else new


# --- Non-finite floats -----------------------------------------------------------------------------------------------


def _non_finite_paths(value: object) -> Iterator[list[str | int]]:
    """Yield the ways to floats that JSON cannot hold, in JSON-like data."""
    stack: list[tuple[Any, list[str | int]]] = [(value, [])]
    while stack:
        current, path = stack.pop()
        if isinstance(current, float) and not math.isfinite(current):
            yield path
        elif _is_dict(current):
            stack.extend((item, [*path, key]) for key, item in current.items())
        elif _is_sequence(current):
            stack.extend((item, [*path, index]) for index, item in enumerate(current))


_ATOMS: Final[frozenset[object]] = frozenset({bool, int, str, type(None)})


def _holds_non_finite(value: Any) -> bool:
    """Look through JSON-like data for a float that JSON cannot hold."""
    stack: list[Any] = [value]
    while stack:
        current = stack.pop()
        if type(current) in _ATOMS:
            continue
        if isinstance(current, float):
            if not math.isfinite(current):
                return True
        elif _is_dict(current):
            stack.extend(current.values())
        elif _is_sequence(current):
            stack.extend(current)
    return False


def _finite(value: Any) -> Any:
    if _holds_non_finite(value):
        raise PydanticKnownError("finite_number")
    return value


def _finite_attributes(instance: Any) -> Any:
    _finite([vars(instance), getattr(instance, "__pydantic_extra__", None)])
    return instance


_FINITE_ANY: Final[_Node] = _wrapped("function-after", {"type": "any"}, _finite)


def _refusing_non_finite(node: _Node) -> _Node:
    """Rewrite a schema so that no float in a JSON document can be NaN or infinite; itself if it holds none."""
    new = _with_children(node, _refusing_non_finite)
    kind = node["type"]
    if kind == "float":
        return new if node.get("allow_inf_nan") is False else {**new, "allow_inf_nan": False}
    if kind == "any":
        return _wrapped("function-after", new, _finite)
    if kind in _MAPPINGS and "values_schema" not in node:
        return {**new, "values_schema": _FINITE_ANY}
    if kind in _LISTS | {"generator"} and "items_schema" not in node:
        return {**new, "items_schema": _FINITE_ANY}
    if kind == "json" and "schema" not in node:
        return {**new, "schema": _FINITE_ANY}
    if kind in ("function-plain", "function-wrap") and not _is_pydantics_own(node):
        # The function sees the raw value and may return it.
        return _wrapped("function-before", new, _finite)
    if kind == "model" and node.get("custom_init") and new is not node:
        # Its own `__init__` validates with the model's own validator.
        return _wrapped("function-before", new, _finite)
    if kind in ("model", "dataclass", "typed-dict") and _extra_behavior(node) == "allow":
        return _wrapped("function-after", new, _finite if kind == "typed-dict" else _finite_attributes)
    return new


def _extra_behavior(node: _Node) -> str | None:
    behavior: str | None = node.get("extra_behavior", node.get("config", {}).get("extra_fields_behavior"))
    return behavior


# --- Requests: JSON --------------------------------------------------------------------------------------------------

# Kinds that pydantic's strict mode takes from JSON text but refuses from a Python string or list.
_STRICT_ONLY_AS_JSON: Final = _words("bytes complex decimal fraction lax-or-strict") | (
    (_LISTS | _MAPPINGS) - {"dict", "list"}
)
_MOMENTS: Final = {
    "date": "date_type",
    "datetime": "datetime_type",
    "time": "time_type",
    "timedelta": "time_delta_type",
}
_WITH_STRICT: Final = (
    _words(
        "bool dataclass default enum float int model model-fields multi-host-url nullable str tagged-union "
        "typed-dict union url uuid"
    )
    | _STRICT_ONLY_AS_JSON
    | _MOMENTS.keys()
    | {"dict", "list"}
)


def _shows_raw_input(schema: _Node) -> bool:
    """Whether a `before` or `wrap` function stands above a kind that strict mode takes from JSON only.

    Such a function gets Python objects and hands Python objects on, for which strict mode has other rules: a date or a
    set below it would be refused for every input.
    """
    keys = _VALIDATION_KEYS - {"python_schema"}
    fragile = _STRICT_ONLY_AS_JSON | _MOMENTS.keys()

    def is_fragile(key: str, node: _Node) -> bool:
        # The keys of JSON objects are strings, whatever they stand for.
        return node["type"] in fragile or (key == "keys_schema" and node["type"] not in ("any", "str"))

    everything = list(_nodes(schema, keys))
    if not any(is_fragile(key, node) for key, node in everything):
        return False
    for _, function in everything:
        if function["type"] in ("function-before", "function-wrap"):
            below = list(_nodes(function, keys))
            if any(is_fragile(key, node) or node["type"] == "definition-ref" for key, node in below):
                return True
    return False


def _strict_by_node(node: _Node, is_key: bool = False) -> _Node:
    """Write the rules of strict JSON into the nodes, so that they hold below `before` and `wrap` functions too."""
    kind = node["type"]
    new = _with_children(
        {key: value for key, value in node.items() if key != "keys_schema"},
        lambda child: _strict_by_node(child, is_key),
    )
    if "keys_schema" in node:
        new = {**new, "keys_schema": _strict_by_node(node["keys_schema"], True)}
    if kind in _WITH_STRICT:
        new = {**new, "strict": not (is_key or kind in _STRICT_ONLY_AS_JSON or kind in _MOMENTS)}
    if kind in _MOMENTS and not is_key:
        error_type: Any = _MOMENTS[kind]

        def no_number(value: Any) -> Any:
            if isinstance(value, int | float):
                raise PydanticKnownError(error_type)
            return value

        return _wrapped("function-before", new, no_number)
    return new


def _most_errors(schema: _Node) -> int:
    """How many errors one value can make by what it lacks, at most."""
    count = 0
    for _, node in _nodes(schema):
        count += node["type"] in ("dataclass-field", "model-field", "typed-dict-field")
        count += len(node.get("choices", ())) + len(node.get("arguments_schema", ()))
    return count


def _from_objects(node: _Node) -> _Node:
    """Rewrite a schema so that Python mode takes what JSON mode takes."""
    new = _with_children(node, _from_objects)
    return _taking_place(node, new["json_schema"]) if node["type"] == "json-or-python" else new


@_cached_by_type
def json_validator(type_: Any, *, coerce: bool = False) -> JsonDecoder:
    """Make the function that reads a declared body from JSON bytes, in one pass.

    Pydantic's strict JSON mode: `"1"` and `true` are no int; dates, UUIDs, enums and decimals come from strings.
    Floats are finite wherever they stand. Compiled by the first call.

    Args:
        type_: Any type with a pydantic schema.
        coerce: Use pydantic's lax rules instead.

    Returns:
        The function. It raises `ApiError`: 400 for a document that is no JSON, 422 with `errors` for a wrong shape; in
        bodies over 8 KB only the first bad item of a list or mapping is reported.
    """
    validate: Callable[..., Any] | None = None
    validate_long: Callable[..., Any] | None = None
    validate_objects: Callable[..., Any] | None = None
    strict: bool | None = None if coerce else True
    schema: _Node = {}
    most_errors = 0

    def compile_first() -> Callable[..., Any]:
        nonlocal most_errors, schema, strict, validate
        adapter = _adapter(type_)
        original = _schema_of(adapter)
        schema = _refusing_non_finite(original)
        most_errors = _most_errors(schema)
        if not coerce and _shows_raw_input(original):
            schema = _strict_by_node(schema)
            strict = None
        validate = (adapter.validator if schema is original else _compiled(schema)).validate_json
        return validate

    def compile_long(validate: Callable[..., Any]) -> Callable[..., Any]:
        nonlocal validate_long
        hurried = _failing_fast(schema)
        validate_long = validate if hurried is schema else _compiled(hurried).validate_json
        return validate_long

    def look_for_errors(raw: bytes) -> None:
        # In Python mode an error only refers to its input. Its lax rules refuse nothing that JSON mode takes.
        nonlocal validate_objects
        try:
            value = from_json(raw, cache_strings="keys")
        except ValueError:
            raise ApiError(400, "Invalid JSON") from None
        if validate_objects is None:
            validate_objects = _compiled(_failing_fast(_from_objects(schema))).validate_python
        try:
            validate_objects(value, strict=False)
        except ValidationError as error:
            raise _refusal(error, "body") from None

    def decode(raw: bytes) -> Any:
        run = validate or compile_first()
        if len(raw) * most_errors > _COSTLY:
            # Each value but the first follows a comma, or opens what it stands in.
            values = raw.count(b",") + raw.count(b"[") + raw.count(b"{")
            if values * most_errors > _COSTLY:
                look_for_errors(raw)
        try:
            if len(raw) > _THOROUGH_BYTES:
                return (validate_long or compile_long(run))(raw, strict=strict)
            return run(raw, strict=strict)
        except ValidationError as error:
            refused = error
        if refused.error_count() > _MANY_ERRORS:
            try:
                (validate_long or compile_long(run))(raw, strict=strict)
            except ValidationError as error:
                refused = error
        if refused.error_count() == 1:
            (only,) = refused.errors(include_url=False, include_input=False)
            if only["type"] == "json_invalid" and not only["loc"]:
                raise ApiError(400, "Invalid JSON")
        raise _refusal(refused, "body")

    return decode


def parse_json(raw: bytes) -> Any:
    """Read a JSON document that nothing is declared about.

    Of duplicate keys the last wins; integers are exact.

    Args:
        raw: The document.

    Returns:
        dict, list, str, int, float, bool or None.

    Raises:
        ApiError: 400, if it is malformed, not UTF-8, begins with a byte order mark, nests too deeply, has an integer of
            more than 4,300 digits or a number that is not finite.
    """
    try:
        # Strings of strangers are rarely seen again, so only keys are cached.
        value = from_json(raw, allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        raise ApiError(400, "Invalid JSON") from None
    if _holds_non_finite(value):  # 1e999 is infinite
        raise ApiError(400, "Invalid JSON")
    return value


# --- Refusals --------------------------------------------------------------------------------------------------------

_SUBJECTS: Final[dict[Where, str]] = {
    "body": "The request body does",
    "query": "The query does",
    "header": "The headers do",
    "form": "The form does",
}
# A key or a message may repeat what was sent; a hundred errors must not repeat a megabyte a hundred times.
_LONGEST_STEP: Final = 100
_LONGEST_MESSAGE: Final = 500


def _counted(count: int) -> str:
    return "1 error" if count == 1 else f"{count} errors"


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _details(error: ValidationError, prefix: tuple[str, ...] = ()) -> list[dict[str, object]]:
    """List errors without the values that caused them."""
    count = error.error_count()
    if count > _MANY_ERRORS:
        message = f"{_counted(count)} are too many to list"
        return [{"loc": list(prefix), "msg": message, "type": "too_many_errors"}]
    details: list[dict[str, object]] = []
    for item in error.errors(include_url=False, include_input=False)[:_LISTED_ERRORS]:
        message = item["msg"]
        if item["type"] == "union_tag_invalid":
            # The only message of pydantic's that quotes the input.
            message = f"Input tag does not match any of the expected tags: {item.get('ctx', {}).get('expected_tags')}"
        loc = [_shortened(step, _LONGEST_STEP) if isinstance(step, str) else step for step in (*prefix, *item["loc"])]
        details.append({"loc": loc, "msg": _shortened(message, _LONGEST_MESSAGE), "type": item["type"]})
    return details


def _refusal(error: ValidationError, where: Where, names: Mapping[str, str] | None = None) -> ApiError:
    """Make the 422; `names` maps the first step of a `loc` to what the client calls it."""
    details = _details(error, (where,))
    if names:
        for detail in details:
            loc: Any = detail["loc"]
            if len(loc) > 1:
                loc[1] = names.get(loc[1], loc[1])
    count = error.error_count()
    some = f", the first {_LISTED_ERRORS} are listed" if _LISTED_ERRORS < count <= _MANY_ERRORS else ""
    return ApiError(422, f"{_SUBJECTS[where]} not fit: {_counted(count)}{some}.", errors=details)


# --- Requests: text --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TextField:
    """How a field of a query, header or form type is read from text."""

    name: str
    """The field's name in Python."""

    has_alias: bool
    """Whether the name in the request is an alias: `x_request_id` reads `x-request-id` only without one."""

    is_list: bool
    """Whether it takes several values; a single one becomes a list of one."""

    required: bool
    """Whether the field must come (under any of its aliases, if there are several)."""

    blank_is_none: bool
    """Whether empty text means None: the field may be None and takes no text (`int | None`, not `str | None`)."""


_TRUE: Final = ("1", "true", "t", "yes", "y", "on")
_FALSE: Final = ("0", "false", "f", "no", "n", "off")
_NEVER_TEXT: Final = _words("bool complex decimal float fraction int none uuid") | _MOMENTS.keys()


def _spellings(value: object) -> tuple[str, ...]:
    """The texts that stand for a number or a bool; none for other values, which text cannot mean."""
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    return (str(value),) if isinstance(value, int | float) else ()


def _choosing(values: list[Any]) -> Callable[[Any], Any] | None:
    """Make the function that turns text into one of these values; None if pydantic needs no help with them."""
    table = {text: value for value in values for text in _spellings(value)}
    if not table:
        return None
    table.update({value: value for value in values if isinstance(value, str)})
    has_bools = any(isinstance(value, bool) for value in values)

    def choose(text: Any) -> Any:
        if not isinstance(text, str):
            return text
        return table.get(text, table.get(text.lower(), text) if has_bools else text)

    return choose


def _ascii_digits(value: Any) -> Any:
    # `int` refuses the digits of other scripts; `decimal.Decimal` would take them.
    if isinstance(value, str) and not value.isascii():
        raise PydanticKnownError("decimal_parsing")
    return value


def _no_timestamp(error_type: Literal["date_parsing", "datetime_parsing"]) -> Callable[[Any], Any]:
    """Make the function that refuses text which is only a number, where a date is asked for.

    Pydantic takes such text for seconds, or for milliseconds, since 1970. The formats that are promised for these
    fields (`date` and `date-time`, RFC 3339 §5.6) have no such spelling, and `?at=20260101` would silently be 1970.
    """

    def refuse(value: Any) -> Any:
        if isinstance(value, str) and _NUMBER.fullmatch(value) is not None:
            raise PydanticKnownError(error_type, {"error": "a number is not taken for a timestamp"})
        return value

    return refuse


_NUMBER: Final = re.compile(r"\s*[-+]?[0-9_]*\.?[0-9_]+\.?([eE][-+]?[0-9]+)?\s*")
_NO_TIMESTAMPS: Final = {"date": _no_timestamp("date_parsing"), "datetime": _no_timestamp("datetime_parsing")}


def _reading_text(node: _Node) -> _Node:
    """Rewrite a schema for input that is text: literals and enums of numbers, finite floats, no timestamps."""
    kind = node["type"]
    if kind == "json":  # JSON inside of the text has JSON's types.
        return _refusing_non_finite(node)
    new = _with_children(node, _reading_text)
    if kind == "float":
        return new if node.get("allow_inf_nan") is False else {**new, "allow_inf_nan": False}
    if kind == "decimal":
        return _wrapped("function-before", new, _ascii_digits)
    if kind in _NO_TIMESTAMPS:
        return _wrapped("function-before", new, _NO_TIMESTAMPS[kind])
    if kind == "literal" or (kind == "enum" and node.get("sub_type") not in ("str", "int")):
        values = node["expected"] if kind == "literal" else [member.value for member in node["members"]]
        choose = _choosing(values)
        return new if choose is None else _wrapped("function-before", new, choose)
    return new


def _kinds_of_value(node: _Node, definitions: Mapping[str, _Node]) -> Iterator[str]:
    """Yield the kinds of the values that a field takes, None aside: `int` for `Annotated[int, Gt(0)] | None = 3`."""
    kind = node["type"]
    if kind == "definition-ref":
        yield from _kinds_of_value(definitions[node["schema_ref"]], definitions)
    elif kind in ("default", "nullable", "function-after", "function-before", "function-wrap", "custom-error"):
        if kind in ("function-before", "function-wrap") and not _is_pydantics_own(node):
            yield "function"
        yield from _kinds_of_value(node["schema"], definitions)
    elif kind == "json-or-python":
        yield from _kinds_of_value(node["json_schema"], definitions)
    elif kind == "lax-or-strict":
        yield from _kinds_of_value(node["lax_schema"], definitions)
    elif kind == "union":
        for choice in node["choices"]:
            yield from _kinds_of_value(choice if _is_node(choice) else choice[0], definitions)
    elif kind == "model" and node.get("root_model"):
        yield from _kinds_of_value(node["schema"], definitions)
    elif kind in ("enum", "literal"):
        values = node["expected"] if kind == "literal" else [member.value for member in node["members"]]
        yield "str" if "" in values else "int"
    else:
        yield kind


def _takes_list(node: _Node, definitions: Mapping[str, _Node]) -> bool:
    kinds = set(_kinds_of_value(node, definitions)) - {"function"}
    return bool(kinds) and kinds <= _LISTS | {"generator"}


def _blank_is_none(node: _Node, definitions: Mapping[str, _Node]) -> bool:
    while node["type"] in ("default", "function-after"):
        node = node["schema"]
    return node["type"] == "nullable" and set(_kinds_of_value(node, definitions)) <= _NEVER_TEXT


def _definitions(schema: _Node) -> dict[str, _Node]:
    return {node["ref"]: node for _, node in _children(schema, frozenset({"definitions"}))}


def _outermost(schema: _Node, definitions: Mapping[str, _Node]) -> _Node:
    """Find the node that makes the value, inside of definitions and functions."""
    node = schema
    while True:
        if node["type"] == "definition-ref":
            node = definitions[node["schema_ref"]]
        elif node["type"] in ("definitions", "function-before", "function-after", "function-wrap"):
            node = node["schema"]
        else:
            return node


def _fields_of(type_: Any, record: _Node, definitions: Mapping[str, _Node]) -> Iterator[tuple[str, _Node, bool]]:
    """Yield the fields of a model, dataclass or TypedDict: name, node, whether it is required."""
    fields = _outermost(record["schema"], definitions) if record["type"] in ("model", "dataclass") else record
    if fields["type"] == "model-fields":
        for name, field in fields["fields"].items():
            yield name, field, field["schema"]["type"] != "default"
    elif fields["type"] == "dataclass-args":
        for field in fields["fields"]:
            if field.get("init", True):
                yield field["name"], field, field["schema"]["type"] != "default"
    elif fields["type"] == "typed-dict":
        for name, field in fields["fields"].items():
            yield name, field, field.get("required", fields.get("total", True))
    else:
        raise SchemaError(
            type_,
            f"'{spell(type_)}' has no named fields, so queries, headers and forms cannot be read into it. "
            "Use a pydantic model, a dataclass or a TypedDict.",
        )


def _read_names(name: str, field: _Node, config: _Node) -> Iterator[tuple[str, bool, bool]]:
    """Yield each name that a field is read from, whether it is an alias, and whether a value is picked by index."""
    alias: Any = field.get("validation_alias")
    by_alias = config.get("validate_by_alias", True)
    if alias is None or not by_alias or config.get("validate_by_name", False):
        yield name, False, False
    if alias is not None and by_alias:
        paths: Any = [[alias]] if isinstance(alias, str) else alias if isinstance(alias[0], list) else [alias]
        for path in paths:
            yield path[0], True, len(path) > 1 and isinstance(path[1], int)


@_cached_by_type
def text_fields(type_: Any) -> Mapping[str, TextField]:
    """Say which names a type reads from a query, from headers or from a form.

    Args:
        type_: A pydantic model, a dataclass or a TypedDict.

    Returns:
        The field for every name, the alias where there is one, in the order of declaration; several for a field with
        several aliases.

    Raises:
        SchemaError: If the type has no schema or no named fields.
    """
    schema = _schema_of(_adapter(type_))
    definitions = _definitions(schema)
    record = _outermost(schema, definitions)
    config = record.get("config", {})
    found: dict[str, TextField] = {}
    for name, node, required in _fields_of(type_, record, definitions):
        takes_list = _takes_list(node["schema"], definitions)
        blank_is_none = _blank_is_none(node["schema"], definitions)
        for key, is_alias, is_indexed in _read_names(name, node, config):
            if key not in found or not found[key].is_list:
                # Of `ids` and `AliasPath("ids", 0)` in one type, the one that needs a list decides.
                found[key] = TextField(name, is_alias, takes_list or is_indexed, required, blank_is_none)
    return found


@_cached_by_type
def text_validator(type_: Any, where: Where) -> TextDecoder:
    """Make the function that reads a declared type from a mapping of text, with pydantic's lax rules.

    On top of those rules: `Literal[1]`, `Literal[True]` and enums of numbers are met by their text; empty text is None
    for a field that may be None and takes no text; a single value becomes a list of one where a list is declared, a
    repeated one stays a list and so is refused by anything else; floats are finite; a number is no date. Compiled by
    the first call.

    Args:
        type_: A pydantic model, a dataclass or a TypedDict.
        where: "query", "header" or "form", for the errors.

    Returns:
        The function. Its mapping has the names of `text_fields`, with str, lists of str, and for forms uploaded files.
        It raises `ApiError` 422.
    """
    validate: Callable[..., Any] | None = None
    special: list[tuple[str, bool]] = []
    sent_names: dict[str, str] = {}
    schema: _Node = {}

    def compile_first() -> Callable[..., Any]:
        nonlocal schema, sent_names, special, validate
        fields = text_fields(type_)
        special = [(key, field.is_list) for key, field in fields.items() if field.is_list or field.blank_is_none]
        if where == "header":
            sent_names = {key: key.replace("_", "-") for key, field in fields.items() if not field.has_alias}
        adapter = _adapter(type_)
        original = _schema_of(adapter)
        schema = _reading_text(original)
        validate = (adapter.validator if schema is original else _compiled(schema)).validate_python
        return validate

    def decode(values: Mapping[str, object]) -> Any:
        run = validate or compile_first()
        data = dict(values)
        for key, is_list in special:
            value = data.get(key)
            if value is None or isinstance(value, list):
                continue
            if is_list:
                data[key] = [value]
            elif value == "":
                data[key] = None
        try:
            # Explicitly not strict: text has no types, whatever the model says about those of JSON.
            return run(data, strict=False)
        except ValidationError as error:
            refused = error
        if refused.error_count() > _MANY_ERRORS:
            try:
                _compiled(_failing_fast(schema)).validate_python(data, strict=False)
            except ValidationError as error:
                refused = error
        raise _refusal(refused, where, sent_names)

    return decode


# --- Responses -------------------------------------------------------------------------------------------------------

_SAFE_LEAVES: Final = _words(
    "bool bytes complex date datetime decimal definition-ref ellipsis format fraction "
    "include-exclude-dict include-exclude-sequence int literal missing-sentinel multi-host-url none str "
    "time timedelta to-string url uuid"
)
_BRANCHES: Final = _words(
    "chain computed-field custom-error dataclass dataclass-args dataclass-field default definitions "
    "function-after function-before function-wrap json-or-python lax-or-strict model model-field "
    "model-fields named-tuple named-tuple-field nullable tagged-union typed-dict typed-dict-field union"
)
_LETTER_N, _LETTER_I = b"NI"
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')


class _NonFinite(ValueError):
    """A float that JSON cannot hold stands in a body."""

    path: list[str | int]

    def __init__(self, path: list[str | int]) -> None:
        super().__init__("JSON cannot hold NaN or an infinite number")
        self.path = path


@dataclass(frozen=True, slots=True)
class _Wire:
    """What the serializer of a type has to be watched for."""

    aliased: bool
    floats: bool
    opaque: bool
    """Somewhere the value's own class decides what is written (Any, extra fields, a serializer without a type)."""


def _wire(schema: _Node) -> _Wire:
    aliased = floats = opaque = False
    # A serializer of `json-or-python` is made from its `json_schema` alone.
    for key, node in _nodes(schema, _SERIALIZATION_KEYS - {"python_schema"}):
        kind = node["type"]
        if "serialization_alias" in node or (kind == "computed-field" and "alias" in node):
            aliased = True
        if kind == "float":
            floats = True
        elif kind == "enum":
            floats = floats or any(isinstance(member.value, float) for member in node["members"])
            opaque = opaque or not all(isinstance(m.value, str | int | float | None) for m in node["members"])
        elif key == "serialization" and kind in ("function-plain", "function-wrap"):
            opaque = opaque or not ("return_schema" in node or _is_pydantics_own(node))
        elif kind in _LISTS:
            opaque = opaque or "items_schema" not in node
        elif kind in _MAPPINGS:
            opaque = opaque or "values_schema" not in node
        elif kind == "json":
            opaque = opaque or "schema" not in node
        elif kind in ("model", "dataclass", "typed-dict"):
            config = node.get("config", {})
            opaque = opaque or _extra_behavior(node) == "allow" or config.get("polymorphic_serialization", False)
        elif kind not in _SAFE_LEAVES | _BRANCHES and "serialization" not in node:
            opaque = True
    return _Wire(aliased, floats, opaque)


def _writing_constants(node: _Node) -> _Node:
    """Have non-finite floats written as the tokens NaN and Infinity, where a model does not choose otherwise."""
    new = _with_children(node, _writing_constants, _SERIALIZATION_KEYS)
    if node["type"] in ("model", "dataclass") or (node["type"] == "typed-dict" and "config" in node):
        return {**new, "config": {"ser_json_inf_nan": "constants", **node.get("config", {})}}
    return new


def _refuse_tokens(data: bytes) -> None:
    """Raise if NaN or Infinity stands in a document outside of its strings."""
    outside = _STRING.sub(b"", data)
    if b"NaN" in outside or b"Infinity" in outside:
        try:
            path = next(_non_finite_paths(from_json(data)))
        except ValueError:  # Deeper than the parser goes: refused without saying where.
            path = []
        raise _NonFinite(path)


def _refuse_nulled(written: Any, value: Any) -> None:
    """Raise if null was written for a float."""
    stack: list[tuple[Any, Any, list[str | int]]] = [(written, value, [])]
    while stack:
        written, value, path = stack.pop()
        if written is None:
            if isinstance(value, float):
                raise _NonFinite(path)
        elif _is_dict(written) and _is_dict(value):
            stack.extend((item, value.get(key), [*path, key]) for key, item in written.items())
        elif _is_sequence(written) and _is_sequence(value):
            stack.extend((item, value[index], [*path, index]) for index, item in enumerate(written))


def _json_writer(adapter: TypeAdapter[Any]) -> Callable[[Any], bytes]:
    """Find the cheapest function that writes a type by alias and refuses non-finite floats."""
    schema = _schema_of(adapter)
    wire = _wire(schema)
    if not wire.floats and not wire.opaque:
        write = adapter.serializer.to_json
        if not wire.aliased:
            return write

        def to_json_by_alias(value: Any) -> bytes:
            return write(value, by_alias=True)

        return to_json_by_alias

    rewritten: Any = _writing_constants(schema)
    # For what stands inside `Any`, the settings of the outermost type hold.
    outermost = _outermost(schema, _definitions(schema))
    config: Any = {"ser_json_inf_nan": "constants", **outermost.get("config", {})}
    serializer = SchemaSerializer(rewritten, config, _use_prebuilt=False)
    write_constants = serializer.to_json

    def to_finite_json(value: Any) -> bytes:
        data = write_constants(value, by_alias=True)
        # Looking for the letter first takes a tenth of the time.
        if (_LETTER_N in data and b"NaN" in data) or (_LETTER_I in data and b"Infinity" in data):
            _refuse_tokens(data)
        return data

    def to_finite_json_of_any(value: Any) -> bytes:
        data = to_finite_json(value)
        # A model inside `Any` is written by its own serializer, with null for what is not finite.
        if b"null" in data and _holds_non_finite(serializer.to_python(value, warnings=False)):
            plain = serializer.to_python(value, mode="json", by_alias=True, warnings=False)
            _refuse_nulled(from_json(data), plain)
        return data

    return to_finite_json_of_any if wire.opaque else to_finite_json


def _rechecking(node: _Node) -> _Node:
    """Rewrite a schema so that it checks what instances hold now.

    What is held was the output of validators, not their input: functions that shape raw input have no say where the
    schema below them is content. Number and string types are strict, since a wrong one would be written as it is.
    """
    new = _with_children(node, _rechecking)
    kind = node["type"]
    if kind in ("bool", "float", "int", "str"):
        return {**new, "strict": True}
    if kind == "enum":  # `use_enum_values` keeps the value instead of the member.
        return {**new, "strict": False}
    if kind in ("model", "dataclass"):
        return _revalidated(new)
    if kind == "function-before":
        return _taking_place(node, new["schema"])
    if kind == "function-plain":
        return _taking_place(node, {"type": "any"})
    if kind == "json":
        return _taking_place(node, new.get("schema", {"type": "any"}))
    if kind == "function-after" and isinstance(getattr(_function(node), "__self__", None), EncodedBytes | EncodedStr):
        return _taking_place(node, new["schema"])  # Holds what was decoded.
    if kind in ("function-after", "chain"):
        return _wrapped("function-wrap", new, _tolerant)
    if kind == "function-wrap":
        with_info = node["function"]["type"] == "with-info"
        return {**new, "function": {**node["function"], "function": _tolerant_of(_function(node), with_info)}}
    return new


def _taking_place(node: _Node, inner: _Node) -> _Node:
    """Put a child in the place of its parent, under the reference by which others find the parent."""
    return {"type": "chain", "steps": [inner], "ref": node["ref"]} if "ref" in node else inner


def _revalidated(node: _Node) -> _Node:
    """Make a model or dataclass check its instances again, by their fields alone."""
    fields: _Node = node["schema"]
    if any(field.get("init_only") for _, field in _children(fields, frozenset({"fields"}))):
        return node  # The instance has forgotten what its `InitVar` fields were.
    again: _Node = {**node, "revalidate_instances": "always", "custom_init": False}
    if _extra_behavior(node) == "forbid":
        # A `cached_property` keeps its value among the fields.
        again["extra_behavior"] = "ignore"
        again["config"] = {**node.get("config", {}), "extra_fields_behavior": "ignore"}
        again["schema"] = {**fields, "extra_behavior": "ignore"}
    return again


def _is_foreign(value: object) -> bool:
    """Whether a value is of a class that neither JSON nor pydantic knows, so that no schema can judge it."""
    kind = type(value)
    known = kind.__module__ in ("builtins", "collections", "datetime", "decimal", "fractions", "uuid")
    return not (known or isinstance(value, BaseModel | Enum) or is_dataclass(kind))


def _tolerant(value: Any, handler: Callable[[Any], Any]) -> Any:
    try:
        return handler(value)
    except Exception:
        if _is_foreign(value):
            return value
        raise


def _tolerant_of(function: Callable[..., Any], with_info: bool) -> Callable[..., Any]:
    """Make the re-check of a `wrap` function: a value passes that the schema below takes or the function keeps."""

    def keeps(value: Any, *rest: Any) -> bool:
        try:
            return bool(function(value, *rest) == value)
        except Exception:  # It may read raw input only.
            return False

    def check(value: Any, handler: Callable[[Any], Any], *info: Any) -> Any:
        try:
            return _tolerant(value, handler)
        except Exception:
            # A function may let every instance through, so of instances it has no say.
            if not isinstance(value, BaseModel) and not is_dataclass(value) and keeps(value, handler, *info):
                return value
            raise

    def check_with_info(value: Any, handler: Callable[[Any], Any], info: Any) -> Any:
        return check(value, handler, info)

    # Pydantic hands `info` on according to the kind of function, not to its signature.
    return check_with_info if with_info else check


class ResponseCodec:
    """Checks a body against a declared type and writes it as JSON with that type.

    `encode(body)` does it all. Where every function call counts, `to_json(validate(body))` is the same: for most types
    both are methods of pydantic's own validator and serializer. The caller then catches `ValueError` and `UserWarning`
    and raises `refusal(error)` from it.

    Attributes:
        validate: Checks a body. An instance of a model is returned as it is, a dict or row becomes one.
        to_json: Writes a checked body by alias, as on the wire, and refuses non-finite floats.
        encode: Both; raises `ResponseValidationError`.
    """

    __slots__ = ("_type", "encode", "to_json", "validate")

    validate: Callable[[Any], Any]
    to_json: Callable[[Any], bytes]
    encode: Callable[[Any], bytes]
    _type: Any

    def __init__(self, type_: Any, *, recheck: bool) -> None:
        """Compile the codec.

        Args:
            type_: Any type with a pydantic schema.
            recheck: Also check what instances hold now, deeply.
        """
        adapter = _adapter(type_)
        validate: Callable[[Any], Any] = adapter.validator.validate_python
        if recheck:
            validate = _rechecked(validate, _schema_of(adapter))
        to_json = _json_writer(adapter)

        def encode(body: Any) -> bytes:
            try:
                return to_json(validate(body))
            except (ValueError, UserWarning) as error:
                raise self.refusal(error) from error

        self._type = type_
        self.validate = validate
        self.to_json = to_json
        self.encode = encode

    def refusal(self, error: Exception) -> ResponseValidationError:
        """Say what `validate` or `to_json` found wrong.

        Args:
            error: The `ValueError` or `UserWarning` that was caught.

        Returns:
            The error to raise from it: its sentence names the first field, `errors` lists up to 100.
        """
        # A `UserWarning` is pydantic's word on a field of the wrong type, raised where warnings are errors.
        errors: list[dict[str, object]]
        path: list[Any] = []
        count = 1
        if isinstance(error, ValidationError):
            errors, count = _details(error), error.error_count()
            first_loc: Any = errors[0]["loc"]
            path = first_loc
        elif isinstance(error, _NonFinite):
            path = error.path
            errors = [{"loc": path, "msg": str(error), "type": "finite_number"}]
        else:
            errors = [{"loc": path, "msg": str(error), "type": "serialization_error"}]
        at = f" at '{'.'.join(map(str, path))}'" if path else ""
        first = f"{_counted(count)}, the first{at}" if count > 1 else f"1 error{at}"
        return ResponseValidationError(
            f"The body does not fit '{spell(self._type)}': {first}: {errors[0]['msg']}.", errors
        )


def _rechecked(validate: Callable[[Any], Any], schema: _Node) -> Callable[[Any], Any]:
    recheck = _compiled(_rechecking(schema)).validate_python

    def validate_deeply(value: Any) -> Any:
        result = validate(value)
        # By name too, since instances have names and no aliases. Its own result is dropped: validators that change what
        # they are given have run a second time.
        recheck(result, by_name=True, by_alias=True)
        return result

    return validate_deeply


@_cached_by_type
def response_codec(type_: Any, *, recheck: bool = False) -> ResponseCodec:
    """Make, or find, the codec that checks and writes answers of a declared type.

    Exactly: `validate_python` against the type, then `to_json` of the type, so that a subclass never adds fields. A
    pydantic instance is trusted to be what its constructor checked; anything else is checked in full.

    Args:
        type_: Any type with a pydantic schema.
        recheck: Also re-check instances deeply: changed fields, `model_construct`, rules across fields.

    Returns:
        The codec. It is compiled here, so ask for it when an answer is first given rather than at start.

    Raises:
        SchemaError: If the type has no schema.
    """
    return ResponseCodec(type_, recheck=recheck)
