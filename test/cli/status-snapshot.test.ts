import { describe, expect, it } from 'vitest';
import type { ApplicationStatus } from '../../src/api/application.ts';
import { statusSnapshot } from '../../src/cli/status-snapshot.ts';
import { noSecrets } from '../../src/ports/secrecy.ts';
import { application } from '../application/seen.ts';

function healthWith(status: ApplicationStatus): string | undefined {
  const applications = { list: () => [{ ...application(), status }] };
  const engine = { applications, caches: { rollouts: { list: () => [] } } };
  return statusSnapshot(engine as unknown as Parameters<typeof statusSnapshot>[0], 0, noSecrets).applications[0]
    ?.health;
}

const degraded = (status: 'True' | 'False' | 'Unknown'): ApplicationStatus => ({
  conditions: [{ type: 'Degraded', status, reason: 'X', message: '', lastTransitionTime: '' }],
});

describe('the health of an Application on the page', () => {
  it.each<[string, ApplicationStatus]>([
    ['Unknown', {}],
    ['Unknown', degraded('Unknown')],
    ['Healthy', degraded('False')],
    ['Degraded', degraded('True')],
  ])('is %s by what is on record', (health, status) => {
    expect(healthWith(status)).toBe(health);
  });

  it('is Held where something is held back, also where that is not served', () => {
    const held = { rollout: { namespace: 'shop', name: 'web' } } as NonNullable<ApplicationStatus['holds']>[number];
    expect(healthWith({ ...degraded('True'), holds: [held] })).toBe('Held');
  });
});
