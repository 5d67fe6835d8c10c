// `sluice controller`: wires the adapters to the engine and runs it until a signal or the loss of its Lease ends it.
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { createPrometheusProvider } from '../analysis/providers/prometheus.ts';
import type { ReadSecret } from '../analysis/provider.ts';
import type { KubeObject } from '../api/k8s.ts';
import { RESOURCES } from '../api/names.ts';
import { createMirrors, type Mirrors } from '../git/mirrors.ts';
import { kubeClient, type RequestRecord } from '../kube/client.ts';
import { eventRecorder, type EventRecorder } from '../kube/events.ts';
import { fenced } from '../kube/fenced-client.ts';
import { loadAccess } from '../kube/kubeconfig.ts';
import { LeaseElection } from '../kube/lease.ts';
import { undiciTransport } from '../kube/transport-undici.ts';
import type { KubeClient } from '../kube/types.ts';
import { systemClock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { serveHttp, type RunningServer } from '../server/http.ts';
import { jsonLog } from '../server/log.ts';
import { createMetrics, type Metrics } from '../server/metrics.ts';
import { createEngine, type Engine } from './engine.ts';
import { parseControllerOptions, type ControllerOptions } from './options.ts';
import { statusSnapshot } from './status-snapshot.ts';
import { VERSION } from './version.ts';

/** Key of a Secret that signs an Application's webhooks. */
const WEBHOOK_KEY = 'webhookSecret';
/** After a signal the process ends by itself within this. */
const GRACE_MS = 10_000;

function secretReader(client: KubeClient): ReadSecret {
  return async (namespace, name, key) => {
    const secret = await client.get<KubeObject & { data?: Record<string, string> }>(RESOURCES.secrets, name, namespace);
    if (secret === undefined) throw new Error(`Secret ${name} does not exist in namespace ${namespace}`);
    const value = secret.data?.[key];
    if (value === undefined) throw new Error(`Secret ${name} in namespace ${namespace} has no key ${key}`);
    return Buffer.from(value, 'base64').toString('utf8');
  };
}

async function webhookSecrets(options: ControllerOptions, engine: Engine, read: ReadSecret) {
  const common = options.webhookSecretFile && (await readFile(options.webhookSecretFile, 'utf8')).trim();
  return async (application?: { namespace: string; name: string }): Promise<string | undefined> => {
    if (application === undefined) return common;
    const name = engine.applications.get(application.namespace, application.name)?.spec.source.secretRef?.name;
    return name === undefined ? common : read(application.namespace, name, WEBHOOK_KEY).catch(() => common);
  };
}

interface Ends {
  code: Promise<number>;
  end: (code: number) => void;
}

function endings(log: Log): Ends {
  let end: (code: number) => void = () => {};
  const code = new Promise<number>((resolve) => (end = resolve));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info('ending', { signal });
      end(0);
    });
  }
  return { code, end };
}

interface Leading {
  client: KubeClient;
  /** Judged at the moment of asking. */
  leads: () => boolean;
  start(act: () => void): void;
  stop(): Promise<void>;
}

/** Where the controller keeps what is its own: its Lease and its keys. */
const ownNamespace = (options: ControllerOptions, fallback: string): string =>
  options.leaseNamespace ?? process.env['POD_NAMESPACE'] ?? fallback;

/** Acting waits for the Lease; losing it ends the process, so that no write of the past can follow. */
function leadership(
  options: ControllerOptions,
  client: KubeClient,
  log: Log,
  hooks: { namespace: string; leads: (yes: boolean) => void; lost: () => void },
): Leading {
  if (!options.leaderElect) {
    const start = (act: () => void): void => {
      hooks.leads(true);
      act();
    };
    return { client, leads: () => true, start, stop: () => Promise.resolve() };
  }
  let act = (): void => {};
  const lease = new LeaseElection({
    client,
    clock: systemClock,
    log,
    namespace: ownNamespace(options, hooks.namespace),
    name: options.leaseName,
    identity: `${hostname()}_${randomUUID()}`,
    onAcquired: () => {
      log.info('leading');
      hooks.leads(true);
      act();
    },
    onLost: () => {
      hooks.leads(false);
      hooks.lost();
    },
  });
  return {
    client: fenced(client, lease),
    leads: () => lease.isLeader(),
    start: (then) => {
      act = then;
      lease.start();
    },
    stop: () => lease.stop(),
  };
}

