"""One fetched page of a source."""

from dataclasses import dataclass
from typing import Any

from .json_table import Table


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its number (from 1), HTTP status, parsed document (None when it is no JSON) and rows."""

    number: int
    status: int
    document: Any
    table: Table
