// Carries AnalysisRuns out. A verdict is reached in memory the moment a measurement returns, told at once, and recorded after that:
// how fast a bad release is caught does not hang on a write.
import type { AnalysisRun, AnalysisRunSpec, AnalysisRunStatus } from '../api/analysis.ts';
import { isOver } from '../api/analysis.ts';
import { CONTROLLER_MANAGER, RESOURCES } from '../api/names.ts';
import { measure as measureMetric } from '../analysis/measure.ts';
import type { Providers, ReadSecret } from '../analysis/provider.ts';
import { prepareRun } from '../analysis/resolve.ts';
import { begin, conclude, plan, record } from '../analysis/run.ts';
import { isNotFound } from '../kube/errors.ts';
import type { KubeClient } from '../kube/types.ts';
import type { WatchCache } from '../kube/watch-cache.ts';
import { delay, type Cancel, type Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { keyOf } from './caches.ts';
import { mergePatch } from '../api/merge-patch.ts';

export interface RunsDeps {
  client: KubeClient;
  runs: WatchCache<AnalysisRun>;
  providers: Providers;
  readSecret: ReadSecret;
  clock: Clock;
  log: Log;
  /** The phase of a run changed; `bad` when it speaks against the release. */
  onPhase: (run: AnalysisRun, bad: boolean, at: number) => void;
}

export interface Runs {
  start(): void;
  stop(): void;
  /** Newer than what is cached, while the run is active. */
  statusOf(key: string): AnalysisRunStatus | undefined;
  /** What was measured so far decides. */
  end(key: string): Promise<void>;
}

interface Active {
  run: AnalysisRun;
  spec: AnalysisRunSpec;
  status: AnalysisRunStatus;
  /** As last written. */
  written: AnalysisRunStatus | undefined;
  writing: boolean;
  measuring: Set<string>;
  cancel: Cancel | undefined;
  abort: AbortController;
}

/** A write that failed is tried again after this long, and longer each time. */
const RETRY_MS = 200;
const MAX_RETRY_MS = 30_000;

export function createRuns(deps: RunsDeps): Runs {
  const active = new Map<string, Active>();
  let unsubscribe: (() => void) | undefined;
  const context: Context = { deps, active };
  return {
    start() {
      unsubscribe = deps.runs.onChange(({ type, object }) => {
        if (type === 'deleted') drop(context, keyOf(object.metadata.namespace, object.metadata.name));
        else consider(context, object);
      });
      for (const run of deps.runs.list()) consider(context, run);
    },
    stop() {
      unsubscribe?.();
      for (const key of Array.from(active.keys())) drop(context, key);
    },
    statusOf: (key) => active.get(key)?.status,
    async end(key) {
      const entry = active.get(key);
      if (entry === undefined) return;
      const ended = conclude({ ...entry.spec, terminate: true }, entry.status, deps.clock.now());
      settle(context, key, entry, ended);
    },
  };
}

interface Context {
  deps: RunsDeps;
  active: Map<string, Active>;
}

function drop({ active }: Context, key: string): void {
  const entry = active.get(key);
  entry?.abort.abort();
  entry?.cancel?.();
  active.delete(key);
}

function consider(context: Context, run: AnalysisRun): void {
  const { deps, active } = context;
  const key = keyOf(run.metadata.namespace, run.metadata.name);
  const entry = active.get(key);
  if (entry !== undefined && entry.run.metadata.uid === run.metadata.uid) {
    entry.run = run;
    if (run.spec.terminate && !entry.spec.terminate) {
      entry.spec = { ...entry.spec, terminate: true };
      settle(context, key, entry, conclude(entry.spec, entry.status, deps.clock.now()));
    }
    return;
  }
  if (entry) drop(context, key);
  if (isOver(run.status?.phase) || run.metadata.deletionTimestamp !== undefined) return;
  const now = deps.clock.now();
  const prepared = prepareRun(run.spec);
  const fresh: Active = {
    run,
    spec: prepared.ok ? prepared.value : run.spec,
    status: run.status ?? begin(run.spec, now),
    written: run.status,
    writing: false,
    measuring: new Set(),
    cancel: undefined,
    abort: new AbortController(),
  };
  active.set(key, fresh);
  if (prepared.ok) return advance(context, key, fresh);
  const message = prepared.error.map((i) => `${i.field}: ${i.message}`).join('; ');
  const over = `${new Date(now).toISOString().slice(0, 19)}Z`;
  settle(context, key, fresh, { ...fresh.status, phase: 'Error', message, completedAt: over });
}

/** Measures what is due and arms the next look. */
function advance(context: Context, key: string, entry: Active): void {
  if (context.active.get(key) !== entry) return;
  entry.cancel?.();
  entry.cancel = undefined;
  if (isOver(entry.status.phase)) return;
  const { clock } = context.deps;
  const next = plan(entry.spec, entry.status, clock.now());
  for (const name of next.due) if (!entry.measuring.has(name)) void measure(context, key, entry, name);
  if (next.nextAt !== undefined) {
    entry.cancel = clock.after(Math.max(0, next.nextAt - clock.now()), () => advance(context, key, entry));
  }
}

async function measure(context: Context, key: string, entry: Active, name: string): Promise<void> {
  const { clock, providers, readSecret } = context.deps;
  entry.measuring.add(name);
  const namespace = entry.run.metadata.namespace ?? '';
  const now = (): number => clock.now();
  const measured = await measureMetric(entry.spec, name, {
    namespace,
    providers,
    readSecret,
    now,
    signal: entry.abort.signal,
  });
  entry.measuring.delete(name);
  if (context.active.get(key) !== entry || entry.abort.signal.aborted) return;
  settle(context, key, entry, record(entry.spec, entry.status, name, measured));
}

/** Takes over a newer status: tells of a verdict first, then records it. */
function settle(context: Context, key: string, entry: Active, status: AnalysisRunStatus): void {
  const before = entry.status.phase;
  entry.status = status;
  if (status.phase !== before) {
    const bad = status.phase === 'Failed' || status.phase === 'Error';
    context.deps.onPhase({ ...entry.run, status }, bad, context.deps.clock.now());
  }
  advance(context, key, entry);
  void write(context, key, entry);
}

/** Writes the newest status; what comes while a write is under way goes with the next one. */
async function write(context: Context, key: string, entry: Active): Promise<void> {
  if (entry.writing) return;
  entry.writing = true;
  try {
    await writeUntilDone(context, key, entry);
  } finally {
    entry.writing = false;
  }
  if (isOver(entry.status.phase) && context.active.get(key) === entry) drop(context, key);
}

async function writeUntilDone(context: Context, key: string, entry: Active): Promise<void> {
  const { deps, active } = context;
  for (let wait = RETRY_MS; active.get(key) === entry; wait = Math.min(wait * 2, MAX_RETRY_MS)) {
    const status = entry.status;
    const patch = mergePatch({ ...entry.written }, { ...status });
    if (patch === undefined) return;
    try {
      const { name, namespace } = entry.run.metadata;
      const request = {
        name,
        namespace,
        type: 'merge' as const,
        subresource: 'status' as const,
        body: { status: patch },
      };
      deps.runs.observe(
        await deps.client.patch<AnalysisRun>(RESOURCES.analysisRuns, { ...request, fieldManager: CONTROLLER_MANAGER }),
      );
      entry.written = status;
      wait = RETRY_MS;
    } catch (error) {
      if (isNotFound(error)) return drop(context, key);
      deps.log.warn('the status of an analysis run could not be written', { run: key, error });
      await delay(deps.clock, wait, entry.abort.signal);
    }
  }
}
