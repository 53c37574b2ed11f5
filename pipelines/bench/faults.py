"""Commands that are killed, find no room, no lock, another time or damaged files: nothing lost, nothing doubled.

Each command of a project is killed at random moments, again and again, from the same start; then it is run to its end
and the store compared with that of a run that nobody killed. What was once read from the store must be read after
each kill.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipelines.bench.fault_project import (
    NAME,
    ROOT,
    CommandSaid,
    Step,
    command,
    compare,
    content,
    env,
    seen,
    steps,
    write_inputs,
    write_reviews,
)
from pipelines.bench.fault_project import (
    run as run_command,
)
from pipelines.runtime.settings import load
from storage.access import audit

KILLS, QUICK_KILLS = 100, 8
QUICK = ("ingest", "review import", "decide", "release", "backup", "restore")
MODELS = ("embed", "train", "evaluate")
"""Steps that load a model, and take as long to do so as the others to write."""
LIGHT = 6
"""Kills of a step that loads no model for one of those that do."""
NO_ROOM = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({n}, {n}))"
CLOCK_BACK = "import time; _now = time.time; time.time = lambda: _now() - 400 * 86_400"
EACH = 32_768
"""Bytes of a file of which one is flipped."""
TRIES = (64_000, 16_000, 4_096, 512, 1)
"""Bytes that a file may have on the disk that is full, from much to nothing, until the command meets it."""


def run(repetitions: int | None = None, quick: bool = False, seed: int = 0) -> dict[str, Any]:
    """Kill, starve, block and damage a small project.

    Passed where no row that was once read is lost, none doubled, every rerun gives what the unbroken run gave,
    and every command that did not go well ended with a sentence.

    Args:
        repetitions: Kills in all; 100, or 8 if quick.
        quick: A few kills of the commands that load no model, one point of each other fault.
        seed: Of the moments.
    """
    kills = repetitions or (QUICK_KILLS if quick else KILLS)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="curator-faults-") as place:
        bench = _Bench(Path(place), random.Random(seed), quick=quick)
        bench.unbroken()
        report = {
            "suite": "faults",
            "seed": seed,
            "quick": quick,
            **bench.kills(kills),
            "no_room": bench.no_room(),
            "lock": bench.lock(),
            "clock": bench.clock(),
            "damage": bench.damage(),
        }
    wrong = [each for part in ("no_room", "lock", "clock", "damage") for each in report[part] if not each["passed"]]
    good = not (report["lost"] or report["doubled"] or report["unequal"] or report["broken_logs"] or wrong)
    report["passed"] = good and report["without_words"] == 0 and report["kills"] >= kills
    report["seconds"] = round(time.monotonic() - begun, 1)
    return report


class _Bench:
    """The project at every step, as nobody disturbed it, and what is done to copies of it."""

    def __init__(self, place: Path, rng: random.Random, *, quick: bool) -> None:
        self.place, self.rng, self.quick = place, rng, quick
        self.inputs = place / "inputs"
        self.took: dict[str, float] = {}
        self.after: dict[str, dict[str, Any]] = {}
        every = steps(self.inputs)
        self.steps = [step for step in every if not quick or step.light]
        write_inputs(self.inputs, 120 if quick else 240)

    def unbroken(self) -> None:
        """Run every step once; keep the project before each, and what was in the store after it."""
        project = self.place / "unbroken"
        _must(run_command(command(Step("init", ("init", str(project))), project)))
        create = Step("create", ("dataset", "create", NAME, "--task", str(self.inputs / "task.toml")))
        _must(run_command(command(create, project)))
        for step in self.steps:
            if step.name == "review import":
                write_reviews(self.inputs, project)
            shutil.copytree(project, self.place / "before" / step.name)
            target = self.place / "restored" if step.name == "restore" else project
            begun = time.monotonic()
            _must(run_command(command(step, target)))
            self.took[step.name] = time.monotonic() - begun
            _say(f"unbroken {step.name}: {self.took[step.name]:.1f} s")
            self.after[step.name] = content(load(target).store)

    def kills(self, wanted: int) -> dict[str, Any]:
        """Kill each step at random moments until there are enough, then let it end."""
        named = [step for step in self.steps if not self.quick or step.name in QUICK]
        counts = dict.fromkeys(("kills", "lost", "doubled", "unequal", "broken_logs", "without_words"), 0)
        by_step: dict[str, dict[str, Any]] = {}
        for step, share in zip(named, _shares(named, wanted), strict=True):
            found = self._kill(step, share)
            by_step[step.name] = found
            _say(f"{step.name}: {found}")
            for key in counts:
                counts[key] += int(found[key])
        return {**counts, "by_step": by_step}

    def _kill(self, step: Step, wanted: int) -> dict[str, Any]:
        project = self._fresh(step)
        lost = killed = broken = tries = 0
        known = self._seen(project)
        while killed < wanted and tries < 6 * wanted + 6:
            tries += 1
            hit = self._killed(step, project)
            killed += hit
            if not hit or self._stands(step, project):  # it had done its work by then: again from the start
                project, known = self._fresh(step), {}
            now = self._seen(project)
            lost += sum(len(rows - now.get(table, set())) for table, rows in known.items())
            known = now
            broken += self._log_is_broken(project)
        ended = run_command(command(step, project))
        missing, extra, tables = self._against_unbroken(step, project)
        lost += missing
        return {
            "kills": killed,
            "lost": lost,
            "doubled": extra,
            "unequal": int(ended.code not in (0, 3) or bool(tables)),
            "differs_in": tables,
            "broken_logs": broken + self._log_is_broken(project),
            "without_words": int(not ended.in_words),
            "exit_code": ended.code,
            "said": ended.err[-300:] if ended.code not in (0, 3) else "",
        }

    def _killed(self, step: Step, project: Path) -> bool:
        """Start the step and kill it, with all that it started, at a random moment; False where it had ended."""
        begun = time.monotonic()
        process = subprocess.Popen(
            command(step, project),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=env(),
            start_new_session=True,
        )
        try:
            process.wait(self.rng.uniform(0.05, 1.0) * self.took[step.name])
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        # The machine is less busy than it was: the next moments lie within what the step takes now.
        self.took[step.name] = min(self.took[step.name], time.monotonic() - begun)
        return False

    def _stands(self, step: Step, project: Path) -> bool:
        """Whether the folder that a backup or a restore makes is in place: whole, and refused to a second run."""
        made = {"backup": self.inputs / "backup", "restore": project}.get(step.name)
        return made is not None and made.exists()

    def _fresh(self, step: Step) -> Path:
        """The project before a step; for a restore the folder that it restores into."""
        for left in (self.place / "try", self.inputs / "backup", *self.inputs.glob(".backup*")):
            if left.name == "backup" and step.name == "restore":
                continue
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
        for left in self.place.glob(".try*"):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
        if step.name == "restore":
            if not (self.inputs / "backup").exists():
                before = self.place / "before" / "restore"
                _must(run_command(command(Step("backup", ("backup", str(self.inputs / "backup"))), before)))
        else:
            shutil.copytree(self.place / "before" / step.name, self.place / "try")
        return self.place / "try"

    def _seen(self, project: Path) -> dict[str, set[tuple[Any, ...]]]:
        return seen(load(project).store) if (project / "curator.toml").exists() else {}

    def _log_is_broken(self, project: Path) -> int:
        return int((project / "curator.toml").exists() and not audit.verify(load(project).store).intact)

    def _against_unbroken(self, step: Step, project: Path) -> tuple[int, int, list[str]]:
        if not (project / "curator.toml").exists():
            return 0, 0, ["the project is not there"]
        return compare(content(load(project).store), self.after[step.name])

    def no_room(self) -> list[dict[str, Any]]:
        """Let each of ten steps meet a limit on the size of files, then run it again without."""
        wanted = QUICK[:1] if self.quick else tuple(step.name for step in self.steps if step.name not in MODELS)
        return [self._no_room(step) for step in self.steps if step.name in wanted]

    def _no_room(self, step: Step) -> dict[str, Any]:
        for limit in TRIES:
            project = self._fresh(step)
            said = run_command(command(step, project), before=NO_ROOM.format(n=limit))
            if said.code != 0:
                break
        again = run_command(command(step, project))
        missing, extra, tables = self._against_unbroken(step, project)
        told = said.code == 4 and said.in_words and "room" in said.out
        ended = again.code in (0, 3) and not (missing or extra or tables)
        wrong = "" if told and ended else f"{said.out[-300:]} {said.err[-300:]} {again.err[-300:]}"
        _say(f"no room for {step.name}: {said.code}, then {again.code}; differs in {tables or 'nothing'} {wrong}")
        return {
            "step": step.name,
            "bytes_allowed": limit,
            "exit_code": said.code,
            "lost": missing,
            "doubled": extra,
            "differs_in": tables,
            "passed": told and ended,
            "said": wrong,
        }

    def lock(self) -> list[dict[str, Any]]:
        """Hold the store while a command wants it: it names this process, gives up, and goes through later."""
        found = []
        for step in self.steps[: 1 if self.quick else 3]:
            project = self._fresh(step)
            with load(project).store.exclusive():
                said = run_command(command(step, project), CURATOR_WAIT_S="3")
            told = said.code == 4 and f"process {os.getpid()}" in said.out and "waiting for it" in said.err
            again = run_command(command(step, project))
            passed = (
                told and again.code == 0 and compare(content(load(project).store), self.after[step.name])[:2] == (0, 0)
            )
            found.append({"step": step.name, "exit_code": said.code, "passed": passed})
        return found

    def clock(self) -> list[dict[str, Any]]:
        """Run commands while the clock shows a day more than a year ago."""
        found = []
        for step in self.steps:
            if step.name not in ("ingest", "review import", "release"):
                continue
            project = self._fresh(step)
            said = run_command(command(step, project), before=CLOCK_BACK)
            tables = self._against_unbroken(step, project)[2]
            found.append({"step": step.name, "exit_code": said.code, "passed": said.code == 0 and not tables})
        return found

    def damage(self) -> list[dict[str, Any]]:
        """Flip, cut and remove files; the deep look must name them, and commands end in words."""
        last = self.place / "unbroken"
        parts: Sequence[tuple[str, str]] = (
            ("curator.duckdb", "curator.duckdb"),
            ("vectors/**/*.npy", "vectors"),
            ("releases/**/train.jsonl", f"{NAME}@1"),
            ("releases/**/manifest.json", f"{NAME}@1"),
        )
        harms: dict[str, Callable[[Path], None]] = {"flipped": _flip, "cut": _cut, "missing": Path.unlink}
        found = []
        for pattern, name in parts:
            files = sorted(last.glob(pattern))
            for harm, do in harms.items() if files else ():
                project = self.place / "try"
                shutil.rmtree(project, ignore_errors=True)
                shutil.copytree(last, project)
                do(project / files[0].relative_to(last))
                doctor = run_command(command(Step("doctor", ("doctor", "--deep")), project))
                other = run_command(command(Step("release", ("release", NAME)), project))
                told = doctor.in_words and doctor.code in (1, 2) and name in doctor.out
                passed = told and other.in_words
                wrong = (
                    "" if passed else f"{doctor.out[-300:]} {doctor.err[-300:]} {other.out[-300:]} {other.err[-200:]}"
                )
                found.append({"file": name, "harm": harm, "exit_code": doctor.code, "passed": passed, "said": wrong})
        return found


def _flip(file: Path) -> None:
    """A few bits in each part of a file: what is free space in it would not be missed."""
    data = bytearray(file.read_bytes())
    for place in range(len(data) // 2 % EACH, len(data), EACH):
        data[place] ^= 0xFF
    file.write_bytes(data)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _shares(named: Sequence[Step], wanted: int) -> list[int]:
    """How often each step is killed: what loads a model takes long to come to its point, and is killed less often."""
    weights = [LIGHT if step.light else 1 for step in named]
    shares = [max(1, wanted * weight // sum(weights)) for weight in weights]
    for place in range(max(0, wanted - sum(shares))):
        shares[place % len(shares)] += 1
    return shares


def _say(text: str) -> None:
    """Progress for whoever waits."""
    sys.stderr.write(f"{text}\n")


def _must(said: CommandSaid) -> None:
    if said.code not in (0, 3):
        msg = f"the unbroken run failed with {said.code}: {said.out[-500:]} {said.err[-2000:]}"
        raise RuntimeError(msg)


def render(report: dict[str, Any]) -> str:
    """The report for a person."""
    verdict = "passed" if report["passed"] else "FAILED"
    lines = [
        f"faults {verdict} in {report['seconds']:.0f} s: {report['kills']} kills, {report['lost']} rows lost, "
        f"{report['doubled']} doubled, {report['unequal']} reruns unequal, {report['broken_logs']} broken logs, "
        f"{report['without_words']} without words"
    ]
    for name, found in report["by_step"].items():
        differs = f"; differs in {', '.join(found['differs_in'])}" if found["differs_in"] else ""
        lines.append(
            f"  {name:<14} {found['kills']:>3} kills, lost {found['lost']}, doubled {found['doubled']}{differs}"
        )
    for part in ("no_room", "lock", "clock", "damage"):
        good = sum(each["passed"] for each in report[part])
        lines.append(f"  {part}: {good} of {len(report[part])}")
        lines += [f"    {each}" for each in report[part] if not each["passed"]]
    return "\n".join(lines)
