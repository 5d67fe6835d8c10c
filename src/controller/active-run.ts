// An AnalysisRun that this process carries out, in memory.
import type { AnalysisRun, AnalysisRunSpec, AnalysisRunStatus } from '../api/analysis.ts';
import { withUndecided } from '../analysis/run/measurements.ts';
import { prepareRun } from '../analysis/run/resolve.ts';
import { begin } from '../analysis/run/run.ts';

export class Active {
  run: AnalysisRun;
  spec: AnalysisRunSpec;
  status: AnalysisRunStatus;
  readonly measuring = new Set<string>();
  /** When measurements that take long are to be asked for again, where that is newer than what is recorded; milliseconds since the epoch. */
  readonly asked = new Map<string, number>();
  /** Metrics whose next value is on record before it is judged: another process may have died of judging the one before. */
  readonly careful: Set<string>;
  readonly abort = new AbortController();
  readonly #waiting = new Map<string, () => void>();

  constructor(run: AnalysisRun, spec: AnalysisRunSpec, status: AnalysisRunStatus, careful: Set<string>) {
    this.run = run;
    this.spec = spec;
    this.status = status;
    this.careful = careful;
  }

  /** Puts a value that is yet to be judged into the status. Resolves when that is on record; rejects when the run is dropped. */
  awaitRecord(metric: string, value: { value: string; startedAt: number }): Promise<void> {
    this.status = withUndecided(this.status, metric, value);
    return new Promise((resolve, reject) => {
      this.#waiting.set(metric, resolve);
      this.abort.signal.addEventListener('abort', () => reject(this.abort.signal.reason as Error), { once: true });
    });
  }

  /** The value of this metric that is yet to be judged is on record. */
  isRecorded(metric: string): void {
    this.#waiting.get(metric)?.();
    this.#waiting.delete(metric);
  }

  /** Names the measurement of a metric that is to come, or under way: the same for any process. */
  measurement(metric: string): { run: string; uid: string; metric: string; number: number } {
    const { name, uid } = this.run.metadata;
    const { count = 0, error = 0, ignored = 0 } = this.status.metricResults?.find((each) => each.name === metric) ?? {};
    return { run: name, uid: uid ?? '', metric, number: count + error + ignored };
  }
}

/** Begins, or goes on with, a run. `error` says why it cannot be carried out at all. */
export function activate(run: AnalysisRun, now: number, isTakenOver: boolean): { active: Active; error?: string } {
  const prepared = prepareRun(run.spec);
  const status = run.status?.phase === undefined ? begin(run.spec, now) : run.status;
  const careful = new Set(isTakenOver ? run.spec.metrics.map(({ name }) => name) : []);
  if (prepared.ok) return { active: new Active(run, prepared.value, status, careful) };
  const error = prepared.error.map((i) => `${i.field}: ${i.message}`).join('; ');
  return { active: new Active(run, run.spec, status, careful), error };
}
