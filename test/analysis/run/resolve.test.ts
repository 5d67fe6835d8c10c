import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { substitute } from '../../../src/analysis/run/arguments.ts';
import type { AnalysisRunSpec, Metric, RolloutAnalysis, TemplateSpec } from '../../../src/api/analysis.ts';
import type { Issue, Result } from '../../../src/api/result.ts';
import { begin, recordMeasurement, type Measured } from '../../../src/analysis/run/run.ts';
import { prepareRun, resolveRun } from '../../../src/analysis/run/resolve.ts';

const metric = (fields: Partial<Metric> = {}): Metric => ({
  name: 'rate',
  provider: { prometheus: { query: 'up{service="{{args.service}}"}' } },
  ...fields,
});
const rate: TemplateSpec = { args: [{ name: 'service' }], metrics: [metric()] };
const context = {
  field: 'spec.steps[1].analysis',
  stableHash: 'old',
  latestHash: 'new',
  rollout: { metadata: { name: 'web', labels: { 'a.b/c': 'x' } }, spec: { replicas: 3 } },
  requireFinite: true,
};
const service = { name: 'service', value: 'web-canary' };

function resolve(
  templates: Record<string, TemplateSpec>,
  analysis: Partial<RolloutAnalysis> = {},
  requireFinite = true,
): Result<AnalysisRunSpec, Issue[]> {
  const asked = { templates: Object.keys(templates).map((templateName) => ({ templateName })), ...analysis };
  return resolveRun(asked, (ref) => templates[ref.templateName], { ...context, requireFinite });
}
const query = (result: Result<AnalysisRunSpec, Issue[]>): string | undefined =>
  result.ok ? result.value.metrics[0]?.provider.prometheus?.query : JSON.stringify(result.error);
const issues = (result: Result<unknown, Issue[]>): string =>
  result.ok ? '' : result.error.map((issue) => `${issue.field}: ${issue.message}`).join('\n');

