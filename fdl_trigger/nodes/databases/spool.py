"""Rows laid aside in a temporary file, so that a database is not held while they are being used."""

import marshal
import tempfile
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

_IN_MEMORY = 4 * 1024 * 1024  # bytes; what is longer goes to disk


class Spool:
    """Batches of rows, written once and then read once, in order."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def fill(self, batches: Iterable[list[tuple[Any, ...]]]) -> None:
        """Write every batch and go back to the first."""
        for batch in batches:
            content = marshal.dumps(batch)
            self._file.write(len(content).to_bytes(8, "big") + content)
        self._file.seek(0)

    def fetch(self) -> list[tuple[Any, ...]]:
        """Return the next batch, an empty one at the end."""
        head = self._file.read(8)
        if not head:
            return []
        batch: list[tuple[Any, ...]] = marshal.loads(self._file.read(int.from_bytes(head, "big")))  # noqa: S302 - our own file
        return batch
