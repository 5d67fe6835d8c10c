// Measurements that take long, with a provider that a test answers for.
import { describe, expect, it } from 'vitest';
import type { AnalysisRun, AnalysisRunStatus } from '../../src/api/analysis.ts';
import { objectKey } from '../../src/api/object-key.ts';
import { ProviderError, type Handle, type MetricProvider, type Progress } from '../../src/analysis/provider.ts';
import { createRuns, type Runs } from '../../src/controller/runs.ts';
import { silentLog } from '../../src/ports/log.ts';
import { mergePatch } from 'kube-sandbox/merge-patch';
import { settle, VirtualClock } from 'kube-sandbox/virtual-clock';

const KEY = objectKey({ group: 'sluice.dev', kind: 'AnalysisRun', namespace: 'shop', name: 'run' });
const START = Date.UTC(2026, 0, 1);
const METRIC = { name: 'soak', successCondition: 'result > 0.9', provider: { prometheus: { query: 'x' } } };

type Step = Progress | Error | Promise<Progress>;
const value = (number: number): Progress => ({ value: { kind: 'scalar', value: number, text: String(number) } });
const job = (name: string, pollAfterMs = 60_000): Progress => ({ handle: { job: name }, pollAfterMs });

/** Answers what it was told to, in turn, and remembers what it was asked. */
function script(...steps: Step[]) {
  const calls: string[] = [];
  const problems: Error[] = [];
  const next = async (call: string): Promise<Progress> => {
    calls.push(call);
    const step = await (steps.shift() ?? new Error('the script is over'));
    if (step instanceof Error) throw step;
    return step;
  };
  const named = (verb: string, handle: Handle): string => `${verb} ${handle['job'] ?? ''}`;
  const provider: MetricProvider = {
    start: (_metric, { measurement: { uid, metric, number } }) => next(`start ${uid}.${metric}.${number}`),
    poll: (_metric, handle) => next(named('poll', handle)),
    end: (_metric, handle) => {
      calls.push(named('end', handle));
      const problem = problems.shift();
      return problem === undefined ? Promise.resolve() : Promise.reject(problem);
    },
  };
  return { provider, calls, problems };
}

/** A cluster with one AnalysisRun, and processes that come and go. */
function cluster(provider: MetricProvider, metrics: object[] = [METRIC], args: object[] = []) {
  const clock = new VirtualClock();
  let run = {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'run', namespace: 'shop', uid: 'u', resourceVersion: '1' },
    spec: { metrics, args },
  } as AnalysisRun;
  const handlers = new Set<(change: any) => void>();
  const told: string[] = [];
  const events: string[] = [];
  let writes = 0;
  let exists = false;
  const put = (next: AnalysisRun, type = 'updated'): void => {
    const old = run;
    run = next;
    for (const handler of handlers) handler({ type, object: next, old });
  };
  const client: any = {
    get: async () => run,
    async patch(_resource: unknown, { body }: any) {
      writes++;
      const resourceVersion = String(Number(run.metadata.resourceVersion) + 1);
      const status = mergePatch(run.status ?? {}, body.status) as AnalysisRunStatus;
      return { ...run, status, metadata: { ...run.metadata, resourceVersion } };
    },
  };
  for (const verb of ['list', 'watch', 'discover', 'resourceFor', 'create', 'update', 'delete', 'raw'])
    client[verb] = () => Promise.reject(new Error(verb));
  const cache: any = {
    get: () => (exists ? run : undefined),
    list: () => (exists ? [run] : []),
    observe: put,
    onChange: (handler: any) => (handlers.add(handler), () => handlers.delete(handler)),
  };
  const start = (): Runs => {
    const runs = createRuns({
      client,
      runs: cache,
      providers: { prometheus: provider },
      readSecret: () => Promise.resolve({ value: 's3cret' }),
      clock,
      random: () => 0.5,
      log: silentLog,
      events: { emit: (_object, event) => void events.push(`${event.reason}: ${event.message}`) },
      onPhase: (changed) => void told.push(changed.status?.phase ?? ''),
    });
    runs.start();
    // The first process sees the run come; the next ones take it over.
    if (!exists) {
      exists = true;
      put(run, 'added');
    }
    return runs;
  };
  return {
    clock,
    start,
    told,
    events,
    writes: () => writes,
    status: () => run.status,
    last: () => run.status?.metricResults?.[0]?.measurements?.at(-1),
    change: (spec: object) => put({ ...run, spec: { ...run.spec, ...spec } }),
    remove: () => put(run, 'deleted'),
  };
}

