"""JSON in and out without losing digits, and the decoding of response bytes (finedatalink-tasks.md section 6)."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NoReturn

from .errors import NodeError

# Servers that announce GB2312 or GBK send characters of its superset as well.
_SUPERSETS = {"gbk": "gb18030", "gb2312": "gb18030", "utf-8": "utf-8-sig", "utf8": "utf-8-sig"}


def decode(content: bytes, encoding: str | None, charset: str | None) -> str:
    """Decode an answer by the chosen encoding, else its own charset, else UTF-8; raises NodeError on a misfit."""
    name = (encoding or charset or "utf-8").strip().strip("'\"").lower()
    try:
        return content.decode(_SUPERSETS.get(name, name))
    except UnicodeDecodeError as error:
        raise NodeError(
            f"the answer is not {name.upper()} (byte {error.start}); choose its encoding in the source settings"
        ) from None
    except (LookupError, ValueError):
        raise NodeError(
            f"the answer names the unknown charset '{name[:40]}'; choose its encoding in the source settings"
        ) from None


def parse(text: str) -> Any:
    """Parse JSON: decimals become Decimal, control characters in strings pass. Raises ValueError."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant, strict=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ArithmeticError:
        raise ValueError("a number is out of range") from None


def compact(value: Any) -> str:
    """Return a value as JSON text without blanks, decimals with all their digits, non-ASCII characters kept."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except TypeError:
        return "".join(_pieces(value))
    except RecursionError:
        raise NodeError("the answer is nested too deeply") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _pieces(value: Any) -> Iterator[str]:
    # The standard encoder has no way to write a Decimal as a number.
    if isinstance(value, dict):
        yield "{"
        for position, (name, member) in enumerate(value.items()):
            yield ("," if position else "") + json.dumps(name, ensure_ascii=False) + ":"
            yield from _pieces(member)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for position, member in enumerate(value):
            yield "," if position else ""
            yield from _pieces(member)
        yield "]"
    else:
        yield str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
