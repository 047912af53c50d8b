"""JSONPath by RFC 9535, strictly: which paths are valid, and what they find."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .errors import NodeError

if TYPE_CHECKING:
    from jsonpath import JSONPath, JSONPathEnvironment


@dataclass(frozen=True, slots=True)
class Found:
    """What a path found. A definite path finds one value, any other path the list of its matches."""

    value: Any
    is_missing: bool


def path_problem(path: str) -> str | None:
    """Return why the text is not a JSONPath, or None. The empty path is valid and means the whole document."""
    from jsonpath import JSONPathError

    try:
        _compiled(path)
    except JSONPathError as error:
        return str(error.args[0])
    except RecursionError:
        return "nested too deeply"
    return None


def find(path: str, document: Any) -> Found:
    """Evaluate a path: one value for a definite one, else the list of matches. Raises NodeError when it cannot be."""
    compiled = _compiled(path)
    matches = _matches(compiled, path, document)
    if compiled.singular_query():
        return Found(matches[0] if matches else None, not matches)
    return Found(matches, not matches)


def find_one(path: str, document: Any) -> Any:
    """Return the value a path finds: None when there is none, the list when there are several."""
    matches = _matches(_compiled(path), path, document)
    return matches[0] if len(matches) == 1 else matches or None


def last_name(path: str) -> str | None:
    """Return the last member name in a path (`id` of `$.data[*].id`), or None when it has none."""
    from jsonpath.selectors import NameSelector

    for segment in reversed(_compiled(path).segments):
        names = [selector.name for selector in segment.selectors if isinstance(selector, NameSelector)]
        if len(names) == 1:
            return str(names[0])
    return None


def _matches(compiled: "JSONPath", path: str, document: Any) -> list[Any]:
    from jsonpath import JSONPathError

    try:
        return list(compiled.findall(document))
    except (JSONPathError, RecursionError) as error:
        reason = error.args[0] if error.args else "nested too deeply"
        raise NodeError(f"the JSONPath {path} cannot be evaluated on this answer: {reason}") from None


@lru_cache(maxsize=1)
def _environment() -> "JSONPathEnvironment":
    from jsonpath import JSONPathEnvironment

    return JSONPathEnvironment(strict=True)


@lru_cache(maxsize=256)
def _compiled(path: str) -> "JSONPath":
    from jsonpath import CompoundJSONPath

    compiled = _environment().compile(path or "$")
    assert not isinstance(compiled, CompoundJSONPath)  # noqa: S101 - strict paths have no union, for the type checker
    return compiled
