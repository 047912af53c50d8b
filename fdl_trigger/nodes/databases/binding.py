"""Parameters in SQL that people write: `${name}` becomes a bound value, never text of the statement.

Where a text is read wrongly (a dialect's rarer quoting), a marker stands where the database sees none: the statement
fails, but no value is ever read as SQL. A string literal with references in it is bound as a whole.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from ..errors import BuildError

REFERENCE = re.compile(r"\$\{([^{}]*)\}")


def unquoted(literal: str) -> str:
    """Return what a standard string literal says."""
    return literal[1:-1].replace("''", "'")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """How a database reads the parts of a statement in which a reference is no value of its own: regular expressions.

    `mark` returns the text that stands for the value of this position (from 1). Without `binds` that text holds the
    value itself, in a form that cannot be read as anything else.
    """

    literal: str
    name: str
    comment: str
    mark: Callable[[int, Any], str]
    unquote: Callable[[str], str] = unquoted
    binds: bool = True

    @property
    def pattern(self) -> re.Pattern[str]:
        """A pattern whose group tells which part matched."""
        parts = {"comment": self.comment, "literal": self.literal, "name": self.name, "reference": REFERENCE.pattern}
        return re.compile("|".join(f"(?P<{kind}>{text})" for kind, text in parts.items()), re.DOTALL)


STANDARD = Lexicon(
    literal=r"'(?:[^']|'')*'",
    name=r'"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]',
    comment=r"--[^\n]*|/\*.*?(?:\*/|\Z)",
    mark=lambda position, value: "?",
)


@dataclass(frozen=True, slots=True)
class Bound:
    """A statement ready for its database: text with markers, and the values they stand for."""

    sql: str
    values: tuple[Any, ...]


class Binder:
    """Replaces the references of a statement. `value_of` gives a bound value by name, `text_of` text for a whole.

    `raw` names the references that are replaced as text, because the task says so.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        value_of: Callable[[str], Any],
        text_of: Callable[[str], str],
        raw: Collection[str] = (),
    ) -> None:
        self._lexicon = lexicon
        self._pattern = lexicon.pattern
        self._value_of = value_of
        self._text_of = text_of
        self._raw = frozenset(raw)

    def bind(self, sql: str) -> Bound:
        """Return the statement with its values bound; raises BuildError where no value can be bound."""
        values: list[Any] = []
        text = self._pattern.sub(lambda match: self._replaced(match, values), sql)
        return Bound(text, tuple(values) if self._lexicon.binds else ())

    def _replaced(self, match: re.Match[str], values: list[Any]) -> str:
        part, kind = match[0], match.lastgroup
        names = [name.strip() for name in REFERENCE.findall(part)]
        if kind == "comment" or not names:
            return part
        if set(names) <= self._raw:
            return self._filled(part)
        if kind not in ("literal", "reference"):
            raise BuildError(
                f"${{{names[0]}}} stands inside a quoted name or body, where no value can be bound; name it in raw"
            )
        value = self._value_of(names[0]) if kind == "reference" else self._literal(part)
        values.append(value)
        return self._lexicon.mark(len(values), value)

    def _literal(self, part: str) -> Any:
        return self._filled(self._lexicon.unquote(part))

    def _filled(self, part: str) -> str:
        return REFERENCE.sub(lambda match: self._text_of(match[1].strip()), part)
