// What goes by itself: dependents of deleted owners, the contents of deleted namespaces, instances of deleted CRDs.
import type { Clock } from '../clock.ts';
import { StatusError } from './errors.ts';
import type { Dict } from './json.ts';
import { at, dictOr, isDict, listOr, textOr } from './json.ts';
import { ownedBy } from './metadata.ts';
import type { Objects } from './objects.ts';
import type { Registry } from './registry.ts';
import type { ResourceType } from './resource.ts';
import type { Storage, StoredEvent } from './storage.ts';

interface Parts {
  storage: Storage;
  registry: Registry;
  objects: Objects;
  clock: Clock;
}

interface Found {
  type: ResourceType;
  object: Dict;
}

const MODE = { manager: 'kube-controller-manager', dryRun: false, isPut: false, subresource: '' };
const nameOf = (object: Dict): string => textOr(at(object, 'metadata', 'name'));
const namespaceOf = (object: Dict): string | undefined => {
  const namespace = textOr(at(object, 'metadata', 'namespace'));
  return namespace === '' ? undefined : namespace;
};
const isMarked = (object: Dict): boolean => at(object, 'metadata', 'deletionTimestamp') !== undefined;

export class Garbage {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.storage.listen((event) => this.#notice(event));
  }

  #notice(event: StoredEvent): void {
    const owners = listOr(at(event.object, 'metadata', 'ownerReferences'));
    const isAbout = event.type === 'DELETED' || isMarked(event.object) || (event.type === 'ADDED' && owners.length > 0);
    if (isAbout) this.#parts.clock.after(0, () => this.#collect(event));
  }

  #collect(event: StoredEvent): void {
    if (event.type === 'DELETED') {
      this.#dropDependents(at(event.object, 'metadata', 'uid'));
      this.#recheckHolders(event.object);
      return;
    }
    const now = this.#parts.storage.get(event.bucket, event.key);
    const type = this.#parts.registry.bucket(event.bucket);
    if (now === undefined || type === undefined) return;
    if (isMarked(now)) this.#finish({ type, object: now });
    else if (event.type === 'ADDED') this.#dropOrphan({ type, object: now });
  }

  /** Carries a marked object on as far as its finalizers and contents allow. */
  #finish(found: Found): void {
    const finalizers = listOr(at(found.object, 'metadata', 'finalizers'));
    if (finalizers.includes('orphan')) this.#orphan(found);
    else if (finalizers.includes('foregroundDeletion')) this.#foreground(found);
    else if (found.type.bucket === '/namespaces') this.#emptyNamespace(found);
    else if (found.type.plural === 'customresourcedefinitions') this.#emptyCrd(found);
  }

  #everything(): Found[] {
    const seen = new Set<string>();
    return this.#parts.registry.all().flatMap((type) => {
      if (seen.has(type.bucket)) return [];
      seen.add(type.bucket);
      return this.#parts.storage.list(type.bucket).map(([, object]) => ({ type, object }));
    });
  }

  #dependents(uid: unknown): Found[] {
    return uid === undefined ? [] : this.#everything().filter(({ object }) => ownedBy(object, uid));
  }

  #lives(owner: Dict): boolean {
    return this.#everything().some(({ object }) => at(object, 'metadata', 'uid') === owner['uid']);
  }

  #delete({ type, object }: Found): void {
    const place = { name: nameOf(object), namespace: namespaceOf(object) };
    ignoreRaces(() => {
      if (!isMarked(object)) this.#parts.objects.delete(type, place, { propagationPolicy: 'Background' });
    });
  }

  #update({ type, object }: Found, change: (copy: Dict) => void): void {
    const place = { name: nameOf(object), namespace: namespaceOf(object) };
    const edit = (copy: Dict): Dict => {
      change(copy);
      return copy;
    };
    ignoreRaces(() => void this.#parts.objects.update(type, place, edit, MODE));
  }

  #dropDependents(uid: unknown): void {
    for (const found of this.#dependents(uid)) this.#dropOrphan(found);
  }

  /** Deletes an object none of whose owners lives; with a living owner it only loses the dead ones. */
  #dropOrphan(found: Found): void {
    const owners = listOr(at(found.object, 'metadata', 'ownerReferences')).filter(isDict);
    const living = owners.filter((owner) => this.#lives(owner));
    if (owners.length === 0 || living.length === owners.length) return;
    if (living.length === 0) this.#delete(found);
    else this.#update(found, (copy) => void (dictOr(copy['metadata'])['ownerReferences'] = living));
  }

  #dropFinalizer(found: Found, name: string): void {
    this.#update(found, (copy) => {
      const metadata = dictOr(copy['metadata']);
      metadata['finalizers'] = listOr(metadata['finalizers']).filter((f) => f !== name);
    });
  }

  #orphan(found: Found): void {
    const uid = at(found.object, 'metadata', 'uid');
    for (const dependent of this.#dependents(uid)) {
      this.#update(dependent, (copy) => {
        const metadata = dictOr(copy['metadata']);
        metadata['ownerReferences'] = listOr(metadata['ownerReferences']).filter((o) => dictOr(o)['uid'] !== uid);
      });
    }
    this.#dropFinalizer(found, 'orphan');
  }

  #foreground(found: Found): void {
    const uid = at(found.object, 'metadata', 'uid');
    for (const dependent of this.#dependents(uid)) this.#delete(dependent);
    const blocking = this.#dependents(uid).some(({ object }) =>
      listOr(at(object, 'metadata', 'ownerReferences')).some(
        (o) => dictOr(o)['uid'] === uid && dictOr(o)['blockOwnerDeletion'] === true,
      ),
    );
    if (!blocking) this.#dropFinalizer(found, 'foregroundDeletion');
  }

  /** Owners, namespaces and CRDs that waited for this object. */
  #recheckHolders(gone: Dict): void {
    const owners = listOr(at(gone, 'metadata', 'ownerReferences')).map((o) => dictOr(o)['uid']);
    const namespace = namespaceOf(gone);
    for (const found of this.#everything()) {
      if (!isMarked(found.object)) continue;
      const isHolder =
        owners.includes(at(found.object, 'metadata', 'uid')) ||
        (found.type.bucket === '/namespaces' && nameOf(found.object) === namespace) ||
        found.type.plural === 'customresourcedefinitions';
      if (isHolder) this.#finish(found);
    }
  }

  #emptyNamespace(found: Found): void {
    const contents = (): Found[] =>
      this.#everything().filter(({ object }) => namespaceOf(object) === nameOf(found.object));
    for (const inside of contents()) this.#delete(inside);
    if (contents().length > 0) return;
    this.#update(found, (copy) => void (dictOr(copy['spec'])['finalizers'] = []));
  }

  #emptyCrd(found: Found): void {
    const names = dictOr(at(found.object, 'spec', 'names'));
    const bucket = `${textOr(at(found.object, 'spec', 'group'))}/${textOr(names['plural'])}`;
    const type = this.#parts.registry.bucket(bucket);
    if (type !== undefined) for (const [, object] of this.#parts.storage.list(bucket)) this.#delete({ type, object });
    if (this.#parts.storage.size(bucket) === 0)
      this.#update(found, (copy) => void (dictOr(copy['metadata'])['finalizers'] = []));
  }
}

/** Somebody else may have been faster; anything but that is a bug and goes up. */
function ignoreRaces(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof StatusError && (error.code === 404 || error.code === 409))) throw error;
  }
}
