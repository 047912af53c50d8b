"""The key of the store as a setting: by environment or by a file, never shown."""

import pytest

from fdl_trigger.config import ConfigError, Settings

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def test_the_key_comes_by_the_environment_or_by_a_file_it_names(tmp_path):
    assert Settings.load(None, {"FDL_TRIGGER_STORE__KEY": KEY}).store.key == KEY
    settings = Settings.load(None, {"FDL_TRIGGER_STORE__KEY_FILE": str(tmp_path / "key")})
    assert (settings.store.key, settings.store.key_path) == ("", tmp_path / "key")


@pytest.mark.parametrize("wrong", ["canary", "Y2FuYXJ5", KEY[:-1], "canary " + KEY])
def test_a_text_that_is_no_key_is_refused_without_being_shown(wrong):
    with pytest.raises(ConfigError) as refusal:
        Settings.load(None, {"FDL_TRIGGER_STORE__KEY": wrong})
    text = str(refusal.value)
    assert "FDL_TRIGGER_STORE__KEY" in text
    assert "32 bytes" in text
    assert wrong not in text


def test_the_key_is_not_shown_when_settings_are_printed():
    assert KEY not in repr(Settings.load(None, {"FDL_TRIGGER_STORE__KEY": KEY}))


@pytest.mark.parametrize("wrong", ["proxy.example.com", "10.0.0.0/33"])
def test_a_proxy_is_named_by_address_or_network(wrong):
    with pytest.raises(ConfigError, match="neither an address nor a network"):
        Settings.load(None, {"FDL_TRIGGER_SERVER__TRUSTED_PROXIES": f"10.0.0.0/8, {wrong}"})
