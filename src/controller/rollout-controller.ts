// The loop of a Rollout: gather the observation, decide, execute the intents, look again until there is nothing to do, record.
// It decides nothing itself.
import type { AnalysisRun } from '../api/analysis.ts';
import { CONTROLLER_MANAGER, RESOURCES } from '../api/names.ts';
import type { Issue } from '../api/result.ts';
import type { Rollout, RolloutStatus } from '../api/rollout.ts';
import { isConflict, isNotFound } from '../kube/errors.ts';
import type { KubeClient } from '../kube/types.ts';
import { WorkQueue, type RunContext } from '../kube/work-queue.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Announcement } from '../rollout/announcements.ts';
import { decide, type Decision } from '../rollout/decide.ts';
import type { Intent } from '../rollout/intents.ts';
import type { Happening } from '../rollout/machine.ts';
import { followAll, keyOf, splitKey, type Caches } from './caches.ts';
import { execute, type ExecuteDeps, type Pass } from './execute.ts';
import { gather } from './gather.ts';
import { invalidStatus } from './invalid.ts';
import { mergePatch } from '../api/merge-patch.ts';
import type { RolloutMetrics } from './metrics-port.ts';
import { createRestarter } from './restart.ts';
import type { Runs } from './runs.ts';
import { Teller, type EventRecorder } from './teller.ts';

export interface RolloutControllerDeps {
  client: KubeClient;
  caches: Caches;
  runs: Runs;
  clock: Clock;
  random: () => number;
  log: Log;
  events: EventRecorder;
  metrics: RolloutMetrics;
  /** Rollouts worked on at once. Default 16. */
  workers?: number;
}

/** A pass that finds no rest after so many looks is broken off and tried again later. */
const MOST_LOOKS = 20;
/** Tries of one record that are remembered; the later ones meet a server that is surely away. */
const MOST_UNTOLD = 16;
/** Changes of counters alone wait this long for company. */
const QUIET_MS = 2_000;

export class RolloutController {
  readonly queue: WorkQueue;
  readonly #deps: RolloutControllerDeps;
  readonly #execute: ExecuteDeps;
  readonly #teller: Teller;
  /** When the last bad measurement of a Rollout came in, until the traffic is back. */
  readonly #badAt = new Map<string, number>();
  /** Since when a Rollout has counters to write. */
  readonly #quietSince = new Map<string, number>();
  /** What records that may or may not have arrived would have told; at most one of them has. */
  readonly #untold = new Map<string, { status: RolloutStatus; news: News }[]>();
  #unfollow: (() => void) | undefined;

