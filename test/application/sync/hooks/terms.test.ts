import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/api/k8s.ts';
import { hookWave, readHook } from '../../../../src/application/sync/hooks/terms.ts';
import { rendered } from '../../rendered.ts';

const OWN = 'sluice.dev/hook';
const OWN_POLICY = 'sluice.dev/hook-delete-policy';
const ARGO = 'argocd.argoproj.io/hook';
const ARGO_POLICY = 'argocd.argoproj.io/hook-delete-policy';
const HELM = 'helm.sh/hook';
const HELM_POLICY = 'helm.sh/hook-delete-policy';

const object = (annotations: Record<string, string>, kind = 'Job'): KubeObject => ({
  apiVersion: kind === 'Rollout' ? 'sluice.dev/v1alpha1' : 'batch/v1',
  kind,
  metadata: { name: 'x', annotations },
});

describe('the phases of a hook', () => {
  it.each([
    [{ [ARGO]: 'PreSync' }, ['PreSync']],
    [{ [ARGO]: 'PreSync, PostSync' }, ['PreSync', 'PostSync']],
    [{ [ARGO]: 'Sync,Skip' }, ['Sync']],
    [{ [ARGO]: 'SyncFail,Whatever' }, ['SyncFail']],
    [{ [HELM]: 'pre-install,pre-upgrade' }, ['PreSync']],
    [{ [HELM]: 'Post-Upgrade' }, ['PostSync']],
    [{ [HELM]: 'pre-delete,post-install' }, ['PostSync']],
    [{ [HELM]: 'test,pre-install' }, ['PreSync']],
    [{ [ARGO]: 'Sync', [HELM]: 'pre-install' }, ['Sync']],
    [{ [ARGO]: 'unknown', [HELM]: 'pre-install' }, ['PreSync']],
    [{ [OWN]: 'OnAbort,PostRollback', [ARGO]: 'PreSync' }, ['OnAbort', 'PostRollback']],
  ])('of %j are %j', (annotations: Record<string, string>, phases) => {
    expect(readHook(object(annotations))).toMatchObject({ hook: { phases } });
  });

  it.each([{}, { [HELM]: 'crd-install' }, { [ARGO_POLICY]: 'HookFailed' }, { [HELM_POLICY]: 'hook-failed' }])(
    'are none of an object with %j, which is applied like any other',
    (annotations) => {
      expect(readHook(object(annotations))).toBeUndefined();
    },
  );

  it.each([
    [{ [ARGO]: 'Skip' }, 'argocd.argoproj.io/hook: Skip'],
    [{ [OWN]: 'Skip' }, 'sluice.dev/hook: Skip'],
    [{ [ARGO]: 'Skip', [HELM]: 'pre-install' }, 'argocd.argoproj.io/hook: Skip'],
    [
      { [ARGO]: 'PostDelete' },
      'argocd.argoproj.io/hook: PostDelete, since deleting an Application deletes nothing that it applied',
    ],
    [{ [ARGO]: 'Presync' }, 'argocd.argoproj.io/hook: Presync'],
    [{ [HELM]: 'pre-delete' }, 'helm.sh/hook: pre-delete'],
    [{ [HELM]: 'pre-rollback,post-rollback' }, 'helm.sh/hook: pre-rollback,post-rollback'],
    [{ [HELM]: 'test' }, ''],
    [{ [HELM]: 'test-success' }, ''],
  ])('that nothing here runs leave an object with %j out, with a word', (annotations: Record<string, string>, why) => {
    expect(readHook(object(annotations))).toEqual({ leftOut: why });
  });

  it.each([
    [
      { [OWN]: 'Presync' },
      /names "Presync", which is none \(did you mean PreSync\?\); there are PreSync, Sync, PostSync/,
    ],
    [{ [OWN]: '' }, /names "", which is none/],
    [{ [OWN]: 'PreSync,Skip' }, /Skip stands alone/],
    [
      { [OWN]: 'PreSync', [OWN_POLICY]: 'HookSuceeded' },
      /did you mean HookSucceeded\?\); there are BeforeHookCreation/,
    ],
    [{ [OWN_POLICY]: 'HookFailed' }, /is no hook: add sluice.dev\/hook/],
  ])(
    'that Sluice’s own annotation does not have refuse an object with %j',
    (annotations: Record<string, string>, why) => {
      expect(readHook(object(annotations))).toEqual({ objection: expect.stringMatching(why) as unknown });
    },
  );

  it('are nothing for a Rollout', () => {
    expect(readHook(object({ [ARGO]: 'PostSync' }, 'Rollout'))).toEqual({
      objection: expect.stringContaining('a Rollout cannot be a hook') as unknown,
    });
  });
});

