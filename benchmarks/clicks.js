// What benchmarks/clicks.py looks at in the page: it reads the screen and touches nothing.
const text = (selector) => document.querySelector(selector)?.textContent;
const drawn = (selector) => [...document.querySelectorAll(selector)].map((node) => node.getAttribute('d')).join();
const ink = (panel) => { // the small picture that is sketched over a figure, while there is one
  const canvas = document.querySelector(`${panel} .stage canvas:not([hidden])`);
  if (!canvas) return '';
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0;
  for (let at = 0; at < pixels.length; at += 41) sum = (sum * 31 + pixels[at]) >>> 0;
  return sum;
};
window.told = {
  strip_length: () => document.querySelectorAll('#strip .token').length,
  strip: () => document.querySelector('#strip .token.selected')?.dataset.position,
  experts: () => [...document.querySelectorAll('#strip .token small')].map((node) => node.textContent).join(),
  path_told: () => text('#path .caption'), path: () => drawn('#path .shapelayer path') + ink('#path'),
  row: () => drawn('#gates .shapelayer path') + ink('#gates'), gates_told: () => text('#gates .caption'),
  cells: () => document.querySelector('#gates .heatmaplayer image')?.getAttribute('xlink:href')
    + drawn('#gates .trace path') + ink('#gates'),
  load: () => [...document.querySelectorAll('#load .heatmap-label')].map((node) => node.textContent).join()
    + ink('#load'),
  load_told: () => text('#load .caption'), choice: () => text('#choice h2'), next: () => text('#next h2') };
['click', 'keydown'].forEach((kind) => document.addEventListener(kind, (event) => {
  if (window.awaited && window.began === null) window.began = event.timeStamp; }, true));

// From the next click until all of these have changed, and one frame more.
window.awaitAnswer = (names) => {
  const before = names.map((name) => window.told[name]());
  window.began = null; window.awaited = true; window.answered = null;
  const look = () => {
    if (window.began !== null && names.every((name, at) => window.told[name]() !== before[at])) {
      window.awaited = false;
      requestAnimationFrame(() => { window.answered = performance.now() - window.began; });
    } else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};

// How often each of these changes, from now on.
window.startCounting = (names) => {
  const seen = Object.fromEntries(names.map((name) => [name, [window.told[name](), 0]]));
  window.counted = { began: performance.now(), seen };
  const look = () => {
    names.forEach((name) => {
      const now = window.told[name]();
      if (now !== seen[name][0]) seen[name] = [now, seen[name][1] + 1];
    });
    if (window.counted) requestAnimationFrame(look);
  };
  look();
};

window.changesASecond = () => {
  const { began, seen } = window.counted;
  window.counted = null;
  const seconds = (performance.now() - began) / 1000;
  return Object.fromEntries(Object.entries(seen).map(([name, [, times]]) => [name, times / seconds]));
};
