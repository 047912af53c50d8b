"""Task documents at rest: encrypted as a whole, because a source's credentials may stand anywhere in them."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from .vault import Vault

_SEALED = "aes:"
_CONTEXT = "task document"


class Documents:
    """Seals documents into text and opens them again; what was opened is remembered as long as it is in use."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._opened: dict[str, Mapping[str, Any]] = {}

    def seal(self, document: Mapping[str, Any]) -> str:
        """Return the document as encrypted text."""
        text = json.dumps(document, ensure_ascii=False)
        return _SEALED + base64.b64encode(self._vault.encrypt(text, _CONTEXT)).decode()

    def open(self, text: str) -> Mapping[str, Any]:
        """Return the document; one that was kept in clear by an earlier version is read as well."""
        if text.startswith(_SEALED):
            text = self._vault.decrypt(base64.b64decode(text[len(_SEALED) :]), _CONTEXT)
        document: Mapping[str, Any] = json.loads(text)
        return document

    def open_all(self, texts: list[str]) -> dict[str, Mapping[str, Any]]:
        """Return the documents by their text; those of the last call are not opened again."""
        known = self._opened
        self._opened = {text: known[text] if text in known else self.open(text) for text in texts}
        return self._opened
