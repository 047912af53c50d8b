"""The tables, as Peewee models. Times are integers: UTC epoch milliseconds.

The models are bound to no database: queries are executed on the one at hand, so that one process can keep several
stores. The migrations make the tables; they keep frozen copies of these models. Hot statements are plain SQL elsewhere.
"""

from peewee import (
    AutoField,
    BlobField,
    BooleanField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)


class BaseModel(Model):
    class Meta:
        legacy_table_names = False


class CatalogModel(BaseModel):
    """One row: its version grows with every change of a task, connection or application."""

    id = IntegerField(primary_key=True)
    version = IntegerField()

    class Meta:
        table_name = "catalog"


class ConnectionModel(BaseModel):
    """A named connection; its settings are encrypted as a whole."""

    id = AutoField()
    name = TextField(unique=True)
    kind = TextField()
    settings = BlobField()

    class Meta:
        table_name = "connection"


class ApplicationModel(BaseModel):
    """Who may call from outside; its keys are a table of their own."""

    id = AutoField()
    client_id = TextField(unique=True)
    name = TextField()
    method = TextField()
    digest_algorithm = TextField()
    digest_timeout_s = IntegerField()
    rate = TextField(null=True)
    origins = TextField()
    enabled = BooleanField()
    created_at = IntegerField()
    once = BooleanField()
    bound = BooleanField()
    operators = TextField()

    class Meta:
        table_name = "application"


class TaskModel(BaseModel):
    """A task: its draft, and the number of its published version. A deleted task stays for its records."""

    id = AutoField()
    uid = TextField(unique=True)
    name = TextField()
    folder = TextField()
    description = TextField()
    draft = TextField()
    version = IntegerField(null=True)
    enabled = BooleanField()
    created_at = IntegerField()
    updated_at = IntegerField()
    published_at = IntegerField(null=True)
    deleted_at = IntegerField(null=True)

    class Meta:
        table_name = "task"


class TaskVersionModel(BaseModel):
    """A published snapshot; instances name the one they run."""

    task = ForeignKeyField(TaskModel)
    version = IntegerField()
    document = TextField()
    published_at = IntegerField()

    class Meta:
        table_name = "task_version"
        primary_key = CompositeKey("task", "version")


class GrantModel(BaseModel):
    """Leave for an application to use an operation, on one task or on all."""

    id = AutoField()
    application = ForeignKeyField(ApplicationModel, on_delete="CASCADE")
    operation = TextField()
    task = ForeignKeyField(TaskModel, null=True)

    class Meta:
        table_name = "access_grant"
