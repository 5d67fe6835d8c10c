// What judges requests: who holds which token, and what the roles allow.
import type { Rbac } from './rbac.ts';
import type { Tokens } from './tokens.ts';

export interface Access {
  tokens: Tokens;
  rbac: Rbac;
}
