"""What mypy's types do not keep of a class, read from its source: `Annotated`, aliases, validators, settings.

Read only before something would be reported, so that a doubt becomes silence. The source and not mypy's tree, since a
class that comes from mypy's cache has no tree, and the findings must not depend on the cache.
"""

import ast
import os
from collections.abc import Iterator, Mapping

from mypy.nodes import MypyFile, TypeInfo

__all__ = ["ModelFacts", "Sources"]

_RENAMING = frozenset(
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
_CONVERTING = frozenset({"BeforeValidator", "PlainValidator", "WrapValidator", "root_validator", "validator"})
_WRITING = ("serializer", "Serializer", "json_encoders", "exclude", "Annotated", "InstanceOf", "SkipValidation")


class ModelFacts:
    """What the sources of a model and its bases say.

    Attributes:
        knows_names: Whether the keys that it takes are the arguments of its constructor.
        knows_types: Whether a value must have the type of its field: no validator runs before.
        takes_extra: Whether unknown keys are kept.
    """

    def __init__(self, classes: list[ast.ClassDef] | None) -> None:
        """Read the classes; None when a source is not to be had."""
        self.knows_names: bool = classes is not None
        self.knows_types: bool = classes is not None
        self.takes_extra: bool = False
        for node in (inner for cls in classes or () for inner in ast.walk(cls)):
            words = _words_of(node)
            if words & _RENAMING:
                self.knows_names = False
            if words & _CONVERTING:
                self.knows_types = False
            if isinstance(node, ast.Call) and _name(node.func) in ("field_validator", "model_validator"):
                self._read_validator(node)
            if isinstance(node, ast.keyword) and node.arg == "extra":
                # What is no literal may be "allow".
                is_other = isinstance(node.value, ast.Constant) and node.value.value != "allow"
                self.takes_extra = self.takes_extra or not is_other
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and _binds_unknown_settings(node):
                self.knows_names = self.knows_types = False
            if isinstance(node, ast.Dict):
                keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
                if keys & _RENAMING:
                    self.knows_names = False
                if "extra" in keys:
                    self.takes_extra = True

    def _read_validator(self, node: ast.Call) -> None:
        mode = next((item.value for item in node.keywords if item.arg == "mode"), None)
        if mode is None or (isinstance(mode, ast.Constant) and mode.value == "after"):
            return
        self.knows_types = False
        if _name(node.func) == "model_validator":
            self.knows_names = False


class Sources:
    """The classes of the files that mypy checks, parsed when first asked for and again when a file changes."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._files: dict[str, tuple[int, Mapping[str, ast.ClassDef]]] = {}

    def facts(self, info: TypeInfo, modules: Mapping[str, MypyFile]) -> ModelFacts:
        """Read the sources of a model and of its bases below `BaseModel`."""
        classes: list[ast.ClassDef] = []
        for base in info.mro:
            if (
                base.module_name.startswith(("pydantic.", "builtins", "typing", "abc"))
                or base.module_name == "pydantic"
            ):
                continue
            cls = self._class(base, modules)
            if cls is None:
                return ModelFacts(None)
            classes.append(cls)
        return ModelFacts(classes)

    def spells(self, info: TypeInfo, field: str, name: str, modules: Mapping[str, MypyFile]) -> bool:
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
                return any(name in _words_of(node) for node in _annotation_nodes(statement.annotation))
        return False

    def _class(self, info: TypeInfo, modules: Mapping[str, MypyFile]) -> ast.ClassDef | None:
        file = modules.get(info.module_name)
        if file is None or not file.path:
            return None
        qualified = info.fullname.removeprefix(f"{info.module_name}.")
        return self._classes(file.path).get(qualified)

    def _classes(self, path: str) -> Mapping[str, ast.ClassDef]:
        try:
            changed = os.stat(path).st_mtime_ns
            known = self._files.get(path)
            if known is not None and known[0] == changed:
                return known[1]
            with open(path, "rb") as file:
                tree = ast.parse(file.read())
        except (OSError, SyntaxError, ValueError):
            return {}
        classes = dict(_named_classes(tree.body, ""))
        self._files[path] = (changed, classes)
        return classes


def _named_classes(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield prefix + statement.name, statement
            yield from _named_classes(statement.body, f"{prefix}{statement.name}.")


def _annotation_nodes(annotation: ast.expr) -> Iterator[ast.AST]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                yield from ast.walk(ast.parse(node.value, mode="eval"))
            except SyntaxError:
                continue
        yield node


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


def _binds_unknown_settings(node: ast.Assign | ast.AnnAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if not any(isinstance(target, ast.Name) and target.id == "model_config" for target in targets):
        return False
    return not isinstance(node.value, (ast.Call, ast.Dict)) or _has_unpacking(node.value)


def _has_unpacking(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return bool(node.args) or any(item.arg is None for item in node.keywords)
    return isinstance(node, ast.Dict) and None in node.keys
