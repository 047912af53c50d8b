"""Directories: the folders of tasks, each with a number; the root is number 0."""

from typing import Any

from ...core.exposure import Exposed
from ...domain.errors import InvalidRequest
from ...domain.records import folder_path
from ..base import Services
from .flows import Flows
from .requests import Call, as_integer

ROOT_ID = "0"


class Directories:
    """The operations on directories."""

    def __init__(self, services: Services, flows: Flows) -> None:
        self._services = services
        self._flows = flows

    def create(self, call: Call) -> dict[str, str]:
        """Create a directory in another one."""
        self._flows.require_unlocked(call)
        name, parent = call.text("dirName"), call.body.get("parentId")
        number = self._services.numbers().create_folder(name, self._parent(parent), call.principal)
        return {"dirId": str(number)}

    def _parent(self, given: object) -> str:
        if given in (None, "", 0, ROOT_ID):
            return "/"
        number = as_integer(given)
        path = None if number is None else self._services.numbers().folder(number)
        if path is None:
            raise InvalidRequest("There is no such parent directory.")
        return path

    def tree(self, call: Call) -> dict[str, Any]:
        """Return the tree of directories, with the flows the caller may see."""
        flows: dict[str, list[Exposed]] = {}
        for flow in self._flows.readable(call):
            flows.setdefault(folder_path(flow.task.folder), []).append(flow)
        numbers = {path: number for path, number in self._services.numbers().folders().items() if path != "/"}
        known = {folder for path in (*numbers, *flows) for folder in _with_outer(path)}
        return self._node("/", sorted(known - {"/"}), flows)

    def _node(self, path: str, folders: list[str], flows: dict[str, list[Exposed]]) -> dict[str, Any]:
        inner = [one for one in folders if one.rpartition("/")[0] == path.rstrip("/")]
        below = [one for one in folders if one not in inner]
        children = [self._node(one, below, flows) for one in inner] + [_leaf(flow) for flow in flows.get(path, ())]
        key = ROOT_ID if path == "/" else str(self._services.numbers().of_folder(path))
        title = path.rpartition("/")[2] or "/"
        return {"title": title, "type": "directory", "key": key, "isDirectory": True, "children": children}


def _with_outer(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    return ["/" + "/".join(parts[:length]) for length in range(1, len(parts) + 1)]


def _leaf(flow: Exposed) -> dict[str, Any]:
    key = str(flow.task.id)
    return {"title": flow.task.name, "type": "flow", "key": key, "isDirectory": False, "children": []}
