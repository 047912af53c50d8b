"""When fetching pages ends: conditions on the page just fetched (finedatalink-tasks.md section 5.1)."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ..domain.parameters import as_text
from .context import NodeContext
from .json_path import find_one
from .json_text import compact
from .page import Page
from .source_settings import End, EndCondition

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
}
_NOTHING = ("", "[]", "{}")


def has_ended(end: End, page: Page, position: Mapping[str, Any], context: NodeContext) -> bool:
    """Tell whether the end condition holds on a page; `position` holds the paging parameter it was fetched with."""
    if not end.conditions:
        return False
    results = (_holds(condition, page, position, context) for condition in end.conditions)
    return all(results) if end.match == "ALL" else any(results)


def _holds(condition: EndCondition, page: Page, position: Mapping[str, Any], context: NodeContext) -> bool:
    operand = _operand(condition, page, position, context)
    return meets(operand, condition.operator, context.resolve(condition.value, position))


def meets(operand: str, operator: str, value: str) -> bool:
    """Apply any of the operators to two texts."""
    if operator in ("IS_EMPTY", "IS_NOT_EMPTY"):
        return (operand.strip() in _NOTHING) == (operator == "IS_EMPTY")
    if operator == "CONTAINS":
        return value in operand
    return compare(operand, operator, value)


def compare(left: str, operator: str, right: str) -> bool:
    """Compare two texts: as numbers when both are numbers, otherwise as texts."""
    numbers = _number(left), _number(right)
    if None in numbers:
        return _COMPARISONS[operator](left, right)
    return _COMPARISONS[operator](*numbers)


def _operand(condition: EndCondition, page: Page, position: Mapping[str, Any], context: NodeContext) -> str:
    if condition.type == "STATUS":
        return str(page.status)
    if condition.type == "REQUEST_TIMES":
        return str(page.number)
    if condition.type == "PARAMETER":
        name = condition.name or next(iter(position))
        return context.resolve(f"${{{name}}}", position)
    value = find_one(condition.path, page.document)
    return compact(value) if isinstance(value, dict | list) else as_text(value)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
