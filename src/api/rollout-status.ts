// The status of a Rollout: what people and tools read, and what the state machine remembers between passes.
import { z } from 'zod';
import { conditions } from './fields.ts';
import type { Condition } from './k8s.ts';
import { revisionRefSchema } from './revision.ts';

const OUTCOMES = ['Promoted', 'Aborted', 'Superseded', 'RolledBack'] as const;

/** What an annotation asked for. */
const command = {
  verb: z.string(),
  value: z.string(),
  at: z.string().describe('When it was taken.'),
  by: z
    .string()
    .optional()
    .describe('Field manager of who set the annotation: the name that a client gave itself, which proves no identity.'),
};

/** What is told of a release: of the one under way, and of those that ended. */
const trail = {
  attempt: z.int().min(0).optional().describe('Which release of this Rollout it was; its runs carry the same number.'),
  startedAt: z.string().optional().describe('When the release began.'),
  weights: z
    .array(z.object({ at: z.string(), weight: z.int() }))
    .max(20)
    .optional()
    .describe('Percent of the traffic (or of the pods, without a router) that it had, and since when.'),
  command: z
    .object(command)
    .optional()
    .describe('The last annotation that was acted on during the release: who let it go on, or ended it.'),
  earlierCommands: z
    .array(z.object(command))
    .max(8)
    .optional()
    .describe('Annotations that were acted on during the release before that, the last of them at the end.'),
};

const historyEntry = z.object({
  podHash: z.string(),
  revision: revisionRefSchema.optional(),
  outcome: z.enum(OUTCOMES),
  reason: z.string().optional(),
  at: z.string().describe('When the release ended.'),
  ...trail,
});

const releaseSchema = z.object({
  podHash: z.string(),
  ...trail,
  startedAt: z.string(),
  weights: z.array(z.object({ at: z.string(), weight: z.int() })).max(20),
});

const runStatus = z.object({ name: z.string(), status: z.string(), message: z.string().optional() });

const canaryStatusSchema = z.object({
  weights: z
    .object({
      canary: z.object({ weight: z.int(), podTemplateHash: z.string().optional(), serviceName: z.string().optional() }),
      stable: z.object({ weight: z.int(), podTemplateHash: z.string().optional(), serviceName: z.string().optional() }),
    })
    .optional(),
  currentStepAnalysisRunStatus: runStatus.optional(),
  currentBackgroundAnalysisRunStatus: runStatus.optional(),
});

const blueGreenStatusSchema = z.object({
  activeSelector: z.string().optional().describe('Pod hash that the active Service selects.'),
  previewSelector: z.string().optional().describe('Pod hash that the preview Service selects.'),
  scaleUpPreviewCheckPoint: z.boolean().optional().describe('The new revision grows from previewReplicaCount to full.'),
  prePromotionAnalysisRunStatus: runStatus.optional(),
  postPromotionAnalysisRunStatus: runStatus.optional(),
});

/** What the state machine remembers between passes; everything else is observed afresh. */
export const machineStateSchema = z
  .object({
    version: z.int().min(1),
    state: z.string().max(128).describe('Path of the state, such as stepping.pausing.'),
    attention: z
      .enum(['running', 'paused'])
      .optional()
      .describe('Whether somebody asked for a pause. Default running.'),
    background: z
      .enum(['quiet', 'measuring', 'unsure', 'waived'])
      .optional()
      .describe('The background analysis; waived: somebody accepted that it cannot tell. Default quiet.'),
    pods: z.enum(['steady', 'restarting']).optional().describe('Whether pods are being replaced. Default steady.'),
    candidate: z.string().max(64).describe('Pod hash of the revision being released.'),
    revision: revisionRefSchema.optional().describe('The commit that declared the candidate.'),
    content: z.string().max(128).optional().describe('Hash of the content that the agent applied last.'),
    spelled: z
      .string()
      .max(64)
      .optional()
      .describe('Hash of the declared template, where it is another spelling of the declared revision’s.'),
    stepsHash: z.string().max(64).describe('Hash of the steps it is released by.'),
    step: z.int().min(0),
    attempt: z
      .int()
      .min(0)
      .describe('Counts releases, so that runs and verdicts of an earlier one never count for this one.'),
    until: z.string().optional().describe('When the present pause ends.'),
    progressAt: z.string().optional().describe('When something last went forward.'),
    progressMark: z.string().max(256).optional().describe('What went forward then.'),
    paused: z.boolean().optional().describe('Version 1 of this: attention.'),
    full: z.boolean().optional().describe('Somebody asked to skip what is left.'),
    waits: z.boolean().optional().describe('It began while no release might, and waits for a window.'),
    waived: z.boolean().optional().describe('Version 1 of this: background.'),
    acted: z
      .string()
      .max(64)
      .optional()
      .describe('Hash of the value of an abort that was acted on before its annotation was taken.'),
    reason: z.string().max(4096).optional().describe('Why it was aborted.'),
    cause: z.string().max(64).optional(),
    abortedAt: z.string().optional(),
    rejected: z
      .string()
      .max(64)
      .optional()
      .describe('Pod hash of the revision that was aborted last, until another one is declared.'),
    restartAt: z.string().optional().describe('Pods older than this are being replaced.'),
    restartedAt: z
      .string()
      .optional()
      .describe('No pod is older than this: what spec.restartAt asked for last is done.'),
    retiring: z
      .record(z.string(), z.string())
      .optional()
      .describe('Pod hash of revisions on their way out, and when they are scaled to 0.'),
  })
  .describe('What the state machine remembers.');

