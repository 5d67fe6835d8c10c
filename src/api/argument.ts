// Arguments of an analysis: a name, and the value or where it is taken from.
import { z } from 'zod';
import { name } from './fields.ts';
import { distinctNames, ruled } from './rules.ts';

const argValueFrom = z.object({
  secretKeyRef: z.object({ name, key: z.string().min(1).max(253) }).optional(),
  fieldRef: z.object({ fieldPath: z.string().min(1).max(512) }).optional(),
  podTemplateHashValue: z
    .enum(['Stable', 'Latest'])
    .optional()
    .describe('The pod hash of the stable or the new revision.'),
});

export const argumentSchema = ruled(
  z.object({
    name: z.string().min(1).max(253),
    value: z.string().max(4096).optional(),
    valueFrom: argValueFrom.optional(),
  }),
  {
    cel: '!(has(self.value) && has(self.valueFrom))',
    message: 'give value or valueFrom, not both',
    holds: ({ value, valueFrom }) => value === undefined || valueFrom === undefined,
  },
);

export const argumentsSchema = ruled(z.array(argumentSchema).max(64), {
  ...distinctNames,
  notInCel: 'comparing each of 64 with each, in each of 128 steps, is over the budget of a rule',
});
