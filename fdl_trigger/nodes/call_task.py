"""CALL_TASK: runs another task and waits for its end (finedatalink-tasks.md section 3.1, Invocation Task)."""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from ..domain.records import Counts
from ..domain.states import Level, State
from .context import FlowContext
from .errors import NodeError
from .schema_fields import NameValues


class CallTaskSchema(Schema):
    """The configuration of a CALL_TASK node."""

    task = fields.Str(required=True, validate=validate.Length(1, 128))
    params = NameValues(load_default=())


class CallTask:
    """Runs another task with parameters of this one."""

    schema: type[Schema] = CallTaskSchema
    is_container = False

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return none: the called task has its own."""
        return ()

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        """Run the task to its end; raises NodeError unless it succeeds."""
        name = config["task"]
        params = {key: context.resolve(value) for key, value in config["params"]}
        context.log(Level.INFO, f"calls task '{name}' with {', '.join(params) or 'no parameters'}")
        called = context.call_task(name, params)
        context.log(Level.BASIC, f"task '{name}' ended {called.state.lower()} (instance {called.uid})")
        if called.state is not State.SUCCEEDED:
            raise NodeError(f"task '{name}' ended {called.state.lower()}: {called.message or 'no message'}")
        return Counts()
