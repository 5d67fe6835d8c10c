// Whether a commit is taken: as a whole, before its first write, or not at all. What was applied before stays until then. Pure.
import type { KubeObject } from '../../api/k8s.ts';
import { nameOf } from '../../api/object-key.ts';
import { shortCommit } from '../../api/revision.ts';
import type { AgentIntent, CheckRequest } from '../intents.ts';
import type { Declared, Seen, SourceFailure } from '../seen.ts';
import { describeProblem } from '../source/manifests.ts';
import type { DesiredObject } from '../source/desired.ts';
import type { Definition } from '../source/definitions.ts';
import { bodyOf } from './body.ts';
import { recordedBefore, type Before } from './before.ts';
import { unmetDependency } from './dependencies.ts';
import { bringsRights, definedProblems } from './brought.ts';
import { fingerprintOf } from './fingerprint.ts';
import { hookTrials, isFirst, tooEarly, type HookTrial } from './hooks/trial.ts';
import { isNews } from './news.ts';
import { objectContext } from './plan-sync.ts';
import type { ObjectContext } from './plan-object.ts';
import { podsOf } from './pods.ts';
import { silencedProblems } from './silenced.ts';
import type { Waiting } from './waiting.ts';
import { atWindows, type Override } from './windows.ts';

export interface Admission {
  /** What is to be in force now. */
  accepted: Declared | undefined;
  /** Why the newest commit is not. */
  refused?: SourceFailure;
  /** Why the newest commit, which could be applied, is not yet. */
  waiting?: Waiting | undefined;
  /** Who has it applied though a window is closed. */
  override?: Override;
  /** What has to be found out first. */
  intents: AgentIntent[];
  dueAt?: number | undefined;
}

const MAX_PROBLEMS = 5;

/** Where the newest commit cannot be used and nothing is remembered, what was in force before is read back. */
export function admit(seen: Seen): Admission {
  const admission = judge(seen);
  const { refused, waiting } = admission;
  const isUsable = refused === undefined && waiting === undefined && seen.source.failure === undefined;
  if (isUsable || admission.accepted || admission.intents.length > 0) return admission;
  return { ...admission, ...inForce(recordedBefore(seen)) };
}

function judge(seen: Seen): Admission {
  const { newest } = seen.source;
  const { accepted, givenUp } = seen.memory;
  if (!newest) return { accepted, intents: [] };
  const lost = givenUp.get(newest.id);
  if (lost && seen.now < lost.retryAt) return { ...goneBack(seen, newest, lost.message), dueAt: lost.retryAt };
  if (accepted === newest) return { accepted, intents: [] };
  const problems = newest.problems.map((problem) => describeProblem(problem));
  if (problems.length > 0) return refuse(accepted, 'InvalidManifest', problems);
  return silenced(seen, newest) ?? examine(seen, newest);
}

/** A commit that could not be carried out: what was in force before is, again. */
function goneBack({ memory, ...seen }: Seen, newest: Declared, why: string): Admission {
  const { accepted, previous } = memory;
  const refused = (end: string): SourceFailure => ({ reason: 'ApplyFailed', message: `${why}; ${end}` });
  if (accepted && accepted.id !== newest.id) return { accepted, refused: refused(PUT_BACK), intents: [] };
  const before: Before = previous ? { declared: previous } : recordedBefore(seen, newest.commit.oid);
  if (before === 'unknown')
    return { accepted, refused: refused('what was applied before cannot be read back'), intents: [] };
  return { refused: refused(PUT_BACK), ...inForce(before) };
}

const PUT_BACK = 'what was applied before is put back';

const inForce = (before: Before): Pick<Admission, 'accepted' | 'intents'> => ({
  accepted: before !== 'unknown' && 'declared' in before ? before.declared : undefined,
  intents: before !== 'unknown' && 'commit' in before ? [{ do: 'ReadBack', commit: before.commit }] : [],
});

/** Files that declared something and declare nothing now: nobody said that their objects are to go. Undefined where there are none. */
function silenced(seen: Seen, newest: Declared): Admission | undefined {
  if (newest.skipped.length === 0) return undefined;
  const { accepted } = seen.memory;
  const before: Before = accepted ? { declared: accepted } : recordedBefore(seen);
  if (before === 'unknown') return undefined;
  if ('commit' in before) return before.commit === newest.commit.oid ? undefined : inForce(before);
  const problems = silencedProblems(before.declared, newest).map((problem) => describeProblem(problem));
  return problems.length === 0 ? undefined : refuse(accepted, 'InvalidManifest', problems);
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
  const changed = wanted.filter((one) => isChanged(one, context));
  const unsigned = unsignedBy(seen, newest);
  if (unsigned !== undefined && isNews(newest, seen)) return refuse(accepted, 'Unverified', [unsigned]);
  const definedBy = (one: DesiredObject): Definition | undefined => broughtBy(one, newest, context);
  const objects = changed
    .filter((one) => isServed(one, seen) && !definedBy(one))
    .map((one) => examineOne(one, context));
  const found = [...objects, ...hookTrials(newest, seen).map((trial) => examineHook(trial, seen))];
  const requests = found.flatMap((one) => ('request' in one ? [one.request] : []));
  if (requests.length > 0) return { accepted, intents: [{ do: 'Check', requests }] };
  const problems = found.flatMap((one) => ('problem' in one ? [one.problem] : []));
  if (problems.length > 0) return refuse(accepted, 'Refused', problems);
  // The definitions themselves have been tried by now, and can be relied on.
  const misfits = changed.flatMap((one) => misfitsOf(one, definedBy(one)));
  if (misfits.length > 0) return refuse(accepted, 'Refused', misfits);
  const waits = found.flatMap((one) => ('waits' in one ? [one.waits] : []));
  if (waits.length > 0) return delayed(accepted, waits);
  return isNews(newest, seen) ? letIn(seen, newest) : { accepted: newest, intents: [] };
}

