// What changed on the server: kinds of things, told to the fragments of the page; it rests in a hidden tab.
const KINDS = ['receipt', 'order', 'shipment', 'recall', 'sku', 'unit', 'lot', 'return_id', 'counts', 'feed'];
const RETRY_MS = 3_000;

export function follow(names, tell) {
  let source = null, timer = 0;

  function open() {
    clearTimeout(timer);
    if (source || document.hidden) return;
    source = new EventSource(`/live?watch=${encodeURIComponent(names)}`);
    for (const kind of KINDS) source.addEventListener(kind, (event) => tell(kind, event.data));
    source.addEventListener('error', () => {
      tell('feed', navigator.onLine ? 'resting' : 'offline');
      close();
      timer = setTimeout(open, RETRY_MS);
    });
  }
  function close() {
    source?.close();
    source = null;
  }

  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  addEventListener('online', open);
  addEventListener('pagehide', close);
  addEventListener('pageshow', open);
  open();
}
