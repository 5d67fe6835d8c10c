// How many Events the workload controllers write, and what keeps them few.
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/objects.ts';
import { createApiServer } from '../../src/apiserver/api-server.ts';
import { ControllerEvents } from '../../src/workloads/controller-events.ts';
import { VirtualClock } from '../../src/virtual-clock.ts';

const EVENT = { group: '', kind: 'Event' };
const about: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: 'web', namespace: 'default', uid: 'u1' },
};

function open() {
  const clock = new VirtualClock();
  const { store } = createApiServer({ clock });
  const tell = new ControllerEvents(store, clock).by('replicaset-controller');
  const events = (): any[] => store.list(EVENT, { namespace: 'default' });
  return { clock, store, tell, events };
}

describe('Events of controllers', () => {
  test('are counted on one object while they say the same', () => {
    const { tell, events } = open();
    for (let n = 0; n < 3; n++) tell(about, { reason: 'SuccessfulCreate', message: 'Created pod: a' });
    expect(events().map(({ count, message }) => [count, message])).toEqual([[3, 'Created pod: a']]);
  });

  test('are told as one from the tenth of a kind on, for ten minutes', async () => {
    const { clock, tell, events } = open();
    for (let n = 0; n < 12; n++) tell(about, { reason: 'SuccessfulCreate', message: `Created pod: ${n}` });
    expect(events()).toHaveLength(10);
    const combined = events().find(({ count }) => count === 3);
    expect(combined.message).toBe('(combined from similar events): Created pod: 11');
    await clock.advance(601_000);
    tell(about, { reason: 'SuccessfulCreate', message: 'Created pod: later' });
    expect(events().some(({ message }) => message === 'Created pod: later')).toBe(true);
  });

  test('stop for an object after 25 at once, and come back one in five minutes', async () => {
    const { clock, tell, events } = open();
    const times = (): number => events().reduce<number>((sum, { count }) => sum + Number(count), 0);
    for (let n = 0; n < 40; n++) tell(about, { reason: `Reason${n}`, message: 'm' });
    expect(times()).toBe(25);
    await clock.advance(300_000);
    for (let n = 40; n < 43; n++) tell(about, { reason: `Reason${n}`, message: 'm' });
    expect(times()).toBe(26);
  });

  test('are named by the time, between two milliseconds as well', async () => {
    const { clock, tell, events } = open();
    await clock.advance(0.25);
    tell(about, { reason: 'SuccessfulCreate', message: 'Created pod: a' });
    await clock.advance(0.5);
    tell(about, { reason: 'SuccessfulDelete', message: 'Deleted pod: a' });
    const names = events().map(({ metadata }) => metadata.name as string);
    expect(names).toEqual(names.toSorted());
    expect(names).toEqual([expect.stringMatching(/^web\.[0-9a-f]{16}$/), expect.stringMatching(/^web\.[0-9a-f]{16}$/)]);
  });

  test('about an object of a namespace that is going are dropped', () => {
    const { store, tell, events } = open();
    store.delete({ group: '', kind: 'Namespace' }, 'default');
    tell(about, { reason: 'SuccessfulCreate', message: 'Created pod: a' });
    expect(events()).toEqual([]);
  });
});