describe('the run that an analysis asks for', () => {
  it('has its arguments filled in, whatever is in them', () => {
    expect(query(resolve({ rate }, { args: [service] }))).toBe('up{service="web-canary"}');
    const odd = 'a"}\\ $& {{args.service}}\n';
    expect(query(resolve({ rate }, { args: [{ name: 'service', value: odd }] }))).toBe(`up{service="${odd}"}`);
  });

  it.each([
    [{ podTemplateHashValue: 'Stable' as const }, 'old'],
    [{ podTemplateHashValue: 'Latest' as const }, 'new'],
    [{ fieldRef: { fieldPath: 'metadata.name' } }, 'web'],
    [{ fieldRef: { fieldPath: "metadata.labels['a.b/c']" } }, 'x'],
    [{ fieldRef: { fieldPath: 'spec.replicas' } }, '3'],
  ])('takes an argument from %j', (valueFrom, value) => {
    expect(query(resolve({ rate }, { args: [{ name: 'service', valueFrom }] }))).toBe(`up{service="${value}"}`);
  });

  it('never holds what is in a Secret', () => {
    const args = [{ name: 'service', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];
    expect(query(resolve({ rate }, { args }))).toBe('up{service="{{args.service}}"}');
  });

  it('merges templates, each taken once', () => {
    const other: TemplateSpec = { args: [{ name: 'service', value: 'mine' }], metrics: [metric({ name: 'other' })] };
    const result = resolve(
      { rate, other },
      { templates: ['rate', 'other', 'rate'].map((templateName) => ({ templateName })) },
    );
    expect(result.ok && result.value.metrics.map((each) => each.name)).toEqual(['rate', 'other']);
    expect(query(result)).toBe('up{service="mine"}');
  });

  it('takes a count from an argument', () => {
    const counted: TemplateSpec = {
      args: [{ name: 'n', value: '3' }],
      metrics: [{ ...metric({ interval: '1s', count: '{{args.n}}' }), provider: { prometheus: { query: 'up' } } }],
    };
    const result = resolve({ counted });
    expect(result.ok && result.value.metrics[0]?.count).toBe('3');
    expect(issues(resolve({ counted }, { args: [{ name: 'n', value: 'many' }] }))).toContain(
      'metrics[0].count: must be a whole number from 0 to 1000000, or an argument such as {{args.limit}}, not "many"',
    );
  });
});

describe('an argument in a number or a duration', () => {
  const counted: TemplateSpec = {
    args: [{ name: 'n' }, { name: 'every' }],
    metrics: [
      metric({ interval: '{{args.every}}', initialDelay: '{{args.every}}', count: 9, failureLimit: '{{args.n}}' }),
    ],
  };
  const with_ = (n: string, every: string) =>
    resolve({ counted }, { args: [service, { name: 'n', value: n }, { name: 'every', value: every }] });

  it('is filled in, and counts', () => {
    const result = with_('1', '10s');
    expect(result.ok && result.value.metrics[0]).toMatchObject({
      interval: '10s',
      initialDelay: '10s',
      failureLimit: '1',
    });
    const spec = result.ok ? result.value : { metrics: [] };
    const bad: Measured = { value: { kind: 'vector', value: [0], text: '[0]' }, startedAt: 0, finishedAt: 0 };
    const judged = { metrics: spec.metrics.map((each) => ({ ...each, successCondition: 'result[0] > 0' })) };
    const once = recordMeasurement(judged, begin(judged, 0), 'rate', bad);
    expect(once.phase).toBe('Running');
    expect(recordMeasurement(judged, once, 'rate', bad).phase).toBe('Failed');
  });

  it.each([
    ['few', '10s', 'metrics[0].failureLimit: must be a whole number from -1 to 1000000'],
    ['few', '10s', 'not "few"'],
    ['1.5', '10s', 'metrics[0].failureLimit: must be a whole number'],
    ['-2', '10s', 'metrics[0].failureLimit: must be a whole number'],
    ['{{args.n}}', '10s', 'metrics[0].failureLimit: {{args.n}} is nothing that is filled in'],
    ['1', '500ms', 'metrics[0].interval: must be at least 1s'],
    ['-1', '10s', 'metrics[0].failureLimit: -1 needs a consecutiveSuccessLimit'],
    ['12', '10s', 'metrics[0].count: must be at least failureLimit'],
    ['1', 'soon', 'metrics[0].interval: must be a duration such as 30s, 5m or 1h30m, or an argument, not "soon"'],
  ])('that gives %s and %s is refused by name', (n, every, message) => {
    expect(issues(with_(n, every))).toContain(message);
  });
});

describe('what is wrong is said with its field', () => {
  it('an unknown template', () => {
    const result = resolveRun({ templates: [{ templateName: 'nope' }] }, () => undefined, context);
    expect(issues(result)).toContain(
      'spec.steps[1].analysis.templates[0].templateName: there is no AnalysisTemplate named nope',
    );
  });

  it('arguments without value, or with two', () => {
    expect(issues(resolve({ rate }))).toContain('the argument service has no value');
    expect(issues(resolve({ rate }, { args: [{ name: 'svc', value: 'web' }] }))).toContain('no template asks for svc');
    const a = { ...rate, args: [{ name: 'service', value: 'a' }] };
    const b = { args: [{ name: 'service', value: 'b' }], metrics: [metric({ name: 'b' })] };
    expect(issues(resolve({ a, b }))).toContain('different values');
    expect(resolve({ a, b }, { args: [service] }).ok).toBe(true);
    const undeclared = { metrics: [metric()] };
    expect(issues(resolve({ undeclared }))).toContain(
      'metrics[0].provider.prometheus.query: {{args.service}} has no value',
    );
    const missing = [{ name: 'service', valueFrom: { fieldRef: { fieldPath: 'metadata.constructor' } } }];
    expect(issues(resolve({ rate }, { args: missing }))).toContain('no text or number');
  });

  it.each([
    [{ interval: '1s' }, 'count: rate would never end'],
    [{ count: 3 }, 'interval: is required, such as 10s: count is above 1'],
    [{ interval: '1s', count: 1, failureLimit: 2 }, 'at least failureLimit'],
    [{ successCondition: 'result[0] >' }, 'successCondition: expected a value, found the end at position 12'],
    [
      { interval: 'soon', count: 1 },
      'interval: must be a duration such as 30s, 5m or 1h30m, or an argument, not "soon"',
    ],
    [{ provider: {} }, 'metrics[0].provider: name a provider: prometheus'],
  ] satisfies [Partial<Metric>, string][])('a metric with %j', (fields, message) => {
    const odd: TemplateSpec = { metrics: [metric(fields)] };
    expect(issues(resolve({ odd }, { args: [service] }))).toContain(message);
  });

  it('two metrics of one name', () => {
    expect(issues(resolve({ rate, again: rate }, { args: [service] }))).toContain(
      'metrics[1].name: names must differ: rate is there already',
    );
  });

  it('but a metric without end is fine in the background', () => {
    expect(resolve({ endless: { metrics: [metric({ interval: '1s' })] } }, { args: [service] }, false).ok).toBe(true);
  });
});

describe('an argument of a ClusterAnalysisTemplate', () => {
  const filled = (template: string, value: string, clusterScope = true): unknown => {
    const declared: TemplateSpec = {
      args: [{ name: 'x' }],
      metrics: [{ name: 'm', provider: { prometheus: { query: template } } }],
    };
    const analysis = { templates: [{ templateName: 'm', clusterScope }], args: [{ name: 'x', value }] };
    const result = resolveRun(analysis, () => declared, context);
    return result.ok ? query(result) : issues(result);
  };

  it.each([
    ['up{a="{{args.x}}"}', 'b",c=~".*', 'up{a="b\\",c=~\\".*"}'.replaceAll('\\\\', '\\')],
    ['up{a="{{args.x}}"}', '\\', 'up{a="\\\\"}'],
    ['up{a="{{args.x}}"}', 'a\nb', 'up{a="a\\nb"}'],
    ["up{a='{{args.x}}'}", `it's "so"`, `up{a='it\\'s "so"'}`],
    ['up{a=`{{args.x}}`}', '\\d"', 'up{a=`\\d"`}'],
    ['up{a="\\"{{args.x}}"}', '"', 'up{a="\\"\\""}'],
    ['# it\'s\nup{a="{{ args.x }}"}', '"', '# it\'s\nup{a="\\""}'],
    ['rate({{args.x}}_total[5m])', 'http:requests', 'rate(http:requests_total[5m])'],
    ['rate(up[{{args.x}}])', '1h30m', 'rate(up[1h30m])'],
    ['up > {{args.x}}', '-0.5e3', 'up > -0.5e3'],
  ])('in %s as %j gives %s', (template, value, expected) => {
    expect(filled(template, value)).toBe(expected);
  });

  it.each([
    ['up{a={{args.x}}}', '"b"', 'stands outside of a string'],
    ['{{args.x}}', 'vector(1)', 'stands outside of a string'],
    ['up {{args.x}} down', 'or', 'stands outside of a string'],
    ['up # "\n + {{args.x}}', 'a b', 'stands outside of a string'],
    ['up{a=`{{args.x}}`}', '`', 'holds a backtick'],
    ['up{a="\\{{args.x}}"}', '"', 'stands after a backslash'],
    ['up{a="{{args.x}}"}', '{{args.y}}', 'holds {{'],
  ])('in %s as %j is refused by its name, not by its value', (template, value, problem) => {
    const told = filled(template, value);
    expect(told).toContain(`query: the value of the argument x ${problem}`);
    expect(told).not.toContain(`x ${value}`);
  });

  it('stays as it is in a template of the namespace, unless that asks for it', () => {
    expect(filled('up{a={{args.x}}}', '"b"', false)).toBe('up{a="b"}');
  });

  it('is escaped when it comes from a Secret, at the measurement', () => {
    const args = [{ name: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];
    const template: TemplateSpec = {
      metrics: [{ name: 'm', provider: { prometheus: { query: 'up{a="{{args.x}}"}' } } }],
    };
    const analysis = { templates: [{ templateName: 'm', clusterScope: true }], args };
    const result = resolveRun(analysis, () => template, context);
    expect(result.ok && result.value.metrics[0]?.provider.prometheus).toEqual({
      query: 'up{a="{{args.x}}"}',
      escapeArgs: true,
    });
    const metrics = result.ok ? result.value.metrics : [];
    const measured = substitute(
      metrics,
      { values: new Map([['x', '"} or vector(1) #']]), secrets: new Set(['x']) },
      'm',
    );
    expect(measured.ok && measured.value[0]?.provider.prometheus?.query).toBe('up{a="\\"} or vector(1) #"}');
  });

  it('never changes the query around it', () => {
    const value = fc.string({ unit: fc.constantFrom(...Array.from('a"\'`\\\n{}#=~,')), maxLength: 8 });
    fc.assert(
      fc.property(value, fc.constantFrom('"', "'", '`'), (text, quote) => {
        const told = filled(`up{a=${quote}{{args.x}}${quote}} > 1`, text);
        // What Prometheus reads: one string, then the rest.
        const inside = {
          '"': /^up\{a="(?:[^"\\\n]|\\.)*"\} > 1$/,
          "'": /^up\{a='(?:[^'\\\n]|\\.)*'\} > 1$/,
          '`': /^up\{a=`[^`]*`\} > 1$/,
        }[quote];
        expect(String(told)).toMatch(
          text.includes('{{') || (quote === '`' && text.includes('`')) ? /the value of the argument/ : (inside ?? /$^/),
        );
      }),
      { numRuns: 300, seed: 20260101 },
    );
  });
});

describe('a run made by hand', () => {
  it('is filled in from its own arguments, and as often as one likes', () => {
    const once = prepareRun({ args: [service], metrics: [metric()] });
    expect(query(once)).toBe('up{service="web-canary"}');
    expect(once.ok && prepareRun(once.value)).toEqual(once);
    expect(issues(prepareRun({ metrics: [metric()] }))).toContain('spec.metrics[0].provider.prometheus.query');
  });

  it('goes on where it asks for shorter intervals than are measured', () => {
    const spec = { metrics: [metric({ interval: '1ms', provider: { prometheus: { query: 'up' } } })] };
    expect(prepareRun(spec)).toEqual({ ok: true, value: spec });
  });
});
