// Objects of Sluice's own kinds against their schemas, as the API server would with their definitions: misspelt fields too. Those that Argo
// Rollouts has under the same names are its own to judge: of them only what is surely a slip is a problem.
import { namesBeside, shapeProblems } from 'kube-schema/shape';
import { customResourceDefinitions, ownKinds } from '../api/crd.ts';
import { dialect } from '../api/dialect.ts';
import { isRecord, recordsIn } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { GROUP } from '../api/names.ts';
import { nearest } from '../api/nearest.ts';
import { splitApiVersion } from '../api/object-key.ts';
import { specIssues } from '../api/parse.ts';

/** Forms of their specs, by kind. */
const FORMS = new Map(ownKinds().map(({ resource, spec }) => [resource.kind, spec]));

export interface Verdict {
  /** Why the API server would refuse it. */
  problems: string[];
  /** What to know of it. */
  notes: string[];
}

/** Kinds that Argo Rollouts has, too. */
const SHARED: ReadonlySet<string> = new Set(
  Object.values(dialect('argoproj.io').resources)
    .map(({ kind }) => kind)
    .filter((kind) => FORMS.has(kind)),
);

const FINE: Verdict = { problems: [], notes: [] };

/** What is to be said of an object of `sluice.dev`, or of the kinds of `argoproj.io` that are called so; nothing of any other. */
export function ownKindVerdict(object: KubeObject): Verdict {
  const [group] = splitApiVersion(object.apiVersion);
  if (group === GROUP) return { problems: ownProblems(object), notes: [] };
  const isShared = group === 'argoproj.io' && SHARED.has(object.kind);
  return isShared ? sharedVerdict(object) : FINE;
}

function ownProblems(object: KubeObject): string[] {
  const { apiVersion, kind } = object;
  const form = FORMS.get(kind);
  if (form === undefined) {
    const meant = nearest(kind, [...FORMS.keys()]);
    return [`${GROUP} has no kind ${kind}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`];
  }
  const own = dialect(GROUP).apiVersion;
  if (apiVersion !== own) return [`${apiVersion} is not served; write ${own}`];
  const unknown = unknownFields(object);
  const issues = specIssues(object, form).filter(
    ({ field }) => !unknown.some((each) => each.field.startsWith(`${field}.`)),
  );
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
