"""Cuts a stream of bytes into lines of text, however long or broken they are."""

from collections.abc import Callable

LONGEST_LINE = 2000  # characters
_LONGEST_BYTES = 4 * LONGEST_LINE


def whole_characters(text: str) -> str:
    """Return the text with what is half a character (a lone surrogate, which nothing can store) replaced."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class LineCutter:
    """Hands on line after line; what is longer than a line may be is dropped."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        *lines, rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._hand_on(line)
        self._rest = rest[:_LONGEST_BYTES]

    def close(self) -> None:
        """Hand on a last line that has no end."""
        if self._rest:
            self._hand_on(self._rest)
        self._rest = b""

    def _hand_on(self, line: bytes) -> None:
        text = line[:_LONGEST_BYTES].removesuffix(b"\r").decode("utf-8", "replace")
        self._on_line(text[:LONGEST_LINE])
