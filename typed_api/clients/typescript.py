"""The TypeScript client: one file, without dependencies, on `fetch`.

Owns the writing of TypeScript. A call names method and path, `api.get("/users/{id}", { path: { id: 1 } })`, and gives a
union by status. Of a document's own texts only names that are checked, strings that are escaped and comments that are
made harmless reach the file. What is the same for every document is `_typescript_runtime.ts`.

A `default` answer stands for the statuses that are not declared, but for those of success only where the operation
declares neither success nor redirection: else it is what went wrong, and `if (answer.ok)` would be of little use.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Final

from typed_api.clients._document import (
    METHODS,
    Answer,
    Anything,
    Array,
    Both,
    Constant,
    Content,
    Document,
    Named,
    NamedType,
    Nothing,
    Object,
    Operation,
    Parameter,
    Property,
    Scalar,
    Tuple,
    Type,
    Union,
    read_document,
)

__all__ = ["generate"]


def generate(document: Mapping[str, object]) -> str:
    """Write a TypeScript client for a document.

    Args:
        document: An OpenAPI 3.1 or 3.2 document, as parsed from JSON.

    Returns:
        The text of one module; the same for the same document.

    Raises:
        DocumentError: If no client can be made from the document.
    """
    return _Writer(read_document(document)).write()


_RUNTIME: Final = files("typed_api.clients").joinpath("_typescript_runtime.ts").read_text(encoding="utf-8")

# What a type must not be called: words of the language, and what the file itself uses or declares.
_WORDS: Final = """
    abstract any as asserts async await bigint boolean break case catch class const continue debugger declare default
    delete do else enum export extends false finally for from function get global if implements import in infer
    instanceof interface intrinsic is keyof let module namespace never new null number object of out override package
    private protected public readonly require return satisfies set static string super switch symbol this throw true
    try type typeof undefined unique unknown using var void while with yield arguments eval exports globalThis NaN
    Infinity Array ArrayBuffer BigInt Boolean Date Error Exclude Extract Function JSON Map Math Number Object Omit
    Partial Pick Promise Proxy Readonly ReadonlyArray Record Reflect RegExp Request Required Response Set String Symbol
    Uint8Array WeakMap
"""
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
# Its types, and the globals that it uses; comments and texts name nothing. What has one letter stands for a type inside
# of another one, and a function does not mind a type of its name.
_RUNTIME_WORDS: Final = frozenset(
    re.findall(r"\b[A-Z][A-Za-z0-9]+\b", re.sub(r"""//.*|/\*[\s\S]*?\*/|"[^"\n]*"|`[^`]*`""", " ", _RUNTIME))
)
_OWN_NAMES: Final = frozenset({"Operations", "createClient"})

_NO_BODY: Final = (204, 205, 304)
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_GROUPS: Final[Mapping[str, str]] = {
    "2XX": "HttpSuccess",
    "3XX": "HttpRedirection",
    "4XX": "HttpClientError",
    "5XX": "HttpServerError",
}


