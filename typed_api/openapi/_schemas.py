"""JSON schemas of the declared types, and the names that they get in the document.

Owns the differences from pydantic's own generator: what is described is what the server really reads and writes, and a
model has one name wherever its input and its output look alike. Schemas are handed out while the document is built and
filled in at its end, since only then is it known which names collide.
"""

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import Enum, Flag
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from pydantic import PydanticSchemaGenerationError
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic.fields import FieldInfo
from pydantic.json_schema import CoreModeRef, CoreRef, DefsRef, GenerateJsonSchema, JsonRef, JsonSchemaWarningKind
from pydantic_core import CoreSchema, PydanticOmit, SchemaSerializer, core_schema, to_jsonable_python
from typing_extensions import override

from typed_api import schema
from typed_api.problem import Problem, ProblemError
from typed_api.schema import SchemaError

__all__ = ["Json", "Mode", "Schemas", "is_writable", "walk", "without_null"]

Json: TypeAlias = dict[str, object]
"""A JSON object."""

Mode: TypeAlias = Literal["validation", "serialization"]
"""Whether a schema is of what is read or of what is written."""

# Any: pydantic's JSON schemas are dictionaries of whatever JSON there is.
_Raw: TypeAlias = dict[str, Any]

_PREFIX: Final = "#/components/schemas/"
# No character of a component's name, so that a reference written by a user can never be taken for one of ours.
_MARK: Final = "\0"
_INTERNAL: Final = _PREFIX + _MARK

