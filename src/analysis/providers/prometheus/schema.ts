// What a metric may say of Prometheus: the form of its fields, where Secrets may stand, and how arguments stand in its query.
import { z } from 'zod';
import { name } from '../../../api/fields.ts';
import {
  FORBIDDEN_HEADERS,
  FORBIDDEN_HEADER_PREFIXES,
  HEADER_NAME,
  HEADER_VALUE,
  isForbidden,
} from '../../../api/headers.ts';
import type { ProviderForm } from '../../../api/provider-form.ts';
import { ruled } from '../../../api/rules.ts';
import { placesOf, promqlText } from './language.ts';

const forbiddenNames = FORBIDDEN_HEADERS.map((each) => `'${each}'`).join(', ');
const forbiddenPrefixes = FORBIDDEN_HEADER_PREFIXES.map(
  (each) => ` || self.key.lowerAscii().startsWith('${each}')`,
).join('');

const header = ruled(
  z.object({
    key: z.string().max(256).regex(HEADER_NAME, 'must be the name of a header, such as X-Scope-OrgID'),
    value: z.string().max(8192).regex(HEADER_VALUE, 'must be on one line, without control characters'),
  }),
  {
    cel: `!(self.key.lowerAscii() in [${forbiddenNames}]${forbiddenPrefixes})`,
    message: 'this header may not be set: it frames the request, names another host, or is a key to metadata',
    holds: ({ key }) => !isForbidden(key),
  },
);

const address = ruled(z.string().max(2048), {
  cel: "self.startsWith('http://') || self.startsWith('https://') || self.startsWith('{{')",
  message: 'must be an http or https URL, such as http://prometheus.monitoring:9090',
  holds: (url) => /^(https?:\/\/|\{\{)/.test(url),
});

const schema = z.object({
  address: address.optional().describe("Base URL, http or https. Default: the controller's --prometheus flag."),
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

export const prometheusForm = {
  schema,
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
