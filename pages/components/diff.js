// What changed between two texts, word by word, shown as text alone.

const DIFF_EDITS = 1_000; // words that are gone or new; where more are, the part between counts as replaced whole

const BESIDE = 200; // characters of what did not change that are shown beside a change

// Parts of `before` and `after` in order: {kind: "same" | "gone" | "new", text}. The longest common subsequence of
// words and of the white space between them, after the common beginning and end.
function wordDiff(before, after) {
  const a = before.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
  const b = after.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const parts = [];
  const add = (kind, tokens) => {
    if (!tokens.length) return;
    if (parts.at(-1)?.kind === kind) parts.at(-1).text += tokens.join("");
    else parts.push({ kind, text: tokens.join("") });
  };
  add("same", a.slice(0, start));
  for (const { kind, token } of middleDiff(a.slice(start, a.length - end), b.slice(start, b.length - end))) add(kind, [token]);
  add("same", a.slice(a.length - end));
  return parts;
}

// The shortest way from `a` to `b` by Myers (1986): time and memory go with the edits, not with the length, so that two
// words in an answer of several pages are found at each key. In a changed stretch what is gone comes first.
function middleDiff(a, b) {
  const far = new Int32Array(2 * DIFF_EDITS + 3); // by diagonal i - j: how far into `a` so many edits lead
  const zero = DIFF_EDITS + 1;
  const inserts = (reach, at, k, edits) => k === -edits || (k !== edits && reach[at - 1] < reach[at + 1]);
  const rounds = []; // `far` before each round, around its middle
  for (let edits = 0; edits <= DIFF_EDITS; edits++) {
    rounds.push(far.slice(zero - edits - 1, zero + edits + 2));
    for (let k = -edits; k <= edits; k += 2) {
      let i = inserts(far, zero + k, k, edits) ? far[zero + k + 1] : far[zero + k - 1] + 1;
      while (i < a.length && i - k < b.length && a[i] === b[i - k]) i++;
      far[zero + k] = i;
      if (i >= a.length && i - k >= b.length) return walkedBack(a, b, rounds, inserts);
    }
  }
  return [...a.map((token) => ({ kind: "gone", token })), ...b.map((token) => ({ kind: "new", token }))];
}

function walkedBack(a, b, rounds, inserts) {
  const parts = []; // last first
  let [i, j, place] = [a.length, b.length, 0]; // `place`: where in `parts` the next new token belongs
  for (let edits = rounds.length - 1; edits >= 0; edits--) {
    const k = i - j;
    const at = k + edits + 1;
    const insert = inserts(rounds[edits], at, k, edits);
    const from = edits ? rounds[edits][insert ? at + 1 : at - 1] + Number(!insert) : 0; // where the edit led to
    while (i > from) {
      parts.push({ kind: "same", token: a[--i] });
      j--;
      place = parts.length;
    }
    if (!edits) break;
    if (insert) parts.splice(place++, 0, { kind: "new", token: b[--j] });
    else parts.push({ kind: "gone", token: a[--i] });
  }
  return parts.reverse();
}

// The parts, of long stretches that did not change only what stands beside a change: a word in an answer of several
// pages must be seen at once. {kind: "out"} says how much is left out.
function shortened(parts) {
  const whole = (text, at) => at + Number(/^[\uDC00-\uDFFF]/.test(text.slice(at))); // no half of a character
  return parts.flatMap((part, place) => {
    const { kind, text } = part;
    const head = place ? whole(text, BESIDE) : 0;
    const tail = place < parts.length - 1 ? whole(text, text.length - BESIDE) : text.length;
    if (kind !== "same" || parts.length === 1 || tail - head < 2 * BESIDE) return [part];
    const out = { kind: "out", text: ` [… ${(tail - head).toLocaleString("en")} characters as they were …] ` };
    return [{ kind, text: text.slice(0, head) }, out, { kind, text: text.slice(tail) }].filter((piece) => piece.text);
  });
}

// Fill `node` with the difference: <del> for what is gone, <ins> for what is new.
function drawDiff(node, before, after) {
  const names = { same: "span", gone: "del", new: "ins", out: "small" };
  node.replaceChildren(...shortened(wordDiff(before, after)).map(({ kind, text }) => {
    const part = document.createElement(names[kind]);
    part.textContent = text;
    return part;
  }));
}
