import { describe, expect, it } from 'vitest';
import { objectKeyOf } from '../../src/api/object-key.ts';
import type { KubeObject } from '../../src/api/k8s.ts';
import { decideApplication, type AgentDecision } from '../../src/application/decide.ts';
import type { AgentIntent } from '../../src/application/intents.ts';
import { Memory } from '../../src/application/memory.ts';
import type { CheckOutcome } from '../../src/application/sync/outcome.ts';
import { application, applied, config, declared, entryOf, NOW, seen, type WorldInput } from './seen.ts';

const of = <K extends AgentIntent['do']>({ intents }: AgentDecision, kind: K): Extract<AgentIntent, { do: K }>[] =>
  intents.filter((intent): intent is Extract<AgentIntent, { do: K }> => intent.do === kind);

const names = (requests: readonly { ref: { name: string } }[]): string[] => requests.map(({ ref }) => ref.name);

const accept = (object: KubeObject): CheckOutcome => ({ kind: 'accepted', object });

/** Decides again and again, the server answering what it is asked to try, until something is to be written or nothing is to be done. */
function decide(
  input: WorldInput,
  answer: (body: KubeObject, name: string) => CheckOutcome = accept,
): { memory: Memory; last: AgentDecision; asked: string[] } {
  const memory = input.memory ?? new Memory();
  const asked: string[] = [];
  for (let looks = 0; ; looks++) {
    if (looks > 10) throw new Error('it asks without end');
    const last = decideApplication(seen({ ...input, memory }));
    const checks = of(last, 'Check').flatMap(({ requests }) => requests);
    if (checks.length === 0) return { memory, last, asked };
    memory.accept(last.accepted);
    for (const { key, ref, fingerprint, body } of checks) {
      asked.push(ref.name);
      memory.answer(key, fingerprint, answer(body, ref.name), NOW);
    }
  }
}

describe('A commit', () => {
  it('is tried as a whole before anything of it is written', () => {
    const { last, asked } = decide({ declares: [config('a'), config('b')] });
    expect(asked).toEqual(['a', 'b']);
    expect(of(last, 'Apply').flatMap(({ requests }) => names(requests))).toEqual(['a', 'b']);
  });

  it('is refused as a whole where the server would refuse one object, by file and line and in its words', () => {
    const refuse = (body: KubeObject, name: string): CheckOutcome =>
      name === 'b' ? { kind: 'refused', message: 'spec.x: must be 3' } : accept(body);
    const { last } = decide({ declares: [config('a'), config('b')] }, refuse);
    expect(of(last, 'Apply')).toEqual([]);
    expect(last.status).toMatchObject({
      phase: 'Failed',
      message: 'deploy/all.yaml:2: ConfigMap shop/b: spec.x: must be 3',
    });
  });

  it('that is refused leaves what was applied before in force, and drift of that is still put back', () => {
    const before = declared([config('a', { v: '1' })], application(), 'b'.repeat(40));
    const memory = new Memory();
    memory.accepted = before;
    const app = application();
    const live = [{ ...applied(config('a', { v: '1' }), app), data: { v: 'by hand' } }];
    const input = {
      declares: [config('a', { v: '2' })],
      live,
      memory,
      resources: [entryOf(live[0] as KubeObject, { hash: before.desired[0]?.hash ?? '' })],
    };
    const refuse = (body: KubeObject): CheckOutcome =>
      (body['data'] as { v: string }).v === '2'
        ? { kind: 'refused', message: 'no' }
        : accept({ ...body, metadata: live[0]?.metadata ?? body.metadata });
    const { last } = decide(input, refuse);
    expect(of(last, 'Apply').flatMap(({ requests }) => requests.map(({ drift }) => drift))).toEqual([['data.v']]);
    expect(last.status.message).toContain('bbbbbbb stays applied');
  });

  it('names a kind that nobody serves, unless such objects are left out', () => {
    const unknown = { apiVersion: 'example.com/v1', kind: 'Unknown', metadata: { name: 'x', namespace: 'shop' } };
    const app = application({ serviceAccountName: 'deployer' });
    const { last } = decide({ app, declares: [config('a'), unknown] });
    expect(last.status.message).toMatch(
      /deploy\/all.yaml:2: the cluster does not serve Unknown of example.com\/v1.*SkipMissingKinds/,
    );
    const lenient = application({ serviceAccountName: 'deployer', sync: { options: ['SkipMissingKinds'] } });
    expect(decide({ app: lenient, declares: [config('a'), unknown] }).asked).toEqual(['a']);
  });

  it('whose content is on record as applied is not tried again after a restart', () => {
    const live = [applied(config('a'), application())];
    const { asked, last } = decide({
      declares: [config('a')],
      live,
      resources: live.map((object) => entryOf(object, { hash: declared([config('a')]).desired[0]?.hash ?? '' })),
    });
    expect([asked, last.status.phase]).toEqual([[], 'Synced']);
  });

  it('that fails although the server had said it would take it is given up, told, and what was before is put back', () => {
    const memory = new Memory();
    const old = declared([config('a', { v: '1' })], application(), 'b'.repeat(40));
    memory.accepted = old;
    const first = decide({ declares: [config('a', { v: '2' })], memory });
    memory.accept(first.last.accepted);
    memory.giveUp(first.last.accepted?.id ?? '', 'ConfigMap shop/a: quota', NOW);
    const { last } = decide({ declares: [config('a', { v: '2' })], memory });
    expect(last.accepted).toBe(old);
    expect(last.status).toMatchObject({
      phase: 'Failed',
      message: expect.stringMatching(/quota.*bbbbbbb stays applied/) as string,
    });
    expect(last.nextAt).toBe(NOW + 30_000);
  });
});

