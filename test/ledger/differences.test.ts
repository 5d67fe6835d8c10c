import { describe, expect, it } from 'vitest';
import type { ApplicationStatus } from '../../src/api/application.ts';
import { differenceLines, differencesOf, isDifferent } from '../../src/ledger/differences.ts';
import { at, commit } from './samples.ts';

const of = (status: ApplicationStatus) => {
  const differences = differencesOf({ status });
  return [isDifferent(differences), ...differenceLines(differences, 'UTC')];
};
const ref = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'c' };
const drift = { ...ref, at: at(0), fields: ['data.A'] };

describe('what differs between Git and the cluster', () => {
  it.each<[string, ApplicationStatus, unknown[]]>([
    ['nothing', { phase: 'Synced', revision: { commit: commit(1) }, attempted: { commit: commit(1) } }, [false]],
    ['nothing that is known', {}, [false]],
    [
      'a commit that is refused',
      { phase: 'Failed', message: 'a.yaml:1: no', revision: { commit: commit(1) }, attempted: { commit: commit(2) } },
      [true, 'applied is 1111111, newest is 2222222: a.yaml:1: no'],
    ],
    [
      'a first commit that is refused',
      { phase: 'Failed', message: 'no' },
      [true, 'applied is nothing, newest is nothing: no'],
    ],
    [
      'what nobody has looked at since it was suspended',
      { phase: 'Suspended', revision: { commit: commit(1) }, attempted: { commit: commit(1) } },
      [
        true,
        'applied is 1111111, newest is 1111111: it is suspended and looks at nothing: this is what was found before',
      ],
    ],
    [
      'an object, in the words of the API server',
      {
        resources: [
          { ...ref, status: 'Failed', message: 'is immutable' },
          { ...ref, name: 'd', status: 'Synced' },
        ],
      },
      [true, 'ConfigMap shop/c is Failed: is immutable'],
    ],
    [
      'not drift that was left once',
      { drift: [{ ...drift, action: 'Reported' }] },
      [
        false,
        'ConfigMap shop/c was changed outside Git at 2026-01-01 10:00:00 UTC: data.A; left as it is (sync.selfHeal is off)',
      ],
    ],
    [
      'not what was put back',
      { drift: [{ ...drift, action: 'Corrected' }] },
      [false, 'ConfigMap shop/c was changed outside Git at 2026-01-01 10:00:00 UTC: data.A; put back'],
    ],
    [
      'not what others add',
      { resources: [{ ...ref, status: 'Synced', foreign: ['kubectl: data.B'] }] },
      [false, 'ConfigMap shop/c has fields of others beside the declared ones: kubectl: data.B'],
    ],
  ])('is %s', (_what, status, lines) => {
    expect(of(status)).toEqual(lines);
  });
});
