"""Python as the generators write it: names, types, and what an operation takes and answers.

Owns what the client and the stubs have in common. Names keep their spelling where Python has room for it and are
cleaned where not; two names of the document are never one here. Of its other texts only escaped strings and harmless
docstrings reach a file.
"""

import ast
import builtins
import functools
import keyword
import re
import sys
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import product
from typing import Final, Literal, TypeAlias

from typed_api.clients._document import (
    Answer,
    Anything,
    Array,
    Body,
    Both,
    Constant,
    Content,
    Document,
    Named,
    Nothing,
    Object,
    Operation,
    Parameter,
    Property,
    Scalar,
    Tuple,
    Type,
    Union,
)
from typed_api.status import BODYLESS_STATUSES, REASON_PHRASES

__all__ = [
    "GROUPS",
    "RUNTIME",
    "AnswerClass",
    "Argument",
    "BodyChoice",
    "Call",
    "DeclaredAnswer",
    "PythonTypes",
    "answer_classes",
    "arguments",
    "body_choices",
    "body_kind",
    "camel",
    "declared_answers",
    "describe_call",
    "describe_operation",
    "docstring",
    "literal",
    "name_all",
    "public_names",
    "status_name",
    "write_imports",
]

RUNTIME: Final = files("typed_api.clients").joinpath("_python_runtime.py").read_text(encoding="utf-8")
"""The source that every generated client begins with."""

GROUPS: Final[Mapping[str, str]] = {
    "2XX": "Success",
    "3XX": "Redirection",
    "4XX": "ClientError",
    "5XX": "ServerError",
}
"""The class of answers of each group."""

# --- names ------------------------------------------------------------------------------------------------------------


@functools.cache
def status_name(status: int) -> str:
    """Name the class of a status: `NotFound`, or `Status499` where it has no phrase."""
    phrase = REASON_PHRASES.get(status)
    if phrase is None:
        return f"Status{status}"
    name = "".join(word.capitalize() for word in re.split(r"[^A-Za-z]+", phrase.replace("'", "")))
    # `NotImplemented` is what comparisons return.
    return f"{name}Status" if hasattr(builtins, name) else name


@functools.cache
def _runtime_names() -> frozenset[str]:
    found: set[str] = set()
    for node in ast.parse(RUNTIME).body:
        match node:
            case ast.Import(names) | ast.ImportFrom(names=names):
                found.update(alias.asname or alias.name for alias in names)
            case ast.ClassDef(name) | ast.FunctionDef(name) | ast.AnnAssign(ast.Name(name)):
                found.add(name)
            case ast.Assign(targets):
                found.update(target.id for target in targets if isinstance(target, ast.Name))
            case _:
                pass
    return frozenset(found)


@functools.cache
def _module_names() -> frozenset[str]:
    """Give the names that no type of a document may have; the same for all documents, so that names are stable."""
    words = {
        "AsyncClient",
        "Client",
        "Never",
        "NotRequired",
        "TypedClient",
        "TypedDict",
        "deprecated",
        "overload",
        "sys",
    }
    return frozenset({*_runtime_names(), *map(status_name, REASON_PHRASES), *words, *dir(builtins)})


_TYPE_WORDS: Final = frozenset({"bool", "bytes", "dict", "float", "int", "list", "object", "str"})
"""What annotations are made of: a method of such a name would stand for it in those that follow."""


def public_names() -> list[str]:
    """List the names of the run time that users have a use for."""
    found = [name for name in _own_names() if not name.startswith("_")]
    return sorted(name for name in found if not name.endswith("Caller"))


def _own_names() -> Iterator[str]:
    for node in ast.parse(RUNTIME).body:
        match node:
            case ast.ClassDef(name) | ast.AnnAssign(ast.Name(name)):
                yield name
            case _:
                pass


def name_all(wanted: Iterable[str], taken: Collection[str], fallback: str) -> dict[str, str]:
    """Give each name one of its own in Python; those that may stay as they are do.

    Args:
        wanted: The names, of which none comes twice.
        taken: Names that are not to be had.
        fallback: What to call a name of which nothing is left.

    Returns:
        By name, an identifier that does not begin with an underscore.
    """
    wanted = list(wanted)
    found = {name: name for name in wanted if _is_plain(name) and name not in taken}
    used = {*taken, *found.values()}
    for name in wanted:
        if name not in found:
            found[name] = _claim(name, used, fallback)
            used.add(found[name])
    return found


