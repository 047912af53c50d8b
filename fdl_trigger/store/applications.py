"""Applications and their grants; their keys are kept in `keys`."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from ..domain.applications import Application, ApplicationKey
from ..domain.audit import AuditEntry
from ..domain.clock import Clock
from ..domain.operations import Operation
from ..domain.records import Grant
from .audit import audited
from .changes import changed
from .database import StoreDatabase
from .keys import KeyStore, context, insert
from .models import ApplicationModel, GrantModel
from .vault import Vault
from .writer import Writer


class ApplicationStore:
    """Keeps applications; a change is durable when the call returns."""

    def __init__(self, database: StoreDatabase, writer: Writer, vault: Vault, keys: KeyStore, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._vault = vault
        self._keys = keys
        self._clock = clock

    def all(self) -> list[Application]:
        """Return every application with its grants and its keys in clear, oldest first."""
        keys = self._keys.all()
        grants: defaultdict[int, list[Grant]] = defaultdict(list)
        for row in GrantModel.select().order_by(GrantModel.id).dicts().execute(self._database):
            grants[row["application"]].append(Grant(Operation(row["operation"]), row["task"]))
        rows = ApplicationModel.select().order_by(ApplicationModel.id).execute(self._database)
        return [_application(row, tuple(grants[row.id]), keys.get(row.id, ())) for row in rows]

    def add(self, application: Application, entry: AuditEntry) -> int:
        """Insert an application with its grants and keys (ids and created_at are set here) and return its id."""
        place = context(application.client_id)
        sealed = [self._vault.encrypt(key.secret, place) for key in application.keys]

        def work(connection: sqlite3.Connection) -> int:
            changed(connection)
            now = self._clock()
            application_id: int = ApplicationModel.insert(
                client_id=application.client_id,
                name=application.name,
                method=application.method,
                digest_algorithm=application.digest_algorithm,
                digest_timeout_s=application.digest_timeout_s,
                rate=application.rate,
                origins=json.dumps(application.origins),
                enabled=application.enabled,
                created_at=now,
                once=application.once,
                bound=application.bound,
                operators=json.dumps(application.operators, ensure_ascii=False),
            ).execute(self._database)
            for one in sealed:
                insert(connection, application_id, one, now)
            self._insert_grants(application_id, application.grants)
            return application_id

        return self._writer.write(audited(work, entry, self._clock))

    def grant(self, application_id: int, grants: Iterable[Grant], entry: AuditEntry) -> None:
        """Add grants; those already there stay."""
        wanted = tuple(grants)

        def work(connection: sqlite3.Connection) -> None:
            changed(connection)
            self._insert_grants(application_id, wanted)

        self._writer.write(audited(work, entry, self._clock))

    def revoke(self, application_id: int, grants: Iterable[Grant], entry: AuditEntry) -> None:
        """Take grants away; those not there do not matter."""
        unwanted = tuple(grants)

        def work(connection: sqlite3.Connection) -> None:
            changed(connection)
            for grant in unwanted:
                connection.execute(
                    "DELETE FROM access_grant WHERE application_id = ? AND operation = ? AND task_id IS ?",
                    (application_id, grant.operation, grant.task_id),
                )

        self._writer.write(audited(work, entry, self._clock))

    def enable(self, application_id: int, enabled: bool, entry: AuditEntry) -> None:
        """Let the application in, or keep it out."""

        def work(connection: sqlite3.Connection) -> None:
            changed(connection)
            ApplicationModel.update(enabled=enabled).where(ApplicationModel.id == application_id).execute(
                self._database
            )

        self._writer.write(audited(work, entry, self._clock))

    def delete(self, application_id: int, entry: AuditEntry) -> None:
        """Delete the application and its grants."""

        def work(connection: sqlite3.Connection) -> None:
            changed(connection)
            ApplicationModel.delete().where(ApplicationModel.id == application_id).execute(self._database)

        self._writer.write(audited(work, entry, self._clock))

    def _insert_grants(self, application_id: int, grants: Iterable[Grant]) -> None:
        for grant in grants:
            query = GrantModel.insert(application=application_id, operation=grant.operation, task=grant.task_id)
            query.on_conflict_ignore().execute(self._database)


def _application(row: ApplicationModel, grants: tuple[Grant, ...], keys: tuple[ApplicationKey, ...]) -> Application:
    return Application(
        id=row.id,
        client_id=row.client_id,
        name=row.name,
        method=row.method,
        digest_algorithm=row.digest_algorithm,
        digest_timeout_s=row.digest_timeout_s,
        rate=row.rate,
        origins=tuple(json.loads(row.origins)),
        enabled=row.enabled,
        grants=grants,
        created_at=row.created_at,
        keys=keys,
        once=row.once,
        bound=row.bound,
        operators=tuple(json.loads(row.operators)),
    )
