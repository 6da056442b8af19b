"""Settings of routes and of projects: what is accepted, what is refused, and what wins."""

from pathlib import Path

import pytest

from typed_api.config import (
    METHODS,
    UNSET,
    Guard,
    ResolvedConfig,
    RouteConfig,
    Settings,
    environment,
    format_size,
    load_settings,
    parse_size,
    resolve,
)
from typed_api.errors import ConfigError

DEFAULTS = ResolvedConfig(
    limit_bytes=1_048_576,
    body_limit_text="1mb",
    parse_body=True,
    coerce=False,
    response_limit_bytes=4_194_304,
    threaded=True,
    recheck_responses=None,
    etag=True,
    before=(),
    tags=None,
    deprecated=False,
    include_in_schema=True,
    operation_id=None,
    methods=None,
)


def first_guard(req: object) -> None: ...


async def second_guard(req: object) -> None: ...


def third_guard(req: object) -> None: ...


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (10, 10),
        ("10", 10),
        ("10b", 10),
        ("500kb", 512_000),
        ("1mb", 1_048_576),
        ("1MB", 1_048_576),
        ("1 mb", 1_048_576),
        ("  2Kb ", 2048),
        ("1.5mb", 1_572_864),
        ("1.7b", 1),
        ("0.1gb", 107_374_182),
        ("1gb", 1 << 30),
        ("1tb", 1 << 40),
        ("1pb", 1 << 50),
    ],
)
def test_a_size_is_bytes_or_a_string_with_a_binary_unit(value: int | str, size: int) -> None:
    """Rows 110, 111 and 114: units are binary and of any case, decimals are floored, a bare number is bytes."""
    assert parse_size(value) == size


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("3 apples", "Size limit '3 apples' has no known unit. Use b, kb, mb or gb, for example '1mb'."),
        ("1kib", "Size limit '1kib' has no known unit. Use b, kb, mb or gb, for example '1mb'."),
        ("5m", "Size limit '5m' has no known unit. Use b, kb, mb or gb, for example '1mb'."),
        ("abc", "Size limit 'abc' is no size. Use a number of bytes, or a string such as '1mb'."),
        ("", "Size limit '' is no size. Use a number of bytes, or a string such as '1mb'."),
        ("1.2.3mb", "Size limit '1.2.3mb' is no size. Use a number of bytes, or a string such as '1mb'."),
        ("1 mb 2", "Size limit '1 mb 2' is no size. Use a number of bytes, or a string such as '1mb'."),
        ("٣mb", "Size limit '٣mb' is no size. Use a number of bytes, or a string such as '1mb'."),
        ("-1mb", "Size limit '-1mb' is less than one byte. Use a number of bytes, or a string such as '1mb'."),
        ("0mb", "Size limit '0mb' is less than one byte. Use a number of bytes, or a string such as '1mb'."),
        ("0.5", "Size limit '0.5' is less than one byte. Use a number of bytes, or a string such as '1mb'."),
        (0, "Size limit 0 is less than one byte. Use a number of bytes, or a string such as '1mb'."),
        (-5, "Size limit -5 is less than one byte. Use a number of bytes, or a string such as '1mb'."),
        (True, "Size limit True is no size. Use a number of bytes, or a string such as '1mb'."),
        (1.5, "Size limit 1.5 is no size. Use a number of bytes, or a string such as '1mb'."),
        (None, "Size limit None is no size. Use a number of bytes, or a string such as '1mb'."),
    ],
)
def test_what_is_no_size_above_zero_is_refused(value: int | str, message: str) -> None:
    """Rows 112 and 113 of the reference take 0 and junk as the default and as no limit; here both are refused."""
    with pytest.raises(ConfigError) as caught:
        parse_size(value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (1, "1B"),
        (100, "100B"),
        (1023, "1023B"),
        (1024, "1KB"),
        (1536, "1.5KB"),
        (1_572_864, "1.5MB"),
        (1_310_720, "1.25MB"),
        (4_194_304, "4MB"),
        (4_194_305, "4MB"),
        (10_485_760, "10MB"),
        (1 << 40, "1TB"),
        (1 << 60, "1024PB"),
    ],
)
def test_a_size_is_written_with_the_largest_unit_that_it_fills(size: int, text: str) -> None:
    """Row 115: a limit is printed as `5MB` or `100B`."""
    assert format_size(size) == text


