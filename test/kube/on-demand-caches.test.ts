import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from 'kube-sandbox/virtual-clock';
import { RESOURCES } from '../../src/api/names.ts';
import { kubeClient } from '../../src/kube/client.ts';
import { OnDemandCaches, type Followed } from '../../src/kube/on-demand-caches.ts';
import { WatchCache } from '../../src/kube/watch-cache.ts';
import type { Identified } from '../../src/kube/types.ts';
import { silentLog } from '../../src/ports/log.ts';
import { Feed, ScriptedTransport } from '../support/scripted-transport.ts';

type Cache = WatchCache<Identified>;

function world() {
  const clock = new VirtualClock();
  const may = { read: true };
  const transport = new ScriptedTransport((request) => {
    if (!may.read) return { status: 403, json: { kind: 'Status', code: 403, reason: 'Forbidden', message: 'no' } };
    return request.stream ? { body: new Feed() } : { json: { metadata: { resourceVersion: '1' }, items: [] } };
  });
  const client = kubeClient({ transport, version: '1', clock });
  const caches = new OnDemandCaches<Cache>(clock);
  const told: string[] = [];
  const follow = (id: string): Followed<Cache> =>
    caches.follow(id, {
      open: () => new WatchCache({ client, clock, resource: RESOURCES.services, random: () => 0, log: silentLog }),
      late: () => `${id} is late`,
      settled: () => told.push(`${id} ${caches.of(id)?.state}`),
    });
  return { clock, may, transport, caches, told, follow };
}

describe('a cache that is opened on demand', () => {
  it('is on its way when it is first asked for, and ready after its first list, which is told once', async () => {
    const { clock, caches, told, follow, transport } = world();
    expect(caches.of('a')).toBeUndefined();
    const { cache, state } = follow('a');
    expect(state).toBe('pending');
    await settle();
    expect(follow('a')).toEqual({ state: 'ready', cache });
    await clock.advance(60_000);
    expect(told).toEqual(['a ready']);
    expect(transport.requests.filter(({ stream }) => !stream)).toHaveLength(1);
    await caches.stop();
  });

  it('that cannot be had is told of when it is late, and is tried on', async () => {
    const { clock, may, caches, told, follow } = world();
    may.read = false;
    const { cache } = follow('a');
    await clock.advance(9_000);
    expect([follow('a').state, told]).toEqual(['pending', []]);
    await clock.advance(2_000);
    expect(follow('a')).toEqual({ state: 'failed', cache, message: 'a is late' });
    may.read = true;
    await clock.advance(60_000);
    expect([follow('a').state, told]).toEqual(['ready', ['a failed', 'a ready']]);
    await caches.stop();
  });

  it('that is closed on its way tells nothing more, and is another one when it is asked for again', async () => {
    const { clock, may, caches, told, follow } = world();
    may.read = false;
    const { cache } = follow('a');
    await settle();
    await caches.close('a');
    expect([caches.of('a'), caches.all()]).toEqual([undefined, []]);
    may.read = true;
    await clock.advance(60_000);
    expect(told).toEqual([]);
    expect(follow('a').cache).not.toBe(cache);
    await settle();
    expect(told).toEqual(['a ready']);
    await caches.stop();
  });

  it('is not started when all of them are stopped, and nothing is told any more', async () => {
    const { clock, may, transport, caches, told, follow } = world();
    may.read = false;
    follow('a');
    await settle();
    await caches.stop();
    const asked = transport.requests.length;
    expect(follow('b').state).toBe('pending');
    await clock.advance(60_000);
    expect([transport.requests.length, told]).toEqual([asked, []]);
  });
});
