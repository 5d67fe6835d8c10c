import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { APPLICATION_PROSE, ROLLOUT_PROSE, RUN_PROSE, withProse } from '../../src/api/prose.ts';

interface Schema {
  type?: string;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
}

/** Paths of the texts in a schema that are not words of a fixed set. */
function textsIn(schema: Schema, path = ''): string[] {
  if (schema.type === 'string') return schema.enum === undefined ? [path] : [];
  if (schema.items) return textsIn(schema.items, `${path}[]`);
  if (schema.additionalProperties) return textsIn(schema.additionalProperties, `${path}[]`);
  return Object.entries(schema.properties ?? {}).flatMap(([name, each]) =>
    textsIn(each, path === '' ? name : `${path}.${name}`),
  );
}

function statusOf(plural: string): Schema {
  const text = readFileSync(new URL(`../../crds/${plural}.sluice.dev.yaml`, import.meta.url), 'utf8');
  const crd = load(text) as { spec: { versions: { schema: { openAPIV3Schema: Schema } }[] } };
  return crd.spec.versions[0]?.schema.openAPIV3Schema.properties?.['status'] ?? {};
}

/** Texts that are names, hashes, times or words of Sluice's own: the last part of their paths. */
const WORDS = new Set(
  [
    'acted content activeSelector previewSelector restartedAt attention background pods',
    'at since until startTime startedAt finishedAt completedAt abortedAt syncedAt progressAt restartAt nextTransitionTime',
    'lastTransitionTime lastUpdateTime podHash currentPodHash podTemplateHash contentHash stepsHash spelled currentStepHash hash trial',
    'stableRS candidate rejected retiring[] commit repo path author committer signedOffBy[] reviewedBy[] coAuthors[] subject date name namespace group version kind uid',
    'rollout serviceName status phase type reason key release verb id step selector images observedGeneration state cause',
    'progressMark fields[] what[] value by short url base foreign[] outcome earliest latest resumeAt metadata[]',
    'set mark former[] aborts[] restored[]',
  ].flatMap((line) => line.split(' ')),
);

describe('prose', () => {
  it.each([
    ['rollouts', ROLLOUT_PROSE],
    ['analysisruns', RUN_PROSE],
    ['applications', APPLICATION_PROSE],
  ])('is every text of the status of %s that may quote what others wrote', (plural, prose) => {
    const texts = textsIn(statusOf(plural));
    expect(texts).toEqual(expect.arrayContaining([...prose]));
    expect(texts.filter((path) => !prose.includes(path) && !WORDS.has(path.split('.').at(-1) ?? ''))).toEqual([]);
  });

  it('is cleaned where it stands, and nothing else is touched', () => {
    const status = { message: 'a secret', reason: 'secret', list: [{ message: 'secret' }, { message: 'b' }] };
    const clean = (text: string): string => text.replaceAll('secret', '***');
    expect(withProse(status, ['message', 'list[].message', 'gone.reason'], clean)).toEqual({
      message: 'a ***',
      reason: 'secret',
      list: [{ message: '***' }, { message: 'b' }],
    });
    expect(withProse(status, ['list[].other'], clean)).toBe(status);
  });
});
