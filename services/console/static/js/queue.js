// Commands that wait for the network: written to disk first, sent by one sender a browser, in order within a lane.
// Each is sent in the name of the person who scanned it; the lane of another person is blocked until they sign in.
import { openDB } from '../vendor/idb.js';

const KEEP_MS = 72 * 3_600_000;
const TIMEOUT_MS = 8_000;
const PAUSES_MS = [500, 1_000, 2_000];
const channel = new BroadcastChannel('tracelot-queue');
const listeners = new Set();
let wake = () => {};

const opening = openDB('tracelot', 1, {
  upgrade(db) {
    const store = db.createObjectStore('commands', { keyPath: 'seq', autoIncrement: true });
    store.createIndex('lane', 'lane');
    store.createIndex('state', 'state');
  },
});

async function write(change) {
  const tx = (await opening).transaction('commands', 'readwrite', { durability: 'strict' });
  const result = await change(tx.store);
  await tx.done;
  return result;
}

function tell(command) {
  for (const listener of listeners) listener(command);
  channel.postMessage(command);
}

channel.onmessage = ({ data }) => {
  for (const listener of listeners) listener(data);
  wake();
};

export function onChange(listener) { listeners.add(listener); }

export async function add(command) {
  const kept = { ...command, key: crypto.randomUUID(), at: new Date().toISOString(), state: 'waiting', html: '' };
  kept.seq = await write((store) => store.add(kept));
  navigator.storage?.persist?.().catch(() => {});
  tell(kept);
  wake();
  return kept;
}

export async function ofLane(lane) { return (await opening).getAllFromIndex('commands', 'lane', lane); }

export async function unsent() { return (await opening).getAllFromIndex('commands', 'state', 'waiting'); }
export async function unsentCount() { return (await opening).countFromIndex('commands', 'state', 'waiting'); }

// Takes a command out that was not sent; false if it is being sent or is answered.
export async function withdraw(seq) {
  return navigator.locks.request(`tracelot-command-${seq}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return false;
    const isWithdrawn = await write(async (store) => {
      const kept = await store.get(seq);
      if (kept?.state !== 'waiting') return false;
      await store.delete(seq);
      return true;
    });
    if (isWithdrawn) tell({ seq, state: 'withdrawn' });
    return isWithdrawn;
  });
}

export async function forgetAll(lane, isDone) {
  for (const command of await ofLane(lane)) {
    if (command.state === 'answered' && isDone(command)) await write((store) => store.delete(command.seq));
  }
}

async function post(command) {
  const headers = {
    'Content-Type': 'application/json', 'Idempotency-Key': command.key,
    'X-Scanned-At': command.at, 'X-Person': command.person,
  };
  const options = { method: 'POST', headers, body: JSON.stringify(command.body), redirect: 'manual' };
  let response;
  try {
    response = await fetch(command.path, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status === 401) {
      tell({ lane: command.lane, state: 'blocked' });
      return 'blocked';
    }
    if (response.status >= 500 || [0, 425, 429].includes(response.status)) return 'later';
    command.html = await response.text();
  } catch {
    return 'later';
  }
  Object.assign(command, { state: 'answered', answered: Date.now() });
  await write((store) => store.put(command));
  tell(command);
  return 'answered';
}

function sendUnderLock(command) {
  return navigator.locks.request(`tracelot-command-${command.seq}`, async () => {
    const kept = await (await opening).get('commands', command.seq);
    return kept?.state === 'waiting' ? post(kept) : 'answered';
  });
}

async function oldestOfEachLane() {
  const oldest = new Map();
  for (const command of await unsent()) {
    if (!oldest.has(command.lane)) oldest.set(command.lane, command);
  }
  return [...oldest.values()];
}

async function prune() {
  for (const command of await (await opening).getAllFromIndex('commands', 'state', 'answered')) {
    if (Date.now() - command.answered > KEEP_MS) await write((store) => store.delete(command.seq));
  }
}

function sleep(ms) {
  return new Promise((resolve) => {
    const timer = ms ? setTimeout(resolve, ms) : 0;
    wake = () => { clearTimeout(timer); resolve(); };
  });
}

export function startSender() {
  addEventListener('online', () => wake());
  document.addEventListener('visibilitychange', () => { if (!document.hidden) wake(); });
  document.body.addEventListener('tracelot:reachable', () => wake());
  navigator.locks.request('tracelot-sender', async () => {
    await prune();
    for (let failures = 0; ;) {
      const outcomes = await Promise.all((await oldestOfEachLane()).map(sendUnderLock));
      failures = outcomes.includes('answered') || outcomes.length === 0 ? 0 : failures + 1;
      if (!outcomes.includes('answered')) await sleep(outcomes.length ? PAUSES_MS[Math.min(failures, 3) - 1] : 0);
    }
  });
}
