// The agent: one use of the kernel, fed by watches, webhooks and the clock. Deleting an Application leaves the objects it applied.
import { revisionOf, type Application, type ApplicationStatus } from '../api/application.ts';
import type { KubeObject } from '../api/k8s.ts';
import { AGENT_MANAGER, GROUP, RESOURCES } from '../api/names.ts';
import { objectIdOf, objectKey, objectKeyOf, qualifiedName, type ObjectKey } from '../api/object-key.ts';
import { parseApplication } from '../api/parse.ts';
import { APPLICATION_PROSE } from '../api/prose.ts';
import { isSameRepository } from '../api/repository-url.ts';
import type { Rollout } from '../api/rollout.ts';
import { isMoved } from '../api/target-revision.ts';
import { Kernel } from '../controller/kernel.ts';
import type { Look, Use } from '../controller/use.ts';
import type { AgentContext } from './context.ts';
import { decideApplication, type AgentDecision } from './decide.ts';
import { doing } from './doing.ts';
import { execute } from './execute.ts';
import type { AgentIntent } from './intents.ts';
import { Memory } from './memory.ts';
import { observe } from './observe.ts';
import type { ApplicationController, ApplicationControllerDeps, Hint } from './ports.ts';
import { Errands } from './report/errands.ts';
import { isHealthAlone } from './report/health.ts';
import { invalidStatus } from './report/invalid.ts';
import { withFailures } from './report/failures.ts';
import { tellOf } from './report/tell.ts';
import type { Seen } from './seen.ts';
import { repositoryOf } from './source/repository.ts';
import { ClusterFactsReader } from './source/cluster-facts.ts';
import { Sources } from './source/sources.ts';
import { markOf } from './sync/hooks/record.ts';
import { LiveObjects } from './sync/live.ts';
import { dependsOn, readiness } from './sync/dependencies.ts';
import { liveOwner } from './sync/owner.ts';

/** The agent. It does nothing before `start`, and writes nothing that `ownership` does not grant. */
export function createApplicationController(deps: ApplicationControllerDeps): ApplicationController {
  return new Agent(deps);
}

type AgentLook = Look<Application, ApplicationStatus, AgentSeen, AgentDecision>;
/** What is seen; or what makes the spec unusable. */
type AgentSeen = Seen | { app: Application; status: ApplicationStatus; now: number; unusable: string };

class Agent implements ApplicationController {
  readonly #deps: ApplicationControllerDeps;
  readonly #memories = new Map<ObjectKey, { uid: string | undefined; memory: Memory }>();
  readonly #kernel: Kernel<Application, ApplicationStatus, AgentSeen, AgentIntent, AgentDecision>;
  readonly #context: AgentContext;
  #acting = false;
  #ends: (() => void)[] = [];

