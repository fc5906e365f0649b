import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { ChevronsUpDown, Ellipsis, Keyboard, LogOut, Monitor, Moon, Sun } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import type { User } from "@/api/resources";
import { useAuth } from "@/auth/AuthProvider";
import { LiveBanner, LivePill } from "@/live/LiveStatus";
import { Wordmark } from "./Logo";
import { BAR_PLACES, type Place, placesOf } from "./navigation";
import { useShortcuts } from "./shortcuts";
import { setTheme, type Theme, useTheme } from "./theme";
import { cn } from "./ui/cn";
import { Dialog, Sheet } from "./ui/dialog";
import {
  Menu,
  MenuContent,
  MenuItem,
  MenuLabel,
  MenuRadioGroup,
  MenuRadioItem,
  MenuSeparator,
  MenuTrigger,
} from "./ui/menu";

export function Shell({ user }: { user: User }) {
  const [more, setMore] = useState(false);
  const [help, setHelp] = useState(false);
  const showHelp = useCallback(() => setHelp(true), []);
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const all = placesOf(user).flatMap((group) => group.places);
  const bar = all.filter((place) => BAR_PLACES.has(place.to));
  useShortcuts(all, showHelp);

  // A new page is announced from its top, as a full load would be.
  const first = useRef(true);
  useEffect(() => {
    if (pathname && !first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [pathname]);

  return (
    <div className="min-h-dvh lg:pl-60">
      <a
        href="#main"
        className="fixed top-2 left-2 z-50 -translate-y-20 rounded-lg bg-primary px-4 py-2 text-on-primary focus:translate-y-0"
      >
        Skip to content
      </a>
      <aside className="fixed inset-y-0 left-0 z-30 hidden w-60 flex-col bg-rail text-rail-ink lg:flex">
        <div className="flex h-16 items-center px-5">
          <Wordmark className="text-white" />
        </div>
        <nav aria-label="Main" className="flex-1 overflow-y-auto px-3 py-2">
          {placesOf(user).map((group, index) => (
            <div key={index} className="mb-4">
              {group.title ? <p className="px-3 pb-1.5 text-xs text-rail-ink/75">{group.title}</p> : null}
              {group.places.map((place) => (
                <RailLink key={place.to} place={place} />
              ))}
            </div>
          ))}
        </nav>
        <div className="border-t border-white/10 p-3">
          <UserMenu user={user} onHelp={showHelp} />
        </div>
      </aside>

      <header className="sticky top-0 z-20 flex h-14 items-center justify-between border-b border-line bg-surface px-4 lg:hidden">
        <Wordmark />
        <LivePill />
      </header>
      <LiveBanner />
      <main
        id="main"
        ref={main}
        tabIndex={-1}
        className="mx-auto w-full max-w-[88rem] px-4 pt-5 pb-28 outline-none sm:px-6 lg:px-8 lg:pt-7 lg:pb-12"
      >
        <Outlet />
      </main>

      <nav
        aria-label="Main"
        className="fixed inset-x-0 bottom-0 z-30 grid grid-cols-5 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] lg:hidden"
      >
        {bar.map(({ to, label, icon: Icon }) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: to === "/" }}
            className="flex h-15 flex-col items-center justify-center gap-1 text-[11px] text-soft outline-offset-[-3px] data-[status=active]:font-medium data-[status=active]:text-link"
          >
            <Icon className="size-5" aria-hidden="true" />
            {label}
          </Link>
        ))}
        <button
          type="button"
          onClick={() => setMore(true)}
          className="flex h-15 flex-col items-center justify-center gap-1 text-[11px] text-soft outline-offset-[-3px]"
        >
          <Ellipsis className="size-5" aria-hidden="true" />
          More
        </button>
      </nav>
      <Sheet open={more} onOpenChange={setMore} title="More">
        <MoreLinks user={user} places={all.filter((place) => !bar.includes(place))} onPick={() => setMore(false)} />
      </Sheet>
      <ShortcutHelp places={all} open={help} onOpenChange={setHelp} />
    </div>
  );
}

