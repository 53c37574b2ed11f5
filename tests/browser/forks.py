"""Servers of the app without the price of their imports: one process imports them once, and each server is its fork.

A server started afresh spends three to four seconds of processor on imports before it answers. Nothing but modules is
shared: each fork has its own runtime, sessions and caches, as a fresh process has. (`tests/cli/test_app.py` and the
bench of the pages start the real program.)
"""

import ast
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from tests.places import ROOT


@dataclass(frozen=True, slots=True)
class Forked:
    """A server's process, which is nobody's child here."""

    pid: int

    def poll(self) -> int | None:
        """None while it runs."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 1
        return None

    def kill(self) -> None:
        """End it as an operating system does that is out of patience, and wait until it is gone."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        for _ in range(6_000):
            if self.poll() is not None:
                return
            time.sleep(0.01)
        raise TimeoutError(self.pid)


@dataclass
class Forks:
    """Starts servers. The process that they are forked off is started with the first of them."""

    _process: "subprocess.Popen[str] | None" = field(default=None, init=False)

    def start(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
        """Run `streamlit` with this command line, in this environment."""
        if self._process is None:
            here = [sys.executable, "-m", "tests.browser.forks"]
            self._process = subprocess.Popen(here, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"command": list(command), "environment": dict(environment), "log": str(log)}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return Forked(int(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process that is forked; servers that still run go on."""
        if self._process is not None:
            self._process.communicate()
            self._process = None


def _import_all() -> None:
    """What the pages import, but for the pages: those are the server's to run."""
    files = [ROOT / "streamlit_app.py", *(ROOT / "pages").rglob("*.py")]
    names = {"streamlit.web.cli", "streamlit.web.bootstrap", "uvicorn", "pandas", "pyarrow"}
    for file in files:
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module}
    for name in sorted(names):
        if name.split(".")[0] != "pages":
            importlib.import_module(name)


def _become(command: Sequence[str], environment: Mapping[str, str], log: str) -> NoReturn:
    """Be the server, in a process of its own."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream, target in ((os.open(os.devnull, os.O_RDONLY), 0), (written, 1), (written, 2)):
        os.dup2(stream, target)
    os.environ.clear()
    os.environ.update(environment)
    from streamlit.web import cli

    try:
        cli.main(list(command))
    finally:
        os._exit(1)


def serve() -> None:
    """Fork a server for each line on standard input, and answer with its process id."""
    _import_all()
    gc.freeze()  # else the first collection in each fork copies all of this memory
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no server stays behind as a zombie
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(**asked)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
