"""Comparisons that a file brings: the two answers for people to judge anew, and what the file says of them."""

from collections.abc import Sequence

from curator.preferences import AnswerComparison, compared
from curator.records import Parsed, answer_seen, short_id
from pipelines.intake.config import LABELER_KINDS
from pipelines.intake.run_state import IngestRun
from pipelines.runtime import acting
from storage.review import comparisons
from storage.review.comparisons import GivenChoice


def take(rows: Sequence[tuple[int, Parsed]], digest: str, origin: str, state: IngestRun) -> int:
    """Take the comparisons of some rows in; returns how many were new. In a dry run, how many would be."""
    acting.require("ingest")
    made: list[AnswerComparison] = []
    choices: list[GivenChoice] = []
    dataset, config = state.config.dataset, state.config
    for number, parsed in rows:
        for given in parsed.comparisons:
            example = parsed.example
            first, second = (given.a_source, str(given.a)), (given.b_source, str(given.b))
            if answer_seen(first[1]) == answer_seen(second[1]):
                state.note("both answers of a comparison are the same: there is nothing to compare", f"row {number}")
                continue
            one = compared(dataset, example.id, example.content_hash, first, second)
            labeler = given.labeler or config.labeler or config.source
            kind = given.kind or LABELER_KINDS[config.source]
            said = [one.id, labeler, given.choice, given.time, given.note]
            ident = one.id if given.choice == "skip" else short_id("gc", said)
            if not state.first_said(ident):
                continue
            made.append(one)
            if given.choice != "skip":
                fields = (given.choice, given.time, given.note, origin, digest, number)
                choices.append(GivenChoice(ident, one.id, labeler, kind, *fields))
    if made and not config.dry_run:
        batch = short_id("batch", [dataset, "given", origin])
        comparisons.add(state.store, batch, made, 1)
        comparisons.add_given(state.store, dataset, choices)
    return len(made)
