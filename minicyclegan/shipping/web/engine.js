// A worker: the network has a thread of its own, so that the page stays live while it computes.
// It runs in ONNX Runtime, on the graphics card (WebGPU) where the site has the files and the browser the card for it,
// else on the processor (WebAssembly).
//
// In: {task: "load", model, webgpu, threads}, then {task: "run", pixels, width, height, code}; pixels are RGBA.
// Out, in the same order: what the task returns, or {error}.

let ort, provider, session, model;

const tasks = {
  async load(wanted) {
    model = wanted.model;
    await session?.release();
    session = null;
    try {
      if (!ort) await start(wanted.webgpu ? "webgpu" : "wasm", wanted.threads);
      await open();
    } catch (error) {
      await processor(error, wanted.threads);
    }
    return {provider, threads: ort.env.wasm.numThreads};
  },

  async run({pixels, width, height, code}) {
    const begin = performance.now();
    const feeds = {picture: new ort.Tensor("uint8", planes(pixels, model.channels_in), [1, model.channels_in, height, width])};
    if (model.latent) feeds.code = new ort.Tensor("float32", code, [1, model.latent]);
    let answer;
    try {
      answer = await session.run(feeds);
    } catch (error) {
      await processor(error, ort.env.wasm.numThreads);
      answer = await session.run(feeds);
    }
    const painted = colours(await answer.translation.getData(), model.channels_out);
    return {pixels: painted, width, height, provider, milliseconds: performance.now() - begin};
  },
};

async function start(name, threads) {
  provider = name;
  ort = await import(`./ort/ort.${name}.min.mjs`);
  ort.env.wasm.wasmPaths = new URL("ort/", self.location).href;
  ort.env.wasm.numThreads = threads;
}

async function open() {
  session = await ort.InferenceSession.create(model.file, {executionProviders: [provider]});
}

// What the graphics card can't do, the processor can.
async function processor(error, threads) {
  if (provider === "wasm") throw error;
  await start("wasm", threads);
  await open();
}

// (height, width, 4) to (channels, height, width); grey by the weights of ITU-R 601, rounded as Pillow does.
function planes(rgba, channels) {
  const area = rgba.length / 4;
  const out = new Uint8Array(channels * area);
  for (let i = 0; i < area; i++) {
    const [r, g, b] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]];
    if (channels === 1) {
      out[i] = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
    } else {
      out[i] = r;
      out[i + area] = g;
      out[i + 2 * area] = b;
    }
  }
  return out;
}

// (channels, height, width) to (height, width, 4)
function colours(planar, channels) {
  const area = planar.length / channels;
  const out = new Uint8ClampedArray(4 * area).fill(255);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) out[4 * i + c] = planar[i + (channels === 1 ? 0 : c * area)];
  }
  return out;
}

let queue = Promise.resolve();
self.onmessage = ({data}) => {
  queue = queue.then(async () => {
    try {
      const answer = await tasks[data.task](data);
      self.postMessage(answer, answer.pixels ? [answer.pixels.buffer] : []);
    } catch (error) {
      self.postMessage({error: String(error?.message ?? error)});
    }
  });
};
