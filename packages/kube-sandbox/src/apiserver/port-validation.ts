// Ports, by number and by name.
import { invalid, type Cause } from 'kube-schema/cause';

export function portCauses(port: unknown, field: string): Cause[] {
  if (typeof port === 'number' && port >= 1 && port <= 65_535) return [];
  return [invalid(field, port ?? 0, 'must be between 1 and 65535, inclusive')];
}

const NAME_RULES: [keeps: (name: string) => boolean, says: string][] = [
  [(name) => name.length <= 15, 'must be no more than 15 characters'],
  [(name) => /^[-a-z0-9]+$/.test(name), 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'],
  [(name) => /[a-z]/.test(name), 'must contain at least one letter (a-z)'],
  [(name) => !name.includes('--'), 'must not contain consecutive hyphens'],
  [(name) => !/^-|-$/.test(name), 'must not begin or end with a hyphen'],
];

export const portNameCauses = (name: string, field: string): Cause[] =>
  NAME_RULES.filter(([keeps]) => !keeps(name)).map(([, says]) => invalid(field, name, says));
