import { useMutation, useQueryClient } from "@tanstack/react-query";
import { PhoneOff, PhoneOutgoing } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { type CallDetail, isLive, otherParty } from "@/api/calls";
import { post } from "@/api/client";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { DialogButton } from "@/components/DialogButton";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { useLive } from "@/live/LiveProvider";
import { PlaceCallDialog } from "./PlaceCallDialog";

/** What can be done with a call: ended while it runs, and its caller called afterwards. */
export function CallActions({ call }: { call: CallDetail }) {
  const { user } = useAuth();
  const live = useLive();
  if (!may(user, "calls:write")) return null;
  if (isLive(call) && live.state.calls.get(call.id)?.phase !== "ended") return <HangUp id={call.id} />;
  const party = otherParty(call);
  if (party === null) return null;
  const again = call.direction === "OUTBOUND";
  return (
    <DialogButton label={again ? "Call again" : "Call back"} icon={PhoneOutgoing} size="sm" variant="outline">
      {(close) => (
        <PlaceCallDialog initial={{ toNumber: party, campaignId: call.campaign?.id ?? "" }} onClose={close} />
      )}
    </DialogButton>
  );
}

function HangUp({ id }: { id: string }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const end = useMutation({
    mutationFn: () => post(`/api/v1/calls/${id}/hangup`),
    onSuccess: () => {
      toast.success("The switch ends the call");
      setAsking(false);
      return client.invalidateQueries({ queryKey: ["calls"] });
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  return (
    <>
      <Button variant="danger" size="sm" onClick={() => setAsking(true)}>
        <PhoneOff /> Hang up
      </Button>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title="Hang up this call?"
        text="Everybody on it is cut off at once. What it came to until then stays."
        confirm="Hang up"
        pending={end.isPending}
        onConfirm={() => end.mutate()}
      />
    </>
  );
}
