// Looks through a pack before anything unpacks it: every object and delta is counted by the size that it says it has, and inflated
// only up to that size.
import { inflateSync } from 'node:zlib';
import type { SourceBudget } from '../ports/source-budget.ts';
import { GitError } from './types.ts';

const HEADER = 12;
const TRAILER = 20;
const MAX_CHUNK = 64 * 2 ** 10;
const [OFFSET_DELTA, REFERENCE_DELTA] = [6, 7];

const damaged = (at: number, why: string): GitError =>
  new GitError('unreachable', `the server sent a damaged pack: ${why} at byte ${at}`);

/** Counts a pack on the budget of its commit. Throws LimitExceeded, and GitError where it is no pack. Returns its objects. */
export function scanPack(pack: Buffer, budget: SourceBudget): number {
  budget.spend('packBytes', pack.byteLength);
  if (pack.byteLength < HEADER + TRAILER || pack.toString('latin1', 0, 4) !== 'PACK') throw damaged(0, 'no header');
  if (pack.readUInt32BE(4) !== 2) throw damaged(4, 'an unknown version');
  const objects = pack.readUInt32BE(8);
  budget.spend('packObjects', objects);
  const scan: Scan = { pack: pack.subarray(0, pack.byteLength - TRAILER), budget, depths: new Map(), at: HEADER };
  for (let n = 0; n < objects; n++) scanObject(scan);
  if (scan.at !== scan.pack.byteLength) throw damaged(scan.at, 'something after its last object');
  return objects;
}

interface Scan {
  pack: Buffer;
  budget: SourceBudget;
  /** How many deltas each object stands on, by its offset. */
  depths: Map<number, number>;
  at: number;
}

function scanObject(scan: Scan): void {
  const { budget, depths } = scan;
  const start = scan.at;
  const first = byteAt(scan);
  const type = (first >> 4) & 7;
  const size = first & 0x80 ? sizeFrom(scan, { value: first & 15, scale: 16 }) : first & 15;
  budget.hold('objectBytes', size);
  budget.spend('inflatedBytes', size);
  if (type === OFFSET_DELTA) {
    const base = depths.get(start - offsetFrom(scan));
    if (base === undefined) throw damaged(start, 'a delta without its base');
    budget.hold('deltaDepth', base + 1);
    depths.set(start, base + 1);
  } else if (type === REFERENCE_DELTA) {
    scan.at += 20;
    depths.set(start, 1);
  } else if (type >= 1 && type <= 4) depths.set(start, 0);
  else throw damaged(start, 'an object of an unknown type');
  const content = inflate(scan, size);
  if (type === OFFSET_DELTA || type === REFERENCE_DELTA) countResult(content, start, budget);
}

/** What a delta makes is as large as it says; the base must be there to begin with, so that it was counted by itself. */
function countResult(delta: Buffer, start: number, budget: SourceBudget): void {
  const scan = { pack: delta, at: 0 };
  try {
    sizeFrom(scan, { value: 0, scale: 1 });
    const result = sizeFrom(scan, { value: 0, scale: 1 });
    budget.hold('objectBytes', result);
    budget.spend('inflatedBytes', result);
  } catch (error) {
    throw error instanceof GitError ? damaged(start, 'a delta that ends too early') : error;
  }
}

function inflate(scan: Scan, size: number): Buffer {
  const start = scan.at;
  const options = { info: true, maxOutputLength: size + 1, chunkSize: Math.min(Math.max(size + 1, 64), MAX_CHUNK) };
  try {
    const { buffer, engine } = inflateSync(scan.pack.subarray(start), options) as unknown as Inflated;
    if (buffer.byteLength !== size) throw damaged(start, 'an object of another size than it says');
    scan.at += engine.bytesWritten;
    return buffer;
  } catch (error) {
    if (error instanceof GitError) throw error;
    const longer = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw damaged(start, longer ? 'an object of another size than it says' : 'what cannot be inflated');
  }
}

interface Inflated {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

function byteAt(scan: { pack: Buffer; at: number }): number {
  const byte = scan.pack[scan.at];
  if (byte === undefined) throw damaged(scan.at, 'its end too early');
  scan.at++;
  return byte;
}

/** A size in groups of seven bits, the lowest first. */
function sizeFrom(scan: { pack: Buffer; at: number }, from: { value: number; scale: number }): number {
  let { value, scale } = from;
  for (;;) {
    const byte = byteAt(scan);
    value += (byte & 0x7f) * scale;
    if ((byte & 0x80) === 0) return value;
    scale *= 128;
    if (scale > 2 ** 46) throw damaged(scan.at, 'a size without end');
  }
}

/** How far back the base of a delta is. */
function offsetFrom(scan: Scan): number {
  let byte = byteAt(scan);
  let value = byte & 0x7f;
  while (byte & 0x80) {
    byte = byteAt(scan);
    value = (value + 1) * 128 + (byte & 0x7f);
    if (value > 2 ** 46) throw damaged(scan.at, 'an offset without end');
  }
  return value;
}
