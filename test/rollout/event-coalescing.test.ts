import { describe, expect, it } from 'vitest';
import type { Announcement } from '../../src/rollout/announcements.ts';
import { coalesced } from '../../src/rollout/event-coalescing.ts';

const RELEASE = 'abc-1';

const step = (number: number, what: string, release = RELEASE): Announcement => ({
  type: 'Normal',
  reason: 'RolloutStepCompleted',
  message: `Step ${number}/3 completed (${what})`,
  key: `${release}/StepDone/${number - 1}`,
  rank: 10 + number,
  release,
  finished: { first: number - 1, last: number - 1, of: 3, what: [what] },
});

const told = (reason: string, message: string, release?: string): Announcement => ({
  type: 'Normal',
  reason,
  message,
  key: `${RELEASE}/${reason}`,
  rank: 50,
  ...(release === undefined ? {} : { release }),
});

const promoted = told('RolloutCompleted', 'Revision abc is promoted', RELEASE);
const texts = (list: readonly Announcement[]): string[] => coalesced(list).map((a) => `${a.reason}: ${a.message}`);

describe('announcements told together', () => {
  it('name steps in a row once, as one range', () => {
    const [both, ...more] = coalesced([step(1, 'weight 10'), step(2, 'weight 50')]);
    expect(more).toEqual([]);
    expect(both).toMatchObject({ message: 'Steps 1-2/3 completed (weight 10, weight 50)', rank: 12 });
    expect(both?.key).toBe('abc-1/StepDone/0-1');
  });

  it('put finished steps in front of what they led to, under its own reason and key', () => {
    const [one, ...more] = coalesced([step(1, 'weight 10'), step(2, 'weight 50'), step(3, 'weight 90'), promoted]);
    expect(more).toEqual([]);
    expect(one).toMatchObject({
      reason: 'RolloutCompleted',
      message: 'Steps 1-3/3 completed (weight 10, weight 50, weight 90); revision abc is promoted',
      key: promoted.key,
      rank: 50,
    });
  });

  it('leave apart what does not follow', () => {
    expect(texts([step(1, 'weight 10'), step(3, 'pause')])).toEqual([
      'RolloutStepCompleted: Step 1/3 completed (weight 10)',
      'RolloutStepCompleted: Step 3/3 completed (pause)',
    ]);
  });

  it('never mix two releases', () => {
    const other = 'def-2';
    expect(texts([step(1, 'weight 10', other), step(2, 'weight 50'), promoted])).toEqual([
      'RolloutStepCompleted: Step 1/3 completed (weight 10)',
      'RolloutCompleted: Step 2/3 completed (weight 50); revision abc is promoted',
    ]);
  });

  it('let an abort speak for itself', () => {
    const aborted = told('RolloutAborted', 'Rollout aborted update to revision abc: bad');
    expect(texts([step(1, 'weight 10'), aborted])).toEqual([
      'RolloutStepCompleted: Step 1/3 completed (weight 10)',
      'RolloutAborted: Rollout aborted update to revision abc: bad',
    ]);
  });

  it('keep the order of all else', () => {
    const list = [told('RolloutUpdated', 'a'), told('CommandAccepted', 'b'), promoted];
    expect(coalesced(list)).toEqual(list);
  });
});
