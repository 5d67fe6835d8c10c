import { describe, expect, it } from 'vitest';
import type { Call } from '../support/recording-proxy.ts';
import { gist, leaves, parsePath, stepOf, traceText } from './trace.ts';

const call = (part: Partial<Call>): Call => ({
  at: 100,
  tookMs: 4.25,
  agent: 'sluice/0.1.0 (linux)',
  method: 'PATCH',
  path: '/apis/sluice.dev/v1alpha1/namespaces/shop/rollouts/web/status?fieldManager=sluice',
  contentType: 'application/merge-patch+json',
  body: '{}',
  status: 200,
  ...part,
});

describe('a path', () => {
  it.each([
    ['/api/v1/namespaces/shop/services/web-canary', 'services', 'web-canary'],
    ['/apis/sluice.dev/v1alpha1/namespaces/shop/rollouts/web/status?x=1', 'rollouts/status', 'web'],
    ['/api/v1/namespaces/shop/events', 'events', ''],
    ['/api/v1/namespaces', 'namespaces', ''],
    ['/api/v1/namespaces/shop', 'namespaces', 'shop'],
    ['/apis/apps/v1/replicasets?limit=500', 'replicasets', ''],
  ])('%s names what it is about', (path, resource, name) => {
    expect(parsePath(path)).toEqual({ resource, name });
  });
});

describe('what a call changed', () => {
  it('of a merge patch are its leaves, without the bookkeeping', () => {
    const body = {
      metadata: { resourceVersion: '7' },
      status: { weight: 10, canary: { weights: null }, conditions: [1] },
    };
    expect(gist(call({ body: JSON.stringify(body) }))).toBe('status.weight=10 status.canary.weights=null');
  });

  it('of a JSON patch are its operations, without the tests in front', () => {
    const body = [
      { op: 'test', path: '/spec/http/0/name', value: 'primary' },
      { op: 'replace', path: '/spec/http/0/route/1/weight', value: 10 },
    ];
    expect(gist(call({ body: JSON.stringify(body) }))).toBe('/spec/http/0/route/1/weight=10');
  });

  it('of an Event is what it says', () => {
    const event = { path: '/api/v1/namespaces/shop/events', method: 'POST' };
    const body = JSON.stringify({ reason: 'RolloutPaused', message: 'Step 2/3: pause', involvedObject: {} });
    expect(gist(call({ ...event, body }))).toBe('RolloutPaused: Step 2/3: pause');
  });

  it('of a ReplicaSet that is made is its size', () => {
    const body = JSON.stringify({ spec: { replicas: 2, template: { spec: { containers: [{}, {}] } } } });
    expect(gist(call({ method: 'POST', path: '/apis/apps/v1/namespaces/shop/replicasets', body }))).toBe(
      'spec.replicas=2',
    );
  });

  it('is cut where it grows long', () => {
    const text = gist(call({ body: JSON.stringify({ status: { message: 'x'.repeat(500) } }) }));
    expect(text.length).toBe(110);
    expect(text.endsWith('…')).toBe(true);
  });

  it('is its size where it is no JSON', () => {
    expect(gist(call({ body: 'k8s\u0000...' }))).toBe('7 characters');
  });

  it('tells lists by their length', () => {
    expect(leaves({ history: [1, 2], a: { b: 'c' } })).toEqual(['history[2]', 'a.b=c']);
  });
});

describe('a trace', () => {
  it('is in the order of time, counted from the change', () => {
    const steps = [call({ at: 130 }), call({ at: 112.34, method: 'GET', body: '' })].map(stepOf);
    const lines = traceText(steps, 100).split('\n');
    expect(lines[1]).toMatch(/^\+12\.3 +sluice +GET +rollouts\/status +web +4\.3$/);
    expect(lines[2]).toMatch(/^\+30\.0 +sluice +PATCH /);
    expect(lines.at(-1)).toMatch(/^1 writes\./);
  });

  it('shows an answer that was no success', () => {
    expect(stepOf(call({ status: 409 })).what).toMatch(/^\(409\)/);
  });

  it('leaves Leases out, and says what it cannot see', () => {
    const lease = call({ path: '/apis/coordination.k8s.io/v1/namespaces/default/leases/sluice-controller' });
    const text = traceText([stepOf(lease)], 0);
    expect(text).not.toContain('sluice-controller');
    expect(text).toContain('Calls of kube-controller-manager do not pass the proxy');
  });
});
