"""The definition document of a task: read, checked, and turned into values (finedatalink-tasks.md section 3.3)."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from .errors import DefinitionInvalid
from .exposure import ExposeSchema
from .flow import Condition, Flow, Judgment, Line, Node
from .notices import NoticeRule, NoticeSchema
from .parameters import Parameter, ParameterType
from .repeats import NO_POLICY, OncePolicy
from .states import Level, Overlap, Priority

NAME_LENGTH = 128
MAX_NODES = 1000
LONGEST_WAIT_S = 3600
MAX_PLANS = 100


@dataclass(frozen=True, slots=True)
class Retry:
    """Retries of a failed node (section 9): `times` after the first try, `interval_s` seconds before the first of them.

    Each further wait is `backoff` times the one before, an hour at most.
    """

    times: int = 0
    interval_s: float = 120.0
    backoff: float = 1.0

    def wait_s(self, attempt: int) -> float:
        """Return how long to wait after a failed attempt (1 for the first), in seconds."""
        return float(min(self.interval_s * self.backoff ** (attempt - 1), LONGEST_WAIT_S))


@dataclass(frozen=True, slots=True)
class Control:
    """How an instance of the task is run (section 9)."""

    timeout_s: float | None = None
    warn_after_s: float | None = None
    retry: Retry = Retry()
    dirty_threshold: int | None = None
    priority: Priority = Priority.MEDIUM
    log_level: Level = Level.WARN
    overlap: Overlap = Overlap.QUEUE
    parallel_limit: int = 1
    rerun_lost: bool = False
    max_attempts: int = 3
    once: OncePolicy = NO_POLICY
    notice: NoticeRule | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A task as it is drafted or published. `document` is the checked document it was read from.

    `plans` are the documents of its schedules, None when the task document leaves them to others. `expose` holds, by
    the name of a dialect, what that dialect needs to know the task by.
    """

    uid: str
    name: str
    folder: str
    description: str
    params: tuple[Parameter, ...]
    flow: Flow
    control: Control
    document: Mapping[str, Any]
    plans: tuple[Mapping[str, Any], ...] | None = None
    expose: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "Definition":
        """Read a definition document; raises DefinitionInvalid with every mistake as (key, reason)."""
        try:
            loaded = _TaskSchema().load(document)
        except ValidationError as error:
            raise invalid(flatten(error.messages)) from None
        definition = cls(document={**document, "workId": loaded["uid"]}, **loaded)
        problems = [*definition.flow.problems(), *_param_problems(definition.params)]
        if problems:
            raise invalid(problems)
        return definition


def invalid(problems: list[tuple[str, str]]) -> DefinitionInvalid:
    """Return the error that carries the mistakes, all of them in its message."""
    return DefinitionInvalid("; ".join(f"{key}: {reason}" for key, reason in problems), problems=problems)


def flatten(messages: object, path: str = "") -> list[tuple[str, str]]:
    """Turn marshmallow's nested messages into (key, reason) pairs such as ("nodes[0].type", "...")."""
    if isinstance(messages, Mapping):
        found: list[tuple[str, str]] = []
        for key, value in messages.items():
            if isinstance(key, int):
                found += flatten(value, f"{path}[{key}]")
            elif key == "_schema":
                found += flatten(value, path)
            else:
                found += flatten(value, f"{path}.{key}" if path else str(key))
        return found
    reasons = messages if isinstance(messages, list) else [messages]
    return [(path, str(reason)) for reason in reasons]


def _param_problems(params: tuple[Parameter, ...]) -> Iterator[tuple[str, str]]:
    names = [parameter.name for parameter in params]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"params[{index}].name", f"'{name}' is defined twice"
        if params[index].type is ParameterType.SECRET and params[index].value not in (None, ""):
            yield f"params[{index}].value", "a secret does not stand in a task; set a global parameter of this name"


def _as_uuid(text: str | None) -> str:
    return str(uuid.UUID(text)) if text else str(uuid.uuid4())


class _ParamSchema(Schema):
    name = fields.Str(required=True, validate=validate.Regexp(r"^[^\W\d][\w.-]{0,63}$"))
    type = fields.Enum(ParameterType, load_default=ParameterType.STRING)
    value = fields.Raw(load_default=None, allow_none=True)

    @post_load
    def build(self, data: dict[str, Any], **_: object) -> Parameter:
        return Parameter(**data)


class _InnerNodeSchema(Schema):
    """A node inside a container: containers do not nest (finedatalink-tasks.md section 3.1)."""

    id = fields.Str(required=True, validate=validate.Regexp(r"^[\w-]{1,64}$"))
    name = fields.Str(load_default=None, validate=validate.Length(1, NAME_LENGTH))
    type = fields.Str(required=True)
    judgment = fields.Enum(Judgment, load_default=Judgment.ALL)
    config = fields.Dict(keys=fields.Str(), load_default=dict)

    @post_load
    def build(self, data: dict[str, Any], **_: object) -> Node:
        nodes, lines = data.pop("nodes", None), data.pop("lines", ())
        inner = None if nodes is None else Flow(tuple(nodes), tuple(lines))
        return Node(**{**data, "name": data["name"] or data["id"]}, inner=inner)


class _LineSchema(Schema):
    source = fields.Str(required=True, data_key="from")
    target = fields.Str(required=True, data_key="to")
    condition = fields.Enum(Condition, load_default=Condition.SUCCESS)

    @post_load
    def build(self, data: dict[str, Any], **_: object) -> Line:
        return Line(**data)


