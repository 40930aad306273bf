// Keeps pages for a phone without signal. A page starts it when somebody asks it to keep a page, and
// only such pages are kept: the first page, the list of what is kept, and the centres and leaflets
// that were chosen. Everything else goes through as if this were not here. "Remove what is kept"
// deletes the cache and takes this script away.
"use strict";

const CACHE = "kept";
const LIST = "/kept/";
const KEPT = /^\/(kept\/|centres\/[a-z\d-]+\/(whats-on\/)?)?$/;
const ALWAYS = ["/", LIST];
// What a page needs to look right: style sheet, script, pictures.
const FILES = /"(\/[^" ?#]+\.(?:css|js|svg|png|jpe?g|webp|avif))[" ]/g;
const SLOW = 6000;

const filesOf = (html) => [...html.matchAll(FILES)].map((found) => found[1]);

// Stores a page with its files; false if it is not to be kept, or not there any more.
const keep = async (path, given) => {
  if (!KEPT.test(path)) return false;
  const page = given ?? await fetch(path, { cache: "no-cache", credentials: "omit" });
  const html = page.ok && !page.redirected ? await page.text() : "";
  // A page with a quick exit is private: it is never kept.
  if (!html || html.includes("data-exit")) {
    if (html || page.status === 404 || page.status === 410) await (await caches.open(CACHE)).delete(path);
    return false;
  }
  const cache = await caches.open(CACHE);
  for (const file of filesOf(html)) {
    if (!await cache.match(file)) await cache.add(file).catch(() => {});
  }
  const headers = new Headers(page.headers);
  ["content-encoding", "content-length", "vary"].forEach((name) => headers.delete(name));
  headers.set("x-kept", new Intl.DateTimeFormat("en-GB", {
    weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "Europe/London",
  }).format());
  await cache.put(path, new Response(html, { headers }));
  return true;
};

// Deletes the style sheets and pictures that no kept page needs any more.
const tidy = async () => {
  const cache = await caches.open(CACHE);
  const paths = (await cache.keys()).map(({ url }) => new URL(url).pathname);
  const pages = await Promise.all(paths.filter((path) => KEPT.test(path))
    .map(async (path) => (await cache.match(path)).text()));
  const needed = new Set(pages.flatMap(filesOf));
  await Promise.all(paths.filter((path) => !KEPT.test(path) && !needed.has(path))
    .map((path) => cache.delete(path)));
};

const isKept = (path) => caches.match(path, { cacheName: CACHE, ignoreVary: true });

// A kept page says from which day it is. For all other pages, the list of what is kept stands in.
const withoutSignal = async (path) => {
  const own = KEPT.test(path) && await isKept(path);
  const page = own || await isKept(LIST);
  if (!page) return Response.error();
  const words = own
    ? `We cannot load this page now. You may have no signal. We kept it on ${page.headers.get("x-kept")}, and dates may have changed since.`
    : "We cannot load the page that you want. You may have no signal. It is not kept on this phone. Here is what is kept.";
  const html = (await page.text()).replace(/<main[^>]*>/,
    (main) => `${main}<div class="notice" role="region" aria-label="No signal"><p>${words}</p></div>`);
  return new Response(html, { headers: page.headers });
};

const answer = async (event, path) => {
  const kept = KEPT.test(path) && await isKept(path);
  const waits = [fetch(event.request)];
  // With a weak signal, what is kept is better than a blank page.
  if (kept) waits.push(new Promise((_, late) => { setTimeout(late, SLOW); }));
  try {
    const page = await Promise.race(waits);
    if (kept) event.waitUntil(keep(path, page.clone()).then(tidy));
    return page;
  } catch {
    return withoutSignal(path);
  }
};

addEventListener("install", () => skipWaiting());

addEventListener("message", (event) => {
  const work = async () => {
    const kept = await keep(event.data);
    if (kept) for (const path of ALWAYS) if (!await isKept(path)) await keep(path);
    return kept;
  };
  event.waitUntil(work().catch(() => false).then((kept) => event.ports[0].postMessage(kept)));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(answer(event, pathname));
  else if (/\.(css|js|svg|png|jpe?g|webp|avif)$/.test(pathname)) {
    event.respondWith(fetch(request).catch(async () => await isKept(pathname) ?? Response.error()));
  }
});
