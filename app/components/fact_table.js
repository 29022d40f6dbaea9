// Every string is plain text; a cell is [number, interval].
const { piece, writeHead, offerCsv } = window.moescope;
const [head, body, frame] = ['thead tr', 'tbody', '.facts'].map((selector) => element.querySelector(selector));

function cell([number, interval], column) {
  const node = piece(column ? 'td' : 'th', number);
  if (!column) node.scope = 'row';
  if (interval) node.append(piece('small', interval));
  return node;
}

function column(name) {
  const node = piece('th', name);
  node.scope = 'col';
  return node;
}

function row({ cells, marked }) {
  const node = document.createElement('tr');
  node.className = marked ? 'marked' : '';
  node.append(...cells.map(cell));
  return node;
}

function draw() {
  const value = props.value || {};
  writeHead(element, value);
  offerCsv(element, value.csv_hint, value.rows);
  frame.setAttribute('aria-label', value.title || '');
  head.replaceChildren(...(value.head || []).map(column));
  body.replaceChildren(...(value.rows || []).map(row));
}

watch('value', draw);
draw();
