"""docs/wire/roma.md says what the code does."""

import re
from pathlib import Path

from fdl_trigger.auth.permissions import permission_of
from fdl_trigger.config import Settings
from fdl_trigger.dialects.roma.errors import ERRORS
from fdl_trigger.dialects.roma.fields import STATES, TaskSchema
from fdl_trigger.domain.errors import error_codes
from fdl_trigger.nodes.integration_application import APP_KINDS
from fdl_trigger.runtime import Runtime
from fdl_trigger.web import create_app

TEXT = (Path(__file__).parents[2] / "docs" / "wire" / "roma.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| ")]


def test_every_domain_error_has_its_code():
    assert set(error_codes()) == set(ERRORS)


def test_the_table_of_errors_is_the_codes():
    told = {row[2].strip("`"): row for row in ROWS if re.fullmatch(r"`(APIC|FDLT)\.\d{4}`", row[0])}
    assert set(told) == set(ERRORS)
    for code, wire in ERRORS.items():
        text = (error_codes()[code].__doc__ or "").strip()
        assert told[code] == [f"`{wire.error_code}`", str(wire.status), f"`{code}`", text]


def test_the_tables_of_calls_are_the_routes():
    app = create_app(Runtime(Settings()))
    found = {
        (method, re.sub(r"^/v2/<project_id>/(apic|fdi)/instances/<instance_id>", "", rule.rule)): str(
            permission_of(app.view_functions[rule.endpoint])
        )
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/v2/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {}
    for row in ROWS:
        if match := re.match(r"`(GET|POST|PUT|DELETE) ([^`?]+)", row[1] if len(row) > 2 else ""):
            told[match[1], match[2]] = row[2].strip("`")
    assert told == found


def test_every_field_state_and_proof_is_explained():
    names = [*TaskSchema().fields, *STATES, *APP_KINDS]
    assert [name for name in names if f"`{name}`" not in TEXT] == []
