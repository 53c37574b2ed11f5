// Groups of alike rows, side by side; one key settles a group (queue.js holds the protocol, component.py the data).
//
// A contradiction has a side for each of its labels, and a label's digit gives it to all rows. Duplicates have a
// side for each row, and a digit keeps that row and leaves the others out. All texts are set as textContent.

const OTHERS_SHOWN = 12;

export default (component) => mount(component, GroupQueue);

const element = (tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
};

// Whether the focus is on an option that is chosen already, as after a click on a kind of group: Enter is free there.
const isChosen = (event) => event.composedPath().some((node) => node.getAttribute?.("role") === "radio" && node.ariaChecked === "true");

const rows = (n) => (n === 1 ? "1 row" : `${n.toLocaleString("en")} rows`);

class GroupQueue extends CardQueue {
  constructor(root, data) {
    super(root, data, "groups");
    this.labels = data.labels;
    this.mayDecide = data.mayDecide;
    this.skips = new Set(); // actions that put a group off: they and their undos decide nothing
    this.onInput = () => this.filter();
    this.el.filter.addEventListener("input", this.onInput);
  }

  close() {
    super.close();
    this.el.filter.removeEventListener("input", this.onInput);
    this.el.sides.replaceChildren();
    this.el.others.replaceChildren();
  }

  counts(action) {
    if (action.verdict === "skip" || action.value === "skip") return 0;
    return action.verdict === "undo" ? -1 : 1;
  }

  decide(verdict, value, extra) {
    if (this.mayDecide || verdict === "skip") super.decide(verdict, value, extra);
    else this.say("hint", "Your role may look at the groups, and not settle them.");
  }

  act(verdict, value, extra) {
    const action = super.act(verdict, this.skips.has(extra?.undoes) ? "skip" : value, extra);
    if (verdict === "skip") this.skips.add(action.action_id);
    return action;
  }

  // ---- the screen ------------------------------------------------------------------------------------------
  show(card) {
    const { el } = this;
    const item = card?.item;
    this.closePanels();
    el.note.value = "";
    this.say("hint", "");
    this.say("warning", item?.warning ?? "");
    el.size.textContent = item ? rows(item.rows) : "";
    el.why.textContent = item?.why ?? "";
    el.keepName.textContent = item?.contradiction ? "Keep them as they are" : "Keep all";
    el.sides.replaceChildren(...(item ? this.sides(item) : []));
    for (const button of this.root.querySelectorAll(".actions [data-do]")) {
      const name = button.dataset.do;
      button.hidden = (name === "merge" && Boolean(item && (item.contradiction || item.suggested === null))) || (name === "find" && !(item?.contradiction && this.labels.length));
      button.disabled = !item && !["undo", "help"].includes(name);
    }
    if (this.root.activeElement) el.card.focus({ preventScroll: true });
  }

  sides(item) {
    this.choices = item.contradiction ? item.labels.map(([label]) => label) : item.members.map((member) => member.example_id);
    return this.choices.map((choice, place) => {
      const side = element("div", choice === item.suggested ? "side suggested" : "side");
      const members = item.contradiction ? item.members.filter((member) => member.label === choice) : [item.members[place]];
      const total = item.contradiction ? item.labels[place][1] : 1;
      side.append(this.head(item, choice, place, total), ...members.map((member) => this.member(item, member)));
      const hidden = total - members.length;
      if (hidden > 0) side.append(element("p", "more", `and ${rows(hidden)} more with this label`));
      if (!item.contradiction && place === item.members.length - 1 && item.rows > item.members.length)
        side.append(element("p", "more", `The group has ${rows(item.rows - item.members.length)} more.`));
      return side;
    });
  }

  head(item, choice, place, total) {
    const button = element("button");
    button.type = "button";
    button.dataset.choice = String(place);
    const key = this.keyOf(item, choice, place);
    if (key) button.append(element("kbd", "", String(key)));
    button.append(item.contradiction ? choice : "Keep this one");
    const facts = item.contradiction ? [rows(total)] : [];
    if (choice === item.suggested) facts.push(item.contradiction ? "most rows" : "suggested");
    if (facts.length) button.append(element("small", "", facts.join(", ")));
    return button;
  }

  // The digit of a choice. A label has the same digit on every card, which is its place in the task, as in Review: a digit
  // that meant another label on the next card would mislabel rows. Rows, and answers in free text, are counted on the card.
  keyOf(item, choice, place) {
    const at = item.contradiction && this.labels.length ? this.labels.indexOf(choice) : place;
    return at >= 0 && at < 9 ? at + 1 : 0;
  }

  digit(key) {
    const item = this.card?.item;
    if (!item) return undefined;
    const place = this.choices.findIndex((choice, at) => this.keyOf(item, choice, at) === key);
    if (place >= 0) return this.choose(place);
    const label = item.contradiction ? this.labels[key - 1] : undefined;
    return this.say("hint", label === undefined ? "" : `No row of this group is called ${label}: press / to choose it.`);
  }

