import type { ReactNode } from "react";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "./ui/tabs";

export interface PageTab {
  tab: string;
  label: string;
  content: ReactNode;
}

interface PageTabsProps {
  /** The first is shown where the address names none. */
  tabs: readonly PageTab[];
  /** As in the address. */
  tab: string | undefined;
  /** Of the tabs together, for those who do not see them. */
  label: string;
  /** Puts it into the address; undefined for the first. */
  onTab: (tab: string | undefined) => void;
}

/** Parts of a page, one at a time, each with an address of its own. */
export function PageTabs({ tabs, tab, label, onTab }: PageTabsProps) {
  const first = tabs[0]?.tab ?? "";
  return (
    <Tabs
      value={tabs.some((each) => each.tab === tab) ? tab : first}
      onValueChange={(next) => onTab(next === first ? undefined : next)}
    >
      <TabsList className="mb-4" aria-label={label}>
        {tabs.map((each) => (
          <TabsTrigger key={each.tab} value={each.tab}>
            {each.label}
          </TabsTrigger>
        ))}
      </TabsList>
      {tabs.map((each) => (
        <TabsContent key={each.tab} value={each.tab} tabIndex={-1} className="outline-none">
          {each.content}
        </TabsContent>
      ))}
    </Tabs>
  );
}
