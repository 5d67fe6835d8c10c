// The providers that a metric may name. A new one is a folder beside this file, a line here, and its adapter in the table of
// cli/controller.ts, which does not compile without it.
import { namesIn } from '../../api/form-table.ts';
import type { ProviderForm } from '../../api/provider-form.ts';
import { prometheusForm } from './prometheus/schema.ts';

export const PROVIDER_FORMS = { prometheus: prometheusForm } satisfies Readonly<Record<string, ProviderForm>>;

export type ProviderName = keyof typeof PROVIDER_FORMS;

export const PROVIDER_NAMES = namesIn(PROVIDER_FORMS);

/** The forms of the providers that are named, with what was written for each. */
export function namedForms(
  provider: Readonly<Partial<Record<ProviderName, object | undefined>>>,
): { name: ProviderName; form: ProviderForm; config: object }[] {
  return PROVIDER_NAMES.flatMap((name) => {
    const config = provider[name];
    return config === undefined ? [] : [{ name, form: PROVIDER_FORMS[name], config }];
  });
}
