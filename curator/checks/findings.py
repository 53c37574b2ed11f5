"""Findings from results: what each check saw, as evidence a person can read and a suggestion to act on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from curator.checks.hygiene import Fault
from curator.composition import MIN_LABEL_ROWS, Balance, CapPlan
from curator.duplicates import Contradiction, Group, Leak, Repetition, differing_words
from curator.label_errors import NoiseResult, OutsideProbabilities, Pattern
from curator.records import Finding, FindingKind, short_id

_SAMPLES = 5
_LEAVE_OUT = ("empty", "answer_marker", "answer_empty", "url_only")
"""Faults of form that leave nothing to learn from."""


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """The columns that findings are written from, by row."""

    ids: Sequence[str]
    texts: Sequence[str]
    labels: Sequence[str | None]

    def finding(
        self, kind: FindingKind, score: float, rows: Sequence[int], evidence: dict[str, Any],
        suggestion: dict[str, Any], *, about: str = "",
    ) -> Finding:  # fmt: skip
        """Make a finding whose id follows from its kind, its rows and, where rows are not enough, its subject."""
        ids = sorted(self.ids[row] for row in rows)
        return Finding(
            id=short_id("find", [kind, ids, about] if about else [kind, ids]),
            kind=kind,
            score=float(score),
            example_ids=tuple(self.ids[row] for row in rows),
            evidence=evidence,
            suggestion=suggestion,
        )

    def samples(self, rows: Sequence[int]) -> list[str]:
        """A few texts, spread over the rows."""
        step = max(1, len(rows) // _SAMPLES)
        return [self.texts[row] for row in rows[::step][:_SAMPLES]]

    def answers(self, rows: Sequence[int]) -> list[str]:
        """The answers of the rows that `samples` shows."""
        step = max(1, len(rows) // _SAMPLES)
        return [self.labels[row] or "" for row in rows[::step][:_SAMPLES]]


def _member(table: CheckedRows, row: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """One row of a group as evidence."""
    return {"example_id": table.ids[row], "text": table.texts[row], "label": table.labels[row], **more}


def duplicate(table: CheckedRows, kind: FindingKind, group: Group, answers: Sequence[str | None]) -> Finding:
    """A group of exact or near duplicates; `answers` are the labels by row, those with one value in one spelling.

    Rows whose answers differ are never proposed for merging: the answers of those left out would be lost.
    """
    words = differing_words([table.texts[row] for row in group.rows])
    members = [
        _member(table, row, score=round(score, 4), reason=reason, words=different)
        for row, score, reason, different in zip(group.rows, group.scores, group.reasons, words, strict=True)
    ]
    alike = {"exact_duplicate": "the same text", "near_duplicate": "nearly the same text"}.get(kind, "alike in meaning")
    evidence = {
        "members": members, "representative": table.ids[group.representative], "size": len(group.rows),
        "labels": sorted({str(table.labels[row]) for row in group.rows if table.labels[row] is not None}),
    }  # fmt: skip
    differing = len({answers[row] for row in group.rows} - {None})
    if differing > 1:
        text = f"{len(group.rows)} rows are {alike}: their {differing} answers differ, settle those first"
    else:
        text = f"{len(group.rows)} rows are {alike}: keep the representative, or keep all if they are meant to differ"
    action = "keep" if kind == "semantic_duplicate" or differing > 1 else "merge"
    return table.finding(kind, min(group.scores), group.rows, evidence, {"action": action, "text": text})


def contradiction(table: CheckedRows, found: Contradiction) -> Finding:
    """One input under several labels."""
    members = [
        _member(table, row, score=round(score, 4), words=list(words))
        for row, score, words in zip(found.rows, found.scores, found.words, strict=True)
    ]
    counts = {label: found.labels.count(label) for label in sorted(set(found.labels))}
    alike = "The same input has" if found.exact else "Nearly the same inputs have"
    suggestion: dict[str, Any] = {
        "action": "relabel",
        "text": f"{alike} {len(counts)} labels: choose one for the group, or say in the rubric what sets them apart",
    }
    if found.majority is not None:
        suggestion["value"] = found.majority
    evidence = {"members": members, "exact": found.exact, "labels": counts}
    score = 1.0 if found.exact else 0.9 * sum(found.scores) / len(found.scores)
    about = "" if found.exact else "near"
    return table.finding("contradiction", score, found.rows, evidence, suggestion, about=about)


def survivor(found: Finding, *, inside: Collection[str], test: Collection[str], reviewed: Collection[str]) -> str:
    """Return which of some copies to keep: a row of test, else one that a person reviewed, else the representative.

    Args:
        found: A finding of duplicates.
        inside: Rows that are not left out; another one is kept only where all of them are.
        test: Rows of the test split, which stays as it is.
        reviewed: Rows that a person has settled.
    """
    first = str(found.evidence.get("representative", found.example_ids[0]))
    ids = [ident for ident in found.example_ids if ident in inside]
    return max(ids, key=lambda ident: (ident in test, ident in reviewed, ident == first), default=first)


def suspect(table: CheckedRows, noise: NoiseResult, row: int, outside: OutsideProbabilities | None = None) -> Finding:
    """One row whose label the other rows do not support."""
    if noise.field_N and noise.field_N[row] is not None:
        return _suspect_answer(table, noise, row, str(noise.field_N[row]))
    given, other = table.labels[row], noise.best_other_N[row]
    own, rival = float(noise.self_N[row]), float(noise.other_N[row])
    evidence: dict[str, Any] = {"members": [_member(table, row)], "given": given, "likely": other,
                "given_probability": round(own, 4), "likely_probability": round(rival, 4)}  # fmt: skip
    against = rival > own
    more, less = (other, given) if against else (given, other)
    shares = f"{more!r} ({max(own, rival):.0%}) rather than {less!r} ({min(own, rival):.0%})"
    text = f"rows like this one are labelled {shares}: " + ("look at it" if against else "nothing speaks against it")
    suggestion = {"action": "relabel", "value": other} if against else {"action": "review"}
    told = outside and outside.likely(row, str(given))
    if told:
        given_p, likely, likely_p = told
        evidence["outside"] = {"likely": likely, "given_probability": round(given_p, 4),
                               "likely_probability": round(likely_p, 4)}  # fmt: skip
        text += f"; the probabilities given say {likely!r} ({likely_p:.0%}), {given!r} {given_p:.0%}"
    score = float(noise.score_N[row])
    return table.finding("suspect_label", score, [row], evidence, {**suggestion, "text": text})


def _suspect_answer(table: CheckedRows, noise: NoiseResult, row: int, field: str) -> Finding:
    other, own, rival = noise.best_other_N[row], float(noise.self_N[row]), float(noise.other_N[row])
    evidence = {"members": [_member(table, row)], "given": table.labels[row], "field": field, "likely": other,
                "given_probability": round(own, 4), "likely_probability": round(max(rival, 0.0), 4)}  # fmt: skip
    text = f"{field!r} of this answer is unlike that of rows like it, or unlike its own input: look at it"
    if row in noise.certain:
        text = f"{field!r}: this answer has a fault of its own, as others have not: look at it first"
    suggestion: dict[str, Any] = {"action": "review", "text": text}
    if other is not None:
        suggestion |= {"action": "relabel", "value": other}
    return table.finding("suspect_label", float(noise.score_N[row]), [row], evidence, suggestion)


def pattern(table: CheckedRows, found: Pattern, said: dict[int, str]) -> Finding:
    """A consistent mistake, seen in reviews or suspected from shape."""
    shape = found.shape
    groups = [
        {
            "size": len(rows),
            "example_ids": [table.ids[row] for row in rows],
            "samples": table.samples(rows),
            "reviewed": sum(row in said for row in rows),
            "wrong": sum(said.get(row, found.label) != found.label for row in rows),
            "nearest_other_label": found.neighbours[place][0] if found.neighbours else None,
        }
        for place, rows in enumerate(shape.groups)
    ]
    wrong = [table.ids[row] for row in found.rows]
    groups.sort(key=lambda group: group["example_ids"] != wrong)  # the group that is wrong is group 1 to a reader
    evidence: dict[str, Any] = {
        "basis": found.basis, "given": found.label, "size": len(found.rows), "view": shape.view,
        "separability": {"silhouette": round(shape.silhouette, 4), "gap": round(shape.gap, 2),
                         "stability": round(shape.stability, 4), "apart": round(shape.apart, 2)},
        "groups": groups, "samples": table.samples(found.rows),
    }  # fmt: skip
    if found.value is None:
        text = (f"label {found.label!r} lies over {len(groups)} clearly separate groups of "
                f"{' and '.join(str(group['size']) for group in groups)} rows: review a few of each; "
                "if one of them is wrong throughout, fix the rubric and relabel that group")  # fmt: skip
        score = 0.5 + 0.4 * shape.stability
        return table.finding("label_pattern", score, found.rows, evidence, {"action": "review", "text": text})
    evidence |= {"reviewed": found.reviewed, "wrong": found.wrong, "value": found.value,
                 "reviewed_outside": found.reviewed_outside, "wrong_outside": found.wrong_outside}  # fmt: skip
    text = (f"fix the rubric and relabel: {found.wrong} of {found.reviewed} reviewed rows in this group of "
            f"{len(found.rows)} were given {found.label!r} and are {found.value!r}. Change the rule for "
            f"{found.label!r} so that rows like these become {found.value!r}, then relabel the rest of the group; "
            "a fresh sample of it must be reviewed before it is certified")  # fmt: skip
    suggestion = {"action": "relabel", "value": found.value, "text": text}
    return table.finding("label_pattern", 0.9 + 0.1 * found.wrong / found.reviewed, found.rows, evidence, suggestion)


def leak(table: CheckedRows, found: Leak) -> Finding:
    """Test rows that stand in train."""
    rows = found.test_rows + found.train_rows
    members = [_member(table, row, split="test") for row in found.test_rows] + [
        _member(table, row, split="train", score=round(score, 4))
        for row, score in zip(found.train_rows, found.scores, strict=True)
    ]
    how = {
        "exact": "exactly",
        "near": "nearly",
        "template": "by template",
        "group": "by source group",
        "query": "by their query, literals included",
    }[found.how]
    evidence = {"how": found.how, "members": members, "test": len(found.test_rows), "train": len(found.train_rows)}
    advice = "exclude the train rows" + " (or ingest with a group for each template)" * (found.how == "template")
    suggestion = {
        "action": "exclude",
        "text": f"{len(found.test_rows)} test rows stand in train {how}: {advice}; test stays test",
        "example_ids": [table.ids[row] for row in found.train_rows],
    }
    return table.finding("leak", max(found.scores), rows, evidence, suggestion, about=found.how)


def fault(table: CheckedRows, kind: FindingKind, found: Fault) -> Finding:
    """A fault of form, a label given away, a secret or personal data. Private texts are not repeated here."""
    evidence: dict[str, Any] = {"rule": found.rule, "place": found.place, "detail": found.detail,
                                "size": len(found.rows)}  # fmt: skip
    if kind not in ("secret", "personal_data"):
        evidence["samples"] = [text[:300] for text in table.samples(found.rows)]
        if found.place == "answer":
            evidence["answers"] = [text[:300] for text in table.answers(found.rows)]
    action = "exclude" if kind in ("secret", "personal_data") or found.rule in _LEAVE_OUT else "keep"
    if found.rule == "label_variants" and found.value is not None:
        suggestion = {"action": "relabel", "value": found.value, "text": found.advice}
    else:
        suggestion = {"action": action, "text": found.advice}
    score = {"secret": 1.0, "personal_data": 0.9, "shortcut": 0.8}.get(kind, 0.6)
    about = found.rule if found.place == "input" else f"{found.place}: {found.rule}"
    return table.finding(kind, score, found.rows, evidence, suggestion, about=about)


def template(table: CheckedRows, found: Repetition) -> Finding:
    """A dataset made from few texts."""
    total = len(table.texts)
    evidence = {"rows": total, "distinct": found.distinct, "effective": round(found.effective, 1),
                "largest": [{"text": text, "rows": count} for text, count in found.largest]}  # fmt: skip
    text = (f"{total:,} rows are made from {found.distinct:,} texts (as varied as {found.effective:,.1f} even ones; "
            "other numbers, names or words in the slots of one sentence make no other text): collect or write new "
            "inputs, and ingest with a group for each template, so that train and test share none; equal rows are "
            "findings of their own")  # fmt: skip
    score = 1.0 - found.effective / total
    return table.finding("template", score, found.rows, evidence, {"action": "keep", "text": text})


def imbalance(table: CheckedRows, found: Balance, plan: CapPlan | None) -> Finding:
    """Labels of very unequal size."""
    first, last = next(iter(found.counts)), list(found.counts)[-1]
    rows = [row for row, label in enumerate(table.labels) if label == first]
    evidence = {"counts": found.counts, "effective_labels": round(found.effective, 2), "labels": len(found.counts),
                "ratio": round(found.ratio, 2), "largest_share": round(found.largest_share, 4),
                "drop_for_cap": {} if plan is None else plan.drop}  # fmt: skip
    text = (f"{first!r} has {found.counts[first]:,} rows and {last!r} {found.counts[last]:,}: "
            f"collect more of the small labels first")  # fmt: skip
    if plan is not None and plan.drop:
        text += f"; or cap the largest at {plan.cap:.0%} of what remains ({sum(plan.drop.values()):,} rows fewer)"
    score = max(found.largest_share, 1.0 - 1.0 / found.ratio)
    return table.finding("imbalance", score, rows, evidence, {"action": "keep", "text": text}, about=first)


def too_few(table: CheckedRows, label: str, rows: Sequence[int]) -> Finding:
    """A label with too few rows to learn from or to judge by."""
    evidence = {"label": label, "rows": len(rows), "at_least": MIN_LABEL_ROWS, "samples": table.samples(rows)}
    text = f"{label!r} has {len(rows)} rows: collect at least {MIN_LABEL_ROWS - len(rows)} more"
    score = 1.0 - len(rows) / MIN_LABEL_ROWS
    return table.finding("too_few", score, rows, evidence, {"action": "keep", "text": text}, about=label)
