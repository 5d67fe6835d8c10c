// How much memory a process has in use, Buffers and all, as the kernel counts it.
import { readFile } from 'node:fs/promises';
import type { Cancel, Clock } from '../ports/clock.ts';

const EVERY_MS = 50;

/** Resident bytes of a process; undefined where the system does not tell. */
async function residentBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

export interface MemoryWatch {
  end: Cancel;
  /** Bytes at most, of all that was measured. */
  most: () => number;
}

/** Looks at a process again and again, and calls `exceeded` once when it uses more. */
export function watchMemory(pid: number, max: number, clock: Clock, exceeded: () => void): MemoryWatch {
  let over = false;
  let most = 0;
  let cancel: Cancel = () => {};
  const look = (): void => {
    void residentBytes(pid).then((bytes) => {
      if (over) return;
      most = Math.max(most, bytes ?? 0);
      if (bytes !== undefined && bytes > max) {
        over = true;
        exceeded();
      } else cancel = clock.after(EVERY_MS, look);
    });
  };
  look();
  const end = (): void => {
    over = true;
    cancel();
  };
  return { end, most: () => most };
}
