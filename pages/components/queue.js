// The browser's half of every queue of cards (Python's half and the data contract: protocol.py).
//
// What keeps it from mislabelling: the cards are here before they are needed, an action carries the id of the
// card that was on screen when the key went down, and nothing but the reviewer's own action changes the card.
// What keeps it from losing or doubling: each action has an id of its own and stays in this browser
// (localStorage) until the server names that id as stored; it is sent again as often as needed.
//
// A component extends CardQueue with `show(card)`, `status()`, `command(name)`, `key(event)` and
// `fieldKey(event, field)`, and hands its class to `mount`. A card is `{item}` (a subclass may add to it), an item
// has a `task_id`. Names of commands are in the HTML: `data-do` on buttons, `data-ref` on what is shown.

const RETRY_MS = 4000;
const BATCH = 100;
const QUEUES = new WeakMap();
let newest = null; // the queue that has the keys: while a page changes, the one before it is still there

function mount(component, Queue) {
  const root = component.parentElement;
  if (!QUEUES.has(root)) QUEUES.set(root, (newest = new Queue(root, component.data)));
  QUEUES.get(root).receive(component.data, component.setStateValue);
  return () => {
    QUEUES.get(root)?.close();
    QUEUES.delete(root);
  };
}

class CardQueue {
  // `name` parts the answers that this browser keeps from those of other components.
  constructor(root, data, name) {
    this.el = {};
    for (const node of root.querySelectorAll("[data-ref]")) this.el[node.dataset.ref] = node;
    this.root = root;
    this.store = `curator-${name}:${data.scope}:`;
    this.queue = []; // items not yet decided, in order
    this.unacked = this.stored();
    this.history = []; // {card, actionId}: what U takes back, newest last
    this.card = null; // on screen until the reviewer decides
    this.sent = 0;
    this.counter = 0;
    this.timer = null;
    this.late = false;
    this.asked = null;
    this.listen();
  }

  // ---- from the server -------------------------------------------------------------------------------------
  receive(data, setState) {
    this.setState = setState;
    const first = this.progress === undefined;
    this.progress = data.progress;
    const done = new Set([...data.ack, ...Object.keys(data.refused)]);
    const settled = this.unacked.filter((action) => done.has(action.action_id));
    for (const action of settled) localStorage.removeItem(this.store + action.action_id);
    for (const action of settled) if (data.refused[action.action_id]) this.refused(action, data);
    this.unacked = this.unacked.filter((action) => !done.has(action.action_id));
    const reasons = Object.values(data.refused);
    if (reasons.length) this.say("problem", `${reasons.length} not stored: ${reasons[0]}`);
    else if (settled.length) this.say("problem", "");
    if (settled.length || data.sent >= this.sent) this.settle();
    if (first) this.history = data.recent.map(({ action_id, ...card }) => ({ card, actionId: action_id }));
    this.merge(data, new Set(this.unacked.map((action) => action.task_id)));
    if (this.card === null) this.next();
    else this.status();
    if (data.answer && data.answer.n === this.asked && data.answer.task_id === this.card?.item.task_id) this.answered(data.answer);
    this.send();
  }

  // Ask the server about the card on screen; `answered` gets what it says, unless another card is there by then.
  ask() {
    this.asked = Date.now();
    this.setState("ask", { n: this.asked, task_id: this.card.item.task_id });
  }

  answered() {}

  // Take in the open items, and let go of those that are open no more (answered in another tab, settled by somebody
  // else). `deciding` holds the ids of items with an answer on its way.
  merge(data, deciding) {
    const open = new Set(data.items.map((item) => item.task_id));
    this.queue = this.queue.filter((item) => open.has(item.task_id) || deciding.has(item.task_id));
    const waiting = new Set(this.queue.map((item) => item.task_id));
    if (this.card) waiting.add(this.card.item.task_id);
    for (const item of data.items)
      if (!deciding.has(item.task_id) && !waiting.has(item.task_id)) this.queue.push(item);
  }

  // The server would not store an action: if its item is still open, it comes next, and undo forgets the action.
  refused(action, data) {
    this.history = this.history.filter((entry) => entry.actionId !== action.action_id);
    const item = data.items.find((open) => open.task_id === action.task_id);
    if (!item || this.card?.item.task_id === item.task_id) return;
    this.queue = [item, ...this.queue.filter((open) => open.task_id !== item.task_id)];
  }

