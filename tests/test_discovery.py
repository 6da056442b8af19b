"""What a tree of files becomes, and all that can be wrong with it."""

import builtins
import errno
import importlib
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from typed_api import discovery
from typed_api.config import RouteConfig
from typed_api.discovery import RouteModule, discover, resolve_package
from typed_api.errors import StartupError

GET = "def get(req, res): ...\n"
CONFIG = "from typed_api.config import RouteConfig\n"


class Site:
    """A folder of route files below a root package whose name no other test has."""

    def __init__(self, base: Path, name: str) -> None:
        self.base: Path = base
        self.name: str = name

    def write(self, files: dict[str, str], *, packages: bool = True) -> None:
        """Write files; `packages` gives each folder that has one an `__init__.py`."""
        root = self.base / self.name
        for relative, text in files.items():
            file = root / relative
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            folder = file.parent
            while packages and folder != self.base:
                (folder / "__init__.py").touch()
                folder = folder.parent

    def discover(self, **arguments: Any) -> list[RouteModule]:
        return discover(self.name, base=self.base, **arguments)

    def problems(self, **arguments: Any) -> list[str]:
        """Discover, and give the problems with the root's name left out, so that they can be compared."""
        with pytest.raises(StartupError) as caught:
            self.discover(**arguments)
        return [
            problem.replace(str(self.base) + "/", "").replace(self.name, "pages") for problem in caught.value.problems
        ]

    def unmarked_problems(self) -> list[str]:
        """Give them without the lines that mark a part of the line above, which differ between Pythons."""
        return [
            "\n".join(line for line in problem.split("\n") if not line or line.strip(" ~^"))
            for problem in self.problems()
        ]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Site]:
    modules = set(sys.modules)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield Site(tmp_path, f"site_{abs(hash(request.node.nodeid))}")
    for name in set(sys.modules) - modules:
        del sys.modules[name]
    importlib.invalidate_caches()


def _templates(routes: list[RouteModule]) -> list[tuple[str, str]]:
    return [(route.relative, route.pattern.template) for route in routes]


def test_each_file_is_a_route_at_the_url_of_its_path(site: Site) -> None:
    site.write(
        {
            "api/index.py": GET,
            "api/users/index.py": GET,
            "api/users/me.py": GET,
            "api/users/_id_.py": GET,
            "api/_team_/members/_id_.py": GET,
            "api/files/_path__.py": GET,
            "api/docs/_path___.py": GET,
        }
    )
    assert _templates(site.discover()) == [
        ("api/_team_/members/_id_.py", "/api/{team}/members/{id}"),
        ("api/docs/_path___.py", "/api/docs/{path}"),
        ("api/files/_path__.py", "/api/files/{path}"),
        ("api/index.py", "/api"),
        ("api/users/_id_.py", "/api/users/{id}"),
        ("api/users/index.py", "/api/users"),
        ("api/users/me.py", "/api/users/me"),
    ]


def test_a_route_knows_its_file_its_module_and_what_messages_call_it(site: Site) -> None:
    site.write({"api/users/_id_.py": GET})
    (route,) = site.discover()
    name = f"{site.name}.api.users._id_"
    assert route == RouteModule(
        file=site.base / site.name / "api/users/_id_.py",
        relative="api/users/_id_.py",
        shown=f"{site.name}/api/users/_id_.py",
        name=name,
        module=sys.modules[name],
        pattern=route.pattern,
        configs=(),
    )


def test_what_is_private_or_no_module_is_never_a_route(site: Site) -> None:
    """Hostile input F9: `__pycache__`, `.pyc` alone, `.#lock.py`, `conftest.py` and `_private.py` are never routed."""
    site.write({"api/a.py": GET})
    site.write(
        {
            "api/_private.py": "raise SystemExit",
            "api/_helpers/x.py": "raise SystemExit",
            "api/.#lock.py": "raise SystemExit",
            "api/.hidden/x.py": "raise SystemExit",
            "api/conftest.py": "raise SystemExit",
            "api/test_a.py": "raise SystemExit",
            "api/a_test.py": "raise SystemExit",
            "api/only.pyc": "",
            "api/notes.txt": "",
            "api/__pycache__/x.py": "raise SystemExit",
            "api/my-assets/logo.svg": "",
            "api/my-scripts/_run.py": "raise SystemExit",
            "api/tests/test_b.py": "raise SystemExit",
        },
        packages=False,
    )
    assert _templates(site.discover()) == [("api/a.py", "/api/a")]


def test_outside_api_a_module_with_a_handler_is_a_route(site: Site) -> None:
    site.write({"index.py": GET, "users/index.py": "async def handler(req, res): ...\n"})
    assert _templates(site.discover()) == [("index.py", "/"), ("users/index.py", "/users")]


