// The contract of history: how a watch or a list is told that what it asks for is too old, and how bookmarks keep a watch young.
import { describe, expect, test } from 'vitest';
import type { Reply } from './target.ts';
import { openNamespace } from './target.ts';

const NAMESPACE = `expiry-${process.pid}`;
const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;

const target = openNamespace(NAMESPACE);

const made = (name: string): Promise<Reply> => target.call('POST', MAPS, { metadata: { name } });
const tokenOf = (reply: Reply): string => encodeURIComponent(reply.body.metadata.continue);
const encoded = (token: object): string => Buffer.from(JSON.stringify(token)).toString('base64url');
const decoded = (token: string): Reply['body'] => JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));

/** The end-to-end cluster's server, which compacts every 10 s. */
const FORGETS_WITHIN_MS = 60_000;

describe('what has been forgotten', () => {
  /** Asks until it is forgotten. Undefined: the server is young, and keeps its history for minutes. */
  const forgotten = async (path: string): Promise<Reply | undefined> => {
    target.compact();
    const asked = target.eventually(path, ({ status }) => status === 410, FORGETS_WITHIN_MS);
    return process.env['CI'] === 'true' ? asked : asked.catch(() => undefined);
  };
  const YOUNG = 'this server has forgotten nothing yet; come back in some minutes';

  test('ends a list in pages, with a token that goes on at the present state', async ({ skip }) => {
    for (const name of ['page-1', 'page-2', 'page-3']) await made(name);
    const first = await target.call('GET', `${MAPS}?limit=1`);
    const next = await target.call('GET', `${MAPS}?limit=1&continue=${tokenOf(first)}`);
    expect(next.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    const old = encodeURIComponent(encoded({ ...decoded(next.body.metadata.continue), rv: 1 }));
    const reply = await forgotten(`${MAPS}?limit=1&continue=${old}`);
    if (reply === undefined) return skip(YOUNG);
    expect(reply.body).toMatchObject({
      kind: 'Status',
      status: 'Failure',
      reason: 'Expired',
      code: 410,
      message: expect.stringContaining(
        'The provided continue parameter is too old to display a consistent list result.',
      ),
    });
    expect(decoded(reply.body.metadata.continue)).toMatchObject({ v: 'meta.k8s.io/v1', rv: -1 });
    await made('page-4');
    const rest = await target.call('GET', `${MAPS}?continue=${tokenOf(reply)}`);
    expect(rest.status).toBe(200);
    const names = rest.body.items.map((item: Reply['body']) => item.metadata.name);
    expect(names).toContain('page-4');
    expect(names).not.toContain('page-1');
  });

  test('cannot be listed', async ({ skip }) => {
    const reply = await forgotten(`${MAPS}?resourceVersionMatch=Exact&resourceVersion=1`);
    if (reply === undefined) return skip(YOUNG);
    expect(reply.body).toMatchObject({ kind: 'Status', code: 410, reason: 'Expired' });
    expect(reply.body.message).toBe('The resourceVersion for the provided list is too old.');
  });
});

describe('tokens and versions that never were', () => {
  test('are refused', async () => {
    const bad = await target.call('GET', `${MAPS}?continue=nonsense`);
    expect(bad.body).toMatchObject({ code: 400, reason: 'BadRequest' });
    expect(bad.body.message).toContain('continue key is not valid');
    const both = await target.call(
      'GET',
      `${MAPS}?limit=1&resourceVersion=5&continue=${encoded({ v: 'meta.k8s.io/v1', rv: 5, start: 'x' })}`,
    );
    expect(both.body).toMatchObject({
      code: 400,
      message: 'specifying resource version is not allowed when using continue',
    });
    const odd = await target.call('GET', `${MAPS}?resourceVersion=abc`);
    expect(odd.body).toMatchObject({ code: 400, reason: 'BadRequest' });
  });

  test('of the future make a list wait, then end in a time-out that says when to try again', async () => {
    const reply = await target.call('GET', `${MAPS}?resourceVersion=99999999999`);
    expect(reply.body).toMatchObject({
      code: 504,
      reason: 'Timeout',
      message: expect.stringMatching(/^Too large resource version: 99999999999, current: \d+$|^Timeout: Too large/),
      details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 },
    });
    expect(reply.headers['retry-after']).toBe('1');
  });
});