  // ---- to the server ---------------------------------------------------------------------------------------
  stored() {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.store)).sort();
    return keys.map((key) => JSON.parse(localStorage.getItem(key)));
  }

  // Keep one action for the card on screen. `extra` replaces or adds fields.
  act(verdict, value = null, extra = {}) {
    const random = [...crypto.getRandomValues(new Uint8Array(6))].map((n) => n.toString(16).padStart(2, "0")).join("");
    const order = Date.now().toString(36).padStart(9, "0") + (this.counter++ % 46656).toString(36).padStart(3, "0");
    const action = {
      action_id: `${order}-${random}`, task_id: this.card?.item.task_id, verdict, value,
      seconds: verdict === "undo" ? null : Math.round(performance.now() - this.shownAt) / 1000,
      note: verdict === "undo" ? null : this.el.note?.value.trim() || null, undoes: null, ...extra,
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
  decide(verdict, value = null, extra = {}) {
    if (!this.card) return;
    const action = this.act(verdict, value, extra);
    this.history.push({ card: this.card, actionId: action.action_id });
    this.next();
    this.send();
  }

  undo() {
    const last = this.history.pop();
    if (!last) return this.say("hint", "Nothing to undo.");
    this.act("undo", null, { task_id: last.card.item.task_id, undoes: last.actionId });
    if (this.card) this.putBack(this.card);
    this.present(last.card);
    this.send();
  }

  putBack(card) {
    this.queue.unshift(card.item);
  }

  // The card after this one, or null.
  following() {
    const item = this.queue.shift();
    return item ? { item } : null;
  }

  next() {
    this.present(this.following());
  }

  present(card) {
    this.card = card;
    this.shownAt = performance.now();
    this.el.card.dataset.taskId = card?.item.task_id ?? "";
    this.show(card);
    this.status();
  }

  // ---- the screen ------------------------------------------------------------------------------------------
  // How many items an action settles: an undo brings one back.
  counts(action) {
    return action.verdict === "undo" ? -1 : 1;
  }

  // Fill `progress`, `bar` and `saving`; say how many are done, with those whose answer is on its way.
  drawProgress() {
    const { el, progress } = this;
    const net = this.unacked.reduce((sum, action) => sum + this.counts(action), 0);
    const done = Math.max(0, Math.min(progress.total, progress.done + net));
    el.progress.textContent = `${done} of ${progress.total} done, ${progress.total - done} left`;
    el.bar.max = progress.total || 1;
    el.bar.value = done;
    const n = this.unacked.length;
    el.saving.textContent = !n ? "All changes saved" : this.late ? `${n} kept in this browser, trying again…` : `Saving ${n}…`;
    el.saving.classList.toggle("late", n > 0 && this.late);
    return { unsaved: n, left: progress.total - done };
  }

  say(ref, text) {
    this.el[ref].textContent = text;
    if (ref !== "hint") this.el[ref].hidden = !text;
  }

  // ---- keys and mouse --------------------------------------------------------------------------------------
  listen() {
    this.onKey = (event) => {
      if (newest && newest !== this) return;
      const field = event.composedPath().find((node) => /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName) || node.isContentEditable);
      const handled = field ? this.fieldKey(event, field) : this.scrolls(event) ? this.scroll(event.key) : this.key(event);
      if (!handled) return;
      event.preventDefault();
      event.stopImmediatePropagation(); // Streamlit has shortcuts of its own (R, C)
    };
    this.onClick = (event) => {
      const button = event.composedPath().find((node) => node.tagName === "BUTTON");
      if (button) this.click(button);
    };
    this.onLeave = (event) => {
      if (this.unsaved()) event.preventDefault();
    };
    window.addEventListener("keydown", this.onKey, true);
    window.addEventListener("beforeunload", this.onLeave);
    this.root.addEventListener("click", this.onClick);
  }

  close() {
    if (newest === this) newest = null;
    this.settle();
    window.removeEventListener("keydown", this.onKey, true);
    window.removeEventListener("beforeunload", this.onLeave);
    this.root.removeEventListener("click", this.onClick);
  }

  click(button) {
    if (button.dataset.do) this.command(button.dataset.do);
  }

  // Whether a key scrolls (also a held one): the browser itself would scroll nothing, since the page's own box, not the
  // document, is what scrolls, and the focus is outside of it. Tables and tabs keep their arrows.
  scrolls(event) {
    const here = event.target === document.body || event.composedPath().includes(this.root);
    const alone = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    return here && alone && /^(Arrow|Page)(Up|Down)$/.test(event.key);
  }

  // What is scrolled before the page is, in the order of reading; boxes side by side together.
  boxes() {
    return [];
  }

  scroll(key) {
    const down = key.endsWith("Down");
    const groups = [...this.boxes(), [this.page()]];
    const room = (box) => (down ? box.scrollHeight - box.clientHeight - box.scrollTop : box.scrollTop) > 1;
    const group = (down ? groups : groups.reverse()).find((boxes) => boxes.some(room));
    for (const box of group ?? []) {
      box.scrollBy(0, (down ? 1 : -1) * (key.startsWith("Page") ? 0.9 * box.clientHeight : 60));
      if (this.root.contains(box)) box.scrollIntoView({ block: "nearest" });
    }
    return Boolean(group);
  }

  // The box that the page scrolls in.
  page() {
    let node = this.root.getRootNode().host ?? this.root;
    while (node.parentElement && !(node.scrollHeight > node.clientHeight && /auto|scroll/.test(getComputedStyle(node).overflowY))) node = node.parentElement;
    return node;
  }

  // Whether leaving the page deserves a warning.
  unsaved() {
    return this.unacked.length > 0;
  }

  // A field keeps its keys unless a subclass says otherwise.
  fieldKey() {
    return false;
  }
}

// Whether a key press is none of a queue's: a shortcut of the browser, a held key, half a character.
const foreign = (event) => event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing;

// Whether Enter or Space would press what has the focus.
const onButton = (event) =>
  event.composedPath().some((node) => /^(BUTTON|A|SUMMARY)$/.test(node.tagName) || node.getAttribute?.("role") === "button");
