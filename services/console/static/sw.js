// Static files cache first, pages network first for 3 s, then the kept copy; nothing else is answered here.
const STATIC = 'STATIC_FOLDER';
const FILES = 'tracelot-files', PAGES = 'tracelot-pages', OFFLINE = 'tracelot-offline';
const KEPT = ['/work', '/receiving', '/putaway', '/picking', '/packing', '/shipping', '/returns'];
const PATIENCE_MS = 3_000;

addEventListener('install', (event) => {
  skipWaiting();
  event.waitUntil(caches.open(OFFLINE).then((cache) => cache.add('/offline')));
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
  if (url.origin !== location.origin) return;
  if (request.method === 'POST' && request.mode === 'navigate') event.waitUntil(forget(url.pathname));
  else if (request.method !== 'GET') return;
  else if (url.pathname.startsWith('/static/')) event.respondWith(fromCache(request));
  else if (request.mode === 'navigate' && isKept(url.pathname)) event.respondWith(page(event));
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

// A form that is sent makes kept pages of its subject stale, such as a station with its session.
async function forget(path) {
  const subject = path.slice(0, path.lastIndexOf('/'));
  if (!isKept(subject) || !navigator.onLine) return;
  const cache = await caches.open(PAGES);
  for (const kept of await cache.keys()) {
    if (`${new URL(kept.url).pathname}/`.startsWith(`${subject}/`)) await cache.delete(kept);
  }
}

// Pages that are kept redirect to the sign-in only.
const isSignedOut = (response) => response.status === 401 || response.type === 'opaqueredirect';

async function page(event) {
  const cache = await caches.open(PAGES);
  const asking = fetch(event.request).then(async (response) => {
    if (isSignedOut(response)) await caches.delete(PAGES);
    else if (response.ok && !response.redirected) await cache.put(event.request, response.clone());
    return response;
  });
  asking.catch(() => {});
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const kept = await cache.match(event.request);
  if (!kept) return asking.catch(async () => await caches.match('/offline', { cacheName: OFFLINE }) ?? Response.error());
  event.waitUntil(asking.catch(() => {}));
  return Promise.race([asking.catch(() => kept), patience.then(() => kept)]);
}
