// A program of the cluster, kept running: one that ends is started again, as an init system or a kubelet would do. Its pid is in a file, so
// that a scenario can stop it, or end it and see it come back.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Program {
  /** Names its log and its pid file. */
  name: string;
  command: string;
  args: readonly string[];
  /** All of its environment but PATH and HOME. */
  env?: Record<string, string>;
  cwd?: string;
}

const RESTART_MS = 200;
/** A program that ends this often has something wrong with it. */
const MOST_RESTARTS = 50;
const GRACE_MS = 5_000;

export class Supervised {
  readonly #program: Program;
  readonly #directory: string;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  #starts = 0;

  /** Logs and pid files go to `directory`. */
  constructor(program: Program, directory: string) {
    this.#program = program;
    this.#directory = directory;
    this.#start();
  }

  get log(): string {
    return join(this.#directory, `${this.#program.name}.log`);
  }

  #start(): void {
    const { name, command, args, env, cwd } = this.#program;
    const out = openSync(this.log, 'a');
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(command, args, { cwd, env: { PATH, HOME, ...env }, stdio: ['ignore', out, out] });
    closeSync(out);
    this.#child = child;
    this.#starts++;
    if (child.pid !== undefined) writeFileSync(join(this.#directory, `${name}.pid`), String(child.pid));
    child.once('error', () => this.#ended());
    child.once('exit', () => this.#ended());
  }

  #ended(): void {
    this.#child = undefined;
    if (this.#stopping || this.#starts > MOST_RESTARTS) return;
    this.#timer = setTimeout(() => this.#start(), RESTART_MS);
  }

  /** Ends it for good: asks, and insists after 5 s. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    child.kill('SIGCONT'); // a scenario may have left it stopped
    const insist = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    await gone;
    clearTimeout(insist);
  }
}
