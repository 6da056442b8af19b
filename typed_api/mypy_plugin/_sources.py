"""What mypy's types do not keep of a class, read from its source: `Annotated`, aliases, validators, settings.

Read only before something would be reported, so that a doubt becomes silence. The source and not mypy's tree, since a
class that comes from mypy's cache has no tree, and the findings must not depend on the cache. What a name in a source
stands for, mypy's tables of symbols say: they are in its cache.
"""

import ast
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from mypy.nodes import FuncDef, MypyFile, OverloadedFuncDef, SymbolNode, TypeAlias, TypeInfo, TypeVarExpr
from mypy.types import CallableType, Instance, get_proper_type

from typed_api.mypy_plugin._declared import is_model

__all__ = ["ModelFacts", "Modules", "SourceField", "Sources"]

Modules = Mapping[str, MypyFile]

_RENAMING: Final = frozenset(
    {
        "AliasChoices",
        "AliasPath",
        "Config",
        "alias_generator",
        "populate_by_name",
        "root_validator",
        "validate_by_alias",
        "validate_by_name",
        "validation_alias",
    }
)
_CONVERTING: Final = frozenset(
    {
        "BeforeValidator",
        "PlainValidator",
        "WrapValidator",
        "coerce_numbers_to_str",
        "root_validator",
        "validator",
    }
)
_WRITING: Final = ("serializer", "Serializer", "json_encoders", "exclude", "Annotated", "InstanceOf", "SkipValidation")
_SETTINGS: Final = frozenset({"__pydantic_config__", "model_config"})
_KNOWN_DECORATORS: Final = frozenset({"field_serializer", "field_validator", "model_serializer", "model_validator"})
_OF_OTHERS: Final = frozenset(
    {"_typeshed", "abc", "builtins", "collections", "enum", "pydantic", "typing", "typing_extensions"}
)
_TYPING: Final = frozenset({"typing", "typing_extensions"})

# What stands around a type and says nothing of its values.
_WRAPPERS: Final = frozenset({"Final", "InitVar", "NotRequired", "ReadOnly", "Required"})

# What may stand in `Annotated` and lets a value of another type through as little as the type itself does.
_CHECKING: Final = frozenset(
    {
        "AfterValidator",
        "Discriminator",
        "Doc",
        "Field",
        "PlainSerializer",
        "Strict",
        "StringConstraints",
        "Tag",
        "WithJsonSchema",
        "WrapSerializer",
    }
)
# pydantic's names for types of Python, most of them with a condition.
_CONDITIONED: Final = frozenset(
    f"{prefix}{kind}"
    for prefix in ("Finite", "Negative", "NonNegative", "NonPositive", "Positive", "Strict")
    for kind in ("Bool", "Bytes", "Float", "Int", "Str")
) | {"EmailStr", "JsonValue"}
_CUSTOM: Final = ("__get_pydantic_core_schema__", "__get_validators__")


class _Metadata(NamedTuple):
    """What `Annotated` adds to a type as a whole."""

    items: Sequence[ast.expr]
    is_known: bool
    """Whether nothing of it is hidden where it cannot be read."""


class SourceField(NamedTuple):
    """One field as its class spells it."""

    owner: TypeInfo
    name: str
    annotation: ast.expr
    alias: str | None
    """The key that it is given by, where that is not its name."""
    is_required: bool
    """Whether it plainly has no default."""
    is_known: bool
    """Whether its key is plain to see."""


