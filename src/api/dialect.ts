// What differs between the API groups that Sluice serves: the group itself, and the prefix of annotations and labels. One value, handed
// to what reads or writes objects of a group, so that serving another group is data and not code.
import type { Resource } from './k8s.ts';

/** Groups whose Rollouts Sluice can drive. */
export const GROUPS = ['sluice.dev', 'argoproj.io'] as const;
export type Group = (typeof GROUPS)[number];

/** Manual control: an annotation `<group>/<verb>`, consumed once. */
export const VERBS = ['promote', 'abort', 'retry', 'pause', 'resume', 'override', 'restart', 'rollback'] as const;
export type Verb = (typeof VERBS)[number];

const VERSION = 'v1alpha1';

export interface Dialect {
  group: Group;
  apiVersion: string;
  /** Annotation of a verb, such as `sluice.dev/promote`. */
  verb(verb: Verb): string;
  /** An annotation or label of this dialect. */
  named(name: string): string;
  resources: Record<
    'rollouts' | 'analysisTemplates' | 'clusterAnalysisTemplates' | 'analysisRuns' | 'experiments',
    Resource
  >;
}

/** The names of a group. Equal groups give the same value. */
export const dialect = (group: Group): Dialect => DIALECTS[group];

function build(group: Group): Dialect {
  const named = (name: string): string => `${group}/${name}`;
  const resource = (plural: string, kind: string, namespaced = true): Resource => ({
    group,
    version: VERSION,
    plural,
    kind,
    namespaced,
  });
  return {
    group,
    apiVersion: `${group}/${VERSION}`,
    verb: (verb) => named(verb),
    named,
    resources: {
      rollouts: resource('rollouts', 'Rollout'),
      analysisTemplates: resource('analysistemplates', 'AnalysisTemplate'),
      clusterAnalysisTemplates: resource('clusteranalysistemplates', 'ClusterAnalysisTemplate', false),
      analysisRuns: resource('analysisruns', 'AnalysisRun'),
      experiments: resource('experiments', 'Experiment'),
    },
  };
}

const DIALECTS: Readonly<Record<Group, Dialect>> = {
  'sluice.dev': build('sluice.dev'),
  'argoproj.io': build('argoproj.io'),
};
