import { describe, expect, it } from 'vitest';
import type { Return } from '../../../src/api/application.ts';
import { decideReturns, describeReturn, type ReturnInput } from '../../../src/application/revert/returns.ts';
import { declaredSets } from '../../../src/application/revert/rollout-set.ts';
import { wantedObjects } from '../../../src/application/revert/wanted.ts';
import { files } from '../agent-world.ts';
import { declare, holdOf, live, NOW, snapshotIn, V1, WEB } from './declared.ts';

const v1 = files('web:1', 'one');
const v2 = files('web:2', 'two');
const snapshot = snapshotIn(v1);
const returning: Return = { rollout: { namespace: 'shop', name: 'web' }, stable: V1, since: NOW };

const decide = (more: Partial<ReturnInput> = {}, texts = v2) =>
  decideReturns({
    sets: declaredSets(declare(texts)),
    declared: true,
    returns: [],
    holds: [],
    applied: new Set([WEB]),
    rollout: () => undefined,
    snapshots: new Map([[WEB, snapshot]]),
    now: NOW,
    ...more,
  });

describe('a Rollout comes back at its stable revision first', () => {
  it('when it is gone though it was applied', () => {
    expect(decide()).toEqual({ returns: [returning], started: [returning], ended: [] });
    expect(describeReturn(returning)).toBe('web comes back at 1111111 first');
  });

  it('when somebody made it anew and nothing is served yet', () => {
    expect(decide({ rollout: () => live(v2) }).started).toEqual([returning]);
  });

  it.each<[string, Partial<ReturnInput>, typeof v1?]>([
    ['it is there', { rollout: () => live(v2, { stableRS: 'a' }) }],
    ['it was never applied', { applied: new Set() }],
    ['no stable revision is on record', { snapshots: new Map() }],
    ['the stable revision is what Git declares', {}, v1],
    ['Git cannot be read', { declared: false }],
    ['it is held, and comes back held', { holds: [holdOf(v2, v1)] }],
    ['it is being deleted', { rollout: () => ({ ...live(v2), metadata: { name: 'web', deletionTimestamp: NOW } }) }],
  ])('but not when %s', (_name, more, texts) => {
    expect(decide(more, texts)).toEqual({ returns: [], started: [], ended: [] });
  });

  const { podHash = '' } = snapshot;
  it.each<[string, Partial<ReturnInput>, string | undefined, typeof v1?]>([
    ['stays while nothing is there', {}, undefined],
    ['stays while its pods are not served', { rollout: () => live(v1) }, undefined],
    [
      'stays while what is served is another thing',
      { rollout: () => live(v2, { stableRS: 'x', currentPodHash: 'x' }) },
      undefined,
    ],
    ['stays while Git cannot be read', { declared: false, sets: new Map() }, undefined],
    ['ends when it is served', { rollout: () => live(v1, { stableRS: podHash }) }, 'served'],
    ['ends when Git declares the stable revision', {}, 'declared', v1],
    ['ends when it has left Git', { sets: new Map() }, 'gone'],
    ['ends when it is held', { holds: [holdOf(v2, v1)] }, 'held'],
    ['ends when the stable revision is no longer on record', { snapshots: new Map() }, 'unrecorded'],
  ])('which %s', (_name, more, why, texts) => {
    const { ended, started } = decide({ returns: [returning], ...more }, texts);
    expect(ended.map((each) => each.why)).toEqual(why === undefined ? [] : [why]);
    expect(started).toEqual([]);
  });
});

it('what comes back is the stable Rollout and what its pods read, with the other fields as Git declares them', () => {
  const more = { ...v2, 'deploy/web.yaml': (v2['deploy/web.yaml'] ?? '').replace('replicas: 2', 'replicas: 7') };
  const { objects } = wantedObjects(declare(more), [], new Map([[WEB, snapshot]]), [returning]);
  expect(objects.map(({ ref, returning: by }) => [ref.kind, by])).toEqual([
    ['ConfigMap', returning],
    ['Rollout', returning],
  ]);
  expect(objects[0]?.object['data']).toEqual({ mode: 'one' });
  expect(objects[1]?.object.spec).toMatchObject({
    replicas: 7,
    template: { spec: { containers: [{ image: 'web:1' }] } },
  });
});