class ModelFacts:
    """What the sources of a model and its bases say.

    Attributes:
        knows_names: Whether the keys that it takes are those of its fields.
        knows_types: Whether a value must have the type of its field: no validator runs before.
        takes_extra: Whether unknown keys are kept.
        fields: By name.
    """

    def __init__(self, classes: list[ast.ClassDef] | None, fields: Mapping[str, SourceField]) -> None:
        """Read the classes; None when a source is not to be had."""
        self.knows_names: bool = classes is not None and all(field.is_known for field in fields.values())
        self.knows_types: bool = classes is not None
        self.takes_extra: bool = False
        self.fields: Mapping[str, SourceField] = fields
        for node in (inner for cls in classes or () for inner in ast.walk(cls)):
            self._read(node)

    def field_of(self, key: str) -> SourceField | None:
        """Find the field that a key is for; None when no source has it."""
        by_alias = next((field for field in self.fields.values() if field.alias == key), None)
        return by_alias or self.fields.get(key)

    def _read(self, node: ast.AST) -> None:
        words = _words_of(node)
        if words & _RENAMING:
            self.knows_names = False
        if words & _CONVERTING:
            self.knows_types = False
        if isinstance(node, ast.Call):
            self._read_validator(node)
        elif isinstance(node, ast.keyword):
            if node.arg == "extra":
                # What is no literal may be "allow".
                is_other = isinstance(node.value, ast.Constant) and node.value.value != "allow"
                self.takes_extra = self.takes_extra or not is_other
            if node.arg == "config" and _is_unknown_setting(node.value):
                self.knows_names = self.knows_types = False
        elif isinstance(node, ast.ClassDef):
            if any(item.arg is None for item in node.keywords):
                self.knows_names = self.knows_types = False
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            if _binds_unknown_settings(node):
                self.knows_names = self.knows_types = False
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if any(_is_unknown_decorator(item) for item in node.decorator_list):
                self.knows_names = self.knows_types = False
        elif isinstance(node, ast.Dict):
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            if keys & _RENAMING:
                self.knows_names = False
            if keys & _CONVERTING:
                self.knows_types = False
            if "extra" in keys:
                self.takes_extra = True

    def _read_validator(self, node: ast.Call) -> None:
        name = _name(node.func)
        if name == "with_config" and any(_is_unknown_setting(item) for item in node.args):
            self.knows_names = self.knows_types = False
        if name not in ("field_validator", "model_validator"):
            return
        mode = next((item.value for item in node.keywords if item.arg == "mode"), None)
        if mode is None or (isinstance(mode, ast.Constant) and mode.value == "after"):
            return
        self.knows_types = False
        if name == "model_validator":
            self.knows_names = False


class _File(NamedTuple):
    """What is kept of a parsed file."""

    changed: int
    classes: Mapping[str, ast.ClassDef]
    values: Mapping[str, ast.expr]
    """What is bound once at the top level, by name: among it the aliases of types."""


_NOTHING: Final = _File(0, {}, {})


