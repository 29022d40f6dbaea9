// Every string is plain text. Boxes are kept when only their words change, so that the focus stays where it is.
const { piece } = window.moescope;
const [frame, list] = ['.pipeline', 'ol'].map((selector) => element.querySelector(selector));

function box(number) {
  const item = document.createElement('li');
  const button = document.createElement('button');
  button.type = 'button';
  button.append(piece('b', ''), piece('span', ''));
  button.addEventListener('click', () => trigger('step_click', { step: number }));
  item.append(button);
  return item;
}

function write(item, { name, told, known }, chosen) {
  const button = item.firstElementChild;
  const [title, line] = button.children;
  title.textContent = name;
  line.textContent = told || '';
  button.classList.toggle('unknown', !known);
  button.setAttribute('aria-pressed', String(chosen));
}

function draw() {
  const { steps = [], chosen, label } = props.value || {};
  frame.setAttribute('aria-label', label || '');
  if (list.children.length !== steps.length) list.replaceChildren(...steps.map((step, number) => box(number)));
  steps.forEach((step, number) => write(list.children[number], step, number === chosen));
}

// The arrow keys walk from box to box, as the eye does.
list.addEventListener('keydown', (event) => {
  const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const boxes = [...list.querySelectorAll('button')];
  const next = way && boxes[boxes.indexOf(document.activeElement) + way];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

watch('value', draw);
draw();
