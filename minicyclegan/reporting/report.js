"use strict";
// Fills the page from the JSON in it: one run, or several to compare. Text from outside becomes text nodes, never HTML.

const runs = JSON.parse(document.getElementById("content").textContent);
const run = runs[0], several = runs.length > 1;

const find = (selector) => document.querySelector(selector);
const whole = (value) => value.toLocaleString("en-GB");
const short = (value) => value == null ? "–" : value.toLocaleString("en-GB", { maximumSignificantDigits: 3 });
const known = (values) => values.filter((value) => value != null);
const any = (values) => Object.keys(values).length > 0;
const colour = (k) => `var(--colour-${k % 6})`;
const SVG = new Set(["svg", "path", "line", "rect", "text", "circle"]);

function make(tag, attributes = {}, ...children) {
  const made = SVG.has(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name !== "style") made.setAttribute(name, value);
    else for (const [property, set] of Object.entries(value)) made.style.setProperty(property, set);
  }
  made.append(...known(children));
  return made;
}

function table(caption, head, rows) {
  const cell = (scope) => (text, k) => scope === "col" || k === 0 ? make("th", { scope }, text) : make("td", {}, text);
  const line = (cells, scope) => make("tr", {}, ...cells.map(cell(scope)));
  return make("table", { "aria-label": caption },
    head && make("thead", {}, line(head, "col")), make("tbody", {}, ...rows.map((cells) => line(cells, "row"))));
}

const folded = (summary, ...content) => make("details", {}, make("summary", {}, summary), ...known(content));

function picture({ picture, width, height }, alt) {
  const frame = { class: "picture scroll", tabindex: 0, role: "group", "aria-label": alt, style: { "--width": width } };
  return make("div", frame, make("img", { src: picture, width, height, alt }));
}

const WHAT = "test pictures, and what the generators make of them";
const grid = (caption, sample) =>
  make("figure", { style: { "--width": sample.width } }, make("figcaption", {}, caption), picture(sample, `${caption}: ${WHAT}`));

// ---- Curves ----

const WIDTH = 360, HEIGHT = 190, LEFT = 42, RIGHT = 6, TOP = 16, BOTTOM = 22;
const markers = []; // each moves a curve's dotted line to a step

function ticks(low, high, most) {
  const power = 10 ** Math.floor(Math.log10((high - low) / most));
  const step = power * [1, 2, 5, 10].find((k) => k * power * most >= high - low);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, k) => (first + k) * step);
}

function axisOf(values) {
  const low = Math.min(0, ...values), high = Math.max(...values);
  return [low, high > low ? high + 0.05 * (high - low) : low + 1];
}

