"""The document as a whole: its paths, ids, tags, security and bytes."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.documents import INFO, OWN, app_of, document_of, operation_of, source
from typed_api.openapi import Info, build_document, document_paths, serialize

GET: Final = "def get(req: ApiRequest[None], res: ApiResponse[NoContent]): ...\n"
HANDLER: Final = "def handler(req: ApiRequest[None], res: ApiResponse[NoContent]): ...\n"


def operations_of(files: Mapping[str, str], **options: Any) -> list[tuple[str, str, str]]:
    """List path, method and id of every operation in the order of the document."""
    return [
        (path, method, operation["operationId"])
        for path, methods in document_of(files, **options)["paths"].items()
        for method, operation in methods.items()
    ]


def test_document_of_no_routes_is_valid() -> None:
    assert document_of({}) == {"openapi": "3.1.0", "info": {"title": "Tests", "version": "1.0"}, "paths": {}}


def test_smallest_document_is_whole() -> None:
    document = document_of({"api/x.py": GET})
    schemas = document["components"].pop("schemas")
    assert list(schemas) == ["Problem", "ProblemError"]
    assert document == {
        "openapi": "3.1.0",
        "info": {"title": "Tests", "version": "1.0"},
        "paths": {
            "/api/x": {
                "get": {
                    "operationId": "get_api_x",
                    "responses": {"204": {"description": "No Content"}, "default": OWN["default"]},
                }
            }
        },
        "components": {
            "responses": {
                "Error": {
                    "description": "Any other error.",
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            }
        },
    }


def test_version_3_2_says_so() -> None:
    assert document_of({"api/x.py": GET}, openapi="3.2")["openapi"] == "3.2.0"


def test_info_has_its_description() -> None:
    info = Info(title="T", version="1", description="What it is.")
    assert document_of({}, info=info)["info"] == {"title": "T", "version": "1", "description": "What it is."}


def test_servers_are_listed() -> None:
    assert document_of({}, servers=["/v1", "https://example.org"])["servers"] == [
        {"url": "/v1"},
        {"url": "https://example.org"},
    ]


# --- Paths ------------------------------------------------------------------------------------------------------------


def test_paths_are_sorted() -> None:
    files = {f"api/{name}.py": GET for name in ("c", "a", "_id_", "index", "b")}
    assert [path for path, _, _ in operations_of(files)] == ["/api", "/api/a", "/api/b", "/api/c", "/api/{id}"]


def test_order_of_the_routes_has_no_say() -> None:
    files = {f"api/{name}.py": GET for name in ("a", "b", "_id_")} | {"api/u/index.py": GET}
    endpoints = app_of(files).endpoints
    assert serialize(build_document(endpoints, INFO)) == serialize(build_document(endpoints[::-1], INFO))


def test_handler_is_documented_for_five_methods() -> None:
    assert [method for _, method, _ in operations_of({"api/x.py": HANDLER})] == [
        "get",
        "post",
        "put",
        "patch",
        "delete",
    ]


def test_handler_is_documented_for_its_methods() -> None:
    files = {"api/x.py": "config = RouteConfig(methods=['OPTIONS', 'POST', 'HEAD'])\n" + HANDLER}
    assert [method for _, method, _ in operations_of(files)] == ["head", "post", "options"]


def test_methods_come_in_their_order() -> None:
    text = "".join(GET.replace("get", name) for name in ("delete", "post", "options", "patch", "get", "put", "head"))
    assert [method for _, method, _ in operations_of({"api/x.py": text})] == [
        "get",
        "head",
        "post",
        "put",
        "patch",
        "delete",
        "options",
    ]


def test_head_and_options_of_the_framework_are_not_documented() -> None:
    assert operations_of({"api/x.py": GET}) == [("/api/x", "get", "get_api_x")]


def test_optional_catch_all_is_two_paths() -> None:
    assert operations_of({"api/docs/_path___.py": GET}) == [
        ("/api/docs", "get", "get_api_docs"),
        ("/api/docs/{path}", "get", "get_api_docs_by_path"),
    ]


def test_shorter_path_of_an_optional_catch_all_has_no_parameter() -> None:
    text = """
    class Q(BaseModel):
        path: list[str] = []
        page: int = 1

    def get(req: ApiRequest[None, Q], res: ApiResponse[NoContent]): ...
    """
    paths = document_of({"api/docs/_path___.py": text})["paths"]
    page = {"name": "page", "in": "query", "schema": {"type": "integer", "default": 1}}
    assert paths["/api/docs"]["get"]["parameters"] == [page]
    assert paths["/api/docs/{path}"]["get"]["parameters"] == [
        {
            "name": "path",
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
            "x-typed-api-segments": True,
        },
        page,
    ]


def test_catch_all_beside_a_parameter_of_its_name_has_a_path_of_its_own() -> None:
    document = document_of({"api/_id_.py": GET, "api/_id__.py": GET})
    assert {path: methods["get"]["parameters"] for path, methods in document["paths"].items()} == {
        "/api/{id}": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "/api/{id_}": [
            {
                "name": "id_",
                "in": "path",
                "required": True,
                "schema": {"type": "string"},
                "x-typed-api-segments": True,
            }
        ],
    }


def test_route_that_is_left_out_is_not_there() -> None:
    files = {"api/a.py": GET, "api/b.py": "config = RouteConfig(include_in_schema=False)\n" + GET}
    assert list(document_of(files)["paths"]) == ["/api/a"]


def test_method_that_is_left_out_is_not_there() -> None:
    text = "config = RouteConfig(put=RouteConfig(include_in_schema=False))\n" + HANDLER
    assert "put" not in document_of({"api/x.py": text})["paths"]["/api/x"]


def test_segment_that_is_no_name_is_written_as_it_is_sent() -> None:
    text = "config = RouteConfig(segment='a b.xml')\n" + GET
    assert operations_of({"api/x.py": text}) == [("/api/a%20b.xml", "get", "get_api_a_20b_xml")]


def test_root_has_an_id() -> None:
    assert operations_of({"index.py": GET}) == [("/", "get", "get_root")]


def test_path_is_found_by_the_file() -> None:
    files = {
        "api/_id_.py": GET,
        "api/docs/_path___.py": GET,
        "api/b.py": "config = RouteConfig(include_in_schema=False)\n" + GET,
    }
    assert document_paths(app_of(files).endpoints) == {
        "pages/api/_id_.py": "/api/{id}",
        "pages/api/docs/_path___.py": "/api/docs/{path}",
    }


# --- Operation ids ----------------------------------------------------------------------------------------------------


def test_id_is_made_of_method_and_path() -> None:
    assert operations_of({"api/teams/_team_/members/_id_.py": GET}) == [
        ("/api/teams/{team}/members/{id}", "get", "get_api_teams_by_team_members_by_id")
    ]


def test_id_can_be_given() -> None:
    assert operations_of({"api/x.py": "config = RouteConfig(operation_id='list_x')\n" + GET}) == [
        ("/api/x", "get", "list_x")
    ]


def test_ids_that_would_be_alike_are_told_apart() -> None:
    ids = {path: name for path, _, name in operations_of({"api/users/_id_.py": GET, "api/users/by_id.py": GET})}
    assert ids == {"/api/users/{id}": "get_api_users_by_id", "/api/users/by_id": "get_api_users_by_id_c6280a"}


def test_id_that_is_told_apart_stays_when_routes_come() -> None:
    files = {"api/users/_id_.py": GET, "api/users/by_id.py": GET}
    before = operations_of(files)
    after = operations_of({**files, "api/a.py": GET, "api/users/by_id_7c5c0b.py": GET})
    assert [operation for operation in after if operation in before] == before


def test_given_id_comes_before_one_that_is_made() -> None:
    files = {"api/a.py": GET, "api/b.py": "config = RouteConfig(operation_id='get_api_a')\n" + GET}
    ids = {path: name for path, _, name in operations_of(files)}
    assert ids["/api/b"] == "get_api_a"
    assert ids["/api/a"].startswith("get_api_a_")


def test_given_id_of_an_optional_catch_all_is_two() -> None:
    text = "config = RouteConfig(operation_id='read')\n" + GET
    assert [name for _, _, name in operations_of({"api/_path___.py": text})] == ["read", "read_by_path"]


# --- Tags -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "tags"),
    [
        ("api/users/_id_.py", ["users"]),
        ("api/users/index.py", ["users"]),
        ("api/users/roles/_id_.py", ["users"]),
        ("api/_team_/members/_id_.py", ["members"]),
        ("api/v1/users/_id_.py", ["users"]),
        ("api/v1/_id_.py", ["v1"]),
        ("api/hello.py", []),
        ("api/index.py", []),
        ("api/_id_.py", []),
        ("users/_id_.py", ["users"]),
    ],
)
def test_tag_is_the_first_folder(file: str, tags: list[str]) -> None:
    document = document_of({file: GET})
    operation = next(iter(document["paths"].values()))["get"]
    assert (operation.get("tags", []), document.get("tags", [])) == (tags, [{"name": tag} for tag in tags])


def test_tags_can_be_given() -> None:
    text = "config = RouteConfig(tags=['b', 'a', 'b'])\n" + GET
    document = document_of({"api/users/x.py": text})
    assert document["paths"]["/api/users/x"]["get"]["tags"] == ["b", "a"]
    assert document["tags"] == [{"name": "a"}, {"name": "b"}]


def test_no_tags_can_be_given() -> None:
    assert "tags" not in document_of({"api/users/x.py": "config = RouteConfig(tags=[])\n" + GET})


def test_tag_of_a_folder_is_what_its_url_says() -> None:
    files = {"api/order_items/_id_.py": GET}
    assert document_of(files, word_separator="-")["tags"] == [{"name": "order-items"}]


# --- Security ---------------------------------------------------------------------------------------------------------

SCHEMES: Final = {
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}
SECURED: Final = Info(title="T", version="1", security_schemes=SCHEMES, security=[{"bearer": []}])


def secured(files: Mapping[str, str]) -> dict[str, Any]:
    """Build the document of an app whose every route needs a token."""
    return document_of(files, info=SECURED, security_schemes=SCHEMES, security=[{"bearer": []}])


def test_security_of_the_app_stands_at_the_top() -> None:
    document = secured({"api/x.py": GET})
    assert document["security"] == [{"bearer": []}]
    assert list(document["components"]["securitySchemes"].items()) == sorted(SCHEMES.items())
    assert "security" not in document["paths"]["/api/x"]["get"]


@pytest.mark.parametrize(
    ("setting", "security"),
    [
        ("[]", []),
        ("[{'key': []}]", [{"key": []}]),
        ("[{'key': [], 'bearer': ['read']}, {}]", [{"key": [], "bearer": ["read"]}, {}]),
    ],
)
def test_security_of_a_route_stands_at_its_operations(setting: str, security: list[object]) -> None:
    document = secured({"api/x.py": f"config = RouteConfig(security={setting})\n" + GET})
    assert document["paths"]["/api/x"]["get"]["security"] == security


def test_security_of_a_method_beats_that_of_its_route() -> None:
    text = "config = RouteConfig(security=[], put=RouteConfig(security=[{'key': []}]))\n" + HANDLER
    methods = secured({"api/x.py": text})["paths"]["/api/x"]
    assert (methods["get"]["security"], methods["put"]["security"]) == ([], [{"key": []}])


def test_security_of_a_folder_holds_below_it() -> None:
    files = {"api/a/__init__.py": "config = RouteConfig(security=[])\n", "api/a/x.py": GET, "api/b.py": GET}
    paths = secured(files)["paths"]
    assert (paths["/api/a/x"]["get"].get("security"), paths["/api/b"]["get"].get("security")) == ([], None)


def test_none_gives_a_route_back_to_the_app() -> None:
    files = {
        "api/a/__init__.py": "config = RouteConfig(security=[])\n",
        "api/a/x.py": "config = RouteConfig(security=None)\n" + GET,
    }
    assert "security" not in secured(files)["paths"]["/api/a/x"]["get"]


# --- Bytes ------------------------------------------------------------------------------------------------------------


def test_bytes_are_indented_json_that_ends_in_a_line() -> None:
    assert (
        serialize({"a": [1, "é"], "b": {}, "c": []})
        == '{\n  "a": [\n    1,\n    "é"\n  ],\n  "b": {},\n  "c": []\n}\n'.encode()
    )


def test_lone_surrogate_is_escaped() -> None:
    assert serialize({"a": "\ud800é", "b": "\\ud800"}) == '{\n  "a": "\\ud800é",\n  "b": "\\\\ud800"\n}\n'.encode()


def test_bytes_are_the_document() -> None:
    document = document_of({"api/x.py": GET})
    assert json.loads(serialize(document)) == document


def test_document_is_built_anew_each_time() -> None:
    endpoints = app_of({"api/x.py": GET}).endpoints
    first = build_document(endpoints, INFO)
    first["paths"] = {}
    assert build_document(endpoints, INFO)["paths"] != {}


HOSTILE: Final = [
    "<script>alert('x')</script>",
    "*/ <!-- -->",
    "{}{{id}}%s",
    "\"quoted\" 'twice'",
    "#/components/schemas/Problem",
    "$ref: ~1~0",
    "🎉 é \u2028",
    "\ud800",
    "\x00\x1f",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_docstring_of_any_text_is_kept(text: str) -> None:
    operation = operation_of(f"{GET}get.__doc__ = {text!r} + '\\n\\nmore ' + {text!r}\n")
    assert operation["summary"] == text.strip()
    written = serialize({"a": operation["description"]})
    assert json.loads(written) == {"a": f"more {text}".rstrip()}


@pytest.mark.parametrize("text", HOSTILE)
def test_title_of_any_text_is_kept(text: str) -> None:
    assert document_of({}, info=Info(title=text, version=text))["info"] == {"title": text, "version": text}


SCRIPT: Final = """
import sys
from typed_api import TypedAPI
from typed_api.openapi import Info, build_document, serialize

