import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/api/k8s.ts';
import { healthOf } from '../../../src/application/sync/health/health.ts';

type Json = Record<string, unknown>;
type Case = [what: string, spec: Json, status: unknown, health: string, message?: string];

function object(kind: string, spec: Json, status: unknown, metadata: Json = {}): KubeObject {
  const at = kind.lastIndexOf('/');
  return {
    apiVersion: kind.slice(0, at),
    kind: kind.slice(at + 1),
    metadata: { name: 'x', generation: 2, ...metadata },
    spec,
    ...(status === undefined ? {} : { status }),
  };
}

const says = (type: string, status: string, reason = 'Why', message = ''): Json => ({ type, status, reason, message });
const conditions = (...list: Json[]): Json => ({ conditions: list });

const DEPLOYED = { observedGeneration: 2, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 };
const SET = { ...DEPLOYED, currentRevision: 'a', updateRevision: 'a' };
const DAEMON = {
  observedGeneration: 2,
  desiredNumberScheduled: 2,
  currentNumberScheduled: 2,
  updatedNumberScheduled: 2,
  numberAvailable: 2,
  numberReady: 2,
};
const WAITING = (reason: string): Json => ({
  phase: 'Pending',
  containerStatuses: [{ name: 'web', state: { waiting: { reason, message: 'no such image' } } }],
});

