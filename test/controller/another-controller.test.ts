import { beforeEach, describe, expect, it } from 'vitest';
import type { Rollout } from '../../src/api/rollout.ts';
import { watchForAnother, type SeeAnother } from '../../src/controller/another-controller.ts';

const MINUTE = 60_000;
const by = (manager: string, time = '2026-01-01T00:00:01Z'): object => ({
  manager,
  operation: 'Update',
  subresource: 'status',
  time,
});
const web = (...managedFields: object[]): Rollout =>
  ({ kind: 'Rollout', metadata: { name: 'web', namespace: 'shop', managedFields } }) as unknown as Rollout;

let now: number;
let told: string[];
let see: SeeAnother;
beforeEach(() => {
  [now, told] = [0, []];
  const ignored = (): void => undefined;
  const log = { debug: ignored, info: ignored, error: ignored, warn: (message: string) => told.push(message) };
  const events = { emit: (_of: unknown, { message }: { message: string }) => told.push(message), release: ignored };
  see = watchForAnother({ clock: { now: () => now }, log: log as never, events: events as never });
});

describe('another controller', () => {
  it('is told of in the log and in an Event when it was seen three times, and not again for a while', () => {
    const record = web(by('sluice-controller'));
    see(record);
    see(record);
    expect(told).toEqual([]);
    for (let i = 0; i < 20; i++) see(record);
    expect(told).toHaveLength(2);
    for (const text of told) expect(text).toMatch(/^another controller acts on/);
    now += 11 * MINUTE;
    for (let i = 0; i < 3; i++) see(record);
    expect(told).toHaveLength(4);
  });

  it('is none that was seen now and then', () => {
    for (let i = 0; i < 10; i++, now += 6 * MINUTE) see(web(by('sluice-controller')));
    expect(told).toEqual([]);
  });

  it('is none where a person or a plugin wrote the status', () => {
    for (let i = 0; i < 10; i++) see(web(by('sluice-controller'), by('kubectl-argo-rollouts', '2026-01-01T00:00:02Z')));
    expect(told).toEqual([]);
  });
});