// lines: [{points, mean, low, high, dots, style}], of which low, high, dots and style may be missing.
function chart(label, lines, [bottom, top], [low, high] = [null, null], best = null) {
  const end = Math.max(1, ...lines.map(({ points }) => points.at(-1)));
  const x = (step) => LEFT + ((WIDTH - LEFT - RIGHT) * step) / end;
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * Math.min(1, Math.max(0, (top - value) / (top - bottom)));
  const across = (value, kind) => make("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value), class: kind });
  const down = (step, kind) => make("line", { x1: x(step), x2: x(step), y1: TOP, y2: HEIGHT - BOTTOM, class: kind });
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  if (low != null || high != null) {
    const [from, to] = [y(low ?? bottom), y(high ?? top)];
    svg.append(make("rect", { x: LEFT, width: WIDTH - LEFT - RIGHT, y: to, height: from - to, class: "band" }));
    svg.append(...known([low, high]).filter((value) => value > bottom && value < top).map((value) => across(value, "edge")));
  }
  for (const value of ticks(bottom, top, 4)) {
    svg.append(across(value, "tick"), make("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, short(value)));
  }
  for (const step of ticks(0, end, 4)) {
    svg.append(make("text", { x: x(step), y: HEIGHT - 6, "text-anchor": "middle" }, whole(step)));
  }
  for (const { points, mean, low, high, dots, style = {} } of lines) {
    const drawn = [...points.keys()].filter((k) => mean[k] != null);
    const path = (order, values) => order.map((k) => `${x(points[k]).toFixed(1)},${y(values[k] ?? mean[k]).toFixed(1)}`).join("L");
    if (!drawn.length) continue;
    if (low) svg.append(make("path", { class: "area", d: `M${path(drawn, low)}L${path([...drawn].reverse(), high)}Z` }));
    svg.append(make("path", { class: "mean", style, d: `M${path(drawn, mean)}` }));
    const dot = (k) => make("circle", { class: "dot", style: { fill: style.stroke }, r: 2.5, cx: x(points[k]), cy: y(mean[k]) });
    if (dots) svg.append(...drawn.map(dot));
  }
  if (best != null) {
    const side = best > end / 2 ? { x: x(best) + 4, "text-anchor": "end" } : { x: x(best) - 4 };
    svg.append(down(best, "best"), make("text", { y: TOP - 5, class: "best", ...side }, `best: step ${whole(best)}`));
  }
  if (!several && run.samples.length > 1) {
    const line = down(0, "at");
    svg.append(line);
    markers.push((step) => ["x1", "x2"].forEach((end) => line.setAttribute(end, x(step))));
  }
  return svg;
}

// A curve as some ten rows of numbers, for whoever would rather read or hear it.
function numbers(name, points, mean) {
  const rows = new Set(Array.from({ length: 11 }, (_, k) => Math.round((k * (points.length - 1)) / 10)));
  return folded(`${name} in numbers`, table(`${name} in numbers`, ["step", name], [...rows].map((k) => [whole(points[k]), short(mean[k])])));
}

// The bands were measured on runs of 500 steps and more.
const early = run.step < Math.max(500, 0.2 * run.steps);

// How a loss stands to its band: null where it has none, or too early.
function state({ mean, normal: [low, high] }) {
  const last = known(mean).at(-1);
  if (early || last == null || (low == null && high == null)) return null;
  const where = low != null && last < low ? "below" : high != null && last > high ? "above" : "inside";
  const band = high == null ? `${short(low)} and more` : `${short(low)} to ${short(high)}`, fine = where === "inside";
  return { where, fine, text: `${fine ? "✓" : "!"} ${run.step < run.steps ? "now" : "ends"} at ${short(last)}, ${where} the band (${band})` };
}

// Curves with the same explanation stand together: of both directions, of both discriminators.
function explained(curves, figure) {
  const groups = [];
  for (const curve of curves) {
    const group = groups.find(([{ title, why }]) => title === curve.title && why === curve.why);
    group ? group.push(curve) : groups.push([curve]);
  }
  return groups.map((group) => {
    const [{ title, why, equation }] = group;
    const words = make("div", {}, make("h3", {}, title), make("p", {}, why), equation && make("p", { class: "small" }, equation));
    return make("div", { class: "term" }, words, make("div", { class: "curves" }, ...group.map(figure)));
  });
}

function curveOfOne(curve) {
  const { term, points, mean, normal } = curve, isLoss = Boolean(normal), now = isLoss ? state(curve) : null;
  const label = `${term}: from ${short(known(mean)[0])} at step ${whole(points[0])} to ${short(known(mean).at(-1))} at step ${whole(points.at(-1))}`;
  return make("figure", {}, make("h4", {}, term),
    chart(label, [{ ...curve, dots: !isLoss }], curve.axis ?? axisOf(known(mean)), normal, isLoss ? null : run.best),
    now && make("p", { class: now.fine ? "small" : "alarm" }, now.text), numbers(term, points, mean));
}

// ---- Several runs ----

const look = (k) => ({ stroke: colour(k), "stroke-dasharray": ["none", "7 3", "2 3"][Math.floor(k / 6) % 3] });

function curveOfAll(kind, term) {
  const lines = runs.flatMap(({ name, [kind]: curves }, k) => curves.filter((curve) => curve.term === term)
    .map((curve) => ({ ...curve, low: null, run: name, dots: kind === "figures", style: look(k) })));
  const ends = lines.map(({ run, mean }) => [run, short(known(mean)[0]), short(known(mean).at(-1))]);
  const normal = new Set(lines.map(({ normal }) => JSON.stringify(normal))).size === 1 ? lines[0].normal : undefined;
  const label = `${term}: ${ends.map(([run, first, last]) => `${run} from ${first} to ${last}`).join("; ")}`;
  return make("figure", {}, make("h4", {}, term), chart(label, lines, axisOf(lines.flatMap(({ mean }) => known(mean))), normal),
    folded(`${term} in numbers`, table(`${term} in numbers`, ["run", "first", "last"], ends)));
}

function curves() {
  for (const [kind, section] of [["figures", "validation"], ["curves", "losses"]]) {
    const all = runs.flatMap((run) => run[kind]);
    const firsts = all.filter((curve) => curve === all.find(({ term }) => term === curve.term));
    find(`#${section} .list`).append(...explained(firsts, several ? ({ term }) => curveOfAll(kind, term) : curveOfOne));
  }
  find("#about").textContent = several ? "" : run.config.validation ?? "";
}

const option = (name) => `--${name.replaceAll("_", "-")}`;

function typed(value) {
  return value == null ? "–" : Array.isArray(value) ? value.join(" ") : typeof value === "object" ? JSON.stringify(value) : String(value);
}

// Options as they are typed: {settings: {save_every: 500}, versions: {torch: "2"}} -> {"--save-every": "500", "versions torch": "2"}
function flat(config) {
  const named = (group, name) => ["settings", "config"].includes(group) ? option(name) : `${group} ${name}`;
  return Object.fromEntries(Object.entries(config).flatMap(([group, value]) => value && typeof value === "object" && !Array.isArray(value)
    ? Object.entries(value).map(([name, inner]) => [named(group, name), typed(inner)]) : [[group, typed(value)]]));
}

function comparison() {
  find("#name").textContent = `${runs.length} runs compared`;
  const line = (k) => make("line", { x1: 0, x2: 38, y1: 5, y2: 5, "stroke-width": 3, style: look(k) });
  const sign = (k) => make("svg", { viewBox: "0 0 38 10", "aria-hidden": "true" }, line(k));
  find("#legend").append(...runs.map(({ name }, k) => make("li", {}, sign(k), name)));
  const configs = runs.map(({ config }) => flat(config));
  const names = [...new Set(configs.flatMap((config) => Object.keys(config)))];
  const differs = (name) => new Set(configs.map((config) => config[name])).size > 1;
  const row = (name, value) => [name, ...runs.map(value)];
  const rows = [
    row("steps done", ({ step, steps }) => `${whole(step)} of ${whole(steps)}`),
    row("best step", ({ best }) => best == null ? "–" : whole(best)),
    row("minutes", ({ minutes }) => short(minutes)),
    row("alarms", ({ alarms }) => alarms.filter(({ stands }) => stands).map(({ name }) => name).join(", ") || "none"),
    ...names.filter(differs).map((name) => [name, ...configs.map((config) => config[name] ?? "–")]),
  ];
  find("#differences .scroll").append(table("What differs", ["setting", ...runs.map(({ name }) => name)], rows));
  const lasts = runs.flatMap(({ name, samples }) => samples.map((sample) => ({ name, sample })));
  find("#rows .pictures").append(...lasts.map(({ name, sample }) => grid(`${name}, step ${whole(sample.step)}`, sample)));
}

// ---- One run ----

function bestSample() {
  const away = ({ step }) => Math.abs(step - run.best);
  return run.best == null ? null : run.samples.reduce((a, b) => away(b) < away(a) ? b : a, run.samples[0]);
}

function header() {
  const { config, step, steps, best, minutes } = run, { settings } = config;
  const score = run.figures.find(({ term }) => term === "score");
  const standing = run.alarms.filter(({ stands }) => stands);
  find("#name").textContent = run.name;
  const data = settings.data.map((name) => String(name).split(/[\\/]/).at(-1)).join(" and ");
  find("#what").textContent = `${typed(config.model)} on ${data}, ${typed(settings.size)} px, seed ${typed(settings.seed)}, on ${typed(config.device)}`;
  const took = minutes == null ? "–" : minutes < 90 ? `${short(Number(minutes.toFixed(1)))} min` : `${short(minutes / 60)} h`;
  const glance = [
    [step >= steps ? "Finished" : "Not finished", whole(step), `of ${whole(steps)} steps`],
    best == null ? ["Best step", "not known", (run.config.validation ?? "none") === "none" ? "this run has no validation" : "no score yet"]
      : ["Best step", whole(best), `score ${short(score.mean[score.points.indexOf(best)])}, lower is better`],
    ["Alarms", standing.length ? whole(standing.length) : any(run.figures) ? "none" : "not known",
      standing.map(({ name }) => name).join(", ") || (run.alarms.length ? "that still stands" : "")],
    ["Time", took, run.pace == null ? "" : `${short(run.pace)} pictures a second`],
  ];
  const tile = ([name, value, more]) => make("div", {}, make("dt", {}, name), make("dd", {}, value, make("small", {}, more)));
  find("#glance").append(...glance.map(tile));

  const say = (text, kind = "") => find("#summary").append(make("li", { class: kind }, text));
  const broken = run.curves.filter((curve) => curve.broken), outside = run.curves.filter((curve) => state(curve)?.fine === false);
  for (const { text } of standing.flatMap(({ said }) => said)) say(typed(text), "alarm");
  if (broken.length) say(`${broken.map(({ term }) => term).join(", ")} stopped being a number at step ${whole(step)}.`, "alarm");
  if (step < steps) say(`This page was written at step ${whole(step)} of ${whole(steps)}. If training has ended since, “Go on” has the command.`);
  if (early) say("These are too few steps to judge the losses by.");
  else if (outside.length) {
    const said = outside.map((curve) => `${curve.term} is ${state(curve).where} its band`);
    say(`Not as usual: ${said.join(", ")}. “Losses” says what that means.`);
  }
  else say("All losses that have a band are inside it. Whether the pictures are good, only the pictures tell.");
}

function alarms() {
  for (const { name, said, steps, stands } of run.alarms) {
    const when = steps.length === 1 ? `at step ${whole(steps[0])}`
      : `${whole(steps.length)} times, from step ${whole(steps[0])} to ${whole(steps.at(-1))}`;
    const content = said.flatMap(({ text, cause, remedy, picture: shown }) => [
      make("p", {}, typed(text)), cause && make("p", {}, make("strong", {}, "Likely cause: "), typed(cause)),
      remedy && make("p", {}, make("strong", {}, "What helps: "), typed(remedy)),
      shown && picture(shown, `The pictures of the alarm “${name}” at step ${whole(steps.at(-1))}`),
    ]);
    find("#alarms .list").append(stands ? make("article", {}, make("h3", {}, `${name}: ${when}, and still so`), ...content)
      : make("article", { class: "over" }, folded(`${name}: ${when}; not since then`, ...content)));
  }
}

function result() {
  const last = run.samples.at(-1), best = bestSample();
  const near = best && best.step !== run.best ? `, the nearest to the best step, ${whole(run.best)}` : "";
  if (best && best !== last) find("#result .pictures").append(grid(`Best: step ${whole(best.step)}${near}`, best));
  if (last) find("#result .pictures").append(grid(`Last: step ${whole(last.step)}${best === last ? `, also the best${near}` : ""}`, last));
}

function slider() {
  const range = find("#step"), best = bestSample();
  const frames = run.samples.map((sample) => picture(sample, `Step ${whole(sample.step)}: ${WHAT}`));
  const show = () => {
    const sample = run.samples[range.value], name = `${whole(sample.step)} of ${whole(run.steps)}${sample === best ? ", the best" : ""}`;
    find("#frame").replaceChildren(frames[range.value]);
    find("#shown").textContent = name;
    range.setAttribute("aria-valuetext", `step ${name}`);
    markers.forEach((move) => move(sample.step));
  };
  range.max = run.samples.length - 1;
  range.addEventListener("input", show);
  show();
}

const PARTS = { data: "waiting for pictures", saving: "handing over checkpoints", looking: "samples, validation, alarms" };

function speed() {
  const parts = Object.entries(run.seconds), all = parts.reduce((sum, [, seconds]) => sum + seconds, 0);
  find("#speed .bar").append(...parts.map(([, seconds], k) => make("div", { style: { flex: String(seconds), background: colour(k) } })));
  find("#speed .list").append(table("Where the time went", ["part", "seconds", "share"], parts.map(([name, seconds], k) => [
    make("span", {}, make("span", { class: "swatch", style: { background: colour(k) } }), PARTS[name] ? `${name}: ${PARTS[name]}` : name),
    short(seconds), `${((100 * seconds) / all || 0).toFixed(1)} %`,
  ])));
}

function commands() {
  for (const [purpose, command] of run.commands) {
    const code = make("code", {}, command), button = make("button", { type: "button", "aria-label": `Copy: ${command}` }, "Copy");
    button.addEventListener("click", async () => {
      getSelection().selectAllChildren(code);
      const done = await navigator.clipboard?.writeText(command).then(() => true, () => false);
      find("#copied").textContent = done ? `Copied: ${command}` : "It is selected: copy it with Ctrl-C.";
    });
    find("#commands ol").append(make("li", {}, purpose, make("div", { class: "command" }, code, button)));
  }
}

function settings() {
  const options = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [option(name), value]));
  const { settings, config, speed, versions, pictures, device, processes, threads } = run.config;
  const groups = { "the run": options(settings), "the model": options(config), "the machine": { device, processes, threads },
    versions, speed, "fingerprints of the pictures": pictures };
  for (const [name, values] of Object.entries(groups)) {
    const rows = Object.entries(values ?? {}).map(([key, value]) => [key, typed(value)]);
    if (rows.length) find("#settings .list").append(folded(name, table(name, null, rows)));
  }
}

// ---- The page ----

const parts = several
  ? { differences: true, rows: runs.some(({ samples }) => any(samples)), validation: runs.some(({ figures }) => any(figures)), losses: true }
  : { alarms: any(run.alarms), result: any(run.samples), samples: run.samples.length > 1, validation: any(run.figures), losses: any(run.curves),
      speed: any(run.seconds), commands: true, settings: true };
for (const section of document.querySelectorAll("section")) {
  if (parts[section.id]) find("#parts").append(make("li", {}, make("a", { href: `#${section.id}` }, section.querySelector("h2").textContent)));
}
for (const fill of several ? [comparison, curves] : [header, alarms, result, curves, speed, commands, settings]) fill();
if (parts.samples) slider();
for (const section of document.querySelectorAll("section")) if (!parts[section.id]) section.remove();
document.title = `${find("#name").textContent} – minicyclegan`;
find("#written").textContent = `Written ${run.written} from ${runs.map(({ path }) => path).join(", ")}.`;
find("#notes").append(...runs.flatMap(({ notes }) => notes.map((note) => make("li", {}, note))));
for (const list of document.querySelectorAll("ul:empty, dl:empty, p:empty:not([role])")) list.remove();
