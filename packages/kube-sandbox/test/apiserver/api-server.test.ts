import { describe, expect, test } from 'vitest';
import type { HttpResponse } from '../../src/transport.ts';
import type { ApiServer } from '../../src/apiserver/api-server.ts';
import { createApiServer } from '../../src/apiserver/api-server.ts';
import type { StoreEvent } from '../../src/apiserver/store.ts';
import { VirtualClock, settle } from '../../src/virtual-clock.ts';

const CONFIG_MAP = { group: '', kind: 'ConfigMap' };
const MAPS = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});

const setup = (): { clock: VirtualClock; server: ApiServer } => {
  const clock = new VirtualClock();
  return { clock, server: createApiServer({ clock }) };
};

async function textOf(response: HttpResponse): Promise<string> {
  let text = '';
  for await (const piece of response.body) text += piece;
  return text;
}

const jsonOf = async (response: HttpResponse): Promise<any> => JSON.parse(await textOf(response));

/** Reads a watch in the background; `ended` tells how it went. */
function follow(response: HttpResponse): { events: any[]; ended: () => string } {
  const events: any[] = [];
  let ended = 'open';
  const read = async (): Promise<void> => {
    for await (const piece of response.body) events.push(JSON.parse(piece));
  };
  read().then(
    () => (ended = 'clean'),
    () => (ended = 'broken'),
  );
  return { events, ended: () => ended };
}