def test_a_page_is_left_to_others(site: Site) -> None:
    site.write({"blog.py": "def render(props): ...\n", "api/a.py": GET})
    assert _templates(site.discover()) == [("api/a.py", "/api/a")]


def test_a_module_is_not_both_a_page_and_a_route(site: Site) -> None:
    site.write({"blog.py": GET + "def render(props): ...\n"})
    assert site.problems() == [
        "'pages/blog.py' has both a handler and 'render', so that it would be an API route and a page. Move one of "
        "them to another file."
    ]


def test_an_api_route_may_have_a_function_named_render(site: Site) -> None:
    site.write({"api/a.py": GET + "def render(props): ...\n"})
    assert _templates(site.discover()) == [("api/a.py", "/api/a")]


@pytest.mark.parametrize("text", ["handler = print\n", "get = print\n", "from math import sqrt as delete\n"])
def test_a_handler_is_a_module_attribute_however_it_came_there(site: Site, text: str) -> None:
    site.write({"api/a.py": text})
    assert _templates(site.discover()) == [("api/a.py", "/api/a")]


def test_an_empty_tree_has_no_routes(site: Site) -> None:
    (site.base / site.name).mkdir()
    assert site.discover() == []


def test_settings_of_folders_come_before_those_of_the_module(site: Site) -> None:
    site.write({"api/users/_id_.py": CONFIG + "config = RouteConfig(tags=['c'])\n" + GET, "api/b.py": GET})
    site.write({"__init__.py": CONFIG + "config = RouteConfig(tags=['a'])\n"})
    site.write({"api/users/__init__.py": CONFIG + "config = RouteConfig(tags=['b'])\n"})
    assert [(route.relative, route.configs) for route in site.discover()] == [
        ("api/b.py", (RouteConfig(tags=["a"]),)),
        ("api/users/_id_.py", (RouteConfig(tags=["a"]), RouteConfig(tags=["b"]), RouteConfig(tags=["c"]))),
    ]


def test_a_segment_of_a_module_or_folder_replaces_its_name(site: Site) -> None:
    site.write(
        {
            "api/feed.py": CONFIG + "config = RouteConfig(segment='feed.xml')\n" + GET,
            "api/known/security.py": GET,
            "api/known/_id_/x.py": GET,
        }
    )
    site.write({"api/known/__init__.py": CONFIG + "config = RouteConfig(segment='.well-known')\n"})
    assert _templates(site.discover()) == [
        ("api/feed.py", "/api/feed.xml"),
        ("api/known/_id_/x.py", "/api/.well-known/{id}/x"),
        ("api/known/security.py", "/api/.well-known/security"),
    ]


def test_a_word_separator_is_for_files_and_folders(site: Site) -> None:
    site.write({"api/order_items/line_total.py": GET, "api/order_items/_line_id_.py": GET})
    assert _templates(site.discover(word_separator="-")) == [
        ("api/order_items/_line_id_.py", "/api/order-items/{line_id}"),
        ("api/order_items/line_total.py", "/api/order-items/line-total"),
    ]


def test_an_impossible_word_separator_is_a_start_up_error(site: Site) -> None:
    site.write({"api/a.py": GET})
    assert site.problems(word_separator="/") == [
        "word_separator '/' cannot separate words in a URL. Use '-', '.' or '~', or leave it out."
    ]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            {"api/users/index.py": CONFIG + "config = RouteConfig(segment='x')\n" + GET},
            "'pages/api/users/index.py' sets segment='x', but an index has no segment of its own. Set it in the "
            "folder's '__init__.py'.",
        ),
        (
            {"api/_id_.py": CONFIG + "config = RouteConfig(segment='x')\n" + GET},
            "'pages/api/_id_.py' sets segment='x', but the name says that its segment is the parameter 'id'. Leave one "
            "of the two out.",
        ),
        (
            {"api/_id_/__init__.py": CONFIG + "config = RouteConfig(segment='x')\n", "api/_id_/a.py": GET},
            "'pages/api/_id_/__init__.py' sets segment='x', but the name says that its segment is the parameter 'id'. "
            "Leave one of the two out.",
        ),
        (
            {"__init__.py": CONFIG + "config = RouteConfig(segment='x')\n", "api/a.py": GET},
            "'pages/__init__.py' sets segment='x', but the root folder is no part of a URL. Leave it out.",
        ),
        (
            {"api/a.py": CONFIG + "config = RouteConfig(segment='a/b')\n" + GET},
            "'pages/api/a.py': segment 'a/b' holds '/', which one path segment cannot. Leave it out, or use folders "
            "for a longer path.",
        ),
    ],
)
def test_a_segment_where_none_can_be_is_a_start_up_error(site: Site, files: dict[str, str], problem: str) -> None:
    site.write(files)
    assert site.problems() == [problem]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            {"api/users.py": GET, "api/users/index.py": GET},
            "'pages/api/users.py' stands beside the folder 'pages/api/users/', which hides it from imports and type "
            "checkers. Remove it, or 'pages/api/users/index.py'.",
        ),
        (
            {"api/users.py": GET, "api/users/x.py": GET},
            "'pages/api/users.py' stands beside the folder 'pages/api/users/', which hides it from imports and type "
            "checkers. Move it to 'pages/api/users/index.py'.",
        ),
        (
            {"api/_id_.py": GET, "api/_id_/x.py": GET},
            "'pages/api/_id_.py' stands beside the folder 'pages/api/_id_/', which hides it from imports and type "
            "checkers. Move it to 'pages/api/_id_/index.py'.",
        ),
        (
            {"api/users.py": GET, "api/users/_helpers/x.py": ""},
            "'pages/api/users.py' stands beside the folder 'pages/api/users/', which hides it from imports and type "
            "checkers. Move it to 'pages/api/users/index.py'.",
        ),
    ],
)
def test_a_file_beside_a_folder_of_its_name_is_a_start_up_error(
    site: Site, files: dict[str, str], problem: str
) -> None:
    """Hostile inputs F1 and F2: `users.py` with `users/index.py` or `users/x.py`; `_id_.py` with `_id_/`."""
    site.write(files)
    assert site.problems() == [problem]


