// Static files cache first, pages network first for 3 s, then the kept copy; nothing else is touched.
const STATIC = 'STATIC_FOLDER';
const FILES = 'tracelot-files', PAGES = 'tracelot-pages';
const KEPT = ['/work', '/receiving', '/putaway', '/picking', '/packing', '/shipping', '/returns'];
const PATIENCE_MS = 3_000;

addEventListener('install', (event) => {
  skipWaiting();
  event.waitUntil(caches.open(PAGES).then((cache) => cache.add('/offline')));
});
addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    await clients.claim();
    const cache = await caches.open(FILES);
    for (const request of await cache.keys()) {
      if (!new URL(request.url).pathname.startsWith(STATIC)) await cache.delete(request);
    }
  })());
});

addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (url.pathname.startsWith('/static/')) event.respondWith(fromCache(request));
  else if (request.mode === 'navigate' && isKept(url.pathname)) event.respondWith(page(event));
});

addEventListener('message', (event) => {
  if (event.data === 'forget') event.waitUntil(caches.delete(PAGES));
});

const isKept = (path) => KEPT.some((beginning) => path === beginning || path.startsWith(`${beginning}/`));

async function fromCache(request) {
  const cache = await caches.open(FILES);
  const kept = await cache.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

async function page(event) {
  const cache = await caches.open(PAGES);
  const asking = fetch(event.request).then(async (response) => {
    if (response.ok && !response.redirected) await cache.put(event.request, response.clone());
    return response;
  });
  asking.catch(() => {});
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const kept = await cache.match(event.request);
  if (!kept) return asking.catch(() => cache.match('/offline').then((page) => page ?? Response.error()));
  event.waitUntil(asking.catch(() => {}));
  return Promise.race([asking.catch(() => kept), patience.then(() => kept)]);
}
