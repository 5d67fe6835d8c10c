// Quantities (500m, 1Gi, 1e3) in the one form in which the API server keeps them.

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const NAMES = new Map(Object.entries(DECIMAL).map(([name, power]) => [power, name]));
const SHAPE = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d+)$/;
/** Nothing smaller than a billionth is kept. */
const NANO = 1_000_000_000n;

const ceilDivide = (a: bigint, b: bigint): bigint => (a % b > 0n ? a / b + 1n : a / b);

/** The text itself where it is no quantity: validation tells of that. */
export function canonicalQuantity(value: string | number): string {
  const found = SHAPE.exec(String(value).trim());
  if (found === null || `${found[2] ?? ''}${found[3] ?? ''}` === '') return String(value);
  const [, sign = '', whole = '', fraction = '', suffix = ''] = found;
  const minus = sign === '-' ? '-' : '';
  const digits = BigInt(whole + fraction);
  const binary = BINARY.indexOf(suffix);
  const scale = 10n ** BigInt(fraction.length);
  if (binary > 0) {
    const amount = digits * 1024n ** BigInt(binary);
    const isSmall = amount < 1024n * scale;
    return (
      minus + (isSmall ? decimalText(ceilDivide(amount * NANO, scale), false) : binaryText(ceilDivide(amount, scale)))
    );
  }
  const isExponent = /^[eE][+-]?\d/.test(suffix);
  const power = isExponent ? Number(suffix.slice(1)) : (DECIMAL[suffix] ?? 0);
  const amount = digits * 10n ** BigInt(Math.max(0, power));
  const nanos = ceilDivide(amount * NANO, scale * 10n ** BigInt(Math.max(0, -power)));
  return minus + decimalText(nanos, isExponent);
}

/** In billionths, to compare by; 0 for what is no quantity. */
export function nanosOf(quantity: string): bigint {
  const [, sign = '', whole = '', fraction = '', suffix = ''] = SHAPE.exec(quantity) ?? [];
  if (whole + fraction === '') return 0n;
  const binary = BINARY.indexOf(suffix);
  const power = /^[eE][+-]?\d/.test(suffix) ? Number(suffix.slice(1)) : (DECIMAL[suffix] ?? 0);
  const factor = binary > 0 ? 1024n ** BigInt(binary) : 10n ** BigInt(Math.max(0, power));
  const divisor = 10n ** BigInt(fraction.length + (binary > 0 ? 0 : Math.max(0, -power)));
  const nanos = ceilDivide(BigInt(whole + fraction) * factor * NANO, divisor);
  return sign === '-' ? -nanos : nanos;
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
