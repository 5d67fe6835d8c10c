// Where a revision comes from: the commit that declared it.
import { z } from 'zod';

export const revisionRefSchema = z
  .object({
    commit: z.string().max(64).describe('Full commit id.'),
    short: z.string().max(7).optional().describe('First 7 characters of the commit id, for people.'),
    repo: z.string().max(1024).optional().describe('URL of the repository, without credentials.'),
    path: z.string().max(1024).optional().describe('File that declares the object.'),
    author: z.string().max(512).optional(),
    date: z.string().max(64).optional().describe('When it was committed, RFC 3339.'),
    subject: z.string().max(1024).optional().describe('First line of the commit message.'),
  })
  .describe('The commit that declared a revision.');

export type RevisionRef = z.infer<typeof revisionRefSchema>;

/** The short form people read. */
export const shortCommit = (commit: string): string => commit.slice(0, 7);
