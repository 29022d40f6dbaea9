// Tokens down, experts across: the darker, the more probable; the chosen ones wear their expert's colour.
// How much ink a share gets: none of the greys on which neither ink nor paper could be read.
function inkOf(share) {
  const mix = Math.min(1.18 * share, 1);
  return mix > 0.44 ? Math.max(mix, 0.6) : mix;
}

export class Gates {
  constructor(place) {
    this.place = place;
    this.rows = [];
  }

  draw(tokens, routes) {
    const experts = routes[0]?.probabilities.length || 0;
    if (this.experts !== experts) this.start(experts);
    while (this.rows.length > tokens.length) this.rows.pop().remove();
    tokens.forEach((token, at) => {
      this.rows[at] ??= this.body.appendChild(this.row(experts));
      this.dress(this.rows[at], token, routes[at]);
    });
  }

  start(experts) {
    const [table, head, line] = ['table', 'thead', 'tr'].map((tag) => document.createElement(tag));
    const names = ['', ...Array.from({ length: experts }, (_, expert) => `E${expert}`)];
    line.append(...names.map((name) => {
      const cell = document.createElement(name ? 'th' : 'td');
      if (name) cell.scope = 'col';
      cell.textContent = name;
      return cell;
    }));
    this.body = document.createElement('tbody');
    head.append(line);
    table.append(head, this.body);
    this.place.replaceChildren(table);
    this.experts = experts;
    this.rows = [];
  }

  row(experts) {
    const row = document.createElement('tr');
    const name = document.createElement('th');
    name.scope = 'row';
    row.append(name, ...Array.from({ length: experts }, () => document.createElement('td')));
    return row;
  }

  dress(row, token, route) {
    const key = [token.label, ...route.experts, route.probabilities[route.experts[0]]].join('\0');
    if (row.dataset.key === key) return;
    row.dataset.key = key;
    const [name, ...cells] = row.children;
    name.textContent = token.label.trim() || token.label;
    cells.forEach((cell, expert) => {
      const share = route.probabilities[expert];
      const chosen = route.experts.includes(expert);
      cell.style.setProperty('--mix', `${(100 * inkOf(share)).toFixed(1)}%`);
      cell.style.setProperty('--expert', `var(--expert-${expert % 10})`);
      cell.className = [chosen ? 'chosen' : '', inkOf(share) > 0.5 ? 'filled' : ''].join(' ').trim();
      cell.textContent = chosen ? (100 * share).toFixed(0) : '';
      cell.title = `E${expert} ${(100 * share).toFixed(1)} %`;
    });
  }
}
