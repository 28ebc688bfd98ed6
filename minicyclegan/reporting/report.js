"use strict";
// Fills the page from the JSON in it. All text from outside becomes text nodes, never HTML.

const { runs, differences } = JSON.parse(document.getElementById("content").textContent);
const several = runs.length > 1;
const run = runs[0];

const find = (selector) => document.querySelector(selector);
const whole = (value) => value.toLocaleString("en-GB");
const short = (value) => (value == null ? "–" : value.toLocaleString("en-GB", { maximumSignificantDigits: 3 }));
const plural = (n, word) => `${whole(n)} ${word}${n === 1 ? "" : "s"}`;

function make(tag, attributes = {}, ...children) {
  const drawing = ["svg", "path", "line", "rect", "text", "circle"].includes(tag);
  const made = drawing ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "style") for (const [key, set] of Object.entries(value)) made.style.setProperty(key, set);
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

function table(caption, head, rows) {
  const cell = (tag, extra) => (value) =>
    make(tag, { ...extra, ...(typeof value === "number" ? { class: "number" } : {}) }, typeof value === "number" ? short(value) : value);
  const body = rows.map(([first, ...rest]) => make("tr", {}, cell("th", { scope: "row" })(first), ...rest.map(cell("td"))));
  const top = head ? make("thead", {}, make("tr", {}, ...head.map(cell("th", { scope: "col" })))) : null;
  return make("table", { "aria-label": caption }, top, make("tbody", {}, ...body));
}

function picture({ picture, width, height }, alt) {
  const image = make("img", { src: picture, width, height, alt });
  const frame = { class: "picture scroll", tabindex: 0, role: "group", "aria-label": alt, style: { "--width": width } };
  return make("div", frame, image);
}

// ---- Curves ----

const WIDTH = 360, HEIGHT = 200, LEFT = 42, TOP = 14, BOTTOM = 24;
const markers = []; // each moves a chart's dotted line to a step

function ticks(low, high, most) {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((k) => k * power >= rough) * power;
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(k * step);
  return found;
}

