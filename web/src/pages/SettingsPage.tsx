import { Monitor, Moon, Sun } from "lucide-react";
import { useAuth } from "@/auth/AuthProvider";
import { PageHeader } from "@/components/PageHeader";
import { setTheme, type Theme, useTheme } from "@/components/theme";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { cn } from "@/components/ui/cn";
import { toSentence } from "@/format/words";
import { Sessions } from "./Sessions";
import { SignInSettings } from "./SignInSettings";
import { SingleSignOn } from "./SingleSignOn";

const THEMES = [
  { value: "light", label: "Light", icon: Sun },
  { value: "dark", label: "Dark", icon: Moon },
  { value: "system", label: "As the system", icon: Monitor },
] as const satisfies { value: Theme; label: string; icon: unknown }[];

export function SettingsPage() {
  const { user, signOut } = useAuth();
  const theme = useTheme();
  return (
    <>
      <PageHeader title="Settings" />
      <div className="grid items-start gap-5 xl:grid-cols-2">
        <Card>
          <CardHeader
            title="Profile"
            actions={
              <Button variant="outline" size="sm" onClick={() => void signOut()}>
                Sign out
              </Button>
            }
          />
          <dl className="grid gap-3 px-4 pb-5 sm:px-5">
            <Row label="Name" value={user?.name ?? ""} />
            <Row label="E-mail" value={user?.email ?? ""} />
            <Row label="Roles" value={user?.roles.map(toSentence).join(", ") || "None delivered"} />
            {user?.tenant?.name ? <Row label="Tenant" value={user.tenant.name} /> : null}
          </dl>
        </Card>
        <Card>
          <CardHeader title="Theme" hint="For this browser" />
          <div role="radiogroup" aria-label="Theme" className="grid grid-cols-3 gap-3 px-4 pb-5 sm:px-5">
            {THEMES.map(({ value, label, icon: Icon }) => (
              <label
                key={value}
                className={cn(
                  "grid cursor-pointer justify-items-center gap-2 rounded-xl border p-4 text-[13px] has-focus-visible:outline-2 has-focus-visible:outline-focus",
                  theme === value ? "border-link bg-info-soft font-medium" : "border-line hover:bg-sunken",
                )}
              >
                <input
                  type="radio"
                  name="theme"
                  className="sr-only"
                  checked={theme === value}
                  onChange={() => setTheme(value)}
                />
                <Icon className="size-5" aria-hidden="true" />
                {label}
              </label>
            ))}
          </div>
        </Card>
        <SignInSettings />
        <Sessions />
        <SingleSignOn />
      </div>
    </>
  );
}

function Row({ label, value }: { label: string; value: string }) {
  return (
    <div className="grid grid-cols-[7rem_1fr] gap-3">
      <dt className="text-soft">{label}</dt>
      <dd className="min-w-0 break-words">{value}</dd>
    </div>
  );
}
