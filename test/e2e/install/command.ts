// Runs a program of the installation to its end. What it prints goes to a file; a failure shows the end of that.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** File for what it prints on both streams. */
  log: string;
  /** Called every 15 s with the number of lines printed so far. */
  progress?: (lines: number) => void;
}

/** What is missing on this machine, and what to do about it. */
export class MissingProgram extends Error {
  override readonly name = 'MissingProgram';
}

const TAIL = 2000;
const PROGRESS_MS = 15_000;

const linesIn = (file: string): number => readFileSync(file, 'utf8').split('\n').length - 1;

/** Resolves with all that it printed. Rejects when it cannot be started, or ends with another code than 0. */
export async function run(command: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const out = openSync(options.log, 'w');
  const { log, progress } = options;
  const telling = progress && setInterval(() => progress(linesIn(log)), PROGRESS_MS);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      const env = { ...process.env, ...options.env };
      const child = spawn(command, args, { cwd: options.cwd, env, stdio: ['ignore', out, out] });
      child.once('error', reject);
      child.once('exit', resolve);
    });
    const printed = readFileSync(log, 'utf8');
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${printed.slice(-TAIL)}`);
    return printed;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new MissingProgram(`${command} is not installed; install it, or give a cluster of your own by KUBECONFIG`);
    throw error;
  } finally {
    clearInterval(telling);
    closeSync(out);
  }
}
