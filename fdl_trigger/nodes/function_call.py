"""FUNCTION: calls a function of the embedding program, registered with `@task("name")`, on the run's own thread."""

import inspect
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from ..domain.functions import FUNCTIONS
from ..domain.records import Counts
from ..domain.states import Level
from .call_arguments import CallSchema, assign_returned, resolved
from .context import FlowContext
from .errors import BuildError, NodeError, Stopped
from .lines import whole_characters


class FunctionSchema(CallSchema):
    """The configuration of a FUNCTION node."""

    name = fields.Str(required=True, validate=validate.Length(1, 128))


class FunctionCall:
    """Calls a registered function."""

    schema: type[Schema] = FunctionSchema
    is_container = False

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return none."""
        return ()

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        """Call the function; raises BuildError when there is none, NodeError when it raises anything but Stopped."""
        function = FUNCTIONS.get(config["name"])
        if function is None:
            # Not on save: the command line, for one, does not know the embedding program's functions.
            raise BuildError(f"there is no function '{config['name']}'; the embedding program registers it with @task")
        args = {name: resolved(value, context) for name, value in config["args"].items()}
        if "context" in inspect.signature(function).parameters:
            args["context"] = context
        value = _called(config["name"], function, args, context)
        context.check()
        assign_returned(config["assign"], value, context)
        context.log(Level.BASIC, f"{config['name']} returned")
        return Counts()


def _called(name: str, function: Callable[..., Any], args: Mapping[str, Any], context: FlowContext) -> Any:
    try:
        return function(**args)
    except (NodeError, Stopped):
        raise
    except Exception as error:  # noqa: BLE001 - a stranger's function may raise anything; it is told as it is
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        text = "".join(traceback.format_exception(type(error), error, trace))[-20_000:]
        context.log(Level.ERROR, whole_characters(text))
        raise NodeError(whole_characters(f"function '{name}' failed: {type(error).__name__}: {error}")) from None
