// Flags of `sluice controller`: parsed, checked, with defaults. A wrong one is named with what to write instead.
import { parseArgs } from 'node:util';
import type { LogLevel } from '../ports/log.ts';
import { UsageError } from './usage-error.ts';

export interface Address {
  host: string;
  port: number;
}

export interface ControllerOptions {
  kubeconfig: string | undefined;
  context: string | undefined;
  namespace: string | undefined;
  prometheus: string | undefined;
  /** Where webhooks are received. */
  listen: Address;
  /** Where metrics and probes are served. */
  metricsListen: Address;
  /** Where the status page is served; undefined: nowhere. */
  pageListen: Address | undefined;
  leaderElect: boolean;
  leaseNamespace: string | undefined;
  leaseName: string;
  gitDir: string | undefined;
  webhookSecretFile: string | undefined;
  logLevel: LogLevel;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

function parseListen(flag: string, text: string, example = 8080): Address {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535)
    throw new UsageError(`${flag} ${text}: write HOST:PORT, such as 0.0.0.0:${example} or [::]:${example}`);
  return { host: match[1] ?? (match[2] === '' || match[2] === undefined ? '0.0.0.0' : match[2]), port };
}

/** Unlike the others it is open to whoever reaches it, so that the host is never filled in. */
function parsePageListen(text: string | undefined): Address | undefined {
  if (text === undefined || text === '' || text === 'off') return undefined;
  if (/^:[0-9]+$/.test(text))
    throw new UsageError(`--page-listen ${text}: name the host, such as 127.0.0.1${text}: the page asks for no login`);
  return parseListen('--page-listen', text, 8082);
}

function parseUrl(flag: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new UsageError(`${flag} ${text}: write an http or https URL`);
  return text.replace(/\/+$/, '');
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
  listen: string,
  'metrics-listen': string,
  'page-listen': string,
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
    listen: parseListen('--listen', values.listen ?? '0.0.0.0:8080'),
    metricsListen: parseListen('--metrics-listen', values['metrics-listen'] ?? '0.0.0.0:8081', 8081),
    pageListen: parsePageListen(values['page-listen']),
    leaderElect: parseFlag('leader-elect', values['leader-elect'] ?? 'true'),
    leaseNamespace: values['lease-namespace'],
    leaseName: values['lease-name'] ?? 'sluice-controller',
    gitDir: values['git-dir'],
    webhookSecretFile: values['webhook-secret-file'],
    logLevel,
  };
}
