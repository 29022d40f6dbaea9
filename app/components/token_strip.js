// Draws the strip by changing only what differs, so that a growing text never flickers.
const strip = element.querySelector('.strip');
const legend = element.querySelector('.strip-legend');
const live = element.querySelector('.unseen');
const { fill } = window.moescope;
const FLAGS = ['generated', 'hesitates', 'flipped', 'joined'];
let spoken = 0;
let view = null; // where the visitor is in a run that the browser holds: its routing, which layer, which token

const buttons = () => [...strip.children];
const current = () => props.value || { tokens: [] };

function newButton(position) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'token';
  button.dataset.position = position;
  button.append(document.createElement('span'), document.createElement('small'));
  return button;
}

function dress(button, token) {
  const key = JSON.stringify(token);
  if (button.dataset.key === key) return;
  button.dataset.key = key;
  button.firstChild.textContent = token.label;
  button.lastChild.textContent = 'E' + token.expert;
  button.style.setProperty('--expert', `var(--expert-${token.expert % 10})`);
  button.style.setProperty('--tint', token.tint || 0);
  FLAGS.forEach((flag) => button.classList.toggle(flag, Boolean(token[flag])));
  button.setAttribute('aria-label', token.spoken);
  button.title = token.hint || token.spoken;
}

function choose(button, selected) {
  if (button.getAttribute('aria-pressed') === String(selected)) return;
  button.classList.toggle('selected', selected);
  button.setAttribute('aria-pressed', String(selected));
}

function giveTabStop(position) {
  buttons().forEach((button, index) => { button.tabIndex = index === position ? 0 : -1; });
}

function announce(value) {
  clearTimeout(spoken);
  spoken = setTimeout(() => { live.textContent = value.announcement || ''; }, 900);
}

function item(...children) {
  const node = document.createElement('li');
  node.append(...children);
  return node;
}

function keys(experts) {
  const list = item();
  list.className = 'keys';
  for (let expert = 0; expert < Math.min(experts || 0, 10); expert += 1) {
    const key = document.createElement('span');
    key.append(document.createElement('i'), `E${expert}`);
    key.style.setProperty('--expert', `var(--expert-${expert})`);
    list.append(key);
  }
  return list;
}

// The first line names the layer whose experts are underlined.
function explain(value) {
  const [told, ...rest] = value.legend || [];
  const first = view ? fill(view.routing.words.legend, { layer: view.routing.names[view.layer] }) : told;
  const key = JSON.stringify([first, rest, value.experts]);
  if (legend.dataset.key === key) return;
  legend.dataset.key = key;
  legend.replaceChildren(...(first ? [item(first), keys(value.experts), ...rest.map((text) => item(text))] : []));
}

// The tokens from position `start` on: as the server told them, or of the layer that is looked at.
let known = {};
function shown(value) {
  if (!view) return { start: 0, tokens: value.tokens };
  const { routing, layer } = view;
  if (known.routing !== routing || known.layer !== layer) {
    const tokens = routing.labels.map((label, at) => window.moescope.tokenOf(routing, layer, routing.start + at));
    known = { routing, layer, start: routing.start, tokens };
  }
  return known;
}

function draw() {
  const value = current();
  const { start, tokens } = shown(value);
  if (strip.children.length < start) return; // tokens are missing: soon the whole run comes
  const selected = view ? view.selected : value.selected;
  while (strip.children.length > start + tokens.length) strip.lastChild.remove();
  buttons().slice(0, start).forEach((button, position) => choose(button, position === selected));
  tokens.forEach((token, index) => {
    const button = strip.children[start + index] || strip.appendChild(newButton(start + index));
    dress(button, token);
    choose(button, start + index === selected);
    button.classList.toggle('ahead', Boolean(view) && start + index > view.at);
  });
  strip.setAttribute('aria-label', value.name || '');
  strip.classList.toggle('tinted', Boolean(value.tinted));
  giveTabStop(Math.min(Math.max(selected ?? 0, 0), strip.children.length - 1));
  explain(value);
  announce(value);
}

function select(button) {
  if (!button) return;
  const position = Number(button.dataset.position);
  if (props.moves) document.dispatchEvent(new CustomEvent('moescope-pick', { detail: { position } }));
  else trigger('token_click', { position });
}

const STEPS = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

function walk(event) {
  const here = buttons().indexOf(document.activeElement);
  if (!(event.key in STEPS) || here < 0) return;
  event.preventDefault();
  const position = Math.min(Math.max(here + STEPS[event.key], 0), strip.children.length - 1);
  giveTabStop(position);
  strip.children[position].focus();
  if (props.moves) select(strip.children[position]);
}

strip.addEventListener('click', (event) => select(event.target.closest('.token')));
strip.addEventListener('keydown', walk);
if (props.moves) {
  document.addEventListener('moescope-move', ({ detail }) => { view = detail; draw(); });
  document.addEventListener('moescope-rest', () => { view = null; draw(); });
}
watch('value', () => {
  if (view?.live) view = null; // the server tells of the run that grew
  draw();
});
draw();
