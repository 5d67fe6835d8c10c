// Application: a repository, a revision, a path, and how they are synced to the cluster.
import { z } from 'zod';
import { FORGES } from './forges.ts';
import { conditions, duration, durationMs, durationWithin, name } from './fields.ts';
import { helmSchema } from './helm.ts';
import { hooksSchema } from './hooks.ts';
import type { Condition, ObjectMeta } from './k8s.ts';
import { SSH_PATTERN } from './repository-url.ts';
import { revisionRefSchema } from './revision.ts';
import { ruled } from './rules.ts';
import { DEFAULT_REVISION } from './target-revision.ts';
import { windowsSchema } from './windows.ts';

/** Between looks at a branch; shorter intervals of objects that are stored already are taken as this. */
export const MIN_LOOK_MS = 5000;

const SSH = new RegExp(SSH_PATTERN);
const SSH_PASSWORD = /^ssh:\/\/[^/@]*:[^/]*@/;

const repoURL = ruled(
  z.string().min(1).max(2048),
  {
    cel: `self.matches('^https?://') || self.matches('${SSH_PATTERN.replaceAll('\\', '\\\\')}') || self.matches('^ssh://[^/@]*:[^/]*@')`,
    message: 'must be an http, https or ssh URL, or user@host:path, such as git@git.example.com:acme/shop.git',
    holds: (url) => /^https?:\/\//.test(url) || SSH.test(url) || SSH_PASSWORD.test(url),
  },
  {
    cel: "!self.matches('^https?://[^/]*@|^ssh://[^/@]*:[^/]*@')",
    message: 'must hold no credentials: put them into the Secret of secretRef',
    holds: (url) => !/^https?:\/\/[^/]*@/.test(url) && !SSH_PASSWORD.test(url),
  },
);

const path = ruled(z.string().max(1024), {
  cel: "!(self.startsWith('/') || self.matches('(^|/)[.][.](/|$)'))",
  message: 'must be inside the repository, such as deploy/production',
  holds: (folder) => !/^\/|(^|\/)\.\.(\/|$)/.test(folder),
});

const interval = ruled(duration, {
  cel: "duration(self) >= duration('5s')",
  message: 'must be at least 5s, such as 30s',
  holds: (text) => (durationMs(text) ?? MIN_LOOK_MS) >= MIN_LOOK_MS,
});

const timeout = durationWithin('1s', '5m', 'must be from 1s to 5m, such as 60s');

const writeBack = ruled(
  z.object({
    onAbort: z
      .enum(['None', 'Commit', 'PullRequest'])
      .optional()
      .describe(
        'What to write to Git after an abort: a commit on the branch, or a pull request (merge request) for it. Default None.',
      ),
    forge: z
      .enum(FORGES)
      .optional()
      .describe(
        'For PullRequest: what keeps the repository, where its host does not tell. Gitea is Forgejo, too; Bitbucket is Bitbucket Cloud.',
      ),
    autoMerge: z
      .boolean()
      .optional()
      .describe('For PullRequest: have the forge merge it once its checks have passed. Default false.'),
    author: z
      .object({
        name: z
          .string()
          .min(1)
          .max(256)
          .regex(/^[^<>\s]+( [^<>\s]+)*$/, 'must be words on one line without < and >, such as Sluice'),
        email: z
          .string()
          .min(1)
          .max(256)
          .regex(/^[!-;=?-~]+$/, 'must be an address without spaces, < and >, such as sluice@example.com'),
      })
      .optional()
      .describe('Who commits and notes are by. Default Sluice.'),
    notes: z
      .boolean()
      .optional()
      .describe('Keep outcomes and evidence as Git notes (refs/notes/sluice). Default true.'),
  }),
  {
    cel: "!has(self.autoMerge) || !self.autoMerge || (has(self.onAbort) && self.onAbort == 'PullRequest')",
    at: ['autoMerge'],
    message: 'needs onAbort: PullRequest',
    holds: ({ autoMerge, onAbort }) => autoMerge !== true || onAbort === 'PullRequest',
  },
);

