// docs/argo-rollouts.md says which fields of Argo Rollouts are refused: none of them may be in a CRD.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { customResourceDefinitions } from '../../src/api/crd.ts';
import { isRecord } from '../../src/api/json.ts';

const page = readFileSync(new URL('../../docs/argo-rollouts.md', import.meta.url), 'utf8');
const [, section = ''] = /## What is refused\n([^]*?)\n## /.exec(page) ?? [];
/** Paths in the first column: of a Rollout, or with the kind in front. */
const refused = section.split('\n').flatMap((line) => {
  const [, cell = ''] = /^\| (`[^|]*) \|/.exec(line) ?? [];
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
});

function schemaOf(kind: string): unknown {
  const crd = customResourceDefinitions().find(({ spec }) => isRecord(spec['names']) && spec['names']['kind'] === kind);
  const versions = crd?.spec['versions'] as { schema: { openAPIV3Schema: { properties: { spec: unknown } } } }[];
  return versions[0]?.schema.openAPIV3Schema.properties.spec;
}

/** The schema of a field; undefined where there is none. */
function fieldAt(schema: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, part) => {
    const name = part.replace('[]', '');
    const field = isRecord(at) && isRecord(at['properties']) ? at['properties'][name] : undefined;
    return part.endsWith('[]') && isRecord(field) ? field['items'] : field;
  }, schema);
}

const split = (text: string): [kind: string, path: string] => {
  const [, kind = 'Rollout', path = ''] = /^(?:([A-Z]\w+) )?(.*)$/.exec(text) ?? [];
  return [kind, path];
};

describe('a field that the page calls refused', () => {
  it('is one of many', () => {
    expect(refused.length).toBeGreaterThan(30);
  });

  it.each(refused)('%s is in no schema, and what it stands in is', (text) => {
    const [kind, path] = split(text);
    const parent = path.split('.').slice(0, -1).join('.');
    expect(fieldAt(schemaOf(kind), path)).toBeUndefined();
    expect(parent === '' ? schemaOf(kind) : fieldAt(schemaOf(kind), parent)).toBeDefined();
  });
});
