import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo } from "react";
import { get, post, whenSignedOut } from "@/api/client";
import { meQuery } from "@/api/queries";
import { asRecord, asText, type Wire } from "@/api/read";
import { readUser, type User } from "@/api/resources";
import { credentials, dropCredentials, keepCredentials } from "@/api/session";

interface AuthContext {
  user: User | null;
  status: "loading" | "signed-in" | "signed-out" | "unreachable";
  error: unknown;
  retry: () => void;
  signIn: (who: Wire<"LoginRequest">) => Promise<void>;
  signOut: () => Promise<void>;
}

const Context = createContext<AuthContext | null>(null);

/** A tab that found the cookie instead of a token has no CSRF token yet. */
async function ensureCsrf(): Promise<void> {
  const held = credentials();
  if (held.token !== null || held.csrfToken !== null) return;
  const body: Wire<"CsrfResponse"> = asRecord(await get("/auth/csrf").catch(() => null));
  keepCredentials({ token: null, csrfToken: asText(body.csrfToken) });
}

export function AuthProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const me = useQuery(meQuery);

  useEffect(() => {
    whenSignedOut(() => {
      dropCredentials();
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== "me" });
      void client.resetQueries({ queryKey: meQuery.queryKey });
    });
  }, [client]);

  useEffect(() => {
    if (me.data) void ensureCsrf();
  }, [me.data]);

  const value = useMemo<AuthContext>(() => {
    const refused = me.error !== null && "status" in me.error && (me.error.status === 401 || me.error.status === 403);
    return {
      user: me.data ?? null,
      status: me.data ? "signed-in" : me.isPending ? "loading" : refused ? "signed-out" : "unreachable",
      error: me.error,
      retry: () => void me.refetch(),
      signIn: async (who) => {
        const body: Wire<"LoginResponse"> = asRecord(await post("/auth/login", who));
        keepCredentials({ token: asText(body.token), csrfToken: asText(body.csrfToken) });
        client.setQueryData(meQuery.queryKey, readUser(body.user));
      },
      signOut: async () => {
        await post("/auth/logout").catch(() => undefined);
        dropCredentials();
        // A full load drops every trace of the tenant's data from memory.
        window.location.assign("/");
      },
    };
  }, [client, me.data, me.error, me.isPending, me.refetch]);

  return <Context value={value}>{children}</Context>;
}

export function useAuth(): AuthContext {
  const value = useContext(Context);
  if (!value) throw new Error("useAuth needs an AuthProvider above it");
  return value;
}
