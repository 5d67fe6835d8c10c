// Annotations that Sluice reads back: JSON that anybody may have written, so each is parsed by a schema. What does not fit is ignored
// and told of; it never throws, and never stands in the way of an abort.
import { z } from 'zod';
import { VERBS } from './dialect.ts';
import { ANNOTATIONS, GROUP, verbAnnotation } from './names.ts';
import { nearest } from './nearest.ts';
import { fail, ok, type Issue, type Result } from './result.ts';
import { revisionRefSchema } from './revision.ts';
import { drivenRoutingSchema } from './traffic-routing.ts';

/** What a person asked for, as the controller took it from an annotation: acted on exactly once. */
export const takenCommandSchema = z
  .object({
    /** `<resourceVersion>-<verb>`, as the controller makes it. */
    id: z.string().max(256),
    verb: z.enum(VERBS),
    value: z.string().max(4096),
    at: z
      .string()
      .max(64)
      .refine((text) => !Number.isNaN(Date.parse(text)), 'must be a time in RFC 3339'),
    /** Field manager of who set the annotation, where that is known. */
    by: z.string().max(128).optional(),
  })
  .refine(({ id, verb }) => /^[A-Za-z0-9.]*-[a-z]+$/.test(id) && id.endsWith(`-${verb}`), {
    path: ['id'],
    message: 'is not one that the controller makes',
  });

/** What the agent writes on a Rollout that it keeps at an earlier revision. */
export const heldNoteSchema = z.object({
  rejected: revisionRefSchema,
  stable: revisionRefSchema.optional(),
  reason: z.string().max(4096),
});

/** On a route: between which destinations a Rollout shares its traffic out. */
export const driverSchema = z.object({
  canaryService: z.string().max(253).optional(),
  stableService: z.string().max(253).optional(),
  trafficRouting: drivenRoutingSchema,
});

export type Driver = z.infer<typeof driverSchema>;
export type TakenCommand = z.infer<typeof takenCommandSchema>;
export type HeldNote = z.infer<typeof heldNoteSchema>;

/** As much as the API server takes of all annotations of an object: what many Rollouts note on one route is long. */
const MAX_LENGTH = 262_144;

/** The value of an annotation; undefined where it is absent, an issue that names it where it is malformed. */
export function readAnnotation<T>(
  annotations: Record<string, unknown> | undefined,
  name: string,
  schema: z.ZodType<T>,
): Result<T | undefined, Issue> {
  const text = annotations?.[name];
  if (text === undefined || text === null) return ok(undefined);
  const wrong = (why: string): Result<T | undefined, Issue> =>
    fail({
      field: `metadata.annotations[${name}]`,
      message: `${why}; it is ignored: remove it, Sluice writes it itself`,
    });
  if (typeof text !== 'string' || text.length > MAX_LENGTH) return wrong('is too long');
  const value = parsed(text);
  if (value === undefined) return wrong('is not JSON');
  const result = schema.safeParse(value);
  return result.success ? ok(result.data) : wrong(firstOf(result.error));
}

function firstOf({ issues: [first] }: z.ZodError): string {
  return `${first?.path.join('.') || 'the value'}: ${first?.message ?? 'does not fit'}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const VERB_ANNOTATIONS = VERBS.map(verbAnnotation);
const KNOWN = new Set<string>([...Object.values(ANNOTATIONS), ...VERB_ANNOTATIONS]);
/** More are not told of. */
const MAX_UNKNOWN = 10;

/** Names of Sluice's on a Rollout that mean nothing: a command with a slip of the finger is told, not waited for in vain. */
export function unknownAnnotations(annotations: Record<string, unknown>): Issue[] {
  const unknown = Object.keys(annotations).filter((name) => name.startsWith(`${GROUP}/`) && !KNOWN.has(name));
  return unknown.slice(0, MAX_UNKNOWN).map((name) => {
    const meant = nearest(name.slice(GROUP.length + 1), VERBS);
    const instead = meant === undefined ? `the verbs are ${VERBS.join(', ')}` : `did you mean ${GROUP}/${meant}?`;
    return {
      field: `metadata.annotations[${name}]`,
      message: `is nothing that Sluice knows, and is ignored; ${instead}`,
    };
  });
}
