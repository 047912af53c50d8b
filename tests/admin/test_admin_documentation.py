"""docs/admin-api.md and docs/audit.md say what the code does."""

import re
from pathlib import Path

from fdl_trigger.auth.permissions import Public, permission_of

DOCS = Path(__file__).parents[2] / "docs"
PACKAGE = Path(__file__).parents[2] / "fdl_trigger"


def test_the_table_of_operations_is_the_codes(desk):
    description = desk.app.test_client().get("/api/openapi.json").get_json()["paths"]
    real = set()
    for rule in desk.app.url_map.iter_rules():
        if rule.rule.startswith("/api/admin/"):
            [method] = rule.methods - {"HEAD", "OPTIONS"}
            path = re.sub(r"<(?:[^:<>]*(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule)
            permission = permission_of(desk.app.view_functions[rule.endpoint])
            asks = "anybody" if isinstance(permission, Public) else f"`{permission}`"
            summary = description[path][method.lower()]["summary"]
            real.add((method, f"`{path.removeprefix('/api/admin')}`", asks, summary))
    text = (DOCS / "admin-api.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| ([A-Z]+) \| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert set(lines) == real


def test_every_kind_of_entry_is_told():
    text = (DOCS / "audit.md").read_text(encoding="utf-8")
    nouns = "application|connection|task|user|token|instance|parameter"
    written = {
        word
        for path in (PACKAGE / "core").glob("*.py")
        for word in re.findall(rf'"((?:{nouns})\.[a-z_]+)"', path.read_text(encoding="utf-8"))
    }
    assert len(written) > 20
    assert [word for word in sorted(written) if f"`{word}`" not in text] == []
