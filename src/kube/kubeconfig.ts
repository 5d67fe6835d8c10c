// Where the cluster is and how to authenticate: client-node's loader (kubeconfig, in-cluster, exec, OIDC, certificates), and nothing
// else of client-node. Imported by its inner path and only when asked: the package's root costs half a second and 80 MB.
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';

export interface TlsOptions {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  passphrase?: string;
  rejectUnauthorized?: boolean;
  servername?: string;
}

export interface ClusterAccess {
  /** Scheme, host, port and, behind a gateway, a path prefix; no slash at the end. */
  baseUrl: string;
  tls: TlsOptions;
  /** An HTTP proxy to go through. */
  proxyUrl?: string;
  /** Headers that authenticate a request. Tokens that expire are fetched anew; rejects when a credential plugin fails. */
  authHeaders(): Promise<Record<string, string>>;
  /** Name of the context, for messages. */
  context: string;
  /** The context's namespace, or that of the pod; `default` when neither says. */
  namespace: string;
}

export interface AccessOptions {
  /** A kubeconfig file. Default: $KUBECONFIG, then ~/.kube/config, then the pod's service account. */
  kubeconfig?: string | undefined;
  /** Default: the file's current-context. */
  context?: string | undefined;
  /** Milliseconds on a clock that never goes back; tests turn it by hand. */
  monotonic?: (() => number) | undefined;
}

/** A kubeconfig that cannot be used; the message says what to do. */
class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

interface HttpsOptions {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  passphrase?: string;
  rejectUnauthorized?: boolean;
  servername?: string;
  auth?: string;
  headers?: Record<string, string>;
}

/** How long headers from a plugin, a token file or OIDC are used before their source is asked again (it has a cache of its own). */
const AUTH_REUSE_MS = 5_000;

/** Finds the cluster. Throws KubeconfigError for a missing or broken file, an unknown context, or no cluster at all. */
export async function loadAccess(options: AccessOptions = {}): Promise<ClusterAccess> {
  const { KubeConfig: Loader } = await import('@kubernetes/client-node/dist/config.js');
  const config = new Loader();
  const origin = load(config, options);
  if (isLoadersGuess(config, options)) throw nothingFound();
  selectContext(config, options.context, origin);
  const cluster = config.getCurrentCluster();
  if (!cluster?.server) throw noCluster(config, origin);
  const context = config.getCurrentContext();
  allowPlainHttp(config, cluster);
  // Without a user the loader would leave out the cluster's CA.
  if (config.getCurrentUser() === null) config.loadFromClusterAndUser(cluster, { name: 'anonymous' });
  return {
    baseUrl: checkedUrl(cluster.server, origin),
    tls: tlsOf(await httpsOptions(config)),
    ...(cluster.proxyUrl ? { proxyUrl: checkedProxy(cluster.proxyUrl, origin) } : {}),
    authHeaders: authSource(config, options.monotonic ?? (() => performance.now())),
    context,
    namespace: namespaceOf(config, context),
  };
}

const namespaceOf = (config: KubeConfig, context: string): string =>
  config.getContextObject(context)?.namespace?.trim() || 'default';

/** The loader gives credentials to plain HTTP only where TLS is not verified; there is none to verify, and kubectl makes no fuss. */
function allowPlainHttp(config: KubeConfig, cluster: { name: string; server: string }): void {
  if (!/^http:/i.test(cluster.server)) return;
  config.clusters = config.clusters.map((c) => (c.name === cluster.name ? { ...c, skipTLSVerify: true } : c));
}

