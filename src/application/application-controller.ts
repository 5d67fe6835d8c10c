// The agent: one queue of Applications, fed by watches, webhooks and the clock. Deleting an Application leaves the objects it applied.
import { applicationSpecSchema, type Application } from '../api/application.ts';
import type { KubeObject } from '../api/k8s.ts';
import { APPLICATION_LABEL, RESOURCES } from '../api/names.ts';
import type { Rollout } from '../api/rollout.ts';
import { WorkQueue, type Depth, type Progress } from '../kube/work-queue.ts';
import { toTime } from '../ports/clock.ts';
import type { PassContext } from './context.ts';
import { LiveObjects } from './sync/live.ts';
import { runPass } from './pass.ts';
import type { ApplicationController, ApplicationControllerDeps, Hint } from './ports.ts';
import { freshState, type AppState } from './state.ts';

const keyFor = (app: Application): string => `${app.metadata.namespace ?? ''}/${app.metadata.name}`;

export function createApplicationController(deps: ApplicationControllerDeps): ApplicationController {
  return new Agent(deps);
}

class Agent implements ApplicationController {
  readonly #deps: ApplicationControllerDeps;
  readonly #states = new Map<string, AppState>();
  readonly #queue: WorkQueue;
  readonly #context: PassContext;
  #acting = false;

  constructor(deps: ApplicationControllerDeps) {
    this.#deps = deps;
    this.#context = { ...deps, live: new LiveObjects(deps, (_key, object) => this.#touched(object)) };
    this.#queue = new WorkQueue({
      run: (key) => this.#run(key),
      clock: deps.clock,
      random: deps.random ?? Math.random,
      log: deps.log,
      workers: 4,
    });
  }

  start(signal: AbortSignal): void {
    const { applications, rollouts } = this.#deps;
    this.#acting = true;
    const ends = [
      applications.onChange(({ object, old }) => {
        if (old === undefined || old.metadata.generation !== object.metadata.generation || this.#isGone(object)) {
          this.#queue.add(keyFor(object));
        }
      }),
      rollouts.onChange(({ object, old }) => {
        if (matters(object, old)) this.#touched(object as unknown as KubeObject);
      }),
    ];
    for (const app of applications.list()) this.#queue.add(keyFor(app));
    const stop = (): void => {
      for (const end of ends) end();
      void this.stop();
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  }

  async stop(): Promise<void> {
    this.#acting = false;
    await Promise.all([this.#queue.stop(), this.#context.live.close()]);
  }

  hint(hint: Hint): number {
    // A standby must neither act nor remember: what it knew would be old once it leads.
    if (!this.#acting) return 0;
    const wanted = normalUrl(hint.repoURL);
    const apps = this.#deps.applications
      .list()
      .filter((app) => normalUrl(app.spec.source.repoURL) === wanted)
      .filter(
        (app) =>
          hint.application === undefined || keyFor(app) === `${hint.application.namespace}/${hint.application.name}`,
      )
      .filter((app) => hint.branch === undefined || (app.spec.source.targetRevision ?? 'main') === hint.branch);
    for (const app of apps) {
      const state = this.#stateOf(app);
      state.nextPollAt = 0;
      state.hints++;
      state.hintedAt = Math.min(hint.receivedAt, state.hintedAt ?? hint.receivedAt);
      this.#queue.add(state.key);
    }
    return apps.length;
  }

  depth(): Depth {
    return this.#queue.depth();
  }

  progress(): Progress {
    return this.#queue.progress();
  }

  snapshot(): ReturnType<ApplicationController['snapshot']> {
    return [...this.#states.values()].map(({ key, status }) => ({
      application: key,
      phase: status.phase ?? 'Pending',
      message: status.message ?? '',
      ...(status.revision === undefined ? {} : { commit: status.revision.commit }),
    }));
  }

  async #run(key: string): Promise<void> {
    const [namespace = '', name = ''] = key.split('/');
    const app = this.#deps.applications.get(namespace, name);
    if (!app || app.metadata.deletionTimestamp !== undefined) {
      this.#states.delete(key);
      this.#queue.forget(key);
      return;
    }
    const problem = specProblem(app);
    if (problem !== undefined) return this.#refuse(app, problem);
    const state = this.#stateOf(app);
    const next = await runPass(app, state, this.#context);
    if (Number.isFinite(next)) this.#queue.addAt(key, next);
  }

  /** The state of this very object; one that was deleted and made anew starts afresh. */
  #stateOf(app: Application): AppState {
    const key = keyFor(app);
    const known = this.#states.get(key);
    if (known && known.uid === app.metadata.uid) return known;
    const state = freshState(key, app);
    this.#states.set(key, state);
    return state;
  }

  #isGone({ metadata }: Application): boolean {
    return this.#deps.applications.get(metadata.namespace, metadata.name) === undefined;
  }

  /** Something that an Application applied has changed. */
  #touched(object: KubeObject): void {
    const name = object.metadata.labels?.[APPLICATION_LABEL];
    if (name === undefined) return;
    for (const app of this.#deps.applications.list()) {
      if (app.metadata.name === name) this.#queue.add(keyFor(app));
    }
  }

  async #refuse(app: Application, message: string): Promise<void> {
    const { name, namespace, generation = 0 } = app.metadata;
    const ready = app.status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready?.reason === 'InvalidSpec' && ready.message === message) return;
    const condition = {
      type: 'Ready',
      status: 'False',
      reason: 'InvalidSpec',
      message,
      lastTransitionTime: toTime(this.#deps.clock.now()),
    };
    const status = { observedGeneration: generation, phase: 'Failed', message, conditions: [condition] };
    const body = { status };
    await this.#deps.client.patch(RESOURCES.applications, {
      name,
      namespace,
      type: 'merge',
      body,
      subresource: 'status',
    });
  }
}

/** Whether a change of a Rollout is one that the agent may have to act on: its weights and counts are not. */
function matters(object: Rollout, old: Rollout | undefined): boolean {
  return old === undefined || old === object || gist(object) !== gist(old);
}

function gist({ metadata, status }: Rollout): string {
  const { abort, currentPodHash, stableRS, observedGeneration } = status ?? {};
  return JSON.stringify([
    metadata.generation,
    metadata.annotations,
    metadata.labels,
    abort,
    currentPodHash,
    stableRS,
    observedGeneration,
  ]);
}

function specProblem(app: Application): string | undefined {
  const parsed = applicationSpecSchema.safeParse(app.spec);
  if (!parsed.success) {
    return parsed.error.issues.map((issue) => `spec.${issue.path.join('.')}: ${issue.message}`).join('; ');
  }
  const { repoURL } = parsed.data.source;
  if (!/^https?:\/\//.test(repoURL)) return 'spec.source.repoURL: must be an http or https URL';
  if (!URL.canParse(repoURL)) return 'spec.source.repoURL: is not a URL';
  const { username, password } = new URL(repoURL);
  return username !== '' || password !== ''
    ? 'spec.source.repoURL: put credentials into the Secret of secretRef'
    : undefined;
}

/** The same for spellings of one repository. */
function normalUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host.toLowerCase()}${pathname.replace(/\/+$/, '').replace(/\.git$/, '')}`;
}
