"""The readers and writers that `typed_api.schema` makes from declared types."""

import dataclasses
import importlib.metadata
import json
import math
import re
import time
import typing
import uuid
import warnings
from base64 import b64encode
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from enum import Enum, IntEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

import pydantic_core
import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    Base64Bytes,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    HttpUrl,
    Json,
    JsonValue,
    PlainSerializer,
    PlainValidator,
    PrivateAttr,
    RootModel,
    SecretStr,
    TypeAdapter,
    WrapValidator,
    computed_field,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic.dataclasses import dataclass as pydantic_dataclass
from pydantic_core import SchemaSerializer, SchemaValidator, core_schema
from typing_extensions import NotRequired, TypedDict

from typed_api import schema
from typed_api.errors import ApiError, ResponseValidationError
from typed_api.schema import (
    SchemaError,
    TextField,
    check_type,
    json_validator,
    parse_json,
    response_codec,
    text_fields,
    text_validator,
)

T = TypeVar("T")
INF = math.inf
