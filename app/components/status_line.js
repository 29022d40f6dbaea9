const line = element.querySelector('.status');

// The address bar keeps the run, so that a copied link restores it.
function keepInAddress(query) {
  if (!query) return;
  const address = new URL(window.location);
  Object.entries(query).forEach(([name, value]) => {
    if (value === null) address.searchParams.delete(name);
    else address.searchParams.set(name, value);
  });
  // At every token of a run the same: asking the browser to keep it again would cost a fifth of the time between two.
  if (address.href !== window.location.href) window.history.replaceState(null, '', address);
}

function draw() {
  const value = props.value || {};
  line.textContent = value.text || '';
  line.className = `status ${value.kind || 'quiet'}`;
  keepInAddress(value.query);
}

watch('value', draw);
draw();
