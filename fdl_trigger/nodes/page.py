"""One fetched page of a source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from .json_table import Table


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its number (from 1), HTTP status, parsed document (None when it is no JSON), rows and headers.

    Header names are in lower case; a source that is no API has none.
    """

    number: int
    status: int
    document: Any
    table: Table
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
