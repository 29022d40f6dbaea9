// The tab On your device: asks for a file, sets the worker to work, and draws what it tells.
import { Gates } from './gates.js';
import { Strip } from './strip.js';

// The smallest program with one SIMD instruction (i8x16.popcnt): what cannot load it cannot load the runtime.
const SIMD = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);

function missing() {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(SIMD)) return 'WebAssembly SIMD';
  if (typeof Worker === 'undefined') return 'Worker';
  return typeof DecompressionStream === 'undefined' ? 'DecompressionStream' : null;
}

const fill = (sentence, values) => (sentence || '').replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
const megabytes = (bytes) => (bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 1);

export class Panel {
  constructor(root, { runtime, worker, absolute, wantFile, wantAnswer }) {
    Object.assign(this, { root, runtime, workerAddress: worker, absolute, wantFile, wantAnswer });
    this.words = {};
    this.cards = {};
    this.files = {};
    this.plan = null;
    this.job = 0;
    this.told = null;      // the last thing said in the status line: key and values
    this.text = null;      // ids, tokens, routes, numbers of the last run
    this.strip = new Strip(this.find('.strip'), (position) => this.select(position));
    this.gates = new Gates(this.find('.gates'));
    this.layer = this.find('.device-layer input');
    this.layer.addEventListener('input', () => this.draw());
    this.find('.check').addEventListener('click', () => this.ask());
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  word(key, values = {}) {
    return fill(this.words[`device.${key}`], values);
  }

  // New words or a new card from the server.
  say(value) {
    this.words = value.words || {};
    this.cards = value.cards || {};
    this.plan ??= value.plan;
    const texts = { '.strip-title': 'strip.title', '.gates-title': 'gates.title', '.strip-caption': 'strip.caption',
      '.gates-caption': 'gates.caption', '.device-layer span': 'layer', '.check': 'check' };
    Object.entries(texts).forEach(([selector, key]) => { this.find(selector).textContent = this.word(key); });
    this.find('.strip').setAttribute('aria-label', this.word('strip.title'));
    this.find('.gates').setAttribute('aria-label', this.word('gates.title'));
    if (this.told) this.status(...this.told);
    else if (missing()) this.status('problem', 'unsupported', { missing: missing() });
    this.find('.checked').textContent = '';
    this.drawCard();
    this.draw();
  }

  status(kind, key, values = {}) {
    this.told = [kind, key, values];
    const line = this.find('.status');
    line.className = `status ${kind}`;
    line.textContent = this.word(key, values);
  }

  choose(plan) {
    this.plan = plan;
    this.find('.checked').textContent = '';
    this.drawCard();
  }

  async run(prompt, plan, temperature, seed, newTokens) {
    this.choose(plan);
    const lacking = missing();
    if (lacking) return this.status('problem', 'unsupported', { missing: lacking });
    if (!String(prompt || '').trim()) return this.status('problem', 'empty');
    if (/[\ud800-\udfff]/u.test(prompt)) return this.status('problem', 'surrogate');
    if ([...prompt].length > this.words.longest) return this.status('problem', 'characters', { limit: this.words.longest });
    const job = this.begin();
    this.status('busy', 'stage.file');
    const file = await this.fileOf(plan);
    if (job !== this.job) return undefined;
    if (file.problem) return this.status('problem', 'failed', { detail: file.problem });
    this.asked = { prompt, plan, temperature: Number(temperature) || 0 };
    this.worker ??= this.hire();
    this.worker.postMessage({
      kind: 'run', job, prompt, temperature: this.asked.temperature, seed: Number(seed) || 0,
      newTokens: Math.min(Math.max(Number(newTokens) || 0, 1), 400), runtime: this.runtime, shape: file.shape,
      model: { url: this.absolute(file.url), tokenizer: this.absolute(file.tokenizer) },
    });
    return undefined;
  }

  begin() {
    this.job += 1;
    this.text = null;
    this.position = null;  // the last token of the text, until another is clicked
    this.find('.checked').textContent = '';
    return this.job;
  }

  stop() {
    this.worker?.postMessage({ kind: 'stop' });
  }

  hire() {
    const worker = new Worker(this.workerAddress, { type: 'module' });
    worker.onmessage = ({ data }) => { if (data.job === this.job) this.hear(data); };
    worker.onerror = (event) => this.status('problem', 'failed', { detail: event.message || 'worker' });
    return worker;
  }

  // The file's address; the server makes the file when it is asked for the first time.
  fileOf(plan) {
    if (this.files[plan] && !this.files[plan].problem) return Promise.resolve(this.files[plan]);
    return new Promise((resolve) => {
      this.waiting = { plan, resolve };
      this.wantFile({ plan });
    });
  }

  offer(files) {
    this.files = { ...this.files, ...files };
    const { plan, resolve } = this.waiting || {};
    if (plan && files[plan]) {
      this.waiting = null;
      resolve(files[plan]);
    }
    this.drawCard();
  }

  hear(data) {
    if (data.kind === 'stage') this.status('busy', `stage.${data.stage}`);
    if (data.kind === 'tokens') this.grow(data);
    if (data.kind === 'done') this.end(data.stopped);
    if (data.kind === 'failed') {
      this.status('problem', data.why === 'long' ? 'long' : 'failed', data);
    }
  }

  grow({ ids, prompt, tokens, from, routes, numbers }) {
    const kept = this.text ? this.text.routes.slice(0, from) : [];
    this.text = { ids, prompt, tokens, numbers, routes: [...kept, ...routes] };
    this.position ??= Math.max(prompt - 1, 0);
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => { this.frame = null; this.draw(); });
  }

