// What changed between two texts, word by word, shown as text alone.

const DIFF_CELLS = 4_000_000; // of the table below; a longer middle part counts as replaced whole

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

function middleDiff(a, b) {
  const gone = a.map((token) => ({ kind: "gone", token }));
  const fresh = b.map((token) => ({ kind: "new", token }));
  const width = b.length + 1;
  if (!a.length || !b.length || (a.length + 1) * width > DIFF_CELLS) return [...gone, ...fresh];
  const common = new Uint16Array((a.length + 1) * width); // of a[i..] and b[j..]; at most 2,000 at this size
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i * width + j] = a[i] === b[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
  const parts = [];
  let i = 0, j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) parts.push({ kind: "same", token: a[i] }), i++, j++;
    else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) parts.push(gone[i++]);
    else parts.push(fresh[j++]);
  }
  return [...parts, ...gone.slice(i), ...fresh.slice(j)];
}

// Fill `node` with the difference: <del> for what is gone, <ins> for what is new.
function drawDiff(node, before, after) {
  const names = { same: "span", gone: "del", new: "ins" };
  node.replaceChildren(...wordDiff(before, after).map(({ kind, text }) => {
    const part = document.createElement(names[kind]);
    part.textContent = text;
    return part;
  }));
}