def test_a_file_may_stand_beside_a_folder_of_its_name_without_python_files(site: Site) -> None:
    site.write({"api/users.py": GET})
    site.write({"api/users/logo.svg": ""}, packages=False)
    assert _templates(site.discover()) == [("api/users.py", "/api/users")]


def test_a_file_beside_a_folder_that_is_no_package_is_told_with_both_problems(site: Site) -> None:
    site.write({"api/users.py": GET})
    site.write({"api/users/x.py": GET}, packages=False)
    assert site.problems() == [
        "'pages/api/users.py' stands beside the folder 'pages/api/users/', which hides it from imports and type "
        "checkers. Move it to 'pages/api/users/index.py'.",
        "'pages/api/users/' has no '__init__.py'. Add an empty one: every folder of routes is a package, so that "
        "imports and type checkers agree on the names of the modules in it.",
    ]


def test_every_folder_on_the_way_to_a_route_needs_an_init_file(site: Site) -> None:
    site.write({"api/v1/users/a.py": GET}, packages=False)
    mend = (
        "has no '__init__.py'. Add an empty one: every folder of routes is a package, so that imports and type "
        "checkers agree on the names of the modules in it."
    )
    assert site.problems() == [
        f"'pages/' {mend}",
        f"'pages/api/' {mend}",
        f"'pages/api/v1/' {mend}",
        f"'pages/api/v1/users/' {mend}",
    ]


def test_a_handler_in_an_init_file_is_a_start_up_error(site: Site) -> None:
    site.write({"api/users/__init__.py": GET + "def post(req, res): ...\n"})
    assert site.problems() == [
        "'pages/api/users/__init__.py' has 'get' and 'post', but an '__init__.py' is no route. Move it to "
        "'pages/api/users/index.py'."
    ]


def test_a_handler_in_an_init_file_is_found_below_a_folder_without_one(site: Site) -> None:
    site.write({"api/__init__.py": GET}, packages=False)
    assert site.problems() == [
        "'pages/api/__init__.py' has 'get', but an '__init__.py' is no route. Move it to 'pages/api/index.py'."
    ]


def test_routes_named_like_methods_are_no_handlers_of_their_folder(site: Site) -> None:
    site.write({"api/__init__.py": "from . import get\n", "api/get.py": GET, "api/handler.py": GET})
    assert _templates(site.discover()) == [("api/get.py", "/api/get"), ("api/handler.py", "/api/handler")]


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (
            "api/[id].py",
            "'pages/api/[id].py' has brackets in its name, which no Python import can spell. Rename it to '_id_.py'; "
            "'typed-api check --rename-brackets' renames a whole tree.",
        ),
        (
            "api/[team]/index.py",
            "'pages/api/[team]/' has brackets in its name, which no Python import can spell. Rename it to '_team_/'; "
            "'typed-api check --rename-brackets' renames a whole tree.",
        ),
        (
            "api/user.profile.py",
            "'pages/api/user.profile.py' is no Python identifier, so that no import can name it. Rename it, for "
            "example to 'user_profile.py', and serve '/user.profile' by config = RouteConfig(segment=\"user.profile\") "
            "in it.",
        ),
        (
            "api/_class_.py",
            "'pages/api/_class_.py' names its parameter 'class', which is a Python keyword. Rename it, for example to "
            "'_class_name_.py'.",
        ),
    ],
)
def test_a_name_that_cannot_be_a_route_is_a_start_up_error(site: Site, file: str, problem: str) -> None:
    """Hostile inputs F2 and F8: bracket names, keywords and what is no identifier."""
    site.write({file: "raise SystemExit('is not imported')"})
    assert site.problems() == [problem]


