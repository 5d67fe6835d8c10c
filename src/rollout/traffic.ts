// Where the requests go, as routes, Services and subsets say.
import { availableOf, hasRouter, type Observed } from './observed.ts';
import type { Role } from './plan.ts';

/** Percent on the canary as all routes agree; undefined while they differ or cannot be read. */
export function routedWeight(seen: Observed): number | undefined {
  const [first] = seen.routes;
  const agreed = seen.routes.every((route) => route.canary === first?.canary && !route.uneven);
  return agreed ? first?.canary : undefined;
}

/** Highest percent that any route sends to the canary side. */
export const mostRouted = (seen: Observed): number => Math.max(0, ...seen.routes.map((route) => route.canary ?? 0));

/** Releases that verdicts went against, as what moves the traffic remembers them. */
export function rejectedMarks({ routes, selectors }: Observed): string[] {
  return [...routes, ...selectors].flatMap(({ rejected }) => rejected ?? []);
}

/** Whether every selector of a role points at `hash` (true where there is none). */
export function selects(seen: Observed, role: Role, hash: string | undefined): boolean {
  return seen.selectors.every((s) => s.role !== role || s.hash === hash);
}

/** Whether requests reach the pods of `hash`: a selector points at it, and a weight at the selector. */
export function carriesTraffic(seen: Observed, hash: string): boolean {
  const least = Math.min(100, ...seen.routes.map((route) => route.canary ?? 0));
  return seen.selectors.some(
    (s) => s.hash === hash && (s.role === 'canary' ? mostRouted(seen) > 0 : !hasRouter(seen) || least < 100),
  );
}

/** The stable side has no pod to take the traffic that the canary side serves: it is not sent into the void. */
export function isStranded(seen: Observed): boolean {
  const pods = (role: Role): number =>
    Math.max(0, ...seen.selectors.filter((s) => s.role === role).map((s) => availableOf(seen, s.hash ?? undefined)));
  return mostRouted(seen) > 0 && pods('stable') === 0 && pods('canary') > 0;
}
