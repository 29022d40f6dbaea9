// Draws with Plotly.react, so that a reader's zoom survives new numbers; recolours when the page turns dark.
const find = (selector) => element.querySelector(selector);
const { writeBadge, offerCsv, download } = window.moescope;
const [title, caption, plot, csv] = ['h2', '.caption', '.plot', '.csv'].map(find);
const CONFIG = { displaylogo: false, displayModeBar: false, responsive: false, doubleClick: 'reset' };
let figure = null;
let still = null; // the figure as the server drew it
let move = null; // where a player has moved it, and what its title and caption say meanwhile
let serial = 0; // of the figure
let painted = ''; // what is on the screen: which figure, how wide, how dark
let listening = false;
let onScreen = false; // a figure is drawn when it comes near the screen, not before

const isDark = () => document.body.classList.contains('dark');

// A fresh copy for Plotly, which writes into what it is given; in the dark each colour becomes its partner.
function copy(node, colours) {
  if (typeof node === 'string') return colours[node] || node;
  if (Array.isArray(node)) return node.map((child) => copy(child, colours));
  if (!node || typeof node !== 'object') return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, key === 'bdata' ? value : copy(value, colours)]));
}

// While a figure moves its margins stand still: measuring every label again takes most of the time of a drawing.
function steady(layout) {
  const now = plot._fullLayout?._size;
  if (!move || !now) return layout;
  const still = Object.fromEntries(Object.keys(layout).filter((name) => /^[xy]axis/.test(name))
    .map((name) => [name, { ...layout[name], automargin: false }]));
  return { ...layout, ...still, margin: { l: now.l, r: now.r, t: now.t, b: now.b, autoexpand: false } };
}

function sized(layout) {
  return { uirevision: 'keep', ...steady(layout), autosize: true, width: plot.clientWidth };
}

function listen() {
  if (listening) return;
  listening = true;
  plot.on('plotly_click', (event) => {
    const { x, y, z, customdata } = event.points[0];
    trigger('cell_click', { x, y, z: z ?? null, detail: customdata ?? null });
  });
}

const look = () => [serial, plot.clientWidth, isDark()].join();
const wanted = () => figure && window.Plotly && plot.clientWidth && onScreen && look() !== painted;

function paint() {
  if (wanted()) window.moescope.takeTurn(plot, draw);
}

function draw() {
  if (!wanted()) return;
  painted = look();
  const { data, layout } = copy(figure, isDark() ? DARK_OF_LIGHT : {});
  window.Plotly.react(plot, data, sized(layout), CONFIG).then(listen);
}

function write() {
  const value = props.value || {};
  still = value.figure ? JSON.parse(value.figure) : null;
  writeBadge(element, value.badge);
  offerCsv(element, value.csv_hint, still);
  plot.setAttribute('aria-label', value.summary || value.title || '');
  put();
}

// The figure as it stands, or as of the token where a player is.
function put() {
  const value = props.value || {};
  const moved = move && still;
  figure = moved ? window.moescope.moves[props.moves](still, move.routing, move.at) : still;
  serial += 1;
  title.textContent = moved ? move.told.title : value.title || '';
  caption.textContent = moved ? move.told.caption : value.caption || '';
  plot.style.minHeight = figure ? `${figure.layout.height || 0}px` : '';
  paint();
}

function follow({ detail: { routing, at, told, still: unmoved } }) {
  if (unmoved.includes(props.moves)) return;
  move = { routing, at, told: told[props.moves] };
  put();
}

if (props.moves) {
  document.addEventListener('moescope-move', follow);
  document.addEventListener('moescope-rest', () => {
    if (!move) return;
    move = null;
    put();
  });
}

new IntersectionObserver((entries) => {
  onScreen = entries.at(-1).isIntersecting;
  paint();
}, { rootMargin: '150px' }).observe(plot);
new ResizeObserver(paint).observe(plot);
new MutationObserver(paint).observe(document.body, { attributes: true, attributeFilter: ['class'] });
window.addEventListener('plotly-ready', paint);
csv.addEventListener('click', () => trigger('csv_click', {}));
watch('value', write);
watch('download', () => download(props.download));
write();
