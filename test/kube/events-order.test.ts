import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import { ApiError, ConnectionError } from '../../src/kube/errors.ts';
import { eventRecorder } from '../../src/kube/events.ts';
import { silentLog } from '../../src/ports/log.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';

describe('events of one object', () => {
  it('are named so that those of one second list in the order of their rank', async () => {
    const names: string[] = [];
    const client = {
      get: () => Promise.resolve(undefined),
      patch: () => Promise.reject(new Error('not expected')),
      create: (_resource: unknown, object: KubeObject) => {
        names.push(object.metadata.name);
        return Promise.resolve(object);
      },
    };
    const recorder = eventRecorder({
      client: client as never,
      clock: new VirtualClock(),
      random: () => 0.5,
      log: silentLog,
      instance: 'test',
    });
    const about = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web', namespace: 'shop', uid: 'u' } };
    for (const rank of [1, 2, 3, 16, 17, 4096, 70_000]) {
      recorder.emit(about, { type: 'Normal', reason: 'Step', message: `step ${rank}`, key: `k${rank}`, rank });
    }
    await recorder.flush();
    expect(names).toHaveLength(7);
    expect(names).toEqual(names.toSorted());
  });

  it('are written again where a namespace with a quota answers with a conflict', async () => {
    const answers = [new ApiError({ status: 409, reason: 'Conflict', message: 'the quota was updated meanwhile' })];
    const created: string[] = [];
    const create = (_resource: unknown, object: KubeObject) => {
      const error = answers.shift();
      if (error !== undefined) return Promise.reject(error);
      created.push(String(object['message']));
      return Promise.resolve(object);
    };
    const clock = new VirtualClock();
    const client = { create } as never;
    const recorder = eventRecorder({ client, clock, random: () => 0.5, log: silentLog, instance: 'test' });
    const about = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web', namespace: 'shop' } };
    recorder.emit(about, { type: 'Normal', reason: 'Step', message: 'done', key: 'k' });
    await clock.advance(2_000);
    expect(created).toEqual(['done']);
  });

  it('outlive an API server that is away for twenty seconds, and not one that stays away', async () => {
    const clock = new VirtualClock();
    const begun = clock.now();
    let backAfterMs = 20_000;
    const created: string[] = [];
    const create = (_resource: unknown, object: KubeObject) => {
      if (clock.now() - begun < backAfterMs) return Promise.reject(new ConnectionError('refused'));
      created.push(String(object['message']));
      return Promise.resolve(object);
    };
    const client = { create } as never;
    const recorder = eventRecorder({ client, clock, random: () => 0.5, log: silentLog, instance: 'test' });
    const about = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web', namespace: 'shop' } };
    recorder.emit(about, { type: 'Normal', reason: 'Step', message: 'first', key: '1' });
    await clock.advance(40_000);
    expect(created).toEqual(['first']);
    backAfterMs = Infinity;
    recorder.emit(about, { type: 'Normal', reason: 'Step', message: 'second', key: '2' });
    await clock.advance(60_000);
    backAfterMs = 0;
    await clock.advance(60_000);
    expect(created).toEqual(['first']);
  });
});
