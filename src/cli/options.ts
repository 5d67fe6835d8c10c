// Flags of `sluice controller`: parsed, checked, with defaults. A wrong one is named with what to write instead.
import { parseArgs } from 'node:util';
import { parseHostPattern } from '../egress/hosts.ts';
import type { LogLevel } from '../ports/log.ts';
import type { TenancySettings } from '../application/source/tenancy.ts';
import type { ToolPaths } from '../source/render/toolbox.ts';
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
  /** Hosts that analysis may ask, and send Secrets to; empty: any, without Secrets. */
  analysisHosts: string[];
  /** The same for repositories. */
  gitHosts: string[];
  leaderElect: boolean;
  leaseNamespace: string | undefined;
  leaseName: string;
  gitDir: string | undefined;
  /** Bytes. */
  sourceMemory: number;
  webhookSecretFile: string | undefined;
  /** Programs that render, where they are named. */
  tools: ToolPaths;
  logLevel: LogLevel;
  /** What the operator says of Applications. */
  tenancy: TenancySettings;
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

const MIB = 2 ** 20;
const SIZES = { min: 128 * MIB, max: 64 * 1024 * MIB };

function parseSize(flag: string, text: string): number {
  const [, digits, unit] = /^([0-9]{1,6})(Mi|Gi)$/.exec(text) ?? [];
  const bytes = Number(digits) * (unit === 'Gi' ? 1024 * MIB : MIB);
  if (!(bytes >= SIZES.min && bytes <= SIZES.max))
    throw new UsageError(`${flag} ${text}: write a size from 128Mi to 64Gi, such as 400Mi or 1Gi`);
  return bytes;
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

function parseNamespaces(flag: string, text: string | undefined): string[] {
  if (text === undefined) return [];
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => name !== '*' && !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name));
  if (wrong === undefined) return names;
  throw new UsageError(`--${flag} ${text}: write namespaces, such as team-a,team-b, or * for all`);
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
  'metrics-listen': string,
  'page-listen': string,
  'leader-elect': string,
  'lease-namespace': string,
  'lease-name': string,
  'git-dir': string,
  'source-memory': string,
  'webhook-secret-file': string,
  kustomize: string,
  helm: string,
  'log-level': string,
  'default-service-account': string,
  'cluster-applications': string,
  'cross-namespace-routes': string,
};

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

function parseList(flag: string, text: string | undefined, form: RegExp, example: string): string[] {
  const entries = (text ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const wrong = entries.find((entry) => !form.test(entry));
  if (wrong !== undefined) throw new UsageError(`${flag} ${wrong}: write ${example}`);
  return entries;
}

function parseTenancy(values: ReturnType<typeof parse>): TenancySettings {
  const account = values['default-service-account'];
  if (account !== undefined && !NAME.test(account))
    throw new UsageError(`--default-service-account ${account}: write the name of a ServiceAccount, such as deployer`);
  const wide = parseList(
    '--cluster-applications',
    values['cluster-applications'],
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/([a-z0-9]([-a-z0-9.]*[a-z0-9])?|\*)$/,
    'NAMESPACE/NAME, or NAMESPACE/* for all of a namespace',
  );
  const routes = parseNamespaces('cross-namespace-routes', values['cross-namespace-routes']);
  return { defaultServiceAccount: account, clusterApplications: wide, crossNamespaceRoutes: routes };
}

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
    listen: parseListen('--listen', values.listen ?? '0.0.0.0:8080'),
    metricsListen: parseListen('--metrics-listen', values['metrics-listen'] ?? '0.0.0.0:8081', 8081),
    pageListen: parsePageListen(values['page-listen']),
    leaderElect: parseFlag('leader-elect', values['leader-elect'] ?? 'true'),
    leaseNamespace: values['lease-namespace'],
    leaseName: values['lease-name'] ?? 'sluice-controller',
    gitDir: values['git-dir'],
    sourceMemory: parseSize('--source-memory', values['source-memory'] ?? '400Mi'),
    webhookSecretFile: values['webhook-secret-file'],
    tools: { Kustomize: values.kustomize, Helm: values.helm },
    logLevel,
    tenancy: parseTenancy(values),
  };
}
