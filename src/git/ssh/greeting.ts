// Where the first listing of a server ends: at its first flush. Packets may come in any pieces.
const DIGITS = 4;
const FLUSH_LENGTH = 0;

/** Takes pieces as they come; true once the flush has been seen. What is no packet never ends. */
export function flushSeeker(): (piece: Buffer) => boolean {
  let digits = '';
  let left = 0;
  let seen = false;
  return (piece) => {
    let at = 0;
    while (at < piece.byteLength && !seen) {
      const skipped = Math.min(left, piece.byteLength - at);
      at += skipped;
      left -= skipped;
      if (left > 0 || at === piece.byteLength) break;
      const more = piece.toString('latin1', at, at + DIGITS - digits.length);
      digits += more;
      at += more.length;
      if (digits.length < DIGITS) break;
      const length = Number.parseInt(digits, 16);
      seen = length === FLUSH_LENGTH;
      left = Number.isNaN(length) ? Number.POSITIVE_INFINITY : Math.max(length - DIGITS, 0);
      digits = '';
    }
    return seen;
  };
}
