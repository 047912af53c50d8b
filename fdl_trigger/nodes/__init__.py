"""What a flow can do: one file a node type, all behind the same small interface."""
