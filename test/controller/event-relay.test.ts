import { beforeEach, describe, expect, it } from 'vitest';
import { objectKeyOf } from '../../src/api/object-key.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { EventRelay } from '../../src/controller/event-relay.ts';
import type { Announcement } from '../../src/rollout/announcements.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';

const web: Rollout = {
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector: {}, template: {}, strategy: { canary: {} } },
};

const step = (number: number): Announcement => ({
  type: 'Normal',
  reason: 'RolloutStepCompleted',
  message: `Step ${number}/9 completed (weight ${number})`,
  key: `r/StepDone/${number - 1}`,
  release: 'r',
  finished: { first: number - 1, last: number - 1, of: 9, what: [`weight ${number}`] },
});
const paused: Announcement = {
  type: 'Normal',
  reason: 'RolloutPaused',
  message: 'Step 3/9: pause',
  key: 'p',
  release: 'r',
};
const begun: Announcement = { type: 'Normal', reason: 'RolloutUpdated', message: 'Rolling out', key: 'b' };

let clock: VirtualClock;
let events: string[];
let eventRelay: EventRelay;

beforeEach(() => {
  clock = new VirtualClock();
  events = [];
  eventRelay = new EventRelay({ emit: (_, { message }) => void events.push(message) }, clock);
});

describe('telling', () => {
  it('does not wait with the beginning of a release', () => {
    eventRelay.tell(web, [begun]);
    expect(events).toEqual(['Rolling out']);
  });

  it('tells of a finished step with what it led to', () => {
    eventRelay.tell(web, [step(1)]);
    eventRelay.tell(web, [step(2), paused]);
    expect(events).toEqual(['Steps 1-2/9 completed (weight 1, weight 2); step 3/9: pause']);
  });

  it('tells of a finished step within five seconds, however many follow', async () => {
    eventRelay.tell(web, [step(1)]);
    await clock.advance(3_000);
    eventRelay.tell(web, [step(2)]);
    await clock.advance(1_999);
    expect(events).toEqual([]);
    await clock.advance(1);
    expect(events).toEqual(['Steps 1-2/9 completed (weight 1, weight 2)']);
  });

  it('tells of what waits before anything that does not belong to it', () => {
    eventRelay.tell(web, [step(1)]);
    eventRelay.tell(web, [begun]);
    expect(events).toEqual(['Step 1/9 completed (weight 1)', 'Rolling out']);
  });

  it('leaves nothing untold when it ends', async () => {
    eventRelay.tell(web, [step(1)]);
    eventRelay.flush();
    await clock.advance(10_000);
    expect(events).toEqual(['Step 1/9 completed (weight 1)']);
  });

  it('forgets a Rollout that is gone', async () => {
    eventRelay.tell(web, [step(1)]);
    eventRelay.forget(objectKeyOf(web));
    await clock.advance(10_000);
    expect(events).toEqual([]);
  });
});
