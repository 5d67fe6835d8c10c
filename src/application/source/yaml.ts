// One YAML document as kubectl reads it: YAML 1.1 booleans and octals, merge keys, dates as text, duplicate keys refused. The result is
// plain JSON, and every value of it is counted.
import {
  constructFromEvents,
  CORE_SCHEMA,
  defineMappingTag,
  defineScalarTag,
  mapTag,
  mergeTag,
  NOT_RESOLVED,
  parseEvents,
  YAMLException,
  type ScalarTagDefinition,
} from 'js-yaml';
import { LimitExceeded, SourceBudget } from '../../ports/source-budget.ts';

/** Where parsing failed; `line` counts from 1 within the text that was given. */
export class YamlError extends Error {
  override readonly name = 'YamlError';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const MAX_DEPTH = 64;
const MAX_ALIASES = 200;
const MAX_MERGE_KEYS = 10_000;

const TRUE = /^(y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE)$/;
const FALSE = /^(n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/;

const boolean = defineScalarTag<boolean>('tag:yaml.org,2002:bool', {
  implicit: true,
  resolve: (source) => (TRUE.test(source) ? true : FALSE.test(source) ? false : NOT_RESOLVED),
  identify: (data) => typeof data === 'boolean',
});

/** A number that JavaScript cannot keep exactly. */
const INEXACT = Symbol('inexact');

const integer = defineScalarTag<number | typeof INEXACT>('tag:yaml.org,2002:int', {
  implicit: true,
  resolve: (source) => integerOf(source) ?? NOT_RESOLVED,
  identify: (data) => Number.isInteger(data),
});

const float = defineScalarTag<number>('tag:yaml.org,2002:float', {
  implicit: true,
  resolve: (source) => floatOf(source) ?? NOT_RESOLVED,
  identify: (data) => typeof data === 'number',
});

/** The forms that Go's strconv.ParseInt takes with base 0, once underscores are gone. */
const INTEGERS: [form: RegExp, prefix: number, base: string][] = [
  [/^[-+]?0b[01]+$/i, 2, '0b'],
  [/^[-+]?0o[0-7]+$/i, 2, '0o'],
  [/^[-+]?0x[0-9a-f]+$/i, 2, '0x'],
  [/^[-+]?0[0-7]+$/, 1, '0o'],
  [/^[-+]?(0|[1-9][0-9]*)$/, 0, ''],
];

const [INT64, UINT64] = [2n ** 63n, 2n ** 64n];
/** More digits than 64 bits have in base 2, with room for zeros in front. */
const MAX_DIGITS = 400;

function integerOf(source: string): number | typeof INEXACT | undefined {
  if (!/^[-+0-9]/.test(source) || source.length > MAX_DIGITS) return undefined;
  const plain = source.replaceAll('_', '');
  const found = INTEGERS.find(([form]) => form.test(plain));
  if (found === undefined) return undefined;
  const [, prefix, base] = found;
  const size = BigInt(base + plain.replace(/^[-+]/, '').slice(prefix));
  const value = plain.startsWith('-') ? -size : size;
  // Beyond 64 bits it is a float to kubectl, or text where no float looks so.
  if (value < -INT64 || value >= UINT64) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : INEXACT;
}

function floatOf(source: string): number | undefined {
  if (/^[-+]?\.(inf|Inf|INF)$/.test(source)) return source.startsWith('-') ? -Infinity : Infinity;
  if (/^\.(nan|NaN|NAN)$/.test(source)) return Number.NaN;
  if (!/^[-+.0-9]/.test(source)) return undefined;
  const plain = source.startsWith('.') ? source : source.replaceAll('_', '');
  if (!/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(plain)) return undefined;
  const value = Number(plain);
  // Go calls it out of range, and kubectl keeps the text.
  return Number.isFinite(value) ? value : undefined;
}

/** Parses documents of one commit on one budget. */
export class YamlReader {
  readonly #budget: SourceBudget;
  readonly #schema: typeof CORE_SCHEMA;

  constructor(budget: SourceBudget) {
    this.#budget = budget;
    const mapping = defineMappingTag<Record<string, unknown>>('tag:yaml.org,2002:map', {
      ...mapTag,
      keys(result) {
        const keys = Object.keys(result);
        budget.spend('mergeKeys', keys.length + 1);
        return keys;
      },
    });
    const scalars = [mergeTag, boolean, integer, float] as ScalarTagDefinition<number>[];
    this.#schema = CORE_SCHEMA.withTags(...scalars, mapping);
  }

  /** The value of one document; undefined where it is empty. Throws YamlError, and LimitExceeded. */
  parse(text: string): unknown {
    if (isEmpty(text)) return undefined;
    try {
      const events = parseEvents(text, { maxDepth: MAX_DEPTH });
      const options = {
        source: text,
        schema: this.#schema,
        maxAliases: MAX_ALIASES,
        maxTotalMergeKeys: MAX_MERGE_KEYS,
      };
      const values = constructFromEvents(events, options);
      if (values.length > 1) throw new YamlError(1, 'a second document begins without a line of ---');
      return plainCopy(values[0], this.#budget, { path: '', depth: 0 });
    } catch (error) {
      if (error instanceof YamlError || error instanceof LimitExceeded) throw error;
      if (error instanceof YAMLException) throw new YamlError((error.mark?.line ?? 0) + 1, withoutQuotes(error.reason));
      throw new YamlError(1, error instanceof Error ? error.message : String(error));
    }
  }
}

/** One document by itself, on a budget of its own; undefined where it is empty. Throws YamlError, and LimitExceeded. */
export const parseDocument = (text: string): unknown => new YamlReader(new SourceBudget()).parse(text);

/** What stands in the document may be the value of a Secret: where it is, is said by the line. */
const withoutQuotes = (reason: string): string =>
  reason.replaceAll(/\s*(?:"[^]*"|!<[^]*>|(?<=such characters): [^]*$)/g, '');

function isEmpty(text: string): boolean {
  for (const [line] of text.matchAll(/^.*$/gm)) {
    if (!/^(---|\.\.\.)?\s*(#.*)?$/.test(line) && !line.startsWith('%')) return false;
  }
  return true;
}

interface Place {
  path: string;
  depth: number;
}

/** A copy without shared parts, so that aliases cannot make it larger than it may be later on. */
function plainCopy(value: unknown, budget: SourceBudget, { path, depth }: Place): unknown {
  budget.spend('values', 1);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' || value === INEXACT) return checkedNumber(value, path);
  if (depth > MAX_DEPTH) throw new YamlError(1, `nested deeper than ${MAX_DEPTH} once aliases are expanded`);
  const inside = (at: string): Place => ({ path: at, depth: depth + 1 });
  if (Array.isArray(value)) return value.map((item, index) => plainCopy(item, budget, inside(`${path}[${index}]`)));
  return copyOfFields(value, path, (item, at) => plainCopy(item, budget, inside(at)));
}

function copyOfFields(value: unknown, path: string, copyOf: (item: unknown, at: string) => unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    throw new YamlError(1, `${path || 'the document'} is of a type that JSON does not have`);
  }
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (key === '__proto__') throw new YamlError(1, `${at}: a field cannot be called __proto__`);
    copy[key] = copyOf(item, at);
  }
  return copy;
}

function checkedNumber(value: number | typeof INEXACT, path: string): number {
  const at = path === '' ? '' : `${path}: `;
  if (value === INEXACT) {
    throw new YamlError(1, `${at}the number is too large to be kept exactly; put it in quotes if it is text`);
  }
  if (!Number.isFinite(value)) {
    throw new YamlError(1, `${at}${value} is a number that JSON does not have; put it in quotes if it is text`);
  }
  return value === 0 ? 0 : value;
}
