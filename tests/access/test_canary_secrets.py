"""Fifty planted secrets, one scenario over every feature: none of them comes out, or lies anywhere in clear."""

import base64
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from canary_service import Canaries, CanaryService, echo_source

from fdl_trigger.auth.digest import sign
from fdl_trigger.config import ServerSettings
from fdl_trigger.server import Server

ADMIN = "/api/admin"
WIRE = "/webroot/decision/sp/client/api"


@pytest.fixture
def source() -> Iterator[str]:
    with Server(echo_source, ServerSettings(port=0, threads=2)) as server:
        yield server.url


class Scenario:
    """Plants secrets through the service's own doors and uses each of them, rightly and wrongly."""

    def __init__(self, service: CanaryService, source: str) -> None:
        self.service = service
        self.canaries = service.canaries
        self.source = source
        self.admin: dict[str, str] = {}

    def plant(self, name: str) -> str:
        return self.canaries.plant(name, f"canary-{secrets.token_hex(12)}")

    def manage(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        status, told = self.service.call(method, ADMIN + path, body, headers=self.admin, **options)
        assert status < 300, told
        return told

    def log_in(self, name: str, password: str) -> str:
        status, told = self.service.call(
            "POST", f"{ADMIN}/tokens", {"name": name, "password": password}, shows_secret=True
        )
        assert status == 201, told
        self.canaries.plant(f"token of {name} {len(self.canaries.planted)}", told["token"].rpartition(".")[2])
        return str(self.canaries.plant(f"whole token of {name} {len(self.canaries.planted)}", told["token"]))

    def users(self, password: str) -> None:
        self.admin = {"Authorization": f"Bearer {self.log_in('root', password)}"}
        for number in range(5):
            name, secret = f"user {number}", self.plant(f"password {number}")
            self.manage("POST", "/users", {"name": name, "password": secret, "role": "operator"})
            token = self.log_in(name, secret)
            self.use_token(token, name, secret)
            changed = self.plant(f"changed password {number}")
            self.manage("PUT", f"/users/{quote(name)}/password", {"password": changed})

    def use_token(self, token: str, name: str, password: str) -> None:
        call, module = self.service.call, f"{WIRE}/module/fdl/workName/records"
        for headers, query in (
            ({"Authorization": f"Bearer {token}"}, None),
            ({"Cookie": f"fine_auth_token={token}"}, None),
            ({}, {"fine_auth_token": token}),
            ({"Authorization": f"Bearer {token}x"}, {"fine_auth_token": token, "workName": "nothing"}),
        ):
            call("GET", module, headers=headers, query={"workName": "nothing", **(query or {})})
        script = {"fine_username": name, "fine_password": password, "validity": "-1", "callback": "take"}
        call("GET", "/webroot/decision/login/cross/domain", query=script, shows_secret=True)
        call("GET", "/webroot/decision/login/cross/domain", query={**script, "fine_password": password + "x"})
        call("GET", "/webroot/decision/login/cross/domain", query={**script, "callback": "alert(1)//"})
        call("POST", "/webroot/decision/login", {"username": name, "password": [password]})
        call("GET", "/webroot/decision/logout/cross/domain", query={"fine_auth_token": token})

    def applications(self) -> None:
        for number, method in enumerate(["aksk", "digest", "aksk", "digest", "aksk"]):
            made = self.manage(
                "POST",
                "/applications",
                {
                    "name": f"app {number}",
                    "method": method,
                    "grants": [{"operation": "list"}],
                    "once": method != "aksk",
                },
                shows_secret=True,
            )
            secret = self.canaries.plant(f"secret {number}", made["secret"])
            self.use_secret(made["clientId"], secret)
            path = f"/applications/{made['clientId']}/keys"
            rotated = self.manage("POST", path, {"expireOldSeconds": 60}, shows_secret=True)
            self.use_secret(made["clientId"], self.canaries.plant(f"rotated secret {number}", rotated["secret"]))

    def use_secret(self, client_id: str, secret: str) -> None:
        path = f"{WIRE}/fdl/workName/records"
        signed = sign(client_id, secret, int(time.time() * 1000))
        for given in ({"secret": secret}, {"_sign_": signed}, {"secret": secret + "x"}, {"_sign_": secret}):
            carried = {"client_id": client_id, **given}
            self.service.call("POST", path, {"workName": "nothing"}, headers=carried)
            self.service.call("GET", path, query={**carried, "workName": "nothing"})

    def connections(self) -> None:
        self.manage("PUT", "/connections/out", {"kind": "sqlite", "settings": {"path": str(self.out)}})
        for number in range(4):
            settings = {
                "authorization": {"type": "BEARER", "token": self.plant(f"connection token {number}")},
                "headers": [{"name": "X-Seal", "value": self.plant(f"connection header {number}")}],
            }
            self.manage("PUT", f"/connections/api{number}", {"kind": "api", "settings": settings})
            self.manage("GET", f"/connections/api{number}")
        basic = {"type": "BASIC", "user": "reader", "password": self.plant("connection password")}
        self.manage("PUT", "/connections/basic", {"kind": "api", "settings": {"authorization": basic}})
        raw = {"type": "RAW", "value": self.plant("raw authorization")}
        self.manage("PUT", "/connections/raw", {"kind": "api", "settings": {"authorization": raw}})
        broken = {"authorization": {"type": "NOPE", "token": self.plant("refused connection token")}}
        self.service.call("PUT", f"{ADMIN}/connections/broken", {"kind": "api", "settings": broken}, headers=self.admin)

    @property
    def out(self) -> Path:
        return self.service.directory.parent / "out.db"

    def tasks(self) -> None:
        sources: list[dict[str, Any]] = [{"connection": name} for name in ("api0", "api1", "basic", "raw")]
        for number in range(3):
            sources.append(
                {
                    "authorization": {"type": "BEARER", "token": self.plant(f"token of a source {number}")},
                    "headers": [{"name": "X-Api-Key", "value": self.plant(f"header of a source {number}")}],
                    "params": {"access_token": self.plant(f"parameter of a source {number}")},
                }
            )
        for number, given in enumerate(sources):
            for place in ("/rows", "/fail/rows"):
                self.run(f"task {number} {place.strip('/').replace('/', ' ')}", {"url": self.source + place, **given})

    def run(self, name: str, given: dict[str, Any]) -> None:
        source = {"type": "API", "method": "GET", "jsonPath": "$.rows[*]", **given}
        target = {
            "connection": "out",
            "table": "t",
            "mode": "AUTO_CREATE",
            "fields": [{"name": "id", "type": "INTEGER"}],
        }
        config = {"source": source, "target": target, "mapping": [{"source": "id", "target": "id"}]}
        config["write"] = {"method": "DIRECT"}
        node = {"id": "copy", "type": "DATA_SYNC", "config": config}
        document = {"workName": name, "nodes": [node], "control": {"logLevel": "INFO"}}
        saved = self.manage("POST", "/tasks", document)
        path = f"/tasks/{saved['workId']}"
        self.manage("POST", f"{path}/publication")
        self.manage("GET", path)
        self.service.call(
            "POST",
            f"{WIRE}/module/fdl/workId/execute",
            {"workId": saved["workId"], "wait": 20},
            headers=self.admin,
        )

    def look_everywhere(self) -> None:
        for path in ("/applications", "/users", "/tokens", "/tasks", "/connections", "/audit?limit=1000"):
            self.manage("GET", path)
        self.service.call("GET", "/api/openapi.json")
        self.service.look_at_processes()
        for command in (["apps", "list"], ["users", "list"], ["tasks", "list"], ["audit", "list", "--limit", "1000"]):
            self.service.command(*command)
        refused = [one for one in self.manage("GET", "/audit?limit=1000")["items"] if one["outcome"] == "refused"]
        assert len(refused) > 20
        for one in refused[::40]:
            self.service.command("audit", "why", one["requestId"])
        self.service.command("backup", str(self.service.directory / "copy.db"))


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_planted_secret_comes_out_or_lies_in_clear(tmp_path: Path, source: str, log_format: str) -> None:
    canaries = Canaries()
    directory = tmp_path / "service"
    directory.mkdir()
    service = CanaryService(directory, canaries, log_format)
    password = canaries.plant("password of root", f"canary-{secrets.token_hex(12)}")
    service.command("users", "create", "root", "--role", "admin", given=f"{password}\n")
    with service:
        scenario = Scenario(service, source)
        scenario.users(password)
        scenario.applications()
        scenario.connections()
        scenario.tasks()
        scenario.look_everywhere()
        _read_files(directory, canaries, while_it_runs=True)
    key = (directory / "store.db.key").read_text().strip()
    canaries.plant("key file", key)
    canaries.plant("key in hexadecimal", base64.b64decode(key).hex())
    assert len(canaries.planted) >= 50
    _read_files(directory, canaries)
    found = {(name, where) for where, text in canaries.seen for name in canaries.found_in(text.encode())}
    assert found == set()
    assert any("/module/fdl/workId/execute" in where and '"SUCCESS"' in text for where, text in canaries.seen)


def _read_files(directory: Path, canaries: Canaries, *, while_it_runs: bool = False) -> None:
    raw = base64.b64decode(directory.joinpath("store.db.key").read_bytes())
    names = set()
    for file in directory.rglob("*"):
        if file.is_file() and file.name not in ("store.db.key", "config.toml"):
            data = file.read_bytes()
            names.add(file.name)
            assert raw not in data
            for name in canaries.found_in(data):
                canaries.saw(f"file {file.name}", canaries.planted[name])
    assert {"store.db", "copy.db", "service.log"} <= names
    assert not while_it_runs or "store.db-wal" in names