class _NodeSchema(_InnerNodeSchema):
    nodes = fields.List(
        fields.Nested(_InnerNodeSchema), load_default=None, allow_none=True, validate=validate.Length(1, MAX_NODES)
    )
    lines = fields.List(fields.Nested(_LineSchema), load_default=list, validate=validate.Length(max=MAX_NODES * 10))


class _RetrySchema(Schema):
    enabled = fields.Bool(load_default=False)
    times = fields.Int(load_default=3, strict=True, validate=validate.Range(1, 100))
    intervalMinutes = fields.Float(load_default=2.0, validate=validate.Range(0, 60))
    backoff = fields.Float(load_default=1.0, validate=validate.Range(1, 10))

    @post_load
    def build(self, data: dict[str, Any], **_: object) -> Retry:
        return Retry(data["times"] if data["enabled"] else 0, data["intervalMinutes"] * 60, data["backoff"])


class _RecoverySchema(Schema):
    rerun = fields.Bool(load_default=False)
    attempts = fields.Int(load_default=3, strict=True, validate=validate.Range(1, 100))


class _OnceSchema(Schema):
    sameWithinSeconds = fields.Float(load_default=0.0, validate=validate.Range(0, 86_400))
    maxAgeMinutes = fields.Float(load_default=0.0, validate=validate.Range(0, 60 * 24 * 366))
    debounceSeconds = fields.Float(load_default=0.0, validate=validate.Range(0, 3600))

    @post_load
    def build(self, data: dict[str, Any], **_: object) -> OncePolicy:
        return OncePolicy(
            round(data["sameWithinSeconds"] * 1000),
            round(data["maxAgeMinutes"] * 60_000),
            round(data["debounceSeconds"] * 1000),
        )


_LONGER_THAN_NOTHING = validate.Range(min=0, min_inclusive=False, max=60 * 24 * 31)


class _ControlSchema(Schema):
    timeoutMinutes = fields.Float(load_default=None, allow_none=True, validate=_LONGER_THAN_NOTHING)
    warnAfterMinutes = fields.Float(load_default=None, allow_none=True, validate=_LONGER_THAN_NOTHING)
    retry = fields.Nested(_RetrySchema, load_default=Retry())
    dirtyThreshold = fields.Int(load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 10_000))
    priority = fields.Enum(Priority, load_default=Priority.MEDIUM)
    logLevel = fields.Enum(Level, load_default=None, allow_none=True)
    instancePolicy = fields.Str(load_default="queue")
    parallelLimit = fields.Int(load_default=4, strict=True, validate=validate.Range(1, 1000))
    once = fields.Nested(_OnceSchema, load_default=NO_POLICY)
    recovery = fields.Nested(_RecoverySchema, load_default=lambda: {"rerun": False, "attempts": 3})
    notice = fields.Nested(NoticeSchema, load_default=None, allow_none=True)

    @post_load
    def build(self, data: dict[str, Any], **_: object) -> Control:
        overlap = _overlap(data["instancePolicy"])
        minutes = data["timeoutMinutes"]
        return Control(
            timeout_s=None if minutes is None else minutes * 60,
            warn_after_s=None if data["warnAfterMinutes"] is None else data["warnAfterMinutes"] * 60,
            retry=data["retry"],
            dirty_threshold=data["dirtyThreshold"],
            priority=data["priority"],
            log_level=data["logLevel"] or Level.WARN,
            overlap=overlap,
            parallel_limit=data["parallelLimit"] if overlap is Overlap.PARALLEL else 1,
            rerun_lost=data["recovery"]["rerun"],
            max_attempts=data["recovery"]["attempts"],
            once=data["once"],
            notice=data["notice"],
        )


def _overlap(text: str) -> Overlap:
    try:
        return Overlap(text.lower().removesuffix("_all"))
    except ValueError:
        words = ", ".join(Overlap)
        raise ValidationError(f"'{text}' is not one of {words}", "instancePolicy") from None


class _TaskSchema(Schema):
    uid = fields.UUID(data_key="workId", load_default=None, allow_none=True)
    name = fields.Str(required=True, data_key="workName", validate=validate.Length(1, NAME_LENGTH))
    folder = fields.Str(load_default="/", validate=validate.Length(max=512))
    description = fields.Str(load_default="", validate=validate.Length(max=4096))
    params = fields.List(fields.Nested(_ParamSchema), load_default=list, validate=validate.Length(max=256))
    nodes = fields.List(fields.Nested(_NodeSchema), required=True, validate=validate.Length(1, MAX_NODES))
    lines = fields.List(fields.Nested(_LineSchema), load_default=list, validate=validate.Length(max=MAX_NODES * 10))
    control = fields.Nested(_ControlSchema, load_default=Control)
    plans = fields.List(
        fields.Dict(keys=fields.Str()), load_default=None, allow_none=True, validate=validate.Length(max=MAX_PLANS)
    )
    expose = fields.Nested(ExposeSchema, load_default=dict)

    @post_load
    def build(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        flow = Flow(tuple(data.pop("nodes")), tuple(data.pop("lines")))
        uid = _as_uuid(str(data["uid"]) if data["uid"] else None)
        plans = None if data["plans"] is None else tuple(data["plans"])
        return {**data, "uid": uid, "params": tuple(data["params"]), "flow": flow, "plans": plans}
