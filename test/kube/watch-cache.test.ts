import { afterEach, describe, expect, it } from 'vitest';
import { RESOURCES } from '../../src/api/names.ts';
import { kubeClient } from '../../src/kube/client.ts';
import { WatchCache } from '../../src/kube/watch-cache.ts';
import { silentLog } from '../../src/ports/log.ts';
import { Feed, ScriptedTransport } from '../support/scripted-transport.ts';
import { settle, VirtualClock } from 'kube-sandbox/virtual-clock';

const object = (name: string, rv: string, uid = `uid-${name}`): any => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop', uid, resourceVersion: rv, managedFields: [{}] },
});

function world() {
  const clock = new VirtualClock();
  const feeds: Feed[] = [];
  const state = { items: [object('a', '1')], rv: '10', listStatus: 200, watchError: undefined as Error | undefined };
  const transport = new ScriptedTransport((request) => {
    if (request.stream) {
      if (state.watchError) return state.watchError;
      feeds.push(new Feed());
      return { body: feeds.at(-1)! };
    }
    if (state.listStatus !== 200) return { status: state.listStatus, text: '404 page not found\n' };
    return { json: { metadata: { resourceVersion: state.rv }, items: structuredClone(state.items) } };
  });
  const client = kubeClient({ transport, version: '1', clock });
  const cache = new WatchCache<any>({ client, resource: RESOURCES.configMaps, clock, random: () => 0, log: silentLog });
  const seen: string[] = [];
  cache.onChange(({ type, object: each }) => seen.push(`${type} ${each.metadata.name} ${each.metadata.uid}`));
  const watches = () => transport.requests.filter((request) => request.stream);
  const lists = () => transport.requests.filter((request) => !request.stream);
  return { clock, feeds, state, transport, cache, seen, watches, lists };
}

describe('the watch cache', () => {
  let open: ReturnType<typeof world>;
  const begin = async () => {
    open = world();
    open.cache.start();
    await settle();
    return open;
  };
  afterEach(() => open.cache.stop());

  it('lists, asks for bookmarks and a time limit, and drops managedFields', async () => {
    const { cache, watches } = await begin();
    await cache.synced();
    expect(cache.get('shop', 'a').metadata.managedFields).toBeUndefined();
    expect(watches()[0]!.path).toContain('allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=300');
  });

  it('goes on from the last bookmark after a dropped connection', async () => {
    const { clock, feeds, watches, lists } = await begin();
    feeds[0]!.push({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '50' } } });
    await settle();
    feeds[0]!.fail(new Error('reset'));
    await clock.advance(400);
    expect(watches()).toHaveLength(2);
    expect(watches()[1]!.path).toContain('resourceVersion=50');
    expect(lists()).toHaveLength(1);
  });

  it('lists again after 410 and tells of what vanished and of what was replaced under the same name', async () => {
    const { clock, feeds, seen, state } = await begin();
    feeds[0]!.push({ type: 'ADDED', object: object('b', '11') });
    await settle();
    Object.assign(state, { items: [object('a', '20', 'uid-new')], rv: '21' });
    feeds[0]!.push({ type: 'ERROR', object: { code: 410, reason: 'Expired', message: 'too old' } });
    await clock.advance(400);
    expect(seen).toEqual(['added a uid-a', 'added b uid-b', 'deleted a uid-a', 'added a uid-new', 'deleted b uid-b']);
  });

  it('survives a handler that throws', async () => {
    const { cache, feeds } = await begin();
    cache.onChange(() => {
      throw new Error('bug');
    });
    feeds[0]!.push({ type: 'MODIFIED', object: object('a', '12') }, { type: 'ADDED', object: object('c', '13') });
    await settle();
    expect(cache.get('shop', 'c')).toBeDefined();
  });

  it('shows a write at once, and an older event does not undo it', async () => {
    const { cache, feeds, seen } = await begin();
    cache.observe(object('a', '30'));
    feeds[0]!.push({ type: 'MODIFIED', object: object('a', '29') }, { type: 'MODIFIED', object: object('a', '30') });
    await settle();
    expect(cache.get('shop', 'a').metadata.resourceVersion).toBe('30');
    expect(seen).toEqual(['added a uid-a', 'updated a uid-a']);
  });

  it('does not bring a deleted object back from a late answer or a late event', async () => {
    const { cache, feeds } = await begin();
    feeds[0]!.push({ type: 'DELETED', object: object('a', '40') });
    await settle();
    cache.observe(object('a', '39'));
    expect(cache.get('shop', 'a')).toBeUndefined();
    cache.observe(object('d', '41'));
    cache.forget('shop/d', 'uid-d');
    feeds[0]!.push({ type: 'ADDED', object: object('d', '41') });
    await settle();
    expect(cache.get('shop', 'd')).toBeUndefined();
  });

  it('cuts a connection that has gone silent', async () => {
    const { clock, feeds, watches } = await begin();
    feeds[0]!.push({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '50' } } });
    await clock.advance(149_000);
    expect(watches()).toHaveLength(1);
    await clock.advance(2_000);
    expect(watches()).toHaveLength(2);
    expect(feeds[0]!.closed).toBe(true);
  });

  it('does not hammer a server that refuses', async () => {
    const { clock, feeds, state, watches, cache } = await begin();
    state.watchError = new Error('refused');
    feeds[0]!.fail(new Error('reset'));
    await clock.advance(60_000);
    expect(watches().length).toBeLessThan(14);
    await clock.advance(30_000);
    expect(cache.healthy()).toBe(false);
  });

  it('waits for a resource that is not served yet', async () => {
    open = world();
    const { cache, clock, state } = open;
    state.listStatus = 404;
    cache.start();
    await cache.synced();
    expect(cache.served).toBe(false);
    state.listStatus = 200;
    await clock.advance(10_000);
    expect(cache.served).toBe(true);
    expect(cache.size).toBe(1);
  });

  it('leaves nothing behind when it is stopped during a watch, a list or a wait', async () => {
    const { cache, clock, feeds, seen } = await begin();
    feeds[0]!.fail(new Error('reset'));
    await settle();
    await cache.stop();
    await clock.advance(600_000);
    expect(feeds).toHaveLength(1);
    expect(clock.pending).toBe(0);
    cache.observe(object('z', '99'));
    expect(seen).toEqual(['added a uid-a']);
  });
});
