// Fields of the wire format of SSH (RFC 4251 §5), read without trust and written.
import { GitError } from '../types.ts';

export class FieldReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new GitError('rejected', 'it ends too early');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  /** Bytes behind their length. */
  string(): Buffer {
    return this.take(this.uint32());
  }

  text(): string {
    return this.string().toString('latin1');
  }

  /** A number without the zero that keeps it positive. */
  mpint(): Buffer {
    const bytes = this.string();
    let zeros = 0;
    while (zeros < bytes.length - 1 && bytes[zeros] === 0) zeros++;
    return bytes.subarray(zeros);
  }
}

/** A number of 32 bits. */
export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Bytes behind their length. */
export function field(value: Buffer | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  return Buffer.concat([number(bytes.length), bytes]);
}
