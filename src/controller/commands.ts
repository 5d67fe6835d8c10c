// What the annotations of a Rollout say: what people ask for, and what the agent and the controller have noted there. Anybody may have
// written them.
import type { ZodType } from 'zod';
import { heldNoteSchema, readAnnotation, takenCommandSchema, unknownAnnotations } from '../api/annotations.ts';
import { VERBS, type Verb } from '../api/dialect.ts';
import { lastManagerOf } from '../api/managed-fields.ts';
import { ANNOTATIONS, verbAnnotation } from '../api/names.ts';
import type { Issue } from '../api/result.ts';
import { revisionRefSchema } from '../api/revision.ts';
import type { Rollout, RolloutStatus } from '../api/rollout.ts';
import type { Observed, Waiting } from '../rollout/observed.ts';

/** `onlyAbort`: nothing else can be answered yet; it waits where it is. */
export function gatherCommands(
  rollout: Rollout,
  status: RolloutStatus,
  onlyAbort = false,
): Pick<Observed, 'command' | 'waiting' | 'retried' | 'held' | 'revision' | 'malformed'> {
  const annotations: Record<string, unknown> = rollout.metadata.annotations ?? {};
  const malformed: Issue[] = [];
  const read = <T>(name: string, schema: ZodType<T>): T | undefined => {
    const result = readAnnotation(annotations, name, schema);
    if (!result.ok) malformed.push(result.error);
    return result.ok ? result.value : undefined;
  };
  const held = read(ANNOTATIONS.held, heldNoteSchema);
  const taken = read(ANNOTATIONS.command, takenCommandSchema);
  const retried = read(ANNOTATIONS.retried, takenCommandSchema);
  const revision = read(ANNOTATIONS.revision, revisionRefSchema);
  // A retry of a held revision is the agent's to carry out: it holds the content.
  const waiting = VERBS.filter((verb: Verb) => !(verb === 'retry' && held !== undefined)).flatMap((verb): Waiting[] => {
    const name = verbAnnotation(verb);
    const value = annotations[name];
    if (typeof value !== 'string') return [];
    const by = lastManagerOf(rollout, ['metadata', 'annotations', name]);
    return [{ verb, value, ...(by === undefined ? {} : { by }) }];
  });
  const isAsked = ({ verb }: { verb: Verb }): boolean => !onlyAbort || verb === 'abort';
  return {
    command: taken !== undefined && isAsked(taken) && taken.id !== status.lastCommand?.id ? taken : undefined,
    waiting: waiting.filter(isAsked),
    retried,
    held,
    revision,
    malformed: [...malformed, ...unknownAnnotations(annotations)],
  };
}
