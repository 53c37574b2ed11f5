// The map of the rows (the points: map_points.js; how they are drawn: map_drawing.js; Python's half:
// component.py). Names and texts of the data reach the page through textContent and canvas text alone.

const NEAR = 9; // pixels within which a point is under the pointer
const LISTED = 200; // categories in the legend
const maps = new WeakMap();

export default function ({ parentElement, data, setStateValue }) {
  const bytes = asBytes(data);
  if (!bytes) return undefined;
  let map = maps.get(parentElement);
  if (!map) maps.set(parentElement, (map = new Atlas(parentElement)));
  map.send = setStateValue;
  map.load(bytes);
  return () => { map.end(); maps.delete(parentElement); };
}

class Atlas extends MapDrawing {
  constructor(parent) {
    super();
    this.el = {};
    for (const node of parent.querySelectorAll("[data-ref]")) this.el[node.dataset.ref] = node;
    this.revision = null;
    this.mode = "pan";
    this.camera = { x: 0, y: 0, scale: 1 };
    this.by = null; // key of the colouring
    this.only = null; // the category that stands out
    this.names = true;
    this.path = null; // of a lasso or box being drawn, in pixels
    this.chosen = null; // Uint8Array: which points are chosen
    this.hovered = -1;
    this.over = this.el.over.getContext("2d");
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(this.el.plane);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.onScheme = () => this.draw();
    this.scheme.addEventListener("change", this.onScheme);
    this.listen();
    this.start();
  }

  end() {
    this.watch.disconnect();
    this.scheme.removeEventListener("change", this.onScheme);
    cancelAnimationFrame(this.frame);
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext(); // a browser keeps only a few
  }

  // ---- data --------------------------------------------------------------------------------------------------
  load(bytes) {
    const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
    const { revision } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
    if (revision === this.revision) return;
    const first = this.revision === null;
    this.revision = revision;
    this.points = readPoints(bytes);
    this.el.map.dataset.settled = "";
    this.chosen = null;
    this.hovered = -1;
    this.only = null;
    this.grid = gridOf(this.points.xy, this.points.count);
    const keys = this.points.header.colourings.map((c) => c.key);
    if (!keys.includes(this.by)) this.by = keys[0];
    this.el.by.replaceChildren(...this.points.header.colourings.map((c) => {
      const option = document.createElement("option");
      option.value = c.key;
      option.textContent = c.title;
      return option;
    }));
    this.el.by.value = this.by;
    this.buffers();
    this.colour();
    if (first) this.fit();
    this.say(`${this.points.count.toLocaleString("en")} rows`);
  }

  textOf(i) {
    const { ends, text } = this.points;
    return new TextDecoder().decode(text.subarray(i ? ends[i - 1] : 0, ends[i]));
  }

  colouring() { return this.points.header.colourings.findIndex((c) => c.key === this.by); }

  // ---- colours -----------------------------------------------------------------------------------------------
  colour() { // how each point looks: its slot of the palette, and whether it stands back
    this.legend();
    if (!this.look) return;
    const at = this.colouring();
    const codes = this.points.codes[at];
    const { slots } = this.points.header.colourings[at];
    const { look, chosen, only } = this;
    for (let i = 0; i < look.length; i += 1) {
      const out = (chosen && !chosen[i]) || (only !== null && codes[i] !== only);
      const slot = only === codes[i] && slots[codes[i]] >= OTHERS ? 0 : slots[codes[i]];
      look[i] = slot + (out ? DIM : 0);
    }
    if (this.program) {
      const { gl } = this;
      gl.bindBuffer(gl.ARRAY_BUFFER, this.held[1]);
      gl.bufferSubData(gl.ARRAY_BUFFER, 0, look);
    }
    this.draw();
  }

