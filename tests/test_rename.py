"""Trees of bracket names: what they become, what is said, what is refused, and what is undone."""

import os
from pathlib import Path

import pytest

from typed_api.discovery import discover
from typed_api.errors import StartupError
from typed_api.pattern import PatternError, parse_name
from typed_api.rename import RenameError, plan_rename

HANDLER = """\
from typed_api import ApiRequest, ApiResponse, Sent


async def get(req: ApiRequest, res: ApiResponse[str]) -> Sent:
    return res.send("ok")
"""

NO_NAME = (
    "has brackets in its name, which no Python import can spell, and 'typed-api check --rename-brackets' knows no new "
    "name for it. Write a parameter as '_name_.py' (one segment), '_name__.py' (one or more) or '_name___.py' (zero or "
    "more): an identifier with nothing beside it."
)


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    root = tmp_path / "pages"
    root.mkdir()
    return root


def make(root: Path, *names: str) -> Path:
    """Make empty files, and nothing else."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def tree(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


def renamed(root: Path, *, word_separator: str | None = None) -> list[str]:
    plan_rename(root, word_separator=word_separator).apply()
    return tree(root)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[id].py", "_id_.py"),
        ("[...path].py", "_path__.py"),
        ("[[...path]].py", "_path___.py"),
        ("[user-id].py", "_user_id_.py"),
        ("{id}.py", "_id_.py"),
        ("$id.py", "_id_.py"),
        ("feed.xml.py", "feed_xml.py"),
        ("my-page.py", "my_page.py"),
        ("class.py", "class_.py"),
        ("2fa.py", "route_2fa.py"),
        ("a-test.py", "route_a_test.py"),
        ("test-a.py", "route_test_a.py"),
        ("index-.py", "route_index.py"),
    ],
)
def test_file_that_cannot_be_imported_becomes(old: str, new: str, pages: Path) -> None:
    assert renamed(make(pages, "__init__.py", old)) == sorted(["__init__.py", new])


@pytest.mark.parametrize(
    "name",
    ["_id_.py", "users.py", "index.py", "_a-b.py", "test_[id].py", "[id]_test.py", ".a-b.py", "__id.py", "[id].html"],
)
def test_file_that_is_a_route_or_never_one_keeps_its_name(name: str, pages: Path) -> None:
    assert renamed(make(pages, "__init__.py", name)) == sorted(["__init__.py", name])


@pytest.mark.parametrize(
    ("old", "new"),
    [("[team]", "_team_"), ("[...path]", "_path__"), ("my-app", "my_app"), ("test-x", "test_x"), ("class", "class_")],
)
def test_folder_that_cannot_be_imported_becomes(old: str, new: str, pages: Path) -> None:
    make(pages, "__init__.py", f"{old}/__init__.py", f"{old}/a.py")
    assert renamed(pages) == ["__init__.py", f"{new}/__init__.py", f"{new}/a.py"]


@pytest.mark.parametrize("folder", ["_x", "_a-b", ".git", "__pycache__"])
def test_folder_that_never_holds_routes_is_left_alone(folder: str, pages: Path) -> None:
    assert renamed(make(pages, "__init__.py", f"{folder}/[id].py")) == sorted(["__init__.py", f"{folder}/[id].py"])


def test_folder_without_modules_keeps_its_name(pages: Path) -> None:
    assert renamed(make(pages, "__init__.py", "[id]/a.html", "[x/b.css")) == ["[id]/a.html", "[x/b.css", "__init__.py"]


@pytest.mark.parametrize("stem", ["[id]", "[[...path]]", "[user-id]", "feed.xml", "my-page", "2fa", "class", "{id}"])
def test_new_name_is_the_one_that_start_up_proposes(stem: str, pages: Path) -> None:
    with pytest.raises(PatternError) as refused:
        parse_name(stem)
    (new,) = [name for name in renamed(make(pages, "__init__.py", f"{stem}.py")) if name != "__init__.py"]
    assert f"'{new}'" in str(refused.value)


# --- trees ------------------------------------------------------------------------------------------------------------


def test_folders_are_renamed_at_every_depth(pages: Path) -> None:
    make(pages, "[a]/[b]/[c]/[d].py")
    assert renamed(pages) == [
        "__init__.py",
        "_a_/__init__.py",
        "_a_/_b_/__init__.py",
        "_a_/_b_/_c_/__init__.py",
        "_a_/_b_/_c_/_d_.py",
    ]


def test_init_is_added_only_where_routes_are_below(pages: Path) -> None:
    make(pages, "api/a.py", "static/x.css", "_lib/b.py", "api/tests/test_a.py")
    assert renamed(pages) == [
        "__init__.py",
        "_lib/b.py",
        "api/__init__.py",
        "api/a.py",
        "api/tests/test_a.py",
        "static/x.css",
    ]


def test_file_beside_its_folder_becomes_the_index_of_it(pages: Path) -> None:
    make(pages, "[id].py", "[id]/posts.py", "users.py", "users/me.py")
    assert renamed(pages) == [
        "__init__.py",
        "_id_/__init__.py",
        "_id_/index.py",
        "_id_/posts.py",
        "users/__init__.py",
        "users/index.py",
        "users/me.py",
    ]


def test_contents_are_kept(pages: Path) -> None:
    make(pages, "__init__.py", "[id]/__init__.py", "[id]/a-b.py")
    (pages / "[id]/__init__.py").write_text("config = 1\n", "utf-8")
    (pages / "[id]/a-b.py").write_text("a = 1\n", "utf-8")
    renamed(pages)
    assert [(pages / "_id_" / name).read_text("utf-8") for name in ("__init__.py", "a_b.py")] == [
        "config = 1\n",
        "a = 1\n",
    ]


def test_renamed_tree_is_served(tmp_path: Path) -> None:
    root = tmp_path / "rename_served_pages"
    for name in ("[team]/index.py", "[team]/[...path].py", "docs/[[...path]].py", "my-page.py", "my-page/x.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(HANDLER, "utf-8")
    with pytest.raises(StartupError):
        discover(root, base=tmp_path)
    plan_rename(root).apply()
    assert [route.pattern.template for route in discover(root, base=tmp_path)] == [
        "/{team}/{path}",
        "/{team}",
        "/docs/{path}",
        "/my_page",
        "/my_page/x",
    ]


def test_second_run_finds_nothing_to_do(pages: Path) -> None:
    make(pages, "[team]/[...path].py", "my-page.py", "my-page/x.py", "feed.xml.py", "class.py")
    renamed(pages)
    plan = plan_rename(pages)
    assert (plan.steps, plan.changes, plan.notes, plan.conflicts) == ([], [], [], [])


def test_a_link_is_renamed_and_its_target_is_not(pages: Path, tmp_path: Path) -> None:
    make(tmp_path / "elsewhere", "__init__.py", "a-b.py")
    make(pages, "__init__.py")
    (pages / "[id]").symlink_to(tmp_path / "elsewhere")
    renamed(pages)
    assert sorted(os.listdir(pages)) == ["__init__.py", "_id_"]
    assert sorted(os.listdir(tmp_path / "elsewhere")) == ["__init__.py", "a-b.py"]


# --- words ------------------------------------------------------------------------------------------------------------


def test_plan_shows_the_tree_before_and_after_and_what_else_changes(pages: Path) -> None:
    plan = plan_rename(make(pages, "[team]/[user-id].py", "feed.xml.py", "my-app/a.py", "[x].py", "[x]/y.py"))
    assert (
        str(plan)
        == """\
