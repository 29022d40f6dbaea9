// Plays a finished run in the browser, token by token; while a run still grows, hands its newest token on.
const [back, play, on, track, speed, line, save] = ['.back', '.play', '.on', '.track', '.speed', '.told', '.save']
  .map((selector) => element.querySelector(selector));
const bar = element.querySelector('.player');
const { fill, unpack, knows, factsOf } = window.moescope;
const HURRY = 200; // milliseconds between two looks of a visitor who passes by
const SETTLE = 50; // milliseconds after which the server is told where a visitor in a hurry came to rest
let routing = null;
let whole = null; // of a run that grows: the last routing with all its tokens
let head = null; // where playing has come to; null where the run lies open as a whole
let position = 0; // the token and the layer that are looked at
let layer = 0;
let followed = null; // the token a visitor picked while the run grew; else its newest token is shown
let touched = false; // whether the figures stand elsewhere than the server drew them
let ticking = 0;
let settling = 0;
let looked = -HURRY; // when the visitor last looked elsewhere

const words = () => props.value?.words || {};
const last = () => routing.start + routing.length - 1;
const at = () => head ?? last();
const growing = () => Boolean(routing?.live || routing?.closing);

function send(name, detail) {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

// The sentences of app/views/player.py: of a run that plays or grows, or of the token at rest.
function told(past, selected) {
  const sentences = growing() || head !== null ? words().panels : words().rest;
  const values = { ...factsOf(past, layer, selected), n: at() + 1, total: last() + 1 };
  return Object.fromEntries(Object.entries(sentences).map(([panel, parts]) => [panel, Object.fromEntries(
    Object.entries(parts).map(([part, sentence]) => [part, fill(sentence, values)]))]));
}

function show() {
  touched = true;
  const selected = head ?? (routing.live ? followed ?? last() : position);
  const past = selected >= routing.start ? routing : whole;
  if (past) send('moescope-move', { routing, past, layer, at: at(), selected, live: growing(), told: told(past, selected) });
  describe();
}

function describe() {
  track.max = last();
  track.value = at();
  line.textContent = fill(words().told || '', { n: at() + 1, total: last() + 1 });
  track.setAttribute('aria-valuetext', line.textContent);
  back.disabled = growing() || at() === 0;
  on.disabled = growing() || at() === last();
  [play, track, save].forEach((part) => { part.disabled = growing(); });
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

// The server draws the rest of what belongs to a token and a layer once the visitor comes to rest there.
function settle(known = true) {
  const hurried = performance.now() - looked < HURRY;
  looked = performance.now();
  clearTimeout(settling);
  settling = setTimeout(() => {
    settling = 0;
    if (known) trigger('settle', { position, layer });
    else trigger('look', { position, layer });
  }, hurried ? SETTLE : 0);
}

function go(to) {
  head = Math.min(Math.max(to, routing.start), last());
  show();
}

function tick() {
  if (at() >= last()) {
    halt();
    head = null;
    show();
    return;
  }
  go(at() + 1);
  ticking = setTimeout(tick, 1000 / Number(speed.value));
}

function stay() {
  halt();
  position = at();
  settle();
}

function toggle() {
  if (ticking) {
    stay();
    return;
  }
  clearTimeout(settling);
  if (at() >= last()) go(routing.start);
  label(true);
  ticking = setTimeout(tick, 1000 / Number(speed.value));
}

function step(by) {
  go(at() + by);
  stay();
}

// Another token or another layer: the browser answers if it can, the server follows.
function look(change) {
  if (!routing) {
    trigger('look', { position: null, layer: null, ...change });
    return;
  }
  if (change.position !== undefined) {
    halt();
    head = null;
  }
  position = Math.min(change.position ?? position, last());
  layer = Math.min(Math.max(change.layer ?? layer, 0), routing.layers - 1);
  const known = knows(routing, layer);
  if (routing.live) followed = change.position ?? followed;
  if (known) show();
  settle(known);
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

function arrive(before) {
  const begins = !before || !(before.live || before.closing);
  if (routing.start === 0) whole = routing;
  if (begins) {
    halt();
    [head, followed] = [null, null];
  }
  if (begins || !knows(routing, layer)) layer = routing.layer;
  position = followed ?? routing.position;
  show();
  if (routing.closing) setTimeout(() => trigger('end', {}));
}

function receive() {
  const before = routing;
  bar.hidden = !props.value;
  routing = props.value ? unpack(props.value) : null;
  if (!routing) {
    send('moescope-rest', {});
    if (before?.live) setTimeout(() => trigger('end', {}));
    return;
  }
  speak();
  if (growing()) {
    arrive(before);
  } else if (routing.key !== before?.key || before.closing || before.live) {
    halt();
    [head, touched, position, layer] = [null, false, settling ? position : routing.position, settling ? layer : routing.layer];
    send('moescope-rest', {});
    if (settling) show();
    else describe();
  } else if (touched) show();
  else describe();
}

const KEYS = { ' ': toggle, ArrowRight: () => step(1), ArrowLeft: () => step(-1), Home: () => step(-Infinity), End: () => step(Infinity) };

bar.addEventListener('keydown', (event) => {
  const ours = [back, play, on, track].includes(event.target) && !(event.key === ' ' && event.target !== play && event.target !== track);
  if (!ours || !(event.key in KEYS) || growing()) return;
  event.preventDefault();
  KEYS[event.key]();
});
back.addEventListener('click', () => step(-1));
on.addEventListener('click', () => step(1));
play.addEventListener('click', toggle);
track.addEventListener('input', () => step(Number(track.value) - at()));
save.addEventListener('click', () => trigger('save_click', {}));
document.addEventListener('moescope-pick', ({ detail }) => look({ position: detail.position }));
if (props.layers) {
  document.addEventListener('input', ({ target }) => { // the slider is gradio's; its value is read where it is turned
    if (target.closest?.(props.layers) && target.value !== '') look({ layer: Math.round(Number(target.value)) });
  });
}
watch('value', receive);
watch('download', () => window.moescope.download(props.download));
receive();
