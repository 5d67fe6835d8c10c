// What a decision about an Application asks for: plain data, each without effect when it is done twice. Objects go in batches, so that
// one exchange with the server does not wait for the next.
import type { Hold, ObjectRef, Withdrawal } from '../api/application.ts';
import type { KubeObject } from '../api/k8s.ts';
import type { ObjectKey } from '../api/object-key.ts';
import type { PullRequestText } from '../ports/forge.ts';
import type { JsonPatchOp } from '../traffic/write.ts';
import type { StableSnapshot } from './revert/snapshot.ts';
import type { Note } from './report/notes.ts';

export interface CheckRequest {
  key: ObjectKey;
  ref: ObjectRef;
  fingerprint: string;
  body: KubeObject;
  /** A ReplicaSet of a Rollout's pods, tried too: what the API server would refuse of them. */
  pods?: KubeObject | undefined;
  /** Content of the declaration in force that is not in the cluster yet. */
  isNew?: boolean;
  /** It is to be created, and never applied over anything. */
  create?: true;
}

export interface ApplyRequest {
  key: ObjectKey;
  ref: ObjectRef;
  /** At which it was decided. */
  fingerprint: string;
  body: KubeObject;
  /** What it is applied over. */
  live: { uid: string | undefined; resourceVersion: string | undefined } | undefined;
  /** Content that is not in the cluster yet, as against drift put back. */
  isNew: boolean;
  /** The same content was applied before. */
  isRepeat: boolean;
  /** Fields that were not as declared. */
  drift: string[];
  /** The live count that stays although Git does not declare it any more. */
  keepReplicas?: number | undefined;
  /** It cannot be changed: deleted and made anew. */
  replace?: boolean | undefined;
}

export type AgentIntent =
  | { do: 'Poll' }
  | { do: 'ReadBack'; commit: string }
  /** Other Applications look at their repositories, since they may declare what has left this one. */
  | { do: 'Ask'; applications: readonly ObjectKey[] }
  | { do: 'Check'; requests: CheckRequest[] }
  /** Fields of kubectl's managers become the agent's, once. */
  | { do: 'TakeOver'; objects: { key: ObjectKey; ref: ObjectRef; fingerprint: string; patch: JsonPatchOp[] }[] }
  | { do: 'Apply'; stage: number; requests: ApplyRequest[] }
  /** Makes the object of a hook's run. */
  | { do: 'CreateHook'; key: ObjectKey; ref: ObjectRef; mark: string; body: KubeObject }
  /** With all that belongs to it, before it goes itself. */
  | { do: 'DeleteHook'; key: ObjectKey; ref: ObjectRef; uid: string }
  /** Takes the annotation off the Application that had failed hooks run again. */
  | { do: 'EndHookRetry' }
  /** Says to a Rollout's controller to hand back what it drives. */
  | { do: 'Retire'; ref: ObjectRef; uid: string }
  /** It is declared again. */
  | { do: 'Unretire'; rollout: Hold['rollout'] }
  /** Finds out what a Namespace or a definition still holds. */
  | { do: 'Inspect'; key: ObjectKey; ref: ObjectRef; uid: string }
  | { do: 'Delete'; objects: { key: ObjectKey; ref: ObjectRef; uid: string }[] }
  /** Takes our marks off an object that another Application declares. */
  | { do: 'Disown'; objects: { key: ObjectKey; ref: ObjectRef; uid: string }[] }
  | { do: 'KeepSnapshot'; key: ObjectKey; snapshot: StableSnapshot; rollout: ObjectRef }
  | { do: 'DropSnapshot'; key: ObjectKey; rollout: ObjectRef }
  | { do: 'EndRetry'; rollout: Hold['rollout'] }
  | {
      do: 'Push';
      branch: string;
      parent: string;
      message: string;
      changes: ReadonlyMap<string, string | null>;
      holds: Hold[];
    }
  /** By a pull request. */
  | {
      do: 'Propose';
      parent: string;
      /** Sluice's own, and the one that it is for. */
      branch: string;
      base: string;
      message: string;
      text: PullRequestText;
      changes: ReadonlyMap<string, string | null>;
      holds: Hold[];
      /** Commit that was put on the branch before. */
      known?: string;
    }
  | { do: 'LookAt'; id: string; holds: Hold[] }
  /** A pull request that nothing is held for any more is closed. */
  | { do: 'Withdraw'; pull: Withdrawal }
  | { do: 'Note'; notes: Note[] };
