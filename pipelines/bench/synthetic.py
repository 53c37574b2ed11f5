"""A project of any size to drive the app with: texts, labels, vectors, clusters, a map, findings and a spot-check.

Made in seconds by writing the records in bulk: what a pipeline would have found is made up, its shape is not.
"""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curator.composition import ClusterSummary, DiversityReport, NamedCluster, PlaybookRule
from curator.records import Finding, make_task, short_id
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from storage.checks import clusters, findings
from storage.checks.findings import CheckSummary
from storage.dataset import datasets, vectors
from storage.engine.store import Store
from storage.review import plans
from storage.views import current as views

DATASET = "large"
_LABELS = (
    "refund", "delivery", "account", "card", "transfer", "exchange",
    "limit", "identity", "top-up", "cash", "fee", "other",
)  # fmt: skip
_GROUPS = 40
_DIMENSIONS = 64
_ENCODER = ("made-up", "1")
_WORDS = (
    "my", "card", "order", "account", "transfer", "money", "refund", "parcel", "late", "missing", "wrong", "cancel",
    "please", "help", "why", "when", "where", "cannot", "still", "again", "twice", "charged", "pending", "declined",
    "change", "address", "password", "limit", "abroad", "exchange", "rate", "top", "up",
)  # fmt: skip


def project(folder: Path, rows: int, *, seed: int = 0) -> Settings:
    """Make a project with the dataset `large` of so many rows; an existing one is left as it is."""
    settings = project_settings.init(folder)[0]
    store = settings.store
    if DATASET in datasets.names(store):
        return settings
    rng = np.random.default_rng(seed)
    task = make_task({"name": DATASET, "labels": list(_LABELS), "rubric": "What is it about?", "max_error": 0.05})
    datasets.create(store, DATASET, task)
    group_N = np.sort(rng.integers(0, _GROUPS, rows))
    label_N = np.where(rng.random(rows) < 0.05, rng.integers(0, len(_LABELS), rows), group_N % len(_LABELS))
    ids = [short_id("ex", [DATASET, row]) for row in range(rows)]
    _append(store, "example", _examples(ids, group_N, rng))
    labels = pl.Series([_LABELS[int(number)] for number in label_N])
    _append(store, "label", _labels(ids, labels, rng, task.content_hash))
    _append(store, "split_assignment", _frame(ids, dataset=DATASET, split="train", reason="made up"))
    _vectors(store, ids, group_N, rng)
    _clusters(store, ids, group_N, rng)
    _findings(store, ids, labels, rng)
    _spot_check(store, ids, labels)
    return settings


def _append(store: Store, table: str, records: pl.DataFrame) -> None:
    """In one block: nobody else is waiting for this store."""
    with store.transaction() as connection:
        connection.append(table, records)


def _frame(ids: list[str], **same: object) -> pl.DataFrame:
    return pl.DataFrame({"example_id": ids}).with_columns(**{k: pl.lit(v) for k, v in same.items()})


def _examples(ids: list[str], group_N: NDArray[np.int64], rng: np.random.Generator) -> pl.DataFrame:
    words_NW = rng.integers(0, len(_WORDS), (len(ids), 14))
    texts = [
        f"{' '.join(_WORDS[int(w)] for w in words_W)} (scenario {group})"
        for words_W, group in zip(words_NW, group_N, strict=True)
    ]
    return _frame(ids, dataset=DATASET, messages="[]").with_columns(
        external_id=pl.format("row-{}", pl.int_range(pl.len())),
        content_hash=pl.col("example_id"),
        text=pl.Series(texts),
        source=pl.when(pl.int_range(pl.len()) % 10 == 0).then(pl.lit("production")).otherwise(pl.lit("import")),
    )


def _labels(ids: list[str], labels: pl.Series, rng: np.random.Generator, task_hash: str) -> pl.DataFrame:
    made = _frame(ids, dataset=DATASET, labeler="teacher", kind="teacher", version="1", task_hash=task_hash)
    return made.with_columns(sample=pl.lit(0), value=labels, confidence=pl.Series(rng.random(len(ids))))


def _vectors(store: Store, ids: list[str], group_N: NDArray[np.int64], rng: np.random.Generator) -> None:
    centres_GD = rng.normal(size=(_GROUPS, _DIMENSIONS))
    made_ND = centres_GD[group_N] + 0.5 * rng.normal(size=(len(ids), _DIMENSIONS))
    made_ND /= np.linalg.norm(made_ND, axis=1, keepdims=True)
    vectors.add(store, *_ENCODER, ids, made_ND.astype(np.float32))


