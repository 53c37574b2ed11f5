"""A process that has every import behind it and forks one command after the other: `python -m pipelines.bench.nursery`.

A command that is killed spends most of its time with imports, when it starts anew, and nothing can be lost by those.
Here the moments of a kill lie within what the command does. Reads a request (JSON) a line from standard input, writes
`{"pid"}` as a command begins and `{"code"}` as it has ended.
"""

import importlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
COMMANDS = "pipelines.cli"
"""By its name, as `python -m` would: a suite runs commands, and imports none."""
HEAVY = (
    "sklearn.cluster",
    "sklearn.linear_model",
    "sklearn.isotonic",
    "sklearn.decomposition",
    "sklearn.feature_extraction.text",
    "sklearn.naive_bayes",
    "scipy.stats",
    "rapidfuzz.distance",
    "openai",
    "argilla",
    "tinker",
    "sentence_transformers",
)
"""What commands import when they need it."""


class Nursery:
    """The parent's end: starts commands, one at a time, and learns how they ended."""

    def __init__(self, folder: Path) -> None:
        """Start the process; `folder` gets what commands say."""
        self.folder, self._told = folder, b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.bench.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self._read()  # its imports are behind it

    def start(self, argv: Sequence[str], *, before: str = "", environment: Mapping[str, str] | None = None) -> int:
        """Start `curator ARGV` in a session of its own; returns its process id. `before` is Python that runs first."""
        request = {"argv": list(argv), "before": before, "environment": dict(environment or {})}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request | {"folder": str(self.folder)}).encode() + b"\n")
        self._process.stdin.flush()
        return int(self._read()["pid"])

    @property
    def ended(self) -> bool:
        """Whether the command has ended."""
        self.wait(0)
        return b"\n" in self._told

    def wait(self, seconds: float) -> None:
        """Wait until the command has ended, or so long."""
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        if b"\n" not in self._told and select.select([handle], [], [], seconds)[0]:
            read = os.read(handle, 4096)
            if not read:
                msg = "the process that forks commands has ended"
                raise RuntimeError(msg)
            self._told += read

    def kill(self, pid: int) -> None:
        """Kill a command that runs, with all that it started."""
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:  # it has not come to make its session yet, or has ended just now
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def end(self) -> tuple[int, str, str]:
        """Wait until the command has ended: its exit code, standard output and standard error."""
        code = int(self._read()["code"])
        out, err = ((self.folder / name).read_text(encoding="utf-8", errors="replace") for name in ("out", "err"))
        return code, out, err

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _read(self) -> dict[str, Any]:
        while b"\n" not in self._told:
            self.wait(3_600)
        line, _, self._told = self._told.partition(b"\n")
        told: dict[str, Any] = json.loads(line)
        return told


def main() -> None:
    """Serve requests until standard input ends."""
    importlib.import_module(COMMANDS).application()
    for name in HEAVY:
        with suppress(ImportError):
            importlib.import_module(name)
    _tell({"ready": os.getpid()})
    for line in iter(sys.stdin.readline, ""):
        request = json.loads(line)
        pid = os.fork()
        if not pid:
            _command(request)
        _tell({"pid": pid})
        _, status = os.waitpid(pid, 0)
        _tell({"code": os.waitstatus_to_exitcode(status)})


def _tell(what: Mapping[str, int]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _command(request: Mapping[str, Any]) -> None:
    """Be the command, and end with it."""
    code = 70
    try:
        os.setsid()
        os.environ.update(request["environment"])
        for name, handle in (("out", 1), ("err", 2)):
            opened = os.open(Path(request["folder"]) / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(opened, handle)
            os.close(opened)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        exec(request["before"], {})  # the suite's own words: a limit on files, another clock
        sys.argv = ["curator", *request["argv"]]
        code = importlib.import_module(COMMANDS).main(request["argv"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
