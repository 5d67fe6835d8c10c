// The state machine as a Mermaid diagram for docs/state-machine.md. The same machine gives the same bytes.
import { machine } from '../src/rollout/machine.ts';

type Node = (typeof machine)['root'];

/** `isClearAndFullyReady` → `is clear and fully ready`. */
const words = (name: string): string => name.replace(/([A-Z])/g, ' $1').toLowerCase();
const idOf = (node: Node): string => node.path.join('_');

function lines(node: Node, indent: string): string[] {
  const out: string[] = [];
  const children = Object.values(node.states) as unknown as Node[];
  for (const child of children) {
    const nested = Object.keys(child.states).length > 0;
    if (nested) out.push(`${indent}state ${idOf(child)} {`, ...lines(child, `${indent}  `), `${indent}}`);
    else out.push(`${indent}${idOf(child)}: ${child.key}`);
  }
  const [initial] = node.initial.target;
  if (initial) out.push(`${indent}[*] --> ${idOf(initial as unknown as Node)}`);
  return out;
}

function edges(node: Node): string[] {
  const own = (node.always ?? []).map((t) => {
    const target = (t.target?.[0] as unknown as Node | undefined) ?? node;
    return `  ${idOf(node)} --> ${idOf(target)}: ${typeof t.guard === 'string' ? words(t.guard) : 'always'}`;
  });
  return [...own, ...(Object.values(node.states) as unknown as Node[]).flatMap(edges)];
}

function descriptions(node: Node): string[] {
  const own = node.description === undefined ? [] : [`- **${node.path.join('.')}**: ${node.description}`];
  return [...own, ...(Object.values(node.states) as unknown as Node[]).flatMap(descriptions)];
}

/** The whole of docs/state-machine.md. */
export function stateMachinePage(): string {
  return [
    '# The state machine of a Rollout',
    '',
    'Generated from `src/rollout/machine.ts` by `npm run generate`; do not edit.',
    '',
    'Each pass feeds the machine what was observed. Guards are asked from the inner state outwards and from top to bottom, and',
    'one pass goes as far as they allow. A rejection outranks everything: no transition that goes forward is taken while one stands.',
    'What a state wants of the world is in `src/rollout/wanted.ts`.',
    '',
    '```mermaid',
    'stateDiagram-v2',
    ...lines(machine.root, '  '),
    ...edges(machine.root),
    '```',
    '',
    ...descriptions(machine.root),
    '',
  ].join('\n');
}
