import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronRight, MessageSquareText } from "lucide-react";
import { type FoundTranscript, transcriptsQuery } from "@/api/callNotes";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { formatDuration, formatFull } from "@/format/time";

/** Calls by what was said in them. */
export function TranscriptsPage() {
  const list = useListSearch();
  const transcripts = useQuery(transcriptsQuery(list.page, list.q));
  return (
    <>
      <PageHeader title="Transcripts" hint="Calls by what was said in them" />
      <FilteredList
        query={transcripts}
        list={list}
        label="Transcripts"
        icon={MessageSquareText}
        search="Search for words, at most ten"
        empty={{
          title: "No transcripts yet",
          matched: "No call in which all of it was said",
          hint: "A speech engine writes them, and puts them at the calls over the API.",
        }}
        row={(transcript) => <Row key={transcript.id} transcript={transcript} />}
      />
    </>
  );
}

function Row({ transcript: { callId, text, seconds, language, at } }: { transcript: FoundTranscript }) {
  const facts = [
    at === null ? null : formatFull(at),
    seconds === null ? null : formatDuration(seconds),
    language || null,
  ].filter(Boolean);
  return (
    <li>
      <Link
        to="/calls/$callId"
        params={{ callId }}
        className="flex items-center gap-3 px-4 py-3 hover:bg-sunken/60 sm:px-5"
      >
        <span className="min-w-0 flex-1">
          <span className="line-clamp-2 break-words">{text || "Nothing was said"}</span>
          <span className="block text-[13px] text-soft">{facts.join(", ")}</span>
        </span>
        <ChevronRight className="size-4 shrink-0 text-soft" aria-hidden="true" />
      </Link>
    </li>
  );
}
