// Quantities of Kubernetes (500m, 1Gi, 1e3), as far as it matters whether two texts may be spellings of one amount.
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const SHAPE = /^([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d{1,4})$/;
/** The server keeps nothing smaller than a billionth, and a number of JavaScript about as much of a large amount. */
const GRAIN = 1e-9;

function amountOf(value: unknown): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const [, digits, suffix = ''] = SHAPE.exec(String(value).trim()) ?? [];
  if (digits === undefined) return undefined;
  const binary = BINARY.indexOf(suffix);
  if (binary >= 0) return Number(digits) * 1024 ** binary;
  const power = DECIMAL[suffix];
  return power === undefined ? Number(digits + suffix) : Number(digits) * 10 ** power;
}

/** False only where they are surely no two spellings of one amount. */
export function mayBeSameAmount(a: unknown, b: unknown): boolean {
  const [one, other] = [amountOf(a), amountOf(b)];
  if (one === undefined || other === undefined) return false;
  return !(Math.abs(one - other) > GRAIN * (1 + Math.max(Math.abs(one), Math.abs(other))));
}