pages/__init__.py (new, empty)
pages/[team] -> pages/_team_
pages/_team_/__init__.py (new, empty)
pages/[team]/[user-id].py -> pages/_team_/_user_id_.py
pages/[x] -> pages/_x_
pages/_x_/__init__.py (new, empty)
pages/[x].py -> pages/_x_/index.py
pages/feed.xml.py -> pages/feed_xml.py
pages/my-app -> pages/my_app
pages/my_app/__init__.py (new, empty)

- 'pages/_team_/_user_id_.py': the parameter 'user-id' is called 'user_id' now, as in req.query["user_id"].
- 'pages/_x_/index.py' is one folder deeper than 'pages/[x].py' was: its relative imports need one dot more, and \
imports of it one '.index' more.
- 'pages/feed_xml.py': its part of the URL is 'feed_xml' now, not 'feed.xml'. To keep that one, write config = \
RouteConfig(segment="feed.xml") in it.
- 'pages/my_app': its part of the URL is 'my_app' now, not 'my-app'. To keep that one, write config = \
RouteConfig(segment="my-app") in its '__init__.py'."""
    )


def test_planning_changes_nothing(pages: Path) -> None:
    plan_rename(make(pages, "[id].py"))
    assert tree(pages) == ["[id].py"]


def test_a_url_that_the_word_separator_keeps_needs_no_note(pages: Path) -> None:
    assert plan_rename(make(pages, "my-page.py"), word_separator="-").notes == []


def test_a_word_separator_that_is_none_is_refused(pages: Path) -> None:
    with pytest.raises(PatternError) as refused:
        plan_rename(pages, word_separator="_")
    assert str(refused.value) == (
        "word_separator '_' cannot separate words in a URL. Use '-', '.' or '~', or leave it out."
    )


@pytest.mark.parametrize(
    ("names", "summary"),
    [
        (["__init__.py", "[id].py", "a-b.py"], "2 renamed."),
        (["a.py"], "1 __init__.py added."),
        (["[id].py"], "1 renamed, 1 __init__.py added."),
    ],
)
def test_summary_counts(names: list[str], summary: str, pages: Path) -> None:
    assert plan_rename(make(pages, *names)).summary == summary


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_all_conflicts_are_listed_and_nothing_is_changed(pages: Path) -> None:
    names = ["[id].py", "_id_.py", "[a-b].py", "[a_b].py", "x.py", "x/index.py", "[class].py", "y-z/[[w]].py"]
    plan = plan_rename(make(pages, *names))
    assert plan.conflicts == [
        f"'pages/[class].py' {NO_NAME}",
        f"'pages/y-z/[[w]].py' {NO_NAME}",
        "'pages/x.py' would become 'pages/x/index.py', which is there already. Rename one of the two, or remove it.",
        "'pages/[a-b].py' and 'pages/[a_b].py' would both become 'pages/_a_b_.py'. Rename one of them.",
        "'pages/[id].py' would become 'pages/_id_.py', which is there already. Rename one of the two, or remove it.",
    ]
    with pytest.raises(RenameError):
        plan.apply()
    assert tree(pages) == sorted(names)


def test_a_folder_is_not_merged_into_another(pages: Path) -> None:
    plan = plan_rename(make(pages, "[id]/a.py", "_id_/b.py"))
    assert plan.conflicts == [
        "'pages/[id]' would become 'pages/_id_', which is there already. Rename one of the two, or remove it."
    ]


def test_what_appears_after_the_plan_is_not_overwritten(pages: Path) -> None:
    plan = plan_rename(make(pages, "__init__.py", "a-b.py", "c-d.py"))
    (pages / "c_d.py").write_text("mine = 1\n", "utf-8")
    with pytest.raises(RenameError) as failed:
        plan.apply()
    assert str(failed.value) == (
        "Nothing was changed: renaming 'pages/c-d.py' to 'pages/c_d.py' failed: it exists already."
    )
    assert tree(pages) == ["__init__.py", "a-b.py", "c-d.py", "c_d.py"]
    assert (pages / "c_d.py").read_text("utf-8") == "mine = 1\n"


def test_a_failure_midway_undoes_what_was_done(pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["[a]/[b]/c-d.py", "[a]/x-y.py"]
    plan = plan_rename(make(pages, *names))
    rename = os.rename

    def fail_at_last(old: str, new: str) -> None:
        if new == str(pages / "_a_"):
            raise PermissionError(13, "Permission denied")
        rename(old, new)

    monkeypatch.setattr(os, "rename", fail_at_last)
    with pytest.raises(RenameError) as failed:
        plan.apply()
    assert str(failed.value) == ("Nothing was changed: renaming 'pages/[a]' to 'pages/_a_' failed: Permission denied.")
    assert tree(pages) == sorted(names)


def test_what_cannot_be_undone_is_named(pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_rename(make(pages, "a-1.py", "b-2.py", "c-3.py"))
    rename = os.rename

    def fail(old: str, new: str) -> None:
        if new in {str(pages / "c_3.py"), str(pages / "a-1.py")}:
            raise PermissionError(13, "Permission denied")
        rename(old, new)

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(RenameError) as failed:
        plan.apply()
    assert str(failed.value) == (
        "renaming 'pages/c-3.py' to 'pages/c_3.py' failed: Permission denied. This was done before, and could not be "
        "undone:\n- adding 'pages/__init__.py'\n- renaming 'pages/a-1.py' to 'pages/a_1.py'"
    )
    assert tree(pages) == ["__init__.py", "a_1.py", "b-2.py", "c-3.py"]
