// The verbs on stored objects, the same for HTTP requests and for the sandbox's own controllers.
import type { Clock } from '../clock.ts';
import { applyConfiguration } from './apply.ts';
import type { DeleteRequest } from './deletion.ts';
import { checkPreconditions, planDeletion } from './deletion.ts';
import { NAMESPACES, alreadyExists, forbidden, internal, notFound, StatusError } from './errors.ts';
import type { Dict } from './json.ts';
import { at, clone, dictOr, ensure, equal, listOr, textOr } from './json.ts';
import { renewNote, takeable } from './last-applied.ts';
import type { Writer } from './managed-fields.ts';
import { clearsEntries, entriesFor, putEntries, recordUpdate } from './managed-fields.ts';
import type { Place } from './prepare.ts';
import { around, check, checkVersion, countGeneration, prepareCreate, prepareUpdate } from './prepare.ts';
import type { Registry } from './registry.ts';
import type { Around, Guard, ResourceType } from './resource.ts';
import { apiVersionOf, keyOf } from './resource.ts';
import type { Storage } from './storage.ts';

export interface WriteMode {
  manager: string;
  /** Empty for the main resource. */
  subresource: string;
  dryRun: boolean;
  /** Sees what is about to be stored, and may refuse it. */
  guard?: Guard | undefined;
}

export interface UpdateMode extends WriteMode {
  /** A PUT: what is absent is removed, and a resourceVersion may be required. */
  isPut: boolean;
}

export interface ApplyMode extends WriteMode {
  force: boolean;
}

interface Parts {
  storage: Storage;
  registry: Registry;
  clock: Clock;
  random: () => number;
}

export class Objects {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get around(): Around {
    return around(this.#parts.clock.now(), this.#parts.random);
  }

  #writer(type: ResourceType, mode: WriteMode): Writer {
    return {
      manager: mode.manager,
      apiVersion: apiVersionOf(type),
      subresource: mode.subresource,
      time: this.around.now,
    };
  }

  find(type: ResourceType, place: Place): Dict | undefined {
    return this.#parts.storage.get(type.bucket, keyOf(type, place.name, place.namespace));
  }

  /** The stored object itself: never change it. Errors: 404. */
  get(type: ResourceType, place: Place): Dict {
    const found = this.find(type, place);
    if (found === undefined) throw notFound(type, place.name);
    return found;
  }

