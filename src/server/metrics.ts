// What Sluice tells Prometheus: the metrics a user would alert on. Call sites use these functions and never see prom-client.
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { agentMeter, agentProgressMetrics, type AgentMeter, type AgentProgress } from './agent-meter.ts';
import type { HookResult } from './webhooks.ts';

export interface RolloutSample {
  namespace: string;
  name: string;
  phase: string;
  /** Steps finished, and in all. */
  step: number;
  steps: number;
  /** Percent of the traffic that the new revision gets. */
  weight: number;
}

export interface CorrectionSample {
  /** Of the Rollout. */
  namespace: string;
  name: string;
  /** Of the object that was put right. */
  kind: string;
  manager: string;
}

export interface ApiRequestSample {
  verb: string;
  resource: string;
  /** HTTP status, 0 when no answer came. */
  status: number;
  durationMs: number;
}

export interface QueueDepth {
  normal: number;
  urgent: number;
  running: number;
  delayed: number;
}

export interface Metrics {
  /** The state of a rollout; replaces what was said of it before. */
  rollout(sample: RolloutSample): void;
  /** Removes every series of a rollout that is gone. */
  rolloutGone(namespace: string, name: string): void;
  /** `reason`: one of a few words such as `AnalysisFailed`, never free text. */
  abort(reason: string): void;
  /** A driven field that `manager` had changed was put back. */
  correction(of: CorrectionSample): void;
  promotion(): void;
  /** From the push reaching Sluice to the first weight written. */
  pushToFirstWeight(ms: number): void;
  /** From the sample that decided it to weight 0 written. */
  badSampleToZero(ms: number): void;
  reconcile(controller: string, durationMs: number, failed: boolean): void;
  /** `read` is called at every scrape. */
  queue(controller: string, read: () => QueueDepth): void;
  /** `read` is called at every scrape. */
  cache(resource: string, read: () => number): void;
  apiRequest(sample: ApiRequestSample): void;
  watchRestart(resource: string): void;
  readonly agent: AgentMeter;
  /** `read` is called at every scrape. */
  agentProgress(read: () => AgentProgress): void;
  webhook(result: HookResult): void;
  leader(isLeader: boolean): void;
  /** The text of a scrape, and its content type. */
  render(): Promise<{ contentType: string; body: string }>;
}

const FROM_5_MS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const PHASES = ['Healthy', 'Progressing', 'Paused', 'Degraded'];
const OBJECT = ['namespace', 'name'];

export interface MetricsOptions {
  version: string;
  /** Also report the process: memory, CPU, event loop. Default true. */
  processMetrics?: boolean;
  /** Milliseconds since the epoch. Default the machine's clock. */
  now?: () => number;
}

