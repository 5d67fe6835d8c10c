import { describe, expect, it } from 'vitest';
import type { AnalysisRun, AnalysisRunStatus } from '../../src/api/analysis.ts';
import { objectKey } from '../../src/api/object-key.ts';
import { answeredAtOnce } from '../../src/analysis/provider.ts';
import type { MetricValue } from '../../src/analysis/value.ts';
import { createRuns } from '../../src/controller/runs.ts';
import { ConnectionError } from '../../src/kube/errors.ts';
import { mergePatch } from 'kube-sandbox/merge-patch';
import { silentLog } from '../../src/ports/log.ts';
import { settle, VirtualClock } from 'kube-sandbox/virtual-clock';

const KEY = objectKey({ group: 'sluice.dev', kind: 'AnalysisRun', namespace: 'shop', name: 'run' });
const metric = (name: string, more = {}) => ({
  name,
  interval: '1s',
  count: 3,
  consecutiveErrorLimit: 1,
  successCondition: 'result[0] > 0.9',
  provider: { prometheus: { query: name } },
  ...more,
});

/** A cluster that holds one AnalysisRun; measurements are answered by the test. */
function world(metrics: object[], status?: AnalysisRunStatus) {
  const clock = new VirtualClock();
  let run = {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'run', namespace: 'shop', uid: 'u', resourceVersion: '1' },
    spec: { metrics },
    ...(status && { status }),
  } as AnalysisRun;
  const handlers = new Set<(change: any) => void>();
  const state = { down: false, writes: [] as any[], answers: [] as ((value: number) => void)[], told: [] as string[] };
  const put = (next: AnalysisRun, type = 'updated'): void => {
    const old = run;
    run = next;
    for (const handler of handlers) handler({ type, object: next, old });
  };
  const held: (() => void)[] = [];
  const client: any = {
    get: async () => run,
    async patch(_resource: unknown, { body }: any) {
      if (state.down) throw new ConnectionError('down');
      const resourceVersion = String(Number(run.metadata.resourceVersion) + 1);
      state.writes.push(body);
      const stored = {
        ...run,
        status: mergePatch(run.status ?? {}, body.status),
        metadata: { ...run.metadata, resourceVersion },
      };
      if (held.length > 0) await new Promise<void>((resolve) => held.splice(0, 1, resolve));
      return stored;
    },
  };
  for (const verb of ['list', 'watch', 'discover', 'resourceFor', 'create', 'update', 'delete', 'raw'])
    client[verb] = () => Promise.reject(new Error(verb));
  const cache: any = {
    get: () => run,
    list: () => [run],
    observe: put,
    onChange: (handler: any) => (handlers.add(handler), () => handlers.delete(handler)),
  };
  const runs = createRuns({
    client,
    runs: cache,
    providers: {
      prometheus: {
        ...answeredAtOnce(
          () =>
            new Promise<MetricValue>((resolve) =>
              state.answers.push((value) => resolve({ kind: 'vector', value: [value], text: `[${value}]` })),
            ),
        ),
      },
    },
    readSecret: () => Promise.reject(new Error('none')),
    clock,
    random: () => 0,
    log: silentLog,
    onPhase: (_run, _bad) => void state.told.push(_run.status?.phase ?? ''),
  });
  runs.start();
  return {
    clock,
    runs,
    state,
    held,
    recorded: () => run.status,
    remove: () => put({ ...run, metadata: { ...run.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }),
  };
}

const answer = async ({ state, clock }: ReturnType<typeof world>, value: number): Promise<void> => {
  state.answers.shift()?.(value);
  await settle();
  await clock.advance(0);
};

describe('analysis runs', () => {
  it('record each verdict that they tell, also one that comes as the record before it is answered', async () => {
    const it = world([metric('a'), metric('b')], {
      phase: 'Running',
      metricResults: [{ name: 'a', phase: 'Running', count: 1 }],
    });
    await it.clock.advance(0);
    for (let n = 0; n < 20 && it.state.told.at(-1) !== 'Failed'; n++) {
      await answer(it, 0);
      await it.clock.advance(100);
    }
    await it.clock.advance(1_000);
    expect(it.state.told).toContain('Failed');
    expect(it.recorded()?.phase).toBe('Failed');
    expect(it.runs.statusOf(KEY)).toBeUndefined();
  });

  it('are written on the very status that was seen, and not hot while the server is away', async () => {
    const it = world([metric('a')]);
    await it.clock.advance(0);
    it.state.down = true;
    await answer(it, 1);
    await it.clock.advance(3_000);
    it.state.down = false;
    await it.clock.advance(60_000);
    expect(it.state.writes[0].metadata.resourceVersion).toBe('1');
    expect(it.state.writes.length).toBeLessThan(4);
  });

  it('that are not under way have nothing to end, and say so', async () => {
    const it = world([metric('a')]);
    await it.clock.advance(0);
    expect(it.runs.end(KEY)).toBe(true);
    await it.clock.advance(100);
    expect(it.runs.end(KEY)).toBe(false);
    const deleted = world([metric('a')]);
    await deleted.clock.advance(0);
    deleted.remove();
    expect(deleted.runs.end(KEY)).toBe(false);
  });

  it('taken over have their next value on record before it is judged', async () => {
    const it = world([metric('a')], {
      phase: 'Running',
      startedAt: '2026-01-01T00:00:00Z',
      metricResults: [{ name: 'a', phase: 'Running' }],
    });
    await it.clock.advance(0);
    it.held.push(() => undefined);
    await answer(it, 1);
    expect(it.state.writes.at(-1).status.metricResults[0].measurements).toEqual([
      expect.objectContaining({ phase: 'Running', value: '[1]' }),
    ]);
    expect(it.runs.statusOf(KEY)?.metricResults?.[0]?.measurements?.[0]?.phase).toBe('Running');
    const [goOn] = it.held.splice(0);
    goOn?.();
    await it.clock.advance(10);
    expect(it.recorded()?.metricResults?.[0]?.measurements).toEqual([
      expect.objectContaining({ phase: 'Successful', value: '[1]' }),
    ]);
  });

  it('do not judge a value again that somebody may have died of', async () => {
    const measurement = { phase: 'Running', startedAt: '2026-01-01T00:00:00Z', value: '[1]' } as const;
    const it = world([metric('a')], {
      phase: 'Running',
      startedAt: '2026-01-01T00:00:00Z',
      metricResults: [{ name: 'a', phase: 'Running', consecutiveError: 1, error: 1, measurements: [measurement] }],
    });
    await it.clock.advance(10);
    expect(it.recorded()).toMatchObject({ phase: 'Error', message: expect.stringContaining('it is not judged again') });
    expect(it.state.told).toEqual(['Error']);
  });
});
