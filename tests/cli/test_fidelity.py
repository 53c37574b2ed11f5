"""What comes in goes out unchanged: small inputs of which each once lost something, through the command line."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Answer, Curator, run
from tests.places import CASES

FIDELITY = CASES / "fidelity"
WAIVED = ("--waive", "certificate", "--waive", "test_reviewed", "--why", "a test")
pytestmark = pytest.mark.skipif(not FIDELITY.is_dir(), reason=f"no cases at {FIDELITY}")


def project(folder: Path, kind: str = "text") -> Curator:
    run("init", folder / "project")
    curator = Curator(folder / "project")
    task = folder / "task.toml"
    task.write_text(f'name = "t"\nkind = "{kind}"\n')
    curator.ok("dataset", "create", "t", "--task", task)
    return curator


def released(curator: Curator, path: str) -> dict[str, dict[str, Any]]:
    """The rows of a released file by the first text of their user."""
    (version,) = (curator.project / "releases" / "t").iterdir()
    rows = [json.loads(line) for line in (version / path).read_text(encoding="utf-8").splitlines()]
    return {_asked(row): row for row in rows}


def _asked(row: dict[str, Any]) -> str:
    said = next(m["content"] for m in row["messages"] if m["role"] == "user")
    return said if isinstance(said, str) else " ".join(part.get("text", "") for part in said)


def gate(answer: Answer, name: str) -> dict[str, Any]:
    return next(each for each in answer.json["gates"] if each["name"] == name)


def test_tool_calls_go_out_as_they_came_or_are_refused_by_row(tmp_path: Path) -> None:
    curator = project(tmp_path)
    told = curator.ok("ingest", FIDELITY / "02-tool-calls-with-text.jsonl", "--dataset", "t")
    assert told["rejected"] == 0
    held = curator("release", "t", "--format", "openai,mistral", "--test-share", "0", *WAIVED)
    assert held.code == 1
    assert "a-image" in gate(held, "carried")["why"]
    made = curator.ok("release", "t", "--format", "openai,tinker", "--test-share", "0", "--waive", "carried", *WAIVED)
    assert "a-str" in str(made["refused"]["tinker"])
    assert made["refused"].keys() == {"tinker"}
    rows = released(curator, "openai/sft/train.jsonl")
    sources = [json.loads(line) for line in (FIDELITY / "02-tool-calls-with-text.jsonl").read_text().splitlines()]
    for source in sources:
        row = rows[_asked(source)]
        trained = [turn.pop("weight", 1) for turn in row["messages"] if turn["role"] == "assistant"]
        assert trained == [0] * (len(trained) - 1) + [1]  # the answer was labelled, what came before it was not
        came = [{key: value for key, value in turn.items() if key != "weight"} for turn in source["messages"]]
        assert row["messages"] == [{"content": None, **turn} for turn in came]
        assert row.get("tools") == source.get("tools")


def test_arguments_given_as_an_object_are_json_and_no_repr(tmp_path: Path) -> None:
    curator = project(tmp_path)
    curator.ok("ingest", FIDELITY / "02-tool-calls.jsonl", "--dataset", "t")
    curator.ok("release", "t", "--format", "openai", "--test-share", "0", "--waive", "carried", *WAIVED)
    row = released(curator, "openai/sft/train.jsonl")["weather in Oslo?"]
    (call,) = row["messages"][1]["tool_calls"]
    assert json.loads(call["function"]["arguments"])["note"] == 'it\'s "cold"'
    last = released(curator, "openai/sft/train.jsonl")["weather in Quito?"]["messages"][-1]
    assert (last["content"], last["tool_calls"][0]["function"]["name"]) == ("Checking.", "get_weather")


def test_inputs_that_differ_in_their_setting_are_no_duplicates_and_no_contradictions(tmp_path: Path) -> None:
    curator = project(tmp_path)
    curator.ok("ingest", FIDELITY / "04-same-user-text.jsonl", "--dataset", "t")
    counts = curator.ok("check", "--dataset", "t")["counts"]
    assert not {"exact_duplicate", "near_duplicate", "contradiction"} & set(counts)
    plan = curator.ok("plan", "--dataset", "t", "--purpose", "find", "--reviews", "3")
    assert plan["tasks"]


@pytest.mark.parametrize("mark", ["human", "im_end", "inst", "think"])
def test_a_mark_in_an_answer_is_a_finding_by_its_row(tmp_path: Path, mark: str) -> None:
    curator = project(tmp_path)
    curator.ok("ingest", FIDELITY / f"26-answer-{mark}.jsonl", "--dataset", "t")
    curator.ok("check", "--dataset", "t")
    out = curator("findings", "--dataset", "t", "--kind", "format", "--format", "jsonl").out
    assert '"r7"' in out


def test_nul_in_an_input_is_a_finding_and_a_refused_release_names_the_row(tmp_path: Path) -> None:
    curator = project(tmp_path)
    curator.ok("ingest", FIDELITY / "25-nul-row.jsonl", "--dataset", "t")
    curator.ok("check", "--dataset", "t")
    assert '"r7"' in curator("findings", "--dataset", "t", "--kind", "format", "--format", "jsonl").out
    held = curator("release", "t", "--test-share", "0", *WAIVED)
    assert held.code == 1
    assert "row 'r7'" in gate(held, "format")["why"]


def test_answers_keep_their_type_and_an_empty_one_is_said(tmp_path: Path) -> None:
    curator = project(tmp_path)
    told = curator.ok("ingest", FIDELITY / "20-typed-answers.jsonl", "--dataset", "t")
    assert (told["added"], told["rejected"]) == (12, 0)
    notes = " ".join(told["notes"])
    assert "the answer is empty" in notes
    assert "the answer is the JSON value true" in notes
    curator.ok("release", "t", "--format", "openai", "--test-share", "0", *WAIVED)
    said = {ask: row["messages"][-1]["content"] for ask, row in released(curator, "openai/sft/train.jsonl").items()}
    assert said["how many one"] == "12"
    assert said["how many two"] == "12.0"
    assert said["big"] == "9400110200881234567890"
    assert said["obj"] == '{"b":1,"a":2}'
    assert said["none"] == "None"


def test_the_order_of_keys_of_a_json_answer_stays(tmp_path: Path) -> None:
    curator = project(tmp_path, "extraction")
    row = '{"id": 1, "text": "a bill", "label": {"reasons": "x", "amount": 12345678901234567890123, "at": 1.10}}\n'
    file = tmp_path / "rows.jsonl"
    file.write_text(row)
    curator.ok("ingest", file, "--dataset", "t")
    curator.ok("release", "t", "--format", "openai", "--test-share", "0", *WAIVED)
    answer = released(curator, "openai/sft/train.jsonl")["a bill"]["messages"][-1]["content"]
    assert answer == '{"reasons":"x","amount":12345678901234567890123,"at":1.10}'


def test_a_key_that_stands_twice_is_a_reject_by_its_line(tmp_path: Path) -> None:
    told = project(tmp_path)("ingest", FIDELITY / "07-duplicate-keys.jsonl", "--dataset", "t").json
    assert told["by_reason"] == {"duplicate_key": 3}


def test_one_annotator_is_zero(tmp_path: Path) -> None:
    curator = project(tmp_path)
    curator.ok("ingest", FIDELITY / "05-annotator-zero.jsonl", "--dataset", "t", "--map", "labeler=annotator")
    assert set(curator.ok("dataset", "show", "t")["labelers"]) == {"0", "1", "2"}


def test_every_digit_of_an_id_stays(tmp_path: Path) -> None:
    curator = project(tmp_path)
    told = curator.ok("ingest", FIDELITY / "07-big-int-ids.jsonl", "--dataset", "t")
    assert told["by_reason"] == {"duplicate_id": 3}  # 1e2, 100.0, 100 and "100" are one id
    assert told["added"] == 10


def test_a_conversation_to_judge_goes_out_as_one_turn(tmp_path: Path) -> None:
    curator = project(tmp_path)
    curator.ok("ingest", FIDELITY / "03-chat-log-classify.jsonl", "--dataset", "t")
    curator.ok("release", "t", "--format", "openai", "--test-share", "0", *WAIVED)
    asked = list(released(curator, "openai/sft/train.jsonl"))
    assert sorted(asked)[0] == "user: my parcel is late\n\nassistant: sorry, it comes Monday"


@pytest.mark.parametrize(
    ("case", "rule"),
    [("tool-orphan", "tool_orphan"), ("args-notjson", "bad_tool_call"), ("all-weight-0", "nothing_trained")],
)
def test_a_file_that_openai_refuses_is_not_valid(tmp_path: Path, case: str, rule: str) -> None:
    answer = project(tmp_path)("validate", FIDELITY / f"19-openai-{case}.jsonl", "--format", "openai")
    assert (answer.code, answer.json["valid"]) == (1, False)
    assert [(p["rule"], p["line"]) for p in answer.json["problems"] if p["severity"] == "error"] == [(rule, 11)]


@pytest.mark.parametrize(
    ("case", "trainer"),
    [
        ("lf-sharegpt", "llama-factory"),
        ("lf-alpaca", "llama-factory"),
        ("trl-implicit-prompt", "trl"),
        ("trl-text-field", "trl"),
        ("together-prompt", "together"),
    ],
)
def test_a_form_that_its_trainer_documents_is_valid(tmp_path: Path, case: str, trainer: str) -> None:
    found = project(tmp_path).ok("validate", FIDELITY / f"19-{case}.jsonl", "--format", trainer)
    assert (found["valid"], found["problems"]) == (True, [])


def test_code_signs_smileys_and_case_make_twenty_texts_of_ten_pairs(tmp_path: Path) -> None:
    curator = project(tmp_path)
    curator.ok("ingest", FIDELITY / "26-code-and-signs.jsonl", "--dataset", "t")
    counts = curator.ok("check", "--dataset", "t")["counts"]
    assert not {"exact_duplicate", "near_duplicate", "contradiction", "leak"} & set(counts)
    assert "nothing is left" not in curator("findings", "--dataset", "t", "--format", "jsonl").out  # a smiley is a text


def test_an_instruction_and_its_input_are_the_input_and_none_is_lost(tmp_path: Path) -> None:
    curator = project(tmp_path)
    file = FIDELITY / "03-alpaca.jsonl"
    sources = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    told = curator.ok("ingest", file, "--dataset", "t", "--source", "teacher")
    assert (told["added"], told["labels_added"], told["rejected"]) == (len(sources), len(sources), 0)
    curator.ok("release", "t", "--format", "openai", "--test-share", "0", *WAIVED)
    rows = released(curator, "openai/sft/train.jsonl")
    for source in sources:
        (asked,) = [ask for ask in rows if source["instruction"] in ask and source.get("input", "") in ask]
        assert rows[asked]["messages"][-1]["content"] == source["output"]


@pytest.mark.parametrize(
    ("name", "trainer", "valid"),
    [
        ("openai-tool-orphan", "openai", False),
        ("openai-args-notjson", "openai", False),
        ("openai-all-weight-0", "openai", False),
        ("lf-sharegpt", "llama-factory", True),
        ("lf-alpaca", "llama-factory", True),
        ("trl-implicit-prompt", "trl", True),
        ("trl-text-field", "trl", True),
        ("together-prompt", "together", True),
    ],
)
def test_a_file_is_valid_as_its_trainer_reads_it(tmp_path: Path, name: str, trainer: str, valid: bool) -> None:
    found = project(tmp_path)("validate", FIDELITY / f"19-{name}.jsonl", "--format", trainer)
    errors = [each for each in found.json["problems"] if each["severity"] == "error" and each["rule"] != "too_few_rows"]
    assert (errors == []) is valid, errors


def test_files_of_other_tools_are_read_as_what_they_are(tmp_path: Path) -> None:
    chats = project(tmp_path)
    told = chats.ok("ingest", FIDELITY / "24-sharegpt.jsonl", "--dataset", "t", "--source", "teacher")
    assert (told["added"], told["labels_added"], told["rejected"]) == (1, 1, 0)
    told = chats.ok("ingest", FIDELITY / "24-preference.jsonl", "--dataset", "t", "--source", "teacher")
    assert (told["added"], told["labels_added"], told["comparisons"]) == (1, 0, 1)
    classes = tmp_path / "classes"
    run("init", classes)
    (tmp_path / "ab.toml").write_text('name = "t"\nkind = "classification"\nlabels = ["a", "b"]\n')
    doccano = Curator(classes)
    doccano.ok("dataset", "create", "t", "--task", tmp_path / "ab.toml")
    told = doccano.ok("ingest", FIDELITY / "24-doccano-export.jsonl", "--dataset", "t")
    assert (told["added"], told["labels_added"], told["rejected"]) == (2, 1, 1)
    assert ":3" in next(iter(told["first"].values())) or "3" in str(told["first"])


def test_every_case_is_tried() -> None:
    names = {file.name for file in FIDELITY.iterdir()} - {"EXPECTED.md"}
    tried = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    made = {f"19-{name}.jsonl" for name in re.findall(r'\("((?:openai|lf|trl|together)-[\w-]+)",', tried)}
    made |= {f"26-answer-{mark}.jsonl" for mark in ("human", "im_end", "inst", "think")}
    assert {name for name in names - made if name not in tried} == set()
