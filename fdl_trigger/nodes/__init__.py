"""What a flow can do: one file a node type, all behind the same small interface."""

from .context import NodeType
from .data_sync import DataSync

NODE_TYPES: dict[str, NodeType] = {"DATA_SYNC": DataSync()}
"""Every kind of node, under the name definitions use."""
