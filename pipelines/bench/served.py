"""The app's server, as `curator app` serves it, for a suite to drive."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit

from curator.errors import OutsideError
from pipelines.admin import keys

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Served:
    """A server on loopback: its address without a slash at the end, its process id, and its local token."""

    url: str
    pid: int
    token: str

    @property
    def cookie(self) -> dict[str, str]:
        """What a browser has that opened the address which `curator app` prints; as playwright takes it."""
        return {"name": f"curator_{urlsplit(self.url).port}", "value": self.token, "url": self.url}


@contextmanager
def served(
    project: Path, log: Path, environment: Callable[[str], Mapping[str, str]] = lambda _: {}
) -> Iterator[Served]:
    """Run the app on a free port until the block ends.

    Args:
        project: The project's folder.
        log: The file that gets what the server prints.
        environment: More variables for the server, made of its address.

    Raises:
        OutsideError: It does not start; the message has the log's end.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "pages.frame.serve", "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", "--server.headless", "true"]
    variables = {**os.environ, **environment(url), "CURATOR_PROJECT": str(project), "PYTHONPATH": str(ROOT)}
    with log.open("ab") as written:
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=written, stderr=written)
    try:
        wait(process, url, log)
        yield Served(url, process.pid, keys.local_token(project))
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process to end, and end it where it does not within 10 s."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Wait until the server at the address answers.

    Raises:
        OutsideError: It has ended, or does not answer within `PATIENCE_S`; the message has the log's end.
    """
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    end_of_log = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    msg = f"the app did not start within {PATIENCE_S:.0f} s; its log ends:\n{end_of_log}"
    raise OutsideError(msg)
