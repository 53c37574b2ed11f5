"""The small project before and after each of its commands, as nobody disturbed it, and copies of it to disturb."""

import random
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from pipelines.bench.fault_project import (
    ASKED,
    NAME,
    CommandSaid,
    Step,
    answers_of,
    command,
    compare,
    content,
    seen,
    steps,
    write_asked,
    write_inputs,
    write_reviews,
)
from pipelines.bench.nursery import Nursery
from pipelines.bench.scripted_board import ScriptedBoard
from pipelines.bench.scripted_teacher import ScriptedTeacher
from pipelines.runtime.settings import load
from storage.access import audit


class Copies:
    """The project at every step, and how to run, kill and compare commands of copies of it."""

    def __init__(
        self, place: Path, nursery: Nursery, teacher: ScriptedTeacher, board: ScriptedBoard, *, seed: int, quick: bool
    ) -> None:
        self.place, self.nursery, self.board, self.quick = place, nursery, board, quick
        self.rng = random.Random(seed)
        self.inputs, self.last = place / "inputs", place / "unbroken"
        self.took: dict[str, float] = {}
        self.after: dict[str, dict[str, Any]] = {}
        self.environment = {"OPENAI_BASE_URL": teacher.url, "OPENAI_API_KEY": "none"}
        self.environment |= {"ARGILLA_API_URL": board.url, "ARGILLA_API_KEY": "none"}
        self.held: dict[str, Any] = {}
        self.steps = [step for step in steps(self.inputs) if not quick or step.light]
        write_inputs(self.inputs, 120)

    def unbroken(self) -> None:
        """Run every step once; keep the project before each, and what was in the store after it."""
        task = str(self.inputs / "task.toml")
        self._must(Step("init", ("init", str(self.last))))
        for name in (NAME, ASKED):
            self._must(Step("create", ("dataset", "create", name, "--task", task)))
        write_asked(self.inputs)
        self._must(Step("ingest", ("ingest", str(self.inputs / "asked.csv"), "--dataset", ASKED)))
        for step in self.steps:
            if step.name == "review import":
                write_reviews(self.inputs, self.last)
            if step.name == "pull":
                self.board.answer("cy", answers_of(self.inputs / "reviews.jsonl", self.last))
            self.held[step.name] = self.board.held()
            shutil.copytree(self.last, self.place / "before" / step.name)
            target = self.place / "restored" if step.name == "restore" else self.last
            begun = time.monotonic()
            self._must(step, target)
            self.took[step.name] = time.monotonic() - begun
            say(f"unbroken {step.name}: {self.took[step.name]:.1f} s")
            self.after[step.name] = self.content(target)

    def _must(self, step: Step, project: Path | None = None) -> None:
        said = self.run(step, project or self.last)
        if said.code not in (0, 3):
            msg = f"the unbroken {step.name} failed with {said.code}: {said.out[-500:]} {said.err[-2000:]}"
            raise RuntimeError(msg)

    def run(self, step: Step, project: Path, *, before: str = "", **environment: str) -> CommandSaid:
        """Run a command to its end. `before` is Python that runs first, in its process."""
        self.nursery.start(command(step, project), before=before, environment={**self.environment, **environment})
        return CommandSaid(*self.nursery.end())

    def killed(self, step: Step, project: Path) -> bool:
        """Start the step and kill it, with all that it started, at a random moment; False where it had ended."""
        begun = time.monotonic()
        pid = self.nursery.start(command(step, project), environment=self.environment)
        self.nursery.wait(self.rng.uniform(0.0, 1.0) * self.took[step.name])
        took = time.monotonic() - begun
        if not self.nursery.ended:
            self.nursery.kill(pid)
        code, _, _ = self.nursery.end()
        hit = code == -signal.SIGKILL
        if not hit:  # the machine is less busy than it was: the next moments lie within what the step takes now
            self.took[step.name] = min(self.took[step.name], took)
        return hit

    def stands(self, step: Step, project: Path) -> bool:
        """Whether what a step makes but once is in place: whole, and refused to a second run."""
        if step.name == "restore":
            return project.exists()
        return bool(step.makes) and (self.inputs / step.makes).exists()

    def fresh(self, step: Step) -> Path:
        """A copy of the project before a step; for a restore the folder that it restores into."""
        for left in (self.place / "try", *self.place.glob(".try*"), *self._made(step)):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
        if step.name == "restore":
            if not (self.inputs / "backup").exists():
                before = self.place / "before" / "restore"
                self._must(Step("backup", ("backup", str(self.inputs / "backup"))), before)
        else:
            shutil.copytree(self.place / "before" / step.name, self.place / "try")
        self.board.put_back(self.held[step.name])
        return self.place / "try"

    def content(self, project: Path) -> dict[str, Counter[tuple[Any, ...]]]:
        """What must be the same, by table, of the project and of the board that it works with."""
        return content(load(project).store) | {"cards on the board": self.board.rows()}

    def _made(self, step: Step) -> list[Path]:
        return [self.inputs / step.makes, *self.inputs.glob(f".{step.makes}*")] if step.makes else []

    def seen(self, project: Path) -> dict[str, set[tuple[Any, ...]]]:
        """Every row that was committed, by table."""
        return seen(load(project).store) if (project / "curator.toml").exists() else {}

    def log_is_broken(self, project: Path) -> int:
        """1 where the audit log is not what was written, else 0."""
        return int((project / "curator.toml").exists() and not audit.verify(load(project).store).intact)

    def against_unbroken(self, step: Step, project: Path) -> tuple[int, int, list[str]]:
        """Rows missing, rows too many, and the tables that differ from the unbroken run's."""
        if not (project / "curator.toml").exists():
            return 0, 0, ["the project is not there"]
        return compare(self.content(project), self.after[step.name])


def say(text: str) -> None:
    """Progress for whoever waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
