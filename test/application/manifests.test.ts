import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { joinDocuments, splitDocuments } from '../../src/application/source/documents.ts';
import { describeProblem, isManifest, readManifests } from '../../src/application/source/manifests.ts';
import { rendered } from './rendered.ts';
import { SOURCE_LIMITS, SourceBudget } from '../../src/ports/source-budget.ts';
import { parseDocument } from '../../src/application/source/yaml.ts';
import { fuzzRuns } from '../support/fuzz.ts';

const read = (text: string, path = 'deploy/web.yaml') => readManifests([{ path, text }]);
const problemsOf = (text: string, path?: string): string[] => {
  const result = read(text, path);
  return result.ok ? [] : result.error.map((problem) => describeProblem(problem));
};
const map = (name: string, extra = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${extra}`;

describe('a YAML document is read as kubectl reads it', () => {
  it.each([
    ['y', true],
    ['Yes', true],
    ['on', true],
    ['TRUE', true],
    ['n', false],
    ['NO', false],
    ['off', false],
    ['"yes"', 'yes'],
    ['017', 15],
    ['0o17', 15],
    ['0x1F', 31],
    ['0b101', 5],
    ['1_000', 1000],
    ['-12', -12],
    ['1.5e3', 1500],
    ['08', 8],
    ['12:30:45', '12:30:45'],
    ['2026-01-02', '2026-01-02'],
    ['1.2.3', '1.2.3'],
    ['~', null],
    ['', null],
    ['null', null],
    ['+-1', '+-1'],
    ['_1', '_1'],
    ["'017'", '017'],
    ['12e4567', '12e4567'],
    ['-1e999', '-1e999'],
    ['1e20', 1e20],
    ['1e-400', 0],
    ['0X1F', 31],
    ['0B11', 3],
    ['-0', 0],
    ['.5', 0.5],
    ['-.5', -0.5],
    ['1.', 1],
    ['._5', '._5'],
    ['.', '.'],
    ['0x', '0x'],
    ['1e', '1e'],
    ['123456789012345678901234567890', Number('123456789012345678901234567890')],
    ['Infinity', 'Infinity'],
  ])('%s', (text, value) => {
    expect(parseDocument(`a: ${text}\n`)).toEqual({ a: value });
  });

  it('turns keys into text the same way', () => {
    expect(parseDocument('n: 1\n1: 2\n')).toEqual({ false: 1, 1: 2 });
  });

  it('merges', () => {
    expect(parseDocument('base: &b { a: 1, b: 2 }\nx: { <<: *b, b: 3 }\n')).toEqual({
      base: { a: 1, b: 2 },
      x: { a: 1, b: 3 },
    });
  });

  it('says nothing of an empty one', () => {
    expect(parseDocument('---\n# only a comment\n\n')).toBeUndefined();
  });
});

describe('manifests', () => {
  it('come from all documents and lists of a file', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n${['b', 'c'].map((name) => `- {apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}}\n`).join('')}`;
    const result = read(`# head\n${map('a')}---\n---\n# nothing\n---\n${list}`);
    expect(
      result.ok &&
        result.value.manifests.map(({ object, source }) => [object.metadata.name, source.document, source.line]),
    ).toEqual([
      ['a', 0, 2],
      ['b', 3, 10],
      ['c', 3, 10],
    ]);
  });

  it('leave a status out', () => {
    const result = read(map('a', 'status: { x: 1 }\n'));
    expect(result.ok && result.value.manifests[0]?.object).not.toHaveProperty('status');
  });

  it('may be JSON', () => {
    const result = read('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}', 'a.json');
    expect(result.ok && result.value.manifests[0]?.object.metadata.name).toBe('a');
  });

  it.each([
    ['a: [1\n', /^deploy\/web\.yaml:\d+: /],
    [`${map('a')}---\nkind: x\n  y: [\n`, /^deploy\/web\.yaml:7: /],
    ['a: 1\na: 2\n', /^deploy\/web\.yaml:2: .*dupl/i],
    ['- { kind: ConfigMap }\n', /web\.yaml:1: a manifest must be a mapping/],
    ['\n# c\nkind: ConfigMap\nmetadata: { name: a }\n', /web\.yaml:3: apiVersion is missing/],
    ['apiVersion: v1\nmetadata: { name: a }\n', /kind is missing/],
    ['apiVersion: v1\nkind: ConfigMap\n', /metadata\.name is missing \(ConfigMap\)/],
    ['apiVersion: v1\nkind: ConfigMap\nmetadata: { generateName: a- }\n', /generateName cannot be kept in Git/],
    [map('a', '  annotations: { on: yes }\n'), /metadata\.annotations\.true must be text: put it in quotes/],
    ['apiVersion: v1\nkind: ConfigMap\nmetadata: { name: no }\n', /metadata\.name is missing .*: false is not text/],
    ['apiVersion: v1\nkind: List\nitems: [3]\n', /items\[0\]: must be an object/],
    ['a: 12345678901234567890\n', /a: .* too large to be kept exactly/],
    ['a: 18446744073709551615\n', /a: the number is too large to be kept exactly; put it in quotes/],
    ['a: .inf\n', /a: Infinity is a number that JSON does not have; put it in quotes/],
    ['a: { b: [-.INF] }\n', /a\.b\[0\]: -Infinity is a number that JSON does not have/],
    ['a: .nan\n', /a: NaN is a number that JSON does not have/],
    ['a: &a [*a]\n', /nested deeper than 64/],
    ['a: *nowhere\n', /web\.yaml:1: /],
    ['a: !!js/function x\n', /web\.yaml:1: /],
  ])('%j is refused by file and line', (text, message) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(message)]);
  });

  it('are refused without a word of what they hold: it may be the value of a Secret', () => {
    const value = fc.constantFrom(
      ...[
        '*',
        '!',
        '!!',
        '!<',
        '&',
        '%',
        '@',
        '`',
        '"',
        "'",
        '|',
        '>',
        '{',
        '[',
        '',
        '? ',
        '- ',
        '<<: ',
        '"\\',
      ].flatMap((sign) =>
        ['', '>', ' x', '!', '"', ': y', ' #z', '\n  ', '*', '\\q'].map((end) => `${sign}hunter2${end}`),
      ),
    );
    fc.assert(
      fc.property(value, value, (one, other) => {
        const problems = problemsOf(
          `apiVersion: v1\nkind: Secret\nmetadata: { name: db }\ndata:\n  a: ${one}\n  b: ${other}\n`,
        );
        expect(problems.join()).not.toContain('hunter2');
      }),
      fuzzRuns(500),
    );
  });

  it('survive an alias bomb', () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array.from({ length: 9 }, () => `*l${i}`).join(', ')}]\n`,
    );
    expect(problemsOf(`l0: &l0 [x]\n${levels.join('')}`)).toEqual([expect.stringContaining('aliases')]);
  });

  it('are not what declares nothing: such files are told, and only as a whole', () => {
    const files = [
      { path: 'values.yaml', text: 'replicas: 1\n---\nimage: x\n' },
      { path: 'list.json', text: '[1, 2]' },
      { path: 'a.yaml', text: map('a') },
      { path: 'empty.yaml', text: '# nothing\n' },
    ];
    expect(readManifests(files)).toMatchObject({
      value: {
        manifests: [{ object: { metadata: { name: 'a' } } }],
        skipped: [
          { path: 'values.yaml', reason: 'no apiVersion and no kind' },
          { path: 'list.json', reason: 'no apiVersion and no kind' },
        ],
      },
    });
    expect(problemsOf(`${map('a')}---\nmetadata: { name: b }\n`)).toEqual([
      expect.stringContaining('web.yaml:6: apiVersion is missing'),
    ]);
  });

  it('of Kustomize are told apart from broken ones', () => {
    expect(problemsOf('apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Component\n')).toEqual([
      expect.stringContaining('this is input of Kustomize: call it kustomization.yaml, and name its folder'),
    ]);
  });

  it('are parsed up to twenty problems, and to the limits of their commit', () => {
    const broken = Array.from({ length: 50 }, (_, n) => ({ path: `${n}.yaml`, text: 'kind: A\n' }));
    expect(readManifests(broken)).toMatchObject({ error: { length: 20 } });
    const budget = new SourceBudget({ ...SOURCE_LIMITS, objects: 3 });
    const many = Array.from({ length: 9 }, (_, n) => ({ path: `${n}.yaml`, text: map(`m${n}`) }));
    expect(readManifests(many, budget)).toEqual({
      ok: false,
      error: [
        {
          path: '3.yaml',
          line: 1,
          limit: 'objects',
          message: 'more than 3 objects (limit objects); split it into several Applications (spec.source.path)',
        },
      ],
    });
  });

  it('of one file meet a limit once', () => {
    const text = joinDocuments(Array.from({ length: 9 }, (_, n) => map(`m${n}`)));
    const budget = new SourceBudget({ ...SOURCE_LIMITS, objects: 3 });
    expect(readManifests([{ path: 'all.yaml', text }], budget)).toMatchObject({ error: { length: 1 } });
  });

  it('do not touch prototypes', () => {
    expect(problemsOf(map('a', '  labels: { __proto__: x }\n'))).toEqual([expect.stringContaining('__proto__')]);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('are all reported at once', () => {
    const files = [
      { path: 'a.yaml', text: 'kind: A\n' },
      { path: 'b.yaml', text: 'kind: B\n' },
    ];
    const result = readManifests(files);
    expect(result.ok ? [] : result.error.map(({ path }) => path)).toEqual(['a.yaml', 'b.yaml']);
  });

  it.each([
    ['a.yaml', true],
    ['d/b.yml', true],
    ['c.json', true],
    ['README.md', false],
    ['.github/w.yaml', false],
    ['d/.hidden.yaml', false],
  ])('%s is one: %s', (path, expected) => {
    expect(isManifest(path)).toBe(expected);
  });

  it('never throw, whatever the text', () => {
    const lines = fc.array(
      fc.constantFrom(
        'a: 1',
        '- b',
        '  c: {',
        ']',
        '---',
        '&x',
        '*x',
        '<<: *x',
        '"',
        '|',
        '\t',
        '? k',
        '!!binary x',
        '%YAML 1.1',
        '...',
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(lines, (parts) => {
        expect(() => read(parts.join('\n'))).not.toThrow();
      }),
      { numRuns: 500, seed: 7 },
    );
  });
});

describe('documents of a file', () => {
  it('joined are the file again', () => {
    const lines = fc.array(fc.constantFrom('a: 1\n', '---\n', '--- # c\n', '# c\n', '\n', '----\n', 'x', '--- \r\n'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(lines, (parts) => {
        const text = parts.join('');
        expect(
          splitDocuments(text)
            .map((piece) => piece.text)
            .join(''),
        ).toBe(text);
      }),
      { seed: 7 },
    );
  });

  it('get a separator where they need one', () => {
    expect(joinDocuments(['a: 1', 'b: 2\n', '---\nc: 3\n'])).toBe('a: 1\n---\nb: 2\n---\nc: 3\n');
  });
});

describe('rendering', () => {
  const scope = (_apiVersion: string, kind: string): boolean => kind === 'ConfigMap';

  it('fills in the namespace, but not for what is cluster-wide', () => {
    const text = `${map('a')}---\n${map('b').replace('name: b', 'name: b\n  namespace: own')}---\napiVersion: v1\nkind: Namespace\nmetadata: { name: ns }\n`;
    expect(rendered([{ path: 'a.yaml', text }], scope).desired.map(({ key }) => key)).toEqual([
      '/ConfigMap/shop/a',
      '/ConfigMap/own/b',
      '/Namespace//ns',
    ]);
  });

  it('takes the scope of a kind that comes with its definition from that, and guesses none', () => {
    const crd =
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: issuers.x.dev }\nspec: { group: x.dev, scope: Cluster, names: { kind: Issuer } }\n';
    const issuer = 'apiVersion: x.dev/v1\nkind: Issuer\nmetadata: { name: i }\n';
    const known = (_apiVersion: string, kind: string): boolean | undefined => (kind === 'Issuer' ? undefined : false);
    expect(rendered([{ path: 'a.yaml', text: `${crd}---\n${issuer}` }], known).desired[1]?.key).toBe('x.dev/Issuer//i');
    expect(rendered([{ path: 'a.yaml', text: issuer }], known).problems[0]?.message).toMatch(/does not serve Issuer/);
  });

  it('says which group is Sluice’s own where a kind of it is declared in that of Argo Rollouts, which nobody serves', () => {
    const says = (apiVersion: string, kind: string): string | undefined => {
      const text = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: web }\n`;
      return rendered([{ path: 'a.yaml', text }], () => undefined).problems[0]?.message;
    };
    for (const kind of ['Rollout', 'AnalysisTemplate', 'ClusterAnalysisTemplate', 'AnalysisRun'])
      expect(says('argoproj.io/v1alpha1', kind)).toBe(
        `the cluster does not serve ${kind} of argoproj.io/v1alpha1; Sluice's own is sluice.dev/v1alpha1: change the group`,
      );
    // Argo CD's, and what Sluice does not have.
    for (const kind of ['Application', 'Experiment'])
      expect(says('argoproj.io/v1alpha1', kind)).toMatch(/^the cluster does not serve .*: install its definition, or/);
    expect(says('example.com/v1', 'Rollout')).toMatch(/: install its definition, or/);
  });

  it('names both places of an object that is declared twice', () => {
    const files = [
      { path: 'a.yaml', text: map('a') },
      { path: 'b.yaml', text: `\n${map('a').replace('name: a', 'name: a\n  namespace: shop')}` },
    ];
    expect(rendered(files, scope).problems.map((problem) => describeProblem(problem))).toEqual([
      'b.yaml:2: ConfigMap shop/a is already declared at a.yaml:1',
    ]);
  });

  it('hashes content, not spelling', () => {
    const one = rendered([{ path: 'a.yaml', text: map('a', 'data: { x: "1", y: "2" }\n') }], scope);
    const two = rendered([{ path: 'a.yaml', text: `# c\n${map('a', "data:\n  y: '2'\n  x: '1'\n")}` }], scope);
    expect(one.desired[0]?.hash).toBe(two.desired[0]?.hash);
  });
});
