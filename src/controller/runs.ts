// Carries AnalysisRuns out: a use of the kernel. A verdict is reached in memory the moment a measurement returns, told at once, and
// recorded after that: how fast a bad release is caught does not hang on a write.
import type { AnalysisRun, AnalysisRunStatus } from '../api/analysis.ts';
import { isOver } from '../api/analysis.ts';
import { CONTROLLER_MANAGER, RESOURCES } from '../api/names.ts';
import { objectKeyOf, type ObjectKey } from '../api/object-key.ts';
import { RUN_PROSE } from '../api/prose.ts';
import type { Handle, Providers, ReadSecret } from '../analysis/provider.ts';
import { allUnderWay, isUndecided, underWay, withEnded, withUnderWay } from '../analysis/run/measurements.ts';
import { conclude, recordMeasurement, undecided } from '../analysis/run/run.ts';
import type { KubeClient } from '../kube/types.ts';
import type { WatchCache } from '../kube/watch-cache.ts';
import type { WorkQueue } from '../kube/work-queue.ts';
import { delay, toTime, type Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { soleOwner, type Ownership } from '../ports/ownership.ts';
import type { Secrecy } from '../ports/secrecy.ts';
import { activate, type Active } from './active-run.ts';
import { Refusal, type Failure } from './failure.ts';
import { Kernel } from './kernel.ts';
import { endMeasurement, measure, type MeasureOptions } from './measure.ts';
import { decideRun, type RunDecision, type RunIntent, type SeenRun } from './run-decision.ts';
import type { EventRecorder } from './event-relay.ts';
import type { KernelMetrics, Use } from './use.ts';

export interface RunsDeps {
  client: KubeClient;
  runs: WatchCache<AnalysisRun>;
  providers: Providers;
  readSecret: ReadSecret;
  clock: Clock;
  /** In [0, 1). Default Math.random. */
  random?: () => number;
  log: Log;
  /** Default: this process owns every run. */
  ownership?: Ownership | undefined;
  /** Asked before a status is recorded. Default: nothing is secret. */
  secrecy?: Pick<Secrecy, 'scrub'> | undefined;
  events?: EventRecorder | undefined;
  metrics?: KernelMetrics | undefined;
  /** The phase of a run changed; `bad` when it speaks against the release. */
  onPhase: (run: AnalysisRun, bad: boolean, at: number) => void;
}

export interface Runs {
  readonly queue: WorkQueue<ObjectKey>;
  start(): void;
  stop(): Promise<void>;
  /** Newer than what is cached, while the run is active. */
  statusOf(key: ObjectKey): AnalysisRunStatus | undefined;
  /** What was measured so far decides. False where the run is not under way: there is nothing to end. */
  end(key: ObjectKey): boolean;
}

/** Drives AnalysisRuns from the first measurement to the verdict. It does nothing before `start`. */
export function createRuns(deps: RunsDeps): Runs {
  return new RunController(deps);
}

/** Longest wait for a store to end a measurement. */
const END_MS = 30_000;

class RunController implements Runs {
  readonly #deps: RunsDeps;
  readonly #active = new Map<ObjectKey, Active>();
  readonly #kernel: Kernel<AnalysisRun, AnalysisRunStatus, SeenRun, RunIntent, RunDecision>;
  #unfollow: (() => void) | undefined;
  /** While the runs that another process left are taken over. */
  #isTakingOver = false;
  /** From then on everything under way is left to the next process. */
  #isStopped = false;

  constructor(deps: RunsDeps) {
    this.#deps = deps;
    const { client, clock, log, secrecy, metrics } = deps;
    const ownership = deps.ownership ?? soleOwner;
    const random = deps.random ?? Math.random;
    this.#kernel = new Kernel(this.#use(), { client, ownership, clock, random, log, secrecy, metrics, workers: 16 });
  }

  get queue(): WorkQueue<ObjectKey> {
    return this.#kernel.queue;
  }

  start(): void {
    const { runs } = this.#deps;
    this.#unfollow = runs.onChange(({ type, object }) => {
      if (type === 'deleted' || object.metadata.deletionTimestamp !== undefined) this.#forget(objectKeyOf(object));
      else this.#consider(object);
    });
    this.#isTakingOver = true;
    for (const run of runs.list()) this.#consider(run);
    this.#isTakingOver = false;
    this.#kernel.start();
  }

  async stop(): Promise<void> {
    this.#unfollow?.();
    this.#isStopped = true;
    for (const key of Array.from(this.#active.keys())) this.#drop(key);
    await this.#kernel.stop();
  }

  statusOf(key: ObjectKey): AnalysisRunStatus | undefined {
    return this.#active.get(key)?.status;
  }

  end(key: ObjectKey): boolean {
    const active = this.#active.get(key);
    if (active === undefined || isOver(active.status.phase)) return false;
    this.#settle(key, active, conclude({ ...active.spec, terminate: true }, active.status, this.#deps.clock.now()));
    return true;
  }

  #use(): Use<AnalysisRun, AnalysisRunStatus, SeenRun, RunIntent, RunDecision> {
    return {
      controller: 'analysisrun',
      resource: RESOURCES.analysisRuns,
      fieldManager: CONTROLLER_MANAGER,
      cache: this.#deps.runs,
      prose: RUN_PROSE,
      observe: (object, _recorded, now) => ({ object, active: this.#active.get(objectKeyOf(object)), now }),
      decide: decideRun,
      execute: async (intent, { key, seen: { active } }) => {
        if (active === undefined) return 'unchanged';
        if (intent.do === 'End') return this.#end(active, intent.metric);
        void this.#measure(key, active, intent.metric);
        return 'unchanged';
      },
      tell: (_before, after, object) => this.#recorded(object, after),
      troubled: (object, failure) => this.#troubled(object, failure),
      gone: (key) => this.#forget(key),
    };
  }

  #drop(key: ObjectKey): void {
    this.#active.get(key)?.abort.abort(new Error('the analysis run is no longer followed'));
    this.#active.delete(key);
  }

  /** Nobody wants the run any more: what takes long is ended, as far as this process knows of it. */
  #forget(key: ObjectKey): void {
    const active = this.#active.get(key);
    this.#drop(key);
    if (active === undefined) return;
    for (const { metric, handle } of allUnderWay(active.status)) void this.#giveUp(active, metric, handle);
  }

  #consider(run: AnalysisRun): void {
    const key = objectKeyOf(run);
    const known = this.#active.get(key);
    if (known !== undefined && known.run.metadata.uid === run.metadata.uid) return this.#renew(key, known, run);
    this.#forget(key);
    if (run.metadata.deletionTimestamp !== undefined) return;
    const isEnded = isOver(run.status?.phase);
    if (isEnded && (run.status === undefined || allUnderWay(run.status).length === 0)) return;
    const now = this.#deps.clock.now();
    const { active, error } = activate(run, now, this.#isTakingOver);
    this.#active.set(key, active);
    if (isEnded) return this.#kernel.add(key);
    if (error !== undefined) {
      this.#settle(key, active, { ...active.status, phase: 'Error', message: error, completedAt: toTime(now) });
    } else this.#settle(key, active, undecided(active.spec, active.status, now));
  }

  /** A newer state of a run that is under way: it may ask for its end. */
  #renew(key: ObjectKey, active: Active, run: AnalysisRun): void {
    active.run = run;
    if (!run.spec.terminate || active.spec.terminate) return;
    active.spec = { ...active.spec, terminate: true };
    this.#settle(key, active, conclude(active.spec, active.status, this.#deps.clock.now()));
  }

  #options(active: Active, metric: string, signal = active.abort.signal): MeasureOptions {
    const { clock, providers, readSecret } = this.#deps;
    return {
      namespace: active.run.metadata.namespace ?? '',
      providers,
      readSecret,
      now: () => clock.now(),
      signal,
      measurement: active.measurement(metric),
      underWay: underWay(active.status.metricResults?.find(({ name }) => name === metric)),
    };
  }

  async #measure(key: ObjectKey, active: Active, name: string): Promise<void> {
    active.measuring.add(name);
    const outcome = await measure(active.spec, name, {
      ...this.#options(active, name),
      ...(active.careful.has(name) && {
        beforeJudging: (value: string, startedAt: number) => {
          const recorded = active.awaitRecord(name, { value, startedAt });
          this.#kernel.add(key);
          return recorded;
        },
      }),
    });
    active.measuring.delete(name);
    if (this.#isStopped) return;
    const isCurrent = this.#active.get(key) === active && !active.abort.signal.aborted;
    if ('underWay' in outcome) {
      if (!isCurrent) return void this.#giveUp(active, name, outcome.underWay.handle);
      active.asked.set(name, outcome.underWay.pollAt);
      return this.#settle(key, active, withUnderWay(active.status, name, outcome.underWay));
    }
    if (outcome.given !== undefined) void this.#giveUp(active, name, outcome.given);
    if (!isCurrent) return;
    active.careful.delete(name);
    active.asked.delete(name);
    this.#settle(key, active, recordMeasurement(active.spec, active.status, name, outcome.measured));
  }

  /** A measurement that took long while its run came to an end. */
  async #end(active: Active, metric: string): Promise<void> {
    const pending = underWay(active.status.metricResults?.find(({ name }) => name === metric));
    if (pending === undefined) return;
    await this.#tellEnd(active, metric, pending.handle).catch((error: unknown) => {
      const message = `${metric} goes on though nobody waits for it: ${error instanceof Error ? error.message : String(error)}`;
      const key = `end/${active.run.metadata.name}/${message}`;
      this.#deps.events?.emit(active.run, { type: 'Warning', reason: 'EndFailed', message, key });
      throw new Refusal(message);
    });
    active.status = withEnded(active.status, metric, this.#deps.clock.now());
  }

  async #tellEnd(active: Active, metric: string, handle: Handle): Promise<void> {
    const [over, waiting] = [new AbortController(), new AbortController()];
    const late = delay(this.#deps.clock, END_MS, waiting.signal).then(() => {
      over.abort();
      throw new Error(`no answer within ${END_MS / 1000}s`);
    });
    const ended = endMeasurement(active.spec, metric, handle, this.#options(active, metric, over.signal));
    late.catch(() => undefined);
    await Promise.race([ended, late]).finally(() => waiting.abort());
  }

  /** As well as this process can: no record says any more that there is something to end. */
  async #giveUp(active: Active, metric: string, handle: Handle): Promise<void> {
    await this.#tellEnd(active, metric, handle).catch((error: unknown) => {
      const fields = { run: active.run.metadata.name, metric, error: String(error) };
      this.#deps.log.warn('a measurement could not be ended', fields);
    });
  }

  /** Takes over a newer status: tells of a verdict first, then has it recorded. */
  #settle(key: ObjectKey, active: Active, status: AnalysisRunStatus): void {
    const before = active.status.phase;
    active.status = status;
    if (status.phase !== before) {
      const bad = status.phase === 'Failed' || status.phase === 'Error';
      this.#deps.onPhase({ ...active.run, status }, bad, this.#deps.clock.now());
    }
    this.#kernel.add(key);
  }

  /** The cluster holds this status. */
  #recorded(object: AnalysisRun, status: AnalysisRunStatus): void {
    const key = objectKeyOf(object);
    const active = this.#active.get(key);
    if (active === undefined) return;
    for (const { name, measurements } of status.metricResults ?? []) {
      if (isUndecided(measurements?.at(-1))) active.isRecorded(name);
    }
    const isDone = isOver(active.status.phase) && allUnderWay(active.status).length === 0;
    if (isOver(status.phase) && isDone) this.#drop(key);
  }

  #troubled(object: AnalysisRun, { kind, message }: Failure<RunIntent>): void {
    if (kind !== 'refused') return;
    const { name } = object.metadata;
    const event = { type: 'Warning', reason: 'RecordFailed', message, key: `record/${name}/${message}` } as const;
    this.#deps.events?.emit(object, event);
  }
}
