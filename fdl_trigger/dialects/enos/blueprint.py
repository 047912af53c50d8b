"""The dialect as a blueprint: one route a path and method, told apart by `action`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any

from flask import Response, request
from flask_smorest import Api, Blueprint

from ...auth.enos_blocks import Blocks, new_private_key
from ...auth.enos_tokens import AccessTokens
from ...auth.permissions import ByAction, Public, permits, public
from ...domain.errors import InvalidParameter, MethodNotAllowed, TriggerError, UserNotFound
from ...domain.records import Principal
from ..base import DirectView, Services
from . import answers
from .actions import Action, actions_of
from .door import Door
from .errors import Refusal
from .flows import DIALECT_NAME
from .operations import OPERATIONS, OWN_ROOT, ROOT, TOKEN_ROOT, EnosOperation
from .requests import Call, Pairs, json_body, query_pairs
from .spec import EnosFrameSchema, EnosTokenSchema, described, security_schemes
from .spec import answers as described_answers
from .tokens import TokenService

View = Callable[[], Response]
Body = Callable[[], bytes]
_KEY_PURPOSE = "enos"
_NAME_LENGTH = 128
_OFTEN = ("POST", "flows")
_NOBODY = Call(Principal("-"), "", "", {}, {})


@dataclass(frozen=True, slots=True)
class Options:
    """The settings of this dialect; see `fdl_trigger.config.EnosSettings`."""

    auth: tuple[str, ...] = ("token", "ownkey")
    users: tuple[str, ...] = ()
    min_trigger_interval_s: float = 0.0
    opaque_application: str = ""
    opaque_addresses: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Options":
        """Take what concerns the dialect from its section of the settings."""
        names = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in names})

    @property
    def people(self) -> frozenset[tuple[str, str]]:
        """The users there are beside those that tasks name, as (user, organization)."""
        parts = (one.rpartition("@") for one in self.users)
        return frozenset((user, organization) for user, _, organization in parts)


class EnosPlatform:
    """The 22 operations, the token service and our public key."""

    prefixes: tuple[str, ...] = (ROOT, TOKEN_ROOT, OWN_ROOT)

    def __init__(self, services: Services) -> None:
        options = Options.of(services.options)
        self._services = services
        self._people = options.people
        self._tokens = AccessTokens(lambda: services.own_keys().signing_key())
        self._blocks = Blocks(lambda: services.own_keys().private_key(_KEY_PURPOSE, new_private_key))
        self._door = Door(
            services.admission,
            self._tokens,
            self._blocks,
            services.clock,
            frozenset(options.auth),
            options.opaque_application,
            options.opaque_addresses,
        )
        self._actions = actions_of(services, round(options.min_trigger_interval_s * 1000))

    def register(self, api: Api) -> None:
        """Add the routes and their documentation."""
        security_schemes(api.spec)
        blueprint = Blueprint("enos", __name__, description="EnOS Batch Data Processing v2.1: flows")
        places = sorted(OPERATIONS, key=lambda one: (one.path, one.method))
        for (path, method), group in groupby(places, key=lambda one: (one.path, one.method)):
            operations = {one.action: one for one in group}
            view = Blueprint.doc(**described(operations.values()))(self._view(operations))
            self._add(blueprint, f"{ROOT}/{path}", method, f"{path}_{method}", view)
        self._add_token_service(blueprint)
        self._add_public_key(blueprint)
        api.register_blueprint(blueprint)

    def render_error(self, error: TriggerError) -> Response:
        """Return the answer for an error, in the frame of section 1."""
        return answers.failure(error)

    def _add(self, blueprint: Blueprint, path: str, method: str, name: str, view: View) -> None:
        blueprint.add_url_rule(path, endpoint=name, view_func=view, methods=[method], tags=["EnOS"])

    def _add_token_service(self, blueprint: Blueprint) -> None:
        service = TokenService(self._services.admission, self._tokens, self._services.clock)
        for name, action in (("get", service.get), ("refresh", service.refresh)):
            view = public("whoever asks proves the secret in the body")(self._guarded("enos.token", action))
            body = {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}
            view = Blueprint.doc(
                summary=f"{name} an access token", requestBody=body, responses=described_answers(EnosTokenSchema)
            )(view)
            self._add(blueprint, f"{TOKEN_ROOT}/token/{name}", "POST", f"token_{name}", view)

    def _add_public_key(self, blueprint: Blueprint) -> None:
        def public_key() -> Response:
            return answers.success(self._blocks.public_key())

        view = public("a public key is there for everybody")(public_key)
        view = Blueprint.doc(summary="Return our public key", responses=described_answers(EnosFrameSchema))(view)
        self._add(blueprint, f"{OWN_ROOT}/public-key", "GET", "public_key", view)

    def _view(self, operations: Mapping[str, EnosOperation]) -> View:
        direct = self._direct_view(operations)
        one = next(iter(operations.values()))
        if (one.method, one.path) == _OFTEN:
            self._services.direct[one.method, f"{ROOT}/{one.path}"] = direct

        def answer() -> Response:
            return direct(request.environ, request.get_data)

        permissions = {action: one.permission for action, one in operations.items()}
        return permits(ByAction("action", permissions))(answer)

    def _direct_view(self, operations: Mapping[str, EnosOperation]) -> DirectView:
        found = {action: self._actions[one.path, one.action] for action, one in operations.items()}

        def answer(environ: dict[str, Any], body: Body) -> Response:
            wanted = None
            try:
                if environ["REQUEST_METHOD"] == "HEAD":  # a GET may delete, and a HEAD tells nothing of failures
                    raise MethodNotAllowed(allow="GET")
                pairs = query_pairs(environ.get("QUERY_STRING", ""))
                wanted = operations.get(dict(pairs).get("action", ""))
                if wanted is not None and isinstance(wanted.permission, Public):
                    return answers.success(found[wanted.action](_NOBODY))
                return answers.success(self._run(environ, pairs, body, wanted, found))
            except Refusal as refused:
                return answers.refusal(refused)
            except TriggerError as error:
                self._services.admission.refused(environ, f"flow.{wanted.action if wanted else 'unknown'}", error)
                return self.render_error(error)

        return answer

    def _run(
        self,
        environ: dict[str, Any],
        pairs: Pairs,
        body: Body,
        wanted: EnosOperation | None,
        found: Mapping[str, Action],
    ) -> Any:
        principal = self._door.admit(environ, pairs, body)
        if wanted is None:
            raise InvalidParameter("There is no such action.")
        query = _single(pairs)
        user, organization = query.get("userId", ""), query.get("orgId", "")
        if not user or not organization or max(len(user), len(organization)) > _NAME_LENGTH:
            raise UserNotFound
        self._services.flow_people().require(DIALECT_NAME, user, organization, self._people)
        self._services.admission.require_operator(environ, user)
        given = json_body(body()) if wanted.method == "POST" else {}
        return found[wanted.action](Call(principal, user, organization, query, given))

    def _guarded(self, name: str, action: View) -> View:
        def answer() -> Response:
            try:
                return action()
            except TriggerError as error:
                self._services.admission.refused(request.environ, name, error)
                return self.render_error(error)

        return answer


def _single(pairs: Pairs) -> dict[str, str]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidParameter("A parameter is given twice.")
    if any("\0" in name + value for name, value in pairs):
        raise InvalidParameter("A parameter holds a NUL character.")
    return found
