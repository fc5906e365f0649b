import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

const LINK = "text-link underline";

interface ComplianceRemedyProps {
  /** The gate's word for why a number may not be called. */
  reason: string;
  number: string;
  listId?: string | null;
}

/** What can be done about a refusal. */
export function ComplianceRemedy({ reason, number, listId }: ComplianceRemedyProps): ReactNode {
  const policy = (
    <Link to="/compliance" search={{}} className={LINK}>
      the policy
    </Link>
  );
  const override = (
    <Link to="/compliance" search={{ tab: "overrides" }} className={LINK}>
      ask for an override
    </Link>
  );
  switch (reason) {
    case "on_dnc_list":
      return (
        <>
          See{" "}
          <Link to="/dnc" search={{ list: listId ?? undefined, q: number }} className={LINK}>
            where it stands on the list
          </Link>
          : if that is a mistake, take it off; otherwise {override}, where the policy allows any.
        </>
      );
    case "stale_list":
      return (
        <>
          Import a fresh copy of{" "}
          <Link to="/dnc" search={{ list: listId ?? undefined }} className={LINK}>
            the list
          </Link>
          , or let {policy} say that old ones do.
        </>
      );
    case "no_consent":
      return (
        <>
          <Link to="/compliance" search={{ tab: "consents", q: number }} className={LINK}>
            Look at the consents of the number
          </Link>
          , and add one that its provider verifies.
        </>
      );
    case "outside_hours":
      return <>Call within the hours of the place, or change the hours in {policy}; a state's own stay.</>;
    case "unknown_zone":
      return (
        <>Where the number is cannot be told, so neither can the hour there; {policy} says whether that forbids it.</>
      );
    case "unreadable_number":
      return "Write the number with plus and country code, such as +15551234567.";
    case "data_unavailable":
      return "The lists and consents cannot be read just now. Try again in a moment.";
    default:
      return null;
  }
}
