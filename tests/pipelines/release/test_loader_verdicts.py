"""Our verdict on a file is the trainers' own: 58 malformed and 31 unusual files for each format.

`tests/data/loader_verdicts.json` holds what each loader said, with its version. Those that `curator doctor --loaders`
installs are asked again here; the others (llamafactory, ms-swift, axolotl) were run by hand, each with the packages
that its import asks for beside the same environment: `PYTHONPATH=… python loader_verdicts.py FOLDER loader_script.py`.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from curator.release.validation import validate_lines
from pipelines.adapters import loaders
from tests.pipelines.release import loader_cases

TABLE = json.loads((Path(__file__).parents[2] / "data" / "loader_verdicts.json").read_text(encoding="utf-8"))
STRICTER = {
    "empty_content": "it is kept, and a student learns to say nothing, or to answer nothing",
    "system_not_first": "it is kept in place; the chat templates of many base models refuse it, or move it",
    "bad_weight": "a weight that is neither 0 nor 1 is ignored, or read as true",
    "control_characters": "a NUL is trained as it is, and ends the text for much that reads it later",
    "chat_template_marks": "the mark is trained as the end of the answer",
    "prompt_ends_with_assistant": "the turn before the answer is the assistant's, and no chat asks so",
    "missing_messages": "the turns are a text, whose JSON would be the input",
    "mixed_types": "lists among texts make the reader decode other texts that look like JSON",
    "content_not_string": "a list of parts is kept as a list, and trained as what its print is",
    "bad_role": "the role is passed to the model's template, and few know it",
    "empty_file": "it is read, and nothing is trained",
    "duplicate_key": "the last of the two counts in silence",
    "nothing_trained": "it is kept, and trains nothing",
    "bad_tool_call": "the arguments are passed on, and a model learns calls that nobody can read",
    "no_assistant": "it is kept, and trains nothing",
    "last_not_assistant": "what the user says last is trained by nobody",
}
"""Rule -> what the loader does with it: where our verdict is stricter, these rules are why, and no other."""
UNSEEN = {
    "together": "its client reads JSON objects on lines and nothing in them; the service says the rest after the upload"
}
CASES = [(format, case) for format, each in TABLE.items() for case in each["cases"]]


def errors(format, data):
    found = validate_lines(data.splitlines(keepends=True), format=format)
    return {p.rule for p in found.problems if p.severity == "error" and p.rule != "too_few_rows"}


@pytest.fixture(scope="module")
def files():
    return {format: loader_cases.files(format) for format in [*TABLE, "openai"]}


@pytest.mark.parametrize(("format", "case"), CASES)
def test_our_verdict_is_the_loaders_or_stricter_for_a_stated_reason(format, case, files):
    verdict, ours = TABLE[format]["cases"][case], errors(format, files[format][case])
    if verdict != "kept":
        assert ours, f"{format} {verdict}, and we call it valid"
    elif format not in UNSEEN:
        assert ours <= set(STRICTER), f"{format} keeps it, and we refuse it for {ours}"


def test_the_table_has_forty_malformed_and_twenty_unusual_files():
    malformed = {**loader_cases.MALFORMED_ROWS, **loader_cases.MALFORMED_BYTES}
    unusual = {**loader_cases.UNUSUAL_ROWS, **loader_cases.UNUSUAL_BYTES}
    assert (len(malformed) >= 40, len(unusual) >= 20) == (True, True)
    for format, each in TABLE.items():
        assert set(each["cases"]) == {*malformed, *unusual}
        kept = sum(each["cases"][case] == "kept" for case in unusual)
        assert kept >= 20, f"{format} keeps {kept} of the unusual files"


OPENAI_REFUSES = {"an own key in every row", "an own key in one row", "one row", "a blank line at the end",
                  "a blank line in the middle", "a byte order mark"}  # fmt: skip
"""Of the unusual files; by its guides (fields, ten examples at least). A mark and blank lines are our own caution."""


@pytest.mark.parametrize("case", [*loader_cases.UNUSUAL_ROWS, *loader_cases.UNUSUAL_BYTES])
def test_unusual_files_are_valid_for_openai_as_its_guides_have_them(case, files):
    found = validate_lines(files["openai"][case].splitlines(keepends=True), format="openai")
    assert found.valid == (case not in OPENAI_REFUSES)


@pytest.mark.parametrize("case", [*loader_cases.MALFORMED_ROWS, *loader_cases.MALFORMED_BYTES])
def test_malformed_files_are_refused_for_openai(case, files):
    takes = {"starts with the assistant", "two turns of the user", "two answers", "only the answer"}
    takes |= {"answers all dates", "all texts dates"}
    assert bool(errors("openai", files["openai"][case])) == (case not in takes)


@pytest.mark.slow
@pytest.mark.parametrize("format", ["trl", "together", "mistral", "tinker"])
def test_the_loaders_still_say_what_the_table_says(format, tmp_path, files):
    interpreter = sys.executable if format == "tinker" else str(loaders.python())
    if not Path(interpreter).exists():
        pytest.skip("the trainers' loaders are not installed; run `curator doctor --loaders`")
    folder = tmp_path / "files" / format
    folder.mkdir(parents=True)
    for number, data in enumerate(files[format].values()):
        (folder / f"{number:03d}.jsonl").write_bytes(data)
    script = Path(__file__).with_name("loader_verdicts.py")
    command = [interpreter, "-W", "ignore", str(script), str(folder.parent), str(loaders.SCRIPT)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, timeout=900).stdout
    found = json.loads(said.strip().splitlines()[-1])[format].values()
    now = {case: verdict.partition(":")[0] for case, verdict in zip(files[format], found, strict=True)}
    assert now == {case: verdict.partition(":")[0] for case, verdict in TABLE[format]["cases"].items()}
