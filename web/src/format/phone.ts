/**
 * E.164 in the way people of that country write it: "+15551234567" is "+1 555 123 4567". Numbers of other countries are
 * grouped by threes after the prefix as sent, for without a numbering plan their split is unknown. SIP addresses lose
 * scheme, port and parameters; anything else is shown as it came.
 */
export function formatPhone(value: string): string {
  const text = value.trim();
  const sip = /^sips?:([^@;>]+)@([^;>:]+)/i.exec(text);
  if (sip) {
    const [, user = "", host = ""] = sip;
    return /^\+\d{7,15}$/.test(user) ? formatPhone(user) : `${user}@${host}`;
  }
  const american = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(text);
  if (american) return `+1 ${american[1]} ${american[2]} ${american[3]}`;
  if (!/^\+\d{7,15}$/.test(text)) return text;
  const digits = text.slice(1);
  return `+${digits.slice(0, 2)} ${digits.slice(2).replace(/(\d{3})(?=\d{2})/g, "$1 ")}`.trim();
}

/**
 * What was typed or pasted as a number, as the API compares it. Brackets and dashes go; ten digits, or eleven with a leading
 * one, are North American and get their plus. Anything shorter is left as typed: it may be an extension.
 */
export function normaliseSearch(value: string): string {
  const text = value.trim();
  if (!/^[+\d(][\d\s().-]*$/.test(text)) return text;
  const digits = text.replace(/[\s().-]/g, "");
  if (/^\d{10}$/.test(digits)) return `+1${digits}`;
  return /^1\d{10}$/.test(digits) ? `+${digits}` : digits;
}
