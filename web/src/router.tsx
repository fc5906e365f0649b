import { createRootRoute, createRoute, createRouter, Link, lazyRouteComponent } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { useAuth } from "./auth/AuthProvider";
import { type ListSearch, readListSearch, word } from "./components/listSearch";
import { Shell } from "./components/Shell";
import { Empty, Failure } from "./components/States";
import { SkeletonRows } from "./components/ui/skeleton";
import { CallsPage } from "./pages/CallsPage";
import { Dashboard } from "./pages/Dashboard";

export interface CallsSearch extends ListSearch {
  direction?: string;
  campaignId?: string;
  buyerId?: string;
  numberId?: string;
  tagId?: string;
  leadId?: string;
  from?: string;
  until?: string;
  focus?: boolean;
}

export interface ReportsSearch {
  /** By what calls are told apart. */
  by?: string;
  from?: string;
  until?: string;
  campaignId?: string;
  publisherId?: string;
  buyerId?: string;
}

export interface AuditSearch extends ListSearch {
  action?: string;
  userId?: string;
  /** `done` or `refused`; both without it. */
  outcome?: string;
}

function Root() {
  const { user } = useAuth();
  return user ? <Shell user={user} /> : null;
}

const rootRoute = createRootRoute({
  component: Root,
  notFoundComponent: () => (
    <Empty
      icon={Compass}
      title="There is no such page"
      action={
        <Link to="/" className="text-link underline">
          To the dashboard
        </Link>
      }
    />
  ),
  errorComponent: ({ error, reset }) => <Failure what="This page" error={error} onRetry={reset} />,
});

const routes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/",
    component: Dashboard,
    validateSearch: (raw: Record<string, unknown>): { window?: string } => ({ window: word(raw.window) }),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/calls",
    component: CallsPage,
    validateSearch: (raw: Record<string, unknown>): CallsSearch => ({
      ...readListSearch(raw),
      direction: word(raw.direction),
      campaignId: word(raw.campaignId),
      buyerId: word(raw.buyerId),
      numberId: word(raw.numberId),
      tagId: word(raw.tagId),
      leadId: word(raw.leadId),
      from: word(raw.from),
      until: word(raw.until),
      focus: raw.focus === true ? true : undefined,
    }),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/reports",
    component: lazyRouteComponent(() => import("./pages/ReportsPage"), "ReportsPage"),
    validateSearch: (raw: Record<string, unknown>): ReportsSearch => ({
      by: word(raw.by),
      from: word(raw.from),
      until: word(raw.until),
      campaignId: word(raw.campaignId),
      publisherId: word(raw.publisherId),
      buyerId: word(raw.buyerId),
    }),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/transcripts",
    component: lazyRouteComponent(() => import("./pages/TranscriptsPage"), "TranscriptsPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/calls/$callId",
    component: lazyRouteComponent(() => import("./pages/CallPage"), "CallPage"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/numbers",
    component: lazyRouteComponent(() => import("./pages/NumbersPage"), "NumbersPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/campaigns",
    component: lazyRouteComponent(() => import("./pages/CampaignsPage"), "CampaignsPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/publishers",
    component: lazyRouteComponent(() => import("./pages/PublishersPage"), "PublishersPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/buyers",
    component: lazyRouteComponent(() => import("./pages/BuyersPage"), "BuyersPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/trunks",
    component: lazyRouteComponent(() => import("./pages/TrunksPage"), "TrunksPage"),
    validateSearch: (raw: Record<string, unknown>): ListSearch & { tab?: string } => ({
      ...readListSearch(raw),
      tab: word(raw.tab),
    }),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/rate-cards",
    component: lazyRouteComponent(() => import("./pages/RateCardsPage"), "RateCardsPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/caller-ids",
    component: lazyRouteComponent(() => import("./pages/CallerIdsPage"), "CallerIdsPage"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/tags",
    component: lazyRouteComponent(() => import("./pages/TagsPage"), "TagsPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/flows",
    component: lazyRouteComponent(() => import("./pages/FlowsPage"), "FlowsPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/flows/$flowId",
    component: lazyRouteComponent(() => import("./pages/FlowPage"), "FlowPage"),
    validateSearch: (raw: Record<string, unknown>): { version?: number } => ({
      version: Number.isInteger(raw.version) ? Number(raw.version) : undefined,
    }),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/queues",
    component: lazyRouteComponent(() => import("./pages/QueuesPage"), "QueuesPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/leads",
    component: lazyRouteComponent(() => import("./pages/LeadsPage"), "LeadsPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/dnc",
    component: lazyRouteComponent(() => import("./pages/DncPage"), "DncPage"),
    validateSearch: (raw: Record<string, unknown>): ListSearch & { list?: string } => ({
      ...readListSearch(raw),
      list: word(raw.list),
    }),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/compliance",
    component: lazyRouteComponent(() => import("./pages/CompliancePage"), "CompliancePage"),
    validateSearch: (raw: Record<string, unknown>): ListSearch & { tab?: string } => ({
      ...readListSearch(raw),
      tab: word(raw.tab),
    }),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/users",
    component: lazyRouteComponent(() => import("./pages/UsersPage"), "UsersPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/roles",
    component: lazyRouteComponent(() => import("./pages/RolesPage"), "RolesPage"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/api-keys",
    component: lazyRouteComponent(() => import("./pages/ApiKeysPage"), "ApiKeysPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/audit",
    component: lazyRouteComponent(() => import("./pages/AuditPage"), "AuditPage"),
    validateSearch: (raw: Record<string, unknown>): AuditSearch => ({
      ...readListSearch(raw),
      action: word(raw.action),
      userId: word(raw.userId),
      outcome: word(raw.outcome),
    }),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/jobs",
    component: lazyRouteComponent(() => import("./pages/JobsPage"), "JobsPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/flags",
    component: lazyRouteComponent(() => import("./pages/FlagsPage"), "FlagsPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/limits",
    component: lazyRouteComponent(() => import("./pages/LimitsPage"), "LimitsPage"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/tenants",
    component: lazyRouteComponent(() => import("./pages/TenantsPage"), "TenantsPage"),
    validateSearch: readListSearch,
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/settings",
    component: lazyRouteComponent(() => import("./pages/SettingsPage"), "SettingsPage"),
  }),
] as const;

export const router = createRouter({
  routeTree: rootRoute.addChildren(routes),
  defaultPreload: "intent",
  defaultPendingComponent: () => <SkeletonRows />,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
