// The tokens of a text in one line that wraps, underlined in the colour of their first expert.
const HESITATES_BELOW = 0.1; // logits, as app/views/strip.py has it

function hesitates({ experts, probabilities }) {
  const ordered = [...probabilities].sort((a, b) => b - a);
  return ordered.length > experts.length
    && Math.log(ordered[experts.length - 1] / ordered[experts.length]) < HESITATES_BELOW;
}

export class Strip {
  constructor(strip, select) {
    this.strip = strip;
    strip.addEventListener('click', (event) => {
      const button = event.target.closest('.token');
      if (button) select(Number(button.dataset.position));
    });
    strip.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const next = step && this.strip.children[Number(document.activeElement.dataset.position) + step];
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
  }

  draw(tokens, routes, selected, spoken) {
    while (this.strip.children.length > tokens.length) this.strip.lastChild.remove();
    tokens.forEach((token, at) => {
      const button = this.strip.children[at] || this.strip.appendChild(this.button(at));
      this.dress(button, token, routes[at], at === selected, spoken(token, at));
    });
  }

  button(at) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'token';
    button.dataset.position = at;
    button.append(document.createElement('span'), document.createElement('small'));
    return button;
  }

  dress(button, token, route, selected, spoken) {
    const text = token.label.trim() || token.label;
    const key = [text, route.experts[0], selected, spoken].join('\0');
    if (button.dataset.key === key) return;
    button.dataset.key = key;
    button.firstChild.textContent = text;
    button.lastChild.textContent = `E${route.experts[0]}`;
    button.style.setProperty('--expert', `var(--expert-${route.experts[0] % 10})`);
    const flags = { selected, generated: token.generated, joined: token.joined, hesitates: hesitates(route) };
    Object.entries(flags).forEach(([flag, on]) => button.classList.toggle(flag, on));
    button.setAttribute('aria-pressed', String(selected));
    button.setAttribute('aria-label', spoken);
    button.title = spoken;
  }
}
