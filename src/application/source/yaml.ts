// One YAML document as kubectl reads it: YAML 1.1 booleans and octals, merge keys, dates as text, duplicate keys refused. The result is
// plain JSON of bounded size, whatever its aliases say.
import {
  CORE_SCHEMA,
  defineScalarTag,
  load,
  mergeTag,
  NOT_RESOLVED,
  YAMLException,
  type ScalarTagDefinition,
} from 'js-yaml';

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
const MAX_VALUES = 200_000;

const TRUE = /^(y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE)$/;
const FALSE = /^(n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/;

const boolean = defineScalarTag<boolean>('tag:yaml.org,2002:bool', {
  implicit: true,
  resolve: (source) => (TRUE.test(source) ? true : FALSE.test(source) ? false : NOT_RESOLVED),
  identify: (data) => typeof data === 'boolean',
});

const integer = defineScalarTag<number>('tag:yaml.org,2002:int', {
  implicit: true,
  resolve: (source) => integerOf(source) ?? NOT_RESOLVED,
  identify: (data) => Number.isInteger(data),
});

const float = defineScalarTag<number>('tag:yaml.org,2002:float', {
  implicit: true,
  resolve(source) {
    const plain = source.replaceAll('_', '');
    return /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(plain) && /^[-+.0-9]/.test(source)
      ? Number(plain)
      : NOT_RESOLVED;
  },
  identify: (data) => typeof data === 'number',
});

const SCHEMA = CORE_SCHEMA.withTags(mergeTag, boolean, integer, float as ScalarTagDefinition<number>);

const INTEGERS: [RegExp, number, number][] = [
  [/^[-+]?0b[01]+$/, 2, 2],
  [/^[-+]?0o[0-7]+$/, 2, 8],
  [/^[-+]?0x[0-9a-fA-F]+$/, 2, 16],
  [/^[-+]?0[0-7]+$/, 1, 8],
  [/^[-+]?(0|[1-9][0-9]*)$/, 0, 10],
];

function integerOf(source: string): number | undefined {
  if (!/^[-+0-9]/.test(source)) return undefined;
  const plain = source.replaceAll('_', '');
  for (const [form, prefix, base] of INTEGERS) {
    if (!form.test(plain)) continue;
    const value = Number.parseInt(plain.replace(/^[-+]/, '').slice(prefix), base);
    return plain.startsWith('-') ? -value : value;
  }
  return undefined;
}

/** The value of one document; undefined where it is empty. Throws YamlError. */
export function parseDocument(text: string): unknown {
  if (text.split('\n').every((line) => /^(---|\.\.\.)?\s*(#.*)?$/.test(line) || line.startsWith('%'))) return undefined;
  try {
    const value = load(text, { schema: SCHEMA, maxDepth: MAX_DEPTH, maxAliases: MAX_ALIASES });
    return plainCopy(value, { left: MAX_VALUES }, '');
  } catch (error) {
    if (error instanceof YamlError) throw error;
    if (error instanceof YAMLException) throw new YamlError((error.mark?.line ?? 0) + 1, error.reason);
    throw new YamlError(1, error instanceof Error ? error.message : String(error));
  }
}

/** A copy without shared parts, so that aliases cannot make it larger than it may be later on. */
function plainCopy(value: unknown, budget: { left: number }, path: string): unknown {
  if (--budget.left < 0)
    throw new YamlError(1, `the document holds more than ${MAX_VALUES} values once its aliases are expanded`);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return checkedNumber(value, path);
  if (Array.isArray(value)) return value.map((item, index) => plainCopy(item, budget, `${path}[${index}]`));
  if (typeof value !== 'object' || !(Object.getPrototypeOf(value) === Object.prototype)) {
    throw new YamlError(1, `${path || 'the document'} is of a type that JSON does not have`);
  }
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (key === '__proto__') throw new YamlError(1, `${at}: a field cannot be called __proto__`);
    copy[key] = plainCopy(item, budget, at);
  }
  return copy;
}

function checkedNumber(value: number, path: string): number {
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new YamlError(1, `${path}: ${value} is too large to be kept exactly; put it in quotes if it is text`);
  }
  return value;
}
