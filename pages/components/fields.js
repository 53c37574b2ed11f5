// A form for a JSON object, one field for each property of its schema. Each field keeps the JSON text of its value as
// it came, so that what nobody touched is given back unchanged: 9.0 stays 9.0, and long numbers keep their digits.
// Properties that the schema does not name are one field of JSON text: nothing is dropped.

const OTHER = "other properties";

// The schema's properties, if it describes an object that a form can show; else null.
function formProperties(schema) {
  const root = resolved(schema, schema);
  const object = root && (root.type === "object" || root.type === undefined) && root.properties;
  return object && Object.keys(object).length ? object : null;
}

// Property -> JSON text of its value, from the text of a JSON object (which JSON.parse takes).
function jsonSlices(text) {
  const slices = new Map();
  let depth = 0, quoted = false, name = null, from = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (quoted) {
      if (c === "\\") at++;
      else if (c === '"') quoted = false;
      continue;
    }
    if (c === '"') quoted = true;
    else if (c === "{" || c === "[") { if (++depth === 1) from = at + 1; }
    else if (depth === 1 && c === ":" && name === null) { name = JSON.parse(text.slice(from, at)); from = at + 1; }
    else if (c === "}" || c === "]" || (c === "," && depth === 1)) {
      if (depth === 1 && name !== null) { slices.set(name, text.slice(from, at).trim()); name = null; from = at + 1; }
      if (c !== ",") depth--;
    }
  }
  return slices;
}

const textOfJson = (json) => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};

class FieldForm {
  constructor(node, schema) {
    this.node = node;
    this.schema = schema;
    const root = resolved(schema, schema);
    const required = new Set(root.required ?? []);
    this.fields = Object.entries(formProperties(schema)).map(([name, part]) => this.field(name, part, required.has(name)));
    this.other = this.field(OTHER, {}, false);
    this.node.replaceChildren(...this.fields.map((field) => field.row), this.other.row);
  }

  // ---- one field -------------------------------------------------------------------------------------------
  field(name, part, required) {
    const schema = resolved(part, this.schema);
    const forms = (schema.anyOf ?? schema.oneOf ?? []).map((one) => resolved(one, this.schema));
    const types = [schema.type ?? forms.map((one) => one.type).filter(Boolean)].flat();
    const nullable = types.includes("null") || Boolean(schema.enum?.includes(null));
    const solid = types.filter((type) => type !== "null");
    const options = schema.enum ?? forms.find((one) => one.enum)?.enum ?? (solid.length === 1 && solid[0] === "boolean" ? [true, false] : null);
    const kind = options ? "choice" : solid.length === 1 && ["string", "number", "integer"].includes(solid[0]) ? solid[0] : "json";
    const row = document.createElement("div");
    const id = `field-${this.node.dataset.ref}-${name}`;
    const label = Object.assign(document.createElement("label"), { textContent: name, htmlFor: id });
    if (required) label.append(Object.assign(document.createElement("span"), { textContent: " required", className: "role" }));
    const input = this.input(kind, options);
    input.id = id;
    const problem = Object.assign(document.createElement("p"), { className: "problem", id: `${id}-problem`, hidden: true });
    input.setAttribute("aria-describedby", problem.id);
    const state = this.state(name, nullable, required);
    const field = { name, kind, options, required, row, input, state, problem, json: undefined, pristine: true };
    const touched = () => {
      field.pristine = false;
      field.touched = true;
      if (state && state.value !== "value") state.value = "value";
    };
    input.addEventListener("input", touched);
    state?.addEventListener("input", () => { field.pristine = false; });
    row.className = "field";
    row.append(label);
    if (schema.description) row.append(Object.assign(document.createElement("span"), { textContent: schema.description, className: "role" }));
    row.append(input, ...(state ? [state] : []), problem);
    return field;
  }

  input(kind, options) {
    if (kind === "choice") {
      const select = document.createElement("select");
      select.append(new Option("", ""), ...options.filter((one) => one !== null).map((one) => new Option(typeof one === "string" ? one : JSON.stringify(one), JSON.stringify(one))));
      return select;
    }
    const tag = kind === "json" || kind === "string" ? "textarea" : "input";
    const input = Object.assign(document.createElement(tag), { spellcheck: false, autocomplete: "off", dir: "auto" });
    if (tag === "textarea") input.rows = kind === "json" ? 3 : 1;
    else input.inputMode = "decimal";
    input.classList.toggle("code", kind !== "string");
    return input;
  }

  // Whether there is a value, null, or no such property: asked only where the schema leaves a choice.
  state(name, nullable, required) {
    if (required && !nullable) return null;
    const select = document.createElement("select");
    select.setAttribute("aria-label", `${name}: a value or none`);
    select.append(new Option("a value", "value"), ...(nullable ? [new Option("null", "null")] : []), ...(required ? [] : [new Option("left out", "absent")]));
    return select;
  }

