// Faults found by use, and their kind: what counts as a measurement, and that a verdict that was told is kept.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AnalysisRunStatus } from '../../src/api/analysis.ts';
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Canary, Step } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { aborted, apply, givenV1, promoted, waits, weight } from './given.ts';
import { analysisStep, IMAGE } from './manifests.ts';

const STEPS: Step[] = [{ setWeight: 10 }, analysisStep, { setWeight: 50 }];
const BACKGROUND: Partial<Canary> = {
  analysis: { templates: [{ templateName: 'success-rate' }], args: [{ name: 'service', value: 'web-canary' }] },
};

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.close());

const runStatus = (run: KubeObject | undefined): AnalysisRunStatus => run?.status as AnalysisRunStatus;
const measurements = () => runStatus(cluster.runs()[0]).metricResults?.[0]?.measurements ?? [];

/** v2 is released while the metric store answers with these samples. */
async function released(samples: number[], metric: Record<string, unknown> = {}, steps = STEPS): Promise<void> {
  await givenV1(cluster, { steps }, metric);
  cluster.prometheus.script = () => samples;
  apply(cluster, 'v2', { steps });
}

/** It is not promoted by what it measured. */
const decided = (): Promise<void> =>
  cluster.until('it is decided', () => ['Degraded', 'Paused'].includes(cluster.rollout().status?.phase ?? ''));

describe('what is no number is no data', () => {
  const infinite: [string, number, string][] = [
    ['+Inf, above a limit', Infinity, 'result[0] >= 0.95'],
    ['-Inf, below a limit', -Infinity, 'result[0] <= 0.5'],
    ['+Inf, in any()', Infinity, 'any(result, # > 0.95)'],
    ['+Inf, by negation', Infinity, 'not (result[0] < 0.95)'],
  ];
  const others: [string, number, string][] = [
    ['+Inf, where default() has it compared with a number', Infinity, 'default(result, 0) == 0 or result[0] >= 0.95'],
    ['NaN, by negation', NaN, 'not (result[0] < 0.95)'],
    ['NaN, by inequality', NaN, 'result[0] != 0'],
  ];
  /** Weights that v2 had, and what its measurements said. */
  const outcome = async (sample: number, successCondition: string): Promise<unknown[]> => {
    await released([sample], { successCondition });
    await decided();
    return [...(cluster.audit.weights.get(IMAGE('v2')) ?? []), ...measurements().map(({ phase }) => phase)];
  };

  it.each(infinite)('%s: it passes nothing', async (_what, sample, condition) => {
    const seen = await outcome(sample, condition);
    expect(seen).not.toContain(50);
    expect(seen).not.toContain('Successful');
  });

  it.each(others)('%s: it passes nothing', async (_what, sample, condition) => {
    const seen = await outcome(sample, condition);
    expect(seen).not.toContain(50);
    expect(seen).not.toContain('Successful');
  });

  it('and fails nothing either: the answer is that there was no data', async () => {
    await released([Infinity], { successCondition: undefined, failureCondition: 'result[0] > 0.05' });
    await decided();
    expect(measurements().map(({ phase }) => phase)).not.toContain('Failed');
    expect(cluster.rollout().status?.message).toMatch(/no data|not a number|Inf/i);
  });

  it.each([
    ['isInf', 'isInf(result[0])', Infinity],
    ['isNaN', 'isNaN(result[0]) or result[0] > 1', NaN],
  ])('unless the condition itself asks by %s', async (_what, successCondition, sample) => {
    await released([sample], { successCondition });
    await promoted(cluster, 'v2');
  });

  // The same: one infinite sample among others is a number to all conditions.
  it('also where it is one of several', async () => {
    await released([0.99, Infinity], { successCondition: 'all(result, # >= 0.95)' });
    await decided();
    expect(cluster.audit.weights.get(IMAGE('v2'))).not.toContain(50);
  });
});

