"""People as owners and visitors of exposed tasks, in their organizations."""

from ..domain.errors import UserNotFound
from ..store.catalog import Snapshot
from ..store.store import Store


class FlowPeople:
    """Who there is: whoever a task names that the dialect knows."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: dict[str, tuple[Snapshot, frozenset[tuple[str, str]]]] = {}

    def require(self, dialect: str, user: str, organization: str, also: frozenset[tuple[str, str]]) -> None:
        """Raise UserNotFound for somebody no task of the organization names; `also` are others there are."""
        if (user, organization) not in self._known(dialect) and (user, organization) not in also:
            raise UserNotFound

    def is_locked(self, user: str) -> bool:
        """Tell whether this person has an account here that is disabled."""
        account = self._store.catalog.current().users.get(user)
        return account is not None and not account.enabled

    def _known(self, dialect: str) -> frozenset[tuple[str, str]]:
        snapshot, last = self._store.catalog.current(), self._last.get(dialect)
        if last is None or last[0] is not snapshot:
            self._last[dialect] = last = (snapshot, _read(snapshot, dialect))
        return last[1]


def _read(snapshot: Snapshot, dialect: str) -> frozenset[tuple[str, str]]:
    documents = [task.draft if task.published is None else task.published for task in snapshot.tasks_by_uid.values()]
    exposures = [(document.get("expose") or {}).get(dialect) or {} for document in documents]
    return frozenset(
        (person, names["orgId"])
        for names in exposures
        for person in (*names.get("owners", ()), *names.get("visitors", ()))
    )
