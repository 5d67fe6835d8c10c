import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { foreignFields, managerOf, takeOver } from '../../../src/application/sync/managed-fields.ts';

const entry = (manager: string, fieldsV1: object, more: object = {}): object => ({
  manager,
  operation: 'Update',
  apiVersion: 'apps/v1',
  fieldsType: 'FieldsV1',
  fieldsV1,
  ...more,
});

const live = (...managedFields: object[]): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', resourceVersion: '9', managedFields },
});

const agents = entry('sluice-agent', { 'f:spec': { 'f:replicas': {} } }, { operation: 'Apply' });

describe('Who changed a field', () => {
  const item = 'k:{"name":"web"}';
  const object = live(
    agents,
    entry('kubectl-edit', { 'f:spec': { 'f:template': { 'f:containers': { [item]: { '.': {}, 'f:image': {} } } } } }),
    entry('kubectl-patch', { 'f:spec': { 'f:selector': {} } }),
    entry('kube-controller-manager', { 'f:status': {} }, { subresource: 'status' }),
  );

  it('is told by field manager, through items of lists', () => {
    expect(managerOf(object, 'spec.template.containers[web].image')).toBe('kubectl-edit');
    expect(managerOf(object, 'spec.template.containers[other].image')).toBe('');
  });

  it('is told for a part of a value that is one for the server', () => {
    expect(managerOf(object, 'spec.selector.tier')).toBe('kubectl-patch');
  });

  it('is nobody where only the agent holds it', () => {
    expect(managerOf(object, 'spec.replicas')).toBe('');
  });
});

describe('What others put beside the declared fields', () => {
  it('is shown with its manager', () => {
    const object = live(agents, entry('kubectl-label', { 'f:metadata': { 'f:labels': { 'f:team': {} } } }));
    expect(foreignFields(object)).toEqual(['kubectl-label: metadata.labels.team']);
  });

  it("is no news where it is a controller's, or the status", () => {
    const object = live(
      entry('kube-controller-manager', { 'f:metadata': { 'f:annotations': { 'f:revision': {} } } }),
      entry('sluice-controller', { 'f:spec': { 'f:selector': {} } }),
      entry('pilot-discovery', { 'f:webhooks': {} }),
      entry('someone', { 'f:status': { 'f:x': {} } }, { subresource: 'status' }),
    );
    expect(foreignFields(object)).toEqual([]);
  });
});

describe("Fields of kubectl's managers", () => {
  const applied = entry('kubectl-client-side-apply', { 'f:spec': { 'f:a': {}, 'f:b': { 'f:c': {} } } });

  it('become the agent’s as one when it adopts an object, others stay', () => {
    const edited = entry('kubectl-edit', { 'f:spec': { 'f:b': { 'f:d': {} } } });
    const scaled = entry('kubectl', { 'f:spec': { 'f:replicas': {} } }, { subresource: 'scale' });
    const patch = takeOver(live(applied, edited, scaled, entry('helm', { 'f:spec': { 'f:h': {} } })));
    expect(patch?.[0]).toEqual({ op: 'test', path: '/metadata/resourceVersion', value: '9' });
    const { value } = (patch ?? [])[1] as { value: { manager: string; fieldsV1: object }[] };
    const [ours, ...rest] = value;
    expect(ours).toMatchObject({ manager: 'sluice-agent', operation: 'Apply' });
    expect(ours?.fieldsV1).toEqual({ 'f:spec': { 'f:a': {}, 'f:b': { 'f:c': {}, 'f:d': {} } } });
    expect(rest.map(({ manager }) => manager)).toEqual(['kubectl', 'helm']);
  });

  it('are taken once: not from an object that the agent has applied', () => {
    expect(takeOver(live(agents, applied))).toBeUndefined();
  });

  it('are not there where nobody used kubectl', () => {
    expect(takeOver(live(entry('helm', { 'f:spec': {} })))).toBeUndefined();
  });
});