describe('a measurement that takes long', () => {
  it('is asked for at the time its provider said, and judged when it answers', async () => {
    const { provider, calls } = script(job('a', 60_000), job('a', 90_000), value(0.95));
    const it = cluster(provider);
    it.start();
    await it.clock.advance(59_999);
    expect(calls).toEqual(['start u.soak.0']);
    expect(it.last()).toEqual({
      phase: 'Running',
      startedAt: '2026-01-01T00:00:00.000Z',
      resumeAt: '2026-01-01T00:01:00.000Z',
      metadata: { job: 'a' },
    });
    await it.clock.advance(1);
    expect(calls).toEqual(['start u.soak.0', 'poll a']);
    await it.clock.advance(89_999);
    expect(calls).toHaveLength(2);
    await it.clock.advance(1);
    expect(it.told).toEqual(['Successful']);
    expect(it.last()).toMatchObject({ phase: 'Successful', value: '0.95', metadata: { job: 'a' } });
    expect(it.last()).toMatchObject({ startedAt: '2026-01-01T00:00:00.000Z', finishedAt: '2026-01-01T00:02:30.000Z' });
    expect(calls).toHaveLength(3);
  });

  it('costs a write when it begins and one when it ends, however often it is asked for', async () => {
    const { provider } = script(...Array.from({ length: 20 }, () => job('a', 5_000)), value(0.95));
    const it = cluster(provider);
    it.start();
    await it.clock.advance(200_000);
    expect(it.status()?.phase).toBe('Successful');
    expect(it.writes()).toBe(2);
  });

  it('is not asked for more than once a second', async () => {
    const { provider, calls } = script(...Array.from({ length: 50 }, () => job('a', 0)));
    const it = cluster(provider);
    it.start();
    await it.clock.advance(10_000);
    expect(calls).toHaveLength(11);
  });

  it('survives a restart of the controller, and is not begun again', async () => {
    const { provider, calls } = script(job('a'), job('a'), value(0.95));
    const it = cluster(provider);
    const first = it.start();
    await it.clock.advance(10_000);
    await first.stop();
    expect(calls).toEqual(['start u.soak.0']);
    it.start();
    await it.clock.advance(49_000);
    expect(calls).toEqual(['start u.soak.0']);
    await it.clock.advance(1_000);
    await it.clock.advance(60_000);
    expect(calls).toEqual(['start u.soak.0', 'poll a', 'poll a']);
    expect(it.status()).toMatchObject({ phase: 'Successful' });
  });

  it('is begun under the same name where nobody lived to record it', async () => {
    const { provider, calls } = script(new Promise(() => undefined), job('a'));
    const it = cluster(provider);
    await it.clock.advance(0);
    const first = it.start();
    await it.clock.advance(0);
    await first.stop();
    it.start();
    await it.clock.advance(0);
    expect(calls).toEqual(['start u.soak.0', 'start u.soak.0']);
  });

  it('is ended when its run is, after the verdict is told and on record', async () => {
    const { provider, calls } = script(job('a'));
    const it = cluster(provider);
    const runs = it.start();
    await it.clock.advance(1_000);
    expect(runs.end(KEY)).toBe(true);
    expect(it.told).toEqual(['Inconclusive']);
    expect(calls).toEqual(['start u.soak.0']);
    await it.clock.advance(100);
    expect(calls).toEqual(['start u.soak.0', 'end a']);
    expect(it.status()).toMatchObject({ phase: 'Inconclusive' });
    expect(it.last()).toMatchObject({ phase: 'Inconclusive', message: 'soak: ended before it answered' });
    expect(runs.statusOf(KEY)).toBeUndefined();
    await it.clock.advance(600_000);
    expect(calls).toHaveLength(2);
  });

  it('is ended when another metric decides the run, and by spec.terminate', async () => {
    const { provider, calls } = script(job('a'), value(0.5));
    const other = { ...METRIC, name: 'rate', initialDelay: '10s' };
    const it = cluster(provider, [METRIC, other]);
    it.start();
    await it.clock.advance(10_100);
    expect(it.told).toEqual(['Failed']);
    expect(calls).toEqual(['start u.soak.0', 'start u.rate.0', 'end a']);
    const second = script(job('b'));
    const that = cluster(second.provider);
    that.start();
    await that.clock.advance(1_000);
    that.change({ terminate: true });
    await that.clock.advance(100);
    expect(second.calls).toEqual(['start u.soak.0', 'end b']);
  });

  it('is ended by the next process where the one that ended the run did not live to do so', async () => {
    const { provider, calls, problems } = script(job('a'));
    const it = cluster(provider);
    const first = it.start();
    await it.clock.advance(1_000);
    problems.push(new Error('the store is away'));
    first.end(KEY);
    await it.clock.advance(100);
    expect(it.events).toEqual(['EndFailed: soak goes on though nobody waits for it: the store is away']);
    expect(it.status()).toMatchObject({ phase: 'Inconclusive' });
    await first.stop();
    it.start();
    await it.clock.advance(100);
    expect(calls).toEqual(['start u.soak.0', 'end a', 'end a']);
    expect(it.last()).toMatchObject({ phase: 'Inconclusive' });
    expect(it.told).toEqual(['Inconclusive']);
  });

  it('is tried to be ended again, later and later', async () => {
    const { provider, calls, problems } = script(job('a'));
    const it = cluster(provider);
    const runs = it.start();
    await it.clock.advance(1_000);
    problems.push(new Error('away'), new Error('away'));
    runs.end(KEY);
    await it.clock.advance(60_000);
    expect(calls).toEqual(['start u.soak.0', 'end a', 'end a', 'end a']);
    expect(it.last()).toMatchObject({ phase: 'Inconclusive', finishedAt: expect.any(String) });
  });

  it('is ended when its run is deleted, also while it is begun', async () => {
    const { provider, calls } = script(job('a'));
    const it = cluster(provider);
    it.start();
    await it.clock.advance(1_000);
    it.remove();
    await settle();
    expect(calls).toEqual(['start u.soak.0', 'end a']);
    let begun: (progress: Progress) => void = () => undefined;
    const slow = script(new Promise((resolve) => (begun = resolve)));
    const that = cluster(slow.provider);
    that.start();
    await that.clock.advance(0);
    that.remove();
    begun(job('b'));
    await settle();
    expect(slow.calls).toEqual(['start u.soak.0', 'end b']);
  });

  it('that ends while its run does is ended all the same', async () => {
    let begun: (progress: Progress) => void = () => undefined;
    const { provider, calls } = script(new Promise((resolve) => (begun = resolve)));
    const it = cluster(provider);
    const runs = it.start();
    await it.clock.advance(0);
    runs.end(KEY);
    await it.clock.advance(100);
    begun(job('a'));
    await it.clock.advance(100);
    expect(calls).toEqual(['start u.soak.0', 'end a']);
  });

  it('that fails is an error, ended, and tried again under another number', async () => {
    const { provider, calls } = script(job('a'), new ProviderError('the job was evicted'), job('b'));
    const it = cluster(provider);
    it.start();
    await it.clock.advance(60_000);
    expect(it.last()).toMatchObject({ phase: 'Error', message: 'soak: the job was evicted', metadata: { job: 'a' } });
    await it.clock.advance(10_000);
    expect(calls).toEqual(['start u.soak.0', 'poll a', 'end a', 'start u.soak.1']);
  });

  it('has a handle that holds no secret', async () => {
    const { provider, calls } = script(job('of s3cret'));
    const args = [{ name: 'key', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];
    const it = cluster(provider, [{ ...METRIC, provider: { prometheus: { query: '{{args.key}}' } } }], args);
    it.start();
    await it.clock.advance(100);
    expect(it.last()).toMatchObject({ phase: 'Error', message: expect.stringContaining('its handle holds a secret') });
    expect(JSON.stringify(it.status())).not.toContain('s3cret');
    expect(calls[1]).toBe('end of s3cret');
  });

  it('has a handle that is short', async () => {
    const { provider, calls } = script({ handle: { job: 'x'.repeat(2_000) }, pollAfterMs: 1_000 });
    const it = cluster(provider);
    it.start();
    await it.clock.advance(100);
    expect(it.last()).toMatchObject({ phase: 'Error', message: expect.stringContaining('its handle is too long') });
    expect(it.last()?.metadata).toBeUndefined();
    expect(calls[1]).toMatch(/^end x+$/);
  });

  it('answers at once where it can: nothing is kept, nothing ended', async () => {
    const { provider, calls } = script(value(0.95));
    const it = cluster(provider);
    it.start();
    await it.clock.advance(100);
    expect(it.told).toEqual(['Successful']);
    expect(it.writes()).toBe(1);
    expect(calls).toEqual(['start u.soak.0']);
    expect(it.last()).toEqual({
      phase: 'Successful',
      startedAt: new Date(START).toISOString(),
      finishedAt: new Date(START).toISOString(),
      value: '0.95',
    });
  });
});
