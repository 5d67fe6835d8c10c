// What served at a moment, by the records of one Rollout in one cluster: the stable revision, and beside it the one that was being released.
import type { ReleaseRecord } from '../api/release-record.ts';
import { timeOf } from './collect.ts';

export interface Share {
  commit: string;
  /** Percent of the traffic, or of the pods without a router; undefined where that is not told. */
  weight: number | undefined;
  /** Since when it had this weight, or was stable; milliseconds since the epoch. */
  since: number | undefined;
  /** Of its release; undefined where only another record names it. */
  record: ReleaseRecord | undefined;
}

export interface Serving {
  /** Undefined where no record tells. */
  stable: Share | undefined;
  /** What was being released then. */
  candidate: Share | undefined;
}

/** At a moment, in milliseconds since the epoch. The records are of one Rollout, in any order. */
export function servingAt(records: readonly ReleaseRecord[], at: number): Serving {
  const ended = inOrder(records, 'endedAt');
  const candidate = candidateAt(records, at);
  const stable = stableAt(ended, at) ?? fallbackOf(candidate?.record);
  const weight = candidate?.weight === undefined ? (candidate === undefined ? 100 : undefined) : 100 - candidate.weight;
  return { stable: stable && { ...stable, weight }, candidate };
}

const inOrder = (records: readonly ReleaseRecord[], by: 'endedAt'): ReleaseRecord[] =>
  records
    .filter((record) => timeOf(record[by]) !== undefined)
    .sort((a, b) => (timeOf(a[by]) ?? 0) - (timeOf(b[by]) ?? 0));

/** The last that was promoted or restored before; or what the last one that was rejected went back to. */
function stableAt(ended: readonly ReleaseRecord[], at: number): Share | undefined {
  let stable: Share | undefined;
  for (const record of ended) {
    const since = timeOf(record.endedAt);
    if (since === undefined || since > at) break;
    if (record.outcome === 'Promoted' || record.outcome === 'Restored')
      stable = { commit: record.revision.commit, weight: undefined, since, record };
    else if (record.wentBackTo !== undefined && !isOf(record.wentBackTo, stable))
      stable = {
        commit: record.wentBackTo,
        weight: undefined,
        since,
        record: promotionOf(record.wentBackTo, ended, at),
      };
  }
  return stable;
}

/** The same content, whether by its own commit or by one that restored it. */
const isOf = (commit: string, stable: Share | undefined): boolean =>
  stable !== undefined && [stable.commit, stable.record?.wentBackTo].includes(commit);

const promotionOf = (commit: string, ended: readonly ReleaseRecord[], at: number): ReleaseRecord | undefined =>
  ended.findLast(
    ({ outcome, revision, endedAt }) =>
      outcome === 'Promoted' && revision.commit === commit && (timeOf(endedAt) ?? Infinity) <= at,
  );

function fallbackOf(record: ReleaseRecord | undefined): Share | undefined {
  const commit = record?.wentBackTo;
  return commit === undefined ? undefined : { commit, weight: undefined, since: undefined, record: undefined };
}

function candidateAt(records: readonly ReleaseRecord[], at: number): Share | undefined {
  const record = records.find(({ startedAt, endedAt }) => {
    const [begin, end = Infinity] = [timeOf(startedAt), timeOf(endedAt)];
    return begin !== undefined && begin <= at && at < end;
  });
  if (record === undefined) return undefined;
  const last = record.weights.findLast((each) => (timeOf(each.at) ?? Infinity) <= at);
  const weight = record.weights.length === 0 ? undefined : (last?.weight ?? 0);
  return { commit: record.revision.commit, weight, since: timeOf(last?.at ?? record.startedAt), record };
}
