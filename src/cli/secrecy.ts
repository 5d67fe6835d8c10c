// What is read and written of Secrets is known from then on, so that nothing that is told ever holds it.
import { isRecord } from '../api/json.ts';
import type { KubeObject, Resource } from '../api/k8s.ts';
import { RESOURCES } from '../api/names.ts';
import { SNAPSHOT_TYPE } from '../application/revert/snapshot.ts';
import type { EventRecorder } from '../controller/event-relay.ts';
import type { CallOptions, Identified, KubeClient, List, PatchRequest, Selection, WatchEvent } from '../kube/types.ts';
import type { Secrecy } from '../ports/secrecy.ts';

type Learning = Pick<Secrecy, 'learn'>;

/** Keys of Secrets whose values everybody may see, and that are words of other texts. */
const PUBLIC_KEYS = new Set([
  'username',
  'ca.crt',
  'tls.crt',
  'namespace',
  'type',
  'url',
  'known_hosts',
  'allowed_signers',
  'identity.pub',
]);
/** Longer values are archives, not credentials. */
const LONGEST = 16 * 1024;

const isSecret = ({ group, plural }: Resource): boolean => group === '' && plural === RESOURCES.secrets.plural;

/** The same client; each Secret that it reads, or is given to write, is learnt: a refusal may quote it. */
export function learning(client: KubeClient, secrets: Learning): KubeClient {
  const learnt = <T>(resource: Resource, object: T): T => {
    if (isSecret(resource)) learnData(object, secrets);
    return object;
  };
  return {
    async create(resource, object, options) {
      return client.create(resource, learnt(resource, object), options);
    },
    async update(resource, object, options) {
      return client.update(resource, learnt(resource, object), options);
    },
    async patch<T extends Identified = KubeObject>(resource: Resource, request: PatchRequest, options?: CallOptions) {
      learnt(resource, request.body);
      return client.patch<T>(resource, request, options);
    },
    delete: client.delete.bind(client),
    async list<T extends Identified = KubeObject>(resource: Resource, selection?: Selection, options?: CallOptions) {
      const list: List<T> = await client.list<T>(resource, selection, options);
      for (const item of list.items) learnt(resource, item);
      return list;
    },
    async *watch<T extends Identified = KubeObject>(...[resource, options, signal]: Parameters<KubeClient['watch']>) {
      for await (const event of client.watch<T>(resource, options, signal)) {
        if (event.type !== 'BOOKMARK') learnt(resource, event.object);
        yield event satisfies WatchEvent<T>;
      }
    },
    raw: client.raw.bind(client),
    discover: client.discover.bind(client),
    resourceFor: client.resourceFor.bind(client),
    async get<T extends Identified = KubeObject>(
      resource: Resource,
      name: string,
      namespace?: string,
      options?: CallOptions,
    ): Promise<T | undefined> {
      return learnt(resource, await client.get<T>(resource, name, namespace, options));
    },
  };
}

/** The same recorder; what is known to be secret is taken out of each message. */
export function discreet(events: EventRecorder, secrets: Pick<Secrecy, 'scrub'>): EventRecorder {
  return { emit: (object, event) => events.emit(object, { ...event, message: secrets.scrub(event.message) }) };
}

function learnData(object: unknown, secrets: Learning): void {
  // A snapshot is an archive: what it holds is learnt when it is written to where it belongs.
  if (!isRecord(object) || object['type'] === SNAPSHOT_TYPE) return;
  const metadata = isRecord(object['metadata']) ? object['metadata'] : {};
  const owner = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : '';
  for (const value of valuesIn(object['data'])) {
    const text = Buffer.from(value, 'base64').toString('utf8');
    secrets.learn(text, owner);
    // What is no base64 of a text may be quoted as it stands.
    if (Buffer.from(text, 'utf8').toString('base64') !== value) secrets.learn(value, owner);
  }
  for (const value of valuesIn(object['stringData'])) secrets.learn(value, owner);
}

/** As text, whatever somebody wrote. */
function valuesIn(data: unknown): string[] {
  return Object.entries(isRecord(data) ? data : {}).flatMap(([key, value]) => {
    if (PUBLIC_KEYS.has(key) || value === null || value === undefined) return [];
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return text.length > LONGEST ? [] : [text];
  });
}
