// The cluster that the bench runs on.
import { resolve } from 'node:path';
import { loadAccess } from '../../src/kube/kubeconfig.ts';

export interface BenchCluster {
  readonly kubeconfig: string;
  readonly apiServer: string;
  /** Whether pods get ready only if the bench plays their kubelet. */
  readonly needsKubelet: boolean;
}

/** `pretendKubelet`: play the kubelet of the cluster's pods. */
export async function openCluster(file: string, pretendKubelet: boolean): Promise<BenchCluster> {
  const kubeconfig = resolve(file);
  const access = await loadAccess({ kubeconfig });
  return { kubeconfig, apiServer: access.baseUrl, needsKubelet: pretendKubelet };
}
