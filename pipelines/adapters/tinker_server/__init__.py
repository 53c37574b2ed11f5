"""A local server of the Tinker protocol, for a small student on this machine.

Started by `python -m pipelines.adapters.tinker_server`, or by `pipelines.adapters.tinker.LocalTinker`.
This module imports nothing heavy.
"""


def describe() -> str:
    """What the local server is and what it does otherwise than the service, for people to read."""
    return (
        "Trained on Curator's own local server of the Tinker protocol: a small student (Qwen3 architecture, "
        "2 layers of width 128, about a million weights, a tokenizer made from your own texts) on one CPU core. "
        "The official client and the tinker-cookbook loops run unchanged. "
        "What it does otherwise than the service: it starts from random weights, not from a pretrained model; it "
        "trains all weights, not a LoRA adapter, and ignores the rank; it has the loss cross_entropy (SFT and DPO), "
        "text only, and at most 1,024 tokens; checkpoints never expire, and stay on this machine. "
        "Its scores compare datasets with each other; they say nothing about what a large model would reach."
    )
