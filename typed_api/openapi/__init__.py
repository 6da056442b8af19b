"""The OpenAPI document of an app, from the same description of its handlers that dispatch uses.

Owns the document as a whole: which operations it has, how they are called, and the bytes it is written as. Nothing is
declared for it that a handler does not declare anyway, and nothing outside of the routes (hash seeds, the order of a
file system or of imports) has a say in it.
"""

from typed_api.openapi._check import check_endpoints
from typed_api.openapi._document import Info, build_document, document_paths, serialize
from typed_api.openapi._operations import OpenAPIVersion

__all__ = ["Info", "OpenAPIVersion", "build_document", "check_endpoints", "document_paths", "serialize"]
