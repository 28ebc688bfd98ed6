// The service worker. It keeps a copy of everything the page fetches, for when there is no network, and adds the two
// headers that isolate the page from others: only then does a browser lend WebAssembly more than one thread.
// The network comes first, so that a new version of the site is seen at once.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const ours = new URL(event.request.url).origin === self.location.origin;
  if (ours && event.request.method === "GET") event.respondWith(answer(event, event.request));
});

async function answer(event, request) {
  // Other sites of this origin have their own. Where nothing may be stored, there is none.
  const cache = await caches.open(`minicyclegan ${new URL("./", self.location).pathname}`).catch(() => null);
  const name = request.url.split(/[?#]/)[0];
  let fresh;
  try {
    fresh = isolated(await fetch(request));
  } catch {
    const start = request.mode === "navigate" ? "./" : name;
    return (await cache?.match(name)) ?? (await cache?.match(start)) ?? Response.error();
  }
  if (cache && fresh.status === 200) event.waitUntil(cache.put(name, fresh.clone()).catch(() => {})); // there may be no room
  return fresh;
}

function isolated(response) {
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  return new Response(response.body, {status: response.status, statusText: response.statusText, headers});
}
