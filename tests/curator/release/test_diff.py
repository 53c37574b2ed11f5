import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import DataError
from curator.records import canonical_json
from curator.release.diff import diff_manifests, verify
from curator.release.manifest import ReleasedRow, read_manifest
from curator.release.sealing import file_fact, manifest_bytes, manifest_hash, request_hash, seal
from tests.curator.manifest_parts import CARDS, DATA, make


def folder():
    manifest = seal(make(), CARDS).as_json()
    return {**DATA, **CARDS, "manifest.json": manifest_bytes(manifest)}, manifest


def problems(files, manifest, **more):
    return [(p.kind, p.path) for p in verify(files.__getitem__, files, manifest, **more)]


def test_the_same_release_has_the_same_bytes_and_reads_back_equal():
    sealed = seal(make(), CARDS)
    manifest = sealed.as_json()
    data = manifest_bytes(manifest)
    assert data == manifest_bytes(seal(make(), dict(reversed(CARDS.items()))).as_json())
    assert json.loads(data) == manifest
    assert read_manifest(json.loads(data)) == sealed
    assert manifest_hash(manifest) == hashlib.sha256(data).hexdigest()
    assert len(data.splitlines()) == len(manifest) + 2


def test_the_request_hash_ignores_number_parent_time_and_cards_and_nothing_else():
    first = make()
    again = seal(make(number=2, parent="bank@1", as_of_seq=99), CARDS)
    assert first.request_hash == again.request_hash == request_hash(again.as_json())
    others = [
        make(settings={"seed": 2}),
        make(rows={"train": [ReleasedRow("a", "1", "cash")]}),
        make(files=[file_fact("tinker/sft/train.jsonl", b"x\n", 1)]),
        make(certificate=None),
        make(pairs={}),
        make(excluded={"decided": 5}),
    ]
    hashes = {each.request_hash for each in others}
    assert len(hashes) == len(others)
    assert first.request_hash not in hashes


def test_rows_keep_their_order_and_long_labels_become_hashes():
    manifest = make(rows={"train": [ReleasedRow("z", "1", "x" * 121), ReleasedRow("a", "2", "x" * 120)]})
    assert [row.example_id for row in manifest.rows["train"]] == ["z", "a"]
    assert manifest.rows["train"][0].label == "sha256:" + hashlib.sha256(b"x" * 121).hexdigest()
    assert manifest.rows["train"][1].label == "x" * 120
    assert manifest.excluded == {"decided": 4}


def test_a_row_in_two_splits_cannot_become_a_version():
    row = ReleasedRow("a", "1", "card")
    with pytest.raises(DataError, match="is in test and again in train"):
        make(rows={"train": [row], "test": [row]})


@pytest.mark.parametrize(
    "waiver", [{"gate": "x", "who": "a", "why": "b"}, {"gate": "certified", "who": "a", "why": " "}]
)
def test_a_waiver_needs_its_gate_a_name_and_a_reason(waiver):
    with pytest.raises(DataError, match="waiver for"):
        make(waivers=[waiver])


def test_a_value_that_json_cannot_carry_is_refused():
    with pytest.raises(DataError, match="bank@1"):
        make(diversity={"share": float("nan")})


def test_an_intact_folder_has_no_problem():
    files, manifest = folder()
    assert problems(files, manifest) == []
    assert problems(files, manifest, expected_sha256=manifest_hash(manifest)) == []


@pytest.mark.parametrize("path", [*DATA, *CARDS])
def test_a_changed_a_missing_and_an_extra_file_are_named(path):
    files, manifest = folder()
    assert problems({**files, path: files[path].replace(b"{", b"[") + b" "}, manifest) == [("changed", path)]
    assert problems({each: data for each, data in files.items() if each != path}, manifest) == [("missing", path)]
    assert problems({**files, "notes.txt": b""}, manifest) == [("extra", "notes.txt")]


@given(st.sampled_from([*DATA, *CARDS, "manifest.json"]), st.data())
@settings(max_examples=100, deadline=None)
def test_no_single_changed_byte_goes_unseen(path, data):
    files, manifest = folder()
    at = data.draw(st.integers(0, len(files[path]) - 1))
    changed = bytearray(files[path])
    changed[at] ^= data.draw(st.integers(1, 255))
    assert {p for _, p in problems({**files, path: bytes(changed)}, manifest)} == {path}


