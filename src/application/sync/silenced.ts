// Files that declared something and declare nothing now. Pure.
import { nameOf } from '../../api/object-key.ts';
import type { Declared } from '../seen.ts';
import type { Problem } from '../source/manifests.ts';

type Told = Pick<Declared, 'desired' | 'skipped' | 'keys'>;

/** Nobody said that their objects are to go: one for each object that would. */
export function silencedProblems(before: Pick<Declared, 'desired'>, newest: Omit<Told, 'desired'>): Problem[] {
  const skipped = new Set(newest.skipped);
  const lost = before.desired.filter(({ source, key }) => skipped.has(source.path) && !newest.keys.has(key));
  return lost.map(({ source, ref }) => ({
    path: source.path,
    line: 1,
    message: `declared ${nameOf(ref)}, and has neither apiVersion nor kind now; delete or rename the file if that is to go`,
  }));
}
