"""Suite `doors`: an ingest and a release of chat rows, against what polars and DuckDB alone need for the same rows.

Everything is counted in processor seconds of this process, one after the other, so that a busy machine says the same.
The rows are made up: words as frequent as those of a language, a question and an answer of a help desk's length.
"""

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Final, TypeVar

import numpy as np
import polars as pl

from curator.records import make_task
from pipelines.intake import ingest
from pipelines.release import release
from pipelines.runtime import settings as project_settings
from storage.dataset import datasets
from storage.engine.bare_insert import bare_insert

ALLOWED_IN, ALLOWED_OUT = 2.0, 2.5
"""What an ingest and a release may cost, as multiples of the bare reading and writing."""
_STARTS, _MIDDLES = (
    "ka lo mi ter sen dor vul pra nis go bel tam fir hol que zan",
    "ra ti no su men del kor vi pan um ole",
)
_ENDS = ("", "s", "ed", "ing", "er", "ly", "al", "ic", "ous", "ment", "tion", "ity", "y", "le", "en", "or")
_WORDS = np.array([a + b + c for c in _ENDS for a in _STARTS.split() for b in _MIDDLES.split()])


@dataclass(frozen=True, slots=True)
class DoorsBench:
    """Processor seconds.

    Attributes:
        suite, passed: Which promise, and whether it holds.
        rows, megabytes: What went through.
        ingest_s: The ingest, whole.
        scan_and_insert_s: `polars.scan_ndjson` and a DuckDB insert of the same rows.
        release_s: The release in one format: splits, gates, files, hashes and manifest.
        write_s: `polars.write_ndjson` of the same rows.
        factor_in, factor_out: How many times as much; the goals are 2 and 2.5.
        peak_megabytes: The most memory that this process held.
    """

    suite: str
    passed: bool
    rows: int
    megabytes: float
    ingest_s: float
    scan_and_insert_s: float
    release_s: float
    write_s: float
    factor_in: float
    factor_out: float
    peak_megabytes: float


def run(rows: int = 100_000, seed: int = 0) -> DoorsBench:
    """Measure both doors with so many rows.

    Raises:
        AssertionError: A row did not come through: then no figure says anything.
    """
    with tempfile.TemporaryDirectory(prefix="curator-bench-") as name:
        folder = Path(name)
        source = folder / "rows.jsonl"
        _write(source, rows, seed)
        store = project_settings.init(folder / "project")[0].store
        datasets.create(store, "chat", make_task({"name": "chat", "kind": "text", "rubric": "Answer."}))
        read, report = _cost(lambda: ingest.run(ingest.IngestConfig("chat", (source,)), store))
        bare_read, frame = _cost(lambda: _scan_and_insert(source, folder / "bare.duckdb"))
        waive = ("variety", "contradictions", "content", "secrets", "templates")
        config = release.ReleaseConfig("chat", formats=("openai",), waive=waive, why="made-up rows")
        wrote, made = _cost(lambda: release.run(config, store, folder / "releases"))
        bare_write, _ = _cost(lambda: frame.write_ndjson(folder / "bare.jsonl"))
        out = sum(made.rows.values())
        assert (report.added, made.version) == (rows, "chat@1"), f"{report.added} rows came in, {out} went out"
        megabytes = source.stat().st_size / 1e6
    factor_in, factor_out = read / bare_read, wrote / bare_write
    return DoorsBench(
        suite="doors",
        passed=factor_in <= ALLOWED_IN and factor_out <= ALLOWED_OUT,
        rows=rows,
        megabytes=megabytes,
        ingest_s=read,
        scan_and_insert_s=bare_read,
        release_s=wrote,
        write_s=bare_write,
        factor_in=factor_in,
        factor_out=factor_out,
        peak_megabytes=getrusage(RUSAGE_SELF).ru_maxrss / 1e3,
    )


Result = TypeVar("Result")
_LEAST_S: Final = 1e-3
"""What the clock tells apart at most."""


def _cost(work: Callable[[], Result]) -> tuple[float, Result]:
    begun = time.process_time()
    made = work()
    return max(time.process_time() - begun, _LEAST_S), made


def _write(path: Path, rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rarity = 1 / (np.arange(len(_WORDS)) + 3.0)
    words = rng.permutation(_WORDS)
    with path.open("w", encoding="utf-8") as lines:
        for _ in range(rows):
            said = words[rng.choice(len(words), 40, p=rarity / rarity.sum())]
            asked, answered = rng.integers(8, 22, 2)
            turns = [
                {"role": "user", "content": " ".join(said[:asked]).capitalize() + "?"},
                {"role": "assistant", "content": " ".join(said[-answered:]).capitalize() + "."},
            ]
            lines.write(json.dumps({"messages": turns}, separators=(",", ":")) + "\n")


def _scan_and_insert(source: Path, target: Path) -> pl.DataFrame:
    frame = pl.scan_ndjson(source).collect()
    bare_insert(target, frame)
    return frame


def render(report: DoorsBench) -> str:
    """The report for a person."""
    return (
        f"doors {'passed' if report.passed else 'FAILED'}: {report.rows:,} chat rows ({report.megabytes:,.0f} MB), "
        f"processor seconds, peak memory {report.peak_megabytes:,.0f} MB\n"
        f"in:  ingest {report.ingest_s:.2f}, polars and DuckDB alone {report.scan_and_insert_s:.2f}: "
        f"{report.factor_in:.1f} times (goal {ALLOWED_IN:g})\n"
        f"out: release {report.release_s:.2f}, write_ndjson alone {report.write_s:.3f}: "
        f"{report.factor_out:.1f} times (goal {ALLOWED_OUT:g})"
    )
