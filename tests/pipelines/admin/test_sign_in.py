from pathlib import Path

import pytest

from curator.errors import RequestError
from pipelines.admin import backup, sign_in
from pipelines.runtime import settings as project_settings

GOOD = {
    "redirect_uri": "https://curator.example/oauth2callback",
    "cookie_secret": "0123456789abcdef0123456789abcdef",
    "client_id": "curator",
    "client_secret": "s3cret",
    "server_metadata_url": "https://idp.example/.well-known/openid-configuration",
}


def write(project: Path, auth: dict[str, str], more: str = "") -> Path:
    (project / ".streamlit").mkdir(exist_ok=True)
    lines = "".join(f'{key} = "{value}"\n' for key, value in auth.items())
    (project / ".streamlit" / "secrets.toml").write_text(f"[auth]\n{lines}{more}", encoding="utf-8")
    return project


def test_without_secrets_and_variables_there_is_no_sign_in(tmp_path: Path) -> None:
    assert sign_in.configured(tmp_path, {}) is None
    assert sign_in.configured(None, {"PATH": "/bin"}) is None


def test_the_file_or_the_environment_or_both_configure_it(tmp_path: Path) -> None:
    assert sign_in.configured(write(tmp_path, GOOD), {}) == sign_in.SignIn(GOOD)
    named = {sign_in.ENVIRONMENT[key]: value for key, value in GOOD.items()}
    assert sign_in.configured(None, named) == sign_in.SignIn(GOOD)
    without = {key: value for key, value in GOOD.items() if key != "client_secret"}
    environment = {"CURATOR_AUTH_CLIENT_SECRET": "from outside", "CURATOR_AUTH_CLIENT_ID": "stands above"}
    found = sign_in.configured(write(tmp_path, without), environment)
    assert found == sign_in.SignIn({**GOOD, "client_secret": "from outside", "client_id": "stands above"})


@pytest.mark.parametrize("key", list(GOOD))
def test_half_a_configuration_is_an_error_that_names_what_is_missing(tmp_path: Path, key: str) -> None:
    half = {k: v for k, v in GOOD.items() if k != key}
    with pytest.raises(RequestError, match=f"lacks {key} .*{sign_in.ENVIRONMENT[key]}"):
        sign_in.configured(write(tmp_path, half), {})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("redirect_uri", "https://curator.example/", "must end with /oauth2callback"),
        ("redirect_uri", "http://curator.example/oauth2callback", "expected https"),
        ("redirect_uri", "http://127.0.0.1.evil.example/oauth2callback", "expected https"),
        ("server_metadata_url", "http://idp.example/x", "expected https"),
        ("cookie_secret", "short", "fewer than 32"),
    ],
)
def test_an_unsafe_configuration_is_refused(tmp_path: Path, key: str, value: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        sign_in.configured(write(tmp_path, {**GOOD, key: value}), {})


def test_a_broken_file_is_an_error_and_no_reason_to_do_without(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "client_kwargs = {")
    with pytest.raises(RequestError, match="not valid TOML"):
        sign_in.configured(tmp_path, {})


def test_several_providers_are_named_and_each_is_checked(tmp_path: Path) -> None:
    shared = {key: GOOD[key] for key in sign_in.SHARED}
    own = "".join(f'{key} = "{value}"\n' for key, value in GOOD.items() if key not in shared)
    found = sign_in.configured(write(tmp_path, shared, f"[auth.google]\n{own}[auth.okta]\n{own}"), {})
    assert found is not None
    assert found.providers == ["google", "okta"]
    with pytest.raises(RequestError, match="provider okta lacks client_id"):
        sign_in.configured(write(tmp_path, shared, f"[auth.google]\n{own}[auth.okta]\nclient_secret = 'x'\n"), {})


def test_one_provider_has_no_name_and_gives_the_app_its_address() -> None:
    assert sign_in.SignIn({**GOOD, "client_kwargs": {"prompt": "login"}}).providers == [None]
    assert sign_in.SignIn(GOOD).origin == "https://curator.example"


def test_a_backup_leaves_the_secrets_where_they_are(tmp_path: Path) -> None:
    settings = project_settings.init(tmp_path / "project")[0]
    write(settings.project, GOOD)
    backup.backup(settings, tmp_path / "copy")
    copied = [p for p in (tmp_path / "copy").rglob("*") if p.is_file()]
    assert copied
    assert not any(b"s3cret" in p.read_bytes() for p in copied)
