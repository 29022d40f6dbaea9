// Every string is a token or a piece of text and goes in as plain text.
const [title, badge, caption, csv, groups] = ['h2', '.badge', '.caption', '.csv', '.readings'].map((selector) => element.querySelector(selector));

function piece(tag, text, name) {
  const node = document.createElement(tag);
  node.textContent = text;
  if (name) node.className = name;
  return node;
}

function place([before, token, after]) {
  const line = document.createElement('li');
  line.append(piece('span', before), piece('mark', token), piece('span', after));
  return line;
}

function row({ token, told, places }) {
  const item = document.createElement('li');
  const list = document.createElement('ul');
  list.append(...places.map(place));
  item.append(piece('b', token), piece('small', told), list);
  return item;
}

function group({ name, empty, rows }) {
  const part = document.createElement('section');
  const list = document.createElement('ol');
  list.append(...rows.map(row));
  part.append(piece('h3', name), rows.length ? list : piece('p', empty, 'caption'));
  return part;
}

function draw() {
  const value = props.value || {};
  title.textContent = value.title || '';
  badge.textContent = value.badge || '';
  badge.hidden = !value.badge;
  caption.textContent = value.caption || '';
  csv.hidden = !value.groups;
  csv.title = value.csv_hint || '';
  csv.setAttribute('aria-label', value.csv_hint || 'CSV');
  groups.replaceChildren(...(value.groups || []).map(group));
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
