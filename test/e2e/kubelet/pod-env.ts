// The environment of a pod's container, with what its ConfigMaps and Secrets say now.
import type { KubeObject } from '../../../src/api/k8s.ts';
import { RESOURCES } from '../../../src/api/names.ts';
import type { KubeClient } from '../../../src/kube/types.ts';
import { containerEnv, type ContainerEnv } from 'kube-sandbox/container-env';
import type { Pod } from './pod.ts';

interface Sources {
  envFrom?: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  env?: { valueFrom?: { configMapKeyRef?: { name: string }; secretKeyRef?: { name: string } } }[];
}

function namesOf(pod: Pod, of: 'ConfigMap' | 'Secret'): string[] {
  const { envFrom = [], env = [] } = (pod.spec.containers[0] ?? {}) as Sources;
  const whole = envFrom.map((e) => (of === 'ConfigMap' ? e.configMapRef : e.secretRef)?.name);
  const keys = env.map((e) => (of === 'ConfigMap' ? e.valueFrom?.configMapKeyRef : e.valueFrom?.secretKeyRef)?.name);
  return [...new Set([...whole, ...keys].filter((name) => name !== undefined))];
}

/** Of the first container; the pods of the suite have one. */
export async function podEnv(client: KubeClient, pod: Pod, ip: string): Promise<ContainerEnv> {
  const found = new Map<string, KubeObject>();
  for (const [kind, resource] of [
    ['ConfigMap', RESOURCES.configMaps],
    ['Secret', RESOURCES.secrets],
  ] as const) {
    for (const name of namesOf(pod, kind)) {
      const object = await client.get(resource, name, pod.metadata.namespace);
      if (object !== undefined) found.set(`${kind}/${name}`, object);
    }
  }
  const withAddress = { ...pod, status: { ...pod.status, podIP: ip } } as unknown as KubeObject;
  return containerEnv(withAddress, (kind, name) => found.get(`${kind}/${name}`));
}
