// Label and field selectors: parsing with the server's errors, and matching.
import { badRequest } from './errors.ts';
import { at, dictOr, isDict } from './json.ts';

export type Match = (object: unknown) => boolean;

interface Requirement {
  key: string;
  op: '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<';
  values: string[];
}

const TOKEN = /\s*(==|!=|=|!|>|<|\(|\)|,|[^\s=!<>(),]+)/y;

function tokens(text: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token !== null; token = TOKEN.exec(text)) found.push(token[1] ?? '');
  return found;
}

const isWord = (token: string | undefined): token is string =>
  token !== undefined && !/^(==|!=|=|!|>|<|\(|\)|,)$/.test(token);

class LabelParser {
  #at = 0;
  readonly #tokens: string[];

  constructor(text: string) {
    this.#tokens = tokens(text);
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    while (this.#at < this.#tokens.length) {
      requirements.push(this.#requirement());
      const token = this.#tokens[this.#at];
      if (token === undefined) break;
      if (token !== ',')
        throw badRequest(`unable to parse requirement: found '${token}', expected: ',' or 'end of string'`);
      this.#at++;
      if (this.#at >= this.#tokens.length) throw badRequest("found '', expected: identifier after ','");
    }
    return requirements;
  }

  #requirement(): Requirement {
    const first = this.#tokens[this.#at++];
    if (first === '!') {
      const key = this.#tokens[this.#at++];
      if (!isWord(key)) throw badRequest(`found '${key ?? ''}', expected: identifier`);
      return { key, op: '!', values: [] };
    }
    if (!isWord(first)) throw badRequest(`found '${first ?? ''}', expected: !, identifier, or 'end of string'`);
    return this.#operator(first);
  }

  #operator(key: string): Requirement {
    const op = this.#tokens[this.#at];
    if (op === undefined || op === ',') return { key, op: 'exists', values: [] };
    this.#at++;
    if (op === '=' || op === '==') return { key, op: '=', values: [this.#value()] };
    if (op === '!=' || op === '>' || op === '<') return { key, op, values: [this.#value()] };
    if (op === 'in' || op === 'notin') return { key, op, values: this.#values() };
    throw badRequest(`found '${op}', expected: in, notin, =, ==, !=, gt, lt`);
  }

  #value(): string {
    const token = this.#tokens[this.#at];
    if (!isWord(token)) return '';
    this.#at++;
    return token;
  }

  #values(): string[] {
    const open = this.#tokens[this.#at++];
    if (open !== '(') throw badRequest(`found '${open ?? ''}', expected: '('`);
    const values: string[] = [];
    for (;;) {
      values.push(this.#value());
      const token = this.#tokens[this.#at++];
      if (token === ')') return values;
      if (token !== ',') throw badRequest(`found '${token ?? ''}', expected: ',' or ')'`);
    }
  }
}

function holds(requirement: Requirement, labels: Record<string, unknown>): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? String(labels[requirement.key]) : undefined;
  switch (requirement.op) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case '=':
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !requirement.values.includes(value);
    case '>':
      return value !== undefined && Number(value) > Number(requirement.values[0]);
    case '<':
      return value !== undefined && Number(value) < Number(requirement.values[0]);
  }
}

/** Matches objects by `metadata.labels`. Errors: 400 with the text of the server's parser. */
export function labelMatch(selector: string): Match {
  const requirements = new LabelParser(selector).parse();
  return (object) => {
    const labels = dictOr(at(object, 'metadata', 'labels'));
    return requirements.every((requirement) => holds(requirement, labels));
  };
}

export interface FieldLabels {
  /** Dotted paths that may be asked for, besides metadata.name and metadata.namespace. */
  labels: readonly string[];
  /** The error text for other paths. */
  refuse: (label: string) => string;
}

/** Matches objects by fields. Errors: 400 for what is no selector and for fields that cannot be selected by. */
export function fieldMatch(selector: string, fields: FieldLabels): Match {
  const tests = selector
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const found = /^(.*?)(==|!=|=)(.*)$/.exec(part);
      if (found === null) throw badRequest(`invalid selector: '${selector}'; can't understand '${part}'`);
      const [, path = '', op, value = ''] = found;
      if (!['metadata.name', 'metadata.namespace', ...fields.labels].includes(path))
        throw badRequest(fields.refuse(path));
      return { path: path.split('.'), negative: op === '!=', value: value.replaceAll(/\\([\\,=])/g, '$1') };
    });
  return (object) =>
    tests.every(({ path, negative, value }) => {
      const found = at(object, ...path);
      const text = found === undefined || found === null || isDict(found) ? '' : String(found as string | number);
      return (text === value) !== negative;
    });
}
