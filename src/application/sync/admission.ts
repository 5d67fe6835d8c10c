// Whether a commit is taken: as a whole, before its first write, or not at all. What was applied before stays until then. Pure.
import { nameOf } from '../../api/object-key.ts';
import type { AgentIntent, CheckRequest } from '../intents.ts';
import type { Declared, Seen, SourceFailure } from '../seen.ts';
import { describeProblem } from '../source/manifests.ts';
import type { DesiredObject } from '../source/desired.ts';
import { bodyOf } from './body.ts';
import { fingerprintOf } from './fingerprint.ts';
import { objectContext } from './plan-sync.ts';
import type { ObjectContext } from './plan-object.ts';
import { podsOf } from './pods.ts';

export interface Admission {
  /** What is to be in force now. */
  accepted: Declared | undefined;
  /** Why the newest commit is not. */
  refused?: SourceFailure;
  /** What has to be found out first. */
  intents: AgentIntent[];
  dueAt?: number | undefined;
}

const MAX_PROBLEMS = 5;

export function admit(seen: Seen): Admission {
  const { newest } = seen.source;
  const { accepted, previous, givenUp } = seen.memory;
  if (!newest) return { accepted, intents: [] };
  const lost = givenUp.get(newest.id);
  if (lost && seen.now < lost.retryAt) {
    const refused = { reason: 'ApplyFailed', message: lost.message };
    return { accepted: accepted?.id === newest.id ? previous : accepted, refused, intents: [], dueAt: lost.retryAt };
  }
  if (accepted === newest) return { accepted, intents: [] };
  const problems = newest.problems.map((problem) => describeProblem(problem));
  if (problems.length > 0) return refuse(accepted, 'InvalidManifest', problems);
  return examine(seen, newest);
}

function refuse(accepted: Declared | undefined, reason: string, problems: readonly string[]): Admission {
  const shown = problems.slice(0, MAX_PROBLEMS);
  const more = problems.length - shown.length;
  const message = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
  return { accepted, refused: { reason, message }, intents: [] };
}

/** Asks the server about every object that is new or changed; the rest was accepted before. */
function examine(seen: Seen, newest: Declared): Admission {
  const { accepted } = seen.memory;
  const wanted = newest.desired.map((desired) => ({ ...desired, path: desired.source.path }));
  const context = objectContext(seen, newest, wanted);
  const found = wanted
    .filter((one) => !isInForce(one, context.inventory.get(one.key)))
    .filter(({ object, ref }) => seen.served(object.apiVersion, ref.kind))
    .map((one) => examineOne(one, context));
  const requests = found.flatMap((one) => ('request' in one ? [one.request] : []));
  if (requests.length > 0) return { accepted, intents: [{ do: 'Check', requests }] };
  const problems = found.flatMap((one) => ('problem' in one ? [one.problem] : []));
  if (problems.length > 0) return refuse(accepted, 'Refused', problems);
  return { accepted: found.some((one) => 'waits' in one) ? accepted : newest, intents: [] };
}

type Found = { request: CheckRequest } | { problem: string } | { waits: true } | { accepted: true };

function examineOne(desired: DesiredObject & { path: string }, context: ObjectContext): Found {
  const { seen } = context;
  const { key, ref, object } = desired;
  const found = seen.live(key);
  if (found.state === 'failed') return { problem: at(desired, found.message) };
  if (found.state === 'pending') return { waits: true };
  // Another Application's: that is said of the object, and refuses nothing else.
  if (found.object && seen.claimedBy(key, found.object) !== undefined) return { accepted: true };
  const body = bodyOf(desired, found.object, context);
  const fingerprint = fingerprintOf(body.hash, found.object);
  const outcome = seen.memory.answered(key, fingerprint, seen.now);
  const setback = seen.memory.setbacks.get(key);
  if (!outcome && setback?.fingerprint === fingerprint && seen.now < setback.retryAt) return { waits: true };
  if (!outcome) return { request: { key, ref, fingerprint, body: body.object, pods: podsOf(object) } };
  return outcome.kind === 'refused' ? { problem: at(desired, outcome.message) } : { accepted: true };
}

/** It is on record as applied just so. */
const isInForce = (
  { hash }: DesiredObject,
  entry: { hash?: string | undefined; status: string } | undefined,
): boolean => entry !== undefined && entry.hash === hash && entry.status !== 'Failed';

const at = ({ source, ref }: DesiredObject, message: string): string =>
  `${source.path}:${source.line}: ${nameOf(ref)}: ${message}`;