describe('the delete policy of a hook', () => {
  it.each([
    [{}, ['BeforeHookCreation']],
    [{ [ARGO_POLICY]: 'HookSucceeded, HookFailed' }, ['HookSucceeded', 'HookFailed']],
    [{ [ARGO_POLICY]: 'Whatever' }, ['BeforeHookCreation']],
    [{ [HELM_POLICY]: 'before-hook-creation,hook-succeeded' }, ['BeforeHookCreation', 'HookSucceeded']],
    [{ [ARGO_POLICY]: 'HookFailed', [HELM_POLICY]: 'hook-failed' }, ['HookFailed']],
    [{ [OWN_POLICY]: 'HookFailed', [ARGO_POLICY]: 'HookSucceeded' }, ['HookFailed']],
  ])('with %j is %j', (annotations: Record<string, string>, policies) => {
    expect(readHook(object({ [ARGO]: 'Sync', ...annotations }))).toMatchObject({ hook: { policies } });
  });
});

describe('the place of a hook within its phase', () => {
  it.each([
    [{}, 0],
    [{ 'helm.sh/hook-weight': '-5' }, -5],
    [{ 'helm.sh/hook-weight': 'heavy' }, 0],
    [{ 'argocd.argoproj.io/sync-wave': '2', 'helm.sh/hook-weight': '-5' }, 2],
    [{ 'sluice.dev/sync-wave': '1', 'argocd.argoproj.io/sync-wave': '2' }, 1],
  ])('with %j is %i', (annotations: Record<string, string>, wave) => {
    expect(hookWave(object(annotations))).toBe(wave);
  });
});

const job = (metadata: string): string => `apiVersion: batch/v1\nkind: Job\nmetadata: ${metadata}\n`;
const of = (...texts: string[]): ReturnType<typeof rendered> =>
  rendered([{ path: 'deploy/hooks.yaml', text: texts.join('---\n') }]);

describe('a commit with hooks', () => {
  it('keeps them apart from what is applied, and counts them as declared', () => {
    const { desired, hooks, keys, problems } = of(job(`{ name: x, annotations: { ${ARGO}: PreSync } }`));
    expect([desired, problems, hooks.length, [...keys]]).toEqual([[], [], 1, ['batch/Job/shop/x']]);
  });

  it('has another content whenever anything of it is another, and none without hooks', () => {
    const hook = job(`{ name: x, annotations: { ${ARGO}: PreSync } }`);
    const map = (data: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: m }\ndata: ${data}\n`;
    const contents = [of(hook, map('{}')), of(map('{}'), hook), of(hook, map('{ a: b }')), of(hook), of(map('{}'))].map(
      ({ content }) => content,
    );
    expect(contents[0]).toBe(contents[1]);
    expect(new Set(contents).size).toBe(4);
    expect(contents[4]).toBe('');
  });

  it('may give a hook another name each time, and nothing else', () => {
    const { hooks } = of(job(`{ generateName: x-, annotations: { ${HELM}: pre-install } }`));
    expect(hooks[0]).toMatchObject({
      generateName: 'x-',
      ref: { name: expect.stringMatching(/^x-\w{10}$/) as string },
    });
    expect(() => of(job('{ generateName: x- }'))).toThrow('generateName cannot be kept in Git but for hooks');
    expect(of(job(`{ generateName: x-, annotations: { ${HELM}: crd-install } }`)).problems).toMatchObject([
      { line: 1, message: expect.stringContaining('metadata.name is missing') as string },
    ]);
  });

  it.each([
    [[`{ name: x, annotations: { ${OWN}: presink } }`], /there are PreSync/],
    [
      [`{ name: x, annotations: { ${OWN}: Sync } }`, '{ name: x }'],
      /Job shop\/x is already declared at deploy\/hooks.yaml/,
    ],
    [
      [`{ name: x, annotations: { ${OWN}: Sync } }`, `{ name: x, annotations: { ${OWN}: PostSync } }`],
      /already declared/,
    ],
    [
      [`{ generateName: x, annotations: { ${OWN}: Sync } }`, `{ generateName: x, annotations: { ${OWN}: Sync } }`],
      /already declared/,
    ],
    [[`{ name: x, annotations: { ${OWN}: Sync, sluice.dev/sync-wave: soon } }`], /whole number/],
  ])('is refused with %j, by file and line', (objects, message) => {
    expect(of(...objects.map((text) => job(text))).problems).toMatchObject([
      { path: 'deploy/hooks.yaml', message: expect.stringMatching(message) as string },
    ]);
  });

  it('names what it leaves out because nothing here runs it, but for tests of a chart', () => {
    const { leftOut, desired, hooks, keys } = of(
      job(`{ name: a, annotations: { ${HELM}: pre-delete } }`),
      job(`{ name: b, annotations: { ${HELM}: test } }`),
    );
    expect([leftOut, desired, hooks]).toEqual([['Job shop/a (helm.sh/hook: pre-delete)'], [], []]);
    expect([...keys]).toEqual(['batch/Job/shop/a', 'batch/Job/shop/b']);
  });
});