class Sources:
    """The classes of the files that mypy checks, parsed when first asked for and again when a file changes."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._files: dict[str, _File] = {}

    def facts(self, info: TypeInfo, modules: Modules) -> ModelFacts:
        """Read the sources of a model, dataclass or TypedDict and its bases, without those of pydantic and Python."""
        classes: list[ast.ClassDef] = []
        fields: dict[str, SourceField] = {}
        for base in self._bases(info, modules):
            cls = self._class(base, modules)
            if cls is None:
                return ModelFacts(None, {})
            classes.append(cls)
            for statement in cls.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    fields.setdefault(statement.target.id, self._field(base, statement, statement.target.id, modules))
        return ModelFacts(classes, fields)

    def spells(self, info: TypeInfo, field: str, name: str, modules: Modules) -> bool:
        """Tell whether a field is plainly annotated with a class of this name, and nothing writes it otherwise.

        mypy drops what `Annotated` adds, a serializer say, and an alias may hide one.
        """
        cls = self._class(info, modules)
        if cls is None:
            return False
        if any(word.endswith(_WRITING) for node in ast.walk(cls) for word in _words_of(node)):
            return False
        for statement in cls.body:
            if (
                isinstance(statement, ast.AnnAssign)
                and isinstance(statement.target, ast.Name)
                and statement.target.id == field
            ):
                return name in _annotation_words(statement.annotation)
        return False

    def words_of_alias(self, alias: TypeAlias, modules: Modules) -> frozenset[str] | None:
        """Collect the names that an alias of a type spells; None when its source is not to be had."""
        value = self._value(alias, modules)
        return None if value is None else frozenset(_annotation_words(value))

    def is_plain(self, field: SourceField, modules: Modules) -> bool:
        """Tell whether a field takes the values of its type alone: nothing in its annotation converts others.

        mypy drops what `Annotated` adds, and an alias from elsewhere may hide that there is something.
        """
        return self._is_plain(field.annotation, field.owner, field.owner.module_name, modules, 0)

    def are_bases_plain(self, info: TypeInfo, modules: Modules) -> bool:
        """Tell whether the type arguments of the bases of a class are plain: types of its fields are made of them."""
        return all(
            self._is_plain(argument, base, base.module_name, modules, 0)
            for base in self._bases(info, modules)
            if (cls := self._class(base, modules)) is not None
            for expression in cls.bases
            if isinstance(expression, ast.Subscript)
            for argument in _items(expression.slice)
        )

    def is_name_plain(self, name: str, module: str, modules: Modules) -> bool:
        """Tell whether a name in an annotation, maybe with dots, stands for a class or an alias that hides nothing."""
        return self._is_plain(ast.Constant(name), None, module, modules, 0)

    # Fields

    def _field(self, owner: TypeInfo, statement: ast.AnnAssign, name: str, modules: Modules) -> SourceField:
        module = owner.module_name
        added = self._metadata(statement.annotation, owner, module, modules, 0)
        is_known, is_required = added.is_known, added.is_known
        alias: str | None = None
        for node in added.items:
            is_field = isinstance(node, ast.Call) and _name(node.func) == "Field"
            if is_field or self._may_make_field(node, owner, module, modules):
                known, given = _alias(node) if is_field else (False, None)
                is_known = is_known and known
                alias = given or alias
                is_required = is_required and is_field and not _has_default(node, positional=True)
        value = statement.value
        if isinstance(value, ast.Call) and _name(value.func) in ("Field", "PrivateAttr", "field"):
            known, given = _alias(value)
            is_known = is_known and known
            alias = given or alias
            is_required = is_required and not _has_default(value, positional=_name(value.func) != "field")
        elif value is not None and not _is_ellipsis(value):
            is_required = False
            if isinstance(value, ast.Call) and self._may_make_field(value, owner, module, modules):
                is_known = False
        # What is private to a model is no field of it.
        is_required = is_required and not (name.startswith("_") and is_model(owner))
        return SourceField(owner, name, statement.annotation, alias, is_required, is_known)

    def _may_make_field(self, node: ast.expr, owner: TypeInfo, module: str, modules: Modules) -> bool:
        """Tell whether an expression may be a `Field` that was made elsewhere."""
        if isinstance(node, ast.Constant):
            return False
        found = self._resolve(node.func if isinstance(node, ast.Call) else node, owner, module, modules)
        if not isinstance(node, ast.Call):
            return not isinstance(found, TypeInfo)
        if isinstance(found, TypeInfo):
            return found.name == "FieldInfo"
        if isinstance(found, OverloadedFuncDef):
            return True
        if isinstance(found, FuncDef):
            made = get_proper_type(found.type) if found.type is not None else None
            result = get_proper_type(made.ret_type) if isinstance(made, CallableType) else None
            return not isinstance(result, Instance) or result.type.name == "FieldInfo"
        return isinstance(node.func, ast.Name)

    def _metadata(
        self, annotation: ast.expr, owner: TypeInfo | None, module: str, modules: Modules, depth: int
    ) -> _Metadata:
        if depth > 9:
            return _Metadata((), False)
        text = _parsed(annotation)
        if text is not annotation:
            return self._metadata(text, owner, module, modules, depth + 1)
        if isinstance(text, ast.Subscript):
            name = _name(text.value)
            if name == "Annotated":
                first, *items = _items(text.slice)
                inner = self._metadata(first, owner, module, modules, depth + 1)
                return _Metadata([*inner.items, *items], inner.is_known)
            if name in _WRAPPERS:
                return self._metadata(text.slice, owner, module, modules, depth + 1)
            return self._metadata(text.value, owner, module, modules, depth + 1)
        if isinstance(text, (ast.BinOp, ast.Constant)) or _is_type_variable(text, owner):
            return _Metadata((), True)
        found = self._resolve(text, owner, module, modules)
        if isinstance(found, (TypeInfo, TypeVarExpr)) or _is_plain_form(found):
            return _Metadata((), True)
        if isinstance(found, TypeAlias):
            if found.fullname.startswith("pydantic."):
                return _Metadata((), True)
            value = self._value(found, modules)
            if value is not None:
                return self._metadata(value, None, _module_of(found), modules, depth + 1)
        return _Metadata((), False)

    # Annotations

    def _is_plain(
        self, annotation: ast.expr, owner: TypeInfo | None, module: str, modules: Modules, depth: int
    ) -> bool:
        if depth > 19:
            return False
        node = _parsed(annotation)

        def is_plain(inner: ast.expr) -> bool:
            return self._is_plain(inner, owner, module, modules, depth + 1)

        if isinstance(node, ast.Constant):
            return node.value is None or node.value is ...
        if isinstance(node, (ast.Tuple, ast.List)):
            return all(map(is_plain, node.elts))
        if isinstance(node, ast.BinOp):
            return is_plain(node.left) and is_plain(node.right)
        if isinstance(node, ast.Subscript):
            name = _name(node.value)
            if name == "Literal":
                return True
            if name == "Annotated":
                first, *added = _items(node.slice)
                return is_plain(first) and all(map(_only_checks, added))
            return is_plain(node.value) and is_plain(node.slice)
        if _is_type_variable(node, owner):
            return True
        found = self._resolve(node, owner, module, modules)
        if isinstance(found, TypeInfo):
            return _is_of_pydantic(found) or not any(
                name in base.names for base in found.mro if not _is_of_pydantic(base) for name in _CUSTOM
            )
        if isinstance(found, TypeAlias) and not _is_plain_form(found):
            if _is_of_pydantic(found):
                return found.name in _CONDITIONED
            value = self._value(found, modules)
            return value is not None and self._is_plain(value, None, _module_of(found), modules, depth + 1)
        return isinstance(found, TypeVarExpr) or _is_plain_form(found)

    def _value(self, alias: TypeAlias, modules: Modules) -> ast.expr | None:
        module = _module_of(alias)
        file = modules.get(module)
        if file is None or not file.path:
            return None
        value = self._file(file.path).values.get(alias.name)
        if isinstance(value, ast.Call) and _name(value.func) == "TypeAliasType":
            return value.args[1] if len(value.args) > 1 else None
        return value

    def _resolve(self, node: ast.expr, owner: TypeInfo | None, module: str, modules: Modules) -> SymbolNode | None:
        if isinstance(node, ast.Attribute):
            outer = self._resolve(node.value, owner, module, modules)
            if isinstance(outer, (MypyFile, TypeInfo)):
                symbol = outer.names.get(node.attr)
                return None if symbol is None else symbol.node
            return None
        if not isinstance(node, ast.Name):
            return None
        if owner is not None:
            # A field may have the name of its type; only a class or an alias in the class is another type.
            symbol = owner.names.get(node.id)
            if symbol is not None and isinstance(symbol.node, (TypeAlias, TypeInfo)):
                return symbol.node
        for name in (module, "builtins"):
            file = modules.get(name)
            symbol = None if file is None else file.names.get(node.id)
            if symbol is not None:
                return symbol.node
        return None

    def _bases(self, info: TypeInfo, modules: Modules) -> Sequence[TypeInfo]:
        """Give a class and its bases, the nearest first, without those of pydantic and Python."""
        own = [base for base in info.mro if base.module_name.split(".")[0] not in _OF_OTHERS]
        if info.typeddict_type is None:
            return own
        # mypy keeps no bases of a TypedDict.
        cls = self._class(info, modules)
        for expression in cls.bases if cls is not None else ():
            name = expression.value if isinstance(expression, ast.Subscript) else expression
            base = self._resolve(name, None, info.module_name, modules)
            if isinstance(base, TypeInfo) and base.typeddict_type is not None and base is not info:
                own.extend(self._bases(base, modules))
        return own

    def _class(self, info: TypeInfo, modules: Modules) -> ast.ClassDef | None:
        file = modules.get(info.module_name)
        if file is None or not file.path:
            return None
        qualified = info.fullname.removeprefix(f"{info.module_name}.")
        return self._file(file.path).classes.get(qualified)

    def _file(self, path: str) -> _File:
        try:
            changed = os.stat(path).st_mtime_ns
            known = self._files.get(path)
            if known is not None and known.changed == changed:
                return known
            with open(path, "rb") as file:
                tree = ast.parse(file.read())
        except (OSError, SyntaxError, ValueError):
            return _NOTHING
        read = _File(changed, dict(_named_classes(tree.body, "")), _values(tree.body))
        self._files[path] = read
        return read


def _named_classes(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield prefix + statement.name, statement
            yield from _named_classes(statement.body, f"{prefix}{statement.name}.")


def _values(body: list[ast.stmt]) -> Mapping[str, ast.expr]:
    found: dict[str, ast.expr | None] = {}
    for statement in body:
        if isinstance(statement, ast.Assign):
            names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
            value: ast.expr | None = statement.value
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            names, value = [statement.target.id], statement.value
        else:
            # `type X = ...`, which Python 3.11 has no class for.
            node: object = getattr(statement, "name", None)
            given: object = getattr(statement, "value", None)
            if not isinstance(node, ast.Name) or not isinstance(given, ast.expr):
                continue
            names, value = [node.id], given
        for name in names:
            # Bound twice: which one counts is not known.
            found[name] = None if name in found else value
    return {name: value for name, value in found.items() if value is not None}


def _parsed(annotation: ast.expr) -> ast.expr:
    """Read an annotation that is written as a string."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value.strip(), mode="eval").body
        except SyntaxError:
            return annotation
    return annotation


