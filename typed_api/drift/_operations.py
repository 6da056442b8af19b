"""Two documents side by side: operations, parameters, bodies, responses, security, and what stands around them.

Owns `compare`. Paths are the same when their URLs are: `/users/{id}` and `/users/{user_id}`. A status is compared with
itself, or with the group that it belongs to (`404` with `4XX`); `default` only with `default`, since it says nothing
about a status that is listed elsewhere.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from typed_api.drift._report import Drift, build_drift, shown
from typed_api.drift._schemas import Comparison, View
from typed_api.drift._shapes import DOCUMENTATION, Document, canonical
from typed_api.drift._source import ITEM_EXTENSION, DocumentError, as_list, as_mapping, check_document

__all__ = ["compare"]

_Node = Mapping[str, object]

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_VARIABLE: Final = re.compile(r"\{([^{}]*)\}")
_STATUS: Final = re.compile(r"[1-5]([0-9]{2}|XX)", re.ASCII)
_TEXTS: Final = DOCUMENTATION | {"summary", "tags"}
# How a parameter is written when it does not say.
_STYLES: Final = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_EMPTY: Final[_Node] = {}
_EMPTY_VALUE: Final = "allowEmptyValue"


def compare(old: Mapping[str, object], new: Mapping[str, object]) -> Drift:
    """Find everything that differs between two OpenAPI 3 documents.

    Args:
        old: The document that clients were written for.
        new: The document that takes its place.

    Raises:
        DocumentError: If one is no OpenAPI 3 document, or refers to something that is not there.
    """
    documents = (
        Document(check_document(old, "The old document"), "The old document"),
        Document(check_document(new, "The new document"), "The new document"),
    )
    try:
        reader = _Reader(*documents)
        reader.read()
    except RecursionError as error:
        raise DocumentError("The documents have values that are nested too deeply to be compared.") from error
    return build_drift(reader.out.changes)


class _Parameter(NamedTuple):
    place: str
    """Where it is read from, and its name: `query.limit`."""
    node: _Node


class _Reader:
    """Compares two documents."""

    def __init__(self, old: Document, new: Document) -> None:
        self.old: Document = old
        self.new: Document = new
        self.out: Comparison = Comparison(old, new)
        self.scheme_names: dict[str, str] = {}
        """By a security scheme's name in the old document, its name in the new one."""

    def read(self) -> None:
        old, new = self.old.root, self.new.root
        self._schemes()
        self._paths(self._node(self.old, old.get("paths")), self._node(self.new, new.get("paths")))
        self._webhooks(self._node(self.old, old.get("webhooks")), self._node(self.new, new.get("webhooks")))
        if old.get("openapi") != new.get("openapi"):
            fact = f"the version was {old.get('openapi')} and is {new.get('openapi')}"
            self.out.add(None, "document", "openapi-version-changed", fact)
        self._servers(old, new, "document")
        # The document's own security counts where an operation has none, and is judged there.
        read = {"openapi", "paths", "webhooks", "components", "servers", "security"}
        self._rest(old, new, "document", "document-changed", read, texts={*_TEXTS, "info"})
        self._components()

    # --- reading ---

    def _node(self, document: Document, value: object, what: str = "an object") -> _Node:
        """Take a value as an object, through references; nothing is an empty one."""
        if value is None:
            return _EMPTY
        found = value
        node = as_mapping(value)
        seen: set[str] = set()
        beside: dict[str, object] = {}
        while node is not None and isinstance(reference := node.get("$ref"), str) and reference not in seen:
            seen.add(reference)
            beside = {**{key: item for key, item in node.items() if key != "$ref"}, **beside}
            found = document.resolve(reference)
            node = as_mapping(found)
        if node is None:
            raise document.misfit(found, "object", what)
        return {**node, **beside} if beside else node

    def _map(self, document: Document, value: object) -> dict[str, _Node]:
        """Take a value as an object of objects."""
        return {key: self._node(document, item) for key, item in self._node(document, value).items() if key[:2] != "x-"}

    def _both(self, old: object, new: object) -> tuple[_Node, _Node]:
        return self._node(self.old, old), self._node(self.new, new)

    def _rest(
        self,
        old: _Node,
        new: _Node,
        where: str,
        rule: str,
        read: Iterable[str],
        *,
        view: View | None = None,
        texts: Iterable[str] = _TEXTS,
    ) -> None:
        """Report what differs and has not been looked at: texts, extensions, and what no rule knows."""
        done, told = set(read), set(texts)
        changed = [key for key in sorted({**old, **new}) if key not in done and not _is_same(old, new, key)]
        documentation = [key for key in changed if key in told]
        if documentation:
            self.out.add(view, where, "documentation-changed", f"{' and '.join(documentation)} changed")
        for key in changed:
            if key in told:
                continue
            fact = f"{key} was {_or_none(old, key)} and is {_or_none(new, key)}"
            self.out.add(view, where, "extension-changed" if key.startswith("x-") else rule, fact)

    def _flag(self, old: _Node, new: _Node, where: str, view: View | None) -> None:
        before, after = old.get("deprecated") is True, new.get("deprecated") is True
        if before != after:
            rule, verb = ("deprecated-added", "is") if after else ("deprecated-removed", "is no longer")
            self.out.add(view, where, rule, f"it {verb} deprecated")

    def _servers(self, old: _Node, new: _Node, where: str) -> None:
        if _is_same(old, new, "servers"):
            return
        before, after = (
            [str(server.get("url")) for item in as_list(side.get("servers")) or () if (server := as_mapping(item))]
            for side in (old, new)
        )
        if before == after:
            self.out.add(None, where, "documentation-changed", "servers changed in other things than their addresses")
        else:
            told = [", ".join(map(shown, urls)) or "not there" for urls in (before, after)]
            self.out.add(None, where, "servers-changed", f"the servers were {told[0]} and are {told[1]}")

    # --- paths and operations ---

    def _paths(self, old: _Node, new: _Node) -> None:
        self._rest(old, new, "document", "document-changed", {key for key in {**old, **new} if key[:2] != "x-"})
        before = {path for path in old if not path.startswith("x-")}
        after = {path for path in new if not path.startswith("x-")}
        twins = {path: path for path in before & after}
        by_shape: dict[str, list[str]] = {}
        for path in sorted(after - before):
            by_shape.setdefault(_VARIABLE.sub("{}", path), []).append(path)
        for path in sorted(before - after):
            same = by_shape.get(_VARIABLE.sub("{}", path))
            if same:
                twins[path] = same.pop(0)
        for path in sorted(before):
            if path in twins:
                self._path_items(path, twins[path], old[path], new[twins[path]])
            else:
                for method in self._methods(self._node(self.old, old[path])):
                    self.out.add(None, f"{method} {path}", "operation-removed", "the operation was removed")
        for path in sorted(after - set(twins.values())):
            for method in self._methods(self._node(self.new, new[path])):
                self.out.add(None, f"{method} {path}", "operation-added", "the operation was added")

    def _methods(self, item: _Node) -> dict[str, object]:
        found = {name.upper(): item[name] for name in _METHODS if name in item}
        # OpenAPI 3.2: methods that it does not name, such as LINK.
        return {**found, **(as_mapping(item.get("additionalOperations")) or {})}

    def _path_items(self, old_path: str, new_path: str, old: object, new: object) -> None:
        one, other = self._both(old, new)
        before, after = self._methods(one), self._methods(other)
        renamed = dict(zip(_VARIABLE.findall(old_path), _VARIABLE.findall(new_path), strict=True))
        changed_names = [f"{a!r} is {b!r}" for a, b in renamed.items() if a != b]
        for method in sorted({**before, **after}):
            where = f"{method} {new_path}"
            if method not in after:
                self.out.add(None, f"{method} {old_path}", "operation-removed", "the operation was removed")
            elif method not in before:
                self.out.add(None, where, "operation-added", "the operation was added")
            else:
                if changed_names:
                    self.out.add(
                        None, where, "path-parameter-renamed", f"the parameter {' and '.join(changed_names)} now"
                    )
                self._operations(where, (one, before[method]), (other, after[method]), renamed)
        read = {*_METHODS, "additionalOperations", "parameters", "servers"}
        self._servers(one, other, new_path)
        self._rest(one, other, new_path, "operation-changed", read)

    def _webhooks(self, old: _Node, new: _Node) -> None:
        for name in sorted({**old, **new}):
            one, other = self._both(old.get(name), new.get(name))
            before, after = self._methods(one), self._methods(other)
            for method in sorted({**before, **after}):
                where = f"webhook {name} {method}"
                if method not in after:
                    self.out.add(None, where, "operation-removed", "the webhook was removed")
                elif method not in before:
                    self.out.add(None, where, "operation-added", "the webhook was added")
                else:
                    self._operations(where, (one, before[method]), (other, after[method]), {}, sender=View.RESPONSE)

    def _operations(
        self,
        where: str,
        old: tuple[_Node, object],
        new: tuple[_Node, object],
        renamed: Mapping[str, str],
        *,
        sender: View = View.REQUEST,
    ) -> None:
        one, other = self._both(old[1], new[1])
        if not _is_same(one, other, "operationId"):
            fact = f"the operationId was {_or_none(one, 'operationId')} and is {_or_none(other, 'operationId')}"
            self.out.add(None, where, "operation-id-changed", fact)
        self._flag(one, other, where, None)
        self._security(where, one, other)
        self._parameters(
            where,
            self._collect_parameters(self.old, old[0], one, renamed),
            self._collect_parameters(self.new, new[0], other, {}),
            sender,
        )
        self._bodies(where, one, other, sender)
        self._responses(where, one, other, sender.opposite)
        self._servers(one, other, where)
        read = {"operationId", "deprecated", "security", "parameters", "requestBody", "responses", "servers"}
        self._rest(one, other, where, "operation-changed", read)

    # --- parameters ---

    def _collect_parameters(
        self, document: Document, item: _Node, operation: _Node, renamed: Mapping[str, str]
    ) -> dict[str, _Parameter]:
        """Give the parameters of an operation by what makes them the same in the other document."""
        found: dict[str, _Parameter] = {}
        for side in (item, operation):
            if "parameters" in side and as_list(side["parameters"]) is None:
                raise document.misfit(side["parameters"], "list", "a list of parameters")
            for value in as_list(side.get("parameters")) or ():
                node = self._node(document, value, "a parameter")
                name, place = str(node.get("name")), str(node.get("in"))
                key = name.lower() if place == "header" else renamed.get(name, name) if place == "path" else name
                found[f"{place}.{key}"] = _Parameter(f"{place}.{key}", node)
        return found

    def _parameters(self, where: str, old: Mapping[str, _Parameter], new: Mapping[str, _Parameter], view: View) -> None:
        gone = {key: parameter for key, parameter in old.items() if key not in new}
        come = {key: parameter for key, parameter in new.items() if key not in old}
        for key in sorted(gone):
            name = key.partition(".")[2].lower()
            moved = next((other for other in sorted(come) if other.partition(".")[2].lower() == name), None)
            if moved is not None:
                before, after = key.partition(".")[0], moved.partition(".")[0]
                fact = f"the parameter was read from the {before} and is from the {after}"
                self.out.add(view, f"{where} {moved}", "parameter-moved", fact)
                self._parameter(f"{where} {moved}", gone[key].node, come.pop(moved).node, view, has_moved=True)
            else:
                self.out.add(view, f"{where} {key}", "parameter-removed", "the parameter was removed")
        for key in sorted(come):
            if _is_required(come[key].node):
                self.out.add(view, f"{where} {key}", "required-parameter-added", "a required parameter was added")
            else:
                self.out.add(view, f"{where} {key}", "optional-parameter-added", "an optional parameter was added")
        for key in sorted(old.keys() & new.keys()):
            self._parameter(f"{where} {key}", old[key].node, new[key].node, view)

    def _parameter(self, where: str, old: _Node, new: _Node, view: View, *, has_moved: bool = False) -> None:
        was_required, is_required = _is_required(old), _is_required(new)
        if is_required and not was_required:
            self.out.add(view, where, "parameter-became-required", "the parameter was optional and is required")
        elif was_required and not is_required:
            self.out.add(view, where, "parameter-became-optional", "the parameter was required and is optional")
        if not has_moved:
            before, after = _style(old), _style(new)
            if before != after:
                fact = f"the parameter was written as {before} and is as {after}"
                self.out.add(view, where, "parameter-style-changed", fact)
        segments = "x-typed-api-segments"
        was_long, is_long = old.get(segments) is True, new.get(segments) is True
        if is_long and not was_long:
            self.out.add(view, where, "path-segments-widened", "the parameter was one segment and is several")
        elif was_long and not is_long:
            self.out.add(view, where, "path-segments-narrowed", "the parameter was several segments and is one")
        elif not _is_same(old, new, segments):
            self.out.add(view, where, "extension-changed", f"{segments} is written otherwise")
        self._flag(old, new, where, view)
        self._empty_value(where, old, new, view)
        if "content" in old and "content" in new:
            self._contents(where, old, new, view)
        elif "content" not in old and "content" not in new:
            is_plain = {_style(side).partition(" ")[0] for side in (old, new)} <= {"form", "simple"}
            inner = View.TEXT if view is View.REQUEST and is_plain else view
            self.out.schemas(old.get("schema", True), new.get("schema", True), inner, where)
        read = {"name", "in", "required", "style", "explode", "deprecated", "content", "schema", segments, _EMPTY_VALUE}
        self._rest(old, new, where, "parameter-changed", read, view=view)

    def _empty_value(self, where: str, old: _Node, new: _Node, view: View) -> None:
        before, after = old.get(_EMPTY_VALUE) is True, new.get(_EMPTY_VALUE) is True
        if after and not before:
            self.out.add(view, where, "parameter-may-be-empty", "the parameter may be sent without a value")
        elif before and not after:
            is_text = "content" in new or self.out.takes_empty_text(new.get("schema", True))
            rule = "empty-parameter-is-text" if is_text else "parameter-must-not-be-empty"
            self.out.add(view, where, rule, "the parameter might be sent without a value and may no longer be")

    # --- bodies ---

    def _bodies(self, where: str, old: _Node, new: _Node, view: View) -> None:
        place = f"{where} body"
        if "requestBody" not in old and "requestBody" not in new:
            return
        before, after = self._both(old.get("requestBody"), new.get("requestBody"))
        if "requestBody" not in old:
            rule = "required-body-added" if after.get("required") is True else "optional-body-added"
            self.out.add(view, place, rule, "a body was added")
            return
        if "requestBody" not in new:
            self.out.add(view, place, "body-removed", "the body was removed")
            return
        was_required, is_required = before.get("required") is True, after.get("required") is True
        if is_required and not was_required:
            self.out.add(view, place, "body-became-required", "the body was optional and is required")
        elif was_required and not is_required:
            self.out.add(view, place, "body-became-optional", "the body was required and is optional")
        self._contents(place, before, after, view)
        self._rest(before, after, place, "operation-changed", {"required", "content"})

    def _contents(self, where: str, old: _Node, new: _Node, view: View) -> None:
        """Compare what there is by media type; `where` is the body, the response or the parameter."""
        before, after = self._map(self.old, old.get("content")), self._map(self.new, new.get("content"))
        twins, gone, come = _match_media_types(before, after)
        for media_type in gone:
            self.out.add(view, where, "media-type-removed", f"the media type {shown(media_type)} was removed")
        for media_type in come:
            self.out.add(view, where, "media-type-added", f"the media type {shown(media_type)} was added")
        for one, other in twins:
            # With a single media type there is nothing to confuse it with.
            is_alone = len(before) == len(after) == 1
            self._media_type(where if is_alone else f"{where} {other}", before[one], after[other], view)

    def _media_type(self, where: str, old: _Node, new: _Node, view: View) -> None:
        old, new = _with_item_schema(old, new), _with_item_schema(new, old)
        for key, place in (("schema", where), ("itemSchema", f"{where}[item]")):
            if key in old or key in new:
                self.out.schemas(old.get(key, True), new.get(key, True), view, place)
        self._rest(old, new, where, "media-type-changed", {"schema", "itemSchema"}, view=view)

    # --- responses ---

    def _responses(self, where: str, old: _Node, new: _Node, view: View) -> None:
        before, after = (
            {key.upper() if key != "default" else key: node for key, node in self._map(document, value).items()}
            for document, value in ((self.old, old.get("responses")), (self.new, new.get("responses")))
        )
        twins = {status: status for status in before if status in after}
        # A status that only one document lists by itself belongs to the group of the other.
        covered_old = {status: _group(status) for status in before if status not in after and _group(status) in after}
        covered_new = {status: _group(status) for status in after if status not in before and _group(status) in before}
        pairs = [*twins.items(), *covered_old.items(), *((group, status) for status, group in covered_new.items())]
        for one, other in sorted(pairs):
            self._response(
                f"{where} response {one if other in covered_old.values() else other}", before[one], after[other], view
            )
        gone = {status for status in before if status not in twins and status not in covered_old}
        come = {status for status in after if status not in twins and status not in covered_new}
        kept = [status for status in after if _is_success(status) and status not in come]
        for status in sorted(gone):
            if status == "default":
                rule = "default-response-removed"
            elif not _is_success(status):
                rule = "error-status-removed"
            else:
                rule = "success-status-removed" if kept else "success-status-replaced"
            self.out.add(view, f"{where} response {status}", rule, "the response was removed")
        for status in sorted(come):
            if status == "default":
                rule = "default-response-added"
            else:
                rule = "success-status-added" if _is_success(status) else "error-status-added"
            self.out.add(view, f"{where} response {status}", rule, "the response was added")

    def _response(self, where: str, old: _Node, new: _Node, view: View) -> None:
        had_body, has_body = bool(old.get("content")), bool(new.get("content"))
        if had_body and not has_body:
            self.out.add(view, f"{where} body", "body-removed", "the body was removed")
        elif has_body and not had_body:
            self.out.add(view, f"{where} body", "response-body-added", "a body was added")
        else:
            self._contents(f"{where} body", old, new, view)
        self._headers(where, old, new, view)
        self._rest(old, new, where, "response-changed", {"content", "headers"}, view=view)

    def _headers(self, where: str, old: _Node, new: _Node, view: View) -> None:
        before, after = (
            {name.lower(): node for name, node in self._map(document, value).items()}
            for document, value in ((self.old, old.get("headers")), (self.new, new.get("headers")))
        )
        for name in sorted({**before, **after}):
            place = f"{where} header.{name}"
            if name not in before:
                self.out.add(view, place, "header-added", "the header was added")
                continue
            was_required = before[name].get("required") is True
            if name not in after:
                rule = "required-header-removed" if was_required else "optional-header-removed"
                self.out.add(view, place, rule, "the header was removed")
                continue
            one, other = before[name], after[name]
            is_required = other.get("required") is True
            if was_required and not is_required:
                self.out.add(view, place, "header-became-optional", "the header was always there and can be missing")
            elif is_required and not was_required:
                self.out.add(view, place, "header-became-required", "the header could be missing and is always there")
            self._flag(one, other, place, view)
            if "content" in one and "content" in other:
                self._contents(place, one, other, view)
            elif "content" not in one and "content" not in other:
                self.out.schemas(one.get("schema", True), other.get("schema", True), view, place)
            else:
                self.out.add(view, place, "response-changed", "the header is described by content or schema in turn")
            self._rest(
                one, other, place, "response-changed", {"required", "deprecated", "content", "schema"}, view=view
            )

    # --- security ---

    def _schemes(self) -> None:
        components = [self._node(document, document.root.get("components")) for document in (self.old, self.new)]
        before = self._map(self.old, components[0].get("securitySchemes"))
        after = self._map(self.new, components[1].get("securitySchemes"))
        free = sorted(after.keys() - before.keys())
        for name in sorted(before.keys() - after.keys()):
            same = next((other for other in free if _credentials(after[other]) == _credentials(before[name])), None)
            where = f"components.securitySchemes.{name}"
            if same is None:
                self.out.add(None, where, "security-scheme-removed", f"the security scheme {name!r} was removed")
                continue
            free.remove(same)
            self.scheme_names[name] = same
            fact = f"the security scheme was {name!r} and is {same!r}"
            self.out.add(None, where, "security-scheme-renamed", fact)
            self._scheme(where, before[name], after[same])
        for name in free:
            where = f"components.securitySchemes.{name}"
            self.out.add(None, where, "security-scheme-added", f"the security scheme {name!r} was added")
        for name in sorted(before.keys() & after.keys()):
            self._scheme(f"components.securitySchemes.{name}", before[name], after[name])

    def _scheme(self, where: str, old: _Node, new: _Node) -> None:
        for key in ("type", "in", "name", "scheme"):
            if not _is_same(old, new, key, lower=key == "scheme"):
                fact = f"{key} was {_or_none(old, key)} and is {_or_none(new, key)}"
                self.out.add(None, where, "security-scheme-changed", fact)
        self._flag(old, new, where, None)
        read = {"type", "in", "name", "scheme", "deprecated"}
        self._rest(old, new, where, "security-scheme-details-changed", read)

    def _security(self, where: str, old: _Node, new: _Node) -> None:
        before = self._requirements(self.old, old, self.scheme_names)
        after = self._requirements(self.new, new, {})
        was_open, is_open = _is_open(before), _is_open(after)
        if was_open and not is_open:
            self.out.add(None, where, "security-added", f"no credentials were needed, and {_ways(after)} is required")
            return
        if is_open and not was_open:
            self.out.add(
                None, where, "security-removed", f"{_ways(before)} was required, and no credentials are needed"
            )
            return
        old_ways = {frozenset(way): way for way in before if way}
        new_ways = {frozenset(way): way for way in after if way}
        for names in sorted(old_ways.keys() | new_ways.keys(), key=sorted):
            if names not in new_ways:
                # Whoever sends more than is asked for is let in as well.
                eased = [way for other, way in new_ways.items() if other < names and _fits(way, old_ways[names])]
                told = _ways([old_ways[names]])
                if eased:
                    fact = f"{_ways(eased)} is enough, where {told} was asked for"
                    self.out.add(None, where, "security-alternative-added", fact)
                elif is_open:
                    self.out.add(None, where, "optional-security-removed", f"{told} is no longer looked at")
                else:
                    self.out.add(None, where, "security-alternative-removed", f"{told} is no longer enough")
            elif names not in old_ways:
                if not any(names < other for other in old_ways):
                    fact = f"{_ways([new_ways[names]])} is enough now"
                    self.out.add(None, where, "security-alternative-added", fact)
            else:
                self._scopes(where, old_ways[names], new_ways[names])

    def _scopes(self, where: str, old: Mapping[str, frozenset[str]], new: Mapping[str, frozenset[str]]) -> None:
        for name in sorted(new):
            come, gone = new[name] - old[name], old[name] - new[name]
            if come:
                scopes = ", ".join(sorted(come))
                self.out.add(None, where, "security-scope-added", f"the scheme {name!r} needs {scopes} as well")
            if gone:
                scopes = ", ".join(sorted(gone))
                self.out.add(None, where, "security-scope-removed", f"the scheme {name!r} no longer needs {scopes}")

    def _requirements(
        self, document: Document, operation: _Node, renamed: Mapping[str, str]
    ) -> list[dict[str, frozenset[str]]]:
        value = operation["security"] if "security" in operation else document.root.get("security")
        return [
            {
                renamed.get(name, name): frozenset(map(str, as_list(scopes) or ()))
                for name, scopes in self._node(document, way, "a security requirement").items()
            }
            for way in as_list(value) or ()
        ]

    # --- components ---

    def _components(self) -> None:
        old = self._node(self.old, self.old.root.get("components"))
        new = self._node(self.new, self.new.root.get("components"))
        before, after = self._node(self.old, old.get("schemas")), self._node(self.new, new.get("schemas"))
        used = self.old.used_names | self.new.used_names
        renamed = sorted((one, other) for one, other in self.out.names if one != other)
        for one, other in renamed:
            fact = f"what was the schema {one!r} is the schema {other!r}"
            self.out.add(None, f"components.schemas.{one}", "schema-renamed", fact)
        explained_old, explained_new = {one for one, _ in renamed}, {other for _, other in renamed}
        for name in sorted({**before, **after}):
            where = f"components.schemas.{name}"
            if name not in after:
                if name not in explained_old:
                    self.out.add(None, where, "schema-removed", f"the schema {name!r} was removed")
            elif name not in before:
                if name not in explained_new:
                    self.out.add(None, where, "schema-added", f"the schema {name!r} was added")
            elif name not in used and not _is_same(before, after, name):
                self.out.add(None, where, "unused-schema-changed", f"the schema {name!r} changed")
        for key in sorted({**old, **new}):
            if key not in ("schemas", "securitySchemes") and not _is_same(old, new, key):
                rule = "extension-changed" if key.startswith("x-") else "components-changed"
                self.out.add(None, f"components.{key}", rule, f"{key} changed")


