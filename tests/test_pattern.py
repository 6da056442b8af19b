"""File names, what they stand for, and what may not stand side by side."""

import pytest

from typed_api.pattern import (
    INDEX,
    Pattern,
    PatternError,
    Segment,
    SegmentKind,
    check_word_separator,
    find_conflicts,
    from_brackets,
    is_test_name,
    parse_name,
    parse_path,
    static_segment,
)


def _static(text: str) -> Segment:
    return Segment(SegmentKind.STATIC, text)


def _dynamic(name: str) -> Segment:
    return Segment(SegmentKind.DYNAMIC, name)


def _catch_all(name: str) -> Segment:
    return Segment(SegmentKind.CATCH_ALL, name)


def _optional(name: str) -> Segment:
    return Segment(SegmentKind.OPTIONAL_CATCH_ALL, name)


def _read(*files: str) -> list[tuple[str, Pattern]]:
    entries: list[tuple[str, Pattern]] = []
    for file in files:
        pattern = parse_path(file)
        assert pattern is not None, file
        entries.append((file, pattern))
    return entries


@pytest.mark.parametrize(
    ("stem", "segment"),
    [
        ("users", _static("users")),
        ("order_items", _static("order_items")),
        ("match", _static("match")),
        ("class_", _static("class_")),
        ("v2", _static("v2")),
        ("_id_", _dynamic("id")),
        ("_user_id_", _dynamic("user_id")),
        ("_a__b_", _dynamic("a__b")),
        ("_path__", _catch_all("path")),
        ("_path___", _optional("path")),
        ("index", INDEX),
    ],
)
def test_a_file_name_stands_for_one_segment(stem: str, segment: Segment) -> None:
    assert parse_name(stem) == segment


@pytest.mark.parametrize(
    "stem",
    [
        "_helpers",
        "_",
        "_id",
        "__init__",
        "__main__",
        "__pycache__",
        ".#lock",
        ".hidden",
        "test_users",
        "users_test",
        "conftest",
        "test_",
        "_test",
    ],
)
def test_private_files_test_files_and_dotfiles_are_never_routes(stem: str) -> None:
    assert parse_name(stem) is None


@pytest.mark.parametrize("name", ["_helpers", "__init__", "__pycache__", ".git"])
def test_private_folders_are_never_routes(name: str) -> None:
    assert parse_name(name, is_folder=True) is None


@pytest.mark.parametrize("name", ["index", "test_users", "users_test", "conftest"])
def test_a_folder_may_be_named_like_an_index_or_a_test_file(name: str) -> None:
    assert parse_name(name, is_folder=True) == _static(name)


@pytest.mark.parametrize(
    ("stem", "is_test"),
    [
        ("test_users", True),
        ("users_test", True),
        ("conftest", True),
        ("test", False),
        ("testing", False),
        ("latest", False),
        ("my_tests", False),
    ],
)
def test_test_names_are_those_that_pytest_collects(stem: str, is_test: bool) -> None:
    assert is_test_name(stem) is is_test


