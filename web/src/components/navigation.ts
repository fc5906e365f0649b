import {
  Building,
  Building2,
  ChartColumn,
  Contact,
  Gauge,
  Hash,
  Headset,
  IdCard,
  KeyRound,
  LayoutDashboard,
  ListChecks,
  ListX,
  type LucideIcon,
  Megaphone,
  MessageSquareText,
  PhoneIncoming,
  RadioTower,
  ReceiptText,
  Scale,
  ScrollText,
  Settings,
  ShieldCheck,
  Tags,
  ToggleLeft,
  UserRound,
  Users,
  Workflow,
} from "lucide-react";
import type { User } from "@/api/resources";
import { may } from "@/auth/permissions";

export interface Place {
  to:
    | "/"
    | "/calls"
    | "/transcripts"
    | "/reports"
    | "/numbers"
    | "/campaigns"
    | "/flows"
    | "/queues"
    | "/publishers"
    | "/buyers"
    | "/trunks"
    | "/caller-ids"
    | "/rate-cards"
    | "/tags"
    | "/leads"
    | "/dnc"
    | "/compliance"
    | "/users"
    | "/roles"
    | "/api-keys"
    | "/audit"
    | "/jobs"
    | "/flags"
    | "/limits"
    | "/tenants"
    | "/settings";
  label: string;
  icon: LucideIcon;
  /** Pressed after "g". */
  key: string;
  /** Who lacks this permission is not led there. */
  needs?: string;
}

const PLACES: { title: string | null; places: Place[] }[] = [
  {
    title: null,
    places: [
      { to: "/", label: "Dashboard", icon: LayoutDashboard, key: "d" },
      { to: "/calls", needs: "calls:read", label: "Calls", icon: PhoneIncoming, key: "c" },
      { to: "/transcripts", needs: "recordings:read", label: "Transcripts", icon: MessageSquareText, key: "g" },
      { to: "/reports", needs: "reports:read", label: "Reports", icon: ChartColumn, key: "h" },
    ],
  },
  {
    title: "Routing",
    places: [
      { to: "/numbers", needs: "numbers:read", label: "Numbers", icon: Hash, key: "n" },
      { to: "/campaigns", needs: "campaigns:read", label: "Campaigns", icon: Megaphone, key: "m" },
      { to: "/flows", needs: "flows:read", label: "Flows", icon: Workflow, key: "f" },
      { to: "/queues", needs: "queues:read", label: "Queues", icon: Headset, key: "q" },
    ],
  },
  {
    title: "Partners",
    places: [
      { to: "/publishers", needs: "publishers:read", label: "Publishers", icon: Users, key: "p" },
      { to: "/buyers", needs: "buyers:read", label: "Buyers", icon: Building2, key: "b" },
    ],
  },
  {
    title: "Outreach",
    places: [
      { to: "/leads", needs: "leads:read", label: "Leads", icon: Contact, key: "l" },
      { to: "/tags", needs: "tags:read", label: "Tags", icon: Tags, key: "y" },
      { to: "/dnc", needs: "compliance:read", label: "Do not call", icon: ListX, key: "x" },
      { to: "/compliance", needs: "compliance:read", label: "Compliance", icon: Scale, key: "o" },
    ],
  },
  {
    title: "Telephony",
    places: [
      { to: "/trunks", needs: "carriers:read", label: "Trunks", icon: RadioTower, key: "t" },
      { to: "/caller-ids", needs: "numbers:read", label: "Caller IDs", icon: IdCard, key: "i" },
      { to: "/rate-cards", needs: "billing:read", label: "Rate cards", icon: ReceiptText, key: "z" },
    ],
  },
  {
    title: "Team",
    places: [
      { to: "/users", needs: "users:read", label: "People", icon: UserRound, key: "e" },
      { to: "/roles", needs: "roles:read", label: "Roles", icon: ShieldCheck, key: "r" },
      { to: "/api-keys", needs: "api_keys:read", label: "API keys", icon: KeyRound, key: "k" },
      { to: "/audit", needs: "audit:read", label: "Audit log", icon: ScrollText, key: "a" },
      { to: "/jobs", needs: "jobs:read", label: "Jobs", icon: ListChecks, key: "j" },
      { to: "/flags", needs: "flags:read", label: "Feature flags", icon: ToggleLeft, key: "v" },
      { to: "/limits", needs: "reports:read", label: "Limits", icon: Gauge, key: "w" },
    ],
  },
  {
    title: "Platform",
    places: [{ to: "/tenants", needs: "platform:admin", label: "Tenants", icon: Building, key: "u" }],
  },
  { title: null, places: [{ to: "/settings", label: "Settings", icon: Settings, key: "s" }] },
];

/** The places this user may see. */
export const placesOf = (user: User) =>
  PLACES.map((group) => ({ ...group, places: group.places.filter(({ needs }) => !needs || may(user, needs)) })).filter(
    ({ places }) => places.length > 0,
  );

/** What the phone's bottom bar holds; the rest is behind "More". */
export const BAR_PLACES: ReadonlySet<Place["to"]> = new Set(["/", "/calls", "/buyers", "/flows"]);
