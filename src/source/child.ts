// One child process from the parent's side: it is given a job, watched, and killed at its limits of memory and time.
import { fork, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repositoryUrl } from '../api/repository-url.ts';
import { fail } from '../api/result.ts';
import type { GitEgress } from '../git/transport.ts';
import type { Cancel, Clock } from '../ports/clock.ts';
import type { SourceFailure, SourceResult } from '../ports/source-reader.ts';
import type { Job } from './jobs.ts';
import { watchMemory, type MemoryWatch } from './memory.ts';
import {
  restored,
  type Address,
  type Answer,
  type FromChild,
  type Question,
  type Setup,
  type ToChild,
} from './messages.ts';
import type { Work } from './reader.ts';
import { killGroup } from './render/process.ts';
import type { LeftBehind } from './render/tool.ts';

export interface ChildOptions {
  clock: Clock;
  setup: Setup;
  /** Bytes of resident memory at which a child is killed. */
  memoryBytes: number;
  mayPush?: (() => boolean | Promise<boolean>) | undefined;
  egress?: GitEgress | undefined;
}

/** What a child may take beyond what its two exchanges with the server may. */
const WORKING_MS = 60_000;
/** How long a child may take to end a job that is not wanted any more. */
const ABORT_MS = 2_000;
const MIB = 2 ** 20;
/** The status with which a shell tells of SIGABRT. */
const ABORTED = 134;
/** So much of its limit a heap was seen to take that ended at it: it is looked at now and then. */
const FULL = 0.7;
/** All that a child gets to know of its parent's environment. */
const ENVIRONMENT = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'TMPDIR', 'TZ'];

/** The child's program: the bundle beside this one, or its source through the loader that runs it. */
function entry(): { file: string; execArgv: string[] } {
  const self = fileURLToPath(import.meta.url);
  const isSource = self.endsWith('.ts');
  return {
    file: join(dirname(self), `source-worker.${isSource ? 'ts' : 'js'}`),
    execArgv: isSource ? ['--import', import.meta.resolve('tsx')] : [],
  };
}

export class Child {
  readonly #options: ChildOptions;
  readonly #process: ChildProcess;
  #ended = false;
  /** Of the repository that is worked on. */
  #url: URL | undefined;
  #memory: MemoryWatch | undefined;
  /** What a tool of it leaves behind, should it be killed. */
  #left: LeftBehind | undefined;
  /** Settles the job under way. */
  #finish: ((result: SourceResult<unknown>) => void) | undefined;

