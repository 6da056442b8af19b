# pyright: basic
# schemathesis leaves some of its types open.
"""Every operation, called with what its document allows and with what it forbids."""

from typing import Any

import schemathesis

from main import app

schema = schemathesis.openapi.from_asgi("/openapi.json", app)


@schema.parametrize()
def test_answers_are_those_of_the_document(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate()
