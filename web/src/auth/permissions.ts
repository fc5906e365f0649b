import type { User } from "@/api/resources";

/** True when one of what the user holds covers `wanted`; `*` stands for any one segment, `admin:*` for everything. */
export function may(user: User | null, wanted: string): boolean {
  // Not delivered: the API decides anyway, and a page that refuses is better than one that cannot be found.
  if (user?.permissions == null) return true;
  return user.permissions.some((held) => covers(held, wanted));
}

/** Whether `held` grants `wanted`. */
export function covers(held: string, wanted: string): boolean {
  // Operators of the platform are named by name: no role of a tenant reaches there.
  if (wanted.startsWith("platform:")) return held === wanted;
  if (held === "admin:*") return true;
  const segments = held.split(":");
  const asked = wanted.split(":");
  return (
    segments.length === asked.length && segments.every((segment, index) => segment === "*" || segment === asked[index])
  );
}