  member(item, member) {
    const box = element("div", "member");
    const text = element("div", "text");
    text.dir = "auto";
    text.tabIndex = 0;
    text.setAttribute("role", "group");
    text.setAttribute("aria-label", "Text of the row");
    for (const [piece, differs] of member.pieces) text.append(differs ? element("mark", "", piece) : piece);
    const label = item.contradiction || member.label === null ? [] : [`label: ${member.label}`];
    const facts = element("p", "facts", [...label, ...member.notes, member.name].join(" · "));
    facts.dir = "auto";
    box.append(text, facts);
    return box;
  }

  status() {
    const { unsaved, left } = this.drawProgress();
    if (!this.card) this.el.why.textContent = unsaved ? "Saving your last decisions…" : left > 0 ? "Loading…" : "All groups of this kind are settled.";
  }

  // ---- decisions -------------------------------------------------------------------------------------------
  choose(place) {
    const item = this.card?.item;
    if (!item || this.choices[place] === undefined) return;
    this.decide(item.contradiction ? "relabel" : "merge", this.choices[place]);
  }

  command(name) {
    if (name === "undo") return this.undo();
    if (name === "help") return this.toggleHelp();
    const item = this.card?.item;
    if (!item) return undefined;
    if (name === "note") return this.open("noter", "note");
    if (name === "find") return item.contradiction && this.labels.length ? this.find() : this.say("hint", "There is no list of labels to choose from here.");
    if (name === "merge" && item.contradiction) return this.say("hint", "Choose a label with its digit, or press K to keep the labels.");
    if (name === "merge" && item.suggested === null) return this.say("hint", "The answers differ, so no row is suggested: choose one with its digit, or press K to keep all.");
    if (name === "merge") return this.decide("merge", item.suggested);
    return this.decide(name); // keep, exclude, skip
  }

  click(button) {
    if (button.dataset.choice) this.choose(Number(button.dataset.choice));
    else if (button.dataset.label !== undefined) this.decide("relabel", button.dataset.label);
    else super.click(button);
  }

  // ---- panels: another label, note, help -------------------------------------------------------------------
  open(panel, field) {
    this.el[panel].hidden = false;
    this.el[field].focus();
  }

  closePanels() {
    const typing = this.root.activeElement;
    this.el.picker.hidden = this.el.noter.hidden = true;
    this.el.filter.value = "";
    if (typing) this.el.card.focus({ preventScroll: true });
  }

  toggleHelp() {
    this.el.helpPanel.hidden = !this.el.helpPanel.hidden;
    this.root.querySelector("[data-do=help]").setAttribute("aria-expanded", String(!this.el.helpPanel.hidden));
  }

  find() {
    this.open("picker", "filter");
    this.filter();
  }

  filter() {
    const typed = this.el.filter.value.trim().toLowerCase();
    const rank = (label) => {
      const text = label.toLowerCase();
      if (text === typed) return 0;
      if (text.startsWith(typed)) return 1;
      return text.split(/[\s_\-/.:]+/).some((word) => word.startsWith(typed)) ? 2 : text.includes(typed) ? 3 : 9;
    };
    const fitting = this.labels.map((label, place) => ({ label, place, here: rank(label) })).filter(({ here }) => here < 9);
    fitting.sort((a, b) => a.here - b.here || a.place - b.place);
    const buttons = fitting.slice(0, OTHERS_SHOWN).map(({ label }, place) => {
      const button = element("button", place === 0 && typed ? "marked" : "", label);
      button.type = "button";
      button.dataset.label = label;
      return button;
    });
    this.el.others.replaceChildren(...buttons);
  }

  move(step) {
    const buttons = [...this.el.others.children];
    const at = buttons.findIndex((button) => button.classList.contains("marked"));
    buttons[at]?.classList.remove("marked");
    buttons[(at + step + buttons.length) % buttons.length]?.classList.add("marked");
  }

  // ---- keys ------------------------------------------------------------------------------------------------
  key(event) {
    if (foreign(event)) return false;
    const { key } = event;
    if (key === "Enter") return onButton(event) && !isChosen(event) ? false : (this.command("merge"), true);
    if (key === "Escape") return this.closePanels(), true;
    if (key.length !== 1 || key === " ") return false;
    if (/^[1-9]$/.test(key)) return this.digit(Number(key)), true;
    const names = { k: "keep", x: "exclude", s: "skip", u: "undo", n: "note", "/": "find", "?": "help" };
    const name = names[key.toLowerCase()];
    return name ? (this.command(name), true) : false;
  }

  fieldKey(event, field) {
    const { el } = this;
    if ((field !== el.filter && field !== el.note) || event.isComposing || event.repeat) return false;
    if (event.key === "Escape") return this.closePanels(), true;
    if (field === el.note) return event.key === "Enter" ? (el.card.focus(), true) : false;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") return this.move(event.key === "ArrowDown" ? 1 : -1), true;
    if (event.key !== "Enter") return false;
    const marked = el.others.querySelector(".marked");
    if (marked) this.decide("relabel", marked.dataset.label);
    else this.say("hint", "No label matches what you typed.");
    return true;
  }
}
