// Objects of Sluice's own kinds against their schemas, as the API server would with their definitions: misspelt fields too. Those that Argo
// Rollouts has under the same names are its own to judge: of them only what is surely a slip is a problem.
import { namesBeside, shapeProblems } from 'kube-schema/shape';
import { customResourceDefinitions } from '../api/crd.ts';
import { dialect } from '../api/dialect.ts';
import { isRecord, recordsIn } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { GROUP, RESOURCES } from '../api/names.ts';
import { nearest } from '../api/nearest.ts';
import { splitApiVersion } from '../api/object-key.ts';
import { parseAnalysisRunSpec, parseAnalysisTemplate, parseApplication, parseRollout } from '../api/parse.ts';
import type { Issue, Result } from '../api/result.ts';

type Parse = (object: KubeObject) => Result<unknown>;

const PARSERS: Readonly<Record<string, Parse>> = {
  [RESOURCES.rollouts.kind]: parseRollout,
  [RESOURCES.analysisTemplates.kind]: parseAnalysisTemplate,
  [RESOURCES.clusterAnalysisTemplates.kind]: parseAnalysisTemplate,
  [RESOURCES.analysisRuns.kind]: ({ spec }) => parseAnalysisRunSpec(spec, 'spec'),
  [RESOURCES.applications.kind]: parseApplication,
};

export interface Verdict {
  /** Why the API server would refuse it. */
  problems: string[];
  /** What to know of it. */
  notes: string[];
}

const FINE: Verdict = { problems: [], notes: [] };

/** What is to be said of an object of `sluice.dev`, or of the kinds of `argoproj.io` that are called so; nothing of any other. */
export function ownKindVerdict(object: KubeObject): Verdict {
  const [group] = splitApiVersion(object.apiVersion);
  if (group === GROUP) return { problems: ownProblems(object), notes: [] };
  const isShared = group === 'argoproj.io' && isKnown(object.kind) && object.kind !== RESOURCES.applications.kind;
  return isShared ? sharedVerdict(object) : FINE;
}

const isKnown = (kind: string): boolean => Object.hasOwn(PARSERS, kind);

function ownProblems(object: KubeObject): string[] {
  const { apiVersion, kind } = object;
  if (!isKnown(kind)) {
    const meant = nearest(kind, Object.keys(PARSERS));
    return [`${GROUP} has no kind ${kind}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`];
  }
  const own = dialect(GROUP).apiVersion;
  if (apiVersion !== own) return [`${apiVersion} is not served; write ${own}`];
  const unknown = unknownFields(object);
  const issues = issuesOf(object).filter(({ field }) => !unknown.some((each) => each.field.startsWith(`${field}.`)));
  return [...unknown.map(textOf), ...issues.map(({ field, message }) => `${field}: ${message}`)];
}

/** What Sluice's form does not have may be of Argo Rollouts' own, unless a name beside it is nearly the same. */
function sharedVerdict(object: KubeObject): Verdict {
  const unknown = unknownFields(object);
  const others = unknown.filter(({ meant }) => meant === undefined).map(({ field }) => field);
  const kept = 'it is Argo Rollouts that drives it, not Sluice';
  const without = others.length === 0 ? '' : `; Sluice's own ${object.kind} has no ${others.join(', ')}`;
  return { problems: unknown.filter(({ meant }) => meant !== undefined).map(textOf), notes: [`${kept}${without}`] };
}

interface Unknown {
  field: string;
  meant: string | undefined;
}

const textOf = ({ field, meant }: Unknown): string =>
  `${field}: there is no such field${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;

const issuesOf = (object: KubeObject): Issue[] => {
  const parsed = PARSERS[object.kind]?.(object);
  return parsed === undefined || parsed.ok ? [] : parsed.error;
};

function unknownFields(object: KubeObject): Unknown[] {
  const schema = schemaOf(object.kind);
  if (schema === undefined) return [];
  return shapeProblems(schema, object).unknown.map((field) => ({
    field,
    meant: nearest(field.split('.').at(-1) ?? '', namesBeside(schema, field)),
  }));
}

const schemas = new Map<string, object>();

/** They are made once, and only where there is an object to compare. */
function schemaOf(kind: string): object | undefined {
  if (schemas.size === 0)
    for (const { spec } of customResourceDefinitions()) {
      const [version] = recordsIn(spec['versions']);
      const { names } = spec;
      const schema = isRecord(version?.['schema']) ? version['schema']['openAPIV3Schema'] : undefined;
      if (isRecord(names) && isRecord(schema)) schemas.set(String(names['kind']), schema);
    }
  return schemas.get(kind);
}
