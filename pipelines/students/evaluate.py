"""Contestants answer a version's frozen test split; scores, paired comparisons and the verdict are stored."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curator.errors import NotEnoughDataError, NotFoundError, RequestError
from curator.evaluation import (
    Candidate,
    Metric,
    accuracy,
    decide,
    holm,
    latency,
    macro_f1,
    paired_comparison,
    per_class,
    recommend,
)
from curator.ports import Progress, Sampler
from curator.records import Task, TrainingRun, digest, is_right, short_id, valid_answer
from pipelines.certify import judge as certificates
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import datasets, examples, labels
from storage.engine.store import Store
from storage.release import runs, versions
from storage.views import current as views

MAX_TOKENS = 512
CLASSIFICATION_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Contestant:
    """Who answers: a training run, the untrained base model, or a labeler with stored labels."""

    name: str
    run: TrainingRun | None = None
    labeler: str | None = None

    @property
    def is_base(self) -> bool:
        """The untrained base model."""
        return self.run is None and self.labeler is None


def parse_models(text: str, store: Store, dataset: str) -> tuple[Contestant, ...]:
    """Read `student=RUN,base=,teacher=LABELER`. The first is the one that the others are compared with.

    Raises:
        RequestError: Not of that form, or a name twice.
        NotFoundError: No such run or labeler.
    """
    known = labels.labelers(store, dataset)
    made: list[Contestant] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, equals, what = (x.strip() for x in part.partition("="))
        if not equals or not name or name in {c.name for c in made}:
            msg = f"--models: {part!r} is not NAME=RUN (each name once), NAME=LABELER, or base="
            raise RequestError(msg)
        if name == "base" or what in ("", "base"):
            made.append(Contestant(name))
        elif (found := runs.find(store, what)) is not None:
            if found.sampler_path is None:
                msg = f"--models {name}={what}: the run is {found.status}, it has nothing to sample from"
                raise RequestError(msg)
            made.append(Contestant(name, run=found))
        elif what in known:
            made.append(Contestant(name, labeler=what))
        else:
            msg = f"--models {name}={what}: neither a training run nor a labeler (there are {', '.join(known)})"
            raise NotFoundError(msg)
    if not made:
        msg = "--models names nobody; for example student=RUN,base=,teacher=LABELER"
        raise RequestError(msg)
    return tuple(made)


def run(
    version: str,
    contestants: Sequence[Contestant],
    store: Store,
    sampler: Sampler | None,
    *,
    seed: int = 0,
    progress: Progress = lambda _done, _total: None,
) -> dict[str, Any]:
    """Evaluate, compare the first contestant with each other one, and decide.

    Returns:
        The stored report: items, reviewed, contestants, comparisons, verdict, recommendation, failures.

    Raises:
        NotEnoughDataError: The version has no test rows.
        TrainerError: The sampling server failed; finished contestants are kept.
    """
    acting.require("train")
    dataset, number = versions.parse(version)
    manifest = versions.get(store, dataset, number)["manifest"]
    task = datasets.task_of(store, dataset)
    items = _items(store, dataset, manifest)
    answers: dict[str, pl.DataFrame] = {}
    for done, contestant in enumerate(contestants):
        answers[contestant.name] = _answers(store, contestant, items, task, dataset, number, sampler)
        progress(done + 1, len(contestants))
    right = {name: _right(task, items, frame) for name, frame in answers.items()}
    groups_N = items["unit"].to_numpy()
    table = {c.name: _score(task, items, answers[c.name], right[c.name], groups_N, seed) for c in contestants}
    for c in contestants:
        table[c.name]["run"] = c.run.id if c.run else None
        table[c.name]["kind"] = c.run.kind if c.run else "base" if c.is_base else "labeler"
    comparisons = _comparisons(contestants, right, groups_N, seed)
    report = {
        "version": version,
        "items": items.height,
        "reviewed": int((items["human_status"] == "settled").fill_null(False).sum()),
        "groups": int(items["unit"].n_unique()),
        "contestants": table,
        "comparisons": [{k: v for k, v in c.items() if k != "result"} for c in comparisons],
        "local_student": any(c.run is not None and bool(c.run.config.get("local")) for c in contestants),
        **_verdict(contestants, table, comparisons, items, manifest),
        "failures": _failures(contestants[0], items, answers[contestants[0].name], right),
    }
    subject = contestants[0].run.id if contestants[0].run else None
    report_id = short_id("ev", [version, manifest["content_sha256"], report["contestants"], seed])
    runs.add_report(store, report_id=report_id, dataset=dataset, version=number, run=subject, report=report)
    audit.note(store, actor=acting.actor(), action="evaluate", subject=version, report=report_id)
    return {"report_id": report_id, **report}


def answer(
    store: Store,
    rows: pl.DataFrame,
    run: TrainingRun | None,
    task: Task,
    *,
    dataset: str,
    version: int,
    sampler: Sampler,
    progress: Progress = lambda _done, _total: None,
) -> str:
    """Let a run (None: the base model) answer rows (example_id, messages); returns the request key of the answers.

    Rows that were answered before are not asked again.
    """
    base = getattr(sampler, "base_model", "")
    key = digest([run.id if run else ["base", base], run.sampler_path if run else None, dataset, task.content_hash])
    have = set(runs.predictions(store, key)["example_id"].to_list())
    todo = rows.filter(~pl.col("example_id").is_in(list(have)))
    if todo.height:
        conversations = [
            [{"role": m.role, "content": m.text} for m in examples.parse_messages(stored)]
            for stored in todo["messages"]
        ]
        made = sampler.sample(
            conversations,
            model_path=run.sampler_path if run else None,
            max_tokens=CLASSIFICATION_TOKENS if task.kind == "classification" else MAX_TOKENS,
            temperature=0.0,
            progress=progress,
        )
        runs.add_predictions(
            store,
            dataset=dataset,
            version=version,
            contestant=run.id if run else "base",
            request_key=key,
            example_ids=todo["example_id"].to_list(),
            answers=[c.text for c in made],
            latency_s=[c.latency_s for c in made],
            tokens_in=[c.tokens_in for c in made],
            tokens_out=[c.tokens_out for c in made],
        )
    return key


def _items(store: Store, dataset: str, manifest: dict[str, Any]) -> pl.DataFrame:
    """The version's test rows: example_id, messages, truth, human_status, unit (source group, else the row)."""
    rows = manifest["rows"].get("test", [])
    if not rows:
        msg = f"version {manifest['name']}@{manifest['number']} has no test rows: nothing can be evaluated on it"
        raise NotEnoughDataError(msg)
    current = views.current(store, dataset, labeler=manifest["settings"]["labeler"], as_of=manifest["as_of_seq"])
    wanted = pl.DataFrame({"example_id": [r[0] for r in rows]})
    return wanted.join(current, on="example_id", how="left", maintain_order="left").select(
        "example_id",
        "external_id",
        "text",
        "messages",
        pl.col("value").alias("truth"),
        "human_status",
        pl.coalesce("group", "example_id").alias("unit"),
    )


