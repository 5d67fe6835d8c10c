// Flags of `sluice controller`: parsed, checked, with defaults. A wrong one is named with what to write instead.
import { parseArgs } from 'node:util';
import { parseHostPattern } from '../egress/hosts.ts';
import type { LogLevel } from '../ports/log.ts';
import { UsageError } from './usage-error.ts';

export interface ControllerOptions {
  kubeconfig: string | undefined;
  context: string | undefined;
  namespace: string | undefined;
  prometheus: string | undefined;
  /** Hosts that analysis may ask, and send Secrets to; empty: any, without Secrets. */
  analysisHosts: string[];
  /** The same for repositories. */
  gitHosts: string[];
  listen: { host: string; port: number };
  leaderElect: boolean;
  leaseNamespace: string | undefined;
  leaseName: string;
  gitDir: string | undefined;
  webhookSecretFile: string | undefined;
  logLevel: LogLevel;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535)
    throw new UsageError(`--listen ${text}: write HOST:PORT, such as 0.0.0.0:8080 or [::]:8080`);
  return { host: match[1] ?? (match[2] === '' || match[2] === undefined ? '0.0.0.0' : match[2]), port };
}

function parseUrl(flag: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new UsageError(`${flag} ${text}: write an http or https URL`);
  return text.replace(/\/+$/, '');
}

function parseHosts(flag: string, text = ''): string[] {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const odd = entries.find((entry) => parseHostPattern(entry) === undefined);
  if (odd !== undefined)
    throw new UsageError(`${flag} ${odd}: write HOST, HOST:PORT, *.SUFFIX or *, separated by commas`);
  return entries;
}

function parseFlag(name: string, text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new UsageError(`--${name}=${text}: write true or false`);
}

const string = { type: 'string' } as const;
const FLAGS = {
  kubeconfig: string,
  context: string,
  namespace: string,
  prometheus: string,
  'analysis-hosts': string,
  'git-hosts': string,
  listen: string,
  'leader-elect': string,
  'lease-namespace': string,
  'lease-name': string,
  'git-dir': string,
  'webhook-secret-file': string,
  'log-level': string,
};

function parse(argv: readonly string[]) {
  try {
    // `--leader-elect` alone means true.
    const args = argv.map((arg) => (arg === '--leader-elect' ? '--leader-elect=true' : arg));
    return parseArgs({ args, options: FLAGS, strict: true }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

export function parseControllerOptions(argv: readonly string[]): ControllerOptions {
  const values = parse(argv);
  const level = values['log-level'] ?? 'info';
  const logLevel = LEVELS.find((l) => l === level);
  if (logLevel === undefined) throw new UsageError(`--log-level ${level}: write ${LEVELS.join(', ')}`);
  return {
    kubeconfig: values.kubeconfig,
    context: values.context,
    namespace: values.namespace,
    prometheus: parseUrl('--prometheus', values.prometheus),
    analysisHosts: parseHosts('--analysis-hosts', values['analysis-hosts']),
    gitHosts: parseHosts('--git-hosts', values['git-hosts']),
    listen: parseListen(values.listen ?? '0.0.0.0:8080'),
    leaderElect: parseFlag('leader-elect', values['leader-elect'] ?? 'true'),
    leaseNamespace: values['lease-namespace'],
    leaseName: values['lease-name'] ?? 'sluice-controller',
    gitDir: values['git-dir'],
    webhookSecretFile: values['webhook-secret-file'],
    logLevel,
  };
}
