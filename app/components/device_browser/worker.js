// Loads the runtime and one exported model, and writes text with them, away from the page's own thread.
import { drawing } from './draw.js';
import { Model, memoryBytes, startRuntime } from './model.js';
import { continues, label } from './pieces.js';
import { Tokenizer } from './tokenizer.js';

let loaded = { url: null, model: null, bytes: 0, milliseconds: 0 };
let tokenizer = null;
let stopped = false;
let job = 0;

const tell = (kind, told = {}) => postMessage({ kind, job, ...told });

// A breath in which messages are read; a timer would make every token wait 4 ms.
const breathe = () => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => { port1.close(); resolve(); };
  port2.postMessage(null);
});

async function fetchBytes(url, packed = false) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status} ${url.split('/').pop()}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (!packed || bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes; // a server may have unpacked it on the way
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function load({ runtime, model, shape }) {
  tell('stage', { stage: 'runtime' });
  await startRuntime(runtime, fetchBytes);
  tokenizer ??= new Tokenizer(JSON.parse(new TextDecoder().decode(await fetchBytes(model.tokenizer))));
  if (loaded.url === model.url) return;
  tell('stage', { stage: 'model' });
  const bytes = await fetchBytes(model.url);
  tell('stage', { stage: 'session' });
  const began = performance.now();
  if (loaded.model) await loaded.model.close();
  loaded = { url: null, model: null };
  const opened = await Model.open(bytes, shape);
  loaded = { url: model.url, model: opened, bytes: bytes.length, milliseconds: performance.now() - began };
}

function median(values) {
  const ordered = [...values].sort((a, b) => a - b);
  const middle = ordered.length >> 1;
  return ordered.length % 2 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2;
}

function tellText(ids, prompt, routes, times) {
  const pieces = tokenizer.pieces(ids);
  const tokens = pieces.map((piece, at) => ({
    label: label(piece), joined: at > 0 && continues(pieces[at - 1], piece), generated: at >= prompt,
  }));
  tell('tokens', {
    ids, prompt, tokens, from: ids.length - routes.length, routes,
    numbers: {
      prefill: times[0], step: times.length > 1 ? median(times.slice(1)) : null, steps: times.length - 1,
      bytes: loaded.bytes, load: loaded.milliseconds, memory: memoryBytes(),
    },
  });
}

// As moe_core.model.generation: END and the prompt first, then every new token, the last one too.
async function write({ prompt, temperature, seed, newTokens, shape }) {
  const ids = tokenizer.encode(prompt);
  const room = shape.positions - 1 - ids.length;
  if (room < 1) throw Object.assign(new Error(), { why: 'long', count: ids.length, limit: shape.positions - 2 });
  const draw = drawing(temperature, seed);
  const times = [];
  const timed = async (fed) => {
    const began = performance.now();
    const made = await loaded.model.feed(fed);
    times.push(performance.now() - began);
    return made;
  };
  loaded.model.forget();
  let made = await timed([shape.end_id, ...ids]);
  const length = ids.length;
  tellText(ids, length, made.routes.slice(1), times);
  for (let left = Math.min(newTokens, room); left > 0; left -= 1) {
    const next = draw(made.logits);
    if (next === shape.end_id) return 'end';
    made = await timed([next]);
    ids.push(next);
    tellText(ids, length, made.routes, times);
    await breathe();
    if (stopped) return 'visitor';
  }
  return 'length';
}

async function run(task) {
  job = task.job;
  stopped = false;
  try {
    await load(task);
    tell('stage', { stage: 'writing' });
    tell('done', { stopped: await write(task) });
  } catch (error) {
    tell('failed', { why: error.why || 'error', detail: String(error.message || error), count: error.count, limit: error.limit });
  }
}

let queue = Promise.resolve(); // one task after another
onmessage = ({ data }) => {
  stopped = true;
  if (data.kind === 'run') queue = queue.then(() => run(data));
};
