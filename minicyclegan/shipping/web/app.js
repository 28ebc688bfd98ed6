// The page: pictures in, translations out. The network runs in engine.js, the label map is drawn in drawing.js.

import {Drawing} from "./drawing.js";

const LARGEST = 512; // px of the longest side: more takes seconds and, on a phone, more memory than there is
const $ = (id) => document.getElementById(id);
const place = `minicyclegan ${new URL("./", location).pathname}`; // other sites of this origin have their own
const wished = new URLSearchParams(location.search); // for measuring: ?engine=wasm and ?threads=1

let models = []; // what models.json lists: one entry for each direction of each model
let entry; // the one that is chosen
let source = null; // the picture to translate, a canvas
let photo = null; // the user's own picture, which stays when another model is chosen
let code = new Float32Array(0); // of the style, for a model that has many
let files = {}; // what ort/ort.json says of the runtime
let drawing;

// Firefox shows after a reload what was set before it, of which the page knows nothing.
for (const input of document.querySelectorAll("input")) Object.assign(input, {value: input.defaultValue, checked: input.defaultChecked});

// ---- what is said --------------------------------------------------------------------------------------------------

function say(text) {
  $("say").textContent = text;
}

function complain(text) {
  $("alert").textContent = text;
  say("");
}

// ---- the network ---------------------------------------------------------------------------------------------------

const engine = new Worker("engine.js", {type: "module"});
const waiting = []; // whoever waits for an answer; they come in order
engine.onmessage = ({data}) => {
  const {resolve, reject} = waiting.shift();
  if (data.error) reject(new Error(data.error));
  else resolve(data);
};
engine.onerror = (event) => complain(`The network can't run in this browser: ${event.message ?? "it has no module workers"}.`);

function ask(message) {
  return new Promise((resolve, reject) => {
    waiting.push({resolve, reject});
    engine.postMessage(message, message.pixels ? [message.pixels.buffer] : []);
  });
}

async function load() {
  say("Loading the network …");
  const threads = self.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency || 1, 4) : 1;
  const webgpu = files.webgpu && navigator.gpu && wished.get("engine") !== "wasm";
  const used = await ask({
    task: "load", model: entry, webgpu: Boolean(webgpu), threads: Number(wished.get("threads") ?? threads),
  });
  const where = used.provider === "webgpu" ? "on the graphics card, by WebGPU" : "on the processor, by WebAssembly";
  $("engine").textContent = ` ${files.version}, ${where}; threads: ${used.threads}`;
  say("Ready.");
}

// Translates the picture. While one is under way, any number of calls ask for one more.
let busy = false;
let again = false;
async function repaint() {
  again = true;
  if (busy) return;
  busy = true;
  $("result").ariaBusy = true;
  try {
    while (again && source) {
      again = false;
      await paint(frame());
    }
  } catch (error) {
    complain(`The picture could not be translated: ${error.message}`);
  }
  busy = false;
  $("result").ariaBusy = false;
}

// One picture, a canvas, through the network and onto the page.
async function paint(picture) {
  const {width, height} = picture;
  const whole = picture.whole ?? picture;
  const larger = whole.width > width ? `, scaled down from ${whole.width} × ${whole.height}` : "";
  const before = picture.getContext("2d").getImageData(0, 0, width, height);
  const answer = await ask({task: "run", pixels: before.data.slice(), width, height, code: code.slice()});
  if (!source) return; // another model was chosen meanwhile
  show($("before"), before);
  show($("after"), new ImageData(answer.pixels, answer.width, answer.height));
  $("pictures").style.setProperty("--aspect", width / height);
  painted(true);
  $("figures").textContent = `${width} × ${height} px${larger}, painted in ${Math.round(answer.milliseconds)} ms`;
  $("figures").dataset.milliseconds = answer.milliseconds;
  $("figures").dataset.count = 1 + Number($("figures").dataset.count ?? 0);
}

// Whether there is a result to look at, or the place asks for a picture.
function painted(there) {
  document.body.classList.toggle("painted", there);
  $("result").ariaBusy = busy;
  for (const id of ["save", "share", "back"]) $(id).disabled = !there;
}

