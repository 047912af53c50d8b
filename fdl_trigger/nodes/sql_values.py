"""What stands between SQL and a run: the values of references going in, the cells of rows coming out."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from ..domain.parameters import as_text
from .context import NodeContext
from .databases.binding import Binder, Lexicon
from .errors import BuildError, NodeError
from .sql_settings import SqlParameter

_PLAIN = frozenset((str, int, bool, type(None), dict, list))


def binder_for(lexicon: Lexicon, params: Iterable[SqlParameter], raw: Collection[str], context: NodeContext) -> Binder:
    """Return what binds the references of one node: its own `params` first, then the task's parameters, as text."""
    own = {parameter.name: parameter for parameter in params}

    def value_of(name: str) -> Any:
        if name not in own:
            return context.resolve(f"${{{name}}}")
        parameter = own[name]
        if not isinstance(parameter.value, str):
            return parameter.value
        try:
            return parameter.typed(context.resolve(parameter.value))
        except ValueError:
            raise BuildError(f"the value of '{name}' in params is no {parameter.type}") from None

    return Binder(lexicon, value_of, lambda name: as_text(value_of(name)), raw)


def as_rows(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return the rows of a driver as rows of a table; raises NodeError when two columns share a name."""
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise NodeError(f"two columns are called '{double}'; give one another name with AS")
    return [dict(zip(names, map(as_cell, row), strict=True)) for row in rows]


def as_cell(value: Any) -> Any:
    """Return a driver's value as a cell: numbers exactly, binary as hex text, dates and the rest as text."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Decimal):
        return value if value.is_finite() else str(value)
    if isinstance(value, float):
        number = Decimal(repr(value))
        return number if number.is_finite() else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return value.isoformat(" ") if isinstance(value, datetime) else _text(value)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | time) else str(value)
