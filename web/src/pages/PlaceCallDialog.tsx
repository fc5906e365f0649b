import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { type ApiError, newKey } from "@/api/client";
import { type CallForm, callPlacer, refusalOf } from "@/api/placeCall";
import { ResourceDialog } from "@/components/ResourceDialog";
import { normaliseSearch } from "@/format/phone";
import { ComplianceRemedy } from "./ComplianceRemedy";

const LINK = "text-link underline";

interface PlaceCallDialogProps {
  /** What is known beforehand. */
  initial?: CallForm;
  onClose: () => void;
}

/** Calls somebody for a campaign, and goes to the call. */
export function PlaceCallDialog({ initial, onClose }: PlaceCallDialogProps) {
  const navigate = useNavigate();
  const [place] = useState(() => callPlacer(newKey));
  // Asked for once a limit or the budget stood in the way.
  const [limited, setLimited] = useState(false);
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title="Place a call"
      description="Over your trunks that carry calls out. Whoever answers hears the campaign’s flow."
      fields={[
        { name: "toNumber", label: "Number", kind: "tel", required: true, placeholder: "+12125550147" },
        {
          name: "campaignId",
          label: "Campaign",
          kind: "pick",
          pick: "campaign",
          none: "That of the caller ID",
          hint: "Active, with a published flow",
        },
        {
          name: "fromNumberId",
          label: "Caller ID",
          kind: "pick",
          pick: "number",
          none: "The next of the campaign’s pool",
          hint: "One of your numbers, shown to whoever is called",
        },
        {
          name: "consentToken",
          label: "Consent token",
          hint: "The consent the call relies on; empty: the newest verified one",
        },
        ...(limited
          ? [
              {
                name: "override",
                label: "Override token",
                kind: "password" as const,
                hint: "From the operator of the platform: lets limits and budget pass",
              },
            ]
          : []),
      ]}
      initial={{ toNumber: "", campaignId: "", fromNumberId: "", consentToken: "", override: "", ...initial }}
      save={async ({ override, ...form }) => {
        try {
          const id = await place(form, override?.trim());
          void navigate({ to: "/calls/$callId", params: { callId: id } });
        } catch (error) {
          const code = (error as ApiError).code;
          if (code === "QUOTA_EXCEEDED" || code === "BUDGET_EXCEEDED") setLimited(true);
          throw error;
        }
      }}
      done="The call is placed"
      stale={["calls", "limits"]}
      submitLabel="Call"
      remedy={(error, { toNumber }) => remedyOf(error, normaliseSearch(toNumber ?? ""))}
    />
  );
}

/** What can be done about a call that was refused. */
function remedyOf(error: ApiError, number: string): ReactNode {
  const limits = (
    <Link to="/limits" className={LINK}>
      See how far it is used
    </Link>
  );
  switch (refusalOf(error)) {
    case "compliance":
      return <ComplianceRemedy reason={error.faults[0]?.code ?? ""} number={number} />;
    case "limit":
      return <>{limits}; an override token of the platform’s operator lets it pass.</>;
    case "budget":
      return <>{limits}; the platform’s operator sets it, or hands out an override token.</>;
    case "trunk":
      return (
        <>
          Open{" "}
          <Link to="/trunks" className={LINK}>
            a trunk
          </Link>{" "}
          and let it carry calls out.
        </>
      );
    case "unknown":
      return "Whether somebody is called is not known. Call again: as long as nothing is changed here, it is placed once.";
    default:
      return null;
  }
}
