"""Labelling by a teacher that costs money: each request once, each answer kept as it arrives."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

import polars as pl

from curator.checks import refuses
from curator.errors import DataError, RequestError
from curator.ports import PaidTeacher, Progress, TeacherAnswer
from curator.records import Attempt, AttemptStatus, ImagePart, Label, Task, build_prompt, digest
from pipelines.intake.estimate import BillEstimate, estimate
from pipelines.intake.label_event import keep
from pipelines.intake.label_made import answer_of, attempt_of, label_of
from pipelines.intake.pace import Pace
from pipelines.intake.requests import Ended, Journal, Spending, TeacherRequest, ask_all, journal
from pipelines.runtime import acting
from pipelines.runtime.alone import alone
from pipelines.runtime.new_place import check_new
from pipelines.runtime.progress import say
from storage.access import audit
from storage.dataset import attempts, datasets, examples, labels
from storage.engine.store import Store

READ_AGAIN: tuple[AttemptStatus, ...] = ("answered", "invalid", "unparsable")
"""Answers that came whole: whether they hold a label is looked at again, since the task may have changed."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted; see `pipelines.intake.label.LabelConfig`."""

    dataset: str
    samples: int
    limit: int | None
    budget_usd: float | None
    concurrency: int
    retry: tuple[str, ...]
    agree: Callable[[BillEstimate], bool] = lambda _estimate: True
    batch: Path | None = None
    estimate_only: bool = False


@dataclass(slots=True)
class Done:
    """What came of it; see `pipelines.intake.label.LabelReport`."""

    labeled: int = 0
    already: int = 0
    kept: int = 0
    cost_usd: float | None = None
    stopped: bool = False
    reasons: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    unasked: Counter[str] = field(default_factory=Counter)
    estimate: BillEstimate | None = None
    declined: bool = False
    busy: int = 0
    slowest_pace: int | None = None
    batched: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """A teacher's answer to one row under a definition that is being tried; no label.

    Attributes:
        value: As a label would hold it; None where there is none.
        status: What came of the request.
        tokens_in: Of the prompt.
        tokens_out: Of the answer.
    """

    value: str | None
    status: AttemptStatus
    tokens_in: int | None = None
    tokens_out: int | None = None


def label(
    wish: Wish,
    store: Store,
    task: Task,
    teacher: PaidTeacher,
    progress: Progress,
    *,
    trials: dict[str, Trial] | None = None,
    rows: frozenset[str] | None = None,
) -> Done:
    """Ask what was never asked; one process at a time for a dataset and a teacher.

    Args:
        wish: What is wanted.
        store: The store.
        task: The definition to ask under.
        teacher: Who is asked.
        progress: Told of each request that ended.
        trials: Gets each row's answer, and then no label is made: the definition is only tried. Requests and answers
            are kept as for labels, so that neither is paid again for the other.
        rows: Example ids to ask about; None is all.

    Raises:
        RequestError: A budget was set, and no price is known.
        TeacherError: The teacher cannot be asked; what it answered is kept.
        StoreBusyError: Another process has been asking this teacher about this dataset for too long.
    """
    acting.require("ingest")
    if wish.budget_usd is not None and teacher.price is None:
        msg = (
            f"no price of teacher {teacher.name!r} is known, so --budget cannot be kept: give --price-in and "
            "--price-out (US dollars for a million tokens), write them under [prices] in curator.toml, or use --limit N"
        )
        raise RequestError(msg)
    name = digest([wish.dataset, teacher.name, teacher.version])[:16]
    folder = store.path.parent / "requests"
    with (
        alone(folder / f"{name}.lock", f"a labelling of {wish.dataset} by {teacher.name}"),
        journal(folder / f"{name}.jsonl") as kept,
    ):
        return _Labelling(wish, store, task, teacher, trials, rows)._ask(kept, progress)


