"""Keeps secrets out of run logs and error messages."""

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "***"
_TELLING = r"token|secret|key|passw|pwd|sign|auth|credential|session|cookie"
_TELLING_NAME = re.compile(_TELLING, re.I)
_QUERY_VALUE = re.compile(rf"([?&][^=&#]*(?:{_TELLING})[^=&#]*=)[^&#\s]*", re.I)
_USERINFO = re.compile(r"(?<=://)[^/?#@\s]*@")
_JSON_MEMBER = re.compile(rf'("[^"\\]*(?:{_TELLING})[^"\\]*"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,\}}\]]+)', re.I)
_FORM_FIELD = re.compile(rf"((?:^|&)[^=&\s]*(?:{_TELLING})[^=&\s]*=)[^&\s]*", re.I)
_SHORTEST = 3  # a shorter secret would blank out half of every text


def names_a_secret(name: str) -> bool:
    """Tell whether a header, parameter or field of this name is taken to hold a secret."""
    return _TELLING_NAME.search(name) is not None


def _forms(secret: str) -> tuple[str, ...]:
    # As it is, as part of an address or a form, and as a server shows UTF-8 it took for Latin-1.
    return secret, quote(secret, safe=""), quote_plus(secret), secret.encode().decode("latin-1")


class Masker:
    """Replaces known secrets, and whatever stands under a name that looks like one, by ***."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = frozenset(secrets)
        forms = {form for secret in self._secrets for form in _forms(secret)}
        known = sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def hiding(self, secrets: Iterable[str]) -> "Masker":
        """Return a masker that hides these secrets, too."""
        return Masker(self._secrets | frozenset(secrets))

    def url(self, url: str) -> str:
        """Return an address fit for a log."""
        return self._without_known(_QUERY_VALUE.sub(rf"\1{MASK}", _USERINFO.sub(f"{MASK}@", url)))

    def text(self, text: str) -> str:
        """Return a body or a message fit for a log."""
        masked = _JSON_MEMBER.sub(rf'\1"{MASK}"', self._without_known(text))
        return _FORM_FIELD.sub(rf"\1{MASK}", self.url(masked))

    def start(self, text: str, characters: int) -> str:
        """Return the first characters of a text, masked; more is masked than shown, since masking shortens."""
        return self.text(text[: 8 * characters])[:characters]

    def _without_known(self, text: str) -> str:
        return self._known.sub(MASK, text) if self._known else text
