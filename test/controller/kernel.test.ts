import { describe, expect, it } from 'vitest';
import type { ObjectMeta } from '../../src/api/k8s.ts';
import { objectKey } from '../../src/api/object-key.ts';
import { Kernel } from '../../src/controller/kernel.ts';
import { Refusal } from '../../src/controller/failure.ts';
import type { Decision, Use } from '../../src/controller/use.ts';
import { ApiError, ConnectionError } from '../../src/kube/errors.ts';
import { LostLeadership } from '../../src/kube/lease.ts';
import { mergePatch } from 'kube-sandbox/merge-patch';
import { settle, VirtualClock } from 'kube-sandbox/virtual-clock';

interface Status {
  step?: number;
  count?: number;
  problem?: string;
  said?: string;
}
interface Thing {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: { steps: number };
  status?: Status;
}
type Intent = { do: string; needs?: string };
type Seen = { thing: Thing; recorded: Status };

const KEY = objectKey({ group: 'test', kind: 'Thing', namespace: 'shop', name: 'web' });
const RESOURCE = { group: 'test', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };
const conflict = () => new ApiError({ status: 409, reason: 'Conflict', message: 'the object has been modified' });

/** A cluster of one object, and a kernel that drives it by `decide`. */
function world(
  decide: (seen: Seen) => Decision<Status, Intent>,
  more: Partial<Use<Thing, Status, Seen, Intent, Decision<Status, Intent>>> = {},
) {
  const clock = new VirtualClock();
  let stored: Thing | undefined = {
    apiVersion: 'test/v1',
    kind: 'Thing',
    metadata: { name: 'web', namespace: 'shop', uid: 'u', generation: 1, resourceVersion: '1' },
    spec: { steps: 3 },
  };
  let cached: Thing | undefined = stored;
  const handlers = new Set<(change: any) => void>();
  const did: string[] = [];
  const logs: string[] = [];
  const passes: boolean[] = [];
  const own = { owns: true, fenced: true };
  const trouble = new Map<string, () => void>();
  const put = (thing: Thing | undefined): void => {
    const old = cached;
    cached = thing;
    const object = thing ?? old;
    for (const handler of handlers) handler({ type: thing === undefined ? 'deleted' : 'updated', object, old });
  };
  const change = (next: Partial<Thing>, meta: Partial<ObjectMeta> = {}): Thing => {
    if (stored === undefined) throw new Error('gone');
    const resourceVersion = String(Number(stored.metadata.resourceVersion) + 1);
    stored = { ...stored, ...next, metadata: { ...stored.metadata, ...meta, resourceVersion } };
    return stored;
  };
  const client: any = {
    get: async () => stored,
    async patch(_resource: unknown, { body }: { body: { metadata: ObjectMeta; status: object } }) {
      trouble.get('record')?.();
      if (body.metadata.resourceVersion !== stored?.metadata.resourceVersion) throw conflict();
      did.push(`record ${JSON.stringify(body.status)}`);
      const written = change({ status: mergePatch({ ...stored?.status }, body.status as any) as Status });
      trouble.get('answer')?.();
      return written;
    },
  };
  for (const verb of ['list', 'watch', 'discover', 'resourceFor', 'create', 'update', 'delete', 'raw'])
    client[verb] = () => Promise.reject(new Error(verb));
  const kernel = new Kernel<Thing, Status, Seen, Intent>(
    {
      controller: 'thing',
      resource: RESOURCE,
      fieldManager: 'test',
      prose: ['said'],
      cache: {
        get: () => cached,
        list: () => (cached === undefined ? [] : [cached]),
        observe: put,
        onChange: (handler) => {
          handlers.add(handler);
          return () => void handlers.delete(handler);
        },
      },
      observe: (thing, recorded) => ({ thing, recorded: recorded ?? {} }),
      decide,
      execute: async (intent) => {
        did.push(intent.do);
        trouble.get(intent.do)?.();
      },
      ...more,
    },
    {
      client,
      ownership: {
        owns: () => own.owns,
        fence: () => {
          if (!own.fenced) throw new LostLeadership('another leads');
          return { marginMs: 10_000 };
        },
        onChange: () => () => undefined,
      },
      clock,
      random: () => 0,
      secrecy: { scrub: (text) => text.replaceAll('hunter2-token', '***') },
      log: {
        debug: () => undefined,
        info: (message) => void logs.push(`info ${message}`),
        warn: (message) => void logs.push(`warn ${message}`),
        error: (message, fields) =>
          void logs.push(`error ${message}${fields?.['error'] instanceof Error ? ' with stack' : ''}`),
      },
      metrics: { passed: (_controller, _ms, failed) => void passes.push(failed) },
    },
  );
  kernel.start();
  return {
    clock,
    kernel,
    did,
    logs,
    passes,
    own,
    trouble,
    /** Another one's write, as the watch brings it. */
    edit: (next: Partial<Thing>, meta?: Partial<ObjectMeta>) => put(change(next, meta)),
    /** Another one's write that the watch has not brought yet. */
    editUnseen: change,
    /** The watch brings what is stored. */
    watch: () => put(stored),
    remove: () => put((stored = undefined)),
    status: () => stored?.status,
  };
}

