"""How threads of one process learn that the store changed, so that nobody has to poll hard."""

import threading
from collections import defaultdict


class Signal:
    """Wakes one waiting loop; signals that come together count once."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Wake the loop, now or at its next wait."""
        if not self._event.is_set():
            self._event.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait for a signal, at most `timeout_s` seconds; return whether there was one."""
        woken = self._event.wait(timeout_s)
        self._event.clear()
        return woken

    def take(self) -> bool:
        """Tell, without waiting, whether there was a signal, and forget it."""
        if not self._event.is_set():
            return False
        self._event.clear()
        return True


class Endings:
    """Wakes those who wait for the end of an instance."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: defaultdict[int, list[threading.Event]] = defaultdict(list)

    def expect(self, instance_id: int) -> threading.Event:
        """Return an event that is set when the instance ends in this process; give it back with `forget`."""
        event = threading.Event()
        with self._lock:
            self._waiting[instance_id].append(event)
        return event

    def forget(self, instance_id: int, event: threading.Event) -> None:
        """Stop waiting."""
        with self._lock:
            events = self._waiting[instance_id]
            events.remove(event)
            if not events:
                del self._waiting[instance_id]

    def announce(self, instance_id: int) -> None:
        """Wake all who wait for this instance."""
        if not self._waiting:
            return
        with self._lock:
            for event in self._waiting.get(instance_id, ()):
                event.set()


class Signals:
    """The signals of a store: there may be `work`, runs are to stop (`stops`), instances end (`endings`)."""

    def __init__(self) -> None:
        self.work = Signal()
        self.stops = Signal()
        self.endings = Endings()

    def stop(self) -> None:
        """Say that runs were asked to stop; whoever waits for work looks after that as well."""
        self.stops.set()
        self.work.set()
