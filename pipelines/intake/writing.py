"""Rows that are taken into the store: what is new of them, each thing once, and what contradicts what is there."""

from collections.abc import Mapping, Sequence

from curator.records import Attempt, GivenAttempt, GivenLabel, Label, LabelerKind, Opinion, Parsed
from pipelines.files import InputFile
from pipelines.intake import comparing, opinions
from pipelines.intake.config import LABELER_KINDS, NAMES
from pipelines.intake.new_facts import news
from pipelines.intake.rejects import as_raw
from pipelines.intake.run_state import IngestRun, LabelKey
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import attempts, changes, examples, labels


def write(
    path: InputFile, batch: Sequence[Parsed], numbers: Sequence[int], digest: str, origin: str, state: IngestRun
) -> None:
    """Take a batch of rows in; in a dry run, count what would be taken in."""
    acting.require("ingest")
    first: dict[str, tuple[int, Parsed]] = {}
    for number, parsed in zip(numbers, batch, strict=True):
        first.setdefault(parsed.example.external_id, (number, parsed))
    fresh = [pair for external, pair in first.items() if external not in state.known]
    refused, changed = _take_news(path, [x for e, x in first.items() if e in state.known], digest, state)
    added = _add(fresh, digest, state)
    taken = _taken_meanwhile(path, fresh, state) if added < len(fresh) else set[str]()
    # A row that another process brought in meanwhile was there already: every row is in one count.
    good = [
        (number, parsed)
        for number, parsed in zip(numbers, batch, strict=True)
        if parsed.example.external_id not in taken and parsed.example.id not in refused
    ]
    state.added += added
    state.asked.update(parsed.example.id for _, parsed in fresh)
    for _, parsed in fresh:
        state.known.setdefault(parsed.example.external_id, (parsed.example.id, parsed.example.content_hash))
    changed |= _say(path, good, digest, state)
    state.comparisons += comparing.take(good, digest, origin, state)
    state.changed += len(changed)
    state.unchanged += len(good) - added - len(changed)


def record_file(path: InputFile, digest: str, mapping: Mapping[str, str], rows: int, state: IngestRun) -> None:
    """Note that a file was read, with its event."""
    acting.require("ingest")
    if state.config.dry_run:
        return
    name = state.config.dataset
    told = audit.telling(
        actor=acting.actor(),
        action="ingest",
        subject=name,
        file=path.name,
        sha256=digest,
        changes=dict(state.changes - state.before),
    )
    examples.record_file(state.store, name, file_hash=digest, name=path.name, rows=rows, mapping=mapping, told=told)


def _add(fresh: Sequence[tuple[int, Parsed]], digest: str, state: IngestRun) -> int:
    if state.config.dry_run:
        return len(fresh)
    return examples.add(state.store, [p.example for _, p in fresh], file_hash=digest, row_numbers=[n for n, _ in fresh])


def _say(path: InputFile, good: Sequence[tuple[int, Parsed]], digest: str, state: IngestRun) -> set[str]:
    """Take in what was said of the rows; the rows that are changed by it."""
    config, store, changed = state.config, state.store, set[str]()
    made: list[Label] = []
    words: list[Opinion] = []
    tries: list[Attempt] = []
    for number, parsed in good:
        for label in parsed.labels:
            by = who(label.labeler, label.kind, state)
            new = _label(path, number, parsed, label, by, state, changed) if label.status == "accepted" else []
            made += new
            if by[1] == "human" or label.status != "accepted":
                words.append(_opinion(parsed, label, by[0]))
        tries += [_attempt(parsed, each) for each in parsed.attempts]
    state.labels_by.update(label.labeler for label in made)
    if config.dry_run:
        state.labels_added += len(made)
    else:
        state.labels_added += labels.add(store, config.dataset, made, since=state.since)
    if words:
        said = opinions.take(store, config.dataset, words, file=path.name, file_hash=digest, dry_run=config.dry_run)
        state.opinions.update(dict(said.by_status))
        for name, kept in said.same_person.items():
            state.note(f"{name!r} is the same person as {kept!r}", path.name)
    if tries:
        fresh = attempts.new(store, config.dataset, tries)
        state.attempts.update(each.status for each in fresh)
        if not config.dry_run:
            attempts.add(store, config.dataset, fresh, file_hash=digest)
    return changed


def _opinion(parsed: Parsed, label: GivenLabel, person: str) -> Opinion:
    return Opinion(parsed.example.id, person, label.status, label.value, label.time, label.note, label.latency_s)


