"""From a JSON document to rows and columns (finedatalink-tasks.md section 6)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any

from .json_path import find, last_name
from .json_text import compact

Cell = str | int | Decimal | bool | None
WHOLE = "responseBody"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one page. `names` in order of first appearance; `is_missing` when the path found nothing.

    Rows keep the parsed values; `cells` and `row` turn objects and arrays into JSON text.
    """

    names: tuple[str, ...]
    rows: Sequence[dict[str, Any]]
    is_missing: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def raw(self, name: str, start: int = 0, stop: int | None = None) -> list[Any]:
        """Return a column as it was parsed; a missing member is None."""
        return [row.get(name) for row in self.rows[start:stop]]

    def cells(self, name: str, start: int = 0, stop: int | None = None) -> list[Cell]:
        """Return a column as cells."""
        return as_cells(self.raw(name, start, stop))

    def row(self, index: int) -> dict[str, Cell]:
        """Return one row as cells."""
        return {name: as_cells([self.rows[index].get(name)])[0] for name in self.names}

    def __iter__(self) -> Iterator[tuple[Cell, ...]]:
        return zip(*(self.cells(name) for name in self.names), strict=True)


EMPTY = Table((), ())


def as_cells(values: list[Any]) -> list[Cell]:
    """Return the values with every object and array as compact JSON text."""
    if not {dict, list} & set(map(type, values)):
        return values
    return [compact(value) if isinstance(value, dict | list) else value for value in values]


def as_table(document: Any, path: str, expand: bool) -> Table:
    """Apply a path to a document and lay the result out as a table."""
    found = find(path, document)
    if found.is_missing:
        return Table((), (), is_missing=True)
    if not expand:
        return whole(compact(found.value))
    return _expanded(found.value, last_name(path) or "value")


def whole(text: str) -> Table:
    """Return the one-row table of an answer that is not expanded."""
    return Table((WHOLE,), ({WHOLE: text},))


def _expanded(value: Any, scalar_name: str) -> Table:
    if value is None:
        return EMPTY
    elements = value if isinstance(value, list) else [value]
    rows = [element if isinstance(element, dict) else {scalar_name: element} for element in elements]
    return Table(tuple(dict.fromkeys(chain.from_iterable(rows))), rows)
