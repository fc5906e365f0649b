import {
  Building2,
  Hash,
  LayoutDashboard,
  type LucideIcon,
  Megaphone,
  PhoneIncoming,
  Settings,
  Users,
  Workflow,
} from "lucide-react";

export interface Place {
  to: "/" | "/calls" | "/numbers" | "/campaigns" | "/flows" | "/publishers" | "/buyers" | "/settings";
  label: string;
  icon: LucideIcon;
  /** Pressed after "g". */
  key: string;
}

export const PLACES: { title: string | null; places: Place[] }[] = [
  {
    title: null,
    places: [
      { to: "/", label: "Dashboard", icon: LayoutDashboard, key: "d" },
      { to: "/calls", label: "Calls", icon: PhoneIncoming, key: "c" },
    ],
  },
  {
    title: "Routing",
    places: [
      { to: "/numbers", label: "Numbers", icon: Hash, key: "n" },
      { to: "/campaigns", label: "Campaigns", icon: Megaphone, key: "m" },
      { to: "/flows", label: "Flows", icon: Workflow, key: "f" },
    ],
  },
  {
    title: "Partners",
    places: [
      { to: "/publishers", label: "Publishers", icon: Users, key: "p" },
      { to: "/buyers", label: "Buyers", icon: Building2, key: "b" },
    ],
  },
  { title: null, places: [{ to: "/settings", label: "Settings", icon: Settings, key: "s" }] },
];

export const ALL_PLACES: Place[] = PLACES.flatMap((group) => group.places);
/** What the phone's bottom bar holds; the rest is behind "More". */
export const BAR_PLACES: Place[] = ALL_PLACES.filter((place) => ["d", "c", "b", "f"].includes(place.key));
