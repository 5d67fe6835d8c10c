// What is read of Secrets is known to the log and to Events from then on, so that neither ever tells it.
import type { KubeObject, Resource } from '../api/k8s.ts';
import { RESOURCES } from '../api/names.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { CallOptions, Identified, KubeClient } from '../kube/types.ts';
import type { Secrecy } from '../ports/secrecy.ts';

/** Keys of Secrets whose values everybody may see, and that are words of other texts. */
const PUBLIC_KEYS = new Set(['username', 'ca.crt', 'tls.crt', 'namespace', 'type', 'url']);
/** Longer values are archives, not credentials. */
const LONGEST = 16 * 1024;

/** The same client; each Secret that it reads is learnt. */
export function learning(client: KubeClient, secrets: Pick<Secrecy, 'learn'>): KubeClient {
  return {
    create: client.create.bind(client),
    update: client.update.bind(client),
    patch: client.patch.bind(client),
    delete: client.delete.bind(client),
    list: client.list.bind(client),
    watch: client.watch.bind(client),
    raw: client.raw.bind(client),
    discover: client.discover.bind(client),
    resourceFor: client.resourceFor.bind(client),
    async get<T extends Identified = KubeObject>(
      resource: Resource,
      name: string,
      namespace?: string,
      options?: CallOptions,
    ): Promise<T | undefined> {
      const object = await client.get<T>(resource, name, namespace, options);
      const isSecret = resource.group === '' && resource.plural === RESOURCES.secrets.plural;
      if (isSecret && object !== undefined) learnData(object, secrets);
      return object;
    },
  };
}

/** The same recorder; what is known to be secret is taken out of each message. */
export function discreet(events: EventRecorder, secrets: Pick<Secrecy, 'scrub'>): EventRecorder {
  return {
    emit: (object, content) => events.emit(object, { ...content, message: secrets.scrub(content.message) }),
    flush: () => events.flush(),
    stop: (graceMs) => events.stop(graceMs),
  };
}

function learnData(object: Identified, secrets: Pick<Secrecy, 'learn'>): void {
  const { data } = object as { data?: Record<string, unknown> };
  for (const [key, value] of Object.entries(data ?? {})) {
    if (PUBLIC_KEYS.has(key) || typeof value !== 'string' || value.length > LONGEST) continue;
    secrets.learn(Buffer.from(value, 'base64').toString('utf8'));
  }
}
