/** The nodes by which a call is sold. */
const BUYERS = `  # One buyer after another, until one takes the call.
  - id: buyers
    type: buyer
    source: campaign
    ringTimeout: 20
    onNoBuyers: nobody
    onAllBusy: nobody
    next: done
  - id: nobody
    type: hangup
    reason: busy
    prompt: "say:We are sorry, nobody can take your call."
`;

/** Documents to begin a flow with. Each runs as it is: the campaign says which buyers it has. */
export const TEMPLATES = [
  {
    value: "direct",
    label: "Straight to the buyers",
    text: `version: "1"
entry: { id: entry, type: entry, target: record }
nodes:
  - { id: record, type: record, format: wav, channels: dual, next: buyers }
${BUYERS}  - { id: done, type: hangup }
`,
  },
  {
    value: "menu",
    label: "A menu, and then the buyers",
    text: `version: "1"
entry: { id: entry, type: entry, target: record }
nodes:
  - { id: record, type: record, format: wav, channels: dual, next: menu }
  - id: menu
    type: ivr
    prompt: "say:Welcome. To talk to somebody, press 1."
    timeout: 6
    maxDigits: 1
    retries: 1
    choices: [{ digits: "1", target: buyers }]
    default: goodbye
${BUYERS}  - id: goodbye
    type: hangup
    prompt: "say:We did not hear your choice. Goodbye."
  - { id: done, type: hangup }
`,
  },
] as const;

/** A flow's own name in documents: small letters, digits and hyphens, with a tail that no other has. */
export function idFor(name: string, tail: string): string {
  const words = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  return `${words || "flow"}-${tail}`;
}