class _Writer:
    """Writes one client; remembers which of the document's types it has named."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._names = _name_types(list(document.types))
        self._used: set[str] = set()
        self._answer_sets: dict[str, str] = {}

    def write(self) -> str:
        # `fetch` refuses TRACE.
        operations = [operation for operation in self._document.operations if operation.method != "TRACE"]
        interface = "".join(self._write_operations(operations))
        types = self._write_types()
        table = "".join(self._write_table(operations))
        sets = "".join(
            f'const {name}: OperationInfo["answers"] = {text};\n' for text, name in self._answer_sets.items()
        )
        methods = ", ".join(_quote(method) for method in _order_methods(operations))
        server = next((url for url in self._document.servers if "{" not in url), "")
        parts = [
            self._write_header(len(self._document.operations) - len(operations)),
            _heading("types"),
            "".join(types),
            _heading("operations"),
            interface,
            _RUNTIME.rstrip("\n") + "\n\n",
            f"const BASE_URL: string = {_quote(server)};\n",
            f"const METHODS: readonly string[] = [{methods}];\n",
            sets,
            table,
        ]
        return "".join(parts)

    def _write_header(self, left_out: int) -> str:
        title = " ".join(f"{self._document.title} {self._document.version}".split())
        lines = [
            f"The client of {title or 'an API'}.",
            "",
            "Made by `typed-api client typescript`. Do not edit: make it again.",
        ]
        if left_out:
            lines += ["", "TRACE operations are left out, since `fetch` cannot send them."]
        return _comment("\n".join(lines), "").replace("/**", "/*", 1) + "/* eslint-disable */\n\n"

    # --- types ---

    def _write_types(self) -> list[str]:
        """Write the types that are used, in the document's order; writing one may name others."""
        texts: dict[str, str] = {}
        while waiting := [name for name in self._document.types if name in self._used and name not in texts]:
            for name in waiting:
                texts[name] = self._write_type(self._document.types[name])
        return [texts[name] for name in self._document.types if name in texts]

    def _write_type(self, named: NamedType) -> str:
        name = self._names[named.name]
        head = _comment(named.description, "", deprecated=named.deprecated)
        if isinstance(named.type, Object):
            return f"{head}export interface {name} {self._type(named.type, '')}\n\n"
        return f"{head}export type {name} = {self._type(named.type, '')};\n\n"

    def _type(self, type_: Type, indent: str, *, is_sent: bool = False, within: frozenset[str] = frozenset()) -> str:
        """Write a type.

        Args:
            type_: The type.
            indent: What the lines after the first start with.
            is_sent: Whether it is a parameter or a field of a form: a `Date` may stand for its text, a `Blob` is a
                file, and nobody changes a list.
            within: The named types that it is written out in the place of.
        """

        def inner(part: Type, deeper: str = indent) -> str:
            return self._type(part, deeper, is_sent=is_sent, within=within)

        match type_:
            case Anything():
                return "ParameterValue | readonly ParameterValue[]" if is_sent else "unknown"
            case Nothing():
                return "never"
            case Scalar(kind, format_):
                if is_sent and kind == "string" and format_ in ("binary", "date-time"):
                    return "Blob" if format_ == "binary" else "string | Date"
                return "number" if kind == "integer" else kind
            case Constant(value):
                return _literal(value)
            case Array(items):
                return f"{'readonly ' if is_sent else ''}{_grouped(inner(items))}[]"
            case Tuple(items, rest):
                places = [inner(item) for item in items]
                if rest is not None:
                    places.append(f"...{_grouped(inner(rest))}[]")
                return f"{'readonly ' if is_sent else ''}[{', '.join(places)}]"
            case Union(members):
                return " | ".join(dict.fromkeys(inner(member) for member in members))
            case Both(members):
                # Every object has no properties and more.
                telling = [member for member in members if not (isinstance(member, Object) and not member.properties)]
                texts = dict.fromkeys(_grouped(inner(member)) for member in telling or members[:1])
                return " & ".join(texts)
            case Object():
                return self._object(type_, indent, is_sent, within)
            case Named(name):
                if is_sent and name not in within and self._holds_file(type_, frozenset()):
                    return self._type(self._document.types[name].type, indent, is_sent=True, within=within | {name})
                self._used.add(name)
                return self._names[name]

    def _object(self, type_: Object, indent: str, is_sent: bool, within: frozenset[str]) -> str:
        deeper = f"{indent}  "

        def inner(part: Type) -> str:
            return self._type(part, deeper, is_sent=is_sent, within=within)

        lines = [self._property(part, deeper, inner(part.type), is_sent) for part in type_.properties]
        if type_.others is not None:
            # All properties fit the signature, the named ones too.
            texts = [inner(type_.others)]
            if texts != ["unknown"]:
                texts += [inner(part.type) for part in type_.properties]
                texts += ["undefined"] if any(not part.required for part in type_.properties) else []
            lines.append(f"{deeper}[name: string]: {' | '.join(dict.fromkeys(texts))};\n")
        elif not lines:
            lines.append(f"{deeper}[name: string]: never;\n")
        return "".join(["{\n", *lines, indent, "}"])

    def _property(self, part: Property | Parameter, indent: str, text: str, is_sent: bool) -> str:
        comment = _comment(part.description, indent, deprecated=part.deprecated)
        mark = "" if part.required else "?"
        more = " | undefined" if is_sent and not part.required else ""
        return f"{comment}{indent}{_key(part.name)}{mark}: {text}{more};\n"

    def _holds_file(self, type_: Type, within: frozenset[str]) -> bool:
        match type_:
            case Scalar(_, format_):
                return format_ == "binary"
            case Array(items):
                return self._holds_file(items, within)
            case Union(members) | Both(members):
                return any(self._holds_file(member, within) for member in members)
            case Object(properties):
                return any(self._holds_file(part.type, within) for part in properties)
            case Named(name):
                return name not in within and self._holds_file(self._document.types[name].type, within | {name})
            case _:
                return False

    # --- operations ---

    def _write_operations(self, operations: Sequence[Operation]) -> Iterator[str]:
        yield "/** What each method and path takes and answers. */\nexport interface Operations {\n"
        for method in _order_methods(operations):
            yield f"  {method.lower()}: {{\n"
            for operation in operations:
                if operation.method == method:
                    yield self._write_operation(operation)
            yield "  };\n"
        yield "}\n\n"

    def _write_operation(self, operation: Operation) -> str:
        indent = "      "
        words = "\n\n".join(text for text in (operation.summary, operation.description) if text)
        return "".join(
            [
                _comment(words, "    ", deprecated=operation.deprecated),
                f"    {_quote(operation.path)}: {{\n",
                f"{indent}options: {self._options(operation, indent)};\n",
                f"{indent}answer:{''.join(self._answers(operation, indent))};\n",
                "    };\n",
            ]
        )

    def _options(self, operation: Operation, indent: str) -> str:
        deeper = f"{indent}  "
        lines: list[str] = []
        for where, name in (("path", "path"), ("query", "query"), ("header", "headers")):
            found = [parameter for parameter in operation.parameters if parameter.where == where]
            if found:
                inside = "".join(self._parameter(parameter, f"{deeper}  ") for parameter in found)
                is_required = any(parameter.required for parameter in found)
                mark, more = ("", "") if is_required else ("?", " | undefined")
                lines.append(f"{deeper}{name}{mark}: {{\n{inside}{deeper}}}{more};\n")
        bodies = self._bodies(operation, deeper)
        if len(bodies) == 1:
            lines.append(bodies[0])
        own = f"{{\n{''.join(lines)}{indent}}}" if lines else "{}"
        if len(bodies) > 1:
            choices = " | ".join(f"{{\n{body}{indent}}}" for body in bodies)
            return f"({choices})" if not lines else f"{own} & ({choices})"
        return own

    def _parameter(self, parameter: Parameter, indent: str) -> str:
        text = "readonly string[]" if parameter.segments else self._type(parameter.type, indent, is_sent=True)
        return self._property(parameter, indent, text, is_sent=True)

    def _bodies(self, operation: Operation, indent: str) -> list[str]:
        """Write the ways to give a body, each as properties of the options."""
        body = operation.body
        if body is None or not _takes_body(operation):
            return []
        found: list[str] = []
        for index, content in enumerate(body.contents):
            text = self._body(content, indent)
            comment = _comment(body.description, indent)
            mark, more = ("", "") if body.required else ("?", " | undefined")
            choice = ""
            if len(body.contents) > 1:
                # The first is what is meant where nothing is said.
                optional, undefined = ("?", " | undefined") if index == 0 else ("", "")
                choice = f"{indent}contentType{optional}: {_quote(content.media_type)}{undefined};\n"
            found.append(f"{comment}{indent}body{mark}: {text}{more};\n{choice}")
        return found

    def _body(self, content: Content, indent: str) -> str:
        match _body_kind(content):
            case "json":
                return self._type(content.type, indent)
            case "form":
                return f"{self._form(content.type, indent)} | URLSearchParams"
            case "multipart":
                return f"{self._form(content.type, indent)} | FormData"
            case "text":
                return self._text(content.type, indent)
            case _:
                return "RawBody"

    def _form(self, type_: Type, indent: str) -> str:
        if isinstance(type_, Anything):
            return "{ readonly [name: string]: ParameterValue | Blob | readonly (ParameterValue | Blob)[] }"
        return self._type(type_, indent, is_sent=True)

    def _text(self, type_: Type, indent: str) -> str:
        # Text may be one of several words, but no number: it is sent and given as it is.
        members = type_.members if isinstance(type_, Union) else (type_,)
        if all(isinstance(member, Constant) and isinstance(member.value, str) for member in members):
            return self._type(type_, indent)
        return "string"

    def _answers(self, operation: Operation, indent: str) -> Iterator[str]:
        deeper = f"{indent}  "
        # By what comes back, the statuses it comes back under: many errors are one problem.
        spans: dict[tuple[str, str, bool], list[str]] = {}
        for statuses, answer in _spread(operation):
            is_bodiless = operation.method == "HEAD" or answer.status in _NO_BODY
            contents = () if is_bodiless else answer.contents
            is_chosen = len(contents) > 1 and all("*" not in content.media_type for content in contents)
            for name, span in _spans(operation, statuses, has_body=bool(contents)):
                bodies = [] if contents else ["undefined"]
                for content in contents:
                    kind = f", {_quote(content.media_type)}" if is_chosen else ""
                    bodies.append(f"{self._answer_body(content, deeper)}{kind}")
                for body in dict.fromkeys(bodies):
                    spans.setdefault((name, body, span.isdecimal()), []).append(span)
        texts = [f"{name}<{' | '.join(found)}, {body}>" for (name, body, _), found in spans.items()]
        if _may_redirect(operation):
            texts.append("RedirectedAnswer")
        yield "".join(f"\n{deeper}| {text}" for text in texts) or " never"

    def _answer_body(self, content: Content, indent: str) -> str:
        match _answer_kind(content):
            case "json":
                return self._type(content.type, indent)
            case "text":
                return self._text(content.type, indent)
            case "events":
                return f"AnswerStream<ServerSentEvent<{self._type(content.item or Anything(), indent)}>>"
            case "textEvents":
                return "AnswerStream<ServerSentEvent<string>>"
            case "lines":
                return f"AnswerStream<{self._type(content.item or Anything(), indent)}>"
            case _:
                return "Blob"

    # --- the table ---

    def _write_table(self, operations: Sequence[Operation]) -> Iterator[str]:
        yield "const OPERATIONS: ReadonlyMap<string, OperationInfo> = new Map<string, OperationInfo>([\n"
        for operation in operations:
            fields = [f"answers: {self._answer_set(operation)}"]
            if operation.body is not None and _takes_body(operation):
                kinds = {content.media_type: _body_kind(content) for content in operation.body.contents}
                fields.append(f"body: {_quote_all(kinds)}")
            segments = [parameter.name for parameter in operation.parameters if parameter.segments]
            if segments:
                fields.append(f"segments: [{', '.join(map(_quote, segments))}]")
            if _may_redirect(operation):
                fields.append("redirects: true")
            yield f"  [{_quote(f'{operation.method} {operation.path}')}, {{ {', '.join(fields)} }}],\n"
        yield "]);\n"

    def _answer_set(self, operation: Operation) -> str:
        # Many operations answer alike: each set is written once.
        found: dict[str, str] = {}
        for groups, answer in _spread(operation):
            kinds = {content.media_type: _answer_kind(content) for content in answer.contents}
            for group in groups:
                found[str(group)] = _quote_all(kinds)
        text = "{ " + ", ".join(f"{_quote(status)}: {kinds}" for status, kinds in found.items()) + " }"
        return self._answer_sets.setdefault(text if found else "{}", f"ANSWERS_{len(self._answer_sets) + 1}")


