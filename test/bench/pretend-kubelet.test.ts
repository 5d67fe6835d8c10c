import { afterEach, describe, expect, it, vi } from 'vitest';
import type { BenchClient } from './bench-client.ts';
import { addressOf, dutyOf, playKubelet, readyStatus, type Pod } from './pretend-kubelet.ts';

const pod = (metadata: Partial<Pod['metadata']> = {}, nodeName?: string, phase = 'Pending'): Pod => ({
  metadata: { name: 'web', ...metadata },
  spec: { containers: [{ name: 'app', image: 'web:1' }], ...(nodeName === undefined ? {} : { nodeName }) },
  status: { phase },
});

afterEach(() => void vi.useRealTimers());

describe('the pretended kubelet', () => {
  it('tries a pod again whose start the API server failed', async () => {
    vi.useFakeTimers();
    const complaint = vi.spyOn(console, 'error').mockReturnValue();
    const called: string[] = [];
    const client = {
      call: (_: string, path: string) => {
        called.push(path);
        return called.length === 2 ? Promise.reject(new Error('overloaded')) : Promise.resolve(undefined);
      },
      follow: (_: string, told: (pod: Pod, change: string) => void) => {
        told(pod({ namespace: 'shop', uid: '1' }), 'ADDED');
        return Promise.resolve(() => {});
      },
    } as unknown as BenchClient;
    const stop = await playKubelet(client, 50);
    await vi.runAllTimersAsync();
    stop();
    const path = '/api/v1/namespaces/shop/pods/web';
    expect(called).toEqual(['/api/v1/nodes', `${path}/binding`, `${path}/binding`, `${path}/status`]);
    expect(complaint).toHaveBeenCalledWith('pretended kubelet: Error: overloaded');
  });

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
