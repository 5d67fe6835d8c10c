// What a person means by a name: a Rollout, or an Application. A name that is not there is answered with what may be meant.
import type { AnalysisRun } from '../../api/analysis.ts';
import type { Application } from '../../api/application.ts';
import { dialect, GROUPS, type Group } from '../../api/dialect.ts';
import type { KubeObject, Resource } from '../../api/k8s.ts';
import { RESOURCES } from '../../api/names.ts';
import { nearest } from '../../api/nearest.ts';
import type { Rollout } from '../../api/rollout.ts';
import { liveOwner } from '../../application/sync/owner.ts';
import { ApiError } from '../../kube/errors.ts';
import type { Identified } from '../../kube/types.ts';
import { listedIfServed } from '../connected.ts';
import { UsageError } from '../usage-error.ts';
import type { Around } from './cluster.ts';

export type Named = { kind: 'Rollout'; rollout: Rollout } | { kind: 'Application'; app: Application };

type Asking = Pick<Around, 'client' | 'namespace'>;

const KINDS: Readonly<Record<string, Named['kind']>> = {
  ro: 'Rollout',
  rollout: 'Rollout',
  rollouts: 'Rollout',
  app: 'Application',
  application: 'Application',
  applications: 'Application',
};

/** `web`, `rollout/web`, `app/shop`. Throws UsageError for another kind. */
export function meaningOf(text: string): { kind: Named['kind'] | undefined; name: string } {
  const slash = text.indexOf('/');
  if (slash === -1) return { kind: undefined, name: text };
  const prefix = text.slice(0, slash).toLowerCase();
  const kind = Object.hasOwn(KINDS, prefix) ? KINDS[prefix] : undefined;
  if (kind === undefined)
    throw new UsageError(`${text}: write NAME, rollout/NAME or app/NAME, and the namespace with -n`);
  return { kind, name: text.slice(slash + 1) };
}

/** The Rollout or Application of that name. Throws UsageError where there is none, or one of each and the text does not say which. */
export async function findNamed(text: string, at: Asking): Promise<Named> {
  const { kind, name } = meaningOf(text);
  const rollout = kind === 'Application' ? undefined : await rolloutNamed(name, at);
  const app =
    kind === 'Rollout'
      ? undefined
      : await at.client.get<AsRead<Application>>(RESOURCES.applications, name, at.namespace);
  if (rollout && app)
    throw new UsageError(
      `${name} is a Rollout and an Application in namespace ${at.namespace}: write rollout/${name} or app/${name}`,
    );
  if (rollout) return { kind: 'Rollout', rollout };
  if (app) return { kind: 'Application', app };
  throw new UsageError(await nothingNamed(name, kind, at));
}

/** The Rollout of that name. Throws UsageError where there is none. */
export async function findRollout(text: string, at: Asking): Promise<Rollout> {
  const found = await findNamed(meaningOf(text).kind === undefined ? `rollout/${text}` : text, at);
  if (found.kind !== 'Rollout') throw new UsageError(`${text}: a Rollout is asked for`);
  return found.rollout;
}

/** The Application of that name. Throws UsageError where there is none. */
export async function findApplication(text: string, at: Asking): Promise<Application> {
  const found = await findNamed(meaningOf(text).kind === undefined ? `app/${text}` : text, at);
  if (found.kind !== 'Application') throw new UsageError(`${text}: an Application is asked for`);
  return found.app;
}

/** Rollouts are read as they are; a kind is what the API server says it is. */
type AsRead<T> = T & Identified;

async function rolloutNamed(name: string, { client, namespace }: Asking): Promise<Rollout | undefined> {
  for (const group of GROUPS) {
    const found = await client.get<AsRead<Rollout>>(dialect(group).resources.rollouts, name, namespace);
    if (found) return found;
  }
  return undefined;
}

async function nothingNamed(name: string, kind: Named['kind'] | undefined, at: Asking): Promise<string> {
  const what = kind === undefined ? 'neither a Rollout nor an Application' : `no ${kind}`;
  const missing = `there is ${what} ${name} in namespace ${at.namespace}`;
  const resources = resourcesOf(kind);
  const here = await namesIn(resources, at, at.namespace);
  const near = nearest(
    name,
    here.map((each) => each.name),
  );
  if (near !== undefined) return `${missing}; did you mean ${near}?`;
  const elsewhere = (await namesIn(resources, at, undefined)).filter((each) => each.name === name);
  const places = [...new Set(elsewhere.map((each) => each.namespace))].sort();
  if (places.length > 0) return `${missing}; there is one in ${places.join(' and in ')}: add -n ${places[0]}`;
  return here.length === 0 ? missing : `${missing}; there ${here.length === 1 ? 'is' : 'are'} ${listed(here)}`;
}

const MAX_LISTED = 10;

function listed(names: readonly { name: string }[]): string {
  const shown = names.slice(0, MAX_LISTED).map(({ name }) => name);
  const more = names.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const resourcesOf = (kind: Named['kind'] | undefined): Resource[] => [
  ...(kind === 'Application' ? [] : GROUPS.map((group: Group) => dialect(group).resources.rollouts)),
  ...(kind === 'Rollout' ? [] : [RESOURCES.applications]),
];

/** As far as they may be listed: it is but a hint. */
async function namesIn(
  resources: readonly Resource[],
  { client }: Asking,
  namespace: string | undefined,
): Promise<{ namespace: string; name: string }[]> {
  const selection = namespace === undefined ? {} : { namespace };
  const lists = await Promise.all(resources.map((resource) => listOrNone(client, resource, selection)));
  return lists.flat().map(({ metadata }) => ({ namespace: metadata.namespace ?? '', name: metadata.name }));
}

async function listOrNone(
  client: Around['client'],
  resource: Resource,
  selection: { namespace?: string },
): Promise<KubeObject[]> {
  try {
    return await listedIfServed(client, resource, selection);
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return [];
    throw error;
  }
}

/** The Application that applied a Rollout; undefined where none did, or it may not be read. */
export async function applicationOf(rollout: Rollout, { client }: Asking): Promise<Application | undefined> {
  const owner = liveOwner(rollout);
  if (owner === undefined) return undefined;
  try {
    return await client.get<AsRead<Application>>(RESOURCES.applications, owner.name, owner.namespace);
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  }
}

/** The Rollouts that an Application declares, as they are live. */
export async function rolloutsOf({ status }: Application, at: Asking): Promise<Rollout[]> {
  const refs = (status?.resources ?? []).filter(
    ({ kind, group }) => kind === 'Rollout' && GROUPS.some((each) => each === group),
  );
  const found = await Promise.all(
    refs.map(({ name, namespace = at.namespace }) => rolloutNamed(name, { client: at.client, namespace })),
  );
  return found.filter((rollout) => rollout !== undefined);
}

/** The AnalysisRuns in the namespace of a Rollout. */
export async function runsBeside({ apiVersion, metadata }: Rollout, { client }: Asking): Promise<AnalysisRun[]> {
  const group = GROUPS.find((each) => apiVersion.startsWith(`${each}/`)) ?? 'sluice.dev';
  const selection = { namespace: metadata.namespace ?? '' };
  return (await client.list<AsRead<AnalysisRun>>(dialect(group).resources.analysisRuns, selection)).items;
}
