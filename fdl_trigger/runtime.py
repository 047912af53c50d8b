"""The rooms, built and joined.

Embeddable: `with Runtime(settings) as runtime: runtime.instances.execute(name="...")` runs a task without HTTP.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

from .config import Settings
from .config.local_zone import local_zone
from .core.access import AccessService
from .core.audit import AuditService
from .core.connections import ConnectionService
from .core.diagnosis import DiagnosisService
from .core.exposure import ExposureService
from .core.flow_people import FlowPeople
from .core.globals import GlobalService
from .core.instances import InstanceService
from .core.keys import KeyService
from .core.notices import NoticeService
from .core.numbering import NumberService
from .core.own_keys import OwnKeys
from .core.plan_reading import PlanReader
from .core.reruns import RerunService
from .core.schedules import ScheduleService
from .core.searching import SearchService
from .core.sessions import SessionService
from .core.tasks import TaskService
from .core.users import UserService
from .core.watching import WatchService
from .domain.clock import Clock, system_clock
from .domain.errors import StoreUnavailable
from .engine.engine import Engine, EngineSettings
from .engine.notices import NoticeDeliverer
from .engine.scheduler import Scheduler
from .nodes import node_types as all_node_types
from .nodes.context import Limits, NodeType
from .nodes.egress import Egress
from .store.store import Store

NOTICE_GRACE_S = 3.0  # how long a stopping service goes on telling what has just ended

logger = logging.getLogger(__name__)


class Runtime:
    """The service without HTTP: a store, the use cases over it, and the engine that runs instances.

    `run_engine=False` opens the store beside another process that runs the engine (command-line tools); `node_types`
    adds node types of an embedding program to our own.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = system_clock,
        run_engine: bool = True,
        node_types: Mapping[str, NodeType] | None = None,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._run_engine = run_engine
        self._node_types: Mapping[str, NodeType] = {
            **all_node_types(settings.nodes.enabled, settings.nodes.python),
            **(node_types or {}),
        }
        self._engine: Engine | None = None
        self._deliverer: NoticeDeliverer | None = None
        self._scheduler: Scheduler | None = None
        path = Path(settings.store.path)
        self.store = Store(
            path,
            Path(settings.store.key_file or f"{path}.key"),
            Path(settings.store.backup_dir or path.parent / "backups"),
            clock,
            settings.engine.queue_limit,
            settings.store.key,
        )

    def start(self) -> None:
        """Open the store and start the engine.

        Raises StoreUnavailable when the store cannot be opened or another process already runs its engine.
        """
        for name in self.store.open():
            logger.info("the store was brought to schema %s", name)
        self.instances = InstanceService(self.store, self._clock)
        self.watching = WatchService(self.store, self._clock, self.instances)
        self.reruns = RerunService(self.store, self._clock, self.instances, self._zone())
        plans = PlanReader(self.store, self._clock, self.settings.engine.time_zone or local_zone())
        self.tasks = TaskService(self.store, self._node_types, plans)
        self.schedules = ScheduleService(self.store, self._clock, plans)
        self.exposure = ExposureService(self.store)
        self.search = SearchService(self.store, self._clock)
        self.numbers = NumberService(self.store)
        self.flow_people = FlowPeople(self.store)
        self.own_keys = OwnKeys(self.store)
        self.connections = ConnectionService(self.store)
        self.globals = GlobalService(self.store)
        self.access = AccessService(self.store)
        self.keys = KeyService(self.store, self.access, self._clock)
        self.diagnosis = DiagnosisService(self.store)
        self.users = UserService(self.store)
        self.sessions = SessionService(self.store, self._clock)
        self.audit = AuditService(self.store)
        self.notices = NoticeService(self.store, self._limits(), self._clock)
        if self._run_engine:
            self._start_engine()

    def _start_engine(self) -> None:
        if not self.store.own_engine():
            self.store.close()
            raise StoreUnavailable(
                f"Another process already runs the tasks of {self.store.path}. Stop it first, or use another store."
            )
        self._engine = Engine(self.store, self._node_types, self._limits(), self._clock, self._engine_settings())
        again, lost = self._engine.start()
        if again or lost:
            logger.warning("after a crash: %d instances run again, %d are recorded as lost", again, lost)
        keep_days = self.settings.instances.keep_days
        self._deliverer = NoticeDeliverer(self.store, self._limits(), self._clock, keep_days)
        self._deliverer.start()
        self._scheduler = Scheduler(self.store, self._clock, keep_days)
        self._scheduler.start()

    def _limits(self) -> Limits:
        outgoing = self.settings.outgoing
        egress = Egress(outgoing.private_networks, outgoing.loopback, frozenset({self.settings.server.port}))
        return Limits(outgoing.max_response_bytes, outgoing.request_timeout_s, outgoing.max_redirects, egress)

    def _zone(self) -> ZoneInfo | None:
        name = self.settings.engine.time_zone
        return ZoneInfo(name) if name else None

    def _engine_settings(self) -> EngineSettings:
        settings = self.settings
        return EngineSettings(
            slots=settings.engine.slots,
            stop_grace_s=settings.engine.stop_grace_s,
            keep_days=settings.instances.keep_days,
            keep_count=settings.instances.keep_count,
            zone=self._zone(),
        )

    def stop(self, grace_s: float | None = None) -> None:
        """Drain the engine for at most `grace_s` seconds (default: the setting) and close the store."""
        grace_s = self.settings.server.shutdown_grace_s if grace_s is None else grace_s
        if self._scheduler is not None:
            self._scheduler.stop()
            self._scheduler = None
        if self._engine is not None:
            self._engine.stop(grace_s)
            self._engine = None
        if self._deliverer is not None:
            self._deliverer.stop(min(grace_s, NOTICE_GRACE_S))
            self._deliverer = None
        self.store.close()

    def __enter__(self) -> "Runtime":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def readiness(self) -> dict[str, str]:
        """Return what is wrong, by check; nothing when the service can take and run triggers."""
        wrong = {}
        try:
            self.store.ping()
        except StoreUnavailable as error:
            wrong["store"] = error.message
        if self._engine is not None and not self._engine.is_moving():
            wrong["dispatcher"] = "it has not turned for seconds; waiting instances do not start"
        if self._scheduler is not None and not self._scheduler.is_moving():
            wrong["scheduler"] = "it has not turned for seconds; due schedules do not run"
        return wrong
