"""Settings: defaults, file, environment, and every mistake at once."""

from pathlib import Path

import pytest

from fdl_trigger.config import ConfigError, Settings


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(path: Path | None, environ: dict[str, str]) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigError) as caught:
        Settings.load(path, environ)
    return [(problem.source, problem.key, problem.reason) for problem in caught.value.problems]


def test_without_file_and_environment_the_defaults_hold():
    assert Settings.load(None, {"PATH": "/bin"}) == Settings()
    assert Settings().server.port == 8068


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(tmp_path):
    path = write(tmp_path, '[server]\nport = 9000\nhost = "0.0.0.0"\n')
    settings = Settings.load(path, {"FDL_TRIGGER_SERVER__PORT": "9001", "FDL_TRIGGER_CONFIG": str(path)})
    assert (settings.server.port, settings.server.host, settings.server.threads) == (9001, "0.0.0.0", 16)


def test_the_environment_gives_every_kind_of_value():
    settings = Settings.load(
        None,
        {
            "FDL_TRIGGER_FINEDATALINK__PREFIXES": "/a/b, /c",
            "FDL_TRIGGER_FINEDATALINK__BUSINESS_HTTP_STATUS": "true",
            "FDL_TRIGGER_FINEDATALINK__WAIT_MAX_S": "1.5",
            "FDL_TRIGGER_SERVER__CORS_ORIGINS": "",
            "FDL_TRIGGER_LOG__FORMAT": "json",
        },
    )
    assert settings.finedatalink.prefixes == ("/a/b", "/c")
    assert settings.finedatalink.business_http_status is True
    assert settings.finedatalink.wait_max_s == 1.5
    assert settings.server.cors_origins == ()
    assert settings.log.format == "json"


def test_a_file_variable_names_a_file_that_holds_the_value(tmp_path):
    value = tmp_path / "port"
    value.write_text(" 9002 \n")
    assert Settings.load(None, {"FDL_TRIGGER_SERVER__PORT_FILE": str(value)}).server.port == 9002


def test_a_setting_whose_own_name_ends_in_file_is_not_read_from_a_file():
    settings = Settings.load(None, {"FDL_TRIGGER_STORE__KEY_FILE": "some.key"})
    assert settings.store.key_path == Path("some.key")


def test_the_key_file_lies_beside_the_store_by_default():
    assert Settings.load(None, {"FDL_TRIGGER_STORE__PATH": "data/x.db"}).store.key_path == Path("data/x.db.key")


def test_every_mistake_of_file_and_environment_is_told_at_once(tmp_path):
    path = write(
        tmp_path,
        '[server]\nport = "8068"\nhots = "x"\ncors_origins = ["bi.example.com"]\n[srever]\nport = 1\n'
        '[log]\nlevel = "LOUD"\n[finedatalink]\nprefixes = []\n[limits]\npage_rate = "often"\n'
        '[engine]\ntime_zone = "Mars/Base"\n',
    )
    environ = {
        "FDL_TRIGGER_SERVER__TREADS": "4",
        "FDL_TRIGGER_ENGINE__SLOTS": "many",
        "FDL_TRIGGER_ENGINE__QUEUE_LIMIT_FILE": str(tmp_path / "absent"),
        "FDL_TRIGGER_FINEDATALINK__BUSINESS_HTTP_STATUS": "perhaps",
    }
    found = {key: (source, reason) for source, key, reason in problems_of(path, environ)}
    file = str(path)
    assert found["server.port"] == (file, "Not a valid integer.")
    assert found["server.hots"] == (file, "unknown setting, did you mean 'host'?")
    assert found["srever"] == (file, "unknown section, did you mean 'server'?")
    assert found["server.cors_origins"][1] == "'bi.example.com' is not an origin such as https://bi.example.com"
    assert found["log.level"][1] == "Must be one of: DEBUG, INFO, WARNING, ERROR."
    assert found["finedatalink.prefixes"][0] == file
    assert found["limits.page_rate"][1] == "a rate reads like 60/minute or 5/second"
    assert found["engine.time_zone"][1] == "there is no time zone 'Mars/Base'"
    assert found["FDL_TRIGGER_SERVER__TREADS"] == (
        "environment",
        "unknown setting, did you mean 'FDL_TRIGGER_SERVER__THREADS'?",
    )
    assert found["FDL_TRIGGER_ENGINE__SLOTS"] == ("environment", "Not a valid integer.")
    assert "cannot be read" in found["FDL_TRIGGER_ENGINE__QUEUE_LIMIT_FILE"][1]
    assert found["FDL_TRIGGER_FINEDATALINK__BUSINESS_HTTP_STATUS"] == ("environment", "Not a valid boolean.")
    assert len(found) == 12


@pytest.mark.parametrize("value", ["0", "65536", "1.5", "true"])
def test_a_number_outside_its_range_or_kind_is_refused(value):
    environ = {"FDL_TRIGGER_SERVER__THREADS": value}
    if value == "65536":
        environ = {"FDL_TRIGGER_SERVER__PORT": value}
    assert len(problems_of(None, environ)) == 1


def test_a_value_given_directly_and_by_file_is_refused(tmp_path):
    value = tmp_path / "port"
    value.write_text("1")
    environ = {"FDL_TRIGGER_SERVER__PORT": "2", "FDL_TRIGGER_SERVER__PORT_FILE": str(value)}
    expected = "is given twice, also as FDL_TRIGGER_SERVER__PORT"
    assert problems_of(None, environ) == [("environment", "FDL_TRIGGER_SERVER__PORT_FILE", expected)]


def test_broken_toml_names_its_line(tmp_path):
    path = write(tmp_path, "[server]\nport = \n")
    [(source, _, reason)] = problems_of(path, {})
    assert source == str(path)
    assert "line 2" in reason


def test_an_absent_file_and_mistakes_of_the_environment_are_told_together(tmp_path):
    found = problems_of(tmp_path / "absent.toml", {"FDL_TRIGGER_SERVER__PORT": "x"})
    assert [(key, reason) for _, key, reason in found] == [
        ("", "cannot be read: No such file or directory"),
        ("FDL_TRIGGER_SERVER__PORT", "Not a valid integer."),
    ]


def test_bytes_that_are_not_utf8_are_told(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"[server]\nhost = '\xff'\n")
    assert "is not TOML" in problems_of(path, {})[0][2]


def test_a_section_written_as_a_value_is_told(tmp_path):
    path = write(tmp_path, "server = 5\n")
    assert problems_of(path, {}) == [(str(path), "server", "is a section: write it as [server]")]