def _is_plain(name: str) -> bool:
    # A leading underscore makes it private, and two inside of a class another name. Python reads identifiers in
    # their normal form, in which two of them may be one.
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("_")
        and unicodedata.normalize("NFKC", name) == name
    )


def _claim(wanted: str, taken: Collection[str], fallback: str) -> str:
    stem = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", wanted)).strip("_")
    if not stem.isidentifier():
        stem = f"{fallback}_{stem}".rstrip("_") if f"{fallback}_{stem}".isidentifier() else fallback
    name, number = stem, 1
    if keyword.iskeyword(name) or name in taken:
        name = f"{stem}_"
    while name in taken:
        number += 1
        name = f"{stem}_{number}"
    return name


def camel(name: str) -> str:
    """Write a name as those of classes are: `get_users` is `GetUsers`."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


# --- texts ------------------------------------------------------------------------------------------------------------


def docstring(text: str, indent: str) -> str:
    """Write a docstring that no text can end; nothing for no text."""
    lines = [line.rstrip() for line in _clean(text).replace("\\", "\\\\").replace('"""', '\\"\\"\\"').split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    if not lines:
        return ""
    lines[0] = lines[0].lstrip()
    if len(lines) == 1:
        if lines[0].endswith('"'):
            lines[0] = lines[0][:-1] + '\\"'
        # A quote at the start is told from the three before it.
        return f'{indent}"""{lines[0]}"""\n'
    # At the start of a line, mypy takes a comment for one even here.
    body = "".join(f"{indent or ' ' * line.startswith('#')}{line}".rstrip() + "\n" for line in lines[1:])
    return f'{indent}"""{lines[0]}\n{body}{indent}"""\n'


def _clean(text: str) -> str:
    text = re.sub("\r\n?|[\u2028\u2029\x85\x0b\x0c]", "\n", text).expandtabs(4)
    # Characters without a shape could make the file read as something else than it is.
    return "".join(mark for mark in text if mark == "\n" or unicodedata.category(mark) not in ("Cc", "Cf", "Cs"))


_NARROW: Final = 88
"""Where ruff and isort break lines unless told otherwise; what is broken before, they leave."""


def write_imports(modules: Mapping[str, Iterable[str]], exports: Mapping[str, Iterable[str]] | None = None) -> str:
    """Write imports in the order and the form that ruff sorts them to.

    Args:
        modules: By module, what is imported from it; nothing for the module itself.
        exports: By module, what a stub hands on.
    """
    sections: dict[int, dict[str, list[str]]] = {0: {}, 1: {}, 2: {}}
    for name in {*modules, *(exports or {})}:
        top = name.partition(".")[0]
        section = 0 if name == "__future__" else 1 if top in sys.stdlib_module_names else 2
        words = sorted(
            [
                *((word, False) for word in modules.get(name, ())),
                *((word, True) for word in (exports or {}).get(name, ())),
            ],
            key=lambda entry: (not entry[0].isupper(), not entry[0][0].isupper(), entry[0].lower()),
        )
        plain = [word for word, is_export in words if not is_export]
        lines = [f"from {name} import {word} as {word}\n" if is_export else word for word, is_export in words]
        if not words:
            lines = [f"import {name}\n"]
        elif len(plain) == len(words):
            lines = [f"from {name} import {', '.join(plain)}\n"]
            if len(lines[0]) > _NARROW:
                lines = [f"from {name} import (\n", *(f"    {word},\n" for word in plain), ")\n"]
        else:
            lines = [line if line.endswith("\n") else f"from {name} import {line}\n" for line in lines]
        sections[section][name] = lines
    texts: list[str] = []
    for found in sections.values():
        # `import json` comes before `from json import dumps`.
        order = sorted(found, key=lambda name: (not found[name][0].startswith("import "), name))
        texts.append("".join(line for name in order for line in found[name]))
    return "\n".join(text for text in texts if text)


def literal(text: str) -> str:
    """Write a text in quotes; letters of any script stay, what has no shape is escaped."""
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(mark: str) -> str:
    if mark in '"\\':
        return f"\\{mark}"
    return mark if mark.isprintable() else ascii(mark)[1:-1]


# --- types ------------------------------------------------------------------------------------------------------------

