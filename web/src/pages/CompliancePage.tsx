import { useNavigate, useSearch } from "@tanstack/react-router";
import { PageHeader } from "@/components/PageHeader";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "@/components/ui/tabs";
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
  const { tab = "policy" } = useSearch({ from: "/compliance" });
  const navigate = useNavigate({ from: "/compliance" });
  return (
    <>
      <PageHeader title="Compliance" hint="Who may be called, when, and who said so" />
      <Tabs
        value={TABS.some((each) => each.tab === tab) ? tab : "policy"}
        onValueChange={(next) => void navigate({ search: { tab: next === "policy" ? undefined : next } })}
      >
        <TabsList className="mb-4" aria-label="Compliance">
          {TABS.map((each) => (
            <TabsTrigger key={each.tab} value={each.tab}>
              {each.label}
            </TabsTrigger>
          ))}
        </TabsList>
        {TABS.map((each) => (
          <TabsContent key={each.tab} value={each.tab} tabIndex={-1} className="outline-none">
            {each.content}
          </TabsContent>
        ))}
      </Tabs>
    </>
  );
}