const recentEvent = z.object({
  type: z.enum(['Normal', 'Warning']),
  reason: z.string(),
  message: z.string(),
  key: z.string().describe('Marks what happens once.'),
  rank: z.int().optional().describe('Place among the Events of the Rollout.'),
  release: z.string().optional(),
  finished: z
    .object({ first: z.int(), last: z.int(), of: z.int(), what: z.array(z.string()) })
    .optional()
    .describe('Steps that ended by themselves, counted from 0.'),
});

export const rolloutStatusSchema = z.object({
  retired: z
    .boolean()
    .optional()
    .describe('What it drove is handed back, and nothing is driven any more: it is about to be deleted.'),
  phase: z.enum(['Healthy', 'Degraded', 'Progressing', 'Paused']).optional(),
  message: z.string().optional(),
  observedGeneration: z.string().optional(),
  replicas: z.int().optional(),
  updatedReplicas: z.int().optional(),
  readyReplicas: z.int().optional(),
  availableReplicas: z.int().optional(),
  HPAReplicas: z.int().optional(),
  selector: z.string().optional(),
  currentPodHash: z.string().optional().describe('Pod hash of the declared template.'),
  stableRS: z.string().optional().describe('Pod hash of the last revision that was fully promoted.'),
  currentStepIndex: z.int().optional(),
  currentStepHash: z.string().optional(),
  step: z.string().optional().describe('Steps done of all, as 2/5.'),
  weight: z.int().optional().describe('Percent of the traffic (or of the pods, without a router) on the new revision.'),
  abort: z.boolean().optional().describe('Aborted; set it to abort, set it to false to try again.'),
  abortedAt: z.string().optional(),
  promoteFull: z.boolean().optional(),
  controllerPause: z.boolean().optional(),
  pauseConditions: z.array(z.object({ reason: z.string(), startTime: z.string() })).optional(),
  nextTransitionTime: z.string().optional().describe('When the present wait ends by itself.'),
  revision: revisionRefSchema.optional(),
  stableRevision: revisionRefSchema.optional(),
  images: z.string().optional().describe('Images of the declared template.'),
  release: releaseSchema.optional().describe('The release under way.'),
  history: z.array(historyEntry).max(32).optional(),
  recentEvents: z
    .array(recentEvent)
    .max(16)
    .optional()
    .describe('What happened with the last record in which anything did; told as Events once that is confirmed.'),
  lastCommand: z
    .object({ id: z.string(), ...command, outcome: z.string() })
    .optional()
    .describe('The last annotation that was acted on.'),
  canary: canaryStatusSchema.optional(),
  blueGreen: blueGreenStatusSchema.optional(),
  restartedAt: z.string().optional().describe('spec.restartAt that was carried out last.'),
  machine: machineStateSchema.optional(),
  conditions: conditions.optional(),
});

export type RecentEvent = z.infer<typeof recentEvent>;
export type HistoryEntry = z.infer<typeof historyEntry>;
export type MachineState = z.infer<typeof machineStateSchema>;
export type RolloutStatus = Omit<z.infer<typeof rolloutStatusSchema>, 'conditions'> & { conditions?: Condition[] };
