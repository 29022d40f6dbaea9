const { piece } = window.moescope;
const [title, caption, list] = ['h2', '.caption', '.pair'].map((selector) => element.querySelector(selector));

function row({ name, prompt, same, different }) {
  const text = document.createElement('dd');
  text.append(piece('span', prompt), piece('b', same));
  if (different) text.append(piece('mark', different));
  return [piece('dt', name), text];
}

function draw() {
  const value = props.value || {};
  title.textContent = value.title || '';
  caption.textContent = value.caption || '';
  list.replaceChildren(...(value.rows || []).flatMap(row));
}

watch('value', draw);
draw();
