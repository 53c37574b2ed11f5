"""Files that the real tools wrote come in by one command, under the row's own id, with what each person said."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.runtime.settings import load
from storage.dataset import attempts, examples, labels
from storage.engine.store import Store
from storage.review import reviews
from storage.views.current import current
from tests.cli.command import Curator
from tests.templates import copy_of

FILES = Path(__file__).parent.parent / "data" / "formats"
TASKS = {
    "tickets": 'name = "t"\n[labels]\nrefund = "money back"\ndelivery = "where"\naccount = "log in"\n',
    "names": 'name = "t"\nkind = "extraction"\nschema = """{"type": "object", "properties": {"PER": {"type": "array", '
    '"items": {"type": "string"}}, "ORG": {"type": "array", "items": {"type": "string"}}}}"""\n',
    "queries": 'name = "t"\nkind = "text"\n',
}
Opens = Callable[[str], Curator]
U1, U2 = (f"00000000-0000-0000-0000-00000000000{n}" for n in (1, 2))


@pytest.fixture
def opens(tmp_path: Path) -> Opens:
    def make(task: str) -> Curator:
        def template(folder: Path) -> None:
            made = Curator(folder / "p")
            made.ok("init")
            (folder / "t.toml").write_text(TASKS[task])
            made.ok("dataset", "create", "t", "--task", folder / "t.toml")

        copy_of(("annotations", task), template, tmp_path)
        return Curator(tmp_path / "p")

    return make


def store_of(curator: Curator) -> Store:
    return load(Path(curator.project)).store


def said(curator: Curator) -> dict[str, list[tuple[str, str, str | None]]]:
    """Row's own id -> each person's word: who, verdict, value or the label that was rejected."""
    store = store_of(curator)
    frame = reviews.frame(store, "t")
    names = examples.external_ids(store, frame["example_id"].to_list())
    found: dict[str, list[tuple[str, str, str | None]]] = {}
    for row in frame.iter_rows(named=True):
        value = row["proposed"] if row["verdict"] == "reject" else row["value"]
        verdict = "edit" if row["verdict"] == "accept" else row["verdict"]
        found.setdefault(names[row["example_id"]], []).append((row["reviewer"], verdict, value))
    return found


def machines(curator: Curator) -> dict[str, list[tuple[str, str, float | None]]]:
    """Row's own id -> the labels of models: who, value, score."""
    store = store_of(curator)
    frame = labels.frame(store, "t").filter(labels.frame(store, "t")["kind"] != "human")
    names = examples.external_ids(store, frame["example_id"].to_list())
    found: dict[str, list[tuple[str, str, float | None]]] = {}
    for row in frame.iter_rows(named=True):
        found.setdefault(names[row["example_id"]], []).append((row["labeler"], row["value"], row["confidence"]))
    return found


def rows(curator: Curator) -> list[str]:
    return examples.frame(store_of(curator), "t")["external_id"].to_list()


def take(curator: Curator, *files: str) -> dict[str, Any]:
    """Read files twice: the second time adds nothing."""
    report: dict[str, Any] = curator.ok("ingest", *(FILES / file for file in files))
    before = (rows(curator), said(curator), machines(curator), attempts.frame(store_of(curator), "t").height)
    again = curator.ok("ingest", *(FILES / file for file in files))
    assert (again["added"], again["labels_added"]) == (0, 0)
    assert before == (rows(curator), said(curator), machines(curator), attempts.frame(store_of(curator), "t").height)
    return report


def test_label_studio_json_keeps_ids_people_skips_and_predictions(opens: Opens) -> None:
    curator = opens("tickets")
    take(curator, "label_studio/tickets.json")
    assert rows(curator) == ["t-1", "t-2", "t-3", "t-4", "t-5"]
    assert said(curator) == {
        "t-1": [("1", "edit", "delivery"), ("2", "edit", "account")],
        "t-2": [("1", "edit", "refund"), ("2", "edit", "refund")],
        "t-3": [("1", "edit", "account")],
        "t-4": [("1", "skip", None), ("2", "skip", None)],
    }
    assert machines(curator) == {
        "t-1": [("gpt-5-mini", "delivery", 0.91)],
        "t-2": [("gpt-5-mini", "refund", 0.75)],
        "t-3": [("gpt-5-mini", "delivery", 0.4)],
    }
    now = {
        row["external_id"]: (row["value"], row["out"]) for row in current(store_of(curator), "t").iter_rows(named=True)
    }
    assert now["t-1"][1] == "disputed"
    assert now["t-3"] == ("account", None)
    disputed = curator.ok("review", "disputed", "--dataset", "t")
    assert [row["external_id"] for row in disputed["rows"]] == ["t-1"]


def test_label_studios_flat_forms_have_no_skips_and_json_min_no_ids(opens: Opens, tmp_path: Path) -> None:
    curator = opens("tickets")
    take(curator, "label_studio/tickets.csv")
    assert said(curator)["t-1"] == [("2", "edit", "account"), ("1", "edit", "delivery")]
    assert rows(curator) == ["t-1", "t-2", "t-3", "t-5"], "a skipped task is in neither flat form"


def test_json_min_has_the_tools_own_numbers_which_is_said(opens: Opens) -> None:
    curator = opens("tickets")
    report = take(curator, "label_studio/tickets-min.json")
    assert not set(rows(curator)) & {"t-1", "t-2"}
    assert any("task number in place of the row's own id" in note for note in report["notes"])


@pytest.mark.parametrize("file", ["names.json", "names.csv"])
def test_label_studios_spans_are_an_extraction_also_behind_an_emoji(opens: Opens, file: str) -> None:
    curator = opens("names")
    report = take(curator, f"label_studio/{file}")
    assert report["rejected"] == 0
    assert said(curator) == {
        "n-1": [("1", "edit", '{"PER":["Zoë Müller"],"ORG":["🍎 Foods AG"]}')],
        "n-2": [("1", "edit", '{"PER":[],"ORG":[]}')],
        "n-3": [("2", "edit", '{"PER":["Ana Lopez"],"ORG":[]}')],
    }
    assert any("UTF-16" in note for note in report["notes"])


def test_a_text_that_somebody_wrote_in_label_studio_is_an_answer(opens: Opens) -> None:
    curator = opens("queries")
    take(curator, "label_studio/answers.json")
    assert said(curator) == {"q-1": [("1", "edit", "SELECT region, SUM(sales) FROM s GROUP BY region")]}


def test_a_rejected_label_of_prodigy_is_no_label_and_an_ignored_row_a_skip(opens: Opens) -> None:
    curator = opens("tickets")
    take(curator, "prodigy/textcat-binary.jsonl")
    assert rows(curator) == ["t-1", "t-2", "t-3", "t-4"]
    assert said(curator) == {
        "t-1": [("tickets-ana", "edit", "delivery"), ("tickets-ben", "reject", "delivery")],
        "t-2": [("tickets-ana", "edit", "refund")],
        "t-3": [("tickets-ana", "reject", "refund")],
        "t-4": [("tickets-ana", "skip", None)],
    }
    assert machines(curator) == {"t-1": [("Prodigy model", "delivery", 0.91)]}
    shipped = current(store_of(curator), "t").filter(current(store_of(curator), "t")["out"].is_null())
    assert shipped["external_id"].to_list() == ["t-2"]


def test_prodigys_choices_and_spans(opens: Opens) -> None:
    curator = opens("tickets")
    take(curator, "prodigy/choice.jsonl")
    words = {row: [word[1:] for word in words] for row, words in said(curator).items()}
    assert words == {"t-1": [("edit", "delivery")], "t-2": [("skip", None)], "t-3": [("reject", "account")]}


def test_prodigys_spans_and_a_text_without_any(opens: Opens) -> None:
    curator = opens("names")
    take(curator, "prodigy/ner-manual.jsonl")
    assert said(curator)["n-3"] == [("names-ana", "edit", '{"PER":["Ana Lopez"],"ORG":[]}')]
    assert said(curator)["n-2"] == [("names-ana", "edit", '{"PER":[],"ORG":[]}')]
    assert said(curator)["n-1"][0][1] == "reject"


def test_doccanos_lines_and_an_empty_list_is_no_label(opens: Opens) -> None:
    curator = opens("tickets")
    report = take(curator, "doccano/classification-all.jsonl")
    assert [words[0][2] for words in said(curator).values()] == ["delivery", "refund", "account"]
    assert any("empty list" in note for note in report["notes"])
    assert reviews.frame(store_of(curator), "t")["note"].to_list() == [None, "order number is masked", None]


@pytest.mark.parametrize("file", ["spans.jsonl", "spans-relations.jsonl"])
def test_doccanos_spans_in_both_forms(opens: Opens, file: str) -> None:
    curator = opens("names")
    take(curator, f"doccano/{file}")
    assert {row: words[0][2] for row, words in said(curator).items()} == {
        "n-1": '{"PER":["Zoë Müller"],"ORG":["🍎 Foods AG"]}',
        "n-3": '{"PER":["Ana Lopez"],"ORG":[]}',
    }


@pytest.mark.parametrize("file", ["records-2-flat.jsonl", "feedback-1.jsonl"])
def test_argillas_responses_with_their_status(opens: Opens, file: str) -> None:
    curator = opens("tickets")
    take(curator, f"argilla/{file}")
    assert said(curator) == {
        "t-1": [(U1, "edit", "delivery"), (U2, "edit", "account")],
        "t-2": [(U1, "edit", "refund")],
        "t-3": [(U1, "skip", None)],
    }
    assert [name for name, _, _ in machines(curator)["t-1"]] == ["gpt-5-mini"]
    assert rows(curator) == ["t-1", "t-2", "t-3", "t-4"]


def test_argillas_to_json_has_dropped_the_status_which_is_said(opens: Opens) -> None:
    curator = opens("tickets")
    report = take(curator, "argilla/records-2.json")
    assert any("drops the status" in note for note in report["notes"])


def test_argilla_1_records_with_their_agents(opens: Opens) -> None:
    curator = opens("tickets")
    take(curator, "argilla/textclassification-1.jsonl")
    assert said(curator) == {"t-1": [("ana", "edit", "delivery")], "t-2": [("ana", "skip", None)]}
    assert machines(curator) == {"t-1": [("gpt-5-mini", "delivery", 0.9)], "t-3": [("gpt-5-mini", "account", 0.4)]}


def test_ground_truth_tells_people_from_machines(opens: Opens) -> None:
    curator = opens("tickets")
    report = take(curator, "ground_truth/classification.jsonl")
    assert said(curator) == {"t-1": [("tickets", "edit", "delivery")]}
    assert machines(curator) == {"t-2": [("tickets", "refund", 0.61)]}
    assert any("timed out" in note for note in report["notes"])


def test_tokens_with_tags_and_spacys_documents(opens: Opens) -> None:
    curator = opens("names")
    report = take(curator, "tokens/two-columns.conll", "tokens/spacy-docs.jsonl")
    assert (report["added"], report["rejected"]) == (4, 0)
    values = Counter(labels.frame(store_of(curator), "t")["value"].to_list())
    assert values == {
        '{"PER":["Ana Lopez"],"ORG":[]}': 1,
        '{"PER":[],"ORG":["EU"]}': 1,
        '{"PER":["Zoë Müller"],"ORG":["🍎 Foods AG"]}': 1,
        '{"PER":[],"ORG":[]}': 1,
    }


def test_a_docbin_is_refused_with_what_to_do(opens: Opens) -> None:
    answer = opens("names")("ingest", FILES / "tokens/docbin.spacy")
    assert answer.code == 2
    assert "doc.to_json()" in answer.json["error"]


@pytest.mark.parametrize(
    ("requests", "results", "statuses"),
    [
        ("openai-chat-requests", "openai-chat-results",
         {"answered": 2, "refused": 1, "truncated": 1, "failed": 2, "empty": 1, "filtered": 1}),
        ("openai-responses-requests", "openai-responses-results", {"answered": 2, "refused": 1, "truncated": 1}),
        ("openai-chat-requests", "vllm-results", {"answered": 2, "truncated": 1, "failed": 1}),
        ("anthropic-requests", "anthropic-results", {"answered": 2, "refused": 1, "truncated": 1, "failed": 3}),
        ("gemini-requests", "gemini-results", {"answered": 2, "filtered": 2, "truncated": 1, "failed": 1}),
        ("bedrock-requests", "bedrock-results", {"answered": 2, "truncated": 1, "failed": 1}),
        (None, "vertex-results", {"answered": 2, "failed": 1}),
    ],
)  # fmt: skip
def test_results_are_joined_by_id_and_only_an_answer_is_a_label(
    opens: Opens, requests: str | None, results: str, statuses: dict[str, int]
) -> None:
    curator = opens("tickets")
    files = [f"batches/{name}.jsonl" for name in (results, requests) if name]
    take(curator, *files)  # results first on purpose: files of rows are read before them
    made = attempts.frame(store_of(curator), "t")
    assert Counter(made["status"].to_list()) == statuses
    assert {row: found[0][1] for row, found in machines(curator).items()} == {"t-1": "delivery", "t-2": "refund"}
    assert made.filter(made["status"] == "failed")["error"].null_count() == 0
    assert curator.ok("dataset", "show", "t")["attempts"] == statuses


def test_results_alone_are_joined_to_rows_that_are_there(opens: Opens, tmp_path: Path) -> None:
    curator = opens("tickets")
    alone = curator("ingest", FILES / "batches/anthropic-results.jsonl")
    assert alone.json["by_reason"] == {"no_such_row": 7}
    own = tmp_path / "own.csv"
    own.write_text("id,text\n" + "".join(f"t-{n},my own text {n}\n" for n in range(1, 8)))
    curator.ok("ingest", own)
    take(curator, "batches/anthropic-requests.jsonl", "batches/anthropic-results.jsonl")
    assert examples.frame(store_of(curator), "t")["text"].to_list()[0] == "my own text 1"
    assert {row: found[0][1] for row, found in machines(curator).items()} == {"t-1": "delivery", "t-2": "refund"}


def test_a_file_of_two_tools_is_refused_whole(opens: Opens, tmp_path: Path) -> None:
    curator = opens("tickets")
    both = tmp_path / "both.jsonl"
    parts = ["prodigy/choice.jsonl", "batches/anthropic-results.jsonl"]
    both.write_text("".join((FILES / part).read_text() for part in parts))
    answer = curator("ingest", both)
    assert answer.code == 2
    assert "line 4" in answer.json["error"]
    assert "Anthropic" in answer.json["error"]
    assert rows(curator) == []


def test_offsets_that_do_not_fit_the_text_cost_the_row(opens: Opens, tmp_path: Path) -> None:
    curator = opens("names")
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text('{"id":"w","text":"Ask Ana.","label":[[4,70,"PER"]],"Comments":[]}\n')
    answer = curator("ingest", wrong)
    assert answer.json["by_reason"] == {"bad_span": 1}
    assert "the text has 8 characters" in answer.json["first"]["bad_span"]


def test_annotations_go_into_an_open_plan_as_reviews(opens: Opens, tmp_path: Path) -> None:
    curator = opens("tickets")
    own = tmp_path / "own.csv"
    texts = ["My parcel is three days late.", "Please refund order 118.", "I cannot log in, the café's Wi-Fi is fine."]
    body = "".join(f't-{n},"{text}",delivery\n' for n, text in enumerate(texts, start=1))
    own.write_text(f"id,text,label\n{body}t-9,not in the tool,refund\n")
    curator.ok("ingest", own, "--source", "teacher", "--labeler", "gpt")
    drawn = curator.ok("plan", "--purpose", "find", "--reviews", "4")
    plan, asked = drawn["plan"], {task["external_id"] for task in drawn["tasks"]}
    words = {"t-1": 2, "t-2": 2, "t-3": 1}
    expected = sum(count for row, count in words.items() if row in asked)
    file = FILES / "label_studio/tickets.json"
    report = curator.ok("ingest", file, "--as", "reviews", "--plan", plan)
    assert (report["plan"], report["added"]) == (plan, expected)
    assert expected
    assert report["by_reason"] == {"unknown_row": 7 - expected}, "what people said of rows that are not in the plan"
    assert rows(curator) == ["t-1", "t-2", "t-3", "t-9"], "no row comes in"
    frame = reviews.frame(store_of(curator), "t", plan=plan)
    assert frame["blind"].all(), "the tool showed no label of ours"
    accepted = frame.filter(frame["verdict"] == "accept")["value"].to_list()
    assert accepted == (["delivery"] if "t-1" in asked else [])
    assert curator.ok("ingest", file, "--as", "reviews", "--plan", plan)["added"] == 0
    assert curator("ingest", file, "--as", "reviews").code == 2
