// Whether two pod templates may be two spellings of one. Most releases change an image, and are told from a spelling here, without a word
// from the API server; the rest is for it alone to say.
import { isRecord } from '../api/json.ts';
import type { PodTemplate } from '../api/k8s.ts';
import { mayBeSameAmount } from '../api/quantity.ts';

/** A template that runs: as it was declared, and as the server has completed it. */
export interface Running {
  readonly declared: PodTemplate;
  readonly live: PodTemplate;
}

/** False: surely another one. What is no longer stated may be a default, and what is newly stated may be one written out. */
export const mayBeSame = (declared: PodTemplate, running: Running): boolean =>
  !isOther(declared, running.declared, running.live);

const isNothing = (value: unknown): value is undefined | null => value === undefined || value === null;

/** `now` for sure means something else than `was`; `live` is what the server made of that. */
function isOther(now: unknown, was: unknown, live: unknown): boolean {
  if (isNothing(now)) return false;
  if (Array.isArray(now)) return isOtherList(now, was, live);
  if (isRecord(now)) return isOtherRecord(now, was, live);
  const before = isNothing(was) ? live : was;
  return isNothing(before) ? Boolean(now) : now !== before && !mayBeSameAmount(now, before);
}

function isOtherRecord(now: Record<string, unknown>, was: unknown, live: unknown): boolean {
  if (!isNothing(was) && !isRecord(was)) return true;
  const [before, completed] = [was ?? {}, isRecord(live) ? live : {}];
  return Object.entries(now).some(([key, value]) => isOther(value, before[key], completed[key]));
}

/** The server neither adds items nor takes any away. */
function isOtherList(now: readonly unknown[], was: unknown, live: unknown): boolean {
  const before: unknown = isNothing(was) ? (live ?? []) : was;
  if (!Array.isArray(before) || before.length !== now.length) return true;
  const completed: readonly unknown[] = Array.isArray(live) && live.length === now.length ? live : [];
  const stated: readonly unknown[] = isNothing(was) ? [] : before;
  return now.some((item, index) => isOther(item, stated[index], completed[index]));
}
