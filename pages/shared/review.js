// The browser's half of the review queue (the Python half and the data contract: review_component.py).
//
// What keeps it from mislabelling: the cards are here before they are needed, a decision carries the id of the
// card that was on screen when the key went down, and nothing but the reviewer's own decision changes the card.
// What keeps it from losing or doubling: each decision has an id of its own and stays in this browser
// (localStorage) until the server names that id as stored; it is sent again as often as needed.

const QUEUES = new WeakMap();
const STREAMS = {
  audit: "Random audit", risk: "Suspect row", test: "Frozen test", adjudication: "Adjudication", failure: "Student's mistake",
};
const RETRY_MS = 4000;
const BATCH = 100;

export default function (component) {
  const root = component.parentElement;
  if (!QUEUES.has(root)) QUEUES.set(root, new ReviewQueue(root, component.data));
  QUEUES.get(root).receive(component.data, component.setStateValue);
  return () => {
    QUEUES.get(root)?.close();
    QUEUES.delete(root);
  };
}

class ReviewQueue {
  constructor(root, data) {
    this.el = {};
    for (const node of root.querySelectorAll("[data-ref]")) this.el[node.dataset.ref] = node;
    this.root = root;
    this.labels = data.labels;
    this.kind = data.kind;
    this.store = `curator-review:${data.scope}:`;
    this.queue = []; // cards not yet decided, in order
    this.seconds = []; // blind rows where reviewer and teacher disagree
    this.unacked = this.stored();
    this.history = []; // what U takes back, newest last
    this.card = null; // {second, item}: on screen until the reviewer decides
    this.sent = 0;
    this.counter = 0;
    this.timer = null;
    this.late = false;
    this.buildLabels();
    this.listen();
  }

  // ---- from the server -------------------------------------------------------------------------------------
  receive(data, setState) {
    this.setState = setState;
    const first = this.progress === undefined;
    this.progress = data.progress;
    const done = new Set([...data.ack, ...Object.keys(data.refused)]);
    const before = this.unacked.length;
    this.unacked = this.unacked.filter((action) => {
      if (done.has(action.action_id)) localStorage.removeItem(this.store + action.action_id);
      return !done.has(action.action_id);
    });
    const reasons = Object.values(data.refused);
    if (reasons.length) this.say("problem", `${reasons.length} not stored: ${reasons[0]}`);
    if (this.unacked.length < before || data.sent >= this.sent) this.settle();
    if (first) this.history = data.recent.map(({ item, action_id, second }) => ({ item, actionId: action_id, second }));
    this.merge(data);
    if (this.card === null) this.next();
    else this.status();
    this.send();
  }

  merge(data) {
    const deciding = new Set(this.unacked.map((action) => action.task_id));
    const waiting = new Set(this.queue.map((item) => item.task_id));
    if (this.card) waiting.add(this.card.item.task_id);
    for (const item of data.items)
      if (!deciding.has(item.task_id) && !waiting.has(item.task_id)) this.queue.push(item);
    const onScreen = this.card?.second ? this.card.item.task_id : null;
    this.seconds = data.second_looks.filter((item) => !deciding.has(item.task_id) && item.task_id !== onScreen);
  }

