// Values of Secrets by name and key, for analysis and webhooks.
import type { ReadSecret } from '../analysis/provider.ts';
import type { KubeObject } from '../api/k8s.ts';
import { RESOURCES } from '../api/names.ts';
import type { KubeClient } from '../kube/types.ts';

export function secretReader(client: Pick<KubeClient, 'get'>): ReadSecret {
  return async (namespace, name, key) => {
    const secret = await client.get<KubeObject & { data?: Record<string, string> }>(RESOURCES.secrets, name, namespace);
    if (secret === undefined) throw new Error(`Secret ${name} does not exist in namespace ${namespace}`);
    const value = secret.data?.[key];
    if (value === undefined) throw new Error(`Secret ${name} in namespace ${namespace} has no key ${key}`);
    return { value: Buffer.from(value, 'base64').toString('utf8'), annotations: secret.metadata.annotations };
  };
}
