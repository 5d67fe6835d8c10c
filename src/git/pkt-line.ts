// Packet lines, the frames of Git's protocol: four hexadecimal digits of length, then the rest.
import { GitError } from './types.ts';

export const FLUSH = Buffer.from('0000');
export const DELIMITER = Buffer.from('0001');

/** One frame around a text or bytes. */
export function packet(content: string | Buffer): Buffer {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content, 'utf8');
  return Buffer.concat([Buffer.from((bytes.byteLength + 4).toString(16).padStart(4, '0')), bytes]);
}

const broken = (): GitError => new GitError('unreachable', 'the server broke off in the middle of its answer');

/** Reads frames off a buffer without copying them. */
export class PacketReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** What has not been read. */
  get rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.byteLength;
  }

  /** The next frame; undefined for a flush or delimiter. Throws when there is none. */
  next(): Buffer | undefined {
    const digits = this.#bytes.toString('latin1', this.#at, this.#at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw broken();
    const length = Number.parseInt(digits, 16);
    if (length < 4) {
      this.#at += 4;
      return undefined;
    }
    if (this.#at + length > this.#bytes.byteLength) throw broken();
    const content = this.#bytes.subarray(this.#at + 4, this.#at + length);
    this.#at += length;
    return content;
  }

  /** The next frame as one line; undefined for a flush. */
  line(): string | undefined {
    return this.next()?.toString('utf8').replace(/\n$/, '');
  }
}

/** The bytes of channel 1 of a side band, joined. What the server says on channel 3 is its error. */
export function demultiplex(reader: PacketReader): Buffer {
  const pieces: Buffer[] = [];
  while (!reader.atEnd) {
    const frame = reader.next();
    if (frame === undefined) break;
    if (frame[0] === 1) pieces.push(frame.subarray(1));
    else if (frame[0] === 3) throw new GitError('unreachable', `the server says: ${said(frame.subarray(1))}`);
    else if (frame[0] !== 2) throw broken();
  }
  return Buffer.concat(pieces);
}

// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const CONTROL = /[\u0000-\u001f\u007f]+/g;

const LONGEST = 300;

/** Words of a stranger, made fit for a message. A word that is cut through is left out: it may be a credential, which half of is not known. */
export function said(bytes: Buffer | string): string {
  const text = bytes.toString('utf8');
  const kept = text.length > LONGEST ? text.slice(0, LONGEST).replace(/\S*$/, '…') : text;
  return kept.replaceAll(CONTROL, ' ').trim();
}
