"""What changed between two OpenAPI documents, and whom it breaks.

Owns the reading of documents to compare, the rules, and the report. A request is judged from the server's side of the
wire (a client may go on sending what it sent), a response from the client's (it gets nothing that it could not get
before); a model used in both directions is judged in each. What no rule knows is reported as risky, never dropped.
"""

from typed_api.drift._operations import compare
from typed_api.drift._report import Change, Drift
from typed_api.drift._rules import RULES, Level, Rule, Verdict
from typed_api.drift._source import DocumentError, load_document

__all__ = ["RULES", "Change", "DocumentError", "Drift", "Level", "Rule", "Verdict", "compare", "load_document"]
