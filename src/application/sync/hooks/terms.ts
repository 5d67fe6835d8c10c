// Whether a declared object is a hook, and on which terms: by our annotations, Argo CD's, or Helm's, which are read as Argo CD reads them. Pure.
import { DELETE_POLICIES, HOOK_PHASES, type DeletePolicy, type HookPhase } from '../../../api/hooks.ts';
import type { KubeObject } from '../../../api/k8s.ts';
import { HOOK_POLICIES, HOOK_WEIGHT, HOOKS, SYNC_WAVES } from '../../../api/names.ts';
import { nearest } from '../../../api/nearest.ts';
import { wholeNumber } from '../whole-number.ts';

export interface HookTerms {
  phases: HookPhase[];
  policies: DeletePolicy[];
}

/** A hook; an object that is not applied, and why (empty: nothing to tell); or what is wrong with it. Undefined: like any other object. */
export type Reading = { hook: HookTerms } | { leftOut: string } | { objection: string } | undefined;

const SKIP = 'Skip';
const NEVER_DELETED = 'deleting an Application deletes nothing that it applied';
const ARGO: ReadonlyMap<string, HookPhase> = new Map(
  (['PreSync', 'Sync', 'PostSync', 'SyncFail'] as const).map((phase) => [phase, phase]),
);
const ARGO_ELSEWHERE = new Set(['PreDelete', 'PostDelete']);
const HELM: ReadonlyMap<string, HookPhase> = new Map([
  ['pre-install', 'PreSync'],
  ['pre-upgrade', 'PreSync'],
  ['post-install', 'PostSync'],
  ['post-upgrade', 'PostSync'],
]);
/** Of Helm 2: a definition is applied like any other. */
const HELM_CRD = 'crd-install';
/** Of `helm test`, which nobody runs here. */
const HELM_TESTS = new Set(['test', 'test-success', 'test-failure']);
const HELM_POLICIES: ReadonlyMap<string, DeletePolicy> = new Map([
  ['before-hook-creation', 'BeforeHookCreation'],
  ['hook-succeeded', 'HookSucceeded'],
  ['hook-failed', 'HookFailed'],
]);

const listIn = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

const textsOf = ({ metadata }: KubeObject): Record<string, string> => metadata.annotations ?? {};

export function readHook(object: KubeObject): Reading {
  const annotations = textsOf(object);
  const policies = policiesIn(annotations);
  const reading = phasesIn(annotations);
  if (reading === undefined)
    return annotations[HOOK_POLICIES.own] === undefined
      ? undefined
      : { objection: `has the annotation ${HOOK_POLICIES.own} and is no hook: add ${HOOKS.own}, or take it out` };
  if (!Array.isArray(reading)) return reading;
  if (object.kind === 'Rollout') return { objection: 'a Rollout cannot be a hook: it is released, and does not end' };
  return Array.isArray(policies) ? { hook: { phases: reading, policies } } : policies;
}

type Phases = HookPhase[] | Exclude<Reading, { hook: HookTerms }>;

function phasesIn(annotations: Record<string, string>): Phases {
  const { [HOOKS.own]: own, [HOOKS.argo]: argo, [HOOKS.helm]: helm } = annotations;
  if (own !== undefined) return ownPhases(own);
  const byArgo = argo === undefined ? undefined : argoPhases(argo);
  if (Array.isArray(byArgo) || helm === undefined) return byArgo;
  // As Argo CD does where its own annotation names none.
  return argo !== undefined && listIn(argo).includes(SKIP) ? byArgo : helmPhases(helm);
}

function ownPhases(text: string): Phases {
  const names = listIn(text);
  const all: readonly string[] = [...HOOK_PHASES, SKIP];
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined || names.length === 0) return { objection: unknownIn(HOOKS.own, unknown ?? text, all) };
  if (!names.includes(SKIP)) return HOOK_PHASES.filter((phase) => names.includes(phase));
  return names.length === 1
    ? { leftOut: `${HOOKS.own}: ${SKIP}` }
    : { objection: `${HOOKS.own}: ${SKIP} stands alone` };
}

function unknownIn(annotation: string, name: string, all: readonly string[]): string {
  const meant = nearest(name, all);
  const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
  return `the annotation ${annotation} names ${JSON.stringify(name)}, which is none${hint}; there are ${all.join(', ')}`;
}

function argoPhases(text: string): Phases {
  const names = listIn(text);
  const phases = phasesOf(names, ARGO);
  if (phases.length > 0) return phases;
  const why = names.some((name) => ARGO_ELSEWHERE.has(name)) ? `, since ${NEVER_DELETED}` : '';
  return { leftOut: `${HOOKS.argo}: ${text}${why}` };
}

function helmPhases(text: string): Phases {
  const events = listIn(text.toLowerCase());
  if (events.includes(HELM_CRD)) return undefined;
  const phases = phasesOf(events, HELM);
  if (phases.length > 0) return phases;
  return { leftOut: events.every((event) => HELM_TESTS.has(event)) ? '' : `${HOOKS.helm}: ${text}` };
}

const phasesOf = (names: readonly string[], known: ReadonlyMap<string, HookPhase>): HookPhase[] => [
  ...new Set(names.flatMap((name) => known.get(name) ?? [])),
];

function policiesIn(annotations: Record<string, string>): DeletePolicy[] | { objection: string } {
  const { [HOOK_POLICIES.own]: own, [HOOK_POLICIES.argo]: argo = '', [HOOK_POLICIES.helm]: helm = '' } = annotations;
  if (own !== undefined) return ownPolicies(own);
  const named = [
    ...DELETE_POLICIES.filter((policy) => listIn(argo).includes(policy)),
    ...listIn(helm.toLowerCase()).flatMap((policy) => HELM_POLICIES.get(policy) ?? []),
  ];
  return named.length === 0 ? ['BeforeHookCreation'] : [...new Set(named)];
}

function ownPolicies(text: string): DeletePolicy[] | { objection: string } {
  const names = listIn(text);
  const all: readonly string[] = DELETE_POLICIES;
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined || names.length === 0)
    return { objection: unknownIn(HOOK_POLICIES.own, unknown ?? text, all) };
  return DELETE_POLICIES.filter((policy) => names.includes(policy));
}

/** The wave of a hook within its phase: as of any object, else the weight that a chart gives it. */
export function hookWave(object: KubeObject): number {
  const annotations = textsOf(object);
  const named = annotations[SYNC_WAVES.own] ?? annotations[SYNC_WAVES.argo] ?? annotations[HOOK_WEIGHT];
  return wholeNumber(named) ?? 0;
}