describe('pages', () => {
  test('count what remains, and the last one has no token', async () => {
    for (const name of ['rest-1', 'rest-2', 'rest-3']) await made(name);
    const all = await target.call('GET', MAPS);
    const total = all.body.items.length;
    const first = await target.call('GET', `${MAPS}?limit=2`);
    expect(first.body.metadata.remainingItemCount).toBe(total - 2);
    const last = await target.call('GET', `${MAPS}?limit=500&continue=${tokenOf(first)}`);
    expect(last.body.items).toHaveLength(total - 2);
    expect(last.body.metadata.remainingItemCount).toBeUndefined();
    expect(last.body.metadata.continue ?? '').toBe('');
    const names = [...first.body.items, ...last.body.items].map((item): string => item.metadata.name);
    expect(names).toEqual(names.toSorted());
  });
});

describe('a watch', () => {
  const lastVersion = async (): Promise<string> => (await target.call('GET', MAPS)).body.metadata.resourceVersion;

  test('is told by bookmarks how far it has come, the last time before its end', async () => {
    const from = await lastVersion();
    const path = `${MAPS}?watch=1&allowWatchBookmarks=true&resourceVersion=${from}&timeoutSeconds=4`;
    const watching = target.watch(path, Infinity);
    const { body } = await made('marked');
    const events = await watching;
    expect(events.map(({ type }) => type).slice(0, 2)).toEqual(['ADDED', 'BOOKMARK']);
    const mark = events.find(({ type }) => type === 'BOOKMARK').object;
    expect(Object.keys(mark).toSorted()).toEqual(['apiVersion', 'kind', 'metadata']);
    expect(mark).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
    expect(Object.keys(mark.metadata)).toEqual(['resourceVersion']);
    expect(Number(mark.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(body.metadata.resourceVersion));
    const next = `${MAPS}?watch=1&resourceVersion=${mark.metadata.resourceVersion}&timeoutSeconds=1`;
    expect(await target.watch(next, Infinity)).toEqual([]);
  });

  test('tells changes in the order of their versions, each once', async () => {
    const from = await lastVersion();
    const names = ['o-1', 'o-2', 'o-3', 'o-4'];
    for (const name of names) await made(name);
    for (const name of names.toReversed()) await target.call('DELETE', `${MAPS}/${name}`);
    const events = await target.watch(`${MAPS}?watch=1&resourceVersion=${from}&timeoutSeconds=5`, 8);
    expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
      ...names.map((name) => `ADDED ${name}`),
      ...names.toReversed().map((name) => `DELETED ${name}`),
    ]);
    const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    expect(versions[0]).toBeGreaterThan(Number(from));
  });

  test('says nothing of a write that changed nothing', async () => {
    await made('same');
    const from = await lastVersion();
    const merge = { 'content-type': 'application/merge-patch+json' };
    await target.call('PATCH', `${MAPS}/same`, { metadata: { labels: null } }, merge);
    expect(await target.watch(`${MAPS}?watch=1&resourceVersion=${from}&timeoutSeconds=1`, Infinity)).toEqual([]);
  });

  const NEEDS = 'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
  const ODD = 'Unsupported value: "Exact": supported values: "NotOlderThan"';
  const LONE = 'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
  test.each([
    ['sendInitialEvents=true', [NEEDS]],
    ['sendInitialEvents=true&resourceVersionMatch=Exact', [NEEDS, ODD]],
    ['resourceVersionMatch=NotOlderThan', [LONE]],
  ])('with the options %s is refused', async (options, messages) => {
    const { body } = await target.call('GET', `${MAPS}?watch=1&timeoutSeconds=1&${options}`);
    expect(body).toMatchObject({ code: 422, reason: 'Invalid', details: { kind: 'ListOptions' } });
    const causes = messages.map((message) => ({
      reason: message === ODD ? 'FieldValueNotSupported' : 'FieldValueForbidden',
      message,
      field: 'resourceVersionMatch',
    }));
    expect(body.details.causes).toEqual(causes);
  });

  test('a list takes no sendInitialEvents', async () => {
    const { body } = await target.call('GET', `${MAPS}?sendInitialEvents=true`);
    expect(body).toMatchObject({
      code: 422,
      message: expect.stringContaining('sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'),
    });
  });
});
