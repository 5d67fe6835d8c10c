// The releases of a Rollout as the cluster knows them: those that ended, and the one under way.
import type { AnalysisRun } from '../api/analysis.ts';
import type { Application, Hold } from '../api/application.ts';
import type { ReleaseRecord } from '../api/release-record.ts';
import type { HistoryEntry, Rollout } from '../api/rollout.ts';
import { recordOf, type RecordSources, type ReleaseFacts } from './record.ts';
import { runsOf } from './runs-of.ts';

export interface ReleaseSources {
  rollout: Rollout;
  /** In the namespace of the Rollout. */
  runs: readonly AnalysisRun[];
  /** That declares it; undefined where none does, or it cannot be read. */
  application?: Application | undefined;
}

/** Newest first, the one under way before all. A commit that is not known is empty. */
export function releasesOf(sources: ReleaseSources): ReleaseRecord[] {
  const { status } = sources.rollout;
  const ended = (status?.history ?? []).map((entry): ReleaseFacts => {
    const { revision = UNKNOWN, at, ...facts } = entry;
    return { ...facts, revision, endedAt: at };
  });
  const underWay = status?.release;
  const revision = underWay?.podHash === status?.currentPodHash ? status?.revision : undefined;
  const running = underWay === undefined ? [] : [{ ...underWay, revision: revision ?? UNKNOWN }];
  return [...ended, ...running].map((release) => recordOf(sourcesOf(release, sources))).reverse();
}

const UNKNOWN = { commit: '' };

function sourcesOf(release: ReleaseFacts, { rollout, runs, application }: ReleaseSources): RecordSources {
  const { namespace = '', name } = rollout.metadata;
  const hold = holdOf(release, rollout, application);
  return {
    rollout: { namespace, name },
    live: rollout,
    ...(application === undefined
      ? {}
      : { application: { namespace: application.metadata.namespace ?? '', name: application.metadata.name } }),
    release,
    runs: runsOf(runs, { namespace, name }, release),
    wentBackTo: hold?.stable?.commit,
    writeBack: hold?.writeBack,
  };
}

/** The hold that the end of this very release began. */
function holdOf(
  { outcome, podHash, endedAt }: ReleaseFacts,
  { metadata, status }: Rollout,
  application: Application | undefined,
): Hold | undefined {
  const latest = status?.history?.findLast((entry: HistoryEntry) => entry.podHash === podHash);
  if (outcome !== 'Aborted' || latest?.outcome !== 'Aborted' || latest.at !== endedAt) return undefined;
  return application?.status?.holds?.find(
    (hold) =>
      hold.podHash === podHash &&
      hold.rollout.namespace === (metadata.namespace ?? '') &&
      hold.rollout.name === metadata.name,
  );
}