Mode: TypeAlias = Literal["wire", "form", "parameter"]
"""What a type is for: JSON in either direction, the fields of a form, or a parameter."""

_PARAMETER_FORMATS: Final[Mapping[str, str]] = {"date": "date", "date-time": "datetime", "time": "time", "uuid": "UUID"}
_MOST_COMBINATIONS: Final = 64
"""How many choices of an `allOf` of choices are written out."""
_WORD: Final = re.compile(r"[^\W\d]\w*")


@dataclass(slots=True)
class _Definition:
    name: str
    description: str
    fields: list[tuple[Property, str]] | None
    """The properties, each with its type; None for an alias."""
    text: str = ""
    """What an alias stands for."""


class PythonTypes:
    """Writes the types of one document; remembers what it has named.

    Attributes:
        taken: The names of the module that are in use.
    """

    taken: set[str]

    def __init__(self, document: Document, *, is_stub: bool = False) -> None:
        """Name the document's own types.

        Args:
            document: The document.
            is_stub: Whether they are written for a stub, in which a type may be named before it is there.
        """
        self._document: Document = document
        self._quote: str = "" if is_stub else "'"
        self._names: dict[str, str] = name_all(document.types, _module_names(), "Type")
        self.taken = {*_module_names(), *self._names.values()}
        self._definitions: dict[tuple[str, str], _Definition] = {}
        """By mode and type, in the order of naming."""
        self._named: dict[tuple[str, str], str] = {}
        self._waiting: list[tuple[_Definition, Type, Mode]] = []
        """Named types that are still to be written."""

    def claim(self, wanted: str) -> str:
        """Give a name of the module that is not in use."""
        name = _claim(wanted, self.taken, "Type") if wanted in self.taken or not _is_plain(wanted) else wanted
        self.taken.add(name)
        return name

    @property
    def annotation_names(self) -> set[str]:
        """What annotations may name: a method must not be called so."""
        return {*self.taken, *_TYPE_WORDS} - (set(dir(builtins)) - _TYPE_WORDS)

    def write(self, type_: Type, place: str, mode: Mode = "wire") -> str:
        """Write a type.

        Args:
            type_: The type.
            place: What to call it, if it needs a name.
            mode: What it is for.

        Returns:
            An annotation without escapes and single quotes, so that it can stand in a string.
        """
        match type_:
            case Anything():
                return "object"
            case Nothing():
                return "Never"
            case Scalar(kind, format_):
                return _scalar(kind, format_, mode)
            case Constant():
                return self._constants([type_], place)
            case Array(items):
                inner = self.write(items, f"{place}Item", mode)
                return f"{'Sequence' if mode == 'parameter' else 'list'}[{inner}]"
            case Tuple(items, rest):
                # JSON knows lists alone, and that is what comes back.
                members = [*items, *([] if rest is None else [rest])]
                inner = self.write(Union(tuple(members)), f"{place}Item", mode) if members else "Never"
                return f"{'Sequence' if mode == 'parameter' else 'list'}[{inner}]"
            case Union(members):
                return self._union(members, place, mode)
            case Both(members):
                merged = self._merge(members)
                return "Never" if isinstance(merged, Nothing) else self.write(merged, place, mode)
            case Object(properties, others):
                if not properties:
                    inner = "Never" if others is None else self.write(others, f"{place}Value", mode)
                    return f"dict[str, {inner}]"
                return self._object(type_, place, mode)
            case Named(name):
                return self._name(name, mode)

    def _union(self, members: Sequence[Type], place: str, mode: Mode) -> str:
        constants = [part for part in members if isinstance(part, Constant)]
        texts: list[str] = []
        for index, part in enumerate(members):
            if part in constants and isinstance(part, Constant):
                if part is constants[0]:
                    texts += self._constants(constants, place).split(" | ")
            else:
                several = sum(isinstance(member, Object) for member in members) > 1
                texts += [self.write(part, f"{place}{index + 1}" if several else place, mode)]
        # `None` reads best at the end.
        found = dict.fromkeys(text for text in texts if text not in ("None", "Never"))
        if "None" in texts:
            found["None"] = None
        return " | ".join(found) or "Never"

    def _constants(self, constants: Sequence[Constant], place: str) -> str:
        words: dict[str, None] = {}
        others: dict[str, None] = {}
        for constant in constants:
            value = constant.value
            if value is None:
                others["None"] = None
            elif isinstance(value, float):
                others["float"] = None
            else:
                words[literal(value) if isinstance(value, str) else repr(value)] = None
        parts = list(others)
        if words:
            text = f"Literal[{', '.join(words)}]"
            # A string that is an annotation may have neither escapes nor its own quotes.
            if "\\" in text or "'" in text or any('"' in word[1:-1] for word in words):
                text = self._alias(text, place)
            parts.insert(0, text)
        return " | ".join(parts)

    def _alias(self, text: str, place: str) -> str:
        key = ("literal", text)
        if key not in self._definitions:
            self._definitions[key] = _Definition(self.claim(place), "", None, text)
        return self._definitions[key].name

    def _object(self, type_: Object, place: str, mode: Mode) -> str:
        # In a parameter, an object is its fields.
        mode = "wire" if mode == "parameter" else mode
        key = (mode if self._holds_file(type_) else "wire", repr(type_))
        if key not in self._definitions:
            definition = _Definition(self.claim(place), "", [])
            self._definitions[key] = definition
            self._fields(type_, definition, mode)
        return self._definitions[key].name

    def _fields(self, type_: Object, definition: _Definition, mode: Mode) -> None:
        place = definition.name
        definition.fields = [
            (part, self.write(part.type, place + camel(_word(part.name)), mode))
            for part in type_.properties
            if part.name
        ]
        if len(definition.fields) < len(type_.properties):
            # pyright has no place for it.
            definition.description += "\n\nThere is also a property whose name is empty."

    def _name(self, name: str, mode: Mode) -> str:
        if mode == "form" and not self._holds_file(Named(name)):
            mode = "wire"
        mode = "wire" if mode == "parameter" else mode
        key = (mode, name)
        if key in self._named:
            return self._named[key]
        spelled = self._names[name] if mode == "wire" else self.claim(f"{self._names[name]}Form")
        self._named[key] = spelled
        named = self._document.types[name]
        definition = _Definition(spelled, named.description, None)
        if named.deprecated:
            definition.description += "\n\nDeprecated."
        self._definitions[f"named {mode}", name] = definition
        # Not yet: a chain of types may be longer than the stack is deep.
        self._waiting.append((definition, named.type, mode))
        return spelled

    def _finish(self) -> None:
        while self._waiting:
            definition, type_, mode = self._waiting.pop(0)
            type_ = self._merge(type_.members) if isinstance(type_, Both) else type_
            if isinstance(type_, Object) and type_.properties:
                self._fields(type_, definition, mode)
            else:
                definition.text = self.write(type_, f"{definition.name}Value", mode)

    def _resolve(self, type_: Type) -> Type:
        while isinstance(type_, Named):
            type_ = self._document.types[type_.name].type
        return self._merge(type_.members) if isinstance(type_, Both) else type_

    def _merge(self, members: Sequence[Type]) -> Type:
        """Give the one type that all of several are; `allOf` has no counterpart in Python."""
        resolved = [self._resolve(member) for member in members]
        choices = [part.members if isinstance(part, Union) else (part,) for part in resolved]
        count = 1
        for choice in choices:
            count *= len(choice)
        if count > 1:
            if count > _MOST_COMBINATIONS:
                return Anything()
            found = dict.fromkeys(self._merge(combination) for combination in product(*choices))
            kept = tuple(part for part in found if not isinstance(part, Nothing))
            return kept[0] if len(kept) == 1 else Union(kept) if kept else Nothing()
        resolved = [self._resolve(choice[0]) for choice in choices if choice]
        telling = list(dict.fromkeys(part for part in resolved if not isinstance(part, Anything)))
        # Where they are one, the name of it is worth more than what it stands for.
        if len(telling) <= 1:
            named = [part for part in members if isinstance(part, Named) and self._resolve(part) in telling]
            return next(iter([*named, *telling]), Anything())
        objects = [part for part in telling if isinstance(part, Object)]
        if objects:
            return _merge_objects(objects) if len(objects) == len(telling) else Nothing()
        arrays = [part for part in telling if isinstance(part, Array)]
        if len(arrays) == len(telling):
            return Array(Both(tuple(part.items for part in arrays)))
        constant = next((part for part in telling if isinstance(part, Constant)), None)
        integer = next((part for part in telling if isinstance(part, Scalar) and part.kind == "integer"), None)
        return constant or integer or telling[0]

    def _holds_file(self, type_: Type) -> bool:
        holds, names = _find_file(type_)
        return holds or not names.isdisjoint(self._file_holders)

    @functools.cached_property
    def _file_holders(self) -> set[str]:
        """The named types that have a file somewhere inside."""
        found: set[str] = set()
        users: dict[str, list[str]] = {}
        for name, named in self._document.types.items():
            holds, names = _find_file(named.type)
            if holds:
                found.add(name)
            for other in names:
                users.setdefault(other, []).append(name)
        waiting = [*found]
        while waiting:
            new = [name for name in users.get(waiting.pop(), ()) if name not in found]
            found.update(new)
            waiting += new
        return found

    def definitions(self) -> str:
        """Write what has been named so far."""
        self._finish()
        found = [*self._definitions.values()]
        own: set[str] = {definition.name for definition in found}
        # Aliases of words alone come first: they are values, which `typing.get_args` takes apart.
        first = [definition for definition in found if definition.fields is None and not _names_of(definition) & own]
        rest = [definition for definition in found if definition not in first]
        texts = [self._define(definition, is_value=definition in first) for definition in [*first, *rest]]
        return "".join(f"{text.rstrip()}\n\n\n" for text in texts)

    def _define(self, definition: _Definition, *, is_value: bool) -> str:
        name, fields = definition.name, definition.fields
        if fields is None:
            text = definition.text if is_value else f"{self._quote}{definition.text}{self._quote}"
            if is_value and len(text) > 100 and text.startswith("Literal[") and text.count("Literal[") == 1:
                inside, _, more = text[8:].rpartition("]")
                words: list[str] = re.findall(r'"(?:[^"\\]|\\.)*"|[^,\s]+', inside)
                text = "Literal[\n" + "".join(f"    {word},\n" for word in words) + f"]{more}"
            return f"{name}: TypeAlias = {text}\n{docstring(definition.description, '')}"
        used = {word for _, text in fields for word in _WORD.findall(text)} | {"NotRequired"}
        if all(_is_field(part.name) and part.name not in used for part, _ in fields):
            told = docstring(definition.description, "    ")
            lines = [f"class {name}(TypedDict):\n", told, "\n" if told else ""]
            for part, text in fields:
                shown = text if part.required else f"NotRequired[{text}]"
                lines.append(f"    {part.name}: {shown}\n{docstring(_describe(part), '    ')}")
            return "".join(lines)
        lines = [f"{name} = TypedDict(\n    {literal(name)},\n    {{\n"]
        for part, text in fields:
            text = f"{self._quote}{text}{self._quote}"
            shown = text if part.required else f"NotRequired[{text}]"
            lines.append(f"        {literal(part.name)}: {shown},\n")
        words = [definition.description, *(f"{part.name}: {_describe(part)}" for part, _ in fields if _describe(part))]
        lines += ["    },\n)\n", docstring("\n\n".join(filter(str.strip, words)), "")]
        return "".join(lines)


