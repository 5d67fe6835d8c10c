// The cluster that the bench runs on: one that is given, or the project's own control plane.
import { resolve } from 'node:path';
import { loadAccess } from '../../src/kube/kubeconfig.ts';

export interface BenchCluster {
  readonly kubeconfig: string;
  readonly apiServer: string;
  /** Whether pods get ready only if the bench plays their kubelet. */
  readonly needsKubelet: boolean;
  stop(): Promise<void>;
}

export interface ClusterChoice {
  kubeconfig: string | undefined;
  /** Play the kubelet of a cluster that is given. */
  pretendKubelet: boolean;
}

export async function openCluster(choice: ClusterChoice): Promise<BenchCluster> {
  if (choice.kubeconfig === undefined) return ownCluster();
  const kubeconfig = resolve(choice.kubeconfig);
  const access = await loadAccess({ kubeconfig });
  return {
    kubeconfig,
    apiServer: access.baseUrl,
    needsKubelet: choice.pretendKubelet,
    stop: () => Promise.resolve(),
  };
}

/** The seam for a control plane of the project's own: etcd, API server and controller manager, started and ended by the bench. */
async function ownCluster(): Promise<BenchCluster> {
  throw new Error('give --kubeconfig FILE, or set KUBECONFIG');
}
