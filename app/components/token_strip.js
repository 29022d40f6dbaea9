// Draws the strip by changing only what differs, so that a growing text never flickers.
const strip = element.querySelector('.strip');
const legend = element.querySelector('.strip-legend');
const live = element.querySelector('.unseen');
const FLAGS = ['generated', 'hesitates', 'flipped', 'joined'];
let spoken = 0;
let head = null; // where a player is; the tokens after it are still to come

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

function dress(button, token, selected) {
  const key = JSON.stringify([token, selected]);
  if (button.dataset.key === key) return;
  button.dataset.key = key;
  button.firstChild.textContent = token.label;
  button.lastChild.textContent = 'E' + token.expert;
  button.style.setProperty('--expert', `var(--expert-${token.expert % 10})`);
  button.style.setProperty('--tint', token.tint || 0);
  FLAGS.forEach((flag) => button.classList.toggle(flag, Boolean(token[flag])));
  button.classList.toggle('selected', selected);
  button.setAttribute('aria-pressed', String(selected));
  button.setAttribute('aria-label', token.spoken);
  button.title = token.hint || token.spoken;
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

function explain(value) {
  const key = JSON.stringify([value.legend, value.experts]);
  if (legend.dataset.key === key) return;
  legend.dataset.key = key;
  const [first, ...rest] = value.legend || [];
  legend.replaceChildren(...(first ? [item(first), keys(value.experts), ...rest.map((text) => item(text))] : []));
}

function draw() {
  const value = current();
  while (strip.children.length > value.tokens.length) strip.lastChild.remove();
  value.tokens.forEach((token, position) => {
    const button = strip.children[position] || strip.appendChild(newButton(position));
    dress(button, token, position === (head ?? value.selected));
    button.classList.toggle('ahead', head !== null && position > head);
  });
  strip.setAttribute('aria-label', value.name || '');
  strip.classList.toggle('tinted', Boolean(value.tinted));
  giveTabStop(Math.min(Math.max(value.selected ?? 0, 0), value.tokens.length - 1));
  explain(value);
  announce(value);
}

function select(button) {
  if (!button) return;
  if (props.moves) document.dispatchEvent(new CustomEvent('moescope-pick'));
  trigger('token_click', { position: Number(button.dataset.position) });
}

const STEPS = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

function walk(event) {
  const here = buttons().indexOf(document.activeElement);
  if (!(event.key in STEPS) || here < 0) return;
  event.preventDefault();
  const position = Math.min(Math.max(here + STEPS[event.key], 0), strip.children.length - 1);
  giveTabStop(position);
  strip.children[position].focus();
}

strip.addEventListener('click', (event) => select(event.target.closest('.token')));
strip.addEventListener('keydown', walk);
if (props.moves) {
  document.addEventListener('moescope-move', ({ detail: { routing, at } }) => { head = routing.live ? null : at; draw(); });
  document.addEventListener('moescope-rest', () => { head = null; draw(); });
}
watch('value', draw);
draw();
