// The ObjectStore of store.ts over the verbs of the API server.
import type { KubeObject } from '../objects.ts';
import type { Clock } from '../clock.ts';
import { fitToType } from './decode.ts';
import { StatusError, unknownResource } from './errors.ts';
import { at, clone, textOr } from './json.ts';
import type { Dict } from './json.ts';
import type { Objects } from './objects.ts';
import type { Registry } from './registry.ts';
import type { ResourceType } from './resource.ts';
import type { Storage } from './storage.ts';
import type { GroupKind, ObjectStore, StoreEvent, StoreWriteOptions } from './store.ts';

interface Parts {
  storage: Storage;
  registry: Registry;
  objects: Objects;
  clock: Clock;
}

const copyOf = (object: Dict): KubeObject => clone(object) as unknown as KubeObject;

export function objectStore(parts: Parts): ObjectStore {
  const { storage, registry, objects } = parts;
  const served = (kind: GroupKind): ResourceType => {
    const type = registry.kind(kind.group, kind.kind);
    if (type === undefined) throw unknownResource();
    return type;
  };
  const write = (kind: GroupKind, object: KubeObject, options: StoreWriteOptions, subresource: string): KubeObject => {
    const type = served(kind);
    const content = clone(object) as unknown as Dict;
    fitToType(type, content);
    const { name, namespace } = object.metadata;
    const mode = { manager: options.manager ?? 'sandbox', subresource, dryRun: false, isPut: false };
    return copyOf(objects.update(type, { name, namespace }, () => content, mode));
  };
  return {
    get(kind, name, namespace) {
      const type = registry.kind(kind.group, kind.kind);
      const found = type === undefined ? undefined : objects.find(type, { name, namespace });
      return found === undefined ? undefined : copyOf(found);
    },
    list(kind, selection = {}) {
      const type = registry.kind(kind.group, kind.kind);
      if (type === undefined) return [];
      const prefix = selection.namespace === undefined ? '' : `${selection.namespace}/`;
      const wanted = Object.entries(selection.labels ?? {});
      return storage
        .list(type.bucket, prefix)
        .filter(([, object]) => wanted.every(([key, value]) => at(object, 'metadata', 'labels', key) === value))
        .map(([, object]) => copyOf(object));
    },
    create(kind, object, options = {}) {
      const type = served(kind);
      const content = clone(object) as unknown as Dict;
      fitToType(type, content);
      const mode = { manager: options.manager ?? 'sandbox', subresource: '', dryRun: false };
      return copyOf(objects.create(type, content, object.metadata.namespace, mode));
    },
    update: (kind, object, options = {}) => write(kind, object, options, ''),
    updateStatus: (kind, object, options = {}) => write(kind, object, options, 'status'),
    delete(kind, name, namespace, options = {}) {
      const type = registry.kind(kind.group, kind.kind);
      if (type === undefined) return false;
      try {
        objects.delete(type, { name, namespace }, options);
        return true;
      } catch (error) {
        if (error instanceof StatusError && error.code === 404) return false;
        throw error;
      }
    },
    subscribe: (kind, handler) => subscribe(parts, kind, handler),
  };
}

function subscribe(parts: Parts, kind: GroupKind, handler: (event: StoreEvent) => void): () => void {
  let waiting: StoreEvent[] = [];
  let isOn = true;
  const deliver = (): void => {
    const batch = waiting;
    waiting = [];
    for (const event of batch) if (isOn) handler(event);
  };
  const stop = parts.storage.listen((event) => {
    const type = parts.registry.bucket(event.bucket);
    const isOurs = type !== undefined && type.group === kind.group && type.kind === kind.kind;
    if (!isOurs || textOr(event.object['kind']) !== kind.kind) return;
    if (waiting.length === 0) parts.clock.after(0, deliver);
    waiting.push({ type: event.type, object: copyOf(event.object) });
  });
  return () => {
    isOn = false;
    stop();
  };
}
