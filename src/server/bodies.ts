// Request bodies, bounded in length, in time and in number: a sender can take memory only for what it really sends, and not for long.
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../ports/clock.ts';

export interface BodyLimits {
  clock: Clock;
  /** Bytes of one body. */
  bytes: number;
  /** From its first to its last byte, in milliseconds. */
  ms: number;
  /** Bodies on their way at once; one more ends the oldest, so that slow senders never keep a quick one out. */
  atOnce: number;
}

export type Body =
  { ok: true; bytes: Buffer } | { ok: false; why: 'too long' | 'too slow' | 'crowded out' | 'broken off' };

export type ReadBody = (request: IncomingMessage) => Promise<Body>;

export function bodyReader(limits: BodyLimits): ReadBody {
  const reading = new Set<(why: 'crowded out') => void>();
  return (request) =>
    new Promise((resolve) => {
      const pieces: Buffer[] = [];
      let size = 0;
      const end = (body: Body): void => {
        cancel();
        reading.delete(crowdOut);
        request.off('data', take).pause();
        resolve(body);
      };
      const crowdOut = (): void => end({ ok: false, why: 'crowded out' });
      const take = (piece: Buffer): void => {
        size += piece.length;
        if (size > limits.bytes) return end({ ok: false, why: 'too long' });
        pieces.push(piece);
      };
      const cancel = limits.clock.after(limits.ms, () => end({ ok: false, why: 'too slow' }));
      request.once('end', () => end({ ok: true, bytes: Buffer.concat(pieces) }));
      for (const event of ['error', 'close']) request.once(event, () => end({ ok: false, why: 'broken off' }));
      reading.add(crowdOut);
      for (const oldest of reading) {
        if (reading.size <= limits.atOnce) break;
        oldest('crowded out');
      }
      request.on('data', take);
    });
}
