// What is wrong with a value, at once and in the browser. A part of JSON Schema: what this does not know, it lets
// pass; the server checks everything again with a full validator (curator.records.task) before it stores anything.

const typeOf = (value) =>
  value === null ? "null" : Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value;
const isType = (value, type) => typeOf(value) === type || (type === "number" && typeof value === "number");
const sameJson = (a, b) => sortedJson(a) === sortedJson(b);
const sortedJson = (value) =>
  JSON.stringify(value, (_, part) => typeOf(part) === "object" ? Object.fromEntries(Object.entries(part).sort()) : part);

// The schema that a local `$ref` ("#/$defs/x") stands for; further keys beside the reference count too.
function resolved(schema, root, depth = 0) {
  if (typeof schema?.$ref !== "string" || depth > 20) return schema ?? {};
  const { $ref, ...beside } = schema;
  let found = root;
  for (const step of $ref.replace(/^#\/?/, "").split("/").filter(Boolean))
    found = found?.[step.replaceAll("~1", "/").replaceAll("~0", "~")];
  return { ...resolved(found, root, depth + 1), ...beside };
}

// Problems as [{path, text}], path like "$.items[0].price".
function schemaProblems(value, given, root = given, path = "$") {
  if (given === true || given === undefined) return [];
  if (given === false) return [{ path, text: "nothing is allowed here" }];
  const schema = resolved(given, root);
  const problems = [];
  const say = (text) => problems.push({ path, text });
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length && !types.some((type) => isType(value, type))) {
    say(`expected ${types.join(" or ")}, found ${typeOf(value)}`);
    return problems;
  }
  if (schema.enum && !schema.enum.some((one) => sameJson(one, value))) say(`expected one of ${schema.enum.map((v) => JSON.stringify(v)).join(", ")}`);
  if ("const" in schema && !sameJson(schema.const, value)) say(`expected ${JSON.stringify(schema.const)}`);
  if (typeof value === "string") problems.push(...textProblems(value, schema, path));
  if (typeof value === "number") problems.push(...numberProblems(value, schema, path));
  if (Array.isArray(value)) {
    if (value.length < (schema.minItems ?? 0)) say(`expected at least ${schema.minItems} items`);
    if (value.length > (schema.maxItems ?? Infinity)) say(`expected at most ${schema.maxItems} items`);
    if (schema.uniqueItems && new Set(value.map(sortedJson)).size < value.length) say("an item is there twice");
    if (schema.items && !Array.isArray(schema.items))
      value.forEach((item, i) => i >= (schema.prefixItems?.length ?? 0) && problems.push(...schemaProblems(item, schema.items, root, `${path}[${i}]`)));
  }
  if (typeOf(value) === "object") {
    const known = schema.properties ?? {};
    for (const name of schema.required ?? []) if (!Object.hasOwn(value, name)) problems.push({ path: `${path}.${name}`, text: "is missing" });
    for (const [name, part] of Object.entries(value)) {
      if (Object.hasOwn(known, name)) problems.push(...schemaProblems(part, known[name], root, `${path}.${name}`));
      else if (schema.additionalProperties === false && !schema.patternProperties) problems.push({ path: `${path}.${name}`, text: "is not in the schema" });
    }
  }
  for (const part of schema.allOf ?? []) problems.push(...schemaProblems(value, part, root, path));
  for (const choice of [schema.anyOf, schema.oneOf])
    if (choice && !choice.some((part) => !schemaProblems(value, part, root, path).length)) say("fits none of the allowed forms");
  return problems;
}

function textProblems(value, schema, path) {
  const problems = [];
  const length = [...value].length;
  if (length < (schema.minLength ?? 0)) problems.push({ path, text: length ? `expected at least ${schema.minLength} characters` : "is empty" });
  if (length > (schema.maxLength ?? Infinity)) problems.push({ path, text: `expected at most ${schema.maxLength} characters` });
  try {
    if (schema.pattern && !new RegExp(schema.pattern, "u").test(value)) problems.push({ path, text: `expected the form ${schema.pattern}` });
  } catch {
    // A pattern of Python's that JavaScript cannot read: the server knows it.
  }
  return problems;
}

function numberProblems(value, schema, path) {
  const problems = [];
  const say = (bad, text) => bad && problems.push({ path, text });
  say(value < schema.minimum, `expected at least ${schema.minimum}`);
  say(value > schema.maximum, `expected at most ${schema.maximum}`);
  say(value <= schema.exclusiveMinimum, `expected more than ${schema.exclusiveMinimum}`);
  say(value >= schema.exclusiveMaximum, `expected less than ${schema.exclusiveMaximum}`);
  return problems;
}
