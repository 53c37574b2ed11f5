"""`curator app` as a process: it serves, and who ends it ends the server too."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.bench import served


@pytest.mark.slow
def test_the_server_ends_with_the_command_that_started_it(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "pipelines.cli", "app", "--project", str(tmp_path / "p"), "--port", str(port)]
    log = tmp_path / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(command, cwd=served.ROOT, env=dict(os.environ), stdout=written, stderr=written)
    try:
        served.wait(process, f"http://127.0.0.1:{port}", log)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    finally:
        process.kill()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
