import { describe, expect, it } from 'vitest';
import type { PodTemplate } from '../../src/api/k8s.ts';
import { mayBeSame } from '../../src/rollout/same-template.ts';

type Json = Record<string, unknown>;

const template = (container: Json, spec: Json = {}, metadata: Json = {}): PodTemplate => ({
  metadata: { labels: { app: 'web' }, ...metadata },
  spec: { containers: [{ name: 'web', image: 'web:v1', ...container }], ...spec },
});

/** As a server completes it. */
const completed = (container: Json): PodTemplate =>
  template(
    { imagePullPolicy: 'IfNotPresent', terminationMessagePath: '/dev/termination-log', ...container },
    { restartPolicy: 'Always', securityContext: {}, terminationGracePeriodSeconds: 30 },
    { labels: { app: 'web', 'rollouts-pod-template-hash': 'abc' } },
  );

const resources = (cpu: unknown): Json => ({ resources: { requests: { cpu } } });
const against = (declared: PodTemplate, was: Json = {}): boolean =>
  mayBeSame(declared, { declared: template(was), live: completed(was) });

describe('a template may be another spelling', () => {
  it.each<[string, PodTemplate, Json?]>([
    ['of itself', template({})],
    ['with a default written out', template({ imagePullPolicy: 'IfNotPresent' })],
    ['with a default of the pod written out', template({}, { restartPolicy: 'Always', securityContext: {} })],
    ['with something empty', template({ env: [], command: null, tty: false })],
    ['without what it stated, which may be a default', template({}), { imagePullPolicy: 'IfNotPresent' }],
    ['with an amount in another unit', template(resources('500m')), resources('0.5')],
    ['with an amount as a number', template(resources(1)), resources('1')],
    ['with a large amount in another unit', template(resources('1Ei')), resources('1024Pi')],
    ['with an exponent', template(resources('1e3')), resources('1k')],
    ['with an amount that no number can hold', template(resources('1e9999')), resources('1')],
  ])('%s', (_what, declared, was) => {
    expect(against(declared, was)).toBe(true);
  });
});

describe('a template is surely another one', () => {
  it.each<[string, PodTemplate, Json?]>([
    ['with another image', template({ image: 'web:v2' })],
    ['with another amount', template(resources('501m')), resources('0.5')],
    ['with another value for a default', template({ imagePullPolicy: 'Always' })],
    ['with another value for a default of the pod', template({}, { terminationGracePeriodSeconds: 60 })],
    ['with one more variable', template({ env: [{ name: 'A', value: '1' }] })],
    ['with one variable less', template({ env: [] }), { env: [{ name: 'A', value: '1' }] }],
    ['with a text that only looks like a number', template({ args: ['1.0'] }), { args: ['v1.0'] }],
    ['with another annotation', template({}, {}, { annotations: { at: 'today' } })],
    ['with an object in the place of a text', template({ image: { name: 'web' } })],
    ['with a list in the place of an object', template({ resources: [] }), resources('1')],
  ])('%s', (_what, declared, was) => {
    expect(against(declared, was)).toBe(false);
  });

  it('though the server made another image of the one that was declared', () => {
    const running = { declared: template({}), live: completed({ image: 'web@sha256:1' }) };
    expect(mayBeSame(template({}), running)).toBe(true);
    expect(mayBeSame(template({ image: 'web:v2' }), running)).toBe(false);
  });
});
