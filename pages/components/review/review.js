// The review of one row after the other: choosing a label, a second look, a note (the protocol: queue.js; correcting
// an answer: answer_editor.js; both are put before this file. Python's half: component.py).

const STREAMS = {
  audit: "Random audit", risk: "Suspect row", test: "Frozen test", adjudication: "Adjudication", failure: "Student's mistake",
};

const plain = (text) => text.normalize("NFC").toLowerCase();
const bare = (text) => plain(text.normalize("NFKD").replace(/\p{M}/gu, ""));

export default function (component) {
  return mount(component, ReviewQueue);
}

class ReviewQueue extends AnswerQueue {
  constructor(root, data) {
    super(root, data, "review");
    this.seconds = []; // blind rows where reviewer and teacher disagree; a card is {second, item}
    this.el.review.classList.toggle("code", ["sql", "extraction"].includes(data.kind));
    this.buildLabels();
    this.buildRubric(data);
  }

  // ---- the queue -------------------------------------------------------------------------------------------
  merge(data, deciding) {
    super.merge(data, deciding);
    const onScreen = this.card?.second ? this.card.item.task_id : null;
    this.seconds = data.second_looks.filter((item) => !deciding.has(item.task_id) && item.task_id !== onScreen);
  }

  following() {
    const second = this.seconds.length > 0;
    const item = second ? this.seconds.shift() : this.queue.shift();
    return item ? { second, item } : null;
  }

  putBack(card) {
    (card.second ? this.seconds : this.queue).unshift(card.item);
  }

  present(card) {
    if (card && !card.second) this.seconds = this.seconds.filter((item) => item.task_id !== card.item.task_id);
    super.present(card);
  }

  refused(action, data) {
    super.refused(action, data);
    if (!this.labels.length && action.value) this.keepDraft(action.task_id, action.value);
  }

  counts(action) {
    return action.verdict === "second_look" ? 0 : super.counts(action);
  }

  // ---- decisions -------------------------------------------------------------------------------------------
  decide(verdict, value) {
    if (this.card) localStorage.removeItem(this.drafts + this.card.item.task_id);
    super.decide(this.card?.second ? "second_look" : verdict, value);
  }

  choose(label) {
    if (!this.card) return;
    this.decide(label === this.card.item.proposed ? "accept" : "edit", label);
  }

  accept() {
    if (!this.card) return;
    const { second, item } = this.card;
    if (second) this.say("hint", "A second look: K keeps your answer, T takes the teacher's, / finds another label.");
    else if (item.blind || item.proposed === null)
      this.say("hint", this.labels.length ? "This row is blind: choose a label first." : "This row is blind: press E and write the answer.");
    else this.decide("accept", item.proposed);
  }

  command(name) {
    const second = this.card?.second;
    if (name === "undo") return this.undo();
    if (name === "help") return this.toggleHelp();
    if (!this.card) return undefined;
    if (name === "near") return this.toggleNear();
    if (name === "keep" || name === "take") return second ? this.decide("second_look", name === "keep" ? this.card.item.first : this.card.item.proposed) : undefined;
    if (name === "note") return this.open("noter", "note");
    if (name === "edit") return this.labels.length ? this.pick("") : this.edit();
    if (name === "saveEdit") return this.saveEdit();
    if (name === "closeEdit") return this.leave();
    if (name === "raw") return this.switchEditor();
    if (name === "accept") return this.accept();
    if (second) return this.say("hint", "A second look: K keeps your answer, T takes the teacher's, / finds another label.");
    return this.decide(name, null); // reject, skip
  }