describe('what Argo Rollouts takes', () => {
  it.each<[string, string, number[]]>([
    ['default of a list that is empty', 'default(result, 0) == 0 or result[0] >= 0.95', []],
    ['len', 'len(result) == 0 or result[0] >= 0.95', []],
  ])('in a condition: %s', async (_what, successCondition, samples) => {
    await released(samples, { successCondition });
    await promoted(cluster, 'v2');
  });

  it.each<[string, string, number[]]>([
    ['default of a list that is not', 'default(result, 0) == 0 or result[0] >= 0.95', [0.99]],
    ['let', 'let rate = result[0]; rate >= 0.95', [0.99]],
    ['reduce', 'reduce(result, #acc + #, 0) >= 1.9', [0.99, 0.98]],
  ])('in a condition: %s', async (_what, successCondition, samples) => {
    await released(samples, { successCondition });
    await promoted(cluster, 'v2');
  });

  it('in interval, count and failureLimit: arguments', async () => {
    const args = [
      { name: 'service' },
      { name: 'every', value: '3s' },
      { name: 'times', value: '4' },
      { name: 'limit', value: '1' },
    ];
    await givenV1(cluster, { steps: STEPS });
    cluster.edit<KubeObject>('AnalysisTemplate', 'success-rate', (object) => {
      const spec = object.spec as { args: unknown; metrics: Record<string, unknown>[] };
      spec.args = args;
      Object.assign(spec.metrics[0] ?? {}, {
        interval: '{{args.every}}',
        count: '{{args.times}}',
        failureLimit: '{{args.limit}}',
      });
    });
    apply(cluster, 'v2', { steps: STEPS });
    await promoted(cluster, 'v2');
    expect(cluster.prometheus.queries).toHaveLength(4);
  });
});

describe('a verdict that was told', () => {
  /** Writes of the status of runs are lost for a while. */
  const deaf = (fail: number | 'refuse' | 'after'): (() => void) =>
    cluster.server.intercept(({ method, path }) =>
      method !== 'GET' && path.includes('/analysisruns/') && path.includes('/status') ? { fail } : undefined,
    );

  it.each([500, 409, 429, 'refuse', 'after'] as const)('is recorded once writes succeed again (%s)', async (fail) => {
    await givenV1(cluster, { steps: STEPS });
    cluster.prometheus.rates.set(IMAGE('v2'), 0.5);
    const hear = deaf(fail);
    apply(cluster, 'v2', { steps: STEPS });
    await aborted(cluster);
    await cluster.run(120_000);
    hear();
    await cluster.until('it is recorded', () => runStatus(cluster.runs()[0]).phase === 'Failed', 600_000);
    expect(measurements().at(-1)).toMatchObject({ phase: 'Failed' });
  });

  it('is recorded though the run is changed by somebody at the same moment', async () => {
    await givenV1(cluster, { steps: STEPS });
    cluster.prometheus.rates.set(IMAGE('v2'), 0.5);
    apply(cluster, 'v2', { steps: STEPS });
    await weight(cluster, 10);
    let touched = 0;
    cluster.server.intercept(({ method, path }) => {
      const [run] = cluster.runs();
      if (run === undefined || method !== 'PATCH' || !path.includes('/analysisruns/') || touched >= 3) return undefined;
      const labels = { ...run.metadata.labels, touched: String(++touched) };
      cluster.edit('AnalysisRun', run.metadata.name, ({ metadata }) => void (metadata.labels = labels));
      return undefined;
    });
    await aborted(cluster);
    await cluster.until('it is recorded', () => runStatus(cluster.runs()[0]).phase === 'Failed', 60_000);
  });

  it('is as it was for the next process, if the first one dies before it is recorded', async () => {
    await givenV1(cluster, { steps: STEPS });
    cluster.prometheus.rates.set(IMAGE('v2'), 0.5);
    const hear = deaf('refuse');
    apply(cluster, 'v2', { steps: STEPS });
    await aborted(cluster);
    cluster.close();
    hear();
    cluster.prometheus.rates.set(IMAGE('v2'), 1);
    await cluster.start();
    await cluster.run(600_000);
    expect(cluster.rollout().status?.abort).toBe(true);
    expect(cluster.weights()?.canary).toBe(0);
    expect(cluster.runs().map((run) => runStatus(run).phase)).not.toContain('Running');
  });
});

