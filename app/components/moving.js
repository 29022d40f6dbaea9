// What the moving figures of a page share: whose turn it is to be drawn, and how a figure looks as of one token.
// A move takes the figure that the server drew and gives back the same figure with the numbers of that moment.
window.moescope = (() => {
  const waiting = new Map();
  let asked = false;

  const place = (plot) => { const { top, left } = plot.getBoundingClientRect(); return top * 10 + left; };

  const SLOW = 60; // milliseconds; a browser that needs longer for a figure rests as long before the next one
  const served = new WeakMap(); // when a figure had its last turn
  let needed = 0;

  // One figure a frame: whoever has waited longest, at first the highest on the page, seen before the last is drawn.
  function serve() {
    asked = false;
    const [plot] = [...waiting.keys()].sort((a, b) => (served.get(a) ?? 0) - (served.get(b) ?? 0) || place(a) - place(b));
    const draw = waiting.get(plot);
    const began = performance.now();
    served.set(plot, began);
    waiting.delete(plot);
    draw();
    needed = performance.now() - began;
    if (waiting.size) ask();
  }

  function ask() {
    if (asked) return;
    asked = true;
    if (needed < SLOW) requestAnimationFrame(serve);
    else setTimeout(() => requestAnimationFrame(serve), needed);
    needed = 0;
  }

  function takeTurn(plot, draw) {
    waiting.set(plot, draw);
    ask();
  }

  const numbers = (text, Kind) => new Kind(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

  // The routing of a text, or of its newest tokens: position `start` comes first, `before` counts what lies earlier.
  function unpack(value) {
    const share = (text) => (text ? Float32Array.from(numbers(text, Uint16Array), (part) => part / 65535) : null);
    return { ...value, ids: numbers(value.ids, Uint16Array), weights: numbers(value.weights, Float32Array),
      chosen: share(value.chosen), gates: share(value.gates), before: numbers(value.before, Uint16Array) };
  }

  const span = (length) => Array.from({ length }, (_, index) => index);

  // The chosen of one token in one layer, by number, as the tables have them.
  function chosenOf(routing, layer, at) {
    const { ids, weights, chosen, k, length, start } = routing;
    return span(k).map((slot) => {
      const place = (layer * length + at - start) * k + slot;
      return { expert: ids[place], weight: weights[place], probability: chosen ? chosen[place] : null };
    }).filter(({ weight }) => weight > 0).sort((a, b) => a.expert - b.expert);
  }

  const colour = (expert) => EXPERTS[expert % EXPERTS.length];

  function path(figure, routing, at) {
    const layers = span(routing.layers).map((layer) => chosenOf(routing, layer, at));
    const discs = layers.flatMap((chosen, column) => chosen.map((one) => ({ column, ...one })));
    const links = layers.slice(1).flatMap((those, column) => layers[column].flatMap(
      (from) => those.map((to) => ({ column, from, to, size: from.weight * to.weight })))).filter(({ size }) => size >= THINNEST_LINK);
    const [dots, marks] = figure.data;
    return {
      data: [dots, { ...marks, x: discs.map(({ column }) => column), y: discs.map(({ expert }) => expert),
        text: discs.map(({ expert }) => String(expert)),
        textfont: { ...marks.textfont, color: discs.map(({ expert }) => INKS[expert % INKS.length]) },
        marker: { ...marks.marker, size: discs.map(({ weight }) => 15 + 13 * weight), color: discs.map(({ expert }) => colour(expert)) },
        customdata: discs.map(({ weight, probability }) => [weight, probability]) }],
      layout: { ...figure.layout, shapes: links.map(({ column, from, to, size }) => ({ type: 'path', layer: 'below', opacity: 0.85,
        path: `M${column},${from.expert}C${column + 0.5},${from.expert} ${column + 0.5},${to.expert} ${column + 1},${to.expert}`,
        line: { color: colour(to.expert), width: Math.round(100 * (1 + 9 * size)) / 100 } })) },
    };
  }

  function counted(routing, at) {
    const { experts, k, length, start, before, ids, weights } = routing;
    return span(routing.layers).map((layer) => {
      const counts = Array.from(before.slice(layer * experts, (layer + 1) * experts));
      for (let place = layer * length * k; place < (layer * length + at - start + 1) * k; place += 1) {
        if (weights[place] > 0) counts[ids[place]] += 1;
      }
      return counts;
    });
  }

  // The 95 % interval of `count` among `trials` (Wilson 1927).
  function wilson(count, trials) {
    const z2 = 1.959963984540054 ** 2;
    const centre = (count + z2 / 2) / (trials + z2);
    const reach = (Math.sqrt(z2) * Math.sqrt((count * (trials - count)) / trials + z2 / 4)) / (trials + z2);
    return [centre - reach, centre + reach];
  }

  function outlines(cells, halfWidth, halfHeight) {
    const round = (centre, half, signs) => [...signs.map((sign) => centre + sign * half), null];
    return { x: cells.flatMap(({ x }) => round(x, halfWidth, [-1, 1, 1, -1, -1])),
      y: cells.flatMap(({ y }) => round(y, halfHeight, [-1, -1, 1, 1, -1])) };
  }

  function load(figure, routing, at) {
    const counts = counted(routing, at);
    const slots = counts.map((row) => row.reduce((sum, count) => sum + count, 0) || 1);
    const share = counts.map((row, layer) => row.map((count) => count / slots[layer]));
    const range = counts.map((row, layer) => row.map((count) => wilson(count, at + 1).map((end) => (end * (at + 1)) / slots[layer])));
    const chance = 1 / routing.experts;
    const reach = Math.max(chance, ...share.flat().map((one) => Math.abs(one - chance)));
    const uneven = range.flatMap((row, y) => row.flatMap(([low, high], x) => (low > chance || high < chance ? [{ x, y }] : [])));
    const [cells, frames] = figure.data;
    return { ...figure, data: [{ ...cells, z: share, zmin: chance - reach, zmax: chance + reach, customdata: range },
      { ...frames, ...outlines(uneven, 0.46, 0.44) }] };
  }

  // First and last row, and whether the figure's own axis has them.
  function rowsOf(figure, live, at) {
    const whole = figure.layout.yaxis.range;
    const [first, last] = [Math.round(Math.min(...whole) + 0.5), Math.round(Math.max(...whole) - 0.5)];
    if (!live && at >= first && at <= last) return [first, last, true];
    const rows = live ? ROWS : last - first + 1;
    const top = Math.max(0, at + 1 - rows);
    return [top, top + rows - 1, false];
  }

  const ROWS = 24; // of a text that still grows: the newest, so that nothing below them jumps

  function gates(figure, routing, at) {
    if (!routing.gates) return figure;
    const { experts, start, length, labels, live } = routing;
    const [first, last, drawn] = rowsOf(figure, live, at);
    const shown = span(Math.max(0, Math.min(at, last, start + length - 1) - first + 1)).map((row) => first + row);
    const chosen = shown.map((position) => chosenOf(routing, routing.layer, position));
    const hues = [...new Set(chosen.flat().map(({ expert }) => colour(expert)))];
    const height = live ? 48 + ROWS * 20 : figure.layout.height;
    return {
      data: [{ ...figure.data[0], x: span(experts), y: shown,
        z: shown.map((position) => Array.from(routing.gates.slice((position - start) * experts, (position - start + 1) * experts))),
        customdata: chosen.map((row) => span(experts).map((expert) => row.find((one) => one.expert === expert)?.[routing.quantity === 'weight' ? 'probability' : 'weight'] ?? 0)) },
      ...hues.map((hue) => ({ type: 'scatter', mode: 'lines', hoverinfo: 'skip', line: { color: hue, width: figure.data[1]?.line?.width ?? 2 },
        ...outlines(chosen.flatMap((row, index) => row.filter(({ expert }) => colour(expert) === hue)
          .map(({ expert }) => ({ x: expert, y: shown[index] }))), 0.455, 0.4) }))],
      layout: { ...figure.layout, height, shapes: [{ type: 'rect', x0: -0.5, x1: experts - 0.5, y0: at - 0.5, y1: at + 0.5,
        line: { color: INK, width: 1.5 } }],
      yaxis: drawn ? figure.layout.yaxis : { ...figure.layout.yaxis, range: [last + 0.5, first - 0.5], tickvals: shown,
        ticktext: shown.map((position) => spell(labels[position - start])) } },
    };
  }

  // Plotly reads markup in any text; a token that spells it must stay a token.
  const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  const spell = (label) => (label.length > 14 ? `${label.slice(0, 13)}…` : label).replace(/[&<>]/g, (letter) => ESCAPES[letter]);

  return { takeTurn, unpack, moves: { path, load, gates } };
})();