def _find_file(type_: Type) -> tuple[bool, set[str]]:
    """Say whether a type has a file, and which named types it has; those are not looked into."""
    waiting, names, holds = [type_], set[str](), False
    while waiting:
        match waiting.pop():
            case Scalar("string", "binary"):
                holds = True
            case Array(items):
                waiting.append(items)
            case Union(members) | Both(members):
                waiting += members
            case Object(properties, others):
                waiting += [*(part.type for part in properties), *([] if others is None else [others])]
            case Named(name):
                names.add(name)
            case _:
                pass
    return holds, names


def _describe(part: Property) -> str:
    return "\n\n".join(text for text in (part.description, "Deprecated." if part.deprecated else "") if text)


def _names_of(definition: _Definition) -> set[str]:
    return set[str](_WORD.findall(re.sub(r'"(?:[^"\\]|\\.)*"', "", definition.text)))


def _is_field(name: str) -> bool:
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("__")
        and unicodedata.normalize("NFKC", name) == name
    )


def _word(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_")


def _scalar(kind: str, format_: str | None, mode: Mode) -> str:
    if kind == "string":
        if mode == "form" and format_ == "binary":
            return "File"
        more = _PARAMETER_FORMATS.get(format_ or "") if mode == "parameter" else None
        return f"str | {more}" if more else "str"
    return {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}[kind]


def _merge_objects(objects: Sequence[Object]) -> Object:
    properties: dict[str, Property] = {}
    for part in objects:
        for new in part.properties:
            old = properties.get(new.name)
            if old is not None:
                type_ = old.type if old.type == new.type else Both((old.type, new.type))
                new = Property(
                    new.name,
                    type_,
                    old.required or new.required,
                    new.description or old.description,
                    old.deprecated or new.deprecated,
                )
            properties[new.name] = new
    others = [part.others for part in objects if part.others is not None]
    return Object(tuple(properties.values()), others[0] if len(others) == len(objects) else None)


# --- operations -------------------------------------------------------------------------------------------------------

BodyKind: TypeAlias = Literal["json", "text", "bytes", "form", "multipart"]
AnswerKind: TypeAlias = Literal["json", "text", "bytes", "events", "text_events", "lines"]


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter as it is given in Python."""

    name: str
    parameter: Parameter


def arguments(operation: Operation) -> list[Argument]:
    """Name the parameters of an operation: those of the path, then of the query, then of the header fields."""
    places = ("path", "query", "header")
    parameters = sorted(operation.parameters, key=lambda parameter: places.index(parameter.where))
    names: dict[int, str] = {}
    used = {"self", "body", "content_type"}
    for index, parameter in enumerate(parameters):
        if _is_plain(parameter.name) and parameter.name not in used:
            names[index] = parameter.name
            used.add(parameter.name)
    for index, parameter in enumerate(parameters):
        if index not in names:
            # Where a name is there twice, the second says where it belongs: `id` and `id_query`.
            is_twice = any(other.name == parameter.name for other in parameters if other is not parameter)
            wanted = f"{parameter.name}_{parameter.where}" if is_twice else parameter.name
            names[index] = _claim(wanted, used, parameter.where)
            used.add(names[index])
    return [Argument(names[index], parameter) for index, parameter in enumerate(parameters)]


def body_kind(content: Content) -> BodyKind:
    """Say how a body is written."""
    if content.is_json:
        return "json"
    if content.media_type == "application/x-www-form-urlencoded":
        return "form"
    if content.media_type.startswith("multipart/"):
        return "multipart"
    return "text" if _is_text(content) and "*" not in content.media_type else "bytes"


def answer_kind(content: Content) -> AnswerKind:
    if content.is_json:
        return "json"
    if content.is_event_stream:
        return "text_events" if content.item is None else "events"
    if content.is_json_lines:
        return "lines"
    return "text" if _is_text(content) else "bytes"


def _is_text(content: Content) -> bool:
    media_type = content.media_type
    return media_type.startswith("text/") or media_type == "application/xml" or media_type.endswith("+xml")


@dataclass(frozen=True, slots=True)
class BodyChoice:
    """One way to give a body."""

    media_type: str
    text: str
    """The type."""
    content_type: str | None
    """The type of the argument that chooses it; None where there is no choice."""
    is_default: bool


def body_choices(types: PythonTypes, body: Body | None, place: str, raw: str = "RawBody") -> list[BodyChoice]:
    """List the ways to give a body.

    Args:
        types: Who writes the types.
        body: What may be sent.
        place: What to call a type that needs a name.
        raw: The type of a body that is sent as it is.

    Returns:
        The preferred one first; none without a body.
    """
    found: list[BodyChoice] = []
    contents = () if body is None else body.contents
    for index, content in enumerate(contents):
        kind = body_kind(content)
        if kind == "json":
            text = types.write(content.type, place)
        elif kind in ("form", "multipart"):
            text = (
                "Mapping[str, object]"
                if isinstance(content.type, Anything)
                else types.write(content.type, place, "form")
            )
        else:
            text = _text_type(types, content.type, place) if kind == "text" else raw
        is_wild = "*" in content.media_type
        chosen = "str" if is_wild else f"Literal[{literal(content.media_type)}]"
        found.append(
            BodyChoice(
                content.media_type,
                text,
                chosen if len(contents) > 1 or is_wild else None,
                index == 0 and not is_wild,
            )
        )
    return found


def _text_type(types: PythonTypes, type_: Type, place: str) -> str:
    # Text may be one of several words, but no number: it is sent and given as it is.
    members = type_.members if isinstance(type_, Union) else (type_,)
    if all(isinstance(member, Constant) and isinstance(member.value, str) for member in members):
        return types.write(type_, place)
    return "str"


@dataclass(frozen=True, slots=True)
class AnswerClass:
    """The class of an answer: of one status, or of those of a group that have nothing of their own."""

    name: str
    base: str
    statuses: tuple[int, ...]
    """Those it stands for; empty for all of its group."""


@dataclass(frozen=True, slots=True)
class DeclaredAnswer:
    """What comes back under one status or group."""

    key: int | str
    """The status, or the group: `4XX`."""
    answer_class: AnswerClass
    kinds: Mapping[str, AnswerKind]
    """How a body is read, by media type."""
    bodies: tuple[tuple[AnswerKind, Content], ...]
    """What a body may be; empty for none."""

    def body(self, types: PythonTypes, place: str, stream: str = "Stream") -> str:
        """Write the type of the body.

        Args:
            types: Who writes the types.
            place: What to call a type that needs a name.
            stream: The class of streams.
        """
        texts: dict[str, None] = {}
        for kind, content in self.bodies:
            item = content.item or Anything()
            match kind:
                case "json":
                    texts[types.write(content.type, place)] = None
                case "text":
                    texts[_text_type(types, content.type, place)] = None
                case "events":
                    texts[f"{stream}[Event[{types.write(item, place)}]]"] = None
                case "text_events":
                    texts[f"{stream}[Event[str]]"] = None
                case "lines":
                    texts[f"{stream}[{types.write(item, place)}]"] = None
                case "bytes":
                    texts["bytes"] = None
        return " | ".join(texts) or "None"


def declared_answers(operation: Operation) -> list[DeclaredAnswer]:
    """List what an operation answers, by status and group; `default` becomes the groups that it stands for.

    It stands for success only where neither success nor redirection is declared: else it is what went wrong.
    """
    declared: set[int | str] = {answer.status for answer in operation.answers}
    has_own = any(status in ("2XX", "3XX") or (isinstance(status, int) and 200 <= status < 400) for status in declared)
    exact = {status for status in declared if isinstance(status, int)}
    found: list[DeclaredAnswer] = []
    for answer in operation.answers:
        if str(answer.status).startswith("1"):
            continue
        keys: list[int | str]
        if answer.status == "default":
            keys = [group for group in GROUPS if group not in declared and not (has_own and group == "2XX")]
        else:
            keys = [answer.status]
        for key in keys:
            found.append(_declare(operation, answer, key, exact))
    return found


def _declare(operation: Operation, answer: Answer, key: int | str, exact: set[int]) -> DeclaredAnswer:
    kinds: dict[str, AnswerKind] = {content.media_type: answer_kind(content) for content in answer.contents}
    bodies: tuple[tuple[AnswerKind, Content], ...] = tuple((kinds[part.media_type], part) for part in answer.contents)
    if operation.method == "HEAD" or key in BODYLESS_STATUSES:
        bodies = ()
    if isinstance(key, int):
        return DeclaredAnswer(key, AnswerClass(status_name(key), GROUPS[f"{key // 100}XX"], (key,)), kinds, bodies)
    group, span = GROUPS[key], range(int(key[0]) * 100, int(key[0]) * 100 + 100)
    # A group that has a body does not stand for a status that has none.
    others = [status for status in span if status in exact or (bodies and status in BODYLESS_STATUSES)]
    if not others:
        return DeclaredAnswer(key, AnswerClass(group, "Answer", ()), kinds, bodies)
    name = "_".join([f"{group}But", *map(str, others)])
    statuses = tuple(status for status in span if status not in others)
    return DeclaredAnswer(key, AnswerClass(name, group, statuses), kinds, bodies)


@dataclass(frozen=True, slots=True)
class Call:
    """An operation with the types of what is given, and of what comes back."""

    operation: Operation
    arguments: list[tuple[Argument, str]]
    """The parameters, each with its type."""
    choices: list[BodyChoice]
    """The ways to give a body."""
    answers: list[DeclaredAnswer]

    @property
    def has_streams(self) -> bool:
        """Whether some answer is a stream."""
        return any(kind in ("events", "text_events", "lines") for answer in self.answers for kind, _ in answer.bodies)

    @property
    def needs_body(self) -> bool:
        """Whether a body must be given."""
        return self.operation.body is not None and self.operation.body.required

    def signature(self, choice: BodyChoice | None, first: str = "self") -> str:
        """Write the keyword arguments.

        Args:
            choice: The way to give a body.
            first: What comes before them.
        """
        required = [f"{argument.name}: {text}" for argument, text in self.arguments if argument.parameter.required]
        optional: list[str] = []
        for argument, text in self.arguments:
            if not argument.parameter.required:
                optional.append(f"{argument.name}: {_optional(text)} = None")
        if choice is not None:
            if self.needs_body:
                required.append(f"body: {choice.text}")
            else:
                optional.append(f"body: {_optional(choice.text)} = None")
            if choice.content_type is not None:
                default = f" = {literal(choice.media_type)}" if choice.is_default else ""
                (optional if default else required).append(f"content_type: {choice.content_type}{default}")
        return ", ".join([first, *(["*"] if required or optional else []), *required, *optional])

    def implementation(self) -> str:
        """Write the keyword arguments of what stands behind all the ways to give a body."""
        if len(self.choices) <= 1:
            return self.signature(next(iter(self.choices), None))
        first = self.choices[0]
        texts = dict.fromkeys(part for choice in self.choices for part in choice.text.split(" | "))
        text = "object" if "object" in texts else " | ".join(texts)
        return self.signature(BodyChoice(first.media_type, text, "str", True))

    def answer(self, types: PythonTypes, place: str, stream: str = "Stream") -> str:
        """Write the union of the answers.

        Args:
            types: Who writes the types.
            place: What to call types that need a name.
            stream: The class of streams.
        """
        texts = [
            f"{answer.answer_class.name}[{answer.body(types, f'{place}{answer.key}', stream)}]"
            for answer in self.answers
        ]
        return " | ".join(dict.fromkeys(texts)) or "Answer[Never]"


def _optional(text: str) -> str:
    return text if text == "None" or text.endswith(" | None") or text == "object" else f"{text} | None"


def describe_call(types: PythonTypes, operation: Operation, place: str, raw: str = "RawBody") -> Call:
    """Type an operation.

    Args:
        types: Who writes the types.
        operation: The operation.
        place: What to call types that need a name.
        raw: The type of a body that is sent as it is.
    """
    given = [
        (argument, "Sequence[str]")
        if argument.parameter.segments
        else (argument, types.write(argument.parameter.type, place + camel(argument.name), "parameter"))
        for argument in arguments(operation)
    ]
    choices = body_choices(types, operation.body, f"{place}Body", raw)
    return Call(operation, given, choices, declared_answers(operation))


def describe_operation(operation: Operation, given: Sequence[Argument]) -> str:
    """Give the words of an operation: its summary, its description, and those of its parameters."""
    words = [operation.summary, operation.description]
    told = [
        f"    {argument.name}: " + " ".join(argument.parameter.description.split())
        for argument in given
        if argument.parameter.description.strip()
    ]
    if operation.body is not None and operation.body.description.strip():
        told.append("    body: " + " ".join(operation.body.description.split()))
    if told:
        words.append("\n".join(["Args:", *told]))
    return "\n\n".join(word for word in words if word.strip()) or f"{operation.method} {operation.path}"


def answer_classes(answers: Iterable[DeclaredAnswer]) -> str:
    """Write the classes that answers are instances of, each once, by group and status."""
    found = {answer.answer_class for answer in answers if answer.answer_class.statuses}
    lines: list[str] = []
    for answer_class in sorted(
        found, key=lambda entry: (entry.statuses[0] // 100, len(entry.statuses) > 1, entry.name)
    ):
        statuses = answer_class.statuses
        phrase = f"the status {statuses[0]}" if len(statuses) == 1 else "another status of its group"
        words = ", ".join(map(str, statuses))
        if len(statuses) > 1:
            rows = [", ".join(map(str, statuses[start : start + 20])) for start in range(0, len(statuses), 20)]
            words = "\n" + "".join(f"        {row},\n" for row in rows) + "    "
        lines.append(
            f"@dataclass(frozen=True, match_args=False)\nclass {answer_class.name}({answer_class.base}[_BodyT_co]):\n"
            f'    """An answer with {phrase}."""\n\n    status: Literal[{words}]\n\n\n'
        )
    return "".join(lines)
