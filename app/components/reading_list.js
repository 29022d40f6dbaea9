// Every string is a token or a piece of text and goes in as plain text.
const { piece, writeHead, offerCsv } = window.moescope;
const groups = element.querySelector('.readings');

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
  writeHead(element, value);
  offerCsv(element, value.csv_hint, value.groups);
  groups.replaceChildren(...(value.groups || []).map(group));
}

watch('value', draw);
draw();
