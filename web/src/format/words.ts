/** "buyerRang", "call.buyer_rang" and "NO_ANSWER" become "buyer rang", "call buyer rang" and "no answer". */
export function toWords(identifier: string): string {
  return identifier
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/[._\-/]+/g, " ")
    .toLowerCase()
    .trim();
}

export function toSentence(identifier: string): string {
  const words = toWords(identifier);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;

/** `say:We are closed` is text to be spoken; all else names a sound. */
export const promptText = (prompt: string | null): string | null =>
  prompt?.startsWith("say:") ? `“${prompt.slice(4).trim()}”` : prompt;