def test_nothing_configured_is_the_documented_defaults() -> None:
    assert resolve((), "GET") == DEFAULTS
    assert resolve((RouteConfig(), RouteConfig()), "GET") == DEFAULTS


def test_a_route_can_set_everything() -> None:
    config = RouteConfig(
        body_limit="500kb",
        parse_body=False,
        coerce=True,
        response_limit=None,
        threaded=False,
        recheck_responses=True,
        etag=False,
        segment="feed.xml",
        methods=["POST", "GET"],
        before=[first_guard, second_guard],
        tags=["users"],
        deprecated=True,
        include_in_schema=False,
        operation_id="list_users",
    )
    assert resolve((config,), "GET") == ResolvedConfig(
        limit_bytes=512_000,
        body_limit_text="500kb",
        parse_body=False,
        coerce=True,
        response_limit_bytes=None,
        threaded=False,
        recheck_responses=True,
        etag=False,
        before=(first_guard, second_guard),
        tags=("users",),
        deprecated=True,
        include_in_schema=False,
        operation_id="list_users",
        methods=("GET", "POST"),
    )


def test_a_limit_in_bytes_is_told_as_its_number() -> None:
    """Row 111: a limit of 10 bytes is told as `Body exceeded 10 limit`."""
    assert resolve((RouteConfig(body_limit=10),), "POST").body_limit_text == "10"


def test_the_nearest_setting_wins_field_by_field() -> None:
    folder = RouteConfig(body_limit="2mb", etag=False, tags=["outer"])
    module = RouteConfig(body_limit="3mb", tags=["inner"])
    resolved = resolve((folder, module), "GET")
    assert (resolved.body_limit_text, resolved.etag, resolved.tags) == ("3mb", False, ("inner",))


def test_a_nearer_setting_can_take_back_an_outer_one() -> None:
    folder = RouteConfig(
        tags=["outer"], recheck_responses=True, operation_id="x", response_limit="1kb", parse_body=False
    )
    module = RouteConfig(tags=None, recheck_responses=None, operation_id=None, response_limit=None, parse_body=True)
    resolved = resolve((folder, module), "GET")
    assert (
        resolved.tags,
        resolved.recheck_responses,
        resolved.operation_id,
        resolved.response_limit_bytes,
        resolved.parse_body,
    ) == (None, None, None, None, True)


def test_guards_add_up_the_outermost_first() -> None:
    outer = RouteConfig(before=first_guard, get=RouteConfig(before=second_guard))
    inner = RouteConfig(before=[third_guard])
    assert resolve((outer, inner), "GET").before == (first_guard, second_guard, third_guard)


def test_a_guard_of_one_method_does_not_guard_another() -> None:
    config = RouteConfig(before=first_guard, get=RouteConfig(before=second_guard))
    assert resolve((config,), "POST").before == (first_guard,)


def test_what_a_config_says_of_a_method_is_nearer_than_what_it_says_of_all() -> None:
    config = RouteConfig(body_limit="1kb", post=RouteConfig(body_limit="2kb"))
    assert [resolve((config,), method).body_limit_text for method in ("GET", "POST")] == ["1kb", "2kb"]


def test_a_module_wins_over_what_a_folder_says_of_a_method() -> None:
    folder = RouteConfig(post=RouteConfig(body_limit="2kb"))
    module = RouteConfig(body_limit="1kb")
    assert resolve((folder, module), "POST").body_limit_text == "1kb"


@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_have_settings_of_its_own(method: str) -> None:
    config = RouteConfig(**{method.lower(): RouteConfig(operation_id="own")})  # type: ignore[arg-type]
    having = [name for name in METHODS if resolve((config,), name).operation_id == "own"]
    assert having == [method]


def test_the_app_says_whether_to_coerce_unless_the_route_does() -> None:
    assert [
        resolve((), "POST", coerce=True).coerce,
        resolve((RouteConfig(coerce=False),), "POST", coerce=True).coerce,
        resolve((RouteConfig(coerce=True),), "POST").coerce,
    ] == [True, False, True]


def test_a_segment_is_not_handed_down() -> None:
    assert resolve((RouteConfig(segment="feed.xml"),), "GET") == DEFAULTS


def test_methods_come_in_one_order_whatever_they_are_given_in() -> None:
    config = RouteConfig(methods={"OPTIONS", "get", "Delete", "HEAD"})
    assert config.methods == ("GET", "HEAD", "DELETE", "OPTIONS")


