"""A small manifest that tests change one part of."""

from curator.release import CertificateFact, ReleasedRow, ReleaseGate, Waiver, build_manifest, file_fact

DATA = {"tinker/sft/train.jsonl": b'{"messages":[]}\n' * 2, "tinker/sft/test.jsonl": b'{"messages":[]}\n'}
CARDS = {"README.md": b"# bank\n", "croissant.json": b"{}\n"}
CERTIFICATE = {
    "status": "CERTIFIED",
    "why": "the upper bound is below the target",
    "shipped_error": {
        "estimate": 0.006,
        "low": 0.002,
        "high": 0.015,
        "upper_one_sided": 0.018,
        "confidence": 0.95,
        "reviews": 400,
        "population": 3,
        "method": "Clopper-Pearson on n_eff",
    },
}


def make(**changes):
    parts = {
        "name": "bank",
        "number": 1,
        "parent": None,
        "as_of_seq": 10,
        "curator_version": "0.1.0",
        "settings": {"seed": 1, "release": {"formats": ["tinker"]}},
        "files": [file_fact(path, data, data.count(b"\n")) for path, data in DATA.items()],
        "rows": {
            "train": [ReleasedRow("a", "1", "card"), ReleasedRow("b", "2", "cash")],
            "test": [ReleasedRow("c", "3", "card")],
        },
        "pairs": {"train": ["p1"], "test": []},
        "task": {"name": "intent", "kind": "classification", "task_hash": "t", "rubric_hash": "r"},
        "teacher": {"labeler": "gpt", "version": "1", "prompt_hash": "p"},
        "splits": {"seed": 1, "test_share": 0.2, "detector": "minhash", "threshold": 0.8, "straddling": 0},
        "filters": {},
        "excluded": {"decided": 4, "leak": 0},
        "certificate": CERTIFICATE,
        "agreement": None,
        "diversity": None,
        "gates": [{"name": "certified", "passed": True, "why": "1.8 % ≤ 2 %"}],
        "waivers": [],
        "tokens": {"input": 100, "output": 9},
    }
    parts |= changes
    certificate = parts["certificate"]
    parts["certificate"] = None if certificate is None else CertificateFact.model_validate(certificate)
    parts["gates"] = [ReleaseGate(**gate) for gate in parts["gates"]]
    parts["waivers"] = [Waiver(**waiver) for waiver in parts["waivers"]]
    return build_manifest(**parts)
