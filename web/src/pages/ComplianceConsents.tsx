import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { BadgeCheck, MoreHorizontal, RefreshCw, X } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { post } from "@/api/client";
import {
  CONSENT_PROVIDERS,
  type Consent,
  type ConsentProvider,
  consentProviderName,
  readConsent,
  wholeNumber,
} from "@/api/compliance";
import { consentsQuery } from "@/api/queries";
import { asRecord, asText, type Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { Phone } from "@/components/CallParts";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/ui/menu";
import { formatPhone } from "@/format/phone";
import { formatDayTime, formatEnd, fromLocalField } from "@/format/time";
import { toSentence } from "@/format/words";

/** Proofs that consumers agreed to be called. */
export function Consents() {
  const { user } = useAuth();
  const list = useListSearch();
  const [revoked, setRevoked] = useState<Consent | null>(null);
  const filter = { phoneNumber: wholeNumber(list.q), status: list.status };
  const consents = useQuery(consentsQuery(list.page, filter));
  const canWrite = may(user, "compliance:write");
  return (
    <>
      <FilteredList
        query={consents}
        list={list}
        label="Consents"
        icon={BadgeCheck}
        search="Search a whole number"
        statuses={choices("PENDING", "VERIFIED", "INVALID", "EXPIRED", "REVOKED")}
        actions={
          canWrite ? (
            <DialogButton label="Add consent">{(close) => <ConsentDialog onClose={close} />}</DialogButton>
          ) : null
        }
        empty={{
          title: "No consents yet",
          matched: "No consent matches",
          hint: "Forms send them through the API; one can be added by hand.",
        }}
        row={(consent) => <ConsentRow key={consent.id} consent={consent} canWrite={canWrite} onRevoke={setRevoked} />}
      />
      <RevokeDialog consent={revoked} onClose={() => setRevoked(null)} />
    </>
  );
}

interface ConsentRowProps {
  consent: Consent;
  canWrite: boolean;
  onRevoke: (consent: Consent) => void;
}

function ConsentRow({ consent, canWrite, onRevoke }: ConsentRowProps) {
  const client = useQueryClient();
  const verify = useMutation({
    mutationFn: async () => readConsent(asRecord(await post(`/api/v1/compliance/consents/${consent.id}/verify`))),
    onSuccess: (now) => {
      if (now.status === "VERIFIED") toast.success("Verified");
      else toast.info([toSentence(now.status ?? ""), now.detail].filter(Boolean).join(": "));
      return client.invalidateQueries({ queryKey: ["compliance"] });
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  const isOpen = consent.status === "PENDING" || consent.status === "VERIFIED";
  const facts = [
    consentProviderName(consent.provider),
    consent.source,
    consent.verifiedAt === null ? null : `verified ${formatDayTime(consent.verifiedAt)}`,
    consent.expiresAt === null ? null : `until ${formatEnd(consent.expiresAt, Date.now())}`,
  ];
  return (
    <li className="flex items-center gap-4 px-4 py-3 sm:px-5">
      <span className="min-w-0 flex-1">
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <Phone value={consent.number} className="font-medium" />
          <ResourceStatus status={consent.status} />
        </span>
        <span className="mt-0.5 block text-[13px] text-soft">{facts.filter(Boolean).join(", ")}</span>
        <code className="block truncate font-mono text-xs text-soft">{consent.token}</code>
        {consent.detail && consent.status !== "VERIFIED" ? (
          <span className="block text-[13px] text-soft">{consent.detail}</span>
        ) : null}
      </span>
      {canWrite && isOpen ? (
        <Menu>
          <MenuTrigger asChild>
            <Button variant="ghost" size="icon-sm" aria-label={`More for ${formatPhone(consent.number)}`}>
              <MoreHorizontal />
            </Button>
          </MenuTrigger>
          <MenuContent align="end">
            <MenuItem disabled={verify.isPending} onSelect={() => verify.mutate()}>
              <RefreshCw /> Ask the provider again
            </MenuItem>
            <MenuItem onSelect={() => onRevoke(consent)}>
              <X /> Taken back by the consumer
            </MenuItem>
          </MenuContent>
        </Menu>
      ) : null}
    </li>
  );
}

function ConsentDialog({ onClose }: { onClose: () => void }) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title="Add a consent"
      description="Its provider is asked; only a verified one lets a call happen."
      fields={[
        { name: "phoneNumber", label: "Number", kind: "tel", required: true, placeholder: "+15551234567" },
        {
          name: "provider",
          label: "Provider",
          kind: "select",
          options: CONSENT_PROVIDERS.map((value) => ({ value, label: consentProviderName(value) })),
        },
        {
          name: "token",
          label: "Token",
          required: true,
          hint: "A TrustedForm certificate's address, a LeadiD, or a proof of your own",
        },
        { name: "source", label: "Where they agreed", placeholder: "Form on the landing page" },
        { name: "expiresAt", label: "Until", kind: "datetime-local", hint: "Empty: as long as the provider says" },
      ]}
      initial={{ phoneNumber: "", provider: "TRUSTEDFORM", token: "", source: "", expiresAt: "" }}
      save={async (values) => {
        const body = {
          phoneNumber: values.phoneNumber ?? "",
          provider: (values.provider ?? "CUSTOM") as ConsentProvider,
          token: values.token ?? "",
          source: values.source || null,
          expiresAt: fromLocalField(values.expiresAt),
        } satisfies Wire<"StoreConsentRequest">;
        const stored: Wire<"ConsentStored"> = asRecord(await post("/api/v1/compliance/consent", body));
        const detail = asText(stored.detail);
        if (stored.status !== "VERIFIED" && detail) toast.info(`Not verified yet: ${detail}`);
      }}
      done="Consent stored"
      stale={["compliance"]}
      submitLabel="Add"
    />
  );
}

function RevokeDialog({ consent, onClose }: { consent: Consent | null; onClose: () => void }) {
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: (given: Consent) => post(`/api/v1/compliance/consents/${given.id}/revoke`),
    onSuccess: () => {
      toast.success("The consent is taken back");
      onClose();
      return client.invalidateQueries({ queryKey: ["compliance"] });
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  return (
    <ConfirmDialog
      open={consent !== null}
      onClose={onClose}
      title={`Did ${consent ? formatPhone(consent.number) : "the consumer"} take it back?`}
      text="Calls no longer rest on it. That cannot be undone; another consent can be added."
      confirm="Take back"
      pending={revoke.isPending}
      onConfirm={() => consent && revoke.mutate(consent)}
    />
  );
}
