// A token as a person can read it, as moe_core/pieces.py prints it.
const REORDERING = new Set('\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069');
const UNSEEN = /^[\p{Cf}\p{Zs}\p{Zl}\p{Zp}]+$/u;
const HARMFUL = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufffd]/u;

const code = (char) => `U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`;

function visibleCharacter(char) {
  if (char === '\n') return '⏎';
  if (char < ' ') return String.fromCodePoint(0x2400 + char.codePointAt(0));
  if (char === '\x7f') return '\u2421';
  return HARMFUL.test(char) || REORDERING.has(char) ? code(char) : char;
}

function visible(text) {
  if (/^ +$/.test(text)) return '␣'.repeat(text.length);
  if (UNSEEN.test(text)) return [...text].map(code).join(' ');
  const shown = [...text].map(visibleCharacter).join('');
  return /^\p{M}/u.test(shown) ? `\u25cc${shown}` : shown;
}

export function label({ text, part, parts }) {
  return parts === 1 ? visible(text) : `${visible(text)} ${part}/${parts}`;
}

// Whether a piece goes on with the word (or the character) of the piece before it.
export function continues(before, piece) {
  return piece.part > 1 || (/^[\0-\x7f]*[A-Za-z]$/.test(before.text) && /^[A-Za-z][\0-\x7f]*$/.test(piece.text));
}
