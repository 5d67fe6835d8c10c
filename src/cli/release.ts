// `sluice release`: hands back everything that Sluice drives, before it is uninstalled. It is refused while a controller acts. Services are let
// go of only where they then select no other pods than stable ones.
import { parseArgs } from 'node:util';
import type { KubeObject, ReplicaSet } from '../api/k8s.ts';
import { POD_TEMPLATE_HASH, RESOURCES } from '../api/names.ts';
import { nameOf, objectKey, objectKeyOf, qualifiedName, type ObjectKey } from '../api/object-key.ts';
import type { Rollout } from '../api/rollout.ts';
import { carryOut } from '../controller/hand-back-controller.ts';
import { handBacks, type HandBack } from '../controller/hand-back.ts';
import { describeMidway, midwayOf } from '../controller/midway.ts';
import { routedBy } from '../controller/references.ts';
import { systemClock } from '../ports/clock.ts';
import { DRIVEN_KINDS } from '../traffic/modules.ts';
import { connected, listedIfServed } from './connected.ts';
import { refuseWhileOneActs } from './acting-controller.ts';
import { describeTakeBack, takeBackAll, type Around } from './take-back.ts';
import { UsageError } from './usage-error.ts';

export interface ReleaseOptions {
  kubeconfig: string | undefined;
  context: string | undefined;
  /** Undefined: all. */
  namespace: string | undefined;
  dryRun: boolean;
  /** Takes releases back that are under way; without it they are refused. */
  abort: boolean;
  /** Where a controller's Lease is looked for; undefined: anywhere. */
  leaseNamespace?: string | undefined;
  /** Names of Rollouts; empty: everything. */
  rollouts: readonly string[];
}

const FLAGS = {
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  namespace: { type: 'string', short: 'n' },
  'dry-run': { type: 'boolean' },
  abort: { type: 'boolean' },
  'lease-namespace': { type: 'string' },
} as const;