  constructor(deps: ApplicationControllerDeps) {
    this.#deps = deps;
    const { clock, random = Math.random, log, client, ownership, reader, secrecy, metrics } = deps;
    const cluster = new ClusterFactsReader({ client, clock });
    const sources = new Sources({
      reader,
      clock,
      random,
      metrics,
      repositoryOf: (app) => repositoryOf(app, deps),
      clusterFacts: () => cluster.facts(),
      changed: (key) => this.#kernel.add(key),
    });
    this.#context = {
      ...deps,
      sources,
      errands: new Errands({ changed: (key) => this.#kernel.add(key) }),
      live: new LiveObjects(deps, {
        changed: (object) => this.#touched(object),
        settled: (keys) => keys.forEach((key) => this.#kernel.add(key)),
      }),
      readings: new Map(),
      ask: (applications) => this.#ask(applications),
    };
    const passes = {
      passed: (_kind: string, ms: number, failed: boolean): void => metrics?.passed?.(ms / 1000, !failed),
    };
    const around = { client, ownership, clock, random, log, secrecy, metrics: passes };
    this.#kernel = new Kernel(this.#use(), { ...around, workers: 4 });
  }

  start(signal: AbortSignal): void {
    const { rollouts, applications, policies = [] } = this.#deps;
    this.#acting = true;
    this.#ends = [
      rollouts.onChange(({ object, old }) => {
        if (matters(object, old)) this.#touched(object as unknown as KubeObject);
      }),
      // What another Application declares decides whether an object may be deleted or taken.
      applications.onChange(({ type, object, old }) => {
        if (type !== 'updated' || isGone(object)) this.#neighboursOf(object);
        if (type !== 'updated' || readiness(object) !== readiness(old)) this.#dependentsOf(object);
      }),
      ...policies.map((cache) => cache.onChange(({ object }) => this.#within(object.metadata.namespace))),
    ];
    this.#kernel.start();
    const stop = (): void => void this.stop();
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  }

  async stop(): Promise<void> {
    this.#acting = false;
    for (const end of this.#ends) end();
    this.#context.sources.close();
    this.#context.errands.close();
    await Promise.all([this.#kernel.stop(), this.#context.live.close()]);
  }

  hint(hint: Hint): number {
    // A standby must neither act nor remember: what it knew would be old once it leads.
    if (!this.#acting) return 0;
    const apps = this.#deps.applications.list().filter((app) => isMeant(app, hint));
    for (const app of apps) {
      const key = objectKeyOf(app as unknown as KubeObject);
      this.#context.sources.hint(key, app, hint.receivedAt);
      this.#kernel.add(key);
    }
    return apps.length;
  }

  depth(): ReturnType<ApplicationController['depth']> {
    return this.#kernel.queue.depth();
  }

  progress(): ReturnType<ApplicationController['progress']> {
    return this.#kernel.queue.progress();
  }

  snapshot(): ReturnType<ApplicationController['snapshot']> {
    return this.#deps.applications.list().map(({ metadata, status }) => ({
      application: qualifiedName(metadata),
      phase: status?.phase ?? 'Pending',
      message: status?.message ?? '',
      ...(status?.revision === undefined ? {} : { commit: status.revision.commit }),
    }));
  }

  #use(): Use<Application, ApplicationStatus, AgentSeen, AgentIntent, AgentDecision> {
    const context = this.#context;
    return {
      controller: 'application',
      resource: RESOURCES.applications,
      fieldManager: AGENT_MANAGER,
      cache: this.#deps.applications,
      prose: APPLICATION_PROSE,
      observe: (app, recorded, now, pass) => {
        const unusable = problemOf(app);
        if (unusable !== undefined) {
          // Nobody waits for it to look: it cannot.
          context.readings.set(pass.key, { declares: new Set(), lookedAt: Number.POSITIVE_INFINITY, isUnclear: false });
          return { app, status: recorded ?? {}, now, unusable };
        }
        return observe(pass.key, { app, recorded, now, client: pass.client }, this.#memoryOf(pass.key, app), context);
      },
      decide: (seen) => ('unusable' in seen ? refused(seen) : decideApplication(seen)),
      decided: ({ accepted }, seen, key) => {
        if (!('unusable' in seen)) this.#memoryOf(key, seen.app).accept(accepted);
      },
      execute: (intent, look) => this.#execute(intent, look),
      mayWait: isHealthAlone,
      project: (look, failures) => withFailures(look.decision.status, failures),
      tell: tellOf(context),
      idOf: idOf,
      gone: (key) => this.#forget(key),
    };
  }

  async #execute(intent: AgentIntent, look: AgentLook): Promise<'unchanged' | void> {
    const { seen, key, client, signal } = look;
    if ('unusable' in seen) return 'unchanged';
    const memory = this.#memoryOf(key, seen.app);
    return execute(intent, doing({ key, seen, memory, context: this.#context, client, signal }));
  }

  /** Of this very object; one that was deleted and made anew starts afresh. */
  #memoryOf(key: ObjectKey, app: Application): Memory {
    const known = this.#memories.get(key);
    if (known && known.uid === app.metadata.uid) return known.memory;
    const memory = new Memory();
    this.#memories.set(key, { uid: app.metadata.uid, memory });
    return memory;
  }

  #forget(key: ObjectKey): void {
    this.#memories.delete(key);
    this.#context.sources.forget(key);
    this.#context.errands.forget(key);
    this.#context.readings.delete(key);
    this.#context.live.forget(key);
    this.#deps.metrics?.forgotten?.(qualifiedName(objectIdOf(key)));
  }

  #ask(applications: readonly ObjectKey[]): void {
    for (const key of applications) {
      this.#context.sources.pollBy(key, this.#deps.clock.now());
      this.#kernel.add(key);
    }
  }

  /** Something that an Application applied has changed, or an autoscaler that may aim at it. */
  #touched(object: KubeObject): void {
    const owner = liveOwner(object);
    if (owner) {
      const key = objectKey({ group: GROUP, kind: RESOURCES.applications.kind, ...owner });
      if (markOf(object) !== undefined) this.#memories.get(key)?.memory.sawHook(object);
      this.#kernel.add(key);
    }
    if (owner || object.kind !== 'HorizontalPodAutoscaler') return;
    for (const app of this.#deps.applications.list()) {
      if (app.metadata.namespace === object.metadata.namespace)
        this.#kernel.add(objectKeyOf(app as unknown as KubeObject));
    }
  }

  /** All of a namespace, or of all. */
  #within(namespace: string | undefined): void {
    for (const app of this.#deps.applications.list())
      if (namespace === undefined || app.metadata.namespace === namespace)
        this.#kernel.add(objectKeyOf(app as unknown as KubeObject));
  }

  #dependentsOf(app: Application): void {
    for (const other of this.#deps.applications.list())
      if (dependsOn(other, app)) this.#kernel.add(objectKeyOf(other as unknown as KubeObject));
  }

  /** Applications that list an object which this one lists, too. */
  #neighboursOf(app: Application): void {
    const keys = new Set(
      (app.status?.resources ?? []).map(({ kind, name, namespace }) => `${kind}/${namespace ?? ''}/${name}`),
    );
    if (keys.size === 0) return;
    for (const other of this.#deps.applications.list()) {
      const shares = (other.status?.resources ?? []).some(({ kind, name, namespace }) =>
        keys.has(`${kind}/${namespace ?? ''}/${name}`),
      );
      if (other.metadata.uid !== app.metadata.uid && shares)
        this.#kernel.add(objectKeyOf(other as unknown as KubeObject));
    }
  }
}

/** Why the spec cannot be used; undefined where it can. */
function problemOf(app: Application): string | undefined {
  const parsed = parseApplication(app);
  return parsed.ok ? undefined : parsed.error.map(({ field, message }) => `${field}: ${message}`).join('; ');
}

const isGone = ({ metadata }: Application): boolean => metadata.deletionTimestamp !== undefined;

/** Batches hold whole objects: what they are about is enough to tell them apart. */
function idOf(intent: AgentIntent): string {
  if ('requests' in intent)
    return `${intent.do} ${intent.requests.map(({ fingerprint, key }) => `${key}@${fingerprint}`).join(' ')}`;
  if ('objects' in intent) return `${intent.do} ${intent.objects.map(({ key }) => key).join(' ')}`;
  if (intent.do === 'CreateHook') return `${intent.do} ${intent.key} ${intent.mark}`;
  if (intent.do === 'KeepSnapshot') return `${intent.do} ${intent.key} ${intent.snapshot.revision.commit}`;
  if (intent.do === 'Push') return `${intent.do} ${intent.parent} ${intent.message}`;
  if (intent.do === 'Propose') return `${intent.do} ${intent.parent} ${intent.branch}`;
  if (intent.do === 'LookAt') return `${intent.do} ${intent.id}`;
  if (intent.do === 'Note')
    return `${intent.do} ${intent.notes.map(({ commit, rollout, outcome }) => `${commit} ${rollout} ${outcome}`).join(' ')}`;
  return JSON.stringify(intent);
}

function refused({ app, status, now, unusable }: Exclude<AgentSeen, Seen>): AgentDecision {
  return {
    status: invalidStatus(app, status, unusable, now),
    intents: [],
    nextAt: undefined,
    recordAfter: undefined,
    accepted: undefined,
  };
}

/** Whether a change of a Rollout is one that the agent may have to act on: its weights and counts are not. */
function matters(object: Rollout, old: Rollout | undefined): boolean {
  return old === undefined || old === object || gist(object) !== gist(old);
}

function gist({ metadata, status }: Rollout): string {
  const { abort, currentPodHash, stableRS, observedGeneration, phase, retired } = status ?? {};
  const { generation, annotations, labels } = metadata;
  return JSON.stringify([
    generation,
    annotations,
    labels,
    abort,
    currentPodHash,
    stableRS,
    observedGeneration,
    phase,
    retired,
  ]);
}

function isMeant(app: Application, { repoURL, ref, application }: Hint): boolean {
  const { namespace, name } = app.metadata;
  if (application && (application.namespace !== namespace || application.name !== name)) return false;
  if (!isSameRepository(app.spec.source.repoURL, repoURL)) return false;
  // What does not name a reference in full may be any.
  return ref?.startsWith('refs/') ? isMoved(revisionOf(app), ref) : true;
}