  create(type: ResourceType, object: Dict, namespace: string | undefined, mode: WriteMode): Dict {
    if (textOr(at(object, 'metadata', 'resourceVersion')) !== '')
      throw internal('resourceVersion should not be set on objects to be created');
    this.#admit(type, object, namespace);
    prepareCreate(type, object, namespace, this.around);
    delete dictOr(object['metadata'])['managedFields'];
    recordUpdate(blankFor(type, object), object, type.type, this.#writer(type, mode));
    return this.#insert(type, object, mode);
  }

  #admit(type: ResourceType, object: Dict, namespace: string | undefined): void {
    const name = textOr(at(object, 'metadata', 'name'));
    if (type.terminating === true)
      throw forbidden(type, name, 'create not allowed while custom resource definition is terminating');
    if (!type.namespaced) return;
    const found = this.#parts.storage.get('/namespaces', namespace ?? '');
    if (found === undefined) throw notFound(NAMESPACES, namespace ?? '');
    if (at(found, 'metadata', 'deletionTimestamp') === undefined) return;
    const where = namespace ?? '';
    throw forbidden(type, name, `unable to create new content in namespace ${where} because it is being terminated`, [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${where} is being terminated`,
        field: 'metadata.namespace',
      },
    ]);
  }

  #insert(type: ResourceType, object: Dict, mode: WriteMode): Dict {
    const name = textOr(at(object, 'metadata', 'name'));
    mode.guard?.(object, undefined);
    check(type, object, undefined);
    const key = keyOf(type, name, textOr(at(object, 'metadata', 'namespace')));
    if (this.#parts.storage.get(type.bucket, key) !== undefined) throw alreadyExists(type, name);
    return mode.dryRun ? object : this.#parts.storage.put(type.bucket, key, object);
  }

  /** Writes what `change` makes of a copy of the stored object. */
  update(type: ResourceType, place: Place, change: (copy: Dict) => Dict, mode: UpdateMode): Dict {
    const old = this.get(type, place);
    const wanted = change(clone(old));
    checkVersion(type, wanted, old, mode.isPut && type.needsVersion);
    const { subresource } = mode;
    const clears = subresource === '' && clearsEntries(wanted, type.builtin);
    const entries = entriesFor(subresource === '' ? wanted : old, old);
    const next = prepareUpdate(type, wanted, old, { subresource, around: this.around });
    putEntries(next, entries);
    if (clears) delete ensure(next, 'metadata')['managedFields'];
    else if (equal(old, next)) return old;
    else recordUpdate(old, next, type.type, this.#writer(type, mode));
    return this.#replace(type, old, next, mode);
  }

  #replace(type: ResourceType, old: Dict, next: Dict, mode: WriteMode): Dict {
    countGeneration(type, next, old, mode.subresource);
    mode.guard?.(next, old);
    check(type, next, old);
    if (equal(old, next)) return old;
    if (mode.dryRun) return next;
    const { storage } = this.#parts;
    const key = keyOf(type, textOr(at(old, 'metadata', 'name')), textOr(at(old, 'metadata', 'namespace')));
    if (this.#mayGo(type, next)) {
      storage.remove(type.bucket, key);
      return next;
    }
    return storage.put(type.bucket, key, next);
  }

  /** Marked for deletion and no longer held by anything. */
  #mayGo(type: ResourceType, object: Dict): boolean {
    const metadata = dictOr(object['metadata']);
    if (metadata['deletionTimestamp'] === undefined || listOr(metadata['finalizers']).length > 0) return false;
    if (type.kind === 'Namespace' && listOr(at(object, 'spec', 'finalizers')).length > 0) return false;
    return type.kind !== 'Pod' || metadata['deletionGracePeriodSeconds'] === 0;
  }

  /** Server-side apply. `created` says whether there was nothing before. */
  apply(type: ResourceType, place: Place, config: Dict, mode: ApplyMode): { object: Dict; created: boolean } {
    const old = this.find(type, place);
    if (old === undefined) return { object: this.#applyNew(type, place, config, mode), created: true };
    if (textOr(at(config, 'metadata', 'resourceVersion')) !== '') checkVersion(type, config, old, false);
    const subresource = mode.subresource;
    const next = applyConfiguration({
      live: old,
      config: partFor(type, config, subresource),
      type: type.type,
      writer: this.#writer(type, mode),
      force: mode.force,
      takeable: takeable(old, type.type, mode.manager),
      settle: (merged) => prepareUpdate(type, clone(merged), old, { subresource, around: this.around }),
    });
    renewNote(next, config, mode.manager);
    return { object: this.#replace(type, old, next, mode), created: false };
  }

  #applyNew(type: ResourceType, place: Place, config: Dict, mode: ApplyMode): Dict {
    if (mode.subresource !== '') throw notFound(type, place.name);
    const uid = textOr(at(config, 'metadata', 'uid'));
    if (uid !== '') {
      const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
      throw new StatusError({
        code: 409,
        message: `Operation cannot be fulfilled on ${type.plural}${type.group === '' ? '' : `.${type.group}`} "${place.name}": ${why}`,
        reason: 'Conflict',
        details: { name: place.name, ...(type.group === '' ? {} : { group: type.group }), kind: type.plural },
      });
    }
    this.#admit(type, config, place.namespace);
    const object = applyConfiguration({
      live: { apiVersion: apiVersionOf(type), kind: type.kind, metadata: {} },
      config: partFor(type, config, ''),
      type: type.type,
      writer: this.#writer(type, mode),
      force: true,
      settle: (merged) => {
        prepareCreate(type, merged, place.namespace, this.around);
        return merged;
      },
    });
    return this.#insert(type, object, mode);
  }

  /** The object as it was answered: marked, or as it was before it went. */
  delete(type: ResourceType, place: Place, request: DeleteRequest, dryRun = false): { object: Dict; gone: boolean } {
    const { storage } = this.#parts;
    const old = this.get(type, place);
    checkPreconditions(type, old, request);
    const plan = planDeletion(type, old, request, this.around);
    const key = keyOf(type, place.name, place.namespace);
    if (dryRun) return { object: plan.marked ?? old, gone: plan.gone };
    const object = plan.marked === undefined ? old : storage.put(type.bucket, key, plan.marked);
    if (plan.gone) storage.remove(type.bucket, key);
    return { object, gone: plan.gone };
  }
}

/** What a new object is compared with: what the server fills in counts as there already, so that nobody owns it. */
function blankFor(type: ResourceType, object: Dict): Dict {
  const blank: Dict = { ...clone(type.skeleton), metadata: {} };
  const spec = dictOr(object['spec']);
  for (const key of type.assigned ?? []) if (spec[key] !== undefined) ensure(blank, 'spec')[key] = clone(spec[key]);
  if (type.subresources.includes('status') && object['status'] !== undefined) blank['status'] = clone(object['status']);
  return blank;
}

/** What an apply through this part of the object may say. */
function partFor(type: ResourceType, config: Dict, subresource: string): Dict {
  const { status, ...rest } = config;
  if (subresource === '') return type.subresources.includes('status') ? rest : config;
  const { name, namespace } = dictOr(config['metadata']);
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  const head = { apiVersion: config['apiVersion'], kind: config['kind'], metadata };
  return status === undefined ? head : { ...head, status };
}
