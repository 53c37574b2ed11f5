"""How soon after a key the next card of the review queue is drawn, in a real browser."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

KEYS, EVERY_S = 100, 0.05
"""Keys and the time between two of them: faster than people read."""
NEXT_CARD_P95_MS = 20.0
_PATIENCE_MS = 120_000

# From keydown, before the component's own listener, to the frame in which the card of another task is drawn.
_WATCH = """
window.gaps = [];
window.addEventListener('keydown', () => {
  const began = performance.now();
  const host = [...document.querySelectorAll('*')].find((e) => e.shadowRoot?.querySelector('.card'));
  const card = host?.shadowRoot.querySelector('.card');
  if (card?.dataset.taskId) new MutationObserver((_, self) => {
    self.disconnect();
    requestAnimationFrame(() => window.gaps.push(performance.now() - began));
  }).observe(card, {attributes: true, attributeFilter: ['data-task-id']});
}, true);
"""


@dataclass(frozen=True, slots=True)
class NextCard:
    """How soon the next card came.

    Attributes:
        keys: Keys that a card came after.
        median_ms, p95_ms: Milliseconds from the key to the card; None where none came.
    """

    keys: int
    median_ms: float | None
    p95_ms: float | None


def next_card(profile: "BrowserContext", url: str) -> NextCard:
    """Skip card after card of the review page."""
    page = profile.new_page()
    try:
        page.add_init_script(_WATCH)
        page.goto(f"{url}/queue")
        page.wait_for_selector(".card[data-task-id]:not([data-task-id=''])", timeout=_PATIENCE_MS)
        for _ in range(KEYS):
            page.keyboard.press("s")
            time.sleep(EVERY_S)
        page.wait_for_timeout(500)
        gaps = np.array(page.evaluate("window.gaps"), dtype=np.float64)
    finally:
        page.close()
    if not len(gaps):
        return NextCard(0, None, None)
    return NextCard(len(gaps), float(np.median(gaps)), float(np.quantile(gaps, 0.95)))