def _clusters(store: Store, ids: list[str], group_N: NDArray[np.int64], rng: np.random.Generator) -> None:
    angle_G = np.arange(_GROUPS) * np.pi * (3 - np.sqrt(5))
    centres_G2 = 0.9 * np.sqrt(np.arange(_GROUPS) / _GROUPS)[:, None] * np.stack([np.cos(angle_G), np.sin(angle_G)], 1)
    xy_N2 = centres_G2[group_N] + 0.035 * rng.normal(size=(len(ids), 2))
    sizes_G = np.bincount(group_N, minlength=_GROUPS)
    order_G = np.argsort(-sizes_G, kind="stable")
    rank_G = np.argsort(order_G)
    found = [
        NamedCluster(
            cluster=rank,
            name=f"scenario {group}",
            size=int(sizes_G[group]),
            share=float(sizes_G[group] / len(ids)),
            representatives=(ids[int(np.searchsorted(group_N, group))],),
        )
        for rank, group in enumerate(order_G.tolist())
        if sizes_G[group]
    ]
    playbook = PlaybookRule(8, 0.1, "GOOD", "made up")
    diversity = DiversityReport(len(ids), len(found), 0.1, 38.0, 30.0, "GOOD", "made up", playbook, ())
    key = clusters.RunKey(DATASET, *_ENCODER, 0, views.state_seq(store, DATASET), "made-up")
    members = pl.DataFrame(
        {
            "example_id": ids,
            "cluster": pl.Series(rank_G[group_N], dtype=pl.Int32),
            "x": pl.Series(np.clip(xy_N2[:, 0], -1, 1), dtype=pl.Float32),
            "y": pl.Series(np.clip(xy_N2[:, 1], -1, 1), dtype=pl.Float32),
        }
    )
    clusters.add(store, key, members, ClusterSummary(len(ids), tuple(found), diversity))


def _findings(store: Store, ids: list[str], labels: pl.Series, rng: np.random.Generator) -> None:
    """Suspect labels for one row in fifty, groups of duplicates and contradictions, and a risk for every row."""
    risk_N = rng.random(len(ids))
    suspects = np.argsort(-risk_N)[: len(ids) // 50].tolist()
    made = [
        Finding(
            short_id("find", ["suspect_label", [ids[row]]]),
            "suspect_label",
            float(risk_N[row]),
            (ids[row],),
            {
                "given": labels[row],
                "likely": _LABELS[(_LABELS.index(labels[row]) + 1) % len(_LABELS)],
                "given_probability": float(1 - risk_N[row]),
                "likely_probability": float(risk_N[row]),
                "rank": rank,
                "of": len(ids),
                "members": [{"example_id": ids[row], "text": f"row {row}"}],
            },
            {"action": "review", "text": "look at this row before the others"},
        )
        for rank, row in enumerate(suspects, start=1)
    ]
    scores = pl.concat(
        _frame(ids, kind=kind).with_columns(score=pl.Series(risk_N)) for kind in ("suspect_label", "risk")
    )
    counts = {"suspect_label": len(made)}
    findings.add_run(
        store,
        DATASET,
        run="check_made_up",
        labeler="teacher",
        seed=0,
        as_of_seq=views.state_seq(store, DATASET),
        findings=tuple(made),
        scores=scores,
        report=CheckSummary(len(ids), counts, ()),
    )


def _spot_check(store: Store, ids: list[str], labels: pl.Series) -> None:
    """A plan over all rows with up to 300 audit rows, half of them reviewed."""
    rows = pl.DataFrame(
        {"example_id": ids, "content_hash": ids, "stratum": "rest", "teacher_value": labels, "drawn_value": labels}
    ).with_columns(drawn_status=pl.lit("teacher"))
    step = max(1, len(ids) // 300)
    drawn = rows[::step][:300]
    tasks = drawn.select("example_id", "stratum", "content_hash", pl.col("drawn_value").alias("proposed")).with_columns(
        task=pl.format("t_{}", "example_id"),
        stream=pl.lit("audit"),
        inclusion_probability=pl.lit(drawn.height / len(ids)),
        position=pl.int_range(pl.len(), dtype=pl.Int64),
        blind=pl.lit(True),
        why=pl.lit("random audit: drawn by chance, to estimate how many labels are wrong"),
    )
    stratum = {"name": "rest", "size": len(ids), "reviews": drawn.height}
    plans.add(
        store,
        plan="plan_made_up",
        dataset=DATASET,
        purpose="certify",
        labeler="teacher",
        seed=0,
        as_of_seq=views.state_seq(store, DATASET),
        settings={"reviews": drawn.height, "risk_reviews": 0, "target": 0.05, "confidence": 0.95, "strata": [stratum]},
        rows=rows,
        tasks=tasks,
    )
    done = tasks[: drawn.height // 2]
    said = done.select("task", "example_id", pl.col("proposed").alias("value"), "blind").with_columns(
        plan=pl.lit("plan_made_up"),
        dataset=pl.lit(DATASET),
        reviewer=pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("ana")).otherwise(pl.lit("ben")),
        verdict=pl.lit("accept"),
        seconds=pl.lit(4.0),
        action_id=pl.format("a_{}", "task"),
        adjudicates=pl.lit(False),
    )
    _append(store, "review", said)