def test_a_config_shows_what_was_given() -> None:
    config = RouteConfig(body_limit="1mb", tags=["a"], get=RouteConfig(etag=False))
    assert repr(config) == "RouteConfig(body_limit='1mb', tags=('a',), get=RouteConfig(etag=False))"


def test_a_config_cannot_be_changed() -> None:
    config = RouteConfig()
    with pytest.raises(AttributeError):
        config.etag = False  # type: ignore[misc]
    assert config.etag is UNSET


def test_guards_given_in_a_list_cannot_be_changed_behind_the_config() -> None:
    guards: list[Guard] = [first_guard]
    config = RouteConfig(before=guards)
    guards.clear()
    assert resolve((config,), "GET").before == (first_guard,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"body_limit": "3 apples"},
            "Size limit '3 apples' has no known unit. Use b, kb, mb or gb, for example '1mb'.",
        ),
        ({"body_limit": None}, "Size limit None is no size. Use a number of bytes, or a string such as '1mb'."),
        (
            {"response_limit": 0},
            "Size limit 0 is less than one byte. Use a number of bytes, or a string such as '1mb'.",
        ),
        (
            {"response_limit": False},
            "RouteConfig(response_limit=False) is no size. Use None to switch the warning off.",
        ),
        ({"threaded": "no"}, "RouteConfig(threaded='no') has a value of the wrong type. Use True or False."),
        ({"parse_body": None}, "RouteConfig(parse_body=None) has a value of the wrong type. Use True or False."),
        ({"coerce": 1}, "RouteConfig(coerce=1) has a value of the wrong type. Use True or False."),
        ({"etag": 0}, "RouteConfig(etag=0) has a value of the wrong type. Use True or False."),
        ({"deprecated": "x"}, "RouteConfig(deprecated='x') has a value of the wrong type. Use True or False."),
        (
            {"include_in_schema": "x"},
            "RouteConfig(include_in_schema='x') has a value of the wrong type. Use True or False.",
        ),
        (
            {"recheck_responses": "x"},
            "RouteConfig(recheck_responses='x') has a value of the wrong type. Use True, False or None.",
        ),
        (
            {"segment": 5},
            "RouteConfig(segment=5) has a value of the wrong type. Use a string such as 'feed.xml'.",
        ),
        (
            {"operation_id": 5},
            "RouteConfig(operation_id=5) has a value of the wrong type. Use a string such as 'list_users'.",
        ),
        (
            {"operation_id": ""},
            "RouteConfig(operation_id='') is empty. Give an id such as 'list_users', or leave it out.",
        ),
        (
            {"methods": []},
            "RouteConfig(methods=...) is empty, so that nothing could be served. Name one method or more.",
        ),
        (
            {"methods": "GET"},
            "RouteConfig(methods='GET') is no list of strings. Use for example methods=['GET', 'POST'].",
        ),
        (
            {"methods": ["GET", "TRACE", "BREW"]},
            "RouteConfig(methods=...) has 'BREW', which is no method that a route serves. Use some of GET, HEAD, POST, "
            "PUT, PATCH, DELETE, OPTIONS.",
        ),
        (
            {"methods": [5]},
            "RouteConfig(methods=...) has 5, which is no string. Use for example ['GET', 'POST'].",
        ),
        ({"tags": "users"}, "RouteConfig(tags='users') is no list of strings. Use for example tags=['users']."),
        ({"tags": [5]}, "RouteConfig(tags=...) has 5, which is no string. Use for example ['users']."),
        ({"before": 5}, "RouteConfig(before=5) is no guard. Use a function, or a list of functions."),
        ({"before": "auth"}, "RouteConfig(before='auth') is no guard. Use a function, or a list of functions."),
        ({"before": ["auth"]}, "RouteConfig(before=...) has 'auth', which is no guard. Use functions alone."),
        (
            {"get": {"etag": False}},
            "RouteConfig(get={'etag': False}) has a value of the wrong type. Use get=RouteConfig(...).",
        ),
        (
            {"get": RouteConfig(segment="x")},
            "RouteConfig(get=RouteConfig(segment=...)) is about more than one method. Give segment to the outer "
            "RouteConfig.",
        ),
        (
            {"post": RouteConfig(methods=["POST"])},
            "RouteConfig(post=RouteConfig(methods=...)) is about more than one method. Give methods to the outer "
            "RouteConfig.",
        ),
        (
            {"post": RouteConfig(get=RouteConfig())},
            "RouteConfig(post=RouteConfig(get=...)) is about more than one method. Give get to the outer RouteConfig.",
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_where_it_is_written(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RouteConfig(**arguments)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_a_misspelt_setting_is_refused() -> None:
    with pytest.raises(TypeError):
        RouteConfig(body_limt="1mb")  # type: ignore[call-arg]


def _write(folder: Path, text: str) -> Path:
    file = folder / "pyproject.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_project_without_a_file_has_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {}) == Settings(pages="pages")


def test_a_file_without_our_table_has_the_defaults(tmp_path: Path) -> None:
    _write(tmp_path, '[project]\nname = "x"\n[tool.ruff]\nline-length = 120\n')
    assert load_settings(tmp_path, {}) == Settings()


def test_a_project_can_set_everything_in_the_file(tmp_path: Path) -> None:
    _write(
        tmp_path,
        """
        [tool.typed_api]
        pages = "routes"
        app = "main:app"
        title = "Users"
        version = "1.0"
        description = "All users."
        docs_url = "/internal"
        openapi_url = "/internal.json"
        openapi_file = "docs/openapi.json"
        debug = true
        coerce = true
        recheck_responses = false
        word_separator = "-"
        host = "0.0.0.0"
        port = 8080
        """,
    )
    assert load_settings(tmp_path, {}) == Settings(
        pages="routes",
        app="main:app",
        title="Users",
        version="1.0",
        description="All users.",
        docs_url="/internal",
        openapi_url="/internal.json",
        openapi_file="docs/openapi.json",
        debug=True,
        coerce=True,
        recheck_responses=False,
        word_separator="-",
        host="0.0.0.0",
        port=8080,
    )


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    _write(tmp_path, '[tool.typed_api]\npages = "a"\ntitle = "A"\ndebug = true\ncoerce = false\nhost = "a"\nport = 1\n')
    environ = {
        "TYPED_API_PAGES": "b",
        "TYPED_API_APP": "b:app",
        "TYPED_API_TITLE": "B",
        "TYPED_API_VERSION": "2",
        "TYPED_API_DEBUG": "0",
        "TYPED_API_COERCE": "yes",
        "TYPED_API_RECHECK_RESPONSES": "False",
        "TYPED_API_WORD_SEPARATOR": "-",
        "HOST": "b",
        "PORT": "2",
        "WEB_CONCURRENCY": "3",
    }
    assert load_settings(tmp_path, environ) == Settings(
        pages="b",
        app="b:app",
        title="B",
        version="2",
        debug=False,
        coerce=True,
        recheck_responses=False,
        word_separator="-",
        host="b",
        port=2,
        workers=3,
    )


@pytest.mark.parametrize("word", ["false", "off", "0", " No "])
def test_docs_and_document_can_be_switched_off(tmp_path: Path, word: str) -> None:
    _write(tmp_path, "[tool.typed_api]\ndocs_url = false\nopenapi_url = false\n")
    off = Settings(docs_url=False, openapi_url=False)
    assert load_settings(tmp_path, {}) == off
    _write(tmp_path, "")
    assert load_settings(tmp_path, {"TYPED_API_DOCS_URL": word, "TYPED_API_OPENAPI_URL": word}) == off


def test_our_own_host_and_port_beat_the_general_ones(tmp_path: Path) -> None:
    environ = {"HOST": "a", "PORT": "1", "TYPED_API_HOST": "b", "TYPED_API_PORT": "2"}
    assert load_settings(tmp_path, environ) == Settings(host="b", port=2)


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    _write(tmp_path, "[tool.typed_api]\nport = 1\n")
    assert load_settings(tmp_path, {"PORT": "", "TYPED_API_TITLE": "", "WEB_CONCURRENCY": ""}) == Settings(port=1)


def test_a_table_under_the_name_of_the_command_is_a_warning(tmp_path: Path) -> None:
    file = _write(tmp_path, "[tool.typed-api]\nport = 1\n")
    assert load_settings(tmp_path, {}) == Settings(
        warnings=(f"{file}: [tool.typed-api] is not read. Write [tool.typed_api], as the import is spelled.",)
    )


def test_an_unknown_key_is_a_warning_with_the_key_that_was_meant(tmp_path: Path) -> None:
    file = _write(tmp_path, '[tool.typed_api]\npage = "routes"\nxyzzy = 1\n')
    assert load_settings(tmp_path, {}) == Settings(
        warnings=(
            f"{file}: [tool.typed_api] has an unknown key 'page'. Did you mean 'pages'?",
            f"{file}: [tool.typed_api] has an unknown key 'xyzzy'. Known are pages, app, title, version, "
            "description, docs_url, openapi_url, openapi_file, word_separator, host, debug, coerce, recheck_responses, "
            "port.",
        )
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("pages = 5", "[tool.typed_api] pages = 5 cannot be used. Use a string in quotes."),
        ("title = true", "[tool.typed_api] title = True cannot be used. Use a string in quotes."),
        (
            "docs_url = true",
            "[tool.typed_api] docs_url = True cannot be used. Use a string in quotes, or false for none.",
        ),
        ('debug = "yes"', "[tool.typed_api] debug = 'yes' cannot be used. Use true or false."),
        ("coerce = 1", "[tool.typed_api] coerce = 1 cannot be used. Use true or false."),
        ('port = "80"', "[tool.typed_api] port = '80' cannot be used. Use a whole number from 0 to 65535."),
        ("port = 65536", "[tool.typed_api] port = 65536 cannot be used. Use a whole number from 0 to 65535."),
        ("port = true", "[tool.typed_api] port = True cannot be used. Use a whole number from 0 to 65535."),
    ],
)
def test_a_value_of_the_wrong_type_names_file_key_and_value(tmp_path: Path, line: str, message: str) -> None:
    file = _write(tmp_path, f"[tool.typed_api]\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path, {})
    assert str(caught.value) == f"{file}: {message}"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("TYPED_API_DEBUG", "maybe", "TYPED_API_DEBUG='maybe' cannot be used. Use 1 or 0, true or false."),
        ("PORT", "http", "PORT = 'http' cannot be used. Use a whole number from 0 to 65535."),
        ("PORT", "-1", "PORT = '-1' cannot be used. Use a whole number from 0 to 65535."),
        ("TYPED_API_PORT", "99999", "TYPED_API_PORT = 99999 cannot be used. Use a whole number from 0 to 65535."),
        ("WEB_CONCURRENCY", "0", "WEB_CONCURRENCY = 0 cannot be used. Use a whole number from 1 to 10000."),
        ("WEB_CONCURRENCY", "two", "WEB_CONCURRENCY = 'two' cannot be used. Use a whole number from 1 to 10000."),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path, {name: text})
    assert str(caught.value) == message


def test_a_malformed_file_is_named_with_the_place(tmp_path: Path) -> None:
    file = _write(tmp_path, "[tool.typed_api]\npages = \n")
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path, {})
    assert str(caught.value) == f"{file} is not valid TOML: Invalid value (at line 2, column 9)."


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_bytes(b"# caf\xe9\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path, {})
    assert str(caught.value) == f"{file} is no UTF-8 text (at byte 5), as TOML must be."


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.mkdir()
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path, {})
    assert str(caught.value) == f"{file} cannot be read: Is a directory."


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    file = _write(tmp_path, "[tool]\ntyped_api = 5\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path, {})
    assert str(caught.value) == (
        f"{file}: tool.typed_api = 5 is no table. Write its keys below a line [tool.typed_api]."
    )


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, "production"),
        ({"TYPED_API_ENV": ""}, "production"),
        ({"TYPED_API_ENV": "production"}, "production"),
        ({"TYPED_API_ENV": "development"}, "development"),
    ],
)
def test_the_environment_is_production_unless_it_says_otherwise(environ: dict[str, str], found: str) -> None:
    assert environment(environ) == found


def test_an_unknown_environment_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        environment({"TYPED_API_ENV": "dev"})
    assert str(caught.value) == "TYPED_API_ENV='dev' is no known environment. Use 'development' or 'production'."


def needs_two(req: object, res: object) -> None: ...


def test_guard_that_takes_more_than_the_request_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        RouteConfig(before=needs_two)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert str(caught.value) == (
        f"RouteConfig(before=...) has {needs_two!r}, which cannot be called with the request alone. A guard is written "
        "guard(req: ApiRequest[object, object]) -> None."
    )
