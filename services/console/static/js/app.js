// Every page: theme, state of the feed, shortcuts, the sender of kept commands, the service worker.
import { startSender, unsent, unsentCount, onChange } from './queue.js';
import { follow } from './live.js';
import { startStation } from './station.js';

export const words = JSON.parse(document.body.dataset.words || '{}');

// A text with values for the names in braces.
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function showFeed(state) {
  const shown = document.getElementById('live');
  if (!shown) return;
  shown.dataset.state = state;
  shown.querySelector('.word').textContent = words[state] ?? state;
  showUnsent();
}

function hear(kind, data) {
  if (kind !== 'feed') return document.body.dispatchEvent(new CustomEvent(kind));
  showFeed(data);
  if (data === 'live') document.body.dispatchEvent(new CustomEvent('tracelot:reachable'));
}
if (document.body.dataset.watch !== undefined) follow(document.body.dataset.watch, hear);
addEventListener('offline', () => showFeed('offline'));
addEventListener('online', () => showFeed('resting'));
if (!navigator.onLine) showFeed('offline');

// A fragment that follows nothing live asks again every 30 s while the feed rests.
setInterval(() => {
  if (document.getElementById('live')?.dataset.state === 'resting' && !document.hidden) {
    for (const part of document.querySelectorAll('[data-fragment]')) htmx.trigger(part, 'refresh');
  }
}, 30_000);

// A double click on a button of a form is one command: its key is rendered into the form, the button rests meanwhile.
document.addEventListener('submit', (event) => {
  const button = event.target.querySelector('button[type="submit"]');
  if (!button || event.defaultPrevented) return;
  if (button.getAttribute('aria-disabled') === 'true') return event.preventDefault();
  button.setAttribute('aria-disabled', 'true');
  setTimeout(() => button.removeAttribute('aria-disabled'), 4_000);
});
addEventListener('pageshow', () => {
  for (const button of document.querySelectorAll('button[aria-disabled]')) button.removeAttribute('aria-disabled');
});

document.addEventListener('change', (event) => {
  if (event.target.matches('[data-submit]')) event.target.form.requestSubmit();
});

async function showUnsent() {
  const commands = await unsent(), count = commands.length;
  const others = Map.groupBy(commands, (command) => command.person);
  others.delete(document.body.dataset.person);
  if (navigator.setAppBadge) (count ? navigator.setAppBadge(count) : navigator.clearAppBadge()).catch(() => {});
  for (const shown of document.querySelectorAll('[data-unsent]')) {
    shown.hidden = count === 0;
    const isLive = navigator.onLine && ['live', 'connecting'].includes(document.getElementById('live')?.dataset.state);
    const text = (isLive ? words.sending : words.unsent) ?? '';
    const foreign = [...others].map(([person, theirs]) => fill(words.signIn, { person, number: theirs.length }));
    shown.textContent = foreign.length ? foreign.join(' · ') : fill(text, { number: count });
  }
}

// Nobody sees pages that the service worker keeps from another person.
async function forgetPages() { await globalThis.caches?.delete('tracelot-pages'); }

// A session is confirmed once all its scans are sent; what the page shows of it is older than those sent meanwhile.
async function holdBack() {
  for (const form of document.querySelectorAll('form[data-lane]')) {
    const { lane, session } = form.dataset;
    const count = (await unsent()).filter((command) => command.lane === lane && command.session === session).length;
    const note = form.querySelector('[data-held-back]');
    if (count === 0 && !note.hidden) return location.reload();
    form.querySelector('[data-confirm]').disabled = count > 0;
    note.hidden = count === 0;
    note.textContent = fill(words.heldBack, { number: count });
  }
}

// What has arrived is not asked for again by a reload.
document.addEventListener('htmx:after:swap', () => {
  if (document.querySelector('[data-settled]')) history.replaceState(history.state, '', location.pathname);
});

for (const station of document.querySelectorAll('[data-station]')) startStation(station, words);
if (document.body.dataset.person) {
  onChange(showUnsent);
  onChange(holdBack);
  holdBack();
  addEventListener('online', showUnsent);
  addEventListener('offline', showUnsent);
  showUnsent();
  startSender();
  addEventListener('submit', async (event) => {
    if (!event.target.matches('[data-warn-unsent]') || event.target.dataset.sure) return;
    event.preventDefault();
    const count = await unsentCount();
    if (count && !confirm(fill(words.leave, { number: count }))) return;
    await forgetPages();
    event.target.dataset.sure = 'yes';
    event.target.submit();
  });
}
if (document.querySelector('form[action="/sign-in"]')) forgetPages();
if ('serviceWorker' in navigator) navigator.serviceWorker.register('/sw.js').catch(() => {});
