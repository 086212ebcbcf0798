"""Settings from the environment: everything that is wrong at once, secrets never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from switchboard.config.settings import BadSettings, Settings

ENOUGH = {
    "SWITCHBOARD_DATA": "/var/lib/switchboard",
    "SWITCHBOARD_DATABASE_URL": "postgresql://switchboard:hidden-1@127.0.0.1/switchboard",
    "SWITCHBOARD_ARI_URL": "http://127.0.0.1:8088/ari/",
    "SWITCHBOARD_ARI_PASSWORD": "hidden-2",
}


def problems(environment: dict[str, str]) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        Settings.from_environment(environment)
    assert "hidden" not in str(caught.value)
    return list(caught.value.problems)


def test_defaults() -> None:
    settings = Settings.from_environment(ENOUGH)
    assert settings.config == Path("config")
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8080)
    assert settings.ari_user == "switchboard"
    assert settings.ari_url == "http://127.0.0.1:8088/ari"
    assert settings.phone_secrets is None
    assert settings.queue_log is None


def test_the_queue_log_is_a_file() -> None:
    settings = Settings.from_environment({**ENOUGH, "SWITCHBOARD_QUEUE_LOG": "/var/log/asterisk/queue_log"})
    assert settings.queue_log == Path("/var/log/asterisk/queue_log")


MAIL = {**ENOUGH, "SWITCHBOARD_SMTP": "mail.example.com:587", "SWITCHBOARD_SMTP_FROM": "pbx@example.com"}


def test_the_mail_server() -> None:
    assert Settings.from_environment(ENOUGH).smtp is None
    smtp = Settings.from_environment(MAIL).smtp
    assert smtp is not None
    assert (smtp.host, smtp.port, smtp.tls, smtp.user, smtp.sender) == (
        "mail.example.com", 587, "starttls", "", "pbx@example.com",
    )  # fmt: skip
    known = {**MAIL, "SWITCHBOARD_SMTP_USER": "pbx", "SWITCHBOARD_SMTP_PASSWORD": "hidden-4"}
    smtp = Settings.from_environment(known).smtp
    assert smtp is not None
    assert smtp.password == "hidden-4"
    assert "hidden" not in repr(smtp)


def test_a_mail_server_that_cannot_be_used() -> None:
    wrong = {"SWITCHBOARD_SMTP": "mail", "SWITCHBOARD_SMTP_TLS": "maybe", "SWITCHBOARD_SMTP_USER": "pbx"}
    assert problems({**ENOUGH, **wrong}) == [
        "SWITCHBOARD_SMTP must be host:port, such as mail.example.com:587: mail",
        "SWITCHBOARD_SMTP_FROM is not set",
        "SWITCHBOARD_SMTP_PASSWORD is not set; set it, or SWITCHBOARD_SMTP_PASSWORD_FILE to a file that holds it",
        "SWITCHBOARD_SMTP_TLS must be one of starttls, tls, none: maybe",
    ]
    assert problems({**MAIL, "SWITCHBOARD_SMTP_FROM": "pbx"}) == [
        "SWITCHBOARD_SMTP_FROM must be an address such as switchboard@example.com: pbx"
    ]


def test_secrets_are_not_shown() -> None:
    settings = Settings.from_environment(ENOUGH)
    assert settings.ari_password == "hidden-2"
    assert "hidden" not in repr(settings)
    assert "hidden" not in str(settings)


def test_secrets_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "ari").write_text("hidden-3\n")
    environment = {**ENOUGH, "SWITCHBOARD_ARI_PASSWORD_FILE": str(tmp_path / "ari")}
    assert problems(environment) == ["SWITCHBOARD_ARI_PASSWORD and SWITCHBOARD_ARI_PASSWORD_FILE are both set; use one"]
    del environment["SWITCHBOARD_ARI_PASSWORD"]
    assert Settings.from_environment(environment).ari_password == "hidden-3"
    (tmp_path / "ari").write_text("\n")
    assert problems(environment) == [f"SWITCHBOARD_ARI_PASSWORD_FILE: {tmp_path / 'ari'} is empty"]
    (tmp_path / "ari").unlink()
    assert "No such file" in problems(environment)[0]


def test_everything_missing_is_said_at_once() -> None:
    assert [problem.split()[0] for problem in problems({})] == [
        "SWITCHBOARD_DATABASE_URL", "SWITCHBOARD_ARI_URL", "SWITCHBOARD_DATA", "SWITCHBOARD_ARI_PASSWORD",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HTTP", "8080", "must be host:port"),
        ("HTTP", "localhost:http", "must be host:port"),
        ("HTTP", "localhost:65536", "must be host:port"),
        ("ARI_URL", "127.0.0.1:8088/ari", "must begin with http://"),
        ("DATABASE_URL", "hidden-4@127.0.0.1/switchboard", "must begin with postgres://"),
    ],
)
def test_malformed_values(name: str, value: str, said: str) -> None:
    [problem] = problems({**ENOUGH, f"SWITCHBOARD_{name}": value})
    assert problem.startswith(f"SWITCHBOARD_{name} ")
    assert said in problem


def test_ipv6() -> None:
    settings = Settings.from_environment({**ENOUGH, "SWITCHBOARD_HTTP": "[::1]:0"})
    assert (settings.http_host, settings.http_port) == ("::1", 0)
