"""Commands that are killed, find no room, no lock, another time or damaged files: nothing lost, nothing doubled.

Each command of a project is killed at random moments, again and again, from the same start; then it is run to its end
and the store compared with that of a run that nobody killed. What was once read from the store must be read after
each kill. A teacher and a board are servers on loopback; the board is compared as the store is, and put back with it.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curator.errors import StoreError
from pipelines.bench.fault_copies import Copies, say
from pipelines.bench.fault_project import BENCH_LABELS, BODIES, NAME, Step, compare
from pipelines.bench.nursery import Nursery
from pipelines.bench.scripted_board import ScriptedBoard
from pipelines.bench.scripted_teacher import ScriptedTeacher
from pipelines.runtime.settings import load

KILLS, QUICK_KILLS = 100, 10
QUICK = ("ingest", "route", "review import", "pull", "decide", "release", "backup", "restore")
LIGHT = 3
"""Kills of a step that loads no model for one of those that do."""
ROOM = 10
"""Points at which the disk is full."""
NO_ROOM = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({n}, {n}))"
CLOCK_BACK = "import time; _now = time.time; time.time = lambda: _now() - 400 * 86_400"
EACH = 32_768
"""Bytes of a file of which one is flipped."""
TRIES = (64_000, 16_000, 4_096, 512, 1)
"""Bytes that a file may have on the disk that is full, from much to nothing, until the command meets it."""
COUNTS = ("kills", "unreadable", "lost", "doubled", "unequal", "broken_logs", "without_words")
_PARTS = ("no_room", "lock", "clock", "damage")


@dataclass(frozen=True, slots=True)
class FaultsBench:
    """What the faults did.

    Attributes:
        finished: Whether the run came to its end; a file of a report that grew says false until then.
        kills: Commands that were killed as they ran.
        unreadable: Stores that could not be opened or read after a kill.
        lost: Rows that had been read from the store once, or are in the unbroken run, and are gone.
        doubled: Rows that are there too often.
        unequal: Reruns that gave something else than the unbroken run.
        broken_logs: Audit logs that were not what was written.
        without_words: Commands that ended badly and without a sentence.
        by_step: The same of each step, with how its rerun ended.
        no_room: Of each step that met a full disk, what it said and whether its rerun was right; and so on.
    """

    suite: str
    passed: bool
    finished: bool
    seed: int
    quick: bool
    seconds: float
    kills: int
    unreadable: int
    lost: int
    doubled: int
    unequal: int
    broken_logs: int
    without_words: int
    by_step: Mapping[str, Mapping[str, Any]]
    no_room: Sequence[Mapping[str, Any]]
    lock: Sequence[Mapping[str, Any]]
    clock: Sequence[Mapping[str, Any]]
    damage: Sequence[Mapping[str, Any]]


def run(repetitions: int | None = None, quick: bool = False, seed: int = 0, keep: Path | None = None) -> FaultsBench:
    """Kill, starve, block and damage a small project.

    Passed where no row that was once read is lost, none doubled, every rerun gives what the unbroken run gave,
    and every command that did not go well ended with a sentence.

    Args:
        repetitions: Kills in all; 100, or 8 if quick.
        quick: A few kills of the commands that load no model, one point of each other fault.
        seed: Of the moments.
        keep: Where the report is written as it grows, so that a run that is stopped keeps its counts; a file in the
            folder for temporary files unless told.
    """
    wanted = repetitions or (QUICK_KILLS if quick else KILLS)
    begun, file = time.monotonic(), keep or Path(tempfile.gettempdir()) / "curator-bench-faults.json"
    say(f"the report so far is in {file}")
    report: dict[str, Any] = {"suite": "faults", "seed": seed, "quick": quick, "finished": False}
    report |= dict.fromkeys(COUNTS, 0) | {"by_step": {}} | {part: [] for part in _PARTS}

    def grown() -> None:
        report["seconds"] = round(time.monotonic() - begun, 1)
        for key in COUNTS:
            report[key] = sum(int(found[key]) for found in report["by_step"].values())
        report["passed"] = report["finished"] and _good(report, wanted)
        file.write_text(json.dumps(report, indent=1), encoding="utf-8")

    with tempfile.TemporaryDirectory(prefix="curator-faults-") as place:
        words = {body.split()[1]: label for label, bodies in BODIES.items() for body in bodies}
        nursery = Nursery(Path(place))
        try:
            with ScriptedTeacher(words, otherwise=BENCH_LABELS[0]) as teacher, ScriptedBoard() as board:
                copies = Copies(Path(place), nursery, teacher, board, seed=seed, quick=quick)
                bench = _Bench(copies, report, grown)
                bench.copies.unbroken()
                bench.kills(wanted)
                for part in (bench.no_room, bench.lock, bench.clock, bench.damage):
                    part()
                report["finished"] = True
                grown()
        finally:
            nursery.close()
    return FaultsBench(**report)


def _good(report: dict[str, Any], wanted: int) -> bool:
    wrong = [each for part in _PARTS for each in report[part] if not each["passed"]]
    return not wrong and not any(report[key] for key in COUNTS[1:]) and report["kills"] >= wanted


class _Bench:
    """What is done to copies of the project, and the report of it, which grows."""

    def __init__(self, copies: Copies, report: dict[str, Any], grown: Callable[[], None]) -> None:
        self.copies, self.report, self.grown = copies, report, grown

    def kills(self, wanted: int) -> None:
        """Kill each step at random moments until there are enough, then let it end."""
        named = [step for step in self.copies.steps if not self.copies.quick or step.name in QUICK]
        for step, share in zip(named, _shares(named, wanted), strict=True):
            begun = time.monotonic()
            self._kill(step, share)
            say(f"{step.name} in {time.monotonic() - begun:.0f} s: {self.report['by_step'][step.name]}")

    def _kill(self, step: Step, wanted: int) -> None:
        copies, tries = self.copies, 0
        found: dict[str, Any] = dict.fromkeys(COUNTS, 0) | {"differs_in": [], "exit_code": None, "said": ""}
        self.report["by_step"][step.name] = found
        project = copies.fresh(step)
        known = copies.seen(project)
        while found["kills"] < wanted and tries < 6 * wanted + 6:
            tries += 1
            hit = copies.killed(step, project)
            found["kills"] += hit
            if not hit or copies.stands(step, project):  # it had done its work by then: again from the start
                project, known = copies.fresh(step), {}
            try:
                now = copies.seen(project)
            except StoreError as error:
                found |= {"unreadable": found["unreadable"] + 1, "said": str(error)[-300:]}
                say(f"{step.name}: {error}; it is kept in {self._put_aside(project)}")
                project, known = copies.fresh(step), {}
                continue
            found["lost"] += sum(len(rows - now.get(table, set())) for table, rows in known.items())
            found["broken_logs"] += copies.log_is_broken(project)
            known = now
            self.grown()
        ended = copies.run(step, project)
        missing, extra, tables = copies.against_unbroken(step, project)
        found["lost"] += missing
        found["doubled"] += extra
        found["broken_logs"] += copies.log_is_broken(project)
        found |= {"unequal": int(ended.code not in (0, 3) or bool(tables)), "differs_in": tables}
        found |= {"without_words": int(not ended.in_words), "exit_code": ended.code}
        found["said"] = ended.err[-300:] if ended.code not in (0, 3) else found["said"]
        self.grown()

    def _put_aside(self, project: Path) -> Path:
        """Keep a project that cannot be read, for whoever looks into it; where."""
        place = Path(tempfile.mkdtemp(prefix="curator-unreadable-"))
        shutil.copytree(project, place, dirs_exist_ok=True)
        return place

    def _add(self, part: str, found: dict[str, Any]) -> None:
        say(f"{part}: {found}")
        self.report[part].append(found)
        self.grown()

    def no_room(self) -> None:
        """Let each of ten steps meet a limit on the size of files, then run it again without."""
        light = [step for step in self.copies.steps if step.light]
        for step in light[:1] if self.copies.quick else light[:ROOM]:
            self._no_room(step)

    def _no_room(self, step: Step) -> None:
        copies = self.copies
        for limit in TRIES:
            project = copies.fresh(step)
            said = copies.run(step, project, before=NO_ROOM.format(n=limit))
            if said.code != 0:
                break
        again = copies.run(step, project)
        missing, extra, tables = copies.against_unbroken(step, project)
        told = said.code == 4 and said.in_words and "room" in said.out
        passed = told and again.code in (0, 3) and not (missing or extra or tables)
        found = {"step": step.name, "bytes_allowed": limit, "exit_code": said.code, "lost": missing, "doubled": extra}
        wrong = "" if passed else f"{said.out[-300:]} {said.err[-300:]} {again.err[-300:]}"
        self._add("no_room", found | {"differs_in": tables, "passed": passed, "said": wrong})

    def lock(self) -> None:
        """Hold the store while a command wants it: it names this process, gives up, and goes through later."""
        for step in self.copies.steps[: 1 if self.copies.quick else 3]:
            project = self.copies.fresh(step)
            with load(project).store.exclusive():
                said = self.copies.run(step, project, CURATOR_WAIT_S="3")
            told = said.code == 4 and f"process {os.getpid()}" in said.out and "waiting for it" in said.err
            again = self.copies.run(step, project)
            same = compare(self.copies.content(project), self.copies.after[step.name])[:2] == (0, 0)
            passed = told and again.code == 0 and same
            self._add("lock", {"step": step.name, "exit_code": said.code, "passed": passed})

    def clock(self) -> None:
        """Run commands while the clock shows a day more than a year ago."""
        for step in self.copies.steps:
            if step.name not in ("ingest", "review import", "release"):
                continue
            project = self.copies.fresh(step)
            said = self.copies.run(step, project, before=CLOCK_BACK)
            tables = self.copies.against_unbroken(step, project)[2]
            passed = said.code == 0 and not tables
            self._add("clock", {"step": step.name, "exit_code": said.code, "differs_in": tables, "passed": passed})

    def damage(self) -> None:
        """Flip, cut and remove files; the deep look must name them, and commands end in words."""
        parts: Sequence[tuple[str, str]] = (
            ("curator.duckdb", "curator.duckdb"),
            ("vectors/**/*.npy", "vectors"),
            ("releases/**/train.jsonl", f"{NAME}@1"),
            ("releases/**/manifest.json", f"{NAME}@1"),
        )
        for pattern, name in parts:
            for harm, do in HARMS.items():
                for file in sorted(self.copies.last.glob(pattern))[:1]:
                    self._damage(file, name, harm, do)

    def _damage(self, file: Path, name: str, harm: str, do: Callable[[Path], None]) -> None:
        project = self.copies.place / "try"
        shutil.rmtree(project, ignore_errors=True)
        shutil.copytree(self.copies.last, project)
        do(project / file.relative_to(self.copies.last))
        doctor = self.copies.run(Step("doctor", ("doctor", "--deep")), project)
        other = self.copies.run(Step("release", ("release", NAME)), project)
        passed = doctor.in_words and doctor.code in (1, 2) and name in doctor.out and other.in_words
        wrong = "" if passed else f"{doctor.out[-300:]} {doctor.err[-300:]} {other.out[-300:]} {other.err[-200:]}"
        self._add("damage", {"file": name, "harm": harm, "exit_code": doctor.code, "passed": passed, "said": wrong})


def _flip(file: Path) -> None:
    """A few bits in each part of a file: what is free space in it would not be missed."""
    data = bytearray(file.read_bytes())
    for place in range(len(data) // 2 % EACH, len(data), EACH):
        data[place] ^= 0xFF
    file.write_bytes(data)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


HARMS: dict[str, Callable[[Path], None]] = {"flipped": _flip, "cut": _cut, "missing": Path.unlink}


def _shares(named: Sequence[Step], wanted: int) -> list[int]:
    """How often each step is killed: what loads a model takes long to come to its point, and is killed less often."""
    weights = [LIGHT if step.light else 1 for step in named]
    shares = [max(1, wanted * weight // sum(weights)) for weight in weights]
    for place in range(max(0, wanted - sum(shares))):
        shares[place % len(shares)] += 1
    return shares


def render(report: FaultsBench) -> str:
    """The report for a person."""
    verdict = "passed" if report.passed else "FAILED"
    lines = [
        f"faults {verdict} in {report.seconds:.0f} s: {report.kills} kills, {report.unreadable} unreadable, "
        f"{report.lost} rows lost, "
        f"{report.doubled} doubled, {report.unequal} reruns unequal, {report.broken_logs} broken logs, "
        f"{report.without_words} without words"
    ]
    for name, found in report.by_step.items():
        differs = f"; differs in {', '.join(found['differs_in'])}" if found["differs_in"] else ""
        lines.append(
            f"  {name:<14} {found['kills']:>3} kills, lost {found['lost']}, doubled {found['doubled']}{differs}"
        )
    parts = zip(_PARTS, (report.no_room, report.lock, report.clock, report.damage), strict=True)
    for part, tried in parts:
        good = sum(each["passed"] for each in tried)
        lines.append(f"  {part}: {good} of {len(tried)}")
        lines += [f"    {each}" for each in tried if not each["passed"]]
    return "\n".join(lines)
