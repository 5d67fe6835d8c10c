// kubectl against the sandbox and, where one is named, a real server: the same commands on both, and their output made comparable.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { systemClock } from '../../src/ports/clock.ts';
import { createApiServer } from 'kube-sandbox/api-server';
import { seededRandom } from 'kube-sandbox/random';
import { startWorkloads } from 'kube-sandbox/workloads';
import { KUBECONFIG, isSandbox } from './target.ts';

export const hasKubectl = spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0;

export interface Output {
  code: number;
  out: string;
  err: string;
}

export interface Sides {
  /** Runs the command on each side and holds the masked outputs against each other; returns that of the sandbox. */
  run(command: string, stdin?: string): Promise<Output>;
  /** Runs a command that goes on; once it has said `first` lines, `next` happens; it is ended when `count` lines came. */
  follow(command: string, until: { first: number; count: number; next: () => Promise<unknown> }): Promise<string>;
  /** Does something on each side by itself; what commands say there is not compared. */
  each(act: (kubectl: (command: string, stdin?: string) => Promise<string>) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** Words of a command line; quotes keep a word together. */
const words = (command: string): string[] =>
  [...command.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'),
  );

const AGE = String.raw`(?:<invalid>|\d+[smhd](?:\d+[smh])?)`;
const MASKS: [RegExp, string][] = [
  [/^Waiting for deployment .*\n/gm, ''],
  // A real server's repair of addresses at times meets a Service that was only just made, and tells of it.
  [/^.*\bservice\/.*; repairing\n/gim, ''],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME'],
  [/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, 'TIME'],
  [/(resourceVersion: |Resource Version: +)"?\d+"?/g, '$1VERSION'],
  [/\b\d+\.\d+\.\d+\.\d+\b/g, 'IP'],
  [/(\b[a-z][a-z-]*)-[bcdfghjklmnpqrstvwxz2456789]{5,10}(-[bcdfghjklmnpqrstvwxz2456789]{5})?\b/g, '$1-HASH'],
  [/pod-template-hash([=:]) ?[bcdfghjklmnpqrstvwxz2456789]{6,10}/g, 'pod-template-hash$1HASH'],
  [new RegExp(String.raw`(^|  )${AGE}(?: \(x(\d+) over ${AGE}\))?(?=  |$)`, 'gm'), '$1AGE$2'],
  [/^[- ]{4,}$/gm, '----'],
  [/(?<=\S) {2,}/g, '  '],
  [/[ \t]+$/gm, ''],
];

/** Without what two servers cannot share: identities, versions, times, and the widths that depend on them. */
const masked = (text: string): string =>
  MASKS.reduce((rest, [pattern, replacement]) => rest.replaceAll(pattern, replacement), text);

interface Side {
  name: string;
  env: NodeJS.ProcessEnv;
}

function once(side: Side, args: string[], stdin: string): Promise<Output> {
  return new Promise((resolve) => {
    const child = execFile('kubectl', args, { env: side.env, timeout: 15_000 }, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, out, err });
    });
    child.stdin?.end(stdin);
  });
}

/** The lines that a command says, and a promise of so many. */
function lineReader(side: Side, args: string[]) {
  const child = spawn('kubectl', args, { env: side.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let notice = (): void => undefined;
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    notice();
  });
  return {
    lines,
    reached: (count: number): Promise<void> =>
      Promise.race([
        exited,
        new Promise<void>((resolve) => {
          notice = () => lines.length >= count && resolve();
          notice();
        }),
      ]),
    async end(): Promise<void> {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

const sandboxSide = async (folder: string) => {
  const server = createApiServer({ clock: systemClock });
  const workloads = startWorkloads({ store: server.store, clock: systemClock, random: seededRandom(1) });
  const listening = await server.listen();
  const kubeconfig = join(folder, 'sandbox-kubeconfig');
  await server.writeKubeconfig(kubeconfig, listening);
  const stop = async (): Promise<void> => {
    workloads.stop();
    await listening.close();
  };
  return { kubeconfig, stop };
};

/** Commands run in `folder`; each side has a home of its own there, for kubectl's caches. */
export async function openSides(folder: string): Promise<Sides> {
  const sandbox = await sandboxSide(folder);
  const side = async (name: string, kubeconfig: string): Promise<Side> => {
    const home = join(folder, name);
    await mkdir(home);
    return { name, env: { ...process.env, HOME: home, KUBECONFIG: kubeconfig } };
  };
  const sides = [await side('sandbox', sandbox.kubeconfig)];
  if (!isSandbox) sides.push(await side('real', resolve(KUBECONFIG ?? '')));
  const onAll = async <T>(command: string, act: (side: Side) => Promise<T>): Promise<T> => {
    const [ours, real] = await Promise.all(sides.map(act));
    if (real !== undefined)
      expect(ours, `kubectl ${command}: what the sandbox says, and what a real server says`).toEqual(real);
    return ours as T;
  };
  return {
    run: (command, stdin = '') =>
      onAll(command, async (each) => {
        const { code, out, err } = await once(each, words(command), stdin);
        return { code, out: masked(out), err: masked(err) };
      }),
    async each(act) {
      const kubectl = (on: Side) => async (command: string, stdin?: string) => {
        const { code, out, err } = await once(on, words(command), stdin ?? '');
        if (code !== 0) throw new Error(`kubectl ${command} on ${on.name}: ${err}`);
        return out;
      };
      await Promise.all(sides.map((on) => act(kubectl(on))));
    },
    async follow(command, { first, count, next }) {
      const readers = sides.map((each) => lineReader(each, words(command)));
      await Promise.all(readers.map((reader) => reader.reached(first)));
      await next();
      await Promise.all(readers.map((reader) => reader.reached(count)));
      await Promise.all(readers.map((reader) => reader.end()));
      const texts = readers.map(({ lines }) => masked(lines.slice(0, count).join('\n')));
      return onAll(command, (each) => Promise.resolve(texts[sides.indexOf(each)] ?? ''));
    },
    close: sandbox.stop,
  };
}
