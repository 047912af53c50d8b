"""What a run writes about itself, gathered in memory and handed to the store in batches."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ..domain.clock import Clock
from ..domain.errors import StoreUnavailable
from ..domain.records import Counts, DirtyRow, LogLine, NodeRun
from ..domain.states import Level
from ..store.journal import JournalEntries
from .masking import mask

Seal = Callable[[Mapping[str, Any] | None], Mapping[str, Any] | None]

MAX_LINES = 10_000  # then only BASIC and ERROR are kept (finedatalink-tasks.md section 13)
MAX_DIRTY_ROWS = 1000  # kept per instance (section 8.1)
MAX_TEXT = 4000
_ALWAYS = frozenset({Level.BASIC, Level.ERROR})
_PRINTED = {
    Level.INFO: frozenset(Level),
    Level.WARN: _ALWAYS | {Level.WARN},
    Level.ERROR: _ALWAYS,
    Level.BASIC: frozenset({Level.BASIC}),
}


class RunJournal:
    """The log lines, dirty rows and node runs of one instance; any thread may add to it.

    `seal` makes what nodes left for others unreadable before it is handed to the store.
    """

    def __init__(self, clock: Clock, level: Level, last_seq: int = 0, seal: Seal | None = None) -> None:
        self._clock = clock
        self._seal = seal
        self._printed = _PRINTED[level]
        self._seq = last_seq
        self._lock = threading.Lock()
        self._handing_over = threading.Lock()
        self._log: list[LogLine] = []
        self._dirty: list[DirtyRow] = []
        self._changed: dict[str, NodeRun] = {}
        self._node_runs: dict[str, NodeRun] = {}
        self._kept_dirty = 0
        self._secrets: set[str] = set()

    def hide(self, secrets: Iterable[str]) -> None:
        """Mask these values in every text from now on."""
        with self._lock:
            self._secrets.update(secrets)

    def masked(self, text: str) -> str:
        """Return the text with every known secret masked."""
        return mask(text, self._secrets)

    def log(self, node: str, level: Level, text: str) -> None:
        """Append a line, if the task's log level prints it and the record is not full."""
        if level not in self._printed:
            return
        with self._lock:
            if self._seq >= MAX_LINES and level not in _ALWAYS:
                return
            self._seq += 1
            self._log.append(LogLine(self._seq, self._clock(), node, level, mask(text, self._secrets)[:MAX_TEXT]))

    def dirty(self, node_id: str, kind: str, reason: str, row: Mapping[str, Any]) -> None:
        """Keep a dirty row, the first of them whole enough to be recognised."""
        with self._lock:
            self._kept_dirty += 1
            if self._kept_dirty <= MAX_DIRTY_ROWS:
                text = json.dumps(dict(row), ensure_ascii=False, default=str)[:MAX_TEXT]
                self._dirty.append(DirtyRow(node_id, kind, mask(reason, self._secrets), text, self._clock()))

    def node_run(self, run: NodeRun) -> None:
        """Keep the newest state of a node."""
        with self._lock:
            self._node_runs[run.node_id] = run
            self._changed[run.node_id] = run if self._seal is None else replace(run, outputs=self._seal(run.outputs))

    def totals(self) -> Counts:
        """Return the sum over the nodes."""
        with self._lock:
            return sum((run.counts for run in self._node_runs.values()), Counts())

    def take(self) -> JournalEntries:
        """Return what has not been taken yet, once those before have handed in theirs."""
        with self._handing_over:
            return self._taken()

    @contextmanager
    def handing_over(self) -> Iterator[JournalEntries]:
        """Yield what has not been taken yet, to be handed to the store inside the block; one thread at a time.

        Otherwise somebody could overtake: end the instance while its last lines are still in another thread's hand, or
        go on with the next node while this one's result is. What the store does not take is put back.
        """
        with self._handing_over:
            entries = self._taken()
            try:
                yield entries
            except StoreUnavailable:
                self._put_back(entries)
                raise

    def _put_back(self, entries: JournalEntries) -> None:
        with self._lock:
            self._changed = {**{run.node_id: run for run in entries.node_runs}, **self._changed}
            self._log[:0] = entries.log
            self._dirty[:0] = entries.dirty

    def _taken(self) -> JournalEntries:
        with self._lock:
            entries = JournalEntries(tuple(self._changed.values()), tuple(self._log), tuple(self._dirty))
            self._changed, self._log, self._dirty = {}, [], []
            return entries
