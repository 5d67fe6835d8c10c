import { describe, expect, it } from 'vitest';
import type { Application } from '../../src/api/application.ts';
import { webhookSecrets } from '../../src/cli/webhook-secrets.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';

function world(secrets: Record<string, string>) {
  const clock = new VirtualClock();
  const reads: string[] = [];
  const application = (name: string) =>
    ({ metadata: { name }, spec: { source: { secretRef: { name: `${name}-git` } } } }) as unknown as Application;
  const lookup = webhookSecrets({
    common: 'common',
    clock,
    applications: {
      get: (_namespace, name) =>
        name.startsWith('absent')
          ? undefined
          : name === 'plain'
            ? ({ metadata: { name }, spec: { source: {} } } as unknown as Application)
            : application(name),
    },
    readSecret: (namespace, name, key) => {
      reads.push(`${namespace}/${name} ${key}`);
      const value = secrets[name];
      return value === undefined
        ? Promise.reject(new Error('there is none'))
        : Promise.resolve({ value, annotations: {} });
    },
  });
  return { clock, reads, ask: async (name: string) => lookup({ namespace: 'shop', name }), lookup };
}

describe('the secret of a webhook', () => {
  it("is the Application's own where its Secret holds one, else the controller's", async () => {
    const { ask, lookup } = world({ 'web-git': 'own' });
    expect([await ask('web'), await ask('plain'), await ask('other'), await ask('absent')]).toEqual([
      'own',
      'common',
      'common',
      'common',
    ]);
    expect(await lookup()).toBe('common');
  });

  it('is read once for many requests, whether there is one or not', async () => {
    const { ask, reads } = world({ 'web-git': 'own' });
    await Promise.all(Array.from({ length: 100 }, () => ask('web')));
    await Promise.all(Array.from({ length: 100 }, () => ask('other')));
    expect(reads).toEqual(['shop/web-git webhookSecret', 'shop/other-git webhookSecret']);
  });

  it('is not read for an Application that does not exist or names no Secret', async () => {
    const { ask, reads } = world({});
    for (let n = 0; n < 100; n++) await Promise.all([ask(`absent-${n}`), ask('plain')]);
    expect(reads).toEqual([]);
  });

  it('is read anew after a minute', async () => {
    const secrets: Record<string, string> = { 'web-git': 'old' };
    const { ask, clock } = world(secrets);
    expect(await ask('web')).toBe('old');
    secrets['web-git'] = 'new';
    await clock.advance(59_999);
    expect(await ask('web')).toBe('old');
    await clock.advance(1);
    expect(await ask('web')).toBe('new');
  });
});
