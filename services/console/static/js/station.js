// A scan station: what is scanned is kept, shown as waiting, sent, and answered by a row with its verdict.
import { add, forgetAll, ofLane, onChange, withdraw } from './queue.js';
import { signal } from './feedback.js';
import { startScanner } from './scanner.js';

const digits = (text) => text.trim().replace(/^\][A-Za-z]./, '').replace(/^0+(?=\d)/, '');

export function startStation(station, words) {
  const { lane, path, undoPath } = station.dataset;
  const fixed = JSON.parse(station.dataset.body);
  const rows = station.querySelector('[data-scans]');
  const verdict = station.querySelector('[data-verdict]');
  const lines = [...station.querySelectorAll('.pick-line')];
  const details = station.querySelector('[data-lot-fields]');
  const form = station.querySelector('form.scan-box');
  const box = form.querySelector('input');
  const spot = station.querySelector('[data-place]');
  const isOurs = (command) => command.lane === lane && command.session === fixed.session;

  function choose(line, { isShown = true } = {}) {
    for (const other of lines) other.setAttribute('aria-pressed', other === line);
    sessionStorage.setItem(`product:${lane}`, line.dataset.sku);
    station.querySelector('[data-scan-label]').textContent = line.dataset.label;
    if (details) {
      details.hidden = line.dataset.tracking === 'SERIAL';
      details.querySelector('[data-expiry]').hidden = line.dataset.tracking !== 'LOT';
    }
    if (isShown) show({ dataset: { tone: 'good' } }, '▸', line.dataset.sku, words.chosen);
  }
  const chosen = () => lines.find((line) => line.getAttribute('aria-pressed') === 'true');

  const isFull = (line) => line.querySelector('progress').classList.contains('full');

  // What is done gives way to the next; once all is done the way on is the first choice.
  function goOn() {
    const current = chosen();
    const next = lines.find((line) => !isFull(line));
    if (current && next && isFull(current)) choose(next, { isShown: false });
    document.querySelector('[data-done]')?.classList.toggle('primary', lines.length > 0 && !next);
  }

  function show(row, ...texts) {
    verdict.dataset.tone = row.dataset.tone;
    if (texts.length === 0) {
      verdict.replaceChildren(...[...row.children].map((child) => child.cloneNode(true)));
      return;
    }
    verdict.replaceChildren(...['mark', 'word', 'serial help'].map((name, place) => {
      const part = document.createElement('span');
      part.className = name;
      part.textContent = [texts[0], texts[2], texts[1]][place];
      return part;
    }));
  }

  function waitingRow(command) {
    const row = document.createElement('li');
    row.dataset.seq = command.seq;
    row.dataset.tone = 'waiting';
    if (command.path === undoPath || command.person !== document.body.dataset.person) row.dataset.gone = 'yes';
    for (const [name, text] of [['mark', '…'], ['serial', command.shown], ['word', words.waiting]]) {
      const part = document.createElement('span');
      part.className = name;
      part.textContent = text;
      row.append(part);
    }
    return row;
  }

  // An answer without a row, such as that to a role that may not do it.
  function refusedRow(command, content) {
    const row = waitingRow(command);
    row.dataset.tone = 'bad';
    row.querySelector('.mark').textContent = '✕';
    row.querySelector('.word').textContent = content.querySelector('strong')?.textContent ?? words.refused;
    const help = document.createElement('span');
    help.className = 'help';
    help.textContent = content.querySelector('p')?.textContent ?? '';
    row.append(help);
    return row;
  }

  function answeredRows(command) {
    const template = document.createElement('template');
    template.innerHTML = command.html;
    const parts = [...template.content.children];
    for (const part of parts.filter((each) => each.id)) layOver(part);
    const found = parts.filter((each) => each.tagName === 'LI');
    if (found.length === 0) found.push(refusedRow(command, template.content));
    for (const row of found) row.dataset.seq = command.seq;
    return found.reverse();
  }

  // The page may be older than an answer; what the server said last counts.
  function layOver(part) {
    const old = document.getElementById(part.id);
    if (old && (old.dataset.asOf ?? '') < part.dataset.asOf) old.replaceWith(part);
  }

  function place(command) {
    if (command.state === 'withdrawn') {
      for (const row of rows.querySelectorAll(`[data-seq="${command.seq}"]`)) row.remove();
      return;
    }
    const fresh = command.state === 'answered' ? answeredRows(command) : [waitingRow(command)];
    const old = [...rows.querySelectorAll(`[data-seq="${command.seq}"]`)];
    if (old.length) {
      old[0].before(...fresh);
      for (const row of old) row.remove();
    } else {
      rows.prepend(...fresh);
    }
    for (const row of fresh) markUndone(row);
    if (command.undoes && command.state === 'answered' && !fresh.some((row) => row.dataset.undid)) restore(command.undoes);
    return fresh[0];
  }

  // A scan whose undo is refused still counts.
  function restore({ seq, id }) {
    const row = [...rows.querySelectorAll(`[data-seq="${seq}"]`)].find((each) => each.dataset.id === id);
    if (!row) return;
    delete row.dataset.gone;
    row.classList.remove('undone');
  }

  function markUndone(row) {
    if (!row.dataset.undid) return;
    const undone = [...rows.children].find((each) => each.dataset.id === row.dataset.undid && !each.dataset.gone);
    if (!undone) return;
    undone.dataset.gone = 'yes';
    undone.classList.add('undone');
  }

  async function keep(command) {
    try {
      return await add({ lane, session: fixed.session, person: document.body.dataset.person, ...command });
    } catch {
      station.dataset.broken = 'yes';
      show({ dataset: { tone: 'bad' } }, '✕', words.broken, words.notKept);
      signal('bad');
      box.disabled = true;
      return null;
    }
  }

  async function scan(text) {
    const scanned = digits(text);
    const line = lines.find((each) => each.dataset.barcodes.split(' ').includes(scanned) || each.dataset.sku === text.trim());
    if (line) return choose(line);
    if (spot && takePlace(text)) return;
    const body = bodyOf([text]);
    if (spot && !body[spot.name]) return show({ dataset: { tone: 'bad' } }, '✕', text, words.placeFirst), signal('bad');
    if (details && !details.hidden) {
      body.tracking = chosen()?.dataset.tracking;
      for (const input of details.querySelectorAll('input')) body[input.name] = input.value;
      for (const input of details.querySelectorAll('input')) input.value = '';
    }
    await keep({ path, body, shown: text.replace(/[\u0000-\u001f]/g, '␝') });
  }

  function bodyOf(texts) {
    const current = chosen();
    const own = current?.dataset.body ? JSON.parse(current.dataset.body) : {};
    return { ...fixed, ...(spot ? { [spot.name]: spot.value.trim() } : {}), sku: current?.dataset.sku ?? '', ...own, texts };
  }

  // A scan of a listed place chooses it for all that follow.
  function takePlace(text) {
    const choices = [...(spot.list ?? spot).querySelectorAll('option')].map((choice) => choice.value);
    const found = choices.find((choice) => choice === text.trim() || choice.endsWith(`/${text.trim()}`));
    if (!found) return false;
    spot.value = found;
    rememberPlace();
    show({ dataset: { tone: 'good' } }, '▸', found, words.placeChosen);
    return true;
  }
  function rememberPlace() { localStorage.setItem(`place:${location.pathname.split('/')[1]}`, spot.value); }

  async function undo() {
    const row = [...rows.children].find((each) => !each.dataset.gone && (each.dataset.tone === 'waiting' || each.dataset.undo));
    if (!row) return;
    if (row.dataset.tone === 'waiting') {
      await withdraw(Number(row.dataset.seq));
      return;
    }
    row.dataset.gone = 'yes';
    row.classList.add('undone');
    const { id, seq } = row.dataset;
    const body = { ...fixed, ...JSON.parse(row.dataset.undo) };
    await keep({ path: undoPath, body, shown: `${words.undo} ${id}`, undoes: { seq, id } });
  }

  onChange((command) => {
    if (command.state === 'withdrawn') { place(command); return; }
    if (command.state === 'blocked') { if (command.lane === lane) showBlocked(); return; }
    if (!isOurs(command)) return;
    const row = place(command);
    if (!row) return;
    show(row);
    signal(row.dataset.tone);
    if (command.state !== 'answered') return;
    goOn();
    for (const part of document.querySelectorAll('[data-after-scan]')) htmx.trigger(part, 'refresh');
  });

  // The person of the oldest waiting scan has to sign in; those of others come after.
  async function showBlocked() {
    const waiting = (await ofLane(lane)).filter((command) => command.state === 'waiting');
    const person = waiting[0]?.person;
    if (!person) return;
    const number = waiting.filter((command) => command.person === person).length;
    const text = words.signIn.replace('{person}', person).replace('{number}', number);
    if (verdict.querySelector('.word').textContent !== text) show({ dataset: { tone: 'bad' } }, '!', '', text);
  }
  document.addEventListener('keydown', (event) => {
    const press = (name) => document.querySelector(`[${name}]`)?.click();
    const actions = { F2: () => box.focus(), F4: undo, F8: () => press('data-short'), F9: () => press('data-confirm') };
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  });
  for (const line of lines) line.addEventListener('click', () => { choose(line); box.focus(); });
  station.querySelector('[data-undo-last]')?.addEventListener('click', () => { undo(); box.focus(); });
  startPaste(document.getElementById('paste'), (texts) => {
    return keep({ path, body: bodyOf(texts), shown: words.pasted.replace('{number}', texts.length) });
  });

  if (spot) {
    const kept = localStorage.getItem(`place:${location.pathname.split('/')[1]}`);
    if (!spot.value || spot.tagName === 'SELECT') {
      const isKnown = [...(spot.list ?? spot).querySelectorAll('option')].some((choice) => choice.value === kept);
      if (isKnown) spot.value = kept;
    }
    spot.addEventListener('change', () => { rememberPlace(); box.focus(); });
  }
  for (const all of station.querySelectorAll('[data-all]')) {
    all.addEventListener('click', () => {
      const texts = JSON.parse(all.dataset.all);
      if (spot && !spot.value.trim()) return show({ dataset: { tone: 'bad' } }, '✕', words.placeFirst, words.placeFirst);
      keep({ path, body: { ...bodyOf(texts), is_listed: true }, shown: words.pasted.replace('{number}', texts.length) });
    });
  }
  const remembered = sessionStorage.getItem(`product:${lane}`);
  const first = lines.find((line) => line.dataset.sku === remembered) ?? chosen();
  if (first) choose(first, { isShown: false });
  startScanner(box, form, (text) => {
    const needed = details && !details.hidden && [...details.querySelectorAll('input')].find((input) => !input.value && input.offsetParent);
    if (needed && !isComplete(text)) {
      box.value = text;
      needed.focus();
      return;
    }
    scan(text);
  });
  details?.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    form.requestSubmit();
  });
  ofLane(lane).then((commands) => {
    for (const command of commands) if (isOurs(command)) place(command);
    if (rows.firstElementChild) show(rows.firstElementChild);
    return forgetAll(lane, (command) => !isOurs(command));
  });
}

// A code that names its lot needs no further field.
const isComplete = (text) => /^\]|\u001d|^\(/.test(text);

function startPaste(dialog, send) {
  if (!dialog) return;
  document.querySelector('[data-paste]')?.addEventListener('click', () => dialog.showModal());
  dialog.querySelector('form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const field = dialog.querySelector('textarea');
    const texts = field.value.split(/[\n,;\t]+/).map((text) => text.trim()).filter(Boolean).slice(0, 500);
    dialog.close();
    field.value = '';
    if (texts.length) await send(texts);
  });
  dialog.querySelector('[data-close]')?.addEventListener('click', () => dialog.close());
}