def _is_same(old: _Node, new: _Node, key: str, *, lower: bool = False) -> bool:
    if key not in old and key not in new:
        return True
    if key not in old or key not in new:
        return False
    if old[key] is new[key]:
        return True
    one, other = canonical(old[key]), canonical(new[key])
    return one.lower() == other.lower() if lower else one == other


def _with_item_schema(media_type: _Node, twin: _Node) -> _Node:
    """Write the items of a stream in the words of OpenAPI 3.2, whose twin may be written in them."""
    if ITEM_EXTENSION not in media_type or "itemSchema" in media_type:
        return media_type
    written = {"itemSchema" if key == ITEM_EXTENSION else key: value for key, value in media_type.items()}
    # The text of the whole, which 3.2 says nothing about where it describes the items.
    if "itemSchema" in twin and "schema" not in twin and written.get("schema") == {"type": "string"}:
        del written["schema"]
    return written


def _or_none(side: _Node, key: str) -> str:
    return shown(side[key]) if key in side else "not there"


def _is_required(parameter: _Node) -> bool:
    return parameter.get("required") is True or parameter.get("in") == "path"


def _style(parameter: _Node) -> str:
    """Say how a parameter is written: what decides it, with the defaults filled in."""
    if "content" in parameter:
        return "content"
    style = str(parameter.get("style", _STYLES.get(str(parameter.get("in")), "form")))
    explode = parameter.get("explode", style == "form") is True
    return f"{style} (explode)" if explode else style