  constructor(deps: RolloutControllerDeps) {
    this.#deps = deps;
    this.queue = new WorkQueue({
      run: (key, context) => this.#reconcile(key, context),
      clock: deps.clock,
      random: deps.random,
      log: deps.log,
      workers: deps.workers ?? 16,
      onError: (key, error) => this.#failed(key, error),
    });
    this.#teller = new Teller(deps.events, deps.clock);
    const again = (key: string, at: number): void => this.queue.addAt(key, at);
    const restarter = createRestarter({ client: deps.client, clock: deps.clock, again });
    this.#execute = {
      client: deps.client,
      caches: deps.caches,
      clock: deps.clock,
      restarter,
      endRun: (key) => deps.runs.end(key),
    };
  }

  /** Begins to work; the caches are synced. */
  start(): void {
    this.#unfollow = followAll(this.#deps.caches, (key) => this.queue.add(key));
    for (const rollout of this.#deps.caches.rollouts.list()) {
      this.queue.add(keyOf(rollout.metadata.namespace, rollout.metadata.name));
    }
  }

  async stop(): Promise<void> {
    this.#unfollow?.();
    await this.queue.stop();
    this.#teller.flush();
  }

  /** A run of a Rollout came to a verdict; a bad one overtakes everything. */
  verdict(run: AnalysisRun, bad: boolean, at: number): void {
    const owner = run.metadata.ownerReferences?.find((o) => o.controller && o.kind === 'Rollout');
    if (owner === undefined) return;
    const key = keyOf(run.metadata.namespace, owner.name);
    if (bad) this.#badAt.set(key, at);
    this.queue.add(key, { urgent: bad });
  }

  async #reconcile(key: string, { urgent }: RunContext): Promise<void> {
    const { namespace, name } = splitKey(key);
    const rollout = this.#deps.caches.rollouts.get(namespace, name);
    if (rollout === undefined) return this.#forget(key);
    if (rollout.metadata.deletionTimestamp !== undefined) return;
    const startedAt = this.#deps.clock.now();
    const draft = new Draft(rollout);
    for (let looks = 0; ; looks++) {
      if (looks === MOST_LOOKS)
        throw new Error(`no rest after ${MOST_LOOKS} looks; next is ${draft.last?.intents[0]?.do ?? 'nothing'}`);
      const done = await this.#look(key, draft, urgent);
      if (done) break;
    }
    this.#deps.metrics.reconciled(this.#deps.clock.now() - startedAt);
  }

  /** One observation, one decision, its intents. Resolves to true when there was nothing left to do and all is recorded. */
  async #look(key: string, draft: Draft, urgent: boolean): Promise<boolean> {
    const { caches, runs, clock } = this.#deps;
    const { namespace, name } = splitKey(key);
    const rollout = caches.rollouts.get(namespace, name);
    if (rollout === undefined) return true;
    this.#catchUp(key, rollout);
    const now = clock.now();
    const restartedBefore = this.#execute.restarter.restartedBefore(key);
    const gathered = gather({
      caches,
      overlay: (k) => runs.statusOf(k),
      rollout,
      status: draft.statusOver(rollout),
      now,
      restartedBefore,
    });
    if ('unusable' in gathered) return this.#refuse(rollout, gathered.unusable, now);
    const decision = decide(gathered.seen);
    draft.take(decision);
    const pass: Pass = { rollout, seen: gathered.seen, urgent: urgent || isAbort(decision) };
    if (isAbort(decision)) return this.#abort(key, draft, pass, decision);
    for (const intent of decision.intents) await execute(this.#execute, pass, intent);
    this.#note(key, pass, decision);
    if (decision.intents.some(changesTheWorld)) return false;
    if (!(await this.#record(key, draft))) return false;
    if (decision.nextAt !== undefined) this.queue.addAt(key, decision.nextAt);
    return true;
  }

  /** Traffic first, then the record, then the rest in the next look. */
  async #abort(key: string, draft: Draft, pass: Pass, decision: Decision): Promise<boolean> {
    for (const intent of decision.intents) if (intent.do === 'SetWeights') await execute(this.#execute, pass, intent);
    this.#note(key, pass, decision);
    await this.#record(key, draft, pass.urgent);
    return false;
  }

  /** Resolves to false where somebody else wrote the status meanwhile, so that the decision has to be made again. */
  async #record(key: string, draft: Draft, urgent = false): Promise<boolean> {
    const { namespace, name } = splitKey(key);
    const rollout = this.#deps.caches.rollouts.get(namespace, name);
    const decision = draft.last;
    if (rollout === undefined || decision === undefined) return true;
    if (!draft.holdsFor(rollout)) return false;
    const patch = mergePatch({ ...rollout.status }, { ...decision.status });
    const news = { decision, ...draft.drain() };
    if (patch !== undefined && !(isCosmetic(patch) && this.#waitsForCompany(key))) {
      this.#quietSince.delete(key);
      await this.#writeStatus(rollout, patch, urgent).catch((error: unknown) => {
        const untold = this.#untold.get(key) ?? [];
        if (!isConflict(error) && untold.length < MOST_UNTOLD)
          this.#untold.set(key, [...untold, { status: decision.status, news }]);
        throw error;
      });
      this.#untold.delete(key);
    }
    this.#tell(rollout, news);
    return true;
  }

  #tell(rollout: Rollout, { decision, announcements, happenings }: News): void {
    this.#teller.tell(rollout, announcements);
    this.#deps.metrics.observed(rollout, decision, happenings);
  }

  /** The answer to a record was lost, and the record is there: nobody else will tell of it. */
  #catchUp(key: string, rollout: Rollout): void {
    const isThere = ({ status }: { status: RolloutStatus }): boolean =>
      mergePatch({ ...rollout.status?.machine }, { ...status.machine }) === undefined;
    const arrived = this.#untold.get(key)?.find(isThere);
    if (arrived === undefined) return;
    this.#untold.delete(key);
    this.#tell(rollout, arrived.news);
  }

  /** With the resourceVersion it was made on as precondition: a person's write in between is never run over. */
  async #writeStatus(rollout: Rollout, status: Record<string, unknown>, urgent = false): Promise<void> {
    const { name, namespace, resourceVersion } = rollout.metadata;
    const body = { metadata: { resourceVersion }, status };
    const request = { name, namespace, type: 'merge' as const, subresource: 'status' as const, body };
    const written = await this.#deps.client.patch<Rollout>(
      RESOURCES.rollouts,
      { ...request, fieldManager: CONTROLLER_MANAGER },
      { urgent },
    );
    this.#deps.caches.rollouts.observe(written);
  }

  /** Changes of counters alone are written together, a moment later. */
  #waitsForCompany(key: string): boolean {
    const now = this.#deps.clock.now();
    const since = this.#quietSince.get(key) ?? now;
    if (now - since >= QUIET_MS) return false;
    this.#quietSince.set(key, since);
    this.queue.addAt(key, since + QUIET_MS);
    return true;
  }

  /** The spec cannot be used at all: what runs goes on, and the object says what is wrong. */
  async #refuse(rollout: Rollout, issues: Issue[], now: number): Promise<boolean> {
    const patch = mergePatch({ ...rollout.status }, { ...invalidStatus(rollout, issues, now) });
    if (patch === undefined) return true;
    await this.#writeStatus(rollout, patch);
    for (const issue of issues.slice(0, 3)) {
      const message = `${issue.field}: ${issue.message}`;
      this.#deps.events.emit(rollout, {
        type: 'Warning',
        reason: 'InvalidSpec',
        message,
        key: `${rollout.metadata.generation}/${message}`,
      });
    }
    return true;
  }

  #note(key: string, pass: Pass, decision: Decision): void {
    const weights = decision.intents.find((intent) => intent.do === 'SetWeights');
    if (weights === undefined) return;
    const now = this.#deps.clock.now();
    const badAt = this.#badAt.get(key);
    if (weights.canary === 0 && badAt !== undefined && decision.state === 'aborted') {
      this.#badAt.delete(key);
      this.#deps.metrics.trafficBack(now - badAt);
    }
    if (weights.canary > 0) this.#deps.metrics.weightRaised(pass.rollout, decision, now);
  }

  #forget(key: string): void {
    this.queue.forget(key);
    this.#badAt.delete(key);
    this.#quietSince.delete(key);
    this.#untold.delete(key);
    this.#teller.forget(key);
    this.#deps.metrics.forgotten(splitKey(key));
  }

  #failed(key: string, error: unknown): void {
    if (isConflict(error)) return void this.#refresh(key);
    this.#deps.metrics.failed();
    this.#deps.log.warn('a rollout could not be brought forward', { rollout: key, error });
    const { namespace, name } = splitKey(key);
    const rollout = this.#deps.caches.rollouts.get(namespace, name);
    if (rollout === undefined) return;
    const message = error instanceof Error ? error.message : String(error);
    this.#deps.events.emit(rollout, {
      type: 'Warning',
      reason: 'ReconciliationError',
      message,
      key: `error/${message}`,
    });
  }

  /** Somebody wrote in between: look at the live object rather than wait for the watch. */
  async #refresh(key: string): Promise<void> {
    const { namespace, name } = splitKey(key);
    try {
      const live = await this.#deps.client.get<Rollout>(RESOURCES.rollouts, name, namespace);
      if (live !== undefined) this.#deps.caches.rollouts.observe(live);
      this.queue.add(key);
    } catch (error) {
      if (!isNotFound(error)) this.#deps.log.debug('a rollout could not be read again', { rollout: key, error });
    }
  }
}

