"""Parameters are fixed when an instance is built, and substituted as text (finedatalink-tasks.md section 4)."""

from datetime import UTC, datetime

import pytest

from fdl_trigger.domain.parameters import (
    Parameter,
    ParameterError,
    ParameterType,
    build_scope,
    time_expression,
    unmatched_names,
)

# 2024-03-31 10:20:30 UTC
MOMENT = datetime(2024, 3, 31, 10, 20, 30, tzinfo=UTC)
CREATED = int(MOMENT.timestamp() * 1000)


def _scope(*parameters: Parameter, called: dict | None = None):
    return build_scope(parameters, called or {}, "orders", CREATED, UTC)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("yyyy-mm-dd", "2024-03-31"),
        ("yyyy-mm-dd-1", "2024-03-30"),
        ("yyyymmdd+1", "20240401"),
        ("yyyymm-1", "202402"),
        ("yyyy-mm-dd hh:mi:ss", "2024-03-31 10:20:30"),
        ("yyyy-mm-dd hh:mi:ss-31", "2024-03-31 10:19:59"),
        ("yyyymmddhh-11", "2024033023"),
        ("hh:mi+5", "10:25"),
        ("yyyy-1", "2023"),
        ("yy/mm", "24/03"),
        ("dd", "31"),
    ],
)
def test_a_time_expression_counts_from_the_service_date_in_its_smallest_unit(expression: str, value: str) -> None:
    assert time_expression(expression, MOMENT) == value


def test_a_month_back_from_its_last_day_is_clipped() -> None:
    assert time_expression("mm-1", MOMENT) == "02"
    assert _scope().resolve("${yyyy}") == "2024"


@pytest.mark.parametrize("expression", ["mi", "ss", "mi:ss", "pageNum", "", "yyyyx", "1+1", "{", "day"])
def test_other_texts_are_not_time_expressions(expression: str) -> None:
    assert time_expression(expression, MOMENT) is None


def test_a_time_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(ParameterError, match="years 1 to 9999"):
        time_expression("yyyy+9000", MOMENT)


def test_called_values_win_and_only_defined_names_count() -> None:
    parameter = Parameter("day", ParameterType.DATE, "${yyyy-mm-dd-1}")
    assert _scope(parameter).resolve("on ${day}") == "on 2024-03-30"
    assert _scope(parameter, called={"day": "2020-01-02", "x": 1}).resolve("on ${day}") == "on 2020-01-02"
    assert unmatched_names((parameter,), {"day": 1, "x": 1}) == ["x"]


def test_built_ins_are_there_and_a_parameter_of_the_same_name_wins() -> None:
    assert _scope().resolve("${workname} at ${cyctime}") == "orders at 2024-03-31 10:20:30"
    assert _scope(Parameter("workname", ParameterType.STRING, "mine")).resolve("${workname}") == "mine"


def test_nearer_values_win_over_the_scope() -> None:
    scope = _scope(Parameter("pageNum", ParameterType.NUMBER, 7))
    assert scope.resolve("${pageNum}", {"pageNum": 2}) == "2"


def test_a_value_is_substituted_once_and_never_evaluated() -> None:
    scope = _scope(Parameter("a", ParameterType.STRING, "x"), called={"a": "${workname} {0} %s __import__('os')"})
    assert scope.resolve("${a}") == "${workname} {0} %s __import__('os')"


def test_an_unknown_name_is_an_error_that_names_it() -> None:
    with pytest.raises(ParameterError, match=r"\$\{nobody\} is not a parameter"):
        _scope().resolve("${nobody}")


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (ParameterType.NUMBER, "1.50", "1.50"),
        (ParameterType.NUMBER, 3, "3"),
        (ParameterType.BOOLEAN, "True", "true"),
        (ParameterType.BOOLEAN, 0, "false"),
        (ParameterType.DATE, "20240229", "20240229"),
        (ParameterType.STRING, {"k": "值"}, '{"k":"值"}'),
        (ParameterType.STRING, None, ""),
    ],
)
def test_a_fitting_value_is_taken(kind: ParameterType, value: object, text: str) -> None:
    assert _scope(Parameter("p", kind, value)).resolve("${p}") == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ParameterType.NUMBER, "many"),
        (ParameterType.NUMBER, "NaN"),
        (ParameterType.NUMBER, True),
        (ParameterType.BOOLEAN, "perhaps"),
        (ParameterType.DATE, "2024-02-30"),
        (ParameterType.DATE, "20241301"),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_refused(kind: ParameterType, value: object) -> None:
    with pytest.raises(ParameterError, match=f"'p' takes a {kind} value"):
        _scope(Parameter("p", kind, "1"), called={"p": value})
