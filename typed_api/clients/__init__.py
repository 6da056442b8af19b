"""Clients made from the document: TypeScript, Python, and stubs for tests.

Owns what the generators have in common. `_document` reads an OpenAPI document into operations and types; each generator
writes one language from those, so that no generator reads JSON Schema itself.
"""

from typed_api.clients._document import DocumentError

__all__ = ["DocumentError"]
