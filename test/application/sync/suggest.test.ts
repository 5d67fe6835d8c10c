import { describe, expect, it } from 'vitest';
import { nearest } from '../../../src/api/nearest.ts';
import { didYouMean } from '../../../src/application/sync/suggest.ts';
import type { KubeClient } from '../../../src/kube/types.ts';

const schemas = {
  'io.k8s.Deployment': {
    'x-kubernetes-group-version-kind': [{ group: 'apps', version: 'v1', kind: 'Deployment' }],
    properties: { spec: { allOf: [{ $ref: '#/components/schemas/Spec' }] } },
  },
  Spec: {
    properties: { replicas: {}, template: { properties: { containers: { items: { $ref: '#/x/Container' } } } } },
  },
  Container: { properties: { image: {}, imagePullPolicy: {} } },
};

const server = (body: unknown, status = 200): KubeClient =>
  ({ raw: () => Promise.resolve({ status, headers: {}, body: JSON.stringify(body) }) }) as unknown as KubeClient;

const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } };

describe('An unknown field', () => {
  it('is told with the name that was likely meant, through lists and references', async () => {
    const said = await didYouMean(
      'strict decoding error: unknown field "spec.replica", unknown field "spec.template.containers[0].imge"',
      object,
      server({ components: { schemas } }),
    );
    expect(said).toBe(
      'strict decoding error: unknown field "spec.replica" (did you mean replicas?), unknown field "spec.template.containers[0].imge" (did you mean image?)',
    );
  });

  it('of an apply is told so, too, through items that are named by their keys', async () => {
    const said = await didYouMean(
      'failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): errors:\n  .spec.template.containers[name="a.b"].imge: field not declared in schema\n  .spec.replica: field not declared in schema',
      object,
      server({ components: { schemas } }),
    );
    expect(said).toContain('[name="a.b"].imge: field not declared in schema (did you mean image?)');
    expect(said).toContain('.spec.replica: field not declared in schema (did you mean replicas?)');
  });

  it('is told as the server did where nothing is alike, or nothing is published', async () => {
    const message = 'strict decoding error: unknown field "spec.zzzzzz"';
    expect(await didYouMean(message, object, server({ components: { schemas } }))).toBe(message);
    expect(await didYouMean(message, object, server({}, 404))).toBe(message);
    expect(await didYouMean(message, object, server('no document'))).toBe(message);
  });
});

it('A name is near where few letters differ', () => {
  expect(nearest('setWieght', ['setWeight', 'pause'])).toBe('setWeight');
  expect(nearest('x', ['abcdef'])).toBeUndefined();
});