export const applicationSpecSchema = z.object({
  source: z.object({
    repoURL: repoURL.describe('URL of the repository, http, https or ssh, or user@host:path; without credentials.'),
    targetRevision: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe(
        'Branch, tag, range of versions (`>=1.2 <2`, `1.x`: the newest tag in it), commit (40 digits), or full name of a reference. Default main.',
      ),
    path: path.optional().describe('Folder with the manifests. Default: the root.'),
    exclude: z
      .array(z.string().min(1).max(256))
      .max(32)
      .optional()
      .describe(
        'Files below path that declare nothing here: `*` within a name, `**` across folders; without / any name.',
      ),
    helm: helmSchema.optional().describe('For a path that holds a chart of Helm.'),
    verify: z
      .object({
        mode: z
          .enum(['Commit', 'Tag', 'TagAndCommit'])
          .optional()
          .describe(
            'What has to be signed: the commit, the annotated tag that targetRevision names, or both. Default Commit.',
          ),
        secretRef: z
          .object({ name })
          .describe(
            'A Secret with the public keys that count: allowed_signers, as ssh-keygen has it, and keys of OpenPGP under names that end in .asc.',
          ),
      })
      .optional()
      .describe('Content that nobody on record has signed is not applied; what was applied before stays.'),
    interval: interval.optional().describe('How often the branch is looked at without a webhook. Default 30s.'),
    timeout: timeout.optional().describe('Limit of one exchange with the server. Default 60s.'),
    secretRef: z
      .object({ name })
      .optional()
      .describe(
        'A Secret: keys username and password, or bearerToken; for ssh sshPrivateKey, sshPassphrase and known_hosts; forgeToken for pull requests; signingKey, to sign commits with; webhookSecret for webhooks.',
      ),
  }),
  serviceAccountName: name
    .optional()
    .describe(
      "ServiceAccount of the Application's namespace with whose rights it is applied. Default: the operator's (--default-service-account); without either Sluice applies a fixed list of kinds itself.",
    ),
  destination: z
    .object({
      namespace: name.optional().describe("Namespace for objects that name none. Default: the Application's own."),
    })
    .optional(),
  dependsOn: z
    .array(
      z.object({
        name,
        namespace: name.optional().describe("Default: the Application's own."),
      }),
    )
    .max(32)
    .optional()
    .describe(
      'Applications that are to be Ready before new content of this one is applied; of one repository and revision, Ready at the same commit.',
    ),
  sync: z
    .object({
      prune: z.boolean().optional().describe('Delete what has left Git. Default false.'),
      selfHeal: z.boolean().optional().describe('Correct changes that were not made in Git. Default true.'),
      allowEmpty: z
        .boolean()
        .optional()
        .describe('Accept a commit that declares nothing, and prune everything. Default false.'),
      pruneLimit: z
        .int()
        .min(0)
        .max(100)
        .optional()
        .describe(
          'Percentage of the applied objects that one commit may delete, where that is more than 4 objects; for more the annotation sluice.dev/confirm-prune with the commit is asked. Default 50.',
        ),
      windows: windowsSchema
        .optional()
        .describe(
          'When a commit that changes something may be applied. What is in force is kept from drift at any time. Default: at any time.',
        ),
      options: z
        .array(z.enum(['SkipMissingKinds']))
        .max(8)
        .optional()
        .describe(
          'SkipMissingKinds: leave out objects of kinds that the cluster does not serve, instead of refusing the commit.',
        ),
    })
    .optional(),
  writeBack: writeBack.optional(),
  suspend: z.boolean().optional().describe('Leave the cluster alone.'),
});

export const objectRefSchema = z.object({
  group: z.string(),
  version: z.string(),
  kind: z.string(),
  namespace: z.string().optional(),
  name: z.string(),
});

const healthSchema = z.object({
  status: z.enum(['Healthy', 'Progressing', 'Degraded', 'Suspended', 'Unknown']),
  message: z.string().optional(),
});

const resourceStatus = objectRefSchema.extend({
  status: z.enum(['Synced', 'OutOfSync', 'Held', 'Missing', 'Failed', 'PruneSkipped']),
  hash: z.string().optional().describe('Hash of the rendered content.'),
  commit: z.string().optional().describe('Commit that last changed the rendered content.'),
  message: z.string().optional(),
  uid: z.string().optional().describe('UID of the object that was applied.'),
  foreign: z
    .array(z.string())
    .max(5)
    .optional()
    .describe('Fields that others have put beside the declared ones, by manager; they are left alone.'),
  health: healthSchema.optional().describe('How it does, by its own status; absent where it has none to tell by.'),
});

export const holdSchema = z.object({
  rollout: z.object({ namespace: z.string(), name: z.string() }),
  rejected: revisionRefSchema,
  stable: revisionRefSchema.optional(),
  contentHash: z.string().describe('Hash of the Rollout and all it depends on as they were rejected.'),
  trial: z
    .string()
    .optional()
    .describe('Hash of what was rejected: pod template, steps and what they name, and what the pods read.'),
  podHash: z.string().optional(),
  objects: z
    .array(objectRefSchema.extend({ hash: z.string() }))
    .describe('What is kept back, with the hash of the rejected content.'),
  reason: z.string(),
  since: z.string(),
  writeBack: z
    .object({
      state: z.enum(['Pending', 'Proposed', 'Pushed', 'Closed', 'Disabled', 'Failed']),
      commit: z.string().optional().describe('The commit that restores the files.'),
      url: z.string().optional().describe('Of the pull request.'),
      id: z.string().optional().describe('Number of the pull request.'),
      base: z.string().optional().describe('Commit that the branch of the pull request was built on.'),
      message: z.string().optional(),
    })
    .optional(),
});

