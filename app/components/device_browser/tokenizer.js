// Text to token ids and back, as moe_core/tokenizer.py does it, from the same tokenizer.json.
const END = '<|end|>';
const BYTE = /^<0x([0-9A-F]{2})>$/;
const toBytes = new TextEncoder();
const toText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// Python's wheel reads Oniguruma's names of scripts and of blanks; JavaScript spells them differently.
function splitter(pattern) {
  const spelled = pattern.replace(/\\p\{(Latin|Han)\}/g, '\\p{Script=$1}')
    .replace(/\\s/g, '\\p{White_Space}').replace(/\\S/g, '\\P{White_Space}');
  return new RegExp(spelled, 'gu');
}

export class Tokenizer {
  constructor(saved) {
    const { vocab, merges } = saved.model;
    this.ids = new Map(Object.entries(vocab));
    this.ranks = new Map(merges.map((pair, rank) => [pair.join('\0'), rank]));
    this.split = splitter(saved.pre_tokenizer.pattern.Regex);
    this.units = [];
    this.ids.forEach((id, token) => {
      const byte = BYTE.exec(token);
      this.units[id] = byte ? parseInt(byte[1], 16) : token;
    });
    this.known = new Map(); // words that were read before
  }

  encode(text) {
    const found = [];
    let end = 0;
    for (const match of text.matchAll(this.split)) {
      if (match.index > end) found.push(...this.word(text.slice(end, match.index)));
      found.push(...this.word(match[0]));
      end = match.index + match[0].length;
    }
    return end < text.length ? [...found, ...this.word(text.slice(end))] : found;
  }

  word(text) {
    if (!this.known.has(text)) this.known.set(text, this.merged([...text].flatMap((char) => this.spelled(char))));
    return this.known.get(text);
  }

  // One token for a character of the alphabet, one for each byte of any other.
  spelled(char) {
    if (this.ids.has(char)) return [char];
    return [...toBytes.encode(char)].map((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  }

  // The pair that was learned first is joined first, the leftmost of equals.
  merged(parts) {
    const joined = parts;
    for (;;) {
      let best = Infinity;
      let place = -1;
      for (let at = 0; at + 1 < joined.length; at += 1) {
        const rank = this.ranks.get(`${joined[at]}\0${joined[at + 1]}`) ?? Infinity;
        if (rank < best) [best, place] = [rank, at];
      }
      if (place < 0) return joined.map((token) => this.ids.get(token));
      joined.splice(place, 2, joined[place] + joined[place + 1]);
    }
  }

  // One {text, part, parts} per id; bytes that form a character carry it and their place in it.
  pieces(ids) {
    const pieces = [];
    let run = [];
    const close = () => { pieces.push(...piecesOfBytes(run)); run = []; };
    ids.forEach((id) => {
      const unit = this.units[id];
      if (typeof unit === 'number') {
        run.push(unit);
        return;
      }
      close();
      pieces.push({ text: unit, part: 1, parts: 1 });
    });
    close();
    return pieces;
  }

  // The text of these ids; END and bytes that form no character are left out.
  decode(ids) {
    return this.pieces(ids).filter((piece) => piece.part === 1 && !piece.broken && piece.text !== END)
      .map((piece) => piece.text).join('');
  }
}

function piecesOfBytes(run) {
  const pieces = [];
  for (let start = 0; start < run.length;) {
    const [text, parts] = firstCharacter(run.slice(start, start + 4));
    for (let part = 1; part <= parts; part += 1) pieces.push({ text, part, parts });
    if (!parts) pieces.push({ text: `0x${run[start].toString(16).toUpperCase().padStart(2, '0')}`, part: 1, parts: 1, broken: true });
    start += parts || 1;
  }
  return pieces;
}

// The character these bytes begin with and its length, or ["", 0].
function firstCharacter(bytes) {
  for (let length = 1; length <= bytes.length; length += 1) {
    try {
      return [toText.decode(Uint8Array.from(bytes.slice(0, length))), length];
    } catch { /* not yet a character */ }
  }
  return ['', 0];
}
