// Every string goes in as plain text.
const [title, badge, caption, frame, head, body, button] = ['h2', '.badge', '.caption', '.plan-rows', 'thead', 'tbody', '.plan-file']
  .map((selector) => element.querySelector(selector));

function row(tag, cells) {
  const line = document.createElement('tr');
  line.append(...cells.map((text) => {
    const cell = document.createElement(tag);
    cell.textContent = text;
    return cell;
  }));
  return line;
}

function draw() {
  const value = props.value || {};
  title.textContent = value.title || '';
  badge.textContent = value.badge || '';
  badge.hidden = !value.badge;
  caption.textContent = value.caption || '';
  frame.setAttribute('aria-label', value.title || '');
  head.replaceChildren(row('th', value.head || []));
  body.replaceChildren(...(value.rows || []).map((cells) => row('td', cells)));
  button.textContent = value.button || '';
  button.hidden = !value.button;
}

function save() {
  const file = props.download;
  if (!file) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([file.text], { type: 'application/json' }));
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

button.addEventListener('click', () => trigger('plan_click', {}));
watch('value', draw);
watch('download', save);
draw();