def _spread(operation: Operation) -> Iterator[tuple[list[int | str], Answer]]:
    """Give each answer with the statuses and groups that it stands for; `fetch` shows none below 200."""
    declared: set[int | str] = {answer.status for answer in operation.answers}
    has_own = any(status in ("2XX", "3XX") or (isinstance(status, int) and 200 <= status < 400) for status in declared)
    for answer in operation.answers:
        statuses: list[int | str] = [answer.status]
        if answer.status == "default":
            statuses = [group for group in _GROUPS if group not in declared and not (has_own and group == "2XX")]
        if answer.status != "1XX" and not (isinstance(answer.status, int) and answer.status < 200):
            yield statuses, answer


def _spans(operation: Operation, statuses: Sequence[int | str], *, has_body: bool) -> Iterator[tuple[str, str]]:
    """Write the statuses that one answer stands for, those of success apart from the others."""
    exact = {answer.status for answer in operation.answers if isinstance(answer.status, int)}
    for name, is_wanted in (("OkAnswer", True), ("ErrorAnswer", False)):
        found = [status for status in statuses if str(status).startswith("2") is is_wanted]
        if found and isinstance(found[0], int):
            yield name, str(found[0])
        elif found:
            # A group that has a body does not stand for a status that has none.
            others = exact | set(_NO_BODY if has_body else ())
            left_out = [str(code) for code in sorted(others) if f"{code // 100}XX" in found]
            span = " | ".join(_GROUPS[str(group)] for group in found)
            yield name, f"Exclude<{span}, {' | '.join(left_out)}>" if left_out else span


