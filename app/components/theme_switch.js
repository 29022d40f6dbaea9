const group = element.querySelector('.theme-switch');
const KEY = 'moescope-theme';
const system = window.matchMedia('(prefers-color-scheme: dark)');
const asked = new URL(window.location).searchParams.get('__theme');
let choice = asked || 'auto';
try { choice = asked || localStorage.getItem(KEY) || 'auto'; } catch { /* storage may be closed */ }

function apply() {
  const dark = choice === 'dark' || (choice !== 'light' && system.matches);
  if (document.body.classList.contains('dark') !== dark) document.body.classList.toggle('dark', dark);
  [...group.children].forEach((button) => {
    const on = button.dataset.theme === choice;
    button.setAttribute('aria-checked', String(on));
    button.tabIndex = on ? 0 : -1;
  });
}

function choose(button) {
  if (!button) return;
  choice = button.dataset.theme;
  try { localStorage.setItem(KEY, choice); } catch { /* storage may be closed */ }
  apply();
}

function name() {
  const words = props.value || {};
  group.setAttribute('aria-label', words.group || '');
  [...group.children].forEach((button) => {
    button.setAttribute('aria-label', words[button.dataset.theme] || '');
    button.title = words[button.dataset.theme] || '';
  });
}

group.addEventListener('click', (event) => choose(event.target.closest('button')));
group.addEventListener('keydown', (event) => {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...group.children];
  const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
  choose(next);
  next.focus();
});
system.addEventListener('change', apply);
new MutationObserver(apply).observe(document.body, { attributes: true, attributeFilter: ['class'] });
watch('value', name);
name();
apply();