app = TypedAPI("pages", title="T", version="1")
sys.stdout.buffer.write(serialize(build_document(app.endpoints, Info(title="T", version="1"))))
"""
MODULES: Final = {
    "pages/api/a.py": """
        class Color(enum.Enum):
            RED = "red"
            BLUE = "blue"

        class M(BaseModel):
            a: set[str] = {"x", "y", "z"}
            b: frozenset[Color] = frozenset({Color.RED, Color.BLUE})
            c: Literal["p", "q", "r"] | int | None = None

        config = RouteConfig(tags={"one", "two", "three"}, methods={"GET", "POST", "PUT"})

        def handler(req: ApiRequest[M], res: ApiResponse[M | Problem]):
            return res.status(201 if req.body else 202).json(req.body)
    """,
    "pages/api/sets.py": """
        R = {"admin", "user", "guest", "root"}

        class Grants(BaseModel):
            g: set[str] = Field(R, alias="grants")
            nested: dict[str, set[str]] = {"a": R}

        class Point(TypedDict):
            p: Annotated[set[str], Field(examples=[R])]

        @dataclasses.dataclass
        class Held:
            roles: set[str] = dataclasses.field(default_factory=set)
            h: Annotated[list[Annotated[set[str], Field(examples=[R, R])]], Field(examples=[[R]])] = (
                dataclasses.field(default_factory=list)
            )

        class Sets(BaseModel):
            model_config = ConfigDict(json_schema_extra={"x": R, "examples": [{"s": {"b": R}}]})
            examples: set[str] = Field(set(), examples=[R])
            extra: set[str] = Field(set(), json_schema_extra={"x": R, "y": [{"z": R}]})
            s: dict[str, set[str]] = {"a": R}
            t: tuple[set[str], int] = (R, 1)
            m: Grants = Grants(grants=R)
            ms: list[Grants] = Field([Grants(grants=R)], examples=[[Grants(grants=R)]])
            u: frozenset[frozenset[str]] = frozenset({frozenset(R), frozenset({"a", "b", "c"})})
            v: list[Annotated[set[str], Field(examples=[R])]]
            w: Annotated[set[str], Field(examples=[R])] | None
            p: Point
            held: Held = Held(roles=R)

        def get(req: ApiRequest[None], res: ApiResponse[Ok[Sets] | Created[Annotated[set[str], Field(examples=[R])]]]):
            ...
    """,
    "pages/api/b.py": """
        class M(BaseModel):
            z: "list[M]"
            at: datetime.datetime | uuid.UUID

        def get(req: ApiRequest[None], res: ApiResponse[Ok[M] | Created[M] | ClientError[Problem]]): ...
    """,
}


def _bytes_under(folder: Path, seed: str) -> bytes:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout


def test_bytes_are_the_same_under_every_hash_seed(tmp_path: Path) -> None:
    for name, text in MODULES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source(textwrap.dedent(text)), encoding="utf-8")
        for folder in (path.parent, path.parent.parent):
            (folder / "__init__.py").touch()
    first = _bytes_under(tmp_path, "0")
    assert len(json.loads(first)["paths"]) == 3
    assert [_bytes_under(tmp_path, seed) == first for seed in ("1", "2", "3")] == [True, True, True]
