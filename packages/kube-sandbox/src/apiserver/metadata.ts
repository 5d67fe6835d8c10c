// Object metadata: names, labels, owner references and finalizers, and what the server refuses in them.
import type { StatusCause } from './errors.ts';
import type { Dict } from './json.ts';
import { dictOr, equal, isDict, listOr, textOr } from './json.ts';
import type { ResourceType } from './resource.ts';
import { invalid, type Cause } from 'kube-schema/cause';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DNS_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const DNS_1123 = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DNS_1035_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
export const DNS_LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const KEY_TEXT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

interface NameRule {
  pattern: RegExp;
  text: string;
  max: number;
}

const RULES: Record<string, NameRule> = {
  Service: { pattern: DNS_1035, text: DNS_1035_TEXT, max: 63 },
  Namespace: { pattern: DNS_1123, text: DNS_LABEL_TEXT, max: 63 },
};

export const isDnsLabel = (name: string): boolean => name.length <= 63 && DNS_1123.test(name);

function nameCauses(kind: string, name: string): StatusCause[] {
  if (kind.startsWith('ClusterRole') || kind.startsWith('Role')) return [];
  const rule = RULES[kind] ?? { pattern: SUBDOMAIN, text: SUBDOMAIN_TEXT, max: 253 };
  const causes: StatusCause[] = [];
  if (name.length > rule.max)
    causes.push(invalid('metadata.name', name, `must be no more than ${rule.max} characters`));
  if (!rule.pattern.test(name)) causes.push(invalid('metadata.name', name, rule.text));
  return causes;
}

export function keyCauses(key: string, field: string): Cause[] {
  const slash = key.indexOf('/');
  const name = slash < 0 ? key : key.slice(slash + 1);
  const causes: Cause[] = [];
  if (slash >= 0 && !SUBDOMAIN.test(key.slice(0, slash)))
    causes.push(invalid(field, key, `prefix part ${SUBDOMAIN_TEXT}`));
  if (name === '') causes.push(invalid(field, key, 'name part must be non-empty'));
  if (name.length > 63) causes.push(invalid(field, key, 'name part must be no more than 63 characters'));
  if (!QUALIFIED.test(name)) causes.push(invalid(field, key, KEY_TEXT));
  return causes;
}

function labelCauses(labels: Dict): StatusCause[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const causes = keyCauses(key, 'metadata.labels');
    const text = textOr(value);
    if (text.length > 63) causes.push(invalid('metadata.labels', text, 'must be no more than 63 characters'));
    if (!LABEL.test(text)) causes.push(invalid('metadata.labels', text, LABEL_TEXT));
    return causes;
  });
}

function ownerCauses(references: unknown[]): StatusCause[] {
  const field = 'metadata.ownerReferences';
  const causes: StatusCause[] = [];
  for (const item of references.map(dictOr)) {
    for (const key of ['apiVersion', 'kind', 'name', 'uid'])
      if (textOr(item[key]) === '') causes.push(invalid(`${field}.${key}`, textOr(item[key]), 'must not be empty'));
  }
  const controllers = references.map(dictOr).filter((item) => item['controller'] === true);
  if (controllers.length > 1) {
    const [first, second] = controllers.map((c) => `${textOr(c['kind'])}/${textOr(c['name'])}`);
    causes.push(
      invalid(
        field,
        references,
        `Only one reference can have Controller set to true. Found "true" in references for ${first ?? ''} and ${second ?? ''}`,
      ),
    );
  }
  return causes;
}

function finalizerCauses(metadata: Dict, old: Dict): StatusCause[] {
  if (old['deletionTimestamp'] === undefined) return [];
  const known = listOr(old['finalizers']);
  const fresh = listOr(metadata['finalizers']).filter((f) => !known.includes(f));
  if (fresh.length === 0) return [];
  const list = fresh.map((f) => JSON.stringify(f)).join(', ');
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [{ reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field: 'metadata.finalizers' }];
}

export function metadataCauses(type: ResourceType, object: Dict, old: Dict | undefined): StatusCause[] {
  const metadata = dictOr(object['metadata']);
  const name = textOr(metadata['name']);
  const causes: StatusCause[] = [];
  if (name === '')
    causes.push({
      reason: 'FieldValueRequired',
      message: 'Required value: name or generateName is required',
      field: 'metadata.name',
    });
  else if (old === undefined) causes.push(...nameCauses(type.kind, name));
  causes.push(...labelCauses(dictOr(metadata['labels'])));
  for (const key of Object.keys(dictOr(metadata['annotations'])))
    causes.push(...keyCauses(key.toLowerCase(), 'metadata.annotations'));
  causes.push(...ownerCauses(listOr(metadata['ownerReferences'])));
  if (old !== undefined) causes.push(...finalizerCauses(metadata, dictOr(old['metadata'])));
  return causes;
}

const GENERATED = 'bcdfghjklmnpqrstvwxz2456789';

/** `base` and five random characters; the base is cut to 58. */
export function generatedName(base: string, random: () => number): string {
  let suffix = '';
  for (let i = 0; i < 5; i++) suffix += GENERATED[Math.floor(random() * GENERATED.length)] ?? 'b';
  return base.slice(0, 58) + suffix;
}

/** UUID version 4. */
export function newUid(random: () => number): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
  hex[12] = '4';
  hex[16] = (8 + Math.floor(random() * 4)).toString(16);
  const text = hex.join('');
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}

/** Whether anything but metadata and status differs. */
export function contentChanged(old: Dict, object: Dict): boolean {
  const rest = (o: Dict): Dict => {
    const { metadata: _metadata, status: _status, ...content } = o;
    return content;
  };
  return !equal(rest(old), rest(object));
}

/** Whether an object's owner list names this uid. */
export const ownedBy = (object: Dict, uid: unknown): boolean =>
  listOr(dictOr(object['metadata'])['ownerReferences']).some((owner) => isDict(owner) && owner['uid'] === uid);