/** All metrics of this process, in a registry of their own. Default of `processMetrics`: true. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry });
  gauge(registry, 'sluice_build_info', 'The running version; always 1.', ['version']).set(
    { version: options.version },
    1,
  );
  const loop = loopMetrics(registry);
  const corrections = correctionMeter(registry);
  return {
    ...rolloutMetrics(registry, corrections.gone),
    correction: corrections.correction,
    ...releaseMetrics(registry),
    ...loop,
    ...outsideMetrics(registry),
    agent: agentMeter({ registry, reconcile: (...pass) => loop.reconcile(...pass) }),
    agentProgress: (read) => agentProgressMetrics(registry, read, options.now ?? (() => Date.now())),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

interface CorrectionMeter {
  correction: (sample: CorrectionSample) => void;
  gone: (of: { namespace: string; name: string }) => void;
}

function correctionMeter(registry: Registry): CorrectionMeter {
  const labels = [...OBJECT, 'kind', 'manager'];
  const what = 'What a rollout drives and another manager had changed, put back; kind: of the object.';
  const corrections = counter(registry, 'sluice_corrections_total', what, labels);
  const series = new Map<string, Map<string, CorrectionSample>>();
  const id = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;
  return {
    correction: (sample) => {
      const { namespace, name, kind, manager } = sample;
      const known = series.get(id(sample)) ?? new Map<string, CorrectionSample>();
      series.set(id(sample), known.set(`${kind} ${manager}`, sample));
      corrections.inc({ namespace, name, kind, manager });
    },
    gone: (of) => {
      for (const { namespace, name, kind, manager } of series.get(id(of))?.values() ?? [])
        corrections.remove({ namespace, name, kind, manager });
      series.delete(id(of));
    },
  };
}

function rolloutMetrics(
  registry: Registry,
  alsoGone: CorrectionMeter['gone'],
): Pick<Metrics, 'rollout' | 'rolloutGone'> {
  const info = gauge(registry, 'sluice_rollout_info', 'One series per rollout, with its phase; always 1.', [
    ...OBJECT,
    'phase',
  ]);
  const phase = gauge(registry, 'sluice_rollout_phase', '1 for the phase that the rollout is in, 0 for the others.', [
    ...OBJECT,
    'phase',
  ]);
  const step = gauge(registry, 'sluice_rollout_step', 'Steps of the release that are finished.', OBJECT);
  const steps = gauge(registry, 'sluice_rollout_steps', 'Steps of the release in all.', OBJECT);
  const weight = gauge(registry, 'sluice_rollout_weight', 'Percent of the traffic on the new revision.', OBJECT);
  const phases = new Map<string, string>();
  const id = (namespace: string, name: string): string => `${namespace}/${name}`;
  const dropPhase = (of: { namespace: string; name: string }): void => {
    const known = phases.get(id(of.namespace, of.name));
    if (known === undefined) return;
    info.remove({ ...of, phase: known });
    for (const each of new Set([...PHASES, known])) phase.remove({ ...of, phase: each });
  };
  return {
    rollout(sample) {
      const of = { namespace: sample.namespace, name: sample.name };
      if (phases.get(id(of.namespace, of.name)) !== sample.phase) {
        dropPhase(of);
        phases.set(id(of.namespace, of.name), sample.phase);
        info.set({ ...of, phase: sample.phase }, 1);
        for (const each of new Set([...PHASES, sample.phase])) {
          phase.set({ ...of, phase: each }, each === sample.phase ? 1 : 0);
        }
      }
      step.set(of, sample.step);
      steps.set(of, sample.steps);
      weight.set(of, sample.weight);
    },
    rolloutGone(namespace, name) {
      const of = { namespace, name };
      dropPhase(of);
      phases.delete(id(namespace, name));
      for (const each of [step, steps, weight]) each.remove(of);
      alsoGone(of);
    },
  };
}

function releaseMetrics(
  registry: Registry,
): Pick<Metrics, 'abort' | 'promotion' | 'pushToFirstWeight' | 'badSampleToZero'> {
  const aborts = counter(registry, 'sluice_rollout_aborts_total', 'Releases aborted, by reason.', ['reason']);
  const promotions = counter(registry, 'sluice_rollout_promotions_total', 'Releases promoted.');
  const push = histogram(
    registry,
    'sluice_push_to_first_weight_seconds',
    'From a push reaching Sluice to the first weight, or the switch, written for it.',
  );
  const bad = histogram(
    registry,
    'sluice_bad_sample_to_zero_seconds',
    'From the sample that decided an abort to weight 0, or the switch back, written.',
  );
  return {
    abort: (reason) => aborts.inc({ reason }),
    promotion: () => promotions.inc(),
    pushToFirstWeight: (ms) => push.observe(seconds(ms)),
    badSampleToZero: (ms) => bad.observe(seconds(ms)),
  };
}

function loopMetrics(registry: Registry): Pick<Metrics, 'reconcile' | 'queue' | 'cache' | 'leader'> {
  const duration = histogram(registry, 'sluice_reconcile_duration_seconds', 'How long one pass takes.', ['controller']);
  const errors = counter(registry, 'sluice_reconcile_errors_total', 'Passes that failed and are tried again.', [
    'controller',
  ]);
  const leader = gauge(registry, 'sluice_leader', '1 while this process acts, 0 while it stands by.');
  const queues = new Map<string, () => QueueDepth>();
  const caches = new Map<string, () => number>();
  const depth: Gauge = new Gauge({
    name: 'sluice_queue_depth',
    help: 'Keys by lane: normal and urgent wait, running are in work, delayed wait for a time.',
    labelNames: ['controller', 'lane'],
    registers: [registry],
    collect() {
      for (const [controller, read] of queues) {
        for (const [lane, keys] of Object.entries(read())) depth.set({ controller, lane }, keys as number);
      }
    },
  });
  const sizes: Gauge = new Gauge({
    name: 'sluice_cache_objects',
    help: 'Objects in the watch cache of a resource.',
    labelNames: ['resource'],
    registers: [registry],
    collect() {
      for (const [resource, read] of caches) sizes.set({ resource }, read());
    },
  });
  leader.set(0);
  return {
    reconcile(controller, durationMs, failed) {
      duration.observe({ controller }, seconds(durationMs));
      errors.inc({ controller }, failed ? 1 : 0);
    },
    queue: (controller, read) => void queues.set(controller, read),
    cache: (resource, read) => void caches.set(resource, read),
    leader: (isLeader) => leader.set(isLeader ? 1 : 0),
  };
}

function outsideMetrics(registry: Registry): Pick<Metrics, 'apiRequest' | 'watchRestart' | 'webhook'> {
  const requests = counter(registry, 'sluice_api_requests_total', 'Requests to the API server; code 0: no answer.', [
    'verb',
    'resource',
    'code',
  ]);
  const latency = histogram(registry, 'sluice_api_request_duration_seconds', 'How long the API server takes.', [
    'verb',
  ]);
  const restarts = counter(registry, 'sluice_watch_restarts_total', 'Watches set up again after trouble.', [
    'resource',
  ]);
  const hooks = counter(registry, 'sluice_webhooks_total', 'Webhook requests, by what became of them.', ['result']);
  return {
    apiRequest({ verb, resource, status, durationMs }) {
      requests.inc({ verb: verb.toLowerCase(), resource, code: String(status) });
      if (verb !== 'watch') latency.observe({ verb }, seconds(durationMs));
    },
    watchRestart: (resource) => restarts.inc({ resource }),
    webhook: (result) => hooks.inc({ result }),
  };
}

/** Clocks of two machines may disagree: a negative time is none. */
const seconds = (ms: number): number => Math.max(0, ms) / 1000;

function gauge(registry: Registry, name: string, help: string, labelNames: string[] = []): Gauge {
  return new Gauge({ name, help, labelNames, registers: [registry] });
}

function counter(registry: Registry, name: string, help: string, labelNames: string[] = []): Counter {
  return new Counter({ name, help, labelNames, registers: [registry] });
}

function histogram(registry: Registry, name: string, help: string, labelNames: string[] = []): Histogram {
  return new Histogram({ name, help, labelNames, buckets: FROM_5_MS, registers: [registry] });
}