def test_names_below_a_bad_name_are_told_too(site: Site) -> None:
    site.write({"api/[team]/[id].py": GET, "api/[team]/fine.py": GET})
    assert [problem.partition(" has")[0] for problem in site.problems()] == [
        "'pages/api/[team]/'",
        "'pages/api/[team]/[id].py'",
    ]


@pytest.mark.parametrize("file", ["api/test_users.py", "api/users_test.py", "api/conftest.py"])
@pytest.mark.parametrize("text", [GET, "async def handler(req, res, /): ...\n"])
def test_a_test_file_with_a_handler_is_a_start_up_error_and_is_not_imported(site: Site, file: str, text: str) -> None:
    """Hostile input F9: `x_test.py` with a handler is an error, since it would silently be no route."""
    site.write({file: "raise SystemExit\n" + text})
    name = "get" if text == GET else "handler"
    stem = file.removeprefix("api/").removesuffix(".py")
    assert site.problems() == [
        f"'pages/{file}' has '{name}', but files named 'test_*.py', '*_test.py' or 'conftest.py' are never routes. "
        f"Rename "
        f'the file (config = RouteConfig(segment="{stem}") keeps the URL), or the function.'
    ]


@pytest.mark.parametrize(
    "text", ["def get(client): ...\n", "class T:\n    def get(self, url): ...\n", "get = print\n", "def get(\n", "\0"]
)
def test_a_test_file_without_a_function_of_two_parameters_named_like_a_handler_is_nothing(
    site: Site, text: str
) -> None:
    site.write({"api/a.py": GET, "api/test_a.py": text})
    assert _templates(site.discover()) == [("api/a.py", "/api/a")]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", ""),
        ("def GET(req, res): ...\n", " Method functions are in lower case: 'get', not 'GET'."),
        ("def default(req, res): ...\n", " What Next.js exports as 'default' is 'handler' here."),
        ("def render(props): ...\n", ""),
    ],
)
def test_a_module_without_a_handler_is_a_start_up_error(site: Site, text: str, hint: str) -> None:
    site.write({"api/users.py": text})
    assert site.problems() == [
        "'pages/api/users.py' has no handler. Define 'handler', or some of get, post, put, patch, delete, head, "
        f"options; if it is no route, call it '_users.py'.{hint}"
    ]


def test_outside_api_a_module_without_a_handler_is_a_start_up_error_too(site: Site) -> None:
    site.write({"about/_id_.py": "x = 1\n"})
    assert site.problems() == [
        "'pages/about/_id_.py' has no handler. Define 'handler', or some of get, post, put, patch, delete, head, "
        "options; if it is no route, call it '_id.py'."
    ]


def test_routes_in_conflict_are_a_start_up_error(site: Site) -> None:
    """Hostile input F5: two modules made equal by `segment=` or by `word_separator`."""
    site.write(
        {
            "api/a.py": CONFIG + "config = RouteConfig(segment='order-items')\n" + GET,
            "api/order_items.py": GET,
            "x/_id_.py": GET,
            "x/_slug_.py": GET,
        }
    )
    assert site.problems(word_separator="-") == [
        "'pages/api/a.py' and 'pages/api/order_items.py' both serve '/api/order-items'. Remove one, or give it another "
        "name or segment.",
        "'pages/x/_id_.py' and 'pages/x/_slug_.py' name one segment differently: '/x/{id}' and '/x/{slug}'. Rename "
        "one: a folder has one dynamic name.",
    ]


def test_a_config_that_is_none_is_a_start_up_error(site: Site) -> None:
    site.write({"api/a.py": "config = {'etag': False}\n" + GET})
    assert site.problems() == [
        "'pages/api/a.py' sets config to {'etag': False}, which is no RouteConfig. Write config = RouteConfig(...), or "
        "use another name."
    ]


@pytest.mark.parametrize("file", ["api/a.py", "api/__init__.py"])
def test_a_config_of_another_name_is_a_start_up_error(site: Site, file: str) -> None:
    """Under another name its guards would let everybody through, without a word."""
    site.write({"api/a.py": GET, file: CONFIG + "CONFIG = RouteConfig(etag=False)\n" + (GET if "a.py" in file else "")})
    assert site.problems() == [
        f"'pages/{file}' has a RouteConfig under the name 'CONFIG', and only 'config' is read. Rename it."
    ]


def test_a_module_imported_as_config_is_a_start_up_error(site: Site) -> None:
    site.write({"api/a.py": "import math as config\n" + GET})
    assert site.problems() == [
        "'pages/api/a.py' imports the module 'math' as 'config', which is the name of the route's settings. Import it "
        "under another name."
    ]


