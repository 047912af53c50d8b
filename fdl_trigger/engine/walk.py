"""Walking a flow: which node starts when, side by side where lines allow it."""

import heapq
from collections.abc import Callable, Collection, Mapping
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
        self.ended = dict(ended)
        pending = [node for node in flow.in_order() if node.id in selected and node.id not in ended]
        self._pending = {node.id: node for node in pending}
        self._place = {node.id: place for place, node in enumerate(pending)}
        self._awaited = {node.id: len(flow.before(node.id) & self._pending.keys()) for node in pending}
        self._decided = [node.id for node in pending if not self._awaited[node.id]]
        self._ready: list[tuple[int, Node]] = []  # a heap: what stands further up in the flow starts first
        self._running: dict[Future[State], str] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._closed: set[tuple[str, str]] = set()

    def close_lines(self, source: str, chosen: Collection[str]) -> None:
        """Let only the chosen nodes directly after `source` start; the lines to the others are never met."""
        self._closed |= {(source, target) for target in self._flow.after(source) - set(chosen)}

    def walk(self) -> dict[str, State]:
        """Run the nodes and return how each of them ended; what `run_node` raises ends the walk."""
        try:
            while True:
                ready = self._take_ready(self._parallel - len(self._running))
                if len(ready) == 1 and not self._running:
                    self._end(ready[0].id, self._run_node(ready[0]))
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
            self._end(self._running.pop(future), future.result())

    def _end(self, node_id: str, state: State) -> None:
        """Note how a node ended; what waited for nothing else can be decided now."""
        self.ended[node_id] = state
        for following in self._flow.after(node_id) & self._awaited.keys():
            self._awaited[following] -= 1
            if not self._awaited[following]:
                self._decided.append(following)

    def _take_ready(self, room: int) -> list[Node]:
        """Take up to `room` nodes that can start now, and skip those that never can."""
        while self._decided:
            self._decide(self._pending.pop(self._decided.pop()))
        return [heapq.heappop(self._ready)[1] for _ in range(min(room, len(self._ready)))]

    def _decide(self, node: Node) -> None:
        if self._flow.may_start(node, self.ended, self._closed):
            heapq.heappush(self._ready, (self._place[node.id], node))
        else:
            self._on_skip(node)
            self._end(node.id, State.SKIPPED)
