// `sluice sync`, `sluice suspend` and `sluice resume`: what a person asks of an Application.
import type { Application } from '../../api/application.ts';
import { RESOURCES, SYNC } from '../../api/names.ts';
import { liveOwner } from '../../application/sync/owner.ts';
import { CLUSTER_FLAGS, flagsOf, printed, withCluster, type Around } from './cluster.ts';
import { findApplication } from './named.ts';

/** What to ask; `suspend` and `resume` change the spec. */
export type Asking = 'sync' | 'suspend' | 'resume';

/** Who writes, to the API server. */
const MANAGER = 'sluice-cli';

/** Asks it. Throws UsageError for a name that is not there; rejects with what to do instead where it would be of no use. */
export async function ask(
  what: Asking,
  { name, json }: { name: string; json: boolean },
  around: Around,
): Promise<void> {
  const app = await findApplication(name, around);
  const said = what === 'sync' ? await sync(app, around) : await setSuspend(app, what === 'suspend', around);
  printed(around.print, [said], json ? { value: { application: nameOf(app), asked: what, message: said } } : undefined);
}

const nameOf = ({ metadata }: Application): string => `${metadata.namespace ?? ''}/${metadata.name}`;

async function sync(app: Application, around: Around): Promise<string> {
  const { name, namespace = '' } = app.metadata;
  if (app.spec.suspend)
    throw new Error(
      `Application ${nameOf(app)} is suspended, and looks at nothing: sluice resume ${name} -n ${namespace}`,
    );
  const asked = new Date(around.clock.now()).toISOString();
  await patch(app, { metadata: { annotations: { [SYNC]: asked } } }, around);
  return `Application ${nameOf(app)} looks at its repository at once, and tries again what failed; the annotation ${SYNC} is gone when it has begun`;
}

async function setSuspend(app: Application, suspend: boolean, around: Around): Promise<string> {
  const done = suspend ? 'is suspended: the cluster is left alone, rollouts that are on their way go on' : 'goes on';
  if ((app.spec.suspend ?? false) === suspend)
    return `Application ${nameOf(app)} ${suspend ? 'is suspended already' : 'is not suspended'}`;
  const parent = await parentOf(app, around);
  if (parent !== undefined) throw new Error(declaredBy(app, parent, suspend));
  await patch(app, { spec: { suspend: suspend ? true : null } }, around);
  return `Application ${nameOf(app)} ${done}`;
}

/** The Application that declares it and would put it back; undefined where there is none, or it leaves changes alone. */
async function parentOf(app: Application, { client }: Around): Promise<Application | undefined> {
  const owner = liveOwner(app);
  if (owner === undefined) return undefined;
  const parent = await client.get<Application>(RESOURCES.applications, owner.name, owner.namespace);
  const leavesAlone = parent?.spec.suspend === true || parent?.spec.sync?.selfHeal === false;
  return leavesAlone ? undefined : parent;
}

function declaredBy(app: Application, parent: Application, suspend: boolean): string {
  const { repoURL, path = '' } = parent.spec.source;
  const where = path === '' ? repoURL : `${repoURL}, below ${path}`;
  const instead = suspend ? 'write spec.suspend: true' : 'take spec.suspend away';
  return `Application ${nameOf(app)} is itself declared in Git, by Application ${nameOf(parent)}, which would put this back: ${instead} there (${where})`;
}

async function patch(app: Application, body: object, { client }: Around): Promise<void> {
  const { name, namespace } = app.metadata;
  await client.patch(RESOURCES.applications, { name, namespace, type: 'merge', body, fieldManager: MANAGER });
}

const runAsking =
  (what: Asking) =>
  async (argv: readonly string[]): Promise<number> => {
    const { values, positionals } = flagsOf(argv, CLUSTER_FLAGS, ['Application']);
    const options = { name: positionals[0] ?? '', json: values.json ?? false };
    await withCluster(values, (around) => ask(what, options, around));
    return 0;
  };

/** Runs the commands. */
export const runSync = runAsking('sync');
/** Has an Application leave the cluster alone. */
export const runSuspend = runAsking('suspend');
/** Has it go on. */
export const runResume = runAsking('resume');
