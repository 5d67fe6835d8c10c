// `dependsOn`: which Applications are to be ready before new content of another is applied. Pure.
import { revisionOf, type Application } from '../../api/application.ts';
import { GROUP, RESOURCES } from '../../api/names.ts';
import { objectKey, qualifiedName, type ObjectKey } from '../../api/object-key.ts';
import { isSameRepository } from '../../api/repository-url.ts';
import { branchOfRef } from '../../api/target-revision.ts';
import type { Declared, Seen } from '../seen.ts';
import type { Waiting } from './waiting.ts';

interface Named {
  namespace: string;
  name: string;
}

const dependenciesOf = ({ metadata, spec }: Application): Named[] =>
  (spec.dependsOn ?? []).map(({ name, namespace }) => ({ name, namespace: namespace ?? metadata.namespace ?? '' }));

const named = ({ metadata: { namespace = '', name } }: Application): Named => ({ namespace, name });

/** Whether the first waits for the second. */
export function dependsOn(app: Application, other: Application): boolean {
  const id = qualifiedName(named(other));
  return dependenciesOf(app).some((one) => qualifiedName(one) === id);
}

/** What of an Application those that depend on it may have waited for. */
export function readiness(app: Application | undefined): string {
  return JSON.stringify([app !== undefined && isReady(app), app?.status?.attempted?.commit]);
}

/** It says so of its present spec. */
function isReady({ metadata, status }: Application): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && status?.observedGeneration === metadata.generation;
}

/** Undefined where all that the Application depends on is ready, and has taken what this commit says of it, too. */
export function unmetDependency(seen: Seen, newest: Declared): Waiting | undefined {
  const wanted = dependenciesOf(seen.app);
  const circle = circleFrom(seen.app, seen);
  if (circle) {
    const text = `waits for itself: ${circle.join(' depends on ')}; take it out of one dependsOn`;
    return { text, isStuck: true, toLook: [] };
  }
  const unmet = wanted.flatMap((one) => unmetBy(one, seen, newest) ?? []);
  if (unmet.length === 0) return undefined;
  const text = `waits for ${unmet.map(({ why }) => why).join('; ')}`;
  return { text, isStuck: false, toLook: unmet.flatMap(({ toLook }) => toLook ?? []) };
}

function unmetBy(
  dependency: Named,
  seen: Seen,
  newest: Declared,
): { why: string; toLook?: ObjectKey | undefined } | undefined {
  const name = `Application ${qualifiedName(dependency)}`;
  const neighbour = seen.neighbour(dependency.namespace, dependency.name);
  if (!neighbour) return { why: `${name}, which does not exist` };
  const { app, hasLooked } = neighbour;
  if (!isReady(app)) return { why: `${name} to be ready` };
  if (!followsTheSame(app, seen.app) || app.status?.attempted?.commit === newest.commit.oid) return undefined;
  const key = objectKey({ group: GROUP, kind: RESOURCES.applications.kind, ...dependency });
  return { why: `${name} to take the same commit`, toLook: hasLooked ? undefined : key };
}

const followsTheSame = (one: Application, other: Application): boolean =>
  isSameRepository(one.spec.source.repoURL, other.spec.source.repoURL) && followed(one) === followed(other);

/** `main` and `refs/heads/main` are one branch. */
const followed = (app: Application): string => branchOfRef(revisionOf(app)) ?? revisionOf(app);

/** The way on which an Application depends on itself, from it back to it. */
function circleFrom(app: Application, seen: Pick<Seen, 'neighbour'>): string[] | undefined {
  const start = qualifiedName(named(app));
  const passed = new Set<string>();
  const search = (at: Application, way: readonly string[]): string[] | undefined => {
    for (const next of dependenciesOf(at)) {
      const name = qualifiedName(next);
      if (name === start) return [...way, name];
      if (passed.has(name)) continue;
      passed.add(name);
      const other = seen.neighbour(next.namespace, next.name)?.app;
      const found = other && search(other, [...way, name]);
      if (found) return found;
    }
    return undefined;
  };
  return search(app, [start]);
}
