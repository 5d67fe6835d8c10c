// What the server's own controllers do for CRDs: accept their names, establish and serve them, and withdraw them.
import type { Clock } from '../clock.ts';
import { StatusError } from './errors.ts';
import type { Dict } from './json.ts';
import { at, clone, dictOr, equal, listOr, textOr } from './json.ts';
import type { Objects } from './objects.ts';
import type { Registry } from './registry.ts';
import type { Storage, StoredEvent } from './storage.ts';

interface Parts {
  storage: Storage;
  registry: Registry;
  objects: Objects;
  clock: Clock;
  /** Ends every watch of a bucket. */
  endWatches: () => void;
}

const BUCKET = 'apiextensions.k8s.io/customresourcedefinitions';
const ACCEPTED = 'the initial names have been accepted';

/** Serves CRDs as they come and go. A CRD is served as soon as it is stored; its conditions follow from the clock. */
export function runCrds(parts: Parts): void {
  parts.storage.listen((event) => {
    if (event.bucket !== BUCKET) return;
    if (event.type === 'DELETED') return withdraw(parts, event);
    const isNewSpec = !equal(at(event.old, 'spec'), at(event.object, 'spec'));
    const isMarked = at(event.object, 'metadata', 'deletionTimestamp') !== undefined;
    if (isNewSpec || isMarked) parts.registry.serve(event.object, event.key);
    if (isNewSpec && event.old !== undefined) parts.clock.after(1_000, parts.endWatches);
    if (isNewSpec) parts.clock.after(0, () => establish(parts, event.key));
  });
}

function withdraw(parts: Parts, event: StoredEvent): void {
  parts.registry.withdraw(event.key);
  parts.clock.after(1_000, parts.endWatches);
}

function condition(type: string, reason: string, message: string, now: string): Dict {
  return { type, status: 'True', lastTransitionTime: now, reason, message };
}

function establish(parts: Parts, name: string): void {
  const type = parts.registry.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions');
  const crd = parts.storage.get(BUCKET, name);
  if (type === undefined || crd === undefined || at(crd, 'metadata', 'deletionTimestamp') !== undefined) return;
  const now = parts.objects.around.now;
  const spec = dictOr(crd['spec']);
  const storage = listOr(spec['versions'])
    .map(dictOr)
    .find((v) => v['storage'] === true);
  const known = listOr(at(crd, 'status', 'conditions')).map(dictOr);
  const keep = (fresh: Dict): Dict => known.find((c) => c['type'] === fresh['type'] && c['status'] === 'True') ?? fresh;
  const stored = new Set([...listOr(at(crd, 'status', 'storedVersions')), textOr(storage?.['name'])]);
  const status = {
    conditions: [
      keep(condition('NamesAccepted', 'NoConflicts', 'no conflicts found', now)),
      keep(condition('Established', 'InitialNamesAccepted', ACCEPTED, now)),
    ],
    acceptedNames: clone(spec['names']),
    storedVersions: [...stored],
  };
  const mode = { manager: 'kube-apiserver', subresource: 'status', dryRun: false, isPut: false };
  try {
    parts.objects.update(type, { name, namespace: undefined }, (copy) => ({ ...copy, status }), mode);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
}
