"""The Python client: one file on httpx2, sync and async, whose answers are unions by status.

Owns the writing of the two classes. Every operation is a method, `api.get_users_by_id(id=1)`, and not an overload of
`api.get("/users/{id}", id=1)`: a checker then says which argument is wrong where it would list all the operations, an
editor completes the arguments and shows the docstring, and a call costs the same with one operation as with 500.

Bodies are TypedDicts, as they are on the wire: nothing is converted, so nothing is lost (fields that the document does
not know are still there, dates are the text that came), hostile names need no translation, a dict literal is checked
in full when it is sent, and the file needs no library of models. What is the same for every document is
`_python_runtime.py`.
"""

import ast
from collections.abc import Mapping
from typing import Final

from typed_api.clients._document import Document, Operation, read_document
from typed_api.clients._python_types import (
    RUNTIME,
    Call,
    PythonTypes,
    answer_classes,
    body_kind,
    camel,
    describe_call,
    describe_operation,
    docstring,
    literal,
    name_all,
    write_imports,
)

__all__ = ["generate"]

_OWN_METHODS: Final = frozenset({"aclose", "close", "with_options"})
_FIRST_HEADING: Final = "# --- answers ---"


def generate(document: Mapping[str, object]) -> str:
    """Write a Python client for a document.

    Args:
        document: An OpenAPI 3.1 or 3.2 document, as parsed from JSON.

    Returns:
        The text of one module; the same for the same document.

    Raises:
        DocumentError: If no client can be made from the document.
    """
    return _Writer(read_document(document)).write()


