// Impersonation: a request that asks to count as another user's, if its sender may.
import type { Call } from '../call.ts';
import { internal } from '../errors.ts';
import type { Attributes, ResourceAttributes } from './attributes.ts';
import { accountGroups, accountOf, withStanding, type User } from './user.ts';

const USER = 'impersonate-user';
const GROUP = 'impersonate-group';
const UID = 'impersonate-uid';
const EXTRA = 'impersonate-extra-';

export interface Impersonation {
  /** Each must be allowed to the sender. */
  needs: Attributes[];
  user: User;
}

/** Undefined where nobody is to be impersonated. Errors: 500 where groups or the like come without a user. */
export function impersonation(call: Call): Impersonation | undefined {
  const { headers } = call;
  const [name = '', uid] = [headers[USER], headers[UID]];
  const given = headers[GROUP];
  const groups = given === undefined ? [] : given.split(', ');
  const extra = Object.entries(headers).filter(([key]) => key.startsWith(EXTRA));
  if (name === '') {
    if (groups.length + extra.length === 0 && uid === undefined) return undefined;
    throw internal(`Internal Server Error: ${JSON.stringify(call.path)}: requested without impersonating a user`);
  }
  const account = accountOf(name);
  const needs = [
    account === undefined
      ? need('users', name)
      : need('serviceaccounts', account.name, { namespace: account.namespace }),
    ...groups.map((group) => need('groups', group)),
    ...extra.map(([key, value]) => need('userextras', value, { group: AUTHENTICATION, subresource: extraKey(key) })),
    ...(uid === undefined ? [] : [need('uids', uid, { group: AUTHENTICATION })]),
  ];
  const found = given === undefined && account !== undefined ? accountGroups(account.namespace) : groups;
  const extras = Object.fromEntries(extra.map(([key, value]) => [extraKey(key), [value]]));
  return { needs, user: withStanding({ name, groups: found, uid, extra: extras }) };
}

const AUTHENTICATION = 'authentication.k8s.io';
const extraKey = (header: string): string => header.slice(EXTRA.length);

function need(plural: string, name: string, more: Partial<ResourceAttributes> = {}): Attributes {
  return {
    verb: 'impersonate',
    resource: { group: '', plural, subresource: '', name, namespace: '', ...more },
    path: '',
  };
}
