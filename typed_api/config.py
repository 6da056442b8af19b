"""Settings: of one route (`RouteConfig`), of everything below a folder, and of a project (`pyproject.toml`).

Owns the defaults, the checks of values and the order in which settings win. Pure: nothing here knows ASGI or pydantic.
"""

import enum
import functools
import inspect
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast

from typing_extensions import override

from typed_api.errors import ConfigError

__all__ = [
    "DEFAULT_BODY_LIMIT",
    "DEFAULT_RESPONSE_LIMIT",
    "METHODS",
    "UNSET",
    "Guard",
    "ResolvedConfig",
    "RouteConfig",
    "Settings",
    "Unset",
    "environment",
    "format_size",
    "load_settings",
    "parse_size",
    "resolve",
]

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""What a route can serve; a `handler` serves all of them unless `RouteConfig(methods=...)` says otherwise."""

DEFAULT_BODY_LIMIT: Final[int | str] = "1mb"
DEFAULT_RESPONSE_LIMIT: Final[int | str | None] = "4mb"

# Any, not ApiRequest: the request is a floor above this module, and a parameter of type Any takes a guard written for
# `ApiRequest[object, object]` as well as one for any other request type, while its arity and result are still checked.
Guard: TypeAlias = Callable[[Any], Awaitable[None] | None]
"""Runs before the body is read; refuses the request by raising `ApiError`."""

T = TypeVar("T")


class Unset(enum.Enum):
    """The type of `UNSET`."""

    UNSET = "UNSET"


UNSET: Final = Unset.UNSET
"""What a setting is that nobody gave, so that the next one outwards holds; None is a value for some."""


_UNITS: Final = {"": 1, "b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40, "pb": 1 << 50}
_SIZE: Final = re.compile(r"\s*(-?)([0-9]{1,20}(?:\.[0-9]{1,20})?)\s*([^\s0-9.-]\S*|)\s*")


def parse_size(value: int | str) -> int:
    """Read a size limit.

    Args:
        value: A number of bytes, or a string such as `1mb`, `1.5 MB`, `500kb`, `10`. Units are binary (`1kb` is 1024
            bytes) and of any case; what is left of a byte is cut off.

    Returns:
        The limit in bytes, at least 1.

    Raises:
        ConfigError: If it is no size, or none above zero.
    """
    example = "Use a number of bytes, or a string such as '1mb'."
    given = cast("object", value)
    if isinstance(given, bool) or not isinstance(given, (int, str)):
        raise ConfigError(f"Size limit {value!r} is no size. {example}")
    if isinstance(value, str):
        found = _SIZE.fullmatch(value)
        if found is None:
            raise ConfigError(f"Size limit {value!r} is no size. {example}")
        sign, number, unit = found.groups()
        if unit.lower() not in _UNITS:
            raise ConfigError(f"Size limit {value!r} has no known unit. Use b, kb, mb or gb, for example '1mb'.")
        # Fraction: a float would round 0.1 gb down or up as it likes.
        limit_bytes = 0 if sign else int(Fraction(number) * _UNITS[unit.lower()])
    else:
        limit_bytes = value
    if limit_bytes < 1:
        raise ConfigError(f"Size limit {value!r} is less than one byte. {example}")
    return limit_bytes


def format_size(size_bytes: int) -> str:
    """Write a size with the largest unit that it fills: `100B`, `1.5MB`, `4MB`; at most two decimals."""
    unit, factor = max(
        ((unit, factor) for unit, factor in _UNITS.items() if unit and factor <= max(size_bytes, 1)),
        key=lambda item: item[1],
    )
    number = f"{size_bytes / factor:.2f}".rstrip("0").rstrip(".")
    return number + unit.upper()


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class RouteConfig:
    """Settings of a route, as `config = RouteConfig(...)` in its module, or in a folder's `__init__.py` for all below.

    What is not given is inherited: the nearest setting wins, guards add up.

    Raises:
        ConfigError: When made, if a value cannot be used.
    """

    body_limit: int | str | Unset = UNSET
    """The most bytes that a request body may have, the whole form counted: a number or `1mb`; 1mb unless given."""
    parse_body: bool | Unset = UNSET
    """Whether the body is read and parsed before the handler runs; True unless given."""
    coerce: bool | Unset = UNSET
    """Whether a JSON body is validated by pydantic's lax rules; the app's setting unless given."""
    response_limit: int | str | Unset | None = UNSET
    """The bytes from which an answer is logged as too large; None is never; 4mb unless given."""
    threaded: bool | Unset = UNSET
    """Whether a plain `def` handler runs in a worker thread; True unless given."""
    recheck_responses: bool | Unset | None = UNSET
    """Whether instances of models are validated again when answered; None is the app's setting. False also keeps the
    route's answers from being held against the document in development."""
    etag: bool | Unset = UNSET
    """Whether answers to GET and HEAD get an `ETag`; True unless given."""
    segment: str | Unset | None = UNSET
    """The text of the file's or folder's URL segment, where it can be no identifier: `feed.xml`. Not inherited."""
    methods: Collection[str] | Unset | None = UNSET
    """The methods that a `handler` serves; all seven unless given."""
    before: Guard | Sequence[Guard] | Unset = UNSET
    """One guard or several; they run after those of the folders further out."""
    tags: Collection[str] | Unset | None = UNSET
    """The tags in the OpenAPI document; None is by the first folder."""
    deprecated: bool | Unset = UNSET
    """Whether the OpenAPI document calls the operation deprecated; False unless given."""
    include_in_schema: bool | Unset = UNSET
    """Whether the OpenAPI document has the operation; True unless given."""
    operation_id: str | Unset | None = UNSET
    """The operation's id in the OpenAPI document; None is by the route."""
    security: Sequence[Mapping[str, Sequence[str]]] | Unset | None = UNSET
    """What the OpenAPI document says a client must show, such as `[{"bearer": []}]`, one of the entries being enough.

    An empty list says that nothing is needed; None is the app's setting. It only documents: guards are what refuses.
    """
    get: "RouteConfig | Unset" = UNSET
    """What differs for GET."""
    post: "RouteConfig | Unset" = UNSET
    """What differs for POST."""
    put: "RouteConfig | Unset" = UNSET
    """What differs for PUT."""
    patch: "RouteConfig | Unset" = UNSET
    """What differs for PATCH."""
    delete: "RouteConfig | Unset" = UNSET
    """What differs for DELETE."""
    head: "RouteConfig | Unset" = UNSET
    """What differs for HEAD."""
    options: "RouteConfig | Unset" = UNSET
    """What differs for OPTIONS."""

    def __post_init__(self) -> None:
        if self.body_limit is not UNSET:
            parse_size(self.body_limit)
        if self.response_limit is not UNSET and self.response_limit is not None:
            if self.response_limit is False:
                raise ConfigError("RouteConfig(response_limit=False) is no size. Use None to switch the warning off.")
            parse_size(self.response_limit)
        for name in ("parse_body", "coerce", "threaded", "etag", "deprecated", "include_in_schema"):
            self._check(name, bool, "True or False")
        self._check("recheck_responses", (bool, type(None)), "True, False or None")
        self._check("segment", (str, type(None)), "a string such as 'feed.xml'")
        self._check("operation_id", (str, type(None)), "a string such as 'list_users'")
        if self.operation_id == "":
            raise ConfigError(
                "RouteConfig(operation_id='') is empty. Give an id such as 'list_users', or leave it out."
            )
        if self.methods is not UNSET and self.methods is not None:
            object.__setattr__(self, "methods", _check_methods(self.methods))
        if self.tags is not UNSET and self.tags is not None:
            object.__setattr__(self, "tags", _check_strings("tags", self.tags, "['users']"))
        if self.before is not UNSET:
            object.__setattr__(self, "before", _check_guards(self.before))
        if self.security is not UNSET and self.security is not None:
            object.__setattr__(self, "security", _check_security(self.security))
        for method in METHODS:
            self._check_method_config(method.lower())

    @override
    def __repr__(self) -> str:
        given = ((field.name, getattr(self, field.name)) for field in fields(self))
        return f"RouteConfig({', '.join(f'{name}={value!r}' for name, value in given if value is not UNSET)})"

    def _check(self, name: str, types: type | tuple[type, ...], expected: str) -> None:
        value = getattr(self, name)
        if value is not UNSET and not isinstance(value, types):
            raise ConfigError(f"RouteConfig({name}={value!r}) has a value of the wrong type. Use {expected}.")

    def _check_method_config(self, name: str) -> None:
        config = getattr(self, name)
        if config is UNSET:
            return
        if not isinstance(config, RouteConfig):
            raise ConfigError(
                f"RouteConfig({name}={config!r}) has a value of the wrong type. Use {name}=RouteConfig(...)."
            )
        for inner in ("segment", "methods", *(method.lower() for method in METHODS)):
            if getattr(config, inner) is not UNSET:
                raise ConfigError(
                    f"RouteConfig({name}=RouteConfig({inner}=...)) is about more than one method. Give {inner} to the "
                    "outer RouteConfig."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedConfig:
    """The settings that hold for one method of one route."""

    limit_bytes: int
    """The most bytes that a request body may have."""
    body_limit_text: str
    """The same as it was configured, for the message `Body exceeded 1mb limit`."""
    parse_body: bool
    coerce: bool
    response_limit_bytes: int | None
    """The bytes from which an answer is logged as too large; None means never."""
    threaded: bool
    recheck_responses: bool | None
    """None is the app's setting."""
    etag: bool
    before: tuple[Guard, ...]
    """Guards, the outermost folder's first."""
    tags: tuple[str, ...] | None
    deprecated: bool
    include_in_schema: bool
    operation_id: str | None
    security: tuple[Mapping[str, Sequence[str]], ...] | None = None
    """What the document asks of a client; None is the app's setting."""
    methods: tuple[str, ...] | None
    """The methods that a `handler` serves, in the order of `METHODS`; None means all."""


def resolve(configs: Sequence[RouteConfig], method: str, *, coerce: bool = False) -> ResolvedConfig:
    """Work out the settings of one method of a route.

    Args:
        configs: Those of the folders, the outermost first, then the module's own. What one of them says about the
            method comes right after it: it is nearer than all that is further out.
        method: The method, in upper or lower case.
        coerce: The app's setting.

    Returns:
        The nearest value of each setting, and the guards of all.
    """
    chain: list[RouteConfig] = []
    for config in configs:
        chain.append(config)
        own = getattr(config, method.lower()) if method.upper() in METHODS else UNSET
        if isinstance(own, RouteConfig):
            chain.append(own)
    return _default_config(coerce) if not chain else _merge(chain, coerce)


@functools.cache
def _default_config(coerce: bool) -> ResolvedConfig:
    # Most routes of a large tree say nothing; they share one value, and it is worked out once.
    return _merge([], coerce)


def _merge(chain: Sequence[RouteConfig], coerce: bool) -> ResolvedConfig:
    body_limit: int | str = _nearest((config.body_limit for config in chain), DEFAULT_BODY_LIMIT)
    response_limit = _nearest((config.response_limit for config in chain), DEFAULT_RESPONSE_LIMIT)
    tags = _nearest((config.tags for config in chain), None)
    methods = _nearest((config.methods for config in chain), None)
    security = _nearest((config.security for config in chain), None)
    return ResolvedConfig(
        limit_bytes=parse_size(body_limit),
        body_limit_text=str(body_limit),
        parse_body=_nearest((config.parse_body for config in chain), True),
        coerce=_nearest((config.coerce for config in chain), coerce),
        response_limit_bytes=None if response_limit is None else parse_size(response_limit),
        threaded=_nearest((config.threaded for config in chain), True),
        recheck_responses=_nearest((config.recheck_responses for config in chain), None),
        etag=_nearest((config.etag for config in chain), True),
        before=tuple(guard for config in chain for guard in _guards(config)),
        tags=None if tags is None else tuple(tags),
        deprecated=_nearest((config.deprecated for config in chain), False),
        include_in_schema=_nearest((config.include_in_schema for config in chain), True),
        operation_id=_nearest((config.operation_id for config in chain), None),
        security=None if security is None else tuple(security),
        methods=None if methods is None else tuple(methods),
    )


def _nearest(values: Iterable[T | Unset], default: T) -> T:
    found = default
    for value in values:
        if not isinstance(value, Unset):
            found = value
    return found


def _guards(config: RouteConfig) -> tuple[Guard, ...]:
    # The constructor made a tuple of whatever was given.
    return cast("tuple[Guard, ...]", () if config.before is UNSET else config.before)


def _check_guards(before: object) -> tuple[Guard, ...]:
    guards = (before,) if callable(before) else before
    if not isinstance(guards, Sequence) or isinstance(guards, (str, bytes)):
        raise ConfigError(f"RouteConfig(before={before!r}) is no guard. Use a function, or a list of functions.")
    for guard in cast("Sequence[object]", guards):
        if not callable(guard):
            raise ConfigError(f"RouteConfig(before=...) has {guard!r}, which is no guard. Use functions alone.")
        try:
            inspect.signature(guard).bind(None)
        except TypeError:
            raise ConfigError(
                f"RouteConfig(before=...) has {guard!r}, which cannot be called with the request alone. A guard is "
                "written guard(req: ApiRequest[object, object]) -> None."
            ) from None
        except ValueError:  # A function written in C, perhaps: it says nothing of its parameters.
            continue
    return tuple(cast("Sequence[Guard]", guards))


def _check_methods(methods: object) -> tuple[str, ...]:
    names = {name.upper() for name in _check_strings("methods", methods, "['GET', 'POST']")}
    unknown = sorted(names.difference(METHODS))
    if unknown:
        raise ConfigError(
            f"RouteConfig(methods=...) has {unknown[0]!r}, which is no method that a route serves. Use some of "
            f"{', '.join(METHODS)}."
        )
    if not names:
        raise ConfigError(
            "RouteConfig(methods=...) is empty, so that nothing could be served. Name one method or more."
        )
    # The order of METHODS: a set given by the user would make documents differ between runs.
    return tuple(method for method in METHODS if method in names)


def _check_security(security: object) -> tuple[Mapping[str, Sequence[str]], ...]:
    example = 'Use for example security=[{"bearer": []}].'
    if isinstance(security, (str, bytes, Mapping)) or not isinstance(security, Sequence):
        raise ConfigError(f"RouteConfig(security={security!r}) is no list of requirements. {example}")
    requirements: list[Mapping[str, Sequence[str]]] = []
    for entry in cast("Sequence[object]", security):
        if not isinstance(entry, Mapping):
            raise ConfigError(f"RouteConfig(security=...) has {entry!r}, which is no requirement. {example}")
        requirement: dict[str, Sequence[str]] = {}
        for scheme, scopes in cast("Mapping[object, object]", entry).items():
            if not isinstance(scheme, str):
                raise ConfigError(f"RouteConfig(security=...) has {scheme!r}, which is no name of a scheme. {example}")
            requirement[scheme] = _check_strings(f"security=[{{{scheme!r}: ...}}], scopes", scopes, "['read']")
        requirements.append(requirement)
    return tuple(requirements)


def _check_strings(name: str, values: object, example: str) -> tuple[str, ...]:
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Collection):
        raise ConfigError(f"RouteConfig({name}={values!r}) is no list of strings. Use for example {name}={example}.")
    strings: list[str] = []
    for value in cast("Collection[object]", values):
        if not isinstance(value, str):
            raise ConfigError(f"RouteConfig({name}=...) has {value!r}, which is no string. Use for example {example}.")
        strings.append(value)
    # The order of a set differs from run to run, and the document with it.
    return tuple(sorted(strings) if isinstance(values, AbstractSet) else strings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a project: `[tool.typed_api]` of its `pyproject.toml`, and the environment on top.

    None is what nobody set: the default of the app or of the command holds.
    """

    pages: str = "pages"
    """The root folder or package of the routes."""
    app: str | None = None
    """Where the app object is, as `module:name`; None builds one from `pages`."""
    title: str | None = None
    version: str | None = None
    description: str | None = None
    docs_url: str | Literal[False] | None = None
    """False for no page."""
    openapi_url: str | Literal[False] | None = None
    """False for neither document nor page."""
    openapi_file: str | None = None
    """The committed document; None is `openapi.json`, where there is one."""
    debug: bool | None = None
    coerce: bool | None = None
    recheck_responses: bool | None = None
    word_separator: str | None = None
    host: str | None = None
    port: int | None = None
    workers: int | None = None
    """The number of processes, from `WEB_CONCURRENCY`."""
    warnings: tuple[str, ...] = ()
    """One sentence for each key that the file has and nobody knows."""


_STRINGS: Final = (
    "pages",
    "app",
    "title",
    "version",
    "description",
    "docs_url",
    "openapi_url",
    "openapi_file",
    "word_separator",
    "host",
)
# What may also be switched off.
_URLS: Final = ("docs_url", "openapi_url")
_BOOLS: Final = ("debug", "coerce", "recheck_responses")
_KEYS: Final = (*_STRINGS, *_BOOLS, "port")
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})


def load_settings(folder: Path, environ: Mapping[str, str]) -> Settings:
    """Read the settings of a project.

    Args:
        folder: Where `pyproject.toml` is, if there is one.
        environ: The environment; its `TYPED_API_*` variables, `HOST`, `PORT` and `WEB_CONCURRENCY` beat the file, and
            `TYPED_API_HOST` beats `HOST`. An empty variable counts as not set.

    Returns:
        What is set; unknown keys of the file are in `warnings`.

    Raises:
        ConfigError: If the file cannot be read, or a value has the wrong type.
    """
    # Here, not above: an app that is imported by a server reads no project file, and need not wait for this.
    import difflib

    file = folder / "pyproject.toml"
    values: dict[str, str | int | bool] = {}
    warnings: list[str] = []
    table, misnamed = _read_table(file)
    if misnamed:
        warnings.append(f"{file}: [tool.typed-api] is not read. Write [tool.typed_api], as the import is spelled.")
    for key, value in table.items():
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" Known are {', '.join(_KEYS)}."
            warnings.append(f"{file}: [tool.typed_api] has an unknown key {key!r}.{hint}")
        else:
            values[key] = _check_value(f"{file}: [tool.typed_api] {key} =", key, value)
    for key in _KEYS:
        names = (f"TYPED_API_{key.upper()}", *((key.upper(),) if key in {"host", "port"} else ()))
        for name in names:
            if environ.get(name):
                values[key] = _read_variable(name, key, environ[name])
                break
    if environ.get("WEB_CONCURRENCY"):
        values["workers"] = _read_variable("WEB_CONCURRENCY", "workers", environ["WEB_CONCURRENCY"])
    # Each value was checked for the type of its field.
    return Settings(**cast("dict[str, Any]", values), warnings=tuple(warnings))


def environment(environ: Mapping[str, str]) -> Literal["development", "production"]:
    """Say where the program runs, by `TYPED_API_ENV`; production unless it says otherwise.

    Raises:
        ConfigError: If the variable has another value than the two.
    """
    value = environ.get("TYPED_API_ENV") or "production"
    if value == "development":
        return "development"
    if value == "production":
        return "production"
    raise ConfigError(f"TYPED_API_ENV={value!r} is no known environment. Use 'development' or 'production'.")


def _read_table(file: Path) -> tuple[Mapping[str, object], bool]:
    """Give our table of the file, and whether there is one under the command's spelling."""
    import tomllib

    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}, False
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is no UTF-8 text (at byte {error.start}), as TOML must be.") from error
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    try:
        document: dict[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}.") from error
    tool = document.get("tool")
    tables: Mapping[str, object] = cast("Mapping[str, object]", tool) if isinstance(tool, Mapping) else {}
    table, misnamed = tables.get("typed_api"), "typed-api" in tables
    if table is None:
        return {}, misnamed
    if not isinstance(table, Mapping):
        raise ConfigError(
            f"{file}: tool.typed_api = {table!r} is no table. Write its keys below a line [tool.typed_api]."
        )
    return cast("Mapping[str, object]", table), misnamed


def _check_value(where: str, key: str, value: object) -> str | int | bool:
    if key in _STRINGS:
        if isinstance(value, str) or (key in _URLS and value is False):
            return value
        expected = "a string in quotes, or false for none" if key in _URLS else "a string in quotes"
    elif key in _BOOLS:
        if isinstance(value, bool):
            return value
        expected = "true or false"
    else:
        low, high = (1, 10_000) if key == "workers" else (0, 65_535)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        expected = f"a whole number from {low} to {high}"
    raise ConfigError(f"{where} {value!r} cannot be used. Use {expected}.")


def _read_variable(name: str, key: str, text: str) -> str | int | bool:
    value: str | int | bool = text
    if key in _BOOLS:
        word = text.strip().lower()
        if word not in _TRUE | _FALSE:
            raise ConfigError(f"{name}={text!r} cannot be used. Use 1 or 0, true or false.")
        value = word in _TRUE
    elif key in _URLS and text.strip().lower() in _FALSE:
        value = False
    elif key not in _STRINGS and re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
        value = int(text)
    return _check_value(f"{name} =", key, value)
