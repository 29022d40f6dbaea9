const list = element.querySelector('.numbers');

function line(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}

function tile({ name, value, note }) {
  const group = document.createElement('div');
  const number = line('dd', value);
  number.append(line('small', note || ''));
  group.append(line('dt', name), number);
  return group;
}

function draw() {
  list.replaceChildren(...(props.value || []).map(tile));
}

watch('value', draw);
draw();
