"""What a flow can do: one file a node type, all behind the same small interface."""

from collections.abc import Collection

from .call_task import CallTask
from .condition import ConditionNode
from .context import NodeType
from .data_sync import DataSync
from .function_call import FunctionCall
from .http_call import HttpCall
from .loop import Loop
from .notice import Notice
from .param_assign import ParamAssign
from .python_call import PythonCall
from .shell import Shell
from .sql_script import SqlScript
from .switched_off import SwitchedOff
from .virtual import Virtual


def node_types(enabled: Collection[str] = (), python: str = "") -> dict[str, NodeType]:
    """Return every kind of node, under the name definitions use.

    Those that run programs (SHELL, PYTHON) refuse every configuration unless they are `enabled`; `python` is the
    interpreter they use, empty: the service's own.
    """
    risky: dict[str, NodeType] = {"SHELL": Shell(python), "PYTHON": PythonCall(python)}
    return {
        "CALL_TASK": CallTask(),
        "CONDITION": ConditionNode(),
        "DATA_SYNC": DataSync(),
        "FUNCTION": FunctionCall(),
        "HTTP_CALL": HttpCall(),
        "LOOP": Loop(),
        "NOTICE": Notice(),
        "PARAM_ASSIGN": ParamAssign(),
        "SQL_SCRIPT": SqlScript(),
        "VIRTUAL": Virtual(),
        **{name: kind if name in enabled else SwitchedOff(name) for name, kind in risky.items()},
    }


NODE_TYPES: dict[str, NodeType] = node_types()
"""The node types of a service whose operator switched on none that runs programs."""