describe('An object that is as it shall be', () => {
  const app = application();
  const live = applied(config('a', { v: '1' }), app);

  it('costs nothing, and nothing is asked about it', () => {
    const { asked, last } = decide({
      declares: [config('a', { v: '1' })],
      live: [live],
      resources: [entryOf(live, { hash: live.metadata.annotations?.['sluice.dev/content-hash'] ?? '' })],
    });
    expect([asked, last.intents]).toEqual([[], []]);
  });

  it('is asked about when somebody else has written it, and once', () => {
    const managedFields = [
      ...(live.metadata.managedFields ?? []),
      { manager: 'kubectl-edit', operation: 'Update', fieldsV1: { 'f:data': { 'f:w': {} } } },
    ];
    const changed = { ...live, metadata: { ...live.metadata, managedFields } };
    const input = {
      declares: [config('a', { v: '1' })],
      live: [changed],
      resources: [entryOf(changed, { hash: live.metadata.annotations?.['sluice.dev/content-hash'] ?? '' })],
    };
    const { asked, last, memory } = decide(input, () => accept(changed));
    expect([asked, last.status.phase]).toEqual([['a'], 'Synced']);
    expect(last.status.resources?.[0]?.foreign).toEqual(['kubectl-edit: data.w']);
    expect(decide({ ...input, memory }).asked).toEqual([]);
  });
});

describe('Drift', () => {
  const app = application();
  const hash = declared([config('a', { v: '1' })]).desired[0]?.hash ?? '';
  const live = applied(config('a', { v: '1' }), app);
  const managedFields = [
    ...(live.metadata.managedFields ?? []),
    { manager: 'kubectl-patch', operation: 'Update', fieldsV1: { 'f:data': { 'f:v': {} } } },
  ];
  const drifted = { ...live, data: { v: '2' }, metadata: { ...live.metadata, managedFields } };
  const input: WorldInput = {
    declares: [config('a', { v: '1' })],
    live: [drifted],
    resources: [entryOf(drifted, { hash })],
  };
  const answer = (): CheckOutcome => accept(live);

  it('is what the server would change, named with who wrote it, and put back', () => {
    const { last } = decide(input, answer);
    expect(of(last, 'Apply')[0]?.requests[0]).toMatchObject({ isNew: false, drift: ['data.v (by kubectl-patch)'] });
  });

  it('is only told where selfHeal is off', () => {
    const { last } = decide({ ...input, app: application({ sync: { selfHeal: false } }) }, answer);
    expect(of(last, 'Apply')).toEqual([]);
    expect(last.status.drift).toMatchObject([{ action: 'Reported', fields: ['data.v (by kubectl-patch)'] }]);
    expect(last.status.phase).toBe('OutOfSync');
  });

  it('that comes back again and again is put back later and later', () => {
    const memory = new Memory();
    memory.accepted = declared([config('a', { v: '1' })]);
    const key = objectKeyOf(live);
    for (let times = 0; times < 4; times++)
      memory.putBack(key, { ...entryOf(live), at: 'x', fields: ['data.v'], action: 'Corrected' }, NOW - 100);
    const { last } = decide({ ...input, memory }, answer);
    expect(of(last, 'Apply')).toEqual([]);
    expect(last.nextAt).toBe(NOW - 100 + 8_000);
  });

  it('where a webhook refuses to be tried is told by comparing what is declared', () => {
    const { last } = decide(input, () => ({ kind: 'untried', message: 'does not support dry run' }));
    expect(of(last, 'Apply')[0]?.requests[0]?.drift).toEqual(['data.v (by kubectl-patch)']);
  });
});