def test_an_edited_manifest_is_seen_also_when_it_was_parsed_from_the_edited_file():
    files, manifest = folder()
    edited = {**manifest, "certificate": None}
    files["manifest.json"] = manifest_bytes(edited)
    assert problems(files, edited) == [("changed_manifest", "manifest.json")]
    assert problems(files, manifest) == [("changed_manifest", "manifest.json")]


def test_a_folder_rewritten_as_a_whole_is_seen_against_the_hash_kept_elsewhere():
    files, manifest = folder()
    forged = seal(make(certificate=None), CARDS).as_json()
    files["manifest.json"] = manifest_bytes(forged)
    assert problems(files, forged) == []
    expected = manifest_hash(manifest)
    assert problems(files, forged, expected_sha256=expected) == [("changed_manifest", "manifest.json")]


def test_a_manifest_that_leads_out_of_the_folder_is_not_followed():
    read = []
    manifest = seal(make(files=[file_fact("../secret", b"", 1), file_fact("/etc/passwd", b"", 1)]), {}).as_json()
    found = verify(lambda path: read.append(path) or b"", ["../secret", "/etc/passwd"], manifest)
    assert {(p.kind, p.path) for p in found} >= {("unsafe_path", "../secret"), ("unsafe_path", "/etc/passwd")}
    assert read == []


@pytest.mark.parametrize("broken", [{}, {"files": 3}, {"files": [{"path": "x"}]}, {"files": ["x"]}])
def test_a_manifest_without_a_list_of_files_is_a_problem_and_no_crash(broken):
    assert [p.kind for p in verify(lambda _: b"", [], broken)] == ["changed_manifest"]


def test_a_diff_names_each_row_that_changed_and_how():
    old = make()
    new = make(
        number=2,
        settings={"seed": 1, "release": {"formats": ["tinker", "trl"]}, "cap": 5},
        rows={
            "train": [ReleasedRow("a", "1", "cash"), ReleasedRow("d", "4", "cash")],
            "test": [ReleasedRow("c", "3", "card")],
        },
        certificate=None,
        gates=[{"name": "certified", "passed": False}, {"name": "diverse", "passed": True}],
        waivers=[{"gate": "certified", "who": "Ada", "why": "a trial"}],
    )
    diff = diff_manifests(old, new)
    assert (diff.old, diff.new) == ("bank@1", "bank@2")
    assert diff.added == (ReleasedRow("d", "4", "cash"),)
    assert diff.removed == (ReleasedRow("b", "2", "cash"),)
    assert [(each.external_id, each.old, each.new) for each in diff.relabelled] == [("1", "card", "cash")]
    assert (diff.moved, diff.unchanged) == ((), 1)
    assert diff.labels == {"card": (2, 1), "cash": (1, 2)}
    assert diff.settings == {"cap": (None, 5), "release.formats": (["tinker"], ["tinker", "trl"])}
    assert diff.gates == {"certified": (True, False), "diverse": (None, True)}
    assert diff.certificate == {"status": ("CERTIFIED", "UNCERTIFIED"), "upper_one_sided": (0.018, None)}


ROWS = st.dictionaries(
    st.sampled_from("abcdefgh"), st.tuples(st.sampled_from(["train", "test"]), st.sampled_from("xyz")), max_size=8
)


@given(ROWS, ROWS)
@settings(max_examples=100, deadline=None)
def test_a_diff_accounts_for_every_row_and_its_reverse_is_the_reverse(one, other):
    def version(rows):
        sides = {
            split: [ReleasedRow(i, i, v) for i, (s, v) in rows.items() if s == split] for split in ("train", "test")
        }
        return make(rows=sides)

    diff, back = diff_manifests(version(one), version(other)), diff_manifests(version(other), version(one))
    changed = {each.example_id for each in (*diff.relabelled, *diff.moved)}
    assert len(diff.removed) + len(changed) + diff.unchanged == len(one)
    assert len(diff.added) + len(changed) + diff.unchanged == len(other)
    assert (diff.added, diff.removed) == (back.removed, back.added)
    assert [replace(each, old=each.new, new=each.old) for each in diff.moved] == list(back.moved)
    assert (diff.unchanged == len(one) == len(other)) == (one == other)


def test_canonical_json_does_not_depend_on_the_order_of_keys():
    assert canonical_json({"b": 1, "a": 2}) == canonical_json({"a": 2, "b": 1}) == b'{"a":2,"b":1}'
