"""Starts the local server as a child process and ends it again."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from curator.errors import TrainerError
from pipelines.runtime import child

START_LIMIT_S = 120.0
END_LIMIT_S = 15.0
LOG_TAIL = 2000
"""Characters of the server's log that an error carries."""


class LocalTinker:
    """The local server as a context manager: it runs inside the block and ends with it, or with this process.

    Args:
        root: Folder of the server: `base/` (base models), `runs/` (checkpoints), `server.log`.
        corpus: Unlabelled texts that the tokenizer is made from.
        seed: Seed of the base model's weights.

    Raises:
        TrainerError: On entering, if the server does not start; with the end of its log.
    """

    api_key = "tml-local"
    """The client insists on a key with this prefix; the local server asks for none."""

    def __init__(self, root: Path, corpus: Sequence[str], seed: int) -> None:
        self.root = root
        self.corpus = corpus
        self.seed = seed
        self.base_url = ""
        self.base_model = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the running server."""
        return self._process.pid if self._process else None

    def __enter__(self) -> Self:
        from pipelines.adapters.tinker_server.student import make_student

        try:
            folder = make_student((self.root / "base").resolve(), self.corpus, self.seed)
        except (OSError, ValueError) as error:
            raise TrainerError(f"the local student could not be made under {self.root}: {error}") from error
        self.base_model = str(folder)
        ready = Path(tempfile.mkdtemp(prefix=".ready-", dir=self.root)) / "ready.json"
        self._log = (self.root / "server.log").open("ab")
        command = [*child.command("pipelines.adapters.tinker_server"), "--root", str(self.root)]
        # Checkpoints of an earlier corpus need the base model (and tokenizer) that they came from.
        for base in sorted(folder.parent.glob("student-*")):
            command += ["--model", str(base)]
        command += ["--ready-file", str(ready), "--parent", str(os.getpid())]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            env=child.environment({"OMP_NUM_THREADS": "1"}),
        )
        try:
            self.base_url = f"http://127.0.0.1:{self._wait(ready)}"
        except BaseException:
            self._end()
            raise
        finally:
            ready.unlink(missing_ok=True)
            ready.parent.rmdir()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _wait(self, ready: Path) -> int:
        """Return the port once the server answers."""
        assert self._process is not None
        limit = time.monotonic() + START_LIMIT_S
        while not ready.exists():
            if (code := self._process.poll()) is not None:
                raise TrainerError(f"the local Tinker server ended with code {code} at its start.{self._tail()}")
            if time.monotonic() > limit:
                raise TrainerError(f"the local Tinker server did not start in {START_LIMIT_S:.0f} s.{self._tail()}")
            time.sleep(0.02)
        return int(json.loads(ready.read_text())["port"])

    def _tail(self) -> str:
        file = self.root / "server.log"
        return f" The end of {file}:\n{file.read_text(errors='replace')[-LOG_TAIL:]}"

    def _end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(END_LIMIT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process = None
        if self._log is not None:
            self._log.close()
            self._log = None
