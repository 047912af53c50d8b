"""How a node ends other than by returning its counts."""


class NodeError(Exception):
    """The node failed; the message is what the person reading the record sees. It may be retried."""


class BuildError(NodeError):
    """The node cannot even start with this definition or these parameter values; it is never retried."""


class DirtyLimitExceeded(NodeError):
    """More rows were dirty than the task tolerates (finedatalink-tasks.md section 8.1); it is never retried."""


class Stopped(Exception):
    """The run was asked to stop (terminate, timeout, shutdown); nodes let it pass through."""