def test_a_route_may_be_named_config(site: Site) -> None:
    site.write({"api/__init__.py": "from . import config\n", "api/config.py": GET})
    assert _templates(site.discover()) == [("api/config.py", "/api/config")]


@pytest.mark.parametrize(
    "line",
    [
        "config = RouteConfig(before=print)",
        "config: RouteConfig = RouteConfig(before=print)",
        "from typed_api.config import DEFAULT_BODY_LIMIT as config",
    ],
)
def test_settings_that_a_module_named_config_would_replace_are_a_start_up_error(site: Site, line: str) -> None:
    """Importing the submodule replaces the folder's attribute: its guards would silently be gone."""
    site.write({"api/__init__.py": f"{CONFIG}{line}\n", "api/config.py": GET})
    assert site.problems()[0] == (
        "'pages/api/__init__.py' sets 'config', but the folder has a module 'config' too, and Python puts the module "
        'in the place of the settings. Rename the module; config = RouteConfig(segment="config") in it keeps its URL.'
    )


def test_a_setting_that_cannot_be_used_names_the_file_and_line(site: Site) -> None:
    site.write({"api/a.py": CONFIG + "\nconfig = RouteConfig(body_limit='3 apples')\n" + GET})
    assert site.problems() == [
        "'pages/api/a.py', line 3: Size limit '3 apples' has no known unit. Use b, kb, mb or gb, for example '1mb'."
    ]


def test_a_setting_that_cannot_be_used_is_placed_in_the_helper_that_makes_it(site: Site) -> None:
    site.write({"api/_settings.py": CONFIG + "shared = RouteConfig(methods=[])\n"})
    site.write({"api/a.py": f"from {site.name}.api import _settings\n" + GET})
    assert site.problems() == [
        "'pages/api/_settings.py', line 2: RouteConfig(methods=...) is empty, so that nothing could be served. Name "
        "one method or more."
    ]


def test_a_failed_import_is_told_with_its_own_frames_alone(site: Site) -> None:
    """Hostile input F10: a route file that raises at import is named in the report."""
    site.write({"api/a.py": "def fail():\n    raise ValueError('no luck')\n\nfail()\n" + GET, "api/b.py": GET})
    assert site.unmarked_problems() == [
        "'pages/api/a.py' cannot be imported:\n"
        "Traceback (most recent call last):\n"
        '  File "pages/api/a.py", line 4, in <module>\n'
        "    fail()\n"
        '  File "pages/api/a.py", line 2, in fail\n'
        "    raise ValueError('no luck')\n"
        "ValueError: no luck"
    ]


def test_a_missing_module_keeps_its_own_error(site: Site) -> None:
    site.write({"api/a.py": "import no_such_module_anywhere\n" + GET})
    assert site.problems() == [
        "'pages/api/a.py' cannot be imported:\n"
        "Traceback (most recent call last):\n"
        '  File "pages/api/a.py", line 1, in <module>\n'
        "    import no_such_module_anywhere\n"
        "ModuleNotFoundError: No module named 'no_such_module_anywhere'"
    ]


def test_a_syntax_error_shows_the_line(site: Site) -> None:
    site.write({"api/a.py": "def get(req, res)\n"})
    assert site.problems() == [
        "'pages/api/a.py' cannot be imported:\n"
        '  File "pages/api/a.py", line 1\n'
        "    def get(req, res)\n"
        "                     ^\n"
        "SyntaxError: expected ':'"
    ]


def test_the_cause_of_a_failed_import_is_told_without_foreign_frames_too(site: Site) -> None:
    site.write(
        {
            "api/a.py": "import importlib\n"
            "try:\n"
            "    importlib.import_module('no_such_module_anywhere')\n"
            "except ImportError as error:\n"
            "    raise RuntimeError('needs it') from error\n"
        }
    )
    (problem,) = site.problems()
    assert [line for line in problem.splitlines() if "File" in line] == [
        '  File "pages/api/a.py", line 3, in <module>',
        '  File "pages/api/a.py", line 5, in <module>',
    ]


def test_a_module_that_exits_at_import_is_told_as_that(site: Site) -> None:
    """Hostile input F10: a route file that calls `sys.exit()` at import is named in the report."""
    site.write({"api/a.py": "import sys\nsys.exit(3)\n"})
    assert site.unmarked_problems() == [
        "'pages/api/a.py' ends the program while it is imported:\n"
        "Traceback (most recent call last):\n"
        '  File "pages/api/a.py", line 2, in <module>\n'
        "    sys.exit(3)\n"
        "SystemExit: 3"
    ]


