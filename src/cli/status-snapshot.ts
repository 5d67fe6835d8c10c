// What the status page shows, read from the caches.
import { shortCommit } from '../api/revision.ts';
import type { ApplicationRow, RolloutRow, Snapshot } from '../server/status-page.ts';
import type { Engine } from './engine.ts';
import { VERSION } from './version.ts';

export function statusSnapshot(engine: Pick<Engine, 'caches' | 'applications'>, at: number): Snapshot {
  const rollouts = engine.caches.rollouts.list().map(({ metadata, status }): RolloutRow => ({
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    phase: status?.phase ?? 'Progressing',
    step: status?.step ?? '',
    weight: status?.weight ?? 0,
    revision: status?.revision === undefined ? (status?.currentPodHash ?? '') : shortCommit(status.revision.commit),
    message: status?.message ?? '',
  }));
  const applications = engine.applications.list().map(({ metadata, spec, status }): ApplicationRow => {
    const { commit = '', subject = '', author = '' } = status?.revision ?? {};
    const held = (status?.holds ?? []).length > 0;
    return {
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      repoURL: spec.source.repoURL,
      targetRevision: spec.source.targetRevision ?? 'main',
      commit: shortCommit(commit),
      subject,
      author,
      sync: status?.phase ?? 'OutOfSync',
      health: held ? 'Held' : '',
      message: status?.message ?? '',
    };
  });
  return { applications, rollouts, at, version: VERSION };
}
