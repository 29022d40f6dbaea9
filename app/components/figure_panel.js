// Draws with Plotly.react, so that a reader's zoom survives new numbers; recolours when the page turns dark.
// What moves is sketched at once; Plotly follows when it has come to rest.
const find = (selector) => element.querySelector(selector);
const { writeBadge, offerCsv, sketch, wipe, moves, takeTurn } = window.moescope;
const [title, caption, plot, canvas] = ['h2', '.caption', '.plot', 'canvas'].map(find);
const CONFIG = { displaylogo: false, displayModeBar: false, responsive: false, doubleClick: 'reset' };
const REST = 350; // milliseconds without a move after which Plotly draws what was sketched
let figure = null;
let still = null; // the figure as the server drew it
let move = null; // where the visitor has moved it: which token, which layer
let told = null; // what its title, caption and badge say meanwhile
let serial = 0; // of the figure
let painted = ''; // what Plotly has drawn: which figure, how wide, how dark
let drawn = null; // the layout Plotly has drawn
let dressed = ''; // for which width, and for light or dark
let resting = 0;
let listening = false;
let width = 0; // of the plot; asking for it at every move would lay out the page again each time
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
  return { uirevision: 'keep', ...steady(layout), autosize: true, width };
}

function listen() {
  if (listening) return;
  listening = true;
  plot.on('plotly_click', (event) => {
    const { x, y, z, customdata } = event.points[0];
    if (props.moves === 'gates') document.dispatchEvent(new CustomEvent('moescope-pick', { detail: { position: y } }));
    else trigger('cell_click', { x, y, z: z ?? null, detail: customdata ?? null });
  });
}

const dress = () => [width, isDark()].join();
const look = () => `${serial},${dress()}`;
const wanted = () => figure && window.Plotly && width && onScreen && look() !== painted;
const coloured = () => copy(figure, isDark() ? DARK_OF_LIGHT : {});

function paint() {
  clearTimeout(resting);
  if (!wanted()) return;
  const quick = props.moves && drawn && dressed === dress() && sketch(canvas, plot, coloured(), drawn);
  if (quick) resting = setTimeout(() => takeTurn(plot, draw), REST);
  else takeTurn(plot, draw);
}

function draw() {
  if (!wanted()) return;
  painted = look();
  const { data, layout } = coloured();
  [drawn, dressed] = [figure.layout, dress()];
  window.Plotly.react(plot, data, sized(layout), CONFIG).then(listen);
  wipe(canvas, plot);
}

function write() {
  const value = props.value || {};
  still = value.figure ? JSON.parse(value.figure) : null;
  if (move?.live) move = null; // the server has drawn the run that grew
  put();
}

// The figure as it stands, or as of where the visitor is.
function put() {
  const value = props.value || {};
  const moved = move && still;
  const words = { ...value, ...(moved ? told : {}) };
  figure = moved ? moves[props.moves](still, move) : still;
  serial += 1;
  title.textContent = words.title || '';
  caption.textContent = words.caption || '';
  writeBadge(element, words.badge);
  plot.setAttribute('aria-label', words.summary || words.title || '');
  offerCsv(element, words.csv_hint, still);
  plot.style.minHeight = figure ? `${figure.layout.height || 0}px` : '';
  paint();
}

function follow({ detail }) {
  const words = detail.told[props.moves];
  if (!words && !move) return;
  [move, told] = words ? [detail, words] : [null, null];
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
new ResizeObserver(() => {
  width = plot.clientWidth;
  paint();
}).observe(plot);
new MutationObserver(paint).observe(document.body, { attributes: true, attributeFilter: ['class'] });
window.addEventListener('plotly-ready', paint);
watch('value', write);
write();