/** Does `first` and then rests, whatever it did. */
const once = (...names: string[]) => {
  const left = [...names];
  return (): Decision<Status, Intent> => ({
    status: { step: 1 },
    intents: left.splice(0, left.length).map((name) => ({ do: name })),
  });
};
const fails = (error: Error) => () => {
  throw error;
};
const refused = new ApiError({ status: 422, reason: 'Invalid', message: 'spec.x: is wrong' });

describe('the kernel', () => {
  it('acts until nothing is left to do, and records that once', async () => {
    const { did, clock } = world(({ recorded: { step = 0 }, thing }) =>
      step < thing.spec.steps
        ? { status: { step: step + 1 }, intents: [{ do: `step ${step + 1}` }] }
        : { status: { step }, intents: [] },
    );
    await clock.advance(1000);
    expect(did).toEqual(['step 1', 'step 2', 'step 3', 'record {"step":3}']);
  });

  it('writes nothing where the record says so already', async () => {
    const { did, clock, kernel } = world(once());
    await clock.advance(0);
    kernel.add(KEY);
    await clock.advance(1000);
    expect(did).toEqual(['record {"step":1}']);
  });

  it('records no text that quotes a secret, and takes what it has cleaned for what it decided', async () => {
    let times = 0;
    const { did, clock, kernel } = world(() => {
      times++;
      return { status: { said: 'denied: hunter2-token', problem: 'hunter2-token' }, intents: [] };
    });
    await clock.advance(0);
    kernel.add(KEY);
    await clock.advance(1000);
    expect(times).toBeGreaterThan(2);
    expect(did).toEqual(['record {"said":"denied: ***","problem":"hunter2-token"}']);
  });

  it('records first where the decision asks for it, and acts only on what is on record', async () => {
    const { did, clock, trouble } = world(() => ({ status: { step: 1 }, intents: [{ do: 'apply' }], recordAfter: 0 }), {
      execute: async ({ do: name }) => (did.push(name), 'unchanged' as const),
    });
    trouble.set('record', fails(new ConnectionError('down')));
    await clock.advance(1);
    expect(did).toEqual([]);
    trouble.clear();
    await clock.advance(100);
    expect(did.slice(0, 2)).toEqual(['record {"step":1}', 'apply']);
  });

  it('does what is most urgent, then records, then does the rest', async () => {
    const did: string[] = [];
    const { clock } = world(
      ({ recorded }) => ({
        status: { step: 1 },
        intents: recorded.step === 1 ? [{ do: 'scale' }] : [{ do: 'weights' }, { do: 'scale' }],
        ...(recorded.step === 1 ? {} : { recordAfter: 1, urgent: true }),
      }),
      {
        execute: async ({ do: name }) => (did.push(name), 'unchanged' as const),
        tell: () => void did.push('record'),
      },
    );
    await clock.advance(100);
    expect(did.slice(0, 3)).toEqual(['weights', 'record', 'scale']);
  });

  it('lets a failure stop only what depends on it', async () => {
    const left = [{ do: 'a' }, { do: 'b', needs: 'a' }, { do: 'c' }];
    const { did, clock, trouble, status } = world(() => ({ status: { step: 1 }, intents: left }), {
      execute: async ({ do: name }) => (did.push(name), trouble.get(name)?.(), 'unchanged' as const),
      dependsOn: (intent, failed) => intent.needs === failed.do,
      project: (look, failures) => ({ ...look.decision.status, ...(failures[0] && { problem: failures[0].message }) }),
    });
    trouble.set('a', fails(refused));
    await clock.advance(1);
    expect(did).toEqual(['a', 'c', 'record {"step":1,"problem":"spec.x: is wrong"}', 'c']);
    expect(status()).toEqual({ step: 1, problem: 'spec.x: is wrong' });
  });

  it('does not try what was refused again until its time has come or somebody changed something', async () => {
    const { did, clock, trouble, edit, kernel, logs } = world(() => ({ status: { step: 1 }, intents: [{ do: 'a' }] }), {
      execute: async ({ do: name }) => (did.push(name), trouble.get(name)?.(), 'unchanged' as const),
    });
    const tries = (): number => did.filter((name) => name === 'a').length;
    trouble.set('a', fails(refused));
    await clock.advance(1000);
    for (let n = 0; n < 5; n++) kernel.add(KEY);
    await clock.advance(1000);
    expect(tries()).toBe(1);
    edit({ spec: { steps: 4 } }, { generation: 2 });
    await clock.advance(100);
    expect(tries()).toBe(2);
    await clock.advance(3_600_000);
    expect(tries()).toBeGreaterThan(10);
    expect(tries()).toBeLessThan(60);
    expect(logs.every((line) => line === 'info a write was refused')).toBe(true);
  });

  it('takes a word of ours for a person as a refusal', async () => {
    const { clock, trouble, logs, passes } = world(once('a'));
    trouble.set('a', fails(new Refusal('ReplicaSet web belongs to nobody; remove it')));
    await clock.advance(1);
    expect(logs).toEqual(['info a write was refused']);
    expect(passes[0]).toBe(true);
  });

  it('backs off further each time while the server is away, whatever changes meanwhile', async () => {
    const { did, clock, trouble, kernel } = world(() => ({ status: {}, intents: [{ do: 'a' }] }));
    trouble.set('a', fails(new ConnectionError('down')));
    for (let n = 0; n < 200; n++) {
      kernel.add(KEY);
      await clock.advance(100);
    }
    expect(did.length).toBeLessThan(20);
    kernel.add(KEY, { urgent: true });
    const before = did.length;
    await clock.advance(0);
    expect(did.length).toBe(before + 1);
  });

  it('looks at the live object where somebody wrote first', async () => {
    const { did, clock, editUnseen, status, logs } = world(({ thing }) => ({
      status: { step: thing.spec.steps },
      intents: [],
    }));
    editUnseen({ spec: { steps: 7 } });
    await clock.advance(1);
    expect(did).toEqual(['record {"step":7}']);
    expect(status()).toEqual({ step: 7 });
    expect(logs).toEqual([]);
  });

  it('decides again on a status that somebody else has written meanwhile', async () => {
    const { clock, edit, status } = world(
      ({ recorded }) => ({
        status: { ...recorded, step: (recorded.step ?? 0) === 0 ? 1 : 2 },
        intents: recorded.step ? [] : [{ do: 'a' }],
      }),
      { execute: async () => edit({ status: { step: 0, said: 'by hand' } }) },
    );
    await clock.advance(1000);
    expect(status()?.said).toBe('by hand');
  });

  it('records how far it came when it finds no rest, and goes on later', async () => {
    const { did, clock, status } = world(({ recorded: { step = 0 } }) =>
      step < 50 ? { status: { step: step + 1 }, intents: [{ do: 'w' }] } : { status: { step }, intents: [] },
    );
    await clock.advance(1000);
    expect(status()).toEqual({ step: 50 });
    expect(did.filter((d) => d === 'w').length).toBe(50);
    expect(did.filter((d) => d.startsWith('record')).length).toBe(3);
  });

  it('backs off where there is never any rest', async () => {
    const { did, clock } = world(() => ({ status: {}, intents: [{ do: 'w' }] }));
    await clock.advance(60_000);
    expect(did.length).toBeLessThan(400);
  });

  it('lets counters wait for company', async () => {
    const { did, clock } = world(({ thing }) => ({ status: { count: thing.metadata.generation ?? 0 }, intents: [] }), {
      mayWait: (patch) => Object.keys(patch).every((field) => field === 'count'),
    });
    await clock.advance(1999);
    expect(did).toEqual([]);
    await clock.advance(1);
    expect(did).toEqual(['record {"count":1}']);
  });

  it('tells of what is on record, once, also when the answer to the record was lost', async () => {
    const told: unknown[] = [];
    const { clock, trouble, watch } = world(once(), {
      tell: (before, after) => void told.push([before?.step, after.step]),
    });
    trouble.set('answer', fails(new ConnectionError('reset')));
    await clock.advance(0);
    expect(told).toEqual([]);
    trouble.clear();
    watch();
    await clock.advance(1000);
    expect(told).toEqual([[undefined, 1]]);
  });

  it('neither looks at nor writes for what another process owns', async () => {
    const { did, clock, own, kernel, logs } = world(once('a'));
    await clock.advance(1);
    own.owns = false;
    did.length = 0;
    kernel.add(KEY, { urgent: true });
    await clock.advance(1);
    expect(did).toEqual([]);
    expect(logs).toEqual([]);
  });

  it('ends a pass without a word when it is no longer the owner at the moment of a write', async () => {
    const { did, clock, own, logs } = world(once('a'), { execute: async () => void (own.fenced = false) });
    await clock.advance(1000);
    expect(did).toEqual([]);
    expect(logs).toEqual([]);
  });

  it('ends the pass of an object that is deleted', async () => {
    const signals: AbortSignal[] = [];
    const { clock, remove, kernel } = world(once('a'), {
      execute: (_intent, { signal }) =>
        new Promise((_resolve, reject) => {
          signals.push(signal);
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    });
    await clock.advance(0);
    remove();
    await settle();
    expect(signals.map((s) => s.aborted)).toEqual([true]);
    expect(kernel.queue.depth().running).toBe(0);
  });

  it('tells of a fault of its own with its stack, once, and says that passes fail', async () => {
    const { clock, logs, passes } = world(fails(new TypeError('undefined is not a function')));
    await clock.advance(1000);
    expect(logs[0]).toBe('error a pass failed with stack');
    expect(logs.slice(1).every((line) => line === 'error a pass failed')).toBe(true);
    expect(passes.length).toBeGreaterThan(3);
    expect(passes.every(Boolean)).toBe(true);
  });
});
