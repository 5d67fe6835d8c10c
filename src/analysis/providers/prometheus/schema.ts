// What a metric may say of Prometheus: the form of its fields, where Secrets may stand, and how arguments stand in its query.
import { z } from 'zod';
import { name, rules } from '../../../api/fields.ts';
import { FORBIDDEN_HEADERS, FORBIDDEN_HEADER_PREFIXES, headerProblem } from '../../../api/headers.ts';
import type { ProviderForm } from '../../../api/provider-form.ts';
import type { Issue } from '../../../api/result.ts';
import { placesOf, promqlText } from './language.ts';

const forbiddenNames = FORBIDDEN_HEADERS.map((each) => `'${each}'`).join(', ');
const forbiddenPrefixes = FORBIDDEN_HEADER_PREFIXES.map(
  (each) => ` || self.key.lowerAscii().startsWith('${each}')`,
).join('');

const header = z
  .object({
    key: z
      .string()
      .max(256)
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'must be the name of a header, such as X-Scope-OrgID'),
    value: z
      .string()
      .max(8192)
      .regex(/^[^\r\n]*$/, 'must be on one line'),
  })
  .meta(
    rules({
      rule: `!(self.key.lowerAscii() in [${forbiddenNames}]${forbiddenPrefixes})`,
      message: 'this header may not be set: it frames the request, names another host, or is a key to metadata',
    }),
  );

const schema = z.object({
  address: z
    .string()
    .max(2048)
    .meta(
      rules({
        rule: "self.startsWith('http://') || self.startsWith('https://') || self.startsWith('{{')",
        message: 'address must be an http or https URL, such as http://prometheus.monitoring:9090',
      }),
    )
    .optional()
    .describe("Base URL, http or https. Default: the controller's --prometheus flag."),
  query: z.string().min(1).max(16384).describe('PromQL; {{args.NAME}} is replaced by the argument.'),
  timeout: z.int().min(1).max(600).optional().describe('Seconds until a query counts as an error. Default 30.'),
  insecure: z.boolean().optional().describe('Do not verify the server certificate.'),
  headers: z
    .array(header)
    .max(32)
    .optional()
    .describe('Headers of the request; none that frames it, names another host or is a key to metadata.'),
  escapeArgs: z
    .boolean()
    .optional()
    .describe(
      'Escape arguments inside strings of the query, and take only numbers, durations and names outside of them. Always so for a ClusterAnalysisTemplate.',
    ),
  authentication: z
    .object({
      secretRef: z
        .object({ name })
        .optional()
        .describe('A Secret in the namespace of the run: key token (bearer), or username and password (basic).'),
    })
    .optional(),
});

export type Prometheus = z.infer<typeof schema>;

function issuesOf({ address, headers = [] }: Prometheus): Issue[] {
  const issues: Issue[] = [];
  if (address !== undefined && !/^(https?:\/\/|\{\{)/.test(address))
    issues.push({
      field: 'address',
      message: 'must be an http or https URL, such as http://prometheus.monitoring:9090',
    });
  for (const [index, { key, value }] of headers.entries()) {
    const message = headerProblem(key, value);
    if (message !== undefined) issues.push({ field: `headers[${String(index)}]`, message });
  }
  return issues;
}

export const prometheusForm = {
  schema,
  issues: issuesOf,
  secrets: { fields: /^(query|headers\[\d+\]\.value)$/, text: 'query and headers' },
  query: {
    field: 'query',
    isEscaped: ({ escapeArgs }) => escapeArgs === true,
    escaped: (config) => ({ ...config, escapeArgs: true }),
    escaper: (query, pattern) => {
      const places = placesOf(query, pattern);
      return (nth, value) => promqlText(value, places[nth]);
    },
  },
} satisfies ProviderForm<Prometheus>;