@pytest.mark.parametrize(
    ("stem", "is_folder", "message"),
    [
        (
            "[id]",
            False,
            "'[id].py' has brackets in its name, which no Python import can spell. Rename it to '_id_.py'; "
            "'typed-api check --rename-brackets' renames a whole tree.",
        ),
        (
            "[...path]",
            False,
            "'[...path].py' has brackets in its name, which no Python import can spell. Rename it to '_path__.py'; "
            "'typed-api check --rename-brackets' renames a whole tree.",
        ),
        (
            "[[...path]]",
            True,
            "'[[...path]]/' has brackets in its name, which no Python import can spell. Rename it to '_path___/'; "
            "'typed-api check --rename-brackets' renames a whole tree.",
        ),
        (
            "[a]x",
            False,
            "'[a]x.py' has brackets in its name, which no Python import can spell, and 'typed-api check "
            "--rename-brackets' knows no new name for it. Write a parameter as '_name_.py' (one segment), '_name__.py' "
            "(one or more) or '_name___.py' (zero or more): an identifier with nothing beside it.",
        ),
        (
            "a-b",
            False,
            "'a-b.py' is no Python identifier, so that no import can name it. Rename it, for example to 'a_b.py', and "
            'serve \'/a-b\' by config = RouteConfig(segment="a-b") in it, or by word_separator="-" for all names of '
            "the app.",
        ),
        (
            "a-b",
            True,
            "'a-b/' is no Python identifier, so that no import can name it. Rename it, for example to 'a_b/', and "
            "serve '/a-b' by config = RouteConfig(segment=\"a-b\") in its '__init__.py', or by word_separator=\"-\" "
            "for all names of the app.",
        ),
        (
            "user.profile",
            False,
            "'user.profile.py' is no Python identifier, so that no import can name it. Rename it, for example to "
            "'user_profile.py', and serve '/user.profile' by config = RouteConfig(segment=\"user.profile\") in it.",
        ),
        (
            "1x",
            False,
            "'1x.py' is no Python identifier, so that no import can name it. Rename it, for example to 'route_1x.py', "
            "and serve '/1x' by config = RouteConfig(segment=\"1x\") in it.",
        ),
        (
            "{id}",
            False,
            "'{id}.py' is no Python identifier. A parameter is written with underscores: '_id_.py'.",
        ),
        (
            "$class",
            False,
            "'$class.py' is no Python identifier, so that no import can name it. Rename it, for example to "
            "'route_class.py', and serve '/$class' by config = RouteConfig(segment=\"$class\") in it.",
        ),
        (
            "class",
            False,
            "'class.py' is named by the Python keyword 'class', so that no import can name it. Rename it, for example "
            "to 'class_.py', and serve '/class' by config = RouteConfig(segment=\"class\") in it.",
        ),
        (
            "_class_",
            False,
            "'_class_.py' names its parameter 'class', which is a Python keyword. Rename it, for example to "
            "'_class_name_.py'.",
        ),
        (
            "_1_",
            False,
            "'_1_.py' names its parameter '1', which is no Python identifier. Rename it, for example to '_id_.py'.",
        ),
        (
            "__",
            False,
            "'__.py' is made of underscores alone. A parameter is written '_id_.py', a private name '_helpers.py'.",
        ),
        (
            "___",
            True,
            "'___/' is made of underscores alone. A parameter is written '_id_/', a private name '_helpers/'.",
        ),
        (
            "__id__",
            False,
            "'__id__.py' begins with two underscores: Python keeps such names for itself. Write '_id_.py' for one "
            "segment, '_id__.py' for one or more, '_id___.py' for zero or more.",
        ),
        (
            "__id",
            False,
            "'__id.py' begins with two underscores: Python keeps such names for itself. Write '_id_.py' for one "
            "segment, '_id__.py' for one or more, '_id___.py' for zero or more, or '_id.py' for a private one.",
        ),
        (
            "_id____",
            False,
            "'_id____.py' ends with 4 underscores. Write '_id_.py' for one segment, '_id__.py' for one or "
            "more, '_id___.py' for zero or more.",
        ),
    ],
)
def test_an_impossible_name_is_refused_with_the_name_to_use(stem: str, is_folder: bool, message: str) -> None:
    with pytest.raises(PatternError) as caught:
        parse_name(stem, is_folder=is_folder)
    assert str(caught.value) == message


def test_an_error_calls_the_file_what_the_caller_calls_it() -> None:
    with pytest.raises(PatternError) as caught:
        parse_name("_1_", shown="pages/api/_1_.py")
    assert str(caught.value) == (
        "'pages/api/_1_.py' names its parameter '1', which is no Python identifier. Rename it, for example to "
        "'_id_.py'."
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[id]", "_id_"),
        ("[...path]", "_path__"),
        ("[[...path]]", "_path___"),
        ("[…path]", "_path__"),
        ("[user-id]", "_user_id_"),
        ("[_id]", "_id_"),
        ("[]", None),
        ("[[a]]", None),
        ("[class]", None),
        ("[1]", None),
        ("[a]x", None),
        ("p-[b]", None),
        ("[.a]", None),
        ("[....id]", None),
        ("[[...id]", None),
        ("[...id]]", None),
        ("[[[...id]]]", None),
        ("users", None),
    ],
)
def test_a_bracket_name_that_is_wholly_one_parameter_has_a_new_name(old: str, new: str | None) -> None:
    """Rows 142, 154, 158 to 160: names with anything else in or round the brackets have no counterpart."""
    assert from_brackets(old) == new


