// Hooks of a sync: the words of their annotations, and what the status of an Application records of them.
import { z } from 'zod';

/** When a hook runs. */
export const HOOK_PHASES = ['PreSync', 'Sync', 'PostSync', 'SyncFail', 'OnAbort', 'PostRollback'] as const;
/** When the object of a hook is deleted. */
export const DELETE_POLICIES = ['BeforeHookCreation', 'HookSucceeded', 'HookFailed'] as const;

const hookRunSchema = z.object({
  phase: z.enum(HOOK_PHASES),
  group: z.string(),
  version: z.string(),
  kind: z.string(),
  namespace: z.string().optional(),
  name: z.string(),
  hash: z.string().describe('Hash of the hook as it is declared.'),
  mark: z.string().describe('Tells this run from every other; the object carries it as sluice.dev/hook-run.'),
  cause: z.string().optional().describe('Holds that it was run for.'),
  state: z.enum(['Pending', 'Running', 'Succeeded', 'Failed']),
  uid: z.string().optional().describe('UID of the object that was created.'),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  message: z.string().optional(),
  removal: z.enum(['Due', 'Done']).optional().describe('Its delete policy has the object deleted.'),
});

export const hooksSchema = z.object({
  content: z.string().describe('Hash of all that the Application declares: other content runs the hooks anew.'),
  commit: z.string().describe('Commit that brought this content.'),
  set: z.string().describe('Hash of the hooks among it.'),
  since: z.string(),
  finishedAt: z
    .string()
    .optional()
    .describe('When the sync was over: all applied, healthy, and its hooks have succeeded.'),
  attempt: z.int().optional().describe('Counted up when somebody has failed hooks run again. Default 1.'),
  retrying: z.boolean().optional().describe('sluice.dev/retry was acted on and is being taken off.'),
  runs: z.array(hookRunSchema),
  ending: z
    .array(hookRunSchema)
    .optional()
    .describe('Runs that nobody waits for any more, until their objects are deleted.'),
  former: z
    .array(z.string())
    .optional()
    .describe('UIDs of objects that were applied like any other before they became hooks.'),
  aborts: z.array(z.string()).optional().describe('Holds that OnAbort hooks were run for.'),
  restored: z.array(z.string()).optional().describe('Holds that PostRollback hooks were run for.'),
});

export type HookPhase = (typeof HOOK_PHASES)[number];
export type DeletePolicy = (typeof DELETE_POLICIES)[number];
export type HookRun = z.infer<typeof hookRunSchema>;
export type HookRecord = z.infer<typeof hooksSchema>;
