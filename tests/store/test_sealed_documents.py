"""Task documents never stand in the store in clear."""

from pathlib import Path

from fdl_trigger.domain.audit import AuditEntry
from fdl_trigger.domain.definition import Definition
from fdl_trigger.store.store import Store

SECRET = "bearer-of-the-source-51c7"
DOCUMENT = {"workName": "orders", "nodes": [{"id": "n", "type": "ANY", "config": {"token": SECRET}}]}
ENTRY = AuditEntry("test", "task.save", "orders")


def in_files(path: Path) -> bool:
    return any(SECRET.encode() in file.read_bytes() for file in path.parent.rglob("*") if file.is_file())


def test_a_draft_and_its_published_version_are_encrypted_and_read_back(store: Store) -> None:
    definition = Definition.parse(DOCUMENT)
    store.tasks.save(definition, ENTRY)
    [task] = store.tasks.all()
    store.tasks.publish(task.id, ENTRY)
    [task] = store.tasks.all()
    assert task.draft == task.published == store.tasks.document(task.id, 1) == definition.document
    assert not in_files(store.path)


def test_documents_of_an_earlier_version_are_read_and_encrypted_at_the_next_start(store: Store) -> None:
    store.tasks.save(Definition.parse(DOCUMENT), ENTRY)
    plain = '{"workName": "orders", "old": true}'
    store._writer.write(lambda connection: connection.execute("UPDATE task SET draft = ?", (plain,)) and None)
    assert store.tasks.all()[0].draft == {"workName": "orders", "old": True}
    store.close()
    store.open()
    assert store.tasks.all()[0].draft == {"workName": "orders", "old": True}
    assert store.database.read("SELECT draft LIKE 'aes:%' FROM task", ()) == [(1,)]
