// Checkouts on disk, and commands that are run on them with their output kept.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Output } from '../../src/cli/output.ts';

export type Files = Readonly<Record<string, string | Buffer | { link: string }>>;

/** A folder of its own; `remove` takes it away. */
export class Checkout {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-checkout-')));

  constructor(files: Files = {}) {
    this.write(files);
  }

  write(files: Files): void {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.root, path);
      mkdirSync(dirname(file), { recursive: true });
      if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(file, content);
      else symlinkSync(content.link, file);
    }
  }

  /** Runs git here; answers what it prints. */
  git(...args: string[]): string {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgsign=false'];
    return execFileSync('git', [...identity, ...args], { cwd: this.root, encoding: 'utf8', stdio: 'pipe' }).trim();
  }

  /** Makes it a repository whose branch main has what is here. */
  init(): this {
    this.git('init', '--quiet', '--initial-branch=main');
    this.commit('First');
    return this;
  }

  commit(message: string): string {
    this.git('add', '--all');
    this.git('commit', '--quiet', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD');
  }

  delete(path: string): void {
    rmSync(join(this.root, path), { recursive: true });
  }

  /** A program that stands in for a tool: it answers its version, and else does what the script says. */
  program(name: string, version: string, script: string): string {
    const file = join(this.root, name);
    writeFileSync(file, `#!/bin/sh\ncase "$1" in version) echo ${version}; exit;; esac\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export interface Said {
  code: number;
  out: string;
  err: string;
}

/** Runs a command with a folder to begin at, and keeps what it says. */
export async function said(cwd: string, run: (output: Output) => Promise<number>, isTerminal = false): Promise<Said> {
  const out: string[] = [];
  const err: string[] = [];
  const output = {
    cwd,
    isTerminal,
    out: (text: string) => void out.push(text),
    err: (line: string) => void err.push(line),
  };
  const code = await run(output);
  return { code, out: out.join(''), err: err.join('\n') };
}
