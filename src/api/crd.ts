// The CustomResourceDefinitions: names, printer columns and subresources of every kind, schemas from zod.
import type { z } from 'zod';
import { analysisRunSpecSchema, analysisRunStatusSchema, templateSpecSchema } from './analysis.ts';
import { applicationSpecSchema, applicationStatusSchema } from './application.ts';
import type { Resource } from './k8s.ts';
import { RESOURCES } from './names.ts';
import { clusterReleasePolicySpecSchema, releasePolicySpecSchema } from './release-policy.ts';
import { rolloutSpecSchema, rolloutStatusSchema } from './rollout.ts';
import { structuralSchema } from './structural-schema.ts';

interface Column {
  name: string;
  type: 'string' | 'integer' | 'date';
  jsonPath: string;
  description?: string;
  /** 1: only with `-o wide`. */
  priority?: 1;
}

interface Kind {
  resource: Resource;
  shortName: string;
  description: string;
  spec: z.ZodType;
  status?: z.ZodType;
  scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath: string };
  columns: Column[];
}

export interface CustomResourceDefinition {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec: Record<string, unknown>;
}

const text = (name: string, jsonPath: string, description: string): Column => ({
  name,
  type: 'string',
  jsonPath,
  description,
});
const count = (name: string, jsonPath: string, description: string): Column => ({
  name,
  type: 'integer',
  jsonPath,
  description,
});
const wide = (column: Column): Column => ({ ...column, priority: 1 });
const AGE: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
const MESSAGE = text('Message', '.status.message', 'What is happening, and what it waits for.');

const ROLLOUT: Kind = {
  resource: RESOURCES.rollouts,
  shortName: 'ro',
  description: 'A workload and how a new revision of it is released.',
  spec: rolloutSpecSchema,
  status: rolloutStatusSchema,
  scale: {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.HPAReplicas',
    labelSelectorPath: '.status.selector',
  },
  columns: [
    text('Phase', '.status.phase', 'Healthy, Progressing, Paused or Degraded.'),
    text('Step', '.status.step', 'Steps done of all.'),
    count('Weight', '.status.weight', 'Percent of the traffic on the new revision.'),
    count('Desired', '.spec.replicas', 'Pods wanted.'),
    count('Updated', '.status.updatedReplicas', 'Pods of the declared revision.'),
    count('Available', '.status.availableReplicas', 'Pods that serve.'),
    text('Revision', '.status.revision.short', 'Commit that declared the revision.'),
    AGE,
    wide(text('Images', '.status.images', 'Images of the declared template.')),
    wide(MESSAGE),
  ],
};

const TEMPLATE: Kind = {
  resource: RESOURCES.analysisTemplates,
  shortName: 'at',
  description: 'Metrics, and what makes them good or bad.',
  spec: templateSpecSchema,
  columns: [AGE],
};

const CLUSTER_TEMPLATE: Kind = {
  ...TEMPLATE,
  resource: RESOURCES.clusterAnalysisTemplates,
  shortName: 'cat',
  description: 'An AnalysisTemplate for every namespace.',
};

const RUN: Kind = {
  resource: RESOURCES.analysisRuns,
  shortName: 'ar',
  description: 'One run of an analysis, with its measurements: the evidence.',
  spec: analysisRunSpecSchema,
  status: analysisRunStatusSchema,
  columns: [
    text('Status', '.status.phase', 'Pending, Running, Successful, Failed, Error or Inconclusive.'),
    count('Successful', '.status.runSummary.successful', 'Metrics that were good.'),
    count('Failed', '.status.runSummary.failed', 'Metrics that were bad.'),
    AGE,
    wide(text('Forecast', '.status.forecast.message', 'How many looks were taken, and when it can end.')),
    wide(MESSAGE),
  ],
};

const APPLICATION: Kind = {
  resource: RESOURCES.applications,
  shortName: 'app',
  description: 'A repository, a revision, a path, and how they are synced to the cluster.',
  spec: applicationSpecSchema,
  status: applicationStatusSchema,
  columns: [
    text('Phase', '.status.phase', 'Synced, OutOfSync, Held, Failed or Suspended.'),
    text(
      'Degraded',
      '.status.conditions[?(@.type=="Degraded")].status',
      'True: a Rollout of it is not served as it was applied.',
    ),
    text('Revision', '.status.revision.short', 'Commit that is applied.'),
    MESSAGE,
    AGE,
    wide(text('Path', '.spec.source.path', 'Folder in the repository.')),
    wide(text('Repo', '.spec.source.repoURL', 'Repository.')),
  ],
};

const POLICY: Kind = {
  resource: RESOURCES.releasePolicies,
  shortName: 'rp',
  description: 'When releases of its namespace may begin, and whether they are stopped.',
  spec: releasePolicySpecSchema,
  columns: [
    text('Stop', '.spec.stop.reason', 'Why everything stands still; empty: it does not.'),
    text('Applies', '.spec.appliesTo', 'What it is about.'),
    AGE,
  ],
};

const CLUSTER_POLICY: Kind = {
  ...POLICY,
  resource: RESOURCES.clusterReleasePolicies,
  shortName: 'crp',
  description: 'A ReleasePolicy for many namespaces.',
  spec: clusterReleasePolicySpecSchema,
};

const KINDS: readonly Kind[] = [ROLLOUT, TEMPLATE, CLUSTER_TEMPLATE, RUN, APPLICATION, POLICY, CLUSTER_POLICY];

/** Every kind of Sluice: its name and place, and the form of its spec. */
export const ownKinds = (): readonly Pick<Kind, 'resource' | 'spec'>[] => KINDS;

/** Every CRD of Sluice. */
export function customResourceDefinitions(): CustomResourceDefinition[] {
  return KINDS.map(definition);
}

function definition(kind: Kind): CustomResourceDefinition {
  const { resource } = kind;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${resource.plural}.${resource.group}` },
    spec: {
      group: resource.group,
      scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural: resource.plural,
        singular: resource.kind.toLowerCase(),
        shortNames: [kind.shortName],
        categories: ['sluice'],
      },
      versions: [version(kind)],
    },
  };
}

function version(kind: Kind): Record<string, unknown> {
  const subresources = {
    ...(kind.status === undefined ? {} : { status: {} }),
    ...(kind.scale === undefined ? {} : { scale: kind.scale }),
  };
  return {
    name: kind.resource.version,
    served: true,
    storage: true,
    schema: { openAPIV3Schema: rootSchema(kind) },
    ...(Object.keys(subresources).length === 0 ? {} : { subresources }),
    additionalPrinterColumns: kind.columns,
  };
}

function rootSchema(kind: Kind): Record<string, unknown> {
  return {
    type: 'object',
    description: kind.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structuralSchema(kind.spec),
      ...(kind.status === undefined ? {} : { status: structuralSchema(kind.status) }),
    },
  };
}