def _is_success(status: str) -> bool:
    return status[:1] in ("1", "2", "3")


def _group(status: str) -> str:
    return status[:1] + "XX" if _STATUS.fullmatch(status) is not None and not status.endswith("XX") else ""


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _match_media_types(old: Iterable[str], new: Iterable[str]) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    """Pair media types: the same, the same but for parameters (`charset`), and one that is in a range (`image/*`)."""
    left, right = sorted(old), sorted(new)
    twins: list[tuple[str, str]] = []
    tests: Sequence[Callable[[str, str], bool]] = (
        lambda one, other: one == other,
        lambda one, other: one.lower().replace(" ", "") == other.lower().replace(" ", ""),
        lambda one, other: _essence(one) == _essence(other),
    )
    for test in tests:
        for one in list(left):
            other = next((other for other in right if test(one, other)), None)
            if other is not None:
                twins.append((one, other))
                left.remove(one)
                right.remove(other)
    gone = [one for one in left if not any(_is_in_range(one, other) for other in new)]
    come = [other for other in right if not any(_is_in_range(other, one) for one in old)]
    twins += [(one, other) for one in left for other in sorted(new) if _is_in_range(one, other)]
    twins += [(one, other) for other in right for one in sorted(old) if _is_in_range(other, one)]
    return sorted(twins), gone, come


def _is_in_range(media_type: str, range_: str) -> bool:
    wide = _essence(range_)
    return wide == "*/*" or (wide.endswith("/*") and _essence(media_type).startswith(wide[:-1]))


def _credentials(scheme: _Node) -> str:
    return canonical({key: value for key, value in scheme.items() if key not in _TEXTS})


def _is_open(ways: Sequence[Mapping[str, frozenset[str]]]) -> bool:
    return not ways or any(not way for way in ways)


def _fits(asked: Mapping[str, frozenset[str]], sent: Mapping[str, frozenset[str]]) -> bool:
    return all(name in sent and scopes <= sent[name] for name, scopes in asked.items())


def _ways(ways: Iterable[Mapping[str, frozenset[str]]]) -> str:
    return " or ".join(" with ".join(repr(name) for name in sorted(way)) for way in ways if way)
