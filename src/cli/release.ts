// `sluice release`: hands back everything that Sluice drives, before it is uninstalled. The controller must not run meanwhile.
import { parseArgs } from 'node:util';
import type { KubeObject } from '../api/k8s.ts';
import { RESOURCES } from '../api/names.ts';
import { nameOf } from '../api/object-key.ts';
import type { Rollout } from '../api/rollout.ts';
import { carryOut } from '../controller/hand-back-controller.ts';
import { handBacks, type HandBack } from '../controller/hand-back.ts';
import { routedBy } from '../controller/references.ts';
import { kubeClient } from '../kube/client.ts';
import { isNotFound } from '../kube/errors.ts';
import { loadAccess } from '../kube/kubeconfig.ts';
import { undiciTransport } from '../kube/transport-undici.ts';
import type { KubeClient } from '../kube/types.ts';
import { systemClock } from '../ports/clock.ts';
import { UsageError } from './usage-error.ts';
import { VERSION } from './version.ts';

export interface ReleaseOptions {
  kubeconfig: string | undefined;
  context: string | undefined;
  /** Undefined: all. */
  namespace: string | undefined;
  dryRun: boolean;
  /** Names of Rollouts; empty: everything. */
  rollouts: readonly string[];
}

const FLAGS = {
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  namespace: { type: 'string', short: 'n' },
  'dry-run': { type: 'boolean' },
} as const;

export function parseReleaseOptions(argv: readonly string[]): ReleaseOptions {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: FLAGS,
      strict: true,
      allowPositionals: true,
    });
    const { kubeconfig, context, namespace, 'dry-run': dryRun = false } = values;
    if (positionals.length > 0 && namespace === undefined)
      throw new UsageError('--namespace: say in which namespace the named Rollouts are');
    return { kubeconfig, context, namespace, dryRun, rollouts: positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

const KINDS = [RESOURCES.virtualServices, RESOURCES.httpRoutes, RESOURCES.destinationRules, RESOURCES.services];

/** Hands back what is driven: everything, or what the named Rollouts drive. One line for each object goes to `print`. */
export async function release(
  client: Pick<KubeClient, 'list' | 'patch'>,
  options: Pick<ReleaseOptions, 'namespace' | 'dryRun' | 'rollouts'>,
  print: (line: string) => void,
): Promise<number> {
  const { namespace, dryRun, rollouts } = options;
  const selection = namespace === undefined ? {} : { namespace };
  const all = (await listed(client, RESOURCES.rollouts, selection)) as unknown as Rollout[];
  const unknown = rollouts.filter((name) => !all.some(({ metadata }) => metadata.name === name));
  if (unknown.length > 0) throw new UsageError(`there is no Rollout ${unknown.join(', ')} in namespace ${namespace}`);
  const lists = await Promise.all(KINDS.map((resource) => listed(client, resource, selection)));
  const named = all.filter(({ metadata }) => rollouts.includes(metadata.name)).flatMap((each) => routedBy(each) ?? []);
  const objects = lists.flat().filter((object) => rollouts.length === 0 || named.includes(idOf(object)));
  const backs = handBacks(objects, []);
  for (const back of backs) {
    if (!dryRun) await carryOut(client, back);
    print(`${dryRun ? 'would hand back' : 'handed back'} ${textOf(back)}: ${back.what}`);
  }
  if (backs.length === 0) print('nothing is driven');
  return backs.length;
}

const idOf = ({ kind, metadata }: KubeObject): string => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
const textOf = ({ kind, namespace, name, resource }: HandBack): string =>
  nameOf({ group: resource.group, kind, namespace, name });

async function listed(
  client: Pick<KubeClient, 'list'>,
  resource: (typeof KINDS)[number] | typeof RESOURCES.rollouts,
  selection: { namespace?: string },
): Promise<KubeObject[]> {
  try {
    return (await client.list<KubeObject>(resource, selection)).items;
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

export async function runRelease(argv: readonly string[]): Promise<number> {
  const options = parseReleaseOptions(argv);
  const access = await loadAccess({ kubeconfig: options.kubeconfig, context: options.context });
  const transport = undiciTransport({ access, clock: systemClock });
  const client = kubeClient({ transport, version: VERSION, clock: systemClock });
  try {
    await release(client, options, (line) => void process.stdout.write(`${line}\n`));
    return 0;
  } finally {
    await transport.close();
  }
}
