"""The credentials of a demo installation: a file for shells, and lines to paste."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

FILE_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller needs. `base` is the address of the open platform, `/webroot/decision` included."""

    base: str
    client_id: str
    secret: str
    work_id: str
    work_name: str

    def write(self, path: Path) -> None:
        """Write the file `FDL_...='...'` that only its owner can read, in one step."""
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "w", encoding="utf-8") as file:
            file.writelines(f"{name}={_quoted(value)}\n" for name, value in self._variables().items())
        fresh.replace(path)

    def trigger_line(self) -> str:
        """Return the command that runs the task."""
        return self._curl("fdl/workId/execute", {"workId": self.work_id})

    def status_line(self) -> str:
        """Return the command that shows the latest run."""
        return self._curl("fdl/workId/records", {"workId": self.work_id, "latest": True})

    def terminate_line(self) -> str:
        """Return the command that terminates the run."""
        return self._curl("fdl/workId/terminate", {"workId": self.work_id})

    def _variables(self) -> dict[str, str]:
        return {
            "FDL_BASE": self.base,
            "FDL_CLIENT_ID": self.client_id,
            "FDL_SECRET": self.secret,
            "FDL_WORK_ID": self.work_id,
            "FDL_WORK_NAME": self.work_name,
        }

    def _curl(self, path: str, body: dict[str, object]) -> str:
        headers = {"client_id": self.client_id, "secret": self.secret, "Content-Type": "application/json"}
        shown = " ".join(f"-H {_quoted(f'{name}: {value}')}" for name, value in headers.items())
        address = _quoted(f"{self.base}/sp/client/api/{path}")
        return f"curl -sS -X POST {address} {shown} -d {_quoted(json.dumps(body, ensure_ascii=False))}"


def read_base(path: Path) -> str | None:
    """Return the FDL_BASE of a credentials file, or None when there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    return next((line.partition("=")[2].strip("'") for line in lines if line.startswith("FDL_BASE=")), None)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\"'\"'") + "'"