def _annotation_words(annotation: ast.expr) -> Iterator[str]:
    for node in ast.walk(annotation):
        parsed = _parsed(node) if isinstance(node, ast.Constant) else node
        for inner in [node] if parsed is node else ast.walk(parsed):
            yield from _words_of(inner)


def _items(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _only_checks(node: ast.expr) -> bool:
    """Tell whether what stands in `Annotated` converts nothing."""
    if isinstance(node, ast.Constant):
        return True
    return _name(node.func if isinstance(node, ast.Call) else node) in _CHECKING


def _module_of(alias: TypeAlias) -> str:
    return alias.fullname.rpartition(".")[0]


def _is_plain_form(node: SymbolNode | None) -> bool:
    """Tell whether a name is one of `typing` that adds nothing to the types in its brackets."""
    if node is None or node.fullname.rpartition(".")[0] not in _TYPING:
        return False
    return node.name != "Annotated"


def _is_type_variable(node: ast.expr, owner: TypeInfo | None) -> bool:
    # Those of `class Page[T]` are in no table of symbols.
    return owner is not None and isinstance(node, ast.Name) and node.id in owner.type_vars


def _is_of_pydantic(node: SymbolNode) -> bool:
    return node.fullname.startswith("pydantic.")


def _alias(node: ast.expr) -> tuple[bool, str | None]:
    """Find the alias in a call of `Field`, and whether it can be read."""
    if not isinstance(node, ast.Call) or any(item.arg is None for item in node.keywords):
        return False, None
    value = next((item.value for item in node.keywords if item.arg == "alias"), None)
    if value is None:
        return True, None
    if isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, str)):
        return True, value.value
    return False, None


