"""A real argilla-server 2.8 on loopback: its own venv, its own ports, Redis, and the stand-in for the search engine."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
VENV = ROOT / ".venv-argilla"
CONSTRAINTS = Path(__file__).parent / "constraints.txt"
REQUIREMENT = "argilla-server==2.8.0"
OWNER_KEY = "owner.apikey"
PASSWORD = "password123"
INSTALL_S = 600
START_S = 240


class Unavailable(Exception):
    """Why no server can be started here."""


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def python_of_server() -> Path:
    """The interpreter of the server's venv, which is made once and kept while its constraints stay the same.

    Raises:
        Unavailable: It could not be installed.
    """
    python, stamp = VENV / "bin" / "python", VENV / ".installed"
    wanted = hashlib.sha256(CONSTRAINTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    commands = (
        [sys.executable, "-m", "venv", "--clear", str(VENV)],
        [str(python), "-m", "pip", "install", "-q", "-c", str(CONSTRAINTS), REQUIREMENT],
    )
    for command in commands:
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_S)
        except subprocess.TimeoutExpired as error:
            msg = f"{REQUIREMENT} was not installed in {INSTALL_S} s"
            raise Unavailable(msg) from error
        if done.returncode:
            msg = f"{REQUIREMENT} cannot be installed: {done.stderr.strip()[-400:]}"
            raise Unavailable(msg)
    stamp.write_text(wanted)
    return python


@dataclass
class ArgillaServer:
    """The server and what it needs. `kill` and `start` work on the server alone; its data stays."""

    folder: Path
    python: Path
    port: int = field(default_factory=free_port)
    engine_port: int = field(default_factory=free_port)
    redis_port: int = field(default_factory=free_port)
    _helpers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def owner(self) -> httpx.Client:
        """A client with the owner's key."""
        return httpx.Client(base_url=self.url, headers={"X-Argilla-Api-Key": OWNER_KEY}, timeout=60)

    def set_up(self) -> None:
        """Start Redis and the search engine's stand-in, make the database and its owner, start the server."""
        (self.folder / "home").mkdir(parents=True, exist_ok=True)
        redis = ["redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        self._helpers.append(self._start([*redis, str(self.folder)], "redis"))
        self._helpers.append(
            self._start([str(self.python), "-m", "tests.argilla.stand_in", str(self.engine_port)], "engine")
        )
        owner = ["--first-name", "O", "--username", "owner", "--password", PASSWORD, "--role", "owner"]
        self._command("database", "migrate")
        self._command("database", "users", "create", *owner, "--api-key", OWNER_KEY)
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            Unavailable: It ended, or did not answer in time.
        """
        arguments = ["start", "--host", "127.0.0.1", "--port", str(self.port), "--no-access-log"]
        self._server = self._start([str(self.python), "-m", "argilla_server", *arguments], "server")
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self._server.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/api/v1/version", timeout=5).is_success:
                    return
            except httpx.HTTPError:
                time.sleep(0.2)
        msg = f"argilla-server does not answer: {(self.folder / 'server.log').read_text()[-800:]}"
        raise Unavailable(msg)

    def kill(self) -> None:
        """End the server at once, in the middle of whatever it does."""
        if self._server is not None:
            self._server.kill()
            self._server.wait(30)

    def tear_down(self) -> None:
        """End everything that was started."""
        self.kill()
        for helper in self._helpers:
            helper.terminate()
            helper.wait(30)

    def add_annotator(self, name: str, workspace: str) -> httpx.Client:
        """Make a user of a workspace (made if missing); returns a client that speaks as that user."""
        with self.owner as owner:
            spaces = owner.get("/api/v1/me/workspaces").raise_for_status().json()["items"]
            space = next((s["id"] for s in spaces if s["name"] == workspace), None)
            if space is None:
                space = owner.post("/api/v1/workspaces", json={"name": workspace}).raise_for_status().json()["id"]
            person = {"first_name": name, "username": name, "password": PASSWORD, "role": "annotator"}
            user = owner.post("/api/v1/users", json=person).raise_for_status().json()["id"]
            owner.post(f"/api/v1/workspaces/{space}/users", json={"user_id": user}).raise_for_status()
        login = {"username": name, "password": PASSWORD}
        token = httpx.post(f"{self.url}/api/v1/token", data=login, timeout=60).raise_for_status().json()["access_token"]
        # A token dies with the server, which makes a new secret at each start; the user's key does not.
        bearer = {"Authorization": f"Bearer {token}"}
        me = httpx.get(f"{self.url}/api/v1/me", headers=bearer, timeout=60).raise_for_status().json()
        return httpx.Client(base_url=self.url, headers={"X-Argilla-Api-Key": me["api_key"]}, timeout=60)

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "ARGILLA_HOME_PATH": str(self.folder / "home"),
            "ARGILLA_ELASTICSEARCH": f"http://127.0.0.1:{self.engine_port}",
            "ARGILLA_REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "ARGILLA_ENABLE_TELEMETRY": "0",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_OFFLINE": "1",
            "PYTHONPATH": str(ROOT),
            "TERM": "dumb",
        }

    def _start(self, command: list[str], name: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=self._environment(), cwd=ROOT)

    def _command(self, *arguments: str) -> None:
        command = [str(self.python), "-m", "argilla_server", *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=self._environment(), timeout=START_S, cwd=ROOT
        )
        if done.returncode:
            msg = f"argilla_server {' '.join(arguments[:3])} failed: {(done.stdout + done.stderr)[-400:]}"
            raise Unavailable(msg)


def server_at(folder: Path) -> ArgillaServer:
    """A running server whose data lies in `folder`.

    Raises:
        Unavailable: Redis is missing, or the server cannot be installed or started.
    """
    if shutil.which("redis-server") is None:
        msg = "redis-server is not installed (Debian: apt-get install redis-server)"
        raise Unavailable(msg)
    server = ArgillaServer(folder, python_of_server())
    try:
        server.set_up()
    except BaseException:
        server.tear_down()
        raise
    return server
