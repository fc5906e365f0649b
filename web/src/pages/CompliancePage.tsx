import { useNavigate, useSearch } from "@tanstack/react-router";
import { PageHeader } from "@/components/PageHeader";
import { PageTabs } from "@/components/PageTabs";
import { ComplianceCheck } from "./ComplianceCheck";
import { Consents } from "./ComplianceConsents";
import { Overrides } from "./ComplianceOverrides";
import { Policies } from "./CompliancePolicy";

const TABS = [
  { tab: "policy", label: "Policy", content: <Policies /> },
  { tab: "overrides", label: "Overrides", content: <Overrides /> },
  { tab: "consents", label: "Consents", content: <Consents /> },
  { tab: "check", label: "Check", content: <ComplianceCheck /> },
];

export function CompliancePage() {
  const { tab } = useSearch({ from: "/compliance" });
  const navigate = useNavigate({ from: "/compliance" });
  return (
    <>
      <PageHeader title="Compliance" hint="Who may be called, when, and who said so" />
      <PageTabs tabs={TABS} tab={tab} label="Compliance" onTab={(next) => void navigate({ search: { tab: next } })} />
    </>
  );
}