function show(canvas, pixels) {
  Object.assign(canvas, {width: pixels.width, height: pixels.height});
  canvas.getContext("2d", {willReadFrequently: true}).putImageData(pixels, 0, 0);
}

// ---- the picture ---------------------------------------------------------------------------------------------------

// The picture at the size at which it is translated.
function frame() {
  if (entry.palette) return source;
  return scaled(source, Number($("detail").value));
}

// A copy with its longest side at most `longest` px, on white where it is transparent; `whole` is its size at first.
function scaled(picture, longest) {
  const [width, height] = [picture.videoWidth ?? picture.width, picture.videoHeight ?? picture.height];
  const factor = Math.min(1, longest / Math.max(width, height));
  if (factor < 0.5) picture = scaled(picture, 2 * longest); // in larger steps Firefox and WebKit skip pixels
  const size = {width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor))};
  const canvas = Object.assign(document.createElement("canvas"), size, {whole: picture.whole ?? {width, height}});
  const context = canvas.getContext("2d", {willReadFrequently: true});
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

async function take(file) {
  if (!entry) return;
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return complain(`${file.name || "This"} can't be read as a picture. Try a JPEG, PNG or WebP file.`);
  }
  stopCamera();
  $("alert").textContent = "";
  if (entry.palette) drawing.take(bitmap);
  else use(photo = scaled(bitmap, 4096));
  bitmap.close();
}

function use(picture) {
  source = picture;
  return repaint();
}

async function example() {
  const chosen = entry;
  const answer = await fetch(chosen.example).catch(() => null);
  if (!answer?.ok) return complain("The example could not be loaded.");
  const blob = await answer.blob();
  if (entry !== chosen) return;
  await take(blob);
  photo = null;
}

for (const kind of ["dragenter", "dragover"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
}
addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("dropping"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  const [file] = event.dataTransfer.files;
  if (file) take(file);
  else complain("That was no file. Save the picture first, then drop it here.");
});
addEventListener("paste", (event) => {
  const [file] = event.clipboardData.files;
  if (file) take(file);
  else complain("There is no picture on the clipboard.");
});
$("file").addEventListener("change", () => {
  if ($("file").files[0]) take($("file").files[0]);
  $("file").value = "";
});
$("example").addEventListener("click", example);
$("detail").addEventListener("change", repaint);
$("split").addEventListener("input", () => $("pictures").style.setProperty("--split", `${$("split").value}%`));

// ---- the camera ----------------------------------------------------------------------------------------------------

const video = $("video");

async function startCamera() {
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({video: {facingMode: "environment"}});
    await video.play();
  } catch (error) {
    return complain(error.name === "NotAllowedError" ? "The browser may not use the camera; allow it in its settings." : `No camera: ${error.message}`);
  }
  $("alert").textContent = "";
  $("camera").setAttribute("aria-pressed", "true");
  $("camera").textContent = "Hold this picture";
  say("The camera is on. Its pictures stay on this device.");
  let frames = 0;
  let since = performance.now();
  while (video.srcObject) {
    await use(photo = scaled(video, LARGEST));
    await new Promise(requestAnimationFrame);
    frames += 1;
    if (performance.now() - since > 1000) {
      $("figures").dataset.rate = (1000 * frames) / (performance.now() - since);
      [frames, since] = [0, performance.now()];
    }
    if ($("figures").dataset.rate) $("figures").textContent += `, ${Math.round($("figures").dataset.rate)} pictures a second`;
  }
}

function stopCamera() {
  if (!video.srcObject) return;
  for (const track of video.srcObject.getTracks()) track.stop();
  video.srcObject = null;
  delete $("figures").dataset.rate;
  $("camera").setAttribute("aria-pressed", "false");
  $("camera").textContent = "Camera";
  say("The camera is off.");
}

$("camera").addEventListener("click", () => (video.srcObject ? stopCamera() : startCamera()));

// ---- the style -----------------------------------------------------------------------------------------------------

// Each dial moves the code along one direction, of length 1 and at right angles to the other's: those that change most.
const dials = [$("style0"), $("style1")];

