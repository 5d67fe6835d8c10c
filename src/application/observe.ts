// Gathers what one decision about an Application may look at. Reads over the network only what no watch can tell, and that once.
import type { AnalysisRun } from '../api/analysis.ts';
import type { Application, ApplicationStatus } from '../api/application.ts';
import type { KubeObject } from '../api/k8s.ts';
import { RESOURCES } from '../api/names.ts';
import { closureBy, type ReleasePolicy } from '../api/release-policy.ts';
import { apiVersionOfRef, objectIdOf, objectKey, type ObjectKey } from '../api/object-key.ts';
import type { ObjectRef } from '../api/application.ts';
import { actingAs } from '../kube/acting-as.ts';
import { ApiError } from '../kube/errors.ts';
import type { KubeClient, ServedResource } from '../kube/types.ts';
import { noSecrets } from '../ports/secrecy.ts';
import type { SourceContent } from '../ports/source-reader.ts';
import type { AgentContext } from './context.ts';
import type { Memory } from './memory.ts';
import { holdKey } from './revert/hold.ts';
import type { StableSnapshot } from './revert/snapshot.ts';
import { loadSnapshots } from './revert/stable.ts';
import type { Declared, Live, Seen, SourceView } from './seen.ts';
import { kindsIn, render } from './source/render.ts';
import { sourceOf, type SourceState } from './source/sources.ts';
import { reachOf, tenancyOf, userOf, type Tenancy } from './source/tenancy.ts';
import { signsOfAnother } from './sync/another.ts';
import { missingRight } from './sync/check.ts';
import { claimant, declarer, doubtAbout, neighbourOf, type Neighbourhood } from './sync/claims.ts';
import { refsOfHooks } from './sync/hooks/record.ts';
import { ownerOf } from './sync/owner.ts';
import { isScaled } from './sync/plan-object.ts';

/** How long an object that no watch shows is taken for what it was read as. */
const STRANGER_MS = 60_000;
const PARALLEL = 16;

const HPA = {
  group: 'autoscaling',
  version: 'v2',
  plural: 'horizontalpodautoscalers',
  kind: 'HorizontalPodAutoscaler',
  namespaced: true,
};

export interface Observation {
  app: Application;
  recorded: ApplicationStatus | undefined;
  now: number;
  client: KubeClient;
}

export async function observe(key: ObjectKey, at: Observation, memory: Memory, context: AgentContext): Promise<Seen> {
  const { app, now, client } = at;
  context.live.begin(key);
  const tenancy = tenancyOf(app, context.tenancy);
  const status = at.recorded ?? {};
  const source = context.sources.state(key, app);
  const kinds = new Kinds(client);
  const view = await viewOf(source, { app, tenancy, kinds, memory });
  const refs = refsIn(status, view.newest, memory.accepted);
  await kinds.learn([...refs.values()].map((ref) => ({ apiVersion: apiVersionOfRef(ref), kind: ref.kind })));
  await loadSnapshots(rolloutsIn(status, memory.accepted, view.newest), { app, status, client, memory, context });
  const live = await liveOf([...refs.entries()], { by: key, kinds, tenancy, memory, context, client, now });
  const { applications, rollouts, analysisRuns, readings, secrecy = noSecrets } = context;
  readings.set(key, {
    declares: view.newest?.keys ?? new Set(),
    lookedAt: source.lookedAt,
    isUnclear: source.failure?.reason === 'InvalidManifest',
  });
  const around: Neighbourhood = {
    app,
    all: applications.list(),
    settings: context.tenancy,
    readings,
  };
  return {
    now,
    app,
    owner: ownerOf(app),
    tenancy,
    status,
    source: view,
    outdated: outdated({ memory, status, live }, source),
    memory,
    served: (apiVersion, kind) => kinds.get(apiVersion, kind),
    live: (id) => live.get(id) ?? { state: 'known', object: undefined },
    autoscaled: (id) => isAutoscaled(id, live.get(id), { by: key, tenancy, context }),
    rollout: (namespace, name) => rollouts.get(namespace, name),
    runs: (namespace): AnalysisRun[] => analysisRuns.list(namespace),
    snapshots: knownSnapshots(memory),
    closed: closureBy(
      policiesOf(context),
      { namespace: app.metadata.namespace ?? '', labels: app.metadata.labels },
      now,
    ),
    clean: (text) => secrecy.scrub(text),
    claimedBy: (id, object) => claimant(id, object, around),
    declaredElsewhere: (id) => declarer(id, around),
    doubt: (id) => doubtAbout(id, view.readAt, around),
    neighbour: (namespace, name) => neighbourOf(applications.get(namespace, name), view.readAt, around),
  };
}

