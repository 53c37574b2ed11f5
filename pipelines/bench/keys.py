"""How soon after a key the next card of the review queue is drawn, in a real browser."""

import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

KEYS, EVERY_S = 100, 0.05
"""Keys and the time between two of them: faster than people read."""
NEXT_CARD_P95_MS = 20.0
PATIENCE_MS = 120_000

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


def next_card(profile: "BrowserContext", url: str) -> dict[str, Any]:
    """Skip card after card of the review page: keys with a card after them, median and 95th percentile in ms."""
    page = profile.new_page()
    try:
        page.add_init_script(_WATCH)
        page.goto(f"{url}/queue")
        page.wait_for_selector(".card[data-task-id]:not([data-task-id=''])", timeout=PATIENCE_MS)
        for _ in range(KEYS):
            page.keyboard.press("s")
            time.sleep(EVERY_S)
        page.wait_for_timeout(500)
        gaps = np.array(page.evaluate("window.gaps"), dtype=np.float64)
    finally:
        page.close()
    if not len(gaps):
        return {"keys": 0, "median_ms": None, "p95_ms": None}
    return {"keys": len(gaps), "median_ms": float(np.median(gaps)), "p95_ms": float(np.quantile(gaps, 0.95))}
