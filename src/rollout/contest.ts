// Somebody else who writes what a Rollout drives: what was put back, and what is said where that happens again and again. Pure.
import type { Intent } from './intents.ts';
import type { Contest, DrivenField, Observed } from './observed.ts';

export const CONTESTED = 'Contested';

/** What is driven, each with its value. */
export function drivenFields({ namespace, routes, selectors, replicaSets }: Observed): [DrivenField, string][] {
  const field = (of: Omit<DrivenField, 'id'>, part = ''): DrivenField => {
    return { ...of, id: `${of.kind}/${of.namespace}/${of.name}/${part}` };
  };
  return [
    ...routes.flatMap(({ canary, uneven, ...of }): [DrivenField, string][] => {
      const { kind, name } = of;
      const what = 'the weights';
      return canary === undefined
        ? []
        : [[field({ part: 'weights', kind, name, namespace: of.namespace, what }), weightText(canary, uneven)]];
    }),
    ...selectors.map(({ kind, name, what, role, hash }): [DrivenField, string] => {
      return [field({ part: 'selector', kind, name, namespace, what }, role), hash ?? ''];
    }),
    ...replicaSets.map(({ name, desired }): [DrivenField, string] => {
      return [
        field({ part: 'pods', kind: 'ReplicaSet', name, namespace, what: 'the number of pods' }),
        String(desired),
      ];
    }),
  ];
}

const weightText = (canary: number, uneven: boolean | undefined): string => `${canary}${uneven ? ' in some' : ''}`;

/** The value that an intent gives to a driven field; undefined where it is not about it. */
export function aimedAt(intent: Intent, { part, kind, name, id }: DrivenField): string | undefined {
  if (intent.do === 'SetWeights') return part === 'weights' ? weightText(intent.canary, false) : undefined;
  if (intent.do === 'SwitchSelector')
    return intent.kind === kind && intent.name === name && id.endsWith(`/${intent.role}`) ? intent.hash : undefined;
  if (intent.do !== 'ScaleReplicaSet') return undefined;
  return part === 'pods' && intent.name === name ? String(intent.replicas) : undefined;
}

const MOST_NAMED = 3;

/** For a person: who, and what to do. */
export function textOfContests(contests: readonly Pick<Contest, 'kind' | 'name' | 'what' | 'by'>[]): string {
  const texts = contests.map(({ kind, name, what, by }) => `${by} changes ${what} of ${kind} ${name}`);
  const named = [...new Set(texts)].toSorted();
  const more = named.length > MOST_NAMED ? ` (and ${named.length - MOST_NAMED} more)` : '';
  return `${named.slice(0, MOST_NAMED).join(', ')}${more} again and again, and each time it is put back: let one of them write it`;
}
