// Who asks: a user with groups, as authentication finds it and authorization judges it.

export interface User {
  name: string;
  groups: readonly string[];
  uid?: string | undefined;
  extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** This group may do everything, whatever the roles say. */
export const MASTERS = 'system:masters';
const AUTHENTICATED = 'system:authenticated';
const UNAUTHENTICATED = 'system:unauthenticated';
const ANONYMOUS = 'system:anonymous';

const PREFIX = 'system:serviceaccount:';

export const ADMIN: User = { name: 'admin', groups: [MASTERS, AUTHENTICATED] };

export interface AccountName {
  namespace: string;
  name: string;
}

export const accountUserName = ({ namespace, name }: AccountName): string => `${PREFIX}${namespace}:${name}`;

export const accountGroups = (namespace: string): string[] => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
];

/** Undefined when the user is no ServiceAccount. */
export function accountOf(userName: string): AccountName | undefined {
  if (!userName.startsWith(PREFIX)) return undefined;
  const [namespace = '', name = '', ...rest] = userName.slice(PREFIX.length).split(':');
  return namespace === '' || name === '' || rest.length > 0 ? undefined : { namespace, name };
}

/** The groups that everybody with a name belongs to besides those that were found. */
export function withStanding(user: User): User {
  const standing = user.name === ANONYMOUS ? UNAUTHENTICATED : AUTHENTICATED;
  const isSaid = user.groups.includes(AUTHENTICATED) || user.groups.includes(UNAUTHENTICATED);
  return isSaid ? user : { ...user, groups: [...user.groups, standing] };
}
