// Every string goes in as plain text.
const { piece, writeHead, askForFile } = window.moescope;
const [frame, head, body, button] = ['.plan-rows', 'thead', 'tbody', '.plan-file']
  .map((selector) => element.querySelector(selector));

function row(tag, cells) {
  const line = document.createElement('tr');
  line.append(...cells.map((text) => piece(tag, text)));
  return line;
}

function draw() {
  const value = props.value || {};
  writeHead(element, value);
  frame.setAttribute('aria-label', value.title || '');
  head.replaceChildren(row('th', value.head || []));
  body.replaceChildren(...(value.rows || []).map((cells) => row('td', cells)));
  button.textContent = value.button || '';
  button.hidden = !value.button;
}

button.addEventListener('click', () => askForFile(element));
watch('value', draw);
draw();