  constructor(options: ChildOptions) {
    this.#options = options;
    const { file, execArgv } = entry();
    const heap = heapLimit(options.memoryBytes) / MIB;
    this.#process = fork(file, ['source-worker'], {
      execArgv: [...execArgv, `--max-old-space-size=${heap}`, '--max-semi-space-size=4'],
      env: Object.fromEntries(
        ENVIRONMENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
      ),
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#process.on('message', (message: FromChild) => this.#receive(message));
    this.#process.once('error', () => this.#gone(crashed('could not be started')));
    this.#process.once('exit', (code, signal) => this.#gone(this.#causeOf(code, signal)));
    this.#rest();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Does one job; one at a time. Whatever happens to the child, this resolves. */
  perform(job: Job, { timeoutMs, signal }: Work): Promise<SourceResult<unknown>> {
    const { clock, setup, memoryBytes } = this.#options;
    this.#url = repositoryUrl(job.request.repoURL);
    return new Promise((resolve) => {
      const cancels: Cancel[] = [];
      this.#finish = (result) => {
        this.#finish = undefined;
        for (const cancel of cancels) cancel();
        signal.removeEventListener('abort', abort);
        if (!this.#ended) this.#rest();
        resolve(result);
      };
      const abort = (): void => {
        this.#send({ type: 'abort' });
        cancels.push(clock.after(ABORT_MS, () => this.#kill({ reason: 'Cancelled', message: 'it was broken off' })));
      };
      if (this.#ended) return this.#finish(fail(crashed('could not be started')));
      this.#process.ref();
      this.#process.channel?.ref();
      signal.addEventListener('abort', abort, { once: true });
      const hard = 2 * timeoutMs + WORKING_MS;
      cancels.push(clock.after(hard, () => this.#kill(tooLong(hard))));
      const { pid } = this.#process;
      if (pid !== undefined) {
        this.#memory = watchMemory(pid, memoryBytes, clock, () => this.#kill(tooMuchMemory(memoryBytes)));
        cancels.push(this.#memory.end);
      }
      this.#send({ type: 'job', job, setup, timeoutMs });
      if (signal.aborted) abort();
    });
  }

  /** Ends the child: by itself where it can, else by force. */
  end(): void {
    if (this.#ended) return;
    if (this.#finish) this.#kill({ reason: 'Cancelled', message: 'the controller is ending' });
    else if (this.#process.connected) this.#process.disconnect();
  }

  /** Does not keep the parent from ending. */
  #rest(): void {
    this.#process.unref();
    this.#process.channel?.unref();
  }

  #kill(failure: SourceFailure): void {
    this.#ended = true;
    this.#process.kill('SIGKILL');
    this.#clearUp();
    this.#finish?.(fail(failure));
  }

  #gone(failure: SourceFailure): void {
    this.#ended = true;
    this.#clearUp();
    this.#finish?.(fail(failure));
  }

  /** The tool of a child that could not end it itself. */
  #clearUp(): void {
    const { pid, folder } = this.#left ?? {};
    this.#left = undefined;
    if (pid !== undefined) killGroup(pid);
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }

  /** Of an end that this process did not bring about. At its limit of heap, which is ours, Node aborts itself. */
  #causeOf(code: number | null, signal: NodeJS.Signals | null): SourceFailure {
    const { memoryBytes } = this.#options;
    const most = this.#memory?.most() ?? 0;
    // Where it cannot be measured, it is taken to have been so.
    const wasFull = most === 0 || most > FULL * heapLimit(memoryBytes);
    if ((signal === 'SIGABRT' || code === ABORTED) && wasFull) return tooMuchMemory(memoryBytes);
    return signal === null ? crashed(`ended with ${code}`) : killed(signal);
  }

  #receive(message: FromChild): void {
    if (message.type === 'result') return this.#finish?.(restored(message.result));
    if (message.type === 'busy') {
      this.#left = message.left;
      // It was killed before this was heard.
      if (this.#ended) this.#clearUp();
      return;
    }
    const { id, question } = message;
    void this.#answer(question).then((answer) => this.#send({ type: 'answer', id, answer }));
  }

  async #answer(question: Question): Promise<Answer> {
    const { mayPush, egress } = this.#options;
    if (question.about === 'mayPush') return { about: 'mayPush', may: (await mayPush?.()) !== false };
    const { hostname, family } = question;
    const url = this.#url;
    return new Promise((resolve) => {
      const done = (error: Error | null, found: string | Address[], kind?: number): void => {
        const { message: said, code } = (error ?? {}) as NodeJS.ErrnoException;
        if (error) return resolve({ about: 'address', error: said, code });
        const addresses = typeof found === 'string' ? [{ address: found, family: kind ?? 4 }] : found;
        resolve({ about: 'address', addresses });
      };
      if (!egress || !url) return done(new Error('no names are resolved here'), '');
      egress.lookup(url, 'git')(hostname, { all: question.all, ...(family === undefined ? {} : { family }) }, done);
    });
  }

  #send(message: ToChild): void {
    // A child that has gone is noticed by its end.
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }
}

/** Bytes of V8's heap, in what a child may have in all. */
const heapLimit = (memoryBytes: number): number => Math.max(64, Math.round((memoryBytes / MIB) * 0.6)) * MIB;

const crashed = (how: string): SourceFailure => ({
  reason: 'ReaderKilled',
  message: `the process that read this repository ${how}; it is tried again`,
});

function killed(signal: NodeJS.Signals): SourceFailure {
  const hint = signal === 'SIGKILL' ? '; the kernel does so when memory runs out' : '';
  return crashed(`was killed (${signal}) by something outside${hint}`);
}

function tooMuchMemory(bytes: number): SourceFailure {
  const mib = Math.round(bytes / MIB);
  const message = `reading this repository took more than ${mib} MiB of memory; make it smaller, or raise --source-memory`;
  return { reason: 'SourceTooLarge', limit: 'memory', message };
}

function tooLong(ms: number): SourceFailure {
  const message = `reading this repository took more than ${Math.round(ms / 1000)} s; make it smaller`;
  return { reason: 'SourceTooLarge', limit: 'time', message };
}
