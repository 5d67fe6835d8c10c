// The invariants of a release, asked of the world after every write: routes, Services, ReplicaSets, runs and the recorded status.
// It never looks at what the machine remembers in the process. Returns what is violated, in words; empty when all holds.
import { resolveCount } from '../../src/rollout/surge.ts';
import { StepAuditor } from './step-auditor.ts';
import type { Picture } from './world.ts';

type Pods = Picture['replicaSets'][number] | undefined;

const podsOf = (p: Picture, hash: string | null | undefined): Pods => p.replicaSets.find((rs) => rs.hash === hash);
const readyOf = (p: Picture, hash: string | null | undefined): number => podsOf(p, hash)?.available ?? 0;
const isBlueGreen = (p: Picture): boolean => p.spec.strategy.blueGreen !== undefined;
const isMoving = (state: string): boolean => /^(stepping|promoting)[.]/.test(state);
const replicasOf = (p: Picture): number => p.spec.replicas ?? 1;

/** Verdicts that no later decision of a person or of Git has lifted, by pod hash. */
export class Auditor {
  readonly rejected = new Set<string>();
  readonly violations: string[] = [];
  readonly #lifted = new Set<string>();
  readonly #steps = new StepAuditor();
  /** What the stable Service selected while no status was recorded. */
  readonly #selected = new Set<string | null | undefined>();

