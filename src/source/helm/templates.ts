// What the templates of a chart use, by their text: what only matters to some is asked for, or looked at, for those alone.

/** Names by which a template asks what the cluster serves; who passes `.Capabilities` on names it so somewhere. */
const SERVED = /Capabilities|APIVersions/;
/** Functions whose result is another each time, the clock and the order of a mapping's keys among them. */
const LOTS =
  /\b(rand[A-Z]\w*|uuidv4|shuffle|genPrivateKey|genCA\w*|gen(Self)?SignedCert\w*|bcrypt|htpasswd|encryptAES|now|ago|keys|values\s+[.$(])/;

const anyIs = (texts: readonly Uint8Array[], form: RegExp): boolean =>
  texts.some((text) => form.test(Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1')));

/** Whether some text may be a template that asks what the cluster serves: where none does, a new kind there is no other input. */
export const asksWhatIsServed = (texts: readonly Uint8Array[]): boolean => anyIs(texts, SERVED);

/** Whether some text may be a template that prints something else each time. */
export const drawsLots = (texts: readonly Uint8Array[]): boolean => anyIs(texts, LOTS);
