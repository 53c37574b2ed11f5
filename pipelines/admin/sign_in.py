"""Whether the app asks for a sign-in, and by which provider: `.streamlit/secrets.toml` of the project, the environment.

Half a configuration is an error, never a reason to do without.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from curator.errors import DataError, RequestError
from curator.records import read_toml

SECRETS = Path(".streamlit") / "secrets.toml"
ENVIRONMENT = {
    "redirect_uri": "CURATOR_AUTH_REDIRECT_URI",
    "cookie_secret": "CURATOR_AUTH_COOKIE_SECRET",
    "client_id": "CURATOR_AUTH_CLIENT_ID",
    "client_secret": "CURATOR_AUTH_CLIENT_SECRET",
    "server_metadata_url": "CURATOR_AUTH_SERVER_METADATA_URL",
}
"""Settings of `[auth]`, and the variable that stands above the file for each."""
SHARED = ("redirect_uri", "cookie_secret")
CALLBACK = "/oauth2callback"
SECRET_LENGTH = 32


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in that is configured in full.

    Attributes:
        settings: The provider's settings as Streamlit's `[auth]` wants them.
    """

    settings: Mapping[str, Any]

    @property
    def providers(self) -> list[str | None]:
        """The named providers; [None] for the one without a name."""
        named: list[str | None] = [*_named(self.settings)]
        return named or [None]

    @property
    def origin(self) -> str:
        """The address under which people reach the app, from its redirect address."""
        parts = urlsplit(str(self.settings["redirect_uri"]))
        return f"{parts.scheme}://{parts.netloc}"


def configured(project: Path | None, environment: Mapping[str, str]) -> SignIn | None:
    """The sign-in; None where none is configured.

    Args:
        project: The project's folder, if there is one.
        environment: The environment variables.

    Raises:
        RequestError: Something of it is missing or unsafe.
    """
    file = project / SECRETS if project else None
    found = _read(file) if file and file.exists() else {}
    found |= {key: environment[name] for key, name in ENVIRONMENT.items() if environment.get(name)}
    if not found:
        return None
    where = f"sign-in ([auth] in {file or SECRETS}, or the environment)"
    _check_shared(found, where)
    for name, section in _named(found).items() or {"": found}.items():
        _check_provider(section, f"{where}{f', provider {name}' if name else ''}")
    return SignIn(found)


def _named(auth: Mapping[str, Any]) -> dict[str, Any]:
    """The providers that have a name: their tables."""
    return {k: v for k, v in auth.items() if isinstance(v, dict) and k != "client_kwargs"}


def is_loopback(address: str | None) -> bool:
    """Whether a server bound to this address is reached from this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0"), is_loopback(None)
    (True, False, False)
    """
    if not address:
        return False
    if address == "localhost":
        return True
    try:
        return ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def _read(file: Path) -> dict[str, Any]:
    try:
        auth = read_toml(file.read_text(encoding="utf-8"), str(file)).get("auth", {})
    except UnicodeDecodeError as error:
        msg = f"{file} is not valid TOML: {error}"
        raise RequestError(msg) from error
    except DataError as error:
        raise RequestError(str(error)) from error
    if not isinstance(auth, dict):
        msg = f"{file}: auth is {type(auth).__name__}, expected a table [auth]"
        raise RequestError(msg)
    return dict(auth)


def _check_shared(found: Mapping[str, Any], where: str) -> None:
    _need(found, SHARED, where)
    if not str(found["redirect_uri"]).endswith(CALLBACK):
        msg = f"{where}: redirect_uri must end with {CALLBACK}, as in https://curator.example{CALLBACK}"
        raise RequestError(msg)
    _safe(found["redirect_uri"], "redirect_uri", where)
    if len(str(found["cookie_secret"])) < SECRET_LENGTH:
        msg = (
            f"{where}: cookie_secret has fewer than {SECRET_LENGTH} characters, and who guesses it is anyone; make one "
            "with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
        )
        raise RequestError(msg)


def _check_provider(section: Mapping[str, Any], where: str) -> None:
    _need(section, [key for key in ENVIRONMENT if key not in SHARED], where)
    _safe(section["server_metadata_url"], "server_metadata_url", where)


def _need(found: Mapping[str, Any], keys: tuple[str, ...] | list[str], where: str) -> None:
    for key in keys:
        if not isinstance(found.get(key), str) or not found[key].strip():
            msg = f"{where} lacks {key} (or {ENVIRONMENT[key]})"
            raise RequestError(msg)


def _safe(address: object, key: str, where: str) -> None:
    """An address that nobody can listen to: https, or this machine."""
    parts = urlsplit(str(address))
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        msg = f"{where}: {key} is {address!r}, expected https://… (http only on this machine)"
        raise RequestError(msg)