def _attempt(parsed: Parsed, made: GivenAttempt) -> Attempt:
    return Attempt(
        example_id=parsed.example.id,
        request_id=made.request_id or parsed.example.external_id,
        status=made.status,
        model=made.model,
        answer=made.answer,
        finish_reason=made.finish_reason,
        error=made.error,
        tokens_in=made.tokens_in,
        tokens_out=made.tokens_out,
        said_at=made.time,
        sample=made.sample,
    )


def who(labeler: str | None, kind: LabelerKind | None, state: IngestRun) -> tuple[str, LabelerKind]:
    """Who said something, and what they are, where the file leaves either open."""
    config = state.config
    known: LabelerKind = LABELER_KINDS[config.source] if kind is None else kind
    return labeler or config.labeler or (config.source if kind is None else NAMES.get(kind, config.source)), known


def _label(
    path: InputFile,
    number: int,
    parsed: Parsed,
    given: GivenLabel,
    by: tuple[str, LabelerKind],
    state: IngestRun,
    changed: set[str],
) -> list[Label]:
    """The label, if it, or how sure its labeler is, is news."""
    labeler, kind = by
    key = (labeler, parsed.example.id, given.sample)
    have, sure = state.current.get(key, (None, None))
    if given.labeler is None and state.several:
        before = state.unnamed.setdefault(key, path.name)
        if before != path.name and have != given.value:
            detail = (
                f"{path.name} calls row {parsed.example.external_id!r} {str(given.value)[:60]!r}, and {before} "
                f"{str(have)[:60]!r}, both by {labeler!r}; read each file with the --labeler who labelled it"
            )
            raw = as_raw({"id": parsed.example.external_id, "label": given.value})
            state.reject(path, number, "two_answers", detail, raw)
            return []
    if _said_later(path, number, key, given, state):
        return []
    anew = key in state.stale and bool(parsed.attempts)  # a teacher's answer under the rules of today
    if have == given.value and not anew:
        if given.confidence is None or given.confidence == sure:
            return []
        state.changes["confidence"] += 1
        changed.add(parsed.example.id)
    state.current[key] = (given.value, given.confidence)
    state.stale.discard(key)
    return [
        Label(
            example_id=parsed.example.id,
            labeler=labeler,
            kind=kind,
            value=given.value,
            task_hash=state.task.content_hash,
            version=given.version,
            sample=given.sample,
            confidence=given.confidence,
            tokens_in=given.tokens_in,
            tokens_out=given.tokens_out,
            cost_usd=given.cost_usd,
            latency_s=given.latency_s,
            said_at=given.time,
        )
    ]


def _said_later(path: InputFile, number: int, key: LabelKey, given: GivenLabel, state: IngestRun) -> bool:
    """Whether this file holds a later word of the same labeler about the same row."""
    before = state.times.get(key)
    if before is not None and given.value != state.current[key][0]:
        state.note("a row was labelled twice by the same labeler: the later label counts", f"{path.name} line {number}")
        if given.time and given.time < before:
            return True
    state.times[key] = given.time or ""
    return False


def _taken_meanwhile(path: InputFile, fresh: Sequence[tuple[int, Parsed]], state: IngestRun) -> set[str]:
    """The ids that another process gave to another text since this run began; each is rejected."""
    state.known.update(examples.known(state.store, state.config.dataset))
    taken = set[str]()
    for line, parsed in fresh:
        example = parsed.example
        if state.known[example.external_id][1] == example.content_hash:
            continue
        taken.add(example.external_id)
        detail = f"id {example.external_id!r} is in the dataset with another text; give the new text a new id"
        state.reject(path, line, "id_conflict", detail, as_raw({"id": example.external_id, "text": example.text}))
    return taken


def _take_news(
    path: InputFile, rows: Sequence[tuple[int, Parsed]], digest: str, state: IngestRun
) -> tuple[set[str], set[str]]:
    """Record what known rows say anew; the ids of the rows that are refused, and of those that changed."""
    rows = [(n, parsed) for n, parsed in rows if parsed.example.id not in state.asked]
    state.asked.update(parsed.example.id for _, parsed in rows)
    found = news(state.store, state.config.dataset, rows)
    dataset, actor = state.config.dataset, acting.actor()
    if not state.config.dry_run:
        told = audit.telling(actor=actor, action="facts", subject=dataset, count=True, file=path.name, sha256=digest)
        changes.add(state.store, dataset, found.changes, file_hash=digest, actor=actor, told=told)
    state.changes.update(change.field for change in found.changes)
    by_number = dict(rows)
    for number, detail in found.refused.items():
        example = by_number[number].example
        state.reject(path, number, "split_is_drawn", detail, f"id {example.external_id}, split {example.split}")
    return {by_number[n].example.id for n in found.refused}, {c.example_id for c in found.changes}