function RailLink({ place: { to, label, icon: Icon } }: { place: Place }) {
  return (
    <Link
      to={to}
      activeOptions={{ exact: to === "/" }}
      className="mb-0.5 flex items-center gap-3 rounded-lg px-3 py-1.5 text-[14px] outline-offset-[-2px] transition-colors hover:bg-rail-active/60 hover:text-white focus-visible:outline-white data-[status=active]:bg-rail-active data-[status=active]:font-medium data-[status=active]:text-white"
    >
      <Icon className="size-[18px]" aria-hidden="true" />
      {label}
    </Link>
  );
}

const initials = (name: string): string =>
  name
    .split(/[\s@.]+/)
    .slice(0, 2)
    .map((part) => part.charAt(0).toUpperCase())
    .join("");

function UserMenu({ user, onHelp }: { user: User; onHelp: () => void }) {
  const { signOut } = useAuth();
  return (
    <Menu>
      <MenuTrigger className="flex w-full items-center gap-3 rounded-lg p-2 text-left outline-offset-[-2px] hover:bg-rail-active/60 focus-visible:outline-white">
        <span className="grid size-8 shrink-0 place-items-center rounded-full bg-rail-active text-xs font-semibold text-white">
          {initials(user.name)}
        </span>
        <span className="min-w-0 flex-1">
          <span className="block truncate text-[13px] font-medium text-white">{user.name}</span>
          <span className="block truncate text-xs">{user.tenant?.name ?? user.email}</span>
        </span>
        <ChevronsUpDown className="size-4 shrink-0" aria-hidden="true" />
      </MenuTrigger>
      <MenuContent side="top" align="start" className="w-54">
        <MenuLabel>Theme</MenuLabel>
        <ThemeChoice />
        <MenuSeparator />
        <MenuItem onSelect={onHelp}>
          <Keyboard /> Keyboard shortcuts
        </MenuItem>
        <MenuItem onSelect={() => void signOut()}>
          <LogOut /> Sign out
        </MenuItem>
      </MenuContent>
    </Menu>
  );
}

function ThemeChoice() {
  const theme = useTheme();
  return (
    <MenuRadioGroup value={theme} onValueChange={(value) => setTheme(value as Theme)}>
      <MenuRadioItem value="light">
        <Sun /> Light
      </MenuRadioItem>
      <MenuRadioItem value="dark">
        <Moon /> Dark
      </MenuRadioItem>
      <MenuRadioItem value="system">
        <Monitor /> As the system
      </MenuRadioItem>
    </MenuRadioGroup>
  );
}

function MoreLinks({ user, places, onPick }: { user: User; places: Place[]; onPick: () => void }) {
  const { signOut } = useAuth();
  const row = "flex w-full items-center gap-3 rounded-lg px-3 py-3 text-[15px] hover:bg-sunken";
  return (
    <nav aria-label="More">
      {places.map(({ to, label, icon: Icon }) => (
        <Link key={to} to={to} onClick={onPick} className={row}>
          <Icon className="size-5 text-soft" aria-hidden="true" />
          {label}
        </Link>
      ))}
      <div className="mt-2 border-t border-line pt-2">
        <p className="px-3 py-1 text-[13px] text-soft">{user.email}</p>
        <button type="button" className={row} onClick={() => void signOut()}>
          <LogOut className="size-5 text-soft" aria-hidden="true" />
          Sign out
        </button>
      </div>
    </nav>
  );
}

interface ShortcutHelpProps {
  places: Place[];
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

function ShortcutHelp({ places, open, onOpenChange }: ShortcutHelpProps) {
  const rows: [string[], string][] = [
    ...places.map(({ key, label }): [string[], string] => [["g", key], label]),
    [["/"], "Search calls"],
    [["Space"], "Play or pause the recording"],
    [["←", "→"], "Five seconds back or forward"],
    [["?"], "This list"],
  ];
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keyboard shortcuts">
      <dl className="grid gap-2">
        {rows.map(([keys, label]) => (
          <div key={label} className="flex items-center justify-between gap-4">
            <dt className="text-soft">{label}</dt>
            <dd className="flex gap-1">
              {keys.map((key) => (
                <Key key={key}>{key}</Key>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function Key({ children }: { children: string }) {
  return (
    <kbd className={cn("rounded-md border border-line bg-sunken px-2 py-0.5 font-sans text-xs font-medium")}>
      {children}
    </kbd>
  );
}
