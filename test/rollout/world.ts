// A world of plain data for the pure core: ReplicaSets whose pods come up when told, routes, Services and runs. It plays the
// executors and the cluster, so that whole releases run in microseconds and a crash can be put between any two writes.
import type { AnalysisPhase } from '../../src/api/analysis.ts';
import type { Verb } from '../../src/api/dialect.ts';
import type { Issue } from '../../src/api/result.ts';
import type { HeldNote } from '../../src/api/annotations.ts';
import type { Closure } from '../../src/api/release-policy.ts';
import type { RolloutSpec, RolloutStatus, Step } from '../../src/api/rollout.ts';
import type { RevisionRef } from '../../src/api/revision.ts';
import { compile } from '../../src/rollout/compile.ts';
import { decide, type Decision } from '../../src/rollout/decide.ts';
import { machine } from '../../src/rollout/machine.ts';
import type { Intent } from '../../src/rollout/intents.ts';
import type { Observed, SeenReplicaSet, SeenRun, TakenCommand, Waiting } from '../../src/rollout/observed.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class World {
  now = Date.parse('2026-01-01T00:00:00Z');
  generation = 1;
  spec: RolloutSpec;
  declared = 'v1';
  status: RolloutStatus = {};
  replicaSets: Mutable<SeenReplicaSet>[] = [];
  services: { canary: string | null; stable: string | null } | undefined = { canary: null, stable: null };
  route: { canary: number; rejected: string | undefined } | undefined = { canary: 0, rejected: undefined };
  runs: Mutable<SeenRun>[] = [];
  issues: Issue[] = [];
  command: TakenCommand | undefined;
  waiting: Waiting[] = [];
  restartedBefore: number | undefined;
  held: HeldNote | undefined;
  revision: RevisionRef | undefined;
  closed: Closure | undefined;
  /** Pods of these revisions never get ready. */
  broken = new Set<string>();
  writes: string[] = [];
  announced = new Map<string, string>();
  weights: number[] = [0];
  /** Looks at the world after each write, and at what it was before. */
  audit: ((before: Picture, after: Picture, write: string) => void) | undefined;
  /** The chart to decide by: a test may give one that notes the transitions taken. */
  chart: typeof machine = machine;
  /** Writes that are refused, as they are written down. */
  refused = new Set<string>();
  /** The n-th write from now (1: the next) fails; `after`: it took effect, only the answer was lost. */
  fault: { inWrites: number; when: 'before' | 'after' } | undefined;
  /** The recorded status is seen one write late, and a record made on it conflicts. */
  lagging = false;
  private earlier: RolloutStatus = {};
  private sequence = 0;
  private budget = Infinity;

  constructor(steps: Step[], spec: Partial<RolloutSpec> = {}) {
    this.spec = {
      replicas: 4,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
      strategy: {
        canary: {
          canaryService: 'web-canary',
          stableService: 'web-stable',
          trafficRouting: { istio: { virtualService: { name: 'web' } } },
          steps,
        },
      },
      ...spec,
    };
  }

  /** The same, without a router: pods are the weight. */
  static surging(
    steps: Step[],
    canary: Partial<NonNullable<RolloutSpec['strategy']['canary']>> = {},
    replicas = 4,
  ): World {
    const world = new World(steps, { replicas, strategy: { canary: { steps, ...canary } } });
    world.services = undefined;
    world.route = undefined;
    return world;
  }

  /** Blue-green behind an active and a preview Service. */
  static blueGreen(strategy: Partial<NonNullable<RolloutSpec['strategy']['blueGreen']>> = {}, replicas = 2): World {
    const blueGreen = { activeService: 'web-stable', previewService: 'web-canary', ...strategy };
    const world = new World([], { replicas, progressDeadlineAbort: true, strategy: { blueGreen } });
    if (strategy.trafficRouting === undefined) world.route = undefined;
    return world;
  }

  /** A copy that goes its own way. */
  fork(): World {
    const { audit: _audit, chart, ...data } = this;
    return Object.assign(Object.create(World.prototype) as World, structuredClone(data), { chart, audit: undefined });
  }

  declare(hash: string): this {
    this.declared = hash;
    this.generation++;
    return this;
  }

  seen(): Observed {
    return {
      now: this.now,
      namespace: 'shop',
      name: 'web',
      generation: this.generation,
      spec: this.spec,
      status: structuredClone(this.lagging ? this.earlier : this.status),
      plan: compile(this.spec),
      declared: this.declared,
      replicaSets: this.replicaSets,
      selectors: this.services
        ? [
            { kind: 'Service', name: 'web-canary', what: 'the selector', role: 'canary', hash: this.services.canary },
            { kind: 'Service', name: 'web-stable', what: 'the selector', role: 'stable', hash: this.services.stable },
          ]
        : [],
      routes: this.route ? [{ kind: 'VirtualService', name: 'web', namespace: 'shop', ...this.route }] : [],
      runs: this.runs,
      issues: this.issues,
      command: this.command?.id === this.status.lastCommand?.id ? undefined : this.command,
      waiting: this.waiting,
      held: this.held,
      revision: this.revision,
      closed: this.closed,
      restartedBefore: this.restartedBefore,
    };
  }

  /** One decision, executed until the (n+1)th write, which never happens: the process died. Returns false when it died. */
  passDyingAfter(writes: number): boolean {
    this.budget = writes;
    try {
      this.pass();
      return true;
    } catch (error) {
      if (error instanceof Interrupted) return false;
      throw error;
    } finally {
      this.budget = Infinity;
    }
  }

  /** As the controller does it: intents, look again, until there is nothing to do; then the status. */
  pass(): Decision {
    for (let i = 0; i < 20; i++) {
      const decision = decide(this.seen(), this.chart);
      const aborts = decision.recordAfter !== undefined;
      const urgent = decision.intents.slice(0, decision.recordAfter);
      for (const intent of aborts ? urgent : decision.intents) this.execute(intent);
      this.record(decision);
      // Restarts change nothing that the next look could see.
      if (decision.intents.every((x) => x.do === 'RestartPods' || this.isRefused(x))) return decision;
    }
    throw new Error(`no rest: ${this.writes.slice(-6).join('; ')}`);
  }

  /** Passes and pods becoming ready, until nothing moves. */
  settle(): Decision {
    for (let i = 0; i < 50; i++) {
      const decision = this.pass();
      if (!this.pods()) return decision;
    }
    throw new Error('the world does not settle');
  }

  /** Lets the pods follow the ReplicaSets; returns whether anything changed. */
  pods(): boolean {
    let changed = false;
    for (const rs of this.replicaSets) {
      const available = this.broken.has(rs.hash) ? 0 : rs.desired;
      if (rs.current === rs.desired && rs.available === available) continue;
      [rs.current, rs.ready, rs.available] = [rs.desired, available, available];
      changed = true;
    }
    return changed;
  }

  wait(ms: number): Decision {
    this.now += ms;
    return this.settle();
  }

  run(name: string): Mutable<SeenRun> | undefined {
    return this.runs.find((run) => run.name === name);
  }

  activeRun(): Mutable<SeenRun> {
    const run = this.runs.find((r) => r.phase === 'Running');
    if (!run) throw new Error('no run is active');
    return run;
  }

  finishRun(phase: AnalysisPhase, message?: string): Decision {
    const run = this.activeRun();
    [run.phase, run.message] = [phase, message];
    return this.settle();
  }

  annotate(verb: Verb, value = 'true'): Decision {
    this.waiting.push({ verb, value });
    return this.settle();
  }

  rs(hash: string): SeenReplicaSet | undefined {
    return this.replicaSets.find((rs) => rs.hash === hash);
  }

  /** What an auditor may look at: the cluster, never the memory of the process. */
  picture(): Picture {
    const { spec, status, replicaSets, services, route, runs, declared, now, closed } = this;
    return structuredClone({ spec, status, replicaSets, services, route, runs, declared, now, closed });
  }

  private write(text: string, effect: () => void): void {
    if (this.budget-- <= 0) throw new Interrupted();
    const failing = this.fault !== undefined && --this.fault.inWrites <= 0 ? this.fault.when : undefined;
    if (failing !== undefined) this.fault = undefined;
    if (failing === 'before') throw new Interrupted();
    this.writes.push(text);
    const before = this.audit && this.picture();
    effect();
    if (before) this.audit?.(before, this.picture(), text);
    if (failing === 'after') throw new Interrupted();
  }

  private record(decision: Decision): void {
    if (JSON.stringify(decision.status) !== JSON.stringify(this.status)) {
      if (this.lagging) throw new Interrupted();
      this.write(`status ${decision.place.state}`, () => {
        this.earlier = this.status;
        this.status = structuredClone(decision.status);
      });
    }
    for (const a of decision.announcements)
      if (!this.announced.has(a.key)) this.announced.set(a.key, `${a.reason}: ${a.message}`);
  }

  private isRefused(intent: Intent): boolean {
    return this.refused.has(describeIntent(intent));
  }

  private execute(intent: Intent): void {
    if (intent.do !== 'RestartPods' && !this.isRefused(intent))
      this.write(describeIntent(intent), () => this.effect(intent));
  }

  // oxlint-disable-next-line complexity -- one case per intent
  private effect(intent: Intent): void {
    switch (intent.do) {
      case 'SetWeights':
        if (!this.route) throw new Error('SetWeights without a route');
        this.route = { canary: intent.canary, rejected: intent.rejected ?? undefined };
        if (this.weights.at(-1) !== intent.canary) this.weights.push(intent.canary);
        return;
      case 'SwitchSelector':
        if (this.services) this.services[intent.role] = intent.hash;
        return;
      case 'CreateReplicaSet': {
        const createdAt = new Date(this.now + this.replicaSets.length).toISOString();
        const base = { name: `web-${intent.hash}`, hash: intent.hash, desired: intent.replicas };
        this.replicaSets.push({ ...base, current: 0, ready: 0, available: 0, createdAt });
        return;
      }
      case 'ScaleReplicaSet': {
        const rs = this.replicaSets.find((r) => r.name === intent.name);
        if (!rs) throw new Error(`no ${intent.name}`);
        rs.desired = intent.replicas;
        if (intent.replicas < rs.available) rs.current = rs.ready = rs.available = intent.replicas;
        return;
      }
      case 'StartRun': {
        const { name, kind, hash, attempt, step } = intent;
        const createdAt = new Date(this.now).toISOString();
        this.runs.push({ name, kind, hash, attempt, step, phase: 'Running', message: undefined, createdAt });
        return;
      }
      case 'EndRun': {
        const run = this.run(intent.name);
        if (run) run.phase = 'Successful';
        return;
      }
      case 'TakeCommand':
        this.waiting = this.waiting.filter((w) => w.verb !== intent.verb);
        this.command = {
          id: String(++this.sequence),
          verb: intent.verb,
          value: intent.value,
          at: new Date(this.now).toISOString(),
        };
        return;
      case 'DeleteReplicaSet':
        this.replicaSets = this.replicaSets.filter((rs) => rs.name !== intent.name);
        return;
      case 'DeleteRun':
        this.runs = this.runs.filter((run) => run.name !== intent.name);
        return;
      case 'RestoreTemplate':
        this.declare(intent.hash);
        return;
      case 'RestartPods':
      case 'AdoptReplicaSet':
        return;
      case 'SetPodMetadata': {
        const rs = this.replicaSets.find((r) => r.name === intent.name);
        if (rs) rs.podMetadata = intent.metadata;
        return;
      }
    }
  }
}

/** The process died, or a write did not come back as done: the pass is over. */
export class Interrupted extends Error {}

export type Picture = Pick<
  World,
  'spec' | 'status' | 'replicaSets' | 'services' | 'route' | 'runs' | 'declared' | 'now' | 'closed'
>;

// oxlint-disable-next-line complexity -- one case per intent
function describeIntent(intent: Intent): string {
  switch (intent.do) {
    case 'SetWeights':
      return `weight ${intent.canary}${intent.rejected === null ? '' : ' rejected'}`;
    case 'SwitchSelector':
      return `${intent.role} → ${intent.hash}`;
    case 'CreateReplicaSet':
    case 'ScaleReplicaSet':
      return `${intent.hash} × ${intent.replicas}`;
    case 'TakeCommand':
      return `take ${intent.verb}`;
    case 'RestoreTemplate':
    case 'SetPodMetadata':
      return `${intent.do} ${intent.hash}`;
    case 'RestartPods':
      return `${intent.do} ${intent.hashes.join(',')}`;
    case 'StartRun':
    case 'EndRun':
    case 'DeleteRun':
    case 'DeleteReplicaSet':
    case 'AdoptReplicaSet':
      return `${intent.do} ${intent.name}`;
  }
}