def test_a_user_who_interrupts_an_import_ends_it(site: Site) -> None:
    site.write({"api/a.py": "raise KeyboardInterrupt\n"})
    with pytest.raises(KeyboardInterrupt):
        site.discover()


def test_files_that_fail_for_one_reason_tell_it_once(site: Site) -> None:
    site.write({"api/_db.py": "raise RuntimeError('no database')\n"})
    text = f"from {site.name}.api import _db\n" + GET
    site.write({"api/a.py": text, "api/b.py": text})
    first, second = site.problems()
    assert first.endswith("RuntimeError: no database")
    assert second == "'pages/api/b.py' cannot be imported for the same reason as 'pages/api/a.py'."


def test_a_folder_that_cannot_be_imported_is_told_once_and_its_files_not_at_all(site: Site) -> None:
    site.write({"api/__init__.py": "raise RuntimeError('no')\n", "api/a.py": GET, "api/b.py": GET})
    assert site.problems() == [
        "'pages/api/__init__.py' cannot be imported:\n"
        "Traceback (most recent call last):\n"
        '  File "pages/api/__init__.py", line 1, in <module>\n'
        "    raise RuntimeError('no')\n"
        "RuntimeError: no"
    ]


def test_all_problems_are_told_at_once(site: Site) -> None:
    site.write(
        {
            "api/[id].py": GET,
            "api/a.py": "raise ValueError\n",
            "api/b.py": "",
            "api/c/_x_.py": GET,
            "api/c/_y_.py": GET,
            "api/d/__init__.py": GET,
            "api/test_e.py": GET,
            "api/f.py": GET,
            "api/f/index.py": GET,
        }
    )
    assert [problem.split("\n")[0][:40] for problem in site.problems()] == [
        "'pages/api/test_e.py' has 'get', but fil",
        "'pages/api/d/__init__.py' has 'get', but",
        "'pages/api/f.py' stands beside the folde",
        "'pages/api/[id].py' has brackets in its ",
        "'pages/api/a.py' cannot be imported:",
        "'pages/api/b.py' has no handler. Define ",
        "'pages/api/c/_x_.py' and 'pages/api/c/_y",
    ]


def test_what_a_check_finds_joins_the_report(site: Site) -> None:
    site.write({"api/a.py": GET, "api/b.py": GET, "api/c.py": ""})
    problems = site.problems(check=lambda route: [f"{route.relative} is odd"] if route.relative == "api/a.py" else [])
    assert [problem.partition(" ")[0] for problem in problems] == ["'pages/api/c.py'", "api/a.py"]


def test_a_file_that_was_not_there_a_moment_ago_is_found(site: Site) -> None:
    """Python remembers what a folder holds, by the time of its last change: two changes may fall on one moment."""
    site.write({"api/a.py": GET})
    site.discover()
    folder = site.base / site.name / "api"
    changed = folder.stat().st_mtime_ns
    site.write({"api/b.py": GET})
    os.utime(folder, ns=(changed, changed))
    assert _templates(site.discover()) == [("api/a.py", "/api/a"), ("api/b.py", "/api/b")]


