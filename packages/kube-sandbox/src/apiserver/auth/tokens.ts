// Bearer tokens: those of configured users, and those that a ServiceAccount's token subresource gives out.
import { unauthorized } from '../errors.ts';
import { at } from '../json.ts';
import type { Storage } from '../storage.ts';
import type { Clock } from '../../clock.ts';
import { accountGroups, accountUserName, ADMIN, withStanding, type AccountName, type User } from './user.ts';

interface AccountToken extends AccountName {
  uid: unknown;
  /** Milliseconds since the epoch. */
  expires: number;
}

export class Tokens {
  readonly #users = new Map<string, User>();
  readonly #accounts = new Map<string, AccountToken>();
  readonly #storage: Storage;
  readonly #clock: Clock;
  #count = 0;

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  /** A token for a user of that name and those groups. */
  forUser(user: User): string {
    const token = `sandbox-user-${++this.#count}`;
    this.#users.set(token, withStanding(user));
    return token;
  }

  /** A token for a ServiceAccount: good as long as that very account lives, and until it expires. */
  forAccount(account: AccountName, uid: unknown, expires: number): string {
    const token = `sandbox-account-${++this.#count}`;
    this.#accounts.set(token, { ...account, uid, expires });
    return token;
  }

  /** Who asks. Without a token it is the administrator: a sandbox is its user's own. Errors: 401. */
  user(authorization: string | undefined): User {
    const token = /^bearer +(\S+)$/i.exec(authorization?.trim() ?? '')?.[1];
    if (token === undefined) return ADMIN;
    const user = this.#users.get(token) ?? this.#account(token);
    if (user === undefined) throw unauthorized();
    return user;
  }

  #account(token: string): User | undefined {
    const found = this.#accounts.get(token);
    if (found === undefined || found.expires <= this.#clock.now()) return undefined;
    const account = this.#storage.get('/serviceaccounts', `${found.namespace}/${found.name}`);
    if (account === undefined || at(account, 'metadata', 'uid') !== found.uid) return undefined;
    const uid = typeof found.uid === 'string' ? { uid: found.uid } : {};
    return withStanding({ name: accountUserName(found), groups: accountGroups(found.namespace), ...uid });
  }
}