  // ---- the screen ------------------------------------------------------------------------------------------
  show(card) {
    const { el } = this;
    const item = card?.item;
    this.closePanels();
    this.closeNear();
    el.note.value = "";
    this.say("hint", "");
    el.card.dataset.second = String(Boolean(card?.second));
    el.stream.textContent = item ? (card.second ? "Second look" : STREAMS[item.stream] ?? item.stream) : "";
    // The badge says it already.
    const badge = `${el.stream.textContent.toLowerCase()}: `;
    el.why.textContent = !item ? "" : item.why.toLowerCase().startsWith(badge) ? item.why.slice(badge.length) : item.why;
    el.text.textContent = item ? item.text : "";
    for (const box of [el.text, el.proposed, el.secondDiff]) box.scrollTop = 0;
    const visible = Boolean(item) && item.proposed !== null && !this.labels.includes(item.proposed) || Boolean(card?.second);
    el.proposal.hidden = !visible;
    el.proposalName.textContent = "The teacher's answer";
    el.proposed.textContent = visible ? this.readable(item.proposed ?? "") : "";
    el.second.hidden = !card?.second;
    const texts = Boolean(card?.second) && !this.labels.length;
    el.secondText.textContent = !card?.second ? "" : texts ? "Your answer is not the teacher's. Please look again, or press E and correct yours."
      : `You said: ${item.first}. The teacher said: ${item.proposed}. Please look again.`;
    el.secondDiffBox.hidden = !texts;
    if (texts) drawDiff(el.secondDiff, this.readable(item.proposed), this.readable(item.first));
    for (const button of el.labels.children) {
      const shown = Boolean(item) && button.dataset.label === item.proposed;
      button.classList.toggle("shown", shown);
      button.setAttribute("aria-description", shown ? "the teacher's label" : "");
    }
    for (const button of this.root.querySelectorAll("[data-do=accept], [data-do=reject], [data-do=skip]")) button.disabled = !item || Boolean(card.second);
    if (item && item.proposed === null) this.root.querySelector("[data-do=accept]").disabled = true;
    if (this.root.activeElement) el.card.focus({ preventScroll: true });
    if (item && this.draft() !== null) this.say("hint", "You have begun an answer to this row: E opens it.");
  }

  status() {
    const { unsaved, left } = this.drawProgress();
    if (this.card) return;
    this.el.text.textContent = unsaved ? "Saving your last answers…" : left > 0 ? "Loading…" : "All caught up. “Certificate and progress” says what the reviews prove.";
  }

  buildLabels() {
    this.labels.forEach((label, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.label = label;
      if (index < 9) {
        const key = document.createElement("kbd");
        key.textContent = String(index + 1);
        button.append(key);
      }
      button.append(label);
      this.el.labels.append(button);
    });
    this.el.labels.classList.toggle("many", this.labels.length > 24);
  }

  buildRubric({ rubric, definitions, has_neighbours }) {
    const { el } = this;
    el.rubric.textContent = rubric || "This task has no rubric yet.";
    const part = (name, textContent) => Object.assign(document.createElement(name), { textContent });
    el.definitions.replaceChildren(...Object.entries(definitions).flatMap(([label, meaning]) => [part("dt", label), part("dd", meaning || "—")]));
    el.nearButton.hidden = !has_neighbours;
  }

  // ---- panels: finding a label, editing, note, help --------------------------------------------------------
  open(panel, field) {
    this.el[panel].hidden = false;
    this.el[field].focus();
  }

  // Close what is open; what was typed in the editor is kept for this row.
  leave() {
    if (!this.el.editor.hidden) {
      const { text } = this.answer();
      if (text !== this.opened) this.keepDraft(this.card.item.task_id, text);
    }
    this.closePanels();
  }

  closePanels() {
    const { el } = this;
    const typing = this.root.activeElement;
    for (const panel of ["picker", "editor", "noter"]) el[panel].hidden = true;
    el.review.classList.remove("editing");
    this.say("editProblem", "");
    el.filter.value = "";
    this.filter();
    if (typing) el.card.focus({ preventScroll: true });
  }

  toggleHelp() {
    this.el.helpPanel.hidden = !this.el.helpPanel.hidden;
    this.root.querySelector("[data-do=help]").setAttribute("aria-expanded", String(!this.el.helpPanel.hidden));
  }

  // The nearest settled rows, asked for anew for each card.
  toggleNear() {
    const { el } = this;
    if (el.nearButton.hidden) return;
    if (!el.near.hidden) return this.closeNear();
    el.near.hidden = false;
    el.nearButton.setAttribute("aria-expanded", "true");
    el.nearNote.textContent = "Looking…";
    el.nearList.replaceChildren();
    this.ask();
  }

  closeNear() {
    this.el.near.hidden = true;
    this.el.nearButton.setAttribute("aria-expanded", "false");
    this.asked = null;
  }

  answered({ neighbours, note }) {
    const { el } = this;
    el.nearNote.textContent = note;
    el.nearList.replaceChildren(...neighbours.map(({ text, value, similarity }) => {
      const row = document.createElement("li");
      for (const [className, textContent] of [["badge", this.readable(value)], ["role", `${Math.round(100 * similarity)} % alike`], ["text-as-is", text]])
        row.append(Object.assign(document.createElement("span"), { className, textContent, dir: "auto" }));
      return row;
    }));
  }

