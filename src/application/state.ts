// What the agent remembers of one Application between two passes. All of it can be lost: the status, the snapshots and Git bring it back.
import type { Application, ApplicationStatus } from '../api/application.ts';
import { durationMs } from '../api/fields.ts';
import { shortCommit, type RevisionRef } from '../api/revision.ts';
import type { Commit } from '../git/types.ts';
import type { Note } from './report/notes.ts';
import type { DesiredObject } from './source/desired.ts';
import type { RolloutSet } from './revert/rollout-set.ts';
import type { StableSnapshot } from './revert/snapshot.ts';

/** What a commit declares. */
export interface Rendered {
  commit: Commit;
  /** Source it was read with, so that a changed spec is noticed. */
  from: string;
  files: Map<string, string>;
  desired: DesiredObject[];
  sets: Map<string, RolloutSet>;
  /** Kinds that the server did not serve; their scope was assumed. */
  unknownKinds: boolean;
}

export interface SourceFailure {
  reason: 'GitUnreachable' | 'AuthFailed' | 'InvalidManifest' | 'SourceNotFound' | 'SourceTooLarge';
  message: string;
}

export interface AppState {
  key: string;
  uid: string | undefined;
  status: ApplicationStatus;
  /** The status as last written or read. */
  written: ApplicationStatus;
  rendered?: Rendered | undefined;
  failure?: SourceFailure | undefined;
  /** The newest commit seen, also when it cannot be used. */
  attempted?: RevisionRef | undefined;
  /** Commit and source of the newest attempt, so that a bad one is not read again and again. */
  attemptedFrom?: string | undefined;
  failures: number;
  /** Milliseconds since the epoch; 0: now. */
  nextPollAt: number;
  /** When the push of the present commit reached us, or was found. */
  receivedAt?: number | undefined;
  hintedAt?: number | undefined;
  /** Counts hints. */
  hints: number;
  snapshots: Map<string, StableSnapshot>;
  /** By key of a Rollout, why its snapshot is not believed. */
  refused: Map<string, string>;
  /** Rollouts whose Secret was looked at. */
  loaded: Set<string>;
  /** By key: the resourceVersion after an apply that changed nothing, or when it was last corrected, and how often in a row. */
  settled: Map<string, string>;
  corrected: Map<string, { at: number; times: number }>;
  /** Notes that were found or written. */
  noted: Set<string>;
  /** Notes that could not be pushed yet, by what makes each one news. */
  pendingNotes: Map<string, Note>;
  problems: { snapshot?: string | undefined; writeBack?: string | undefined };
}

export function freshState(key: string, app: Application): AppState {
  return {
    key,
    uid: app.metadata.uid,
    status: structuredClone(app.status ?? {}),
    written: structuredClone(app.status ?? {}),
    failures: 0,
    hints: 0,
    nextPollAt: 0,
    snapshots: new Map(),
    refused: new Map(),
    loaded: new Set(),
    settled: new Map(),
    corrected: new Map(),
    noted: new Set(),
    pendingNotes: new Map(),
    problems: {},
  };
}

export const branchOf = (app: Application): string => app.spec.source.targetRevision ?? 'main';
export const intervalOf = (app: Application): number => durationMs(app.spec.source.interval ?? '30s') ?? 30_000;
export const namespaceOf = (app: Application): string =>
  app.spec.destination?.namespace ?? app.metadata.namespace ?? 'default';

/** The commit as it is shown in statuses and annotations. */
export function revisionRef(commit: Commit, repo: string, path?: string): RevisionRef {
  return {
    commit: commit.oid,
    short: shortCommit(commit.oid),
    repo,
    ...(path === undefined || path === '' ? {} : { path }),
    author: commit.author.name.slice(0, 512),
    date: commit.date,
    subject: commit.subject.slice(0, 1024),
  };
}

/** Who writes commits and notes. */
export function authorOf({ spec }: Application): { name: string; email: string } {
  const { name = '', email = '' } = spec.writeBack?.author ?? {};
  return { name: plain(name) || 'Sluice', email: plain(email) || 'sluice@sluice.dev' };
}

/** Without what would end the line, or the field, of a commit that it is written in. */
const plain = (text: string): string => text.replaceAll(/[<>\p{Cc}]/gu, '').trim();
