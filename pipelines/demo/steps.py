"""Steps of the demo that are done, so that a second run resumes and changes nothing."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from storage.jobs import write


class Steps:
    """Results of finished steps, by name, kept in a file of the project."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.done: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def once(self, name: str, says: str, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON of the step
        """Do the work, unless an earlier run finished it; returns its result (JSON-ready)."""
        if name in self.done:
            sys.stderr.write(f"  ✓ {says} (done before)\n")
            return self.done[name]["result"]
        started = time.monotonic()
        result = work()
        took = time.monotonic() - started
        self.done[name] = {"result": result, "seconds": round(took, 2)}
        write(self._file, self.done)
        sys.stderr.write(f"  ✓ {says} ({took:.1f} s)\n")
        return result

    @property
    def seconds(self) -> float:
        """Seconds of all steps."""
        return float(sum(step["seconds"] for step in self.done.values()))
