import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/api/k8s.ts';
import { endOf } from '../../../../src/application/sync/hooks/end.ts';

const object = (
  [apiVersion, kind]: [string, string],
  status?: object,
  { spec, going }: { spec?: object; going?: boolean } = {},
): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x', generation: 1, ...(going ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
  ...(spec === undefined ? {} : { spec }),
  ...(status === undefined ? {} : { status }),
});

const JOB: [string, string] = ['batch/v1', 'Job'];
const POD: [string, string] = ['v1', 'Pod'];
const WORKFLOW: [string, string] = ['argoproj.io/v1alpha1', 'Workflow'];
const RUN: [string, string] = ['sluice.dev/v1alpha1', 'AnalysisRun'];
const DEPLOYMENT: [string, string] = ['apps/v1', 'Deployment'];
const conditions = (type: string, message = ''): object => ({ conditions: [{ type, status: 'True', message }] });
const isReady = { phase: 'Running', ...conditions('Ready') };
const available = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1 };
const crashing = {
  phase: 'Running',
  containerStatuses: [{ name: 'a', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
};

describe('the end of a hook', () => {
  it.each([
    ['a Job that has completed', object(JOB, conditions('Complete')), 'Succeeded'],
    ['a Job that has completed and is going', object(JOB, conditions('Complete'), { going: true }), 'Succeeded'],
    ['a Job that has failed', object(JOB, conditions('Failed', 'deadline')), 'Failed'],
    ['a Job that runs', object(JOB, { active: 1 }), undefined],
    ['a Job that runs and is going', object(JOB, { active: 1 }, { going: true }), undefined],
    ['a Job that nobody has looked at', object(JOB), undefined],
    ['a Job that is suspended', object(JOB, {}, { spec: { suspend: true } }), undefined],
    [
      'a pod that has succeeded',
      object(POD, { phase: 'Succeeded' }, { spec: { restartPolicy: 'Never' } }),
      'Succeeded',
    ],
    ['a pod that has failed', object(POD, { phase: 'Failed' }, { spec: { restartPolicy: 'OnFailure' } }), 'Failed'],
    ['a pod that is ready and will end', object(POD, isReady, { spec: { restartPolicy: 'Never' } }), undefined],
    [
      'a pod that is started again and will end',
      object(POD, crashing, { spec: { restartPolicy: 'OnFailure' } }),
      undefined,
    ],
    ['a pod without an end that is ready', object(POD, isReady, { spec: {} }), 'Succeeded'],
    ['a pod without an end that crashes', object(POD, crashing, { spec: {} }), 'Failed'],
    ['a workflow that has succeeded', object(WORKFLOW, { phase: 'Succeeded' }), 'Succeeded'],
    ['a workflow in error', object(WORKFLOW, { phase: 'Error' }), 'Failed'],
    ['a workflow that runs', object(WORKFLOW, { phase: 'Running' }), undefined],
    ['an analysis that has passed', object(RUN, { phase: 'Successful' }), 'Succeeded'],
    ['an analysis that has failed', object(RUN, { phase: 'Failed' }), 'Failed'],
    ['a Deployment that is available', object(DEPLOYMENT, available, { spec: { replicas: 1 } }), 'Succeeded'],
    ['a Deployment that is going', object(DEPLOYMENT, available, { spec: { replicas: 1 }, going: true }), undefined],
    ['a Deployment that is on its way', object(DEPLOYMENT, {}, { spec: { replicas: 1 } }), undefined],
    ['a ConfigMap', object(['v1', 'ConfigMap']), 'Succeeded'],
  ])('%s', (_what, live, state) => {
    expect(endOf(live)?.state).toBe(state);
  });

  it('says why it has failed in the words of the object', () => {
    expect(endOf(object(JOB, conditions('Failed', 'Job was active longer than specified deadline')))).toEqual({
      state: 'Failed',
      message: 'Job was active longer than specified deadline',
    });
  });
});