def test_every_new_name_of_a_bracket_name_is_a_parameter() -> None:
    names = [from_brackets(old) for old in ("[id]", "[...id]", "[[...id]]")]
    assert [None if name is None else parse_name(name) for name in names] == [
        _dynamic("id"),
        _catch_all("id"),
        _optional("id"),
    ]


@pytest.mark.parametrize(
    ("stem", "text"),
    [
        ("order_items", "order-items"),
        ("a_b_c", "a-b-c"),
        ("a__b", "a--b"),
        ("users", "users"),
        ("class_", "class_"),
        ("import_all_", "import-all_"),
    ],
)
def test_a_word_separator_stands_for_each_underscore_inside_a_static_name(stem: str, text: str) -> None:
    assert parse_name(stem, word_separator="-") == _static(text)


def test_a_word_separator_leaves_parameters_alone() -> None:
    assert parse_name("_user_id_", word_separator="-") == _dynamic("user_id")


@pytest.mark.parametrize("separator", ["-", ".", "~", None])
def test_word_separators_are_the_characters_that_no_identifier_has_and_every_url_can_hold(
    separator: str | None,
) -> None:
    check_word_separator(separator)


@pytest.mark.parametrize("separator", ["", "_", "/", "--", "x", "%", " "])
def test_any_other_word_separator_is_refused(separator: str) -> None:
    with pytest.raises(PatternError) as caught:
        parse_name("order_items", word_separator=separator)
    assert str(caught.value) == (
        f"word_separator {separator!r} cannot separate words in a URL. Use '-', '.' or '~', or leave it out."
    )


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("feed.xml", "feed.xml"),
        (".well-known", ".well-known"),
        ("a-b", "a-b"),
        ("~me", "~me"),
        ("a b", "a%20b"),
        ("données", "donn%C3%A9es"),
        ("100%", "100%25"),
        ("a%20b", "a%2520b"),
        ("{id}", "%7Bid%7D"),
        ("a:b@c,d;e=f&g+h!i$j'k(l)*", "a:b@c,d;e=f&g+h!i$j'k(l)*"),
        ("...", "..."),
    ],
)
def test_a_configured_segment_is_encoded_as_clients_send_it(text: str, encoded: str) -> None:
    assert static_segment(text) == _static(encoded)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "segment '' is empty. Give the text of one path segment, for example 'feed.xml'."),
        (".", "segment '.' is removed from URLs by clients. Give another text."),
        ("..", "segment '..' is removed from URLs by clients. Give another text."),
        (
            "a/b",
            "segment 'a/b' holds '/', which one path segment cannot. Leave it out, or use folders for a longer path.",
        ),
        (
            "a\\b",
            "segment 'a\\\\b' holds '\\\\', which one path segment cannot. Leave it out, or use folders for a longer "
            "path.",
        ),
        (
            "a?b",
            "segment 'a?b' holds '?', which one path segment cannot. Leave it out, or use folders for a longer path.",
        ),
        (
            "a#b",
            "segment 'a#b' holds '#', which one path segment cannot. Leave it out, or use folders for a longer path.",
        ),
        (
            "a\nb",
            "segment 'a\\nb' holds '\\n', which one path segment cannot. Leave it out, or use folders for a longer "
            "path.",
        ),
        (
            "a\udc80",
            "segment 'a\\udc80' holds '\\udc80', which one path segment cannot. Leave it out, or use folders for a "
            "longer path.",
        ),
    ],
)
def test_a_segment_that_no_url_path_can_hold_is_refused(text: str, message: str) -> None:
    with pytest.raises(PatternError) as caught:
        static_segment(text)
    assert str(caught.value) == message


