// The two sides that refuse an object: admission, by the schema engine over the CRDs, and the controller, by parsing.
import { templateSpecSchema } from '../../src/api/analysis.ts';
import { applicationSpecSchema } from '../../src/api/application.ts';
import { customResourceDefinitions } from '../../src/api/crd.ts';
import { parseAnalysisTemplate, parseApplication, parseRollout } from '../../src/api/parse.ts';
import { rolloutSpecSchema } from '../../src/api/rollout.ts';
import { compileSchema, type CompiledSchema } from 'kube-sandbox/schema';

export interface Said {
  field: string;
  message: string;
}

interface Spec {
  names: { kind: string };
  versions: { schema: { openAPIV3Schema: object } }[];
}

/** The schema in the CRD of each kind. */
export const CRDS = new Map<unknown, object>(
  customResourceDefinitions().map((crd) => {
    const spec = crd.spec as unknown as Spec;
    return [spec.names.kind, spec.versions[0]?.schema.openAPIV3Schema ?? {}];
  }),
);
export const SCHEMAS = new Map<unknown, CompiledSchema>([...CRDS].map(([kind, crd]) => [kind, compileSchema(crd)]));

/** The schema that the fields of each kind stand in, with their rules. */
export const SPECS = {
  Rollout: rolloutSpecSchema,
  AnalysisTemplate: templateSpecSchema,
  Application: applicationSpecSchema,
};

const PARSERS = new Map<unknown, (object: object) => { ok: true } | { ok: false; error: Said[] }>([
  ['Rollout', parseRollout],
  ['AnalysisTemplate', parseAnalysisTemplate],
  ['Application', parseApplication],
]);

export function refusalsOf(object: Record<string, unknown>): Said[] {
  const schema = SCHEMAS.get(object['kind']);
  if (schema === undefined) throw new Error(`no CRD of ${String(object['kind'])}`);
  return schema.validate(object);
}

export function issuesOf(object: Record<string, unknown>): Said[] {
  const parse = PARSERS.get(object['kind']);
  if (parse === undefined) throw new Error(`no parser of ${String(object['kind'])}`);
  const result = parse(object);
  return result.ok ? [] : result.error;
}
