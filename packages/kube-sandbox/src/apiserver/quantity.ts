// Quantities (500m, 1Gi, 1e3) in the one form in which the API server keeps them.

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const NAMES = new Map(Object.entries(DECIMAL).map(([name, power]) => [power, name]));
const SHAPE = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d+)$/;
/** Nothing smaller than a billionth is kept. */
const NANO = 1_000_000_000n;

const ceilDivide = (a: bigint, b: bigint): bigint => (a % b > 0n ? a / b + 1n : a / b);

/** What a suffix stands for: it multiplies by `times` and divides by `by`. */
interface Factor {
  form: 'binary' | 'decimal' | 'exponent';
  times: bigint;
  by: bigint;
}

function factorOf(suffix: string): Factor {
  const binary = BINARY.indexOf(suffix);
  if (binary > 0) return { form: 'binary', times: 1024n ** BigInt(binary), by: 1n };
  const isExponent = /^[eE][+-]?\d/.test(suffix);
  const power = isExponent ? Number(suffix.slice(1)) : (DECIMAL[suffix] ?? 0);
  const [times, by] = [10n ** BigInt(Math.max(0, power)), 10n ** BigInt(Math.max(0, -power))];
  return { form: isExponent ? 'exponent' : 'decimal', times, by };
}

interface Quantity {
  isNegative: boolean;
  /** Without its sign the quantity is the amount divided by the scale. */
  amount: bigint;
  scale: bigint;
  form: Factor['form'];
}

/** Undefined for what is no quantity. */
function readQuantity(text: string): Quantity | undefined {
  const [, sign = '', whole = '', fraction = '', suffix = ''] = SHAPE.exec(text) ?? [];
  if (whole + fraction === '') return undefined;
  const { form, times, by } = factorOf(suffix);
  const scale = 10n ** BigInt(fraction.length) * by;
  return { isNegative: sign === '-', amount: BigInt(whole + fraction) * times, scale, form };
}

/** The text itself where it is no quantity: validation tells of that. */
export function canonicalQuantity(value: string | number): string {
  const quantity = readQuantity(String(value).trim());
  if (quantity === undefined) return String(value);
  const { isNegative, amount, scale, form } = quantity;
  const isBinary = form === 'binary' && amount >= 1024n * scale;
  const text = isBinary
    ? binaryText(ceilDivide(amount, scale))
    : decimalText(ceilDivide(amount * NANO, scale), form === 'exponent');
  return isNegative ? `-${text}` : text;
}

/** In billionths, to compare by; 0 for what is no quantity. */
export function nanosOf(text: string): bigint {
  const quantity = readQuantity(text);
  if (quantity === undefined) return 0n;
  const nanos = ceilDivide(quantity.amount * NANO, quantity.scale);
  return quantity.isNegative ? -nanos : nanos;
}

function binaryText(amount: bigint): string {
  let [left, step] = [amount, 0];
  while (left !== 0n && left % 1024n === 0n && step < BINARY.length - 1) {
    left /= 1024n;
    step++;
  }
  return `${left}${BINARY[step] ?? ''}`;
}

function decimalText(nanos: bigint, isExponent: boolean): string {
  if (nanos === 0n) return '0';
  let [left, power] = [nanos, -9];
  while (left % 1000n === 0n && power < 18) {
    left /= 1000n;
    power += 3;
  }
  if (power === 0) return String(left);
  return `${left}${isExponent ? `e${power}` : (NAMES.get(power) ?? '')}`;
}
