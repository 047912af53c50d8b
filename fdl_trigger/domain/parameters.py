"""Task parameters: definitions, called values, built-ins and time expressions (finedatalink-tasks.md section 4)."""

import calendar
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any


class ParameterType(StrEnum):
    """What values a parameter takes."""

    DATE = "DATE"
    STRING = "STRING"
    NUMBER = "NUMBER"
    BOOLEAN = "BOOLEAN"
    SECRET = "SECRET"  # noqa: S105 - a text that is masked everywhere and never stands in a definition


class ParameterError(ValueError):
    """A value does not fit its parameter, or a reference cannot be resolved."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A static parameter of a task; `value` may hold references such as ${yyyy-mm-dd-1}."""

    name: str
    type: ParameterType
    value: Any


@dataclass(frozen=True, slots=True)
class Scope:
    """The values `${...}` may refer to, and the service date time expressions count from.

    `secrets` are the names among them that hold secrets; `lookup` is asked for names that are neither a value nor a
    time expression.
    """

    values: Mapping[str, Any]
    service_date: datetime
    secrets: frozenset[str] = frozenset()
    lookup: Callable[[str], Any] | None = None

    def resolve(self, text: str, nearer: Mapping[str, Any] | None = None) -> str:
        """Replace every `${...}` by its value as text: plain substitution, done once, never evaluated.

        `nearer` holds values that win over the scope's own (the page number of a paged fetch).
        Raises ParameterError for a name that is neither a parameter nor a time expression.
        """
        return _REFERENCE.sub(lambda match: self._value_of(match[1].strip(), nearer or {}), text)

    def with_values(self, values: Mapping[str, Any]) -> "Scope":
        """Return a scope in which `values` win."""
        return replace(self, values={**self.values, **values})

    def _value_of(self, name: str, nearer: Mapping[str, Any]) -> str:
        for values in (nearer, self.values):
            if name in values:
                return as_text(values[name])
        moment = time_expression(name, self.service_date)
        if moment is not None:
            return moment
        found = self.lookup(name) if self.lookup else None
        if found is None:
            raise ParameterError(f"${{{name}}} is not a parameter of this task")
        return as_text(found)


_REFERENCE = re.compile(r"\$\{([^{}]*)\}")


def build_scope(
    parameters: tuple[Parameter, ...],
    called: Mapping[str, Any],
    task_name: str,
    created_at: int,
    zone: tzinfo | None = None,
    project: Iterable[Parameter] = (),
    lookup: Callable[[str], Any] | None = None,
) -> Scope:
    """Fix the parameters of one instance: called values win over static ones, only defined names count.

    `created_at` is the service date in epoch milliseconds (`${cyctime}`), `zone` the zone it is told in (None: the
    system's), `project` the global parameters, which lose against those of the task. Raises ParameterError for a value
    that does not fit its type.
    """
    service_date = datetime.fromtimestamp(created_at / 1000).astimezone(zone)
    built_in = {"cyctime": service_date.strftime("%Y-%m-%d %H:%M:%S"), "workname": task_name}
    globals_ = tuple(project)
    scope = Scope(built_in, service_date, lookup=lookup)
    scope = scope.with_values({parameter.name: parameter.value for parameter in globals_})
    values = {parameter.name: _fixed(parameter, called, scope) for parameter in parameters}
    kinds = {parameter.name: parameter.type for parameter in (*globals_, *parameters)}
    secrets = frozenset(name for name, kind in kinds.items() if kind is ParameterType.SECRET)
    return replace(scope.with_values(values), secrets=secrets)


def unmatched_names(parameters: tuple[Parameter, ...], called: Mapping[str, Any]) -> list[str]:
    """Return the called names the task does not define; they have no effect."""
    defined = {parameter.name for parameter in parameters}
    return sorted(name for name in called if name not in defined)


def _fixed(parameter: Parameter, called: Mapping[str, Any], scope: Scope) -> Any:
    if parameter.name in called and called[parameter.name] is not None:
        value = called[parameter.name]
    else:
        value = parameter.value
        if isinstance(value, str):
            value = scope.resolve(value)
        if parameter.type is ParameterType.SECRET:
            if parameter.name not in scope.values:
                raise ParameterError(
                    f"the secret parameter '{parameter.name}' has no value: send it with the call, or set a global "
                    "parameter of this name"
                )
            value = scope.values[parameter.name]
    return fit(parameter, value)


def fit(parameter: Parameter, value: Any) -> Any:
    """Return a value as its parameter's type takes it; raises ParameterError."""
    try:
        return _FITTING[parameter.type](value)
    except ValueError:
        shown = as_text(value)[:80]
        raise ParameterError(
            f"parameter '{parameter.name}' takes a {parameter.type} value, '{shown}' is not one"
        ) from None


def as_text(value: Any) -> str:
    """Render a parameter value the way it is substituted."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return str(value)


def _fit_number(value: Any) -> Any:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return value
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(value) from None
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError(value)
    return str(value).strip()


def _fit_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "false": False, "1": True, "0": False}
    word = str(value).strip().lower()
    if word not in words:
        raise ValueError(value)
    return words[word]


def _fit_date(value: Any) -> str:
    text = str(value).strip()
    if not text:
        return text
    if re.fullmatch(r"\d{8}", text):
        datetime.strptime(text, "%Y%m%d")
    else:
        datetime.fromisoformat(text)
    return text


def _fit_string(value: Any) -> str:
    return as_text(value)


_FITTING = {
    ParameterType.NUMBER: _fit_number,
    ParameterType.BOOLEAN: _fit_boolean,
    ParameterType.DATE: _fit_date,
    ParameterType.STRING: _fit_string,
    ParameterType.SECRET: _fit_string,
}


# Longest first, so that "yyyy" is not read as two "yy".
_TOKENS = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d", "hh": "%H", "mi": "%M", "ss": "%S"}
_TOKEN = re.compile("|".join(_TOKENS))
_UNITS = ("ss", "mi", "hh", "dd", "mm", "yyyy", "yy")  # smallest first


def time_expression(expression: str, base: datetime) -> str | None:
    """Return the value of a time expression such as `yyyymmdd-1`, or None when it is not one.

    The offset counts in the unit of the smallest token present; `mi`, `ss` and `mi:ss` alone are not time expressions.
    """
    offset = re.fullmatch(r"(.*?)\s*([+-])(\d{1,6})", expression)
    pattern = offset[1] if offset else expression
    tokens = set(_TOKEN.findall(pattern))
    if not tokens - {"mi", "ss"} or re.search("[A-Za-z%$]", _TOKEN.sub("", pattern)):
        return None
    amount = int(offset[2] + offset[3]) if offset else 0
    unit = next(token for token in _UNITS if token in tokens)
    try:
        moment = _shift(base, unit, amount)
    except (OverflowError, ValueError):
        raise ParameterError(f"${{{expression}}} lies outside the years 1 to 9999") from None
    return _TOKEN.sub(lambda match: moment.strftime(_TOKENS[match[0]]), pattern)


def _shift(base: datetime, unit: str, amount: int) -> datetime:
    if unit in ("mm", "yyyy", "yy"):
        months = amount if unit == "mm" else amount * 12
        year, month = divmod(base.year * 12 + base.month - 1 + months, 12)
        last_day = calendar.monthrange(year, month + 1)[1]
        return base.replace(year=year, month=month + 1, day=min(base.day, last_day))
    spans = {"dd": "days", "hh": "hours", "mi": "minutes", "ss": "seconds"}
    return base + timedelta(**{spans[unit]: amount})
