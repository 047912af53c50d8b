"""Actions on groups and namespaces (schedulerx.md section 7)."""

import re
import uuid
import zlib

from ...domain.exposure import Namespace
from ...domain.operations import Operation
from ..base import Services
from .arguments import Arguments, invalid
from .instances import Data
from .lookup import DIALECT, Caller

_UID = re.compile(r"[\w.:@-]{1,128}")
_LONGEST_TEXT = 1024


class NamespaceActions:
    """What callers can ask of groups and namespaces. A group is there as soon as a task names it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def groups(self, caller: Caller) -> Data:
        """ListGroups: of a namespace, those whose name holds `AppGroupName`."""
        namespace, part = caller.arguments.required("Namespace"), caller.arguments.text("AppGroupName")
        known = self._services.exposure().list(DIALECT, caller.principal, Operation.READ)
        groups = sorted({str(one.names["group"]) for one in known if one.names["namespace"] == namespace})
        return {"AppGroups": [_group(namespace, group) for group in groups if part in group]}

    def search(self, caller: Caller) -> Data:
        """ListNamespaces: those created, and those tasks name."""
        exposure, arguments = self._services.exposure(), caller.arguments
        known = exposure.list(DIALECT, caller.principal, Operation.READ)
        named = {uid: Namespace(uid, uid) for uid in sorted({str(one.names["namespace"]) for one in known})}
        every = {**named, **{one.uid: one for one in exposure.namespaces(caller.principal)}}.values()
        uid, part = arguments.text("Namespace"), arguments.text("NamespaceName")
        found = [one for one in every if uid in ("", one.uid) and part in one.name]
        return {"Namespaces": [{"UId": one.uid, "Name": one.name, "Description": one.description} for one in found]}

    def create(self, caller: Caller) -> Data:
        """CreateNamespace: with the `Uid` that is given, or one of its own."""
        arguments = caller.arguments
        name, description = arguments.required("Name"), arguments.text("Description")
        uid = arguments.text("Uid") or str(uuid.uuid4())
        _require_plain(arguments, uid)
        self._services.exposure().create_namespace(Namespace(uid, name, description), caller.principal)
        return {"NamespaceUid": uid}


def _require_plain(arguments: Arguments, uid: str) -> None:
    if not _UID.fullmatch(uid):
        raise invalid("Uid", "write 1 to 128 letters, digits and .:@_-")
    for name in ("Name", "Description"):
        if len(arguments.text(name)) > _LONGEST_TEXT:
            raise invalid(name, f"it is longer than {_LONGEST_TEXT} characters.")


def _group(namespace: str, group: str) -> dict[str, object]:
    number = zlib.crc32(f"{namespace}/{group}".encode())
    return {"AppGroupId": number, "AppName": group, "AppVersion": 2, "GroupId": group, "Namespace": namespace}
