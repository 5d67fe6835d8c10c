// What the status page shows, read from the caches.
import type { Application, ApplicationStatus } from '../api/application.ts';
import { shortCommit } from '../api/revision.ts';
import type { Rollout } from '../api/rollout.ts';
import { DEFAULT_REVISION } from '../api/target-revision.ts';
import type { Secrecy } from '../ports/secrecy.ts';
import type { ApplicationRow, RolloutRow, Snapshot } from '../server/status-page.ts';
import type { Engine } from './engine.ts';
import { VERSION } from './version.ts';

function rolloutRow({ metadata, status = {} }: Rollout): RolloutRow {
  const { phase = 'Progressing', step = '', weight = 0, currentPodHash = '', message = '' } = status;
  const revision = status.revision === undefined ? currentPodHash : shortCommit(status.revision.commit);
  return { namespace: metadata.namespace ?? '', name: metadata.name, phase, step, weight, revision, message };
}

function commitCells({ revision }: ApplicationStatus): Pick<ApplicationRow, 'commit' | 'subject' | 'author'> {
  const { commit = '', subject = '', author = '' } = revision ?? {};
  return { commit: shortCommit(commit), subject, author };
}

/** What is held back goes before what is not served as it was applied. */
function healthOf({ holds = [], conditions = [] }: ApplicationStatus): string {
  if (holds.length > 0) return 'Held';
  const degraded = conditions.find(({ type }) => type === 'Degraded')?.status;
  if (degraded === undefined || degraded === 'Unknown') return 'Unknown';
  return degraded === 'True' ? 'Degraded' : 'Healthy';
}

function applicationRow({ metadata, spec, status = {} }: Application): ApplicationRow {
  const { phase = 'OutOfSync', message = '' } = status;
  const { repoURL, targetRevision = DEFAULT_REVISION } = spec.source;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    repoURL,
    targetRevision,
    ...commitCells(status),
    sync: phase,
    health: healthOf(status),
    message,
  };
}

/** What the page shows is clean, whoever wrote the statuses, and the specs, that it is read from. */
export function statusSnapshot(
  engine: Pick<Engine, 'caches' | 'applications'>,
  at: number,
  { scrub }: Pick<Secrecy, 'scrub'>,
): Snapshot {
  const rollouts = engine.caches.rollouts.list().map(rolloutRow);
  const applications = engine.applications.list().map(applicationRow);
  return {
    rollouts: rollouts.map((row) => ({ ...row, message: scrub(row.message) })),
    applications: applications.map(({ repoURL, targetRevision, subject, author, message, ...row }) => ({
      ...row,
      repoURL: scrub(repoURL),
      targetRevision: scrub(targetRevision),
      subject: scrub(subject),
      author: scrub(author),
      message: scrub(message),
    })),
    at,
    version: VERSION,
  };
}
