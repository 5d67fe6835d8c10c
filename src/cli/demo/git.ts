// The person in the story: works with the machine's own git, as everybody does.
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const ENV = {
  ...process.env,
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

export class WorkingCopy {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async clone(url: string, dir: string): Promise<WorkingCopy> {
    await mkdir(path.dirname(dir), { recursive: true });
    await run('git', ['clone', '--quiet', url, dir], { env: ENV });
    const copy = new WorkingCopy(dir);
    await copy.git('checkout', '--quiet', '-B', 'main');
    return copy;
  }

  async git(...args: string[]): Promise<string> {
    const { stdout } = await run('git', ['-C', this.#dir, ...args], { env: ENV });
    return stdout.trim();
  }

  async copyFrom(source: string, to: string): Promise<void> {
    await cp(source, path.join(this.#dir, to), { recursive: true });
  }

  /** Changes a file by exact replacement; each text has to be there. */
  async edit(file: string, ...changes: [from: string, to: string][]): Promise<void> {
    const where = path.join(this.#dir, file);
    let text = await readFile(where, 'utf8');
    for (const [from, to] of changes) {
      if (!text.includes(from)) throw new Error(`${file} does not contain ${JSON.stringify(from)}`);
      text = text.replace(from, to);
    }
    await writeFile(where, text);
  }

  /** Commits everything and pushes; returns the commit and when the push was begun, in milliseconds since the epoch. */
  async push(message: string): Promise<{ commit: string; at: number }> {
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--message', message);
    const at = Date.now();
    await this.git('push', '--quiet', 'origin', 'main');
    return { commit: await this.git('rev-parse', 'HEAD'), at };
  }

  async fetch(): Promise<void> {
    await this.git('fetch', '--quiet', 'origin', 'main', '+refs/notes/*:refs/notes/*');
  }

  async pull(): Promise<void> {
    await this.git('pull', '--quiet', '--rebase', 'origin', 'main');
  }
}