  legend() {
    const at = this.colouring();
    const { names, counts, slots } = this.points.header.colourings[at];
    const palette = this.palette();
    const buttons = names.slice(0, LISTED).map((name, code) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", String(this.only === code));
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      swatch.style.background = palette[this.only === code && slots[code] >= OTHERS ? 0 : slots[code]];
      const label = document.createElement("span");
      label.className = "name";
      label.textContent = name;
      const number = document.createElement("span");
      number.className = "count";
      number.textContent = counts[code].toLocaleString("en");
      button.append(swatch, label, number);
      button.addEventListener("click", () => {
        this.only = this.only === code ? null : code;
        this.colour();
        this.el.legend.children[code]?.focus();
      });
      return button;
    });
    const scrolled = this.el.legend.scrollTop;
    this.el.legend.replaceChildren(...buttons);
    if (names.length > LISTED) {
      const more = document.createElement("p");
      more.textContent = `and ${(names.length - LISTED).toLocaleString("en")} more`;
      this.el.legend.append(more);
    }
    this.el.legend.scrollTop = scrolled;
    this.el.these.hidden = this.only === null;
  }

  // ---- choosing ----------------------------------------------------------------------------------------------
  choose(path) { // `path` in pixels, or null for the category that stands out
    const polygon = path && thinned(path).map(([px, py]) => this.toMap(px, py));
    const { xy, count, codes } = this.points;
    const column = codes[this.colouring()];
    const chosen = new Uint8Array(count);
    const box = polygon && boxOf(polygon);
    let found = 0;
    for (let i = 0; i < count; i += 1) {
      if (this.only !== null && column[i] !== this.only) continue;
      if (polygon && !inside(xy[2 * i], xy[2 * i + 1], polygon, box)) continue;
      chosen[i] = 1;
      found += 1;
    }
    if (!found) { this.say("No row lies there."); return; }
    this.chosen = chosen;
    this.say(`${found.toLocaleString("en")} rows chosen: they are listed below`);
    this.el.map.dataset.chosen = String(found);
    this.tell({ revision: this.revision, polygon, by: this.by, only: this.only });
  }

  unchoose() {
    if (!this.chosen) return;
    this.chosen = null;
    this.el.map.dataset.chosen = "0";
    this.say("No row is chosen.");
    this.tell(null);
  }

  tell(selection) {
    this.button("clear").disabled = !this.chosen;
    this.colour();
    this.send("selection", selection);
  }

  say(text) { this.el.said.textContent = text; }

  // ---- pointer and keys --------------------------------------------------------------------------------------
  zoom(factor, px = this.size.width / 2, py = this.size.height / 2) {
    const [x, y] = this.toMap(px, py);
    const scale = Math.min(Math.max(this.camera.scale * factor, this.whole / 3), this.whole * 400);
    const { width, height } = this.size;
    this.camera = { scale, x: x - (px - width / 2) / scale, y: y - (height / 2 - py) / scale };
    this.draw();
  }

  move(dx, dy) {
    this.camera.x -= dx / this.camera.scale;
    this.camera.y += dy / this.camera.scale;
    this.draw();
  }

  nearest(px, py) {
    const [x, y] = this.toMap(px, py);
    const reach = NEAR / this.camera.scale;
    const { xy } = this.points;
    const { starts, order } = this.grid;
    let best = -1;
    let least = reach * reach;
    for (let row = cellOf(y - reach); row <= cellOf(y + reach); row += 1) {
      for (let c = cellOf(x - reach) + CELLS * row; c <= cellOf(x + reach) + CELLS * row; c += 1) {
        for (let k = starts[c]; k < starts[c + 1]; k += 1) {
          const i = order[k];
          const far = (xy[2 * i] - x) ** 2 + (xy[2 * i + 1] - y) ** 2;
          if (far < least && !(this.look?.[i] >= DIM)) { least = far; best = i; }
        }
      }
    }
    return best;
  }

  hover(i) {
    if (i === this.hovered) return;
    this.hovered = i;
    const { tip } = this.el;
    tip.hidden = i < 0;
    if (i >= 0) {
      const text = document.createElement("div");
      text.className = "text";
      text.dir = "auto";
      text.textContent = this.textOf(i);
      const list = document.createElement("dl");
      this.points.header.colourings.forEach((colouring, n) => {
        const term = document.createElement("dt");
        term.textContent = colouring.title;
        const value = document.createElement("dd");
        value.textContent = colouring.names[this.points.codes[n][i]];
        list.append(term, value);
      });
      tip.replaceChildren(text, list);
      const [px, py] = this.toScreen(i);
      const left = px + 16 + tip.offsetWidth < this.size.width ? px + 16 : px - 16 - tip.offsetWidth;
      tip.style.left = `${Math.max(4, left)}px`;
      tip.style.top = `${Math.min(Math.max(4, py - 12), Math.max(4, this.size.height - tip.offsetHeight - 4))}px`;
    }
    this.draw();
  }

  setMode(mode) {
    this.mode = mode;
    this.path = null;
    for (const name of ["pan", "lasso", "box"]) this.button(name).setAttribute("aria-pressed", String(name === mode));
    this.el.plane.classList.toggle("draws", mode !== "pan");
    this.draw();
  }

  button(name) { return this.el.map.querySelector(`[data-do=${name}]`); }

  act(name) {
    const { width, height } = this.size;
    switch (name) {
      case "pan": case "lasso": case "box": this.setMode(name === this.mode ? "pan" : name); break;
      case "in": this.zoom(1.5); break;
      case "out": this.zoom(1 / 1.5); break;
      case "fit": this.fit(); break;
      case "names":
        this.names = !this.names;
        this.button("names").setAttribute("aria-pressed", String(this.names));
        this.draw();
        break;
      case "view": this.choose([[0, 0], [width, 0], [width, height], [0, height]]); break;
      case "these": this.choose(null); break;
      case "clear": this.unchoose(); break;
      default:
    }
  }

  listen() {
    const { plane } = this.el;
    this.el.map.addEventListener("click", (event) => {
      const button = event.target.closest("[data-do]");
      if (button && this.points && this.size) this.act(button.dataset.do);
    });
    this.el.by.addEventListener("change", () => { this.by = this.el.by.value; this.only = null; this.colour(); });
    plane.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.hover(-1);
      const [px, py] = this.at(event);
      this.zoom(Math.exp(-Math.max(-120, Math.min(120, event.deltaY * (event.deltaMode ? 30 : 1))) / 300), px, py);
    }, { passive: false });
    plane.addEventListener("pointerdown", (event) => this.down(event));
    plane.addEventListener("pointermove", (event) => this.moved(event));
    plane.addEventListener("pointerup", (event) => this.up(event));
    plane.addEventListener("pointercancel", () => { this.path = null; this.drag = null; this.draw(); });
    plane.addEventListener("pointerleave", () => this.hover(-1));
    plane.addEventListener("keydown", (event) => this.key(event));
  }

  at(event) {
    const box = this.el.plane.getBoundingClientRect();
    return [event.clientX - box.left - this.el.plane.clientLeft, event.clientY - box.top - this.el.plane.clientTop];
  }

  down(event) {
    if (event.button !== 0 || !this.points) return;
    this.el.plane.focus({ preventScroll: true });
    this.el.plane.setPointerCapture(event.pointerId);
    this.hover(-1);
    const start = this.at(event);
    if (this.mode !== "pan" || event.shiftKey) {
      this.path = [start];
      this.boxed = this.mode === "box" ? start : null;
    } else {
      this.drag = start;
      this.el.plane.classList.add("dragging");
    }
  }

  moved(event) {
    if (!this.points || !this.size) return;
    const [px, py] = this.at(event);
    if (this.path) {
      if (this.boxed) {
        const [sx, sy] = this.boxed;
        this.path = [[sx, sy], [px, sy], [px, py], [sx, py]];
      } else this.path.push([px, py]);
      this.draw();
    } else if (this.drag) {
      this.move(px - this.drag[0], py - this.drag[1]);
      this.drag = [px, py];
    } else this.hover(this.nearest(px, py));
  }

  up() {
    this.el.plane.classList.remove("dragging");
    this.drag = null;
    const { path } = this;
    this.path = null;
    if (path?.length > 2) this.choose(path);
    this.draw();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.points || !this.size) return;
    const step = 60;
    const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const acts = { "+": "in", "=": "in", "-": "out", 0: "fit", l: "lasso", b: "box", v: "view", n: "names" };
    const act = acts[event.key.toLowerCase()];
    if (moves[event.key]) this.move(...moves[event.key]);
    else if (act) this.act(act);
    else if (event.key === "Escape") {
      if (this.path || this.mode !== "pan") this.setMode("pan");
      else this.unchoose();
    } else return;
    event.preventDefault();
    event.stopPropagation();
    if (moves[event.key] || act === "in" || act === "out") this.hover(this.nearest(this.size.width / 2, this.size.height / 2));
  }
}
