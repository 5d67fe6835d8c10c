// Autoscalers and network policies: served with their defaults and columns, and refused where they make no sense.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACE, openTarget, type Reply } from './target.ts';

const target = openTarget();
const AUTOSCALERS = `/apis/autoscaling/v2/namespaces/${NAMESPACE}-policies/horizontalpodautoscalers`;
const POLICIES = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}-policies/networkpolicies`;
beforeAll(
  async () => void (await target.call('POST', '/api/v1/namespaces', { metadata: { name: `${NAMESPACE}-policies` } })),
);
afterAll(async () => {
  await target.call('DELETE', `/api/v1/namespaces/${NAMESPACE}-policies`);
  await target.close();
});

type Json = Record<string, unknown>;
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const TABLE = { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' };

const autoscaler = (spec: Json = {}): object => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'h' },
  spec: { maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' }, ...spec },
});
const policy = (spec: Json = {}): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p' },
  spec: { podSelector: {}, ...spec },
});
const printed = ({ body }: Reply): unknown => [
  body.columnDefinitions.map(({ name }: Json) => name),
  body.rows.map(({ cells }: { cells: unknown[] }) => cells.slice(0, -1)),
];
const both = async (at: string, name: string, body: object): Promise<Reply[]> => [
  await target.call('POST', `${at}?dryRun=All`, body),
  await target.call('PATCH', `${at}/${name}?dryRun=All&fieldManager=m`, body, APPLY),
];

describe('an autoscaler', () => {
  it('has one replica at least, and the load of the CPU for a metric', async () => {
    for (const reply of await both(AUTOSCALERS, 'h', autoscaler())) {
      expect(reply.status).toBe(201);
      expect(reply.body.spec.minReplicas).toBe(1);
      expect(reply.body.spec.metrics).toEqual([
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ]);
    }
  });

  it('is printed with what it scales and by which metrics, and cannot be scaled itself', async () => {
    await target.call('POST', AUTOSCALERS, autoscaler());
    expect(printed(await target.call('GET', `${AUTOSCALERS}/h`, undefined, TABLE))).toEqual([
      ['Name', 'Reference', 'Targets', 'MinPods', 'MaxPods', 'Replicas', 'Age'],
      [['h', 'Deployment/none', 'cpu: <unknown>/80%', '1', 5, 0]],
    ]);
    const scale = await target.call('GET', `${AUTOSCALERS}/h/scale`);
    expect([scale.status, scale.body.message]).toEqual([404, 'the server could not find the requested resource']);
    expect((await target.call('GET', `${AUTOSCALERS}/h/status`)).status).toBe(200);
    await target.call('DELETE', `${AUTOSCALERS}/h`);
  });

  it.each([
    ['fewer than one replica', { minReplicas: 0 }, '[spec.minReplicas: Invalid value: 0: must be greater than or equal to 1, spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas]'],
    ['a metric that says nothing', { metrics: [{ type: 'Resource' }] }, 'spec.metrics[0].resource: Required value: must populate information for the given metric source'],
    ['a metric of no type', { metrics: [{ type: 'Nope' }] }, 'spec.metrics[0].type: Unsupported value: "Nope": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"'],
    ['no value to reach', { metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }] }, 'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization'],
    ['nothing to scale', { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment' } }, 'spec.scaleTargetRef.name: Required value'],
  ])('with %s is refused', async (_what, spec, cause) => {
    for (const reply of await both(AUTOSCALERS, 'h', autoscaler(spec)))
      expect([reply.status, reply.body.message]).toEqual([
        422,
        `HorizontalPodAutoscaler.autoscaling "h" is invalid: ${cause}`,
      ]);
  }); // prettier-ignore
});

describe('a network policy', () => {
  it('is about what comes in, and about what goes out where it says so', async () => {
    for (const reply of await both(POLICIES, 'p', policy())) expect(reply.body.spec.policyTypes).toEqual(['Ingress']);
    const [made] = await both(POLICIES, 'p', policy({ egress: [{ ports: [{ port: 53 }] }] }));
    expect(made?.body.spec).toEqual({
      podSelector: {},
      egress: [{ ports: [{ protocol: 'TCP', port: 53 }] }],
      policyTypes: ['Ingress', 'Egress'],
    });
  });

  it('is printed with the pods that it is about, and has no status', async () => {
    await target.call('POST', POLICIES, policy({ podSelector: { matchLabels: { app: 'web' } } }));
    expect(printed(await target.call('GET', `${POLICIES}/p`, undefined, TABLE))).toEqual([
      ['Name', 'Pod-Selector', 'Age'],
      [['p', 'app=web']],
    ]);
    expect((await target.call('GET', `${POLICIES}/p/status`)).body.message).toBe(
      'the server could not find the requested resource',
    );
    await target.call('DELETE', `${POLICIES}/p`);
  });

  it.each([
    ['an odd type', { policyTypes: ['Nope'] }, 'spec.policyTypes[0]: Unsupported value: "Nope": supported values: "Ingress", "Egress"'],
    ['three types', { policyTypes: ['Ingress', 'Egress', 'Ingress'] }, 'spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes'],
    ['a port out of range', { ingress: [{ ports: [{ port: 70_000 }] }] }, 'spec.ingress[0].ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive'],
    ['ports that end before they begin', { ingress: [{ ports: [{ port: 10, endPort: 5 }] }] }, 'spec.ingress[0].ports[0].endPort: Invalid value: 10: must be greater than or equal to `port`'],
    ['an odd protocol', { ingress: [{ ports: [{ protocol: 'X', port: 1 }] }] }, 'spec.ingress[0].ports[0].protocol: Unsupported value: "X": supported values: "TCP", "UDP", "SCTP"'],
    ['a peer that is nobody', { ingress: [{ from: [{}] }] }, 'spec.ingress[0].from[0]: Required value: must specify a peer'],
    ['a peer that is two', { ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }] }, 'spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer'],
    ['a block that is none', { egress: [{ to: [{ ipBlock: { cidr: 'x' } }] }] }, 'spec.egress[0].to[0].ipBlock.cidr: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    ['an exception from another block', { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/8'] } }] }] }, 'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/8": must be a strict subset of `cidr`'],
    ['a selector that selects by no rule', { podSelector: { matchExpressions: [{ key: 'a', operator: 'Nope' }] } }, 'spec.podSelector.matchExpressions[0].operator: Invalid value: "Nope": not a valid selector operator'],
    ['a selector without values', { podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }, "spec.podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"],
  ])('with %s is refused', async (_what, spec, cause) => {
    for (const reply of await both(POLICIES, 'p', policy(spec)))
      expect([reply.status, reply.body.message]).toEqual([422, `NetworkPolicy.networking.k8s.io "p" is invalid: ${cause}`]);
  }); // prettier-ignore
});
