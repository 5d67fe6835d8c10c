// The recording proxy in front of the cluster under test, for the length of a scenario.
import { loadAccess } from '../../../src/kube/kubeconfig.ts';
import { startRecording, type Call } from '../../support/recording-proxy.ts';
import { KUBECONFIG, type World } from './world.ts';

export interface ApiProxy {
  /** Path of a kubeconfig that leads through the door. */
  kubeconfig: string;
  /** Everything so far, in order of arrival. */
  asked: readonly Call[];
  /** Writes to anything but Leases that came after this moment. */
  writesSince(at: number): Call[];
}

const READS = new Set(['GET', 'HEAD']);

export async function apiProxy(world: World): Promise<ApiProxy> {
  const proxy = await startRecording(await loadAccess({ kubeconfig: KUBECONFIG }));
  const { kubeconfig, calls } = proxy;
  world.atEnd(() => proxy.stop());
  return {
    kubeconfig,
    asked: calls,
    writesSince: (at) => calls.filter((one) => one.at > at && !READS.has(one.method) && !one.path.includes('/leases')),
  };
}