  // ---- to the server ---------------------------------------------------------------------------------------
  stored() {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.store)).sort();
    return keys.map((key) => JSON.parse(localStorage.getItem(key)));
  }

  act(verdict, value = null, extra = {}) {
    const random = [...crypto.getRandomValues(new Uint8Array(6))].map((n) => n.toString(16).padStart(2, "0")).join("");
    const order = Date.now().toString(36).padStart(9, "0") + (this.counter++ % 46656).toString(36).padStart(3, "0");
    const action = {
      action_id: `${order}-${random}`, task_id: this.card?.item.task_id, verdict, value,
      seconds: verdict === "undo" ? null : Math.round(performance.now() - this.shownAt) / 1000,
      note: verdict === "undo" ? null : this.el.note.value.trim() || null, undoes: null, ...extra,
    };
    this.unacked.push(action);
    localStorage.setItem(this.store + action.action_id, JSON.stringify(action));
    return action;
  }

  send() {
    if (this.timer !== null || !this.unacked.length) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.late = true;
      this.status();
      this.send();
    }, RETRY_MS);
    this.setState("actions", { sent: ++this.sent, list: this.unacked.slice(0, BATCH) });
  }

  settle() {
    clearTimeout(this.timer);
    this.timer = null;
    this.late = false;
  }

  // ---- decisions -------------------------------------------------------------------------------------------
  decide(verdict, value) {
    if (!this.card) return;
    const { second, item } = this.card;
    const action = this.act(second ? "second_look" : verdict, value);
    this.history.push({ item, actionId: action.action_id, second });
    this.next();
    this.send();
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

  undo() {
    const last = this.history.pop();
    if (!last) return this.say("hint", "Nothing to undo.");
    this.act("undo", null, { task_id: last.item.task_id, undoes: last.actionId });
    if (this.card) (this.card.second ? this.seconds : this.queue).unshift(this.card.item);
    if (!last.second) this.seconds = this.seconds.filter((item) => item.task_id !== last.item.task_id);
    this.show({ second: Boolean(last.second), item: last.item });
    this.send();
  }

  next() {
    const second = this.seconds.length > 0;
    const item = second ? this.seconds.shift() : this.queue.shift();
    this.show(item ? { second, item } : null);
  }

  command(name) {
    const second = this.card?.second;
    if (name === "undo") return this.undo();
    if (name === "help") return this.toggleHelp();
    if (!this.card) return undefined;
    if (name === "keep" || name === "take") return second ? this.decide("second_look", name === "keep" ? this.card.item.first : this.card.item.proposed) : undefined;
    if (name === "note") return this.open("noter", "note");
    if (name === "edit") return this.labels.length ? this.pick("") : this.edit();
    if (name === "saveEdit") return this.saveEdit();
    if (name === "closeEdit") return this.closePanels();
    if (name === "accept") return this.accept();
    if (second) return this.say("hint", "A second look: K keeps your answer, T takes the teacher's, / finds another label.");
    return this.decide(name, null); // reject, skip
  }

  // ---- the screen ------------------------------------------------------------------------------------------
  show(card) {
    this.card = card;
    this.shownAt = performance.now();
    const { el } = this;
    const item = card?.item;
    this.closePanels();
    el.note.value = "";
    this.say("hint", "");
    el.card.dataset.taskId = item?.task_id ?? "";
    el.card.dataset.second = String(Boolean(card?.second));
    el.stream.textContent = item ? (card.second ? "Second look" : STREAMS[item.stream] ?? item.stream) : "";
    // The badge says it already.
    const badge = `${el.stream.textContent.toLowerCase()}: `;
    el.why.textContent = !item ? "" : item.why.toLowerCase().startsWith(badge) ? item.why.slice(badge.length) : item.why;
    el.text.textContent = item ? item.text : "";
    el.text.scrollTop = 0;
    const visible = Boolean(item) && item.proposed !== null && !this.labels.includes(item.proposed) || Boolean(card?.second);
    el.proposal.hidden = !visible;
    el.proposalName.textContent = "The teacher's answer";
    el.proposed.textContent = visible ? item.proposed ?? "" : "";
    el.second.hidden = !card?.second;
    el.secondText.textContent = card?.second ? `You said: ${item.first}. The teacher said: ${item.proposed}. Please look again.` : "";
    for (const button of el.labels.children) {
      const shown = Boolean(item) && button.dataset.label === item.proposed;
      button.classList.toggle("shown", shown);
      button.setAttribute("aria-description", shown ? "the teacher's label" : "");
    }
    for (const button of this.root.querySelectorAll("[data-do=accept], [data-do=reject], [data-do=skip]")) button.disabled = !item || Boolean(card.second);
    if (item && item.proposed === null) this.root.querySelector("[data-do=accept]").disabled = true;
    if (this.root.activeElement) el.card.focus({ preventScroll: true });
    this.status();
  }

  status() {
    const { el, progress } = this;
    const net = this.unacked.reduce((sum, { verdict }) => sum + (verdict === "undo" ? -1 : verdict === "second_look" ? 0 : 1), 0);
    const done = Math.max(0, Math.min(progress.total, progress.done + net));
    el.progress.textContent = `${done} of ${progress.total} done, ${progress.total - done} left`;
    el.bar.max = progress.total || 1;
    el.bar.value = done;
    const n = this.unacked.length;
    el.saving.textContent = !n ? "All changes saved" : this.late ? `${n} kept in this browser, trying again…` : `Saving ${n}…`;
    el.saving.classList.toggle("late", n > 0 && this.late);
    if (!this.card) el.text.textContent = n ? "Saving your last answers…" : progress.total - done > 0 ? "Loading…" : "All caught up. “Certificate and progress” says what the reviews prove.";
  }

  say(ref, text) {
    this.el[ref].textContent = text;
    if (ref !== "hint") this.el[ref].hidden = !text;
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

  // ---- panels: finding a label, editing, note, help --------------------------------------------------------
  open(panel, field) {
    this.el[panel].hidden = false;
    this.el[field].focus();
  }

  closePanels() {
    const { el } = this;
    const typing = this.root.activeElement;
    for (const panel of ["picker", "editor", "noter"]) el[panel].hidden = true;
    this.say("editProblem", "");
    el.filter.value = "";
    this.filter();
    if (typing) el.card.focus({ preventScroll: true });
  }

  toggleHelp() {
    this.el.helpPanel.hidden = !this.el.helpPanel.hidden;
    this.root.querySelector("[data-do=help]").setAttribute("aria-expanded", String(!this.el.helpPanel.hidden));
  }

  pick(letter) {
    if (!this.card || !this.labels.length) return;
    this.el.filter.value = letter;
    this.open("picker", "filter");
    this.filter();
  }

  filter() {
    const typed = this.el.filter.value.trim().toLowerCase();
    const rank = (label) => {
      const text = label.toLowerCase();
      if (text === typed) return 0;
      if (text.startsWith(typed)) return 1;
      if (text.split(/[\s_\-/.:]+/).some((word) => word.startsWith(typed))) return 2;
      return text.includes(typed) ? 3 : 9;
    };
    let best = null;
    for (const button of this.el.labels.children) {
      const here = rank(button.dataset.label);
      button.hidden = typed !== "" && here === 9;
      button.classList.remove("marked");
      if (typed && here < 9 && (best === null || here < best.here)) best = { here, button };
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

  edit() {
    const { item, second } = this.card;
    this.el.editText.value = (second ? item.first : item.proposed) ?? "";
    this.open("editor", "editText");
  }

  saveEdit() {
    const value = this.el.editText.value;
    if (!value.trim()) return this.say("editProblem", "The answer is empty. Write it, or press Esc.");
    if (this.kind === "extraction") {
      try {
        JSON.parse(value);
      } catch (error) {
        return this.say("editProblem", `This is not valid JSON: ${error.message}`);
      }
    }
    return this.choose(value);
  }

  // ---- keys and mouse --------------------------------------------------------------------------------------
  listen() {
    this.onKey = (event) => {
      const field = event.composedPath().find((node) => /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName) || node.isContentEditable);
      const handled = field ? this.fieldKey(event, field) : this.key(event);
      if (!handled) return;
      event.preventDefault();
      event.stopImmediatePropagation(); // Streamlit has shortcuts of its own (R, C)
    };
    this.onClick = (event) => {
      const button = event.composedPath().find((node) => node.tagName === "BUTTON");
      if (!button) return;
      if (button.dataset.do) this.command(button.dataset.do);
      else this.choose(button.dataset.label);
    };
    this.onLeave = (event) => {
      if (this.unacked.length) event.preventDefault();
    };
    this.onInput = () => this.filter();
    window.addEventListener("keydown", this.onKey, true);
    window.addEventListener("beforeunload", this.onLeave);
    this.root.addEventListener("click", this.onClick);
    this.el.filter.addEventListener("input", this.onInput);
  }

  close() {
    this.settle();
    window.removeEventListener("keydown", this.onKey, true);
    window.removeEventListener("beforeunload", this.onLeave);
    this.root.removeEventListener("click", this.onClick);
    this.el.filter.removeEventListener("input", this.onInput);
    this.el.labels.replaceChildren();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return false;
    const { key } = event;
    const onButton = event.composedPath().some((node) => /^(BUTTON|A|SUMMARY)$/.test(node.tagName) || node.getAttribute?.("role") === "button");
    if (key === "Enter") return onButton ? false : (this.command("accept"), true);
    if (key === "Escape") return this.closePanels(), true;
    if (key.length !== 1 || key === " ") return false;
    if (this.card?.second && /^[1-9]$/.test(key)) return this.command("skip"), true; // says what to do
    if (/^[1-9]$/.test(key)) return this.labels[key - 1] === undefined ? false : (this.choose(this.labels[key - 1]), true);
    const letter = key.toLowerCase();
    const names = { e: "edit", x: "reject", s: "skip", u: "undo", n: "note", "?": "help" };
    if (this.card?.second) Object.assign(names, { k: "keep", t: "take" });
    if (names[letter]) return this.command(names[letter]), true;
    if (key === "/" || /^\p{L}$/u.test(key)) return this.pick(key === "/" ? "" : key), true;
    return false;
  }

  fieldKey(event, field) {
    if (field !== this.el.filter && field !== this.el.editText && field !== this.el.note) return false;
    if (event.isComposing || event.repeat) return false;
    if (event.key === "Escape") return this.closePanels(), true;
    if (field === this.el.note && event.key === "Enter") return this.el.card.focus(), true;
    if (field === this.el.editText && event.key === "Enter" && (event.ctrlKey || event.metaKey)) return this.saveEdit(), true;
    if (field !== this.el.filter) return false;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") return this.move(event.key === "ArrowDown" ? 1 : -1), true;
    if (event.key !== "Enter") return false;
    const marked = [...this.el.labels.children].find((button) => button.classList.contains("marked"));
    if (marked) this.choose(marked.dataset.label);
    else this.say("hint", "No label matches what you typed.");
    return true;
  }
}