def _may_redirect(operation: Operation) -> bool:
    return any(answer.status in (*_REDIRECTS, "3XX") for answer in operation.answers)


def _takes_body(operation: Operation) -> bool:
    # `fetch` refuses a body with these.
    return operation.method not in ("GET", "HEAD")


def _is_text(media_type: str) -> bool:
    return media_type.startswith("text/") or media_type == "application/xml" or media_type.endswith("+xml")


def _body_kind(content: Content) -> str:
    if content.is_json:
        return "json"
    if content.media_type == "application/x-www-form-urlencoded":
        return "form"
    if content.media_type.startswith("multipart/"):
        return "multipart"
    return "text" if _is_text(content.media_type) and "*" not in content.media_type else "raw"


def _answer_kind(content: Content) -> str:
    if content.is_json:
        return "json"
    if content.is_event_stream:
        return "textEvents" if content.item is None else "events"
    if content.is_json_lines:
        return "lines"
    return "text" if _is_text(content.media_type) else "blob"


def _order_methods(operations: Sequence[Operation]) -> list[str]:
    known = [method.upper() for method in METHODS]
    found = {operation.method for operation in operations}
    return sorted(found, key=lambda method: (known.index(method) if method in known else len(known), method))


def _name_types(names: Sequence[str]) -> dict[str, str]:
    """Give each type of the document a name of its own in TypeScript; those that may stay as they are do."""
    taken = {*_WORDS.split(), *_RUNTIME_WORDS, *_OWN_NAMES}
    found: dict[str, str] = {}
    for name in names:
        if _IDENTIFIER.fullmatch(name) and name not in taken:
            found[name] = name
            taken.add(name)
    for name in names:
        if name not in found:
            stem = re.sub(r"[^A-Za-z0-9_$]", "_", name)
            stem = stem if _IDENTIFIER.fullmatch(stem) else f"_{stem}"
            spelled, number = stem, 1
            while spelled in taken:
                number += 1
                spelled = f"{stem}_{number}"
            found[name] = spelled
            taken.add(spelled)
    return found


