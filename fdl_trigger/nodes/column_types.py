"""Column types: guessed from values, or read from declarations, and the fitting of cells to them (section 7)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .json_table import as_cells
from .target_settings import TargetField

SHORT_TEXT = 255
_MIN_WHOLE, _MAX_WHOLE = -(2**63), 2**63 - 1
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?\s*")
_NUMERIC = re.compile(r"\s*(TINY|SMALL|MEDIUM|BIG|UNSIGNED\s+)?(INT|DEC|NUM|REAL|FLOAT|DOUBLE)(?!ERVAL)", re.I)
_LENGTH = re.compile(r"CHAR[^(]*\(\s*(\d+)\s*\)", re.I)
_TEXTUAL = re.compile(r"CHAR|TEXT|CLOB", re.I)
_DOUBLE_DIGITS = 17
_NONE = type(None)


class Misfit(Exception):
    """A cell that does not fit its column; `kind` is a kind of dirty row."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


Holds = Callable[[int | Decimal], bool]
"""Whether a created column takes a number with every digit."""


def guessed(name: str, values: list[Any], is_key: bool, holds: Holds) -> TargetField:
    """Guess a column from the parsed values of the first rows; key columns become NOT NULL."""
    kind, length = _guess(values, holds)
    return TargetField(name, kind, length, not_null=is_key, primary_key=is_key)


def _guess(values: list[Any], holds: Holds) -> tuple[str, int | None]:
    kinds = set(map(type, values)) - {_NONE}
    if kinds == {bool}:
        return "BOOLEAN", None
    if kinds == {int} and all(holds(value) for value in values if value is not None):
        return "BIGINT", None
    if kinds and kinds <= {int, Decimal} and all(holds(value) for value in values if value is not None):
        return "DECIMAL", None
    is_long = any(isinstance(value, str) and len(value) > SHORT_TEXT for value in values)
    return ("TEXT", None) if is_long or kinds & {dict, list} else ("VARCHAR", SHORT_TEXT)


def _is_held(number: int | Decimal) -> bool:
    """Whether SQLite holds the number: in 64 bits, or as a double, which 17 digits are enough to tell."""
    if isinstance(number, int):
        return _MIN_WHOLE <= number <= _MAX_WHOLE
    text = str(number)
    if len(text) <= _DOUBLE_DIGITS and "E" not in text:  # nearly always, and ten times as fast to tell
        return True
    return len(number.as_tuple().digits) <= _DOUBLE_DIGITS and -300 < number.adjusted() < 300


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a target table, with the type it was declared with; this one is SQLite's.

    `compared` is how something is compared with the column, `{}` standing for it.
    """

    name: str
    declared: str = ""
    compared: str = "{}"

    @staticmethod
    def holds(number: int | Decimal) -> bool:
        """See Holds."""
        return _is_held(number)

    def fit(self, values: list[Any]) -> tuple[list[Any], dict[int, Misfit]]:
        """Return the values as SQLite takes them, and what does not fit, by position.

        The declared length and kind are enforced here, since SQLite itself stores anything anywhere.
        """
        cells = as_cells(values)
        kinds = set(map(type, cells)) - {_NONE}
        if not kinds:
            return cells, {}
        if _NUMERIC.match(self.declared) or self.declared.upper().startswith("BOOL"):
            return self._numbers(cells, kinds)
        if _TEXTUAL.search(self.declared):
            return self._texts(cells, kinds)
        return each(cells, _as_is) if kinds != {str} else (cells, {})

    def _numbers(self, cells: list[Any], kinds: set[type]) -> tuple[list[Any], dict[int, Misfit]]:
        if kinds <= {int, bool} and all(_MIN_WHOLE <= cell <= _MAX_WHOLE for cell in cells if cell is not None):
            return cells, {}
        fitted, misfits = each(cells, _as_number)
        if "INT" in self.declared.upper():
            reason = f"column {self.name} takes whole numbers of 64 bits"
            beyond = (index for index, cell in enumerate(cells) if isinstance(cell, int) and not _is_held(cell))
            misfits.update({index: Misfit("TYPE_MISMATCH", reason) for index in beyond})
        return fitted, misfits

    def _texts(self, cells: list[Any], kinds: set[type]) -> tuple[list[Any], dict[int, Misfit]]:
        if kinds != {str}:
            cells = [None if cell is None else as_text(cell) for cell in cells]
        declared = _LENGTH.search(self.declared)
        return cells, too_long(cells, self.name, int(declared[1])) if declared else {}


def too_long(cells: list[str | None], column: str, limit: int) -> dict[int, Misfit]:
    """Return the texts longer than so many characters, by position."""
    if max(map(len, filter(None, cells)), default=0) <= limit:
        return {}
    reason = f"column {column} takes {limit} characters"
    return {
        index: Misfit("VALUE_TOO_LONG", f"{reason}, not {len(cell)}")
        for index, cell in enumerate(cells)
        if cell is not None and len(cell) > limit
    }


def each(cells: list[Any], convert: Callable[[Any], Any]) -> tuple[list[Any], dict[int, Misfit]]:
    """Convert cell by cell; NULL stays NULL. Returns the cells and what did not fit, by position."""
    fitted: list[Any] = []
    misfits: dict[int, Misfit] = {}
    for index, cell in enumerate(cells):
        try:
            fitted.append(None if cell is None else convert(cell))
        except Misfit as misfit:
            fitted.append(None)
            misfits[index] = misfit
    return fitted, misfits


def _as_number(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return _exactly(cell)
    if isinstance(cell, bool):
        return int(cell)
    if isinstance(cell, int):
        return cell if _is_held(cell) else str(cell)
    word = {"true": 1, "false": 0}.get(cell.strip().lower())
    if word is not None:
        return word
    if not _NUMBER.fullmatch(cell):
        raise Misfit("TYPE_MISMATCH", f"'{cell[:80]}' is not a number")
    return _exactly(Decimal(cell.strip()))


def _exactly(number: Decimal) -> float | str:
    return float(number) if _is_held(number) else str(number)


def as_text(cell: Any) -> str:
    """Return a cell that is not NULL as a text column keeps it."""
    return ("true" if cell else "false") if isinstance(cell, bool) else str(cell)


def _as_is(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return float(cell) if _is_held(cell) else str(cell)
    if isinstance(cell, int) and not _is_held(cell):
        return str(cell)
    return cell


def readable(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row for the record of dirty rows: decimals as text, every text storable."""
    return {storable(name): _readable(cell) for name, cell in row.items()}


def storable(text: str) -> str:
    """Return a text with lone surrogates, which no database takes, written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _readable(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return str(cell)
    return storable(cell) if isinstance(cell, str) else cell