describe('An object that was deleted by hand', () => {
  const hash = declared([config('a')]).desired[0]?.hash ?? '';
  const resources = [entryOf(config('a'), { hash })];

  it('comes back', () => {
    const { last } = decide({ declares: [config('a')], resources });
    expect(of(last, 'Apply')[0]?.requests[0]).toMatchObject({ isNew: false, drift: ['deleted'] });
  });

  it('is reported missing, and only that, where selfHeal is off', () => {
    const { last } = decide({ app: application({ sync: { selfHeal: false } }), declares: [config('a')], resources });
    expect([last.intents, last.status.resources?.[0]?.status]).toEqual([[], 'Missing']);
  });

  it('is not run again where it is a Job that its TTL has removed', () => {
    const app = application({ serviceAccountName: 'deployer' });
    const job: KubeObject = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'migrate', namespace: 'shop' },
      spec: { ttlSecondsAfterFinished: 60 },
    };
    const done = [entryOf(job, { hash: declared([job], app).desired[0]?.hash ?? '' })];
    const { last } = decide({ app, declares: [job], resources: done });
    expect([last.intents, last.status.phase]).toEqual([[], 'Synced']);
  });
});

describe('Replicas', () => {
  const app = application({ serviceAccountName: 'deployer' });
  const deployment = (replicas?: number): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { ...(replicas === undefined ? {} : { replicas }), selector: {} },
  });
  const record = (replicas?: number) => [
    entryOf(deployment(), { hash: declared([deployment(replicas)], app).desired[0]?.hash ?? '' }),
  ];

  it('belong to the autoscaler while one aims at the object', () => {
    const live = applied(deployment(3), app);
    const scaled = { ...live, spec: { replicas: 0, selector: {} } };
    const { last, asked } = decide({
      app,
      declares: [deployment(3)],
      live: [scaled],
      resources: record(3),
      more: { autoscaled: () => true },
    });
    expect([of(last, 'Apply'), asked]).toEqual([[], []]);
  });

  it('keep their live value when Git leaves them out', () => {
    const live = applied(deployment(3), app);
    const managedFields = [
      { manager: 'sluice-agent', operation: 'Apply', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
    ];
    const owned = { ...live, metadata: { ...live.metadata, managedFields } };
    const { last } = decide({ app, declares: [deployment()], live: [owned], resources: record(3) });
    expect(of(last, 'Apply')[0]?.requests[0]?.keepReplicas).toBe(3);
  });
});

describe('An object of another Application', () => {
  it('is not written, and says whose it is', () => {
    const live = applied(config('a'), application({}, 'other'));
    const { last, asked } = decide({ declares: [config('a')], live: [live], more: { claimedBy: () => 'shop/other' } });
    expect([asked, of(last, 'Apply')]).toEqual([[], []]);
    expect(last.status.message).toMatch(/Application shop\/other declares it as well/);
  });
});

describe("An object that kubectl's managers hold", () => {
  it('is taken over before it is applied', () => {
    const managedFields = [{ manager: 'kubectl-client-side-apply', operation: 'Update', fieldsV1: { 'f:data': {} } }];
    const live = {
      ...config('a', { x: '1' }),
      metadata: { ...config('a').metadata, uid: 'u', resourceVersion: '4', managedFields },
    };
    const { last } = decide({ declares: [config('a')], live: [live] });
    expect(of(last, 'TakeOver')).toHaveLength(1);
    expect(of(last, 'Apply')).toEqual([]);
  });
});

describe('A suspended Application', () => {
  it('asks for nothing and writes nothing', () => {
    const { last } = decide({ app: application({ suspend: true }), declares: [config('a')] });
    expect([last.intents, last.status.phase, last.nextAt]).toEqual([[], 'Suspended', undefined]);
  });
});

describe('The repository', () => {
  const source = {
    failure: undefined,
    attempted: undefined,
    newest: undefined,
    readAt: 0,
    busy: false,
    earlier: () => undefined,
  };

  it('is looked at when it is time to, and not while a look is under way', () => {
    const due = { ...source, nextPollAt: 0 };
    expect(decide({ more: { source: due } }).last.intents).toEqual([{ do: 'Poll' }]);
    expect(decide({ more: { source: { ...due, busy: true } } }).last.intents).toEqual([]);
  });

  it('that cannot be read deletes nothing, and what was applied last is read back from the mirror', () => {
    const live = applied(config('a'), application());
    const status = {
      resources: [entryOf(live)],
      revision: { commit: 'c'.repeat(40), repo: 'https://git.example.com/shop.git' },
    };
    const failing = { ...source, nextPollAt: NOW + 1, failure: { reason: 'GitUnreachable', message: 'refused' } };
    const { last } = decide({ live: [live], more: { source: failing, status } });
    expect(last.intents).toEqual([{ do: 'ReadBack', commit: 'c'.repeat(40) }]);
    expect(last.status.phase).toBe('Failed');
  });
});
