// What is in the archive of a sub-chart, counted before helm unpacks it: archives within archives, too, and no entry that claims more than
// is there.
import { gunzipSync } from 'node:zlib';
import { GitError } from '../../git/types.ts';

/** What all archives of a chart may hold together. */
export interface ArchiveAllowance {
  /** Bytes, unpacked. */
  bytes: number;
  entries: number;
}

export const ARCHIVES: Readonly<ArchiveAllowance> = { bytes: 32 * 2 ** 20, entries: 10_000 };

export interface Archive {
  /** Text of the chart's own Chart.yaml; undefined where it has none. */
  chart: string | undefined;
  /** All that is in it and in archives within it, as bytes that can be searched for text. */
  contents: Buffer[];
}

/** Archives within archives. */
const MAX_DEPTH = 4;
const BLOCK = 512;
/** Files, and the headers that name them; links are read as empty files. */
const KINDS = new Set(['0', '\0', '1', '2', '5', 'x', 'g', 'L', 'K']);
const NAMING = new Set(['x', 'g', 'L', 'K']);

/** Reads an archive, and takes what it holds off the allowance. Throws GitError `rejected` with its path in front. */
export function readArchive(path: string, bytes: Uint8Array, allowance: ArchiveAllowance): Archive {
  const found: Archive = { chart: undefined, contents: [] };
  new Unpacking(path, allowance, found).archive(bytes, 0);
  return found;
}

class Unpacking {
  readonly #path: string;
  readonly #allowance: ArchiveAllowance;
  readonly #found: Archive;

  constructor(path: string, allowance: ArchiveAllowance, found: Archive) {
    this.#path = path;
    this.#allowance = allowance;
    this.#found = found;
  }

  archive(bytes: Uint8Array, depth: number): void {
    if (depth >= MAX_DEPTH) throw this.#refusal(`archives are more than ${MAX_DEPTH} deep in each other`);
    const tar = this.#unzipped(bytes);
    this.#allowance.bytes -= tar.byteLength;
    this.#found.contents.push(tar);
    for (let at = 0; at + BLOCK <= tar.byteLength;) {
      const header = tar.subarray(at, at + BLOCK);
      if (header.every((byte) => byte === 0)) break;
      at += BLOCK + this.#entry(header, tar.subarray(at + BLOCK), depth);
    }
  }

  /** Bytes that the content of the entry takes. */
  #entry(header: Buffer, rest: Buffer, depth: number): number {
    if (--this.#allowance.entries < 0) throw this.#refusal(`archives hold more than ${ARCHIVES.entries} files`);
    const content = this.#content(header, rest);
    if (depth === 0 && /^[^/]+\/Chart\.yaml$/.test(nameIn(header)))
      this.#found.chart = content.toString('utf8').replace(/^\uFEFF/, '');
    // By its content, whatever its name is: names can be told in more than one way.
    if (content[0] === 0x1f && content[1] === 0x8b) this.archive(content, depth + 1);
    return Math.ceil(content.byteLength / BLOCK) * BLOCK;
  }

  #content(header: Buffer, rest: Buffer): Buffer {
    const kind = String.fromCharCode(header[156] ?? 0);
    const size = sizeOf(header);
    if (!KINDS.has(kind) || size === undefined || size > rest.byteLength)
      throw this.#refusal('the archive has an entry that no chart has, or is cut off');
    const content = rest.subarray(0, size);
    if (NAMING.has(kind) && content.includes('GNU.sparse')) throw this.#refusal('the archive has files with holes');
    return content;
  }

  #unzipped(bytes: Uint8Array): Buffer {
    try {
      return gunzipSync(bytes, { maxOutputLength: Math.max(1, this.#allowance.bytes) });
    } catch (error) {
      const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
      const mib = ARCHIVES.bytes / 2 ** 20;
      throw this.#refusal(
        tooLarge ? `archives hold more than ${mib} MiB, unpacked` : 'the archive is not gzip, or broken',
      );
    }
  }

  #refusal(why: string): GitError {
    return new GitError(
      'rejected',
      `${this.#path}: ${why}; commit the sub-chart as a folder of charts/, or package it anew`,
    );
  }
}

const textIn = (header: Buffer, from: number, length: number): string =>
  header.toString('latin1', from, from + length).replace(/\0[^]*$/, '');

function nameIn(header: Buffer): string {
  const prefix = textIn(header, 257, 5) === 'ustar' ? textIn(header, 345, 155) : '';
  const name = textIn(header, 0, 100).replace(/^\.\//, '');
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Undefined where it is no octal number: larger ones are told in another way, which no chart needs. */
function sizeOf(header: Buffer): number | undefined {
  const text = textIn(header, 124, 12).trim();
  return /^[0-7]{0,11}$/.test(text) ? Number.parseInt(text || '0', 8) : undefined;
}
