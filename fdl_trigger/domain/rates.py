"""Rates as people write them: "60/minute"."""

import re

_RATE = re.compile(r"\d+\s*(?:/|per)\s*(?:\d+\s*)?(?:second|minute|hour|day)s?", re.IGNORECASE)


def is_rate(text: str) -> bool:
    """Tell whether the text is a rate such as "60/minute" or "5 per 10 seconds"."""
    return _RATE.fullmatch(text.strip()) is not None