def _heading(title: str) -> str:
    return f"// --- {title} ".ljust(120, "-") + "\n\n"


def _quote(text: str) -> str:
    # Half characters, line separators and what turns the direction of text are escaped, letters of any script stay.
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _quote_all(values: Mapping[str, str]) -> str:
    pairs = [f"{_quote(name)}: {_quote(value)}" for name, value in values.items()]
    return "{ " + ", ".join(pairs) + " }" if pairs else "{}"


def _key(name: str) -> str:
    # Quoted, `__proto__` and `constructor` are names as any others.
    return name if _IDENTIFIER.fullmatch(name) and name not in ("__proto__", "constructor") else _quote(name)


def _literal(value: str | int | float | bool | None) -> str:
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def _grouped(text: str) -> str:
    """Put a type in brackets where it stands beside something else."""
    is_plain = _IDENTIFIER.fullmatch(text) is not None or re.fullmatch(r'"(?:[^"\\]|\\.)*"', text) is not None
    return text if is_plain else f"({text})"


def _comment(text: str, indent: str, *, deprecated: bool = False) -> str:
    """Write a JSDoc comment that no text can end, and in which no text is a tag or a directive."""
    lines = [line.rstrip() for line in _clean(text).split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    lines += ["@deprecated"] if deprecated else []
    if not lines:
        return ""
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    return "".join([f"{indent}/**\n", *(f"{indent} * {line}".rstrip() + "\n" for line in lines), f"{indent} */\n"])


def _clean(text: str) -> str:
    text = re.sub("\r\n?|[\u2028\u2029\x85\x0b\x0c]", "\n", text)
    # Characters without a shape could make the file read as something else than it is.
    shown = "".join(mark for mark in text if mark in "\n\t" or unicodedata.category(mark) not in ("Cc", "Cf", "Cs"))
    return re.sub(r"(?<![\w.])@", r"\\@", shown.replace("*/", "*\\/"))
