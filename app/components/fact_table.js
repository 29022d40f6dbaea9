// Every string is plain text; a cell is [number, interval].
const find = (selector) => element.querySelector(selector);
const [title, badge, caption, csv, head, body, frame] =
  ['h2', '.badge', '.caption', '.csv', 'thead tr', 'tbody', '.facts'].map(find);

function piece(tag, text, name) {
  const node = document.createElement(tag);
  node.textContent = text;
  if (name) node.className = name;
  return node;
}

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
  title.textContent = value.title || '';
  badge.textContent = value.badge || '';
  badge.hidden = !value.badge;
  caption.textContent = value.caption || '';
  csv.hidden = !value.rows;
  csv.title = value.csv_hint || '';
  csv.setAttribute('aria-label', value.csv_hint || 'CSV');
  frame.setAttribute('aria-label', value.title || '');
  head.replaceChildren(...(value.head || []).map(column));
  body.replaceChildren(...(value.rows || []).map(row));
}

function save() {
  const file = props.download;
  if (!file) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(['\ufeff', file.text], { type: 'text/csv;charset=utf-8' }));
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

csv.addEventListener('click', () => trigger('csv_click', {}));
watch('value', draw);
watch('download', save);
draw();