def test_modules_are_imported_in_the_order_of_their_names(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(builtins, "import_order", order, raising=False)
    text = "import builtins\nbuiltins.import_order.append(__name__.rpartition('.')[2])\n" + GET
    site.write({f"api/{name}.py": text for name in ("d", "b", "_id_", "a", "c")})
    site.discover()
    assert order == ["_id_", "a", "b", "c", "d"]


def test_a_link_out_of_the_root_is_ignored_with_a_warning(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    outside = site.base / "outside"
    outside.mkdir()
    (outside / "x.py").write_text("raise SystemExit\n")
    site.write({"api/a.py": GET})
    api = site.base / site.name / "api"
    (api / "linked").symlink_to(outside)
    (api / "x.py").symlink_to(outside / "x.py")
    (api / "gone.py").symlink_to(outside / "gone.py")
    (api / "loop").symlink_to(api)
    (api / "_private").symlink_to(outside)
    assert _templates(site.discover()) == [("api/a.py", "/api/a")]
    assert [
        record.getMessage().replace(str(site.base), "").replace(site.name, "pages") for record in caplog.records
    ] == [
        "'pages/api/gone.py' is a link that leads nowhere (to '/outside/gone.py'). It is ignored.",
        "'pages/api/linked' is a link that leads out of the root folder of the routes (to '/outside'). It is ignored.",
        "'pages/api/loop' is a link that leads back to a folder that it is in (to '/pages/api'). It is ignored.",
        "'pages/api/x.py' is a link that leads out of the root folder of the routes (to '/outside/x.py'). It is "
        "ignored.",
    ]


def test_a_link_within_the_root_is_a_route(site: Site) -> None:
    site.write({"api/a.py": GET})
    (site.base / site.name / "api" / "b.py").symlink_to("a.py")
    assert _templates(site.discover()) == [("api/a.py", "/api/a"), ("api/b.py", "/api/b")]


def test_a_folder_that_cannot_be_read_is_a_start_up_error(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write({"api/a.py": GET, "api/x/b.py": GET})
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if os.path.basename(path) == "x":
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert site.problems() == ["'pages/api/x/' cannot be read: Permission denied."]


def test_a_module_that_takes_long_to_import_is_named_while_it_does(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Hostile input F10: a route file that imports forever is named, though it cannot be interrupted."""
    told = threading.Event()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.set()

    monkeypatch.setattr(discovery, "_SLOW_IMPORT_SECONDS", 0.01)
    monkeypatch.setattr(builtins, "import_gate", told, raising=False)
    site.write({"api/a.py": "import builtins\nassert builtins.import_gate.wait(60)\n" + GET})
    listener = Listener()
    discovery.logger.addHandler(listener)
    try:
        site.discover()
    finally:
        discovery.logger.removeHandler(listener)
    assert [record.getMessage().replace(site.name, "pages") for record in caplog.records] == [
        "'pages/api/a.py' is still being imported after 0.01 seconds. Serving waits for it."
    ]


class _Waits:
    """An event for the watch: notes how long each wait would be, and moves the clock on by it."""

    def __init__(self, count: int) -> None:
        self.now: float = 100.0
        self.seconds: list[float] = []
        self._count: int = count

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        self.now += seconds
        return len(self.seconds) > self._count


def test_a_slow_import_is_told_once_and_not_before_its_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    waits = _Waits(4)
    monkeypatch.setattr("typed_api.discovery.time.monotonic", lambda: waits.now)
    watch = discovery._ImportWatch()
    monkeypatch.setattr(watch, "_done", waits)
    waits.now += 7
    watch.start("pages/api/a.py")
    waits.now -= 7
    watch._run()
    assert waits.seconds == [10.0, 7.0, 10.0, 10.0, 10.0]
    assert [record.getMessage() for record in caplog.records] == [
        "'pages/api/a.py' is still being imported after 10 seconds. Serving waits for it."
    ]


def test_nothing_is_told_while_nothing_is_being_imported(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    waits = _Waits(2)
    monkeypatch.setattr("typed_api.discovery.time.monotonic", lambda: waits.now)
    watch = discovery._ImportWatch()
    monkeypatch.setattr(watch, "_done", waits)
    watch.start("pages/api/a.py")
    watch.stop()
    watch._run()
    assert waits.seconds == [10.0, 10.0, 10.0]
    assert caplog.records == []


def test_an_existing_folder_is_a_package_named_by_itself(site: Site) -> None:
    site.write({"a.py": GET})
    assert resolve_package(site.name, site.base) == (site.name, site.base / site.name)
    assert sys.path[0] == str(site.base)


def test_module_names_start_at_the_outermost_folder_with_an_init_file(site: Site) -> None:
    site.write({"app/pages/a.py": GET})
    assert resolve_package(f"{site.name}/app/pages", site.base) == (
        f"{site.name}.app.pages",
        site.base / site.name / "app/pages",
    )
    assert sys.path[0] == str(site.base)


def test_a_source_folder_without_an_init_file_is_no_part_of_the_names(site: Site) -> None:
    site.write({"a.py": GET})
    inner = Site(site.base / "src", site.name)
    inner.write({"pages/a.py": GET})
    assert resolve_package(Path("src") / site.name / "pages", site.base) == (
        f"{site.name}.pages",
        site.base / "src" / site.name / "pages",
    )
    assert sys.path[0] == str(site.base / "src")


def test_a_package_that_can_be_imported_already_leaves_the_path_alone(site: Site) -> None:
    site.write({"a.py": GET})
    sys.path.append(str(site.base))
    before = [*sys.path]
    assert resolve_package(site.name, site.base) == (site.name, site.base / site.name)
    assert sys.path == before


def test_a_package_may_be_given_by_its_dotted_name(site: Site) -> None:
    site.write({"web/pages/a.py": GET})
    sys.path.append(str(site.base))
    found = resolve_package(f"{site.name}.web.pages", Path("/"))
    assert found == (f"{site.name}.web.pages", site.base / site.name / "web/pages")


def test_a_dotted_name_may_mean_folders_below_the_base(site: Site) -> None:
    site.write({"web/pages/a.py": GET})
    found = resolve_package(f"{site.name}.web.pages", site.base)
    assert found == (f"{site.name}.web.pages", site.base / site.name / "web/pages")


def test_a_package_of_that_name_that_is_imported_already_is_taken_when_it_is_the_same(site: Site) -> None:
    site.write({"api/a.py": GET})
    sys.path.append(str(site.base))
    importlib.import_module(site.name)
    assert _templates(site.discover()) == [("api/a.py", "/api/a")]


def test_a_different_package_of_that_name_that_is_imported_already_is_a_start_up_error(site: Site) -> None:
    site.write({"api/a.py": GET})
    other = Site(site.base / "other", site.name)
    other.write({"x.py": ""})
    sys.path.insert(0, str(other.base))
    importlib.import_module(site.name)
    assert site.problems() == [
        "The folder 'pages' cannot be imported as 'pages': a different module of that name, from 'other/pages', is "
        "imported already. Rename the folder."
    ]


def test_a_folder_named_like_a_module_of_python_itself_is_a_start_up_error(site: Site) -> None:
    inner = Site(site.base, "math")
    inner.write({"a.py": GET})
    with pytest.raises(StartupError) as caught:
        inner.discover()
    assert caught.value.problems == (
        f"The folder '{site.base}/math' cannot be imported as 'math': a different module of that name, from "
        f"'{getattr(importlib.import_module('math'), '__file__', 'Python itself')}', is imported already. Rename the "
        "folder.",
    )


def test_a_folder_without_an_init_file_that_another_package_beats_is_told_its_mend(site: Site) -> None:
    site.write({"a.py": GET}, packages=False)
    other = Site(site.base / "other", site.name)
    other.write({"x.py": ""})
    sys.path.append(str(other.base))
    assert site.problems() == [
        "The folder 'pages' cannot be imported as 'pages': Python finds another module first. Add an empty "
        "'__init__.py' to it."
    ]
    assert sys.path[0] != str(site.base)


@pytest.mark.parametrize(
    ("pages", "message"),
    [
        ("", "The root folder of the routes is ''. Give a folder such as 'pages', or a package's name."),
        ("nowhere", "There is no folder '{base}/nowhere' and no package 'nowhere'. Create one, or name another."),
        (
            "nowhere.pages",
            "There is no folder '{base}/nowhere.pages' and no package 'nowhere.pages'. Create one, or name another.",
        ),
        (
            "no/where",
            "The root folder of the routes, '{base}/no/where', does not exist. Create it, or name another.",
        ),
        ("file.py", "The root of the routes, '{base}/file.py', is a file. Name the folder that holds the routes."),
        (
            Path("nowhere"),
            "The root folder of the routes, '{base}/nowhere', does not exist. Create it, or name another.",
        ),
        ("json.decoder", "'json.decoder' is no package with a folder on disk, but {decoder!r}. Name its folder."),
        (
            "my-pages",
            "The folder '{base}/my-pages' cannot be a package: 'my-pages' is no name that Python can import. Rename "
            "it.",
        ),
    ],
)
def test_a_root_that_cannot_be_is_a_start_up_error(site: Site, pages: str | Path, message: str) -> None:
    (site.base / "my-pages").mkdir()
    (site.base / "file.py").touch()
    decoder = importlib.import_module("json.decoder").__file__
    with pytest.raises(StartupError) as caught:
        resolve_package(pages, site.base)
    assert caught.value.problems == (message.format(base=site.base, decoder=decoder),)


def test_a_module_made_by_hand_is_no_package_to_find_routes_in(site: Site) -> None:
    sys.modules[site.name] = ModuleType(site.name)
    with pytest.raises(StartupError) as caught:
        resolve_package(site.name, site.base)
    assert caught.value.problems == (
        f"There is no folder '{site.base}/{site.name}' and no package '{site.name}'. Create one, or name another.",
    )


def test_a_package_whose_parent_raises_keeps_its_own_error(site: Site) -> None:
    site.write({"__init__.py": "raise RuntimeError('no')\n", "pages/a.py": GET})
    sys.path.append(str(site.base))
    with pytest.raises(StartupError) as caught:
        resolve_package(f"{site.name}.pages", Path("/"))
    assert caught.value.problems == (
        f"'{site.name}.pages' cannot be imported:\n"
        "Traceback (most recent call last):\n"
        f'  File "{site.base}/{site.name}/__init__.py", line 1, in <module>\n'
        "    raise RuntimeError('no')\n"
        "RuntimeError: no",
    )


def test_a_package_whose_parent_misses_a_module_keeps_its_own_error(site: Site) -> None:
    site.write({"__init__.py": "import no_such_module_anywhere\n", "pages/a.py": GET})
    sys.path.append(str(site.base))
    with pytest.raises(StartupError) as caught:
        resolve_package(f"{site.name}.pages", Path("/"))
    assert caught.value.problems == (
        f"'{site.name}.pages' cannot be imported:\n"
        "Traceback (most recent call last):\n"
        f'  File "{site.base}/{site.name}/__init__.py", line 1, in <module>\n'
        "    import no_such_module_anywhere\n"
        "ModuleNotFoundError: No module named 'no_such_module_anywhere'",
    )