const isAbort = (decision: Decision): boolean => decision.happenings.some((h) => h.kind === 'Aborted');

/** Whether another look may see something new; ending a run or replacing pods shows by itself later. */
const changesTheWorld = (intent: Intent): boolean => intent.do !== 'RestartPods';

const COSMETIC = new Set([
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'HPAReplicas',
  'message',
  'conditions',
]);
const isCosmetic = (patch: Record<string, unknown>): boolean =>
  Object.keys(patch).every((field) => COSMETIC.has(field));

/** What a record tells of, once it is kept. */
interface News {
  decision: Decision;
  announcements: Announcement[];
  happenings: Happening[];
}

/** The status as it will be recorded, while a pass is under way. */
class Draft {
  last: Decision | undefined;
  readonly #announcements = new Map<string, Announcement>();
  readonly #happenings: Happening[] = [];
  #base: string;

  constructor(rollout: Rollout) {
    this.#base = JSON.stringify(rollout.status);
  }

  /** False when somebody else has written the status since: what was decided on the old one does not count. */
  holdsFor(rollout: Rollout): boolean {
    return this.#base === JSON.stringify(rollout.status);
  }

  /** What counts as recorded: this pass's own decisions, over the status they were made on. */
  statusOver(rollout: Rollout): RolloutStatus {
    if (!this.holdsFor(rollout)) {
      this.#base = JSON.stringify(rollout.status);
      this.last = undefined;
    }
    return this.last?.status ?? rollout.status ?? {};
  }

  take(decision: Decision): void {
    this.last = decision;
    for (const a of decision.announcements) this.#announcements.set(a.key, a);
    this.#happenings.push(...decision.happenings);
  }

  /** What has happened since the last record. */
  drain(): { announcements: Announcement[]; happenings: Happening[] } {
    const announcements = [...this.#announcements.values()];
    this.#announcements.clear();
    return { announcements, happenings: this.#happenings.splice(0) };
  }
}
