"""The certificate as a document that a lawyer can read: what was sampled, how, by whom, what is claimed, what is not.

`curator.text.document` gives it a form: text, Markdown or HTML.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from curator.certificates.by_class import ClassError
from curator.certificates.certify import Certificate
from curator.certificates.confidence_spending import in_words
from curator.certificates.reviewer_error import MeasuredError, Sensitivity
from curator.records import Bound
from curator.statistics import at_most, counted, percent
from curator.text import Document, DocumentTable, Section

_UNRANKED = {"top": "5 %, taken by chance", "next": "next 20 %, taken by chance"}
_BANDS = {"top": "riskiest 5 %", "next": "next 20 % by risk", "rest": "all others", "known": "settled before the draw"}
_OUT = {
    "excluded": "taken out by a decision",
    "rejected": "refused by a reviewer, and nobody gave the right label",
    "disputed": "reviewers differ",
    "unsettled": "waiting for another look",
    "unlabelled": "without a label",
    "test": "the frozen test split",
}


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who reviewed: how many answers in force, and the days of the first and the last (ISO dates)."""

    name: str
    answers: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """All that the document tells. Counts are rows unless they say otherwise; days are ISO dates.

    Attributes:
        dataset: The dataset's name.
        task: The task's name.
        task_hash: Hash of the task's definition that labels are judged by.
        certificate: What was found.
        drawn_on: The day of the draw.
        seed: Of the draw.
        population: Rows that the plan was drawn from.
        known: Those settled by a person before the draw.
        audit: Audit rows drawn.
        risk: Rows reviewed besides because they looked wrong; they estimate nothing.
        blind: Audit rows that hid the label under review.
        looked_twice: Audit rows that were reviewed more than once.
        reviewers: Who reviewed the plan's rows.
        reviewed: Rows of the plan with a review, in any stream.
        left_out: Rows of the dataset that are not in the release by reason, test rows included.
        by_class: Error by class, where there is a class with enough reviews.
        sensitivity: What reviewers' errors would do.
        gold: What reviewers' errors were measured to be, or None.
        waivers: Versions that were released though this gate failed: (version, who, why).
        checked: Whether checks had ranked the rows by risk before the draw.
        alone: Drawn rows that were rejected and settled by the same person, and nobody else said the same.
        unused_draws: Other spot-checks that had been drawn when the review began, and that nobody reviewed.
    """

    dataset: str
    task: str
    task_hash: str
    certificate: Certificate
    drawn_on: str
    seed: int
    population: int
    known: int
    audit: int
    risk: int
    blind: int
    looked_twice: int
    reviewers: tuple[Reviewer, ...]
    reviewed: int
    left_out: Mapping[str, int]
    by_class: tuple[ClassError, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    gold: MeasuredError | None = None
    waivers: tuple[tuple[str, str, str], ...] = field(default=())
    checked: bool = True
    unused_draws: int = 0
    alone: int = 0


def document(facts: CertificateFacts) -> Document:
    """Write the certificate."""
    made = (_claims(facts), _sample(facts), _review(facts), _not_claimed(facts), _sensitivity(facts), _classes(facts))
    title = f"Certificate of label quality: {facts.dataset}"
    return Document(title, facts.certificate.status, tuple(section for section in made if section is not None))


def _claims(facts: CertificateFacts) -> Section:
    found = facts.certificate
    rows = [
        _figure("labels of the teacher, as they came", found.teacher_error),
        _figure("labels as a release made now ships them", found.shipped_error),
    ]
    points = [_sentence(why) for why in found.why]
    if found.target is None:
        points.append("No highest error was agreed for this dataset: the figures stand for themselves.")
    for version, who, why in facts.waivers:
        points.append(f"{version} was released although its labels were not certified. Waived by {who}, because: {why}")
    return Section(
        "What is claimed",
        (
            f"The subject is the labels of {facts.dataset} made by {found.labeler}, judged by people under the task "
            f"{facts.task} (definition {facts.task_hash[:16]}). Spot-check {found.plan}, attempt {found.attempt}.",
        ),
        tuple(points),
        DocumentTable(
            ("error rate of", "at most", "estimate", "interval", "confidence", "rows", "reviews"), tuple(rows)
        ),
    )


def _figure(name: str, bound: Bound | None) -> tuple[str, ...]:
    if bound is None:
        return (name, "no claim", "", "", "", "", "")
    interval = f"{_percent(bound.low)} to {_percent(bound.high)}"
    most, estimate = _most(bound.upper_one_sided), _percent(bound.estimate)
    return name, most, estimate, interval, _level(bound.confidence), f"{bound.population:,}", f"{bound.reviews:,}"


def _sample(facts: CertificateFacts) -> Section:
    found = facts.certificate
    rows = tuple(
        (
            ({} if facts.checked else _UNRANKED).get(s["name"]) or _BANDS.get(s["name"], str(s["name"])),
            f"{s['size']:,}",
            f"{s['reviewed']:,}",
            _percent(s["reviewed"] / s["size"]) if s["size"] else "",
            f"{s['errors']:,}",
            f"{s['skipped'] + s['unsettled'] + s['unreviewed']:,}",
        )
        for s in sorted(found.strata, key=lambda s: list(_BANDS).index(s["name"]) if s["name"] in _BANDS else 9)
    )
    bound = found.shipped_error or found.teacher_error
    return Section(
        "What was sampled, and how",
        (
            f"{facts.audit:,} of {facts.population - facts.known:,} rows were drawn by chance on {facts.drawn_on}, "
            f"before anybody reviewed them, with seed {facts.seed}, so that the draw can be repeated. Within each of "
            "the groups below every row had the same chance.",
            *_some(facts.known, "more rows had been settled by a person before, and enter exactly."),
            *(() if facts.checked else ("No check had ranked the rows by risk: the groups were formed by chance.",)),
            *_some(
                facts.risk,
                f"rows were reviewed besides{' because they looked wrong' * facts.checked}; they enter no estimate.",
            ),
            *((f"Bound: {bound.method}.",) if bound else ()),
        ),
        _left_out(facts.left_out),
        DocumentTable(("group", "rows", "drawn", "chance", "wrong", "without a verdict"), rows),
    )


def _were(number: int, one: str) -> str:
    return f"{counted(number, one)} {'was' if number == 1 else 'were'}"


def _some(count: int, words: str) -> tuple[str, ...]:
    return (f"{count:,} {words}",) if count else ()


def _left_out(counts: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(
        f"Not in the release, and not in the claim about it: {n:,} rows ({_OUT.get(why, why)})."
        for why, n in counts.items()
    )


def _review(facts: CertificateFacts) -> Section:
    found = facts.certificate
    reviewers = tuple((r.name, f"{r.answers:,}", r.first, r.last) for r in facts.reviewers)
    return Section(
        "Who reviewed, and how",
        (
            f"{facts.blind:,} of the {facts.audit:,} drawn rows were shown without the label under review. An answer "
            "that differs from a hidden label counts only after another look, or a final word, says the same. "
            f"{facts.looked_twice:,} drawn rows were looked at more than once.",
            f"{_were(found.errors_found, 'drawn row')} wrong. In all {_were(found.errors_fixed, 'error')} found, and "
            f"corrected or left out. {counted(found.skipped)} could not be judged, which counts as wrong in the upper "
            "bound and as right in the lower.",
            "Whoever rejects a label does not settle the row alone where others review."
            + (
                f" Here the same person rejected and settled {facts.alone:,} of the drawn rows, and nobody else said "
                "the same."
                if facts.alone
                else ""
            ),
        ),
        (),
        DocumentTable(("reviewer", "answers", "first", "last"), reviewers or (("nobody yet", "0", "", ""),)),
    )


def _not_claimed(facts: CertificateFacts) -> Section:
    found = facts.certificate
    points = [
        "That any single label is right: the claim is about the share of wrong labels among the rows named.",
        "Anything about test rows, about rows that came after the draw, and about labels made by anybody else or "
        "changed by a group decision afterwards.",
        "That the task is the right one. Right means: as people judged the row under the task's definition above.",
        "Anything about new data, or about a model that is trained on these rows.",
        "That reviewers made no mistakes: see the next section.",
        f"Certainty. At {_level(found.confidence)} confidence, a bound made in this way is too low in at most "
        f"{_level(1 - found.confidence)} of cases.",
    ]
    if facts.unused_draws:
        others = "1 more spot-check" if facts.unused_draws == 1 else f"{facts.unused_draws:,} more spot-checks"
        points.append(
            f"That nobody chose among draws: {others} of these labels had been drawn when the review began, and nobody "
            "reviewed them. The figure holds for a draw that was not picked by the rows that came out."
        )
    if found.late_rows:
        points.append(f"{found.late_rows:,} rows came after the draw and are not covered.")
    if found.attempt > 1:
        points.append(
            f"{found.attempt - 1} earlier spot-checks did not meet the target: {', '.join(found.missed)}. That none "
            f"of the {found.attempt} attempts passes wrongly holds with {_level(found.overall_confidence)} at least."
        )
    return Section("What is not claimed", (), tuple(points))


def _sensitivity(facts: CertificateFacts) -> Section | None:
    if not facts.sensitivity:
        return None
    gold = facts.gold
    said = (
        f"Reviewers answered {gold.wrong:,} of {gold.answers:,} rows wrong whose truth was known "
        f"({_percent(gold.rate)}, at most {_most(gold.upper)} at 95 % confidence); the last line uses that bound."
        if gold
        else "Nobody measured the reviewers' own errors here. "
    )
    rows = tuple(
        (
            _percent(s.missed),
            _percent(s.flagged),
            "" if s.teacher_low is None or s.teacher_high is None
            else f"{_percent(s.teacher_low)} to {_percent(s.teacher_high)}",
            "" if s.shipped_upper is None else _most(s.shipped_upper),
        )
        for s in facts.sensitivity
    )  # fmt: skip
    return Section(
        "If reviewers err",
        (f"{said.strip()} If they accept so many of the wrong labels, and refuse so many of the right ones:",),
        (),
        DocumentTable(
            ("wrong labels accepted", "right labels refused", "teacher's error", "shipped error at most"), rows
        ),
    )


def _classes(facts: CertificateFacts) -> Section | None:
    told = [each for each in facts.by_class if each.bound is not None]
    if not told:
        return None
    few = len(facts.by_class) - len(told)
    rows = tuple((each.name, f"{each.rows:,}", f"{each.reviews:,}", f"{each.errors:,}", each.words) for each in told)
    return Section(
        "Error by class",
        (
            "Of the labels as they were drawn. Each interval holds by itself, not all of them at once."
            + (f" {few:,} classes have too few reviews for a figure." if few else ""),
        ),
        (),
        DocumentTable(("class", "rows", "reviews", "wrong", "error (interval)"), rows),
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _percent(rate: float) -> str:
    return percent(rate, 2)


def _most(bound: float) -> str:
    return at_most(bound)


def _level(confidence: float) -> str:
    return in_words(confidence)