/** Why its signature does not count, where one is asked for. */
function unsignedBy({ app, source: { failure } }: Seen, { commit, signature }: Declared): string | undefined {
  if (app.spec.source.verify === undefined) return undefined;
  // Whether the keys are still what they were could not be told.
  if (failure !== undefined) return `${shortCommit(commit.oid)} is not applied: ${failure.message}`;
  if (signature?.good === true) return undefined;
  return `${shortCommit(commit.oid)} is not applied: ${signature?.why ?? 'its signature was not checked yet'}`;
}

/** Nothing is wrong with the commit: it is applied, once nothing else holds it up. */
function letIn(seen: Seen, newest: Declared): Admission {
  const { accepted } = seen.memory;
  const found = hasBegun(newest, seen) ? undefined : (unmetDependency(seen, newest) ?? atWindows(seen, newest));
  if (found === undefined) return { accepted: newest, intents: [] };
  if ('text' in found) return { accepted, waiting: found, intents: [], dueAt: found.dueAt };
  return { accepted: newest, override: found, intents: [] };
}

/** Its hooks run already: it was let in, and is not shut out in the middle. */
const hasBegun = ({ content, commit }: Declared, { status: { hooks } }: Seen): boolean =>
  hooks !== undefined &&
  hooks.finishedAt === undefined &&
  hooks.runs.length > 0 &&
  hooks.content === content &&
  hooks.commit === commit.oid;

type Found = { request: CheckRequest } | { problem: string } | { waits: Wait } | { accepted: true };

/** Until an object can be tried; what kept it from that is told once it has lasted. */
interface Wait {
  message?: string;
  dueAt?: number;
}

function delayed(accepted: Declared | undefined, waits: readonly Wait[]): Admission {
  const messages = waits.flatMap(({ message }) => message ?? []);
  const admission = messages.length === 0 ? { accepted, intents: [] } : refuse(accepted, 'NotTried', messages);
  return { ...admission, dueAt: Math.min(...waits.map(({ dueAt }) => dueAt ?? Number.POSITIVE_INFINITY)) };
}

/** Attempts in a row after which it is told that an object cannot be tried. */
const TOLD_FROM = 3;

function examineOne(desired: DesiredObject & { path: string }, context: ObjectContext): Found {
  const { seen, declared } = context;
  const { key, ref } = desired;
  const found = seen.live(key);
  if (found.state === 'failed') {
    const isGranted = declared !== undefined && bringsRights(declared, seen.tenancy, ref.namespace);
    return isGranted ? { accepted: true } : { problem: at(desired, found.message) };
  }
  if (found.state === 'pending') return { waits: {} };
  // Another Application's: that is said of the object, and refuses nothing else.
  const isOthers = found.object !== undefined && seen.claimedBy(key, found.object) !== undefined;
  return isOthers ? { accepted: true } : tried(desired, found.object, context);
}

/** What the server says of this very body over this very object, or how it comes to be asked. */
function tried(desired: DesiredObject & { path: string }, live: KubeObject | undefined, context: ObjectContext): Found {
  const { key, ref, object } = desired;
  const body = bodyOf(desired, live, context);
  const fingerprint = fingerprintOf(body.hash, live);
  return answerTo(desired, { key, ref, fingerprint, body: body.object, pods: podsOf(object) }, context.seen);
}

/** Nothing of a hook is there yet: it is tried as it would be created. */
function examineHook({ hook, request, problem }: HookTrial, seen: Seen): Found {
  if (problem !== undefined) return { problem: at(hook, problem) };
  const outcome = seen.memory.answered(hook.key, request.fingerprint, seen.now);
  const isEarly = outcome?.kind === 'deferred' && isFirst(hook);
  return isEarly ? { problem: at(hook, tooEarly(outcome.message)) } : answerTo(hook, request, seen);
}

function answerTo(desired: DesiredObject, request: CheckRequest, { memory, now }: Seen): Found {
  const { key, fingerprint } = request;
  const outcome = memory.answered(key, fingerprint, now);
  if (outcome) return outcome.kind === 'refused' ? { problem: at(desired, outcome.message) } : { accepted: true };
  const setback = memory.setbacks.get(key);
  if (setback?.fingerprint === fingerprint && now < setback.retryAt) {
    const told = setback.times < TOLD_FROM ? {} : { message: at(desired, setback.message) };
    return { waits: { ...told, dueAt: setback.retryAt } };
  }
  return { request };
}

const isServed = ({ object, ref }: DesiredObject, seen: Seen): boolean =>
  seen.served(object.apiVersion, ref.kind) !== undefined;

/** It is not on record as applied just so. */
function isChanged({ key, hash }: DesiredObject, { inventory }: ObjectContext): boolean {
  const entry = inventory.get(key);
  return entry === undefined || entry.hash !== hash || entry.status === 'Failed';
}

/** The definition that comes with an object, new or changed: the server knows nothing of it yet. */
function broughtBy({ ref }: DesiredObject, newest: Declared, context: ObjectContext): Definition | undefined {
  const definition = newest.defines.get(`${ref.group}/${ref.kind}`);
  const brought = definition && newest.desired.find(({ key }) => key === definition.key);
  return brought && isChanged(brought, context) ? definition : undefined;
}

const misfitsOf = (desired: DesiredObject, definition: Definition | undefined): string[] =>
  definition === undefined ? [] : definedProblems(desired, definition).map((message) => at(desired, message));

const at = ({ source, ref }: DesiredObject, message: string): string =>
  `${source.path}:${source.line}: ${nameOf(ref)}: ${message}`;
