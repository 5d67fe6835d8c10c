// Which policies are about an object, and what they come to together.
import { describe, expect, it } from 'vitest';
import { clusterReleasePolicySpecSchema, closureBy, type ReleasePolicy } from '../../src/api/release-policy.ts';

const NOON = Date.parse('2026-11-27T12:00:00Z');
const STOP = { reason: 'incident' };
const closing = (schedule: string, duration: string): ReleasePolicy['spec'] => ({
  windows: [{ kind: 'Deny', schedule, duration, reason: schedule }],
});

const policy = (spec: ReleasePolicy['spec'], namespace: string | undefined = 'shop', name = 'p'): ReleasePolicy => ({
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  spec,
});
const forAll = (spec: ReleasePolicy['spec']): ReleasePolicy => ({ metadata: { name: 'all' }, spec });

const textOf = (policies: ReleasePolicy[], labels: Record<string, string> = {}, namespace = 'shop') =>
  closureBy(policies, { namespace, labels }, NOON)?.text;

describe('Policies', () => {
  it('of another namespace say nothing', () => {
    expect(textOf([policy({ stop: STOP }, 'bank')])).toBeUndefined();
    expect(textOf([policy({ stop: STOP })])).toBe('stopped by ReleasePolicy shop/p: incident');
  });

  it('are about what has all the labels of their selector', () => {
    const gold = policy({ selector: { matchLabels: { tier: 'gold', team: 'web' } }, stop: STOP });
    expect(textOf([gold], { tier: 'gold' })).toBeUndefined();
    expect(textOf([gold], { tier: 'gold', team: 'web', more: 'yes' })).toBeDefined();
    expect(textOf([policy({ selector: {}, stop: STOP })])).toBeDefined();
  });

  it.each<[string[] | undefined, boolean]>([
    [undefined, true],
    [[], false],
    [['shop'], true],
    [['bank', 'sh*'], true],
    [['*'], true],
    [['*op'], true],
    [['s*o*p'], true],
    [['s*p*p'], false],
    [['shopping*'], false],
    [['sho'], false],
    [['*shop*shop*'], false],
  ])('of the cluster name namespaces by patterns: %j is about shop: %s', (namespaces, isAbout) => {
    const spec = { ...(namespaces === undefined ? {} : { namespaces }), stop: STOP };
    expect(textOf([forAll(spec)]) !== undefined).toBe(isAbout);
  });

  it('that stop go before those that close a window, and of these the one that lasts longest is told', () => {
    const short = policy(closing('0 12 * * *', '1h'), 'shop', 'a');
    const long = policy(closing('0 10 * * *', '9h'), 'shop', 'b');
    expect(closureBy([short, long], { namespace: 'shop', labels: {} }, NOON)).toMatchObject({
      kind: 'window',
      text: 'ReleasePolicy shop/b: in a window that is closed (0 10 * * *), until 2026-11-27T19:00:00Z',
      until: Date.parse('2026-11-27T19:00:00Z'),
    });
    expect(textOf([long, forAll({ stop: STOP }), short])).toBe('stopped by ClusterReleasePolicy all: incident');
  });

  it('of a form that was allowed once hold up what begins, and say why', () => {
    const old = policy({ windows: [{ kind: 'Allow', schedule: '@daily', duration: '1h' }] });
    expect(textOf([old])).toMatch(/^ReleasePolicy shop\/p, which is not valid: windows.0.schedule: must be the five/);
  });

  it.each<[string, unknown]>([
    ['namespaces of another form', { namespaces: { matchNames: ['shop'] }, stop: STOP }],
    ['no spec', undefined],
  ])('with %s close, and stand in nobody’s way by an error', (_, spec) => {
    const later = { kind: 'ClusterReleasePolicy', metadata: { name: 'later' }, spec } as ReleasePolicy;
    expect(closureBy([later], { namespace: 'shop', labels: {} }, NOON)).toMatchObject({
      kind: 'window',
      text: expect.stringMatching(/^ClusterReleasePolicy later, which is not valid: /) as string,
    });
  });

  it('that say nothing hold nothing up', () => {
    expect(textOf([policy({}), forAll({ windows: [] })])).toBeUndefined();
  });

  it.each(['Shop', 'shop/web', 'shop.web', '-shop'])('of the cluster are refused with the namespace %s', (pattern) => {
    expect(clusterReleasePolicySpecSchema.safeParse({ namespaces: [pattern] }).success).toBe(false);
  });
});
