// CPU and memory of a process and all it started, from /proc.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

export interface Usage {
  /** Seconds of CPU so far. */
  readonly cpu: number;
  /** Megabytes (2^20) in memory now, and at most since the peak was last reset. */
  readonly resident: number;
  readonly peak: number;
}

/** Clock ticks in a second, as /proc counts: 100 on every Linux that Node runs on. */
const TICKS = 100;

interface Stat {
  parent: number;
  cpu: number;
}

/** Fields after the command's name, which may hold anything, in brackets. */
export function parseStat(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), cpu: (Number(fields[11]) + Number(fields[12])) / TICKS };
}

/** A line of /proc/PID/status in megabytes. */
export function parseMegabytes(status: string, field: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024;
}

function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined; // it has ended meanwhile
  }
}

function treeOf(root: number): Map<number, Stat> {
  const all = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const text = /^\d+$/.test(name) ? read(Number(name), 'stat') : undefined;
    if (text !== undefined) all.set(Number(name), parseStat(text));
  }
  const tree = new Map<number, Stat>();
  const add = (pid: number): void => {
    const stat = all.get(pid);
    if (stat === undefined) return;
    tree.set(pid, stat);
    for (const [child, { parent }] of all) if (parent === pid) add(child);
  };
  add(root);
  return tree;
}

export function usageOf(root: number): Usage {
  let [cpu, resident, peak] = [0, 0, 0];
  for (const [pid, stat] of treeOf(root)) {
    const status = read(pid, 'status') ?? '';
    cpu += stat.cpu;
    resident += parseMegabytes(status, 'VmRSS');
    peak += parseMegabytes(status, 'VmHWM');
  }
  return { cpu, resident, peak };
}

/** Peaks count from here on. */
export function resetPeaks(root: number): void {
  for (const pid of treeOf(root).keys()) resetPeak(pid);
}

export function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOENT', 'ESRCH'].includes(code)) throw error; // those say that it has ended meanwhile
  }
}
