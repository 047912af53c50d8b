"""`fdl-trigger apps keys`, `rotate-key`, `disable-key`, and SM2 applications."""

import re

PUBLIC = (
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)


def keys(cli, name="reports"):
    return [line.split() for line in cli.run("apps", "keys", name).stdout.splitlines()[1:]]


def test_rotating_shows_the_new_secret_once_and_lets_the_old_key_expire(cli):
    first = re.search(r"secret: (\w{32})", cli.run("apps", "create", "reports").stdout)[1]
    text = cli.run("apps", "rotate-key", "reports", "--expire-old", "2h").stdout
    _, number, second = re.fullmatch(r"client_id: (\w{32})\nkey: (\d+)\nsecret: (\w{32})\n", text).groups()
    assert first != second
    old, new = keys(cli)
    assert (old[1], new[:2]) == ("live", [number, "live"])
    assert new[-2:] == ["-", "-"]
    assert re.search(r"\d\d:\d\d:\d\d", " ".join(old[4:]))
    shown = cli.run("apps", "keys", "reports").output + cli.run("apps", "list").output
    assert first not in shown
    assert second not in shown


def test_an_old_key_may_end_at_once(cli):
    cli.run("apps", "create", "reports")
    cli.run("apps", "rotate-key", "reports", "--expire-old", "0s")
    assert [line[1] for line in keys(cli)] == ["expired", "live"]


def test_a_key_is_disabled_by_its_number(cli):
    cli.run("apps", "create", "reports")
    [[number, *_]] = keys(cli)
    cli.run("apps", "disable-key", "reports", number)
    assert keys(cli)[0][1] == "disabled"
    assert "has no key 99" in cli.run("apps", "disable-key", "reports", "99", exit_code=1).stderr
    assert "24h" in cli.run("apps", "rotate-key", "reports", "--expire-old", "soon", exit_code=2).stderr


def test_an_sm2_application_takes_its_public_key_from_the_line_or_a_file(cli, tmp_path):
    text = cli.run("apps", "create", "signing", "--method", "sm2", "--public-key", "04" + PUBLIC, "--bound").output
    assert re.fullmatch(r"client_id: \w{32}\n", text)
    (tmp_path / "key").write_text(PUBLIC.upper())
    assert "secret" not in cli.run("apps", "rotate-key", "signing", "--public-key", f"@{tmp_path / 'key'}").output
    assert "public key" in cli.run("apps", "rotate-key", "signing", exit_code=1).stderr
    assert "curve" in cli.run("apps", "create", "x", "--method", "sm2", "--public-key", "0" * 128, exit_code=1).stderr
    assert "once" in cli.run("apps", "create", "x", "--once", exit_code=1).stderr