const CASES: Record<string, Case[]> = {
  'apps/v1/Deployment': [
    ['all its pods are there and available', { replicas: 3 }, DEPLOYED, 'Healthy'],
    ['its controller has not seen it', { replicas: 3 }, { ...DEPLOYED, observedGeneration: 1 }, 'Progressing'],
    ['nothing is known of it', { replicas: 0 }, undefined, 'Progressing'],
    ['pods are missing', { replicas: 4 }, DEPLOYED, 'Progressing', '3 of 4 pods are there'],
    ['pods are old', { replicas: 3 }, { ...DEPLOYED, updatedReplicas: 1 }, 'Progressing', '1 of 3 pods are up to date'],
    ['pods are to go', { replicas: 2 }, { ...DEPLOYED, updatedReplicas: 2 }, 'Progressing', '1 pods are to go'],
    ['pods are unavailable', { replicas: 3 }, { ...DEPLOYED, availableReplicas: 0 }, 'Progressing'],
    ['pods are not ready', { replicas: 3 }, { ...DEPLOYED, readyReplicas: 2 }, 'Progressing', '2 of 3 pods are ready'],
    [
      'it has run out of time',
      { replicas: 3 },
      { ...DEPLOYED, updatedReplicas: 1, ...conditions(says('Progressing', 'False', 'ProgressDeadlineExceeded')) },
      'Degraded',
    ],
    ['it is paused', { paused: true }, DEPLOYED, 'Suspended'],
  ],
  'apps/v1/StatefulSet': [
    ['all its pods are of the current revision', { replicas: 3 }, SET, 'Healthy'],
    ['its revision is on its way', { replicas: 3 }, { ...SET, updateRevision: 'b' }, 'Progressing'],
    ['pods are not ready', { replicas: 3 }, { ...SET, readyReplicas: 1 }, 'Progressing', '1 of 3 pods are ready'],
    ['pods are to go', { replicas: 1 }, SET, 'Progressing', '2 pods are to go'],
    [
      'the part that is to be updated is',
      { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
      { ...SET, updateRevision: 'b', updatedReplicas: 1 },
      'Healthy',
    ],
    [
      'people replace its pods',
      { replicas: 3, updateStrategy: { type: 'OnDelete' } },
      { ...SET, updateRevision: 'b', updatedReplicas: 0 },
      'Healthy',
    ],
  ],
  'apps/v1/DaemonSet': [
    ['it runs on every node', {}, DAEMON, 'Healthy'],
    ['nothing is known of it', {}, {}, 'Progressing'],
    ['a node is without it', {}, { ...DAEMON, currentNumberScheduled: 1 }, 'Progressing', '1 of 2 pods are scheduled'],
    ['pods are old', {}, { ...DAEMON, updatedNumberScheduled: 0 }, 'Progressing'],
    [
      'people replace its pods',
      { updateStrategy: { type: 'OnDelete' } },
      { ...DAEMON, updatedNumberScheduled: 0 },
      'Healthy',
    ],
    ['pods are unavailable', {}, { ...DAEMON, numberAvailable: 1 }, 'Progressing'],
  ],
  'apps/v1/ReplicaSet': [
    ['all its pods are available', { replicas: 3 }, DEPLOYED, 'Healthy'],
    ['pods are missing', { replicas: 4 }, DEPLOYED, 'Progressing'],
    [
      'a quota refuses its pods',
      { replicas: 3 },
      { ...DEPLOYED, ...conditions(says('ReplicaFailure', 'True', 'FailedCreate', 'exceeded quota')) },
      'Progressing',
      'exceeded quota',
    ],
  ],
  'batch/v1/Job': [
    ['it runs', {}, { active: 1 }, 'Progressing'],
    ['nothing is known of it', {}, undefined, 'Progressing'],
    ['it has completed', {}, conditions(says('Complete', 'True')), 'Healthy'],
    [
      'it has failed',
      {},
      conditions(says('Failed', 'True', 'BackoffLimitExceeded', 'too often')),
      'Degraded',
      'too often',
    ],
    ['it is suspended', { suspend: true }, {}, 'Suspended'],
  ],
  'batch/v1/CronJob': [['it is suspended, as declared', { suspend: true }, {}, 'Healthy']],
  'v1/Pod': [
    ['it is ready', {}, { phase: 'Running', ...conditions(says('Ready', 'True')) }, 'Healthy'],
    ['it is not ready', {}, { phase: 'Running', ...conditions(says('Ready', 'False')) }, 'Progressing'],
    ['no node takes it', {}, { phase: 'Pending', ...conditions(says('PodScheduled', 'False')) }, 'Progressing', 'Why'],
    ['its image is missing', {}, WAITING('ImagePullBackOff'), 'Degraded', 'container web: no such image'],
    ['its container is being made', {}, WAITING('ContainerCreating'), 'Progressing'],
    ['it has completed', {}, { phase: 'Succeeded' }, 'Healthy'],
    ['it has failed', {}, { phase: 'Failed', reason: 'Evicted' }, 'Degraded', 'Evicted'],
    ['its node does not answer', {}, { phase: 'Unknown' }, 'Unknown'],
  ],
  'v1/PersistentVolumeClaim': [
    ['a volume is bound', {}, { phase: 'Bound' }, 'Healthy'],
    ['none is', {}, { phase: 'Pending' }, 'Progressing'],
    ['its volume is lost', {}, { phase: 'Lost' }, 'Degraded'],
  ],
  'v1/Service': [
    ['it is inside the cluster', { type: 'ClusterIP' }, { loadBalancer: {} }, 'Healthy'],
    ['its balancer has no address', { type: 'LoadBalancer' }, { loadBalancer: {} }, 'Progressing'],
    ['its balancer has one', { type: 'LoadBalancer' }, { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } }, 'Healthy'],
  ],
  'v1/ConfigMap': [['it is there', {}, undefined, 'Healthy']],
  'v1/Namespace': [
    ['it is there', {}, { phase: 'Active' }, 'Healthy'],
    ['it goes', {}, { phase: 'Terminating' }, 'Progressing'],
  ],
  'policy/v1/PodDisruptionBudget': [
    ['it is kept', {}, { observedGeneration: 2, currentHealthy: 2, desiredHealthy: 1 }, 'Healthy'],
    ['it is not', {}, { observedGeneration: 2, currentHealthy: 1, desiredHealthy: 2 }, 'Progressing'],
    ['nothing is known of it', {}, {}, 'Progressing'],
  ],
  'apiextensions.k8s.io/v1/CustomResourceDefinition': [
    ['it is served', {}, conditions(says('NamesAccepted', 'True'), says('Established', 'True')), 'Healthy'],
    ['it is being installed', {}, conditions(says('Established', 'False', 'Installing')), 'Progressing'],
    ['its names are taken', {}, conditions(says('NamesAccepted', 'False', 'ListKindConflict')), 'Degraded'],
    ['it cannot be served', {}, conditions(says('Established', 'False', 'NotAccepted')), 'Degraded'],
    ['nothing is known of it', {}, {}, 'Progressing'],
  ],
  'apiregistration.k8s.io/v1/APIService': [
    ['it answers', {}, conditions(says('Available', 'True')), 'Healthy'],
    ['it does not', {}, conditions(says('Available', 'False', 'MissingEndpoints')), 'Progressing', 'MissingEndpoints'],
  ],
  'sluice.dev/v1alpha1/Rollout': [
    ['it is healthy', {}, { observedGeneration: '2', phase: 'Healthy' }, 'Healthy'],
    ['it is released', {}, { observedGeneration: '2', phase: 'Progressing' }, 'Progressing'],
    ['it was not looked at yet', {}, { observedGeneration: '1', phase: 'Healthy' }, 'Progressing'],
    ['nothing is known of it', {}, undefined, 'Progressing'],
    ['it is paused', {}, { observedGeneration: '2', phase: 'Paused' }, 'Suspended'],
    [
      'it was aborted',
      {},
      { observedGeneration: '2', phase: 'Degraded', message: '0.8 < 0.95' },
      'Degraded',
      '0.8 < 0.95',
    ],
    ['its phase is unknown', {}, { observedGeneration: '2', phase: 'Sideways' }, 'Unknown'],
  ],
  'argoproj.io/v1alpha1/Rollout': [['it is paused', {}, { observedGeneration: '2', phase: 'Paused' }, 'Suspended']],
  'argoproj.io/v1alpha1/AnalysisRun': [
    ['it runs', {}, { phase: 'Running' }, 'Progressing'],
    ['it was successful', {}, { phase: 'Successful' }, 'Healthy'],
    ['it was inconclusive', {}, { phase: 'Inconclusive', message: 'who knows' }, 'Degraded', 'who knows'],
  ],
  'argoproj.io/v1alpha1/Application': [
    ['it is degraded', {}, { health: { status: 'Degraded', message: 'web' } }, 'Degraded', 'web'],
    ['its objects are missing', {}, { health: { status: 'Missing' } }, 'Progressing'],
    ['nothing is known of it', {}, {}, 'Progressing'],
  ],
  'gateway.networking.k8s.io/v1/Gateway': [
    ['it is programmed', {}, conditions(says('Accepted', 'True'), says('Programmed', 'True')), 'Healthy'],
    ['it waits for its controller', {}, conditions(says('Accepted', 'Unknown', 'Pending')), 'Progressing'],
    ['it is refused', {}, conditions(says('Accepted', 'False', 'InvalidParameters')), 'Degraded'],
    [
      'an earlier generation is programmed',
      {},
      conditions({ ...says('Programmed', 'True'), observedGeneration: 1 }),
      'Progressing',
    ],
  ],
  'gateway.networking.k8s.io/v1/HTTPRoute': [
    [
      'each parent has taken it',
      { parentRefs: [{ name: 'a' }] },
      { parents: [conditions(says('Accepted', 'True'))] },
      'Healthy',
    ],
    [
      'a parent has not',
      { parentRefs: [{ name: 'a' }, { name: 'b' }] },
      { parents: [conditions(says('Accepted', 'True'))] },
      'Progressing',
    ],
    [
      'a backend is missing',
      { parentRefs: [{ name: 'a' }] },
      { parents: [conditions(says('Accepted', 'True'), says('ResolvedRefs', 'False', 'BackendNotFound'))] },
      'Degraded',
      'BackendNotFound',
    ],
    ['it has no parent', {}, undefined, 'Healthy'],
  ],
  'cert-manager.io/v1/Certificate': [
    ['it is issued', {}, conditions(says('Ready', 'True')), 'Healthy'],
    ['it is being issued', {}, conditions(says('Ready', 'False'), says('Issuing', 'True')), 'Progressing'],
    ['it was not looked at', {}, undefined, 'Progressing'],
    [
      'it was refused',
      {},
      { lastFailureTime: 't', ...conditions(says('Ready', 'False'), says('Issuing', 'False', 'Failed')) },
      'Degraded',
      'Failed',
    ],
  ],
  'keda.sh/v1alpha1/ScaledObject': [
    ['it scales', {}, conditions(says('Ready', 'True')), 'Healthy'],
    ['it cannot', {}, conditions(says('Ready', 'False', 'ScaledObjectCheckFailed')), 'Degraded'],
    ['it is paused', {}, conditions(says('Ready', 'True'), says('Paused', 'True')), 'Suspended'],
  ],
  'serving.knative.dev/v1/Service': [
    ['it serves', {}, conditions(says('Ready', 'True')), 'Healthy'],
    ['it is on its way', {}, conditions(says('Ready', 'Unknown')), 'Progressing'],
    ['it cannot', {}, conditions(says('Ready', 'False', 'RevisionMissing')), 'Degraded'],
  ],
  'serving.kserve.io/v1beta1/InferenceService': [
    ['it serves', {}, conditions(says('Ready', 'True')), 'Healthy'],
    [
      'it loads its model',
      {},
      { modelStatus: { transitionStatus: 'InProgress' }, ...conditions(says('Ready', 'False')) },
      'Progressing',
    ],
    [
      'its model does not load',
      {},
      { modelStatus: { transitionStatus: 'BlockedByFailedLoad', lastFailureInfo: { message: 'out of memory' } } },
      'Degraded',
      'out of memory',
    ],
    ['it is stopped', {}, conditions(says('Ready', 'False', 'Stopped')), 'Suspended'],
  ],
  's3.aws.crossplane.io/v1beta1/Bucket': [
    ['it is synced and ready', {}, conditions(says('Synced', 'True'), says('Ready', 'True')), 'Healthy'],
    [
      'it is made',
      {},
      conditions(says('Synced', 'True'), says('Ready', 'False', 'Creating')),
      'Progressing',
      'Creating',
    ],
    [
      'the cloud refuses it',
      {},
      conditions(says('Synced', 'False', 'ReconcileError', 'denied'), says('Ready', 'False')),
      'Degraded',
      'denied',
    ],
  ],
  'example.com/v1/Anything': [
    ['it says nothing', {}, {}, 'Healthy'],
    ['it is ready', {}, conditions(says('Ready', 'True')), 'Healthy'],
    ['it is not', {}, conditions(says('Ready', 'False', 'Why', 'because')), 'Progressing', 'because'],
    [
      'it was ready in an earlier generation',
      {},
      { observedGeneration: 1, ...conditions(says('Ready', 'True')) },
      'Progressing',
    ],
    ['it is at work', {}, conditions(says('Reconciling', 'True'), says('Ready', 'True')), 'Progressing'],
    ['it is stuck', {}, conditions(says('Stalled', 'True', 'Bad')), 'Degraded', 'Bad'],
    ['its status is no mapping', {}, [], 'Healthy'],
  ],
};

describe('the health of an object', () => {
  for (const [kind, cases] of Object.entries(CASES)) {
    it.each(cases)(`of kind ${kind} is told where %s`, (...[, spec, status, health, message]) => {
      const found = healthOf(object(kind, spec, status));
      expect(found).toMatchObject(message === undefined ? { health } : { health, message });
    });
  }

  it('that is on its way out is not there to stay, whatever it says', () => {
    const ready = conditions(says('Ready', 'True'));
    expect(healthOf(object('example.com/v1/Anything', {}, ready, { deletionTimestamp: 't' })).health).toBe(
      'Progressing',
    );
  });

  it('is said in a message of a few lines, whatever its controller has written', () => {
    const status = conditions(says('Stalled', 'True', 'Bad', 'x'.repeat(5_000)));
    expect(healthOf(object('example.com/v1/Anything', {}, status)).message).toHaveLength(256);
  });
});
