"""Walking a flow: which node starts when, side by side where lines allow it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from ..domain.flow import Flow, Node
from ..domain.states import State


class Walk:
    """One walk along a flow.

    `selected` are the nodes that take part; `ended` holds those that already ended in an earlier attempt and are not
    run again. `run_node` runs one node to its end and returns its state; `on_skip` is told of nodes whose condition
    cannot be met any more. At most `parallel` nodes run at once; a single one runs on the calling thread.
    """

    def __init__(
        self,
        flow: Flow,
        selected: frozenset[str],
        ended: Mapping[str, State],
        run_node: Callable[[Node], State],
        on_skip: Callable[[Node], None],
        parallel: int,
    ) -> None:
        self._flow = flow
        self._run_node = run_node
        self._on_skip = on_skip
        self._parallel = parallel
        self._pending = [node for node in flow.in_order() if node.id in selected and node.id not in ended]
        taking_part = {node.id for node in self._pending}
        self._before: dict[str, set[str]] = {node_id: set() for node_id in taking_part}
        for line in flow.lines:
            if line.target in taking_part and line.source in taking_part:
                self._before[line.target].add(line.source)
        self._running: dict[Future[State], str] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._closed: set[tuple[str, str]] = set()
        self.ended = dict(ended)

    def close_lines(self, source: str, chosen: Collection[str]) -> None:
        """Let only the chosen nodes directly after `source` start; the lines to the others are never met."""
        targets = {line.target for line in self._flow.lines if line.source == source}
        self._closed |= {(source, target) for target in targets - set(chosen)}

    def walk(self) -> dict[str, State]:
        """Run the nodes and return how each of them ended; what `run_node` raises ends the walk."""
        try:
            while True:
                ready = self._take_ready(self._parallel - len(self._running))
                if len(ready) == 1 and not self._running:
                    self.ended[ready[0].id] = self._run_node(ready[0])
                    continue
                for node in ready:
                    self._start(node)
                if not self._running:
                    return self.ended
                self._await_one()
        finally:
            if self._pool is not None:
                self._pool.shutdown(wait=True)

    def _start(self, node: Node) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._parallel, thread_name_prefix="fdl-node")
        self._running[self._pool.submit(self._run_node, node)] = node.id

    def _await_one(self) -> None:
        for future in wait(self._running, return_when=FIRST_COMPLETED).done:
            self.ended[self._running.pop(future)] = future.result()

    def _take_ready(self, room: int) -> list[Node]:
        """Take up to `room` nodes that can start now out of what is pending, and skip those that never can."""
        ready: list[Node] = []
        for node in self._decided():
            if not self._flow.may_start(node, self.ended, self._closed):
                self._pending.remove(node)
                self.ended[node.id] = State.SKIPPED
                self._on_skip(node)
            elif len(ready) < room:
                self._pending.remove(node)
                ready.append(node)
        return ready

    def _decided(self) -> Iterator[Node]:
        """Yield the pending nodes whose predecessors have all ended, as far as these take part."""
        for node in list(self._pending):
            if self._before[node.id] <= self.ended.keys():
                yield node
