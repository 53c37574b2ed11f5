"""How many rows test: asked as long as nothing is frozen."""

import streamlit as st

from storage.dataset import examples
from storage.engine.store import Store

USUAL = 0.2


def test_share(store: Store, dataset: str) -> float:
    """Draw the field, where it still matters, and return the share of rows that test, 0..1."""
    if examples.is_frozen(store, dataset):
        return USUAL  # rows that are assigned stay where they are
    help_text = "Frozen once and for good by the first spot-check or release. Rows that came with a split keep it."
    return float(st.number_input("Rows that test, %", 0, 90, round(100 * USUAL), help=help_text)) / 100
