// A controller that is measured: how it is started, what it serves, and its process while it runs.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

export interface Contestant {
  readonly name: string;
  /** Group and version of the resources it serves. */
  readonly apiVersion: string;
  /** A shell command; `{kubeconfig}`, `{prometheus}` and `{namespace}` in it are filled in. */
  readonly command: string;
}

export interface Surroundings {
  kubeconfig: string;
  prometheus: string;
  /** What it drives, and nothing beyond. */
  namespace: string;
  /** What the controller says goes there. */
  logFile: string;
}

export interface Running {
  readonly pid: number;
  stop(): Promise<void>;
}

/** As an installation starts it: the first line of the bundle brings the flags of its runtime. */
export const SLUICE: Contestant = {
  name: 'sluice',
  apiVersion: 'sluice.dev/v1alpha1',
  command:
    'exec dist/sluice.js controller --kubeconfig {kubeconfig} --namespace {namespace} --prometheus {prometheus} --git-hosts 127.0.0.1 --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0',
};

const GRACE_MS = 10_000;

export const fillIn = (
  command: string,
  { kubeconfig, prometheus, namespace }: Pick<Surroundings, 'kubeconfig' | 'prometheus' | 'namespace'>,
): string =>
  command
    .replaceAll('{kubeconfig}', kubeconfig)
    .replaceAll('{prometheus}', prometheus)
    .replaceAll('{namespace}', namespace);

/** Starts it in a process group of its own, so that all it starts ends with it. */
export function start(contestant: Contestant, where: Surroundings): Running {
  const log = openSync(where.logFile, 'a');
  const child = spawn('/bin/sh', ['-c', fillIn(contestant.command, where)], {
    env: { ...process.env, KUBECONFIG: where.kubeconfig },
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${contestant.name} could not be started: ${contestant.command}`);
  let stopping = false;
  const endWithBench = (): void => void process.kill(-pid, 'SIGKILL');
  process.once('exit', endWithBench);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      process.off('exit', endWithBench);
      if (!stopping) console.error(`${contestant.name} ended by itself (${signal ?? code}); see ${where.logFile}`);
      resolve();
    });
  });
  return {
    pid,
    async stop() {
      stopping = true;
      await end(child, pid, ended);
    },
  };
}

async function end(child: ChildProcess, pid: number, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-pid, 'SIGTERM');
  const timer = setTimeout(() => process.kill(-pid, 'SIGKILL'), GRACE_MS);
  await ended;
  clearTimeout(timer);
}