  /** The same, to go on from here along another path. */
  fork(): Auditor {
    const other = new Auditor();
    for (const hash of this.rejected) other.rejected.add(hash);
    for (const key of this.#lifted) other.#lifted.add(key);
    other.violations.push(...this.violations);
    other.#steps.since = this.#steps.since;
    other.#steps.weighed = new Set(this.#steps.weighed);
    other.#steps.served = new Map(this.#steps.served);
    return other;
  }

  /** A person or Git has decided anew: verdicts known by now do not bind any more. */
  decided(now: Picture): void {
    for (const verdict of verdictsIn(now)) this.#lifted.add(verdict.key);
    this.rejected.clear();
  }

  look(before: Picture, after: Picture, write: string): void {
    this.#selected.add(before.services?.stable);
    const found = [
      ...weights(before, after),
      ...selectors(before, after),
      ...capacity(before, after),
      ...rollingBounds(before, after),
      ...this.#steps.look(before, after),
      ...this.verdicts(before, after),
      ...promotion(before, after, this.#selected),
    ];
    if (after.status.machine) this.#selected.clear();
    for (const text of found) this.violations.push(`${write}: ${text}`);
  }

  /** What must hold when a pass has come to its end. */
  rest(p: Picture): void {
    const { stableRS: stable, machine } = p.status;
    const selected = p.services?.stable;
    if (p.route || isBlueGreen(p) || p.services === undefined || machine === undefined || readyOf(p, selected) > 0)
      return;
    const moving = isMoving(machine.state);
    const better = [stable, moving ? machine.candidate : undefined].find((hash) => readyOf(p, hash) > 0);
    if (better !== undefined)
      this.violations.push(`the stable Service selects ${selected} without a ready pod, but ${better} has some`);
  }

  private verdicts(before: Picture, after: Picture): string[] {
    for (const { hash, key } of verdictsIn(before)) if (!this.#lifted.has(key)) this.rejected.add(hash);
    return [...this.rejected].flatMap((hash) => afterVerdict(hash, before, after));
  }
}

const routed = (p: Picture, hash: string): number => (p.services?.canary === hash ? (p.route?.canary ?? 0) : 0);
const grown = (before: Picture, after: Picture, hash: string): boolean =>
  (podsOf(after, hash)?.desired ?? 0) > (podsOf(before, hash)?.desired ?? 0);

function afterVerdict(hash: string, before: Picture, after: Picture): string[] {
  const found: string[] = [];
  const [was, is] = [routed(before, hash), routed(after, hash)];
  if (is > was) found.push(`${hash} gains weight after a verdict`);
  if (hash !== after.status.stableRS && grown(before, after, hash)) found.push(`${hash} grows after a verdict`);
  const movable = was > 0 && hash !== after.status.stableRS && readyOf(before, before.services?.stable) > 0;
  if (movable && is > 0) found.push(`another write goes before the traffic is taken from ${hash}`);
  return found;
}

/** Revisions whose present attempt has a failed run. */
function verdictsIn(p: Picture): { hash: string; key: string }[] {
  const m = p.status.machine;
  if (!m || !(isMoving(m.state) || m.state.startsWith('rejected.'))) return [];
  const bad = p.runs.some(
    (r) => r.hash === m.candidate && r.attempt === m.attempt && (r.phase === 'Failed' || r.phase === 'Error'),
  );
  return bad || p.status.abort === true ? [{ hash: m.candidate, key: `${m.candidate}-${m.attempt}` }] : [];
}

function weights(before: Picture, after: Picture): string[] {
  if (!before.route || !after.route) return [];
  const [was, is] = [before.route.canary, after.route.canary];
  if (!Number.isInteger(is) || is < 0 || is > 100) return [`weight ${is}`];
  if (is > was) return risen(after, is);
  return is < was ? fallen(after, is) : [];
}

function risen(after: Picture, weight: number): string[] {
  const found: string[] = [];
  const canary = after.services?.canary;
  if (readyOf(after, canary) === 0) found.push(`weight rises to ${weight} on ${canary} without a ready pod`);
  found.push(...halted(after).map((why) => `weight rises while ${why}`));
  return found;
}

/** Why nothing may go forward. */
const halted = ({ spec, closed }: Picture): string[] => [
  ...(spec.paused ? ['the spec is paused'] : []),
  ...(closed?.kind === 'stop' ? ['all is stopped'] : []),
];

function fallen(after: Picture, weight: number): string[] {
  const { canary, stable } = after.services ?? {};
  const isStranded = readyOf(after, stable) === 0 && readyOf(after, canary) > 0;
  return isStranded ? [`weight falls to ${weight} though ${stable} has no ready pod and ${canary} has`] : [];
}

function selectors(before: Picture, after: Picture): string[] {
  const [was, is] = [before.services, after.services];
  if (!was || !is) return [];
  const weight = before.route?.canary ?? 0;
  const found: string[] = [];
  if (was.canary !== is.canary && weight > 0)
    found.push(`the canary Service goes from ${was.canary} to ${is.canary} at weight ${weight}`);
  if (was.stable === is.stable) return found;
  if (weight < 100 && isDeserted(after, was.stable, is.stable))
    found.push(`the stable Service goes from ${was.stable} to ${is.stable}, which has no ready pod`);
  return [...found, ...switched(after, is.stable)];
}

/** The revision that is left has ready pods, and the one in its place has none. */
const isDeserted = (after: Picture, from: string | null, to: string | null): boolean =>
  replicasOf(after) > 0 && readyOf(after, to) === 0 && readyOf(after, from) > 0;

/** Blue-green switches to a revision that is whole, or back to the stable one. */
function switched(after: Picture, to: string | null): string[] {
  const { stableRS: stable } = after.status;
  const isForward = isBlueGreen(after) && stable !== undefined && to !== stable;
  if (!isForward || readyOf(after, to) >= replicasOf(after)) return [];
  return [`the active Service goes to ${to} with ${readyOf(after, to)} ready pods`];
}

function capacity(before: Picture, after: Picture): string[] {
  const found: string[] = [];
  for (const rs of before.replicaSets) {
    const now = podsOf(after, rs.hash);
    if (!now && (rs.desired > 0 || rs.hash === after.status.stableRS)) found.push(`${rs.hash} is deleted`);
    const left = now?.desired ?? 0;
    const least = after.route || isBlueGreen(after) ? routedNeed(before, rs.hash) : 0;
    if (left < Math.min(rs.desired, least))
      found.push(`${rs.hash} shrinks to ${left} but carries traffic for ${least}`);
  }
  return found;
}

/** Without a router: not more pods than maxSurge allows, not fewer available ones than maxUnavailable does. */
function rollingBounds(before: Picture, after: Picture): string[] {
  const { stableRS: stable } = after.status;
  if (after.route || isBlueGreen(after) || stable === undefined) return [];
  const found: string[] = [];
  const { most, least } = rollingLimits(after);
  const sum = (p: Picture, of: 'desired' | 'available'): number => p.replicaSets.reduce((n, rs) => n + rs[of], 0);
  const onlyStable = after.replicaSets.every((rs) => rs.hash === stable || !grown(before, after, rs.hash));
  if (sum(after, 'desired') > Math.max(most, sum(before, 'desired')) && !onlyStable)
    found.push(`${sum(after, 'desired')} pods, but at most ${most} are allowed`);
  const [was, is] = [sum(before, 'available'), sum(after, 'available')];
  if (is < was && is < least) found.push(`${is} available pods are left, but at least ${least} are promised`);
  return found;
}

/** Pods that may be wanted at once, and available ones that must stay. */
function rollingLimits(p: Picture): { most: number; least: number } {
  const [replicas, canary] = [replicasOf(p), p.spec.strategy.canary];
  const surge = resolveCount(canary?.maxSurge, replicas, 'up');
  const away = resolveCount(canary?.maxUnavailable, replicas, 'down');
  // As with a Deployment: where both come to 0 one pod may be away.
  return { most: replicas + surge, least: replicas - (surge + away === 0 ? 1 : away) };
}

/** Pods that the traffic on a revision needs: its share on the stable side, one at least on the canary side. */
function routedNeed(p: Picture, hash: string): number {
  const weight = p.route?.canary ?? 0;
  const replicas = replicasOf(p);
  const stable = p.services?.stable === hash && readyOf(p, hash) > 0 ? Math.ceil(((100 - weight) * replicas) / 100) : 0;
  const canary = p.services?.canary === hash && weight > 0 && readyOf(p, hash) > 0 ? Math.min(1, replicas) : 0;
  return Math.max(Math.min(stable, readyOf(p, hash)), canary);
}

function promotion(before: Picture, after: Picture, selected: ReadonlySet<string | null | undefined>): string[] {
  const [was, is] = [before.status.stableRS, after.status.stableRS];
  if (was === is) return [];
  const found: string[] = [];
  const told = (after.status.history ?? []).some((h) => h.outcome === 'Promoted' && h.podHash === is);
  if (was === undefined && !told) return selected.has(is) ? [] : [`${is} is taken for stable, but nothing selects it`];
  const declared = after.status.currentPodHash;
  if (is !== declared) found.push(`${is} is promoted, but ${declared} is declared`);
  if (readyOf(after, is) < replicasOf(after)) found.push(`${is} is promoted with ${readyOf(after, is)} ready pods`);
  return was === undefined ? found : [...found, ...halted(after).map((why) => `${is} is promoted while ${why}`)];
}