function shutDown(log: Log): void {
  const timer = setTimeout(() => {
    log.warn('did not end in time');
    process.exit(1);
  }, GRACE_MS);
  timer.unref();
}

interface Works {
  engine: Engine;
  events: EventRecorder;
  mirrors: Mirrors;
  readSecret: ReadSecret;
}

function build(
  options: ControllerOptions,
  { client, leads, own }: Leading & { own: string },
  log: Log,
  metrics: Metrics,
): Works {
  const readSecret = secretReader(client);
  const events = eventRecorder({ client, clock: systemClock, random: Math.random, log, instance: hostname() });
  const address = options.prometheus === undefined ? {} : { defaultAddress: options.prometheus };
  const mirrors = createMirrors({ clock: systemClock, directory: options.gitDir, mayPush: leads });
  const engine = createEngine({
    client,
    clock: systemClock,
    random: Math.random,
    log,
    namespace: options.namespace,
    events,
    metrics,
    providers: { prometheus: createPrometheusProvider({ ...address, readSecret }) },
    readSecret,
    mirrorFor: (request) => mirrors.mirrorFor(request),
    ownNamespace: own,
  });
  return { engine, events, mirrors, readSecret };
}

async function serve(options: ControllerOptions, works: Works, log: Log, metrics: Metrics): Promise<Serving> {
  const { engine } = works;
  const state = { synced: false };
  const server = await serveHttp({
    clock: systemClock,
    log,
    ...options.listen,
    metrics: () => metrics.render(),
    healthy: () => ({ ok: true }),
    ready: () =>
      state.synced && engine.healthy() ? { ok: true } : { ok: false, message: 'the cluster cannot be followed' },
    snapshot: () => statusSnapshot(engine, systemClock.now()),
    webhookSecret: await webhookSecrets(options, engine, works.readSecret),
    onHint: (hint) => engine.hint(hint),
  });
  return { server, synced: () => void (state.synced = true) };
}

interface Serving {
  server: RunningServer;
  synced: () => void;
}

export async function runController(argv: readonly string[]): Promise<number> {
  const options = parseControllerOptions(argv);
  const log = jsonLog({ level: options.logLevel });
  const access = await loadAccess({ kubeconfig: options.kubeconfig, context: options.context });
  const metrics = createMetrics({ version: VERSION });
  const transport = undiciTransport({ access, clock: systemClock });
  const onRequest = (record: RequestRecord): void => metrics.apiRequest(record);
  const client = kubeClient({ transport, version: VERSION, onRequest, clock: systemClock });
  const { code, end } = endings(log);
  const leads = (yes: boolean): void => metrics.leader(yes);
  const leading = leadership(options, client, log, { namespace: access.namespace, leads, lost: () => end(1) });
  const works = build(options, { ...leading, own: ownNamespace(options, access.namespace) }, log, metrics);
  const { engine, events, mirrors } = works;
  const { server, synced } = await serve(options, works, log, metrics);
  const where = { cluster: access.baseUrl, namespace: options.namespace ?? 'all' };
  log.info('listening', { url: server.url, version: VERSION, ...where });
  const stopping = new AbortController();
  const following = engine.follow(stopping.signal).then(
    () => {
      synced();
      leading.start(() => engine.act());
    },
    (error: unknown) => {
      if (!stopping.signal.aborted) log.error('cannot follow the cluster', { error });
    },
  );
  const result = await code;
  shutDown(log);
  stopping.abort();
  await following;
  await engine.stop();
  mirrors.close();
  await events.stop();
  await leading.stop();
  await server.close();
  await transport.close();
  return result;
}
