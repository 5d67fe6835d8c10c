// Where a revision comes from: the commit that declared it.
import { z } from 'zod';

const people = (did: string) => z.array(z.string().max(128)).max(4).optional().describe(did);

export const peopleSchema = z.object({
  signedOffBy: people('Signed-off-by.'),
  reviewedBy: people('Reviewed-by, Approved-by and Acked-by.'),
  coAuthors: people('Co-authored-by.'),
});

export const codeSchema = z.object({
  commit: z.string().max(64),
  repo: z.string().max(512).optional(),
  author: z.string().max(128).optional(),
  date: z.string().max(64).optional(),
  subject: z.string().max(256).optional(),
});

export const revisionRefSchema = z
  .object({
    commit: z.string().max(64).describe('Full commit id.'),
    short: z.string().max(7).optional().describe('First 7 characters of the commit id, for people.'),
    repo: z.string().max(1024).optional().describe('URL of the repository, without credentials.'),
    path: z.string().max(1024).optional().describe('File that declares the object.'),
    author: z.string().max(512).optional(),
    committer: z.string().max(512).optional().describe('Who committed it, where that is not its author.'),
    date: z.string().max(64).optional().describe('When it was committed, RFC 3339.'),
    subject: z.string().max(1024).optional().describe('First line of the commit message.'),
    people: peopleSchema.optional().describe('Whom the trailers of the message name.'),
    code: codeSchema
      .optional()
      .describe('The commit of the code that it brings, as its trailers Argocd-reference-commit-… say.'),
  })
  .describe('The commit that declared a revision.');

export type RevisionRef = z.infer<typeof revisionRefSchema>;

/** Longest text of an annotation that is looked at. */
const MAX_TEXT = 16_384;

/** The value in an annotation's JSON, by its schema; undefined where there is none, or another thing: a person may have written it. */
function parseAnnotation<T>(text: string | undefined, schema: z.ZodType<T>): T | undefined {
  if (text === undefined || text.length > MAX_TEXT) return undefined;
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** The RevisionRef in an annotation; undefined when there is none that can be read. */
export const parseRevision = (text: string | undefined): RevisionRef | undefined =>
  parseAnnotation(text, revisionRefSchema);

/** The short form people read. */
export const shortCommit = (commit: string): string => commit.slice(0, 7);
