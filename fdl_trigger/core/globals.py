"""Global parameters."""

import builtins
import re

from ..domain.definition import invalid
from ..domain.errors import ObjectNotFound
from ..domain.operations import Operation
from ..domain.parameters import Parameter, ParameterError, ParameterType, fit
from ..domain.records import LOCAL, Principal
from ..store.store import Store
from .permissions import require

_NAME = re.compile(r"[^\W\d][\w.-]{0,63}")
MASK = "******"


class GlobalService:
    """The use cases around global parameters: values every task may refer to as `${name}`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(self, parameter: Parameter, principal: Principal = LOCAL) -> None:
        """Insert or replace a global parameter; raises DefinitionInvalid, PermissionDenied."""
        require(principal, Operation.MANAGE_TASKS)
        if not _NAME.fullmatch(parameter.name):
            raise invalid([("name", "take a letter, then letters, digits, '_', '-' or '.', 64 characters at most")])
        try:
            fit(parameter, parameter.value)
        except ParameterError as error:
            raise invalid([("value", str(error))]) from None
        self._store.globals.save(parameter, principal.did("parameter.save", parameter.name))

    def list(self, principal: Principal = LOCAL) -> builtins.list[Parameter]:
        """Return every global parameter by name, the values of secret ones masked."""
        require(principal, Operation.READ)
        return [
            Parameter(one.name, one.type, MASK) if one.type is ParameterType.SECRET else one
            for one in self._store.catalog.current().globals
        ]

    def delete(self, name: str, principal: Principal = LOCAL) -> None:
        """Delete a global parameter; raises ObjectNotFound, PermissionDenied."""
        require(principal, Operation.MANAGE_TASKS)
        if not self._store.globals.delete(name, principal.did("parameter.delete", name)):
            raise ObjectNotFound(f"There is no global parameter '{name[:64]}'.")
