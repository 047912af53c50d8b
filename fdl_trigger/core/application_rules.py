"""What an application must be like to be of any use."""

import re
from collections.abc import Iterator

from ..domain.applications import Application
from ..domain.rates import is_rate
from ..domain.sm2_keys import normalise_public_key

# What the product can choose per application (finedatalink-open-platform.md section 8.2), and our page applications.
METHODS = ("aksk", "digest", "sm2", "page")
SIGNING_METHODS = ("digest", "sm2")
DIGEST_ALGORITHMS = ("MD5", "SHA256", "SM3")
LONGEST_TIMEOUT_S = 86_400
_ORIGIN = re.compile(r"https?://[^/\s?#]+/?", re.IGNORECASE)


def problems(application: Application) -> list[tuple[str, str]]:
    """Return every mistake as (key, reason)."""
    return [*_of_itself(application), *_of_its_method(application), *_of_a_page(application)]


def public_key_problem(text: str | None) -> str | None:
    """Return what is wrong with an SM2 public key, or None."""
    if not text:
        return "an sm2 application needs its public key"
    try:
        normalise_public_key(text)
    except ValueError as error:
        return str(error)
    return None


def _of_itself(application: Application) -> Iterator[tuple[str, str]]:
    if not 1 <= len(application.name) <= 128:
        yield "name", "take 1 to 128 characters"
    if application.method not in METHODS:
        yield "method", f"'{application.method}' is not one of {', '.join(METHODS)}"
    if application.rate and not is_rate(application.rate):
        yield "rate", f"'{application.rate}' is not a rate; write it like 60/minute"
    if any(grant.folder is not None for grant in application.grants):
        yield "grants", "an application is granted single tasks or every task, not folders"
    for operator in application.operators:
        if not (1 <= len(operator) <= 128 and operator.isprintable() and operator == operator.strip()):
            yield "operators", f"'{operator[:128]}' is not a user name"


def _of_its_method(application: Application) -> Iterator[tuple[str, str]]:
    if application.digest_algorithm not in DIGEST_ALGORITHMS:
        yield "digest_algorithm", f"take one of {', '.join(DIGEST_ALGORITHMS)}"
    if not 1 <= application.digest_timeout_s <= LONGEST_TIMEOUT_S:
        yield "digest_timeout_s", f"take 1 to {LONGEST_TIMEOUT_S} seconds"
    if application.once and application.method not in SIGNING_METHODS:
        yield "once", f"only signatures ({', '.join(SIGNING_METHODS)}) can count once"
    if application.bound and application.method != "sm2":
        yield "bound", "only SM2 signatures can cover the request"
    if application.method == "sm2" and (reason := public_key_problem(application.public_key)):
        yield "public_key", reason


def _of_a_page(application: Application) -> Iterator[tuple[str, str]]:
    for origin in application.origins:
        if not _ORIGIN.fullmatch(origin):
            yield "origins", f"'{origin}' is not an origin; write it like https://reports.example.com"
    if application.method == "page" and not application.origins:
        yield "origins", "a page application needs the origins its pages are served from"
    if application.method == "page" and any(grant.task_id is None for grant in application.grants):
        yield "grants", "a page application is bound to named tasks: grant each task by itself"
