// A template that is in the cluster and that no commit declared: somebody changed it under an Application that puts such changes back. It
// is never released; the release goes on with what was declared, once that is there again.
import { ANNOTATIONS } from '../api/names.ts';
import type { Issue } from '../api/result.ts';
import type { Rollout, RolloutStatus } from '../api/rollout.ts';
import type { Meaning } from './same-template.ts';

const ISSUE: Issue = {
  field: 'spec.template',
  message:
    'is not what Git declares: somebody changed it, and its Application puts it back; to release another one, commit it ' +
    `(without the Application, remove the annotation ${ANNOTATIONS.selfHeal})`,
};

/** Hash of the content that the agent applied. */
export const contentOf = ({ metadata }: Rollout): string | undefined => metadata.annotations?.[ANNOTATIONS.contentHash];

/**
 * The declared revision, and what is wrong with the template: it is another one than was recorded for the very content that the agent
 * applied last. What an admission webhook makes of a template is recorded with its content, and so is none.
 */
export function declaredRevision(
  rollout: Rollout,
  status: RolloutStatus,
  { hash, spelled }: Meaning & { hash: string },
): { declared: string; spelled: string | undefined; issues: Issue[] } {
  const content = contentOf(rollout);
  const isHealed = rollout.metadata.annotations?.[ANNOTATIONS.selfHeal] === 'true';
  const { currentPodHash: recorded, machine } = status;
  const isSame = content !== undefined && machine?.content === content;
  if (!isHealed || !isSame || recorded === undefined || recorded === hash)
    return { declared: hash, spelled, issues: [] };
  return { declared: recorded, spelled: machine?.spelled, issues: [ISSUE] };
}
