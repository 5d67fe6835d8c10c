import { describe, expect, it } from 'vitest';
import { ANNOTATIONS, POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { declaredTemplate, replicaSetFor } from '../../src/controller/replica-set.ts';
import { shortHash } from '../../src/rollout/hash.ts';

const web: Rollout = {
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', namespace: 'shop', uid: 'u-1' },
  spec: {
    minReadySeconds: 5,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:v1' }] } },
    strategy: { canary: {} },
  },
};
const hash = shortHash(web.spec.template);

describe('the ReplicaSet of a revision', () => {
  const rs = replicaSetFor(web, hash, 3);

  it('is named, labelled and selected by the pod hash, and belongs to the Rollout', () => {
    expect(rs.metadata.name).toBe(`web-${hash}`);
    expect(rs.spec.selector.matchLabels).toEqual({ app: 'web', [POD_TEMPLATE_HASH]: hash });
    expect(rs.spec.template.metadata?.labels).toEqual({ app: 'web', [POD_TEMPLATE_HASH]: hash });
    expect(rs.metadata.ownerReferences).toMatchObject([{ kind: 'Rollout', name: 'web', uid: 'u-1', controller: true }]);
    expect(rs.spec).toMatchObject({ replicas: 3, minReadySeconds: 5 });
  });

  it('leaves the Rollout as it was', () => {
    expect(web.spec.template.metadata?.labels).toEqual({ app: 'web' });
    expect(web.spec.selector.matchLabels).toEqual({ app: 'web' });
  });

  it('gives the declared template back, whatever the server has filled in', () => {
    const stored = {
      ...rs,
      spec: { ...rs.spec, template: { ...rs.spec.template, spec: { containers: [], dnsPolicy: 'ClusterFirst' } } },
    };
    expect(declaredTemplate(stored)).toEqual(web.spec.template);
    expect(shortHash(declaredTemplate(stored))).toBe(hash);
  });

  it.each(['{"spec":', '{"spec":{"containers":[{"name":"web","image":"web:forged"}]}}'])(
    'does not believe an annotation that is not of this revision (%s)',
    (annotation) => {
      const forged = { ...rs, metadata: { ...rs.metadata, annotations: { [ANNOTATIONS.template]: annotation } } };
      expect(declaredTemplate(forged)).toEqual(web.spec.template);
    },
  );
});