class _Labelling:
    def __init__(
        self,
        wish: Wish,
        store: Store,
        task: Task,
        teacher: PaidTeacher,
        trials: dict[str, Trial] | None,
        rows: frozenset[str] | None,
    ) -> None:
        self.wish, self.store, self.task, self.teacher = wish, store, task, teacher
        self.trials, self.rows = trials, rows
        self.since = store.seq()
        self.done = Done()
        self.strange: dict[str, TeacherAnswer] = {}

    def _ask(self, kept: Journal, progress: Progress) -> Done:
        requests = self._requests()
        by_key = {request.key: request for request in requests}
        if not self.wish.estimate_only:
            self._bring_in(kept, by_key)
        todo = self._todo(requests)
        if self.wish.estimate_only:
            self._agreed(requests, todo)
            self.done.declined = True
        elif self.wish.batch is not None:
            self._write_batch(todo, self.wish.batch)
        elif todo and self._agreed(requests, todo):
            labels.intend(
                self.store, self.wish.dataset, f"label:{self.teacher.name}", [request.key for request in todo]
            )
            self._ask_all(todo, kept, progress)
            kept.clear(but=self.strange)
        return self.done

    def _bring_in(self, kept: Journal, by_key: Mapping[str, TeacherRequest]) -> None:
        """Bring in what a run that was killed had received.

        It may have asked for other rows, or under another definition: such answers stay in the journal until a run asks
        for them, since they are paid.
        """
        received = dict(kept.left())
        self.strange = {key: answer for key, answer in received.items() if key not in by_key}
        left = {key: answer for key, answer in received.items() if key in by_key}
        there = attempts.newest(self.store, self.wish.dataset, list(left))
        if fresh := [(by_key[key], answer) for key, answer in left.items() if key not in there]:
            self._keep(fresh)
        kept.clear(but=self.strange)
        self.done = Done(already=self.done.already, labeled=self.done.labeled, kept=self.done.labeled)

    def _write_batch(self, todo: Sequence[TeacherRequest], file: Path) -> None:
        """Write a provider's batch file: each request once, under the id of the first row that it is for."""
        names = dict(examples.frame(self.store, self.wish.dataset).select("example_id", "external_id").iter_rows())
        lines = [
            self.teacher.batch_line(names[r.example_ids[0]], r.prompt, sample=r.sample, images=r.images) for r in todo
        ]
        with check_new(file, "file").open("x", encoding="utf-8") as out:
            out.writelines(line + "\n" for line in lines)
        # Noted after the file stands: a request that nobody can send is not under way.
        labels.intend(self.store, self.wish.dataset, f"batch:{file.name}", [f"batch:{r.key}" for r in todo])
        self.done.batched = len(todo)

    def _agreed(self, requests: Sequence[TeacherRequest], todo: Sequence[TeacherRequest]) -> bool:
        """Estimate the bill of what there is to ask, and say whether whoever pays agrees."""
        known = attempts.newest(self.store, self.wish.dataset, [request.key for request in requests])
        answered = [
            (len(request.prompt), known[request.key])
            for request in requests
            if request.key in known and known[request.key].status == "answered"
        ]
        self.done.estimate = estimate(todo, self.task, answered, self.teacher.price, self.wish.concurrency)
        self.done.declined = not self.wish.agree(self.done.estimate)
        return not self.done.declined

    def _ask_all(self, todo: Sequence[TeacherRequest], kept: Journal, progress: Progress) -> None:
        spending = Spending(self.wish.budget_usd, self.done.estimate.each_usd if self.done.estimate else None)

        began = monotonic()

        def tell(ended: int, pace: Pace) -> None:
            rate = f"{ended / max(1e-3, monotonic() - began):.1f} requests/s"
            slowed = f"{pace.refused:,} times 429, {pace.at_once} at once" if pace.refused else ""
            spent = "" if spending.spent is None else f"{spending.spent:.4f} US dollars"
            say(", ".join(filter(None, (rate, spent, slowed))))
            progress(ended, len(todo))

        pace = ask_all(
            todo,
            self.teacher,
            kept,
            concurrency=self.wish.concurrency,
            keep=self._keep,
            progress=tell,
            spending=spending,
        )
        self.done.stopped, self.done.busy = spending.stopped, pace.refused
        self.done.slowest_pace = pace.lowest if pace.lowest < pace.most else None

    def _requests(self) -> list[TeacherRequest]:
        """Every request that the dataset asks for, each once: rows with the same prompt share one."""
        rows = examples.frame(self.store, self.wish.dataset).select("example_id", "shown", "content_hash", "messages")
        if self.rows is not None:
            rows = rows.filter(pl.col("example_id").is_in(list(self.rows)))
        before = labels.done_requests(self.store, self.wish.dataset) if self.trials is None else set()
        shared: defaultdict[tuple[str, int, str, tuple[str, ...]], list[str]] = defaultdict(list)
        for sample in range(self.wish.samples):
            told = self.teacher.parameters(sample)
            for row in rows.iter_rows(named=True):
                # As a request was called before it was hashed by what the teacher sees: its answer is paid, too.
                old = [self.task.content_hash, self.teacher.name, "1", row["content_hash"], row["example_id"], sample]
                if before and digest(old) in before:
                    self.done.already += 1
                    continue
                prompt, images = build_prompt(self.task, row["shown"]), _images(row["messages"])
                who = [self.teacher.version, self.teacher.name]
                content = [prompt, *images] if images else prompt
                key = digest([*who, [{"role": "user", "content": content}], dict(told), sample])
                shared[key, sample, prompt, images].append(row["example_id"])
        return [
            TeacherRequest(key, prompt, sample, tuple(ids), key, images)
            for (key, sample, prompt, images), ids in shared.items()
        ]

    def _todo(self, requests: Sequence[TeacherRequest]) -> list[TeacherRequest]:
        """What was never asked, or is to be asked again; answers that are there become labels of rows without one."""
        labelled = {}
        if self.trials is None:
            labelled = labels.newest_requests(self.store, self.wish.dataset, self.teacher.name, self.teacher.version)
        rules = datasets.same_rules(self.store, self.wish.dataset, self.task)
        known = attempts.newest(self.store, self.wish.dataset, [request.key for request in requests])
        todo: list[TeacherRequest] = []
        again: list[Label] = []
        filed = {} if self.trials is not None else labels.from_files(self.store, self.wish.dataset, self.teacher.name)
        batched = labels.in_batches(self.store, self.wish.dataset)
        for request in requests:
            given = {e: labelled.get((e, request.sample), (None, "")) for e in request.example_ids}
            missing = [e for e, (key, under) in given.items() if key != request.key or under not in rules]
            came = {e: v for e in missing if (v := self._came(filed, e, request.sample, rules)) is not None}
            missing = [e for e in missing if e not in came]
            self.done.already += len(given) - len(missing)
            if not missing:
                continue
            if came:  # rows that ask the same as one whose answer came with a file
                answer = TeacherAnswer(next(iter(came.values())))
                again += [label_of(e, self.task, self.teacher, request.key, request.sample, answer) for e in missing]
                continue
            if request.key in batched and request.key not in known and "batched" not in self.wish.retry:
                self.done.unasked["batched"] += len(missing)
                continue
            last = known.get(request.key)
            found = None if last is None else self._read_again(missing, request, last)
            if last is None or found in self.wish.retry:
                once_more = request.key if last is None else digest([request.key, last.id])
                todo.append(replace(request, example_ids=tuple(missing), idempotency=once_more))
                continue
            if isinstance(found, list):
                again += found
            elif found is not None:
                self.done.unasked[found] += len(missing)
            if found is not None:
                self._try_out(request.example_ids, found, answer_of(last))
        if self.trials is not None or self.wish.estimate_only:
            self.done.kept = len(again)
            return todo[: self.wish.limit]
        found_again = keep(self.store, self.wish.dataset, self.teacher.name, again, 0.0, self.since)
        self.done.kept += found_again
        self.done.labeled += found_again
        return todo[: self.wish.limit]

    @staticmethod
    def _came(
        filed: Mapping[tuple[str, int], tuple[str, str]], example: str, sample: int, rules: set[str]
    ) -> str | None:
        """The teacher's label of a row, where it came with a file and was given under today's rules."""
        value, under = filed.get((example, sample), ("", ""))
        return value if under in rules else None

    def _read_again(
        self, example_ids: Sequence[str], request: TeacherRequest, last: Attempt
    ) -> list[Label] | AttemptStatus:
        """What an answer that is there gives now: labels, or how the request ended."""
        if last.status not in READ_AGAIN:
            return last.status
        found = self._labels(example_ids, request, answer_of(last))
        return found if isinstance(found, list) else found[0]

    def _keep(self, ended: Sequence[Ended]) -> None:
        """Bring answers into the store: what came of each request first, then the labels in them."""
        records: list[Attempt] = []
        made: list[Label] = []
        costs = [answer.cost_usd for _, answer in ended if answer.cost_usd is not None]
        for request, answer in ended:
            found = self._labels(request.example_ids, request, answer)
            status, error = (found[0], found[1]) if isinstance(found, tuple) else (answer.status, answer.error)
            self.done.statuses[status] += 1
            made += found if isinstance(found, list) else []
            self._try_out(request.example_ids, found if isinstance(found, list) else status, answer)
            if isinstance(found, tuple):
                self.done.reasons[(error or status)[:80]] += len(request.example_ids)
            records += [
                attempt_of(example, request, answer, status, error, self.teacher) for example in request.example_ids
            ]
        attempts.add(self.store, self.wish.dataset, records)
        if costs:
            self.done.cost_usd = (self.done.cost_usd or 0.0) + sum(costs)
        if self.trials is not None:
            audit.note(
                self.store,
                actor=acting.actor(),
                action="try",
                subject=self.wish.dataset,
                teacher=self.teacher.name,
                task_hash=self.task.content_hash,
                asked=len(ended),
                cost_usd=sum(costs) if costs else None,
            )
            return
        self.done.labeled += keep(self.store, self.wish.dataset, self.teacher.name, made, sum(costs), self.since)

    def _try_out(self, example_ids: Sequence[str], found: list[Label] | AttemptStatus, answer: TeacherAnswer) -> None:
        """Keep what was answered under a definition that is being tried."""
        if self.trials is None:
            return
        for example in example_ids:
            if isinstance(found, str):
                self.trials[example] = Trial(None, found, answer.tokens_in, answer.tokens_out)
            else:
                self.trials[example] = Trial(found[0].value, "answered", answer.tokens_in, answer.tokens_out)

    def _labels(
        self, example_ids: Sequence[str], request: TeacherRequest, answer: TeacherAnswer
    ) -> list[Label] | tuple[AttemptStatus, str | None]:
        """The labels in an answer, one for each row; else what it is, and why."""
        if answer.status != "answered":
            return answer.status, answer.error
        if self.task.kind in ("text", "sql") and refuses(answer.text):
            return "refused", f"the teacher refuses: {answer.text[:60]!r}"
        try:
            return [label_of(e, self.task, self.teacher, request.key, request.sample, answer) for e in example_ids]
        except DataError as error:
            return "invalid", str(error)


def _images(stored: str) -> tuple[str, ...]:
    """The images of a row's turns, in order, as addresses or data URLs."""
    if '"image"' not in stored:
        return ()
    parts = (part for message in examples.parse_messages(stored) for part in message.parts)
    return tuple(part.url for part in parts if isinstance(part, ImagePart))
