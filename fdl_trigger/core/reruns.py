"""Run finished instances again, and whole ranges of dates."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from ..domain.clock import Clock
from ..domain.creation import Backfill, Restore
from ..domain.definition import Definition
from ..domain.errors import InstanceNotFinished, InstanceNotFound, InvalidParameter
from ..domain.flow import WHOLE, Extent, Portion
from ..domain.operations import Operation
from ..domain.records import LOCAL, Instance, Principal, Task
from ..domain.states import Reason, State, Trigger
from ..domain.triggering import new_instance, require_runnable
from ..failpoints import fail_point
from ..store.backfills import BackfillProgress
from ..store.store import Store
from .instances import InstanceService
from .lookup import find_task
from .orders import as_instance, checked_params, checked_portion
from .permissions import require

MAX_DATES = 3660


class RerunService:
    """Retries and backfills (finedatalink-tasks.md section 12.2). `zone` is the one dates are meant in."""

    def __init__(self, store: Store, clock: Clock, instances: InstanceService, zone: tzinfo | None = None) -> None:
        self._store = store
        self._clock = clock
        self._instances = instances
        self._zone = zone

    def retry(
        self,
        uid: str,
        *,
        portion: Portion = WHOLE,
        failed_only: bool = False,
        params: Mapping[str, Any] | None = None,
        service_date: int | None = None,
        operator: str | None = None,
        principal: Principal = LOCAL,
    ) -> Instance:
        """Run a finished instance again as a new one that names it as its source.

        `portion` is the part to run; `failed_only` runs what did not succeed and takes over the rest. `params` changes
        values for this run, of parameters the task defines; `service_date` (epoch milliseconds) moves `${cyctime}`.
        Raises PermissionDenied, InstanceNotFound, InstanceNotFinished, InvalidParameter, and what `execute` raises.
        """
        source = self._instances.get(uid, principal, Operation.EXECUTE)
        if not source.state.is_final:
            raise InstanceNotFinished(f"The instance is {source.apparent_state}; retry it when it has ended.")
        task = find_task(self._store.catalog.current(), source.task_uid, None, principal, Operation.EXECUTE)
        definition = self._store.catalog.definition(task.id, require_runnable(task))
        values = {**source.params, **self._store.sealing.seal(definition.params, _known(definition, params or {}))}
        new = new_instance(
            task,
            definition,
            Trigger.RETRY,
            operator or principal.name,
            values,
            application_id=principal.application_id,
            portion=checked_portion(definition, portion),
            service_date=self._service_date(source, service_date),
            source_uid=source.uid,
            restore=self._restore(source, definition, portion, failed_only),
        )
        entry = principal.did("instance.retry", task.name, workId=task.uid, source=source.uid)
        fail_point("retry.asked")
        return as_instance(task, new, self._store.instances.create(new, entry))

    def _service_date(self, source: Instance, wanted: int | None) -> int | None:
        return source.service_date if wanted is None else wanted

    def _restore(self, source: Instance, definition: Definition, portion: Portion, failed_only: bool) -> Restore | None:
        """Return which results to take over: of what succeeded, all that this run does not run again."""
        if portion.extent is Extent.WHOLE and not failed_only:
            return None
        again = frozenset() if failed_only else definition.flow.selected(portion)
        runs = self._store.journal.node_runs(source.id)
        succeeded = {run.node_id for run in runs if run.state is State.SUCCEEDED}
        known = {node.id for node in definition.flow.nodes}
        return Restore(source.id, frozenset(succeeded & known) - again)

    def backfill(
        self,
        first: date,
        last: date,
        *,
        uid: str | None = None,
        name: str | None = None,
        params: Mapping[str, Any] | None = None,
        parallel: int = 1,
        principal: Principal = LOCAL,
    ) -> BackfillProgress:
        """Run a task once for every date of a range, midnight of each as its service date, oldest first.

        At most `parallel` of them run at a time. Raises PermissionDenied, TaskNotFound, InvalidParameter, QueueFull.
        """
        require(principal, Operation.EXECUTE)
        task = find_task(self._store.catalog.current(), uid, name, principal, Operation.EXECUTE)
        definition = self._store.catalog.definition(task.id, require_runnable(task))
        dates = _dates(first, last)
        if not 1 <= parallel <= 1000:
            raise InvalidParameter("'parallel' is between 1 and 1000.")
        backfill = Backfill(
            uid=str(uuid.uuid4()),
            task_id=task.id,
            first_date=self._midnight(dates[0]),
            last_date=self._midnight(dates[-1]),
            parallel=parallel,
            created_by=principal.name,
            created_at=self._clock(),
        )
        self._create(backfill, task, definition, dates, _known(definition, params or {}), principal)
        return self.progress(backfill.uid)  # leave to run it is leave to be told that it runs

    def _create(
        self,
        backfill: Backfill,
        task: Task,
        definition: Definition,
        dates: list[date],
        params: Mapping[str, Any],
        principal: Principal,
    ) -> None:
        sealed = self._store.sealing.seal(definition.params, params)
        news = [
            new_instance(
                task,
                definition,
                Trigger.RETRY,
                principal.name,
                sealed,
                application_id=principal.application_id,
                service_date=self._midnight(day),
                dedupe_key=f"backfill {backfill.uid} {day}",
                backfill_uid=backfill.uid,
                overlap_limit=backfill.parallel,
            )
            for day in dates
        ]
        entry = principal.did("task.backfill", task.name, workId=task.uid, backfill=backfill.uid)
        fail_point("backfill.asked")
        self._store.instances.create_backfill(backfill, news, entry)
        fail_point("backfill.committed")

    def _midnight(self, day: date) -> int:
        moment = datetime.combine(day, time(), self._zone)
        return round(moment.astimezone().timestamp() * 1000) if self._zone is None else round(moment.timestamp() * 1000)

    def progress(self, uid: str, principal: Principal = LOCAL) -> BackfillProgress:
        """Return how far a backfill is; raises PermissionDenied, InstanceNotFound."""
        require(principal, Operation.READ)
        progress = self._store.backfills.progress(uid)
        if progress is None or not self._may_see(progress, principal):
            raise InstanceNotFound(f"There is no backfill '{uid[:64]}'.")
        return progress

    def _may_see(self, progress: BackfillProgress, principal: Principal) -> bool:
        tasks = self._store.catalog.current().tasks_by_uid.values()
        folder = next((task.folder for task in tasks if task.id == progress.backfill.task_id), "/")
        return principal.may(Operation.READ, progress.backfill.task_id, folder)

    def stop_backfill(self, uid: str, principal: Principal = LOCAL) -> BackfillProgress:
        """End what waits and ask what runs of a backfill to stop; raises PermissionDenied, InstanceNotFound."""
        require(principal, Operation.TERMINATE)
        self.progress(uid, principal)
        entry = principal.did("backfill.stop", uid)
        ids = self._store.backfills.unfinished_ids(uid)
        self._store.instances.request_end(ids, Reason.USER, f"the backfill was stopped by {principal.name}", entry)
        return self.progress(uid, principal)


def _known(definition: Definition, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """A rerun changes values, it adds no parameters (section 12.2)."""
    defined = {parameter.name for parameter in definition.params}
    if unknown := sorted(set(params) - defined):
        raise InvalidParameter(f"The task '{definition.name}' has no parameter '{unknown[0][:64]}'.")
    return checked_params(params)


def _dates(first: date, last: date) -> list[date]:
    number = (last - first).days + 1
    if not 1 <= number <= MAX_DATES:
        raise InvalidParameter(f"A backfill runs from a date to a later one, {MAX_DATES} dates at most.")
    return [first + timedelta(days=offset) for offset in range(number)]
