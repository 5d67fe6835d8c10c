// Defaults and checks of network policies.
import { BlockList, isIP } from 'node:net';
import { forbidden, invalid, required, type Cause } from 'kube-schema/cause';
import type { Dict } from './json.ts';
import { dictOr, ensure, has, isDict, listOr, setDefault, textOr } from './json.ts';
import { oneOf } from './pod-validation.ts';
import { portCauses, portNameCauses } from './port-validation.ts';
import { selectorCauses } from './selector-validation.ts';

export function defaultNetworkPolicy(object: Dict): void {
  const spec = ensure(object, 'spec');
  ensure(spec, 'podSelector');
  const rules = [...listOr(spec['ingress']), ...listOr(spec['egress'])];
  for (const port of rules.flatMap((rule) => listOr(dictOr(rule)['ports'])))
    if (isDict(port)) setDefault(port, 'protocol', 'TCP');
  setDefault(spec, 'policyTypes', has(spec, 'egress') ? ['Ingress', 'Egress'] : ['Ingress']);
}

export function validateNetworkPolicy(object: Dict): Cause[] {
  const spec = dictOr(object['spec']);
  const types = listOr(spec['policyTypes']);
  return [
    ...selectorCauses(spec['podSelector'], 'spec.podSelector'),
    ...rulesOf(spec, 'ingress', 'from'),
    ...rulesOf(spec, 'egress', 'to'),
    ...(types.length > 2 ? [invalid('spec.policyTypes', types, 'may not specify more than two policyTypes')] : []),
    ...(types.length > 2
      ? []
      : types.flatMap((type, i) => oneOf(type, ['Ingress', 'Egress'], `spec.policyTypes[${i}]`))),
  ];
}

function rulesOf(spec: Dict, direction: 'ingress' | 'egress', peers: 'from' | 'to'): Cause[] {
  return listOr(spec[direction])
    .map(dictOr)
    .flatMap((rule, i) => {
      const at = `spec.${direction}[${i}]`;
      return [
        ...listOr(rule['ports']).flatMap((port, j) => portRule(dictOr(port), `${at}.ports[${j}]`)),
        ...listOr(rule[peers]).flatMap((peer, j) => peerCauses(dictOr(peer), `${at}.${peers}[${j}]`)),
      ];
    });
}

function portRule({ protocol, port, endPort }: Dict, at: string): Cause[] {
  const causes = oneOf(protocol, ['TCP', 'UDP', 'SCTP'], `${at}.protocol`);
  if (typeof port === 'number') causes.push(...portCauses(port, `${at}.port`));
  else if (port !== undefined) causes.push(...portNameCauses(textOr(port), `${at}.port`));
  if (typeof endPort === 'number' && typeof port === 'number' && endPort < port)
    causes.push(invalid(`${at}.endPort`, port, 'must be greater than or equal to `port`'));
  return causes;
}

function peerCauses(peer: Dict, at: string): Cause[] {
  const selectors = ['podSelector', 'namespaceSelector'].filter((name) => isDict(peer[name]));
  const causes = selectors.flatMap((name) => selectorCauses(peer[name], `${at}.${name}`));
  const block = peer['ipBlock'];
  if (isDict(block)) causes.push(...blockCauses(block, `${at}.ipBlock`));
  if (selectors.length === 0 && !isDict(block)) causes.push(required(at, 'must specify a peer'));
  else if (selectors.length > 0 && isDict(block))
    causes.push(forbidden(at, 'may not specify both ipBlock and another peer'));
  return causes;
}

interface Block {
  address: string;
  bits: number;
  family: 'ipv4' | 'ipv6';
}

function blockOf(cidr: string): Block | undefined {
  const [, address = '', bits = ''] = /^(.+)\/(\d{1,3})$/.exec(cidr) ?? [];
  const version = isIP(address);
  if (version === 0 || Number(bits) > (version === 4 ? 32 : 128)) return undefined;
  return { address, bits: Number(bits), family: version === 4 ? 'ipv4' : 'ipv6' };
}

const NO_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

function blockCauses(block: Dict, at: string): Cause[] {
  const cidr = textOr(block['cidr']);
  if (cidr === '') return [required(`${at}.cidr`)];
  const whole = blockOf(cidr);
  if (whole === undefined) return [invalid(`${at}.cidr`, cidr, NO_CIDR)];
  return listOr(block['except']).flatMap((given, i) => {
    const except = textOr(given);
    const part = blockOf(except);
    if (part === undefined) return [invalid(`${at}.except[${i}]`, except, NO_CIDR)];
    return isInside(part, whole) ? [] : [invalid(`${at}.except[${i}]`, except, 'must be a strict subset of `cidr`')];
  });
}

function isInside(part: Block, whole: Block): boolean {
  const list = new BlockList();
  list.addSubnet(whole.address, whole.bits, whole.family);
  return part.family === whole.family && part.bits > whole.bits && list.check(part.address, part.family);
}