  pick(letter) {
    if (!this.card || !this.labels.length) return;
    this.el.filter.value = letter;
    this.open("picker", "filter");
    this.filter();
  }

  filter() {
    const typed = plain(this.el.filter.value.trim());
    const match = (text, sought) => {
      if (text === sought) return 0;
      if (text.startsWith(sought)) return 1;
      if (text.split(/[\s_\-/.:]+/).some((word) => word.startsWith(sought))) return 2;
      return text.includes(sought) ? 3 : 9;
    };
    // As it is typed first, then without accents: not every keyboard has an Ö.
    const rankOf = (label) => Math.min(match(plain(label), typed), match(bare(label), bare(typed)) + 0.5);
    let best = null;
    for (const button of this.el.labels.children) {
      const rank = rankOf(button.dataset.label);
      button.hidden = typed !== "" && rank >= 9;
      button.classList.remove("marked");
      if (typed && rank < 9 && (best === null || rank < best.rank)) best = { rank, button };
    }
    best?.button.classList.add("marked");
  }

  move(step) {
    const visible = [...this.el.labels.children].filter((button) => !button.hidden);
    const at = visible.findIndex((button) => button.classList.contains("marked"));
    visible[at]?.classList.remove("marked");
    const to = visible[(at + step + visible.length) % visible.length];
    to?.classList.add("marked");
    to?.scrollIntoView({ block: "nearest" });
  }

  // ---- keys and mouse --------------------------------------------------------------------------------------
  listen() {
    super.listen();
    this.onInput = (event) => {
      if (event.target === this.el.filter) this.filter();
      else if (this.el.editor.contains(event.target) && this.card) this.edited();
    };
    this.root.addEventListener("input", this.onInput);
  }

  close() {
    super.close();
    this.root.removeEventListener("input", this.onInput);
    this.el.labels.replaceChildren();
  }

  click(button) {
    if (button.dataset.label !== undefined) this.choose(button.dataset.label);
    else super.click(button);
  }

  boxes() {
    return [[this.el.text], [this.el.proposed], [this.el.secondDiff]];
  }

  key(event) {
    if (foreign(event)) return false;
    const { key } = event;
    if (key === "Enter") return onButton(event) ? false : (this.command("accept"), true);
    if (key === "Escape") return this.leave(), true;
    if (key.length !== 1 || key === " ") return false;
    if (this.card?.second && /^[1-9]$/.test(key)) return this.command("skip"), true; // says what to do
    if (/^[1-9]$/.test(key)) return this.labels[key - 1] === undefined ? false : (this.choose(this.labels[key - 1]), true);
    const letter = key.toLowerCase();
    const names = { e: "edit", x: "reject", s: "skip", u: "undo", n: "note", ".": "near", "?": "help" };
    if (this.card?.second) Object.assign(names, { k: "keep", t: "take" });
    if (names[letter]) return this.command(names[letter]), true;
    if (key === "/" || /^\p{L}$/u.test(key)) return this.pick(key === "/" ? "" : key), true;
    return false;
  }

  fieldKey(event, field) {
    const editing = this.el.editor.contains(field);
    if (field !== this.el.filter && field !== this.el.note && !editing) return false;
    if (event.isComposing || event.repeat) return false;
    if (event.key === "Escape") return this.leave(), true;
    if (field === this.el.note && event.key === "Enter") return this.el.card.focus(), true;
    if (editing && event.key === "Enter" && (event.ctrlKey || event.metaKey)) return this.saveEdit(), true;
    if (editing && event.key === "Enter" && (field.tagName === "INPUT" || (field.tagName === "TEXTAREA" && field.rows === 1)))
      return this.form.onward(field) || this.root.querySelector("[data-do=saveEdit]").focus(), true;
    if (field !== this.el.filter) return false;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") return this.move(event.key === "ArrowDown" ? 1 : -1), true;
    if (event.key !== "Enter") return false;
    const marked = [...this.el.labels.children].find((button) => button.classList.contains("marked"));
    if (marked) this.choose(marked.dataset.label);
    else this.say("hint", "No label matches what you typed.");
    return true;
  }
}
