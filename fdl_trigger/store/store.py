"""The store as a whole: opened, brought up to date, closed."""

import logging
import sqlite3
from pathlib import Path

from peewee import PeeweeException

from ..domain.clock import Clock
from ..domain.errors import StoreUnavailable
from . import schema
from .applications import ApplicationStore
from .audit import AuditStore
from .backfills import BackfillStore
from .catalog import Catalog
from .connections import ConnectionStore
from .database import StoreDatabase
from .exposure import ExposureStore
from .fires import FireStore
from .globals import GlobalStore
from .instances import InstanceStore
from .journal import JournalStore
from .key_pairs import KeyPairs
from .keys import KeyStore, require_right_key
from .locks import FileLock
from .notices import NoticeStore
from .numbers import Numbers
from .outbox import Outbox
from .records import InstanceReader
from .recovery import Recovery
from .retention import Retention
from .schedules import ScheduleStore
from .sealing import Sealing
from .searching import InstanceSearcher
from .signals import Signals
from .tasks import TaskStore
from .tokens import TokenStore
from .used_signs import UsedSigns
from .users import UserStore
from .vault import Vault, has_secrets
from .writer import Writer

logger = logging.getLogger(__name__)


class Store:
    """Everything that is kept. `open` before use, `close` after; both from the thread that owns the store.

    `key` (base64 of 32 bytes) takes the place of the key file.
    """

    def __init__(
        self, path: Path, key_file: Path, backup_directory: Path, clock: Clock, queue_limit: int, key: str = ""
    ) -> None:
        self.path = path
        self._key_file = key_file
        self._key = key
        self._backup_directory = backup_directory
        self._clock = clock
        self._queue_limit = queue_limit
        self._engine_lock = FileLock(path.with_name(path.name + ".engine.lock"))
        self.signals = Signals()
        self.work, self.endings = self.signals.work, self.signals.endings

    def open(self) -> list[str]:
        """Open the files, apply the migrations that are due (returned by name) and start the writer.

        Raises StoreUnavailable with the path and the cause.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600)  # records are nobody else's business; SQLite's side files take the same mode
            self.database = StoreDatabase(self.path)
            applied = schema.migrate(self.database, self.path, self._backup_directory)
        except (OSError, sqlite3.Error, PeeweeException) as error:
            raise StoreUnavailable(f"The store {self.path} cannot be opened: {error}.") from None
        vault = self._open_vault()
        self._writer = Writer(self.database)
        self._writer.start()
        outbox = Outbox(lambda task_id, version: self.catalog.definition(task_id, version))
        self.instances = InstanceStore(self._writer, self._clock, self.signals, outbox, self._queue_limit)
        self.records = InstanceReader(self.database)
        self.journal = JournalStore(self.database)
        self.tasks = TaskStore(self.database, self._writer, vault, self._clock)
        self.connections = ConnectionStore(self.database, self._writer, vault, self._clock)
        self.keys = KeyStore(self.database, self._writer, vault, self._clock)
        self.applications = ApplicationStore(self.database, self._writer, vault, self.keys, self._clock)
        self.used_signs = UsedSigns(self.database, self._writer, self._clock)
        self.recovery = Recovery(self.instances, self._writer, self._clock)
        self.retention = Retention(self._writer)
        self.audit = AuditStore(self.database, self._writer, self._clock)
        self.users = UserStore(self.database, self._writer, self._clock)
        self.tokens = TokenStore(self.database, self._writer, vault, self._clock)
        self.globals = GlobalStore(self.database, self._writer, vault, self._clock)
        self.sealing = Sealing(vault)
        self.key_pairs = KeyPairs(self.database, self._writer, vault)
        self.numbers = Numbers(self.database, self._writer, self._clock)
        self.searcher = InstanceSearcher(self.database, self.records)
        self.backfills = BackfillStore(self.database)
        self.notices = NoticeStore(self.database, self._writer, self._clock)
        self.schedules = ScheduleStore(self.database, self._writer, self._clock)
        self.fires = FireStore(self.database, self._writer, self._clock, self.instances, self.signals)
        self.exposure = ExposureStore(self.database, self._writer, self._clock)
        self.catalog = Catalog(self, self._writer, self._clock)
        self.tasks.seal()
        self.instances.recount()
        return applied

    def _open_vault(self) -> Vault:
        try:
            if self._key:
                vault = Vault.of_text(self._key)
            else:
                vault = Vault.open(self._key_file, may_create=not has_secrets(self.database))
            require_right_key(self.database, vault)
            return vault
        except StoreUnavailable:
            self.database.close_everything()
            raise

    def close(self) -> None:
        """Finish what was handed in and close every connection."""
        self._flush()
        self._writer.stop()
        self._engine_lock.release()
        self.database.close_everything()

    def _flush(self) -> None:
        try:
            self.keys.flush()
        except StoreUnavailable as error:
            logger.warning("the last uses of keys are not written down: %s", error)

    def own_engine(self) -> bool:
        """Claim the right to run instances; False when another process has it. Given back by `close`."""
        return self._engine_lock.acquire(wait=False)

    def ping(self) -> None:
        """Make a durable write; raises StoreUnavailable when the store cannot take one."""
        self._writer.write(lambda connection: connection.execute("UPDATE catalog SET version = version"))

    def backup(self, target: Path) -> None:
        """Copy the store to a file, consistent even while it is written."""
        schema.copy_to(self.path, target)