describe('a run that nobody follows any more', () => {
  async function givenABackgroundRun(): Promise<string> {
    const steps: Step[] = [{ setWeight: 25 }, { pause: {} }];
    await givenV1(cluster, { steps, canary: BACKGROUND }, { count: 1000 });
    apply(cluster, 'v2', { steps, canary: BACKGROUND });
    await waits(cluster);
    await cluster.until('it measures', () => measurements().length > 0);
    return cluster.runs()[0]?.metadata.name ?? '';
  }

  const quiet = async (): Promise<void> => {
    const from = cluster.journal.length;
    await cluster.run(600_000);
    const writes = cluster.journal.slice(from).filter((line) => /^kube (PATCH|POST|PUT|DELETE)/.test(line));
    expect(writes.length).toBeLessThan(30);
    expect(cluster.events('ReconciliationError')).toEqual([]);
    expect(cluster.processes.flatMap(({ errors }) => errors)).toEqual([]);
  };

  it('because it was deleted by hand holds no pass up', async () => {
    const name = await givenABackgroundRun();
    cluster.delete('AnalysisRun', name);
    cluster.annotate('promote', 'full');
    await promoted(cluster, 'v2');
    await quiet();
  });

  it('because somebody has marked it as over is let be', async () => {
    const name = await givenABackgroundRun();
    const [run] = cluster.runs();
    cluster.server.store.updateStatus(
      { group: 'sluice.dev', kind: 'AnalysisRun' },
      { ...(run as KubeObject), status: { phase: 'Successful' } },
    );
    cluster.annotate('promote', 'full');
    await promoted(cluster, 'v2');
    await quiet();
    expect(cluster.find('AnalysisRun', name)).toBeDefined();
  });

  it('because its measurements hang is ended with its release', async () => {
    await givenABackgroundRun();
    cluster.annotate('abort', 'enough');
    await aborted(cluster);
    await cluster.until('it is over', () => runStatus(cluster.runs()[0]).phase !== 'Running', 60_000);
    await quiet();
  });
});

describe('nothing is measured that the traffic does not show:', () => {
  const refuse = (what: string): (() => void) =>
    cluster.server.intercept(({ method, path, headers }) =>
      method === 'PATCH' && path.includes(what) && (headers?.['user-agent'] ?? '').startsWith('sluice')
        ? { fail: 403 }
        : undefined,
    );

  it('pods of a canary, before the canary Service selects them', async () => {
    const steps: Step[] = [{ setCanaryScale: { replicas: 2 } }, analysisStep, { pause: {} }];
    await givenV1(cluster, { steps });
    const heal = refuse('/services/web-canary');
    apply(cluster, 'v2', { steps });
    await cluster.until('its pods are there', () => cluster.pods()['v2'] === 2);
    await cluster.run(60_000);
    expect([cluster.runs(), cluster.rollout().status?.step]).toEqual([[], '0/3']);
    heal();
    await waits(cluster);
    expect(cluster.runs()).toHaveLength(1);
  });

  it('a step, while its weight is refused', async () => {
    const steps: Step[] = [{ setWeight: 10 }, { pause: {} }, analysisStep, { pause: {} }];
    await givenV1(cluster, { steps });
    apply(cluster, 'v2', { steps });
    await waits(cluster);
    const heal = refuse('/virtualservices/web');
    cluster.edit('VirtualService', 'web', (route) => {
      const { http } = route['spec'] as { http: { route: { weight: number }[] }[] };
      for (const [at, each] of (http[0]?.route ?? []).entries()) each.weight = at === 0 ? 100 : 0;
    });
    await cluster.until('it is refused', () => cluster.rollout().status?.phase === 'Degraded');
    cluster.annotate('promote');
    await cluster.until('the step begins', () => cluster.rollout().status?.step === '2/4');
    await cluster.run(60_000);
    expect(cluster.runs()).toEqual([]);
    heal();
    await weight(cluster, 10);
    await waits(cluster);
    expect(cluster.runs()).toHaveLength(1);
  });

  it('but in the background, as long as a request may reach the canary', async () => {
    const steps: Step[] = [{ setWeight: 10 }, { pause: {} }, { setWeight: 50 }, { pause: {} }];
    await givenV1(
      cluster,
      { steps, canary: { analysis: { ...BACKGROUND.analysis, startingStep: 2 } } as Canary },
      { count: 600 },
    );
    apply(cluster, 'v2', { steps, canary: { analysis: { ...BACKGROUND.analysis, startingStep: 2 } } as Canary });
    await waits(cluster);
    refuse('/virtualservices/web');
    cluster.annotate('promote');
    await cluster.until('it is measured', () => cluster.runs().length === 1, 60_000);
    expect(cluster.weights()?.canary).toBe(10);
  });
});
