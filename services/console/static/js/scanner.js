// The scan box: a keyboard wedge types into it wherever the focus is; Enter ends a scan, never a pause.
const BURST_MS = 35;
const GS = '\u001d';

export function startScanner(box, form, onScan) {
  let last = 0, quick = 0;

  function take() {
    const text = box.value;
    box.value = '';
    if (text.trim()) onScan(text);
  }

  form.addEventListener('submit', (event) => { event.preventDefault(); take(); });
  box.addEventListener('keydown', (event) => {
    quick = event.timeStamp - last < BURST_MS ? quick + 1 : 0;
    last = event.timeStamp;
    if (event.ctrlKey && (event.key === ']' || event.code === 'BracketRight')) {
      event.preventDefault();
      box.setRangeText(GS, box.selectionStart, box.selectionEnd, 'end');
    } else if (event.key === 'Tab' && quick >= 3 && box.value) {
      event.preventDefault();
      take();
    }
  });
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.key.length !== 1) return;
    const target = event.target;
    if (target.matches('input, textarea, select, [contenteditable]') || document.querySelector('dialog[open]')) return;
    if (event.key === ' ' && target.matches('button, a, summary')) return;
    box.focus();
  });

  const switcher = form.querySelector('[data-keyboard]');
  function showKeyboard(isShown) {
    box.inputMode = isShown ? 'text' : 'none';
    switcher.setAttribute('aria-pressed', isShown);
    localStorage.setItem('keyboard', isShown ? 'on' : 'off');
  }
  switcher?.addEventListener('click', () => {
    showKeyboard(switcher.getAttribute('aria-pressed') !== 'true');
    box.blur();
    box.focus();
  });
  if (switcher) showKeyboard(localStorage.getItem('keyboard') === 'on');
  box.focus({ preventScroll: true });
}
