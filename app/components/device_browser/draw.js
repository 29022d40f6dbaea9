// Picks the next token. Temperature 0 is greedy: the best, the lowest id on a tie.

// Bob Jenkins' small fast counter (sfc32): the same seed gives the same numbers on every device.
function uniform(seed) {
  let [a, b, c, counter] = [0, seed >>> 0, 0, 1];
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum | 0;
    return ((sum >>> 0) + 0.5) / 4294967296; // never 0, never 1
  };
  for (let warming = 0; warming < 12; warming += 1) next();
  return next;
}

export function best(scores) {
  let winner = 0;
  for (let at = 1; at < scores.length; at += 1) if (scores[at] > scores[winner]) winner = at;
  return winner;
}

export function drawing(temperature, seed) {
  if (!(temperature > 0)) return best;
  const random = uniform(seed);
  // The best score under Gumbel noise is a draw from the softmax (Gumbel 1954).
  return (scores) => best(Float64Array.from(scores, (score) => score / temperature - Math.log(-Math.log(random()))));
}
