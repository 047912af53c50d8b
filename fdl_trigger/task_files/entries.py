"""What task files hold: tasks and connections, each with the place it stands at."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config import Problem
from ..domain.records import Connection


class TaskFilesInvalid(Exception):
    """Task files have mistakes; `problems` lists all of them, `str()` has one a line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """A task document and where it stands."""

    source: str
    key: str
    document: Mapping[str, Any]

    @property
    def name(self) -> str | None:
        """The task's name, as far as it can be read."""
        name = self.document.get("workName")
        return name if isinstance(name, str) else None

    def at(self, key: str) -> str:
        """Return the key of the file for a key of the document."""
        return ".".join(part for part in (self.key, key) if part)


@dataclass(frozen=True, slots=True)
class ConnectionEntry:
    """A connection as written, with its references unresolved, and where it stands."""

    source: str
    name: str
    kind: str
    settings: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Where the connection stands in its file."""
        return f"connections.{self.name}"

    def at(self, key: str) -> str:
        """Return the key of the file for a key of the connection."""
        return f"{self.key}.{key}" if key else self.key

    def resolve(self, environ: Mapping[str, str]) -> Connection:
        """Look up `{env = ...}` and `{file = ...}`; raises TaskFilesInvalid with all that cannot be found."""
        problems: list[Problem] = []

        def look_up(key: str, kind: str, name: str) -> str:
            try:
                return _look_up(kind, name, environ, Path(self.source).parent)
            except LookupError as error:
                problems.append(Problem(self.source, key, str(error.args[0])))
                return ""

        settings = _resolved(self.settings, self.key, look_up)
        if problems:
            raise TaskFilesInvalid(problems)
        return Connection(self.name, self.kind, settings)

    def sketch(self) -> Connection:
        """Return the connection with a stand-in for every reference, to check all the rest."""
        return Connection(self.name, self.kind, _resolved(self.settings, self.key, lambda *_: "?"))


@dataclass(frozen=True, slots=True)
class TaskFiles:
    """What the files hold, and the mistakes met while reading them."""

    tasks: tuple[TaskEntry, ...]
    connections: tuple[ConnectionEntry, ...]
    problems: tuple[Problem, ...]


def used_connections(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (key, name) for every connection the nodes of a document name."""
    nodes = document.get("nodes")
    for index, node in enumerate(nodes if isinstance(nodes, list) else []):
        config = node.get("config") if isinstance(node, Mapping) else None
        parts = config.items() if isinstance(config, Mapping) else ()
        for part, value in parts:
            path = f"nodes[{index}].config.{part}"
            if part == "connection" and isinstance(value, str):
                yield path, value
            elif isinstance(value, Mapping) and isinstance(value.get("connection"), str):
                yield f"{path}.connection", value["connection"]


def _resolved(value: Any, key: str, look_up: Callable[[str, str, str], str]) -> Any:
    if (reference := _reference(value)) is not None:
        return look_up(key, *reference)
    if isinstance(value, Mapping):
        return {name: _resolved(inner, f"{key}.{name}", look_up) for name, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, f"{key}[{index}]", look_up) for index, inner in enumerate(value)]
    return value


def _reference(value: Any) -> tuple[str, str] | None:
    if isinstance(value, Mapping) and len(value) == 1:
        [(kind, name)] = value.items()
        if kind in ("env", "file") and isinstance(name, str):
            return kind, name
    return None


def _look_up(kind: str, name: str, environ: Mapping[str, str], folder: Path) -> str:
    if kind == "env":
        if name not in environ:
            raise LookupError(f"the environment has no {name}")
        return environ[name]
    try:
        return (folder / name).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise LookupError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from None
