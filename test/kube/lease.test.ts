import { describe, expect, it } from 'vitest';
import { ApiError, ConnectionError } from '../../src/kube/errors.ts';
import { LeaseElection, LostLeadership } from '../../src/kube/lease.ts';
import { silentLog } from '../../src/ports/log.ts';
import { settle, VirtualClock } from 'kube-sandbox/virtual-clock';

function world() {
  const clock = new VirtualClock();
  const state = { lease: undefined as any, rv: 1, down: false, writes: 0 };
  const write = (lease: any): any => {
    if (state.down) throw new ConnectionError('down');
    if (state.lease && lease.metadata.resourceVersion !== state.lease.metadata.resourceVersion) {
      throw new ApiError({ status: 409, reason: 'Conflict', message: 'conflict' });
    }
    state.writes++;
    state.lease = structuredClone({ ...lease, metadata: { ...lease.metadata, resourceVersion: `${++state.rv}` } });
    return structuredClone(state.lease);
  };
  const client: any = {
    get: async () => {
      if (state.down) throw new ConnectionError('down');
      return structuredClone(state.lease);
    },
    create: async (_: unknown, lease: any) => write(lease),
    update: async (_: unknown, lease: any) => write(lease),
  };
  const told: string[] = [];
  const elect = (identity: string) =>
    new LeaseElection({
      client,
      clock,
      monotonic: () => clock.now(),
      log: silentLog,
      namespace: 'sluice',
      name: 'controller',
      identity,
      onAcquired: () => told.push(`${identity} acquired`),
      onLost: () => told.push(`${identity} lost`),
    });
  return { clock, state, told, elect };
}

describe('the lease', () => {
  it('is taken by one, with microsecond times, and renewed', async () => {
    const { clock, state, elect } = world();
    const [a, b] = [elect('a'), elect('b')];
    a.start();
    await settle();
    b.start();
    await clock.advance(60_000);
    expect([a.isLeader(), b.isLeader()]).toEqual([true, false]);
    expect(state.lease.spec.renewTime).toMatch(/\.\d{6}Z$/);
    expect(state.writes).toBe(31);
    await a.stop();
    await b.stop();
    expect(clock.pending).toBe(0);
  });

  it('fences its holder by the clock alone when the process was stopped', async () => {
    const { clock, elect, told } = world();
    const a = elect('a');
    a.start();
    await settle();
    a.fence();
    clock.jump(10_000);
    expect(a.isLeader()).toBe(false);
    expect(() => a.fence()).toThrow(LostLeadership);
    expect(told).toEqual(['a acquired', 'a lost']);
    await a.stop();
  });

  it('is never held by two: the cut-off holder ends before the other begins', async () => {
    const { clock, state, elect } = world();
    const [a, b] = [elect('a'), elect('b')];
    a.start();
    await settle();
    b.start();
    await clock.advance(5_000);
    state.down = true;
    await clock.advance(12_000);
    expect(a.isLeader()).toBe(false);
    state.down = false;
    await a.stop();
    await clock.advance(20_000);
    expect(b.isLeader()).toBe(true);
    expect(state.lease.spec.leaseTransitions).toBe(1);
    await b.stop();
  });

  it('is given back on stop, so that the next need not wait', async () => {
    const { clock, elect } = world();
    const [a, b] = [elect('a'), elect('b')];
    a.start();
    await settle();
    b.start();
    await a.stop();
    expect(a.isLeader()).toBe(false);
    await clock.advance(2_000);
    expect(b.isLeader()).toBe(true);
    await b.stop();
  });
});
