import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { LogOut, Monitor } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { remove } from "@/api/client";
import { type Session, sessionsQuery } from "@/api/security";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { ListBody } from "@/components/ListBody";
import { RemoveButton } from "@/components/Removal";
import { messageOf } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { formatDayTime } from "@/format/time";

/** Where one is signed in. */
export function Sessions() {
  const client = useQueryClient();
  const sessions = useQuery(sessionsQuery);
  const [asking, setAsking] = useState(false);
  const others = sessions.data?.items.some(({ current }) => !current) ?? false;
  const end = useMutation({
    mutationFn: () => remove("/auth/sessions"),
    onSuccess: () => {
      setAsking(false);
      toast.success("Signed out everywhere else");
      return client.invalidateQueries({ queryKey: ["security"] });
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  return (
    <Card>
      <CardHeader
        title="Where you are signed in"
        actions={
          others ? (
            <Button variant="outline" size="sm" onClick={() => setAsking(true)}>
              <LogOut /> Sign out everywhere else
            </Button>
          ) : null
        }
      />
      <div className="border-t border-line">
        <ListBody query={sessions} what="Your sessions" icon={Monitor} emptyTitle="Nowhere">
          {(items) => (
            <ul aria-label="Where you are signed in" className="max-h-96 divide-y divide-line overflow-y-auto">
              {items.map((session) => (
                <Row key={session.id} session={session} />
              ))}
            </ul>
          )}
        </ListBody>
      </div>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title="Sign out everywhere else?"
        text="Every browser but this one has to sign in again."
        confirm="Sign out"
        pending={end.isPending}
        onConfirm={() => end.mutate()}
      />
    </Card>
  );
}

function Row({ session: { id, device, address, lastSeen, since, current } }: { session: Session }) {
  const facts = [
    address,
    lastSeen === null ? null : `last seen ${formatDayTime(lastSeen)}`,
    since === null ? null : `since ${formatDayTime(since)}`,
  ].filter(Boolean);
  return (
    <li className="flex min-h-14 items-center gap-3 px-4 py-2.5 sm:px-5">
      <span className="min-w-0 flex-1">
        <span className="block font-medium break-words">{device}</span>
        <span className="block text-[13px] text-soft">{facts.join(", ")}</span>
      </span>
      {current ? (
        <Badge tone="live">This one</Badge>
      ) : (
        <RemoveButton
          path={`/auth/sessions/${id}`}
          name={`the session of ${device}`}
          label={`Sign out ${device}`}
          text="That browser has to sign in again."
          stale={["security"]}
        />
      )}
    </li>
  );
}