class _Writer:
    """Writes one client."""

    def __init__(self, document: Document) -> None:
        self._document: Document = document
        self._types: PythonTypes = PythonTypes(document)
        self._tables: dict[str, str] = {}
        """The declared answers of operations, of which many answer alike, by their text."""

    def write(self) -> str:
        operations = self._document.operations
        # Types first: what they are called says what methods may be called.
        places = {operation.id: camel(name) for operation, name in self._named_operations(_OWN_METHODS)}
        calls = [describe_call(self._types, operation, places[operation.id]) for operation in operations]
        async_calls = [
            describe_call(self._types, operation, places[operation.id], "AsyncRawBody") for operation in operations
        ]
        answers: dict[str, str] = {}
        aliases: dict[str, tuple[str, str]] = {}
        for call in calls:
            place = places[call.operation.id]
            name = self._types.claim(f"{place}Answer")
            answers[name] = call.answer(self._types, place)
            other = name
            if call.has_streams:
                other = self._types.claim(f"Async{place}Answer")
                answers[other] = call.answer(self._types, place, "AsyncStream")
            aliases[call.operation.id] = (name, other)
        definitions = self._types.definitions()
        methods = {
            operation.id: name
            for operation, name in self._named_operations(_OWN_METHODS | self._types.annotation_names)
        }
        operations_text = "".join(self._write_operation(call, methods, aliases) for call in calls)
        tables = "".join(
            f"{name}: Mapping[int | str, tuple[type[Answer[object]], Mapping[str, _Kind]]] = {text}\n"
            for text, name in self._tables.items()
        )
        sync = self._write_class("Client", "SyncCaller", calls, methods, aliases)
        concurrent = self._write_class("AsyncClient", "AsyncCaller", async_calls, methods, aliases)
        body = "".join(
            [
                answer_classes(answer for call in calls for answer in call.answers),
                _heading("types"),
                definitions,
                "".join(f"{name}: TypeAlias = '{text}'\n" for name, text in answers.items()),
                "\n",
                _heading("operations"),
                tables,
                operations_text,
                sync,
                concurrent,
            ]
        )
        return self._write_head(body) + body.rstrip("\n") + "\n"

    def _named_operations(self, taken: frozenset[str] | set[str]) -> list[tuple[Operation, str]]:
        names = name_all([operation.id for operation in self._document.operations], taken, "operation")
        return [(operation, names[operation.id]) for operation in self._document.operations]

    def _write_head(self, body: str) -> str:
        """Write what comes before the types: the run time, with the imports that this client needs besides."""
        words = [word for word in ("Never", "NotRequired", "TypedDict", "overload") if word in body]
        title = " ".join(" ".join([self._document.title, self._document.version]).split()) or "an API"
        told = f"The client of {title}.\n\nMade by `typed-api client python`. Do not edit: make it again."
        imports, _, runtime = RUNTIME.partition(_FIRST_HEADING)
        modules = _imports_of(imports)
        modules["typing"] += words
        is_deprecating = "@deprecated(" in body
        if is_deprecating:
            modules["sys"] = []
        return "".join(
            [
                docstring(told, ""),
                "\n",
                write_imports(modules),
                _DEPRECATED if is_deprecating else "",
                f"\n{_FIRST_HEADING}",
                runtime.rstrip("\n"),
                "\n\n\n",
            ]
        )

    def _write_operation(self, call: Call, methods: Mapping[str, str], aliases: Mapping[str, tuple[str, str]]) -> str:
        operation = call.operation
        entries = [
            f"{answer.key if isinstance(answer.key, int) else literal(answer.key)}: "
            f"({answer.answer_class.name}, {_mapping(answer.kinds)})"
            for answer in call.answers
        ]
        table = self._tables.setdefault(f"{{{', '.join(entries)}}}", f"_answers_{len(self._tables) + 1}")
        contents = () if operation.body is None else operation.body.contents
        bodies = _mapping({content.media_type: body_kind(content) for content in contents})
        segments = [parameter.name for parameter in operation.parameters if parameter.segments]
        values = [literal(operation.method), literal(operation.path), table, bodies]
        if segments:
            values.append(f"({', '.join(map(literal, segments))},)")
        return (
            f"_op_{methods[operation.id]}: _Operation[{', '.join(aliases[operation.id])}] = "
            f"_Operation({', '.join(values)})\n"
        )

    def _write_class(
        self,
        name: str,
        base: str,
        calls: list[Call],
        methods: Mapping[str, str],
        aliases: Mapping[str, tuple[str, str]],
    ) -> str:
        is_async = base == "AsyncCaller"
        title = " ".join(self._document.title.split()) or "an API"
        opened = "async with" if is_async else "with"
        told = f'Calls {title}: `{opened} {name}("https://example.com") as api: ...`.'
        lines = [f"\n\nclass {name}({base}):\n", docstring(told, "    ")]
        server = next((url for url in self._document.servers if url.startswith("http") and "{" not in url), None)
        if server is not None:
            lines.append(f"\n    _default_url: ClassVar[str] = {literal(server)}\n")
        for call in calls:
            lines.append(self._write_method(call, methods, aliases[call.operation.id][is_async], is_async))
        return "".join(lines)

    def _write_method(self, call: Call, methods: Mapping[str, str], answer: str, is_async: bool) -> str:
        operation = call.operation
        name = methods[operation.id]
        head = "    async def" if is_async else "    def"
        told = docstring(describe_operation(operation, [argument for argument, _ in call.arguments]), " " * 8)
        mark = ""
        if operation.deprecated:
            mark = f"    @deprecated({literal(f'{operation.method} {operation.path} is deprecated.')})\n"
        lines = ["\n"]
        if len(call.choices) > 1:
            for choice in call.choices:
                lines += ["    @overload\n", mark, f"{head} {name}({call.signature(choice)}) -> {answer}: ...\n\n"]
        lines += [mark, f"{head} {name}({call.implementation()}) -> {answer}:\n", told]
        values = [f"_op_{name}"]
        for where in ("path", "query", "header"):
            given = [
                f"{literal(argument.parameter.name)}: {argument.name}"
                for argument, _ in call.arguments
                if argument.parameter.where == where
            ]
            values.append(f"{{{', '.join(given)}}}")
        if call.choices:
            values.append("body" if call.needs_body else "_NOTHING if body is None else body")
            if call.choices[0].content_type is not None:
                values.append("content_type")
        lines.append(f"        return {'await ' if is_async else ''}self._call({', '.join(values)})\n")
        return "".join(lines)


_DEPRECATED: Final = """
if sys.version_info >= (3, 13):
    from warnings import deprecated
else:
    from typing_extensions import deprecated
"""


def _imports_of(source: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in ast.parse(source).body:
        match node:
            case ast.Import(names):
                found.update({alias.name: [] for alias in names})
            case ast.ImportFrom(str(module), names):
                found.setdefault(module, []).extend(alias.name for alias in names)
            case _:
                pass
    return found


def _mapping(values: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{literal(key)}: {literal(value)}' for key, value in values.items())}}}"


def _heading(title: str) -> str:
    return f"# --- {title} ".ljust(120, "-") + "\n\n"
