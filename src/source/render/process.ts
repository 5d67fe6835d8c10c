// One program run to its end: no shell, a process group of its own, and killed with all it started at its limits of time, memory and output.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Clock } from '../../ports/clock.ts';
import { watchMemory } from '../memory.ts';

export interface ProcessLimits {
  timeMs: number;
  /** Resident bytes. */
  memoryBytes: number;
  /** Bytes of what it prints on standard output. */
  outputBytes: number;
}

export interface ProcessRun {
  program: string;
  args: readonly string[];
  cwd: string;
  /** All of its environment. */
  env: Readonly<Record<string, string>>;
  limits: ProcessLimits;
  clock: Clock;
  signal?: AbortSignal | undefined;
  /** Told the number of its process group. */
  started?: ((pid: number) => void) | undefined;
}

export type ProcessEnd =
  | { by: 'exit'; code: number }
  /** Something else killed it. */
  | { by: 'signal'; name: string }
  | { by: 'limit'; limit: keyof ProcessLimits }
  | { by: 'abort' }
  /** It could not be started. */
  | { by: 'error'; message: string };

export interface ProcessResult {
  end: ProcessEnd;
  stdout: Buffer;
  /** The first 64 KiB. */
  stderr: string;
}

const STDERR_BYTES = 2 ** 16;

/** Groups that are running, so that they end with this process. */
const running = new Set<number>();
process.on('exit', () => {
  for (const pid of running) killGroup(pid);
});

/** Kills a process and all of its group; one that has gone is no error. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has gone.
  }
}

/** Runs it. Never rejects. */
export function runProcess(run: ProcessRun): Promise<ProcessResult> {
  return new Running(run).result;
}

class Running {
  readonly result: Promise<ProcessResult>;
  readonly #run: ProcessRun;
  readonly #child: ChildProcess;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  #bytes = { stdout: 0, stderr: 0 };
  #cause: ProcessEnd | undefined;

  constructor(run: ProcessRun) {
    this.#run = run;
    const { program, args, cwd, env } = run;
    this.#child = spawn(program, [...args], {
      cwd,
      env: { ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.result = this.#watched();
  }

  async #watched(): Promise<ProcessResult> {
    const ended = this.#ended();
    const cancels = this.#limits();
    const end = await ended;
    for (const cancel of cancels) cancel();
    const stderr = Buffer.concat(this.#stderr).toString('utf8');
    return { end: this.#cause ?? end, stdout: Buffer.concat(this.#stdout), stderr };
  }

  /** Whatever ends it early. Answers what takes that back. */
  #limits(): (() => void)[] {
    const { limits, clock, signal } = this.#run;
    const abort = (): void => this.#kill({ by: 'abort' });
    const late = clock.after(limits.timeMs, () => this.#kill({ by: 'limit', limit: 'timeMs' }));
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    return [late, () => signal?.removeEventListener('abort', abort), ...this.#group()];
  }

  #group(): (() => void)[] {
    const { pid } = this.#child;
    if (pid === undefined) return [];
    running.add(pid);
    this.#run.started?.(pid);
    const ended = (): void => {
      killGroup(pid); // what it left behind
      running.delete(pid);
    };
    return [this.#watchMemory(pid), ended];
  }

  #watchMemory(pid: number): () => void {
    const { limits, clock } = this.#run;
    return watchMemory(pid, limits.memoryBytes, clock, () => this.#kill({ by: 'limit', limit: 'memoryBytes' })).end;
  }

  #ended(): Promise<ProcessEnd> {
    const child = this.#child;
    child.stdout?.on('data', (bytes: Buffer) => this.#printed(bytes));
    child.stderr?.on('data', (bytes: Buffer) => this.#said(bytes));
    return new Promise((resolve) => {
      child.once('error', ({ message }) => resolve({ by: 'error', message }));
      // Whatever it started may hold the pipes open: they are closed by its own end.
      child.once('exit', () => {
        if (child.pid !== undefined) killGroup(child.pid);
      });
      child.once('close', (code, name) =>
        resolve(name === null ? { by: 'exit', code: code ?? 1 } : { by: 'signal', name }),
      );
    });
  }

  #printed(bytes: Buffer): void {
    this.#bytes.stdout += bytes.byteLength;
    if (this.#bytes.stdout > this.#run.limits.outputBytes) this.#kill({ by: 'limit', limit: 'outputBytes' });
    else this.#stdout.push(bytes);
  }

  #said(bytes: Buffer): void {
    const kept = bytes.subarray(0, STDERR_BYTES - this.#bytes.stderr);
    this.#bytes.stderr += kept.byteLength;
    if (kept.byteLength > 0) this.#stderr.push(kept);
  }

  /** The first cause is the one that is told. */
  #kill(cause: ProcessEnd): void {
    this.#cause ??= cause;
    if (this.#child.pid !== undefined) killGroup(this.#child.pid);
  }
}
