// The tree of a condition. Every node knows where it begins, for messages.

export type Node = { position: number } & (
  | { type: 'literal'; value: number | string | boolean | null }
  | { type: 'list'; items: Node[] }
  | { type: 'map'; entries: { key: Node; value: Node }[] }
  | { type: 'name'; name: string }
  /** `#`, or `.field` of it, inside a closure; in reduce() `#acc` and `#index`, too. */
  | { type: 'item'; which: 'item' | 'acc' | 'index' }
  /** `let name = value; body`. */
  | { type: 'let'; name: string; value: Node; body: Node }
  | { type: 'index'; of: Node; key: Node; optional: boolean }
  /** The whole of `a?.b.c`: nil where an optional step in it meets nil. */
  | { type: 'chain'; of: Node }
  | { type: 'slice'; of: Node; from?: Node; to?: Node }
  | { type: 'unary'; operator: string; of: Node }
  | { type: 'binary'; operator: string; left: Node; right: Node }
  /** `a < b <= c`: each operand is there once, however often it is compared. */
  | { type: 'ordered'; operators: string[]; operands: Node[] }
  | { type: 'choice'; condition: Node; yes: Node; no: Node }
  | { type: 'call'; name: string; args: Node[] }
);

export type Leaf = Extract<Node, { type: 'literal' | 'name' | 'item' }>;

/** Whether a node has no parts. */
export const isLeaf = (node: Node): node is Leaf =>
  node.type === 'literal' || node.type === 'name' || node.type === 'item';

/** The direct parts of a node. */
export function partsOf(node: Node): Node[] {
  if (isLeaf(node)) return [];
  switch (node.type) {
    case 'list':
      return node.items;
    case 'map':
      return node.entries.flatMap((entry) => [entry.key, entry.value]);
    case 'let':
      return [node.value, node.body];
    case 'index':
      return [node.of, node.key];
    case 'chain':
    case 'unary':
      return [node.of];
    case 'slice':
      return [node.of, node.from, node.to].filter((part) => part !== undefined);
    case 'binary':
      return [node.left, node.right];
    case 'ordered':
      return node.operands;
    case 'choice':
      return [node.condition, node.yes, node.no];
    case 'call':
      return node.args;
  }
}

/** Whether `test` holds for the node or anything in it. */
export function someNode(node: Node, test: (node: Node) => boolean): boolean {
  return test(node) || partsOf(node).some((part) => someNode(part, test));
}
