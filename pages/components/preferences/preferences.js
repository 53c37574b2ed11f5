// Which of two answers is better (the protocol: queue.js, put before this file; Python's half: component.py).

export default function (component) {
  return mount(component, PreferenceQueue);
}

class PreferenceQueue extends CardQueue {
  constructor(root, data) {
    super(root, data, "preference");
    this.el.rubric.textContent = data.rubric || "This task has no rubric yet.";
    this.el.review.classList.toggle("code", ["sql", "extraction"].includes(data.kind));
    this.marked = true;
  }

  show(card) {
    const { el } = this;
    el.noter.hidden = true;
    el.note.value = "";
    this.say("hint", "");
    el.text.textContent = card?.item.text ?? "";
    el.text.scrollTop = 0;
    el.sides.hidden = !card;
    this.drawSides();
    for (const name of ["left", "right", "tie", "skip", "note"]) this.root.querySelector(`[data-do=${name}]`).disabled = !card;
    if (this.root.activeElement) el.card.focus({ preventScroll: true });
  }

  drawSides() {
    const item = this.card?.item;
    const parts = item ? wordDiff(item.left, item.right) : [];
    for (const [side, own] of [["left", "gone"], ["right", "new"]]) {
      const shown = parts.filter(({ kind }) => kind === "same" || kind === own);
      this.el[side].replaceChildren(...shown.map(({ kind, text }) =>
        Object.assign(document.createElement(this.marked && kind === own ? "mark" : "span"), { textContent: text })));
      this.el[side].scrollTop = 0;
    }
  }

  status() {
    const { unsaved, left } = this.drawProgress();
    if (this.card) return;
    this.el.text.textContent = unsaved ? "Saving your last answers…" : left > 0 ? "Nothing is open for you now: others hold the rest." : "All caught up. `curator pairs build` makes pairs of the answers.";
  }

  command(name) {
    if (name === "undo") return this.undo();
    if (name === "help") {
      this.el.helpPanel.hidden = !this.el.helpPanel.hidden;
      return this.el.helpButton.setAttribute("aria-expanded", String(!this.el.helpPanel.hidden));
    }
    if (name === "marks") {
      this.marked = !this.marked;
      this.el.marks.setAttribute("aria-pressed", String(this.marked));
      return this.drawSides();
    }
    if (!this.card) return undefined;
    if (name === "note") {
      this.el.noter.hidden = false;
      return this.el.note.focus();
    }
    return name === "skip" ? this.decide("skip") : this.decide("prefer", name);
  }

  boxes() {
    return [[this.el.text], [this.el.left, this.el.right]];
  }

  key(event) {
    if (foreign(event) || (event.key === "Enter" && onButton(event))) return false;
    const names = { 1: "left", ArrowLeft: "left", 2: "right", ArrowRight: "right", t: "tie", s: "skip", u: "undo", n: "note", d: "marks", "?": "help" };
    const name = names[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!name || (event.shiftKey && event.key.startsWith("Arrow"))) return false;
    this.command(name);
    return true;
  }

  fieldKey(event, field) {
    if (field !== this.el.note || !["Enter", "Escape"].includes(event.key) || event.isComposing) return false;
    if (event.key === "Escape") {
      this.el.note.value = "";
      this.el.noter.hidden = true;
    }
    this.el.card.focus();
    return true;
  }
}
