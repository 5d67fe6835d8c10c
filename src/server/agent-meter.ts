// The agent's doings as metrics. Labels are bounded: words from outside, such as kinds, are counted as `Other` beyond a number.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What the agent tells; durations in seconds, `app` is namespace/name. Satisfies the agent's own port. */
export interface AgentMeter {
  passed(seconds: number, ok: boolean): void;
  looked(app: string, at: number): void;
  fetched(app: string, seconds: number, ok: boolean): void;
  synced(app: string, result: 'Synced' | 'Held' | 'Failed'): void;
  refused(app: string, reason: string): void;
  drifted(app: string, kind: string, corrected: boolean): void;
  pruned(app: string, result: 'Pruned' | 'Skipped'): void;
  writeBack(app: string, result: 'Pushed' | 'Proposed' | 'Closed' | 'Failed'): void;
  noted(app: string, result: 'Pushed' | 'Failed'): void;
  forgotten(app: string): void;
}

/** How the agent's queue gets on, for a scrape and for readiness. Milliseconds since the epoch. */
export interface AgentProgress {
  waitingSince: number | undefined;
  endedAt: number | undefined;
}

export interface AgentMeterOptions {
  registry: Registry;
  /** Passes of all controllers share their metrics. */
  reconcile: (controller: string, durationMs: number, failed: boolean) => void;
}

const FETCH_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const MAX_WORDS = 50;
const MAX_APPLICATIONS = 1_000;

export function agentMeter({ registry, reconcile }: AgentMeterOptions): AgentMeter {
  const count = counters(registry);
  const fetchSeconds = new Histogram({
    name: 'sluice_git_fetch_duration_seconds',
    help: 'How long a fetch from Git takes.',
    buckets: FETCH_BUCKETS,
    registers: [registry],
  });
  const kinds = boundedWords();
  const reasons = boundedWords();
  const looks = lastLooks(registry);
  return {
    ...looks,
    passed: (seconds, ok) => reconcile('application', seconds * 1000, !ok),
    fetched(_app, seconds, ok) {
      fetchSeconds.observe(Math.max(0, seconds));
      count.fetchErrors.inc(ok ? 0 : 1);
    },
    synced: (_app, result) => count.syncs.inc({ result }),
    refused: (_app, reason) => count.refusals.inc({ reason: reasons(reason) }),
    drifted: (_app, kind, corrected) => count.drift.inc({ kind: kinds(kind), corrected: String(corrected) }),
    pruned: (_app, result) => count.pruned.inc({ result }),
    writeBack: (_app, result) => count.writeBacks.inc({ result }),
    noted: (_app, result) => count.notes.inc({ result }),
  };
}

/** `read` is called at every scrape; `now` in milliseconds since the epoch. */
export function agentProgressMetrics(registry: Registry, read: () => AgentProgress, now: () => number): void {
  const at: Gauge = new Gauge({
    name: 'sluice_agent_last_pass_timestamp_seconds',
    help: 'When a pass over an Application last came to its end; 0 before the first.',
    registers: [registry],
    collect() {
      at.set((read().endedAt ?? 0) / 1000);
    },
  });
  const oldest: Gauge = new Gauge({
    name: 'sluice_agent_oldest_waiting_seconds',
    help: 'How long the Application that waits or is worked on for longest does so; 0 when none is.',
    registers: [registry],
    collect() {
      const { waitingSince } = read();
      oldest.set(waitingSince === undefined ? 0 : Math.max(0, now() - waitingSince) / 1000);
    },
  });
}

function counters(registry: Registry) {
  const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name, help, labelNames, registers: [registry] });
  return {
    fetchErrors: counter('sluice_git_fetch_errors_total', 'Looks at and fetches from Git that failed.'),
    syncs: counter('sluice_agent_syncs_total', 'Syncs that came to another result than before.', ['result']),
    refusals: counter('sluice_agent_refusals_total', 'Commits, Applications and objects refused, by reason.', [
      'reason',
    ]),
    drift: counter('sluice_agent_drift_total', 'Objects that differed from Git, by kind.', ['kind', 'corrected']),
    pruned: counter('sluice_agent_pruned_total', 'Objects that left Git: deleted, or kept.', ['result']),
    writeBacks: counter('sluice_agent_write_backs_total', 'Reverts written to Git.', ['result']),
    notes: counter('sluice_agent_notes_total', 'Git notes written.', ['result']),
  };
}

function lastLooks(registry: Registry): Pick<AgentMeter, 'looked' | 'forgotten'> {
  const look = new Gauge({
    name: 'sluice_application_last_look_timestamp_seconds',
    help: `When Git last answered for an Application; for up to ${MAX_APPLICATIONS} of them.`,
    labelNames: ['namespace', 'name'],
    registers: [registry],
  });
  const told = new Set<string>();
  const labels = (app: string): { namespace: string; name: string } => {
    const [namespace = '', name = ''] = app.split('/');
    return { namespace, name };
  };
  return {
    looked(app, at) {
      if (!told.has(app) && told.size >= MAX_APPLICATIONS) return;
      told.add(app);
      look.set(labels(app), at / 1000);
    },
    forgotten(app) {
      if (told.delete(app)) look.remove(labels(app));
    },
  };
}

/** The word itself while there are not too many of them and it is one, else `Other`. */
function boundedWords(): (word: string) => string {
  const known = new Set<string>();
  return (word) => {
    if (known.has(word)) return word;
    if (known.size >= MAX_WORDS || !/^[A-Za-z][A-Za-z0-9]{0,62}$/.test(word)) return 'Other';
    known.add(word);
    return word;
  };
}
