"""The settings of an API source: what a definition says under `source` (finedatalink-tasks.md section 5)."""

from dataclasses import dataclass

from .schema_fields import Pairs

PARAMETER_OF_MODE = {"PAGE_NUMBER": "pageNum", "OFFSET": "offset", "CURSOR": "cursor"}
CONTENT_TYPES = {"JSON": "application/json", "XML": "application/xml", "TEXT": "text/plain"}


@dataclass(frozen=True, slots=True)
class Authorization:
    """How a request says who is asking: NONE, BEARER (token), BASIC (user, password), RAW (value, sent unchanged).

    The APP_ types prove the integration application of the connection.
    """

    type: str = "NONE"
    token: str = ""
    user: str = ""
    password: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a POST: `content` for JSON, XML and TEXT, `fields` for the two form kinds."""

    type: str = "NONE"
    content: str = ""
    fields: Pairs = ()


@dataclass(frozen=True, slots=True)
class Frequency:
    """At most `max_calls` requests in any `period_s` seconds."""

    max_calls: int
    period_s: float


@dataclass(frozen=True, slots=True)
class EndCondition:
    """One condition on a fetched page; what is compared depends on `type`."""

    type: str
    path: str
    name: str | None
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class End:
    """When fetching pages ends: ALL or ANY of the conditions hold. Without conditions it never holds."""

    match: str = "ALL"
    conditions: tuple[EndCondition, ...] = ()


@dataclass(frozen=True, slots=True)
class Pagination:
    """How pages are walked (section 5.1); `limit` is in requests."""

    mode: str
    initial: str
    step: int
    cursor_path: str
    limit: int
    end_on_empty_page: bool
    end: End

    @property
    def parameter(self) -> str:
        """The name under which requests refer to the position."""
        return PARAMETER_OF_MODE[self.mode]


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """One API source. Texts may hold `${...}`; they are resolved for every request."""

    url: str
    connection: str | None = None
    method: str = "GET"
    params: Pairs = ()
    headers: Pairs = ()
    authorization: Authorization = Authorization()
    body: Body = Body()
    json_path: str = ""
    expand: bool = True
    encoding: str | None = None
    verify_tls: bool = True
    frequency: Frequency | None = None
    fail_on_empty: bool = False
    pagination: Pagination | None = None
