// Dark where the page will be dark; gone once strip and heatmap stand, or when a visitor begins to use the page.
const sight = document.getElementById('first-look');
let theme = new URLSearchParams(window.location.search).get('__theme');
try { theme = theme || localStorage.getItem('moescope-theme'); } catch { /* storage may be closed */ }
const night = window.matchMedia('(prefers-color-scheme: dark)').matches;
sight.classList.toggle('dark', theme === 'dark' || (theme !== 'light' && night));

const BEGINNINGS = ['focusin', 'keydown', 'pointerdown'];
const stands = (plot) => plot && (plot.querySelector('.heatmaplayer') || plot.getBoundingClientRect().top > window.innerHeight);

function leave() {
  clearInterval(watching);
  BEGINNINGS.forEach((name) => document.removeEventListener(name, leave, true));
  sight.remove();
}

const watching = setInterval(() => {
  if (document.querySelector('#strip .token') && stands(document.querySelector('#gates .plot'))) leave();
}, 50);
BEGINNINGS.forEach((name) => document.addEventListener(name, leave, true));
