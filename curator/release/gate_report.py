"""The gates of a version or a training file as a pipeline reads them: JUnit XML, a summary in Markdown."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

from curator.records import GateRules
from curator.release.diff import FileProblem
from curator.release.manifest import Manifest
from curator.release.validation import Validation

GateStanding = Literal["passed", "failed", "waived", "open"]
"""`open` is what is not demanded, or cannot be known."""
MARKS: dict[GateStanding, str] = {"passed": "✅", "failed": "❌", "waived": "⚠️", "open": "➖"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FILES, MAX_ERROR = "files", "max_error"


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate as it stands.

    Attributes:
        name: Of the gate.
        standing: How it stands.
        why: What was found; for a waiver by whom and why too.
    """

    name: str
    standing: GateStanding
    why: str


def gates_of_version(manifest: Manifest, problems: Sequence[FileProblem], rules: GateRules) -> tuple[GateResult, ...]:
    """Every gate of a version: its files as hashed, what its manifest says of each gate, and the rules'."""
    broken = "; ".join(f"{each.path}: {each.hint}" for each in problems[:10])
    files = GateResult(FILES, "failed" if problems else "passed", broken or f"{len(manifest.files)} files as released")
    stated = _stated(manifest, rules)
    missing = [
        GateResult(name, "failed", "required, and this version has no such gate")
        for name in rules.required
        if name not in {each.name for each in stated}
    ]
    return (files, *stated, *missing, *_error(manifest, rules))


def _stated(manifest: Manifest, rules: GateRules) -> list[GateResult]:
    waived = {each.gate: each for each in manifest.waivers}
    found = []
    for gate in manifest.gates:
        standing: GateStanding = "passed" if gate.passed else "open" if gate.passed is None else "failed"
        why = gate.why
        if standing == "failed" and (waiver := waived.get(gate.name)):
            why = f"{gate.why}; waived by {waiver.who}: {waiver.why}"
            standing = "failed" if gate.name in rules.no_waiver else "waived"
        if gate.name in rules.required and standing in ("open", "waived"):
            why, standing = f"required, and {standing}: {why}", "failed"
        found.append(GateResult(gate.name, standing, why))
    return found


def _error(manifest: Manifest, rules: GateRules) -> list[GateResult]:
    if rules.max_error is None:
        return []
    bound = manifest.certificate.shipped_error if manifest.certificate else None
    if bound is None:
        return [GateResult(MAX_ERROR, "failed", f"the error was not measured; at most {rules.max_error:g} is demanded")]
    upper = float(bound.upper_one_sided)
    why = f"the error is at most {upper:.6g} at {bound.confidence:g} confidence; {rules.max_error:g} is demanded"
    return [GateResult(MAX_ERROR, "passed" if upper <= rules.max_error else "failed", why)]


def gates_of_file(found: Validation, format: str) -> tuple[GateResult, ...]:
    """A training file against a format: whether it is valid, and what each rule found; a warning fails nothing."""
    by_rule: dict[str, list[str]] = {}
    errors = {each.rule for each in found.problems if each.severity == "error"}
    for each in found.problems:
        by_rule.setdefault(each.rule, []).append(f"line {each.line} at {each.path}: {each.hint}")
    whole = GateResult(format, "passed" if found.valid else "failed", f"{found.rows:,} {found.stage} rows")
    rules = (
        GateResult(
            f"{format}: {rule}",
            "failed" if rule in errors else "open",
            f"{found.counts[rule]:,} times; " + "; ".join(said[:5]),
        )
        for rule, said in by_rule.items()
    )
    return (whole, *rules)


def as_junit(suites: Mapping[str, Sequence[GateResult]]) -> str:
    """JUnit XML as Jenkins, GitLab and GitHub's actions read it: a suite for each subject, a case for each gate.

    A waived or open gate is a skipped case with its reason. Characters that XML 1.0 cannot hold become U+FFFD.
    """
    root = ET.Element("testsuites", name="curator gate")
    for subject, results in suites.items():
        counts = {standing: sum(each.standing == standing for each in results) for standing in MARKS}
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_xml(subject),
            tests=str(len(results)),
            failures=str(counts["failed"]),
            errors="0",
            skipped=str(counts["waived"] + counts["open"]),
        )
        for each in results:
            case = ET.SubElement(suite, "testcase", classname=_xml(subject), name=_xml(each.name), time="0")
            if each.standing == "failed":
                ET.SubElement(case, "failure", message=_xml(each.why), type="gate").text = _xml(each.why)
            elif each.standing in ("waived", "open"):
                ET.SubElement(case, "skipped", message=_xml(f"{each.standing}: {each.why}"))
            else:
                ET.SubElement(case, "system-out").text = _xml(each.why)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def as_summary(suites: Mapping[str, Sequence[GateResult]]) -> str:
    """A table for each subject, in GitHub's Markdown; what rows or people wrote is shown as it is, never as markup."""
    parts = []
    for subject, results in suites.items():
        bad = sum(each.standing == "failed" for each in results)
        parts.append(f"### {_cell(subject)}: {f'{bad} of {len(results)} gates failed' if bad else 'all gates hold'}\n")
        parts.append("| | gate | what was found |\n|---|---|---|")
        parts += [
            f"| {MARKS[each.standing]} {each.standing} | {_cell(each.name)} | {_cell(each.why)} |" for each in results
        ]
        parts.append("")
    return "\n".join(parts) + "\n"


def _cell(text: str) -> str:
    plain = "".join(f"&#{ord(sign)};" if sign in "&<>|`*_[]()!#~\\@:" else sign for sign in text)
    return " ".join(plain.split())