  end(stopped) {
    const { numbers } = this.text;
    const speed = numbers.step ? (1000 / numbers.step).toFixed(0) : '–';
    this.status('done', `done.${stopped}`, { tokens: numbers.steps, speed });
    this.draw();
    this.drawCard();
  }

  select(position) {
    this.position = position;
    this.draw();
  }

  draw() {
    this.find('.device-results').hidden = !this.text;
    if (!this.text) return;
    const { tokens, routes, numbers } = this.text;
    const layers = routes[0].length;
    this.layer.max = layers - 1;
    const layer = Math.min(Number(this.layer.value), layers - 1);
    this.find('.device-layer output').textContent = `L${layer}`;
    const spoken = (token, at) => this.word('strip.token', { label: token.label, position: at, expert: routes[at][layer].experts[0] });
    this.strip.draw(tokens, routes.map((route) => route[layer]), this.position, spoken);
    this.gates.draw(tokens, routes.map((route) => route[layer]));
    this.drawNumbers(numbers);
    this.drawWay(this.position);
    this.root.querySelectorAll('.badge').forEach((badge) => { badge.textContent = this.word('badge', { plan: this.word(`plan.${this.asked.plan}`) }); });
  }

  drawWay(position) {
    const route = this.text.routes[position];
    if (!route) return;
    const way = route.map(({ experts, probabilities }, layer) => `L${layer} `
      + experts.map((expert) => `E${expert} ${(100 * probabilities[expert]).toFixed(0)} %`).join(' + '));
    this.find('.device-token').textContent = this.word('way', { label: this.text.tokens[position].label.trim(), way: way.join('  ·  ') });
  }

  drawNumbers(numbers) {
    const shown = {
      speed: numbers.step ? (1000 / numbers.step).toFixed(0) : '–', step: numbers.step ? numbers.step.toFixed(1) : '–',
      n: numbers.steps, prefill: numbers.prefill.toFixed(0), prompt: this.text.prompt + 1, bytes: megabytes(numbers.bytes),
      memory: megabytes(numbers.memory), load: numbers.load.toFixed(0),
    };
    const tile = (name) => {
      const [group, value, note] = [document.createElement('div'), document.createElement('dd'), document.createElement('small')];
      const title = document.createElement('dt');
      title.textContent = this.word(`number.${name}`);
      value.textContent = this.word(`number.${name}.value`, shown);
      note.textContent = this.word(`number.${name}.note`, shown);
      value.append(note);
      group.append(title, value);
      return group;
    };
    this.find('.numbers').replaceChildren(...['speed', 'prefill', 'bytes', 'memory'].map(tile));
  }

  // Size, parity and measured rows of the chosen plan; the last row is this very browser.
  drawCard() {
    const rows = [...(this.cards[this.plan] || [])];
    const own = this.text && this.asked?.plan === this.plan ? this.text.numbers : null;
    if (own?.step) rows.push([this.word('card.here'), this.word('card.speed', { step: own.step.toFixed(1) }), this.word('card.here.note', { n: own.steps })]);
    const card = this.find('.device-card');
    card.hidden = !this.plan;
    card.querySelector('h2').textContent = this.word('card.title', { plan: this.word(`plan.${this.plan}`) });
    card.querySelector('.caption').textContent = this.word(rows.length > (own?.step ? 1 : 0) ? 'card.caption' : 'card.nothing', this.words.measured || {});
    card.querySelector('tbody').replaceChildren(...rows.map(([name, value, note]) => {
      const row = document.createElement('tr');
      [['th', name], ['td', value], ['td', note]].forEach(([tag, text]) => {
        const cell = document.createElement(tag);
        if (tag === 'th') cell.scope = 'row';
        cell.textContent = text;
        row.append(cell);
      });
      return row;
    }));
    const file = this.files[this.plan];
    const take = this.find('.take');
    take.hidden = !file?.url;
    if (file?.url) Object.assign(take, { href: this.absolute(file.url), download: `moescope-${this.plan}.onnx`, textContent: this.word('take', { bytes: megabytes(file.bytes) }) });
    this.find('.check').disabled = !(own && own.steps);
  }

  // Ask the server to run the same tokens through its simulator of this plan.
  ask() {
    if (!this.text) return;
    this.find('.checked').textContent = this.word('check.waiting');
    this.wantAnswer({ plan: this.asked.plan, prompt: this.asked.prompt, token_ids: this.text.ids });
  }

  compare(answer) {
    const line = this.find('.checked');
    if (!answer || !this.text) return;
    line.className = 'status checked done';
    if (answer.problem) {
      line.className = 'status checked problem';
      line.textContent = answer.problem;
      return;
    }
    const { ids, prompt, routes } = this.text;
    const same = (one, other) => one.length === other.length && one.every((value, at) => value === other[at]);
    const decisions = routes.flatMap((route, at) => route.map(({ experts }, layer) => same([...experts].sort((a, b) => a - b), answer.experts[at]?.[layer] || [])));
    const written = ids.slice(prompt).map((id, at) => id === answer.best[prompt - 1 + at]);
    const count = (list) => list.filter(Boolean).length;
    this.checked = {
      prompt: same(ids.slice(0, prompt), answer.prompt_ids), tokens: written.length, same: count(written),
      decisions: decisions.length, routed: count(decisions), greedy: this.asked.temperature === 0,
    };
    line.textContent = [this.word(this.checked.prompt ? 'checked.prompt' : 'checked.prompt.differs', { n: prompt }),
      this.word('checked.routes', this.checked), this.checked.greedy ? this.word('checked.tokens', this.checked) : this.word('checked.sampled')]
      .join(document.documentElement.lang === 'zh' ? '' : ' ');
  }
}
