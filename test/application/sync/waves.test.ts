import { describe, expect, it } from 'vitest';
import type { ResourceStatus } from '../../../src/api/application.ts';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { gateBehind, waveObjection, waveOf } from '../../../src/application/sync/waves.ts';
import { rendered } from '../rendered.ts';

const annotated = (annotations: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'x', annotations },
});
const ARGO = 'argocd.argoproj.io/sync-wave';
const OWN = 'sluice.dev/sync-wave';

const entry = (name: string, more: Partial<ResourceStatus> = {}): ResourceStatus => ({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  namespace: 'shop',
  name,
  status: 'Synced',
  ...more,
});

describe('the wave of an object', () => {
  it.each([
    [{}, 0],
    [{ [ARGO]: '5' }, 5],
    [{ [OWN]: '-3' }, -3],
    [{ [OWN]: '2', [ARGO]: '7' }, 2],
    [{ [ARGO]: 'soon' }, 0],
    [{ [ARGO]: '1.5' }, 0],
  ])('%j is %i', (annotations, wave) => {
    expect(waveOf(annotated(annotations))).toBe(wave);
  });

  it('is refused where ours is no whole number, by file and line', () => {
    expect(waveObjection(annotated({ [ARGO]: 'soon' }))).toBeUndefined();
    const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x, annotations: { ${OWN}: soon } }\n`;
    const { problems } = rendered([{ path: 'deploy/x.yaml', text }]);
    expect(problems).toMatchObject([
      { path: 'deploy/x.yaml', line: 1, message: expect.stringMatching(/whole number.*"soon"/) as string },
    ]);
  });
});

describe('what comes after a wave', () => {
  it('waits for nothing where all of it is healthy, or has no health to tell by', () => {
    expect(gateBehind(0, [entry('a'), entry('b', { health: { status: 'Healthy' } })])).toBeUndefined();
  });

  it.each(['Progressing', 'Suspended', 'Unknown'] as const)('waits for what is %s, and fails nobody', (status) => {
    const gate = gateBehind(1, [entry('a', { health: { status, message: '1 of 3' } })]);
    expect(gate).toEqual({ wave: 1, isDegraded: false, text: 'waits for wave 1: Deployment shop/a' });
  });

  it('is stopped by what is degraded, whatever else is on its way', () => {
    const gate = gateBehind(1, [
      entry('a', { health: { status: 'Progressing' } }),
      entry('b', { health: { status: 'Degraded', message: 'out of time' } }),
    ]);
    expect(gate).toMatchObject({ isDegraded: true, text: 'wave 1 is degraded: Deployment shop/b: out of time' });
  });

  it('is stopped by what could not be applied', () => {
    expect(gateBehind(0, [entry('a', { status: 'Failed', message: 'quota' })])?.text).toContain(
      'Deployment shop/a: quota',
    );
  });

  it('names a few of many', () => {
    const many = ['a', 'b', 'c', 'd', 'e'].map((name) => entry(name, { health: { status: 'Progressing' } }));
    expect(gateBehind(0, many)?.text).toMatch(/shop\/c and 2 more$/);
  });
});
