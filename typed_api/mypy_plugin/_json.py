"""Which types pydantic can write as JSON, as far as mypy knows them.

What is doubtful passes: a type is refused only when nothing in it can tell pydantic how to write it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from mypy.expandtype import expand_type_by_instance
from mypy.maptype import map_instance_to_supertype
from mypy.nodes import MypyFile, TypeAlias, TypeInfo, Var
from mypy.types import (
    FunctionLike,
    Instance,
    ProperType,
    TupleType,
    Type,
    TypeAliasType,
    TypedDictType,
    TypeVarType,
    UnionType,
    get_proper_type,
)

from typed_api.mypy_plugin._declared import BASE_MODEL, is_dataclass, is_model
from typed_api.mypy_plugin._sources import Sources

__all__ = ["Unserializable", "Writability", "fields_of_class"]

_STATUS: Final = "typed_api.status.Status"
_STREAMED: Final = "typed_api._types.StreamedBody"
_LEAVES: Final = frozenset(
    {
        "_ctypes.Structure",
        "builtins.bool",
        "builtins.bytearray",
        "builtins.bytes",
        "builtins.complex",
        "builtins.float",
        "builtins.int",
        "builtins.memoryview",
        "builtins.str",
        "datetime.date",
        "datetime.time",
        "datetime.timedelta",
        "datetime.tzinfo",
        "decimal.Decimal",
        "enum.Enum",
        "fractions.Fraction",
        "ipaddress.IPv4Address",
        "ipaddress.IPv4Interface",
        "ipaddress.IPv4Network",
        "ipaddress.IPv6Address",
        "ipaddress.IPv6Interface",
        "ipaddress.IPv6Network",
        "os.PathLike",
        "pathlib.PurePath",
        "re.Pattern",
        "typing.Hashable",
        "uuid.UUID",
    }
)
_CONTAINERS: Final = frozenset(
    {"typing.AbstractSet", "typing.Iterable", "typing.Iterator", "typing.Mapping", "typing.Sequence"}
)
# pydantic reads and writes what iterates over and over, and generators; for this one it has no schema.
_ITERATOR: Final = "typing.Iterator"
# Modules of Python whose classes are none of JSON's.
_WORKINGS: Final = frozenset(
    {
        "_asyncio",
        "_io",
        "_socket",
        "_sqlite3",
        "_thread",
        "asyncio",
        "concurrent",
        "io",
        "logging",
        "multiprocessing",
        "socket",
        "sqlite3",
        "subprocess",
        "threading",
    }
)
_SPELLINGS: Final = {"_thread.LockType": "Lock", "_thread.lock": "Lock"}
"""Classes that are written by another name than they are defined by."""
_SETTINGS: Final = ("__pydantic_config__", "__pydantic_fields_set__")


class Unserializable(NamedTuple):
    """A part of a type that cannot be written."""

    part: ProperType
    owner: str
    """The class that has it in a field; empty when it stands in the type itself."""
    field: str


class Writability:
    """Looks for what cannot be written; remembers the classes that it met, for mypy's daemon.

    Attributes:
        met: The classes of the types that were looked at, field by field.
    """

    def __init__(self, sources: Sources, modules: Mapping[str, MypyFile], words: Collection[str]) -> None:
        """Prepare for one annotation.

        Args:
            sources: Says what mypy's types do not keep.
            modules: mypy's modules.
            words: The names in the annotation. A class that is not among them came by an alias, which may have been
                `Annotated` with a serializer.
        """
        self.met: set[TypeInfo] = set()
        self._aliases: set[TypeAlias] = set()
        self._sources: Sources = sources
        self._modules: Mapping[str, MypyFile] = modules
        self._words: Collection[str] = words

    def find(self, declared: Type, *, top: bool = True) -> Unserializable | None:
        """Find the first part of a type that cannot be written.

        Args:
            declared: A declared body, with or without its status marker.
            top: Whether `object`, which says nothing about the JSON, is refused.
        """
        if isinstance(declared, TypeAliasType) and declared.alias is not None:
            return self._find_in_alias(declared, declared.alias, top)
        item = get_proper_type(declared)
        if isinstance(item, UnionType):
            return next((bad for part in item.items if (bad := self.find(part, top=top)) is not None), None)
        return self._find_in(item, top)

    def _find_in_alias(self, declared: TypeAliasType, alias: TypeAlias, top: bool) -> Unserializable | None:
        if alias in self._aliases:
            # It comes back to itself, or its arguments differ.
            return self._first(declared.args)
        self._aliases.add(alias)
        outer = self._words
        if alias.name in outer and not isinstance(outer, _Anything):
            # What the alias spells counts as if it stood in the annotation.
            self._words = {*outer, *(self._sources.words_of_alias(alias, self._modules) or ())}
        try:
            return self.find(get_proper_type(declared), top=top)
        finally:
            self._words = outer

    def _first(self, types: Iterable[Type]) -> Unserializable | None:
        return next((bad for item in types if (bad := self.find(item, top=False)) is not None), None)

    def _find_in(self, item: ProperType, top: bool) -> Unserializable | None:
        if isinstance(item, TupleType):
            info = item.partial_fallback.type
            if info.fullname == "builtins.tuple":
                return self._first(item.items)
            names = info.metadata.get("namedtuple", {}).get("fields", ())
            return self._find_in_items(info, zip(names, item.items, strict=False))
        if isinstance(item, TypedDictType):
            return self._find_in_items(item.fallback.type, item.items.items())
        if isinstance(item, FunctionLike):
            return self._refuse(item, "Callable")
        if isinstance(item, Instance):
            return self._find_in_instance(item, top)
        return None

    def _find_in_instance(self, item: Instance, top: bool) -> Unserializable | None:
        info = item.type
        if info.fullname == "builtins.object":
            return Unserializable(item, "", "") if top else None
        names = {base.fullname for base in info.mro}
        if _STATUS in names:
            return next((bad for arg in item.args if (bad := self.find(arg)) is not None), None)
        if _STREAMED in names:
            return self._first(item.args)
        if is_model(info) or is_dataclass(info):
            if info.module_name.startswith("pydantic."):
                return None
            return self._find_in_fields(info, item)
        if names & _LEAVES or info.fallback_to_any or info.is_newtype:
            return None
        if any(name.startswith(("pydantic.", "pydantic_core.", "pydantic_extra_types.")) for name in names):
            return None
        if any("__get_pydantic_core_schema__" in base.names for base in info.mro):
            return None
        if names & _CONTAINERS and info.fullname != _ITERATOR:
            return self._first(item.args)
        return self._refuse(item, info.name)

    def _refuse(self, part: ProperType, name: str) -> Unserializable | None:
        return Unserializable(part, "", "") if name in self._words and "Annotated" not in self._words else None

    def _find_in_items(self, info: TypeInfo, items: Iterable[tuple[str, Type]]) -> Unserializable | None:
        if info in self.met:
            return None
        self.met.add(info)
        return next((bad for field, type_ in items if (bad := self._judge_field(info, field, type_)) is not None), None)

    def _find_in_fields(self, info: TypeInfo, item: Instance) -> Unserializable | None:
        if info in self.met:
            # A generic class once more: its arguments may differ.
            return self._first(item.args)
        self.met.add(info)
        if any(name in base.names for base in info.mro for name in _SETTINGS if base.fullname != BASE_MODEL):
            return None
        for owner, field, declared in fields_of_class(item):
            bad = self._judge_field(owner, field, declared)
            if bad is not None:
                return bad
        return self._first(item.args)

    def _judge_field(self, owner: TypeInfo, field: str, declared: Type) -> Unserializable | None:
        outer, self._words = self._words, _Anything()
        try:
            bad = self.find(declared, top=False)
        finally:
            self._words = outer
        if bad is None or bad.owner:
            return bad
        if isinstance(bad.part, Instance):
            info = bad.part.type
            name = _SPELLINGS.get(info.fullname, info.name)
            file = self._modules.get(info.module_name)
            # pydantic knows more of the standard library than is listed here.
            is_known = info.module_name.split(".")[0] in _WORKINGS
            if file is None or (not is_known and "typeshed" in file.path.replace("\\", "/").split("/")):
                return None
        else:
            name = "Callable"
        if not self._sources.spells(owner, field, name, self._modules):
            return None
        return Unserializable(bad.part, owner.name, field)


class _Anything(Collection[str]):
    """Holds every name but `Annotated`: what a field spells is looked up in its source."""

    def __contains__(self, item: object) -> bool:
        return item != "Annotated"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def fields_of_class(item: Instance) -> Iterator[tuple[TypeInfo, str, Type]]:
    """Yield the annotated attributes of a model or dataclass, with the class that has each.

    Attributes of pydantic itself, class variables, private ones and properties are none.
    """
    for base in item.type.mro:
        if base.module_name.split(".")[0] in ("builtins", "typing", "pydantic", "collections"):
            continue
        at = map_instance_to_supertype(item, base)
        for name, symbol in base.names.items():
            node = symbol.node
            if not isinstance(node, Var) or node.type is None or name.startswith("_"):
                continue
            declared = get_proper_type(node.type)
            if node.is_classvar or isinstance(declared, TypeVarType):
                continue
            # mypy makes a property of the field of a dataclass that holds a function.
            if not node.is_inferred if isinstance(declared, FunctionLike) else not node.is_property:
                yield base, name, expand_type_by_instance(node.type, at)
