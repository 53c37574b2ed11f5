// A queue whose cards' answers can be corrected, as one text or field by field (put between queue.js and review.js).
//
// A component that extends it has `choose(text)`, which takes the corrected answer; the card's item has `proposed`,
// what the teacher said, and where the card is a second look `first`, what the reviewer said.

class AnswerQueue extends CardQueue {
  constructor(root, data, name) {
    super(root, data, name);
    this.labels = data.labels;
    this.kind = data.kind;
    this.schema = data.schema;
    this.form = data.kind === "extraction" && data.schema && formProperties(data.schema) ? new FieldForm(this.el.form, data.schema) : null;
    this.asText = !this.form; // JSON and other answers without a form are edited as one text
    this.drafts = `curator-review-draft:${data.scope}:`; // texts not saved yet, by task, kept in this browser
  }

  // What the reviewer began for the card on screen, or null.
  draft() {
    return this.labels.length ? null : localStorage.getItem(this.drafts + this.card.item.task_id);
  }

  keepDraft(task, text) {
    localStorage.setItem(this.drafts + task, text);
  }

  edit() {
    const { item, second } = this.card;
    this.started = (second ? item.first : item.proposed) ?? "";
    const text = this.draft() ?? this.started;
    this.asText = !this.form || (text !== "" && typeOf(textOfJson(text)) !== "object");
    this.fillEditor(text);
    this.el.raw.hidden = !this.form;
    this.el.editor.hidden = false;
    this.el.review.classList.add("editing"); // side by side where there is room: one reads on the left, writes on the right
    this.focusEditor();
  }

  fillEditor(text) {
    const { el } = this;
    el.form.hidden = this.asText;
    el.editLabel.hidden = !this.asText;
    el.raw.textContent = this.asText ? "Edit field by field" : "Edit as JSON text";
    if (this.asText) el.editText.value = text;
    else this.form.fill(text);
    this.opened = this.answer().text;
    this.edited();
  }

  focusEditor() {
    if (this.asText) this.el.editText.focus();
    else this.form.focus();
  }

  // {text, problems} of the editor as it is now.
  answer() {
    if (!this.asText) return this.form.read();
    const text = this.el.editText.value;
    if (!text.trim()) return { text, problems: [{ path: "", text: "The answer is empty. Write it, or press Esc." }] };
    if (this.kind !== "extraction") return { text, problems: [] };
    try {
      return { text, problems: schemaProblems(JSON.parse(text), this.schema ?? true) };
    } catch (error) {
      return { text, problems: [{ path: "", text: `This is not valid JSON: ${error.message}` }] };
    }
  }

  // After each change: the difference to the teacher's answer, and which problems are settled.
  edited() {
    const { item } = this.card;
    const shown = this.asText && item.proposed !== null && this.kind !== "extraction";
    this.el.diffBox.hidden = !shown || this.el.editText.value === item.proposed;
    if (!this.el.diffBox.hidden) drawDiff(this.el.diff, item.proposed, this.el.editText.value);
    if (!this.el.editProblem.hidden) this.tellProblems(this.answer().problems);
  }

  tellProblems(problems) {
    const loose = this.asText ? problems.map(({ path, text }) => (path ? `${path}: ${text}` : text)) : this.form.show(problems);
    const at = problems.length - loose.length;
    if (at) loose.unshift(`Not saved: ${at === 1 ? "one field" : `${at} fields`} to correct.`);
    this.say("editProblem", loose.slice(0, 5).join("\n"));
  }

  switchEditor() {
    const { text, problems } = this.answer();
    const object = typeOf(textOfJson(text)) === "object";
    if (this.asText && !object) return this.say("editProblem", "Only a JSON object can be edited field by field.");
    if (!object) return this.tellProblems(problems);
    this.say("editProblem", "");
    this.asText = !this.asText;
    const { opened } = this;
    this.fillEditor(this.asText ? this.indented(text) : text);
    this.opened = opened;
    return this.focusEditor();
  }

  // An answer as it is easiest to read: JSON with a line for each property.
  readable(text) {
    return this.kind === "extraction" && typeOf(textOfJson(text)) === "object" ? this.indented(text) : text;
  }

  // The JSON text of an object with a line for each property; the values' texts as they are.
  indented(text) {
    return `{\n${[...jsonSlices(text)].map(([name, json]) => `  ${JSON.stringify(name)}: ${json}`).join(",\n")}\n}`;
  }

  saveEdit() {
    const { text, problems } = this.answer();
    if (problems.length) {
      this.tellProblems(problems);
      return this.asText ? undefined : this.form.focus(true);
    }
    return this.choose(text);
  }

  unsaved() {
    return super.unsaved() || (!this.el.editor.hidden && this.answer().text !== this.opened);
  }
}
