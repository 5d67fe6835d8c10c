// Another spelling of a template is the same revision. What the two forms alone cannot tell, the API server is asked: it completes both
// templates in dry runs made at the same moment. Nobody waits for it: until it has answered, the release stands where it is.
import type { ReplicaSet } from '../api/k8s.ts';
import { CONTROLLER_MANAGER, POD_TEMPLATE_HASH, RESOURCES } from '../api/names.ts';
import type { ObjectKey } from '../api/object-key.ts';
import type { Rollout, RolloutStatus } from '../api/rollout.ts';
import { isTransient } from '../kube/errors.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Clock } from '../ports/clock.ts';
import { canonicalJson } from '../rollout/hash.ts';
import type { Observed } from '../rollout/observed.ts';
import { mayBeSame } from '../rollout/same-template.ts';
import { declaredTemplate, replicaSetFor } from './replica-set.ts';

/** Which revision a declared template is. */
export interface Meaning {
  /** Pod hash of the revision; while it is undecided, of the one on record. */
  readonly hash: string | undefined;
  /** Hash of the declared template, where it is another spelling of the revision's. */
  readonly spelled?: string | undefined;
  /** The server is being asked. */
  readonly undecided?: boolean;
}

export interface Asked {
  key: ObjectKey;
  rollout: Rollout;
  status: RolloutStatus;
  templateHash: string;
  /** Those of the Rollout. */
  replicaSets: readonly ReplicaSet[];
  client: Pick<KubeClient, 'create'>;
}

export interface SameTemplates {
  meaningOf(asked: Asked): Meaning;
  /** The Rollout is gone. */
  forget(rollout: ObjectKey): void;
}

interface Answer {
  /** The version of the Rollout that was asked about. */
  readonly version: string;
  /** Pod hash of the revision that it is; undefined while the answer is on its way. */
  hash: string | undefined;
}

/** Admission webhooks have a say in a dry run, too. */
const TIMEOUT_MS = 5_000;
/** After so many tries without an answer the spelling decides. */
const TRIES = 3;
/** So many revisions are asked about at most: the one on record, the stable one, and then the newest. */
const MOST_ASKED = 3;

const hashOf = (rs: ReplicaSet): string => rs.metadata.labels?.[POD_TEMPLATE_HASH] ?? '';

export function createSameTemplates(deps: {
  clock: Pick<Clock, 'now'>;
  again: (rollout: ObjectKey, at: number) => void;
}): SameTemplates {
  const answers = new Map<ObjectKey, Answer>();
  const ask = async (asked: Asked, candidates: readonly ReplicaSet[], answer: Answer): Promise<void> => {
    answer.hash = await sameAs(asked, candidates, TRIES).catch(() => asked.templateHash);
    deps.again(asked.key, deps.clock.now());
  };
  const begin = (asked: Asked, candidates: readonly ReplicaSet[]): Answer => {
    const { uid = '', generation = 0 } = asked.rollout.metadata;
    const answer: Answer = { version: `${uid}/${generation}`, hash: undefined };
    answers.set(asked.key, answer);
    if (candidates.length === 0) answer.hash = asked.templateHash;
    else void ask(asked, candidates, answer);
    return answer;
  };
  return {
    forget: (key) => void answers.delete(key),
    meaningOf(asked) {
      const { key, rollout, status, templateHash } = asked;
      const known = onRecord(asked);
      if (known !== undefined) {
        answers.delete(key);
        return known;
      }
      const { uid = '', generation = 0 } = rollout.metadata;
      const given = answers.get(key);
      const answer = given?.version === `${uid}/${generation}` ? given : begin(asked, candidatesOf(asked));
      if (answer.hash === undefined) return { hash: status.currentPodHash, undecided: true };
      return answer.hash === templateHash ? { hash: templateHash } : { hash: answer.hash, spelled: templateHash };
    },
  };
}

/** What is said of a declaration stays as it is while it is not known which revision it declares. */
export const asOnRecord = ({
  revision,
  machine,
}: RolloutStatus): Pick<Observed, 'revision' | 'content' | 'spelled'> => ({
  revision,
  content: machine?.content,
  spelled: machine?.spelled,
});

/** What needs no comparison: it is a revision by its own hash, or the record says which one it spells. */
function onRecord({ status, templateHash, replicaSets }: Asked): Meaning | undefined {
  const { currentPodHash: recorded, machine } = status;
  if (recorded !== undefined && machine?.spelled === templateHash) return { hash: recorded, spelled: templateHash };
  const isKnown = recorded === templateHash || replicaSets.some((rs) => hashOf(rs) === templateHash);
  return isKnown || replicaSets.length === 0 ? { hash: templateHash } : undefined;
}

/** Revisions that the declared template may be, in the order in which they are preferred. */
function candidatesOf({ rollout, status, replicaSets }: Asked): ReplicaSet[] {
  const preferred = [status.stableRS, status.currentPodHash];
  const rank = (rs: ReplicaSet): number => (preferred.indexOf(hashOf(rs)) + 3) % 3;
  const age = (rs: ReplicaSet): string => rs.metadata.creationTimestamp ?? '';
  return replicaSets
    .filter((rs) => mayBeSame(rollout.spec.template, { declared: declaredTemplate(rs), live: rs.spec.template }))
    .toSorted((a, b) => rank(a) - rank(b) || age(b).localeCompare(age(a)))
    .slice(0, MOST_ASKED);
}

/** Pod hash of the revision that the server makes the same of; the declared template's own where it is none of them, or cannot be told. */
async function sameAs(asked: Asked, candidates: readonly ReplicaSet[], tries: number): Promise<string> {
  const { rollout, templateHash, client } = asked;
  const templates = [rollout.spec.template, ...candidates.map((rs) => declaredTemplate(rs))];
  const results = await Promise.allSettled(
    templates.map(async (template) => {
      const object = replicaSetFor({ ...rollout, spec: { ...rollout.spec, template } }, templateHash, 0);
      const options = { fieldManager: CONTROLLER_MANAGER, dryRun: true, timeoutMs: TIMEOUT_MS };
      const { spec } = await client.create<ReplicaSet>(RESOURCES.replicaSets, object, options);
      return canonicalJson(spec.template);
    }),
  );
  const [declared, ...others] = results;
  const isBlip = results.some((result) => result.status === 'rejected' && isTransient(result.reason));
  if (isBlip && tries > 1) return sameAs(asked, candidates, tries - 1);
  const isSame = (other: PromiseSettledResult<string>): boolean =>
    declared?.status === 'fulfilled' && other.status === 'fulfilled' && other.value === declared.value;
  const found = candidates[others.findIndex((other) => isSame(other))];
  return found === undefined ? templateHash : hashOf(found);
}
