import json
import re

import yaml

from curator.release import Look, file_fact, look, look_at_table
from curator.release.cards import readme
from curator.release.carriage import turns_of
from curator.release.croissant import croissant
from curator.release.formats import FORMATS, DpoRow, SftRow, render
from tests.curator.manifest_parts import CERTIFICATE, make


def front(card):
    _, matter, _ = card.split("---\n", 2)
    return yaml.safe_load(matter)


def test_a_certified_card_says_what_it_promises_in_plain_words():
    card = readme(make())
    assert "**CERTIFIED**" in card
    assert "With 95 % confidence, at most 1.8 % of the train labels are wrong" in card
    assert "from 400 reviewed rows" in card
    assert "| train | 2 | 1 |" in card
    assert "- 4 rows: decided" in card
    assert "curator versions verify DIR" in card


def test_an_uncertified_card_says_so_plainly():
    card = readme(make(certificate=None))
    assert "**UNCERTIFIED.** How many of these labels are wrong has not been measured." in card
    assert front(card)["tags"] == ["curator", "uncertified"]
    over = {**CERTIFICATE, "status": "UNCERTIFIED", "why": "the bound exceeds the target"}
    assert "This is not a certificate." in readme(make(certificate=over))
    assert "**INCOMPLETE.**" in readme(make(certificate={"status": "INCOMPLETE", "why": "12 tasks are open"}))


def test_the_front_matter_is_yaml_that_finds_the_files():
    matter = front(readme(make(name='odd: "name"\n- x', settings={"license": "cc-by-4.0"})))
    assert matter["pretty_name"] == 'odd: "name"\n- x'
    assert matter["license"] == "cc-by-4.0"
    assert matter["task_categories"] == ["text-classification"]
    assert matter["size_categories"] == ["n<1K"]
    (config,) = matter["configs"]
    assert config["config_name"] == "tinker-sft"
    assert {"split": "train", "path": "tinker/sft/train.jsonl"} in config["data_files"]


def config_of(**changes):
    card = readme(make(settings={"layout": 2}, **changes))
    (config,) = front(card)["configs"]
    return config


def test_a_configuration_is_named_by_the_dataset_and_its_content():
    config = config_of()
    assert re.fullmatch("bank-1-tinker-sft-[0-9a-f]{12}", config["config_name"])
    assert {"split": "train", "path": "tinker/sft/train.jsonl"} in config["data_files"]
    corrected = [file_fact("tinker/sft/train.jsonl", b"{}\n", 1)]
    names = [config_of(), config_of(name="other"), config_of(number=2), config_of(files=corrected)]
    assert len({each["config_name"] for each in names}) == 4


def test_one_folder_names_what_one_reader_loads_and_nothing_that_it_would_change():
    paths = ("tinker/sft/train.jsonl", "openai/sft/train.jsonl", "parquet/sft/train.parquet")
    files = [file_fact(path, b"{}\n", 1) for path in paths]
    looks = {path: Look({}, "messages[].content" if path.startswith("openai") else None) for path in paths}
    card = readme(make(files=files, looks=looks, settings={"layout": 2}))
    (config,) = front(card)["configs"]
    assert "tinker" in config["config_name"]
    assert "`openai/sft/train.jsonl`: `datasets` would take `messages[].content` for dates" in card
    (table,) = front(readme(make(files=files[2:], settings={"layout": 2})))["configs"]
    assert table["data_files"][0]["path"] == "parquet/sft/train.parquet"


def test_a_gate_that_is_not_demanded_is_open_and_has_not_failed():
    gates = [{"name": "certificate", "passed": None, "why": "no target"}]
    assert "- certificate open: no target" in readme(make(gates=gates, settings={"layout": 2}))


def test_a_failed_gate_shows_with_its_waiver():
    card = readme(
        make(
            gates=[{"name": "certified", "passed": False, "why": "3 % > 2 %"}],
            waivers=[{"gate": "certified", "who": "Ada", "why": "a trial run"}],
        )
    )
    assert "- certified **FAILED**: 3 % > 2 %\n  - waived by Ada, because: a trial run" in card


def test_hostile_names_stay_text():
    hostile = "<script>x</script>\n# big ![a](http://x/y.png) `|"
    card = readme(make(name=hostile, waivers=[{"gate": "certified", "who": hostile, "why": hostile}]))
    # Inside back-ticks Markdown shows everything as it is.
    body = re.sub(r"`[^`\n]+`", "", card.split("---\n", 2)[2].replace("\\`", ""))
    assert "<script>" not in body
    assert "![a](" not in body
    assert "\n# big" not in body


def test_cards_are_the_same_each_time():
    assert readme(make()) == readme(make())
    assert croissant(make()) == croissant(make())


def test_croissant_names_each_data_file_with_its_hash_and_its_real_columns():
    sft = [SftRow("e1", turns_of(*(("user", "q"), ("assistant", "a"))))]
    dpo = [DpoRow("e1", turns_of(*(("user", "q"),)), "a", "b")]
    written = dict(render(f, s, "train", sft if s == "sft" else dpo) for f in FORMATS for s in FORMATS[f].stages)
    looks = {path: (look if path.endswith("l") else look_at_table)(data) for path, data in written.items()}
    facts = [file_fact(path, data, 1) for path, data in written.items()]
    manifest = make(files=facts, looks=looks, settings={"layout": 2})
    card = croissant(manifest)
    assert json.loads(json.dumps(card)) == card
    assert {each["@id"]: each["sha256"] for each in card["distribution"]} == {
        file.path: file.sha256 for file in manifest.files
    }
    for record_set in card["recordSet"]:
        first = record_set["field"][0]
        path = (first.get("source") or first["subField"][0]["source"])["fileObject"]["@id"]
        if path.endswith(".jsonl"):
            names = [each["name"] for each in record_set["field"]]
            assert sorted(names) in (sorted(json.loads(written[path].splitlines()[0])), ["line"])
    assert len({each["@id"] for each in card["recordSet"]}) == len(written) == 22


def test_the_reasons_are_sentences_and_the_reviewers_are_named() -> None:
    given = {**CERTIFICATE, "why": ["one thing", "another"], "reviewers": ["scripted expert (answer key)"]}
    card = readme(make(certificate=given))
    assert "(one thing; another)" in card
    assert "Reviewed by scripted expert (answer key)." in card
