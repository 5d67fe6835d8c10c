import { describe, expect, it } from 'vitest';
import { objectKey } from '../../src/api/object-key.ts';
import type { Canary, Rollout } from '../../src/api/rollout.ts';
import type { Caches } from '../../src/controller/caches.ts';
import { claimedBefore } from '../../src/controller/claims.ts';
import { referencesOf } from '../../src/controller/references.ts';
import type { DrivenSelector } from '../../src/traffic/driven.ts';
import { drivenOf, idOf } from '../../src/traffic/driven-objects.ts';

const bySubsets = (side: string): Canary => ({
  trafficRouting: {
    istio: {
      virtualService: { name: 'web' },
      destinationRule: { name: 'web', canarySubsetName: `${side}-canary`, stableSubsetName: `${side}-stable` },
    },
  },
});
const byService = (canaryService: string, stableService: string): Canary => ({ canaryService, stableService });

const rollout = (name: string, day: number, canary: Canary, metadata: Partial<Rollout['metadata']> = {}): Rollout => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Rollout',
  metadata: { name, namespace: 'shop', creationTimestamp: `2026-01-0${day}T00:00:00Z`, ...metadata },
  spec: { selector: {}, template: {}, strategy: { canary } },
});

/** What is said of the selectors of one of them, where these are all. */
function told(one: Rollout, ...others: Rollout[]): string[] {
  const by = (_index: string, key: string): Rollout[] =>
    [one, ...others].filter((each) => referencesOf(each).includes(key));
  const caches = { rollouts: { by } } as unknown as Caches;
  const selectors = (drivenOf(one) ?? []).filter((each): each is DrivenSelector => each.drives === 'selectors');
  return selectors.flatMap((each) => {
    expect(by('', objectKey(idOf(each)))).toContain(one);
    return claimedBefore(caches, one, each)?.message ?? [];
  });
}

describe('a selector that two Rollouts name', () => {
  const canary = byService('a', 'b');

  it('is the older one’s, in whichever role each names it', () => {
    expect(told(rollout('web', 2, canary), rollout('api', 1, byService('b', 'c')))).toEqual([
      'Service b is driven by Rollout shop/api, which is older: name a Service of its own, or have that Rollout name another',
    ]);
    expect(told(rollout('api', 1, byService('b', 'c')), rollout('web', 2, canary))).toEqual([]);
  });

  it('is that one’s whose name comes first, where both were made in one second', () => {
    expect(told(rollout('web', 1, canary), rollout('api', 1, canary))).toHaveLength(2);
    expect(told(rollout('api', 1, canary), rollout('web', 1, canary))).toEqual([]);
  });

  it('is free where the older leaves Git, or is being deleted', () => {
    const leaving = [
      { annotations: { 'sluice.dev/retire': 'shop/shop' } },
      { deletionTimestamp: '2026-02-01T00:00:00Z' },
    ];
    for (const metadata of leaving)
      expect(told(rollout('web', 2, canary), rollout('api', 1, canary, metadata))).toEqual([]);
  });

  it('can be shared by subsets of one’s own', () => {
    expect(told(rollout('web', 2, bySubsets('web')), rollout('api', 1, bySubsets('api')))).toEqual([]);
    expect(told(rollout('web', 2, bySubsets('web')), rollout('api', 1, bySubsets('web')))).toHaveLength(1);
  });
});