export const withdrawalSchema = z.object({
  id: z.string().describe('Number of the pull request.'),
  url: z.string(),
  commit: z.string().describe('The commit that was put on its branch.'),
  why: z.string(),
});

export const returnSchema = z.object({
  rollout: z.object({ namespace: z.string(), name: z.string() }),
  stable: revisionRefSchema,
  since: z.string(),
});

export const applicationStatusSchema = z.object({
  observedGeneration: z.int().optional(),
  phase: z.enum(['Synced', 'OutOfSync', 'Held', 'Failed', 'Suspended']).optional(),
  message: z.string().optional(),
  health: healthSchema.optional().describe('The worst health of what is applied, and whose it is.'),
  revision: revisionRefSchema.optional().describe('The commit that is applied.'),
  rendering: z
    .object({ tool: z.enum(['Kustomize', 'Helm']), version: z.string() })
    .optional()
    .describe('What rendered its manifests; absent: they are in the files as they are.'),
  contentHash: z.string().optional().describe('SHA-256 of all that the applied commit declares.'),
  signature: z
    .object({ signer: z.string().max(1024), key: z.string().max(256).describe('Its fingerprint.') })
    .optional()
    .describe('Who signed the commit that is applied, where source.verify asks for it.'),
  attempted: revisionRefSchema.optional().describe('The newest commit seen.'),
  syncedAt: z.string().optional(),
  resources: z.array(resourceStatus).optional(),
  hooks: hooksSchema.optional().describe('Hooks of the newest content that was taken, and what became of each.'),
  holds: z.array(holdSchema).optional(),
  stable: z
    .array(
      z.object({
        rollout: z.object({ namespace: z.string(), name: z.string() }),
        revision: revisionRefSchema,
        podHash: z.string().optional().describe('Pod hash that it is served by.'),
        sequence: z.int().describe('Of its snapshot; an earlier one is not gone back to.'),
      }),
    )
    .optional()
    .describe('Stable revisions that are kept to go back to.'),
  withdrawals: z
    .array(withdrawalSchema)
    .max(32)
    .optional()
    .describe('Pull requests whose holds have ended in another way, until they are closed.'),
  returns: z
    .array(returnSchema)
    .optional()
    .describe('Rollouts that were lost and come back at their stable revision before what is declared is applied.'),
  drift: z
    .array(
      objectRefSchema.extend({
        at: z.string(),
        fields: z.array(z.string()),
        action: z.enum(['Corrected', 'Reported']),
      }),
    )
    .max(20)
    .optional(),
  history: z
    .array(z.object({ revision: revisionRefSchema, at: z.string(), result: z.string() }))
    .max(10)
    .optional(),
  overrides: z
    .array(
      z.object({
        commit: z.string(),
        reason: z.string().max(1024),
        at: z.string(),
        by: z.string().optional().describe('Field manager of who set the annotation: it proves no identity.'),
      }),
    )
    .max(10)
    .optional()
    .describe('Commits that somebody had applied outside the windows, the last one first.'),
  notes: z
    .array(z.object({ commit: z.string(), rollout: z.string(), outcome: z.string(), attempt: z.int().optional() }))
    .max(32)
    .optional()
    .describe('Outcomes that are already kept as Git notes.'),
  conditions: conditions.optional(),
});

export type ApplicationSpec = z.infer<typeof applicationSpecSchema>;
export type ObjectRef = z.infer<typeof objectRefSchema>;
export type Hold = z.infer<typeof holdSchema>;
export type Return = z.infer<typeof returnSchema>;
export type Withdrawal = z.infer<typeof withdrawalSchema>;
export type ResourceStatus = z.infer<typeof resourceStatus>;
export type RecordedHealth = z.infer<typeof healthSchema>;
export type ApplicationStatus = Omit<z.infer<typeof applicationStatusSchema>, 'conditions'> & {
  conditions?: Condition[];
};

export interface Application {
  apiVersion: string;
  kind: 'Application';
  metadata: ObjectMeta;
  spec: ApplicationSpec;
  status?: ApplicationStatus;
}

/** What of its repository an Application follows; targetRevision means more than its text (see target-revision.ts). */
export const revisionOf = ({ spec: { source } }: Pick<Application, 'spec'>): string =>
  source.targetRevision ?? DEFAULT_REVISION;
