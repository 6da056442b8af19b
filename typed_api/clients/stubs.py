"""The stubs of a project's tests: `typed_api_client` as its own routes make it.

Owns the writing of one `.pyi` file. `typed_api_client` is a module of the package that calls any app, and whose types
know no routes; the file, saved as `typed_api_client.pyi` in the folder that mypy (`mypy_path`) and pyright (`stubPath`)
look in first, stands for it and knows them. It is a module of its own since a stub of a module inside a package would
hide the rest of the package from mypy.

Here a call names method and path, `client.get("/api/users/{id}", id=1)`: in a test the route is what is looked at.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from typed_api.clients._document import METHODS, read_document
from typed_api.clients._python_types import (
    BodyChoice,
    Call,
    PythonTypes,
    answer_classes,
    camel,
    describe_call,
    describe_operation,
    docstring,
    literal,
    name_all,
    public_names,
    write_imports,
)

__all__ = ["generate"]

_IMPORTS: Final[Mapping[str, Sequence[str]]] = {
    "collections.abc": ["Mapping", "Sequence"],
    "dataclasses": ["dataclass"],
    "datetime": ["date", "datetime", "time"],
    "typed_api.typed_client": ["InProcessClient"],
    "typing": ["Literal", "Never", "NotRequired", "TypeAlias", "TypeVar", "TypedDict", "overload"],
    "typing_extensions": ["deprecated"],
    "uuid": ["UUID"],
}
_DIRECTIVE: Final = """\
# mypy: ignore-errors
# There are none; but to look for some, mypy compares every two overloads, which takes minutes with hundreds of routes.

"""
_VARIABLE: Final = '_BodyT_co = TypeVar("_BodyT_co", covariant=True)\n\n'
_WORD: Final = re.compile(r"[^\W\d]\w*")


def generate(document: Mapping[str, object]) -> str:
    """Write the stubs for a document.

    Args:
        document: An OpenAPI 3.1 or 3.2 document, as parsed from JSON.

    Returns:
        The text of `typed_api_client.pyi`; the same for the same document.

    Raises:
        DocumentError: If no client can be made from the document.
    """
    read = read_document(document)
    types = PythonTypes(read, is_stub=True)
    places = name_all([operation.id for operation in read.operations], (), "operation")
    calls = [describe_call(types, operation, camel(places[operation.id])) for operation in read.operations]
    answers = {types.claim(f"{camel(places[call.operation.id])}Answer"): call for call in calls}
    unions = {name: call.answer(types, camel(places[call.operation.id])) for name, call in answers.items()}
    classes = answer_classes(answer for call in calls for answer in call.answers)
    body = "".join(
        [
            f"{_VARIABLE}{classes}" if classes else "",
            types.definitions(),
            "".join(f"{name}: TypeAlias = {text}\n" for name, text in unions.items()),
            "\nclass TypedClient(InProcessClient):\n",
            docstring("Calls the app in this process: `with TypedClient(app) as client: ...`.", "    "),
            *(_write_method(method, answers) for method in METHODS),
        ]
    )
    title = " ".join(" ".join([read.title, read.version]).split()) or "an API"
    told = (
        f"The routes of {title}, as `typed_api_client` has them.\n\n"
        "Made by `typed-api client stubs`. Do not edit: make it again. While running, the types of bodies are not "
        "there: import them where `typing.TYPE_CHECKING` is true."
    )
    return f"{_DIRECTIVE}{docstring(told, '')}\n{_write_imports(body)}\n" + body.rstrip("\n") + "\n"


def _write_imports(body: str) -> str:
    used = set(_WORD.findall(body))
    modules = {name: [word for word in words if word in used] for name, words in _IMPORTS.items()}
    return write_imports(
        {name: words for name, words in modules.items() if words}, {"typed_api.typed_client": public_names()}
    )


def _write_method(method: str, answers: Mapping[str, Call]) -> str:
    overloads: list[str] = []
    for name, call in answers.items():
        operation = call.operation
        if operation.method.lower() != method:
            continue
        # No argument begins with an underscore, while one may well be called `path`.
        first = f"self, _path: Literal[{literal(operation.path)}], /"
        told = docstring(describe_operation(operation, [argument for argument, _ in call.arguments]), " " * 8)
        mark = ""
        if operation.deprecated:
            mark = f"    @deprecated({literal(f'{operation.method} {operation.path} is deprecated.')})\n"
        choices: Sequence[BodyChoice | None] = call.choices or [None]
        for choice in choices:
            overloads.append(f"{mark}    def {method}({call.signature(choice, first)}) -> {name}:\n{told}")
    if len(overloads) == 1:
        return f"\n{overloads[0]}"
    return "".join(f"\n    @overload\n{text}" for text in overloads)
