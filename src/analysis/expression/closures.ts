// Functions whose argument is evaluated for each element of a list, with `#` and `#index`.
import { KEPT } from './budget.ts';
import { EvaluationProblem, SyntaxProblem } from './errors.ts';
import { costOf, type Frame, type Run } from './frame.ts';
import type { closureFunction } from './functions.ts';
import { typeOf } from './operators.ts';
import type { Node } from './syntax.ts';

type Call = Extract<Node, { type: 'call' }>;

export function requireArguments(node: Call, least: number, most: number): void {
  if (node.args.length >= least && node.args.length <= most) return;
  const wanted = least === most ? String(least) : `${least} to ${most}`;
  throw new SyntaxProblem(`${node.name} takes ${wanted} arguments, not ${node.args.length}`, node.position);
}

const ITSELF: Run = (frame) => frame.item;

export function closureRun(
  node: Call,
  build: (part: Node) => Run,
  closure: NonNullable<ReturnType<typeof closureFunction>>,
): Run {
  const alone = node.name === 'count' || node.name === 'sum';
  requireArguments(node, alone ? 1 : 2, 2);
  const [list, body = ITSELF] = node.args.map(build);
  return (frame) => {
    const value = listFor(node, list?.(frame));
    return inClosure(frame, () =>
      closure(value, (item, index) => {
        costOf(frame, node).spend(1 + KEPT);
        frame.item = item;
        frame.index = index;
        return body(frame);
      }),
    );
  };
}

/** `reduce(list, body)`, with `#acc` for what came before; `reduce(list, body, initial)`. */
export function reduceRun(node: Call, build: (part: Node) => Run): Run {
  requireArguments(node, 2, 3);
  const [list, body = ITSELF, initial] = node.args.map(build);
  return (frame) => {
    const value = listFor(node, list?.(frame));
    const begins: unknown = initial === undefined ? value[0] : initial(frame);
    if (initial === undefined && value.length === 0)
      throw new EvaluationProblem('reduce of an empty list needs a third argument to begin with');
    return inClosure(frame, () => {
      frame.acc = begins;
      for (let index = initial === undefined ? 1 : 0; index < value.length; index++) {
        costOf(frame, node).spend(1 + KEPT);
        frame.item = value[index];
        frame.index = index;
        frame.acc = body(frame);
      }
      return frame.acc;
    });
  };
}

function listFor({ name }: Call, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new EvaluationProblem(`${name} needs a list, not a ${typeOf(value)}`);
  return value;
}

/** What `#`, `#index` and `#acc` mean outside is the same afterwards. */
function inClosure(frame: Frame, run: () => unknown): unknown {
  const { item, index, acc } = frame;
  try {
    return run();
  } finally {
    Object.assign(frame, { item, index, acc });
  }
}
