// What the map is made of: the bytes of component.py as arrays, a grid that finds points, colours, shaders and
// polygons. Put before map.js.

const PALETTES = { // colour-blind safe, after Paul Tol's bright, vibrant and muted schemes; the last one is "all others"
  light: ["#4477aa", "#ee7733", "#228833", "#aa3377", "#33bbee", "#ccaa22", "#cc3311", "#009988", "#332288", "#ee6699", "#7a7a12", "#66aa55", "#994455", "#117799", "#bb8866", "#a3a7b5"],
  dark: ["#77aadd", "#ee8866", "#5fbf6c", "#e07bb8", "#66d4f5", "#eedd88", "#ff7a66", "#44d0bb", "#a79bf0", "#ffaabb", "#bbcc33", "#a8e6a1", "#e0707f", "#55b8d8", "#d8b48c", "#6b7187"],
};
const OTHERS = PALETTES.light.length - 1;
const DIM = 16;
const CELLS = 192; // of the grid that finds it, each way
const VERTICES = 300; // of a lasso that is sent
const VERTEX = `#version 300 es
in vec2 place; in float look; uniform vec4 view; uniform float size; uniform float pass; uniform vec3 palette[${OTHERS + 1}];
out vec4 colour;
void main() {
  float dim = step(15.5, look);
  int slot = int(look - dim * 16.0 + 0.5);
  bool back = dim > 0.5 || slot == ${OTHERS};
  gl_Position = back == (pass < 0.5) ? vec4(place * view.xy + view.zw, 0, 1) : vec4(2, 2, 2, 1);
  gl_PointSize = back ? size * 0.85 : size;
  colour = vec4(palette[slot], dim > 0.5 ? 0.16 : slot == ${OTHERS} ? 0.55 : 0.85);
}`;
const FRAGMENT = `#version 300 es
precision mediump float; in vec4 colour; uniform float edge; out vec4 result;
void main() {
  float alpha = colour.a * (1.0 - smoothstep(1.0 - edge, 1.0, length(gl_PointCoord * 2.0 - 1.0)));
  result = vec4(colour.rgb * alpha, alpha);
}`;

function asBytes(data) {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : null;
}

function readPoints(bytes) {
  const copy = bytes.byteOffset % 4 ? bytes.slice() : bytes; // typed arrays need aligned starts
  const headerLength = new DataView(copy.buffer, copy.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(copy.subarray(4, 4 + headerLength)));
  let at = copy.byteOffset + 4 + headerLength + header.pad;
  const take = (Kind, length) => {
    const made = new Kind(copy.buffer, at, length);
    at += Math.ceil(made.byteLength / 4) * 4;
    return made;
  };
  const count = header.count;
  const xy = take(Float32Array, 2 * count);
  const codes = header.colourings.map(() => take(Uint16Array, count));
  const ends = take(Uint32Array, count);
  return { header, count, xy, codes, ends, text: new Uint8Array(copy.buffer, at, count ? ends[count - 1] : 0) };
}

// The points by the cell of a grid over [-1, 1] in which they lie (a counting sort).
function gridOf(xy, count) {
  const cell = new Uint32Array(count);
  const starts = new Uint32Array(CELLS * CELLS + 1);
  for (let i = 0; i < count; i += 1) {
    cell[i] = cellOf(xy[2 * i]) + CELLS * cellOf(xy[2 * i + 1]);
    starts[cell[i] + 1] += 1;
  }
  for (let c = 0; c < CELLS * CELLS; c += 1) starts[c + 1] += starts[c];
  const next = starts.slice();
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i += 1) { order[next[cell[i]]] = i; next[cell[i]] += 1; }
  return { starts, order };
}

function cellOf(value) { return Math.min(CELLS - 1, Math.max(0, Math.floor(((value + 1) / 2) * CELLS))); }

function rgb(colour) { // "#rgb", "#rrggbb" or "rgb(r, g, b)" as three numbers in 0..1
  const hex = colour.match(/^#([0-9a-f]{6}|[0-9a-f]{3})/i)?.[1];
  if (!hex) return (colour.match(/[\d.]+/g) || [255, 255, 255]).slice(0, 3).map((part) => Number(part) / 255);
  const wide = hex.length === 3 ? hex.replace(/./g, "$&$&") : hex;
  return [0, 2, 4].map((at) => parseInt(wide.slice(at, at + 2), 16) / 255);
}

function thinned(path) {
  const step = Math.max(1, Math.ceil(path.length / VERTICES));
  return path.filter((_, n) => n % step === 0);
}

function boxOf(polygon) {
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function inside(x, y, polygon, [x0, y0, x1, y1]) { // by the even-odd rule, as in component.py
  if (x < x0 || x > x1 || y < y0 || y > y1) return false;
  let odd = false;
  for (let n = 0, m = polygon.length - 1; n < polygon.length; m = n, n += 1) {
    const [ax, ay] = polygon[n];
    const [bx, by] = polygon[m];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}