function outdated(
  { memory, status, live }: { memory: Memory; status: ApplicationStatus; live: ReadonlyMap<ObjectKey, Live> },
  { begun, told }: SourceState,
): Seen['outdated'] {
  const { accepted, previous } = memory;
  const objectOf = (key: ObjectKey): KubeObject | undefined => {
    const found = live.get(key);
    return found?.state === 'known' ? found.object : undefined;
  };
  const since = memory.witness(signsOfAnother({ accepted, previous, status, live: objectOf }), begun);
  if (since === undefined || told > since) return undefined;
  return begun > since ? 'failing' : 'unread';
}

const knownSnapshots = ({ snapshots }: Memory): Map<ObjectKey, StableSnapshot> =>
  new Map([...snapshots].flatMap(([id, snapshot]) => (snapshot === undefined ? [] : [[id, snapshot] as const])));

/** Those that are about Applications as well. */
const policiesOf = ({ policies = [] }: AgentContext): ReleasePolicy[] =>
  policies.flatMap((cache) => cache.list()).filter(({ spec }) => spec.appliesTo === 'Everything');

/** Kinds that the server serves, asked once a look. */
class Kinds {
  readonly #client: KubeClient;
  readonly #known = new Map<string, ServedResource | undefined>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  get(apiVersion: string, kind: string): ServedResource | undefined {
    return this.#known.get(`${apiVersion} ${kind}`);
  }

  async learn(kinds: readonly { apiVersion: string; kind: string }[]): Promise<void> {
    for (const { apiVersion, kind } of kinds) {
      const id = `${apiVersion} ${kind}`;
      if (!this.#known.has(id)) this.#known.set(id, await this.#client.resourceFor(apiVersion, kind));
    }
  }
}

interface Viewing {
  app: Application;
  tenancy: Tenancy;
  kinds: Kinds;
  memory: Memory;
}

async function viewOf(source: SourceState, at: Viewing): Promise<SourceView> {
  const { app } = at;
  const { content } = source;
  // Of a head that cannot be read nothing is taken up any more: what was read before it is in force, or it is not.
  const isHead = source.from === sourceOf(app) && source.attempted?.commit === content?.commit.oid;
  const newest = content && isHead ? await rendered(content, at, source.receivedAt) : undefined;
  const earlier = new Map<string, Declared | null>();
  for (const [commit, content] of source.earlier) {
    earlier.set(commit, content && (await rendered(content, at, undefined)));
  }
  const { failure, attempted, nextPollAt, readAt, busy } = source;
  return {
    newest,
    failure: failure && { reason: failure.reason, message: failure.message },
    attempted,
    nextPollAt,
    readAt,
    busy,
    earlier: (commit) => earlier.get(commit),
  };
}

/** Content is rendered once for each spec and each set of served kinds that it was rendered with. */
const renderings = new WeakMap<SourceContent, { id: string; declared: Declared }>();

async function rendered(content: SourceContent, at: Viewing, receivedAt: number | undefined): Promise<Declared> {
  const { app, tenancy, kinds } = at;
  const named = kindsIn(content.manifests);
  await kinds.learn(named);
  const scopeOf = (apiVersion: string, kind: string): boolean | undefined => kinds.get(apiVersion, kind)?.namespaced;
  const namespace = app.spec.destination?.namespace ?? tenancy.namespace;
  const skipMissingKinds = app.spec.sync?.options?.includes('SkipMissingKinds') ?? false;
  const scopes = named.map(({ apiVersion, kind }) => scopeOf(apiVersion, kind) ?? null);
  const id = JSON.stringify([sourceOf(app), namespace, tenancy, skipMissingKinds, scopes]);
  const known = renderings.get(content);
  if (known?.id === id) return known.declared;
  const source = JSON.stringify([sourceOf(app), namespace, skipMissingKinds]);
  const declared = render(content, { namespace, tenancy, scopeOf, skipMissingKinds, source, receivedAt });
  renderings.set(content, { id, declared });
  return declared;
}

/** Every object that the decision may be about, by key. */
function refsIn(status: ApplicationStatus, ...declared: (Declared | undefined)[]): Map<ObjectKey, ObjectRef> {
  const refs = new Map<ObjectKey, ObjectRef>();
  for (const entry of [...(status.resources ?? []), ...refsOfHooks(status)]) refs.set(objectKey(entry), entry);
  for (const hold of status.holds ?? []) for (const ref of hold.objects) refs.set(objectKey(ref), ref);
  for (const one of declared) for (const { key, ref } of one?.desired ?? []) refs.set(key, ref);
  return refs;
}

