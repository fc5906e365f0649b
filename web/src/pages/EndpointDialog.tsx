import { patch, post } from "@/api/client";
import type { Wire } from "@/api/read";
import type { Buyer, Endpoint } from "@/api/resources";
import { ResourceDialog } from "@/components/ResourceDialog";
import { choices } from "@/components/ResourceStatus";
import { toDecimal } from "@/format/money";

const count = (text: string | undefined): number | null => (text ? Number(text) : null);

interface EndpointDialogProps {
  buyer: Buyer;
  endpoint: Endpoint | null;
  onClose: () => void;
}

export function EndpointDialog({ buyer, endpoint, onClose }: EndpointDialogProps) {
  const amount = (terms: Endpoint["revenue"] | undefined) => (terms ? toDecimal(terms.amount, 4) : "");
  const seconds = (terms: Endpoint["revenue"] | undefined) => String(terms?.afterSeconds ?? 0);
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={endpoint ? "Endpoint" : "New endpoint"}
      description={`Where ${buyer.name} takes calls, and what they are worth there.`}
      fields={[
        {
          name: "destination",
          label: "Destination",
          required: true,
          placeholder: "sip:sales@buyer.example or +15551234567",
        },
        { name: "type", label: "Type", kind: "select", options: ENDPOINT_TYPES, half: true },
        { name: "status", label: "Status", kind: "select", options: choices("ACTIVE", "INACTIVE"), half: true },
        { name: "revenue", label: "Buyer pays", required: true, placeholder: "40.00", half: true },
        { name: "revenueAfterSeconds", label: "after seconds", kind: "number", half: true },
        { name: "payout", label: "Publisher earns", required: true, placeholder: "25.00", half: true },
        { name: "payoutAfterSeconds", label: "after seconds", kind: "number", half: true },
        {
          name: "ringTimeoutSeconds",
          label: "Rings at most, seconds",
          kind: "number",
          placeholder: "Default",
          half: true,
        },
        { name: "priority", label: "Priority", kind: "number", half: true },
        {
          name: "trunkId",
          label: "Over the trunk",
          kind: "pick",
          pick: "trunk",
          none: "Any, by priority",
          hint: "One that carries calls out",
          when: ({ type }) => type === "PSTN",
        },
      ]}
      initial={{
        destination: endpoint?.destination ?? "",
        type: endpoint?.type ?? "SIP",
        status: endpoint?.status ?? "ACTIVE",
        revenue: amount(endpoint?.revenue),
        revenueAfterSeconds: seconds(endpoint?.revenue),
        payout: amount(endpoint?.payout),
        payoutAfterSeconds: seconds(endpoint?.payout),
        ringTimeoutSeconds: String(endpoint?.ringTimeoutSeconds ?? ""),
        priority: String(endpoint?.priority ?? 0),
        trunkId: endpoint?.trunkId ?? "",
      }}
      save={(values) => {
        const body = {
          destination: values.destination,
          type: values.type,
          status: values.status,
          priority: count(values.priority) ?? 0,
          ringTimeoutSeconds: count(values.ringTimeoutSeconds),
          trunkId: values.type === "PSTN" ? values.trunkId || null : null,
          terms: {
            revenue: values.revenue,
            revenueAfterSeconds: count(values.revenueAfterSeconds) ?? 0,
            payout: values.payout,
            payoutAfterSeconds: count(values.payoutAfterSeconds) ?? 0,
            currency: endpoint?.revenue?.currency ?? "USD",
          } satisfies Wire<"EndpointTerms">,
        } satisfies Wire<"UpdateEndpointRequest">;
        return endpoint
          ? patch(`/api/v1/buyers/${buyer.id}/endpoints/${endpoint.id}`, body)
          : post(`/api/v1/buyers/${buyer.id}/endpoints`, body);
      }}
      done={endpoint ? "Endpoint saved" : "Endpoint added"}
      stale={["buyers"]}
    />
  );
}

const ENDPOINT_TYPES = [
  { value: "SIP", label: "SIP" },
  { value: "PSTN", label: "Telephone number" },
  { value: "WEBRTC", label: "WebRTC" },
];