describe('the store of the sandbox', () => {
  test('announces changes after the write, in order', async () => {
    const { clock, server } = setup();
    const seen: StoreEvent[] = [];
    server.store.subscribe(CONFIG_MAP, (event) => seen.push(event));
    const made = server.store.create(CONFIG_MAP, configMap('a'));
    server.store.update(CONFIG_MAP, { ...made, data: { x: '1' } });
    server.store.delete(CONFIG_MAP, 'a', 'default');
    expect(seen).toEqual([]);
    await clock.advance(0);
    expect(seen.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    expect(seen.map(({ object }) => object['data'])).toEqual([undefined, { x: '1' }, { x: '1' }]);
  });

  test('hands out copies', () => {
    const { server } = setup();
    server.store.create(CONFIG_MAP, configMap('a', { x: '1' }));
    const copy = server.store.get(CONFIG_MAP, 'a', 'default');
    if (copy !== undefined) Object.assign(copy, { data: { x: 'changed' } });
    expect(server.store.get(CONFIG_MAP, 'a', 'default')?.['data']).toEqual({ x: '1' });
  });

  test('refuses a write over a newer one', () => {
    const { server } = setup();
    const made = server.store.create(CONFIG_MAP, configMap('a'));
    server.store.update(CONFIG_MAP, { ...made, data: { x: '1' } });
    expect(() => server.store.update(CONFIG_MAP, { ...made, data: { x: '2' } })).toThrow(/has been modified/);
  });

  test('draws the same names and uids in each run', () => {
    const uids = [setup(), setup()].map(({ server }) => server.store.create(CONFIG_MAP, configMap('a')).metadata.uid);
    expect(uids[0]).toBe(uids[1]);
  });
});

describe('watches under a virtual clock', () => {
  test('bring bookmarks every minute and end when their time is over', async () => {
    const { clock, server } = setup();
    const path = `${MAPS}?watch=1&resourceVersion=${server.revision}&allowWatchBookmarks=true&timeoutSeconds=100`;
    const watch = follow(await server.transport().request({ method: 'GET', path, stream: true }));
    await clock.advance(61_000);
    expect(watch.events.map((e) => e.type)).toEqual(['BOOKMARK']);
    await clock.advance(40_000);
    expect(watch.ended()).toBe('clean');
    expect(clock.pending).toBe(0);
  });

  test('begin with what is there, and say when that is over', async () => {
    const { server } = setup();
    server.store.create(CONFIG_MAP, configMap('a'));
    const path = `${MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
    const watch = follow(await server.transport().request({ method: 'GET', path, stream: true }));
    await settle();
    expect(watch.events.map((e) => e.type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(watch.events[1].object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
  });

  test('get 410 after a compaction, as an event that ends them', async () => {
    const { server } = setup();
    const from = server.revision;
    server.store.create(CONFIG_MAP, configMap('a'));
    server.store.create(CONFIG_MAP, configMap('b'));
    server.compact();
    const path = `${MAPS}?watch=1&resourceVersion=${from}`;
    const watch = follow(await server.transport().request({ method: 'GET', path, stream: true }));
    await settle();
    expect(watch.events).toHaveLength(1);
    expect(watch.events[0]).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    expect(watch.ended()).toBe('clean');
  });

  test('break when they are dropped', async () => {
    const { server } = setup();
    const path = `${MAPS}?watch=1&resourceVersion=${server.revision}`;
    const watch = follow(await server.transport().request({ method: 'GET', path, stream: true }));
    server.dropWatches();
    await settle();
    expect(watch.ended()).toBe('broken');
  });
});

describe('lists after a compaction', () => {
  test('give 410 with a token that goes on with the present state', async () => {
    const { server } = setup();
    for (const name of ['a', 'b', 'c']) server.store.create(CONFIG_MAP, configMap(name));
    const transport = server.transport();
    const first = await jsonOf(await transport.request({ method: 'GET', path: `${MAPS}?limit=1` }));
    server.store.create(CONFIG_MAP, configMap('d'));
    server.compact();
    const token = first.metadata.continue as string;
    const gone = await jsonOf(await transport.request({ method: 'GET', path: `${MAPS}?limit=1&continue=${token}` }));
    expect(gone).toMatchObject({ code: 410, reason: 'Expired' });
    const path = `${MAPS}?continue=${gone.metadata.continue as string}`;
    const rest = await jsonOf(await transport.request({ method: 'GET', path }));
    expect(rest.items.map((i: any) => i.metadata.name)).toEqual(['b', 'c', 'd']);
  });
});

describe('faults', () => {
  const post = { method: 'POST', path: MAPS, body: JSON.stringify(configMap('a')) };

  test('a refused call has no effect', async () => {
    const { server } = setup();
    server.intercept(() => ({ fail: 'refuse' }));
    await expect(server.transport().request(post)).rejects.toThrow(/ECONNREFUSED/);
    expect(server.store.get(CONFIG_MAP, 'a', 'default')).toBeUndefined();
  });

  test('a lost answer has had its effect', async () => {
    const { server } = setup();
    server.intercept((request) => (request.method === 'POST' ? { fail: 'after' } : undefined));
    await expect(server.transport().request(post)).rejects.toThrow(/socket hang up/);
    expect(server.store.get(CONFIG_MAP, 'a', 'default')).toBeDefined();
  });

  test('a status is answered in its place until the interception ends', async () => {
    const { server } = setup();
    const stop = server.intercept(() => ({ fail: 429 }));
    const throttled = await server.transport().request(post);
    expect([throttled.status, throttled.headers['retry-after']]).toEqual([429, '1']);
    stop();
    expect((await server.transport().request(post)).status).toBe(201);
  });

  test('a call that is never answered times out by the clock', async () => {
    const { clock, server } = setup();
    server.intercept(() => ({ fail: 'hang' }));
    const outcome = server.transport().request({ ...post, timeoutMs: 500 });
    const caught = outcome.catch((error: unknown) => String(error));
    await clock.advance(500);
    expect(await caught).toMatch(/timed out/);
  });
});

describe('namespaces', () => {
  test('take their contents with them', async () => {
    const { clock, server } = setup();
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
    server.store.create({ group: '', kind: 'Namespace' }, namespace);
    const inside = configMap('a');
    server.store.create(CONFIG_MAP, { ...inside, metadata: { name: 'a', namespace: 'shop' } });
    server.store.delete({ group: '', kind: 'Namespace' }, 'shop');
    expect(() => server.store.create(CONFIG_MAP, { ...inside, metadata: { name: 'b', namespace: 'shop' } })).toThrow(
      /because it is being terminated/,
    );
    await clock.advance(0);
    expect(server.store.list(CONFIG_MAP, { namespace: 'shop' })).toEqual([]);
    expect(server.store.get({ group: '', kind: 'Namespace' }, 'shop')).toBeUndefined();
  });
});

test('a protobuf body is refused with 415', async () => {
  const { server } = setup();
  const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
  const reply = await server.transport().request({ method: 'POST', path: MAPS, headers, body: 'k8s' });
  expect(reply.status).toBe(415);
});
