import { describe, expect, it } from 'vitest';
import { addressOf, dutyOf, readyStatus, type Pod } from './pretend-kubelet.ts';

const pod = (metadata: Partial<Pod['metadata']> = {}, nodeName?: string, phase = 'Pending'): Pod => ({
  metadata: { name: 'web', ...metadata },
  spec: { containers: [{ name: 'app', image: 'web:1' }], ...(nodeName === undefined ? {} : { nodeName }) },
  status: { phase },
});

describe('the pretended kubelet', () => {
  it('runs a pod that waits, and one that runs it leaves alone', () => {
    expect(dutyOf(pod())).toBe('run');
    expect(dutyOf(pod({}, 'node', 'Running'))).toBeUndefined();
  });

  it('removes a bound pod that is to end; an unbound one the API server removes by itself', () => {
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    expect(dutyOf(pod({ deletionTimestamp }, 'node', 'Running'))).toBe('remove');
    expect(dutyOf(pod({ deletionTimestamp }))).toBeUndefined();
  });

  it('reports every container ready, at an address of its own', () => {
    const status = readyStatus(pod(), addressOf(258), '2026-01-01T00:00:00Z');
    expect(status).toMatchObject({
      phase: 'Running',
      podIP: '10.0.1.2',
      containerStatuses: [{ name: 'app', ready: true }],
    });
  });
});