function load(config: KubeConfig, options: AccessOptions): string {
  const origin = options.kubeconfig ?? (process.env['KUBECONFIG'] || 'the default kubeconfig');
  try {
    if (options.kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(options.kubeconfig);
  } catch (error) {
    throw unreadable(origin, error);
  }
  return origin;
}

/** With nothing to load the loader makes up http://localhost:8080. */
function isLoadersGuess(config: KubeConfig, options: AccessOptions): boolean {
  const cluster = config.getCurrentCluster();
  const explicit = options.kubeconfig !== undefined || Boolean(process.env['KUBECONFIG']);
  return !explicit && cluster?.name === 'cluster' && cluster.server === 'http://localhost:8080';
}

function nothingFound(): KubeconfigError {
  return new KubeconfigError(
    'there is no kubeconfig: give one with --kubeconfig or $KUBECONFIG, or run inside a cluster',
  );
}

function unreadable(origin: string, error: unknown): KubeconfigError {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    return new KubeconfigError(
      `kubeconfig ${origin} does not exist: give an existing file with --kubeconfig or $KUBECONFIG`,
    );
  }
  const why = error instanceof Error ? error.message : String(error);
  return new KubeconfigError(`kubeconfig ${origin} cannot be read: ${why}`);
}

function selectContext(config: KubeConfig, wanted: string | undefined, origin: string): void {
  const known = config.getContexts().map((context) => context.name);
  const name = wanted ?? config.getCurrentContext();
  if (wanted === undefined && !name) {
    if (known.length === 0) throw noCluster(config, origin);
    throw new KubeconfigError(
      `kubeconfig ${origin} has no current-context: name one with --context (${known.join(', ')})`,
    );
  }
  if (!known.includes(name)) {
    const choice = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
    throw new KubeconfigError(`context "${name}" is not in kubeconfig ${origin}: ${choice}`);
  }
  config.setCurrentContext(name);
}

function noCluster(config: KubeConfig, origin: string): KubeconfigError {
  const context = config.getCurrentContext();
  const where = context ? `context "${context}" of kubeconfig ${origin}` : `kubeconfig ${origin}`;
  return new KubeconfigError(
    `${where} names no cluster with a server: give another with --kubeconfig or --context, or run inside a cluster`,
  );
}

function checkedUrl(server: string, origin: string): string {
  if (!/^https?:\/\//.test(server) || !URL.canParse(server)) {
    throw new KubeconfigError(`server "${server}" in kubeconfig ${origin} is not a URL: write it as https://host:port`);
  }
  return server.replace(/\/+$/, '');
}

function checkedProxy(proxyUrl: string, origin: string): string {
  if (/^https?:\/\//.test(proxyUrl)) return proxyUrl;
  throw new KubeconfigError(
    `proxy-url "${proxyUrl}" in kubeconfig ${origin} is not supported: use an http:// or https:// proxy`,
  );
}

async function httpsOptions(config: KubeConfig): Promise<HttpsOptions> {
  const options: HttpsOptions = {};
  try {
    await config.applyToHTTPSOptions(options as Parameters<KubeConfig['applyToHTTPSOptions']>[0]);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new KubeconfigError(`credentials of user "${config.getCurrentUser()?.name}" cannot be obtained: ${why}`);
  }
  return options;
}

function tlsOf(from: HttpsOptions): TlsOptions {
  const { ca, cert, key, passphrase, rejectUnauthorized, servername } = from;
  return {
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(passphrase ? { passphrase } : {}),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    ...(servername ? { servername } : {}),
  };
}

function authSource(config: KubeConfig, monotonic: () => number): () => Promise<Record<string, string>> {
  const user = config.getCurrentUser();
  const fixed = !user?.exec && !user?.authProvider;
  let known: { headers: Promise<Record<string, string>>; at: number } | undefined;
  return () => {
    const now = monotonic();
    if (known === undefined || (!fixed && now - known.at >= AUTH_REUSE_MS)) {
      const headers = httpsOptions(config).then(headersOf);
      known = { headers, at: now };
      headers.catch(() => (known = undefined));
    }
    return known.headers;
  };
}

function headersOf(options: HttpsOptions): Record<string, string> {
  const headers = { ...options.headers };
  if (options.auth !== undefined) headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return headers;
}