_MAPS_OF_SCHEMAS: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_SCHEMAS: Final = frozenset(
    {
        "additionalItems",
        "additionalProperties",
        "allOf",
        "anyOf",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "oneOf",
        "prefixItems",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
"""The keywords below which schemas stand; whatever else stands in a schema is data, where `$ref` means nothing."""

_NO_VALUE: Final = object()
_ADDRESS: Final = re.compile(r" at 0x[0-9a-fA-F]+")
_DECIMAL: Final = r"^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$"
"""The text of a decimal number. What Python reads beside it (underscores, blanks around) no client needs to know."""


class _Foreign(Exception):
    """A `json_schema_extra` has a value that JSON cannot hold."""


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, describing what goes over the wire.

    It names nothing: every definition is kept by its core reference and mode until all are known.
    """

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {  # noqa: RUF012  # As pydantic declares it.
        "non-serializable-default",
        "skipped-choice",
        "skipped-discriminator",
    }

    def __init__(self) -> None:
        super().__init__(by_alias=True, ref_template=_PREFIX + "{model}")
        self.classes: dict[str, type] = {}
        """The classes by the core reference of their schemas."""
        self.examples: dict[str, object] = {}
        """Examples that have sets in them, by what pydantic has written for them."""
        self.failed_at: str = ""
        """The way to the field at which the last error came up; empty where it was in none."""
        self._failure: Exception | None = None
        self._way: list[str] = []
        self._methods: Mapping[str, Callable[[Any], _Raw]] = cast(
            "Mapping[str, Callable[[Any], _Raw]]", self.build_schema_type_to_method()
        )

    def generate_as(self, node: Any, mode: Mode) -> _Raw:
        """Generate the schema of one node, with references that only this module understands."""
        # `generate_definitions` would do it, and name, copy and sort everything two or three times over.
        self._mode = mode
        self.failed_at = ""
        self._way = []
        return self.generate_inner(node)

    @override
    def generate_inner(self, schema: Any) -> _Raw:
        metadata: _Raw | None = schema.get("metadata")
        extra: Any = metadata.get("pydantic_js_extra") if metadata else None
        if metadata and isinstance(extra, dict):
            _refuse_foreign(cast("_Raw", extra))
            # Pydantic would make lists of the sets in it, in another order in every run.
            schema = {**schema, "metadata": {**metadata, "pydantic_js_extra": _in_order(extra, extra)}}
        # Most nodes have nothing that asks for more than this; pydantic makes four closures for each all the same.
        if not metadata and "ref" not in schema and "serialization" not in schema:
            method = self._methods.get(schema["type"])
            if method is not None:
                return method(schema)
        return super().generate_inner(schema)

    @property
    @override
    def mode(self) -> Mode:
        # Asked several times for every node: pydantic's own way to the setting takes a sixth of the whole time.
        return self._config.config_dict.get("json_schema_mode_override") or self._mode

    @override
    def get_defs_ref(self, core_mode_ref: CoreModeRef) -> DefsRef:
        return DefsRef(f"{_MARK}{len(self.core_to_defs_refs)}")

    @override
    def get_schema_from_definitions(self, json_ref: JsonRef) -> _Raw | None:
        # What a user's own `$ref` names is no business of pydantic's.
        return super().get_schema_from_definitions(json_ref) if json_ref in self.json_to_defs_refs else None

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False  # "Created At" for `created_at` tells nobody anything.

    @override
    def encode_default(self, dft: Any) -> Any:
        # Most defaults are these, and pydantic makes a `TypeAdapter` for each: a third of the whole time.
        if dft is None or type(dft) in (bool, int, str):
            return dft
        if type(dft) in (list, dict) and not dft:
            return type(dft)()
        return _in_order(super().encode_default(dft), dft)

    @override
    def _named_required_fields_schema(self, named_required_fields: Sequence[tuple[str, bool, Any]]) -> _Raw:
        self._way.append("")
        try:
            return super()._named_required_fields_schema(named_required_fields)
        except Exception as error:
            self._note_failure(error)
            raise
        finally:
            self._way.pop()

    def _note_failure(self, error: Exception) -> None:
        if error is not self._failure:
            self._failure, self.failed_at = error, ".".join(self._way)

    def _inside(self, node: Any, method: Callable[[Any], _Raw]) -> _Raw:
        """Describe a class, noting the examples of its fields."""
        cls: Any = node["cls"]
        annotations: Mapping[str, Any] = getattr(cls, "__pydantic_fields__", None) or getattr(
            cls, "__annotations__", {}
        )
        for annotation in annotations.values():
            self.note_examples(annotation)
        config: Any = getattr(cls, "model_config", None) or getattr(cls, "__pydantic_config__", None) or {}
        way = list(self._way)
        self._way = way or [cls.__name__]
        try:
            if isinstance(config.get("json_schema_extra"), dict):
                _refuse_foreign(config["json_schema_extra"])
            if node.get("root_model"):
                # Some releases of pydantic take it over as it is.
                extra: Any = annotations["root"].json_schema_extra
                if isinstance(extra, dict):
                    _refuse_foreign(cast("_Raw", extra))
            return self._remembering(method(node), node)
        except Exception as error:
            self._note_failure(error)
            raise
        finally:
            self._way = way

    def note_examples(self, annotation: object) -> None:
        """Keep the examples with sets that a type, or a part of it, is annotated with.

        Pydantic has made lists of the sets when it made the class, in another order in every run.
        """
        if isinstance(annotation, FieldInfo):
            if annotation.examples and _holds_set(annotation.examples):
                written = to_jsonable_python(annotation.examples)
                self.examples[_written(written)] = _in_order(written, annotation.examples)
            self.note_examples(annotation.annotation)
            for extra in annotation.metadata:
                self.note_examples(extra)
        elif not isinstance(annotation, type):
            for part in get_args(annotation):  # Of `Annotated` what it is annotated with too.
                self.note_examples(part)

    @override
    def _get_alias_name(self, field: Any, name: str) -> str:
        if self._way:
            self._way[-1] = name  # Asked of each field just before it is described.
        # The reader goes by the configuration of the model, of which older generators know nothing.
        if field["type"] != "computed-field" and self.mode == "validation" and self._reads_names_only():
            return name
        return super()._get_alias_name(field, name)

    @override
    def field_is_present(self, field: Any) -> bool:
        if self.mode == "validation":
            # Neither is a property that a client could send: `__init__` does not take the one, and the other is picked
            # out of something else.
            return field.get("init", True) and not (self._is_picked_out(field) and not self._reads_names_too())
        return super().field_is_present(field)

    def _is_picked_out(self, field: Mapping[str, Any]) -> bool:
        alias: Any = field.get("validation_alias")
        if alias is None or isinstance(alias, str) or self._reads_names_only():
            return False
        return all(len(path) > 1 for path in (alias if isinstance(alias[0], list) else [alias]))

    def _reads_names_too(self) -> bool:
        config = self._config.config_dict
        return bool(config.get("validate_by_name") or config.get("populate_by_name"))

    def _reads_names_only(self) -> bool:
        return self._config.config_dict.get("validate_by_alias") is False

    @override
    def model_field_schema(self, schema: core_schema.ModelField) -> _Raw:
        return self._as_written(super().model_field_schema(schema), schema)

    @override
    def dataclass_field_schema(self, schema: core_schema.DataclassField) -> _Raw:
        return self._as_written(super().dataclass_field_schema(schema), schema)

    def _as_written(self, described: _Raw, node: Any) -> _Raw:
        """Take null away from a field that is left out rather than written as null."""
        is_left_out = node.get("serialization_exclude_if")
        if is_left_out is None or self.mode != "serialization" or "anyOf" not in described:
            return described
        try:
            if not is_left_out(None):
                return described
        except Exception:  # A function of the user's, which may not have reckoned with None.
            return described
        return without_null(described)

    @override
    def definitions_schema(self, schema: core_schema.DefinitionsSchema) -> _Raw:
        # Unlike pydantic's, which finds out later, or never, that one of them has no JSON schema.
        way, self._way = self._way, []
        for definition in schema["definitions"]:
            self.generate_inner(definition)
        self._way = way
        return self.generate_inner(schema["schema"])

    @override
    def ser_schema(self, schema: Any) -> _Raw | None:
        if (
            schema["type"] in ("function-plain", "function-wrap")
            and schema.get("return_schema") is None
            and not is_own_function(schema)
        ):
            return {}  # What a serializer of the user's returns is anybody's guess unless it says so.
        return super().ser_schema(schema)

    @override
    def bytes_schema(self, schema: core_schema.BytesSchema) -> _Raw:
        setting = "val_json_bytes" if self.mode == "validation" else "ser_json_bytes"
        encoding = self._config.config_dict.get(setting, "utf8")
        lower, upper = schema.get("min_length"), schema.get("max_length")
        described: _Raw = {"type": "string"}
        if encoding == "base64":
            described["contentEncoding"] = "base64url"
            sizes = [None if size is None else 4 * math.ceil(size / 3) for size in (lower, upper)]
            if self.mode == "validation":
                sizes[0] = None if lower is None else math.ceil(4 * lower / 3)  # The padding may be left out.
        elif encoding == "hex":
            described["contentEncoding"] = "base16"
            sizes = [None if size is None else 2 * size for size in (lower, upper)]
        else:
            # A character has one byte or up to four.
            sizes = [None if lower is None else math.ceil(lower / 4), upper]
        for keyword, size in zip(("minLength", "maxLength"), sizes, strict=True):
            if size is not None:
                described[keyword] = size
        return described

    @override
    def set_schema(self, schema: core_schema.SetSchema) -> _Raw:
        return self._as_taken(super().set_schema(schema))

    @override
    def frozenset_schema(self, schema: core_schema.FrozenSetSchema) -> _Raw:
        return self._as_taken(super().frozenset_schema(schema))

    def _as_taken(self, described: _Raw) -> _Raw:
        """Ask for no set of a client: what a request holds twice is taken once. In answers one schema serves both."""
        described.pop("uniqueItems", None)
        return described

    @override
    def decimal_schema(self, schema: core_schema.DecimalSchema) -> _Raw:
        described = super().decimal_schema(schema)
        for choice in cast("list[_Raw]", described.get("anyOf", [described])):
            if choice.get("type") == "string":
                choice["pattern"] = _DECIMAL  # Some releases of pydantic have one, others none.
        return described

    @override
    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> _Raw:
        described = super().timedelta_schema(schema)
        if self.mode == "serialization":
            # Pydantic writes years of 365 days, which `duration` (RFC 3339, appendix A) does not know beside days.
            described.pop("format", None)
        return described

    @override
    def default_schema(self, schema: core_schema.WithDefaultSchema) -> _Raw:
        described = super().default_schema(schema)
        # Null that is left out of the schema (`SkipJsonSchema[None]`) is no default that a client could send.
        if described.get("default", _NO_VALUE) is None and described.get("type", "null") != "null":
            del described["default"]
        encoded: Any = described.get("default")
        if _is_of(encoded, list) and isinstance(schema.get("default"), AbstractSet):
            # Pydantic has sorted the members by `<`, which of sets means something else.
            described["default"] = sorted(encoded, key=_written)
        return described

    @override
    def float_schema(self, schema: core_schema.FloatSchema) -> _Raw:
        described = super().float_schema(schema)
        if self.mode == "serialization" and schema.get("allow_inf_nan") is not False:
            written = self._config.config_dict.get("ser_json_inf_nan")
            if written == "strings":
                return {"anyOf": [described, {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}]}
            if written == "null":
                return {"anyOf": [described, {"type": "null"}]}
        return described

    @override
    def model_schema(self, schema: core_schema.ModelSchema) -> _Raw:
        return self._inside(schema, super().model_schema)

    @override
    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> _Raw:
        return self._inside(schema, super().dataclass_schema)

    @override
    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> _Raw:
        return self._inside(schema, super().typed_dict_schema)

    @override
    def enum_schema(self, schema: core_schema.EnumSchema) -> _Raw:
        # An alias is another name of a member, not another value.
        described = super().enum_schema({**schema, "members": list({id(it): it for it in schema["members"]}.values())})
        if issubclass(schema["cls"], Flag):
            del described["enum"]  # Members combine: `R | W` is a value too.
            described["type"] = "integer"
        return self._remembering(described, schema)

    @override
    def literal_schema(self, schema: core_schema.LiteralSchema) -> _Raw:
        values: list[object] = [value.value if isinstance(value, Enum) else value for value in schema["expected"]]
        # By type too: 1 equals True.
        distinct: dict[tuple[type, str], object] = {(type(value), repr(value)): value for value in values}
        return super().literal_schema({**schema, "expected": list(distinct.values())})

    def _remembering(self, described: _Raw, node: Any) -> _Raw:
        if "ref" in node and "cls" in node:
            self.classes[node["ref"]] = node["cls"]
        return described


def without_null(raw: Mapping[str, Any]) -> _Raw:
    """Copy a schema without null, as a choice and as the default."""
    described = {key: value for key, value in raw.items() if not (key == "default" and value is None)}
    members = described.get("anyOf")
    if isinstance(members, list):
        kept = [member for member in cast("list[_Raw]", members) if member != {"type": "null"}]
        if len(kept) == 1:
            del described["anyOf"]
            return {**kept[0], **described}
        described["anyOf"] = kept
    return described


def is_own_function(node: Mapping[str, Any]) -> bool:
    """Tell whether the function of a validator or serializer node is pydantic's own."""
    function: Any = node["function"]
    if isinstance(function, dict):
        function = cast("_Raw", function)["function"]
    return str(getattr(function, "__module__", "")).startswith("pydantic.")


# --- Rewriting --------------------------------------------------------------------------------------------------------


def _json_value(value: Any) -> Any:
    """Make plain JSON of a value that a user gave: an example, a default; `_NO_VALUE` of what JSON cannot hold."""
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _NO_VALUE
    if isinstance(value, (list, tuple)):
        items = [_json_value(item) for item in cast("Sequence[Any]", value)]
        return [item for item in items if item is not _NO_VALUE]
    if isinstance(value, AbstractSet):
        return sorted((_json_value(item) for item in cast("AbstractSet[object]", value)), key=_written)
    if isinstance(value, dict):
        entries = {_json_key(key): _json_value(item) for key, item in cast("_Raw", value).items()}
        return {key: item for key, item in entries.items() if item is not _NO_VALUE}
    try:
        written = _in_order(to_jsonable_python(value, by_alias=True), value)
    except ValueError:  # PydanticSerializationError: a class that JSON knows nothing of.
        return _NO_VALUE
    return _NO_VALUE if written is value else _json_value(written)


def _foreign_values(value: Any) -> Iterator[object]:
    """Yield what JSON cannot hold in a value that a user gave; NaN aside, which is left out."""
    if isinstance(value, dict):
        for key, item in cast("dict[object, Any]", value).items():
            yield from _foreign_values(key)
            yield from _foreign_values(item)
    elif isinstance(value, (list, tuple, AbstractSet)):
        for item in cast("Iterable[Any]", value):
            yield from _foreign_values(item)
    elif value is not None and type(value) not in (bool, float, int, str):
        try:
            to_jsonable_python(value, by_alias=True)
        except ValueError:
            yield value


def is_writable(value: object) -> bool:
    """Tell whether JSON can hold a value that a user gave."""
    return next(_foreign_values(value), _NO_VALUE) is _NO_VALUE


def _refuse_foreign(extra: _Raw) -> None:
    for value in _foreign_values(extra):
        raise _Foreign(f"{value!r}, a value of type {type(value).__name__!r}")


_ANY_SERIALIZER: Final = SchemaSerializer(core_schema.any_schema())


def _in_order(written: Any, value: Any) -> Any:
    """Sort what stands for sets in a value that has been written as JSON, at any depth.

    A set gives its members in another order in every run: the hashes of text are salted.

    Args:
        written: The value as JSON; a set may also stand as it is.
        value: The value itself.
    """
    if not _is_of(written, list, dict, AbstractSet):
        return written
    if not _is_of(value, list, tuple, dict, AbstractSet):
        try:
            # A model, say: its own serializer, which has written it, tells where its sets are.
            plain: Any = _ANY_SERIALIZER.to_python(value, by_alias=True, warnings=False)
        except Exception:  # A serializer of the user's, which may have reckoned with JSON alone.
            return written
        return _in_order(written, plain) if _is_of(plain, list, tuple, dict, AbstractSet) else written
    if len(written) != len(value) or _is_of(written, dict) != _is_of(value, dict):
        return written
    if _is_of(written, dict):
        values = zip(written.items(), value.values(), strict=True)
        return {key: _in_order(item, of) for (key, item), of in values}
    items = [_in_order(item, of) for item, of in zip(written, value, strict=True)]
    if _is_of(value, AbstractSet):
        return sorted(items, key=_written)
    return items


def _is_of(value: object, *classes: type) -> bool:
    # A narrowed `Any` would be a list of nobody knows what.
    return isinstance(value, classes)


def _holds_set(value: Any) -> bool:
    """Tell whether there may be a set in a value: a class of the user's may have one."""
    if isinstance(value, (list, tuple)):
        return any(map(_holds_set, cast("Sequence[Any]", value)))
    if isinstance(value, dict):
        return any(map(_holds_set, cast("_Raw", value).values()))
    return value is not None and not isinstance(value, (bool, int, float, str, bytes))


def _written(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def _json_key(key: object) -> str:
    return key if isinstance(key, str) else str(to_jsonable_python(key, fallback=str))


@dataclass(slots=True)
class _Definition:
    """A named schema of one mode, copied from pydantic's, with its references still open."""

    schema: _Raw
    references: "list[_Reference]" = field(default_factory=list["_Reference"])


@dataclass(slots=True)
class _Reference:
    """A place that names a definition: a `$ref`, or an entry in the mapping of a discriminator."""

    place: _Raw
    key: str
    target: CoreModeRef


class _Copier:
    """Copies schemas, which may share parts with each other and with what users gave, and notes their references."""

    def __init__(self, generator: _Generator) -> None:
        self._targets: Mapping[str, CoreModeRef] = {
            reference: core_mode_ref for core_mode_ref, reference in generator.core_to_json_refs.items()
        }
        self._generator: _Generator = generator
        self.references: list[_Reference] = []

    def copy(self, raw: _Raw) -> _Raw:
        copied: _Raw = {}
        self.copy_into(copied, raw)
        return copied

    def copy_into(self, copied: _Raw, raw: _Raw) -> None:
        value: Any
        for key, value in raw.items():
            kind = cast("type[object]", type(value))
            if kind is str:
                if key == "$ref":
                    if not self._note(copied, key, value):
                        continue
                else:
                    copied[key] = value
            elif kind is dict:
                if key != "propertyNames" or self._may_be_text(value):
                    copied[key] = self._mapping(key, value)
            elif (
                kind is list
                and key == "examples"
                and self._generator.examples
                and _written(value) in self._generator.examples
            ):
                copied[key] = _json_value(self._generator.examples[_written(value)])
            elif kind is list and key in _SCHEMAS:
                copied[key] = [self._schema(item) for item in value]
            elif kind is bool or kind is int:
                copied[key] = value
            else:
                plain = _json_value(value)
                if plain is not _NO_VALUE:
                    copied[_json_key(key)] = plain
        if copied.get("format") == "binary" and copied.get("type") == "string":
            # How OpenAPI 3.0 said it, which many tools still read; since 3.1 it is said in the words of JSON Schema.
            copied["contentMediaType"] = "application/octet-stream"

    def _may_be_text(self, names: _Raw) -> bool:
        """Tell whether names of properties may be held against a schema: keys that are no text are written as text."""
        raw = self._generator.get_schema_from_definitions(JsonRef(str(names.get("$ref"))))
        return raw is None or raw.get("type", "string") == "string"

    def _schema(self, value: Any) -> Any:
        return self.copy(cast("_Raw", value)) if isinstance(value, dict) else _json_value(value)

    def _mapping(self, key: str, value: _Raw) -> _Raw:
        if key in _MAPS_OF_SCHEMAS:
            return {_json_key(name): self._schema(item) for name, item in value.items()}
        if key in _SCHEMAS:
            return self.copy(value)
        if key == "discriminator" and isinstance(value.get("mapping"), dict):
            mapping: _Raw = {}
            for name, target in value["mapping"].items():
                if isinstance(target, str):
                    self._note(mapping, name, target)
            return {**value, "mapping": mapping}
        return cast("_Raw", _json_value(value))

    def _note(self, place: _Raw, key: str, reference: str) -> bool:
        """Copy a reference; one that leads nowhere is left out, since a document with it would be invalid."""
        target = self._targets.get(reference)
        if target is None:
            if reference.startswith("#"):
                return False
            place[key] = reference
            return True
        # The same for both modes, so that two schemas that differ in it alone compare equal.
        place[key] = target[0]
        self.references.append(_Reference(place, key, target))
        return True


# --- Names ------------------------------------------------------------------------------------------------------------

_ID: Final = re.compile(r":[0-9]+(?=$|[\[\],])")
_NAME_AND_ID: Final = re.compile(r"([^\[\],|\s]+):([0-9]+)")
_MODULES: Final = re.compile(r"(?:[^.\[\],|\s]+\.)+(?=[^.\[\],|\s])")
_PIECE: Final = re.compile(r"[\[\],|]|[^\[\],|]+")
_ILLEGAL: Final = re.compile(r"[^A-Za-z0-9._-]")
_RESERVED: Final = (Problem, ProblemError)


def _legal(text: str) -> str:
    """Write a name with the characters that the name of a component may have."""
    if text.isascii() and _ILLEGAL.search(text) is None:
        return text
    # Accents go, so that `Bürger` stays readable; anything else becomes its number.
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return _ILLEGAL.sub(lambda found: f"_u{ord(found[0]):x}_", bare)


def _in_words(text: str) -> str:
    """Write a generic's name without brackets: `Page[User]` is `PageOfUser`, `Either[A, B]` `EitherOfAAndB`."""
    if "[" not in text:
        return text
    words: list[str] = []
    for piece in _PIECE.findall(text):
        match piece:
            case "[":
                words.append("Of")
            case ",":
                words.append("And")
            case "|":
                words.append("Or")
            case "]":
                continue
            case _:
                word = piece.strip()
                words.append(word if "." in word else word[:1].upper() + word[1:])
    return "".join(words)


class _Names:
    """Gives every definition its name, the same whatever the order in which they were met."""

    def __init__(self, classes: Mapping[str, type]) -> None:
        self._classes: Mapping[str, type] = classes

    def short(self, core_ref: str) -> str:
        """The name of the class alone."""
        cls = self._classes.get(core_ref)
        if cls is not None and ("[" not in core_ref or "[" in cls.__name__):
            name = cls.__name__
        else:
            name = _ID.sub("", core_ref)
        return _legal(_in_words(_MODULES.sub("", name) if "[" in name or cls is None else name)) or "Schema"

    def long(self, core_ref: str) -> str:
        """The name with the module, and the classes and functions around."""
        cls = self._classes.get(core_ref)
        if cls is not None and "[" not in core_ref:
            return _legal(f"{cls.__module__}.{cls.__qualname__}".replace(".<locals>", ""))
        outer = _ID.sub("", core_ref.partition("[")[0]).replace(".<locals>", "")
        module = outer.rpartition(".")[0]
        return _legal(f"{module}.") + self.short(core_ref)

    def full(self, core_ref: str) -> str:
        """The name with the modules of a generic's arguments too, which a core reference tells apart by ids alone."""
        classes = {str(id(cls)): cls for cls in self._classes.values()}

        def qualified(found: re.Match[str]) -> str:
            cls = classes.get(found[2])
            return found[1] if cls is None else f"{cls.__module__}.{cls.__qualname__}"

        return _legal(_in_words(_NAME_AND_ID.sub(qualified, core_ref)).replace(".<locals>", ""))

    def choose(self, outputs: Sequence[str], inputs: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
        """Choose names.

        Args:
            outputs: The core references that have a schema under their own name, in the order of the document.
            inputs: Those that have another one as input.

        Returns:
            Names by core reference, of the ones and of the others.
        """
        owners: dict[str, list[str]] = {}
        for core_ref in outputs:
            owners.setdefault(self.short(core_ref), []).append(core_ref)
        names: dict[str, str] = {}
        taken: set[str] = set()
        reserved = {cls.__name__: cls for cls in _RESERVED}
        for short, claimants in owners.items():
            # The errors of the framework are in every document, so that nobody else ever had their names.
            mine = reserved.get(short)
            if len(claimants) == 1 and mine is None:
                names[claimants[0]] = short
            else:
                # All of them: were one to keep the short name, a new route could make it mean another model.
                longs = {core_ref: self.long(core_ref) for core_ref in claimants}
                counts = Counter(longs.values())
                for core_ref, long in longs.items():
                    is_mine = mine is not None and self._classes.get(core_ref) is mine
                    names[core_ref] = short if is_mine else long if counts[long] == 1 else self.full(core_ref)
        for core_ref in outputs:
            names[core_ref] = _free(names[core_ref], taken)
        input_names: dict[str, str] = {}
        for core_ref in inputs:
            wanted = f"{names[core_ref]}Input"
            if wanted in taken:
                wanted = f"{self.long(core_ref)}Input"
            input_names[core_ref] = _free(wanted, taken)
        return names, input_names


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}.{number}", number + 1
    taken.add(name)
    return name


# --- The schemas of a document ----------------------------------------------------------------------------------------


class Schemas:
    """The schemas of one document.

    What the methods give is filled with its final content by `finish`; until then it may be put anywhere in the
    document, but not read.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._generator: _Generator = _Generator()
        self._pending: list[tuple[Json, _Raw]] = []

    def of(self, type_: object, mode: Mode) -> Json:
        """Describe a type.

        Args:
            type_: Any type that `schema.check_type` has let through.
            mode: Whether values are read or written.

        Raises:
            SchemaError: If the type has no JSON schema.
        """
        return self.later(self.raw(type_, mode))

    def of_any(self, types: Iterable[object], mode: Mode) -> Json:
        """Describe the union of types; for one type, that type."""
        return self.later(self.raw_union([self.raw(type_, mode) for type_ in types]))

    def raw(self, type_: object, mode: Mode) -> _Raw:
        """Describe a type as pydantic does, with references that only `later` and `resolve` understand."""
        try:
            self._generator.note_examples(type_)
            return self._generator.generate_as(schema.core_schema_of(type_), mode)
        except SchemaError:
            raise
        except _Foreign as error:
            raise SchemaError(
                type_,
                f"'{schema.spell(type_)}' has a json_schema_extra{self._place()} with "
                f"{_ADDRESS.sub('', str(error))}, which JSON cannot hold. Write it there as it stands in JSON.",
            ) from None
        except PydanticOmit:
            raise SchemaError(type_, self._unschemable(type_, "it asks to be left out")) from None
        except (PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, PydanticUserError) as error:
            raise SchemaError(type_, self._unschemable(type_, str(error).partition("\n")[0])) from error
        except Exception as error:  # Types may make their JSON schemas themselves, with code that raises anything.
            reason = f"making it raised {type(error).__name__}: {str(error).partition(chr(10))[0]}"
            raise SchemaError(type_, self._unschemable(type_, reason)) from error

    def _place(self) -> str:
        return f" at '{self._generator.failed_at}'" if self._generator.failed_at else ""

    def _unschemable(self, type_: object, reason: str) -> str:
        reason = _ADDRESS.sub("", reason).rstrip(".")
        return (
            f"'{schema.spell(type_)}' has no JSON schema{self._place()}: {reason}. Give it one with "
            "Annotated[..., WithJsonSchema(...)], or leave the route out of the document with "
            "RouteConfig(include_in_schema=False)."
        )

    def resolve(self, raw: _Raw) -> _Raw:
        """Follow the reference of a schema from `raw`, if it is one."""
        while isinstance(raw.get("$ref"), str) and raw["$ref"].startswith(_INTERNAL):
            found = self._generator.get_schema_from_definitions(JsonRef(raw["$ref"]))
            if found is None:
                break
            raw = found
        return raw

    @staticmethod
    def raw_union(raws: Iterable[_Raw]) -> _Raw:
        """Join schemas from `raw` into one that takes what any of them takes."""
        members: list[_Raw] = []
        for raw in raws:
            for member in raw["anyOf"] if len(raw) == 1 and "anyOf" in raw else [raw]:
                if member not in members:
                    members.append(member)
        return members[0] if len(members) == 1 else {"anyOf": members}

    def later(self, raw: _Raw) -> Json:
        """Give what a schema from `raw` will be in the document."""
        described: Json = {}
        self._pending.append((described, raw))
        return described

    def finish(self) -> Json:
        """Fill in all that was given, and give the named schemas, sorted by name."""
        generator = self._generator
        copier = _Copier(generator)
        for described, raw in self._pending:
            copier.copy_into(described, raw)
        roots, copier.references = copier.references, []
        definitions = self._reachable(roots, copier)
        split = _find_split(definitions)
        outputs: list[str] = list(dict.fromkeys(core_ref for core_ref, _ in definitions))
        inputs = [core_ref for core_ref in outputs if core_ref in split]
        names, input_names = _Names(generator.classes).choose(outputs, inputs)
        components: Json = {}
        for target, definition in definitions.items():
            core_ref, mode = target
            for reference in definition.references:
                _point(reference, split, names, input_names)
            if mode == "validation" and core_ref in split:
                components[input_names[core_ref]] = definition.schema
            elif mode == "serialization" or (core_ref, "serialization") not in definitions:
                components[names[core_ref]] = definition.schema
        for reference in roots:
            _point(reference, split, names, input_names)
        self._pending.clear()
        return {name: components[name] for name in sorted(components)}

    def _reachable(self, roots: Iterable[_Reference], copier: _Copier) -> dict[CoreModeRef, _Definition]:
        generator = self._generator
        found: dict[CoreModeRef, _Definition] = {}
        stack = [reference.target for reference in reversed(list(roots))]
        while stack:
            target = stack.pop()
            if target in found:
                continue
            raw = generator.definitions.get(generator.core_to_defs_refs[target], {})
            copier.references = []
            definition = found[target] = _Definition(copier.copy(raw))
            cls = generator.classes.get(target[0])
            if cls is not None and definition.schema.get("title") == cls.__name__:
                del definition.schema["title"]  # The component is called so already.
            definition.references = copier.references
            stack.extend(reference.target for reference in reversed(definition.references))
        return found


def _find_split(definitions: Mapping[CoreModeRef, _Definition]) -> set[str]:
    """Find the core references whose input and output differ, by themselves or by what they refer to."""
    both = [core_ref for core_ref, mode in definitions if mode == "validation"]
    both = [core_ref for core_ref in both if (core_ref, "serialization") in definitions]
    split: set[str] = set()
    users: dict[str, list[CoreRef]] = {}
    for core_ref in both:
        read, written = definitions[core_ref, "validation"], definitions[core_ref, "serialization"]
        if read.schema != written.schema:
            split.add(core_ref)
        for reference in (*read.references, *written.references):
            users.setdefault(reference.target[0], []).append(core_ref)
    stack: list[str] = list(split)
    while stack:
        for core_ref in users.get(stack.pop(), ()):
            if core_ref not in split:
                split.add(core_ref)
                stack.append(core_ref)
    return split


def _point(reference: _Reference, split: set[str], names: Mapping[str, str], input_names: Mapping[str, str]) -> None:
    core_ref, mode = reference.target
    chosen = input_names if mode == "validation" and core_ref in split else names
    reference.place[reference.key] = _PREFIX + chosen[core_ref]


def walk(node: CoreSchema, keys: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    """Yield a core schema node and all below it that stand under these keys."""
    stack: list[Any] = [node]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            entries = cast("_Raw", value)
            if isinstance(entries.get("type"), str):
                yield entries
                stack.extend(entries[key] for key in keys & entries.keys())
            else:
                stack.extend(entries.values())
        elif isinstance(value, (list, tuple)):
            stack.extend(cast("Sequence[Any]", value))
