// How a figure gets onto the screen: Plotly draws it, one figure after another; what moves is sketched at once.
Object.assign(window.moescope, (() => {
  const waiting = new Map();
  let asked = false;

  const place = (plot) => { const { top, left } = plot.getBoundingClientRect(); return top * 10 + left; };

  const SLOW = 60; // milliseconds; a browser that needs longer for a figure rests before the next one
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
    else setTimeout(() => requestAnimationFrame(serve), SLOW);
    needed = 0;
  }

  function takeTurn(plot, draw) {
    waiting.set(plot, draw);
    ask();
  }

  // The sketch: Plotly needs 100 ms and more for a figure, a canvas a few. It reads the same description of the figure
  // and knows of it what moves: cells, lines, discs with their numbers, shapes, and the names of other rows.
  const KINDS = { i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array, u4: Uint32Array,
    f4: Float32Array, f8: Float64Array };

  function list(values) {
    if (!values?.bdata) return Array.from(values ?? []);
    const flat = Array.from(new KINDS[values.dtype](Uint8Array.from(atob(values.bdata), (letter) => letter.charCodeAt(0)).buffer));
    if (!values.shape) return flat;
    const width = Number(String(values.shape).split(',').at(-1));
    return Array.from({ length: flat.length / width }, (_, row) => flat.slice(row * width, (row + 1) * width));
  }

  const each = (value, index) => (Array.isArray(value) || value?.bdata ? list(value)[index] : value);
  const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const STEPS = 255;
  const ramps = new Map(); // a colour scale -> its colours, each with the ink that reads on it

  function shade(scale, share) {
    const next = Math.max(1, scale.findIndex(([stop]) => stop >= share));
    const [[from, low], [to, high]] = [scale[next - 1], scale[next]];
    const way = Math.min(Math.max((share - from) / (to - from), 0), 1);
    const [ends, starts] = [parts(high), parts(low)];
    return starts.map((start, index) => Math.round(start + (ends[index] - start) * way));
  }

  function ramp(scale) {
    const key = String(scale);
    if (!ramps.has(key)) {
      ramps.set(key, Array.from({ length: STEPS + 1 }, (_, step) => {
        const [red, green, blue] = shade(scale, step / STEPS);
        return [`rgb(${[red, green, blue]})`, red * 0.299 + green * 0.587 + blue * 0.114 > 127 ? '#444' : '#fff'];
      }));
    }
    return ramps.get(key);
  }

  function cells(pen, trace, { x, y }, font) {
    const [columns, rows, z, colours] = [list(trace.x), list(trace.y), list(trace.z), ramp(trace.colorscale)];
    const [width, height] = [Math.abs(x(1) - x(0)) - (trace.xgap || 0), Math.abs(y(1) - y(0)) - (trace.ygap || 0)];
    const digits = /^%\{z:\.(\d)%\}$/.exec(trace.texttemplate || '')?.[1];
    pen.font = `${trace.textfont?.size || 12}px ${font}`;
    rows.forEach((row, at) => list(z[at]).forEach((value, across) => {
      if (!Number.isFinite(value)) return;
      const share = Math.min(Math.max((value - trace.zmin) / (trace.zmax - trace.zmin), 0), 1);
      const [colour, ink] = colours[Math.round(share * STEPS)];
      const middle = x(columns[across]);
      pen.fillStyle = colour;
      pen.fillRect(middle - width / 2, y(row) - height / 2, width, height);
      if (digits === undefined) return;
      pen.fillStyle = ink;
      pen.fillText(`${(100 * value).toFixed(digits)}%`, middle, y(row));
    }));
  }

  function stroke(pen, line, draw) {
    pen.strokeStyle = line.color;
    pen.lineWidth = line.width;
    pen.beginPath();
    draw();
    pen.stroke();
  }

  function lines(pen, trace, { x, y }) {
    const [across, down] = [list(trace.x), list(trace.y)];
    stroke(pen, trace.line, () => across.forEach((one, at) => {
      if (!Number.isFinite(one)) return;
      if (at && Number.isFinite(across[at - 1])) pen.lineTo(x(one), y(down[at]));
      else pen.moveTo(x(one), y(down[at]));
    }));
  }

  function discs(pen, trace, { x, y }, font) {
    const { marker, textfont } = trace;
    const [across, down, sizes, inks] = [trace.x, trace.y, marker.size, textfont?.color].map((all) => (all?.length || all?.bdata ? list(all) : all));
    across.forEach((one, at) => {
      pen.beginPath();
      pen.arc(x(one), y(down[at]), (sizes[at] ?? sizes) / 2, 0, 7);
      pen.fillStyle = each(marker.color, at);
      pen.fill();
      if (marker.line?.width) stroke(pen, marker.line, () => pen.arc(x(one), y(down[at]), (sizes[at] ?? sizes) / 2, 0, 7));
      if (!trace.text) return;
      pen.font = `${textfont.size}px ${font}`;
      pen.fillStyle = inks[at];
      pen.fillText(trace.text[at], x(one), y(down[at]));
    });
  }

  function shape(pen, { type, path, x0, x1, y0, y1, line, opacity }, { x, y }) {
    pen.globalAlpha = opacity ?? 1;
    const [a, b, c, d] = (path || '').split(/[MC ]/).filter(Boolean).map((pair) => pair.split(',').map(Number));
    stroke(pen, line, () => {
      if (type === 'rect') pen.rect(x(x0), y(y1), x(x1) - x(x0), y(y0) - y(y1));
      else { pen.moveTo(x(a[0]), y(a[1])); pen.bezierCurveTo(...[b, c, d].flatMap(([right, down]) => [x(right), y(down)])); }
    });
    pen.globalAlpha = 1;
  }

  const plain = (text) => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');

  function rowNames(pen, axis, left, { y }, font) {
    pen.font = `${axis.tickfont.size}px ${font}`;
    pen.fillStyle = axis.tickfont.color;
    pen.textAlign = 'right';
    list(axis.tickvals).forEach((row, at) => pen.fillText(plain(axis.ticktext[at]), left - 5, y(row), left - 7));
    pen.textAlign = 'center';
  }

  const ends = (axis, size) => { const [from, to] = axis.range; return (value) => size._offset + ((value - from) / (to - from)) * size._length; };
  const upward = (axis, size) => { const [from, to] = axis.range; return (value) => size._offset + ((to - value) / (to - from)) * size._length; };
  const names = (axis) => [axis.range, axis.ticktext].join();

  // Paints the figure over the axes that Plotly has drawn; false where those do not fit it.
  function sketch(canvas, plot, { data, layout }, drawn) {
    const full = plot._fullLayout;
    if (!full?._size || full.height !== layout.height || names(drawn.xaxis) !== names(layout.xaxis)) return false;
    const sharp = window.devicePixelRatio || 1;
    [canvas.width, canvas.height] = [full.width * sharp, full.height * sharp];
    Object.assign(canvas.style, { width: `${full.width}px`, height: `${full.height}px` });
    const pen = canvas.getContext('2d');
    const at = { x: ends(layout.xaxis, full.xaxis), y: upward(layout.yaxis, full.yaxis) };
    pen.scale(sharp, sharp);
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    const family = full.font.family;
    const shapes = layout.shapes || [];
    shapes.filter(({ layer }) => layer === 'below').forEach((one) => shape(pen, one, at));
    data.forEach((trace) => {
      if (trace.type === 'heatmap') cells(pen, trace, at, family);
      else if (trace.mode === 'lines') lines(pen, trace, at);
      else discs(pen, trace, at, family);
    });
    shapes.filter(({ layer }) => layer !== 'below').forEach((one) => shape(pen, one, at));
    const others = names(drawn.yaxis) !== names(layout.yaxis);
    if (others) rowNames(pen, layout.yaxis, full._size.l, at, family);
    plot.classList.add('sketched');
    plot.classList.toggle('renamed', others);
    canvas.hidden = false;
    return true;
  }

  function wipe(canvas, plot) {
    canvas.hidden = true;
    plot.classList.remove('sketched', 'renamed');
  }

  return { takeTurn, sketch, wipe };
})());
