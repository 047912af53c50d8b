"""Secret parameter values of instances: sealed in the record, opened only for the run."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from ..domain.parameters import Parameter, ParameterType, as_text
from .vault import Vault

_SEALED = "$sealed"
_OUTPUTS = "outputs of a node"


class Sealing:
    """Seals the called values of SECRET parameters, so that no record holds them in clear."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def seal(self, parameters: tuple[Parameter, ...], values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the values with those of SECRET parameters sealed."""
        secret = {parameter.name for parameter in parameters if parameter.type is ParameterType.SECRET}
        if not secret & values.keys():
            return values
        return {name: self._seal(name, value) if name in secret else value for name, value in values.items()}

    def _seal(self, name: str, value: Any) -> Any:
        if value is None or _is_sealed(value):
            return value
        sealed = self._vault.encrypt(as_text(value), _context(name))
        return {_SEALED: base64.b64encode(sealed).decode()}

    def open(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the values in clear."""
        return {name: self._open(name, value) if _is_sealed(value) else value for name, value in values.items()}

    def seal_outputs(self, outputs: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """Return what a node left for others, sealed as a whole: a token may be among the values it assigned."""
        if outputs is None or _is_sealed(outputs):
            return outputs
        sealed: Mapping[str, Any] = self._seal(_OUTPUTS, json.dumps(outputs, ensure_ascii=False, default=str))
        return sealed

    def open_outputs(self, outputs: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """Return what `seal_outputs` was given."""
        if outputs is None or not _is_sealed(outputs):
            return outputs
        opened: Mapping[str, Any] = json.loads(self._open(_OUTPUTS, outputs))
        return opened

    def fingerprint(self, subject: str, values: Mapping[str, Any]) -> str:
        """Return a digest of a request that tells nothing about secret values to those without the key."""
        return self._vault.digest(json.dumps([subject, dict(values)], sort_keys=True, default=str))

    def _open(self, name: str, value: Mapping[str, str]) -> str:
        return self._vault.decrypt(base64.b64decode(value[_SEALED]), _context(name))


def _is_sealed(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {_SEALED} and isinstance(value[_SEALED], str)


def _context(name: str) -> str:
    return f"parameter {name}"
