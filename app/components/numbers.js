const { piece } = window.moescope;
const list = element.querySelector('.numbers');

function tile({ name, value, note }) {
  const group = document.createElement('div');
  const number = piece('dd', value);
  number.append(piece('small', note || ''));
  group.append(piece('dt', name), number);
  return group;
}

function draw() {
  list.replaceChildren(...(props.value || []).map(tile));
}

watch('value', draw);
draw();
