// How the figures and the strip of a run look as of one token and one layer, from routing that the browser holds.
// A move takes the figure that the server drew and gives back the same figure with the numbers of that moment.
window.moescope = (() => {
  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  const span = (length) => Array.from({ length }, (_, index) => index);

  function numbers(text, Kind) {
    const letters = atob(text);
    const bytes = new Uint8Array(letters.length);
    for (let at = 0; at < letters.length; at += 1) bytes[at] = letters.charCodeAt(at);
    return new Kind(bytes.buffer);
  }

  // The routing of a text, or of its newest tokens: position `start` comes first, `before` counts what lies earlier.
  function unpack(value) {
    const share = (text) => (text ? Float32Array.from(numbers(text, Uint16Array), (part) => part / 65535) : null);
    return { ...value, ids: numbers(value.ids, Uint16Array), weights: numbers(value.weights, Float32Array),
      chosen: share(value.chosen), gates: share(value.gates), before: numbers(value.before, Uint16Array),
      hesitates: numbers(value.hesitates, Uint8Array), joined: new Set(value.joined) };
  }

  const knows = (routing, layer) => layer === routing.layer || Boolean(routing.every && routing.gates);

  // One token's probabilities in one layer.
  function gatesOf({ gates, every, experts, length, start }, layer, at) {
    const place = ((every ? layer * length : 0) + at - start) * experts;
    return Array.from(gates.subarray(place, place + experts));
  }

  // The chosen of one token in one layer, best first.
  function chosenOf(routing, layer, at) {
    const { ids, weights, chosen, gates, every, k, length, start } = routing;
    const known = every && gates ? gatesOf(routing, layer, at) : null;
    return span(k).map((slot) => {
      const place = (layer * length + at - start) * k + slot;
      return { expert: ids[place], weight: weights[place], probability: known ? known[ids[place]] : chosen?.[place] ?? null };
    }).filter(({ weight }) => weight > 0);
  }

  // As the tables have them: by number.
  const sorted = (chosen) => [...chosen].sort((a, b) => a.expert - b.expert);

  // A token of the strip, as app/views/strip.py describes it.
  function tokenOf(routing, layer, at) {
    const { ids, k, length, start, labels, prompt, words } = routing;
    const place = layer * length + at - start;
    const hesitates = Boolean(routing.hesitates[place >> 3] & (128 >> (place & 7)));
    const [label, expert, generated] = [labels[at - start], ids[place * k], at >= prompt];
    const phase = words.phases[generated ? 'generated' : 'prompt'];
    const spoken = fill(words.token, { label, position: at, expert, phase });
    return { label, expert, hesitates, generated, joined: routing.joined.has(at),
      spoken: hesitates ? `${spoken}; ${words.hesitates}` : spoken };
  }

  // What the sentences about one token and one layer name.
  function factsOf(routing, layer, at) {
    const route = routing.names.map((name, index) => `L${name} ${chosenOf(routing, index, at).map(({ expert }) => `E${expert}`).join('+')}`);
    const [top, count] = busiest(routing, layer);
    return { token: routing.labels[at - routing.start], position: at, layer: routing.names[layer], route: route.join(', '),
      top, top_count: count };
  }

  function busiest(routing, layer) {
    const counts = counted(routing, routing.start + routing.length - 1)[layer];
    const count = Math.max(...counts);
    return [counts.indexOf(count), count];
  }

  const colour = (expert) => EXPERTS[expert % EXPERTS.length];

  function path(figure, { past: routing, selected }) {
    const layers = span(routing.layers).map((layer) => sorted(chosenOf(routing, layer, selected)));
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

  function load(figure, { routing, at }) {
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

  const ROWS = 24; // of a text that still grows: the newest, so that nothing below them jumps

  // First and last row, and whether the figure's own axis has them: around the token that is looked at, or its last ones.
  function rowsOf(figure, { routing, live, at, selected }) {
    const ends = figure.layout.yaxis.range;
    const [first, last] = [Math.round(Math.min(...ends) + 0.5), Math.round(Math.max(...ends) - 0.5)];
    if (!live && selected >= first && selected <= last) return [first, last, true];
    const rows = live ? ROWS : last - first + 1;
    const middle = Math.min(selected + (selected < at ? rows / 2 : 1), routing.start + routing.length);
    const top = Math.max(0, Math.floor(live ? at + 1 - rows : middle - rows));
    return [top, top + rows - 1, false];
  }

  function gates(figure, view) {
    const { routing, layer, live, at, selected } = view;
    const { experts, start, length, labels } = routing;
    const shapes = [{ type: 'rect', x0: -0.5, x1: experts - 0.5, y0: selected - 0.5, y1: selected + 0.5, line: { color: INK, width: 1.5 } }];
    if (!routing.gates) return { ...figure, layout: { ...figure.layout, shapes } };
    const [first, last, drawn] = rowsOf(figure, view);
    const top = Math.max(first, start);
    const shown = span(Math.max(0, Math.min(at, last, start + length - 1) - top + 1)).map((row) => top + row);
    const chosen = shown.map((position) => chosenOf(routing, layer, position));
    const asked = shown.map((position) => gatesOf(routing, layer, position));
    const used = chosen.map((row) => span(experts).map((expert) => row.find((one) => one.expert === expert)?.weight ?? 0));
    const [z, customdata] = routing.quantity === 'weight' ? [used, asked] : [asked, used];
    const hues = [...new Set(chosen.flat().map(({ expert }) => colour(expert)))];
    return {
      data: [{ ...figure.data[0], x: span(experts), y: shown, z, customdata },
      ...hues.map((hue) => ({ type: 'scatter', mode: 'lines', hoverinfo: 'skip', line: { color: hue, width: figure.data[1]?.line?.width ?? 2 },
        ...outlines(chosen.flatMap((row, index) => row.filter(({ expert }) => colour(expert) === hue)
          .map(({ expert }) => ({ x: expert, y: shown[index] }))), 0.455, 0.4) }))],
      layout: { ...figure.layout, height: live ? 48 + ROWS * 20 : figure.layout.height, shapes: selected < first ? [] : shapes,
        yaxis: drawn ? figure.layout.yaxis : { ...figure.layout.yaxis, range: [last + 0.5, first - 0.5], tickvals: shown,
          ticktext: shown.map((position) => spell(labels[position - start])) } },
    };
  }

  // Plotly reads markup in any text; a token that spells it must stay a token.
  const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  const spell = (label) => (label.length > 14 ? `${label.slice(0, 13)}…` : label).replace(/[&<>]/g, (letter) => ESCAPES[letter]);

  return { fill, unpack, knows, tokenOf, factsOf, moves: { path, load, gates } };
})();
