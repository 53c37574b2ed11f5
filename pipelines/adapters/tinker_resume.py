"""A broken training goes on where it stood: the same batches in the same order, from the weights before them.

What the cookbook (0.5.8) writes into `checkpoints.jsonl` is the step in whose course the checkpoint was saved. In SFT
that step and the next one, which is sent ahead, are in the weights by then, and its resume would train both again; in
DPO the checkpoint is saved before the step. Its resume also takes up steps whose loss was never logged, and in DPO the
reference of the loss would become the half-trained model.
"""

import json
from pathlib import Path
from typing import Any, Final, Literal

_AHEAD: Final[dict[str, int]] = {"sft": 2, "dpo": 0}
"""Steps that are in the weights of a checkpoint, counted from the one that it is noted under."""
_COUNTED: Final = "steps_in_weights"


LogLine = dict[str, Any]
"""A line of the cookbook's logs: what it holds is the cookbook's affair."""


def read_lines(file: Path) -> list[LogLine]:
    """The JSON lines of a file that another process may be writing; a torn last line is left out."""
    rows: list[LogLine] = []
    if file.exists():
        for line in file.read_text().splitlines():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                break
    return rows


def write_lines(file: Path, rows: list[LogLine]) -> None:
    """Put the lines in the file's place, whole or not at all."""
    draft = file.with_suffix(".draft")
    draft.write_text("".join(json.dumps(row) + "\n" for row in rows))
    draft.replace(file)


def make_exact(log_dir: Path, kind: Literal["sft", "dpo"], steps_an_epoch: int, epochs: int) -> int:
    """Bring the log folder of a broken training to where a resume goes on exactly; returns the steps that are done.

    The newest checkpoint counts before which every step was logged; later checkpoints and later losses are dropped, and
    are made again as they were. A finished training is left alone.

    Args:
        log_dir: The folder.
        kind: Which loop wrote it.
        steps_an_epoch: Batches in one pass.
        epochs: Passes.
    """
    checkpoints, metrics = log_dir / "checkpoints.jsonl", log_dir / "metrics.jsonl"
    records, total = read_lines(checkpoints), steps_an_epoch * epochs
    if any(record.get("name") == "final" for record in records):
        return total
    logged = read_lines(metrics)
    steps = {row["step"] for row in logged if "step" in row}
    kept: list[LogLine] = []
    done = 0
    for record in records:
        counted = _counted(record, kind, steps_an_epoch, total)
        if all(step in steps for step in range(counted)):
            epoch, batch = divmod(counted, steps_an_epoch)
            if epoch == epochs:  # nothing is left but the last save
                epoch, batch = epochs - 1, steps_an_epoch
            kept.append({**record, "epoch": epoch, "batch": batch, _COUNTED: counted})
            done = counted
    if checkpoints.exists():
        write_lines(checkpoints, kept)
    if metrics.exists():
        write_lines(metrics, [row for row in logged if row.get("step", -1) < done])
    return done


def _counted(record: dict[str, Any], kind: str, steps_an_epoch: int, total: int) -> int:
    if _COUNTED in record:
        return int(record[_COUNTED])
    noted = int(record.get("epoch") or 0) * steps_an_epoch + int(record.get("batch") or 0)
    return min(noted + _AHEAD[kind], total)
