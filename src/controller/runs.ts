// Carries AnalysisRuns out: a use of the kernel. A verdict is reached in memory the moment a measurement returns, told at once, and
// recorded after that: how fast a bad release is caught does not hang on a write.
import type { AnalysisRun, AnalysisRunStatus } from '../api/analysis.ts';
import { isOver } from '../api/analysis.ts';
import { CONTROLLER_MANAGER, RESOURCES } from '../api/names.ts';
import { objectKeyOf, type ObjectKey } from '../api/object-key.ts';
import { RUN_PROSE } from '../api/prose.ts';
import { measure as measureMetric } from './measure.ts';
import type { Providers, ReadSecret } from '../analysis/provider.ts';
import { conclude, isUndecided, plan, record, undecided } from '../analysis/run/run.ts';
import type { KubeClient } from '../kube/types.ts';
import type { WatchCache } from '../kube/watch-cache.ts';
import type { WorkQueue } from '../kube/work-queue.ts';
import { toTime, type Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { soleOwner, type Ownership } from '../ports/ownership.ts';
import type { Secrecy } from '../ports/secrecy.ts';
import { activate, type Active } from './active-run.ts';
import type { Failure } from './failure.ts';
import { Kernel } from './kernel.ts';
import type { EventRecorder } from './teller.ts';
import type { Decision, KernelMetrics, Use } from './use.ts';

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

type MeasureIntent = { do: 'Measure'; metric: string };
const NOTHING = {} as AnalysisRunStatus;
type RunDecision = Decision<AnalysisRunStatus, MeasureIntent>;
/** An active run as of now; only the object where it is over. */
interface SeenRun {
  object: AnalysisRun;
  active: Active | undefined;
  now: number;
}

export function createRuns(deps: RunsDeps): Runs {
  return new RunController(deps);
}

/** Measures what is due, and records what was measured; a run that has measured nothing is not worth a write. */
function decideRun({ object, active, now }: SeenRun): RunDecision {
  const recorded = object.status ?? NOTHING;
  if (active === undefined) return { status: recorded, intents: [] };
  const { due, nextAt } = plan(active.spec, active.status, now);
  const intents = due
    .filter((metric) => !active.measuring.has(metric))
    .map((metric): MeasureIntent => ({ do: 'Measure', metric }));
  const { phase, metricResults = [] } = active.status;
  const isNews = isOver(phase) || metricResults.some((result) => result.phase !== 'Pending');
  return { status: isNews ? active.status : recorded, intents, nextAt };
}

class RunController implements Runs {
  readonly #deps: RunsDeps;
  readonly #active = new Map<ObjectKey, Active>();
  readonly #kernel: Kernel<AnalysisRun, AnalysisRunStatus, SeenRun, MeasureIntent>;
  #unfollow: (() => void) | undefined;
  /** While the runs that another process left are taken over. */
  #isTakingOver = false;

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
      if (type === 'deleted' || object.metadata.deletionTimestamp !== undefined) this.#drop(objectKeyOf(object));
      else this.#consider(object);
    });
    this.#isTakingOver = true;
    for (const run of runs.list()) this.#consider(run);
    this.#isTakingOver = false;
    this.#kernel.start();
  }

  async stop(): Promise<void> {
    this.#unfollow?.();
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

  #use(): Use<AnalysisRun, AnalysisRunStatus, SeenRun, MeasureIntent, RunDecision> {
    return {
      controller: 'analysisrun',
      resource: RESOURCES.analysisRuns,
      fieldManager: CONTROLLER_MANAGER,
      cache: this.#deps.runs,
      prose: RUN_PROSE,
      observe: (object, _recorded, now) => ({ object, active: this.#active.get(objectKeyOf(object)), now }),
      decide: decideRun,
      execute: (intent, look) => {
        const { active } = look.seen;
        if (active !== undefined) void this.#measure(look.key, active, intent.metric);
        return Promise.resolve('unchanged');
      },
      tell: (_before, after, object) => this.#recorded(object, after),
      troubled: (object, failure) => this.#troubled(object, failure),
      gone: (key) => this.#drop(key),
    };
  }

  #drop(key: ObjectKey): void {
    this.#active.get(key)?.abort.abort(new Error('the analysis run is no longer followed'));
    this.#active.delete(key);
  }

  #consider(run: AnalysisRun): void {
    const key = objectKeyOf(run);
    const known = this.#active.get(key);
    if (known !== undefined && known.run.metadata.uid === run.metadata.uid) {
      known.run = run;
      if (run.spec.terminate && !known.spec.terminate) {
        known.spec = { ...known.spec, terminate: true };
        this.#settle(key, known, conclude(known.spec, known.status, this.#deps.clock.now()));
      }
      return;
    }
    this.#drop(key);
    if (isOver(run.status?.phase) || run.metadata.deletionTimestamp !== undefined) return;
    const now = this.#deps.clock.now();
    const { active, error } = activate(run, now, this.#isTakingOver);
    this.#active.set(key, active);
    if (error !== undefined) {
      this.#settle(key, active, { ...active.status, phase: 'Error', message: error, completedAt: toTime(now) });
    } else this.#settle(key, active, undecided(active.spec, active.status, now));
  }

  async #measure(key: ObjectKey, active: Active, name: string): Promise<void> {
    const { clock, providers, readSecret } = this.#deps;
    active.measuring.add(name);
    const measured = await measureMetric(active.spec, name, {
      namespace: active.run.metadata.namespace ?? '',
      providers,
      readSecret,
      now: () => clock.now(),
      signal: active.abort.signal,
      ...(active.careful.has(name) && {
        beforeJudging: (value: string, startedAt: number) => {
          const recorded = active.awaitRecord(name, { value, startedAt });
          this.#kernel.add(key);
          return recorded;
        },
      }),
    });
    active.measuring.delete(name);
    active.careful.delete(name);
    if (this.#active.get(key) !== active || active.abort.signal.aborted) return;
    this.#settle(key, active, record(active.spec, active.status, name, measured));
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
    if (isOver(status.phase) && isOver(active.status.phase)) this.#drop(key);
  }

  #troubled(object: AnalysisRun, { kind, message }: Failure<MeasureIntent>): void {
    if (kind !== 'refused') return;
    const { name } = object.metadata;
    const event = { type: 'Warning', reason: 'RecordFailed', message, key: `record/${name}/${message}` } as const;
    this.#deps.events?.emit(object, event);
  }
}
