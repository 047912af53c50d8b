"""What a flow can do: one file a node type, all behind the same small interface."""

from .context import NodeType
from .data_sync import DataSync
from .notice import Notice

NODE_TYPES: dict[str, NodeType] = {"DATA_SYNC": DataSync(), "NOTICE": Notice()}
"""Every kind of node, under the name definitions use."""
