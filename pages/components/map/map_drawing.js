// How the map is drawn: the points by WebGL2, names and a lasso on a canvas over them. Put before map.js, whose Atlas
// has the data (`points`, `camera`, `chosen` …) and says by `colour()` how each point looks.

const NAMES = 28; // names of clusters that are shown until one zooms in

class MapDrawing {
  start() {
    const gl = this.el.points.getContext("webgl2", { antialias: false, alpha: true, premultipliedAlpha: true });
    if (!gl) {
      this.el.problem.hidden = false;
      this.el.problem.textContent = "This browser shows no WebGL 2, which the map is drawn with. The same rows stand in the table: switch on “As a table”.";
      this.el.map.dataset.settled = "no-webgl2";
      return;
    }
    this.gl = gl;
    this.el.points.addEventListener("webglcontextlost", (event) => { event.preventDefault(); this.program = null; });
    this.el.points.addEventListener("webglcontextrestored", () => { this.compile(); this.buffers(); this.colour(); });
    this.compile();
  }

  compile() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.uniform = (name) => gl.getUniformLocation(program, name);
    this.program = program;
  }

  buffers() {
    if (!this.program) return;
    const { gl } = this;
    for (const old of this.held || []) gl.deleteBuffer(old);
    const attribute = (name, values, width, kind, usage) => {
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, values, usage);
      const place = gl.getAttribLocation(this.program, name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, width, kind, false, 0, 0);
      return buffer;
    };
    this.look = new Uint8Array(this.points.count);
    this.held = [
      attribute("place", this.points.xy, 2, gl.FLOAT, gl.STATIC_DRAW),
      attribute("look", this.look, 1, gl.UNSIGNED_BYTE, gl.DYNAMIC_DRAW),
    ];
  }

  palette() {
    const shown = getComputedStyle(this.el.map).getPropertyValue("--st-background-color").trim() || "#fff";
    const [r, g, b] = rgb(shown);
    this.dark = 0.3 * r + 0.6 * g + 0.1 * b < 0.5;
    this.ground = shown;
    return PALETTES[this.dark ? "dark" : "light"];
  }

  resize() {
    const ratio = Math.min(devicePixelRatio || 1, 3);
    const { clientWidth: width, clientHeight: height } = this.el.plane;
    if (!width || !height) return;
    this.size = { width, height, ratio };
    for (const canvas of [this.el.points, this.el.over]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    if (this.waiting) { this.waiting = false; this.fit(); }
    this.paint(); // at once: a canvas that was resized is empty
  }

  fit() {
    if (!this.size) { this.waiting = true; return; }
    const { width, height } = this.size;
    const { bounds } = this.points.header;
    const scale = Math.min((width - 60) / Math.max(bounds[2] - bounds[0], 0.02), (height - 60) / Math.max(bounds[3] - bounds[1], 0.02));
    this.whole = scale;
    this.camera = { x: (bounds[0] + bounds[2]) / 2, y: (bounds[1] + bounds[3]) / 2, scale };
    this.draw();
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    if (!this.points || !this.size) return;
    const palette = this.palette();
    const { width, height, ratio } = this.size;
    const { x, y, scale } = this.camera;
    const zoom = this.whole ? scale / this.whole : 1;
    if (this.program && this.points.count) {
      const { gl } = this;
      const most = this.points.count;
      const size = Math.min(14, Math.max(1.7, 11.5 - 1.8 * Math.log10(most)) * Math.max(1, zoom) ** 0.45) * ratio;
      gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform4f(this.uniform("view"), (2 * scale) / width, (2 * scale) / height, (-2 * scale * x) / width, (-2 * scale * y) / height);
      gl.uniform1f(this.uniform("size"), size);
      gl.uniform1f(this.uniform("edge"), Math.min(1, 2.4 / size));
      gl.uniform3fv(this.uniform("palette"), palette.flatMap(rgb));
      for (const pass of [0, 1]) {
        gl.uniform1f(this.uniform("pass"), pass);
        gl.drawArrays(gl.POINTS, 0, most);
      }
    }
    this.paintOver(ratio);
    if (!this.el.map.dataset.settled) {
      this.gl?.finish();
      this.el.map.dataset.settled = String(Math.round(performance.now()));
    }
  }

  paintOver(ratio) {
    const { over } = this;
    const style = getComputedStyle(this.el.map);
    const accent = style.getPropertyValue("--st-primary-color").trim() || "#4338ca";
    over.setTransform(ratio, 0, 0, ratio, 0, 0);
    over.clearRect(0, 0, this.size.width, this.size.height);
    if (this.names) this.paintNames(style);
    if (this.hovered >= 0) {
      const [px, py] = this.toScreen(this.hovered);
      over.beginPath();
      over.arc(px, py, 7, 0, 2 * Math.PI);
      over.lineWidth = 2;
      over.strokeStyle = style.color;
      over.stroke();
    }
    if (this.path?.length > 1) {
      over.beginPath();
      for (const [px, py] of this.path) over.lineTo(px, py);
      over.closePath();
      over.lineWidth = 1.5;
      over.strokeStyle = accent;
      over.globalAlpha = 0.12;
      over.fillStyle = accent;
      over.fill();
      over.globalAlpha = 1;
      over.stroke();
    }
  }

  paintNames(style) {
    const { over } = this;
    const taken = [];
    over.font = `600 12px ${style.fontFamily}`;
    over.textAlign = "center";
    over.textBaseline = "middle";
    over.lineJoin = "round";
    for (const { name, x, y } of this.points.header.places.slice(0, this.camera.scale > 2.5 * this.whole ? undefined : NAMES)) {
      const px = (x - this.camera.x) * this.camera.scale + this.size.width / 2;
      const py = this.size.height / 2 - (y - this.camera.y) * this.camera.scale;
      const half = over.measureText(name).width / 2 + 4;
      if (px - half < 0 || px + half > this.size.width || py < 10 || py > this.size.height - 10) continue;
      if (taken.some(([ox, oy, ohalf]) => Math.abs(oy - py) < 17 && Math.abs(ox - px) < half + ohalf)) continue;
      taken.push([px, py, half]);
      over.lineWidth = 4;
      over.strokeStyle = this.ground;
      over.globalAlpha = 0.85;
      over.strokeText(name, px, py);
      over.globalAlpha = 1;
      over.fillStyle = style.color;
      over.fillText(name, px, py);
    }
  }

  toScreen(i) {
    const { xy } = this.points;
    return [(xy[2 * i] - this.camera.x) * this.camera.scale + this.size.width / 2,
      this.size.height / 2 - (xy[2 * i + 1] - this.camera.y) * this.camera.scale];
  }

  toMap(px, py) {
    return [(px - this.size.width / 2) / this.camera.scale + this.camera.x,
      (this.size.height / 2 - py) / this.camera.scale + this.camera.y];
  }
}

