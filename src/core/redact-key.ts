/** Keys that hold a secret when they are exactly this (letters and digits only, lower case). */
const EXACT = new Set([
  'auth',
  'pin',
  'otp',
  'totp',
  'cvv',
  'cvc',
  'cvv2',
  'pan',
  'ssn',
  'pwd',
  'pass',
  'sid',
  'sessionid',
  'connectsid',
  'signature',
  'salt',
  'dsn',
  'iban',
  'passphrase',
  'jwt',
  'xsrf',
  'csrf',
]);
/** Keys that hold a secret when they contain this. */
const CONTAINED = [
  'password',
  'passwd',
  'passphrase',
  'secret',
  'authorization',
  'cookie',
  'credential',
  'apikey',
  'privatekey',
  'accesskey',
  'signingkey',
  'encryptionkey',
  'connectionstring',
  'cardnumber',
  'creditcard',
  'sessionkey',
  'csrftoken',
  'bearer',
];
/** `dbPass`, `smtp_pass`, `DB_PWD`: the short words end a name; `bypass` and `compass` do not end in them. */
const SHORT = /(?:[^A-Za-z]|[a-z0-9](?=P))(?:pass|Pass|PASS|pwd|Pwd|PWD)$/;

/** What a key says of its value: nothing, that it is a secret, or that it is one where it is a text. */
export type Verdict = 'open' | 'secret' | 'text';

/** Judges a key; `extra` are further plain keys that name a secret where they are contained in it. */
export function judgeKey(key: string, extra: readonly string[] = []): Verdict {
  const plain = plainKey(key);
  if (EXACT.has(plain) || saysSecret(plain) || extra.some((part) => plain.includes(part))) return 'secret';
  return plain.includes('token') || SHORT.test(key) ? 'text' : 'open';
}

/** Whether a plain key names a secret beyond doubt, wherever it stands. */
export function saysSecret(plain: string): boolean {
  return CONTAINED.some((part) => plain.includes(part));
}

/** A key without case and separators. */
export function plainKey(key: string): string {
  return key.toLowerCase().replace(/[^a-z0-9]+/g, '');
}