// lines: [{points, mean, low, high, style, dots}]; normal: [low, high]; either end may be missing.
function chart({ label, lines, axis: [bottom, top], normal = [null, null], best = null }) {
  const end = Math.max(1, ...lines.map(({ points }) => points.at(-1) ?? 0));
  const x = (step) => LEFT + ((WIDTH - LEFT - 6) * step) / end;
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (Math.min(Math.max(value, bottom), top) - bottom) / (top - bottom));
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  const across = (value, kind) => make("line", { x1: LEFT, x2: WIDTH - 6, y1: y(value), y2: y(value), class: kind });
  const down = (step, kind) => make("line", { x1: x(step), x2: x(step), y1: TOP, y2: HEIGHT - BOTTOM, class: kind });
  if (normal.some((value) => value != null)) {
    const [low, high] = [normal[0] ?? bottom, normal[1] ?? top];
    svg.append(make("rect", { x: LEFT, width: WIDTH - LEFT - 6, y: y(high), height: Math.max(0, y(low) - y(high)), class: "band" }));
    for (const value of normal) if (value != null && value > bottom && value < top) svg.append(across(value, "edge"));
  }
  for (const value of ticks(bottom, top, 4)) {
    svg.append(across(value, "tick"), make("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, short(value)));
  }
  for (const step of ticks(0, end, 4)) {
    svg.append(make("text", { x: x(step), y: HEIGHT - 7, "text-anchor": "middle" }, whole(step)));
  }
  for (const { points, mean, low, high, style = {}, dots } of lines) {
    const known = points.map((_, k) => k).filter((k) => mean[k] != null);
    const place = (values) => (k) => `${x(points[k]).toFixed(1)},${y(values[k] ?? mean[k]).toFixed(1)}`;
    if (low && known.length) {
      svg.append(make("path", { class: "area", d: `M${known.map(place(low)).join("L")}L${known.map(place(high)).reverse().join("L")}Z` }));
    }
    if (known.length) svg.append(make("path", { class: "mean", style, d: `M${known.map(place(mean)).join("L")}` }));
    if (dots) for (const k of known) svg.append(make("circle", { class: "dot", style: { fill: style.stroke }, r: 2.5, cx: x(points[k]), cy: y(mean[k]) }));
  }
  if (best != null) {
    const anchor = best > end / 2 ? { x: x(best) - 4, "text-anchor": "end" } : { x: x(best) + 4 };
    svg.append(down(best, "best"), make("text", { y: TOP - 3, class: "best", ...anchor }, `best: step ${whole(best)}`));
  }
  if (!several && run.samples.length > 1) {
    const line = down(0, "at");
    svg.append(line);
    markers.push((step) => { line.setAttribute("x1", x(step)); line.setAttribute("x2", x(step)); });
  }
  return svg;
}

// The same curve as some ten rows of numbers.
function values(name, points, mean) {
  const rows = [...new Set(Array.from({ length: 11 }, (_, k) => Math.round((k * (points.length - 1)) / 10)))];
  const cells = rows.map((k) => [whole(points[k]), mean[k] ?? "–"]);
  return make("details", {}, make("summary", {}, `${name} in numbers`), table(`${name} in numbers`, ["step", name], cells));
}

function state({ last, normal: [low, high] }) {
  if ((low == null && high == null) || last == null) return null;
  const where = low != null && last < low ? "below" : high != null && last > high ? "above" : "inside";
  const band = low == null ? `up to ${short(high)}` : high == null ? `from ${short(low)} on` : `${short(low)} to ${short(high)}`;
  return { where, text: `${where === "inside" ? "✓" : "!"} ${short(last)} is ${where} what is normal here, ${band}` };
}

function losses() {
  for (const curve of run.curves) {
    const now = state(curve);
    const label = `${curve.term} over ${plural(run.step, "step")}: from ${short(curve.mean[0])} to ${short(curve.last)}. ${now ? now.text.slice(2) : "No band is known"}.`;
    find("#losses .curves").append(
      make("figure", {},
        make("h3", {}, curve.term),
        make("p", { class: "small" }, curve.title),
        chart({ label, lines: [{ points: run.points, ...curve }], axis: curve.axis, normal: curve.normal }),
        now && make("p", { class: now.where === "inside" ? "state" : "state alarm" }, now.text),
        make("p", { class: "small" }, curve.why),
        curve.equation ? make("p", { class: "equation" }, curve.equation) : null,
        values(curve.term, run.points, curve.mean)),
    );
  }
}

function axisOf(numbers) {
  const low = Math.min(0, ...numbers), high = Math.max(...numbers);
  return [low, high > low ? high + 0.05 * (high - low) : low + 1];
}

function validation() {
  find("#about").textContent = run.validation.about ?? "";
  for (const [name, pairs] of Object.entries(run.validation.figures)) {
    const points = pairs.map(([step]) => step), mean = pairs.map(([, value]) => value);
    const best = run.validation.best;
    const label = `${name} at ${plural(points.length, "step")}: from ${short(mean[0])} to ${short(mean.at(-1))}${best == null ? "" : `; best step ${whole(best)}`}.`;
    find("#validation .curves").append(
      make("figure", {}, make("h3", {}, name), chart({ label, lines: [{ points, mean, dots: true }], axis: axisOf(mean), best }), values(name, points, mean)),
    );
  }
}

// ---- Several runs ----

const look = (k) => ({ stroke: `var(--run-${k % 6})`, "stroke-dasharray": ["none", "7 3", "2 3"][Math.floor(k / 6) % 3] });

function overlaid() {
  const legend = runs.map(({ name }, k) =>
    make("li", {}, make("svg", { viewBox: "0 0 38 10", "aria-hidden": "true" }, make("line", { x1: 0, x2: 38, y1: 5, y2: 5, "stroke-width": 3, style: look(k) })), name));
  find("#losses .curves").before(make("ul", { class: "legend" }, ...legend));
  const drawn = (place, name, lines, extra) => {
    const all = lines.flatMap(({ mean }) => mean).filter((value) => value != null);
    const ends = lines.map(({ run, mean }) => [run, mean.find((value) => value != null) ?? null, mean.findLast((value) => value != null) ?? null]);
    const label = `${name}: ${ends.map(([of, , last]) => `${of} ends at ${short(last)}`).join("; ")}.`;
    find(place).append(make("figure", {}, make("h3", {}, name), chart({ label, lines, axis: axisOf(all), ...extra }),
      make("details", {}, make("summary", {}, `${name} in numbers`), table(`${name} in numbers`, ["run", "first", "last"], ends))));
  };
  for (const term of new Set(runs.flatMap(({ curves }) => curves.map((curve) => curve.term)))) {
    const lines = runs.flatMap(({ name, points, curves }, k) =>
      curves.filter((curve) => curve.term === term).map(({ mean, normal }) => ({ run: name, points, mean, normal, style: look(k) })));
    const bands = new Set(lines.map(({ normal }) => JSON.stringify(normal)));
    drawn("#losses .curves", term, lines, bands.size === 1 ? { normal: lines[0].normal } : {});
  }
  for (const name of new Set(runs.flatMap(({ validation }) => Object.keys(validation.figures)))) {
    const lines = runs.flatMap((one, k) =>
      name in one.validation.figures ? [{ run: one.name, points: one.validation.figures[name].map(([step]) => step), mean: one.validation.figures[name].map(([, value]) => value), style: look(k), dots: true }] : []);
    drawn("#validation .curves", name, lines);
  }
}

function comparison() {
  find("#kind").textContent = "runs compared";
  find("#name").textContent = `${runs.length} runs compared`;
  find("#what").textContent = runs.map(({ name }) => name).join(" · ");
  const row = (name, value) => [name, ...runs.map((one) => value(one))];
  const rows = [
    row("steps done", (one) => `${whole(one.step)} of ${whole(one.steps)}`),
    row("best step", (one) => (one.validation.best == null ? "–" : whole(one.validation.best))),
    row("minutes", (one) => (one.minutes == null ? "–" : short(one.minutes))),
    row("alarms that stand", (one) => one.alarms.filter(({ stands }) => stands).map(({ name }) => name).join(", ") || "none"),
    ...differences.map(([name, values]) => [name, ...values]),
  ];
  find("#differences .scroll").append(table("What differs", ["", ...runs.map(({ name }) => name)], rows));
  for (const { name, samples } of runs) {
    for (const sample of samples) find("#rows .pictures").append(figure(`${name}, step ${whole(sample.step)}`, sample));
  }
  overlaid();
}

// ---- One run ----

function figure(caption, sample) {
  const alt = `${caption}: a sample grid of test pictures and what the generators make of them`;
  return make("figure", { style: { "--width": sample.width } }, make("figcaption", {}, caption), picture(sample, alt));
}

const nearest = (step) => run.samples.reduce((a, b) => (Math.abs(b.step - step) < Math.abs(a.step - step) ? b : a), run.samples[0]);

function result() {
  const last = run.samples.at(-1), best = run.validation.best == null ? null : nearest(run.validation.best);
  if (!last) return;
  const away = (sample) => (sample.step === run.validation.best ? "" : `, the nearest to the best, ${whole(run.validation.best)}`);
  if (best && best !== last) find("#result .pictures").append(figure(`Best: step ${whole(best.step)}${away(best)}`, best));
  find("#result .pictures").append(figure(`Last: step ${whole(last.step)}${best === last ? ", also the best" : ""}`, last));
}

function slider() {
  const range = find("#step"), last = run.samples.length - 1;
  const frames = run.samples.map((sample) => picture(sample, `Sample grid at step ${whole(sample.step)}: test pictures and what the generators make of them`));
  const best = run.validation.best == null ? null : nearest(run.validation.best);
  const show = () => {
    const sample = run.samples[range.value];
    find("#frame").replaceChildren(frames[range.value]);
    find("#shown").textContent = `${whole(sample.step)}${sample === best ? ", the best" : ""}`;
    range.setAttribute("aria-valuetext", `step ${whole(sample.step)} of ${whole(run.steps)}${sample === best ? ", the best" : ""}`);
    for (const move of markers) move(sample.step);
  };
  range.max = last;
  range.value = best ? run.samples.indexOf(best) : last;
  range.addEventListener("input", show);
  show();
}

function alarms() {
  for (const { name, text, cause, remedy, first, last, count, stands, picture: shown } of run.alarms) {
    const when = count === 1 ? `at step ${whole(last)}` : `${whole(count)} times, from step ${whole(first)} to ${whole(last)}`;
    find(".alarms").append(
      make("article", { class: stands ? "stands" : "over" },
        make("h3", {}, `${name}: ${when}${stands ? ", still so" : "; not since then"}`),
        make("p", {}, text ?? ""),
        cause ? make("p", {}, make("strong", {}, "Likely cause: "), cause) : null,
        remedy ? make("p", {}, make("strong", {}, "What helps: "), remedy) : null,
        shown && picture(shown, `The pictures that raised the alarm "${name}" at step ${whole(last)}`)),
    );
  }
}

function speed() {
  const all = run.seconds.reduce((sum, { seconds }) => sum + seconds, 0);
  const colour = (k) => `var(--run-${k % 6})`;
  find("#speed .bar").append(...run.seconds.map(({ seconds }, k) => make("div", { style: { flex: String(seconds), background: colour(k) } })));
  const rows = run.seconds.map(({ name, about, seconds }, k) => [
    make("span", {}, make("span", { class: "swatch", style: { background: colour(k) } }), about ? `${name}: ${about}` : name),
    `${short(seconds)} s`, `${((100 * seconds) / all).toFixed(1)} %`,
  ]);
  find("#speed .table").append(table("Where the time went", ["part", "seconds", "share"], rows));
}

function commands() {
  for (const [purpose, command] of run.commands) {
    const code = make("code", {}, command), button = make("button", { type: "button", "aria-label": `Copy: ${command}` }, "Copy");
    button.addEventListener("click", async () => {
      getSelection().selectAllChildren(code);
      const done = await navigator.clipboard?.writeText(command).then(() => true, () => false);
      find("#copied").textContent = done ? `Copied: ${command}` : "Selected: copy it with Ctrl-C";
    });
    find("#commands ol").append(make("li", {}, purpose, make("div", { class: "command" }, code, button)));
  }
}

function settings() {
  for (const [group, values] of Object.entries(run.settings)) {
    find(".groups").append(make("details", { open: "" }, make("summary", {}, group), table(group, null, Object.entries(values))));
  }
}

function header() {
  const { best, figures } = run.validation;
  const standing = run.alarms.filter(({ stands }) => stands);
  find("#name").textContent = run.name;
  find("#what").textContent = `${run.model} on ${run.data.join(" and ")}, ${run.size} px, seed ${run.seed}, on ${run.device}`;
  const glance = [
    [run.step >= run.steps ? "Finished" : "Not finished", whole(run.step), `of ${plural(run.steps, "step")}`],
    ["Best step", best == null ? "not known" : whole(best), best == null ? "no validation in this run" : `score ${short(figures.score.find(([step]) => step === best)[1])}, lower is better`],
    ["Alarms", standing.length ? String(standing.length) : "none", standing.map(({ name }) => name).join(", ") || (run.alarms.length ? "that still stands" : "")],
    ["Time", run.minutes == null ? "–" : `${short(run.minutes)} min`, run.pace == null ? "" : `${short(run.pace)} pictures a second`],
  ];
  find("#glance").append(...glance.map(([name, value, more]) => make("div", {}, make("dt", {}, name), make("dd", {}, value, make("small", {}, more)))));

  const lines = standing.map(({ text }) => make("li", { class: "alarm" }, text ?? ""));
  if (run.broken.length) lines.push(make("li", { class: "alarm" }, `${run.broken.join(", ")} stopped being a number at step ${whole(run.step)}.`));
  if (run.step < run.steps) lines.push(make("li", {}, `At step ${whole(run.step)} of ${whole(run.steps)} when this page was written. If it no longer runs, "Go on" has the command.`));
  const outside = run.curves.filter((curve) => !["inside", undefined].includes(state(curve)?.where));
  if (run.step < 0.2 * run.steps) lines.push(make("li", {}, "It is too early to judge the losses."));
  else if (outside.length) lines.push(make("li", {}, `Outside of what is normal: ${outside.map((curve) => `${curve.term} (${state(curve).where})`).join(", ")}. See the losses below for what that means.`));
  else if (run.curves.length) lines.push(make("li", {}, "All losses that have a band are inside it. Whether the pictures are good, only they can tell."));
  find("#summary").append(...lines);
}

function main() {
  const used = several
    ? { differences: true, rows: runs.some(({ samples }) => samples.length), losses: true, validation: runs.some(({ validation }) => validation.figures.score) }
    : {
        alarms: run.alarms.length, result: run.samples.length, samples: run.samples.length > 1, losses: run.curves.length,
        validation: Object.keys(run.validation.figures).length, speed: run.seconds.length, commands: true, settings: true,
      };
  const show = several ? [comparison] : [header, alarms, result, losses, validation, speed, commands, settings];
  for (const fill of show) fill();
  if (used.samples) slider();
  for (const section of document.querySelectorAll("section")) {
    if (used[section.id]) find("#parts").append(make("li", {}, make("a", { href: `#${section.id}` }, section.querySelector("h2").textContent)));
    else section.remove();
  }
  document.title = `${find("#name").textContent} – minicyclegan`;
  find("#written").textContent = `Written ${run.written} from ${runs.map(({ path }) => path).join(", ")}.`;
  find("#notes").append(...runs.flatMap(({ name, notes }) => notes.map((note) => make("li", {}, several ? `${name}: ${note}` : note))));
}

main();
