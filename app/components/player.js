// Plays a finished run in the browser, token by token; while a run still grows, hands its newest token on.
const [back, play, on, track, speed, told, save] = ['.back', '.play', '.on', '.track', '.speed', '.told', '.save']
  .map((selector) => element.querySelector(selector));
const bar = element.querySelector('.player');
let routing = null;
let at = 0;
let ticking = 0;
let settling = 0;

const words = () => props.value?.words || {};
const last = () => routing.start + routing.length - 1;
const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

function send(name, detail) {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

function show() {
  const values = { token: routing.labels[at - routing.start], position: at, n: at + 1, total: last() + 1 };
  const told = Object.fromEntries(Object.entries(words().panels || {}).map(
    ([panel, sentences]) => [panel, { title: fill(sentences.title, values), caption: fill(sentences.caption, values) }]));
  send('moescope-move', { routing, at, told, still: routing.live && routing.follow !== null ? ['path'] : [] });
  describe(values);
}

function describe(values = { position: at, n: at + 1, total: last() + 1 }) {
  track.max = last();
  track.value = at;
  told.textContent = fill(words().told || '', values);
  track.setAttribute('aria-valuetext', told.textContent);
  back.disabled = routing.live || at === 0;
  on.disabled = routing.live || at === last();
  [play, track, save].forEach((part) => { part.disabled = Boolean(routing.live); });
}

function rest() {
  send('moescope-rest', {});
  describe();
}

function label(playing) {
  play.textContent = playing ? '❚❚' : '▶';
  play.setAttribute('aria-label', playing ? words().pause : words().play);
  play.title = play.getAttribute('aria-label') || '';
}

function halt() {
  clearTimeout(ticking);
  ticking = 0;
  label(false);
}

// The server draws what belongs to one token (title, scores, next tokens) once the visitor comes to rest on it.
function settle() {
  clearTimeout(settling);
  settling = setTimeout(() => trigger('settle', { position: at }), 250);
}

function go(position) {
  at = Math.min(Math.max(position, routing.start), last());
  show();
}

function tick() {
  if (at >= last()) {
    halt();
    rest();
    return;
  }
  go(at + 1);
  ticking = setTimeout(tick, 1000 / Number(speed.value));
}

function toggle() {
  if (ticking) {
    halt();
    settle();
    return;
  }
  clearTimeout(settling);
  if (at >= last()) go(routing.start);
  label(true);
  ticking = setTimeout(tick, 1000 / Number(speed.value));
}

function step(by) {
  halt();
  go(at + by);
  settle();
}

function speak() {
  const { back: b, on: o, position, speed: s, group, save: keep, rate } = words();
  [[back, b], [on, o], [track, position], [speed, s], [bar, group]].forEach(([part, text]) => {
    part.setAttribute('aria-label', text || '');
    if (part !== bar) part.title = text || '';
  });
  save.textContent = keep || '';
  [...speed.options].forEach((option) => { option.textContent = fill(rate || '{speed}', { speed: option.value }); });
  label(Boolean(ticking));
}

function receive() {
  bar.hidden = !props.value;
  if (!props.value) return;
  const before = routing?.key;
  const grew = routing?.live;
  routing = window.moescope.unpack(props.value);
  speak();
  if (routing.live) {
    halt();
    at = last();
    show();
  } else if (routing.key !== before || grew) {
    halt();
    at = last();
    rest();
  } else if (at < last()) show();
  else describe();
}

const KEYS = { ' ': toggle, ArrowRight: () => step(1), ArrowLeft: () => step(-1), Home: () => step(-Infinity), End: () => step(Infinity) };

bar.addEventListener('keydown', (event) => {
  const ours = [back, play, on, track].includes(event.target) && !(event.key === ' ' && event.target !== play && event.target !== track);
  if (!ours || !(event.key in KEYS) || routing.live) return;
  event.preventDefault();
  KEYS[event.key]();
});
back.addEventListener('click', () => step(-1));
on.addEventListener('click', () => step(1));
play.addEventListener('click', toggle);
track.addEventListener('input', () => step(Number(track.value) - at));
save.addEventListener('click', () => trigger('save_click', {}));
document.addEventListener('moescope-pick', ({ detail }) => { // a token was clicked: stay with it
  if (!routing || routing.live) return;
  const played = at < last();
  halt();
  at = last();
  if (played) rest();
  else describe();
});
watch('value', receive);
watch('download', () => window.moescope.download(props.download));
receive();
