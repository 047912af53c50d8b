"""When things recur: cron expressions, intervals and plans, in a time zone and by a work calendar. No I/O."""

from .cron import Cron, CronError
from .documents import NAME_RULES, ROMA_LIMITS, Limits, parse
from .schedule import Cause, Misfire, Occurrence, PlanType, Schedule
from .zones import UnknownZone, WallClock, zone_named

__all__ = [
    "NAME_RULES",
    "ROMA_LIMITS",
    "Cause",
    "Cron",
    "CronError",
    "Limits",
    "Misfire",
    "Occurrence",
    "PlanType",
    "Schedule",
    "UnknownZone",
    "WallClock",
    "parse",
    "zone_named",
]