def test_a_name_outside_ascii_is_encoded_composed() -> None:
    """A file system may hand out `é` as two characters; clients send one."""
    assert parse_name("donne\u0301es") == _static("donn%C3%A9es")


def test_a_parameter_is_named_as_python_reads_the_identifier() -> None:
    """Python takes the ligature in `ﬁle` for `fi`, in a model's field as well."""
    assert parse_name("_ﬁle_") == _dynamic("file")


@pytest.mark.parametrize(
    ("file", "template"),
    [
        ("index.py", "/"),
        ("api/index.py", "/api"),
        ("api/users/index.py", "/api/users"),
        ("api/users/me.py", "/api/users/me"),
        ("api/users/_id_.py", "/api/users/{id}"),
        ("api/_team_/members/_id_.py", "/api/{team}/members/{id}"),
        ("api/_team_/index.py", "/api/{team}"),
        ("api/files/_path__.py", "/api/files/{path}"),
        ("api/docs/_path___.py", "/api/docs/{path}"),
        ("api/index/index.py", "/api/index"),
    ],
)
def test_a_path_of_a_file_is_a_url(file: str, template: str) -> None:
    """Row 132: `api/a/index` is `/api/a`; a folder named `index` is `/index` all the same."""
    pattern = parse_path(file)
    assert pattern is not None
    assert pattern.template == template


@pytest.mark.parametrize(
    "file", ["api/_helpers.py", "api/_private/users.py", "api/__init__.py", "api/test_x.py", "api/x.pyc", "api/x.txt"]
)
def test_a_path_with_a_private_part_is_no_route(file: str) -> None:
    assert parse_path(file) is None


def test_an_error_in_a_path_names_the_path_down_to_the_bad_part() -> None:
    with pytest.raises(PatternError) as caught:
        parse_path("api/[team]/x.py")
    assert str(caught.value) == (
        "'api/[team]/' has brackets in its name, which no Python import can spell. Rename it to '_team_/'; "
        "'typed-api check --rename-brackets' renames a whole tree."
    )


def test_the_parameters_of_a_pattern_come_from_left_to_right_with_their_kinds() -> None:
    pattern = Pattern((_static("api"), _dynamic("team"), _static("x"), _optional("path")))
    assert list(pattern.params.items()) == [
        ("team", SegmentKind.DYNAMIC),
        ("path", SegmentKind.OPTIONAL_CATCH_ALL),
    ]