def _answers(
    store: Store,
    contestant: Contestant,
    items: pl.DataFrame,
    task: Task,
    dataset: str,
    number: int,
    sampler: Sampler | None,
) -> pl.DataFrame:
    """Answers in the order of the items: answer, latency_s, tokens_in, tokens_out, cost_usd."""
    if contestant.labeler is not None:
        given = labels.frame(store, dataset, labeler=contestant.labeler).filter(pl.col("sample") == 0)
        newest = given.sort("seq").unique("example_id", keep="last")
        found = newest.select(
            "example_id", pl.col("value").alias("answer"), "latency_s", "tokens_in", "tokens_out", "cost_usd"
        )
    else:
        if sampler is None:
            msg = f"contestant {contestant.name!r} has to be sampled, and there is no sampler"
            raise RequestError(msg)
        key = answer(store, items, contestant.run, task, dataset=dataset, version=number, sampler=sampler)
        found = runs.predictions(store, key).with_columns(cost_usd=pl.lit(None, dtype=pl.Float64))
    joined = items.select("example_id").join(found, on="example_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("answer").fill_null(""))


def _right(task: Task, items: pl.DataFrame, answers: pl.DataFrame) -> NDArray[np.bool_]:
    pairs = zip(answers["answer"], items["truth"], strict=True)
    return np.array([is_right(task, a, t) for a, t in pairs], dtype=np.bool_)


def _score(
    task: Task,
    items: pl.DataFrame,
    answers: pl.DataFrame,
    right_N: NDArray[np.bool_],
    groups_N: NDArray[Any],
    seed: int,
) -> dict[str, Any]:
    made: dict[str, Any] = {"n": items.height, "accuracy": asdict(accuracy(right_N, groups_N))}
    said = [valid_answer(task, a) for a in answers["answer"]]
    made["invalid"] = sum(a is None for a in said)
    if task.kind == "classification":
        names = list(task.labels)
        made["macro_f1"] = asdict(macro_f1(items["truth"].to_list(), said, names, groups_N, seed=seed))
        made["per_class"] = [asdict(c) for c in per_class(items["truth"].to_list(), said, names)]
    timed = answers["latency_s"].drop_nulls().to_list()
    made["latency"] = asdict(latency(timed)) if timed else None
    made["tokens_in"] = int(answers["tokens_in"].sum() or 0)
    made["tokens_out"] = int(answers["tokens_out"].sum() or 0)
    made["cost_usd"] = float(answers["cost_usd"].sum() or 0.0)
    return made


def _comparisons(
    contestants: Sequence[Contestant], right: dict[str, NDArray[np.bool_]], groups_N: NDArray[Any], seed: int
) -> list[dict[str, Any]]:
    """The first against each other one, with p-values adjusted by Holm."""
    first = contestants[0].name
    made = [(c.name, paired_comparison(right[first], right[c.name], groups_N, seed=seed)) for c in contestants[1:]]
    adjusted = holm([result.p for _, result in made])
    return [
        {
            **asdict(result),
            "a": first,
            "b": name,
            "score_a": result.a,
            "score_b": result.b,
            "p_holm": p,
            "result": result,
        }
        for (name, result), p in zip(made, adjusted, strict=True)
    ]


def _verdict(
    contestants: Sequence[Contestant],
    table: dict[str, dict[str, Any]],
    comparisons: list[dict[str, Any]],
    items: pl.DataFrame,
    manifest: dict[str, Any],
) -> dict[str, Any]:
    versus = {c["b"]: c["result"] for c in comparisons}
    teacher = next((c.name for c in contestants[1:] if c.labeler is not None), None)
    base = next((c.name for c in contestants[1:] if c.is_base), None)
    certificate = manifest["certificate"]
    bound = None
    if certificate and certificate.get("shipped_error"):
        bound = certificates.as_bound(certificate["shipped_error"])
    verdict = decide(
        test_rows=items.height,
        reviewed_rows=int((items["human_status"] == "settled").fill_null(False).sum()),
        versus_teacher=versus.get(teacher) if teacher else None,
        versus_base=versus.get(base) if base else None,
        versus_previous=versus.get("previous"),
        certificate_status=certificate["status"] if certificate else None,
        shipped_error=bound,
        max_error=certificate["target"] if certificate else None,
    )
    students = [c for c in contestants if c.run is not None and c.name not in ("previous", "raw")]
    chosen = None
    if students:
        candidates = [Candidate(c.name, c.run.kind, Metric(**table[c.name]["accuracy"])) for c in students if c.run]
        chosen = asdict(recommend(candidates))
    return {"verdict": asdict(verdict), "recommendation": chosen}


def _failures(
    subject: Contestant, items: pl.DataFrame, answers: pl.DataFrame, right: dict[str, NDArray[np.bool_]]
) -> list[dict[str, Any]]:
    """The subject's wrong answers: what the next round of review begins with."""
    wrong = ~right[subject.name]
    rows = items.with_columns(answer=answers["answer"]).filter(pl.Series(wrong))
    return rows.select("example_id", "external_id", "text", "truth", "answer").head(200).to_dicts()
