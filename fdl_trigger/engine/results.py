"""How tasks and their nodes ended last, as parameters can refer to it: `${<task>.opresult}`."""

from ..domain.records import Instance, InstanceFilter
from ..domain.states import FINAL_STATES, Reason, State
from ..store.store import Store

_SUFFIX = ".opresult"
_FINISHED = tuple((state, None) for state in FINAL_STATES)


class TaskResults:
    """Looks up `<task>.opresult` and `<task>.<node>.opresult` (finedatalink-tasks.md section 4)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, name: str) -> str | None:
        """Return the result, or None when the name is not of this kind; empty when the task has not run yet."""
        if not name.endswith(_SUFFIX):
            return None
        subject = name.removesuffix(_SUFFIX)
        if (instance := self._last(subject)) is not None:
            return _word(instance.state, instance.reason)
        task, _, node = subject.rpartition(".")
        if task and (instance := self._last(task)) is not None:
            runs = {run.name: run for run in self._store.journal.node_runs(instance.id)}
            return _word(runs[node].state, None) if node in runs else ""
        return "" if self._is_task(subject) or self._is_task(task) else None

    def _is_task(self, name: str) -> bool:
        return name in self._store.catalog.current().tasks_by_name

    def _last(self, task_name: str) -> Instance | None:
        task = self._store.catalog.current().tasks_by_name.get(task_name)
        if task is None:
            return None
        found = self._store.records.matching(InstanceFilter(task_id=task.id, outcomes=_FINISHED, limit=1))
        return found[0] if found else None


def _word(state: State, reason: Reason | None) -> str:
    if reason is Reason.LOST:
        return "invalid"
    return {State.SUCCEEDED: "success", State.SKIPPED: "skipped"}.get(state, "error")
