// Kubernetes' protobuf bodies as JSON text, for the few kinds that kubectl sends that way (`kubectl create configmap` and the like).
// Bytes become base64, times RFC 3339; zero values are left out, as they are in JSON.

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** `[]` before a type: a list; `{}`: a map from text. `number` is of 64 bits. */
type FieldType = 'text' | 'bytes' | 'number' | 'boolean' | 'time' | (string & {});
type Message = Record<number, [name: string, type: FieldType]>;

const META: [string, FieldType] = ['metadata', 'ObjectMeta'];
const MESSAGES: Record<string, Message> = {
  Unknown: { 1: ['typeMeta', 'TypeMeta'], 2: ['raw', 'bytes'], 3: ['contentEncoding', 'text'] },
  TypeMeta: { 1: ['apiVersion', 'text'], 2: ['kind', 'text'] },
  Time: { 1: ['seconds', 'number'], 2: ['nanos', 'number'] },
  ObjectMeta: {
    1: ['name', 'text'],
    2: ['generateName', 'text'],
    3: ['namespace', 'text'],
    5: ['uid', 'text'],
    6: ['resourceVersion', 'text'],
    7: ['generation', 'number'],
    8: ['creationTimestamp', 'time'],
    9: ['deletionTimestamp', 'time'],
    10: ['deletionGracePeriodSeconds', 'number'],
    11: ['labels', '{}text'],
    12: ['annotations', '{}text'],
    13: ['ownerReferences', '[]OwnerReference'],
    14: ['finalizers', '[]text'],
  },
  OwnerReference: {
    1: ['kind', 'text'],
    3: ['name', 'text'],
    4: ['uid', 'text'],
    5: ['apiVersion', 'text'],
    6: ['controller', 'boolean'],
    7: ['blockOwnerDeletion', 'boolean'],
  },
  ConfigMap: { 1: META, 2: ['data', '{}text'], 3: ['binaryData', '{}bytes'], 4: ['immutable', 'boolean'] },
  Secret: {
    1: META,
    2: ['data', '{}bytes'],
    3: ['type', 'text'],
    4: ['stringData', '{}text'],
    5: ['immutable', 'boolean'],
  },
  Namespace: { 1: META, 2: ['spec', 'NamespaceSpec'], 3: ['status', 'NamespaceStatus'] },
  NamespaceSpec: { 1: ['finalizers', '[]text'] },
  NamespaceStatus: { 1: ['phase', 'text'] },
  ServiceAccount: { 1: META, 4: ['automountServiceAccountToken', 'boolean'] },
  SelfSubjectAccessReview: { 1: META, 2: ['spec', 'SelfSubjectAccessReviewSpec'] },
  SelfSubjectAccessReviewSpec: {
    1: ['resourceAttributes', 'ResourceAttributes'],
    2: ['nonResourceAttributes', 'NonResourceAttributes'],
  },
  ResourceAttributes: {
    1: ['namespace', 'text'],
    2: ['verb', 'text'],
    3: ['group', 'text'],
    4: ['version', 'text'],
    5: ['resource', 'text'],
    6: ['subresource', 'text'],
    7: ['name', 'text'],
  },
  NonResourceAttributes: { 1: ['path', 'text'], 2: ['verb', 'text'] },
  SelfSubjectReview: { 1: META },
  TokenRequest: { 1: META, 2: ['spec', 'TokenRequestSpec'] },
  TokenRequestSpec: { 1: ['audiences', '[]text'], 4: ['expirationSeconds', 'number'] },
};
const KINDS = new Set([
  ...['ConfigMap', 'Secret', 'Namespace', 'ServiceAccount'].map((kind) => `v1 ${kind}`),
  'authorization.k8s.io/v1 SelfSubjectAccessReview',
  'authentication.k8s.io/v1 SelfSubjectReview',
  'authentication.k8s.io/v1 TokenRequest',
]);

type Raw = number | Buffer;

/** The fields of a message in the order of the wire: field number and value. Throws when it is cut short. */
function* fieldsOf(bytes: Buffer): Generator<[number, Raw]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('a protobuf message is cut short');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new Error('a protobuf message is cut short');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire === 0) yield [field, varint()];
    else if (wire === 2) yield [field, take(varint())];
    else if (wire === 1 || wire === 5) take(wire === 1 ? 8 : 4);
    else throw new Error(`a protobuf message has a field of the unknown wire type ${wire}`);
  }
}

type Dict = Record<string, unknown>;

const isZero = (value: unknown): boolean => value === '' || value === 0 || value === false || value === undefined;
const bufferOf = (raw: Raw): Buffer => (typeof raw === 'number' ? Buffer.alloc(0) : raw);

function valueOf(raw: Raw, type: FieldType): unknown {
  switch (type) {
    case 'text':
      return bufferOf(raw).toString('utf8');
    case 'bytes':
      return bufferOf(raw).toString('base64');
    case 'number':
      return raw;
    case 'boolean':
      return raw === 1;
    case 'time':
      return timeOf(messageOf(bufferOf(raw), 'Time'));
    default:
      return messageOf(bufferOf(raw), type);
  }
}

function timeOf({ seconds }: Dict): string | undefined {
  // Go's zero time, before year 1, is no time.
  if (typeof seconds !== 'number' || seconds > 253_402_300_799) return undefined;
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

function entryOf(raw: Raw, type: FieldType): [string, unknown] {
  let [key, value]: [string, unknown] = ['', valueOf(Buffer.alloc(0), type)];
  for (const [field, part] of fieldsOf(bufferOf(raw))) {
    if (field === 1) key = bufferOf(part).toString('utf8');
    if (field === 2) value = valueOf(part, type);
  }
  return [key, value];
}

function messageOf(bytes: Buffer, name: string): Dict {
  const found: Dict = {};
  for (const [field, raw] of fieldsOf(bytes)) {
    const [key, type] = MESSAGES[name]?.[field] ?? [];
    if (key === undefined || type === undefined) continue;
    if (type.startsWith('{}')) {
      const [entry, value] = entryOf(raw, type.slice(2));
      found[key] = { ...(found[key] as Dict | undefined), [entry]: value };
    } else if (type.startsWith('[]')) {
      found[key] = [...((found[key] as unknown[] | undefined) ?? []), valueOf(raw, type.slice(2))];
    } else found[key] = valueOf(raw, type);
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => !isZero(value)));
}

const MAGIC = Buffer.from('k8s\0', 'latin1');

/** The object in a protobuf body as JSON; undefined for a kind that is not known here, and for what is no such body. */
export function jsonOfProtobuf(body: Buffer): string | undefined {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  try {
    const { typeMeta, raw = '' } = messageOf(body.subarray(MAGIC.length), 'Unknown');
    const { apiVersion, kind } = (typeMeta ?? {}) as { apiVersion?: string; kind?: string };
    if (apiVersion === undefined || kind === undefined || !KINDS.has(`${apiVersion} ${kind}`)) return undefined;
    return JSON.stringify({ kind, apiVersion, ...messageOf(Buffer.from(raw as string, 'base64'), kind) });
  } catch {
    return undefined;
  }
}
