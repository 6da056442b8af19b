"""Every rule of the comparison, with what it means for requests, for responses, and for the API as a whole.

The table is the only place where a level is decided: the comparison says which rule applies where, and no more.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["RULES", "Level", "Rule", "Verdict"]


class Level(enum.Enum):
    """How much a change matters to clients that were written for the old document."""

    BREAKING = "breaking"
    """A client that does nothing wrong stops working."""
    RISKY = "risky"
    """Some clients stop working, or a generated client no longer compiles."""
    SAFE = "safe"
    """No client notices."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says in one direction."""

    level: Level
    reason: str
    """Why, as the second half of a sentence."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of change.

    A webhook turns the directions round: what has no meaning in one of them is risky there.
    """

    summary: str
    """What happened, in one sentence."""
    request: Verdict | None = None
    """What it means in what clients send; None where it has no meaning there."""
    response: Verdict | None = None
    """What it means in what clients get; None where it has no meaning there."""
    elsewhere: Verdict | None = None
    """What it means outside of both; None for changes of requests and responses."""

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels that a change under this rule can have, the worst first."""
        found = {verdict.level for verdict in (self.request, self.response, self.elsewhere) if verdict is not None}
        return tuple(level for level in Level if level in found)


_REFUSED: Final = "clients that send what was accepted so far are refused"
_STILL_ACCEPTED: Final = "what clients send so far is still accepted"
_SURPRISED: Final = "clients may get what they cannot read"
_STILL_READABLE: Final = "clients get only what they could get before"
_RELIED_ON: Final = "clients may get what the old document ruled out"
_NO_EFFECT: Final = "nothing changes on the wire"
_GENERATED: Final = "nothing changes on the wire, but generated clients use the name"
_UNDECIDED: Final = "whether clients are affected cannot be told from the documents"


def _widens(summary: str, response: Level = Level.BREAKING) -> Rule:
    reason = _SURPRISED if response is Level.BREAKING else _RELIED_ON
    return Rule(summary, Verdict(Level.SAFE, _STILL_ACCEPTED), Verdict(response, reason))


def _narrows(summary: str) -> Rule:
    return Rule(summary, Verdict(Level.BREAKING, _REFUSED), Verdict(Level.SAFE, _STILL_READABLE))


def _breaks(summary: str) -> Rule:
    return Rule(summary, Verdict(Level.BREAKING, _REFUSED), Verdict(Level.BREAKING, _SURPRISED))


def _unclear(summary: str) -> Rule:
    return Rule(
        summary,
        Verdict(Level.RISKY, "clients that send what was accepted so far may be refused"),
        Verdict(Level.RISKY, _RELIED_ON),
        Verdict(Level.RISKY, _UNDECIDED),
    )


def _same(summary: str, reason: str = _NO_EFFECT) -> Rule:
    verdict = Verdict(Level.SAFE, reason)
    return Rule(summary, verdict, verdict, verdict)


def _request(summary: str, level: Level, reason: str) -> Rule:
    return Rule(summary, request=Verdict(level, reason))


def _response(summary: str, level: Level, reason: str) -> Rule:
    return Rule(summary, response=Verdict(level, reason))


def _elsewhere(summary: str, level: Level, reason: str) -> Rule:
    return Rule(summary, elsewhere=Verdict(level, reason))


RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        # --- operations ---
        "operation-added": _elsewhere("An operation was added.", Level.SAFE, "no client uses it yet"),
        "operation-removed": _elsewhere(
            "An operation was removed.", Level.BREAKING, "clients that call it get an error"
        ),
        "path-parameter-renamed": _elsewhere(
            "A path parameter has another name.",
            Level.RISKY,
            "the URL stays the same, but generated clients use the name",
        ),
        "operation-id-changed": _elsewhere(
            "The operationId changed.",
            Level.RISKY,
            "nothing changes on the wire, but generated clients name calls by it",
        ),
        "deprecated-added": _same("Something was deprecated.", "it works as before"),
        "deprecated-removed": _same("Something is no longer deprecated.", "it works as before"),
        "documentation-changed": _same("A title, description, example, tag or other text changed."),
        "extension-changed": _same("An extension (`x-…`) changed.", "it means nothing to the standard"),
        "operation-changed": _elsewhere(
            "A part of an operation changed that no other rule knows.", Level.RISKY, _UNDECIDED
        ),
        "servers-changed": _elsewhere("The servers changed.", Level.RISKY, "clients may call another address"),
        # --- security ---
        "security-added": _elsewhere(
            "Credentials became required.", Level.BREAKING, "clients that send none are refused"
        ),
        "security-removed": _elsewhere(
            "Credentials are no longer required.", Level.SAFE, "clients that send them are still served"
        ),
        "security-alternative-added": _elsewhere(
            "Another way to authenticate was added.", Level.SAFE, "clients can go on using the ways that there were"
        ),
        "security-alternative-removed": _elsewhere(
            "A way to authenticate was removed.", Level.BREAKING, "clients that use it are refused"
        ),
        "optional-security-removed": _elsewhere(
            "Credentials that could be sent are no longer looked at.",
            Level.RISKY,
            "clients that send them are treated as anonymous",
        ),
        "security-scope-added": _elsewhere(
            "A way to authenticate needs more scopes.", Level.BREAKING, "clients without them are refused"
        ),
        "security-scope-removed": _elsewhere(
            "A way to authenticate needs fewer scopes.", Level.SAFE, "clients that have them are still served"
        ),
        "security-scheme-added": _elsewhere("A security scheme was added.", Level.SAFE, "no client uses it yet"),
        "security-scheme-removed": _elsewhere(
            "A security scheme was removed.", Level.RISKY, "clients may have been set up to use it"
        ),
        "security-scheme-renamed": _elsewhere("A security scheme has another name.", Level.RISKY, _GENERATED),
        "security-scheme-changed": _elsewhere(
            "A security scheme works in another way.", Level.BREAKING, "clients send the credentials of the old way"
        ),
        "security-scheme-details-changed": _elsewhere(
            "The addresses, scopes or token format of a security scheme changed.",
            Level.RISKY,
            "clients may get their tokens the old way",
        ),
        # --- parameters ---
        "required-parameter-added": _request(
            "A required parameter was added.", Level.BREAKING, "clients that do not send it are refused"
        ),
        "optional-parameter-added": _request("An optional parameter was added.", Level.SAFE, _STILL_ACCEPTED),
        "parameter-removed": _request(
            "A parameter was removed.", Level.RISKY, "clients that send it are refused, or it is ignored without a word"
        ),
        "parameter-moved": _request(
            "A parameter is read from another place.", Level.BREAKING, "clients send it where it is not looked for"
        ),
        "parameter-became-required": _request(
            "A parameter became required.", Level.BREAKING, "clients that do not send it are refused"
        ),
        "parameter-became-optional": _request("A parameter became optional.", Level.SAFE, _STILL_ACCEPTED),
        "parameter-style-changed": _request(
            "A parameter is written in another way.", Level.BREAKING, "clients write it the old way"
        ),
        "parameter-takes-text": _request(
            "A parameter takes any text now, where it took a number, a truth value or the like.",
            Level.RISKY,
            "what clients send so far is a text and still accepted, but generated clients send another type",
        ),
        "parameter-takes-list": _request(
            "A parameter takes a list now, where it took one value.",
            Level.RISKY,
            "one value is still accepted, unless it has the comma that parts values, but generated clients send a list",
        ),
        "parameter-may-be-empty": _request(
            "A parameter may be sent without a value (allowEmptyValue).", Level.SAFE, _STILL_ACCEPTED
        ),
        "parameter-must-not-be-empty": _request(
            "A parameter may no longer be sent without a value (allowEmptyValue).",
            Level.BREAKING,
            "clients that send it empty are refused",
        ),
        "empty-parameter-is-text": _request(
            "A parameter that is sent without a value is an empty text now (no allowEmptyValue).",
            Level.RISKY,
            "clients that send it empty may get another result",
        ),
        "parameter-changed": _request(
            "A part of a parameter changed that no other rule knows.", Level.RISKY, _UNDECIDED
        ),
        "path-segments-widened": _request("A path parameter takes several segments now.", Level.SAFE, _STILL_ACCEPTED),
        "path-segments-narrowed": _request("A path parameter takes a single segment only.", Level.BREAKING, _REFUSED),
        # --- bodies ---
        "required-body-added": _request(
            "A required body was added.", Level.BREAKING, "clients that do not send one are refused"
        ),
        "optional-body-added": _request("An optional body was added.", Level.SAFE, _STILL_ACCEPTED),
        "body-removed": Rule(
            "The body was removed.",
            Verdict(Level.RISKY, "clients that send one are refused, or it is ignored without a word"),
            Verdict(Level.BREAKING, "clients that read it find none"),
        ),
        "body-became-required": _request(
            "The body became required.", Level.BREAKING, "clients that do not send one are refused"
        ),
        "body-became-optional": _request("The body became optional.", Level.SAFE, _STILL_ACCEPTED),
        "response-body-added": _response("A response got a body.", Level.RISKY, "clients did not expect one"),
        "media-type-added": Rule(
            "A media type was added.",
            Verdict(Level.SAFE, _STILL_ACCEPTED),
            Verdict(Level.RISKY, "clients may get a format that they cannot read"),
        ),
        "media-type-removed": Rule(
            "A media type was removed.",
            Verdict(Level.BREAKING, "clients that send it are refused"),
            Verdict(Level.BREAKING, "clients that read it get another format"),
        ),
        "media-type-changed": _unclear("A part of a media type changed that no other rule knows."),
        # --- responses ---
        "success-status-added": _response(
            "A success or redirect was added.", Level.RISKY, "clients may take an unknown status for a failure"
        ),
        "success-status-removed": _response(
            "A success or redirect was removed, and another one stays.", Level.RISKY, "clients may wait for it"
        ),
        "success-status-replaced": _response(
            "No success or redirect that the old document has is left.",
            Level.BREAKING,
            "clients wait for a status that never comes",
        ),
        "error-status-added": _response(
            "An error was added.", Level.SAFE, "clients treat an unknown error as any other"
        ),
        "error-status-removed": _response("An error was removed.", Level.SAFE, _STILL_READABLE),
        "default-response-added": _response(
            "What any other status answers is documented.", Level.SAFE, "clients treat an unknown status as before"
        ),
        "default-response-removed": _response(
            "What any other status answers is no longer documented.", Level.RISKY, _RELIED_ON
        ),
        "response-changed": _response(
            "A part of a response changed that no other rule knows.", Level.RISKY, _UNDECIDED
        ),
        "header-added": _response("A response header was added.", Level.SAFE, "clients need not read it"),
        "required-header-removed": _response(
            "A response header that was always there was removed.", Level.BREAKING, "clients that read it find none"
        ),
        "optional-header-removed": _response(
            "A response header that could be missing was removed.", Level.RISKY, "clients that read it never find it"
        ),
        "header-became-optional": _response(
            "A response header can be missing now.", Level.BREAKING, "clients that read it may find none"
        ),
        "header-became-required": _response("A response header is always there now.", Level.SAFE, _STILL_READABLE),
        # --- properties ---
        "required-property-added": Rule(
            "A required property was added.",
            Verdict(Level.BREAKING, "clients that do not send it are refused"),
            Verdict(Level.SAFE, "clients need not read it"),
        ),
        "optional-property-added": Rule(
            "An optional property was added.",
            Verdict(Level.SAFE, _STILL_ACCEPTED),
            Verdict(Level.SAFE, "clients need not read it"),
        ),
        "property-removed": Rule(
            "A property was removed: from a request that lets unknown ones pass, or a required one from a response.",
            Verdict(Level.RISKY, "clients that send it are ignored without a word"),
            Verdict(Level.BREAKING, "clients that read it find none"),
        ),
        "property-no-longer-accepted": _request(
            "A property was removed from a request that refuses unknown ones.",
            Level.BREAKING,
            "clients that send it are refused",
        ),
        "optional-property-removed": _response(
            "A property that could be missing was removed.", Level.RISKY, "clients that read it never find it"
        ),
        "property-became-required": Rule(
            "A property became required.",
            Verdict(Level.BREAKING, "clients that leave it out are refused"),
            Verdict(Level.SAFE, "clients may go on expecting that it can be missing"),
        ),
        "property-became-optional": Rule(
            "A property became optional.",
            Verdict(Level.SAFE, _STILL_ACCEPTED),
            Verdict(Level.BREAKING, "clients that read it may find none"),
        ),
        "property-became-optional-with-default": Rule(
            "A property became optional and has a default.",
            Verdict(Level.SAFE, _STILL_ACCEPTED),
            Verdict(Level.RISKY, "the server may leave it out, and generated clients treat it as missing"),
        ),
        "read-only-added": Rule(
            "A value became readOnly.",
            Verdict(Level.RISKY, "clients that send it are refused, or it is ignored without a word"),
            Verdict(Level.SAFE, _NO_EFFECT),
        ),
        "read-only-removed": _same("A value is no longer readOnly.", "what was sent before is read as before"),
        "write-only-added": Rule(
            "A value became writeOnly.",
            Verdict(Level.SAFE, _NO_EFFECT),
            Verdict(Level.RISKY, "clients that read it never find it"),
        ),
        "write-only-removed": _same("A value is no longer writeOnly.", "clients need not read it"),
        "unsent-changed": _same(
            "A value changed that is never sent in this direction (readOnly or writeOnly).", "it is never sent here"
        ),
        # --- types ---
        "type-widened": _widens("More types are possible (integer becomes number)."),
        "type-narrowed": _narrows("Fewer types are possible (number becomes integer)."),
        "type-changed": _breaks("The type is another one."),
        "null-added": _widens("Null became possible."),
        "null-removed": _narrows("Null is no longer possible."),
        "enum-value-added": _widens("A value was added to those that are listed.", Level.RISKY),
        "enum-value-removed": _narrows("A value was removed from those that are listed."),
        "enum-replaced": _breaks("None of the values that were listed is left."),
        "values-restricted": _narrows("Only listed values are possible now."),
        "values-unrestricted": _widens("Other values than the listed ones are possible now.", Level.RISKY),
        "format-added": _narrows("A format was added."),
        "format-removed": _widens("The format was removed."),
        "format-widened": _widens("The format has more room (int32 becomes int64)."),
        "format-narrowed": _narrows("The format has less room (int64 becomes int32)."),
        "format-changed": _breaks("The format is another one."),
        "union-member-added": _widens("An alternative was added."),
        "union-member-removed": _narrows("An alternative was removed."),
        "union-kind-changed": _unclear(
            "anyOf became oneOf, or oneOf anyOf: values that fit twice are treated otherwise."
        ),
        "discriminator-changed": _unclear("What tells alternatives apart changed."),
        "discriminator-value-added": _widens("Another value can name an alternative.", Level.RISKY),
        "discriminator-value-removed": _narrows("A value no longer names an alternative."),
        # --- constraints ---
        "range-tightened": _narrows("A minimum or maximum allows fewer numbers."),
        "range-loosened": _widens("A minimum or maximum allows more numbers.", Level.RISKY),
        "multiple-tightened": _narrows("multipleOf allows fewer numbers."),
        "multiple-loosened": _widens("multipleOf allows more numbers.", Level.RISKY),
        "multiple-changed": _breaks("multipleOf allows other numbers."),
        "length-tightened": _narrows("minLength or maxLength allows fewer texts."),
        "length-loosened": _widens("minLength or maxLength allows more texts.", Level.RISKY),
        "pattern-added": _narrows("A pattern was added."),
        "pattern-removed": _widens("The pattern was removed.", Level.RISKY),
        "pattern-changed": _unclear("The pattern is another one."),
        "item-count-tightened": _narrows("minItems or maxItems allows fewer lengths."),
        "item-count-loosened": _widens("minItems or maxItems allows more lengths.", Level.RISKY),
        "unique-items-added": _narrows("Items have to differ now."),
        "unique-items-removed": _widens("Items may be equal now.", Level.RISKY),
        "property-count-tightened": _narrows("minProperties or maxProperties allows fewer objects."),
        "property-count-loosened": _widens("minProperties or maxProperties allows more objects.", Level.RISKY),
        "additional-properties-closed": _narrows("Properties that are not listed are no longer possible."),
        "additional-properties-opened": _widens("Properties that are not listed became possible.", Level.RISKY),
        "additional-properties-restricted": _narrows("Properties that are not listed need a certain type now."),
        "additional-properties-unrestricted": _widens("Properties that are not listed may have any type now."),
        "property-names-restricted": _narrows("Only certain names of properties are possible now."),
        "property-names-unrestricted": _widens("Any name of a property is possible now.", Level.RISKY),
        "content-encoding-changed": _breaks("The encoding of a text (contentEncoding) is another one."),
        "content-media-type-changed": _unclear("The media type of a text (contentMediaType) is another one."),
        "default-added": _same("A default was added.", "clients that name a value get what they got"),
        "default-removed": Rule(
            "The default was removed.",
            Verdict(Level.RISKY, "clients that leave the value out may get another result"),
            Verdict(Level.SAFE, _NO_EFFECT),
        ),
        "default-changed": Rule(
            "The default is another one.",
            Verdict(Level.RISKY, "clients that leave the value out get another result"),
            Verdict(Level.SAFE, _NO_EFFECT),
        ),
        "schema-reworded": _same("A schema says the same in other words."),
        "schema-changed": _unclear("A schema changed in a way that no other rule knows."),
        # --- the document ---
        "schema-renamed": _elsewhere("A schema has another name.", Level.RISKY, _GENERATED),
        "schema-removed": _elsewhere(
            "A named schema was removed.",
            Level.RISKY,
            "its users are judged where they are, but generated clients use the name",
        ),
        "schema-added": _elsewhere("A named schema was added.", Level.SAFE, "no client uses it yet"),
        "unused-schema-changed": _elsewhere(
            "A named schema changed that no operation of both documents uses.", Level.SAFE, "no client sends or gets it"
        ),
        "components-changed": _elsewhere(
            "Shared parts (parameters, responses, headers, …) changed.",
            Level.SAFE,
            "what it means is reported at the operations that use them",
        ),
        "openapi-version-changed": _elsewhere("The version of OpenAPI changed.", Level.SAFE, _NO_EFFECT),
        "document-changed": _elsewhere(
            "A part of the document changed that no other rule knows.", Level.RISKY, _UNDECIDED
        ),
    }
)
"""Every rule by its name."""
