"""A desk to try schedules at: a runtime without an engine, a clock turned by hand, a scheduler turned by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fdl_trigger.domain.records import Instance, InstanceFilter
from fdl_trigger.domain.schedule_records import Fire
from fdl_trigger.domain.states import State
from fdl_trigger.engine.scheduler import Scheduler
from fdl_trigger.runtime import Runtime

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EVERY_HOUR = {"name": "hourly", "type": "CRON", "value": {"cron": "0 0 * * * ?"}, "timeZone": "UTC"}


def at(text: str) -> int:
    """Return a time in UTC as epoch milliseconds."""
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000)


class Desk:
    """Saves tasks and schedules and turns the scheduler."""

    def __init__(self, runtime: Runtime, clock: Any) -> None:
        self.runtime = runtime
        self.clock = clock
        self.scheduler = Scheduler(runtime.store, clock)

    def task(self, name: str, **more: Any) -> str:
        document = {"workName": name, "nodes": [{"id": "n", "type": "VIRTUAL"}], **more}
        return self.runtime.tasks.publish(uid=self.runtime.tasks.save(document).uid).uid

    def schedule(self, task: str = "orders", **more: Any) -> str:
        document: Mapping[str, Any] = {**EVERY_HOUR, **more}
        return self.runtime.schedules.save(document, name=task).uid

    def turn_at(self, text: str) -> None:
        self.clock.now = at(text)
        self.turn()

    def turn(self) -> None:
        for _ in range(50):
            self.scheduler.turn()

    def runs(self, task: str = "orders") -> list[Instance]:
        return self.runtime.instances.list(InstanceFilter(limit=1000), name=task)[::-1]

    def service_dates(self, task: str = "orders") -> list[int | None]:
        return [run.service_date for run in self.runs(task)]

    def fires(self, uid: str) -> list[Fire]:
        return self.runtime.schedules.fires(uid)[::-1]

    def claim(self) -> Any:
        [claim] = self.runtime.store.instances.claim_due(1, "desk")
        return claim

    def end(self, state: State = State.SUCCEEDED) -> None:
        """Run the next waiting instance to an end."""
        from fdl_trigger.domain.records import Counts
        from fdl_trigger.domain.states import Reason
        from fdl_trigger.store.journal import JournalEntries

        claim, instances = self.claim(), self.runtime.store.instances
        if state is State.SUCCEEDED:
            assert instances.succeed(claim, Counts(), JournalEntries())
        else:
            assert instances.fail(claim, Reason.ERROR, "broke", Counts(), JournalEntries())
