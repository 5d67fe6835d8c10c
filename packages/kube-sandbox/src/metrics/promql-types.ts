// Types of PromQL expressions and the checks that Prometheus makes before it runs a query.
import { COMPARISONS, failAt, SET_OPERATORS } from './promql-ast.ts';
import type { Aggregate, Binary, Call, Expr, Subquery, Unary, ValueType } from './promql-ast.ts';

interface Signature {
  args: ValueType[];
  /** How many of the last arguments may be left out. Default 0. */
  optional?: number;
  returns: ValueType;
}

const overTime: Signature = { args: ['matrix'], returns: 'vector' };
const perSample: Signature = { args: ['vector'], returns: 'vector' };

/** The functions this store knows. */
export const FUNCTIONS: Readonly<Record<string, Signature>> = {
  ...Object.fromEntries(
    ['rate', 'irate', 'increase', 'delta', 'idelta', 'resets', 'changes', 'deriv'].map((name) => [name, overTime]),
  ),
  ...Object.fromEntries(
    ['avg', 'sum', 'min', 'max', 'count', 'last', 'present', 'stddev', 'stdvar', 'absent'].map((name) => [
      `${name}_over_time`,
      overTime,
    ]),
  ),
  ...Object.fromEntries(
    [
      'abs',
      'ceil',
      'floor',
      'exp',
      'sqrt',
      'ln',
      'log2',
      'log10',
      'sgn',
      'absent',
      'timestamp',
      'sort',
      'sort_desc',
    ].map((name) => [name, perSample]),
  ),
  quantile_over_time: { args: ['scalar', 'matrix'], returns: 'vector' },
  histogram_quantile: { args: ['scalar', 'vector'], returns: 'vector' },
  vector: { args: ['scalar'], returns: 'vector' },
  scalar: { args: ['vector'], returns: 'scalar' },
  time: { args: [], returns: 'scalar' },
  round: { args: ['vector', 'scalar'], optional: 1, returns: 'vector' },
  clamp: { args: ['vector', 'scalar', 'scalar'], returns: 'vector' },
  clamp_min: { args: ['vector', 'scalar'], returns: 'vector' },
  clamp_max: { args: ['vector', 'scalar'], returns: 'vector' },
  label_replace: { args: ['vector', 'string', 'string', 'string', 'string'], returns: 'vector' },
};

/** Aggregations, with the type of the parameter of those that take one. */
export const AGGREGATIONS: Readonly<Record<string, ValueType | undefined>> = {
  sum: undefined,
  avg: undefined,
  min: undefined,
  max: undefined,
  count: undefined,
  group: undefined,
  stddev: undefined,
  stdvar: undefined,
  quantile: 'scalar',
  topk: 'scalar',
  bottomk: 'scalar',
  count_values: 'string',
};

const SPOKEN: Record<ValueType, string> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
};

const FIXED: Partial<Record<Expr['type'], ValueType>> = {
  number: 'scalar',
  string: 'string',
  range: 'matrix',
  subquery: 'matrix',
  selector: 'vector',
  aggregate: 'vector',
};

export function typeOf(expr: Expr): ValueType {
  if (expr.type === 'call') return FUNCTIONS[expr.name]?.returns ?? 'vector';
  if (expr.type === 'paren' || expr.type === 'unary') return typeOf(expr.expr);
  if (expr.type === 'binary')
    return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector';
  return FIXED[expr.type] ?? 'vector';
}

function expectType(query: string, expr: Expr, wanted: ValueType, where: string): void {
  const got = typeOf(expr);
  if (got !== wanted) failAt(query, expr.from, `expected type ${SPOKEN[wanted]} in ${where}, got ${SPOKEN[got]}`);
}

