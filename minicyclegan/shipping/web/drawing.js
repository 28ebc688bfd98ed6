// A label map to draw on: small, in the colours of a palette and in no others, by pointer or by keyboard.

const STEPS_BACK = 60;

export class Drawing {
  // changed(): called after every change. say(text): tells who can't see it what was done.
  constructor(canvas, cursor, changed, say) {
    Object.assign(this, {canvas, cursor, changed, say});
    this.context = canvas.getContext("2d", {willReadFrequently: true});
    this.tool = "rectangle";
    this.width = 3;
    this.colour = 0;
    this.at = {x: 0, y: 0};
    canvas.addEventListener("pointerdown", (event) => {
      if (!event.isPrimary || event.button) return;
      canvas.setPointerCapture(event.pointerId);
      this.cursor.hidden = true;
      this.begin(this.cell(event));
    });
    canvas.addEventListener("pointermove", (event) => event.isPrimary && this.stroke && this.drag(this.cell(event)));
    canvas.addEventListener("pointerup", () => this.end());
    canvas.addEventListener("pointercancel", () => this.drop());
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("focus", () => this.show(canvas.matches(":focus-visible")));
    canvas.addEventListener("blur", () => this.show(false));
  }

  // A new, empty map: all of the palette's first colour.
  open(size, palette) {
    this.canvas.width = this.canvas.height = size;
    Object.assign(this, {size, palette, past: [], stroke: null, at: {x: size >> 1, y: size >> 1}});
    this.fill(0, 0, size, size, 0);
  }

  // A picture as a label map: each pixel takes the nearest colour of the palette.
  take(picture) {
    this.remember();
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(picture, 0, 0, this.size, this.size);
    const pixels = this.context.getImageData(0, 0, this.size, this.size);
    const palette = this.palette.map(({colour}) => rgb(colour));
    for (let i = 0; i < pixels.data.length; i += 4) {
      const distance = ([r, g, b]) => (pixels.data[i] - r) ** 2 + (pixels.data[i + 1] - g) ** 2 + (pixels.data[i + 2] - b) ** 2;
      const nearest = palette.reduce((best, colour) => (distance(colour) < distance(best) ? colour : best));
      pixels.data.set([...nearest, 255], i);
    }
    this.context.putImageData(pixels, 0, 0);
    this.changed();
  }

  clear() {
    if (!this.palette) return;
    this.remember();
    this.fill(0, 0, this.size, this.size, 0);
    this.changed();
  }

  undo() {
    if (this.stroke) return this.drop();
    const before = this.past.pop();
    if (!before) return this.say("Nothing to undo.");
    this.context.putImageData(before, 0, 0);
    this.changed();
  }

  remember() {
    this.past = [...this.past.slice(1 - STEPS_BACK), this.context.getImageData(0, 0, this.size, this.size)];
  }

  fill(x, y, width, height, colour) {
    this.context.fillStyle = this.palette[colour].colour;
    this.context.fillRect(x, y, width, height);
  }

  // A stroke: from `begin` over any number of `drag`s to `end`.
  begin(cell) {
    if (!this.palette) return;
    this.remember();
    this.stroke = {from: cell, last: cell};
    this.drag(cell);
  }

  drag(to) {
    const {from, last} = this.stroke;
    if (this.tool === "rectangle") {
      this.context.putImageData(this.past.at(-1), 0, 0);
      const [left, top] = [Math.min(from.x, to.x), Math.min(from.y, to.y)];
      this.fill(left, top, Math.abs(to.x - from.x) + 1, Math.abs(to.y - from.y) + 1, this.colour);
    } else {
      const steps = Math.max(Math.abs(to.x - last.x), Math.abs(to.y - last.y), 1);
      for (let i = 0; i <= steps; i++) {
        this.dab(last.x + ((to.x - last.x) * i) / steps, last.y + ((to.y - last.y) * i) / steps);
      }
    }
    this.stroke.last = to;
    this.changed();
  }

  // A round dab of the brush, row by row, so that no colour is mixed at its edge.
  dab(x, y) {
    const radius = this.width / 2;
    const [left, top] = [Math.round(x - radius + 0.5), Math.round(y - radius + 0.5)];
    for (let row = 0; row < this.width; row++) {
      const half = Math.sqrt(radius ** 2 - (row + 0.5 - radius) ** 2);
      const first = Math.round(radius - half);
      this.fill(left + first, top + row, this.width - 2 * first, 1, this.colour);
    }
  }

  end() {
    this.stroke = null;
  }

  // Gives a stroke up, as if it had never begun.
  drop() {
    if (!this.stroke) return;
    this.stroke = null;
    this.undo();
  }

  cell(event) {
    const box = this.canvas.getBoundingClientRect();
    const inside = (part) => Math.max(0, Math.min(this.size - 1, Math.floor(part * this.size)));
    return {x: inside((event.clientX - box.left) / box.width), y: inside((event.clientY - box.top) / box.height)};
  }

  key(event) {
    if (!this.palette) return; // the network is still on its way
    const step = event.shiftKey ? 8 : 1;
    const [dx, dy] = {ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step]}[event.key] ?? [0, 0];
    if (event.altKey || ((event.ctrlKey || event.metaKey) && event.key !== "z")) return; // the browser's own
    if (dx || dy) this.move(dx, dy);
    else if (event.key === "Enter" || event.key === " ") this.stamp();
    else if (event.key === "Escape" && this.stroke) this.drop();
    else if (event.key.toLowerCase() === "z") this.undo();
    else if (this.palette[event.key - 1]) this.choose?.("brush", event.key - 1);
    else if ("br".includes(event.key.toLowerCase())) this.choose?.("tool", event.key.toLowerCase() === "b" ? "brush" : "rectangle");
    else return;
    event.preventDefault();
  }

  move(dx, dy) {
    const inside = (value) => Math.max(0, Math.min(this.size - 1, value));
    this.at = {x: inside(this.at.x + dx), y: inside(this.at.y + dy)};
    if (this.stroke) this.drag(this.at);
    this.show(true);
    this.say(`${this.at.x + 1} across, ${this.at.y + 1} down`);
  }

  stamp() {
    const name = this.palette[this.colour].name;
    if (this.stroke) {
      this.end();
      return this.say(`${name} painted`);
    }
    this.begin(this.at);
    if (this.tool === "rectangle") return this.say("first corner set; move, and press Enter at the other corner");
    this.end();
    this.say(`${name} painted at ${this.at.x + 1} across, ${this.at.y + 1} down`);
  }

  show(visible) {
    const percent = (value) => `${(100 * (value + 0.5)) / this.size}%`;
    Object.assign(this.cursor.style, {left: percent(this.at.x), top: percent(this.at.y)});
    this.cursor.hidden = !visible;
  }
}

function rgb(colour) {
  return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
}
