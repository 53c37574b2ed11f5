"""Small secrets of a project's app, beside its sign-in settings: its local address's token, and ended sign-ins.

They lie in `PROJECT/.streamlit`, which no backup holds, readable by their owner alone.
"""

import hashlib
import os
import secrets
import time
from pathlib import Path

FOLDER = Path(".streamlit")
TOKEN, ENDED = FOLDER / "local_token", FOLDER / "ended_sign_ins"
_ENVIRONMENT = "CURATOR_LOCAL_TOKEN"
KEPT_S = 40 * 86_400
"""How long an ended sign-in is remembered: longer than its cookie lives (31 days)."""


def local_token(project: Path) -> str:
    """What opens the app where it has no sign-in; made once, so that a tab that stays open outlives the server.

    In a project that may only be read it is this process's, and that of the processes that it starts.
    """
    file = project / TOKEN
    try:
        found = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        found = ""
    if len(found) >= 32:
        return found
    made = os.environ.get(_ENVIRONMENT) or secrets.token_urlsafe(32)
    try:
        write_private(file, made + "\n")
    except OSError:
        os.environ[_ENVIRONMENT] = made
    return made


def local_address(project: Path, port: int, host: str = "127.0.0.1") -> str:
    """The address that opens the app on this machine, without a sign-in."""
    return f"http://{host}:{port}/?token={local_token(project)}"


def write_private(file: Path, text: str) -> None:
    """Write a file that its owner alone can read, in one step."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text)
    draft.replace(file)


class EndedSignIns:
    """Cookies that somebody has signed out with: good for nothing from then on, wherever a copy of them is.

    A hash of each is kept in a file of the project, so that a restart of the server forgets none.
    """

    def __init__(self, project: Path | None) -> None:
        self._file = project / ENDED if project else None
        self._ended: dict[str, float] = {}
        if self._file is not None and self._file.exists():
            for line in self._file.read_text(encoding="utf-8").splitlines():
                cookie, _, moment = line.partition(" ")
                if moment.replace(".", "", 1).isdigit():
                    self._ended[cookie] = float(moment)

    def end(self, cookie: str) -> None:
        """Remember that the holder of the cookie has signed out."""
        oldest = time.time() - KEPT_S
        self._ended = {k: at for k, at in self._ended.items() if at > oldest} | {_hash(cookie): time.time()}
        if self._file is not None:
            write_private(self._file, "".join(f"{k} {at:.0f}\n" for k, at in self._ended.items()))

    def has(self, cookie: str) -> bool:
        """Whether it has been signed out with."""
        return _hash(cookie) in self._ended


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).hexdigest()
