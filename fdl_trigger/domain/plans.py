"""A plan of a task: by time (a schedule) or by events (other tasks succeeded), with alarms; docs/schedules.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from .definition import flatten, invalid
from .errors import DefinitionInvalid
from .recurrence import NAME_RULES, Limits, Misfire, Schedule, parse

EVENT = "EVENT"
MAX_SOURCES = 100
_LIMITS = Limits()
_MAX_MINUTES = 60 * 24 * 366


class Match(StrEnum):
    """How many of the listed tasks must have succeeded."""

    ALL = "ALL"
    ANY = "ANY"


@dataclass(frozen=True, slots=True)
class EventRule:
    """Run after the listed tasks (by name or uid) succeeded, for ALL within `within_ms` of one another.

    Without `on_retry` a success that somebody retried or backfilled does not count.
    """

    tasks: tuple[str, ...]
    match: Match
    within_ms: int
    on_retry: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """Whom to tell (connections, by name) when a due run has not started after `not_run_ms`, runs for `too_long_ms`."""

    channels: tuple[str, ...]
    not_run_ms: int | None
    too_long_ms: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it was read: `schedule` is set for plans by time, `event` for those by events.

    `zone` is the time zone that counts where the document names none.
    """

    name: str
    enabled: bool
    schedule: Schedule | None
    event: EventRule | None
    alarm: Alarm | None
    document: Mapping[str, Any]
    zone: str

    @property
    def type(self) -> str:
        """The document's type."""
        return EVENT if self.schedule is None else str(self.schedule.type)

    @property
    def misfire(self) -> Misfire:
        """What becomes of missed fires; events are kept, none is missed."""
        return Misfire.SKIP if self.schedule is None else self.schedule.misfire

    def next_fire(self, after_ms: int) -> int | None:
        """Return the first fire after a moment; None for events, for a disabled and for an ended plan."""
        return self.schedule.next_fire(after_ms) if self.schedule is not None and self.enabled else None

    def warnings(self, now_ms: int) -> list[str]:
        """Return what people should look after, such as a missing holiday table of the next year."""
        return [] if self.schedule is None else self.schedule.warnings(now_ms)


def parse_plan(
    document: Mapping[str, Any], *, now_ms: int | None = None, limits: Limits = _LIMITS, zone: str = "UTC"
) -> Plan:
    """Read a plan; the arguments are those of `recurrence.parse`. Raises DefinitionInvalid with every mistake."""
    problems: list[tuple[str, str]] = []
    alarm = event = schedule = None
    try:
        alarm = _alarm(document)
    except ValidationError as error:
        problems += flatten(error.messages)
    rest = {key: value for key, value in document.items() if key != "alarm"}
    try:
        if document.get("type") == EVENT:
            event, enabled = _event(rest)
        else:
            schedule = parse(rest, now_ms=now_ms, limits=limits, zone=zone)
            enabled = schedule.enabled
    except ValidationError as error:
        problems += flatten(error.messages)
    except DefinitionInvalid as error:
        problems += _problems_of(error)
    if problems:
        raise invalid(problems)
    return Plan(document["name"], enabled, schedule, event, alarm, document, zone)


def problems_of(documents: list[Mapping[str, Any]], zone: str = "UTC") -> list[tuple[str, str]]:
    """Return every mistake of a task's plans, names used twice included, with keys such as `plans[0].value.cron`."""
    problems: list[tuple[str, str]] = []
    names: set[object] = set()
    for index, document in enumerate(documents):
        try:
            name = parse_plan(document, zone=zone).name
        except DefinitionInvalid as error:
            problems += [(f"plans[{index}].{key}", reason) for key, reason in _problems_of(error)]
            continue
        if name in names:
            problems.append((f"plans[{index}].name", f"'{name}' is the name of another plan of the task"))
        names.add(name)
    return problems


def _problems_of(error: DefinitionInvalid) -> list[tuple[str, str]]:
    found = error.details["problems"]
    return list(found) if isinstance(found, list) else [("", error.message)]


def _alarm(document: Mapping[str, Any]) -> Alarm | None:
    value = document.get("alarm")
    if value is None:
        return None
    try:
        loaded: Alarm = _AlarmSchema().load(value)
    except ValidationError as error:
        raise ValidationError({"alarm": error.messages}) from None
    return loaded


def _event(document: Mapping[str, Any]) -> tuple[EventRule, bool]:
    loaded = _EventPlanSchema().load(document)
    return loaded["value"], loaded["enabled"]


def _minutes(**more: Any) -> fields.Float:
    return fields.Float(validate=validate.Range(0, _MAX_MINUTES, min_inclusive=False), **more)


class _AlarmSchema(Schema):
    channels = fields.List(
        fields.Str(validate=validate.Length(1, 64)), required=True, validate=validate.Length(1, MAX_SOURCES)
    )
    notRunMinutes = _minutes(load_default=None, allow_none=True)
    tooLongMinutes = _minutes(load_default=None, allow_none=True)

    @validates_schema
    def _says_when(self, data: dict[str, Any], **_: object) -> None:
        if data["notRunMinutes"] is None and data["tooLongMinutes"] is None:
            raise ValidationError("give at least one of notRunMinutes and tooLongMinutes", "notRunMinutes")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> Alarm:
        return Alarm(tuple(dict.fromkeys(data["channels"])), _ms(data["notRunMinutes"]), _ms(data["tooLongMinutes"]))


class _EventValueSchema(Schema):
    tasks = fields.List(
        fields.Str(validate=validate.Length(1, 128)), required=True, validate=validate.Length(1, MAX_SOURCES)
    )
    match = fields.Enum(Match, load_default=Match.ALL)
    withinMinutes = _minutes(load_default=60 * 24.0)
    onRetry = fields.Bool(load_default=True)

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> EventRule:
        within = round(data["withinMinutes"] * 60_000)
        return EventRule(tuple(dict.fromkeys(data["tasks"])), data["match"], within, data["onRetry"])


class _EventPlanSchema(Schema):
    name = fields.Str(required=True, validate=NAME_RULES)
    enabled = fields.Bool(load_default=True)
    type = fields.Str(required=True)
    value = fields.Nested(_EventValueSchema, required=True)


def _ms(minutes: float | None) -> int | None:
    return None if minutes is None else round(minutes * 60_000)


def circle(edges: list[tuple[int, int]], start: int) -> list[int]:
    """Return the way from a task along (source, target) edges back to it, the task at both ends; [] for none."""
    ways = [[start]]
    seen: set[int] = set()
    for way in ways:
        for source, target in edges:
            if source == way[-1] and target == start:
                return [*way, start]
            if source == way[-1] and target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []
