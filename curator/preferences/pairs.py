"""Preference pairs: which answers may teach a preference, and what a set of pairs would teach by accident."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal

import numpy as np
import scipy

from curator.errors import RequestError
from curator.preferences.tells import format_tells, position_bias
from curator.records import PreferencePair, answer_seen, short_id
from curator.text import as_seen, squeeze

PairSource = Literal["review_edit", "student_error", "decision", "preference", "import"]
DropReason = Literal["empty", "identical", "rejected_is_approved", "duplicate", "contradiction", "over_label_pair_cap"]
PairFindingKind = Literal[
    "identical",
    "empty",
    "missing_input",
    "contradiction",
    "cycle",
    "length_bias",
    "one_sided_source",
    "format_tell",
    "position_bias",
    "few_prompts",
    "dominant_label_pair",
]

SOURCE_VALUE: dict[str, int] = {"student_error": 0, "preference": 1, "review_edit": 2, "decision": 3, "import": 4}
"""Where a pair came from, best first: the approved label against the student's own wrong answer (what it would
say itself is what preference training can change), a person's choice between two answers, a person's correction of
the teacher, a decision about a group, what a file says that nobody here has judged."""

LENGTH_BIAS = 0.65
"""Above this share of pairs with the longer answer chosen, or the shorter one, DPO may learn length, not quality."""

ONE_SIDED = 0.9
"""Above this share of the pairs of two sources won by one of them, what is learnt is that source's manner."""

DOMINANT = 0.5
"""Above this share, one pair of labels makes the preference set."""

_FEW = 20  # A share of fewer pairs than this says nothing.


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two answers to one example that may become a pair; nothing about it is checked yet."""

    example_id: str
    dataset: str
    chosen: str
    rejected: str
    source: PairSource


@dataclass(frozen=True, slots=True)
class PairResult:
    """The pairs, ordered by example, and how many candidates were dropped for which reason."""

    pairs: tuple[PreferencePair, ...]
    dropped: dict[DropReason, int]


@dataclass(frozen=True, slots=True)
class PairFinding:
    """Something wrong, or worth a look, in a set of pairs.

    Attributes:
        kind: What was found.
        severity: An `error` pair must not be trained on; a `warning` is about the set.
        pair_ids: The pairs concerned; empty where it is the whole set.
        text: What it is and what to do, for a person.
        evidence: The figures behind it, ready for JSON.
    """

    kind: PairFindingKind
    severity: Literal["error", "warning"]
    pair_ids: tuple[str, ...]
    text: str
    evidence: dict[str, Any] = field(default_factory=dict)


def build_pairs(
    candidates: Sequence[Candidate],
    *,
    cap_per_label_pair: int,
    seed: int,
    approved: Mapping[str, str] | None = None,
) -> PairResult:
    """Turn candidates into preference pairs; each candidate is kept or counted under one reason.

    Two candidates that prefer opposite ways for one example are both dropped, since nothing here
    says which is right. Over the cap, better sources stay, and a seeded hash decides among equals.
    The result does not depend on the order of the candidates.

    Args:
        candidates: Possible pairs from any source.
        cap_per_label_pair: At most this many pairs for the same chosen and rejected text, ≥ 1.
        seed: Fixes which pairs stay where the cap cuts.
        approved: The answer by example id that people approved, where they did: it is never rejected. A label that
            nobody has looked at is no such answer.

    Raises:
        RequestError: The cap is below 1.
    """
    if cap_per_label_pair < 1:
        msg = f"cap of {cap_per_label_pair} pairs for each pair of labels is below 1; give at least 1"
        raise RequestError(msg)
    dropped: Counter[DropReason] = Counter()
    sound: dict[tuple[str, str, str], PreferencePair] = {}
    for each in sorted(candidates, key=_by_value):
        reason = _unfit(each, approved or {})
        key = (each.example_id, answer_seen(each.chosen), answer_seen(each.rejected))
        if reason is None and key in sound:
            reason = "duplicate"
        if reason is not None:
            dropped[reason] += 1
            continue
        sound[key] = PreferencePair(
            id=short_id("pair", [each.dataset, each.example_id, as_seen(each.chosen), as_seen(each.rejected)]),
            dataset=each.dataset,
            example_id=each.example_id,
            chosen=each.chosen,
            rejected=each.rejected,
            source=each.source,
        )
    one_way = {key: pair for key, pair in sound.items() if (key[0], key[2], key[1]) not in sound}
    dropped["contradiction"] = len(sound) - len(one_way)
    by_labels: defaultdict[tuple[str, str], list[PreferencePair]] = defaultdict(list)
    for (_, chosen, rejected), pair in one_way.items():
        by_labels[chosen, rejected].append(pair)
    kept: list[PreferencePair] = []
    for pairs in by_labels.values():
        pairs.sort(key=lambda pair: (SOURCE_VALUE[pair.source], _seeded(seed, pair.id)))
        kept += pairs[:cap_per_label_pair]
    dropped["over_label_pair_cap"] = len(one_way) - len(kept)
    kept.sort(key=lambda pair: (pair.example_id, pair.id))
    return PairResult(tuple(kept), {reason: n for reason, n in sorted(dropped.items()) if n})


def _by_value(each: Candidate) -> tuple[int, str, str, str, str]:
    return SOURCE_VALUE[each.source], each.dataset, each.example_id, each.chosen, each.rejected


def _seeded(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}\x1f{name}".encode()).hexdigest()


def _unfit(each: Candidate, approved: Mapping[str, str]) -> DropReason | None:
    chosen, rejected = answer_seen(each.chosen), answer_seen(each.rejected)
    if not chosen.strip() or not rejected.strip():
        return "empty"
    if chosen == rejected:
        return "identical"
    if each.example_id in approved and rejected == answer_seen(approved[each.example_id]):
        return "rejected_is_approved"
    return None


def check_pairs(
    pairs: Sequence[PreferencePair],
    inputs: Mapping[str, str],
    *,
    sources: Mapping[str, tuple[str, str]] | None = None,
    sides: Sequence[tuple[str, bool]] = (),
    min_prompts: int = 50,
) -> tuple[PairFinding, ...]:
    """Look for pairs that contradict each other and for what the set teaches by accident.

    Args:
        pairs: The pairs to train on.
        inputs: The input text by example id; equal texts are one prompt.
        sources: Pair id -> whose answers the chosen and the rejected one are, where known.
        sides: For each choice of a person: who, and whether it was the answer on the left.
        min_prompts: Below this number of different prompts the set is called small.
    """
    findings = [*_each_pair(pairs, inputs), *_each_prompt(pairs, inputs)]
    prompts = {squeeze(inputs[pair.example_id]) for pair in pairs if pair.example_id in inputs}
    if len(prompts) < min_prompts:
        text = f"only {len(prompts)} different prompts; add pairs for other inputs, at least {min_prompts}"
        evidence = {"prompts": len(prompts), "pairs": len(pairs)}
        findings.append(PairFinding("few_prompts", "warning", (), text, evidence))
    if len(pairs) >= _FEW:
        findings += _shares(pairs)
    return (*findings, *_tells(pairs, sides), *_one_sided(sources or {}))


def _tells(pairs: Sequence[PreferencePair], sides: Sequence[tuple[str, bool]]) -> Iterable[PairFinding]:
    """Marks of form, and sides of the screen, that tell what is preferred."""
    for tell in format_tells(pairs):
        side, share = ("chosen", tell.share) if tell.share > 0.5 else ("rejected", 1 - tell.share)
        text = (
            f"in {share:.0%} of the {tell.differing:,} pairs in which one answer {tell.what} it is the {side} one: "
            "that mark may be what is learnt; bring both answers into one form"
        )
        yield PairFinding("format_tell", "warning", (), text, {**asdict(tell), "share": tell.share})
    for tell in position_bias(sides):
        side, share = ("left", tell.share) if tell.share > 0.5 else ("right", 1 - tell.share)
        text = (
            f"{tell.what!r} prefers the {side} answer in {share:.0%} of {tell.differing:,} choices: ask again, turned"
        )
        evidence = {"reviewer": tell.what, "left": tell.chosen, "choices": tell.differing, "share_left": tell.share}
        yield PairFinding("position_bias", "warning", (), text, evidence)


def _each_pair(pairs: Sequence[PreferencePair], inputs: Mapping[str, str]) -> Iterable[PairFinding]:
    for pair in pairs:
        chosen, rejected = answer_seen(pair.chosen), answer_seen(pair.rejected)
        where = f"pair {pair.id} of example {pair.example_id}"
        if not chosen.strip() or not rejected.strip():
            yield PairFinding("empty", "error", (pair.id,), f"{where}: an answer is empty; drop the pair")
        elif chosen == rejected:
            text = f"{where}: chosen and rejected differ only in unseen white space or encoding; drop it"
            yield PairFinding("identical", "error", (pair.id,), text)
        if pair.example_id not in inputs:
            text = f"{where}: the example has no input text; drop the pair or bring its example back"
            yield PairFinding("missing_input", "error", (pair.id,), text)


def _each_prompt(pairs: Sequence[PreferencePair], inputs: Mapping[str, str]) -> Iterable[PairFinding]:
    by_prompt: defaultdict[str, list[PreferencePair]] = defaultdict(list)
    for pair in pairs:
        if pair.example_id in inputs:
            by_prompt[squeeze(inputs[pair.example_id])].append(pair)
    for prompt, group in by_prompt.items():
        edges: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for pair in group:
            edges[answer_seen(pair.chosen), answer_seen(pair.rejected)].append(pair.id)
        for (chosen, rejected), ids in edges.items():
            if chosen < rejected and (rejected, chosen) in edges:
                text = "the same input prefers each of two answers over the other; keep one direction"
                evidence = {"input": prompt, "answers": [chosen, rejected]}
                both = tuple(ids + edges[rejected, chosen])
                yield PairFinding("contradiction", "error", both, text, evidence)
        if len(edges) >= 3:
            yield from _cycles(prompt, edges)


def _cycles(prompt: str, edges: Mapping[tuple[str, str], list[str]]) -> Iterable[PairFinding]:
    """Strongly connected answers of one prompt, beyond the two of a plain contradiction."""
    answers = sorted({answer for edge in edges for answer in edge})
    position = {answer: index for index, answer in enumerate(answers)}
    ends = np.array([[position[one], position[other]] for one, other in edges])
    graph = scipy.sparse.coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(answers), len(answers)))
    _, component = scipy.sparse.csgraph.connected_components(graph, directed=True, connection="strong")
    for number in np.unique(component):
        inside = {answer for answer in answers if component[position[answer]] == number}
        if len(inside) < 3:
            continue
        ids = tuple(i for (one, other), ids in edges.items() if one in inside and other in inside for i in ids)
        text = f"the preferences for one input go round in a circle of {len(inside)} answers; drop one"
        yield PairFinding("cycle", "error", ids, text, {"input": prompt, "answers": sorted(inside)})


def _shares(pairs: Sequence[PreferencePair]) -> Iterable[PairFinding]:
    lengths = [(len(pair.chosen), len(pair.rejected)) for pair in pairs]
    longer = sum((chosen > rejected) + 0.5 * (chosen == rejected) for chosen, rejected in lengths) / len(pairs)
    if longer > LENGTH_BIAS or longer < 1.0 - LENGTH_BIAS:
        ratio = median(chosen / max(1, rejected) for chosen, rejected in lengths)
        share, side = (longer, "longer") if longer > LENGTH_BIAS else (1.0 - longer, "shorter")
        text = (
            f"the chosen answer is the {side} one in {share:.0%} of the pairs; `curator pairs build --balance length` "
            "keeps as many of both"
        )
        evidence = {"share_chosen_longer": longer, "length_auc": longer, "median_length_ratio": ratio}
        yield PairFinding("length_bias", "warning", (), text, evidence)
    labels = Counter((answer_seen(pair.chosen), answer_seen(pair.rejected)) for pair in pairs)
    (chosen, rejected), most = min(labels.items(), key=lambda item: (-item[1], item[0]))
    if most / len(pairs) > DOMINANT:
        text = f"{most} of {len(pairs)} pairs prefer {chosen[:60]!r} over {rejected[:60]!r}; lower the cap"
        labels_share = {"chosen": chosen, "rejected": rejected, "share": most / len(pairs)}
        yield PairFinding("dominant_label_pair", "warning", (), text, labels_share)


def _one_sided(sources: Mapping[str, tuple[str, str]]) -> Iterable[PairFinding]:
    """Two sources whose pairs are nearly all won by one of them."""
    by_both: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for chosen, rejected in sources.values():
        if chosen != rejected:
            by_both[tuple(sorted((chosen, rejected)))][chosen] += 1
    for both, won in sorted(by_both.items()):
        (winner, most), total = won.most_common(1)[0], won.total()
        if total >= _FEW and most > ONE_SIDED * total:
            loser = next(name for name in both if name != winner)
            text = (f"{most} of {total} pairs prefer {winner!r} to {loser!r}: what is learnt is that source's manner; "
                    "see whether preferences for the other one were dropped, and add some")  # fmt: skip
            evidence = {"winner": winner, "loser": loser, "share": most / total, "pairs": total}
            yield PairFinding("one_sided_source", "warning", (), text, evidence)
