"""The gates of a release: what must hold, what was found, and why. `passed` None: not demanded, or not known."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

import polars as pl

from curator.records import Split, SplitTruth
from curator.release.encoding import parquet_lines
from curator.release.manifest import CertificateFact, ReleaseGate
from curator.release.validation import validate_lines
from curator.statistics import percent
from curator.text import SameText, same_text


def certificate_gate(
    certificate: CertificateFact | None, *, raw_labels: bool, target: float | None, why_none: str
) -> ReleaseGate:
    """Whether the labels are as good as promised; demanded only where there is a target.

    Args:
        certificate: Of exactly the rows to be released, or None.
        raw_labels: The release carries the teacher's raw labels: the certificate is about those, and where there is
            no target nothing is said to have passed.
        target: Highest error, 0..1, or None.
        why_none: Why there is no certificate.
    """
    demanded = None if target is None else False
    if certificate is None:
        return ReleaseGate("certificate", demanded, why_none)
    why = "; ".join(certificate.reasons)
    shipped = certificate.shipped_error
    if target is not None and shipped and shipped.upper_one_sided > target:
        own = "" if certificate.target == target else f"; the dataset's own target is {percent(target, 2)}"
        return ReleaseGate("certificate", False, why + own)
    if target is None and raw_labels:
        return ReleaseGate("certificate", None, why)
    return ReleaseGate("certificate", certificate.status == "CERTIFIED" or demanded, why)


def reviewed_gate(truth: SplitTruth) -> ReleaseGate:
    """Whether each row of the frozen test split has an answer that people settled.

    It fails while rows that somebody has looked at are not settled: they are the hard ones, and without them the
    version's test rows are easier than the split. Rows that nobody has looked at leave it open, and give no verdict.
    """
    if not truth.rows:
        return ReleaseGate("test_reviewed", None, "there is no test split: nothing can be evaluated on this version")
    passed = False if truth.contested else None if truth.waiting else True
    return ReleaseGate("test_reviewed", passed, truth.sentence())


def leak_gate(
    rows: Mapping[Split, pl.DataFrame],
    *,
    form: Callable[[str], Hashable],
    detector: str,
    query: Callable[[str], str | None] | None = None,
) -> ReleaseGate:
    """Looks at the rows as they go out (columns text, context, value), beside the split that already kept them apart.

    Args:
        rows: By split; what is held out is compared with train, and validation with test.
        form: What two texts of one input share.
        detector: How the split kept them apart, in words.
        query: What two answers of one query share, or None for an answer that is no query; without it answers are not
            compared.
    """
    compared: tuple[tuple[Split, Split], ...] = (("test", "train"), ("validation", "train"), ("validation", "test"))
    for split, beside in compared:
        held, other = rows.get(split), rows.get(beside)
        if held is None or other is None:
            continue
        if said := _shared(held, other, f"of {split}", f"in {beside}", form, query):
            return ReleaseGate("leak", False, said)
    held_out = "test or validation" if "validation" in rows else "test"
    return ReleaseGate("leak", True, f"no row of {held_out} stands in train; detector: {detector}")


def _shared(
    held: pl.DataFrame,
    other: pl.DataFrame,
    whose: str,
    where: str,
    form: Callable[[str], Hashable],
    query: Callable[[str], str | None] | None,
) -> str:
    """What rows of two splits share, in words; empty where that is nothing."""
    forms = {(form(text), context) for text, context in other.select("text", "context").iter_rows()}
    both = [text for text, context in held.select("text", "context").iter_rows() if (form(text), context) in forms]
    if both:
        return f"{len(both)} rows {whose} stand {where}, the first is {both[0][:80]!r}"
    if query is None:
        return ""
    queries = {query(value) for value in other["value"] if value} - {None}
    shared = [value for value in held["value"] if value and query(value) in queries]
    if not shared:
        return ""
    return f"{len(shared)} rows {whose} have a query that stands {where}, the first is {shared[0][:80]!r}"


def contradiction_gate(train: pl.DataFrame, *, answer: Callable[[str], str] = str) -> ReleaseGate:
    """Whether one input stands in train (columns text, context, value) under two answers.

    Args:
        train: The rows.
        answer: The form that all spellings of one answer have (`curator.records.answer_form`).
    """
    values: dict[tuple[SameText, str | None], set[str]] = defaultdict(set)
    for text, context, value in train.select("text", "context", "value").iter_rows():
        values[same_text(text), context].add(answer(value))
    differing = sum(len(given) > 1 for given in values.values())
    if not differing:
        return ReleaseGate("contradictions", True, "no input stands in train with two labels")
    return ReleaseGate(
        "contradictions", None, f"{differing} inputs stand in train with more than one label; settle them"
    )


MANY = 100
"""Rows from which repeats are a pattern."""


def variety_gate(train: pl.DataFrame, *, form: Callable[[str], Hashable]) -> ReleaseGate:
    """Whether the rows of train (columns text, context) say different things: half of them at least.

    A thousand rows of forty texts pass every other gate, and a student learns the forty.

    Args:
        train: The rows.
        form: What two texts of one input share.
    """
    counts = Counter((form(text), context) for text, context in train.select("text", "context").iter_rows())
    said = f"{train.height:,} rows of train hold {len(counts):,} different inputs"
    if train.height < MANY or 2 * len(counts) >= train.height:
        return ReleaseGate("variety", True, said)
    (_, most), *_ = counts.most_common(1)
    way = "exclude the repeats (`curator findings --kind exact_duplicate`), or waive this gate"
    return ReleaseGate("variety", False, f"{said}, the most frequent one {most:,} times; {way}")


TEMPLATED = 0.1
"""Share of held-out rows that may share a template with train. In the published splits of Banking77 it is 4.1 %, in
those of CLINC150 3.7 %."""
Template = tuple[str, str | None]
"""What rows are made from: the form of a text, and the context that it stands in."""


def template_gate(train: Sequence[Template | None], held: Mapping[str, Sequence[Template | None]]) -> ReleaseGate:
    """Whether held-out rows are made from a template that train rows are made from too.

    It fails where that is more than a tenth of the rows of a split, in a version of a hundred rows or more.

    Args:
        train: The template of each row of train; None for a row that has none.
        held: The same of test and, where there is one, of validation.
    """
    trained = set(train) - {None}
    total = len(train) + sum(map(len, held.values()))
    told: list[str] = []
    passed: bool | None = True
    for split, made in held.items():
        shared = [template for template in made if template is not None and template in trained]
        if not shared:
            continue
        ((form, _), rows), *_ = Counter(shared).most_common(1)
        told.append(
            f"{len(shared):,} of {len(made):,} {split} rows share a template with train, {rows:,} of them {form[:60]!r}"
        )
        many = len(shared) > TEMPLATED * len(made) and total >= MANY
        passed = False if many or passed is False else None
    if not told:
        return ReleaseGate("templates", True, "no held-out row is made from a template of train")
    way = "a score on them says little about new inputs"
    if passed is False:
        way += (
            "; ingest with a group for each template into a new dataset, whose draw keeps templates apart, exclude the "
            "rows, or waive this gate"
        )
    return ReleaseGate("templates", passed, f"{'; '.join(told)}: {way}")


def secrets_gate(found: Mapping[str, Sequence[str]]) -> ReleaseGate:
    """Whether keys, tokens or passwords go out.

    Args:
        found: What stands where ("API key in the answer") -> the external ids of the rows.
    """
    if not found:
        return ReleaseGate(
            "secrets", True, "no key, token or password was seen in input, system prompt, tools or answer"
        )
    way = "mask them in the source, exclude the rows, or waive this gate: what is trained on can be recited"
    return ReleaseGate("secrets", False, "; ".join([*_counted(found), way]))


def content_gate(found: Mapping[str, Sequence[str]]) -> ReleaseGate:
    """Whether what a student would learn to say by mistake goes out; said, and not demanded.

    Args:
        found: What stands where ("answer_refusal") -> the external ids of the rows.
    """
    if not found:
        return ReleaseGate("content", True, "no faulty answer was seen in what goes out")
    return ReleaseGate("content", None, "; ".join([*_counted(found), "see the findings of `curator check`"]))


def personal_gate(found: Mapping[str, Sequence[str]]) -> ReleaseGate:
    """Whether personal data goes out.

    Args:
        found: What stands where ("e-mail address in the input") -> the external ids of the rows.
    """
    if not found:
        return ReleaseGate("personal_data", True, "no personal data was seen in input, system prompt, tools or answer")
    way = "mask it in the source, exclude the rows, or waive this gate with the reason why it may be trained on"
    return ReleaseGate("personal_data", False, "; ".join([*_counted(found), way]))


def _counted(found: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        f"{what}: {len(ids)} rows, {', '.join(map(repr, ids[:3]))}" + (" and others" if len(ids) > 3 else "")
        for what, ids in found.items()
    ]


def format_gate(files: Mapping[str, bytes], ids: Mapping[str, Sequence[str]] | None = None) -> ReleaseGate:
    """Whether every data file (path -> bytes) follows the rules of its format.

    Args:
        files: Path -> bytes.
        ids: Path -> the external id of the row on each line, so that a person can find it.
    """
    problems: list[str] = []
    for path, data in files.items():
        lines: Iterable[bytes] = parquet_lines(data) if path.endswith(".parquet") else data.splitlines(keepends=True)
        found = validate_lines(lines, format=path.split("/")[0], typed=path.endswith(".parquet"))
        # A short test file, or few pairs, is no fault of the format.
        bad = [p for p in found.problems if p.severity == "error" and p.rule != "too_few_rows"]
        named = (ids or {}).get(path, ())
        for p in bad[:3]:
            row = f" (row {named[p.line - 1]!r})" if 0 < p.line <= len(named) else ""
            problems.append(f"{path} line {p.line}{row}: {p.rule} at {p.path or 'the line'}, {p.hint}")
    if problems:
        return ReleaseGate("format", False, "; ".join(problems[:5]))
    return ReleaseGate(
        "format", True, f"{len(files)} files are right by our own rules; no trainer's loader has read them"
    )


def carried_gate(refused: Mapping[str, Mapping[str, Sequence[str]]]) -> ReleaseGate:
    """Whether every format can carry every row.

    Args:
        refused: Format -> what it cannot carry -> the external ids of the rows.
    """
    told = [
        f"{format} cannot carry {reason}: {len(ids)} rows, {', '.join(map(repr, ids[:5]))}"
        + (" and others" if len(ids) > 5 else "")
        for format, reasons in refused.items()
        for reason, ids in reasons.items()
    ]
    if not told:
        return ReleaseGate("carried", True, "every format carries every row whole")
    way = "leave the format out, exclude the rows, or waive this gate: they are then in the other formats alone"
    return ReleaseGate("carried", False, "; ".join([*told, way]))


def blocking(gates: Sequence[ReleaseGate], waived: Sequence[str]) -> list[str]:
    """The names of the gates that failed and are not waived."""
    return [g.name for g in gates if g.passed is False and g.name not in waived]
