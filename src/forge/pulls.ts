// Pull requests under `/pulls`, as GitHub's API has them and Gitea's has them from it.
import { z } from 'zod';
import type { ForgeApi, Place, Seen } from './types.ts';

/** `seenAt`: how either reads what it answers. */
export const pulls = (
  seenAt: (at: Place) => z.ZodType<Seen>,
): Pick<ForgeApi, 'look' | 'open' | 'revise' | 'close' | 'comment'> => ({
  look: (at, id) => ({ method: 'GET', url: `${at.api}/pulls/${id}`, answer: seenAt(at) }),
  open: (at, { head, base, title, body }) => ({
    method: 'POST',
    url: `${at.api}/pulls`,
    body: { title, body, head, base },
    answer: seenAt(at),
  }),
  revise: (at, id, { title, body }) => ({
    method: 'PATCH',
    url: `${at.api}/pulls/${id}`,
    body: { title, body },
    answer: seenAt(at),
  }),
  close: (at, id) => ({
    method: 'PATCH',
    url: `${at.api}/pulls/${id}`,
    body: { state: 'closed' },
    answer: z.unknown(),
  }),
  comment: (at, id, body) => ({
    method: 'POST',
    url: `${at.api}/issues/${id}/comments`,
    body: { body },
    answer: z.unknown(),
  }),
});
