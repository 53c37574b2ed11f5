"""Suite `curation`: what the checks, the clusters and the map are worth, measured on public data."""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from curator.errors import RequestError
from pipelines.bench import planted_answers, suspects, text_parts, vector_parts
from pipelines.bench.against_semhash import SemHashBench, against_semhash
from pipelines.bench.planted_answers import AnswersBench
from pipelines.bench.suspects import SuspectsBench
from pipelines.bench.text_parts import DuplicatesBench, KnownBench
from pipelines.bench.vector_parts import ShareBench, SpeedBench

CurationPart = KnownBench | DuplicatesBench | ShareBench | SpeedBench | SuspectsBench | AnswersBench | SemHashBench
_Part = Callable[[Path | None, Path, bool, int], CurationPart]
_PARTS: dict[str, _Part] = {
    "known": lambda data, _keep, quick, seed: text_parts.known(data, quick=quick, seed=seed),
    "duplicates": lambda data, _keep, quick, seed: text_parts.duplicates(data, quick=quick, seed=seed),
    "share": lambda data, keep, quick, seed: vector_parts.share(data, keep, quick=quick, seed=seed),
    "speed": lambda data, keep, quick, seed: vector_parts.speed(data, keep, quick=quick, seed=seed),
    "suspects": lambda data, keep, quick, seed: suspects.run(data, keep, quick=quick, seed=seed),
    "answers": lambda data, keep, quick, seed: planted_answers.run(data, keep, quick=quick, seed=seed),
    "semhash": lambda data, keep, quick, seed: against_semhash(data, keep, quick=quick, seed=seed),
}
"""Each part by its name."""


@dataclass(frozen=True, slots=True)
class CurationBench:
    """What checks, clusters and map are worth.

    Attributes:
        suite, passed: Which promise, and whether each part holds.
        quick: Whether it was a small sample, whose figures mean little.
        seed: Of everything random.
        parts: By name.
    """

    suite: str
    passed: bool
    quick: bool
    seed: int
    parts: Mapping[str, CurationPart]


def run(
    part: str | None = None, data: Path | None = None, keep: Path | None = None, quick: bool = False, seed: int = 0
) -> CurationBench:
    """Measure one part, or all.

    Args:
        part: One of `_PARTS`; default all.
        data: The folder with the public sets.
        keep: A folder where vectors stay for another run; default a temporary one.
        quick: A small sample, to see that it runs: the figures mean little.
        seed: Of everything random.

    Raises:
        RequestError: There is no such part, or a package is missing.
        NotFoundError: A public set is not there.
    """
    if part is not None and part not in _PARTS:
        msg = f"no part {part!r}; there are {', '.join(_PARTS)}"
        raise RequestError(msg)
    found: dict[str, CurationPart] = {}
    with tempfile.TemporaryDirectory(prefix="curator-bench-") as folder:
        for name in _PARTS if part is None else (part,):
            started = time.perf_counter()
            part_found = _PARTS[name](data, keep or Path(folder) / "vectors", quick, seed)
            found[name] = replace(part_found, part_seconds=time.perf_counter() - started)
    return CurationBench("curation", all(each.passed for each in found.values()), quick, seed, found)


def render(report: CurationBench) -> str:
    """The report for a person."""
    lines = []
    for name, part in report.parts.items():
        lines.append(f"{name}: {'passed' if part.passed else 'FAILED'} ({part.part_seconds:.0f} s)")
        lines += [f"  {line}" for line in _lines(part)]
    quick = "; a quick run, whose figures mean little" if report.quick else ""
    return "\n".join([f"curation {'passed' if report.passed else 'FAILED'}{quick}", *lines])


def _lines(part: CurationPart) -> list[str]:
    match part:
        case KnownBench():
            return _known_lines(part)
        case DuplicatesBench():
            return _duplicate_lines(part)
        case ShareBench():
            return _share_lines(part)
        case SpeedBench():
            return _speed_lines(part)
        case SuspectsBench():
            return suspects.lines(part)
        case AnswersBench():
            return planted_answers.lines(part)
        case SemHashBench():
            return _semhash_lines(part)


def _known_lines(part: KnownBench) -> list[str]:
    return [
        f"{name}: {found.conflicts} label conflicts (known: {found.conflicts_known}), {found.shared_texts} "
        f"texts in more than one split (known: {found.shared_texts_known}), {found.rows:,} rows, "
        f"{found.seconds:.1f} s"
        for name, found in part.sets.items()
    ]


def _duplicate_lines(part: DuplicatesBench) -> list[str]:
    lines = []
    for name, found in part.sets.items():
        lines.append(f"{name}, recall: {_percents(found.recall)}")
        lines.append(f"{name}, merged though different: {_of(found.merged, found.planted)}")
    return lines


def _share_lines(part: ShareBench) -> list[str]:
    return [
        f"true {each.true:.0%}: reported {each.reported:.1%} {each.verdict}; "
        + ("" if each.playbook_share is None else f"published rule {each.playbook_share:.1%} {each.playbook}")
        for each in part.shares
    ]


def _speed_lines(part: SpeedBench) -> list[str]:
    return [
        f"{part.rows:,} rows from a file (allowed {part.allowed_seconds:.0f} s): {_seconds(part.seconds)}",
        f"{part.many_rows:,} rows with vectors given: {_seconds(part.many_seconds)}",
    ]


def _semhash_lines(part: SemHashBench) -> list[str]:
    return [f"{part.rows:,} rows, both from cosine {part.threshold}"] + [
        f"{name}: {found.seconds:.1f} s ({found.cpu_seconds:.1f} s of processor), recall "
        f"{_percents(found.recall)}; merged though different: {dict(found.merged)}"
        for name, found in (("curator", part.curator), ("semhash", part.semhash))
    ]


def _percents(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in shares.items())


def _of(counts: Mapping[str, int], totals: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count} of {totals.get(name, 0)}" for name, count in counts.items())


def _seconds(stages: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stages.items())
