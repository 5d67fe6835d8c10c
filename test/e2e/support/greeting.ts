// A ConfigMap that the pods of a release take in: it has to go back together with them.
import type { KubeObject } from '../../../src/api/k8s.ts';
import { RESOURCES } from '../../../src/api/names.ts';
import type { World } from './world.ts';

/** Its name, for the `config` of a web service. */
export const GREETING = 'greeting';

export const greetingOf = (text: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: GREETING },
  data: { GREETING: text },
});

/** What is live. */
export async function liveGreeting({ client, namespace }: World): Promise<string | undefined> {
  const map = await client.get<KubeObject & { data?: Record<string, string> }>(
    RESOURCES.configMaps,
    GREETING,
    namespace,
  );
  return map?.data?.['GREETING'];
}