/** The Rollouts whose stable revision may matter. */
function rolloutsIn(status: ApplicationStatus, ...declared: (Declared | undefined)[]): ObjectKey[] {
  const exceptions = [...(status.holds ?? []), ...(status.returns ?? []), ...(status.stable ?? [])];
  return [...declared.flatMap((one) => [...(one?.sets.keys() ?? [])]), ...exceptions.map((one) => holdKey(one))];
}

interface Looking {
  /** The Application. */
  by: ObjectKey;
  kinds: Kinds;
  tenancy: Tenancy;
  memory: Memory;
  context: AgentContext;
  client: KubeClient;
  now: number;
}

async function liveOf(refs: readonly [ObjectKey, ObjectRef][], at: Looking): Promise<Map<ObjectKey, Live>> {
  const live = new Map<ObjectKey, Live>();
  const unseen: [ObjectKey, ObjectRef, ServedResource][] = [];
  for (const [key, ref] of refs) {
    const resource = at.kinds.get(apiVersionOfRef(ref), ref.kind);
    if (!resource) continue;
    const found = fromWatch(ref, resource, at);
    live.set(key, found);
    if (found.state === 'failed' || (found.state === 'known' && !found.object)) unseen.push([key, ref, resource]);
    else at.memory.strangers.delete(key);
  }
  for (let from = 0; from < unseen.length; from += PARALLEL) {
    const batch = unseen.slice(from, from + PARALLEL);
    await Promise.all(
      batch.map(async ([key, ref, resource]) => {
        const read = await asStranger(key, ref, resource, at);
        // Where it could not be followed, a refusal to read it says why; that it can be read is no help.
        if (live.get(key)?.state !== 'failed' || read.state === 'failed') live.set(key, read);
      }),
    );
  }
  return live;
}

function fromWatch(ref: ObjectRef, resource: ServedResource, { by, tenancy, context, memory }: Looking): Live {
  const isRollout = resource.group === RESOURCES.rollouts.group && resource.kind === RESOURCES.rollouts.kind;
  if (isRollout) return known(context.rollouts.get(ref.namespace, ref.name) as KubeObject | undefined, memory);
  const followed = context.live.follow(resource, { ...reachOf(tenancy), by });
  if (followed.state === 'pending') return { state: 'pending' };
  if (followed.state === 'failed') return { state: 'failed', message: followed.message };
  return known(followed.cache.get(resource.namespaced ? ref.namespace : undefined, ref.name), memory);
}

/** What was deleted in this process's own writes is gone, whatever a watch still shows. */
function known(object: KubeObject | undefined, { deleted }: Memory): Live {
  return { state: 'known', object: object && deleted.has(object.metadata.uid ?? '') ? undefined : object };
}

/** An object that carries no mark of ours is in no watch: it is read, and taken as read for a while. */
async function asStranger(key: ObjectKey, ref: ObjectRef, resource: ServedResource, at: Looking): Promise<Live> {
  const { memory, client, tenancy, now } = at;
  const before = memory.strangers.get(key);
  if (before && now - before.at < STRANGER_MS) return known(before.object, memory);
  const user = userOf(tenancy);
  const asked = user === undefined ? client : actingAs(client, user);
  try {
    const object = await asked.get(resource, ref.name, resource.namespaced ? ref.namespace : undefined);
    memory.strangers.set(key, { at: now, object });
    return known(object, memory);
  } catch (error) {
    if (error instanceof ApiError && error.status === 403)
      return { state: 'failed', message: missingRight(error, { ref, tenancy, resource }) };
    throw error;
  }
}

/** Somebody scales the object, and an autoscaler aims at it. */
function isAutoscaled(
  key: ObjectKey,
  found: Live | undefined,
  { by, tenancy, context }: Pick<Looking, 'by' | 'tenancy' | 'context'>,
): boolean {
  if (found?.state !== 'known' || !found.object || !isScaled(found.object)) return false;
  const { namespace, kind, name } = objectIdOf(key);
  const followed = context.live.follow(HPA, {
    namespace: tenancy.wide ? undefined : namespace,
    as: undefined,
    by,
    labelled: false,
  });
  // As long as it is not known whether there is an autoscaler, the count is left to whoever set it.
  if (followed.state !== 'ready') return true;
  return followed.cache.list(namespace).some(({ spec }) => {
    const target = (spec as { scaleTargetRef?: { kind?: string; name?: string } } | undefined)?.scaleTargetRef;
    return target?.kind === kind && target.name === name;
  });
}
