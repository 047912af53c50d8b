"""One click, one run: what makes a trigger a repetition of an earlier one."""

from dataclasses import dataclass

KEY_KEPT_MS = 24 * 3_600_000
MAX_KEY_LENGTH = 255


@dataclass(frozen=True, slots=True)
class OncePolicy:
    """What a task says about repeated triggers; 0 switches a rule off. Milliseconds."""

    same_within_ms: int = 0  # same caller and same parameters within this time: the same instance
    max_age_ms: int = 0  # no new run while the last success is not older
    debounce_ms: int = 0  # triggers that follow each other within this time become one run, after the last


NO_POLICY = OncePolicy()


@dataclass(frozen=True, slots=True)
class Once:
    """What identifies a trigger: who calls, what they ask for (as a fingerprint), and the key they gave, if any."""

    caller: str
    fingerprint: str
    key: str | None = None
    policy: OncePolicy = NO_POLICY
