import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { X } from "lucide-react";
import { toast } from "sonner";
import { callTagsQuery, type Transcript, transcriptQuery } from "@/api/callNotes";
import { put, remove } from "@/api/client";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { Picker } from "@/components/Picker";
import { Failure, messageOf } from "@/components/States";
import { TagName } from "@/components/TagName";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { SkeletonRows } from "@/components/ui/skeleton";
import { formatDuration } from "@/format/time";

/** The labels of a call, put on and taken off. */
export function CallTags({ id }: { id: string }) {
  const { user } = useAuth();
  const client = useQueryClient();
  const tags = useQuery(callTagsQuery(id));
  const canWrite = may(user, "calls:write");
  const change = useMutation({
    mutationFn: ({ tag, on }: { tag: string; on: boolean }) =>
      on ? put(`/api/v1/calls/${id}/tags/${tag}`) : remove(`/api/v1/calls/${id}/tags/${tag}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ["calls", "tags", id] }),
    onError: (error) => toast.error(messageOf(error)),
  });
  const held = tags.data?.items ?? [];
  return (
    <Card>
      <CardHeader title="Tags" />
      {tags.data ? (
        <div className="grid gap-3 px-4 pb-4 sm:px-5">
          {held.length === 0 ? (
            <p className="text-[13px] text-soft">None</p>
          ) : (
            <ul aria-label="Tags" className="flex flex-wrap gap-1.5">
              {held.map((tag) => (
                <li
                  key={tag.id}
                  className="flex min-h-8 max-w-full min-w-0 items-center gap-1 rounded-lg bg-sunken px-2.5 text-[13px] has-[button]:pr-0.5"
                >
                  <TagName tag={tag} />
                  {canWrite ? (
                    <Button
                      variant="ghost"
                      size="icon-sm"
                      aria-label={`Take off ${tag.name}`}
                      disabled={change.isPending}
                      onClick={() => change.mutate({ tag: tag.id, on: false })}
                    >
                      <X />
                    </Button>
                  ) : null}
                </li>
              ))}
            </ul>
          )}
          {canWrite ? (
            <Picker
              aria-label="Put a tag on the call"
              kind="tag"
              value=""
              disabled={change.isPending}
              onChange={(tag) => {
                if (tag !== "") change.mutate({ tag, on: true });
              }}
            />
          ) : null}
        </div>
      ) : tags.error ? (
        <Failure what="The tags" error={tags.error} onRetry={() => void tags.refetch()} />
      ) : (
        <SkeletonRows rows={1} />
      )}
    </Card>
  );
}

/** What was said in a call, where somebody wrote it down. */
export function CallTranscript({ id }: { id: string }) {
  const { user } = useAuth();
  const found = useQuery({ ...transcriptQuery(id), enabled: may(user, "recordings:read") });
  if (found.error)
    return (
      <Card>
        <Failure what="The transcript" error={found.error} onRetry={() => void found.refetch()} />
      </Card>
    );
  return found.data ? <Words transcript={found.data} /> : null;
}

function Words({ transcript }: { transcript: Transcript }) {
  const { engine, language, segments, text, analysis } = transcript;
  return (
    <Card className="overflow-hidden">
      <CardHeader
        title="Transcript"
        hint={[language, engine].filter(Boolean).join(", by ")}
        actions={
          analysis ? (
            <>
              {analysis.billable === null ? null : (
                <Badge tone={analysis.billable ? "live" : "neutral"}>
                  {analysis.billable ? "Worth paying for" : "Not worth paying for"}
                </Badge>
              )}
              {analysis.applied ? <Badge tone="info">Applied</Badge> : null}
            </>
          ) : null
        }
      />
      {analysis?.reasoning ? <p className="px-4 pb-3 text-[13px] text-soft sm:px-5">{analysis.reasoning}</p> : null}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable to scroll it by keys. */}
      <section aria-label="What was said" tabIndex={0} className="max-h-96 overflow-y-auto border-t border-line">
        {segments.length === 0 ? (
          <p className="px-4 py-3 whitespace-pre-wrap sm:px-5">{text}</p>
        ) : (
          <ol className="divide-y divide-line">
            {segments.map(({ start, speaker, text: words }, index) => (
              <li key={index} className="grid grid-cols-[3.5rem_1fr] gap-x-3 px-4 py-2 sm:px-5">
                <span className="tabular text-[13px] leading-6 text-soft">{formatDuration(start)}</span>
                <span className="min-w-0 break-words">
                  {speaker === null ? null : <span className="mr-2 text-[13px] text-soft">{speaker}</span>}
                  {words}
                </span>
              </li>
            ))}
          </ol>
        )}
      </section>
    </Card>
  );
}
