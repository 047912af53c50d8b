"""Columns of PostgreSQL and MariaDB tables, and the fitting of cells to them; the servers check the rest."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .column_types import Column, Misfit, as_text, each, too_long
from .json_table import as_cells

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?\s*")
_WORDS = {"true": True, "false": False}
_MOST_DIGITS, _MOST_PLACES = 28, 10  # of the DECIMAL(38,10) of a created table
_LENGTH = re.compile(r"CHAR[^(]*\(\s*(\d+)\s*\)", re.I)


class ServerColumn(Column):
    """What the two servers have in common: numbers keep every digit, whatever is no number goes there as text."""

    __slots__ = ()
    _whole = re.compile(r"(tiny|small|medium|big)?int", re.I)
    _number = re.compile(r"dec|num|real|float|double|money", re.I)
    _boolean = re.compile(r"bool", re.I)

    @staticmethod
    def holds(number: int | Decimal) -> bool:
        """Whether a created column takes the number with every digit: 64 bits, or DECIMAL(38,10)."""
        if isinstance(number, int):
            return -(2**63) <= number < 2**63
        exponent = number.as_tuple().exponent
        return isinstance(exponent, int) and -exponent <= _MOST_PLACES and number.adjusted() < _MOST_DIGITS

    def fit(self, values: list[Any]) -> tuple[list[Any], dict[int, Misfit]]:
        """Return the values as the driver takes them, and what does not fit, by position."""
        cells = as_cells(values)
        convert = self._conversion()
        if convert is not None:
            return each(cells, convert)
        texts = [None if cell is None else as_text(cell) for cell in cells]
        declared = _LENGTH.search(self.declared)
        return texts, too_long(texts, self.name, int(declared[1])) if declared else {}

    def _conversion(self) -> Callable[[Any], Any] | None:
        if self._boolean.match(self.declared):
            return _boolean
        if self._whole.match(self.declared):
            return self._as_whole
        return _as_number if self._number.match(self.declared) else None

    def _as_whole(self, cell: Any) -> int:
        number = _as_number(cell)
        if isinstance(number, Decimal):
            if number != number.to_integral_value() or number.adjusted() > 20:
                raise Misfit("TYPE_MISMATCH", f"column {self.name} takes whole numbers, not {str(cell)[:80]}")
            number = int(number)
        return number


class PostgresqlColumn(ServerColumn):
    """A column of PostgreSQL."""

    __slots__ = ()
    _whole = re.compile(r"(small|big)?int(eger)?$", re.I)
    _number = re.compile(r"numeric|real|double", re.I)


class MysqlColumn(ServerColumn):
    """A column of MariaDB or MySQL; its BOOLEAN is a small number."""

    __slots__ = ()


def _as_number(cell: Any) -> int | Decimal:
    if isinstance(cell, bool):
        return int(cell)
    if isinstance(cell, int | Decimal):
        return cell
    word = _WORDS.get(cell.strip().lower())
    if word is not None:
        return int(word)
    if not _NUMBER.fullmatch(cell):
        raise Misfit("TYPE_MISMATCH", f"'{cell[:80]}' is not a number")
    text = cell.strip()
    return int(text) if text.lstrip("+-").isascii() and text.lstrip("+-").isdigit() else Decimal(text)


def _boolean(cell: Any) -> bool:
    number = _as_number(cell)
    if number not in (0, 1):
        raise Misfit("TYPE_MISMATCH", f"'{str(cell)[:80]}' is neither true nor false")
    return bool(number)
