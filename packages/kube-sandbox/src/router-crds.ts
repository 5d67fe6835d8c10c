// CRDs of the routers that the data plane understands: the fields it reads, typed; whatever else an object has is kept.
import type { KubeObject } from './objects.ts';

type Schema = Record<string, unknown>;

const open = (properties: Schema, more: Schema = {}): Schema => ({
  type: 'object',
  properties,
  'x-kubernetes-preserve-unknown-fields': true,
  ...more,
});
const list = (items: Schema): Schema => ({ type: 'array', items });
const text: Schema = { type: 'string' };
const texts = list(text);
const anything: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

const VIRTUAL_SERVICE = open({
  hosts: texts,
  gateways: texts,
  http: list(
    open({
      name: text,
      match: list(anything),
      route: list(
        open({
          destination: open({ host: text, subset: text, port: anything }, { required: ['host'] }),
          weight: { type: 'integer', format: 'int32', minimum: 0 },
        }),
      ),
    }),
  ),
});

const DESTINATION_RULE = open(
  {
    host: text,
    subsets: list(open({ name: text, labels: { type: 'object', additionalProperties: text } }, { required: ['name'] })),
  },
  { required: ['host'] },
);

const HTTP_ROUTE = open({
  parentRefs: list(anything),
  hostnames: texts,
  rules: list(
    open({
      name: text,
      matches: list(anything),
      backendRefs: list(
        open(
          {
            name: text,
            namespace: text,
            port: { type: 'integer', format: 'int32', minimum: 1, maximum: 65_535 },
            weight: { type: 'integer', format: 'int32', minimum: 0, maximum: 1_000_000, default: 1 },
          },
          { required: ['name'] },
        ),
      ),
    }),
  ),
});

interface Kind {
  group: string;
  kind: string;
  plural: string;
  shortNames: string[];
  spec: Schema;
}

const KINDS: Kind[] = [
  {
    group: 'networking.istio.io',
    kind: 'VirtualService',
    plural: 'virtualservices',
    shortNames: ['vs'],
    spec: VIRTUAL_SERVICE,
  },
  {
    group: 'networking.istio.io',
    kind: 'DestinationRule',
    plural: 'destinationrules',
    shortNames: ['dr'],
    spec: DESTINATION_RULE,
  },
  { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', plural: 'httproutes', shortNames: [], spec: HTTP_ROUTE },
];

/** Served as v1, like the stable versions of Istio and Gateway API. */
export function routerDefinitions(): KubeObject[] {
  return KINDS.map(({ group, kind, plural, shortNames, spec }) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List`, shortNames },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec, status: anything } } },
        },
      ],
    },
  }));
}