function checkCall(query: string, call: Call): void {
  const signature = FUNCTIONS[call.name];
  if (signature === undefined) failAt(query, call.from, `unknown function with name "${call.name}"`);
  const { args: wanted, optional = 0 } = signature;
  const given = call.args.length;
  const tail = `argument(s) in call to "${call.name}", got ${given}`;
  if (optional === 0 && given !== wanted.length) failAt(query, call.from, `expected ${wanted.length} ${tail}`);
  if (given < wanted.length - optional)
    failAt(query, call.from, `expected at least ${wanted.length - optional} ${tail}`);
  if (given > wanted.length) failAt(query, call.from, `expected at most ${wanted.length} ${tail}`);
  for (const [index, arg] of call.args.entries())
    expectType(query, arg, wanted[index] ?? 'vector', `call to function "${call.name}"`);
}

function checkAggregate(query: string, aggregate: Aggregate): void {
  expectType(query, aggregate.expr, 'vector', 'aggregation expression');
  const wanted = AGGREGATIONS[aggregate.name];
  if (wanted !== undefined && aggregate.param !== undefined)
    expectType(query, aggregate.param, wanted, 'aggregation parameter');
}

function checkMatching(query: string, { operator, matching, left, from }: Binary, scalars: number): void {
  if (SET_OPERATORS.has(operator) && scalars > 0)
    failAt(query, from, `set operator "${operator}" not allowed in binary scalar expression`);
  if (SET_OPERATORS.has(operator) && matching.group !== undefined)
    failAt(query, from, `no grouping allowed for "${operator}" operation`);
  if (scalars > 0 && matching.labels.length > 0)
    failAt(query, from, 'vector matching only allowed between instant vectors');
  const twice = matching.on ? matching.include.find((label) => matching.labels.includes(label)) : undefined;
  if (twice !== undefined)
    failAt(query, operatorAt(query, left), `label "${twice}" must not occur in ON and GROUP clause at once`);
}

const operatorAt = (query: string, left: Expr): number =>
  left.to + (/^\s*/.exec(query.slice(left.to))?.[0].length ?? 0);

function checkBinary(query: string, binary: Binary): void {
  const { left, right, operator, bool } = binary;
  const types = [typeOf(left), typeOf(right)];
  const comparison = COMPARISONS.has(operator);
  if (bool && !comparison)
    failAt(query, operatorAt(query, left), 'bool modifier can only be used on comparison operators');
  const scalars = types.filter((type) => type === 'scalar').length;
  if (comparison && !bool && scalars === 2)
    failAt(query, operatorAt(query, left), 'comparisons between scalars must use BOOL modifier');
  for (const [index, side] of [left, right].entries())
    if (types[index] !== 'scalar' && types[index] !== 'vector')
      failAt(query, side.from, 'binary expression must contain only scalar and instant vector types');
  checkMatching(query, binary, scalars);
}

/** The expressions that an expression is made of, from the left. */
function partsOf(expr: Expr): Expr[] {
  if (expr.type === 'call') return expr.args;
  if (expr.type === 'aggregate') return expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
  if (expr.type === 'binary') return [expr.left, expr.right];
  return 'expr' in expr ? [expr.expr] : [];
}

function checkUnary(query: string, expr: Unary): void {
  const got = typeOf(expr.expr);
  const why = 'unary expression only allowed on expressions of type scalar or instant vector, got';
  if (got !== 'scalar' && got !== 'vector') failAt(query, expr.from, `${why} "${SPOKEN[got]}"`);
}

function checkSubquery(query: string, expr: Subquery): void {
  const got = typeOf(expr.expr);
  if (got !== 'vector') failAt(query, expr.from, `subquery is only allowed on instant vector, got ${got} instead`);
}

/** Throws a ParseError for the first expression whose parts do not fit. Parts are checked before what they are part of. */
export function checkTypes(query: string, expr: Expr): void {
  for (const part of partsOf(expr)) checkTypes(query, part);
  if (expr.type === 'call') checkCall(query, expr);
  else if (expr.type === 'aggregate') checkAggregate(query, expr);
  else if (expr.type === 'binary') checkBinary(query, expr);
  else if (expr.type === 'unary') checkUnary(query, expr);
  else if (expr.type === 'subquery') checkSubquery(query, expr);
}
