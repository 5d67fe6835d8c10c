// `sluice controller`: wires the adapters to the engine and runs it until a signal or the loss of its Lease ends it.
import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { createHttp } from '../http/http.ts';
import { createPrometheusProvider } from '../analysis/providers/prometheus/provider.ts';
import type { ReadSecret } from '../analysis/provider.ts';
import { createEgress } from '../egress/egress.ts';
import { createSourcePool } from '../source/child-pool.ts';
import { findTools, onPath } from '../source/render/toolbox.ts';
import { kubeClient, type RequestRecord } from '../kube/client.ts';
import { eventRecorder, type EventRecorder } from '../kube/events.ts';
import { fenced } from '../kube/fenced-client.ts';
import { leaseOwnership } from '../kube/lease-ownership.ts';
import { loadAccess } from '../kube/kubeconfig.ts';
import { LeaseElection } from '../kube/lease.ts';
import { undiciTransport } from '../kube/transport-undici.ts';
import type { KubeClient } from '../kube/types.ts';
import { systemClock } from '../ports/clock.ts';
import type { Egress } from '../ports/egress.ts';
import type { Secrecy } from '../ports/secrecy.ts';
import type { SourceReader } from '../ports/source-reader.ts';
import type { Log } from '../ports/log.ts';
import { knownSecrets } from '../secrecy/known-secrets.ts';
import { soleOwner, type Ownership } from '../ports/ownership.ts';
import { jsonLog } from '../server/log.ts';
import { createMetrics, type Metrics } from '../server/metrics.ts';
import { createEngine, type Engine } from './engine.ts';
import { parseControllerOptions, type ControllerOptions } from './options.ts';
import { learning } from './secrecy.ts';
import { secretReader } from './secret-reader.ts';
import { serve } from './serve.ts';
import { VERSION } from './version.ts';

/** After a signal the process ends by itself within this. */
const GRACE_MS = 10_000;

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
  ownership: Ownership;
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
    return { client, ownership: soleOwner, leads: () => true, start, stop: () => Promise.resolve() };
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
      ownership.changed();
      act();
    },
    onLost: () => {
      hooks.leads(false);
      ownership.changed();
      hooks.lost();
    },
  });
  const ownership = leaseOwnership(lease);
  return {
    client: fenced(client, lease),
    ownership,
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

/** Where things are said, and what must never be. */
interface Told {
  log: Log;
  metrics: Metrics;
  secrets: Secrecy;
}

interface Works {
  engine: Engine;
  events: EventRecorder;
  reader: SourceReader;
  readSecret: ReadSecret;
}

function build(
  options: ControllerOptions,
  { client, leads, ownership, own }: Leading & { own: string },
  told: Told & { egress: Egress },
): Works {
  const { log, metrics, secrets, egress } = told;
  const readSecret = secretReader(client);
  const events = eventRecorder({ client, clock: systemClock, random: Math.random, log, instance: hostname() });
  const address = options.prometheus === undefined ? {} : { defaultAddress: options.prometheus };
  const reader = createSourcePool({
    clock: systemClock,
    directory: options.gitDir,
    memoryBytes: options.sourceMemory,
    tools: findTools(options.tools),
    gpg: onPath('gpg'),
    mayPush: leads,
    egress,
  });
  const http = createHttp({ egress });
  const engine = createEngine({
    client,
    clock: systemClock,
    random: Math.random,
    log,
    namespace: options.namespace,
    events,
    secrecy: secrets,
    metrics,
    providers: { prometheus: createPrometheusProvider({ ...address, readSecret, http }) },
    readSecret,
    reader,
    http,
    egress,
    tenancy: options.tenancy,
    ownNamespace: own,
    ownership,
  });
  return { engine, events, reader, readSecret };
}

export async function runController(argv: readonly string[]): Promise<number> {
  const options = parseControllerOptions(argv);
  const secrets = knownSecrets();
  const log = jsonLog({ level: options.logLevel, secrets });
  const access = await loadAccess({ kubeconfig: options.kubeconfig, context: options.context });
  const metrics = createMetrics({ version: VERSION });
  const transport = undiciTransport({ access, clock: systemClock });
  const onRequest = (record: RequestRecord): void => metrics.apiRequest(record);
  const client = learning(kubeClient({ transport, version: VERSION, onRequest, clock: systemClock }), secrets);
  const { code, end } = endings(log);
  const leads = (yes: boolean): void => metrics.leader(yes);
  const leading = leadership(options, client, log, { namespace: access.namespace, leads, lost: () => end(1) });
  const egress = createEgress({ ...options, apiServer: access.baseUrl });
  const around = { log, metrics, secrets, egress };
  const works = build(options, { ...leading, own: ownNamespace(options, access.namespace) }, around);
  const { engine, events, reader } = works;
  const { urls, synced, close } = await serve(options, works, { log, metrics, secrets });
  const where = { cluster: access.baseUrl, namespace: options.namespace ?? 'all' };
  log.info('listening', { ...urls, version: VERSION, ...where });
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
  await reader.close();
  await events.stop();
  await leading.stop();
  await close();
  await transport.close();
  return result;
}