export function parseReleaseOptions(argv: readonly string[]): ReleaseOptions {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: FLAGS,
      strict: true,
      allowPositionals: true,
    });
    const { kubeconfig, context, namespace, 'dry-run': dryRun = false, abort = false } = values;
    const { 'lease-namespace': leaseNamespace } = values;
    if (positionals.length > 0 && namespace === undefined)
      throw new UsageError('--namespace: say in which namespace the named Rollouts are');
    return { kubeconfig, context, namespace, dryRun, abort, leaseNamespace, rollouts: positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

const KINDS = DRIVEN_KINDS.map(({ resource }) => resource);

/** Hands back what is driven: everything, or what the named Rollouts drive. One line for each object goes to `print`. */
export async function release(
  around: Around,
  options: Pick<ReleaseOptions, 'namespace' | 'dryRun' | 'abort' | 'leaseNamespace' | 'rollouts'>,
): Promise<number> {
  const { client, print } = around;
  const { namespace, dryRun, leaseNamespace, rollouts } = options;
  const selection = namespace === undefined ? {} : { namespace };
  const all = (await listedIfServed(client, RESOURCES.rollouts, selection)) as unknown as Rollout[];
  const unknown = rollouts.filter((name) => !all.some(({ metadata }) => metadata.name === name));
  if (unknown.length > 0) throw new UsageError(`there is no Rollout ${unknown.join(', ')} in namespace ${namespace}`);
  if (!dryRun) await refuseWhileOneActs(around, leaseNamespace);
  const meant = all.filter(({ metadata }) => rollouts.length === 0 || rollouts.includes(metadata.name));
  const driven = async (): Promise<HandBack[]> => {
    const lists = await Promise.all(KINDS.map((resource) => listedIfServed(client, resource, selection)));
    return rollouts.length === 0 ? handBacks(lists.flat(), []) : backsOf(lists.flat(), meant, all);
  };
  const before = await driven();
  const isTaken = await takeBackOthers(
    meant.filter((each) => isDriving(each, before)),
    options,
    around,
  );
  const backs = isTaken ? await driven() : before;
  if (backs.length === 0) print('nothing is driven');
  if (dryRun) for (const back of backs) print(lineOf(back, 'would hand back'));
  else await carryOutAll(around, backs, driven);
  return backs.length;
}

/** What these Rollouts drive, and no other does. */
function backsOf(objects: readonly KubeObject[], meant: readonly Rollout[], all: readonly Rollout[]): HandBack[] {
  const keys = new Set(meant.flatMap((each) => routedBy(each) ?? []));
  const names = new Set(meant.map(({ metadata }) => qualifiedName(metadata)));
  const others = all.filter((each) => !meant.includes(each) && routedBy(each) !== undefined);
  return handBacks(
    objects.filter((object) => keys.has(objectKeyOf(object))),
    others,
  ).filter(({ rollout }) => rollout === undefined || names.has(rollout));
}

/** Of an object that several drive one part after the other, each upon what the one before has left. */
async function carryOutAll(
  { client, print }: Pick<Around, 'client' | 'print'>,
  backs: readonly HandBack[],
  again: () => Promise<HandBack[]>,
): Promise<void> {
  const done = new Set<string>();
  for (const back of backs) {
    const { write } = back;
    if (write !== undefined && done.has(textOf(back))) continue;
    if (write !== undefined) await carryOut(client, { ...back, write });
    done.add(textOf(back));
    print(lineOf(back, 'handed back'));
  }
  const rest = backs.length === done.size ? [] : (await again()).filter(({ write }) => write !== undefined);
  if (rest.length > 0) await carryOutAll({ client, print }, rest, again);
}

const lineOf = (back: HandBack, verb: string): string =>
  `${back.write === undefined ? 'cannot hand back' : verb} ${textOf(back)}: ${back.what}`;

/** Something is still bound to it, or may be, as what it drives cannot be read. */
function isDriving(rollout: Rollout, backs: readonly HandBack[]): boolean {
  const own = qualifiedName(rollout.metadata);
  const keys = routedBy(rollout);
  const isIts = ({ rollout: by = own, ...back }: HandBack): boolean =>
    by === own && keys?.includes(keyOf(back)) === true;
  return keys === undefined || backs.some(isIts);
}

/** Sees to it that these have no pods but stable ones, or refuses. Resolves to true where anything was changed. */
async function takeBackOthers(
  rollouts: readonly Rollout[],
  { namespace, abort, dryRun }: Pick<ReleaseOptions, 'namespace' | 'abort' | 'dryRun'>,
  around: Around,
): Promise<boolean> {
  const selection = { ...(namespace === undefined ? {} : { namespace }), labelSelector: POD_TEMPLATE_HASH };
  const replicaSets = await around.client.list<ReplicaSet>(RESOURCES.replicaSets, selection);
  const midway = midwayOf(rollouts, replicaSets.items);
  if (midway.length === 0) return false;
  if (!abort) throw new Error(`${midway.map((each) => describeMidway(each)).join('\n')}\n${ADVICE}`);
  if (!dryRun) await takeBackAll(midway, namespace, around);
  for (const each of dryRun ? midway : [])
    around.print(`would take back Rollout ${qualifiedName(each.rollout.metadata)}, until ${describeTakeBack(each)}`);
  return !dryRun;
}

const ADVICE =
  'Services that are let go of would select these pods, too, and nobody would watch them. Add --abort to send all traffic to the stable ' +
  'revision and take the other pods down first; or start the controller, and come back when the release has ended and its pods are gone.';

type Named = Pick<HandBack, 'kind' | 'namespace' | 'name' | 'resource'>;

const keyOf = ({ kind, namespace, name, resource: { group } }: Named): ObjectKey =>
  objectKey({ group, kind, namespace, name });

const textOf = ({ kind, namespace, name, resource: { group } }: Named): string =>
  nameOf({ group, kind, namespace, name });

export async function runRelease(argv: readonly string[]): Promise<number> {
  const options = parseReleaseOptions(argv);
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  await connected(options, ({ client }) => release({ client, clock: systemClock, print }, options));
  return 0;
}