  // ---- in and out ------------------------------------------------------------------------------------------
  // Show the text of a JSON object; anything else shows empty fields.
  fill(text) {
    const whole = textOfJson(text ?? "");
    const slices = whole !== null && typeof whole === "object" && !Array.isArray(whole) ? jsonSlices(text) : new Map();
    for (const field of this.fields) {
      this.put(field, slices.get(field.name));
      slices.delete(field.name);
    }
    const rest = [...slices].map(([name, json]) => `${JSON.stringify(name)}: ${json}`).join(", ");
    this.put(this.other, rest ? `{${rest}}` : undefined);
    this.other.row.hidden = !rest;
    this.show([]);
  }

  put(field, json) {
    const value = json === undefined ? undefined : textOfJson(json);
    Object.assign(field, { json, pristine: json !== undefined, touched: false });
    if (field.state) field.state.value = value === null ? "null" : json === undefined && !field.required ? "absent" : "value";
    if (field.state && !field.state.value) field.state.value = "value"; // null where the schema allows none
    if (value === undefined || (value === null && field.state?.value === "null")) field.input.value = "";
    else if (field.kind === "choice") field.input.value = JSON.stringify(value);
    else if (field.kind === "string") field.input.value = typeof value === "string" ? value : json;
    else field.input.value = field.kind === "json" ? this.pretty(json, value) : json;
    if (field.kind === "string") field.input.rows = Math.min(6, Math.max(1, Math.ceil(field.input.value.length / 70), field.input.value.split("\n").length));
    // A value that the field cannot hold (a number where the schema wants text) is kept as it came until it is changed.
  }

  pretty(json, value) {
    return JSON.stringify(value) === json.replace(/\s+/g, "") && json.length > 60 ? JSON.stringify(value, null, 1) : json;
  }

  // The JSON text of one field, undefined where it is left out. Throws with the reason.
  json(field) {
    if (field.state?.value === "absent") return undefined;
    if (field.state?.value === "null") return "null";
    if (field.pristine) return field.json;
    const text = field.input.value;
    if (!text && !field.touched && field !== this.other) throw new Error(field.state ? "is empty: write it, or choose that there is none" : "is empty"); // forgotten, not emptied
    if (field.kind === "string") return JSON.stringify(text);
    if (!text.trim()) {
      if (field === this.other) return undefined;
      throw new Error(field.kind === "choice" ? "choose one" : "is empty");
    }
    try {
      JSON.parse(text);
    } catch (error) {
      throw new Error(field.kind === "json" ? `is not valid JSON: ${error.message}` : "is not a number: write it like 12 or 9.50");
    }
    return text.trim();
  }

  // {text, problems}: the object as JSON text, and what is wrong by field.
  read() {
    const problems = [];
    const parts = [];
    for (const field of [...this.fields, this.other]) {
      try {
        const json = this.json(field);
        if (json === undefined) continue;
        if (field === this.other) {
          for (const [name, part] of jsonSlices(json)) parts.push(`${JSON.stringify(name)}:${part}`);
        } else parts.push(`${JSON.stringify(field.name)}:${json}`);
      } catch (error) {
        problems.push({ path: `$.${field.name}`, text: error.message });
      }
    }
    const text = `{${parts.join(",")}}`;
    if (!problems.length) problems.push(...schemaProblems(JSON.parse(text), this.schema));
    return { text, problems };
  }

  // Put each problem at its field; returns those that belong to none.
  show(problems) {
    const loose = [];
    for (const field of [...this.fields, this.other]) {
      field.problem.hidden = true;
      field.problem.textContent = "";
      field.input.removeAttribute("aria-invalid");
    }
    for (const { path, text } of problems) {
      const field = this.fields.find(({ name }) => path === `$.${name}` || path.startsWith(`$.${name}.`) || path.startsWith(`$.${name}[`));
      if (!field) {
        loose.push(`${path}: ${text}`);
        continue;
      }
      field.problem.textContent = path === `$.${field.name}` ? text : `${path.slice(2 + field.name.length).replace(/^\./, "")}: ${text}`;
      field.problem.hidden = false;
      field.input.setAttribute("aria-invalid", "true");
    }
    return loose;
  }

  focus(problem = false) {
    const field = problem && this.fields.find(({ input }) => input.getAttribute("aria-invalid"));
    (field || this.fields[0]).input.focus();
  }

  // The field after `input`; false behind the last.
  onward(input) {
    const inputs = [...this.node.querySelectorAll("input, select, textarea")].filter((node) => !node.closest("[hidden]"));
    const next = inputs[inputs.indexOf(input) + 1];
    next?.focus();
    return Boolean(next);
  }
}