function along(direction) {
  return direction.reduce((sum, value, k) => sum + value * code[k], 0);
}

function setCode(values) {
  code = Float32Array.from(values);
  dials.forEach((dial, i) => (dial.value = entry.dials ? along(entry.dials[i]) : 0));
}

// A number from N(0, 1), by Box and Muller.
function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

dials.forEach((dial, i) => dial.addEventListener("input", () => {
  const step = Number(dial.value) - along(entry.dials[i]);
  code = code.map((value, k) => value + step * entry.dials[i][k]);
  repaint();
}));
$("dice").addEventListener("click", () => {
  setCode(Array.from(code, normal));
  repaint();
  say("Another style.");
});

// ---- keeping and sharing -------------------------------------------------------------------------------------------

async function result() {
  const blob = await new Promise((done) => $("after").toBlob(done, "image/png"));
  return new File([blob], `${entry.name}-${entry.direction}.png`, {type: "image/png"});
}

$("save").addEventListener("click", async () => {
  const file = await result();
  const link = Object.assign(document.createElement("a"), {href: URL.createObjectURL(file), download: file.name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(`Saved as ${file.name}.`);
});
$("share").addEventListener("click", async () => {
  try {
    await navigator.share({files: [await result()]});
  } catch (error) {
    if (error.name !== "AbortError") complain(`It could not be shared: ${error.message}`);
  }
});
// There and back again: the result becomes the picture, and goes the other way.
$("back").addEventListener("click", async () => {
  stopCamera();
  photo = scaled($("after"), LARGEST);
  await choose(opposite());
});

// ---- models --------------------------------------------------------------------------------------------------------

function opposite() {
  return models.find(({name, direction}) => name === entry.name && direction !== entry.direction);
}

async function choose(chosen) {
  entry = chosen;
  $("from").textContent = entry.from;
  $("to").textContent = entry.to;
  $("about").textContent = entry.about;
  $("limits").replaceChildren(...entry.limits.split("\n").map((line) => Object.assign(document.createElement("li"), {textContent: line})));
  $("card").href = entry.card;
  $("open").textContent = entry.palette ? "Open a label map" : "Open a picture";
  $("ways").textContent = "Or drop one on the page, or paste it." + (entry.palette ? " Each colour becomes the nearest of the palette." : "");
  $("turn").hidden = $("back").hidden = !opposite();
  $("sketch").hidden = !entry.palette;
  $("details").hidden = Boolean(entry.palette);
  $("styles").hidden = !entry.latent;
  $("example").hidden = !entry.example;
  $("camera").hidden = Boolean(entry.palette) || !navigator.mediaDevices;
  document.body.classList.toggle("drawing", Boolean(entry.palette));
  setCode(new Float32Array(entry.latent));
  if (entry.palette) {
    stopCamera();
    offerBrushes();
  } else {
    offerSizes();
  }
  source = null;
  $("result").ariaBusy = true;
  try {
    await load();
  } catch (error) {
    if (entry !== chosen) return;
    painted(false);
    return complain(`The network could not be loaded: ${error.message}`);
  }
  if (entry !== chosen) return;
  $("alert").textContent = "";
  if (entry.palette) {
    source = $("map");
    const fresh = drawing.size !== entry.size;
    if (fresh) drawing.open(entry.size, entry.palette);
    if (fresh && entry.example) await example();
    else await repaint();
  } else if (photo) {
    await use(photo);
  } else if (entry.example) {
    await example();
  } else {
    painted(false);
  }
}

function offerSizes() {
  const sizes = [1, 2, 4, 8].map((factor) => factor * entry.size).filter((size) => size <= Math.max(LARGEST, entry.size));
  $("detail").replaceChildren(...sizes.map((size) => new Option(`${size} px`, size, false, size === (sizes[1] ?? sizes[0]))));
  $("limit").textContent = `Larger pictures are scaled down to this. The network learned at ${entry.size} px; ` +
    "on the command line, translate takes any size.";
}

function offerBrushes() {
  const legend = $("palette").querySelector("legend");
  $("palette").replaceChildren(legend, ...entry.palette.map(({name, colour}, i) => {
    const input = Object.assign(document.createElement("input"), {type: "radio", name: "brush", value: i});
    input.checked = name === "window" || i === 0;
    const swatch = Object.assign(document.createElement("span"), {className: "swatch"});
    swatch.style.background = colour;
    const label = document.createElement("label");
    label.append(input, swatch, name);
    input.addEventListener("change", () => (drawing.colour = i));
    if (input.checked) drawing.colour = i;
    return label;
  }));
  $("map").setAttribute("aria-label", `${entry.from} to draw on, ${entry.size} by ${entry.size} cells`);
}

function offerModels() {
  const names = [...new Set(models.map(({name}) => name))];
  for (const name of names) {
    const input = Object.assign(document.createElement("input"), {type: "radio", name: "model", value: name});
    input.checked = name === names[0];
    input.addEventListener("change", () => choose(models.find((model) => model.name === name)));
    const label = document.createElement("label");
    label.append(input, Object.assign(document.createElement("span"), {textContent: name}));
    $("models").append(label);
  }
  $("models").hidden = names.length === 1;
}

$("turn").addEventListener("click", () => choose(opposite()));

// ---- drawing -------------------------------------------------------------------------------------------------------

drawing = new Drawing($("map"), $("cursor"), repaint, say);
drawing.choose = (name, value) => {
  document.querySelector(`input[name="${name}"][value="${value}"]`).click();
  say(name === "tool" ? value : entry.palette[value].name);
};
for (const input of document.getElementsByName("tool")) input.addEventListener("change", () => (drawing.tool = input.value));
$("width").addEventListener("input", () => (drawing.width = Number($("width").value)));
$("undo").addEventListener("click", () => drawing.undo());
$("clear").addEventListener("click", () => drawing.clear());

// ---- offline, and isolated from other pages ------------------------------------------------------------------------

// True once the service worker stands between the page and the network.
async function guarded() {
  const workers = navigator.serviceWorker;
  if (!workers) return false;
  const controlled = new Promise((done) => workers.addEventListener("controllerchange", done, {once: true}));
  await workers.register("sw.js");
  if (!workers.controller) await controlled;
  return true;
}

// Fetches what the page has not needed yet, and forgets what an older version of it has left.
async function keep() {
  const ours = ["./", "index.html", "style.css", "app.js", "engine.js", "drawing.js", "icon.svg", "manifest.webmanifest", "models.json"];
  const runtime = ["ort.json", "LICENSE", ...Object.keys(files.files)].map((name) => `ort/${name}`);
  const names = [...ours, ...runtime, ...models.flatMap(({file, card, example}) => [file, card, example ?? "./"])];
  const wanted = new Set(names.map((name) => new URL(name, location).href));
  const cache = await caches.open(place);
  for (const {url} of await cache.keys()) if (!wanted.has(url)) await cache.delete(url);
  for (const url of wanted) await cache.add(new Request(url, {cache: "no-cache"})); // 304 where nothing is new
  $("offline").textContent = "The page itself is kept on this device now: it works without a network, too.";
}

// Whether this tab has not loaded the page before; where nothing may be stored, nobody knows.
function first() {
  try {
    const before = sessionStorage.getItem(place);
    sessionStorage.setItem(place, "yes");
    return !before;
  } catch {
    return false;
  }
}

async function main() {
  const guard = guarded().catch(() => false);
  if (!self.crossOriginIsolated && first()) {
    // On a host that sends no headers of ours, the service worker adds them: from the next load on.
    if (await Promise.race([guard, new Promise((done) => setTimeout(done, 3000))])) return location.reload();
  }
  try {
    [models, files] = await Promise.all(["models.json", "ort/ort.json"].map(async (name) => (await fetch(name)).json()));
  } catch (error) {
    return complain(`The list of models could not be loaded: ${error.message}`);
  }
  offerModels();
  $("share").hidden = !navigator.canShare?.({files: [new File([""], "a.png", {type: "image/png"})]});
  await choose(models[0]);
  if (await guard) await keep().catch(() => {});
}

main();
