// Objects that rest on what the same commit brings, and so cannot be tried before it stands: what can be said of them before that. Pure.
import { isRecord, recordsIn } from '../../api/json.ts';
import { nearest } from '../../api/nearest.ts';
import { namesBeside, shapeProblems } from 'kube-schema/shape';
import type { Declared } from '../seen.ts';
import type { Definition } from '../source/definitions.ts';
import type { DesiredObject } from '../source/desired.ts';
import type { Tenancy } from '../source/tenancy.ts';

/** What speaks against an object by the definition that comes with it. */
export function definedProblems({ object, ref }: DesiredObject, { schemas }: Definition): string[] {
  if (!schemas.has(ref.version)) {
    const versions = [...schemas.keys()].join(', ');
    return [`the definition in this commit does not serve version ${ref.version}; it serves ${versions || 'none'}`];
  }
  const schema = schemas.get(ref.version);
  if (schema === undefined) return [];
  const { unknown, causes } = shapeProblems(schema, object);
  return [
    ...unknown.map((field) => `unknown field "${field}"${meant(field, schema)}`),
    ...causes.map(({ field, message }) => `${field}: ${message}`),
  ];
}

function meant(field: string, schema: object): string {
  const name = nearest(field.split('.').at(-1) ?? '', namesBeside(schema, field));
  return name === undefined ? '' : ` (did you mean ${name}?)`;
}

/** Whether a commit binds a role to the account in a namespace: what is forbidden until then may be allowed with it. */
export function bringsRights({ desired }: Pick<Declared, 'desired'>, tenancy: Tenancy, namespace?: string): boolean {
  return desired.some(({ object, ref }) => {
    if (ref.group !== 'rbac.authorization.k8s.io') return false;
    const reaches = ref.kind === 'ClusterRoleBinding' || (ref.kind === 'RoleBinding' && ref.namespace === namespace);
    return (
      reaches && recordsIn((object as { subjects?: unknown }).subjects).some((subject) => isAccount(subject, tenancy))
    );
  });
}

function isAccount(subject: unknown, { account, namespace }: Tenancy): boolean {
  if (!isRecord(subject) || account === undefined) return false;
  return subject['kind'] === 'ServiceAccount' && subject['name'] === account && subject['namespace'] === namespace;
}
