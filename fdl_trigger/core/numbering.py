"""Integers for nodes and folders, for dialects that know them by nothing else."""

from collections.abc import Iterable, Mapping

from ..domain.errors import InvalidParameter
from ..domain.operations import Operation
from ..domain.records import Principal, folder_path
from ..store.store import Store
from .permissions import require_everywhere


class NumberService:
    """The use cases around numbers. They name things and give no rights to them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of_nodes(self, task_id: int, node_ids: Iterable[str]) -> Mapping[str, int]:
        """Return the numbers of a task's nodes; they are given out when they are first asked for, and stay."""
        return self._store.numbers.of_nodes(task_id, node_ids)

    def node(self, number: int) -> tuple[int, str] | None:
        """Return the task id and the node id of a number, None for one nobody has."""
        return self._store.numbers.node(number)

    def of_folder(self, path: str) -> int:
        """Return the number of a folder."""
        return self._store.numbers.of_folder(folder_path(path))

    def folder(self, number: int) -> str | None:
        """Return the folder with a number, None for one nobody has."""
        return self._store.numbers.folder(number)

    def folders(self) -> Mapping[str, int]:
        """Return every folder that has a number."""
        return self._store.numbers.folders()

    def create_folder(self, name: str, parent: str, principal: Principal) -> int:
        """Give a new folder a number; raises PermissionDenied, InvalidParameter for a bad name or one in use."""
        require_everywhere(principal, Operation.MANAGE_TASKS)
        path = folder_path(f"{parent}/{name}")
        if not (0 < len(name.strip()) <= 128 and name.isprintable()) or "/" in name or len(path) > 512:
            raise InvalidParameter("A folder name has 1 to 128 printable characters and no '/'.")
        if path in self._store.numbers.folders():
            raise InvalidParameter(f"There is already a folder '{path}'.")
        return self._store.numbers.of_folder(path, principal.did("folder.create", path))