def _has_default(node: ast.expr, *, positional: bool) -> bool:
    """Tell whether a call of `Field` may give a default."""
    if not isinstance(node, ast.Call):
        return True
    for item in node.keywords:
        if item.arg in (None, "default_factory", "init") or (item.arg == "default" and not _is_ellipsis(item.value)):
            return True
    return bool(positional and node.args) and not _is_ellipsis(node.args[0])


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _words_of(node: ast.AST) -> frozenset[str]:
    if isinstance(node, ast.Name):
        return frozenset({node.id})
    if isinstance(node, ast.Attribute):
        return frozenset({node.attr})
    if isinstance(node, ast.keyword) and node.arg is not None:
        return frozenset({node.arg})
    if isinstance(node, ast.ClassDef):
        return frozenset({node.name})
    return frozenset()


def _is_unknown_decorator(node: ast.expr) -> bool:
    """Tell whether a decorator may be one of pydantic's validators under another name: they are given fields."""
    if not isinstance(node, ast.Call) or _name(node.func) in _KNOWN_DECORATORS:
        return False
    return any(isinstance(item, ast.Constant) and isinstance(item.value, str) for item in node.args) or any(
        item.arg == "mode" for item in node.keywords
    )


def _binds_unknown_settings(node: ast.Assign | ast.AnnAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if not any(isinstance(target, ast.Name) and target.id in _SETTINGS for target in targets):
        return False
    return node.value is not None and _is_unknown_setting(node.value)


def _is_unknown_setting(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return bool(node.args) or any(item.arg is None for item in node.keywords)
    return not isinstance(node, ast.Dict) or None in node.keys
