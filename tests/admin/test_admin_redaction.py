"""What is masked in a task, whatever its nodes; what comes back unmasked."""

import pytest

from fdl_trigger.admin.redaction import mask_document, mask_settings, unmask
from fdl_trigger.domain.errors import InvalidParameter

SECRET = "c4nary-secret"


@pytest.mark.parametrize(
    "config",
    [
        {"env": {"API_TOKEN": SECRET}},
        {"env": [{"name": "API_TOKEN", "value": SECRET}]},
        {"args": {"password": SECRET}},
        {"command": ["mysql", f"--password={SECRET}"]},
        {"command": ["curl", "--token", SECRET, "--verbose"]},
        {"headers": {"X-Anything": SECRET}},
        {"authorization": {"type": "RAW", "value": SECRET}},
        {"authorization": SECRET},
        {"body": {"type": "JSON", "content": {"inner": {"secret": SECRET}}}},
        {"body": {"type": "JSON", "content": {"list": [{"secret": SECRET}]}}},
        {"body": {"type": "JSON", "content": f'{{"password": "{SECRET}"}}'}},
        {"body": {"type": "FORM_DATA", "fields": [{"name": "token", "value": SECRET}]}},
        {"url": f"https://u:{SECRET}@example.com/?access_token={SECRET}"},
        {"params": [{"name": "plain", "type": "SECRET", "value": SECRET}]},
    ],
)
def test_a_secret_is_masked_and_comes_back_where_it_was(config):
    document = {"workName": "x", "nodes": [{"id": "n", "config": config}]}
    shown = mask_document(document)
    assert SECRET not in str(shown)
    assert unmask(shown, shown, document) == document


@pytest.mark.parametrize(
    "config",
    [
        {"write": {"keys": ["id"], "method": "DIRECT"}},
        {"mapping": [{"source": "token", "target": "key"}]},
        {"target": {"fields": [{"name": "password", "type": "VARCHAR", "primaryKey": True}], "table": "secrets"}},
        {"headers": {"Accept": "text/plain", "Content-Type": "application/json"}},
        {"params": {"page": 1, "size": "25"}},
        {"command": ["tar", "--create", "--file=x.tar", "y"]},
        {"sql": "SELECT token FROM sessions"},
    ],
)
def test_what_is_no_secret_stays(config):
    assert mask_document({"nodes": [{"config": config}]}) == {"nodes": [{"config": config}]}


def test_a_part_of_a_masked_address_cannot_be_edited_into_a_broken_one():
    kept = {"url": f"https://example.com/?token={SECRET}"}
    shown = mask_document(kept)
    with pytest.raises(InvalidParameter, match="url: holds a mask"):
        unmask({"url": shown["url"] + "&more=1"}, shown, kept)
    assert unmask({"url": "https://example.com/***"}, {"url": "a"}, {"url": "a"}) == {"url": "https://example.com/***"}


def test_the_address_of_a_webhook_is_a_secret_and_a_host_is_none():
    shown = mask_settings({"url": f"https://robot.example.com/{SECRET}", "host": "db", "tls": {"mode": "REQUIRE"}})
    assert shown == {"url": "******", "host": "db", "tls": {"mode": "REQUIRE"}}
