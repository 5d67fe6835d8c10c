// What becomes of an object that is declared no more.
import type { Application } from '../api/application.ts';
import type { ObjectKey } from '../api/object-key.ts';
import type { DesiredObject } from '../application/source/desired.ts';
import { keepingAnnotation } from '../application/sync/prune-rules.ts';
import type { Fate } from './types.ts';

interface Around {
  app: Application | undefined;
  /** All that is declared afterwards, what is not applied included; undefined where the Application is gone. */
  keys: ReadonlySet<ObjectKey> | undefined;
  /** The Application, as `namespace/name`, that declares an object afterwards beside this one. */
  elsewhere: (key: ObjectKey) => string | undefined;
}

const kept = (why: string): Fate => ({ is: 'Kept', why });

/** As prune decides, by what is declared alone. */
export function fateOf(desired: DesiredObject, around: Around): Fate {
  const { key, object } = desired;
  if ('phases' in desired) return kept('a hook: its own policy says when what it made is deleted');
  if (around.keys?.has(key) === true)
    return kept('declared still, and left out by its annotation: what is there stays');
  const other = around.elsewhere(key);
  if (other !== undefined) return { is: 'HandedOver', why: `left to Application ${other}, which declares it` };
  if (around.keys === undefined) return kept('deleting an Application deletes nothing that it applied');
  const annotation = keepingAnnotation(object);
  return annotation === undefined ? byPrune(around.app) : kept(`kept by the annotation ${annotation}`);
}

function byPrune(app: Application | undefined): Fate {
  if (app === undefined) return { is: 'Deleted', why: 'deleted where the Application has sync.prune' };
  if (app.spec.sync?.prune === true) return { is: 'Deleted', why: 'deleted (sync.prune)' };
  return kept('kept, as sync.prune is off');
}