def test_only_a_pattern_without_parameters_is_static() -> None:
    assert [Pattern().is_static, Pattern((_static("a"),)).is_static, Pattern((_dynamic("a"),)).is_static] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "files",
    [
        ["api/users/index.py", "api/users/_id_.py", "api/users/me.py"],
        ["api/x/_a_.py", "api/x/_b__.py"],
        ["api/x/_a_.py", "api/x/_b___.py"],
        ["api/x/_id_.py", "api/y/_slug_.py"],
        ["api/_team_/x.py", "api/_team_/y.py", "api/_team_/_id_.py"],
        ["api/x/index.py", "api/x/_path__.py"],
        ["api/x/_path__/index.py"],
        ["index.py", "api/index.py"],
        # The reference refuses parameters that differ by non-word characters alone (row 152); identifiers have none.
        ["api/_helloworld_/_hello_world_.py"],
    ],
)
def test_routes_that_can_live_together_do(files: list[str]) -> None:
    """Row 161: one segment beside a catch-all is allowed, under any names."""
    assert find_conflicts(_read(*files)) == []


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            ["a/_id_.py", "a/_slug_.py"],
            "'a/_id_.py' and 'a/_slug_.py' name one segment differently: '/a/{id}' and '/a/{slug}'. Rename one: a "
            "folder has one dynamic name.",
        ),
        (
            ["a/_id_.py", "a/_slug_/x.py"],
            "'a/_id_.py' and 'a/_slug_/x.py' name one segment differently: '/a/{id}' and '/a/{slug}'. Rename one: a "
            "folder has one dynamic name.",
        ),
        (
            ["_id_/x.py", "_slug_/y.py"],
            "'_id_/x.py' and '_slug_/y.py' name one segment differently: '/{id}' and '/{slug}'. Rename one: a folder "
            "has one dynamic name.",
        ),
        (
            ["a/_id_/_id_.py"],
            "'a/_id_/_id_.py' has the parameter 'id' more than once in '/a/{id}/{id}'. Rename one of the two.",
        ),
        (
            ["a/_id_/x/_id__.py"],
            "'a/_id_/x/_id__.py' has the parameter 'id' more than once in '/a/{id}/x/{id}'. Rename one of the two.",
        ),
        (
            ["_a__/b.py"],
            "'_a__/b.py' is below the catch-all '_a__', which takes the rest of the URL and so must come last. Rename "
            "the folder to '_a_' for one segment, or move the file out of it.",
        ),
        (
            ["_a__/_b__.py"],
            "'_a__/_b__.py' is below the catch-all '_a__', which takes the rest of the URL and so must come last. "
            "Rename the folder to '_a_' for one segment, or move the file out of it.",
        ),
        (
            ["a/_x__.py", "a/_x___.py"],
            "'a/_x__.py' and 'a/_x___.py' are both catch-alls of '/a'. Keep one: the optional one matches all that the "
            "other does.",
        ),
        (
            ["a/_y___.py", "a/_x__.py"],
            "'a/_y___.py' and 'a/_x__.py' are both catch-alls of '/a'. Keep one: the optional one matches all that the "
            "other does.",
        ),
        (["_x__.py", "_y__.py"], "'_x__.py' and '_y__.py' are both catch-alls of '/'. Keep one."),
        (
            ["x/index.py", "x/_s___.py"],
            "'x/index.py' and 'x/_s___.py' both serve '/x'. Remove the first, or rename the second to '_s__', which "
            "needs one segment or more.",
        ),
        (
            ["x/_s___.py", "x.py"],
            "'x.py' and 'x/_s___.py' both serve '/x'. Remove the first, or rename the second to '_s__', which needs "
            "one segment or more.",
        ),
        (
            ["_s___.py", "index.py"],
            "'index.py' and '_s___.py' both serve '/'. Remove the first, or rename the second to '_s__', which needs "
            "one segment or more.",
        ),
        (
            ["x.py", "x/index.py"],
            "'x.py' and 'x/index.py' both serve '/x'. Remove one, or give it another name or segment.",
        ),
    ],
)
def test_a_conflict_names_both_files_and_the_mend(files: list[str], message: str) -> None:
    """Rows 150, 151, 153, 155 to 157: names of one segment, repeated names, catch-alls and their roots."""
    assert find_conflicts(_read(*files)) == [message]


def test_two_modules_made_equal_by_a_segment_conflict() -> None:
    entries = [("a.py", Pattern((static_segment("feed.xml"),))), ("b.py", Pattern((static_segment("feed.xml"),)))]
    assert find_conflicts(entries) == [
        "'a.py' and 'b.py' both serve '/feed.xml'. Remove one, or give it another name or segment."
    ]


def test_folders_made_equal_by_a_segment_share_one_dynamic_name() -> None:
    entries = [
        ("a/_id_.py", Pattern((_static("x"), _dynamic("id")))),
        ("b/_slug_.py", Pattern((_static("x"), _dynamic("slug")))),
    ]
    assert find_conflicts(entries) == [
        "'a/_id_.py' and 'b/_slug_.py' name one segment differently: '/x/{id}' and '/x/{slug}'. Rename one: a folder "
        "has one dynamic name."
    ]


def test_each_dynamic_name_too_many_is_told_once_however_many_files_are_below_it() -> None:
    files = ["_id_/a.py", "_id_/b.py", "_slug_/a.py", "_slug_/b.py", "_name_/c.py"]
    assert find_conflicts(_read(*files)) == [
        "'_id_/a.py' and '_slug_/a.py' name one segment differently: '/{id}' and '/{slug}'. Rename one: a folder has "
        "one dynamic name.",
        "'_id_/a.py' and '_name_/c.py' name one segment differently: '/{id}' and '/{name}'. Rename one: a folder has "
        "one dynamic name.",
    ]
