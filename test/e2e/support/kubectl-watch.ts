// `kubectl get … -w` in a process of its own: the lines that a person would see.
import { spawn } from 'node:child_process';
import { until } from '../cluster/until.ts';
import { KUBECONFIG, KUBECTL, type World } from './world.ts';

export interface KubectlWatch {
  /** Lines so far, the header first, with one space between columns. */
  lines: string[];
  /** Resolves when a line matches that came after the one that this resolved with before. */
  shows(line: RegExp): Promise<void>;
}

export function startKubectlWatch(world: World, ...args: string[]): KubectlWatch {
  const lines: string[] = [];
  const flags = ['--kubeconfig', KUBECONFIG, '--namespace', world.namespace, 'get', ...args, '-w'];
  const child = spawn(KUBECTL, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  world.atEnd(() => child.kill('SIGTERM'));
  let rest = '';
  let shown = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.map((line) => line.trim().replaceAll(/ +/g, ' ')));
  });
  return {
    lines,
    async shows(line) {
      const state = (): string[] => lines;
      const find = (): number => lines.findIndex((each, place) => place >= shown && line.test(each)) + 1;
      shown = await until(`a line ${line} in kubectl get -w`, () => find() || undefined, { state });
    },
  };
}
