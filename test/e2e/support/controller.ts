// The controller under test: the built program in a process of its own, as a cluster would run it.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { until } from '../cluster/until.ts';

export interface ControllerFlags {
  prometheus?: string | undefined;
  kubeconfig?: string;
  /** Default false: it acts at once. */
  leaderElect?: boolean;
  leaseNamespace?: string;
  /** The only namespace that it follows. */
  namespace?: string | undefined;
  /** The scenario makes trouble for it: warnings and errors in its log do not fail the scenario. */
  inTrouble?: boolean;
  /** Further flags as they are written. */
  more?: readonly string[];
}

export interface Controller {
  /** Where /webhook is. */
  url: string;
  /** Where /metrics and /readyz are. */
  metricsURL: string;
  pid: number;
  /** Its exit code, once it has ended. */
  ended: Promise<number | null>;
  lastLines(): string;
  /** Lines of its log, parsed. */
  log(): Record<string, unknown>[];
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

const PROGRAM = join(import.meta.dirname, '../../../dist/sluice.js');
const KEPT_LINES = 2000;
const SHOWN_LINES = 40;

function argsOf(flags: ControllerFlags): string[] {
  const values = {
    kubeconfig: flags.kubeconfig ?? process.env['KUBECONFIG'],
    prometheus: flags.prometheus,
    'analysis-hosts': '127.0.0.1,localhost,[::1]',
    'git-hosts': '127.0.0.1,localhost,[::1]',
    listen: '127.0.0.1:0',
    'metrics-listen': '127.0.0.1:0',
    'leader-elect': String(flags.leaderElect ?? false),
    'lease-namespace': flags.leaseNamespace,
    namespace: flags.namespace,
  };
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return [...given.map(([name, value]) => `--${name}=${value}`), ...(flags.more ?? [])];
}

function linesOf(child: ChildProcess): string[] {
  const lines: string[] = [];
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    if (lines.length > KEPT_LINES) lines.splice(0, lines.length - KEPT_LINES);
  });
  return lines;
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Resolves when it follows the cluster; one that does not get there is ended. */
export async function startController(flags: ControllerFlags): Promise<Controller> {
  const child = spawn(PROGRAM, ['controller', ...argsOf(flags)], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const lines = linesOf(child);
  const log = (): Record<string, unknown>[] => lines.map(parsed).filter((entry) => entry !== undefined);
  const lastLines = (): string => lines.slice(-SHOWN_LINES).join('\n');
  const stop = async (): Promise<void> => {
    child.kill('SIGCONT'); // a scenario may have left it stopped
    child.kill('SIGTERM');
    await ended;
  };
  const listens = (): { url: string; metricsUrl: string } | undefined => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    return log().find((entry) => entry['message'] === 'listening') as { url: string; metricsUrl: string } | undefined;
  };
  try {
    const { url, metricsUrl: metricsURL } = await until('the controller to listen', listens, { state: lastLines });
    const isReady = async (): Promise<boolean> => (await fetch(`${metricsURL}/readyz`)).ok;
    await until('the controller to be ready', isReady, { state: lastLines });
    const signal = (name: NodeJS.Signals): void => void child.kill(name);
    return { url, metricsURL, pid: child.pid ?? 0, ended, lastLines, log, signal, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
